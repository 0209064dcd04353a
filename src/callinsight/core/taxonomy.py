"""What residents phone about: topics with their sub-questions, needs, outcomes, signals and life events.

The entries stand in YAML files under ``models/taxonomy``; ``callinsight.taxonomy_files`` reads them. Here parsed
documents become frozen values, and everything that is wrong with them is told at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from callinsight.core.values import UNKNOWN_LABEL, Severity

UNKNOWN_TOPIC_NAME = "Onbekend"


class TaxonomyError(ValueError):
    """The documents do not form a taxonomy. ``problems`` holds one sentence per fault, with file and entry."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Preventable(StrEnum):
    """Whether a better letter, page or process normally makes such a question unnecessary: a prior, no verdict."""

    LIKELY = "likely"
    DEPENDS = "depends"
    UNLIKELY = "unlikely"


class Resolution(StrEnum):
    """How an outcome counts in resolution at first contact."""

    SOLVED = "solved"
    NOT_SOLVED = "not-solved"
    EXCLUDED = "excluded"


class Party(StrEnum):
    """Whose words carry a signal."""

    AGENT = "agent"
    CALLER = "caller"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Hints:
    """Cues and sentences of an entry that a municipality's overlay gives, and that no model was trained on."""

    cues: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """A group of topics. ``area`` is the field of life it belongs to, ``None`` outside the social domain."""

    id: str
    label: str
    sensitive: bool = False
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """A sub-question: generic when ``topic`` is ``None``, else a specific question of that topic.

    ``section`` names the part of a knowledge article that should have answered it.
    """

    id: str
    label: str
    section: str
    preventable: Preventable
    topic: str | None = None
    deprecated: bool = False
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class NeedKind:
    """A need behind questions; ``areas`` are the fields of life of the social domain that it belongs to."""

    id: str
    label: str
    areas: tuple[str, ...] = ()
    deprecated: bool = False
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that residents phone about.

    ``facets`` are the ids of generic facets that fit, ``specific`` the topic's own questions, ``needs`` candidate need
    ids, ``cues`` words heard on the phone (lower case). A deprecated topic stays readable; ``replaced_by`` takes over.
    """

    id: str
    label: str
    domain: str
    tier: int
    sensitive: bool
    area: str | None
    upl: tuple[str, ...]
    facets: tuple[str, ...]
    specific: tuple[Facet, ...]
    needs: tuple[str, ...]
    cues: tuple[str, ...]
    examples: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    report_category: str | None = None
    deprecated: bool = False
    replaced_by: str | None = None

    @property
    def facet_ids(self) -> tuple[str, ...]:
        """All sub-question ids that a question on this topic may have: the specific ones first."""
        return (*(facet.id for facet in self.specific), *self.facets)


@dataclass(frozen=True, slots=True)
class OutcomeKind:
    """A way in which a call ends; ``kiss`` is the KISS value it maps to, ``None`` when there is none."""

    id: str
    label: str
    kiss: str | None
    fcr: Resolution
    deprecated: bool = False
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class SignalKind:
    """Something in a call that deserves attention."""

    id: str
    label: str
    party: Party
    severity: Severity
    deprecated: bool = False
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """A moment in a life that bundles topics."""

    id: str
    label: str
    topics: tuple[str, ...]
    deprecated: bool = False
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All entries by id, in the order of the files. ``facets`` holds the generic ones only.

    ``examples`` holds sentences by kind ("topics", "facets", "needs", "outcomes") and id, for taggers to compare with;
    ``hints`` what an overlay gives besides, where a topic's own question goes by ``topic/id``.

    Every entry but a domain may be deprecated: it stays readable, and ``replaced_by`` names the one that it counts as.
    Without one it is no longer given; ``callinsight.core.succession`` tells what becomes of its tags.
    """

    version: str
    domains: Mapping[str, Domain]
    facets: Mapping[str, Facet]
    needs: Mapping[str, NeedKind]
    topics: Mapping[str, Topic]
    outcomes: Mapping[str, OutcomeKind]
    signals: Mapping[str, SignalKind]
    life_events: Mapping[str, LifeEvent] = field(default_factory=lambda: MappingProxyType({}))
    examples: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=lambda: MappingProxyType({}))
    hints: Mapping[str, Mapping[str, Hints]] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def from_documents(docs: Mapping[str, Any]) -> "Taxonomy":
        """Build a taxonomy from parsed documents by file name; any document may hold any of the known sections.

        Raises ``TaxonomyError`` that tells every fault with its file and entry, and the nearest valid id.
        """
        from callinsight.core.taxonomy_reader import read_documents  # here, because it needs these classes

        return read_documents(docs)

    def topic_label(self, topic: str) -> str:
        """The Dutch label of a topic id, also of ``unknown``. Raises ``KeyError`` when there is no such topic."""
        return UNKNOWN_TOPIC_NAME if topic == UNKNOWN_LABEL else self.topics[topic].label

    def facet(self, topic: str, facet: str) -> Facet:
        """The topic's own question or else the generic facet of that id. Raises ``KeyError`` when there is neither."""
        own = self.topics[topic].specific if topic in self.topics else ()
        return next((one for one in own if one.id == facet), None) or self.facets[facet]

    def facet_label(self, topic: str, facet: str | None) -> str:
        """The Dutch label of a facet within a topic; empty when ``facet`` is ``None``. Raises ``KeyError``."""
        return "" if facet is None else self.facet(topic, facet).label

    def hint(self, kind: str, name: str) -> Hints:
        """What an overlay gives for an entry besides; nothing for most."""
        return self.hints.get(kind, {}).get(name, Hints())

    def shown(self, kind: str, name: str) -> str:
        """The label of an entry of a kind ("topics", "needs", ...), or its id when it is not there any more."""
        if kind == "topics" and name == UNKNOWN_LABEL:
            return UNKNOWN_TOPIC_NAME
        entry = getattr(self, kind).get(name)
        return name if entry is None else str(entry.label)

    def shown_question(self, topic: str, facet: str) -> str:
        """The label of a sub-question of a topic, or its id when either is not there any more."""
        try:
            return self.facet_label(topic, facet)
        except KeyError:
            return facet

    def all_facets(self) -> tuple[Facet, ...]:
        """The generic facets, then the specific ones topic by topic."""
        return (*self.facets.values(), *(facet for topic in self.topics.values() for facet in topic.specific))

    def related(self, topic: str) -> tuple[str, ...]:
        """Topics that point at several problems when heard with ``topic``, in either direction. Empty if unknown."""
        if topic not in self.topics:
            return ()
        back = (other.id for other in self.topics.values() if topic in other.related)
        return tuple(dict.fromkeys((*self.topics[topic].related, *back)))

    def area(self, topic: str) -> str | None:
        """The field of life of a topic: its own, else its domain's; ``None`` outside the social domain."""
        known = self.topics.get(topic)
        return None if known is None else known.area or self.domains[known.domain].area
