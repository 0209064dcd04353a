"""Databases kept from every schema version, and what was loaded into each.

The results are files of their own beside the databases and are never written again: what a later version of the code
reads in them is what it would read in a municipality's old results.
"""

import gzip
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from callinsight import bundle
from callinsight.core.improvement import About, Action, ActionKind, Review, Tag, Target, Verdict
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
from callinsight.core.values import Failure, Severity
from callinsight.store.database import open_writer, quoted
from callinsight.store.decisions import sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.effects import refresh_effects
from callinsight.store.load import RunRecord, load_batch
from callinsight.store.migrate import migrate
from callinsight.store.scripts import MIGRATIONS

KEPT = Path(__file__).parents[1] / "data" / "schemas"
BLOCK_BYTES = 16_384
"""The smallest block that DuckDB knows; most of each block is empty, so the files are kept compressed."""

OLD_VIEW = "CREATE VIEW calls_long_ago AS SELECT count(*) AS calls FROM calls"
"""Stands for the views that an older version made and that are no longer there."""

_MONDAY = datetime(2026, 8, 31, 22, 0, tzinfo=UTC)
RUN = RunRecord("run-1", _MONDAY, _MONDAY, recordings_found=7, audio_ms=600_000, wall_ms=60_000)
REVIEWS = (
    Review("kept-0001", Tag(About.QUESTION, "passport", "cost"), Verdict.RIGHT, "teamleider", _MONDAY),
    Review("kept-0003", Tag(About.SIGNAL, "repeat-call"), Verdict.WRONG, "kwaliteitsmedewerker", _MONDAY),
)
ACTIONS = (Action("Pagina herschreven", ActionKind.PAGE, "webteam", date(2026, 9, 14), (Target("passport", "cost"),)),)


def kept_versions() -> dict[int, Path]:
    """The kept database of each schema version that has one."""
    return {int(path.name[1:5]): path for path in sorted(KEPT.glob("v????.duckdb.gz"))}


def unpack(version: int, target: Path) -> Path:
    """Write the kept database of ``version`` to ``target`` and return that."""
    target.write_bytes(gzip.decompress(kept_versions()[version].read_bytes()))
    return target


def newest_version(folder: Path = MIGRATIONS) -> int:
    """The number of the newest migration."""
    return max(int(path.stem[:4]) for path in folder.glob("*.sql"))


def taxonomy() -> Taxonomy:
    """One topic and one of everything else that the kept calls name."""
    cost = Facet("cost", "Wat kost het?", "kosten", Preventable.LIKELY)
    passport = Topic("passport", "Paspoort", "burgerzaken", 1, False, None, (), (cost.id,), (), (), ("passport",))
    return Taxonomy(
        version="0.1",
        domains={"burgerzaken": Domain("burgerzaken", "Burgerzaken")},
        facets={cost.id: cost},
        needs={"travel": NeedKind("travel", "Wil op reis kunnen")},
        topics={passport.id: passport},
        outcomes={"handled": OutcomeKind("handled", "Zelfstandig afgehandeld", None, Resolution.SOLVED)},
        signals={"repeat-call": SignalKind("repeat-call", "Herhaalcontact", Party.CALLER, Severity.REVIEW)},
    )


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the kept results as a night does, into a database of today's schema."""
    sync_dimensions(connection, taxonomy())
    results = [bundle.read_result(path) for path in sorted((KEPT / "results").glob("??/*.json.gz"))]
    load_batch(connection, results, kept_failures(), RUN)
    sync_decisions(connection, REVIEWS, ACTIONS)
    refresh_effects(connection)


def kept_failures() -> tuple[Failure, ...]:
    """The failures that were loaded beside the results."""
    return bundle.read_failures(KEPT / "failures")


def keep(version: int, target: Path, scratch: Path) -> None:
    """Make ``target``, a compressed database of schema ``version`` with the kept calls as that version held them.

    Applies the migrations up to ``version``, and copies from a database of today's schema every column that the older
    one has. ``scratch`` is an empty folder. Raises ``duckdb.Error`` when today's schema no longer has what the older
    one demands; then the file had to be made before the newer migration was written.
    """
    steps = scratch / "steps"
    steps.mkdir()
    for path in sorted(MIGRATIONS.glob("*.sql"))[:version]:
        shutil.copy(path, steps)
    today, made = scratch / "today.duckdb", scratch / "kept.duckdb"
    with open_writer(today) as connection:
        fill(connection)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH {quoted(str(today))} AS today (READ_ONLY)")
        connection.execute(f"ATTACH {quoted(str(made))} AS kept (BLOCK_SIZE {BLOCK_BYTES})")
        connection.execute("USE kept")
        migrate(connection, steps)
        for table, columns in _columns(connection, "kept").items():
            there = _columns(connection, "today").get(table, [])
            names = ", ".join(f'"{name}"' for name in columns if name in there)
            if names and not table.startswith("schema_"):
                connection.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM today."{table}"')
        connection.execute(OLD_VIEW)
        connection.execute("INSERT INTO schema_views VALUES ('calls_long_ago', 'of an older version')")
        connection.execute("CHECKPOINT kept")
    target.write_bytes(gzip.compress(made.read_bytes(), mtime=0))


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    rows = connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        "WHERE database_name = ? AND NOT internal "
        "AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE database_name = ?) GROUP BY table_name",
        [database, database],
    ).fetchall()
    return {str(table): list(names) for table, names in sorted(rows)}
