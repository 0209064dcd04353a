"""A script -> two telephone channels with the time of every word.

The agent (and the exchange: menu, ring tone, music) is one side, the caller the other. Each side gets its own line
(band, level, noise, G.711), then a little of the other side. Times are decided here with timing.py.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from dialogue import Line, Script
from line import hold_music, ring_tone, telephone, tones
from numpy.typing import NDArray
from timing import backchannel_share, gap_ms, pause_ms
from voices import Voice, speak

Samples = NDArray[np.float32]
SAMPLE_RATE_HZ = 16_000
LEAD_MS, TAIL_MS = (250, 700), (300, 900)
CROSSTALK_DB = (-35.0, -20.0)
LEAK_BELOW_SPEECH_DB = -16.0
SAME_SPEAKER_MS = 120  # the least silence between two turns of one speaker
PEAK = 0.89


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A line as it sounds: words with start and end in ms of the recording. `line` is its number in the script."""

    line: int
    role: str
    speaker: str
    words: tuple[tuple[str, int, int], ...]

    @property
    def start_ms(self) -> int:
        return self.words[0][1]

    @property
    def end_ms(self) -> int:
        return max(end for _, _, end in self.words)


@dataclass(frozen=True, slots=True)
class Rendered:
    """Float32 [n] at 16 kHz for the agent's and the caller's side, turns by start, and what is no speech."""

    agent_side: Samples
    caller_side: Samples
    turns: tuple[SpokenTurn, ...]
    nonspeech: tuple[tuple[int, int, str], ...]

    @property
    def duration_ms(self) -> int:
        return len(self.agent_side) * 1000 // SAMPLE_RATE_HZ


@dataclass(slots=True)
class _Clock:
    """Where the conversation is: the end of the floor, of each speaker, and of the last full turn."""

    floor_ms: int
    speaker: str = ""
    ends_ms: dict[str, int] | None = None
    last: tuple[int, int] = (0, 0)


