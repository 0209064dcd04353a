"""Changing the key: all of it or on the way there, nothing lost at any moment, and the old key goes last."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from callinsight import bundle, care, cli, copies, keys, rotation, sealed, settings
from callinsight.core.values import Failure, FailureKind, Stage
from callinsight.errors import KeyFitError, SettingsError, StoreError
from callinsight.keys import Key, new_key, read_key_file, write_key_file
from callinsight.settings import Settings
from callinsight.store import search
from callinsight.store.database import open_writer
from callinsight.store.load import load_batch
from callinsight.store.query import run_query
from support.results import FIRST_MONDAY, spoken_call

ROOT = Path(__file__).parents[2]
CALLS = [spoken_call(f"call-{number}", FIRST_MONDAY, "passport", "cost", said="een roerdomp") for number in range(4)]
AGED_NS = 1_700_000_000_123_456_789


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with a bit of everything, sealed with a key of its own."""
    folder = tmp_path_factory.mktemp("original") / "work"
    fill(settings.load(overrides={"work": {"folder": str(folder)}}))
    return folder


@pytest.fixture
def chosen(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of that folder: what is sealed is bound to its place in the folder, wherever that lies."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(original, "work")
    shutil.copy(original.with_name("work.key"), "work.key")
    return settings.load(overrides={"work": {"folder": "work"}})


def fill(made: Settings) -> None:
    for call in CALLS:
        bundle.write_result(made.work.results, call)
    bundle.write_failure(made.work.failures, Failure("rabc", Stage.DECODE, FailureKind.TRUNCATED))
    copies.write_copy(made.work.review_copies, "call-0", b"OggS and more")
    os.utime(copies.copy_path(made.work.review_copies, "call-0"), ns=(AGED_NS, AGED_NS))
    with open_writer(made.work.database) as connection:
        load_batch(connection, CALLS, ())
    assert search.find(made.work.database, search.Question("roerdomp"))
    made.work.packs.mkdir()
    (made.work.packs / "verbeteroverleg.html").write_text("om te lezen")


def watch(_: int) -> AbstractContextManager[Callable[[int], object]]:
    return nullcontext(lambda _: None)


def key_file(made: Settings) -> Path:
    return made.encryption.source(made.work.folder).file


def present_key(made: Settings) -> Key:
    key = read_key_file(key_file(made))
    assert key is not None
    return key


def require_all_readable(made: Settings) -> None:
    """Everything can be read, by a process that knows the settings only."""
    sealed.remember(made.work.folder, made.encryption.source(made.work.folder))
    assert bundle.read_results(made.work.results, [call.call.call_id for call in CALLS]) == CALLS
    assert len(bundle.read_failures(made.work.failures)) == 1
    assert copies.read_copy(made.work.review_copies, "call-0") == b"OggS and more"
    assert copies.copy_path(made.work.review_copies, "call-0").stat().st_mtime_ns == AGED_NS
    assert run_query(made.work.database, "SELECT count(*) FROM calls").rows == ((4,),)
    assert (made.work.packs / "verbeteroverleg.html").read_text() == "om te lezen"


def require_rotated(made: Settings, before: Key) -> None:
    key = present_key(made)
    assert key != before
    assert [path.name for path in key_file(made).parent.glob("work.key*")] == ["work.key"]
    states = rotation.states(made)
    assert sum(state.sealed for state in states) == 6
    assert not any(state.older or state.other or state.plain for state in states)
    assert rotation.database_state(made) == "encrypted"
    require_all_readable(made)
    assert search.find(made.work.database, search.Question("roerdomp"))
    assert not list(made.work.folder.rglob("*.part"))


def test_everything_is_under_the_new_key_and_the_old_one_is_gone(chosen: Settings) -> None:
    before = present_key(chosen)
    (chosen.work.results / "al" / ".call-9.json.gz.77.part").write_bytes(b"CALLSEAL\x01of a writer that was killed")
    done = rotation.rotate(chosen, None, watch)
    assert (done.files, done.written, done.closed) == (6, 7, ())  # and the database
    require_rotated(chosen, before)
    for path in sealed.content_files(chosen.work.folder):
        assert sealed.sealed_with(path.read_bytes()) != before.key_id


class Killed(BaseException):
    """As if the process ended here."""


def killed_at(monkeypatch: pytest.MonkeyPatch, target: object, name: str, number: int) -> None:
    """Let the process end just before call ``number`` of a function."""
    left, real = [number], getattr(target, name)

    def once(*args: object, **named: object) -> object:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return real(*args, **named)

    monkeypatch.setattr(target, name, once)


def moments() -> Iterator[tuple[object, str, int]]:
    yield from ((keys.os, "link", number) for number in (0, 1))  # type: ignore[attr-defined]
    yield from ((rotation, "sync_folder", number) for number in (0, 1))
    yield from ((bundle, "write_atomically", number) for number in (0, 1, 5))
    yield from ((rotation, name, 0) for name in ("settle_database", "_is_as_wanted"))
    yield (rotation, "_is_as_wanted", 5)


@pytest.mark.parametrize(("target", "name", "number"), list(moments()), ids=lambda one: getattr(one, "__name__", one))
def test_killed_anywhere_it_can_be_read_and_goes_on(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, target: object, name: str, number: int
) -> None:
    before = present_key(chosen)
    with monkeypatch.context() as stopped:
        killed_at(stopped, target, name, number)
        with pytest.raises(Killed):
            rotation.rotate(chosen, None, watch)
    require_all_readable(chosen)
    bundle.write_result(chosen.work.results, CALLS[0])  # a night in between
    rotation.rotate(chosen, None, watch)
    require_rotated(chosen, before)


_KILLED = """
import os, signal, sys
from contextlib import nullcontext
from callinsight import rotation, sealed, settings
from callinsight.store import cipher

module, name, number, after = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "after"
target = {"os": os, "rotation": rotation, "bundle": rotation.bundle, "cipher": cipher}[module]
left, real = [number], getattr(target, name)


def deadly(*args, **named):
    left[0] -= 1
    done = real(*args, **named) if left[0] >= 0 or after else None
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done


setattr(target, name, deadly)
chosen = settings.load(overrides={"work": {"folder": "work"}})
rotation.rotate(chosen, None, lambda _: nullcontext(lambda _: None))
"""


@pytest.mark.parametrize(
    ("module", "name", "number", "when"),
    [
        ("os", "link", 1, "before"),  # the new key is made, the old one not yet kept beside it
        ("rotation", "sync_folder", 0, "before"),  # the new key has just taken its place
        ("bundle", "write_atomically", 2, "after"),
        ("os", "utime", 3, "after"),  # a file is written, under its temporary name
        ("cipher", "attach", 1, "after"),  # the copy of the database is empty
        ("cipher", "sync_folder", 0, "before"),  # the copy has just taken its place
        ("rotation", "_is_as_wanted", 3, "before"),
    ],
)
def test_a_rotation_that_is_really_killed_loses_nothing_and_goes_on(
    chosen: Settings, module: str, name: str, number: int, when: str
) -> None:
    """By the system, so that nothing is tidied up and nothing is released."""
    before = present_key(chosen)
    command = [sys.executable, "-c", _KILLED, module, name, str(number), when]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    require_all_readable(chosen)
    rotation.rotate(chosen, None, watch)
    require_rotated(chosen, before)
    assert not list(chosen.work.folder.glob("*.sealing*"))


def test_a_folder_of_keys_that_cannot_be_written_is_told(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = present_key(chosen)
    with monkeypatch.context() as closed:
        closed.setattr(rotation, "write_key_file", refused)
        with pytest.raises(SettingsError, match=r"folder of the key file work\.key cannot be written .*--old"):
            rotation.rotate(chosen, None, watch)
    assert present_key(chosen) == before
    require_all_readable(chosen)


def test_a_changed_file_keeps_the_old_key_and_is_named_until_it_is_gone(chosen: Settings) -> None:
    before = present_key(chosen)
    path = bundle.result_path(chosen.work.results, "call-2")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    done = rotation.rotate(chosen, None, watch)
    assert done.closed == ("results/al/call-2.json.gz",)
    assert read_key_file(Path("work.key.old")) == before
    after = present_key(chosen)
    path.unlink()
    assert rotation.rotate(chosen, None, watch).closed == ()
    assert present_key(chosen) == after  # the rotation went on, it did not begin again
    assert not (Path("work.key.old")).exists()


def test_a_key_from_elsewhere_is_rotated_with_the_old_one_in_a_file(
    chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = present_key(chosen)
    write_key_file(tmp_path / "before.key", before)
    (key_file(chosen)).unlink()
    following = new_key()
    monkeypatch.setenv("CALLINSIGHT_ENCRYPTION__KEY", following.text)
    made = settings.load(overrides={"work": {"folder": "work"}})
    with pytest.raises(KeyFitError):
        bundle.read_result(bundle.result_path(made.work.results, "call-0"))
    with pytest.raises(SettingsError, match="give that file with --old"):
        rotation.rotate(made, None, watch)
    with pytest.raises(SettingsError, match="there is no key file"):
        rotation.rotate(made, tmp_path / "none.key", watch)
    assert rotation.rotate(made, tmp_path / "before.key", watch).closed == ()
    assert (tmp_path / "before.key").exists()
    states = rotation.states(settings.load(overrides={"work": {"folder": "work"}}))
    assert sum(state.sealed for state in states) == 6
    require_all_readable(made)


def test_sealing_all_at_once_and_taking_it_off_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    off = settings.load(overrides={"work": {"folder": "work"}, "encryption": {"enabled": False}})
    fill(off)
    (off.work.folder / "quarantine.csv").write_text("naam.wav")
    plain = {path: path.read_bytes() for path in sealed.content_files(off.work.folder)}
    assert sum(state.plain for state in rotation.states(off)) == 6
    on = settings.load(overrides={"work": {"folder": "work"}})
    assert rotation.seal_all(on, watch).written == 7
    assert rotation.seal_all(on, watch).written == 0
    assert not any(state.plain for state in rotation.states(on))
    assert rotation.database_state(on) == "encrypted"
    require_all_readable(on)
    assert (off.work.folder / "quarantine.csv").read_text() == "naam.wav"
    off = settings.load(overrides={"work": {"folder": "work"}, "encryption": {"enabled": False}})
    assert rotation.seal_all(off, watch).closed == ()
    assert {path: path.read_bytes() for path in plain} == plain
    assert rotation.database_state(off) == "plain"
    require_all_readable(off)
    with pytest.raises(SettingsError, match="no key to change"):
        rotation.rotate(off, None, watch)


def test_who_writes_during_a_rotation_waits_and_takes_the_new_key(chosen: Settings) -> None:
    call = spoken_call("call-9", FIRST_MONDAY, "passport", "cost")
    writer = threading.Thread(target=bundle.write_result, args=(chosen.work.results, call))
    with rotation.vault_for(chosen).locked(alone=True):
        writer.start()
        writer.join(timeout=0.3)
        assert writer.is_alive()
        assert not bundle.result_path(chosen.work.results, "call-9").exists()
        before = present_key(chosen)
        rotation._change_key_file(rotation.vault_for(chosen).source)
    writer.join(timeout=30)
    written = sealed.sealed_with(bundle.result_path(chosen.work.results, "call-9").read_bytes())
    assert written == present_key(chosen).key_id != before.key_id


def test_a_database_in_use_stops_it_and_nothing_is_lost(chosen: Settings) -> None:
    before = present_key(chosen)
    with open_writer(chosen.work.database), pytest.raises(StoreError, match="in use"):
        rotation.rotate(chosen, None, watch)
    assert read_key_file(Path("work.key.old")) == before
    rotation.rotate(chosen, None, watch)
    require_rotated(chosen, before)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_the_commands(
    chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = present_key(chosen)
    code, out, _ = call(capsys, "key", "check")
    assert code == 0
    assert before.key_id in out
    assert before.text not in out
    assert "versleuteld met de sleutel" in out
    code, out, _ = call(capsys, "key", "rotate")
    assert (code, "De sleutel is gewisseld." in out) == (0, True)
    assert call(capsys, "key", "seal")[0] == 0
    assert call(capsys, "key", "new", str(tmp_path / "n.key"))[0] == 0
    assert read_key_file(tmp_path / "n.key") is not None
    assert (tmp_path / "n.key").stat().st_mode & 0o777 == 0o600
    code, _, err = call(capsys, "key", "new", str(tmp_path / "n.key"))
    assert (code, "never overwritten" in err) == (2, True)
    keys.parse_key(call(capsys, "key", "new", "-")[1], "what was printed")
    printed = call(capsys, "key", "database")[1].strip()
    assert len(printed) == 44
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(chosen.work.folder))
    counted = "SELECT count(*) AS n FROM calls"
    code, out, _ = call(capsys, "sql", "--database", str(chosen.work.database), "--csv", counted)
    assert (code, out.split()) == (0, ["n", "4"])
    (key_file(chosen)).unlink()
    write_key_file(key_file(chosen), before)
    code, out, _ = call(capsys, "key", "check")
    assert code == 2
    assert "een sleutel die er niet is" in out
    code, _, err = call(capsys, "sql", "--database", str(chosen.work.database), "FROM calls")
    assert code == 2
    assert "the key does not fit" in err
    assert before.text not in err


def told_by_doctor(made: Settings) -> care.Check:
    return next(check for check in care.examine(made) if check.subject == "encryption")


def test_the_doctor_says_where_the_key_lies_and_what_that_is_worth(
    chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = told_by_doctor(chosen)
    assert beside.well
    assert f"encrypted with key {present_key(chosen).key_id} from the key file work.key" in beside.finding
    assert "whoever gets the disk gets the key" in beside.finding
    assert present_key(chosen).text not in beside.finding
    key_file(chosen).chmod(0o644)
    others = told_by_doctor(chosen)
    assert (others.well, others.finding) == (False, "others can read work.key: chmod 600 it")
    key_file(chosen).chmod(0o600)
    write_key_file(Path("work.key.old"), new_key())
    assert "callinsight key rotate" in told_by_doctor(chosen).finding
    write_key_file(tmp_path / "safe" / "my.key", new_key())
    away = {"key_file": str(tmp_path / "safe" / "my.key")}
    elsewhere = told_by_doctor(settings.load(overrides={"work": {"folder": "other"}, "encryption": away}))
    assert elsewhere.finding.endswith("my.key")
    with monkeypatch.context() as given:
        given.setenv("CALLINSIGHT_ENCRYPTION__KEY", new_key().text)
        found = told_by_doctor(settings.load(overrides={"work": {"folder": "other"}}))
        assert found.finding.endswith("from the environment variable CALLINSIGHT_ENCRYPTION__KEY")
    off = settings.load(overrides={"work": {"folder": "other"}, "encryption": {"enabled": False}})
    assert "can be read by whoever gets it" in told_by_doctor(off).finding
    new = settings.load(overrides={"work": {"folder": "new"}})
    assert told_by_doctor(new).finding == "ok: no key yet, the first run makes it"
    assert not Path("new.key").exists()


def test_the_doctor_complains_of_what_is_still_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(settings.load(overrides={"work": {"folder": "work"}, "encryption": {"enabled": False}}))
    on = settings.load(overrides={"work": {"folder": "work"}})
    bundle.write_result(on.work.results, CALLS[0])  # which makes the key
    complaint = told_by_doctor(on)
    assert (complaint.well, "callinsight key seal" in complaint.finding) == (False, True)
    rotation.seal_all(on, watch)
    assert told_by_doctor(on).well
