"""Scores of what trained heads have not learned, beside theirs: labels and wording that an overlay adds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from callinsight.core.cues import CueIndex
from callinsight.core.tagging import Labels, LabelSet, TurnScores
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.text import normal_words
from callinsight.core.untrained import Nearness, Untrained, background, untrained
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.core.vectors import TurnVectors

Array = npt.NDArray[np.float32]
Read = Callable[[Sequence[tuple[Turn, ...]]], Sequence[TurnVectors]]

_LEAST_WORDS = 3
_HEARD = 0.5
"""From this score on an outcome of the overlay is heard: less would only take belief from the others."""
_CUE_WITNESSES = 2
"""A cue that was written for the purpose counts as so many: heads that never met a label are often sure of another."""
_LEVELS = ("topics", "facets", "needs", "outcomes")
_SPOKEN_BY = {level: (Role.AGENT if level == "outcomes" else Role.CALLER, Role.UNKNOWN) for level in _LEVELS}


def word_layer(vectors: Array) -> Array:
    """The part of our encoders' vectors that holds the mean of the words themselves: the middle third.

    The other layers were trained to tell the labels of the heads apart, and draw what they never met to one of those.
    """
    third = vectors.shape[1] // 3
    return vectors[:, third : 2 * third]


@dataclass(eq=False)
class Additions:
    """What the heads have not learned, by level. ``labels`` are the heads' labels with the new ones after them."""

    taxonomy: Taxonomy
    trained: Labels
    new: Mapping[str, tuple[Untrained, ...]]
    read: Read = field(repr=False)

    @staticmethod
    def of(taxonomy: Taxonomy, trained: Labels, read: Read) -> "Additions | None":
        """``None`` when the heads have learned everything. ``read`` runs the encoder, when it is first needed."""
        new = untrained(taxonomy, {level: getattr(trained, level).names for level in _LEVELS})
        return Additions(taxonomy, trained, new, read) if any(new.values()) else None

    @cached_property
    def labels(self) -> Labels:
        """The heads' labels and the new ones."""
        sets = {}
        for level in _LEVELS:
            known: LabelSet = getattr(self.trained, level)
            fresh = tuple(one.name for one in self.new[level] if one.name not in known.names)
            sets[level] = replace(known, names=(*known.names, *fresh))
        return replace(self.trained, **sets)

    @cached_property
    def _cues(self) -> dict[str, CueIndex]:
        cued = {level: {one.name: one.cues for one in rows if one.cues} for level, rows in self.new.items()}
        return {level: CueIndex(cues) for level, cues in cued.items() if cues}

    @cached_property
    def _nearness(self) -> tuple[Nearness, tuple[tuple[str, str], ...]] | None:
        """Nearness to every label that has sentences, and those labels as ``(level, name)``."""
        rows = [(level, one) for level in _LEVELS for one in self.new[level] if one.sentences]
        if not rows:
            return None
        others = background(self.taxonomy)
        own = [word_layer(self._vectors(one.sentences)) for _, one in rows]
        # Its topic's sentences are no rivals of a question: they are meant to be near.
        foreign = [
            np.array([label not in (one.name, one.name.partition("/")[0]) for label, _ in others]) for _, one in rows
        ]
        seen = word_layer(self._vectors([sentence for _, sentence in others]))
        return Nearness.build(seen, own, foreign), tuple((level, one.name) for level, one in rows)

    def _vectors(self, sentences: Collection[str]) -> Array:
        """A vector per sentence, read as a call of one turn."""
        read = self.read([(_said(one),) for one in sentences])
        return np.concatenate([one.by_turn(1) for one in read])

    def added(self, scores: TurnScores, turns: Sequence[Turn], vectors: TurnVectors) -> TurnScores:
        """``scores`` of the heads with what is new: columns after theirs, and more belief where a label is known."""
        heard = self._heard(turns, vectors, scores)
        made = {}
        for level in _LEVELS:
            labels: LabelSet = getattr(self.labels, level)
            width = len(getattr(self.trained, level).names)
            extra = np.zeros((len(turns), len(labels.names)), dtype=np.float32)
            for (where, name), column in heard.items():
                if where == level:
                    extra[:, labels.names.index(name)] = column
            made[level] = (extra, width)
        levels = {level: _or(getattr(scores, level), *made[level]) for level in _LEVELS if level != "outcomes"}
        outcomes, width = made["outcomes"]
        outcomes = np.where(outcomes >= _HEARD, outcomes, np.float32(0.0))
        call = outcomes.max(axis=0, initial=0.0)
        left = np.concatenate([scores.outcome, np.zeros(len(call) - width, np.float32)])
        # An outcome that is heard takes its share from the others, so that all together stay at most 1.
        rest = np.float32(1.0) - call.max(initial=0.0)
        shares = left * rest + call * (1.0 - rest) / max(float(call.sum()), 1e-6)
        turned = np.full((len(turns), len(call)), scores.outcome_turns.min(initial=0.0), dtype=np.float32)
        turned[:, :width] = scores.outcome_turns
        return replace(
            scores,
            **levels,
            outcome=shares.astype(np.float32),
            outcome_turns=np.where(outcomes > 0.0, 100.0 * outcomes, turned).astype(np.float32),
        )

    def _heard(self, turns: Sequence[Turn], vectors: TurnVectors, trained: TurnScores) -> dict[tuple[str, str], Array]:
        """A score per turn of every label of which anything is heard."""
        found: dict[tuple[str, str], Array] = {}
        near = self._nearness
        if near is not None and len(vectors.turns):
            measured, names = near
            values = word_layer(vectors.by_turn(len(turns)))
            for level in _LEVELS:
                columns = [number for number, (where, _) in enumerate(names) if where == level]
                if columns:
                    scores = measured.scores(values, _odds(getattr(self.trained, level)))
                    said = np.array(
                        [len(turn.words) >= _LEAST_WORDS and turn.role in _SPOKEN_BY[level] for turn in turns]
                    )
                    if level == "topics":  # of which a turn has one; needs and questions stand beside each other
                        scores = yielding(scores, trained.topics)
                    found |= {names[number]: scores[:, number] * said for number in columns}
        for level, index in self._cues.items():
            for row, turn in enumerate(turns):
                if turn.role not in _SPOKEN_BY[level]:
                    continue
                for name, cue in index.scores(turn.text).items():
                    column = found.setdefault((level, name), np.zeros(len(turns), np.float32))
                    column[row] = 1.0 - (1.0 - column[row]) * (1.0 - cue) ** _CUE_WITNESSES
        return found


