"""Cues: the words that announce what is about to be said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callinsight.core.redaction.numbers import parse_number
from callinsight.core.redaction.rules import Phrase, RedactionRules
from callinsight.core.redaction.tokens import Token


@dataclass(frozen=True, slots=True)
class Cue:
    """The tokens ``first`` to ``last`` announce personal data of ``kind``."""

    kind: str
    first: int
    last: int


class PhraseBook:
    """Phrases by their first word, the longest first, each with what it stands for."""

    def __init__(self, entries: Iterable[tuple[Phrase, str]]) -> None:
        self._by_head: dict[str, list[tuple[Phrase, str]]] = {}
        for phrase, meaning in entries:
            self._by_head.setdefault(phrase[0], []).append((phrase, meaning))
        for listed in self._by_head.values():
            listed.sort(key=lambda entry: -len(entry[0]))

    def at(self, tokens: Sequence[Token], index: int) -> tuple[int, str] | None:
        """The length and meaning of the longest phrase that begins at ``index`` within its turn, if any."""
        token = tokens[index]
        listed = self._by_head.get(token.key)
        if listed is None:
            return None
        for phrase, meaning in listed:
            stop = index + len(phrase)
            if stop > len(tokens) or tokens[stop - 1].turn != token.turn:
                continue
            if all(tokens[index + place].key == word for place, word in enumerate(phrase)):
                return len(phrase), meaning
        return None


def _ends_a_code(tokens: Sequence[Token], index: int) -> bool:
    """Whether the letter at ``index`` ends what was spelled before: "1012 a v nummer een" holds no V-number."""
    if len(tokens[index].key) > 1 or index == 0 or tokens[index - 1].turn != tokens[index].turn:
        return False
    before = tokens[index - 1].key
    return len(before) == 1 or parse_number(before) is not None or before.isdigit()


def cues_of(tokens: Sequence[Token], rules: RedactionRules) -> tuple[Cue, ...]:
    """All cues of a call in order; an unknown word in "-nummer" counts as the number of a case."""
    book = PhraseBook((phrase, kind.id) for kind in rules.kinds.values() for phrase in kind.cues)
    cues = []
    index = 0
    while index < len(tokens):
        found = book.at(tokens, index)
        if found and not _ends_a_code(tokens, index):
            cues.append(Cue(found[1], index, index + found[0] - 1))
            index += found[0]
            continue
        key = tokens[index].key
        if len(key) > 9 and key.endswith("nummer"):
            cues.append(Cue("case_number", index, index))
        index += 1
    return tuple(cues)
