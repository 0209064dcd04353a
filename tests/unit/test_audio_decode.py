"""Every format that recorders write decodes to the same sound: right length, pitch, level and channel order."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from callinsight.audio import SAMPLE_RATE_HZ, ChannelNote, decode
from callinsight.core.values import Layout

FORMATS = Path(__file__).parents[1] / "data" / "formats"
SECONDS = 2.0
LEVEL = 0.5
TONES_HZ = (440.0, 1000.0)

Samples = npt.NDArray[np.float64]


def tones(rate_hz: int, channels: int, seconds: float = SECONDS) -> Samples:
    """One pure tone per channel, so that a swapped, mixed or resampled channel shows."""
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    return np.stack([LEVEL * np.sin(2 * np.pi * TONES_HZ[i] * time_s) for i in range(channels)])


def encode(samples: Samples, rate_hz: int, container: str, codec: str, frame_format: str) -> bytes:
    buffer = io.BytesIO()
    layout = "mono" if samples.shape[0] == 1 else "stereo"
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz, layout=layout)
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler(format=frame_format, layout=layout, rate=rate_hz)
        frame = av.AudioFrame.from_ndarray(samples.astype(np.float32), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(ready):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return buffer.getvalue()


def pitch_hz(channel: npt.NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(channel * np.hanning(channel.size)))
    return float(np.argmax(spectrum) * SAMPLE_RATE_HZ / channel.size)


def level(channel: npt.NDArray[np.float32]) -> float:
    middle = channel[channel.size // 4 : -channel.size // 4]
    return float(np.sqrt(2 * np.mean(middle.astype(np.float64) ** 2)))


def check(data: bytes, channels: int, rate_hz: int, *, tolerance_ms: int = 0) -> None:
    decoded = decode(data)
    assert decoded.source_sample_rate_hz == rate_hz
    assert decoded.layout is (Layout.STEREO if channels == 2 else Layout.MONO)
    assert decoded.note is ChannelNote.NONE
    assert decoded.waveform.sample_rate_hz == SAMPLE_RATE_HZ
    assert decoded.waveform.channels == channels
    assert abs(decoded.waveform.duration_ms - SECONDS * 1000) <= tolerance_ms + 1
    for index, channel in enumerate(decoded.waveform.samples):
        assert pitch_hz(channel) == pytest.approx(TONES_HZ[index], abs=2.0)
        assert level(channel) == pytest.approx(LEVEL, rel=0.1)


LOSSLESS = [
    ("wav", "pcm_u8", "u8"),
    ("wav", "pcm_s16le", "s16"),
    ("wav", "pcm_s24le", "s32"),
    ("wav", "pcm_f32le", "flt"),
    ("wav", "pcm_alaw", "s16"),
    ("wav", "pcm_mulaw", "s16"),
    ("flac", "flac", "s16"),
]
CODED = [
    ("wav", "adpcm_ima_wav", "s16p"),
    ("mp3", "libmp3lame", "fltp"),
    ("ipod", "aac", "fltp"),
]


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("container", "codec", "frame_format"), LOSSLESS)
def test_a_lossless_or_companded_recording_decodes(
    container: str, codec: str, frame_format: str, channels: int, rate_hz: int
) -> None:
    check(encode(tones(rate_hz, channels), rate_hz, container, codec, frame_format), channels, rate_hz)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("container", "codec", "frame_format"), CODED)
def test_a_coded_recording_decodes(container: str, codec: str, frame_format: str, channels: int, rate_hz: int) -> None:
    # Coders work in blocks and pad the ends: up to three blocks of 1,024 samples.
    tolerance_ms = 3 * 1024 * 1000 // rate_hz
    check(
        encode(tones(rate_hz, channels), rate_hz, container, codec, frame_format),
        channels,
        rate_hz,
        tolerance_ms=tolerance_ms,
    )


@pytest.mark.parametrize("container", ["ogg", "opus", "webm"])
@pytest.mark.parametrize("channels", [1, 2])
def test_opus_decodes(container: str, channels: int) -> None:
    check(encode(tones(48000, channels), 48000, container, "libopus", "flt"), channels, 48000, tolerance_ms=25)


def test_ogg_vorbis_decodes() -> None:
    check((FORMATS / "vorbis_8k_mono.ogg").read_bytes(), 1, 8000, tolerance_ms=20)
    check((FORMATS / "vorbis_44k_stereo.ogg").read_bytes(), 2, 44100, tolerance_ms=10)


def test_gsm_610_decodes() -> None:
    check((FORMATS / "gsm610_8k_mono.wav").read_bytes(), 1, 8000, tolerance_ms=40)


def test_a_path_a_stream_and_bytes_decode_alike() -> None:
    path = FORMATS / "gsm610_8k_mono.wav"
    with path.open("rb") as stream:
        results = [decode(path), decode(stream), decode(path.read_bytes())]
    for result in results:
        np.testing.assert_array_equal(result.waveform.samples, results[0].waveform.samples)


def test_resampling_keeps_the_band_and_adds_no_mirror() -> None:
    rate_hz = 48000
    time_s = np.arange(rate_hz * 2) / rate_hz
    above = (LEVEL * np.sin(2 * np.pi * 9000 * time_s))[None, :]  # cannot be told at 16 kHz: must vanish, not fold down
    decoded = decode(encode(above, rate_hz, "wav", "pcm_s16le", "s16"))
    assert level(decoded.waveform.samples[0]) < 1e-3


def test_a_copied_channel_is_taken_as_mono() -> None:
    tone = tones(8000, 1)
    copied = np.concatenate([tone, tone])
    for container, codec, frame_format in [("wav", "pcm_alaw", "s16"), ("mp3", "libmp3lame", "fltp")]:
        decoded = decode(encode(copied, 8000, container, codec, frame_format))
        assert decoded.layout is Layout.MONO
        assert decoded.note is ChannelNote.IDENTICAL
        assert decoded.waveform.channels == 1


@pytest.mark.parametrize("silent", [0, 1])
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_alaw", "pcm_mulaw"])
def test_a_silent_channel_is_left_out(codec: str, silent: int) -> None:
    both = tones(8000, 2)
    both[silent] = 0.0
    decoded = decode(encode(both, 8000, "wav", codec, "s16"))
    assert decoded.note is ChannelNote.ONE_SILENT
    assert decoded.layout is Layout.MONO
    assert pitch_hz(decoded.waveform.samples[0]) == pytest.approx(TONES_HZ[1 - silent], abs=2.0)


def test_a_quiet_second_speaker_stays_a_channel_of_its_own() -> None:
    """A far side 40 dB down with the near side's bleed over it is still a second party."""
    both = tones(8000, 2)
    both[1] = 0.01 * both[1] + 0.02 * both[0]
    assert decode(encode(both, 8000, "wav", "pcm_s16le", "s16")).layout is Layout.STEREO


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_recorder_that_streams_leaves_the_size_open(size: int) -> None:
    data = bytearray(encode(tones(8000, 1), 8000, "wav", "pcm_s16le", "s16"))
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", size)
    check(bytes(data), 1, 8000)


def test_odd_chunks_before_the_sound_are_stepped_over() -> None:
    data = encode(tones(8000, 1), 8000, "wav", "pcm_s16le", "s16")
    note = b"note" + struct.pack("<I", 3) + b"abc\0"  # an odd length, padded as RIFF asks
    at = data.index(b"data")
    check(data[:at] + note + data[at:], 1, 8000)
