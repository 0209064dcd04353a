"""Train the segmentation network: who of at most three speakers speaks when, within five seconds.

The loss is that of pyannote.audio's powerset training (Plaquet and Bredin, 2023): cross-entropy over the sets of at
most two speakers, for the assignment of output slots to speakers that fits best. Two more losses make it learn within
an hour of one processor core: the same cross-entropy with the speakers in the order in which they first speak, and
naming the training speaker where one speaks alone (that output is thrown away). The band-pass filters are fixed, so
what comes out of them is computed once and kept.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import folder
import numpy as np
import torch
import torch.nn.functional as F
from mixtures import Chunks
from numpy.typing import NDArray
from pyannote.audio import Model
from pyannote.audio.utils.powerset import Powerset
from torch import nn
from torchaudio.functional import resample

from data import BUILD, SEED

BATCH = 16
PEAK_RATE = 2e-3
NAMING_WEIGHT, NAMING_SCALE, NAMING_EVERY = 0.3, 16.0, 6


def frame_centres(model: nn.Module, frames: int) -> NDArray[np.int64]:
    """The 10 ms step in which each output frame has its middle."""
    field = model.receptive_field
    middles = field.start + field.duration / 2 + np.arange(frames) * field.step
    return np.clip((middles * 100).astype(np.int64), 0, folder.CHUNK_MS // 10 - 1)


def filtered(model: nn.Module, samples: NDArray[np.int16]) -> torch.Tensor:
    """The fixed first layer: int16 [chunk, sample] at 8 kHz to [chunk, filter, step]."""
    narrow = torch.from_numpy(samples.astype(np.float32) / 32768)
    waveforms = resample(narrow, 8_000, 16_000, lowpass_filter_width=16)[:, None]
    with torch.no_grad():
        return model.sincnet.pool1d[0](torch.abs(model.sincnet.conv1d[0](model.sincnet.wav_norm1d(waveforms))))


def features(model: nn.Module, bands: torch.Tensor) -> torch.Tensor:
    """From `filtered` to the output of the recurrent layers, [batch, frame, feature]."""
    net = model.sincnet
    outputs = F.leaky_relu(net.norm1d[0](bands))
    for layer in (1, 2):
        outputs = F.leaky_relu(net.norm1d[layer](net.pool1d[layer](net.conv1d[layer](outputs))))
    return model.lstm(outputs.transpose(1, 2))[0]


def scores(model: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """Log probability of every set of speakers, [batch, frame, set], as the model's own forward pass gives it."""
    for linear in model.linear:
        hidden = F.leaky_relu(linear(hidden))
    return model.activation(model.classifier(hidden))


