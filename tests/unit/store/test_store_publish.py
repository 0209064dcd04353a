"""The published copy: small counts hidden, nothing of single calls, swapped in while others read."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult, Severity
from callinsight.errors import StoreError
from callinsight.store import publish as publish_module
from callinsight.store.database import open_writer
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.load import load_batch
from callinsight.store.publish import PublishSettings, has_period_ended, publish, publish_from
from callinsight.store.query import run_query

MakeResult = Callable[..., CallResult]
NOW = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "public" / "callinsight.duckdb"


@pytest.fixture
def labelled(writer: duckdb.DuckDBPyConnection, small_taxonomy: Taxonomy) -> duckdb.DuckDBPyConnection:
    sync_dimensions(writer, small_taxonomy)
    return writer


def _calls(make_result: MakeResult, counts: dict[tuple[str, str | None], int]) -> list[CallResult]:
    """So many calls for each topic and facet, all in one week."""
    return [
        make_result(f"{topic}-{facet}-{n}".lower(), topics=((topic, facet),))
        for (topic, facet), count in counts.items()
        for n in range(count)
    ]


def _questions(target: Path, table: str = "questions_per_week") -> dict[tuple[object, ...], object]:
    keys = "topic" if table == "topics_per_week" else "topic, facet"
    rows = run_query(target, f"SELECT {keys}, calls, suppressed FROM {table}").rows
    assert all((calls is None) == suppressed for *_, calls, suppressed in rows)
    return {tuple(key): calls for *key, calls, _ in rows}


def test_counts_below_k_are_hidden_and_others_are_not(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path
) -> None:
    counts = {
        ("passport", "cost"): 10,
        ("passport", "photo-rules"): 2,
        ("passport", None): 2,
        ("bulky-waste", "cost"): 11,
    }
    load_batch(labelled, _calls(make_result, counts), [])
    report = publish_from(labelled, target, PublishSettings(k=10), NOW)
    assert _questions(target) == {
        ("passport", "cost"): 10,
        ("passport", "photo-rules"): None,
        ("passport", None): None,
        ("bulky-waste", "cost"): 11,
    }
    assert _questions(target, "topics_per_week") == {("passport",): 14, ("bulky-waste",): 11}
    by_name = {table.name: table for table in report.tables}
    assert (by_name["questions_per_week"].rows, by_name["questions_per_week"].suppressed) == (4, 2)
    assert report.size_bytes == target.stat().st_size


def test_a_lone_small_count_hides_the_next_smallest_too(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path
) -> None:
    counts = {("passport", "cost"): 20, ("passport", "photo-rules"): 12, ("passport", None): 3}
    load_batch(labelled, _calls(make_result, counts), [])
    publish_from(labelled, target, PublishSettings(k=10), NOW)
    # 35 is the total of the topic: with only 3 hidden, anybody could subtract
    assert _questions(target, "topics_per_week") == {("passport",): 35}
    assert _questions(target) == {("passport", "cost"): 20, ("passport", "photo-rules"): None, ("passport", None): None}


def test_questions_of_a_hidden_topic_are_left_out(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path
) -> None:
    counts = {
        ("bulky-waste", "cost"): 3,
        ("passport", "cost"): 12,
        ("passport", "photo-rules"): 12,
        ("digid", None): 40,
    }
    load_batch(labelled, _calls(make_result, counts), [])
    publish_from(labelled, target, PublishSettings(k=10), NOW)
    assert _questions(target, "topics_per_week") == {("bulky-waste",): None, ("passport",): None, ("digid",): 40}
    assert _questions(target) == {("digid", None): 40}
    assert _questions(target, "preventable_calls") == {}
    publish_from(labelled, target, PublishSettings(k=1), NOW)  # shows that there are some
    assert set(_questions(target, "preventable_calls").values()) == {3, 12}


def test_no_table_shows_a_count_of_calls_below_k(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path
) -> None:
    flags = (("violence", Severity.IMMEDIATE), ("repeat-call", Severity.REVIEW))
    calls = [
        make_result(
            f"call-{n}",
            topics=((("passport", "cost"), ("bulky-waste", None))[n % 3 == 0], ("digid", None)),
            needs=("travel", "certainty")[: 1 + n % 2],
            flags=flags[: n % 3],
            outcome=("handled", "callback-request", "unknown")[n % 7 % 3],
            registered_topic=("passport", "bulky-waste")[n % 4 == 0],
            queue=("burgerzaken", "afval")[n % 5 == 0],
        )
        for n in range(37)
    ]
    load_batch(labelled, calls, [])
    k = 8
    report = publish_from(labelled, target, PublishSettings(k=k), NOW)
    hiding = run_query(target, "SELECT table_name FROM duckdb_columns() WHERE column_name = 'suppressed'").rows
    assert len(hiding) >= 12
    for (table,) in hiding:
        names = run_query(target, f"DESCRIBE {table}").rows
        counted = [str(name) for name, kind, *_ in names if kind in ("BIGINT", "DOUBLE") and name not in _NOT_COUNTS]
        for column in counted:
            rows = run_query(target, f"SELECT {column}, suppressed FROM {table}").rows
            assert all(value is None for value, suppressed in rows if suppressed), (table, column)
        if "calls" in counted and table != "rising_topics":
            small = run_query(target, f"SELECT count(*) FROM {table} WHERE calls < {k}").rows
            assert small == ((0,),), table
    assert report.suppressed > 0


_NOT_COUNTS = {"weekday", "weeks_before"}


def test_a_copy_grows_old_when_a_week_or_month_ends(tmp_path: Path) -> None:
    copy = tmp_path / "trends.duckdb"
    copy.touch()
    made = datetime(2026, 9, 27, 20, tzinfo=UTC)  # a Sunday evening
    os.utime(copy, (made.timestamp(), made.timestamp()))
    assert not has_period_ended(copy, made + timedelta(hours=1))
    assert has_period_ended(copy, made + timedelta(hours=3))  # Monday on Dutch clocks
    thursday = datetime(2026, 10, 1, 4, tzinfo=UTC)
    os.utime(copy, (thursday.timestamp(), (thursday - timedelta(hours=12)).timestamp()))
    assert has_period_ended(copy, thursday)


def test_k_of_one_hides_nothing(labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path) -> None:
    load_batch(labelled, _calls(make_result, {("passport", "cost"): 1, ("bulky-waste", None): 2}), [])
    report = publish_from(labelled, target, PublishSettings(k=1), NOW)
    assert report.suppressed == 0
    assert _questions(target) == {("passport", "cost"): 1, ("bulky-waste", None): 2}


def test_k_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        PublishSettings(k=0)


def _rising(target: Path) -> tuple[tuple[object, ...], ...]:
    return run_query(
        target, "SELECT topic, suppressed, calls, expected, verdict FROM rising_topics ORDER BY topic"
    ).rows


def test_what_was_expected_stays_hidden_with_a_week_before(
    labelled: duckdb.DuckDBPyConnection, make_weeks: Callable[..., list[CallResult]], target: Path
) -> None:
    load_batch(labelled, [*make_weeks((20,) * 6), *make_weeks((0, 0, 1, 0, 0, 6), "bulky-waste", "few")], [])
    publish_from(labelled, target, PublishSettings(k=5), NOW)
    # in the third week the count of passports hides with the single call beside it
    # it can be from five to twenty, and the last week is no change in any case
    assert _rising(target) == (
        ("bulky-waste", False, 6, None, "niet te tonen"),
        ("passport", False, 20, None, "geen verandering"),
    )


@pytest.mark.parametrize(("last", "verdict"), [(60, "stijgt"), (9, "niet te tonen"), (4, None)])
def test_a_conclusion_is_told_when_hidden_weeks_cannot_change_it(
    labelled: duckdb.DuckDBPyConnection,
    make_weeks: Callable[..., list[CallResult]],
    target: Path,
    last: int,
    verdict: str | None,
) -> None:
    """Weeks of three and four calls can each be anything from one to four; sixty is a rise from any of these."""
    rare = [
        call
        for topic in ("bulky-waste", "digid")
        for call in make_weeks((3, 4, 3, 4, 3, 4, 3, last), topic, f"rare-{topic}")
    ]
    load_batch(labelled, [*make_weeks((90,) * 8), *rare], [])
    publish_from(labelled, target, PublishSettings(k=5), NOW)
    (waste, *_) = _rising(target)
    assert waste == ("bulky-waste", verdict is None, last if verdict else None, None, verdict)


def test_what_was_expected_is_told_when_no_week_hides(
    labelled: duckdb.DuckDBPyConnection, make_weeks: Callable[..., list[CallResult]], target: Path
) -> None:
    load_batch(labelled, make_weeks((20,) * 6), [])
    publish_from(labelled, target, PublishSettings(k=5), NOW)
    assert _rising(target) == (("passport", False, 20, 20.0, "geen verandering"),)


def test_a_week_or_month_appears_when_it_is_over(
    labelled: duckdb.DuckDBPyConnection, make_weeks: Callable[..., list[CallResult]], target: Path
) -> None:
    """From one night to the next a running week would tell how many calls one day had."""
    load_batch(labelled, make_weeks((20, 20, 20)), [])  # from Monday 31 August on

    def published(now: datetime, **wishes: Any) -> list[tuple[int, int]]:
        publish_from(labelled, target, PublishSettings(k=5, **wishes), now)
        weekly = ("topics_per_week", "questions_per_week", "recognition_per_week", "tagging_per_week", "needs_per_week")
        monthly = ("several_problems_per_month", "first_contact_per_month", "needs_per_topic")
        return [
            tuple(run_query(target, f"SELECT count(DISTINCT {column}) FROM {table}").rows[0][0] for table in tables)  # type: ignore[misc]
            for column, tables in (("week_start", weekly), ("month_start", monthly))
        ]

    sunday, monday = datetime(2026, 9, 20, 12, tzinfo=UTC), datetime(2026, 9, 20, 22, 30, tzinfo=UTC)  # Dutch midnight
    assert published(sunday) == [(2,) * 5, (1,) * 3]
    assert published(monday) == [(3,) * 5, (1,) * 3]
    assert published(datetime(2026, 10, 1, 4, tzinfo=UTC)) == [(3,) * 5, (2,) * 3]
    assert published(sunday, running_periods=True) == [(3,) * 5, (2,) * 3]


def test_quotes_appear_only_when_asked_for(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path
) -> None:
    load_batch(labelled, [make_result(flags=(("violence", Severity.IMMEDIATE),), said="heel bijzondere woorden")], [])
    publish_from(labelled, target, PublishSettings(k=1), NOW)
    with pytest.raises(StoreError, match="flagged_calls does not exist"):
        run_query(target, "FROM flagged_calls")
    assert b"bijzondere" not in target.read_bytes()
    assert b"call-0001" not in target.read_bytes()
    publish_from(labelled, target, PublishSettings(k=1, include_quotes=True), NOW)
    assert run_query(target, "SELECT quote FROM flagged_calls").rows == (("heel bijzondere woorden",),)


def test_the_copy_says_what_it_is(labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path) -> None:
    load_batch(labelled, [make_result()], [])
    publish_from(labelled, target, PublishSettings(k=3), NOW)
    assert run_query(
        target, "SELECT published_local::VARCHAR, k, with_quotes, last_day::VARCHAR FROM publication"
    ).rows == (("2026-11-03 05:00:00", 3, False, "2026-09-01"),)
    without = run_query(
        target,
        "SELECT table_name FROM duckdb_tables() WHERE comment IS NULL UNION ALL "
        "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL",
    )
    assert without.rows == ()
    comment = run_query(target, "SELECT comment FROM duckdb_tables() WHERE table_name = 'needs_per_week'").rows
    assert "Aantallen onder 3 zijn weggelaten" in str(comment)


def test_an_empty_database_can_be_published(labelled: duckdb.DuckDBPyConnection, target: Path) -> None:
    publish_from(labelled, target, None, NOW)
    assert run_query(target, "SELECT count(*) FROM questions_per_week").rows == ((0,),)


def test_the_file_is_read_only_and_alone(
    labelled: duckdb.DuckDBPyConnection, database: Path, make_result: MakeResult, target: Path
) -> None:
    load_batch(labelled, [make_result()], [])
    labelled.close()
    for _ in range(2):  # also over a copy that is there
        publish(database, target, PublishSettings(k=1), NOW)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert stat.S_IMODE(target.stat().st_mode) == 0o444


def test_duckdbs_own_command_line_opens_the_copy(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path
) -> None:
    load_batch(labelled, _calls(make_result, {("passport", "cost"): 12}), [])
    publish_from(labelled, target, PublishSettings(k=10), NOW)
    program = Path(sys.executable).with_name("duckdb")
    assert program.is_file(), "duckdb-cli is one of the tools for development: make test installs it"

    def ask(sql: str) -> subprocess.CompletedProcess[str]:
        asked = [str(program), "-csv", "-noheader", str(target), "-c", sql]  # not told to open it read-only
        return subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)

    assert ask("SELECT topic_label, calls FROM topics_per_week").stdout == "Paspoort,12\n"
    comment = ask("SELECT comment FROM duckdb_tables() WHERE table_name = 'topics_per_week'").stdout
    assert "Hoeveel gesprekken" in comment


def test_publishing_what_is_not_there_is_told(tmp_path: Path, target: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        publish(tmp_path / "none.duckdb", target)


def test_a_failed_publication_keeps_the_old_copy(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_batch(labelled, [make_result()], [])
    publish_from(labelled, target, PublishSettings(k=1), NOW)
    before = target.read_bytes()
    monkeypatch.setattr(publish_module, "_PUBLICATION", "SELECT broken")
    with pytest.raises(StoreError, match="the copy that was there stays"):
        publish_from(labelled, target, PublishSettings(k=1), NOW)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    load_batch(labelled, [make_result("call-0002")], [])  # the connection is fit for use


def test_a_reader_keeps_the_copy_it_has_open(
    labelled: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path
) -> None:
    load_batch(labelled, [make_result("call-0001")], [])
    publish_from(labelled, target, PublishSettings(k=1), NOW)
    reader = duckdb.connect(str(target), read_only=True)
    load_batch(labelled, [make_result("call-0002")], [])
    publish_from(labelled, target, PublishSettings(k=1), NOW)
    assert reader.execute("SELECT sum(calls) FROM topics_per_week").fetchall() == [(1,)]
    reader.close()
    assert run_query(target, "SELECT sum(calls) FROM topics_per_week").rows == ((2,),)


def test_the_swap_is_one_rename_over_the_old_copy(
    labelled: duckdb.DuckDBPyConnection, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test with readers would seldom meet a moment without a file, so this one looks at how the swap is made."""
    publish_from(labelled, target, PublishSettings(k=1), NOW)
    old = target.stat().st_ino
    swaps = []
    rename = Path.replace

    def watched(source: Path, to: Path) -> Path:
        swaps.append((to, to.stat().st_ino, source.stat().st_ino, stat.S_IMODE(source.stat().st_mode)))
        return rename(source, to)

    monkeypatch.setattr(Path, "replace", watched)
    publish_from(labelled, target, PublishSettings(k=1), NOW)
    assert swaps == [(target, old, target.stat().st_ino, 0o444)]


