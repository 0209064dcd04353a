"""The commands for the key of the work folder: make one, check, change it, seal what is plain."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import click

from callinsight import console, rotation, settings
from callinsight.cli import EXIT_CANNOT_RUN, EXIT_OK, EXIT_SOME_FAILED
from callinsight.errors import SettingsError
from callinsight.keys import KeySource, new_key, write_key_file
from callinsight.rotation import Sealing
from callinsight.store.cipher import database_key

_DATABASE = {
    "none": "er is nog geen database",
    "plain": "leesbaar, niet versleuteld",
    "encrypted": "versleuteld met de sleutel",
    "older": "versleuteld met de vorige sleutel: maak het wisselen af",
    "other": "versleuteld met een sleutel die er niet is",
}
_SHOWN = 10


@click.group(
    "key",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n\b\n"
    "  callinsight key check\n"
    "  callinsight key new /etc/callinsight/data.key\n"
    "  callinsight key rotate",
)
def key_command() -> None:
    """Make, check and change the key that the work folder is encrypted with.

    Where the key comes from stands in the settings, section encryption. Without it nothing can be read again: keep a
    copy away from this machine.
    """


@key_command.command(
    "new",
    short_help="Make a key in a new file, or print one.",
    epilog="Examples:\n\n\b\n"
    "  callinsight key new /etc/callinsight/data.key\n"
    "  callinsight key new - | vault kv put secret/callinsight key=-",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.pass_obj
def new_command(_: Path | None, file: Path) -> int:
    """Make a key in a new FILE that its owner alone can read, or print one when FILE is -."""
    if str(file) == "-":
        click.echo(new_key().text)
        return EXIT_OK
    made = new_key()
    try:
        write_key_file(file, made)
    except FileExistsError:
        raise SettingsError(
            f"{file.name} is there already, and a key is never overwritten: give another name"
        ) from None
    except OSError as error:
        raise SettingsError(f"{file.name} cannot be written ({error.strerror}): is its folder there?") from None
    console.out.print(f"Sleutel {made.key_id} gemaakt. Bewaar een kopie buiten deze machine.", highlight=False)
    return EXIT_OK


@key_command.command(
    "check", short_help="Show the key's name and what it encrypts.", epilog="Example: callinsight key check"
)
@click.pass_obj
def check_command(file: Path | None) -> int:
    """Show where the key comes from, and what is encrypted with it. Nothing is changed."""
    chosen = settings.load(file)
    vault = rotation.vault_for(chosen)
    keys = vault.known_keys()
    name = keys[0].key_id if keys else "is er nog niet"
    console.out.print(f"Sleutel: {name} (uit {_place(vault.source)})", highlight=False, soft_wrap=True)
    if not vault.source.enabled:
        console.out.print("Versleutelen staat uit (encryption.enabled = false).", highlight=False)
    if vault.source.from_file and vault.source.old_file.exists():
        console.out.print("Het wisselen van de sleutel is niet afgemaakt: callinsight key rotate", highlight=False)
    database = rotation.database_state(chosen)
    console.out.print(f"Database: {_DATABASE[database]}", highlight=False)
    found = rotation.states(chosen)
    rows = [(one.pattern, one.sealed, one.older, one.other, one.plain) for one in found]
    columns = ("bestanden", "verzegeld", "vorige sleutel", "andere sleutel", "leesbaar")
    console.out.print(console.table("", columns, rows))
    fits = database != "other" and not any(one.other for one in found)
    return EXIT_OK if fits else EXIT_CANNOT_RUN


@key_command.command(
    "rotate",
    short_help="Change the key.",
    epilog="Examples:\n\n\b\n"
    "  callinsight key rotate                    # the key lies in a file: a new one is made\n"
    "  callinsight key rotate --old before.key   # the new key is in its place already",
)
@click.option(
    "--old",
    "old_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the key before, when the settings give the new one already.",
)
@click.pass_obj
def rotate_command(file: Path | None, old_file: Path | None) -> int:
    """Change the key: everything is sealed anew, and the database encrypted anew.

    Can be stopped at any moment and run again. The key before is kept beside the new one until all has been opened with
    the new key. The database must be free; other processes wait with writing.
    """
    chosen = settings.load(file)
    return _tell(rotation.rotate(chosen, old_file, _watch), "De sleutel is gewisseld.")


@key_command.command("seal", short_help="Encrypt what is still plain.", epilog="Example: callinsight key seal")
@click.pass_obj
def seal_command(file: Path | None) -> int:
    """Encrypt what is still plain, or make it plain when encryption.enabled is false. The key stays.

    Needed once at most: without it each file follows when it is next written. Can be stopped and run again.
    """
    return _tell(rotation.seal_all(settings.load(file), _watch), "Alles ligt zoals de instellingen vragen.")


@key_command.command(
    "database",
    short_help="Print the key of the database for DuckDB's own tools.",
    epilog="Example: callinsight key database",
)
@click.pass_obj
def database_command(file: Path | None) -> int:
    """Print the key of the database, for DuckDB's own tools: ATTACH 'work/callinsight.duckdb' (ENCRYPTION_KEY '...').

    It opens the database and its search index, and nothing else.
    """
    vault = rotation.vault_for(settings.load(file))
    keys = vault.known_keys()
    if not keys:
        raise SettingsError(f"{vault.source.words} is not there: nothing has been encrypted yet, or restore it")
    click.echo(database_key(keys[0]))
    return EXIT_OK


def _place(source: KeySource) -> str:
    if source.given is not None:
        return "CALLINSIGHT_ENCRYPTION__KEY"
    return "encryption.key_command" if source.command is not None else str(source.file)


def _watch(steps: int) -> AbstractContextManager[Callable[[int], object]]:
    return console.counting("Bestanden verzegelen en nakijken", steps)


def _tell(done: Sealing, well: str) -> int:
    console.out.print(f"{done.files} bestanden bekeken, {done.written} opnieuw geschreven.")
    if not done.closed:
        console.out.print(well)
        return EXIT_OK
    console.out.print(f"{len(done.closed)} zijn met geen sleutel te openen, of gewijzigd sinds ze zijn geschreven:")
    for place in done.closed[:_SHOWN]:
        console.out.print(f"  {place}", highlight=False, markup=False)
    console.out.print("Zet ze terug uit een reservekopie, of wis ze, en geef de opdracht opnieuw.")
    return EXIT_SOME_FAILED
