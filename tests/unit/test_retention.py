"""Copies and packs go away after their term, in whole files, once; what is young stays."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from callinsight import cli, copies, retention, settings
from callinsight.retention import Swept
from callinsight.settings import Settings
from callinsight.store.rows import wall_clock

NOW = datetime(2026, 11, 25, 5, 45, tzinfo=UTC)
DATA = b"x" * 1_000


def aged(path: Path, days: float, data: bytes = DATA) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    """Copies and packs of several ages, what a killed process left, and files that have no term."""
    made = settings.load(overrides={"work": {"folder": str(tmp_path)}, "retention": {"packs_days": 14}})
    work = made.work
    for name, days in (("c-old", 31.0), ("c-day", 30.0), ("c-young", 29.9), ("c-new", 0.0)):
        aged(copies.copy_path(work.review_copies, name), days)
    aged(work.review_copies / "-k" / ".c-killed.ogg.77.part", 2.0)
    aged(work.review_copies / "-k" / ".c-being-written.ogg.78.part", 0.5)
    aged(work.packs / "verbeteroverleg-2026-W46.html", 15.0)
    aged(work.packs / "verbeteroverleg-2026-W46.pdf", 15.0)
    aged(work.packs / "verbeteroverleg-2026-W47.html", 3.0)
    aged(work.folder / "pseudonym.key", 400.0)
    return made


def files(made: Settings) -> set[str]:
    return {path.name for path in made.work.folder.rglob("*") if path.is_file()}


PACKS = {"verbeteroverleg-2026-W46.html", "verbeteroverleg-2026-W46.pdf"}
OLD, DAY, KILLED, PACK = (date(2026, 10, 25), date(2026, 10, 26), date(2026, 11, 23), date(2026, 11, 10))
COUNTED = {
    Swept("Luisterkopieën", 30, 2, 2_000, 2, OLD, DAY),
    Swept("Stukken voor het verbeteroverleg", 14, 2, 2_000, 1, PACK, PACK),
    Swept("Half geschreven bestanden", 1, 1, 1_000, 1, KILLED, KILLED),
}


def told(swept: tuple[Swept, ...]) -> set[Swept]:
    return {one for one in swept if one.removed}


def test_what_is_past_its_term_goes_and_the_rest_stays(chosen: Settings) -> None:
    before = files(chosen)
    assert told(retention.sweep(chosen, NOW)) == COUNTED
    gone = {"c-old.ogg", "c-day.ogg", ".c-killed.ogg.77.part"} | PACKS
    assert before - files(chosen) == gone
    assert files(chosen) - before <= {"deletions.jsonl", "ledger.sqlite"}


def test_a_dry_run_counts_the_same_and_deletes_nothing(chosen: Settings) -> None:
    before = files(chosen)
    assert told(retention.sweep(chosen, NOW, dry_run=True)) == COUNTED
    assert files(chosen) == before


def test_a_second_time_finds_nothing(chosen: Settings) -> None:
    retention.sweep(chosen, NOW)
    left = files(chosen)
    assert told(retention.sweep(chosen, NOW)) == set()
    assert files(chosen) == left


def test_a_work_folder_without_any_of_it_is_fine(tmp_path: Path) -> None:
    empty = settings.load(overrides={"work": {"folder": str(tmp_path / "none")}})
    assert {(one.removed, one.kept) for one in retention.sweep(empty, NOW)} == {(0, 0)}


def test_the_clock_must_have_a_zone(chosen: Settings) -> None:
    with pytest.raises(ValueError, match="time zone"):
        retention.sweep(chosen, NOW.replace(tzinfo=None))


def test_the_command_says_what_went_without_naming_a_call(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(chosen.work.folder))
    monkeypatch.setenv("COLUMNS", "80")
    old = datetime.now(UTC) - timedelta(days=365)
    for path in chosen.work.review_copies.rglob("c-old.ogg"):
        os.utime(path, (old.timestamp(), old.timestamp()))
    for arguments, there in ((("--dry-run",), True), ((), False)):
        with pytest.raises(SystemExit) as ended:
            cli.main(["retention", *arguments])
        assert not ended.value.code
        said = capsys.readouterr()
        assert "Luisterkopieën" in said.out
        assert heads(said.out) == ["", "dagen", "zou weg" if there else "weg", "MB", "blijft"]
        assert "c-old" not in said.out + said.err
        assert copies.copy_path(chosen.work.review_copies, "c-old").exists() is there
    with pytest.raises(SystemExit):
        cli.main(["retention", "--log"])
    logged = capsys.readouterr().out
    assert heads(logged) == ["", "gewist", "aantal", "MB", "van", "tot en met"]
    assert f"{wall_clock(datetime.now(UTC)):%d-%m-%y}" in logged


def heads(said: str) -> list[str]:
    """The headings of a table; they stand on one line when the terminal is wide enough for what is in it."""
    line = next(line for line in said.splitlines() if line.startswith("┃"))
    return [cell.strip() for cell in line.strip("┃").split("┃")]


def test_a_copy_is_for_its_owner_alone_and_removed_by_its_call(tmp_path: Path) -> None:
    copies.write_copy(tmp_path, "c123", b"one")
    copies.write_copy(tmp_path, "c123", b"two")
    path = copies.copy_path(tmp_path, "c123")
    assert path.relative_to(tmp_path) == Path("12/c123.ogg")
    assert path.stat().st_mode & 0o077 == 0
    assert copies.read_copy(tmp_path, "c123") == b"two"
    assert copies.remove_copy(tmp_path, "c123") is True
    assert copies.remove_copy(tmp_path, "c123") is False
    assert copies.read_copy(tmp_path, "c123") is None
    with pytest.raises(ValueError, match="call_id"):
        copies.copy_path(tmp_path, "../c123")
