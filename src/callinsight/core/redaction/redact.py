"""Finds personal data in the turns of a call and puts typed marks in its place. Pure: the rules come as a value."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from callinsight.core.redaction.births import births_of
from callinsight.core.redaction.context import Context, Piece, quiet_tokens
from callinsight.core.redaction.cues import cues_of
from callinsight.core.redaction.dates import fold_dates
from callinsight.core.redaction.detectors import Decider
from callinsight.core.redaction.mail import MailFinder
from callinsight.core.redaction.names import NameFinder
from callinsight.core.redaction.normaliser import atoms_of
from callinsight.core.redaction.places import StreetFinder
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.runs import dictations_of, runs_of
from callinsight.core.redaction.secrets import SecretFinder
from callinsight.core.redaction.tokens import Token, tokens_of
from callinsight.core.spotting import SpottedName
from callinsight.core.values import Redaction, Span, Turn, Word

_PASSES = 4
"""Redaction repeats until nothing more is found, so that redacting twice changes nothing."""
_FILLERS_WITHIN = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data of ``kind`` in one turn, from ``first`` to ``last`` (both included), each as (turn, word)."""

    kind: str
    first: tuple[int, int]
    last: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Redacted:
    """The turns with marks in place of personal data, and what was masked; the words themselves are gone."""

    turns: tuple[Turn, ...]
    redactions: tuple[Redaction, ...]


def redact(turns: Sequence[Turn], rules: RedactionRules, names: Sequence[SpottedName] = ()) -> Redacted:
    """Mask what :func:`find` finds in ``turns``. Raises ``ValueError`` when one of ``names`` lies outside the call.

    Every run of personal words within a turn becomes one word: a mark such as ``<BSN>``, with the span that covers
    the words and the smallest of their probabilities. All other words stay as they are, and a turn never gets empty.
    Spans of the redactions are in milliseconds; ``Redaction.kind`` is the id of the kind in the rules.
    """
    findings = find(turns, rules, names)
    redactions = tuple(
        Redaction(found.kind, _cover(turns[found.first[0]].words[found.first[1] : found.last[1] + 1]), found.first[0])
        for found in findings
    )
    return Redacted(_mask(turns, findings, rules), redactions)


def find(turns: Sequence[Turn], rules: RedactionRules, names: Sequence[SpottedName] = ()) -> tuple[Finding, ...]:
    """The personal data in ``turns``, in order, without overlaps; words that are marks already are left alone.

    ``names`` are those that a model spotted in these turns; they join what the rules find. Raises ``ValueError`` when
    one lies outside the call.
    """
    findings = _find_once(turns, rules, names)
    for _ in range(_PASSES - 1):
        masked = _mask(turns, findings, rules)
        more = _find_once(masked, rules, ()) if findings else ()
        if not more:
            break
        findings = _merge(turns, findings, more, rules)
    return findings


def _find_once(turns: Sequence[Turn], rules: RedactionRules, names: Sequence[SpottedName]) -> tuple[Finding, ...]:
    tokens = tokens_of(turns, rules.marks)
    if not tokens and not names:
        return ()
    roles = [turn.role for turn in turns]
    cues = cues_of(tokens, rules)
    taken = [token.mark for token in tokens]
    pieces = _take(MailFinder(tokens, roles, cues, rules).find(), taken)
    pieces += _take(SecretFinder(tokens, cues, rules).find(), taken)
    finder = StreetFinder(tokens, rules)
    streets = _take(finder.find(), taken)
    atoms = fold_dates(tokens, atoms_of(tokens, rules))
    told = list(taken)
    for cue in cues:
        told[cue.first : cue.last + 1] = [True] * (cue.last + 1 - cue.first)
    runs = runs_of(tokens, atoms, told, rules)
    quiet = quiet_tokens(atoms, len(tokens))
    context = Context(tokens, roles, cues, rules, quiet)
    context.found.extend(births_of(context, atoms, runs))
    decider = Decider(context, streets)
    for dictation in dictations_of(runs, quiet):
        decider.decide(dictation)
    pieces += streets + _take(context.found, taken)
    for index, cued in enumerate(told):
        taken[index] = taken[index] or cued
    pieces += NameFinder(tokens, roles, taken, rules, frozenset(finder.kept)).find(names)
    return _as_findings(_joined(pieces, tokens, quiet), tokens)


