"""One process's engines, and the way of a chunk of calls through them.

The decoded sound and the raw words live in here and nowhere else: what leaves is redacted.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from callinsight import audio
from callinsight.core.acoustics import without_sounds
from callinsight.core.measures import measure
from callinsight.core.redaction import RedactionRules, redact
from callinsight.core.roles import assign_roles
from callinsight.core.turns import SpokenWord, build_turns, words_by_speaker, words_of_channel
from callinsight.core.values import (
    Call,
    CallResult,
    CopyState,
    Direction,
    FailureKind,
    Layout,
    Provenance,
    Recognition,
    Redaction,
    Role,
    SpeakerTurn,
    Stage,
    Tags,
    Turn,
    Utterance,
    Waveform,
)
from callinsight.core.vectors import TurnVectors
from callinsight.engines import Diarizer, SpokenChannel, Tagger, Transcriber, Transcript
from callinsight.engines.speech_regions import SileroRegions, SpeechRegions
from callinsight.errors import RecordingError
from callinsight.review_copy import Copier, Material

_LOG = logging.getLogger(__name__)
_ANSWERS = {Direction.INBOUND: Role.AGENT, Direction.OUTBOUND: Role.CALLER}
"""Which party picks up the telephone."""
SOUND_PER_WINDOW_MS = 40_000
"""Decoded sound, channel by channel, that is held for each window of a batch: less than half of a channel is speech, so
that this fills some batches, and 16 windows hold 41 MB at 16 kHz."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Job:
    """A recording to process: what is known of it, and how to get its bytes."""

    call_id: str
    recording_ref: str
    started_at: datetime
    queue: str
    direction: Direction
    agent_channel: int | None
    registered_topic: str | None
    expected_duration_ms: int | None
    read: Callable[[], bytes]
    caller_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of one process and the data that steers redaction."""

    speech: SileroRegions
    transcriber: Transcriber
    diarizer: Diarizer
    tagger: Tagger
    redaction_rules: RedactionRules


@dataclass(slots=True)
class EngineClock:
    """Wall time spent inside each engine, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, engine: str) -> Iterator[None]:
        """Add the time of the block to ``engine``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[engine] = self.seconds.get(engine, 0.0) + time.perf_counter() - start


Outcome = CallResult | RecordingError
"""What becomes of a job: a result, or the reason why there is none."""


@dataclass(slots=True)
class _Heard:
    """A call on its way: its sound and raw words, which never leave the worker."""

    job: Job
    decoded: audio.Decoded
    regions: SpeechRegions
    channels: tuple[SpokenChannel, ...]
    transcripts: tuple[Transcript, ...] = ()

    @property
    def layout(self) -> Layout:
        return self.decoded.layout

    @property
    def duration_ms(self) -> int:
        return self.decoded.waveform.duration_ms

    @property
    def sound_ms(self) -> int:
        """Decoded sound of all channels."""
        return self.duration_ms * len(self.channels)

    @property
    def agent_channel(self) -> int | None:
        return self.job.agent_channel if self.layout is Layout.STEREO else None


class RawListener(Protocol):
    """Is shown what is otherwise never shown: raw words, for scoring against ground truth and for nothing else."""

    def heard(self, job: Job, turns: tuple[Turn, ...], speakers: tuple[SpeakerTurn, ...]) -> None:
        """Unredacted turns of a call, and what the diarizer said, overlaps included (empty for stereo)."""
        ...


KeepVectors = Callable[[str, tuple[Turn, ...], TurnVectors], None]
"""Keeps what the tagger's encoder made of the redacted turns of a call, so that they can be tagged again."""


