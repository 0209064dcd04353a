"""Packing speech into windows loses nothing, and times come back to where they were."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callinsight.core.values import Span
from callinsight.core.windows import pack, render, split_long

LIMIT_MS = 28_000


@st.composite
def regions(draw: st.DrawFn) -> list[Span]:
    found: list[Span] = []
    at = 0
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 9_000), st.integers(1, LIMIT_MS)), max_size=12)):
        found.append(Span(at + gap, at + gap + length))
        at = found[-1].end_ms
    return found


@given(regions())
def test_every_region_lands_in_one_window_in_order(spans: list[Span]) -> None:
    windows = pack(spans, LIMIT_MS)
    assert [span for window in windows for span in window.regions] == spans
    assert all(window.duration_ms <= LIMIT_MS for window in windows)
    for window in windows:
        ends = [o + r.duration_ms for o, r in zip(window.offsets_ms, window.regions, strict=True)]
        assert all(end <= start for end, start in zip(ends, window.offsets_ms[1:], strict=False))


@given(regions(), st.data())
def test_a_word_inside_a_region_keeps_its_time(spans: list[Span], data: st.DataObject) -> None:
    for window in pack(spans, LIMIT_MS):
        number = data.draw(st.integers(0, len(window.regions) - 1))
        region, offset = window.regions[number], window.offsets_ms[number]
        start = data.draw(st.integers(0, region.duration_ms - 1))
        end = data.draw(st.integers(start + 1, region.duration_ms))
        assert window.to_recording(offset + start, offset + end) == (
            number,
            Span(region.start_ms + start, region.start_ms + end),
        )


@given(regions(), st.integers(-500, 40_000), st.integers(1, 3_000))
def test_any_time_of_the_window_falls_in_a_region(spans: list[Span], start: int, length: int) -> None:
    for window in pack(spans, LIMIT_MS):
        number, span = window.to_recording(max(0, start), max(0, start) + length)
        region = window.regions[number]
        assert region.start_ms <= span.start_ms < span.end_ms <= region.end_ms


def test_long_regions_are_cut_where_it_is_quiet() -> None:
    samples = np.full(16_000 * 60, 0.5, dtype=np.float32)
    samples[16_000 * 25 : 16_000 * 25 + 1600] = 0.0
    first, *rest = split_long([Span(0, 60_000)], samples, 16_000, LIMIT_MS)
    assert 25_000 <= first.end_ms <= 25_100
    pieces = [first, *rest]
    assert all(piece.duration_ms <= LIMIT_MS for piece in pieces)
    assert pieces[-1].end_ms == 60_000
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(pieces))


def test_a_region_longer_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        pack([Span(0, LIMIT_MS + 1)], LIMIT_MS)


def test_rendered_windows_hold_the_sound_of_their_regions() -> None:
    samples = np.arange(16_000 * 10, dtype=np.float32)
    (window,) = pack([Span(1000, 2000), Span(8000, 9000)], LIMIT_MS)
    sound = render(window, samples, 16_000)
    assert len(sound) == window.duration_ms * 16
    assert np.array_equal(sound[:16_000], samples[16_000:32_000])
    second = window.offsets_ms[1] * 16
    assert np.array_equal(sound[second : second + 16_000], samples[128_000:144_000])
    assert not sound[16_000:second].any()
