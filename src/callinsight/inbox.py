"""The inbox: which recordings lie at an address, what their recorder says of them, and what does not fit.

Names of files often hold names of people: they are for the data team's own list, and stay out of logs and ``repr``.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callinsight import inbox_metadata
from callinsight.core.values import FailureKind, Stage
from callinsight.errors import RecordingError
from callinsight.inbox_files import File, Names, Store, composed, read_address
from callinsight.inbox_metadata import RecordingMetadata, Row

MetadataSource = Literal["auto", "sidecar", "csv", "name"]

MAX_RECORDING_BYTES = 2 << 30
"""No call of a permitted length is larger in any usual format; a file that is must not fill the memory."""

_MAX_METADATA_BYTES = 64 << 20
_SOUND = ("wav", "wave", "mp3", "opus", "ogg", "oga", "m4a", "mp4", "flac", "aac", "wma", "amr", "au", "mka")
_SOUND_PERHAPS = ("webm", "mkv", "mov", "avi", "3gp", "gsm", "vox")  # mostly videos: named as a problem, not overlooked


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """How to read an inbox. Raises ``ValueError`` with advice.

    ``metadata``: ``sidecar`` (NAME.json), ``csv`` (a CSV per delivery), ``name`` (``name_pattern``, a regular
    expression with the named group ``started_at`` and others of the documented fields), or ``auto``: the first of
    these that a recording has. ``time_zone`` is for times without an offset in a CSV or a name. A file younger than
    ``settle_seconds`` may still be growing and waits for the next night. Unless ``read_caller`` the caller's number is
    dropped unread.
    """

    metadata: MetadataSource = "auto"
    name_pattern: str | None = None
    time_zone: str = "Europe/Amsterdam"
    recursive: bool = True
    extensions: tuple[str, ...] = _SOUND + _SOUND_PERHAPS
    settle_seconds: int = 0
    read_caller: bool = False

    def __post_init__(self) -> None:
        if self.metadata not in get_args(MetadataSource):
            raise ValueError(f"metadata must be one of {', '.join(get_args(MetadataSource))}")
        if self.settle_seconds < 0:
            raise ValueError("settle_seconds must not be negative")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("time_zone must be a name such as Europe/Amsterdam") from None
        try:
            groups = {"started_at"} if self.name_pattern is None else set(re.compile(self.name_pattern).groupindex)
        except re.error:
            raise ValueError("name_pattern is no valid regular expression") from None
        if "started_at" not in groups:
            raise ValueError("name_pattern needs the named group (?P<started_at>...)")
        if self.metadata == "name" and self.name_pattern is None:
            raise ValueError("metadata by name needs a name_pattern")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording with its metadata. ``name`` is relative to the inbox; ``fingerprint`` changes with the content.

    ``described_by`` are the addresses of its sidecar and of the deliveries that name it.
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    size_bytes: int
    fingerprint: str
    metadata: RecordingMetadata
    described_by: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """A recording or metadata that cannot be used, for the data team's own list."""

    name: str = field(repr=False)
    kind: FailureKind


@dataclass(frozen=True, slots=True)
class Inbox:
    """What an address holds, sorted by name.

    ``waiting`` counts the files that are still being written, ``ignored`` those that are neither a recording nor
    metadata. ``needed`` are the addresses of metadata of recordings that wait or cannot be used yet.
    """

    recordings: tuple[Recording, ...]
    problems: tuple[Problem, ...]
    waiting: int = 0
    ignored: int = 0
    needed: frozenset[str] = field(default=frozenset(), repr=False)


def discover(address: str | Path, settings: InboxSettings | None = None, *, now: datetime | None = None) -> Inbox:
    """List the recordings at ``address`` (a folder; any fsspec address) with their metadata.

    Every recording is in ``recordings`` or, with its reason, in ``problems``, unless it is still being written.
    ``now`` (aware) is for ``settle_seconds``. Raises ``SettingsError`` when the folder cannot be read.
    """
    return _Search(Store(address), settings or InboxSettings(), now or datetime.now(UTC)).run()


def read_bytes(recording: Recording) -> bytes:
    """Give the bytes of a recording.

    Raises ``RecordingError`` (stage ``DISCOVER``): TOO_LONG beyond ``MAX_RECORDING_BYTES``, RECORDING_MISSING when it
    has gone since, UNREADABLE when the store fails; the last two are retryable.
    """
    if recording.size_bytes > MAX_RECORDING_BYTES:
        raise RecordingError(Stage.DISCOVER, FailureKind.TOO_LONG)
    return read_address(recording.address)


