"""Passwords and user names: the words said after "mijn wachtwoord is"."""

from collections.abc import Sequence

from callinsight.core.redaction.context import Piece
from callinsight.core.redaction.cues import Cue
from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token

_WORDS = ("wachtwoord", "gebruikersnaam", "inlognaam")
_MOST = 6


class SecretFinder:
    """Finds said passwords and user names; codes in digits are found with the other numbers."""

    def __init__(self, tokens: Sequence[Token], cues: Sequence[Cue], rules: RedactionRules) -> None:
        self.tokens = tokens
        self.rules = rules
        self.cues = [cue for cue in cues if cue.kind == "digid_secret" and tokens[cue.last].key in _WORDS]

    def find(self) -> list[Piece]:
        """The words after "is", as far as they are none that people say of a password ("verlopen")."""
        pieces = []
        for cue in self.cues:
            first = cue.last + 2
            if first >= len(self.tokens) or self.tokens[first - 1].key != "is":
                continue
            last = first
            while last < len(self.tokens) and last < first + _MOST and self._secret(last, cue):
                last += 1
            if last > first:
                pieces.append(Piece("digid_secret", first, last - 1))
        return pieces

    def _secret(self, index: int, cue: Cue) -> bool:
        token, names = self.tokens[index], self.rules.names
        if token.mark or token.turn != self.tokens[cue.first].turn:
            return False
        if any(c.isdigit() for c in token.key) or parse_number(token.key) is not None or len(token.key) == 1:
            return True
        return token.key not in names.function_words and token.key not in names.common_words
