"""The command that scores the models."""

import json
from pathlib import Path

import click

from callinsight import console, settings
from callinsight.cli import EXIT_OK

MEANING = {
    "wer": "woordfouten (aandeel)",
    "word_time_error_ms_p50": "fout in woordtijd (ms, mediaan)",
    "der": "sprekerfout bij mono (aandeel van de tijd)",
    "role_accuracy": "rollen goed (medewerker of beller)",
    "wrong_speaker_words": "woorden bij de verkeerde spreker",
    "hallucinated_words_per_hour": "verzonnen woorden per uur zonder spraak",
    "topic_f1_macro": "onderwerp (F1, macro)",
    "facet_f1_macro": "specifieke vraag (F1, macro)",
    "need_f1_micro": "behoefte (F1, micro)",
    "signal_f1_micro": "signaal (F1, micro)",
    "outcome_accuracy": "afloop goed",
    "pii_recall": "persoonsgegevens gemaskeerd",
    "pii_precision": "maskering terecht",
}


@click.command("eval", epilog="Example: callinsight eval tests/data/calls --json scores.json")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default="tests/data/calls")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Also write the scores here."
)
@click.option("--limit", type=int, help="Only the first calls, by name.")
@click.option("--profile", help="Which models; default the profile in the settings.")
@click.pass_obj
def eval_command(
    file: Path | None, folder: Path, json_file: Path | None, limit: int | None, profile: str | None
) -> int:
    """Score the models on recordings with ground truth (default: the bundled calls).

    FOLDER holds recordings with metadata, as an inbox does, and truth/NAME.json beside them. Figures are printed as
    they are, for all calls, for each channel layout and for each group of speakers that the ground truth names.
    """
    from callinsight.evaluate import evaluate

    chosen = settings.load(file, overrides={"models": {"profile": profile}} if profile else None)
    with console.counting("Gesprekken scoren") as advance:
        found = evaluate(chosen, folder, advance, limit)
    rows = [(meaning, *(found.scores[group][key] for group in found.scores)) for key, meaning in MEANING.items()]
    columns = ("maat", *(f"{group} ({found.calls[group]})" for group in found.scores))
    console.out.print(console.table(f"Profiel {chosen.models.profile}, {folder}", columns, rows))
    if found.failed:
        console.out.print(f"{found.failed} gesprekken met spraak konden niet worden verwerkt en tellen niet mee.")
    if json_file is not None:
        document = {**found.scores["all"], "groups": found.scores, "calls": found.calls, "failed": found.failed}
        json_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return EXIT_OK
