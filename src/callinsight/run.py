"""A night in five steps: discover, process, load, publish, report. Flows and the command line call only these.

Each step can be stopped at any moment and done again: results are written atomically, the load is one transaction, and
what is done is not done twice.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

from callinsight import (
    aggregates,
    assembly,
    bundle,
    candidate_files,
    copies,
    decisions,
    discovery,
    erasure,
    inbox,
    quarantine,
)
from callinsight.core.values import CallResult, CopyState, Failure
from callinsight.discovery import Plan, PlannedCall
from callinsight.errors import RecordingError
from callinsight.ledger import State, open_ledger
from callinsight.settings import Settings
from callinsight.store.calendar import OpeningHours, sync_calendar
from callinsight.store.candidates import sync_candidates
from callinsight.store.database import Connection, open_reader, open_writer
from callinsight.store.decisions import sync_decisions
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.effects import refresh_effects
from callinsight.store.export import export, is_behind
from callinsight.store.failures import keep_failures
from callinsight.store.load import LoadCounts, RunRecord, delete_calls, finish_load, load_batch
from callinsight.store.publish import PublishReport, PublishSettings, has_period_ended, publish_from
from callinsight.store.rebuild import Decisions, Labels
from callinsight.store.rebuild import rebuild as rebuild_database
from callinsight.store.report import NightReport, last_run_id, night_report
from callinsight.taxonomy_files import succession_of, taxonomy_of
from callinsight.worker import Job, Outcome

LOAD_BATCH = 2000
"""Calls a transaction: large enough to be fast, small enough to hold in memory."""

MAX_CHUNKS = 400
"""Prefect's SQLite file locks near a thousand mapped tasks, so a large backlog is cut into larger chunks."""


@dataclass(frozen=True, slots=True)
class ChunkReport:
    """What a chunk came to: counts and times only, fit to travel through Prefect."""

    calls: int = 0
    audio_ms: int = 0
    wall_ms: int = 0
    engine_ms: int = 0
    copies_refused: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "ChunkReport") -> "ChunkReport":
        return ChunkReport(
            self.calls + other.calls,
            self.audio_ms + other.audio_ms,
            self.wall_ms + other.wall_ms,
            self.engine_ms + other.engine_ms,
            self.copies_refused + other.copies_refused,
            dict(Counter(self.failures) + Counter(other.failures)),
        )

    @property
    def failed(self) -> int:
        """Recordings that were set aside."""
        return sum(self.failures.values())


@dataclass(frozen=True, slots=True)
class Progress:
    """What has just been done, for a progress bar: bytes of recordings, and the audio in them."""

    size_bytes: int
    audio_ms: int


OnProgress = Callable[[Progress], None]


def _ignore(_: Progress) -> None:
    """Progress that nobody watches."""


PROGRESS: ContextVar[OnProgress] = ContextVar("PROGRESS", default=_ignore)
"""Who watches the progress of a flow that runs in this process; Prefect hands contexts on to its threads."""


def discover(settings: Settings) -> Plan:
    """Find out what there is to do, set aside what cannot be processed, and keep the plan for :func:`process`."""
    with open_ledger(settings.work.ledger) as ledger:
        if not settings.work.database.exists():
            ledger.mark_all_unloaded()
        plan = discovery.make_plan(settings, ledger)
        for entry in plan.failures:
            bundle.write_failure(settings.work.failures, entry.failure)
        listed = [quarantine.Entry(entry.name, entry.failure) for entry in plan.failures]
        quarantine.update(settings.work.quarantine_list, listed, ())
        ledger.record(entry.seen_as_failed() for entry in plan.failures)
    discovery.save_plan(settings, plan)
    return plan


