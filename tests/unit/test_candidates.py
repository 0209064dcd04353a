"""Candidates for new topics: groups that a reader would make, the same again, ids and verdicts that last."""

import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.candidate_files import read_candidates, remove_calls, write_candidates
from callinsight.core.candidate import Candidate, CandidateVerdict, renew
from callinsight.core.candidates import Group, GroupOptions, Item, find_groups
from callinsight.core.dutch_words import telling_words
from callinsight.core.growth import growth
from callinsight.errors import StoreError

DAY = date(2026, 9, 7)
MATTERS = {
    "sticker": ("moet er een sticker in mijn paspoort", "waar haal ik die sticker", "zonder sticker op vakantie"),
    "egels": ("er zit een egel in de tuin", "wie haalt een zieke egel op", "de egels zijn weer wakker"),
    "vuurwerk": ("mag ik vuurwerk afsteken", "de buurt heeft last van vuurwerk", "waar lever ik oud vuurwerk in"),
}
CHAT = ("dat duurt lang", "in de brief iets anders", "mijn man zei het", "op de website gekeken", "erg vervelend hoor")


def items(each: int = 12, seed: int = 1) -> list[Item]:
    """Calls about three matters: each has a direction of its own, blurred, and words of its own among chat."""
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    found = []
    for place, (matter, phrases) in enumerate(MATTERS.items()):
        for number in range(each):
            vector = np.eye(8, dtype=np.float32)[place] + noise.normal(0, 0.15, 8).astype(np.float32)
            said = (rng.choice(phrases), rng.choice(CHAT), rng.choice(CHAT))
            found.append(Item(f"call-{matter}-{number:02d}", DAY + timedelta(days=number), number, said, vector))
    return found


def matter_of(group: Group) -> set[str]:
    return {call.split("-")[1] for call, _ in group.members}


def test_matters_are_told_apart_with_their_words() -> None:
    groups = find_groups(items())
    assert {frozenset(matter_of(group)) for group in groups} == {frozenset({one}) for one in MATTERS}
    for group in groups:
        (matter,) = matter_of(group)
        assert any(matter[:4] in term for term in group.terms), group.terms
        assert len(group.members) >= 8
        assert 1 <= len(group.examples) <= 3
        assert set(group.examples) <= set(group.members)


def test_the_order_of_calls_does_not_matter() -> None:
    some = items()
    shuffled = some[:]
    random.Random(3).shuffle(shuffled)
    assert find_groups(shuffled) == find_groups(some)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_few_calls_give_no_groups(count: int) -> None:
    assert find_groups(items()[:count]) == ()


def test_a_call_counts_once() -> None:
    some = items()
    twice = [*some, *(replace(one, turn=one.turn + 50) for one in some)]
    assert find_groups(twice) == find_groups(some)


def test_a_question_that_is_known_is_nothing_new() -> None:
    known = [replace(one, facet="cost" if "egels" in one.call_id else None) for one in items()]
    assert {frozenset(matter_of(group)) for group in find_groups(known)} == {
        frozenset({"sticker"}),
        frozenset({"vuurwerk"}),
    }


def test_a_term_of_one_caller_is_no_term() -> None:
    some = items()
    some[0] = replace(some[0], said=(*some[0].said, "zonnebloemstraat zonnebloemstraat zonnebloemstraat"))
    assert not any("zonnebloemstraat" in group.terms for group in find_groups(some))


def test_marks_numbers_and_small_talk_tell_nothing() -> None:
    said = ("goedemorgen met <NAAM> ik bel over 12 egels op <STRAAT>", "eh ja dat klopt")
    assert telling_words(said) == ["egels"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 40))
