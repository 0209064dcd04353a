"""The seam to pyannote.audio: what comes in and out, and which errors leave it. The library itself is not imported."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from callinsight.core.values import FailureKind, Span, SpeakerTurn, Stage, Waveform
from callinsight.engines import Diarization
from callinsight.engines.pyannote import PyannoteDiarizer
from callinsight.errors import ModelError, RecordingError


@dataclass
class FakeAnnotation:
    """As pyannote's Annotation: stretches in seconds with a label."""

    stretches: list[tuple[float, float, str]]

    def itertracks(self, yield_label: bool) -> Any:
        assert yield_label
        return ((SimpleNamespace(start=a, end=b), "A", label) for a, b, label in self.stretches)


@dataclass
class FakePipeline:
    """Puts out given turns, or raises, and remembers what it was asked."""

    turns: list[tuple[float, float, str]] = field(default_factory=list)
    exclusive: list[tuple[float, float, str]] = field(default_factory=list)
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, file: dict[str, Any], **bounds: int) -> Any:
        self.asked.append({**file, **bounds})
        if self.error:
            raise self.error
        return SimpleNamespace(
            speaker_diarization=FakeAnnotation(self.turns), exclusive_speaker_diarization=FakeAnnotation(self.exclusive)
        )


def sound(duration_ms: int, *, level: float = 0.1, channels: int = 1, rate_hz: int = 16_000) -> Waveform:
    rng = np.random.default_rng(1)
    samples = rng.uniform(-level, level, (channels, duration_ms * rate_hz // 1000))
    return Waveform(samples.astype(np.float32), rate_hz)


def test_turns_are_whole_milliseconds_in_order_within_the_recording() -> None:
    pipeline = FakePipeline(turns=[(1.2004, 2.9996, "B"), (0.0, 1.5, "A"), (2.5, 9.9, "A"), (3.2, 9.9, "A")])
    found = PyannoteDiarizer(pipeline).diarize(sound(3_000)).turns
    assert found == (
        SpeakerTurn(Span(0, 1_500), "A"),
        SpeakerTurn(Span(1_200, 3_000), "B"),
        SpeakerTurn(Span(2_500, 3_000), "A"),
    )


def test_exclusive_turns_never_overlap() -> None:
    pipeline = FakePipeline(exclusive=[(0.0, 1.0, "A"), (0.983, 1.7, "B"), (1.0, 1.5, "A"), (1.7, 2.0, "A")])
    found = PyannoteDiarizer(pipeline).diarize(sound(2_000)).exclusive
    assert [(t.span.start_ms, t.span.end_ms, t.speaker) for t in found] == [
        (0, 1_000, "A"),
        (1_000, 1_700, "B"),
        (1_700, 2_000, "A"),
    ]


@pytest.mark.parametrize(
    "nothing", [sound(0), sound(1), sound(299), sound(60_000, level=0.0), sound(5_000, level=1e-4)]
)
def test_silence_and_very_short_sound_give_no_turns_and_cost_nothing(nothing: Waveform) -> None:
    pipeline = FakePipeline(exclusive=[(0.0, 0.2, "A")], turns=[(0.0, 0.2, "A")])
    diarizer = PyannoteDiarizer(pipeline)
    assert diarizer.diarize(nothing) == Diarization()
    assert pipeline.asked == []


def test_nobody_found_gives_no_turns() -> None:
    assert PyannoteDiarizer(FakePipeline()).diarize(sound(1_000)) == Diarization()


def test_samples_go_in_as_they_are_with_the_bounds() -> None:
    pipeline = FakePipeline()
    waveform = sound(1_000)
    PyannoteDiarizer(pipeline, min_speakers=2, max_speakers=4).diarize(waveform)
    asked = pipeline.asked[0]
    assert np.array_equal(asked["waveform"].numpy(), waveform.samples)
    assert (asked["sample_rate"], asked["min_speakers"], asked["max_speakers"]) == (16_000, 2, 4)
    assert not any("path" in key or "audio" in key for key in asked)


@pytest.mark.parametrize(
    ("raised", "kind", "retryable"),
    [
        (RuntimeError("text that must stay inside"), FailureKind.ENGINE_FAILED, False),
        (ValueError("shape"), FailureKind.ENGINE_FAILED, False),
        (MemoryError(), FailureKind.OUT_OF_MEMORY, True),
    ],
)
def test_failures_of_the_library_leave_as_typed_errors(raised: Exception, kind: FailureKind, retryable: bool) -> None:
    with pytest.raises(RecordingError) as caught:
        PyannoteDiarizer(FakePipeline(error=raised)).diarize(sound(1_000))
    assert (caught.value.stage, caught.value.kind, caught.value.retryable) == (Stage.DIARIZE, kind, retryable)
    assert "inside" not in str(caught.value)


@pytest.mark.parametrize("waveform", [sound(1_000, channels=2), sound(1_000, rate_hz=8_000)])
def test_only_mono_at_16_khz_is_taken(waveform: Waveform) -> None:
    with pytest.raises(ValueError, match="16 kHz"):
        PyannoteDiarizer(FakePipeline()).diarize(waveform)


@pytest.mark.parametrize(("least", "most"), [(0, 3), (3, 2)])
def test_senseless_bounds_are_refused(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="min_speakers"):
        PyannoteDiarizer(FakePipeline(), min_speakers=least, max_speakers=most)


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_without_a_model_is_named_with_advice(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "speakers"
    if made:
        folder.mkdir()
    with pytest.raises(ModelError, match=r"config\.yaml.*callinsight models pull"):
        PyannoteDiarizer.load(folder)
