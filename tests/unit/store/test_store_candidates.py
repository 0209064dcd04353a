"""Candidates in the database: those of the files, growing as topics do, hidden when few, gone with their calls."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from callinsight.core.candidate import Candidate, CandidateVerdict
from callinsight.store.candidates import sync_candidates
from callinsight.store.database import open_writer
from callinsight.store.load import delete_calls, load_batch
from callinsight.store.publish import PublishSettings, publish_from
from callinsight.store.query import run_query
from support.results import story

DAY = date(2026, 11, 30)


def candidate(topic: str, number: int = 0, verdict: CandidateVerdict | None = None) -> Candidate:
    """All calls of the story about a topic, as if that topic were not known."""
    calls = sorted(one.call.call_id for one in story() if one.call.call_id.startswith(topic))
    members = tuple((call_id, 1) for call_id in calls)
    return Candidate(f"k{number}aa", None, ("egels", "tuin"), DAY, members, members[:3], verdict)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("candidates") / "callinsight.duckdb"
    with open_writer(path) as connection:
        load_batch(connection, story(), ())
    return path


@pytest.mark.parametrize("topic", ["waste-container", "passport", "parking-permit"])
def test_a_candidate_grows_as_a_topic_with_the_same_calls(loaded: Path, topic: str) -> None:
    columns = "expected, expected_low, expected_high"
    with open_writer(loaded) as connection:
        sync_candidates(connection, [candidate(topic)])
        mine = connection.execute(f"SELECT last_week, last_calls, {columns}, trend FROM topic_candidates").fetchall()
        theirs = connection.execute(
            f"SELECT week_start, calls, {columns}, verdict FROM rising_topics WHERE topic = ?", [topic]
        ).fetchall()
    assert mine == theirs
    assert mine[0][0] is not None


def test_syncing_twice_is_as_once(loaded: Path) -> None:
    def content(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
        tables = ("topic_candidates", "topic_candidate_calls", "candidate_quotes", "topic_candidates_per_week")
        return [connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables]

    with open_writer(loaded) as connection:
        sync_candidates(connection, [candidate("passport"), candidate("waste-container", 1)])
        once = content(connection)
        sync_candidates(connection, [candidate("passport"), candidate("waste-container", 1)])
        assert content(connection) == once
        assert len(once[0]) == 2
        assert [row[1] for row in once[2]] == [1, 2, 3, 1, 2, 3]
        sync_candidates(connection, [])
        assert content(connection) == [[], [], [], []]


def test_calls_that_are_not_there_do_not_count(loaded: Path) -> None:
    one = candidate("passport")
    stranger = Candidate("k9aa", None, ("egels",), DAY, (("call-gone", 1),), (("call-gone", 1),))
    with open_writer(loaded) as connection:
        sync_candidates(connection, [one, stranger])
        counts = dict(connection.execute("SELECT candidate_id, calls FROM topic_candidates").fetchall())
        assert counts == {"k0aa": len(one.members), "k9aa": 0}
        assert connection.execute("SELECT count(*) FROM candidate_quotes WHERE call_id = 'call-gone'").fetchone() == (
            0,
        )


def test_few_calls_and_decided_candidates_are_not_published(loaded: Path, tmp_path: Path) -> None:
    copy = tmp_path / "trends.duckdb"
    decided = candidate("parking-permit", 1, CandidateVerdict.NOTHING)
    few = Candidate("k2aa", None, ("duif",), DAY, candidate("passport").members[:9], ())
    with open_writer(loaded) as connection:
        sync_candidates(connection, [candidate("waste-container"), decided, few])
        publish_from(connection, copy, PublishSettings(k=10), datetime(2026, 12, 1, tzinfo=UTC))
    assert run_query(copy, "SELECT candidate_id, last_calls, suppressed FROM topic_candidates").rows == (
        ("k0aa", 25, False),
    )
    weeks = run_query(copy, "SELECT DISTINCT candidate_id, suppressed, calls FROM topic_candidates_per_week").rows
    assert set(weeks) == {("k0aa", True, None), ("k0aa", False, 25)}
    tables = {name for (name,) in run_query(copy, "SELECT table_name FROM duckdb_tables()").rows}
    assert "candidate_quotes" not in tables
    with open_writer(loaded) as connection:
        publish_from(connection, copy, PublishSettings(k=10, include_quotes=True), datetime(2026, 12, 1, tzinfo=UTC))
    assert {name for (name,) in run_query(copy, "SELECT candidate_id FROM candidate_quotes").rows} == {"k0aa"}


def test_an_erased_call_leaves_its_candidate(loaded: Path) -> None:
    one = candidate("waste-container")
    gone = one.members[0][0]
    with open_writer(loaded) as connection:
        sync_candidates(connection, [one])
        delete_calls(connection, [gone])
        left = connection.execute("SELECT call_id FROM topic_candidate_calls").fetchall()
    assert len(left) == len(one.members) - 1
    assert (gone,) not in left
