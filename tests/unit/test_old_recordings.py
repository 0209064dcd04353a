"""Recordings are deleted only when the settings say so, only what was processed, and never half of a delivery."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callinsight import bundle, discovery, inbox, old_recordings, retention, settings
from callinsight.core.pseudonyms import recording_ref_of
from callinsight.core.values import Failure, FailureKind, Stage
from callinsight.errors import SettingsError
from callinsight.ledger import Seen, State, open_ledger
from callinsight.settings import Settings

NOW = datetime(2026, 11, 25, 5, 45, tzinfo=UTC)


def chosen_for(folder: Path, *, on: bool = True) -> Settings:
    (folder / "inbox").mkdir(exist_ok=True)
    return settings.load(
        overrides={
            "inbox": {"address": str(folder / "inbox")},
            "work": {"folder": str(folder / "work")},
            "retention": {"delete_recordings": on},
        }
    )


def deliver(chosen: Settings, name: str, days_ago: float) -> None:
    path = Path(chosen.inbox.address) / name
    path.write_bytes(name.encode())
    told = {"recording_id": name, "started_at": (NOW - timedelta(days=days_ago)).isoformat()}
    path.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")


def note(chosen: Settings, **states: State) -> None:
    """Let the ledger know what lies in the inbox, as done unless something else is said."""
    key = discovery.pseudonym_key(chosen)
    with open_ledger(chosen.work.ledger) as ledger:
        for number, one in enumerate(inbox.discover(chosen.inbox.address).recordings):
            state, call_id = states.get(Path(one.name).stem, State.DONE), f"call-{number}"
            ledger.record(
                [Seen(recording_ref_of(one.name, key), discovery.fingerprint_of(one), call_id, state, f"r-{number}")]
            )
            ledger.mark_loaded([call_id])
            if state is State.DONE:
                bundle.write_atomically(bundle.result_path(chosen.work.results, call_id), b"")


def there(chosen: Settings) -> set[str]:
    return {path.name for path in Path(chosen.inbox.address).iterdir()}


def sweep(chosen: Settings) -> retention.Swept:
    """What happens to the recordings alone."""
    old_recordings.finish(chosen)
    with open_ledger(chosen.work.ledger) as ledger:
        found = old_recordings.find_old(chosen, ledger, NOW)
    if chosen.retention.delete_recordings:
        old_recordings.delete(chosen, found.due)
    return retention.Swept("", None, len(found.due), found.size_bytes, found.young + found.waiting)


def test_what_was_processed_and_is_past_its_term_goes_with_its_metadata(tmp_path: Path) -> None:
    chosen = chosen_for(tmp_path)
    for name, days in (("oud.wav", 8.0), ("jong.wav", 6.9), ("mislukt.wav", 9.0), ("opnieuw.wav", 9.0)):
        deliver(chosen, name, days)
    note(chosen, mislukt=State.FAILED, opnieuw=State.AGAIN)
    deliver(chosen, "nieuw.wav", 30.0)  # old, and never processed
    before = there(chosen)
    done = sweep(chosen)
    assert (done.removed, done.removed_bytes, done.kept) == (1, len("oud.wav"), 4)
    assert before - there(chosen) == {"oud.wav", "oud.json"}
    assert sweep(chosen).removed == 0


def test_a_changed_recording_or_one_without_a_result_stays(tmp_path: Path) -> None:
    chosen = chosen_for(tmp_path)
    deliver(chosen, "a.wav", 8)
    deliver(chosen, "b.wav", 8)
    note(chosen)
    (Path(chosen.inbox.address) / "a.wav").write_bytes(b"another call under the same name")
    bundle.result_path(chosen.work.results, "call-1").unlink()
    assert sweep(chosen).removed == 0
    assert len(there(chosen)) == 4


def test_erased_calls_and_copies_of_one_call_do_not_keep_their_recording(tmp_path: Path) -> None:
    chosen = chosen_for(tmp_path)
    for name in ("gewist.wav", "verlopen.wav", "kopie.wav"):
        deliver(chosen, name, 8)
    note(chosen, gewist=State.FORGOTTEN, verlopen=State.EXPIRED, kopie=State.FAILED)
    reference = recording_ref_of("kopie.wav", discovery.pseudonym_key(chosen))
    bundle.write_failure(chosen.work.failures, Failure(reference, Stage.DISCOVER, FailureKind.DUPLICATE))
    assert sweep(chosen).removed == 3
    assert there(chosen) == set()


def test_a_delivery_goes_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    chosen = chosen_for(tmp_path)
    folder = Path(chosen.inbox.address)
    lines = ["recording;recording_id;started_at"]
    for name, days in (("a.wav", 8), ("b.wav", 6)):
        (folder / name).write_bytes(name.encode())
        lines.append(f"{name};{name};{(NOW - timedelta(days=days)).isoformat()}")
    (folder / "levering.csv").write_text("\n".join(lines), encoding="utf-8")
    note(chosen)
    assert sweep(chosen).removed == 0  # b is young, and needs the CSV; without a, the CSV would speak of nothing
    lines[2] = lines[2].replace((NOW - timedelta(days=6)).isoformat(), (NOW - timedelta(days=7)).isoformat())
    (folder / "levering.csv").write_text("\n".join(lines), encoding="utf-8")
    note(chosen)
    assert sweep(chosen).removed == 2
    assert there(chosen) == set()


def test_by_default_nothing_goes_and_the_report_says_how_to_switch_it_on(tmp_path: Path) -> None:
    chosen = chosen_for(tmp_path, on=False)
    deliver(chosen, "a.wav", 8)
    key = discovery.pseudonym_key(chosen)
    (one,) = inbox.discover(chosen.inbox.address).recordings
    with open_ledger(chosen.work.ledger) as ledger:
        ledger.record([Seen(recording_ref_of(one.name, key), discovery.fingerprint_of(one), None, State.EXPIRED)])
    for dry_run in (True, False):
        told = retention.sweep(chosen, NOW, dry_run=dry_run)[0]
        assert (told.label, told.removed, told.kept) == ("Opnamen in de inbox", 0, 1)
        assert told.note == "1 ouder dan de termijn; ze gaan weg met retention.delete_recordings = true"
    assert there(chosen) == {"a.wav", "a.json"}
    switched_on = chosen_for(tmp_path, on=True)
    assert retention.sweep(switched_on, NOW)[0].removed == 1
    assert there(chosen) == set()


def test_what_is_noted_of_expired_calls_goes_with_their_recording(tmp_path: Path) -> None:
    chosen = chosen_for(tmp_path, on=False)
    deliver(chosen, "a.wav", 1)
    note(chosen)
    with open_ledger(chosen.work.ledger) as ledger:
        ledger.record([Seen("r-away", "f", None, State.EXPIRED), Seen("r-asked", "f", None, State.FORGOTTEN)])
        for path in chosen.work.results.rglob("*.gz"):
            path.unlink()
    retention.sweep(chosen, NOW)
    with open_ledger(chosen.work.ledger) as ledger:
        assert {"r-away", "r-asked"} & set(ledger.seen()) == {"r-asked"}


def test_stopped_halfway_the_rest_goes_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = chosen_for(tmp_path)
    deliver(chosen, "a.wav", 8)
    note(chosen)
    removed: list[str] = []

    def killed(address: str) -> bool:
        if removed:
            raise KeyboardInterrupt
        removed.append(address)
        Path(address.removeprefix("file://")).unlink()
        return True

    with monkeypatch.context() as patch:
        patch.setattr(old_recordings, "remove_address", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep(chosen)
    assert len(there(chosen)) == 1
    assert sweep(chosen_for(tmp_path, on=False)).removed == 0  # what was begun is ended all the same
    assert there(chosen) == set()
    assert not old_recordings.list_path(chosen).exists()


def test_other_stores_delete_too_and_a_refusal_names_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe_file("/inbox/jansen.wav", b"x")
    from callinsight.inbox_files import remove_address

    assert remove_address("memory:///inbox/jansen.wav") is True
    assert remove_address("memory:///inbox/jansen.wav") is False
    (tmp_path / "jansen.wav").write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(SettingsError, match="delete_recordings = false") as raised:
        remove_address(f"file://{tmp_path}/jansen.wav")
    assert "jansen" not in str(raised.value)
