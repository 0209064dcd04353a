"""Calls in which somebody is put on hold, made out of bundled calls: the agent's line plays music or goes dead."""

import importlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from callinsight.audio import decode
from callinsight.core.values import Span, Waveform
from callinsight.core.waiting import WaitRules
from support.calls import ROOT, recordings, truth_of

Samples = npt.NDArray[np.float32]
RATE_HZ = 16_000
LINE_NOISE = 1e-3
UNHINDERED = WaitRules(contrast_db=500, dead_ms=0, under_steadiness=0.999)
"""Under these rules nothing is taken for waiting."""


@dataclass(frozen=True, slots=True)
class Held:
    """A call with a hold in it: where that lies, and where in it the caller talks to somebody else."""

    waveform: Waveform
    agent_channel: int
    hold: Span
    talk: Span
    talk_samples: Samples


def music(seed: int, seconds: float) -> Samples:
    """Hold music of the call world."""
    recipes = str(ROOT / "models" / "recipes" / "calls")
    if recipes not in sys.path:
        sys.path.insert(0, recipes)
    line = importlib.import_module("line")
    made: Samples = line.hold_music(np.random.default_rng(seed), round(1000 * seconds))
    return made


def noise(seed: int, seconds: float, level: float = LINE_NOISE) -> Samples:
    """A line on which nobody speaks."""
    made: Samples = np.random.default_rng(seed).normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)
    return made


def loudness(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@cache
def sound_of(recording: Path) -> Waveform:
    """A bundled recording, decoded."""
    return decode(recording).waveform


def stereo_calls() -> list[Path]:
    """Bundled calls with a channel for each side of which it is known whose is whose."""
    return [path for path in recordings() if truth_of(path)["agent_channel"] is not None]


def longest_turn(truth: dict[str, Any], role: str) -> Span:
    """When a party speaks longest without a break."""
    turns = [Span(turn["start_ms"], turn["end_ms"]) for turn in truth["turns"] if turn["role"] == role]
    return max(turns, key=lambda span: span.duration_ms)


def said(recording: Path, role: str) -> Samples:
    """The longest turn of a party, from its own channel."""
    truth = truth_of(recording)
    channel = truth["agent_channel"] if role == "agent" else 1 - truth["agent_channel"]
    turn: Samples = sound_of(recording).channel(channel).cut(longest_turn(truth, role)).samples[0]
    return turn


def on_hold(call: Path, other: Path, *, seed: int, with_music: bool = True, seconds: float = 30.0) -> Held:
    """``call`` with a hold of ``seconds`` put in after the agent's last turn but one.

    The caller of ``other`` talks in the middle of it, on the caller's line; on the agent's line there is music, or
    nothing at all.
    """
    truth, waveform = truth_of(call), sound_of(call)
    agent = int(truth["agent_channel"])
    turns = [turn for turn in truth["turns"] if turn["role"] == "agent"]
    at = (turns[-2]["end_ms"] + 200) * RATE_HZ // 1000
    talk = said(other, "caller")[: round((seconds - 12) * RATE_HZ)]
    inserted = np.stack([noise(seed, seconds), noise(seed + 1, seconds)])
    first = 6 * RATE_HZ
    inserted[1 - agent, first : first + talk.size] += talk
    inserted[agent] = music(seed, seconds) if with_music else 0.0
    samples = np.concatenate([waveform.samples[:, :at], inserted, waveform.samples[:, at:]], axis=1)
    start_ms = at * 1000 // RATE_HZ
    talk_span = Span(start_ms + 6_000, start_ms + 6_000 + talk.size * 1000 // RATE_HZ)
    hold = Span(start_ms, start_ms + round(1000 * seconds))
    return Held(Waveform(samples.astype(np.float32), RATE_HZ), agent, hold, talk_span, talk)


def over_music(voice: Samples, *, seed: int, below_db: float, goes_on: bool) -> tuple[Waveform, Span]:
    """A mono line on which ``voice`` is heard between two pieces of music, and when.

    The music is ``below_db`` fainter than the voice; it goes on under it, or stops as when the agent comes back.
    """
    before_s, total_s = 14, 40
    heard = music(seed, total_s)
    heard = (heard * loudness(voice) / loudness(heard) * 10 ** (-below_db / 20)).astype(np.float32)
    first = before_s * RATE_HZ
    voice = voice[: heard.size - 2 * first]
    if not goes_on:
        around = slice(first - RATE_HZ // 2, first + voice.size + RATE_HZ // 2)
        heard[around] = noise(seed, (voice.size + RATE_HZ) / RATE_HZ)[: heard[around].size]
    heard[first : first + voice.size] += voice
    silence_s = 6
    whole = np.concatenate([noise(seed + 1, silence_s), heard, noise(seed + 2, silence_s)])
    start_ms = 1000 * (before_s + silence_s)
    return Waveform(whole[None], RATE_HZ), Span(start_ms, start_ms + voice.size * 1000 // RATE_HZ)
