"""Loading: one transaction, checked, and the same whatever was there before."""

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from callinsight.core.values import CallResult, Failure, FailureKind, Outcome, Severity, Stage
from callinsight.errors import StoreError
from callinsight.store import load
from callinsight.store.database import open_reader, open_writer
from callinsight.store.failures import keep_failures
from callinsight.store.load import LoadCounts, RunRecord, check_all, delete_calls, load_batch, record_run
from callinsight.store.rebuild import RUN_TABLES, content_digest
from callinsight.store.rows import FACTS, Fact
from callinsight.store.scripts import CHECKS, read_scripts

MakeResult = Callable[..., CallResult]

DAY = date(2026, 9, 1)
NIGHT = RunRecord("night-1", datetime(2026, 9, 1, 22, 0, tzinfo=UTC), None, 5, 1, 60_000, 6_000)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return load.count(connection, f"SELECT count(*) FROM {table}")


def test_a_call_lands_in_every_table(writer: duckdb.DuckDBPyConnection, make_result: MakeResult) -> None:
    result = make_result(flags=(("repeat-call", Severity.REVIEW),), registered_topic="passport")
    assert load_batch(writer, [result], []) == LoadCounts(added=1)
    call = writer.execute(
        "SELECT call_id, recording_ref, epoch_ms(started_at), started_local, local_date, week_start, iso_week, "
        "local_hour, queue, direction, layout, registered_topic, outcome, outcome_evidence, model_digests FROM calls"
    ).fetchall()
    assert [tuple(map(str, row)) for row in call] == [
        (
            "call-0001",
            "ref-call-0001",
            str(int(result.call.started_at.timestamp() * 1000)),
            "2026-09-01 09:12:00",
            "2026-09-01",
            "2026-08-31",
            "2026-W36",
            "9",
            "burgerzaken",
            "inbound",
            "stereo",
            "passport",
            "handled",
            "[2]",
            "speech=bb22,tagger=cc33",
        )
    ]
    assert writer.execute("FROM questions").fetchall() == [("call-0001", 0, "passport", "cost", 0.8, [1], DAY)]
    assert writer.execute("FROM needs").fetchall() == [("call-0001", 0, 0, "travel", 0.7, [1], DAY)]
    signal_row = ("call-0001", 0, "repeat-call", "human-review", "rule", 1.0, 2_000, 2_500, [1], DAY)
    assert writer.execute("FROM signals").fetchall() == [signal_row]
    assert writer.execute("FROM measures").fetchall() == [
        ("call-0001", 72_000, 4_000, 5_000, 60_000, 0, 0, 0, 12, 0.9, 0, 0, 0, 0, 0, DAY)
    ]
    assert writer.execute("FROM turns WHERE turn_no = 1").fetchall() == [
        ("call-0001", 1, "caller", 2_000, 2_500, 5, "wat kost een nieuw paspoort", DAY)
    ]
    assert writer.execute("FROM redactions").fetchall() == [("call-0001", "bsn", 2, 200, DAY)]


