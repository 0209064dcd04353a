"""What verdicts teach: which labels were right or wrong of which calls, the fit of a correction, and its score.

**The split is fixed**: whether a call's verdicts teach or test follows from a digest of its id alone, so that it is the
same in every training and no test verdict is ever trained on.

**The fit** is logistic regression for each label on top of the present score, held back by how much it would change
what is said of other calls: the penalty is the mean squared change of the label's logit over turns of the history. A
plain penalty on the weights would be blind to where turns lie, and few verdicts on one wording would move the scores of
all that merely sounds like a phone call.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from callinsight.core.improvement import About, Review, Verdict
from callinsight.core.values import UNKNOWN_LABEL, Question

Doubles = npt.NDArray[np.float64]

TEST_SHARE = 0.3
CHANCE = 0.05
"""A better score counts when it would come by chance less often than this."""

_FLOOR = 0.01
"""Share of the mean variance that every direction gets, also one that the history never took."""
_ROUNDS = 40
_SMALL = 1e-7


def is_test_call(call_id: str) -> bool:
    """Whether the verdicts on this call test and never teach."""
    digest = hashlib.blake2b(call_id.encode(), digest_size=8, person=b"tagger-split").digest()
    return int.from_bytes(digest, "big") < TEST_SHARE * 2**64


class Claim(NamedTuple):
    """That a call carries, or does not carry, a topic, a question (topic and sub-question) or a need."""

    call_id: str
    about: About
    topic: str
    facet: str | None
    holds: bool
    instead_of: str | None = None
    """The topic or need that was tagged where this one was meant; where it was said is told by the wrong tag."""

    @property
    def level(self) -> str:
        """``topics``, ``facets`` or ``needs``."""
        return "needs" if self.about is About.NEED else "topics" if self.facet is None else "facets"

    @property
    def label(self) -> str:
        """The label as people name it."""
        return self.topic if self.facet is None else f"{self.topic}/{self.facet}"


def claims(reviews: Iterable[Review]) -> tuple[Claim, ...]:
    """What the verdicts say, the newest of each tag and of each label standing, by call.

    A verdict on a question with a sub-question tells of the topic too unless it is merely wrong. "Unknown" can be wrong
    but is never learned as a label. Verdicts on outcomes and signals give nothing.
    """
    newest: dict[tuple[str, str, str], Review] = {}
    for one in sorted(reviews, key=lambda one: (one.decided_at, one.review_id)):
        newest.pop((one.call_id, one.tag.about, str(one.tag)), None)  # so that the order is that of the newest
        newest[one.call_id, one.tag.about, str(one.tag)] = one
    found: dict[tuple[str, str, str], Claim] = {}
    for review in newest.values():
        for claim in _claims_of(review):
            found[claim.call_id, claim.level, claim.label] = claim
    return tuple(sorted(found.values(), key=lambda one: (one.call_id, one.level, one.label)))


def _claims_of(review: Review) -> list[Claim]:
    tag, other, call = review.tag, review.should_be, review.call_id
    if tag.about not in (About.QUESTION, About.NEED):
        return []
    made = []
    right = review.verdict is Verdict.RIGHT
    same_topic = other is not None and other.name == tag.name
    if tag.facet is not None:
        made.append(Claim(call, tag.about, tag.name, tag.facet, right))
    if right or tag.facet is None or (other is not None and not same_topic):
        made.append(Claim(call, tag.about, tag.name, None, right))
    if other is not None:
        made.append(Claim(call, tag.about, other.name, None, True, None if same_topic else tag.name))
        if other.facet is not None:
            made.append(Claim(call, tag.about, other.name, other.facet, True, tag.name))
    if same_topic:  # "passport/cost should be passport" says that the topic is right
        made = [one for one in made if one.facet is not None or one.holds]
    return [one for one in made if one.topic != UNKNOWN_LABEL]


Questions = tuple[Question, ...]
"""What a tagger says of one call, its needs included."""


def carries(questions: Questions, claim: Claim) -> bool:
    """Whether the questions of the claim's call are what the claim is about."""
    if claim.about is About.NEED:
        return any(need.kind == claim.topic for question in questions for need in question.needs)
    return any(one.topic == claim.topic and claim.facet in (None, one.facet) for one in questions)


class Counts(NamedTuple):
    """How claims on a label, or on many, compare with tags."""

    hits: int
    false_alarms: int
    misses: int
    rightly_not: int

    @property
    def f1(self) -> float:
        """1.0 where there was nothing to find and nothing was found."""
        wrong = self.false_alarms + self.misses
        return 2 * self.hits / (2 * self.hits + wrong) if self.hits + wrong else 1.0

    @property
    def right(self) -> int:
        """How many claims the tags agree with."""
        return self.hits + self.rightly_not


