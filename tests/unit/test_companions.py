"""What comes along with a name that was found, and what does not."""

from pathlib import Path

import pytest

from callinsight.core.redaction import redact
from callinsight.core.spotting import SpottedName, spotted
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.privacy_files import load_rules

RULES = load_rules(Path(__file__).resolve().parents[2] / "models/privacy/personal_data.yaml")


def masked(line: str, sure: str = "", faint: str = "") -> str:
    """The line after redaction when a model is sure of the words of ``sure`` and doubts those of ``faint``."""
    turns, scores, at_ms = [], [], 0
    for number, said in enumerate(line.split(" | ")):
        texts = said.split()
        words = tuple(Word(Span(at_ms + 300 * n, at_ms + 300 * n + 300), w, 0.9) for n, w in enumerate(texts))
        at_ms += 300 * len(words)
        role = Role.AGENT if number % 2 == 0 and " | " in line else Role.CALLER
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), role, words))
        scores.append([0.97 if w in sure.split() else 0.2 if w in faint.split() else 0.0 for w in texts])
    return " | ".join(turn.text for turn in redact(turns, RULES, spotted(scores, 0.5, 0.15)).turns)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dat zei wierdel moonsaar ook", "dat zei <NAAM> ook"),
        ("dat zei moonsaar wierdel ook", "dat zei <NAAM> ook"),
        ("dat zei wierdel van der moonsaar ook", "dat zei <NAAM> ook"),
        ("ja ik ben moonsaar en ik heb een vraag", "ja ik ben <NAAM> en ik heb een vraag"),
        ("dat heb ik mevrouw moonsaar gezegd", "dat heb ik mevrouw <NAAM> gezegd"),
        ("wat is uw naam | moonsaar", "wat is uw naam | <NAAM>"),
        ("wat is uw naam | van moonsaar", "wat is uw naam | <NAAM>"),
    ],
)
def test_a_faint_word_beside_a_name_or_announced_is_masked(line: str, expected: str) -> None:
    assert masked(line, sure="wierdel", faint="moonsaar") == expected


@pytest.mark.parametrize(
    "line",
    [
        "dat zei moonsaar ook",
        "kom met moonsaar even langs",
        "hoe heet moonsaar ook weer",
        "wat is uw probleem | moonsaar",
    ],
)
def test_a_faint_word_by_itself_stays(line: str) -> None:
    assert masked(line, faint="moonsaar") == line


def test_a_faint_word_of_another_sentence_or_turn_stays() -> None:
    assert masked("Dat zei wierdel. moonsaar komt later.", "wierdel.", "moonsaar") == (
        "Dat zei <NAAM> moonsaar komt later."
    )
    assert masked("dat zei wierdel | moonsaar komt", "wierdel", "moonsaar") == "dat zei <NAAM> | moonsaar komt"


def test_faint_words_in_a_row_come_along_one_by_one() -> None:
    assert masked("dat zei wierdel moon de la kreet ook", "wierdel", "moon kreet") == "dat zei <NAAM> ook"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("met wierdel uit den moonsaar", "met <NAAM>"),
        ("met wierdel bel moonsaar", "met <NAAM>"),
        ("met wierdel von der moonsaar", "met <NAAM>"),
        ("een brief van wierdel van moonsaar", "een brief van <NAAM> van <NAAM>"),
        ("een brief voor wierdel in moonsaar", "een brief voor <NAAM> in <NAAM>"),
        ("dag mevrouw met mevrouw bel moonsaar", "dag mevrouw met mevrouw <NAAM>"),
        ("morgen wil ik bel moonsaar", "morgen wil ik bel <NAAM>"),
        ("voor wierdel uit moonsaar", "voor <NAAM> uit <NAAM>"),
    ],
)
def test_tussenvoegsels_within_a_name_come_along(line: str, expected: str) -> None:
    assert masked(line, sure="wierdel moonsaar") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dat is wierdel w i e r d e l", "dat is <NAAM>"),
        ("dat is wierdel eh w i e r", "dat is <NAAM> eh <NAAM>"),
        ("dat is wierdel w van willem i e", "dat is <NAAM>"),
        ("hoe schrijf je dat | dat is wierdel w i s s m a", "hoe schrijf je dat | dat is <NAAM>"),
        ("dat is wierdel a twee", "dat is <NAAM> a twee"),
    ],
)
def test_the_whole_spelling_of_a_name_comes_along(line: str, expected: str) -> None:
    assert masked(line, sure="wierdel") == expected


def test_letters_of_which_one_was_found_are_masked_whole() -> None:
    assert masked("uw achternaam | x q o p z", sure="x q") == "uw achternaam | <NAAM>"


@pytest.mark.parametrize(
    ("line", "sure"),
    [
        ("dat formulier heet i o a w", "i o a w"),
        ("u heeft categorie b nodig of b e", "b e"),
        ("ik ben zzp'er van beroep", "zzp'er"),
        ("stuur een a4'tje mee", "a4'tje"),
        ("op grond van de awb mag dat", "awb"),
        ("jan met de pet betaalt de rekening", "jan"),
    ],
)
def test_letters_abbreviations_and_sayings_are_nobody(line: str, sure: str) -> None:
    assert masked(line, sure=sure) == line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mijn naam is jan klaassen", "mijn naam is <NAAM>"),
        ("u spreekt met mevrouw van dale", "u spreekt met mevrouw <NAAM>"),
    ],
)
def test_names_that_sound_like_a_saying_are_masked(line: str, expected: str) -> None:
    assert masked(line) == expected


def test_letters_are_a_name_where_somebody_spells() -> None:
    assert masked("kunt u dat voor mij spellen alstublieft | b e", sure="b e").endswith("| <NAAM>")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bakker is de naam", "<NAAM> is de naam"),
        ("ja goedemorgen moonsaar is mijn naam", "ja goedemorgen <NAAM> is mijn naam"),
        ("van der moonsaar is mijn achternaam", "<NAAM> is mijn achternaam"),
        ("wat is de naam", "wat is de naam"),
        ("dat is mijn naam", "dat is mijn naam"),
        ("verkeerd gespeld is mijn naam", "verkeerd gespeld is mijn naam"),
    ],
)
def test_the_name_before_the_words_that_call_it_one(line: str, expected: str) -> None:
    assert masked(line) == expected


def test_faint_names_are_apart_from_sure_ones() -> None:
    assert spotted([[0.2, 0.6, 0.7, 0.3]], 0.5, 0.15) == (
        SpottedName(0, 0, 0, 0.2, True),
        SpottedName(0, 1, 2, 0.7),
        SpottedName(0, 3, 3, 0.3, True),
    )
    assert spotted([[0.6]], 0.5, 0.7) == (SpottedName(0, 0, 0, 0.6),)
