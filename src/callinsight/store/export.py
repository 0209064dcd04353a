"""The published copy in other shapes: Parquet and CSV a table each, and one Excel workbook.

All of it is read from the published database, so that nothing can be in it that managers may not see. Each is complete
or not there: the workbook takes the place of the old one in one step, and so does the folder with the tables, which is
a link to a folder of that publication.
"""

import os
import shutil
import tomllib
from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from callinsight.errors import StoreError
from callinsight.store.database import connect, quoted
from callinsight.store.query import Table
from callinsight.store.scripts import HERE
from callinsight.store.workbook import Front, Heading, Sheet, workbook

FOLDER = "tabellen"
_READABLE = 0o444
_KEPT = 2
"""Folders of tables that are kept: the present one, and the one before for whoever is still reading it."""

WORKBOOK_WEEKS = 104
"""Weeks in the workbook, the newest with calls being the last: somebody reads those, and making it takes as long each
night however long the history is. The database, Parquet and CSV hold all."""

_PERIODS = {"week_start": "week", "month_start": "month", "started_local": "day"}
"""Columns that tell when, and of how long a time."""

_COPY = {
    "parquet": "(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{uitleg: {comment}}})",
    "csv": "(FORMAT csv, HEADER true)",
}

_TABLES = "SELECT table_name, comment FROM duckdb_tables() WHERE NOT internal ORDER BY table_name"
_COLUMNS = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"


@cache
def headings() -> dict[str, Any]:
    """Dutch names of sheets and columns: ``sheets``, ``columns``, and the tables that are ``left_out``."""
    return tomllib.loads((HERE / "headings.toml").read_text(encoding="utf-8"))


def workbook_path(published: Path) -> Path:
    """Where the workbook of a published database lies."""
    return published.with_suffix(".xlsx")


def export(published: Path, shapes: Collection[str], *, keep_earlier: bool = True) -> tuple[Path, ...]:
    """Write the published database in other shapes beside it; return the paths of what was written.

    Without ``keep_earlier`` nothing of an earlier publication stays, also not in shapes that are no longer asked for.

    Whoever calls this holds the writer's database, so that no other publication runs.

    Raises ``StoreError`` when the database is missing or something cannot be written; what was there then stays.
    """
    written: list[Path] = []
    _clear(published)
    with connect(published, read_only=True) as connection:
        try:
            tables = dict(connection.execute(_TABLES).fetchall())
            if folders := [shape for shape in ("parquet", "csv") if shape in shapes]:
                kept = _KEPT if keep_earlier else 1
                written.append(_write_tables(connection, published.parent / FOLDER, tables, folders, kept))
            if "xlsx" in shapes:
                written.append(workbook_path(published))
                elsewhere = f"{published.name} en de map {FOLDER}" if folders else published.name
                put(written[-1], _workbook(connection, tables, elsewhere), _READABLE)
        except (duckdb.Error, OSError) as error:
            raise StoreError(
                f"the published copy is there, but not in every shape ({type(error).__name__}): "
                "is there room on the disk, and does it hold links?"
            ) from None
    if not keep_earlier:
        _remove_unwritten(published, written)
    return tuple(written)


def _remove_unwritten(published: Path, written: Collection[Path]) -> None:
    link, book = published.parent / FOLDER, workbook_path(published)
    if book not in written:
        book.unlink(missing_ok=True)
    if link not in written:
        link.unlink(missing_ok=True)
        for old in link.parent.glob(f".{link.name}-*"):
            shutil.rmtree(old, ignore_errors=True)


def is_behind(published: Path, shapes: Collection[str]) -> bool:
    """Whether a shape is missing or older than the published database: an earlier publication was stopped."""
    wanted = [workbook_path(published)] if "xlsx" in shapes else []
    wanted += [published.parent / FOLDER] if {"parquet", "csv"} & set(shapes) else []
    made = published.stat().st_mtime_ns
    return any(not path.exists() or path.lstat().st_mtime_ns < made for path in wanted)


def _clear(published: Path) -> None:
    """Remove what a publication that was killed left half-made. Only one process publishes at a time."""
    link, book = published.parent / FOLDER, workbook_path(published)
    for leftover in (*link.parent.glob(f".{link.name}.*.link"), *book.parent.glob(f".{book.name}.*.part")):
        leftover.unlink(missing_ok=True)


