"""What the tags of deprecated entries count as: those of their successor, or of nothing in particular.

A municipality that merges or hides an entry, and we when we take one out, leave the entry itself where it is, so that
what was tagged before stays readable. Here it is told what becomes of its tags:

- with a successor they count as the successor's, over as many steps as it takes;
- without one they are no longer given: a topic and an outcome become unknown, a sub-question leaves its topic without
  one, a need and a signal go.

A merged topic takes its own questions along: ``old/x`` becomes ``new/x``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from callinsight.core.taxonomy import Facet, LifeEvent, Taxonomy, TaxonomyError, Topic
from callinsight.core.values import UNKNOWN_LABEL, Flag, Need, Outcome, Question, Tags

Steps = Mapping[str, str | None]
"""By the id of a deprecated entry the one that takes over, or ``None``."""


class _Entry(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def deprecated(self) -> bool: ...
    @property
    def replaced_by(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Succession:
    """Which deprecated entry counts as which. ``own`` holds the topics' own questions by ``(topic, id)``."""

    topics: Steps
    facets: Steps
    own: Mapping[tuple[str, str], str | None]
    needs: Steps
    outcomes: Steps
    signals: Steps
    life_events: Steps

    @staticmethod
    def of(taxonomy: Taxonomy) -> "Succession":
        """Raises ``TaxonomyError`` that names the entries of every circle."""
        problems: list[str] = []

        def steps(kind: str, entries: Iterable[_Entry]) -> Steps:
            found = {one.id: one.replaced_by for one in entries if one.deprecated}
            problems.extend(f"{kind}: {circle}" for circle in _circles(found))
            return MappingProxyType(found)

        own: dict[tuple[str, str], str | None] = {}
        for topic in taxonomy.topics.values():
            named = steps(f"questions of {topic.id}", topic.specific)
            own.update({(topic.id, name): successor for name, successor in named.items()})
        found = Succession(
            steps("topics", taxonomy.topics.values()),
            steps("facets", taxonomy.facets.values()),
            MappingProxyType(own),
            steps("needs", taxonomy.needs.values()),
            steps("outcomes", taxonomy.outcomes.values()),
            steps("signals", taxonomy.signals.values()),
            steps("life events", taxonomy.life_events.values()),
        )
        if problems:
            raise TaxonomyError(tuple(problems))
        return found

    def __bool__(self) -> bool:
        """Whether anything is deprecated at all."""
        every = (self.topics, self.facets, self.own, self.needs, self.outcomes, self.signals, self.life_events)
        return any(every)

    def topic(self, name: str) -> str | None:
        """The topic that ``name`` counts as: itself unless it is deprecated, ``None`` when it is not given any more."""
        return last(self.topics, name)

    def question(self, topic: str, facet: str | None) -> tuple[str | None, str | None]:
        """Topic and sub-question that a question counts as; ``None`` for what is not given any more."""
        here: str | None = topic
        while here is not None:
            facet = self._facet(here, facet)
            if here not in self.topics:
                return here, facet
            here = self.topics[here]
        return None, None

    def _facet(self, topic: str, facet: str | None) -> str | None:
        while facet is not None and (topic, facet) in self.own:
            facet = self.own[topic, facet]
        return None if facet is None else last(self.facets, facet)


def last(steps: Steps, name: str) -> str | None:
    """Where the steps from ``name`` end: at an entry that is not deprecated, or ``None``."""
    here: str | None = name
    while here is not None and here in steps:
        here = steps[here]
    return here


def _circles(steps: Steps) -> list[str]:
    """A sentence for every circle of entries that replace one another."""
    told: set[str] = set()
    found = []
    for start in steps:
        way = [start]
        while (after := steps.get(way[-1])) is not None and after not in way:
            way.append(after)
        if after == start and start not in told:
            told.update(way)
            found.append(f"{' -> '.join([*way, start])} is a circle; leave one of them out")
    return found


def settled(taxonomy: Taxonomy) -> Taxonomy:
    """The taxonomy with every reference to a deprecated entry led on to its successor, or left out.

    The successor of a topic has the topic's own questions too, and fits what the topic fitted. Itself when nothing is
    deprecated; twice is as once. Raises ``TaxonomyError`` for circles.
    """
    succession = Succession.of(taxonomy)
    if not succession:
        return taxonomy
    merged: dict[str, list[Topic]] = {}
    for topic in taxonomy.topics.values():
        heir = succession.topic(topic.id)
        if topic.deprecated and heir is not None:
            merged.setdefault(heir, []).append(topic)
    topics = {
        name: topic if topic.deprecated else _heir(topic, merged.get(name, ()), succession)
        for name, topic in taxonomy.topics.items()
    }
    return replace(
        taxonomy,
        topics=MappingProxyType(topics),
        life_events=MappingProxyType(_life_events(taxonomy.life_events, succession)),
    )


