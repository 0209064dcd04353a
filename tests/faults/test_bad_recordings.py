"""Every kind of broken recording ends as a typed failure, or is handled; never as an exception of a library."""

import io
import struct
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.audio import DecodeLimits, decode
from callinsight.core.values import FailureKind, Stage
from callinsight.errors import RecordingError

RATE_HZ = 8000


def wav(
    seconds: float,
    *,
    channels: int = 1,
    rate_hz: int = RATE_HZ,
    header_rate_hz: int | None = None,
    header_byte_rate: int | None = None,
    promised_seconds: float | None = None,
) -> bytes:
    """A 16-bit WAV of a tone, whose header may lie about rate, byte rate and length."""
    count = round(seconds * rate_hz)
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(count) / rate_hz)).astype("<i2")
    body = np.repeat(tone, channels).tobytes()
    rate = header_rate_hz or rate_hz
    size = len(body) if promised_seconds is None else round(promised_seconds * rate_hz) * 2 * channels
    byte_rate = header_byte_rate or rate * 2 * channels
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, byte_rate, 2 * channels, 16)
    return b"RIFF" + struct.pack("<I", size + 36) + b"WAVE" + fmt + b"data" + struct.pack("<I", size) + body


def film(container: str, *, picture: bool = True, sound: bool = True) -> bytes:
    """Two seconds of a video, with or without sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        video = out.add_stream("mpeg4", rate=10) if picture else None
        audio = out.add_stream("aac", rate=RATE_HZ, layout="mono") if sound else None
        if isinstance(video, av.VideoStream):
            video.width = video.height = 32
            video.pix_fmt = "yuv420p"
            for _ in range(20):
                out.mux(video.encode(av.VideoFrame(32, 32, "yuv420p")))
            out.mux(video.encode(None))
        if isinstance(audio, av.AudioStream):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 2 * RATE_HZ), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, 0
            fifo = av.AudioFifo()
            fifo.write(frame)
            for part in fifo.read_many(1024, partial=True):
                out.mux(audio.encode(part))
            out.mux(audio.encode(None))
    return buffer.getvalue()


def coded(container: str, codec: str, seconds: float, frame_format: str, rate_hz: int = 48000) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz, layout="mono")
        assert isinstance(stream, av.AudioStream)
        tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(rate_hz * seconds)) / rate_hz)
        frame = av.AudioFrame.from_ndarray(tone[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, 0
        resampler = av.AudioResampler(format=frame_format, layout="mono", rate=rate_hz)
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def failure(data: bytes, *, limits: DecodeLimits | None = None, expected_ms: int | None = None) -> FailureKind:
    with pytest.raises(RecordingError) as caught:
        decode(data, limits=limits, expected_duration_ms=expected_ms)
    assert caught.value.stage is Stage.DECODE
    assert caught.value.__cause__ is None
    return caught.value.kind


def test_zero_bytes() -> None:
    assert failure(b"") is FailureKind.EMPTY_FILE


@pytest.mark.parametrize(
    "text",
    [
        b"Beste collega, hierbij de opname van vandaag.\n" * 50,
        b"1\n00:00:01,000 --> 00:00:02,000\nhallo\n\n" * 20,
        b'{"recording_id": "1"}',
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nother.wav\n",
        b"<html><body>Not found</body></html>" * 20,
        b"x",
    ],
)
def test_text_named_wav(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "opname één.wav"
    path.write_bytes(text)
    with pytest.raises(RecordingError) as caught:
        decode(path)
    assert caught.value.kind is FailureKind.NOT_AUDIO


def test_a_text_file_cannot_make_us_open_another_file(tmp_path: Path) -> None:
    """FFmpeg's concat format names files to read; a recording must not be able to use it."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(2.0))
    assert failure(f"ffconcat version 1.0\nfile {secret}\n".encode()) is FailureKind.NOT_AUDIO


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi"])
def test_a_video(container: str) -> None:
    assert failure(film(container, sound=False)) is FailureKind.NO_AUDIO_STREAM
    assert failure(film(container, sound=True)) is FailureKind.NOT_AUDIO
    assert decode(film(container, picture=False)).waveform.duration_ms >= 2000


def test_more_than_two_channels() -> None:
    assert failure(wav(2.0, channels=3)) is FailureKind.TOO_MANY_CHANNELS
    assert failure(wav(2.0, channels=6)) is FailureKind.TOO_MANY_CHANNELS


