"""A small pattern language over normal words, robust to a recogniser's small errors.

A pattern is a line of elements parted by blanks:

``word``        that word; from seven letters on also a word at edit distance 1, or the word split in two
``word*``       any word that begins so
``a|b|c``       one of these
``{group}``     one of a named group of words, also as ``a|{group}``
``element?``    the element may be absent
``...``         up to four words between; ``..7`` up to seven
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from callinsight.core.text import normal_words

_FUZZY_FROM_LETTERS = 7
_GAP_WORDS = 4
_MET_WORDS = 1 << 15
"""So many words are remembered with their meanings: most of what is said is made up of them."""
_NOTHING: frozenset[str] = frozenset()
_GAP = re.compile(r"\.\.(\.|\d+)")
_GROUP = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a pattern: the words and beginnings that fit, and how many words may come before it."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    optional: bool
    gap_before: int


@dataclass(frozen=True, slots=True)
class Match:
    """Words ``[first, last]`` of a text, both included, and those of them that lie in gaps of the pattern."""

    first: int
    last: int
    gaps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; ``source`` is how it was written."""

    source: str
    elements: tuple[Element, ...]

    @staticmethod
    def parse(source: str, groups: Mapping[str, Sequence[str]]) -> "Pattern":
        """Raises ``ValueError`` that tells what is wrong with the pattern."""
        elements: list[Element] = []
        gap = 0
        for part in source.split():
            between = _GAP.fullmatch(part)
            if between:
                gap = _GAP_WORDS if between[1] == "." else int(between[1])
                continue
            elements.append(_element(part, gap, groups, source))
            gap = 0
        if gap or not elements or elements[0].gap_before or elements[0].optional:
            raise ValueError(f"pattern {source!r} must begin with a word and end with an element")
        return Pattern(source, tuple(elements))

    def vocabulary(self) -> frozenset[str]:
        """All whole words of the pattern."""
        return frozenset().union(*(element.words for element in self.elements))

    def find(self, text: "IndexedWords") -> Iterator[Match]:
        """The shortest match from every position where the pattern fits."""
        for start in text.starts(self.elements[0]):
            found = self._from(0, start, text, ())
            if found is not None:
                yield Match(start, found[0] - 1, found[1])

    def _from(
        self, index: int, at: int, text: "IndexedWords", gaps: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...]] | None:
        """Where the elements from ``index`` on end when they begin at ``at``, with the gap words passed."""
        if index == len(self.elements):
            return at, gaps
        element = self.elements[index]
        for skip in range(element.gap_before + 1):
            for length in text.fits(element, at + skip):
                passed = (*gaps, *range(at, at + skip))
                found = self._from(index + 1, at + skip + length, text, passed)
                if found is not None:
                    return found
        return self._from(index + 1, at, text, gaps) if element.optional else None


def _element(part: str, gap: int, groups: Mapping[str, Sequence[str]], source: str) -> Element:
    optional = part.endswith("?")
    words: set[str] = set()
    beginnings: set[str] = set()
    for choice in part.removesuffix("?").split("|"):
        group = _GROUP.fullmatch(choice)
        if group is not None and group[1] not in groups:
            raise ValueError(f"pattern {source!r} names group {group[1]!r}, which does not exist")
        for one in groups[group[1]] if group is not None else (choice,):
            normal = normal_words(one.removesuffix("*"))
            if len(normal) != 1:
                raise ValueError(f"pattern {source!r}: {one!r} is not one word")
            (beginnings if one.endswith("*") else words).update(normal)
    return Element(frozenset(words), tuple(sorted(beginnings)), optional, gap)


def _one_letter_less(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def within_one_edit(one: str, other: str) -> bool:
    """Whether one insertion, deletion or substitution (or none) turns ``one`` into ``other``."""
    if one == other:
        return True
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    return one[same + (len(one) == len(other)) :] == other[same + 1 :]


class Vocabulary:
    """All words that any pattern knows; tells which of them a heard word may be."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words
        self._long = {word: frozenset({word}) for word in words if len(word) >= _FUZZY_FROM_LETTERS}
        self._near: dict[str, set[str]] = {}
        self._met: dict[str, frozenset[str]] = {}
        for word in words:
            if len(word) >= _FUZZY_FROM_LETTERS and not word.startswith("<"):
                for key in (word, *_one_letter_less(word)):
                    self._near.setdefault(key, set()).add(word)

    def meanings(self, heard: str) -> frozenset[str]:
        """Words of the vocabulary that ``heard`` equals, or nearly equals when they are long."""
        found = self._met.get(heard)
        if found is None:
            found = self._meanings(heard)
            if len(self._met) < _MET_WORDS:
                self._met[heard] = found
        return found

    def all_meanings(self, words: Sequence[str]) -> list[frozenset[str]]:
        """What :meth:`meanings` gives for each of the words, quickly for those that were met before."""
        met = self._met.get
        return [self.meanings(word) if (found := met(word)) is None else found for word in words]

    def _meanings(self, heard: str) -> frozenset[str]:
        exact = frozenset({heard}) & self._words
        if exact or len(heard) < _FUZZY_FROM_LETTERS:
            return exact
        near = set().union(*(self._near.get(key, set()) for key in (heard, *_one_letter_less(heard))))
        return frozenset(word for word in near if within_one_edit(heard, word))

    def joined(self, first: str, second: str) -> frozenset[str]:
        """Long words of the vocabulary that were heard in two parts."""
        return self._long.get(first + second, _NOTHING)

    def pairs(self, words: Sequence[str]) -> list[frozenset[str]]:
        """What :meth:`joined` gives for each two words in a row; this is done for all that is said in a history."""
        find = self._long.get
        return [find(first + second, _NOTHING) for first, second in pairwise(words)]


class IndexedWords:
    """Normal words of a stretch of speech, looked up in a vocabulary once for all patterns."""

    def __init__(self, words: Sequence[str], vocabulary: Vocabulary) -> None:
        self.words = tuple(words)
        self._single = vocabulary.all_meanings(self.words)
        self._pair = vocabulary.pairs(self.words)
        self._where: dict[str, list[int]] = {}
        for level in (self._single, self._pair):
            for at, meanings in enumerate(level):
                if meanings:  # most words are in no pattern
                    for word in meanings:
                        self._where.setdefault(word, []).append(at)
        self.heard = frozenset(self._where)

    def starts(self, element: Element) -> list[int]:
        """Places where the element fits, in order."""
        found = {at for word in element.words & self.heard for at in self._where[word]}
        if element.beginnings:
            found.update(at for at, word in enumerate(self.words) if word.startswith(element.beginnings))
        return sorted(found)

    def fits(self, element: Element, at: int) -> Iterator[int]:
        """How many words from ``at`` on the element may take: 1, or 2 when the recogniser split a long word."""
        if at >= len(self.words):
            return
        if self._single[at] & element.words or (element.beginnings and self.words[at].startswith(element.beginnings)):
            yield 1
        if at < len(self._pair) and self._pair[at] & element.words:
            yield 2
