"""What a file holds, packed or not: every layer of it is given to the search."""

import base64
import binascii
import gzip
import io
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb

_DEEPEST = 5
_BASED = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_GZIP = re.compile(rb"\x1f\x8b\x08")
_ZIP = b"PK\x03\x04"
_SQLITE = b"SQLite format 3\0"
_DUCK_AT, _DUCK = 8, b"DUCK"
_PARQUET = b"PAR1"


def layers(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """``data`` itself, and all that is packed in it: gzip, zip, zlib, base64, SQLite, DuckDB and Parquet."""
    yield data
    if depth >= _DEEPEST or not data:
        return
    for inner in _inside(data):
        if inner and inner != data:
            yield from layers(inner, depth + 1)


def _inside(data: bytes) -> Iterator[bytes]:
    if data.startswith(_SQLITE):
        yield from _rows_of_sqlite(data)
    elif data[_DUCK_AT : _DUCK_AT + 4] == _DUCK:
        yield from _rows_of_duckdb(data)
    elif data.startswith(_PARQUET):
        yield from _rows_of_parquet(data)
    elif data.startswith(_ZIP):
        yield from _members(data)
    else:
        yield from _streams(data)
    for match in _BASED.finditer(data):
        try:
            yield base64.b64decode(match[0] + b"=" * (-len(match[0]) % 4))
        except binascii.Error:
            continue


def _members(data: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield member.filename.encode()
                yield archive.read(member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return


def _streams(data: bytes) -> Iterator[bytes]:
    """Compressed streams, wherever they begin; of one that is cut off what there is."""
    for pattern, bits in ((_GZIP, 31), (_ZLIB, 15)):
        for match in pattern.finditer(data):
            inflater = zlib.decompressobj(bits)
            inner = b""
            try:
                inner = inflater.decompress(data[match.start() :], 1 << 28)
            except zlib.error:
                continue
            if len(inner) > 16:
                yield inner


def _written(data: bytes, folder: str, suffix: str) -> Path:
    path = Path(folder) / f"looked-at{suffix}"
    path.write_bytes(data)
    return path


def _rows_of_sqlite(data: bytes) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = _written(data, folder, ".sqlite")
        try:
            with closing(sqlite3.connect(path)) as connection:
                tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                for (table,) in tables:
                    yield from map(_line, connection.execute(f'SELECT * FROM "{table}"'))
        except sqlite3.DatabaseError:
            return


def _rows_of_duckdb(data: bytes) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = _written(data, folder, ".duckdb")
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                yield from rows_of(connection)
        except duckdb.Error:
            return


def rows_of(connection: duckdb.DuckDBPyConnection) -> Iterator[bytes]:
    """All that an open database holds, a table at a time."""
    for schema, table in connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
        rows = connection.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall()
        yield b"\n".join(map(_line, rows))


def _rows_of_parquet(data: bytes) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = _written(data, folder, ".parquet")
        try:
            rows = duckdb.read_parquet(str(path), connection=duckdb.connect(":memory:")).fetchall()
        except duckdb.Error:
            return
        yield b"\n".join(map(_line, rows))


def _line(row: tuple[object, ...]) -> bytes:
    return b"\t".join(cell if isinstance(cell, bytes) else str(cell).encode(errors="replace") for cell in row)


def packed(data: bytes, way: str, folder: Path) -> bytes:
    """``data`` as a program might keep it: for showing that the search finds it there."""
    text = data.decode("latin-1")
    place = folder / f"packed-{way}"
    if way == "gzip":
        return gzip.compress(data)
    if way == "zlib in the middle":
        return b"head" * 9 + zlib.compress(data, 9) + b"tail"
    if way == "base64":
        return b"<a href='data:," + base64.b64encode(data) + b"'>"
    if way == "zip":
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings.xml", data)
        return kept.getvalue()
    if way == "sqlite":
        with closing(sqlite3.connect(place)) as log, log:
            log.execute("CREATE TABLE log (message TEXT, held BLOB)")
            log.execute("INSERT INTO log VALUES (?, ?)", (text, data))
        return place.read_bytes()
    with duckdb.connect(str(place) if way == "duckdb" else ":memory:") as connection:
        connection.execute(
            "CREATE TABLE turns AS SELECT n, CASE n WHEN 7000 THEN ? ELSE 'x' END AS t FROM range(9000) AS r(n)", [text]
        )
        if way == "parquet":
            connection.execute(f"COPY turns TO '{place}' (FORMAT parquet, COMPRESSION zstd)")
    return place.read_bytes()


PACKINGS = ("gzip", "zlib in the middle", "base64", "zip", "sqlite", "duckdb", "parquet")
