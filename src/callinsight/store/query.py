"""Asks a database one question in SQL that may come from anybody: nothing is written, nothing outside is reached."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.database import connect
from callinsight.store.summaries import require_fresh

_ALLOWED = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to a query: names of columns, and rows of Python values in the order of DuckDB."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def run_query(path: Path, sql: str) -> Table:
    """The answer of the database ``path`` to ``sql``: one statement that reads (SELECT, FROM, DESCRIBE, EXPLAIN, ...).

    The connection is read-only and cannot open files, reach the network, attach databases, load extensions or change
    these settings. Raises ``StoreError`` when the database is missing or in use, when a load was cut short, for
    anything but one reading statement, and with DuckDB's own message when the SQL is wrong.
    """
    connection = connect(path, read_only=True, sandboxed=True)
    try:
        require_fresh(connection)
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise StoreError(f"give one SQL statement, not {len(statements)}")
        if statements[0].type not in _ALLOWED:
            raise StoreError("only statements that read are possible here, such as SELECT")
        answer = connection.execute(statements[0])
        columns = tuple(str(column[0]) for column in answer.description)
        return Table(columns, tuple(answer.fetchall()))
    except duckdb.Error as error:
        raise StoreError(f"the database cannot answer this: {error}") from None
    finally:
        connection.close()


def _plain(value: object) -> object:
    """``value`` as something that JSON has."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def to_json(table: Table) -> str:
    """A JSON array with an object for each row, one row on a line. Days and times are in ISO 8601."""
    lines = (
        json.dumps({name: _plain(value) for name, value in zip(table.columns, row, strict=True)}, ensure_ascii=False)
        for row in table.rows
    )
    return "[\n" + ",\n".join(lines) + "\n]\n" if table.rows else "[]\n"


def to_csv(table: Table, delimiter: str = ",") -> str:
    """The table as CSV (RFC 4180) with a header. An empty field is a NULL; a list is written as JSON."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return text.getvalue()


def _cell(value: object) -> object:
    plain = _plain(value)
    if plain is None:
        return ""
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | dict) else plain
