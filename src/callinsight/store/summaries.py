"""Keeps the counts (and lists of signals) of the views right, at a cost that follows the batch, not the history.

Each file of ``summaries/`` is the one definition of the table of its name: an SQL question to the facts of the days in
the temporary table ``days``. Only the days, weeks and months of ``stale_days`` are asked for again, and DuckDB skips
the rows of all other days. Asked for all days it gives the whole table, so there is nothing else to keep equal.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import duckdb

from callinsight.errors import StoreError
from callinsight.store.scripts import SUMMARIES, read_scripts

FROM_LIFE_EVENTS = ("month_life_events",)
FROM_TOPICS = ("month_problems",)
FROM_ACTIONS = ("week_actions",)
"""Tables that follow from labels or decisions too, and are made anew as a whole when those change."""

_DAYS = """
CREATE OR REPLACE TEMP TABLE days AS
SELECT DISTINCT CAST(unnest(generate_series(first, first + INTERVAL 1 {unit} - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS DATE)
    AS local_date
FROM (SELECT DISTINCT CAST(date_trunc('{unit}', local_date) AS TIMESTAMP) AS first FROM {source})
WHERE first NOT IN (SELECT period_start FROM frozen_periods WHERE unit = '{unit}')
"""
"""Whole periods. Those whose calls are erased after their term are frozen: see :mod:`callinsight.store.frozen`."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A table of counts: its name, ``day``, ``week`` or ``month``, and the SQL that gives the rows of ``days``."""

    table: str
    unit: str
    sql: str


@cache
def summaries() -> tuple[Summary, ...]:
    """All of them by name. Raises ``StoreError`` when the installation is incomplete."""
    return tuple(Summary(one.name, one.name.partition("_")[0], one.text) for one in read_scripts(SUMMARIES))


def summary_tables() -> tuple[str, ...]:
    """The names of the tables of counts."""
    return tuple(one.table for one in summaries())


def mark_stale(connection: duckdb.DuckDBPyConnection, days: str) -> None:
    """Say that the counts of some days are to be made anew; ``days`` is SQL that gives ``local_date``."""
    connection.execute(f"INSERT INTO stale_days SELECT DISTINCT local_date FROM ({days}) WHERE local_date IS NOT NULL")  # noqa: S608


def is_stale(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether some counts are still to be made anew, because a load of many batches was cut short."""
    return connection.execute("FROM stale_days LIMIT 1").fetchone() is not None


def refresh_stale(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the counts of all stale days anew, inside the caller's transaction."""
    if is_stale(connection):
        _refresh(connection, "stale_days", summary_tables())
        connection.execute("DELETE FROM stale_days")


def refresh_whole(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Make ``tables`` anew for all days, inside the caller's transaction: their cost follows the whole history.

    Frozen periods stay as they are.
    """
    if not tables:
        return
    for one in summaries():
        if one.table in tables:
            kept = f"SELECT period_start FROM frozen_periods WHERE unit = '{one.unit}'"  # noqa: S608
            connection.execute(f"DELETE FROM {one.table} WHERE {_start(one.unit)} NOT IN ({kept})")  # noqa: S608
    _refresh(connection, "calls", tables)


def _start(unit: str) -> str:
    return "local_date" if unit == "day" else f"{unit}_start"


def _refresh(connection: duckdb.DuckDBPyConnection, source: str, tables: Collection[str]) -> None:
    for unit in ("day", "week", "month"):
        connection.execute(_DAYS.format(unit=unit, source=source))
        for one in summaries():
            if one.unit == unit and one.table in tables:
                connection.execute(
                    f"DELETE FROM {one.table} WHERE {_start(unit)} IN "  # noqa: S608
                    f"(SELECT CAST(date_trunc('{unit}', local_date) AS DATE) FROM days)"
                )
                connection.execute(f"INSERT INTO {one.table} BY NAME {one.sql}")
    connection.execute("DROP TABLE days")


def require_fresh(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise ``StoreError`` when the counts do not follow from the calls yet."""
    held = "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND table_name = 'stale_days'"
    if connection.execute(held).fetchone() is not None and is_stale(connection):
        raise StoreError("a load was cut short, so the counts are behind the calls: run `callinsight load` first")
