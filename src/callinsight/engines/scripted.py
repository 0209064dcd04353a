"""Deterministic engines for tests: they hear what a script says. The demo never uses them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from callinsight.core.spotting import SpottedName, spotted
from callinsight.core.values import (
    UNKNOWN_LABEL,
    FailureKind,
    Outcome,
    Question,
    Span,
    SpeakerTurn,
    Stage,
    Tags,
    Turn,
    Utterance,
    Waveform,
    Word,
)
from callinsight.core.vectors import TurnVectors
from callinsight.engines import Diarization, SpokenChannel, Transcript
from callinsight.errors import RecordingError


@dataclass(slots=True)
class ScriptedTranscriber:
    """Puts the next line of ``lines`` into every region, its words spread evenly; starts over at the end.

    ``broken`` picks channels at which it fails, as an engine would: the whole batch with them.
    """

    lines: Sequence[str]
    broken: Callable[[SpokenChannel], bool] = lambda _: False
    batches: list[int] = field(default_factory=list)

    def transcribe(self, channels: Sequence[SpokenChannel]) -> tuple[Transcript, ...]:
        """See :class:`callinsight.engines.Transcriber`."""
        self.batches.append(len(channels))
        if any(self.broken(channel) for channel in channels):
            raise RecordingError(Stage.TRANSCRIBE, FailureKind.ENGINE_FAILED)
        return tuple(self._transcript(channel) for channel in channels)

    def _transcript(self, channel: SpokenChannel) -> Transcript:
        lines = (self.lines[index % len(self.lines)] for index in range(len(channel.regions)))
        return Transcript(tuple(Utterance(r, spread(line, r)) for r, line in zip(channel.regions, lines, strict=True)))


def spread(line: str, span: Span) -> tuple[Word, ...]:
    """The words of ``line``, spread evenly over ``span``."""
    texts = line.split()
    edges = [span.start_ms + span.duration_ms * index // len(texts) for index in range(len(texts) + 1)]
    return tuple(
        Word(Span(start, max(start + 1, end)), text, 0.9)
        for text, start, end in zip(texts, edges[:-1], edges[1:], strict=True)
    )


@dataclass(frozen=True, slots=True)
class ScriptedDiarizer:
    """Hears the same turns in every recording, cut to its length."""

    turns: tuple[SpeakerTurn, ...]

    def diarize(self, waveform: Waveform) -> Diarization:
        """See :class:`callinsight.engines.Diarizer`."""
        turns = tuple(turn for turn in self.turns if turn.span.end_ms <= waveform.duration_ms)
        return Diarization(turns, turns)


@dataclass(slots=True)
class ScriptedNames:
    """Spots the words of ``names`` wherever they are said, each with ``score``.

    ``broken`` picks calls at which it fails, as an engine would: the whole batch with them.
    """

    names: frozenset[str]
    score: float = 0.99
    broken: Callable[[Sequence[Turn]], bool] = lambda _: False
    batches: list[int] = field(default_factory=list)

    def spot(self, calls: Sequence[Sequence[Turn]]) -> tuple[tuple[SpottedName, ...], ...]:
        """See :class:`callinsight.engines.NameSpotter`."""
        self.batches.append(len(calls))
        if any(self.broken(turns) for turns in calls):
            raise RecordingError(Stage.REDACT, FailureKind.ENGINE_FAILED)
        return tuple(
            spotted([[self.score * (word.text in self.names) for word in turn.words] for turn in turns], self.score)
            for turns in calls
        )


@dataclass(frozen=True, slots=True)
class ScriptedTagger:
    """Hears the topic whose keyword occurs in a call, with the turn as evidence."""

    topics: tuple[tuple[str, str], ...]
    encoder: str = "scripted"

    def read(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnVectors, ...]:
        """See :class:`callinsight.engines.Tagger`. A turn's vector is its number of words."""
        return tuple(
            TurnVectors.of(
                self.encoder, range(len(turns)), np.array([[len(t.words)] for t in turns], np.float32).reshape(-1, 1)
            )
            for turns in calls
        )

    def decide(self, calls: Sequence[tuple[Turn, ...]], vectors: Sequence[TurnVectors]) -> tuple[Tags, ...]:
        """See :class:`callinsight.engines.Tagger`."""
        return tuple(self._tags(turns) for turns, _ in zip(calls, vectors, strict=True))

    def _tags(self, turns: tuple[Turn, ...]) -> Tags:
        questions = []
        for keyword, topic in self.topics:
            evidence = tuple(number for number, turn in enumerate(turns) if keyword in turn.text.split())
            if evidence:
                questions.append(Question(topic, None, 0.9, evidence=evidence))
        return Tags(tuple(questions), Outcome(UNKNOWN_LABEL, 0.5))
