"""The retention flow without a server: what is past its term is gone, and Prefect gets to know counts only."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callinsight import copies
from support.calls import ROOT


@pytest.mark.slow
def test_the_retention_flow_deletes_what_is_past_its_term(tmp_path: Path) -> None:
    review = tmp_path / "work" / "review"
    for call_id, days in (("call-past-its-term", 31), ("call-within-its-term", 29)):
        copies.write_copy(review, call_id, b"sound")
        moment = time.time() - days * 86_400
        os.utime(copies.copy_path(review, call_id), (moment, moment))
    done = subprocess.run(
        [sys.executable, "pipelines/retention.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CALLINSIGHT_WORK__FOLDER": str(tmp_path / "work"),
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "400",
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [path.stem for path in review.rglob("*.ogg")] == ["call-within-its-term"]
    for file in (tmp_path / "prefect").rglob("*"):
        assert not file.is_file() or b"call-past-its-term" not in file.read_bytes(), file.name
    assert "call-past-its-term" not in done.stdout + done.stderr
