"""How vectors of turns become scores: by trained heads, or by likeness to the taxonomy's sentences."""

import json
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from callinsight.core.corrections import TAUGHT_LEVELS, Change, Corrections
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
from callinsight.core.tagging import Labels, LabelSet, TurnScores
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.text import normal_text
from callinsight.core.values import UNKNOWN_LABEL, Role, Turn
from callinsight.core.vectors import TurnVectors
from callinsight.engines.additions import Additions
from callinsight.errors import ModelError

HEADS_FILE, LABELS_FILE = "heads.safetensors", "labels.json"
LEVELS = ("topics", "facets", "needs", "outcomes", "signals")
MARKERS = {"agent": "[AGENT]", "caller": "[CALLER]", "system": "[SYSTEM]", "unknown": "[SPEAKER]"}
"""Tokens of our encoders that tell who speaks."""

_CUE_WEIGHT = 0.7
_NOTHING = -30.0

Array = npt.NDArray[np.float32]


class Encoder(Protocol):
    """What the scorers ask of an encoder; ``digest`` names it."""

    digest: str

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids without start and end."""
        ...

    def token(self, name: str) -> int:
        """The id of a special token. Raises ``ModelError``."""
        ...

    def read(self, sequences: Sequence[Packed]) -> list[list[tuple[int, Array]]]:
        """Per sequence the turn number and features of every piece that is not repeated."""
        ...

    def sentences(self, texts: Sequence[str]) -> Array:
        """A vector per text, ``[text, dimension]``; zero for an empty text."""
        ...


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


def _logit(scores: Array) -> Array:
    """The other way round; scores at the ends are taken for nearly there."""
    inside = np.clip(scores, 1e-6, 1.0 - 1e-6)
    result: Array = (np.log(inside) - np.log1p(-inside)).astype(np.float32)
    return result


class Heard(NamedTuple):
    """What a correction is fitted on: per row its turn, its vector and the present logit of every label, by level."""

    turns: npt.NDArray[np.int32]
    vectors: Array
    logits: Mapping[str, Array]


def _taught_labels(labels: Labels, corrections: Corrections) -> Labels:
    """The labels with the thresholds that were taught."""

    def one(level: str, change: Change) -> LabelSet:
        known: LabelSet = getattr(labels, level)
        taught = {name: value for name, value in change.thresholds.items() if name in known.names}
        return replace(known, thresholds={**known.thresholds, **taught})

    return replace(labels, **{level: one(level, change) for level, change in corrections.changes.items()})


def _places(names: Sequence[str], change: Change) -> tuple[list[int], list[int]]:
    """The columns of the labels that a change is about, and its rows for them; labels that are gone are left out."""
    at = {name: column for column, name in enumerate(names)}
    rows = [row for row, name in enumerate(change.names) if name in at]
    return [at[change.names[row]] for row in rows], rows


class HeadScorer:
    """Scores by trained heads over an encoder that reads whole calls. Labels that the taxonomy lacks are not scored.

    Labels that the heads lack, and what an overlay says of others, are scored by ``engines/additions.py``. Corrections
    can teach the labels of the heads alone: ``teachable``.
    """

    def __init__(self, folder: Path, encoder: Encoder, taxonomy: Taxonomy) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        self._encoder = encoder
        try:
            spec = json.loads((folder / LABELS_FILE).read_text(encoding="utf-8"))
            arrays = {name: array.astype(np.float32) for name, array in load_file(folder / HEADS_FILE).items()}
            heads = {level: _Head(arrays[f"{level}.weight"], arrays[f"{level}.bias"]) for level in LEVELS}
            labels = _labels(spec["levels"])
            self._options = PackOptions(**spec["packing"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(
                f"{HEADS_FILE} or {LABELS_FILE} of the tagger is damaged; try: callinsight models verify"
            ) from error
        trained, known = _known(labels, heads, taxonomy)
        self.teachable = trained
        self._additions = Additions.of(taxonomy, trained, self.read)
        self.labels = trained if self._additions is None else self._additions.labels
        self._all = _Head(  # one multiplication for all levels
            np.concatenate([head.weight for head in known.values()]), np.concatenate([h.bias for h in known.values()])
        )
        ends = np.cumsum([len(head.bias) for head in known.values()]).tolist()
        self._columns = {
            level: slice(end - len(head.bias), end) for (level, head), end in zip(known.items(), ends, strict=True)
        }

    @staticmethod
    def packing(labels_file: Path) -> str:
        """What of the labels' file decides on vectors: how turns are packed. Empty when the file is damaged."""
        try:
            return json.dumps(json.loads(labels_file.read_bytes())["packing"], sort_keys=True)
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def read(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnVectors, ...]:
        """Run the encoder over whole calls; calls share batches."""
        texts = [normal_text(turn.text) for turns in calls for turn in turns]
        tokens = iter(self._encoder.tokens(texts))
        markers = {role: self._encoder.token(name) for role, name in MARKERS.items()}
        start = self._encoder.token("[CLS]")
        packed: list[Packed] = []
        owner: list[int] = []
        for number, turns in enumerate(calls):
            said = [(turn.role.value, next(tokens)) for turn in turns]
            sequences = pack_turns(said, markers, start, self._options)
            packed += sequences
            owner += [number] * len(sequences)
        features: list[list[tuple[int, Array]]] = [[] for _ in calls]
        for number, pieces in zip(owner, self._encoder.read(packed), strict=True):
            features[number] += pieces
        return tuple(self._vectors(pieces) for pieces in features)

    def _vectors(self, pieces: Sequence[tuple[int, Array]]) -> TurnVectors:
        width = self._all.weight.shape[1]
        stacked = np.stack([vector for _, vector in pieces]) if pieces else np.zeros((0, width), np.float32)
        return TurnVectors.of(self._encoder.digest, [turn for turn, _ in pieces], stacked)

    def taught(self, corrections: Corrections) -> "HeadScorer":
        """The same scorer with what corrections add to its heads. Raises ``ModelError`` for another encoder's."""
        made = copy(self)
        weight, bias = self._all.weight.copy(), self._all.bias.copy()
        for level, change in corrections.changes.items():
            _require_width(change, weight.shape[1])
            columns, rows = _places(getattr(self.teachable, level).names, change)
            at = [self._columns[level].start + column for column in columns]
            weight[at] += change.weight[rows]
            bias[at] += change.bias[rows]
        made._all = _Head(weight, bias)
        made.labels = _taught_labels(self.labels, corrections)
        return made

    def heard(self, turns: Sequence[Turn], vectors: TurnVectors) -> Heard:
        """The pieces of one call with their logits."""
        del turns
        values = vectors.values.astype(np.float32)
        logits = self._all.logits(values)
        return Heard(vectors.turns, values, {level: logits[:, self._columns[level]] for level in TAUGHT_LEVELS})

    def score(self, turns: Sequence[Turn], vectors: TurnVectors) -> TurnScores:
        """The scores of one call."""
        every = np.full((len(turns), len(self._all.bias)), _NOTHING, dtype=np.float32)
        if len(vectors.turns):
            logits = self._all.logits(vectors.values.astype(np.float32))
            if bool((np.diff(vectors.turns) > 0).all()):  # a piece a turn: nearly always, and much quicker
                every[vectors.turns] = np.maximum(logits, _NOTHING)
            else:
                np.maximum.at(every, vectors.turns, logits)
        found = {level: every[:, columns] for level, columns in self._columns.items()}
        agent = [n for n, turn in enumerate(turns) if turn.role in (Role.AGENT, Role.UNKNOWN)]
        scores = TurnScores(
            topics=_sigmoid(found["topics"]),
            facets=_sigmoid(found["facets"]),
            needs=_sigmoid(found["needs"]),
            signals=_sigmoid(found["signals"]),
            outcome=_call_outcome(found["outcomes"][agent]),
            outcome_turns=found["outcomes"],
        )
        return scores if self._additions is None else self._additions.added(scores, turns, vectors)


