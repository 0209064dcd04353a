"""Searches the stored calls for new topics, keeps the candidates, and takes what the improvement meeting decides."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

import numpy as np

from callinsight import assembly, bundle, meeting
from callinsight.candidate_files import read_candidates, write_candidates
from callinsight.core.candidate import Candidate, CandidateVerdict, renew
from callinsight.core.candidates import GroupOptions, Item, find_groups
from callinsight.core.improvement import About, Tag
from callinsight.core.values import UNKNOWN_LABEL, CallResult, Role
from callinsight.core.vectors import TurnVectors
from callinsight.embeddings import read_vectors
from callinsight.errors import SettingsError, StoreError
from callinsight.settings import Settings
from callinsight.store.candidates import sync_candidates
from callinsight.store.database import open_writer
from callinsight.taxonomy_files import taxonomy_of

_LEAST_WORDS = 4
_CALLER_ROLES = (Role.CALLER, Role.UNKNOWN)

Collected = dict[str | None, list[Item]]


def items_of(result: CallResult, vectors: TurnVectors, width: int) -> dict[str | None, Item]:
    """The questions of a call by topic, ``None`` for no topic; of two on one topic the less clear one.

    Within a topic clear ones count too: a new question may be heard as one that exists, now this one and now that.
    ``width`` is how much of a vector tells its meaning.
    """
    means = vectors.by_turn(len(result.turns))[:, :width]
    found: dict[str | None, Item] = {}
    for question in sorted(result.tags.questions, key=lambda one: one.facet is not None):
        unknown = question.topic == UNKNOWN_LABEL
        where = range(len(result.turns)) if unknown else question.evidence
        told = [n for n in where if result.turns[n].role in _CALLER_ROLES and len(result.turns[n].words) > _LEAST_WORDS]
        if told:
            best = max(told, key=lambda n: (n in question.evidence, len(result.turns[n].words), -n))
            said = tuple(result.turns[n].text for n in told)
            key = None if unknown else question.topic
            middle = means[told].mean(axis=0).astype(np.float32)
            day = result.call.started_at.date()
            found.setdefault(key, Item(result.call.call_id, day, best, said, middle, question.facet))
    return found


def collect(results: Iterable[tuple[CallResult, TurnVectors | None]], width: Callable[[int], int]) -> Collected:
    """All questions by topic, of calls that have vectors of one encoder: the commonest."""
    by_encoder: dict[str, Collected] = {}
    for result, vectors in results:
        if vectors is not None:
            own = by_encoder.setdefault(vectors.encoder, {})
            for topic, item in items_of(result, vectors, width(vectors.values.shape[1])).items():
                own.setdefault(topic, []).append(item)
    return max(by_encoder.values(), key=lambda own: sum(map(len, own.values())), default={})


def meaning_width(settings: Settings) -> Callable[[int], int]:
    """How much of a vector of some dimension tells meaning: of ours the first third, the last layer's mean."""
    models = assembly.open_registry(settings)
    entry = models.profile(settings.models.profile)["tagger"]
    ours = (models.folder_of(entry) / "heads.safetensors").is_file()
    return lambda dimension: dimension // 3 if ours else dimension


def search(settings: Settings, today: date, on_done: Callable[[int], None]) -> tuple[Candidate, ...]:
    """Search all stored calls for new topics and new questions, keep the candidates and load them.

    ``on_done`` is told for every call read. Raises ``StoreError`` or ``ModelError``.
    """
    work = settings.work

    def read() -> Iterable[tuple[CallResult, TurnVectors | None]]:
        for call_id in bundle.result_ids(work.results):
            result = bundle.read_result(bundle.result_path(work.results, call_id))
            on_done(1)
            if not result.is_wordless:  # past its term: it has no vectors either
                yield result, read_vectors(work.embeddings, call_id, result.turns, None)

    old = read_candidates(work.candidates)
    found = candidates_of(collect(read(), meaning_width(settings)), old, today)
    write_candidates(work.candidates, found)
    load(settings)
    return found


def candidates_of(
    collected: Collected, old: Iterable[Candidate], today: date, options: GroupOptions | None = None
) -> tuple[Candidate, ...]:
    """The candidates in what was collected, those known before under their old ids."""
    known = tuple(old)
    topics = {*collected, *(one.topic for one in known)}
    found: list[Candidate] = []
    for topic in sorted(topics, key=lambda one: one or ""):
        groups = find_groups(collected.get(topic, []), options)
        found += renew(known, topic, groups, today)
    return tuple(found)


def load(settings: Settings) -> bool:
    """Put the candidates in the database. False when it is in use or not there yet; the next load then takes them."""
    if not settings.work.database.exists():
        return False
    try:
        with open_writer(settings.work.database) as connection:
            sync_candidates(connection, read_candidates(settings.work.candidates))
    except StoreError as error:
        if "in use" in str(error):
            return False
        raise
    return True


def decide(settings: Settings, candidate_id: str, verdict: CandidateVerdict, belongs_to: str | None) -> None:
    """Keep what the meeting decided on a candidate. Raises ``SettingsError``, with what is near, for unknown ids."""
    known = {one.candidate_id: one for one in read_candidates(settings.work.candidates)}
    if candidate_id not in known:
        raise SettingsError(f"there is no candidate {candidate_id!r}{meeting.near(candidate_id, known)}")
    if belongs_to is not None:
        taxonomy = taxonomy_of(settings)
        meeting.require_given(taxonomy, Tag(About.QUESTION, meeting.require_topic(taxonomy, belongs_to)))
    known[candidate_id] = replace(known[candidate_id], verdict=verdict, belongs_to=belongs_to)
    write_candidates(settings.work.candidates, known.values())
    load(settings)
