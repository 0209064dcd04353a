"""A pool out of recordings with ground truth, instead of voices made on the spot: for a miniature, or for real calls.

python models/recipes/speech/recordings.py tests/data/calls build/miniature --count 10
python models/recipes/speech/train.py --phase short --minutes 1 --miniature --processes 1 --folder build/miniature
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import decode_audio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech.data import FRAME, LONGEST_MS, Passage, Pool, Samples, Utterance, log_mel


def _stretches(truth: dict[str, Any], channel: int, longest_ms: int) -> Iterator[tuple[Utterance, ...]]:
    """Runs of turns on one channel that last at most `longest_ms`; turns that last longer are left out."""
    run: list[Utterance] = []
    for turn in truth["turns"]:
        if turn["channel"] != channel or not turn["words"]:
            continue
        said = Utterance(tuple((w["text"], w["start_ms"], w["end_ms"]) for w in turn["words"]))
        if run and said.end_ms - run[0].start_ms > longest_ms - 500:
            yield tuple(run)
            run = []
        if said.end_ms - said.start_ms < longest_ms - 500:
            run.append(said)
    if run:
        yield tuple(run)


def clips_of(truth: Path, longest_ms: int) -> Iterator[tuple[Samples, tuple[Utterance, ...]]]:
    """Sound of every stretch of turns of a recording, float32 [n], with its utterances in times of its own."""
    told = json.loads(truth.read_text(encoding="utf-8"))
    sound = truth.parent.parent / told["recording"]
    stereo = told["layout"] == "stereo"
    channels = decode_audio(str(sound), split_stereo=True) if stereo else (decode_audio(str(sound)),)
    for channel, samples in enumerate(channels):
        for run in _stretches(told, channel, longest_ms):
            first_ms = max(0, run[0].start_ms - 200) // 10 * 10
            last_ms = run[-1].end_ms + 200
            moved = tuple(Utterance(tuple((w, a - first_ms, b - first_ms) for w, a, b in u.words)) for u in run)
            yield samples[first_ms * FRAME // 10 : last_ms * FRAME // 10], moved


def pool_of(folder: Path, count: int) -> Pool:
    """A pool of the first `count` recordings of a folder whose `truth` folder tells what is said when.

    Raises FileNotFoundError when the folder holds no such recording.
    """
    mels, passages, frames = [], [], 0
    for truth in sorted((folder / "truth").glob("*.json"))[:count]:
        for samples, utterances in clips_of(truth, LONGEST_MS):
            mel = log_mel(np.ascontiguousarray(samples, np.float32))
            passages.append(Passage(frames, len(mel), utterances))
            mels.append(mel)
            frames += len(mel)
    if not mels:
        raise FileNotFoundError(f"no recordings with ground truth in {folder.name}")
    return Pool(np.concatenate(mels), tuple(passages))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--copies", type=int, default=1, help="under so many names: training draws from it as often")
    options = parser.parse_args()
    pool = pool_of(options.folder, options.count)
    for number in range(options.copies):
        pool.save(options.out / f"train-recordings-{number + 1}")
    print(f"{len(pool.passages)} passages, {len(pool.mel) / 6000:.1f} minutes")


if __name__ == "__main__":
    main()
