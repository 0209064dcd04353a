"""Openings of calls on every topic, and stories that show a need: part of ``make bench-tags``.

Reads ``tests/data/tags/openings.yaml`` (850 sentences written by hand, apart from all that the tagger was trained on)
and asks the bundled tagger and the two baselines of its recipe. It prints, of the openings,

- ``right``: how many got their topic,
- ``elsewhere``: how many got other topics alone,
- ``unknown``: how many got no topic ("onbekend"),
- ``first``: how many have their topic as the one with the highest score,
- ``question``: how many got their topic and its sub-question;

of the stories the precision and recall of needs; and how many of the turns that carry nothing got no topic and no need.
Nothing is asserted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tag_systems import Answer, Said, options_of, systems
from callinsight import offline
from callinsight.fast_yaml import load_yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests/data/tags/openings.yaml"


@dataclass(frozen=True, slots=True)
class Opening:
    """A sentence that opens a call, its topic and its sub-question."""

    topic: str
    facet: str
    said: str


@dataclass(frozen=True, slots=True)
class Story:
    """A sentence that shows a need."""

    need: str
    said: str


@dataclass(frozen=True, slots=True)
class Sentences:
    """What the file holds."""

    openings: tuple[Opening, ...]
    stories: tuple[Story, ...]
    nothing: tuple[str, ...]


def read(path: Path = FILE) -> Sentences:
    """The sentences in the order of the file."""
    found = load_yaml(path.read_text(encoding="utf-8"))
    return Sentences(
        tuple(Opening(topic, one["facet"], one["said"]) for topic, own in found["openings"].items() for one in own),
        tuple(Story(need, said) for need, own in found["needs"].items() for said in own),
        tuple(found["nothing"]),
    )


def figures(
    sentences: Sentences, heard: Sequence[Answer], told: Sequence[Answer], quiet: Sequence[Answer]
) -> dict[str, float]:
    """Shares, as told above; ``heard`` of the openings, ``told`` of the stories, ``quiet`` of the rest."""
    asked = list(zip(sentences.openings, heard, strict=True))
    right = [one.topic in answer.topics for one, answer in asked]
    hits = sum(one.need in answer.needs for one, answer in zip(sentences.stories, told, strict=True))
    return {
        "right": _share(right),
        "elsewhere": _share([bool(answer.topics) and one.topic not in answer.topics for one, answer in asked]),
        "unknown": _share([not answer.topics for _, answer in asked]),
        "first": _share([_first(answer) == one.topic for one, answer in asked]),
        "question": _share(
            [
                found and bool({one.facet, f"{one.topic}/{one.facet}"} & answer.facets)
                for found, (one, answer) in zip(right, asked, strict=True)
            ]
        ),
        "need_precision": hits / max(1, sum(len(answer.needs) for answer in told)),
        "need_recall": hits / len(sentences.stories),
        "nothing_right": _share([not answer.topics and not answer.needs for answer in quiet]),
    }


def _first(answer: Answer) -> str | None:
    return max(answer.scores, key=lambda topic: answer.scores[topic], default=None)


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)


def _calls(said: Sequence[str]) -> list[Said]:
    return [(("caller", one),) for one in said]


def main() -> None:
    """Ask every system and print one table."""
    options = options_of(__doc__)
    offline.apply()
    sentences = read()
    groups = ([one.said for one in sentences.openings], [one.said for one in sentences.stories], sentences.nothing)
    rows = {
        name: figures(sentences, *(ask(_calls(said)) for said in groups))
        for name, ask in systems(options.model, options.baseline_calls).items()
    }
    print(f"{len(groups[0])} openings, {len(groups[1])} stories, {len(groups[2])} turns that carry nothing")
    print(f"{'':16}" + "".join(f"{name:>10}" for name in rows))
    for key in rows["tagger"]:
        print(f"{key:16}" + "".join(f"{row[key]:10.3f}" for row in rows.values()))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
