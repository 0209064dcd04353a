"""The tagger's network: a small BERT that reads whole calls, with a linear head per level over every turn's pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from corpus import MARKS, OTHER_MARK, LabelledCall
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from torch import nn
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from callinsight.core.packing import Packed, PackOptions, pack_turns
from callinsight.engines.transformers import HEADS_FILE, LABELS_FILE, LEVELS, MARKERS

PACKING = PackOptions()
OPEN = -1.0
"""Target of a label that is neither right nor wrong in a turn."""


@dataclass(frozen=True, slots=True)
class Size:
    """Shape of the encoder."""

    vocabulary: int = 5000
    width: int = 160
    layers: int = 2
    heads: int = 4
    inner: int = 320


def train_tokenizer(texts: Iterable[str], size: Size) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer over normal words; redaction marks and role markers are tokens of their own."""
    own = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *MARKERS.values(), *sorted({*MARKS.values(), OTHER_MARK})]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=60))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size.vocabulary, special_tokens=own, min_frequency=2, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    ids = {name: tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]")}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=list(ids.items())
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=512,
    )  # fmt: skip


def build_encoder(vocabulary: int, size: Size) -> BertModel:
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.inner,
        max_position_embeddings=512,
        hidden_dropout_prob=0.0,  # the misheard words keep it from learning by heart, and dropout is half the time here
        attention_probs_dropout_prob=0.0,
    )
    return BertModel(config, add_pooling_layer=False)


