"""Inboxes made of the bundled calls."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from callinsight import settings
from callinsight.settings import Settings

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "tests" / "data" / "calls"


def recordings() -> list[Path]:
    """The bundled recordings that have metadata, by name."""
    return sorted(p for p in CALLS.iterdir() if p.suffix != ".json" and p.with_suffix(".json").exists())


def fill(inbox: Path, chosen: list[Path]) -> None:
    """Copy recordings with their metadata."""
    inbox.mkdir(parents=True, exist_ok=True)
    for recording in chosen:
        shutil.copy(recording, inbox)
        shutil.copy(recording.with_suffix(".json"), inbox)


def truth_of(recording: Path) -> dict[str, Any]:
    """The ground truth of a bundled recording."""
    document = json.loads((CALLS / "truth" / f"{recording.stem}.json").read_text(encoding="utf-8"))
    return dict(document)


def some_calls(stereo: int, mono: int) -> list[Path]:
    """The shortest bundled calls of each layout, by file size, so that tests stay quick."""
    by_size = sorted(recordings(), key=lambda path: (path.stat().st_size, path.name))
    picked = [p for p in by_size if truth_of(p)["layout"] == "stereo"][:stereo]
    return picked + [p for p in by_size if truth_of(p)["layout"] == "mono"][:mono]


def call_with_numbers() -> Path:
    """The smallest stereo call in which a citizen number, a telephone number and the like are said."""
    numbers = {"bsn", "phone", "iban"}

    def has_numbers(path: Path) -> bool:
        truth = truth_of(path)
        return truth["layout"] == "stereo" and bool(numbers & {p["kind"] for p in truth["personal"]})

    return min(filter(has_numbers, recordings()), key=lambda path: (path.stat().st_size, path.name))


def callinsight(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "callinsight", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def settings_for(folder: Path) -> Settings:
    """Settings with inbox and work folder under ``folder`` and the bundled models."""
    return settings.load(
        overrides={
            "inbox": {"address": str(folder / "inbox")},
            "work": {"folder": str(folder / "work")},
            "publish": {"k": 1},
        }
    )
