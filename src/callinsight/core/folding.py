"""Scores of entries that count as another joined to those of that other, before anything is decided.

Labels of one level exclude each other, and a tagger that wavers between two that were merged is sure of the two
together: where a level weighs labels against each other (``LabelSet.doubt``) their odds add up, else the highest
counts. A label that is hidden keeps its column. It must go on competing: were it left out, its calls would be taken for
the nearest other thing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """How the columns of one level are joined: ``places[column]`` is where each goes among ``names``.

    ``hidden`` are names that may win and are not given. When ``plain``, no two columns are joined: each stays in its
    place, perhaps under another name.
    """

    names: tuple[str, ...]
    places: npt.NDArray[np.intp]
    hidden: frozenset[str]
    plain: bool

    @staticmethod
    def of(columns: tuple[str, ...], successor: Callable[[str], str | None]) -> "Fold":
        """``successor`` gives the name that a label counts as, ``None`` for one that is hidden."""
        ends = {name: successor(name) for name in columns}
        names = tuple(dict.fromkeys(end or name for name, end in ends.items()))
        number = {name: place for place, name in enumerate(names)}
        places = np.array([number[ends[name] or name] for name in columns], dtype=np.intp)
        hidden = frozenset(name for name, end in ends.items() if end is None)
        return Fold(names, places, hidden, len(names) == len(columns))

    def added(self, scores: Scores) -> Scores:
        """Scores ``[..., column]`` joined by adding up."""
        if self.plain:
            return scores
        result = np.zeros((*scores.shape[:-1], len(self.names)), dtype=np.float32)
        np.add.at(result.T, self.places, scores.T)
        return result

    def highest(self, scores: Scores) -> Scores:
        """Scores ``[..., column]`` joined by taking the highest."""
        if self.plain:
            return scores
        result = np.full((*scores.shape[:-1], len(self.names)), -np.inf, dtype=np.float32)
        np.maximum.at(result.T, self.places, scores.T)
        return result

    def lowest(self, limits: Scores) -> Scores:
        """Limits ``[column]`` joined by taking the lowest: what was believed by its own limit is believed still."""
        return -self.highest(-limits)
