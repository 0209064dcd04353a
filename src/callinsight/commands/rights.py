"""The commands about how long things are kept and what somebody may ask: retention, access and forget."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from callinsight import care, console, deletions, retention, settings
from callinsight.cli import EXIT_OK
from callinsight.store.rows import wall_clock


@click.command(
    "retention",
    epilog="Examples:\n\n\b\n"
    "  callinsight retention --dry-run   # what would go, and nothing is changed\n"
    "  callinsight retention             # delete it, and publish anew\n"
    "  callinsight retention --log       # what went earlier",
)
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@click.option("--log", "show_log", is_flag=True, help="Show what was deleted earlier, and delete nothing.")
@click.pass_obj
def retention_command(file: Path | None, dry_run: bool, show_log: bool) -> int:
    """Delete what is past its term.

    The terms stand in the settings, section retention. They count from the call, and of meeting packs from the day they
    were made. Recordings are deleted only when the settings say so. The database's file is made clean, so that nothing
    of what went stays in it. The retention flow does the same every morning.
    """
    chosen = settings.load(file)
    if show_log:
        _show_log(chosen)
        return EXIT_OK
    swept = retention.sweep(chosen, datetime.now(UTC), dry_run=dry_run)
    columns = ("", "dagen", "zou weggaan" if dry_run else "weg", "MB", "oudste", "nieuwste", "blijft", "")
    rows = [
        (
            one.label,
            "" if one.days is None else one.days,
            one.removed,
            one.removed_bytes / 1e6,
            _day(one.oldest),
            _day(one.newest),
            one.kept,
            one.note,
        )
        for one in swept
    ]
    console.out.print(console.table("Bewaartermijnen", columns, rows))
    return EXIT_OK


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%d-%m-%Y}"


def _show_log(chosen: settings.Settings) -> None:
    rows = [
        (
            f"{wall_clock(one.at):%d-%m-%Y %H:%M}",
            one.kind,
            "" if one.term_days is None else one.term_days,
            one.count,
            one.size_bytes / 1e6,
            _day(one.oldest),
            _day(one.newest),
        )
        for one in deletions.read(chosen.work.deletions)
    ]
    if not rows:
        console.out.print("Er is nog niets gewist.")
        return
    columns = ("wanneer", "", "dagen", "weg", "MB", "oudste", "nieuwste")
    console.out.print(console.table("Wat er is gewist", columns, rows))


@click.command("forget", epilog="Example: callinsight forget c2b5kq... --yes")
@click.argument("call_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget_command(file: Path | None, call_id: str, yes: bool) -> int:
    """Erase everything that Callinsight holds about one call.

    Result file, review copy, verdicts, database, published copy. The recording in the inbox is not ours and stays; it
    is not processed again.
    """
    if not yes:
        click.confirm(f"Alles over gesprek {call_id} wissen?", abort=True)
    erased = care.forget(settings.load(file), [call_id], datetime.now(UTC))
    console.out.print("Gewist en opnieuw gepubliceerd." if erased.anything else "Er was niets over dit gesprek.")
    return EXIT_OK
