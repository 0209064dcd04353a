"""The deployment of ``prefect.yaml`` on a real server with a real worker, on real engines."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psutil
import pytest

from callinsight import bundle, sealed, settings
from callinsight.keys import Key
from callinsight.store.cipher import database_key
from callinsight.store.query import run_query

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "tests" / "data" / "calls"
KEY = Key(bytes(range(7, 39)))
_FOREIGN = ("PREFECT_", "CALLINSIGHT")
_STOP_S = 15
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

pytestmark = [pytest.mark.slow, pytest.mark.timeout(590)]


@dataclass(frozen=True)
class Site:
    """A running server and worker, their API, and the folder in which Prefect keeps its files."""

    home: Path
    api: httpx.Client
    environment: Mapping[str, str]

    def prefect(self, *arguments: str) -> str:
        """What a ``prefect`` command in the repository's folder prints. It must succeed."""
        command = [sys.executable, "-m", "prefect", *arguments]
        run = subprocess.run(
            command, cwd=ROOT, env=dict(self.environment), capture_output=True, text=True, timeout=120, check=False
        )
        assert run.returncode == 0, f"prefect {arguments[0]} failed: {run.stdout[-1500:]}{run.stderr[-1500:]}"
        return run.stdout

    def start_run(self, deployment: str, *arguments: str) -> str:
        """The id of a new run of a deployment, triggered as a person would."""
        found = re.search(r"UUID:\s*([0-9a-f-]{36})", self.prefect("deployment", "run", deployment, *arguments))
        assert found, "prefect deployment run told no id"
        return found[1]

    def get(self, address: str) -> Any:
        """What the API answers."""
        return self.api.get(address).raise_for_status().json()

    def find(self, what: str, **filters: Any) -> list[dict[str, Any]]:
        """What the API finds."""
        found: list[dict[str, Any]] = self.api.post(f"/{what}/filter", json=filters).raise_for_status().json()
        return found

    def final_state(self, run_id: str, timeout_s: float) -> dict[str, Any]:
        """The state in which a run ends."""
        state: dict[str, Any] = {}

        def ended() -> bool:
            state.update(self.get(f"/flow_runs/{run_id}")["state"])
            return state["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

        wait_until(ended, timeout_s, "a run to end")
        return state

    def files(self) -> Iterator[bytes]:
        """All that Prefect wrote, logs of server and worker included."""
        yield from (path.read_bytes() for path in self.home.rglob("*") if path.is_file())


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Ask again and again until ``condition`` holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s in vain for {what}"
        time.sleep(0.5)


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Server and worker with all their files in ``folder``; both are gone afterwards, with all they started."""
    home = folder / "prefect"
    home.mkdir(parents=True)
    address = f"http://127.0.0.1:{_free_port()}/api"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    environment |= {"PREFECT_HOME": str(home), "PREFECT_API_URL": address, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    environment |= {"CALLINSIGHT_ENCRYPTION__KEY": KEY.text}  # the worker's own, and no variable of a job
    environment |= {"DO_NOT_TRACK": "1", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    port = address.split(":")[2].split("/")[0]
    with httpx.Client(base_url=address, timeout=30) as api:
        site = Site(home, api, environment)
        with _started(site, "server", "server", "start", "--host", "127.0.0.1", "--port", port, "--no-ui") as server:
            wait_until(lambda: _is_up(api, "/health", server), 180, "the server")
            with _started(site, "worker", "worker", "start", "--pool", "callinsight", "--type", "process") as worker:
                wait_until(lambda: _is_up(api, "/work_pools/callinsight", worker), 120, "the worker")
                yield site


@contextmanager
def _started(site: Site, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    log = (site.home / f"{name}.log").open("wb")
    command = [sys.executable, "-m", "prefect", *arguments]
    with (
        log,
        subprocess.Popen(
            command, cwd=ROOT, env=dict(site.environment), stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            _stop(process)


def _end_with_parent() -> None:
    """Also a test run that is killed leaves no server behind: Linux then sends the child a SIGTERM."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all it started; a worker's flows run in sessions of their own."""
    try:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    process.send_signal(signal.SIGTERM)
    _, left = psutil.wait_procs(family, timeout=_STOP_S)
    for survivor in left:
        survivor.kill()
    _, left = psutil.wait_procs(left, timeout=_STOP_S)
    assert not left, "a process could not be stopped"


def _is_up(api: httpx.Client, address: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the process ended before it was up"
    try:
        return api.get(address).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Night:
    """A night on the server, and a second one that was triggered while it ran."""

    site: Site
    names: tuple[str, ...]
    spoken: tuple[str, ...]
    work: Path
    deployment: dict[str, Any]
    state: dict[str, Any]
    run_id: str
    second_state: dict[str, Any]


def shortest_calls() -> tuple[Path, ...]:
    """The truth of two short stereo calls and of a mono one, of at least twenty seconds."""
    truths = [(json.loads(path.read_text(encoding="utf-8")), path) for path in sorted((CALLS / "truth").glob("*.json"))]
    by_length = sorted((truth["duration_ms"], str(path), truth["layout"]) for truth, path in truths)
    long_enough = [(Path(path), layout) for length, path, layout in by_length if length >= 20_000]
    stereo = [path for path, layout in long_enough if layout == "stereo"]
    mono = [path for path, layout in long_enough if layout == "mono"]
    return (*stereo[:2], *mono[:1])


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("site")
    inbox, work = folder / "inbox", folder / "work"
    inbox.mkdir()
    names, spoken = [], []
    for path in shortest_calls():
        truth = json.loads(path.read_text(encoding="utf-8"))
        for file in (truth["recording"], path.name):
            shutil.copy(CALLS / file, inbox / file)
        names.append(path.stem)
        spoken += [turn["text"] for turn in truth["turns"]]
    environment = {
        "CALLINSIGHT_INBOX__ADDRESS": str(inbox),
        "CALLINSIGHT_WORK__FOLDER": str(work),
        "CALLINSIGHT_PUBLISH__K": "1",
    }
    with running_site(folder) as site:
        site.prefect("--no-prompt", "deploy", "--name", "nightly")
        trigger = ("nightly/nightly", "--job-variable", f"env={json.dumps(environment)}")
        first, second = site.start_run(*trigger), site.start_run(*trigger)
        second_state = site.final_state(second, timeout_s=150)
        state = site.final_state(first, timeout_s=300)
        deployment = site.get("/deployments/name/nightly/nightly")
        yield Night(site, tuple(names), tuple(spoken), work, deployment, state, first, second_state)


def test_a_triggered_night_completes_and_publishes(night: Night) -> None:
    assert night.state["type"] == "COMPLETED", night.state["message"]
    answer = run_query(night.work / "published" / "trends.duckdb", "SELECT sum(calls) FROM recognition_per_week")
    assert [int(str(calls)) for (calls,) in answer.rows] == [len(night.names)]


def test_the_night_and_its_progress_are_artifacts(night: Night) -> None:
    artifacts = {found["key"]: found["data"] for found in night.site.find("artifacts") if found["key"]}
    table = {row["Wat"]: row["Aantal"] for row in json.loads(artifacts["night"])}
    assert table["Gesprekken verwerkt"] == str(len(night.names))
    assert float(artifacts["night-progress"]) == 100.0


def test_it_is_scheduled_at_night_in_local_time(night: Night) -> None:
    (schedule,) = night.deployment["schedules"]
    assert schedule["active"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("15 1 * * *", "Europe/Amsterdam")
    wait_until(lambda: bool(scheduled(night)), 60, "the first scheduled run")
    start = datetime.fromisoformat(scheduled(night)[0]["expected_start_time"]).astimezone(ZoneInfo("Europe/Amsterdam"))
    assert (start.hour, start.minute) == (1, 15)


def scheduled(night: Night) -> list[dict[str, Any]]:
    """Runs that the server itself has put ahead."""
    found = night.site.find("flow_runs", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})
    return [run for run in found if run["auto_scheduled"]]


def test_a_second_night_is_cancelled_while_one_runs(night: Night) -> None:
    assert night.deployment["global_concurrency_limit"]["limit"] == 1
    assert night.deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert night.second_state["type"] == "CANCELLED"


def test_what_prefect_stores_holds_no_speech_no_file_names_and_no_key(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLINSIGHT_ENCRYPTION__KEY", KEY.text)
    settings.load(overrides={"work": {"folder": str(night.work)}})
    paths = [path for path in (night.work / "results").rglob("*") if path.is_file()]
    assert {sealed.sealed_with(path.read_bytes()) for path in paths} == {KEY.key_id}
    assert not list(night.work.parent.glob("*.key*"))
    results = [bundle.read_result(path) for path in paths]
    assert len(results) == len(night.names)
    texts = (*night.spoken, *(turn.text for result in results for turn in result.turns))
    forbidden = {phrase for text in texts for phrase in phrases(text)} | set(night.names)
    forbidden |= {KEY.text, KEY.text.rstrip("="), database_key(KEY), KEY.secret.hex()}
    assert len(forbidden) > 20
    stored = list(night.site.files())
    assert any(night.run_id.encode() in content for content in stored)
    assert not [phrase for phrase in forbidden if any(phrase.encode() in content for content in stored)]


def phrases(text: str) -> list[str]:
    """Every three words in a row."""
    words = text.split()
    return [" ".join(words[first : first + 3]) for first in range(len(words) - 2)]
