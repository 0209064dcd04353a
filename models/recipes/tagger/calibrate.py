"""Chooses the tagger's temperatures, doubts and thresholds on calls whose wording it has not seen."""

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
from callinsight.core.tagging import shares
from callinsight.core.taxonomy import Taxonomy
from callinsight.engines.transformers import HEADS_FILE, LABELS_FILE, load

LEVELS = ("topics", "facets", "needs")
GRID = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
DOUBTS = (0.003, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3)
MOST_NOISE = 0.2


def _f1(hit: np.ndarray, truth: np.ndarray) -> float:
    both = float((hit & truth).sum())
    return 2 * both / max(1.0, float(hit.sum() + truth.sum()))


def _temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    """The temperature under which the scores' cross-entropy is least."""
    p = np.clip(scores, 1e-6, 1 - 1e-6)
    logit = np.log(p) - np.log1p(-p)

    def entropy(t: float) -> float:
        p = np.clip(1 / (1 + np.exp(-logit / t)), 1e-6, 1 - 1e-6)
        return float(-(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean())

    return float(min(np.exp(np.linspace(-1.0, 1.2, 23)), key=entropy))


def _gather(scored, heard: list[LabelledCall], level: str, names: list[str], taxonomy: Taxonomy):
    """Scores and truth of every caller's turn, and the call of each. For facets: of the turns that ask something, with
    sub-questions that their topic cannot have at nothing."""
    rows, truths, calls = [], [], []
    for number, (call, scores) in enumerate(zip(heard, scored, strict=True)):
        for at, turn in enumerate(turns_of(call)[1]):
            if turn.role not in ("caller", "unknown") or (level == "facets" and not turn.topics):
                continue
            if level == "needs" and not turn.needs_judged:
                continue
            row = np.array(getattr(scores, level)[at])[: len(names)]  # labels that the heads lack come after theirs
            if level == "facets":
                allowed = {f for topic in turn.topics for f in _facets(taxonomy, topic)}
                row[[name not in allowed for name in names]] = 0.0
            rows.append(row)
            truths.append([name in getattr(turn, level) for name in names])
            calls.append(number)
    return np.stack(rows), np.array(truths), np.array(calls)


def _facets(taxonomy: Taxonomy, topic: str) -> set[str]:
    known = taxonomy.topics[topic]
    return {*known.facets, *(f"{topic}/{own.id}" for own in known.specific)}


def _per_call(rows: np.ndarray, calls: np.ndarray, count: int) -> np.ndarray:
    best = np.zeros((count, rows.shape[1]), dtype=rows.dtype)
    np.maximum.at(best, calls, rows)
    return best


def calibrate(
    folder: Path, held: list[LabelledCall], ear: Recogniser, taxonomy: Taxonomy, rules: SignalRules, seed: int
) -> None:
    """Scales the heads by a temperature per level, then picks the doubt and threshold with the best F1 per call."""
    rng = random.Random(seed)
    heard = [ear.hear(rng, call, rng.random() * MOST_NOISE, roles=0.0) for call in held]
    spec = json.loads((folder / LABELS_FILE).read_text(encoding="utf-8"))
    heads = load_file(folder / HEADS_FILE)
    scored = load(folder, taxonomy, rules).scores([turns_of(call)[0] for call in heard])
    for level in LEVELS:
        names = spec["levels"][level]["names"]
        rows, truth, calls = _gather(scored, heard, level, names, taxonomy)
        temperature = _temperature(rows, truth)
        for part in ("weight", "bias"):
            heads[f"{level}.{part}"] = (heads[f"{level}.{part}"].astype(np.float32) / temperature).astype(np.float16)
        p = np.clip(rows, 1e-6, 1 - 1e-6)
        rows = (1 / (1 + ((1 - p) / p) ** (1 / temperature))).astype(np.float32)
        true_calls = _per_call(truth, calls, len(heard))
        found = []
        for doubt in DOUBTS:
            best = _per_call(shares(rows, doubt), calls, len(heard))
            found += [(_f1(best >= threshold, true_calls), doubt, threshold) for threshold in GRID]
        score, doubt, threshold = max(found)
        spec["levels"][level].update(default_threshold=threshold, doubt=doubt, thresholds={})
        print(f"{level}: temperature {temperature:.2f}, doubt {doubt}, threshold {threshold}, held-out F1 {score:.3f}")
    spec["levels"]["outcomes"]["default_threshold"] = 0.3
    save_file(heads, folder / HEADS_FILE)
    (folder / LABELS_FILE).write_text(json.dumps(spec, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
