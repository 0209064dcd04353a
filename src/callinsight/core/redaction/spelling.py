"""Words spelled letter by letter: "j a n s e n", "jee aa", "k van karel", "victor lodewijk isaak"."""

from collections.abc import Sequence

from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token

FILLERS = frozenset(("eh", "uh", "ehm", "uhm", "euh"))


def letter_of(key: str, rules: RedactionRules, *, weak: bool = True) -> str:
    """The letter that ``key`` says, by itself, by its name or by a spelling alphabet; empty when it says none."""
    if len(key) == 1:
        return key if key.isascii() and key.isalpha() else ""
    speech = rules.speech
    return speech.letters.get(key) or speech.alphabet.get(key) or (speech.weak_letters.get(key, "") if weak else "")


def spelled_from(tokens: Sequence[Token], index: int, rules: RedactionRules) -> tuple[int, str]:
    """The index after the letters that are spelled from ``index`` on within a turn, and the letters themselves.

    Letters whose names are common words ("en", "de") count only between others; "u" never begins a spelling.
    """
    turn = tokens[index].turn if index < len(tokens) else -1
    at, end, letters, sure = index, index, "", ""
    while at < len(tokens) and tokens[at].turn == turn and not tokens[at].mark:
        key = tokens[at].key
        letter = letter_of(key, rules)
        if not letter and key in rules.speech.repeats and at + 1 < len(tokens):
            at, letter = at + 1, letter_of(tokens[at + 1].key, rules) * rules.speech.repeats[key]
        if not letter and not (key in FILLERS and letters):
            break
        if not letters and key == "u":
            break
        letters += letter
        at = _past_example(tokens, at, letter, turn)
        if letter and (letter_of(key, rules, weak=False) or key in rules.speech.repeats):
            end, sure = at, letters
    return end, sure


def _past_example(tokens: Sequence[Token], at: int, letter: str, turn: int) -> int:
    """The index after the letter at ``at`` and its "van karel"."""
    if letter and at + 2 < len(tokens) and tokens[at + 1].key == "van" and tokens[at + 2].turn == turn:
        word = at + 3 if tokens[at + 2].key in FILLERS and at + 3 < len(tokens) else at + 2
        example = tokens[word]
        if example.turn == turn and len(example.key) > 1 and example.key.startswith(letter[0]):
            return word + 1
    return at + 1
