"""Where a caller waits, so that nobody listens: nothing of it is recognised or kept.

Somebody who is on hold talks to a neighbour or a child, and the privacy authority does not allow recording that. With a
channel for each side the agent's line tells: while the agent is away the exchange plays music on it, or it goes dead.
Neither sounds like the pauses between the agent's own words. That difference is what is asked for, so that a radio in
the agent's room, a hum, or a headset that shuts off between words costs no conversation.

In mono the voice lies on the music. Speech between two pieces of hold music under which the music goes on is the
caller's; an agent who comes back stops it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from callinsight.core.acoustics import FRAME_MS, Levels, held, steadiness_of
from callinsight.core.regions import Marks, Regions, joined, marks_of, of_marks, padded, without
from callinsight.core.values import Span


@dataclass(frozen=True, slots=True)
class Line:
    """One channel as it was heard: level (dB) and steadiness per 32 ms frame, and where somebody speaks on it."""

    levels: Levels
    steady: Levels
    speech: Regions

    @property
    def duration_ms(self) -> int:
        """Length in whole frames."""
        return self.levels.size * FRAME_MS


@dataclass(frozen=True, slots=True)
class WaitRules:
    """When a party is away from its line.

    ``contrast_db``: music is so much louder, a dead line so much fainter, than the pauses between the party's words.
    Both are 20 dB and more on lines of which we know; noise in one room varies by less than 10 from pause to pause.
    ``dead_ms``: a dead line that lasts less may be a muted cough; 0 leaves dead lines alone.
    ``bridge_ms``: two such stretches at most this far apart are one when the party says nothing between them.
    ``answer_ms``: what is said so soon after the start may still be meant for the party ("oké, doe maar").
    ``speckle_ms``: what is left of speech and is shorter than this holds no word.
    ``under_steadiness`` and ``under_db``: of speech with music under it at least this share lies still, and between the
    words it is hardly fainter than the music alone. On the bundled calls' voices with music 6, 12 and 18 dB below them
    that finds 18 of 18, 19 of 20 and 12 of 19 stretches, and takes none of 15 in which the music had stopped; louder
    music is never taken for speech.
    """

    contrast_db: float = 12.0
    dead_ms: int = 15_000
    bridge_ms: int = 30_000
    answer_ms: int = 500
    speckle_ms: int = 120
    under_steadiness: float = 0.12
    under_db: float = 2.0

    def __post_init__(self) -> None:
        sizes = (self.dead_ms, self.bridge_ms, self.answer_ms, self.speckle_ms, self.under_db)
        if min(sizes) < 0 or self.contrast_db <= 0 or not 0 < self.under_steadiness < 1:
            raise ValueError("times must not be negative, the contrast above 0 and the share between 0 and 1")


_EDGE_MS = 96  # beside a word: its own tail
_NEAR_MS = 700  # the pauses that belong to a word
_PAUSE_MS = 4_000  # a longer gap between two words is no pause but a stretch in which the other side speaks
_LEAST_FRAMES = 31  # a second of pauses, or they tell nothing
_SHUT_SHARE = 0.02  # a line that is this often shut between words shuts by itself


def away(line: Line, rules: WaitRules) -> Regions:
    """The stretches in which the party of ``line`` is away from it. Its own speech is in none of them."""
    found = joined((*_music(line, rules), *_dead(line, rules)))
    spoken = [span for span in line.speech if found and span.end_ms > found[0].start_ms]
    bridges = [
        gap
        for one, two in pairwise(found)
        if (gap := Span(one.end_ms, two.start_ms)).duration_ms <= rules.bridge_ms
        and not any(gap.overlap_ms(span) for span in spoken)
    ]
    return without(joined((*found, *bridges)), line.speech)


def _music(line: Line, rules: WaitRules) -> Regions:
    """Hold music, as far as it is no music that the party itself sits in."""
    found = held(line.steady, line.levels, line.speech)
    pauses = line.levels[_beside_speech(line, found)]
    if pauses.size < _LEAST_FRAMES:
        return found  # nobody spoke here: the caller waited, and that was all
    floor = float(np.quantile(pauses, 0.25))
    return tuple(span for span in found if _level(line, span) >= floor + rules.contrast_db)


def _level(line: Line, span: Span) -> float:
    return float(np.median(line.levels[span.start_ms // FRAME_MS : -(-span.end_ms // FRAME_MS)]))


def _beside_speech(line: Line, music: Regions) -> Marks:
    """The frames just before and after speech, without its edges and without ``music``, which may start right there."""
    near = marks_of(padded(line.speech, _NEAR_MS, max(1, line.duration_ms)), line.levels.size, FRAME_MS)
    own = marks_of(padded(line.speech, _EDGE_MS, max(1, line.duration_ms)), line.levels.size, FRAME_MS)
    # The first second of music is often taken for none: its window is half empty there.
    playing = marks_of(padded(music, 1_000, max(1, line.duration_ms)), line.levels.size, FRAME_MS)
    return near & ~own & ~playing


def _dead(line: Line, rules: WaitRules) -> Regions:
    """Where the line carries much less than in the pauses between words, on and on."""
    inner = [
        Span(one.end_ms + _EDGE_MS, two.start_ms - _EDGE_MS)
        for one, two in pairwise(line.speech)
        if 2 * _EDGE_MS + FRAME_MS < two.start_ms - one.end_ms <= _PAUSE_MS
    ]
    pauses = line.levels[marks_of(inner, line.levels.size, FRAME_MS)]
    if not rules.dead_ms or pauses.size < _LEAST_FRAMES:
        return ()
    limit = float(np.median(pauses)) - rules.contrast_db
    if float(np.mean(pauses < limit)) > _SHUT_SHARE:
        return ()
    silent = without(joined(of_marks(line.levels < limit, FRAME_MS), 2 * FRAME_MS), line.speech)
    return tuple(span for span in silent if span.duration_ms >= rules.dead_ms)


def over_music(line: Line, rules: WaitRules) -> Regions:
    """Speech of a mono ``line`` that lies on hold music: what a caller says meanwhile.

    Only between two pieces of music at most ``bridge_ms`` apart, and only where the music is heard under the voice.
    """
    music = held(line.steady, line.levels, line.speech)
    found: list[Span] = []
    for before, after in pairwise(music):
        gap = Span(before.end_ms, after.start_ms) if before.end_ms < after.start_ms else None
        if gap is not None and gap.duration_ms <= rules.bridge_ms:
            floor = _floor(line, (before, after)) - rules.under_db
            spoken = (s for s in line.speech if gap.start_ms <= s.start_ms and s.end_ms <= gap.end_ms)
            found += [span for span in spoken if _lies_on_music(line, span, floor, rules)]
    return joined(found)


def _lies_on_music(line: Line, span: Span, floor_db: float, rules: WaitRules) -> bool:
    still = steadiness_of(span, line.steady, line.levels)
    return still >= rules.under_steadiness and _floor(line, (span,)) >= floor_db


def _floor(line: Line, spans: Iterable[Span]) -> float:
    """The level that a tenth of the frames stay below: what is heard between the words."""
    return float(np.quantile(line.levels[marks_of(spans, line.levels.size, FRAME_MS)], 0.1))


def begun(waits: Iterable[Span], speech: Regions, rules: WaitRules) -> Regions:
    """``waits`` as far as they bind: one that begins while somebody of ``speech`` speaks begins ``answer_ms`` later."""
    late = ((span, rules.answer_ms if _going_on(speech, span.start_ms) else 0) for span in waits)
    return tuple(Span(w.start_ms + ms, w.end_ms) for w, ms in late if w.start_ms + ms < w.end_ms)


def _going_on(speech: Regions, at_ms: int) -> bool:
    return any(span.start_ms < at_ms < span.end_ms for span in speech)


def unheard(speech: Regions, waits: Regions, rules: WaitRules) -> Regions:
    """``speech`` without ``waits``. A cut leaves nothing shorter than ``speckle_ms``: it holds no word."""
    whole = set(speech)
    return tuple(s for s in without(speech, waits) if s in whole or s.duration_ms >= rules.speckle_ms)
