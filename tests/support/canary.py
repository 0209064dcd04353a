"""Planted secrets and the search for them: what was said in a call, looked for as text in whatever shape.

A needle is a row of bytes that can only come from a secret. :func:`needles_of_text` makes those of words, in the
encodings in which a program might write them; :mod:`support.canary_sound` those of a waveform. A :class:`Finder` looks
for many thousands at once; :mod:`support.canary_files` opens what is packed.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import numpy as np
import numpy.typing as npt

_DIGITS = {
    word: digit
    for digit, words in enumerate(
        ("nul", "een één", "twee", "drie", "vier", "vijf", "zes", "zeven zeuven", "acht", "negen")
    )
    for word in words.split()
}
_SHORTEST = 8  # bytes: a shorter row turns up by chance
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp500")
_LATIN = "latin-1"
_JOINTS = (" ", "_", "-", "+", ".", ",", ", ", "\n", "\t", "", '", "', "','", "', '", "\x00")


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for, and of what they are: the secret's name and its shape, never the secret itself."""

    data: bytes
    name: str
    shape: str


def digits_of(words: Sequence[str]) -> str:
    """The digits that are said one by one, with "dubbel"; empty when anything else is said among them."""
    found, times = "", 1
    for word in words:
        if word in ("dubbel", "dubbele"):
            times = 2
        elif word in _DIGITS:
            found, times = found + str(_DIGITS[word]) * times, 1
        elif len(word) > 1 or times > 1:
            return ""
    return found


def needles_of_text(name: str, words: Sequence[str]) -> Iterator[Needle]:
    """Every shape of a secret of several words, or of a long number that they spell."""
    for joint in _JOINTS:
        yield from _encoded(name, joint.join(words))
    digits = digits_of(words)
    if len(digits) >= 8:
        yield from _encoded(f"{name} as digits", digits)
        grouped = f"{digits[:2]} {digits[2:]}" if digits.startswith("06") else " ".join(re.findall("..?", digits))
        yield from _encoded(f"{name} as grouped digits", grouped)


def _encoded(name: str, text: str) -> Iterator[Needle]:
    forms = {text, text.lower(), text.upper(), text.title(), text.capitalize()}
    for form in sorted(forms):
        for encoding in _ENCODINGS:
            yield from _long_enough(Needle(form.encode(encoding, "replace"), name, encoding))
        yield from _long_enough(Needle(form.encode(_LATIN, "replace"), name, _LATIN))
        for shape, other in (
            ("json", json.dumps(form)[1:-1]),
            ("json, non-ascii", json.dumps(form, ensure_ascii=False)[1:-1]),
            ("url", quote(form)),
            ("url, plus", quote_plus(form)),
            ("repr", repr(form)[1:-1]),
            ("escaped", form.encode("unicode_escape").decode()),
            ("hexadecimal", form.encode().hex()),
            ("reversed", form[::-1]),
        ):
            yield from _long_enough(Needle(other.encode(), name, shape))
        yield from based(name, form.encode())


def based(name: str, data: bytes) -> Iterator[Needle]:
    """``data`` inside base64, at each of the three places where it may begin."""
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * shift + data)
            first, last = (0, 2, 3)[shift], len(coded) - (0 if (shift + len(data)) % 3 == 0 else 4)
            yield from _long_enough(Needle(coded[first:last], name, "base64"))
    yield from _long_enough(Needle(base64.b85encode(data)[: len(data) // 4 * 5], name, "base85"))
    yield from _long_enough(Needle(base64.b32encode(data)[: len(data) // 5 * 8], name, "base32"))


def _long_enough(needle: Needle) -> Iterator[Needle]:
    if len(needle.data) >= _SHORTEST:
        yield needle


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks for all needles in one pass: a table of their first four bytes leaves few places to look at closely."""

    needles: tuple[Needle, ...]
    _table: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1 << 22, np.bool_))
    _by_start: dict[bytes, dict[bytes, Needle]] = field(default_factory=lambda: defaultdict(dict))

    @staticmethod
    def of(needles: Iterable[Needle]) -> "Finder":
        """A finder of ``needles``; those with the same bytes count once."""
        finder = Finder(tuple(needles))
        for needle in finder.needles:
            finder._by_start[needle.data[:4]].setdefault(needle.data, needle)
            finder._table[_slots(np.frombuffer(needle.data[:4], "<u4"))] = True
        return finder

    def find(self, data: bytes) -> set[Needle]:
        """The needles that are in ``data``."""
        found: set[Needle] = set()
        for shift in range(4):
            values = np.frombuffer(data, "<u4", count=max(0, len(data) - shift) // 4, offset=min(shift, len(data)))
            for place in np.flatnonzero(self._table[_slots(values)]):
                at = int(place) * 4 + shift
                same_start = self._by_start.get(data[at : at + 4], {})
                found |= {needle for row, needle in same_start.items() if data.startswith(row, at)}
        return found


def _slots(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """A place in the table for each start."""
    return (values * np.uint32(2_654_435_761)) >> np.uint32(10)
