"""Conversations out of clips: short chunks to train on, and whole calls to tune and to measure with.

Turn-taking is drawn from two styles: an orderly telephone call, and the lively talk of friends, whose times between
turns follow those measured in 20 real Dutch conversations (IFADV corpus; only the quantiles below are taken over).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from data import BUILD, POOL_RATE_HZ, SEED, SHORT_MS, Pool, line, read_audio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech.recorder import recorded

Samples = NDArray[np.float32]

CHUNK_MS = 5_000
SLOTS = 3
CODED_SHARE = 0.4  # of the chunks pass through a recorder's codec; those out of calls are coded already
LEAST_PAUSE_MS = 200  # a shorter silence between two words of a speaker does not end the speaking
# Milliseconds from the end of a turn to the start of the next at these shares of all turns.
_SHARES = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
_GAP_TO_OTHER_MS = (-2434, -1714, -1268, -617, -125, 244, 665, 1007, 1860)
_GAP_TO_SAME_MS = (0, 0, 0, 0, 0, 465, 797, 1064, 1610)


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """A clip at its place: which speaker of the conversation, which clip, first sample (may lie before 0)."""

    slot: int
    clip: int
    first: int


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """A mono call: float32 [n] at 16 kHz, and its turns as (start_ms, end_ms, speaker)."""

    samples: Samples
    turns: tuple[tuple[int, int, str], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Chunks:
    """Training chunks: int16 [chunk, sample] at 8 kHz; bool [chunk, slot, 10 ms] who speaks; int [chunk, slot] who
    that is in the pool (-1: nobody)."""

    samples: NDArray[np.int16]
    active: NDArray[np.bool_]
    speakers: NDArray[np.int32]

    def first(self, count: int) -> Chunks:
        """The first so many."""
        return Chunks(self.samples[:count], self.active[:count], self.speakers[:count])

    def save(self, folder: Path) -> None:
        """Write as three npy files."""
        folder.mkdir(parents=True, exist_ok=True)
        for field in dataclasses.fields(self):
            np.save(folder / f"{field.name}.npy", getattr(self, field.name))

    @staticmethod
    def load(folder: Path) -> Chunks:
        """Read what `save` wrote; the samples stay on disk."""
        return Chunks(
            np.load(folder / "samples.npy", mmap_mode="r"),
            np.load(folder / "active.npy"),
            np.load(folder / "speakers.npy"),
        )


def _gap_ms(rng: np.random.Generator, other: bool, orderly: bool) -> float:
    if orderly:
        if other:
            return float(rng.uniform(-600, 0) if rng.random() < 0.12 else rng.uniform(60, 1200))
        return float(rng.uniform(80, 1000))
    return float(np.interp(rng.random(), _SHARES, _GAP_TO_OTHER_MS if other else _GAP_TO_SAME_MS))


def plan(
    rng: np.random.Generator, pool: Pool, clips: Sequence[NDArray[np.int64]], start: int, length: int
) -> list[Placed]:
    """Turns of the speakers whose clips are given, from sample `start` (8 kHz) until `length`."""
    orderly = bool(rng.random() < 0.5)
    ends = [start] * len(clips)
    position, slot = float(start), int(rng.integers(len(clips)))
    per_ms = POOL_RATE_HZ / 1000
    placed: list[Placed] = []
    while position < length:
        clip = int(rng.choice(clips[slot]))
        duration = int(pool.last[clip] - pool.first[clip])
        first = max(int(position), ends[slot] + int(30 * per_ms))
        placed.append(Placed(slot, clip, first))
        ends[slot] = first + duration
        if len(clips) > 1 and duration > 2 * SHORT_MS * per_ms and rng.random() < 0.2:
            placed += _back_channel(rng, pool, clips, (slot, first, duration), ends)
        other = len(clips) > 1 and bool(rng.random() < 0.6)
        position = max(ends[slot] + _gap_ms(rng, other, orderly) * per_ms, first + 300 * per_ms)
        if other:
            slot = int((slot + rng.integers(1, len(clips))) % len(clips))
    return placed


def _back_channel(
    rng: np.random.Generator,
    pool: Pool,
    clips: Sequence[NDArray[np.int64]],
    turn: tuple[int, int, int],
    ends: list[int],
) -> list[Placed]:
    """Somebody says a short thing while another goes on."""
    slot, first, duration = turn
    listener = int((slot + rng.integers(1, len(clips))) % len(clips))
    lengths = pool.last[clips[listener]] - pool.first[clips[listener]]
    short = clips[listener][lengths <= SHORT_MS * POOL_RATE_HZ // 1000]
    position = first + int(duration * rng.uniform(0.2, 0.8))
    if not len(short) or position < ends[listener] + 800:
        return []
    clip = int(rng.choice(short))
    ends[listener] = position + int(pool.last[clip] - pool.first[clip])
    return [Placed(listener, clip, position)]


def lay(pool: Pool, placed: Sequence[Placed], slots: int, length: int) -> tuple[Samples, NDArray[np.bool_]]:
    """A track [slot, sample] at 8 kHz per speaker, and when each speaks, bool [slot, 10 ms]."""
    tracks = np.zeros((slots, length), np.float32)
    active = np.zeros((slots, length // (POOL_RATE_HZ // 100)), bool)
    for item in placed:
        sound = pool.clip(item.clip)
        begin, end = max(0, item.first), min(length, item.first + len(sound))
        if end > begin:
            tracks[item.slot, begin:end] += sound[begin - item.first : end - item.first]
            active[item.slot, round(begin / 80) : round(end / 80)] = True
    return tracks, active


def _line_response(rng: np.random.Generator, bins: int) -> NDArray[np.float32]:
    """The gain of a telephone line per frequency: edges, tilt and level of its own."""
    hz = np.linspace(1, POOL_RATE_HZ / 2, bins)
    low, high = 300 * rng.uniform(0.6, 1.15), 3400 * rng.uniform(0.92, 1.1)
    edges = 1 / np.sqrt((1 + (low / hz) ** 8) * (1 + (hz / high) ** 16))
    tilt = (hz / 1000) ** rng.uniform(-0.3, 0.3)
    return (edges * tilt * 10 ** (rng.uniform(-10, 6) / 20)).astype(np.float32)


def _finish(rng: np.random.Generator, mix: Samples) -> Samples:
    """Line noise and coding over the whole chunk."""
    noise = rng.normal(0, 1, len(mix)).astype(np.float32)
    if rng.random() < 0.5:
        noise = np.convolve(noise, (0.5, 0.3, 0.2), mode="same").astype(np.float32)
    mix = np.tanh(mix) + noise * np.float32(10 ** (rng.uniform(-72, -44) / 20))
    if rng.random() < 0.6:
        mix = line.companded(mix, "a" if rng.random() < 0.8 else "mu")
    if rng.random() < CODED_SHARE:
        mix = recorded(resample_poly(mix, 2, 1).astype(np.float32), rng)[::2]
    return mix


def chunk(
    rng: np.random.Generator, pool: Pool, sounds: Pool, by_speaker: Sequence[NDArray[np.int64]]
) -> tuple[Samples, NDArray[np.bool_], NDArray[np.int32]]:
    """One training chunk: samples at 8 kHz, who speaks, who they are."""
    length = CHUNK_MS * POOL_RATE_HZ // 1000
    count = int(rng.choice(4, p=(0.03, 0.22, 0.65, 0.10)))
    chosen = rng.choice(len(by_speaker), count, replace=False)
    placed = plan(rng, pool, [by_speaker[s] for s in chosen], -int(rng.uniform(0, 24_000)), length) if count else []
    tracks, active = lay(pool, placed, SLOTS, length)
    spectrum = np.fft.rfft(tracks[: max(count, 1)])
    spectrum *= np.stack([_line_response(rng, spectrum.shape[1]) for _ in range(max(count, 1))])
    mix = np.fft.irfft(spectrum, length).sum(axis=0).astype(np.float32)
    if count == 0 or rng.random() < 0.12:
        begin = 0 if count == 0 else int(rng.integers(-length // 2, length))
        end = length if count == 0 else begin + int(rng.integers(length // 8, length))
        begin, end = max(0, begin), max(0, begin, end)
        sound = sounds.clip(int(rng.integers(len(sounds.first))))[:length]
        mix[begin:end] = 0
        mix[begin:end] += sound[: max(0, min(end, length) - begin)]
        active[:, begin // 80 : end // 80] = False
    speakers = np.full(SLOTS, -1, np.int32)
    speakers[:count] = chosen
    mix = _finish(rng, mix)
    if rng.random() < 0.12:  # the last chunk of a call is filled up with zeros
        end = int(rng.integers(length // 20, length))
        mix[end:] = 0
        active[:, end // 80 :] = False
    return mix, active, speakers


def make_chunks(pool: Pool, sounds: Pool, count: int, seed: int) -> Chunks:
    """`count` training chunks."""
    rng = np.random.default_rng([SEED, 77, seed])
    by_speaker = [pool.of(speaker) for speaker in range(pool.speakers)]
    made = [chunk(rng, pool, sounds, by_speaker) for _ in range(count)]
    samples = np.stack([m[0] for m in made])
    return Chunks(
        (np.clip(samples, -1, 1) * 32767).astype(np.int16),
        np.stack([m[1] for m in made]),
        np.stack([m[2] for m in made]),
    )


def _job(folder: Path, count: int, seed: int) -> Chunks:
    return make_chunks(Pool.load(folder / "train.npz"), Pool.load(folder / "sounds.npz"), count, seed)


def spoken_in(truth: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """(speaker, start_ms, end_ms) of every stretch without a pause of LEAST_PAUSE_MS, out of a call's ground truth."""
    found: list[tuple[str, int, int]] = []
    for turn in truth["turns"]:
        opened = False
        for word in turn["words"]:
            start_ms, end_ms = word["start_ms"], word["end_ms"]
            if opened and start_ms - found[-1][2] < LEAST_PAUSE_MS:
                start_ms, end_ms = found[-1][1], max(found.pop()[2], end_ms)
            found.append((turn["speaker"], start_ms, end_ms))
            opened = True
    return found


