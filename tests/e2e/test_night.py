"""A night on the bundled calls and the bundled models: from recordings to answers, and again at no cost."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callinsight import bundle, care, inventory, retag, run
from callinsight.core.values import CallResult, FailureKind, Layout, Role
from callinsight.ledger import open_ledger
from callinsight.settings import Settings
from callinsight.store import search
from callinsight.store.database import open_reader
from callinsight.store.query import run_query
from callinsight.store.rebuild import content_digest
from support.calls import CALLS, ROOT, callinsight, fill, settings_for, some_calls
from support.opened import opened

pytestmark = pytest.mark.slow


def results(chosen: Settings) -> list[CallResult]:
    folder = chosen.work.results
    return [bundle.read_result(bundle.result_path(folder, call_id)) for call_id in bundle.result_ids(folder)]


def test_every_call_becomes_a_result(night: tuple[Settings, run.Night]) -> None:
    chosen, done = night
    assert done.failed == 0
    assert done.work.calls == 6
    found = results(chosen)
    assert {result.call.layout for result in found} == {Layout.MONO, Layout.STEREO}
    assert all(result.turns for result in found)
    assert {turn.role for result in found for turn in result.turns} >= {Role.AGENT, Role.CALLER}


def test_both_parties_are_told_apart_when_the_channels_are_known(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    for result in results(chosen):
        if result.call.agent_channel is not None:
            assert {turn.role for turn in result.turns} >= {Role.AGENT, Role.CALLER}


def test_results_name_what_made_them(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    for result in results(chosen):
        assert {name for name, _ in result.provenance.model_digests} >= {
            *("demo-speech", "demo-speakers", "demo-tagger", "demo-names"),
        }
        assert result.provenance.settings_digest == chosen.digest()


def test_managers_find_answers_in_the_published_copy(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    answer = run_query(chosen.work.published_database, "SELECT sum(calls) FROM topics_per_week")
    assert isinstance(answer.rows[0][0], int)
    assert answer.rows[0][0] >= 4
    tables = run_query(chosen.work.published_database, "SELECT table_name FROM duckdb_tables()")
    names = {row[0] for row in tables.rows}
    assert "questions_per_week" in names
    assert not names & {"turns", "calls", "redactions"}


def test_a_night_leaves_no_file_that_the_privacy_officers_list_does_not_name(night: tuple[Settings, run.Night]) -> None:
    work = night[0].work.folder
    left = [path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()]
    assert len(left) > 10
    assert [place for place in left if inventory.kept_as(place) is None] == []


def test_a_second_run_loads_no_engine_and_changes_nothing(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    before = chosen.work.published_database.stat()
    done = callinsight(
        "run",
        cwd=ROOT,
        CALLINSIGHT_INBOX__ADDRESS=chosen.inbox.address,
        CALLINSIGHT_WORK__FOLDER=str(chosen.work.folder),
        CALLINSIGHT_MODELS__PROFILE="gpu",  # whose models are not here: loading one would fail
    )
    assert done.returncode == 0, done.stderr
    assert "niets nieuws" in done.stdout
    assert chosen.work.published_database.stat().st_ino == before.st_ino


def test_the_database_can_be_rebuilt_from_the_results(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    with open_reader(chosen.work.database) as connection:
        before = content_digest(connection)
    run.rebuild(chosen)
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == before


def test_a_lost_database_comes_back_by_itself(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    with open_reader(chosen.work.database) as connection:
        before = content_digest(connection)
    chosen.work.database.unlink()
    assert run.night(chosen, lambda _: None).loaded.added == 6
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == before


def test_nothing_is_left_of_the_plan(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    assert list((chosen.work.folder / "runs").iterdir()) == []
    with open_ledger(chosen.work.ledger) as ledger:
        assert ledger.not_loaded() == ()


def test_no_file_name_is_written(night: tuple[Settings, run.Night]) -> None:
    chosen, _ = night
    names = [path.stem.encode() for path in Path(chosen.inbox.address).iterdir()]
    for place, data in opened(chosen.work.folder):
        assert not [name for name in names if name in data], place


def test_no_word_that_was_said_can_be_read_in_any_file(night: tuple[Settings, run.Night]) -> None:
    """Of the redacted turns too: in the published copy no three words in a row, elsewhere no word at all."""
    chosen, _ = night
    care.forget(chosen, ["c-nobody"], datetime.now(UTC))  # the search index goes; the next search makes one here
    search.find(chosen.work.database, search.Question("gemeente"))
    said = [turn.text.split() for result in results(chosen) for turn in result.turns]
    words = {word.encode() for turn in said for word in turn if len(word) >= 5 and word.isalpha()}
    rows = {" ".join(turn[first : first + 3]).encode() for turn in said for first in range(len(turn) - 2)}
    assert len(words) > 60
    assert len(rows) > 200
    told = b"".join(data for _, data in opened(chosen.work.folder))
    assert all(word in told for word in words)  # so that they would be found
    for path in chosen.work.folder.rglob("*"):
        if path.is_file():
            published = path.is_relative_to(chosen.work.published_database.parent)
            found = [one for one in (rows if published else words) if one in path.read_bytes()]
            assert found == [], path.relative_to(chosen.work.folder)


def test_no_spoken_number_is_written(night: tuple[Settings, run.Night]) -> None:
    """Four words in a row of a number that the ground truth marks as personal stand in no result."""
    chosen, _ = night
    secrets = set()
    for recording in Path(chosen.inbox.address).glob("*.json"):
        truth = json.loads((CALLS / "truth" / recording.name).read_text(encoding="utf-8"))
        for personal in truth["personal"]:
            if personal["kind"] in ("bsn", "phone", "iban"):
                said = truth["turns"][personal["turn"]]["text"].split()
                number = said[personal["first_word"] : personal["last_word"] + 1]
                secrets |= {" ".join(number[i : i + 4]) for i in range(len(number) - 3)}
    assert secrets
    for result in results(chosen):
        text = " ".join(turn.text for turn in result.turns)
        assert not [secret for secret in secrets if secret in text]


def test_retag_changes_nothing_when_nothing_changed(night: tuple[Settings, run.Night]) -> None:
    """The vectors that the night kept give the night's tags, to the last digit, and the encoder is not needed."""
    chosen, _ = night
    with open_reader(chosen.work.database) as connection:
        before = content_digest(connection)
    ids = tuple(bundle.result_ids(chosen.work.results))
    kept = retag.retag(chosen, ids, retag.Wish(), datetime.now(UTC), lambda _: None)
    assert (kept.calls, kept.kept) == (6, 6)
    every = retag.retag(chosen, ids, retag.Wish(every=True), datetime.now(UTC), lambda _: None)
    assert (every.calls, every.kept, every.read, every.changed, every.stale) == (6, 0, 0, 0, ())
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == before


