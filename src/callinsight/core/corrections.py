"""What corrections add to the scores of a tagger: per label a change of its logit that is linear in the vector.

The same form fits trained heads, whose weights it is added to, and an encoder without heads, whose scores it moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

TAUGHT_LEVELS = ("topics", "facets", "needs")
"""The levels that verdicts teach. Signals are found by rules, and the outcome belongs to no single turn."""

_NO_THRESHOLDS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What is added to the labels ``names`` of one level.

    The logit of label ``n`` for a vector ``x`` gains ``weight[n] @ x + bias[n]``: float32 ``[label, dimension]`` and
    ``[label]``. ``thresholds`` take the place of those of the same labels.
    """

    names: tuple[str, ...]
    weight: Array
    bias: Array
    thresholds: Mapping[str, float] = field(default_factory=lambda: _NO_THRESHOLDS)

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.weight.shape[0] != len(self.names) or self.bias.shape != (len(self.names),):
            raise ValueError("every label needs a row of weights and a bias")
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise ValueError("weights must be finite")
        if len(set(self.names)) != len(self.names) or not set(self.thresholds) <= set(self.names):
            raise ValueError("labels must differ, and a threshold must be of one of them")
        if not all(0.0 < one < 1.0 for one in self.thresholds.values()):
            raise ValueError("thresholds lie between 0 and 1")

    def __add__(self, other: "Change") -> "Change":
        """Both after one another; of a label's two thresholds the later one stands."""
        names = tuple(dict.fromkeys((*self.names, *other.names)))
        weight = np.zeros((len(names), self.weight.shape[1]), np.float32)
        bias = np.zeros(len(names), np.float32)
        for one in (self, other):
            rows = [names.index(name) for name in one.names]
            weight[rows] += one.weight
            bias[rows] += one.bias
        return Change(names, weight, bias, {**self.thresholds, **other.thresholds})


@dataclass(frozen=True, slots=True, eq=False)
class Corrections:
    """The changes of all levels; a level without one is not in ``changes``."""

    changes: Mapping[str, Change]

    def __post_init__(self) -> None:
        if not set(self.changes) <= set(TAUGHT_LEVELS):
            raise ValueError(f"corrections teach {', '.join(TAUGHT_LEVELS)} alone")

    def __add__(self, other: "Corrections") -> "Corrections":
        """Both after one another."""
        made = dict(self.changes)
        for level, change in other.changes.items():
            made[level] = made[level] + change if level in made else change
        return Corrections(made)
