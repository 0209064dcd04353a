"""What is past its term: looks, and changes nothing.

Terms count from the moment of the call for whatever belongs to one, from the moment a file was made for packs, failures
and what a killed process left behind. A call goes as a whole when both its week and its month are past the term of its
tags, since its week and its month are then counted for good.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from callinsight import aggregates, bundle, copies, decisions, embeddings, linking, old_recordings
from callinsight.errors import KeyFitError, StoreError
from callinsight.ledger import Ledger
from callinsight.old_recordings import OldRecordings
from callinsight.settings import Settings
from callinsight.store.ages import Age, ages, runs_before
from callinsight.store.calendar import week_start
from callinsight.store.database import Connection
from callinsight.store.frozen import Key, gather, last_day
from callinsight.store.rows import wall_clock

RECORDINGS = "Opnamen in de inbox"
LINKING_KEYS = "Sleutels van koppelingen"

_UNFINISHED_DAYS = 1
"""A file that was being written longer ago than this belongs to a process that was killed."""

_SWITCH = "{old} ouder dan de termijn; ze gaan weg met retention.delete_recordings = true"
_WAITING = "{waiting} ouder, maar niet verwerkt, of veranderd sinds ze zijn verwerkt"


@dataclass(frozen=True, slots=True)
class Swept:
    """What goes of one kind: counts, bytes and days only, fit for logs and for Prefect. No ``days`` is no end."""

    label: str
    days: int | None
    removed: int
    removed_bytes: int
    kept: int
    oldest: date | None = None
    newest: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and the same in figures.

    ``calls`` go as a whole, of ``words`` the transcript goes, of ``links`` what links them to their caller; ``files``
    are simply deleted, in their order. ``spoken`` are the calls that still have words then.
    """

    calls: tuple[str, ...]
    words: tuple[str, ...]
    links: tuple[str, ...]
    spoken: frozenset[str]
    files: tuple[Path, ...]
    failures: tuple[str, ...]
    counts: tuple[Key, ...]
    recordings: OldRecordings
    swept: tuple[Swept, ...]


def plan(settings: Settings, ledger: Ledger, connection: Connection | None, now: datetime) -> Plan:
    """What is past its term at ``now`` (aware). ``connection`` is that of the database, if there is one."""
    return _Planner(settings, ledger, connection, now).plan()


