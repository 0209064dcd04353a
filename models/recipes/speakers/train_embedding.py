"""Train the speaker embedding: the narrow ResNet names the training speaker out of the frames in which that one speaks.

The loss is additive margin softmax (Wang et al., 2018) over cosine scores. As in the pipeline the network sees whole
chunks with other voices in them, and a mask says which frames count.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import folder
import numpy as np
import torch
import torch.nn.functional as F
from mixtures import Chunks
from numpy.typing import NDArray
from torch import nn
from torchaudio.functional import resample

from data import BUILD, SEED

BATCH = 24
PEAK_RATE = 2e-3
SCALE, MARGIN = 24.0, 0.15
LEAST_FRAMES = 60  # of 10 ms alone, for a speaker to count


def masks_of(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where each speaker [.., slot, step] speaks alone."""
    return active & (active.sum(axis=-2, keepdims=True) == 1)


def pooled(frames: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Mean and deviation over masked frames: [item, feature, frame] and [item, frame] to [item, 2 * feature].

    As pyannote's statistics pooling, with a floor under the deviation so that its gradient stays finite.
    """
    weights = masks[:, None]
    count = weights.sum(dim=2) + 1e-8
    mean = (frames * weights).sum(dim=2) / count
    spread = ((frames - mean[..., None]) ** 2 * weights).sum(dim=2) / (count - 1).clamp(min=1)
    return torch.cat([mean, torch.sqrt(spread + 1e-6)], dim=1)


def embed(core: nn.Module, fbank: torch.Tensor, chunk: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Embeddings [item, 256]: item i is about chunk[i], with masks[i] at 10 ms."""
    frames = core.forward_frames(fbank)
    flat = frames.flatten(1, 2)
    return core.seg_1(pooled(flat[chunk], F.interpolate(masks[:, None], size=flat.shape[2], mode="nearest")[:, 0]))


class Batches:
    """Random batches of features, and the speakers to be named in them."""

    def __init__(self, chunks: Chunks) -> None:
        self.chunks = chunks
        self.model = folder.feature_model()

    def take(self, index: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Features [batch, frame, bin]; for every speaker with enough speech: its chunk, mask [step] and name."""
        index = np.sort(index)
        narrow = torch.from_numpy(self.chunks.samples[index].astype(np.float32) / 32768)
        with torch.no_grad():
            fbank = self.model.compute_fbank(resample(narrow, 8_000, 16_000, lowpass_filter_width=16)[:, None])
        masks, speakers = masks_of(self.chunks.active[index]), self.chunks.speakers[index]
        chunk, slot = np.nonzero((masks.sum(axis=2) >= LEAST_FRAMES) & (speakers >= 0))
        return (
            fbank,
            torch.from_numpy(chunk),
            torch.from_numpy(masks[chunk, slot].astype(np.float32)),
            torch.from_numpy(speakers[chunk, slot].astype(np.int64)),
        )


def train(chunks: Chunks, steps: int, minutes: float, *, report: int = 100) -> tuple[nn.Module, list[float]]:
    """A trained narrow ResNet, and the mean loss of every `report` steps."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng([SEED, 4])
    core = folder.embedding_core().train()
    names = nn.Parameter(torch.randn(int(chunks.speakers.max()) + 1, folder.EMBEDDING_SIZE) * 0.05)
    optimiser = torch.optim.AdamW([*core.parameters(), names], lr=PEAK_RATE, weight_decay=1e-2)
    batches, history, running, right, begun = Batches(chunks), [], [], [], time.monotonic()
    for step in range(steps):
        progress = max(step / steps, (time.monotonic() - begun) / 60 / minutes)
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * folder.learning_rate(progress)
        fbank, chunk, masks, speaker = batches.take(rng.choice(len(chunks.active), BATCH, replace=False))
        cosine = F.normalize(embed(core, fbank, chunk, masks)) @ F.normalize(names).T
        margin = MARGIN * min(1.0, 2 * progress) * F.one_hot(speaker, len(names))
        loss = F.cross_entropy(SCALE * (cosine - margin), speaker)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        running.append(float(loss))
        right.append(float((cosine.argmax(dim=1) == speaker).float().mean()))
        if (step + 1) % report == 0:
            history.append(float(np.mean(running)))
            print(
                f"{step + 1} {time.monotonic() - begun:.0f} s: loss {history[-1]:.3f}, right {np.mean(right):.3f}",
                flush=True,
            )
            running, right = [], []
    return core.eval(), history


def main() -> None:
    """Train and write the model, and the narrow network for `fit_plda.py`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--minutes", type=float, default=20, help="end after that time, whatever the steps")
    parser.add_argument("--out", type=Path, default=BUILD / "folder" / "embedding")
    options = parser.parse_args()
    torch.set_num_threads(1)
    core, _ = train(Chunks.load(BUILD / "chunks"), options.steps, options.minutes)
    folder.save_model(folder.widen(core), options.out)


if __name__ == "__main__":
    main()
