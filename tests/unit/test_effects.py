"""The effect of an improvement: seen when it is there, not seen when it is not, and too early when nobody can tell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core.effects import MAX_WEEKS, Basis, Conclusion, Effect, Week, effect

LESS, SAME, MORE, EARLY = Conclusion.LESS, Conclusion.SAME, Conclusion.MORE, Conclusion.EARLY


def weeks(counts: list[int], others: int | list[int] = 400, first: int = 0, days: int = 5) -> list[Week]:
    rest = [others] * len(counts) if isinstance(others, int) else others
    return [Week(first + n, calls, rest[n], days) for n, calls in enumerate(counts)]


def drawn(rng: np.random.Generator, means: list[float], spread: float) -> list[int]:
    """Counts with variance ``spread`` times the mean: Poisson for 1, negative binomial above."""
    if spread == 1:
        return [int(n) for n in rng.poisson(means)]
    return [int(rng.negative_binomial(mean / (spread - 1), 1 / spread)) for mean in means]


@pytest.mark.parametrize(
    ("before", "after", "conclusion"),
    [
        ([40, 38, 44, 41, 39, 42, 40, 37], [20, 18, 22, 19], LESS),
        ([40, 38, 44, 41, 39, 42, 40, 37], [39, 42, 41, 38], SAME),
        ([40, 38, 44, 41, 39, 42, 40, 37], [80, 75, 82, 79], MORE),
        ([40, 38, 44, 41, 39, 42, 40, 37], [20, 18], EARLY),
        ([40, 38, 44], [20, 18, 22, 19], EARLY),
        ([0, 1, 0, 2, 0, 0, 1, 0], [0, 0, 0, 1], EARLY),
        ([0] * 8, [3, 4, 3, 5], EARLY),
        ([10, 90, 5, 70, 12, 60, 3, 95], [20, 30, 25, 22], EARLY),  # weeks differ too much to tell
    ],
)
def test_conclusions(before: list[int], after: list[int], conclusion: Conclusion) -> None:
    found = effect(weeks(before), weeks(after, first=len(before)))
    assert found.conclusion is conclusion
    assert bool(found.reason) == (conclusion is EARLY)
    assert (found.calls_before, found.calls_after) == (sum(before), sum(after))


def test_prevented_calls_are_about_what_was_taken_away() -> None:
    found = effect(weeks([50] * 20), weeks([30] * 10, first=20))
    assert found.forecast is not None
    assert found.forecast.expected == pytest.approx(500, rel=0.01)
    assert 0 < found.forecast.low - found.calls_after < 200 < found.forecast.high - found.calls_after < 450


def test_growth_of_all_calls_is_no_effect() -> None:
    """Everything doubles, this matter too."""
    others = [400 + 20 * n for n in range(28)]
    counts = [n // 10 for n in others]
    found = effect(weeks(counts[:20], others[:20]), weeks(counts[20:], others[20:], first=20))
    assert found.conclusion is SAME
    assert found.basis is Basis.OTHERS
    steady = effect(weeks(counts[:20]), weeks(counts[20:], first=20))  # without the control it would look like more
    assert steady.forecast is not None
    assert found.forecast is not None
    assert found.forecast.expected == pytest.approx(sum(counts[20:]), rel=0.03)


def test_a_matter_that_holds_still_while_all_else_doubles_is_less() -> None:
    others = [400] * 12 + [800] * 8
    assert effect(weeks([40] * 12, others[:12]), weeks([40] * 8, others[12:], first=12)).conclusion is LESS


def test_a_quiet_holiday_week_is_no_effect() -> None:
    after = weeks([40, 8, 41, 39], [400, 80, 400, 400], first=12)
    assert effect(weeks([40] * 12), after).conclusion is SAME


def test_without_other_calls_working_days_are_the_exposure() -> None:
    before, after = weeks([60] * 12, others=0), weeks([60, 12, 60, 60], others=0, first=12)
    after[1] = Week(13, 12, 0, 1)
    found = effect(before, after)
    assert (found.conclusion, found.basis) == (SAME, Basis.DAYS)
    assert found.forecast is not None
    assert found.forecast.expected == pytest.approx(192, rel=0.02)


def test_a_trend_of_its_own_is_carried_on() -> None:
    counts = [round(200 * 0.97**n) for n in range(32)]
    assert effect(weeks(counts[:24]), weeks(counts[24:], first=24)).conclusion is SAME


def test_at_most_half_a_year_on_each_side_is_used() -> None:
    found = effect(weeks([900] * 40 + [40] * 26), weeks([40] * 26 + [900] * 40, first=66))
    assert (found.weeks_before, found.weeks_after, found.conclusion) == (MAX_WEEKS, MAX_WEEKS, SAME)


@pytest.mark.parametrize(("mean", "spread"), [(3.0, 1.0), (10.0, 2.0), (40.0, 1.0), (40.0, 3.0)])
def test_chance_alone_seldom_counts_as_an_effect(mean: float, spread: float) -> None:
    """With an interval of 95 % about 5 % of 200 improvements without effect may look like one; 9 % is no chance."""
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(200):
        counts = drawn(rng, [mean] * 24, spread)
        others = [int(n) for n in rng.poisson(400, 24)]
        found = effect(weeks(counts[:16], others[:16]), weeks(counts[16:], others[16:], first=16))
        wrong += found.conclusion in (LESS, MORE)
    assert wrong <= 18


@pytest.mark.parametrize(("mean", "spread", "least"), [(20.0, 1.0, 0.85), (60.0, 2.5, 0.85)])
def test_a_halving_is_mostly_seen(mean: float, spread: float, least: float) -> None:
    rng = np.random.default_rng(11)
    seen = 0
    for _ in range(60):
        counts = drawn(rng, [mean] * 20 + [mean / 2] * 10, spread)
        seen += effect(weeks(counts[:20]), weeks(counts[20:], first=20)).conclusion is LESS
    assert seen >= 60 * least


_counts = st.lists(st.integers(0, 300), max_size=30)


@settings(max_examples=80, deadline=None)
@given(_counts, _counts, st.integers(0, 500))
def test_what_holds_for_all_series(before: list[int], after: list[int], others: int) -> None:
    found = effect(weeks(before, others), weeks(after, others, first=len(before)))
    assert (found.conclusion is EARLY) == bool(found.reason)
    if found.forecast is None:
        assert found.conclusion is EARLY
        return
    assert 0 <= found.forecast.low <= found.forecast.high
    assert np.isfinite(found.forecast.expected)
    assert (found.conclusion is LESS) == (found.calls_after < found.forecast.low)
    assert (found.conclusion is MORE) == (found.calls_after > found.forecast.high)
    assert found == effect(weeks(before, others), weeks(after, others, first=len(before)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(5, 60), min_size=4, max_size=26),
    st.lists(st.integers(0, 60), min_size=3, max_size=26),
    st.integers(2, 9),
)
def test_the_scale_of_all_other_calls_does_not_matter(before: list[int], after: list[int], scale: int) -> None:
    one = effect(weeks(before, 100), weeks(after, 100, first=len(before)))
    other = effect(weeks(before, 100 * scale), weeks(after, 100 * scale, first=len(before)))
    assert _rounded(one) == _rounded(other)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(20, 60), min_size=6, max_size=20), st.integers(3, 20), st.integers(0, 1000))
def test_fewer_calls_after_never_look_like_more(before: list[int], length: int, cut: int) -> None:
    """With the same weeks before, the conclusion can only move from more, over none, to less as calls go away."""
    order = {MORE: 2, SAME: 1, EARLY: 1, LESS: 0}
    many = effect(weeks(before), weeks([60] * length, first=len(before)))
    few = effect(weeks(before), weeks([max(0, 60 - cut // length)] * length, first=len(before)))
    assert order[few.conclusion] <= order[many.conclusion]


def _rounded(found: Effect) -> tuple[object, ...]:
    assert found.forecast is not None
    return found.conclusion, round(found.forecast.expected, 3), found.forecast.low, found.forecast.high


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Week(0, -1, 10, 5)


WEEKDAYS = np.array([0.28, 0.20, 0.18, 0.18, 0.16])
"""How calls are spread over the days of a week; on a public holiday there are none."""


def short_series(rng: np.random.Generator, means: list[float], spread: float) -> list[Week]:
    """Weeks made of days, one in six with a holiday on its Monday; other calls keep the same days."""
    made = []
    for number, mean in enumerate(means):
        open_days = WEEKDAYS * ([0, 1, 1, 1, 1] if rng.random() < 1 / 6 else [1, 1, 1, 1, 1])
        calls = drawn(rng, [float(share * mean) for share in open_days if share > 0], spread)
        others = int(rng.poisson(open_days * max(20, 4 * means[0])).sum())
        made.append(Week(number, sum(calls), others, int((open_days > 0).sum())))
    return made


def conclusions(means: list[float], split: int, spread: float, times: int = 500) -> list[Conclusion]:
    rng = np.random.default_rng(23)
    series = (short_series(rng, means, spread) for _ in range(times))
    return [effect(one[:split], one[split:]).conclusion for one in series]


@pytest.mark.parametrize("mean", [1.0, 3.0, 10.0, 30.0])
@pytest.mark.parametrize("spread", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize(("before", "after"), [(4, 3), (4, 4), (7, 6)])
def test_in_short_series_at_most_one_in_twenty_alarms_is_false(
    before: int, after: int, mean: float, spread: float
) -> None:
    """Also when counts vary three times as much as Poisson's, with weekdays and holidays; 5 % of 500 is 25, and 6.8 %
    would be chance (two standard errors)."""
    told = conclusions([mean] * (before + after), before, spread)
    assert sum(one in (LESS, MORE) for one in told) <= 34


@pytest.mark.parametrize(("spread", "most"), [(1.0, 0.05), (2.0, 0.05)])
def test_in_short_series_a_halving_is_seldom_called_no_difference(spread: float, most: float) -> None:
    told = conclusions([12.0] * 5 + [6.0] * 5, 5, spread)
    assert told.count(SAME) <= 500 * most
    assert told.count(MORE) == 0


@pytest.mark.parametrize(
    ("mean", "factor", "conclusion", "least"),
    [(10.0, 0.1, LESS, 0.9), (30.0, 0.5, LESS, 0.8), (30.0, 2.0, MORE, 0.9), (30.0, 1.0, SAME, 0.8)],
)
def test_in_short_series_a_clear_change_is_mostly_seen(
    mean: float, factor: float, conclusion: Conclusion, least: float
) -> None:
    told = conclusions([mean] * 4 + [factor * mean] * 4, 4, 1.0)
    assert told.count(conclusion) >= 500 * least


@pytest.mark.parametrize(
    ("before", "after", "conclusion"),
    [
        ([3, 3, 3, 3], [1, 0, 0, 0], LESS),
        ([2, 1, 2, 1], [0, 0, 0, 0], LESS),  # six calls that stop
        ([1, 1, 2, 1], [0, 0, 0, 0], EARLY),  # five may stop by themselves
        ([2, 2, 2, 2], [2, 2, 2, 2], EARLY),
        ([5, 5, 5, 5], [5, 5, 5, 5], SAME),
        ([5, 5, 5, 5], [5, 2, 4, 2], EARLY),  # neither a change nor none
        ([0, 12, 0, 0], [1, 0, 0, 0], EARLY),  # one busy week
        ([2, 2, 2, 2], [6, 5, 7, 6], MORE),
    ],
)
def test_conclusions_of_short_series(before: list[int], after: list[int], conclusion: Conclusion) -> None:
    found = effect(weeks(before), weeks(after, first=len(before)))
    assert found.conclusion is conclusion
    assert bool(found.reason) == (conclusion is EARLY)
