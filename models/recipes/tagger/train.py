"""Trains the bundled tagger from scratch on generated calls of the train split.

python models/recipes/tagger/train.py                 # from scratch; see the README for both steps
python models/recipes/tagger/train.py --miniature --out build/tagger-miniature
"""

from __future__ import annotations

import argparse
import math
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from calibrate import calibrate
from corpus import Corpus, LabelledCall, Variation
from heads import refit
from model import Batcher, Network, Size, build_encoder, loss, read_tokenizer, save, train_tokenizer, warm
from noise import Recogniser

from callinsight.core.text import normal_text
from callinsight.engines.transformers import LEVELS
from callinsight.taxonomy_files import load_rules, load_taxonomy

ROOT = Path(__file__).resolve().parents[3]
SIZE = Size()


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    minutes: float = 24.0
    pool: int = 16000
    held_out: int = 300
    batch: int = 16
    steps: int = 100_000
    rate: float = 2e-3
    most_noise: float = 0.4
    size: Size = SIZE
    seed: int = 20261123


MINIATURE = Plan(0.4, 200, 40, 8, 40, 2e-3, 0.2, Size(1500, 48, 2, 2, 96))


def label_names(calls: list[LabelledCall]) -> dict[str, list[str]]:
    """Every label that occurs, sorted."""
    names: dict[str, set[str]] = {level: set() for level in LEVELS}
    for call in calls:
        names["outcomes"].add(call.outcome)
        for turn in call.turns:
            for level in ("topics", "facets", "needs", "signals"):
                names[level] |= getattr(turn, level)
    return {level: sorted(found) for level, found in names.items()}


def draw_calls(corpus: Corpus, plan: Plan) -> tuple[list[LabelledCall], list[LabelledCall]]:
    """The pool to train on, and calls with wording kept from it to calibrate on."""
    rng = random.Random(plan.seed)
    pool = [corpus.draw(rng, "train", Variation()) for _ in range(plan.pool)]
    apart = Variation(questions=1.0, needs=1.0, agent=1.0, held_out=True)
    held = [corpus.draw(rng, "train", apart) for _ in range(plan.held_out)]
    return pool, held


def vocabulary(corpus: Corpus, pool: list[LabelledCall]) -> list[str]:
    """Texts that the tokenizer learns from: the calls, and the taxonomy's own words."""
    texts = [turn.text for call in pool for turn in call.turns]
    taxonomy = corpus.taxonomy
    for topic in taxonomy.topics.values():
        texts += [normal_text(s) for s in (topic.label, *topic.cues, *(own.label for own in topic.specific))] * 3
    for entries in corpus.sayings.values():
        texts += [normal_text(re.sub(r"\{\w\}", " ", s)) for said in entries.values() for s in said]
    return texts


def misheard(rng: random.Random, texts: list[str], ear: Recogniser, plan: Plan) -> list[str]:
    """The texts, and half of them once more as they are recognised: a tokenizer must know pieces of garbled words."""
    return texts + [ear.mishear(rng, text, plan.most_noise) for text in texts[::2]]


def learning_rate(share: float, plan: Plan) -> float:
    """Warm-up over the first 3 %, then half a cosine down to a fiftieth."""
    if share < 0.03:
        return plan.rate * max(share / 0.03, 0.02)
    return plan.rate * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))


def thinned(rng: random.Random, call: LabelledCall) -> LabelledCall:
    """The call without a third of the turns that carry nothing: they teach little and cost as much."""
    kept = tuple(turn for turn in call.turns if turn.topics or turn.needs or turn.signals or rng.random() < 0.67)
    return replace(call, turns=kept or call.turns)


def batches(rng: random.Random, pool: list[LabelledCall], size: int) -> Iterator[list[LabelledCall]]:
    """Batches of calls of like length, without end."""
    while True:
        some = sorted(rng.choices(pool, k=16 * size), key=lambda call: sum(len(turn.text) for turn in call.turns))
        starts = list(range(0, len(some), size))
        rng.shuffle(starts)
        yield from (some[at : at + size] for at in starts)


