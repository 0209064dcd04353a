"""Brings what was said and what was recognised to one spelling before words are counted as wrong.

A big Whisper writes "23 euro", a transcriber "drieëntwintig euro": the same words were heard. Numbers in digits become
the words that num2words gives; long numbers and those that begin with 0 are read digit by digit, as people say them.
"""

import functools
import re
from collections.abc import Iterable, Iterator

FILLERS = frozenset({"eh", "ehm", "uh", "uhm", "hm", "mm", "hmm"})
"""Left out on both sides: whether a hesitation is written down is a matter of style."""

LONGEST_NUMBER = 5
"""Digits of the longest number that is read as one; longer ones are telephone or citizen numbers."""

_SIGNS = {"€": "euro", "%": "procent", "&": "en", "+": "plus"}
_THOUSANDS = re.compile(r"(?<=\d)\.(?=\d{3}(?!\d))")
_SIGN = re.compile("([" + re.escape("".join(_SIGNS)) + "])")
_LETTERS = "adest"  # of "2de", "8ste" and "2e"
_PARTS = re.compile(r"\d+(?:e|de|ste)?(?![a-z])|\d+|[^\W\d]+(?:'[^\W\d]+)*")


def normalise(words: Iterable[str]) -> list[str]:
    """Lower case, numbers in words, no punctuation, no fillers, "één" as "een"; one list entry a word.

    "€ 25" becomes "vijfentwintig euro", "10.30" "tien dertig", "06" "nul zes", "2e" "tweede".
    """
    return [word for token in words for word in _plain(token) if word not in FILLERS]


def _plain(token: str) -> Iterator[str]:
    text = _THOUSANDS.sub("", token.lower().replace("’", "'"))
    if text.startswith("€"):  # written before the amount, said after it
        text = text[1:] + "€"
    for part in _SIGN.split(text):
        if part in _SIGNS:
            yield _SIGNS[part]
            continue
        for found in _PARTS.findall(part):
            if found[0].isdigit():
                yield from _spoken(found)
            else:
                yield found.replace("é", "e")


@functools.lru_cache(maxsize=4096)
def _spoken(number: str) -> tuple[str, ...]:
    from num2words import num2words

    digits = number.rstrip(_LETTERS)
    if len(digits) < len(number):
        return (str(num2words(int(digits), lang="nl", to="ordinal")).replace("é", "e"),)
    if len(digits) > LONGEST_NUMBER or (digits[0] == "0" and len(digits) > 1):
        return tuple(str(num2words(int(digit), lang="nl")).replace("é", "e") for digit in digits)
    return tuple(str(num2words(int(digits), lang="nl")).replace("é", "e").split())
