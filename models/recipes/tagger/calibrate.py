"""Chooses the tagger's temperatures and thresholds on calls whose wording it has not seen, and writes them in place."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
from as_turns import turns_of
from corpus import LabelledCall
from noise import Recogniser
from safetensors.numpy import load_file, save_file

from callinsight.core.signals import SignalRules
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import Role
from callinsight.engines.transformers import HEADS_FILE, LABELS_FILE, load

GRID = np.round(np.arange(0.05, 0.96, 0.05), 2)
LEVELS = ("topics", "facets", "needs")
LEAST = 6
"""A label needs this many examples for a threshold of its own."""


def _call_level(level: str, scores: np.ndarray, call: LabelledCall, names: list[str], roles: tuple[Role, ...], kept):
    """Best score per label over the turns that may carry it, and whether the call truly has it."""
    rows = [i for i, turn in enumerate(kept) if Role(turn.role) in roles]
    best = scores[rows].max(axis=0) if rows else np.zeros(len(names), np.float32)
    truth = {name for turn in call.turns for name in getattr(turn, level)}
    return best, np.array([name in truth for name in names])


def _f1(hit: np.ndarray, truth: np.ndarray) -> float:
    both = float((hit & truth).sum())
    return 2 * both / max(1.0, float(hit.sum() + truth.sum()))


def _temperature(best: np.ndarray, truth: np.ndarray) -> float:
    """The temperature under which the scores' cross-entropy is least."""
    logit = np.log(np.clip(best, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(best, 1e-6, 1 - 1e-6))
    grid = np.exp(np.linspace(-1.0, 1.2, 45))

    def entropy(t: float) -> float:
        p = np.clip(1 / (1 + np.exp(-logit / t)), 1e-6, 1 - 1e-6)
        return float(-(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean())

    return float(min(grid, key=entropy))


def calibrate(
    folder: Path, held: list[LabelledCall], ear: Recogniser, taxonomy: Taxonomy, rules: SignalRules, seed: int
) -> None:
    """Scales the heads by a temperature per level, then sets a threshold per level and, where data allow, per label."""
    rng = random.Random(seed)
    heard = [ear.hear(rng, call, rng.random() * 0.25, roles=0.0) for call in held]
    spec = json.loads((folder / LABELS_FILE).read_text(encoding="utf-8"))
    heads = load_file(folder / HEADS_FILE)
    tagger = load(folder, taxonomy, rules)
    for level in LEVELS:
        best, truth = gather(tagger, level, heard, spec["levels"][level]["names"])
        temperature = _temperature(best, truth)
        for part in ("weight", "bias"):
            heads[f"{level}.{part}"] = (heads[f"{level}.{part}"].astype(np.float32) / temperature).astype(np.float16)
        print(f"{level}: temperature {temperature:.2f}")
    save_file(heads, folder / HEADS_FILE)
    tagger = load(folder, taxonomy, rules)
    for level in LEVELS:
        names = spec["levels"][level]["names"]
        best, truth = gather(tagger, level, heard, names)
        overall = max(GRID, key=lambda t: _f1(best >= t, truth))
        own = {}
        for column, name in enumerate(names):
            if truth[:, column].sum() >= LEAST:
                # A label's own threshold is drawn half-way to the level's, because it rests on few calls.
                mine = max(
                    GRID, key=lambda t: (round(_f1(best[:, column] >= t, truth[:, column]), 3), -abs(t - overall))
                )
                own[name] = round(float((mine + overall) / 2), 3)
        spec["levels"][level].update(default_threshold=float(overall), thresholds=own)
        print(f"{level}: threshold {overall:.2f}, held-out F1 {_f1(best >= overall, truth):.3f}")
    spec["levels"]["outcomes"]["default_threshold"] = 0.3
    (folder / LABELS_FILE).write_text(json.dumps(spec, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def gather(tagger, level: str, calls: list[LabelledCall], names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Best scores and truth of a level, ``[call, label]``. Facets are looked at in the turns that ask something."""
    roles = (Role.CALLER, Role.UNKNOWN)
    kept = [turns_of(call) for call in calls]
    rows, truths = [], []
    for call, (turns, source), scores in zip(calls, kept, tagger.scores([t for t, _ in kept]), strict=True):
        if level == "facets":
            asking = [i for i, s in enumerate(source) if s.topics]
            rows += [getattr(scores, level)[i] for i in asking]
            truths += [np.array([name in source[i].facets for name in names]) for i in asking]
            continue
        best, truth = _call_level(level, getattr(scores, level), call, names, roles, turns)
        rows.append(best)
        truths.append(truth)
    return np.stack(rows), np.stack(truths)
