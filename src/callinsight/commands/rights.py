"""The commands about how long things are kept and what somebody may ask: retention, access and forget."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from callinsight import callers, care, console, deletions, meeting, retention, rights, settings
from callinsight.cli import EXIT_OK, EXIT_SOME_FAILED
from callinsight.errors import SettingsError
from callinsight.store.rows import wall_clock
from callinsight.taxonomy_files import taxonomy_of
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


_CALL_IDS = click.argument("call_ids", nargs=-1, metavar="[CALL_ID]...")
_CALLER = click.option(
    "--caller",
    metavar="NUMBER",
    help="All calls of this caller: a telephone number, however it is written, or another reference, as the recorder "
    "gives it. Only when calls are linked (docs/linking.md). With - it is asked for and not shown, so that it stays "
    "out of the shell's history and of the list of processes.",
)


def _asked(chosen: settings.Settings, call_ids: tuple[str, ...], caller: str | None) -> callers.Found:
    """The calls that a command is about, by their ids or by their caller, whose number is never printed."""
    if bool(call_ids) == bool(caller):
        raise click.UsageError("give one or more call ids, or --caller with a number, and not both")
    if caller is None:
        return callers.Found(call_ids, frozenset())
    if caller == "-":
        caller = str(click.prompt("Nummer van de beller (wordt niet getoond)", hide_input=True))
    return callers.find(chosen, caller)


@click.command(
    "access",
    epilog="Examples:\n\n\b\n"
    "  callinsight access c2b5kq...                 # writes the folder inzage-c2b5kq...\n"
    "  callinsight access c2b5kq... c7xw3a... --to /srv/inzage/2026-17\n"
    "  callinsight access --caller - --to /srv/inzage/2026-18\n"
    "  callinsight access c2b5kq... --json          # only shows it, and writes nothing",
)
@_CALL_IDS
@_CALLER
@click.option("--to", metavar="FOLDER", type=click.Path(path_type=Path), help="A new folder; default inzage-CALL_ID.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, and write nothing.")
@click.pass_obj
def access_command(
    file: Path | None, call_ids: tuple[str, ...], caller: str | None, to: Path | None, as_json: bool
) -> int:
    """Gather everything that exists about a call, or about all calls of a case, for whoever asks.

    Looks in every store and searches every file, the published copy too. Writes one page in plain Dutch for all calls,
    the same as JSON, and the review copies into a new folder; nothing is ever overwritten.
    """
    from callinsight.review import access_page

    chosen = settings.load(file)
    found = _asked(chosen, call_ids, caller)
    if not found.call_ids:
        raise SettingsError(_NONE_OF_CALLER)
    with console.counting("Bestanden doorzoeken") as advance:
        case = rights.gather(chosen, rights.Asked(found.call_ids, found.refs), advance)
    if as_json:
        click.echo(rights.as_json(case))
        return EXIT_OK
    page = access_page.render(case, taxonomy_of(chosen))
    for path in rights.write(to or Path(_folder_name(found.call_ids)), case, page):
        console.out.print(f"Geschreven: {path}", soft_wrap=True, highlight=False)
    if found.refs:
        console.out.print(_NOT_A_PERSON, soft_wrap=True)
    _show_unread(case.scan)
    return EXIT_OK


_NONE_OF_CALLER = (
    "no call is linked to that caller: only calls whose key still exists can be found by a number. "
    "Ask for day and hour, look in the table calls, and give the call's id"
)


_NOT_A_PERSON = "Een nummer is geen persoon: ga na of deze gesprekken van de aanvrager zijn."


def _folder_name(call_ids: Sequence[str]) -> str:
    more = len(call_ids) - 1
    return f"inzage-{call_ids[0]}" + (f"-en-{more}-meer" if more else "")


@click.command(
    "forget",
    epilog="Examples:\n\n\b\n"
    "  callinsight forget c2b5kq... --yes\n"
    "  callinsight forget c2b5kq... c7xw3a... --yes\n"
    "  callinsight forget --caller -         # asks for the number, shows what was found, and asks",
)
@_CALL_IDS
@_CALLER
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget_command(file: Path | None, call_ids: tuple[str, ...], caller: str | None, yes: bool) -> int:
    """Erase everything that Callinsight holds about a call, or about all calls of a case, and prove that it is gone.

    Result file, vectors, review copy, verdicts, meeting packs, database, published copy. Then every file is searched
    for the calls, and for the caller's references when they were found by those. The recordings in the inbox are not
    ours and stay; they are not processed again, for which pseudonyms of their names are kept. Exit code 1 when
    something was found, or could not be searched.
    """
    chosen = settings.load(file)
    found = _asked(chosen, call_ids, caller)
    if found.refs:
        rows = [(call_id, _moment(chosen, call_id)) for call_id in found.call_ids]
        console.out.print(console.table("Gesprekken van deze beller", ("gesprek", "wanneer"), rows))
        console.out.print(_NOT_A_PERSON, soft_wrap=True)
    if not yes and found.call_ids:
        which = f"gesprek {found.call_ids[0]}" if len(found.call_ids) == 1 else f"{len(found.call_ids)} gesprekken"
        click.confirm(f"Alles over {which} wissen?", abort=True)
    return _forget(chosen, found)


def _moment(chosen: settings.Settings, call_id: str) -> str:
    try:
        return f"{wall_clock(meeting.find_call(chosen, call_id).call.started_at):%d-%m-%Y %H:%M}"
    except SettingsError:  # only its rows are there
        return ""


def _forget(chosen: settings.Settings, found: callers.Found) -> int:
    call_ids = tuple(dict.fromkeys((*found.call_ids, *found.half_erased)))
    with console.counting("Bestanden doorzoeken") as advance:
        done = care.forget(chosen, call_ids, datetime.now(UTC), advance, found.refs)
    what = "deze beller" if found.refs else "dit gesprek" if len(call_ids) == 1 else "deze gesprekken"
    if done.erased.anything:
        console.out.print(console.table("Gewist", ("", "aantal"), done.erased.stores))
        if chosen.work.database.exists():
            console.out.print("De gepubliceerde kopie is opnieuw gemaakt.")
    else:
        console.out.print(f"Er was niets over {what}.")
    if done.scan.clean:
        console.out.print(f"{done.scan.files} bestanden doorzocht: er is niets meer over {what}.")
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
