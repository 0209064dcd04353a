"""The steps of :mod:`callinsight.run` as Prefect tasks.

Prefect stores parameters, results' descriptions and exception texts in its database, so only ids and counts cross this
boundary, nothing is cached or persisted, and an unexpected exception is reduced to the name of its type.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from callinsight import offline

offline.apply()

from prefect import task  # noqa: E402 - prefect reads its environment when it is imported
from prefect.artifacts import (  # noqa: E402
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas.objects import TaskRun  # noqa: E402
from prefect.states import State  # noqa: E402

from callinsight import run, settings  # noqa: E402
from callinsight.errors import CallinsightError, StoreError  # noqa: E402
from callinsight.run import ChunkReport, Started  # noqa: E402

P = ParamSpec("P")
T = TypeVar("T")


class StepFailedError(Exception):
    """A step ended with an exception that nobody foresaw; only its type is told, since its text may hold speech."""


def discreet(step: Callable[P, T]) -> Callable[P, T]:
    """Let our own errors through, whose texts are made to be shown, and reduce all others to their type."""

    @functools.wraps(step)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return step(*args, **kwargs)
        except CallinsightError:
            raise
        except Exception as error:  # noqa: BLE001 - the seam: nothing of it may reach Prefect's database
            kind = type(error).__name__
        raise StepFailedError(kind)

    return guarded


def worth_retrying(_task: object, _run: TaskRun, state: State[object]) -> bool:
    """A database in use and trouble nobody foresaw may pass; wrong settings and missing models do not."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, StoreError | StepFailedError)


def read_settings(file: str) -> settings.Settings:
    """The settings of a flow, by the name of their file; empty for the usual places."""
    return settings.load(Path(file) if file else None)


step = functools.partial(
    task,
    cache_policy=NO_CACHE,
    persist_result=False,
    log_prints=False,
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=worth_retrying,
)


@step(name="discover")
@discreet
def discover(settings_file: str) -> Started:
    """List the inbox: the run's id, its chunks, and how many files were set aside at once."""
    return run.start(read_settings(settings_file))


@step(name="process", task_run_name="process-{chunk}")
@discreet
def process(settings_file: str, run_id: str, chunk: int) -> ChunkReport:
    """One chunk of the run's calls, by its number."""
    return run.process_chunk(read_settings(settings_file), run_id, chunk)


@step(name="load")
@discreet
def load(settings_file: str, run_id: str, work: ChunkReport) -> int:
    """Load what was processed; how many calls that was."""
    counts = run.load(read_settings(settings_file), run_id, work)
    return counts.added + counts.replaced


@step(name="publish")
@discreet
def publish(settings_file: str) -> None:
    """Swap in the managers' new copy."""
    run.publish(read_settings(settings_file))


@step(name="report")
@discreet
def report(settings_file: str, run_id: str) -> None:
    """Show the night as an artifact, and end the run."""
    night = run.report(read_settings(settings_file), run_id)
    create_table_artifact(key="night", table=run.rows_of(night), description="De nacht in cijfers")
    run.close(read_settings(settings_file), run_id)


@contextmanager
def progress_of(chunks: int) -> Iterator[Callable[[], None]]:
    """A progress artifact over the chunks of a run; call what it gives after each."""
    artifact = create_progress_artifact(0.0, key="night-progress", description="Verwerkte delen van de nacht")
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        update_progress_artifact(artifact, 100.0 * done / chunks)

    yield advance
    update_progress_artifact(artifact, 100.0)
