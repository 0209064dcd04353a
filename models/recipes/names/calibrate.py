"""Chooses the threshold of the spotter: how likely a word must be a name, on people and sentences kept from training.

A missed name harms somebody, a mask too many only costs a word: of all thresholds that keep the precision of words at
``LEAST_PRECISION`` the one with the best recall is taken, and none above one half.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from writing import NAME, OPEN, Line

from callinsight.core.values import Role, Span, Turn, Word
from callinsight.engines.names import load

LEAST_PRECISION = 0.95
STEPS = tuple(round(0.02 * step, 2) for step in range(2, 26))


def turns_of(lines: Sequence[Line]) -> tuple[Turn, ...]:
    """A labelled call as turns with words of 300 ms."""
    roles = {"agent": Role.AGENT, "caller": Role.CALLER, "system": Role.SYSTEM}
    turns, at_ms = [], 0
    for line in lines:
        words = tuple(Word(Span(at_ms + 300 * n, at_ms + 300 * n + 300), w.text, 1.0) for n, w in enumerate(line.words))
        at_ms += 300 * len(words)
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), roles[line.role], words))
    return tuple(turns)


def scored(folder: Path, calls: Sequence[Sequence[Line]]) -> tuple[np.ndarray, np.ndarray]:
    """Score and label of every word that is judged."""
    scores = load(folder).scores([turns_of(lines) for lines in calls])
    pairs = [
        (score, word.label)
        for lines, turns in zip(calls, scores, strict=True)
        for line, words in zip(lines, turns, strict=True)
        for word, score in zip(line.words, words, strict=True)
        if word.label != OPEN
    ]
    return np.array([score for score, _ in pairs]), np.array([label == NAME for _, label in pairs])


def measures(scores: np.ndarray, names: np.ndarray, threshold: float) -> tuple[float, float]:
    """Recall and precision of words."""
    found = scores >= threshold
    right = int((found & names).sum())
    return right / max(1, int(names.sum())), right / max(1, int(found.sum()))


def calibrate(folder: Path, calls: Sequence[Sequence[Line]]) -> float:
    """Write ``name_threshold`` into the model's ``config.json``; give it back."""
    scores, names = scored(folder, calls)
    chosen = 0.5
    for threshold in reversed(STEPS):
        recall, precision = measures(scores, names, threshold)
        print(f"threshold {threshold:.2f} recall {recall:.4f} precision {precision:.4f}")
        if precision >= LEAST_PRECISION:
            chosen = threshold
    config = folder / "config.json"
    content = json.loads(config.read_text(encoding="utf-8"))
    content["name_threshold"] = chosen
    config.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"threshold {chosen}")
    return chosen
