"""From our taxonomy and a municipality's overlay to the taxonomy that counts, validated as one whole.

Ours is never edited: what is added stands beside it, what is merged or hidden is deprecated with or without a
successor, and a label, a cue or a sentence is laid over the entry that has it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from callinsight.core.succession import settled
from callinsight.core.taxonomy import Facet, Hints, Taxonomy, TaxonomyError
from callinsight.core.taxonomy_reader import is_id, nearest
from callinsight.core.text import normal_words
from callinsight.core.values import UNKNOWN_LABEL, Severity
from callinsight.overlay import KINDS, PREFIX, Overlay, Said

URGENT = (Severity.SAME_DAY, Severity.IMMEDIATE)
"""Signals that a person must see soon: no overlay may make them disappear."""

_FIELD = {"questions": "facets"}  # the other kinds are called alike in the taxonomy
_HINTED = ("topics", "questions", "needs", "outcomes")


def overlaid(documents: Mapping[str, Any], overlay: Overlay, name: str) -> Taxonomy:
    """The taxonomy of ``documents`` under the overlay that is called ``name``.

    Equal to ours, version and all, when the overlay holds nothing. Raises ``TaxonomyError`` that tells every fault with
    its file, its entry and what to do.
    """
    ours = Taxonomy.from_documents(documents)
    if overlay.changes_nothing:
        return settled(ours)
    problems = _wrong_ids(ours, overlay)
    if not problems:
        ours = _from_both(documents, overlay, name)
        problems = _faults(ours, overlay)
    if problems:
        raise TaxonomyError(tuple(f"{name}, {problem}" for problem in problems))
    version = f"{ours.version}+{overlay.version}.{overlay.digest()}"
    made = _laid_over(_with_questions(ours, overlay), overlay)
    try:
        return settled(replace(made, version=version, hints=_hints(overlay)))
    except TaxonomyError as error:
        raise TaxonomyError(tuple(f"{name}, merge, {problem}" for problem in error.problems)) from None


def known_ids(taxonomy: Taxonomy, kind: str) -> tuple[str, ...]:
    """The ids of one of :data:`KINDS` or of the domains; a topic's own question as ``topic/id``."""
    own = (f"{one.topic}/{one.id}" for one in taxonomy.all_facets() if one.topic) if kind == "questions" else ()
    return (*getattr(taxonomy, _FIELD.get(kind, kind)), *own)


def _wrong_ids(ours: Taxonomy, overlay: Overlay) -> list[str]:
    problems = []
    for kind in (*KINDS, "domains"):
        for entry in getattr(overlay.add, kind):
            own = entry.rpartition("/")[2] if kind == "questions" else entry
            if not own.startswith(PREFIX):
                problems.append(
                    f"add, {kind}, {entry}: ids of your own begin with {PREFIX!r}; call it {PREFIX + own!r}"
                )
            elif not is_id(own):
                problems.append(f"add, {kind}, {entry}: must be kebab-case (small letters, digits, single dashes)")
    for entry in overlay.add.questions:
        topic, slash, own = entry.rpartition("/")
        topics = (*ours.topics, *overlay.add.topics)
        if slash and topic not in topics:
            problems.append(f"add, questions, {entry}: there is no topic {topic!r}{nearest(topic, topics)}")
        if slash and own in overlay.add.questions:
            problems.append(f"add, questions, {entry}: a question for all topics has this id already; give another")
    return problems


def _from_both(documents: Mapping[str, Any], overlay: Overlay, name: str) -> Taxonomy:
    """Ours with the new entries that refer to others, so that the reader finds what is wrong with any of them."""
    add = overlay.add

    def entries(kind: str, *left_out: str) -> dict[str, Any]:
        return {
            entry: given.model_dump(mode="json", exclude=set(left_out), exclude_none=True)
            for entry, given in getattr(add, kind).items()
        }

    said = ("cues", "examples")
    generic = {entry: fields for entry, fields in entries("questions", *said).items() if "/" not in entry}
    document = {
        "domains": entries("domains"),
        "topics": entries("topics"),
        "facets": generic,
        "needs": entries("needs", *said),
        "outcomes": entries("outcomes", *said),
        "signals": entries("signals", "any", "unless", "within_words", "negation"),
        "life_events": entries("life_events"),
    }
    place = f"{name}, add"  # problems then name the place as the file has it
    try:
        return Taxonomy.from_documents({**documents, place: document})
    except TaxonomyError as error:  # ours alone has none
        told = (one if one.startswith(place) else f"{place}, {one}" for one in error.problems)
        raise TaxonomyError(tuple(told)) from None