def test_a_wav_that_stops_early() -> None:
    whole = wav(10.0)
    assert failure(whole[: len(whole) // 2]) is FailureKind.TRUNCATED
    assert failure(wav(2.0, promised_seconds=36_000)) is FailureKind.TRUNCATED
    for part in (1, 4, 8, 12, 20, 40):
        assert failure(whole[:part]) in {FailureKind.TRUNCATED, FailureKind.UNREADABLE, FailureKind.NOT_AUDIO}


def test_a_wav_that_lacks_a_blink_is_played() -> None:
    whole = wav(10.0)
    assert decode(whole[: -RATE_HZ // 2]).waveform.duration_ms == 9750


@pytest.mark.parametrize(
    ("container", "codec", "frame_format"),
    [("flac", "flac", "s16"), ("mp3", "libmp3lame", "fltp"), ("ogg", "libopus", "flt"), ("ipod", "aac", "fltp")],
)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_coded_recording_that_stops_early(container: str, codec: str, frame_format: str, kept: float) -> None:
    whole = coded(container, codec, 20.0, frame_format)
    assert decode(whole).waveform.duration_ms == pytest.approx(20_000, abs=100)
    assert failure(whole[: round(len(whole) * kept)]) is FailureKind.TRUNCATED


def test_a_damaged_middle() -> None:
    data = bytearray(coded("flac", "flac", 20.0, "s16"))
    noise = np.random.default_rng(1).integers(0, 256, len(data) // 2, dtype=np.uint8).tobytes()
    data[len(data) // 4 : len(data) // 4 + len(noise)] = noise
    assert failure(bytes(data)) in {FailureKind.UNREADABLE, FailureKind.TRUNCATED}


def test_garbage_behind_an_honest_first_word() -> None:
    noise = np.random.default_rng(2).integers(0, 256, 50_000, dtype=np.uint8).tobytes()
    assert failure(b"fLaC" + noise) is FailureKind.UNREADABLE
    assert failure(noise) in {FailureKind.NOT_AUDIO, FailureKind.UNREADABLE}


@given(data=st.binary(max_size=400), magic=st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"OggS", b"fLaC", b"\xff\xfb"]))
@settings(max_examples=150, deadline=None)
def test_no_bytes_at_all_raise_anything_else(magic: bytes, data: bytes) -> None:
    failure(magic + data)


@given(cuts=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_flipped_header_is_a_typed_failure_or_sound(cuts: list[tuple[int, int]]) -> None:
    data = bytearray(wav(1.5))
    for place, value in cuts:
        data[place] = value
    try:
        assert decode(bytes(data)).waveform.duration_ms >= 1000
    except RecordingError as error:
        assert error.stage is Stage.DECODE  # noqa: PT017 - both ends are allowed


def test_too_short() -> None:
    assert failure(wav(0.5)) is FailureKind.TOO_SHORT
    assert failure(wav(0.0)) is FailureKind.TOO_SHORT
    assert decode(wav(0.5), limits=DecodeLimits(min_ms=400)).waveform.duration_ms == 500


def test_ten_hours_of_silence_are_refused_by_the_header_without_decoding() -> None:
    hours = 10
    body = bytes(hours * 3600 * RATE_HZ)
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 6, 1, RATE_HZ, RATE_HZ, 1, 8)
    data = b"RIFF" + struct.pack("<I", len(body) + 36) + b"WAVE" + fmt + b"data" + struct.pack("<I", len(body)) + body
    tracemalloc.start()
    try:
        assert failure(data) is FailureKind.TOO_LONG
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("container", "codec", "frame_format"),
    [("flac", "flac", "s16"), ("mp3", "libmp3lame", "fltp"), ("adts", "aac", "fltp"), ("ogg", "libopus", "flt")],
)
def test_too_long_is_seen_by_the_header_or_on_the_way(container: str, codec: str, frame_format: str) -> None:
    data = coded(container, codec, 90.0, frame_format, rate_hz=16000)
    assert failure(data, limits=DecodeLimits(max_minutes=1)) is FailureKind.TOO_LONG
    assert decode(data, limits=DecodeLimits(max_minutes=2)).waveform.duration_ms == pytest.approx(90_000, abs=300)


@pytest.mark.parametrize(("true_hz", "header_hz"), [(8000, 48000), (8000, 16000), (16000, 8000), (8000, 44100)])
def test_a_wrong_sample_rate_shows_by_the_recorders_duration(true_hz: int, header_hz: int) -> None:
    data = wav(30.0, rate_hz=true_hz, header_rate_hz=header_hz)
    assert failure(data, expected_ms=30_000) is FailureKind.WRONG_SAMPLE_RATE
    right = wav(30.0, rate_hz=true_hz)
    assert decode(right, expected_duration_ms=30_000).source_sample_rate_hz == true_hz
    # A recorder that counts the ringing too is not a wrong rate.
    assert decode(right, expected_duration_ms=47_000).source_sample_rate_hz == true_hz


@pytest.mark.parametrize(("true_hz", "header_hz"), [(8000, 48000), (8000, 16000), (16000, 8000)])
def test_a_wrong_sample_rate_shows_by_a_header_that_contradicts_itself(true_hz: int, header_hz: int) -> None:
    data = wav(5.0, rate_hz=true_hz, header_rate_hz=header_hz, header_byte_rate=true_hz * 2)
    assert failure(data) is FailureKind.WRONG_SAMPLE_RATE


def test_a_sloppy_byte_rate_that_fits_no_rate_is_played() -> None:
    assert decode(wav(5.0, header_byte_rate=1)).waveform.duration_ms == 5000


def test_a_missing_file_is_worth_another_try(tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as caught:
        decode(tmp_path / "gone.wav")
    assert caught.value.retryable


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    failure(b"fLaC" + bytes(range(256)) * 40)
    whole = coded("mp3", "libmp3lame", 5.0, "fltp")
    failure(whole[: len(whole) // 2])
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_limits_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="max_minutes"):
        DecodeLimits(max_minutes=0)
