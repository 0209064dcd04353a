"""Runs: digits and letters that one speaker says in a row, with fillers in between, and dictations made of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callinsight.core.redaction import kinds
from callinsight.core.redaction.normaliser import Atom, Part
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token

_CARRIERS = (Part.DIGITS, Part.LETTERS, Part.MIXED)
_QUIET = (Part.SOFT, Part.CORRECTION)
_SOFT_WITHIN_RUN = 5
"""Fillers that may stand between two digits of one run ("even kijken hoor wacht")."""
_SOFT_BETWEEN_RUNS = 14
_TURNS_BETWEEN_RUNS = 4
_ANNOUNCED = 4
_LOOSE = ("over", "voor", "tot")
"""Words of times that also go on a sentence: "zaaknummer 4561 voor de vergunning"."""
_YEAR = re.compile(r"(19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters that belong together ("23" of "drieëntwintig") and the tokens that said them."""

    text: str
    first: int
    last: int
    large: bool = False
    """Whether it is a number word of ten thousand or more, which nobody dictates."""


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens ``first`` to ``last`` of one turn, and the characters they say.

    ``units`` reads "negentienhonderd tachtig" as 1980; ``plain`` is the same run said one by one (190080);
    ``corrected`` leaves out what a "nee" takes back. ``guarded`` tells that the words around it make it an amount, a
    time, a year or the like; ``pure`` that the turn holds nothing else but fillers.
    """

    turn: int
    first: int
    last: int
    units: tuple[Unit, ...]
    plain: str
    corrected: str
    guarded: bool
    pure: bool

    @property
    def text(self) -> str:
        """All characters of the run."""
        return "".join(unit.text for unit in self.units)

    @property
    def spoken(self) -> str:
        """The characters without large number words ("honderdvijftigduizend")."""
        return "".join(unit.text for unit in self.units if not unit.large)

    @property
    def readings(self) -> tuple[str, ...]:
        """Every way to read the run, without repeats."""
        return tuple(dict.fromkeys((self.text, self.plain, self.corrected)))

    @property
    def digits(self) -> int:
        """How many digits the run has."""
        return sum(c.isdigit() for c in self.text)


def fold_numbers(atoms: Sequence[Atom]) -> tuple[Unit, ...]:
    """Join number words that add up: "negentienhonderd tachtig" is 1980, "drie honderd vijf" 305."""
    units: list[Unit] = []
    index = 0
    while index < len(atoms):
        atom = atoms[index]
        if atom.value < 0 or atom.part is not Part.DIGITS:
            units.append(Unit(atom.text, atom.first, atom.last))
            index += 1
            continue
        total, step, at = atom.value, atom.step, index + 1
        while at < len(atoms) and atoms[at].part is Part.DIGITS and _adjacent(atoms[at - 1], atoms[at]):
            value = atoms[at].value
            if atoms[at].step and value in (100, 1000) and 1 < total < value:
                total, step = total * value, value
            elif step and 0 < value < step:
                total, step = total + value, atoms[at].step
            else:
                break
            at += 1
        text = atom.text if at == index + 1 else str(total)
        large = total >= 10_000 and bool(atom.step or at > index + 1)
        units.append(Unit(text, atom.first, atoms[at - 1].last, large))
        index = at
    return tuple(units)


def _adjacent(left: Atom, right: Atom) -> bool:
    return right.first - left.last <= 2


class _Builder:
    """Builds the runs of a call; holds only what it was given."""

    def __init__(
        self, tokens: Sequence[Token], atoms: Sequence[Atom], taken: Sequence[bool], rules: RedactionRules
    ) -> None:
        self.tokens = tokens
        self.atoms = atoms
        self.taken = taken
        self.rules = rules
        quiet = (*_CARRIERS, *_QUIET, Part.GUESS)
        self.loud = {tokens[atom.first].turn for atom in atoms if atom.part not in quiet}

    def carries(self, index: int) -> bool:
        """Whether the atom at ``index`` holds digits or letters that nobody took yet, or is a guess beside digits."""
        atom = self.atoms[index]
        if self.taken[atom.first]:
            return False
        return atom.part in _CARRIERS or (atom.part is Part.GUESS and self._guessed(index))

    def _guessed(self, index: int) -> bool:
        """Whether a misheard number stands beside one that was heard, or alone in a turn."""
        turn = self.tokens[self.atoms[index].first].turn
        for step in (-1, 1):
            at = index + step
            while 0 <= at < len(self.atoms) and self.atoms[at].part in (*_QUIET, Part.GUESS):
                at += step
            inside = 0 <= at < len(self.atoms) and self.tokens[self.atoms[at].first].turn == turn
            if inside and (self.atoms[at].part is not Part.DIGITS or self.taken[self.atoms[at].first]):
                continue
            if inside:
                return True
        near = self.tokens[max(0, self.atoms[index].first - 2) : self.atoms[index].last + 3]
        return turn not in self.loud and sum(token.turn == turn for token in near) <= 2

    def stretch(self, index: int) -> int:
        """The index of the last carrier of the run that begins at ``index``."""
        turn = self.tokens[self.atoms[index].first].turn
        last, at, soft, strange = index, index + 1, 0, False
        while at < len(self.atoms) and self.tokens[self.atoms[at].first].turn == turn:
            atom = self.atoms[at]
            if self.taken[atom.first]:
                break
            if self.carries(at):
                last, soft, strange = at, 0, False
            elif atom.part in _QUIET and soft < _SOFT_WITHIN_RUN:
                soft += atom.last - atom.first + 1
            elif not strange and self._misheard(at):
                strange = True
            else:
                break
            at += 1
        return last

    def _misheard(self, index: int) -> bool:
        """Whether an unknown word stands amid digits, so that it is likely a digit that was misheard."""
        if self.atoms[index].part is not Part.OTHER or not 2 <= index < len(self.atoms) - 2:
            return False
        key = self.tokens[self.atoms[index].first].key
        names, guards = self.rules.names, self.rules.guards
        known = key in names.function_words or key in names.common_words or key in guards.after or key in guards.before
        around = [self.atoms[i] for i in (index - 2, index - 1, index + 1, index + 2)]
        digits = [atom.part is Part.DIGITS and not atom.step for atom in around]
        return not known and len(key) <= 7 and digits[1] and digits[2] and (digits[0] or digits[3])

    def build(self, begin: int, end: int, pure: bool) -> Run | None:
        """The run of the atoms ``begin`` to ``end``, trimmed, or None when nothing is left of it."""
        pure = pure or self._has_shape(begin, end)
        while not pure and begin <= end and self._is_loose(begin, begin + 1, begin, end):
            begin += 1
            while begin <= end and self.atoms[begin].part not in (*_CARRIERS, Part.GUESS):
                begin += 1
        while not pure and begin <= end and (self._is_loose(end, end - 1, begin, end) or self._is_article(end)):
            end -= 1
            while begin <= end and self.atoms[end].part not in (*_CARRIERS, Part.GUESS):
                end -= 1
        if begin > end:
            return None
        inside = [self.atoms[i] for i in range(begin, end + 1)]
        carriers = [atom for atom in inside if atom.part in (*_CARRIERS, Part.GUESS)]
        kept = [
            atom
            for place, atom in enumerate(inside)
            if atom in carriers and not (place + 1 < len(inside) and inside[place + 1].part is Part.CORRECTION)
        ]
        units = fold_numbers(carriers)
        run = Run(
            turn=self.tokens[inside[0].first].turn,
            first=inside[0].first,
            last=inside[-1].last,
            units=units,
            plain="".join(atom.text for atom in carriers),
            corrected="".join(unit.text for unit in fold_numbers(kept)),
            guarded=units[0].large or self._guarded(begin, end, units),
            pure=pure,
        )
        short = run.text.isalpha() and len(run.text) == 1
        length = sum(token.turn == run.turn for token in self.tokens[max(0, run.first - 4) : run.last + 4])
        words = all(atom.spelled and len(atom.text) > 1 for atom in carriers)
        if run.text == "o" or (short and length > 3):
            # "o" alone is surprise and "ik zet u even door" no spelling.
            return None
        return run if pure or run.digits or (len(run.text) >= 3 and not words) else None

    def _has_shape(self, begin: int, end: int) -> bool:
        """Whether the atoms are a whole number plate or the like, so that no word at an edge is just a word."""
        carriers = [atom for atom in self.atoms[begin : end + 1] if atom.part in (*_CARRIERS, Part.GUESS)]
        if not any(carriers[place].spelled for place in (0, -1)):
            return False
        return kinds.sure_kind("".join(unit.text for unit in fold_numbers(carriers))) is not None

    def _is_loose(self, index: int, inward: int, begin: int, end: int) -> bool:
        """Whether a word of a spelling alphabet at an edge has no letter beside it: then it is just a word."""
        if not self.atoms[index].spelled or len(self.atoms[index].text) > 1:
            return False
        return not (begin <= inward <= end and self.atoms[inward].part is Part.LETTERS)

    def _is_article(self, index: int) -> bool:
        """Whether "een" at the end of a run belongs to a noun that follows."""
        atom = self.atoms[index]
        if self.tokens[atom.last].key != "een" or self.tokens[atom.last].stops or self.tokens[atom.last].raw == "één":
            return False
        after = atom.last + 1
        if after >= len(self.tokens) or self.tokens[after].turn != self.tokens[atom.last].turn:
            return False
        following = self.atoms[index + 1]
        return following.part is Part.OTHER and self.tokens[after].key not in self.rules.names.function_words

    def _guarded(self, begin: int, end: int, units: Sequence[Unit]) -> bool:
        text = "".join(unit.text for unit in units)
        digits = sum(c.isdigit() for c in text)
        if len(units) > 1 and all(_YEAR.fullmatch(unit.text) for unit in units):
            return True
        if text.startswith("0") or digits > 7 or any(c.isalpha() for c in text):
            return False
        before, after = self._neighbour(begin, -1), self._neighbour(end, 1)
        parts = {atom.part for atom in (before, after) if atom}
        if Part.AMOUNT in parts or (Part.MONTH in parts and digits <= 4):
            return True
        guards = self.rules.guards
        left = self.tokens[before.last].key if before else ""
        right = self.tokens[after.first].key if after else ""
        announced = before is not None and self.taken[before.last] and digits >= _ANNOUNCED
        if (right in guards.after and not (announced and right in _LOOSE)) or left in guards.before:
            return True
        is_year = len(text) == 4 and text[:2] in ("19", "20")
        return is_year and left in guards.year_before

    def _neighbour(self, index: int, step: int) -> Atom | None:
        turn = self.tokens[self.atoms[index].first].turn
        at = index + step
        while 0 <= at < len(self.atoms) and self.tokens[self.atoms[at].first].turn == turn:
            atom = self.atoms[at]
            key = self.tokens[atom.first].key
            known = key in self.rules.guards.after or key in self.rules.guards.before
            if atom.part is not Part.SOFT or known or key in self.rules.guards.year_before:
                return atom
            at += step
        return None


def runs_of(
    tokens: Sequence[Token], atoms: Sequence[Atom], taken: Sequence[bool], rules: RedactionRules
) -> tuple[Run, ...]:
    """The runs of a call in order. ``taken`` tells of every token whether something else was found there."""
    builder = _Builder(tokens, atoms, taken, rules)
    runs = []
    index = 0
    while index < len(atoms):
        if not builder.carries(index):
            index += 1
            continue
        end = builder.stretch(index)
        run = builder.build(index, end, pure=tokens[atoms[index].first].turn not in builder.loud)
        if run:
            runs.append(run)
        index = end + 1
    return tuple(runs)


def dictations_of(runs: Sequence[Run], quiet: Sequence[bool]) -> tuple[tuple[Run, ...], ...]:
    """Unguarded runs with nothing but fillers and back-channels between them, as one dictation each, in order.

    ``quiet`` tells of every token whether it is a filler.
    """
    groups: list[list[Run]] = []
    for run in runs:
        if run.guarded:
            continue
        if groups and _joins(groups[-1][-1], run, quiet):
            groups[-1].append(run)
        else:
            groups.append([run])
    return tuple(tuple(group) for group in groups)


def _joins(left: Run, right: Run, quiet: Sequence[bool]) -> bool:
    between = range(left.last + 1, right.first)
    near = len(between) <= _SOFT_BETWEEN_RUNS and right.turn - left.turn <= _TURNS_BETWEEN_RUNS
    return near and all(quiet[index] for index in between)
