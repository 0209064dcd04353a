"""Words are found in any Dutch form, only in redacted turns, and never in calls that are gone."""

import stat
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from callinsight.core.values import CallResult
from callinsight.errors import StoreError
from callinsight.store import search
from callinsight.store.database import open_writer
from callinsight.store.load import delete_calls, load_batch
from callinsight.store.search import Hit, Question, find

MakeResult = Callable[..., CallResult]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "work" / "search.duckdb"


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


def _found(database: Path, index: Path, words: str, **how: object) -> list[str]:
    return [hit.call_id for hit in find(database, index, Question(words, **how))]  # type: ignore[arg-type]


def test_every_form_of_a_word_is_found(spoken: Path, index: Path) -> None:
    assert sorted(_found(spoken, index, "brief onduidelijk")) == ["call-a", "call-b"]
    assert sorted(_found(spoken, index, "BRIEVEN")) == ["call-a", "call-b", "call-c"]
    assert _found(spoken, index, "cafe") == ["call-d"]
    assert _found(spoken, index, "gemeentehuis") == []


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
def test_dutch_forms_meet(database: Path, index: Path, make_result: MakeResult, asked: str, said: str) -> None:
    with open_writer(database) as connection:
        load_batch(connection, [make_result("call-a", said=said)], [])
    (hit,) = find(database, index, Question(asked))
    assert hit.marks


def test_a_hit_tells_where_it_was_said(spoken: Path, index: Path) -> None:
    (hit,) = find(spoken, index, Question("brief", since=date(2026, 9, 1), topic="passport"))
    text = "die brief is mij onduidelijk zegt <NAAM>"
    assert hit == Hit("call-a", datetime.fromisoformat("2026-09-01T09:12"), 2_000, "caller", text, ((4, 9),))


def test_marks_are_on_the_words_that_were_found(spoken: Path, index: Path) -> None:
    hits = {hit.call_id: hit for hit in find(spoken, index, Question("brief onduidelijk"))}
    marked = [hits["call-b"].text[start:end] for start, end in hits["call-b"].marks]
    assert marked == ["onduidelijke", "brieven"]


def test_all_words_or_any(spoken: Path, index: Path) -> None:
    assert _found(spoken, index, "brief café") == []
    assert sorted(_found(spoken, index, "brief café", any_word=True)) == ["call-a", "call-b", "call-c", "call-d"]


def test_limit_topic_and_day(spoken: Path, index: Path) -> None:
    assert len(_found(spoken, index, "brief", limit=2)) == 2
    assert _found(spoken, index, "brief", topic="bulky-waste") == ["call-b"]
    assert _found(spoken, index, "brief", topic="nothing") == []
    assert sorted(_found(spoken, index, "brief", since=date(2026, 8, 2))) == ["call-a", "call-b"]


def test_a_mask_is_no_word(spoken: Path, index: Path) -> None:
    assert _found(spoken, index, "naam") == ["call-d"]


@pytest.mark.parametrize("words", ["", " ", "?!", "<>", "--"])
def test_a_search_needs_a_word(spoken: Path, index: Path, words: str) -> None:
    with pytest.raises(StoreError, match="at least one word"):
        find(spoken, index, Question(words))


@pytest.mark.parametrize("words", ["brief'", "brief'); DROP TABLE documents; --", 'brief"', "brief%", "$limit brief"])
def test_strange_signs_do_no_harm(spoken: Path, index: Path, words: str) -> None:
    _found(spoken, index, words)
    assert "call-a" in _found(spoken, index, "brief")


def test_the_index_follows_the_turns(spoken: Path, index: Path, make_result: MakeResult) -> None:
    assert len(_found(spoken, index, "brief")) == 3
    made = index.stat().st_ino
    assert len(_found(spoken, index, "brief")) == 3
    assert index.stat().st_ino == made  # not made anew for nothing
    with open_writer(spoken) as connection:
        load_batch(connection, [make_result("call-e", said="nog een brief")], [])
        delete_calls(connection, ["call-a"])
    assert sorted(_found(spoken, index, "brief")) == ["call-b", "call-c", "call-e"]
    with open_writer(spoken) as connection:
        load_batch(connection, [make_result("call-e", said="iets heel anders")], [])
    assert sorted(_found(spoken, index, "brief")) == ["call-b", "call-c"]


def test_the_index_is_for_its_owner_alone_and_leaves_nothing_behind(spoken: Path, index: Path) -> None:
    _found(spoken, index, "brief")
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    assert sorted(path.name for path in index.parent.iterdir()) == ["callinsight.duckdb", "search.duckdb"]
    search.remove(index)
    assert sorted(path.name for path in index.parent.iterdir()) == ["callinsight.duckdb"]


def test_a_damaged_index_is_made_anew(spoken: Path, index: Path) -> None:
    index.write_bytes(b"this was an index once" * 1000)
    assert len(_found(spoken, index, "brief")) == 3


def test_without_a_database_it_says_so(tmp_path: Path, index: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        find(tmp_path / "none.duckdb", index, Question("brief"))
