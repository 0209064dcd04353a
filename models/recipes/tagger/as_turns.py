"""Labelled calls as the turns that the pipeline hands to a tagger."""

from __future__ import annotations

from corpus import LabelledCall, LabelledTurn

from callinsight.core.values import Role, Span, Turn, Word

WORD_MS = 300


def turns_of(call: LabelledCall) -> tuple[tuple[Turn, ...], list[LabelledTurn]]:
    """The turns that still hold words, with invented times, and the labelled turn behind each."""
    turns, sources, at = [], [], 0
    for turn in call.turns:
        words = []
        for text in turn.text.split():
            words.append(Word(Span(at, at + WORD_MS), text, 1.0))
            at += WORD_MS
        if words:
            turns.append(Turn(Span(words[0].span.start_ms, at), Role(turn.role), tuple(words)))
            sources.append(turn)
    return tuple(turns), sources
