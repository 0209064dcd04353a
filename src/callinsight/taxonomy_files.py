"""Reads, checks and describes the taxonomy's files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from callinsight.core.signals import SignalRules
from callinsight.core.taxonomy import Taxonomy, TaxonomyError
from callinsight.errors import SettingsError

RULES_FILE = "signal_rules.yaml"


def _parse(path: Path, name: str) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"taxonomy file {name} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise SettingsError(f"taxonomy file {name}{where} is not valid YAML in UTF-8") from error


def read_documents(folder: Path) -> dict[str, Any]:
    """All YAML documents of the taxonomy folder by name relative to it, without the rules; sorted by name.

    Raises ``SettingsError`` when the folder is missing or a file is not YAML.
    """
    files = sorted(path for path in folder.rglob("*.yaml") if path.name != RULES_FILE)
    if not files:
        raise SettingsError("the taxonomy folder is missing or holds no .yaml files; settings key: taxonomy")
    return {name: _parse(path, name) for path in files for name in [path.relative_to(folder).as_posix()]}


def folder_digest(folder: Path) -> str:
    """A short digest of all that stands in the taxonomy and its rules; comments count too."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(folder.rglob("*.yaml")):
        digest.update(f"{path.relative_to(folder).as_posix()}\x1f".encode() + path.read_bytes() + b"\x1e")
    return digest.hexdigest()


def load_taxonomy(folder: Path) -> Taxonomy:
    """The taxonomy of ``folder`` (``models/taxonomy``). Raises ``SettingsError`` that tells every fault in it."""
    try:
        return Taxonomy.from_documents(read_documents(folder))
    except TaxonomyError as error:
        raise SettingsError("the taxonomy has faults: " + str(error)) from error


def load_rules(folder: Path, taxonomy: Taxonomy) -> SignalRules:
    """The signal rules beside the taxonomy. Raises ``SettingsError`` that tells every fault in them."""
    try:
        return SignalRules.from_document(_parse(folder / RULES_FILE, RULES_FILE), taxonomy)
    except TaxonomyError as error:
        raise SettingsError("the signal rules have faults: " + str(error)) from error


def check(folder: Path) -> list[str]:
    """Every fault of the taxonomy and its signal rules as a sentence; empty when there is none."""
    try:
        taxonomy = Taxonomy.from_documents(read_documents(folder))
        SignalRules.from_document(_parse(folder / RULES_FILE, RULES_FILE), taxonomy)
    except TaxonomyError as error:
        return list(error.problems)
    except SettingsError as error:
        return [str(error)]
    return []


def describe(taxonomy: Taxonomy) -> Sequence[tuple[str, str, str, str]]:
    """Rows for ``callinsight taxonomy show``: kind, id (a specific question as ``topic/id``), label, belongs to."""
    rows = [("domain", one.id, one.label, "") for one in taxonomy.domains.values()]
    for topic in taxonomy.topics.values():
        rows.append(("topic", topic.id, topic.label, topic.domain))
        rows += [("question", f"{topic.id}/{own.id}", own.label, topic.id) for own in topic.specific]
    rows += [("facet", one.id, one.label, one.section) for one in taxonomy.facets.values()]
    rows += [("need", one.id, one.label, ", ".join(one.areas)) for one in taxonomy.needs.values()]
    rows += [("outcome", one.id, one.label, one.fcr.value) for one in taxonomy.outcomes.values()]
    rows += [("signal", one.id, one.label, one.severity.value) for one in taxonomy.signals.values()]
    rows += [("life event", one.id, one.label, ", ".join(one.topics)) for one in taxonomy.life_events.values()]
    return tuple(rows)
