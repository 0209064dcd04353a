"""The commands that look after what is stored: retag and doctor."""

from datetime import UTC, datetime
from pathlib import Path

import click

from callinsight import bundle, care, console, meeting, retag, settings
from callinsight.cli import EXIT_CANNOT_RUN, EXIT_OK
from callinsight.core.values import UNKNOWN_LABEL
from callinsight.taxonomy_files import taxonomy_of


@click.command(
    "retag",
    epilog="Examples:\n\n\b\n"
    "  callinsight retag --dry-run       # what would change, and nothing is written\n"
    "  callinsight retag                 # calls that another version tagged\n"
    "  callinsight retag c3k7... --all   # this call, whatever tagged it",
)
@click.argument("call_ids", nargs=-1, metavar="[CALL_ID]...")
@click.option("--all", "every", is_flag=True, help="Also calls that have this version's tags already.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes side by side; as many as there are cores.")
@click.pass_obj
def retag_command(file: Path | None, call_ids: tuple[str, ...], every: bool, dry_run: bool, workers: int | None) -> int:
    """Tag stored calls again after a model, rules or taxonomy change, load and publish.

    Nothing is recognised anew: stored vectors of the redacted turns are read, and only calls without them, or with
    those of another encoder, go through the encoder. Earlier tags are kept in short beside the new ones. Can be stopped
    and run again: what is done is not done twice.
    """
    chosen = settings.load(file)
    ids = [meeting.find_call(chosen, one).call.call_id for one in call_ids] or list(
        bundle.result_ids(chosen.work.results)
    )
    wish = retag.Wish(every, dry_run, workers or retag.cores())
    with console.counting("Gesprekken opnieuw labelen", len(ids)) as advance:
        done = retag.retag(chosen, ids, wish, datetime.now(UTC), advance)
    _show_retagged(chosen, done, dry_run)
    return EXIT_OK


def _show_retagged(chosen: settings.Settings, done: retag.Retagged, dry_run: bool) -> None:
    taxonomy = taxonomy_of(chosen)
    what = "zouden andere labels krijgen" if dry_run else "kregen andere labels"
    console.out.print(
        f"{done.calls - done.kept - done.wordless} gesprekken opnieuw bekeken, {done.kept} hadden al deze versie."
    )
    if done.wordless > done.carried:
        left = done.wordless - done.carried
        console.out.print(f"{left} bleven zoals ze zijn: hun tekst is over de bewaartermijn.")
    if done.carried:
        console.out.print(f"{done.carried} zonder tekst gingen mee met wat is samengevoegd of verborgen.")
    console.out.print(f"{done.changed} {what}; {done.read} moesten opnieuw worden gelezen door het taalmodel.")
    topics = sorted({*done.gained, *done.lost}, key=lambda one: (-done.gained.get(one, 0) - done.lost.get(one, 0), one))
    known = (*taxonomy.topics, UNKNOWN_LABEL)
    labels = {one: taxonomy.topic_label(one) if one in known else one for one in topics}
    rows = [(labels[one], done.gained.get(one, 0), done.lost.get(one, 0)) for one in topics]
    if rows:
        console.out.print(console.table("Gesprekken per onderwerp", ("onderwerp", "erbij", "eraf"), rows))


@click.command("doctor")
@click.pass_obj
def doctor_command(file: Path | None) -> int:
    """Check the set-up: settings, models, inbox, encryption, database, disk. Changes nothing."""
    checks = list(care.examine(settings.load(file)))
    rows = [(check.subject, "ok" if check.well else "PROBLEM", check.finding) for check in checks]
    console.out.print(console.table("", ("subject", "", "finding"), rows))
    return EXIT_OK if all(check.well for check in checks) else EXIT_CANNOT_RUN
