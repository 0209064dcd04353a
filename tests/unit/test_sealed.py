"""Sealed files: nothing readable, bound to key and place, refused when changed, and never past their key."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callinsight import bundle, copies, decisions, sealed, settings
from callinsight.core.improvement import About, Review, Tag, Verdict
from callinsight.core.values import Failure, FailureKind, Stage
from callinsight.errors import KeyFitError, SealError, SettingsError, StoreError
from callinsight.keys import Key, new_key, parse_key, read_key_file, write_key_file
from callinsight.settings import Settings, Work
from support.results import FIRST_MONDAY, spoken_call

KEY, OTHER = Key(bytes(range(32))), Key(bytes(range(100, 132)))
CALL = spoken_call("call-1", FIRST_MONDAY, "passport", "cost", said="de sleutel ligt onder de mat")


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings_with(**encryption: object) -> Settings:
    return settings.load(overrides={"work": {"folder": "work"}, "encryption": encryption})


def kept(chosen: Settings) -> Path:
    """Write the call, and return where it lies."""
    bundle.write_result(chosen.work.results, CALL)
    return bundle.result_path(chosen.work.results, "call-1")


@given(data=st.binary(max_size=2_000), place=st.text(min_size=1, max_size=80))
def test_what_is_sealed_comes_back_and_equal_content_gives_equal_bytes(data: bytes, place: str) -> None:
    closed = sealed.seal_bytes(KEY, place, data)
    assert sealed.sealed_with(closed) == KEY.key_id
    assert sealed.unseal_bytes(KEY, place, closed) == data
    assert sealed.seal_bytes(KEY, place, data) == closed
    assert len(closed) == len(data) + sealed.HEADER_BYTES + 16


@given(data=st.binary(max_size=200), flip=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_one_flipped_bit_is_noticed_wherever_it_is(data: bytes, flip: int, bit: int) -> None:
    changed = bytearray(sealed.seal_bytes(KEY, "results/al/call-1.json.gz", data))
    changed[flip % len(changed)] ^= 1 << bit
    with pytest.raises(ValueError, match="changed"):
        sealed.unseal_bytes(KEY, "results/al/call-1.json.gz", bytes(changed))


@given(data=st.binary(max_size=200), place=st.text(max_size=30), other=st.text(max_size=30))
def test_another_place_or_another_key_opens_nothing(data: bytes, place: str, other: str) -> None:
    closed = sealed.seal_bytes(KEY, place, data)
    with pytest.raises(ValueError, match="changed"):
        sealed.unseal_bytes(OTHER, place, closed)
    if other != place:
        with pytest.raises(ValueError, match="changed"):
            sealed.unseal_bytes(KEY, other, closed)


@given(secret=st.binary(min_size=32, max_size=32))
def test_keys_come_back_from_their_text_and_poor_ones_are_refused(secret: bytes) -> None:
    try:
        key = Key(secret)
    except ValueError:
        assert len(set(secret)) < 16
    else:
        assert parse_key(f" {key.text}\n", "x") == key
        assert key.text not in repr(key)
        assert repr(secret) not in repr(key)


@pytest.mark.parametrize(
    "text", ["", "geheim", "wachtwoord123!", "A" * 43 + "=", "é" * 43, "YWFh", KEY.text[:-2], KEY.text + KEY.text]
)
def test_what_is_no_key_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(SettingsError, match="holds no key: a key is 32 random bytes") as caught:
        parse_key(text, "the key file x")
    assert not text or text not in str(caught.value)


def test_the_first_write_makes_a_private_key_and_nothing_is_readable(caplog: pytest.LogCaptureFixture) -> None:
    chosen = settings_with()
    assert not Path("work").exists()
    path = kept(chosen)
    key_file = Path("work.key")
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert "work is encrypted from now on with a new key, work.key: keep a copy of that away" in caplog.text
    key = read_key_file(key_file)
    assert key is not None
    assert key.text not in caplog.text
    data = path.read_bytes()
    assert sealed.sealed_with(data) == key.key_id
    assert not data[sealed.HEADER_BYTES :].startswith(b"\x1f\x8b")
    assert bundle.read_result(path) == CALL
    assert kept(chosen).read_bytes() == data


def test_switched_off_is_plain_and_still_reads_what_was_sealed() -> None:
    path = kept(settings_with())
    chosen = settings_with(enabled=False)
    assert bundle.read_result(path) == CALL
    assert kept(chosen).read_bytes().startswith(b"\x1f\x8b")
    assert kept(settings_with()).read_bytes().startswith(b"CALLSEAL")


def test_switched_off_makes_no_key() -> None:
    kept(settings_with(enabled=False))
    assert sorted(path.name for path in Path("work").iterdir()) == ["results"]


def test_a_plain_folder_that_is_switched_on_is_read_and_sealed_when_next_written() -> None:
    path = kept(settings_with(enabled=False))
    chosen = settings_with()
    assert bundle.read_result(path) == CALL
    assert kept(chosen) == path
    assert sealed.sealed_with(path.read_bytes())


def test_a_lost_key_is_named_and_no_new_one_is_made() -> None:
    chosen = settings_with()
    path = kept(chosen)
    Path("work.key").unlink()
    for step in (lambda: bundle.read_result(path), lambda: kept(settings_with())):
        with pytest.raises(KeyFitError, match=r"key file work\.key is not there\. Restore the key"):
            step()
    assert not Path("work.key").exists()


def test_a_wrong_key_is_told_apart_from_damage() -> None:
    chosen = settings_with()
    path = kept(chosen)
    needed = sealed.sealed_with(path.read_bytes())
    Path("work.key").unlink()
    write_key_file(Path("work.key"), OTHER)
    with pytest.raises(KeyFitError, match=f"encrypted with key {needed}, and the key is {OTHER.key_id}") as caught:
        bundle.read_result(path)
    assert OTHER.text not in str(caught.value)
    path.write_bytes(b"no gzip")
    with pytest.raises(StoreError, match="process the call again"):
        bundle.read_result(path)


def test_another_file_in_its_place_is_refused_and_the_call_is_named() -> None:
    chosen = settings_with()
    path = kept(chosen)
    bundle.write_result(chosen.work.results, spoken_call("call-2", FIRST_MONDAY, "passport", "cost"))
    path.write_bytes(bundle.result_path(chosen.work.results, "call-2").read_bytes())
    with pytest.raises(StoreError, match="result file of call call-1 is damaged: process the call again"):
        bundle.read_result(path)
    copies.write_copy(chosen.work.review_copies, "call-1", b"OggS")
    copies.write_copy(chosen.work.review_copies, "call-2", b"OggS")
    place = copies.copy_path(chosen.work.review_copies, "call-1")
    place.write_bytes(copies.copy_path(chosen.work.review_copies, "call-2").read_bytes())
    with pytest.raises(SealError, match=r"al/call-1\.ogg was changed or moved"):
        copies.read_copy(chosen.work.review_copies, "call-1")


def test_the_small_files_are_sealed_too() -> None:
    chosen = settings_with()
    bundle.write_failure(chosen.work.failures, Failure("rabc", Stage.DECODE, FailureKind.TRUNCATED))
    tag = Tag(About.QUESTION, "passport")
    review = Review("call-1", tag, Verdict.RIGHT, "teamleider", CALL.call.started_at)
    decisions.write_review(chosen.work.reviews, review)
    assert decisions.read_reviews(chosen.work.reviews) == (review,)
    assert len(bundle.read_failures(chosen.work.failures)) == 1
    for path in (*chosen.work.failures.iterdir(), *chosen.work.reviews.iterdir()):
        assert sealed.sealed_with(path.read_bytes())


def test_a_folder_by_another_name_is_the_same_folder(empty_place: Path) -> None:
    path = kept(settings_with())
    assert bundle.read_result(empty_place / path) == CALL
    assert sealed.vault_of(empty_place / "elsewhere" / "x.json") is None


def test_a_key_from_the_environment_is_used_and_never_dumped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLINSIGHT_ENCRYPTION__KEY", KEY.text)
    chosen = settings_with()
    assert sealed.sealed_with(kept(chosen).read_bytes()) == KEY.key_id
    assert not Path("work.key").exists()
    told = chosen.model_dump_json()
    assert KEY.text not in told + repr(chosen) + str(chosen.model_dump()) + repr(chosen.encryption)
    again = Settings.model_validate_json(told)  # as a worker does, in the same environment
    assert sealed.sealed_with(kept(again).read_bytes()) == KEY.key_id


def test_a_poor_key_in_the_environment_is_refused_without_telling_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLINSIGHT_ENCRYPTION__KEY", "welkom01")
    with pytest.raises(SettingsError, match="CALLINSIGHT_ENCRYPTION__KEY holds no key") as caught:
        kept(settings_with())
    assert "welkom01" not in str(caught.value)


def test_a_key_has_no_place_in_a_settings_file(empty_place: Path) -> None:
    (empty_place / "callinsight.toml").write_text(f'[encryption]\nkey = "{KEY.text}"\n')
    with pytest.raises(SettingsError, match="does not belong in a settings file") as caught:
        settings.load()
    assert KEY.text not in str(caught.value)


def test_a_key_comes_from_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLINSIGHT_ENCRYPTION__KEY", KEY.text)
    with pytest.raises(SettingsError, match="the key comes from one place: give one of key_file and key") as caught:
        settings_with(key_file="a.key")
    assert KEY.text not in str(caught.value)


def test_a_key_has_no_place_in_the_folder_that_it_protects(empty_place: Path) -> None:
    for file in ("work/my.key", str(empty_place / "work" / "safe" / "my.key"), "other/../work/my.key"):
        with pytest.raises(SettingsError, match=r"encryption\.key_file lies in the work folder"):
            settings_with(key_file=file)
    settings_with(key_file="workshop/my.key")


def test_a_key_is_not_made_beside_a_folder_that_is_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that is thrown away would take the key with it."""
    chosen = settings_with()
    devices = {"work": 7}
    monkeypatch.setattr(sealed, "_device", lambda folder: devices.get(folder.name, 1))
    with pytest.raises(SettingsError, match=r"the work folder is mounted.*callinsight key new FILE.*key_file"):
        kept(chosen)
    assert not Path("work.key").exists()
    devices["work"] = 1
    kept(chosen)


