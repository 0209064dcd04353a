"""The file with the rules of redaction: it loads, and nonsense in it is refused with the key that is wrong."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from callinsight.core.redaction import redact
from callinsight.core.redaction.rules import KINDS, Policy, RedactionRules
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.errors import SettingsError
from callinsight.fast_yaml import load_yaml
from callinsight.privacy_files import load_rules, rules_from

PATH = Path(__file__).resolve().parents[2] / "models/privacy/personal_data.yaml"
CONTENT: dict[str, Any] = load_yaml(PATH.read_text(encoding="utf-8"))


def changed(*keys: str, value: object) -> dict[str, Any]:
    """The content of the file with one value replaced; ``None`` takes the key away."""
    content = copy.deepcopy(CONTENT)
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    if value is None:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return content


def test_the_bundled_file_describes_every_kind() -> None:
    rules = load_rules(PATH)
    assert sorted(rules.kinds) == sorted(KINDS)
    assert {"<BSN>", "<TELEFOON>", "<IBAN>", "<NAAM>", "<STRAAT>", "<NUMMER>"} <= rules.marks
    assert rules.policy == Policy()


def test_words_with_two_meanings_are_in_no_list_that_takes_them_for_certain() -> None:
    names = load_rules(PATH).names
    assert not names.first_names & (names.function_words | names.common_words | names.ambiguous_first_names)
    assert not names.surnames & (names.function_words | names.common_words | names.ambiguous_surnames)


@pytest.mark.parametrize(
    ("keys", "value", "named"),
    [
        (("kinds", "bsn"), None, "bsn"),
        (("kinds", "bsn", "mark"), "<b>", "kinds.bsn.mark"),
        (("kinds", "bsn", "least"), 0, "kinds.bsn.least"),
        (("kinds", "bsn", "least"), True, "kinds.bsn.least"),
        (("kinds", "bsn", "cues"), 3, "kinds.bsn.cues"),
        (("kinds", "phone", "cues"), ["bsn"], "bsn"),
        (("kinds", "bns"), {"mark": "BSN"}, "bns"),
        (("speech", "months", "13"), ["smarch"], "13"),
        (("speech", "letters", "ab"), ["ab"], "ab"),
        (("speech", "repeats"), {"dubbel": 20}, "repeats"),
        (("guards", "public"), ["("], "guards.public"),
        (("names", "titles"), [1], "names.titles"),
        (("places",), [], "places"),
        (("policy", "keep_streets_in_reports"), "no", "keep_streets_in_reports"),
        (("policy", "born_before_year"), 3000, "born_before_year"),
        (("policy", "typo"), 1, "typo"),
        (("extra",), 1, "extra"),
    ],
)
def test_nonsense_is_refused_by_name(keys: tuple[str, ...], value: object, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        rules_from(changed(*keys, value=value))


def test_a_file_that_is_not_there_or_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        load_rules(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("kinds: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="no valid YAML"):
        load_rules(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        load_rules(broken)
    broken.write_text("- a list", encoding="utf-8")
    with pytest.raises(SettingsError, match="keys and values"):
        load_rules(broken)


def streets_after(rules: RedactionRules, text: str) -> str:
    words = tuple(Word(Span(at * 300, at * 300 + 300), word, 1.0) for at, word in enumerate(text.split()))
    return redact([Turn(Span(0, words[-1].span.end_ms), Role.CALLER, words)], rules).turns[0].text


def test_streets_in_reports_stay_only_when_the_policy_says_so() -> None:
    rules = load_rules(PATH)
    keep = dataclasses.replace(rules, policy=Policy(keep_streets_in_reports=True))
    report = "de lantaarn in de dorpsstraat is kapot"
    assert streets_after(rules, report) == "de lantaarn in de <STRAAT> is kapot"
    assert streets_after(keep, report) == report
    assert "dorpsstraat" not in streets_after(keep, "ik woon in de dorpsstraat en de lantaarn is kapot")
