"""What our own redaction masks, in the form in which all systems are scored."""

from collections.abc import Sequence

from bench.privacy_score import Mark
from callinsight.core.redaction import RedactionRules, find
from callinsight.core.values import Turn


def marks_of(turns: Sequence[Turn], rules: RedactionRules) -> list[Mark]:
    """The words of each finding."""
    return [
        Mark(found.kind, frozenset((found.first[0], word) for word in range(found.first[1], found.last[1] + 1)))
        for found in find(turns, rules)
    ]
