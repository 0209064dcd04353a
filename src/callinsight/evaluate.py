"""Scores a profile on recordings with ground truth.

A folder holds recordings with their metadata, as an inbox does, and ``truth/NAME.json`` for each (the format stands in
``tests/data/calls/README.md``). Nothing is stored: the scores are all that remains.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callinsight import assembly, inbox, scoring, worker
from callinsight.core.pseudonyms import call_id_of, recording_ref_of
from callinsight.core.values import CallResult, SpeakerTurn, Turn
from callinsight.errors import SettingsError
from callinsight.inbox import Recording
from callinsight.scoring import Scored, Truth
from callinsight.settings import Settings

_KEY = bytes(32)
"""Pseudonyms of an evaluation name nothing that is kept, so their key need not be secret."""


@dataclass(slots=True)
class _Ear:
    """Collects raw words for scoring."""

    turns: dict[str, tuple[Turn, ...]] = field(default_factory=dict)
    speakers: dict[str, tuple[SpeakerTurn, ...]] = field(default_factory=dict)

    def heard(self, job: worker.Job, turns: tuple[Turn, ...], speakers: tuple[SpeakerTurn, ...]) -> None:
        """See :class:`callinsight.worker.RawListener`."""
        self.turns[job.call_id] = turns
        self.speakers[job.call_id] = speakers


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores by group: ``all``, each layout, and each speaker group that the ground truth names."""

    scores: dict[str, dict[str, float | None]]
    calls: dict[str, int]
    failed: int


def evaluate(settings: Settings, folder: Path, on_done: Callable[[int], None], limit: int | None = None) -> Evaluation:
    """Run the profile of the settings over ``folder`` and score it; ``limit`` takes only the first calls by name.

    Raises ``SettingsError`` when the folder holds no ground truth, ``ModelError`` when a model is missing.
    """
    truths = {path.stem: path for path in sorted((folder / "truth").glob("*.json"))}
    if not truths:
        raise SettingsError("there is no ground truth: truth/NAME.json beside the recordings")
    listing = inbox.discover(str(folder), inbox.InboxSettings(recursive=False))
    recordings = [r for r in listing.recordings if Path(r.name).stem in truths][:limit]
    ear = _Ear()
    engine = assembly.build_worker(settings, listener=ear)
    scored: list[Scored] = []
    failed = 0
    for first in range(0, len(recordings), settings.process.chunk_calls):
        chunk = recordings[first : first + settings.process.chunk_calls]
        jobs = {job.call_id: recording for recording in chunk for job in [_job(recording)]}
        for job, outcome in engine.process([_job(recording) for recording in chunk]):
            on_done(1)
            truth = Truth.from_document(_read(truths[Path(jobs[job.call_id].name).stem]))
            if isinstance(outcome, CallResult):
                heard = ear.turns.pop(job.call_id), ear.speakers.pop(job.call_id)
                scored.append(scoring.score_call(truth, outcome, *heard))
            elif truth.turns:
                failed += 1
    return Evaluation(
        {name: scoring.summarise(group) for name, group in _groups(scored)},
        {name: len(group) for name, group in _groups(scored)},
        failed,
    )


def _job(recording: Recording) -> worker.Job:
    data = inbox.read_bytes(recording)
    metadata = recording.metadata
    return worker.Job(
        call_id=call_id_of(data, _KEY),
        recording_ref=recording_ref_of(recording.name, _KEY),
        started_at=metadata.started_at,
        queue=metadata.queue,
        direction=metadata.direction,
        agent_channel=metadata.agent_channel,
        registered_topic=metadata.registered_topic,
        expected_duration_ms=metadata.duration_ms,
        read=lambda: data,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"ground truth {path.name} is not valid JSON") from error
    return dict(document)


def _groups(scored: Sequence[Scored]) -> Iterable[tuple[str, list[Scored]]]:
    yield "all", list(scored)
    for name in sorted({one.layout for one in scored}):
        yield name, [one for one in scored if one.layout == name]
    for name in sorted({one.speaker_group for one in scored if one.speaker_group}):
        yield name, [one for one in scored if one.speaker_group == name]
