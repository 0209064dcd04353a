"""Where somebody speaks: the Silero voice-activity model that comes with faster-whisper, and what we know of lines.

The model alone passes ringing and bars of music now and then, and misses some voices. So it listens at two levels, and
where sound is left over to a slowed copy too, with thresholds low enough for quiet speakers; and what it finds must not
be steady in pitch, as tones and music are.
"""

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from callinsight.core import acoustics, bleed, regions, waiting
from callinsight.core.acoustics import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, Levels, Samples
from callinsight.core.regions import Marks, Regions
from callinsight.core.values import FailureKind, Span, Stage, Waveform
from callinsight.core.waiting import Line, WaitRules
from callinsight.errors import RecordingError

_CHUNK_FRAMES = 9_375  # five minutes: the model's own memory grows with what it is given at once
_LEAD_FRAMES = 125  # four seconds for its recurrent state to settle
_TARGET_LEVELS = (0.1, 0.03)  # the model hears some voices at one level only, and no level serves all
_MAX_GAIN = 30.0
_SLOWER = 4 / 3  # brings the formants of a child's voice to where the model expects them
_MISSED_MIN_FRAMES = 16  # half a second of sound that nothing explains is worth a second hearing
_JUDGED_GAP_MS = 160


@dataclass(frozen=True, slots=True)
class RegionOptions:
    """When sound counts as speech. Probabilities are the model's; measured on telephone-band Dutch (see the tests).

    ``pad_ms`` is kept around speech, and pauses up to ``min_silence_ms`` inside it, so that no word loses its edges.
    A stretch at least ``max_steadiness`` of whose sound rests in pitch is a tone or music.
    """

    enter: float = 0.15
    leave: float = 0.07
    min_speech_ms: int = 64
    min_silence_ms: int = 300
    pad_ms: int = 200
    max_steadiness: float = 0.5
    faint_ms: int = 96
    faint_probability: float = 0.4

    def __post_init__(self) -> None:
        if not 0.0 < self.leave <= self.enter < 1.0:
            raise ValueError("0 < leave <= enter < 1 must hold")


@dataclass(frozen=True, slots=True)
class SpeechRegions:
    """Speech per channel, in order and disjoint, within the recording.

    ``nonspeech_dropped_ms`` is sound that stands out from the line's noise and is no speech, over all channels;
    ``bleed_dropped_ms`` speech of the other side. ``hold`` is where a caller waits: steady music and nobody speaks,
    or the agent's line is given over to music or dead, whatever the caller says meanwhile. That is in no speech.
    """

    per_channel: tuple[Regions, ...]
    nonspeech_dropped_ms: int = 0
    bleed_dropped_ms: int = 0
    hold: Regions = ()