_READ_UNTIL_STOPPED = """
import sys
import time
from pathlib import Path
from callinsight.store.query import run_query

target, stop = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
asked, last = 0, 0
while True:
    ended = stop.exists()
    ((topics, outcomes, published),) = run_query(
        target,
        "SELECT (SELECT sum(calls) FROM topics_per_week), (SELECT sum(calls) FROM outcomes_per_week),"
        " (SELECT count(*) FROM publication)",
    ).rows
    if topics != outcomes or published != 1 or topics < last:
        sys.exit(f"torn or stepping back: {topics}, {outcomes}, {published} after {last}")
    asked, last = asked + 1, topics
    if ended:
        break
    time.sleep(0.5)  # as a dashboard that never stops; without a pause the readers leave the writer no processor
print(asked, last)
"""

READERS, PUBLICATIONS = 8, 20


def _stop(stop: Path, readers: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """Let the readers end; return their exit codes, what they said and what they complained of."""
    stop.touch()
    ended = []
    for reader in readers:
        try:
            said, complained = reader.communicate(timeout=300)
        finally:
            reader.kill()
        ended.append((reader.returncode, said, complained))
    return ended


@pytest.mark.slow
def test_readers_lose_no_query_through_publications(
    database: Path, make_result: MakeResult, tmp_path: Path, target: Path
) -> None:
    """Eight processes query all the time while the writer loads and publishes; each answer is of one whole copy."""
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", _READ_UNTIL_STOPPED, str(target), str(stop)]
    with open_writer(database) as connection:
        load_batch(connection, [make_result("call-0")], [])
        publish_from(connection, target, PublishSettings(k=1), NOW)
        readers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(READERS)
        ]
        try:
            assert [reader.stdout.readline() for reader in readers if reader.stdout] == ["ready\n"] * READERS
            for n in range(1, PUBLICATIONS + 1):
                load_batch(connection, [make_result(f"call-{n}")], [])
                publish_from(connection, target, PublishSettings(k=1), NOW)
                time.sleep(0.05)
        finally:
            ended = _stop(stop, readers)
    assert [(code, complained) for code, _, complained in ended] == [(0, "")] * READERS
    for _, said, _ in ended:
        asked, last = map(int, said.split())
        assert last == PUBLICATIONS + 1
        assert asked >= 3
