"""From spoken words to digits and letters, each with the words that said it.

``atoms_of`` reads a row of tokens once, left to right, and never looks beyond a turn. Every token belongs to exactly
one atom, so that whatever is found later can be led back to words and their times.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from callinsight.core.redaction.numbers import ORDINALS, SMALL, TENS, guess_number, parse_number, split_numbers
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token


class Part(Enum):
    """What an atom contributes to a run."""

    DIGITS = "digits"
    LETTERS = "letters"
    MIXED = "mixed"
    ORDINAL = "ordinal"
    MONTH = "month"
    DATE = "date"
    AMOUNT = "amount"
    SOFT = "soft"
    CORRECTION = "correction"
    GUESS = "guess"
    MARK = "mark"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Atom:
    """The tokens ``first`` to ``last`` (both included) read as ``text``: digits, letters, or nothing.

    ``value`` is the number that a number word means; ``step`` is the power of ten that a number below it may be added
    to (100 for "negentienhonderd", 1000 for "tweeduizend", else 0); ``spelled`` is true of a word of a spelling
    alphabet.
    """

    part: Part
    first: int
    last: int
    text: str = ""
    value: int = -1
    step: int = 0
    spelled: bool = False


_DATE = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|['’]?\d{2})")
_AMOUNT = re.compile(r"[€$].*|.*[%€]|\d{1,2}[:.]\d{2}u?(-\d{1,2}[:.]\d{2}u?)?|\d+,\d+|\d+,-+|\d{1,3}\.\d{3}")
_DIGITS = re.compile(r"\+?\(?\d[\d\-./()]*")
_ORDINAL = re.compile(r"(\d{1,2})(?:e|de|ste)")
_MIXED = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9\-./]*[A-Za-z0-9])?")
_SPELLED = re.compile(r"[A-Za-z](?:[-.][A-Za-z])+")
_FILLERS = ("eh", "uh", "uhm", "ehm", "euh")
_MOMENTS = ("moment", "momentje", "ogenblik", "ogenblikje", "seconde", "secondje", "minuutje")
_BLOCK = re.compile(r"[A-Z]{2,4}")
_FOREIGN_PLATE = re.compile(r"[A-Z]{1,3}-[A-Z]{1,2}")
"""The letters of a German plate; figures must follow."""


class _Reader:
    """Reads atoms from tokens; holds only what it was given."""

    def __init__(self, tokens: Sequence[Token], rules: RedactionRules) -> None:
        self.tokens = tokens
        self.rules = rules
        self.speech = rules.speech
        self.known = rules.known_words

    def key(self, index: int, turn: int) -> str:
        """The key of a token of ``turn``, or an empty text when there is none."""
        if index >= len(self.tokens) or self.tokens[index].turn != turn or self.tokens[index].mark:
            return ""
        return self.tokens[index].key

    def read(self, index: int) -> Atom:
        """The atom that begins at ``index``."""
        token = self.tokens[index]
        if token.mark:
            return Atom(Part.MARK, index, index)
        written = self._written(index) if not token.raw.islower() or not token.raw.isalpha() else None
        return written or self._repeat(index) or self._number(index) or self._letter(index) or self._word(index)

    def _written(self, index: int) -> Atom | None:
        raw = self.tokens[index].raw
        if any(c.isdigit() for c in raw):
            return self._figures(index, raw)
        figures_follow = self.key(index + 1, self.tokens[index].turn)[:1].isdigit()
        if figures_follow and (raw == "NL" or _FOREIGN_PLATE.fullmatch(raw)):
            return Atom(Part.LETTERS, index, index, raw.replace("-", "").lower())
        if _SPELLED.fullmatch(raw) and self.tokens[index].key not in self.rules.names.abbreviations:
            return Atom(Part.LETTERS, index, index, re.sub(r"[-.]", "", raw).lower())
        known = raw.lower() in self.rules.names.abbreviations and not (len(raw) == 2 and self._alone(index))
        if _BLOCK.fullmatch(raw) and not known:
            return Atom(Part.LETTERS, index, index, raw.lower(), spelled=True)
        return None

    def _alone(self, index: int) -> bool:
        """Whether fillers alone stand beside the token in its turn: then "NS" are letters that somebody reads out."""
        turn = self.tokens[index].turn
        near = [token for token in self.tokens[max(0, index - 4) : index + 5] if token.turn == turn]
        others = [token for token in near if token is not self.tokens[index]]
        return len(near) <= 4 and all(token.key in self.speech.soft for token in others)

    def _figures(self, index: int, raw: str) -> Atom:
        date = _DATE.fullmatch(raw)
        if date and 1 <= int(date[1]) <= 31 and 1 <= int(date[2]) <= 12:
            return Atom(Part.DATE, index, index, re.sub(r"\D", "", raw), value=int(date[3].lstrip("'’")))
        if _AMOUNT.fullmatch(raw):
            return Atom(Part.AMOUNT, index, index)
        if _DIGITS.fullmatch(raw):
            digits = re.sub(r"\D", "", raw)
            return Atom(Part.DIGITS, index, index, digits, value=int(digits))
        ordinal = _ORDINAL.fullmatch(raw.lower())
        if ordinal:
            return Atom(Part.ORDINAL, index, index, ordinal[1], value=int(ordinal[1]))
        compact = re.sub(r"[-./]", "", raw).lower()
        longest = max((len(run) for run in re.findall(r"[a-z]+", compact)), default=0)
        if _MIXED.fullmatch(raw) and longest <= 4:
            return Atom(Part.MIXED, index, index, compact)
        return Atom(Part.OTHER, index, index)

    def _repeat(self, index: int) -> Atom | None:
        """ "dubbel nul" and "drie keer de een" as the digits they stand for."""
        turn = self.tokens[index].turn
        key = self.tokens[index].key
        glued = next((word for word in self.speech.repeats if key != word and key.startswith(word)), None)
        if glued and 0 <= SMALL.get(key.removeprefix(glued), -1) <= 9:
            return Atom(Part.DIGITS, index, index, str(SMALL[key.removeprefix(glued)]) * self.speech.repeats[glued])
        times, at = self.speech.repeats.get(key, 0), index + 1
        if not times and self.key(index + 1, turn) in ("keer", "maal"):
            times, at = SMALL.get(key, 0), index + 2
        if not 2 <= times <= 6:
            return None
        at += self.key(at, turn) in _FILLERS
        at += self.key(at, turn) in ("de", "het")
        word = self.key(at, turn)
        value = SMALL.get(word, -1)
        if word.isdigit() and len(word) == 1:
            value = int(word)
        if 0 <= value <= 9:
            return Atom(Part.DIGITS, index, at, str(value) * times)
        letter = self.speech.letters.get(word, "") or (word if len(word) == 1 and word.isalpha() else "")
        return Atom(Part.LETTERS, index, at, letter * times) if letter else None

    def _number(self, index: int) -> Atom | None:
        key, turn = self.tokens[index].key, self.tokens[index].turn
        if key in ORDINALS:
            return Atom(Part.ORDINAL, index, index, str(ORDINALS[key]), value=ORDINALS[key])
        if key == "een" and (self._is_article_of_letter(index) or self.key(index + 1, turn) in _MOMENTS):
            return Atom(Part.SOFT, index, index)
        value = parse_number(key)
        if value is None:
            parts = split_numbers(key)
            return Atom(Part.DIGITS, index, index, "".join(map(str, parts))) if parts else self._guess(index)
        tens = TENS.get(self.key(index + 2, turn), 0) if self.key(index + 1, turn) == "en" else 0
        if 1 <= value <= 9 and tens:
            return Atom(Part.DIGITS, index, index + 2, str(tens + value), value=tens + value)
        step = next((power for power in (1000, 100) if value and value % power == 0), 0)
        return Atom(Part.DIGITS, index, index, str(value), value=value, step=step)

    def _guess(self, index: int) -> Atom | None:
        """An unknown word that is one letter away from a number word; it counts only beside real ones."""
        key = self.tokens[index].key
        if key in self.known or self.tokens[index].raw[:1].isupper():
            return None
        value = guess_number(key)
        return None if value is None else Atom(Part.GUESS, index, index, str(value))

    def _is_article_of_letter(self, index: int) -> bool:
        """Whether "een" is no digit: "twaalf vierendertig een a van anna", when four digits were said already."""
        turn = self.tokens[index].turn
        if not self._names_letter(self.key(index + 1, turn)) or self.key(index + 2, turn) != "van":
            return False
        digits, at = 0, index - 1
        while at >= 0 and self.tokens[at].turn == turn:
            value = parse_number(self.tokens[at].key)
            if value is None:
                break
            digits, at = digits + len(str(value)), at - 1
        return digits == 0 or digits >= 4

    def _names_letter(self, key: str) -> bool:
        return (len(key) == 1 and key.isalpha()) or key in self.speech.letters or key in self.speech.weak_letters

    def _letter(self, index: int) -> Atom | None:
        key, turn = self.tokens[index].key, self.tokens[index].turn
        if "'" in self.tokens[index].raw or "’" in self.tokens[index].raw:
            return None
        letter = self.speech.letters.get(key, "") or self.speech.weak_letters.get(key, "")
        if not letter and len(key) == 1 and key.isascii() and key.isalpha():
            letter = key
        if letter and self.key(index + 1, turn) == "van":
            at = index + 3 if self.key(index + 2, turn) in _FILLERS else index + 2
            word = self.key(at, turn)
            if len(word) > 2 and (self.speech.alphabet.get(word) == letter or word.startswith(letter)):
                return Atom(Part.LETTERS, index, at, letter)
        if letter and key not in self.speech.weak_letters and (key != "u" or self._spells_u(index)):
            return Atom(Part.LETTERS, index, index, letter)
        if key in self.speech.alphabet and not (key in self.speech.months and self._is_month(index)):
            return Atom(Part.LETTERS, index, index, self.speech.alphabet[key], spelled=True)
        if key in self.speech.bank_codes:
            return Atom(Part.LETTERS, index, index, key, spelled=True)
        return None

    def _glued_month(self, key: str) -> int:
        """The month in "elfapril" or "julinegentien", which a recogniser glued together; 0 when there is none."""
        for month, number in self.speech.months.items():
            rest = key.removeprefix(month) if key.startswith(month) else key.removesuffix(month)
            if rest != key and parse_number(rest) is not None:
                return number
        return 0

    def _spells_u(self, index: int) -> bool:
        """Whether "u" is the letter: a single letter stands before it, and a letter or a number after it."""
        before = self.tokens[index - 1] if index else self.tokens[index]
        after = self.key(index + 1, self.tokens[index].turn)
        spelled = len(before.key) == 1 and before.key.isalpha() and before.turn == self.tokens[index].turn
        return index > 0 and spelled and (len(after) == 1 or after in SMALL or after in self.speech.alphabet)

    def _is_month(self, index: int) -> bool:
        """Whether "november" is the month: nothing that is spelled stands beside it, or a day stands before it."""
        before, after = (self.tokens[i].key if 0 <= i < len(self.tokens) else "" for i in (index - 1, index + 1))
        spelled = any(self._names_letter(key) or key in self.speech.alphabet for key in (before, after))
        digit = after != "een" and SMALL.get(after, 10) < 10 and before not in SMALL
        return before in ORDINALS or not (spelled or digit)

    def _word(self, index: int) -> Atom:
        key = self.tokens[index].key
        if key in self.speech.months:
            return Atom(Part.MONTH, index, index, value=self.speech.months[key])
        glued = self._glued_month(key) if len(key) > 6 else 0
        if glued:
            return Atom(Part.MONTH, index, index, value=glued)
        if key in self.speech.corrections:
            return Atom(Part.CORRECTION, index, index)
        if key in self.speech.soft or not key:
            return Atom(Part.SOFT, index, index)
        return Atom(Part.OTHER, index, index)


def atoms_of(tokens: Sequence[Token], rules: RedactionRules) -> tuple[Atom, ...]:
    """Read ``tokens`` as atoms; together they cover every token once, in order."""
    reader = _Reader(tokens, rules)
    atoms = []
    index = 0
    while index < len(tokens):
        atom = reader.read(index)
        atoms.append(atom)
        index = atom.last + 1
    return tuple(atoms)
