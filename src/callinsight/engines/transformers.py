"""Tagging with a transformers encoder. With ``names.py`` the only file that imports transformers.

Two kinds of model folder work. One of ours has ``heads.safetensors`` and ``labels.json`` beside the encoder: whole
calls are read, and trained heads score every turn. A plain sentence encoder from a hub has neither: its turns are
compared with the taxonomy's example sentences. Both are in ``engines/scorers.py``; what follows from the scores is
decided in ``core/tagging.py``. Tags are always decided on vectors in half precision, so that those kept beside a result
give the same tags again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from callinsight.core.corrections import Corrections
from callinsight.core.packing import Packed
from callinsight.core.signals import SignalRules
from callinsight.core.tagging import Decider, Labels, TurnScores
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import FailureKind, Question, Stage, Tags, Turn
from callinsight.core.vectors import TurnVectors
from callinsight.engines.scorers import (
    HEADS_FILE,
    LABELS_FILE,
    LEVELS,
    MARKERS,
    Array,
    HeadScorer,
    Heard,
    PrototypeScorer,
)
from callinsight.errors import ModelError, RecordingError
from callinsight.registry import file_digests

__all__ = [
    "HEADS_FILE",
    "LABELS_FILE",
    "LEVELS",
    "MARKERS",
    "VALIDATION_FILE",
    "Heard",
    "TransformersTagger",
    "encoder_digest",
    "load",
]

VALIDATION_FILE = "validation.json.gz"
"""Labelled calls that a model folder may carry, on which corrections must not make it worse."""

_NOT_ENCODER = (HEADS_FILE, VALIDATION_FILE, "card.json", "README.md")


class TransformersTagger:
    """Implements :class:`callinsight.engines.Tagger`. Build with :func:`load`."""

    def __init__(self, scorer: HeadScorer | PrototypeScorer, decider: Decider, encoder: str) -> None:
        self._scorer = scorer
        self._decider = decider
        self.encoder = encoder

    def read(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnVectors, ...]:
        """See :class:`callinsight.engines.Tagger`. Raises ``RecordingError`` when the engine fails."""
        try:
            return self._scorer.read(calls)
        except (RuntimeError, MemoryError) as error:
            kind = FailureKind.OUT_OF_MEMORY if "memory" in str(error).lower() else FailureKind.ENGINE_FAILED
            raise RecordingError(Stage.TAG, kind, retryable=kind is FailureKind.OUT_OF_MEMORY) from None

    def decide(self, calls: Sequence[tuple[Turn, ...]], vectors: Sequence[TurnVectors]) -> tuple[Tags, ...]:
        """See :class:`callinsight.engines.Tagger`. Call by call, so that company never changes the last bits."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1, user_api="blas"):  # a call is far too small to be shared out to threads
            return tuple(
                self._decider.tags(turns, self._scorer.score(turns, one))
                for turns, one in zip(calls, vectors, strict=True)
            )

    def tag(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[Tags, ...]:
        """Read and decide. Raises ``RecordingError`` when the engine fails."""
        return self.decide(calls, self.read(calls))

    def scores(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnScores, ...]:
        """What is heard in each turn, before anything is decided; for calibration."""
        return tuple(self._scorer.score(turns, one) for turns, one in zip(calls, self.read(calls), strict=True))

    def taught(self, corrections: Corrections) -> "TransformersTagger":
        """The same tagger with what corrections add. Raises ``ModelError`` for those of another encoder."""
        scorer = self._scorer.taught(corrections)
        return TransformersTagger(scorer, replace(self._decider, labels=scorer.labels), self.encoder)

    def score(self, turns: Sequence[Turn], vectors: TurnVectors) -> TurnScores:
        """What is heard in each turn of a call that was read, before anything is decided."""
        return self._scorer.score(turns, vectors)

    def questions(
        self, calls: Sequence[tuple[Turn, ...]], vectors: Sequence[TurnVectors]
    ) -> tuple[tuple[Question, ...], ...]:
        """The questions and needs of calls alone, as :meth:`decide` gives them, in a fraction of the time."""
        return tuple(
            self._decider.questions(turns, self._scorer.score(turns, one))
            for turns, one in zip(calls, vectors, strict=True)
        )

    def heard(self, turns: Sequence[Turn], vectors: TurnVectors) -> Heard:
        """What a correction is fitted on, of one call."""
        return self._scorer.heard(turns, vectors)

    @property
    def teachable(self) -> Labels:
        """The labels that corrections can teach; those that an overlay adds to trained heads are not among them."""
        return self._scorer.teachable

    @property
    def decider(self) -> Decider:
        """What turns scores into tags."""
        return self._decider


def load(
    folder: Path,
    taxonomy: Taxonomy,
    rules: SignalRules,
    *,
    device: str = "cpu",
    batch_size: int = 32,
    ready: bool = True,
) -> TransformersTagger:
    """Build a tagger from a model folder, offline. Without ``ready`` the encoder is loaded when first needed.

    Raises ``ModelError`` when the folder holds no usable encoder.
    """
    encoder = _Encoder(folder, device, batch_size)
    if (folder / HEADS_FILE).is_file():
        scorer: HeadScorer | PrototypeScorer = HeadScorer(folder, encoder, taxonomy)
    else:
        scorer = PrototypeScorer(encoder, taxonomy)
    if ready:
        _ = encoder.loaded
    return TransformersTagger(scorer, Decider(scorer.labels, taxonomy, rules), encoder.digest)


def encoder_digest(folder: Path) -> str:
    """A digest of what makes vectors: all files of the folder but those that only say what follows from vectors."""
    files = {name: value for name, value in file_digests(folder).items() if name not in _NOT_ENCODER}
    if LABELS_FILE in files:
        files[LABELS_FILE] = HeadScorer.packing(folder / LABELS_FILE)
    return hashlib.blake2b(json.dumps(files, sort_keys=True).encode(), digest_size=8).hexdigest()


class _Encoder:
    """A transformers encoder and its tokenizer, read from a local folder."""

    def __init__(self, folder: Path, device: str, batch_size: int) -> None:
        if not (folder / "config.json").is_file():
            raise ModelError("the tagger's model folder holds no config.json; try: callinsight models pull")
        self.digest = encoder_digest(folder)
        self._device = device
        self.batch_size = batch_size
        self._folder = folder

    @cached_property
    def torch(self) -> Any:
        """The library, imported when it is needed, since that takes seconds."""
        import torch

        return torch

    @cached_property
    def device(self) -> str:
        """``cpu`` or ``cuda``; ``auto`` takes the graphics card when there is one."""
        if self._device != "auto":
            return self._device
        return "cuda" if self.torch.cuda.is_available() else "cpu"

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer. Raises ``ModelError``."""
        return self.loaded[0]

    @cached_property
    def model(self) -> Any:
        """The network. Raises ``ModelError``."""
        return self.loaded[1]

    @cached_property
    def loaded(self) -> tuple[Any, Any]:
        """Tokenizer and network, read on first use, since stored vectors need neither. Raises ``ModelError``."""
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(self._folder), local_files_only=True)
            model = AutoModel.from_pretrained(
                str(self._folder), local_files_only=True, dtype=self.torch.float32, add_pooling_layer=False
            )
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise ModelError("the tagger's encoder cannot be loaded; try: callinsight models verify") from error
        return tokenizer, model.eval().to(self.device)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids without start and end."""
        if not texts:
            return []
        ids: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return ids

    def token(self, name: str) -> int:
        found = self.tokenizer.convert_tokens_to_ids(name)
        if found is None or found == self.tokenizer.unk_token_id:
            raise ModelError(f"the tagger's tokenizer does not know {name}")
        return int(found)

    def read(self, sequences: Sequence[Packed]) -> list[list[tuple[int, Array]]]:
        """Per sequence the turn number and features of every piece that is not repeated.

        Features are the mean of the last layer over the piece, the mean of the word layer, and the last layer at the
        role's marker, joined.
        """
        found: list[list[tuple[int, Array]]] = [[] for _ in sequences]
        order = sorted(range(len(sequences)), key=lambda i: (-len(sequences[i].tokens), i))
        for at in range(0, len(order), self.batch_size):
            batch = order[at : at + self.batch_size]
            last, words = self._forward([sequences[i].tokens for i in batch])
            for row, i in enumerate(batch):
                for piece in sequences[i].pieces:
                    if not piece.repeated:
                        inside = slice(piece.start, piece.end)
                        parts = (last[row, inside].mean(0), words[row, inside].mean(0), last[row, piece.start - 1])
                        found[i].append((piece.turn, np.concatenate(parts)))
        return found

    def _forward(self, batch: Sequence[Sequence[int]]) -> tuple[Array, Array]:
        torch = self.torch
        longest = max(len(one) for one in batch)
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*one, *[pad] * (longest - len(one))] for one in batch], device=self.device)
        mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in batch], device=self.device)
        with torch.inference_mode():
            out = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return out.last_hidden_state.float().cpu().numpy(), out.hidden_states[0].float().cpu().numpy()

    def sentences(self, texts: Sequence[str]) -> Array:
        """Mean of the last layer over the words of each text, ``[text, dimension]``; zero for an empty text."""
        torch = self.torch
        vectors = np.zeros((len(texts), int(self.model.config.hidden_size)), dtype=np.float32)
        order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: (-len(texts[i]), i))
        for at in range(0, len(order), self.batch_size):
            batch = order[at : at + self.batch_size]
            read = self.tokenizer(
                [texts[i] for i in batch], padding=True, truncation=True, max_length=128, return_tensors="pt"
            ).to(self.device)
            with torch.inference_mode():
                hidden = self.model(input_ids=read["input_ids"], attention_mask=read["attention_mask"])
            mask = read["attention_mask"].unsqueeze(-1).float()
            mean = (hidden.last_hidden_state.float() * mask).sum(1) / mask.sum(1).clamp(min=1.0)
            vectors[batch] = mean.cpu().numpy()
        return vectors
