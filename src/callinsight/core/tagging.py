"""From scores per turn to the tags of a call. The engine scores; here it is decided, and abstained.

Scores are arrays ``[turn, label]`` in [0, 1]; every turn of the call has a row. Questions and needs are read from what
the caller says, the outcome from what the agent says; a turn whose role is unknown counts for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from callinsight.core.folding import Fold
from callinsight.core.signals import SignalRules, find_signals, listen, several_problems
from callinsight.core.succession import Succession, counted, last
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import (
    UNKNOWN_LABEL,
    Flag,
    FlagSource,
    Need,
    Outcome,
    Question,
    Role,
    Tags,
    Turn,
)

Scores = npt.NDArray[np.float32]

_CALLER_ROLES = (Role.CALLER, Role.UNKNOWN)
_AGENT_ROLES = (Role.AGENT, Role.UNKNOWN)
_NO_THRESHOLDS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels of one level in the order of the score columns, each with the score from which it is believed.

    With a ``doubt`` above 0 a label's score is first weighed against its rivals in the same turn, see ``shares``.
    """

    names: tuple[str, ...]
    default_threshold: float = 0.5
    doubt: float = 0.0
    thresholds: Mapping[str, float] = field(default_factory=lambda: _NO_THRESHOLDS)
    limits: Scores = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay out the thresholds in the order of the names, once for all calls."""
        limits = np.array([self.threshold(name) for name in self.names], dtype=np.float32)
        object.__setattr__(self, "limits", limits)

    def threshold(self, name: str) -> float:
        """The label's own threshold, else the default."""
        return self.thresholds.get(name, self.default_threshold)

    def folded(self, fold: Fold) -> "LabelSet":
        """The labels after ``fold``. Itself when there is nothing to fold."""
        if fold.names == self.names:
            return self
        limits = dict(zip(fold.names, map(float, fold.lowest(self.limits)), strict=True))
        return replace(self, names=fold.names, thresholds=limits)


@dataclass(frozen=True, slots=True)
class Labels:
    """The levels a tagger scores. A facet is named by its id, a topic's own question by ``topic/id``."""

    topics: LabelSet
    facets: LabelSet
    needs: LabelSet
    outcomes: LabelSet
    signals: LabelSet


@dataclass(frozen=True, slots=True, eq=False)
class TurnScores:
    """What an engine hears in each turn of one call: float32 ``[turn, label]`` per level, in [0, 1].

    ``outcome`` is for the call as a whole, ``[label]`` summing to at most 1; ``outcome_turns`` tells how much each
    turn speaks for each outcome, on any scale.
    """

    topics: Scores
    facets: Scores
    needs: Scores
    signals: Scores
    outcome: Scores
    outcome_turns: Scores


def shares(scores: Scores, doubt: float, fold: Fold | None = None) -> Scores:
    """Every score's odds as a share of all odds in its row and ``doubt``, the odds of "none of these".

    Words that were never met make all scores small; what tells then is by how much one label outdoes the others.
    A doubt of 0 leaves the scores as they are. With a ``fold`` the shares are those after it: of labels that it joins
    the odds add up, or without a doubt the highest score counts.
    """
    if doubt <= 0.0:
        return scores if fold is None else fold.highest(scores)
    odds = np.clip(scores, 1e-6, 1.0 - 1e-6)
    odds = odds / (1.0 - odds)
    joined = odds if fold is None else fold.added(odds)
    result: Scores = (joined / (odds.sum(axis=-1, keepdims=True) + doubt)).astype(np.float32)
    return result


@dataclass(frozen=True, slots=True)
class DecisionOptions:
    """How scores become tags.

    A turn is evidence when it scores at least ``evidence_share`` of the best turn. A weaker topic that lives in the
    same turns as a stronger one is taken for its shadow below ``rival_share`` of its score. A sub-question that the
    taxonomy does not list with the topic counts for ``unlisted_facet_share`` of its score.
    """

    most_topics: int = 6
    evidence_share: float = 0.5
    rival_share: float = 0.6
    unlisted_facet_share: float = 0.7


