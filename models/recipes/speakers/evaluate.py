"""Measure a speaker folder as the product uses it, and write the scores into its card.json.

Diarization error (missed speech, false alarm and confusion as shares of the time spoken): no collar, overlap counted,
the number of speakers unknown. Calls may have one to three speakers as in the product; meetings and the sample up to
eight.
Nothing was tuned to the real recordings.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"

import numpy as np
import torch
from mixtures import Conversation, conversation, conversations
from pyannote.metrics.diarization import DiarizationErrorRate
from tune import annotation

from callinsight.core.values import Waveform
from callinsight.engines.pyannote import PyannoteDiarizer
from data import BUILD, SEED, Pool, read_audio

Turns = tuple[tuple[int, int, str], ...]
ROOT = Path(__file__).resolve().parents[3]


def rttm(path: Path) -> dict[str, Turns]:
    """Turns per recording of a NIST RTTM file."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    for row in path.read_text(encoding="utf-8").splitlines():
        _, name, _, start, duration, _, _, speaker, *_ = row.split()
        start_ms = round(float(start) * 1000)
        found.setdefault(name, []).append((start_ms, start_ms + round(float(duration) * 1000), speaker))
    return {name: tuple(turns) for name, turns in found.items()}


def meetings(folder: Path, part: str) -> Iterator[Conversation]:
    """The meeting pieces of a part, with their turns."""
    for name, turns in rttm(folder / f"{part}.rttm").items():
        yield Conversation(read_audio(folder / f"{name}.flac"), turns)


def sample() -> Conversation:
    """The half minute that comes with pyannote.audio."""
    folder = Path(str(files("pyannote.audio"))) / "sample"  # importing the sample itself would need FFmpeg
    return Conversation(read_audio(folder / "sample.wav"), next(iter(rttm(folder / "sample.rttm").values())))


def bundled(folder: Path) -> Iterator[Conversation]:
    """The bundled mono calls."""
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        if truth["layout"] == "mono":
            turns = tuple((t["start_ms"], t["end_ms"], t["speaker"]) for t in truth["turns"])
            yield Conversation(read_audio(folder / truth["recording"]), turns)


def between_real_voices(pools: list[Pool], count: int) -> Iterator[Conversation]:
    """Calls out of held-out clips of the real voices, one voice per side."""
    rng = np.random.default_rng([SEED, 41])
    both = Pool.of_clips([[pool.clip(i) for i in range(len(pool.first))] for pool in pools])
    for _ in range(count):
        yield conversation(rng, both, range(len(pools)), int(rng.integers(30_000, 90_001)))


def measure(diarizer: PyannoteDiarizer, calls: Iterable[Conversation]) -> dict[str, float]:
    """Error rate with its parts, share of calls with the right number of speakers, and real-time factor."""
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    right, count, spent_s, heard_s = 0, 0, 0.0, 0.0
    for call in calls:
        begun = time.process_time()
        turns = diarizer.diarize(Waveform(call.samples[None], 16_000)).turns
        spent_s, heard_s = spent_s + time.process_time() - begun, heard_s + len(call.samples) / 16_000
        found = annotation(tuple((t.span.start_ms, t.span.end_ms, t.speaker) for t in turns))
        reference = annotation(call.turns)
        whole = annotation(((0, len(call.samples) // 16, "all"),)).get_timeline()
        metric(reference, found, uem=whole)
        right += len(found.labels()) == len(reference.labels())
        count += 1
    parts = metric[:]
    shares = {name: parts[name] / parts["total"] for name in ("missed detection", "false alarm", "confusion")}
    return {
        "calls": count,
        "der": round(float(abs(metric)), 4),
        **{name.replace(" ", "_"): round(float(share), 4) for name, share in shares.items()},
        "right_number_of_speakers": round(right / count, 3),
        "real_time_factor_one_core": round(spent_s / heard_s, 4),
    }


def main() -> None:
    """Measure and print; with --card also write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "models" / "demo" / "speakers")
    parser.add_argument("--meetings", type=Path, help="a folder of FLAC pieces with test.rttm")
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--card", action="store_true", help="write the scores into card.json of the folder")
    options = parser.parse_args()
    torch.set_num_threads(1)
    call_diarizer = PyannoteDiarizer.load(options.folder)
    meeting_diarizer = PyannoteDiarizer.load(options.folder, max_speakers=8)
    scores = {"test voices": measure(call_diarizer, conversations(2, Pool.load(BUILD / "test.npz"), options.calls))}
    real = [Pool.load(path) for path in sorted(BUILD.glob("real*.npz"))]
    if real:
        scores["real voices, read speech"] = measure(call_diarizer, between_real_voices(real, options.calls // 2))
    if options.meetings:
        scores["meetings, test pieces"] = measure(meeting_diarizer, meetings(options.meetings, "test"))
    scores["sample of pyannote.audio"] = measure(meeting_diarizer, [sample()])
    if (calls := ROOT / "tests" / "data" / "calls").is_dir():
        scores["bundled mono calls"] = measure(call_diarizer, bundled(calls))
    for name, values in scores.items():
        print(name, json.dumps(values))
    if options.card:
        path = options.folder / "card.json"
        card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**card, "scores": scores}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