def counted(claimed: Iterable[Claim], found: Mapping[str, Questions]) -> Counts:
    """Compare claims with what was found in their calls."""
    cells = {(True, True): 0, (False, True): 0, (True, False): 0, (False, False): 0}
    for claim in claimed:
        cells[claim.holds, carries(found[claim.call_id], claim)] += 1
    return Counts(cells[True, True], cells[False, True], cells[True, False], cells[False, False])


@dataclass(frozen=True, slots=True)
class Score:
    """How well tags agree with claims: macro-F1 over topics, micro-F1 of questions and needs, and per label."""

    topics: float
    questions: float
    needs: float
    labels: Mapping[tuple[str, str], Counts]

    def is_worse_than(self, other: "Score", margin: float = 0.0) -> bool:
        """Whether any of the three is lower by more than ``margin``."""
        pairs = ((self.topics, other.topics), (self.questions, other.questions), (self.needs, other.needs))
        return any(own < its - margin for own, its in pairs)


def unasked(
    claimed: Iterable[Claim], before: Mapping[str, Questions], after: Mapping[str, Questions]
) -> tuple[Claim, ...]:
    """That what ``after`` says anew of a call with a verdict, and no verdict asked for, does not hold.

    Whoever judged the call would have named a topic that was missing; without this, heads that guess at random look
    better on calls of which nothing was said before.
    """
    held: dict[tuple[str, str], set[str]] = {}
    for claim in claimed:
        if claim.level != "facets":
            held.setdefault((claim.call_id, claim.level), set()).update([claim.topic] if claim.holds else [])
    found = []
    for (call_id, level), named in sorted(held.items()):
        old, new = truth_of(before[call_id]), truth_of(after[call_id])
        about = About.NEED if level == "needs" else About.QUESTION
        gained = new.needs - old.needs if level == "needs" else new.topics - old.topics
        found += [Claim(call_id, about, one, None, False) for one in sorted(gained - named)]
    return tuple(found)


def score(claimed: Collection[Claim], found: Mapping[str, Questions], beside: Iterable[Claim] = ()) -> Score:
    """The score of what was found by call against claims; ``beside`` are claims that count for labels of the others."""
    by_label: dict[tuple[str, str], list[Claim]] = {}
    for claim in claimed:
        by_label.setdefault((claim.level, claim.label), []).append(claim)
    for claim in beside:
        if (claim.level, claim.label) in by_label:
            by_label[claim.level, claim.label].append(claim)
    labels = {key: counted(own, found) for key, own in sorted(by_label.items())}
    topics = [counts.f1 for (level, _), counts in labels.items() if level == "topics"]
    micro = {
        level: counted([one for key, own in by_label.items() if key[0] == level for one in own], found).f1
        for level in ("facets", "needs")
    }
    return Score(sum(topics) / len(topics) if topics else 1.0, micro["facets"], micro["needs"], labels)


class Truth(NamedTuple):
    """What a call truly holds: topics, questions as ``topic/facet``, and needs."""

    topics: frozenset[str]
    questions: frozenset[str]
    needs: frozenset[str]


def truth_of(questions: Questions) -> Truth:
    """What a tagger says, in the same form; "unknown" is no topic."""
    known = [one for one in questions if one.topic != UNKNOWN_LABEL]
    return Truth(
        frozenset(one.topic for one in known),
        frozenset(f"{one.topic}/{one.facet}" for one in known if one.facet),
        frozenset(need.kind for one in questions for need in one.needs),
    )


