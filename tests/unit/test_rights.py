"""Whoever asks gets all there is about a call, or has it erased; a search through every file proves it."""

import gzip
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import click
import duckdb
import pytest

from callinsight import (
    bundle,
    callers,
    care,
    cli,
    copies,
    decisions,
    inventory,
    linking,
    meeting,
    rights,
    run,
    sealed,
    taxonomy_files,
    traces,
)
from callinsight.candidate_files import read_candidates, write_candidates
from callinsight.core.candidate import Candidate
from callinsight.core.improvement import About, Tag, Verdict
from callinsight.errors import SettingsError
from callinsight.keys import new_key, write_key_file
from callinsight.review import access_page
from callinsight.settings import Settings
from callinsight.store import cipher
from callinsight.store.database import in_memory, open_reader, open_writer
from callinsight.store.rebuild import content_digest
from callinsight.taxonomy_files import load_taxonomy
from support.aged import NOW, RARE, TODAY, call_of, chosen_for, keep
from support.calls import ROOT

MINE, OTHER = "call-0002-1", "call-0003-1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which one call is in every store."""
    folder = tmp_path_factory.mktemp("rights")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(taxonomy_files, "load_taxonomy", cache(load_taxonomy))
        chosen = chosen_for(folder)
        work = chosen.work
        judgement = meeting.Judgement(Tag(About.QUESTION, "passport", "cost"), Verdict.RIGHT)
        calls = [call_of(2, 1, f"ik wil een {RARE}"), call_of(3, 1)]
        for one in calls:
            bundle.write_result(work.results, one)
            copies.write_copy(work.review_copies, one.call.call_id, b"sound of " + one.call.call_id.encode())
            meeting.give_verdict(chosen, one.call.call_id, judgement, "teamleider", NOW)
        members = ((MINE, 1), (OTHER, 1))
        write_candidates(work.candidates, [Candidate("k-one", None, ("vraag",), TODAY, members, members)])
        bundle.write_atomically(work.packs / "verbeteroverleg-2026-W47.html", f"<p>{MINE}</p>".encode())
        bundle.write_atomically(work.packs / "verbeteroverleg-2026-W47.pdf", b"%PDF of the page")
        bundle.write_atomically(work.packs / "verbeteroverleg-2026-W46.html", f"<p>{OTHER}</p>".encode())
        keep(chosen, calls)
        run.publish(chosen)
        yield folder


