"""Train the speech model, one phase after another.

    python models/recipes/speech/train.py --phase ctc --minutes 8
    python models/recipes/speech/train.py --phase short --minutes 40 --from build/speech/ctc.pt
    python models/recipes/speech/train.py --phase long --minutes 60 --from build/speech/short.pt

`ctc` teaches the encoder the characters, `short` writes down windows of 8 s, `long` the 30 s windows that
faster-whisper makes. Pools of data.py are read from `build/speech`, also those that appear while it runs. Needs a C
compiler: compiled, a step takes less than half the time.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech.batches import IGNORE, Batch, Sampler, scrambled
from speech.data import BUILD, Pool
from speech.model import ALIGNMENT_HEADS, Shape, SpeechModel
from speech.tokens import Encoder, train_pieces

SAVE_EVERY_S = 180
AVERAGE_DECAY = 0.998
MINIATURE = Shape(width=96, heads=2, encoder_layers=2)


@dataclasses.dataclass(frozen=True, slots=True)
class Phase:
    """Batch and loss weights of a phase. `frames` of 10 ms, `fill`: the share of a window that is not empty."""

    rows: int
    frames: int
    tokens: int
    fill: tuple[float, float]
    rate: float
    scramble: float = 0.25
    words: float = 1.0
    characters: float = 0.3
    attention: float = 0.2


PHASES = {
    "ctc": Phase(16, 800, 16, (0.5, 1.0), 1e-3, words=0.0, characters=1.0, attention=0.0),
    "short": Phase(16, 800, 72, (0.75, 1.0), 1e-3),
    "calls": Phase(16, 800, 72, (0.15, 1.0), 1e-3, scramble=0.12),
    "windows": Phase(16, 1000, 72, (0.12, 0.8), 1e-3, scramble=0.1),
    "middle": Phase(10, 1200, 96, (0.05, 1.0), 1e-3, scramble=0.1),
    "long": Phase(6, 3000, 208, (0.05, 0.43), 4e-4, scramble=0.1),
}


@dataclasses.dataclass(slots=True)
class Checkpoint:
    """`average` holds the moving average of the weights (what is exported), `weights` where training goes on."""

    shape: Shape
    pieces: str
    weights: dict[str, Tensor]
    average: dict[str, Tensor]
    history: list[dict[str, object]]

    def save(self, path: Path) -> None:
        part = path.with_suffix(".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
                   | {"shape": dataclasses.asdict(self.shape)}, part)  # fmt: skip
        part.rename(path)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Raises OSError when it is not there."""
        fields = torch.load(path, weights_only=True)
        return cls(**(fields | {"shape": Shape(**fields["shape"])}))


def sequence_losses(model: SpeechModel, heard: Tensor, batch: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the written pieces, and -log of the attention that alignment heads pay to each spoken word."""
    inputs, targets, first, last = batch
    logits, attention = model.decoder(inputs, heard)
    words = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORE, label_smoothing=0.05)
    places = torch.arange(heard.shape[1])
    inside = (places >= first[..., None]) & (places <= last[..., None])
    spoken = (first >= 0).float()
    away = torch.zeros(())
    for layer, head in ALIGNMENT_HEADS:
        mass = (attention[layer][:, head].exp() * inside).sum(-1)
        away = away - (mass.clamp(min=1e-6).log() * spoken).sum() / spoken.sum().clamp(min=1.0)
    return words, away / len(ALIGNMENT_HEADS)


def character_loss(logits: Tensor, batch: Batch) -> Tensor:
    """CTC over the characters of every utterance. Known utterance times make it cheap, also in long windows."""
    if not batch.spans:
        return logits.sum() * 0.0
    stretches = [logits[row, first:last] for row, first, last in batch.spans]
    padded = nn.utils.rnn.pad_sequence(stretches).float().log_softmax(-1)
    lengths = torch.tensor([len(stretch) for stretch in stretches])
    targets = torch.tensor([c for characters in batch.characters for c in characters])
    counts = torch.tensor([len(characters) for characters in batch.characters])
    return F.ctc_loss(padded, targets, lengths, counts, blank=0, zero_infinity=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Crew:
    """Processes of one thread each that train together: they wait for one another once a step, not once a sum."""

    rank: int = 0
    size: int = 1

    def averaged(self, gradients: list[Tensor], clock: float) -> float:
        """Average the gradients over the crew in place, and return the first one's clock, so that all stop together."""
        if self.size == 1:
            return clock
        flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor([clock if self.rank == 0 else 0.0])])
        torch.distributed.all_reduce(flat)
        position = 0
        for gradient in gradients:
            gradient.copy_(flat[position : position + gradient.numel()].view_as(gradient) / self.size)
            position += gradient.numel()
        return float(flat[-1])


