"""Scores the spotter of names on people and sentences of no training: ``python models/recipes/names/evaluate.py``.

The model alone, without the rules and the policies that it is joined with: ``tests/bench/privacy.py`` measures those.
A name is found when each of its words is; a mark is right when it touches a name. ``--card`` writes the model's card.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calibrate import turns_of
from people import People, tables
from sentences import Mixture, Sentences
from train import Plan
from writing import NAME, OPEN, Line

from callinsight.core.spotting import spotted
from callinsight.engines.names import TransformersNames, load

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "models" / "demo" / "names"


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts over calls."""

    names: int
    found: int
    marks: int
    right: int
    others: int
    wrong: int

    def table(self) -> dict[str, float]:
        """Recall of names, precision of marks, and words masked without need per thousand that are no name."""
        return {
            "names": self.names,
            "recall": round(self.found / max(1, self.names), 4),
            "precision": round(self.right / max(1, self.marks), 4),
            "wrong_per_1000_words": round(1000 * self.wrong / max(1, self.others), 2),
        }


def drawn(mixture: Mixture, people: People, count: int, seed: int) -> list[tuple[Line, ...]]:
    """Calls of the test."""
    rng, sentences = random.Random(f"{seed}-{mixture}"), Sentences(mixture, people)
    return [sentences.draw(rng) for _ in range(count)]


def true_names(lines: Sequence[Line]) -> list[tuple[int, int, int]]:
    """The names as (line, first word, last word)."""
    found = spotted([[float(word.label == NAME) for word in line.words] for line in lines], 0.5)
    return [(name.turn, name.first, name.last) for name in found]


def score(spotter: TransformersNames, calls: Sequence[Sequence[Line]], threshold: float) -> Scores:
    """Count what was found."""
    names = found = marks = right = others = wrong = 0
    for lines, scores in zip(calls, spotter.scores([turns_of(lines) for lines in calls]), strict=True):
        hits = {(turn, n) for turn, words in enumerate(scores) for n, one in enumerate(words) if one >= threshold}
        label = {(turn, n): word.label for turn, line in enumerate(lines) for n, word in enumerate(line.words)}
        for turn, first, last in true_names(lines):
            names += 1
            found += all((turn, word) in hits for word in range(first, last + 1))
        for mark in spotted(scores, threshold):
            inside = [label[mark.turn, word] for word in range(mark.first, mark.last + 1)]
            if set(inside) == {OPEN}:
                continue
            marks += 1
            right += NAME in inside
        others += sum(one not in (NAME, OPEN) for one in label.values())
        wrong += sum(label[place] not in (NAME, OPEN) for place in hits)
    return Scores(names, found, marks, right, others, wrong)


def measured(spotter: TransformersNames, count: int, seed: int) -> dict[str, dict[str, float]]:
    """The table: several ways to write, and people of origins that the training left out."""
    people = People("test")
    away = People("test", origins=[origin for origin, entry in tables().items() if not entry["weight"]])
    sets = {
        "spoken": (Mixture("test", 0.0, 0.0), people),
        "written": (Mixture("test", 0.0, 1.0), people),
        "misheard": (Mixture("test", 0.3, 0.0), people),
        "origins never met": (Mixture("test", 0.0, 0.0), away),
    }
    return {
        name: score(spotter, drawn(mixture, who, count, seed), spotter.threshold).table()
        for name, (mixture, who) in sets.items()
    }


def main() -> None:
    """Print the table, write the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--card", action="store_true")
    options = parser.parse_args()
    spotter = load(options.folder)
    began = time.process_time()
    table = measured(spotter, options.calls, options.seed)
    for name, row in table.items():
        print(f"{name:20}" + "".join(f"{key} {value:<10}" for key, value in row.items()))
    print(f"threshold {spotter.threshold}, {time.process_time() - began:.0f} s of processor")
    if options.card:
        card = {
            "name": "names",
            "recipe": "models/recipes/names",
            "status": "first version; see the recipe's README for what it cannot do",
            "seed": Plan().seed,
            "weights": sum(p.numel() for p in spotter.loaded[1].parameters()),
            "threshold": spotter.threshold,
            "data": "generated conversations, composed and made-up names of many origins, words misheard on purpose",
            "measured_on": f"{options.calls} generated calls of the test split a row, the model alone, new names",
            "scores": table,
        }
        (options.folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