def _with_questions(taxonomy: Taxonomy, overlay: Overlay) -> Taxonomy:
    topics = dict(taxonomy.topics)
    for entry, given in overlay.add.questions.items():
        topic, _, own = entry.rpartition("/")
        if topic:
            made = Facet(own, given.label, given.section, given.preventable, topic)
            topics[topic] = replace(topics[topic], specific=(*topics[topic].specific, made))
    return replace(taxonomy, topics=MappingProxyType(topics))


def _faults(taxonomy: Taxonomy, overlay: Overlay) -> list[str]:
    """What is wrong with merges, hidden entries, labels and cues: ids that do not exist, and what contradicts."""
    whole = _with_questions(taxonomy, overlay)
    problems: list[str] = []
    for kind in KINDS:
        known, merged = known_ids(whole, kind), getattr(overlay.merge, kind)
        hidden, labels = getattr(overlay.hide, kind), getattr(overlay.relabel, kind)
        extended = getattr(overlay.extend, kind) if kind in _HINTED else ()
        for section, ids in (("merge", merged), ("hide", hidden), ("relabel", labels), ("extend", extended)):
            problems += [
                f"{section}, {kind}, {entry}: does not exist{nearest(entry, known)}; see callinsight taxonomy show"
                for entry in ids
                if entry not in known
            ]
        for entry, into in merged.items():
            place = f"merge, {kind}, {entry}"
            if into not in known:
                problems.append(f"{place}: {into!r} does not exist{nearest(into, known)}")
            elif into == entry:
                problems.append(f"{place}: cannot be merged into itself; leave it out, or hide it")
            elif into in hidden:
                problems.append(f"{place}: {into!r} is hidden; hide {entry!r} as well instead of merging it")
            elif kind == "questions":
                problems += _wrong_question(place, entry, into)
            if entry in hidden:
                problems.append(f"{place}: is hidden as well; choose one")
        problems += [f"extend, {kind}, {entry}: is hidden; leave it out" for entry in extended if entry in hidden]
    problems += [
        f"relabel, domains, {entry}: does not exist{nearest(entry, taxonomy.domains)}"
        for entry in overlay.relabel.domains
        if entry not in taxonomy.domains
    ]
    return [*problems, *_unsafe(whole, overlay)]


def _wrong_question(place: str, entry: str, into: str) -> Iterable[str]:
    """A topic's own question goes into another of that topic or into one for all topics; those stay among themselves"""
    topic, _, _ = into.rpartition("/")
    if topic and topic != entry.rpartition("/")[0]:
        yield f"{place}: {into!r} belongs to another topic; give a question of the same topic, or one for all topics"


def _unsafe(taxonomy: Taxonomy, overlay: Overlay) -> Iterable[str]:
    """What would make tags disappear that must not: calls without an outcome, and people in danger."""
    if UNKNOWN_LABEL in overlay.hide.outcomes or UNKNOWN_LABEL in overlay.merge.outcomes:
        yield f"outcomes, {UNKNOWN_LABEL}: is what remains when nothing is clear; it can only be relabelled"
    order = list(Severity)
    for entry, signal in taxonomy.signals.items():
        into = taxonomy.signals.get(overlay.merge.signals.get(entry, entry), signal)
        weaker = order.index(into.severity) < order.index(signal.severity)
        if signal.severity in URGENT and (entry in overlay.hide.signals or weaker):
            yield (
                f"signals, {entry}: somebody may be in danger, so it cannot be hidden or made less urgent; "
                "leave it as it is"
            )


