"""The same words in another spelling are the same words."""

import pytest

from callinsight.transcript_normaliser import normalise


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Eén, eh Auto's! ...", "een auto's"),
        ("23", "drieëntwintig"),
        ("€ 25", "euro vijfentwintig"),
        ("€25,50", "vijfentwintig vijftig euro"),
        ("10.30 uur", "tien dertig uur"),
        ("1.250", "duizendtweehonderdvijftig"),
        ("06 12345678", "nul zes een twee drie vier vijf zes zeven acht"),
        ("2026", "tweeduizendzesentwintig"),
        ("de 2e keer, de 8ste", "de tweede keer de achtste"),
        ("5%", "vijf procent"),
        ("3b", "drie b"),
        ("0", "nul"),
        ("’s ochtends", "s ochtends"),
    ],
)
def test_numbers_and_style(written: str, said: str) -> None:
    assert normalise(written.split()) == said.split()


def test_words_that_are_said_stay_as_they_are() -> None:
    said = ["ik", "wil", "zesentwintig", "euro", "terug", "want", "ik", "heb", "dubbel", "betaald"]
    assert normalise(said) == said
