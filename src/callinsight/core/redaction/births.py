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


def births_of(context: Context, atoms: Sequence[Atom], runs: Sequence[Run]) -> list[Piece]:
    """All dates of birth of a call; a year alone is one only right after "geboren in"."""
    cues = [cue for cue in context.cues if cue.kind == "date_of_birth"]
    found: list[Piece] = []
    for atom in atoms:
        if atom.part is not Part.DATE:
            continue
        told = any(context.near(cue.last, atom.first, _TURNS, _TOKENS) for cue in cues)
        told = told or any(0 < cue.first - atom.last <= _TOKENS_BEFORE_CUE for cue in cues)
        echoed = any(piece.text.startswith(atom.text) for piece in found)
        long_ago = _FIRST_YEAR <= atom.value < context.rules.policy.born_before_year
        if told or echoed or long_ago:
            found.append(Piece("date_of_birth", atom.first, atom.last, atom.text))
    for run in runs:
        is_year = run.guarded and len(run.text) == 4 and run.text[:2] in ("19", "20")
        if is_year and any(context.near(cue.last, run.first, _YEAR_TURNS, _YEAR_TOKENS) for cue in cues):
            found.append(Piece("date_of_birth", run.first, run.last, run.text))
    return found
