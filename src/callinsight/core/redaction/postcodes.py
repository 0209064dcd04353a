"""Finds a postcode, and the house number behind it, in a run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.runs import Run, Unit
from callinsight.core.redaction.tokens import Token

_HOUSE = re.compile(r"\d{1,5}[a-z]")


@dataclass(frozen=True, slots=True)
class Postcode:
    """Where a postcode lies (tokens, both ends included) and the tokens of the house number after it, if any."""

    first: int
    last: int
    text: str
    house: tuple[int, int] | None = None
    house_text: str = ""


class PostcodeReader:
    """Reads postcodes from the runs of one call; holds only what it was given."""

    def __init__(self, tokens: Sequence[Token], rules: RedactionRules) -> None:
        self.tokens = tokens
        self.rules = rules

    def read(self, run: Run, *, cued: bool) -> Postcode | None:
        """The postcode in ``run``; ``cued`` allows letters that are also words, or none at all."""
        for start in range(len(run.units)):
            found = self._from(run.units, start)
            if found:
                return found
        digits = [unit for unit in run.units if unit.text.isdigit()]
        text = "".join(unit.text for unit in digits)
        if len(text) != 4 or text.startswith("0") or len(digits) != len(run.units):
            return None
        last = self._letters_after(run.last, cued=cued)
        if last is None and not cued:
            return None
        return Postcode(run.first, run.last if last is None else last, text)

    def _from(self, units: Sequence[Unit], start: int) -> Postcode | None:
        digits, letters, at = "", "", start
        while at < len(units) and units[at].text.isdigit() and len(digits) < 4:
            digits += units[at].text
            at += 1
        while at < len(units) and len(digits + letters) < 6 and not units[at].text.isdigit():
            body = units[at].text
            head = "".join(c for c in body if c.isdigit())
            if head and (digits or not body.startswith(head)):
                return None
            digits, letters = digits + head, letters + body[len(head) :]
            at += 1
        if len(digits) < 4 or digits.startswith("0") or len(letters) < 2 or not letters[:2].isalpha():
            return None
        if len(digits) > 4 or (len(letters) > 2 and at == start + 1 and not letters[2:].isdigit()):
            return None
        if len(letters) > 2 and not letters[2:].isdigit():
            return None
        return self._with_house(units, start, at, digits + letters[:2])

    def _with_house(self, units: Sequence[Unit], start: int, at: int, text: str) -> Postcode:
        postcode = Postcode(units[start].first, units[at - 1].last, text)
        stop = at
        number = ""
        if stop < len(units) and _HOUSE.fullmatch(units[stop].text):
            return Postcode(
                postcode.first, postcode.last, text, (units[stop].first, units[stop].last), units[stop].text
            )
        while stop < len(units) and units[stop].text.isdigit() and len(number + units[stop].text) <= 5:
            number += units[stop].text
            stop += 1
        if not number:
            return postcode
        if stop < len(units) and len(units[stop].text) == 1 and units[stop].text.isalpha():
            stop += 1
        elif units[stop - 1].last + 1 < len(self.tokens):
            following = self.tokens[units[stop - 1].last + 1]
            if following.key in self.rules.places.additions and following.turn == self.tokens[units[at].first].turn:
                return Postcode(
                    postcode.first, postcode.last, text, (units[at].first, units[stop - 1].last + 1), number
                )
        return Postcode(postcode.first, postcode.last, text, (units[at].first, units[stop - 1].last), number)

    def _letters_after(self, index: int, *, cued: bool) -> int | None:
        """The last token of two letters said after ``index`` in a way that is also a word; None when there are none."""
        names, speech = self.rules.names, self.rules.speech
        turn = self.tokens[index].turn
        letters, last = "", None
        for at in range(index + 1, min(index + 7, len(self.tokens))):
            token = self.tokens[at]
            if token.turn != turn or token.mark:
                break
            key = token.key
            pair = len(key) == 2 and key.isalpha() and key not in names.function_words and key not in names.common_words
            if pair and not letters and key not in speech.weak_letters:
                return at
            letter = speech.letters.get(key) or speech.weak_letters.get(key) or speech.alphabet.get(key)
            if len(key) == 1 and key.isalpha():
                letter = key
            if letter is None and key not in ("de", "van", "eh", "uh"):
                break
            if letter and cued:
                letters, last = letters + letter, at
            if len(letters) == 2:
                return last
        return last if cued and len(letters) == 2 else None
