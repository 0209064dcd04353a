"""Loops and phantom phrases are found; people who repeat themselves are not taken for machines."""

import pytest

from callinsight.core.hallucinations import is_loop, is_phantom, repeated_share


@pytest.mark.parametrize(
    "text",
    [
        "ik ik ik ik ik ik ik ik ik ik",
        "dank u wel dank u wel dank u wel dank u wel dank u wel",
        "en dan moet u " + "even kijken naar de website " * 6,
        "de container wordt morgen geleegd " * 4,
    ],
)
def test_loops_are_found(text: str) -> None:
    assert is_loop(text, 20_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ja ja ja",
        "nul zes een twee drie vier vijf zes zeven acht",
        "nul nul nul nul drie drie",
        "ja dat klopt ja dat klopt helemaal want ik heb gisteren ook al gebeld over mijn container",
        "dank u wel dank u wel tot ziens",
        "ik wil graag weten wanneer mijn paspoort klaar is want we gaan over drie weken op vakantie",
    ],
)
def test_speech_is_kept(text: str) -> None:
    assert not is_loop(text, 10_000)


def test_nobody_speaks_that_fast() -> None:
    text = "ik wil graag weten wanneer mijn paspoort klaar is want we gaan over drie weken op vakantie naar spanje"
    assert is_loop(text, 1_200)
    assert not is_loop(text, 5_000)


@pytest.mark.parametrize(
    "text",
    [
        "Ondertitels ingediend door de Amara.org gemeenschap",
        "TV GELDERLAND 2021 ondertiteling TV Gelderland",
        "Thanks for watching!",
    ],
)
def test_phantoms_are_found(text: str) -> None:
    assert is_phantom(text)


@pytest.mark.parametrize("text", ["bedankt voor de moeite", "ik zag het op tv gelderland en toen dacht ik ik bel even"])
def test_thanks_are_no_phantom(text: str) -> None:
    assert not is_phantom(text)


def test_repeated_share_of_nothing() -> None:
    assert repeated_share([]) == 0.0
    assert repeated_share(["ja"]) == 0.0
