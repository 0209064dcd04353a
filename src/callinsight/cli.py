"""The command line. Nothing heavy is imported before a command needs it, so that ``--help`` answers at once."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from callinsight import __version__
from callinsight.errors import CallinsightError

EXIT_OK, EXIT_SOME_FAILED, EXIT_CANNOT_RUN = 0, 1, 2

_NEXT_STEP = (
    "What was done is kept. More is not told, since it may hold speech; look at the set-up with `callinsight doctor`, "
    "and run the same command again."
)

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("night", "Run a night on the bundled recordings and show what comes out."),
    "run": ("night", "Process what is new in the inbox, load it and publish."),
    "process": ("night", "Only process what is new in the inbox."),
    "load": ("night", "Load results into the database; --rebuild makes it anew."),
    "publish": ("night", "Build the managers' read-only copy and swap it in."),
    "report": ("night", "Show the last night's table and what was set aside."),
    "sql": ("query", "Ask the published database a question in SQL."),
    "search": ("search", "Find words in the redacted turns of calls."),
    "review": ("review", "List flagged calls, read one, judge it, record improvements."),
    "topics": ("topics", "Search for new topics, list the candidates, decide on one."),
    "taxonomy": ("taxonomy", "Check, show or compare the topics, questions and needs."),
    "tagger": ("tagger", "Teach the tagger with verdicts, list what was taught, switch back."),
    "models": ("models", "List, pull, verify, pin or export models."),
    "eval": ("evaluate", "Score the models on recordings with ground truth."),
    "retag": ("care", "Tag all stored calls again after a model or taxonomy change."),
    "access": ("rights", "Gather everything that exists about calls, for whoever asks."),
    "forget": ("rights", "Erase everything that exists about calls."),
    "retention": ("rights", "Delete what is past its term."),
    "key": ("key", "Make, check and change the key of the work folder."),
    "doctor": ("care", "Check the set-up: settings, models, inbox, database, disk."),
}
"""Every command: the module under ``callinsight.commands`` that holds it, and its line in the help."""


class LazyGroup(click.Group):
    """A group that imports the module of a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a newcomer needs them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or ``None`` when there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"callinsight.commands.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name.replace("-", "_") + "_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Examples:\n\n"
    "\b\n"
    "  callinsight demo\n"
    "  callinsight run\n"
    '  callinsight sql "SELECT * FROM questions_per_week LIMIT 10"\n'
    "  callinsight COMMAND --help",
)
@click.version_option(__version__, message="callinsight %(version)s")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; default callinsight.toml here.",
)
@click.pass_context
def main_command(ctx: click.Context, settings_file: Path | None) -> None:
    """From a night of Dutch call recordings to trends in DuckDB.

    Exit codes: 0 all is well, 1 some recordings were set aside, 2 cannot run.
    """
    ctx.obj = settings_file


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: run a command and end with its exit code."""
    from callinsight import hygiene, offline

    offline.apply()
    hygiene.hush()
    try:
        code = main_command.main(args=arguments, prog_name="callinsight", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped. What was done is kept; run the same command to go on.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = EXIT_CANNOT_RUN
    except CallinsightError as error:
        click.echo(f"callinsight: {error}", err=True)
        code = EXIT_CANNOT_RUN
    except Exception as error:  # noqa: BLE001 - the seam: a traceback would show texts that may hold speech
        click.echo(f"callinsight: unforeseen trouble: {hygiene.told(error)}. {_NEXT_STEP}", err=True)
        code = EXIT_CANNOT_RUN
    sys.exit(code if isinstance(code, int) else EXIT_OK)
