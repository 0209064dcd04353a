"""Names of persons with a transformers token classifier. With ``transformers.py`` the only file that imports it.

Any token classifier works whose labels end in ``PER`` or ``PERSON`` (``B-PER``, ``I-PER``). A call is read as one row
of words in windows with context on both sides, so that a question and its answer are seen together. Where the model's
own vocabulary has the markers of :data:`MARKERS` they tell who speaks; else a separator parts the turns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from callinsight.core.spotting import SpottedName, Window, spotted, windows
from callinsight.core.values import FailureKind, Stage, Turn
from callinsight.engines.scorers import MARKERS
from callinsight.errors import ModelError, RecordingError

THRESHOLD = 0.5
"""For a model whose ``config.json`` has no ``name_threshold``: the words that are more likely a name than not."""
FAINT = 0.15
"""From which score on a word counts as part of a name beside it, or of one that is announced; for all models."""
WINDOW_TOKENS = 128
MARGIN_TOKENS = 24
_LONGEST_WORD = 16
"""Tokens of a word that are read; a longer one is no name."""
_DIGITS = 3
"""Scores are rounded to so many digits: company in a batch changes the last bits, and must not change a name."""

WordTokens = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Row:
    """A call as one row of token ids; ``words`` has for each of them its turn and word, or None for a marker."""

    tokens: tuple[int, ...]
    words: tuple[tuple[int, int] | None, ...]


def row_of(turns: Iterable[tuple[int, WordTokens]]) -> Row:
    """Join turns, each given as the token of its marker and the tokens of its words, to one row."""
    tokens: list[int] = []
    words: list[tuple[int, int] | None] = []
    for number, (marker, said) in enumerate(turns):
        tokens.append(marker)
        words.append(None)
        for place, pieces in enumerate(said):
            tokens += pieces[:_LONGEST_WORD]
            words += [(number, place)] * len(pieces[:_LONGEST_WORD])
    return Row(tuple(tokens), tuple(words))


class TransformersNames:
    """Implements :class:`callinsight.engines.NameSpotter`. Build with :func:`load`."""

    def __init__(self, folder: Path, device: str = "cpu", batch_size: int = 32) -> None:
        if not (folder / "config.json").is_file():
            raise ModelError("the model folder for names holds no config.json; try: callinsight models pull")
        self._folder = folder
        self._device = device
        self._batch_size = batch_size
        self._known: dict[str, tuple[int, ...]] = {}

    def spot(self, calls: Sequence[Sequence[Turn]]) -> tuple[tuple[SpottedName, ...], ...]:
        """See :class:`callinsight.engines.NameSpotter`. Raises ``RecordingError`` when the engine fails."""
        return tuple(spotted(scores, self.threshold, FAINT) for scores in self.scores(calls))

    def scores(self, calls: Sequence[Sequence[Turn]]) -> list[list[list[float]]]:
        """How likely each word of each turn is part of a name, per call; for choosing the threshold."""
        rows = [self._row(turns) for turns in calls]
        found = [[[0.0] * len(turn.words) for turn in turns] for turns in calls]
        size = self._window_tokens
        read = [
            (number, one) for number, row in enumerate(rows) for one in windows(len(row.tokens), size, MARGIN_TOKENS)
        ]
        read.sort(key=lambda item: (item[1].start - item[1].end, item[0], item[1].start))
        try:
            for at in range(0, len(read), self._batch_size):
                self._score(read[at : at + self._batch_size], rows, found)
        except (RuntimeError, MemoryError) as error:
            kind = FailureKind.OUT_OF_MEMORY if "memory" in str(error).lower() else FailureKind.ENGINE_FAILED
            raise RecordingError(Stage.REDACT, kind, retryable=kind is FailureKind.OUT_OF_MEMORY) from None
        return found

    @cached_property
    def threshold(self) -> float:
        """From which score on a word is part of a name: ``name_threshold`` of the model's ``config.json``."""
        return float(getattr(self._model.config, "name_threshold", THRESHOLD))

    @property
    def _window_tokens(self) -> int:
        wanted = int(getattr(self._model.config, "name_window_tokens", WINDOW_TOKENS))
        longest = int(getattr(self._model.config, "max_position_embeddings", wanted + 4))
        return max(2 * MARGIN_TOKENS + 1, min(wanted, longest - 4))

    def _row(self, turns: Sequence[Turn]) -> Row:
        self._learn({word.text for turn in turns for word in turn.words})
        markers = self._markers
        return row_of(
            (markers.get(turn.role.value, markers["unknown"]), [self._known[word.text] for word in turn.words])
            for turn in turns
        )

    def _learn(self, texts: set[str]) -> None:
        """Tokens of words that were not met before; by itself a word is cut as it is in a sentence."""
        new = sorted(texts - self._known.keys())
        if not new:
            return
        if len(self._known) > 200_000:  # years of calls must not fill the memory
            self._known.clear()
            new = sorted(texts)
        unknown = self._tokenizer.unk_token_id or 0
        cut = self._tokenizer([f" {text}" for text in new], add_special_tokens=False)["input_ids"]
        for text, ids in zip(new, cut, strict=True):
            self._known[text] = tuple(ids) or (unknown,)

    def _score(
        self, batch: Sequence[tuple[int, Window]], rows: Sequence[Row], found: Sequence[list[list[float]]]
    ) -> None:
        likely = self._forward([rows[number].tokens[one.start : one.end] for number, one in batch])
        for line, (number, one) in zip(likely, batch, strict=True):
            for place in range(one.fresh, one.kept):
                word = rows[number].words[place]
                if word is not None:
                    turn = found[number][word[0]]
                    turn[word[1]] = max(turn[word[1]], round(line[place - one.start], _DIGITS))

    def _forward(self, batch: Sequence[Sequence[int]]) -> list[list[float]]:
        """Per token the sum of the chances of all labels of persons."""
        import torch

        longest = max(len(one) for one in batch)
        pad = self._tokenizer.pad_token_id or 0
        start = self._start
        ids = torch.tensor([[*start, *one, *[pad] * (longest - len(one))] for one in batch], device=self._model.device)
        mask = torch.tensor(
            [[1] * (len(start) + len(one)) + [0] * (longest - len(one)) for one in batch], device=self._model.device
        )
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=mask).logits.float()
        persons = logits.softmax(-1)[:, len(start) :, self._persons].sum(-1).clamp(max=1.0)
        likely: list[list[float]] = persons.cpu().tolist()
        return likely

    @cached_property
    def _start(self) -> list[int]:
        cls = self._tokenizer.cls_token_id
        return [] if cls is None else [int(cls)]

    @cached_property
    def _markers(self) -> dict[str, int]:
        """The token before a turn by role."""
        unknown = self._tokenizer.unk_token_id
        parts = self._tokenizer.sep_token_id or self._tokenizer.eos_token_id or unknown or 0
        found = {role: self._tokenizer.convert_tokens_to_ids(name) for role, name in MARKERS.items()}
        return {role: int(parts if token in (None, unknown) else token) for role, token in found.items()}

    @cached_property
    def _persons(self) -> list[int]:
        """The labels of persons. Raises ``ModelError`` when there are none."""
        labels = {int(number): str(name).upper() for number, name in self._model.config.id2label.items()}
        persons = [number for number, name in labels.items() if name.endswith(("PER", "PERSON"))]
        if not persons:
            raise ModelError("the model for names has no label of persons (PER): choose another token classifier")
        return persons

    @property
    def _tokenizer(self) -> Any:
        return self.loaded[0]

    @property
    def _model(self) -> Any:
        return self.loaded[1]

    @cached_property
    def loaded(self) -> tuple[Any, Any]:
        """Tokenizer and network, offline. Raises ``ModelError``."""
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForTokenClassification, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        device = self._device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(self._folder), local_files_only=True)
            model = AutoModelForTokenClassification.from_pretrained(
                str(self._folder), local_files_only=True, dtype=torch.float32
            )
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise ModelError("the model for names cannot be loaded; try: callinsight models verify") from error
        return tokenizer, model.eval().to(device)


def load(folder: Path, *, device: str = "cpu", batch_size: int = 32) -> TransformersNames:
    """Build a spotter of names from a model folder, offline.

    Raises ``ModelError`` when the folder holds no token classifier with a label of persons.
    """
    spotter = TransformersNames(folder, device, batch_size)
    _ = spotter.loaded
    _ = spotter._persons
    return spotter
