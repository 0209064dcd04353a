"""Redaction against hand-written cases: what must be masked, by which mark, and what must stay."""

import re
from pathlib import Path

import pytest
import yaml

from callinsight.core.redaction import redact
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.privacy_files import load_rules

ROOT = Path(__file__).resolve().parents[2]
RULES = load_rules(ROOT / "models/privacy/personal_data.yaml")
CASES = yaml.safe_load((ROOT / "tests/data/privacy/cases.yaml").read_text(encoding="utf-8"))
_MASKED = re.compile(r"\[([A-Z]+):([^\]]*)\]")
_ROLES = {"a:": Role.AGENT, "c:": Role.CALLER}


def turns_of(line: str) -> tuple[Turn, ...]:
    """A line of the cases file as turns, brackets taken away; words of 300 ms."""
    turns = []
    at_ms = 0
    for part in _MASKED.sub(r"\2", line).split(" | "):
        role = _ROLES.get(part[:2], Role.UNKNOWN)
        words = []
        for text in part.removeprefix("a:").removeprefix("c:").split():
            words.append(Word(Span(at_ms, at_ms + 300), text, 0.9))
            at_ms += 300
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), role, tuple(words)))
    return tuple(turns)


def expected(line: str) -> list[str]:
    """The text of each turn after redaction."""
    marked = _MASKED.sub(r"<\1>", line)
    # Punctuation that was glued to the last masked word goes with it; what stands after the bracket in the file too.
    marked = re.sub(r"(<[A-Z]+>)[.,?!]+", r"\1", marked)
    return [" ".join(part.removeprefix("a:").removeprefix("c:").split()) for part in marked.split(" | ")]


def _lines(sign: str) -> list[tuple[str, str]]:
    return [(group, line) for group, lines in CASES[sign].items() for line in lines]


@pytest.mark.parametrize(("group", "line"), _lines("positive"))
def test_what_is_personal_becomes_its_mark(group: str, line: str) -> None:
    assert [turn.text for turn in redact(turns_of(line), RULES).turns] == expected(line)


@pytest.mark.parametrize(("group", "line"), _lines("negative"))
def test_what_is_not_personal_stays(group: str, line: str) -> None:
    turns = turns_of(line)
    result = redact(turns, RULES)
    assert [turn.text for turn in result.turns] == [turn.text for turn in turns]
    assert result.redactions == ()


def test_there_are_enough_cases_of_both_signs() -> None:
    assert len(_lines("positive")) >= 150
    assert len(_lines("negative")) >= 150
    assert len({line for _, line in _lines("positive") + _lines("negative")}) == len(
        _lines("positive") + _lines("negative")
    )
