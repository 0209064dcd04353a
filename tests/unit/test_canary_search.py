"""The search for planted secrets finds them: as text in any shape, as samples, and by ear. Else it proves nothing."""

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.audio_opus import encode_opus
from callinsight.core.values import Waveform
from support.canary import Finder, digits_of, needles_of_text
from support.canary_files import PACKINGS, layers, packed
from support.canary_sound import ALIKE, Ear, SpokenSecret, likenesses, needles_of_sound

WORDS = ["nul", "zes", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht"]
FINDER = Finder.of(needles_of_text("telephone", WORDS))
HOW = {
    "spoken": " ".join(WORDS).encode(),
    "upper": " ".join(WORDS).upper().encode(),
    "title, wide": " ".join(WORDS).title().encode("utf-16-le"),
    "wider": " ".join(WORDS).encode("utf-32-be"),
    "list": repr(WORDS).encode(),
    "digits": b"0612345678",
    "digits in pairs": "06 12345678".encode("utf-16-le"),
    "address": b"nul%20zes%20een%20twee%20drie%20vier%20vijf%20zes%20zeven%20acht",
    "hexadecimal": " ".join(WORDS).encode().hex().encode(),
    "lines": "\n".join(WORDS).encode(),
}


@pytest.mark.parametrize("how", HOW)
@given(before=st.binary(max_size=70), after=st.binary(max_size=70))
@settings(max_examples=20, deadline=None)
def test_words_are_found_in_every_shape(how: str, before: bytes, after: bytes) -> None:
    assert FINDER.find(before + HOW[how] + after)


@given(st.lists(st.sampled_from(["één", "twee", "jansen", "devries", "wilhelmina", "straat"]), min_size=3, max_size=6))
@settings(max_examples=40, deadline=None)
def test_words_with_accents_are_found_whatever_wrote_them(words: list[str]) -> None:
    import base64
    import json

    finder, text = Finder.of(needles_of_text("name", words)), " ".join(words)
    for written in (json.dumps({"said": text}), ascii(text), text.upper()):
        assert finder.find(written.encode())
    for shift in range(3):
        assert finder.find(base64.b64encode(b"x" * shift + text.encode() + b"y" * shift))


@given(st.binary(max_size=5_000))
@settings(max_examples=60, deadline=None)
def test_nothing_is_found_where_nothing_is(data: bytes) -> None:
    assert FINDER.find(data) == set()
    assert FINDER.find(" ".join(WORDS[::2]).encode() * 9) == set()


@pytest.mark.parametrize("way", PACKINGS)
@pytest.mark.parametrize("outer", [None, "gzip", "sqlite"])
def test_what_is_packed_is_opened(way: str, outer: str | None, tmp_path: Path) -> None:
    told = b"x" * 100 + " ".join(WORDS).encode() + b"y" * 100
    data = packed(told, way, tmp_path)
    if outer is not None:
        (tmp_path / "outer").mkdir()
        data = packed(data, outer, tmp_path / "outer")
    assert any(FINDER.find(layer) for layer in layers(data)), f"{way} in {outer}"


@pytest.mark.parametrize(
    ("words", "digits"), [(WORDS, "0612345678"), (["dubbel", "nul", "een"], "001"), (["nul", "ja"], "")]
)
def test_digits_are_read_as_they_are_said(words: list[str], digits: str) -> None:
    assert digits_of(words) == digits


def voice(seed: int, seconds: float = 2.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Sound with syllables, as unlike other sound as a voice is."""
    rng = np.random.default_rng(seed)
    count = int(seconds * 16_000)
    pitch = np.interp(np.arange(count), np.arange(0, count + 3_200, 3_200), rng.uniform(90, 220, count // 3_200 + 1))
    loud = np.interp(np.arange(count), np.arange(0, count + 1_600, 1_600), rng.random(count // 1_600 + 1))
    wave = sum(np.sin(k * 2 * np.pi * np.cumsum(pitch) / 16_000) / k for k in range(1, 9))
    return np.asarray(0.2 * loud * wave + rng.normal(0, 1e-4, count), np.float32)


SECRET = SpokenSecret("number", voice(1))
OTHER = voice(2)
AS_SAMPLES = Finder.of(needles_of_sound(SECRET, OTHER))
both = np.stack([OTHER, SECRET.samples], 1)


@pytest.mark.parametrize(
    "data",
    [
        (SECRET.samples * 32767).astype("<i2").tobytes(),
        np.rint(SECRET.samples * 32768).astype("<i2").tobytes(),
        SECRET.samples.tobytes(),
        SECRET.samples.astype(np.float64).tobytes(),
        SECRET.samples.astype(np.float16).tobytes(),
        SECRET.samples[::2].tobytes(),
        np.rint(SECRET.samples[::2] * 32767).astype("<i2").tobytes(),
        both.tobytes(),
        np.rint(both * 32767).astype("<i2").tobytes(),
    ],
)
@pytest.mark.parametrize("shift", [0, 1, 3])
def test_samples_are_found(data: bytes, shift: int) -> None:
    assert AS_SAMPLES.find(b"h" * (44 + shift) + data)
    assert not AS_SAMPLES.find(b"h" * (44 + shift) + OTHER.tobytes())


def coded(samples: np.ndarray[tuple[int], np.dtype[np.float32]], form: str, codec: str, rate_hz: int) -> bytes:
    """A sound file."""
    import soxr

    sound = soxr.resample(samples, 16_000, rate_hz)
    kept = io.BytesIO()
    with av.open(kept, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.rint(sound[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = rate_hz
        for one in av.AudioResampler(stream.codec_context.format, "mono", rate_hz, 0).resample(frame):
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return kept.getvalue()


CODINGS = [
    ("wav", "pcm_s16le", 16_000),
    ("wav", "pcm_alaw", 8_000),
    ("flac", "flac", 16_000),
    ("mp3", "libmp3lame", 16_000),
]


@pytest.mark.parametrize(("form", "codec", "rate_hz"), CODINGS)
def test_sound_is_recognised_after_coding(form: str, codec: str, rate_hz: int) -> None:
    ear = Ear()
    around = np.concatenate([voice(7), SECRET.samples, voice(8)])
    assert ear.listen("with", coded(around, form, codec, rate_hz)) == 1
    assert ear.listen("without", coded(np.concatenate([voice(7), voice(9)]), form, codec, rate_hz)) == 1
    found = ear.recognise([SECRET])
    assert {name for name, _, _ in found} == {"with"}
    assert max(likeness for _, _, likeness in found) > 0.8


def test_sound_is_recognised_in_a_page_that_carries_it() -> None:
    around = np.concatenate([voice(7), SECRET.samples, voice(8)])
    opus = encode_opus(Waveform(around[None], 16_000))
    page = b"<audio src='data:audio/ogg;base64," + __import__("base64").b64encode(opus) + b"'></audio>"
    ear = Ear()
    for layer in layers(page):
        ear.listen("page", layer)
    assert ear.recognise([SECRET])


@given(st.integers(10, 400))
@settings(max_examples=15, deadline=None)
def test_other_voices_are_not_taken_for_it(seed: int) -> None:
    assert likenesses([SECRET.loudest], voice(seed, 5.0))[0] < ALIKE
