"""Labels that no head was trained on are found by cues and example sentences, and disturb nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callinsight import overlaid
from callinsight.core.tagging import Labels, LabelSet, TurnScores
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.text import normal_words
from callinsight.core.untrained import LEAST_EXAMPLES, Nearness, background, untrained
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.core.vectors import TurnVectors
from callinsight.engines.additions import Additions, yielding
from callinsight.overlay import parse_overlay
from callinsight.taxonomy_files import read_documents

DOCUMENTS = read_documents(Path(__file__).parents[2] / "models" / "taxonomy")
EXAMPLES = ["zwaluw nest dak", "zwaluw onder dak", "nest van zwaluw"]


def laid(**sections: Any) -> Taxonomy:
    return overlaid.overlaid(DOCUMENTS, parse_overlay("eigen.yaml", {"version": "1", **sections}), "eigen.yaml")


def swallows(**more: Any) -> dict[str, Any]:
    return {"label": "Zwaluwen", "domain": "openbare-ruimte", "cues": ["zwaluw"], "examples": EXAMPLES, **more}


def trained(taxonomy: Taxonomy) -> Labels:
    """All that is ours, as heads know it."""
    own = tuple(f"{one.topic}/{one.id}" for one in taxonomy.all_facets() if one.topic and not one.id.startswith("x-"))
    kinds = (taxonomy.topics, (*taxonomy.facets, *own), taxonomy.needs, taxonomy.outcomes)
    ours = [tuple(name for name in names if not name.startswith("x-")) for names in kinds]
    topics, facets, needs, outcomes = (LabelSet(names, 0.45, 0.3) for names in ours)
    return Labels(topics, facets, needs, LabelSet(outcomes.names, 0.3), LabelSet(()))


def vector(word: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A fixed direction for every word."""
    seed = int.from_bytes(word.encode(), "little") % (2**32)
    return np.random.default_rng(seed).normal(size=24).astype(np.float32)


def read(calls: Sequence[tuple[Turn, ...]]) -> list[TurnVectors]:
    """Vectors whose middle third is the mean of the words; the rest is empty, and must not matter."""
    found = []
    for turns in calls:
        rows = [np.mean([vector(w) for w in normal_words(turn.text)], axis=0) for turn in turns]
        blank = np.zeros((len(rows), 24), np.float32)
        values = np.hstack([blank, np.stack(rows), blank]).astype(np.float32)
        found.append(TurnVectors.of("words", range(len(rows)), values))
    return found


def call(*said: tuple[Role, str]) -> tuple[Turn, ...]:
    turns = []
    for number, (role, text) in enumerate(said):
        words = tuple(Word(Span(100 * number + n, 100 * number + n + 1), w, 1.0) for n, w in enumerate(text.split()))
        turns.append(Turn(Span(100 * number, 100 * number + len(words)), role, words))
    return tuple(turns)


def silent(labels: Labels, turns: int) -> TurnScores:
    """Heads that hear hardly anything."""
    sizes = [len(level.names) for level in (labels.topics, labels.facets, labels.needs)]
    topics, facets, needs = (np.full((turns, size), 0.01, np.float32) for size in sizes)
    count = len(labels.outcomes.names)
    outcome = np.full(count, 1.0 / count, np.float32)
    return TurnScores(
        topics, facets, needs, np.zeros((turns, 0), np.float32), outcome, np.zeros((turns, count), np.float32)
    )


def scored(taxonomy: Taxonomy, turns: tuple[Turn, ...]) -> tuple[TurnScores, TurnScores, Labels]:
    """What the heads alone and heads with additions hear, and the labels of both."""
    labels = trained(taxonomy)
    additions = Additions.of(taxonomy, labels, read)
    assert additions is not None
    before = silent(labels, len(turns))
    return before, additions.added(before, turns, read([turns])[0]), additions.labels


def test_what_the_heads_know_needs_no_additions() -> None:
    taxonomy = laid()
    assert Additions.of(taxonomy, trained(taxonomy), read) is None
    assert not any(untrained(taxonomy, {"topics": taxonomy.topics, "facets": trained(taxonomy).facets.names,
                                        "needs": taxonomy.needs}).values())  # fmt: skip


def test_a_new_topic_is_heard_by_its_sentences() -> None:
    taxonomy = laid(add={"topics": {"x-swallows": swallows(cues=[])}})
    turns = call((Role.CALLER, "een nest zwaluw dak"), (Role.CALLER, "wanneer komt de vuilniswagen langs"))
    before, after, labels = scored(taxonomy, turns)
    column = labels.topics.names.index("x-swallows")
    assert after.topics[0, column] > 0.5
    assert after.topics[1, column] == 0.0
    assert (after.topics[:, : before.topics.shape[1]] == before.topics).all()  # to the last bit


