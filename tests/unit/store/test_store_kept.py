"""Databases of every earlier schema version are brought up to date without loss; the files were kept at the time."""

import gzip
import shutil
from pathlib import Path

import duckdb
import pytest

from callinsight.errors import StoreError
from callinsight.store.database import open_writer
from callinsight.store.decisions import DECISION_TABLES, sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.effects import refresh_effects
from callinsight.store.load import check_all
from callinsight.store.migrate import migrate
from callinsight.store.rebuild import CONTENT_TABLES, LABEL_TABLES, RUN_TABLES, content_digest
from callinsight.store.scripts import MIGRATIONS, VIEWS, read_scripts
from callinsight.store.summaries import FROM_ACTIONS, FROM_LIFE_EVENTS, FROM_TOPICS
from support import kept

VERSIONS = sorted(kept.kept_versions())
MAX_BYTES = 300_000


@pytest.fixture
def copy(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A kept database, unpacked for one test."""
    return kept.unpack(request.param, tmp_path / "callinsight.duckdb")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same results, loaded today."""
    path = tmp_path_factory.mktemp("fresh") / "callinsight.duckdb"
    with open_writer(path) as connection:
        kept.fill(connection)
    return path


def _digests(connection: duckdb.DuckDBPyConnection, tables: tuple[str, ...]) -> dict[str, str]:
    return {table: content_digest(connection, (table,)) for table in tables}


def test_every_version_before_the_newest_has_its_file() -> None:
    missing = set(range(1, kept.newest_version())) - set(VERSIONS)
    assert not missing, "run `python scripts/keep_schema.py` and commit what it makes"
    assert set(VERSIONS) <= set(range(1, kept.newest_version() + 1))


def test_a_migration_without_a_kept_file_would_be_noticed(tmp_path: Path) -> None:
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    newest = kept.newest_version()
    for number in (newest + 1, newest + 2):
        (tmp_path / "migrations" / f"{number:04d}_more.sql").write_text("SELECT 1;")
    assert set(range(1, kept.newest_version(tmp_path / "migrations"))) - set(VERSIONS) >= {newest + 1}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_file_is_small_and_of_its_version(version: int, tmp_path: Path) -> None:
    assert kept.kept_versions()[version].stat().st_size <= MAX_BYTES
    with duckdb.connect(str(kept.unpack(version, tmp_path / "kept.duckdb")), read_only=True) as connection:
        done = connection.execute("SELECT number, sha256 FROM schema_migrations ORDER BY number").fetchall()
        assert connection.execute("SELECT count(*) FROM calls").fetchall() == [(6,)]
    assert done == [(n, one.digest) for n, one in enumerate(read_scripts(MIGRATIONS)[:version], start=1)]


@pytest.mark.parametrize("copy", VERSIONS, indirect=True)
def test_an_old_database_comes_to_hold_what_a_new_one_would(copy: Path, fresh: Path) -> None:
    tables = (*CONTENT_TABLES, *RUN_TABLES)
    later = (*FROM_ACTIONS, *FROM_LIFE_EVENTS, *FROM_TOPICS)  # follow from labels and decisions, which are not in yet
    first = tuple(table for table in tables if table not in later)
    with open_writer(copy) as old, open_writer(fresh) as new:
        assert _digests(old, first) == _digests(new, first)
        check_all(old)
        sync_dimensions(old, kept.taxonomy())  # what every night does before it loads
        sync_decisions(old, kept.REVIEWS, kept.ACTIONS)
        refresh_effects(old)
        everything = (*tables, *LABEL_TABLES, *DECISION_TABLES, "action_effects")
        assert _digests(old, everything) == _digests(new, everything)


@pytest.mark.parametrize("copy", VERSIONS, indirect=True)
def test_its_views_are_those_of_today_and_answer(copy: Path, fresh: Path) -> None:
    listed = "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
    with open_writer(copy) as old, open_writer(fresh) as new:
        sync_dimensions(old, kept.taxonomy())
        sync_decisions(old, kept.REVIEWS, kept.ACTIONS)
        refresh_effects(old)
        names = [name for (name,) in old.execute(listed).fetchall()]
        assert names == sorted(script.subject for script in read_scripts(VIEWS))
        for name in names:
            query = f'SELECT * FROM "{name}" ORDER BY ALL'
            assert old.execute(query).fetchall() == new.execute(query).fetchall(), name


@pytest.mark.parametrize("copy", VERSIONS, indirect=True)
def test_its_structure_and_comments_are_those_of_a_new_one(copy: Path, fresh: Path) -> None:
    """Columns may lie in another order, since a migration can only add them at the end."""
    listed = """SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()
        WHERE NOT internal ORDER BY ALL"""
    with open_writer(copy) as old, open_writer(fresh) as new:
        assert old.execute(listed).fetchall() == new.execute(listed).fetchall()


@pytest.mark.parametrize("copy", VERSIONS, indirect=True)
def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_was(copy: Path) -> None:
    with duckdb.connect(str(copy)) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (9999, '9999_of_tomorrow', 'x', now())")
    before = copy.read_bytes()
    with (
        pytest.raises(StoreError, match=r"newer than this version of callinsight .*install the newer version"),
        open_writer(copy),
    ):
        pass
    assert copy.read_bytes() == before


@pytest.mark.parametrize("copy", VERSIONS, indirect=True)
def test_a_migration_that_fails_leaves_an_old_database_as_it_was(copy: Path, tmp_path: Path) -> None:
    """All tables, rows and records: also what the migration had done before its last statement failed."""
    steps = tmp_path / "steps"
    shutil.copytree(MIGRATIONS, steps)
    number = kept.newest_version() + 1
    (steps / f"{number:04d}_broken.sql").write_text(
        "ALTER TABLE calls ADD COLUMN later INTEGER; DELETE FROM turns; DROP TABLE failures; SELECT * FROM nowhere;"
    )
    with duckdb.connect(str(copy)) as connection:
        migrate(connection)
    with duckdb.connect(str(copy)) as connection:
        before = _everything(connection)
        with pytest.raises(StoreError, match="broken failed"):
            migrate(connection, steps)
    with duckdb.connect(str(copy)) as connection:
        assert _everything(connection) == before


def _everything(connection: duckdb.DuckDBPyConnection) -> dict[str, object]:
    tables = connection.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY table_name").fetchall()
    return {
        f"{name}: {sql}": connection.execute(f'SELECT * FROM "{name}" ORDER BY ALL').fetchall() for name, sql in tables
    }


def test_the_command_keeps_a_version_that_opens(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    kept.keep(kept.newest_version(), tmp_path / "kept.duckdb.gz", tmp_path / "scratch")
    (tmp_path / "kept.duckdb").write_bytes(gzip.decompress((tmp_path / "kept.duckdb.gz").read_bytes()))
    with open_writer(tmp_path / "kept.duckdb") as connection:
        assert connection.execute("SELECT count(*) FROM turns").fetchall() == [(30,)]
