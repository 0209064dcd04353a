"""What was seen in the inbox and what became of it, so that a second run touches nothing that is done.

A cache in SQLite, safe to delete: the inbox is then read once more. It holds pseudonyms only, no file names.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from callinsight.keys import private

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (
    name_ref TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    call_id TEXT,
    recording_ref TEXT,
    state TEXT NOT NULL,
    loaded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS gone (call_id TEXT PRIMARY KEY) STRICT;
"""


class State(StrEnum):
    """What became of a recording."""

    DONE = "done"
    AGAIN = "again"
    """Done, and to be done again: the result stands until a newer one takes its place."""
    FAILED = "failed"
    RETRY = "retry"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Seen:
    """A recording as it was last seen. ``fingerprint`` changes when the file or its metadata does."""

    name_ref: str
    fingerprint: str
    call_id: str | None
    state: State
    recording_ref: str | None = None


class Ledger:
    """The ledger of one work folder. Build with :func:`open_ledger`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def seen(self) -> dict[str, Seen]:
        """Everything seen so far, by ``name_ref``."""
        rows = self._connection.execute("SELECT name_ref, fingerprint, call_id, state, recording_ref FROM seen")
        return {row[0]: Seen(row[0], row[1], row[2], State(row[3]), row[4]) for row in rows}

    def record(self, entries: Iterable[Seen]) -> None:
        """Write what became of recordings, in one transaction; they count as not loaded yet."""
        with self._connection:
            self._connection.executemany(
                "INSERT INTO seen (name_ref, fingerprint, call_id, state, recording_ref) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (name_ref) DO UPDATE SET fingerprint = excluded.fingerprint, "
                "call_id = excluded.call_id, state = excluded.state, recording_ref = excluded.recording_ref, "
                "loaded = 0",
                [(e.name_ref, e.fingerprint, e.call_id, e.state.value, e.recording_ref) for e in entries],
            )

    def not_loaded(self) -> tuple[str, ...]:
        """Call ids whose result is written but not known to be in the database, sorted."""
        rows = self._connection.execute(
            "SELECT DISTINCT call_id FROM seen WHERE state IN ('done', 'again') AND loaded = 0 AND call_id IS NOT NULL "
            "ORDER BY 1"
        )
        return tuple(row[0] for row in rows)

    def failures_not_loaded(self) -> tuple[str, ...]:
        """References of recordings that were set aside and are not known to be in the database, sorted."""
        rows = self._connection.execute(
            "SELECT name_ref FROM seen WHERE state IN ('failed', 'retry') AND loaded = 0 ORDER BY 1"
        )
        return tuple(row[0] for row in rows)

    def mark_failures_loaded(self, name_refs: Iterable[str]) -> None:
        """Note that these failures are in the database."""
        with self._connection:
            self._connection.executemany("UPDATE seen SET loaded = 1 WHERE name_ref = ?", [(r,) for r in name_refs])

    def mark_loaded(self, call_ids: Iterable[str]) -> None:
        """Note that these calls are in the database."""
        with self._connection:
            self._connection.executemany(
                "UPDATE seen SET loaded = 1 WHERE call_id = ?", [(call_id,) for call_id in call_ids]
            )

    def mark_all_unloaded(self) -> None:
        """Note that the database is gone, so that everything is loaded again."""
        with self._connection:
            self._connection.execute("UPDATE seen SET loaded = 0")

    def replaced_by(self, entry: Seen) -> str | None:
        """The call that ``entry`` takes the place of: another recording that had its name; noted as gone."""
        query = "SELECT call_id FROM seen WHERE name_ref = ? AND state IN ('done', 'again') AND call_id <> ?"
        row = self._connection.execute(query, (entry.name_ref, entry.call_id)).fetchone()
        if row is None:
            return None
        with self._connection:
            self._connection.execute("INSERT OR IGNORE INTO gone VALUES (?)", (row[0],))
        return str(row[0])

    def gone(self) -> tuple[str, ...]:
        """Calls whose recording was replaced and that may still be in the database, sorted."""
        return tuple(row[0] for row in self._connection.execute("SELECT call_id FROM gone ORDER BY 1"))

    def clear_gone(self, call_ids: Iterable[str]) -> None:
        """Note that these calls are no longer in the database."""
        with self._connection:
            self._connection.executemany("DELETE FROM gone WHERE call_id = ?", [(one,) for one in call_ids])

    def forget_failures(self) -> None:
        """Let everything that was set aside be tried again."""
        with self._connection:
            self._connection.execute("DELETE FROM seen WHERE state = 'failed'")

    def mark_again(self, call_ids: Iterable[str]) -> int:
        """Have these calls processed again; how many recordings that are, those marked earlier left out."""
        with self._connection:
            marked = self._connection.executemany(
                "UPDATE seen SET state = 'again' WHERE call_id = ? AND state = 'done'", [(one,) for one in call_ids]
            )
        return max(marked.rowcount, 0)

    def mark_unloaded(self, call_ids: Iterable[str]) -> None:
        """Note that the results of these calls have changed and must be loaded again."""
        with self._connection:
            self._connection.executemany(
                "UPDATE seen SET loaded = 0 WHERE call_id = ?", [(call_id,) for call_id in call_ids]
            )

    def tombstone(self, call_id: str) -> None:
        """Remove the id of an erased call, and keep its recording from being processed again."""
        with self._connection:
            self._connection.execute(
                "UPDATE seen SET call_id = NULL, recording_ref = NULL, state = ? WHERE call_id = ?",
                (State.FORGOTTEN.value, call_id),
            )


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open, and make when needed, the ledger at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    open(path, "a", opener=private).close()  # SQLite gives its side files the same permissions
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        with connection:
            connection.executescript(_SCHEMA)
        yield Ledger(connection)
    finally:
        connection.close()
