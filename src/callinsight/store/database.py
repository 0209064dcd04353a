"""Opens databases. One process may write, or many may read; DuckDB never allows both on one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.migrate import prepare

Connection = duckdb.DuckDBPyConnection
"""For those outside of this package who hand a connection on."""

_QUIET: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,  # nothing is ever fetched from the network
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a table name in SQL never reaches into Python's variables
}

SANDBOX: dict[str, str | bool | int | float | list[str]] = {
    **_QUIET,
    "enable_external_access": False,
    "allow_community_extensions": False,
    "lock_configuration": True,
    "temp_directory": "",  # or a question too large for memory would write beside the published copy
}
"""Settings under which SQL of others may run: no files, no network, no attaching, and no way to change that.

The file of the database itself stays readable as a file: it holds nothing that a query would not show.
"""


def quoted(text: str) -> str:
    """``text`` as an SQL string, for the few statements (ATTACH, COMMENT) that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def is_locked(error: duckdb.Error) -> bool:
    """Whether another process holds the file."""
    return "lock on file" in str(error).lower()


def explain(error: duckdb.Error, path: Path) -> str:
    """What went wrong on opening ``path``, with advice. Names the file only, not where it lies."""
    text = str(error).lower()
    if is_locked(error):
        return (
            f"{path.name} is in use by another process: wait until it has finished, or look at the published copy, "
            "which is never locked"
        )
    if "version number" in text or "newer" in text or "older" in text:
        return f"{path.name} was written by another version of DuckDB: install the DuckDB of requirements.lock"
    if "not a valid duckdb" in text or "corrupt" in text or "checksum" in text:
        return f"{path.name} is no DuckDB database or is damaged: rebuild it from the result files"
    return f"{path.name} cannot be opened ({type(error).__name__}): check that the folder exists and may be written"


def connect(path: Path, *, read_only: bool, sandboxed: bool = False) -> duckdb.DuckDBPyConnection:
    """Open ``path``. Raises ``StoreError`` with advice when that is not possible."""
    if read_only and not path.is_file():
        raise StoreError(f"there is no database {path.name} yet: load or publish results first")
    try:
        return duckdb.connect(str(path), read_only=read_only, config=SANDBOX if sandboxed else _QUIET)
    except duckdb.Error as error:
        raise StoreError(explain(error, path)) from None


@contextmanager
def open_writer(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one connection that writes ``path``, with schema, views and calendar brought up to date; made if missing.

    Raises ``StoreError`` when another process holds the file, when it cannot be made or read, or when it is newer than
    this code.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path, read_only=False)
    try:
        prepare(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def open_reader(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that only reads ``path``. Raises ``StoreError`` when it is missing or held by a writer."""
    connection = connect(path, read_only=True)
    try:
        yield connection
    finally:
        connection.close()
