"""Words of a call in one row, in a spelling that can be looked up."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from callinsight.core.values import Turn

_OUTER = " \t.,;:!?\"'()[]{}…«»„“”‘’`"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a turn.

    ``raw`` is the word without punctuation around it; ``key`` is that in lower case without accents, hyphens and
    apostrophes; ``stops`` tells that a sentence ends after it, ``opens`` that one begins with it (by punctuation, or
    by the turn); ``mark`` that it is a mark of an earlier redaction.
    """

    turn: int
    word: int
    raw: str
    key: str
    capital: bool
    opens: bool
    stops: bool
    mark: bool


def key_of(text: str) -> str:
    """``text`` as it is looked up: lower case, no accents, no punctuation around it, no hyphens or apostrophes."""
    bare = text.strip(_OUTER).lower()
    if not bare.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
        bare = bare.replace("’", "'").replace("‑", "-").replace("–", "-")
    if "-" in bare or "'" in bare:
        bare = bare.replace("-", "").replace("'", "")
    return bare


def tokens_of(turns: Sequence[Turn], marks: frozenset[str]) -> tuple[Token, ...]:
    """All words of ``turns`` in order; a word that equals one of ``marks`` becomes a mark token."""
    tokens = []
    for number, turn in enumerate(turns):
        opens = True
        for place, word in enumerate(turn.words):
            raw = word.text.strip(_OUTER)
            stops = word.text.endswith((".", "!", "?"))
            tokens.append(
                Token(
                    turn=number,
                    word=place,
                    raw=raw,
                    key=key_of(word.text),
                    capital=raw[:1].isupper(),
                    opens=opens,
                    stops=stops,
                    mark=word.text in marks,
                )
            )
            opens = stops
    return tuple(tokens)
