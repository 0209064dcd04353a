"""The recipe for names runs from scratch in miniature: it learns, chooses a threshold and writes a model that loads."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callinsight.engines import names

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_miniature_learns_and_loads(tmp_path: Path) -> None:
    script = ROOT / "models" / "recipes" / "names" / "train.py"
    done = subprocess.run(
        [sys.executable, str(script), "--miniature", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    learned = re.search(r"loss from ([\d.]+) to ([\d.]+) in (\d+) steps", done.stdout)
    assert learned is not None
    assert float(learned[2]) < 0.7 * float(learned[1])
    spotter = names.load(tmp_path)
    assert 0.0 < spotter.threshold <= 0.5
    assert spotter.spot([()]) == ((),)