def test_a_place_where_no_key_can_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sealed, "write_key_file", refused)
    with pytest.raises(SettingsError, match=r"no key can be made at work\.key \(Permission denied\): make one with"):
        kept(settings_with())
    assert [path.name for path in Path("work").rglob("*") if path.suffix == ".gz"] == []


def test_two_processes_that_start_at_once_use_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one makes the key and writes, after this one has seen that there is none."""
    look = sealed.encrypted_with

    def late(folder: Path) -> str | None:
        monkeypatch.setattr(sealed, "encrypted_with", look)
        write_key_file(Path("work.key"), KEY)
        path = Path("work/results/al/call-2.json.gz")
        bundle.write_atomically(path, sealed.seal_bytes(KEY, "results/al/call-2.json.gz", b"of another process"))
        return look(folder)

    monkeypatch.setattr(sealed, "encrypted_with", late)
    assert sealed.sealed_with(kept(settings_with()).read_bytes()) == KEY.key_id


def test_settings_that_are_handed_to_another_process_bring_the_key_along() -> None:
    chosen = Settings(work=Work(folder=Path("work")))
    handed = pickle.dumps(chosen)
    sealed._VAULTS.clear()
    again = pickle.loads(handed)
    assert isinstance(again, Settings)
    assert sealed.sealed_with(kept(again).read_bytes())


def test_settings_that_are_changed_for_another_folder_bring_their_key_along() -> None:
    chosen = settings_with()
    other = chosen.model_copy(update={"work": chosen.work.model_copy(update={"folder": Path("other")})})
    assert sealed.sealed_with(kept(other).read_bytes())
    assert Path("other.key").exists()


def test_a_rotation_that_ends_between_reading_a_file_and_its_key_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings_with()
    path = kept(chosen)
    new = sealed.seal_bytes(OTHER, "results/al/call-1.json.gz", bundle.read_sealed(path))
    read = Path.read_bytes

    def then_rotated(self: Path) -> bytes:
        data = read(self)
        monkeypatch.setattr(Path, "read_bytes", read)
        self.write_bytes(new)
        Path("work.key").unlink()
        write_key_file(Path("work.key"), OTHER)
        return data

    monkeypatch.setattr(Path, "read_bytes", then_rotated)
    assert bundle.read_result(path) == CALL


def test_a_key_file_elsewhere_is_never_made_by_itself(empty_place: Path) -> None:
    chosen = settings_with(key_file=str(empty_place / "safe" / "my.key"))
    with pytest.raises(SettingsError, match="make it with `callinsight key new"):
        kept(chosen)
    write_key_file(empty_place / "safe" / "my.key", KEY)
    assert sealed.sealed_with(kept(chosen).read_bytes()) == KEY.key_id


def test_a_command_gives_the_key_and_its_output_is_in_no_error(empty_place: Path) -> None:
    write_key_file(empty_place / "my.key", KEY)
    assert sealed.sealed_with(kept(settings_with(key_command="cat my.key")).read_bytes()) == KEY.key_id
    for command, said in (
        ("sh -c 'echo geheim; exit 3'", "failed with exit code 3"),
        ("echo geheim", "the key command holds no key"),
        ("no-such-command-here", "cannot be started"),
    ):
        with pytest.raises(SettingsError, match=said) as caught:
            bundle.read_result(kept(settings_with(key_command=command)))
        assert "geheim" not in str(caught.value)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    write_key_file(tmp_path / "a.key", KEY)
    with pytest.raises(FileExistsError):
        write_key_file(tmp_path / "a.key", new_key())
    assert read_key_file(tmp_path / "a.key") == KEY
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]
