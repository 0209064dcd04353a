"""The two networks, and how they are written as a folder that pyannote.audio loads by itself.

Segmentation is pyannote's `PyanNet` in powerset form. The speaker embedding is a narrow ResNet of one block per stage,
written as the `WeSpeakerResNet34` it is a special case of: the channels and blocks that it lacks are zeros, and a
residual block of zeros passes its input on. So pyannote needs nothing of this project to load the folder.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # must be said before the import below

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from pyannote.audio import Model
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding.wespeaker import WeSpeakerResNet34
from pyannote.audio.models.embedding.wespeaker.resnet import BasicBlock, ResNet
from pyannote.audio.models.segmentation import PyanNet

SAMPLE_RATE_HZ = 16_000
CHUNK_MS = 5_000
CHUNK_SAMPLES = SAMPLE_RATE_HZ * CHUNK_MS // 1000
LOCAL_SPEAKERS = 3
SIMULTANEOUS_SPEAKERS = 2
MEL_BINS = 32
FRAME_SHIFT_MS = 20
NARROW_CHANNELS = 16
EMBEDDING_SIZE = 256  # fixed by WeSpeakerResNet34
LOWEST_HZ, HIGHEST_HZ = 100.0, 3_900.0  # nothing of a telephone line lies outside

FIRST_PARAMETERS = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8},
}


def learning_rate(progress: float) -> float:
    """Share of the peak rate at `progress` in [0, 1]: a short rise, then half a cosine down to 3 %."""
    return min(1.0, 0.02 + progress / 0.04) * (0.03 + 0.97 * math.cos(math.pi / 2 * min(1.0, progress)) ** 2)


def segmentation_model() -> PyanNet:
    """An untrained PyanNet of about 0.4 M weights: float32 [batch, 1, sample] to log probabilities [batch, frame, 7].

    A frame is 34 ms. The band-pass filters are spread over the telephone band and stay as they are.
    """
    model = PyanNet(
        sincnet={"stride": 20},
        lstm={"hidden_size": 96, "num_layers": 2, "bidirectional": True, "monolithic": True, "dropout": 0.0},
        linear={"hidden_size": 96, "num_layers": 1},
    )
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=CHUNK_MS / 1000,
        classes=[f"speaker#{number + 1}" for number in range(LOCAL_SPEAKERS)],
        powerset_max_classes=SIMULTANEOUS_SPEAKERS,
        permutation_invariant=True,
    )
    model.build()
    _spread_filters(model)
    fix_filters(model)
    return model


def fix_filters(model: PyanNet) -> None:
    """Let no training change the band-pass filters."""
    for parameter in (*model.sincnet.conv1d[0].parameters(), *model.sincnet.wav_norm1d.parameters()):
        parameter.requires_grad = False


def _spread_filters(model: PyanNet) -> None:
    bank = model.sincnet.conv1d[0].filterbank
    mel = np.linspace(bank.to_mel(LOWEST_HZ), bank.to_mel(HIGHEST_HZ), bank.low_hz_.shape[0] + 1)
    edges = torch.tensor(bank.to_hz(mel), dtype=torch.float32)
    with torch.no_grad():
        bank.low_hz_.copy_((edges[:-1] - bank.min_low_hz)[:, None])
        bank.band_hz_.copy_((torch.diff(edges) - bank.min_band_hz).clamp(min=1.0)[:, None])


def embedding_core() -> ResNet:
    """An untrained narrow ResNet: `forward_frames` takes [batch, frame, MEL_BINS]."""
    return ResNet(
        BasicBlock,
        [1, 1, 1, 1],
        m_channels=NARROW_CHANNELS,
        feat_dim=MEL_BINS,
        embed_dim=EMBEDDING_SIZE,
        two_emb_layer=False,
    )


def feature_model() -> WeSpeakerResNet34:
    """The model that computes the features (`compute_fbank`) and holds the widened network."""
    model = WeSpeakerResNet34(num_mel_bins=MEL_BINS, frame_shift=FRAME_SHIFT_MS)
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=CHUNK_MS / 1000
    )
    return model.eval()


def widen(core: ResNet) -> WeSpeakerResNet34:
    """The same function as `core`, as a WeSpeakerResNet34."""
    model = feature_model()
    narrow = core.state_dict()
    with torch.no_grad():
        for name, target in model.resnet.state_dict().items():
            if name.endswith("running_var"):
                target.fill_(1.0)
            else:
                target.zero_()
            if name == "seg_1.weight":
                _widen_columns(target, narrow[name])
            elif name in narrow:
                source = narrow[name]
                target[tuple(slice(0, size) for size in source.shape)] = source
    return model


def _widen_columns(target: torch.Tensor, source: torch.Tensor) -> None:
    """Pooling puts out [mean or deviation, channel, frequency], flattened: copy into the first channels of each."""
    bands = MEL_BINS // 8
    wide = target.view(EMBEDDING_SIZE, 2, -1, bands)
    narrow = source.view(EMBEDDING_SIZE, 2, -1, bands)
    wide[:, :, : narrow.shape[2]] = narrow


def _compact(tensor: torch.Tensor) -> torch.Tensor:
    """Half precision; a tensor of one repeated value is stored as that value."""
    if not tensor.is_floating_point():
        return tensor.clone()
    tensor = tensor.detach().half()
    if tensor.numel() > 1 and bool((tensor == tensor.flatten()[0]).all()):
        return tensor.flatten()[:1].clone().expand(tensor.shape)
    return tensor.clone()


def save_model(model: Model, folder: Path) -> None:
    """Write `pytorch_model.bin` as pyannote's `Model.from_pretrained` wants it. Holds no optimiser and no paths."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint: dict[str, Any] = {
        "state_dict": {name: _compact(value) for name, value in model.state_dict().items()},
        "hyper_parameters": _plain(model.hparams),
        "pytorch-lightning_version": "2.0.0",
        "epoch": 0,
        "global_step": 0,
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "pytorch_model.bin")


def _plain(value: Any) -> Any:
    return {str(key): _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def save_plda(
    folder: Path, transform: Mapping[str, NDArray[np.float64]], plda: Mapping[str, NDArray[np.float64]]
) -> None:
    """Write `xvec_transform.npz` (mean1, mean2, lda) and `plda.npz` (mu, tr, psi), as VBx reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "xvec_transform.npz", **{name: np.asarray(a, np.float32) for name, a in transform.items()})
    np.savez(folder / "plda.npz", **{name: np.asarray(a, np.float64) for name, a in plda.items()})


def save_config(folder: Path, parameters: Mapping[str, Mapping[str, float]], *, step: float = 0.25) -> None:
    """Write `config.yaml`. `step` is the hop between chunks as a share of the chunk."""
    config = {
        "dependencies": {"pyannote.audio": "4.0.0"},
        "pipeline": {
            "name": "pyannote.audio.pipelines.SpeakerDiarization",
            "params": {
                "clustering": "VBxClustering",
                "segmentation": "$model/segmentation",
                "segmentation_step": step,
                "segmentation_batch_size": 16,
                "embedding": "$model/embedding",
                "embedding_batch_size": 16,
                "embedding_exclude_overlap": True,
                "plda": "$model/plda",
            },
        },
        "params": {block: dict(values) for block, values in parameters.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
