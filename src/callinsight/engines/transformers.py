"""Tagging with a transformers encoder. The only file that imports transformers.

Two kinds of model folder work. One of ours has ``heads.safetensors`` and ``labels.json`` beside the encoder: whole
calls are read, and trained heads score every turn. A plain sentence encoder from a hub has neither: its turns are
compared with the taxonomy's example sentences. What follows from the scores is decided in ``core/tagging.py``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callinsight.core.cues import CueIndex, label_words
from callinsight.core.packing import Packed, PackOptions, pack_turns
from callinsight.core.prototypes import (
    Likeness,
    PrototypeSet,
    facet_prototypes,
    need_prototypes,
    outcome_prototypes,
    topic_prototypes,
    turn_windows,
)
from callinsight.core.signals import SignalRules
from callinsight.core.tagging import Decider, Labels, LabelSet, TurnScores
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.text import normal_text
from callinsight.core.values import FailureKind, Role, Stage, Tags, Turn
from callinsight.errors import ModelError, RecordingError

HEADS_FILE, LABELS_FILE = "heads.safetensors", "labels.json"
LEVELS = ("topics", "facets", "needs", "outcomes", "signals")
MARKERS = {"agent": "[AGENT]", "caller": "[CALLER]", "system": "[SYSTEM]", "unknown": "[SPEAKER]"}
"""Tokens of our encoders that tell who speaks."""

_CUE_WEIGHT = 0.7

Array = npt.NDArray[np.float32]


class TransformersTagger:
    """Implements :class:`callinsight.engines.Tagger`. Build with :func:`load`."""

    def __init__(self, scorer: "_HeadScorer | _PrototypeScorer", decider: Decider) -> None:
        self._scorer = scorer
        self._decider = decider

    def tag(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[Tags, ...]:
        """See :class:`callinsight.engines.Tagger`. Raises ``RecordingError`` when the engine fails."""
        scored = self.scores(calls)
        return tuple(self._decider.tags(turns, one) for turns, one in zip(calls, scored, strict=True))

    def scores(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnScores, ...]:
        """What is heard in each turn, before anything is decided; for calibration."""
        try:
            return self._scorer.scores(calls)
        except (RuntimeError, MemoryError) as error:
            kind = FailureKind.OUT_OF_MEMORY if "memory" in str(error).lower() else FailureKind.ENGINE_FAILED
            raise RecordingError(Stage.TAG, kind, retryable=kind is FailureKind.OUT_OF_MEMORY) from None

    @property
    def decider(self) -> Decider:
        """What turns scores into tags."""
        return self._decider


def load(
    folder: Path, taxonomy: Taxonomy, rules: SignalRules, *, device: str = "cpu", batch_size: int = 32
) -> TransformersTagger:
    """Build a tagger from a model folder, offline. Raises ``ModelError`` when the folder holds no usable encoder."""
    encoder = _Encoder(folder, device, batch_size)
    if (folder / HEADS_FILE).is_file():
        scorer: _HeadScorer | _PrototypeScorer = _HeadScorer(folder, encoder)
    else:
        scorer = _PrototypeScorer(encoder, taxonomy)
    return TransformersTagger(scorer, Decider(scorer.labels, taxonomy, rules))


class _Encoder:
    """A transformers encoder and its tokenizer, read from a local folder."""

    def __init__(self, folder: Path, device: str, batch_size: int) -> None:
        if not (folder / "config.json").is_file():
            raise ModelError("the tagger's model folder holds no config.json; try: callinsight models pull")
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()

        self.torch = torch
        self.device = device
        self.batch_size = batch_size
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
            model = AutoModel.from_pretrained(
                str(folder), local_files_only=True, dtype=torch.float32, add_pooling_layer=False
            )
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise ModelError("the tagger's encoder cannot be loaded; try: callinsight models verify") from error
        self.model: Any = model.eval().to(device)

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


@dataclass(frozen=True, slots=True, eq=False)
class _Head:
    weight: Array
    bias: Array

    def logits(self, features: Array) -> Array:
        result: Array = features @ self.weight.T + self.bias
        return result


def _sigmoid(logits: Array) -> Array:
    result: Array = (1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))).astype(np.float32)
    return result


class _HeadScorer:
    """Scores by trained heads over an encoder that reads whole calls."""

    def __init__(self, folder: Path, encoder: _Encoder) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        self._encoder = encoder
        try:
            spec = json.loads((folder / LABELS_FILE).read_text(encoding="utf-8"))
            arrays = {name: array.astype(np.float32) for name, array in load_file(folder / HEADS_FILE).items()}
            self._heads = {level: _Head(arrays[f"{level}.weight"], arrays[f"{level}.bias"]) for level in LEVELS}
            self.labels = _labels(spec["levels"])
            self._options = PackOptions(**spec["packing"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(
                f"{HEADS_FILE} or {LABELS_FILE} of the tagger is damaged; try: callinsight models verify"
            ) from error
        self._markers = {role: encoder.token(name) for role, name in MARKERS.items()}
        self._start = encoder.token("[CLS]")

    def scores(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnScores, ...]:
        texts = [normal_text(turn.text) for turns in calls for turn in turns]
        tokens = iter(self._encoder.tokens(texts))
        packed: list[Packed] = []
        owner: list[int] = []
        for number, turns in enumerate(calls):
            said = [(turn.role.value, next(tokens)) for turn in turns]
            sequences = pack_turns(said, self._markers, self._start, self._options)
            packed += sequences
            owner += [number] * len(sequences)
        features: list[list[tuple[int, Array]]] = [[] for _ in calls]
        for number, pieces in zip(owner, self._encoder.read(packed), strict=True):
            features[number] += pieces
        return tuple(self._score(turns, pieces) for turns, pieces in zip(calls, features, strict=True))

    def _score(self, turns: Sequence[Turn], pieces: Sequence[tuple[int, Array]]) -> TurnScores:
        found = {
            level: np.full((len(turns), len(head.bias)), -30.0, dtype=np.float32) for level, head in self._heads.items()
        }
        if pieces:
            rows = np.array([turn for turn, _ in pieces])
            stacked = np.stack([vector for _, vector in pieces])
            for level, head in self._heads.items():
                np.maximum.at(found[level], rows, head.logits(stacked))
        agent = [n for n, turn in enumerate(turns) if turn.role in (Role.AGENT, Role.UNKNOWN)]
        return TurnScores(
            topics=_sigmoid(found["topics"]),
            facets=_sigmoid(found["facets"]),
            needs=_sigmoid(found["needs"]),
            signals=_sigmoid(found["signals"]),
            outcome=_call_outcome(found["outcomes"][agent]),
            outcome_turns=found["outcomes"],
        )


def _call_outcome(logits: Array) -> Array:
    """Softmax over outcomes of the logarithm of summed exponentials over the turns, as the heads were trained."""
    if not len(logits):
        return np.zeros(logits.shape[1], dtype=np.float32)
    top = logits.max(axis=0)
    pooled = top + np.log(np.exp(logits - top).sum(axis=0))
    weights = np.exp(pooled - pooled.max())
    result: Array = (weights / weights.sum()).astype(np.float32)
    return result


def _labels(levels: Mapping[str, Any]) -> Labels:
    def one(level: str) -> LabelSet:
        spec = levels[level]
        doubt = float(spec.get("doubt", 0.0))
        return LabelSet(tuple(spec["names"]), float(spec["default_threshold"]), doubt, dict(spec["thresholds"]))

    return Labels(one("topics"), one("facets"), one("needs"), one("outcomes"), one("signals"))


class _PrototypeScorer:
    """Scores by likeness to the taxonomy's sentences, and by its cues; for an encoder without heads."""

    def __init__(self, encoder: _Encoder, taxonomy: Taxonomy) -> None:
        self._encoder = encoder
        self._topics = self._embed(topic_prototypes(taxonomy))
        self._facets = self._embed(facet_prototypes(taxonomy))
        self._needs = self._embed(need_prototypes(taxonomy))
        self._outcomes = self._embed(outcome_prototypes(taxonomy))
        self._cues = CueIndex({t.id: (*t.cues, *label_words(t.label)) for t in taxonomy.topics.values()})
        sets = (self._topics, self._facets, self._needs, self._outcomes)
        topics, facets, needs, outcomes = (LabelSet(one.names) for one in sets)
        self.labels = Labels(topics, facets, needs, outcomes, LabelSet(()))

    def _embed(self, prototypes: Sequence[Any]) -> PrototypeSet:
        return PrototypeSet.build(prototypes, self._encoder.sentences([normal_text(p.sentence) for p in prototypes]))

    def scores(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnScores, ...]:
        texts = [turn_windows(turns) for turns in calls]
        vectors = self._encoder.sentences([text for one in texts for text in one])
        found, at = [], 0
        for turns, own in zip(calls, texts, strict=True):
            found.append(self._score(turns, own, vectors[at : at + len(turns)]))
            at += len(turns)
        return tuple(found)

    def _score(self, turns: Sequence[Turn], texts: Sequence[str], vectors: Array) -> TurnScores:
        heard = np.array([[float(bool(text))] for text in texts], dtype=np.float32).reshape(len(texts), 1)
        topics, facets, needs, outcomes = (
            one.scores(vectors, Likeness()) * heard for one in (self._topics, self._facets, self._needs, self._outcomes)
        )
        for row, turn in enumerate(turns):
            for topic, cue in self._cues.scores(turn.text).items():
                if topic in self._topics.names:
                    column = self._topics.names.index(topic)
                    topics[row, column] = 1.0 - (1.0 - topics[row, column]) * (1.0 - _CUE_WEIGHT * cue)
        agent = [n for n, turn in enumerate(turns) if turn.role in (Role.AGENT, Role.UNKNOWN)]
        best = outcomes[agent].max(axis=0, initial=0.0)
        return TurnScores(topics, facets, needs, np.zeros((len(turns), 0), np.float32), best, outcomes)
