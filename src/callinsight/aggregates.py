"""Counts of weeks and months whose calls are erased, as files: one each, the truth from which their rows follow.

A week lies at ``aggregates/week-<Monday>.json``, a month at ``aggregates/month-<first day>.json``, sealed since small
counts are in them. They hold counts and labels, no id of a call and no words.
"""

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from callinsight.bundle import read_sealed, write_sealed
from callinsight.errors import SealError, StoreError
from callinsight.store.database import Connection
from callinsight.store.frozen import FrozenPeriod, Key, frozen_keys, sync_frozen

_PERIOD = TypeAdapter(FrozenPeriod)


def _path(folder: Path, key: Key) -> Path:
    return folder / f"{key[0]}-{key[1].isoformat()}.json"


def kept_keys(folder: Path) -> set[Key]:
    """The periods that have a file. Raises ``StoreError`` for a file with another name."""
    found = set()
    for path in folder.glob("[!.]*.json"):
        unit, _, day = path.stem.partition("-")
        try:
            found.add((unit, date.fromisoformat(day)))
        except ValueError:
            raise StoreError(f"{folder.name}/{path.name} is no file of counts: move it away") from None
    return found


def read_periods(folder: Path, keys: Collection[Key]) -> tuple[FrozenPeriod, ...]:
    """The counts of these periods. Raises ``StoreError`` for a damaged file; the text names the file only."""
    found = []
    for key in sorted(keys):
        path = _path(folder, key)
        try:
            found.append(_PERIOD.validate_json(read_sealed(path)))
        except (OSError, ValidationError, SealError):
            raise StoreError(f"{folder.name}/{path.name} is damaged: restore it from a backup") from None
    return tuple(found)


def write_periods(folder: Path, periods: Iterable[FrozenPeriod]) -> None:
    """Keep the counts of periods, each whole or not at all."""
    for period in periods:
        write_sealed(_path(folder, period.key), _PERIOD.dump_json(period))


def remove_periods(folder: Path, keys: Iterable[Key]) -> None:
    """Remove the counts of periods."""
    for key in keys:
        _path(folder, key).unlink(missing_ok=True)


def size_of(folder: Path, key: Key) -> int:
    """Bytes of the file of a period; 0 when there is none."""
    path = _path(folder, key)
    return path.stat().st_size if path.exists() else 0


def sync(folder: Path, connection: Connection) -> None:
    """Make the database hold as frozen exactly what has a file. Raises ``StoreError``."""
    standing = kept_keys(folder)
    sync_frozen(connection, standing, read_periods(folder, standing - frozen_keys(connection)))
