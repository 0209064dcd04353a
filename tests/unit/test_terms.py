"""Each kind goes after its own term and nothing else does."""

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from callinsight import (
    bundle,
    care,
    deletions,
    erasure,
    meeting,
    reprocess,
    retag,
    retention,
    run,
    sealed,
    taxonomy_files,
)
from callinsight.core.improvement import ActionKind
from callinsight.errors import KeyFitError, StoreError
from callinsight.keys import new_key
from callinsight.ledger import open_ledger
from callinsight.store import compact, search
from callinsight.store.database import open_reader
from callinsight.taxonomy_files import load_taxonomy
from support.aged import NOW, RARE, TODAY, call_of, chosen_for, counts, digest, ids, keep, removed
from support.calls import ROOT
from support.opened import holding


@pytest.fixture(scope="module", autouse=True)
def _in_root() -> Iterator[None]:
    """In the repository's folder, with the taxonomy read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(taxonomy_files, "load_taxonomy", cache(load_taxonomy))
        yield


@pytest.fixture(autouse=True)
def _unpublished(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishing takes time: only tests that ask for ``published`` do it."""
    if "published" not in request.fixturenames:
        monkeypatch.setattr(run, "publish", lambda *_, **__: None)


@pytest.fixture
def published() -> None:
    """Publish as a sweep does."""


BOTH = pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
"""Freed blocks can be searched in a plain database alone; that nothing is written past the key, in an encrypted one."""


@pytest.mark.usefixtures("published")
@BOTH
def test_words_go_after_their_term_everywhere_and_the_call_stays(tmp_path: Path, encrypted: bool) -> None:
    old, young = call_of(31, said=f"ik wil een {RARE}"), call_of(29, said="ik wil een rabarbertaart")
    chosen = keep(chosen_for(tmp_path, encrypted=encrypted), [old, young])
    run.publish(chosen)
    assert RARE.encode() in chosen.work.published_database.read_bytes()
    assert search.find(chosen.work.database, search.Question(RARE, 5, None, None, False))
    assert (RARE.encode() in chosen.work.database.read_bytes()) is not encrypted
    result = bundle.result_path(chosen.work.results, old.call.call_id).relative_to(chosen.work.folder).as_posix()
    assert {"callinsight.duckdb", "published/trends.duckdb", result} <= set(holding(chosen.work.folder, RARE))
    before = counts(chosen)
    gone = removed(retention.sweep(chosen, NOW))
    assert gone == {"Gemaskeerde teksten": 1, "Vectoren": 1}
    kept = bundle.read_result(bundle.result_path(chosen.work.results, old.call.call_id))
    assert (kept.is_wordless, kept.tags, len(kept.turns)) == (True, old.tags, len(old.turns))
    assert [(turn.span, turn.role, turn.word_count) for turn in kept.turns] == [
        (turn.span, turn.role, len(turn.words)) for turn in old.turns
    ]
    assert counts(chosen) == before
    assert holding(chosen.work.folder, RARE) == []
    assert not search.find(chosen.work.database, search.Question(RARE, 5, None, None, False))
    assert search.find(chosen.work.database, search.Question("rabarbertaart", 5, None, None, False))
    assert ids(chosen) == sorted([old.call.call_id, young.call.call_id])
    before_rebuild = digest(chosen)
    run.rebuild(chosen)
    assert digest(chosen) == before_rebuild


def test_a_call_without_words_is_not_tagged_or_processed_again(tmp_path: Path) -> None:
    chosen = keep(chosen_for(tmp_path), [call_of(31), call_of(40)])
    retention.sweep(chosen, NOW)
    before = digest(chosen)
    done = retag.retag(chosen, ids(chosen), retag.Wish(every=True), NOW, lambda _: None)
    assert (done.calls, done.wordless, done.kept, done.read) == (2, 2, 0, 0)
    assert reprocess.mark_outdated(chosen) == reprocess.Marked(0, 2)
    assert digest(chosen) == before


