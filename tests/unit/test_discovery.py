"""What a run finds in the inbox: new, done, copied, set aside; and what it does not do twice."""

import csv
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from callinsight import assembly, bundle, copies, discovery, quarantine, run, settings
from callinsight.core.values import (
    Call,
    CallResult,
    CopyState,
    Failure,
    FailureKind,
    Measures,
    Outcome,
    Provenance,
    Recognition,
    Stage,
    Tags,
)
from callinsight.errors import SettingsError
from callinsight.ledger import State, open_ledger
from callinsight.settings import Settings
from callinsight.worker import EngineClock, Job

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox").mkdir()
    return settings.load()


def deliver(
    name: str, data: bytes = b"sound", recording_id: str = "", started: str = "2026-09-01T09:00:00+02:00"
) -> None:
    path = Path("inbox") / name
    path.write_bytes(data)
    metadata = {"recording_id": recording_id or name, "started_at": started}
    path.with_suffix(".json").write_text(json.dumps(metadata), encoding="utf-8")


def pretend_done(chosen: Settings, plan: discovery.Plan) -> None:
    """As if the calls of the plan had been processed, without listening to them."""
    for call in plan.calls:
        result = CallResult(
            call=Call(call.call_id, call.recording.metadata.started_at),
            recording_ref=call.recording_ref,
            turns=(),
            tags=Tags((), Outcome("unknown", 1.0)),
            measures=Measures(1_000),
            recognition=Recognition(),
            redactions=(),
            provenance=Provenance("0", "0", (), "0"),
        )
        bundle.write_result(chosen.work.results, result)
    with open_ledger(chosen.work.ledger) as ledger:
        ledger.record(call.seen_as(State.DONE) for call in plan.calls)


def test_a_new_recording_is_planned_once(chosen: Settings) -> None:
    deliver("a.wav")
    plan = run.discover(chosen)
    assert (len(plan.calls), plan.found, plan.skipped) == (1, 1, 0)
    assert discovery.read_plan(chosen, plan.run_id) == plan
    pretend_done(chosen, plan)
    again = run.discover(chosen)
    assert (len(again.calls), again.skipped) == (0, 1)


def test_names_appear_in_the_data_teams_files_only(chosen: Settings) -> None:
    deliver("0612345678 jansen.wav")
    deliver("leeg.wav", b"sound", "leeg")
    Path("inbox/leeg.json").unlink()
    plan = run.discover(chosen)
    private = {discovery.plan_path(chosen, plan.run_id), chosen.work.quarantine_list}
    for file in chosen.work.folder.rglob("*"):
        if file.is_file():
            assert file.stat().st_mode & 0o077 == 0, file
            if file not in private:
                assert b"jansen" not in file.read_bytes(), file
                assert b"0612345678" not in file.read_bytes(), file
    run.close(chosen, plan.run_id)
    assert not discovery.plan_path(chosen, plan.run_id).exists()


def test_the_same_recording_under_two_names_counts_once(chosen: Settings) -> None:
    deliver("a.wav", started="2026-09-01T09:00:00+02:00")
    deliver("b.wav", started="2026-09-01T09:30:00+02:00")
    plan = run.discover(chosen)
    assert [call.recording.name for call in plan.calls] == ["a.wav"]
    assert [(entry.name, entry.failure.kind) for entry in plan.failures] == [("b.wav", FailureKind.DUPLICATE)]
    pretend_done(chosen, plan)
    deliver("c.wav", started="2026-08-01T09:30:00+02:00")
    later = run.discover(chosen)
    assert later.calls == ()
    assert [entry.name for entry in later.failures] == ["c.wav"]


def test_what_was_set_aside_is_reported_once(chosen: Settings) -> None:
    deliver("a.wav")
    Path("inbox/a.json").unlink()
    deliver("b.wav")
    Path("inbox/b.wav").unlink()
    first = run.discover(chosen)
    assert {entry.failure.kind for entry in first.failures} == {
        FailureKind.METADATA_MISSING,
        FailureKind.RECORDING_MISSING,
    }
    assert run.discover(chosen).failures == ()
    assert len(bundle.read_failures(chosen.work.failures)) == 2
    with chosen.work.quarantine_list.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert [row["bestand"] for row in rows] == ["a.wav", "b.json"]
    assert all(row["reden"] and row["wat te doen"] for row in rows)


