"""A night over a few bundled calls with the bundled models."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from callinsight import run
from callinsight.settings import Settings
from support.calls import ROOT, call_with_numbers, fill, settings_for, some_calls


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, run.Night]]:
    """A night over a few bundled calls, run once in this process."""
    before = Path.cwd()
    os.chdir(ROOT)
    folder = tmp_path_factory.mktemp("night")
    fill(folder / "inbox", [*some_calls(stereo=3, mono=2), call_with_numbers()])
    chosen = settings_for(folder)
    yield chosen, run.night(chosen, lambda _: None)
    os.chdir(before)
