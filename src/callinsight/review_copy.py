"""Makes the review copy of a call in memory: bleeped, encoded, and checked against the original before it is kept."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from callinsight.audio_opus import NARROW_HZ, decode_opus, encode_opus
from callinsight.core.audibility import AudibilityRules, audible, silent_parts
from callinsight.core.bleep import BleepPlan, BleepRules, away_from_talk, bleep, mixed, plan_bleep
from callinsight.core.regions import Regions, joined
from callinsight.core.values import CopyState, Redaction, Turn, Waveform, Word

_LOG = logging.getLogger(__name__)

Bleeper = Callable[[Waveform, BleepPlan, BleepRules], Waveform]


@dataclass(frozen=True, slots=True)
class Material:
    """What a copy is made of. ``words`` are by channel; ``source_rate_hz`` is the recording's own rate."""

    waveform: Waveform
    source_rate_hz: int
    words: Sequence[Sequence[Word]]
    turns: Sequence[Turn]
    redactions: Sequence[Redaction]
    hold: Regions = ()


@dataclass(frozen=True, slots=True)
class CopyRules:
    """How a copy is made and judged. ``bleeper`` is there so that a test can break it."""

    margins: BleepRules = field(default_factory=BleepRules)
    check: AudibilityRules = field(default_factory=AudibilityRules)
    bleeper: Bleeper = bleep


@dataclass(frozen=True, slots=True)
class Made:
    """An encoded copy, and where the original can still be heard in it; only a copy without any such piece is safe."""

    data: bytes
    plan: BleepPlan
    audible: Regions

    @property
    def safe(self) -> bool:
        """Whether the copy may be kept."""
        return not self.audible


def make(material: Material, rules: CopyRules | None = None) -> Made:
    """The copy as Ogg Opus, mono, as long as the recording.

    What is judged is what a browser will play: the encoded bytes, decoded again. A recording of a telephone line
    (8 kHz) is encoded at its own rate, which takes half the time.
    """
    rules = rules or CopyRules()
    waveform, duration_ms = material.waveform, material.waveform.duration_ms
    away = away_from_talk(material.hold, material.turns, rules.margins)
    personal = [redaction.span for redaction in material.redactions]
    plan = plan_bleep(material.words, personal, away, duration_ms, rules.margins)
    copy = mixed(rules.bleeper(waveform, plan, rules.margins))
    data = encode_opus(_narrowed(copy) if material.source_rate_hz <= NARROW_HZ else copy)
    secret = joined((*plan.masked, *personal))
    silent = silent_parts(plan.kept, secret, duration_ms)
    return Made(data, plan, audible(waveform, decode_opus(data), secret, silent, rules.check))


def _narrowed(copy: Waveform) -> Waveform:
    """Half the rate. The recording had nothing above 4 kHz, so leaving out every second sample folds nothing back."""
    step = copy.sample_rate_hz // NARROW_HZ
    return Waveform(np.ascontiguousarray(copy.samples[:, ::step]), NARROW_HZ)


@dataclass(frozen=True, slots=True)
class Copier:
    """Makes copies and hands the safe ones, and no others, to ``keep`` with the id of their call."""

    keep: Callable[[str, bytes], None]
    rules: CopyRules = field(default_factory=CopyRules)

    def copy(self, call_id: str, material: Material) -> CopyState:
        """Make, judge and keep the copy of a call. Raises what ``keep`` raises."""
        made = make(material, self.rules)
        if not made.safe:
            places = len(made.audible)
            _LOG.warning("no review copy of call %s: a masked stretch can be heard at %d places", call_id, places)
            return CopyState.REFUSED
        self.keep(call_id, made.data)
        return CopyState.MADE
