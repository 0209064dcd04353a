"""Brings a database to the schema of this code: numbered migrations, each in one transaction with its own record."""

import hashlib
import re
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.calendar import fill_calendar
from callinsight.store.scripts import MIGRATIONS, VIEWS, Script, read_scripts
from callinsight.store.summaries import is_stale, refresh_stale

_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+")

_RECORDS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number INTEGER NOT NULL, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE schema_migrations IS 'Welke stappen de opbouw van deze database heeft doorlopen.';
COMMENT ON COLUMN schema_migrations.number IS 'Volgnummer van de stap.';
COMMENT ON COLUMN schema_migrations.name IS 'Naam van de stap.';
COMMENT ON COLUMN schema_migrations.sha256 IS 'Vingerafdruk van de stap, zodat een achteraf gewijzigde stap opvalt.';
COMMENT ON COLUMN schema_migrations.applied_at IS 'Wanneer de stap is gezet (UTC).';
CREATE TABLE IF NOT EXISTS schema_views (name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL);
COMMENT ON TABLE schema_views IS 'Welke vaste vragen (views) er zijn, zodat nieuwe versies de oude vervangen.';
COMMENT ON COLUMN schema_views.name IS 'Naam van de vaste vraag.';
COMMENT ON COLUMN schema_views.sha256 IS 'Vingerafdruk van alle vaste vragen samen.';
"""


_HAS_RECORDS = """SELECT 1 FROM duckdb_tables()
    WHERE table_name = 'schema_migrations' AND database_name = current_database()"""


def _numbered(scripts: tuple[Script, ...]) -> dict[int, Script]:
    by_number: dict[int, Script] = {}
    for script in scripts:
        match = _NAME.fullmatch(script.name)
        if match is None or int(match["number"]) in by_number:
            raise StoreError(f"migration {script.name}: the name must be a number of its own, as in 0002_some_name")
        by_number[int(match["number"])] = script
    if sorted(by_number) != list(range(1, len(by_number) + 1)):
        raise StoreError("the migrations are not numbered 1, 2, 3, ... without holes")
    return by_number


def _refuse_unknown_past(connection: duckdb.DuckDBPyConnection, known: dict[int, Script]) -> int:
    """The number of the newest applied migration; raises ``StoreError`` when the past is not that of this code.

    Only reads, so that a database that is refused stays as it was, to the byte.
    """
    if not connection.execute(_HAS_RECORDS).fetchall():
        return 0
    done = connection.execute("SELECT number, name, sha256 FROM schema_migrations ORDER BY number").fetchall()
    for number, name, digest in done:
        if number not in known:
            raise StoreError(
                f"the database is newer than this version of callinsight (migration {name}): "
                "install the newer version, or rebuild the database from the result files"
            )
        if known[number].digest != digest:
            raise StoreError(
                f"migration {name} was changed after it was applied: restore that file, or rebuild the database"
            )
    return len(done)


def migrate(connection: duckdb.DuckDBPyConnection, folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Apply what is missing of ``folder`` and return the names of what was applied.

    Raises ``StoreError`` when an applied migration was changed since, when the database is newer than the code, or
    when a migration fails; that migration then leaves no trace.
    """
    known = _numbered(read_scripts(folder))
    done = _refuse_unknown_past(connection, known)
    connection.execute(_RECORDS)
    applied = tuple(known[number] for number in sorted(known) if number > done)
    for number, script in enumerate(applied, start=done + 1):
        connection.begin()
        try:
            connection.execute(script.text)
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, ?, now())", [number, script.name, script.digest]
            )
        except duckdb.Error as error:
            connection.rollback()
            raise StoreError(f"migration {script.name} failed ({type(error).__name__}): nothing was changed") from None
        connection.commit()
    return tuple(script.name for script in applied)


def create_views(connection: duckdb.DuckDBPyConnection, folder: Path = VIEWS) -> bool:
    """Make the views of ``folder``, and drop views that are no longer there. True when anything had to change.

    Raises ``StoreError`` when a view cannot be made; then nothing has changed.
    """
    scripts = read_scripts(folder)
    digest = hashlib.sha256("".join(script.digest for script in scripts).encode()).hexdigest()
    before = connection.execute("SELECT name, sha256 FROM schema_views").fetchall()
    if sorted(before) == sorted((script.subject, digest) for script in scripts):
        return False
    connection.begin()
    try:
        for name, _ in before:
            connection.execute(f'DROP VIEW IF EXISTS "{name}"')
        connection.execute("DELETE FROM schema_views")
        for script in scripts:
            connection.execute(script.text)
            connection.execute("INSERT INTO schema_views VALUES (?, ?)", [script.subject, digest])
    except duckdb.Error as error:
        connection.rollback()
        raise StoreError(f"the views cannot be made ({type(error).__name__}): {error}") from None
    connection.commit()
    return True


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Schema, views and calendar as this code wants them, and counts that match the calls. Raises ``StoreError``."""
    migrate(connection)
    create_views(connection)
    fill_calendar(connection)
    if is_stale(connection):  # a load was cut short, or the tables of counts are new
        connection.begin()
        try:
            refresh_stale(connection)
        except duckdb.Error as error:
            connection.rollback()
            raise StoreError(f"the counts per week and month cannot be made ({type(error).__name__})") from None
        connection.commit()
