"""Sound for listening: Ogg Opus in memory, which every current browser plays (Safari from 18.4).

The rate and mode were chosen for their cost: measured on review copies, 24 kbit/s for general sound takes half the time
of 16 kbit/s for voices (51 against 105 ms for a minute of sound, and 33 against 59 to decode) and keeps the waveform
better (correlation 0.992 against 0.935), at 138 kB a minute against 97.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from callinsight.core.values import Waveform

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream

MEDIA_TYPE = "audio/ogg"
BIT_RATE = 24_000
NARROW_HZ, WIDE_HZ = 8_000, 16_000

_DECODED_HZ = 48_000  # whatever went in
_BLOCK_S = 10
_OPTIONS = {"application": "audio", "compression_level": "0", "frame_duration": "60"}


def encode_opus(waveform: Waveform) -> bytes:
    """A mono waveform of 8 or 16 kHz as an Ogg Opus file; the same sound gives the same bytes and keeps its time.

    Raises ``ValueError`` for more channels, another sample rate, or no sound at all.
    """
    import av

    if waveform.channels != 1 or waveform.sample_rate_hz not in (NARROW_HZ, WIDE_HZ) or not waveform.samples.size:
        raise ValueError("only mono sound at 8 or 16 kHz can be encoded")
    av.logging.set_level(None)
    data = io.BytesIO()
    # "bitexact" leaves out the random serial number and the name of the encoder's version.
    with av.open(data, "w", format="ogg", options={"fflags": "bitexact"}) as container:
        stream = container.add_stream("libopus", rate=waveform.sample_rate_hz, layout="mono", options=_OPTIONS)
        stream.bit_rate = BIT_RATE
        for packet in _packets(stream, waveform):
            container.mux(packet)
    return data.getvalue()


def _packets(stream: "AudioStream", waveform: Waveform) -> Iterator["Packet[Any]"]:
    import av

    samples = (np.clip(waveform.samples, -1.0, 1.0) * 32_767).astype(np.int16)
    block = _BLOCK_S * waveform.sample_rate_hz
    for first in range(0, samples.shape[1], block):
        piece = np.ascontiguousarray(samples[:, first : first + block])
        frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
        frame.sample_rate, frame.pts = waveform.sample_rate_hz, first
        yield from stream.encode(frame)
    yield from stream.encode(None)


def decode_opus(data: bytes) -> Waveform:
    """What a browser would play of a file of :func:`encode_opus`, at 16 kHz. Raises ``ValueError`` for anything else.

    Opus decodes to 48 kHz. Nothing above 8 kHz went in, so every third sample holds all there is.
    """
    import av

    av.logging.set_level(None)
    try:
        with av.open(io.BytesIO(data), mode="r", options={"format_whitelist": "ogg"}) as container:
            (stream,) = container.streams.audio
            frames = [frame.to_ndarray()[:1] for frame in container.decode(stream) if frame.sample_rate == _DECODED_HZ]
    except (av.FFmpegError, ValueError):
        raise ValueError("this is no Ogg Opus file") from None
    if not frames:
        raise ValueError("there is no sound in this file")
    samples = np.concatenate(frames, axis=1, dtype=np.float32)[:, :: _DECODED_HZ // WIDE_HZ]
    return Waveform(np.ascontiguousarray(samples), WIDE_HZ)