def _known(labels: Labels, heads: Mapping[str, _Head], taxonomy: Taxonomy) -> tuple[Labels, dict[str, _Head]]:
    """Labels and heads without what the taxonomy does not have (any more), so that such a tag is never given."""
    own = {f"{topic.id}/{facet.id}" for topic in taxonomy.topics.values() for facet in topic.specific}
    there: dict[str, Collection[str]] = {
        "topics": taxonomy.topics,
        "facets": {*taxonomy.facets, *own},
        "needs": taxonomy.needs,
        "outcomes": {*taxonomy.outcomes, UNKNOWN_LABEL},
        "signals": taxonomy.signals,
    }
    sets: dict[str, LabelSet] = {}
    kept: dict[str, _Head] = {}
    for level, names in there.items():
        one: LabelSet = getattr(labels, level)
        columns = [column for column, name in enumerate(one.names) if name in names]
        sets[level] = replace(one, names=tuple(one.names[column] for column in columns))
        kept[level] = _Head(heads[level].weight[columns], heads[level].bias[columns])
    return Labels(**sets), kept


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


def _require_width(change: Change, width: int) -> None:
    if change.weight.shape[1] != width:
        raise ModelError("the taught heads belong to another encoder: run `callinsight tagger use --original`")


class PrototypeScorer:
    """Scores by likeness to the taxonomy's sentences, and by its cues; for an encoder without heads."""

    def __init__(self, encoder: Encoder, taxonomy: Taxonomy) -> None:
        self._encoder = encoder
        self._topics = self._embed(topic_prototypes(taxonomy))
        self._facets = self._embed(facet_prototypes(taxonomy))
        self._needs = self._embed(need_prototypes(taxonomy))
        self._outcomes = self._embed(outcome_prototypes(taxonomy))
        self._cues = _cue_indices(taxonomy)
        sets = (self._topics, self._facets, self._needs, self._outcomes)
        topics, facets, needs, outcomes = (LabelSet(one.names) for one in sets)
        self.labels = Labels(topics, facets, needs, outcomes, LabelSet(()))
        self._changes: Mapping[str, Change] = {}

    @property
    def teachable(self) -> Labels:
        """The labels that corrections can teach."""
        return self.labels

    def _embed(self, prototypes: Sequence[Any]) -> PrototypeSet:
        return PrototypeSet.build(prototypes, self._encoder.sentences([normal_text(p.sentence) for p in prototypes]))

    def read(self, calls: Sequence[tuple[Turn, ...]]) -> tuple[TurnVectors, ...]:
        """Run the encoder over the windows of turns; calls share batches. A turn of hardly any words gives nothing."""
        windows = [[(n, text) for n, text in enumerate(turn_windows(turns)) if text] for turns in calls]
        vectors = self._encoder.sentences([text for own in windows for _, text in own])
        found, at = [], 0
        for own in windows:
            rows = vectors[at : at + len(own)]
            found.append(TurnVectors.of(self._encoder.digest, [n for n, _ in own], rows))
            at += len(own)
        return tuple(found)

    def score(self, turns: Sequence[Turn], vectors: TurnVectors) -> TurnScores:
        """The scores of one call."""
        whole = np.zeros((len(turns), vectors.values.shape[1]), dtype=np.float32)
        whole[vectors.turns] = vectors.values.astype(np.float32)
        heard = np.zeros((len(turns), 1), dtype=np.float32)
        heard[vectors.turns] = 1.0
        topics, facets, needs, outcomes = (
            one.scores(whole, Likeness()) * heard for one in (self._topics, self._facets, self._needs, self._outcomes)
        )
        levels = {"topics": (self._topics, topics), "facets": (self._facets, facets)}
        levels |= {"needs": (self._needs, needs), "outcomes": (self._outcomes, outcomes)}
        for level, index in self._cues.items():
            prototypes, scores = levels[level]
            for row, turn in enumerate(turns):
                for name, cue in index.scores(turn.text).items():
                    if name in prototypes.names:
                        column = prototypes.names.index(name)
                        scores[row, column] = 1.0 - (1.0 - scores[row, column]) * (1.0 - _CUE_WEIGHT * cue)
        topics, facets, needs = (
            self._moved(level, scores, whole, heard)
            for level, scores in zip(TAUGHT_LEVELS, (topics, facets, needs), strict=True)
        )
        agent = [n for n, turn in enumerate(turns) if turn.role in (Role.AGENT, Role.UNKNOWN)]
        best = outcomes[agent].max(axis=0, initial=0.0)
        return TurnScores(topics, facets, needs, np.zeros((len(turns), 0), np.float32), best, outcomes)

    def _moved(self, level: str, scores: Array, whole: Array, heard: Array) -> Array:
        """Scores of a level with what was taught; a turn that was not heard still says nothing."""
        change = self._changes.get(level)
        if change is None:
            return scores
        columns, rows = _places(getattr(self.labels, level).names, change)
        moved = scores.copy()
        moved[:, columns] = _sigmoid(_logit(scores[:, columns]) + whole @ change.weight[rows].T + change.bias[rows])
        result: Array = moved * heard
        return result

    def taught(self, corrections: Corrections) -> "PrototypeScorer":
        """The same scorer with what corrections add to its scores. Raises ``ModelError`` for another encoder's."""
        made = copy(self)
        for change in corrections.changes.values():
            _require_width(change, self._topics.vectors.shape[1])
        made._changes = (Corrections(self._changes) + corrections).changes
        made.labels = _taught_labels(self.labels, corrections)
        return made

    def heard(self, turns: Sequence[Turn], vectors: TurnVectors) -> Heard:
        """The windows of one call with their logits."""
        scores = self.score(turns, vectors)
        logits = {level: _logit(getattr(scores, level)[vectors.turns]) for level in TAUGHT_LEVELS}
        return Heard(vectors.turns, vectors.values.astype(np.float32), logits)


def _cue_indices(taxonomy: Taxonomy) -> dict[str, CueIndex]:
    """By level the cues: of topics those of the taxonomy and the words of their labels, of the rest an overlay's."""
    topics = {
        one.id: (*one.cues, *taxonomy.hint("topics", one.id).cues, *label_words(one.label))
        for one in taxonomy.topics.values()
    }
    found = {"topics": CueIndex(topics)}
    for level in ("facets", "needs", "outcomes"):
        cues = {name: hint.cues for name, hint in taxonomy.hints.get(level, {}).items() if hint.cues}
        if cues:
            found[level] = CueIndex(cues)
    return found
