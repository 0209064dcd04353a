"""Names that stay: of who holds a public office, and those that the municipality says may stay."""

from collections.abc import Sequence

from callinsight.core.redaction.cues import PhraseBook
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.redaction.tokens import Token

_MOST_PARTS = 2


def public_tokens(tokens: Sequence[Token], rules: RedactionRules) -> frozenset[int]:
    """The tokens of public names: those of the policy and of sayings, and the name right after an office."""
    book = PhraseBook((phrase, "public") for phrase in (*rules.policy.public_names, *rules.names.sayings))
    found: set[int] = set()
    for index, token in enumerate(tokens):
        if token.mark:
            continue
        hit = book.at(tokens, index)
        if hit:
            found.update(range(index, index + hit[0]))
        if token.key in rules.names.public_offices:
            found.update(_holder(tokens, index, rules))
    return frozenset(found)


def _holder(tokens: Sequence[Token], office: int, rules: RedactionRules) -> set[int]:
    """The name after the token of an office: "burgemeester jan van der meer"."""
    names = rules.names
    known = names.first_names | names.surnames | names.ambiguous_first_names | names.ambiguous_surnames
    plain = names.function_words | names.common_words
    found: set[int] = set()
    parts, at = 0, office + 1
    while parts < _MOST_PARTS:
        core = at
        while core < len(tokens) and core < at + 3 and tokens[core].key in names.particles:
            core += 1
        if core >= len(tokens) or tokens[core].turn != tokens[office].turn or tokens[core].mark:
            break
        key = tokens[core].key
        named = key in known or (tokens[core].capital and not tokens[core].opens)
        if not named and (parts or key in plain):
            break
        found.update(range(at, core + 1))
        parts, at = parts + 1, core + 1
        if tokens[core].stops:
            break
    return found