class BestAssignment(nn.Module):
    """Mean cross-entropy, for each chunk under the best order of its speakers."""

    def __init__(self) -> None:
        super().__init__()
        self.powerset = Powerset(folder.LOCAL_SPEAKERS, folder.SIMULTANEOUS_SPEAKERS)
        self.orders = list(itertools.permutations(range(folder.LOCAL_SPEAKERS)))

    def forward(self, log_probabilities: torch.Tensor, active: torch.Tensor) -> torch.Tensor:
        """From [batch, frame, set] and [batch, frame, speaker] to a scalar."""
        losses = [self.in_order(log_probabilities, active, order) for order in self.orders]
        return torch.stack(losses).min(dim=0).values.mean()

    def in_order(self, log_probabilities: torch.Tensor, active: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
        """The same for one order of the speakers, as [batch]."""
        target = self.powerset.to_powerset(active[..., list(order)].float()).argmax(dim=-1)
        return F.nll_loss(log_probabilities.transpose(1, 2), target, reduction="none").mean(dim=1)


def by_first_word(active: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The order [chunk, slot] in which the speakers of [chunk, slot, frame] begin; who is silent comes last."""
    begin = np.where(active.any(axis=2), active.argmax(axis=2), active.shape[2])
    return np.argsort(begin, axis=1, kind="stable")


class Naming(nn.Module):
    """Cross-entropy of naming the training speaker by cosine, at some of the frames in which one speaks alone."""

    def __init__(self, size: int, speakers: int) -> None:
        super().__init__()
        self.names = nn.Parameter(torch.randn(speakers, size) * 0.1)
        self.project = nn.Linear(size, size)

    def forward(self, hidden: torch.Tensor, names: torch.Tensor, offset: int) -> torch.Tensor:
        """From [batch, frame, feature] and [batch, frame] to a scalar."""
        hidden, names = hidden[:, offset::NAMING_EVERY].flatten(0, 1), names[:, offset::NAMING_EVERY].flatten()
        some = names >= 0
        cosine = F.normalize(self.project(hidden[some])) @ F.normalize(self.names).T
        return F.cross_entropy(NAMING_SCALE * cosine, names[some])


class Batches:
    """Batches of filtered sound [batch, filter, step], activity [batch, frame, slot] and names [batch, frame]."""

    def __init__(self, chunks: Chunks, model: nn.Module) -> None:
        active = chunks.active[:, :, frame_centres(model, model.num_frames(folder.CHUNK_SAMPLES))]
        order = by_first_word(active)
        self.active = np.take_along_axis(active, order[:, :, None], axis=1)
        self.speakers = np.take_along_axis(chunks.speakers, order, axis=1)
        for first in range(0, len(active), 50):
            part = filtered(model, chunks.samples[first : first + 50]).half().numpy()
            if not first:
                self.bands = np.empty((len(active), *part.shape[1:]), np.float16)
            self.bands[first : first + len(part)] = part

    def take(self, index: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The chunks of `index`; a name is the training speaker where exactly one speaks, else -1."""
        active = self.active[index]
        names = np.where(active.sum(1) == 1, (active * self.speakers[index][:, :, None]).sum(1), -1)
        bands = torch.from_numpy(self.bands[index].astype(np.float32))
        return bands, torch.from_numpy(active).transpose(1, 2), torch.from_numpy(names)


def validate(model: nn.Module, batches: Batches) -> tuple[float, float]:
    """Loss, and share of frames with a wrong set of speakers (relative to frames with speech)."""
    model.eval()
    loss = BestAssignment()
    with torch.inference_mode():
        bands, active, _ = batches.take(np.arange(len(batches.active)))
        output = scores(model, features(model, bands))
        found = loss.powerset(output).bool()
        missed = torch.stack([(found[..., list(order)] != active).sum((1, 2)) for order in loss.orders])
    model.train()
    return float(loss(output, active)), float(missed.min(dim=0).values.sum() / active.sum())


def train(
    chunks: Chunks,
    validation: Chunks,
    steps: int,
    minutes: float,
    *,
    begin: nn.Module | None = None,
    report: int = 250,
    out: Path | None = None,
) -> tuple[nn.Module, list[float]]:
    """A trained PyanNet, and the mean training loss of every `report` steps, at which it is also saved in `out`.

    Training goes on from `begin` when there is one.
    """
    torch.manual_seed(SEED)
    rng = np.random.default_rng([SEED, 3])
    model = (begin or folder.segmentation_model()).train()
    folder.fix_filters(model)
    namer = Naming(2 * model.hparams.lstm["hidden_size"], int(chunks.speakers.max()) + 1)
    weights = [p for p in (*model.parameters(), *namer.parameters()) if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=PEAK_RATE, weight_decay=1e-3)
    batches, held_out = Batches(chunks, model), Batches(validation, model)
    loss_of, history, running, begun = BestAssignment(), [], [], time.monotonic()
    for step in range(steps):
        progress = max(step / steps, (time.monotonic() - begun) / 60 / minutes)
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * folder.learning_rate(progress)
        bands, active, names = batches.take(rng.choice(len(chunks.active), BATCH, replace=False))
        hidden = features(model, bands)
        output = scores(model, hidden)
        main_loss, ordered_loss = loss_of(output, active), loss_of.in_order(output, active, loss_of.orders[0])
        naming_loss = namer(hidden, names, int(rng.integers(NAMING_EVERY)))
        optimiser.zero_grad()
        (main_loss + ordered_loss.mean() + NAMING_WEIGHT * naming_loss).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        running.append(float(main_loss))
        if (step + 1) % report == 0:
            history.append(float(np.mean(running)))
            running = []
            loss, error = validate(model, held_out)
            print(
                f"{step + 1} {time.monotonic() - begun:.0f} s: loss {history[-1]:.3f}, naming {float(naming_loss):.2f},"
                f" validation {loss:.3f}, frame error {error:.3f}",
                flush=True,
            )
            if out:
                folder.save_model(model, out)
    return model.eval(), history


def main() -> None:
    """Train and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8_000)
    parser.add_argument("--chunks", type=int, default=12_000, help="use that many of them")
    parser.add_argument("--minutes", type=float, default=45, help="end after that time, whatever the steps")
    parser.add_argument("--from", dest="begin", type=Path, help="go on from that folder")
    parser.add_argument("--out", type=Path, default=BUILD / "folder" / "segmentation")
    options = parser.parse_args()
    torch.set_num_threads(1)
    chunks, validation = (
        Chunks.load(BUILD / "chunks").first(options.chunks),
        Chunks.load(BUILD / "validation").first(150),
    )
    begin = Model.from_pretrained(options.begin) if options.begin else None
    model, _ = train(chunks, validation, options.steps, options.minutes, begin=begin, out=options.out)
    folder.save_model(model, options.out)


if __name__ == "__main__":
    main()
