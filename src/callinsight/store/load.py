"""Loads results and failures, one transaction per batch. Loading twice equals loading once, in any order."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from callinsight.core.values import CallResult, Failure, require_call_id
from callinsight.errors import StoreError
from callinsight.store.columns import Column, Kind, insert_rows
from callinsight.store.rows import FACTS, wall_clock
from callinsight.store.scripts import CHECKS, read_scripts
from callinsight.store.search_index import drop_days
from callinsight.store.summaries import mark_stale, refresh_stale

_SHOWN_ROWS = 3

OF_CALLS = ("run_calls", "reviews", "topic_candidate_calls")
"""Tables with rows of calls beside the facts and what is counted from them."""

HEARD = ("measures", "turns", "redactions")
"""Tables of facts that tagging a call again leaves as they are."""

OF_RECORDINGS = ("failures", "run_failures")
"""Tables with rows of recordings."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of the processing, such as a night.

    Times are aware; ``finished_at`` is ``None`` while it runs. ``recordings_found`` counts all that the inbox held,
    ``recordings_skipped`` those that were done before. ``audio_ms`` is the sound that was processed, ``wall_ms`` the
    time it took by the clock. ``copies_refused`` are review copies that were not kept since a masked stretch could
    still be heard, ``None`` where nobody counted them.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime | None = None
    recordings_found: int = 0
    recordings_skipped: int = 0
    audio_ms: int = 0
    wall_ms: int = 0
    copies_refused: int | None = None

    def __post_init__(self) -> None:
        require_call_id(self.run_id)  # the same alphabet: safe as a file name
        for instant in (self.started_at, self.finished_at):
            if instant is not None and instant.tzinfo is None:
                raise ValueError("the times of a run must carry a time zone")
        counts = (self.recordings_found, self.recordings_skipped, self.audio_ms, self.wall_ms, self.copies_refused or 0)
        if min(counts) < 0:
            raise ValueError("the counts of a run must not be negative")


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What a batch did: calls that were new, calls that took the place of an earlier version, failures added or
    renewed, and failures that went away because their recording succeeded."""

    added: int = 0
    replaced: int = 0
    failures: int = 0
    failures_resolved: int = 0

    def __add__(self, other: "LoadCounts") -> "LoadCounts":
        return LoadCounts(
            self.added + other.added,
            self.replaced + other.replaced,
            self.failures + other.failures,
            self.failures_resolved + other.failures_resolved,
        )


def count(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()) -> int:
    """The one integer that ``sql`` gives."""
    row = connection.execute(sql, list(parameters)).fetchone()
    return int(row[0]) if row is not None else 0


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection, what: str) -> Iterator[None]:
    """All or nothing. DuckDB's own errors become ``StoreError`` without their text, which may quote the data."""
    connection.begin()
    try:
        yield
        connection.commit()
    except duckdb.Error as error:
        _roll_back(connection)
        raise StoreError(f"{what} failed ({type(error).__name__}): nothing was changed") from None
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.rollback()
    except duckdb.Error:  # a failed commit has already rolled back
        return


_OF_BATCH = "call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)"
"""Rows of the batch. The day lets DuckDB skip rows of other days; without it every load reads the whole history."""