def labelled_score(truths: Sequence[Truth], said: Sequence[Questions]) -> Score:
    """The score against calls of which all is known: macro-F1 over the topics that occur, micro-F1 of the rest."""
    found = [truth_of(one) for one in said]

    def f1(pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> float:
        cells = [(len(true & said), len(said - true), len(true - said)) for true, said in pairs]
        hits, false_alarms, misses = (sum(column) for column in zip(*cells, strict=True)) if cells else (0, 0, 0)
        return Counts(hits, false_alarms, misses, 0).f1

    both = list(zip(truths, found, strict=True))
    occurring = sorted(frozenset[str]().union(*(true.topics for true in truths)))
    topics = [f1((true.topics & {one}, said.topics & {one}) for true, said in both) for one in occurring]
    questions = f1((true.questions, said.questions) for true, said in both)
    needs = f1((true.needs, said.needs) for true, said in both)
    return Score(sum(topics) / len(topics) if topics else 1.0, questions, needs, {})


class Turned(NamedTuple):
    """In how many calls more claims became right than wrong, and in how many fewer."""

    better: int
    worse: int

    @property
    def is_clear(self) -> bool:
        """Whether so much better is unlikely to be chance: a one-sided sign test over calls."""
        return chance_of(self.better, self.worse) <= CHANCE

    def calls_needed(self, calls: int) -> int:
        """About how many test calls would tell, if the rest went as these ``calls``: at least five must turn."""
        for times in range(1, 1000):
            better, worse = max(self.better, 1) * times, self.worse * times
            if better > worse and chance_of(better, worse) <= CHANCE:
                return calls * times
        return calls * 1000


def chance_of(better: int, worse: int) -> float:
    """How often as many or more of the calls that turned would turn for the better, were it the toss of a coin."""
    turned = better + worse
    return sum(comb(turned, n) for n in range(better, turned + 1)) / 2.0**turned


def turned(claimed: Iterable[Claim], before: Mapping[str, Questions], after: Mapping[str, Questions]) -> Turned:
    """Compare two taggings call by call, since the claims on one call turn together."""
    gains: dict[str, int] = {}
    for one in claimed:
        was = carries(before[one.call_id], one) is one.holds
        now = carries(after[one.call_id], one) is one.holds
        gains[one.call_id] = gains.get(one.call_id, 0) + now - was
    return Turned(sum(gain > 0 for gain in gains.values()), sum(gain < 0 for gain in gains.values()))


class Examples(NamedTuple):
    """Rows that a label is fitted on: vectors ``[row, dimension]``, and per row the present logit, truth and weight."""

    vectors: Doubles
    logits: Doubles
    truth: Doubles
    weights: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class Restraint:
    """How directions of the vectors count in the penalty: the root of the history's second moments."""

    root: Doubles

    @staticmethod
    def of(history: Doubles) -> "Restraint":
        """From vectors ``[turn, dimension]`` of the history. Raises ``ValueError`` without any."""
        if not len(history):
            raise ValueError("there is no history to hold a fit back")
        wide = _with_bias(history)
        moments = wide.T @ wide / len(wide)
        moments[np.diag_indices_from(moments)] += _FLOOR * np.trace(moments) / len(moments)
        return Restraint(np.linalg.cholesky(moments).astype(np.float64))

    def fit(self, examples: Examples, strength: float) -> Doubles:
        """The change ``[dimension + 1]`` of a label's weights, its bias last.

        Least cross-entropy plus half of ``strength`` times the mean squared change of the logit over the history; the
        problem is convex, so the answer is the same every time.
        """
        spread = np.linalg.solve(self.root, _with_bias(examples.vectors).T)
        base, rows = np.linalg.qr(spread)  # the answer lies in what the rows span: often far fewer than dimensions
        found = _newton(rows.T, examples, strength)
        return np.linalg.solve(self.root.T, base @ found).astype(np.float64)


def _with_bias(vectors: Doubles) -> Doubles:
    return np.concatenate([vectors, np.ones((len(vectors), 1))], axis=1)


def _newton(rows: Doubles, examples: Examples, strength: float) -> Doubles:
    """Newton's method with steps halved until they help."""

    def loss(at: Doubles) -> float:
        logits = examples.logits + rows @ at
        entropy = np.logaddexp(0.0, logits) - examples.truth * logits
        return float(examples.weights @ entropy + strength / 2 * at @ at)

    found = np.zeros(rows.shape[1])
    now = loss(found)
    for _ in range(_ROUNDS):
        p = 1.0 / (1.0 + np.exp(-np.clip(examples.logits + rows @ found, -30.0, 30.0)))
        slope = rows.T @ (examples.weights * (p - examples.truth)) + strength * found
        curve = (rows * (examples.weights * p * (1.0 - p))[:, None]).T @ rows
        curve[np.diag_indices_from(curve)] += strength
        step = np.linalg.solve(curve, slope)
        while (then := loss(found - step)) > now and np.abs(step).max() > _SMALL:
            step = step / 2
        if then >= now - _SMALL:
            break
        found, now = found - step, then
    return found


def best_threshold(scores: Sequence[float], truth: Sequence[bool], present: float) -> float:
    """The threshold with the best F1, of some around the present one; the nearest of equals.

    Never below two thirds of the present one: a tagger that abstains must not be taught to guess.
    """
    heard, true = np.array(scores), np.array(truth, dtype=bool)

    def f1(threshold: float) -> float:
        said = heard >= threshold
        return float(2 * (said & true).sum() / max(1, said.sum() + true.sum()))

    tried = sorted(
        {present * share for share in np.linspace(2 / 3, 3 / 2, 11)} | {present}, key=lambda t: abs(t - present)
    )
    allowed = [one for one in tried if one <= max(present, 0.9)]
    return round(max(allowed, key=f1), 4)  # max takes the first of equals
