"""What recorders say of a recording: a sidecar, a row of a delivery's CSV, or the file's own name.

Documented fields are checked; all other fields are ignored, because recorders write many. What cannot be used raises
``RecordingError`` (stage ``DISCOVER``) with METADATA_INVALID or AMBIGUOUS_TIME; no content is in the message.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from callinsight.core.values import Direction, FailureKind, Stage
from callinsight.errors import RecordingError

CSV_COLUMNS = (
    "recording",
    "recording_id",
    "started_at",
    "queue",
    "direction",
    "agent_channel",
    "registered_topic",
    "duration_ms",
    "caller",
)
"""The columns of a delivery's CSV; the first three must be there."""

_REQUIRED_COLUMNS = frozenset(CSV_COLUMNS[:3])
_DELIMITERS = ";,\t|"
_YEARS = range(1990, 2101)
_COMPACT_TIME_FORMATS = ("%Y%m%d%H%M%S", "%Y%m%d-%H%M%S", "%Y%m%d_%H%M%S")
_TIME_FORMATS = (
    *_COMPACT_TIME_FORMATS,
    "%Y-%m-%d_%H-%M-%S",
    "%Y-%m-%dT%H-%M-%S",
    "%Y-%m-%d %H-%M-%S",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
)


@dataclass(frozen=True, slots=True)
class RecordingMetadata:
    """What the recorder says of a recording. ``started_at`` is in UTC; ``recording_id`` stays out of ``repr``.

    ``caller`` is the telephone number or another reference of the caller, as it was written; ``None`` when it was not
    asked for. It stays out of ``repr`` and out of whatever is serialised, so that it reaches no file.
    """

    recording_id: str = field(repr=False)
    started_at: datetime
    queue: str = ""
    direction: Direction = Direction.UNKNOWN
    agent_channel: int | None = None
    registered_topic: str | None = None
    duration_ms: int | None = None
    caller: Annotated[str | None, Field(exclude=True)] = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a delivery's CSV, not yet checked, and the name of the recording that it speaks of."""

    recording: str = field(repr=False)
    line: int
    fields: Mapping[str, str] = field(repr=False)


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, coerce_numbers_to_str=True)

    recording_id: str = Field(min_length=1, max_length=200)
    started_at: str = Field(min_length=12, max_length=40)
    queue: str = Field(default="", max_length=100)
    direction: Direction = Direction.UNKNOWN
    agent_channel: int | None = Field(default=None, ge=0, le=1)
    registered_topic: str | None = Field(default=None, max_length=100)
    duration_ms: int | None = Field(default=None, ge=0)
    caller: str | None = Field(default=None, max_length=200, repr=False)

    @field_validator("agent_channel", "duration_ms", mode="before")
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("a number is expected")
        return value

    @field_validator("direction", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value


def invalid(kind: FailureKind = FailureKind.METADATA_INVALID) -> RecordingError:
    """Give the error of unusable metadata."""
    return RecordingError(Stage.DISCOVER, kind)


def metadata_of(fields: Mapping[str, Any], zone: tzinfo | None, *, read_caller: bool = False) -> RecordingMetadata:
    """Check the documented fields. ``zone`` is for times without an offset; ``None`` demands an offset.

    Unless ``read_caller`` the caller is dropped unread, whatever stands there.

    Raises ``RecordingError`` with METADATA_INVALID or AMBIGUOUS_TIME.
    """
    given = {name: value for name, value in fields.items() if not _is_blank(value)}
    if not read_caller:
        given.pop("caller", None)
    try:
        checked = _Fields.model_validate(given)
    except ValidationError:
        raise invalid() from None
    return RecordingMetadata(
        recording_id=checked.recording_id,
        started_at=parse_time(checked.started_at, zone),
        queue=checked.queue,
        direction=checked.direction,
        agent_channel=checked.agent_channel,
        registered_topic=checked.registered_topic,
        duration_ms=checked.duration_ms,
        caller=checked.caller,
    )


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def read_sidecar(data: bytes) -> Mapping[str, Any]:
    """Give the object in a sidecar, unchecked. Raises ``RecordingError`` when it is no JSON object."""
    try:
        content = json.loads(_text(data))
    except (ValueError, RecursionError):
        raise invalid() from None
    if not isinstance(content, dict):
        raise invalid()
    return content


def read_delivery(data: bytes) -> tuple[Row, ...]:
    """Give the rows of a delivery's CSV, unchecked; blank lines are left out.

    UTF-8 (with or without a byte order mark), UTF-16 with one, or Windows-1252; the delimiter is the one of the header
    line. Raises ``RecordingError`` when a required column is missing or the quoting is broken.
    """
    text = _text(data)
    header, _, _ = text.partition("\n")
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if not set(columns) >= _REQUIRED_COLUMNS or len(set(columns)) < len(columns):
            raise invalid()
        rows = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                fields = dict(zip(columns, cells, strict=False))  # a short line leaves its last columns blank
                rows.append(Row(fields.get("recording", "").strip(), reader.line_num, fields))
    except csv.Error:
        raise invalid() from None
    return tuple(rows)


def metadata_of_name(
    stem: str, pattern: re.Pattern[str], zone: tzinfo, *, read_caller: bool = False
) -> RecordingMetadata | None:
    """Read a file name (without extension) by a pattern with named groups; ``None`` when it does not match.

    Without a group ``recording_id`` the whole name is the id. Raises ``RecordingError`` like ``metadata_of``.
    """
    match = pattern.fullmatch(stem)
    if match is None:
        return None
    return metadata_of({"recording_id": stem} | match.groupdict(), zone, read_caller=read_caller)


def parse_time(text: str, zone: tzinfo | None) -> datetime:
    """Give a moment in UTC from ISO 8601 or one of the usual spellings of recorders.

    A time without offset is one of ``zone``. In the hour that the clock-change of autumn repeats it names two moments,
    and guessing would put a call in the wrong hour: AMBIGUOUS_TIME. The hour that spring skips: METADATA_INVALID, as
    is a time without offset when ``zone`` is ``None``.
    """
    moment = _read_time(text.strip())
    if moment.year not in _YEARS:
        raise invalid()
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    local = zone or ZoneInfo("Europe/Amsterdam")
    early, late = (moment.replace(tzinfo=local, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(local).replace(tzinfo=None) != moment:
        raise invalid()
    if early != late:
        raise invalid(FailureKind.AMBIGUOUS_TIME)
    if zone is None:
        raise invalid()
    return early


def _read_time(text: str) -> datetime:
    for pattern in _TIME_FORMATS:
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is the caller's business
        except ValueError:
            continue
        if pattern not in _COMPACT_TIME_FORMATS or moment.strftime(pattern) == text:  # else a digit is missing
            return moment
    if not set(text) & {"T", "t", " "}:  # the library takes any sign, even a digit, to stand between date and time
        raise invalid()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise invalid() from None


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
