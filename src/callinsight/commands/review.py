"""The commands for the improvement meeting: list flagged calls, read one, give a verdict."""

from datetime import UTC, datetime
from pathlib import Path

import click

from callinsight import console, copies, decisions, meeting, sealed, settings
from callinsight.cli import EXIT_OK
from callinsight.commands.actions import WAITING, action_command
from callinsight.core.improvement import About, Verdict
from callinsight.core.passages import passages
from callinsight.core.values import CallResult, Role
from callinsight.errors import SettingsError
from callinsight.store.query import run_query
from callinsight.taxonomy_files import taxonomy_of

_VERDICTS = {Verdict.RIGHT: "klopt", Verdict.WRONG: "klopt niet", Verdict.OTHER: "moet zijn:"}
_WHO = {Role.AGENT: "gemeente", Role.CALLER: "beller", Role.SYSTEM: "keuzemenu", Role.UNKNOWN: "onbekend"}


@click.group("review", context_settings={"help_option_names": ["-h", "--help"]})
def review_command() -> None:
    """List flagged calls, read one, give a verdict, record improvements.

    Works on the data team's own database, not on the published copy.
    """


review_command.add_command(action_command)


@review_command.command("list", epilog="Example: callinsight review list --kind letter-unclear")
@click.option("--kind", help="Only this kind of signal, such as repeat-call.")
@click.option("--limit", default=30, show_default=True, help="At most so many.")
@click.pass_obj
def list_flagged(file: Path | None, kind: str | None, limit: int) -> int:
    """Show flagged calls, most urgent and newest first, with the sentence that raised the flag."""
    known = taxonomy_of(settings.load(file)).signals
    if kind is not None and kind not in known:
        raise SettingsError(f"there is no signal {kind!r}{meeting.near(kind, known)}")
    where = f"WHERE kind = '{kind}'" if kind else ""
    answer = run_query(
        settings.load(file).work.database,
        "SELECT call_id AS gesprek, strftime(started_local, '%d-%m-%Y') AS datum, severity_label AS spoed, "  # noqa: S608
        f"kind_label AS signaal, quote AS zin FROM flagged_calls {where} ORDER BY list_position("
        "['immediate', 'same-day', 'human-review', 'info'], severity), started_local DESC, call_id, start_ms "
        f"LIMIT {int(limit)}",
    )
    console.out.print(console.table("Gesprekken met een signaal", answer.columns, answer.rows))
    return EXIT_OK


@review_command.command(
    "show",
    epilog="Examples:\n\n\b\n"
    "  callinsight review show c2b5kq...\n"
    "  callinsight review show c2b5kq... --sound passage.ogg",
)
@click.argument("call_id")
@click.option(
    "--sound",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the passages of its signals, or else all of it, from the bleeped review copy to this .ogg file.",
)
@click.pass_obj
def show_call(file: Path | None, call_id: str, sound: Path | None) -> int:
    """Show one call: its questions, needs and signals, verdicts on them, and the redacted turns.

    Tells whether it has a review copy: the call to listen to, with personal data bleeped out.
    """
    chosen = settings.load(file)
    taxonomy = taxonomy_of(chosen)
    result = meeting.find_call(chosen, call_id)
    for question in result.tags.questions:
        facet = question.facet
        label = taxonomy.shown_question(question.topic, facet) if facet else "vraag niet duidelijk"
        needs = ", ".join(taxonomy.shown("needs", need.kind) for need in question.needs)
        topic = taxonomy.shown("topics", question.topic)
        console.out.print(f"Vraag: {topic} - {label} ({question.score:.0%}). {needs}", highlight=False)
    console.out.print(f"Afloop: {taxonomy.shown('outcomes', result.tags.outcome.kind)}", highlight=False)
    for flag in result.tags.flags:
        label = taxonomy.shown("signals", flag.kind)
        console.out.print(f"Signaal: {label} (beurt {list(flag.evidence)})", highlight=False)
    for review in decisions.read_reviews(chosen.work.reviews):
        if review.call_id == call_id:
            said = _VERDICTS[review.verdict] + (f" {review.should_be}" if review.should_be else "")
            console.out.print(f"Oordeel: {review.tag} {said} ({review.role})", highlight=False)
    if result.is_wordless:
        console.out.print("De tekst is over de bewaartermijn en gewist; de beurten zijn er nog.", highlight=False)
    console.out.print(console.table("", ("beurt", "tijd", "wie", "tekst", ""), _lines(result)))
    _tell_of_sound(chosen, result, sound)
    return EXIT_OK


