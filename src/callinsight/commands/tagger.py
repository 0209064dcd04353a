"""The commands around the tagger's heads: train them on verdicts, list them, switch between them."""

from datetime import UTC, datetime
from pathlib import Path

import click

from callinsight import assembly, console, settings, taught_heads, teach
from callinsight.cli import EXIT_OK, EXIT_SOME_FAILED
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.teaching import Counts, Score
from callinsight.settings import Settings
from callinsight.taxonomy_files import taxonomy_of
from callinsight.teach import Refusal

_UNUSED = {
    "outcome": "gaan over de afloop en leren niets",
    "signal": "gaan over een signaal; die volgen uit regels",
    "vectors": "gesprekken hebben geen vectoren of geen tekst meer",
    "label": "uitspraken gaan over een label dat dit model niet kent",
}
_LEVELS = {"topics": "onderwerp", "facets": "vraag", "needs": "behoefte"}
_RETAG = "Label nu de geschiedenis opnieuw met callinsight retag."


@click.group("tagger", context_settings={"help_option_names": ["-h", "--help"]})
def tagger_command() -> None:
    """Teach the tagger with verdicts, list what was taught, switch back."""


@tagger_command.command(
    "train",
    epilog="Examples:\n\n\b\n"
    "  callinsight tagger train --dry-run      # the score before and after, and nothing is written\n"
    "  callinsight tagger train && callinsight retag\n"
    "  callinsight tagger train --out heads    # to a folder; nothing is switched",
)
@click.option("--dry-run", is_flag=True, help="Only show the score before and after.")
@click.option(
    "--out",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the trained heads to this folder, readable, and switch nothing.",
)
@click.pass_obj
def train_tagger(file: Path | None, dry_run: bool, out: Path | None) -> int:
    """Train the tagger's heads on the verdicts of the improvement meeting.

    Verdicts of three calls in ten test and are never trained on; which calls those are follows from their ids. The
    trained heads come in use only when nothing is worse, on those verdicts and on the model's own labelled calls, and
    the gain is more than chance. Otherwise nothing changes and the exit code is 1. The model's folder is never touched.
    """
    chosen = settings.load(file)
    with console.steps() as step:
        done = teach.train(chosen, teach.Wish(dry_run, out), datetime.now(UTC), step)
    _show_lesson(done.lesson)
    if done.compared is not None:
        _show_compared(done.compared, taxonomy_of(chosen))
    if done.refusal is not None:
        console.out.print(_why(done), highlight=False)
        console.out.print("Er is niets veranderd." if not dry_run else "Dit was een proef.")
        return EXIT_SOME_FAILED
    if done.name is None:
        console.out.print("Dit was een proef: er is niets veranderd. Zonder --dry-run wordt dit in gebruik genomen.")
    elif out is not None:
        console.out.print(f"Geschreven naar {out}; in gebruik nemen met callinsight tagger use {out}.", soft_wrap=True)
    else:
        console.out.print(f"In gebruik: {done.name}. {_RETAG} Terug kan met callinsight tagger use --back.")
    return EXIT_OK


def _show_lesson(lesson: teach.Lesson) -> None:
    console.out.print(
        f"{lesson.verdicts} oordelen. Bruikbaar: {lesson.claims} uitspraken over {lesson.taught} gesprekken om van te "
        f"leren en {lesson.tested} om mee te toetsen.",
        highlight=False,
    )
    for reason, count in lesson.unused.items():
        console.out.print(f"  {count} {_UNUSED[reason]}.", highlight=False)


def _show_compared(compared: teach.Compared, taxonomy: Taxonomy) -> None:
    rows = [("oordelen om te toetsen", *_pairs(compared.before, compared.after))]
    if compared.validation is not None:
        rows.append(("voorbeelden van het model", *_pairs(*compared.validation)))
    columns = ("", "onderwerpen (macro-F1)", "vragen (micro-F1)", "behoeften (micro-F1)")
    console.out.print(console.table("Voor -> na", columns, rows))
    if compared.validation is None:
        console.out.print("Dit model heeft geen eigen voorbeelden: of het iets verleert, is niet te zien.")
    labels = [
        (_LEVELS[level], _name(taxonomy, level, label), _cells(before), _cells(compared.after.labels[level, label]))
        for (level, label), before in compared.before.labels.items()
    ]
    title = "Per label in de toets: goed gevonden / ten onrechte / gemist / terecht niet"
    console.out.print(console.table(title, ("soort", "label", "voor", "na"), labels))
    console.out.print(
        f"{compared.turned.better} gesprekken beter, {compared.turned.worse} slechter. Van {compared.history} "
        f"gesprekken zonder oordeel krijgen er {compared.history_changed} andere labels.",
        highlight=False,
    )


