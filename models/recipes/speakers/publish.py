"""Copy the trained folder from build/speakers to models/demo/speakers, with a card that says what it is."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import yaml

from data import BUILD, SEED

OUT = Path(__file__).resolve().parents[3] / "models" / "demo" / "speakers"
FILES = (
    "config.yaml",
    "segmentation/pytorch_model.bin",
    "embedding/pytorch_model.bin",
    "plda/xvec_transform.npz",
    "plda/plda.npz",
)


def main() -> None:
    """Copy, and write card.json without scores: `evaluate.py --card` adds them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=BUILD / "folder")
    options = parser.parse_args()
    for name in FILES:
        (OUT / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(options.folder / name, OUT / name)
    config = yaml.safe_load((OUT / "config.yaml").read_text(encoding="utf-8"))
    card = {
        "model": "speakers",
        "format": "pyannote.audio 4 speaker diarization folder (PyanNet powerset, ResNet embedding, VBx with PLDA)",
        "languages": ["nl"],
        "licence": "EUPL-1.2",
        "recipe": "models/recipes/speakers",
        "seed": SEED,
        "trained_on": "espeak-ng voices over a simulated telephone line, and two CC0 voices reading",
        "parameters": config["params"],
        "segmentation_step": config["pipeline"]["params"]["segmentation_step"],
    }
    (OUT / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
