"""Packs speech regions into the windows that a recogniser reads at once, and maps times back.

Whisper models read 30 seconds however short the speech in it is. Packing the regions of one channel into as few
windows as possible, with the silence between them cut to a fixed pause, is therefore the main lever on speed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callinsight.core.values import Span

PAUSE_MS = 400
"""Silence kept between packed regions: enough for a recogniser to hear a pause."""


@dataclass(frozen=True, slots=True)
class Window:
    """Regions of one channel that are recognised together.

    ``offsets_ms[i]`` is where ``regions[i]`` starts inside the window. Regions and offsets are in order of time.
    """

    regions: tuple[Span, ...]
    offsets_ms: tuple[int, ...]

    @property
    def duration_ms(self) -> int:
        """Length of the window."""
        return self.offsets_ms[-1] + self.regions[-1].duration_ms

    def region_at(self, time_ms: int) -> int:
        """Index of the region that ``time_ms`` of the window falls in; a pause counts with the nearer region."""
        for index in range(len(self.regions) - 1):
            end = self.offsets_ms[index] + self.regions[index].duration_ms
            if time_ms < (end + self.offsets_ms[index + 1]) // 2:
                return index
        return len(self.regions) - 1

    def to_recording(self, start_ms: int, end_ms: int) -> tuple[int, Span]:
        """Region index and span in the recording of ``[start_ms, end_ms)`` in the window; never empty.

        A word belongs to the region that holds its middle and is clipped to it, since what lies outside was cut.
        """
        index = self.region_at((start_ms + end_ms) // 2)
        region, offset = self.regions[index], self.offsets_ms[index]
        first = min(max(start_ms - offset + region.start_ms, region.start_ms), region.end_ms - 1)
        last = min(max(end_ms - offset + region.start_ms, first + 1), region.end_ms)
        return index, Span(first, last)


def split_long(regions: Iterable[Span], samples: npt.NDArray[np.float32], rate_hz: int, limit_ms: int) -> list[Span]:
    """Cut regions longer than ``limit_ms`` at the quietest 50 ms in the last third before the limit."""
    pieces: list[Span] = []
    for region in regions:
        rest = region
        while rest.duration_ms > limit_ms:
            cut = _quietest_ms(samples, rate_hz, rest.start_ms + limit_ms * 2 // 3, rest.start_ms + limit_ms)
            pieces.append(Span(rest.start_ms, cut))
            rest = Span(cut, rest.end_ms)
        pieces.append(rest)
    return pieces


def _quietest_ms(samples: npt.NDArray[np.float32], rate_hz: int, first_ms: int, last_ms: int) -> int:
    frame_ms = 50
    starts = range(first_ms, max(first_ms + 1, last_ms - frame_ms), frame_ms)
    width = frame_ms * rate_hz // 1000

    def energy(start_ms: int) -> float:
        frame = samples[start_ms * rate_hz // 1000 :][:width]
        return float(np.dot(frame, frame))

    return min(starts, key=energy) + frame_ms // 2


def pack(regions: Sequence[Span], limit_ms: int) -> tuple[Window, ...]:
    """Pack regions, in order, into windows of at most ``limit_ms``.

    Every region lands in exactly one window. Raises ``ValueError`` when a single region is longer than the limit
    (use :func:`split_long` first).
    """
    windows: list[Window] = []
    held: list[Span] = []
    offsets: list[int] = []
    for region in regions:
        if region.duration_ms > limit_ms:
            raise ValueError("a region is longer than the window")
        offset = 0
        if held:
            # Close neighbours keep their true pause; a longer silence is cut short.
            offset = offsets[-1] + held[-1].duration_ms + min(PAUSE_MS, region.start_ms - held[-1].end_ms)
        if held and offset + region.duration_ms > limit_ms:
            windows.append(Window(tuple(held), tuple(offsets)))
            held, offsets, offset = [], [], 0
        held.append(region)
        offsets.append(offset)
    if held:
        windows.append(Window(tuple(held), tuple(offsets)))
    return tuple(windows)


def render(window: Window, samples: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float32]:
    """The window's sound, float32 ``[sample]``: the regions at their offsets, zeros between them."""
    out = np.zeros(window.duration_ms * rate_hz // 1000, dtype=np.float32)
    for region, offset_ms in zip(window.regions, window.offsets_ms, strict=True):
        piece = samples[region.start_ms * rate_hz // 1000 : region.end_ms * rate_hz // 1000]
        start = offset_ms * rate_hz // 1000
        piece = piece[: len(out) - start]
        out[start : start + len(piece)] = piece
    return out
