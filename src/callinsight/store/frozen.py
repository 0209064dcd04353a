"""Keeps counts of weeks and months whose calls are erased after their term: those counts stand and are never made anew.

A call leaves the database when both its week and its month are past the term, so that what is frozen are whole periods:
distinct calls per week do not add up from days. The files of :mod:`callinsight.aggregates` are the truth; the rows here
and the table ``frozen_periods`` follow from them, so that a database that is made anew holds the same.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from callinsight.store.load import transaction
from callinsight.store.summaries import mark_stale, refresh_stale, summaries

Key = tuple[str, date]
"""A period: ``week`` or ``month``, and its first day."""

_WITH_CALLS = {"week": "week_calls", "month": "month_outcomes"}
"""A table for each unit that has a row for every period with calls."""

_COLUMNS = """
SELECT column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND table_name = ? ORDER BY column_index
"""


@dataclass(frozen=True, slots=True)
class FrozenPeriod:
    """All counts of one week or month: of each table its columns and rows, every value as DuckDB writes it."""

    unit: str
    start: date
    tables: Mapping[str, tuple[tuple[str, ...], tuple[tuple[str | None, ...], ...]]]

    @property
    def key(self) -> Key:
        """Which period it is."""
        return self.unit, self.start


def last_day(key: Key) -> date:
    """The last day of a period."""
    unit, start = key
    if unit == "week":
        return start + timedelta(days=6)
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def frozen_keys(connection: duckdb.DuckDBPyConnection) -> set[Key]:
    """The periods that the database holds as frozen."""
    return {(str(unit), start) for unit, start in connection.execute("FROM frozen_periods").fetchall()}


def gather(connection: duckdb.DuckDBPyConnection, until: date) -> tuple[FrozenPeriod, ...]:
    """The counts of all periods with calls that ended on ``until`` or before and are not frozen yet."""
    known = frozen_keys(connection)
    found: list[FrozenPeriod] = []
    for unit, table in _WITH_CALLS.items():
        starts = connection.execute(f"SELECT DISTINCT {unit}_start FROM {table} ORDER BY 1").fetchall()  # noqa: S608
        due = [start for (start,) in starts if (unit, start) not in known and last_day((unit, start)) <= until]
        found += _counts(connection, unit, due)
    return tuple(found)


def _counts(connection: duckdb.DuckDBPyConnection, unit: str, starts: list[date]) -> Iterator[FrozenPeriod]:
    gathered: dict[date, dict[str, tuple[tuple[str, ...], tuple[tuple[str | None, ...], ...]]]] = {
        s: {} for s in starts
    }
    for table in _tables(unit) if starts else ():
        columns = tuple(str(name) for name, _ in connection.execute(_COLUMNS, [table]).fetchall())
        texts = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in columns)
        query = f"SELECT {texts}, {unit}_start FROM {_source(table)} WHERE {unit}_start IN (SELECT unnest(?::DATE[])) "  # noqa: S608
        rows: dict[date, list[tuple[str | None, ...]]] = {}
        for *values, start in connection.execute(query + "ORDER BY ALL", [starts]).fetchall():
            rows.setdefault(start, []).append(tuple(values))
        for start in starts:
            gathered[start][table] = (columns, tuple(rows.get(start, ())))
    yield from (FrozenPeriod(unit, start, tables) for start, tables in gathered.items())


def _source(table: str) -> str:
    """Where the rows come from. Of improvements a zero is kept too: without a row nobody knows that it was counted."""
    if table != "week_actions":
        return table
    return (
        "(SELECT w.week_start, a.action_id, coalesce(h.calls, 0) AS calls FROM week_calls w CROSS JOIN actions a "
        "LEFT JOIN week_actions h USING (week_start, action_id))"
    )


def _tables(unit: str) -> tuple[str, ...]:
    return tuple(one.table for one in summaries() if one.unit == unit)


def sync_frozen(
    connection: duckdb.DuckDBPyConnection, standing: Collection[Key], added: Collection[FrozenPeriod]
) -> None:
    """Make the database hold as frozen exactly the periods ``standing``; ``added`` are those that it did not hold.

    Counts of a period that is no longer frozen are made anew of the calls that are left. Raises ``StoreError``; nothing
    has changed then.
    """
    gone = frozen_keys(connection) - set(standing)
    if not gone and not added:
        return
    with transaction(connection, "keeping the counts of erased calls"):
        for unit in _WITH_CALLS:
            ended = [start for one, start in gone if one == unit]
            fresh = [one for one in added if one.unit == unit]
            _remove(connection, unit, [*ended, *(one.start for one in fresh)])
            _insert(connection, unit, fresh)
            days = "SELECT DISTINCT local_date FROM calls WHERE date_trunc({0}, local_date) IN ({1})"
            listed = ", ".join(f"DATE '{start}'" for start in ended)
            if ended:
                mark_stale(connection, days.format(f"'{unit}'", listed))
        refresh_stale(connection)


def _remove(connection: duckdb.DuckDBPyConnection, unit: str, starts: list[date]) -> None:
    if not starts:
        return
    for table in _tables(unit):
        connection.execute(f"DELETE FROM {table} WHERE {unit}_start IN (SELECT unnest(?::DATE[]))", [starts])  # noqa: S608
    connection.execute(
        "DELETE FROM frozen_periods WHERE unit = ? AND period_start IN (SELECT unnest(?::DATE[]))", [unit, starts]
    )


def _insert(connection: duckdb.DuckDBPyConnection, unit: str, periods: list[FrozenPeriod]) -> None:
    for table in _tables(unit):
        kinds = {str(name): str(kind) for name, kind in connection.execute(_COLUMNS, [table]).fetchall()}
        values: dict[str, list[str | None]] = {name: [] for name in kinds}
        for period in periods:
            columns, rows = period.tables.get(table, ((), ()))  # a table that is younger than the file
            for row in rows:
                told = dict(zip(columns, row, strict=True))
                for name, column in values.items():
                    column.append(told.get(name))
        if any(values.values()):
            names = ", ".join(f'"{name}"' for name in values)
            casts = ", ".join(f"CAST(unnest(?::VARCHAR[]) AS {kind})" for kind in kinds.values())
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {casts}", list(values.values()))
    for period in periods:
        connection.execute("INSERT INTO frozen_periods VALUES (?, ?)", [period.unit, period.start])
