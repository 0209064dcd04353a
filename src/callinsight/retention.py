"""Deletes what is past its term, makes the database file clean, and publishes anew.

Can be stopped at any moment and done again. Before a row is deleted a mark beside the database says that the file is to
be made clean and the published copy to be made anew; it goes when both are done, so that a later sweep ends what an
earlier one began.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

from callinsight import (
    aggregates,
    bundle,
    candidate_files,
    deletions,
    erasure,
    linking,
    old_recordings,
    quarantine,
    run,
)
from callinsight.deletions import Deletion
from callinsight.erasure import Tools
from callinsight.errors import KeyFitError, StoreError
from callinsight.ledger import State, open_ledger
from callinsight.retention_plan import RECORDINGS, Plan, Swept, plan
from callinsight.settings import Settings
from callinsight.store.compact import compact
from callinsight.store.database import open_reader, open_writer
from callinsight.store.frozen import gather
from callinsight.store.load import delete_runs, finish_load, load_batch
from callinsight.store.rows import wall_clock

__all__ = ["Swept", "sweep"]


def sweep(settings: Settings, now: datetime, *, dry_run: bool = False) -> tuple[Swept, ...]:
    """Delete what is past its term at ``now`` (aware); with ``dry_run`` only count. A second time finds nothing.

    Raises ``ValueError`` when ``now`` has no time zone, ``StoreError`` when the database is in use (nothing has changed
    then), when results are damaged, or when the disk has no room to make the database clean; all else is done then.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone")
    work = settings.work
    if dry_run:
        with ExitStack() as stack:
            ledger = stack.enter_context(open_ledger(work.ledger, look=True))
            connection = stack.enter_context(open_reader(work.database)) if work.database.exists() else None
            return plan(settings, ledger, connection, now).swept
    old_recordings.finish(settings)
    if run.is_waiting(settings) or (not work.database.exists() and any(bundle.result_ids(work.results))):
        run.catch_up(settings)  # what waits is counted before anything goes
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(work.ledger))
        connection = stack.enter_context(open_writer(work.database)) if work.database.exists() else None
        one = _Sweep(Tools(settings, ledger, connection), now)
        one.run()
    clean(settings)
    one.remove_recordings()
    if one.damaged:
        raise StoreError(
            f"{len(one.damaged)} result files are damaged, such as that of call {one.damaged[0]}: their words are past "
            "their term and may still be there. Process those calls again, or erase them with `callinsight forget`"
        )
    return one.due.swept


def clean(settings: Settings) -> None:
    """End what deleting rows began: publish anew, leaving no earlier copy, and free the bytes in the database's file.

    Raises ``StoreError``; the next sweep then tries again.
    """
    database = settings.work.database
    if not erasure.is_unclean(database):
        return
    if database.exists():
        run.publish(settings, keep_earlier=False)
        compact(database)
    erasure.note_clean(database)


class _Sweep:
    """One sweep over all kinds: ``due`` is what it found, ``damaged`` are calls whose words it could not take away."""

    def __init__(self, tools: Tools, now: datetime) -> None:
        self._tools, self._now = tools, now
        self._settings, self._ledger, self._connection = tools.settings, tools.ledger, tools.connection
        self._work = tools.settings.work
        for state, calls in self._ledger.closed_off().items():  # begun by one that was stopped
            self._mark()
            erasure.erase(self._tools, calls, state)
        self.due: Plan = plan(self._settings, self._ledger, self._connection, now)
        self.damaged: list[str] = []

    def _mark(self) -> None:
        if self._connection is not None:
            erasure.note_unclean(self._work.database)

    def run(self) -> None:
        """Do all that is due but the recordings, and log it."""
        due = self.due
        if due.calls or due.words or due.links or due.counts:
            self._mark()
        self._freeze()
        for batch in _batches(due.calls):
            erasure.erase(self._tools, batch, State.EXPIRED)
        linking.erase_keys(
            self._work.linking_keys, wall_clock(self._now).date(), self._settings.retention.transcripts_days
        )
        self._erase_words({*due.words}, {*due.links})
        candidate_files.remove_wordless(self._work.candidates, due.spoken)
        for path in due.files:
            path.unlink(missing_ok=True)
        aggregates.remove_periods(self._work.aggregates, due.counts)
        self._remove_failures(due.failures)
        if self._connection is not None:
            delete_runs(self._connection, self._now - timedelta(days=self._settings.retention.tags_days))
            run.sync_files(self._settings, self._connection)
        self._log(one for one in due.swept if one.label != RECORDINGS)

    def _log(self, swept: Iterable[Swept]) -> None:
        deletions.note(
            self._work.deletions,
            [
                Deletion(self._now, one.label, one.days, one.removed, one.removed_bytes, one.oldest, one.newest)
                for one in swept
                if one.removed
            ],
        )

    def _freeze(self) -> None:
        """Keep the counts of whole periods that are past the term of their calls, before any of those goes."""
        if self._connection is not None:
            until = wall_clock(self._now).date() - timedelta(days=self._settings.retention.tags_days)
            aggregates.write_periods(self._work.aggregates, gather(self._connection, until))
            aggregates.sync(self._work.aggregates, self._connection)

    def _erase_words(self, words: Collection[str], links: Collection[str]) -> None:
        """Write results anew without their words, without what links them to their caller, or without both."""
        for batch in _batches(sorted({*words, *links})):
            self._ledger.mark_unloaded(batch)  # before the files: a kill in between costs a load
            without = []
            for call_id in batch:
                path = bundle.result_path(self._work.results, call_id)
                if not path.exists():  # its rows have no truth to follow from
                    erasure.erase(self._tools, [call_id], State.EXPIRED)
                    continue
                try:
                    result = bundle.read_result(path)
                except KeyFitError:
                    raise  # nothing is wrong with it
                except StoreError:
                    self.damaged.append(call_id)
                    continue
                result = result.without_words() if call_id in words else result
                result = result.without_link() if call_id in links else result
                bundle.write_result(self._work.results, result)
                without.append(result)
            if self._connection is not None:
                load_batch(self._connection, without, (), more_follow=True)  # the search index of their months goes too
                self._ledger.mark_loaded(one.call.call_id for one in without)
        if self._connection is not None:
            finish_load(self._connection)

    def _remove_failures(self, references: Sequence[str]) -> None:
        if not references:
            return
        self._ledger.give_up(references)
        quarantine.update(self._work.quarantine_list, (), references)
        for one in references:
            bundle.remove_failure(self._work.failures, one)

    def remove_recordings(self) -> None:
        """Delete the recordings that are due when the settings say so. Raises ``SettingsError``."""
        found = self.due.recordings
        if self._settings.retention.delete_recordings:
            old_recordings.delete(self._settings, found.due)
        self._log(one for one in self.due.swept if one.label == RECORDINGS)
        if found.names and found.complete:  # an inbox that is empty may be one that is not mounted
            with open_ledger(self._work.ledger) as ledger:
                ledger.prune(found.names)


def _batches(calls: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (calls[first : first + run.LOAD_BATCH] for first in range(0, len(calls), run.LOAD_BATCH))
