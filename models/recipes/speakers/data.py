"""Speech of many speakers, and conversations made of it.

`python models/recipes/speakers/data.py --real FOLDER` builds the pools in `build/speakers`: clips of one speaker each,
at 8 kHz, trimmed to what is heard. Speakers are espeak-ng voices of the call world with pitch, speed, formants and room
drawn anew, and the real voices in FOLDER (a folder of FLAC files per voice), some of them resampled to another height.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "calls"))

import line
import voices

Samples = NDArray[np.float32]

BUILD = Path(__file__).resolve().parents[3] / "build" / "speakers"
POOL_RATE_HZ = 8_000
SEED = 20261123
LONGEST_PAUSE_MS = 500  # a longer silence ends a clip; a shorter one belongs to the turn
SHORT_MS = 1_200  # clips up to this length also serve as back-channels
HELD_OUT_PER_VOICE = 100  # clips of every real voice that no training sees
PSEUDO_SPEAKERS_PER_VOICE = 8
SENTENCES_PER_SPEAKER = 16
BACK_CHANNELS = (
    "ja",
    "nee",
    "oké",
    "hm hm",
    "ja ja",
    "precies",
    "dat klopt",
    "goed",
    "ja hoor",
    "nou",
    "o ja",
    "prima",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Pool:
    """Clips: int16 [n] samples at 8 kHz one after another; per clip its speaker, first and last sample."""

    samples: NDArray[np.int16]
    speaker: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @property
    def speakers(self) -> int:
        """Number of speakers."""
        return int(self.speaker.max()) + 1 if len(self.speaker) else 0

    def clip(self, index: int) -> Samples:
        """One clip as float32 [n] in [-1, 1] at 8 kHz."""
        return self.samples[self.first[index] : self.last[index]].astype(np.float32) / 32768

    def of(self, speaker: int) -> NDArray[np.int64]:
        """The clips of a speaker."""
        return np.flatnonzero(self.speaker == speaker)

    def save(self, path: Path) -> None:
        """Write as npz."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, samples=self.samples, speaker=self.speaker, first=self.first, last=self.last)

    @staticmethod
    def load(path: Path) -> Pool:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return Pool(*(arrays[name] for name in ("samples", "speaker", "first", "last")))

    @staticmethod
    def of_clips(clips: Sequence[Sequence[Samples]]) -> Pool:
        """From float32 [n] clips at 8 kHz, one sequence per speaker."""
        flat = [(number, clip) for number, speaker in enumerate(clips) for clip in speaker]
        ends = np.cumsum([0, *(len(clip) for _, clip in flat)])
        samples = np.concatenate([np.zeros(0, np.float32), *(clip for _, clip in flat)])
        return Pool(
            samples=(np.clip(samples, -1, 1) * 32767).astype(np.int16),
            speaker=np.array([number for number, _ in flat], np.int32),
            first=ends[:-1].astype(np.int64),
            last=ends[1:].astype(np.int64),
        )


def narrow_band(samples: Samples) -> Samples:
    """16 kHz [n] to 8 kHz [n/2], at root mean square 0.08."""
    halved = resample_poly(samples, 1, 2).astype(np.float32)
    level = float(np.sqrt(np.mean(halved**2))) if len(halved) else 0.0
    return halved * np.float32(0.08 / level) if level > 0 else halved


def pieces(samples: Samples) -> list[Samples]:
    """16 kHz speech cut at pauses longer than LONGEST_PAUSE_MS, every piece trimmed to what is heard."""
    frame = voices.SAMPLE_RATE_HZ // 100
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    level = np.sqrt(np.mean(padded**2, axis=1))
    loud = np.flatnonzero(level > max(1e-4, 0.03 * float(np.quantile(level, 0.95))))
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > LONGEST_PAUSE_MS // 10)
    starts, ends = loud[np.r_[0, breaks + 1]], loud[np.r_[breaks, len(loud) - 1]] + 1
    return [samples[a * frame : b * frame] for a, b in zip(starts, ends, strict=True) if b - a >= 15]


def pseudo_speaker(voice: voices.Voice, number: int) -> voices.Voice:
    """Somebody else with the same variant: number 0 is the voice itself."""
    if number == 0:
        return voice
    rng = np.random.default_rng([SEED, number, *voice.name.encode()])
    return dataclasses.replace(
        voice,
        name=f"{voice.name}-{number}",
        pitch=int(rng.integers(15, 86)),
        speed_wpm=int(rng.integers(120, 211)),
        formant_shift=round(float(rng.uniform(0.8, 1.25)), 3),
        room=str(rng.choice(("dry", "office", "hall"))),
    )


