"""The nightly flow: discover, process, load, publish, report.

Run it here with ``python pipelines/nightly.py [SETTINGS]``, or on a server through ``prefect.yaml``.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # flows are loaded by file name; steps.py lies beside them

import steps  # isort: skip - first, since it sets the environment that prefect reads when it is imported
from prefect import flow, unmapped
from prefect.futures import as_completed
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from callinsight.run import ChunkReport


def runner_for(workers: int) -> Any:
    """One engine a process: with one worker the flow's own process, else a pool of processes."""
    return ThreadPoolTaskRunner(max_workers=1) if workers == 1 else ProcessPoolTaskRunner(max_workers=workers)


@flow(name="process-chunks", persist_result=False, log_prints=False)
def process_chunks(settings_file: str, run_id: str, chunks: int) -> ChunkReport:
    """Process the chunks of a run, as many at a time as there are worker processes."""
    work = ChunkReport()
    with steps.progress_of(chunks) as advance:
        for done in as_completed(steps.process.map(unmapped(settings_file), unmapped(run_id), range(chunks))):
            work += done.result()
            advance()
    return work


@flow(name="nightly", persist_result=False, log_prints=False)
def nightly(settings_file: str = "") -> dict[str, int]:
    """A night of recordings becomes trends. Returns how many calls were processed and how many were set aside."""
    runner = runner_for(steps.read_settings(settings_file).process.workers)
    started = steps.discover(settings_file)
    work = process_chunks.with_options(task_runner=runner)(settings_file, started.run_id, started.chunks)
    steps.load(settings_file, started.run_id, work)
    steps.publish(settings_file)
    steps.report(settings_file, started.run_id)
    return {"calls": work.calls, "set_aside": started.set_aside + work.failed}


if __name__ == "__main__":
    nightly(*sys.argv[1:2])
