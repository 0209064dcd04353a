"""The commands around a night: demo, run, process, load, publish, report."""

import os
import shutil
import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import click

from callinsight import bundle, console, discovery, meeting, reprocess, run, settings
from callinsight.cli import EXIT_OK, EXIT_SOME_FAILED
from callinsight.core.improvement import ActionKind
from callinsight.errors import SettingsError
from callinsight.ledger import open_ledger
from callinsight.run import ChunkReport
from callinsight.settings import Settings

DEMO_CALLS = Path("tests/data/calls")
DEMO_WORK = Path("demo")
DEMO_ACTIONS = (
    meeting.Plan(
        "Pagina over de parkeervergunning hersteld",
        ActionKind.PAGE,
        "webteam",
        date(2026, 9, 28),
        ("parking-permit/website-problem",),
    ),
    meeting.Plan(
        "Brief over verhuizen herschreven",
        ActionKind.LETTER,
        "communicatie",
        date(2026, 9, 28),
        ("moving-house/letter-explain",),
    ),
)
"""Two improvements that the story of the bundled calls holds."""


@click.command("run", epilog="Examples: callinsight run --inbox /srv/opnames; callinsight run --outdated")
@click.option("--inbox", metavar="ADDRESS", help="Folder or fsspec address of the recordings; overrides the settings.")
@click.option("--retry-failed", is_flag=True, help="Try again what was set aside earlier.")
@click.option("--outdated", is_flag=True, help="Also process again what an earlier version, or other models, made.")
@click.pass_obj
def run_command(file: Path | None, inbox: str | None, retry_failed: bool, outdated: bool) -> int:
    """Process what is new in the inbox, load it and publish.

    Can be stopped at any moment and run again: what is done is kept and not done twice. With --outdated the calls that
    were made under other settings, by other models or by an earlier version are done again, as far as their recordings
    are still in the inbox; earlier results stay until then.
    """
    chosen = _settings(file, inbox)
    if retry_failed:
        _forget_failures(chosen)
    if outdated:
        marked = reprocess.mark_outdated(chosen)
        console.err.print(f"{marked.calls} gesprekken zijn anders verwerkt dan nu zou gebeuren.")
        if marked.wordless:
            console.err.print(f"{marked.wordless} andere blijven zoals ze zijn: hun tekst is over de bewaartermijn.")
    done = _night(chosen)
    return EXIT_SOME_FAILED if done.failed else EXIT_OK


@click.command("process", epilog="Example: callinsight process && callinsight load && callinsight publish")
@click.option("--inbox", metavar="ADDRESS", help="Folder or fsspec address of the recordings; overrides the settings.")
@click.option("--retry-failed", is_flag=True, help="Try again what was set aside earlier.")
@click.pass_obj
def process_command(file: Path | None, inbox: str | None, retry_failed: bool) -> int:
    """Only process what is new in the inbox: result files, no database."""
    chosen = _settings(file, inbox)
    if retry_failed:
        _forget_failures(chosen)
    plan = run.discover(chosen)
    _show_plan(plan)
    work = ChunkReport()
    with console.progress_bar(plan.size_bytes) as advance:
        for chunk in discovery.chunks(plan.calls, chosen.process.chunk_calls):
            work += run.process(chosen, plan.run_id, chunk, advance)
    run.close(chosen, plan.run_id)
    console.out.print(f"{work.calls} gesprekken verwerkt, {len(plan.failures) + work.failed} opzij gelegd.")
    return EXIT_SOME_FAILED if plan.failures or work.failed else EXIT_OK


@click.command("load", epilog="Example: callinsight load --rebuild")
@click.option("--rebuild", is_flag=True, help="Make the database anew from the result files.")
@click.pass_obj
def load_command(file: Path | None, rebuild: bool) -> int:
    """Load results into the database.

    --rebuild makes the database anew from the result files, beside the old one, and swaps it in when it is complete.
    """
    counts = run.rebuild(_settings(file, None)) if rebuild else run.catch_up(_settings(file, None))
    console.out.print(f"{counts.added} gesprekken erbij, {counts.replaced} vervangen.")
    return EXIT_OK


@click.command("publish")
@click.pass_obj
def publish_command(file: Path | None) -> int:
    """Build the managers' read-only copy and swap it in; readers of the old one are not disturbed."""
    chosen = _settings(file, None)
    run.publish(chosen)
    console.out.print(f"Gepubliceerd: {chosen.work.published_database}")
    return EXIT_OK


@click.command("report")
@click.pass_obj
def report_command(file: Path | None) -> int:
    """Show the last night's table, and the list of recordings that were set aside."""
    chosen = _settings(file, None)
    night = run.last_report(chosen)
    console.out.print(console.table("De nacht", ("", ""), run.rows_of(night)))
    _show_quarantine(chosen)
    return EXIT_OK


