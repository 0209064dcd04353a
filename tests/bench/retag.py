"""How long it takes to tag a long history again: `make bench-retag`.

The bundled calls' true words are read by the bundled encoder once; copies of them under other ids make a history of a
million turns. Then, each in wall time and in processor time: tags decided on vectors that are in memory; a retagging
end to end in which nothing changes; and one after a change of the taxonomy's version, in which every result is written
and loaded. Nothing is asserted: the figures are for reading, with the conditions they were taken under.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from rich.progress import track

from callinsight import assembly, bundle, embeddings, offline, retag, run, settings
from callinsight.core.values import Call, CallResult, Measures, Recognition, Role, Span, Turn, Word
from callinsight.settings import Settings

ROOT = Path(__file__).parents[2]
TRUTH = ROOT / "tests" / "data" / "calls" / "truth"
START = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)


def bundled_turns() -> Iterator[tuple[Turn, ...]]:
    """The true turns of the bundled calls, words spread evenly."""
    for path in sorted(TRUTH.glob("*.json")):
        turns = []
        for said in json.loads(path.read_text(encoding="utf-8"))["turns"]:
            at, texts = int(said["start_ms"]), said["text"].split()
            words = tuple(Word(Span(at + 200 * n, at + 200 * n + 190), text, 0.9) for n, text in enumerate(texts))
            if words:
                turns.append(Turn(Span(at, at + 200 * len(words)), Role(said["role"]), words))
        yield tuple(turns)


def make_history(chosen: Settings, wanted_turns: int) -> int:
    """Results and vectors of so many turns; how many calls that are."""
    sources = list(bundled_turns())
    tagger, provenance = assembly.build_tagger(chosen), assembly.provenance(chosen)
    vectors = tagger.read(sources)
    tags = tagger.decide(sources, vectors)
    copies = -(-wanted_turns // sum(map(len, sources)))
    for number in track(range(copies * len(sources)), description="Making the history"):
        of = number % len(sources)
        call = Call(f"c{number:07d}", START + timedelta(minutes=15 * number))
        result = CallResult(
            call, f"r{number:07d}", sources[of], tags[of], Measures(100_000), Recognition(), (), provenance
        )
        bundle.write_result(chosen.work.results, result)
        embeddings.write_vectors(chosen.work.embeddings, call.call_id, sources[of], vectors[of])
    return copies * len(sources)


def measured(what: str, turns: int, step: Callable[[], object]) -> object:
    """Run ``step`` and print what it took, the processes that it started counted."""
    before, started = _cpu(), time.perf_counter()
    found = step()
    wall, cpu = time.perf_counter() - started, _cpu() - before
    print(f"{what:58}{wall:9.1f} s wall {cpu:9.1f} s processor {turns / wall:12,.0f} turns/s", flush=True)
    return found


def _cpu() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def decide_alone(chosen: Settings, ids: list[str], turns: int) -> None:
    """One process, all vectors in memory, nothing read or written."""
    tagger = assembly.build_tagger(chosen)
    few = ids[: min(len(ids), 3000)]
    results = [bundle.read_result(bundle.result_path(chosen.work.results, one)) for one in few]
    calls = [one.turns for one in results]
    vectors = [
        embeddings.read_vectors(chosen.work.embeddings, one, t, tagger.encoder)
        for one, t in zip(few, calls, strict=True)
    ]
    there = [one for one in vectors if one is not None]
    count = sum(map(len, calls))
    before, started = _cpu(), time.perf_counter()
    tagger.decide(calls, there)
    wall, cpu = time.perf_counter() - started, _cpu() - before
    print(
        f"tags decided on {count:,} turns in memory, one process: {wall:.1f} s wall, {cpu:.1f} s processor; "
        f"a million turns: {cpu * 1e6 / count:.0f} s processor"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=retag.cores())
    options = parser.parse_args()
    offline.apply()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="callinsight-bench-") as folder:
        shutil.copytree(ROOT / "models" / "taxonomy", Path(folder) / "taxonomy")
        chosen = settings.load(
            overrides={
                "work": {"folder": str(Path(folder) / "work")},
                "models": {"taxonomy": str(Path(folder) / "taxonomy")},
                "publish": {"files": []},
            }
        )
        calls = make_history(chosen, options.turns)
        ids = list(bundle.result_ids(chosen.work.results))
        turns = sum(map(len, bundled_turns())) * calls // len(list(TRUTH.glob("*.json")))
        size = sum(file.stat().st_size for file in chosen.work.embeddings.rglob("*.safetensors"))
        print(f"{platform.machine()}, {retag.cores()} cores, load {os.getloadavg()[0]:.1f} before the start")
        print(f"{calls:,} calls, {turns:,} turns, {size / 1e9:.2f} GB of vectors, {options.workers} processes")
        measured("the database made anew, for comparison", turns, lambda: run.rebuild(chosen))
        decide_alone(chosen, ids, turns)
        every = retag.Wish(every=True, workers=options.workers)
        now = datetime.now(UTC)
        measured(
            "tags decided and nothing written (--all --dry-run)",
            turns,
            lambda: retag.retag(chosen, ids, replace(every, dry_run=True), now, lambda _: None),
        )
        measured(
            "nothing has changed, end to end (--all)",
            turns,
            lambda: retag.retag(chosen, ids, every, now, lambda _: None),
        )
        change_taxonomy(chosen)
        measured(
            "another taxonomy, all written, loaded and published",
            turns,
            lambda: retag.retag(chosen, ids, retag.Wish(workers=options.workers), now, lambda _: None),
        )


def change_taxonomy(chosen: Settings) -> None:
    """A comment is change enough: every call then has tags of another version."""
    path = chosen.models.taxonomy / "taxonomy.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")


if __name__ == "__main__":
    main()
