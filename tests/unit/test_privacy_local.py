"""A municipality's own case numbers, public numbers and words: they work, and nonsense is refused by name."""

import pytest

from bench.privacy_texts import text_of
from callinsight.core.redaction import RedactionRules, redact
from callinsight.errors import SettingsError
from callinsight.privacy_files import rules_of
from callinsight.settings import Privacy, Settings


def rules_with(**own: object) -> RedactionRules:
    return rules_of(Settings(privacy=Privacy.model_validate(own)))


def masked(line: str, rules: RedactionRules) -> str:
    return " | ".join(turn.text for turn in redact(text_of(line).turns, rules).turns)


PLAIN = rules_with()


@pytest.mark.parametrize(
    "line",
    [
        "ik lees w vier vier een p r",
        "Er staat W441PR op.",
        "er staat z vierentwintig nul nul elf",
        "Het is Z-24/0011.",
        "a: z vierentwintig | c: ja | a: nul nul elf",
    ],
)
def test_own_case_numbers_need_no_cue(line: str) -> None:
    assert "<ZAAKNUMMER>" not in masked(line, PLAIN)
    assert "<ZAAKNUMMER>" in masked(line, rules_with(case_numbers=["W###@@", "Z-##-####"]))


def test_own_shapes_mask_nothing_else() -> None:
    rules = rules_with(case_numbers=["W###@@", "Z-##-####"])
    for line in ("om tien over half negen", "bus honderdtwaalf", "in tweeduizend vierentwintig", "Artikel 8 lid 2."):
        assert masked(line, rules) == line


def test_a_word_of_ones_own_announces_a_case_number() -> None:
    line = "mijn wijkcode is vier vier twee"
    assert masked(line, PLAIN) == line
    assert masked(line, rules_with(case_number_words=["wijkcode"])) == "mijn wijkcode is <ZAAKNUMMER>"


@pytest.mark.parametrize(
    "said",
    ["nul drie een acht een twee drie vier vijf zes", "0318-123456", "+31 318 123456", "0318 12 34 56"],
)
def test_the_municipalitys_own_telephone_number_stays(said: str) -> None:
    line = f"u kunt bellen naar {said}"
    assert masked(line, PLAIN) != line
    assert masked(line, rules_with(public_numbers=["0318 123456"])) == line
    assert masked(line, rules_with(public_numbers=["0318 654321"])) != line


def test_a_public_word_is_no_street_and_no_name() -> None:
    rules = rules_with(public_words=["Raadhuysplein", "Kuiperij"])
    for line in ("de borrel is op het raadhuysplein", "U spreekt met Kuiperij."):
        assert masked(line, PLAIN) != line
        assert masked(line, rules) == line
    assert "raadhuysplein" not in masked("ik woon op het raadhuysplein nummer vier", rules)


def test_the_setting_about_streets_in_reports_is_followed() -> None:
    line = "de lantaarn in de dorpsstraat is kapot"
    assert masked(line, PLAIN) != line
    assert masked(line, rules_with(keep_streets_in_reports=True)) == line


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("case_numbers", "####", "six or more"),
        ("case_numbers", "Z#", "four characters"),
        ("case_numbers", "ABCD", "at least one #"),
        ("case_numbers", "Z[0-9]+", "# for any figure"),
        ("case_numbers", "", "# for any figure"),
        ("case_number_words", "kenteken", "announces another kind"),
        ("public_numbers", "12345", "no Dutch telephone number"),
        ("public_numbers", "111222333", "no Dutch telephone number"),
        ("public_numbers", "gemeente", "no Dutch telephone number"),
        ("public_words", "Fatima", "is a first name"),
        ("public_words", "De Kuiperij", "one word"),
        ("public_words", "a1", "one word"),
    ],
)
def test_nonsense_is_refused_with_the_setting_and_the_reason(key: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"privacy.{key}: .*{why}"):
        rules_with(**{key: [value]})
