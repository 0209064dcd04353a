"""Dutch voices out of espeak-ng, with the time of every word.

espeak-ng (Debian package `espeak-ng`, needed only to rebuild the recordings and the speech model) is driven in-process
through its C library: it hands out 22,050 Hz samples together with an event per word. A voice is a variant of it with
its own pitch, speed, formant shift and room. libespeak-ng keeps global state: use processes, never threads.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import zlib
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, resample_poly

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
MARGIN_MS = 30  # silence kept before the first and after the last word

# From espeak-ng's public header speak_lib.h.
_LIBRARY = "libespeak-ng.so.1"
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_EVENT_END, _EVENT_WORD = 0, 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4


@dataclasses.dataclass(frozen=True, slots=True)
class Voice:
    """One speaker: an espeak-ng variant and what is done to it.

    `pitch` is espeak-ng's 0-99 (50: as the variant is), `speed_wpm` the words per minute that are heard,
    `formant_shift` multiplies all formants (and pitch) by resampling, `room` is "dry", "office" or "hall".
    """

    name: str
    split: str
    variant: str
    pitch: int
    speed_wpm: int
    formant_shift: float
    room: str

    def __post_init__(self) -> None:
        if self.split not in ("train", "test"):
            raise ValueError(f"split must be train or test, not {self.split!r}")
        if not 0.7 <= self.formant_shift <= 1.4:
            raise ValueError(f"formant_shift must lie between 0.7 and 1.4, not {self.formant_shift}")
        if self.room not in _ROOMS:
            raise ValueError(f"room must be one of {sorted(_ROOMS)}, not {self.room!r}")


@dataclasses.dataclass(frozen=True, slots=True)
class Spoken:
    """Speech: float32 [n] mono at 16 kHz within [-1, 1], and (text, start_ms, end_ms) per blank-separated token."""

    samples: Samples
    words: tuple[tuple[str, int, int], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Room:
    decay_ms: float  # time in which the reverberation falls by 60 dB
    wet: float  # reverberant part, relative to the direct sound


_ROOMS = {"dry": _Room(0.0, 0.0), "office": _Room(140.0, 0.12), "hall": _Room(320.0, 0.16)}

_TRAIN_VARIANTS = (
    *("m1", "m2", "m3", "m4", "m6", "m7", "m8", "f1", "f2", "f4", "f5", "anika", "steph", "Alicia", "Annie", "belinda"),
    *("Mario", "Michael", "Hugo", "Lee", "Andy", "Denis", "Gene", "benjamin", "caleb", "david", "john", "max", "paul"),
    *("norbert", "pedro", "robert", "sandro", "travis", "victor", "aunty", "shelby", "edward", "marcelo", "quincy"),
)
_TEST_VARIANTS = (
    *("m5", "f3", "linda", "Andrea", "Marco", "Jacky", "adam", "boris"),
    *("gustave", "michel", "miguel", "pablo", "zac", "steph3", "Diogo", "rob"),
)

# Variants that no voice of a call has, for training networks only: the more voices, the better on one never heard.
MORE_TRAIN_VARIANTS = (
    *("Alex", "Gene2", "Henrique", "Mike", "Nguyen", "RicishayMax", "RicishayMax2", "RicishayMax3", "Storm", "antonio"),
    *("ed", "edward2", "grandma", "grandpa", "iven", "iven2", "iven3", "iven4", "kaukovalta", "klatt", "klatt2"),
    *("klatt3", "klatt4", "announcer", "fast", "Tweaky"),
)


def _spread(split: str, variants: Sequence[str], offset: int) -> tuple[Voice, ...]:
    """A voice per variant, with pitch, speed, formants and room spread evenly and out of step with one another."""
    shifts = (1.0, 0.9, 1.1, 0.95, 1.05, 0.86, 1.14)
    rooms = ("dry", "office", "dry", "hall", "office")
    return tuple(
        Voice(
            name=f"{split}-{variant.lower()}",
            split=split,
            variant=variant,
            pitch=32 + 9 * ((3 * i + offset) % 5),
            speed_wpm=135 + 9 * ((5 * i + offset) % 7),
            formant_shift=shifts[(2 * i + offset) % len(shifts)],
            room=rooms[(3 * i + offset) % len(rooms)],
        )
        for i, variant in enumerate(variants)
    )


VOICES: tuple[Voice, ...] = (*_spread("train", _TRAIN_VARIANTS, 0), *_spread("test", _TEST_VARIANTS, 3))


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Espeak:
    """The library of this process. Raises RuntimeError when it cannot be used."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise RuntimeError("espeak-ng is not installed (Debian: apt-get install espeak-ng)") from error
        self.rate_hz = int(self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 200, None, 0))
        if self.rate_hz <= 0:
            raise RuntimeError("espeak-ng does not start: its data may be missing")
        self._blocks: list[NDArray[np.int16]] = []
        self._starts: list[tuple[int, int]] = []
        self._callback = _CALLBACK(self._receive)  # kept: the library holds only a pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, block: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if block and count > 0:
            self._blocks.append(np.ctypeslib.as_array(block, shape=(count,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_WORD:
                self._starts.append((events[index].text_position - 1, events[index].sample))
            index += 1
        return 0

    def synthesise(self, text: str, variant: str, pitch: int, speed_wpm: int) -> tuple[Samples, list[tuple[int, int]]]:
        """Samples [n] at `rate_hz`, and (character offset, sample offset) per word that espeak-ng announced."""
        self._blocks, self._starts = [], []
        if self._library.espeak_SetVoiceByName(f"nl+{variant}".encode()) != 0:
            raise RuntimeError(f"espeak-ng has no Dutch voice with variant {variant!r}")
        for parameter, value in ((_RATE, speed_wpm), (_PITCH, pitch), (_RANGE, 50), (_VOLUME, 80)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode() + b"\0"
        if self._library.espeak_Synth(data, len(data), 0, 0, 0, _CHARS_UTF8, None, None) != 0:
            raise RuntimeError("espeak-ng did not speak")
        sound = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.int16)
        return sound.astype(np.float32) / 32768, self._starts


@functools.cache
def _espeak() -> _Espeak:
    return _Espeak()


@functools.cache
def _impulse_response(room_name: str, seed: int) -> Samples:
    """Direct sound, four early reflections and a decaying tail; every voice stands elsewhere in its room."""
    room = _ROOMS[room_name]
    rng = np.random.default_rng(seed)
    length = int(room.decay_ms * SAMPLE_RATE_HZ / 1000)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    tail = rng.normal(0, 1, length) * np.exp(-6.9 * time_s / (room.decay_ms / 1000))
    tail[: SAMPLE_RATE_HZ * 4 // 1000] = 0
    response = room.wet * tail / np.sqrt(np.sum(tail**2))
    for delay_ms in rng.uniform(3, 25, 4):
        response[int(delay_ms * SAMPLE_RATE_HZ / 1000)] += rng.uniform(-0.2, 0.2)
    response[0] = 1.0
    return response.astype(np.float32)


def _resampled(sound: Samples, rate_hz: int, shift: float) -> tuple[Samples, float]:
    """At 16 kHz, played `shift` times as fast; and the factor by which sample offsets change."""
    ratio = Fraction(SAMPLE_RATE_HZ / (rate_hz * shift)).limit_denominator(441)
    return resample_poly(sound, ratio.numerator, ratio.denominator).astype(np.float32), float(ratio)


def _token_starts(text: str, tokens: list[str], announced: list[tuple[int, int]], factor: float) -> list[int | None]:
    """First sample of each token. espeak-ng announces some tokens twice and joins others: those stay None."""
    starts: list[int | None] = [None] * len(tokens)
    bounds: list[tuple[int, int]] = []
    position = 0
    for token in tokens:
        position = text.index(token, position)
        bounds.append((position, position + len(token)))
        position += len(token)
    for character, sample in announced:
        for i, (first, last) in enumerate(bounds):
            if first <= character < last and starts[i] is None:
                starts[i] = round(sample * factor)
    return starts


def _filled(tokens: list[str], starts: list[int | None], total: int) -> list[int]:
    """The unannounced tokens share the time up to the next announced one by their number of letters."""
    known = [i for i, start in enumerate(starts) if start is not None]
    if not known or known[0] != 0:
        starts[0] = 0
        known = sorted({0, *known})
    filled: list[int] = []
    for i, following in zip(known, [*known[1:], len(tokens)], strict=True):
        first = starts[i] or 0
        last = starts[following] if following < len(tokens) else total
        weights = np.cumsum([0, *(len(token) + 1 for token in tokens[i:following])])
        filled.extend(int(first + ((last or 0) - first) * weight / weights[-1]) for weight in weights[:-1])
    return filled


def _loud(sound: Samples) -> NDArray[np.bool_]:
    """Whether each 10 ms of [n] samples carries sound: above -40 dB of the loud parts."""
    frame = SAMPLE_RATE_HZ // 100
    padded = np.pad(sound, (0, -len(sound) % frame)).reshape(-1, frame)
    level = np.sqrt(np.mean(padded**2, axis=1))
    return level > max(1e-4, 0.01 * float(np.quantile(level, 0.95)))


def _word_spans(starts: list[int], loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start_ms, end_ms) of words: each ends where the next begins, less the silence around it."""
    spans = []
    for first, last in zip(starts, [*starts[1:], len(loud) * SAMPLE_RATE_HZ // 100], strict=True):
        start, end = first * 1000 // SAMPLE_RATE_HZ, last * 1000 // SAMPLE_RATE_HZ
        frames = np.flatnonzero(loud[start // 10 : max(end // 10, start // 10 + 1)])
        if len(frames):
            start, end = (
                max(start, start // 10 * 10 + int(frames[0]) * 10),
                min(end, (start // 10 + frames[-1] + 1) * 10),
            )
        spans.append((start, max(int(end), start + 10)))
    return spans


def speak(text: str, voice: Voice) -> Spoken:
    """Lower-case Dutch words, spoken. An empty text gives no samples and no words.

    Raises RuntimeError when espeak-ng is missing or lacks the voice.
    """
    tokens = text.split()
    if not tokens:
        return Spoken(np.zeros(0, np.float32), ())
    text = " ".join(tokens)
    espeak = _espeak()
    raw, announced = espeak.synthesise(text, voice.variant, voice.pitch, round(voice.speed_wpm / voice.formant_shift))
    sound, factor = _resampled(raw, espeak.rate_hz, voice.formant_shift)
    if not len(sound):
        return Spoken(sound, tuple((token, 0, 0) for token in tokens))
    starts = _filled(tokens, _token_starts(text, tokens, announced, factor), len(sound))
    loud = _loud(sound)
    spans = _word_spans(starts, loud)
    margin = MARGIN_MS * SAMPLE_RATE_HZ // 1000
    audible = np.flatnonzero(loud) * (SAMPLE_RATE_HZ // 100)
    first = max(0, int(audible[0]) - margin) if len(audible) else 0
    last = min(len(sound), int(audible[-1]) + SAMPLE_RATE_HZ // 100 + margin) if len(audible) else len(sound)
    offset_ms, length_ms = first * 1000 // SAMPLE_RATE_HZ, (last - first) * 1000 // SAMPLE_RATE_HZ
    words = tuple(
        (token, max(0, start - offset_ms), min(length_ms, end - offset_ms))
        for token, (start, end) in zip(tokens, spans, strict=True)
    )
    return Spoken(_in_room(sound[first:last], voice), words)


def _in_room(sound: Samples, voice: Voice) -> Samples:
    """The sound as it reaches the telephone, at a fixed level (root mean square 0.08, peaks below 1)."""
    if voice.room != "dry":
        response = _impulse_response(voice.room, zlib.crc32(voice.name.encode()))
        sound = fftconvolve(sound, response)[: len(sound)].astype(np.float32)
    level = float(np.sqrt(np.mean(sound**2))) or 1.0
    return np.clip(sound * (0.08 / level), -1.0, 1.0).astype(np.float32)
