"""The index of the redacted turns: a file for each month of calls, in the folder ``search`` beside the database.

A month's file holds the words of its turns, and is encrypted as the database is. Whoever changes calls calls
``drop_days`` in the same transaction, which removes the files of their months, so that no word of an erased call stays;
the next search makes them anew, and no others. A database has one writer or many readers, so no search can make a file
between its removal and the end of the transaction.

Each file also tells which database it was made from, and how many calls of each hour that then held. That costs little
to compare (the day of all calls is counted), and uncovers that another database was put in the place of the one that
the files belong to.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import duckdb

from callinsight.errors import KeyFitError, StoreError
from callinsight.sealed import is_encrypted_database, wants_sealing
from callinsight.store.cipher import SEARCH_FOLDER, attach
from callinsight.store.database import connect, explain, in_memory, quoted

Watch = Callable[[int], AbstractContextManager[Callable[[int], object]]]
"""Given how many months are to be made, a context that gives what is called with 1 after each of them."""

_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700
_FORMAT = 2
"""Raise it when the way of indexing changes, so that files made before are made anew."""

_FORMS = """
CREATE TEMP MACRO single(stem) AS
    CASE WHEN regexp_matches(stem, '(bb|dd|ff|gg|kk|ll|mm|nn|pp|rr|ss|tt)$') THEN left(stem, -1) ELSE stem END;
CREATE TEMP MACRO form(word) AS
    single(regexp_replace(regexp_replace(stem(lower(strip_accents(word)), 'dutch'), 'v$', 'f'), 'z$', 's'));
CREATE TEMP MACRO words_of(text) AS regexp_extract_all(lower(strip_accents(text)), '[a-z0-9]+');
"""
# The Dutch stemmer makes "briev" of "brieven", "huiz" of "huizen" and "bell" of "bellen". With f, s and single letters,
# which Dutch writes at the end of a word, they meet "brief", "huis" and "bel".

_STATES = f"""
SELECT month, concat_ws('.', {_FORMAT}, epoch_us(made), count(*), bit_xor(hour)) AS state
FROM (
    SELECT strftime(local_date, '%Y-%m') AS month, hash(local_date, local_hour, queue, calls, duration_ms) AS hour
    FROM source.week_hours
    UNION ALL
    SELECT strftime(local_date, '%Y-%m'), hash(local_date, calls)  -- of calls that are not counted yet too
    FROM (SELECT local_date, count(*) AS calls FROM source.calls GROUP BY local_date)
), (SELECT min(applied_at) AS made FROM source.schema_migrations)
WHERE month IN (SELECT DISTINCT strftime(local_date, '%Y-%m') FROM source.calls)  -- counts outlive calls
GROUP BY month, made ORDER BY month
"""  # noqa: S608

_SAID = """
CREATE OR REPLACE TEMP TABLE said AS
SELECT
    row_number() OVER (ORDER BY t.call_id, t.turn_no) AS turn,
    t.call_id,
    t.turn_no,
    t.local_date,
    c.started_local,
    words_of(regexp_replace(t.text, '<[A-Z]+>', ' ', 'g')) AS words  -- a mask is no word that somebody said
FROM source.turns t
JOIN source.calls c USING (call_id, local_date)
WHERE t.local_date BETWEEN DATE '{first}' AND last_day(DATE '{first}')
    AND c.local_date BETWEEN DATE '{first}' AND last_day(DATE '{first}')
    AND t.text <> ''  -- past its term