def fit(network: Network, batcher: Batcher, pool: list[LabelledCall], ear: Recogniser, plan: Plan) -> list[float]:
    """Trains until the time or the steps are up; gives the loss of every step."""
    rng = random.Random(plan.seed + 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01, betas=(0.9, 0.98))
    started, losses = time.monotonic(), []
    drawn = batches(rng, pool, plan.batch)
    network.train()
    for step in range(plan.steps):
        share = max((time.monotonic() - started) / 60.0 / plan.minutes, step / plan.steps)
        if share >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(share, plan)
        batch = batcher.make(
            [ear.hear(rng, thinned(rng, call), rng.random() * plan.most_noise) for call in next(drawn)]
        )
        value = loss(network(batch), batch)
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        losses.append(value.item())
        if step % 50 == 0:
            print(f"step {step} {100 * share:.0f} % loss {np.mean(losses[-50:]):.3f}", flush=True)
    network.eval()
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "demo" / "tagger")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--start", type=Path, help="a tagger of an earlier run to go on from")
    parser.add_argument("--heads", action="store_true", help="train the heads alone on the encoder of --start")
    parser.add_argument("--calls", type=int, help="how many calls to draw")
    parser.add_argument("--seed", type=int, default=Plan().seed, help="another one draws other calls")
    parser.add_argument("--miniature", action="store_true")
    parser.add_argument("--calibrate", action="store_true", help="only choose thresholds again for the model in --out")
    options = parser.parse_args()
    plan = replace(MINIATURE if options.miniature else Plan(), seed=options.seed)
    if options.minutes:
        plan = replace(plan, minutes=options.minutes)
    if options.calls:
        plan = replace(plan, pool=options.calls)
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    taxonomy = load_taxonomy(ROOT / "models" / "taxonomy")
    rules = load_rules(ROOT / "models" / "taxonomy", taxonomy)
    corpus = Corpus(taxonomy)
    pool, held = draw_calls(corpus, plan)
    texts = vocabulary(corpus, pool)
    ear = Recogniser([word for text in texts for word in text.split()])
    if options.calibrate:
        calibrate(options.out, held, ear, taxonomy, rules, plan.seed + 2)
        return
    names = label_names(pool)
    heard = misheard(random.Random(plan.seed + 3), texts, ear, plan)
    tokenizer = read_tokenizer(options.start) if options.start else train_tokenizer(heard, plan.size)
    network = Network(build_encoder(len(tokenizer), plan.size), names)
    if options.start:
        warm(network, options.start, names)
        plan = replace(plan, rate=plan.rate / 2, seed=plan.seed + 10)
    weights = sum(p.numel() for p in network.parameters())
    print(f"{len(pool)} calls, {len(tokenizer)} tokens, {weights} weights, labels "
          + ", ".join(f"{len(found)} {level}" for level, found in names.items()), flush=True)  # fmt: skip
    batcher = Batcher(tokenizer, names)
    losses = refit(network, batcher, pool, ear, plan.seed) if options.heads else fit(network, batcher, pool, ear, plan)
    tenth = max(1, len(losses) // 10)
    names["signals"] = []  # the rules hear them better in wording they have not met; learning them helps the encoder
    network.heads["signals"] = torch.nn.Linear(3 * plan.size.width, 0)
    print(f"loss from {np.mean(losses[:tenth]):.4f} to {np.mean(losses[-tenth:]):.4f} in {len(losses)} steps")
    levels = {level: {"names": found, "default_threshold": 0.5, "thresholds": {}} for level, found in names.items()}
    save(options.out, network, tokenizer, levels, taxonomy.version)
    calibrate(options.out, held, ear, taxonomy, rules, plan.seed + 2)


if __name__ == "__main__":
    main()
