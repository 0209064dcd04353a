"""The network: a small BERT that says of every piece of a word whether it belongs to a person's name.

The tokenizer writes a capital as a small letter with a mark before it, so that "Jansen" and "jansen" share their
pieces and what a capital tells is not lost.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast
from writing import NAME, OPEN, Line

from callinsight.engines.names import WINDOW_TOKENS, row_of
from callinsight.engines.scorers import MARKERS

LABELS = ("O", "B-PER", "I-PER")
_IGNORED = -100
_CAPITAL = "▲"
_CAPITALS = string.ascii_uppercase + "ÁÀÄÂÃÅĄĆČÇĐÉÈËÊĘĞÍÌÏÎİŁŃÑÓÒÖÔÕØŚŠŞÚÙÜÛÝŹŻŽ"


@dataclass(frozen=True, slots=True)
class Size:
    """Shape of the network."""

    vocabulary: int = 4000
    width: int = 160
    layers: int = 3
    heads: int = 4
    inner: int = 480


def train_tokenizer(texts: Iterable[str], size: Size) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer over small letters, punctuation apart, with a mark for a capital at the start of a word."""
    own = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *MARKERS.values(), _CAPITAL]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=60))
    marked = [
        normalizers.Replace(Regex(rf"(?<![\p{{L}}\p{{N}}]){one}"), f"{_CAPITAL}{one.lower()}") for one in _CAPITALS
    ]
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), *marked, normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Split(_CAPITAL, "isolated"),
            pre_tokenizers.Punctuation("isolated"),
        ]
    )
    alphabet = sorted(set(string.ascii_lowercase + string.digits + _CAPITALS.lower() + "ß’'.,?!-<>@"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=size.vocabulary, special_tokens=own, min_frequency=3, show_progress=False, initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=512,
    )  # fmt: skip


def build(vocabulary: int, size: Size) -> BertForTokenClassification:
    """An untrained network."""
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.inner,
        max_position_embeddings=WINDOW_TOKENS + 4,
        hidden_dropout_prob=0.0,  # names hardly ever come back, so that there is little to learn by heart
        attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(LABELS)),
        label2id={name: number for number, name in enumerate(LABELS)},
        name_window_tokens=WINDOW_TOKENS,
    )
    return BertForTokenClassification(config)


class Cutter:
    """Cuts labelled calls into rows of tokens with a label each; every word is cut once."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.markers = {role: tokenizer.convert_tokens_to_ids(name) for role, name in MARKERS.items()}
        self._known: dict[str, tuple[int, ...]] = {}

    def rows(self, calls: Sequence[Sequence[Line]]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Token ids and labels of every call, ``[token]`` each."""
        new = sorted({w.text for lines in calls for line in lines for w in line.words} - self._known.keys())
        if new:
            cut = self.tokenizer([f" {text}" for text in new], add_special_tokens=False)["input_ids"]
            for text, ids in zip(new, cut, strict=True):
                self._known[text] = tuple(ids) or (self.tokenizer.unk_token_id,)
        return [self._row(lines) for lines in calls]

    def _row(self, lines: Sequence[Line]) -> tuple[np.ndarray, np.ndarray]:
        row = row_of((self.markers[line.role], [self._known[word.text] for word in line.words]) for line in lines)
        labels = []
        before: tuple[int, int] | None = None
        for word in row.words:
            label = 0
            if word is not None:
                kind = lines[word[0]].words[word[1]].label
                inside = word == before or (word[1] > 0 and lines[word[0]].words[word[1] - 1].label == NAME)
                label = _IGNORED if kind == OPEN else (2 if inside else 1) if kind == NAME else 0
            labels.append(label)
            before = word
        return np.array(row.tokens, dtype=np.int32), np.array(labels, dtype=np.int64)


def batches(
    rng: random.Random, rows: Sequence[tuple[np.ndarray, np.ndarray]], start: int, mask: int, tokens: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Ids, mask and labels of windows of like length, about ``tokens`` tokens together, without end.

    A row longer than a window is cut at another place every time, and some of its tokens are hidden behind ``mask``.
    """
    hider = np.random.default_rng(rng.randrange(2**32))
    while True:
        pieces = []
        for ids, labels in rng.sample(list(rows), min(len(rows), 2000)):
            at = -rng.randrange(WINDOW_TOKENS) if len(ids) > WINDOW_TOKENS else 0
            for first in range(at, len(ids), WINDOW_TOKENS):
                piece = slice(max(0, first), first + WINDOW_TOKENS)
                if len(ids[piece]):
                    hidden = hider.random(len(ids[piece])) < hider.choice((0.0, 0.05, 0.15))
                    pieces.append((np.where(hidden, mask, ids[piece]), labels[piece]))
        pieces.sort(key=lambda piece: len(piece[0]))
        groups: list[list[tuple[np.ndarray, np.ndarray]]] = [[]]
        for piece in pieces:
            if groups[-1] and (len(groups[-1]) + 1) * len(piece[0]) > tokens:
                groups.append([])
            groups[-1].append(piece)
        rng.shuffle(groups)
        yield from (tensors(group, start) for group in groups)


def tensors(
    group: Sequence[tuple[np.ndarray, np.ndarray]], start: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Windows as ``[window, token]`` with the start token before each."""
    longest = max(len(ids) for ids, _ in group) + 1
    ids = torch.zeros(len(group), longest, dtype=torch.long)
    mask = torch.zeros(len(group), longest, dtype=torch.long)
    labels = torch.full((len(group), longest), _IGNORED, dtype=torch.long)
    for row, (some, marks) in enumerate(group):
        ids[row, 0] = start
        ids[row, 1 : len(some) + 1] = torch.from_numpy(some.astype(np.int64))
        labels[row, 1 : len(marks) + 1] = torch.from_numpy(marks)
        mask[row, : len(some) + 1] = 1
    return ids, mask, labels


def save(folder: Path, network: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast) -> None:
    """Writes the usual model folder, weights in half precision; the network itself stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    half = BertForTokenClassification(network.config)
    half.load_state_dict(network.state_dict())
    half.half().save_pretrained(folder)
