"""From parsed YAML documents to a validated ``Taxonomy``; every fault is gathered before anything is raised."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from callinsight.core.taxonomy import (
    Domain,
    Facet,
    LifeEvent,
    NeedKind,
    OutcomeKind,
    Party,
    Preventable,
    Resolution,
    SignalKind,
    Taxonomy,
    TaxonomyError,
    Topic,
)
from callinsight.core.values import UNKNOWN_LABEL, Severity

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SECTIONS = ("domains", "facets", "needs", "topics", "outcomes", "signals", "life_events")
_EXAMPLE_KINDS = ("topics", "facets", "needs", "outcomes")
_TOP_KEYS = ("version", "language", "domain", "examples", *_SECTIONS)
_FATE = ("deprecated", "replaced_by")
_KEYS = {
    "domains": ("label", "sensitive", "area"),
    "facets": ("label", "section", "preventable", *_FATE),
    "needs": ("label", "areas", *_FATE),
    "topics": (
        "label", "domain", "tier", "sensitive", "area", "report_category", "upl", "facets", "specific", "needs", "cues",
        "examples", "related", *_FATE,
    ),
    "outcomes": ("label", "kiss", "fcr", *_FATE),
    "signals": ("label", "party", "severity", *_FATE),
    "life_events": ("label", "topics", *_FATE),
}  # fmt: skip
_SPECIFIC_KEYS = ("label", "section", "preventable", *_FATE)
_DEFAULT_SECTION = "tekst"

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")
Entries = dict[str, tuple[str, Mapping[str, Any]]]
"""Entries of one section by id: the file it stands in, and its fields."""


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """A hint naming the valid id that looks most like ``wrong``; empty when nothing comes near."""
    close = difflib.get_close_matches(wrong, list(valid), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def is_id(name: str) -> bool:
    """Whether ``name`` may be an id: small letters, digits and single dashes."""
    return _ID.fullmatch(name) is not None


class _Entry:
    """One entry with its place, so that each fault names where it is; missing values become harmless defaults."""

    def __init__(self, place: str, fields: Mapping[str, Any], problems: list[str]) -> None:
        self.place, self.fields, self.problems = place, fields, problems

    def fault(self, text: str) -> None:
        self.problems.append(f"{self.place}: {text}")

    def only(self, keys: tuple[str, ...]) -> None:
        for key in self.fields:
            if key not in keys:
                self.fault(f"unknown key {key!r}{nearest(str(key), keys)}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.fields.get(key, default)
        if not isinstance(value, str) or not value.strip():
            self.fault(f"{key} must be a text")
            return default or ""
        return value

    def optional(self, key: str) -> str | None:
        return None if self.fields.get(key) is None else self.text(key)

    def flag(self, key: str) -> bool:
        value = self.fields.get(key, False)
        if not isinstance(value, bool):
            self.fault(f"{key} must be true or false")
        return value is True

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.fields.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            self.fault(f"{key} must be a list of texts")
            return ()
        if len(set(value)) < len(value):
            self.fault(f"{key} names something twice")
        return tuple(value)

    def references(self, key: str, valid: Iterable[str], what: str) -> tuple[str, ...]:
        known = list(valid)
        for one in self.texts(key):
            if one not in known:
                self.fault(f"{key} names {what} {one!r}, which does not exist{nearest(one, known)}")
        return self.texts(key) if isinstance(self.fields.get(key), list) else ()

    def fate(self, what: str, valid: Iterable[str]) -> tuple[bool, str | None]:
        """Whether the entry is deprecated, and what it counts as from then on."""
        deprecated, successor, known = self.flag("deprecated"), self.optional("replaced_by"), list(valid)
        if successor is not None and successor not in known:
            self.fault(f"replaced_by names {what} {successor!r}, which does not exist{nearest(successor, known)}")
        if successor is not None and not deprecated:
            self.fault(f"replaced_by is for deprecated {what}s only")
        return deprecated, successor

    def choice(self, key: str, kind: type[Choice], default: Choice | None = None) -> Choice:
        value = self.fields.get(key, default)
        names = [str(one) for one in kind]
        if value not in names:
            self.fault(f"{key} must be one of {', '.join(names)}{nearest(str(value), names)}")
            return next(iter(kind))
        return kind(value)


def _gather(docs: Mapping[str, Any], problems: list[str]) -> tuple[str, dict[str, Entries], dict[str, str]]:
    """The version, the raw entries per section and the domain of each topic, over all files."""
    version, found, domain_of = "", {name: Entries() for name in _SECTIONS}, {}
    for file, doc in docs.items():
        if not isinstance(doc, Mapping):
            problems.append(f"{file}: must hold a mapping")
            continue
        problems += [
            f"{file}: unknown key {key!r}{nearest(str(key), _TOP_KEYS)}" for key in doc if key not in _TOP_KEYS
        ]
        if "version" in doc:
            version = str(doc["version"])
        for section in _SECTIONS:
            for name, fields in _entries(file, section, doc, problems):
                if name in found[section]:
                    problems.append(f"{file}, {section}, {name}: stands in {found[section][name][0]} already")
                    continue
                found[section][name] = (file, fields)
                if section == "topics":
                    domain_of[name] = str(fields.get("domain", doc.get("domain", "")))
    if not version:
        problems.append("no file holds a version")
    problems += [f"no file holds {section}" for section in _SECTIONS[:-1] if not found[section]]
    return version, found, domain_of


def _entries(
    file: str, section: str, doc: Mapping[str, Any], problems: list[str]
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    raw = doc.get(section, {})
    if not isinstance(raw, Mapping):
        problems.append(f"{file}, {section}: must be a mapping from id to entry")
        return
    for name, fields in raw.items():
        if not isinstance(name, str) or _ID.fullmatch(name) is None:
            problems.append(f"{file}, {section}: id {name!r} must be kebab-case (small letters, digits, single dashes)")
        elif not isinstance(fields, Mapping):
            problems.append(f"{file}, {section}, {name}: must be a mapping")
        elif section == "topics" and name == UNKNOWN_LABEL:
            problems.append(f"{file}, {section}: {UNKNOWN_LABEL!r} is kept for calls that fit nowhere")
        else:
            yield name, fields


def _topic(entry: _Entry, name: str, domain: str, found: dict[str, Entries]) -> Topic:
    if domain not in found["domains"]:
        entry.fault(f"the domain {domain!r} does not exist{nearest(domain, found['domains'])}")
    tier = entry.fields.get("tier", 2)
    if tier not in (1, 2):
        entry.fault("tier must be 1 or 2")
    deprecated, replaced_by = entry.fate("topic", found["topics"])
    return Topic(
        id=name,
        label=entry.text("label"),
        domain=domain,
        tier=tier if tier in (1, 2) else 2,
        sensitive=entry.flag("sensitive"),
        area=entry.optional("area"),
        upl=entry.texts("upl"),
        facets=entry.references("facets", found["facets"], "facet"),
        specific=_specific(entry, name, found),
        needs=entry.references("needs", found["needs"], "need"),
        cues=entry.texts("cues"),
        examples=entry.texts("examples"),
        related=entry.references("related", found["topics"], "topic"),
        report_category=entry.optional("report_category"),
        deprecated=deprecated,
        replaced_by=replaced_by,
    )


def _specific(entry: _Entry, topic: str, found: dict[str, Entries]) -> tuple[Facet, ...]:
    raw = entry.fields.get("specific", {})
    if not isinstance(raw, Mapping):
        entry.fault("specific must be a mapping from id to label")
        return ()
    facets = []
    for name, value in raw.items():
        own = _Entry(
            f"{entry.place}, {name}", value if isinstance(value, Mapping) else {"label": value}, entry.problems
        )
        own.only(_SPECIFIC_KEYS)
        if not isinstance(name, str) or _ID.fullmatch(name) is None:
            own.fault("the id must be kebab-case (small letters, digits, single dashes)")
        if name in found["facets"]:
            own.fault("a generic facet has this id already")
        preventable = own.choice("preventable", Preventable, Preventable.DEPENDS)
        section = own.text("section", _DEFAULT_SECTION)
        fate = own.fate("question", [*(str(one) for one in raw), *found["facets"]])
        facets.append(Facet(str(name), own.text("label"), section, preventable, topic, *fate))
    return tuple(facets)


def _facet(entry: _Entry, name: str, found: dict[str, Entries]) -> Facet:
    preventable = entry.choice("preventable", Preventable)
    fate = entry.fate("facet", found["facets"])
    return Facet(name, entry.text("label"), entry.text("section"), preventable, None, *fate)


def _outcome(entry: _Entry, name: str, found: dict[str, Entries]) -> OutcomeKind:
    fate = entry.fate("outcome", found["outcomes"])
    if name == UNKNOWN_LABEL and fate != (False, None):
        entry.fault("is what remains when nothing is clear, and cannot be deprecated")
    return OutcomeKind(name, entry.text("label"), entry.optional("kiss"), entry.choice("fcr", Resolution), *fate)


def _signal(entry: _Entry, name: str, found: dict[str, Entries]) -> SignalKind:
    party, severity = entry.choice("party", Party), entry.choice("severity", Severity)
    return SignalKind(name, entry.text("label"), party, severity, *entry.fate("signal", found["signals"]))


def _life_event(entry: _Entry, name: str, found: dict[str, Entries]) -> LifeEvent:
    topics = entry.references("topics", found["topics"], "topic")
    return LifeEvent(name, entry.text("label"), topics, *entry.fate("life event", found["life_events"]))


def _build(
    section: str, found: dict[str, Entries], problems: list[str], make: Callable[[_Entry, str], Value]
) -> Mapping[str, Value]:
    values = {}
    for name, (file, fields) in found[section].items():
        entry = _Entry(f"{file}, {section}, {name}", fields, problems)
        entry.only(_KEYS[section])
        values[name] = make(entry, name)
    return MappingProxyType(values)


def read_documents(docs: Mapping[str, Any]) -> Taxonomy:
    """See ``Taxonomy.from_documents``."""
    problems: list[str] = []
    version, found, domain_of = _gather(docs, problems)
    taxonomy = Taxonomy(
        version=version,
        domains=_build(
            "domains", found, problems, lambda e, i: Domain(i, e.text("label"), e.flag("sensitive"), e.optional("area"))
        ),
        facets=_build("facets", found, problems, lambda e, i: _facet(e, i, found)),
        needs=_build(
            "needs",
            found,
            problems,
            lambda e, i: NeedKind(i, e.text("label"), e.texts("areas"), *e.fate("need", found["needs"])),
        ),
        topics=_build("topics", found, problems, lambda e, i: _topic(e, i, domain_of[i], found)),
        outcomes=_build("outcomes", found, problems, lambda e, i: _outcome(e, i, found)),
        signals=_build("signals", found, problems, lambda e, i: _signal(e, i, found)),
        life_events=_build("life_events", found, problems, lambda e, i: _life_event(e, i, found)),
        examples=_examples(docs, found, problems),
    )
    problems += _wrong_areas(taxonomy)
    if UNKNOWN_LABEL not in taxonomy.outcomes:
        problems.append(f"outcomes: {UNKNOWN_LABEL!r} must be among them")
    if problems:
        raise TaxonomyError(tuple(problems))
    return taxonomy


def _examples(
    docs: Mapping[str, Any], found: dict[str, Entries], problems: list[str]
) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Example sentences by kind and id; each id must exist in its section."""
    gathered: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for file, doc in docs.items():
        raw = doc.get("examples", {}) if isinstance(doc, Mapping) else {}
        for kind, entries in raw.items() if isinstance(raw, Mapping) else ():
            if kind not in _EXAMPLE_KINDS:
                problems.append(f"{file}, examples: unknown key {kind!r}{nearest(str(kind), _EXAMPLE_KINDS)}")
                continue
            entry = _Entry(f"{file}, examples, {kind}", entries if isinstance(entries, Mapping) else {}, problems)
            for name in entry.fields:
                if name not in found[kind]:
                    entry.fault(f"{name!r} does not exist{nearest(str(name), found[kind])}")
            gathered[kind] = MappingProxyType({str(name): entry.texts(name) for name in entry.fields})
    return MappingProxyType(gathered)


def _wrong_areas(taxonomy: Taxonomy) -> list[str]:
    """Areas of needs that no domain and no topic has: they could never meet."""
    areas = {d.area for d in taxonomy.domains.values()} | {t.area for t in taxonomy.topics.values()}
    known = sorted(area for area in areas if area)
    return [
        f"needs, {need.id}: area {area!r} belongs to no domain or topic{nearest(area, known)}"
        for need in taxonomy.needs.values()
        for area in need.areas
        if area not in known
    ]
