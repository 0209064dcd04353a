"""Makes a database file clean: DuckDB keeps the bytes of deleted rows until something else is written there."""

import shutil
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.cipher import ROOM_BYTES, attach
from callinsight.store.database import explain, in_memory, open_writer, quoted
from callinsight.store.migrate import prepare


def compact(path: Path) -> int:
    """Copy the rows of the database at ``path`` into a fresh file and swap it in; return the bytes that came free.

    Interrupted at any moment, the old file or the new one is there. Readers that have the old one open keep it. Raises
    ``StoreError`` when the database is in use or the disk has no room for a second one; nothing has changed then.
    """
    with open_writer(path):  # brings the schema up to date, and the log of changes into the file
        pass
    size = path.stat().st_size
    if shutil.disk_usage(path.parent).free < size + ROOM_BYTES:
        raise StoreError(
            f"{path.name} still holds the bytes of what was deleted: making it clean needs "
            f"{(size + ROOM_BYTES) / 1e6:.0f} MB free on its disk; make room and run `callinsight retention`"
        )
    fresh = path.with_name(path.name + ".compacting")
    _clear(fresh)
    try:
        with in_memory() as connection:
            try:
                _copy(connection, path, fresh)
            except duckdb.Error as error:
                raise StoreError(explain(error, path)) from None
            if path.with_name(path.name + ".wal").exists():
                raise StoreError(f"{path.name} is in use by another process: try again when it has finished")
            fresh.chmod(path.stat().st_mode & 0o777)
            fresh.replace(path)  # while the old file is still held, so that nobody wrote to it in between
    finally:
        _clear(fresh)
    return size - path.stat().st_size


def _copy(connection: duckdb.DuckDBPyConnection, path: Path, fresh: Path) -> None:
    """Fill ``fresh`` and close it; ``path`` stays attached, and with that held against writers."""
    connection.execute(f"SET temp_directory = {quoted(f'{path}.tmp')}")
    attach(connection, path, "old")
    attach(connection, fresh, "fresh", read_only=False)  # encrypted as the old one is
    connection.execute("USE fresh")
    prepare(connection)
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old' AND NOT internal ORDER BY table_name"
    ).fetchall()
    known = {
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'fresh'"
        ).fetchall()
    }
    connection.begin()
    for (table,) in tables:
        if table not in known:  # somebody's own
            connection.execute(f'CREATE TABLE "{table}" AS FROM old."{table}"')
            continue
        connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - what preparing filled
        connection.execute(f'INSERT INTO "{table}" BY NAME FROM old."{table}"')
    connection.commit()
    connection.execute("USE memory")
    connection.execute("DETACH fresh")  # which also writes everything to the file


def _clear(fresh: Path) -> None:
    for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
        leftover.unlink(missing_ok=True)
