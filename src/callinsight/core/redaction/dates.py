"""Dates said in words: day, month and year become one atom."""

from collections.abc import Sequence

from callinsight.core.redaction.normaliser import Atom, Part
from callinsight.core.redaction.runs import fold_numbers
from callinsight.core.redaction.tokens import Token


def fold_dates(tokens: Sequence[Token], atoms: Sequence[Atom]) -> tuple[Atom, ...]:
    """Join day, month and year to one ``DATE`` atom whose ``value`` is the year, or -1 when none was said."""
    folded: list[Atom] = []
    index = 0
    while index < len(atoms):
        date, after = _date_at(tokens, atoms, index)
        folded.append(date or atoms[index])
        index = after if date else index + 1
    return tuple(folded)


def _date_at(tokens: Sequence[Token], atoms: Sequence[Atom], index: int) -> tuple[Atom | None, int]:
    day = atoms[index]
    if day.part not in (Part.DIGITS, Part.ORDINAL) or not 1 <= day.value <= 31:
        return None, index
    at = index + 1
    turn = tokens[day.first].turn
    while at < len(atoms) and at <= index + 2 and _within_date(tokens[atoms[at].first], atoms[at]):
        at += 1
    if at >= len(atoms) or tokens[atoms[at].first].turn != turn:
        return None, index
    ordinals = day.part is Part.ORDINAL and atoms[at].part is Part.ORDINAL and atoms[at].value <= 12
    if atoms[at].part is not Part.MONTH and not ordinals:
        return None, index
    stop = at + 1
    while stop < len(atoms) and stop < at + 5 and tokens[atoms[stop].first].turn == turn:
        stop += 1
    year, after = _year_at(atoms[:stop], at + 1)
    month = atoms[at]
    text = f"{day.value:02d}{month.value:02d}" + (str(year) if year >= 0 else "")
    return Atom(Part.DATE, day.first, atoms[after - 1].last, text, value=year), after


def _within_date(token: Token, atom: Atom) -> bool:
    """Whether a word may stand between day and month: a filler, or "van de" in "de twaalfde van de derde"."""
    return atom.part is Part.SOFT or token.key in ("van", "de")


def _year_at(atoms: Sequence[Atom], index: int) -> tuple[int, int]:
    """The year said from ``index`` on and the index after it; -1 when no year follows."""
    end = index
    while end < len(atoms) and end < index + 4 and atoms[end].part is Part.DIGITS:
        end += 1
    for stop in range(end, index, -1):
        units = fold_numbers(atoms[index:stop])
        text = "".join(unit.text for unit in units)
        if len(text) == 4 and 1890 <= int(text) <= 2049:
            return int(text), stop
        if len(text) == 2 and stop <= index + 2:
            return 1900 + int(text) if int(text) > 35 else 2000 + int(text), stop
    return -1, index
