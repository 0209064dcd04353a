"""Texts as other systems get them: one row of characters, with a way back to the words.

``plain`` gives the words as they are. ``with_figures`` lets our own normaliser turn what is said into what would be
written ("nul zes twaalf" is 0612, "n l negen een" is NL91, "jan apenstaartje voorbeeld punt nl" is
jan@voorbeeld.nl), so that systems made for written text can be measured on speech too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.privacy_score import Mark
from callinsight.core.redaction.normaliser import atoms_of
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.runs import runs_of
from callinsight.core.redaction.tokens import Token, tokens_of
from callinsight.core.values import Turn

Words = tuple[tuple[int, int], ...]
_SIGNS = {"punt": ".", "streepje": "-", "underscore": "_"}


@dataclass(frozen=True, slots=True)
class Document:
    """``text``, turns on lines of their own, and for each piece of it (start, end) the words that it stands for."""

    text: str
    pieces: tuple[tuple[int, int, Words], ...]

    def mark(self, kind: str | None, start: int, end: int) -> Mark:
        """The words behind the characters ``start`` to ``end`` (not included)."""
        return Mark(kind, frozenset(w for a, b, words in self.pieces if a < end and b > start for w in words))


def _document(parts: Iterable[tuple[str, Words, bool]]) -> Document:
    """Of (text, its words, whether it is glued to what stands before it); a new turn begins a new line."""
    text, pieces, turn = "", [], 0
    for said, words, glued in parts:
        between = "" if glued or not text else "\n" if words[0][0] != turn else " "
        turn = words[0][0]
        text += between
        pieces.append((len(text), len(text) + len(said), words))
        text += said
    return Document(text, tuple(pieces))


def plain(turns: Sequence[Turn]) -> Document:
    """The words as they are."""
    return _document(
        (word.text, ((number, place),), False)
        for number, turn in enumerate(turns)
        for place, word in enumerate(turn.words)
    )


def with_figures(turns: Sequence[Turn], rules: RedactionRules) -> Document:
    """The words, with numbers and letters that are said in a row as figures, and e-mail addresses as signs."""
    tokens = tokens_of(turns, rules.marks)
    runs = {run.first: run for run in runs_of(tokens, atoms_of(tokens, rules), [False] * len(tokens), rules)}
    mail = {token.turn for token in tokens if token.key in rules.mail.at}
    parts: list[tuple[str, Words, bool]] = []
    index, glue = 0, False
    while index < len(tokens):
        token = tokens[index]
        sign = _sign(token, mail, rules)
        run = runs.get(index)
        last = run.last if run else index
        said = sign or (run.text.upper() if run else turns[token.turn].words[token.word].text)
        words = tuple((tokens[at].turn, tokens[at].word) for at in range(index, last + 1))
        same_turn = index > 0 and tokens[index - 1].turn == token.turn
        parts.append((said, words, same_turn and (glue or bool(sign))))
        glue, index = bool(sign), last + 1
    return _document(parts)


def _sign(token: Token, mail: set[int], rules: RedactionRules) -> str:
    if token.turn not in mail:
        return ""
    return "@" if token.key in rules.mail.at else _SIGNS.get(token.key, "")
