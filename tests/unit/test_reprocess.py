"""Calls that another version, other settings or other models made are done again, and nothing is lost meanwhile."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from callinsight import assembly, bundle, discovery, reprocess, run, settings
from callinsight.core.values import Provenance
from callinsight.ledger import State, open_ledger
from callinsight.settings import Settings
from callinsight.store.versions import MadeBy
from support.calls import ROOT
from support.kept import KEPT
from support.results import FIRST_MONDAY, spoken_call

NOW = Provenance("2", "s", (("ears", "a"), ("tagger", "t")), "1")


@pytest.mark.parametrize(
    ("code", "chosen", "models", "outdated"),
    [
        ("2", "s", (("ears", "a"), ("tagger", "t")), False),
        ("2", "s", (("tagger", "older"), ("ears", "a")), False),  # tags can be given again without the sound
        ("1", "s", (("ears", "a"), ("tagger", "t")), True),
        ("2", "other", (("ears", "a"), ("tagger", "t")), True),
        ("2", "s", (("ears", "b"), ("tagger", "t")), True),
        ("2", "s", (("tagger", "t"),), True),
    ],
)
def test_what_is_outdated(code: str, chosen: str, models: tuple[tuple[str, str], ...], outdated: bool) -> None:
    assert reprocess.is_outdated(MadeBy(code, chosen, models), NOW, frozenset({"tagger"})) is outdated


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Three recordings in the inbox: two processed by what there is now, one by an earlier version."""
    monkeypatch.chdir(ROOT)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ("a", "b", "c"):
        (inbox / f"{name}.wav").write_bytes(name.encode())
        metadata = {"recording_id": name, "started_at": "2026-09-01T09:00:00+02:00"}
        (inbox / f"{name}.json").write_text(json.dumps(metadata), encoding="utf-8")
    places = {"inbox": {"address": str(inbox)}, "work": {"folder": str(tmp_path / "work")}}
    chosen = settings.load(overrides=places | {"publish": {"files": []}})
    plan = run.discover(chosen)
    now = assembly.provenance(chosen)
    for number, call in enumerate(plan.calls):
        made = spoken_call(call.call_id, FIRST_MONDAY, "passport", "cost")
        by = replace(now, code_version="0.0.1") if number == 1 else now
        bundle.write_result(chosen.work.results, replace(made, recording_ref=call.recording_ref, provenance=by))
    with open_ledger(chosen.work.ledger) as ledger:
        ledger.record(call.seen_as(State.DONE) for call in plan.calls)
    run.catch_up(chosen)
    run.close(chosen, plan.run_id)
    return chosen


def planned(chosen: Settings) -> list[str]:
    plan = run.discover(chosen)
    run.close(chosen, plan.run_id)
    return [call.recording.name for call in plan.calls]


def test_only_what_is_outdated_is_planned_again(done: Settings) -> None:
    assert planned(done) == []
    assert reprocess.mark_outdated(done).calls == 1
    assert reprocess.mark_outdated(done).calls == 0  # marked already
    assert planned(done) == planned(done) == ["b.wav"]  # also after a run that was stopped


def test_other_settings_outdate_everything_and_another_threshold_of_publication_nothing(done: Settings) -> None:
    published = done.model_copy(update={"publish": done.publish.model_copy(update={"k": 3})})
    assert reprocess.mark_outdated(published).calls == 1
    wider = done.model_copy(update={"speech": done.speech.model_copy(update={"beam_size": 1})})
    assert reprocess.mark_outdated(wider).calls == 2
    assert planned(done) == ["a.wav", "b.wav", "c.wav"]


def test_the_earlier_result_stands_until_a_newer_one_is_there(done: Settings) -> None:
    reprocess.mark_outdated(done)
    done.work.database.unlink()
    run.discover(done)  # which notes that the database is gone
    assert run.catch_up(done).added == 3


def test_a_recording_that_changed_meanwhile_replaces_its_old_call(done: Settings) -> None:
    reprocess.mark_outdated(done)
    (Path(done.inbox.address) / "b.wav").write_bytes(b"another recording")
    plan = run.discover(done)
    (call,) = plan.calls
    with open_ledger(done.work.ledger) as ledger:
        assert ledger.replaced_by(call.seen_as(State.DONE)) is not None


def test_done_again_is_done(done: Settings) -> None:
    reprocess.mark_outdated(done)
    plan = run.discover(done)
    (call,) = plan.calls
    assert discovery.read_plan(done, plan.run_id).calls == plan.calls
    made = spoken_call(call.call_id, FIRST_MONDAY, "moving-house", None)
    newer = replace(made, recording_ref=call.recording_ref, provenance=assembly.provenance(done))
    bundle.write_result(done.work.results, newer)
    with open_ledger(done.work.ledger) as ledger:
        ledger.record([call.seen_as(State.DONE)])
    assert run.catch_up(done).replaced == 1
    assert reprocess.mark_outdated(done).calls == 0
    assert planned(done) == []


def test_a_database_of_an_earlier_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade this is the first command that somebody runs."""
    monkeypatch.chdir(ROOT)
    chosen = settings.load(overrides={"work": {"folder": str(tmp_path)}})
    chosen.work.database.write_bytes(gzip.decompress((KEPT / "v0005.duckdb.gz").read_bytes()))
    assert reprocess.mark_outdated(chosen) == reprocess.Marked(0, 0)  # none of its calls lies in an inbox