def _heir(topic: Topic, merged: Sequence[Topic], succession: Succession) -> Topic:
    """The topic with what it takes over from those that were merged into it."""
    every = (topic, *merged)
    own: dict[str, Facet] = {facet.id: facet for facet in topic.specific}
    for facet in (facet for other in merged for facet in other.specific if not facet.deprecated):
        own.setdefault(facet.id, replace(facet, topic=topic.id))
    return replace(
        topic,
        specific=tuple(own.values()),
        facets=_led_on((name for one in every for name in one.facets), succession.facets),
        needs=_led_on((name for one in every for name in one.needs), succession.needs),
        related=tuple(
            name
            for name in _led_on((name for one in every for name in one.related), succession.topics)
            if name != topic.id or name in topic.related
        ),
    )


def _life_events(events: Mapping[str, LifeEvent], succession: Succession) -> dict[str, LifeEvent]:
    found = {}
    for name, event in events.items():
        gone = [one for one in events.values() if one.deprecated and last(succession.life_events, one.id) == name]
        topics = (topic for one in (event, *gone) for topic in one.topics)
        found[name] = event if event.deprecated else replace(event, topics=_led_on(topics, succession.topics))
    return found


def _led_on(names: Iterable[str], steps: Steps) -> tuple[str, ...]:
    """Each name's successor, once, in order of first mention; what has none is left out."""
    return tuple(dict.fromkeys(after for name in names if (after := last(steps, name)) is not None))


def carried(tags: Tags, taxonomy: Taxonomy, succession: Succession) -> Tags:
    """The tags as the present entries: for calls whose words are gone, and that cannot be tagged again.

    Itself when no deprecated entry is in them. Twice is as once.
    """
    if not succession:
        return tags
    outcome, kind = tags.outcome, last(succession.outcomes, tags.outcome.kind)
    if kind != outcome.kind:
        outcome = Outcome(kind or UNKNOWN_LABEL, outcome.score, outcome.evidence)
    made = Tags(_questions(tags.questions, succession), outcome, counted(tags.flags, taxonomy, succession))
    return tags if made == tags else made


def _questions(questions: Sequence[Question], succession: Succession) -> tuple[Question, ...]:
    named: dict[tuple[str, str | None], Question] = {}
    homeless: list[Question] = []
    for question in questions:
        topic, facet = succession.question(question.topic, question.facet)
        present = replace(question, topic=topic or UNKNOWN_LABEL, facet=facet, needs=_needs(question.needs, succession))
        if topic is None:
            homeless.append(present)
        else:
            same = named.get((topic, facet))
            named[topic, facet] = present if same is None else _joined(same, present)
    for question in homeless:  # the need was heard all the same: it goes to the call's first question
        first = next(iter(named), (UNKNOWN_LABEL, None))
        if first not in named:
            named[first] = question
        elif question.needs or first[0] == UNKNOWN_LABEL:
            named[first] = replace(_joined(named[first], question), score=named[first].score)
    return tuple(named.values())


def _joined(one: Question, other: Question) -> Question:
    return Question(
        one.topic,
        one.facet,
        max(one.score, other.score),
        _needs((*one.needs, *other.needs), None),
        tuple(sorted({*one.evidence, *other.evidence})),
    )


def _needs(needs: Sequence[Need], succession: Succession | None) -> tuple[Need, ...]:
    found: dict[str, Need] = {}
    for need in needs:
        kind = need.kind if succession is None else last(succession.needs, need.kind)
        if kind is None:
            continue
        same = found.get(kind, replace(need, kind=kind))
        evidence = tuple(sorted({*same.evidence, *need.evidence}))
        found[kind] = Need(kind, max(same.score, need.score), evidence)
    return tuple(found.values())


def counted(flags: Sequence[Flag], taxonomy: Taxonomy, succession: Succession) -> tuple[Flag, ...]:
    """Flags as the present kinds of signals, with their severity; one for each kind, with the evidence of all."""
    if not succession.signals:
        return tuple(flags)
    found: dict[str, Flag] = {}
    for flag in flags:
        kind = last(succession.signals, flag.kind)
        if kind is None:
            continue
        severity = flag.severity if kind == flag.kind else taxonomy.signals[kind].severity
        same = found.get(kind, replace(flag, kind=kind, severity=severity))
        found[kind] = replace(same, evidence=tuple(sorted({*same.evidence, *flag.evidence})))
    return tuple(sorted(found.values(), key=lambda flag: (flag.span, flag.kind)))
