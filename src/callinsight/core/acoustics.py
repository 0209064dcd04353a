"""What can be heard without recognising anything: loudness over time, and sounds that are steady in pitch.

Tones (ringing, engaged, key presses, beeps) and most music hold their pitches still, note by note, while the pitch of
a voice never rests. How much of the sound lies in partials that stay in place for a fifth of a second therefore tells
them apart: measured on telephone-band material the middle value is 0.0 for read and synthetic speech, and 0.9 and more
for tones and most music. Frames are 32 ms, as those of the Silero voice-activity model.
"""

import numpy as np
import numpy.typing as npt

from callinsight.core.regions import Marks, Regions, joined, marks_of, of_marks, without
from callinsight.core.values import Span

SAMPLE_RATE_HZ = 16_000
FRAME_MS = 32
FRAME_SAMPLES = FRAME_MS * SAMPLE_RATE_HZ // 1000

Samples = npt.NDArray[np.float32]
Levels = npt.NDArray[np.float32]

_SILENCE_DB = -100.0
_WINDOW = 1024  # 64 ms: long enough to part the harmonics of a low voice
_TRANSFORM = 2048
_BIN_HZ = SAMPLE_RATE_HZ / _TRANSFORM
_BAND_HZ = (200.0, 3600.0)  # what every telephone line passes
_PARTIALS = 12
_PEAK_FLOOR = 0.02
_PEAK_HALF_WIDTH = 4  # bins: the main lobe of the window
_STEADY_REACH = 3  # frames to each side that a partial may be followed
_STEADY_FRAMES = 4  # of these seven it must be in place for four in a row around the middle
_STEADY_SHARE, _STEADY_MIN_HZ = 0.006, 4.0  # a tenth of a semitone; voices move more within 100 ms
_CHUNK_FRAMES = 1875  # one minute

_AUDIBLE_BELOW_PEAK_DB = 40.0
_LEAST_NOISE = 1e-4  # -80 dB, where a recording holds no noise at all
_AUDIBLE_ABOVE_FLOOR_DB = 8.0
_LOUD_BELOW_PEAK_DB = 25.0
_HOLD_WINDOW_FRAMES = 94  # three seconds
_HOLD_STEADINESS = 0.45
_HOLD_ACTIVITY = 0.5
_HOLD_MIN_MS = 5_000
_HOLD_GAP_MS = 2_000
_HOLD_MIN_DB = -50.0
_HOLD_BELOW_SPEECH_DB = 25.0


