"""The labelled calls that a tagger's folder may carry, so that teaching it cannot make it forget unseen."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callinsight import assembly
from callinsight.core.teaching import Score, Truth, labelled_score
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.core.vectors import TurnVectors
from callinsight.engines.transformers import VALIDATION_FILE, TransformersTagger
from callinsight.errors import ModelError
from callinsight.settings import Settings


@dataclass(frozen=True, slots=True)
class LabelledCalls:
    """Calls of which the topics, questions and needs are known, as the encoder read them."""

    calls: tuple[tuple[Turn, ...], ...]
    truths: tuple[Truth, ...]
    vectors: tuple[TurnVectors, ...]

    def score(self, tagger: TransformersTagger) -> Score:
        """How ``tagger`` does on them."""
        return labelled_score(self.truths, tagger.questions(self.calls, self.vectors))


def read_labelled_calls(settings: Settings, tagger: TransformersTagger) -> LabelledCalls | None:
    """The labelled calls of the model's folder, read by the encoder; ``None`` when it carries none.

    Raises ``ModelError`` when they are damaged.
    """
    models = assembly.open_registry(settings)
    file = models.require(models.profile(settings.models.profile)["tagger"]) / VALIDATION_FILE
    if not file.is_file():
        return None
    try:
        told = json.loads(gzip.decompress(file.read_bytes()))
        calls = tuple(_turns(call["turns"]) for call in told["calls"])
        truths = tuple(
            Truth(frozenset(call["topics"]), frozenset(call["questions"]), frozenset(call["needs"]))
            for call in told["calls"]
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{VALIDATION_FILE} of the tagger is damaged; try: callinsight models verify") from error
    return LabelledCalls(calls, truths, tagger.read(calls))


def _turns(told: Iterable[Sequence[str]]) -> tuple[Turn, ...]:
    turns, at = [], 0
    for role, text in told:
        words = tuple(Word(Span(at + n, at + n + 1), word, 1.0) for n, word in enumerate(text.split()))
        turns.append(Turn(Span(at, at + len(words)), Role(role), words))
        at += len(words)
    return tuple(turns)
