"""From a ``CallResult`` to the rows of each table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from callinsight.core.values import CallResult, Measures, Recognition
from callinsight.store.calendar import iso_week, week_start
from callinsight.store.columns import Column, Kind

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A table that results are loaded into: its columns, and the rows that one result gives."""

    table: str
    columns: tuple[Column, ...]
    rows: Callable[[CallResult], Iterator[Row]]


def wall_clock(instant: datetime) -> datetime:
    """What clocks in the Netherlands show at ``instant`` (aware), as a naive ``datetime``."""
    return instant.astimezone(AMSTERDAM).replace(tzinfo=None)


def _utc(instant: datetime | None) -> datetime | None:
    """An aware moment as a naive one in UTC."""
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)


def _day(result: CallResult) -> date:
    return wall_clock(result.call.started_at).date()


def _columns(**kinds: Kind) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in kinds.items())


def _calls(result: CallResult) -> Iterator[Row]:
    call, outcome, made = result.call, result.tags.outcome, result.provenance
    local = wall_clock(call.started_at)
    day = local.date()
    yield (
        call.call_id,
        result.recording_ref,
        call.started_at.replace(tzinfo=None),
        local,
        day,
        week_start(day),
        iso_week(day),
        local.hour,
        call.queue,
        call.direction.value,
        call.layout.value,
        call.registered_topic,
        outcome.kind,
        outcome.score,
        outcome.evidence,
        made.code_version,
        made.settings_digest,
        ",".join(f"{name}={digest}" for name, digest in sorted(made.model_digests)),
        made.taxonomy_version,
        made.tag_version or None,
        _utc(made.retagged_at),
        result.transcript.value,
        call.caller_ref,
    )


def _questions(result: CallResult) -> Iterator[Row]:
    call_id, day = result.call.call_id, _day(result)
    for number, question in enumerate(result.tags.questions):
        yield (call_id, number, question.topic, question.facet, question.score, question.evidence, day)


def _needs(result: CallResult) -> Iterator[Row]:
    call_id, day = result.call.call_id, _day(result)
    for question_no, question in enumerate(result.tags.questions):
        for number, need in enumerate(question.needs):
            yield (call_id, question_no, number, need.kind, need.score, need.evidence, day)


def _signals(result: CallResult) -> Iterator[Row]:
    call_id, day = result.call.call_id, _day(result)
    for number, flag in enumerate(result.tags.flags):
        yield (
            call_id,
            number,
            flag.kind,
            flag.severity.value,
            flag.source.value,
            flag.score,
            flag.span.start_ms,
            flag.span.end_ms,
            flag.evidence,
            day,
        )


def _measures(result: CallResult) -> Iterator[Row]:
    measures, recognition = result.measures, result.recognition
    yield (
        result.call.call_id,
        *(getattr(measures, field.name) for field in fields(Measures)),
        *(getattr(recognition, field.name) for field in fields(Recognition)),
        _day(result),
    )


def _turns(result: CallResult) -> Iterator[Row]:
    call_id, day = result.call.call_id, _day(result)
    for number, turn in enumerate(result.turns):
        yield (call_id, number, turn.role.value, turn.span.start_ms, turn.span.end_ms, turn.word_count, turn.text, day)


def _redactions(result: CallResult) -> Iterator[Row]:
    passages: dict[str, tuple[int, int]] = {}
    for redaction in result.redactions:
        count, masked_ms = passages.get(redaction.kind, (0, 0))
        passages[redaction.kind] = (count + 1, masked_ms + redaction.span.duration_ms)
    call_id, day = result.call.call_id, _day(result)
    for kind, (count, masked_ms) in sorted(passages.items()):
        yield (call_id, kind, count, masked_ms, day)


