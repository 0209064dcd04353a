"""Words are found in any Dutch form, only in redacted turns, and never in calls that are gone."""

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from callinsight.core.values import CallResult
from callinsight.errors import StoreError
from callinsight.store import search_index
from callinsight.store.database import open_writer
from callinsight.store.load import delete_calls, load_batch
from callinsight.store.search import Hit, Question, find

MakeResult = Callable[..., CallResult]


@pytest.fixture
def spoken(database: Path, make_result: MakeResult) -> Path:
    """Four calls; the agent says the same in all of them."""
    with open_writer(database) as connection:
        load_batch(
            connection,
            [
                make_result("call-a", said="die brief is mij onduidelijk zegt <NAAM>"),
                make_result("call-b", said="al die onduidelijke brieven", topics=(("bulky-waste", None),)),
                make_result("call-c", said="ik wil een brief", started_at=datetime(2026, 8, 1, 9, tzinfo=UTC)),
                make_result("call-d", said="mijn naam staat er fout op bij het café"),
            ],
            [],
        )
    return database


def _found(database: Path, words: str, **how: object) -> list[str]:
    return [hit.call_id for hit in find(database, Question(words, **how))]  # type: ignore[arg-type]


def test_every_form_of_a_word_is_found(spoken: Path) -> None:
    assert sorted(_found(spoken, "brief onduidelijk")) == ["call-a", "call-b"]
    assert sorted(_found(spoken, "BRIEVEN")) == ["call-a", "call-b", "call-c"]
    assert _found(spoken, "cafe") == ["call-d"]
    assert _found(spoken, "gemeentehuis") == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("huis", "al die huizen"),
        ("huizen", "het huis"),
        ("aanvraag", "twee aanvragen"),
        ("vergunningen", "de vergunning"),
        ("bellen", "ik bel nog eens"),
        ("onduidelijk", "een onduidelijke zin"),
    ],
)
def test_dutch_forms_meet(database: Path, make_result: MakeResult, asked: str, said: str) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result("call-a", said=said)], [])
    (hit,) = find(database, Question(asked))
    assert hit.marks


def test_a_hit_tells_where_it_was_said(spoken: Path) -> None:
    (hit,) = find(spoken, Question("brief", since=date(2026, 9, 1), topic="passport"))
    text = "die brief is mij onduidelijk zegt <NAAM>"
    assert hit == Hit("call-a", datetime.fromisoformat("2026-09-01T09:12"), 2_000, "caller", text, ((4, 9),))


def test_marks_are_on_the_words_that_were_found(spoken: Path) -> None:
    hits = {hit.call_id: hit for hit in find(spoken, Question("brief onduidelijk"))}
    marked = [hits["call-b"].text[start:end] for start, end in hits["call-b"].marks]
    assert marked == ["onduidelijke", "brieven"]


def test_all_words_or_any(spoken: Path) -> None:
    assert _found(spoken, "brief café") == []
    assert sorted(_found(spoken, "brief café", any_word=True)) == ["call-a", "call-b", "call-c", "call-d"]


def test_limit_topic_and_day(spoken: Path) -> None:
    assert len(_found(spoken, "brief", limit=2)) == 2
    assert _found(spoken, "brief", topic="bulky-waste") == ["call-b"]
    assert _found(spoken, "brief", topic="nothing") == []
    assert sorted(_found(spoken, "brief", since=date(2026, 8, 2))) == ["call-a", "call-b"]


def test_a_mask_is_no_word(spoken: Path) -> None:
    assert _found(spoken, "naam") == ["call-d"]


@pytest.mark.parametrize("words", ["", " ", "?!", "<>", "--"])
def test_a_search_needs_a_word(spoken: Path, words: str) -> None:
    with pytest.raises(StoreError, match="at least one word"):
        find(spoken, Question(words))


@pytest.mark.parametrize("words", ["brief'", "brief'); DROP TABLE documents; --", 'brief"', "brief%", "$limit brief"])
def test_strange_signs_do_no_harm(spoken: Path, words: str) -> None:
    _found(spoken, words)
    assert "call-a" in _found(spoken, "brief")


def _files(database: Path) -> dict[str, int]:
    """The files of the index, with what tells one making from another."""
    return {path.name: path.stat().st_ino for path in (database.parent / "search").iterdir()}


def test_the_index_follows_the_turns(spoken: Path, make_result: MakeResult) -> None:
    assert len(_found(spoken, "brief")) == 3
    made = _files(spoken)
    assert sorted(made) == ["2026-08.duckdb", "2026-09.duckdb"]
    assert len(_found(spoken, "brief")) == 3
    assert _files(spoken) == made  # not made anew for nothing
    with open_writer(spoken) as connection:
        load_batch(connection, [make_result("call-e", said="nog een brief")], [])
        delete_calls(connection, ["call-a"])
    assert sorted(_found(spoken, "brief")) == ["call-b", "call-c", "call-e"]
    with open_writer(spoken) as connection:
        load_batch(connection, [make_result("call-e", said="iets heel anders")], [])
    assert sorted(_found(spoken, "brief")) == ["call-b", "call-c"]
    assert _files(spoken)["2026-08.duckdb"] == made["2026-08.duckdb"]


