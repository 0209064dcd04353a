"""Invented call results of every shape, small enough to load by the hundred."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from callinsight.core.taxonomy import (
    Domain,
    Facet,
    NeedKind,
    OutcomeKind,
    Party,
    Preventable,
    Resolution,
    SignalKind,
    Taxonomy,
    Topic,
)
from callinsight.core.values import (
    Call,
    CallResult,
    Direction,
    Flag,
    FlagSource,
    Layout,
    Measures,
    Need,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Redaction,
    Role,
    Severity,
    Span,
    Tags,
    Turn,
    Word,
)
from callinsight.store.database import open_writer

MakeResult = Callable[..., CallResult]


def _turn(start_ms: int, role: Role, text: str) -> Turn:
    words = tuple(
        Word(Span(start_ms + 100 * n, start_ms + 100 * n + 90), part, 0.9) for n, part in enumerate(text.split())
    )
    return Turn(Span(start_ms, start_ms + 100 * len(words)), role, words)


@pytest.fixture(scope="session")
def make_result() -> MakeResult:
    """Builds a call of three turns; what matters to a test is given by name."""

    def make(
        call_id: str = "call-0001",
        *,
        started_at: datetime = datetime(2026, 9, 1, 7, 12, tzinfo=UTC),
        topics: tuple[tuple[str, str | None], ...] = (("passport", "cost"),),
        needs: tuple[str, ...] = ("travel",),
        flags: tuple[tuple[str, Severity], ...] = (),
        outcome: str = "handled",
        registered_topic: str | None = None,
        recording_ref: str | None = None,
        queue: str = "burgerzaken",
        said: str = "wat kost een nieuw paspoort",
        code_version: str = "0.1.0",
    ) -> CallResult:
        turns = (
            _turn(0, Role.AGENT, "goedemorgen gemeente"),
            _turn(2_000, Role.CALLER, said),
            _turn(70_000, Role.AGENT, "dat zoek ik op"),
        )
        return CallResult(
            call=Call(call_id, started_at, queue, Direction.INBOUND, Layout.STEREO, 0, registered_topic),
            recording_ref=recording_ref or f"ref-{call_id}",
            turns=turns,
            tags=Tags(
                tuple(
                    Question(topic, facet, 0.8, tuple(Need(need, 0.7, (1,)) for need in needs), (1,))
                    for topic, facet in topics
                ),
                Outcome(outcome, 0.9, (2,)),
                tuple(Flag(kind, severity, Span(2_000, 2_500), FlagSource.RULE, 1.0, (1,)) for kind, severity in flags),
            ),
            measures=Measures(72_000, 4_000, 5_000, 60_000),
            recognition=Recognition(words=12, mean_word_probability=0.9),
            redactions=(Redaction("bsn", Span(2_100, 2_200), 1), Redaction("bsn", Span(2_300, 2_400), 1)),
            provenance=Provenance(code_version, "aa11", (("speech", "bb22"), ("tagger", "cc33")), "0.1"),
        )

    return make


@pytest.fixture(scope="session")
def make_weeks(make_result: MakeResult) -> Callable[..., list[CallResult]]:
    """Calls on one topic: ``counts[n]`` of them in week n, from Monday 31 August 2026 on, spread over working days."""

    def make(counts: tuple[int, ...], topic: str = "passport", prefix: str = "call") -> list[CallResult]:
        monday = datetime(2026, 8, 31, 8, 0, tzinfo=UTC)
        return [
            make_result(
                f"{prefix}-{week}-{number}",
                started_at=monday + timedelta(weeks=week, days=4 - number % 5, minutes=number),
                topics=((topic, "cost"),),
            )
            for week, count in enumerate(counts)
            for number in range(count)
        ]

    return make


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a test keeps its database; nothing is there yet."""
    return tmp_path / "work" / "callinsight.duckdb"


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with schema, views and calendar, made once, to be copied."""
    path = tmp_path_factory.mktemp("store") / "prepared.duckdb"
    with open_writer(path):
        return path


@pytest.fixture
def writer(database: Path, prepared_database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An open, empty, prepared database."""
    database.parent.mkdir()
    shutil.copy(prepared_database, database)
    with open_writer(database) as connection:
        yield connection


@pytest.fixture(scope="session")
def small_taxonomy() -> Taxonomy:
    """Two topics, one with a question of its own, and what else the test results name."""
    cost = Facet("cost", "Wat kost het?", "kosten", Preventable.LIKELY)
    lost = Facet("lost-stolen", "Kwijt of gestolen", "procedure", Preventable.UNLIKELY)
    photo = Facet("photo-rules", "Welke pasfoto is goed?", "bewijs", Preventable.LIKELY, topic="passport")
    outcomes = (
        OutcomeKind("handled", "Zelfstandig afgehandeld", None, Resolution.SOLVED),
        OutcomeKind("callback-request", "Contactverzoek gemaakt", None, Resolution.NOT_SOLVED),
        OutcomeKind("disconnected", "Verbinding verbroken", None, Resolution.EXCLUDED),
    )
    return Taxonomy(
        version="0.1",
        domains={one.id: one for one in (Domain("burgerzaken", "Burgerzaken"), Domain("afval", "Afval"))},
        facets={one.id: one for one in (cost, lost)},
        needs={
            one.id: one for one in (NeedKind("travel", "Wil op reis kunnen"), NeedKind("certainty", "Wil zekerheid"))
        },
        topics={
            one.id: one
            for one in (
                _topic("passport", "Paspoort", "burgerzaken", (cost.id, lost.id), (photo,)),
                _topic("bulky-waste", "Grofvuil", "afval", (cost.id,), ()),
            )
        },
        outcomes={one.id: one for one in outcomes},
        signals={
            one.id: one
            for one in (
                SignalKind("repeat-call", "Herhaalcontact", Party.CALLER, Severity.REVIEW),
                SignalKind("violence", "Geweld of bedreiging thuis", Party.CALLER, Severity.IMMEDIATE),
            )
        },
    )


def _topic(topic: str, label: str, domain: str, facets: tuple[str, ...], specific: tuple[Facet, ...]) -> Topic:
    return Topic(topic, label, domain, 1, False, None, (), facets, specific, (), (topic,))
