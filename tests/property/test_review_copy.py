"""Review copies for any words and any personal data: nothing that is masked is left, and what is kept is untouched."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from callinsight.core.audibility import audible, silent_parts
from callinsight.core.bleep import BleepPlan, BleepRules, bleep, mixed, plan_bleep
from callinsight.core.regions import Regions, marks_of
from callinsight.core.values import Span, Waveform, Word

RATE = 8_000
LENGTH_MS = 3_000
RULES = BleepRules()


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Also at the edges, overlapping, and reaching beyond the end."""
    start = draw(st.integers(0, LENGTH_MS))
    return Span(start, start + draw(st.integers(1, 1_200)))


@st.composite
def words(draw: st.DrawFn) -> Word:
    return Word(draw(spans()), "woord", draw(st.sampled_from((0.1, 0.9))))


CALLS = st.tuples(st.lists(st.lists(words(), max_size=8), min_size=1, max_size=3), st.lists(spans(), max_size=5))


def sound(channels: int, seed: int, length_ms: int = LENGTH_MS) -> Waveform:
    """Noise that is nowhere exactly zero."""
    samples = np.random.default_rng(seed).uniform(0.05, 0.3, (channels, length_ms * RATE // 1000))
    return Waveform(samples.astype(np.float32) * np.where(np.arange(samples.shape[1]) % 2, 1, -1).astype("f4"), RATE)


def inside(regions: Regions) -> np.ndarray:
    """Which samples lie in regions."""
    return marks_of(regions, LENGTH_MS, 1).repeat(RATE // 1000)


def planned(call: tuple[list[list[Word]], list[Span]]) -> BleepPlan:
    return plan_bleep(call[0], call[1], (), LENGTH_MS, RULES)


@given(CALLS)
def test_kept_and_masked_never_meet_and_nothing_near_personal_data_is_kept(
    call: tuple[list[list[Word]], list[Span]],
) -> None:
    plan = planned(call)
    for kept in plan.kept:
        assert not (inside(kept) & inside(plan.masked)).any()
        for span in kept:
            for secret in call[1]:
                assert not span.overlap_ms(
                    Span(max(0, secret.start_ms - RULES.before_ms), secret.end_ms + RULES.after_ms)
                )
    assert all(inside(plan.masked)[s.start_ms * RATE // 1000 : s.end_ms * RATE // 1000].all() for s in call[1])


@given(CALLS)
def test_no_sound_is_kept_far_from_a_word_that_is_sure(call: tuple[list[list[Word]], list[Span]]) -> None:
    for kept, channel in zip(planned(call).kept, call[0], strict=True):
        near = tuple(
            Span(max(0, w.span.start_ms - RULES.lead_ms), w.span.end_ms + RULES.trail_ms)
            for w in channel
            if w.probability >= RULES.sure
        )
        assert not (inside(kept) & ~inside(near)).any()


@given(CALLS, st.integers(0, 1_000))
def test_nothing_of_the_original_is_left_outside_what_is_kept(
    call: tuple[list[list[Word]], list[Span]], seed: int
) -> None:
    """Two recordings that differ wherever nothing is kept have the same copy, to the last bit."""
    plan = planned(call)
    one = sound(len(call[0]), seed)
    other = Waveform(one.samples.copy(), RATE)
    for channel, kept in enumerate(plan.kept):
        free = ~inside(kept)
        other.samples[channel, free] = sound(1, seed + 1).samples[0, free]
    assert np.array_equal(bleep(one, plan, RULES).samples, bleep(other, plan, RULES).samples)


@given(CALLS, st.integers(0, 1_000))
def test_what_is_kept_is_unchanged_but_for_the_fades(call: tuple[list[list[Word]], list[Span]], seed: int) -> None:
    plan = planned(call)
    one = sound(len(call[0]), seed)
    copy = bleep(one, plan, RULES)
    assert copy.samples.shape == one.samples.shape
    for channel, kept in enumerate(plan.kept):
        middles = tuple(
            Span(span.start_ms + RULES.fade_ms, span.end_ms - RULES.fade_ms)
            for span in kept
            if span.duration_ms > 2 * RULES.fade_ms
        )
        place = inside(middles)
        assert np.array_equal(copy.samples[channel, place], one.samples[channel, place])
        outside = ~inside(kept) & ~inside(plan.masked)
        assert not copy.samples[channel, outside].any()
    tone = np.abs(mixed(copy).samples[0, inside(plan.masked)])
    assert tone.max(initial=0.0) <= RULES.tone_peak * 1.001


@given(CALLS, st.integers(0, 1_000))
def test_the_check_passes_every_copy_and_no_recording(call: tuple[list[list[Word]], list[Span]], seed: int) -> None:
    plan = planned(call)
    one = sound(len(call[0]), seed)
    silent = silent_parts(plan.kept, plan.masked, LENGTH_MS)
    assert audible(one, mixed(bleep(one, plan, RULES)), plan.masked, silent) == ()
    if plan.masked:
        assert audible(one, mixed(one), plan.masked)


def test_an_empty_recording_has_an_empty_copy() -> None:
    plan = plan_bleep([[]], [Span(0, 10)], (), 0, RULES)
    assert plan == BleepPlan(((),), ())
    assert bleep(Waveform(np.zeros((1, 0), np.float32), RATE), plan, RULES).samples.shape == (1, 0)
