"""Speech recognition with faster-whisper. The only file that imports it (and CTranslate2).

The language is pinned to Dutch: left to guess, Whisper turns English in the middle of Dutch calls. Windows of many
channels, of many calls, share the batches, since one short call cannot fill any.
"""

import bisect
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callinsight.core.hallucinations import is_loop, is_phantom
from callinsight.core.values import FailureKind, Span, Stage, Utterance, Word
from callinsight.core.windows import Window, pack, render, split_long
from callinsight.engines import SpokenChannel, Transcript
from callinsight.errors import ModelError, RecordingError

RATE_HZ = 16_000
_GRID = RATE_HZ // 100
"""Windows start on whole 10 ms frames, the resolution at which the library reports where a piece of text came from."""

_SEEK_SLACK = 1
"""The library works out the frame in which a window starts as int(seconds * 100), which in one of twenty windows falls
one short (0.57 * 100 is 56.99...). Without the slack that window's words would go to the window before it, which may be
of another call. No window is as short as two frames."""

WHISPER_WINDOW_MS = 28_000
"""Whisper reads 30 seconds at once; a little is left for what splitting adds."""

_NO_SPEECH_PROBABILITY, _NO_SPEECH_LOGPROB = 0.6, -1.0
"""Whisper's own rule for silence (its decoder's defaults), which batched decoding leaves out."""

_FALLBACK_TEMPERATURES = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
_SEED = 17
"""Fallback temperatures sample; a fixed seed makes a second run give the same words."""


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """How to decode.

    ``window_s`` is the longest window in seconds, ``None`` for what the model was made for. ``vocabulary`` holds local
    names (streets, products) that the recogniser should expect.
    """

    batch_windows: int = 16
    beam_size: int = 5
    window_s: float | None = None
    vocabulary: tuple[str, ...] = ()


@dataclass(slots=True)
class _Channel:
    """What is collected for one channel while its windows come by in any order."""

    utterances: list[Utterance] = field(default_factory=list)
    redecoded: int = 0
    loops: int = 0
    phantoms: int = 0

    def transcript(self) -> Transcript:
        ordered = tuple(sorted(self.utterances, key=lambda u: u.span))
        return Transcript(ordered, self.redecoded, self.loops, self.phantoms)


@dataclass(frozen=True, slots=True)
class _Job:
    """A window with its sound and the number of the channel it came from."""

    channel: int
    window: Window
    samples: npt.NDArray[np.float32]