def call_files(folder: Path) -> list[tuple[Path, Mapping[str, Any]]]:
    """The recordings of a folder with their ground truth, by name."""
    truths = (json.loads(p.read_text(encoding="utf-8")) for p in sorted((folder / "truth").glob("*.json")))
    return [(folder / truth["recording"], truth) for truth in truths]


def recorded_conversation(path: Path, truth: Mapping[str, Any]) -> Conversation:
    """A recording with both sides on one channel, and what is spoken in it."""
    turns = tuple((start_ms, end_ms, speaker) for speaker, start_ms, end_ms in spoken_in(truth))
    return Conversation(read_audio(path), turns)


def call_chunks(folder: Path, every_ms: int, seed: int, count: int) -> Chunks:
    """Chunks out of the first `count` recordings of a folder, one for about every `every_ms`.

    Nobody in them is named: they teach when somebody speaks and when another does, on the turn-taking of calls.
    """
    rng = np.random.default_rng([SEED, 55, seed])
    length, steps = CHUNK_MS * POOL_RATE_HZ // 1000, CHUNK_MS // 10
    samples, activity = [], []
    for path, truth in call_files(folder)[:count]:
        call = recorded_conversation(path, truth)
        sound = resample_poly(call.samples, 1, 2).astype(np.float32)
        names = sorted({speaker for _, _, speaker in call.turns})
        whole = np.zeros((SLOTS, len(sound) // 80 + steps), bool)
        for start_ms, end_ms, speaker in call.turns:
            if names.index(speaker) < SLOTS:
                whole[names.index(speaker), start_ms // 10 : end_ms // 10] = True
        sound = np.pad(sound, (0, length))
        for begin in range(0, len(sound) - length, every_ms * POOL_RATE_HZ // 1000):
            first = (begin + int(rng.integers(every_ms * POOL_RATE_HZ // 1000))) // 80 * 80
            mix = sound[first : first + length]
            if len(mix) == length:
                samples.append(mix * np.float32(10 ** (rng.uniform(-8, 4) / 20)))
                activity.append(whole[:, first // 80 : first // 80 + steps])
    return Chunks(
        (np.clip(np.stack(samples), -1, 1) * 32767).astype(np.int16),
        np.stack(activity),
        np.full((len(samples), SLOTS), -1, np.int32),
    )


def conversation(rng: np.random.Generator, pool: Pool, speakers: Sequence[int], duration_ms: int) -> Conversation:
    """A whole mono call between `speakers` of the pool, every side over a telephone line of its own.

    One in three begins with some seconds of ringing, music or tones.
    """
    length = duration_ms * POOL_RATE_HZ // 1000
    opening = int(rng.uniform(3, 9) * POOL_RATE_HZ) if rng.random() < 1 / 3 else 0
    start = opening + int(rng.uniform(0, 1) * POOL_RATE_HZ)
    placed = plan(rng, pool, [pool.of(s) for s in speakers], start, length - 4 * POOL_RATE_HZ)
    tracks, _ = lay(pool, placed, len(speakers), length)
    mix = sum((line.telephone(resample_poly(t, 2, 1).astype(np.float32), rng) for t in tracks), np.float32(0))
    make = (line.ring_tone, line.hold_music, line.tones)[int(rng.integers(3))]
    before = make(rng, opening * 1000 // POOL_RATE_HZ)
    mix[: len(before)] += line.telephone(before, rng)
    turns = []
    for item in sorted(placed, key=lambda p: p.first):
        last = min(length, item.first + int(pool.last[item.clip] - pool.first[item.clip]))
        turns.append((item.first // 8, last // 8, f"speaker-{speakers[item.slot]}"))
    return Conversation(np.clip(mix, -1, 1).astype(np.float32), tuple(turns))


def conversations(seed: int, pool: Pool, count: int) -> list[Conversation]:
    """Calls of 30 to 90 s: mostly of two speakers, some of one or of three."""
    rng = np.random.default_rng([SEED, 31, seed])
    made = []
    for _ in range(count):
        speakers = rng.choice(pool.speakers, int(rng.choice((1, 2, 3), p=(0.1, 0.75, 0.15))), replace=False)
        made.append(conversation(rng, pool, [int(s) for s in speakers], int(rng.integers(30_000, 90_001))))
    return made


def main() -> None:
    """Make the training and validation chunks out of the pools, and out of calls of the train split when there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=Path, help="recordings with ground truth, train split: calls/make_calls.py")
    parser.add_argument("--count", type=int, default=130, help="so many of those calls; tune.py takes the others")
    parser.add_argument("--every-ms", type=int, default=2_000, help="a chunk of those calls for about so much of them")
    parser.add_argument("--parts", type=int, default=8, help="of 1,500 chunks out of clips")
    options = parser.parse_args()
    with ProcessPoolExecutor(2) as executor:
        made = list(executor.map(_job, [BUILD] * options.parts, [1_500] * options.parts, range(options.parts)))
    if options.calls:
        made.append(call_chunks(options.calls, options.every_ms, 0, options.count))
    fields = [field.name for field in dataclasses.fields(Chunks)]
    Chunks(*(np.concatenate([getattr(part, name) for part in made]) for name in fields)).save(BUILD / "chunks")
    _job(BUILD, 300, 100).save(BUILD / "validation")


if __name__ == "__main__":
    main()
