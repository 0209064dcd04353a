"""The same questions to the same calls in SQLite and PostgreSQL.

What is compared is the SQL of ``summaries/*.sql`` over all days: the question to the calls themselves, as a database
that keeps no counts has to answer it. Two things are put in other words: the first day of a week or month (SQLite has
no date_trunc), and that all days are wanted. Both rivals get an index on the day and the call of every table.
"""

import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from callinsight.store.summaries import summaries

FACTS = ("calls", "questions", "needs", "signals", "measures")
LABELS = ("topics", "life_events", "life_event_topics")
WITH_LISTS = ("day_flags", "week_actions")
"""Not compared: the first is made of lists, which SQLite has not; the second has nothing to count here."""

_IN_TEXT = ("DATE", "TIMESTAMP")
"""Kinds that SQLite keeps as text."""

GIVE_UP_S = 20.0
Ask = Callable[[str], float]

_ALL_DAYS = re.compile(r"(\w+\.)?local_date IN \(SELECT local_date FROM days\)")
_TRUNCATED = re.compile(r"CAST\(date_trunc\('(week|month)', ([\w.]+)\) AS DATE\)")
_IN_SQLITE = {"week": r"date({}, '-6 days', 'weekday 1')", "month": r"date({}, 'start of month')"}


def questions() -> dict[str, str]:
    """The SQL of each table of counts, for all days, by name."""
    return {one.table: _ALL_DAYS.sub("1 = 1", one.sql) for one in summaries() if one.table not in WITH_LISTS}


def for_sqlite(sql: str) -> str:
    """The same in SQLite's words."""
    return _TRUNCATED.sub(lambda found: _IN_SQLITE[found[1]].format(found[2]), sql)


def timed(ask: Ask, sql: str, runs: int) -> float:
    """The median of ``runs`` answers in seconds; a question that takes long is asked once."""
    seconds = [ask(sql)]
    while len(seconds) < runs and seconds[0] < GIVE_UP_S:
        seconds.append(ask(sql))
    return statistics.median(seconds)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    found = connection.execute(f"DESCRIBE {table}").fetchall()  # lists, such as evidence, are in no question
    return [(name, kind) for name, kind, *_ in found if not kind.endswith("[]") and name != "started_at"]


def in_duckdb(connection: duckdb.DuckDBPyConnection) -> Ask:
    def ask(sql: str) -> float:
        started = time.perf_counter()
        connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")
        return time.perf_counter() - started

    return ask


def in_sqlite(source: duckdb.DuckDBPyConnection, path: Path) -> Ask:
    """Copy the facts to a SQLite file."""
    made = sqlite3.connect(path)
    made.executescript("PRAGMA journal_mode = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY;")
    for table in (*FACTS, *LABELS):
        columns = _columns(source, table)
        names = [name for name, _ in columns]
        texts = ", ".join(f'CAST("{n}" AS VARCHAR)' if kind in _IN_TEXT else f'"{n}"' for n, kind in columns)
        made.execute(f"CREATE TABLE {table} ({', '.join(names)})")
        rows = source.execute(f"SELECT {texts} FROM {table}")
        while some := rows.fetchmany(50_000):
            made.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", some)
        if table in FACTS:
            made.execute(f"CREATE INDEX {table}_day ON {table} (local_date, call_id)")
    made.commit()
    made.execute("ANALYZE")

    def ask(sql: str) -> float:
        made.execute("DROP TABLE IF EXISTS answer")
        started = time.perf_counter()
        made.execute(f"CREATE TEMP TABLE answer AS {for_sqlite(sql)}")
        return time.perf_counter() - started

    return ask


def postgres_programs() -> Path | None:
    """Where PostgreSQL's server programs lie; ``None`` when it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def in_postgres(source: duckdb.DuckDBPyConnection, folder: Path, programs: Path) -> Iterator[Ask]:
    """Start a server of its own on a socket in ``folder``, copy the facts to it, and stop it in the end."""
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it refuses to run as root
    folder.mkdir(mode=0o755)
    if as_owner:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"

    def start(*command: str | Path) -> None:
        subprocess.run([*as_owner, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

    start(programs / "initdb", "-D", data, "-A", "trust", "-U", "bench", "--no-sync")
    options = (
        f"-c listen_addresses= -c unix_socket_directories={folder} -c shared_buffers=1GB -c work_mem=256MB "
        "-c max_parallel_workers_per_gather=1 -c fsync=off -c max_wal_size=8GB"
    )
    start(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    address = f"host={folder} user=bench dbname=postgres"
    psql: list[str | Path] = [*as_owner, programs / "psql", "-d", address, "-qX", "-v", "ON_ERROR_STOP=1"]

    def do(sql: str) -> str:
        return subprocess.run(psql, input=sql, check=True, capture_output=True, text=True, cwd="/").stdout

    def ask(sql: str) -> float:
        out = do(f"DROP TABLE IF EXISTS answer;\n\\timing on\nCREATE TEMP TABLE answer AS {sql};")
        return float(out.split("Time:")[-1].split()[0]) / 1000

    try:
        for table in (*FACTS, *LABELS):
            columns = _columns(source, table)
            kinds = ", ".join(
                f"{name} {kind.replace('VARCHAR', 'TEXT').replace('DOUBLE', 'FLOAT8')}" for name, kind in columns
            )
            csv = folder / f"{table}.csv"
            names = ", ".join(f'"{name}"' for name, _ in columns)
            source.execute(f"COPY (SELECT {names} FROM {table}) TO '{csv}' (HEADER false)")
            csv.chmod(0o644)
            index = f"CREATE INDEX ON {table} (local_date, call_id);" if table in FACTS else ""
            do(f"CREATE TABLE {table} ({kinds}); COPY {table} FROM '{csv}' (FORMAT csv); {index} ANALYZE {table};")
            csv.unlink()
        yield ask
    finally:
        start(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
