"""Go on training from an exported model: its int8 weights times their scales, as a checkpoint.

    python models/recipes/speech/restore.py models/demo/speech build/speech/bundled.pt

A checkpoint is twice the size of the exported model and is not kept in the repository. What int8 rounding lost comes
back within a few hundred steps; the character classifier, which only training uses, starts anew.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech.export import trained_rows
from speech.model import TEXT_PIECES, VOCABULARY, Shape, SpeechModel
from speech.train import Checkpoint

# CTranslate2's file format, version 6: `ModelSpec._serialize` of its Python package writes it.
_VERSION = 6
_TYPES = ("float32", "int8", "int16", "int32", "float16")


def _number(file: BinaryIO, form: str) -> int:
    return int(struct.unpack(f"<{form}", file.read(struct.calcsize(form)))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H"))[:-1].decode()


def variables(path: Path) -> dict[str, NDArray[np.generic]]:
    """All variables of a CTranslate2 model by name. Raises ValueError for another version, OSError without the file."""
    found: dict[str, NDArray[np.generic]] = {}
    with path.open("rb") as file:
        if _number(file, "I") != _VERSION:
            raise ValueError(f"{path.name} is not a CTranslate2 model of format {_VERSION}")
        _text(file)
        _number(file, "I")
        for _ in range(_number(file, "I")):
            name = _text(file)
            shape = [_number(file, "I") for _ in range(_number(file, "B"))]
            kind = _TYPES[_number(file, "B")]
            found[name] = np.frombuffer(file.read(_number(file, "I")), kind).reshape(shape)
    return found


def _weights(stored: dict[str, NDArray[np.generic]], name: str) -> Tensor:
    """The variable as float32, scaled back when it was quantised row by row."""
    value = stored[name].astype(np.float32)
    scale = stored.get(f"{name}_scale")
    if scale is not None:
        value = value / scale.astype(np.float32).reshape(-1, *(1,) * (value.ndim - 1))
    return torch.from_numpy(value.copy())


def _linear(stored: dict[str, NDArray[np.generic]], name: str) -> tuple[Tensor, Tensor]:
    return _weights(stored, f"{name}/weight"), _weights(stored, f"{name}/bias")


def _norm(stored: dict[str, NDArray[np.generic]], name: str, to: str) -> dict[str, Tensor]:
    return {f"{to}.weight": _weights(stored, f"{name}/gamma"), f"{to}.bias": _weights(stored, f"{name}/beta")}


def _attention(stored: dict[str, NDArray[np.generic]], name: str, to: str) -> dict[str, Tensor]:
    """CTranslate2 joins query, key and value in one matrix; attention on the sound has the query apart."""
    joined = [_linear(stored, f"{name}/linear_{i}") for i in range(3) if f"{name}/linear_{i}/weight" in stored]
    *inward, (out, out_bias) = joined
    queries, keys, values = torch.cat([weight for weight, _ in inward]).chunk(3)
    query_bias, _, value_bias = torch.cat([bias for _, bias in inward]).chunk(3)
    return {
        f"{to}.q_proj.weight": queries,
        f"{to}.q_proj.bias": query_bias,
        f"{to}.k_proj.weight": keys,
        f"{to}.v_proj.weight": values,
        f"{to}.v_proj.bias": value_bias,
        f"{to}.out_proj.weight": out,
        f"{to}.out_proj.bias": out_bias,
    }


def _layer(stored: dict[str, NDArray[np.generic]], name: str) -> dict[str, Tensor]:
    to = name.replace("/layer_", ".layers.")
    weights = _attention(stored, f"{name}/self_attention", f"{to}.self_attn")
    weights |= _norm(stored, f"{name}/self_attention/layer_norm", f"{to}.self_attn_layer_norm")
    weights |= _norm(stored, f"{name}/ffn/layer_norm", f"{to}.final_layer_norm")
    for i in (1, 2):
        weights[f"{to}.fc{i}.weight"], weights[f"{to}.fc{i}.bias"] = _linear(stored, f"{name}/ffn/linear_{i - 1}")
    if f"{name}/attention/linear_0/weight" in stored:
        weights |= _attention(stored, f"{name}/attention", f"{to}.encoder_attn")
        weights |= _norm(stored, f"{name}/attention/layer_norm", f"{to}.encoder_attn_layer_norm")
    return weights


def _compact(table: Tensor) -> Tensor:
    """[51865, width] to [1157, width]: the rows that are in use."""
    compact = torch.zeros(VOCABULARY, table.shape[1])
    for row, source in trained_rows().items():
        compact[source] = table[row]
    return compact


def _pieces(folder: Path) -> str:
    """The tokenizer of training: the first pieces of the exported one, with their joins."""
    model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    pieces = Tokenizer(
        models.BPE(
            vocab={piece: i for piece, i in model["vocab"].items() if i < TEXT_PIECES},
            merges=[tuple(join) if isinstance(join, list) else tuple(join.split(" ")) for join in model["merges"]],
        )
    )
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    return str(pieces.to_str())


def restored(folder: Path) -> Checkpoint:
    """The checkpoint that, exported, gives the model of the folder. Raises OSError and ValueError as `variables`."""
    stored = variables(folder / "model.bin")
    layers = sorted({"/".join(name.split("/")[:2]) for name in stored if "/layer_" in name and name.count("/") > 2})
    shape = Shape(
        width=stored["encoder/conv1/bias"].shape[0],
        heads=int(stored["encoder/num_heads"]),
        encoder_layers=sum(name.startswith("encoder") for name in layers),
        decoder_layers=sum(name.startswith("decoder") for name in layers),
    )
    weights = dict(SpeechModel(shape).state_dict())
    for i in (1, 2):
        weights[f"encoder.conv{i}.weight"], weights[f"encoder.conv{i}.bias"] = _linear(stored, f"encoder/conv{i}")
    for side in ("encoder", "decoder"):
        weights |= _norm(stored, f"{side}/layer_norm", f"{side}.layer_norm")
        weights[f"{side}.embed_positions.weight"] = _weights(stored, f"{side}/position_encodings/encodings")
    weights["decoder.embed_tokens.weight"] = _compact(_weights(stored, "decoder/embeddings/weight"))
    for name in layers:
        weights |= _layer(stored, name)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return Checkpoint(shape, _pieces(folder), weights, weights, list(card["phases"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkpoint", type=Path)
    options = parser.parse_args()
    restored(options.folder).save(options.checkpoint)
    print(f"{options.checkpoint}: {options.checkpoint.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
