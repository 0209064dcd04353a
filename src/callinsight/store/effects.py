"""Works out the effect of every improvement from the calls of the database, and keeps it in ``action_effects``."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb

from callinsight.core.effects import MAX_WEEKS, Week, effect
from callinsight.store.load import transaction

_WEEKS = """
WITH working AS (
    SELECT week_start, count(*) FILTER (WHERE working_day) AS days, min(local_date) FILTER (WHERE working_day) AS opens
    FROM calendar GROUP BY week_start
),
whole AS (
    SELECT b.week_start, b.calls, coalesce(w.days, 5) AS days
    FROM week_calls b LEFT JOIN working w USING (week_start)
    WHERE (b.week_start > (SELECT min(week_start) FROM week_calls) OR b.first_day <= coalesce(w.opens, b.week_start))
        AND (b.week_start < (SELECT max(week_start) FROM week_calls) OR b.last_day >= b.week_start + 4)
)
SELECT a.action_id, w.week_start, a.effective_on, coalesce(h.calls, 0) AS calls,
    w.calls - coalesce(h.calls, 0) AS others, w.days
FROM actions a
JOIN whole w ON w.week_start BETWEEN a.effective_on - $span AND a.effective_on + $span
    AND NOT (w.week_start < a.effective_on AND w.week_start + 6 >= a.effective_on)
LEFT JOIN week_actions h ON h.action_id = a.action_id AND h.week_start = w.week_start
WHERE h.action_id IS NOT NULL OR w.week_start NOT IN (SELECT period_start FROM frozen_periods WHERE unit = 'week')
ORDER BY a.action_id, w.week_start
"""
"""Whole weeks around each improvement: without a first or last week that the data hold in part, and without the week
in which the improvement took effect, unless that was on its Monday. In weeks that were frozen before an improvement was
recorded nobody counted its calls, so they are left out."""

_OTHERS = """
SELECT a.action_id, count(DISTINCT b.action_id)
FROM actions a
JOIN action_targets s USING (action_id)
LEFT JOIN action_targets t ON t.topic = s.topic AND (t.facet IS NULL OR s.facet IS NULL OR t.facet = s.facet)
LEFT JOIN actions b ON b.action_id = t.action_id AND b.action_id <> a.action_id
    AND b.effective_on BETWEEN a.effective_on - $span AND a.effective_on + $span
GROUP BY a.action_id
"""


def refresh_effects(connection: duckdb.DuckDBPyConnection) -> None:
    """Work out every effect anew. Needs no open transaction; raises ``StoreError``, and then nothing has changed."""
    with transaction(connection, "working out the effect of improvements"):
        span = {"span": 7 * (MAX_WEEKS + 1)}
        connection.execute("DELETE FROM action_effects")
        others = dict(connection.execute(_OTHERS, span).fetchall())
        rows = connection.execute(_WEEKS, span).fetchall()
        found = {action_id: list(weeks) for action_id, weeks in groupby(rows, key=itemgetter(0))}
        for action_id, other in sorted(others.items()):
            values = _row(str(action_id), found.get(action_id, []), int(other))
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO action_effects VALUES ({marks})", values)  # noqa: S608


def _row(action_id: str, weeks: list[tuple[Any, ...]], others: int) -> list[object]:
    numbered = list(_numbered(weeks))
    before = [week for after, week in numbered if not after]
    after = [week for is_after, week in numbered if is_after]
    made = effect(before, after)
    last = date.fromordinal(after[made.weeks_after - 1].number * 7 + 1) if after else None
    forecast = made.forecast
    numbers: list[object] = [None] * 6
    if forecast is not None:
        prevented = [bound - made.calls_after for bound in (forecast.expected, forecast.low, forecast.high)]
        numbers = [forecast.expected, forecast.low, forecast.high, *prevented]
    return [
        action_id,
        made.weeks_before,
        made.weeks_after,
        last,
        made.calls_before,
        made.calls_after,
        *numbers,
        made.conclusion.value,
        made.reason,
        made.basis.value,
        others,
    ]


def _numbered(weeks: list[tuple[Any, ...]]) -> Iterator[tuple[bool, Week]]:
    """Each week with whether it lies after the improvement. Numbers count weeks, so that holes stay holes."""
    for _, monday, effective_on, calls, others, days in weeks:
        yield monday >= effective_on, Week(monday.toordinal() // 7, calls, others, days)
