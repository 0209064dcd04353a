"""Tags the whole history again, from stored vectors, after a change of model, rules or taxonomy.

Results are read in batches, by as many processes as asked; a call whose vectors are missing, or were made by another
encoder, is read by the encoder once more. Only calls that another version tagged are done unless all are asked for, so
that a retagging that was stopped goes on where it was.

A call whose words are past their term cannot be tagged again. What the taxonomy has merged or hidden since is led on in
its tags all the same, so that a topic that was merged does not end in the trends where the words do. Such a call keeps
the version that tagged it, with a mark behind it.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context

from callinsight import assembly, bundle, offline, run
from callinsight.core.succession import Succession, carried
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult, Tags
from callinsight.core.vectors import TurnVectors
from callinsight.embeddings import read_vectors, write_vectors
from callinsight.engines import Tagger
from callinsight.ledger import open_ledger
from callinsight.settings import Settings
from callinsight.store.database import open_writer
from callinsight.store.load import calls_of_other_version
from callinsight.taxonomy_files import taxonomy_of

BATCH = 250
LED_ON = "*"
"""Stands behind the version of tags of which some were merged or hidden later, in calls without words."""

FEW = 2 * BATCH
"""So many calls are done in this process: starting others takes longer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to tag again: ``every`` call or only those of another version, and whether anything may be written."""

    every: bool = False
    dry_run: bool = False
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Retagged:
    """What tagging again came to, in calls.

    ``kept`` had this version's tags already; ``wordless`` cannot be tagged again, since their words are past their
    term, and ``carried`` of those had tags of entries that count as another now; ``changed`` got other tags; ``read``
    needed the encoder. ``gained`` and ``lost`` count by topic the calls that have it now and did not, or had it and do
    not. ``stale`` are the ids of calls whose result was written.
    """

    calls: int = 0
    kept: int = 0
    wordless: int = 0
    carried: int = 0
    changed: int = 0
    read: int = 0
    gained: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    stale: tuple[str, ...] = ()

    def __add__(self, other: "Retagged") -> "Retagged":
        return _sum((self, other))


def _sum(parts: Sequence[Retagged]) -> Retagged:
    """All of them together; pair by pair the ids of a long history would be copied for every batch."""
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for part in parts:
        gained.update(part.gained)
        lost.update(part.lost)
    return Retagged(
        sum(part.calls for part in parts),
        sum(part.kept for part in parts),
        sum(part.wordless for part in parts),
        sum(part.carried for part in parts),
        sum(part.changed for part in parts),
        sum(part.read for part in parts),
        gained,
        lost,
        tuple(call_id for part in parts for call_id in part.stale),
    )


def cores() -> int:
    """How many processes can run at once here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def retag(
    settings: Settings, call_ids: Sequence[str], wish: Wish, now: datetime, on_done: Callable[[int], None]
) -> Retagged:
    """Tag ``call_ids`` again, load and publish; ``now`` (aware) is noted at calls that get other tags.

    ``on_done`` is told after each batch how many calls that were. Can be stopped and done again. Raises
    ``ModelError``, ``SettingsError``, ``RecordingError`` or ``StoreError``.
    """
    stamp = assembly.Stamp.of(settings)
    with open_ledger(settings.work.ledger) as ledger:
        waiting = set(ledger.not_loaded())  # their words may be new to the database too
    parts = [Retagged()]
    for done in _batches(Task(settings.model_dump_json(), wish, stamp, now), call_ids):
        parts.append(done)
        on_done(done.calls)
    total = _sum(parts)
    if not wish.dry_run:
        behind = _behind(settings, call_ids, stamp)
        run.catch_up(settings, {*total.stale, *behind}, run.Retagged(set(total.stale) - waiting, stamp.taggers))
        run.publish(settings)
    return total


def _behind(settings: Settings, call_ids: Sequence[str], stamp: assembly.Stamp) -> set[str]:
    """Calls that the database still has with tags of another version: an earlier retagging was stopped."""
    if not settings.work.database.exists():
        return set()
    with open_writer(settings.work.database) as connection:
        return set(call_ids) & set(calls_of_other_version(connection, stamp.tag_version))


def _batches(task: "Task", call_ids: Sequence[str]) -> Iterator[Retagged]:
    batches = list(_cut(call_ids))
    if task.wish.workers <= 1 or len(call_ids) <= FEW:
        yield from (retag_batch(task, batch) for batch in batches)
        return
    with ExitStack() as stack:
        pool = stack.enter_context(
            ProcessPoolExecutor(task.wish.workers, mp_context=get_context("spawn"), initializer=offline.apply)
        )
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        for future in as_completed([pool.submit(retag_batch, task, batch) for batch in batches]):
            yield future.result()


def _cut(call_ids: Iterable[str]) -> Iterator[tuple[str, ...]]:
    source = iter(call_ids)
    while batch := tuple(islice(source, BATCH)):
        yield batch


@lru_cache(maxsize=1)
def _settings(settings_json: str) -> Settings:
    """The settings, read once in this process: a work folder's key is read with them."""
    return Settings.model_validate_json(settings_json)


