"""The values that travel through the pipeline.

Every value is frozen, holds tuples, and refuses nonsense in its constructor with ``ValueError``. Time is integer
milliseconds from the start of the recording; probabilities and scores lie in [0, 1].
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:  # the command line reads this module before it knows whether it will need arrays
    import numpy as np
    import numpy.typing as npt

_SAFE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{2,63}")
_CALLER_REF = re.compile(r"b[a-z2-7]{26}")
_LABEL_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Role(StrEnum):
    """Who speaks a turn. ``SYSTEM`` is a voice menu; ``UNKNOWN`` is an honest answer."""

    AGENT = "agent"
    CALLER = "caller"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Who started the call, seen from the contact centre."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    UNKNOWN = "unknown"


class Layout(StrEnum):
    """How the parties lie in the recording: one mixed channel, or a channel for each side."""

    MONO = "mono"
    STEREO = "stereo"


class Severity(StrEnum):
    """How soon a human should look. Nothing acts on it by itself."""

    INFO = "info"
    REVIEW = "human-review"
    SAME_DAY = "same-day"
    IMMEDIATE = "immediate"


class FlagSource(StrEnum):
    """What raised a flag: a pattern in data, or a model."""

    RULE = "rule"
    MODEL = "model"


class Stage(StrEnum):
    """Where in a call's way something happened."""

    DISCOVER = "discover"
    DECODE = "decode"
    SPEECH = "speech"
    DIARIZE = "diarize"
    TRANSCRIBE = "transcribe"
    REDACT = "redact"
    TAG = "tag"
    WRITE = "write"
    LOAD = "load"


class CopyState(StrEnum):
    """Whether a call has a review copy: not asked for, made, or refused since a masked stretch could still be heard."""

    OFF = "off"
    MADE = "made"
    REFUSED = "refused"


class Transcript(StrEnum):
    """Whether the redacted words of a call are still there, or went after their term. Without them a call cannot be
    tagged again; its tags, times and counts stay."""

    KEPT = "kept"
    ERASED = "erased"


class FailureKind(StrEnum):
    """Why a recording ended as a failure. An enum and never a message, so that no speech can be in it."""

    EMPTY_FILE = "empty-file"
    NOT_AUDIO = "not-audio"
    NO_AUDIO_STREAM = "no-audio-stream"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    TOO_LONG = "too-long"
    TOO_SHORT = "too-short"
    TOO_MANY_CHANNELS = "too-many-channels"
    WRONG_SAMPLE_RATE = "wrong-sample-rate"
    NO_SPEECH = "no-speech"
    METADATA_MISSING = "metadata-missing"
    METADATA_INVALID = "metadata-invalid"
    AMBIGUOUS_TIME = "ambiguous-time"
    RECORDING_MISSING = "recording-missing"
    DUPLICATE = "duplicate"
    OUT_OF_MEMORY = "out-of-memory"
    TIMED_OUT = "timed-out"
    ENGINE_FAILED = "engine-failed"
    INTERNAL = "internal"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _require_share(value: float, name: str) -> None:
    _require(math.isfinite(value) and 0.0 <= value <= 1.0, f"{name} must lie in [0, 1]")


def require_call_id(call_id: str) -> str:
    """Return ``call_id`` when it is safe as a file name; raise ``ValueError`` otherwise."""
    _require(_SAFE_ID.fullmatch(call_id) is not None, "call_id must be 3-64 of a-z, 0-9, '-' and '_'")
    return call_id


def _require_label(label: str, name: str) -> None:
    _require(_LABEL_ID.fullmatch(label) is not None, f"{name} must be a kebab-case id")


