"""Recordings in the inbox that are past their term: which ones, and deleting them with their metadata.

The inbox belongs to the data team, so that nothing is deleted there unless the settings say so; and never a recording
that was not processed, or that changed since. Metadata goes with the recordings that it describes: when one of them has
to stay, all of them stay, or the next night would find recordings without metadata, or metadata without recordings.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from callinsight import bundle, discovery, inbox
from callinsight.core.pseudonyms import recording_ref_of
from callinsight.core.values import FailureKind
from callinsight.errors import SealError, SettingsError, StoreError
from callinsight.inbox import Inbox, Recording
from callinsight.inbox_files import remove_address
from callinsight.ledger import ERASED, Ledger, Seen, State
from callinsight.settings import Settings
from callinsight.store.rows import wall_clock

_ADDRESSES: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class OldRecordings:
    """What is past its term: ``due`` can go, ``waiting`` counts those that must stay, since they were not processed or
    share metadata with one that must. ``young`` counts the others; ``names`` are references of all names there.

    ``unreachable`` says that the inbox could not be read, ``complete`` that nothing in it was still being written.
    """

    due: tuple[Recording, ...] = field(default=(), repr=False)
    waiting: int = 0
    young: int = 0
    names: frozenset[str] = frozenset()
    unreachable: bool = False
    complete: bool = False

    @property
    def days(self) -> tuple[date, ...]:
        """The days of the calls that can go."""
        return tuple(_day(one) for one in self.due)

    @property
    def size_bytes(self) -> int:
        """Size of the recordings that can go."""
        return sum(one.size_bytes for one in self.due)


def find_old(settings: Settings, ledger: Ledger, now: datetime) -> OldRecordings:
    """Look through the inbox for recordings of calls that are at least ``retention.recordings_days`` old at ``now``."""
    try:
        listing = inbox.discover(settings.inbox.address, discovery.inbox_settings(settings))
    except SettingsError:
        return OldRecordings(unreachable=True)
    if not settings.work.key_file.exists():  # nothing was ever processed
        return OldRecordings(young=len(listing.recordings))
    key = discovery.pseudonym_key(settings)
    seen = ledger.seen()
    known = {one.name: seen.get(recording_ref_of(one.name, key)) for one in listing.recordings}
    last = now - timedelta(days=settings.retention.recordings_days)
    old = [one for one in listing.recordings if one.metadata.started_at <= last]
    copies = _copies(settings)
    ready = [one for one in old if _is_done(settings, one, known[one.name], copies)]
    due = tuple(_whole(ready, listing))
    told = [*(one.name for one in listing.recordings), *(one.name for one in listing.problems)]
    names = {recording_ref_of(name, key) for name in told}
    young = len(listing.recordings) - len(old)
    return OldRecordings(due, len(old) - len(due), young, frozenset(names), complete=not listing.waiting)


def _day(recording: Recording) -> date:
    return wall_clock(recording.metadata.started_at).date()


def _copies(settings: Settings) -> frozenset[str]:
    """References of recordings that were set aside because the same bytes lie there under another name."""
    failures = bundle.read_failures(settings.work.failures)
    return frozenset(one.recording_ref for one in failures if one.kind is FailureKind.DUPLICATE)


def _is_done(settings: Settings, recording: Recording, seen: Seen | None, copies: Collection[str]) -> bool:
    """Whether this very recording was processed and its result is written, or was erased since."""
    if seen is None or seen.fingerprint != discovery.fingerprint_of(recording):
        return False
    if seen.state is State.DONE and seen.call_id is not None:
        return bundle.result_path(settings.work.results, seen.call_id).exists()
    return seen.state in ERASED or (seen.state is State.FAILED and seen.name_ref in copies)


def _whole(ready: list[Recording], listing: Inbox) -> Iterator[Recording]:
    """Those of ``ready`` whose metadata describes nothing that must stay."""
    chosen = {one.name: one for one in ready}
    while True:
        needed = set(listing.needed)
        needed.update(address for one in listing.recordings if one.name not in chosen for address in one.described_by)
        held = [name for name, one in chosen.items() if needed.intersection(one.described_by)]
        if not held:
            break
        for name in held:
            del chosen[name]
    yield from chosen.values()


def list_path(settings: Settings) -> Path:
    """Where the list of what is being deleted lies, for as long as that takes. It holds addresses."""
    return settings.work.folder / "runs" / "deleting.json"


def delete(settings: Settings, due: Collection[Recording]) -> None:
    """Delete recordings with their metadata. Stopped half-way, :func:`finish` goes on.

    Raises ``SettingsError`` when the store refuses.
    """
    addresses = tuple(dict.fromkeys(a for one in due for a in (one.address, *one.described_by)))
    if addresses:
        bundle.write_sealed(list_path(settings), _ADDRESSES.dump_json(addresses))
        finish(settings)


def finish(settings: Settings) -> None:
    """Delete what the list names, if there is one. Raises ``SettingsError`` or ``StoreError``."""
    path = list_path(settings)
    if not path.exists():
        return
    try:
        addresses = _ADDRESSES.validate_json(bundle.read_sealed(path))
    except (OSError, ValidationError, SealError):
        raise StoreError(f"{path.parent.name}/{path.name} is damaged: delete it") from None
    for address in addresses:
        remove_address(address)
    path.unlink(missing_ok=True)
