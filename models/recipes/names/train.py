"""Trains the bundled spotter of names from scratch on generated calls of the train split.

python models/recipes/names/train.py                 # see the README
python models/recipes/names/train.py --miniature --out build/names-miniature
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from calibrate import calibrate
from people import People
from sentences import DICTIONARY, Mixture, Sentences
from spotter import Cutter, Size, batches, build, save, train_tokenizer
from transformers import BertForTokenClassification, PreTrainedTokenizerFast
from writing import Line

ROOT = Path(__file__).resolve().parents[3]
SIZE = Size()


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what. ``tokens`` is the size of a batch."""

    minutes: float = 25.0
    calls: int = 100_000
    held: int = 1500
    tokens: int = 4096
    steps: int = 100_000
    rate: float = 2.5e-3
    size: Size = SIZE
    seed: int = 20261125


MINIATURE = Plan(0.12, 500, 60, 1500, 60, 4e-3, Size(1200, 48, 2, 2, 96))


def draw(split: str, count: int, seed: int) -> list[tuple[Line, ...]]:
    """Labelled calls of a split, with people of that split."""
    rng = random.Random(f"{seed}-{split}")
    sentences = Sentences(Mixture(split), People(split))
    return [sentences.draw(rng) for _ in range(count)]


def learning_rate(share: float, plan: Plan) -> float:
    """Warm-up over the first 3 %, then half a cosine down to a hundredth."""
    if share < 0.03:
        return plan.rate * max(share / 0.03, 0.02)
    return plan.rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))


def fit(
    network: BertForTokenClassification,
    rows: Sequence[tuple[np.ndarray, np.ndarray]],
    tokenizer: PreTrainedTokenizerFast,
    plan: Plan,
) -> list[float]:
    """Trains until the time or the steps are up; gives the loss of every step."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=0.01, betas=(0.9, 0.98))
    started, losses = time.monotonic(), []
    drawn = batches(random.Random(plan.seed + 1), rows, tokenizer.cls_token_id, tokenizer.mask_token_id, plan.tokens)
    network.train()
    for step in range(plan.steps):
        share = max((time.monotonic() - started) / 60.0 / plan.minutes, step / plan.steps)
        if share >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(share, plan)
        ids, mask, labels = next(drawn)
        logits = network(input_ids=ids, attention_mask=mask).logits
        value = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        losses.append(value.item())
        if step % 50 == 0:
            print(f"step {step} {100 * share:.0f} % loss {np.mean(losses[-50:]):.4f}", flush=True)
    network.eval()
    return losses


def prepared(plan: Plan, start: Path | None) -> tuple[PreTrainedTokenizerFast, list[tuple[np.ndarray, np.ndarray]]]:
    """The tokenizer and all calls as rows of tokens, made once."""
    began = time.monotonic()
    calls = draw("train", plan.calls, plan.seed)
    if start:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(str(start), local_files_only=True)
    else:
        texts = [" ".join(word.text for word in line.words) for lines in calls[:20_000] for line in lines]
        tokenizer = train_tokenizer(texts, plan.size)
    rows = Cutter(tokenizer).rows(calls)
    print(f"{len(rows)} calls, {sum(len(ids) for ids, _ in rows)} tokens, {len(tokenizer)} pieces, "
          f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
    return tokenizer, rows


def main() -> None:
    """Draw, train, choose the threshold, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "demo" / "names")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--calls", type=int, help="how many calls to draw")
    parser.add_argument("--start", type=Path, help="a model of an earlier run to go on from, on other calls")
    parser.add_argument("--miniature", action="store_true")
    parser.add_argument(
        "--calibrate", action="store_true", help="only choose the threshold again for the model in --out"
    )
    options = parser.parse_args()
    plan = MINIATURE if options.miniature else Plan()
    plan = replace(plan, minutes=options.minutes or plan.minutes, calls=options.calls or plan.calls)
    if not options.miniature and not DICTIONARY.is_file():
        parser.error("the dictionary is not there: apt-get install wdutch")
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    if not options.calibrate:
        if options.start:
            plan = replace(plan, rate=plan.rate / 2, seed=plan.seed + 10)
        tokenizer, rows = prepared(plan, options.start)
        network = build(len(tokenizer), plan.size)
        if options.start:
            network = BertForTokenClassification.from_pretrained(
                str(options.start), local_files_only=True, dtype=torch.float32
            )
        print(f"{sum(p.numel() for p in network.parameters())} weights", flush=True)
        losses = fit(network, rows, tokenizer, plan)
        tenth = max(1, len(losses) // 10)
        print(f"loss from {np.mean(losses[:tenth]):.4f} to {np.mean(losses[-tenth:]):.4f} in {len(losses)} steps")
        save(options.out, network, tokenizer)
    calibrate(options.out, draw("held", plan.held, plan.seed + 2))


if __name__ == "__main__":
    main()