def _require_evidence(evidence: tuple[int, ...]) -> None:
    _require(all(turn >= 0 for turn in evidence), "evidence holds turn numbers, counted from 0")
    _require(list(evidence) == sorted(set(evidence)), "evidence must be sorted and free of repeats")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of time ``[start_ms, end_ms)`` in milliseconds; never empty."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        _require(self.start_ms >= 0, "start_ms must not be negative")
        _require(self.end_ms > self.start_ms, "end_ms must lie after start_ms")

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds, at least 1."""
        return self.end_ms - self.start_ms

    def overlap_ms(self, other: Self) -> int:
        """Milliseconds that both spans share; 0 when they do not meet."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))

    def gap_ms(self, other: Self) -> int:
        """Milliseconds between the spans; 0 when they touch or overlap."""
        return max(0, other.start_ms - self.end_ms, self.start_ms - other.end_ms)

    def shift(self, offset_ms: int) -> "Span":
        """The same span ``offset_ms`` later. Raises ``ValueError`` when it would start before 0."""
        return Span(self.start_ms + offset_ms, self.end_ms + offset_ms)

    @staticmethod
    def cover(spans: "Iterable[Span]") -> "Span":
        """The smallest span that holds all of ``spans``. Raises ``ValueError`` when there are none."""
        some = tuple(spans)
        _require(bool(some), "cannot cover zero spans")
        return Span(min(s.start_ms for s in some), max(s.end_ms for s in some))


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a call before anybody listens.

    ``call_id`` is a pseudonym that is safe as a file name; ``started_at`` is aware and in UTC; ``agent_channel`` is
    the channel of the agent when the telephone system says so (only for stereo). ``caller_ref`` is a keyed pseudonym of
    the caller when calls are linked; it goes before the tags do.
    """

    call_id: str
    started_at: datetime
    queue: str = ""
    direction: Direction = Direction.UNKNOWN
    layout: Layout = Layout.MONO
    agent_channel: int | None = None
    registered_topic: str | None = None
    caller_ref: str | None = None

    def __post_init__(self) -> None:
        require_call_id(self.call_id)
        _require(
            self.caller_ref is None or _CALLER_REF.fullmatch(self.caller_ref) is not None,
            "caller_ref is a pseudonym, never a number",
        )
        _require(self.started_at.tzinfo is not None, "started_at must carry a time zone")
        _require(self.started_at.utcoffset() == UTC.utcoffset(None), "started_at must be in UTC")
        _require(self.agent_channel in (None, 0, 1), "agent_channel is 0, 1 or not known")
        _require(
            self.agent_channel is None or self.layout is Layout.STEREO,
            "only a stereo call has an agent_channel",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """Sound as float32 ``[channel, sample]`` in [-1, 1] at ``sample_rate_hz``."""

    samples: "npt.NDArray[np.float32]"
    sample_rate_hz: int

    def __post_init__(self) -> None:
        _require(self.samples.ndim == 2 and self.samples.shape[0] >= 1, "samples must be [channel, sample]")
        _require(self.samples.dtype.name == "float32", "samples must be float32")
        _require(self.sample_rate_hz > 0, "sample_rate_hz must be positive")

    @property
    def channels(self) -> int:
        """Number of channels, at least 1."""
        return int(self.samples.shape[0])

    @property
    def duration_ms(self) -> int:
        """Length in whole milliseconds."""
        return int(self.samples.shape[1] * 1000 // self.sample_rate_hz)

    def channel(self, index: int) -> "Waveform":
        """One channel as a mono waveform (a view, not a copy)."""
        return Waveform(self.samples[index : index + 1], self.sample_rate_hz)

    def cut(self, span: Span) -> "Waveform":
        """The samples of ``span``, clipped to what is there (a view, not a copy)."""
        first, last = (ms * self.sample_rate_hz // 1000 for ms in (span.start_ms, span.end_ms))
        return Waveform(self.samples[:, first:last], self.sample_rate_hz)


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word without surrounding blanks, with its time and the recogniser's probability."""

    span: Span
    text: str
    probability: float

    def __post_init__(self) -> None:
        _require(bool(self.text) and self.text == self.text.strip(), "text must not be blank or padded")
        _require_share(self.probability, "probability")


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch that the recogniser put out at once.

    ``mean_logprob`` is the mean natural logarithm of the token probabilities (at most 0);
    ``no_speech_probability`` is the recogniser's own belief that nobody spoke.
    """

    span: Span
    words: tuple[Word, ...]
    mean_logprob: float = 0.0
    no_speech_probability: float = 0.0

    def __post_init__(self) -> None:
        _require(self.mean_logprob <= 0.0, "mean_logprob is a logarithm of a probability, so at most 0")
        _require_share(self.no_speech_probability, "no_speech_probability")

    @property
    def text(self) -> str:
        """The words joined by single blanks."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True, order=True)
