"""The seam to faster-whisper: times come back, loops are decoded again, phantoms go. For the most
part the library is not imported."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core.values import FailureKind, Span, Waveform
from callinsight.engines import SpokenChannel
from callinsight.engines.faster_whisper import FasterWhisperTranscriber, TranscribeOptions, load, open_model
from callinsight.errors import ModelError, RecordingError

RATE = 16_000
LOOP = "ja ja ja ja ja ja ja ja ja ja ja ja"


def piece(clip: dict[str, float], text: str, *, no_speech: float = 0.0, logprob: float = -0.2) -> SimpleNamespace:
    """What the library puts out for a clip: words spread over it, times counted from the batch's start."""
    words = text.split()
    step = (clip["end"] - clip["start"]) / max(1, len(words))
    return SimpleNamespace(
        seek=int(int(clip["start"] * RATE) / RATE * 100),  # as the library does it, with its rounding
        start=clip["start"],
        end=clip["end"],
        text=text,
        avg_logprob=logprob,
        no_speech_prob=no_speech,
        words=[
            SimpleNamespace(
                word=f" {word}", start=clip["start"] + i * step, end=clip["start"] + (i + 1) * step, probability=0.9
            )
            for i, word in enumerate(words)
        ],
    )


@dataclass
class FakePipeline:
    """Says ``text`` in every clip; remembers what it was asked."""

    text: str = "goedemorgen gemeente zonnedaal"
    no_speech: float = 0.0
    logprob: float = -0.2
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def transcribe(self, sound: Any, **options: Any) -> tuple[Iterator[SimpleNamespace], None]:
        self.asked.append(options)
        if self.error:
            raise self.error
        clips = options.get("clip_timestamps") or [{"start": 0.0, "end": len(sound) / RATE}]
        return (piece(c, self.text, no_speech=self.no_speech, logprob=self.logprob) for c in clips), None


def channel(*spans: tuple[int, int], seconds: int = 60) -> SpokenChannel:
    rng = np.random.default_rng(1)
    samples = (rng.standard_normal((1, seconds * RATE)) * 0.1).astype(np.float32)
    return SpokenChannel(Waveform(samples, RATE), tuple(Span(*span) for span in spans))


def transcriber(pipeline: FakePipeline, again: FakePipeline | None = None) -> FasterWhisperTranscriber:
    return FasterWhisperTranscriber(again or FakePipeline(), pipeline, TranscribeOptions(batch_windows=4))


def test_dutch_is_pinned_and_nothing_is_guessed() -> None:
    pipeline = FakePipeline()
    transcriber(pipeline).transcribe([channel((1_000, 4_000))])
    (asked,) = pipeline.asked
    assert asked["language"] == "nl"
    assert asked["task"] == "transcribe"
    assert asked["multilingual"] is False
    assert asked["condition_on_previous_text"] is False
    assert asked["word_timestamps"] is True


def test_words_come_back_at_their_time_in_the_recording() -> None:
    spans = [(1_000, 4_000), (20_000, 26_000)]
    first, second = transcriber(FakePipeline()).transcribe([channel(*spans), channel((50_000, 53_000))])
    # Both regions of the first channel share a window, so the words of its one text fall in either.
    words = [word for utterance in first.utterances for word in utterance.words]
    assert len(words) == 3
    assert all(any(a <= w.span.start_ms < w.span.end_ms <= b for a, b in spans) for w in words)
    assert [w.span for u in second.utterances for w in u.words] == [
        Span(50_000, 51_000),
        Span(51_000, 52_000),
        Span(52_000, 53_000),
    ]


def test_order_of_channels_is_kept_whatever_the_batches() -> None:
    channels = [channel((0, 1_000 * n)) for n in (3, 9, 5, 1, 7, 2)]
    found = transcriber(FakePipeline()).transcribe(channels)
    assert [t.utterances[-1].span.end_ms for t in found] == [3_000, 9_000, 5_000, 1_000, 7_000, 2_000]


@dataclass
class LengthTeller(FakePipeline):
    """Says in every clip how long it is, in ms."""

    def transcribe(self, sound: Any, **options: Any) -> tuple[Iterator[SimpleNamespace], None]:
        clips = options["clip_timestamps"]
        return (piece(clip, f"lengte {round((clip['end'] - clip['start']) * 1000)}") for clip in clips), None


