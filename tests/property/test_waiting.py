"""A wait never takes the speech of its own line, and nothing that is not said during one; for any two lines."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core import waiting
from callinsight.core.acoustics import FRAME_MS, held
from callinsight.core.regions import Regions, joined, marks_of, total_ms
from callinsight.core.values import Span
from callinsight.core.waiting import Line, WaitRules

FRAMES = 4_000  # 128 seconds
SPANS = st.lists(
    st.builds(lambda a, n: Span(a * FRAME_MS, (a + n) * FRAME_MS), st.integers(0, FRAMES - 200), st.integers(1, 200)),
    max_size=25,
)
SCENES = st.lists(
    st.tuples(st.sampled_from(["room", "music", "radio", "dead", "hum"]), st.integers(30, 900)), min_size=1, max_size=8
)
_LEVELS = {
    "room": (-60.0, 0.0),
    "music": (-25.0, 0.9),
    "radio": (-35.0, 0.5),
    "dead": (-95.0, 0.0),
    "hum": (-45.0, 1.0),
}


def line_of(scenes: list[tuple[str, int]], spans: list[Span], seed: int) -> Line:
    """A line that is now in a room, now on hold, with speech where ``spans`` say so."""
    rng = np.random.default_rng(seed)
    pieces = [np.tile(_LEVELS[name], (count, 1)) for name, count in scenes]
    both = np.concatenate(pieces)[:FRAMES]
    levels = both[:, 0] + rng.normal(0, 2, both.shape[0])
    steady = np.clip(both[:, 1] + rng.normal(0, 0.05, both.shape[0]), 0, 1)
    speech = joined(
        Span(s.start_ms, min(s.end_ms, both.shape[0] * FRAME_MS))
        for s in spans
        if s.start_ms < both.shape[0] * FRAME_MS
    )
    spoken = marks_of(speech, both.shape[0], FRAME_MS)
    levels[spoken] = np.maximum(levels[spoken], -25.0)
    return Line(levels.astype(np.float32), steady.astype(np.float32), speech)


def milliseconds(spans: Regions) -> set[int]:
    return {ms for span in spans for ms in range(span.start_ms, span.end_ms)}


@given(SCENES, SPANS, st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_a_party_that_speaks_is_not_away(scenes: list[tuple[str, int]], spans: list[Span], seed: int) -> None:
    line = line_of(scenes, spans, seed)
    found = waiting.away(line, WaitRules())
    assert all(a.end_ms < b.start_ms for a, b in pairwise(found))
    assert not milliseconds(found) & milliseconds(line.speech)
    assert all(0 <= span.start_ms < span.end_ms <= line.duration_ms for span in found)


@given(SPANS, st.sampled_from(["room", "dead", "hum"]), st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_a_line_that_sounds_the_same_throughout_costs_nothing(spans: list[Span], scene: str, seed: int) -> None:
    """However long its party listens: a room, a headset that shuts off between words, a hum."""
    line = line_of([(scene, FRAMES)], spans, seed)
    if any(200 < b.start_ms - a.end_ms < 4_000 for a, b in pairwise(line.speech)):
        assert waiting.away(line, WaitRules()) == ()


def test_a_radio_in_the_agents_room_is_no_hold_music() -> None:
    """It plays between the agent's words as well, so that the caller may speak for as long as it takes."""
    spans = [Span(at * FRAME_MS, (at + 40) * FRAME_MS) for at in (*range(0, 600, 80), *range(1_600, 2_400, 80))]
    radio = line_of([("radio", 900), ("radio", 900), ("radio", 700)], spans, 1)
    rng = np.random.default_rng(2)
    uneven = np.where(radio.levels < -30, radio.levels + rng.normal(0, 8, radio.levels.size), radio.levels)
    radio = Line(uneven.astype(np.float32), radio.steady, radio.speech)
    music = held(radio.steady, radio.levels, radio.speech)
    assert any(span.duration_ms > 20_000 for span in music), "it sounds like hold music"
    assert waiting.away(radio, WaitRules()) == ()
    quiet_room = ~marks_of((*music, *radio.speech), uneven.size, FRAME_MS)
    stops = Line(np.where(quiet_room, uneven - 25, uneven).astype(np.float32), radio.steady, radio.speech)
    assert waiting.away(stops, WaitRules()) != (), "and is, when it plays only while the agent says nothing"


@given(
    st.lists(st.integers(10, 60), min_size=4, max_size=10), st.sampled_from(["music", "dead"]), st.integers(500, 1500)
)
@settings(deadline=None, max_examples=40)
def test_a_hold_is_found_to_the_second(words: list[int], scene: str, frames: int) -> None:
    spans, at = [], 10
    for word in words:  # words with pauses of a second between them, before and after the hold
        spans.append(Span(at * FRAME_MS, (at + word) * FRAME_MS))
        at += word + 31
    room = at
    after = [Span(s.start_ms + (room + frames) * FRAME_MS, s.end_ms + (room + frames) * FRAME_MS) for s in spans]
    line = line_of([("room", room), (scene, frames), ("room", room)], [*spans, *after], 1)
    hold = Span(room * FRAME_MS, (room + frames) * FRAME_MS)
    found = waiting.away(line, WaitRules())
    assert sum(hold.overlap_ms(span) for span in found) >= hold.duration_ms - 1_000
    assert total_ms(found) <= hold.duration_ms + 2_000


@given(SPANS, SPANS)
@settings(deadline=None, max_examples=100)
def test_only_what_is_said_during_a_wait_is_dropped(spans: list[Span], waits: list[Span]) -> None:
    rules = WaitRules()
    speech, asked = joined(spans), joined(waits)
    bound = waiting.begun(asked, speech, rules)
    left = waiting.unheard(speech, bound, rules)
    assert milliseconds(left) <= milliseconds(speech)
    assert not milliseconds(left) & milliseconds(bound)
    assert milliseconds(bound) <= milliseconds(asked)
    assert total_ms(asked) - total_ms(bound) <= rules.answer_ms * len(asked)
    lost = milliseconds(speech) - milliseconds(bound) - milliseconds(left)
    assert len(lost) <= 2 * rules.speckle_ms * max(1, len(bound))
    assert {span for span in speech if not any(span.overlap_ms(wait) for wait in bound)} <= set(left)


def test_nothing_is_heard_and_nothing_is_away() -> None:
    nothing = Line(np.zeros(0, np.float32), np.zeros(0, np.float32), ())
    assert waiting.away(nothing, WaitRules()) == ()
    assert waiting.over_music(nothing, WaitRules()) == ()


def test_rules_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="contrast"):
        WaitRules(contrast_db=0)
    with pytest.raises(ValueError, match="negative"):
        WaitRules(answer_ms=-1)
