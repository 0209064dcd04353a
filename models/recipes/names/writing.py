"""How words are written down: small letters as spoken, or with capitals and punctuation as a big recogniser writes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from callinsight.core.redaction.tokens import key_of

NAME, NONE, OPEN = 1, 0, -1
"""Labels of a word: a name, none, or neither right nor wrong (a name within a mail address)."""
ACRONYMS = {
    **{
        word: word.upper()
        for word in ("uwv", "svb", "cak", "ggd", "bsn", "iban", "woz", "kvk", "duo", "rdw", "ns", "kpn")
    },
    **{"wmo": "Wmo", "digid": "DigiD", "ing": "ING", "ind": "IND", "apv": "APV", "sms": "sms", "gft": "gft"},
}
_ASKS = frozenset(
    (
        "wat",
        "wie",
        "waar",
        "wanneer",
        "hoe",
        "waarom",
        "welke",
        "mag",
        "kunt",
        "kan",
        "heeft",
        "is",
        "bent",
        "moet",
        "weet",
    )
)
_PARTICLES = frozenset(("van", "de", "der", "den", "het", "ter", "ten", "op", "in", "el", "al"))
_STARTS = frozenset(("ja", "nee", "hallo", "dag", "goedemorgen", "goedemiddag", "oké", "nou", "eh"))


@dataclass(frozen=True, slots=True)
class Said:
    """A word as it is written, whether it belongs to a name, and whether good spelling gives it a capital."""

    text: str
    label: int = NONE
    proper: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """What one side says."""

    role: str
    words: tuple[Said, ...]


def written(rng: random.Random, line: Line) -> Line:
    """A line as a large recogniser writes it: capitals, commas and a stop at the end; not without slips."""
    done: list[Said] = []
    opens = True
    for place, word in enumerate(line.words):
        text = _spelled(rng, word, opens, follows=bool(done) and done[-1].label == NAME)
        text += _stop(rng, line, place)
        opens = text.endswith(".") and place > 0 and len(text.rstrip(".")) > 1
        done.append(replace(word, text=text))
    return replace(line, words=_run_together(rng, done))


def _spelled(rng: random.Random, word: Said, opens: bool, follows: bool) -> str:
    """The word with its capitals; a tussenvoegsel has one after "mevrouw" and none after a first name."""
    capital = opens or (word.proper and rng.random() < 0.96) or rng.random() < 0.012
    if word.label == NAME and key_of(word.text) in _PARTICLES and not opens:
        capital = rng.random() < (0.1 if follows else 0.5)
    if word.text in ACRONYMS and word.label == NONE:
        return ACRONYMS[word.text]
    if word.label == NAME and len(word.text) == 1 and rng.random() < 0.8:
        return word.text.upper() + ("." if rng.random() < 0.5 else "")
    if not capital:
        return word.text
    parts = word.text.split("-") if word.proper else [word.text]
    return "-".join(part[:1].upper() + part[1:] for part in parts)


def _stop(rng: random.Random, line: Line, place: int) -> str:
    """Punctuation after a word, mostly none."""
    words = line.words
    if place == len(words) - 1:
        return "?" if words[0].text in _ASKS and rng.random() < 0.8 else rng.choice((".", ".", ".", ".", "", "!", ","))
    if place == 0 and words[0].text in _STARTS:
        return rng.choice((",", ",", "", "."))
    if (words[place].label == NAME) != (words[place + 1].label == NAME) and rng.random() < 0.25:
        return rng.choice((",", ",", "."))
    return rng.choice((",", ".", ",")) if rng.random() < 0.04 else ""


def _run_together(rng: random.Random, words: Sequence[Said]) -> tuple[Said, ...]:
    """Initials and spelled letters written as one word now and then: "A.B." or "J-A-N-S-E-N"."""
    done: list[Said] = []
    together = rng.random() < 0.5
    mark = rng.choice((".", "-"))
    for word in words:
        bare = word.text.rstrip(".,?!")
        single = word.label == NAME and len(bare) == 1
        if together and single and done and done[-1].label == NAME and len(done[-1].text.rstrip(".,-")) >= 1:
            before = done[-1].text.rstrip(".,-")
            if all(len(part) == 1 for part in re.split(r"[.-]", before)):
                done[-1] = replace(done[-1], text=f"{before}{mark}{word.text}")
                continue
        done.append(word)
    return tuple(done)
