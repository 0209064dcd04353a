"""What the tagger's recipe does to words: as the recogniser did, and no label is lost on the way."""

import importlib
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

RECIPES = Path(__file__).parents[2] / "models" / "recipes"
HEARD = {"paspoort": {"paspoord": 3, "pas poort": 1}, "mijn buurt": {"mijmbuurt": 2}, "soort": {"soord": 4}}


@pytest.fixture(scope="module")
def recipe() -> Iterator[SimpleNamespace]:
    """The recipe's modules, imported from their folders and forgotten again: their names are short."""
    path, before = list(sys.path), dict(sys.modules)
    for name in ("corpus", "noise", "grammar", "dialogue"):
        sys.modules.pop(name, None)
    sys.path[:0] = [str(RECIPES / "tagger"), str(RECIPES)]
    names = ("corpus", "noise", "speech.confusions")
    try:
        yield SimpleNamespace(**{name.rpartition(".")[2]: importlib.import_module(name) for name in names})
    finally:
        sys.path[:] = path
        for name, module in list(sys.modules.items()):
            if str(RECIPES) in str(getattr(module, "__file__", None)):
                del sys.modules[name]
        sys.modules.update({name: before[name] for name in before if name not in sys.modules})


def counted(recipe: SimpleNamespace, said: str, heard: str) -> tuple[dict[str, dict[str, int]], tuple[int, int]]:
    table: dict[str, Counter[str]] = {}
    shares = recipe.confusions.count(said, heard, table)
    return recipe.confusions.kept(table), shares


def test_every_differing_stretch_is_counted_once(recipe: SimpleNamespace) -> None:
    found, (words, wrong) = counted(recipe, "ik wil mijn paspoort verlengen", "ik wil mijn paspoord ver lengen")
    assert (words, wrong) == (5, 2)
    assert found == {"paspoort verlengen": {"paspoord ver lengen": 1}}


@pytest.mark.parametrize(
    ("said", "heard", "expected"),
    [
        ("dat is goed", "dat is goed", {}),
        ("dat is goed", "dat goed", {"is": {"": 1}}),
        ("dat is goed", "dat is heel goed", {}),  # an invented word is no word misheard
        ("een twee drie vier vijf", "zes zeven acht negen tien", {}),  # too long to tell what became what
    ],
)
def test_what_tells_nothing_of_a_word_is_left_out(
    recipe: SimpleNamespace, said: str, heard: str, expected: dict[str, dict[str, int]]
) -> None:
    assert counted(recipe, said, heard)[0] == expected


def test_a_known_stretch_is_misheard_as_it_was_and_an_unknown_word_by_the_same_letters(recipe: SimpleNamespace) -> None:
    misheard, rng = recipe.noise.Misheard(HEARD), random.Random(1)
    found = {misheard.stretch(rng, ["mijn", "buurt", "is"]) for _ in range(20)}
    assert found == {(2, "mijmbuurt")}
    assert misheard.stretch(rng, ["onbekend"]) is None
    garbled = {misheard.garbled(rng, "poort") for _ in range(20)}
    assert "poord" in garbled, "the change of letters of paspoort and soort is not carried over"
    assert garbled <= {"poord", "poort", "poor"}
    assert misheard.garbled(rng, "xxx") == "xxx", "no change of letters is known for it"


def turn(recipe: SimpleNamespace, role: str, text: str, line: int, **labels: set[str]) -> Any:
    return recipe.corpus.LabelledTurn(role, text, lines=(line,), **labels)


def test_lines_become_turns_around_a_back_channel_and_keep_every_label(recipe: SimpleNamespace) -> None:
    lines = [
        turn(recipe, "caller", "mijn bak staat nog vol", 0, topics={"waste-calendar"}),
        turn(recipe, "agent", "ja ja", 1),
        turn(recipe, "caller", "en ik voel me niet veilig", 2, needs={"feel-safe"}),
        turn(recipe, "agent", "wat vervelend voor u zeg", 3),
        turn(recipe, "caller", "ja", 4),
    ]
    never_pauses = random.Random(0)
    never_pauses.random = lambda: 1.0  # type: ignore[method-assign]
    first, second, third, last = recipe.noise.joined(never_pauses, lines)
    assert (first.text, first.lines) == ("mijn bak staat nog vol en ik voel me niet veilig", (0, 2))
    assert (first.topics, first.needs) == ({"waste-calendar"}, {"feel-safe"})
    assert (second.lines, third.lines, last.lines) == ((1,), (3,), (4,))


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.6])
def test_hearing_loses_no_line_and_no_label(recipe: SimpleNamespace, rate: float) -> None:
    rng = random.Random(3)
    said = [
        turn(recipe, "agent", "goedemorgen met de gemeente", 0),
        turn(
            recipe, "caller", "ik wil <naam> mijn paspoort verlengen", 1, topics={"passport"}, facets={"extend-renew"}
        ),
        turn(recipe, "caller", "het is dringend", 2, needs={"travel"}),
        turn(recipe, "agent", "dat kan", 3),
    ]
    words = [word for one in said for word in one.text.split()]
    ear = recipe.noise.Recogniser(words, recipe.noise.Misheard(HEARD))
    heard = ear.hear(rng, recipe.corpus.LabelledCall(tuple(said), "handled", (), ()), rate, roles=0.0)
    assert sorted(line for one in heard.turns for line in one.lines) == [0, 1, 2, 3]
    assert {label for one in heard.turns for label in (*one.topics, *one.facets, *one.needs)} == {
        "passport",
        "extend-renew",
        "travel",
    }
    if rate == 0.0:
        assert " ".join(one.text for one in heard.turns if one.role == "caller").startswith("ik wil <naam> mijn")