def _tags_before(result: CallResult) -> Iterator[Row]:
    for number, one in enumerate(result.earlier):
        questions = (text.partition("/") for text in one.questions)
        told = [("question", topic, facet or None) for topic, _, facet in questions]
        told += [("need", need, None) for need in one.needs]
        told += [("outcome", one.outcome, None), *(("signal", signal, None) for signal in one.signals)]
        for tag in told:
            yield (
                result.call.call_id,
                number,
                one.tag_version,
                one.taxonomy_version,
                _utc(one.until),
                *tag,
                _day(result),
            )


_KEYS = {"call_id": Kind.TEXT}
_DAY = {"local_date": Kind.DATE}
"""The day stands in every table, so that DuckDB can skip the rows of other days."""
_TAGGED = {"score": Kind.REAL, "evidence": Kind.INTEGERS}
_STRETCH = {"start_ms": Kind.INTEGER, "end_ms": Kind.INTEGER}

FACTS: tuple[Fact, ...] = (
    Fact(
        "calls",
        _columns(
            **_KEYS,
            recording_ref=Kind.TEXT,
            started_at=Kind.INSTANT,
            started_local=Kind.LOCAL,
            local_date=Kind.DATE,
            week_start=Kind.DATE,
            iso_week=Kind.TEXT,
            local_hour=Kind.INTEGER,
            queue=Kind.TEXT,
            direction=Kind.TEXT,
            layout=Kind.TEXT,
            registered_topic=Kind.OPTIONAL_TEXT,
            outcome=Kind.TEXT,
            outcome_score=Kind.REAL,
            outcome_evidence=Kind.INTEGERS,
            code_version=Kind.TEXT,
            settings_digest=Kind.TEXT,
            model_digests=Kind.TEXT,
            taxonomy_version=Kind.TEXT,
            tag_version=Kind.OPTIONAL_TEXT,
            retagged_at=Kind.OPTIONAL_INSTANT,
            transcript=Kind.TEXT,
            caller_ref=Kind.OPTIONAL_TEXT,
        ),
        _calls,
    ),
    Fact(
        "questions",
        _columns(**_KEYS, question_no=Kind.INTEGER, topic=Kind.TEXT, facet=Kind.OPTIONAL_TEXT, **_TAGGED, **_DAY),
        _questions,
    ),
    Fact(
        "needs",
        _columns(**_KEYS, question_no=Kind.INTEGER, need_no=Kind.INTEGER, need=Kind.TEXT, **_TAGGED, **_DAY),
        _needs,
    ),
    Fact(
        "signals",
        _columns(
            **_KEYS,
            signal_no=Kind.INTEGER,
            kind=Kind.TEXT,
            severity=Kind.TEXT,
            source=Kind.TEXT,
            score=Kind.REAL,
            **_STRETCH,
            evidence=Kind.INTEGERS,
            **_DAY,
        ),
        _signals,
    ),
    Fact(
        "measures",
        _columns(
            **_KEYS,
            **{field.name: Kind.INTEGER for field in fields(Measures)},
            **{
                field.name: Kind.REAL if field.name == "mean_word_probability" else Kind.INTEGER
                for field in fields(Recognition)
            },
            **_DAY,
        ),
        _measures,
    ),
    Fact(
        "turns",
        _columns(**_KEYS, turn_no=Kind.INTEGER, role=Kind.TEXT, **_STRETCH, words=Kind.INTEGER, text=Kind.TEXT, **_DAY),
        _turns,
    ),
    Fact(
        "redactions",
        _columns(**_KEYS, kind=Kind.TEXT, passages=Kind.INTEGER, masked_ms=Kind.INTEGER, **_DAY),
        _redactions,
    ),
    Fact(
        "tags_before",
        _columns(
            **_KEYS,
            version_no=Kind.INTEGER,
            tag_version=Kind.TEXT,
            taxonomy_version=Kind.TEXT,
            until=Kind.INSTANT,
            about=Kind.TEXT,
            tag=Kind.TEXT,
            facet=Kind.OPTIONAL_TEXT,
            **_DAY,
        ),
        _tags_before,
    ),
)
"""The tables of facts, each holding ``call_id`` and ``local_date``."""
