"""The commands that look after what is stored: retag, forget, doctor."""

from datetime import UTC, datetime
from pathlib import Path

import click

from callinsight import care, console, retention, settings
from callinsight.cli import EXIT_CANNOT_RUN, EXIT_OK


@click.command("retag")
@click.pass_obj
def retag_command(file: Path | None) -> int:
    """Tag all stored calls again after a model or taxonomy change, load and publish.

    Nothing is recognised anew: the redacted turns of the result files are read. Can be stopped and run again.
    """
    with console.counting("Gesprekken opnieuw labelen") as advance:
        total = care.retag(settings.load(file), advance)
    console.out.print(f"{total} gesprekken opnieuw gelabeld.")
    return EXIT_OK


@click.command("forget", epilog="Example: callinsight forget c2b5kq... --yes")
@click.argument("call_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget_command(file: Path | None, call_id: str, yes: bool) -> int:
    """Erase everything that Callinsight holds about one call.

    Result file, review copy, verdicts, database, published copy. The recording in the inbox is not ours and stays; it
    is not processed again. The database's file may still hold the freed bytes: `callinsight load --rebuild` makes a
    clean one.
    """
    if not yes:
        click.confirm(f"Alles over gesprek {call_id} wissen?", abort=True)
    erased = care.forget(settings.load(file), call_id)
    found = erased.result_file or erased.rows
    console.out.print("Gewist en opnieuw gepubliceerd." if found else "Er was niets over dit gesprek.")
    return EXIT_OK


@click.command("retention", epilog="Example: callinsight retention --dry-run")
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@click.pass_obj
def retention_command(file: Path | None, dry_run: bool) -> int:
    """Delete review copies and meeting packs that are past their term.

    The terms stand in the settings, section review, and count from the day a file was made. The retention flow does the
    same every morning.
    """
    swept = retention.sweep(settings.load(file), datetime.now(UTC), dry_run=dry_run)
    columns = ("", "dagen", "zou weggaan" if dry_run else "weg", "MB", "blijft")
    rows = [(one.label, one.days, one.removed, one.removed_bytes / 1e6, one.kept) for one in swept]
    console.out.print(console.table("Bewaartermijnen", columns, rows))
    return EXIT_OK


@click.command("doctor")
@click.pass_obj
def doctor_command(file: Path | None) -> int:
    """Check the set-up: settings, models, inbox, database, disk. Changes nothing."""
    checks = list(care.examine(settings.load(file)))
    rows = [(check.subject, "ok" if check.well else "PROBLEM", check.finding) for check in checks]
    console.out.print(console.table("", ("subject", "", "finding"), rows))
    return EXIT_OK if all(check.well for check in checks) else EXIT_CANNOT_RUN
