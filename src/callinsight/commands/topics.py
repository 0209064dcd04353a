"""The commands for new topics: search, list, decide."""

from datetime import UTC, datetime
from pathlib import Path

import click

from callinsight import bundle, console, new_topics, run, settings
from callinsight.cli import EXIT_OK
from callinsight.core.candidate import CandidateVerdict
from callinsight.settings import Settings
from callinsight.store.query import run_query
from callinsight.store.rows import wall_clock


@click.group("topics", context_settings={"help_option_names": ["-h", "--help"]})
def topics_command() -> None:
    """Search for new topics and new questions, list the candidates, decide on one."""


@topics_command.command("new", epilog="Example: callinsight topics new")
@click.pass_obj
def search_topics(file: Path | None) -> int:
    """Search all stored calls for questions that fit nowhere and are alike, and list the candidates.

    Uses the stored vectors and redacted turns. A candidate keeps its id, and what was decided on it. The weekly flow
    does the same before it makes the pack.
    """
    chosen = settings.load(file)
    total = sum(1 for _ in bundle.result_ids(chosen.work.results))
    with console.counting("Gesprekken bekijken", total) as advance:
        new_topics.search(chosen, wall_clock(datetime.now(UTC)).date(), advance)
    _show(chosen)
    return EXIT_OK


@topics_command.command("list", epilog="Example: callinsight topics list")
@click.pass_obj
def list_topics(file: Path | None) -> int:
    """List the candidates of the last search, each with its words, growth and clearest sentences."""
    _show(settings.load(file))
    return EXIT_OK


@topics_command.command(
    "verdict",
    epilog="Examples:\n\n\b\n"
    "  callinsight topics verdict k1a2b3c4 --becomes-topic\n"
    "  callinsight topics verdict k1a2b3c4 --belongs-to passport\n"
    "  callinsight topics verdict k1a2b3c4 --nothing",
)
@click.argument("candidate_id")
@click.option("--becomes-topic", "said", flag_value=CandidateVerdict.BECOMES_TOPIC.value, help="It becomes a topic.")
@click.option("--nothing", "said", flag_value=CandidateVerdict.NOTHING.value, help="It is nothing; not shown again.")
@click.option("--belongs-to", metavar="TOPIC", help="Its calls belong to this topic.")
@click.pass_obj
def decide_topic(file: Path | None, candidate_id: str, said: str | None, belongs_to: str | None) -> int:
    """Keep what the meeting decided on a candidate. It is then no longer in the pack.

    A new topic comes in your overlay by hand (docs/taxonomy-overlay.md); then run `callinsight retag`.
    """
    if (said is None) == (belongs_to is None):
        raise click.UsageError("give one of --becomes-topic, --belongs-to, --nothing")
    verdict = CandidateVerdict.BELONGS_TO if said is None else CandidateVerdict(said)
    chosen = settings.load(file)
    new_topics.decide(chosen, candidate_id, verdict, belongs_to)
    if chosen.work.database.exists():
        run.publish(chosen)
    console.out.print("Besluit vastgelegd.")
    return EXIT_OK


def _show(chosen: Settings) -> None:
    """The candidates that nobody has decided on, largest first."""
    if not chosen.work.database.exists():
        console.out.print("Er is nog geen database: laad eerst gesprekken met callinsight load.")
        return
    rows = run_query(
        chosen.work.database,
        "SELECT k.candidate_id, coalesce(t.label, k.topic), k.terms, k.calls, k.last_calls, k.trend "
        "FROM topic_candidates k LEFT JOIN topics t USING (topic) "
        "WHERE k.verdict IS NULL AND k.calls > 0 ORDER BY k.calls DESC, k.candidate_id",
    ).rows
    said = run_query(
        chosen.work.database,
        "SELECT candidate_id, call_id, quote FROM candidate_quotes ORDER BY candidate_id, example_no",
    ).rows
    if not rows:
        console.out.print("Er zijn geen mogelijke nieuwe onderwerpen. Zoek met callinsight topics new.")
    for name, within, terms, calls, last, trend in rows:
        where = f"nieuwe vraag bij {within}" if within else "nieuw onderwerp"
        console.out.print(f"{name}  {where}: {terms}", highlight=False, markup=False)
        console.out.print(
            f"  {calls} gesprekken, {last} in de laatste hele week ({trend})", highlight=False, markup=False
        )
        for candidate, call_id, quote in said:
            if candidate == name:
                console.out.print(f"  {call_id}: {quote}", highlight=False, markup=False, soft_wrap=True)
