"""The sentences of ``tests/data/tags/openings.yaml`` keep what the figures on them promise."""

import re
from pathlib import Path

import pytest

from bench.openings import Opening, Sentences, Story, figures, read
from bench.tag_systems import Answer
from callinsight.core.text import normal_text
from callinsight.taxonomy_files import load_taxonomy
from support.training_wording import taught

TAXONOMY = load_taxonomy(Path(__file__).resolve().parents[2] / "models/taxonomy")
SENTENCES = read()
ALL = [*(o.said for o in SENTENCES.openings), *(s.said for s in SENTENCES.stories), *SENTENCES.nothing]


def test_every_topic_has_three_openings_or_more_and_every_need_as_many_stories() -> None:
    topics, needs = [one.topic for one in SENTENCES.openings], [one.need for one in SENTENCES.stories]
    assert set(topics) == set(TAXONOMY.topics)
    assert set(needs) == set(TAXONOMY.needs)
    assert min(map(topics.count, set(topics))) >= 3
    assert min(map(needs.count, set(needs))) >= 3


def test_each_asks_a_question_that_its_topic_has() -> None:
    for one in SENTENCES.openings:
        assert one.facet in TAXONOMY.topics[one.topic].facet_ids, one.topic


def test_they_are_written_as_they_are_said_and_none_twice() -> None:
    assert len({normal_text(line) for line in ALL}) == len(ALL) > 800
    for line in ALL:
        assert re.fullmatch(r"[a-zà-ÿ' -]+", line), line


def test_none_is_in_the_wording_that_the_tagger_was_trained_on() -> None:
    assert not taught(ALL)


def test_a_sentence_that_it_was_trained_on_would_be_found() -> None:
    assert taught(["ja hallo oud papier niet opgehaald bij ons het waait nu de hele buurt door"])


def _answer(topics: str = "", facets: str = "", needs: str = "", **scores: float) -> Answer:
    return Answer(frozenset(topics.split()), frozenset(facets.split()), frozenset(needs.split()), scores)


def test_the_figures_count_what_they_say() -> None:
    openings = tuple(Opening("dog", "cost", "x") for _ in range(4))
    sentences = Sentences(openings, (Story("joy", "x"), Story("loss", "x")), ("x", "x"))
    heard = [
        _answer("dog", "cost", dog=0.9),
        _answer("dog tree", "rules", dog=0.5, tree=0.6),
        _answer("tree", "cost", tree=0.6),
        _answer(dog=0.1),
    ]
    shown = figures(sentences, heard, [_answer(needs="joy travel"), _answer()], [_answer(), _answer("dog")])
    assert shown == pytest.approx(
        {
            "right": 0.5,
            "elsewhere": 0.25,
            "unknown": 0.25,
            "first": 0.5,
            "question": 0.25,
            "need_precision": 0.5,
            "need_recall": 0.5,
            "nothing_right": 0.5,
        }
    )
