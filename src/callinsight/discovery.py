"""Compares the inbox with what is done already: what is new, what is a copy, what is set aside.

The outcome is a plan, kept in the work folder for the length of the run, so that workers in other processes can find
their recordings by call id while only ids travel between them.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from callinsight import bundle, inbox
from callinsight.core.pseudonyms import Candidate, call_id_of, find_duplicates, recording_ref_of
from callinsight.core.values import Failure, FailureKind, Stage
from callinsight.errors import KeyFitError, RecordingError, SettingsError, StoreError
from callinsight.inbox import Problem, Recording
from callinsight.inbox_metadata import RecordingMetadata
from callinsight.ledger import ERASED, Ledger, Seen, State
from callinsight.linking import Linker, open_linker
from callinsight.settings import Settings

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A recording that is to be processed, by the name it has in the inbox.

    ``caller_ref`` is the pseudonym of its caller when calls are linked; the recording no longer tells who that is.
    """

    call_id: str
    name_ref: str
    recording_ref: str
    fingerprint: str
    recording: Recording
    caller_ref: str | None = None

    def seen_as(self, state: State) -> Seen:
        """The ledger's entry once this call has ended in ``state``."""
        return Seen(self.name_ref, self.fingerprint, self.call_id, state, self.recording_ref)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that is not processed and why, by the name it has in the inbox."""

    name: str
    fingerprint: str
    failure: Failure

    def seen_as_failed(self) -> Seen:
        """The ledger's entry, so that an unchanged file is reported once and not every night."""
        state = State.RETRY if self.failure.retryable else State.FAILED
        return Seen(self.failure.recording_ref, self.fingerprint, None, state)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do, and what was set aside before anybody listened."""

    run_id: str
    started_at: datetime
    calls: tuple[PlannedCall, ...]
    failures: tuple[SetAside, ...]
    found: int
    skipped: int
    waiting: int

    @property
    def size_bytes(self) -> int:
        """Size of all recordings to process, the measure of progress before anything is decoded."""
        return sum(call.recording.size_bytes for call in self.calls)


_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
_METADATA: TypeAdapter[RecordingMetadata] = TypeAdapter(RecordingMetadata)


def pseudonym_key(settings: Settings) -> bytes:
    """The secret behind call ids and recording references, made at the first run.

    Raises ``SettingsError`` when the key file is damaged: another key would give every call a second id.
    """
    path = settings.work.key_file
    if not path.exists():
        bundle.write_atomically(path, secrets.token_hex(_KEY_BYTES).encode())
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, OSError) as error:
        raise SettingsError(f"the pseudonym key {path.name} is damaged: restore it from a backup") from error
    if len(key) != _KEY_BYTES:
        raise SettingsError(f"the pseudonym key {path.name} has the wrong length: restore it from a backup")
    return key


def make_plan(settings: Settings, ledger: Ledger) -> Plan:
    """List the inbox and decide. Reads the bytes of new recordings once, to name them by content.

    Raises ``SettingsError`` when the inbox cannot be read.
    """
    started_at = datetime.now(UTC)
    linker = open_linker(settings, started_at)
    options = replace(inbox_settings(settings), read_caller=linker is not None)
    listing = inbox.discover(settings.inbox.address, options)
    key = pseudonym_key(settings)
    sorter = _Sorter(key, ledger.seen(), settings, linker)
    for recording in listing.recordings:
        sorter.add(recording)
    sorter.set_aside_copies()
    ledger.record(call.seen_as(State.DONE) for call in sorter.adopted)
    for problem in listing.problems:
        sorter.add_problem(problem)
    return Plan(
        run_id=f"{started_at:%Y%m%dt%H%M%S}-{secrets.token_hex(3)}",
        started_at=started_at,
        calls=tuple(sorter.new),
        failures=tuple(sorted(sorter.failures, key=lambda entry: entry.name)),
        found=len(listing.recordings) + len(listing.problems),
        skipped=sorter.skipped,
        waiting=listing.waiting,
    )


def inbox_settings(settings: Settings) -> inbox.InboxSettings:
    """The inbox's own settings. Raises ``SettingsError`` when they make no sense."""
    chosen = settings.inbox
    try:
        return inbox.InboxSettings(
            metadata=chosen.metadata,
            name_pattern=chosen.file_name_pattern or None,
            time_zone=chosen.time_zone,
            recursive=chosen.recursive,
            settle_seconds=chosen.settle_seconds,
        )
    except ValueError as error:
        raise SettingsError(f"setting inbox: {error}") from error


def fingerprint_of(recording: Recording) -> str:
    """Changes with the recording and with its metadata, so that a corrected start time is taken over.

    The caller has no part in it: it is written to the ledger, and without a key a number could be tried out.
    """
    metadata = hashlib.blake2b(_METADATA.dump_json(recording.metadata), digest_size=8).hexdigest()
    return f"{recording.fingerprint}:{metadata}"