@pytest.fixture
def chosen(made: Path, tmp_path: Path) -> Settings:
    """A copy of that folder for one test."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True, symlinks=True)
    return chosen_for(tmp_path)


def test_access_finds_a_call_in_every_store_and_only_that_call(chosen: Settings) -> None:
    case = rights.gather(chosen, rights.Asked((MINE,)))
    (found,) = case.dossiers
    assert (found.vectors, found.sound, found.recordings) == (True, f"sound of {MINE}".encode(), 1)
    assert (found.packs, found.candidates) == (("verbeteroverleg-2026-W47.html",), ("k-one",))
    assert set(found.rows) == {
        *("calls", "day_flags", "measures", "questions", "reviews", "signals", "topic_candidate_calls", "turns"),
    }
    (told,) = json.loads(rights.as_json(case))["gesprekken"]
    assert told["resultaat"]["call"]["call_id"] == MINE
    assert RARE in json.dumps(told["database"]["turns"])
    assert OTHER not in rights.as_json(case)
    named = {kept.pattern.partition("/")[0] for kept, _ in case.places if kept}
    assert named >= {"results", "embeddings", "candidates", "callinsight.duckdb*", "reviews", "overleg", "review"}
    assert case.published  # since these settings publish quotes
    assert case.scan.unread == ()


def test_the_page_says_it_in_plain_dutch_and_is_never_overwritten(chosen: Settings, tmp_path: Path) -> None:
    found = rights.gather(chosen, rights.Asked((MINE,)))
    page = access_page.render(found, load_taxonomy(chosen.models.taxonomy))
    for said in (
        RARE,
        "Paspoort",
        "Zelfstandig afgehandeld",
        "Er is een luisterkopie",
        "klopt (teamleider)",
        "30 dagen (`retention.",
    ):
        assert said.replace("`", "") in page.replace("`", ""), said
    assert OTHER not in page
    written = rights.write(tmp_path / "inzage", found, page)
    assert sorted(path.name for path in written) == ["gegevens.json", "inzage.html", "luisterkopie.ogg"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (*written, tmp_path / "inzage"))
    with pytest.raises(SettingsError, match="there already"):
        rights.write(tmp_path / "inzage", found, page)


def test_a_call_whose_words_are_gone_says_so(chosen: Settings) -> None:
    path = bundle.result_path(chosen.work.results, MINE)
    bundle.write_result(chosen.work.results, bundle.read_result(path).without_words())
    page = access_page.render(rights.gather(chosen, rights.Asked((MINE,))), load_taxonomy(chosen.models.taxonomy))
    assert "De woorden zijn gewist, omdat de bewaartermijn voorbij is." in page


def test_nothing_is_told_as_such(chosen: Settings) -> None:
    with pytest.raises(SettingsError, match=f"nothing about call call-0002-2; did you mean {MINE}"):
        rights.gather(chosen, rights.Asked(("call-0002-2",)))
    with pytest.raises(SettingsError, match="no call id"):
        rights.gather(chosen, rights.Asked(("../etc/passwd",)))


def test_forget_erases_every_store_and_the_search_finds_nothing(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (other,) = rights.gather(chosen, rights.Asked((OTHER,))).dossiers
    done = care.forget(chosen, [MINE], NOW)
    assert done.scan.clean, done.scan
    assert all(number for name, number in done.erased.stores if name != "Opzij gelegd"), done.erased
    with pytest.raises(SettingsError, match="nothing about call"):
        rights.gather(chosen, rights.Asked((MINE,)))
    (left,) = rights.gather(chosen, rights.Asked((OTHER,))).dossiers
    assert (left.result, left.sound, left.packs, left.reviews) == (
        other.result,
        other.sound,
        other.packs,
        other.reviews,
    )
    with open_reader(chosen.work.database) as connection:
        before = content_digest(connection)
    run.rebuild(chosen)
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == before
    again = care.forget(chosen, [MINE], NOW)
    assert (again.erased.anything, again.scan.clean) == (False, True)


def test_a_store_that_nobody_thought_of_is_complained_about(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new table, and a new kind of file, that erasing does not know."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(chosen.work.folder))
    monkeypatch.setenv("CALLINSIGHT_PUBLISH__FILES", "[]")
    monkeypatch.setenv("COLUMNS", "200")
    with open_writer(chosen.work.database) as connection:
        connection.execute("CREATE TABLE later AS SELECT 'about' AS what, ? AS call_id", [MINE])
    (chosen.work.folder / "new-store.bin").write_bytes(b"who knows")
    with pytest.raises(SystemExit) as ended:
        cli.main(["forget", MINE, "--yes"])
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "Nog gevonden in callinsight.duckdb: tabel later: 1" in said
    assert "Niet doorzocht: new-store.bin." in said


def test_forgetting_that_was_stopped_goes_on(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(run, "publish", lambda *_, **__: None)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "remove_packs", killed)
        with pytest.raises(KeyboardInterrupt):
            care.forget(chosen, [MINE], NOW)
    assert not bundle.result_path(chosen.work.results, MINE).exists()
    done = care.forget(chosen, [MINE], NOW)
    assert {trace.place.partition("/")[0] for trace in done.scan.traces} <= {"published"}  # which was left out here
    assert [one.candidate_id for one in read_candidates(chosen.work.candidates) if one.names(MINE)] == []


@pytest.mark.parametrize(
    "place",
    ["results/ab/x.json.gz", "ledger.sqlite", "search/2026-09.duckdb", "published/trends.xlsx", "published/t.parquet",
     "published/t.csv", "reviews/x.json", "review/ab/.x.ogg.77.part", "overleg/x.html"],
)  # fmt: skip
def test_every_reader_sees_an_id_and_no_other(chosen: Settings, place: str) -> None:
    path = chosen.work.folder / place
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    _hide("call-hidden", path)
    found = traces.scan(chosen, ["call-hidden"])
    assert {trace.place for trace in found.traces} == {place}
    assert traces.scan(chosen, ["call-hidder"]).clean


@pytest.mark.parametrize(
    "place",
    ["results/ab/x.json.gz", "reviews/x.json", "aggregates/x.json", "runs/deleting.json", "search/2026-09.duckdb"],
)
def test_what_is_encrypted_is_looked_into_too(chosen: Settings, place: str) -> None:
    path = chosen.work.folder / place
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".duckdb":
        with in_memory() as connection:
            cipher.attach(connection, path, "made", read_only=False)
            connection.execute("CREATE TABLE made.hidden AS SELECT 'call-hidden' AS what")
        assert sealed.is_encrypted_database(path)
    else:
        bundle.write_sealed(path, gzip.compress(b"call-hidden") if path.suffix == ".gz" else b"call-hidden")
        assert sealed.sealed_with(path.read_bytes())
    assert b"call-hidden" not in path.read_bytes()
    found = traces.scan(chosen, ["call-hidden"])
    assert ({trace.place for trace in found.traces}, found.unread) == ({place}, ())
    assert traces.scan(chosen, ["call-hidder"]).clean


def test_what_a_killed_process_left_half_written_is_looked_into_or_told(chosen: Settings) -> None:
    final = chosen.work.folder / "reviews" / "x.json"
    bundle.write_sealed(final, b"call-hidden")
    half = final.with_name(".x.json.77.part")
    final.rename(half)
    found = traces.scan(chosen, ["call-hidden"])
    assert {trace.place for trace in found.traces} == {"reviews/.x.json.77.part"}
    half.write_bytes(half.read_bytes()[:-1])
    found = traces.scan(chosen, ["call-hidden"])
    assert (found.traces, found.unread) == ((), ("reviews/.x.json.77.part",))
    half.unlink()
    copy = chosen.work.database.with_name("callinsight.duckdb.compacting")
    shutil.copy(chosen.work.database, copy)
    assert traces.scan(chosen, ["call-hidden"]).unread == ("callinsight.duckdb.compacting",)


def test_without_the_key_nothing_is_vouched_for(chosen: Settings) -> None:
    key = chosen.work.folder.with_name("work.key")
    key.unlink()
    write_key_file(key, new_key())
    found = traces.scan(chosen, [MINE])
    assert "callinsight.duckdb" in found.unread
    assert any(place.startswith("results/") for place in found.unread)
    assert not found.clean


def _hide(what: str, path: Path) -> None:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(what.encode()))
    elif path.suffix == ".sqlite":
        with sqlite3.connect(path) as ledger:
            ledger.execute("CREATE TABLE hidden (what TEXT)")
            ledger.execute("INSERT INTO hidden VALUES (?)", [what])
        ledger.close()
    elif path.suffix in (".duckdb", ".parquet"):
        with duckdb.connect(str(path) if path.suffix == ".duckdb" else ":memory:") as database:
            database.execute("CREATE TABLE hidden AS SELECT ['other', ?] AS what", [what])
            if path.suffix == ".parquet":
                database.execute(f"COPY hidden TO '{path}' (COMPRESSION zstd)")
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
            book.writestr("xl/sharedStrings.xml", f"<t>{what}</t>" * 100)
    else:
        path.write_bytes(what.encode())


def test_what_cannot_be_read_is_told(chosen: Settings) -> None:
    (chosen.work.results / "zz").mkdir()
    (chosen.work.results / "zz" / "broken.json.gz").write_bytes(b"no gzip")
    (chosen.work.packs / "alone.pdf").write_bytes(b"%PDF")
    assert set(traces.scan(chosen, ["call-x"]).unread) == {"results/zz/broken.json.gz", "overleg/alone.pdf"}
    with pytest.raises(ValueError, match="something to look for"):
        traces.scan(chosen, [])


def test_every_kind_of_file_has_a_reader() -> None:
    assert {kept.reader for kept in inventory.FILES} <= set(traces.READERS)


# Several calls: a case, and all calls of one caller. The number is invented.

NUMBER = "06 1234 5678"


def linked(chosen: Settings, *call_ids: str) -> Settings:
    """Calls of the folder, made by one caller, under settings that link; the key is that of the day of the first."""
    on = chosen.model_copy(
        update={"linking": chosen.linking.model_copy(update={"enabled": True, "rotation_days": 366})}
    )
    for call_id in call_ids:
        path = bundle.result_path(chosen.work.results, call_id)
        result = bundle.read_result(path)
        ref = linking.Linker(on, TODAY).ref_of("+31612345678", result.call.started_at)
        bundle.write_result(chosen.work.results, replace(result, call=replace(result.call, caller_ref=ref)))
    run.catch_up(on, call_ids)
    return on


def test_access_to_a_case_is_one_page_and_one_file_of_data(chosen: Settings, tmp_path: Path) -> None:
    case = rights.gather(chosen, rights.Asked((MINE, OTHER, MINE)))
    assert [one.call_id for one in case.dossiers] == [OTHER, MINE]  # in order of time: three days ago, two days ago
    page = access_page.render(case, load_taxonomy(chosen.models.taxonomy))
    assert page.index(OTHER) < page.index(MINE)
    for said in (
        "<title>Wat er over uw telefoongesprekken is bewaard",
        "Het zijn 2 gesprekken",
        RARE,
        "luisterkopie-2.ogg",
    ):
        assert said in page, said
    assert page.count("<h1>") == 1
    assert page.count("<dt>Gekoppeld aan andere gesprekken</dt><dd>nee</dd>") == 2
    assert (
        re.findall(r'href="#(gesprek-\d)"', page)
        == re.findall(r'id="(gesprek-\d)"', page)
        == ["gesprek-1", "gesprek-2"]
    )
    assert page.count("Waar het staat, en hoe lang") == 1
    written = rights.write(tmp_path / "inzage", case, page)
    names = ["gegevens.json", "inzage.html", "luisterkopie-1.ogg", "luisterkopie-2.ogg"]
    assert sorted(path.name for path in written) == names
    assert (tmp_path / "inzage" / "luisterkopie-2.ogg").read_bytes() == f"sound of {MINE}".encode()
    told = json.loads((tmp_path / "inzage" / "gegevens.json").read_text())
    assert [one["gesprek"] for one in told["gesprekken"]] == [OTHER, MINE]
    with pytest.raises(SettingsError, match="nothing about call call-0002-9"):
        rights.gather(chosen, rights.Asked((MINE, "call-0002-9")))


def test_a_caller_is_found_however_the_number_is_written(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    on = linked(chosen, MINE, OTHER)
    for written in (NUMBER, "+31612345678", "0031 6-12345678"):
        found = callers.find(on, written)
        assert found.call_ids == (OTHER, MINE)
        assert len(found.refs) == 1
        assert "612345678" not in repr(found)
    assert callers.find(on, "0687654321").call_ids == ()
    case = rights.gather(on, rights.Asked(found.call_ids, found.refs))
    assert [one.linked for one in case.dossiers] == [1, 1]
    page = access_page.render(case, load_taxonomy(on.models.taxonomy))
    assert page.count("ja, aan 1 ander gesprek van hetzelfde nummer") == 2
    assert "gevonden met uw nummer" in page
    (ref,) = found.refs
    assert ref not in page  # a reference says nothing to a citizen, and stands in the data
    assert ref in rights.as_json(case)


def test_a_call_that_was_not_loaded_yet_is_found_too(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    on = linked(chosen, MINE)
    ref = bundle.read_result(bundle.result_path(on.work.results, MINE)).call.caller_ref
    late = call_of(1, 5)
    bundle.write_result(on.work.results, replace(late, call=replace(late.call, caller_ref=ref)))
    assert callers.find(on, NUMBER).call_ids == (MINE, late.call.call_id)
    (on.work.results / "zz").mkdir()
    (on.work.results / "zz" / "czz.json.gz").write_bytes(b"no gzip")  # which the search through all files tells of
    on.work.database.unlink()
    assert callers.find(on, NUMBER).call_ids == (MINE, late.call.call_id)


def test_forget_a_caller_leaves_no_call_and_no_reference(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    on = linked(chosen, MINE, OTHER)
    found = callers.find(on, NUMBER)
    run.publish(on)
    commanded(monkeypatch, on)
    with pytest.raises(SystemExit) as ended:
        cli.main(["forget", "--caller", NUMBER, "--yes"])
    said = capsys.readouterr().out
    assert ended.value.code == 0, said
    assert (MINE in said, OTHER in said, "612345678" in said.replace(" ", "")) == (True, True, False)
    assert "er is niets meer over deze beller" in said
    assert "Een nummer is geen persoon" in said
    assert traces.scan(on, {MINE, OTHER, *found.refs}).clean
    assert list(bundle.result_ids(on.work.results)) == []
    with pytest.raises(SystemExit) as again:
        cli.main(["forget", "--caller", NUMBER, "--yes"])
    assert again.value.code == 0
    assert "Er was niets over deze beller" in capsys.readouterr().out


def test_a_reference_that_stays_somewhere_is_complained_about(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that nobody erases names the caller, and no call."""
    monkeypatch.chdir(ROOT)
    on = linked(chosen, MINE)
    found = callers.find(on, NUMBER)
    (ref,) = found.refs
    (on.work.folder / "runs").mkdir(exist_ok=True)
    (on.work.folder / "runs" / "killed.plan.json").write_text(json.dumps({"caller_ref": ref}))
    done = care.forget(on, found.call_ids, NOW, caller_refs=found.refs)
    assert [trace.place for trace in done.scan.traces] == ["runs/killed.plan.json"]
    assert care.forget(on, [OTHER], NOW).scan.clean


