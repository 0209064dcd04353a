"""Whatever the order and the cutting into batches, loading gives the same tables."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core.values import (
    Call,
    CallResult,
    Direction,
    Failure,
    FailureKind,
    Flag,
    FlagSource,
    Layout,
    Measures,
    Need,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Redaction,
    Role,
    Severity,
    Span,
    Stage,
    Tags,
    Turn,
    Word,
)
from callinsight.store.load import RunRecord, load_batch
from callinsight.store.migrate import migrate
from callinsight.store.rebuild import CONTENT_TABLES, RUN_TABLES, content_digest

_labels = st.sampled_from(("passport", "bulky-waste", "travel", "certainty", "unknown"))
_scores = st.floats(0, 1, allow_nan=False)
_texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda text: text == text.strip()
)
_spans = st.builds(lambda start, length: Span(start, start + length), st.integers(0, 10**6), st.integers(1, 10**5))
_optional_labels = st.none() | _labels


@st.composite
def _turns(draw: st.DrawFn) -> tuple[Turn, ...]:
    spans = sorted(draw(st.lists(_spans, max_size=3)))
    return tuple(
        Turn(span, draw(st.sampled_from(Role)), tuple(Word(span, text, draw(_scores)) for text in texts))
        for span in spans
        for texts in [draw(st.lists(_texts, min_size=1, max_size=3))]
    )


@st.composite
def _results(draw: st.DrawFn, number: int) -> CallResult:
    turns = draw(_turns())
    evidence = st.sets(st.integers(0, max(0, len(turns) - 1)), max_size=len(turns)).map(
        lambda some: tuple(sorted(some))
    )
    needs = st.lists(st.builds(Need, _labels, _scores, evidence), max_size=2).map(tuple)
    questions = st.lists(st.builds(Question, _labels, _optional_labels, _scores, needs, evidence), max_size=2).map(
        tuple
    )
    flags = st.builds(Flag, _labels, st.sampled_from(Severity), _spans, st.sampled_from(FlagSource), _scores, evidence)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 400 * 86_400)))
    turn_numbers = st.integers(0, len(turns) - 1) if turns else st.nothing()
    redactions = st.lists(st.builds(Redaction, st.sampled_from(("bsn", "phone")), _spans, turn_numbers), max_size=3)
    return CallResult(
        call=Call(
            f"call-{number:03d}",
            moment,
            draw(_texts),
            draw(st.sampled_from(Direction)),
            draw(st.sampled_from(Layout)),
            None,
            draw(_optional_labels),
        ),
        recording_ref=f"ref-{number:03d}",
        turns=turns,
        tags=Tags(
            draw(questions),
            draw(st.builds(Outcome, _labels, _scores, evidence)),
            draw(st.lists(flags, max_size=2).map(tuple)),
        ),
        measures=Measures(draw(st.integers(0, 10**7))),
        recognition=Recognition(draw(st.integers(0, 999)), draw(_scores)),
        redactions=tuple(draw(redactions)) if turns else (),
        provenance=Provenance("0.1.0", "aa", (("speech", "bb"),), "0.1"),
    )


@st.composite
def _loads(draw: st.DrawFn) -> tuple[list[CallResult], list[Failure]]:
    """Results of different calls, and failures of which some belong to a recording that also has a result."""
    results = [draw(_results(number)) for number in range(draw(st.integers(0, 4)))]
    failing = draw(st.sets(st.integers(0, 6), max_size=3))
    failures = [
        Failure(f"ref-{n:03d}", draw(st.sampled_from(Stage)), draw(st.sampled_from(FailureKind)), draw(st.booleans()))
        for n in sorted(failing)
    ]
    return results, failures


_RUN = RunRecord("night-1", datetime(2026, 9, 1, tzinfo=UTC))


Pair = tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two databases with a schema; every example empties them first."""
    connections = tuple(duckdb.connect(":memory:", config={"threads": 1}) for _ in range(2))
    for connection in connections:
        migrate(connection)
    yield connections[0], connections[1]
    for connection in connections:
        connection.close()


def _emptied(pair: Pair) -> Pair:
    for connection in pair:
        for table in (*CONTENT_TABLES, *RUN_TABLES):
            connection.execute(f"DELETE FROM {table}")
    return pair


@settings(max_examples=25, deadline=None)
@given(load=_loads(), seed=st.integers(0, 10**6), repeats=st.booleans())
def test_any_order_and_any_batching_give_the_same_tables(
    pair: Pair, load: tuple[list[CallResult], list[Failure]], seed: int, repeats: bool
) -> None:
    results, failures = load
    straight, mixed = _emptied(pair)
    load_batch(straight, results, failures, _RUN)
    items: list[CallResult | Failure] = [*results, *failures] * (2 if repeats else 1)
    shuffler = random.Random(seed)
    shuffler.shuffle(items)
    while items:
        size = shuffler.randint(1, len(items))
        batch, items = items[:size], items[size:]
        load_batch(
            mixed,
            [item for item in batch if isinstance(item, CallResult)],
            [item for item in batch if isinstance(item, Failure)],
            _RUN,
        )
    if not results and not failures:
        load_batch(mixed, [], [], _RUN)
    tables = (*CONTENT_TABLES, *RUN_TABLES)
    assert content_digest(mixed, tables) == content_digest(straight, tables)
    assert straight.execute("SELECT count(*) FROM calls").fetchall() == [(len(results),)]


@settings(max_examples=25, deadline=None)
@given(load=_loads())
def test_the_digest_tells_contents_apart(pair: Pair, load: tuple[list[CallResult], list[Failure]]) -> None:
    results, failures = load
    one, other = _emptied(pair)
    load_batch(one, results, failures)
    load_batch(other, results[1:], failures)
    assert (content_digest(one, CONTENT_TABLES) == content_digest(other, CONTENT_TABLES)) == (not results)


def _made_by(result: CallResult, speech: str, tagger: str) -> Provenance:
    return replace(result.provenance, model_digests=(("speech", speech), ("tagger", tagger)), tag_version=tagger)


@settings(max_examples=25, deadline=None)
@given(results=st.lists(st.integers(0, 5), unique=True, max_size=4), data=st.data())
def test_loading_the_tags_alone_gives_what_loading_everything_gives(
    pair: Pair, results: list[int], data: st.DataObject
) -> None:
    """Calls tagged again, some of them processed again too by another model, others new to the database."""
    known = [data.draw(_results(number)) for number in results]
    held = [replace(one, provenance=_made_by(one, "s1", "t1")) for one in known if data.draw(st.booleans())]
    at = datetime(2026, 9, 2, tzinfo=UTC)
    silent = Tags((), Outcome("unknown", 0.0), ())
    fresh = []
    for one in known:
        emptied = replace(one, turns=(), tags=silent, redactions=())
        heard = data.draw(st.sampled_from((one, one, one.without_words(), emptied)))
        made_by = _made_by(one, "s2" if heard is emptied else "s1", "t2")
        fresh.append(heard.retagged(data.draw(st.sampled_from((heard.tags, silent))), made_by, at))
    quick, whole = _emptied(pair)
    for connection in (quick, whole):
        load_batch(connection, held, [])
    counts = load_batch(quick, fresh, [], retagged_by=frozenset({"tagger"}))
    assert load_batch(whole, fresh, []) == counts
    assert content_digest(quick, CONTENT_TABLES) == content_digest(whole, CONTENT_TABLES)
