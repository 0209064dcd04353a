"""Names that a model found: the windows in which a call is read, and the words that make a name."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpottedName:
    """Words ``first`` to ``last`` (both included) of ``turn`` are a person's name, with ``score`` from 0 to 1.

    A ``faint`` one is no name by itself, but may be a part of one beside it. Raises ``ValueError`` when that cannot be.
    """

    turn: int
    first: int
    last: int
    score: float
    faint: bool = False

    def __post_init__(self) -> None:
        if self.turn < 0 or not 0 <= self.first <= self.last or not 0.0 <= self.score <= 1.0:
            raise ValueError("a spotted name needs words in order and a score from 0 to 1")


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens ``[start, end)`` of a call are read at once; of those ``[fresh, kept)`` are scored by this window."""

    start: int
    end: int
    fresh: int
    kept: int


def windows(length: int, size: int, margin: int) -> tuple[Window, ...]:
    """Windows of at most ``size`` tokens over ``length`` of them, so that each token is scored in exactly one.

    Within a call a scored token has ``margin`` tokens of context on both sides. Raises ``ValueError`` when the margins
    leave nothing of a window.
    """
    if margin < 0 or size <= 2 * margin:
        raise ValueError("a window must be larger than its two margins")
    found: list[Window] = []
    fresh = 0
    while fresh < length:
        start = max(0, fresh - margin)
        end = min(length, start + size)
        kept = end if end == length else end - margin
        found.append(Window(start, end, fresh, kept))
        fresh = kept
    return tuple(found)


def spotted(scores: Sequence[Sequence[float]], threshold: float, faint: float | None = None) -> tuple[SpottedName, ...]:
    """The names in a call whose ``scores`` are given word by word for each turn.

    Neighbouring words that reach ``threshold`` are one name; its score is the highest of theirs. Those that only reach
    ``faint`` come as faint names.
    """
    lowest = threshold if faint is None else min(faint, threshold)
    found: list[SpottedName] = []
    for turn, words in enumerate(scores):
        place = 0
        while place < len(words):
            first = place
            while place < len(words) and words[place] >= lowest and _alike(words[first], words[place], threshold):
                place += 1
            if place > first:
                found.append(SpottedName(turn, first, place - 1, max(words[first:place]), words[first] < threshold))
            else:
                place += 1
    return tuple(found)


def _alike(one: float, other: float, threshold: float) -> bool:
    return (one >= threshold) == (other >= threshold)