def process(settings: Settings, run_id: str, call_ids: Sequence[str], on_progress: OnProgress = _ignore) -> ChunkReport:
    """Process a chunk of a plan and write a result or a failure for each call.

    Raises ``ModelError`` or ``SettingsError`` when nothing can be processed at all.
    """
    started = perf_counter()
    plan = discovery.read_plan(settings, run_id)
    wanted = set(call_ids)
    calls = {call.call_id: call for call in plan.calls if call.call_id in wanted}
    worker = assembly.shared_worker(settings.model_dump_json())
    engine_before = sum(worker.clock.seconds.values())
    report = ChunkReport()
    for job, outcome in worker.process([_job(call) for call in calls.values()]):
        report += _keep(settings, calls[job.call_id], outcome)
        audio_ms = outcome.measures.duration_ms if isinstance(outcome, CallResult) else 0
        on_progress(Progress(calls[job.call_id].recording.size_bytes, audio_ms))
    engine_ms = int((sum(worker.clock.seconds.values()) - engine_before) * 1000)
    return report + ChunkReport(wall_ms=int((perf_counter() - started) * 1000), engine_ms=engine_ms)


def _job(call: PlannedCall) -> Job:
    metadata = call.recording.metadata
    return Job(
        call_id=call.call_id,
        recording_ref=call.recording_ref,
        started_at=metadata.started_at,
        queue=metadata.queue,
        direction=metadata.direction,
        agent_channel=metadata.agent_channel,
        registered_topic=metadata.registered_topic,
        expected_duration_ms=metadata.duration_ms,
        read=lambda: inbox.read_bytes(call.recording),
        caller_ref=call.caller_ref,
    )


def _keep(settings: Settings, call: PlannedCall, outcome: Outcome) -> ChunkReport:
    """Write what became of a call. The ledger comes last: a kill before it costs one call done again."""
    work = settings.work
    with open_ledger(work.ledger) as ledger:
        if isinstance(outcome, RecordingError):
            failure = Failure(call.name_ref, outcome.stage, outcome.kind, outcome.retryable)
            bundle.write_failure(work.failures, failure)
            quarantine.update(work.quarantine_list, [quarantine.Entry(call.recording.name, failure)], ())
            ledger.record([call.seen_as(State.RETRY if outcome.retryable else State.FAILED)])
            return ChunkReport(failures={outcome.kind.value: 1})
        bundle.write_result(work.results, outcome)
        if outcome.review_copy is not CopyState.MADE:
            copies.remove_copy(work.review_copies, outcome.call.call_id)  # one of an earlier time
        if bundle.remove_failure(work.failures, call.name_ref):
            quarantine.update(work.quarantine_list, (), [call.name_ref])
        replaced = ledger.replaced_by(call.seen_as(State.DONE))
        if replaced is not None:
            erasure.erase_files(work, [replaced])  # its rows go when the database is loaded
        ledger.record([call.seen_as(State.DONE)])
        refused = int(outcome.review_copy is CopyState.REFUSED)
        return ChunkReport(calls=1, audio_ms=outcome.measures.duration_ms, copies_refused=refused)


def load(settings: Settings, run_id: str, work: ChunkReport) -> LoadCounts:
    """Load what is not in the database yet, and the run itself, in batches of one transaction each.

    Raises ``StoreError`` when the database is in use or a check finds a fault; nothing of that batch is then loaded.
    """
    plan = discovery.read_plan(settings, run_id)
    record = RunRecord(
        run_id=plan.run_id,
        started_at=plan.started_at,
        finished_at=datetime.now(UTC),
        recordings_found=plan.found,
        recordings_skipped=plan.skipped,
        audio_ms=work.audio_ms,
        wall_ms=work.wall_ms,
        copies_refused=work.copies_refused,
    )
    return _load(settings, record)


@dataclass(frozen=True, slots=True)
class Retagged:
    """Calls that the database holds and that were tagged again since; ``taggers`` names the models that tag."""

    call_ids: Collection[str] = frozenset()
    taggers: frozenset[str] = frozenset()


def catch_up(settings: Settings, changed: Collection[str] = (), retagged: Retagged | None = None) -> LoadCounts:
    """Load what earlier runs processed but did not load, and calls whose result has ``changed``.

    Of calls that were ``retagged`` the tags alone are loaded, as long as the rest is as the database has it. Raises as
    :func:`load` does.
    """
    return _load(settings, None, changed, retagged or Retagged())


