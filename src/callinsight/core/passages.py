"""Which stretches of a call to listen to: those in which the turns are spoken that something rests on."""

from collections.abc import Iterable

from callinsight.core.regions import Regions, joined, padded
from callinsight.core.values import Span

AROUND_MS = 1_000
"""Sound before and after a turn, so that its first and last word are whole."""

CLOSE_MS = 5_000
"""Turns that lie this close together are one passage."""

LONGEST_MS = 60_000
"""A longer passage is cut off: who wants to hear more has the whole copy."""


def passages(turns: Iterable[Span]) -> Regions:
    """The passages that hold ``turns`` (of a moment in the call, in any order), with a second around each."""
    together = joined(turns, CLOSE_MS)
    end_ms = max((span.end_ms for span in together), default=0) + AROUND_MS
    return tuple(
        Span(span.start_ms, min(span.end_ms, span.start_ms + LONGEST_MS))
        for span in padded(together, AROUND_MS, end_ms)
    )
