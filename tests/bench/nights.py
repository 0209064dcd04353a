"""One more night on top of a history, and the rate of loading, along the product's own way."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from bench.warehouse import TABLES
from callinsight import bundle
from callinsight.core.taxonomy import Taxonomy
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
    Role,
    Span,
    Tags,
    Turn,
    Word,
)
from callinsight.store.effects import refresh_effects
from callinsight.store.export import export
from callinsight.store.load import load_batch
from callinsight.store.publish import publish_from
from callinsight.store.search import Question as SearchQuestion
from callinsight.store.search import find
from callinsight.store.summaries import mark_stale, refresh_stale

_SENTENCE = (
    "ik",
    "heb",
    "een",
    "vraag",
    "over",
    "de",
    "brief",
    "die",
    "u",
    "mij",
    "stuurde",
    "en",
    "ik",
    "snap",
    "niet",
    "wat",
)
BATCH = 2000


def _turn(number: int, words: int) -> Turn:
    start = 5000 * number
    spans = [Span(start + 200 * n, start + 200 * n + 190) for n in range(words)]
    said = tuple(Word(span, _SENTENCE[n % len(_SENTENCE)], 0.9) for n, span in enumerate(spans))
    return Turn(Span(start, start + 200 * words), Role.CALLER if number % 2 else Role.AGENT, said)


def invented(taxonomy: Taxonomy, day: date, calls: int, prefix: str, seed: int) -> Iterator[CallResult]:
    """Calls of ``day``, one in a hundred of them of a week before; each of 20 turns of 18 words."""
    draw = random.Random(seed)
    topics, kinds = list(taxonomy.topics.values()), list(taxonomy.signals.values())
    needs, outcomes = list(taxonomy.needs), list(taxonomy.outcomes)
    for number in range(calls):
        late = timedelta(days=7 if number % 100 == 0 else 0)
        moment = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(seconds=20 * number) - late
        topic = draw.choice(topics)
        wanted = (Need(draw.choice(needs), 0.7, (1,)),)
        questions = (Question(topic.id, draw.choice((None, *topic.facet_ids)), 0.8, wanted, (1,)),)
        kind = draw.choice(kinds)
        flags = (Flag(kind.id, kind.severity, Span(5000, 6000), FlagSource.RULE, 1.0, (1,)),) if number % 3 == 0 else ()
        turns = tuple(_turn(turn, 18) for turn in range(20))
        yield CallResult(
            call=Call(f"{prefix}{number:06d}", moment, "algemeen", Direction.INBOUND, Layout.STEREO, 0, topic.id),
            recording_ref=f"r{prefix}{number:06d}",
            turns=turns,
            tags=Tags(questions, Outcome(draw.choice(outcomes), 0.9, (1,)), flags),
            measures=Measures(100_000, 40_000, 40_000, 20_000),
            recognition=Recognition(360, 0.9),
            redactions=(),
            provenance=Provenance("0.1.0", "aa", (("speech", "bb"),), taxonomy.version),
        )


@dataclass(frozen=True, slots=True)
class Night:
    """Seconds that one more night took: loading with counts, loading it again, publishing, and the other shapes."""

    load_s: float
    again_s: float
    publish_s: float
    shapes_s: float


def one_more(connection: duckdb.DuckDBPyConnection, night: list[CallResult], target: Path) -> Night:
    """Load a night, load it again as after a retagging, and publish, also as Parquet, CSV and a workbook."""
    started = time.perf_counter()
    load_batch(connection, night, ())
    refresh_effects(connection)
    loaded = time.perf_counter()
    load_batch(connection, night, ())
    again = time.perf_counter()
    publish_from(connection, target)
    published = time.perf_counter()
    export(target, ("parquet", "csv", "xlsx"))
    done = time.perf_counter()
    return Night(loaded - started, again - loaded, published - again, done - published)


def search(database: Path) -> float:
    """Seconds that a search takes, making the index of the months that changed included."""
    started = time.perf_counter()
    find(database, SearchQuestion("brief moeder"))
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls a second: reading result files, loading what was read, and both together; and out of tables."""

    read: float
    load: float
    both: float
    columns: float


def rates(fresh: duckdb.DuckDBPyConnection, folder: Path, results: list[CallResult], prepared: Path) -> Rates:
    """Write the results to files, then time the product's way; then fill the same database out of ``prepared``."""
    for result in results:
        bundle.write_result(folder, result)
    ids = [result.call.call_id for result in results]
    started = time.perf_counter()
    read = bundle.read_results(folder, ids)
    after_reading = time.perf_counter()
    with bundle.collector_paused():
        for first in range(0, len(read), BATCH):
            load_batch(fresh, read[first : first + BATCH], (), more_follow=first + BATCH < len(read))
    done = time.perf_counter()
    columns = _from_columns(fresh, prepared)
    return Rates(
        len(ids) / (after_reading - started), len(ids) / (done - after_reading), len(ids) / (done - started), columns
    )


def _from_columns(fresh: duckdb.DuckDBPyConnection, prepared: Path) -> float:
    fresh.execute(f"ATTACH '{prepared}' AS prepared (READ_ONLY)")
    started = time.perf_counter()
    fresh.begin()
    for table in TABLES:
        fresh.execute(f"INSERT INTO {table} BY NAME FROM prepared.{table}")
    mark_stale(fresh, "FROM prepared.calls")
    refresh_stale(fresh)
    fresh.commit()
    fresh.execute("CHECKPOINT")
    seconds = time.perf_counter() - started
    row = fresh.execute("SELECT count(*) FROM prepared.calls").fetchone()
    fresh.execute("DETACH prepared")
    return (row[0] if row else 0) / seconds
