"""Verdicts and improvements: what is written is read again, and loading is the same in any order and number."""

import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight import decisions
from callinsight.core.improvement import About, Action, ActionKind, Review, Tag, Target, Verdict
from callinsight.store.decisions import DECISION_TABLES, sync_decisions
from callinsight.store.migrate import migrate
from callinsight.store.rebuild import content_digest

_ids = st.sampled_from(("passport", "bulky-waste", "travel", "a1", "cost"))
_roles = st.sampled_from(("teamleider", "klantadviseur", "openbare ruimte"))
_moments = st.integers(0, 10**8).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
_titles = st.text(st.characters(categories=("L", "Zs", "P")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and text.isprintable() and "@" not in text
)


@st.composite
def _tags(draw: st.DrawFn, about: About) -> Tag:
    return Tag(about, draw(_ids), draw(st.none() | _ids) if about is About.QUESTION else None)


@st.composite
def _reviews(draw: st.DrawFn) -> Review:
    about = draw(st.sampled_from(About))
    tag = draw(_tags(about))
    verdict = draw(st.sampled_from(Verdict))
    other = draw(_tags(about).filter(lambda one: one != tag)) if verdict is Verdict.OTHER else None
    call_id = f"call-{draw(st.integers(0, 3))}"
    return Review(call_id, tag, verdict, draw(_roles), draw(_moments), other)


_targets = st.lists(st.builds(Target, _ids, st.none() | _ids), min_size=1, max_size=3, unique=True).map(tuple)
_days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
_actions = st.builds(Action, _titles, st.sampled_from(ActionKind), _roles, _days, _targets)


@settings(max_examples=60, deadline=None)
@given(st.lists(_reviews(), max_size=6), st.lists(_actions, max_size=4))
def test_what_is_written_is_read_again(reviews: list[Review], actions: list[Action]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for review in (*reviews, *reviews):  # twice is once
            decisions.write_review(folder / "reviews", review)
        for action in (*actions, *actions):
            decisions.write_action(folder / "actions", action)
        read = decisions.read_reviews(folder / "reviews")
        assert set(read) == set(reviews)
        assert len(read) == len(set(reviews))
        assert {action.action_id for action in decisions.read_actions(folder / "actions")} == {
            action.action_id for action in actions
        }
        erased = decisions.remove_reviews(folder / "reviews", ["call-1"])
        assert erased == len({review for review in reviews if review.call_id == "call-1"})
        assert set(decisions.read_reviews(folder / "reviews")) == {one for one in reviews if one.call_id != "call-1"}


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(":memory:")
    migrate(made)
    made.execute(
        "INSERT INTO calls BY NAME SELECT 'call-' || n AS call_id, 'r' || n AS recording_ref, now() AS started_at,"
        " '2026-09-01' AS started_local, '2026-09-01' AS local_date, '2026-08-31' AS week_start, 'w' AS iso_week,"
        " 9 AS local_hour, '' AS queue, 'inbound' AS direction, 'mono' AS layout, 'handled' AS outcome,"
        " 1 AS outcome_score, [] AS outcome_evidence, '' AS code_version, '' AS settings_digest,"
        " '' AS model_digests, '' AS taxonomy_version, 'kept' AS transcript FROM range(3) r(n)"
    )
    return made


@settings(max_examples=30, deadline=None)
@given(st.lists(_reviews(), max_size=6, unique=True), st.lists(_actions, max_size=3, unique=True), st.randoms())
def test_loading_is_the_same_in_any_order_and_number(
    connection: duckdb.DuckDBPyConnection, reviews: list[Review], actions: list[Action], chance: random.Random
) -> None:
    sync_decisions(connection, reviews, actions)
    once = content_digest(connection, DECISION_TABLES)
    known = [review for review in reviews if review.call_id != "call-3"]  # the database holds calls 0, 1 and 2
    assert connection.execute("SELECT count(*) FROM reviews").fetchall() == [(len(known),)]
    for _ in range(2):
        mixed = chance.sample(reviews, len(reviews))
        sync_decisions(connection, mixed, chance.sample(actions, len(actions)))
        assert content_digest(connection, DECISION_TABLES) == once
