"""Write a checkpoint as the folder that faster-whisper reads: CTranslate2, int8, with Whisper's full vocabulary.

    python models/recipes/speech/export.py build/speech/long.pt models/demo/speech

The order of Whisper's multilingual vocabulary is kept (50,257 text tokens, then the special ones, then 1,501
timestamps), so that every part of faster-whisper finds its tokens. Our 1,000 pieces come first; the tokens that were
never trained get a bias that keeps them from being chosen.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from ctranslate2.converters.transformers import WhisperLoader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor, nn
from transformers import WhisperConfig, WhisperForConditionalGeneration

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech.model import (
    ALIGNMENT_HEADS,
    DUTCH,
    END,
    FIRST_TIMESTAMP,
    MEL_BINS,
    NO_SPEECH,
    NO_TIMESTAMPS,
    START,
    TEXT_PIECES,
    TIMESTAMP_STEP_MS,
    TIMESTAMPS,
    TRANSCRIBE,
    VOCABULARY,
)
from speech.train import Checkpoint

# The 99 languages in the order of Whisper's tokens (its tokenizer.py).
_LANGUAGES = tuple(
    """
    en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy
    sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo
    uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su
    """.split()  # noqa: SIM905
)
_TEXT_TOKENS = 50_257  # the last of them is the empty string: by it CTranslate2 knows a multilingual model
_NEVER = -10_000.0
_SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{language}|>" for language in _LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
_TIMES = tuple(f"<|{i * 0.02:.2f}|>" for i in range(1501))
_TRAINED = {
    "<|endoftext|>": END,
    "<|startoftranscript|>": START,
    "<|nl|>": DUTCH,
    "<|transcribe|>": TRANSCRIBE,
    "<|nospeech|>": NO_SPEECH,
    "<|notimestamps|>": NO_TIMESTAMPS,
}


def full_vocabulary(pieces: dict[str, int]) -> tuple[str, ...]:
    """51,865 tokens in Whisper's order."""
    by_id = {index: piece for piece, index in pieces.items()}
    text = [by_id.get(i, f"<|unused{i}|>") for i in range(_TEXT_TOKENS - 1)]
    return (*text, "", *_SPECIAL, *_TIMES)


def trained_rows() -> dict[int, int]:
    """Row in the full vocabulary -> row in the compact one, for everything that was trained."""
    special = {_TEXT_TOKENS + _SPECIAL.index(token): row for token, row in _TRAINED.items()}
    step = TIMESTAMP_STEP_MS // 20
    first = _TEXT_TOKENS + len(_SPECIAL)
    times = {first + i * step: FIRST_TIMESTAMP + i for i in range(TIMESTAMPS)}
    return {i: i for i in range(TEXT_PIECES)} | special | times


def expanded(compact: Tensor, tokens: int) -> tuple[Tensor, Tensor]:
    """Embeddings [tokens, width] and projection bias [tokens] for the full vocabulary, out of [1157, width]."""
    if len(compact) != VOCABULARY:
        raise ValueError(f"{len(compact)} embeddings, but the vocabulary has {VOCABULARY}")
    table, bias = torch.zeros(tokens, compact.shape[1]), torch.full((tokens,), _NEVER)
    for row, source in trained_rows().items():
        table[row], bias[row] = compact[source], 0.0
    return table, bias


def whisper(checkpoint: Checkpoint, tokens: int) -> WhisperForConditionalGeneration:
    """The averaged weights inside transformers' own Whisper."""
    shape, end = checkpoint.shape, _TEXT_TOKENS
    config = WhisperConfig(
        vocab_size=tokens,
        num_mel_bins=MEL_BINS,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=4 * shape.width,
        decoder_ffn_dim=4 * shape.width,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=end + 1,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    weights = {
        f"model.{name}": value for name, value in checkpoint.average.items() if not name.startswith("characters")
    }
    table, bias = expanded(weights["model.decoder.embed_tokens.weight"], tokens)
    model.load_state_dict(weights | {"model.decoder.embed_tokens.weight": table, "proj_out.weight": table})
    model.proj_out.bias = nn.Parameter(bias)
    # Nothing is suppressed at the start: an empty transcript is the right answer to music and silence.
    model.generation_config.suppress_tokens = []
    model.generation_config.begin_suppress_tokens = []
    model.generation_config.alignment_heads = [list(head) for head in ALIGNMENT_HEADS]
    first = _TEXT_TOKENS + _SPECIAL.index("<|en|>")
    model.generation_config.lang_to_id = {f"<|{name}|>": first + i for i, name in enumerate(_LANGUAGES)}
    return model


def tokenizer(pieces: Tokenizer, vocabulary: tuple[str, ...]) -> Tokenizer:
    """The same pieces and joins, with all other tokens of the vocabulary beside them."""
    joins = json.loads(pieces.to_str())["model"]["merges"]
    full = Tokenizer(
        models.BPE(
            vocab={token: i for i, token in enumerate(vocabulary) if token},
            merges=[tuple(join) if isinstance(join, list) else tuple(join.split(" ")) for join in joins],
        )
    )
    full.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    full.decoder = decoders.ByteLevel()
    full.add_special_tokens([AddedToken(token, special=True) for token in _SPECIAL])
    full.add_tokens([AddedToken(token) for token in _TIMES])
    return full


def export(checkpoint: Checkpoint, folder: Path) -> None:
    """Write model.bin, config.json, vocabulary.json, tokenizer.json and preprocessor_config.json."""
    pieces = Tokenizer.from_str(checkpoint.pieces)
    vocabulary = full_vocabulary(pieces.get_vocab())
    model = whisper(checkpoint, len(vocabulary))
    loader = WhisperLoader()
    spec = loader.get_model_spec(model)
    loader.set_config(spec.config, model, None)
    spec.register_vocabulary(list(vocabulary))
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    tokenizer(pieces, vocabulary).save(str(folder / "tokenizer.json"), pretty=False)
    features = {
        "feature_size": MEL_BINS,
        "sampling_rate": 16_000,
        "hop_length": 160,
        "chunk_length": 30,
        "n_fft": 400,
        "nb_max_frames": 3000,
        "n_samples": 480_000,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(features, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    checkpoint = Checkpoint.load(options.checkpoint)
    export(checkpoint, options.folder)
    card = {"name": "speech", "recipe": "models/recipes/speech", "phases": checkpoint.history, "scores": {}}
    (options.folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in options.folder.iterdir())
    print(f"{options.folder}: {size / 1e6:.1f} MB; trained: {checkpoint.history}")


if __name__ == "__main__":
    main()