@given(st.lists(st.integers(64, 3_000), min_size=2, max_size=24))
@settings(deadline=None)
def test_no_words_ever_go_to_another_window(lengths_ms: list[int]) -> None:
    options = TranscribeOptions(batch_windows=16)
    engine = FasterWhisperTranscriber(FakePipeline(), LengthTeller(), options)
    found = engine.transcribe([channel((0, length_ms), seconds=3) for length_ms in lengths_ms])
    assert [[u.text for u in one.utterances] for one in found] == [[f"lengte {ms}"] for ms in lengths_ms]


def test_channels_of_many_calls_share_batches() -> None:
    pipeline = FakePipeline()
    transcriber(pipeline).transcribe([channel((0, 2_000)) for _ in range(8)])
    assert [len(asked["clip_timestamps"]) for asked in pipeline.asked] == [4, 4]


def test_a_loop_is_decoded_again_and_replaced() -> None:
    again = FakePipeline("dat klopt")
    (found,) = transcriber(FakePipeline(LOOP), again).transcribe([channel((1_000, 9_000))])
    assert [u.text for u in found.utterances] == ["dat klopt"]
    assert (found.loops_redecoded, found.loops_dropped) == (1, 0)
    assert again.asked[0]["temperature"][0] == 0.0
    assert found.utterances[0].span == Span(1_000, 9_000)


def test_a_loop_that_stays_is_dropped_and_counted() -> None:
    (found,) = transcriber(FakePipeline(LOOP), FakePipeline(LOOP)).transcribe([channel((1_000, 9_000))])
    assert found.utterances == ()
    assert (found.loops_redecoded, found.loops_dropped) == (1, 1)


def test_phantom_phrases_are_dropped_and_counted() -> None:
    pipeline = FakePipeline("Ondertitels ingediend door de Amara.org gemeenschap")
    (found,) = transcriber(pipeline).transcribe([channel((0, 3_000))])
    assert (found.utterances, found.phantoms_dropped) == ((), 1)


def test_text_over_silence_is_dropped() -> None:
    (found,) = transcriber(FakePipeline(no_speech=0.9, logprob=-1.5)).transcribe([channel((0, 3_000))])
    assert (found.utterances, found.phantoms_dropped) == ((), 1)


def test_no_speech_no_work() -> None:
    pipeline = FakePipeline()
    (found,) = transcriber(pipeline).transcribe([channel()])
    assert found.utterances == ()
    assert pipeline.asked == []
    assert transcriber(pipeline).transcribe([]) == ()


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (RuntimeError("CUDA out of memory: secret"), FailureKind.OUT_OF_MEMORY, True),
        (MemoryError(), FailureKind.OUT_OF_MEMORY, True),
        (RuntimeError("secret words"), FailureKind.ENGINE_FAILED, False),
    ],
)
def test_errors_are_translated_without_their_text(error: Exception, kind: FailureKind, retryable: bool) -> None:
    with pytest.raises(RecordingError) as caught:
        transcriber(FakePipeline(error=error)).transcribe([channel((0, 3_000))])
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
    assert "secret" not in str(caught.value)


def test_stereo_is_refused() -> None:
    stereo = SpokenChannel(Waveform(np.zeros((2, RATE), np.float32), RATE), (Span(0, 500),))
    with pytest.raises(ValueError, match="one channel"):
        transcriber(FakePipeline()).transcribe([stereo])


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull"):
        load(tmp_path)


BUNDLED = Path(__file__).parents[2] / "models" / "demo" / "speech"


def test_the_encoder_reads_no_more_emptiness_than_the_model_was_trained_on() -> None:
    frames = json.loads((BUNDLED / "card.json").read_text(encoding="utf-8"))["encoder_frames"]
    features = np.zeros((1, 80, 3_000), dtype=np.float32)
    features[..., :frames] = 0.5
    model = open_model(BUNDLED, cpu_threads=1)
    assert list(model.encode(features).shape) == [1, frames // 2, 192]
    features[..., frames] = 0.5  # a window longer than the model was trained on is still read to its end
    assert list(model.encode(features).shape) == [1, 1_500, 192]


def test_a_model_that_says_nothing_of_its_windows_reads_thirty_seconds(tmp_path: Path) -> None:
    shutil.copytree(BUNDLED, tmp_path / "speech", ignore=shutil.ignore_patterns("card.json"))
    model = open_model(tmp_path / "speech", cpu_threads=1)
    assert list(model.encode(np.zeros((1, 80, 3_000), dtype=np.float32)).shape) == [1, 1_500, 192]
