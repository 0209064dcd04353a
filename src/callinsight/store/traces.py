"""Looks through every table of a database for an id: nothing has to be listed, so that no table can be left out."""

from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.database import connect, explain, open_reader, quoted

_TABLES = """
SELECT table_name, column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal
    AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE database_name = current_database())
ORDER BY table_name, column_index
"""

_WITHOUT_TEXT = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "BOOLEAN", "DATE", "TIME")
"""Beginnings of types that cannot hold an id; UINTEGER and the like hold one of these too."""


def _can_hold_text(kind: str) -> bool:
    return "VARCHAR" in kind or not any(part in kind for part in _WITHOUT_TEXT)


def rows_naming(path: Path, needles: Collection[str]) -> dict[str, int]:
    """Of each table in the database at ``path`` how many rows hold one of ``needles`` in any column; none left out.

    Raises ``StoreError``.
    """
    found: dict[str, int] = {}
    with open_reader(path) as connection:
        columns: dict[str, list[str]] = {}
        for table, column, kind in connection.execute(_TABLES).fetchall():
            columns.setdefault(str(table), [])
            if _can_hold_text(str(kind)):
                columns[str(table)].append(str(column))
        for table, names in columns.items():
            found[table] = _count(connection, f'"{table}"', names, needles)
    return found


def _count(connection: duckdb.DuckDBPyConnection, source: str, columns: list[str], needles: Collection[str]) -> int:
    tests = [f'contains(CAST("{name}" AS VARCHAR), {quoted(one)})' for name in columns for one in sorted(needles)]
    if not tests:
        return 0
    row = connection.execute(f"SELECT count(*) FROM {source} WHERE {' OR '.join(tests)}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def rows_in_parquet(path: Path, needles: Collection[str]) -> int:
    """How many rows of a Parquet file hold one of ``needles``. Raises ``StoreError``."""
    source = f"read_parquet({quoted(str(path))})"
    with connect(Path(":memory:"), read_only=False) as connection:
        try:
            columns = [str(name) for name, *_ in connection.execute(f"DESCRIBE FROM {source}").fetchall()]
            return _count(connection, source, columns, needles)
        except duckdb.Error as error:
            raise StoreError(explain(error, path)) from None


def rows_of_call(connection: duckdb.DuckDBPyConnection, call_id: str) -> dict[str, list[Mapping[str, object]]]:
    """The rows of a call in every table that has a column ``call_id``, by table; tables without any are left out."""
    tables = [str(table) for table, column, _ in connection.execute(_TABLES).fetchall() if column == "call_id"]
    found: dict[str, list[Mapping[str, object]]] = {}
    for table in tables:
        told = connection.execute(f'SELECT * FROM "{table}" WHERE call_id = ? ORDER BY ALL', [call_id])  # noqa: S608
        names = [str(column[0]) for column in told.description]
        rows = [dict(zip(names, row, strict=True)) for row in told.fetchall()]
        if rows:
            found[table] = list(rows)
    return found
