"""Two counts of calls compared exactly: for series that are too short to tell a trend.

Given the sum of two Poisson counts, the second is binomial, and its chance depends on the ratio of the two rates and on
how busy both periods were (J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson
series", Biometrika 31, 1940). Turned round, this gives the counts that are to be expected after a count before, with
an interval that holds for any size, also of three calls (W. Nelson, "Confidence intervals for the ratio of two Poisson
means and Poisson predictor intervals", IEEE Transactions on Reliability R-19, 1970).

Counts that differ more from week to week than Poisson counts do are worth less: a variance of ``spread`` times the mean
makes of n calls n / ``spread`` (P. McCullagh and J. Nelder, Generalized Linear Models, 2nd edition, 1989, section 9.2).
The binomial tails are then those of the beta distribution that equals them for whole numbers.
"""

from dataclasses import dataclass

import numpy as np

_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Before:
    """What is known: ``calls`` before, ``exposure`` after over that before, and variance over mean (``spread``)."""

    calls: int
    exposure: float
    spread: float = 1.0

    def __post_init__(self) -> None:
        if self.calls < 1 or self.exposure <= 0 or self.spread < 1:
            raise ValueError("a comparison needs calls before, a positive exposure, and a spread of at least 1")

    @property
    def expected(self) -> float:
        """Calls to be expected after when nothing changes."""
        return self.calls * self.exposure


def chance_of_at_most(known: Before, after: int, ratio: float = 1.0) -> float:
    """The chance of ``after`` calls or fewer when the rate after is ``ratio`` times that before."""
    from scipy import special  # here, because it is slow to import

    before, share = known.calls / known.spread, _share(known, ratio)
    return float(special.betainc(before, after / known.spread + 1, 1 - share))


def chance_of_at_least(known: Before, after: int, ratio: float = 1.0) -> float:
    """The chance of ``after`` calls or more when the rate after is ``ratio`` times that before."""
    from scipy import special

    before, share = known.calls / known.spread, _share(known, ratio)
    return 1.0 if after <= 0 else float(special.betainc(after / known.spread, before + 1, share))


def interval(known: Before) -> tuple[int, int]:
    """The lowest and highest count after that fit an unchanged rate: 95 %, at most 2.5 % beyond either end."""
    low, high = 0, int(np.ceil(known.expected))
    while chance_of_at_most(known, low) <= _TAIL:
        low += 1
    step = 1
    while chance_of_at_least(known, high + step) > _TAIL:
        step *= 2
    while step > 0:
        if chance_of_at_least(known, high + step) > _TAIL:
            high += step
        else:
            step //= 2
    return low, high


def rules_out(known: Before, after: int, ratio: float) -> bool:
    """Whether ``after`` calls are too many (``ratio`` below 1) or too few (above 1) for a rate so much changed."""
    chance = chance_of_at_least if ratio < 1 else chance_of_at_most
    return chance(known, after, ratio) <= _TAIL


def _share(known: Before, ratio: float) -> float:
    return ratio * known.exposure / (1 + ratio * known.exposure)