def test_only_changed_months_are_made_anew(spoken: Path, make_result: MakeResult) -> None:
    asked: list[int] = []
    made: list[int] = []

    @contextmanager
    def watch(months: int) -> Iterator[Callable[[int], object]]:
        asked.append(months)
        yield made.append

    find(spoken, Question("brief"), watch)
    find(spoken, Question("brief"), watch)
    with open_writer(spoken) as connection:  # the same words, otherwise masked: no count of anything tells them apart
        load_batch(connection, [make_result("call-a", said="die brief is mij onduidelijk zegt <BSN>")], [])
    find(spoken, Question("brief"), watch)
    assert asked == [2, 1]
    assert made == [1, 1, 1]


def test_an_erased_call_leaves_the_index_at_once(spoken: Path) -> None:
    _found(spoken, "brief")
    folder = spoken.parent / "search"
    (folder / ".2026-07.duckdb.1.part").write_text("die brief is mij onduidelijk")  # of a search that was killed
    (spoken.parent / "search.duckdb").write_text("the index of all months, of an earlier version")
    with open_writer(spoken) as connection:
        delete_calls(connection, ["call-a"])
        assert sorted(_files(spoken)) == ["2026-08.duckdb"]
    assert sorted(path.name for path in spoken.parent.iterdir()) == ["callinsight.duckdb", "search"]


def test_a_call_that_moves_to_another_month_is_found_there_alone(spoken: Path, make_result: MakeResult) -> None:
    _found(spoken, "brief")
    with open_writer(spoken) as connection:
        moved = make_result("call-c", said="ik wil een brief", started_at=datetime(2026, 7, 1, 9, tzinfo=UTC))
        load_batch(connection, [moved], [])
    hits = [hit for hit in find(spoken, Question("brief")) if hit.call_id == "call-c"]
    assert [hit.started_local.month for hit in hits] == [7]
    assert sorted(_files(spoken)) == ["2026-07.duckdb", "2026-09.duckdb"]


def test_what_a_load_changes_is_searched_before_its_counts_are_made(spoken: Path, make_result: MakeResult) -> None:
    with open_writer(spoken) as connection:
        later = make_result("call-e", said="nog een brief", started_at=datetime(2026, 10, 1, 9, tzinfo=UTC))
        load_batch(connection, [later], [], more_follow=True)
    assert sorted(_found(spoken, "brief")) == ["call-a", "call-b", "call-c", "call-e"]


def test_a_load_that_fails_leaves_what_can_be_found(spoken: Path, make_result: MakeResult) -> None:
    twice = [make_result("call-e", said="nog een brief", recording_ref="r1")]
    twice.append(make_result("call-f", said="nog een brief", recording_ref="r1"))
    with open_writer(spoken) as connection, pytest.raises(StoreError):
        load_batch(connection, twice, [])
    assert sorted(_found(spoken, "brief")) == ["call-a", "call-b", "call-c"]


def test_another_database_in_its_place_is_noticed(spoken: Path, make_result: MakeResult) -> None:
    _found(spoken, "brief")
    results = [make_result("call-a", said="heel andere woorden")]
    results.append(make_result("call-b", said="al die stukken", topics=(("bulky-waste", None),)))
    other = spoken.parent.parent / "elsewhere" / "callinsight.duckdb"
    with open_writer(other) as connection:
        load_batch(connection, results, [])
    other.replace(spoken)
    assert _found(spoken, "brief") == []
    assert _found(spoken, "stukken") == ["call-b"]
    assert sorted(_files(spoken)) == ["2026-09.duckdb"]


def test_scores_of_months_compare(database: Path, make_result: MakeResult) -> None:
    """A word is as rare as it is in all months together, also in a month of one call, where it is usual."""
    alone = datetime(2026, 10, 1, 9, tzinfo=UTC)
    with open_writer(database) as connection:
        results = [make_result(f"call-{n}", said=f"een brief {n}") for n in range(8)]
        results.append(make_result("call-x", said="mijn paspoort nu"))
        results.append(make_result("call-y", said="het paspoort nu", started_at=alone))
        load_batch(connection, results, [])
    assert _found(database, "paspoort") == ["call-y", "call-x"]  # equally good, so the newest first
    assert _found(database, "brief paspoort", any_word=True, limit=2) == ["call-y", "call-x"]


def test_the_index_is_for_its_owner_alone_and_leaves_nothing_behind(spoken: Path) -> None:
    _found(spoken, "brief")
    folder = spoken.parent / "search"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert sorted(path.name for path in spoken.parent.iterdir()) == ["callinsight.duckdb", "search"]
    assert sorted(_files(spoken)) == ["2026-08.duckdb", "2026-09.duckdb"]
    search_index.remove(spoken)
    assert not any(folder.iterdir())


def test_the_index_of_an_earlier_version_goes(spoken: Path) -> None:
    (spoken.parent / "search.duckdb").write_text("all months in one file")
    assert len(_found(spoken, "brief")) == 3
    assert sorted(path.name for path in spoken.parent.iterdir()) == ["callinsight.duckdb", "search"]


def test_a_damaged_index_is_made_anew(spoken: Path) -> None:
    _found(spoken, "brief")
    for path in (spoken.parent / "search").iterdir():
        path.write_bytes(b"this was an index once" * 1000)
    assert len(_found(spoken, "brief")) == 3


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        find(tmp_path / "none.duckdb", Question("brief"))