class SpeakerTurn:
    """A stretch in which a diarizer heard ``speaker``; turns of different speakers may overlap."""

    span: Span
    speaker: str

    def __post_init__(self) -> None:
        _require(bool(self.speaker), "speaker must have a name")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party says until another takes over.

    ``erased_words`` is how many words it had when they are gone, else 0.
    """

    span: Span
    role: Role
    words: tuple[Word, ...]
    erased_words: int = 0

    def __post_init__(self) -> None:
        _require(self.erased_words >= 0, "erased_words must not be negative")
        _require(bool(self.words) != bool(self.erased_words), "a turn holds at least one word, or tells of erased ones")
        starts = [word.span.start_ms for word in self.words]
        _require(starts == sorted(starts), "words of a turn must be in order of time")

    @property
    def word_count(self) -> int:
        """How many words were said, also when they are gone; at least 1."""
        return len(self.words) or self.erased_words

    def without_words(self) -> "Turn":
        """The turn with its span and role, and how many words it had."""
        return self if self.erased_words else replace(self, words=(), erased_words=len(self.words))

    @property
    def text(self) -> str:
        """The words joined by single blanks."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Need:
    """A need heard behind a question, with the numbers of the turns that show it."""

    kind: str
    score: float
    evidence: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _require_label(self.kind, "kind")
        _require_share(self.score, "score")
        _require_evidence(self.evidence)


UNKNOWN_LABEL = "unknown"
"""The id by which a tagger abstains, for a topic as for an outcome."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller asked: a topic, and a generic facet or a topic's own specific question when it is clear."""

    topic: str
    facet: str | None
    score: float
    needs: tuple[Need, ...] = ()
    evidence: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _require_label(self.topic, "topic")
        if self.facet is not None:
            _require_label(self.facet, "facet")
        _require_share(self.score, "score")
        _require_evidence(self.evidence)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the call ended, by an id of the taxonomy."""

    kind: str
    score: float
    evidence: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _require_label(self.kind, "kind")
        _require_share(self.score, "score")
        _require_evidence(self.evidence)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something an improvement meeting or an authorised human should hear."""

    kind: str
    severity: Severity
    span: Span
    source: FlagSource
    score: float = 1.0
    evidence: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _require_label(self.kind, "kind")
        _require_share(self.score, "score")
        _require_evidence(self.evidence)


@dataclass(frozen=True, slots=True)
class Tags:
    """What a tagger says of one call."""

    questions: tuple[Question, ...]
    outcome: Outcome
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Measures:
    """Times of a call in milliseconds, and counts. No measure is of a person: roles only."""

    duration_ms: int
    agent_talk_ms: int = 0
    caller_talk_ms: int = 0
    silence_ms: int = 0
    hold_ms: int = 0
    overlap_ms: int = 0
    interruptions: int = 0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _require(getattr(self, name) >= 0, f"{name} must not be negative")


@dataclass(frozen=True, slots=True)
class Recognition:
    """How recognition went: counts, and the mean word probability (1.0 when there are no words)."""

    words: int = 0
    mean_word_probability: float = 1.0
    loops_redecoded: int = 0
    loops_dropped: int = 0
    phantoms_dropped: int = 0
    bleed_dropped_ms: int = 0
    nonspeech_dropped_ms: int = 0

    def __post_init__(self) -> None:
        _require_share(self.mean_word_probability, "mean_word_probability")


@dataclass(frozen=True, slots=True)
class Redaction:
    """A stretch that was masked, by kind of personal data; the words themselves are gone."""

    kind: str
    span: Span
    turn: int

    def __post_init__(self) -> None:
        _require(bool(self.kind), "kind must not be empty")
        _require(self.turn >= 0, "turn is counted from 0")