def test_metadata_that_arrives_later_mends_it(chosen: Settings) -> None:
    deliver("a.wav")
    metadata = Path("inbox/a.json").read_bytes()
    Path("inbox/a.json").unlink()
    run.discover(chosen)
    Path("inbox/a.json").write_bytes(metadata)
    assert len(run.discover(chosen).calls) == 1


def test_corrected_metadata_is_taken_over(chosen: Settings) -> None:
    deliver("a.wav")
    pretend_done(chosen, run.discover(chosen))
    deliver("a.wav", started="2026-09-02T09:00:00+02:00")
    plan = run.discover(chosen)
    assert [call.recording.metadata.started_at.day for call in plan.calls] == [2]


def test_two_recordings_with_one_id_are_a_fault_in_the_metadata(chosen: Settings) -> None:
    deliver("a.wav", b"one", recording_id="7")
    deliver("b.wav", b"two", recording_id="7")
    plan = run.discover(chosen)
    assert [call.recording.name for call in plan.calls] == ["a.wav"]
    assert [(entry.name, entry.failure.kind) for entry in plan.failures] == [("b.wav", FailureKind.METADATA_INVALID)]


def test_a_recording_that_was_moved_is_done_already(chosen: Settings) -> None:
    deliver("a.wav", recording_id="7")
    plan = run.discover(chosen)
    pretend_done(chosen, plan)
    for suffix in ("wav", "json"):
        Path(f"inbox/a.{suffix}").rename(Path(f"inbox/later.{suffix}"))
    again = run.discover(chosen)
    assert (again.calls, again.failures, again.skipped) == ((), (), 1)


def test_a_replaced_recording_takes_the_place_of_the_old_one(chosen: Settings) -> None:
    deliver("a.wav", b"half", recording_id="7")
    first = run.discover(chosen)
    pretend_done(chosen, first)
    deliver("a.wav", b"whole", recording_id="7")
    second = run.discover(chosen)
    (call,) = second.calls
    assert call.call_id != first.calls[0].call_id
    with open_ledger(chosen.work.ledger) as ledger:
        assert ledger.replaced_by(call.seen_as(State.DONE)) == first.calls[0].call_id
        assert ledger.gone() == (first.calls[0].call_id,)
        ledger.clear_gone(ledger.gone())
        assert ledger.gone() == ()


def test_a_lost_ledger_costs_no_work(chosen: Settings) -> None:
    deliver("a.wav")
    pretend_done(chosen, run.discover(chosen))
    chosen.work.ledger.unlink()
    again = run.discover(chosen)
    assert (again.calls, again.skipped) == ((), 1)


def test_a_damaged_result_is_made_again_when_the_ledger_is_lost(chosen: Settings) -> None:
    deliver("a.wav")
    plan = run.discover(chosen)
    pretend_done(chosen, plan)
    chosen.work.ledger.unlink()
    bundle.write_atomically(bundle.result_path(chosen.work.results, plan.calls[0].call_id), b"x")
    assert [call.call_id for call in run.discover(chosen).calls] == [call.call_id for call in plan.calls]


def test_a_lost_result_is_made_again(chosen: Settings) -> None:
    deliver("a.wav")
    plan = run.discover(chosen)
    pretend_done(chosen, plan)
    bundle.remove_result(chosen.work.results, plan.calls[0].call_id)
    assert len(run.discover(chosen).calls) == 1


def test_a_damaged_key_is_refused(chosen: Settings) -> None:
    deliver("a.wav")
    run.discover(chosen)
    chosen.work.key_file.write_text("zz")
    with pytest.raises(SettingsError, match="key"):
        run.discover(chosen)


def test_an_inbox_that_is_not_there(chosen: Settings) -> None:
    with pytest.raises(SettingsError):
        run.discover(settings.load(overrides={"inbox": {"address": "nowhere"}}))


def test_every_kind_of_failure_has_its_advice() -> None:
    assert set(quarantine.ADVICE) == set(FailureKind)


def test_a_name_cannot_run_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    entry = quarantine.Entry("=cmd|x.wav", Failure("rabc234", Stage.DECODE, FailureKind.TRUNCATED))
    quarantine.update(path, [entry], ())
    assert quarantine.read(path)["rabc234"]["bestand"] == "'=cmd|x.wav"
    quarantine.update(path, (), ["rabc234"])
    assert quarantine.read(path) == {}


