"""Windows for training: a stretch of a passage, what to write for it, and where each piece of it sounds."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speech.data import Passage, Pool, Utterance
from speech.model import (
    DUTCH,
    END,
    FIRST_TIMESTAMP,
    MEL_BINS,
    NO_SPEECH,
    NO_TIMESTAMPS,
    START,
    TEXT_PIECES,
    TIMESTAMP_STEP_MS,
    TRANSCRIBE,
)
from speech.tokens import Encoder, character_ids

IGNORE = -100
PROMPT = 4  # the start, the language, the task and, without timestamps, the word for that
_MARGIN_FRAMES = 3  # of 20 ms: how far beside its word a piece may still be looked for


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """log_mel: [frames, 80]; times in it in ms; no utterances: nothing is said."""

    log_mel: NDArray[np.float16]
    utterances: tuple[Utterance, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step.

    mel [batch, 80, frames]; inputs and targets [batch, tokens] (IGNORE where nothing is asked);
    first and last [batch, tokens]: encoder vectors between which the next piece sounds, -1 where none does;
    spans: (row, first, last) encoder vectors of every utterance, with its characters in `characters`.
    """

    mel: Tensor
    inputs: Tensor
    targets: Tensor
    first: Tensor
    last: Tensor
    spans: tuple[tuple[int, int, int], ...]
    characters: tuple[tuple[int, ...], ...]


def _shifted(utterance: Utterance, by_ms: int) -> Utterance:
    return Utterance(tuple((text, start + by_ms, end + by_ms) for text, start, end in utterance.words))


class Sampler:
    """Draws windows from the pools in a folder, and looks for new pools when told to."""

    def __init__(self, folder: Path, pattern: str, encoder: Encoder, rng: np.random.Generator) -> None:
        self._folder, self._pattern, self._encoder, self._rng = folder, pattern, encoder, rng
        self._pools: dict[Path, Pool] = {}
        self._choices: list[tuple[Pool, Passage]] = []
        self.refresh()

    def refresh(self) -> None:
        """Take in new pools, and forget those whose index is gone. Raises FileNotFoundError when there is none."""
        stems = [path.with_suffix("") for path in sorted(self._folder.glob(f"{self._pattern}.json"))]
        self._pools = {stem: self._pools.get(stem) or Pool.load(stem) for stem in stems}
        self._choices = [(pool, passage) for pool in self._pools.values() for passage in pool.passages]
        if not self._choices:
            raise FileNotFoundError(f"no pools {self._pattern} in {self._folder}: run data.py first")

    def _cut(self, longest: int) -> Window:
        """A run of utterances of one passage that fits in `longest` frames, with some of the pauses around it."""
        rng = self._rng
        pool, passage = self._choices[int(rng.integers(len(self._choices)))]
        mel = pool.mel[passage.first : passage.first + passage.count]
        said = passage.utterances
        if not said:
            return Window(mel[: min(longest, passage.count)], ())
        i = int(rng.integers(len(said)))
        while i > 0 and said[-1].end_ms - said[i - 1].start_ms < longest * 10 - 200:
            i -= 1 + int(rng.integers(2))
            i = max(i, 0)
        j = i
        while j + 1 < len(said) and said[j + 1].end_ms - said[i].start_ms < longest * 10 - 200 and rng.random() < 0.93:
            j += 1
        before = said[i].start_ms - (said[i - 1].end_ms if i else 0)
        after = (said[j + 1].start_ms if j + 1 < len(said) else passage.count * 10) - said[j].end_ms
        first = said[i].start_ms // 10 - int(rng.integers(0, max(1, min(before // 10, 60) + 1)))
        last = -(-said[j].end_ms // 10) + int(rng.integers(0, max(1, min(after // 10, 60) + 1)))
        first = max(first, 0)
        return Window(mel[first : min(last, first + longest)], tuple(_shifted(u, -first * 10) for u in said[i : j + 1]))

    def window(self, longest: int) -> Window:
        """At most `longest` frames; one utterance alone may be longer and is then drawn again."""
        while True:
            window = self._cut(longest)
            if not window.utterances or window.utterances[-1].end_ms <= len(window.log_mel) * 10 + 40:
                break
        room = longest - len(window.log_mel)
        if window.utterances and room > 400 and self._rng.random() < 0.3:
            more = self._cut(room)
            if more.utterances and more.utterances[-1].end_ms <= len(more.log_mel) * 10 + 40:
                shift = len(window.log_mel) * 10
                mel = np.concatenate([window.log_mel, more.log_mel])
                return Window(mel, window.utterances + tuple(_shifted(u, shift) for u in more.utterances))
        return window

    def batch(self, rows: int, frames: int, tokens: int, fill: tuple[float, float]) -> Batch:
        """Windows of `frames`, each filled for a share of it between the two of `fill`, rather more than less."""
        rng = self._rng
        mel = np.zeros((rows, frames, MEL_BINS), np.float32)
        written = []
        for row in range(rows):
            while True:
                window = self.window(int(frames * rng.triangular(fill[0], fill[1], fill[1])))
                text = self._written(window, with_times=rng.random() < 0.4)
                if len(text.tokens) <= tokens + 1:
                    break
            scaled = self._scaled(window.log_mel)
            mel[row, : len(scaled)] = scaled
            written.append((window, text))
        return _collated(torch.from_numpy(mel).transpose(1, 2), written, tokens)

    def _scaled(self, log_mel: NDArray[np.float16]) -> NDArray[np.float32]:
        """As Whisper scales it, on another line: a smooth change of tone, and at times a louder neighbour."""
        curve = np.interp(np.arange(MEL_BINS), np.linspace(0, MEL_BINS - 1, 5), self._rng.normal(0, 0.18, 5))
        sound = log_mel.astype(np.float32) + curve.astype(np.float32)
        loudest = float(sound.max()) + max(0.0, float(self._rng.normal(0, 0.4)))
        return (np.maximum(sound, loudest - 8.0) + 4.0) / 4.0

    def _written(self, window: Window, with_times: bool) -> _Written:
        tokens = [START, DUTCH, TRANSCRIBE, *(() if with_times else (NO_TIMESTAMPS,))]
        spans = [(-1, -1)] * len(tokens)
        if with_times and not window.utterances:
            tokens.append(FIRST_TIMESTAMP)
            spans.append((-1, -1))
        for utterance in window.utterances:
            if with_times:
                tokens.append(_timestamp(utterance.start_ms))
                spans.append((-1, -1))
            for word, start_ms, end_ms in utterance.words:
                ids = self._encoder(word)
                tokens.extend(ids)
                spans.extend(_shares(start_ms, end_ms, len(ids)))
            if with_times:
                tokens.append(_timestamp(utterance.end_ms))
                spans.append((-1, -1))
        return _Written((*tokens, END), (*spans, (-1, -1)))


@dataclasses.dataclass(frozen=True, slots=True)
class _Written:
    tokens: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]  # encoder vectors of each token's sound, (-1, -1) for none


