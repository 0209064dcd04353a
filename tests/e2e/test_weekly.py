"""The weekly flow without a server: the pack is there, and Prefect gets to know no more than a count."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callinsight import bundle, run, settings
from callinsight.core.values import Severity
from support.calls import ROOT
from support.results import FIRST_MONDAY, spoken_call, story


@pytest.mark.slow
def test_the_weekly_flow_makes_the_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    work = tmp_path / "work"
    chosen = settings.load(overrides={"work": {"folder": str(work)}, "publish": {"files": ["xlsx"]}})
    said = spoken_call(
        *("flag-review", FIRST_MONDAY, "passport", "cost"),
        said="heel bijzondere woorden",
        flags=(("multi-problem", Severity.REVIEW),),
    )
    for result in [*story(weeks=1), said]:
        bundle.write_result(chosen.work.results, result)
    run.rebuild(chosen)
    done = subprocess.run(
        [sys.executable, "pipelines/weekly.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CALLINSIGHT_WORK__FOLDER": str(work),
            "PREFECT_HOME": str(tmp_path / "prefect"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "400",
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (pack,) = (work / "overleg").iterdir()
    assert pack.name == "verbeteroverleg-2026-W36.html"
    assert "heel bijzondere woorden" in pack.read_text(encoding="utf-8")
    assert (work / "published" / "trends.xlsx").exists()
    for file in (tmp_path / "prefect").rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert b"bijzondere" not in data, file.name
            assert b"flag-review" not in data, file.name
    assert "bijzondere" not in done.stdout + done.stderr
