"""Whether something was phoned about more or less in the last week than before: the rule of ``rising_topics``.

Two Poisson counts are compared on the square-root scale (M. Huffman, "An improved approximate two-sample Poisson test",
Applied Statistics 33, 1984), the interval widened by the dispersion of the weeks before; Student's t, 99 %, when they
differ more than Poisson counts do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

LEAST_WEEKS = 4
_NORMAL_99 = 2.576
_STUDENT_99 = (5.841, 4.604, 4.032, 3.707, 3.499)
_SHIFT = 0.375


@dataclass(frozen=True, slots=True)
class Growth:
    """Calls of the last week, and what was to be expected with its 99 % interval; ``trend`` in the users' words."""

    calls: int
    expected: float | None
    low: float | None
    high: float | None
    trend: str


def growth(before: Sequence[tuple[int, int]], last: tuple[int, int]) -> Growth:
    """Compare ``last`` with the weeks ``before``, each ``(calls, working days)``; a week has at least one day."""
    calls, days = last
    if len(before) < LEAST_WEEKS:
        return Growth(calls, None, None, None, "te weinig weken")
    total, days_before = sum(count for count, _ in before), sum(days for _, days in before)
    ratio = days / days_before
    means = [total * own / days_before for _, own in before]
    pearson = sum((count - mean) ** 2 / mean for (count, _), mean in zip(before, means, strict=True) if mean > 0)
    dispersion = max(1.0, pearson / (len(before) - 1))
    quantile = _NORMAL_99 if dispersion == 1 else _STUDENT_99[min(max(len(before) - 3, 1), 5) - 1]
    middle, margin = sqrt((total + _SHIFT) * ratio), quantile * sqrt(dispersion * (1 + ratio)) / 2
    now = sqrt(calls + _SHIFT)
    trend = "stijgt" if now > middle + margin else "daalt" if now < middle - margin else "geen verandering"
    low, high = max(0.0, max(0.0, middle - margin) ** 2 - _SHIFT), (middle + margin) ** 2 - _SHIFT
    return Growth(calls, round(total * ratio, 1), round(low, 1), round(high, 1), trend)
