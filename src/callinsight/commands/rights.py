"""The commands about how long things are kept and what somebody may ask: retention, access and forget."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from callinsight import care, console, deletions, retention, rights, settings
from callinsight.cli import EXIT_OK, EXIT_SOME_FAILED
from callinsight.store.rows import wall_clock
from callinsight.taxonomy_files import load_taxonomy
from callinsight.traces import Scan


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
    columns = ("", "dagen", "zou weg" if dry_run else "weg", "MB", "blijft")
    rows = [
        (one.label, "" if one.days is None else one.days, one.removed, one.removed_bytes / 1e6, one.kept)
        for one in swept
    ]
    console.out.print(console.table("Bewaartermijnen", columns, rows))
    for one in swept:
        if one.oldest is not None:
            what = f"{one.label}: van {_day(one.oldest)} tot en met {_day(one.newest)}."
            console.out.print(what, highlight=False, soft_wrap=True)
        if one.note:
            console.out.print(f"{one.label}: {one.note}.", highlight=False, soft_wrap=True)
    return EXIT_OK


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%d-%m-%y}"


def _show_log(chosen: settings.Settings) -> None:
    rows = [
        (
            one.kind,
            _day(wall_clock(one.at).date()),
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
    columns = ("", "gewist", "aantal", "MB", "van", "tot en met")
    console.out.print(console.table("Wat er is gewist", columns, rows))
    console.out.print(
        f"De termijn en het tijdstip van elke regel staan in {chosen.work.deletions.name}.", highlight=False
    )


@click.command(
    "access",
    epilog="Examples:\n\n\b\n"
    "  callinsight access c2b5kq...                 # writes the folder inzage-c2b5kq...\n"
    "  callinsight access c2b5kq... --to /srv/inzage/2026-17\n"
    "  callinsight access c2b5kq... --json          # only shows it, and writes nothing",
)
@click.argument("call_id")
@click.option("--to", metavar="FOLDER", type=click.Path(path_type=Path), help="A new folder; default inzage-CALL_ID.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, and write nothing.")
@click.pass_obj
def access_command(file: Path | None, call_id: str, to: Path | None, as_json: bool) -> int:
    """Gather everything that exists about one call, for whoever asks.

    Looks in every store and searches every file, the published copy too. Writes a page in plain Dutch, the same as
    JSON, and the review copy into a new folder; nothing is ever overwritten.
    """
    from callinsight.review import access_page

    chosen = settings.load(file)
    with console.counting("Bestanden doorzoeken") as advance:
        dossier = rights.gather(chosen, call_id, advance)
    if as_json:
        click.echo(rights.as_json(dossier))
        return EXIT_OK
    page = access_page.render(dossier, load_taxonomy(chosen.models.taxonomy))
    for path in rights.write(to or Path(f"inzage-{call_id}"), dossier, page):
        console.out.print(f"Geschreven: {path}", soft_wrap=True, highlight=False)
    _show_unread(dossier.scan)
    return EXIT_OK


@click.command("forget", epilog="Example: callinsight forget c2b5kq... --yes")
@click.argument("call_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget_command(file: Path | None, call_id: str, yes: bool) -> int:
    """Erase everything that Callinsight holds about one call, and prove that it is gone.

    Result file, vectors, review copy, verdicts, meeting packs, database, published copy. Then every file is searched
    for the call. The recording in the inbox is not ours and stays; it is not processed again, for which a pseudonym of
    its name is kept. Exit code 1 when something was found, or could not be searched.
    """
    if not yes:
        click.confirm(f"Alles over gesprek {call_id} wissen?", abort=True)
    return _forget(settings.load(file), [call_id])


def _forget(chosen: settings.Settings, call_ids: Sequence[str]) -> int:
    with console.counting("Bestanden doorzoeken") as advance:
        done = care.forget(chosen, call_ids, datetime.now(UTC), advance)
    if done.erased.anything:
        console.out.print(console.table("Gewist", ("", "aantal"), done.erased.stores))
        if chosen.work.database.exists():
            console.out.print("De gepubliceerde kopie is opnieuw gemaakt.")
    else:
        console.out.print("Er was niets over dit gesprek.")
    if done.scan.clean:
        console.out.print(f"{done.scan.files} bestanden doorzocht: er is niets meer over dit gesprek.")
        return EXIT_OK
    for trace in done.scan.traces:
        console.out.print(f"Nog gevonden in {trace.place}: {trace.where}", soft_wrap=True, highlight=False)
    _show_unread(done.scan)
    return EXIT_SOME_FAILED


def _show_unread(scan: Scan) -> None:
    for place in scan.unread:
        console.out.print(
            f"Niet doorzocht: {place}. Verplaats dit bestand of wis het.", soft_wrap=True, highlight=False
        )
