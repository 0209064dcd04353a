"""Decides what each dictation of digits and letters is: by the cue before it, by its shape, or as an echo of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from callinsight.core.redaction import kinds
from callinsight.core.redaction.cues import Cue
from callinsight.core.redaction.normaliser import Atom, Part
from callinsight.core.redaction.postcodes import PostcodeReader
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.runs import Run
from callinsight.core.redaction.tokens import Token
from callinsight.core.values import Role

_REACH_TURNS = 8
_REACH_TOKENS = 90
_AFTER_TOKENS = 7
"""A cue may also follow: "... dat is mijn bsn"."""
_MORE_TURNS = 4
_MORE_TOKENS = 40
"""How far the rest of a dictation may lag behind its beginning."""
_ECHO_LEAST = 3
_ECHO_TURNS = 10
_HOUSE_TOKENS = 14
_HOUSE_TURNS = 4
_BIRTH_TOKENS = 40
_MIXED = ("iban", "licence_plate", "travel_document", "residence_document", "case_number")
_ADDRESS = ("postcode", "house_number", "street")


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens ``first`` to ``last`` of one turn are personal data of ``kind``; ``text`` is what they say, for echoes."""

    kind: str
    first: int
    last: int
    text: str = ""


class Decider:
    """Goes through the dictations of one call in order and remembers what it found."""

    def __init__(
        self,
        tokens: Sequence[Token],
        atoms: Sequence[Atom],
        roles: Sequence[Role],
        cues: Sequence[Cue],
        rules: RedactionRules,
        streets: Sequence[Piece],
    ) -> None:
        self.tokens = tokens
        self.roles = roles
        self.cues = cues
        self.rules = rules
        self.streets = streets
        self.found: list[Piece] = []
        self.quiet = [False] * len(tokens)
        for atom in atoms:
            for index in range(atom.first, atom.last + 1):
                self.quiet[index] = atom.part in (Part.SOFT, Part.CORRECTION)
        self.postcodes = PostcodeReader(tokens, rules)

    def near(self, early: int, late: int, most_turns: int, most_tokens: int) -> bool:
        """Whether the token ``late`` lies after ``early`` within the given distance."""
        turns = self.tokens[late].turn - self.tokens[early].turn
        return early < late and turns <= most_turns and late - early <= most_tokens

    def pending(self, first: int) -> tuple[str, ...]:
        """The kinds that were announced before the token ``first``, the latest first."""
        told = [cue.kind for cue in reversed(self.cues) if self.near(cue.last, first, _REACH_TURNS, _REACH_TOKENS)]
        return tuple(dict.fromkeys(told))

    def decide(self, dictation: Sequence[Run]) -> None:
        """Add what ``dictation`` holds to ``found``."""
        told = self.pending(dictation[0].first)
        rest = []
        for run in dictation:
            echoed = self._echo([run]) or self._international(run)
            if echoed:
                pieces = [Piece(echoed, self._start(run, echoed), run.last, run.text)]
            else:
                pieces = self._address(run, told)
            self.found.extend(pieces)
            if not pieces:
                rest.append(run)
        if self._is_public(rest, told):
            return
        for some in self._by_shape(rest, told):
            kind = self._kind_of(some, told)
            if kind:
                self.found.extend(Piece(kind, self._start(run, kind), run.last, run.text) for run in some)

    def _start(self, run: Run, kind: str) -> int:
        """The first token of a number: "plus" belongs to a telephone number, and "NL" to an account."""
        before = self.tokens[run.first - 1] if run.first else None
        if before is None or before.turn != run.turn or before.mark:
            return run.first
        lead = {"phone": ("plus",), "iban": ("nl",)}.get(kind, ())
        return run.first - 1 if before.key in lead or (kind == "phone" and before.raw == "+") else run.first

    def _international(self, run: Run) -> str | None:
        before = self.tokens[run.first - 1] if run.first else None
        plus = before is not None and before.turn == run.turn and before.key == "plus"
        return "phone" if plus and run.text.startswith("31") else None

    def _by_shape(self, runs: Sequence[Run], told: Sequence[str]) -> list[list[Run]]:
        """Parts of a dictation: more than one when its runs are complete numbers of different kinds by themselves."""
        parts: list[list[Run]] = []
        shapes: set[str] = set()
        for run in runs:
            wanted = (kind for kind in told if any(kinds.fits(kind, text) for text in run.readings))
            shape = next(wanted, None) or next(filter(None, map(kinds.sure_kind, run.readings)), None)
            if not parts or (shape and shapes and shape not in shapes):
                parts.append([])
                shapes = set()
            parts[-1].append(run)
            if shape:
                shapes.add(shape)
        return parts

    def _is_public(self, dictation: Sequence[Run], told: Sequence[str]) -> bool:
        public = self.rules.guards.public
        matches = [any(p.fullmatch(text) for p in public for text in run.readings) for run in dictation]
        if not all(matches) or not dictation:
            return False
        before = dictation[0].first - 1
        called = before >= 0 and self.tokens[before].key in self.rules.guards.call_words
        latest = told[0] if told else "phone"
        return called or latest in ("phone", "number") or (len(dictation) == 1 and len(dictation[0].text) >= 8)

    def _address(self, run: Run, told: Sequence[str]) -> list[Piece]:
        """Postcode and house number in a run, if it holds them."""
        mixed = told and told[0] in _MIXED
        other = mixed and (kinds.fits(told[0], run.text) or not self._has_postcode(run))
        found = None if other else self.postcodes.read(run, cued="postcode" in told)
        if found:
            pieces = [Piece("postcode", found.first, found.last, found.text)]
            before = [unit for unit in run.units if unit.last < found.first]
            if before:
                text = "".join(unit.text for unit in before)
                pieces.insert(0, Piece("house_number", before[0].first, before[-1].last, text))
            if found.house:
                pieces.append(Piece("house_number", found.house[0], found.house[1], found.house_text))
            return pieces
        if self._is_rest_of_postcode(run):
            return [Piece("postcode", run.first, run.last, run.text)]
        if self._is_house_number(run, told):
            return [Piece("house_number", run.first, self._with_addition(run), run.text)]
        return []

    def _is_rest_of_postcode(self, run: Run) -> bool:
        """Whether a run is the two letters whose digits were said, or read back, just before."""
        if run.digits or len(run.text) > 2:
            return False
        recent = [piece for piece in self.found if self.near(piece.last, run.first, _MORE_TURNS, _MORE_TOKENS)]
        return any(piece.kind == "postcode" for piece in recent[-2:])

    def _has_postcode(self, run: Run) -> bool:
        found = self.postcodes.read(run, cued=False)
        return found is not None and len(run.text) > 6

    def _is_house_number(self, run: Run, told: Sequence[str]) -> bool:
        letters = len(run.text) - run.digits
        if not 1 <= run.digits <= 5 or letters > 1 or run.text.startswith("0"):
            return False
        before = self.tokens[run.first - 1] if run.first else None
        named = before is not None and before.turn == run.turn and before.key in self.rules.places.number_words
        for piece in reversed((*self.streets, *self.found)):
            if piece.kind not in _ADDRESS or not self.near(piece.last, run.first, _HOUSE_TURNS, _HOUSE_TOKENS):
                continue
            between = range(piece.last + 1, run.first)
            if piece.kind == "house_number":
                if piece.text == run.text and run.pure:
                    return True
            elif named or all(self.quiet[i] or self._counts_houses(i) for i in between):
                return True
        if run.digits == 4 and "postcode" in told:
            return False
        for cue in self.cues:
            if cue.kind == "house_number" and self.near(cue.last, run.first, _HOUSE_TURNS, _HOUSE_TOKENS):
                between = range(cue.last + 1, run.first)
                if sum(not self.quiet[i] for i in between) <= 3:
                    return True
        return False

    def _counts_houses(self, index: int) -> bool:
        return self.tokens[index].key in self.rules.places.number_words

    def _with_addition(self, run: Run) -> int:
        last = run.last
        if last + 1 < len(self.tokens):
            following = self.tokens[last + 1]
            if following.turn == run.turn and following.key in self.rules.places.additions:
                return last + 1
        return last

    def _kind_of(self, runs: Sequence[Run], told: Sequence[str]) -> str | None:
        texts = self._texts(runs)
        total = sum(len(run.text) for run in runs)
        for kind in told:
            if any(kinds.fits(kind, text) for text in texts):
                return kind
        for text in texts:
            sure = kinds.sure_kind(text)
            if sure and not (sure == "bsn" and told[:1] == ("phone",)):
                return sure
        joined = "".join(run.text for run in runs)
        for kind in told:
            if kind in ("house_number", "postcode", "person_name", "street", "email"):
                continue
            lettered = joined.isalpha() and not (kind in _MIXED and all(run.pure for run in runs))
            if total >= self.rules.kinds[kind].least and kinds.may_be(kind, joined) and not lettered:
                return kind
        return self._rest_of(runs, total) or self._told_after(runs, total) or self._long(runs)

    def _texts(self, runs: Sequence[Run]) -> tuple[str, ...]:
        """Every reading of each run, and what each side says in all of them together."""
        texts = [text for run in runs for text in run.readings]
        for role in dict.fromkeys(self.roles[run.turn] for run in runs):
            mine = [run for run in runs if self.roles[run.turn] is role]
            texts.append("".join(run.text for run in mine))
            texts.append("".join(run.corrected for run in mine))
        return tuple(dict.fromkeys(texts))

    def _echo(self, runs: Sequence[Run]) -> str | None:
        """The kind of what was said before when a run repeats a part of it; shorter parts only soon after."""
        for run in runs:
            if len(run.text) < _ECHO_LEAST:
                continue
            for piece in reversed(self.found):
                soon = self.near(piece.last, run.first, _ECHO_TURNS, _REACH_TOKENS)
                if (soon or len(run.text) > _ECHO_LEAST + 2) and run.text in piece.text:
                    return piece.kind
        return None

    def _rest_of(self, runs: Sequence[Run], total: int) -> str | None:
        """The kind of the dictation just before, when these runs can be its continuation."""
        if not self.found or not (total >= 3 or all(run.pure for run in runs)):
            return None
        last = self.found[-1]
        close = self.near(last.last, runs[0].first, _MORE_TURNS, _MORE_TOKENS)
        lettered = all(run.text.isalpha() for run in runs) and last.kind not in _MIXED
        return last.kind if close and last.kind not in _ADDRESS and not lettered else None

    def _told_after(self, runs: Sequence[Run], total: int) -> str | None:
        end = runs[-1].last
        for cue in self.cues:
            rule = self.rules.kinds[cue.kind]
            same_turn = end < cue.first <= end + _AFTER_TOKENS and self.tokens[cue.first].turn == runs[-1].turn
            if same_turn and rule.least >= 3 and total >= max(rule.least, 5):
                return cue.kind
        return None

    def _long(self, runs: Sequence[Run]) -> str | None:
        """Many digits in a row without any cue, in one run or in turns that hold nothing else."""
        said = [run.spoken for run in runs]
        for role in dict.fromkeys(self.roles[run.turn] for run in runs):
            mine = [run for run in runs if self.roles[run.turn] is role and (run.pure or run.digits > 1)]
            if len({run.turn for run in mine}) == len(mine):
                said.append("".join(run.spoken for run in mine))
        return "number" if any(kinds.is_long(text) for text in said) else None

    def births(self, atoms: Sequence[Atom], runs: Sequence[Run]) -> None:
        """Add dates of birth: a date after its cue, or a full date too long ago to be anything else."""
        cues = [cue for cue in self.cues if cue.kind == "date_of_birth"]
        for atom in atoms:
            if atom.part is not Part.DATE:
                continue
            told = any(self.near(cue.last, atom.first, 6, _BIRTH_TOKENS) for cue in cues)
            told = told or any(0 < cue.first - atom.last <= 4 for cue in cues)
            echoed = any(piece.kind == "date_of_birth" and piece.text == atom.text for piece in self.found)
            long_ago = 1890 <= atom.value < self.rules.policy.born_before_year
            if told or echoed or long_ago:
                self.found.append(Piece("date_of_birth", atom.first, atom.last, atom.text))
        for run in runs:
            is_year = run.guarded and len(run.text) == 4 and run.text[:2] in ("19", "20")
            if is_year and any(self.near(cue.last, run.first, 2, 6) for cue in cues):
                self.found.append(Piece("date_of_birth", run.first, run.last, run.text))