@lru_cache(maxsize=1)
def _tagger(settings_json: str, tag_version: str) -> Tagger:
    """This process's tagger; ``tag_version`` makes it anew when something else than the settings has changed."""
    del tag_version
    return assembly.build_tagger(Settings.model_validate_json(settings_json))


@dataclass(frozen=True, slots=True)
class Task:
    """What a process needs to tag a batch: the settings as JSON, what is wished, by what tags are made, and when."""

    settings_json: str
    wish: Wish
    stamp: assembly.Stamp
    now: datetime


def retag_batch(task: Task, call_ids: Sequence[str]) -> Retagged:
    """Tag a batch of calls again: results are written, nothing is loaded. Raises as :func:`retag` does."""
    with bundle.collector_paused():
        return _retag_batch(task, call_ids)


def _retag_batch(task: Task, call_ids: Sequence[str]) -> Retagged:
    settings, wish, stamp, now = _settings(task.settings_json), task.wish, task.stamp, task.now
    work = settings.work
    results = bundle.read_results(work.results, call_ids)
    spoken = [one for one in results if not one.is_wordless]
    due = [one for one in spoken if wish.every or one.provenance.tag_version != stamp.tag_version]
    counted = Retagged(len(results), len(spoken) - len(due), len(results) - len(spoken))
    counted += _carry(settings, task.settings_json, [one for one in results if one.is_wordless], wish, now)
    if not due:
        return counted
    tagger = _tagger(task.settings_json, stamp.tag_version)
    vectors, read = _vectors(settings, tagger, due, wish)
    tags = tagger.decide([one.turns for one in due], vectors)
    fresh = [one.retagged(given, stamp.on(one.provenance), now) for one, given in zip(due, tags, strict=True)]
    changed = [(old, new) for old, new in zip(due, fresh, strict=True) if new is not old]
    stale = _write(settings, [new for _, new in changed], wish)
    return _told(due, tags, counted + Retagged(read=read, stale=stale))


def _write(settings: Settings, results: Sequence[CallResult], wish: Wish) -> tuple[str, ...]:
    """Write results, unless nothing may be written, and give their ids."""
    stale = tuple(one.call.call_id for one in results)
    if stale and not wish.dry_run:
        with open_ledger(settings.work.ledger) as ledger:
            ledger.mark_unloaded(stale)  # before the files: a kill in between costs a load, and never hides a change
        bundle.write_results(settings.work.results, results)
    return stale


@lru_cache(maxsize=1)
def _present(settings_json: str) -> tuple[Taxonomy, Succession]:
    taxonomy = taxonomy_of(Settings.model_validate_json(settings_json))
    return taxonomy, Succession.of(taxonomy)


def _carry(
    settings: Settings, settings_json: str, wordless: Sequence[CallResult], wish: Wish, now: datetime
) -> Retagged:
    """Lead on the tags of calls without words to what they count as now."""
    taxonomy, succession = _present(settings_json)
    led = [(one, carried(one.tags, taxonomy, succession)) for one in wordless]
    moved = [(one, tags) for one, tags in led if tags != one.tags]
    stale = _write(settings, [_led_on(one, tags, now) for one, tags in moved], wish)
    return _told([one for one, _ in moved], [tags for _, tags in moved], Retagged(carried=len(moved), stale=stale))


def _led_on(result: CallResult, tags: Tags, now: datetime) -> CallResult:
    """The result with tags that another version gave, led on: the mark says that they are not as it gave them."""
    made = result.provenance
    version = made.tag_version if made.tag_version.endswith(LED_ON) else made.tag_version + LED_ON
    return result.retagged(tags, replace(made, tag_version=version), now)


def _vectors(
    settings: Settings, tagger: Tagger, due: Sequence[CallResult], wish: Wish
) -> tuple[list[TurnVectors], int]:
    """The vectors of the calls, stored or made anew, and how many had to be made."""
    folder = settings.work.embeddings
    stored = [read_vectors(folder, one.call.call_id, one.turns, tagger.encoder) for one in due]
    missing = [one for one, vectors in zip(due, stored, strict=True) if vectors is None]
    read = tagger.read([one.turns for one in missing]) if missing else ()  # even nothing would load the encoder
    made = dict(zip((one.call.call_id for one in missing), read, strict=True))
    if not wish.dry_run:
        for one in missing:
            write_vectors(folder, one.call.call_id, one.turns, made[one.call.call_id])
    found = [vectors or made[one.call.call_id] for one, vectors in zip(due, stored, strict=True)]
    return found, len(missing)


def _told(due: Sequence[CallResult], tags: Sequence[Tags], counted: Retagged) -> Retagged:
    """``counted`` with what changed, by topic."""
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for one, given in zip(due, tags, strict=True):
        before, after = ({question.topic for question in some.questions} for some in (one.tags, given))
        gained.update(after - before)
        lost.update(before - after)
    changed = sum(one.tags != given for one, given in zip(due, tags, strict=True))
    return counted + Retagged(changed=changed, gained=gained, lost=lost)
