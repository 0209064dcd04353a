"""Scores a profile on recordings with ground truth.

A folder holds recordings with their metadata, as an inbox does, and for each ``truth/NAME.json`` (the format stands in
``tests/data/calls/README.md``) or ``truth/NAME.TextGrid`` (``docs/annotations.md``).
Nothing is stored: the scores are all that remains.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callinsight import annotations, assembly, inbox, scoring, taxonomy_files, worker
from callinsight.core.pseudonyms import call_id_of, recording_ref_of
from callinsight.core.succession import Succession, last
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import UNKNOWN_LABEL, CallResult, SpeakerTurn, Turn
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
    labels: list[scoring.LabelScore]


def evaluate(settings: Settings, folder: Path, on_done: Callable[[int], None], limit: int | None = None) -> Evaluation:
    """Run the profile of the settings over ``folder`` and score it; ``limit`` takes only the first calls by name.

    Raises ``SettingsError`` when the folder holds no ground truth, ``ModelError`` when a model is missing.
    """
    truths = {path.stem: path for kind in ("TextGrid", "json") for path in (folder / "truth").glob(f"*.{kind}")}
    if not truths:
        raise SettingsError("there is no ground truth: truth/NAME.json or truth/NAME.TextGrid beside the recordings")
    listing = inbox.discover(str(folder), inbox.InboxSettings(recursive=False))
    recordings = [r for r in listing.recordings if Path(r.name).stem in truths][:limit]
    if not recordings:
        raise SettingsError("no recording beside the truth folder has the name of a file in it")
    taxonomy = taxonomy_files.taxonomy_of(settings)
    documents = {name: _read(truths[name], taxonomy) for name in (Path(r.name).stem for r in recordings)}
    ear = _Ear()
    engine = assembly.build_worker(settings, listener=ear)
    scored: list[Scored] = []
    failed = 0
    for first in range(0, len(recordings), settings.process.chunk_calls):
        chunk = recordings[first : first + settings.process.chunk_calls]
        jobs = {job.call_id: recording for recording in chunk for job in [_job(recording)]}
        for job, outcome in engine.process([_job(recording) for recording in chunk]):
            on_done(1)
            document = documents[Path(jobs[job.call_id].name).stem]
            if isinstance(outcome, CallResult):
                truth = Truth.from_document({"layout": outcome.call.layout.value} | document)
                heard = ear.turns.pop(job.call_id), ear.speakers.pop(job.call_id)
                scored.append(scoring.score_call(truth, outcome, *heard))
            elif any(turn["words"] for turn in document["turns"]):
                failed += 1
    return Evaluation(
        {name: scoring.summarise(group) for name, group in _groups(scored)},
        {name: len(group) for name, group in _groups(scored)},
        failed,
        scoring.per_label(scored),
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


def _read(path: Path, taxonomy: Taxonomy) -> dict[str, Any]:
    """Ground truth as it stands in JSON. Read before any engine works: a slip of the pen shows at once."""
    if path.suffix == ".TextGrid":
        document = annotations.read_textgrid(path)
    else:
        try:
            document = dict(json.loads(path.read_text(encoding="utf-8")))
            Truth.from_document({"layout": "mono"} | document)
        except (ValueError, TypeError, KeyError):  # its text may quote what was said
            raise SettingsError(f"ground truth {path.name} is not in the form of docs/annotations.md") from None
    questions, signals = document.get("questions", []), document.get("signals", [])
    unknown = {
        *({q["topic"] for q in questions} - {*taxonomy.topics, UNKNOWN_LABEL}),
        *(f"{q['topic']}/{q['facet']}" for q in questions if q.get("facet") and not _asks(taxonomy, q)),
        *({need for q in questions for need in q.get("needs", [])} - set(taxonomy.needs)),
        *({s["kind"] for s in signals} - set(taxonomy.signals)),
        *({document.get("outcome", UNKNOWN_LABEL)} - {*taxonomy.outcomes, UNKNOWN_LABEL}),
    }
    if unknown:
        names = ", ".join(sorted(unknown))
        raise SettingsError(f"ground truth {path.name}: not in the taxonomy: {names}; see `callinsight taxonomy show`")
    return led_on(document, taxonomy)


def led_on(document: dict[str, Any], taxonomy: Taxonomy) -> dict[str, Any]:
    """Ground truth in the terms of today: a label that was merged or hidden since it was written counts as it does
    in calls. The document itself when there is none."""
    succession = Succession.of(taxonomy)
    if not succession:
        return document
    questions = []
    for one in document.get("questions", []):
        topic, facet = succession.question(one["topic"], one.get("facet"))
        needs = dict.fromkeys(last(succession.needs, need) for need in one.get("needs", []))
        given = {"topic": topic or UNKNOWN_LABEL, "facet": facet, "needs": [need for need in needs if need]}
        questions.append(one | given)
    signals = [
        signal | {"kind": kind}
        for signal in document.get("signals", [])
        if (kind := last(succession.signals, signal["kind"])) is not None
    ]
    outcome = last(succession.outcomes, document.get("outcome", UNKNOWN_LABEL)) or UNKNOWN_LABEL
    return document | {"questions": questions, "signals": signals, "outcome": outcome}


def _asks(taxonomy: Taxonomy, question: dict[str, Any]) -> bool:
    try:
        taxonomy.facet(question["topic"], question["facet"])
    except KeyError:
        return False
    return True


def _groups(scored: Sequence[Scored]) -> Iterable[tuple[str, list[Scored]]]:
    yield "all", list(scored)
    for name in sorted({one.layout for one in scored}):
        yield name, [one for one in scored if one.layout == name]
    for name in sorted({one.speaker_group for one in scored if one.speaker_group}):
        yield name, [one for one in scored if one.speaker_group == name]
