"""Streets: by the end of the word, by the words before it, and by the number after it."""

from collections.abc import Sequence

from callinsight.core.redaction.context import Piece
from callinsight.core.redaction.cues import PhraseBook
from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token

_CUE_TOKENS = 12
_REPORT_TURNS = 6


class StreetFinder:
    """Finds the streets of one call; holds only what it was given, and the tokens of streets that the policy keeps."""

    def __init__(self, tokens: Sequence[Token], rules: RedactionRules) -> None:
        self.tokens = tokens
        self.rules = rules
        self.places = rules.places
        self.book = PhraseBook((phrase, "street") for phrase in rules.places.cues)
        self.cues = self._cues()
        self.kept: set[int] = set()
        self.endings = (*rules.places.suffixes, *rules.places.weak_suffixes)

    def _cues(self) -> list[int]:
        """The last token of each phrase that announces an address."""
        found = []
        for index in range(len(self.tokens)):
            hit = self.book.at(self.tokens, index)
            if hit:
                found.append(index + hit[0] - 1)
        return found

    def find(self) -> list[Piece]:
        """All streets of the call that the policy masks."""
        pieces = []
        index = 0
        while index < len(self.tokens):
            piece = self._ends_here(index) or self._told_here(index)
            if piece and self._kept(piece):
                self.kept.update(range(piece.first, piece.last + 1))
            elif piece:
                pieces.append(piece)
            index = piece.last + 1 if piece else index + 1
        return pieces + self._again(pieces)

    def _again(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Later mentions of a street that was found, of one word."""
        words = {self.tokens[piece.last].key for piece in pieces}
        words -= self.rules.names.common_words | self.rules.names.function_words
        inside = {index for piece in pieces for index in range(piece.first, piece.last + 1)}
        found = (i for i, token in enumerate(self.tokens) if token.key in words and i not in inside and not token.mark)
        return [Piece("street", index, index) for index in found]

    def _cued(self, index: int) -> bool:
        turn = self.tokens[index].turn
        return any(0 < index - cue <= _CUE_TOKENS and turn - self.tokens[cue].turn <= 2 for cue in self.cues)

    def _numbered(self, index: int) -> bool:
        """Whether a house number follows the token."""
        turn = self.tokens[index].turn
        ahead = [token for token in self.tokens[index + 1 : index + 4] if token.turn == turn]
        for token in ahead:
            if parse_number(token.key) is not None or token.key[:1].isdigit():
                return token.key != "een" or len(ahead) > 1
            if token.key not in self.places.number_words and token.key not in ("op", "eh", "uh"):
                return False
        return False

    def _ends_here(self, index: int) -> Piece | None:
        token = self.tokens[index]
        key = token.key
        if token.mark or not key.endswith(self.endings):
            return None
        told = self._numbered(index) or (self._cued(index) and self._placed(index))
        if key in self.places.no_streets and not told:
            return None
        strong = any(key.endswith(end) and len(key) >= len(end) + 3 for end in self.places.suffixes)
        weak = any(key.endswith(end) and len(key) >= len(end) + 3 for end in self.places.weak_suffixes)
        known = key in self.rules.names.common_words or key in self.rules.names.function_words
        split = key in self.places.suffixes and self._is_split(index)
        if not split and known:
            return None
        if not (strong or split or (weak and told)):
            return None
        return Piece("street", self._start(index - 1 if split else index), self._tail(index))

    def _placed(self, index: int) -> bool:
        """Whether the words before the token are those before a place: "in de", "op het", "aan"."""
        before = [
            token.key for token in self.tokens[max(0, index - 2) : index] if token.turn == self.tokens[index].turn
        ]
        return any(key in ("in", "op", "aan", "naar") for key in before)

    def _is_split(self, index: int) -> bool:
        """Whether "dorps straat" was written as two words."""
        if index == 0 or self.tokens[index - 1].turn != self.tokens[index].turn or self.tokens[index - 1].mark:
            return False
        before = self.tokens[index - 1].key
        names = self.rules.names
        if len(before) < 3 or before in names.function_words or before in names.common_words:
            return False
        plain = parse_number(before) is None and before not in self.rules.speech.soft
        return plain and before not in self.places.no_streets

    def _start(self, index: int) -> int:
        """The first token of a street's name: "burgemeester van" before "dijklaan", "oude" before "kerkstraat"."""
        names, turn, first = self.rules.names, self.tokens[index].turn, index
        while first > 0 and self.tokens[first - 1].turn == turn and not self.tokens[first - 1].mark:
            before = self.tokens[first - 1]
            leads = before.key in self.places.leaders or before.key in names.first_names
            if before.key in names.particles and first >= 2 and before.key != "de" and before.key != "in":
                further = self.tokens[first - 2]
                leads = further.turn == turn and (
                    further.key in self.places.leaders or further.key in names.first_names
                )
            capital = before.capital and not before.opens and before.key not in names.function_words
            if not (leads or (capital and parse_number(before.key) is None)):
                break
            first -= 1
        return first

    def _tail(self, index: int) -> int:
        return index

    def _told_here(self, index: int) -> Piece | None:
        """A name without a street's ending after "ik woon op", with a number behind it."""
        before = self.tokens[index - 1] if index else self.tokens[0]
        leads = before.key in ("op", "aan", "in", "de", "het") or before.key in self.places.leaders
        if index == 0 or before.turn != self.tokens[index].turn or not leads or not self._cued(index):
            return None
        last = index
        while last < len(self.tokens) and last < index + 3 and self._is_unknown(last, before.turn):
            last += 1
        if last == index or not self._numbered(last - 1):
            return None
        return Piece("street", self._start(index), last - 1)

    def _is_unknown(self, index: int, turn: int) -> bool:
        token, names = self.tokens[index], self.rules.names
        if token.turn != turn or token.mark or len(token.key) < 3 or token.key in self.places.number_words:
            return False
        if parse_number(token.key) is not None or not token.key.isalpha() or token.key in self.places.no_streets:
            return False
        common = token.key in names.function_words or token.key in names.common_words
        return not common or (token.capital and not token.opens)

    def _kept(self, piece: Piece) -> bool:
        """Whether the policy keeps this street: it is where a lamp is broken, and nobody's address."""
        if not self.rules.policy.keep_streets_in_reports or self._cued(piece.first):
            return False
        turn = self.tokens[piece.first].turn
        return any(
            token.key in self.places.report_words and abs(token.turn - turn) <= _REPORT_TURNS for token in self.tokens
        )