def update_in_parallel(folder: str, number: int) -> None:
    entry = quarantine.Entry(f"{number}.wav", Failure(f"rabc{number:03}", Stage.DECODE, FailureKind.TRUNCATED))
    quarantine.update(Path(folder) / "q.csv", [entry], ())


def test_processes_do_not_overwrite_each_others_lines(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(update_in_parallel, [str(tmp_path)] * 40, range(40)))
    assert len(quarantine.read(tmp_path / "q.csv")) == 40


def test_a_large_backlog_is_cut_into_few_chunks(chosen: Settings) -> None:
    for number in range(5):
        deliver(f"{number}.wav", str(number).encode())
    plan = run.discover(chosen)
    many = replace(plan, calls=plan.calls * 20_000)
    sizes = [len(chunk) for chunk in run._chunks(chosen, many)]
    assert len(sizes) <= run.MAX_CHUNKS
    assert sum(sizes) == 100_000


class Copying:
    """Gives every call a result and, when told so, a review copy."""

    def __init__(self, chosen: Settings, state: CopyState) -> None:
        self._copies, self._state = chosen.work.review_copies, state
        self.clock = EngineClock()

    def process(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, CallResult]]:
        for job in jobs:
            if self._state is CopyState.MADE:
                copies.write_copy(self._copies, job.call_id, b"sound")
            yield (
                job,
                CallResult(
                    call=Call(job.call_id, job.started_at),
                    recording_ref=job.recording_ref,
                    turns=(),
                    tags=Tags((), Outcome("unknown", 1.0)),
                    measures=Measures(1_000),
                    recognition=Recognition(),
                    redactions=(),
                    provenance=Provenance("0", "0", (), "0"),
                    review_copy=self._state,
                ),
            )


def listened(chosen: Settings, state: CopyState, monkeypatch: pytest.MonkeyPatch) -> str:
    """The one new call of the inbox, after it was processed."""
    plan = run.discover(chosen)
    (call,) = plan.calls
    monkeypatch.setattr(assembly, "shared_worker", lambda _: Copying(chosen, state))
    run.process(chosen, plan.run_id, [call.call_id])
    return call.call_id


def kept_copies(chosen: Settings) -> list[str]:
    return sorted(path.stem for path in chosen.work.review_copies.rglob("*.ogg"))


def test_a_copy_goes_when_its_recording_is_replaced(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver("a.wav", b"half", recording_id="7")
    first = listened(chosen, CopyState.MADE, monkeypatch)
    assert kept_copies(chosen) == [first]
    deliver("a.wav", b"whole", recording_id="7")
    second = listened(chosen, CopyState.MADE, monkeypatch)
    assert kept_copies(chosen) == [second] != [first]


@pytest.mark.parametrize("state", [CopyState.REFUSED, CopyState.OFF])
def test_an_older_copy_goes_when_the_call_is_done_again_without_one(
    chosen: Settings, state: CopyState, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("a.wav")
    call_id = listened(chosen, CopyState.MADE, monkeypatch)
    deliver("a.wav", started="2026-09-01T10:00:00+02:00")  # corrected, so that it is processed again
    assert listened(chosen, state, monkeypatch) == call_id
    assert kept_copies(chosen) == []
    assert bundle.read_result(bundle.result_path(chosen.work.results, call_id)).review_copy is state


@pytest.mark.parametrize(("state", "refused"), [(CopyState.REFUSED, 1), (CopyState.MADE, 0), (CopyState.OFF, 0)])
def test_the_report_tells_how_many_copies_were_refused(
    chosen: Settings, state: CopyState, refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = chosen.models.model_copy(update={"taxonomy": ROOT / "models" / "taxonomy"})
    chosen = chosen.model_copy(update={"models": models})
    deliver("a.wav")
    plan = run.discover(chosen)
    monkeypatch.setattr(assembly, "shared_worker", lambda _: Copying(chosen, state))
    work = run.process(chosen, plan.run_id, [plan.calls[0].call_id])
    assert (work + work).copies_refused == 2 * refused
    run.load(chosen, plan.run_id, work)
    told = dict(run.rows_of(run.report(chosen, plan.run_id)))
    assert told.get("Luisterkopieën geweigerd") == ("1" if refused else None)
