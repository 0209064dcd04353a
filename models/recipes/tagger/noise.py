"""Does to words what a recogniser does to them: confuses, garbles, drops, splits, joins and invents some.

What the bundled recogniser really wrote for what was said (``misheard.json``, counted by ``speech/confusions.py``)
comes first; its changes of letters are carried over to words that were never counted.
"""

from __future__ import annotations

import difflib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from corpus import MARKS, OTHER_MARK, LabelledCall, LabelledTurn

from callinsight.core.turns import BACK_CHANNEL_WORDS

MISHEARD = Path(__file__).parent / "misheard.json"
_ALL_MARKS = sorted({*MARKS.values(), OTHER_MARK})
_OVERMASKED = 0.004

_LETTERS = "aeiounrstdlkgmpbvhwjz"
_NEIGHBOURS = 8
_LONGEST_STRETCH = 3
_LONG_PAUSES = 0.12
_LEAST_SEEN = 2  # a change of letters that was seen once may be chance
_VOICES, _TURNS = 2.0, 4.0
"""Shapes of the gamma distributions by which the share of misheard words varies: much between voices (where the mean is
one word of six, a tenth of the voices has three of ten wrong and a tenth one of twenty), less between turns."""
_WORST = 0.9
_COMMON = 400
_BURSTS = 0.12  # share of errors that take several words at once, written as other common ones


def _letter_pairs(word: str) -> Counter[str]:
    padded = f"^{word}$"
    return Counter(padded[i : i + 2] for i in range(len(padded) - 1))


class Misheard:
    """What was written for what was said, and the changes of letters in it.

    ``heard`` maps a stretch of one to three words to what was written for it and how often.
    """

    def __init__(self, heard: Mapping[str, Mapping[str, int]]) -> None:
        self._heard = {said: (list(found), list(accumulate(found.values()))) for said, found in heard.items()}
        changes: dict[str, Counter[str]] = {}
        for said, found in heard.items():
            for written, count in found.items():
                if " " not in said and written:
                    for before, after in _changes(said, written):
                        changes.setdefault(before, Counter())[after] += count
        self._changes = {
            before: (list(kept), list(accumulate(kept.values())))
            for before, after in changes.items()
            if (kept := {a: n for a, n in after.items() if n >= _LEAST_SEEN})
        }

    @classmethod
    def read(cls, path: Path = MISHEARD) -> Misheard:
        """From the file that ``speech/confusions.py`` writes."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["misheard"])

    def stretch(self, rng: random.Random, words: Sequence[str]) -> tuple[int, str] | None:
        """How many of the first words were once misheard together, and as what."""
        lengths = [n for n in range(1, _LONGEST_STRETCH + 1) if " ".join(words[:n]) in self._heard]
        if not lengths:
            return None
        length = rng.choice(lengths)
        written, weights = self._heard[" ".join(words[:length])]
        return length, rng.choices(written, cum_weights=weights)[0]

    def garbled(self, rng: random.Random, word: str) -> str:
        """The word with one to three of the recogniser's changes of letters, as if it were counted."""
        for _ in range(rng.choices((1, 2, 3), (5, 4, 2))[0]):
            places = [
                (at, size)
                for size in (1, 2, 3)
                for at in range(len(word) - size + 1)
                if word[at : at + size] in self._changes
            ]
            if not places:
                break
            at, size = rng.choice(places)
            after, weights = self._changes[word[at : at + size]]
            word = word[:at] + rng.choices(after, cum_weights=weights)[0] + word[at + size :]
        return word.strip()


def _changes(said: str, written: str) -> list[tuple[str, str]]:
    """The differing letters of two spellings, each with the letter before it when something was only added."""
    matcher = difflib.SequenceMatcher(a=said, b=written, autojunk=False)
    found = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal" or b - a > 3 or d - c > 4:
            continue
        lead = 1 if a == b and a > 0 else 0
        if b > a or lead:
            found.append((said[a - lead : b], said[a - lead : a] + written[c:d]))
    return found


