"""What a night did, for the table at its end and for the morning's mail."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from callinsight.errors import StoreError
from callinsight.store.load import count


@dataclass(frozen=True, slots=True)
class KindCount:
    """An id with its Dutch label, and how many calls or recordings it has."""

    kind: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class NightReport:
    """One run in figures.

    ``started_local`` and ``finished_local`` are readings of the clock in the Netherlands. ``calls`` were loaded by this
    run, ``failures`` set aside by it. ``realtime_factor`` is wall time over audio time, ``None`` without any audio.
    ``urgent_calls`` carry a signal that a human should see today. ``copies_refused`` calls have no review copy since a
    masked stretch could still be heard in it.
    """

    run_id: str
    started_local: datetime
    finished_local: datetime | None
    recordings_found: int
    recordings_skipped: int
    calls: int
    failures: int
    audio_minutes: float
    realtime_factor: float | None
    failures_by_kind: tuple[KindCount, ...]
    top_topics: tuple[KindCount, ...]
    flagged_calls: int
    urgent_calls: int
    copies_refused: int = 0


def _kind_counts(connection: duckdb.DuckDBPyConnection, sql: str, run_id: str) -> tuple[KindCount, ...]:
    return tuple(KindCount(kind, label, number) for kind, label, number in connection.execute(sql, [run_id]).fetchall())


def night_report(connection: duckdb.DuckDBPyConnection, run_id: str) -> NightReport:
    """The figures of the run ``run_id``. Raises ``StoreError`` when the database does not know it."""
    row = connection.execute(
        """SELECT started_local, finished_local, recordings_found, recordings_skipped, calls, failures,
            CAST(minutes AS DOUBLE), CAST(realtime_factor AS DOUBLE), coalesce(copies_refused, 0)
        FROM nights WHERE run_id = ?""",
        [run_id],
    ).fetchone()
    if row is None:
        raise StoreError(f"the database knows no run {run_id}")
    failures = """
        SELECT f.kind, coalesce(k.label, f.kind) AS label, count(*) AS recordings
        FROM run_failures f LEFT JOIN failure_kinds k USING (kind)
        WHERE f.run_id = ? GROUP BY ALL ORDER BY recordings DESC, f.kind"""
    loaded = """WITH loaded AS (SELECT call_id, local_date FROM calls
        WHERE call_id IN (SELECT call_id FROM run_calls WHERE run_id = ?))"""
    topics = f"""{loaded}
        SELECT q.topic, coalesce(t.label, q.topic) AS topic_label, count(DISTINCT q.call_id) AS calls
        FROM questions q JOIN loaded USING (call_id, local_date) LEFT JOIN topics t ON t.topic = q.topic
        GROUP BY ALL ORDER BY calls DESC, q.topic LIMIT 5"""  # noqa: S608
    flagged = f"{loaded} SELECT count(DISTINCT call_id) FROM signals JOIN loaded USING (call_id, local_date)"  # noqa: S608
    (started, finished, found, skipped, calls, failed, minutes, factor, refused) = row
    return NightReport(
        run_id=run_id,
        started_local=started,
        finished_local=finished,
        recordings_found=found,
        recordings_skipped=skipped,
        calls=calls,
        failures=failed,
        audio_minutes=minutes,
        realtime_factor=factor,
        failures_by_kind=_kind_counts(connection, failures, run_id),
        top_topics=_kind_counts(connection, topics, run_id),
        flagged_calls=count(connection, flagged, [run_id]),
        urgent_calls=count(connection, flagged + " WHERE severity IN ('immediate', 'same-day')", [run_id]),
        copies_refused=refused,
    )


def last_run_id(connection: duckdb.DuckDBPyConnection) -> str:
    """The id of the newest run. Raises ``StoreError`` when there has been none."""
    row = connection.execute("SELECT run_id FROM runs ORDER BY started_at DESC, run_id DESC LIMIT 1").fetchone()
    if row is None:
        raise StoreError("there has been no run yet: start one with `callinsight run`")
    return str(row[0])
