"""Recordings are compressed: a round trip through the codecs that call recorders use, with PyAV."""

from __future__ import annotations

import io

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Samples = NDArray[np.float32]

_RATE_HZ = 8000
# (container, codec, bits per second): Opus as modern recorders write it, MP3 as old ones do, and AMR, the codec of
# mobile telephones and a close relative of GSM.
_CODECS = (
    ("ogg", "libopus", 12_000),
    ("ogg", "libopus", 20_000),
    ("mp3", "libmp3lame", 24_000),
    ("amr", "libopencore_amrnb", 12_200),
)


def recorded(samples: Samples, rng: np.random.Generator) -> Samples:
    """[n] at 16 kHz, encoded at 8 kHz and decoded again; [n], aligned to the original within a few milliseconds."""
    container, codec, bit_rate = _CODECS[int(rng.integers(len(_CODECS)))]
    narrow = np.clip(resample_poly(samples, 1, 2), -1, 1)
    back = _decoded(_encoded((narrow * 32767).astype(np.int16), container, codec, bit_rate))
    wide = np.zeros(len(samples), np.float32)
    heard = resample_poly(back, 2, 1)[: len(samples)]
    wide[: len(heard)] = heard
    return wide


def _encoded(sound: NDArray[np.int16], container: str, codec: str, bit_rate: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=_RATE_HZ, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout="mono")
        frame.sample_rate = _RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    return buffer.getvalue()


def _decoded(data: bytes) -> Samples:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=_RATE_HZ)
    with av.open(io.BytesIO(data)) as source:
        blocks = [part.to_ndarray()[0] for frame in source.decode(audio=0) for part in resampler.resample(frame)]
    blocks.extend(part.to_ndarray()[0] for part in resampler.resample(None))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
