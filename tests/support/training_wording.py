"""What the tagger was trained on, so that sentences for measuring it can be kept apart from it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from callinsight.core.text import normal_text
from callinsight.fast_yaml import load_yaml

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SHARED_RUN = 6
"""Words in a row that a sentence may have in common with what the tagger was trained on: set phrases are as long."""


def taught(sentences: Iterable[str]) -> list[str]:
    """Those of the sentences that are in the training wording, or share too long a run of words with it."""
    trained = _trained_on()
    runs = set().union(*(_runs(text) for text in trained))
    return [line for line in map(normal_text, sentences) if line in trained or _runs(line) & runs]


def _trained_on() -> frozenset[str]:
    recipes = ROOT / "models/recipes"
    files = [*(recipes / "tagger").glob("sayings*.yaml"), *(recipes / "calls/phrases").glob("*.yaml")]
    assert len(files) > 10
    loaded = (load_yaml(f.read_text(encoding="utf-8")) for f in (*files, ROOT / "models/taxonomy/examples.yaml"))
    return frozenset(normal_text(text) for one in loaded for text in _leaves(one))


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield from node.split("|")
    elif isinstance(node, dict | list):
        for one in node.values() if isinstance(node, dict) else node:
            yield from _leaves(one)


def _runs(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    length = LONGEST_SHARED_RUN + 1
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}
