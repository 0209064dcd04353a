"""The recipe of the bundled speaker separation still learns: a miniature of it, on made-up voices, end to end."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_miniature_of_the_recipe_learns_and_leaves_a_folder_that_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            str(ROOT / "models/recipes/speakers/miniature.py"),
            str(tmp_path / "speakers"),
        ],
        capture_output=True,
        text=True,
        timeout=560,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    for name in ("segmentation", "embedding"):
        first, *_, last = result[name]
        assert last < 0.8 * first, f"the loss of {name} does not fall: {result[name]}"
    assert math.isfinite(result["error_rate"])
    written = {str(path.relative_to(tmp_path / "speakers")) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {
        "config.yaml",
        "segmentation/pytorch_model.bin",
        "embedding/pytorch_model.bin",
        "plda/plda.npz",
        "plda/xvec_transform.npz",
    }
    weights = (tmp_path / "speakers" / "segmentation" / "pytorch_model.bin").read_bytes()
    assert str(tmp_path).encode() not in weights, "a checkpoint holds a path of the machine that made it"
