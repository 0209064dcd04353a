"""The telephone line: what it does to speech, and the sounds on it that are not speech.

Everything takes and gives float32 [n] mono at 16 kHz. numpy and scipy only, so that tests can use it anywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
BAND_HZ = (300.0, 3400.0)  # the telephone band of ITU-T G.712

_MU = 255.0  # mu-law of ITU-T G.711; A of its A-law
_A = 87.6
# ITU-T E.180 / Q.35 and the national plan: ringing 425 Hz, 1 s on and 4 s off in the Netherlands.
_RING_HZ, _RING_ON_MS, _RING_OFF_MS = 425.0, 1000, 4000
_DTMF_ROWS_HZ, _DTMF_COLUMNS_HZ = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0)  # ITU-T Q.23


@functools.cache
def _band_filter(low_hz: float, high_hz: float) -> NDArray[np.float64]:
    return np.asarray(butter(4, (low_hz, high_hz), btype="bandpass", fs=8000, output="sos"))


def companded(samples: Samples, law: str) -> Samples:
    """There and back through 8-bit G.711 by its continuous curve; `law` is "a" or "mu". Raises ValueError otherwise."""
    clipped = np.clip(samples, -1.0, 1.0)
    magnitude, sign = np.abs(clipped), np.sign(clipped)
    if law == "mu":
        code = np.round(np.log1p(_MU * magnitude) / np.log1p(_MU) * 127) / 127
        return (sign * np.expm1(code * np.log1p(_MU)) / _MU).astype(np.float32)
    if law != "a":
        raise ValueError(f"law must be a or mu, not {law!r}")
    scale = 1.0 + np.log(_A)
    curve = np.where(magnitude < 1 / _A, _A * magnitude, 1.0 + np.log(np.maximum(_A * magnitude, 1.0))) / scale
    code = np.round(curve * 127) / 127
    back = np.where(code < 1 / scale, code * scale / _A, np.exp(code * scale - 1.0) / _A)
    return (sign * back).astype(np.float32)


def telephone(samples: Samples, rng: np.random.Generator) -> Samples:
    """[n] as heard over a line: 300-3400 Hz at 8 kHz, another level, line noise, often G.711; [n] at 16 kHz again."""
    if not len(samples):
        return samples.astype(np.float32)
    narrow = resample_poly(samples, 1, 2)
    edges = (BAND_HZ[0] * rng.uniform(0.7, 1.15), BAND_HZ[1] * rng.uniform(0.94, 1.08))
    narrow = sosfilt(_band_filter(round(edges[0], -1), round(edges[1], -1)), narrow)
    level = 10 ** (rng.uniform(-9, 7) / 20)
    noise_rms = 10 ** (rng.uniform(-70, -46) / 20)
    narrow = np.tanh(narrow * level) + _coloured(rng, len(narrow), rng.uniform(0, 1)) * noise_rms
    if rng.random() < 0.7:
        narrow = companded(narrow.astype(np.float32), "a" if rng.random() < 0.8 else "mu")
    return resample_poly(narrow, 2, 1)[: len(samples)].astype(np.float32)


def _coloured(rng: np.random.Generator, length: int, tilt: float) -> NDArray[np.float64]:
    """Noise with root mean square 1 whose power falls with frequency to the power `tilt`."""
    if not length:
        return np.zeros(0)
    spectrum = np.fft.rfft(rng.normal(0, 1, length))
    spectrum *= np.maximum(np.arange(len(spectrum)), 1) ** (-tilt / 2)
    sound = np.fft.irfft(spectrum, length)
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-12))


def _length(duration_ms: int) -> int:
    if duration_ms < 0:
        raise ValueError(f"duration_ms must not be negative, not {duration_ms}")
    return duration_ms * SAMPLE_RATE_HZ // 1000


def _sine(frequency_hz: float, length: int) -> NDArray[np.float64]:
    return np.asarray(np.sin(2 * np.pi * frequency_hz * np.arange(length) / SAMPLE_RATE_HZ))


def _softened(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without clicks: 5 ms in and out."""
    edge = min(len(sound) // 2, SAMPLE_RATE_HZ // 200)
    ramp = np.ones(len(sound))
    if edge:
        ramp[:edge] = np.linspace(0, 1, edge)
        ramp[-edge:] = np.linspace(1, 0, edge)
    return sound * ramp


def ring_tone(rng: np.random.Generator, duration_ms: int) -> Samples:
    """The tone a caller hears while the other side rings: 1 s on, 4 s off, starting somewhere in it."""
    length, period = _length(duration_ms), _length(_RING_ON_MS + _RING_OFF_MS)
    cycle = np.zeros(period)
    cycle[: _length(_RING_ON_MS)] = _softened(_sine(_RING_HZ * rng.uniform(0.98, 1.02), _length(_RING_ON_MS)))
    cycle = np.roll(cycle, -int(rng.integers(_length(_RING_ON_MS) // 2)))
    return (np.resize(cycle, length) * rng.uniform(0.05, 0.2)).astype(np.float32)


def tones(rng: np.random.Generator, duration_ms: int) -> Samples:
    """Key tones, busy tone, single beeps or a fax-like whistle, with silence between them."""
    length = _length(duration_ms)
    sound = np.zeros(length)
    kind = rng.integers(4)
    on_ms, off_ms = ((90, 140), (500, 500), (300, 2500), (1500, 400))[kind]
    position = int(rng.integers(1, _length(1000)))
    while position < length:
        count = min(_length(int(on_ms * rng.uniform(0.8, 1.3))), length - position)
        if kind == 0:
            beep = (_sine(rng.choice(_DTMF_ROWS_HZ), count) + _sine(rng.choice(_DTMF_COLUMNS_HZ), count)) / 2
        elif kind == 1:
            beep = _sine(_RING_HZ, count)
        else:
            beep = _sine(float(rng.choice((440.0, 950.0, 1000.0, 1100.0, 1400.0, 2100.0))), count)
        sound[position : position + count] = _softened(beep)
        position += count + _length(int(off_ms * rng.uniform(0.7, 1.4)))
    return (sound * rng.uniform(0.05, 0.25)).astype(np.float32)


def noise(rng: np.random.Generator, duration_ms: int) -> Samples:
    """A line without speech: digital silence, hiss, mains hum, an office hum, or thumps and rustling."""
    length = _length(duration_ms)
    kind = rng.integers(5)
    if kind == 0 or not length:
        return np.zeros(length, np.float32)
    sound = _coloured(rng, length, rng.uniform(0, 1.6))
    if kind == 2:
        sound = 0.4 * sound + sum(_sine(50.0 * k, length) / k for k in range(1, 10))
    elif kind == 3:
        sound *= 1.0 + 0.7 * _slow(rng, length, 0.4)
    elif kind == 4:
        sound *= np.maximum(0.05, _slow(rng, length, 6.0)) ** 2
    sound /= np.sqrt(np.mean(sound**2)) + 1e-12
    return np.clip(sound * 10 ** (rng.uniform(-70, -34) / 20), -1, 1).astype(np.float32)


def _slow(rng: np.random.Generator, length: int, changes_per_s: float) -> NDArray[np.float64]:
    """A wandering line between 0 and 1."""
    knots = max(2, int(length / SAMPLE_RATE_HZ * changes_per_s) + 2)
    return np.interp(np.linspace(0, knots - 1, length), np.arange(knots), rng.random(knots))


# Scales in semitones, and chord progressions as scale degrees.
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9, 12, 14))
_PROGRESSIONS = ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 5, 3), (1, 4, 0, 0), (0, 2, 3, 4), (5, 3, 0, 4))


