"""What was seen in the inbox and what became of it, so that a second run touches nothing that is done.

In SQLite, with pseudonyms only, no file names. Without it the inbox is read once more; recordings of erased calls that
still lie there are then processed again, since nothing else knows that they were erased.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
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
    """Erased because somebody asked for it; its recording is never processed again."""
    EXPIRED = "expired"
    """Erased after its term; noted as long as the recording is in the inbox."""


ERASED = (State.FORGOTTEN, State.EXPIRED)
"""What keeps a recording from being processed again."""


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

    def close_off(self, call_ids: Iterable[str], state: State) -> None:
        """Keep the recordings of calls that are being erased from being processed again; their ids stay for now.

        ``state`` is one of ``ERASED``.
        """
        with self._connection:
            self._connection.executemany(
                "UPDATE seen SET state = ?, loaded = 1 WHERE call_id = ?", [(state.value, one) for one in call_ids]
            )

    def closed_off(self) -> dict[State, tuple[str, ...]]:
        """Calls whose erasure was begun and has not ended, sorted, by the state that they are in."""
        query = "SELECT DISTINCT call_id FROM seen WHERE state = ? AND call_id IS NOT NULL ORDER BY 1"
        found = {one: tuple(row[0] for row in self._connection.execute(query, (one.value,))) for one in ERASED}
        return {state: calls for state, calls in found.items() if calls}

    def references_of(self, call_ids: Iterable[str]) -> frozenset[str]:
        """The references of the recordings of these calls."""
        return self._of_calls("recording_ref", call_ids)

    def names_of(self, call_ids: Iterable[str]) -> frozenset[str]:
        """The references of the names that these recordings have in the inbox, under which failures are kept."""
        return self._of_calls("name_ref", call_ids)

    def _of_calls(self, column: str, call_ids: Iterable[str]) -> frozenset[str]:
        query = f"SELECT {column} FROM seen WHERE call_id = ? AND {column} IS NOT NULL"  # noqa: S608
        rows = (row for one in call_ids for row in self._connection.execute(query, (one,)))
        return frozenset(row[0] for row in rows)

    def tombstones(self, call_ids: Iterable[str]) -> None:
        """Remove the ids of closed off calls for good, and keep their recordings from being processed again."""
        ids = [(one,) for one in call_ids]
        with self._connection:
            self._connection.executemany("UPDATE seen SET call_id = NULL, recording_ref = NULL WHERE call_id = ?", ids)
            self._connection.executemany("DELETE FROM gone WHERE call_id = ?", ids)
        self._clean()

    def give_up(self, name_refs: Iterable[str]) -> None:
        """Keep recordings that were set aside long ago from being tried again, as if their term were over."""
        with self._connection:
            self._connection.executemany(
                "UPDATE seen SET call_id = NULL, recording_ref = NULL, state = 'expired' WHERE name_ref = ?",
                [(one,) for one in name_refs],
            )

    def prune(self, present: Collection[str]) -> int:
        """Drop what is noted of expired calls whose recording is no longer in the inbox; how many those were.

        ``present`` are the references of the names of all files there.
        """
        query = "SELECT name_ref FROM seen WHERE state = 'expired' AND call_id IS NULL"
        away = [row for row in self._connection.execute(query).fetchall() if row[0] not in present]
        with self._connection:
            self._connection.executemany("DELETE FROM seen WHERE name_ref = ?", away)
        if away:
            self._clean()
        return len(away)

    def _clean(self) -> None:
        """Leave no bytes of what was removed in the files."""
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def open_ledger(path: Path, *, look: bool = False) -> Iterator[Ledger]:
    """Open, and make when needed, the ledger at ``path``; who only wants to ``look`` makes none."""
    if look and not path.exists():
        connection = sqlite3.connect(":memory:")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        open(path, "a", opener=private).close()  # SQLite gives its side files the same permissions
        connection = sqlite3.connect(path, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")
        with connection:
            connection.executescript(_SCHEMA)
        yield Ledger(connection)
    finally:
        connection.close()
