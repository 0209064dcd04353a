"""The steps of :mod:`callinsight.run` as Prefect tasks.

Prefect stores parameters, artifacts, logs and exception texts in its database, so only ids and counts cross this
boundary: nothing is cached or persisted, and an unexpected exception is reduced to the name of its type.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from callinsight import hygiene, offline

offline.apply()
hygiene.hush()
# A flow without a server starts its own; Prefect's 20 seconds for that are short on a busy machine.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")

from prefect import Task  # noqa: E402 - prefect reads its environment when it is imported
from prefect.artifacts import (  # noqa: E402
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas.objects import State, TaskRun  # noqa: E402

from callinsight import new_topics as topic_search  # noqa: E402
from callinsight import reprocess as reprocessing  # noqa: E402
from callinsight import retention as terms  # noqa: E402
from callinsight import run, settings  # noqa: E402
from callinsight.errors import CallinsightError, StoreError  # noqa: E402
from callinsight.review import pack as meeting_pack  # noqa: E402
from callinsight.run import ChunkReport, Started  # noqa: E402
from callinsight.store.rows import wall_clock  # noqa: E402

P = ParamSpec("P")
T = TypeVar("T")

RETRY_DELAYS_S = (10.0, 60.0)
"""How long to wait before each new attempt; as many attempts as there are waits."""


class StepFailedError(Exception):
    """A step ended with an exception that nobody foresaw.

    Only its type and the place in the code are told, since its text may hold speech.
    """


def discreet(function: Callable[P, T]) -> Callable[P, T]:
    """Let our own errors through without their causes, since their texts are made to be shown; reduce all others."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        failure: Exception
        try:
            return function(*args, **kwargs)
        except CallinsightError as error:
            failure = error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - the seam: nothing of it may reach Prefect's database
            failure = StepFailedError(hygiene.told(error))
        # Prefect logs an exception with all that led to it, and a library's own text may quote what it was given.
        failure.__cause__ = failure.__context__ = None
        raise failure

    return guarded


def worth_retrying(_task: "Task[..., Any]", _run: TaskRun, state: State[Any]) -> bool:
    """A database in use and trouble nobody foresaw may pass; wrong settings and missing models do not."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, StoreError | StepFailedError)


def step(name: str, run_name: str | None = None) -> Callable[[Callable[P, T]], Task[P, T]]:
    """Make a function a Prefect task that leaves nothing behind but its state, and is tried again where that helps."""

    def make(function: Callable[P, T]) -> Task[P, T]:
        return Task(
            discreet(function),
            name=name,
            task_run_name=run_name,
            cache_policy=NO_CACHE,
            persist_result=False,
            log_prints=False,
            retries=len(RETRY_DELAYS_S),
            retry_delay_seconds=list(RETRY_DELAYS_S),
            retry_condition_fn=worth_retrying,
        )

    return make


@discreet
def read_settings(file: str) -> settings.Settings:
    """The settings of a flow, by the name of their file; empty for the usual places."""
    return settings.load(Path(file) if file else None)


@step("discover")
def discover(settings_file: str) -> Started:
    """List the inbox: the run's id, its chunks, and how many files were set aside at once."""
    return run.start(read_settings(settings_file))


@step("mark-outdated")
def mark_outdated(settings_file: str) -> int:
    """Have what other models, settings or an earlier version made done again; how many calls that is."""
    return reprocessing.mark_outdated(read_settings(settings_file)).calls


@step("process", run_name="process-{chunk}")
def process(settings_file: str, run_id: str, chunk: int) -> ChunkReport:
    """One chunk of the run's calls, by its number."""
    return run.process_chunk(read_settings(settings_file), run_id, chunk)


@step("load")
def load(settings_file: str, run_id: str, work: ChunkReport) -> int:
    """Load what was processed; how many calls that was."""
    counts = run.load(read_settings(settings_file), run_id, work)
    return counts.added + counts.replaced


@step("publish")
def publish(settings_file: str) -> None:
    """Swap in the managers' new copy."""
    run.publish(read_settings(settings_file))


@step("report")
def report(settings_file: str, run_id: str) -> None:
    """Show the night as an artifact, and end the run."""
    chosen = read_settings(settings_file)
    table = [{"Wat": label, "Aantal": value} for label, value in run.rows_of(run.report(chosen, run_id))]
    create_table_artifact(key="night", table=table, description="De nacht in cijfers")
    run.close(chosen, run_id)


@step("new-topics")
def new_topics(settings_file: str) -> int:
    """Search for new topics; how many candidates there are."""
    today = wall_clock(datetime.now(UTC)).date()
    return len(topic_search.search(read_settings(settings_file), today, lambda _: None))


@step("pack")
def pack(settings_file: str) -> int:
    """Make the improvement meeting's pack; how many flagged calls the week had."""
    return meeting_pack.make(read_settings(settings_file)).flagged


@step("retention")
def retention(settings_file: str) -> dict[str, int]:
    """Delete what is past its term and publish anew what changed; how many of each kind that were."""
    swept = terms.sweep(read_settings(settings_file), datetime.now(UTC))
    return {one.label: one.removed for one in swept}


@contextmanager
def progress_of(chunks: int) -> Iterator[Callable[[], None]]:
    """A progress artifact over the chunks of a run; call what it gives after each."""
    artifact = create_progress_artifact(0.0, key="night-progress", description="Verwerkte delen van de nacht")
    if not isinstance(artifact, UUID):
        raise TypeError("a flow that is not async gets the artifact's id at once")
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        update_progress_artifact(artifact, 100.0 * done / chunks)

    yield advance
    update_progress_artifact(artifact, 100.0)
