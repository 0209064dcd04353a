"""Telephone sound -> files as contact centres keep them: Opus, WAV (A-law, mu-law, ADPCM, GSM), MP3, FLAC, M4A.

PyAV writes all but GSM 6.10, which needs sox (Debian package, to rebuild only).
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Format:
    """A file kind: extension, codec name in FFmpeg, sample rate, bit rate per channel count (0: the codec's own)."""

    extension: str
    codec: str
    rate_hz: int = 8000
    mono_bps: int = 0
    stereo_bps: int = 0
    apart: bool = False  # two channels coded each for itself


FORMATS: Mapping[str, Format] = {
    "opus": Format("opus", "libopus", 8000, 13_000, 20_000, apart=True),
    "opus-wide": Format("opus", "libopus", 16_000, 15_000, 32_000),
    "alaw": Format("wav", "pcm_alaw"),
    "mulaw": Format("wav", "pcm_mulaw"),
    "adpcm": Format("wav", "adpcm_ima_wav"),
    "gsm": Format("wav", "gsm"),
    "mp3": Format("mp3", "libmp3lame", 8000, 16_000, 24_000),
    "flac": Format("flac", "flac"),
    "m4a": Format("m4a", "aac", 8000, 16_000, 28_000),
}


def write(path: Path, channels: tuple[Samples, ...], kind: str) -> None:
    """Writes one or two channels (float32 [n] at 16 kHz) in a format of FORMATS; the extension is the caller's.

    Raises:
        KeyError: for an unknown format.
        ValueError: when GSM is asked for two channels.
    """
    wanted = FORMATS[kind]
    narrow = [resample_poly(c, wanted.rate_hz, 16_000) for c in channels]
    pcm = (np.clip(np.stack(narrow), -0.99, 0.99) * 32767).round().astype(np.int16)
    if kind == "gsm":
        _write_gsm(path, pcm, wanted.rate_hz)
        return
    container_name = {"opus": "ogg", "m4a": "ipod"}.get(wanted.extension, wanted.extension)
    # bitexact: no random stream numbers, no encoder version: the same call gives the same file.
    with av.open(str(path), "w", format=container_name, options={"fflags": "+bitexact"}) as container:
        layout = "mono" if len(channels) == 1 else "stereo"
        stream = container.add_stream(wanted.codec, rate=wanted.rate_hz, layout=layout)
        bit_rate = wanted.mono_bps if len(channels) == 1 else wanted.stereo_bps
        if bit_rate:
            stream.bit_rate = bit_rate
        if wanted.codec == "libopus":
            # Below some 28 kbit/s Opus folds the sides of a stereo call into one; mapping family 255 keeps them apart.
            family = "255" if wanted.apart and len(channels) == 2 else "-1"
            stream.options = {"application": "voip", "frame_duration": "40", "mapping_family": family}
        interleaved = np.ascontiguousarray(pcm.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout=layout)
        frame.sample_rate = wanted.rate_hz
        frame.pts = 0
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout=layout, rate=wanted.rate_hz, frame_size=_frame_size(stream)
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def _frame_size(stream: av.AudioStream) -> int:
    stream.codec_context.open(strict=False)
    return int(stream.codec_context.frame_size or 0)


def _write_gsm(path: Path, pcm: NDArray[np.int16], rate_hz: int) -> None:
    if len(pcm) != 1:
        raise ValueError("GSM 6.10 recordings are mono")
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.wav"
        with wave.open(str(plain), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate_hz)
            # A block is 320 samples in 65 bytes: whole pairs of blocks, or some readers stumble over the last byte.
            file.writeframes(np.pad(pcm[0], (0, -len(pcm[0]) % 640)).tobytes())
        subprocess.run(["sox", str(plain), "-e", "gsm-full-rate", str(path)], check=True, capture_output=True)
