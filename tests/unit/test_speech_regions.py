"""Speech is found whole; tones, music, silence and the other side's bleed are not taken for it."""

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from callinsight.audio import decode
from callinsight.core.bleed import without_bleed
from callinsight.core.values import Span, Waveform

os.environ.setdefault("OMP_NUM_THREADS", "1")

from callinsight.engines.speech_regions import RegionOptions, SileroRegions, SpeechRegions

RATE_HZ = 16_000
CALLS = Path(__file__).parents[1] / "data" / "calls"
Samples = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def finder() -> SileroRegions:
    return SileroRegions()


def test_onnx_runtime_reports_to_nobody_also_without_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    SileroRegions()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def mono(samples: Samples) -> Waveform:
    return Waveform(samples[None].astype(np.float32), RATE_HZ)


def band(samples: npt.NDArray[np.float64]) -> Samples:
    """The telephone band, and a little line noise."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(samples.size, 1 / RATE_HZ)
    spectrum[(hz < 300) | (hz > 3400)] = 0
    noise = np.random.default_rng(9).normal(0, 1e-4, samples.size)
    return (np.fft.irfft(spectrum, samples.size) + noise).astype(np.float32)


def ringing(seconds: float) -> Samples:
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return band(0.1 * np.sin(2 * np.pi * 425 * time_s) * (time_s % 5 < 1))


def key_tones(seconds: float) -> Samples:
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    both = np.sin(2 * np.pi * 770 * time_s) + np.sin(2 * np.pi * 1336 * time_s)
    return band(0.1 * both * (time_s % 0.25 < 0.1))


def music(seconds: float, seed: int) -> Samples:
    """Chords of plucked notes with overtones, a wandering melody above them, and a drum."""
    rng = np.random.default_rng(seed)
    total, beat = int(seconds * RATE_HZ), RATE_HZ // 2
    out = np.zeros(total + 4 * beat)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])

    def note(semitones: float, length: int, decay_s: float) -> npt.NDArray[np.float64]:
        time_s = np.arange(length) / RATE_HZ
        base = 196 * 2 ** (semitones / 12)
        voices = [np.sin(2 * np.pi * k * base * time_s) / k for k in range(1, 7)]
        return np.asarray(sum(voices) * np.exp(-time_s / decay_s))

    for index, at in enumerate(range(0, total, beat)):
        if index % 4 == 0:
            root = rng.choice([0, 5, 7, 9])
            for third in (0, 4, 7):
                out[at : at + 4 * beat] += note(root + third, 4 * beat, 1.5)
        out[at : at + beat] += note(12 + rng.choice(scale), beat, 0.6)
        out[at : at + 800] += rng.normal(0, 0.6, 800) * np.exp(-np.arange(800) / 200)
    return band(0.06 * out[:total] / np.std(out))


def milliseconds(spans: tuple[Span, ...], duration_ms: int) -> npt.NDArray[np.bool_]:
    marks = np.zeros(duration_ms, np.bool_)
    for span in spans:
        marks[span.start_ms : span.end_ms] = True
    return marks


@pytest.mark.parametrize("samples", [1, 500, 16_000, 160_000])
def test_silence_holds_nothing(finder: SileroRegions, samples: int) -> None:
    assert finder.find_speech(mono(np.zeros(samples, np.float32)), bleed=False) == SpeechRegions(((),))


def test_no_samples_hold_nothing(finder: SileroRegions) -> None:
    assert finder.find(mono(np.zeros(0, np.float32))) == ()


def test_another_sample_rate_is_refused(finder: SileroRegions) -> None:
    with pytest.raises(ValueError, match="16000"):
        finder.find(Waveform(np.zeros((1, 8000), np.float32), 8000))


@pytest.mark.parametrize("sound", [ringing(20), key_tones(20), *(music(30, seed) for seed in range(4))])
def test_tones_and_music_are_not_speech(finder: SileroRegions, sound: Samples) -> None:
    found = finder.find_speech(mono(sound), bleed=False)
    assert found.per_channel == ((),)
    assert found.nonspeech_dropped_ms > 1000


def test_hold_music_is_told_from_ringing(finder: SileroRegions) -> None:
    held = finder.find_speech(mono(music(30, 1)), bleed=False).hold
    assert sum(span.duration_ms for span in held) > 20_000
    assert finder.find_speech(mono(ringing(30)), bleed=False).hold == ()


def first_stereo_call() -> tuple[Waveform, tuple[tuple[Span, ...], ...]]:
    """A bundled call with two sides, and when each of them speaks."""
    for path in sorted((CALLS / "truth").glob("*.json")):
        truth = json.loads(path.read_text())
        if truth["layout"] == "stereo" and not truth["nonspeech"] and truth["recording"].endswith(".opus"):
            words = [(turn["channel"], word) for turn in truth["turns"] for word in turn["words"]]
            spoken = [tuple(Span(w["start_ms"], w["end_ms"]) for c, w in words if c == side) for side in (0, 1)]
            return decode(CALLS / truth["recording"]).waveform, tuple(spoken)
    pytest.skip("no bundled stereo call without music")


def test_speech_is_found_whole_and_silence_is_left_out(finder: SileroRegions) -> None:
    waveform, spoken = first_stereo_call()
    found = finder.find_speech(waveform, bleed=True)
    for side in (0, 1):
        truth = milliseconds(spoken[side], waveform.duration_ms + 2000)
        marks = milliseconds(found.per_channel[side], waveform.duration_ms + 2000)
        assert (marks & truth).sum() / truth.sum() > 0.97
        assert regions_are_sound(found.per_channel[side], waveform.duration_ms)
        quiet = ~np.convolve(truth, np.ones(2001), mode="same").astype(bool)
        assert (marks & quiet).sum() < 0.1 * marks.sum()


def regions_are_sound(spans: tuple[Span, ...], duration_ms: int) -> bool:
    pairs = pairwise(spans)
    return all(a.end_ms < b.start_ms for a, b in pairs) and all(span.end_ms <= duration_ms for span in spans)


def test_the_same_sound_gives_the_same_regions(finder: SileroRegions) -> None:
    waveform, _ = first_stereo_call()
    assert finder.find_speech(waveform, bleed=True) == finder.find_speech(waveform, bleed=True)


def test_a_long_recording_is_heard_in_pieces_without_a_seam(finder: SileroRegions) -> None:
    """Past five minutes the model starts anew; speech across that seam is found as anywhere else."""
    waveform, spoken = first_stereo_call()
    call = waveform.samples[0]
    repeats = -(-330 * RATE_HZ // call.size)
    found = milliseconds(finder.find(mono(np.tile(call, repeats))), 800_000)
    truth = np.tile(milliseconds(spoken[0], waveform.duration_ms), repeats + 1)
    seam = slice(290_000, 310_000)
    assert truth[seam].any()
    assert (found[seam] & truth[seam]).sum() / truth[seam].sum() > 0.95


def talking(seed: int, seconds: float) -> Samples:
    """A voice-like sound: syllables of a wavering pitch with two formants. For bleed only; no recogniser hears it."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE_HZ)
    knots = int(seconds * 5) + 2
    at = np.linspace(0, knots - 1, count)
    pitch = np.interp(at, np.arange(knots), rng.uniform(100, 220, knots))
    loud = np.interp(at, np.arange(knots), rng.random(knots) ** 2)
    source = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ)) + rng.normal(0, 0.3, count)
    return band(0.1 * source * loud)