def _pairs(before: Score, after: Score) -> tuple[str, str, str]:
    def pair(one: float, other: float) -> str:
        return f"{one:.3f} -> {other:.3f}"

    return (
        pair(before.topics, after.topics),
        pair(before.questions, after.questions),
        pair(before.needs, after.needs),
    )


def _cells(counts: Counts) -> str:
    return " / ".join(map(str, counts))


def _name(taxonomy: Taxonomy, level: str, label: str) -> str:
    topic, _, facet = label.partition("/")
    if level == "needs":
        return taxonomy.needs[label].label if label in taxonomy.needs else label
    if topic not in taxonomy.topics:
        return label
    return taxonomy.topic_label(topic) + (f" - {taxonomy.facet_label(topic, facet)}" if facet else "")


def _why(done: teach.Trained) -> str:
    lesson = done.lesson
    if done.refusal is Refusal.FEW_TAUGHT or done.compared is None:
        side, needed = (
            ("leren", teach.LEAST_TAUGHT) if done.refusal is Refusal.FEW_TAUGHT else ("te toetsen", teach.LEAST_TESTED)
        )
        there = lesson.taught if done.refusal is Refusal.FEW_TAUGHT else lesson.tested
        return f"Te weinig oordelen om {side}: {there} gesprekken, en er zijn er minstens {needed} nodig."
    turned = done.compared.turned
    if done.refusal is Refusal.NOT_CLEAR:
        return (
            f"Beter, maar het kan toeval zijn. Er zijn ongeveer {turned.calls_needed(lesson.tested)} gesprekken met "
            f"een oordeel nodig om mee te toetsen, en nu {lesson.tested}."
        )
    return {
        Refusal.WORSE_ON_VERDICTS: "Geweigerd: op de oordelen om te toetsen is het slechter.",
        Refusal.WORSE_ON_VALIDATION: "Geweigerd: op de eigen voorbeelden van het model is het slechter.",
    }.get(done.refusal or Refusal.NOT_BETTER, "Geweigerd: het is niet beter dan wat in gebruik is.")


@tagger_command.command("list", epilog="Example: callinsight tagger list")
@click.pass_obj
def list_heads(file: Path | None) -> int:
    """List the heads that were taught, and which are in use."""
    chosen = settings.load(file)
    folder, base = chosen.work.tagger, assembly.tagger_base(chosen)
    present = taught_heads.in_use(folder, base)
    rows = [("het model zelf", "", "", _mark(present == taught_heads.ORIGINAL))]
    for name in taught_heads.known(folder):
        heads = taught_heads.read(folder, name)
        when = "" if heads.taught_at is None else f"{heads.taught_at:%d-%m-%Y}"
        state = _mark(name == present) if heads.base == base else "van een ander model"
        rows.append((name, when, str(heads.about.get("calls", "")), state))
    console.out.print(console.table("", ("naam", "geleerd op", "gesprekken", ""), rows))
    return EXIT_OK


def _mark(in_use: bool) -> str:
    return "in gebruik" if in_use else ""


@tagger_command.command(
    "use",
    epilog="Examples:\n\n\b\n"
    "  callinsight tagger use --back        # what was in use before the last switch\n"
    "  callinsight tagger use --original    # the model's own heads\n"
    "  callinsight tagger use heads         # a folder that train --out wrote, or a name of the list",
)
@click.argument("heads", required=False)
@click.option("--back", "step_back", is_flag=True, help="Go back to what was in use before.")
@click.option("--original", is_flag=True, help="The model's own heads, as if nothing was taught.")
@click.pass_obj
def use_heads(file: Path | None, heads: str | None, step_back: bool, original: bool) -> int:
    """Switch to other heads: back, the model's own, or some by name or folder."""
    if (heads is not None) + step_back + original != 1:
        raise click.UsageError("give one of a name or folder, --back, --original")
    chosen = settings.load(file)
    _switch(chosen, heads, step_back)
    present = taught_heads.in_use(chosen.work.tagger, assembly.tagger_base(chosen))
    console.out.print(f"In gebruik: {present or 'het model zelf, zonder wat is geleerd'}. {_RETAG}")
    return EXIT_OK


def _switch(chosen: Settings, heads: str | None, step_back: bool) -> None:
    folder, base = chosen.work.tagger, assembly.tagger_base(chosen)
    if step_back:
        taught_heads.back(folder, base)
    elif heads is None:
        taught_heads.use(folder, base, taught_heads.ORIGINAL)
    elif heads in taught_heads.known(folder):
        taught_heads.use(folder, base, heads)
    else:
        taught_heads.use(folder, base, taught_heads.keep(folder, taught_heads.read_from(Path(heads))))
