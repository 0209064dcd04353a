"""Passwords and user names: the words said after "mijn wachtwoord is"."""

from collections.abc import Sequence

from callinsight.core.redaction.context import Piece
from callinsight.core.redaction.cues import Cue
from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token

_WORDS = ("wachtwoord", "gebruikersnaam", "inlognaam")
_LINKS = (("is",), ("dat", "is"), ("was",), ("wordt",), ("heb", "ik"), ("is", "dan"), ("is", "dus"), ("is", "nu"))
"""What stands between the cue and the secret."""
_SIGNS = (
    *("uitroepteken", "vraagteken", "hekje", "sterretje", "dollarteken", "procentteken", "apenstaartje", "punt"),
    *("streepje", "underscore", "hoofdletter"),
)
_MOST = 8
_ANSWER = 4


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
            first = self._begin(cue)
            last = first = self._answer(cue) if first is None else first
            while last < len(self.tokens) and last < first + _MOST and self._secret(last, cue):
                last += 1
            if last > first and self._is_told(cue, first):
                pieces.append(Piece("digid_secret", first, last - 1))
        return pieces

    def _is_told(self, cue: Cue, first: int) -> bool:
        """Whether something leads from the cue to what is said: a word such as "is", a question, or figures in it."""
        answers = self.tokens[first].turn > self.tokens[cue.last].turn
        return answers or first > cue.last + 1 or _has_figures(self.tokens[first]) or self._leads(first)

    def _answer(self, cue: Cue) -> int:
        """The first word of a short turn that answers "wat is uw gebruikersnaam", or the end when there is none."""
        first = cue.last + 1
        turn = [i for i in range(first, first + _ANSWER + 1) if i < len(self.tokens) and self._is_next(i, cue)]
        while turn and self.tokens[turn[0]].key in self.rules.speech.soft:
            turn.pop(0)
        return turn[0] if turn and len(turn) < _ANSWER else len(self.tokens)

    def _is_next(self, index: int, cue: Cue) -> bool:
        return self.tokens[index].turn == self.tokens[cue.last].turn + 1

    def _begin(self, cue: Cue) -> int | None:
        """The token after "is", "dat is", "heb ik", or right after the cue; None when its turn ends there."""
        links = [
            len(link)
            for link in _LINKS
            if tuple(token.key for token in self.tokens[cue.last + 1 : cue.last + 1 + len(link)]) == link
        ]
        first = cue.last + 1 + max(links, default=0)
        ends = first >= len(self.tokens) or self.tokens[first].turn != self.tokens[cue.last].turn
        return None if ends else first

    def _secret(self, index: int, cue: Cue) -> bool:
        token, names = self.tokens[index], self.rules.names
        if token.mark or token.turn - self.tokens[cue.first].turn > 1:
            return False
        number = parse_number(token.key) is not None or token.key.isdigit()
        if number:
            return self._following(index) not in self.rules.guards.after
        if _has_figures(token) or len(token.key) == 1 or token.key in _SIGNS:
            return True
        if token.key in names.function_words:
            return False
        return token.key not in names.common_words or self._leads(index)

    def _leads(self, index: int) -> bool:
        """Whether a common word is part of a secret since a number or a sign follows it ("welkom twaalf")."""
        after = self._following(index)
        number = parse_number(after) is not None or after.isdigit()
        return after in _SIGNS or (number and self._following(index + 1) not in self.rules.guards.after)

    def _following(self, index: int) -> str:
        after = index + 1
        same = after < len(self.tokens) and self.tokens[after].turn == self.tokens[index].turn
        return self.tokens[after].key if same else ""


def _has_figures(token: Token) -> bool:
    return any(c.isdigit() or c == "_" for c in token.key)
