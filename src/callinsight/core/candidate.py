"""A candidate for a new topic that keeps its id, and what was decided on it, from one search to the next."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from callinsight.core.candidates import Group
from callinsight.core.values import require_call_id

_LEAST_SHARED = 0.3


class CandidateVerdict(StrEnum):
    """What the improvement meeting decides on a candidate."""

    BECOMES_TOPIC = "becomes-topic"
    BELONGS_TO = "belongs-to"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible new topic, or with ``topic`` a possible new question within it.

    ``members`` are ``(call_id, turn)``; ``examples`` some of them, the clearest first. ``belongs_to`` stands with the
    verdict of that name alone. Raises ``ValueError`` for nonsense.
    """

    candidate_id: str
    topic: str | None
    terms: tuple[str, ...]
    found_on: date
    members: tuple[tuple[str, int], ...]
    examples: tuple[tuple[str, int], ...]
    verdict: CandidateVerdict | None = None
    belongs_to: str | None = None

    def __post_init__(self) -> None:
        require_call_id(self.candidate_id)
        if (self.verdict is CandidateVerdict.BELONGS_TO) != (self.belongs_to is not None):
            raise ValueError("a topic is named exactly when the candidate belongs to it")
        if not set(self.examples) <= set(self.members):
            raise ValueError("an example must be a member")

    def names(self, call_id: str) -> bool:
        """Whether a call belongs to the candidate."""
        return any(one == call_id for one, _ in self.members)

    def without(self, call_ids: Collection[str]) -> "Candidate":
        """The candidate without calls that are erased."""
        members = tuple(one for one in self.members if one[0] not in call_ids)
        return replace(self, members=members, examples=tuple(one for one in self.examples if one[0] not in call_ids))


def renew(old: Sequence[Candidate], topic: str | None, groups: Sequence[Group], today: date) -> tuple[Candidate, ...]:
    """The candidates within ``topic`` (``None``: outside all topics) after a new search, by id.

    A group that shares most calls with a known candidate is that candidate, with its id and verdict; the best pairs go
    first. Candidates that were decided on stay though nothing like them was found, since the verdict is the meeting's;
    others go.
    """
    known = [one for one in old if one.topic == topic]
    pairs = sorted(
        (
            (-_shared(one, group), one.candidate_id, number)
            for one in known
            for number, group in enumerate(groups)
            if _shared(one, group) >= _LEAST_SHARED
        )
    )
    by_id = {one.candidate_id: one for one in known}
    taken: dict[int, str] = {}
    for _, candidate_id, number in pairs:
        if number not in taken and candidate_id not in taken.values():
            taken[number] = candidate_id
    found = []
    for number, group in enumerate(groups):
        if number in taken:
            same = by_id.pop(taken[number])
            found.append(replace(same, terms=group.terms, members=group.members, examples=group.examples))
        else:
            made = new_id(topic, group)
            found.append(Candidate(made, topic, group.terms, today, group.members, group.examples))
    found += [one for one in by_id.values() if one.verdict is not None]
    return tuple(sorted(found, key=lambda one: one.candidate_id))


def new_id(topic: str | None, group: Group) -> str:
    """An id that follows from where and of which calls the group was first found."""
    digest = hashlib.blake2b(f"{topic} {group.members}".encode(), digest_size=4)
    return f"k{digest.hexdigest()}"


def _shared(one: Candidate, group: Group) -> float:
    """Calls in both over calls in the smaller: a candidate grows, and old calls leave."""
    mine, theirs = {call for call, _ in one.members}, {call for call, _ in group.members}
    smaller = min(len(mine), len(theirs))
    return len(mine & theirs) / smaller if smaller else 0.0