def test_few_sentences_count_for_nothing() -> None:
    taxonomy = laid(add={"topics": {"x-swallows": swallows(cues=[], examples=EXAMPLES[: LEAST_EXAMPLES - 1])}})
    turns = call((Role.CALLER, "een nest zwaluw dak"))
    _, after, labels = scored(taxonomy, turns)
    assert after.topics[0, labels.topics.names.index("x-swallows")] == 0.0


def test_the_agent_s_words_are_no_question() -> None:
    taxonomy = laid(add={"topics": {"x-swallows": swallows()}})
    turns = call((Role.AGENT, "een nest zwaluw dak"), (Role.SYSTEM, "een nest zwaluw dak"))
    _, after, labels = scored(taxonomy, turns)
    assert (after.topics[:, labels.topics.names.index("x-swallows")] == 0.0).all()


def test_cues_are_heard_without_the_encoder() -> None:
    taxonomy = laid(add={"topics": {"x-swallows": swallows(examples=[])}})
    turns = call((Role.CALLER, "er zit een zwaluw"), (Role.CALLER, "goedemiddag"))
    labels = trained(taxonomy)
    additions = Additions.of(taxonomy, labels, lambda _: pytest.fail("nothing is to be read"))
    assert additions is not None
    after = additions.added(silent(labels, 2), turns, read([turns])[0])
    column = additions.labels.topics.names.index("x-swallows")
    assert after.topics[0, column] > 0.7
    assert after.topics[1, column] == 0.0


def test_more_words_for_one_of_ours_raise_that_one_alone() -> None:
    taxonomy = laid(extend={"topics": {"pests": {"cues": ["zwaluw"]}}, "needs": {"be-heard": {"cues": ["luister"]}}})
    turns = call((Role.CALLER, "luister er zit een zwaluw"))
    before, after, labels = scored(taxonomy, turns)
    topics = np.flatnonzero(after.topics[0] != before.topics[0])
    assert [labels.topics.names[column] for column in topics] == ["pests"]
    needs = np.flatnonzero(after.needs[0] != before.needs[0])
    assert [labels.needs.names[column] for column in needs] == ["be-heard"]


def test_new_questions_and_needs_have_columns_of_their_own() -> None:
    taxonomy = laid(
        add={
            "questions": {"passport/x-sticker": {"label": "Sticker", "cues": ["sticker"]}},
            "needs": {"x-rest": {"label": "Rust", "cues": ["rust"]}},
        }
    )
    turns = call((Role.CALLER, "de sticker geeft mij rust"))
    _, after, labels = scored(taxonomy, turns)
    assert after.facets[0, labels.facets.names.index("passport/x-sticker")] > 0.7
    assert after.needs[0, labels.needs.names.index("x-rest")] > 0.7


def test_an_outcome_is_heard_from_the_agent_and_takes_its_share() -> None:
    outcome = {"label": "Wijkteam", "fcr": "solved", "cues": ["wijkteam belt terug"]}
    taxonomy = laid(add={"outcomes": {"x-wijkteam": outcome}})
    turns = call((Role.CALLER, "het wijkteam belt terug zeker"), (Role.AGENT, "het wijkteam belt terug"))
    _, after, labels = scored(taxonomy, turns)
    column = labels.outcomes.names.index("x-wijkteam")
    assert int(after.outcome.argmax()) == column
    assert float(after.outcome.sum()) == pytest.approx(1.0, abs=1e-5)
    assert int(after.outcome_turns[:, column].argmax()) == 1


def test_nearness_needs_something_to_compare_with() -> None:
    with pytest.raises(ValueError, match="sentences"):
        Nearness.build(np.zeros((1, 3), np.float32), [np.zeros((1, 3), np.float32)], [np.array([True])])


def test_the_background_is_what_ours_says() -> None:
    taxonomy = laid(extend={"topics": {"pests": {"cues": ["zwaluw"]}}})
    said = background(taxonomy)
    assert ("passport", "paspoort") in [(label, sentence.casefold()) for label, sentence in said]
    assert "zwaluw" not in {sentence for _, sentence in said}


def test_nearness_to_an_added_topic_yields_to_a_head_that_is_sure() -> None:
    near = np.array([[0.95, 0.0], [0.95, 0.4]], dtype=np.float32)
    heads = np.array([[0.0, 0.0], [0.97, 0.1]], dtype=np.float32)
    left = yielding(near, heads)
    assert left[0] == pytest.approx([0.95, 0.0])  # nothing else is heard
    assert left[1] == pytest.approx([19 * 0.03 / (1 + 19 * 0.03), 0.4 * 0.03 / (0.6 + 0.4 * 0.03)], abs=1e-4)
    assert yielding(near, np.ones_like(near)).max() == 0.0
