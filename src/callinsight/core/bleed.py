"""Cross-talk: what one side of a call hears of the other, faintly, on its own channel.

The path from one channel into the other is nearly constant within a call, so its strength can be read off the call
itself: over the time that the other side speaks, the middle value of the level difference, per frequency band, is that
of the bleed (people overlap for a small part of the time only). What is no louder than that is the other side's voice;
what stands out from it is a voice of its own, even when both speak at once. Nothing is removed unless the fainter
channel demonstrably follows the louder one.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from callinsight.core.acoustics import SAMPLE_RATE_HZ, Samples
from callinsight.core.regions import Marks, Regions, marks_of, of_marks, without
from callinsight.core.values import Span

_FRAME_MS = 16
_HOP = _FRAME_MS * SAMPLE_RATE_HZ // 1000
_WINDOW = 2 * _HOP
_EDGES_HZ = (250, 500, 800, 1200, 1700, 2400, 3400)
_CHUNK_FRAMES = 3750  # one minute
_MAX_LAG_FRAMES = 20  # 320 ms: an echo from a far handset, no further
_LOUD_BELOW_PEAK_DB = 25.0
_OTHER_LOUDER_DB = 6.0
_MIN_EVIDENCE_FRAMES = 60  # about a second of the other side's voice
_MIN_CORRELATION = 0.5
_MARGIN_DB = 6.0
_OWN_BANDS = 2
_ABOVE_FLOOR_DB = 5.0
_SMOOTH_FRAMES = 11
_OWN_SHARE = 0.3
_MIN_CUT_MS = 160
_MIN_VOICE_FRAMES = 4

_Bands = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bleed:
    """The path from one channel into another: delay in 16 ms frames, and gain in dB per band."""

    lag_frames: int
    gain_db: tuple[float, ...]
    correlation: float


def band_levels(samples: Samples) -> _Bands:
    """Levels in dB of mono ``[sample]`` at 16 kHz as ``[frame, band]``, in frames of 16 ms."""
    frames = -(-samples.shape[0] // _HOP)
    edges = [round(hz * _WINDOW / SAMPLE_RATE_HZ) for hz in _EDGES_HZ]
    levels = np.zeros((frames, len(edges) - 1), np.float32)
    window = np.hanning(_WINDOW).astype(np.float32)
    for first in range(0, frames, _CHUNK_FRAMES):
        last = min(frames, first + _CHUNK_FRAMES)
        piece = samples[first * _HOP : (last - 1) * _HOP + _WINDOW]
        piece = np.pad(piece, (0, (last - first - 1) * _HOP + _WINDOW - piece.shape[0]))
        spectrum = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(piece, _WINDOW)[::_HOP] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        for band, (low, high) in enumerate(pairwise(edges)):
            levels[first:last, band] = 10 * np.log10(power[:, low:high].mean(axis=1) + 1e-9)
    return levels


def find_bleed(own: _Bands, other: _Bands, other_speaks: Marks) -> Bleed | None:
    """How the other channel gets into this one; ``None`` when it demonstrably does not, or too little is heard."""
    other_level, own_level = other.mean(axis=1), own.mean(axis=1)
    if not other_speaks.any():
        return None
    peak = np.quantile(other_level[other_speaks], 0.95)
    evidence = other_speaks & (other_level > peak - _LOUD_BELOW_PEAK_DB) & (own_level < other_level - _OTHER_LOUDER_DB)
    if np.count_nonzero(evidence) < _MIN_EVIDENCE_FRAMES:
        return None
    best_lag, best = 0, -1.0
    for lag in range(_MAX_LAG_FRAMES + 1):
        shifted = np.roll(own_level, -lag)
        correlation = _correlation(shifted[evidence], other_level[evidence])
        if correlation > best + 0.02:  # the least delay that explains it
            best_lag, best = lag, correlation
    if best < _MIN_CORRELATION:
        return None
    difference = np.roll(own, -best_lag, axis=0)[evidence] - other[evidence]
    return Bleed(best_lag, tuple(float(gain) for gain in np.median(difference, axis=0)), best)


def _correlation(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
    if first.std() < 1e-6 or second.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def without_bleed(own: Samples, other: Samples, own_regions: Regions, other_regions: Regions) -> Regions:
    """The parts of a channel's speech regions that are its own voice and not the other channel's bleeding through.

    Both channels are mono ``[sample]`` at 16 kHz of the same call. Speech of both at once stays.
    """
    if not own_regions or not other_regions or own.shape != other.shape:
        return own_regions
    own_bands, other_bands = band_levels(own), band_levels(other)
    other_speaks = marks_of(other_regions, own_bands.shape[0], _FRAME_MS)
    bleed = find_bleed(own_bands, other_bands, other_speaks)
    if bleed is None:
        return own_regions
    own_voice, bled = _told_apart(own_bands, other_bands, bleed)
    cuts = tuple(span for span in of_marks(bled, _FRAME_MS) if span.duration_ms >= _MIN_CUT_MS)
    kept: list[Span] = []
    for region in own_regions:
        pieces = without([region], cuts)
        # What is left beside a cut must hold a voice: the pauses of a voice that bled through hold none.
        kept += pieces if pieces == (region,) else [piece for piece in pieces if _holds(own_voice, piece)]
    return tuple(kept)


def _holds(own_voice: Marks, piece: Span) -> bool:
    inside = own_voice[piece.start_ms // _FRAME_MS : -(-piece.end_ms // _FRAME_MS)]
    return int(np.count_nonzero(inside)) >= _MIN_VOICE_FRAMES


def _told_apart(own: _Bands, other: _Bands, bleed: Bleed) -> tuple[Marks, Marks]:
    """Mark the frames in which the channel stands out from what the bleed makes of it, and those which are bleed."""
    arrived = np.roll(other, bleed.lag_frames, axis=0)
    expected = arrived.copy()
    for smear in (-1, 1, 2):  # frames do not align to the sample, and rooms ring on
        expected = np.maximum(expected, np.roll(arrived, smear, axis=0))
    expected += np.asarray(bleed.gain_db, np.float32) + _MARGIN_DB
    level, other_level = own.mean(axis=1), arrived.mean(axis=1)
    audible = level > np.quantile(level, 0.1) + _ABOVE_FLOOR_DB
    stands_out = ((own > expected).sum(axis=1) >= _OWN_BANDS) & audible
    own_voice = np.convolve(stands_out, np.ones(_SMOOTH_FRAMES), mode="same") >= _OWN_SHARE * _SMOOTH_FRAMES
    heard = other_level > np.quantile(other_level, 0.1) + 2 * _ABOVE_FLOOR_DB
    near = np.convolve(heard, np.ones(2 * _SMOOTH_FRAMES), mode="same") > 0
    return stands_out, ~own_voice & near
