"""The engine for names: any token classifier with labels of persons, the same answer every time, long calls too."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from callinsight.core.spotting import spotted
from callinsight.core.values import FailureKind, Role, Span, Stage, Turn, Word
from callinsight.engines import names
from callinsight.engines.names import TransformersNames
from callinsight.engines.scorers import MARKERS
from callinsight.errors import ModelError, RecordingError

WORDS = ["de", "het", "van", "jansen", "ik", "ben", "met", "goedemorgen", "u", "spreekt", "straat", "wierdelaar"]
DUTCH = ("O", "B-PER", "I-PER")


def turns_of(*lines: str) -> tuple[Turn, ...]:
    turns = []
    for number, line in enumerate(lines):
        words = tuple(
            Word(Span(10_000 * number + 10 * n, 10_000 * number + 10 * n + 10), w, 1.0)
            for n, w in enumerate(line.split())
        )
        turns.append(Turn(Span.cover(word.span for word in words), Role.CALLER if number % 2 else Role.AGENT, words))
    return tuple(turns)


def save(folder: Path, labels: Sequence[str], marked: bool = True, **extra: Any) -> Path:
    """A small untrained network with these labels; without ``marked`` its vocabulary lacks our markers."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    torch.manual_seed(3)
    own = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(MARKERS.values() if marked else ())]
    listed = [*own, *WORDS, *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(listed)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(listed),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=132,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
        initializer_range=1.0,
        **extra,
    )
    BertForTokenClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def spotter(tmp_path_factory: pytest.TempPathFactory) -> TransformersNames:
    return names.load(save(tmp_path_factory.mktemp("names"), DUTCH), batch_size=3)


def test_every_word_has_a_score_whatever_its_length(spotter: TransformersNames) -> None:
    turns = turns_of("met wierdelaar", "ja " * 500, "x" * 300, "€ jansen, 42")
    (scores,) = spotter.scores([turns])
    assert [len(words) for words in scores] == [len(turn.words) for turn in turns]
    assert all(0.0 < score <= 1.0 for words in scores for score in words)
    assert spotter.spot([turns]) == (spotted(scores, spotter.threshold, names.FAINT),)


def test_company_and_repetition_change_nothing(spotter: TransformersNames) -> None:
    calls = [turns_of("ik ben jansen", "de straat " * 150), turns_of("goedemorgen u spreekt met wierdelaar"), ()]
    together = spotter.scores(calls)
    assert together == spotter.scores(calls)
    assert together == [spotter.scores([call])[0] for call in calls]
    assert spotter.spot([]) == ()


def test_a_question_is_heard_with_its_answer(spotter: TransformersNames) -> None:
    one, other = turns_of("ik ben de", "wierdelaar"), turns_of("u spreekt met", "wierdelaar")
    assert spotter.scores([one])[0][1] != spotter.scores([other])[0][1]


def test_the_threshold_is_the_models_own(tmp_path: Path, spotter: TransformersNames) -> None:
    assert spotter.threshold == names.THRESHOLD
    folder = save(tmp_path, DUTCH)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"name_threshold": 0.13}), encoding="utf-8")
    strict, (scores,) = names.load(folder), spotter.scores([turns_of("ik ben jansen")])
    assert strict.threshold == 0.13
    assert strict.spot([turns_of("ik ben jansen")]) == (spotted(scores, 0.13),)


def test_a_model_of_a_hub_works_with_other_labels_and_without_our_markers(tmp_path: Path) -> None:
    labels = ("B-LOC", "O", "I-PER", "B-ORG", "B-PER")
    spotter = names.load(save(tmp_path, labels, marked=False))
    (scores,) = spotter.scores([turns_of("met jansen", "van het straat")])
    assert all(0.0 < score < 1.0 for words in scores for score in words)


def test_a_model_without_persons_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="PER"):
        names.load(save(tmp_path, ("O", "B-LOC", "SUPER-X")))


def test_a_folder_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull"):
        names.load(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="models verify"):
        names.load(tmp_path)


def test_trouble_in_the_library_tells_nothing_of_the_call(spotter: TransformersNames) -> None:
    def fail(batch: object) -> list[list[float]]:
        raise RuntimeError(f"wierdelaar {batch}")

    broken = TransformersNames(spotter._folder)
    broken._forward = fail  # type: ignore[method-assign]
    with pytest.raises(RecordingError) as caught:
        broken.spot([turns_of("met wierdelaar")])
    assert (caught.value.stage, caught.value.kind) == (Stage.REDACT, FailureKind.ENGINE_FAILED)
    assert "wierdelaar" not in str(caught.value)
