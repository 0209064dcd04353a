"""The nightly flow without a server: what is tried again, and what Prefect gets to know."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SECRETS = ("geheim-mevrouw-jansen", "geheim-uit-de-diepte")
"""What the failing steps of ``embedded_nights.py`` have in their exceptions, and in the causes of these."""
FILE_NAME = "opname-van-mevrouw-devries"
ATTEMPTS = 3

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Done:
    """What the nights came to, and where Prefect and Callinsight kept their files."""

    nights: dict[str, dict[str, Any]]
    leftovers: dict[str, dict[str, Any]]
    output: bytes
    prefect_home: Path
    work: Path

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """An answer from Prefect's database."""
        with closing(sqlite3.connect(self.prefect_home / "prefect.db")) as connection:
            return connection.execute(sql).fetchall()

    def prefect_files(self) -> Iterator[bytes]:
        """All that Prefect wrote."""
        yield from (path.read_bytes() for path in self.prefect_home.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("embedded")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CALLINSIGHT"))
    }
    environment |= {"PREFECT_HOME": str(folder / "prefect"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__).with_name("embedded_nights.py")), str(folder)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=560, check=False)
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    told = json.loads(run.stdout.splitlines()[-1])
    output = run.stdout + run.stderr
    return Done(told["nights"], told["leftovers"], output, folder / "prefect", folder / "work")


def test_a_night_runs_without_a_server(done: Done) -> None:
    assert done.nights["whole"] == {"state": "Completed", "message": None, "tries": 1}
    assert (done.work / "published" / "trends.duckdb").exists()
    artifacts = dict(done.query("SELECT key, data FROM artifact WHERE key IS NOT NULL ORDER BY created"))
    night = {row["Wat"]: row["Aantal"] for row in json.loads(json.loads(artifacts["night"]))}
    assert int(night["Opzij gelegd"]) > 0
    assert float(artifacts["night-progress"]) == 100.0


@pytest.mark.parametrize("night", ["unforeseen", "unforeseen_late"])
def test_trouble_nobody_foresaw_is_retried_and_then_told_by_type_and_place(done: Done, night: str) -> None:
    assert done.nights[night]["tries"] == ATTEMPTS
    assert done.nights[night]["state"] == "Failed"
    assert "StepFailedError: ValueError in embedded_nights.py, line " in done.nights[night]["message"]


@pytest.mark.parametrize("night", ["busy", "again"])
def test_a_database_in_use_is_retried(done: Done, night: str) -> None:
    assert done.nights[night] == {"state": "Completed", "message": None, "tries": 2}


def test_wrong_settings_are_not_retried_and_the_advice_is_shown(done: Done) -> None:
    assert done.nights["settings"]["tries"] == 1
    assert done.nights["settings"]["state"] == "Failed"
    assert done.nights["settings"]["message"].endswith("SettingsError: setting publish.k must be at least 1")


def test_no_exception_text_and_no_file_name_reaches_prefect(done: Done) -> None:
    logged = " ".join(message for (message,) in done.query("SELECT message FROM log"))
    assert "StepFailedError" in logged  # failures were logged to the database, so a secret would have been there
    for content in (*done.prefect_files(), done.output):
        for secret in (*SECRETS, FILE_NAME):
            assert secret.encode() not in content


def test_no_task_caches_and_nothing_is_persisted_or_printed_into_the_log(done: Done) -> None:
    tasks = {name: kept for name, kept in done.leftovers.items() if "uncached" in kept}
    assert len(tasks) >= 5
    assert {"nightly.nightly", "nightly.process_chunks", "reprocess.reprocess", "weekly.weekly"} <= set(done.leftovers)
    assert all(kept["uncached"] for kept in tasks.values())
    assert {name for name, kept in done.leftovers.items() if kept["persists"] or kept["prints"]} == set()
