"""Makes the copy that managers read: what ``publish/*.sql`` allow, small counts hidden, swapped in at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.database import open_reader, quoted
from callinsight.store.load import count
from callinsight.store.rows import wall_clock
from callinsight.store.scripts import PUBLISH, Script, read_scripts
from callinsight.store.summaries import require_fresh

DEFAULT_K = 10
WITH_QUOTES = "with_quotes"
RULES = "rules"
"""The folder of macros, and of questions that judge which counts hide; their answers are temporary tables."""

_READABLE = 0o444

_PUBLICATION = """
CREATE TABLE published.publication AS
SELECT
    CAST(? AS TIMESTAMP) AS published_local,
    CAST(? AS INTEGER) AS k,
    CAST(? AS BOOLEAN) AS with_quotes,
    (SELECT min(first_day) FROM week_calls) AS first_day,  -- also of calls that are erased after their term
    (SELECT max(last_day) FROM week_calls) AS last_day,
    string_agg(DISTINCT taxonomy_version, ', ' ORDER BY taxonomy_version) AS taxonomy_versions,
    string_agg(DISTINCT tag_version, ', ' ORDER BY tag_version) AS tag_versions
FROM calls
"""

_OWN_COMMENTS = {
    ("publication", ""): "Wanneer deze kopie is gemaakt, en volgens welke regels.",
    ("publication", "published_local"): "Wanneer de kopie is gemaakt, op de klok in Nederland.",
    ("publication", "k"): "Aantallen onder deze grens zijn weggelaten.",
    ("publication", "with_quotes"): "Of er gemaskeerde citaten in staan.",
    ("publication", "first_day"): "Eerste dag met gesprekken.",
    ("publication", "last_day"): "Laatste dag met gesprekken.",
    ("publication", "taxonomy_versions"): "Versies van de onderwerpenlijst waarmee is verwerkt.",
    ("publication", "tag_versions"): "Versies van lijst, regels en model samen waarmee is gelabeld.",
}
_SUPPRESSED = "Of de aantallen zijn weggelaten omdat ze te klein zijn, of omdat een klein aantal er anders uit volgt."


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """How to publish. Counts below ``k`` (at least 1, which hides nothing) are hidden; quotes only on demand.

    Weeks and months that are not over are left out unless ``running_periods`` or ``k`` is 1: from one night to the next
    they would tell the counts of a single day.
    """

    k: int = DEFAULT_K
    include_quotes: bool = False
    running_periods: bool = False

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError("k must be at least 1")


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table of the copy: its rows, and how many of them have hidden counts."""

    name: str
    rows: int
    suppressed: int


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What was published: the tables by name, and the size of the file in bytes."""

    tables: tuple[PublishedTable, ...]
    size_bytes: int

    @property
    def suppressed(self) -> int:
        """Rows with hidden counts, over all tables."""
        return sum(table.suppressed for table in self.tables)


def _allow_list(settings: PublishSettings) -> tuple[Script, ...]:
    plain = read_scripts(PUBLISH)
    return (*plain, *read_scripts(PUBLISH / WITH_QUOTES)) if settings.include_quotes else plain


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    # small blocks, because the copy holds many small tables
    connection.execute(f"ATTACH {quoted(str(path))} AS published (READ_WRITE, BLOCK_SIZE 16384)")
    try:
        yield
    finally:
        connection.execute("DETACH published")  # which also writes everything to the file


def fill_published(connection: duckdb.DuckDBPyConnection, settings: PublishSettings, now: datetime) -> None:
    """Make all tables of the copy, with their comments, in an attached empty database named ``published``."""
    _make_tables(connection, settings, now)
    _copy_comments(connection, settings.k)


def _make_tables(connection: duckdb.DuckDBPyConnection, settings: PublishSettings, now: datetime) -> None:
    _judge(connection, settings, now)
    for script in _allow_list(settings):
        connection.execute(f'CREATE TABLE published."{script.subject}" AS\n{script.text}')
    for table in _judgements():
        connection.execute(f"DROP TABLE temp.{table}")  # they tell what hides
    connection.execute(_PUBLICATION, [wall_clock(now), settings.k, settings.include_quotes])


def _judge(connection: duckdb.DuckDBPyConnection, settings: PublishSettings, now: datetime) -> None:
    """Find out which counts hide, before any is published."""
    connection.execute(f"SET VARIABLE k = {int(settings.k)}")
    connection.execute(f"SET VARIABLE running_periods = {bool(settings.running_periods)}")
    connection.execute(f"SET VARIABLE today = DATE '{wall_clock(now):%Y-%m-%d}'")
    tables = _judgements()
    for script in read_scripts(PUBLISH / RULES):
        making = f"CREATE OR REPLACE TEMP TABLE {script.subject} AS\n" if script.subject in tables else ""
        connection.execute(making + script.text)


def _judgements() -> tuple[str, ...]:
    return tuple(script.subject for script in read_scripts(PUBLISH / RULES) if script.subject != "macros")


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """The comments of the source by (table or view, column); the column is empty for the table's own."""
    found = connection.execute(
        """
        SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = current_database()
        UNION ALL SELECT table_name, '', comment FROM duckdb_tables() WHERE database_name = current_database()
        UNION ALL SELECT view_name, '', comment FROM duckdb_views() WHERE database_name = current_database()
        """
    ).fetchall()
    return {(table, column): comment for table, column, comment in found if comment} | _OWN_COMMENTS


