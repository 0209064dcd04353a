"""Result files: whole or not there, equal bytes for equal results, and damage that is named without its content."""

import gc
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callinsight import bundle
from callinsight.core.values import (
    Call,
    CallResult,
    Failure,
    FailureKind,
    Flag,
    FlagSource,
    Measures,
    Need,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Redaction,
    Role,
    Severity,
    Span,
    Stage,
    Tags,
    Turn,
    Word,
)
from callinsight.errors import StoreError


def result(call_id: str = "cabc234") -> CallResult:
    turn = Turn(Span(0, 900), Role.CALLER, (Word(Span(0, 400), "dag", 0.5), Word(Span(400, 900), "<NAAM>", 0.25)))
    return CallResult(
        call=Call(call_id, datetime(2026, 9, 1, 8, 0, 5, tzinfo=UTC), "burgerzaken"),
        recording_ref="rabc234",
        turns=(turn,),
        tags=Tags(
            (Question("passport", "cost", 0.75, (Need("travel", 0.5, (0,)),), (0,)),),
            Outcome("handled", 0.5, (0,)),
            (Flag("repeat-call", Severity.INFO, Span(0, 900), FlagSource.RULE, evidence=(0,)),),
        ),
        measures=Measures(1_000, caller_talk_ms=900, silence_ms=100),
        recognition=Recognition(words=2, mean_word_probability=0.375),
        redactions=(Redaction("person_name", Span(400, 900), 0),),
        provenance=Provenance("0.1.0", "abc", (("speech", "def"),), "1"),
    )


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    bundle.write_result(tmp_path, result())
    path = bundle.result_path(tmp_path, "cabc234")
    assert bundle.read_result(path) == result()
    assert list(bundle.result_ids(tmp_path)) == ["cabc234"]


def test_equal_results_are_equal_bytes_and_private(tmp_path: Path) -> None:
    bundle.write_result(tmp_path / "a", result())
    bundle.write_result(tmp_path / "b", result())
    a, b = (bundle.result_path(tmp_path / folder, "cabc234") for folder in "ab")
    assert a.read_bytes() == b.read_bytes()
    assert a.stat().st_mode & 0o077 == 0


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    bundle.write_atomically(path, b"old")

    def no_space(_: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="no space"):
        bundle.write_atomically(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("damage", [b"", b"not gzip", b"\x1f\x8b\x08\x00geheim"])
def test_damage_is_named_by_call_and_not_by_content(tmp_path: Path, damage: bytes) -> None:
    path = bundle.result_path(tmp_path, "cabc234")
    bundle.write_atomically(path, damage)
    with pytest.raises(StoreError, match="cabc234") as caught:
        bundle.read_result(path)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("call_id", ["../../etc", "A", "", "c/..", "c" * 80])
def test_ids_that_are_no_file_names_are_refused(tmp_path: Path, call_id: str) -> None:
    with pytest.raises(ValueError, match="call_id"):
        bundle.result_path(tmp_path, call_id)


def test_failures_come_and_go(tmp_path: Path) -> None:
    failure = Failure("rabc234", Stage.DECODE, FailureKind.TRUNCATED)
    assert bundle.read_failures(tmp_path) == ()
    bundle.write_failure(tmp_path, failure)
    assert bundle.read_failures(tmp_path) == (failure,)
    assert bundle.remove_failure(tmp_path, "rabc234")
    assert not bundle.remove_failure(tmp_path, "rabc234")
    assert bundle.read_failures(tmp_path) == ()


def test_removing_a_result(tmp_path: Path) -> None:
    bundle.write_result(tmp_path, result())
    assert bundle.remove_result(tmp_path, "cabc234")
    assert not bundle.remove_result(tmp_path, "cabc234")
    assert list(bundle.result_ids(tmp_path)) == []


def test_many_results_come_in_the_order_asked_and_the_collector_runs_again(tmp_path: Path) -> None:
    for call_id in ("cabc234", "cxyz567"):
        bundle.write_result(tmp_path, result(call_id))
    assert bundle.read_results(tmp_path, ["cxyz567", "cabc234"]) == [result("cxyz567"), result("cabc234")]
    bundle.result_path(tmp_path, "cabc234").write_bytes(b"no gzip")
    with pytest.raises(StoreError, match="cabc234"):
        bundle.read_results(tmp_path, ["cabc234"])
    assert gc.isenabled()


def test_many_results_are_written_as_one_by_one(tmp_path: Path) -> None:
    many = [result(f"c{n:03d}abc") for n in range(20)]
    bundle.write_results(tmp_path / "many", many)
    for one in many:
        bundle.write_result(tmp_path / "single", one)
        paths = [bundle.result_path(tmp_path / folder, one.call.call_id) for folder in ("many", "single")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
        assert paths[0].stat().st_mode & 0o777 == 0o600
    bundle.write_results(tmp_path / "none", [])
    assert not (tmp_path / "none").exists()


def test_writing_many_that_stops_leaves_each_old_or_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [(tmp_path / f"{n}" / "file", b"new") for n in range(4)]
    bundle.write_all_atomically([(path, b"old") for path, _ in files])
    real = Path.replace
    done: list[Path] = []

    def stops(self: Path, target: Path) -> Path:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", stops)
    with pytest.raises(KeyboardInterrupt):
        bundle.write_all_atomically(files)
    assert [path.read_bytes() for path, _ in files] == [b"new", b"new", b"old", b"old"]
    assert not list(tmp_path.rglob("*.part"))


def test_nothing_takes_its_name_before_all_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real_replace, real_sync, real_fsync = Path.replace, os.sync, os.fsync

    def sync() -> None:
        seen.append("disk")
        real_sync()

    def fsync(number: int) -> None:
        seen.append("disk")
        real_fsync(number)

    def replace(self: Path, target: Path) -> Path:
        seen.append("name")
        return real_replace(self, target)

    monkeypatch.setattr(os, "sync", sync)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    for waits in (True, False):
        monkeypatch.setattr(bundle, "_SYNC_WAITS", waits)
        seen.clear()
        bundle.write_all_atomically([(tmp_path / f"{n}", b"x") for n in range(3)])
        first = seen.index("name")
        assert seen[:first] == ["disk"] * (1 if waits else 3)
        assert seen[first:] == ["name"] * 3 + ["disk"]
