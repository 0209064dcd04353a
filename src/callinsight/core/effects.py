"""Whether an improvement changed how often residents phone about something: an interrupted time series with a control.

The weeks before an improvement tell what the weeks after it would have been without it (J. Lopez Bernal and others,
"Interrupted time series regression for the evaluation of public health interventions: a tutorial", International
Journal of Epidemiology 46, 2017), compared with all other calls so that busy and quiet weeks, holidays and growth drop
out (the same, "The use of controls in interrupted time series studies", IJE 47, 2018).

The model of week t before the improvement, with y calls about the matter and e its exposure (the other calls):

    y_t ~ Poisson, overdispersed by phi;   log E(y_t) = log e_t + a + b t

- b, the matter's own trend, is drawn towards 0: normal with ``TREND_SD`` a week, so that a few weeks cannot be
  extrapolated into nonsense, and its uncertainty widens the interval the further it is extrapolated.
- phi is Pearson's chi-square over its degrees of freedom, at least 1 (P. McCullagh and J. Nelder, Generalized Linear
  Models, 2nd edition, 1989, sections 4.5 and 9.2.4). When neighbouring weeks resemble each other (lag-1 correlation
  r of the residuals) it is multiplied by (1 + r) / (1 - r) (G. Bayley and J. Hammersley, Supplement to
  the JRSS 8, 1946).
- The weeks after together are expected to hold M calls with variance phi M + g' C g (C the covariance of a and b, g the
  gradient of M). The 95 % interval is that of the negative binomial distribution with that mean and variance, which
  copes with counts near zero; Student's t in place of the normal when phi had to be estimated.

A series of fewer than ``MIN_TREND`` weeks before cannot tell a trend. There the two sums are compared exactly
(``core/rates.py``), with the phi of both periods, and "no difference" is only said when the 95 % interval of the ratio
rules out a halving as well as a doubling.

What it cannot know: a peak before the improvement that would have passed by itself makes the improvement look good, and
a peak in the other calls raises what is expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from callinsight.core.rates import Before, interval, rules_out

TREND_SD = 0.02
"""How much the share of a matter may change a week by itself: in a quarter up or down by a quarter is common."""

MAX_WEEKS = 26
"""Weeks before and after that are used at most: older ones tell little, and half a year is far to extrapolate."""

MIN_BEFORE, MIN_AFTER = 4, 3
MIN_TREND = 8
"""Fewer weeks before than this tell no trend."""

MIN_OTHERS = 10
"""Fewer other calls than this in a week measure no business: then working days are the exposure."""

_LEVEL = 0.975
_MAX_CORRELATION = 0.6
_ROUNDS = 60

_Array = npt.NDArray[np.float64]


class Conclusion(StrEnum):
    """What can be said, in the words that users see."""

    EARLY = "te vroeg om te zeggen"
    LESS = "minder"
    SAME = "geen verschil"
    MORE = "meer"


class Basis(StrEnum):
    """What stands for how busy a week was, in the words that users see."""

    OTHERS = "overige gesprekken"
    DAYS = "werkdagen"


@dataclass(frozen=True, slots=True)
class Week:
    """A whole week: its number (any origin, in order of time), calls about the matter, other calls, working days."""

    number: int
    calls: int
    others: int
    working_days: int

    def __post_init__(self) -> None:
        if min(self.calls, self.others, self.working_days) < 0:
            raise ValueError("counts of a week must not be negative")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls to be expected after the improvement without it, with its 95 % interval (whole calls)."""

    expected: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What an improvement came to. ``forecast`` is ``None`` when too little is known to make one.

    ``reason`` tells in Dutch why it is too early, and is empty otherwise.
    """

    weeks_before: int
    weeks_after: int
    calls_before: int
    calls_after: int
    basis: Basis
    forecast: Forecast | None
    conclusion: Conclusion
    reason: str = ""


def effect(before: Sequence[Week], after: Sequence[Week]) -> Effect:
    """Compare the whole weeks after an improvement with those before, both in order of time.

    At most ``MAX_WEEKS`` of each are used: the last ones before and the first ones after. "No difference" is only said
    when a halving would have been seen (in short series: when it is ruled out); else it is too early.
    """
    before, after = tuple(before)[-MAX_WEEKS:], tuple(after)[:MAX_WEEKS]
    used = (*before, *after)
    basis = Basis.OTHERS if used and min(week.others for week in used) >= MIN_OTHERS else Basis.DAYS
    calls_before, calls_after = (sum(week.calls for week in weeks) for weeks in (before, after))

    def told(conclusion: Conclusion, reason: str = "", forecast: Forecast | None = None) -> Effect:
        return Effect(len(before), len(after), calls_before, calls_after, basis, forecast, conclusion, reason)

    if len(before) < MIN_BEFORE:
        return told(Conclusion.EARLY, f"er zijn minder dan {MIN_BEFORE} hele weken van ervoor")
    if len(after) < MIN_AFTER:
        return told(Conclusion.EARLY, f"er zijn nog geen {MIN_AFTER} hele weken voorbij")
    if calls_before == 0:
        return told(Conclusion.EARLY, "in de weken ervoor belde niemand hierover")
    if len(before) < MIN_TREND:
        return told(*_short(before, after, basis))
    forecast = _forecast(before, after, basis)
    if calls_after < forecast.low:
        return told(Conclusion.LESS, "", forecast)
    if calls_after > forecast.high:
        return told(Conclusion.MORE, "", forecast)
    if forecast.low <= forecast.expected / 2:
        return told(Conclusion.EARLY, "er zijn te weinig gesprekken om zelfs een halvering te zien", forecast)
    return told(Conclusion.SAME, "", forecast)


def _short(before: Sequence[Week], after: Sequence[Week], basis: Basis) -> tuple[Conclusion, str, Forecast]:
    """The exact comparison of two sums, for series that tell no trend."""
    exposure, ahead = _exposure(before, basis), _exposure(after, basis)
    known = Before(
        sum(week.calls for week in before), float(ahead.sum() / exposure.sum()), _spread((before, after), basis)
    )
    forecast = Forecast(known.expected, *interval(known))
    after_calls = sum(week.calls for week in after)
    if after_calls < forecast.low:
        return Conclusion.LESS, "", forecast
    if after_calls > forecast.high:
        return Conclusion.MORE, "", forecast
    if rules_out(known, after_calls, 1 / 2) and rules_out(known, after_calls, 2):
        return Conclusion.SAME, "", forecast
    return Conclusion.EARLY, "er zijn te weinig gesprekken om een halvering of verdubbeling uit te sluiten", forecast


def _spread(periods: Sequence[Sequence[Week]], basis: Basis) -> float:
    """The dispersion of weeks around the rate of their own period, widened for having been estimated from few weeks.

    Each period has its own rate, so that a change between them is no dispersion. One without calls tells none.
    """
    told = []
    for weeks in periods:
        exposure, calls = _exposure(weeks, basis), np.array([week.calls for week in weeks], dtype=np.float64)
        if calls.any():
            told.append(_residuals(calls, exposure * (calls.sum() / exposure.sum())))
    freedom = sum(len(residuals) - 1 for residuals in told)
    phi = _phi(told, freedom)
    return phi * _uncertain(freedom) if phi > 1 else 1.0


def _uncertain(freedom: int) -> float:
    """How much wider a variance has to be taken that was estimated with ``freedom`` degrees of freedom."""
    from scipy import stats  # here, because it is slow to import and most commands do without

    return float((stats.t.ppf(_LEVEL, freedom) / stats.norm.ppf(_LEVEL)) ** 2)


def _exposure(weeks: Sequence[Week], basis: Basis) -> _Array:
    counts = [week.others if basis is Basis.OTHERS else max(1, week.working_days) for week in weeks]
    return np.array(counts, dtype=np.float64)


def _forecast(before: Sequence[Week], after: Sequence[Week], basis: Basis) -> Forecast:
    middle = float(np.mean([week.number for week in before]))
    design, ahead = (
        np.array([[1.0, week.number - middle] for week in weeks], dtype=np.float64) for weeks in (before, after)
    )
    offset, offset_ahead = (np.log(_exposure(weeks, basis)) for weeks in (before, after))
    calls = np.array([week.calls for week in before], dtype=np.float64)
    phi = 1.0
    for _ in range(2):  # the dispersion needs a fit, and the pull on the trend needs the dispersion
        fitted, covariance = _fit(design, offset, calls, phi)
        phi = _dispersion(calls, np.exp(offset + design @ fitted))
    means = np.exp(offset_ahead + ahead @ fitted)
    expected = float(means.sum())
    gradient = means @ ahead
    variance = phi * expected + float(gradient @ covariance @ gradient)
    return Forecast(expected, *_interval(expected, variance, len(before) - 1 if phi > 1 else None))


def _fit(design: _Array, offset: _Array, calls: _Array, phi: float) -> tuple[_Array, _Array]:
    """Level and trend with their covariance: Newton's method on the penalised Poisson likelihood over ``phi``.

    The step is halved until the likelihood does not fall, so that it ends at the one maximum there is.
    """
    pull = np.diag([0.0, TREND_SD**-2])
    fitted = np.array([np.log(calls.sum() / np.exp(offset).sum()), 0.0])

    def loss(at: _Array) -> float:
        log_mean = offset + design @ at
        return float((np.exp(log_mean) - calls * log_mean).sum() / phi + at @ pull @ at / 2)

    for _ in range(_ROUNDS):
        means = np.exp(offset + design @ fitted)
        slope = design.T @ (means - calls) / phi + pull @ fitted
        curvature = (design.T * means) @ design / phi + pull
        step = np.linalg.solve(curvature, slope)
        now = loss(fitted)
        while loss(fitted - step) > now + 1e-9 and float(np.abs(step).max()) > 1e-9:
            step = step / 2
        fitted = fitted - step
        if float(np.abs(step).max()) < 1e-8:
            break
    means = np.exp(offset + design @ fitted)
    return fitted, np.linalg.inv((design.T * means) @ design / phi + pull)


def _dispersion(calls: _Array, means: _Array) -> float:
    return _phi([_residuals(calls, means)], len(calls) - 1)


def _residuals(calls: _Array, means: _Array) -> _Array:
    """Pearson's residuals: in standard deviations of a Poisson count."""
    return (calls - means) / np.sqrt(means)


def _phi(told: Sequence[_Array], freedom: int) -> float:
    """Variance over mean from the residuals of one or more periods, and more when neighbouring weeks are alike."""
    power = float(sum((residuals**2).sum() for residuals in told))
    together = float(sum((residuals[1:] * residuals[:-1]).sum() for residuals in told))
    alike = min(max(together / power if power > 0 else 0.0, 0.0), _MAX_CORRELATION)
    return max(1.0, power / freedom) * (1 + alike) / (1 - alike)


def _interval(mean: float, variance: float, freedom: int | None) -> tuple[int, int]:
    from scipy import stats

    if freedom is not None:
        variance *= _uncertain(freedom)
    if variance <= mean * (1 + 1e-9):
        spread = stats.poisson(mean)
    else:
        spread = stats.nbinom(mean**2 / (variance - mean), mean / variance)
    return int(spread.ppf(1 - _LEVEL)), int(spread.ppf(_LEVEL))
