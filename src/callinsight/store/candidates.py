"""Fills the tables of candidates for new topics from their files, and works out how each grows."""

from collections.abc import Collection, Sequence
from datetime import date

import duckdb

from callinsight.core.candidate import Candidate
from callinsight.core.growth import Growth, growth
from callinsight.store.columns import Column, Kind, insert_rows
from callinsight.store.load import transaction

CANDIDATE_TABLES = ("topic_candidates", "topic_candidate_calls")

_CALLS = (
    Column("candidate_id", Kind.TEXT),
    Column("call_id", Kind.TEXT),
    Column("turn_no", Kind.INTEGER),
    Column("example_no", Kind.INTEGER),
)

_WEEKS = """
-- The last whole week and up to eight before it, with their working days: as in rising_topics.
WITH busy AS (SELECT week_start, min(local_date) AS first_day, max(local_date) AS last_day FROM calls GROUP BY week_start),
last_week AS (
    SELECT max(week_start) AS week_start FROM busy
    WHERE last_day >= week_start + 4 OR week_start < (SELECT max(week_start) FROM busy)
),
working AS (
    SELECT week_start, greatest(count(*) FILTER (WHERE working_day), 1) AS days,
        min(local_date) FILTER (WHERE working_day) AS opens
    FROM calendar GROUP BY week_start
)
SELECT b.week_start, coalesce(w.days, 5) AS days
FROM busy b CROSS JOIN last_week l LEFT JOIN working w USING (week_start)
WHERE b.week_start BETWEEN l.week_start - 56 AND l.week_start
    AND (b.week_start > (SELECT min(week_start) FROM busy) OR b.first_day <= coalesce(w.opens, b.week_start))
ORDER BY b.week_start
"""

_COUNTS = """
SELECT k.candidate_id, c.week_start, count(DISTINCT k.call_id)
FROM topic_candidate_calls k JOIN calls c USING (call_id) GROUP BY ALL
"""


def sync_candidates(connection: duckdb.DuckDBPyConnection, candidates: Collection[Candidate]) -> None:
    """Make the tables hold exactly ``candidates``; twice is as once.

    Calls that the database does not hold (any more) are left out. Raises ``StoreError``; nothing has changed then.
    """
    with transaction(connection, "loading candidates for new topics"):
        for table in CANDIDATE_TABLES:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        insert_rows(connection, "topic_candidate_calls", _CALLS, (row for one in candidates for row in _rows(one)))
        connection.execute("DELETE FROM topic_candidate_calls WHERE call_id NOT IN (SELECT call_id FROM calls)")
        weeks = [(week, int(days)) for week, days in connection.execute(_WEEKS).fetchall()]
        counts = {(name, week): int(calls) for name, week, calls in connection.execute(_COUNTS).fetchall()}
        for one in candidates:
            _insert(connection, one, weeks, counts)


def _rows(one: Candidate) -> list[tuple[str, str, int, int]]:
    places = {member: number for number, member in enumerate(one.examples, start=1)}
    return [(one.candidate_id, *member, places.get(member, 0)) for member in one.members]


def _insert(
    connection: duckdb.DuckDBPyConnection,
    one: Candidate,
    weeks: Sequence[tuple[date, int]],
    counts: dict[tuple[str, date], int],
) -> None:
    own = [(counts.get((one.candidate_id, week), 0), days) for week, days in weeks]
    grown = growth(own[:-1], own[-1]) if own else Growth(0, None, None, None, "te weinig weken")
    connection.execute(
        "INSERT INTO topic_candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            one.candidate_id,
            one.topic,
            ", ".join(one.terms),
            one.found_on,
            sum(calls for (name, _), calls in counts.items() if name == one.candidate_id),
            weeks[-1][0] if weeks else None,
            grown.calls,
            grown.expected,
            grown.low,
            grown.high,
            grown.trend,
            None if one.verdict is None else one.verdict.value,
            one.belongs_to,
        ],
    )