@click.command("demo", epilog="Example: callinsight demo --fresh")
@click.option("--fresh/--resume", default=True, help="Start from nothing (default), or go on where it stopped.")
@click.option("--without-prefect", is_flag=True, help="Run the same steps without the Prefect flow.")
@click.pass_obj
def demo_command(file: Path | None, fresh: bool, without_prefect: bool) -> int:
    """Run a night on the bundled recordings and show what comes out.

    Runs the nightly Prefect flow on the synthetic calls in tests/data/calls with the small bundled models, and writes
    everything to demo/.
    """
    if not DEMO_CALLS.is_dir():
        raise SettingsError("the bundled recordings are not here: run `callinsight demo` in the repository's folder")
    if fresh and DEMO_WORK.exists():
        shutil.rmtree(DEMO_WORK)
    os.environ.update(
        {
            "CALLINSIGHT_INBOX__ADDRESS": str(DEMO_CALLS),
            "CALLINSIGHT_INBOX__RECURSIVE": "false",
            "CALLINSIGHT_WORK__FOLDER": str(DEMO_WORK),
            "CALLINSIGHT_MODELS__PROFILE": "demo",
            "CALLINSIGHT_PUBLISH__K": "1",
        }
    )
    chosen = _settings(file, None)
    for plan in DEMO_ACTIONS:
        meeting.add_action(chosen, plan)
    if without_prefect:
        _night(chosen)
    else:
        _flow(file, chosen)
    _show_demo(chosen)
    return EXIT_OK


def _flow(file: Path | None, chosen: Settings) -> None:
    """The nightly flow, in this process, with Prefect's own files under the work folder."""
    home = (chosen.work.folder / "prefect").resolve()
    home.mkdir(parents=True, exist_ok=True)  # Prefect makes the last folder only
    os.environ["PREFECT_HOME"] = str(home)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "ERROR")
    console.err.print("Prefect wordt gestart ...")
    import runpy

    nightly = runpy.run_path("pipelines/nightly.py")["nightly"]
    size = sum(path.stat().st_size for path in DEMO_CALLS.iterdir() if path.suffix != ".json")
    with console.progress_bar(size) as advance:
        run.PROGRESS.set(advance)
        nightly(str(file) if file else "")


def _night(chosen: Settings) -> run.Night:
    watching: list[run.OnProgress] = []
    with ExitStack() as stack:

        def begin(plan: discovery.Plan) -> None:
            _show_plan(plan)
            if plan.calls:
                watching.append(stack.enter_context(console.progress_bar(plan.size_bytes)))

        done = run.night(chosen, begin, lambda step: watching[0](step))
    if done.night is None:
        console.out.print("Er is niets nieuws.")
    else:
        console.out.print(console.table("De nacht", ("", ""), run.rows_of(done.night)))
    _show_quarantine(chosen)
    return done


def _settings(file: Path | None, inbox: str | None) -> Settings:
    return settings.load(file, overrides={"inbox": {"address": inbox}} if inbox else None)


def _forget_failures(chosen: Settings) -> None:
    with open_ledger(chosen.work.ledger) as ledger:
        ledger.forget_failures()


def _show_plan(plan: discovery.Plan) -> None:
    text = f"{len(plan.calls)} nieuwe opnames, {plan.skipped} al gedaan, {len(plan.failures)} opzij gelegd"
    console.err.print(f"{text}, {plan.waiting} nog onderweg." if plan.waiting else f"{text}.")


def _show_quarantine(chosen: Settings) -> None:
    failures = bundle.read_failures(chosen.work.failures)
    if failures:
        console.out.print(f"{len(failures)} opnames liggen opzij; waarom staat in {chosen.work.quarantine_list}")


def _show_demo(chosen: Settings) -> None:
    """The night, and a first answer out of the published database."""
    from callinsight.store.query import run_query

    console.out.print(console.table("De nacht", ("", ""), run.rows_of(run.last_report(chosen))))
    _show_quarantine(chosen)
    question = (
        "SELECT topic_label AS onderwerp, facet_label AS vraag, sum(calls) AS gesprekken "
        "FROM questions_per_week GROUP BY ALL ORDER BY gesprekken DESC, onderwerp, vraag LIMIT 10"
    )
    answer = run_query(chosen.work.published_database, question)
    console.out.print(console.table("Waarover bellen inwoners?", answer.columns, answer.rows))
    console.out.print("\nStel zelf een vraag, bijvoorbeeld:")
    console.out.print(
        f'  {sys.argv[0]} sql --database {chosen.work.published_database} "FROM needs_per_week"',
        soft_wrap=True,
        highlight=False,
    )
