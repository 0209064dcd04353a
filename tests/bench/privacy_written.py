"""Generated calls as a large recogniser would write them: capitals, full stops, figures.

Where personal data lies is known from the recipe; our own normaliser is used only to read which characters its words
say. The ways to write it are drawn at random from those that occur.
"""

import random
import re
from collections.abc import Callable, Sequence

from bench.privacy_texts import WORD_MS, Known, Text
from callinsight.core.redaction.normaliser import Atom, Part, atoms_of
from callinsight.core.redaction.numbers import SMALL, parse_number
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.runs import fold_numbers
from callinsight.core.redaction.spelling import letter_of
from callinsight.core.redaction.tokens import key_of, tokens_of
from callinsight.core.values import Role, Span, Turn, Word

_CARRIERS = (Part.DIGITS, Part.LETTERS, Part.MIXED)
_SMALL_WORDS = frozenset(("van", "de", "der", "den", "ten", "ter", "het", "'t", "el"))
_SIGNS = {"punt": ".", "streepje": "-", "underscore": "_", "apenstaartje": "@", "at": "@"}
_FILLERS = frozenset(("eh", "uh", "uhm", "ehm", "aan", "elkaar", "en", "dan", "wacht"))
_OWN_SPELLING = {word: word.capitalize() for word in ("zonnedaal", "nederland", "nederlands")}
_OWN_SPELLING |= {word: word.upper() for word in ("bsn", "iban", "woz", "wmo", "svb", "uwv")} | {"digid": "DigiD"}
_SPELLED_LEAST = 3
_SIGN_IN_WORDS = 0.5
"""How often an at-sign that is said by itself stays a word."""
_LEAST_FIGURE = 13
"""Smaller counts are mostly written as words."""


def written(text: Text, rng: random.Random, rules: RedactionRules) -> Text:
    """``text`` in written form; every span of personal data stays one, with the words that it has now."""
    turns: list[Turn] = []
    known: list[Known] = []
    at_ms = 0
    for number, turn in enumerate(text.turns):
        starts = {one.first: one for one in text.known if one.turn == number}
        words: list[str] = []
        place = 0
        while place < len(turn.words):
            one = starts.get(place)
            if one is None:
                words.append(_prose([word.text for word in turn.words], place))
                place += 1
                continue
            said = [word.text for word in turn.words[place : one.last + 1]]
            now = _personal(one.kind, said, rng, rules) or said
            known.append(Known(one.kind, number, len(words), len(words) + len(now) - 1))
            words += now
            place = one.last + 1
        words[0] = words[0] if "@" in words[0] else words[0][:1].upper() + words[0][1:]
        words[-1] += "."
        spans = [Span(at_ms + i * WORD_MS, at_ms + (i + 1) * WORD_MS) for i in range(len(words))]
        timed = tuple(Word(span, word, 1.0) for span, word in zip(spans, words, strict=True))
        turns.append(Turn(Span.cover(spans), turn.role, timed))
        at_ms = spans[-1].end_ms
    return Text(tuple(turns), tuple(known))


def _prose(words: Sequence[str], place: int) -> str:
    word = words[place]
    if word in _OWN_SPELLING:
        return _OWN_SPELLING[word]
    value = parse_number(key_of(word))
    near = [words[i] for i in (place - 1, place + 1) if 0 <= i < len(words)]
    alone = not any(parse_number(key_of(other)) is not None for other in near)
    return str(value) if value is not None and value >= _LEAST_FIGURE and alone else word


def _personal(kind: str, said: list[str], rng: random.Random, rules: RedactionRules) -> list[str]:
    """The words of one span in written form."""
    if kind == "email":
        alone = said in (["apenstaartje"], ["at"])
        return said if alone and rng.random() < _SIGN_IN_WORDS else _email(said, rules).split()
    spelled = [letter_of(key_of(word), rules) for word in said if word not in ("van", "dubbel")]
    if kind == "person_name" and all(spelled) and len(spelled) >= _SPELLED_LEAST:
        return ["-".join(chars for chars, _ in _chunks(said, rules)).upper()]
    if kind in ("person_name", "street"):
        return [word if word in _SMALL_WORDS and place else _titled(word) for place, word in enumerate(said)]
    if kind == "date_of_birth":
        return _date(said, rng, rules)
    if kind == "house_number":
        return _house(said, rng)
    chunks = _chunks(said, rules)
    if len(chunks) == 1 and chunks[0][1]:
        shape = _SHAPES.get(kind)
        whole = shape(chunks[0][0], rng) if shape else chunks[0][0].upper()
        return (f"+{whole}" if said[0] == "plus" else whole).split()
    return [chars.upper() if carries else chars for chars, carries in chunks]


