"""Topics that callers name in much the same words, told apart: ``make bench-tags``.

Reads ``tests/data/tags/hard_pairs.yaml`` (600 short calls written by hand, not by the grammar that trained the tagger)
and asks the bundled tagger and the two baselines of its recipe. Of every side it prints how many of its calls got

- ``right``: a topic of their side and none of the other's,
- ``both``: topics of both sides,
- ``other``: a topic of the other side alone,
- ``elsewhere``: topics of neither side,
- ``unknown``: no topic at all ("onbekend"),

and ``forced``: how many are right when a system must choose one of the two sides, by its highest score for any topic of
each; a tie counts for half. Nothing is asserted. Of reports fifteen topics are right and of complaints one: that helps
a report in a forced choice.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tag_systems import Answer, Said, options_of, systems
from callinsight import offline
from callinsight.fast_yaml import load_yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests/data/tags/hard_pairs.yaml"
VERDICTS = ("right", "both", "other", "elsewhere", "unknown")
_AGENT = "a:"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a pair: the topics that are right for it, and its calls as turns of (role, text)."""

    pair: str
    name: str
    topics: frozenset[str]
    calls: tuple[Said, ...]


def pairs(path: Path = FILE) -> tuple[tuple[Side, Side], ...]:
    """The pairs in the order of the file. Raises ``ValueError`` when a pair has not two sides."""
    found = []
    for pair, sides in load_yaml(path.read_text(encoding="utf-8")).items():
        if len(sides) != 2:
            raise ValueError(f"{pair} must have two sides")
        first, second = (
            Side(pair, name, frozenset(side["topics"]), tuple(_turns(line) for line in side["sentences"]))
            for name, side in sides.items()
        )
        found.append((first, second))
    return tuple(found)


def _turns(line: str) -> Said:
    return tuple(
        ("agent", part.removeprefix(_AGENT).strip()) if part.startswith(_AGENT) else ("caller", part)
        for part in line.split(" | ")
    )


def verdict(own: frozenset[str], other: frozenset[str], found: frozenset[str]) -> str:
    """One of ``VERDICTS`` for the topics found in a call of the side ``own``."""
    if not found:
        return "unknown"
    if found & own:
        return "both" if found & other else "right"
    return "other" if found & other else "elsewhere"


def forced(own: frozenset[str], other: frozenset[str], scores: Mapping[str, float]) -> float:
    """1.0 when the side ``own`` outdoes the other, 0.5 on a tie; a topic without a score is heard least of all."""
    ours, theirs = (max(scores.get(topic, float("-inf")) for topic in side) for side in (own, other))
    return 0.5 if ours == theirs else float(ours > theirs)


def figures(own: Side, other: Side, answers: Sequence[Answer]) -> dict[str, float]:
    """Shares of the calls of one side by verdict, and ``forced``."""
    counts = Counter(verdict(own.topics, other.topics, one.topics) for one in answers)
    shown = {name: counts[name] / len(answers) for name in VERDICTS}
    return shown | {"forced": sum(forced(own.topics, other.topics, one.scores) for one in answers) / len(answers)}


def main() -> None:
    """Ask every system about every side and print one table."""
    options = options_of(__doc__)
    offline.apply()
    asked = systems(options.model, options.baseline_calls)
    rows: dict[str, dict[str, float]] = {}
    for pair in pairs():
        for own, other in (pair, pair[::-1]):
            for name, ask in asked.items():
                rows[f"{own.name}/{name}"] = figures(own, other, ask(own.calls))
    for name in asked:
        own_rows = [row for key, row in rows.items() if key.endswith(f"/{name}")]
        rows[f"all/{name}"] = {key: sum(row[key] for row in own_rows) / len(own_rows) for key in own_rows[0]}
    print(f"{'side':16}{'system':8}" + "".join(f"{key:>10}" for key in (*VERDICTS, "forced")))
    for key, row in rows.items():
        side, _, name = key.partition("/")
        print(f"{side:16}{name:8}" + "".join(f"{value:10.3f}" for value in row.values()))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
