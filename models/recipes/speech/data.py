"""Speech to train on: passages of one synthetic voice over a telephone line, as mel features, with every word's time.

    python models/recipes/speech/data.py --hours 4 --seed 1 --text mixed

writes `build/speech/train-1.npy` (float16 [frames, 80], logarithm of the mel power, not yet normalised) and
`train-1.json` (where each passage lies in it, its utterances and their words). Making an hour takes about 15 seconds of
one core. Needs espeak-ng; training itself needs only the two files.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from calls.line import SAMPLE_RATE_HZ, hold_music, noise, ring_tone, telephone, tones
from calls.voices import MORE_TRAIN_VARIANTS, VOICES, Voice, speak
from speech.recorder import recorded
from speech.words import random_sentence

Samples = NDArray[np.float32]
Sentence = Callable[[np.random.Generator], str]

BUILD = Path(__file__).resolve().parents[3] / "build" / "speech"
LONGEST_MS = 28_500
FRAME = SAMPLE_RATE_HZ // 100
NON_SPEECH_SHARE = 0.07
CODED_SHARE = 0.65  # nearly every recorder compresses; the rest keeps the model from learning one codec
_ROOMS = ("dry", "office", "dry", "hall")


@dataclasses.dataclass(frozen=True, slots=True)
class Utterance:
    """What was said between two pauses, with (text, start_ms, end_ms) per word."""

    words: tuple[tuple[str, int, int], ...]

    @property
    def start_ms(self) -> int:
        return self.words[0][1]

    @property
    def end_ms(self) -> int:
        return self.words[-1][2]


@dataclasses.dataclass(frozen=True, slots=True)
class Passage:
    """Frames [first, first + count) of a pool, and what is said in them; no utterances: a line without speech."""

    first: int
    count: int
    utterances: tuple[Utterance, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Pool:
    """mel: float16 [frames, 80], the base-10 logarithm of the mel power."""

    mel: NDArray[np.float16]
    passages: tuple[Passage, ...]

    def save(self, stem: Path) -> None:
        """Write STEM.npy, then STEM.json: whoever sees the second may read both."""
        stem.parent.mkdir(parents=True, exist_ok=True)
        np.save(stem.with_suffix(".npy"), self.mel)
        index = [[p.first, p.count, [u.words for u in p.utterances]] for p in self.passages]
        part = stem.with_suffix(".part")
        part.write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
        part.rename(stem.with_suffix(".json"))

    @classmethod
    def load(cls, stem: Path) -> Pool:
        """Raises OSError when the files are not there."""
        index = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
        passages = tuple(
            Passage(first, count, tuple(Utterance(tuple((w, a, b) for w, a, b in words)) for words in utterances))
            for first, count, utterances in index
        )
        return cls(np.load(stem.with_suffix(".npy"), mmap_mode="r"), passages)


@functools.cache
def _mel_filters() -> torch.Tensor:
    return torch.from_numpy(np.asarray(FeatureExtractor().mel_filters))


def log_mel(samples: Samples) -> NDArray[np.float16]:
    """[n] at 16 kHz to [n / 160, 80]: Whisper's features before it clips and scales them."""
    window = torch.hann_window(400)
    spectrum = torch.stft(torch.from_numpy(samples), 400, FRAME, window=window, return_complex=True)[:, :-1]
    power = _mel_filters() @ spectrum.abs() ** 2
    return power.clamp(min=1e-10).log10().T.numpy().astype(np.float16)