class Network(nn.Module):
    """Encoder and heads. Features of a piece are as in ``callinsight.engines.transformers``."""

    def __init__(self, encoder: BertModel, names: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.encoder = encoder
        width = 3 * encoder.config.hidden_size
        self.heads = nn.ModuleDict({level: nn.Linear(width, len(names[level])) for level in LEVELS})
        for level in ("topics", "facets", "needs", "signals"):
            nn.init.constant_(self.heads[level].bias, -4.0)
        self.dropout = nn.Dropout(0.2)

    def features(self, batch: Batch) -> torch.Tensor:
        """Features of every piece, ``[piece, 3 * width]``."""
        out = self.encoder(input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True)
        last, words = out.last_hidden_state.flatten(0, 1), out.hidden_states[0].flatten(0, 1)
        return torch.cat((_mean(last, batch), _mean(words, batch), last[batch.markers]), dim=1)

    def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
        features = self.features(batch)
        return {level: head(self.dropout(features)) for level, head in self.heads.items()}


def _mean(states: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean of the token states of every piece."""
    total = torch.zeros(len(batch.markers), states.shape[1]).index_add(0, batch.owners, states[batch.tokens])
    return total / torch.bincount(batch.owners, minlength=len(batch.markers)).clamp(min=1).unsqueeze(1)


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls as tensors. ``tokens`` are places in the flattened ``ids`` and ``owners`` the piece each belongs to;
    ``markers`` is the place of every piece's role marker, ``call_of`` its call."""

    ids: torch.Tensor
    mask: torch.Tensor
    tokens: torch.Tensor
    owners: torch.Tensor
    markers: torch.Tensor
    targets: Mapping[str, torch.Tensor]
    call_of: torch.Tensor
    agent: torch.Tensor
    caller: torch.Tensor
    outcomes: torch.Tensor


class Batcher:
    """Makes batches of labelled calls."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, names: Mapping[str, Sequence[str]]) -> None:
        self.tokenizer = tokenizer
        self.names = {level: tuple(names[level]) for level in LEVELS}
        self.column = {level: {name: i for i, name in enumerate(names[level])} for level in LEVELS}
        self.markers = {role: tokenizer.convert_tokens_to_ids(name) for role, name in MARKERS.items()}

    def make(self, calls: Sequence[LabelledCall]) -> Batch:
        texts = [turn.text for call in calls for turn in call.turns]
        tokens = iter(self.tokenizer(texts, add_special_tokens=False)["input_ids"])
        packed: list[tuple[int, Packed]] = []
        for number, call in enumerate(calls):
            said = [(turn.role, next(tokens)) for turn in call.turns]
            packed += [(number, one) for one in pack_turns(said, self.markers, self.tokenizer.cls_token_id, PACKING)]
        return self._tensors(calls, packed)

    def _tensors(self, calls: Sequence[LabelledCall], packed: Sequence[tuple[int, Packed]]) -> Batch:
        longest = max(len(one.tokens) for _, one in packed)
        ids = torch.zeros(len(packed), longest, dtype=torch.long)
        mask = torch.zeros(len(packed), longest)
        tokens, owners, markers, call_of, turn_of = [], [], [], [], []
        for row, (number, one) in enumerate(packed):
            ids[row, : len(one.tokens)] = torch.tensor(one.tokens)
            mask[row, : len(one.tokens)] = 1.0
            for piece in one.pieces:
                if piece.repeated:
                    continue
                tokens += range(row * longest + piece.start, row * longest + piece.end)
                owners += [len(markers)] * (piece.end - piece.start)
                markers.append(row * longest + piece.start - 1)
                call_of.append(number)
                turn_of.append(piece.turn)
        turns = [calls[c].turns[t] for c, t in zip(call_of, turn_of, strict=True)]
        targets = {level: self._targets(level, turns) for level in LEVELS if level != "outcomes"}
        outcomes = torch.tensor([self.column["outcomes"][call.outcome] for call in calls])
        agent = torch.tensor([turn.role in ("agent", "unknown") for turn in turns])
        caller = torch.tensor([turn.role in ("caller", "unknown") for turn in turns])
        return Batch(
            ids, mask, torch.tensor(tokens), torch.tensor(owners), torch.tensor(markers), targets,
            torch.tensor(call_of), agent, caller, outcomes,
        )  # fmt: skip

    def _targets(self, level: str, turns: Sequence[object]) -> torch.Tensor:
        found = np.zeros((len(turns), len(self.names[level])), dtype=np.float32)
        column = self.column[level]
        for row, turn in enumerate(turns):
            if not (turn.needs_judged if level == "needs" else turn.judged) and level != "signals":
                found[row] = OPEN
            for name in getattr(turn, level):
                if name in column:
                    found[row, column[name]] = 1.0
        return torch.from_numpy(found)


def loss(logits: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
    """Sum over levels: binary cross-entropy per turn, and the outcome's cross-entropy pooled over an agent's turns."""
    total = torch.zeros(())
    for level, target in batch.targets.items():
        each = nn.functional.binary_cross_entropy_with_logits(logits[level], target.clamp(min=0.0), reduction="none")
        total = total + (each * (target >= 0.0)).sum() / len(target)
    return total + 0.3 * nn.functional.cross_entropy(pooled_outcomes(logits["outcomes"], batch), batch.outcomes)


def pooled_outcomes(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Logarithm of summed exponentials over the agent's turns of each call, ``[call, outcome]``."""
    pooled = []
    for number in range(len(batch.outcomes)):
        own = logits[(batch.call_of == number) & batch.agent]
        pooled.append(torch.logsumexp(own, 0) if len(own) else torch.zeros(logits.shape[1]))
    return torch.stack(pooled)


def read_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of an earlier run."""
    return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)


def warm(network: Network, folder: Path, names: Mapping[str, Sequence[str]]) -> None:
    """Fills the network with what an earlier run learned; labels it did not know keep their fresh weights."""
    earlier = BertModel.from_pretrained(
        str(folder), local_files_only=True, dtype=torch.float32, add_pooling_layer=False
    )
    network.encoder.load_state_dict(earlier.state_dict())
    known = json.loads((folder / LABELS_FILE).read_text(encoding="utf-8"))["levels"]
    arrays = load_file(folder / HEADS_FILE)
    with torch.no_grad():
        for level, head in network.heads.items():
            for row, name in enumerate(known[level]["names"]):
                if name in names[level]:
                    head.weight[names[level].index(name)] = arrays[f"{level}.weight"][row].float()
                    head.bias[names[level].index(name)] = arrays[f"{level}.bias"][row].float()


def save(
    folder: Path, network: Network, tokenizer: PreTrainedTokenizerFast, levels: Mapping[str, object], version: str
) -> None:
    """Writes the encoder in half precision, the tokenizer, the heads and the labels with their thresholds."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    encoder = build_encoder(network.encoder.config.vocab_size, Size(
        network.encoder.config.vocab_size, network.encoder.config.hidden_size,
        network.encoder.config.num_hidden_layers, network.encoder.config.num_attention_heads,
        network.encoder.config.intermediate_size,
    ))  # fmt: skip
    encoder.load_state_dict(network.encoder.state_dict())
    encoder.half().save_pretrained(folder)
    heads = {}
    for level, head in network.heads.items():
        heads[f"{level}.weight"] = head.weight.detach().half().contiguous()
        heads[f"{level}.bias"] = head.bias.detach().half().contiguous()
    save_file(heads, folder / HEADS_FILE)
    spec = {"version": 1, "taxonomy_version": version, "packing": asdict(PACKING), "levels": levels}
    (folder / LABELS_FILE).write_text(json.dumps(spec, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