"""

_TURNS = """
CREATE TABLE making.turns AS
SELECT turn, call_id, turn_no, local_date, started_local, len(words) AS length FROM said ORDER BY turn
"""

_WORDS = """
CREATE TABLE making.words AS
WITH spoken AS (SELECT turn, unnest(words) AS word FROM said),
formed AS MATERIALIZED (SELECT word, form(word) AS form FROM (SELECT DISTINCT word FROM spoken))
SELECT f.form AS word, s.turn, count(*) AS times FROM spoken s JOIN formed f USING (word) GROUP BY ALL ORDER BY ALL
"""
# Each distinct word is stemmed once. In the order of words, DuckDB skips nearly all rows when a word is looked for.


@dataclass(frozen=True, slots=True)
class Month:
    """A month whose index is attached to the connection under the name ``schema``."""

    first_day: date
    schema: str


def folder_of(database: Path) -> Path:
    """Where the index of a database lies."""
    return database.with_name(SEARCH_FOLDER)


def _of_earlier_versions(database: Path) -> tuple[Path, Path]:
    """One file for the whole history, as it was made before there was one for each month."""
    return database.with_name("search.duckdb"), database.with_name("search.duckdb.wal")


def remove(database: Path) -> None:
    """Remove the whole index of a database; the next search makes it anew. Raises ``StoreError``."""
    _unlink((*folder_of(database).glob("*"), *folder_of(database).glob(".*.part*"), *_of_earlier_versions(database)))


def drop_days(connection: duckdb.DuckDBPyConnection, days: str) -> None:
    """Remove the index of the months of some days, before the transaction that changes their turns is committed.

    ``days`` is SQL that gives ``local_date``. Raises ``StoreError`` when a file cannot be removed.
    """
    row = connection.execute("SELECT path FROM duckdb_databases() WHERE database_name = current_database()").fetchone()
    if row is None or not row[0]:
        return  # in memory
    database = Path(row[0])
    folder = folder_of(database)
    months = connection.execute(f"SELECT DISTINCT strftime(local_date, '%Y-%m') FROM ({days})").fetchall()  # noqa: S608
    touched = [path for (month,) in months if month for path in (_file(folder, month), _log(folder, month))]
    if touched:  # half-made files are of searches that were killed: nobody reads while this process may write
        _unlink((*touched, *folder.glob(".*.part*"), *_of_earlier_versions(database)))


def _file(folder: Path, month: str) -> Path:
    return folder / f"{month}.duckdb"


def _log(folder: Path, month: str) -> Path:
    return folder / f"{month}.duckdb.wal"


def _unlink(paths: Sequence[Path]) -> None:
    """Remove files for good: after a power failure too, because the erased call is gone from the database then."""
    there = [path for path in paths if path.exists()]
    try:
        for path in there:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in there}:
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    except OSError as error:
        raise StoreError(
            f"the search index cannot be removed ({type(error).__name__}): remove the folder search of the work folder"
        ) from None


def _unwatched(_: int) -> AbstractContextManager[Callable[[int], object]]:
    return nullcontext(lambda _: None)


@contextmanager
def opened(
    database: Path, since: date | None = None, watch: Watch | None = None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[Month, ...]]]:
    """A connection with the database attached as ``source``, and the index of each month, made where it is missing.

    Only months that hold days from ``since`` on. Raises ``StoreError`` when the database is missing or in use.
    """
    connect(database, read_only=True).close()  # which explains what is wrong, when something is
    connection = in_memory()
    try:
        _load_forms(connection)
        connection.execute(f"SET temp_directory = {quoted(f'{database}.tmp')}")
        try:  # held to the end, so that nothing is loaded in the meantime
            attach(connection, database, "source")
        except duckdb.Error as error:
            raise StoreError(explain(error, database)) from None
        yield connection, _attach_all(connection, database, since, watch or _unwatched)
    finally:
        connection.close()


def _attach_all(
    connection: duckdb.DuckDBPyConnection, database: Path, since: date | None, watch: Watch
) -> tuple[Month, ...]:
    folder = folder_of(database)
    try:
        states = dict(connection.execute(_STATES).fetchall())
    except duckdb.Error as error:
        raise StoreError(
            f"the database cannot be searched ({type(error).__name__}): bring it up to date with `callinsight load`"
        ) from None
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"no search index can be made ({type(error).__name__}): is the work folder writable?"
        ) from None
    without_calls = [path for path in folder.glob("*.duckdb") if path.stem not in states]
    _unlink((*without_calls, *_of_earlier_versions(database)))
    wanted = {month: state for month, state in states.items() if since is None or month >= f"{since:%Y-%m}"}
    missing = [month for month, state in wanted.items() if not _attach(connection, folder, month, state)]
    if missing:
        with watch(len(missing)) as made:
            for month in missing:
                _make(connection, folder, month, wanted[month])
                made(1)
    return tuple(Month(date.fromisoformat(f"{month}-01"), _schema(month)) for month in wanted)


def _schema(month: str) -> str:
    return "m" + month.replace("-", "")


def _attach(connection: duckdb.DuckDBPyConnection, folder: Path, month: str, state: str) -> bool:
    """Whether the month has a file that was made from ``state``; it is attached then."""
    path, schema = _file(folder, month), _schema(month)
    if not path.is_file() or is_encrypted_database(path) != wants_sealing(path):
        return False
    try:
        attach(connection, path, schema)
    except (duckdb.Error, KeyFitError):  # damaged, of another version of DuckDB, or from before another key
        return False
    try:
        row = connection.execute(f"SELECT state FROM {schema}.made_from").fetchone()  # noqa: S608
    except duckdb.Error:
        row = None
    if row != (state,):
        connection.execute(f"DETACH {schema}")
        return False
    return True


def _make(connection: duckdb.DuckDBPyConnection, folder: Path, month: str, state: str) -> None:
    path, schema = _file(folder, month), _schema(month)
    fresh = folder / f".{path.name}.{os.getpid()}.part"
    try:
        fresh.unlink(missing_ok=True)
        attach(connection, fresh, "making", read_only=False)
        try:
            fresh.chmod(_PRIVATE_FILE)
            connection.execute(_SAID.format(first=f"{month}-01"))
            connection.execute(_TURNS)
            connection.execute(_WORDS)
            connection.execute("CREATE TABLE making.made_from AS SELECT $state AS state", {"state": state})
            connection.execute("DROP TABLE said")
        finally:
            connection.execute("DETACH making")
        fresh.replace(path)
        attach(connection, path, schema)
    except (duckdb.Error, OSError) as error:
        raise StoreError(f"no search index can be made ({type(error).__name__}): is there room on the disk?") from None
    finally:
        for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
            leftover.unlink(missing_ok=True)


def _load_forms(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that lies in the installed package (nothing is fetched), and how words are looked up."""
    place = files("duckdb_extension_fts") / "extensions" / f"v{duckdb.__version__}" / "fts.duckdb_extension"
    try:
        connection.execute(f"LOAD {quoted(str(place))}")
        connection.execute(_FORMS)
    except duckdb.Error as error:
        raise StoreError(
            f"full-text search cannot be loaded ({type(error).__name__}): install what requirements.lock names"
        ) from None
