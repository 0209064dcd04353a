"""Opens databases, encrypted or plain. One process may write, or many may read; DuckDB never allows both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from callinsight import sealed
from callinsight.errors import StoreError
from callinsight.keys import Key
from callinsight.store.cipher import attach, key_of, settle
from callinsight.store.cipher import quoted as quoted
from callinsight.store.migrate import prepare

Connection = duckdb.DuckDBPyConnection
"""For those outside of this package who hand a connection on."""

Options = dict[str, str | bool | int | float | list[str]]

_QUIET: Options = {
    "autoinstall_known_extensions": False,  # nothing is ever fetched from the network
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a table name in SQL never reaches into Python's variables
}

_CONFINED: Options = {
    "allow_community_extensions": False,
    "temp_directory": "",  # or a question too large for memory would write beside the published copy
    "enable_external_access": False,
    "lock_configuration": True,  # last
}

SANDBOX: Options = {**_QUIET, **_CONFINED}
"""Settings under which SQL of others may run: no files, no network, no attaching, and no way to change that.

The file of the database itself stays readable as a file: it holds nothing that a query would not show.
"""

_SCHEMA = "callinsight"
"""What an encrypted database is attached as: the name that DuckDB gives to the plain file."""


def is_locked(error: duckdb.Error) -> bool:
    """Whether another process, or this one, holds the file."""
    text = str(error).lower()
    return "lock on file" in text or "unique file handle" in text


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
    if any(word in text for word in ("not a valid duckdb", "corrupt", "checksum", "aes tag")):
        return f"{path.name} is no DuckDB database or is damaged: rebuild it from the result files"
    return f"{path.name} cannot be opened ({type(error).__name__}): check that the folder exists and may be written"


def connect(path: Path, *, read_only: bool, sandboxed: bool = False) -> duckdb.DuckDBPyConnection:
    """Open ``path``, encrypted or plain as it is. Raises ``StoreError`` with advice when that is not possible.

    ``KeyFitError``, which is one too, when it is encrypted with a key that is not at hand; ``SettingsError`` when the
    settings give no key.
    """
    if read_only and not path.is_file():
        raise StoreError(f"there is no database {path.name} yet: load or publish results first")
    try:
        encrypted = sealed.is_encrypted_database(path) if path.exists() else sealed.wants_sealing(path)
        if not encrypted:
            return duckdb.connect(str(path), read_only=read_only, config=SANDBOX if sandboxed else _QUIET)
        return _connect_encrypted(path, read_only=read_only, sandboxed=sandboxed)
    except duckdb.Error as error:
        raise StoreError(explain(error, path)) from None


def in_memory() -> duckdb.DuckDBPyConnection:
    """A database of its own in memory, to attach others to."""
    return duckdb.connect(":memory:", config=_QUIET)


def _connect_encrypted(path: Path, *, read_only: bool, sandboxed: bool) -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    try:
        connection.execute(f"SET temp_directory = {quoted(f'{path}.tmp')}")  # where it is for a plain one
        attach(connection, path, _SCHEMA, read_only=read_only)
        connection.execute(f"USE {_SCHEMA}")
        for name, value in _CONFINED.items() if sandboxed else ():
            connection.execute(f"SET {name} = {quoted(value) if isinstance(value, str) else value}")
    except BaseException:
        connection.close()
        raise
    return connection


def settle_database(path: Path) -> bool:
    """Make a database encrypted with the present key, or plain, as the settings of its work folder ask.

    Returns whether that was needed. Raises as :func:`connect` does.
    """
    try:
        return settle(path)
    except duckdb.Error as error:
        raise StoreError(explain(error, path)) from None


def fitting_key(path: Path, keys: tuple[Key, ...]) -> Key | None:
    """Which of ``keys`` opens an encrypted database; ``None`` when none does. Raises ``StoreError``."""
    try:
        return key_of(path, keys)
    except duckdb.Error as error:
        raise StoreError(explain(error, path)) from None


@contextmanager
def open_writer(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one connection that writes ``path``, with schema, views and calendar brought up to date; made if missing.

    A plain file becomes an encrypted one first when the settings of its work folder ask for that, and the other way
    round. Raises ``StoreError`` when another process holds the file, when it cannot be made or read, or when it is
    newer than this code.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    settle_database(path)
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
