"""What belongs to a name that was found: faint words beside it, tussenvoegsels between its parts, its spelling."""

from collections.abc import Iterable, Iterator, Sequence

from callinsight.core.redaction.context import Piece
from callinsight.core.redaction.cues import PhraseBook
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.spelling import FILLERS, spelled_from
from callinsight.core.redaction.spotted import ALSO_WORDS, SpottedFinder
from callinsight.core.redaction.tokens import Token
from callinsight.core.spotting import SpottedName

_MOST_BETWEEN = 3
_SPELLED_LEAST = 3
_LONGEST_CUE = 5
_BRIDGES = frozenset(("uit", "aan", "bij", "onder", "over", "voor", "tot"))
"""Part of a surname only before an article: "uit den bogaard", "bij de vaate"."""
_ARTICLES = frozenset(("de", "den", "der", "het", "t", "ten"))
_BY_CHANCE = frozenset(("van", "de", "het", "in", "op", "te"))
"""One of these alone between two names parts two people as likely as it joins one: "een brief van anna van joris"."""
_VAGUE_CUES = frozenset((("met",), ("hier",), ("heet",), ("collega",), ("vraag", "naar"), ("vragen", "naar")))
"""Words that stand before other things than names too often for a faint word behind them to be one."""


class Companions:
    """Looks around the names of one call. ``taken`` is read anew at each search, never changed."""

    def __init__(self, tokens: Sequence[Token], taken: Sequence[bool], rules: RedactionRules, book: PhraseBook) -> None:
        self.tokens = tokens
        self.taken = taken
        self.rules = rules
        self.book = book

    def faint(
        self, pieces: Iterable[Piece], names: Sequence[SpottedName], finder: SpottedFinder
    ) -> Iterator[tuple[int, int]]:
        """The first and last token of words that may be a name and stand beside one, or after words that announce one.

        Whoever takes what is given, as tokens that are ``taken``, before asking for more gets all that stand in a row.
        """
        named = _named(pieces)
        left = [run for name in names for run in finder.runs(name)]
        found = True
        while found:
            found = False
            for run in list(left):
                if any(self.taken[index] for index in run):
                    left.remove(run)
                elif self._beside(run, named) or self._announced(run[0]):
                    left.remove(run)
                    named.update(run)
                    found = True
                    yield run[0], run[-1]

    def within(self, pieces: Iterable[Piece]) -> Iterator[tuple[int, int]]:
        """The tussenvoegsels that stand between two parts of a name, or before one where a verb would not."""
        named = _named(pieces)
        for index in sorted(named):
            first = index
            while first and index - first < _MOST_BETWEEN and self._joins(first - 1, index):
                first -= 1
            if first == index:
                continue
            before = first - 1
            parted = before < 0 or self.tokens[before].turn != self.tokens[index].turn or self.tokens[before].stops
            between = [token.key for token in self.tokens[first:index]]
            chance = len(between) == 1 and between[0] in _BY_CHANCE
            verb = len(between) == 1 and between[0] in ALSO_WORDS
            if not parted and not chance and (before in named or (verb and self._titled(before))):
                yield first, index - 1

    def spelled(self, pieces: Iterable[Piece]) -> Iterator[tuple[int, int]]:
        """The letters with which a name is spelled: right after it, and the rest of letters that are taken in part."""
        named = _named(pieces)
        for index in sorted(named):
            start = index + 1
            if start < len(self.tokens) and self.tokens[start].key in FILLERS:
                start += 1
            same = start < len(self.tokens) and self.tokens[start].turn == self.tokens[index].turn
            if same and start not in named:
                end, letters = spelled_from(self.tokens, start, self.rules)
                if len(letters) >= _SPELLED_LEAST and not any(self.taken[start:end]):
                    yield start, end - 1
        yield from self._rest(named)

    def _rest(self, named: set[int]) -> Iterator[tuple[int, int]]:
        """What is left of a row of three single letters or more of which one is in a name."""
        at = 0
        while at < len(self.tokens):
            end = at
            while end < len(self.tokens) and self._is_letter(end) and self.tokens[end].turn == self.tokens[at].turn:
                end += 1
            if end - at >= _SPELLED_LEAST and not named.isdisjoint(range(at, end)):
                for index in range(at, end):
                    if not self.taken[index]:
                        yield index, index
            at = max(end, at + 1)

    def _is_letter(self, index: int) -> bool:
        return len(self.tokens[index].key) == 1 and self.tokens[index].key.isalpha()

    def _beside(self, run: Sequence[int], named: set[int]) -> bool:
        """Whether a name stands right before or after ``run``, tussenvoegsels aside, in the same sentence."""
        before = run[0] - 1
        while before >= 0 and run[0] - before <= _MOST_BETWEEN and self._is_particle(before, run[0]):
            before -= 1
        after = run[-1] + 1
        while after < len(self.tokens) and after - run[-1] <= _MOST_BETWEEN and self._is_particle(after, run[0]):
            after += 1
        turn = self.tokens[run[0]].turn
        left = before in named and self.tokens[before].turn == turn and not self.tokens[before].stops
        return left or (after in named and self.tokens[after].turn == turn and not self.tokens[run[-1]].stops)

    def _is_particle(self, index: int, beside: int) -> bool:
        token = self.tokens[index]
        return token.key in self.rules.names.particles and token.turn == self.tokens[beside].turn and not token.stops

    def _announced(self, first: int) -> bool:
        """Whether words right before ``first``, or the question of the turn before, say that a name follows."""
        turn = self.tokens[first].turn
        while True:
            for start in range(max(0, first - _LONGEST_CUE), first):
                hit = self.book.at(self.tokens, start)
                if hit and start + hit[0] == first and hit[1] != "question":
                    cue = tuple(token.key for token in self.tokens[start:first])
                    if self.tokens[start].turn == turn and cue not in _VAGUE_CUES:
                        return True
            if not first or not self._is_particle(first - 1, first):
                break
            first -= 1
        start = first - 1
        opens = first == 0 or self.tokens[first - 1].turn != turn
        while opens and start >= 0 and self.tokens[start].turn == turn - 1:
            hit = self.book.at(self.tokens, start)
            if hit and hit[1] == "question":
                return True
            start -= 1
        return False

    def _joins(self, index: int, before: int) -> bool:
        """Whether the token is a tussenvoegsel in front of the token ``before``, free to be masked."""
        token = self.tokens[index]
        if self.taken[index] or token.mark or token.stops or token.turn != self.tokens[before].turn:
            return False
        if token.key in _BRIDGES:
            return index + 1 < len(self.tokens) and self.tokens[index + 1].key in _ARTICLES
        return token.key in self.rules.names.particles

    def _titled(self, index: int) -> bool:
        """Whether the token ends words after which a name comes and no verb: "mevrouw", "met", "is"."""
        token = self.tokens[index]
        titles = {phrase[-1] for phrase in self.rules.names.titles}
        return token.key in titles or token.key in ("met", "is", "familie")


def _named(pieces: Iterable[Piece]) -> set[int]:
    return {index for piece in pieces if piece.kind == "person_name" for index in range(piece.first, piece.last + 1)}
