"""From rows in Python to tables in DuckDB, a whole column at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter

import duckdb
import numpy as np
import numpy.typing as npt


class Kind(Enum):
    """What a column holds, and so how it travels. Only those named ``OPTIONAL_...`` may be ``None``."""

    TEXT = "text"
    OPTIONAL_TEXT = "optional-text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    """A moment: a naive ``datetime`` in UTC that becomes a TIMESTAMPTZ."""
    OPTIONAL_INSTANT = "optional-instant"
    LOCAL = "local"
    """A reading of a clock: a naive ``datetime``."""
    DATE = "date"
    OPTIONAL_TIME = "optional-time"
    """A time of the day: a naive ``time``."""
    INTEGERS = "integers"
    """A tuple of integers."""


_NONE = "\x1f"
"""Travels for ``None``, because DuckDB cannot look at an array of objects that begins with nothing but ``None``."""

_DTYPES = {
    Kind.TEXT: np.dtype(object),
    Kind.OPTIONAL_TEXT: np.dtype(object),
    Kind.INTEGER: np.dtype(np.int64),
    Kind.REAL: np.dtype(np.float64),
    Kind.BOOLEAN: np.dtype(bool),
    Kind.INSTANT: np.dtype("datetime64[us]"),
    Kind.OPTIONAL_INSTANT: np.dtype("datetime64[us]"),
    Kind.LOCAL: np.dtype("datetime64[us]"),
    Kind.DATE: np.dtype("datetime64[s]"),
    Kind.OPTIONAL_TIME: np.dtype(object),
    Kind.INTEGERS: np.dtype(object),
}

_EXPRESSIONS = {
    Kind.OPTIONAL_TEXT: "nullif({0}, chr(31))",
    Kind.INSTANT: "make_timestamptz(epoch_us({0}))",
    Kind.OPTIONAL_INSTANT: "make_timestamptz(epoch_us({0}))",
    Kind.DATE: "CAST({0} AS DATE)",
    Kind.OPTIONAL_TIME: "CAST(nullif({0}, chr(31)) AS TIME)",
    Kind.INTEGERS: "CASE WHEN {0} = '' THEN [] ELSE CAST(string_split({0}, ',') AS INTEGER[]) END",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name and what it holds."""

    name: str
    kind: Kind

    def array(self, values: Sequence[object]) -> npt.NDArray[np.generic]:
        """The values as an array that DuckDB reads without copying row by row."""
        if self.kind is Kind.INTEGERS:  # a list column would be slow; the numbers travel as text
            values = [",".join(map(str, numbers)) for numbers in values]  # type: ignore[call-overload]
        elif self.kind in (Kind.OPTIONAL_TEXT, Kind.OPTIONAL_TIME):
            values = [_NONE if value is None else str(value) for value in values]
        return np.array(values, dtype=_DTYPES[self.kind])

    @property
    def expression(self) -> str:
        """SQL that makes the column's own type of what travelled."""
        return _EXPRESSIONS.get(self.kind, "{0}").format(f'"{self.name}"')


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], rows: Iterable[Sequence[object]]
) -> int:
    """Insert rows, each with a value for every column in order; return how many.

    Works column-wise because inserting row by row is a hundred times slower. Raises ``ValueError`` for rows of
    another length.
    """
    held = list(rows)
    if not held:
        return 0
    if {len(row) for row in held} != {len(columns)}:
        raise ValueError(f"every row for {table} must have {len(columns)} values")
    # picking a column at a time, because zip(*rows) makes an iterator for every row
    arrays = {column.name: column.array(list(map(itemgetter(n), held))) for n, column in enumerate(columns)}
    names = ", ".join(f'"{column.name}"' for column in columns)
    expressions = ", ".join(column.expression for column in columns)
    connection.register("incoming_rows", arrays)
    try:
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {expressions} FROM incoming_rows")  # noqa: S608
    finally:
        connection.unregister("incoming_rows")
    return len(held)