def test_forget_erases_a_call_everywhere_and_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    fill(tmp_path / "inbox", some_calls(stereo=2, mono=0))
    chosen = settings_for(tmp_path)
    run.night(chosen, lambda _: None)
    first, second = bundle.result_ids(chosen.work.results)
    erased = care.forget(chosen, [first], datetime.now(UTC))
    gone = dict(erased.erased.stores)
    assert (gone["Resultaat"], gone["Gesprekken in de database"], gone["Vectoren"], gone["Luisterkopie"]) == (
        1,
        1,
        1,
        1,
    )
    assert erased.scan.clean, erased.scan
    assert list(bundle.result_ids(chosen.work.results)) == [second]
    for place, data in opened(chosen.work.folder):
        assert first.encode() not in data, place
    run_query_count = run_query(chosen.work.database, f"SELECT count(*) FROM calls WHERE call_id = '{first}'")
    assert run_query_count.rows == ((0,),)
    assert run.night(chosen, lambda _: None).plan.calls == ()


def test_bad_recordings_are_set_aside_and_the_night_goes_on(tmp_path: Path) -> None:
    good = some_calls(stereo=1, mono=1)
    inbox = tmp_path / "inbox"
    fill(inbox, good)
    metadata = json.loads(good[0].with_suffix(".json").read_text(encoding="utf-8"))

    def deliver(name: str, data: bytes, **changes: object) -> None:
        (inbox / name).write_bytes(data)
        told = metadata | {"recording_id": name} | changes
        (inbox / name).with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")

    whole = good[0].read_bytes()
    deliver("leeg.wav", b"")
    deliver("tekst.wav", b"dit is geen geluid\n" * 100)
    deliver("rommel.opus", os.urandom(5_000))
    deliver("kopie.opus", whole)
    deliver("zomertijd.opus", whole + b"\0", started_at="2026-10-25T02:30:00")
    (inbox / "zonder gegevens.wav").write_bytes(b"RIFF")
    (inbox / "zonder-opname.json").write_text(json.dumps(metadata), encoding="utf-8")
    done = callinsight(
        "run",
        cwd=ROOT,
        CALLINSIGHT_INBOX__ADDRESS=str(inbox),
        CALLINSIGHT_WORK__FOLDER=str(tmp_path / "work"),
        CALLINSIGHT_PUBLISH__K="1",
    )
    assert done.returncode == 1, done.stderr
    chosen = settings_for(tmp_path)
    assert len(results(chosen)) == 2
    kinds = sorted(failure.kind for failure in bundle.read_failures(chosen.work.failures))
    assert FailureKind.EMPTY_FILE in kinds
    assert FailureKind.NOT_AUDIO in kinds
    assert FailureKind.DUPLICATE in kinds
    assert FailureKind.METADATA_MISSING in kinds
    assert FailureKind.RECORDING_MISSING in kinds
    assert len(kinds) == 7
    listed = chosen.work.quarantine_list.read_text(encoding="utf-8-sig")
    assert "zonder gegevens.wav" in listed
    assert "Lever de opname opnieuw aan." in listed
    assert "kopie" not in done.stdout + done.stderr
    stored = run_query(chosen.work.database, "SELECT count(*) FROM failures")
    assert stored.rows == ((7,),)


def test_the_bundled_calls_are_there() -> None:
    assert len(list((CALLS / "truth").glob("*.json"))) >= 12
