"""The effect of improvements in the database: whole weeks, the right calls, and what managers see of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from callinsight.core.improvement import Action, ActionKind, Target
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult
from callinsight.store.decisions import sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.effects import refresh_effects
from callinsight.store.load import delete_calls, load_batch
from callinsight.store.publish import PublishSettings, publish_from
from callinsight.store.query import run_query

Connection = duckdb.DuckDBPyConnection
MakeWeeks = Callable[..., list[CallResult]]

MONDAY_OF_WEEK_8 = date(2026, 10, 26)
LATER = datetime(2027, 1, 4, 4, tzinfo=UTC)


def _action(since: date = MONDAY_OF_WEEK_8, title: str = "Brief herschreven", facet: str | None = "cost") -> Action:
    return Action(title, ActionKind.LETTER, "webteam", since, (Target("passport", facet),))


@pytest.fixture
def improved(writer: Connection, small_taxonomy: Taxonomy, make_weeks: MakeWeeks) -> Connection:
    """Eight weeks of 20 calls about passports and five of 6, from 31 August 2026 on, beside 15 about waste."""
    sync_dimensions(writer, small_taxonomy)
    background = make_weeks((15,) * 13, topic="bulky-waste", prefix="other")
    load_batch(writer, [*make_weeks((20,) * 8 + (6,) * 5), *background], [])
    return writer


COLUMNS = "weeks_before, weeks_after, calls_before, calls_after, verdict"


def _effects(connection: Connection, columns: str = COLUMNS) -> list[tuple[object, ...]]:
    refresh_effects(connection)
    return connection.execute(f"SELECT {columns} FROM action_effect ORDER BY effective_on, title").fetchall()


def test_an_improvement_that_worked_is_seen(improved: Connection) -> None:
    sync_decisions(improved, [], [_action()])
    assert _effects(improved) == [(8, 5, 160, 30, "minder")]
    ((explanation, questions, prevented, kind),) = _effects(improved, "explanation, questions, prevented, kind_label")
    assert str(explanation).startswith("In 5 weken 30 gesprekken; zonder verbetering waren er 100 te verwachten (")
    assert (questions, prevented, kind) == ("Paspoort - Wat kost het?", 70.0, "Brief")


def test_before_anything_is_worked_out_it_is_too_early(improved: Connection) -> None:
    sync_decisions(improved, [], [_action()])
    rows = improved.execute("SELECT verdict, explanation FROM action_effect").fetchall()
    assert rows == [("te vroeg om te zeggen", "Te vroeg: nog niet berekend.")]


def test_the_week_in_which_it_took_effect_counts_on_neither_side(improved: Connection) -> None:
    sync_decisions(improved, [], [_action(date(2026, 10, 28))])  # a Wednesday
    assert _effects(improved, "weeks_before, weeks_after, calls_before, calls_after") == [(8, 4, 160, 24)]
    sync_decisions(improved, [], [_action(date(2026, 11, 1))])  # its Sunday
    assert _effects(improved, "weeks_before, weeks_after, calls_before, calls_after") == [(8, 4, 160, 24)]


def test_weeks_that_the_data_hold_in_part_do_not_count(improved: Connection, make_weeks: MakeWeeks) -> None:
    last = [call for call in make_weeks((0,) * 13 + (5,), prefix="late") if call.call.started_at.isoweekday() < 4]
    load_batch(improved, last, [])
    sync_decisions(improved, [], [_action()])
    assert _effects(improved, "weeks_before, weeks_after") == [(8, 5)]
    mondays = "SELECT call_id FROM calls WHERE week_start = '2026-08-31' AND isodow(local_date) < 3"
    delete_calls(improved, [call_id for (call_id,) in improved.execute(mondays).fetchall()])
    assert _effects(improved, "weeks_before, weeks_after") == [(7, 5)]


def test_only_the_named_question_counts(improved: Connection) -> None:
    sync_decisions(improved, [], [_action(facet="photo-rules"), _action(facet=None, title="Alles over het paspoort")])
    assert _effects(improved, "calls_before, others") == [(160, 1), (0, 1)]


def test_improvements_of_other_questions_are_no_others(improved: Connection) -> None:
    waste = Action("Pagina", ActionKind.PAGE, "webteam", MONDAY_OF_WEEK_8, (Target("bulky-waste"),))
    old = _action(date(2020, 1, 6), "Lang geleden")
    sync_decisions(improved, [], [_action(), waste, old])
    assert _effects(improved, "title, others") == [("Lang geleden", 0), ("Brief herschreven", 0), ("Pagina", 0)]


def test_an_effect_follows_calls_that_go_and_come(improved: Connection, make_weeks: MakeWeeks) -> None:
    sync_decisions(improved, [], [_action()])
    before = _effects(improved)
    late = make_weeks((0,) * 8 + (14,) * 5, prefix="late")
    load_batch(improved, late, [])
    assert _effects(improved) == [(8, 5, 160, 100, "te vroeg om te zeggen")]
    delete_calls(improved, [call.call.call_id for call in late])
    assert _effects(improved) == before


def test_without_calls_it_is_too_early(writer: Connection) -> None:
    sync_decisions(writer, [], [_action()])
    assert _effects(writer) == [(0, 0, 0, 0, "te vroeg om te zeggen")]


def test_an_improvement_taken_back_is_gone(improved: Connection) -> None:
    sync_decisions(improved, [], [_action()])
    _effects(improved)
    sync_decisions(improved, [], [])
    assert _effects(improved) == []


def _told(connection: Connection, target: Path, k: int) -> dict[str, dict[str, object]]:
    """What managers see of each improvement, by its title."""
    refresh_effects(connection)
    publish_from(connection, target, PublishSettings(k=k), LATER)
    shown = run_query(target, "FROM action_effect")
    rows = [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]
    return {str(row["title"]): row for row in rows}


COUNTS = ("calls_before", "calls_after")
FIGURES = ("expected", "expected_low", "expected_high", "prevented", "prevented_low", "prevented_high", "compared_with")


def test_managers_see_the_figures_when_no_week_is_hidden(improved: Connection, tmp_path: Path) -> None:
    sync_decisions(improved, [], [_action(facet=None)])
    told = _told(improved, tmp_path / "t.duckdb", 6)["Brief herschreven"]
    assert (told["suppressed"], told["calls_before"], told["calls_after"], told["verdict"]) == (
        False,
        160,
        30,
        "minder",
    )
    assert None not in [told[name] for name in FIGURES]
    assert str(told["explanation"]).startswith("In 5 weken 30 gesprekken; zonder verbetering waren er ")


def test_managers_see_no_conclusion_from_hidden_weeks(improved: Connection, tmp_path: Path) -> None:
    """What was expected follows from each week by itself, so it would tell of weeks that are hidden."""
    rare = Action("Pasfoto", ActionKind.PAGE, "webteam", MONDAY_OF_WEEK_8, (Target("passport", "photo-rules"),))
    sync_decisions(improved, [], [_action(facet=None), rare, _action(date(2026, 11, 23), "Nog te vroeg", "cost")])
    told = _told(improved, tmp_path / "t.duckdb", 10)
    assert [told["Pasfoto"][name] for name in ("suppressed", *COUNTS, "verdict")] == [True, None, None, "niet te tonen"]
    assert (told["Nog te vroeg"]["suppressed"], told["Nog te vroeg"]["verdict"]) == (True, "te vroeg om te zeggen")
    assert "geen 3 hele weken" in str(told["Nog te vroeg"]["explanation"])
    assert all(row[name] is None for row in told.values() for name in FIGURES)
    told = _told(improved, tmp_path / "t.duckdb", 31)  # all weeks are hidden
    assert all(row[name] is None for row in told.values() for name in (*COUNTS, *FIGURES))
    assert told["Brief herschreven"]["verdict"] == "niet te tonen"
    assert told["Brief herschreven"]["explanation"] == (
        "Niet te tonen: er zijn kleine aantallen bij, of de laatste week is nog niet om."
    )


def test_managers_see_sums_from_which_no_hidden_week_follows(improved: Connection, tmp_path: Path) -> None:
    """Five weeks of six calls are hidden; that they are thirty together leaves each of them open."""
    sync_decisions(improved, [], [_action(facet=None)])
    told = _told(improved, tmp_path / "t.duckdb", 10)["Brief herschreven"]
    assert [told[name] for name in ("suppressed", *COUNTS, "verdict")] == [False, 160, 30, "niet te tonen"]
    assert all(told[name] is None for name in FIGURES)
    assert str(told["explanation"]).startswith("In 5 weken 30 gesprekken, in de 8 weken ervoor 160.")


@pytest.mark.parametrize(("k", "hidden"), [(3, False), (5, True)])
def test_a_hidden_week_cannot_be_worked_out(
    writer: Connection, small_taxonomy: Taxonomy, make_weeks: MakeWeeks, tmp_path: Path, k: int, hidden: bool
) -> None:
    """One week of three calls: what the other weeks show, taken from the sum of the weeks before, would tell it."""
    sync_dimensions(writer, small_taxonomy)
    background = make_weeks((15,) * 13, topic="bulky-waste", prefix="other")
    load_batch(writer, [*make_weeks((20, 20, 3, *(20,) * 5, *(6,) * 5)), *background], [])
    sync_decisions(writer, [], [_action()])
    refresh_effects(writer)
    publish_from(writer, tmp_path / "t.duckdb", PublishSettings(k=k), LATER)
    shown = "SELECT suppressed, calls_before, calls_after FROM action_effect"
    assert run_query(tmp_path / "t.duckdb", shown).rows == ((hidden, *((None, None) if hidden else (143, 30))),)