class Worker:
    """Takes chunks of jobs through decoding, recognition, redaction and tagging.

    ``keep_vectors`` is called for a call before its result is given.
    """

    def __init__(
        self,
        engines: Engines,
        provenance: Provenance,
        limits: audio.DecodeLimits,
        listener: RawListener | None = None,
        batch_windows: int = 16,
        copier: Copier | None = None,
        keep_vectors: KeepVectors | None = None,
    ) -> None:
        self._engines = engines
        self._provenance = provenance
        self._limits = limits
        self._listener = listener
        self._keep_vectors = keep_vectors
        self._copier = copier
        self._max_sound_ms = batch_windows * SOUND_PER_WINDOW_MS
        self.clock = EngineClock()

    def process(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
        """Give every job its outcome, in any order; one bad recording never touches another.

        Engines see the whole chunk at once. When a batch fails, its calls are tried one by one, so that only the
        guilty one fails.
        """
        heard: list[_Heard] = []
        for job in jobs:
            outcome = self._guard(Stage.DECODE, self._hear, job)
            if isinstance(outcome, RecordingError):
                yield job, outcome
                continue
            heard.append(outcome)
            if sum(call.sound_ms for call in heard) >= self._max_sound_ms:
                yield from self._finish(heard)
                heard = []
        yield from self._finish(heard)

    def _finish(self, heard: Sequence[_Heard]) -> Iterator[tuple[Job, Outcome]]:
        """Take decoded calls through recognition, redaction and tagging, together."""
        understood: list[tuple[_Heard, tuple[Turn, ...], tuple[Redaction, ...]]] = []
        for call, failure in self._transcribe(heard):
            said = self._guard(Stage.REDACT, self._understand, call) if failure is None else failure
            if isinstance(said, RecordingError):
                yield call.job, said
            else:
                understood.append((call, *said))
        for (call, turns, redactions), tagged in zip(
            understood, self._tag([turns for _, turns, _ in understood]), strict=True
        ):
            if isinstance(tagged, RecordingError):
                yield call.job, tagged
                continue
            vectors, tags = tagged
            if self._keep_vectors is not None:
                self._keep_vectors(call.job.call_id, turns, vectors)
            yield call.job, self._guard(Stage.WRITE, self._result, call, turns, redactions, tags)

    def _hear(self, job: Job) -> _Heard:
        """Decode a recording and find the speech in it."""
        decoded = audio.decode(job.read(), limits=self._limits, expected_duration_ms=job.expected_duration_ms)
        with self.clock.of("speech regions"):
            stereo = decoded.layout is Layout.STEREO
            agent_channel = job.agent_channel if stereo else None
            regions = self._engines.speech.find_speech(decoded.waveform, bleed=stereo, agent_channel=agent_channel)
        if not any(regions.per_channel):
            raise RecordingError(Stage.SPEECH, FailureKind.NO_SPEECH)
        channels = tuple(
            SpokenChannel(decoded.waveform.channel(number), spans) for number, spans in enumerate(regions.per_channel)
        )
        return _Heard(job, decoded, regions, channels)

    def _transcribe(self, calls: Sequence[_Heard]) -> Iterator[tuple[_Heard, RecordingError | None]]:
        failure = self._guard(Stage.TRANSCRIBE, self._transcribe_batch, calls)
        if not isinstance(failure, RecordingError):
            yield from ((call, None) for call in calls)
        elif len(calls) <= 1:
            yield from ((call, failure) for call in calls)
        else:
            for call in calls:
                yield from self._transcribe([call])

    def _transcribe_batch(self, calls: Sequence[_Heard]) -> None:
        channels = [channel for call in calls for channel in call.channels]
        with self.clock.of("transcriber"):
            transcripts = iter(self._engines.transcriber.transcribe(channels))
        for call in calls:
            call.transcripts = tuple(next(transcripts) for _ in call.channels)

    def _understand(self, call: _Heard) -> tuple[tuple[Turn, ...], tuple[Redaction, ...]]:
        """From raw words to redacted turns."""
        words, known, speakers = self._words(call)
        turns = build_turns(words, assign_roles(words, known, _ANSWERS.get(call.job.direction)))
        if self._listener is not None:
            self._listener.heard(call.job, turns, speakers)
        redacted = redact(turns, self._engines.redaction_rules)
        if not redacted.turns:
            raise RecordingError(Stage.TRANSCRIBE, FailureKind.NO_SPEECH)
        return redacted.turns, redacted.redactions

    def _words(self, call: _Heard) -> tuple[tuple[SpokenWord, ...], dict[str, Role], tuple[SpeakerTurn, ...]]:
        """The words with their speakers, the roles that metadata settles, and what the diarizer heard."""
        if call.layout is Layout.STEREO:
            by_channel = (words_of_channel(str(n), t.utterances) for n, t in enumerate(call.transcripts))
            agent = call.agent_channel
            known = {} if agent is None else {str(agent): Role.AGENT, str(1 - agent): Role.CALLER}
            return tuple(word for words in by_channel for word in words), known, ()
        utterances: tuple[Utterance, ...] = call.transcripts[0].utterances
        with self.clock.of("diarizer"):
            heard = self._engines.diarizer.diarize(_only(call.channels[0]))
        return words_by_speaker(utterances, heard.exclusive), {}, heard.turns

    def _tag(self, calls: Sequence[tuple[Turn, ...]]) -> Sequence[tuple[TurnVectors, Tags] | RecordingError]:
        if not calls:
            return ()
        with self.clock.of("tagger"):
            tagged = self._guard(Stage.TAG, self._tag_batch, calls)
        if not isinstance(tagged, RecordingError):
            return tagged
        return (tagged,) if len(calls) == 1 else [self._tag([call])[0] for call in calls]

    def _tag_batch(self, calls: Sequence[tuple[Turn, ...]]) -> list[tuple[TurnVectors, Tags]]:
        vectors = self._engines.tagger.read(calls)
        return list(zip(vectors, self._engines.tagger.decide(calls, vectors), strict=True))

    def _result(
        self, call: _Heard, turns: tuple[Turn, ...], redactions: tuple[Redaction, ...], tags: Tags
    ) -> CallResult:
        job = call.job
        return CallResult(
            call=Call(
                call_id=job.call_id,
                started_at=job.started_at,
                queue=job.queue,
                direction=job.direction,
                layout=call.layout,
                agent_channel=call.agent_channel,
                registered_topic=job.registered_topic,
                caller_ref=job.caller_ref,
            ),
            recording_ref=job.recording_ref,
            turns=turns,
            tags=tags,
            measures=measure(turns, call.duration_ms, call.regions.hold),
            recognition=_recognition(call),
            redactions=redactions,
            provenance=self._provenance,
            review_copy=self._copy(call, turns, redactions),
        )

    def _copy(self, call: _Heard, turns: tuple[Turn, ...], redactions: tuple[Redaction, ...]) -> CopyState:
        """Keep a review copy when there is somebody who does. Without a copy a call is as good as with one."""
        if self._copier is None:
            return CopyState.OFF
        words = [[word for u in transcript.utterances for word in u.words] for transcript in call.transcripts]
        heard = call.decoded
        material = Material(heard.waveform, heard.source_sample_rate_hz, words, turns, redactions, call.regions.hold)
        with self.clock.of("review copy"):
            state = self._guard(Stage.WRITE, self._copier.copy, call.job.call_id, material)
        return CopyState.REFUSED if isinstance(state, RecordingError) else state

    def _guard(self, stage: Stage, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | RecordingError:
        """Run a step; whatever it raises becomes a typed failure.

        The exception itself is dropped on purpose: its text or its locals may hold what a caller said.
        """
        try:
            return step(*args, **kwargs)
        except RecordingError as error:
            return RecordingError(error.stage, error.kind, retryable=error.retryable)
        except MemoryError:
            return RecordingError(stage, FailureKind.OUT_OF_MEMORY, retryable=True)
        except Exception as error:  # noqa: BLE001 - the night goes on, whatever a library raises
            _LOG.warning("a call failed in stage %s with %s", stage.value, type(error).__name__)
            return RecordingError(stage, FailureKind.INTERNAL)


def _only(channel: SpokenChannel) -> Waveform:
    """The channel with music, tones and the like taken out, so that they are no speaker."""
    waveform = channel.waveform
    return Waveform(without_sounds(waveform.samples[0], channel.regions)[None], waveform.sample_rate_hz)


def _recognition(call: _Heard) -> Recognition:
    probabilities = [w.probability for t in call.transcripts for u in t.utterances for w in u.words]
    return Recognition(
        words=len(probabilities),
        mean_word_probability=sum(probabilities) / len(probabilities) if probabilities else 1.0,
        loops_redecoded=sum(t.loops_redecoded for t in call.transcripts),
        loops_dropped=sum(t.loops_dropped for t in call.transcripts),
        phantoms_dropped=sum(t.phantoms_dropped for t in call.transcripts),
        bleed_dropped_ms=call.regions.bleed_dropped_ms,
        nonspeech_dropped_ms=call.regions.nonspeech_dropped_ms,
    )