def test_groups_never_overlap_and_hold_given_calls_alone(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    words = np.array(["egel", "sticker", "boom", "lamp", "straat", "vergunning", "paspoort", "brief", "geld", "fiets"])
    some = [
        Item(f"call-{n:03d}", DAY, n, (" ".join(rng.choice(words, 4)),), rng.normal(size=4).astype(np.float32))
        for n in range(count)
    ]
    groups = find_groups(some, GroupOptions(least_calls=3, term_calls=2, word_dimensions=4))
    members = [one for group in groups for one in group.members]
    assert len(members) == len(set(members))
    assert set(members) <= {(one.call_id, one.turn) for one in some}
    assert all(len(group.members) >= 3 and group.terms for group in groups)


def group(*numbers: int) -> Group:
    members = tuple((f"call-{n:03d}", 1) for n in numbers)
    return Group(members, ("egels",), members[:2])


def test_a_candidate_keeps_its_id_and_verdict_while_calls_come_and_go() -> None:
    (first,) = renew((), None, [group(1, 2, 3, 4, 5)], DAY)
    decided = replace(first, verdict=CandidateVerdict.BELONGS_TO, belongs_to="pets")
    later = DAY + timedelta(days=7)
    found = renew((decided,), None, [group(4, 5, 6, 7, 8, 9, 10), group(20, 21, 22, 23, 24)], later)
    same = next(one for one in found if one.candidate_id == first.candidate_id)
    assert (same.verdict, same.belongs_to, same.found_on) == (CandidateVerdict.BELONGS_TO, "pets", DAY)
    assert ("call-010", 1) in same.members
    (other,) = [one for one in found if one is not same]
    assert (other.verdict, other.found_on) == (None, later)


def test_of_two_groups_the_nearest_is_the_candidate() -> None:
    (first,) = renew((), None, [group(1, 2, 3, 4, 5, 6)], DAY)
    found = renew((first,), None, [group(5, 6, 7, 8, 9, 10), group(1, 2, 3, 4)], DAY)
    assert len(found) == 2
    same = next(one for one in found if one.candidate_id == first.candidate_id)
    assert ("call-001", 1) in same.members


def test_what_is_gone_stays_only_when_it_was_decided_on() -> None:
    open_, decided = (
        Candidate(f"k{n}aa", None, ("egels",), DAY, ((f"call-{n}00", 1),), (), verdict)
        for n, verdict in ((1, None), (2, CandidateVerdict.NOTHING))
    )
    assert renew((open_, decided), None, [], DAY) == (decided,)
    elsewhere = replace(open_, topic="passport")
    assert renew((elsewhere,), None, [], DAY) == ()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="belongs"):
        Candidate("k1aa", None, (), DAY, (), (), CandidateVerdict.BELONGS_TO)
    with pytest.raises(ValueError, match="member"):
        Candidate("k1aa", None, (), DAY, (), (("call-1", 1),))


def test_files_hold_exactly_the_candidates_and_erase_a_call(tmp_path: Path) -> None:
    made = renew((), None, [group(1, 2, 3), group(7, 8, 9)], DAY)
    write_candidates(tmp_path, made)
    assert read_candidates(tmp_path) == made
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())
    assert remove_calls(tmp_path, ["call-001"])
    assert not remove_calls(tmp_path, ["call-001"])
    assert not any(b"call-001" in path.read_bytes() for path in tmp_path.iterdir())
    write_candidates(tmp_path, made[:1])
    assert read_candidates(tmp_path) == made[:1]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "k1aa.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"k1aa\.json is damaged"):
        read_candidates(tmp_path)


@pytest.mark.parametrize(
    ("before", "last", "trend"),
    [
        ([(4, 5)] * 8, (30, 5), "stijgt"),
        ([(30, 5)] * 8, (4, 5), "daalt"),
        ([(4, 5)] * 8, (5, 5), "geen verandering"),
        ([(0, 5)] * 8, (1, 5), "geen verandering"),
        ([(4, 5)] * 3, (30, 5), "te weinig weken"),
        ([(10, 5)] * 8, (4, 2), "geen verandering"),
        ([(0, 5), (30, 5)] * 4, (31, 5), "geen verandering"),
    ],
)
def test_growth_heeds_chance_and_working_days(before: list[tuple[int, int]], last: tuple[int, int], trend: str) -> None:
    assert growth(before, last).trend == trend