@pytest.mark.parametrize("days", [29, 31])
def test_a_damaged_result_that_was_never_loaded_is_named_when_its_term_is_over_and_stops_nothing(
    tmp_path: Path, days: int
) -> None:
    old = call_of(31)
    chosen = keep(chosen_for(tmp_path), [old])
    damaged = bundle.result_path(chosen.work.results, "cdamaged")
    bundle.write_atomically(damaged, b"no result")
    made = (NOW - timedelta(days=days)).timestamp()
    os.utime(damaged, (made, made))
    if days > 30:
        with pytest.raises(StoreError, match="1 result files are damaged, such as that of call cdamaged"):
            retention.sweep(chosen, NOW)
    else:
        retention.sweep(chosen, NOW)
    assert bundle.read_result(bundle.result_path(chosen.work.results, old.call.call_id)).is_wordless


def test_a_result_whose_key_is_missing_is_not_told_as_damaged(tmp_path: Path) -> None:
    old = call_of(31)
    chosen = keep(chosen_for(tmp_path), [old])
    place = bundle.result_path(chosen.work.results, old.call.call_id)
    name = place.relative_to(chosen.work.folder).as_posix()
    closed = sealed.seal_bytes(new_key(), name, bundle.read_sealed(place))
    bundle.write_atomically(place, closed)
    with pytest.raises(KeyFitError, match="Restore the key from its backup"):
        retention.sweep(chosen, NOW)
    assert place.read_bytes() == closed


@BOTH
def test_calls_go_as_whole_weeks_and_months_and_their_counts_stay(tmp_path: Path, encrypted: bool) -> None:
    ages = (1, 400, 729, 730, 731, 745, 762, 790, 800)
    calls = [call_of(age, number) for age in ages for number in range(2)]
    chosen = keep(chosen_for(tmp_path, encrypted=encrypted), calls)
    assert len(holding(chosen.work.folder, "call-0790")) >= 4
    meeting.add_action(
        chosen,
        meeting.Plan("Brief herschreven", ActionKind.LETTER, "webteam", TODAY - timedelta(days=750), ("passport",)),
    )
    meeting.refresh(chosen)
    before = counts(chosen)
    gone = removed(retention.sweep(chosen, NOW))
    # 730 days before is Monday 25 November 2024: October and its weeks are past, November is not
    assert gone["Gesprekken met labels"] == 2 * len([age for age in ages if age >= 762])
    assert {one.call.started_at.date() for one in calls if one.call.call_id in ids(chosen)} == {
        TODAY - timedelta(days=age) for age in ages if age < 762
    }
    zeroes = [row for row in counts(chosen)["week_actions"] if row not in before["week_actions"]]
    assert all(row[-1] == 0 for row in zeroes)
    assert {name: [row for row in rows if row not in zeroes] for name, rows in counts(chosen).items()} == before
    with open_reader(chosen.work.database) as connection:
        listed = connection.execute("SELECT DISTINCT local_date FROM calls").fetchall()
    assert len(listed) == len([age for age in ages if age < 762])
    assert holding(chosen.work.folder, "call-0790") == []


def test_frozen_counts_outlast_a_rebuild_and_a_late_call_of_their_week(tmp_path: Path) -> None:
    chosen = keep(chosen_for(tmp_path), [call_of(800, number) for number in range(3)] + [call_of(2)])
    retention.sweep(chosen, NOW)
    frozen = counts(chosen)
    assert [row for row in frozen["week_calls"] if row[-1] == 3]
    run.rebuild(chosen)
    assert counts(chosen) == frozen
    keep(chosen, [call_of(800, 9)])  # delivered two years late
    assert counts(chosen) == frozen
    assert removed(retention.sweep(chosen, NOW))["Gesprekken met labels"] == 1
    assert counts(chosen) == frozen
    chosen.work.database.unlink()
    with open_ledger(chosen.work.ledger) as ledger:
        ledger.mark_all_unloaded()
    run.catch_up(chosen)
    assert counts(chosen) == frozen


