"""What the improvement meeting's pack holds: the week in counts, and calls of it with what was said.

Counts come from the published copy, so that small ones are hidden here as they are there. Calls and redacted turns come
from the data team's database: the pack is for the meeting, and no more public than that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from callinsight.core.values import Span
from callinsight.store.query import run_query

TOP = 10
MAX_CALLS = 12
_NEAR = 1
"""Turns before and after the evidence that are shown with it."""

Cells = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """A turn: its number, when, who spoke, what was said, and whether a signal rests on it."""

    number: int
    span: Span
    role: str
    text: str
    evidence: bool


@dataclass(frozen=True, slots=True)
class FlaggedCall:
    """A call of the week with its signals and the redacted turns around their evidence; cut where numbers jump."""

    call_id: str
    started_local: datetime
    topics: str
    signals: tuple[str, ...]
    urgent: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class WeekPack:
    """A whole week. Tables are rows by column name; ``series`` are calls per week (``None`` is hidden) by topic."""

    iso_week: str
    week_start: date
    k: int
    calls: int
    questions: tuple[Cells, ...]
    rising: tuple[Cells, ...]
    preventable: tuple[Cells, ...]
    promises: tuple[Cells, ...]
    actions: tuple[Cells, ...]
    candidates: tuple[Cells, ...]
    weeks: tuple[str, ...]
    series: Mapping[str, tuple[int | None, ...]]
    action_series: Mapping[str, tuple[int | None, ...]]
    flagged: tuple[FlaggedCall, ...]
    flagged_in_all: int
    unkept: tuple[FlaggedCall, ...]


def _ask(path: Path, sql: str) -> tuple[Cells, ...]:
    answer = run_query(path, sql)
    return tuple(dict(zip(answer.columns, row, strict=True)) for row in answer.rows)


_LAST_WEEK = """
SELECT week_start, strftime(week_start, '%G-W%V') AS iso_week, calls FROM week_calls
WHERE last_day >= week_start + 4 OR week_start < (SELECT max(week_start) FROM week_calls)
ORDER BY week_start DESC LIMIT 1
"""
"""The last whole week, as in rising_topics."""


def gather(database: Path, published: Path) -> WeekPack | None:
    """The pack of the last whole week; ``None`` when there is no whole week yet. Raises ``StoreError``."""
    found = run_query(database, _LAST_WEEK).rows
    if not found:
        return None
    ((monday, week, calls),) = found
    if not (isinstance(monday, date) and isinstance(calls, int)):
        raise TypeError("a week begins on a day and has a number of calls")
    ((k,),) = run_query(published, "SELECT k FROM publication").rows
    weeks, series, action_series = _series(published, monday)
    this = f"week_start = DATE '{monday.isoformat()}'"
    flagged = _flagged(database, f"c.{this} AND s.severity <> 'info'")
    return WeekPack(
        iso_week=str(week),
        week_start=monday,
        k=int(str(k)),
        calls=calls,
        questions=_ask(
            published,
            f"SELECT topic, topic_label, facet_label, calls FROM questions_per_week WHERE {this} "  # noqa: S608
            f"AND topic <> 'unknown' AND calls IS NOT NULL ORDER BY calls DESC, topic_label, facet_label LIMIT {TOP}",
        ),
        rising=_ask(
            published,
            "SELECT topic, topic_label, calls, expected, expected_low, expected_high, verdict FROM rising_topics "
            "WHERE verdict IN ('stijgt', 'daalt') ORDER BY verdict DESC, abs(calls - expected) DESC, topic_label",
        ),
        preventable=_ask(
            published,
            f"SELECT topic_label, facet_label, section, calls FROM preventable_calls WHERE {this} "  # noqa: S608
            f"AND calls IS NOT NULL ORDER BY calls DESC, topic_label, facet_label LIMIT {TOP}",
        ),
        promises=_ask(published, f"SELECT * FROM promises_per_week WHERE {this}"),  # noqa: S608
        actions=_ask(published, "SELECT * FROM action_effect ORDER BY effective_on DESC, title"),
        candidates=_candidates(database, published),
        weeks=weeks,
        series=series,
        action_series=action_series,
        flagged=flagged[:MAX_CALLS],
        flagged_in_all=len(flagged),
        unkept=_flagged(
            database,
            f"c.{this} AND c.outcome <> 'callback-request' AND s.kind IN ('promise-made', 'promise-without-date')",
        )[:MAX_CALLS],
    )


def _candidates(database: Path, published: Path) -> tuple[Cells, ...]:
    """The largest published candidates for new topics, each with its clearest redacted turns under ``quotes``."""
    found = _ask(
        published,
        "SELECT c.*, coalesce(t.label, '') AS topic_label FROM topic_candidates c LEFT JOIN topics t USING (topic) "  # noqa: S608
        f"ORDER BY c.calls DESC, c.candidate_id LIMIT {TOP}",
    )
    quotes = _ask(database, "SELECT * FROM candidate_quotes ORDER BY candidate_id, example_no")
    return tuple(
        {**one, "quotes": [quote for quote in quotes if quote["candidate_id"] == one["candidate_id"]]} for one in found
    )


def _series(
    published: Path, monday: date
) -> tuple[tuple[str, ...], dict[str, tuple[int | None, ...]], dict[str, tuple[int | None, ...]]]:
    """Up to 27 weeks until that of ``monday``: their names, calls per topic, and calls per improvement.

    A week that nobody phoned about something counts 0; a hidden count is ``None``, also as part of an improvement's.
    """
    until = f"week_start BETWEEN DATE '{monday.isoformat()}' - 182 AND DATE '{monday.isoformat()}'"
    weeks = tuple(
        str(week)
        for (week,) in run_query(
            published,
            f"SELECT DISTINCT iso_week FROM topics_per_week WHERE {until} ORDER BY 1",  # noqa: S608
        ).rows
    )
    by_topic = run_query(
        published,
        f"SELECT topic, iso_week, calls, suppressed FROM topics_per_week WHERE {until}",  # noqa: S608
    ).rows
    by_action = run_query(
        published,
        # a hidden topic shows none of its questions
        "WITH asked AS (FROM questions_per_week "  # noqa: S608
        "UNION ALL BY NAME SELECT *, '*' AS facet FROM topics_per_week WHERE suppressed) "
        "SELECT action_id, iso_week, sum(calls)::INTEGER, bool_or(suppressed) FROM action_targets t "
        "JOIN asked q ON q.topic = t.topic AND (t.facet IS NULL OR q.facet IN (t.facet, '*')) "
        f"WHERE {until} GROUP BY ALL",
    ).rows
    return weeks, _lined_up(by_topic, weeks), _lined_up(by_action, weeks)


def _lined_up(rows: tuple[tuple[object, ...], ...], weeks: tuple[str, ...]) -> dict[str, tuple[int | None, ...]]:
    counts = {(str(key), str(week)): None if hidden else int(str(calls)) for key, week, calls, hidden in rows}
    return {key: tuple(counts.get((key, week), 0) for week in weeks) for key in sorted({key for key, _ in counts})}


def _flagged(database: Path, where: str) -> tuple[FlaggedCall, ...]:
    """The calls with signals that ``where`` (over calls c and signals s) names, most urgent and then newest first."""
    signals = _ask(
        database,
        "SELECT s.call_id, c.started_local, coalesce(f.topics, '') AS topics, f.kind_label, s.severity, s.evidence, "  # noqa: S608
        "s.start_ms, s.end_ms FROM signals s JOIN calls c USING (call_id, local_date) "
        "JOIN flagged_calls f ON f.iso_week = c.iso_week AND f.call_id = s.call_id AND f.kind = s.kind "
        f"AND f.start_ms = s.start_ms AND f.end_ms = s.end_ms WHERE {where} "
        "ORDER BY list_position(['immediate', 'same-day', 'human-review', 'info'], s.severity), c.started_local DESC, "
        "s.call_id, s.signal_no",
    )
    grouped: dict[str, list[Cells]] = {}
    for signal in signals:
        grouped.setdefault(str(signal["call_id"]), []).append(signal)
    turns = _turns(database, tuple(grouped))
    return tuple(_call(call_id, some, turns.get(call_id, ())) for call_id, some in grouped.items())


def _turns(database: Path, call_ids: tuple[str, ...]) -> dict[str, tuple[Cells, ...]]:
    if not call_ids:
        return {}
    named = ", ".join(f"'{call_id}'" for call_id in call_ids)  # call ids hold a-z, 0-9, - and _ only
    rows = _ask(
        database,
        "SELECT call_id, turn_no, start_ms, end_ms, role, text FROM turns "  # noqa: S608
        f"WHERE call_id IN ({named}) ORDER BY call_id, turn_no",
    )
    found: dict[str, list[Cells]] = {}
    for row in rows:
        found.setdefault(str(row["call_id"]), []).append(row)
    return {call_id: tuple(lines) for call_id, lines in found.items()}


def _call(call_id: str, signals: list[Cells], turns: tuple[Cells, ...]) -> FlaggedCall:
    evidence: set[int] = set()
    for signal in signals:
        pointed = signal["evidence"]
        evidence |= set(pointed) if isinstance(pointed, list) else set()
        if not pointed:  # a signal that points at no turn: the turns of its passage
            start, end = int(str(signal["start_ms"])), int(str(signal["end_ms"]))
            evidence |= {_int(t, "turn_no") for t in turns if _int(t, "end_ms") > start and _int(t, "start_ms") < end}
    near = {number + step for number in evidence for step in range(-_NEAR, _NEAR + 1)}
    started = signals[0]["started_local"]
    if not isinstance(started, datetime):
        raise TypeError("a call starts at a moment")
    return FlaggedCall(
        call_id,
        started,
        str(signals[0]["topics"]),
        tuple(dict.fromkeys(str(signal["kind_label"]) for signal in signals)),
        any(signal["severity"] in ("immediate", "same-day") for signal in signals),
        tuple(
            Line(number, _span(turn), str(turn["role"]), str(turn["text"]), number in evidence)
            for turn in turns
            for number in [_int(turn, "turn_no")]
            if number in near and turn["text"]  # past its term
        ),
    )


def _int(cells: Cells, name: str) -> int:
    return int(str(cells[name]))


def _span(cells: Cells) -> Span:
    return Span(_int(cells, "start_ms"), _int(cells, "end_ms"))
