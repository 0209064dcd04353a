"""Fit the transform and the PLDA model that VBx groups embeddings with, on speakers that no network was trained on.

The form is that of BUT's VBx recipe (Landini et al., 2022), as pyannote.audio reads it: centre, length-normalise,
project by linear discriminant analysis, centre, length-normalise, then a two-covariance model whose axes are turned so
that the spread within a speaker is 1 and that between speakers is `psi`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import folder
import numpy as np
import torch
from mixtures import Chunks, make_chunks
from numpy.typing import NDArray
from pyannote.audio import Model
from scipy.linalg import eigh
from train_embedding import Batches

from data import BUILD, Pool

Matrix = NDArray[np.float64]

DIMENSIONS = 48


def embeddings(model: Model, chunks: Chunks, size: int = 25) -> tuple[Matrix, NDArray[np.int64]]:
    """Of every speaker that is alone for long enough in a chunk: [item, 256], and who it is."""
    batches, found, who = Batches(chunks), [], []
    for first in range(0, len(chunks.active), size):
        fbank, chunk, masks, speaker = batches.take(np.arange(first, min(first + size, len(chunks.active))))
        with torch.inference_mode():
            frames = model.resnet.forward_frames(fbank.clone())
            found.append(model.resnet.forward_embedding(frames[chunk], weights=masks)[1].numpy())
        who.append(speaker.numpy())
    return np.concatenate(found).astype(np.float64), np.concatenate(who)


def covariances(items: Matrix, who: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """Within and between speakers, each [dimension, dimension]."""
    names = np.unique(who)
    means = np.stack([items[who == name].mean(axis=0) for name in names])
    within_items = items - means[np.searchsorted(names, who)]
    within = within_items.T @ within_items / max(1, len(items) - len(names))
    between = np.cov(means.T) - within * len(names) / len(items)  # a mean of few items carries noise of its own
    return within, between


def _unit(items: Matrix) -> Matrix:
    return items / np.linalg.norm(items, axis=1, keepdims=True)


def fit(items: Matrix, who: NDArray[np.int64], dimensions: int) -> tuple[dict[str, Matrix], dict[str, Matrix]]:
    """The arrays of xvec_transform.npz and of plda.npz."""
    size = items.shape[1]
    mean1 = items.mean(axis=0)
    centred = np.sqrt(size) * _unit(items - mean1)
    within, between = covariances(centred, who)
    within += np.eye(size) * np.trace(within) / size * 0.01
    lda = eigh(between, within)[1][:, ::-1][:, :dimensions]
    projected = centred @ lda
    mean2 = projected.mean(axis=0)
    latent = np.sqrt(dimensions) * _unit(projected - mean2)
    within, between = covariances(latent, who)
    within += np.eye(dimensions) * np.trace(within) / dimensions * 0.001
    psi, axes = eigh(between, within)
    psi = np.maximum(psi[::-1], 1e-3)
    return (
        {"mean1": mean1, "mean2": mean2, "lda": lda},
        {"mu": latent.mean(axis=0), "tr": np.ascontiguousarray(axes[:, ::-1].T), "psi": psi},
    )


def equal_error_rate(items: Matrix, who: NDArray[np.int64], rng: np.random.Generator) -> float:
    """Of telling pairs of the same speaker from pairs of different ones by cosine."""
    first, second = rng.integers(len(items), size=(2, 400_000))
    cosine = (_unit(items)[first] * _unit(items)[second]).sum(axis=1)
    same = (who[first] == who[second]) & (first != second)
    own, other = np.sort(cosine[same]), np.sort(cosine[who[first] != who[second]])
    thresholds = np.quantile(other, np.linspace(0.5, 1, 1000))
    missed = np.searchsorted(own, thresholds) / len(own)
    accepted = 1 - np.searchsorted(other, thresholds) / len(other)
    return float(missed[np.argmin(np.abs(missed - accepted))])


def main() -> None:
    """Fit on the calibration pool and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=BUILD / "folder")
    parser.add_argument("--chunks", type=int, default=2_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = Model.from_pretrained(options.folder / "embedding").eval()
    sounds = Pool.load(BUILD / "sounds.npz")
    items, who = embeddings(model, make_chunks(Pool.load(BUILD / "calibration.npz"), sounds, options.chunks, 200))
    transform, plda = fit(items, who, DIMENSIONS)
    folder.save_plda(options.folder / "plda", transform, plda)
    rng = np.random.default_rng(0)
    print(f"{len(items)} embeddings of {len(np.unique(who))} speakers; psi {np.round(plda['psi'][:6], 2)}")
    print(f"equal error rate on these speakers: {equal_error_rate(items - items.mean(axis=0), who, rng):.3f}")


if __name__ == "__main__":
    main()