def _tell_of_sound(chosen: settings.Settings, result: CallResult, wanted: Path | None) -> None:
    """Say where the review copy is, or why there is none, and write what was asked for."""
    from callinsight.review import sounds

    call_id = result.call.call_id
    copy = copies.copy_path(chosen.work.review_copies, call_id)
    if not copy.exists():
        console.out.print(sounds.why_silent(chosen, call_id), highlight=False)
        if wanted is not None:
            raise SettingsError(f"there is nothing to write to {wanted.name}: call {call_id} has no review copy")
        return
    if wanted is None and sealed.sealed_with(sealed.head_of(copy)) is not None:
        console.out.print("Er is een luisterkopie, verzegeld. Met --sound FILE.ogg schrijft u een fragment.")
    elif wanted is None:
        console.out.print(f"Luisterkopie: {copy}", soft_wrap=True, highlight=False)
    if wanted is not None:
        pointed = (result.turns[turn].span for flag in result.tags.flags for turn in flag.evidence)
        sounds.write_sound(chosen, call_id, passages(pointed), wanted)
        console.out.print(f"Fragment geschreven: {wanted}", soft_wrap=True, highlight=False)


@review_command.command(
    "verdict",
    epilog="Examples:\n\n\b\n"
    "  callinsight review verdict c3k7... --question waste-container/letter-explain --right --role teamleider\n"
    "  callinsight review verdict c3k7... --need travel --should-be identify --role kwaliteitsmedewerker\n"
    "  callinsight review verdict c3k7... --signal repeat-call --wrong --role kwaliteitsmedewerker",
)
@click.argument("call_id")
@click.option("--question", metavar="TOPIC[/QUESTION]", help="The question that the verdict is about.")
@click.option("--need", metavar="ID", help="The need that the verdict is about.")
@click.option("--outcome", metavar="ID", help="The ending that the verdict is about.")
@click.option("--signal", metavar="ID", help="The signal that the verdict is about.")
@click.option("--right", "said", flag_value=Verdict.RIGHT.value, help="The tag is right.")
@click.option("--wrong", "said", flag_value=Verdict.WRONG.value, help="The tag is wrong.")
@click.option("--should-be", metavar="ID", help="The tag is wrong, and this is the right one.")
@click.option("--role", required=True, help="Role in which you judge, as listed in the settings; never a name.")
@click.pass_obj
def give_verdict(
    file: Path | None, /, call_id: str, said: str | None, should_be: str | None, role: str, **tags: str | None
) -> int:
    """Say whether a tag of a call is right, wrong, or should be another.

    Give one tag and one verdict. Verdicts stay when the history is tagged again or the database is made anew; `forget`
    erases those of a call. The newest verdict on a tag stands.
    """
    given = [(About(kind), text) for kind, text in tags.items() if text is not None]
    if len(given) != 1 or (said is None) == (should_be is None):
        raise click.UsageError(
            "give one of --question, --need, --outcome, --signal, and one of --right, --wrong, --should-be"
        )
    ((about, text),) = given
    other = None if should_be is None else meeting.parse_tag(about, should_be)
    verdict = Verdict.OTHER if said is None else Verdict(said)
    chosen = settings.load(file)
    judgement = meeting.Judgement(meeting.parse_tag(about, text), verdict, other)
    meeting.give_verdict(chosen, call_id, judgement, role, datetime.now(UTC))
    console.out.print("Oordeel vastgelegd.")
    if not meeting.refresh(chosen):
        console.out.print(WAITING)
    return EXIT_OK


@review_command.command("pack", epilog="Examples:\n\n\b\n  callinsight review pack\n  callinsight review pack --pdf")
@click.option("--pdf/--no-pdf", "as_pdf", default=None, help="Also as a PDF; overrides the settings.")
@click.pass_obj
def make_pack(file: Path | None, as_pdf: bool | None) -> int:
    """Make the improvement meeting's pack of the last whole week: one HTML file that also prints well, or a PDF too.

    It holds redacted sentences of single calls, so keep it within the meeting. The weekly flow makes the same file.
    """
    from callinsight.review import pack

    made = pack.make(settings.load(file), as_pdf=as_pdf)
    if made.path is None:
        console.out.print("Er is nog geen hele week met gesprekken.")
    else:
        for path in filter(None, (made.path, made.pdf)):
            console.out.print(f"Verbeteroverleg {made.iso_week}: {path}", soft_wrap=True, highlight=False)
    return EXIT_OK


def _lines(result: CallResult) -> list[tuple[object, ...]]:
    """The turns, with a mark at those that are evidence for a question or a signal."""
    pointed = {turn for q in result.tags.questions for turn in q.evidence}
    pointed |= {turn for flag in result.tags.flags for turn in flag.evidence}
    return [
        (number, _clock(turn.span.start_ms), _WHO[turn.role], turn.text, "<" if number in pointed else "")
        for number, turn in enumerate(result.turns)
    ]


def _clock(time_ms: int) -> str:
    return f"{time_ms // 60_000}:{time_ms // 1000 % 60:02d}"