def _bases(split: str) -> list[voices.Voice]:
    """A voice for every espeak-ng variant of the split; to train on, also for those that no call uses."""
    found = [voice for voice in voices.VOICES if voice.split == split]
    if split == "train":
        more = voices.MORE_TRAIN_VARIANTS
        found += [dataclasses.replace(found[i % len(found)], name=v, variant=v) for i, v in enumerate(more)]
    return found


def _spoken_clips(job: tuple[voices.Voice, tuple[str, ...]]) -> list[Samples]:
    voice, texts = job
    return [narrow_band(piece) for text in texts for piece in pieces(voices.speak(text, voice).samples)]


def spoken_pool(
    split: str, texts: Sequence[str], numbers: Sequence[int], sentences: int, workers: int = 2
) -> list[list[Samples]]:
    """Clips of the pseudo-speakers of these numbers, for every espeak-ng variant of `split`."""
    rng = np.random.default_rng([SEED, len(split), numbers[0]])
    chosen = [pseudo_speaker(v, n) for v in _bases(split) for n in numbers]
    jobs = [
        (voice, (*rng.choice(list(texts), sentences), *rng.choice(BACK_CHANNELS, 6, replace=False))) for voice in chosen
    ]
    with ProcessPoolExecutor(workers) as executor:
        return list(executor.map(_spoken_clips, jobs, chunksize=4))


def read_audio(path: Path) -> Samples:
    """A file as float32 [n] mono at 16 kHz."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=voices.SAMPLE_RATE_HZ)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([np.zeros(0, np.float32), *(frame.to_ndarray()[0] for frame in frames)])


def real_clips(folder: Path, *, held_out: bool) -> list[Samples]:
    """The clips of one real voice: its first HELD_OUT_PER_VOICE files by name are for testing only."""
    files = sorted(folder.glob("*.flac"))
    chosen = files[:HELD_OUT_PER_VOICE] if held_out else files[HELD_OUT_PER_VOICE:]
    return [narrow_band(piece) for path in chosen for piece in pieces(read_audio(path))]


def raised(clips: Sequence[Samples], factor: float) -> list[Samples]:
    """Everything higher by `factor`: pitch, formants and speed, as of somebody else."""
    up, down = 100, round(100 * factor)
    return [resample_poly(clip, up, down).astype(np.float32) for clip in clips]


def texts_of(folders: Sequence[Path], split: str, count: int) -> list[str]:
    """Sentences of the call world, and those that the real voices read."""
    import corpus

    found = list(corpus.sentences(random.Random(SEED), count, split))
    for folder in folders:
        with (folder / "transcripts.csv").open(encoding="utf-8") as file:
            found += [row["text"].lower().strip(" .?!") for row in csv.DictReader(file)] if split == "train" else []
    return found


def sound_pool(rng: np.random.Generator, count: int) -> Pool:
    """What is on a line besides speech, 10 s each; the "speaker" is the kind: 0 music, 1 ringing, 2 tones, 3 noise."""
    kinds = (line.hold_music, line.ring_tone, line.tones, line.noise)
    return Pool.of_clips([[resample_poly(make(rng, 10_000), 1, 2) for _ in range(count)] for make in kinds])


def main() -> None:
    """Build the pools."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="a folder with a folder of FLAC clips and transcripts.csv per voice")
    options = parser.parse_args()
    folders = sorted(p.parent for p in options.real.glob("*/transcripts.csv")) if options.real else []
    for name, split, numbers in (
        ("train", "train", range(PSEUDO_SPEAKERS_PER_VOICE)),
        ("calibration", "train", range(PSEUDO_SPEAKERS_PER_VOICE, PSEUDO_SPEAKERS_PER_VOICE + 4)),
        ("test", "test", range(1)),
    ):
        clips = spoken_pool(split, texts_of(folders, split, 2000), numbers, SENTENCES_PER_SPEAKER)
        if name == "train":
            for folder in folders:
                own = real_clips(folder, held_out=False)
                clips += [own if factor == 1 else raised(own, factor) for factor in (1, 0.82, 0.9, 1.12, 1.22)]
        pool = Pool.of_clips(clips)
        pool.save(BUILD / f"{name}.npz")
        print(f"{name}: {pool.speakers} speakers, {len(pool.first)} clips, {len(pool.samples) / 8000 / 3600:.2f} h")
    for number, folder in enumerate(folders):
        Pool.of_clips([real_clips(folder, held_out=True)]).save(BUILD / f"real{number}.npz")
    sound_pool(np.random.default_rng([SEED, 9]), 60).save(BUILD / "sounds.npz")


if __name__ == "__main__":
    main()
