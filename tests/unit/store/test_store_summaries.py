"""Counts that are kept beside the calls: behind only after a load that was cut short, and then nobody is told them."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from callinsight.core.values import CallResult
from callinsight.errors import StoreError
from callinsight.store.database import open_reader, open_writer
from callinsight.store.load import check_all, load_batch
from callinsight.store.migrate import migrate, prepare
from callinsight.store.publish import publish
from callinsight.store.query import run_query
from callinsight.store.scripts import MIGRATIONS
from callinsight.store.summaries import is_stale, summaries, summary_tables

MakeResult = Callable[..., CallResult]
CALLS = "SELECT sum(calls)::INT FROM topics_per_week"


def test_a_load_that_was_cut_short_is_counted_by_the_next_writer(
    database: Path, tmp_path: Path, make_result: MakeResult
) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result("call-1")], [])
        load_batch(connection, [make_result("call-2")], [], more_follow=True)
    with pytest.raises(StoreError, match="a load was cut short"):
        run_query(database, CALLS)
    with pytest.raises(StoreError, match="a load was cut short"):
        publish(database, tmp_path / "trends.duckdb")
    with open_writer(database) as connection:
        assert not is_stale(connection)
    assert run_query(database, CALLS).rows == ((2,),)


def test_a_late_call_and_a_new_date_change_old_weeks_only(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    day = datetime(2026, 9, 1, 7, 12, tzinfo=UTC)
    weeks = "SELECT iso_week, calls FROM topics_per_week ORDER BY 1"
    load_batch(writer, [make_result("call-1", started_at=day), make_result("call-2", started_at=day)], [])
    load_batch(writer, [make_result("call-3", started_at=day - timedelta(days=7))], [])
    assert writer.execute(weeks).fetchall() == [("2026-W35", 1), ("2026-W36", 2)]
    load_batch(writer, [make_result("call-2", started_at=day - timedelta(days=400))], [])
    assert writer.execute(weeks).fetchall() == [("2025-W31", 1), ("2026-W35", 1), ("2026-W36", 1)]


def test_rows_of_another_day_than_their_call_are_refused(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    day = datetime(2026, 9, 1, 7, 12, tzinfo=UTC)
    load_batch(writer, [make_result("call-1"), make_result("call-2", started_at=day + timedelta(days=1))], [])
    check_all(writer)
    writer.execute("UPDATE redactions SET local_date = local_date + 1 WHERE call_id = 'call-1'")
    with pytest.raises(StoreError, match="no_orphans"):
        check_all(writer)


def test_every_file_fills_a_table_of_its_columns(writer: duckdb.DuckDBPyConnection) -> None:
    writer.execute("CREATE TEMP TABLE days AS SELECT local_date FROM calls")
    for one in summaries():
        held = {(name, kind) for name, kind, *_ in writer.execute(f"DESCRIBE {one.table}").fetchall()}
        given = {(name, kind) for name, kind, *_ in writer.execute(f"DESCRIBE ({one.sql})").fetchall()}
        assert held == given, one.table


def test_a_database_of_before_gets_its_counts(database: Path, tmp_path: Path, make_result: MakeResult) -> None:
    """A database that nights filled before there were counts holds the same as one that was made today."""
    database.parent.mkdir()
    before = tmp_path / "before"
    before.mkdir()
    for name in ("0001_star.sql", "0002_meeting.sql"):
        (before / name).write_text((MIGRATIONS / name).read_text())
    with open_writer(tmp_path / "today.duckdb") as today:
        load_batch(today, [make_result("call-1"), make_result("call-2", topics=(("parking", None),))], [])
    with duckdb.connect(str(database)) as old:
        migrate(old, before)
        old.execute(f"ATTACH '{tmp_path / 'today.duckdb'}' AS today (READ_ONLY)")
        for table in ("calls", "questions", "needs", "signals", "measures", "turns", "redactions"):
            (held,) = old.execute(
                "SELECT string_agg(column_name, ', ') FROM duckdb_columns() "
                "WHERE database_name = current_database() AND table_name = ?",
                [table],
            ).fetchone() or ("",)
            old.execute(f"INSERT INTO {table} BY NAME SELECT {held} FROM today.{table}")
    with open_writer(database) as connection, open_reader(tmp_path / "today.duckdb") as today:
        check_all(connection)
        for table in (*summary_tables(), "turns"):
            asked = f"FROM {table} ORDER BY ALL"
            assert connection.execute(asked).fetchall() == today.execute(asked).fetchall()


_DIE_BETWEEN_BATCHES = """
import os, signal, sys
from pathlib import Path
from callinsight.store import load
from callinsight.store.database import open_writer

def die(connection):
    os.kill(os.getpid(), signal.SIGKILL)

with open_writer(Path(sys.argv[1])) as connection:
    load.refresh_stale = die
    load.delete_calls(connection, ["call-1"])
"""


def test_counts_and_calls_change_together_or_not_at_all(database: Path, make_result: MakeResult) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result("call-1"), make_result("call-2")], [])
    subprocess.run([sys.executable, "-c", _DIE_BETWEEN_BATCHES, str(database)], check=False)
    assert run_query(database, CALLS).rows == ((2,),)
    assert run_query(database, "SELECT count(*) FROM calls").rows == ((2,),)


def test_prepare_twice_is_as_once(writer: duckdb.DuckDBPyConnection) -> None:
    prepare(writer)
    assert not is_stale(writer)
