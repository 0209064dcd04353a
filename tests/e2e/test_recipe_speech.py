"""The recipe of the bundled speech model still learns: a miniature of it, on bundled recordings, without espeak-ng."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "models" / "recipes" / "speech"


def _run(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_a_miniature_of_the_recipe_learns_and_exports_a_folder(tmp_path: Path) -> None:
    _run(RECIPE / "recordings.py", ROOT / "tests" / "data" / "calls", tmp_path, "--count", 6)
    printed = _run(
        *(RECIPE / "train.py", "--phase", "short", "--minutes", 5, "--steps", 75),
        *("--miniature", "--processes", 1, "--folder", tmp_path, "--rate", 3e-3),
    )
    losses = [float(found) for found in re.findall(r"words (\d+\.\d+)", printed)]
    assert losses[-1] < 0.85 * losses[0], f"the loss does not fall: {losses}"
    _run(RECIPE / "export.py", tmp_path / "short.pt", tmp_path / "model")
    written = {path.name for path in (tmp_path / "model").iterdir()}
    tables = {"config.json", "tokenizer.json", "vocabulary.json", "preprocessor_config.json", "card.json"}
    assert written == {"model.bin"} | tables


@pytest.mark.slow
def test_training_can_go_on_from_the_bundled_model_as_it_is(tmp_path: Path) -> None:
    bundled = ROOT / "models" / "demo" / "speech"
    _run(RECIPE / "restore.py", bundled, tmp_path / "restored.pt")
    _run(RECIPE / "export.py", tmp_path / "restored.pt", tmp_path / "again")
    for name in ("model.bin", "tokenizer.json", "vocabulary.json"):
        assert (tmp_path / "again" / name).read_bytes() == (bundled / name).read_bytes(), name