def _load(
    settings: Settings, record: RunRecord | None, changed: Collection[str] = (), retagged: Retagged | None = None
) -> LoadCounts:
    again = retagged or Retagged()
    work = settings.work
    with open_ledger(work.ledger) as ledger, open_writer(work.database) as connection:
        sync_dimensions(connection, taxonomy_of(settings))
        sync_calendar(connection, _hours(settings))
        aggregates.sync(work.aggregates, connection)
        failures = bundle.read_failures(work.failures)
        keep_failures(connection, [failure.recording_ref for failure in failures])
        gone = ledger.gone()
        delete_calls(connection, gone)
        ledger.clear_gone(gone)
        set_aside = ledger.failures_not_loaded()
        fresh = [failure for failure in failures if failure.recording_ref in set(set_aside)]
        counts = LoadCounts()
        for number, (batch, taggers) in enumerate(_load_batches({*ledger.not_loaded(), *changed}, again)):
            with bundle.collector_paused():
                results = bundle.read_results(work.results, batch)
                failed = () if number else fresh
                counts += load_batch(connection, results, failed, record, more_follow=True, retagged_by=taggers)
            ledger.mark_loaded(batch)
        finish_load(connection)
        ledger.mark_failures_loaded(set_aside)
        sync_files(settings, connection)
    return counts


def _load_batches(waiting: Collection[str], retagged: Retagged) -> Iterator[tuple[list[str], frozenset[str]]]:
    """The calls to load in batches, at least one, each with the taggers' names when only their tags are new."""
    again = set(retagged.call_ids) & set(waiting)
    others = sorted(set(waiting) - again)
    for ids, taggers in ((others, frozenset[str]()), (sorted(again), retagged.taggers)):
        for first in range(0, len(ids) if taggers else max(1, len(ids)), LOAD_BATCH):
            yield ids[first : first + LOAD_BATCH], taggers


def sync_files(settings: Settings, connection: Connection) -> None:
    """Make the database hold what files other than results say: failures, decisions, candidates and frozen counts.

    Raises ``StoreError``.
    """
    work = settings.work
    aggregates.sync(work.aggregates, connection)
    keep_failures(connection, [failure.recording_ref for failure in bundle.read_failures(work.failures)])
    reviews, actions = decisions.read_reviews(work.reviews), decisions.read_actions(work.actions)
    sync_decisions(connection, reviews, actions, succession_of(settings))
    sync_candidates(connection, candidate_files.read_candidates(work.candidates))
    refresh_effects(connection)


def rebuild(settings: Settings) -> LoadCounts:
    """Make the database anew from the result files, and swap it in. Raises ``StoreError``."""
    work = settings.work
    ids = list(bundle.result_ids(work.results))
    results = (
        result
        for first in range(0, len(ids), LOAD_BATCH)
        for result in bundle.read_results(work.results, ids[first : first + LOAD_BATCH])
    )
    taxonomy = taxonomy_of(settings)
    work.folder.mkdir(parents=True, exist_ok=True)
    made = Decisions(
        decisions.read_reviews(work.reviews),
        decisions.read_actions(work.actions),
        candidate_files.read_candidates(work.candidates),
        aggregates.read_periods(work.aggregates, aggregates.kept_keys(work.aggregates)),
    )
    failures = bundle.read_failures(work.failures)
    return rebuild_database(work.database, results, failures, Labels(taxonomy, _hours(settings)), made)


def _hours(settings: Settings) -> OpeningHours:
    return OpeningHours(settings.calendar.hours, frozenset(settings.calendar.closed_days))


def publish(settings: Settings, *, keep_earlier: bool = True) -> PublishReport:
    """Build the managers' copy anew, in every shape, and swap it in; readers of the old one keep it.

    Without ``keep_earlier`` no earlier copy stays for whoever is still reading it, since it may hold what is erased.
    Raises ``StoreError``.
    """
    chosen = settings.publish
    options = PublishSettings(chosen.k, chosen.include_quotes, chosen.running_periods)
    with open_writer(settings.work.database) as connection:
        refresh_effects(connection)
        made = publish_from(connection, settings.work.published_database, options)
        export(settings.work.published_database, settings.publish.files, keep_earlier=keep_earlier)
    return made


def report(settings: Settings, run_id: str) -> NightReport:
    """The night's report, by the run's id. Raises ``StoreError`` when the database does not know it."""
    with open_reader(settings.work.database) as connection:
        return night_report(connection, run_id)