def render(script: Script, voices: Mapping[str, Voice], seed: int) -> Rendered:
    """Speaks the script with a voice for every speaker in it. The same seed gives the same sound.

    Raises:
        KeyError: when a speaker has no voice.
    """
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    clock = _Clock(rng.randint(*LEAD_MS), ends_ms={})
    pieces: list[tuple[int, str, Samples]] = []
    turns: list[SpokenTurn] = []
    nonspeech: list[tuple[int, int, str]] = []
    for number, line in enumerate(script.lines):
        if line.sound:
            start = clock.floor_ms + rng.randint(150, 400)
            pieces.append((start, "agent", _sound(line, noise)))
            nonspeech.append((start, start + line.duration_ms, line.sound))
            clock.floor_ms, clock.speaker = start + line.duration_ms, ""
            continue
        sound, words = _spoken(line, voices[line.speaker], rng)
        start = _start_ms(line, clock, rng)
        turn = SpokenTurn(number, line.role, line.speaker, tuple((w, a + start, b + start) for w, a, b in words))
        pieces.append((start, "caller" if line.role == "caller" else "agent", sound))
        turns.append(turn)
        _advance(line, clock, start, start + len(sound) * 1000 // SAMPLE_RATE_HZ)
    total = (
        (max(at + len(s) * 1000 // SAMPLE_RATE_HZ for at, _, s in pieces) + rng.randint(*TAIL_MS))
        * SAMPLE_RATE_HZ
        // 1000
    )
    agent, caller = _sides(pieces, total, rng, noise)
    turns.sort(key=lambda t: (t.start_ms, t.line))
    return Rendered(agent, caller, tuple(turns), tuple(nonspeech))


def _start_ms(line: Line, clock: _Clock, rng: random.Random) -> int:
    own_end = (clock.ends_ms or {}).get(line.speaker, 0)
    if line.manner == "backchannel" and clock.speaker not in ("", line.speaker):
        first, last = clock.last
        wanted = round(first + (last - first) * backchannel_share(rng))
    elif clock.speaker == line.speaker:
        wanted = clock.floor_ms + max(SAME_SPEAKER_MS, pause_ms(rng))
    elif clock.speaker:
        wanted = clock.floor_ms + gap_ms(rng, line.manner)
    else:
        wanted = clock.floor_ms + rng.randint(200, 600)
    return max(wanted, own_end + SAME_SPEAKER_MS, clock.last[0] + 200)


def _advance(line: Line, clock: _Clock, start: int, end: int) -> None:
    if clock.ends_ms is not None:
        clock.ends_ms[line.speaker] = end
    if line.manner == "backchannel" and end <= clock.floor_ms + 400:
        clock.floor_ms = max(clock.floor_ms, end)
        return
    clock.floor_ms, clock.speaker, clock.last = max(end, clock.floor_ms), line.speaker, (start, end)


def _spoken(line: Line, voice: Voice, rng: random.Random) -> tuple[Samples, list[tuple[str, int, int]]]:
    """A line in stretches with the pauses between them; word times from the line's own start."""
    words = line.text.split()
    cuts = [0, *(i + 1 for i in line.pause_after if i + 1 < len(words)), len(words)]
    parts: list[Samples] = []
    timed: list[tuple[str, int, int]] = []
    for first, last in itertools.pairwise(cuts):
        spoken = speak(" ".join(words[first:last]), voice)
        at = sum(len(p) for p in parts) * 1000 // SAMPLE_RATE_HZ
        timed += [(w, a + at, b + at) for w, a, b in spoken.words]
        parts.append(spoken.samples)
        if last < len(words):
            parts.append(np.zeros(pause_ms(rng) * SAMPLE_RATE_HZ // 1000, np.float32))
    return np.concatenate(parts), timed


def _sound(line: Line, noise: np.random.Generator) -> Samples:
    if line.sound == "ring":
        return ring_tone(noise, line.duration_ms)
    if line.sound == "music":
        return hold_music(noise, line.duration_ms)
    if line.sound == "tone":
        return tones(noise, line.duration_ms)
    return np.zeros(line.duration_ms * SAMPLE_RATE_HZ // 1000, np.float32)


def _sides(
    pieces: list[tuple[int, str, Samples]], total: int, rng: random.Random, noise: np.random.Generator
) -> tuple[Samples, Samples]:
    """Lays the pieces on their sides, sends each over its own line, and lets a little of each leak to the other."""
    sides = {"agent": np.zeros(total, np.float32), "caller": np.zeros(total, np.float32)}
    for at, side, sound in pieces:
        first = at * SAMPLE_RATE_HZ // 1000
        last = min(total, first + len(sound))
        sides[side][first:last] += sound[: last - first]
    agent, caller = telephone(sides["agent"], noise), telephone(sides["caller"], noise)
    levels = _level(agent, sides["agent"]), _level(caller, sides["caller"])
    to_agent = _leak(rng, sent=levels[1], met=levels[0]) * caller
    to_caller = _leak(rng, sent=levels[0], met=levels[1]) * agent
    return _limited(agent + to_agent), _limited(caller + to_caller)


def _level(side: Samples, spoken: Samples) -> float:
    """Root mean square of a side where something sounds on it."""
    return float(np.sqrt(np.mean(side[spoken != 0] ** 2))) if np.any(spoken) else 0.0


def _leak(rng: random.Random, *, sent: float, met: float) -> np.float32:
    """Gain of the cross-talk; on a faint side it stays below the speech that it meets, as echo cancellers see to."""
    gain = 10 ** (rng.uniform(*CROSSTALK_DB) / 20)
    limit = 10 ** (LEAK_BELOW_SPEECH_DB / 20) * met / sent if sent and met else gain
    return np.float32(min(gain, limit))


def _limited(samples: Samples) -> Samples:
    peak = float(np.max(np.abs(samples), initial=0.0))
    return (samples * min(1.0, PEAK / peak) if peak else samples).astype(np.float32)


def mixed(rendered: Rendered) -> Samples:
    """Both sides on one channel, as a mono recorder hears them."""
    return _limited(rendered.agent_side + rendered.caller_side)


def slower(voice: Voice, factor: float) -> Voice:
    """The voice at another speed: for callers who speak slowly."""
    return replace(voice, speed_wpm=round(voice.speed_wpm * factor))
