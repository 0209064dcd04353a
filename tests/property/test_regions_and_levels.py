"""Spans of time keep their promises, and the ear's measures stay within bounds, for any sound."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core import acoustics, regions
from callinsight.core.bleed import without_bleed
from callinsight.core.values import Span

SPANS = st.lists(st.builds(lambda a, n: Span(a, a + n), st.integers(0, 3000), st.integers(1, 800)), max_size=12)


def milliseconds(spans: tuple[Span, ...] | list[Span]) -> set[int]:
    return {ms for span in spans for ms in range(span.start_ms, span.end_ms)}


def is_ordered(spans: tuple[Span, ...]) -> bool:
    return all(a.end_ms <= b.start_ms for a, b in pairwise(spans))


@given(SPANS)
@settings(deadline=None)
def test_joining_keeps_every_millisecond_and_adds_none(spans: list[Span]) -> None:
    joined = regions.joined(spans)
    assert is_ordered(joined)
    assert milliseconds(joined) == milliseconds(spans)
    assert regions.total_ms(joined) == len(milliseconds(spans))


@given(SPANS, st.integers(0, 500))
@settings(deadline=None)
def test_joining_closes_the_small_gaps_only(spans: list[Span], gap_ms: int) -> None:
    joined = regions.joined(spans, gap_ms)
    assert milliseconds(joined) >= milliseconds(spans)
    assert all(b.start_ms - a.end_ms > gap_ms for a, b in pairwise(joined))


@given(SPANS, SPANS)
@settings(deadline=None)
def test_cutting_is_subtraction(spans: list[Span], cuts: list[Span]) -> None:
    left = regions.without(regions.joined(spans), cuts)
    assert is_ordered(left)
    assert milliseconds(left) == milliseconds(spans) - milliseconds(cuts)


@given(SPANS, st.integers(0, 500), st.integers(1, 2500))
@settings(deadline=None)
def test_padding_stays_inside_the_sound(spans: list[Span], pad_ms: int, duration_ms: int) -> None:
    wide = regions.padded(regions.joined(spans), pad_ms, duration_ms)
    assert is_ordered(wide)
    assert all(span.end_ms <= duration_ms for span in wide)
    assert milliseconds(wide) >= {ms for ms in milliseconds(spans) if ms < duration_ms}


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 50))
@settings(deadline=None)
def test_marks_and_spans_are_the_same_thing(marks: list[bool], frame_ms: int) -> None:
    spans = regions.of_marks(np.array(marks, np.bool_), frame_ms)
    assert regions.marks_of(spans, len(marks), frame_ms).tolist() == marks


@given(st.lists(st.floats(0, 1, width=32), max_size=60))
@settings(deadline=None)
def test_islands_hold_every_strong_frame_and_no_weak_one(values: list[float]) -> None:
    probabilities = np.array(values, np.float32)
    marks = regions.islands(probabilities, 0.5, 0.25)
    assert marks[probabilities >= 0.5].all()
    assert not marks[probabilities < 0.25].any()


def sound(seed: int, samples: int, kind: str) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    made = {
        "noise": rng.normal(0, 0.1, samples),
        "tone": 0.3 * np.sin(2 * np.pi * rng.uniform(300, 3000) * np.arange(samples) / 16000),
        "silence": np.zeros(samples),
        "clicks": (rng.random(samples) < 0.001).astype(float),
    }[kind]
    return made.astype(np.float32)


@given(st.integers(0, 99), st.integers(0, 20_000), st.sampled_from(["noise", "tone", "silence", "clicks"]))
@settings(max_examples=60, deadline=None)
def test_measures_stay_in_bounds_for_any_sound(seed: int, samples: int, kind: str) -> None:
    heard = sound(seed, samples, kind)
    levels, steady = acoustics.levels_db(heard), acoustics.steadiness(heard)
    assert levels.shape == steady.shape == (acoustics.frame_count(heard),)
    assert np.isfinite(levels).all()
    assert ((levels >= -100) & (levels <= 3)).all()
    assert ((steady >= 0) & (steady <= 1)).all()
    assert acoustics.audible(levels).shape == levels.shape
    for span in acoustics.held(steady, levels, ()):
        assert span.start_ms < levels.size * acoustics.FRAME_MS


@given(st.integers(0, 99), st.sampled_from(["noise", "tone", "silence", "clicks"]), SPANS)
@settings(max_examples=40, deadline=None)
def test_bleed_is_only_ever_taken_away(seed: int, kind: str, spans: list[Span]) -> None:
    own, other = sound(seed, 60_000, kind), sound(seed + 1, 60_000, "noise")
    before = regions.joined(spans)
    after = without_bleed(own, other, before)
    assert is_ordered(after)
    assert milliseconds(after) <= milliseconds(before)


@pytest.mark.parametrize("hz", [425.0, 950.0, 2100.0])
def test_a_tone_is_steady_and_noise_is_not(hz: float) -> None:
    time_s = np.arange(32_000) / 16000
    tone = (0.2 * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)
    glide = (0.2 * np.sin(2 * np.pi * (hz * time_s + 0.2 * hz * time_s**2))).astype(np.float32)
    assert np.median(acoustics.steadiness(tone)) > 0.95
    assert np.median(acoustics.steadiness(glide)) < 0.2
    assert np.median(acoustics.steadiness(sound(1, 32_000, "noise"))) < 0.3


def line(seconds: float, seed: int) -> npt.NDArray[np.float32]:
    """Nothing but a line's own noise."""
    return np.random.default_rng(seed).normal(0, 0.002, int(seconds * 16_000)).astype(np.float32)


@given(st.integers(0, 99), st.integers(300, 3000), SPANS)
@settings(deadline=None, max_examples=40)
def test_what_is_no_speech_is_taken_out_and_speech_stays_as_it_is(seed: int, hz: int, spans: list[Span]) -> None:
    speech = regions.joined(spans)
    sound = line(5, seed)
    sound[::] += 0.2 * np.sin(2 * np.pi * hz * np.arange(sound.size) / 16_000) * (np.arange(sound.size) > 40_000)
    cleaned = acoustics.without_sounds(sound, speech)
    assert cleaned.shape == sound.shape
    assert cleaned.dtype == np.float32
    heard = np.zeros(sound.size, np.bool_)
    for span in speech:
        heard[span.start_ms * 16 : span.end_ms * 16] = True
    assert np.array_equal(cleaned[heard], sound[heard])
    assert np.array_equal(cleaned[:39_000], sound[:39_000]), "quiet line noise is no sound to take out"
    frames = acoustics.levels_db(np.where(heard, 0.0, cleaned).astype(np.float32))
    touched = regions.marks_of(speech, frames.size, acoustics.FRAME_MS)
    assert float(frames[~touched].max(initial=-100.0)) < -40, "the tone is still there"


def test_taking_sounds_out_of_nothing_gives_nothing() -> None:
    assert acoustics.without_sounds(np.zeros(0, np.float32), ()).size == 0
    silence = np.zeros(16_000, np.float32)
    assert np.array_equal(acoustics.without_sounds(silence, ()), silence)
