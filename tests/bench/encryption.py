"""What encryption at rest costs: `PYTHONPATH=tests python -m bench.encryption` (--calls 20000 for a larger folder).

The bundled calls' true words under other ids make a work folder, once plain and once sealed. Then, side by side:
writing results, reading them, loading them into a database, opening a database, asking it, and changing the key. Each
figure is the best of some runs, taken in turns, since other work on the machine only ever adds; how they compare is
worked out of processor time, which suffers least from it. Nothing is asserted: the figures are for reading, with the
conditions they were taken under.
"""

import argparse
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from bench.retag import START, bundled_turns
from callinsight import bundle, rotation, settings
from callinsight.core.values import (
    Call,
    CallResult,
    Measures,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Tags,
)
from callinsight.settings import Settings
from callinsight.store.database import open_reader, open_writer
from callinsight.store.load import load_batch
from callinsight.store.query import run_query

ASKED = "SELECT role, count(*), max(text) FROM turns GROUP BY ALL"


@dataclass(frozen=True, slots=True)
class Folder:
    """A work folder, plain or sealed."""

    name: str
    chosen: Settings


def made(count: int) -> list[CallResult]:
    """So many calls of the bundled ones' true words."""
    sources = list(bundled_turns())
    tags = Tags((Question("passport", "cost", 0.8, (), (0,)),), Outcome("handled", 0.9, (0,)), ())
    by = Provenance("0", "aa", (("speech", "bb"),), "1")
    return [
        CallResult(
            Call(f"c{number:07d}", START + timedelta(minutes=15 * number)),
            f"r{number:07d}",
            sources[number % len(sources)],
            tags,
            Measures(600_000),
            Recognition(),
            (),
            by,
        )
        for number in range(count)
    ]


def seconds(step: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of processor time."""
    started, worked = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - started, time.process_time() - worked


def show(what: str, steps: dict[str, Callable[[], object]], runs: int, unit: float = 1.0, of: str = "s") -> None:
    """Time a step in both folders in turns, and print the best of each and how they compare."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(runs):
        for name, step in steps.items():
            taken[name].append(seconds(step))
    plain, sealed = (min(wall for wall, _ in taken[name]) * unit for name in ("plain", "sealed"))
    before, after = (min(worked for _, worked in taken[name]) for name in ("plain", "sealed"))
    print(f"{what:34} {plain:9.2f} {of:3} {sealed:9.2f} {of:3} {after / before - 1:+10.1%}", flush=True)


def write(folder: Folder, results: list[CallResult]) -> None:
    for result in results:
        bundle.write_result(folder.chosen.work.results, result)


def load(folder: Folder, ids: list[str], path: Path) -> None:
    """As `callinsight load`: read results and load them, into a database that is not there yet."""
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()
    with open_writer(path) as connection, bundle.collector_paused():
        for first in range(0, len(ids), 2000):
            results = bundle.read_results(folder.chosen.work.results, ids[first : first + 2000])
            load_batch(connection, results, (), more_follow=first + 2000 < len(ids))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    logging.getLogger("callinsight").setLevel(logging.ERROR)  # that a key was made is no figure
    print(
        f"{given.calls} calls, {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        folders = [
            Folder(
                name,
                settings.load(
                    overrides={
                        "work": {"folder": str(Path(scratch) / name)},
                        "encryption": {"enabled": name == "sealed"},
                    }
                ),
            )
            for name in ("plain", "sealed")
        ]
        measure(folders, made(given.calls), given.runs)


def measure(folders: list[Folder], results: list[CallResult], runs: int) -> None:
    ids = [result.call.call_id for result in results]
    print(f"{'':34} {'plain':>13} {'sealed':>13} {'processor':>10}")
    show("writing results", {one.name: lambda f=one: write(f, results) for one in folders}, runs)  # type: ignore[misc]

    def read(folder: Folder) -> None:
        for first in range(0, len(ids), 2000):
            bundle.read_results(folder.chosen.work.results, ids[first : first + 2000])

    show("reading results", {one.name: lambda f=one: read(f) for one in folders}, runs)  # type: ignore[misc]
    place = {one.name: one.chosen.work.database for one in folders}
    show(
        "reading and loading",
        {one.name: lambda f=one: load(f, ids, place[f.name]) for one in folders},  # type: ignore[misc]
        runs,
    )

    def reader(name: str) -> None:
        with open_reader(place[name]):
            pass

    def writer(name: str) -> None:
        with open_writer(place[name]):
            pass

    names = ("plain", "sealed")
    show("opening to read", {n: lambda n=n: reader(n) for n in names}, 3 * runs, 1000, "ms")  # type: ignore[misc]
    show("opening to write", {n: lambda n=n: writer(n) for n in names}, 3 * runs, 1000, "ms")  # type: ignore[misc]
    show("a question over all turns", {n: lambda n=n: run_query(place[n], ASKED) for n in names}, 3 * runs, 1000, "ms")  # type: ignore[misc]
    sizes = [place[name].stat().st_size / 1e6 for name in names]
    print(f"{'size of the database':34} {sizes[0]:9.1f} MB  {sizes[1]:9.1f} MB")
    taken, _ = seconds(lambda: rotation.rotate(folders[1].chosen, None, lambda _: nullcontext(lambda _: None)))
    print(f"changing the key: {taken:.1f} s, {len(ids) / taken:.0f} files a second with the database")


if __name__ == "__main__":
    main()
