"""A night that is killed at any moment and started again gives the database of an undisturbed night."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callinsight import bundle, settings
from callinsight.settings import Settings
from callinsight.store.database import open_reader
from callinsight.store.rebuild import CONTENT_TABLES, content_digest

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "tests" / "data" / "calls"

pytestmark = pytest.mark.slow


def environment(inbox: Path, work: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CALLINSIGHT_INBOX__ADDRESS": str(inbox),
        "CALLINSIGHT_WORK__FOLDER": str(work),
        "CALLINSIGHT_PROCESS__CHUNK_CALLS": "1",
        "CALLINSIGHT_PUBLISH__K": "1",
    }


def start(inbox: Path, work: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "callinsight", "run"],
        cwd=ROOT,
        env=environment(inbox, work),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def settings_of(work: Path) -> Settings:
    return settings.load(overrides={"work": {"folder": str(work)}})


def killed_when(process: "subprocess.Popen[bytes]", ready: "object", limit_s: float = 120.0) -> bool:
    """Kill the whole process group once ``ready()`` holds; whether it was still running then."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and process.poll() is None:
        if ready():  # type: ignore[operator]
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.01)
    process.wait()
    return False


def content(work: Path) -> str:
    with open_reader(settings_of(work).work.database) as connection:
        return content_digest(connection, CONTENT_TABLES)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    recordings = [p for p in CALLS.iterdir() if p.suffix != ".json" and p.with_suffix(".json").exists()]
    for recording in sorted(recordings, key=lambda path: (path.stat().st_size, path.name))[:4]:
        (folder / recording.name).write_bytes(recording.read_bytes())
        (folder / recording.name).with_suffix(".json").write_bytes(recording.with_suffix(".json").read_bytes())
    (folder / "leeg.wav").write_bytes(b"")
    (folder / "leeg.json").write_text('{"recording_id": "leeg", "started_at": "2026-09-01T09:00:00+02:00"}')
    return folder


def test_killed_and_started_again(inbox: Path, tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert start(inbox, undisturbed).wait() == 1
    key = settings_of(undisturbed).work.key_file
    disturbed.mkdir()
    (disturbed / key.name).write_bytes(key.read_bytes())  # the same pseudonyms, so that the two can be compared
    work = settings_of(disturbed).work

    def results() -> int:
        return len(list(bundle.result_ids(work.results)))

    moments = [
        lambda: work.ledger.exists(),  # while discovering
        lambda: results() >= 1,  # just after the first result was renamed into place
        lambda: results() >= 3,
        lambda: work.database.exists(),  # while loading
        lambda: work.published_database.parent.exists(),  # while publishing
    ]
    struck = [killed_when(start(inbox, disturbed), moment) for moment in moments]
    assert sum(struck) >= 4
    assert start(inbox, disturbed).wait() in (0, 1)
    assert content(disturbed) == content(undisturbed)
    assert not list(disturbed.rglob("*.part"))
