"""The heads that corrections taught: sealed files in the work folder, and a note of which are in use.

A file ``tagger/<name>.safetensors`` holds what is added to the model's own heads, which are never touched; its name
is a digest of its content. ``tagger/in_use.json`` lists by model which heads were switched to, the last being in use;
heads of another model, or of an earlier version of the same, are never applied.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from callinsight.bundle import read_sealed, write_atomically, write_sealed
from callinsight.core.corrections import Change, Corrections
from callinsight.errors import SealError, SettingsError, StoreError

FILE_NAME = "taught.safetensors"
"""What a folder holds that trained heads are written to on request."""

MOST_KEPT = 5
ORIGINAL = ""
"""Stands in the history for the model's own heads."""

_PATTERN = "h[0-9a-f]*.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class TaughtHeads:
    """Corrections with what they belong to: ``base`` names the model, ``about`` tells when and from what."""

    corrections: Corrections
    base: str
    about: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """The file; equal heads give equal bytes."""
        from safetensors.numpy import save

        arrays, labels = {}, {}
        for level, change in sorted(self.corrections.changes.items()):
            arrays[f"{level}.weight"], arrays[f"{level}.bias"] = change.weight, change.bias
            labels[level] = {"names": list(change.names), "thresholds": dict(change.thresholds)}
        told = {"base": self.base, "labels": labels, "about": dict(self.about)}
        return bytes(save(arrays, metadata={"told": json.dumps(told, sort_keys=True)}))

    @staticmethod
    def from_bytes(data: bytes) -> "TaughtHeads":
        """Raises ``ValueError`` for anything else."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            size = int.from_bytes(data[:8], "little")
            told = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["told"])
            arrays = load(data)
            changes = {
                level: Change(
                    tuple(of["names"]), arrays[f"{level}.weight"], arrays[f"{level}.bias"], dict(of["thresholds"])
                )
                for level, of in told["labels"].items()
            }
            return TaughtHeads(Corrections(changes), str(told["base"]), dict(told["about"]))
        except (SafetensorError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError("no heads") from error

    @property
    def taught_at(self) -> datetime | None:
        """When they were trained."""
        told = self.about.get("taught_at")
        return datetime.fromisoformat(told) if isinstance(told, str) else None


def heads_path(folder: Path, name: str) -> Path:
    """Where heads of this name lie."""
    return folder / f"{name}.safetensors"


def keep(folder: Path, heads: TaughtHeads) -> str:
    """Write heads, switching nothing; their name. Raises ``SettingsError`` or ``KeyFitError`` without a key."""
    data = heads.to_bytes()
    name = "h" + hashlib.sha256(data).hexdigest()[:10]
    write_sealed(heads_path(folder, name), data)
    return name


def read(folder: Path, name: str) -> TaughtHeads:
    """Heads by name. Raises ``StoreError`` when they are missing or damaged."""
    try:
        return TaughtHeads.from_bytes(read_sealed(heads_path(folder, name)))
    except (OSError, ValueError, SealError):
        raise StoreError(
            f"the taught heads {name} are missing or damaged: run `callinsight tagger use --original`, or another name "
            "of `callinsight tagger list`"
        ) from None


def read_from(place: Path) -> TaughtHeads:
    """Heads from a folder or file outside the work folder. Raises ``SettingsError``."""
    file = place / FILE_NAME if place.is_dir() else place
    try:
        return TaughtHeads.from_bytes(file.read_bytes())
    except (OSError, ValueError):
        raise SettingsError(f"{place.name} holds no heads that `callinsight tagger train --out` wrote") from None


def _note(folder: Path) -> Path:
    return folder / "in_use.json"


def _history(folder: Path) -> dict[str, list[str]]:
    try:
        told = json.loads(_note(folder).read_bytes())
        return {str(base): [str(name) for name in names] for base, names in told.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError):
        raise StoreError(
            f"{folder.name}/{_note(folder).name} is damaged: delete it, then choose with `callinsight tagger use`"
        ) from None


def in_use(folder: Path, base: str) -> str:
    """The name of the heads in use with a model; ``ORIGINAL`` for its own. Raises ``StoreError`` for a damaged note."""
    return _history(folder).get(base, [ORIGINAL])[-1]


def earlier(folder: Path, base: str) -> Sequence[str]:
    """The names that were in use with a model before, oldest first."""
    return _history(folder).get(base, [ORIGINAL])[:-1]


def known(folder: Path) -> list[str]:
    """The names of all heads that are kept, sorted."""
    return sorted(path.stem for path in folder.glob(_PATTERN))


def use(folder: Path, base: str, name: str) -> None:
    """Switch to heads that are kept, or to the model's own; atomic. Raises ``StoreError`` when they do not fit."""
    if name != ORIGINAL and read(folder, name).base != base:
        raise StoreError(f"the heads {name} were taught to another tagger, or to another version of it")
    history = _history(folder)
    before = history.get(base, [ORIGINAL])
    if before[-1] != name:
        _write(folder, history | {base: [*before, name][-MOST_KEPT:]})


def back(folder: Path, base: str) -> str:
    """Switch to what was in use before the last switch; its name. Raises ``SettingsError`` when there is nothing."""
    history = _history(folder)
    before = history.get(base, [ORIGINAL])[:-1]
    if not before:
        raise SettingsError("there is nothing to go back to: the tagger's own heads are in use")
    _write(folder, history | {base: before})
    return before[-1]


def _write(folder: Path, history: Mapping[str, list[str]]) -> None:
    """Keep the history, then drop the heads that are no longer in it: they were learned from calls."""
    write_atomically(_note(folder), json.dumps(history, indent=1, sort_keys=True).encode() + b"\n")
    wanted = {name for names in history.values() for name in names}
    for name in known(folder):
        if name not in wanted:
            heads_path(folder, name).unlink(missing_ok=True)
