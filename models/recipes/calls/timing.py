"""When people start to speak: gaps, overlaps, pauses and back-channels, drawn from a small table of quantiles.

The table comes from friends talking face to face, who overlap much more than strangers on the phone who ask and
answer. So a drawn gap is held within `GAP_LIMITS_MS`; deeper overlap comes only where a script says "interrupt".

    python models/recipes/calls/timing.py --fit FILE    (a CSV of dialogue,start_ms,end_ms,speaker,text,nature)
"""

from __future__ import annotations

import argparse
import csv
import functools
import itertools
import random
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

TABLE = Path(__file__).parent / "timing.yaml"
GAP_LIMITS_MS = (-320, 1300)
INTERRUPT_MS = (-700, -350)
PROBABILITIES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@functools.cache
def _table() -> dict[str, list[float]]:
    loaded: dict[str, list[float]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return loaded


def drawn(rng: random.Random, name: str) -> float:
    """One draw: uniform probability, linear between the quantiles, none beyond the outer ones."""
    chances, values = _table()["probabilities"], _table()[name]
    chance = min(max(rng.random(), chances[0]), chances[-1])
    for i in range(1, len(chances)):
        if chance <= chances[i]:
            share = (chance - chances[i - 1]) / (chances[i] - chances[i - 1])
            return values[i - 1] + share * (values[i] - values[i - 1])
    return values[-1]


def gap_ms(rng: random.Random, manner: str = "turn") -> int:
    """From the end of one speaker's turn to the start of the other's; negative is overlap."""
    if manner == "interrupt":
        return rng.randint(*INTERRUPT_MS)
    return round(min(max(drawn(rng, "gap_ms"), GAP_LIMITS_MS[0]), GAP_LIMITS_MS[1]))


def pause_ms(rng: random.Random) -> int:
    """Silence between two stretches of one speaker."""
    return round(drawn(rng, "pause_ms"))


def backchannel_share(rng: random.Random) -> float:
    """Where in the other's turn a back-channel starts, 0 to 1."""
    return drawn(rng, "backchannel_share")


def fit(path: Path) -> dict[str, list[float]]:
    """The table's three rows out of a turns file; the file's words are counted, not kept."""
    dialogues: dict[str, list[tuple[int, int, str, int]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words = len(re.sub(r"\[.*?\]", "", row["text"]).split())
            if row["nature"] == "talk" and words:
                turn = (int(row["start_ms"]), int(row["end_ms"]), row["speaker"], words)
                dialogues.setdefault(row["dialogue"], []).append(turn)
    gaps: list[float] = []
    pauses: list[float] = []
    shares: list[float] = []
    for turns in dialogues.values():
        turns.sort()
        long = [t for t in turns if t[3] > 2]
        gaps += [b[0] - a[1] for a, b in itertools.pairwise(long) if a[2] != b[2]]
        pauses += [b[0] - a[1] for a, b in itertools.pairwise(turns) if a[2] == b[2] and b[0] > a[1]]
        for b in (t for t in turns if t[3] <= 2):
            over = next((a for a in turns if a[2] != b[2] and a[0] < b[0] < a[1] and a[3] > 4), None)
            if over:
                shares.append((b[0] - over[0]) / (over[1] - over[0]))
    return {
        "gap_ms": _quantiles(gaps, 0),
        "pause_ms": _quantiles(pauses, 0),
        "backchannel_share": _quantiles(shares, 2),
    }


def _quantiles(values: Sequence[float], decimals: int) -> list[float]:
    ordered = sorted(values)
    return [round(ordered[min(len(ordered) - 1, int(len(ordered) * p))], decimals) for p in PROBABILITIES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", type=Path, required=True)
    for name, row in fit(parser.parse_args().fit).items():
        print(f"{name}: {row}")


if __name__ == "__main__":
    main()
