"""The improvement meeting: verdicts and improvements are checked, kept in files of their own, and stay."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from callinsight import bundle, care, cli, decisions, meeting, run, settings
from callinsight.core.improvement import About, Action, ActionKind, Review, Tag, Target, Verdict
from callinsight.core.values import (
    Call,
    CallResult,
    Flag,
    FlagSource,
    Measures,
    Need,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Role,
    Severity,
    Span,
    Tags,
    Turn,
    Word,
)
from callinsight.errors import SettingsError, StoreError
from callinsight.settings import Settings
from callinsight.store.database import open_reader, open_writer
from callinsight.store.query import run_query
from callinsight.store.rebuild import content_digest
from support.calls import ROOT

NOW = datetime(2026, 9, 10, 9, 30, 15, 123456, tzinfo=UTC)
QUESTION = Tag(About.QUESTION, "waste-container", "letter-explain")
RIGHT = meeting.Judgement(QUESTION, Verdict.RIGHT)
PLAN = meeting.Plan(
    "Afvalbrief herschreven", ActionKind.LETTER, "communicatie", date(2026, 9, 7), ("waste-container/letter-explain",)
)


def result(call_id: str, topic: str = "waste-container", facet: str | None = "letter-explain") -> CallResult:
    turn = Turn(Span(0, 900), Role.CALLER, (Word(Span(0, 400), "goedemorgen", 0.9),))
    return CallResult(
        call=Call(call_id, datetime(2026, 9, 1, 8, 0, 5, tzinfo=UTC), "afval"),
        recording_ref=f"r-{call_id}",
        turns=(turn,),
        tags=Tags(
            (Question(topic, facet, 0.8, (Need("get-rid-of-waste", 0.7),), (0,)),),
            Outcome("handled", 0.9),
            (Flag("repeat-call", Severity.INFO, Span(0, 400), FlagSource.RULE, 1.0, (0,)),),
        ),
        measures=Measures(900),
        recognition=Recognition(1, 0.9),
        redactions=(),
        provenance=Provenance("0.1.0", "aa", (("speech", "bb"),), "0.1"),
    )


def settings_in(folder: Path) -> Settings:
    return settings.load(overrides={"work": {"folder": str(folder)}, "publish": {"k": 1}})


@pytest.fixture(scope="module")
def two_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with two calls in result files and in the database, made once, to be copied."""
    folder = tmp_path_factory.mktemp("meeting") / "work"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        made = settings_in(folder)
        for call_id in ("call-one", "call-two"):
            bundle.write_result(made.work.results, result(call_id))
        run.rebuild(made)
    return folder


