"""Trains the heads alone on a frozen encoder: cheap, and enough for new labels and new wording."""

from __future__ import annotations

import random

import torch
from corpus import LabelledCall
from model import OPEN, Batcher, Network
from noise import Recogniser
from torch import nn

LEVELS = ("topics", "facets", "needs")
EPOCHS = 24
ROWS = 2048
IDLE_KEPT = 0.5
"""Share of the turns that carry nothing that is kept."""


def refit(
    network: Network, batcher: Batcher, pool: list[LabelledCall], ear: Recogniser, seed: int, most_noise: float = 0.25
) -> list[float]:
    """Fits topics, facets and needs on the features of every caller's turn; gives the loss of every epoch."""
    rng = random.Random(seed)
    network.eval()
    rows, targets = [], []
    pool = sorted(pool, key=lambda call: sum(len(turn.text) for turn in call.turns))
    with torch.inference_mode():
        for at in range(0, len(pool), 32):
            batch = batcher.make([ear.hear(rng, call, rng.random() * most_noise) for call in pool[at : at + 32]])
            target = torch.cat([batch.targets[level] for level in LEVELS], dim=1)
            idle = (target <= 0).all(1)
            kept = batch.caller & (~idle | (torch.rand(len(idle)) < IDLE_KEPT))
            rows.append(network.features(batch)[kept])
            targets.append(target[kept])
    features, wanted = torch.cat(rows).clone(), torch.cat(targets).clone()
    print(f"{len(features)} turns", flush=True)
    return _fit(network, features, wanted)


def _fit(network: Network, features: torch.Tensor, wanted: torch.Tensor) -> list[float]:
    heads = [network.heads[level] for level in LEVELS]
    optimiser = torch.optim.AdamW([p for head in heads for p in head.parameters()], lr=0.01, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    losses = []
    for epoch in range(EPOCHS):
        total = 0.0
        for some in torch.randperm(len(features)).split(ROWS):
            inputs = nn.functional.dropout(features[some], 0.15)
            logits = torch.cat([head(inputs) for head in heads], dim=1)
            target = wanted[some]
            each = nn.functional.binary_cross_entropy_with_logits(logits, target.clamp(min=0.0), reduction="none")
            value = (each * (target > OPEN / 2)).sum() / len(target)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            total += value.item() * len(some) / len(features)
        schedule.step()
        losses.append(total)
        print(f"epoch {epoch} loss {total:.4f}", flush=True)
    return losses
