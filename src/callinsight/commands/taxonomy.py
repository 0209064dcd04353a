"""The commands around the taxonomy: check, show, diff."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from callinsight import console, settings, taxonomy_files
from callinsight.cli import EXIT_CANNOT_RUN, EXIT_OK
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.taxonomy_diff import Change, Difference, differences
from callinsight.errors import StoreError
from callinsight.settings import Settings
from callinsight.store.tag_counts import tag_counts

_KINDS = {
    "domains": "vakgebied",
    "topics": "onderwerp",
    "questions": "vraag",
    "needs": "behoefte",
    "outcomes": "afloop",
    "signals": "signaal",
    "life_events": "levensgebeurtenis",
}
_SHOWN = {
    "domain": "vakgebied",
    "topic": "onderwerp",
    "question": "vraag",
    "facet": "vraag (algemeen)",
    "need": "behoefte",
    "outcome": "afloop",
    "signal": "signaal",
    "life event": "levensgebeurtenis",
}
_WHAT = {
    Difference.ADDED: "erbij",
    Difference.REMOVED: "weg",
    Difference.HIDDEN: "verborgen",
    Difference.MERGED: "samengevoegd met",
    Difference.RESTORED: "weer zichtbaar",
    Difference.RELABELLED: "andere naam",
    Difference.SAID: "andere woorden of zinnen",
    Difference.CHANGED: "gewijzigd",
}
_FILE = click.Path(path_type=Path, exists=True)


@click.group("taxonomy", context_settings={"help_option_names": ["-h", "--help"]})
def taxonomy_command() -> None:
    """Check, show or compare the topics, questions, needs, outcomes and signals.

    What a municipality adds, merges, hides or calls otherwise stands in a file of its own: docs/taxonomy-overlay.md.
    """


@taxonomy_command.command(
    "check",
    epilog="Examples:\n\n\b\n"
    "  callinsight taxonomy check                      # ours, and the overlay of the settings\n"
    "  callinsight taxonomy check eigen-onderwerpen.yaml",
)
@click.argument("overlay", required=False, type=_FILE)
@click.pass_obj
def check_taxonomy(file: Path | None, overlay: Path | None) -> int:
    """Name every fault of the taxonomy, its signal rules and the overlay, and what is probably not meant.

    Without OVERLAY that of the settings is checked, if there is one.
    """
    models = settings.load(file).models
    chosen = overlay or models.taxonomy_overlay
    problems = taxonomy_files.check(models.taxonomy, chosen)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        return EXIT_CANNOT_RUN
    for doubt in taxonomy_files.doubts(models.taxonomy, chosen) if chosen else ():
        click.echo(f"warning: {doubt}", err=True)
    click.echo(f"Taxonomy {taxonomy_files.load_taxonomy(models.taxonomy, chosen).version} is sound.")
    return EXIT_OK


@taxonomy_command.command(
    "show",
    epilog="Examples:\n\n\b\n"
    "  callinsight taxonomy show paspoort\n"
    "  callinsight taxonomy show --id passport\n"
    "  callinsight taxonomy show eigen --json    # what is your own",
)
@click.argument("text", required=False)
@click.option("--id", "entry", help="Only this entry, and with a topic its own questions.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.pass_obj
def show_taxonomy(file: Path | None, text: str | None, entry: str | None, as_json: bool) -> int:
    """List all entries, or those in which TEXT occurs, with what the overlay did to them.

    What it did is told in words too: "eigen", "eigen woorden", "samengevoegd met", "verborgen", "heet bij ons".
    """
    wanted = (text or "").lower()
    chosen = settings.load(file)
    taxonomy = taxonomy_files.taxonomy_of(chosen)
    ours = taxonomy_files.describe(taxonomy_files.load_taxonomy(chosen.models.taxonomy))
    labels = {row[:2]: row[2] for row in ours}
    rows = taxonomy_files.describe(taxonomy)
    marked = [
        (*row, taxonomy_files.mark(taxonomy, labels, row[0], row[1]))
        for row in rows
        if entry is None or row[1] == entry or (row[0] == "question" and row[3] == entry)
    ]
    found = [row for row in marked if any(wanted in cell.lower() for cell in row)]
    if as_json:
        named = [dict(zip(("kind", "id", "label", "belongs_to", "overlay"), row, strict=True)) for row in found]
        click.echo(json.dumps({"version": taxonomy.version, "entries": named}, ensure_ascii=False, indent=2))
    else:
        columns = ("soort", "kenmerk", "naam", "hoort bij", "eigen lijst")
        shown = columns if any(row[-1] for row in found) else columns[:-1]
        told = [(_SHOWN[kind], *rest) for kind, *rest in found]
        console.out.print(console.table("", shown, [row[: len(shown)] for row in told]))
    return EXIT_OK


@taxonomy_command.command(
    "diff",
    epilog="Examples:\n\n\b\n"
    "  callinsight taxonomy diff                             # what the overlay changes\n"
    "  callinsight taxonomy diff eigen-nieuw.yaml            # what another overlay would change from now on\n"
    "  callinsight taxonomy diff eigen-oud.yaml eigen-nieuw.yaml\n"
    "  callinsight taxonomy diff oud/taxonomy models/taxonomy  # two versions of ours",
)
@click.argument("old", required=False, type=_FILE)
@click.argument("new", required=False, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.pass_obj
def diff_taxonomy(file: Path | None, old: Path | None, new: Path | None, as_json: bool) -> int:
    """Show what is different between two taxonomies, and how many stored tags each difference touches.

    OLD and NEW are overlays, or folders as models/taxonomy. Without either our own taxonomy is compared with the one
    that counts; with one of them the one that counts is compared with that.
    """
    chosen = settings.load(file)
    before, after = _both(chosen, old, new)
    found = differences(before, after)
    try:
        counts = tag_counts(chosen.work.database)
    except StoreError as error:
        counts = {}
        click.echo(f"without counts: {error}", err=True)
    rows = [(change, counts.get(change.kind, {}).get(change.entry, 0)) for change in found]
    counted = [(change, number if change.kind in counts else None) for change, number in rows]
    if as_json:
        _echo_json(before, after, counted)
        return EXIT_OK
    console.out.print(f"Van versie {before.version} naar {after.version}", highlight=False)
    if not found:
        console.out.print("Geen verschil.")
        return EXIT_OK
    columns = ("soort", "kenmerk", "naam", "wat", "was", "wordt", "labels nu")
    shown = columns if counts else columns[:-1]
    table = [(*_told(change), number) for change, number in counted]
    console.out.print(console.table("", shown, [row[: len(shown)] for row in table]))
    return EXIT_OK


def _both(chosen: Settings, old: Path | None, new: Path | None) -> tuple[Taxonomy, Taxonomy]:
    ours, present = chosen.models.taxonomy, taxonomy_files.taxonomy_of(chosen)
    if old is None:
        return taxonomy_files.load_taxonomy(ours), present

    def read(path: Path) -> Taxonomy:
        return taxonomy_files.load_taxonomy(path) if path.is_dir() else taxonomy_files.load_taxonomy(ours, path)

    return (present, read(old)) if new is None else (read(old), read(new))


def _told(change: Change) -> tuple[str, ...]:
    return (_KINDS[change.kind], change.entry, change.label, _WHAT[change.what], change.before, change.after)


def _echo_json(before: Taxonomy, after: Taxonomy, rows: Sequence[tuple[Change, int | None]]) -> None:
    changes = [
        {
            "kind": change.kind,
            "id": change.entry,
            "label": change.label,
            "what": change.what.value,
            "before": change.before,
            "after": change.after,
            "tags": number,
        }
        for change, number in rows
    ]
    document = {"from": before.version, "to": after.version, "changes": changes}
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
