"""Arithmetic on stretches of time: from marks per frame to spans, and sums, gaps and cuts of spans.

"Regions" are always sorted and disjoint; touching ones are joined.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from callinsight.core.values import Span

Marks = npt.NDArray[np.bool_]
Regions = tuple[Span, ...]


def joined(spans: Iterable[Span], max_gap_ms: int = 0) -> Regions:
    """The regions that ``spans`` (in any order, overlapping or not) cover, with gaps up to ``max_gap_ms`` closed."""
    regions: list[Span] = []
    for span in sorted(spans):
        if regions and span.start_ms - regions[-1].end_ms <= max_gap_ms:
            regions[-1] = Span(regions[-1].start_ms, max(regions[-1].end_ms, span.end_ms))
        else:
            regions.append(span)
    return tuple(regions)


def padded(regions: Sequence[Span], pad_ms: int, duration_ms: int) -> Regions:
    """Regions ``pad_ms`` wider on both sides, within ``[0, duration_ms)``; those outside it are left out."""
    wide = ((max(0, span.start_ms - pad_ms), min(duration_ms, span.end_ms + pad_ms)) for span in regions)
    return joined(Span(start, end) for start, end in wide if end > start)


def without(regions: Sequence[Span], cuts: Iterable[Span]) -> Regions:
    """What of ``regions`` none of ``cuts`` covers."""
    left: list[Span] = []
    holes = joined(cuts)
    for span in regions:
        start = span.start_ms
        for hole in holes:
            if hole.end_ms <= start or hole.start_ms >= span.end_ms:
                continue
            if hole.start_ms > start:
                left.append(Span(start, hole.start_ms))
            start = hole.end_ms
        if start < span.end_ms:
            left.append(Span(start, span.end_ms))
    return tuple(left)


def total_ms(regions: Iterable[Span]) -> int:
    """Milliseconds in regions."""
    return sum(span.duration_ms for span in regions)


def of_marks(marks: Marks, frame_ms: int) -> Regions:
    """The regions of the frames that are marked; frame ``i`` covers ``[i, i + 1) * frame_ms``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(np.int8)))
    return tuple(Span(int(a) * frame_ms, int(b) * frame_ms) for a, b in edges.reshape(-1, 2))


def marks_of(regions: Iterable[Span], frames: int, frame_ms: int) -> Marks:
    """Mark the ``frames`` frames that regions touch."""
    marks = np.zeros(frames, np.bool_)
    for span in regions:
        marks[span.start_ms // frame_ms : -(-span.end_ms // frame_ms)] = True
    return marks


def islands(probabilities: npt.NDArray[np.floating], enter: float, leave: float) -> Marks:
    """Mark the runs of frames that reach ``enter`` somewhere and stay at or above ``leave`` from there on.

    Two thresholds instead of one keep a weak word ending from being cut off (hysteresis).
    """
    marks = np.zeros(probabilities.shape, np.bool_)
    inside = False
    for index, probability in enumerate(probabilities):
        inside = bool(probability >= (leave if inside else enter))
        marks[index] = inside
    return marks
