"""What the detectors of one call share: its words, cues and rules, and what was found so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from callinsight.core.redaction.cues import Cue
from callinsight.core.redaction.normaliser import Atom, Part
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token
from callinsight.core.values import Role

_REACH_TURNS = 8
_REACH_TOKENS = 90
"""How long after a cue the number may begin: callers look for a letter, agents wait."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens ``first`` to ``last`` of one turn are personal data of ``kind``; ``text`` is what they say, for echoes."""

    kind: str
    first: int
    last: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """One call while it is searched. ``found`` grows; everything else stays.

    ``quiet`` tells of every token whether it is a filler, a back-channel or a correction; ``roles`` has one entry for
    each turn.
    """

    tokens: Sequence[Token]
    roles: Sequence[Role]
    cues: Sequence[Cue]
    rules: RedactionRules
    quiet: Sequence[bool]
    found: list[Piece] = field(default_factory=list)

    def near(self, early: int, late: int, most_turns: int, most_tokens: int) -> bool:
        """Whether the token ``late`` lies after ``early`` within the given distance."""
        turns = self.tokens[late].turn - self.tokens[early].turn
        return early < late and turns <= most_turns and late - early <= most_tokens

    def pending(self, first: int) -> tuple[str, ...]:
        """The kinds that were announced before the token ``first``, the latest first."""
        told = [cue.kind for cue in reversed(self.cues) if self.near(cue.last, first, _REACH_TURNS, _REACH_TOKENS)]
        return tuple(dict.fromkeys(told))

    def all_quiet(self, between: range) -> bool:
        """Whether nothing but fillers stands in ``between``."""
        return all(self.quiet[index] for index in between)


def quiet_tokens(atoms: Sequence[Atom], count: int) -> list[bool]:
    """For each of ``count`` tokens whether its atom is a filler or a correction."""
    quiet = [False] * count
    for atom in atoms:
        if atom.part in (Part.SOFT, Part.CORRECTION):
            quiet[atom.first : atom.last + 1] = [True] * (atom.last + 1 - atom.first)
    return quiet