def test_a_call_without_anything_to_say_is_loaded_too(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    full = make_result(topics=())
    bare = dataclasses.replace(
        full, turns=(), redactions=(), tags=dataclasses.replace(full.tags, outcome=_without_evidence(full))
    )
    load_batch(writer, [bare], [])
    assert _count(writer, "calls") == 1
    assert writer.execute("SELECT registered_topic, outcome_evidence FROM calls").fetchall() == [(None, [])]
    assert [_count(writer, table) for table in ("questions", "needs", "turns", "redactions")] == [0, 0, 0, 0]


def _without_evidence(result: CallResult) -> Outcome:
    return dataclasses.replace(result.tags.outcome, evidence=())


def test_an_unclear_facet_is_a_null_also_between_clear_ones(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    load_batch(writer, [make_result(topics=(("passport", None), ("bulky-waste", "cost"), ("passport", None)))], [])
    assert writer.execute("SELECT facet FROM questions ORDER BY question_no").fetchall() == [
        (None,),
        ("cost",),
        (None,),
    ]


def test_an_empty_batch_is_fine(writer: duckdb.DuckDBPyConnection) -> None:
    assert load_batch(writer, [], []) == LoadCounts()


@pytest.mark.parametrize(
    ("started_at", "local", "day", "week"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25 02:30:00", "2026-10-25", "2026-W43"),  # summer time
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25 02:30:00", "2026-10-25", "2026-W43"),  # the hour again
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "2027-01-01 00:30:00", "2027-01-01", "2026-W53"),
    ],
)
def test_local_time_is_that_of_the_netherlands(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult, started_at: datetime, local: str, day: str, week: str
) -> None:
    load_batch(writer, [make_result(started_at=started_at)], [])
    rows = writer.execute("SELECT started_local::VARCHAR, local_date::VARCHAR, iso_week FROM calls").fetchall()
    assert rows == [(local, day, week)]
    assert load.count(writer, "SELECT epoch_ms(started_at) FROM calls") == int(started_at.timestamp() * 1000)


def test_loading_twice_equals_loading_once(writer: duckdb.DuckDBPyConnection, make_result: MakeResult) -> None:
    batch = [make_result(f"call-{n:04d}") for n in range(3)]
    failures = [Failure("ref-bad", Stage.DECODE, FailureKind.TRUNCATED)]
    everything = (*RUN_TABLES, *(fact.table for fact in FACTS), "failures")
    load_batch(writer, batch, failures, NIGHT)
    once = content_digest(writer, everything)
    assert load_batch(writer, batch, failures, NIGHT) == LoadCounts(replaced=3, failures=1)
    assert content_digest(writer, everything) == once


def test_a_new_version_takes_the_place_of_all_of_the_old_one(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    old = make_result(topics=(("passport", "cost"), ("bulky-waste", None)), flags=(("violence", Severity.IMMEDIATE),))
    new = make_result(topics=(("bulky-waste", "cost"),), needs=(), said="een bankstel", code_version="0.2.0")
    load_batch(writer, [old, make_result("call-0002")], [])
    load_batch(writer, [new], [])
    assert writer.execute("SELECT topic FROM questions WHERE call_id = 'call-0001'").fetchall() == [("bulky-waste",)]
    assert load.count(writer, "SELECT count(*) FROM needs WHERE call_id = 'call-0001'") == 0
    assert _count(writer, "signals") == 0
    assert [_count(writer, table) for table in ("calls", "measures", "turns")] == [2, 2, 6]


def test_of_a_call_given_twice_the_last_one_stands(writer: duckdb.DuckDBPyConnection, make_result: MakeResult) -> None:
    load_batch(writer, [make_result(code_version="0.1.0"), make_result(code_version="0.2.0")], [])
    assert writer.execute("SELECT code_version FROM calls").fetchall() == [("0.2.0",)]


def test_a_result_removes_the_failure_of_its_recording(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    load_batch(writer, [], [Failure("ref-a", Stage.TRANSCRIBE, FailureKind.OUT_OF_MEMORY, retryable=True)])
    assert load_batch(writer, [make_result(recording_ref="ref-a")], []) == LoadCounts(added=1, failures_resolved=1)
    assert _count(writer, "failures") == 0


def test_a_failure_never_removes_or_joins_a_result(writer: duckdb.DuckDBPyConnection, make_result: MakeResult) -> None:
    load_batch(writer, [make_result(recording_ref="ref-a")], [])
    assert load_batch(writer, [], [Failure("ref-a", Stage.DECODE, FailureKind.TRUNCATED)]) == LoadCounts()
    assert (_count(writer, "calls"), _count(writer, "failures")) == (1, 0)


def test_a_newer_failure_takes_the_place_of_the_older(writer: duckdb.DuckDBPyConnection) -> None:
    load_batch(writer, [], [Failure("ref-a", Stage.DECODE, FailureKind.TRUNCATED)])
    load_batch(writer, [], [Failure("ref-a", Stage.TRANSCRIBE, FailureKind.TIMED_OUT, retryable=True)])
    assert writer.execute("FROM failures").fetchall() == [("ref-a", "transcribe", "timed-out", True)]


def test_a_run_remembers_what_it_loaded_and_what_failed(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    failure = Failure("ref-bad", Stage.DECODE, FailureKind.EMPTY_FILE)
    load_batch(writer, [make_result("call-0001")], [failure], NIGHT)
    load_batch(writer, [make_result("call-0002")], [], NIGHT)
    later = dataclasses.replace(NIGHT, run_id="night-2")
    load_batch(writer, [make_result("call-0003", recording_ref="ref-bad")], [], later)
    record_run(writer, dataclasses.replace(NIGHT, finished_at=datetime(2026, 9, 2, 1, 0, tzinfo=UTC)))
    rows = writer.execute("SELECT run_id, calls, failures, finished_local::VARCHAR FROM nights ORDER BY 1").fetchall()
    assert rows == [("night-1", 2, 1, "2026-09-02 03:00:00"), ("night-2", 1, 0, None)]
    assert _count(writer, "failures") == 0


@pytest.mark.parametrize("changed", [{"started_at": datetime(2026, 9, 1)}, {"audio_ms": -1}, {"run_id": "../night"}])  # noqa: DTZ001
def test_a_run_refuses_nonsense(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        dataclasses.replace(NIGHT, **changed)


class Interrupted(BaseException):
    """Stands for a kill that Python still sees, such as Ctrl-C."""


def _breaking(after: int) -> Fact:
    """The table of turns, that breaks off after a number of calls."""
    turns = next(fact for fact in FACTS if fact.table == "turns")
    seen = iter(range(10**6))

    def rows(result: CallResult) -> Iterator[tuple[object, ...]]:
        if next(seen) >= after:
            raise Interrupted
        yield from turns.rows(result)

    return dataclasses.replace(turns, rows=rows)


def test_an_interrupted_batch_is_not_visible(
    database: Path, make_result: MakeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result("call-0001", said="zoals het was")], [], NIGHT)
        before = content_digest(connection)
        broken = tuple(_breaking(1) if fact.table == "turns" else fact for fact in FACTS)
        with monkeypatch.context() as patch:
            patch.setattr(load, "FACTS", broken)
            batch = [make_result("call-0001", said="iets nieuws"), make_result("call-0002")]
            with pytest.raises(Interrupted):
                load_batch(connection, batch, [Failure("ref-x", Stage.WRITE, FailureKind.INTERNAL)], NIGHT)
        assert content_digest(connection) == before
        load_batch(connection, batch, [])  # the connection is fit for use
        assert _count(connection, "calls") == 2


_DIE_IN_A_BATCH = """
import os, signal, sys
from pathlib import Path
from callinsight.core.values import Failure, FailureKind, Stage
from callinsight.store import load
from callinsight.store.database import open_writer

def die(connection):
    os.kill(os.getpid(), signal.SIGKILL)

with open_writer(Path(sys.argv[1])) as connection:
    load.run_checks = die
    load.load_batch(connection, [], [Failure("ref-x", Stage.WRITE, FailureKind.INTERNAL)])
"""


def test_a_killed_process_leaves_the_database_as_it_was(database: Path, make_result: MakeResult) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result()], [], NIGHT)
        before = content_digest(connection)
    killed = subprocess.run([sys.executable, "-c", _DIE_IN_A_BATCH, str(database)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with open_writer(database) as connection:
        assert content_digest(connection) == before


def test_duckdbs_own_error_becomes_ours_without_its_text(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult
) -> None:
    writer.execute("ALTER TABLE turns ALTER COLUMN text TYPE INTEGER")
    with pytest.raises(StoreError) as caught:
        load_batch(writer, [make_result(said="mijn geheim verhaal")], [])
    assert str(caught.value) == "loading the batch failed (ConversionException): nothing was changed"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert _count(writer, "calls") == 0


_HARM = {
    "one_row_per_call": "DELETE FROM measures WHERE call_id = 'call-0001'",
    "one_call_per_recording": "UPDATE calls SET recording_ref = 'the-same'",
    "no_orphans": "UPDATE needs SET question_no = 9 WHERE call_id = 'call-0001'",
    "numbered_from_zero": "UPDATE turns SET turn_no = 7 WHERE turn_no = 2 AND call_id = 'call-0001'",
    "evidence_points_at_turns": "UPDATE signals SET evidence = [1, 99] WHERE call_id = 'call-0001'",
    "no_failure_beside_result": "INSERT INTO failures VALUES ('ref-call-0001', 'decode', 'truncated', false)",
    "times_make_sense": "UPDATE calls SET local_hour = local_hour + 1 WHERE call_id = 'call-0001'",
}


@pytest.mark.parametrize("check", [script.name for script in read_scripts(CHECKS)])
def test_every_check_finds_its_fault(writer: duckdb.DuckDBPyConnection, make_result: MakeResult, check: str) -> None:
    flagged = make_result("call-0001", flags=(("violence", Severity.IMMEDIATE),))
    load_batch(writer, [flagged, make_result("call-0002")], [])
    check_all(writer)
    writer.execute(_HARM[check])
    with pytest.raises(StoreError, match=f"check {check} failed"):
        check_all(writer)


def test_a_failed_check_undoes_the_whole_batch(writer: duckdb.DuckDBPyConnection, make_result: MakeResult) -> None:
    load_batch(writer, [make_result("call-0001")], [])
    before = content_digest(writer)
    twice = [make_result("call-0002"), make_result("call-0003", recording_ref="ref-call-0001")]
    with pytest.raises(StoreError, match="one_call_per_recording"):
        load_batch(writer, twice, [], NIGHT)
    assert content_digest(writer) == before
    assert _count(writer, "runs") == 0


def test_an_erased_call_is_gone_everywhere(writer: duckdb.DuckDBPyConnection, make_result: MakeResult) -> None:
    load_batch(writer, [make_result("call-0001", flags=(("violence", Severity.IMMEDIATE),))], [], NIGHT)
    load_batch(writer, [make_result("call-0002")], [], NIGHT)
    assert delete_calls(writer, ["call-0001", "call-never"]) == 1
    for table in (*(fact.table for fact in FACTS), "run_calls"):
        assert load.count(writer, f"SELECT count(*) FROM {table} WHERE call_id = 'call-0001'") == 0
    assert _count(writer, "run_calls") == 1


def test_a_reader_sees_the_last_committed_batch(database: Path, make_result: MakeResult) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result()], [])
    with open_reader(database) as connection:
        assert _count(connection, "calls") == 1
        with pytest.raises(duckdb.Error):
            connection.execute("DELETE FROM calls")
    assert os.access(database, os.W_OK)


def test_failures_that_no_longer_stand_are_removed(writer: duckdb.DuckDBPyConnection) -> None:
    failures = [Failure(f"ref-{n}", Stage.DISCOVER, FailureKind.METADATA_MISSING) for n in range(3)]
    load_batch(writer, [], failures, NIGHT)
    assert keep_failures(writer, ["ref-1", "ref-never"]) == 2
    assert keep_failures(writer, ["ref-1"]) == 0
    assert writer.execute("SELECT recording_ref FROM failures").fetchall() == [("ref-1",)]
    assert keep_failures(writer, []) == 1
    assert _count(writer, "run_failures") == 3  # what happened that night stays known