def _copy_comments(connection: duckdb.DuckDBPyConnection, k: int) -> None:
    comments = _comments(connection)
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'published' ORDER BY ALL"
    ).fetchall()
    hiding = {table for table, column in columns if column == "suppressed"}
    for table in sorted({table for table, _ in columns}):
        text = comments.get((table, ""), "")
        if table in hiding:
            text += f" Aantallen onder {k} zijn weggelaten; zie suppressed."
        connection.execute(f'COMMENT ON TABLE published."{table}" IS {quoted(text.strip())}')
    for table, column in columns:
        text = _SUPPRESSED if column == "suppressed" else comments.get((table, column), "")
        connection.execute(f'COMMENT ON COLUMN published."{table}"."{column}" IS {quoted(text)}')


def _describe(connection: duckdb.DuckDBPyConnection) -> tuple[PublishedTable, ...]:
    names = connection.execute(
        """
        SELECT t.table_name, count(c.column_name) FILTER (c.column_name = 'suppressed') > 0
        FROM duckdb_tables() t JOIN duckdb_columns() c USING (database_name, table_name)
        WHERE database_name = 'published' GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    return tuple(
        PublishedTable(
            name,
            count(connection, f'SELECT count(*) FROM published."{name}"'),  # noqa: S608
            count(connection, f'SELECT count(*) FROM published."{name}" WHERE suppressed') if hides else 0,  # noqa: S608
        )
        for name, hides in names
    )


def has_period_ended(published: Path, now: datetime) -> bool:
    """Whether a week or month has ended between the making of the copy and ``now`` (aware), on Dutch clocks."""
    made = wall_clock(datetime.fromtimestamp(published.stat().st_mtime, UTC))
    return any(f"{made:{period}}" != f"{wall_clock(now):{period}}" for period in ("%G-%V", "%Y-%m"))


def _swap_in(fresh: Path, target: Path) -> int:
    """Put ``fresh`` in the place of ``target`` in one step, safe against power loss; return its size in bytes."""
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.chmod(_READABLE)
    size_bytes = fresh.stat().st_size
    fresh.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return size_bytes


def _clear(fresh: Path) -> None:
    for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
        leftover.unlink(missing_ok=True)


def publish_from(
    connection: duckdb.DuckDBPyConnection,
    target: Path,
    settings: PublishSettings | None = None,
    now: datetime | None = None,
) -> PublishReport:
    """Publish what ``connection`` holds to ``target``; see ``publish``. Needs no open transaction.

    Raises ``StoreError`` also when a load was cut short, so that the counts are behind the calls.
    """
    require_fresh(connection)
    chosen = settings or PublishSettings()
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.publishing")
    _clear(fresh)
    try:
        with _attached(connection, fresh):
            fill_published(connection, chosen, now or datetime.now(UTC))
            tables = _describe(connection)
        size_bytes = _swap_in(fresh, target)
    except duckdb.Error as error:
        raise StoreError(
            f"publishing failed ({type(error).__name__}): the copy that was there stays. "
            "Check that there is room on the disk, and load once with this version so that the views are up to date"
        ) from None
    finally:
        _clear(fresh)
    return PublishReport(tables, size_bytes)


def publish(
    source: Path, target: Path, settings: PublishSettings | None = None, now: datetime | None = None
) -> PublishReport:
    """Make the published copy of the database ``source`` at ``target``, read-only for everybody.

    The copy is built beside ``target`` and swapped in with one rename: a reader sees the old copy or the new one, and
    one that has the old copy open keeps it. ``now`` is the moment written into the table ``publication``. Raises
    ``StoreError`` when ``source`` is missing or held by a writer, or the copy cannot be made; ``target`` then stays.
    """
    with open_reader(source) as connection:
        return publish_from(connection, target, settings, now)
