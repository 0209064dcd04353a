"""How old the stored calls and the history of runs are, for terms."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from callinsight.errors import StoreError

_CALLS = "SELECT call_id, epoch(started_at), local_date, transcript = 'kept', caller_ref IS NOT NULL FROM calls"


@dataclass(frozen=True, slots=True)
class Age:
    """When a call began, in seconds since 1970 and as a day in the Netherlands; whether it has its words, and whether
    it is linked to its caller."""

    began: float
    day: date
    has_words: bool
    is_linked: bool = False


def ages(connection: duckdb.DuckDBPyConnection) -> dict[str, Age]:
    """Every call of the database. Raises ``StoreError`` when its schema is older than this code."""
    try:
        found = connection.execute(_CALLS).fetchall()
    except duckdb.Error as error:
        raise StoreError(
            f"the database cannot be read ({type(error).__name__}): bring it up to date with `callinsight load`"
        ) from None
    return {str(call_id): Age(float(began), day, bool(words), bool(tied)) for call_id, began, day, words, tied in found}


def runs_before(connection: duckdb.DuckDBPyConnection, moment: datetime) -> tuple[date, ...]:
    """The days of runs that began before ``moment`` (aware), the newest of all runs left out."""
    found = connection.execute(
        "SELECT CAST(started_local AS DATE) FROM runs WHERE started_at < ? "
        "AND run_id <> (SELECT arg_max(run_id, started_at) FROM runs)",
        [moment.astimezone(UTC)],
    ).fetchall()
    return tuple(day for (day,) in found)
