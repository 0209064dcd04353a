"""Joins words and speakers into turns.

Stereo: the channel is the speaker, so words only need to be grouped. Mono: a diarizer says who speaks when, and every
word goes to the speaker it overlaps most. Turns of different speakers may overlap, as people do.
"""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callinsight.core.values import Role, Span, SpeakerTurn, Turn, Utterance, Word

MAX_PAUSE_MS = 1200
"""A longer silence of the same speaker starts a new turn when the other speaker used it."""

BACK_CHANNEL_WORDS = 2
"""Up to this many words of the other party ("ja", "oké hm") do not end somebody's turn."""

ISLAND_GAP_MS = 300
"""A lone word of another speaker this close to both neighbours is an error at a turn's edge."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and the name of the speaker, a channel or what a diarizer called it."""

    speaker: str
    word: Word


def words_of_channel(speaker: str, utterances: Iterable[Utterance]) -> tuple[SpokenWord, ...]:
    """All words of a channel that holds one speaker."""
    return tuple(SpokenWord(speaker, word) for utterance in utterances for word in utterance.words)


def words_by_speaker(utterances: Iterable[Utterance], speakers: Sequence[SpeakerTurn]) -> tuple[SpokenWord, ...]:
    """Give each word of a mixed channel to the speaker whose turns it overlaps most, else to the nearest turn.

    Lone words at the edge of a turn are smoothed. Without any speaker turn all words get the speaker ``"?"``.
    """
    ordered = sorted(speakers, key=lambda turn: turn.span)
    starts = [turn.span.start_ms for turn in ordered]
    words = sorted((word for u in utterances for word in u.words), key=lambda word: word.span)
    assigned = [SpokenWord(_speaker_of(word.span, ordered, starts), word) for word in words]
    return tuple(_without_islands(assigned, ordered))


def _speaker_of(span: Span, turns: Sequence[SpeakerTurn], starts: Sequence[int]) -> str:
    if not turns:
        return "?"
    # Turns are in order of start and diarizers cut them at pauses, so the candidates lie close by; an early long turn
    # that reaches this far is still found by looking a few back.
    after = bisect.bisect_right(starts, span.end_ms)
    near = turns[max(0, after - 8) : after + 1]
    return min(near, key=lambda turn: (-turn.span.overlap_ms(span), turn.span.gap_ms(span), turn.span)).speaker


def _without_islands(words: list[SpokenWord], turns: Sequence[SpeakerTurn]) -> list[SpokenWord]:
    """Lone words between two words of another speaker join them, unless the diarizer heard a turn of that size."""
    smoothed = list(words)
    for index in range(1, len(words) - 1):
        left, here, right = smoothed[index - 1], smoothed[index], words[index + 1]
        if left.speaker != right.speaker or here.speaker == left.speaker:
            continue
        close = max(here.word.span.gap_ms(left.word.span), here.word.span.gap_ms(right.word.span)) <= ISLAND_GAP_MS
        span = here.word.span
        covered = sum(t.span.overlap_ms(span) for t in turns if t.speaker == here.speaker)
        if close and covered < 0.8 * span.duration_ms:
            smoothed[index] = SpokenWord(left.speaker, here.word)
    return smoothed


def build_turns(words: Iterable[SpokenWord], roles: Mapping[str, Role]) -> tuple[Turn, ...]:
    """Group words into turns, in order of start.

    A turn ends where its speaker pauses and somebody else says more than a back-channel, or after a very long pause.
    Speakers missing from ``roles`` become ``Role.UNKNOWN``. Every word lands in exactly one turn.
    """
    ordered = sorted(words, key=lambda w: (w.word.span, w.speaker))
    done: list[tuple[str, list[Word]]] = []
    open_turns: dict[str, list[Word]] = {}
    others_since: dict[str, int] = {}
    for spoken in ordered:
        held = open_turns.get(spoken.speaker)
        if held is not None and _ends(held[-1].span, spoken.word.span, others_since[spoken.speaker]):
            done.append((spoken.speaker, held))
            held = None
        if held is None:
            open_turns[spoken.speaker] = [spoken.word]
        else:
            held.append(spoken.word)
        others_since[spoken.speaker] = 0
        for other in others_since:
            if other != spoken.speaker:
                others_since[other] += 1
    done.extend(open_turns.items())
    turns = [Turn(Span.cover(w.span for w in held), roles.get(name, Role.UNKNOWN), tuple(held)) for name, held in done]
    return tuple(sorted(turns, key=lambda turn: (turn.span, turn.role, turn.text)))


def _ends(last: Span, following: Span, others_words: int) -> bool:
    pause_ms = last.gap_ms(following)
    if others_words > BACK_CHANNEL_WORDS:
        return pause_ms > 0
    return pause_ms > (MAX_PAUSE_MS if others_words else 3 * MAX_PAUSE_MS)
