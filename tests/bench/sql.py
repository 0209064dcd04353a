"""The database at ten million calls: `make bench-sql` (CALLS=1000000 for a trial).

Prints the time of every view, of one more night on top of a tenth of the calls and on top of all, of loading and of
publishing, bytes a call, and the same questions in SQLite and PostgreSQL. Nothing is asserted: the figures are for
reading, with the conditions they were taken under. A view's time includes writing its whole answer to a table.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from bench import nights, rivals, warehouse
from callinsight.core.taxonomy import Taxonomy
from callinsight.store.database import open_writer
from callinsight.store.load import delete_calls
from callinsight.store.summaries import mark_stale, refresh_stale
from callinsight.taxonomy_files import load_taxonomy

ROOT = Path(__file__).parents[2]
NIGHT_CALLS = 1500
NIGHTS = (date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25))
MEMORY = "8GB"

WEEK = {
    "flagged_calls, a week": "FROM flagged_calls WHERE iso_week = '2026-W46'",
    "urgent_calls, a week": "FROM urgent_calls WHERE started_local BETWEEN '2026-11-09' AND '2026-11-16'",
    "questions_labelled, a week": "FROM questions_labelled WHERE week_start = DATE '2026-11-09'",
    "questions_per_week, half a year": "FROM questions_per_week WHERE week_start >= DATE '2026-05-25'",
    "reviewed_tags, a week": "FROM reviewed_tags WHERE week_start = DATE '2026-11-09'",
}


def say(text: str) -> None:
    print(text, flush=True)


def make(path: Path, plan: warehouse.Plan, taxonomy: Taxonomy) -> None:
    """Make a warehouse with its counts, unless it is there already."""
    if path.exists():
        return
    started = time.perf_counter()
    with open_writer(path) as connection:
        connection.execute(f"SET threads = 2; SET memory_limit = '{MEMORY}'")
        warehouse.prepare_drawing(connection, plan, taxonomy)
        warehouse.fill(connection, plan)
        filled = time.perf_counter()
        connection.begin()
        mark_stale(connection, "FROM calls")
        refresh_stale(connection)
        connection.commit()
        connection.execute("CHECKPOINT")
        counted = time.perf_counter()
        warehouse.add_reviews(connection)
    size = path.stat().st_size
    say(
        f"made {plan.calls:,} calls of {plan.years} years in "
        f"{filled - started:.0f} s, all counts in {counted - filled:.0f} s, "
        f"{size / plan.calls:.0f} bytes a call"
    )


def time_views(connection: duckdb.DuckDBPyConnection, runs: int) -> None:
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1").fetchall()
    asked = {str(name): f'FROM "{name}"' for (name,) in found} | WEEK
    ask = rivals.in_duckdb(connection)
    say(f"\n{'view':<34}{'median ms':>10}{'rows':>12}")
    for name, sql in asked.items():
        seconds = rivals.timed(ask, sql, runs)
        row = connection.execute("SELECT count(*) FROM answer").fetchone()
        say(f"{name:<34}{seconds * 1000:>10.0f}{row[0] if row else 0:>12,}")


def time_nights(path: Path, taxonomy: Taxonomy, folder: Path) -> dict[str, float]:
    made, searches, again = [], [], []
    whole = nights.search(path)  # which makes the index of all months, when there is none
    for number, day in enumerate(NIGHTS):
        night = list(nights.invented(taxonomy, day, NIGHT_CALLS, f"c{day:%m%d}", number))
        with open_writer(path) as connection:
            connection.execute(f"SET threads = 2; SET memory_limit = '{MEMORY}'")
            made.append(nights.one_more(connection, night, folder / "published.duckdb"))
        searches.append(nights.search(path))
        again.append(nights.search(path))
    with open_writer(path) as connection:
        ids = [f"c{day:%m%d}{number:06d}" for day in NIGHTS for number in range(NIGHT_CALLS)]
        delete_calls(connection, ids)  # so that kept warehouses stay as they were made
    return {
        "load with counts": statistics.median(one.load_s for one in made),
        "the same calls again": statistics.median(one.again_s for one in made),
        "publish": statistics.median(one.publish_s for one in made),
        "Parquet, CSV and workbook": statistics.median(one.shapes_s for one in made),
        "first search after it": statistics.median(searches),
        "next search": statistics.median(again),
        "first search of all": whole,
    }


def compare(path: Path, calls: int, runs: int, folder: Path) -> None:
    """The questions behind the views in three databases, on the same calls."""
    with open_writer(path) as connection:
        connection.execute("SET threads = 2")
        asks = {"DuckDB": rivals.in_duckdb(connection), "SQLite": rivals.in_sqlite(connection, folder / "facts.sqlite")}
        kept = {name: rivals.timed(asks["DuckDB"], f"FROM {name}", runs) for name in rivals.questions()}
        programs = rivals.postgres_programs()
        if programs is None:
            say("\nPostgreSQL is not installed (Debian: apt-get install postgresql): left out")
            _compare(asks, kept, calls, runs)
            return
        with rivals.in_postgres(connection, folder / "postgres", programs) as ask:
            _compare({**asks, "PostgreSQL": ask}, kept, calls, runs)


def _compare(asks: dict[str, rivals.Ask], kept: dict[str, float], calls: int, runs: int) -> None:
    others = [name for name in asks if name != "DuckDB"]
    say(f"\nthe question behind it, to {calls:,} calls; kept: read from the table of counts")
    say(
        f"{'counts':<22}{'kept ms':>9}{'DuckDB ms':>11}" + "".join(f"{name + ' ms':>15}{'ratio':>8}" for name in others)
    )
    ratios: dict[str, list[float]] = {name: [] for name in others}
    for table, sql in rivals.questions().items():
        seconds = {name: rivals.timed(ask, sql, runs) for name, ask in asks.items()}
        line = f"{table:<22}{kept[table] * 1000:>9.1f}{seconds['DuckDB'] * 1000:>11.0f}"
        for name in others:
            ratio = seconds[name] / seconds["DuckDB"]
            ratios[name].append(ratio)
            line += f"{seconds[name] * 1000:>15.0f}{ratio:>8.1f}"
        say(line)
    say("median ratio: " + ", ".join(f"{name} {statistics.median(some):.1f}" for name, some in ratios.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000_000, help="calls in the large warehouse")
    parser.add_argument("--rival-calls", type=int, default=300_000, help="calls to compare with SQLite and PostgreSQL")
    parser.add_argument("--files", type=int, default=2000, help="result files to load")
    parser.add_argument("--runs", type=int, default=5, help="times that each question is asked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder to keep the warehouses in, for a next time")
    chosen = parser.parse_args()
    taxonomy = load_taxonomy(ROOT / "models" / "taxonomy")
    load = os.getloadavg()[0]
    say(
        f"{os.cpu_count()} cores (load {load:.1f} at the start), {platform.machine()}, DuckDB {duckdb.__version__}, "
        f"2 threads, {MEMORY}, seed {chosen.seed}"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # PostgreSQL's own user reads below it
        kept = chosen.keep or folder
        kept.mkdir(parents=True, exist_ok=True)
        # a tenth of the calls in a tenth of the years: as many calls a week, and so only the history is longer
        plans = {
            "rival": warehouse.Plan(chosen.rival_calls, chosen.seed),
            "small": warehouse.Plan(chosen.calls // 10, chosen.seed, warehouse.YEARS // 10),
            "large": warehouse.Plan(chosen.calls, chosen.seed),
        }
        paths = {name: kept / f"{name}-{plan.calls}-{plan.years}-{plan.seed}.duckdb" for name, plan in plans.items()}
        for name, plan in plans.items():
            make(paths[name], plan, taxonomy)
        with open_writer(paths["large"]) as connection:
            connection.execute(f"SET threads = 2; SET memory_limit = '{MEMORY}'")
            time_views(connection, chosen.runs)
        report_nights({name: time_nights(paths[name], taxonomy, folder) for name in ("small", "large")}, plans)
        report_rates(folder, taxonomy, chosen.files, paths["small"])
        compare(paths["rival"], chosen.rival_calls, min(chosen.runs, 3), folder)


def report_nights(found: dict[str, dict[str, float]], plans: dict[str, warehouse.Plan]) -> None:
    small, large = found["small"], found["large"]
    say(f"\none more night of {NIGHT_CALLS:,} calls, median of {len(NIGHTS)}")
    tops = [f"on {plans[name].calls:,}" for name in ("small", "large")]
    say(f"{'seconds':<28}{tops[0]:>14}{tops[1]:>16}{'ratio':>8}")
    for step in small:
        say(f"{step:<28}{small[step]:>14.2f}{large[step]:>16.2f}{large[step] / small[step]:>8.2f}")


def report_rates(folder: Path, taxonomy: Taxonomy, files: int, prepared: Path) -> None:
    results = list(nights.invented(taxonomy, NIGHTS[-1], files, "cfiles", 9))
    with open_writer(folder / "fresh.duckdb") as connection:
        connection.execute(f"SET threads = 2; SET memory_limit = '{MEMORY}'")
        rate = nights.rates(connection, folder / "results", results, prepared)
    say(f"\nloading, calls a second ({files:,} result files of 20 turns of 18 words)")
    say(f"read result files {rate.read:,.0f}; load what was read {rate.load:,.0f}")
    say(f"both, the product's way {rate.both:,.0f}")
    say(f"out of prepared columns (the small warehouse's tables, counts included) {rate.columns:,.0f}")


if __name__ == "__main__":
    main()
