"""Starts a database over from the results, and tells whether two databases hold the same."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import duckdb

from callinsight.core.candidate import Candidate
from callinsight.core.improvement import Action, Review
from callinsight.core.succession import Succession
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult, Failure
from callinsight.errors import StoreError
from callinsight.store.calendar import OpeningHours, sync_calendar
from callinsight.store.candidates import sync_candidates
from callinsight.store.cipher import attach
from callinsight.store.database import explain, is_locked, open_writer
from callinsight.store.decisions import DECISION_TABLES, sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.effects import refresh_effects
from callinsight.store.frozen import FrozenPeriod, sync_frozen
from callinsight.store.load import LoadCounts, finish_load, load_batch
from callinsight.store.rows import FACTS
from callinsight.store.summaries import summary_tables

BATCH_CALLS = 2000

LABEL_TABLES = (
    "topics",
    "facets",
    "need_kinds",
    "outcome_kinds",
    "signal_kinds",
    "failure_kinds",
    "life_events",
    "life_event_topics",
    "calendar",
)
RUN_TABLES = ("runs", "run_calls", "run_failures")
CONTENT_TABLES = (*(fact.table for fact in FACTS), "failures", "frozen_periods", *summary_tables())
"""The tables that follow from results, failures and frozen counts alone."""


def content_digest(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str] = (*CONTENT_TABLES, *LABEL_TABLES, *DECISION_TABLES)
) -> str:
    """A sha256 over the rows of ``tables``, whatever order they lie in. Equal digests mean equal content.

    Run history is left out unless ``RUN_TABLES`` is among ``tables``: it does not follow from the results.
    """
    digest = hashlib.sha256()
    for table in tables:
        columns = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = current_database() AND table_name = ? ORDER BY column_index",
            [table],
        ).fetchall()
        texts = ", ".join(
            f'coalesce(CAST({"epoch_us" if kind == "TIMESTAMP WITH TIME ZONE" else ""}("{name}") AS VARCHAR), chr(1))'
            for name, kind in columns
        )
        lines = f"SELECT concat_ws(chr(31), {texts}) AS line FROM {table}"  # noqa: S608
        summed = f"SELECT sha256(coalesce(string_agg(line, chr(30) ORDER BY line), '')) FROM ({lines})"  # noqa: S608
        digest.update(f"{table} {connection.execute(summed).fetchone()}\n".encode())
    return digest.hexdigest()


def batches(results: Iterable[CallResult], size: int = BATCH_CALLS) -> Iterator[tuple[CallResult, ...]]:
    """Cut ``results`` into tuples of at most ``size``, without holding more than one of them."""
    source = iter(results)
    while batch := tuple(islice(source, size)):
        yield batch


def _keep_run_history(connection: duckdb.DuckDBPyConnection, old: Path) -> None:
    """Copy what no result file holds: which run loaded what. Calls that are gone are left out.

    A file that is damaged has no history to keep. Raises ``StoreError`` when a writer holds it, when its key is not at
    hand, or when it opens but its history cannot be read.
    """
    try:
        attach(connection, old, "old")
    except duckdb.Error as error:
        if is_locked(error):
            raise StoreError(explain(error, old)) from None
        return
    try:
        for table in RUN_TABLES:
            kept = "WHERE call_id IN (SELECT call_id FROM calls)" if table == "run_calls" else ""
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM old.{table} {kept}")  # noqa: S608
    except duckdb.Error as error:
        raise StoreError(
            f"the history of runs in {old.name} cannot be read ({type(error).__name__}): "
            "move that file away to rebuild without it"
        ) from None
    finally:
        connection.execute("DETACH old")


def _remove(fresh: Path) -> None:
    for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
        leftover.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the improvement meeting decided, and the counts of calls that are erased, each from its own files."""

    reviews: tuple[Review, ...] = ()
    actions: tuple[Action, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    frozen: tuple[FrozenPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """What gives ids their names and days their hours."""

    taxonomy: Taxonomy
    hours: OpeningHours = field(default_factory=OpeningHours)


def rebuild(
    path: Path,
    results: Iterable[CallResult],
    failures: Iterable[Failure],
    labels: Labels | None = None,
    decisions: Decisions | None = None,
) -> LoadCounts:
    """Make ``path`` anew from all results, failures and decisions, and swap it in when it is complete.

    The database is then equal in content to the one that the nights built. The history of runs is taken over from the
    old file, which needs to be free. Raises ``StoreError`` as ``load_batch`` does, or when a writer holds the old file;
    that then stays as it was.
    """
    fresh = path.with_name(path.name + ".rebuilding")
    _remove(fresh)
    try:
        with open_writer(fresh) as connection:
            made = decisions or Decisions()
            sync_frozen(connection, {one.key for one in made.frozen}, made.frozen)
            counts = _fill(connection, results, failures, labels)
            succession = None if labels is None else Succession.of(labels.taxonomy)
            sync_decisions(connection, made.reviews, made.actions, succession)
            sync_candidates(connection, made.candidates)
            refresh_effects(connection)
            if path.is_file():
                _keep_run_history(connection, path)
        fresh.replace(path)
    finally:
        _remove(fresh)
    return counts


def _fill(
    connection: duckdb.DuckDBPyConnection,
    results: Iterable[CallResult],
    failures: Iterable[Failure],
    labels: Labels | None,
) -> LoadCounts:
    counts = LoadCounts()
    if labels is not None:
        sync_dimensions(connection, labels.taxonomy)
        sync_calendar(connection, labels.hours)
    for batch in batches(results):
        counts += load_batch(connection, batch, (), more_follow=True)
    counts += load_batch(connection, (), tuple(failures), more_follow=True)
    finish_load(connection)
    return counts
