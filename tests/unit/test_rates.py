"""Two counts compared exactly: the binomial's own tails, and an interval that never promises too much."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from callinsight.core.rates import Before, chance_of_at_least, chance_of_at_most, interval, rules_out


@pytest.mark.parametrize(("calls", "after", "exposure"), [(12, 1, 1.0), (8, 8, 1.0), (6, 0, 1.3), (40, 19, 0.5)])
def test_the_chances_are_those_of_the_binomial(calls: int, after: int, exposure: float) -> None:
    known, both, share = Before(calls, exposure), calls + after, exposure / (1 + exposure)
    assert chance_of_at_most(known, after) == pytest.approx(stats.binom.cdf(after, both, share))
    assert chance_of_at_least(known, after) == pytest.approx(stats.binom.sf(after - 1, both, share))


def test_known_intervals() -> None:
    """Nelson's limits are the quantiles of two negative binomials, worked out here in another way."""
    for calls, exposure in ((5, 1.0), (6, 1.0), (12, 1.16), (100, 0.4)):
        low = stats.nbinom.ppf(0.025, calls, 1 / (1 + exposure))
        high = stats.nbinom.ppf(0.975, calls + 1, 1 / (1 + exposure))
        assert interval(Before(calls, exposure)) == (low, high)


@pytest.mark.parametrize(("calls", "seen"), [(5, False), (6, True)])
def test_six_calls_that_stop_are_the_fewest_that_tell(calls: int, seen: bool) -> None:
    assert (interval(Before(calls, 1.0))[0] > 0) is seen


@pytest.mark.parametrize(("calls", "told"), [(18, False), (19, True)])
def test_nineteen_calls_on_each_side_rule_out_a_halving_and_a_doubling(calls: int, told: bool) -> None:
    known = Before(calls, 1.0)
    assert (rules_out(known, calls, 1 / 2) and rules_out(known, calls, 2)) is told


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400), st.floats(0.05, 20), st.floats(1, 8))
def test_what_holds_for_all_intervals(calls: int, exposure: float, spread: float) -> None:
    known = Before(calls, exposure, spread)
    low, high = interval(known)
    assert 0 <= low <= known.expected <= high + 1
    assert chance_of_at_most(known, low) > 0.025
    assert chance_of_at_least(known, high) > 0.025
    assert low == 0 or chance_of_at_most(known, low - 1) <= 0.025
    assert chance_of_at_least(known, high + 1) <= 0.025
    wider = interval(Before(calls, exposure, spread + 1))
    assert wider[0] <= low
    assert wider[1] >= high


@pytest.mark.parametrize(("mean", "exposure"), [(2.0, 1.0), (8.0, 0.75), (30.0, 2.0)])
def test_at_most_one_in_twenty_lies_outside_when_nothing_changed(mean: float, exposure: float) -> None:
    """The exact chance, by summing over all counts: no simulation, so no luck."""
    counts = np.arange(0, int(mean + 10 * np.sqrt(mean) + 10))
    after = stats.poisson(mean * exposure)
    outside = 0.0
    for calls, weight in zip(counts, stats.poisson.pmf(counts, mean), strict=True):
        if calls:
            low, high = interval(Before(int(calls), exposure))
            outside += weight * (after.cdf(low - 1) + after.sf(high))
    assert outside <= 0.05


@pytest.mark.parametrize("wrong", [(0, 1.0, 1.0), (3, 0.0, 1.0), (3, 1.0, 0.5)])
def test_nonsense_is_refused(wrong: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="needs calls before"):
        Before(*wrong)
