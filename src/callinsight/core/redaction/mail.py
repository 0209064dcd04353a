"""E-mail addresses, written ("jan@voorbeeld.nl") or said ("jan punt jansen apenstaartje voorbeeld punt nl")."""

import re
from collections.abc import Sequence
from itertools import pairwise

from callinsight.core.redaction.cues import Cue
from callinsight.core.redaction.detectors import Piece
from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token

_WRITTEN = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}|[^\s@]+@[^\s@]*|@[^\s@]+", re.IGNORECASE)
_LOCAL_TOKENS = 16
_DOMAIN_TOKENS = 14
_SKIPPED_TURNS = 2
_ECHO_TURNS = 6


class MailFinder:
    """Finds the e-mail addresses of one call; holds only what it was given."""

    def __init__(self, tokens: Sequence[Token], cues: Sequence[Cue], rules: RedactionRules) -> None:
        self.tokens = tokens
        self.rules = rules
        self.mail = rules.mail
        self.cued = [cue.last for cue in cues if cue.kind == "email"]

    def find(self) -> list[Piece]:
        """All addresses and what the other side repeats of them, as pieces within a turn."""
        pieces: list[Piece] = []
        for index, token in enumerate(self.tokens):
            if token.mark or any(piece.first <= index <= piece.last for piece in pieces[-3:]):
                continue
            if "@" in token.raw and _WRITTEN.fullmatch(token.raw):
                if token.raw.partition("@")[0].lower() not in self.mail.public_locals:
                    pieces.append(Piece("email", index, index, token.key))
            elif self._is_at(index):
                pieces.extend(self._spoken(index))
        return pieces + self._echoes(pieces)

    def _is_at(self, index: int) -> bool:
        key = self.tokens[index].key
        if key in self.mail.at:
            return True
        if key not in self.mail.weak_at:
            return False
        # "at" and "et" are an at-sign only where a domain follows.
        ahead = [token.key for token in self.tokens[index + 1 : index + 5] if token.turn == self.tokens[index].turn]
        return any(key in self.mail.domains for key in ahead[:3]) or any(
            left in self.mail.symbols and right in self.mail.endings for left, right in pairwise(ahead)
        )

    def _spoken(self, at: int) -> list[Piece]:
        first, last = self._local(at), self._domain(at)
        local = [self.tokens[i].key for i in range(first, at)]
        if local and all(key in self.mail.public_locals for key in local):
            return []
        return self._by_turn(first, last)

    def _by_turn(self, first: int, last: int) -> list[Piece]:
        """One piece for each turn between the tokens; a turn of another speaker in between stays out."""
        pieces: list[Piece] = []
        home = {self.tokens[first].turn, self.tokens[last].turn}
        for turn in sorted(home):
            inside = [i for i in range(first, last + 1) if self.tokens[i].turn == turn]
            pieces.append(Piece("email", inside[0], inside[-1], " ".join(self.tokens[i].key for i in inside)))
        return pieces

    def _local(self, at: int) -> int:
        """The first token of what stands before the at-sign."""
        first = at
        turn = self.tokens[at].turn
        for index in range(at - 1, max(-1, at - 1 - _LOCAL_TOKENS), -1):
            token = self.tokens[index]
            if token.turn != turn:
                # The first half may have been said in the turn before, with a back-channel in between.
                if first != at or token.turn < turn - _SKIPPED_TURNS:
                    break
                if self._is_quiet_turn(token.turn):
                    continue
                turn = token.turn
            if token.mark or not (self._belongs(index) or self._beside_symbol(index)):
                break
            first = index
        return first

    def _is_quiet_turn(self, turn: int) -> bool:
        soft = self.rules.speech.soft
        return all(token.key in soft for token in self.tokens if token.turn == turn)

    def _belongs(self, index: int) -> bool:
        """Whether a token can be part of an address: a symbol, a letter, a number, a name or an unknown word."""
        token, names, speech = self.tokens[index], self.rules.names, self.rules.speech
        key = token.key
        if key in self.mail.symbols or key in names.first_names or key in names.surnames:
            return True
        if len(key) == 1 or key in speech.letters or key in speech.alphabet or key in speech.repeats:
            return key != "u"
        if parse_number(key) is not None or key.isdigit():
            return True
        return bool(key) and key not in names.function_words and key not in names.common_words

    def _beside_symbol(self, index: int) -> bool:
        """Whether a common word stands beside a dot or a dash within the turn, as in "info punt bakker"."""
        turn = self.tokens[index].turn
        sides = [i for i in (index - 1, index + 1) if 0 <= i < len(self.tokens) and self.tokens[i].turn == turn]
        near = any(self.tokens[i].key in self.mail.symbols for i in sides)
        return near and self.tokens[index].key not in ("is", "dus", "dan", "ja", "mijn", "adres", "mailadres")

    def _domain(self, at: int) -> int:
        """The last token of what stands after the at-sign: to the ending, or to a known domain."""
        last, best = at, at
        turn = self.tokens[at].turn
        for index in range(at + 1, min(len(self.tokens), at + 1 + _DOMAIN_TOKENS)):
            token = self.tokens[index]
            if token.turn != turn:
                if not (best == at or self.tokens[last].key in self.mail.symbols) or token.turn > turn + _SKIPPED_TURNS:
                    break
                if self._is_quiet_turn(token.turn):
                    continue
                turn = token.turn
            if token.mark:
                break
            last = index
            key = token.key
            if key in self.mail.domains:
                best = index
            if self.tokens[index - 1].key in self.mail.symbols and key in self.mail.endings:
                spelled = index + 1 < len(self.tokens) and key == "n" and self.tokens[index + 1].key in ("l", "el")
                return index + 1 if spelled else index
            if not (self._belongs(index) or self._beside_symbol(index) or key in self.rules.speech.soft):
                break
        return best if best > at else min(at + 1, last)

    def _echoes(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Stretches near an address, or near its cue, that repeat words of it or are said as one."""
        parts = {key for piece in pieces for key in piece.text.split() if len(key) > 1}
        parts -= self.rules.names.function_words | self.rules.speech.soft | self.mail.endings
        inside = {i for piece in pieces for i in range(piece.first, piece.last + 1)}
        near = {self.tokens[piece.first].turn for piece in pieces}
        found: list[Piece] = []
        index = 0
        while index < len(self.tokens):
            end = self._address_like(index, parts) if index not in inside else index
            if end > index and any(abs(self.tokens[index].turn - turn) <= _ECHO_TURNS for turn in near):
                keys = [self.tokens[i].key for i in range(index, end)]
                proper = any(key in parts and key not in self.mail.symbols for key in keys)
                if proper and not any(i in inside for i in range(index, end)):
                    found.append(Piece("email", index, end - 1))
            index = max(end, index + 1)
        return found

    def _address_like(self, index: int, parts: set[str]) -> int:
        """The end of the stretch from ``index`` on of symbols and of words that were in an address."""
        turn = self.tokens[index].turn
        end = index
        symbols = 0
        while end < len(self.tokens) and self.tokens[end].turn == turn and not self.tokens[end].mark:
            key = self.tokens[end].key
            symbols += key in self.mail.symbols
            after_dot = end > index and self.tokens[end - 1].key in self.mail.symbols and key in self.mail.endings
            if key not in parts and key not in self.mail.symbols and not after_dot:
                break
            end += 1
        return end if symbols and end - index >= 2 else index
