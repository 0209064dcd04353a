"""A chunk of calls through scripted engines: roles, redaction, isolation of what is bad."""

import io
import wave
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from callinsight.audio import DecodeLimits, decode
from callinsight.audio_opus import decode_opus
from callinsight.core.audibility import audible
from callinsight.core.bleep import BleepPlan, BleepRules
from callinsight.core.regions import joined
from callinsight.core.values import (
    CallResult,
    CopyState,
    Direction,
    FailureKind,
    Layout,
    Provenance,
    Role,
    Span,
    SpeakerTurn,
    Stage,
    Turn,
    Waveform,
)
from callinsight.core.vectors import TurnVectors
from callinsight.engines import SpokenChannel, Transcript
from callinsight.engines.scripted import ScriptedDiarizer, ScriptedTagger, ScriptedTranscriber
from callinsight.engines.speech_regions import SpeechRegions
from callinsight.errors import RecordingError
from callinsight.privacy_files import load_rules
from callinsight.review_copy import Copier, CopyRules
from callinsight.worker import Engines, Job, KeepVectors, Worker

ROOT = Path(__file__).parents[2]
RATE = 8_000
AGENT = "goedemorgen gemeente zonnedaal u spreekt met sanne waarmee kan ik u helpen"
CALLER = "ik bel over mijn paspoort mijn telefoonnummer is nul zes een twee drie vier vijf zes zeven acht"
PROVENANCE = Provenance("0", "0", (("m", "0"),), "0")


class WholeFile:
    """Takes every channel for speech from end to end."""

    def find_speech(self, waveform: Waveform, *, bleed: bool, agent_channel: int | None = None) -> SpeechRegions:
        del bleed, agent_channel
        silent = not waveform.samples.any()
        spans = () if silent else (Span(0, waveform.duration_ms),)
        return SpeechRegions(tuple(spans for _ in range(waveform.channels)), 0, 0, ())