def test_an_improvement_that_nobody_counted_then_has_no_frozen_weeks_before_it(tmp_path: Path) -> None:
    calls = [call_of(age, number) for age in range(770, 800, 1) for number in range(2)]
    chosen = keep(chosen_for(tmp_path), calls)
    retention.sweep(chosen, NOW)
    effective = TODAY - timedelta(days=785)
    meeting.add_action(chosen, meeting.Plan("Later bedacht", ActionKind.LETTER, "webteam", effective, ("passport",)))
    meeting.refresh(chosen)
    with open_reader(chosen.work.database) as connection:
        rows = connection.execute("SELECT weeks_before, weeks_after FROM action_effects").fetchall()
    assert rows == [(0, 0)]


def test_counts_have_a_term_when_the_settings_give_one(tmp_path: Path) -> None:
    calls = [call_of(age) for age in (2, 800, 1200)]
    chosen = keep(chosen_for(tmp_path), calls)
    retention.sweep(chosen, NOW)
    assert len(counts(chosen)["month_outcomes"]) == 3
    shorter = chosen_for(tmp_path, aggregates_days=1000)
    assert removed(retention.sweep(shorter, NOW)) == {"Vaste tellingen": 2}
    assert len(counts(chosen)["month_outcomes"]) == 2
    assert removed(retention.sweep(shorter, NOW)) == {}


def test_a_dry_run_counts_the_same_and_changes_no_byte(tmp_path: Path) -> None:
    chosen = keep(chosen_for(tmp_path), [call_of(age) for age in (2, 31, 40, 800)])
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    told = retention.sweep(chosen, NOW, dry_run=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    assert retention.sweep(chosen, NOW) == told
    assert removed(told)["Gesprekken met labels"] == 1
    assert removed(retention.sweep(chosen, NOW)) == {}


def test_the_log_tells_what_went_and_names_nothing(tmp_path: Path) -> None:
    chosen = keep(chosen_for(tmp_path), [call_of(age) for age in (2, 31, 800)])
    retention.sweep(chosen, NOW)
    care.forget(chosen, ["call-0002-0"], NOW)
    logged = {one.kind: one for one in deletions.read(chosen.work.deletions)}
    assert logged["Gemaskeerde teksten"].newest == TODAY - timedelta(days=31)
    assert logged["Vectoren"].newest == TODAY - timedelta(days=31)
    assert logged["Gesprekken met labels"].term_days == 730
    assert (logged["Op verzoek gewist"].count, logged["Op verzoek gewist"].oldest) == (1, None)
    assert b"call-" not in chosen.work.deletions.read_bytes()
    cut = chosen.work.deletions.read_bytes() + b'{"at": "20'
    chosen.work.deletions.write_bytes(cut)
    assert len(deletions.read(chosen.work.deletions)) == len(logged)
    deletions.note(chosen.work.deletions, [replace(logged["Vectoren"], count=7)])
    assert deletions.read(chosen.work.deletions)[-1].count == 7


@BOTH
def test_a_database_without_what_went_is_smaller(tmp_path: Path, encrypted: bool) -> None:
    drawn = random.Random(0)
    calls = [call_of(31, n, " ".join(f"w{drawn.getrandbits(48):x}" for _ in range(1_500))) for n in range(60)]
    chosen = keep(chosen_for(tmp_path, encrypted=encrypted), calls)
    size = chosen.work.database.stat().st_size
    retention.sweep(chosen, NOW)
    assert size - chosen.work.database.stat().st_size > 1_000_000
    assert not list(chosen.work.folder.glob("*.compacting*"))


@BOTH
def test_too_little_room_is_told_and_made_up_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encrypted: bool
) -> None:
    chosen = keep(chosen_for(tmp_path, encrypted=encrypted), [call_of(31, said=RARE)])
    with monkeypatch.context() as patch:
        patch.setattr(compact, "ROOM_BYTES", 1 << 60)
        with pytest.raises(StoreError, match="make room"):
            retention.sweep(chosen, NOW)
    assert erasure.is_unclean(chosen.work.database)
    assert removed(retention.sweep(chosen, NOW)) == {}
    assert not erasure.is_unclean(chosen.work.database)
    assert holding(chosen.work.folder, RARE) == []
