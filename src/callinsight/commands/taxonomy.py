"""The commands around the taxonomy: check, show."""

from pathlib import Path

import click

from callinsight import console, settings, taxonomy_files
from callinsight.cli import EXIT_CANNOT_RUN, EXIT_OK


@click.group("taxonomy", context_settings={"help_option_names": ["-h", "--help"]})
def taxonomy_command() -> None:
    """Check or show the topics, questions, needs, outcomes and signals."""


@taxonomy_command.command("check")
@click.pass_obj
def check_taxonomy(file: Path | None) -> int:
    """Name every fault of the taxonomy and its signal rules."""
    folder = settings.load(file).models.taxonomy
    problems = taxonomy_files.check(folder)
    for problem in problems:
        click.echo(problem, err=True)
    if not problems:
        click.echo(f"Taxonomy {taxonomy_files.load_taxonomy(folder).version} is sound.")
    return EXIT_CANNOT_RUN if problems else EXIT_OK


@taxonomy_command.command("show", epilog="Example: callinsight taxonomy show paspoort")
@click.argument("text", required=False)
@click.pass_obj
def show_taxonomy(file: Path | None, text: str | None) -> int:
    """List all entries, or those in which TEXT occurs."""
    wanted = (text or "").lower()
    rows = taxonomy_files.describe(taxonomy_files.taxonomy_of(settings.load(file)))
    found = [row for row in rows if any(wanted in cell.lower() for cell in row)]
    console.out.print(console.table("", ("kind", "id", "label", "belongs to"), found))
    return EXIT_OK
