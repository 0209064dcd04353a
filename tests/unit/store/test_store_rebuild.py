"""Starting over gives the same database; labels come and stay; a night is told in figures."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult, Failure, FailureKind, Severity, Stage
from callinsight.errors import StoreError
from callinsight.store.columns import Column, Kind, insert_rows
from callinsight.store.database import open_reader, open_writer
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.load import LoadCounts, RunRecord, load_batch
from callinsight.store.rebuild import LABEL_TABLES, RUN_TABLES, Labels, batches, content_digest, rebuild
from callinsight.store.report import KindCount, last_run_id, night_report

MakeResult = Callable[..., CallResult]

NIGHT = RunRecord(
    "night-1",
    datetime(2026, 9, 1, 22, 0, tzinfo=UTC),
    datetime(2026, 9, 1, 23, 30, tzinfo=UTC),
    recordings_found=7,
    recordings_skipped=2,
    audio_ms=216_000,
    wall_ms=54_000,
    copies_refused=1,
)


def _full_digest(path: Path) -> tuple[str, str]:
    with open_reader(path) as connection:
        return content_digest(connection), content_digest(connection, RUN_TABLES)


def test_a_rebuilt_database_equals_the_one_that_the_nights_built(
    database: Path, make_result: MakeResult, small_taxonomy: Taxonomy
) -> None:
    results = [make_result(f"call-{n:03d}") for n in range(7)]
    failures = [Failure("ref-x", Stage.DECODE, FailureKind.TRUNCATED)]
    with open_writer(database) as connection:
        sync_dimensions(connection, small_taxonomy)
        load_batch(connection, [make_result("call-000", said="een oude versie")], failures, NIGHT)
        for first in range(0, 7, 3):
            load_batch(connection, results[first : first + 3], [], NIGHT)
    before = _full_digest(database)
    counts = rebuild(database, reversed(results), failures, Labels(small_taxonomy))
    assert counts == LoadCounts(added=7, failures=1)
    assert _full_digest(database) == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_a_call_that_is_gone_from_the_results_is_gone_from_the_rebuilt_database(
    database: Path, make_result: MakeResult
) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result("call-001"), make_result("call-002")], [], NIGHT)
    rebuild(database, [make_result("call-002")], [])
    with open_reader(database) as connection:
        assert connection.execute("FROM run_calls").fetchall() == [("night-1", "call-002")]
        assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(1,)]


def test_a_failed_rebuild_keeps_the_old_database(database: Path, make_result: MakeResult) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result()], [])
    before = _full_digest(database)
    with pytest.raises(StoreError, match="one_call_per_recording"):
        rebuild(database, [make_result("call-a", recording_ref="r"), make_result("call-b", recording_ref="r")], [])
    assert _full_digest(database) == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]


def test_a_damaged_database_is_no_hindrance(database: Path, make_result: MakeResult) -> None:
    database.parent.mkdir()
    database.write_bytes(b"this was a database once" * 1000)
    assert rebuild(database, [make_result()], []) == LoadCounts(added=1)
    with open_reader(database) as connection:
        assert connection.execute("SELECT call_id FROM calls").fetchall() == [("call-0001",)]


def test_a_history_that_cannot_be_read_is_not_dropped_in_silence(database: Path, make_result: MakeResult) -> None:
    with open_writer(database) as connection:
        connection.execute("DROP TABLE run_calls")
    before = database.read_bytes()
    with pytest.raises(StoreError, match="move that file away"):
        rebuild(database, [make_result()], [])
    assert database.read_bytes() == before


def test_rebuilding_from_nothing_makes_an_empty_database(database: Path) -> None:
    assert rebuild(database, [], []) == LoadCounts()
    with open_reader(database) as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchall() == [(0,)]


def test_batches_hold_everything_once(make_result: MakeResult) -> None:
    results = [make_result(f"call-{n}") for n in range(5)]
    cut = list(batches(iter(results), size=2))
    assert [len(batch) for batch in cut] == [2, 2, 1]
    assert [result for batch in cut for result in batch] == results
    assert list(batches([], size=2)) == []


def test_labels_are_renewed_and_ids_never_leave(writer: duckdb.DuckDBPyConnection, small_taxonomy: Taxonomy) -> None:
    sync_dimensions(writer, small_taxonomy)
    once = content_digest(writer, LABEL_TABLES)
    sync_dimensions(writer, small_taxonomy)
    assert content_digest(writer, LABEL_TABLES) == once
    passport = dataclasses.replace(small_taxonomy.topics["passport"], label="Paspoort en reisdocument")
    sync_dimensions(writer, dataclasses.replace(small_taxonomy, topics={"passport": passport}))
    rows = writer.execute("SELECT topic, label, deprecated FROM topics ORDER BY topic").fetchall()
    assert rows == [
        ("bulky-waste", "Grofvuil", True),
        ("passport", "Paspoort en reisdocument", False),
        ("unknown", "Onbekend", False),
    ]
    sync_dimensions(writer, small_taxonomy)
    assert content_digest(writer, LABEL_TABLES) == once


def test_the_report_of_a_night(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult, small_taxonomy: Taxonomy
) -> None:
    sync_dimensions(writer, small_taxonomy)
    load_batch(writer, [make_result("call-before", flags=(("violence", Severity.IMMEDIATE),))], [])
    failures = [
        Failure("ref-a", Stage.DECODE, FailureKind.TRUNCATED),
        Failure("ref-b", Stage.DECODE, FailureKind.TRUNCATED),
        Failure("ref-c", Stage.DECODE, FailureKind.EMPTY_FILE),
    ]
    flags = (("violence", Severity.IMMEDIATE), ("repeat-call", Severity.REVIEW))
    results = [
        make_result("call-1", flags=flags),
        make_result("call-2", flags=flags[1:], topics=(("bulky-waste", None), ("passport", None))),
    ]
    load_batch(writer, results, failures, NIGHT)
    report = night_report(writer, "night-1")
    assert (report.calls, report.failures, report.recordings_found, report.recordings_skipped) == (2, 3, 7, 2)
    assert (report.audio_minutes, report.realtime_factor) == (3.6, 0.25)
    assert report.started_local == datetime(2026, 9, 2, 0, 0)  # noqa: DTZ001 - a reading of the clock
    assert report.finished_local == datetime(2026, 9, 2, 1, 30)  # noqa: DTZ001 - a reading of the clock
    assert report.failures_by_kind == (
        KindCount("truncated", "Bestand breekt af", 2),
        KindCount("empty-file", "Leeg bestand", 1),
    )
    assert report.top_topics == (KindCount("passport", "Paspoort", 2), KindCount("bulky-waste", "Grofvuil", 1))
    assert (report.flagged_calls, report.urgent_calls) == (2, 1)
    assert report.copies_refused == 1
    assert last_run_id(writer) == "night-1"


def test_a_night_without_sound_has_no_speed(writer: duckdb.DuckDBPyConnection) -> None:
    load_batch(writer, [], [], RunRecord("night-0", datetime(2026, 9, 1, tzinfo=UTC)))
    report = night_report(writer, "night-0")
    assert (report.calls, report.audio_minutes, report.realtime_factor, report.top_topics) == (0, 0.0, None, ())


def test_an_unknown_night_is_told(writer: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(StoreError, match="knows no run night-9"):
        night_report(writer, "night-9")


def test_rows_of_the_wrong_width_are_refused(writer: duckdb.DuckDBPyConnection) -> None:
    columns = (Column("run_id", Kind.TEXT), Column("call_id", Kind.TEXT))
    with pytest.raises(ValueError, match="2 values"):
        insert_rows(writer, "run_calls", columns, [("night-1", "call-1"), ("night-1",)])
