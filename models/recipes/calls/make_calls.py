"""Writes recordings with sidecars and ground truth: the bundled 120, or as many more as wanted.

    python models/recipes/calls/make_calls.py                                   # tests/data/calls, with the story
    python models/recipes/calls/make_calls.py --split test --count 1000 --out build/calls-test
    python models/recipes/calls/make_calls.py --split train --count 500 --out build/calls-train

Needs espeak-ng and sox (Debian packages). The same seed gives the same calls.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import multiprocessing
import random
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from dialogue import Script, Wishes, make_call
from encode import FORMATS, write
from grammar import topics
from render import Rendered, mixed, render, slower
from story import PLACE, SEED, Plan, filed_topic, plans, queue
from voices import VOICES, Voice

REPOSITORY = Path(__file__).resolve().parents[3]
BUNDLE = REPOSITORY / "tests" / "data" / "calls"
WORD_LIMITS = {"short": (55, 112), "medium": (140, 240), "long": (680, 820)}
GENERATED_FORMATS = (("opus", 6), ("alaw", 2), ("mulaw", 1), ("gsm", 1), ("mp3", 1))


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One call to make: the plan, the split, and where it goes."""

    plan: Plan
    split: str
    folder: Path


def script_for(plan: Plan, split: str) -> Script:
    """The plan's conversation, drawn again until its length fits and all wished signals are in it."""
    low, high = WORD_LIMITS[plan.wishes.size]
    if plan.wishes.kind in ("wrong-number", "distress"):
        low = 25
    wished = set(plan.wishes.signals) - {"none"}
    for attempt in range(400):
        script = make_call(random.Random(plan.seed * 1000 + attempt), split=split, topic=plan.topic, wishes=plan.wishes)
        words = sum(len(line.text.split()) for line in script.lines if line.role != "system")
        if low <= words <= high and wished <= {s.kind for s in script.signals}:
            return script
    raise ValueError(f"no conversation of {low} to {high} words for plan {plan.number}")


def voices_for(script: Script, plan: Plan, split: str) -> Mapping[str, Voice]:
    """A voice of the split for every speaker, all different; some callers speak slowly."""
    speakers = sorted({line.speaker for line in script.lines})
    chosen = random.Random(f"voices-{plan.seed}").sample([v for v in VOICES if v.split == split], len(speakers))
    found = dict(zip(speakers, chosen, strict=True))
    if plan.speaker_group == "elderly":
        found["caller-1"] = slower(found["caller-1"], 0.82)
    return found


def truth(plan: Plan, script: Script, rendered: Rendered, recording: str) -> dict[str, object]:
    """The ground truth of a call, as the format of tests/data/calls/README.md says."""
    agent_channel = plan.agent_channel if plan.stereo else 0
    at = {turn.line: number for number, turn in enumerate(rendered.turns)}
    turns = []
    for turn in rendered.turns:
        channel = (agent_channel if turn.role != "caller" else 1 - agent_channel) if plan.stereo else 0
        words = [{"text": w, "start_ms": a, "end_ms": b} for w, a, b in turn.words]
        who = {"role": turn.role, "speaker": turn.speaker, "channel": channel}
        text = " ".join(w for w, _, _ in turn.words)
        turns.append({"start_ms": turn.start_ms, "end_ms": turn.end_ms, **who, "text": text, "words": words})
    personal = [
        {
            "kind": span.kind, "turn": number, "first_word": span.first_word, "last_word": span.last_word,
            "start_ms": turn.words[span.first_word][1], "end_ms": turn.words[span.last_word][2],
        }
        for number, turn in enumerate(rendered.turns)
        for span in script.lines[turn.line].spans
    ]  # fmt: skip
    return {
        "recording": recording,
        "layout": "stereo" if plan.stereo else "mono",
        "agent_channel": plan.agent_channel if plan.stereo else None,
        "duration_ms": rendered.duration_ms,
        "split": script.split,
        "speaker_group": plan.speaker_group,
        "turns": turns,
        "questions": [
            {"topic": q.topic, "facet": q.facet, "needs": list(q.needs), "evidence": sorted(at[e] for e in q.evidence)}
            for q in script.questions
        ],
        "outcome": script.outcome,
        "signals": [{"kind": s.kind, "evidence": sorted(at[e] for e in s.evidence)} for s in script.signals],
        "personal": personal,
        "nonspeech": [{"start_ms": a, "end_ms": b, "kind": kind} for a, b, kind in rendered.nonspeech],
    }


