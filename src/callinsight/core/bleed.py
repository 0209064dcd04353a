"""Cross-talk: what one side of a call hears of the other, faintly, on its own channel.

The path from one channel into the other is nearly constant within a call, so it can be read off the call itself. Over
the time in which the other side is the louder one, the two channels are correlated: a bleed shows as one sharp delay
(generalised cross-correlation with phase transform, Knapp and Carter 1976), and its gain per band follows from the
cross-spectrum (the H1 estimate), which neither noise nor speech of one's own can raise. What is no louder than the path
makes it is the other side's voice; what stands out from it is a voice of its own, even when both speak at once.
Without the sharp delay nothing is removed.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from callinsight.core.acoustics import SAMPLE_RATE_HZ, Samples, audible, levels_db
from callinsight.core.regions import Marks, Regions, of_marks, without
from callinsight.core.values import Span

FRAME_MS = 16
_HOP = FRAME_MS * SAMPLE_RATE_HZ // 1000
_WINDOW = 2 * _HOP
_EDGES_HZ = (250, 500, 800, 1200, 1700, 2400, 3400)
_CHUNK_FRAMES = 3750  # one minute

_DELAY_WINDOW = 1 << 14  # about a second
_DELAY_WINDOWS = 400
_MAX_LEAD, _MAX_LAG = SAMPLE_RATE_HZ // 100, SAMPLE_RATE_HZ * 35 // 100  # -10 ms to 350 ms, an echo from a far handset
_GAIN_WINDOW = 1 << 12
_MIN_WINDOWS = 3
_MIN_SHARPNESS = 9.0  # of the delay's peak over the rest; independent speech stays below 6

_LOUD_DB = 20.0
_MIN_SEPARATION_DB = 8.0
_ONE_SIDED_DB = 10.0
_UNDECIDED = 0.1
_MARGIN = 4.0  # 6 dB
_SMOOTH_MARGIN = 2.0  # 3 dB
_FLOOR_FACTOR = 2.0  # from the faint end of the noise to its middle
_OWN_BANDS = 2
_SMOOTH_FRAMES = 11
_OWN_SHARE = 0.3
_MIN_CUT_MS = 160
_MIN_VOICE_FRAMES = 4

_Bands = npt.NDArray[np.float32]
_Path = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Bleed:
    """The path from one channel into another.

    ``delay`` in samples at 16 kHz; ``path`` is the share of power that arrives, per bin of 32 ms; ``sharpness`` says
    how far the delay stands out.
    """

    delay: int
    path: _Path
    sharpness: float


def without_bleed(own: Samples, other: Samples, own_regions: Regions) -> Regions:
    """The parts of a channel's speech regions that are its own voice and not the other channel's bleeding through.

    Both channels are mono ``[sample]`` at 16 kHz of the same call. Speech of both at once stays.
    """
    if not own_regions or own.shape != other.shape:
        return own_regions
    dominated = _dominated(levels_db(own, _HOP), levels_db(other, _HOP))
    bleed = find_bleed(own, other, dominated)
    if bleed is None:
        return own_regions
    dominated = dominated | np.roll(dominated, bleed.delay // _HOP)  # an echo outlasts the word that made it
    own_voice, bled = _told_apart(own, other, bleed)
    own_voice |= ~dominated & audible(levels_db(own, _HOP))
    cuts = tuple(span for span in of_marks(bled & dominated, FRAME_MS) if span.duration_ms >= _MIN_CUT_MS)
    kept: list[Span] = []
    for region in own_regions:
        pieces = without([region], cuts)
        # What is left beside a cut must hold a voice: the pauses of a voice that bled through hold none.
        kept += pieces if pieces == (region,) else [piece for piece in pieces if _holds(own_voice, piece)]
    return tuple(kept)


def _holds(own_voice: Marks, piece: Span) -> bool:
    inside = own_voice[piece.start_ms // FRAME_MS : -(-piece.end_ms // FRAME_MS)]
    return int(np.count_nonzero(inside)) >= _MIN_VOICE_FRAMES


def _dominated(own: _Bands, other: _Bands) -> Marks:
    """Mark the 16 ms frames in which the other side speaks rather than this one, by the channels' levels in dB.

    How much louder a side is on its own channel depends on the recorder, and low bit rates blur the channels into one
    another. So the line between "this side" and "the other" is drawn where the level differences of this very call
    fall apart. Never true for both directions at once.
    """
    smooth = np.ones(_SMOOTH_FRAMES) / _SMOOTH_FRAMES
    mine, theirs = (
        10 * np.log10(np.convolve(10 ** (level / 10), smooth, mode="same") + 1e-12) for level in (own, other)
    )
    difference = mine - theirs
    loud = (mine > np.quantile(mine, 0.98) - _LOUD_DB) | (theirs > np.quantile(theirs, 0.98) - _LOUD_DB)
    low, high = _two_middles(difference[loud])
    if high - low < _MIN_SEPARATION_DB:  # one side never speaks, or both channels hold the same
        silent: Marks = difference < -_ONE_SIDED_DB
        return silent
    marks: Marks = difference < (low + high) / 2 - _UNDECIDED * (high - low)
    return marks


def _two_middles(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """The medians of the two groups into which values fall apart with the least absolute deviation.

    Medians, because the few frames in which one channel is silent lie far out and would be a group of their own.
    """
    best = (np.inf, 0.0, 0.0)
    for threshold in np.unique(np.quantile(values, np.linspace(0.05, 0.95, 37))):
        upper = values > threshold
        if upper.all() or not upper.any():
            continue
        low, high = float(np.median(values[~upper])), float(np.median(values[upper]))
        deviation = float(np.abs(values - np.where(upper, high, low)).sum())
        best = min(best, (deviation, low, high))
    return best[1], best[2]


def find_bleed(own: Samples, other: Samples, dominated: Marks) -> Bleed | None:
    """How the other channel gets into this one; ``None`` when no sharp delay shows, or too little is heard."""
    starts = _window_starts(dominated, levels_db(other, _HOP), _DELAY_WINDOW)
    if len(starts) < _MIN_WINDOWS:
        return None
    summed = np.zeros(_DELAY_WINDOW // 2 + 1, np.complex128)
    window = np.hanning(_DELAY_WINDOW).astype(np.float32)
    for start in starts:
        cross, _ = _cross(own, other, start, window)
        summed += cross / (np.abs(cross) + 1e-9)
    band = np.fft.rfftfreq(_DELAY_WINDOW, 1 / SAMPLE_RATE_HZ)
    summed[(band < _EDGES_HZ[0]) | (band > _EDGES_HZ[-1])] = 0
    likeness = np.fft.irfft(summed)
    candidates = np.concatenate([likeness[-_MAX_LEAD:], likeness[:_MAX_LAG]])
    delay = int(np.argmax(np.abs(candidates))) - _MAX_LEAD
    sharpness = float(np.abs(candidates).max() / (likeness.std() + 1e-12))
    if sharpness < _MIN_SHARPNESS:
        return None
    return Bleed(delay, _path(own, other, delay, dominated), sharpness)


def _window_starts(dominated: Marks, other_levels: _Bands, length: int) -> list[int]:
    """First samples of at most 400 windows, spread over the call, in which the other side is loud and dominates."""
    frames = length // _HOP
    loud = dominated & (other_levels > np.quantile(other_levels, 0.98) - 25.0)
    share = np.convolve(loud, np.ones(frames), mode="valid")[:: frames // 2] / frames
    good = np.flatnonzero(share > 0.5) * (frames // 2) * _HOP
    return [int(start) for start in good[:: -(-len(good) // _DELAY_WINDOWS) or 1]]


def _cross(
    own: Samples, other: Samples, start: int, window: Samples, delay: int = 0
) -> tuple[npt.NDArray[np.complex128], npt.NDArray[np.float64]]:
    """Cross-spectrum of one window, and the power spectrum of the other channel, ``delay`` samples earlier."""
    mine, theirs = own[start : start + window.size], other[max(0, start - delay) : max(0, start - delay) + window.size]
    size = min(mine.size, theirs.size)
    spectra = [np.fft.rfft(part[:size] * window[:size], window.size) for part in (mine, theirs)]
    return spectra[0] * np.conj(spectra[1]), np.abs(spectra[1]) ** 2


def _path(own: Samples, other: Samples, delay: int, dominated: Marks) -> _Path:
    """Share of the other channel's power that arrives, per bin of a 32 ms window."""
    window = np.hanning(_GAIN_WINDOW).astype(np.float32)
    cross, power = np.zeros(_GAIN_WINDOW // 2 + 1, np.complex128), np.zeros(_GAIN_WINDOW // 2 + 1)
    for start in _window_starts(dominated, levels_db(other, _HOP), _GAIN_WINDOW):
        pair, theirs = _cross(own, other, start, window, delay)
        cross += pair
        power += theirs
    arrived = np.abs(cross) ** 2 / (power + 1e-9)
    ratio = _GAIN_WINDOW // _WINDOW
    smooth = np.ones(ratio)  # the bins of the long window around each bin of the short one
    path = np.convolve(arrived, smooth, mode="same") / (np.convolve(power, smooth, mode="same") + 1e-9)
    return path[::ratio].astype(np.float32)


def _band_powers(samples: Samples, path: _Path | None = None) -> _Bands:
    """Power of mono ``[sample]`` at 16 kHz as ``[frame, band]``, in frames of 16 ms; as it arrives when on a path."""
    frames = -(-samples.shape[0] // _HOP)
    edges = [round(hz * _WINDOW / SAMPLE_RATE_HZ) for hz in _EDGES_HZ]
    bands = np.zeros((frames, len(edges) - 1), np.float32)
    window = np.hanning(_WINDOW).astype(np.float32)
    for first in range(0, frames, _CHUNK_FRAMES):
        last = min(frames, first + _CHUNK_FRAMES)
        piece = samples[first * _HOP : (last - 1) * _HOP + _WINDOW]
        piece = np.pad(piece, (0, (last - first - 1) * _HOP + _WINDOW - piece.shape[0]))
        spectrum = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(piece, _WINDOW)[::_HOP] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        if path is not None:
            power *= path
        for band, (low, high) in enumerate(pairwise(edges)):
            bands[first:last, band] = power[:, low:high].mean(axis=1)
    return bands


def _told_apart(own: Samples, other: Samples, bleed: Bleed) -> tuple[Marks, Marks]:
    """Mark the frames in which the channel stands out from what the bleed makes of it, and those which are bleed."""
    mine = _band_powers(own)
    arrived = np.roll(_band_powers(other, bleed.path), bleed.delay // _HOP, axis=0)
    expected = arrived.copy()
    for smear in (-1, 1, 2):  # frames do not align to the sample, and rooms ring on
        expected = np.maximum(expected, np.roll(arrived, smear, axis=0))
    noise = _FLOOR_FACTOR * np.quantile(mine, 0.1, axis=0)
    stands_out = (mine > _MARGIN * (expected + noise)).sum(axis=1) >= _OWN_BANDS
    box = np.ones(_SMOOTH_FRAMES)
    own_voice = np.convolve(stands_out, box, mode="same") >= _OWN_SHARE * _SMOOTH_FRAMES
    # Over a fifth of a second the chance differences even out, so that less than that shows a voice of its own.
    total, explained = (np.convolve(power.sum(axis=1), box, mode="same") for power in (mine, expected + noise))
    own_voice |= total > _SMOOTH_MARGIN * explained
    heard = np.convolve((arrived > noise).any(axis=1), np.ones(2 * _SMOOTH_FRAMES), mode="same") > 0
    return stands_out, ~own_voice & heard
