"""Sound without a voice in it, for tests of what is kept to listen to."""

import numpy as np

from callinsight import review_copy
from callinsight.core.values import CallResult, Redaction, Waveform

RATE = 16_000


def material(result: CallResult) -> review_copy.Material:
    """Noise in place of voices, in which the last word of the caller's first turn is personal data."""
    samples = np.random.default_rng(7).standard_normal((1, 95 * RATE)) * 0.1
    waveform = Waveform(np.clip(samples, -1, 1).astype(np.float32), RATE)
    words = [[word for turn in result.turns for word in turn.words]]
    name = Redaction("person_name", result.turns[1].words[-1].span, 1)
    return review_copy.Material(waveform, RATE, words, result.turns, [name])
