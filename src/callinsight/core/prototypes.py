"""Labels as example sentences, for an encoder that has no trained heads: what is like a label's sentences has it.

Cosines of sentence encoders crowd together high above zero, so a turn's likeness to a label only counts by how far it
rises above the turn's likeness to labels in general.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callinsight.core.taxonomy import Taxonomy
from callinsight.core.text import normal_text
from callinsight.core.values import UNKNOWN_LABEL, Role, Turn

Vectors = npt.NDArray[np.float32]

_LEAST_WORDS = 3
_LEAST_WORDS_ALONE = 8


@dataclass(frozen=True, slots=True)
class Prototype:
    """A sentence that stands for a label."""

    label: str
    sentence: str


def topic_prototypes(taxonomy: Taxonomy) -> tuple[Prototype, ...]:
    """Label, cues, own questions and examples of every topic.

    Deprecated ones too: what is like them is taken for their successor, or for nothing, and not for something else.
    """
    examples = taxonomy.examples.get("topics", {})
    found = []
    for topic in taxonomy.topics.values():
        hint = taxonomy.hint("topics", topic.id)
        own = (f"{topic.label} {facet.label}" for facet in topic.specific)
        cues = (f"ik bel over {cue}" for cue in (*topic.cues, *hint.cues))
        sentences = (topic.label, *cues, *own, *topic.examples, *examples.get(topic.id, ()), *hint.examples)
        found += [Prototype(topic.id, sentence) for sentence in sentences]
    return tuple(found)


def facet_prototypes(taxonomy: Taxonomy) -> tuple[Prototype, ...]:
    """Label and examples of the generic sub-questions, and the topics' own ones named ``topic/id``."""
    examples = taxonomy.examples.get("facets", {})
    found = [
        Prototype(facet.id, sentence)
        for facet in taxonomy.facets.values()
        for sentence in (facet.label, *examples.get(facet.id, ()), *taxonomy.hint("facets", facet.id).examples)
    ]
    for topic in taxonomy.topics.values():
        for own in topic.specific:
            name = f"{topic.id}/{own.id}"
            said = (f"{topic.label} {own.label}", *taxonomy.hint("facets", name).examples)
            found += [Prototype(name, sentence) for sentence in said]
    return tuple(found)


def need_prototypes(taxonomy: Taxonomy) -> tuple[Prototype, ...]:
    """Label and examples of every need."""
    examples = taxonomy.examples.get("needs", {})
    return tuple(
        Prototype(need.id, sentence)
        for need in taxonomy.needs.values()
        for sentence in (need.label, *examples.get(need.id, ()), *taxonomy.hint("needs", need.id).examples)
    )


def outcome_prototypes(taxonomy: Taxonomy) -> tuple[Prototype, ...]:
    """Examples of outcomes that an agent's words show; the others are what remains."""
    examples = taxonomy.examples.get("outcomes", {})
    return tuple(
        Prototype(outcome, sentence)
        for outcome in taxonomy.outcomes
        if outcome != UNKNOWN_LABEL
        for sentence in (*examples.get(outcome, ()), *taxonomy.hint("outcomes", outcome).examples)
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a cosine becomes a score: ``margin`` above the turn's usual likeness is a half, ``slope`` how sharply."""

    margin: float = 0.2
    slope: float = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class PrototypeSet:
    """Unit vectors ``[sentence, dimension]`` of prototypes, and the label number of each sentence."""

    names: tuple[str, ...]
    owners: npt.NDArray[np.int64]
    vectors: Vectors

    @staticmethod
    def build(prototypes: Sequence[Prototype], vectors: Vectors) -> "PrototypeSet":
        """Raises ``ValueError`` when there is not one vector per prototype."""
        if len(prototypes) != len(vectors):
            raise ValueError("every prototype needs a vector")
        names = tuple(dict.fromkeys(one.label for one in prototypes))
        number = {name: index for index, name in enumerate(names)}
        owners = np.array([number[one.label] for one in prototypes], dtype=np.int64)
        return PrototypeSet(names, owners, unit(vectors))

    def scores(self, turns: Vectors, likeness: Likeness) -> Vectors:
        """Scores in [0, 1], float32 ``[turn, label]``, of turn vectors ``[turn, dimension]``."""
        cosines = unit(turns) @ self.vectors.T
        best = np.full((len(turns), len(self.names)), -1.0, dtype=np.float32)
        np.maximum.at(best.T, self.owners, cosines.T)
        above = best - np.median(best, axis=1, keepdims=True) - likeness.margin
        scores: Vectors = (1.0 / (1.0 + np.exp(-np.clip(above / likeness.slope, -30, 30)))).astype(np.float32)
        return scores


def turn_windows(turns: Sequence[Turn]) -> list[str]:
    """The text by which each turn is compared: its own, and what the party said before when it is short.

    A turn of hardly any words gives nothing.
    """
    before: dict[Role, str] = {}
    found = []
    for turn in turns:
        own = normal_text(turn.text)
        words = len(own.split())
        found.append("" if words < _LEAST_WORDS else own)
        if _LEAST_WORDS <= words < _LEAST_WORDS_ALONE and turn.role in before:
            found[-1] = f"{before[turn.role]} {own}"
        before[turn.role] = own
    return found


def unit(vectors: Vectors) -> Vectors:
    """The vectors at length 1; a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return scaled
