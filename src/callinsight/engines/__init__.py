"""What an engine must be able to do. One file per library implements it; nothing else imports that library."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from callinsight.core.spotting import SpottedName
from callinsight.core.values import Span, SpeakerTurn, Tags, Turn, Utterance, Waveform
from callinsight.core.vectors import TurnVectors


@dataclass(frozen=True, slots=True)
class SpokenChannel:
    """A mono 16 kHz waveform and the speech regions in it, in order and disjoint."""

    waveform: Waveform
    regions: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was recognised in one channel, in order of time, and what was thrown away as invented."""

    utterances: tuple[Utterance, ...]
    loops_redecoded: int = 0
    loops_dropped: int = 0
    phantoms_dropped: int = 0


class Transcriber(Protocol):
    """Turns speech into words with times."""

    def transcribe(self, channels: Sequence[SpokenChannel]) -> tuple[Transcript, ...]:
        """One transcript per channel, in the same order; channels of many calls share batches.

        Raises ``RecordingError`` when the engine fails.
        """
        ...


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when, in order of time.

    In ``turns`` two may speak at once: a diarization error is measured on these. ``exclusive`` never overlap: words are
    joined with these.
    """

    turns: tuple[SpeakerTurn, ...] = ()
    exclusive: tuple[SpeakerTurn, ...] = ()


class Diarizer(Protocol):
    """Tells who speaks when in a mixed channel."""

    def diarize(self, waveform: Waveform) -> Diarization:
        """The speaker turns of a mono 16 kHz waveform; none when nobody speaks.

        Raises ``RecordingError`` when the engine fails.
        """
        ...


class NameSpotter(Protocol):
    """Finds names of persons in raw turns; what is masked is decided by redaction."""

    def spot(self, calls: Sequence[Sequence[Turn]]) -> tuple[tuple[SpottedName, ...], ...]:
        """The names of each call, in the same order and in order of speaking; calls share batches.

        Raises ``RecordingError`` when the engine fails.
        """
        ...


class Tagger(Protocol):
    """Says which questions and needs a call holds, how it ended, and what to flag.

    In two steps, since reading is slow and deciding is not: what was read is kept, and decided on again when the
    taxonomy or what follows the encoder changes. Both want redacted turns.
    """

    @property
    def encoder(self) -> str:
        """A digest that names what reads."""
        ...

    def read(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnVectors, ...]:
        """Vectors per call, in the same order; calls share batches. Raises ``RecordingError`` when the engine fails."""
        ...

    def decide(self, calls: Sequence[tuple[Turn, ...]], vectors: Sequence[TurnVectors]) -> tuple[Tags, ...]:
        """Tags per call, in the same order. The same vectors give the same tags, in whatever company."""
        ...
