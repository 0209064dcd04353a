"""Dates of birth: a date after its cue, or a full date too long ago to be anything else."""

from collections.abc import Sequence

from callinsight.core.redaction.context import Context, Piece
from callinsight.core.redaction.normaliser import Atom, Part
from callinsight.core.redaction.runs import Run

_TURNS = 6
_TOKENS = 40
_TOKENS_BEFORE_CUE = 4
_YEAR_TURNS = 2
_YEAR_TOKENS = 6
_FIRST_YEAR = 1890
_SHORT_YEARS = range(20, 100)
_LEADS = ("van", "uit", "in", "ik", "ben", "u", "bent")
_MOST_LEADS = 4

_SAID = (Part.DIGITS, Part.ORDINAL, Part.GUESS)
_MOST_AROUND = 4


def _around(context: Context, atoms: Sequence[Atom], place: int) -> tuple[int, int]:
    """The first and last atom of the numbers around a month whose day or year was misheard."""
    turn = context.tokens[atoms[place].first].turn
    first = last = place
    if atoms[place].part is Part.MONTH and place and atoms[place - 1].part in _SAID:
        first -= context.tokens[atoms[place - 1].first].turn == turn
    while last + 1 < len(atoms) and last - place < _MOST_AROUND and atoms[last + 1].part in _SAID:
        if context.tokens[atoms[last + 1].first].turn != turn:
            break
        last += 1
    return first, last


def births_of(context: Context, atoms: Sequence[Atom], runs: Sequence[Run]) -> list[Piece]:
    """All dates of birth of a call; a year alone is one only right after "geboren in"."""
    cues = [cue for cue in context.cues if cue.kind == "date_of_birth"]
    found: list[Piece] = []
    for place, atom in enumerate(atoms):
        if atom.part not in (Part.DATE, Part.MONTH):
            continue
        told = any(context.near(cue.last, atom.first, _TURNS, _TOKENS) for cue in cues)
        told = told or _said_of_somebody(context, atom.first)
        told = told or any(0 < cue.first - atom.last <= _TOKENS_BEFORE_CUE for cue in cues)
        echoed = any(piece.text.startswith(atom.text) for piece in found)
        long_ago = _FIRST_YEAR <= atom.value < context.rules.policy.born_before_year
        if told or (atom.text and echoed) or long_ago:
            first, last = _around(context, atoms, place) if told else (place, place)
            if atom.part is Part.MONTH and first == last:
                # "in mei" alone says nothing.
                continue
            found.append(Piece("date_of_birth", atoms[first].first, atoms[last].last, atom.text))
    for run in runs:
        is_year = len(run.text) == 4 and run.text[:2] in ("19", "20")
        asked = is_year and run.guarded
        asked = asked and any(context.near(cue.last, run.first, _YEAR_TURNS, _YEAR_TOKENS) for cue in cues)
        short = len(run.text) == 2 and int(run.text) in _SHORT_YEARS if run.text.isdigit() else False
        of_somebody = (is_year or (short and not run.guarded)) and _said_of_somebody(context, run.first)
        told = short and not run.guarded and any(_right_before(context, cue.last, run.first) for cue in cues)
        told = told or ((is_year or short) and _is_born_then(context, run))
        if asked or of_somebody or told:
            found.append(Piece("date_of_birth", run.first, run.last, run.text))
    return found


def _right_before(context: Context, last: int, first: int) -> bool:
    """Whether only fillers, and few of them, stand between the tokens ``last`` and ``first`` of one turn."""
    between = range(last + 1, first)
    same_turn = context.tokens[last].turn == context.tokens[first].turn
    return last < first and same_turn and len(between) <= _MOST_LEADS and context.all_quiet(between)


def _said_of_somebody(context: Context, first: int) -> bool:
    """Whether "ik ben van" stands right before the token ``first``, or the other side asked "van welk jaar bent u"."""
    tokens, asked = context.tokens, context.rules.guards.born_questions
    keys = tuple(token.key for token in tokens[max(0, first - _MOST_LEADS) : first])
    if any(keys[-len(phrase) :] == phrase for phrase in context.rules.guards.born):
        return True
    before = first
    while before and first - before < _MOST_LEADS and tokens[before - 1].turn == tokens[first].turn:
        if not (context.quiet[before - 1] or tokens[before - 1].key in _LEADS):
            return False
        before -= 1
    if not before or tokens[before - 1].turn == tokens[first].turn:
        return False
    keys = tuple(token.key for token in tokens[max(0, before - _MOST_LEADS) : before])
    return any(keys[-len(phrase) :] == phrase for phrase in asked)


def _is_born_then(context: Context, run: Run) -> bool:
    """Whether "geboren" follows: "in drieënzestig geboren"."""
    after = context.tokens[run.last + 1 : run.last + 2]
    return any(token.turn == run.turn and token.key == "geboren" for token in after)
