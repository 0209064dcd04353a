"""The speech model: the layout of Whisper, small enough to train on two cores.

Parameter names are those of `transformers.WhisperForConditionalGeneration`, so that export is a plain copy. While it
trains, the vocabulary is compact: text pieces, a few special tokens, and one timestamp per 0.2 s instead of 0.02 s.
"""

from __future__ import annotations

import dataclasses
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TEXT_PIECES = 1000
END, START, DUTCH, TRANSCRIBE, NO_TIMESTAMPS, NO_SPEECH = range(TEXT_PIECES, TEXT_PIECES + 6)
FIRST_TIMESTAMP = TEXT_PIECES + 6
TIMESTAMP_STEP_MS = 200
TIMESTAMPS = 30_000 // TIMESTAMP_STEP_MS + 1
VOCABULARY = FIRST_TIMESTAMP + TIMESTAMPS

MEL_BINS = 80
FRAME_MS = 10  # of the mel features; the encoder gives one vector per two frames
MAX_FRAMES = 3000
MAX_TOKENS = 448

# Characters of the helper loss; 0 is its blank.
CHARACTERS = " abcdefghijklmnopqrstuvwxyzé"

# (layer, head) of the decoder whose attention is taught to lie on the spoken word: they give the word times.
ALIGNMENT_HEADS = ((1, 0), (1, 1))


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network."""

    width: int = 192
    heads: int = 3
    encoder_layers: int = 4
    decoder_layers: int = 2


class Attention(nn.Module):
    """Multi-head attention of Whisper: no bias on the keys."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, source: Tensor, causal: bool = False) -> Tensor:
        """[batch, to, width] attends to [batch, from, width]."""
        q, k, v = self._split(self.q_proj(x)), self._split(self.k_proj(source)), self._split(self.v_proj(source))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out_proj(out.transpose(1, 2).flatten(2))

    def with_scores(self, x: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, and the attention's logarithm [batch, heads, to, from]."""
        q, k, v = self._split(self.q_proj(x)), self._split(self.k_proj(source)), self._split(self.v_proj(source))
        log_weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).float().log_softmax(-1)
        out = log_weights.exp().to(v.dtype) @ v
        return self.out_proj(out.transpose(1, 2).flatten(2)), log_weights


class EncoderLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(shape.width, shape.heads)
        self.self_attn_layer_norm = nn.LayerNorm(shape.width)
        self.fc1 = nn.Linear(shape.width, 4 * shape.width)
        self.fc2 = nn.Linear(4 * shape.width, shape.width)
        self.final_layer_norm = nn.LayerNorm(shape.width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.self_attn_layer_norm(x)
        x = x + self.self_attn(y, y)
        return x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x))))


class DecoderLayer(EncoderLayer):
    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.encoder_attn = Attention(shape.width, shape.heads)
        self.encoder_attn_layer_norm = nn.LayerNorm(shape.width)

    def decode(self, x: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, tokens, width], and the logarithm of the attention on the sound [batch, heads, tokens, frames]."""
        y = self.self_attn_layer_norm(x)
        x = x + self.self_attn(y, y, causal=True)
        attended, log_weights = self.encoder_attn.with_scores(self.encoder_attn_layer_norm(x), heard)
        x = x + attended
        return x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x)))), log_weights


def _sinusoids(length: int, width: int) -> Tensor:
    """The fixed positions of Whisper's encoder [length, width]: sines, then cosines."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Encoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MEL_BINS, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(MAX_FRAMES // 2, shape.width)
        self.embed_positions.weight.requires_grad_(False)
        self.layers = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)

    def forward(self, mel: Tensor) -> Tensor:
        """[batch, 80, frames] to [batch, frames / 2, width]."""
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.embed_positions.weight[: x.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.layer_norm(x)


class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCABULARY, shape.width)
        self.embed_positions = nn.Embedding(MAX_TOKENS, shape.width)
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)

    def forward(self, tokens: Tensor, heard: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[batch, tokens] to logits [batch, tokens, vocabulary], and the attention on the sound of every layer."""
        x = self.embed_tokens(tokens) + self.embed_positions.weight[: tokens.shape[1]]
        attention = []
        for layer in self.layers:
            x, log_weights = layer.decode(x, heard)
            attention.append(log_weights)
        return F.linear(self.layer_norm(x), self.embed_tokens.weight), attention


class SpeechModel(nn.Module):
    """Encoder and decoder as in Whisper, and a character classifier over the encoder that only training uses."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.encoder = Encoder(self.shape)
        self.decoder = Decoder(self.shape)
        self.characters = nn.Linear(self.shape.width, len(CHARACTERS) + 1)
        self._initialise()

    def _initialise(self) -> None:
        """Kaiming for convolutions, Xavier for the rest: with Whisper's own 0.02 the positions drown a small model."""
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
        self.encoder.embed_positions.weight.data.copy_(_sinusoids(MAX_FRAMES // 2, self.shape.width))