class Trainer:
    """One phase of training, step by step."""

    def __init__(self, model: SpeechModel, phase: Phase, seed: int, crew: Crew, compiled: bool) -> None:
        self.model, self.phase, self._crew = model, phase, crew
        self.average = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self.steps = 0
        self.clock = 0.0  # share of the phase's time that is over
        self._generator = torch.Generator().manual_seed(seed)
        self._trained = [p for p in model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._trained, lr=phase.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        wrap: Callable[..., Callable[..., Tensor]] = torch.compile if compiled else lambda function, **_: function
        self._encode = wrap(model.encoder, dynamic=False)
        self._losses = wrap(lambda heard, batch: sequence_losses(model, heard, batch), dynamic=False)

    def _loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        phase = self.phase
        inputs = scrambled(batch.inputs, phase.scramble, self._generator)
        words = away = torch.zeros(())
        with torch.autocast("cpu", torch.bfloat16):
            heard = self._encode(batch.mel)
            characters = self.model.characters(heard)
            if phase.words:
                words, away = self._losses(heard, (inputs, batch.targets, batch.first, batch.last))
        spelled = character_loss(characters, batch)
        loss = phase.words * words + phase.characters * spelled + phase.attention * away
        return loss, {"words": words.item(), "characters": spelled.item(), "attention": away.item()}

    def step(self, batch: Batch, clock: float) -> dict[str, float]:
        """One update; the losses by name. `clock` is the share of the time that is over."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(self.clock, self.steps, self.phase.rate)
        loss, losses = self._loss(batch)
        self._optimizer.zero_grad(set_to_none=False)
        loss.backward()
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in self._trained]
        self.clock = self._crew.averaged(gradients, clock)
        nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self.steps += 1
        self._follow()
        return losses

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(AVERAGE_DECAY, self.steps / (self.steps + 20))
        state = self.model.state_dict()
        torch._foreach_lerp_(list(self.average.values()), [state[name] for name in self.average], 1.0 - decay)


def rate_at(share: float, steps: int, top: float) -> float:
    """Warm-up over 60 steps, then a cosine over the time that the phase has, down to 4 %."""
    return top * min(1.0, (steps + 1) / 60) * (0.04 + 0.48 * (1 + math.cos(math.pi * min(share, 1.0))))


def train(
    trainer: Trainer, sampler: Sampler, minutes: float, steps: int | None, save: Callable[[], None]
) -> Iterator[dict[str, float]]:
    """Losses of every step, until the time is over or the steps are made. Saves at the end and every few minutes."""
    phase, started, saved = trainer.phase, time.monotonic(), time.monotonic()
    while trainer.clock < 1.0:
        batch = sampler.batch(phase.rows, phase.frames, phase.tokens, phase.fill)
        clock = (time.monotonic() - started) / (minutes * 60)
        yield trainer.step(batch, max(clock, (trainer.steps + 1) / steps) if steps else clock)
        if time.monotonic() - saved > SAVE_EVERY_S:
            saved = time.monotonic()
            save()
            sampler.refresh()
    save()


def _start(options: argparse.Namespace) -> Checkpoint:
    """The checkpoint to go on from, or a new one whose pieces are those of the text in the pools."""
    if options.start is not None:
        return Checkpoint.load(options.start)
    pools = [Pool.load(path.with_suffix("")) for path in sorted(options.folder.glob(f"{options.pools}.json"))]
    said = (utterance for pool in pools for passage in pool.passages for utterance in passage.utterances)
    pieces = train_pieces(" ".join(text for text, _, _ in utterance.words) for utterance in said)
    model = SpeechModel(MINIATURE if options.miniature else None)
    return Checkpoint(model.shape, pieces.to_str(), model.state_dict(), model.state_dict(), [])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phase", choices=sorted(PHASES), required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--steps", type=int, help="end after so many, whatever the time")
    parser.add_argument("--from", dest="start", type=Path, help="a checkpoint; without it training starts from nothing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, help="top of the learning rate")
    parser.add_argument("--pools", default="train-*", help="which pools of the folder to read")
    parser.add_argument("--folder", type=Path, default=BUILD)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--miniature", action="store_true", help="a tiny network, not compiled: to see that it learns")
    return parser.parse_args()


def _work(rank: int, options: argparse.Namespace, start: Checkpoint) -> None:
    """What each process does."""
    torch.set_flush_denormal(True)  # attention is full of numbers near zero, on which a processor is ten times slower
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    crew = Crew(rank, options.processes)
    if crew.size > 1:
        meeting = f"file://{(options.folder / 'crew').resolve()}"
        torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=crew.size)
    model = SpeechModel(start.shape)
    model.load_state_dict(start.weights)
    phase = PHASES[options.phase]
    phase = dataclasses.replace(
        phase, rate=options.rate or phase.rate, rows=4 if options.miniature else phase.rows // crew.size
    )
    seed = options.seed * 100 + len(start.history) * 10 + rank
    encoder = Encoder(Tokenizer.from_str(start.pieces))
    sampler = Sampler(options.folder, options.pools, encoder, np.random.default_rng(seed))
    trainer = Trainer(model, phase, seed, crew, compiled=not options.miniature)

    def save() -> None:
        if rank == 0:
            minutes = round(trainer.clock * options.minutes, 1)
            done = {"phase": options.phase, "minutes": minutes, "steps": trainer.steps, "seed": options.seed}
            history = [*start.history, done]
            checkpoint = Checkpoint(start.shape, start.pieces, model.state_dict(), trainer.average, history)
            checkpoint.save(options.folder / f"{options.phase}.pt")

    losses = train(trainer, sampler, options.minutes, options.steps, save)
    if rank == 0:
        _report(losses)
    else:
        for _ in losses:
            pass


def main() -> None:
    options = _options()
    torch.manual_seed(options.seed)
    start = _start(options)
    if options.processes == 1:
        _work(0, options, start)
        return
    (options.folder / "crew").unlink(missing_ok=True)
    torch.multiprocessing.spawn(_work, (options, start), nprocs=options.processes)


def _report(losses: Iterator[dict[str, float]], every: int = 25) -> None:
    started, recent = time.monotonic(), []
    for count, loss in enumerate(losses, 1):
        recent.append(loss)
        if count % every == 0 or count in (1, 10):
            means = "  ".join(f"{name} {np.mean([r[name] for r in recent]):.3f}" for name in recent[0])
            print(f"{(time.monotonic() - started) / 60:6.1f} min  step {count:6d}  {means}", flush=True)
            recent.clear()


if __name__ == "__main__":
    main()