def _laid_over(taxonomy: Taxonomy, overlay: Overlay) -> Taxonomy:
    """New labels, and what is merged or hidden deprecated. What a merge says goes before what ours says."""

    def own(topic: str, facets: tuple[Facet, ...]) -> tuple[Facet, ...]:
        return tuple(_changed(one, f"{topic}/{one.id}", "questions", overlay) for one in facets)

    domains = {
        name: replace(one, label=overlay.relabel.domains.get(name, one.label)) for name, one in taxonomy.domains.items()
    }
    made = {
        kind: {
            name: _changed(one, name, kind, overlay) for name, one in getattr(taxonomy, _FIELD.get(kind, kind)).items()
        }
        for kind in KINDS
    }
    topics = {name: replace(one, specific=own(name, one.specific)) for name, one in made["topics"].items()}
    return replace(
        taxonomy,
        domains=MappingProxyType(domains),
        topics=MappingProxyType(topics),
        facets=MappingProxyType(made["questions"]),
        needs=MappingProxyType(made["needs"]),
        outcomes=MappingProxyType(made["outcomes"]),
        signals=MappingProxyType(made["signals"]),
        life_events=MappingProxyType(made["life_events"]),
    )


def _changed(entry: Any, name: str, kind: str, overlay: Overlay) -> Any:
    """An entry of any kind under the overlay; the kinds share these fields."""
    changes: dict[str, Any] = {}
    if name in getattr(overlay.relabel, kind):
        changes["label"] = getattr(overlay.relabel, kind)[name]
    if name in getattr(overlay.hide, kind):
        changes |= {"deprecated": True, "replaced_by": None}
    if name in getattr(overlay.merge, kind):
        into = getattr(overlay.merge, kind)[name]
        changes |= {"deprecated": True, "replaced_by": into.rpartition("/")[2]}
    return replace(entry, **changes) if changes else entry


def _hints(overlay: Overlay) -> Mapping[str, Mapping[str, Hints]]:
    """Cues and sentences that no model was trained on. A new topic has its own with it, and needs none here."""
    found: dict[str, Mapping[str, Hints]] = {}
    for kind in _HINTED:
        new: dict[str, Said] = {} if kind == "topics" else getattr(overlay.add, kind)
        every = {**new, **getattr(overlay.extend, kind)}
        both = {name: (new.get(name, Said()), getattr(overlay.extend, kind).get(name, Said())) for name in every}
        hints = {
            name: Hints(_joined(one.cues, more.cues), _joined(one.examples, more.examples))
            for name, (one, more) in both.items()
        }
        found[_FIELD.get(kind, kind)] = MappingProxyType({name: one for name, one in hints.items() if one != Hints()})
    return MappingProxyType({kind: hints for kind, hints in found.items() if hints})


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def doubts(taxonomy: Taxonomy, overlay: Overlay, name: str) -> list[str]:
    """What is allowed and probably not meant, a sentence each. ``taxonomy`` is the one that :func:`overlaid` gave."""
    owners: dict[tuple[str, ...], set[str]] = {}
    for topic in taxonomy.topics.values():
        for cue in (*topic.cues, *taxonomy.hint("topics", topic.id).cues):
            owners.setdefault(normal_words(cue), set()).add(topic.id)
    found = []
    said = {**overlay.add.topics, **overlay.extend.topics}
    for entry, given in said.items():
        section = "add" if entry in overlay.add.topics else "extend"
        place = f"{name}, {section}, topics, {entry}"
        heirs = {entry, overlay.merge.topics.get(entry)}
        for cue in given.cues:
            others = sorted(owners[normal_words(cue)] - heirs)
            if others:
                found.append(f"{place}: cue {cue!r} is one of {', '.join(others)} too, so that calls go either way")
    for kind in _HINTED:
        for entry, given in getattr(overlay.add, kind).items():
            if not given.cues and not given.examples:
                place = f"{name}, add, {kind}, {entry}"
                found.append(f"{place}: has neither cues nor examples, so that it is hardly ever heard; add some")
    return found + _same_labels(taxonomy, overlay, name)


def _same_labels(taxonomy: Taxonomy, overlay: Overlay, name: str) -> list[str]:
    labels: dict[str, list[str]] = {}
    for topic in taxonomy.topics.values():
        if not topic.deprecated:
            labels.setdefault(topic.label.casefold(), []).append(topic.id)
    touched = {*overlay.add.topics, *overlay.relabel.topics}
    return [
        f"{name}, topics: {' and '.join(ids)} have one label, so that nobody can tell them apart; relabel one"
        for ids in labels.values()
        if len(ids) > 1 and touched & set(ids)
    ]