def last_report(settings: Settings) -> NightReport:
    """The report of the newest run. Raises ``StoreError`` when there is none."""
    with open_reader(settings.work.database) as connection:
        return night_report(connection, last_run_id(connection))


def rows_of(night: NightReport) -> list[list[str]]:
    """The night's report as lines of label and value, in Dutch, for a terminal or an artifact."""
    speed = "" if not night.realtime_factor else f"{1 / night.realtime_factor:.0f} keer zo snel als luisteren"
    rows = [
        ("Begonnen", f"{night.started_local:%d-%m-%Y %H:%M}"),
        ("Opnames in de inbox", night.recordings_found),
        ("Waarvan al eerder gedaan", night.recordings_skipped),
        ("Gesprekken verwerkt", night.calls),
        ("Minuten geluid", f"{night.audio_minutes:.1f}"),
        ("Snelheid", speed),
        ("Opzij gelegd", night.failures),
        *((f"  {kind.label}", kind.count) for kind in night.failures_by_kind),
        *([("Luisterkopieën geweigerd", night.copies_refused)] if night.copies_refused else []),
        ("Gesprekken met een signaal", night.flagged_calls),
        ("Waarvan met spoed te bekijken", night.urgent_calls),
        *((f"Onderwerp: {topic.label}", topic.count) for topic in night.top_topics),
    ]
    return [[label, str(value)] for label, value in rows]


def close(settings: Settings, run_id: str) -> None:
    """End a run: its plan, which holds file names, goes away."""
    discovery.remove_plan(settings, run_id)


@dataclass(frozen=True, slots=True)
class Started:
    """A run that has its plan: ids and counts only, fit to travel through Prefect."""

    run_id: str
    chunks: int
    set_aside: int


def start(settings: Settings) -> Started:
    """Discover, and say in how many chunks the work is cut."""
    plan = discover(settings)
    return Started(plan.run_id, len(_chunks(settings, plan)), len(plan.failures))


def process_chunk(settings: Settings, run_id: str, number: int) -> ChunkReport:
    """Process chunk ``number``, counted from 0, of a run that was started under the same settings."""
    ids = _chunks(settings, discovery.read_plan(settings, run_id))[number]
    return process(settings, run_id, ids, PROGRESS.get())


def _chunks(settings: Settings, plan: Plan) -> tuple[tuple[str, ...], ...]:
    size = max(settings.process.chunk_calls, -(-len(plan.calls) // MAX_CHUNKS))
    return discovery.chunks(plan.calls, size)


@dataclass(frozen=True, slots=True)
class Night:
    """What a whole run came to; ``night`` is ``None`` when there was nothing to do."""

    plan: Plan
    work: ChunkReport
    loaded: LoadCounts
    night: NightReport | None

    @property
    def failed(self) -> int:
        """Recordings set aside in this run."""
        return len(self.plan.failures) + self.work.failed


def night(settings: Settings, on_plan: Callable[[Plan], None], on_progress: OnProgress = _ignore) -> Night:
    """The five steps after one another in this process, without Prefect.

    With nothing new in the inbox and everything published, no model and no database is opened.
    """
    plan = discover(settings)
    on_plan(plan)
    work = ChunkReport()
    for chunk in _chunks(settings, plan):
        work += process(settings, plan.run_id, chunk, on_progress)
    counts, reported = LoadCounts(), None
    if plan.calls or plan.failures or _is_behind(settings):
        counts = load(settings, plan.run_id, work)
        publish(settings)
        reported = report(settings, plan.run_id)
    close(settings, plan.run_id)
    return Night(plan, work, counts, reported)


def is_waiting(settings: Settings) -> bool:
    """Whether something that was processed is not in the database yet: an earlier run was stopped."""
    with open_ledger(settings.work.ledger) as ledger:
        return bool(ledger.not_loaded() or ledger.failures_not_loaded() or ledger.gone())


def _is_behind(settings: Settings) -> bool:
    """Whether results wait to be loaded, a shape of the published copy is missing, or a week has ended since."""
    published = settings.work.published_database
    if is_waiting(settings) or not published.exists():
        return True
    return is_behind(published, settings.publish.files) or has_period_ended(published, datetime.now(UTC))
