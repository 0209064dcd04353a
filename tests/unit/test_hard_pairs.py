"""The sentences of ``tests/data/tags/hard_pairs.yaml`` keep what the figures on them promise."""

import re
from pathlib import Path

import pytest

from bench.hard_pairs import Side, forced, pairs, verdict
from callinsight.core.text import normal_text
from callinsight.taxonomy_files import load_taxonomy
from support.training_wording import taught

ROOT = Path(__file__).resolve().parents[2]
SIDES = [side for pair in pairs() for side in pair]


def _said(side: Side) -> list[str]:
    """What the caller says, a call a line."""
    return [" ".join(text for role, text in call if role == "caller") for call in side.calls]


def test_there_are_three_pairs_of_two_hundred_different_calls() -> None:
    assert [len(side.calls) for side in SIDES] == [100] * 6
    said = [normal_text(line) for side in SIDES for line in _said(side)]
    assert len(set(said)) == len(said) == 600


def test_the_topics_exist_and_no_topic_is_right_for_both_sides() -> None:
    known = set(load_taxonomy(ROOT / "models/taxonomy").topics)
    for first, second in pairs():
        assert first.topics
        assert second.topics
        assert first.topics | second.topics <= known
        assert not first.topics & second.topics


def test_they_are_written_as_they_are_said_and_hold_no_figures() -> None:
    for side in SIDES:
        for line in _said(side):
            assert re.fullmatch(r"[a-zà-ÿ' ]+", line), line
            assert 5 <= len(line.split()) <= 40, line


def test_none_is_said_by_the_grammar_or_the_sayings_that_the_tagger_was_trained_on() -> None:
    assert not taught(line for side in SIDES for line in _said(side))


@pytest.mark.parametrize(
    ("found", "expected"),
    [("", "unknown"), ("a", "right"), ("a c", "right"), ("a b", "both"), ("b c", "other"), ("c", "elsewhere")],
)
def test_a_verdict_says_which_side_was_heard(found: str, expected: str) -> None:
    assert verdict(frozenset("a"), frozenset("b"), frozenset(found.split())) == expected


@pytest.mark.parametrize(
    ("scores", "expected"),
    [({"a": 0.2, "b": 0.1}, 1.0), ({"a": 0.1, "d": 0.3, "b": 0.2}, 1.0), ({"b": 0.1}, 0.0), ({}, 0.5)],
)
def test_a_forced_choice_takes_the_best_topic_of_each_side_and_halves_a_tie(
    scores: dict[str, float], expected: float
) -> None:
    assert forced(frozenset("ad"), frozenset("b"), scores) == expected