@pytest.mark.parametrize("delay_ms", [0, 20, 250])
@pytest.mark.parametrize("gain_db", [-35, -25, -15])
def test_bleed_goes_and_overlap_stays(delay_ms: int, gain_db: int) -> None:
    """Side 0 speaks from 1 to 11 s, side 1 from 8 to 20 s: between 8 and 11 s both do."""
    sides = np.zeros((2, 21 * RATE_HZ), np.float32)
    sides[0, RATE_HZ : 11 * RATE_HZ] = talking(1, 10)
    sides[1, 8 * RATE_HZ : 20 * RATE_HZ] = talking(2, 12)
    gain, late = 10 ** (gain_db / 20), delay_ms * RATE_HZ // 1000
    rng = np.random.default_rng(3)
    heard = [sides[s] + gain * np.roll(sides[1 - s], late) + rng.normal(0, 1e-4, sides.shape[1]) for s in (0, 1)]
    everything = (Span(500, 20_500),)
    first, second = (
        without_bleed(heard[s].astype(np.float32), heard[1 - s].astype(np.float32), everything) for s in (0, 1)
    )
    mine, theirs = milliseconds(first, 21_000), milliseconds(second, 21_000)
    assert mine[1_500:10_500].mean() > 0.93  # the faintest syllables drown in a strong bleed
    assert mine[12_000:19_500].mean() < 0.05
    assert theirs[8_500:19_500].mean() > 0.93
    assert theirs[1_500:7_500].mean() < 0.05


def test_two_sides_without_bleed_lose_nothing() -> None:
    first, second = talking(1, 20), talking(2, 20)
    everything = (Span(0, 20_000),)
    assert without_bleed(first, second, everything) == everything
    assert without_bleed(second, first, everything) == everything


def test_options_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="leave <= enter"):
        RegionOptions(enter=0.1, leave=0.2)