def _write_tables(
    connection: duckdb.DuckDBPyConnection, link: Path, tables: dict[str, str], shapes: Collection[str], kept: int
) -> Path:
    """Write a folder of this publication and let ``link`` point at it in one step; ``kept`` folders stay."""
    row = connection.execute("SELECT strftime(published_local, '%Y%m%dT%H%M%S') FROM publication").fetchone()
    stem = f".{link.name}-{row[0] if row else ''}"
    number = next(n for n in range(1_000_000) if not link.with_name(f"{stem}-{n:02d}").exists())
    fresh = link.with_name(f"{stem}-{number:02d}")
    pointer = link.with_name(f".{link.name}.{os.getpid()}.link")
    try:
        for shape in shapes:
            (fresh / shape).mkdir(parents=True)
            for table, comment in tables.items():
                path = fresh / shape / f"{table}.{shape}"
                how = _COPY[shape].format(comment=quoted(comment or ""))
                connection.execute(f'COPY (FROM "{table}") TO {quoted(str(path))} {how}')
                path.chmod(_READABLE)
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(fresh.name)
        pointer.replace(link)
    except BaseException:
        pointer.unlink(missing_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    for old in sorted(link.parent.glob(f".{link.name}-*"), key=lambda path: path.stat().st_mtime_ns)[:-kept]:
        shutil.rmtree(old, ignore_errors=True)
    return link


def _workbook(connection: duckdb.DuckDBPyConnection, tables: dict[str, str], elsewhere: str) -> bytes:
    """The workbook as bytes; ``elsewhere`` says where the weeks stand that are not in it."""
    names = headings()
    shown = [table for table in names["sheets"] if table in tables]
    shown += [table for table in sorted(tables) if table not in names["sheets"] and table not in names["left_out"]]
    ((made, k, first, last),) = connection.execute(
        "SELECT published_local, k, first_day, last_day FROM publication"
    ).fetchall()
    since = None if last is None else _first_week(min(last, made.date()))
    sheets = [_sheet(connection, table, tables[table] or "", since) for table in shown]
    cut = _cut(since, elsewhere) if since and first < since else ""
    return workbook(sheets, _front(made, k, (first, last), cut), made)


def _cut(since: date, elsewhere: str) -> str:
    """A line that says what is left out, and where it is."""
    return (
        f"Tabbladen met een week, een maand of een dag gaan over de nieuwste {WORKBOOK_WEEKS} weken, "
        f"vanaf {since:%d-%m-%Y}. Wat ouder is, staat in {elsewhere}."
    )


def _first_week(last_day: date) -> date:
    """The Monday of the first week in the workbook."""
    return last_day - timedelta(days=last_day.weekday(), weeks=WORKBOOK_WEEKS - 1)


def _sheet(connection: duckdb.DuckDBPyConnection, table: str, comment: str, since: date | None) -> Sheet:
    """A table as a sheet: of what tells its week, month or day that from ``since`` on, a month as a whole."""
    names = headings()
    columns = connection.execute(_COLUMNS, [table]).fetchall()
    made = tuple(Heading(names["columns"].get(column, column), meaning or "") for column, meaning in columns)
    period = next((column for column, _ in columns if column in _PERIODS), None)
    if period is None or since is None:
        rows = connection.execute(f'FROM "{table}"').fetchall()
    else:
        kept = f"FROM \"{table}\" WHERE {period} >= date_trunc('{_PERIODS[period]}', $since::DATE)"
        rows = connection.execute(kept, {"since": since}).fetchall()
    return Sheet(names["sheets"].get(table, table)[:31], comment, made, rows)


def _front(made: datetime, k: int, days: tuple[Any, Any], cut: str) -> Front:
    period = (
        "" if days[0] is None else f" Ze gaan over gesprekken van {days[0]:%d-%m-%Y} tot en met {days[1]:%d-%m-%Y}."
    )
    hidden = f"Aantallen onder {k} zijn weggelaten, zodat niemand te herkennen is. Zo'n vakje is leeg." if k > 1 else ""
    lines = (
        f"Deze cijfers zijn gemaakt op {made:%d-%m-%Y om %H:%M}.{period}",
        cut,
        "Een computer heeft geluisterd en maakt fouten. Bespreek de cijfers met mensen die de gesprekken kennen.",
        hidden,
        "Boven elke kolom staat wat die betekent. Met de pijltjes in de blauwe rij kiest u wat u wilt zien.",
        "Een gesprek over twee onderwerpen telt bij allebei mee. Tel aantallen daarom niet zomaar op.",
    )
    return Front("Waarover bellen inwoners?", tuple(line for line in lines if line))


def answer_workbook(answer: Table, now: datetime) -> bytes:
    """The answer to a question as a workbook of one sheet."""
    columns = headings()["columns"]
    made = tuple(Heading(columns.get(column, column)) for column in answer.columns)
    explanation = f"Antwoord op een vraag aan de database, {now:%d-%m-%Y}."
    return workbook([Sheet("Antwoord", explanation, made, answer.rows)], None, now)


def put(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write ``data`` so that ``path`` holds either what it held or all of it. Raises ``OSError``."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    fresh.unlink(missing_ok=True)
    try:
        with fresh.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            fresh.chmod(mode)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
