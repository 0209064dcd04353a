"""Recordings become waveforms: decoded once, by PyAV, to 16 kHz float32.

Everything that can be wrong with a recording ends as a ``RecordingError`` of the decode stage with its kind; no error
of PyAV or FFmpeg leaves this module, and FFmpeg writes nothing to the terminal.
"""

import io
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from callinsight import audio_probe
from callinsight.core.values import FailureKind, Layout, Stage, Waveform
from callinsight.errors import RecordingError

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

SAMPLE_RATE_HZ = 16_000
"""The rate of every waveform: what the recognisers and the voice-activity model were trained at."""

_Block = npt.NDArray[np.float32]

# Demuxers that may look at a recording. FFmpeg also knows text formats that name other files to open (playlists,
# concat lists); a text file in the inbox must never make us read something else.
_FORMATS = "wav,w64,mp3,ogg,mov,matroska,flac,aac,asf,amr,au,aiff,avi,mpegts,mpeg,flv"
_PLAUSIBLE_RATES_HZ = range(4_000, 192_001)
_MISSING_TOLERATED_MS = 500
_BAD_PACKETS_TOLERATED = 0.02
_BAD_PACKETS_AT_THE_END = 2
_SAME_CHANNEL_CORRELATION = 0.9998  # residual below -34 dB: one voice copied, also after a lossy codec
_SILENT_CHANNEL_PEAK_TO_PEAK = 1e-3  # below the line noise of any real channel
_EXPECTED_MIN_MS = 5_000
_RATE_TOLERANCE = 0.01
_CHUNK_SAMPLES = 1 << 20


class ChannelNote(StrEnum):
    """Why a two-channel file was taken as one channel."""

    NONE = "none"
    IDENTICAL = "identical-channels"
    ONE_SILENT = "one-channel-silent"


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What is still a phone call. Longer or shorter recordings are set aside, not cut."""

    max_minutes: int = 240
    min_ms: int = 1_000

    def __post_init__(self) -> None:
        if self.max_minutes <= 0 or self.min_ms < 0:
            raise ValueError("max_minutes must be positive and min_ms not negative")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded recording: ``waveform`` at 16 kHz with one channel (``MONO``) or two (``STEREO``)."""

    waveform: Waveform
    layout: Layout
    source_sample_rate_hz: int
    codec: str
    note: ChannelNote = ChannelNote.NONE


def decode(
    source: bytes | BinaryIO | Path,
    *,
    limits: DecodeLimits | None = None,
    expected_duration_ms: int | None = None,
) -> Decoded:
    """Decode a recording to 16 kHz.

    ``expected_duration_ms`` is the recorder's own figure; with it a sample rate that the header gives wrongly is seen.
    Raises ``RecordingError`` (stage ``DECODE``) with EMPTY_FILE, NOT_AUDIO (also for a video), NO_AUDIO_STREAM,
    TRUNCATED, UNREADABLE, TOO_LONG, TOO_SHORT, TOO_MANY_CHANNELS, WRONG_SAMPLE_RATE or OUT_OF_MEMORY.
    """
    limits = limits or DecodeLimits()
    try:
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return _decode(stream, limits, expected_duration_ms)
        return _decode(io.BytesIO(source) if isinstance(source, bytes) else source, limits, expected_duration_ms)
    except MemoryError:
        raise _error(FailureKind.OUT_OF_MEMORY, retryable=True) from None
    except OSError:  # the store, not the sound: PyAV's own OSErrors are translated further down
        raise _error(FailureKind.UNREADABLE, retryable=True) from None


def _error(kind: FailureKind, *, retryable: bool = False) -> RecordingError:
    return RecordingError(Stage.DECODE, kind, retryable=retryable)