@dataclass(frozen=True, slots=True)
class Provenance:
    """By what a result was made, so that trends can say which versions they compare.

    ``tag_version`` names everything that the tags follow from: taxonomy, rules, tagger and code; it begins with the
    taxonomy's version and is empty in results that are older than it. ``retagged_at`` (aware) is when the tags were
    given anew, ``None`` while they are the first.
    """

    code_version: str
    settings_digest: str
    model_digests: tuple[tuple[str, str], ...]
    taxonomy_version: str
    tag_version: str = ""
    retagged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EarlierTags:
    """What an earlier version said of a call, in short: ids alone, a question as ``topic/facet`` or ``topic``.

    ``until`` (aware) is when other tags took their place.
    """

    tag_version: str
    taxonomy_version: str
    until: datetime
    questions: tuple[str, ...]
    needs: tuple[str, ...]
    outcome: str
    signals: tuple[str, ...]

    @staticmethod
    def of(tags: Tags, provenance: Provenance, until: datetime) -> "EarlierTags":
        """The short form of ``tags``, which were given under ``provenance``."""
        return EarlierTags(
            provenance.tag_version,
            provenance.taxonomy_version,
            until,
            tuple(dict.fromkeys(f"{q.topic}/{q.facet}" if q.facet else q.topic for q in tags.questions)),
            tuple(sorted({need.kind for question in tags.questions for need in question.needs})),
            tags.outcome.kind,
            tuple(sorted({flag.kind for flag in tags.flags})),
        )


MOST_EARLIER = 8
"""How many earlier versions of its tags a call keeps: some years of a quarterly change."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """Everything known of one call, redacted. Written as a whole, and only its tags are ever given anew.

    ``recording_ref`` is a keyed pseudonym of the recording's own id or file name. ``review_copy`` is what became of the
    copy when the call was processed; it goes away after its term, and this stays. ``earlier`` are the tags that the
    present ones took the place of, oldest first. ``transcript`` says whether the turns still have their words: all of
    them or none.
    """

    call: Call
    recording_ref: str
    turns: tuple[Turn, ...]
    tags: Tags
    measures: Measures
    recognition: Recognition
    redactions: tuple[Redaction, ...]
    provenance: Provenance
    review_copy: CopyState = CopyState.OFF
    earlier: tuple[EarlierTags, ...] = ()
    transcript: Transcript = Transcript.KEPT

    def __post_init__(self) -> None:
        erased = self.transcript is Transcript.ERASED
        _require(all(bool(turn.erased_words) is erased for turn in self.turns), "all turns have words, or none has")
        starts = [turn.span.start_ms for turn in self.turns]
        _require(starts == sorted(starts), "turns must be in order of time")
        count = len(self.turns)
        _require(all(r.turn < count for r in self.redactions), "a redaction names a turn that is not there")
        pointers = [e for q in self.tags.questions for e in (*q.evidence, *(t for n in q.needs for t in n.evidence))]
        pointers += [e for f in self.tags.flags for e in f.evidence]
        pointers += list(self.tags.outcome.evidence)
        _require(all(e < count for e in pointers), "evidence names a turn that is not there")

    @property
    def is_wordless(self) -> bool:
        """Whether the words are gone after their term."""
        return self.transcript is Transcript.ERASED

    def without_words(self) -> "CallResult":
        """The same call after the term of its transcript: turns keep number, span and role, so evidence still points.

        Itself when the words are gone already.
        """
        if self.is_wordless:
            return self
        turns = tuple(turn.without_words() for turn in self.turns)
        return replace(self, turns=turns, transcript=Transcript.ERASED)

    def without_link(self) -> "CallResult":
        """The same call, linked to no other call. Itself when it is linked to none."""
        return self if self.call.caller_ref is None else replace(self, call=replace(self.call, caller_ref=None))

    def retagged(self, tags: Tags, provenance: Provenance, now: datetime) -> "CallResult":
        """The same call with ``tags``, given at ``now`` (aware) under ``provenance``; itself when nothing changes.

        What tells of the recognition stays. Different tags go to ``earlier`` in short; equal ones leave no trace there.
        """
        old = self.provenance
        if tags == self.tags and replace(provenance, retagged_at=old.retagged_at) == old:
            return self
        if tags == self.tags:
            return replace(self, provenance=replace(provenance, retagged_at=old.retagged_at))
        earlier = (*self.earlier, EarlierTags.of(self.tags, old, now))[-MOST_EARLIER:]
        return replace(self, tags=tags, provenance=replace(provenance, retagged_at=now), earlier=earlier)


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording, or metadata without one, that was set aside.

    ``recording_ref`` is a keyed pseudonym of the file's name; the readable name stands only in the data team's own
    quarantine list.
    """

    recording_ref: str
    stage: Stage
    kind: FailureKind
    retryable: bool = False
