"""The story that was put into the bundled calls comes out of their true tags, as far as so few calls can tell it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from callinsight.commands.night import DEMO_ACTIONS
from callinsight.core.improvement import Action, Target
from callinsight.core.values import CallResult, Question
from callinsight.store.database import open_writer
from callinsight.store.decisions import sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.effects import refresh_effects
from callinsight.store.load import load_batch
from callinsight.taxonomy_files import load_taxonomy
from support.calls import CALLS, ROOT
from support.results import spoken_call

Connection = duckdb.DuckDBPyConnection
PAGE, LETTER = (plan.title for plan in DEMO_ACTIONS)


def _true_calls() -> Iterator[CallResult]:
    """A result for each bundled call, with the tags that it should have had."""
    for path in sorted((CALLS / "truth").glob("*.json")):
        told = json.loads((CALLS / path.name).read_text(encoding="utf-8"))
        day = datetime.fromisoformat(told["started_at"]).date()
        call = spoken_call(f"true-{told['recording_id']}", day, "unknown", None)
        questions = tuple(
            Question(one["topic"], one["facet"], 1.0, (), (1,))
            for one in json.loads(path.read_text(encoding="utf-8"))["questions"]
        )
        yield replace(call, tags=replace(call.tags, questions=questions))


CALLS_AS_THEY_ARE = tuple(_true_calls())


@pytest.fixture
def story(database: Path) -> Iterator[Connection]:
    with open_writer(database) as connection:
        sync_dimensions(connection, load_taxonomy(ROOT / "models" / "taxonomy"))
        yield connection


def _effects(connection: Connection, calls: Sequence[CallResult]) -> dict[str, tuple[object, ...]]:
    load_batch(connection, calls, [])
    actions = [
        Action(
            *(plan.title, plan.kind, plan.owner, plan.effective_on),
            tuple(Target(*target.split("/")) for target in plan.targets),
        )
        for plan in DEMO_ACTIONS
    ]
    sync_decisions(connection, [], actions)
    refresh_effects(connection)
    rows = connection.execute("SELECT title, verdict, calls_before, calls_after, explanation FROM action_effect")
    return {str(title): tuple(rest) for title, *rest in rows.fetchall()}


def _times(calls: Sequence[CallResult], times: int) -> list[CallResult]:
    """The same calls as from a larger municipality."""
    return [
        replace(
            one,
            call=replace(one.call, call_id=f"{one.call.call_id}-{n}"),
            recording_ref=f"{one.recording_ref}-{n}",
        )
        for one in calls
        for n in range(times)
    ]


def test_the_mended_page_is_seen_to_have_worked(story: Connection) -> None:
    verdict, before, after, explanation = _effects(story, CALLS_AS_THEY_ARE)[PAGE]
    assert (verdict, before, after) == ("minder", 12, 1)
    assert str(explanation) == "In 4 weken 1 gesprek; zonder verbetering waren er 14 te verwachten (5 tot 28)."


def test_eight_calls_before_and_after_the_letter_cannot_tell_and_it_says_so(story: Connection) -> None:
    """A halving would give as many in one of eight cases, so "no difference" would be more than anybody knows."""
    verdict, before, after, explanation = _effects(story, CALLS_AS_THEY_ARE)[LETTER]
    assert (verdict, before, after) == ("te vroeg om te zeggen", 8, 8)
    assert "te weinig gesprekken om een halvering of verdubbeling uit te sluiten" in str(explanation)


@pytest.mark.parametrize(("times", "verdict"), [(2, "te vroeg om te zeggen"), (3, "geen verschil")])
def test_three_times_as_many_calls_would_tell_that_the_letter_did_nothing(
    story: Connection, times: int, verdict: str
) -> None:
    found = _effects(story, _times(CALLS_AS_THEY_ARE, times))
    assert found[LETTER][0] == verdict
    assert found[PAGE][0] == "minder"


def test_the_letter_about_waste_shows_as_a_rise_in_its_week(story: Connection) -> None:
    """As the meeting would have seen it on the Monday after."""
    load_batch(story, [one for one in CALLS_AS_THEY_ARE if one.call.started_at.date() < date(2026, 9, 28)], [])
    rows = story.execute("SELECT iso_week, topic, calls FROM rising_topics WHERE verdict = 'stijgt' ORDER BY ALL")
    assert rows.fetchall() == [("2026-W39", "waste-container", 4)]


def test_no_topic_rises_in_a_week_without_a_story(story: Connection) -> None:
    load_batch(story, CALLS_AS_THEY_ARE, [])
    assert story.execute("SELECT topic FROM rising_topics WHERE verdict = 'stijgt'").fetchall() == []


def test_the_rule_about_passports_shows_from_its_week_on(story: Connection) -> None:
    load_batch(story, CALLS_AS_THEY_ARE, [])
    rows = story.execute(
        "SELECT week_start, sum(calls)::INT FROM questions_per_week WHERE topic = 'passport' "
        "AND facet IN ('photo-rules', 'expiry-abroad') GROUP BY week_start ORDER BY week_start"
    )
    weeks = [date(2026, 8, 31) + timedelta(weeks=n) for n in range(8)]
    assert rows.fetchall() == [(week, 2) for week in weeks[2:]]
