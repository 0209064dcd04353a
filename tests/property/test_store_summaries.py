"""After whatever happened to the calls, every table of counts is what its SQL gives from the facts."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core.improvement import Action, ActionKind, Target
from callinsight.core.taxonomy import Domain, LifeEvent, NeedKind, OutcomeKind, Resolution, Taxonomy, Topic
from callinsight.core.values import (
    Call,
    CallResult,
    Direction,
    Flag,
    FlagSource,
    Layout,
    Measures,
    Need,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Severity,
    Span,
    Tags,
)
from callinsight.store.decisions import sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.load import delete_calls, finish_load, load_batch
from callinsight.store.migrate import prepare
from callinsight.store.rebuild import content_digest
from callinsight.store.summaries import is_stale, summaries

TOPICS = ("bulky-waste", "parking", "passport", "unknown")
FACETS = (None, "cost", "letter")
KINDS = ("broken-promise-callback", "multi-problem", "promise-made", "promise-without-date")
CALLS = 5

Connection = duckdb.DuckDBPyConnection

_scores = st.sampled_from((0.1, 0.25, 0.7, 1 / 3, 1.0))
_needs = st.lists(st.builds(Need, st.sampled_from(("certainty", "travel")), _scores), max_size=2).map(tuple)
_questions = st.lists(
    st.builds(Question, st.sampled_from(TOPICS), st.sampled_from(FACETS), _scores, _needs), max_size=3
).map(tuple)
_flags = st.lists(
    st.builds(
        Flag,
        st.sampled_from(KINDS),
        st.sampled_from(Severity),
        st.just(Span(0, 100)),
        st.sampled_from(FlagSource),
        _scores,
    ),
    max_size=2,
).map(tuple)
# few days on both sides of a month's, a year's and an ISO year's end, and one far away
_days = st.sampled_from((date(2025, 12, 28), date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 1), date(2019, 5, 6)))


@st.composite
def _results(draw: st.DrawFn) -> CallResult:
    """A version of one of a few calls: another date, and other tags, than the version before may have had."""
    number = draw(st.integers(1, CALLS))
    moment = datetime.combine(draw(_days), datetime.min.time(), UTC) + timedelta(hours=draw(st.integers(0, 23)))
    return CallResult(
        call=Call(
            f"call-{number}",
            moment,
            draw(st.sampled_from(("", "burgerzaken"))),
            Direction.INBOUND,
            Layout.MONO,
            None,
            draw(st.none() | st.sampled_from(TOPICS)),
        ),
        recording_ref=f"ref-{number}",
        turns=(),
        tags=Tags(
            draw(_questions),
            Outcome(draw(st.sampled_from(("handled", "callback-request"))), 0.9),
            draw(_flags),
        ),
        measures=Measures(draw(st.integers(0, 10**7))),
        recognition=Recognition(draw(st.integers(0, 999)), draw(_scores)),
        redactions=(),
        provenance=Provenance("0.1.0", "aa", (("speech", "bb"),), "0.1"),
    )


def _topic(topic: str, domain: str) -> Topic:
    return Topic(topic, topic.title(), domain, 1, False, None, (), (), (), (), ())


@st.composite
def _taxonomies(draw: st.DrawFn) -> Taxonomy:
    """Labels of which topics move from domain to domain, and in and out of life events."""
    members = draw(st.sets(st.sampled_from(TOPICS[:3]), min_size=2).map(lambda some: tuple(sorted(some))))
    events = {"moving": LifeEvent("moving", "Verhuizen", members)} if draw(st.booleans()) else {}
    return Taxonomy(
        version="0.1",
        domains={one: Domain(one, one.title()) for one in ("a", "b")},
        facets={},
        needs={"travel": NeedKind("travel", draw(st.sampled_from(("Op reis", "Wil reizen"))))},
        topics={one: _topic(one, draw(st.sampled_from(("a", "b")))) for one in TOPICS[:3]},
        outcomes={"handled": OutcomeKind("handled", "Afgehandeld", None, Resolution.SOLVED)},
        signals={},
        life_events=events,
    )


_targets = st.lists(
    st.builds(Target, st.sampled_from(TOPICS[:3]), st.sampled_from(FACETS)), min_size=1, max_size=2, unique=True
).map(tuple)
_actions = st.lists(
    st.builds(
        Action,
        st.just("Brief"),
        st.just(ActionKind.LETTER),
        st.just("communicatie"),
        st.just(date(2026, 1, 5)),
        _targets,
    ),
    max_size=2,
    unique=True,
)
_loads = st.lists(_results(), min_size=1, max_size=4)
_erasures = st.sets(st.integers(1, CALLS), min_size=1).map(lambda some: [f"call-{n}" for n in sorted(some)])
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), _loads),
        st.tuples(st.just("wait"), _loads),
        st.tuples(st.just("erase"), _erasures),
        st.tuples(st.just("label"), _taxonomies()),
        st.tuples(st.just("decide"), _actions),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    made = duckdb.connect(":memory:", config={"threads": 1})
    prepare(made)
    yield made
    made.close()


def _take(connection: Connection, what: str, given_: Any) -> None:
    if what in ("load", "wait"):
        load_batch(connection, given_, [], more_follow=what == "wait")
    elif what == "erase":
        delete_calls(connection, given_)
    elif what == "label":
        sync_dimensions(connection, given_)
    else:
        sync_decisions(connection, [], given_)


def _emptied(connection: Connection) -> Connection:
    delete_calls(connection, [f"call-{n}" for n in range(1, CALLS + 1)])
    sync_decisions(connection, [], [])
    for table in ("topics", "life_events", "life_event_topics"):
        connection.execute(f"DELETE FROM {table}")
    return connection


def _rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT * FROM ({sql}) ORDER BY ALL").fetchall()


def _assert_right(connection: Connection) -> None:
    connection.execute("CREATE OR REPLACE TEMP TABLE days AS SELECT DISTINCT local_date FROM calls")
    for one in summaries():
        held = connection.execute(f"FROM {one.table} LIMIT 0").description
        plain = f"SELECT {', '.join(column[0] for column in held)} FROM ({one.sql})"
        assert _rows(connection, f"FROM {one.table}") == _rows(connection, plain), one.table
    connection.execute("DROP TABLE days")


@settings(max_examples=60, deadline=None)
@given(steps=_steps)
def test_counts_follow_whatever_happens(connection: Connection, steps: Sequence[tuple[str, Any]]) -> None:
    _emptied(connection)
    for what, given_ in steps:
        _take(connection, what, given_)
        if what in ("load", "erase"):
            assert not is_stale(connection)
        if not is_stale(connection):
            _assert_right(connection)
    finish_load(connection)
    assert not is_stale(connection)
    _assert_right(connection)


@settings(max_examples=20, deadline=None)
@given(results=st.lists(_results(), min_size=1, max_size=8), seed=st.integers(0, 10**6))
def test_any_order_gives_the_same_counts(connection: Connection, results: list[CallResult], seed: int) -> None:
    newest = list({result.call.call_id: result for result in results}.values())
    digests = set()
    for shuffled in (newest, random.Random(seed).sample(newest, len(newest))):
        _emptied(connection)
        for result in shuffled:
            load_batch(connection, [result], [])
        digests.add(content_digest(connection))
    _emptied(connection)
    load_batch(connection, [replace(result) for result in newest], [])
    assert digests == {content_digest(connection)}
