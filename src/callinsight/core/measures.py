"""Times of a call, computed from turns and speech regions. By role, never by person."""

import itertools
from collections.abc import Iterable, Sequence

from callinsight.core.values import Measures, Role, Span, Turn

INTERRUPTION_MS = 500
"""A turn that starts at least this long before the other party's turn ends interrupts it."""


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same stretches without overlap, in order; touching spans become one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start_ms <= joined[-1].end_ms:
            joined[-1] = Span(joined[-1].start_ms, max(joined[-1].end_ms, span.end_ms))
        else:
            joined.append(span)
    return tuple(joined)


def total_ms(spans: Iterable[Span]) -> int:
    """Milliseconds covered by at least one span."""
    return sum(span.duration_ms for span in union(spans))


def measure(turns: Sequence[Turn], duration_ms: int, hold: Sequence[Span] = ()) -> Measures:
    """Measure a call of ``duration_ms``; ``hold`` are stretches of music or tones.

    Talk is the time that words cover, so pauses inside a turn count as silence; silence leaves out hold.
    """
    by_role = {role: [w.span for t in turns if t.role is role for w in t.words] for role in Role}
    agent, caller = by_role[Role.AGENT], by_role[Role.CALLER]
    spoken = [span for spans in by_role.values() for span in spans]
    return Measures(
        duration_ms=duration_ms,
        agent_talk_ms=total_ms(agent),
        caller_talk_ms=total_ms(caller),
        silence_ms=max(0, duration_ms - total_ms([*spoken, *hold])),
        hold_ms=total_ms(hold),
        overlap_ms=total_ms(agent) + total_ms(caller) - total_ms([*agent, *caller]),
        interruptions=_interruptions(turns),
    )


def _interruptions(turns: Sequence[Turn]) -> int:
    """Turns that start while the other party's previous turn goes on, back-channels of one or two words left out."""
    count = 0
    for before, after in itertools.pairwise(turns):
        parties = {before.role, after.role}
        early = before.span.end_ms - after.span.start_ms >= INTERRUPTION_MS
        if parties == {Role.AGENT, Role.CALLER} and early and len(after.words) > 2:
            count += 1
    return count
