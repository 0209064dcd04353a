"""The log of what was deleted: a line for each kind and time, with counts, bytes and days. Nothing in it is of a call.

A municipality shows it when it is asked whether terms are kept. Erasing on request is in it too, as a count.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from callinsight.errors import StoreError
from callinsight.keys import private

ON_REQUEST = "Op verzoek gewist"


@dataclass(frozen=True, slots=True)
class Deletion:
    """What went at ``at`` (aware) of one kind: how many and how many bytes, and of which days when that is told.

    ``term_days`` is ``None`` for what somebody asked to erase.
    """

    at: datetime
    kind: str
    term_days: int | None
    count: int
    size_bytes: int
    oldest: date | None = None
    newest: date | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("at must carry a time zone")
        if self.count < 1 or self.size_bytes < 0:
            raise ValueError("a deletion counts something")


_DELETION: TypeAdapter[Deletion] = TypeAdapter(Deletion)


def note(path: Path, deletions: Iterable[Deletion]) -> None:
    """Add lines to the log, safe against power loss. The file is for its owner alone."""
    lines = [_DELETION.dump_json(one) + b"\n" for one in deletions]
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b", opener=private) as stream:
        stream.seek(0)
        stream.truncate(stream.read().rfind(b"\n") + 1)  # a line that a kill cut short
        stream.write(b"".join(lines))
        stream.flush()
        os.fsync(stream.fileno())


def read(path: Path) -> tuple[Deletion, ...]:
    """All lines, the oldest first; a last line that a kill cut short is left out.

    Raises ``StoreError`` when another is damaged.
    """
    if not path.exists():
        return ()
    *lines, rest = path.read_bytes().split(b"\n")
    del rest  # empty, or cut short
    try:
        return tuple(_DELETION.validate_json(line) for line in lines)
    except ValidationError:
        raise StoreError(f"{path.name} is damaged: restore it from a backup") from None
