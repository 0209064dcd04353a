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

_WEEKS = "SELECT week_start, days FROM compared_weeks ORDER BY week_start"
_COUNTS = "SELECT candidate_id, week_start, calls FROM topic_candidates_per_week"


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