def frame_count(samples: Samples) -> int:
    """Number of 32 ms frames that cover mono ``[sample]``; the last may be short."""
    return -(-len(samples) // FRAME_SAMPLES)


def levels_db(samples: Samples, frame_samples: int = FRAME_SAMPLES) -> Levels:
    """Level per frame of mono ``[sample]`` in dB re full scale, at least -100."""
    frames = -(-samples.shape[0] // frame_samples)
    if not frames:
        return np.zeros(0, np.float32)
    starts = np.arange(frames) * frame_samples
    power = np.add.reduceat(np.square(samples, dtype=np.float32), starts, dtype=np.float64) / frame_samples
    levels: Levels = np.maximum(_SILENCE_DB, 10 * np.log10(power + 1e-12)).astype(np.float32)
    return levels


def audible(levels: Levels) -> Marks:
    """Mark the frames that stand out from the line's own noise."""
    if not levels.size:
        return np.zeros(0, np.bool_)
    floor, peak = np.quantile(levels, [0.1, 0.98])
    threshold = max(min(floor + _AUDIBLE_ABOVE_FLOOR_DB, peak - 6.0), peak - _AUDIBLE_BELOW_PEAK_DB, -75.0)
    marks: Marks = levels > threshold
    return marks


def without_sounds(samples: Samples, speech: Regions) -> Samples:
    """Mono ``[sample]`` at 16 kHz in which all that can be heard outside ``speech`` has become noise of the line.

    Music and tones are gone, and nothing else changes: silence cut in with sharp edges is a sound of its own to
    networks that have only met lines with noise on them. Deterministic.
    """
    levels = levels_db(samples)
    hidden = np.repeat(audible(levels) & ~marks_of(speech, levels.size, FRAME_MS), FRAME_SAMPLES)[: samples.shape[0]]
    floor = 10 ** (float(np.quantile(levels, 0.1)) / 20) if levels.size else 0.0
    noise = np.random.default_rng(0).standard_normal(samples.shape[0], dtype=np.float32)
    cleaned: Samples = np.where(hidden, noise * np.float32(max(floor, _LEAST_NOISE)), samples)
    return cleaned


def steadiness(samples: Samples) -> Levels:
    """Share of the sound, per 32 ms frame of mono ``[sample]`` at 16 kHz, that lies in partials of unmoving pitch."""
    frames = frame_count(samples)
    before = (_WINDOW - FRAME_SAMPLES) // 2
    steady = np.zeros(frames, np.float32)
    for first in range(0, frames, _CHUNK_FRAMES):
        last = min(frames, first + _CHUNK_FRAMES)
        low, high = max(0, first - _STEADY_REACH), min(frames, last + _STEADY_REACH)
        start, end = low * FRAME_SAMPLES - before, (high - 1) * FRAME_SAMPLES - before + _WINDOW
        piece = np.pad(samples[max(0, start) : end], (max(0, -start), max(0, end - samples.shape[0])))
        steady[first:last] = _steady_share(*_partials(piece, high - low))[first - low : last - low]
    return steady


def _partials(piece: Samples, frames: int) -> tuple[Levels, Levels]:
    """The strongest spectral peaks per frame: ``[frame, partial]`` in Hz (0 where there is none), and their share."""
    windows = np.lib.stride_tricks.sliding_window_view(piece, _WINDOW)[::FRAME_SAMPLES][:frames]
    spectrum = np.fft.rfft(windows * np.hanning(_WINDOW).astype(np.float32), _TRANSFORM, axis=1)
    low, high = round(_BAND_HZ[0] / _BIN_HZ), round(_BAND_HZ[1] / _BIN_HZ)
    power = (spectrum.real**2 + spectrum.imag**2)[:, low:high].astype(np.float32)
    middle = power[:, 1:-1]
    is_peak = (middle > power[:, :-2]) & (middle >= power[:, 2:])
    is_peak &= middle > _PEAK_FLOOR * power.max(axis=1, keepdims=True)
    height = np.where(is_peak, middle, 0.0)
    bins = np.argpartition(height, -_PARTIALS, axis=1)[:, -_PARTIALS:]
    rows = np.arange(frames)[:, None]
    logs = np.log(power + 1e-20)
    left, top, right = (logs[rows, bins + shift] for shift in (0, 1, 2))
    offset = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-9)  # the peak of a parabola through three
    present = height[rows, bins] > 0
    hz = np.where(present, (bins + 1 + np.clip(offset, -0.5, 0.5) + low) * _BIN_HZ, 0.0)
    summed = np.cumsum(np.pad(power, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    ends = np.minimum(bins + 2 + _PEAK_HALF_WIDTH, power.shape[1]), np.maximum(bins + 1 - _PEAK_HALF_WIDTH, 0)
    share = (summed[rows, ends[0]] - summed[rows, ends[1]]) / (summed[:, -1:] + 1e-12)
    return hz.astype(np.float32), np.where(present, share, 0.0).astype(np.float32)


def _steady_share(hz: Levels, share: Levels) -> Levels:
    """Per frame the share of the partials that stay in place around it."""
    frames = hz.shape[0]
    run = np.ones(hz.shape, np.int64)
    tolerance = np.maximum(_STEADY_MIN_HZ, _STEADY_SHARE * hz)
    for direction in (1, -1):
        alive = hz > 0
        for reach in range(1, _STEADY_REACH + 1):
            there = np.zeros_like(hz)
            if reach < frames:
                source, target = (hz[reach:], there[:-reach]) if direction == 1 else (hz[:-reach], there[reach:])
                target[:] = source
            distance = np.abs(there[:, None, :] - hz[:, :, None]).min(axis=2)
            alive &= distance < tolerance
            run += alive
    kept: Levels = np.minimum(1.0, np.where(run >= _STEADY_FRAMES, share, 0.0).sum(axis=1)).astype(np.float32)
    return kept


def steadiness_of(span: Span, steady: Levels, levels: Levels) -> float:
    """Mean steadiness of the loud frames in a span; 0 when the span lies outside the sound."""
    inside = slice(span.start_ms // FRAME_MS, -(-span.end_ms // FRAME_MS))
    if not levels[inside].size:
        return 0.0
    loud = levels[inside] > levels[inside].max() - _LOUD_BELOW_PEAK_DB
    return float(steady[inside][loud].mean())


def held(steady: Levels, levels: Levels, speech: Regions) -> Regions:
    """Stretches of at least five seconds in which steady sound goes on and on and nobody speaks: hold music."""
    spoken = marks_of(speech, levels.size, FRAME_MS)
    threshold = _HOLD_MIN_DB
    if spoken.any():  # mains hum is steady too, but no music is that faint beside the voices
        threshold = max(threshold, float(np.quantile(levels[spoken], 0.9)) - _HOLD_BELOW_SPEECH_DB)
    marks = audible(levels) & (levels > threshold) & ~spoken
    if marks.size < _HOLD_WINDOW_FRAMES:
        return ()
    box = np.ones(_HOLD_WINDOW_FRAMES)
    active = np.convolve(marks, box, mode="same")
    sound = np.convolve(np.where(marks, steady, 0.0), box, mode="same")
    music = (active > _HOLD_ACTIVITY * _HOLD_WINDOW_FRAMES) & (sound > _HOLD_STEADINESS * np.maximum(active, 1.0))
    music &= ~spoken
    stretches = without(joined(of_marks(music, FRAME_MS), _HOLD_GAP_MS), speech)
    return tuple(span for span in stretches if span.duration_ms >= _HOLD_MIN_MS)
