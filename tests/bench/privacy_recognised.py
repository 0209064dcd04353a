"""The bundled calls as the bundled models recognise them, with the personal data that was really said.

The recognised words are kept in ``build/privacy-recognised.json`` (readable by the owner alone; all people in these
calls are invented), since recognising takes minutes and does not depend on the rules of redaction.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.privacy_texts import ROOT, Known, Text
from callinsight import assembly, inbox, offline, registry, settings
from callinsight.core.values import Role, Span, SpeakerTurn, Turn, Word
from callinsight.inbox import Recording
from callinsight.worker import Job

CALLS = ROOT / "tests/data/calls"
KEPT = ROOT / "build/privacy-recognised.json"
SOURCES = ROOT / "src/callinsight"
_CHUNK = 16


@dataclass(slots=True)
class _Ear:
    """Collects the raw words of each call."""

    turns: dict[str, tuple[Turn, ...]]

    def heard(self, job: Job, turns: tuple[Turn, ...], speakers: tuple[SpeakerTurn, ...]) -> None:
        """See :class:`callinsight.worker.RawListener`."""
        self.turns[job.call_id] = turns


@dataclass(frozen=True, slots=True)
class Recognised:
    """A call's recognised words with what is personal in them, and how much of what was said left no word at all."""

    text: Text
    lost: int


def recognised(calls: int | None = None) -> list[Recognised]:
    """The first ``calls`` bundled calls by name, or all; recognises them unless that was done before."""
    listing = inbox.discover(str(CALLS), inbox.InboxSettings(recursive=False))
    recordings = list(listing.recordings)[:calls]
    digest = _digest()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    heard: dict[str, Any] = kept.get("calls", {}) if kept.get("digest") == digest else {}
    missing = [recording for recording in recordings if recording.name not in heard]
    if missing:
        heard |= _recognise(missing)
        KEPT.parent.mkdir(exist_ok=True)
        with os.fdopen(os.open(KEPT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"digest": digest, "calls": heard}, file)
    return [_joined(recording, heard[recording.name]) for recording in recordings]


def _digest() -> str:
    """Changes with the recordings, the bundled models that recognise them, and what reads and cuts them."""
    made = hashlib.sha256()
    parts = (
        "engines/faster_whisper.py",
        "engines/pyannote.py",
        "engines/speech_regions.py",
        "audio*.py",
        "core/turns.py",
    )
    sources = (path for part in parts for path in SOURCES.glob(part))
    for path in sorted([*CALLS.iterdir(), *sources]):
        if path.is_file():
            made.update(path.name.encode() + b"\0" + path.read_bytes())
    models = registry.load(ROOT / "models/registry.toml", ROOT / "models/pulled")
    profile = models.profile("demo")
    for part in (profile["speech"], profile["speakers"]):
        made.update(registry.digest_of(models, part).encode())
    return made.hexdigest()


def _recognise(recordings: list[Recording]) -> dict[str, Any]:
    offline.apply()
    os.chdir(ROOT)
    ear = _Ear({})
    engine = assembly.build_worker(settings.load(), listener=ear)
    for first in range(0, len(recordings), _CHUNK):
        chunk = recordings[first : first + _CHUNK]
        list(engine.process([_job(recording) for recording in chunk]))
        print(f"recognised {min(first + _CHUNK, len(recordings))} of {len(recordings)} calls", flush=True)
    return {r.name: [_packed(turn) for turn in ear.turns.get(_id(r), ())] for r in recordings}


def _id(recording: Recording) -> str:
    return "c" + hashlib.sha256(recording.name.encode()).hexdigest()[:16]


def _job(recording: Recording) -> Job:
    metadata = recording.metadata
    return Job(
        call_id=_id(recording),
        recording_ref="r" + _id(recording),
        started_at=metadata.started_at,
        queue=metadata.queue,
        direction=metadata.direction,
        agent_channel=metadata.agent_channel,
        registered_topic=metadata.registered_topic,
        expected_duration_ms=metadata.duration_ms,
        read=lambda: inbox.read_bytes(recording),
    )


def _packed(turn: Turn) -> dict[str, Any]:
    words = [[word.span.start_ms, word.span.end_ms, word.text, word.probability] for word in turn.words]
    return {"role": turn.role.value, "words": words}


def _joined(recording: Recording, heard: list[dict[str, Any]]) -> Recognised:
    """The recognised words whose middle lies within personal data that was said, in turns of the same party."""
    truth = json.loads((CALLS / "truth" / f"{Path(recording.name).stem}.json").read_text(encoding="utf-8"))
    turns = []
    for one in heard:
        words = tuple(Word(Span(start, end), text, probability) for start, end, text, probability in one["words"])
        turns.append(Turn(Span.cover(word.span for word in words), Role(one["role"]), words))
    known: list[Known] = []
    lost = 0
    for said in truth["personal"]:
        role = Role(truth["turns"][said["turn"]]["role"])
        span = Span(said["start_ms"], max(said["end_ms"], said["start_ms"] + 1))
        found = [one for number, turn in enumerate(turns) for one in _inside(turn, number, span, said["kind"])]
        stereo = truth["layout"] == "stereo" and any(turns[one.turn].role is role for one in found)
        found = [one for one in found if not stereo or turns[one.turn].role is role]
        lost += not found
        known += found
    return Recognised(Text(tuple(turns), tuple(known)), lost)


def _inside(turn: Turn, number: int, span: Span, kind: str) -> list[Known]:
    middles = [(word.span.start_ms + word.span.end_ms) // 2 for word in turn.words]
    inside = [place for place, middle in enumerate(middles) if span.start_ms <= middle < span.end_ms]
    return [Known(kind, number, inside[0], inside[-1])] if inside else []
