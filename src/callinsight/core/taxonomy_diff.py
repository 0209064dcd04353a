"""What is different between two taxonomies, entry by entry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from callinsight.core.succession import Steps, Succession, last
from callinsight.core.taxonomy import Facet, Taxonomy

KINDS = ("domains", "topics", "questions", "needs", "outcomes", "signals", "life_events")


class Difference(StrEnum):
    """What happened to an entry."""

    ADDED = "added"
    REMOVED = "removed"
    HIDDEN = "hidden"
    MERGED = "merged"
    RESTORED = "restored"
    RELABELLED = "relabelled"
    SAID = "cues"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the kind and id of the entry, its label afterwards, and in short what was and what is.

    A question goes by ``topic/id``, or by ``id`` when it fits all topics.
    """

    kind: str
    entry: str
    what: Difference
    label: str
    before: str = ""
    after: str = ""


def differences(old: Taxonomy, new: Taxonomy) -> tuple[Change, ...]:
    """Every difference between ``old`` and ``new``, by kind and in the order of the files. None when they are equal.

    What follows from a change elsewhere is left out: that a topic has the questions of one that was merged into it, or
    names the successor of a need.
    """
    return tuple(
        change
        for kind in KINDS
        for name, (before, after) in _pairs(entries(old, kind), entries(new, kind)).items()
        for change in _changes(kind, name, before, after, (old, new))
    )


def entries(taxonomy: Taxonomy, kind: str) -> Mapping[str, Any]:
    """The entries of a kind by id."""
    if kind == "questions":
        return {_name(facet): facet for facet in taxonomy.all_facets()}
    found: Mapping[str, Any] = getattr(taxonomy, kind)
    return found


def _name(facet: Facet) -> str:
    return facet.id if facet.topic is None else f"{facet.topic}/{facet.id}"


def _pairs(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (old.get(name), new.get(name)) for name in dict.fromkeys((*old, *new))}


def _changes(kind: str, name: str, before: Any, after: Any, both: tuple[Taxonomy, Taxonomy]) -> Iterator[Change]:
    if before is None:
        if not _taken_over(kind, name, both[1]):
            yield Change(kind, name, Difference.ADDED, after.label)
            yield from _fate(kind, name, None, after)
        return
    if after is None:
        if not _taken_over(kind, name, both[0]):
            yield Change(kind, name, Difference.REMOVED, before.label, before.label)
        return
    yield from _fate(kind, name, before, after)
    if before.label != after.label:
        yield Change(kind, name, Difference.RELABELLED, after.label, before.label, after.label)
    said = [_said(taxonomy, kind, name, entry) for taxonomy, entry in zip(both, (before, after), strict=True)]
    gone, come = [x for x in said[0] if x not in said[1]], [x for x in said[1] if x not in said[0]]
    if gone or come:
        yield Change(kind, name, Difference.SAID, after.label, ", ".join(gone), ", ".join(come))
    other = [field for field in _own_fields(before) if getattr(before, field) != getattr(after, field)]
    told = [f"{field} {_short(getattr(before, field))} -> {_short(getattr(after, field))}" for field in other]
    told += _references(kind, before, after, both[1])
    if told:
        yield Change(kind, name, Difference.CHANGED, after.label, "", "; ".join(told))


def _taken_over(kind: str, name: str, taxonomy: Taxonomy) -> bool:
    """Whether a topic has a question from one that was merged into it."""
    topic, _, own = name.rpartition("/")
    if kind != "questions" or not topic:
        return False
    steps = Succession.of(taxonomy).topics
    merged = (taxonomy.topics[name] for name in steps if last(steps, name) == topic)
    return any(facet.id == own for one in merged for facet in one.specific)


_STEPS = {"facets": "facets", "needs": "needs", "related": "topics", "topics": "topics"}
"""Fields that name other entries, and of which kind those are."""


def _references(kind: str, before: Any, after: Any, new: Taxonomy) -> Iterator[str]:
    """What an entry names that it did not, and the other way round, unless that follows from a merge."""
    succession = Succession.of(new)
    own: Steps = getattr(succession, kind, {})
    merged = [one for name, one in getattr(new, kind, {}).items() if name in own and last(own, name) == after.id]
    for field in (one for one in _STEPS if hasattr(before, one)):
        steps: Steps = getattr(succession, _STEPS[field])
        known = [getattr(one, field) for one in (before, *merged)]
        expected = {last(steps, name) for names in known for name in names}
        then, now = getattr(before, field), getattr(after, field)
        gone = [f"-{name}" for name in then if name not in now and name not in steps]
        come = [f"+{name}" for name in now if name not in then and name not in expected]
        if gone or come:
            yield f"{field} {' '.join([*gone, *come])}"


def _fate(kind: str, name: str, before: Any, after: Any) -> Iterator[Change]:
    then = (False, None) if before is None else _state(before)
    now = _state(after)
    if then == now:
        return
    what = Difference.RESTORED if not now[0] else Difference.MERGED if now[1] else Difference.HIDDEN
    yield Change(kind, name, what, after.label, then[1] or "", now[1] or "")


def _state(entry: Any) -> tuple[bool, str | None]:
    return (getattr(entry, "deprecated", False), getattr(entry, "replaced_by", None))


def _said(taxonomy: Taxonomy, kind: str, name: str, entry: Any) -> tuple[str, ...]:
    level = "facets" if kind == "questions" else kind
    hint = taxonomy.hint(level, name)
    own = (*getattr(entry, "cues", ()), *getattr(entry, "examples", ()))
    return (*own, *taxonomy.examples.get(level, {}).get(name, ()), *hint.cues, *hint.examples)


_TOLD_APART = frozenset({"id", "label", "topic", "specific", "cues", "examples", "deprecated", "replaced_by", *_STEPS})


def _own_fields(entry: Any) -> list[str]:
    return [field.name for field in fields(entry) if field.name not in _TOLD_APART]


def _short(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