def _timestamp(time_ms: int) -> int:
    return FIRST_TIMESTAMP + round(time_ms / TIMESTAMP_STEP_MS)


def _shares(start_ms: int, end_ms: int, count: int) -> list[tuple[int, int]]:
    """A word's pieces follow one another evenly."""
    edges = np.linspace(start_ms / 20, end_ms / 20, count + 1)
    return [(max(0, int(a) - _MARGIN_FRAMES), int(b) + _MARGIN_FRAMES) for a, b in itertools.pairwise(edges)]


def _collated(mel: Tensor, written: Sequence[tuple[Window, _Written]], tokens: int) -> Batch:
    shape = (len(written), tokens)
    inputs = torch.full(shape, END)
    targets = torch.full(shape, IGNORE)
    first, last = torch.full(shape, -1), torch.full(shape, -1)
    spans: list[tuple[int, int, int]] = []
    characters: list[tuple[int, ...]] = []
    for row, (window, text) in enumerate(written):
        count = len(text.tokens) - 1
        ids = torch.tensor(text.tokens)
        inputs[row, :count] = ids[:-1]
        targets[row, :count] = ids[1:]
        targets[row, 0] = DUTCH if window.utterances else NO_SPEECH
        targets[row, 1 : PROMPT - 2] = IGNORE
        if ids[PROMPT - 1] == NO_TIMESTAMPS:
            targets[row, PROMPT - 2] = IGNORE
        places = torch.tensor(text.spans[1:])
        first[row, :count], last[row, :count] = places[:, 0], places[:, 1]
        for utterance in window.utterances:
            ids_of = tuple(character_ids(word for word, _, _ in utterance.words))
            begin, end = max(0, utterance.start_ms // 20 - 2), min(mel.shape[2] // 2, utterance.end_ms // 20 + 3)
            if ids_of and end - begin > len(ids_of):
                spans.append((row, begin, end))
                characters.append(ids_of)
    return Batch(mel, inputs, targets, first, last, tuple(spans), tuple(characters))


def scrambled(inputs: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Text pieces replaced at random, so that the decoder must listen rather than complete. [batch, tokens]"""
    chosen = (torch.rand(inputs.shape, generator=generator) < share) & (inputs < TEXT_PIECES)
    return torch.where(chosen, torch.randint(0, TEXT_PIECES, inputs.shape, generator=generator), inputs)
