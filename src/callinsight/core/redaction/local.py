"""What a municipality adds to the rules: shapes of its case numbers, its own public numbers and words."""

import re
from collections.abc import Iterable
from dataclasses import replace

from callinsight.core.redaction.rules import Phrase, RedactionRules
from callinsight.core.redaction.tokens import key_of

_SEPARATORS = " -/."
_LEAST_SHAPE = 4
_LEAST_FIGURES = 6
_PUBLIC = re.compile(r"0[1-9]\d{8}|0[89]0\d\d{4}(?:\d{3})?|14\d{2,4}|1\d{2}|116\d{3}")
_LEAST_WORD = 3


def shape_pattern(shape: str) -> re.Pattern[str]:
    """The pattern of a shape: ``#`` is a figure, ``@`` a letter, other letters and figures stand for themselves.

    It matches the characters of a run, in lower case and without separators: "Z-##-####" matches "z241234". Raises
    ``ValueError`` for a shape that cannot be meant, or that would mask years and amounts.
    """
    body = "".join(c for c in shape.lower() if c not in _SEPARATORS)
    if not body or not all((c.isascii() and c.isalnum()) or c in "#@" for c in body):
        raise ValueError("a shape holds letters, figures, # for any figure, @ for any letter, and - / . or blanks")
    if len(body) < _LEAST_SHAPE or "#" not in body:
        raise ValueError("a shape has four characters or more, and at least one #")
    if not any(c.isalpha() or c == "@" for c in body) and len(body) < _LEAST_FIGURES:
        raise ValueError("a shape of figures alone has six or more, or it would mask years and amounts")
    return re.compile("".join({"#": r"\d", "@": "[a-z]"}.get(c, c) for c in body))


def public_pattern(number: str) -> re.Pattern[str]:
    """The pattern of a public telephone number, with and without the country's code. Raises ``ValueError``."""
    figures = re.sub(r"^(?:\+|00)31", "0", re.sub(r"[\s\-()]", "", number))
    if not _PUBLIC.fullmatch(figures):
        raise ValueError("it is no Dutch telephone number, such as 0318 123456, 14 0318 or 0800 1234")
    return re.compile(f"{figures}|(?:00)?31{figures[1:]}" if figures.startswith("0") else figures)


def with_case_numbers(rules: RedactionRules, shapes: Iterable[str]) -> RedactionRules:
    """``rules`` that mask numbers of these shapes wherever they are said. Raises ``ValueError``."""
    return replace(rules, case_shapes=(*rules.case_shapes, *map(shape_pattern, shapes)))


def with_case_words(rules: RedactionRules, phrases: Iterable[str]) -> RedactionRules:
    """``rules`` in which these phrases announce a case number. Raises ``ValueError`` for a cue of another kind."""
    cues = tuple(phrase for phrase in map(_phrase, phrases) if phrase)
    for kind in rules.kinds.values():
        taken = set(cues) & set(kind.cues)
        if taken and kind.id != "case_number":
            raise ValueError(f"'{' '.join(min(taken))}' announces another kind already: {kind.label}")
    case = rules.kinds["case_number"]
    longer = replace(case, cues=tuple(dict.fromkeys((*case.cues, *cues))))
    return replace(rules, kinds={**rules.kinds, "case_number": longer})


def with_public_numbers(rules: RedactionRules, numbers: Iterable[str]) -> RedactionRules:
    """``rules`` that leave these telephone numbers readable. Raises ``ValueError``."""
    public = (*rules.guards.public, *map(public_pattern, numbers))
    return replace(rules, guards=replace(rules.guards, public=public))


def with_public_words(rules: RedactionRules, words: Iterable[str]) -> RedactionRules:
    """``rules`` that take these words for no name, and for no street unless somebody's address is told with them.

    Raises ``ValueError`` for a first name or a phrase.
    """
    keys = []
    for word in words:
        key = key_of(word)
        if len(key) < _LEAST_WORD or not key.isalpha():
            raise ValueError(f"'{word}' is not one word of three letters or more")
        if key in rules.names.first_names:
            raise ValueError(f"'{word}' is a first name: people of that name would no longer be masked")
        keys.append(key)
    endings = (*rules.places.suffixes, *rules.places.weak_suffixes)
    no_names = frozenset(key for key in keys if not key.endswith(endings))
    names = replace(rules.names, function_words=rules.names.function_words | no_names)
    places = replace(rules.places, no_streets=rules.places.no_streets | frozenset(keys))
    return replace(rules, names=names, places=places)


def _phrase(text: str) -> Phrase:
    return tuple(key for key in map(key_of, text.split()) if key)