def commanded(monkeypatch: pytest.MonkeyPatch, on: Settings) -> None:
    for key, value in {
        "WORK__FOLDER": str(on.work.folder),
        "PUBLISH__FILES": "[]",
        "LINKING__ENABLED": str(on.linking.enabled).lower(),
    }.items():
        monkeypatch.setenv(f"CALLINSIGHT_{key}", value)
    monkeypatch.setenv("COLUMNS", "200")


def test_the_number_can_be_asked_for_and_is_never_shown(
    chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    commanded(monkeypatch, linked(chosen, MINE, OTHER))
    asked: list[bool] = []

    def prompt(text: str, *, hide_input: bool) -> str:
        asked.append(hide_input)
        return NUMBER

    monkeypatch.setattr(click, "prompt", prompt)
    with pytest.raises(SystemExit) as ended:
        cli.main(["access", "--caller", "-", "--to", str(tmp_path / "inzage")])
    assert (ended.value.code, asked) == (0, [True])
    shown = capsys.readouterr()
    texts = [shown.out, shown.err, *(path.read_text("latin-1") for path in (tmp_path / "inzage").iterdir())]
    assert not [text for text in texts if "612345678" in text.replace(" ", "")]
    assert "luisterkopie-2.ogg" in shown.out.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["access"], "give one or more call ids, or --caller"),
        (["forget", MINE, "--caller", NUMBER], "and not both"),
        (["access", "--caller", NUMBER], "linking.enabled is false"),
        (["forget", "--caller", NUMBER, "--yes"], "linking.enabled is false"),
    ],
)
def test_what_cannot_be_asked_says_what_can(
    chosen: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(ROOT)
    commanded(monkeypatch, chosen)
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert "1234" not in told


def test_without_keys_a_caller_cannot_be_found(chosen: Settings) -> None:
    on = chosen.model_copy(update={"linking": chosen.linking.model_copy(update={"enabled": True})})
    with pytest.raises(SettingsError, match="no keys to find a caller with"):
        callers.find(on, NUMBER)
    with pytest.raises(SettingsError, match="names nobody"):
        callers.find(on, "anoniem")


def test_forget_takes_several_calls(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    commanded(monkeypatch, chosen)
    run.publish(chosen)
    with pytest.raises(SystemExit) as ended:
        cli.main(["forget", MINE, OTHER, "--yes"])
    assert ended.value.code == 0
    assert "er is niets meer over deze gesprekken" in capsys.readouterr().out
    assert traces.scan(chosen, [MINE, OTHER]).clean
