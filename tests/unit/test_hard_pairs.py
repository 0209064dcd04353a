"""The sentences of ``tests/data/tags/hard_pairs.yaml`` keep what the figures on them promise."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.hard_pairs import Side, forced, pairs, verdict
from callinsight.core.text import normal_text
from callinsight.taxonomy_files import load_taxonomy

ROOT = Path(__file__).resolve().parents[2]
SIDES = [side for pair in pairs() for side in pair]
LONGEST_SHARED_RUN = 6
"""Words in a row that a sentence may have in common with what the tagger was trained on: set phrases are as long."""


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield from node.split("|")
    elif isinstance(node, dict | list):
        for one in node.values() if isinstance(node, dict) else node:
            yield from _leaves(one)


def _trained_on() -> frozenset[str]:
    recipes = ROOT / "models/recipes"
    files = [*(recipes / "tagger").glob("sayings*.yaml"), *(recipes / "calls/phrases").glob("*.yaml")]
    assert len(files) > 10
    loaded = (yaml.safe_load(f.read_text(encoding="utf-8")) for f in (*files, ROOT / "models/taxonomy/examples.yaml"))
    return frozenset(normal_text(text) for one in loaded for text in _leaves(one))


def _runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


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
    trained = _trained_on()
    runs = set().union(*(_runs(text, LONGEST_SHARED_RUN + 1) for text in trained))
    for side in SIDES:
        for line in map(normal_text, _said(side)):
            assert line not in trained
            assert not _runs(line, LONGEST_SHARED_RUN + 1) & runs, line


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
