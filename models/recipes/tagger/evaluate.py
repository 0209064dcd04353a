"""Measures a tagger on generated calls of the test split, beside two baselines, and prints one table.

    python models/recipes/tagger/evaluate.py [--model models/demo/tagger] [--calls 500] [--json FILE]

Test calls use sentences for questions, needs and signals that no training call may use. "noise" means that about one
word in seven is misheard as ``noise.py`` does it.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from as_turns import turns_of
from baselines import CueBaseline, SvmBaseline
from corpus import NO_VARIATION, Corpus, LabelledCall, Variation, facet_label
from noise import Recogniser

from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import Severity, Tags
from callinsight.engines.transformers import load
from callinsight.taxonomy_files import load_rules, load_taxonomy

ROOT = Path(__file__).resolve().parents[3]
SEED = 4242
NOISE = 0.15
EAR_CALLS = 200
"""Test calls whose words are confused with each other where no others are given."""
Sets = list[set[str]]


def f1_macro(truth: Sets, found: Sets) -> float:
    """Mean F1 over the labels that occur in the truth or are found."""
    labels = set().union(*truth)
    return float(np.mean([f1_micro([t & {one} for t in truth], [f & {one} for f in found]) for one in sorted(labels)]))


def counts(truth: Sets, found: Sets) -> tuple[int, int, int]:
    """Hits, false alarms and misses."""
    hits = sum(len(t & f) for t, f in zip(truth, found, strict=True))
    return hits, sum(map(len, found)) - hits, sum(map(len, truth)) - hits


def f1_micro(truth: Sets, found: Sets) -> float:
    hits, extra, missed = counts(truth, found)
    return 2 * hits / max(1, 2 * hits + extra + missed)


def precision_recall(truth: Sets, found: Sets) -> tuple[float, float]:
    """1.0 where there is nothing to find or nothing found."""
    hits, extra, missed = counts(truth, found)
    return (hits / (hits + extra) if hits + extra else 1.0), (hits / (hits + missed) if hits + missed else 1.0)


def truths(calls: Sequence[LabelledCall], taxonomy: Taxonomy) -> dict[str, Sets]:
    """What each call truly holds, per level."""
    return {
        "topics": [{q.topic for q in call.questions} for call in calls],
        "facets": [{facet_label(taxonomy, q.topic, q.facet) for q in call.questions if q.facet} for call in calls],
        "needs": [{need for q in call.questions for need in q.needs} for call in calls],
        "outcome": [{call.outcome} for call in calls],
        "signals": [{signal.kind for signal in call.signals} for call in calls],
    }


def tagged(tags: Iterable[Tags], taxonomy: Taxonomy) -> dict[str, Sets]:
    """What a tagger found, per level; ``unknown`` is no topic."""
    found: dict[str, Sets] = {level: [] for level in ("topics", "facets", "needs", "outcome", "signals")}
    for one in tags:
        known = [q for q in one.questions if q.topic in taxonomy.topics]
        found["topics"].append({q.topic for q in known})
        found["facets"].append({facet_label(taxonomy, q.topic, q.facet) for q in known if q.facet})
        found["needs"].append({need.kind for q in one.questions for need in q.needs})
        found["outcome"].append({one.outcome.kind})
        found["signals"].append({flag.kind for flag in one.flags})
    return found


def figures(truth: dict[str, Sets], found: dict[str, Sets], taxonomy: Taxonomy) -> dict[str, float]:
    """The figures that every system can be asked for."""
    shown = {
        "topic_f1_macro": f1_macro(truth["topics"], found["topics"]),
        "facet_f1_macro": f1_macro(truth["facets"], found["facets"]),
        "facet_f1_micro": f1_micro(truth["facets"], found["facets"]),
        "need_f1_micro": f1_micro(truth["needs"], found["needs"]),
        "outcome_accuracy": f1_micro(truth["outcome"], found["outcome"]),
    }
    urgent = {k.id for k in taxonomy.signals.values() if k.severity in (Severity.IMMEDIATE, Severity.SAME_DAY)}
    for name, kinds in (("multi_problem", {"multi-problem"}), ("urgent", urgent)):
        pair = precision_recall([t & kinds for t in truth["signals"]], [f & kinds for f in found["signals"]])
        shown[f"{name}_precision"], shown[f"{name}_recall"] = pair
    quiet = [f for t, f in zip(truth["topics"], found["topics"], strict=True) if not t]
    shown["no_topic_recognised"] = float(np.mean([not f for f in quiet])) if quiet else float("nan")
    return shown


def evidence_share(calls: Sequence[LabelledCall], tags: Sequence[Tags]) -> float:
    """Of the topics rightly found, how many show at least one turn that truly carries the question."""
    right = total = 0
    for call, one in zip(calls, tags, strict=True):
        sources = turns_of(call)[1]
        for question in one.questions:
            lines = {line for q in call.questions if q.topic == question.topic for line in q.evidence}
            if lines:
                total += 1
                right += bool(lines & {line for turn in question.evidence for line in sources[turn].lines})
    return right / max(1, total)


def calibration_error(calls: Sequence[LabelledCall], tags: Sequence[Tags], taxonomy: Taxonomy) -> float:
    """Expected calibration error of the topics' scores, over ten bins."""
    scores, hits = [], []
    for call, one in zip(calls, tags, strict=True):
        true = {q.topic for q in call.questions}
        for question in one.questions:
            if question.topic in taxonomy.topics:
                scores.append(question.score)
                hits.append(question.topic in true)
    bins = np.minimum((np.array(scores) * 10).astype(int), 9)
    gaps = [abs(np.mean(np.array(hits)[bins == b]) - np.mean(np.array(scores)[bins == b])) * np.mean(bins == b)
            for b in set(bins.tolist())]  # fmt: skip
    return float(sum(gaps))


