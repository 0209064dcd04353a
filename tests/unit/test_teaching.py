"""What verdicts say, the fixed split, the fit of a correction, and when it counts as better."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callinsight.core.corrections import Change, Corrections
from callinsight.core.improvement import About, Review, Tag, Verdict
from callinsight.core.teaching import (
    CHANCE,
    Claim,
    Examples,
    Restraint,
    Truth,
    Turned,
    best_threshold,
    chance_of,
    claims,
    is_test_call,
    labelled_score,
    score,
    turned,
    unasked,
)
from callinsight.core.values import Need, Question

AT = datetime(2026, 9, 7, 10, 0, tzinfo=UTC)
Q, N = About.QUESTION, About.NEED


def review(call: str, tag: Tag, verdict: Verdict, other: Tag | None = None, later: int = 0) -> Review:
    return Review(call, tag, verdict, "teamleider", AT + timedelta(minutes=later), other)


def said(*topics: str, needs: tuple[str, ...] = ()) -> tuple[Question, ...]:
    own = tuple(Need(one, 0.9, (1,)) for one in needs)
    return tuple(Question(topic, None, 0.9, own if n == 0 else (), (1,)) for n, topic in enumerate(topics))


def found(*reviews: Review) -> set[tuple[str, str, bool, str | None]]:
    return {(one.level, one.label, one.holds, one.instead_of) for one in claims(reviews)}


def test_a_right_question_says_that_its_topic_is_right() -> None:
    assert found(review("call-1", Tag(Q, "dog", "cost"), Verdict.RIGHT)) == {
        ("topics", "dog", True, None),
        ("facets", "dog/cost", True, None),
    }


def test_a_wrong_question_says_nothing_of_its_topic() -> None:
    assert found(review("call-1", Tag(Q, "dog", "cost"), Verdict.WRONG)) == {("facets", "dog/cost", False, None)}
    assert found(review("call-1", Tag(Q, "dog"), Verdict.WRONG)) == {("topics", "dog", False, None)}


def test_should_be_teaches_both_and_where_it_was_said() -> None:
    assert found(review("call-1", Tag(Q, "dog"), Verdict.OTHER, Tag(Q, "pests", "cost"))) == {
        ("topics", "dog", False, None),
        ("topics", "pests", True, "dog"),
        ("facets", "pests/cost", True, "dog"),
    }
    assert found(review("call-1", Tag(Q, "dog", "cost"), Verdict.OTHER, Tag(Q, "dog", "rules"))) == {
        ("topics", "dog", True, None),
        ("facets", "dog/cost", False, None),
        ("facets", "dog/rules", True, "dog"),
    }
    assert found(review("call-1", Tag(N, "travel"), Verdict.OTHER, Tag(N, "identify"))) == {
        ("needs", "travel", False, None),
        ("needs", "identify", True, "travel"),
    }


def test_unknown_is_corrected_but_never_learned() -> None:
    assert found(review("call-1", Tag(Q, "unknown"), Verdict.OTHER, Tag(Q, "dog"))) == {
        ("topics", "dog", True, "unknown")
    }
    assert found(review("call-1", Tag(Q, "dog"), Verdict.OTHER, Tag(Q, "unknown"))) == {("topics", "dog", False, None)}


def test_the_newest_verdict_stands_and_outcomes_and_signals_teach_nothing() -> None:
    old = review("call-1", Tag(Q, "dog"), Verdict.WRONG)
    new = review("call-1", Tag(Q, "dog"), Verdict.RIGHT, later=5)
    assert found(new, old) == {("topics", "dog", True, None)}
    others = (Tag(About.OUTCOME, "handled"), Tag(About.SIGNAL, "repeat-call"))
    assert found(*(review("call-1", tag, Verdict.WRONG) for tag in others)) == set()


@given(st.text("abcdefghijkmnopqrstuvwxyz0123456789", min_size=4, max_size=20))
def test_the_side_of_a_call_never_changes(call_id: str) -> None:
    assert is_test_call(call_id) is is_test_call(call_id)


def test_about_three_calls_in_ten_test() -> None:
    sides = [is_test_call(f"c{n:05d}") for n in range(5000)]
    assert 0.27 < sum(sides) / len(sides) < 0.33
    assert sides[:8] == [False, False, True, False, False, False, False, False]  # another split would leak old tests


def claim(call: str, topic: str, holds: bool, about: About = Q) -> Claim:
    return Claim(call, about, topic, None, holds)


def test_scores_count_what_was_judged_alone() -> None:
    claimed = [
        claim("a", "dog", True),
        claim("b", "dog", False),
        claim("b", "pests", True),
        claim("c", "care", True, N),
    ]
    tags = {"a": said("dog", "bsn"), "b": said("dog"), "c": said("dog")}
    got = score(claimed, tags)
    assert tuple(got.labels["topics", "dog"]) == (1, 1, 0, 0)
    assert tuple(got.labels["topics", "pests"]) == (0, 0, 1, 0)
    assert got.topics == pytest.approx((2 / 3 + 0) / 2)
    assert got.needs == 0.0
    assert got.questions == 1.0


def test_a_topic_that_nobody_asked_for_counts_against_the_new_heads() -> None:
    claimed = [claim("a", "dog", True), claim("b", "pests", True)]
    before = {"a": said("unknown"), "b": said("unknown")}
    after = {"a": said("pests"), "b": said("pests")}
    beside = unasked(claimed, before, after)
    assert beside == (claim("a", "pests", False),)
    assert turned((*claimed, *beside), before, after) == Turned(1, 1)
    assert score(claimed, after, beside).labels["topics", "pests"].false_alarms == 1
    assert unasked(claimed, after, after) == ()


def test_labelled_calls_know_everything() -> None:
    truth = Truth(frozenset({"dog"}), frozenset(), frozenset({"travel"}))
    got = labelled_score([truth, truth], [said("dog", needs=("travel",)), said("dog", "pests")])
    assert got.topics == 1.0  # pests never occurs; precision of others is in the micro-averages
    assert got.needs == pytest.approx(2 / 3)
    assert not got.is_worse_than(got)
    worse = labelled_score([truth, truth], [said("dog"), said("unknown")])
    assert worse.is_worse_than(got)
    assert not worse.is_worse_than(got, margin=0.7)


def test_five_calls_must_turn_before_it_is_no_chance() -> None:
    assert not Turned(4, 0).is_clear
    assert Turned(5, 0).is_clear
    assert not Turned(5, 2).is_clear
    assert Turned(3, 0).calls_needed(12) == 24
    assert chance_of(0, 0) == 1.0
    assert not Turned(0, 0).is_clear


@given(st.integers(0, 40), st.integers(0, 40))
def test_chance_is_a_probability_and_falls_with_gains(better: int, worse: int) -> None:
    assert 0.0 <= chance_of(better, worse) <= 1.0
    assert chance_of(better + 1, worse) <= chance_of(better, worse)
    if better <= worse:
        assert chance_of(better, worse) > CHANCE


def example_rows(seed: int, count: int = 12) -> tuple[Examples, np.ndarray]:
    """Rows that stand out in one direction that the history hardly takes."""
    rng = np.random.default_rng(seed)
    history = rng.normal(size=(400, 6)) * np.array([3.0, 3.0, 3.0, 3.0, 3.0, 0.1])
    vectors = rng.normal(size=(count, 6)) * np.array([3.0, 3.0, 3.0, 3.0, 3.0, 0.1]) + np.array([0, 0, 0, 0, 0, 2.0])
    ones = np.ones(count)
    return Examples(vectors, -4.0 * ones, ones, ones), history


@pytest.mark.parametrize("seed", range(5))
def test_a_fit_learns_the_rows_and_leaves_the_history(seed: int) -> None:
    examples, history = example_rows(seed)
    change = Restraint.of(history).fit(examples, 3.0)
    logits = examples.logits + examples.vectors @ change[:-1] + change[-1]
    assert (logits > 0).all()
    moved = history @ change[:-1] + change[-1]
    assert float(np.sqrt((moved**2).mean())) < 1.0  # of the four by which the examples had to rise


@given(st.integers(0, 10_000), st.floats(0.5, 500.0))
def test_no_other_change_is_better_than_the_fit(seed: int, strength: float) -> None:
    examples, history = example_rows(seed, 5)
    restraint = Restraint.of(history)
    change = restraint.fit(examples, strength)
    moments = restraint.root @ restraint.root.T

    def loss(at: np.ndarray) -> float:
        logits = examples.logits + examples.vectors @ at[:-1] + at[-1]
        entropy = np.logaddexp(0.0, logits) - examples.truth * logits
        return float(entropy.sum() + strength / 2 * at @ moments @ at)

    rng = np.random.default_rng(seed)
    for _ in range(5):
        assert loss(change) <= loss(change + rng.normal(size=7) * 0.05) + 1e-6


def test_a_fit_without_history_is_refused() -> None:
    with pytest.raises(ValueError, match="no history"):
        Restraint.of(np.zeros((0, 4)))


def test_a_threshold_stays_where_nothing_is_gained_and_never_falls_far() -> None:
    assert best_threshold([0.9, 0.8, 0.1], [True, True, False], 0.5) == 0.5
    assert best_threshold([0.45, 0.44, 0.2], [True, True, False], 0.5) < 0.45
    assert best_threshold([0.1, 0.1], [True, True], 0.6) >= 0.4


def test_corrections_add_up_and_nonsense_is_refused() -> None:
    one = Change(("a", "b"), np.ones((2, 3), np.float32), np.ones(2, np.float32), {"a": 0.4})
    both = Corrections({"topics": one}) + Corrections(
        {"topics": Change(("b",), one.weight[:1], one.bias[:1], {"b": 0.3})}
    )
    assert both.changes["topics"].names == ("a", "b")
    assert both.changes["topics"].weight.tolist() == [[1, 1, 1], [2, 2, 2]]
    assert both.changes["topics"].thresholds == {"a": 0.4, "b": 0.3}
    with pytest.raises(ValueError, match="row of weights"):
        Change(("a",), one.weight, one.bias)
    with pytest.raises(ValueError, match="finite"):
        Change(("a", "b"), one.weight * np.nan, one.bias)
    with pytest.raises(ValueError, match="threshold"):
        Change(("a", "b"), one.weight, one.bias, {"c": 0.4})
    with pytest.raises(ValueError, match="alone"):
        Corrections({"signals": one})