def _name_batch(connection: duckdb.DuckDBPyConnection, call_ids: Collection[str], days: Iterable[date] = ()) -> int:
    """Make ``batch`` and ``batch_days`` (of the calls as they are held, and ``days``); return how many calls are held.

    This and the check on recordings are the only statements of a load that look through all calls, two columns of them:
    a call may have been loaded with another date before.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE batch (call_id VARCHAR)")
    insert_rows(connection, "batch", (Column("call_id", Kind.TEXT),), ((call_id,) for call_id in call_ids))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE batch_days AS SELECT local_date, count(*) AS held FROM calls "
        "WHERE call_id IN (SELECT call_id FROM batch) GROUP BY local_date"
    )
    columns = (Column("local_date", Kind.DATE), Column("held", Kind.INTEGER))
    insert_rows(connection, "batch_days", columns, ((day, 0) for day in sorted(set(days))))
    return count(connection, "SELECT coalesce(sum(held), 0) FROM batch_days")


def _forget_batch(connection: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in ("batch", "batch_days", *tables):
        connection.execute(f"DROP TABLE {table}")


def run_checks(connection: duckdb.DuckDBPyConnection) -> None:
    """Run ``checks/*.sql`` over the calls of the temporary table ``batch``, whose days stand in ``batch_days``.

    Raises ``StoreError`` that names the check and at most three rows (ids and numbers only).
    """
    for check in read_scripts(CHECKS):
        offending = connection.execute(check.text).fetchmany(_SHOWN_ROWS)
        if offending:
            shown = "; ".join(", ".join(str(value) for value in row) for row in offending)
            raise StoreError(f"check {check.name} failed, so nothing of this batch was loaded: {shown}")


def check_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Run the checks over every call of the database. Raises ``StoreError`` as ``run_checks`` does."""
    connection.execute("CREATE OR REPLACE TEMP TABLE batch AS SELECT DISTINCT call_id FROM calls")
    connection.execute("CREATE OR REPLACE TEMP TABLE batch_days AS SELECT DISTINCT local_date FROM calls")
    run_checks(connection)


def _write_results(
    connection: duckdb.DuckDBPyConnection, results: Collection[CallResult], retagged_by: frozenset[str]
) -> tuple[int, int, bool]:
    """How many calls are new and how many replaced, and whether what was heard in them was left as it is."""
    days = (wall_clock(result.call.started_at).date() for result in results)
    replaced = _name_batch(connection, [result.call.call_id for result in results], days)
    tags_alone = bool(retagged_by) and replaced == len(results) and _is_heard_alike(connection, results, retagged_by)
    for fact in FACTS:
        if tags_alone and fact.table in HEARD:
            continue
        if replaced:
            connection.execute(f"DELETE FROM {fact.table} WHERE {_OF_BATCH}")  # noqa: S608
        insert_rows(connection, fact.table, fact.columns, (row for result in results for row in fact.rows(result)))
    return len(results) - replaced, replaced, tags_alone


def _is_heard_alike(
    connection: duckdb.DuckDBPyConnection, results: Collection[CallResult], taggers: frozenset[str]
) -> bool:
    """Whether the database has these calls from the same recordings by the same models, taggers aside, words and all.

    A call may have been processed again while its tags were being renewed.
    """

    def heard(digests: str) -> frozenset[str]:
        return frozenset(one for one in digests.split(",") if one.partition("=")[0] not in taggers)

    held = {
        call_id: (reference, day, code, chosen, heard(models), transcript)
        for call_id, reference, day, code, chosen, models, transcript in connection.execute(
            "SELECT call_id, recording_ref, local_date, code_version, settings_digest, model_digests, transcript "  # noqa: S608
            f"FROM calls WHERE {_OF_BATCH}"
        ).fetchall()
    }
    for result in results:
        made = result.provenance
        models = ",".join(f"{name}={digest}" for name, digest in made.model_digests)
        day = wall_clock(result.call.started_at).date()
        now = (
            result.recording_ref,
            day,
            made.code_version,
            made.settings_digest,
            heard(models),
            result.transcript.value,
        )
        if held.get(result.call.call_id) != now:
            return False
    return True


_FAILURE = (
    Column("recording_ref", Kind.TEXT),
    Column("stage", Kind.TEXT),
    Column("kind", Kind.TEXT),
    Column("retryable", Kind.BOOLEAN),
)


def _write_failures(connection: duckdb.DuckDBPyConnection, failures: Collection[Failure]) -> tuple[int, int]:
    """Standing failures: the newest of each recording, and none of a recording that has a result."""
    connection.execute("CREATE OR REPLACE TEMP TABLE failed AS FROM failures LIMIT 0")
    insert_rows(connection, "failed", _FAILURE, map(_failure_row, failures))
    if failures:
        succeeded = "SELECT recording_ref FROM calls WHERE recording_ref IN (SELECT recording_ref FROM failed)"
        connection.execute(f"DELETE FROM failed WHERE recording_ref IN ({succeeded})")  # noqa: S608
        connection.execute("DELETE FROM failures WHERE recording_ref IN (SELECT recording_ref FROM failed)")
        connection.execute("INSERT INTO failures FROM failed")
    resolved = f"DELETE FROM failures WHERE recording_ref IN (SELECT recording_ref FROM calls WHERE {_OF_BATCH})"  # noqa: S608
    return count(connection, "SELECT count(*) FROM failed"), count(connection, resolved)


def _failure_row(failure: Failure) -> tuple[object, ...]:
    return (failure.recording_ref, failure.stage.value, failure.kind.value, failure.retryable)


def record_run(connection: duckdb.DuckDBPyConnection, run: RunRecord) -> None:
    """Write the run's own row, in the place of an earlier one; what it loaded stays. Raises ``StoreError``."""
    with transaction(connection, "recording the run"):
        _write_run(connection, run)


def _write_run(connection: duckdb.DuckDBPyConnection, run: RunRecord) -> None:
    ends = run.finished_at
    connection.execute("DELETE FROM runs WHERE run_id = ?", [run.run_id])
    connection.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            run.run_id,
            run.started_at.astimezone(UTC),
            None if ends is None else ends.astimezone(UTC),
            wall_clock(run.started_at),
            None if ends is None else wall_clock(ends),
            run.recordings_found,
            run.recordings_skipped,
            run.audio_ms,
            run.wall_ms,
            run.copies_refused,
        ],
    )


def _write_membership(connection: duckdb.DuckDBPyConnection, run: RunRecord, failures: Collection[Failure]) -> None:
    connection.execute(
        "DELETE FROM run_calls WHERE run_id = ? AND call_id IN (SELECT call_id FROM batch)", [run.run_id]
    )
    connection.execute("INSERT INTO run_calls SELECT ?, call_id FROM batch", [run.run_id])
    connection.execute("CREATE OR REPLACE TEMP TABLE failed AS FROM failures LIMIT 0")
    insert_rows(connection, "failed", _FAILURE, map(_failure_row, failures))
    connection.execute(
        "DELETE FROM run_failures WHERE run_id = ? AND recording_ref IN (SELECT recording_ref FROM failed)",
        [run.run_id],
    )
    connection.execute("INSERT INTO run_failures SELECT ?, * FROM failed", [run.run_id])


def load_batch(
    connection: duckdb.DuckDBPyConnection,
    results: Sequence[CallResult],
    failures: Sequence[Failure],
    run: RunRecord | None = None,
    *,
    more_follow: bool = False,
    retagged_by: frozenset[str] = frozenset(),
) -> LoadCounts:
    """Load a batch in one transaction; what the database held of the same calls is replaced.

    The tables come out the same for any order and any cutting into batches. Of a ``call_id`` or a failing
    ``recording_ref`` given more than once the last one stands, as when they were loaded one after another. A failure
    never removes a result, and a result removes the failure of its recording. With ``run`` the run's row is written
    and the batch is counted as its work.

    The counts per week and month are made anew for what the batch touches. With ``more_follow`` that waits, and the
    caller ends with ``finish_load``: many batches in no order of time would count the same weeks again and again.

    With ``retagged_by``, the names of the models that tag, the calls were only tagged again: what was heard in them is
    left as it is, and their months stay searchable, unless the database has them otherwise.

    Raises ``StoreError`` when a check finds a fault or DuckDB refuses; the database is then as it was.
    """
    last_results = {result.call.call_id: result for result in results}.values()
    last_failures = {failure.recording_ref: failure for failure in failures}.values()
    with transaction(connection, "loading the batch"):
        added, replaced, tags_alone = _write_results(connection, last_results, retagged_by)
        failed, resolved = _write_failures(connection, last_failures)
        if run is not None:
            _write_run(connection, run)
            _write_membership(connection, run, last_failures)
        run_checks(connection)
        if not tags_alone:
            drop_days(connection, "FROM batch_days")
        mark_stale(connection, "FROM batch_days")
        if not more_follow:
            refresh_stale(connection)
        _forget_batch(connection, "failed")
    return LoadCounts(added, replaced, failed, resolved)


def calls_of_other_version(connection: duckdb.DuckDBPyConnection, tag_version: str) -> tuple[str, ...]:
    """Ids of the calls whose tags are not of ``tag_version`` and that still have their words, sorted."""
    query = "SELECT call_id FROM calls WHERE tag_version IS DISTINCT FROM ? AND transcript = 'kept' ORDER BY call_id"
    return tuple(str(row[0]) for row in connection.execute(query, [tag_version]).fetchall())


def finish_load(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the counts that batches left waiting. Raises ``StoreError``; they then wait on."""
    with transaction(connection, "counting per week and month"):
        refresh_stale(connection)


def delete_calls(
    connection: duckdb.DuckDBPyConnection, call_ids: Collection[str], references: Collection[str] = ()
) -> int:
    """Erase calls everywhere, also from the runs' history, in one transaction; return how many there were.

    ``references`` are those of their recordings, of which no failure stays either. Raises ``StoreError``.
    """
    if not call_ids and not references:
        return 0
    with transaction(connection, "erasing calls"):
        found = _name_batch(connection, call_ids)
        own = connection.execute(f"SELECT recording_ref FROM calls WHERE {_OF_BATCH}").fetchall()  # noqa: S608
        for fact in FACTS:
            connection.execute(f"DELETE FROM {fact.table} WHERE {_OF_BATCH}")  # noqa: S608
        for table in OF_CALLS:
            connection.execute(f"DELETE FROM {table} WHERE call_id IN (SELECT call_id FROM batch)")  # noqa: S608
        for table in OF_RECORDINGS:
            connection.execute(
                f"DELETE FROM {table} WHERE recording_ref IN (SELECT unnest(?::VARCHAR[]))",  # noqa: S608
                [sorted({*references, *(ref for (ref,) in own)})],
            )
        drop_days(connection, "FROM batch_days")
        mark_stale(connection, "FROM batch_days")
        refresh_stale(connection)
        _forget_batch(connection)
    return found


def delete_runs(connection: duckdb.DuckDBPyConnection, before: datetime) -> int:
    """Erase the history of runs that began before the moment ``before`` (aware); return how many there were.

    The newest stays, since ``callinsight report`` shows it. Raises ``StoreError``.
    """
    old = "started_at < ? AND run_id <> (SELECT arg_max(run_id, started_at) FROM runs)"
    moment = before.astimezone(UTC)
    found = count(connection, f"SELECT count(*) FROM runs WHERE {old}", [moment])  # noqa: S608
    if found:
        with transaction(connection, "erasing the history of runs"):
            for table in ("run_calls", "run_failures", "runs"):
                connection.execute(
                    f"DELETE FROM {table} WHERE run_id IN (SELECT run_id FROM runs WHERE {old})",  # noqa: S608
                    [moment],
                )
    return found
