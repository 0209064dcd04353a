"""Weeks and months whose calls are erased after their term are published as they were: the same counts hide."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from callinsight.core.improvement import Action, ActionKind, Target
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult, Severity
from callinsight.store.decisions import sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.effects import refresh_effects
from callinsight.store.frozen import gather, sync_frozen
from callinsight.store.load import delete_calls, load_batch
from callinsight.store.publish import PublishSettings, publish_from
from callinsight.store.query import run_query

Connection = duckdb.DuckDBPyConnection
Rows = tuple[tuple[object, ...], ...]

NOW = datetime(2026, 12, 7, 4, tzinfo=UTC)
UNTIL = date(2026, 11, 1)
"""A Sunday: nine weeks from 31 August on, and the months of September and October, are over."""


@pytest.fixture
def loaded(
    writer: Connection,
    small_taxonomy: Taxonomy,
    make_weeks: Callable[..., list[CallResult]],
    make_result: Callable[..., CallResult],
) -> Connection:
    """Twelve weeks of many calls about passports and a few about waste, with some of all that is seldom."""
    sync_dimensions(writer, small_taxonomy)
    seldom = [
        make_result(
            f"seldom-{week}-{number}",
            started_at=datetime(2026, 9, 1 + 7 * week, 9, tzinfo=UTC),
            topics=(("passport", "photo-rules"), ("bulky-waste", None))[: 1 + number % 2],
            needs=("travel", "certainty"),
            flags=(("violence", Severity.IMMEDIATE),),
            outcome=("callback-request", "disconnected")[number % 2],
            registered_topic="bulky-waste",
        )
        for week in range(4)
        for number in range(3)
    ]
    waste = make_weeks((3, 12, 4, 15, 12, 12, 12, 12, 12, 2, 12, 12), topic="bulky-waste", prefix="waste")
    load_batch(writer, [*make_weeks((25,) * 12), *waste, *seldom], [])
    sync_decisions(
        writer, [], [Action("Brief", ActionKind.LETTER, "webteam", date(2026, 10, 12), (Target("bulky-waste"),))]
    )
    return writer


def _published(connection: Connection, target: Path, k: int) -> dict[str, Rows]:
    refresh_effects(connection)
    publish_from(connection, target, PublishSettings(k=k), NOW)
    tables = run_query(target, "SELECT table_name FROM duckdb_tables() ORDER BY 1").rows
    return {str(table): run_query(target, f'SELECT * FROM "{table}" ORDER BY ALL').rows for (table,) in tables}


def _freeze(connection: Connection) -> None:
    """What retention does: keep the counts, then erase the calls of periods that are over."""
    periods = gather(connection, UNTIL)
    sync_frozen(connection, {one.key for one in periods}, periods)
    old = connection.execute("SELECT call_id FROM calls WHERE local_date <= ?", [UNTIL]).fetchall()
    delete_calls(connection, [call_id for (call_id,) in old])


@pytest.mark.parametrize("k", [1, 10])
def test_erasing_the_calls_changes_nothing_that_is_published(loaded: Connection, tmp_path: Path, k: int) -> None:
    before = _published(loaded, tmp_path / "t.duckdb", k)
    _freeze(loaded)
    assert loaded.execute("SELECT min(local_date) > ? FROM calls", [UNTIL]).fetchall() == [(True,)]
    after = _published(loaded, tmp_path / "t.duckdb", k)
    assert sorted(table for table in before if before[table] != after[table]) == []


def test_small_counts_of_frozen_weeks_hide_with_others(loaded: Connection, tmp_path: Path) -> None:
    _freeze(loaded)
    published = _published(loaded, tmp_path / "t.duckdb", 10)
    shown = run_query(
        tmp_path / "t.duckdb", "SELECT CAST(week_start AS VARCHAR), topic, calls FROM topics_per_week ORDER BY ALL"
    ).rows
    first = [row for row in shown if row[0] == "2026-08-31"]
    assert [(topic, calls) for _, topic, calls in first] == [("bulky-waste", None), ("passport", None)]
    fifth = [row for row in shown if row[0] == "2026-09-28"]
    assert [(topic, calls) for _, topic, calls in fifth] == [("bulky-waste", 12), ("passport", 25)]
    assert not [row for row in published["signals_per_week"] if row[-1] is not None]  # three a week
