"""Invented call results with a story in them, for what is made of many calls."""

from datetime import UTC, date, datetime, time, timedelta

from callinsight.core.values import (
    Call,
    CallResult,
    Direction,
    Flag,
    FlagSource,
    Measures,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Role,
    Severity,
    Span,
    Tags,
    Turn,
    Word,
)

FIRST_MONDAY = date(2026, 8, 31)


def _turn(start_ms: int, role: Role, text: str) -> Turn:
    words = tuple(Word(Span(start_ms + 100 * n, start_ms + 100 * n + 90), w, 0.9) for n, w in enumerate(text.split()))
    return Turn(Span(start_ms, start_ms + 100 * len(words)), role, words)


def spoken_call(
    call_id: str,
    day: date,
    topic: str,
    facet: str | None,
    *,
    said: str = "ik heb een vraag",
    flags: tuple[tuple[str, Severity], ...] = (),
    outcome: str = "handled",
) -> CallResult:
    """A call of five turns at nine in the morning; the caller's words are turn 1, and every flag rests on them."""
    turns = (
        _turn(0, Role.AGENT, "goedemorgen gemeente"),
        _turn(2_000, Role.CALLER, said),
        _turn(70_000, Role.AGENT, "dat zoek ik op"),
        _turn(80_000, Role.CALLER, "dank u wel"),
        _turn(90_000, Role.AGENT, "tot ziens"),
    )
    started = datetime.combine(day, time(7), tzinfo=UTC)
    return CallResult(
        call=Call(call_id, started, "algemeen", Direction.INBOUND),
        recording_ref=f"r-{call_id}",
        turns=turns,
        tags=Tags(
            (Question(topic, facet, 0.8, (), (1,)),),
            Outcome(outcome, 0.9, (2,)),
            tuple(Flag(kind, severity, Span(2_000, 2_500), FlagSource.RULE, 1.0, (1,)) for kind, severity in flags),
        ),
        measures=Measures(95_000),
        recognition=Recognition(12, 0.9),
        redactions=(),
        provenance=Provenance("0.1.0", "aa", (("speech", "bb"),), "1.0"),
    )


def story(weeks: int = 13) -> list[CallResult]:
    """Weeks of calls in which a page is mended after the eighth, and a letter is misunderstood in the last.

    The mended page is parking-permit/website-problem: 20 calls a week before, 5 after. The letter is
    waste-container/letter-explain: 4 calls a week, and 25 in the last. Beside them 30 calls a week about passports.
    """
    calls = []
    for week in range(weeks):
        plan = [
            ("parking-permit", "website-problem", 20 if week < 8 else 5),
            ("waste-container", "letter-explain", 25 if week == weeks - 1 else 4),
            ("passport", "cost", 30),
        ]
        for topic, facet, count in plan:
            for number in range(count):
                day = FIRST_MONDAY + timedelta(weeks=week, days=number % 5)
                calls.append(spoken_call(f"{topic}-{week:02d}-{number:02d}", day, topic, facet))
    return calls
