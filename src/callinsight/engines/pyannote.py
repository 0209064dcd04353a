"""Who speaks when in a mono call, by pyannote.audio.

Any local folder that pyannote.audio's own `Pipeline.from_pretrained` loads will do: the bundled `models/demo/speakers`
or a downloaded community-1. The library is imported when a diarizer is built, its telemetry is switched off before
that, and it is only ever given samples, never a file or an address.
"""

import io
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from callinsight.core.values import FailureKind, Span, SpeakerTurn, Stage, Waveform
from callinsight.engines import Diarization
from callinsight.errors import ModelError, RecordingError

SAMPLE_RATE_HZ = 16_000
SHORTEST_MS = 300
"""A recording below this length holds no turn; the networks see five seconds or more at a time."""
QUIETEST_PEAK = 2e-4
"""A recording whose loudest sample lies below this (-74 dB of full scale) is silent: line noise and dither at most."""

# What the library says on every run and we know: each is a condition that this module handles, or that is harmless.
_EXPECTED_WARNINGS = (
    r"\s*torchcodec is not installed correctly",  # its own decoder; it gets samples from us
    r"std\(\): degrees of freedom is <= 0",  # it tries out the shortest sound that its embedding accepts
    r"Mean of empty slice",  # fewer than two embeddings to group: everything is one speaker then
    r"invalid value encountered in (scalar )?divide",  # the same mean
    r"[\s\S]*The detected number of speakers",  # outside the bounds: a short call with one voice
    r"[\s\S]*TensorFloat-32 \(TF32\) has been disabled",  # on a GPU, for the sake of equal results
)


@contextmanager
def _quiet() -> Iterator[None]:
    # Besides warnings, the library's clustering prints a remark on its convergence to the terminal.
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        for message in _EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield


class PyannoteDiarizer:
    """Separates the voices of one mono channel; build it with `load`."""

    def __init__(self, pipeline: Any, *, min_speakers: int = 1, max_speakers: int = 3) -> None:
        if not 1 <= min_speakers <= max_speakers:
            raise ValueError("min_speakers must be at least 1 and at most max_speakers")
        self._pipeline = pipeline
        self._bounds = {"min_speakers": min_speakers, "max_speakers": max_speakers}

    @classmethod
    def load(
        cls, folder: Path, *, device: str = "cpu", min_speakers: int = 1, max_speakers: int = 3
    ) -> "PyannoteDiarizer":
        """Load the pipeline in `folder` (config.yaml and what it names) on `device` ("cpu", "cuda", "cuda:0").

        Raises `ModelError` when the folder is missing, incomplete or damaged, or the device is not there.
        """
        if not (folder / "config.yaml").is_file():
            raise ModelError(
                f"No speaker model in {folder}: config.yaml is missing. Get it with `callinsight models pull`, or set "
                "the path of a complete pyannote folder."
            )
        pipeline = _pipeline(folder)
        try:
            import torch

            pipeline.to(torch.device(device))
        except (RuntimeError, AssertionError) as error:  # torch built without CUDA fails with AssertionError
            raise ModelError(f'The speaker model cannot run on device "{device}"; "cpu" always works.') from error
        return cls(pipeline, min_speakers=min_speakers, max_speakers=max_speakers)

    def diarize(self, waveform: Waveform) -> Diarization:
        """See `callinsight.engines.Diarizer`.

        `waveform` is mono at 16 kHz (`ValueError` otherwise). Raises `RecordingError` when the library fails.
        """
        output = self._run(waveform)
        if output is None:
            return Diarization()
        return Diarization(
            turns=_turns(output.speaker_diarization, waveform.duration_ms),
            exclusive=_exclusive(_turns(output.exclusive_speaker_diarization, waveform.duration_ms)),
        )

    def _run(self, waveform: Waveform) -> Any:
        if waveform.channels != 1 or waveform.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError("speaker separation needs one channel at 16 kHz")
        if waveform.duration_ms < SHORTEST_MS or float(np.abs(waveform.samples).max()) < QUIETEST_PEAK:
            return None
        import torch

        sound = torch.from_numpy(np.ascontiguousarray(waveform.samples))
        try:
            with _quiet():
                return self._pipeline({"waveform": sound, "sample_rate": SAMPLE_RATE_HZ, "uri": "call"}, **self._bounds)
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise RecordingError(Stage.DIARIZE, FailureKind.OUT_OF_MEMORY, retryable=True) from error
        except Exception as error:
            raise RecordingError(Stage.DIARIZE, FailureKind.ENGINE_FAILED) from error


def _pipeline(folder: Path) -> Any:
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # read at import and at every call
    with _quiet():
        from pyannote.audio import Pipeline

        try:
            pipeline = Pipeline.from_pretrained(folder)
        except Exception as error:  # whatever a damaged file makes yaml, numpy, pickle or torch raise
            raise ModelError(
                f"The speaker model in {folder} is incomplete or damaged ({type(error).__name__}). Check it with "
                "`callinsight models verify` and get it again with `callinsight models pull`."
            ) from error
    if not hasattr(pipeline, "segmentation_step"):
        raise ModelError(f"{folder} holds no speaker diarization pipeline of pyannote.audio 4.")
    return pipeline


def _turns(annotation: Any, duration_ms: int) -> tuple[SpeakerTurn, ...]:
    """Whole milliseconds within the recording; the library pads the last chunk, so it may hear beyond the end."""
    found = []
    for stretch, _, speaker in annotation.itertracks(yield_label=True):
        start_ms, end_ms = max(0, round(stretch.start * 1000)), min(duration_ms, round(stretch.end * 1000))
        if end_ms > start_ms:
            found.append(SpeakerTurn(Span(start_ms, end_ms), str(speaker)))
    return tuple(sorted(found))


def _exclusive(turns: Iterable[SpeakerTurn]) -> tuple[SpeakerTurn, ...]:
    """Without the milliseconds that rounding, or frames that overlap by their width, let two turns share."""
    kept: list[SpeakerTurn] = []
    for turn in turns:
        start_ms = max(turn.span.start_ms, kept[-1].span.end_ms if kept else 0)
        if turn.span.end_ms > start_ms:
            kept.append(SpeakerTurn(Span(start_ms, turn.span.end_ms), turn.speaker))
    return tuple(kept)