def signal_table(truth: Sets, found: Sets) -> str:
    kinds = Counter(kind for one in (*truth, *found) for kind in one)
    lines = ["", f"{'signal':28}{'true':>6}{'precision':>11}{'recall':>8}"]
    for kind in sorted(kinds):
        precision, recall = precision_recall([t & {kind} for t in truth], [f & {kind} for f in found])
        lines.append(f"{kind:28}{sum(kind in t for t in truth):6}{precision:11.2f}{recall:8.2f}")
    return "\n".join(lines)


def ear_of(calls: Sequence[LabelledCall]) -> Recogniser:
    """Mishears words as others of ``calls``."""
    return Recogniser([word for call in calls for turn in call.turns for word in turn.text.split()])


def trained_svm(corpus: Corpus, calls: int, ear: Recogniser | None = None) -> SvmBaseline:
    """The machines, taught on ``calls`` misheard calls of the train split."""
    if ear is None:
        rng = random.Random(SEED)
        ear = ear_of([corpus.draw(rng, "test", NO_VARIATION) for _ in range(EAR_CALLS)])
    draw = random.Random(SEED + 1)
    train = [corpus.draw(draw, "train", Variation()) for _ in range(calls)]
    heard = [ear.hear(draw, call, draw.random() * 0.3, roles=0.0) for call in train]
    return SvmBaseline(heard, truths(heard, corpus.taxonomy))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "demo" / "tagger")
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--baseline-calls", type=int, default=3000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    taxonomy = load_taxonomy(ROOT / "models" / "taxonomy")
    corpus = Corpus(taxonomy)
    rng = random.Random(SEED)
    clean = [corpus.draw(rng, "test", NO_VARIATION) for _ in range(options.calls)]
    ear = ear_of(clean)
    noisy = [ear.hear(rng, call, NOISE, roles=0.0) for call in clean]
    tagger = load(options.model, taxonomy, load_rules(ROOT / "models" / "taxonomy", taxonomy))
    systems: dict[str, Callable[[Sequence[LabelledCall]], dict[str, Sets]]] = {"cues": CueBaseline(taxonomy).find}
    if options.baseline_calls:
        systems["svm"] = trained_svm(corpus, options.baseline_calls, ear).find
    rows: dict[str, dict[str, float]] = {}
    for condition, calls in (("clean", clean), ("noise", noisy)):
        truth = truths(calls, taxonomy)
        started = time.perf_counter()
        tags = tagger.tag([turns_of(call)[0] for call in calls])
        taken = 1000 * (time.perf_counter() - started) / len(calls)
        found = tagged(tags, taxonomy)
        rows[f"tagger/{condition}"] = figures(truth, found, taxonomy) | {
            "evidence_right": evidence_share(calls, tags),
            "calibration_error": calibration_error(calls, tags, taxonomy),
            "ms_per_call": taken,
        }
        for name, find in systems.items():
            rows[f"{name}/{condition}"] = figures(truth, find(calls), taxonomy)
        table = signal_table(truth["signals"], found["signals"])
    keys = list(rows["tagger/clean"])
    print(f"{'':22}" + "".join(f"{name:>14}" for name in rows))
    for key in keys:
        print(f"{key:22}" + "".join(f"{row.get(key, float('nan')):14.3f}" for row in rows.values()))
    print(table)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
