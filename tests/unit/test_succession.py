"""What is merged counts as the other, what is hidden as nothing, and all else is as it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight import overlaid
from callinsight.core.folding import Fold
from callinsight.core.succession import Succession, carried
from callinsight.core.tagging import Decider, Labels, LabelSet, TurnScores, shares
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import (
    UNKNOWN_LABEL,
    Flag,
    FlagSource,
    Need,
    Outcome,
    Question,
    Role,
    Severity,
    Span,
    Tags,
    Turn,
    Word,
)
from callinsight.evaluate import led_on
from callinsight.overlay import parse_overlay
from callinsight.taxonomy_files import load_rules, load_taxonomy, read_documents

OURS = Path(__file__).parents[2] / "models" / "taxonomy"
DOCUMENTS = read_documents(OURS)
TOPICS = ("passport", "id-card", "debt-help")
FACETS = ("cost", "what-to-bring", "passport/photo-rules")
NEEDS = ("travel", "identify")
OUTCOMES = ("handled", "callback-request", UNKNOWN_LABEL)


def laid(**sections: Any) -> Taxonomy:
    return overlaid.overlaid(DOCUMENTS, parse_overlay("eigen.yaml", {"version": "1", **sections}), "eigen.yaml")


def decider(doubt: float = 0.3, **sections: Any) -> Decider:
    taxonomy = laid(**sections)
    rules = load_rules(OURS, load_taxonomy(OURS))
    topics, facets, needs = (LabelSet(names, 0.45, doubt) for names in (TOPICS, FACETS, NEEDS))
    return Decider(Labels(topics, facets, needs, LabelSet(OUTCOMES, 0.3), LabelSet(())), taxonomy, rules)


def spoken(*said: tuple[Role, str]) -> tuple[Turn, ...]:
    turns = []
    for number, (role, text) in enumerate(said):
        at = 10_000 * number
        words = tuple(Word(Span(at + 10 * n, at + 10 * n + 9), word, 1.0) for n, word in enumerate(text.split()))
        turns.append(Turn(Span(at, at + 10 * len(words)), role, words))
    return tuple(turns)


CALL = spoken((Role.CALLER, "ik heb daar een vraag over"), (Role.AGENT, "dat zoek ik voor u op"))


def scores(topics: tuple[float, ...], facets: tuple[float, ...] = (0, 0, 0), needs: tuple[float, ...] = (0, 0)) -> Any:
    def first(row: tuple[float, ...]) -> Any:
        return np.array([row, [0.0] * len(row)], dtype=np.float32)

    outcome = np.array([0.1, 0.8, 0.1], dtype=np.float32)
    signals = np.zeros((2, 0), np.float32)
    return TurnScores(first(topics), first(facets), first(needs), signals, outcome, np.zeros((2, 3), np.float32))


def topics_of(tags: Tags) -> list[str]:
    return [question.topic for question in tags.questions]


def test_a_merged_topic_is_given_as_the_other() -> None:
    heard = scores((0.0, 0.9, 0.0))
    assert topics_of(decider().tags(CALL, heard)) == ["id-card"]
    assert topics_of(decider(merge={"topics": {"id-card": "passport"}}).tags(CALL, heard)) == ["passport"]


def test_who_wavers_between_two_that_were_merged_is_sure_of_both_together() -> None:
    heard = scores((0.4, 0.4, 0.0))
    assert topics_of(decider().tags(CALL, heard)) == [UNKNOWN_LABEL]
    assert topics_of(decider(merge={"topics": {"id-card": "passport"}}).tags(CALL, heard)) == ["passport"]


def test_a_hidden_topic_is_unknown_and_not_taken_for_the_next_best() -> None:
    heard = scores((0.6, 0.95, 0.0))
    hidden = decider(hide={"topics": ["id-card"]}).tags(CALL, heard)
    assert topics_of(hidden) == [UNKNOWN_LABEL]
    assert hidden.questions[0].evidence == (0,)


def test_a_merged_topic_takes_its_own_questions_along() -> None:
    heard = scores((0.9, 0.0, 0.0), (0.0, 0.0, 0.9))
    (question,) = decider(merge={"topics": {"passport": "id-card"}}).tags(CALL, heard).questions
    assert (question.topic, question.facet) == ("id-card", "photo-rules")
    taxonomy = laid(merge={"topics": {"passport": "id-card"}})
    assert taxonomy.facet_label("id-card", "photo-rules") == taxonomy.facet_label("passport", "photo-rules")


def test_a_merged_question_counts_as_the_other_on_its_topic_alone() -> None:
    chosen = decider(merge={"questions": {"passport/photo-rules": "what-to-bring"}})
    (question,) = chosen.tags(CALL, scores((0.9, 0.0, 0.0), (0.0, 0.0, 0.9))).questions
    assert (question.topic, question.facet) == ("passport", "what-to-bring")
    (other,) = chosen.tags(CALL, scores((0.0, 0.9, 0.0), (0.0, 0.0, 0.9))).questions
    assert (other.topic, other.facet) == ("id-card", None)


def test_a_hidden_question_leaves_its_topic_without_one() -> None:
    chosen = decider(hide={"questions": ["passport/photo-rules"]})
    (question,) = chosen.tags(CALL, scores((0.9, 0.0, 0.0), (0.0, 0.2, 0.9))).questions
    assert (question.topic, question.facet) == ("passport", None)


def test_needs_and_outcomes_are_led_on_or_left_out() -> None:
    heard = scores((0.9, 0.0, 0.0), needs=(0.9, 0.0))
    merged = decider(merge={"needs": {"travel": "identify"}, "outcomes": {"callback-request": "handled"}})
    assert [need.kind for need in merged.tags(CALL, heard).questions[0].needs] == ["identify"]
    assert merged.tags(CALL, heard).outcome.kind == "handled"
    hidden = decider(hide={"needs": ["travel"], "outcomes": ["callback-request"]})
    assert hidden.tags(CALL, heard).questions[0].needs == ()
    assert hidden.tags(CALL, heard).outcome.kind == UNKNOWN_LABEL


def test_signals_are_led_on_with_the_severity_of_the_other() -> None:
    call = spoken((Role.CALLER, "ik begrijp de brief niet"))
    none = scores((0.0, 0.0, 0.0))
    none = replace(none, topics=none.topics[:1], facets=none.facets[:1], needs=none.needs[:1], signals=none.signals[:1])
    none = replace(none, outcome_turns=none.outcome_turns[:1])
    assert [flag.kind for flag in decider().tags(call, none).flags] == ["letter-unclear"]
    (flag,) = decider(merge={"signals": {"letter-unclear": "housing-loss"}}).tags(call, none).flags
    assert (flag.kind, flag.severity) == ("housing-loss", Severity.SAME_DAY)
    assert decider(hide={"signals": ["letter-unclear"]}).tags(call, none).flags == ()


def test_nothing_changes_where_nothing_is_merged_or_hidden() -> None:
    rng = np.random.default_rng(5)
    plain, other = decider(), decider(relabel={"topics": {"passport": "Reisdocument"}}, hide={"topics": ["grave"]})
    for _ in range(50):
        heard = scores(tuple(rng.random(3)), tuple(rng.random(3)), tuple(rng.random(2)))
        assert plain.tags(CALL, heard) == other.tags(CALL, heard)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), st.sampled_from(["a", "b", "c"]))
def test_what_was_believed_is_believed_after_a_merge(row: list[float], into: str) -> None:
    names = ("a", "b", "c", "d")
    levels = LabelSet(names, 0.45, 0.3, {"a": 0.6, "d": 0.3})
    fold = Fold.of(names, {"d": into}.get if into == "d" else lambda name: into if name == "d" else name)
    folded = levels.folded(fold)
    scores = np.array(row, dtype=np.float32)
    before, after = shares(scores, 0.3), shares(scores, 0.3, fold)
    assert fold.names == ("a", "b", "c")
    for column, name in enumerate(names):
        present = into if name == "d" else name
        place = fold.names.index(present)
        assert after[place] >= before[column]
        assert folded.threshold(present) <= levels.threshold(name) + 1e-6


def made(*questions: Question, flags: tuple[Flag, ...] = ()) -> Tags:
    return Tags(questions, Outcome("handled", 0.9, (1,)), flags)


def test_tags_without_words_are_led_on() -> None:
    taxonomy = laid(
        merge={"topics": {"passport": "id-card"}, "needs": {"travel": "identify"}},
        hide={"topics": ["debt-help"], "questions": ["cost"]},
    )
    succession = Succession.of(taxonomy)
    both = (Need("travel", 0.5, (1,)), Need("identify", 0.7, (2,)))
    before = made(
        Question("passport", "cost", 0.9, both, (1,)),
        Question("id-card", None, 0.6, (), (3,)),
        Question("debt-help", None, 0.6, (Need("certainty", 0.4, (4,)),), (4,)),
    )
    (question,) = carried(before, taxonomy, succession).questions
    assert (question.topic, question.facet, question.score) == ("id-card", None, 0.9)
    assert question.needs == (Need("identify", 0.7, (1, 2)), Need("certainty", 0.4, (4,)))
    assert question.evidence == (1, 3, 4)
    alone = made(Question("debt-help", None, 0.6, (), (4,)))
    assert carried(alone, taxonomy, succession).questions == (Question(UNKNOWN_LABEL, None, 0.6, (), (4,)),)
    untouched = made(Question("birth", "status", 0.6, (), (4,)))
    assert carried(untouched, taxonomy, succession) is untouched


def test_flags_without_words_are_joined() -> None:
    taxonomy = laid(merge={"signals": {"complaint": "compliment"}}, hide={"signals": ["transfer"]})
    flags = tuple(
        Flag(kind, Severity.INFO, Span(number, number + 1), FlagSource.RULE, 1.0, (number,))
        for number, kind in enumerate(("complaint", "compliment", "transfer"))
    )
    question = Question("birth", None, 0.5, (), (0,))
    (flag,) = carried(made(question, flags=flags), taxonomy, Succession.of(taxonomy)).flags
    assert (flag.kind, flag.evidence) == ("compliment", (0, 1))


def test_ground_truth_counts_as_calls_do() -> None:
    taxonomy = laid(
        merge={"topics": {"passport": "id-card"}, "needs": {"travel": "identify"}},
        hide={"topics": ["debt-help"], "signals": ["complaint"], "outcomes": ["handled"]},
    )
    document = {
        "questions": [
            {"topic": "passport", "facet": "photo-rules", "needs": ["travel"]},
            {"topic": "debt-help", "facet": None, "needs": []},
        ],
        "signals": [{"kind": "complaint"}, {"kind": "violence"}],
        "outcome": "handled",
    }
    found = led_on(document, taxonomy)
    assert [(one["topic"], one["facet"], one["needs"]) for one in found["questions"]] == [
        ("id-card", "photo-rules", ["identify"]),
        (UNKNOWN_LABEL, None, []),
    ]
    assert (found["signals"], found["outcome"]) == ([{"kind": "violence"}], UNKNOWN_LABEL)
    assert led_on(document, load_taxonomy(OURS)) is document


@pytest.mark.parametrize("columns", [("a",), ("a", "b", "c")])
def test_a_fold_of_nothing_hands_back_the_same_array(columns: tuple[str, ...]) -> None:
    fold = Fold.of(columns, lambda name: name)
    array = np.random.default_rng(1).random((3, len(columns))).astype(np.float32)
    assert fold.plain
    assert fold.highest(array) is array
    assert fold.added(array) is array
