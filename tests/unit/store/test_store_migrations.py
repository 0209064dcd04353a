"""Migrations: applied once, in order, all or nothing; a strange past is refused."""

from pathlib import Path

import duckdb
import pytest

from callinsight.errors import StoreError
from callinsight.store.database import open_writer
from callinsight.store.migrate import create_views, migrate
from callinsight.store.scripts import MIGRATIONS, VIEWS, read_scripts


@pytest.fixture
def empty() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_first.sql").write_text("CREATE TABLE a (x INTEGER);")
    (folder / "0002_second.sql").write_text("CREATE TABLE b (y INTEGER); INSERT INTO a VALUES (1);")
    return folder


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def test_each_migration_is_applied_once_and_recorded(empty: duckdb.DuckDBPyConnection, steps: Path) -> None:
    assert migrate(empty, steps) == ("0001_first", "0002_second")
    assert migrate(empty, steps) == ()
    assert empty.execute("SELECT x FROM a").fetchall() == [(1,)]
    recorded = empty.execute("SELECT number, name, sha256 FROM schema_migrations ORDER BY number").fetchall()
    assert recorded == [(n, s.name, s.digest) for n, s in enumerate(read_scripts(steps), start=1)]


def test_a_later_migration_is_applied_on_top(empty: duckdb.DuckDBPyConnection, steps: Path) -> None:
    migrate(empty, steps)
    (steps / "0003_third.sql").write_text("ALTER TABLE a ADD COLUMN z INTEGER;")
    assert migrate(empty, steps) == ("0003_third",)
    assert empty.execute("SELECT x, z FROM a").fetchall() == [(1, None)]


def test_a_changed_migration_is_refused(empty: duckdb.DuckDBPyConnection, steps: Path) -> None:
    migrate(empty, steps)
    (steps / "0001_first.sql").write_text("CREATE TABLE a (x BIGINT);")
    with pytest.raises(StoreError, match="0001_first was changed"):
        migrate(empty, steps)


def test_a_newer_database_is_refused(empty: duckdb.DuckDBPyConnection, steps: Path) -> None:
    migrate(empty, steps)
    (steps / "0002_second.sql").unlink()
    with pytest.raises(StoreError, match="newer than this version"):
        migrate(empty, steps)


def test_a_failing_migration_leaves_no_trace(empty: duckdb.DuckDBPyConnection, steps: Path) -> None:
    (steps / "0003_third.sql").write_text("CREATE TABLE c (x INTEGER); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(StoreError, match="0003_third failed"):
        migrate(empty, steps)
    assert _tables(empty) == {"a", "b", "schema_migrations", "schema_views"}
    assert empty.execute("SELECT max(number) FROM schema_migrations").fetchall() == [(2,)]


@pytest.mark.parametrize("name", ["0004_hole.sql", "0002_twice.sql", "third.sql"])
def test_misnumbered_files_are_refused(empty: duckdb.DuckDBPyConnection, steps: Path, name: str) -> None:
    (steps / name).write_text("SELECT 1;")
    with pytest.raises(StoreError, match="number"):
        migrate(empty, steps)
    assert "a" not in _tables(empty)


def test_a_folder_without_files_is_an_incomplete_installation(empty: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="install it again"):
        migrate(empty, tmp_path)


def test_views_follow_the_files(empty: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    migrate(empty, MIGRATIONS)
    (tmp_path / "10_one.sql").write_text("CREATE VIEW one AS SELECT 1 AS n;")
    (tmp_path / "20_two.sql").write_text("CREATE VIEW two AS SELECT n + 1 AS n FROM one;")
    assert create_views(empty, tmp_path) is True
    assert create_views(empty, tmp_path) is False
    (tmp_path / "20_two.sql").unlink()
    (tmp_path / "10_one.sql").write_text("CREATE VIEW one AS SELECT 5 AS n;")
    assert create_views(empty, tmp_path) is True
    assert empty.execute("FROM one").fetchall() == [(5,)]
    assert empty.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = 'two'").fetchall() == [(0,)]


def test_a_broken_view_keeps_the_old_ones(empty: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    migrate(empty, MIGRATIONS)
    create_views(empty, VIEWS)
    (tmp_path / "10_broken.sql").write_text("CREATE VIEW broken AS SELECT nothing FROM nowhere;")
    with pytest.raises(StoreError, match="views cannot be made"):
        create_views(empty, tmp_path)
    assert empty.execute("FROM topics_per_week").fetchall() == []


def test_a_database_of_the_first_schema_is_brought_up_to_date(database: Path, tmp_path: Path) -> None:
    """What the first schema held stays, and what came later is there, empty."""
    first = tmp_path / "first"
    first.mkdir()
    (first / "0001_star.sql").write_text((MIGRATIONS / "0001_star.sql").read_text())
    database.parent.mkdir()
    with duckdb.connect(str(database)) as connection:
        assert migrate(connection, first) == ("0001_star",)
        connection.execute("INSERT INTO turns VALUES ('call-1', 0, 'caller', 0, 900, 1, 'dag')")
    with open_writer(database) as connection:
        assert connection.execute("SELECT text FROM turns").fetchall() == [("dag",)]
        assert connection.execute("FROM reviews").fetchall() == []
        assert connection.execute("FROM action_effect").fetchall() == []
        found = connection.execute("SELECT name FROM schema_migrations ORDER BY number").fetchall()
    assert found == [(script.name,) for script in read_scripts(MIGRATIONS)]


def test_opening_twice_changes_nothing(database: Path) -> None:
    with open_writer(database) as connection:
        first = connection.execute("FROM schema_migrations").fetchall()
    with open_writer(database) as connection:
        assert connection.execute("FROM schema_migrations").fetchall() == first