@pytest.fixture
def chosen(two_calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(ROOT)
    shutil.copytree(two_calls, tmp_path / "work")
    shutil.copy(two_calls.with_name("work.key"), tmp_path)
    return settings_in(tmp_path / "work")


def reviews(made: Settings) -> list[tuple[object, ...]]:
    answer = run_query(made.work.database, "SELECT call_id, tag, facet, verdict, role FROM reviews ORDER BY ALL")
    return list(answer.rows)


ROW = ("call-one", "waste-container", "letter-explain", "right", "teamleider")


def test_a_verdict_is_a_file_and_a_row(chosen: Settings) -> None:
    review = meeting.give_verdict(chosen, "call-one", RIGHT, "teamleider", NOW)
    assert meeting.refresh(chosen)
    assert reviews(chosen) == [ROW]
    assert decisions.read_reviews(chosen.work.reviews) == (review,)
    assert review.decided_at == datetime(2026, 9, 10, 9, 30, 15, tzinfo=UTC)
    (file,) = chosen.work.reviews.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert "goedemorgen" not in bundle.read_sealed(file).decode()


def test_the_same_verdict_twice_is_one(chosen: Settings) -> None:
    for _ in range(2):
        meeting.give_verdict(chosen, "call-one", RIGHT, "teamleider", NOW)
        assert meeting.refresh(chosen)
    assert reviews(chosen) == [ROW]


def test_decisions_survive_a_rebuild_a_load_and_new_tags(chosen: Settings) -> None:
    meeting.give_verdict(chosen, "call-one", RIGHT, "teamleider", NOW)
    meeting.add_action(chosen, PLAN)
    meeting.refresh(chosen)
    with open_reader(chosen.work.database) as connection:
        before = content_digest(connection)
    run.rebuild(chosen)
    run.catch_up(chosen)
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == before
    chosen.work.database.unlink()  # lost altogether
    run.rebuild(chosen)
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == before
    still = "SELECT still_tagged, tag_label FROM reviewed_tags"
    assert run_query(chosen.work.database, still).rows == ((True, "Container of afvalpas - Ik begrijp de brief niet"),)
    bundle.write_result(chosen.work.results, result("call-one", "passport", "cost"))  # as a retagging does
    run.rebuild(chosen)
    assert reviews(chosen) == [ROW]
    assert run_query(chosen.work.database, still).rows[0][0] is False


def test_forgetting_a_call_erases_its_verdicts_and_no_others(chosen: Settings) -> None:
    for call_id in ("call-one", "call-two"):
        meeting.give_verdict(chosen, call_id, RIGHT, "teamleider", NOW)
    meeting.refresh(chosen)
    care.forget(chosen, ["call-one"], datetime.now(UTC))
    assert [row[0] for row in reviews(chosen)] == ["call-two"]
    assert [path.name.split(".")[0] for path in chosen.work.reviews.iterdir()] == ["call-two"]
    run.rebuild(chosen)
    assert [row[0] for row in reviews(chosen)] == ["call-two"]


def test_a_verdict_on_a_call_that_is_not_there_is_not_loaded(chosen: Settings) -> None:
    stray = Review("call-gone", QUESTION, Verdict.RIGHT, "teamleider", datetime(2026, 9, 10, tzinfo=UTC))
    decisions.write_review(chosen.work.reviews, stray)
    meeting.refresh(chosen)
    assert reviews(chosen) == []


def test_a_busy_database_keeps_nobody_from_deciding(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting.give_verdict(chosen, "call-one", RIGHT, "teamleider", NOW)

    def busy(_: Path) -> None:
        raise StoreError("callinsight.duckdb is in use by another process")

    monkeypatch.setattr(meeting, "open_writer", busy)
    assert meeting.refresh(chosen) is False
    monkeypatch.undo()
    monkeypatch.chdir(ROOT)
    run.catch_up(chosen)
    assert reviews(chosen) == [ROW]


@pytest.mark.parametrize(
    ("call_id", "tag", "should_be", "role", "said"),
    [
        ("call-ome", "waste-container", None, "teamleider", "no call call-ome; did you mean call-one"),
        ("../secret", "waste-container", None, "teamleider", "no call id"),
        ("call-one", "waste-containr", None, "teamleider", "did you mean waste-container"),
        ("call-one", "waste-container/leter-explain", None, "teamleider", "did you mean letter-explain"),
        ("call-one", "passport", None, "teamleider", "carries no question passport: it carries waste-container"),
        ("call-one", "waste-container", "waste-calender", "teamleider", "did you mean waste-calendar"),
        ("call-one", "waste-container", "waste-container", "teamleider", "another tag"),
        ("call-one", "waste-container", None, "teamleder", "did you mean teamleider"),
        ("call-one", "waste-container", None, "Jan de Vries", "never a name"),
        ("call-one", "Waste container!", None, "teamleider", "is no tag"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is_near(
    chosen: Settings, call_id: str, tag: str, should_be: str | None, role: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        meeting.give_verdict(
            chosen,
            call_id,
            meeting.Judgement(
                meeting.parse_tag(About.QUESTION, tag),
                Verdict.OTHER if should_be else Verdict.WRONG,
                meeting.parse_tag(About.QUESTION, should_be) if should_be else None,
            ),
            role,
            NOW,
        )
    assert not chosen.work.reviews.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"targets": ("waste-containr",)}, "did you mean waste-container"),
        ({"targets": ("passport/letter-explian",)}, "has no question"),
        ({"targets": ()}, "at least one question"),
        ({"targets": ("passport", "passport")}, "named twice"),
        ({"owner": "comunicatie"}, "did you mean communicatie"),
        ({"title": "Bel 0612345678"}, "no long number|name a person"),
        ({"title": "Vraag jan@example.org"}, "e-mail|name a person"),
        ({"title": "Brief van mevrouw Jansen herschreven"}, "name a person"),
        ({"title": "x" * 121}, "at most 120"),
        ({"title": " "}, "must not be empty"),
        ({"title": "een\ntwee"}, "one line"),
    ],
)
def test_an_improvement_that_cannot_be_is_refused(chosen: Settings, change: dict[str, object], said: str) -> None:
    from dataclasses import replace

    with pytest.raises(SettingsError, match=said):
        meeting.add_action(chosen, replace(PLAN, **change))  # type: ignore[arg-type]
    assert not chosen.work.actions.exists()


def test_an_improvement_can_be_taken_back(chosen: Settings) -> None:
    action = meeting.add_action(chosen, PLAN)
    assert decisions.read_actions(chosen.work.actions) == (action,)
    with pytest.raises(SettingsError, match=f"did you mean {action.action_id}"):
        meeting.remove_action(chosen, action.action_id[:-1])
    meeting.remove_action(chosen, action.action_id)
    meeting.refresh(chosen)
    assert run_query(chosen.work.database, "SELECT count(*) FROM actions, action_effect").rows == ((0,),)


@pytest.mark.parametrize("content", [b"", b"{", b'{"call_id": "Een Geheime Naam"}'])
def test_a_damaged_file_is_named_without_its_content(chosen: Settings, content: bytes) -> None:
    chosen.work.reviews.mkdir()
    (chosen.work.reviews / "call-one.v1.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"reviews/call-one\.v1\.json is damaged") as caught:
        meeting.refresh(chosen)
    assert "Geheime" not in str(caught.value)


def test_the_format_of_the_files_is_a_promise(tmp_path: Path) -> None:
    other = Tag(About.QUESTION, "waste-calendar")
    review = Review("call-one", QUESTION, Verdict.OTHER, "teamleider", datetime(2026, 9, 10, tzinfo=UTC), other)
    action = Action("Brief", ActionKind.LETTER, "webteam", date(2026, 9, 7), (Target("passport", "cost"),))
    written = json.loads(decisions.write_review(tmp_path / "r", review).read_text())
    assert written == {
        "call_id": "call-one",
        "tag": {"about": "question", "name": "waste-container", "facet": "letter-explain"},
        "verdict": "should-be",
        "role": "teamleider",
        "decided_at": "2026-09-10T00:00:00Z",
        "should_be": {"about": "question", "name": "waste-calendar", "facet": None},
    }
    (again,) = decisions.read_reviews(tmp_path / "r")
    assert (again, again.review_id) == (review, review.review_id)
    written = json.loads(decisions.write_action(tmp_path / "a", action).read_text())
    assert written == {
        "title": "Brief",
        "kind": "letter",
        "owner": "webteam",
        "effective_on": "2026-09-07",
        "targets": [{"topic": "passport", "facet": "cost"}],
    }
    assert decisions.read_actions(tmp_path / "a") == (action,)


def test_the_newest_verdict_stands(chosen: Settings) -> None:
    later = NOW.replace(hour=10)
    wrong = meeting.Judgement(QUESTION, Verdict.OTHER, Tag(About.QUESTION, "waste-calendar"))
    meeting.give_verdict(chosen, "call-one", wrong, "teamleider", later)
    meeting.give_verdict(chosen, "call-one", RIGHT, "teamleider", NOW)
    meeting.give_verdict(chosen, "call-two", RIGHT, "teamleider", NOW)
    meeting.refresh(chosen)
    shown = "SELECT tag_label, calls, calls_right, calls_wrong, right_share FROM verdicts_per_tag"
    assert run_query(chosen.work.database, shown).rows == (
        ("Container of afvalpas - Ik begrijp de brief niet", 2, 1, 1, 0.5),
    )
    newest = "SELECT verdict_label, should_be_label FROM reviewed_tags WHERE newest AND call_id = 'call-one'"
    assert run_query(chosen.work.database, newest).rows == (("moet iets anders zijn", _label(chosen)),)


def _label(chosen: Settings) -> str:
    with open_writer(chosen.work.database) as connection:
        row = connection.execute("SELECT label FROM topics WHERE topic = 'waste-calendar'").fetchone()
    return str(row[0]) if row else ""


@pytest.fixture
def ask(chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs `callinsight review ...` on the two calls; gives what it printed, or its error."""
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(chosen.work.folder))
    monkeypatch.setenv("COLUMNS", "300")

    def run_it(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            cli.main(["review", *arguments])
        captured = capsys.readouterr()
        assert int(ended.value.code or 0) == code, captured.err
        return captured.err if code else captured.out

    return run_it


def test_the_command_line_gives_verdicts(chosen: Settings, ask: Callable[..., str]) -> None:
    given = ("verdict", "call-one", "--question", "waste-container/letter-explain", "--role", "teamleider")
    assert "Oordeel vastgelegd." in ask(*given, "--right")
    assert reviews(chosen) == [ROW]
    ask("verdict", "call-two", "--signal", "repeat-call", "--wrong", "--role", "teamleider")
    ask("verdict", "call-two", "--outcome", "handled", "--should-be", "callback-request", "--role", "teamleider")
    ask("verdict", "call-two", "--need", "travel", "--right", "--role", "teamleider", code=2)
    assert len(reviews(chosen)) == 3
    assert "Oordeel: handled moet zijn: callback-request (teamleider)" in ask("show", "call-two")
    assert "--right, --wrong, --should-be" in ask(*given, code=2)
    assert "--right, --wrong, --should-be" in ask(*given, "--right", "--should-be", "passport", code=2)
    assert "give one of" in ask("verdict", "call-one", "--right", "--role", "teamleider", code=2)


def test_the_command_line_records_improvements(ask: Callable[..., str]) -> None:
    said = ask(
        *("action", "add", "Afvalbrief herschreven", "--kind", "letter", "--owner", "communicatie"),
        *("--from", "2026-09-07", "--reduces", "waste-container/letter-explain", "--reduces", "waste-calendar"),
    )
    assert "is vastgelegd" in said
    listed = ask("action", "list")
    assert "Afvalbrief herschreven" in listed
    assert "te vroeg om te zeggen" in listed
    ask("action", "remove", said.split()[1])
    assert "Afvalbrief" not in ask("action", "list")
