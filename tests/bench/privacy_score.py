"""Recall and precision per kind.

Personal data counts as found when every word of it is masked, by whatever mark. A mark counts as right when it touches
personal data of any kind; it is counted under the kind that its label means.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.privacy_texts import Text

NUMBERS = ("bsn", "phone", "iban", "postcode", "email")
ROWS = (
    "bsn", "phone", "iban", "postcode", "email", "house_number", "licence_plate", "travel_document",
    "residence_document", "v_number", "driving_licence_number", "date_of_birth", "case_number", "kvk_vestiging",
    "digid_secret", "card_cvc", "number", "person_name", "street",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """Words that one system masked; ``kind`` is None for a label that means none of our kinds (an age, a web page)."""

    kind: str | None
    words: frozenset[tuple[int, int]]


@dataclass(slots=True)
class Score:
    """Counts over texts."""

    known: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    clean_texts: int = 0
    false_alarms: int = 0
    misses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    extras: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, text: Text, marks: Iterable[Mark]) -> None:
        """Count one text."""
        marks = list(marks)
        masked = frozenset().union(*(mark.words for mark in marks))
        personal = frozenset().union(*(known.words for known in text.known))
        for known in text.known:
            self.known[known.kind] += 1
            self.found[known.kind] += known.words <= masked
            if not known.words <= masked:
                self.misses[known.kind].append(_shown(text, known.turn, known.words - masked))
        for mark in marks:
            if mark.kind is None:
                continue
            hit = bool(mark.words & personal)
            self.marks[mark.kind] += 1
            self.right[mark.kind] += hit
            if not hit:
                self.extras[mark.kind].append(_shown(text, min(mark.words)[0], mark.words))
        if not text.known:
            self.clean_texts += 1
            self.false_alarms += any(mark.kind for mark in marks)

    def recall(self, kinds: Iterable[str]) -> float | None:
        """Share of the personal data of ``kinds`` that was found; None when there was none."""
        return _share(self.found, self.known, kinds)

    def precision(self, kinds: Iterable[str]) -> float | None:
        """Share of the marks of ``kinds`` that touch personal data; None when there were none."""
        return _share(self.right, self.marks, kinds)

    def rows(self) -> list[tuple[str, tuple[str, ...]]]:
        """The rows of a table: each kind that occurs, then the sums."""
        single = [(kind, (kind,)) for kind in ROWS if self.known[kind]]
        return [*single, ("numbers together", NUMBERS), ("all", ROWS)]


def _share(part: Counter[str], whole: Counter[str], kinds: Iterable[str]) -> float | None:
    kinds = tuple(kinds)
    total = sum(whole[kind] for kind in kinds)
    return sum(part[kind] for kind in kinds) / total if total else None


def _shown(text: Text, turn: int, words: frozenset[tuple[int, int]]) -> str:
    """The turn with ``words`` between underscores, and the end of the turn before it."""
    before = text.turns[turn - 1].text[-50:] + " | " if turn else ""
    return before + " ".join(
        f"_{word.text}_" if (turn, place) in words else word.text for place, word in enumerate(text.turns[turn].words)
    )