class SileroRegions:
    """Finds speech in recordings of any length with bounded memory. Deterministic."""

    def __init__(self, options: RegionOptions | None = None, waits: WaitRules | None = None) -> None:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when ONNX Runtime is loaded
        from faster_whisper.vad import get_vad_model

        self._model: Any = get_vad_model()
        self._options = options or RegionOptions()
        self._waits = waits or WaitRules()

    def find(self, waveform: Waveform) -> Regions:
        """The speech of a mono 16 kHz waveform, padded. Raises ``RecordingError`` when the model fails."""
        return self.find_speech(waveform, bleed=False).per_channel[0]

    def find_speech(self, waveform: Waveform, *, bleed: bool, agent_channel: int | None = None) -> SpeechRegions:
        """The speech of every channel of a 16 kHz waveform, padded, without what is said while the caller waits.

        With ``bleed`` what each of two channels hears of the other is removed. ``agent_channel`` is the line on which
        the exchange plays its music, where that is known. Raises ``RecordingError`` when the model fails,
        ``ValueError`` at another sample rate.
        """
        if waveform.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(f"the waveform must have {SAMPLE_RATE_HZ} Hz")
        heard = [self._hear(channel) for channel in waveform.samples]
        found = [line.speech for line in heard]
        if bleed and len(found) == 2:
            own = _own_voices(waveform.samples, found)
            heard = [replace(line, speech=spans) for line, spans in zip(heard, own, strict=True)]
        bleed_dropped_ms = sum(map(regions.total_ms, found)) - sum(regions.total_ms(line.speech) for line in heard)
        waits = self._waited(heard, agent_channel)
        anyone = regions.joined(span for line in heard for span in line.speech)
        held = [span for line in heard for span in acoustics.held(line.steady, line.levels, anyone)]
        held += [span for spans in waits for span in spans]
        return SpeechRegions(
            per_channel=tuple(
                self._finished(line.speech, spans, waveform.duration_ms)
                for line, spans in zip(heard, waits, strict=True)
            ),
            nonspeech_dropped_ms=sum(
                _dropped_ms(line.levels, speech) for line, speech in zip(heard, found, strict=True)
            ),
            bleed_dropped_ms=bleed_dropped_ms,
            hold=regions.padded(regions.joined(held), 0, max(1, waveform.duration_ms)),
        )

    def _waited(self, lines: list[Line], agent_channel: int | None) -> list[Regions]:
        """For each channel where nobody listens to it. Without knowing whose line it is, only music tells."""
        if len(lines) == 1:
            return [waiting.over_music(lines[0], self._waits)]
        rules = self._waits if agent_channel is not None else replace(self._waits, dead_ms=0)
        return [
            () if agent_channel == channel else waiting.away(lines[1 - channel], rules) for channel in range(len(lines))
        ]

    def _finished(self, speech: Regions, waits: Regions, duration_ms: int) -> Regions:
        """Speech as the recogniser gets it: with its edges, and nothing of ``waits`` in it."""
        answered = waiting.begun(waits, speech, self._waits)
        wide = regions.padded(regions.without(speech, answered), self._options.pad_ms, duration_ms)
        near = regions.joined(wide, max(0, self._options.min_silence_ms - 2 * self._options.pad_ms))
        return waiting.unheard(near, answered, self._waits)

    def _hear(self, samples: Samples) -> Line:
        levels = acoustics.levels_db(samples)
        steady = acoustics.steadiness(samples)
        options = self._options
        try:
            probabilities = self._probabilities(samples, levels, steady)
        except (RuntimeError, ValueError, OSError):
            raise RecordingError(Stage.SPEECH, FailureKind.ENGINE_FAILED) from None
        marks = regions.islands(probabilities, options.enter, options.leave)
        speech = [
            span
            for span in regions.joined(regions.of_marks(marks, FRAME_MS), _JUDGED_GAP_MS)
            if self._is_voice(span, probabilities, steady, levels)
        ]
        return Line(levels, steady, regions.joined(speech, options.min_silence_ms))

    def _is_voice(self, span: Span, probabilities: Levels, steady: Levels, levels: Levels) -> bool:
        best = float(probabilities[span.start_ms // FRAME_MS : -(-span.end_ms // FRAME_MS)].max())
        if span.duration_ms < self._options.min_speech_ms:
            return False
        if span.duration_ms < self._options.faint_ms and best < self._options.faint_probability:
            return False
        return acoustics.steadiness_of(span, steady, levels) < self._options.max_steadiness

    def _probabilities(self, samples: Samples, levels: Levels, steady: Levels) -> Levels:
        """Speech probability per 32 ms frame: the best of two levels, and of a slowed copy where sound is left over."""
        if not levels.size:
            return np.zeros(0, np.float32)
        loud = max(10 ** (float(np.quantile(levels, 0.95)) / 20), 1e-5)
        gains = [min(_MAX_GAIN, target / loud) for target in _TARGET_LEVELS]
        first: Levels = np.max([self._run(samples, gain) for gain in gains], axis=0)
        missed = acoustics.audible(levels) & (first < self._options.enter) & (steady < self._options.max_steadiness)
        near_speech = regions.marks_of(
            regions.padded(regions.of_marks(first >= self._options.enter, FRAME_MS), 300, levels.size * FRAME_MS),
            levels.size,
            FRAME_MS,
        )
        if np.count_nonzero(missed & ~near_speech) < _MISSED_MIN_FRAMES:
            return first
        slowed = self._run(_slowed(samples), gains[0])
        at = (np.arange(levels.size) + 0.5) * _SLOWER - 0.5
        second = np.interp(at, np.arange(slowed.size), slowed).astype(np.float32)
        higher: Levels = np.maximum(first, second)
        return higher

    def _run(self, samples: Samples, gain: float) -> Levels:
        """The model's probability per frame, in chunks, each with a lead-in that is thrown away."""
        frames = acoustics.frame_count(samples)
        found = np.zeros(frames, np.float32)
        for first in range(0, frames, _CHUNK_FRAMES):
            last = min(frames, first + _CHUNK_FRAMES)
            lead = max(0, first - _LEAD_FRAMES)
            piece = samples[lead * FRAME_SAMPLES : last * FRAME_SAMPLES] * np.float32(gain)
            # One more frame than needed: the library blanks the context of the last one.
            room = (last - lead + 1) * FRAME_SAMPLES - piece.shape[0]
            piece = np.pad(np.clip(piece, -1.0, 1.0), (0, room))
            found[first:last] = np.asarray(self._model(piece)).reshape(-1)[first - lead : last - lead]
        return found


def _slowed(samples: Samples) -> Samples:
    import soxr

    slow: npt.NDArray[np.float32] = soxr.resample(samples, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * _SLOWER, quality="MQ")
    return slow


def _own_voices(samples: Samples, found: list[Regions]) -> list[Regions]:
    """Both channels' speech without what bled over from the other."""
    return [bleed.without_bleed(samples[own], samples[other], found[own]) for own, other in ((0, 1), (1, 0))]


def _dropped_ms(levels: Levels, speech: Regions) -> int:
    """Milliseconds of audible sound outside speech and the half second around it (breath, room, line clicks)."""
    heard: Marks = acoustics.audible(levels)
    around = regions.padded(speech, 500, max(1, levels.size * FRAME_MS))
    return int(np.count_nonzero(heard & ~regions.marks_of(around, levels.size, FRAME_MS))) * FRAME_MS
