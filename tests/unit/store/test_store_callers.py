"""Calls of one caller: the view that needs the link, and that the link is nowhere else. The references are invented."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from callinsight import traces
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult, Severity
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.export import export
from callinsight.store.linked import calls_with
from callinsight.store.load import load_batch
from callinsight.store.publish import PublishSettings, publish_from
from callinsight.store.traces import rows_in_parquet, rows_naming

MakeResult = Callable[..., CallResult]
Connection = duckdb.DuckDBPyConnection
ONE, OTHER = "b" + "a" * 26, "b" + "2" * 26


@pytest.fixture
def labelled(writer: Connection, small_taxonomy: Taxonomy) -> Connection:
    sync_dimensions(writer, small_taxonomy)
    return writer


@pytest.fixture
def linked(make_result: MakeResult) -> list[CallResult]:
    """Three calls of one caller, two of another, and two that are linked to nobody."""

    def call(number: int, ref: str | None, day: int, hour: int, *topics: str) -> CallResult:
        flags = (("repeat-call", Severity.SAME_DAY),)
        asked = tuple((topic, None) for topic in topics)
        made = make_result(
            f"call-{number}", started_at=datetime(2026, 9, day, hour, tzinfo=UTC), topics=asked, flags=flags
        )
        return replace(made, call=replace(made.call, caller_ref=ref))

    return [
        call(1, ONE, 1, 8, "passport"),
        call(2, ONE, 1, 14, "waste", "passport"),
        call(3, ONE, 4, 8, "moving"),
        call(4, OTHER, 2, 8, "unknown"),
        call(5, OTHER, 9, 23, "unknown"),
        call(6, None, 2, 9, "passport"),
        call(7, None, 3, 9, "passport"),
    ]


def test_a_repeat_call_tells_of_the_call_before_it(labelled: Connection, linked: list[CallResult]) -> None:
    load_batch(labelled, linked[::-1], [])
    rows = labelled.execute(
        "SELECT call_id, previous_call_id, contact_no, days_between, hours_between, same_topic, shared_topics "
        "FROM repeat_calls ORDER BY call_id"
    ).fetchall()
    assert rows == [
        ("call-2", "call-1", 2, 0, 6.0, True, "passport"),
        ("call-3", "call-2", 3, 3, 66.0, False, ""),
        ("call-5", "call-4", 2, 8, 183.0, False, ""),  # an unknown topic is not the same topic
    ]


def test_without_links_nobody_repeats(labelled: Connection, linked: list[CallResult]) -> None:
    load_batch(labelled, [one.without_link() for one in linked], [])
    assert labelled.execute("FROM repeat_calls").fetchall() == []
    assert labelled.execute("SELECT count(*) FROM calls WHERE caller_ref IS NOT NULL").fetchall() == [(0,)]


def test_calls_are_found_by_reference_in_order_of_time(labelled: Connection, linked: list[CallResult]) -> None:
    load_batch(labelled, linked, [])
    assert calls_with(labelled, [ONE]) == ("call-1", "call-2", "call-3")
    assert calls_with(labelled, [ONE, OTHER]) == ("call-1", "call-2", "call-4", "call-3", "call-5")
    assert calls_with(labelled, ["b" + "3" * 26]) == calls_with(labelled, []) == ()


def test_a_link_stands_in_calls_and_is_shown_nowhere_else(
    labelled: Connection, linked: list[CallResult], tmp_path: Path
) -> None:
    """No view, no kept count and nothing published holds a reference of a caller, also with quotes."""
    load_batch(labelled, linked, [])
    named = re.compile(rf"{ONE}|{OTHER}")
    shown = [name for (name,) in labelled.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
    tables = [
        name for (name,) in labelled.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
    ]
    assert len(shown) > 25
    found = {one for one in (*shown, *tables) if named.search(str(labelled.execute(f'FROM "{one}"').fetchall()))}
    assert found == {"calls"}
    columns = labelled.execute(
        "SELECT table_name FROM duckdb_columns() WHERE column_name LIKE '%caller_ref%'"
    ).fetchall()
    assert columns == [("calls",)]
    target = tmp_path / "public" / "trends.duckdb"
    publish_from(labelled, target, PublishSettings(k=1, include_quotes=True))
    assert sum(rows_naming(target, ["paspoort"]).values())  # the search finds what is there
    assert not sum(rows_naming(target, [ONE, OTHER]).values())
    assert not [word for word in (ONE, OTHER) if word.encode() in target.read_bytes()]
    export(target, ("parquet", "csv", "xlsx"))
    for path in (path for path in target.parent.rglob("*") if path.is_file()):
        assert not list(traces.READERS["published"](path, [ONE, OTHER])), path.name
    assert rows_in_parquet(target.parent / "tabellen" / "parquet" / "topics.parquet", ["Paspoort"])