class _Sorter:
    """Sorts recordings into done, new and set aside."""

    def __init__(self, key: bytes, seen: dict[str, Seen], settings: Settings, linker: Linker | None = None) -> None:
        self._key = key
        self._linker = linker
        self._seen = seen
        self._results = settings.work.results
        self._known: list[Candidate] = []
        self._done_names: set[str] = set()
        done = [entry for entry in seen.values() if entry.state is State.DONE]
        self._owners = {entry.recording_ref: (entry.name_ref, entry.call_id) for entry in done}
        self.new: list[PlannedCall] = []
        self.adopted: list[PlannedCall] = []
        self.failures: list[SetAside] = []
        self.skipped = 0

    def add(self, recording: Recording) -> None:
        name_ref = recording_ref_of(recording.name, self._key)
        fingerprint = fingerprint_of(recording)
        before = self._seen.get(name_ref)
        if before is not None and (before.state in ERASED or self._is_settled(before, fingerprint)):
            if before.state is State.DONE and before.call_id is not None:
                self._remember(recording, before.call_id)
                self._done_names.add(recording.name)
            self.skipped += 1
            return
        try:
            call_id = call_id_of(inbox.read_bytes(recording), self._key)
        except RecordingError as error:
            self._set_aside(recording.name, fingerprint, error.kind, retryable=error.retryable)
            return
        reference = recording_ref_of(recording.metadata.recording_id, self._key)
        self._remember(recording, call_id)
        unnamed = replace(recording, metadata=replace(recording.metadata, caller=None))
        call = PlannedCall(call_id, name_ref, reference, fingerprint, unnamed, self._caller_ref(recording.metadata))
        if before is None and self._is_done(call):
            self._done_names.add(recording.name)
            self.adopted.append(call)
            self.skipped += 1
        else:
            self.new.append(call)

    def _caller_ref(self, metadata: RecordingMetadata) -> str | None:
        if self._linker is None or metadata.caller is None:
            return None
        return self._linker.ref_of(metadata.caller, metadata.started_at)

    def add_problem(self, problem: Problem) -> None:
        """Metadata without a recording and the like; known ones are left out until they change."""
        fingerprint = f"problem:{problem.kind.value}"
        before = self._seen.get(recording_ref_of(problem.name, self._key))
        if before is not None and before.fingerprint == fingerprint:
            self.skipped += 1
        else:
            self._set_aside(problem.name, fingerprint, problem.kind)

    def _set_aside(self, name: str, fingerprint: str, kind: FailureKind, *, retryable: bool = False) -> None:
        failure = Failure(recording_ref_of(name, self._key), Stage.DISCOVER, kind, retryable)
        self.failures.append(SetAside(name, fingerprint, failure))

    def _is_settled(self, before: Seen, fingerprint: str) -> bool:
        if before.fingerprint != fingerprint:
            return False
        if before.state is State.DONE and before.call_id is not None:
            return bundle.result_path(self._results, before.call_id).exists()
        return before.state is State.FAILED

    def _is_done(self, call: PlannedCall) -> bool:
        """Whether a result of this very recording lies there: the run was killed before it could note so."""
        path = bundle.result_path(self._results, call.call_id)
        try:
            return path.exists() and bundle.read_result(path).recording_ref == call.recording_ref
        except KeyFitError:
            raise
        except StoreError:
            return False

    def _remember(self, recording: Recording, call_id: str) -> None:
        metadata = recording.metadata
        self._known.append(Candidate(recording.name, call_id, metadata.started_at, metadata.recording_id))

    def set_aside_copies(self) -> None:
        """Keep one of the recordings with the same bytes (a done one before a new one), and one for each recording id.

        Two different recordings that bear one id are a fault in the metadata; the first by name keeps the id.
        """
        done_calls = {c.call_id for c in self._known if c.name in self._done_names}
        fresh = [c for c in self._known if c.name not in self._done_names]
        copies = set(find_duplicates(c for c in fresh if c.call_id not in done_calls))
        copies |= {c.name for c in fresh if c.call_id in done_calls}
        kept = []
        for call in sorted(self.new, key=lambda call: call.recording.name):
            name_ref, call_id = self._owners.setdefault(call.recording_ref, (call.name_ref, call.call_id))
            if call.recording.name in copies:
                self._set_aside(call.recording.name, call.fingerprint, FailureKind.DUPLICATE)
            elif name_ref != call.name_ref and call_id != call.call_id:
                self._set_aside(call.recording.name, call.fingerprint, FailureKind.METADATA_INVALID)
            else:
                kept.append(call)
        self.new = kept


def plan_path(settings: Settings, run_id: str) -> Path:
    """Where the plan of a running run lies."""
    return settings.work.folder / "runs" / f"{run_id}.plan.json"


def save_plan(settings: Settings, plan: Plan) -> None:
    """Keep the plan for the length of the run, sealed: it holds file names."""
    bundle.write_sealed(plan_path(settings, plan.run_id), _PLAN.dump_json(plan))


def read_plan(settings: Settings, run_id: str) -> Plan:
    """The plan of a running run. Raises ``SettingsError`` when there is none."""
    try:
        return _PLAN.validate_json(bundle.read_sealed(plan_path(settings, run_id)))
    except OSError as error:
        raise SettingsError(f"run {run_id} has no plan in this work folder: start a new run") from error


def remove_plan(settings: Settings, run_id: str) -> None:
    """Remove the plan of a finished run, and those that killed runs left behind."""
    plan_path(settings, run_id).unlink(missing_ok=True)
    for stale in (settings.work.folder / "runs").glob("*.plan.json"):
        if stale.stat().st_mtime < datetime.now(UTC).timestamp() - 7 * 86_400:
            stale.unlink(missing_ok=True)


def chunks(calls: Sequence[PlannedCall], size: int) -> tuple[tuple[str, ...], ...]:
    """Call ids in chunks of at most ``size``."""
    ids = [call.call_id for call in calls]
    return tuple(tuple(ids[first : first + size]) for first in range(0, len(ids), size))