def _take(pieces: Sequence[Piece], taken: list[bool]) -> list[Piece]:
    """The pieces that do not overlap earlier ones; their tokens are taken from now on."""
    kept = []
    for piece in pieces:
        inside = range(piece.first, piece.last + 1)
        if not any(taken[index] for index in inside):
            kept.append(piece)
            for index in inside:
                taken[index] = True
    return kept


def _joined(pieces: Sequence[Piece], tokens: Sequence[Token], quiet: Sequence[bool]) -> list[Piece]:
    """Pieces in order; those of one kind in one turn with nothing but a few fillers between them become one."""
    joined: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.first):
        last = joined[-1] if joined else None
        if last and last.kind == piece.kind and tokens[last.last].turn == tokens[piece.first].turn:
            between = range(last.last + 1, piece.first)
            fillers = piece.kind not in ("person_name", "street") and all(quiet[index] for index in between)
            if not between or (fillers and len(between) <= _FILLERS_WITHIN):
                joined[-1] = replace(last, last=piece.last)
                continue
        joined.append(piece)
    return joined


def _as_findings(pieces: Sequence[Piece], tokens: Sequence[Token]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            piece.kind,
            (tokens[piece.first].turn, tokens[piece.first].word),
            (tokens[piece.last].turn, tokens[piece.last].word),
        )
        for piece in pieces
    )


def _cover(words: Sequence[Word]) -> Span:
    return Span.cover(word.span for word in words)


def _blocks(findings: Sequence[Finding], turn: int) -> dict[int, Finding]:
    return {found.first[1]: found for found in findings if found.first[0] == turn}


def _mask(turns: Sequence[Turn], findings: Sequence[Finding], rules: RedactionRules) -> tuple[Turn, ...]:
    """``turns`` with each finding as one mark."""
    masked = []
    for number, turn in enumerate(turns):
        blocks = _blocks(findings, number)
        if not blocks:
            masked.append(turn)
            continue
        words: list[Word] = []
        place = 0
        while place < len(turn.words):
            found = blocks.get(place)
            if found is None:
                words.append(turn.words[place])
                place += 1
                continue
            inside = turn.words[place : found.last[1] + 1]
            words.append(Word(_cover(inside), rules.mark(found.kind), min(word.probability for word in inside)))
            place = found.last[1] + 1
        masked.append(replace(turn, words=tuple(words)))
    return tuple(masked)


def _merge(
    turns: Sequence[Turn], early: Sequence[Finding], more: Sequence[Finding], rules: RedactionRules
) -> tuple[Finding, ...]:
    """``early`` findings with ``more``, whose word numbers are those of the turns that ``early`` had masked."""
    merged = list(early)
    for number, turn in enumerate(turns):
        late = [found for found in more if found.first[0] == number]
        if not late:
            continue
        blocks = _blocks(early, number)
        origin: list[int] = []
        place = 0
        while place < len(turn.words):
            origin.append(place)
            place = blocks[place].last[1] + 1 if place in blocks else place + 1
        origin.append(len(turn.words))
        merged += [
            Finding(found.kind, (number, origin[found.first[1]]), (number, origin[found.last[1] + 1] - 1))
            for found in late
        ]
    return _side_by_side(sorted(merged, key=lambda found: found.first), rules)


def _side_by_side(findings: Sequence[Finding], rules: RedactionRules) -> tuple[Finding, ...]:
    """Findings with the same mark that touch each other become one."""
    joined: list[Finding] = []
    for found in findings:
        last = joined[-1] if joined else None
        touches = last is not None and last.last == (found.first[0], found.first[1] - 1)
        if last is not None and touches and rules.mark(last.kind) == rules.mark(found.kind):
            joined[-1] = Finding(last.kind, last.first, found.last)
        else:
            joined.append(found)
    return tuple(joined)
