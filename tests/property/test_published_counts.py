"""No small count follows from the published copy: an attacker with every sum between the tables cannot pin one down."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

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
from callinsight.store.effects import refresh_effects
from callinsight.store.load import delete_calls, load_batch
from callinsight.store.migrate import prepare
from callinsight.store.publish import PublishSettings, fill_published
from support.attacker import attacker

K = 5
MONDAY = datetime(2027, 2, 1, 9, tzinfo=UTC)
"""February 2027 begins on a Monday and has four whole weeks: its counts are exactly the sums of theirs."""
NOW = datetime(2027, 3, 8, 4, tzinfo=UTC)

OUTCOMES = ("handled", "transferred", "callback-request", "other-organisation", "disconnected")
SIGNALS = (None, "promise-made", "promise-without-date", "broken-promise-callback", "multi-problem")

_kinds = st.tuples(
    st.integers(0, 3),  # week
    st.integers(0, 1),  # day
    st.sampled_from((("passport",), ("parking",), ("unknown",), ("passport", "parking"))),
    st.sampled_from((None, "cost", "letter")),
    st.sampled_from(OUTCOMES),
    st.sampled_from(SIGNALS),
    st.sampled_from(((), ("travel",), ("money",), ("travel", "money"))),
    st.sampled_from((None, "passport", "parking")),
)
_crowds = st.lists(st.tuples(_kinds, st.integers(1, 2 * K + 2)), min_size=1, max_size=14)
"""Calls of one kind, so many: small numbers and large ones beside one another."""

ACTIONS = [
    Action("Brief", ActionKind.LETTER, "webteam", date(2027, 2, 15), (Target("passport"),)),
    Action("Pagina", ActionKind.PAGE, "webteam", date(2027, 2, 15), (Target("parking", "cost"),)),
    Action(
        "Allebei", ActionKind.PROCESS, "webteam", date(2027, 2, 15), (Target("passport", "letter"), Target("parking"))
    ),
    Action("Later", ActionKind.PAGE, "webteam", date(2027, 2, 22), (Target("passport"), Target("parking"))),
]

Kind = tuple[int, int, tuple[str, ...], str | None, str, str | None, tuple[str, ...], str | None]
Crowds = list[tuple[Kind, int]]


def _taxonomy() -> Taxonomy:
    solved, not_solved, excluded = Resolution.SOLVED, Resolution.NOT_SOLVED, Resolution.EXCLUDED
    kinds = zip(OUTCOMES, (solved, not_solved, not_solved, excluded, excluded), strict=True)
    topics = (Topic(one, one, "field", 1, False, None, (), (), (), (), (one,)) for one in ("passport", "parking"))
    return Taxonomy(
        version="1",
        domains={"field": Domain("field", "Vak")},
        facets={},
        needs={one: NeedKind(one, one) for one in ("travel", "money")},
        topics={one.id: one for one in topics},
        outcomes={name: OutcomeKind(name, name, None, resolution) for name, resolution in kinds},
        signals={},
        life_events={"move": LifeEvent("move", "Verhuizing", ("passport", "parking"))},
    )


def _questions(topics: tuple[str, ...], facet: str | None, needs: tuple[str, ...]) -> Iterator[Question]:
    """A question on each topic; two needs are spread over two topics."""
    for number, topic in enumerate(topics):
        of_topic = needs[number : number + 1] if len(topics) == len(needs) else needs
        yield Question(topic, facet, 0.9, tuple(Need(need, 0.9) for need in of_topic))


def _results(crowds: Crowds) -> list[CallResult]:
    made: list[CallResult] = []
    for (week, day, topics, facet, outcome, signal, needs, registered), size in crowds:
        for _ in range(size):
            number = len(made)
            flags = (Flag(signal, Severity.INFO, Span(0, 100), FlagSource.RULE, 1.0),) if signal else ()
            moment = MONDAY + timedelta(weeks=week, days=day, hours=number % 2)
            made.append(
                CallResult(
                    call=Call(f"call-{number}", moment, "", Direction.INBOUND, Layout.MONO, None, registered),
                    recording_ref=f"ref-{number}",
                    turns=(),
                    tags=Tags(tuple(_questions(topics, facet, needs)), Outcome(outcome, 0.9), flags),
                    measures=Measures(60_000, 0, 0, 0),
                    recognition=Recognition(words=1, mean_word_probability=0.9),
                    redactions=(),
                    provenance=Provenance("1", "1", (), "1"),
                )
            )
    return made


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    prepare(made)
    sync_dimensions(made, _taxonomy())
    sync_decisions(made, [], ACTIONS)
    return made


def _published(connection: duckdb.DuckDBPyConnection, crowds: Crowds, k: int) -> None:
    delete_calls(connection, [row[0] for row in connection.execute("SELECT call_id FROM calls").fetchall()])
    load_batch(connection, _results(crowds), ())
    refresh_effects(connection)
    connection.execute("DETACH DATABASE IF EXISTS published")
    connection.execute("ATTACH ':memory:' AS published")
    fill_published(connection, PublishSettings(k=k), NOW)


@settings(max_examples=12, deadline=None)
@given(_crowds)
def test_no_small_count_can_be_worked_out(connection: duckdb.DuckDBPyConnection, crowds: Crowds) -> None:
    _published(connection, crowds, K)
    found = attacker(connection, K)
    assert [one for one in found.find() if one.high - one.low < 2] == []


def test_the_attacker_finds_what_is_badly_hidden(connection: duckdb.DuckDBPyConnection) -> None:
    """The one above would not fail if the attacker were a fool: with the total shown, a lone hidden count is known."""
    crowds: Crowds = [
        ((0, 0, ("passport",), None, "handled", None, (), None), 20),
        ((0, 0, ("parking",), None, "handled", None, (), None), 2),
    ]
    _published(connection, crowds, K)
    connection.execute("UPDATE published.topics_per_week SET calls = 20 WHERE topic = 'passport'")
    (found,) = [one for one in attacker(connection, K).find() if one.cell[0] == "topics_per_week"]
    assert (found.cell[-1], found.low, found.high) == ("parking", 2, 2)


@pytest.mark.parametrize(
    "shown",
    [
        "needs_per_week SET calls = 20 WHERE need = 'travel'",
        "needs_per_topic SET calls = 20 WHERE topic = 'passport'",
        "registered_vs_heard SET calls = 20 WHERE heard_topic = 'passport'",
    ],
)
def test_the_attacker_knows_which_needs_and_which_registrations_go_with_a_topic(
    connection: duckdb.DuckDBPyConnection, shown: str
) -> None:
    """Any of these tells what the topics of the week hide: the calls on passports, and so those on parking."""
    crowds: Crowds = [
        ((0, 0, ("passport",), None, "handled", None, ("travel",), "passport"), 20),
        ((0, 0, ("parking",), None, "handled", None, ("money",), "parking"), 2),
    ]
    _published(connection, crowds, K)
    assert all(one.high > one.low for one in attacker(connection, K).find() if one.cell[0] == "topics_per_week")
    table = shown.partition(" ")[0]
    _, missing = connection.execute(
        f"SELECT count(*), count(*) FILTER (calls IS NULL) FROM published.{table}"
    ).fetchall()[0]
    if not missing:  # its rows are left out altogether
        connection.execute(f"INSERT INTO published.{table} BY NAME SELECT * FROM main.{table}")
        connection.execute(f"UPDATE published.{table} SET calls = NULL")
    connection.execute(f"UPDATE published.{shown}")
    found = [one for one in attacker(connection, K).find() if one.cell[0] == "topics_per_week"]
    assert [(one.cell[-1], one.low, one.high) for one in found] == [("parking", 2, 2)]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(1, 25), st.booleans()), min_size=1, max_size=6),
    st.integers(2, 12),
)
def test_counts_of_a_group_hide_one_another(
    connection: duckdb.DuckDBPyConnection, counts: list[tuple[int, bool]], k: int
) -> None:
    """With the sum known, each small count can be several numbers, or the group says that it is exposed."""
    connection.execute(f"SET VARIABLE k = {k}")
    rows = ", ".join(f"({number}, {count}, {forced})" for number, (count, forced) in enumerate(counts))
    judged = connection.execute(
        "SELECT calls, hide(calls, forced, 'all', CAST(number AS VARCHAR)), exposed(calls, forced, 'all') "
        f"FROM (VALUES {rows}) AS counts(number, calls, forced) ORDER BY number"
    ).fetchall()
    hidden = [calls for calls, hides, _ in judged if hides]
    assert all(hides for (calls, forced), (_, hides, _) in zip(counts, judged, strict=True) if forced or calls < k)
    if any(exposed for *_, exposed in judged):
        assert len(hidden) == len(counts)
        return
    for number, calls in enumerate(hidden):
        others = hidden[:number] + hidden[number + 1 :]
        if calls < k:
            assert _possible(sum(hidden), others, k) >= min(3, k - 1)


def _possible(total: int, others: list[int], k: int) -> int:
    """How many numbers below k leave a sum that the others, small or not as they are, can have; by trying them all."""
    sums = {0}
    for other in others:
        choices = range(1, k) if other < k else range(k, total + 1)
        sums = {one + choice for one in sums for choice in choices if one + choice <= total}
    return sum(total - number in sums for number in range(1, k))
