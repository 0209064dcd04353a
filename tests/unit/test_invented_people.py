"""The recipe for names: its people stay in their split, and other names end up where names were."""

import importlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

RECIPES = Path(__file__).parents[2] / "models" / "recipes"


@pytest.fixture(scope="module")
def recipe() -> Iterator[SimpleNamespace]:
    """The recipe's modules, imported from their folders and forgotten again: their names are short."""
    path, before = list(sys.path), dict(sys.modules)
    for name in ("corpus", "noise", "grammar", "dialogue", "script", "personal"):
        sys.modules.pop(name, None)
    sys.path.insert(0, str(RECIPES / "names"))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in ("people", "sentences", "writing")})
    finally:
        sys.path[:] = path
        for name, module in list(sys.modules.items()):
            if str(RECIPES) in str(getattr(module, "__file__", None)):
                del sys.modules[name]
        sys.modules.update({name: before[name] for name in before if name not in sys.modules})


def parts(recipe: SimpleNamespace, split: str, **options: object) -> set[str]:
    """Words of surnames and first names of many people of a split, without tussenvoegsels."""
    people, rng = recipe.people.People(split, either=False, **options), random.Random(split)
    drawn = [people.draw(rng) for _ in range(1500)]
    words = {
        word for person in drawn for name in (person.first, person.last) for word in name.replace("-", " ").split()
    }
    particles = {p for entry in recipe.people.tables().values() for name in entry["particles"] for p in name.split()}
    return {recipe.people.plain(word) for word in words} - particles


def test_no_name_is_in_two_splits(recipe: SimpleNamespace) -> None:
    found = {split: parts(recipe, split) for split in recipe.people.SPLITS}
    assert all(len(words) > 300 for words in found.values())
    assert not found["train"] & found["test"]
    assert not found["train"] & found["held"]
    assert not found["held"] & found["test"]


def test_some_origins_and_barred_words_are_kept_from_training(recipe: SimpleNamespace) -> None:
    away = {origin for origin, entry in recipe.people.tables().items() if not entry["weight"]}
    assert len(away) >= 2
    assert not away & set(recipe.people.People("train").origins)
    barred = frozenset(list(parts(recipe, "test"))[:100])
    assert not parts(recipe, "test", barred=barred) & barred


def test_names_of_the_call_world_are_exchanged_where_they_stand(recipe: SimpleNamespace) -> None:
    sentences = recipe.sentences
    rng = random.Random(4)
    call = sentences.dialogue.make_call(rng, split="test", wishes=sentences.dialogue.Wishes(size="long"))
    renamer = sentences.Renamer(rng, recipe.people.People("test", either=False))
    lines = renamer.scripted(call.lines)
    known = renamer.firsts | renamer.lasts
    seen = 0
    for before, after in zip(call.lines, lines, strict=True):
        assert len(before.spans) == len(after.spans)
        for old, new in zip(before.spans, after.spans, strict=True):
            said = " ".join(before.text.split()[old.first_word : old.last_word + 1])
            now = " ".join(after.text.split()[new.first_word : new.last_word + 1])
            if old.kind == "person_name":
                seen += 1
                assert now not in known
                assert now == renamer.known.get(said, now)
            else:
                assert now == said
    assert seen


@pytest.mark.parametrize("split", ["train", "held", "test"])
def test_labels_follow_the_words_through_capitals_and_mishearing(recipe: SimpleNamespace, split: str) -> None:
    sentences = recipe.sentences
    some = sentences.Sentences(sentences.Mixture(split), recipe.people.People(split))
    rng = random.Random(7)
    calls = [some.draw(rng) for _ in range(60)]
    words = [word for lines in calls for line in lines for word in line.words]
    assert {word.label for word in words} >= {recipe.writing.NAME, recipe.writing.NONE}
    assert all(word.text.strip() and " " not in word.text for word in words)
    capitals = [word for word in words if word.label == recipe.writing.NAME and word.text[0].isupper()]
    assert 0.1 < len(capitals) / sum(word.label == recipe.writing.NAME for word in words) < 0.7


def test_sentences_of_the_test_are_not_trained_on(recipe: SimpleNamespace) -> None:
    for kind in ("names", "others"):
        splits = [set(recipe.sentences.frames(kind, split)) for split in recipe.people.SPLITS]
        assert sum(map(len, splits)) == len(set.union(*splits))
