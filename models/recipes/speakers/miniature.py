"""The whole recipe in less than a minute, on buzzing voices made up here: every step still learns and runs.

`python models/recipes/speakers/miniature.py FOLDER` leaves a pyannote folder in FOLDER and prints the losses as JSON.
The folder separates nobody: it has hardly been trained.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import fit_plda
import folder
import numpy as np
import torch
import train_embedding
import train_segmentation
from mixtures import conversations, make_chunks
from numpy.typing import NDArray
from pyannote.audio import Model, Pipeline
from scipy.signal import lfilter
from tune import annotation, error_rate, file_of

from data import POOL_RATE_HZ, Pool, sound_pool

VOICES = 12
CHUNKS = 100
STEPS = 40


def buzz(
    rng: np.random.Generator, pitch_hz: float, formants_hz: NDArray[np.float64], seconds: float
) -> NDArray[np.float32]:
    """A pulse train of wandering pitch through resonances, syllable by syllable: [n] at 8 kHz."""
    length = int(seconds * POOL_RATE_HZ)
    wander = 1 + 0.1 * np.interp(np.linspace(0, 8, length), np.arange(9), rng.normal(0, 1, 9))
    sound = np.diff(np.floor(np.cumsum(pitch_hz * wander / POOL_RATE_HZ)), prepend=0.0)
    for hz in formants_hz * rng.uniform(0.93, 1.07, len(formants_hz)):
        radius = np.exp(-np.pi * 120 / POOL_RATE_HZ)
        sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * hz / POOL_RATE_HZ), radius**2], sound)
    syllables = np.abs(np.sin(np.pi * np.arange(length) / POOL_RATE_HZ * rng.uniform(3, 5)))
    sound *= syllables
    return (0.08 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)


def buzzing_pool(rng: np.random.Generator) -> Pool:
    """Clips of 0.5 to 3 s of VOICES voices."""
    voices = [(rng.uniform(80, 250), np.array([500, 1500, 2500]) * rng.uniform(0.75, 1.3)) for _ in range(VOICES)]
    return Pool.of_clips([[buzz(rng, f0, formants, s) for s in rng.uniform(0.5, 3, 8)] for f0, formants in voices])


def main() -> None:
    """Run all steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    pool, sounds = buzzing_pool(rng), sound_pool(rng, 3)
    chunks, validation = make_chunks(pool, sounds, CHUNKS, 1), make_chunks(pool, sounds, 20, 2)
    segmentation, segmentation_losses = train_segmentation.train(chunks, validation, STEPS, 5.0, report=STEPS // 4)
    core, embedding_losses = train_embedding.train(chunks, STEPS, 5.0, report=STEPS // 4)
    folder.save_model(segmentation, options.out / "segmentation")
    folder.save_model(folder.widen(core), options.out / "embedding")
    model = Model.from_pretrained(options.out / "embedding").eval()
    folder.save_plda(options.out / "plda", *fit_plda.fit(*fit_plda.embeddings(model, chunks), dimensions=8))
    folder.save_config(options.out, folder.FIRST_PARAMETERS, step=0.5)
    call = conversations(3, pool, 1)[0]
    rate = error_rate(Pipeline.from_pretrained(options.out), [file_of(call)], [annotation(call.turns)])
    print(json.dumps({"segmentation": segmentation_losses, "embedding": embedding_losses, "error_rate": rate}))


if __name__ == "__main__":
    main()