def _decode(stream: BinaryIO, limits: DecodeLimits, expected_duration_ms: int | None) -> Decoded:
    if stream.seek(0, os.SEEK_END) == 0:
        raise _error(FailureKind.EMPTY_FILE)
    structure = audio_probe.inspect(stream)
    if structure.wrong_rate:
        raise _error(FailureKind.WRONG_SAMPLE_RATE)
    if structure.missing_ms > _MISSING_TOLERATED_MS:
        raise _error(FailureKind.TRUNCATED)
    if structure.duration_ms is not None and structure.duration_ms > limits.max_minutes * 60_000:
        raise _error(FailureKind.TOO_LONG)
    with closing(_open(stream, structure)) as container:
        sound = _audio_stream(container)
        codec = sound.codec_context.name
        promised_ms = _promised_ms(container, structure)
        if promised_ms is not None and promised_ms > limits.max_minutes * 60_000:
            raise _error(FailureKind.TOO_LONG)
        samples, rate_hz = _Reader(container, sound, limits).read(promised_ms, cut=structure.cut)
    duration_ms = samples.shape[1] * 1000 // SAMPLE_RATE_HZ
    if duration_ms < limits.min_ms:
        raise _error(FailureKind.TRUNCATED if structure.cut else FailureKind.TOO_SHORT)
    _check_rate(rate_hz, duration_ms, expected_duration_ms)
    samples, note = _fold(samples)
    layout = Layout.STEREO if samples.shape[0] == 2 else Layout.MONO
    return Decoded(Waveform(samples, SAMPLE_RATE_HZ), layout, rate_hz, codec, note)


def _open(stream: BinaryIO, structure: audio_probe.Structure) -> "InputContainer":
    import av

    av.logging.set_level(None)
    try:
        return av.open(stream, mode="r", options={"format_whitelist": _FORMATS}, metadata_errors="ignore")
    except av.FFmpegError:
        if structure.container is None:
            raise _error(FailureKind.NOT_AUDIO) from None
        raise _error(FailureKind.TRUNCATED if structure.cut else FailureKind.UNREADABLE) from None


def _audio_stream(container: "InputContainer") -> "AudioStream":
    """The one stream of sound; a moving picture makes it a video, a cover picture does not."""
    from av.stream import Disposition

    sounds = container.streams.audio
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not sounds:
        raise _error(FailureKind.NO_AUDIO_STREAM if pictures else FailureKind.NOT_AUDIO)
    if pictures:
        raise _error(FailureKind.NOT_AUDIO)
    sound = sounds[0]
    if sound.codec_context is None:  # a codec that does not exist; PyAV's types do not tell
        raise _error(FailureKind.UNREADABLE)
    if sound.codec_context.channels > 2:
        raise _error(FailureKind.TOO_MANY_CHANNELS)
    return sound


def _promised_ms(container: "InputContainer", structure: audio_probe.Structure) -> int | None:
    if not structure.promises_length or structure.container == "wav" or container.duration is None:
        return None
    return container.duration // 1000  # FFmpeg counts microseconds


