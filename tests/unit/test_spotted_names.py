"""Names that a model spotted: windows over a call, and their join with rules and policy."""

import dataclasses
from pathlib import Path

import pytest

from callinsight.core.redaction import redact
from callinsight.core.redaction.local import with_public_names
from callinsight.core.redaction.rules import RedactionRules
from callinsight.core.spotting import SpottedName, Window, spotted, windows
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.privacy_files import load_rules

RULES = load_rules(Path(__file__).resolve().parents[2] / "models/privacy/personal_data.yaml")


def turns_of(line: str) -> tuple[Turn, ...]:
    turns = []
    at_ms = 0
    for said in line.split(" | "):
        words = tuple(Word(Span(at_ms + 300 * n, at_ms + 300 * n + 300), w, 0.9) for n, w in enumerate(said.split()))
        at_ms += 300 * len(words)
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), Role.CALLER, words))
    return tuple(turns)


def masked(line: str, *names: tuple[int, int, int], score: float = 0.99, rules: RedactionRules = RULES) -> str:
    """The line after redaction with these words spotted, each (turn, first, last)."""
    spans = [SpottedName(turn, first, last, score) for turn, first, last in names]
    return " | ".join(turn.text for turn in redact(turns_of(line), rules, spans).turns)


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("dat zei wierdelaar toen ook", (0, 2, 2), "dat zei <NAAM> toen ook"),
        ("dat zei j p wierdelaar ook", (0, 4, 4), "dat zei <NAAM> ook"),
        ("dat zei j p van der wierdelaar ook", (0, 2, 6), "dat zei <NAAM> ook"),
        ("dat zei el wierdelaar ook", (0, 3, 3), "dat zei <NAAM> ook"),
        ("het dossier van wierdelaar ligt hier", (0, 3, 3), "het dossier van <NAAM> ligt hier"),
        ("het dossier van wierdelaar ligt hier", (0, 2, 3), "het dossier <NAAM> ligt hier"),
        ("ja meneer wierdelaar zei het", (0, 0, 2), "ja meneer <NAAM> zei het"),
        ("dat zei jan wierdelaar van", (0, 2, 4), "dat zei <NAAM> van"),
        ("wierdelaar | zei wierdelaar dat | ja wierdelaar", (0, 0, 0), "<NAAM> | zei <NAAM> dat | ja <NAAM>"),
    ],
)
def test_what_was_spotted_is_masked_with_what_belongs_to_it(
    line: str, name: tuple[int, int, int], expected: str
) -> None:
    assert masked(line, name) == expected


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("dat heeft burgemeester wierdelaar beloofd", (0, 3, 3)),
        ("dat heeft burgemeester van der wierdelaar beloofd", (0, 3, 5)),
        ("dat heeft burgemeester wierdelaar beloofd", (0, 2, 3)),
        ("wethouder wierdelaar jansma kwam langs", (0, 1, 2)),
        ("ik bel de gemeente wierdelaar even", (0, 4, 4)),
        ("ik ben er voor zeven uur", (0, 0, 2)),
        ("dat zijn er zeven", (0, 3, 3)),
        ("dat is van de", (0, 2, 3)),
    ],
)
def test_public_and_plain_words_stay_whatever_the_model_says(line: str, name: tuple[int, int, int]) -> None:
    assert masked(line, name) == line


def test_a_common_word_is_a_name_only_when_the_model_is_sure() -> None:
    assert masked("dat heeft winter gezegd", (0, 2, 2), score=0.6) == "dat heeft winter gezegd"
    assert masked("dat heeft winter gezegd", (0, 2, 2), score=0.95) == "dat heeft <NAAM> gezegd"


def test_names_that_the_municipality_keeps_stay() -> None:
    rules = with_public_names(RULES, ["Sjaan Wierdelaar", "Anna van Buuren"])
    said = "ik ben in de anna van buuren zaal en sjaan wierdelaar was er met pier wierdelaar"
    spans = [(0, 4, 6), (0, 9, 10), (0, 14, 15)]
    kept = "ik ben in de anna van buuren zaal en sjaan wierdelaar was er met <NAAM>"
    assert masked(said, *spans, rules=rules) == kept
    assert masked(said, *spans) == "ik ben in de <NAAM> zaal en <NAAM> was er met <NAAM>"


def test_names_that_the_municipality_keeps_stay_where_a_rule_finds_them() -> None:
    rules = with_public_names(RULES, ["Fatima el Amrani"])
    line = "ik heb gesproken met fatima el amrani"
    assert masked(line) == "ik heb gesproken met <NAAM>"
    assert masked(line, rules=rules) == line


def test_a_street_that_the_policy_keeps_is_no_name() -> None:
    line = "in de wierdelaarlaan is een lantaarn kapot"
    kept = dataclasses.replace(RULES.policy, keep_streets_in_reports=True)
    assert masked(line, (0, 2, 2), rules=dataclasses.replace(RULES, policy=kept)) == line
    assert masked(line, (0, 2, 2)) == "in de <STRAAT> is een lantaarn kapot"


def test_other_personal_data_keeps_its_own_mark() -> None:
    assert masked("mijn mail is wierdelaar apenstaartje gmail punt com", (0, 3, 3)) == "mijn mail is <EMAIL>"


def test_a_name_outside_the_call_is_refused() -> None:
    for name in ((1, 0, 0), (0, 0, 3)):
        with pytest.raises(ValueError, match="outside the call"):
            masked("dat zei wierdelaar", name)
    with pytest.raises(ValueError, match="outside the call"):
        redact((), RULES, [SpottedName(0, 0, 0, 1.0)])
    with pytest.raises(ValueError, match="in order"):
        SpottedName(0, 3, 2, 0.5)


def test_neighbouring_words_are_one_name() -> None:
    scores = [[0.1, 0.6, 0.9, 0.2, 0.5], [], [0.5]]
    assert spotted(scores, 0.5) == (
        SpottedName(0, 1, 2, 0.9),
        SpottedName(0, 4, 4, 0.5),
        SpottedName(2, 0, 0, 0.5),
    )
    assert spotted([], 0.5) == ()


@pytest.mark.parametrize(("length", "size", "margin"), [(0, 10, 2), (7, 10, 2), (10, 10, 2), (11, 10, 2), (97, 10, 4)])
def test_every_token_is_scored_once_and_with_context(length: int, size: int, margin: int) -> None:
    found = windows(length, size, margin)
    assert [place for one in found for place in range(one.fresh, one.kept)] == list(range(length))
    for one in found:
        assert one.end - one.start <= size
        assert one.start == max(0, one.fresh - margin)
        assert one.end == length or one.end - one.kept == margin
    if length <= size and length:
        assert found == (Window(0, length, 0, length),)


def test_a_window_must_hold_more_than_its_margins() -> None:
    with pytest.raises(ValueError, match="margins"):
        windows(5, 8, 4)