class FasterWhisperTranscriber:
    """Implements :class:`callinsight.engines.Transcriber`. Build with :func:`load`."""

    def __init__(
        self, model: Any, pipeline: Any, options: TranscribeOptions, window_ms: int = WHISPER_WINDOW_MS
    ) -> None:
        self._model = model
        self._pipeline = pipeline
        self._options = options
        self._window_ms = window_ms

    def transcribe(self, channels: Sequence[SpokenChannel]) -> tuple[Transcript, ...]:
        """See :class:`callinsight.engines.Transcriber`. Waveforms must be mono at 16 kHz (else ``ValueError``)."""
        jobs = [job for number, channel in enumerate(channels) for job in self._jobs(number, channel)]
        # Decoding a batch lasts as long as its longest text, so windows of like length go together.
        jobs.sort(key=lambda job: job.window.duration_ms, reverse=True)
        collected = [_Channel() for _ in channels]
        for first in range(0, len(jobs), self._options.batch_windows):
            batch = jobs[first : first + self._options.batch_windows]
            try:
                self._run(batch, collected)
            except (RuntimeError, MemoryError) as error:
                raise _as_recording_error(error) from None
        return tuple(channel.transcript() for channel in collected)

    def _jobs(self, number: int, channel: SpokenChannel) -> Iterable[_Job]:
        waveform = channel.waveform
        if waveform.channels != 1 or waveform.sample_rate_hz != RATE_HZ:
            raise ValueError("the recogniser reads one channel at 16 kHz")
        samples = waveform.samples[0]
        regions = split_long(channel.regions, samples, RATE_HZ, self._window_ms)
        for window in pack(regions, self._window_ms):
            yield _Job(number, window, render(window, samples, RATE_HZ))

    def _run(self, batch: Sequence[_Job], collected: Sequence[_Channel]) -> None:
        starts: list[int] = []
        at = 0
        for job in batch:
            starts.append(at)
            at += -(-len(job.samples) // _GRID) * _GRID
        sound = np.zeros(at, dtype=np.float32)
        for start, job in zip(starts, batch, strict=True):
            sound[start : start + len(job.samples)] = job.samples
        # The library cuts with int(seconds * rate): half a sample more keeps that from falling one short.
        clips = [
            {"start": (start + 0.5) / RATE_HZ, "end": (start + len(job.samples) + 0.5) / RATE_HZ}
            for start, job in zip(starts, batch, strict=True)
        ]
        pieces, _ = self._pipeline.transcribe(
            sound, clip_timestamps=clips, batch_size=len(batch), vad_filter=False, **self._decoding()
        )
        frames = [start // _GRID for start in starts]
        by_job: list[list[Any]] = [[] for _ in batch]
        for piece in pieces:
            by_job[bisect.bisect_right(frames, piece.seek + _SEEK_SLACK) - 1].append(piece)
        for job, start, found in zip(batch, starts, by_job, strict=True):
            self._collect(job, found, start * 1000 // RATE_HZ, collected[job.channel])

    def _decoding(self) -> dict[str, Any]:
        return {
            "language": "nl",
            "task": "transcribe",
            "multilingual": False,
            "beam_size": self._options.beam_size,
            "word_timestamps": True,
            "without_timestamps": False,
            "condition_on_previous_text": False,
            "hotwords": " ".join(self._options.vocabulary) or None,
        }

    def _collect(self, job: _Job, pieces: Sequence[Any], start_ms: int, channel: _Channel) -> None:
        if any(is_loop(piece.text, _length_ms(piece)) for piece in pieces):
            channel.redecoded += 1
            pieces, start_ms = self._decode_again(job), 0
        for piece in pieces:
            if is_loop(piece.text, _length_ms(piece)):
                channel.loops += 1
            elif is_phantom(piece.text) or _is_silence(piece):
                channel.phantoms += 1
            else:
                channel.utterances.extend(_utterances(piece, job.window, start_ms))

    def _decode_again(self, job: _Job) -> list[Any]:
        """The window once more, alone, with every threshold that batches leave out."""
        import ctranslate2

        ctranslate2.set_random_seed(_SEED)
        pieces, _ = self._model.transcribe(
            job.samples,
            vad_filter=False,
            temperature=_FALLBACK_TEMPERATURES,
            compression_ratio_threshold=2.4,
            log_prob_threshold=-1.0,
            no_speech_threshold=0.6,
            **self._decoding(),
        )
        return list(pieces)


def _length_ms(piece: Any) -> int:
    return int((piece.end - piece.start) * 1000)


def _is_silence(piece: Any) -> bool:
    unsure = piece.avg_logprob < _NO_SPEECH_LOGPROB
    return bool(piece.no_speech_prob > _NO_SPEECH_PROBABILITY and unsure)


def _utterances(piece: Any, window: Window, start_ms: int) -> Iterable[Utterance]:
    """The words of one piece of text as utterances, one for each region of the window that they fall in."""
    by_region: dict[int, list[Word]] = {}
    for raw in piece.words or ():
        text = raw.word.strip()
        if not text:
            continue
        first = max(0, round(raw.start * 1000) - start_ms)
        last = max(first + 1, round(raw.end * 1000) - start_ms)
        region, span = window.to_recording(first, last)
        held = by_region.setdefault(region, [])
        if held and span.start_ms < held[-1].span.start_ms:
            span = replace(span, start_ms=held[-1].span.start_ms, end_ms=max(span.end_ms, held[-1].span.end_ms))
        held.append(Word(span, text, min(1.0, max(0.0, float(raw.probability)))))
    for words in by_region.values():
        yield Utterance(
            Span.cover(word.span for word in words),
            tuple(words),
            mean_logprob=min(0.0, float(piece.avg_logprob)),
            no_speech_probability=min(1.0, max(0.0, float(piece.no_speech_prob))),
        )


def _as_recording_error(error: Exception) -> RecordingError:
    # The library's own text is not passed on: it may quote what it was decoding.
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return RecordingError(Stage.TRANSCRIBE, FailureKind.OUT_OF_MEMORY, retryable=True)
    return RecordingError(Stage.TRANSCRIBE, FailureKind.ENGINE_FAILED)


def load(
    folder: Path, *, device: str = "cpu", cpu_threads: int = 0, options: TranscribeOptions | None = None
) -> FasterWhisperTranscriber:
    """Load a CTranslate2 Whisper folder, bundled or pulled. ``cpu_threads`` 0 uses all cores.

    Raises ``ModelError`` when the folder holds no such model or the model knows no Dutch.
    """
    if not (folder / "model.bin").is_file():
        raise ModelError(f"no speech model in {folder.name}: run `callinsight models pull` or check models.profile")
    from faster_whisper import BatchedInferencePipeline

    try:
        model = open_model(folder, device=device, cpu_threads=cpu_threads)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"the speech model in {folder.name} cannot be loaded: run `callinsight models verify`") from (
            error
        )
    if not model.model.is_multilingual:
        raise ModelError(f"the speech model in {folder.name} knows English only: choose a multilingual one")
    chosen = options or TranscribeOptions()
    window_ms = int(chosen.window_s * 1000) if chosen.window_s is not None else _said(folder, "window_ms")
    return FasterWhisperTranscriber(
        model, BatchedInferencePipeline(model), chosen, WHISPER_WINDOW_MS if window_ms is None else window_ms
    )


def open_model(folder: Path, *, device: str = "cpu", cpu_threads: int = 0) -> Any:
    """The library's ``WhisperModel`` of ``folder``, reading no more of a window than the model was trained to.

    The library fills every window with emptiness up to the 30 s of Whisper. For a model that was trained on shorter
    windows most of the encoder's work would go into that emptiness, so what lies behind ``encoder_frames`` (steps of
    10 ms, in the model's ``card.json``; none for Whisper itself) is left off while it is empty. Raises what the library
    raises.
    """
    from faster_whisper import WhisperModel

    frames = _said(folder, "encoder_frames")

    class Reader(WhisperModel):  # type: ignore[misc]
        def encode(self, features: npt.NDArray[np.float32]) -> Any:
            """See the library; ``features`` is float32 [(batch,) mel, frame]."""
            short = frames is not None and not features[..., frames:].any()
            return super().encode(features[..., :frames] if short else features)

    compute_type = "float16" if device == "cuda" else "int8"
    return Reader(str(folder), device=device, compute_type=compute_type, cpu_threads=cpu_threads, local_files_only=True)


def _said(folder: Path, key: str) -> int | None:
    """What the model's ``card.json`` says about the windows that it was trained on; Whisper's own folders have none."""
    card = folder / "card.json"
    said = json.loads(card.read_text(encoding="utf-8")).get(key) if card.is_file() else None
    return int(said) if said else None