class _Believed(NamedTuple):
    """A label that is believed, with the turns that carry it."""

    name: str
    score: float
    evidence: tuple[int, ...]


class _Asked(NamedTuple):
    """A question before its needs are joined to it."""

    topic: str
    facet: str | None
    score: float
    evidence: tuple[int, ...]


class _Fits(NamedTuple):
    """Columns of the sub-questions that a topic may have, how much each counts, and as which sub-question.

    ``limits`` are the scores from which those are believed, in the order of ``fold``'s names.
    """

    columns: list[int]
    weights: Scores
    fold: Fold
    limits: Scores


@dataclass(frozen=True, slots=True)
class Decider:
    """Turns scores into tags; holds what stays the same from call to call.

    Scores are of the labels as a tagger knows them. Where the taxonomy has merged or hidden some, their scores are
    joined first: ``given`` are the labels after that.
    """

    labels: Labels
    taxonomy: Taxonomy
    rules: SignalRules
    options: DecisionOptions = DecisionOptions()
    succession: Succession = field(init=False, repr=False, compare=False)
    given: Labels = field(init=False, repr=False, compare=False)
    _topic_fold: Fold = field(init=False, repr=False, compare=False)
    _need_fold: Fold = field(init=False, repr=False, compare=False)
    _outcome_fold: Fold = field(init=False, repr=False, compare=False)
    _fits: dict[str, _Fits] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find out once what counts as what. Raises ``TaxonomyError`` for entries that replace one another in turn."""
        found, labels = Succession.of(self.taxonomy), self.labels
        topics = Fold.of(labels.topics.names, found.topic)
        needs = Fold.of(labels.needs.names, lambda name: last(found.needs, name))
        outcomes = Fold.of(labels.outcomes.names, lambda name: last(found.outcomes, name) or UNKNOWN_LABEL)
        given = replace(
            labels,
            topics=labels.topics.folded(topics),
            needs=labels.needs.folded(needs),
            outcomes=labels.outcomes.folded(outcomes),
        )
        made = {"succession": found, "given": given}
        made |= {"_topic_fold": topics, "_need_fold": needs, "_outcome_fold": outcomes}
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def tags(self, turns: Sequence[Turn], scores: TurnScores) -> Tags:
        """The tags of one call. A call without words of a caller has no questions; without turns nothing at all.

        Raises ``ValueError`` when the scores have not one row per turn.
        """
        scores = self._folded(turns, scores)
        questions = self._heard_questions(turns, scores)
        heard = listen(turns, self.rules)
        flags: tuple[Flag, ...] = (
            *find_signals(turns, self.rules, heard),
            *self._heard_signals(turns, scores),
            *several_problems(turns, questions, self.rules, self.taxonomy, heard),
        )
        flags = counted(_merged(flags), self.taxonomy, self.succession)
        return Tags(questions, self._outcome(turns, scores), flags)

    def questions(self, turns: Sequence[Turn], scores: TurnScores) -> tuple[Question, ...]:
        """The questions and needs of one call alone. Raises ``ValueError`` as :meth:`tags` does."""
        return self._heard_questions(turns, self._folded(turns, scores))

    def _folded(self, turns: Sequence[Turn], scores: TurnScores) -> TurnScores:
        """Scores as shares, those of labels that count as others added to theirs."""
        if scores.topics.shape[0] != len(turns):
            raise ValueError("scores must have one row per turn")
        return replace(
            scores,
            topics=shares(scores.topics, self.given.topics.doubt, self._topic_fold),
            needs=shares(scores.needs, self.given.needs.doubt, self._need_fold),
            outcome=self._outcome_fold.added(scores.outcome),
            outcome_turns=self._outcome_fold.highest(scores.outcome_turns),
        )

    def _heard_questions(self, turns: Sequence[Turn], scores: TurnScores) -> tuple[Question, ...]:
        caller = [number for number, turn in enumerate(turns) if turn.role in _CALLER_ROLES]
        return self._questions(caller, scores) if caller else ()

    def _questions(self, caller: Sequence[int], scores: TurnScores) -> tuple[Question, ...]:
        needs = self._needs(caller, scores)
        asked = [one for topic in self._topics(caller, scores) for one in self._asked(topic, scores)]
        if not asked:
            return (self._unknown(caller, scores, needs),)
        shares: dict[int, list[Need]] = {}
        for need in needs:
            shares.setdefault(self._owner(need, asked), []).append(need)
        found = []
        for number, (topic, facet, score, where) in enumerate(asked):
            own = tuple(shares.get(number, ()))
            seen = tuple(sorted({*where, *(turn for need in own for turn in need.evidence)}))
            found.append(Question(topic, facet, score, own, seen))
        return tuple(sorted(found, key=lambda question: (question.evidence, question.topic, question.facet or "")))

    def _asked(self, topic: _Believed, scores: TurnScores) -> list[_Asked]:
        """The questions on one topic: one for each sub-question heard; turns without one join the nearest."""
        column = self.given.topics.names.index(topic.name)
        sure = [t for t in topic.evidence if scores.topics[t, column] >= self.given.topics.threshold(topic.name)]
        facets = {turn: facet for turn in sure if (facet := self._facet(topic.name, turn, scores)) is not None}
        if not facets:
            return [_Asked(topic.name, None, topic.score, topic.evidence)]
        groups: dict[str, list[int]] = {}
        for turn in topic.evidence:
            nearest = min(facets, key=lambda other: (abs(other - turn), other))
            groups.setdefault(facets[nearest], []).append(turn)
        return [
            _Asked(topic.name, facet, _share(max(scores.topics[t, column] for t in turns)), tuple(turns))
            for facet, turns in groups.items()
        ]

    def _topics(self, caller: Sequence[int], scores: TurnScores) -> list[_Believed]:
        """Topics believed, the surest first; shadows of surer ones left out, be those hidden themselves."""
        found: list[_Believed] = []
        believed = self._believed(self.given.topics, caller, scores.topics)
        for one in sorted(believed, key=lambda one: (-one.score, one.name)):
            if not any(self._is_shadow(one, other) for other in found):
                found.append(one)
        return [one for one in found if one.name not in self._topic_fold.hidden][: self.options.most_topics]

    def _is_shadow(self, one: _Believed, other: _Believed) -> bool:
        return set(one.evidence) <= set(other.evidence) and one.score < self.options.rival_share * other.score

    def _believed(self, labels: LabelSet, rows: Sequence[int], level: Scores) -> list[_Believed]:
        if not rows or not labels.names:
            return []
        best = level[list(rows)].max(axis=0)
        found = []
        for column in np.flatnonzero(best >= labels.limits).tolist():
            floor = best[column] * self.options.evidence_share
            evidence = tuple(row for row in rows if level[row, column] >= floor)
            found.append(_Believed(labels.names[column], _share(best[column]), evidence))
        return found

    def _needs(self, caller: Sequence[int], scores: TurnScores) -> list[Need]:
        believed = self._believed(self.given.needs, caller, scores.needs)
        return [Need(*one) for one in believed if one.name not in self._need_fold.hidden]

    def _owner(self, need: Need, asked: Sequence[_Asked]) -> int:
        """The question a need belongs to: one whose topic expects it, and of those the nearest in the call."""

        def distance(number: int) -> tuple[bool, int]:
            known = self.taxonomy.topics.get(asked[number].topic)
            expected = known is not None and need.kind in known.needs
            return not expected, min(abs(one - other) for one in need.evidence for other in asked[number].evidence)

        return min(range(len(asked)), key=distance)

    def _facet(self, topic: str, turn: int, scores: TurnScores) -> str | None:
        """The surest sub-question in a turn; ``None`` to abstain. One that the topic does not list weighs less."""
        fits = self._fitting(topic)
        if not fits.columns:
            return None
        fitting = shares(scores.facets[turn, fits.columns] * fits.weights, self.labels.facets.doubt, fits.fold)
        best = int(fitting.argmax())
        name = fits.fold.names[best]
        if fitting[best] < fits.limits[best] or name in fits.fold.hidden:
            return None
        return name

    def _fitting(self, topic: str) -> _Fits:
        """What sub-questions a topic may have, those of topics that were merged into it with them."""
        if topic not in self._fits:
            self._fits[topic] = self._find_fitting(topic)
        return self._fits[topic]

    def _find_fitting(self, topic: str) -> _Fits:
        known = self.taxonomy.topics.get(topic)
        names: dict[str, str | None] = {}
        columns, weights = [], []
        for column, name in enumerate(self.labels.facets.names):
            owner, _, facet = name.rpartition("/")
            present = self.succession.question(owner or topic, facet)
            if owner and present[0] != topic:
                continue
            listed = bool(owner) or (known is not None and present[1] in known.facets)
            columns.append(column)
            weights.append(1.0 if listed else self.options.unlisted_facet_share)
            names[name] = present[1]
        fold = Fold.of(tuple(names), names.__getitem__)
        limits = fold.lowest(self.labels.facets.limits[columns])
        return _Fits(columns, np.array(weights, dtype=np.float32), fold, limits)

    def _unknown(self, caller: Sequence[int], scores: TurnScores, needs: Sequence[Need]) -> Question:
        """A question that fits nowhere; its evidence is the turn that came nearest to something."""
        best = scores.topics[list(caller)].max(axis=1, initial=0.0)
        row = caller[int(best.argmax())]
        return Question(UNKNOWN_LABEL, None, _share(1.0 - best.max()), tuple(needs), (row,))

    def _outcome(self, turns: Sequence[Turn], scores: TurnScores) -> Outcome:
        rows = [number for number, turn in enumerate(turns) if turn.role in _AGENT_ROLES]
        labels = self.given.outcomes
        if not rows or not labels.names:
            return Outcome(UNKNOWN_LABEL, 0.0)
        column = int(scores.outcome.argmax())
        name, score = labels.names[column], _share(scores.outcome[column])
        if score < labels.threshold(name) or name == UNKNOWN_LABEL:
            return Outcome(UNKNOWN_LABEL, _share(1.0 - score) if name != UNKNOWN_LABEL else score)
        row = max(rows, key=lambda turn: float(scores.outcome_turns[turn, column]))
        return Outcome(name, score, (row,))

    def _heard_signals(self, turns: Sequence[Turn], scores: TurnScores) -> list[Flag]:
        flags = []
        for column, name in enumerate(self.labels.signals.names):
            kind = self.taxonomy.signals.get(name)
            if kind is None:
                continue
            rows = [n for n, turn in enumerate(turns) if _carries(turn.role, kind.party.value)]
            single = LabelSet((name,), self.labels.signals.threshold(name))
            for one in self._believed(single, rows, scores.signals[:, column : column + 1]):
                surest = one.evidence[int(scores.signals[list(one.evidence), column].argmax())]
                flags.append(Flag(name, kind.severity, turns[surest].span, FlagSource.MODEL, one.score, one.evidence))
        return flags


def _carries(role: Role, party: str) -> bool:
    return role is not Role.SYSTEM and (party == "both" or role is Role.UNKNOWN or role.value == party)


def _share(value: float) -> float:
    """A plain float within [0, 1], rounded so that files do not depend on the last bits of a sum."""
    return round(min(1.0, max(0.0, float(value))), 4)


def _merged(flags: Sequence[Flag]) -> tuple[Flag, ...]:
    """One flag per kind: a rule's stays, since its span is exact, and gains the evidence of the model's."""
    kept: dict[str, Flag] = {}
    for flag in sorted(flags, key=lambda one: one.source is not FlagSource.RULE):
        other = kept.get(flag.kind)
        if other is None:
            kept[flag.kind] = flag
            continue
        evidence = tuple(sorted({*other.evidence, *flag.evidence}))
        kept[flag.kind] = Flag(other.kind, other.severity, other.span, other.source, other.score, evidence)
    return tuple(sorted(kept.values(), key=lambda flag: (flag.span, flag.kind)))
