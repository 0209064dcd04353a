"""Plain sentences out of the call world: to train speech and language models on, and its vocabulary.

python models/recipes/calls/corpus.py --split train --count 20000 --seed 1 --out build/sentences-train.txt
"""

from __future__ import annotations

import argparse
import functools
import json
import random
from collections.abc import Iterator
from pathlib import Path

from dialogue import Script, make_call
from grammar import parse
from personal import MAKERS, digits, letters, number, spoken_by_caller

SALAD_SHARE = 0.12  # lists of words in no order, so that a model learns to hear words it cannot guess
PERSONAL_SHARE = 0.10  # digits, letters, names and dates more often than in the calls


def calls(rng: random.Random, count: int, split: str) -> Iterator[Script]:
    """`count` conversations."""
    for _ in range(count):
        yield make_call(rng, split=split)


@functools.cache
def lexicon() -> tuple[str, ...]:
    """Every word of the world, both splits: speech models may know all words, but not the test's sentences."""
    rng, found = random.Random(7), set()
    for split in ("train", "test"):
        for script in calls(rng, 2500, split):
            for line in script.lines:
                found.update(line.text.split())
    found.update(number(value) for value in range(200))
    return tuple(sorted(found))


def sentences(rng: random.Random, n: int, split: str) -> list[str]:
    """`n` spoken lines, lower case and without punctuation, mostly unique.

    Train sentences are lines of train calls, with a share of personal data and of word lists mixed in; test sentences
    are lines of test calls only.
    """
    found: list[str] = []
    while len(found) < n:
        draw = rng.random()
        if split == "train" and draw < SALAD_SHARE:
            found.append(" ".join(rng.choice(lexicon()) for _ in range(rng.randint(3, 10))))
        elif split == "train" and draw < SALAD_SHARE + PERSONAL_SHARE:
            found.append(_personal(rng, split))
        else:
            lines = [line.text for line in make_call(rng, split=split).lines if line.text]
            found += rng.sample(lines, min(len(lines), 6))
    return found[:n]


def _personal(rng: random.Random, split: str) -> str:
    if rng.random() < 0.3:
        run = "".join(rng.choice("0123456789") for _ in range(rng.randint(3, 8)))
        return f"{digits(rng, run)} {letters(rng, ''.join(rng.choice('abcdefghijklmnoprstuvwz') for _ in range(2)))}"
    kind = rng.choice((*MAKERS, "email", "person_name", "street"))
    return parse(spoken_by_caller(rng, kind, split)[0]).text


def unseen_share(count: int, seed: int = 3) -> dict[str, float]:
    """Share of test questions and of longer test lines (five words and more) that no train call holds."""
    rng = random.Random(seed)
    train, asked = set(), set()
    for script in calls(rng, count, "train"):
        train.update(line.text for line in script.lines)
        asked.update(script.lines[q.evidence[0]].text for q in script.questions)
    tests = list(calls(rng, max(1, count // 4), "test"))
    questions = [s.lines[q.evidence[0]].text for s in tests for q in s.questions]
    longer = [line.text for s in tests for line in s.lines if len(line.text.split()) >= 5]
    return {
        "questions": sum(q not in asked for q in questions) / len(questions),
        "lines_of_five_words": sum(line not in train for line in longer) / len(longer),
    }


def as_json(script: Script) -> dict[str, object]:
    """A conversation with its truth, without times; evidence are line numbers."""
    lines = []
    for line in script.lines:
        personal = [{"kind": s.kind, "first_word": s.first_word, "last_word": s.last_word} for s in line.spans]
        shown = {"role": line.role, "speaker": line.speaker, "text": line.text, "sound": line.sound}
        lines.append({**shown, "manner": line.manner, "personal": personal})
    return {
        "split": script.split,
        "lines": lines,
        "questions": [
            {"topic": q.topic, "facet": q.facet, "needs": list(q.needs), "evidence": list(q.evidence)}
            for q in script.questions
        ],
        "outcome": script.outcome,
        "signals": [{"kind": s.kind, "evidence": list(s.evidence)} for s in script.signals],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", action="store_true", help="write whole calls as JSON lines instead of sentences")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rng = random.Random(f"{options.split}-{options.seed}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if options.calls:
        rows = [json.dumps(as_json(s), ensure_ascii=False) for s in calls(rng, options.count, options.split)]
    else:
        rows = sentences(rng, options.count, options.split)
    options.out.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows, {len({w for r in rows for w in r.split()})} words -> {options.out.name}")


if __name__ == "__main__":
    main()
