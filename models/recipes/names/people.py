"""Invented people of many origins: names composed of parts, and names made up letter by letter.

Which words may be used where is decided by a digest of the word alone, so that no name of the training is in the test:
``train`` six of eight, ``held`` (for choosing the threshold) one, ``test`` one. Origins of weight 0 are for the test.
"""

from __future__ import annotations

import functools
import hashlib
import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from callinsight.core.redaction.tokens import key_of
from callinsight.fast_yaml import load_yaml

HERE = Path(__file__).resolve().parent
SPLITS = ("train", "held", "test")
_ORDER = 3
_MADE_UP = 0.25
_TWO_FIRST, _TWO_LAST = 0.08, 0.06
_EITHER = 0.07
_TRIES = 400


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person: first name or names, and a surname with what stands before it. Lower case."""

    first: str
    last: str


@functools.cache
def tables() -> dict[str, dict[str, Any]]:
    """The origins as they stand in the file, with lists for texts."""
    content = load_yaml((HERE / "origins.yaml").read_text(encoding="utf-8"))
    found = {}
    for origin, entry in content.items():
        found[origin] = {
            "weight": entry["weight"],
            "first": entry["first"].split(),
            "first_parts": [part.split() for part in entry.get("first_parts", ())],
            "last": entry.get("last", "").split(),
            "last_parts": [p.split() if isinstance(p, str) else p for p in entry.get("last_parts", ())],
            "particles": entry["particles"],
        }
    return found


@functools.cache
def either() -> tuple[str, ...]:
    """Words that are names and ordinary words."""
    content = load_yaml((HERE / "frames.yaml").read_text(encoding="utf-8"))
    return tuple(content["either"].split())


@functools.cache
def split_of(word: str) -> str:
    """The one split that may use ``word`` as a name."""
    eighth = hashlib.blake2b(key_of(word).encode(), digest_size=2).digest()[0] % 8
    return "test" if eighth == 0 else "held" if eighth == 1 else "train"


def plain(name: str) -> str:
    """The name without accents and the like, as a recogniser often writes it."""
    name = name.translate(str.maketrans("ıłøđß", "ilods"))
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


class Letters:
    """Makes up names that look like those of one list: the next letter follows from the three before it."""

    def __init__(self, names: Sequence[str]) -> None:
        follows: dict[str, dict[str, int]] = {}
        for name in names:
            padded = "^" * _ORDER + name + "$"
            for at in range(_ORDER, len(padded)):
                counts = follows.setdefault(padded[at - _ORDER : at], {})
                counts[padded[at]] = counts.get(padded[at], 0) + 1
        self._follows = {key: (list(n), list(accumulate(n.values()))) for key, n in follows.items()}

    def make(self, rng: random.Random) -> str:
        """One name of 3 to 14 letters, which may be a real one."""
        while True:
            name = "^" * _ORDER
            while not name.endswith("$") and len(name) < 20:
                letters, weights = self._follows[name[-_ORDER:]]
                name += rng.choices(letters, cum_weights=weights)[0]
            if name.endswith("$") and 3 <= len(name) - _ORDER - 1 <= 14:
                return name[_ORDER:-1]


class People:
    """Draws people of one split. ``barred`` words are never drawn; ``origins`` takes these alone."""

    def __init__(
        self, split: str, barred: frozenset[str] = frozenset(), origins: Sequence[str] = (), *, either: bool = True
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
        self.split = split
        self.barred = barred
        self.either = either
        chosen = origins or [origin for origin, entry in tables().items() if entry["weight"]]
        self.origins = list(chosen)
        self.weights = list(accumulate(max(1, tables()[origin]["weight"]) for origin in chosen))

    def draw(self, rng: random.Random) -> Person:
        """One person; now and then with two first names or a double surname, often without accents."""
        origin = rng.choices(self.origins, cum_weights=self.weights)[0]
        mixed = rng.choices(self.origins, cum_weights=self.weights)[0] if rng.random() < 0.12 else origin
        first = self.first(rng, mixed)
        if rng.random() < _TWO_FIRST:
            first += rng.choice((" ", " ", "-")) + self.first(rng, mixed)
        last = self.last(rng, origin)
        if rng.random() < _TWO_LAST:
            last += rng.choice((" ", "-", "-")) + self.last(rng, rng.choice((origin, self.origins[0])))
        bare = rng.random() < 0.5
        return Person(plain(first), plain(last)) if bare else Person(first, last)

    def first(self, rng: random.Random, origin: str) -> str:
        """A first name."""
        entry = tables()[origin]

        def some() -> str:
            if rng.random() < _MADE_UP:
                return _letters(origin, "first").make(rng)
            if entry["first_parts"] and rng.random() < 0.3:
                return "".join(rng.choice(part) for part in entry["first_parts"])
            return str(rng.choice(entry["first"]))

        return self._allowed(some)

    def last(self, rng: random.Random, origin: str) -> str:
        """A surname with its tussenvoegsel, if any."""
        entry = tables()[origin]
        if self.either and origin == "dutch" and rng.random() < _EITHER * 2:
            word = rng.choice(either())
            return f"{rng.choice(('', 'de', 'de', 'van der', 'van den', 'van de', 'van'))} {word}".strip()
        word = self._allowed(lambda: _surname(rng, origin, entry))
        return f"{rng.choice(entry['particles'])} {word}".strip()

    def _allowed(self, some: Callable[[], str]) -> str:
        """The first of many tries that this split may use."""
        for _ in range(_TRIES):
            name = some()
            keys = [key_of(part) for part in plain(name).split("-")]
            if all(len(key) > 1 and split_of(key) == self.split and key not in self.barred for key in keys):
                return name
        raise ValueError("no name of this origin is left for this split")


def _surname(rng: random.Random, origin: str, entry: Mapping[str, Any]) -> str:
    if rng.random() < _MADE_UP:
        return _letters(origin, "last").make(rng)
    listed = len(entry["last"])
    composed = len(entry["last_parts"][0]) if entry["last_parts"] else 0
    if rng.randrange(listed + 2 * composed) < listed:
        return str(rng.choice(entry["last"]))
    return "".join(rng.choice(part) for part in entry["last_parts"])


@functools.cache
def _letters(origin: str, part: str) -> Letters:
    entry = tables()[origin]
    names = list(entry[part])
    if part == "last" and entry["last_parts"]:
        rng = random.Random(origin)
        names += ["".join(rng.choice(piece) for piece in entry["last_parts"]) for _ in range(300)]
    return Letters(names)
