"""Reads, checks and describes the taxonomy's files."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from callinsight import overlaid
from callinsight.core.signals import SignalRules
from callinsight.core.succession import Succession, settled
from callinsight.core.taxonomy import Taxonomy, TaxonomyError
from callinsight.errors import SettingsError
from callinsight.fast_yaml import load_yaml
from callinsight.overlay import PREFIX, Overlay, read_overlay
from callinsight.settings import Settings

RULES_FILE = "signal_rules.yaml"


def _parse(path: Path, name: str) -> Any:
    try:
        return load_yaml(path.read_text(encoding="utf-8"))
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


def load_taxonomy(folder: Path, overlay: Path | None = None) -> Taxonomy:
    """The taxonomy of ``folder`` (``models/taxonomy``), with the municipality's ``overlay`` over it when there is one.

    Raises ``SettingsError`` that tells every fault in it.
    """
    try:
        return _whole(folder, overlay)
    except TaxonomyError as error:
        raise SettingsError("the taxonomy has faults: " + str(error)) from error


def _whole(folder: Path, overlay: Path | None) -> Taxonomy:
    if overlay is None:
        return settled(Taxonomy.from_documents(read_documents(folder)))
    return overlaid.overlaid(read_documents(folder), _own(folder, overlay), overlay.name)


def _own(folder: Path, overlay: Path) -> Overlay:
    if overlay.resolve().is_relative_to(folder.resolve()):
        raise SettingsError(f"the overlay {overlay.name} lies among our own files; lay it beside callinsight.toml")
    return read_overlay(overlay)


def taxonomy_of(settings: Settings) -> Taxonomy:
    """The taxonomy that counts under ``settings``. Raises ``SettingsError`` that tells every fault in it."""
    return load_taxonomy(settings.models.taxonomy, settings.models.taxonomy_overlay)


def succession_of(settings: Settings) -> Succession | None:
    """What counts as what under ``settings``; ``None`` when the taxonomy or the overlay has faults.

    For what must not wait until those are mended, such as erasing a call. The next load tells them.
    """
    try:
        return Succession.of(taxonomy_of(settings))
    except SettingsError:
        return None


def load_rules(folder: Path, taxonomy: Taxonomy, overlay: Path | None = None) -> SignalRules:
    """The signal rules beside the taxonomy, with those of the overlay. ``SettingsError`` tells every fault in them."""
    try:
        return _rules(folder, taxonomy, overlay)
    except TaxonomyError as error:
        raise SettingsError("the signal rules have faults: " + str(error)) from error


def rules_of(settings: Settings, taxonomy: Taxonomy) -> SignalRules:
    """The signal rules under ``settings``. Raises ``SettingsError`` that tells every fault in them."""
    return load_rules(settings.models.taxonomy, taxonomy, settings.models.taxonomy_overlay)


def _rules(folder: Path, taxonomy: Taxonomy, overlay: Path | None) -> SignalRules:
    document = _parse(folder / RULES_FILE, RULES_FILE)
    signals = {} if overlay is None else _own(folder, overlay).add.signals
    if overlay is None or not signals or not isinstance(document, dict):
        return SignalRules.from_document(document, taxonomy)
    own = {
        name: one.model_dump(mode="json", include={"any", "unless", "within_words", "negation"})
        for name, one in signals.items()
    }
    try:
        return SignalRules.from_document(document | {"rules": {**document.get("rules", {}), **own}}, taxonomy)
    except TaxonomyError as error:  # a fault in a rule of the overlay is told as standing there
        told = [problem.removeprefix(f"{RULES_FILE}: ") for problem in error.problems]
        places = {f"{name}: ": f"{overlay.name}, add, signals, {name}: " for name in own}
        found = [next((own for own in places if one.startswith(own)), None) for one in told]
        raise TaxonomyError(
            tuple(
                problem if own is None else places[own] + one.removeprefix(own)
                for problem, one, own in zip(error.problems, told, found, strict=True)
            )
        ) from None


def check(folder: Path, overlay: Path | None = None) -> list[str]:
    """Every fault of the taxonomy, overlay and signal rules as a sentence; empty when there is none."""
    try:
        _rules(folder, _whole(folder, overlay), overlay)
    except TaxonomyError as error:
        return list(error.problems)
    except SettingsError as error:
        return [str(error)]
    return []


def doubts(folder: Path, overlay: Path) -> list[str]:
    """What the overlay may say and probably does not mean. Raises ``SettingsError`` for faults."""
    return overlaid.doubts(load_taxonomy(folder, overlay), read_overlay(overlay), overlay.name)


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


_SECTION = {
    "domain": "domains",
    "topic": "topics",
    "facet": "facets",
    "need": "needs",
    "outcome": "outcomes",
    "signal": "signals",
    "life event": "life_events",
}
"""Where in a ``Taxonomy`` the entries of a kind of :func:`describe` stand."""


def mark(taxonomy: Taxonomy, labels: Mapping[tuple[str, str], str], kind: str, name: str) -> str:
    """What an overlay did to an entry, in plain Dutch; empty for most.

    ``kind`` and ``name`` are as in :func:`describe`, ``labels`` those that we give entries by both.
    """
    topic, _, own = name.rpartition("/")
    entry = taxonomy.facet(topic, own) if kind == "question" else getattr(taxonomy, _SECTION[kind])[name]
    hint = taxonomy.hint("facets" if kind == "question" else _SECTION[kind], name)
    marks = ["eigen"] if own.startswith(PREFIX) else ["eigen woorden"] if hint.cues or hint.examples else []
    if getattr(entry, "deprecated", False):
        into = entry.replaced_by
        marks.append(f"samengevoegd met {into}" if into else "verborgen")
    if labels.get((kind, name), entry.label) != entry.label:
        marks.append(f"heet bij ons {labels[kind, name]}")
    return ", ".join(marks)
