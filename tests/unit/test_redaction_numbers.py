"""Dutch numbers, letters and dates as they are said, read back to digits and letters."""

from pathlib import Path

import pytest

from callinsight.core.redaction import kinds
from callinsight.core.redaction.dates import fold_dates
from callinsight.core.redaction.normaliser import Part, atoms_of
from callinsight.core.redaction.numbers import ORDINALS, parse_number, split_numbers
from callinsight.core.redaction.runs import runs_of
from callinsight.core.redaction.spelling import spelled_from
from callinsight.core.redaction.tokens import key_of, tokens_of
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.privacy_files import load_rules

RULES = load_rules(Path(__file__).resolve().parents[2] / "models/privacy/personal_data.yaml")


def turn_of(text: str) -> Turn:
    words = tuple(Word(Span(at * 300, at * 300 + 300), word, 1.0) for at, word in enumerate(text.split()))
    return Turn(Span(0, words[-1].span.end_ms), Role.CALLER, words)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("nul", 0), ("een", 1), ("zeuven", 7), ("elf", 11), ("achttien", 18), ("twintig", 20),
        ("drieëntwintig", 23), ("drieentwintig", 23), ("drientwintig", 23), ("eenennegentig", 91),
        ("honderd", 100), ("honderdvijf", 105), ("honderdenvijf", 105), ("tweehonderdtweeëntwintig", 222),
        ("twaalfhonderd", 1200), ("negentienhonderdtachtig", 1980), ("tweeduizend", 2000), ("tweeduizendvijf", 2005),
        ("tweeduizendentwaalf", 2012), ("driehonderdvijftigduizend", 350_000), ("duizendnegen", 1009),
    ],
)  # fmt: skip
def test_number_words(word: str, value: int) -> None:
    assert parse_number(key_of(word)) == value


@pytest.mark.parametrize(
    "word", ["", "vijver", "achter", "zesde", "honderdhonderd", "duizendmiljoen", "eend", "nulhonderd"]
)
def test_other_words_are_no_numbers(word: str) -> None:
    assert parse_number(word) is None


def test_every_number_below_a_million_that_we_build_is_read() -> None:
    for value in (1, 19, 40, 99, 100, 101, 999, 1000, 1100, 2019, 9999, 12_345):
        hundreds, rest = divmod(value % 1000, 100)
        words = [f"{parse_back(value // 1000)}duizend" if value >= 1000 else ""]
        words += [f"{parse_back(hundreds)}honderd" if hundreds else "", parse_back(rest) if rest else ""]
        assert parse_number("".join(words)) == value


def parse_back(value: int) -> str:
    from callinsight.core.redaction.numbers import SMALL

    return next(word for word, known in SMALL.items() if known == value)


def test_numbers_that_a_recogniser_glued_together() -> None:
    assert split_numbers("nulzes") == (0, 6)
    assert split_numbers("eentweedrie") == (1, 2, 3)
    assert split_numbers("twaalfvierendertig") == (12, 34)
    assert split_numbers("gemeente") == ()
    assert split_numbers("eentje") == ()


def test_ordinals() -> None:
    assert [ORDINALS[word] for word in ("eerste", "derde", "achtste", "twaalfde", "twintigste")] == [1, 3, 8, 12, 20]
    assert ORDINALS["eenendertigste"] == 31


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nul zes een twee drie", "06123"),
        ("drieëntwintig elf", "2311"),
        ("twaalfhonderd a b", "1200ab"),
        ("twaalf honderd a b", "1200ab"),
        ("negentienhonderd tachtig", "1980"),
        ("tweeduizend vijf", "2005"),
        ("drie en twintig elf", "2311"),
        ("dubbel nul drie keer een twee keer de vijf", "0011155"),
        ("b van bernard drie", "b3"),
        ("een twee eh drie ja vier", "1234"),
        ("06-12345678.", "0612345678"),
        ("NL91 ABNA 0417 1643 00", "nl91abna0417164300"),
        ("jee aa drie", "3"),
        ("x iks drie zet vier", "xx3z4"),
    ],
)
def test_what_a_run_says(text: str, said: str) -> None:
    tokens = tokens_of([turn_of(text)], RULES.marks)
    runs = runs_of(tokens, atoms_of(tokens, RULES), [False] * len(tokens), RULES)
    assert "".join(run.text for run in runs) in (said, f"ja{said}")


def test_a_correction_leaves_out_what_it_takes_back() -> None:
    tokens = tokens_of([turn_of("nul zes een twee nee drie vier")], RULES.marks)
    (run,) = runs_of(tokens, atoms_of(tokens, RULES), [False] * len(tokens), RULES)
    assert run.text == "061234"
    assert run.corrected == "06134"


def test_atoms_cover_every_word_once() -> None:
    tokens = tokens_of(
        [turn_of("drie keer de een en b van bernard op twaalf maart dan 12-03-1980 €5 nee ja x")], RULES.marks
    )
    atoms = atoms_of(tokens, RULES)
    assert [i for atom in atoms for i in range(atom.first, atom.last + 1)] == list(range(len(tokens)))


@pytest.mark.parametrize(
    ("text", "date", "year"),
    [
        ("twaalf maart negentienhonderd tachtig", "12031980", 1980),
        ("twaalf maart negentien tachtig", "12031980", 1980),
        ("de twaalfde van de derde negentien tachtig", "12031980", 1980),
        ("eenendertig december tweeduizend twaalf", "31122012", 2012),
        ("vijf juni", "0506", -1),
        ("7 augustus 1948", "07081948", 1948),
    ],
)
def test_dates_in_words(text: str, date: str, year: int) -> None:
    tokens = tokens_of([turn_of(text)], RULES.marks)
    (found,) = [atom for atom in fold_dates(tokens, atoms_of(tokens, RULES)) if atom.part is Part.DATE]
    assert (found.text, found.value) == (date, year)


def test_spelled_names() -> None:
    def letters(text: str) -> tuple[int, str]:
        return spelled_from(tokens_of([turn_of(text)], RULES.marks), 0, RULES)

    assert letters("b r o u w e r en dan") == (7, "brouwer")
    assert letters("k van karel u van utrecht i van isaak p") == (10, "kuip")
    assert letters("victor lodewijk isaak graag") == (3, "vli")
    assert letters("u spreekt met") == (0, "")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("111222333", "bsn"), ("123456782", "bsn"), ("0612345678", "phone"), ("nl91abna0417164300", "iban"),
        ("4111111111111111", "card_cvc"), ("12ab34", "licence_plate"), ("v1a2b3c4d", "residence_document"),
        ("npr123456", "travel_document"), ("111222334", None), ("1234", None), ("", None),
    ],
)  # fmt: skip
def test_kinds_by_shape(text: str, kind: str | None) -> None:
    assert kinds.sure_kind(text) == kind


def test_a_cue_makes_room_for_misheard_digits() -> None:
    assert kinds.fits("bsn", "1112223")
    assert kinds.fits("bsn", "1112223334")
    assert not kinds.fits("bsn", "111222")
    assert kinds.fits("date_of_birth", "120380")
    assert not kinds.fits("date_of_birth", "991399")
    assert not kinds.may_be("bsn", "12ab")