def sidecar(plan: Plan, script: Script) -> dict[str, object]:
    """What the recording platform tells about a call."""
    topic = script.questions[0].topic if script.questions else None
    filed = filed_topic(plan, topic, random.Random(f"filed-{plan.seed}"))
    found: dict[str, object] = {
        "recording_id": f"zd-{plan.started_at:%Y%m%d}-{plan.number:04d}",
        "started_at": plan.started_at.isoformat(),
        "queue": queue(plan.topic),
        "direction": "inbound",
        "agent_channel": plan.agent_channel if plan.stereo else None,
        "registered_topic": filed,
    }
    if plan.stereo and not plan.tells_agent_channel:
        del found["agent_channel"]
    return found


def make(job: Job) -> tuple[str, int, int]:
    """Makes one call and writes its three files. Returns (name, duration in ms, bytes of the recording)."""
    plan = job.plan
    script = script_for(plan, job.split)
    rendered = render(script, voices_for(script, plan, job.split), plan.seed)
    recording = f"{plan.name}.{FORMATS[plan.audio_format].extension}"
    sides = (rendered.agent_side, rendered.caller_side)
    in_order = sides if plan.agent_channel == 0 else sides[::-1]
    channels = in_order if plan.stereo else (mixed(rendered),)
    path = job.folder / recording
    write(path, channels, plan.audio_format)
    _write_json(job.folder / f"{plan.name}.json", sidecar(plan, script), indent=1)
    _write_json(job.folder / "truth" / f"{plan.name}.json", truth(plan, script, rendered, recording), indent=None)
    return plan.name, rendered.duration_ms, path.stat().st_size


def _write_json(path: Path, content: Mapping[str, object], *, indent: int | None) -> None:
    separators = (",", ":") if indent is None else None
    text = json.dumps(content, ensure_ascii=False, indent=indent, separators=separators)
    path.write_text(text + "\n", encoding="utf-8")


def more_plans(count: int, split: str, seed: int) -> tuple[Plan, ...]:
    """Calls without a story: every topic in turn, formats and layouts mixed, spread over a year."""
    rng = random.Random(f"{split}-{seed}")
    order = sorted(topics())
    kinds, weights = zip(*GENERATED_FORMATS, strict=True)
    found = []
    for number in range(1, count + 1):
        when = dt.datetime(2025, 9, 1, 9, tzinfo=PLACE) + dt.timedelta(minutes=rng.randrange(365 * 24 * 60))
        kind = rng.choices(kinds, weights)[0]
        special = rng.choices((None, "distress", "wrong-number"), (94, 4, 2))[0]
        size = "medium" if special is None and rng.random() < 0.15 else "short"
        topic = None if special else order[number % len(order)]
        found.append(
            Plan(
                number=number, seed=zlib.crc32(f"{split}-{seed}-{number}".encode()), started_at=when, topic=topic,
                wishes=Wishes(kind=special or "normal", size=size, opening_hour=when.hour), audio_format=kind,
                stereo=kind != "gsm" and rng.random() < 0.75, agent_channel=int(rng.random() < 0.15),
                tells_agent_channel=True, filed="right", name=f"{split}-{number:05d}",
            )
        )  # fmt: skip
    return tuple(found)


def write_all(chosen: Sequence[Plan], split: str, folder: Path, processes: int) -> None:
    """Makes the calls into an emptied folder and says what came out."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*"), *folder.glob("truth/*")]:
        if old.is_file() and old.suffix != ".md":
            old.unlink()
    jobs = [Job(plan, split, folder) for plan in chosen]
    # espeak-ng speaks a little differently after having spoken: a fresh process per call makes it repeatable, and one
    # forked from a server that has imported everything but spoken nothing costs little.
    with multiprocessing.get_context("forkserver").Pool(processes, maxtasksperchild=1) as pool:
        made = list(pool.imap_unordered(make, jobs, chunksize=1))
    minutes = sum(ms for _, ms, _ in made) / 60_000
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    print(f"{len(made)} calls, {minutes:.1f} minutes, {size / 1e6:.1f} MB with truth, in {folder.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--count", type=int, help="calls without the story; leave out for the bundled 120")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=BUNDLE)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.count is None:
        if options.split != "test":
            parser.error("the bundled calls come from the test split")
        write_all(plans(options.seed), "test", options.out, options.processes)
        return
    if options.out == BUNDLE:
        parser.error("--count needs another --out than the bundled folder")
    write_all(more_plans(options.count, options.split, options.seed), options.split, options.out, options.processes)


if __name__ == "__main__":
    main()
