"""Which models there are, where they lie, and whether they are what they should be.

``models/registry.toml`` names them; a lock (JSON beside the models) pins the revision and the sha256 of every file.
"""

import hashlib
import json
import tarfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from callinsight.errors import ModelError

Part = Literal["speech", "speakers", "tagger", "names"]
PARTS: tuple[Part, ...] = ("speech", "speakers", "tagger", "names")
OPTIONAL_PARTS: frozenset[Part] = frozenset(("names",))
"""What a profile may leave out: without ``names`` the rules alone find names."""
LOCK_NAME = "lock.json"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the registry; exactly one of ``path`` (bundled) and ``hub`` is given."""

    name: str
    engine: str
    path: str | None
    hub: str | None
    revision: str | None
    licence: str
    languages: tuple[str, ...]
    gated: bool

    @property
    def source(self) -> str:
        """Where it comes from, for people."""
        return self.hub or self.path or ""


@dataclass(frozen=True, slots=True)
class Registry:
    """The models and profiles of ``registry.toml``, and where bundled and pulled files lie."""

    root: Path
    pulled: Path
    models: Mapping[str, ModelEntry]
    profiles: Mapping[str, Mapping[Part, str]]

    def folder_of(self, entry: ModelEntry) -> Path:
        """Where the files of ``entry`` lie, or will lie once pulled."""
        return self.root / entry.path if entry.path else self.pulled / entry.name

    def entry(self, name: str) -> ModelEntry:
        """The model called ``name``. Raises ``ModelError``."""
        if name not in self.models:
            raise ModelError(f"no model {name!r} in the registry: known are {', '.join(sorted(self.models))}")
        return self.models[name]

    def profile(self, name: str) -> dict[Part, ModelEntry]:
        """The models of a profile by part. Raises ``ModelError``."""
        if name not in self.profiles:
            raise ModelError(f"no profile {name!r} in the registry: known are {', '.join(sorted(self.profiles))}")
        return {part: self.entry(model) for part, model in self.profiles[name].items()}

    def require(self, entry: ModelEntry) -> Path:
        """The folder of ``entry``, present. Raises ``ModelError`` that says how to get it."""
        folder = self.folder_of(entry)
        if not folder.is_dir():
            how = f"run `callinsight models pull {entry.name}`" if entry.hub else "restore models/ from the repository"
            raise ModelError(f"model {entry.name} is not there: {how}")
        return folder

    def lock_file(self, entry: ModelEntry) -> Path:
        """The lock that pins ``entry``."""
        return self.folder_of(entry).parent / LOCK_NAME


def load(registry_file: Path, pulled: Path) -> Registry:
    """Read a registry file. Raises ``ModelError`` when it is missing or makes no sense."""
    try:
        document = tomllib.loads(registry_file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError("models/registry.toml is not there: run from the repository or set models.registry") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{registry_file.name} is not valid TOML: {error}") from error
    models = {name: _entry(name, values) for name, values in document.get("models", {}).items()}
    profiles: dict[str, Mapping[Part, str]] = {}
    for name, parts in document.get("profiles", {}).items():
        if not set(PARTS) - OPTIONAL_PARTS <= set(parts) <= set(PARTS):
            optional = ", ".join(sorted(OPTIONAL_PARTS))
            raise ModelError(f"profile {name} must name exactly {', '.join(PARTS)} ({optional} may be left out)")
        profiles[name] = {part: parts[part] for part in PARTS if part in parts}
    registry = Registry(registry_file.resolve().parent.parent, pulled, models, profiles)
    for name in profiles:
        registry.profile(name)
    return registry


def _entry(name: str, values: Mapping[str, Any]) -> ModelEntry:
    if bool(values.get("path")) == bool(values.get("hub")):
        raise ModelError(f"model {name} must have either a path or a hub name")
    return ModelEntry(
        name=name,
        engine=values["engine"],
        path=values.get("path"),
        hub=values.get("hub"),
        revision=values.get("revision"),
        licence=values.get("licence", "unknown"),
        languages=tuple(values.get("languages", ())),
        gated=bool(values.get("gated", False)),
    )


def file_digests(folder: Path) -> dict[str, str]:
    """sha256 in hex of every file under ``folder``, by relative name; hidden files and caches left out."""
    digests = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            with file.open("rb") as stream:
                digests[name.as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digests


def write_lock(registry: Registry, entry: ModelEntry, revision: str | None) -> None:
    """Pin the files of ``entry`` as they lie there now."""
    lock = registry.lock_file(entry)
    pinned = read_lock(lock)
    pinned[entry.name] = {
        "source": entry.source,
        "revision": revision,
        "files": file_digests(registry.require(entry)),
    }
    lock.write_text(json.dumps(pinned, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_lock(lock: Path) -> dict[str, Any]:
    """The pinned models of a lock file; empty when there is none. Raises ``ModelError`` when it is damaged."""
    if not lock.is_file():
        return {}
    try:
        pinned = json.loads(lock.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError("the models' lock.json is damaged: pull the models again") from error
    return dict(pinned)


def verify(registry: Registry, entry: ModelEntry) -> list[str]:
    """What is wrong with the files of ``entry``, a line each; empty when they are as pinned."""
    folder = registry.folder_of(entry)
    if not folder.is_dir():
        return [f"{entry.name}: not there"]
    pinned = read_lock(registry.lock_file(entry)).get(entry.name)
    if pinned is None:
        return [f"{entry.name}: not in {LOCK_NAME}"]
    found, expected = file_digests(folder), pinned["files"]
    return [
        *(f"{entry.name}: {name} is missing" for name in sorted(expected.keys() - found.keys())),
        *(f"{entry.name}: {name} is not in the lock" for name in sorted(found.keys() - expected.keys())),
        *(
            f"{entry.name}: {name} differs"
            for name in sorted(found.keys() & expected.keys())
            if found[name] != expected[name]
        ),
    ]


def digest_of(registry: Registry, entry: ModelEntry) -> str:
    """A short digest of a model for provenance: over its pinned files, or over those there when none are pinned."""
    pinned = read_lock(registry.lock_file(entry)).get(entry.name)
    files = pinned["files"] if pinned else file_digests(registry.require(entry))
    return hashlib.blake2b(json.dumps(files, sort_keys=True).encode(), digest_size=8).hexdigest()


def pull(registry: Registry, entries: Iterable[ModelEntry], report: Callable[[str], None]) -> None:
    """Fetch hub models into the folder of pulled models and pin them.

    Raises ``ModelError`` when the hub cannot be reached or refuses; what was fetched stays and is resumed.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError

    for entry in entries:
        if entry.hub is None:
            report(f"{entry.name}: bundled, nothing to fetch")
            continue
        try:
            revision = HfApi().model_info(entry.hub, revision=entry.revision).sha
            snapshot_download(entry.hub, revision=revision, local_dir=registry.folder_of(entry))
        except GatedRepoError as error:
            raise ModelError(f"{entry.hub} is gated: accept its conditions on the hub and set HF_TOKEN") from error
        except Exception as error:  # whatever the network libraries below the hub's client raise
            raise ModelError(
                f"{entry.hub} could not be fetched ({type(error).__name__}): check the network, or carry an archive "
                "made by `callinsight models export` on a machine that has one"
            ) from error
        write_lock(registry, entry, revision)
        report(f"{entry.name}: revision {revision}")


def export(registry: Registry, entries: Iterable[ModelEntry], target: Path) -> list[str]:
    """Pack models and their lock into one tar archive for a machine without internet; returns the names packed.

    Unpack it in the repository's root there. Raises ``ModelError`` when a model is missing or not as pinned.
    """
    packed, locks = [], set()
    with tarfile.open(target, "w") as archive:
        for entry in entries:
            problems = verify(registry, entry)
            if problems:
                raise ModelError("; ".join(problems))
            archive.add(registry.folder_of(entry), arcname=_archive_name(registry, registry.folder_of(entry)))
            locks.add(registry.lock_file(entry))
            packed.append(entry.name)
        for lock in sorted(locks):
            archive.add(lock, arcname=_archive_name(registry, lock))
    return packed


def _archive_name(registry: Registry, path: Path) -> str:
    resolved = path.resolve()
    if resolved.is_relative_to(registry.root):
        return resolved.relative_to(registry.root).as_posix()
    return f"models/pulled/{resolved.relative_to(registry.pulled.resolve()).as_posix()}"