class _Planner:
    def __init__(self, settings: Settings, ledger: Ledger, connection: Connection | None, now: datetime) -> None:
        self._settings, self._terms = settings, settings.retention
        self._ledger, self._connection, self._now = ledger, connection, now

    @cached_property
    def _known(self) -> Mapping[str, Age]:
        """All calls: of the database, and results that it does not hold."""
        known = {} if self._connection is None else ages(self._connection)
        for call_id in bundle.result_ids(self._settings.work.results):
            if call_id not in known:
                known[call_id] = _age(bundle.result_path(self._settings.work.results, call_id))
        return known

    def _moment(self, days: int) -> float:
        return (self._now - timedelta(days=days)).timestamp()

    def _last_day(self, days: int) -> date:
        return wall_clock(self._now).date() - timedelta(days=days)

    def plan(self) -> Plan:
        """All kinds, in the order in which they are shown."""
        calls, words = self._due_calls(), self._due_words()
        words = tuple(one for one in words if one not in set(calls))
        spoken = frozenset(one for one, age in self._known.items() if age.has_words) - set(words) - set(calls)
        recordings = old_recordings.find_old(self._settings, self._ledger, self._now)
        heard = self._files_of_calls(copies.PATTERN, self._settings.work.review_copies, self._terms.review_copies_days)
        vectors = self._files_of_calls(embeddings.PATTERN, self._settings.work.embeddings, self._terms.vectors_days)
        packs = self._packs({*calls, *words})
        failures = self._files(self._settings.work.failures.glob("[!.]*.json"), self._terms.tags_days)
        leftovers = self._files(self._settings.work.folder.rglob(".*.part"), _UNFINISHED_DAYS)
        counts, counts_swept = self._counts()
        links, links_swept = self._links(set(calls))
        swept = (
            self._swept_recordings(recordings),
            heard.swept("Luisterkopieën", self._terms.review_copies_days),
            packs.swept("Stukken voor het verbeteroverleg", self._terms.packs_days),
            self._swept_calls("Gemaskeerde teksten", self._terms.transcripts_days, words, len(spoken)),
            vectors.swept("Vectoren", self._terms.vectors_days),
            self._swept_calls("Gesprekken met labels", self._terms.tags_days, calls, len(self._known) - len(calls)),
            failures.swept("Opzij gelegde opnamen", self._terms.tags_days),
            self._swept_runs(),
            counts_swept,
            *links_swept,
            leftovers.swept("Half geschreven bestanden", _UNFINISHED_DAYS),
        )
        files = (*heard.due, *vectors.due, *packs.due, *leftovers.due)
        refs = tuple(path.stem for path in failures.due)
        return Plan(calls, words, links, spoken, files, refs, counts, recordings, swept)

    def _due_calls(self) -> tuple[str, ...]:
        until = self._last_day(self._terms.tags_days)

        def is_over(day: date) -> bool:
            keys: tuple[Key, ...] = (("week", week_start(day)), ("month", day.replace(day=1)))
            return all(last_day(key) <= until for key in keys)

        return tuple(sorted(one for one, age in self._known.items() if is_over(age.day)))

    def _due_words(self) -> tuple[str, ...]:
        until = self._moment(self._terms.transcripts_days)
        return tuple(sorted(one for one, age in self._known.items() if age.has_words and age.began <= until))

    def _files_of_calls(self, pattern: str, folder: Path, days: int) -> "_Files":
        """Files named after a call, by its moment; when nothing else is known of the call, by that of the file."""

        def moment(path: Path) -> float:
            age = self._known.get(path.name.partition(".")[0])
            return path.stat().st_mtime if age is None else age.began

        return self._files(folder.glob(pattern), days, moment)

    def _packs(self, wordless: Collection[str]) -> "_Files":
        """Packs by the moment they were made, and those that quote a call that loses its words."""
        folder = self._settings.work.packs
        quoting = {path.stem for path in decisions.packs_naming(folder, wordless)}
        paths = sorted(folder.glob("[!.]*"), key=lambda path: (path.stem, path.suffix != ".pdf"))
        # a PDF goes before its page, since without the page nobody knows what it holds
        until = self._moment(self._terms.packs_days)
        due = tuple(path for path in paths if path.stem in quoting or _made(path) <= until)
        return _Files(due, tuple(_local_day(_made(path)) for path in due), len(paths) - len(due))

    def _files(self, paths: Iterable[Path], days: int, moment: "Callable[[Path], float] | None" = None) -> "_Files":
        until, listed = self._moment(days), list(paths)
        due = tuple(path for path in listed if (moment or _made)(path) <= until)
        return _Files(due, tuple(_local_day((moment or _made)(path)) for path in due), len(listed) - len(due))

    def _counts(self) -> tuple[tuple[Key, ...], Swept]:
        """Counts of erased calls, those included that are frozen before anything is erased."""
        folder = self._settings.work.aggregates
        keys = aggregates.kept_keys(folder)
        if self._connection is not None:
            keys |= {one.key for one in gather(self._connection, self._last_day(self._terms.tags_days))}
        days = self._terms.aggregates_days
        due = tuple(sorted(key for key in keys if days and last_day(key) <= self._last_day(days)))
        size = sum(aggregates.size_of(folder, key) for key in due)
        return due, _told("Vaste tellingen", days or None, [key[1] for key in due], size, len(keys) - len(due))

    def _links(self, going: Collection[str]) -> tuple[tuple[str, ...], tuple[Swept, ...]]:
        """Calls whose reference of the caller has no key any more; told only where calls are or were linked."""
        keys, days = linking.read_keys(self._settings.work.linking_keys), self._terms.transcripts_days
        gone = keys.due(self._last_day(0), days)
        left = keys.without(gone)
        linked = [one for one, age in self._known.items() if age.is_linked and one not in going]
        due = tuple(sorted(one for one in linked if left.key_of(self._known[one].day) is None))
        if not keys.periods and not linked:
            return (), ()
        ended = [one.end_day - timedelta(days=1) for one in gone]
        swept = _told(LINKING_KEYS, days, ended, 0, len(left.periods))
        return due, (self._swept_calls("Koppelingen met de beller", days, due, len(linked) - len(due)), swept)

    def _swept_calls(self, label: str, days: int, calls: Collection[str], kept: int) -> Swept:
        return _told(label, days, [self._known[one].day for one in calls], 0, kept)

    def _swept_runs(self) -> Swept:
        days = self._terms.tags_days
        gone: tuple[date, ...] = ()
        if self._connection is not None:
            gone = runs_before(self._connection, self._now - timedelta(days=days))
        return _told("Verslagen van nachten", days, gone, 0, 0)

    def _swept_recordings(self, found: OldRecordings) -> Swept:
        on, waiting = self._terms.delete_recordings, found.waiting
        notes = [_WAITING.format(waiting=waiting)] if waiting else []
        if found.unreachable:
            notes = ["de inbox is niet te lezen"]
        elif found.due and not on:
            notes = [_SWITCH.format(old=len(found.due)), *notes]
        kept = found.young + waiting + (0 if on else len(found.due))
        days, size = (found.days, found.size_bytes) if on else ((), 0)
        return _told(RECORDINGS, self._terms.recordings_days, days, size, kept, "; ".join(notes))


@dataclass(frozen=True, slots=True)
class _Files:
    due: tuple[Path, ...]
    days: tuple[date, ...]
    kept: int

    def swept(self, label: str, days: int) -> Swept:
        return _told(label, days, self.days, sum(path.stat().st_size for path in self.due), self.kept)


def _age(path: Path) -> Age:
    """That of a result which the database does not hold; when it is damaged, that of its file, which may hold words."""
    try:
        result = bundle.read_result(path)
    except KeyFitError:
        raise
    except StoreError:
        return Age(_made(path), _local_day(_made(path)), True)
    began = result.call.started_at
    linked = result.call.caller_ref is not None
    return Age(began.timestamp(), wall_clock(began).date(), not result.is_wordless, linked)


def _local_day(moment: float) -> date:
    return wall_clock(datetime.fromtimestamp(moment, UTC)).date()


def _made(path: Path) -> float:
    return path.stat().st_mtime


def _told(label: str, days: int | None, gone: Collection[date], size: int, kept: int, note: str = "") -> Swept:
    return Swept(label, days, len(gone), size, kept, min(gone, default=None), max(gone, default=None), note)
