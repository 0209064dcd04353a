"""Text pieces: byte-level pair encoding, with a blank before every word as Whisper has it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from speech.model import CHARACTERS, TEXT_PIECES

_CHARACTER_IDS = {character: i + 1 for i, character in enumerate(CHARACTERS)}


def train_pieces(sentences: Iterable[str]) -> Tokenizer:
    """1,000 pieces: the 256 bytes and the most useful joins of them."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TEXT_PIECES, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    pieces.train_from_iterator((" " + sentence for sentence in sentences), trainer)
    return pieces


class Encoder:
    """Words to ids, remembering what it has seen."""

    def __init__(self, pieces: Tokenizer) -> None:
        self._pieces = pieces
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, word: str) -> tuple[int, ...]:
        ids = self._known.get(word)
        if ids is None:
            ids = self._known[word] = tuple(self._pieces.encode(" " + word).ids)
        return ids


def character_ids(words: Iterable[str]) -> list[int]:
    """The words as characters of the helper loss: without diacritics, but for é, and blanks between."""
    text = "".join(c if c in _CHARACTER_IDS else unicodedata.normalize("NFD", c)[0] for c in " ".join(words))
    return [_CHARACTER_IDS[c] for c in text if c in _CHARACTER_IDS]