def _titled(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def _atoms(said: Sequence[str], rules: RedactionRules) -> tuple[Atom, ...]:
    words = tuple(Word(Span(i, i + 1), word, 1.0) for i, word in enumerate(said))
    return atoms_of(tokens_of([Turn(Span(0, len(words)), Role.CALLER, words)], rules.marks), rules)


def _chunks(said: Sequence[str], rules: RedactionRules) -> list[tuple[str, bool]]:
    """What is said as rows of characters (True) and the corrections between them (False); fillers fall away."""
    chunks: list[tuple[str, bool]] = []
    row: list[Atom] = []
    for atom in (*_atoms(said, rules), None):
        if atom and atom.part in _CARRIERS:
            row.append(atom)
        elif atom is None or atom.part is not Part.SOFT:
            if row:
                chunks.append(("".join(unit.text for unit in fold_numbers(row)), True))
                row = []
            if atom:
                chunks.append((" ".join(said[atom.first : atom.last + 1]) + ",", False))
    return chunks


def _email(said: Sequence[str], rules: RedactionRules) -> str:
    text, index = "", 0
    while index < len(said):
        word, key = said[index], key_of(said[index])
        example = index + 2 < len(said) and said[index + 1] == "van" and len(word) == 1
        if word in _SIGNS:
            text += _SIGNS[word]
        elif key in SMALL:
            text += str(SMALL[key])
        elif len(said) > index + 1 and letter_of(key, rules, weak=False) and (example or said[index + 1] in _SIGNS):
            text += letter_of(key, rules, weak=False)
        elif key not in _FILLERS and key not in ("nee", "sorry"):
            text += key
        index += 3 if example else 1
    return text


def _date(said: Sequence[str], rng: random.Random, rules: RedactionRules) -> list[str]:
    months = [key_of(word) in rules.speech.months for word in said]
    numbers = [parse_number(key_of(word)) for word in said]
    values = [value for value in numbers if value is not None]
    if len(values) + sum(months) < len(said):
        return list(said)
    if any(months):
        at = months.index(True)
        year = "".join(f"{value}" for value in numbers[at + 1 :] if value is not None)
        return [*(str(value) for value in numbers[:at]), said[at], *([year] if year else [])]
    day_and_month, year = [str(value) for value in values[:2]], "".join(str(value) for value in values[2:])
    return [rng.choice("-/").join([*day_and_month, *([year] if year else [])])]


def _house(said: Sequence[str], rng: random.Random) -> list[str]:
    value = parse_number(key_of(said[0]))
    if value is None:
        return list(said)
    rest = [word.upper() if len(word) == 1 else word for word in said[1:]]
    glued = rng.random() < 0.5 and rest and len(rest[0]) == 1
    return [f"{value}{rest[0]}", *rest[1:]] if glued else [str(value), *rest]


def _groups(*sizes: int, between: str = " ") -> Callable[[str], str]:
    def cut(chars: str) -> str:
        parts, at = [], 0
        for size in sizes:
            parts.append(chars[at : at + size])
            at += size
        return between.join(part for part in [*parts, chars[at:]] if part)

    return cut


def _bsn(chars: str, rng: random.Random) -> str:
    return rng.choice((_groups(), _groups(3, 3), _groups(3, 3, between=".")))(chars)


def _phone(chars: str, rng: random.Random) -> str:
    if not chars.startswith("06"):
        return chars
    return rng.choice((_groups(), _groups(2, between="-"), _groups(2, 2, 2, 2), _groups(2, 4)))(chars)


def _iban(chars: str, rng: random.Random) -> str:
    return rng.choice((_groups(), _groups(4, 4, 4, 4), _groups(2, 2, 4, 10)))(chars.upper())


def _postcode(chars: str, rng: random.Random) -> str:
    return rng.choice((_groups(), _groups(4)))(chars.upper())


def _plate(chars: str, rng: random.Random) -> str:
    parts = re.findall(r"[A-Z]+|\d+", chars.upper())
    return rng.choice(("-", "-", "")).join(half for part in parts for half in _halves(part))


def _halves(part: str) -> list[str]:
    return [part[:2], part[2:]] if len(part) == 4 else [part]


_SHAPES: dict[str, Callable[[str, random.Random], str]] = {
    "bsn": _bsn,
    "phone": _phone,
    "iban": _iban,
    "postcode": _postcode,
    "licence_plate": _plate,
}
