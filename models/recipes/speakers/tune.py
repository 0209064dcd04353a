"""Choose the parameters of the pipeline on calls between speakers that no network was trained on, and write them.

Segmentation and embeddings of the calls are computed once; grouping them is quick, so a grid is tried in full.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"

import folder
import torch
from mixtures import Conversation, call_files, conversations, recorded_conversation
from pyannote.audio import Pipeline
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

from data import BUILD, Pool

THRESHOLDS = (0.6, 0.7, 0.8, 0.9)
FA = (0.05, 0.1, 0.2, 0.4)
FB = (0.5, 1.0, 2.0, 4.0)
MIN_DURATION_OFF = (0.25, 0.0)


def annotation(turns: tuple[tuple[int, int, str], ...]) -> Annotation:
    """As pyannote wants it."""
    found = Annotation(uri="call")
    for number, (start_ms, end_ms, speaker) in enumerate(turns):
        found[Segment(start_ms / 1000, end_ms / 1000), number] = speaker
    return found


def file_of(call: Conversation) -> dict[str, Any]:
    """What the pipeline takes; it also keeps its intermediate results there."""
    return {"waveform": torch.from_numpy(call.samples)[None], "sample_rate": folder.SAMPLE_RATE_HZ, "uri": "call"}


def error_rate(pipeline: Pipeline, files: list[dict[str, Any]], references: list[Annotation]) -> float:
    """Diarization error over all calls together: no collar, overlap counted, one to three speakers allowed."""
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    for file, reference in zip(files, references, strict=True):
        found = pipeline.apply(file, min_speakers=1, max_speakers=3).speaker_diarization
        extent = Segment(0, file["waveform"].shape[1] / folder.SAMPLE_RATE_HZ)
        metric(reference, found, uem=annotation(((0, round(extent.end * 1000), "all"),)).get_timeline())
    return float(abs(metric))


def search(pipeline: Pipeline, calls: list[Conversation]) -> tuple[float, Mapping[str, Mapping[str, float]]]:
    """The lowest error on the grid, and where it lies: grouping first, then the pauses to fill."""
    files, references = [file_of(call) for call in calls], [annotation(call.turns) for call in calls]
    pipeline.training = True
    best: tuple[float, dict[str, dict[str, float]]] = (float("inf"), {})
    for threshold, fa, fb in itertools.product(THRESHOLDS, FA, FB):
        parameters = {
            "segmentation": {"min_duration_off": MIN_DURATION_OFF[0]},
            "clustering": {"threshold": threshold, "Fa": fa, "Fb": fb},
        }
        pipeline.instantiate(parameters)
        rate = error_rate(pipeline, files, references)
        if rate < best[0]:
            best = (rate, parameters)
            print(f"{rate:.3f} {parameters}", flush=True)
    for pause in MIN_DURATION_OFF:
        parameters = {**best[1], "segmentation": {"min_duration_off": pause}}
        pipeline.instantiate(parameters)
        rate = error_rate(pipeline, files, references)
        print(f"{rate:.3f} with pauses up to {pause} s filled", flush=True)
        if rate < best[0]:
            best = (rate, parameters)
    pipeline.training = False
    return best


def main() -> None:
    """Search and write config.yaml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=BUILD / "folder")
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--recordings", type=Path, help="tune on these calls of the train split, mixed to one channel")
    parser.add_argument("--skip", type=int, default=130, help="the first so many, which segmentation was trained on")
    parser.add_argument("--step", type=float, default=0.5, help="hop between chunks as a share of the chunk")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder.save_config(options.folder, folder.FIRST_PARAMETERS, step=options.step)
    pipeline = Pipeline.from_pretrained(options.folder)
    if options.recordings:
        files = call_files(options.recordings)[options.skip :][: options.calls]
        calls = [recorded_conversation(path, truth) for path, truth in files]
    else:
        calls = conversations(1, Pool.load(BUILD / "calibration.npz"), options.calls)
    rate, parameters = search(pipeline, calls)
    folder.save_config(options.folder, parameters, step=options.step)
    print(f"chosen: {rate:.3f} {parameters}")


if __name__ == "__main__":
    main()
