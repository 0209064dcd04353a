"""Looks for a call in every file of the work folder and of the published copy: what there is, or that it is gone.

Each file is opened by the reader that ``inventory.toml`` names for it, with the key when it is encrypted. A file that
the list does not know, or that cannot be read, is told: nothing is vouched for that nobody looked into.
"""

import gzip
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from callinsight import bundle, inventory, sealed
from callinsight.errors import CallinsightError
from callinsight.settings import Settings
from callinsight.store.traces import rows_in_parquet, rows_naming

Found = Iterator[str]

_PART = ".part"
_GZIP = 16 + zlib.MAX_WBITS
"""Tells zlib to expect a gzip header."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A place where a call is named: the file, from the work folder, and where in it."""

    place: str
    where: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a search through all files came to. ``unread`` are files that nobody could look into."""

    files: int
    traces: tuple[Trace, ...]
    unread: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether everything was looked into, and nothing was found."""
        return not self.traces and not self.unread


def scan(settings: Settings, needles: Collection[str], on_file: Callable[[int], object] = lambda _: None) -> Scan:
    """Look for ``needles`` (ids; at least one) in the name and the content of every file; tell ``on_file`` of each."""
    if not needles or not all(needles):
        raise ValueError("there must be something to look for")
    traces: list[Trace] = []
    unread: list[str] = []
    places = dict(_files(settings))
    for place, path in places.items():
        on_file(1)
        if any(one in place for one in needles):
            traces.append(Trace(place, "naam van het bestand"))
        reader = _reader(place)
        if reader is None:
            unread.append(place)
            continue
        try:
            traces += [Trace(place, where) for where in reader(path, needles)]
        except FileNotFoundError:
            continue  # gone since it was listed
        except (CallinsightError, OSError, EOFError, zlib.error, zipfile.BadZipFile, sqlite3.Error):
            unread.append(place)
    return Scan(len(places), tuple(traces), tuple(unread))


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Every file with its place; what is published elsewhere counts as lying in ``published``."""
    folder, published = settings.work.folder, settings.work.published_database.parent
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path
    if not published.is_relative_to(folder):
        name = settings.work.published_database
        for path in (name, name.with_suffix(".xlsx"), *sorted(published.glob(".tabellen*/**/*"))):
            if path.is_file():
                yield f"published/{path.relative_to(published).as_posix()}", path


def _reader(place: str) -> Callable[[Path, Collection[str]], Found] | None:
    name = place.rpartition("/")[2]
    if name.startswith(".") and name.endswith(_PART):
        return _part
    kept = inventory.kept_as(place)
    return None if kept is None else READERS[kept.reader]


def _content(path: Path) -> bytes:
    """What a file holds, opened with the key when it is sealed. Raises ``OSError`` for what no key opens piecemeal."""
    if path.name.endswith(_PART):  # sealed for the place that it was to have; cut short, it does not open
        return sealed.unseal(path.with_name(path.name[1:].rsplit(".", 2)[0]), path.read_bytes())
    return bundle.read_sealed(path)


def _plain(path: Path, needles: Collection[str]) -> Found:
    yield from _in_bytes(_content(path), needles)


def _part(path: Path, needles: Collection[str]) -> Found:
    if sealed.is_encrypted_database(path):
        raise OSError("nobody can tell what is in an encrypted database that is half-written")
    data = _content(path)
    yield from _in_bytes(zlib.decompressobj(_GZIP).decompress(data) if data.startswith(b"\x1f\x8b") else data, needles)


def _in_bytes(data: bytes, needles: Collection[str]) -> Found:
    if any(one.encode() in data for one in needles):
        yield "inhoud"


def _gzip(path: Path, needles: Collection[str]) -> Found:
    yield from _in_bytes(gzip.decompress(_content(path)), needles)


def _sqlite(path: Path, needles: Collection[str]) -> Found:
    yield from _plain(path, needles)  # freed pages too
    if not path.name.endswith(".sqlite"):
        return  # a side file, which is looked through with its database
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608
            number = sum(any(one in str(cell) for cell in row for one in needles) for row in rows)
            if number:
                yield f"tabel {table}: {number}"


def _duckdb(path: Path, needles: Collection[str]) -> Found:
    """Rows of a database, and bytes of one that is plain: freed blocks hold what was deleted, until it is compacted.

    Of an encrypted one its key opens the rows alone; that freed blocks are gone is :mod:`callinsight.store.compact`'s.
    Its log is read with it, and temporary files are encrypted with a key that was never written down.
    """
    if not sealed.is_encrypted_database(path):
        yield from _plain(path, needles)  # as far as blocks are not compressed
    elif path.suffix != ".duckdb":
        raise OSError("nobody can tell what is in a copy that is half-written")
    if path.suffix == ".duckdb":
        yield from (f"tabel {table}: {rows}" for table, rows in rows_naming(path, needles).items() if rows)


def _page(path: Path, needles: Collection[str]) -> Found:
    if path.suffix == ".pdf" and not path.with_suffix(".html").exists():
        raise OSError("nobody can tell what is in a PDF without its page")
    yield from _plain(path, needles)


def _published(path: Path, needles: Collection[str]) -> Found:
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            for member in book.namelist():
                yield from _in_bytes(book.read(member), needles)
    elif path.suffix == ".parquet":
        yield from (["inhoud"] if rows_in_parquet(path, needles) else [])
    elif path.suffix == ".duckdb":
        yield from _duckdb(path, needles)
    else:
        yield from _plain(path, needles)


READERS: dict[str, Callable[[Path, Collection[str]], Found]] = {
    "plain": _plain,
    "gzip": _gzip,
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "page": _page,
    "published": _published,
}
"""By the word that ``inventory.toml`` uses for it."""
