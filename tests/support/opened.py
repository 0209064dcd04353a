"""What the files of a work folder hold once they are opened: for tests that search all of it for something."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb

from callinsight import bundle
from callinsight.store.cipher import attach


def opened(work: Path) -> Iterator[tuple[str, bytes]]:
    """Every file by its place in ``work``: unsealed and unpacked, and of a database all rows as text.

    The settings of the work folder must be known to this process.
    """
    for path in sorted(work.rglob("*")):
        if path.is_file():
            place = path.relative_to(work).as_posix()
            yield place, _rows(path) if path.suffix == ".duckdb" else _unpacked(bundle.read_sealed(path))


def holding(work: Path, what: str) -> list[str]:
    """The files in which something stands, opened or as their bytes are: freed blocks of a plain database too."""
    sought = what.encode()
    return [place for place, data in opened(work) if sought in data or sought in (work / place).read_bytes()]


def _unpacked(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def _rows(path: Path) -> bytes:
    with duckdb.connect(":memory:") as connection:
        attach(connection, path, "looked_at")
        tables = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'looked_at' ORDER BY 1"
        ).fetchall()
        rows = [row for (table,) in tables for row in connection.execute(f'FROM looked_at."{table}"').fetchall()]
    return "\n".join(map(str, rows)).encode()