def wav(seconds: float = 4.0, channels: int = 2, level: float = 0.2, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    samples = (rng.standard_normal((int(seconds * RATE), channels)) * level * 32767).clip(-32768, 32767)
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return data.getvalue()


def job(name: str, data: bytes, agent_channel: int | None = 0) -> Job:
    return Job(
        call_id=f"c{name}00",
        recording_ref=f"r{name}00",
        started_at=datetime(2026, 9, 1, 8, 0, tzinfo=UTC),
        queue="burgerzaken",
        direction=Direction.INBOUND,
        agent_channel=agent_channel,
        registered_topic="passport",
        expected_duration_ms=None,
        read=lambda: data,
    )


class ByChannel(ScriptedTranscriber):
    """The agent's line in even channels, the caller's in odd ones."""

    def transcribe(self, channels: Sequence[SpokenChannel]) -> tuple[Transcript, ...]:
        found: list[Transcript] = []
        for number, channel in enumerate(channels):
            self.lines = [CALLER if number % 2 else AGENT]
            found += super().transcribe([channel])
        return tuple(found)


def worker(
    transcriber: ScriptedTranscriber | None = None, copier: Copier | None = None, keep: KeepVectors | None = None
) -> Worker:
    engines = Engines(
        speech=WholeFile(),  # type: ignore[arg-type]
        transcriber=transcriber or ByChannel([AGENT]),
        diarizer=ScriptedDiarizer((SpeakerTurn(Span(0, 1_000), "A"), SpeakerTurn(Span(1_000, 4_000), "B"))),
        tagger=ScriptedTagger((("paspoort", "passport"),)),
        redaction_rules=load_rules(ROOT / "models/privacy/personal_data.yaml"),
    )
    return Worker(engines, PROVENANCE, DecodeLimits(), copier=copier, keep_vectors=keep)


def only(found: list[tuple[Job, CallResult | RecordingError]]) -> CallResult:
    ((_, outcome),) = found
    assert isinstance(outcome, CallResult)
    return outcome


def test_a_stereo_call_becomes_a_redacted_result() -> None:
    result = only(list(worker().process([job("a", wav())])))
    assert result.call.layout is Layout.STEREO
    assert {turn.role for turn in result.turns} == {Role.AGENT, Role.CALLER}
    text = " ".join(turn.text for turn in result.turns)
    assert "<TELEFOON>" in text
    assert "sanne" not in text
    assert "nul zes" not in text
    assert [question.topic for question in result.tags.questions] == ["passport"]
    assert {redaction.kind for redaction in result.redactions} >= {"phone", "person_name"}


def test_the_agents_channel_comes_from_metadata() -> None:
    result = only(list(worker().process([job("a", wav(), agent_channel=1)])))
    caller = next(turn for turn in result.turns if "paspoort" in turn.text)
    assert caller.role is Role.AGENT  # wrong in truth, but metadata is never overruled


def test_a_mono_call_is_diarized() -> None:
    line = f"{AGENT} {CALLER}"
    words = len(line.split())
    diarizer = ScriptedDiarizer(
        (SpeakerTurn(Span(0, 4_000 * 12 // words), "A"), SpeakerTurn(Span(4_000 * 12 // words, 4_000), "B"))
    )
    engines = Engines(
        WholeFile(),  # type: ignore[arg-type]
        ScriptedTranscriber([line]),
        diarizer,
        ScriptedTagger(()),
        load_rules(ROOT / "models/privacy/personal_data.yaml"),
    )
    result = only(list(Worker(engines, PROVENANCE, DecodeLimits()).process([job("m", wav(channels=1), None)])))
    assert result.call.layout is Layout.MONO
    assert [turn.role for turn in result.turns] == [Role.AGENT, Role.CALLER]
    assert result.call.agent_channel is None


def test_one_bad_recording_never_touches_another() -> None:
    jobs = [job("a", wav(seed=1)), job("b", b""), job("c", b"no sound at all"), job("d", wav(seed=2))]
    found = {j.call_id: outcome for j, outcome in worker().process(jobs)}
    assert isinstance(found["ca00"], CallResult)
    assert isinstance(found["cd00"], CallResult)
    for call_id, kind in (("cb00", FailureKind.EMPTY_FILE), ("cc00", FailureKind.NOT_AUDIO)):
        outcome = found[call_id]
        assert isinstance(outcome, RecordingError)
        assert (outcome.stage, outcome.kind) == (Stage.DECODE, kind)


def test_silence_is_set_aside() -> None:
    ((_, outcome),) = worker().process([job("a", wav(channels=1, level=0.0))])
    assert isinstance(outcome, RecordingError)
    assert outcome.kind is FailureKind.NO_SPEECH


def test_when_a_batch_fails_only_the_guilty_call_fails() -> None:
    def is_long(channel: SpokenChannel) -> bool:
        return channel.waveform.duration_ms > 5_000

    transcriber = ScriptedTranscriber([AGENT], broken=is_long)
    jobs = [job("a", wav(seed=1)), job("b", wav(6.0, seed=2)), job("c", wav(seed=3))]
    found = {j.call_id: outcome for j, outcome in worker(transcriber).process(jobs)}
    assert {call_id for call_id, o in found.items() if isinstance(o, RecordingError)} == {"cb00"}
    assert transcriber.batches == [6, 2, 2, 2]


def test_an_unforeseen_exception_is_reduced_to_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    def explode() -> bytes:
        raise RuntimeError("mijn naam is geheim")

    broken = job("a", b"")
    broken = Job(**{name: getattr(broken, name) for name in Job.__slots__ if name != "read"}, read=explode)
    ((_, outcome),) = worker().process([broken])
    assert isinstance(outcome, RecordingError)
    assert outcome.kind is FailureKind.INTERNAL
    assert "geheim" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_nothing_to_do() -> None:
    assert list(worker().process([])) == []


def test_vectors_are_kept_before_the_result_and_of_redacted_turns_alone() -> None:
    kept: dict[str, tuple[tuple[Turn, ...], TurnVectors]] = {}
    jobs = [job("a", wav(seed=1)), job("b", b"no sound"), job("c", wav(seed=2))]
    for done, outcome in worker(keep=lambda call_id, *what: kept.update({call_id: what})).process(jobs):
        if isinstance(outcome, CallResult):
            turns, vectors = kept[done.call_id]
            assert turns == outcome.turns
            assert len(vectors.values) == len(turns)
            assert "sanne" not in " ".join(turn.text for turn in turns)
    assert sorted(kept) == ["ca00", "cc00"]


def test_a_copy_to_listen_to_is_handed_over_with_its_call() -> None:
    kept: dict[str, bytes] = {}
    result = only(list(worker(copier=Copier(kept.__setitem__)).process([job("a", wav())])))
    assert result.review_copy is CopyState.MADE
    copy = decode_opus(kept["ca00"])
    assert abs(copy.duration_ms - 4_000) <= 1
    original = decode(wav()).waveform
    masked = joined(redaction.span for redaction in result.redactions)
    assert masked
    assert audible(original, copy, masked) == ()
    assert audible(original, copy, (Span(0, 400),))  # "goedemorgen" may be heard


def test_without_anybody_to_keep_it_no_copy_is_made() -> None:
    assert only(list(worker().process([job("a", wav())]))).review_copy is CopyState.OFF


def _broken(waveform: Waveform, plan: BleepPlan, rules: BleepRules) -> Waveform:
    del waveform, plan, rules
    raise RuntimeError("mijn naam is geheim")


@pytest.mark.parametrize("bleeper", [lambda waveform, *_: waveform, _broken])
def test_trouble_with_the_copy_costs_the_copy_and_not_the_call(
    bleeper: Callable[..., Waveform], caplog: pytest.LogCaptureFixture
) -> None:
    kept: dict[str, bytes] = {}
    copier = Copier(kept.__setitem__, CopyRules(bleeper=bleeper))
    result = only(list(worker(copier=copier).process([job("a", wav())])))
    assert result.review_copy is CopyState.REFUSED
    assert result.turns
    assert kept == {}
    assert "geheim" not in caplog.text
