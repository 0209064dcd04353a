"""Draws the labelled calls that corrections must not make the tagger worse on: ``validation.json.gz`` beside the model.

python models/recipes/tagger/validation.py                 # then: callinsight models lock demo-tagger

Their wording was kept from training, as in calibration, and words are misheard in half of them. Other calls than those
of the published figures, which come from the test split.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from pathlib import Path

from as_turns import turns_of
from corpus import Corpus, LabelledCall, Variation
from noise import Recogniser

from callinsight.engines.transformers import VALIDATION_FILE
from callinsight.taxonomy_files import load_taxonomy

ROOT = Path(__file__).resolve().parents[3]
SEED = 20261127
CALLS = 400
MOST_NOISE = 0.15
VOCABULARY_CALLS = 1000
HELD_OUT = Variation(questions=1.0, needs=1.0, agent=1.0, held_out=True)


def told(call: LabelledCall, heard: LabelledCall) -> dict[str, object]:
    """A call as it is kept: who says what as it was heard, and what the script of the call holds."""
    return {
        "turns": [[turn.role.value, turn.text] for turn in turns_of(heard)[0]],
        "topics": sorted({one.topic for one in call.questions}),
        "questions": sorted({f"{one.topic}/{one.facet}" for one in call.questions if one.facet}),
        "needs": sorted({need for one in call.questions for need in one.needs}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "demo" / "tagger")
    options = parser.parse_args()
    corpus = Corpus(load_taxonomy(ROOT / "models" / "taxonomy"))
    rng = random.Random(SEED)
    words = [w for _ in range(VOCABULARY_CALLS) for turn in corpus.draw(rng, "train").turns for w in turn.text.split()]
    ear = Recogniser(words)
    calls = []
    for number in range(CALLS):
        call = corpus.draw(rng, "train", HELD_OUT)
        noise = rng.random() * MOST_NOISE if number % 2 else 0.0
        calls.append(told(call, ear.hear(rng, call, noise, roles=0.0) if noise else call))
    text = json.dumps({"version": 1, "calls": calls}, ensure_ascii=False, separators=(",", ":"))
    (options.out / VALIDATION_FILE).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(calls)} calls")


if __name__ == "__main__":
    main()
