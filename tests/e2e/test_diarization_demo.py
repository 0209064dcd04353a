"""The bundled speaker folder, by the real library: it tells voices apart, and damage to it is found out."""

import itertools
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from callinsight.core.values import Span, SpeakerTurn, Waveform
from callinsight.engines.pyannote import PyannoteDiarizer
from callinsight.errors import ModelError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "models" / "demo" / "speakers"
CALLS = ROOT / "tests" / "data" / "calls"
WORST_ERROR_RATE = 0.2  # of a few bundled calls; one speaker for everybody scores about 0.45, see the test

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def diarizer() -> PyannoteDiarizer:
    import torch

    torch.set_num_threads(1)
    return PyannoteDiarizer.load(FOLDER)


def decoded(path: Path) -> Waveform:
    import av

    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16_000)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return Waveform(np.concatenate([frame.to_ndarray() for frame in frames], axis=1).astype(np.float32), 16_000)


def short_mono_calls(count: int) -> list[tuple[Waveform, tuple[SpeakerTurn, ...]]]:
    truths = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((CALLS / "truth").glob("*.json"))]
    mono = [t for t in truths if t["layout"] == "mono" and len({turn["speaker"] for turn in t["turns"]}) == 2]
    chosen = sorted(mono, key=lambda t: (t["duration_ms"], t["recording"]))[:count]
    return [
        (
            decoded(CALLS / truth["recording"]),
            tuple(SpeakerTurn(Span(t["start_ms"], t["end_ms"]), t["speaker"]) for t in truth["turns"]),
        )
        for truth in chosen
    ]


def error_rate(pairs: list[tuple[tuple[SpeakerTurn, ...], tuple[SpeakerTurn, ...], int]]) -> float:
    """Diarization error of (reference, found, duration_ms): no collar, overlap counted."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(turns: tuple[SpeakerTurn, ...]) -> Annotation:
        made = Annotation()
        for number, turn in enumerate(turns):
            made[Segment(turn.span.start_ms / 1000, turn.span.end_ms / 1000), number] = turn.speaker
        return made

    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    for reference, found, duration_ms in pairs:
        metric(annotation(reference), annotation(found), uem=Timeline([Segment(0, duration_ms / 1000)]))
    return float(abs(metric))


def test_bundled_mono_calls_are_separated_better_than_by_chance(diarizer: PyannoteDiarizer) -> None:
    calls = short_mono_calls(3)
    assert len(calls) == 3
    found = [(truth, diarizer.diarize(sound).turns, sound.duration_ms) for sound, truth in calls]
    blind = [
        (truth, tuple(SpeakerTurn(turn.span, "everybody") for turn in turns), duration_ms)
        for truth, turns, duration_ms in found
    ]
    assert error_rate(found) < WORST_ERROR_RATE
    assert error_rate(found) < 0.7 * error_rate(blind), "naming everybody alike is nearly as good"


def test_exclusive_turns_of_a_call_cover_its_speech_without_overlap(diarizer: PyannoteDiarizer) -> None:
    sound, truth = short_mono_calls(1)[0]
    turns = diarizer.diarize(sound).exclusive
    assert all(a.span.end_ms <= b.span.start_ms for a, b in itertools.pairwise(turns))
    assert turns[-1].span.end_ms <= sound.duration_ms
    spoken = sum(turn.span.duration_ms for turn in truth)
    heard = sum(max((t.span.overlap_ms(s.span) for t in turns), default=0) for s in truth)
    assert heard > 0.5 * spoken
    assert turns == diarizer.diarize(sound).exclusive, "the same sound gives the same turns"


@pytest.mark.parametrize("duration_ms", [300, 1_000, 4_999, 12_000])
def test_sound_without_speech_of_any_length_does_no_harm(diarizer: PyannoteDiarizer, duration_ms: int) -> None:
    hiss = np.random.default_rng(3).normal(0, 0.003, (1, duration_ms * 16)).astype(np.float32)
    turns = diarizer.diarize(Waveform(hiss, 16_000)).turns
    assert all(turn.span.end_ms <= duration_ms for turn in turns)
    assert sum(turn.span.duration_ms for turn in turns) <= 0.2 * duration_ms


def test_telemetry_is_off(diarizer: PyannoteDiarizer) -> None:
    from pyannote.audio.telemetry.metrics import is_metrics_enabled

    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "0"
    assert not is_metrics_enabled()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("segmentation/pytorch_model.bin", b"not a checkpoint"),
        ("embedding/pytorch_model.bin", None),
        ("plda/plda.npz", b""),
        ("config.yaml", b"pipeline: {name: nothing.at.All}\n"),
        ("config.yaml", b"[}"),
    ],
)
def test_a_damaged_folder_is_refused_with_advice(tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = tmp_path / "speakers"
    shutil.copytree(FOLDER, folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match="callinsight models"):
        PyannoteDiarizer.load(folder)


def test_a_device_that_is_not_there_is_refused_with_advice() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ModelError, match=r'"cuda".*"cpu"'):
        PyannoteDiarizer.load(FOLDER, device="cuda")
