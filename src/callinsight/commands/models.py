"""The commands around models: list, pull, verify, lock, export."""

from pathlib import Path

import click

from callinsight import assembly, console, offline, registry, settings
from callinsight.cli import EXIT_CANNOT_RUN, EXIT_OK
from callinsight.registry import ModelEntry, Registry


@click.group("models", context_settings={"help_option_names": ["-h", "--help"]})
def models_command() -> None:
    """List, pull, verify, pin or export models."""


@models_command.command("list")
@click.pass_obj
def list_models(file: Path | None) -> int:
    """Show the models of the registry, and which profile uses them."""
    models = _registry(file)
    users = {
        name: ", ".join(p for p, parts in models.profiles.items() if name in parts.values()) for name in models.models
    }
    rows = [
        (entry.name, entry.engine, entry.source, entry.licence, users[entry.name], _state(models, entry))
        for entry in models.models.values()
    ]
    console.out.print(console.table("", ("model", "engine", "source", "licence", "profiles", "here"), rows))
    return EXIT_OK


@models_command.command("pull", epilog="Example: callinsight models pull --profile gpu")
@click.argument("names", nargs=-1)
@click.option("--profile", help="All models of a profile.")
@click.pass_obj
def pull_models(file: Path | None, names: tuple[str, ...], profile: str | None) -> int:
    """Fetch models from the hub and pin the sha256 of every file. Needs a network; the only command that does."""
    models = _registry(file)
    chosen = _chosen(models, names, profile)
    offline.apply(allow_network=True)
    registry.pull(models, chosen, click.echo)
    return EXIT_OK


@models_command.command("verify", epilog="Example: callinsight models verify --profile demo")
@click.argument("names", nargs=-1)
@click.option("--profile", help="All models of a profile; default the one in the settings.")
@click.pass_obj
def verify_models(file: Path | None, names: tuple[str, ...], profile: str | None) -> int:
    """Compare the files of models with their lock."""
    models = _registry(file)
    chosen = _chosen(models, names, profile or settings.load(file).models.profile)
    problems = [problem for entry in chosen for problem in registry.verify(models, entry)]
    for problem in problems:
        click.echo(problem, err=True)
    if not problems:
        click.echo(f"{len(chosen)} models are as pinned.")
    return EXIT_CANNOT_RUN if problems else EXIT_OK


@models_command.command("lock", epilog="Example: callinsight models lock --profile demo")
@click.argument("names", nargs=-1)
@click.option("--profile", help="All models of a profile.")
@click.pass_obj
def lock_models(file: Path | None, names: tuple[str, ...], profile: str | None) -> int:
    """Pin the files of models as they lie here now; for who trains or carries models."""
    models = _registry(file)
    for entry in _chosen(models, names, profile):
        registry.write_lock(models, entry, entry.revision)
        click.echo(f"{entry.name}: pinned")
    return EXIT_OK


@models_command.command("export", epilog="Example: callinsight models export --profile cpu models.tar")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--profile", help="Which profile; default the one in the settings.")
@click.pass_obj
def export_models(file: Path | None, target: Path, profile: str | None) -> int:
    """Pack a profile's models into one archive for a machine without internet; unpack it in the repository there."""
    models = _registry(file)
    chosen = _chosen(models, (), profile or settings.load(file).models.profile)
    for name in registry.export(models, chosen, target):
        click.echo(f"{name}: packed")
    return EXIT_OK


def _registry(file: Path | None) -> Registry:
    return assembly.open_registry(settings.load(file))


def _chosen(models: Registry, names: tuple[str, ...], profile: str | None) -> list[ModelEntry]:
    if names:
        return [models.entry(name) for name in names]
    if profile is None:
        raise click.UsageError("name models, or give --profile")
    return list(models.profile(profile).values())


def _state(models: Registry, entry: ModelEntry) -> str:
    if not models.folder_of(entry).is_dir():
        return "no"
    return "damaged" if registry.verify(models, entry) else "yes"
