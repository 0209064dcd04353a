"""Labels that no head was trained on: what a municipality added, or says in other words. Found by example.

A turn is like a label when it lies near the middle of the label's sentences, seen among all sentences of the taxonomy:
distances are taken after whitening by the covariance of those, so that what everybody says ("ik wil graag") does not
count (the nearest-mean rule of linear discriminant analysis, with the covariance shrunk to a ball as J. Friedman does,
JASA 84, 1989). How near is near enough follows from the same sentences: hardly any of those that stand for other labels
may be as near. A cue that is heard counts beside that.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callinsight.core.prototypes import unit
from callinsight.core.taxonomy import Hints, Taxonomy

Vectors = npt.NDArray[np.float32]

LEAST_EXAMPLES = 3
"""A label with fewer example sentences is found by its cues alone: one sentence has no middle."""

_SHRINKAGE = 0.5
_LIMIT_SHARE = 0.995
_SLOPE = 2.5


@dataclass(frozen=True, slots=True)
class Untrained:
    """A label, the cues that give it away, and sentences that stand for it; few of those count for nothing."""

    name: str
    cues: tuple[str, ...]
    sentences: tuple[str, ...]


def untrained(taxonomy: Taxonomy, known: Mapping[str, Collection[str]]) -> dict[str, tuple[Untrained, ...]]:
    """By level what a tagger cannot have learned. ``known`` holds by level the names that it was trained on.

    Levels are topics, facets (a topic's own question as ``topic/id``), needs and outcomes.
    """
    owns = [facet for facet in taxonomy.all_facets() if facet.topic is not None]
    labels = {
        "topics": {name: topic.label for name, topic in taxonomy.topics.items()},
        "facets": {name: facet.label for name, facet in taxonomy.facets.items()}
        | {f"{facet.topic}/{facet.id}": facet.label for facet in owns},
        "needs": {name: need.label for name, need in taxonomy.needs.items()},
        "outcomes": {name: outcome.label for name, outcome in taxonomy.outcomes.items()},
    }
    found: dict[str, tuple[Untrained, ...]] = {}
    for level, names in labels.items():
        rows = []
        for name, label in names.items():
            said = taxonomy.hint(level, name)
            if name not in known.get(level, ()):
                said = _everything(taxonomy, level, name, said)
            if said.cues or said.examples:
                enough = len(said.examples) >= LEAST_EXAMPLES
                rows.append(Untrained(name, said.cues, (label, *said.cues, *said.examples) if enough else ()))
        found[level] = tuple(rows)
    return found


def _everything(taxonomy: Taxonomy, level: str, name: str, said: Hints) -> Hints:
    """All that the taxonomy has for an entry that is new to the tagger; outcomes of ours are left to the head."""
    if level == "outcomes":
        return said
    topic = taxonomy.topics.get(name) if level == "topics" else None
    cues, examples = (topic.cues, topic.examples) if topic is not None else ((), ())
    more = taxonomy.examples.get(level, {}).get(name, ())
    return Hints((*cues, *said.cues), (*examples, *more, *said.examples))


def background(taxonomy: Taxonomy) -> tuple[tuple[str, str], ...]:
    """``(label, sentence)`` for all that the taxonomy says, its hints left out."""
    rows: list[tuple[str, str]] = []
    for topic in taxonomy.topics.values():
        own = (facet.label for facet in topic.specific)
        rows += [(topic.id, sentence) for sentence in (topic.label, *topic.cues, *topic.examples, *own)]
    for entries in taxonomy.examples.values():
        rows += [(name, sentence) for name, sentences in entries.items() for sentence in sentences]
    return tuple(rows)


@dataclass(frozen=True, slots=True, eq=False)
class Nearness:
    """How near turns lie to the middles of labels.

    ``whitening`` is ``[dimension, dimension]``; ``targets`` are unit vectors ``[label, dimension]`` after it;
    ``limits`` and ``spreads`` tell per label how near others' sentences come.
    """

    middle: Vectors
    whitening: Vectors
    targets: Vectors
    limits: Vectors
    spreads: Vectors

    @staticmethod
    def build(others: Vectors, own: Sequence[Vectors], foreign: Sequence[npt.NDArray[np.bool_]]) -> "Nearness":
        """``others`` are vectors of all sentences, ``own`` those of each label, and ``foreign`` tells per label which
        of ``others`` stand for other labels. Raises ``ValueError`` when there is nothing to compare with."""
        if len(others) < 2 or not own:
            raise ValueError("nearness needs sentences of others and of a label")
        middle: Vectors = others.mean(axis=0)
        covariance = np.cov((others - middle).T.astype(np.float64))
        ball = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
        root = np.linalg.cholesky(covariance + _SHRINKAGE * ball + 1e-9 * np.eye(len(ball)))
        whitening: Vectors = np.linalg.inv(root).T.astype(np.float32)
        seen = _white(others, middle, whitening)
        middles = [_white(one, middle, whitening).mean(axis=0) for one in own]
        targets = unit(np.stack(middles).astype(np.float32))
        near = [seen[rows] @ target for rows, target in zip(foreign, targets, strict=True)]
        return Nearness(
            middle,
            whitening,
            targets,
            np.array([np.quantile(one, _LIMIT_SHARE) for one in near], dtype=np.float32),
            np.array([max(float(one.std()), 1e-6) for one in near], dtype=np.float32),
        )

    def scores(self, vectors: Vectors, odds: float) -> Vectors:
        """Scores in [0, 1), float32 ``[turn, label]``: 0 for what is not near enough, so that nothing else changes.

        ``odds`` are those of a turn that is just near enough.
        """
        near = _white(vectors, self.middle, self.whitening) @ self.targets.T
        above = (near - self.limits) / self.spreads
        scores = 1.0 / (1.0 + np.exp(-np.clip(np.log(odds) + _SLOPE * above, -30, 30)))
        found: Vectors = np.where(above >= 0.0, scores, 0.0).astype(np.float32)
        return found


def _white(vectors: Vectors, middle: Vectors, whitening: Vectors) -> Vectors:
    return unit(((vectors - middle) @ whitening).astype(np.float32))
