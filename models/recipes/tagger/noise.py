"""Does to words what a recogniser does to them: drops, confuses, splits, joins and invents some."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
from corpus import MARKS, OTHER_MARK, LabelledCall, LabelledTurn

_ALL_MARKS = sorted({*MARKS.values(), OTHER_MARK})
_OVERMASKED = 0.004

_LETTERS = "aeiounrstdlkgmpbvhwjz"
_NEIGHBOURS = 8


def _letter_pairs(word: str) -> Counter[str]:
    padded = f"^{word}$"
    return Counter(padded[i : i + 2] for i in range(len(padded) - 1))


class Recogniser:
    """Imitates recognition errors over a vocabulary: a word is confused with words that share its letter pairs."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = sorted({w for w in words if not w.startswith("<")})
        pairs = sorted({pair for word in self.words for pair in _letter_pairs(word)})
        column = {pair: i for i, pair in enumerate(pairs)}
        matrix = np.zeros((len(self.words), len(pairs)), dtype=np.float32)
        for row, word in enumerate(self.words):
            for pair, count in _letter_pairs(word).items():
                matrix[row, column[pair]] = count
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        self.similar: dict[str, list[str]] = {}
        for at in range(0, len(self.words), 500):
            near = matrix[at : at + 500] @ matrix.T
            best = np.argpartition(-near, _NEIGHBOURS + 1, axis=1)[:, : _NEIGHBOURS + 1]
            for row, found in enumerate(best):
                own = self.words[at + row]
                self.similar[own] = [self.words[i] for i in found if self.words[i] != own]

    def mishear(self, rng: random.Random, text: str, rate: float) -> str:
        """Changes about ``rate`` of the words."""
        heard: list[str] = []
        for word in text.split():
            if rate and rng.random() < _OVERMASKED:
                heard.append(rng.choice(_ALL_MARKS))
                continue
            if word.startswith("<") or rng.random() >= rate:
                heard.append(word)
                continue
            what = rng.random()
            if what < 0.25:
                continue
            if what < 0.60 and self.similar.get(word):
                heard.append(rng.choice(self.similar[word]))
            elif what < 0.75:
                heard.append(_misspelt(rng, word))
            elif what < 0.83 and len(word) > 5:
                cut = rng.randrange(2, len(word) - 2)
                heard += [word[:cut], word[cut:]]
            elif what < 0.91 and heard and not heard[-1].startswith("<"):
                heard[-1] += word
            else:
                heard += [word, rng.choice(self.words)] if rng.random() < 0.5 else [rng.choice(self.words)]
        return " ".join(heard) or text

    def hear(self, rng: random.Random, call: LabelledCall, rate: float, roles: float = 0.03) -> LabelledCall:
        """The call as recognised; ``roles`` is the share of turns whose speaker is taken for somebody else."""
        strangers = rng.random() < roles
        turns = []
        for turn in call.turns:
            role = "unknown" if strangers or rng.random() < roles / 3 else turn.role
            text = self.mishear(rng, turn.text, rate)
            turns.append(
                LabelledTurn(role, text, turn.topics, turn.facets, turn.needs, turn.signals, turn.judged, turn.line)
            )
        return LabelledCall(tuple(turns), call.outcome, call.questions, call.signals)


def _misspelt(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word))
    change = rng.random()
    if change < 0.35 and len(word) > 2:
        return word[:at] + word[at + 1 :]
    if change < 0.75:
        return word[:at] + rng.choice(_LETTERS) + word[at + 1 :]
    return word[:at] + rng.choice(_LETTERS) + word[at:]
