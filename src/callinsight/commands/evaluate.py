"""The command that scores the models."""

import json
from pathlib import Path

import click

from callinsight import console, settings
from callinsight.cli import EXIT_OK

PAGE = "evaluatie.html"


@click.command("eval", epilog="Example: callinsight eval tests/data/calls --json scores.json --page scores.html")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default="tests/data/calls")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Also write the scores here."
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Where to write the page; default {PAGE} in the work folder.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first calls, by name.")
@click.option("--profile", help="Which models; default the profile in the settings.")
@click.pass_obj
def eval_command(
    file: Path | None, folder: Path, json_file: Path | None, page: Path | None, limit: int | None, profile: str | None
) -> int:
    """Score the models on recordings with ground truth (default: the bundled calls).

    FOLDER holds recordings with metadata, as an inbox does, and truth/NAME.json or truth/NAME.TextGrid (Praat) for
    each; docs/annotations.md tells how to make one. Figures are printed as they are, for all calls, for each channel
    layout and for each group of speakers that the ground truth names; the page also tells them for every label.
    """
    from datetime import datetime

    from callinsight import score_page, taxonomy_files
    from callinsight.evaluate import evaluate

    chosen = settings.load(file, overrides={"models": {"profile": profile}} if profile else None)
    with console.counting("Gesprekken scoren") as advance:
        found = evaluate(chosen, folder, advance, limit)
    groups = list(found.scores)
    rows = [
        (measure.label, *(score_page.shown(key, found.scores[group][key]) for group in groups))
        for key, measure in score_page.MEASURES.items()
    ]
    columns = ("maat", *(f"{score_page.GROUPS.get(group, group)} ({found.calls[group]})" for group in groups))
    console.out.print(console.table(f"Profiel {chosen.models.profile}, {folder}", columns, rows))
    for sentence in score_page.served_worse(found):
        console.out.print(sentence)
    if found.failed:
        console.out.print(f"{found.failed} gesprekken met spraak konden niet worden verwerkt en tellen niet mee.")
    written = page or chosen.work.folder / PAGE
    taxonomy = taxonomy_files.taxonomy_of(chosen)
    profile_name, now = chosen.models.profile, datetime.now().astimezone()
    score_page.write(written, found, taxonomy, profile=profile_name, folder=folder.resolve().name, made_at=now)
    console.out.print(f"Alles per label: {written}")
    if json_file is not None:
        labels = [
            {"level": one.level, "label": one.label, "true": one.true, "found": one.found, "right": one.right}
            | {"precision": one.precision, "recall": one.recall, "f1": one.f1}
            for one in found.labels
        ]
        document = {**found.scores["all"], "groups": found.scores, "calls": found.calls, "failed": found.failed}
        json_file.write_text(json.dumps(document | {"labels": labels}, indent=2) + "\n", encoding="utf-8")
    return EXIT_OK
