"""Nights for ``test_prefect_embedded.py``, in a process of their own: ``embedded_nights.py WORK_FOLDER``.

Runs the flow of ``pipelines/nightly.py`` without a server. No engine is loaded: the worker sets every recording aside.
Prints a JSON object: for each night its state and how often the step was tried that it is about, and what the tasks and
flows of ``pipelines/`` would leave behind.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
SECRET = "geheim-mevrouw-jansen"
DEEPER_SECRET = "geheim-uit-de-diepte"
FILE_NAME = "opname-van-mevrouw-devries"
ADVICE = "setting publish.k must be at least 1"

sys.path.insert(0, str(ROOT / "pipelines"))

import nightly  # noqa: E402  # isort: skip - before prefect, which reads the environment that this sets
import reprocess as again  # noqa: E402  # isort: skip
import steps  # noqa: E402  # isort: skip
from prefect import Flow, Task  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402

from callinsight import assembly, reprocess, run  # noqa: E402
from callinsight.core.values import FailureKind, Stage  # noqa: E402
from callinsight.errors import RecordingError, SettingsError, StoreError  # noqa: E402
from callinsight.worker import EngineClock, Job, Outcome  # noqa: E402

Step = Callable[..., object]


class DeafWorker:
    """Hears nothing in any recording."""

    def __init__(self) -> None:
        self.clock = EngineClock()

    def process(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
        for job in jobs:
            yield job, RecordingError(Stage.SPEECH, FailureKind.NO_SPEECH)


def counted(step: Step, errors: Sequence[Exception]) -> tuple[Step, list[int]]:
    """``step``, failing with each of ``errors`` in turn before it works, and how often it was called."""
    calls = [0]
    left = list(errors)

    def tried(*args: object) -> object:
        calls[0] += 1
        if not left:
            return step(*args)
        try:
            raise KeyError(DEEPER_SECRET)
        except KeyError as cause:
            raise left.pop(0) from cause

    return tried, calls


def night(name: str, errors: Sequence[Exception]) -> dict[str, object]:
    """One night in which the step ``name`` of :mod:`callinsight.run` fails with ``errors``."""
    recording()
    tried, calls = counted(getattr(run, name), errors)
    with patch.object(run, name, tried):
        state = nightly.nightly(return_state=True)
    return {"state": state.name, "message": state.message, "tries": calls[0]}


def processed_again(errors: Sequence[Exception]) -> dict[str, object]:
    """The flow that does outdated calls again, while finding them fails with ``errors``."""
    recording()
    tried, calls = counted(reprocess.mark_outdated, errors)
    with patch.object(reprocess, "mark_outdated", tried):
        state = again.reprocess(return_state=True)
    return {"state": state.name, "message": state.message, "tries": calls[0]}


def recording() -> None:
    """A new recording with its metadata in the inbox."""
    inbox = Path(os.environ["CALLINSIGHT_INBOX__ADDRESS"])
    number = len(list(inbox.iterdir()))
    metadata = {"recording_id": f"r{number}", "started_at": "2026-09-01T09:00:00+02:00", "queue": "burgerzaken"}
    metadata |= {"direction": "inbound"}
    (inbox / f"{FILE_NAME}-{number}.json").write_text(json.dumps(metadata), encoding="utf-8")
    (inbox / f"{FILE_NAME}-{number}.wav").write_bytes(b"RIFF" + bytes([number]) * 100)


def leftovers() -> dict[str, dict[str, object]]:
    """What the tasks and flows of all pipelines persist and cache."""
    found: dict[str, dict[str, object]] = {}
    for path in sorted((ROOT / "pipelines").glob("*.py")):
        for name, value in vars(importlib.import_module(path.stem)).items():
            if isinstance(value, Task):
                kept: dict[str, object] = {"persists": value.persist_result, "uncached": value.cache_policy is NO_CACHE}
                found[f"{path.stem}.{name}"] = kept | {"prints": value.log_prints}
            elif isinstance(value, Flow):
                found[f"{path.stem}.{name}"] = {"persists": value.persist_result, "prints": value.log_prints}
    return found


def main(folder: Path) -> None:
    """All nights, one after another, in one temporary server."""
    (folder / "inbox").mkdir(parents=True)
    os.environ["CALLINSIGHT_INBOX__ADDRESS"] = str(folder / "inbox")
    os.environ["CALLINSIGHT_WORK__FOLDER"] = str(folder / "work")
    for step in (steps.discover, steps.process, steps.load, steps.publish, steps.report, steps.mark_outdated):
        step.retry_delay_seconds = [0.1]
    with patch.object(assembly, "shared_worker", lambda *_: DeafWorker()):
        nights: dict[str, object] = {
            "whole": night("process_chunk", []),
            "unforeseen": night("process_chunk", [ValueError(SECRET)] * 5),
            "unforeseen_late": night("publish", [ValueError(SECRET)] * 5),
            "busy": night("load", [StoreError("the database is in use")]),
            "again": processed_again([StoreError("the database is in use")]),
            "settings": night("start", [SettingsError(ADVICE)] * 5),
        }
    print(json.dumps({"nights": nights, "leftovers": leftovers()}))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]))