def _said(text: str) -> Turn:
    words = normal_words(text) or ("-",)
    return Turn(
        Span(0, len(words)), Role.CALLER, tuple(Word(Span(n, n + 1), word, 1.0) for n, word in enumerate(words))
    )


def _odds(labels: LabelSet) -> float:
    """The odds of a label that is just believed when nothing else is heard in its turn."""
    least = labels.default_threshold / (1.0 - labels.default_threshold)
    return least * labels.doubt if labels.doubt > 0.0 else least


def yielding(near: Array, trained: Array) -> Array:
    """Scores of nearness ``[turn, label]`` whose odds lessen by how sure the heads are of something else in the turn.

    Nearness alone mistakes how a thing is said for what is said; a cue has no such doubts.
    """
    left = 1.0 - trained.max(axis=1, initial=0.0, keepdims=True)
    found: Array = (near * left / np.maximum(1.0 - near + near * left, 1e-6)).astype(np.float32)
    return found


def _or(scores: Array, extra: Array, width: int) -> Array:
    """Either the head hears it or the additions do, as independent witnesses; the last columns are new."""
    made, known = extra.copy(), extra[:, :width]
    made[:, :width] = np.where(known > 0.0, 1.0 - (1.0 - scores) * (1.0 - known), scores)
    return made
