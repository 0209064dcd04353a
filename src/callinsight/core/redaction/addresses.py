"""Postcodes and house numbers in the runs of a dictation."""

from collections.abc import Sequence

from callinsight.core.redaction import kinds
from callinsight.core.redaction.context import Context, Piece
from callinsight.core.redaction.postcodes import PostcodeReader
from callinsight.core.redaction.runs import Run

MIXED = ("iban", "licence_plate", "travel_document", "residence_document", "case_number")
"""Kinds that have letters among their digits as a postcode has."""
ADDRESS = ("postcode", "house_number", "street")

_HOUSE_DIGITS = 5
_HOUSE_TOKENS = 14
_HOUSE_TURNS = 4
_ADDITION_CUES = ("toevoeging", "huisnummertoevoeging")
_ADDITION_TOKENS = 6
_SURE_ADDITIONS = ("bis", "zwart", "rood", "hoog")
_MORE_TURNS = 4
_MORE_TOKENS = 40


class AddressReader:
    """Reads addresses from runs; ``streets`` are those of the call."""

    def __init__(self, context: Context, streets: Sequence[Piece]) -> None:
        self.context = context
        self.streets = streets
        self.postcodes = PostcodeReader(context.tokens, context.rules)

    def read(self, run: Run, told: Sequence[str]) -> list[Piece]:
        """Postcode and house number in ``run``, if it holds them; ``told`` are the kinds announced, latest first."""
        mixed = bool(told) and told[0] in MIXED
        other = mixed and (kinds.fits(told[0], run.text) or not self._has_postcode(run))
        found = None if other else self.postcodes.read(run, cued="postcode" in told[:2])
        if found:
            pieces = [Piece("postcode", found.first, found.last, found.text)]
            before = [unit for unit in run.units if unit.last < found.first]
            if before:
                text = "".join(unit.text for unit in before)
                pieces.insert(0, Piece(self._before_postcode(text, told), before[0].first, before[-1].last, text))
            if found.house:
                pieces.append(Piece("house_number", found.house[0], found.house[1], found.house_text))
            return pieces
        if self._is_rest_of_postcode(run):
            return [Piece("postcode", run.first, run.last, run.text)]
        if self._is_house_number(run, told):
            return [Piece("house_number", run.first, self._with_addition(run), run.text)]
        return []

    def _before_postcode(self, text: str, told: Sequence[str]) -> str:
        """What is said in one breath with a postcode, before it: a house number, its first try, or something long."""
        if len(text) <= _HOUSE_DIGITS:
            return "postcode" if len(text) == 4 and "postcode" in told else "house_number"
        told_so = (kind for kind in told if kinds.fits(kind, text))
        return next(told_so, None) or kinds.sure_kind(text) or "number"

    def _has_postcode(self, run: Run) -> bool:
        return self.postcodes.read(run, cued=False) is not None and len(run.text) > 6

    def _is_rest_of_postcode(self, run: Run) -> bool:
        """Whether a run is the two letters whose digits were said, or read back, just before."""
        if run.digits or len(run.text) > 2:
            return False
        near = [p for p in self.context.found if self.context.near(p.last, run.first, _MORE_TURNS, _MORE_TOKENS)]
        return any(piece.kind == "postcode" for piece in near[-2:])

    def _is_house_number(self, run: Run, told: Sequence[str]) -> bool:
        letters = len(run.text) - run.digits
        if not 1 <= run.digits <= 5 or letters > 1 or run.text.startswith("0"):
            return False
        if self._follows_address(run, strangers=2 if "house_number" in told else 0):
            return True
        if self._counted(run):
            return True
        if run.digits == 4 and "postcode" in told:
            return False
        return any(cue.kind == "house_number" and self._answers(cue.last, run) for cue in self.context.cues)

    def _counted(self, run: Run) -> bool:
        """Whether it is said as no other number is: "nummer dertig bis"."""
        before, after = run.first - 1, run.last + 1
        if before < 0 or after >= len(self.context.tokens):
            return False
        sides = self.context.tokens[before], self.context.tokens[after]
        same_turn = all(side.turn == run.turn for side in sides)
        return same_turn and sides[0].key in self.context.rules.places.number_words and sides[1].key in _SURE_ADDITIONS

    def _answers(self, cue: int, run: Run) -> bool:
        """Whether a run answers the question for a house number that ends at the token ``cue``."""
        if not self.context.near(cue, run.first, _HOUSE_TURNS, _HOUSE_TOKENS):
            return False
        return sum(not self.context.quiet[index] for index in range(cue + 1, run.first)) <= 3

    def _follows_address(self, run: Run, strangers: int) -> bool:
        """Whether a street or a postcode was said just before, or the same number as a house number.

        ``strangers`` unknown words may stand between when a house number was asked for: misheard letters mostly.
        """
        context, counting = self.context, self.context.rules.places.number_words
        before = context.tokens[run.first - 1] if run.first else None
        named = before is not None and before.turn == run.turn and before.key in counting
        for piece in reversed((*self.streets, *context.found)):
            if piece.kind not in ADDRESS or not context.near(piece.last, run.first, _HOUSE_TURNS, _HOUSE_TOKENS):
                continue
            between = range(piece.last + 1, run.first)
            if piece.kind == "house_number":
                if piece.text == run.text and run.pure:
                    return True
            elif named or sum(not context.quiet[i] and context.tokens[i].key not in counting for i in between) <= (
                strangers if context.tokens[piece.last].turn == run.turn else 0
            ):
                return True
        return False

    def additions(self) -> list[Piece]:
        """What is said of an addition by name: "en de toevoeging is rood", or "b" when it was asked for."""
        found = []
        for index, token in enumerate(self.context.tokens):
            if token.key not in _ADDITION_CUES:
                continue
            at = index + 1
            while at < min(index + _ADDITION_TOKENS, len(self.context.tokens)) and self.context.quiet[at]:
                at += 1
            if at < len(self.context.tokens) and self._is_addition(at, token.turn):
                found.append(Piece("house_number", at, at, self.context.tokens[at].key))
        return found

    def _is_addition(self, index: int, turn: int) -> bool:
        token = self.context.tokens[index]
        letter = len(token.key) == 1 and token.key.isalpha() and token.key != "u"
        known = letter or (token.key in self.context.rules.places.additions and token.key not in _ADDITION_CUES)
        return known and not token.mark and token.turn - turn <= 1

    def _with_addition(self, run: Run) -> int:
        last = run.last
        for token in self.context.tokens[run.last + 1 : run.last + 3]:
            if token.turn != run.turn or token.key not in self.context.rules.places.additions or token.mark:
                break
            last += 1
        return last
