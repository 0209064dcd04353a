"""The commands for improvements: record one, list them with their effect, take one back."""

from datetime import datetime
from pathlib import Path

import click

from callinsight import console, meeting, settings
from callinsight.cli import EXIT_OK
from callinsight.core.improvement import ActionKind
from callinsight.store.query import run_query

WAITING = "De database is bezet of er nog niet; bij de volgende keer laden komt het erin."


@click.group("action", context_settings={"help_option_names": ["-h", "--help"]})
def action_command() -> None:
    """Record improvements, and see whether they helped."""


@action_command.command(
    "add",
    epilog="Example: callinsight review action add 'Afvalbrief herschreven' --kind letter --owner communicatie "
    "--from 2026-10-05 --reduces waste-container/letter-explain --reduces waste-calendar",
)
@click.argument("title")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in ActionKind]), required=True, help="What was improved."
)
@click.option("--owner", required=True, help="Role or team that sees to it; never a name.")
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="Day on which it took effect, such as 2026-10-05.",
)
@click.option(
    "--reduces",
    "targets",
    multiple=True,
    required=True,
    metavar="TOPIC[/QUESTION]",
    help="Questions it should reduce; may be given more than once.",
)
@click.pass_obj
def add_action(file: Path | None, title: str, kind: str, owner: str, since: datetime, targets: tuple[str, ...]) -> int:
    """Record an improvement: what was done, who sees to it, since when, and which questions it should reduce.

    Its effect is worked out at every load; `callinsight review action list` shows it. The title is published, so name
    nobody in it.
    """
    chosen = settings.load(file)
    plan = meeting.Plan(title, ActionKind(kind), owner, since.date(), targets)
    action = meeting.add_action(chosen, plan)
    console.out.print(f"Verbetering {action.action_id} is vastgelegd.", highlight=False)
    if not meeting.refresh(chosen):
        console.out.print(WAITING)
    return EXIT_OK


@action_command.command("list", epilog="Example: callinsight review action list")
@click.pass_obj
def list_actions(file: Path | None) -> int:
    """Show the improvements, newest first, each with its effect."""
    answer = run_query(
        settings.load(file).work.database,
        "SELECT action_id, title, owner, strftime(effective_on, '%d-%m-%Y'), questions, verdict, explanation "
        "FROM action_effect ORDER BY effective_on DESC, action_id",
    )
    if not answer.rows:
        console.out.print("Er zijn nog geen verbeteringen vastgelegd.")
    for action_id, title, owner, since, questions, verdict, explanation in answer.rows:
        console.out.print(f"{action_id}  {title} ({owner}, sinds {since})", highlight=False, markup=False)
        console.out.print(f"  Bedoeld tegen: {questions}", highlight=False, markup=False)
        console.out.print(f"  Conclusie: {verdict}. {explanation or ''}".rstrip(), highlight=False, markup=False)
    return EXIT_OK


@action_command.command("remove", epilog="Example: callinsight review action remove a1b2c3d")
@click.argument("action_id")
@click.pass_obj
def remove_action(file: Path | None, action_id: str) -> int:
    """Take back an improvement that was recorded by mistake. To change one: remove it and add it again."""
    chosen = settings.load(file)
    meeting.remove_action(chosen, action_id)
    console.out.print(f"Verbetering {action_id} is weggehaald.", highlight=False)
    if not meeting.refresh(chosen):
        console.out.print(WAITING)
    return EXIT_OK