class _Reader:
    """Decodes one stream, block by block, so that no more than the result is ever held."""

    def __init__(self, container: "InputContainer", sound: "AudioStream", limits: DecodeLimits) -> None:
        self._container = container
        self._sound = sound
        self._max_samples = limits.max_minutes * 60 * SAMPLE_RATE_HZ
        self._packets = 0
        self._bad_packets = 0
        self._resampler: Any = None
        self._rate_hz = 0
        self._channels = 0

    def read(self, promised_ms: int | None, *, cut: bool) -> tuple[_Block, int]:
        """Give ``[channel, sample]`` at 16 kHz and the source's sample rate."""
        blocks: list[_Block] = []
        total = 0
        for frame in self._frames():
            block = self._resample(self._to_float(frame), last=False)
            blocks.append(block)
            total += block.shape[0]
            if total > self._max_samples:
                raise _error(FailureKind.TOO_LONG)
        if self._resampler is not None:
            blocks.append(self._resample(np.zeros((0, self._channels), np.float32), last=True))
        samples = _join(blocks, max(1, self._channels))
        self._check(samples.shape[1] * 1000 // SAMPLE_RATE_HZ, promised_ms, cut=cut)
        return samples, self._rate_hz

    def _frames(self) -> Iterator["AudioFrame"]:
        """The decoded frames; a packet that cannot be decoded is counted and skipped."""
        import av

        packets = self._container.demux(self._sound)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                self._packets += 1
                frames = packet.decode()
            except av.error.EOFError:
                return
            except av.FFmpegError:
                self._bad_packets += 1
                if self._bad_packets > _BAD_PACKETS_AT_THE_END + self._packets:
                    return  # the demuxer itself no longer moves on
                continue
            yield from frames

    def _to_float(self, frame: "AudioFrame") -> _Block:
        """One frame as float32 ``[sample, channel]`` in [-1, 1]."""
        channels = frame.layout.nb_channels
        if channels > 2:
            raise _error(FailureKind.TOO_MANY_CHANNELS)
        if not self._rate_hz:
            self._rate_hz, self._channels = frame.sample_rate, channels
            if self._rate_hz not in _PLAUSIBLE_RATES_HZ:
                raise _error(FailureKind.WRONG_SAMPLE_RATE)
        if (frame.sample_rate, channels) != (self._rate_hz, self._channels):
            raise _error(FailureKind.UNREADABLE)  # two recordings glued together: no single line of time
        raw: npt.NDArray[Any] = frame.to_ndarray()
        values = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
        if values.dtype.kind == "f":
            return np.ascontiguousarray(values, dtype=np.float32)
        scale = float(1 << (8 * values.dtype.itemsize - 1))
        middle = scale if values.dtype.kind == "u" else 0.0
        return ((values.astype(np.float64) - middle) / scale).astype(np.float32)

    def _resample(self, block: _Block, *, last: bool) -> _Block:
        if self._rate_hz == SAMPLE_RATE_HZ:
            return block
        if self._resampler is None:
            import soxr

            self._resampler = soxr.ResampleStream(self._rate_hz, SAMPLE_RATE_HZ, self._channels, dtype="float32")
        out: _Block = self._resampler.resample_chunk(block, last=last)
        return out.reshape(-1, self._channels)

    def _check(self, decoded_ms: int, promised_ms: int | None, *, cut: bool) -> None:
        """Raise when too much of the recording is damaged or not there."""
        missing_ms = 0 if promised_ms is None else promised_ms - decoded_ms
        damaged = self._bad_packets > max(_BAD_PACKETS_AT_THE_END, _BAD_PACKETS_TOLERATED * self._packets)
        if damaged or (self._bad_packets and not decoded_ms):
            raise _error(FailureKind.UNREADABLE)
        if missing_ms > _MISSING_TOLERATED_MS or (cut and promised_ms is not None):
            raise _error(FailureKind.TRUNCATED)


def _join(blocks: list[_Block], channels: int) -> _Block:
    """Join ``[sample, channel]`` blocks to ``[channel, sample]``, giving each block back as soon as it is copied."""
    joined = np.empty((channels, sum(block.shape[0] for block in blocks)), np.float32)
    at = 0
    blocks.reverse()
    while blocks:
        block = blocks.pop()
        joined[:, at : at + block.shape[0]] = block.T
        at += block.shape[0]
    return np.nan_to_num(np.clip(joined, -1.0, 1.0, out=joined), copy=False)


def _check_rate(rate_hz: int, duration_ms: int, expected_ms: int | None) -> None:
    """Raise when the recorder's duration shows that the sound was recorded at another usual rate.

    Only factors of two and more are judged: a smaller difference may be time that the recorder counted but did not
    record (ringing, waiting).
    """
    if expected_ms is None or expected_ms < _EXPECTED_MIN_MS:
        return
    true_rate_hz = rate_hz * duration_ms / expected_ms
    if 0.55 < true_rate_hz / rate_hz < 1.8:
        return
    if any(abs(true_rate_hz - usual) <= _RATE_TOLERANCE * usual for usual in audio_probe.STANDARD_RATES_HZ):
        raise _error(FailureKind.WRONG_SAMPLE_RATE)


def _fold(samples: _Block) -> tuple[_Block, ChannelNote]:
    """Take a two-channel file as mono when both channels carry the same sound, or one carries none."""
    if samples.shape[0] != 2:
        return samples, ChannelNote.NONE
    silent = [float(np.ptp(channel)) <= _SILENT_CHANNEL_PEAK_TO_PEAK for channel in samples]
    if any(silent):
        return samples[1:2] if silent[0] else samples[0:1], ChannelNote.ONE_SILENT
    energy = np.zeros((2, 2))
    for first in range(0, samples.shape[1], _CHUNK_SAMPLES):
        chunk = samples[:, first : first + _CHUNK_SAMPLES].astype(np.float64)
        energy += chunk @ chunk.T
    if abs(energy[0, 1]) >= _SAME_CHANNEL_CORRELATION * np.sqrt(energy[0, 0] * energy[1, 1]):
        louder = int(energy[1, 1] > energy[0, 0])
        return samples[louder : louder + 1], ChannelNote.IDENTICAL
    return samples, ChannelNote.NONE
