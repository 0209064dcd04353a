"""The search for a spoken secret as sound: as samples in any file, and by ear in whatever PyAV decodes."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

from support.canary import Needle, based

Samples = npt.NDArray[np.float32]
RATES_HZ = (8_000, 16_000)
ALIKE = 0.5
"""Above this two seconds of sound are the same: a secret after any encoder gives 0.8 and more, two seconds of one
voice at one pitch give 0.35 at most."""
_SLICE = 24  # samples
_LONGEST_S = 1.5
_SHORTEST_S = 0.4
_NO_SOUND = (b"SQLite format 3", b"PK\x03\x04", b"\x1f\x8b\x08", b"PAR1", b"{", b"<", b"\x89PNG")


@dataclass(frozen=True, slots=True)
class SpokenSecret:
    """What was said, as heard in its channel of the decoded recording: mono at 16 kHz."""

    name: str
    samples: Samples

    @property
    def loudest(self) -> Samples:
        """At most a second and a half around the loudest moment."""
        wanted = int(_LONGEST_S * 16_000)
        if self.samples.size <= wanted:
            return self.samples
        energy = np.cumsum(np.pad(self.samples.astype(np.float64) ** 2, (1, 0)))
        first = int(np.argmax(energy[wanted:] - energy[:-wanted]))
        return self.samples[first : first + wanted]

    @property
    def can_be_told(self) -> bool:
        """Whether it is long and loud enough to be told from other sound."""
        return self.samples.size > _SHORTEST_S * 16_000 and float(np.abs(self.samples).max()) > 0.01


def needles_of_sound(secret: SpokenSecret, other_side: Samples | None = None) -> Iterator[Needle]:
    """A row of its samples in the shapes in which a program might keep them, alone or beside ``other_side``.

    The row lies where it is loudest, so that no other sound has the same samples.
    """
    at = int(np.argmax(np.abs(secret.samples[: -2 * _SLICE]))) // 2 * 2
    for step, rate in ((1, "16 kHz"), (2, "8 kHz")):
        row = secret.samples[at : at + step * _SLICE : step]
        shapes = {f"alone, {rate}": row[:, None]}
        if other_side is not None:
            beside = other_side[at : at + step * _SLICE : step]
            shapes |= {f"left, {rate}": np.stack([row, beside], 1), f"right, {rate}": np.stack([beside, row], 1)}
        for shape, both in shapes.items():
            yield from _as_numbers(secret.name, both, shape)


def _as_numbers(name: str, both: Samples, shape: str) -> Iterator[Needle]:
    flat = np.ascontiguousarray(both).reshape(-1)
    rounded = {
        "rounded": np.clip(np.rint(flat * 32767), -32768, 32767),
        "rounded to 32768": np.clip(np.rint(flat * 32768), -32768, 32767),
        "cut": np.clip(np.trunc(flat * 32767), -32768, 32767),
        "cut to 32768": np.clip(np.trunc(flat * 32768), -32768, 32767),
    }
    for kind in ("<f4", "<f8", ">f4", "<f2"):
        data = flat.astype(kind).tobytes()
        yield Needle(data, name, f"{kind} {shape}")
        yield from based(name, data)
    for how, values in rounded.items():
        for kind in ("<i2", ">i2"):
            yield Needle(values.astype(kind).tobytes(), name, f"{kind} {how} {shape}")
        yield from based(name, values.astype("<i2").tobytes())


def decoded(data: bytes) -> Iterator[tuple[int, Samples]]:
    """Rate and samples of every channel of a sound file; nothing for what is none."""
    if len(data) < 400 or data.startswith(_NO_SOUND):
        return
    try:
        with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                return
            blocks, rate_hz = [], 0
            for frame in container.decode(container.streams.audio[0]):
                rate_hz = frame.sample_rate
                raw = frame.to_ndarray()
                shaped = raw if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels).T
                scale = 1.0 if shaped.dtype.kind == "f" else float(2 ** (8 * shaped.dtype.itemsize - 1) - 1)
                blocks.append((shaped / scale).astype(np.float32))
    except (av.FFmpegError, ValueError, OSError):
        return
    if blocks:
        yield from ((rate_hz, channel) for channel in np.concatenate(blocks, axis=1))


class Ear:
    """Remembers sounds and tells in which of them a secret can be heard."""

    def __init__(self) -> None:
        self._heard: list[tuple[str, int, Samples]] = []

    def listen(self, name: str, data: bytes) -> int:
        """Take in what a file sounds like; in how many channels."""
        before = len(self._heard)
        self._heard += [(name, rate_hz, samples) for rate_hz, samples in decoded(data)]
        return len(self._heard) - before

    def recognise(self, secrets: Sequence[SpokenSecret], alike: float = ALIKE) -> list[tuple[str, str, float]]:
        """File, secret and likeness, wherever that is above ``alike``."""
        found = []
        for rate_hz in RATES_HZ:
            wanted = [(secret.name, _at(secret.loudest, 16_000, rate_hz)) for secret in secrets if secret.can_be_told]
            for name, source_hz, samples in self._heard:
                sound = _at(samples, source_hz, rate_hz) if source_hz not in RATES_HZ else samples
                for secret, likeness in zip(wanted, likenesses([row for _, row in wanted], sound), strict=True):
                    if likeness > alike:
                        found.append((name, secret[0], likeness))
        return found


def _at(samples: Samples, source_hz: int, rate_hz: int) -> Samples:
    import soxr

    if source_hz == rate_hz:
        return samples
    resampled: Samples = soxr.resample(samples, source_hz, rate_hz)
    return resampled


def likenesses(wanted: Iterable[Samples], sound: Samples) -> list[float]:
    """For each of ``wanted`` the highest normalised cross-correlation with any stretch of ``sound``, by FFT."""
    rows = list(wanted)
    if not rows or not sound.size:
        return [0.0] * len(rows)
    longest = max(row.size for row in rows)
    size = 1 << int(sound.size + longest).bit_length()
    spectrum = np.fft.rfft(sound.astype(np.float64), size)
    energy = np.cumsum(np.pad(sound.astype(np.float64) ** 2, (1, longest)))
    found = []
    for row in rows:
        own = float((row.astype(np.float64) ** 2).sum())
        product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(row.astype(np.float64), size)), size)[: sound.size]
        around = (energy[row.size :] - energy[: -row.size])[: sound.size]
        loud = around > 1e-3 * own
        share = np.abs(product) / np.sqrt(np.maximum(around, 1e-12) * own)
        found.append(float(share[loud].max(initial=0.0)))
    return found