class Recogniser:
    """Imitates recognition errors over a vocabulary: a word is confused with words that share its letter pairs."""

    def __init__(self, words: Sequence[str], misheard: Misheard | None = None) -> None:
        self.misheard = misheard or Misheard.read()
        self.words = sorted({w for w in words if not w.startswith("<")})
        common = Counter(w for w in words if not w.startswith("<")).most_common(_COMMON)
        self._common = [word for word, _ in common], list(accumulate(count for _, count in common))
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
        words = text.split()
        at = 0
        while at < len(words):
            word = words[at]
            if rate and rng.random() < _OVERMASKED:
                heard.append(rng.choice(_ALL_MARKS))
                at += 1
            elif word.startswith("<") or rng.random() >= rate:
                heard.append(word)
                at += 1
            else:
                at += self._err(rng, words[at:], heard)
        return " ".join(heard) or text

    def _err(self, rng: random.Random, words: Sequence[str], heard: list[str]) -> int:
        """Writes something else for the first word or words; gives how many."""
        if rng.random() < _BURSTS:  # a voice it cannot follow: the recogniser goes on with what people often say
            common, weights = self._common
            heard += rng.choices(common, cum_weights=weights, k=rng.randint(1, 3))
            return min(len(words), rng.randint(2, 4))
        known = self.misheard.stretch(rng, words) if rng.random() < 0.75 else None
        if known:
            length, written = known
            heard += written.split()
            return length
        word, what = words[0], rng.random()
        if what < 0.08:
            return 1
        if what < 0.60:
            heard += self.misheard.garbled(rng, word).split()
        elif what < 0.76 and self.similar.get(word):
            heard.append(rng.choice(self.similar[word]))
        elif what < 0.82:
            heard.append(_misspelt(rng, word))
        elif what < 0.89 and len(word) > 5:
            cut = rng.randrange(2, len(word) - 2)
            heard += [word[:cut], word[cut:]]
        elif what < 0.95 and heard and not heard[-1].startswith("<"):
            heard[-1] += word
        else:
            heard += [word, rng.choice(self.words)] if rng.random() < 0.5 else [rng.choice(self.words)]
        return 1

    def hear(self, rng: random.Random, call: LabelledCall, rate: float, roles: float = 0.03) -> LabelledCall:
        """The call as recognised, one speaker's lines joined to turns; ``rate`` is the share of words misheard over
        many calls, ``roles`` the share of turns whose speaker is taken for somebody else.

        A recogniser follows some voices far worse than others, so each speaker has a share of his own, and so has each
        of his turns.
        """
        spoken = sorted({turn.role for turn in call.turns})
        voices = {role: rate * rng.gammavariate(_VOICES, 1.0 / _VOICES) for role in spoken}
        strangers = rng.random() < roles
        turns = []
        for turn in call.turns:
            role = "unknown" if strangers or rng.random() < roles / 3 else turn.role
            share = voices[turn.role] * rng.gammavariate(_TURNS, 1.0 / _TURNS)
            text = self.mishear(rng, turn.text, min(_WORST, share))
            turns.append(replace(turn, role=role, text=text))
        return LabelledCall(joined(rng, turns), call.outcome, call.questions, call.signals)


def joined(rng: random.Random, turns: Sequence[LabelledTurn]) -> tuple[LabelledTurn, ...]:
    """Lines of one speaker as one turn, also around a back-channel, as ``callinsight.core.turns`` builds turns.

    Now and then a long pause keeps them apart.
    """
    done: list[LabelledTurn] = []
    last: dict[str, int] = {}
    words_since: dict[str, int] = {}
    for turn in turns:
        at = last.get(turn.role)
        if at is None or words_since[turn.role] > BACK_CHANNEL_WORDS or rng.random() < _LONG_PAUSES:
            last[turn.role] = len(done)
            done.append(turn)
        else:
            done[at] = _both(done[at], turn)
        words_since[turn.role] = 0
        for role in words_since:
            words_since[role] += len(turn.text.split()) if role != turn.role else 0
    return tuple(done)


def _both(one: LabelledTurn, other: LabelledTurn) -> LabelledTurn:
    topics = one.topics | other.topics
    return LabelledTurn(
        one.role,
        f"{one.text} {other.text}",
        topics,
        one.facets | other.facets,
        one.needs | other.needs,
        one.signals | other.signals,
        judged=bool(topics) or (one.judged and other.judged),
        needs_judged=one.needs_judged and other.needs_judged,
        lines=one.lines + other.lines,
    )


def _misspelt(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word))
    change = rng.random()
    if change < 0.35 and len(word) > 2:
        return word[:at] + word[at + 1 :]
    if change < 0.75:
        return word[:at] + rng.choice(_LETTERS) + word[at + 1 :]
    return word[:at] + rng.choice(_LETTERS) + word[at:]