def varied(voice: Voice, rng: np.random.Generator) -> Voice:
    """The same variant as another person in another mood and room."""
    return dataclasses.replace(
        voice,
        name=f"{voice.name}-{int(rng.integers(1000))}",
        pitch=int(np.clip(voice.pitch + rng.integers(-22, 23), 5, 95)),
        speed_wpm=int(np.clip(voice.speed_wpm + rng.integers(-25, 36), 115, 215)),
        formant_shift=float(np.clip(rng.choice(np.arange(0.84, 1.2, 0.02)), 0.8, 1.2)),
        room=_ROOMS[int(rng.integers(len(_ROOMS)))],
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Spoken:
    """A passage as sound: float32 [n] at 16 kHz."""

    samples: Samples
    utterances: tuple[Utterance, ...]


def spoken_passage(rng: np.random.Generator, voice: Voice, sentence: Sentence, longest_ms: int) -> Spoken:
    """Utterances with pauses, at most `longest_ms` and at least one, as they leave the mouth."""
    sounds, utterances, position_ms = [], [], 0
    while not utterances or position_ms < longest_ms * 0.6:
        pause_ms = int(rng.integers(0, 500) if not utterances else 60 + rng.exponential(450)) // 10 * 10
        spoken = speak(sentence(rng), voice)
        length_ms = -(-len(spoken.samples) // FRAME) * 10
        if position_ms + pause_ms + length_ms > longest_ms:
            if utterances or length_ms < longest_ms:
                break
            continue
        start_ms = position_ms + pause_ms
        sounds.append(np.pad(spoken.samples, (pause_ms * FRAME // 10, length_ms * FRAME // 10 - len(spoken.samples))))
        utterances.append(Utterance(tuple((w, a + start_ms, b + start_ms) for w, a, b in spoken.words)))
        position_ms = start_ms + length_ms
    tail = np.zeros(int(rng.integers(0, 40)) * FRAME, np.float32)
    return Spoken(np.concatenate([*sounds, tail]), tuple(utterances))


def _cross_talk(rng: np.random.Generator, sentence: Sentence, length: int, split: str) -> Samples:
    """The other side of the call, faint: it leaks through the telephone set and must not be written down."""
    voices = [voice for voice in VOICES if voice.split == split]
    other = spoken_passage(rng, voices[int(rng.integers(len(voices)))], sentence, 12_000).samples
    return np.roll(np.resize(other, length), int(rng.integers(length))) * np.float32(10 ** (rng.uniform(-40, -15) / 20))


def passage(rng: np.random.Generator, split: str, sentence: Sentence) -> Spoken:
    """What one microphone of a call hears for up to 28 seconds: speech, or seven times in a hundred none."""
    if rng.random() < NON_SPEECH_SHARE:
        make = (hold_music, hold_music, ring_tone, tones, noise)[int(rng.integers(5))]
        sound = make(rng, int(rng.integers(2000, LONGEST_MS)) // 10 * 10)
        return Spoken(telephone(sound, rng) if rng.random() < 0.9 else sound, ())
    voices = [voice for voice in VOICES if voice.split == split]
    voice = voices[int(rng.integers(len(voices)))]
    if split == "train":
        more = int(rng.integers(len(voices) + len(MORE_TRAIN_VARIANTS)))
        if more < len(MORE_TRAIN_VARIANTS):
            voice = dataclasses.replace(voice, name=MORE_TRAIN_VARIANTS[more], variant=MORE_TRAIN_VARIANTS[more])
        voice = varied(voice, rng)
    spoken = spoken_passage(rng, voice, sentence, int(rng.integers(6000, LONGEST_MS)))
    sound = spoken.samples
    if rng.random() < 0.25:
        sound = sound + _cross_talk(rng, sentence, len(sound), split)
    if rng.random() < 0.93:
        sound = telephone(sound, rng)
    if rng.random() < CODED_SHARE:
        sound = recorded(sound, rng)
    return Spoken(sound, spoken.utterances)


def sentence_source(text: str, split: str, seed: int) -> Sentence:
    """`words`: random words; `calls`: sentences of the call world; `mixed`: half of each."""
    if text == "words":
        return functools.partial(random_sentence, split=split)
    stream = _call_sentences(split, seed)
    share = 1.0 if text == "calls" else 0.5

    def sentence(rng: np.random.Generator) -> str:
        return next(stream) if rng.random() < share else random_sentence(rng, split)

    return sentence


def _call_sentences(split: str, seed: int) -> Iterator[str]:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "calls"))
    from corpus import sentences

    rng = random.Random(seed)
    while True:
        yield from sentences(rng, 2000, split)


def make_pool(hours: float, split: str, sentence: Sentence, seed: int) -> Pool:
    """A pool of that many hours, the same for the same seed."""
    rng = np.random.default_rng(seed)
    mels, passages, frames = [], [], 0
    while frames < hours * 360_000:
        spoken = passage(rng, split, sentence)
        mel = log_mel(spoken.samples)
        passages.append(Passage(frames, len(mel), spoken.utterances))
        mels.append(mel)
        frames += len(mel)
    return Pool(np.concatenate(mels), tuple(passages))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--text", choices=("words", "calls", "mixed"), default="mixed")
    parser.add_argument("--out", type=Path, default=BUILD)
    options = parser.parse_args()
    torch.set_num_threads(1)
    started = time.monotonic()
    source = sentence_source(options.text, options.split, options.seed)
    pool = make_pool(options.hours, options.split, source, options.seed)
    pool.save(options.out / f"{options.split}-{options.seed}")
    words = sum(len(u.words) for p in pool.passages for u in p.utterances)
    print(f"{len(pool.passages)} passages, {words} words, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
