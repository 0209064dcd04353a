"""Texts with known personal data: the hand-written cases, and generated calls.

A hand-written case is one line of ``tests/data/privacy/*.yaml``; the notation stands at the head of those files.
"""

import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from callinsight.core.values import Role, Span, Turn, Word

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests/data/privacy"
FORMS = ("spoken", "written")
WORD_MS = 300

_MASKED = re.compile(r"\[([A-Z]+):([^\]]*)\]")
_SIDES = {"a:": Role.AGENT, "c:": Role.CALLER}
_ROLES = {"agent": Role.AGENT, "caller": Role.CALLER, "system": Role.SYSTEM}
_KINDS = {
    "BSN": "bsn", "TELEFOON": "phone", "IBAN": "iban", "POSTCODE": "postcode", "HUISNUMMER": "house_number",
    "KENTEKEN": "licence_plate", "GEBOORTEDATUM": "date_of_birth", "EMAIL": "email", "ZAAKNUMMER": "case_number",
    "KVK": "kvk_vestiging", "CODE": "digid_secret", "PAS": "card_cvc", "NAAM": "person_name", "STRAAT": "street",
    "NUMMER": "number",
}  # fmt: skip
_DOCUMENTS = {
    "travel-document": "travel_document",
    "residence-document": "residence_document",
    "v-number": "v_number",
    "driving-licence": "driving_licence_number",
}
"""Four kinds share the mark DOCUMENT: the group of the case tells which."""


@dataclass(frozen=True, slots=True)
class Known:
    """Personal data of ``kind``: words ``first`` to ``last`` (both included) of one turn."""

    kind: str
    turn: int
    first: int
    last: int

    @property
    def words(self) -> frozenset[tuple[int, int]]:
        """Its words as (turn, word)."""
        return frozenset((self.turn, word) for word in range(self.first, self.last + 1))


@dataclass(frozen=True, slots=True)
class Text:
    """A call, or a piece of one, and its personal data."""

    turns: tuple[Turn, ...]
    known: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One hand-written line; a case of a negative group holds nothing personal."""

    positive: bool
    group: str
    form: str
    line: str

    @property
    def text(self) -> Text:
        """The line as turns, with its personal data."""
        return text_of(self.line, self.group)


def cases(name: str) -> tuple[Case, ...]:
    """The cases of ``tests/data/privacy/NAME.yaml`` in order. Raises ``ValueError`` at an unknown sign or form."""
    content = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    found = [
        Case(sign == "positive", group, form, line)
        for sign, groups in content.items()
        for group, forms in groups.items()
        for form, lines in forms.items()
        for line in lines
    ]
    if set(content) != {"positive", "negative"} or any(case.form not in FORMS for case in found):
        raise ValueError(f"{name}.yaml must hold positive and negative groups, each with spoken and written lines")
    return tuple(found)


def text_of(line: str, group: str = "") -> Text:
    """A line as turns of words of 300 ms, brackets taken away, and what stood in brackets."""
    turns: list[Turn] = []
    known: list[Known] = []
    at_ms = 0
    for part in line.split(" | "):
        plain, ranges = _without_brackets(part[2:] if part[:2] in _SIDES else part)
        found = list(re.finditer(r"\S+", plain))
        words = tuple(
            Word(Span(at_ms + place * WORD_MS, at_ms + (place + 1) * WORD_MS), word[0], 0.9)
            for place, word in enumerate(found)
        )
        for mark, start, end in ranges:
            inside = [place for place, word in enumerate(found) if word.start() < end and word.end() > start]
            kind = _DOCUMENTS.get(group, "travel_document") if mark == "DOCUMENT" else _KINDS[mark]
            known.append(Known(kind, len(turns), inside[0], inside[-1]))
        turns.append(Turn(Span.cover(word.span for word in words), _SIDES.get(part[:2], Role.UNKNOWN), words))
        at_ms = words[-1].span.end_ms
    return Text(tuple(turns), tuple(known))


def _without_brackets(part: str) -> tuple[str, list[tuple[str, int, int]]]:
    plain, ranges, at = "", [], 0
    for found in _MASKED.finditer(part):
        plain += part[at : found.start()]
        ranges.append((found[1], len(plain), len(plain) + len(found[2])))
        plain, at = plain + found[2], found.end()
    return plain + part[at:], ranges


@cache
def _make_call() -> Any:
    sys.path.insert(0, str(ROOT / "models/recipes/calls"))
    from dialogue import Wishes, make_call  # type: ignore[import-not-found]

    return lambda rng, size: make_call(rng, split="test", wishes=Wishes(size=size))


def generated(calls: int, seed: int) -> Iterator[Text]:
    """Calls of the recipe's test split: lower case, no punctuation, numbers as words."""
    for number in range(calls):
        rng = random.Random(f"{seed}-{number}")
        yield _text_of_script(_make_call()(rng, rng.choice(("short", "short", "medium", "long"))))


def _text_of_script(script: Any) -> Text:
    turns: list[Turn] = []
    known: list[Known] = []
    at_ms = 0
    for line in script.lines:
        if line.sound or not line.text.split():
            continue
        words = []
        for text in line.text.split():
            words.append(Word(Span(at_ms, at_ms + WORD_MS), text, 1.0))
            at_ms += WORD_MS
        known += [Known(span.kind, len(turns), span.first_word, span.last_word) for span in line.spans]
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), _ROLES[line.role], tuple(words)))
    return Text(tuple(turns), tuple(known))


def spoiled(text: Text, share: float, rng: random.Random) -> Text:
    """The call with a ``share`` of its words misheard, lost or glued to the next, and its personal data moved along."""
    places: dict[tuple[int, int], int] = {}
    worse: list[Turn] = []
    for number, turn in enumerate(text.turns):
        words: list[Word] = []
        glue = ""
        for place, word in enumerate(turn.words):
            said, glue = glue + word.text, ""
            places[number, place] = len(words)
            if rng.random() < share:
                way = rng.choice(("letter", "letter", "lost", "glued"))
                last = place == len(turn.words) - 1
                if way == "letter" and len(said) > 1:
                    at = rng.randrange(len(said))
                    said = said[:at] + rng.choice("aeinrtd") + said[at + 1 :]
                elif way == "lost" and words and not last:
                    continue
                elif way == "glued" and not last:
                    glue = said
                    continue
            words.append(Word(word.span, said, word.probability))
        worse.append(Turn(turn.span, turn.role, tuple(words)))
    known = tuple(
        Known(k.kind, k.turn, places[k.turn, k.first], min(places[k.turn, k.last], len(worse[k.turn].words) - 1))
        for k in text.known
    )
    return Text(tuple(worse), known)
