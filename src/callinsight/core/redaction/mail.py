"""E-mail addresses, written ("jan@voorbeeld.nl") or said ("jan punt jansen apenstaartje voorbeeld punt nl")."""

import re
from collections.abc import Sequence

from callinsight.core.redaction.context import Piece
from callinsight.core.redaction.cues import Cue
from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.spelling import letter_of
from callinsight.core.redaction.tokens import Token
from callinsight.core.values import Role

_WRITTEN = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}|[^\s@]+@[^\s@]*|@[^\s@]+", re.IGNORECASE)
_LOCAL_TOKENS = 30
_DOMAIN_TOKENS = 16
_SKIPPED_TURNS = 6
_ECHO_TURNS = 6
_CUE_TURNS = 10


class MailFinder:
    """Finds the e-mail addresses of one call; holds only what it was given."""

    def __init__(
        self, tokens: Sequence[Token], roles: Sequence[Role], cues: Sequence[Cue], rules: RedactionRules
    ) -> None:
        self.tokens = tokens
        self.roles = roles
        self.rules = rules
        self.mail = rules.mail
        self.cued = [tokens[cue.last].turn for cue in cues if cue.kind == "email"]
        names = rules.names
        self.named = names.first_names | names.surnames | names.ambiguous_first_names | names.ambiguous_surnames
        self.starts: dict[int, int] = {}
        self.loud: set[int] = set()
        for index, token in enumerate(tokens):
            self.starts.setdefault(token.turn, index)
            if token.key not in rules.speech.soft:
                self.loud.add(token.turn)

    def find(self) -> list[Piece]:
        """All addresses and what the other side repeats of them, as pieces within a turn."""
        pieces: list[Piece] = []
        for index, token in enumerate(self.tokens):
            if token.mark or any(piece.first <= index <= piece.last for piece in pieces[-4:]):
                continue
            if "@" in token.raw and _WRITTEN.fullmatch(token.raw):
                if token.raw.partition("@")[0].lower() not in self.mail.public_locals:
                    pieces.append(Piece("email", index, index, token.key))
            elif token.key in self.mail.at or "apenst" in token.key or self._is_at(index):
                pieces.extend(self._spoken(index))
        return pieces + self._echoes(pieces) if pieces else []

    def _is_at(self, index: int) -> bool:
        """Whether "at" or "et" is an at-sign: a domain follows, or it stands alone while an address is being told."""
        key, turn = self.tokens[index].key, self.tokens[index].turn
        if key not in self.mail.weak_at:
            return self._stands_in(index)
        if turn in self.loud and any(0 <= turn - cued <= _CUE_TURNS for cued in self.cued):
            start = self.starts[turn]
            turn_keys = [token.key for token in self.tokens[start : start + 6] if token.turn == turn]
            if all(key in self.mail.weak_at or key in self.rules.speech.soft for key in turn_keys):
                return True
        ahead = [self.tokens[i].key for i in self._thread(index, 1)[:5]]
        ended = any(
            ahead[i] in self.mail.symbols and ahead[i + 1] in self.mail.endings for i in range(1, len(ahead) - 1)
        )
        return ended or any(key in self.mail.domains for key in ahead[:2])

    def _stands_in(self, index: int) -> bool:
        """Whether a domain ("hotmail"), or a misheard at-sign, has to do for one that was not heard."""
        token = self.tokens[index]
        if not any(0 <= token.turn - cued <= _CUE_TURNS for cued in self.cued):
            return False
        after = self.tokens[index + 1].key if index + 1 < len(self.tokens) else ""
        return token.key.endswith("staartje") or (token.key in self.mail.domains and after in self.mail.symbols)

    def _thread(self, at: int, step: int) -> list[int]:
        """What the speaker of ``at`` says after it (``step`` 1) or before it (-1), past back-channels of the other."""
        turn = self.tokens[at].turn
        thread: list[int] = []
        index = at + step
        while 0 <= index < len(self.tokens) and len(thread) < _LOCAL_TOKENS:
            other = self.tokens[index].turn
            if abs(other - turn) > _SKIPPED_TURNS or self.tokens[index].mark:
                break
            if other == turn or self.roles[other] is self.roles[turn]:
                thread.append(index)
            elif other in self.loud:
                break
            index += step
        return thread

    def _spoken(self, at: int) -> list[Piece]:
        before, after = self._local(at), self._domain(at)
        if before and all(self.tokens[index].key in self.mail.public_locals for index in before):
            return []
        by_turn: dict[int, list[int]] = {}
        for index in (*before, at, *after):
            by_turn.setdefault(self.tokens[index].turn, []).append(index)
        return [
            Piece("email", min(some), max(some), " ".join(self.tokens[i].key for i in sorted(some)))
            for some in by_turn.values()
        ]

    def _local(self, at: int) -> list[int]:
        """The tokens of what stands before the at-sign."""
        local: list[int] = []
        pending: list[int] = []
        for index in self._thread(at, -1):
            if self._belongs(index) or self._beside_symbol(index):
                local += [*pending, index]
                pending = []
            elif self.tokens[index].key in self.mail.inside and len(pending) < 5:
                pending.append(index)
            else:
                break
        if not local and pending and self.tokens[pending[0]].turn == self.tokens[at].turn:
            return []
        return local + self._article(local)

    def _article(self, local: Sequence[int]) -> list[int]:
        """The "de" of "naar de tuinman apenstaartje": nobody says it of an address, so it is part of one."""
        first = local[-1] if local else 0
        if first < 2 or self.tokens[first - 2].turn != self.tokens[first].turn:
            return []
        led = self.tokens[first - 2].key in ("naar", "is") and self.tokens[first - 1].key in ("de", "het", "van")
        return [first - 1] if led and len(self.tokens[first].key) > 2 else []

    def _belongs(self, index: int) -> bool:
        """Whether a token can be part of an address: a symbol, a letter, a number, a name or an unknown word."""
        key, names = self.tokens[index].key, self.rules.names
        if not key or key in self.mail.inside:
            return False
        if key == "u":
            return self._between_letters(index)
        if key in self.mail.symbols or key in self.named or key in self.rules.speech.repeats:
            return True
        if letter_of(key, self.rules, weak=False) or parse_number(key) is not None or key.isdigit():
            return True
        if letter_of(key, self.rules):
            return self._between_letters(index)
        return key not in names.function_words and key not in names.common_words

    def _between_letters(self, index: int) -> bool:
        for step in (-1, 1):
            side = index + step
            while 0 <= side < len(self.tokens) and abs(side - index) < 4 and self.tokens[side].key in self.mail.inside:
                side += step
            if 0 <= side < len(self.tokens) and letter_of(self.tokens[side].key, self.rules, weak=False):
                return True
        return False

    def _beside_symbol(self, index: int) -> bool:
        """Whether a common word stands beside a dot or a dash within the turn, as in "info punt bakker"."""
        key, turn = self.tokens[index].key, self.tokens[index].turn
        sides = [i for i in (index - 1, index + 1) if 0 <= i < len(self.tokens) and self.tokens[i].turn == turn]
        near = any(self.tokens[i].key in self.mail.symbols for i in sides)
        return near and key not in self.mail.inside and key not in ("is", "mijn", "adres", "mailadres", "email", "het")

    def _domain(self, at: int) -> list[int]:
        """The tokens of what stands after the at-sign: to the ending, or to a known domain."""
        thread = self._thread(at, 1)[:_DOMAIN_TOKENS]
        best = 0
        for place, index in enumerate(thread):
            key = self.tokens[index].key
            before = self.tokens[thread[place - 1]].key if place else ""
            if key in self.mail.domains:
                best = place + 1 + self._ending(thread[place + 1 : place + 3])
            if before in self.mail.symbols and key in self.mail.endings:
                after = self.tokens[thread[place + 1]].key if place + 1 < len(thread) else ""
                return thread[: place + 1 + (key == "n" and after in ("l", "el"))]
            after = self.tokens[thread[place + 1]].key if place + 1 < len(thread) else ""
            if before in self.mail.symbols and len(key) == len(after) == 1 and key + after in self.mail.endings:
                return thread[: place + 2]
            inside = key in self.mail.inside or self._belongs(index) or self._beside_symbol(index)
            if not inside:
                break
        return thread[: best or min(1, len(thread))]

    def _ending(self, ahead: Sequence[int]) -> int:
        """How many tokens after a known domain end the address, also when its dot was lost or misheard."""
        keys = [self.tokens[index].key for index in ahead]
        for place, key in enumerate(keys):
            if key in self.mail.endings or any(
                key == f"{sign}{end}" for sign in ("punt", "dot") for end in ("nl", "com")
            ):
                return place + 1
        return 0

    def _echoes(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Stretches near an address that repeat words of it, with at least one dot or dash among them."""
        parts = {key for piece in pieces for key in piece.text.split() if len(key) > 1}
        parts -= self.rules.names.function_words | self.rules.speech.soft | self.mail.endings | self.mail.symbols
        inside = {i for piece in pieces for i in range(piece.first, piece.last + 1)}
        near = {self.tokens[piece.first].turn for piece in pieces}
        found: list[Piece] = []
        index = 0
        while index < len(self.tokens):
            end = index if index in inside else self._address_like(index, parts, inside)
            if end > index and any(abs(self.tokens[index].turn - turn) <= _ECHO_TURNS for turn in near):
                found.append(Piece("email", index, end - 1))
            index = max(end, index + 1)
        return found

    def _address_like(self, index: int, parts: set[str], inside: set[int]) -> int:
        """The end of the stretch from ``index`` on of symbols and of words that were in an address."""
        turn = self.tokens[index].turn
        end, symbols, proper = index, 0, 0
        while end < len(self.tokens) and self.tokens[end].turn == turn and end not in inside:
            key = self.tokens[end].key
            after_dot = end > index and self.tokens[end - 1].key in self.mail.symbols and key in self.mail.endings
            if self.tokens[end].mark or not (key in parts or key in self.mail.symbols or after_dot):
                break
            symbols += key in self.mail.symbols
            proper += key in parts
            end += 1
        return end if symbols and proper else index