class _Search:
    """One look into one inbox."""

    def __init__(self, store: Store, settings: InboxSettings, now: datetime) -> None:
        self._store = store
        self._settings = settings
        self._now = now
        self._zone = ZoneInfo(settings.time_zone)
        self._pattern = re.compile(settings.name_pattern) if settings.name_pattern is not None else None
        self._extensions = {extension.lower().lstrip(".") for extension in settings.extensions}
        self._recordings, self._sidecars, self._deliveries = Names(), Names(), Names()
        self._waiting: set[str] = set()
        self._ignored = 0
        self._rows: dict[str, list[Row]] = {}
        self._delivered: dict[str, set[str]] = {}
        self._used: set[str] = set()
        self._problems: set[Problem] = set()

    def run(self) -> Inbox:
        for file in self._store.list_files(recursive=self._settings.recursive):
            self._sort_in(file)
        if self._reads("csv"):
            for delivery in self._deliveries:
                self._read_rows(delivery)
        found = [recording for file in self._recordings if (recording := self._recording(file)) is not None]
        self._name_orphans()
        problems = sorted(self._problems, key=lambda problem: (problem.name, problem.kind))
        usable = {recording.name for recording in found}
        rest = [file for file in self._recordings if file.name not in usable]
        needed = frozenset(address for file in rest for address in self._described_by(file))
        needed |= {address for name in self._waiting for address in self._delivered.get(name, ())}
        return Inbox(tuple(found), tuple(problems), len(self._waiting), self._ignored, needed)

    def _reads(self, source: MetadataSource) -> bool:
        return self._settings.metadata in ("auto", source)

    def _sort_in(self, file: File) -> None:
        if file.is_hidden:
            return
        if file.final_name != file.name or file.is_younger_than(self._settings.settle_seconds, self._now):
            self._waiting.add(file.final_name)
        elif file.extension in self._extensions:
            self._recordings.add(file)
        elif file.extension == "json" and self._reads("sidecar"):
            self._sidecars.add(file)
        elif file.extension == "csv" and self._reads("csv"):
            self._deliveries.add(file)
        else:
            self._ignored += 1

    def _problem(self, name: str, kind: FailureKind) -> None:
        self._problems.add(Problem(name, kind))

    def _read(self, file: File) -> bytes:
        """The bytes of a metadata file. Raises ``RecordingError`` when it is implausibly large or cannot be read."""
        if file.size_bytes > _MAX_METADATA_BYTES:
            raise inbox_metadata.invalid()
        try:
            return read_address(self._store.address_of(file))
        except RecordingError:
            raise inbox_metadata.invalid(FailureKind.UNREADABLE) from None

    def _read_rows(self, delivery: File) -> None:
        """Put the rows of a delivery under the recordings that they name, wherever in the inbox those lie."""
        try:
            rows = inbox_metadata.read_delivery(self._read(delivery))
        except RecordingError as error:
            self._problem(delivery.name, error.kind)
            return
        for row in rows:
            if not row.recording:
                self._problem(f"{delivery.name}, line {row.line}", FailureKind.METADATA_INVALID)
                continue
            name = delivery.folder + composed(row.recording.replace("\\", "/")).removeprefix("./")
            # Recorders on Windows write the path that the file had with them: then its last part counts.
            file = self._recordings.get(name) or self._recordings.get(delivery.folder + PurePosixPath(name).name)
            self._rows.setdefault(file.name if file else name, []).append(row)
            self._delivered.setdefault(file.name if file else name, set()).add(self._store.address_of(delivery))

    def _recording(self, file: File) -> Recording | None:
        """The recording with its metadata; ``None`` when it waits, or cannot be used and was put with the problems."""
        try:
            metadata = self._metadata(file)
        except RecordingError as error:
            self._problem(file.name, error.kind)
            return None
        if metadata is None:
            if self._waiting.isdisjoint(_sidecar_names(file)):
                self._problem(file.name, FailureKind.METADATA_MISSING)
            else:
                self._waiting.add(file.name)
            return None
        address = self._store.address_of(file)
        return Recording(file.name, address, file.size_bytes, file.fingerprint, metadata, self._described_by(file))

    def _described_by(self, file: File) -> tuple[str, ...]:
        """Addresses of all metadata of a recording, used or not."""
        sidecars = (found for name in _sidecar_names(file) if (found := self._sidecars.get(name)))
        addresses = {self._store.address_of(sidecar) for sidecar in sidecars}
        return tuple(sorted(addresses | self._delivered.get(file.name, set())))

    def _metadata(self, file: File) -> RecordingMetadata | None:
        sidecar = next((found for name in _sidecar_names(file) if (found := self._sidecars.get(name))), None)
        rows = self._rows.get(file.name, ())
        caller = self._settings.read_caller
        if sidecar is not None:
            self._used.add(sidecar.name)
            fields = inbox_metadata.read_sidecar(self._read(sidecar))
            return inbox_metadata.metadata_of(fields, None, read_caller=caller)
        if rows:
            answers = {inbox_metadata.metadata_of(row.fields, self._zone, read_caller=caller) for row in rows}
            if len(answers) > 1:  # two deliveries that contradict each other
                raise inbox_metadata.invalid()
            return answers.pop()
        if self._pattern is not None and self._reads("name"):
            stem = PurePosixPath(file.stem).name
            return inbox_metadata.metadata_of_name(stem, self._pattern, self._zone, read_caller=caller)
        return None

    def _name_orphans(self) -> None:
        """Name the metadata without a recording. A JSON without a recorder's fields is some other file."""
        for name in self._rows:
            if self._recordings.get(name) is None and name not in self._waiting:
                self._problem(name, FailureKind.RECORDING_MISSING)
        awaited = self._waiting | {PurePosixPath(name).with_suffix("").as_posix() for name in self._waiting}
        for sidecar in self._sidecars:
            if sidecar.name in self._used or sidecar.stem in awaited:
                continue
            try:
                fields = inbox_metadata.read_sidecar(self._read(sidecar))
            except RecordingError as error:
                self._problem(sidecar.name, error.kind)
                continue
            if fields.keys() & {"recording_id", "started_at"}:
                self._problem(sidecar.name, FailureKind.RECORDING_MISSING)
            else:
                self._ignored += 1


def _sidecar_names(file: File) -> tuple[str, str]:
    return f"{file.stem}.json", f"{file.name}.json"
