"""The bundled tagger and the two baselines of its recipe, asked about short calls that were written by hand."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from callinsight.core.text import normal_text
from callinsight.engines.transformers import load
from callinsight.taxonomy_files import load_rules, load_taxonomy

ROOT = Path(__file__).resolve().parents[2]
Said = tuple[tuple[str, str], ...]
"""A call as turns of (role, text)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system says of one call: what it believes, facets as the tagger's heads name them (``topic/id`` for a
    topic's own, else the bare id), and its score for every topic it knows."""

    topics: frozenset[str]
    facets: frozenset[str]
    needs: frozenset[str]
    scores: Mapping[str, float]


Ask = Callable[[Sequence[Said]], list[Answer]]


def options_of(description: str | None) -> argparse.Namespace:
    """What the benches of tags are asked: ``model``, ``baseline_calls`` and ``json``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "models/demo/tagger", help="folder of the tagger")
    parser.add_argument("--baseline-calls", type=int, default=3000, help="how many calls the machines learn from")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    return parser.parse_args()


def systems(model: Path, baseline_calls: int) -> dict[str, Ask]:
    """``tagger`` (the folder ``model``), ``cues``, and ``svm`` (the machines of ``evaluate.py``)."""
    sys.path[:0] = [str(ROOT / "models/recipes/tagger"), str(ROOT / "models/recipes")]
    recipe, evaluate, baselines = (import_module(name) for name in ("corpus", "evaluate", "baselines"))
    turns_of = import_module("as_turns").turns_of
    taxonomy = load_taxonomy(ROOT / "models/taxonomy")
    tagger = load(model, taxonomy, load_rules(ROOT / "models/taxonomy", taxonomy))
    cues = baselines.CueBaseline(taxonomy)
    svm = evaluate.trained_svm(recipe.Corpus(taxonomy), baseline_calls)

    def calls_of(said: Sequence[Said]) -> list[Any]:
        return [
            recipe.LabelledCall(tuple(recipe.LabelledTurn(role, normal_text(text)) for role, text in call), "", (), ())
            for call in said
        ]

    def by_tagger(said: Sequence[Said]) -> list[Answer]:
        turns = [turns_of(call)[0] for call in calls_of(said)]
        tags = tagger.tag(turns)
        scores = [_best(one.topics, call) for one, call in zip(tagger.scores(turns), said, strict=True)]
        names = tagger.decider.labels.topics.names
        return _answers(
            evaluate.tagged(tags, taxonomy), [dict(zip(names, best.tolist(), strict=True)) for best in scores]
        )

    def by_cues(said: Sequence[Said]) -> list[Answer]:
        return _answers(cues.find(calls_of(said)), [_best_cues(cues.index["topics"], call) for call in said])

    def by_svm(said: Sequence[Said]) -> list[Answer]:
        calls = calls_of(said)
        return _answers(svm.find(calls), svm.scores("topics", calls))

    return {"tagger": by_tagger, "cues": by_cues, "svm": by_svm}


def _answers(found: Mapping[str, Sequence[set[str]]], scores: Sequence[Mapping[str, float]]) -> list[Answer]:
    levels = zip(found["topics"], found["facets"], found["needs"], scores, strict=True)
    return [Answer(frozenset(t), frozenset(f), frozenset(n), best) for t, f, n, best in levels]


def _best(rows: Any, call: Said) -> Any:
    """The highest score of every topic over what the caller says."""
    return rows[[number for number, (role, _) in enumerate(call) if role == "caller"]].max(axis=0)


def _best_cues(index: Any, call: Said) -> dict[str, float]:
    best: dict[str, float] = {}
    for role, text in call:
        for topic, score in index.scores(normal_text(text)).items() if role == "caller" else ():
            best[topic] = max(score, best.get(topic, 0.0))
    return best