def _note(midi: float, length: int, brightness: float, decay_s: float) -> NDArray[np.float64]:
    """A note with overtones; a long decay gives an organ, a short one a plucked string."""
    frequency_hz = 440.0 * 2 ** ((midi - 69) / 12)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    overtones = [k for k in range(1, 9) if k * frequency_hz < 7000]
    sound = sum(
        (brightness ** (k - 1) * np.sin(2 * np.pi * k * frequency_hz * time_s) for k in overtones), np.zeros(length)
    )
    return _softened(sound * np.exp(-time_s / decay_s))


def _drums(rng: np.random.Generator, beat: int, length: int) -> NDArray[np.float64]:
    """A bass drum on the beat, a snare on every second, a hi-hat on the half."""
    sound = np.zeros(length)
    hit = min(length, SAMPLE_RATE_HZ // 8)
    time_s = np.arange(hit) / SAMPLE_RATE_HZ
    kick = np.sin(2 * np.pi * (110 - 300 * time_s) * time_s) * np.exp(-time_s / 0.04)
    for index, position in enumerate(range(0, length - hit, max(1, beat // 2))):
        if index % 4 == 0:
            sound[position : position + hit] += kick
        elif index % 4 == 2:
            sound[position : position + hit] += rng.normal(0, 0.5, hit) * np.exp(-time_s / 0.03)
        sound[position : position + hit] += rng.normal(0, 0.2, hit) * np.exp(-time_s / 0.008)
    return sound


def _chords(rng: np.random.Generator, bar: int, length: int, pitch: Callable[[int], float]) -> NDArray[np.float64]:
    sound = np.zeros(length)
    roots = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    brightness, decay_s = rng.uniform(0.1, 0.6), rng.uniform(0.5, 6.0)
    for index, position in enumerate(range(0, length, bar)):
        count = min(bar, length - position)
        for step in (0, 2, 4):
            sound[position : position + count] += _note(pitch(roots[index % 4] + step), count, brightness, decay_s)
    return sound / 3


def _line(
    rng: np.random.Generator, beat: int, length: int, pitch: Callable[[int], float], broken: bool
) -> NDArray[np.float64]:
    """Broken chords, or a melody that wanders over the scale, with vibrato in some pieces."""
    sound = np.zeros(length)
    roots = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    brightness, decay_s = rng.uniform(0.1, 0.7), rng.uniform(0.15, 1.5)
    position, degree, index = 0, 0, 0
    while position < length:
        count = min(length - position, beat // 2 if broken else int(beat * rng.choice((0.5, 1.0, 1.0, 2.0))))
        degree = roots[(index // 8) % 4] + (0, 2, 4, 7)[index % 4] if broken else degree + int(rng.integers(-2, 3))
        degree = int(np.clip(degree, -5, 14))
        if broken or rng.random() < 0.85:
            sound[position : position + count] += _note(pitch(degree) + 12, count, brightness, decay_s)
        position, index = position + max(count, 1), index + 1
    return sound


def hold_music(rng: np.random.Generator, duration_ms: int) -> Samples:
    """Music made up on the spot: chords, broken chords, a melody and drums in varying company, tempo and key."""
    length = _length(duration_ms)
    if not length:
        return np.zeros(0, np.float32)
    scale = _SCALES[rng.integers(len(_SCALES))]
    tonic = int(rng.integers(45, 62))
    beat = int(SAMPLE_RATE_HZ * 60 / rng.uniform(60, 150))

    def pitch(degree: int) -> float:
        return float(tonic + scale[degree % len(scale)] + 12 * (degree // len(scale)))

    parts = (
        (0.8, lambda: _chords(rng, 4 * beat, length, pitch)),
        (0.5, lambda: 0.6 * _line(rng, beat, length, pitch, broken=True)),
        (0.6, lambda: 0.8 * _line(rng, beat, length, pitch, broken=False)),
        (0.5, lambda: rng.uniform(0.3, 1.0) * _drums(rng, beat, length)),
    )
    chosen = [make for share, make in parts if rng.random() < share] or [parts[0][1]]
    sound = sum((make() for make in chosen), np.zeros(length))
    if rng.random() < 0.5:
        tail = rng.normal(0, 1, SAMPLE_RATE_HZ) * np.exp(-np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ / 0.2)
        sound = sound + 0.3 * fftconvolve(sound, tail / np.sqrt(np.sum(tail**2)))[:length]
    sound = sound / (np.sqrt(np.mean(sound**2)) + 1e-9) * rng.uniform(0.02, 0.12)
    return np.tanh(sound).astype(np.float32)
