"""Names that a model spotted, joined with what the rules know: what is public stays, what belongs comes along."""

import re
from collections.abc import Callable, Sequence

from callinsight.core.redaction.context import Piece
from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token
from callinsight.core.spotting import SpottedName

SURE = 0.9
"""A word that people say in calls is a name only when the model is as sure as this: "wit", "mei", "bos"."""
_MOST_BEFORE = 3
_SPELLING_NEAR = 40
"""Tokens: so far back somebody spoke of a name or of spelling when letters are read as a name."""
_DERIVED = re.compile(r"(?i)[a-z0-9]{1,4}['’](?:ers?|tjes?|jes?|en|de|t)")
"""What Dutch makes of an abbreviation: "zzp'er", "a4'tje", "sms'en"."""
ALSO_WORDS = frozenset(("in", "op", "ben", "al", "bel"))
"""Tussenvoegsels that stand before a name by chance too often: "ik ben in de", "dat heb ik al"."""


class SpottedFinder:
    """Turns the spans of one call into pieces; ``taken`` tokens and those of ``public`` are never in one.

    Raises ``ValueError`` when a span lies outside the call.
    """

    def __init__(
        self, tokens: Sequence[Token], taken: Sequence[bool], public: frozenset[int], rules: RedactionRules
    ) -> None:
        self.tokens = tokens
        self.taken = taken
        self.public = public
        self.rules = rules
        self._place = {(token.turn, token.word): index for index, token in enumerate(tokens)}
        names, speech, guards = rules.names, rules.speech, rules.guards
        titles = {word for phrase in names.titles for word in phrase}
        self._never = (names.function_words | names.greetings | titles) - names.particles
        self._plain = names.common_words | speech.soft | speech.corrections | set(speech.months) | guards.call_words
        self._plain |= rules.places.report_words | names.public_offices

    def find(self, names: Sequence[SpottedName]) -> list[Piece]:
        """The pieces of ``names`` that no rule and no policy protects, with what belongs to them."""
        pieces = []
        for name in names:
            runs = [run for run in self.runs(name) if not self._only_letters(run)]
            pieces += [Piece("person_name", self._start(run[0]), run[-1]) for run in runs]
        return pieces

    def runs(self, name: SpottedName) -> list[list[int]]:
        """The tokens of ``name`` to mask, in stretches. Raises ``ValueError`` when it lies outside the call."""
        first, last = (self._place.get((name.turn, word)) for word in (name.first, name.last))
        if first is None or last is None:
            raise ValueError("a spotted name lies outside the call")
        return self._runs(first, self._office(first, last), name.score)

    def _only_letters(self, run: Sequence[int]) -> bool:
        """Whether ``run`` is letters that nothing near says to be of a name: "rijbewijs b e", "dat heet i o a w"."""
        if any(len(self.tokens[index].key) > 1 for index in run):
            return False
        turn = self.tokens[run[0]].turn
        for beside in (run[0] - 1, run[-1] + 1):
            if 0 <= beside < len(self.tokens) and self.taken[beside] and self.tokens[beside].turn == turn:
                return False
        return not any(
            token.key in self.rules.names.spelling_words
            for token in self.tokens[max(0, run[0] - _SPELLING_NEAR) : run[0]]
            if turn - token.turn <= 2
        )

    def protected(self, index: int, score: float) -> bool:
        """Whether the token stays although a name with ``score`` was spotted there."""
        token = self.tokens[index]
        if self.taken[index] or token.mark or index in self.public or token.key in self._never:
            return True
        if not any(c.isalpha() for c in token.key) or parse_number(token.key) is not None:
            return True
        if token.key in self.rules.names.abbreviations or _DERIVED.fullmatch(token.raw):
            return True
        return token.key in self._plain - self.rules.names.particles and score < SURE

    def _office(self, first: int, last: int) -> int:
        """The last token to mask: what follows an office within a name is a public name."""
        offices = self.rules.names.public_offices
        for index in range(max(0, first - 1), last):
            if self.tokens[index].key in offices and self.tokens[index].turn == self.tokens[first].turn:
                return index - 1
        return last

    def _runs(self, first: int, last: int, score: float) -> list[list[int]]:
        """Stretches without a protected token, and without tussenvoegsels at their ends that lead to no name."""
        runs: list[list[int]] = [[]]
        for index in range(first, last + 1):
            if self.protected(index, score):
                runs.append([])
            else:
                runs[-1].append(index)
        for run in runs:
            while run and self.tokens[run[-1]].key in self.rules.names.particles:
                run.pop()
        return [run for run in runs if run]

    def _start(self, first: int) -> int:
        """Where the name begins, with initials and tussenvoegsels ("van der") before what was spotted."""
        start = self._before(first, lambda token: token.key in self.rules.names.particles - ALSO_WORDS)
        inside = [self.tokens[index].key for index in range(start, first)]
        if all(key in self.rules.names.function_words for key in inside) and len(inside) < 2:
            start = first  # "van" or "de" alone is part of the sentence as likely as of the name
        return self._before(start, lambda token: len(token.raw) == 1 and token.raw.isalpha())

    def _before(self, first: int, fits: Callable[[Token], bool]) -> int:
        start = first
        while (
            start > 0 and first - start < _MOST_BEFORE and self._free(start - 1, first) and fits(self.tokens[start - 1])
        ):
            start -= 1
        return start

    def _free(self, index: int, beside: int) -> bool:
        token = self.tokens[index]
        same = token.turn == self.tokens[beside].turn
        never = token.key in self._never and token.key not in self.rules.names.particles
        return same and not self.taken[index] and not token.mark and index not in self.public and not never
