"""The page for somebody who asks what is kept about their calls: plain Dutch, to be printed or sent.

One page for all calls of a case, in order of time: a citizen reads or prints one thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from callinsight.core.improvement import Verdict
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import UNKNOWN_LABEL, CallResult, Direction
from callinsight.review.templates import environment
from callinsight.rights import Case, Dossier, sound_names
from callinsight.store.rows import wall_clock

_DIRECTION = {
    Direction.INBOUND: "U belde de gemeente",
    Direction.OUTBOUND: "De gemeente belde u",
    Direction.UNKNOWN: "Niet bekend",
}
_VERDICT = {Verdict.RIGHT: "klopt", Verdict.WRONG: "klopt niet"}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A call with its labels in plain Dutch; ``sound`` is the name of its review copy beside the page."""

    dossier: Dossier
    result: CallResult | None
    started: datetime | None
    direction: str
    questions: list[tuple[str, str, str, float]]
    outcome: str
    signals: list[str]
    verdicts: list[tuple[str, str, str]]
    sound: str | None


def render(case: Case, taxonomy: Taxonomy) -> str:
    """The page. What comes from a call or a person is escaped."""
    names = sound_names(case)
    shown = [_shown(one, taxonomy, names.get(one.call_id)) for one in case.dossiers]
    return environment().get_template("access.html.j2").render(case=case, calls=shown)


def _shown(dossier: Dossier, taxonomy: Taxonomy, sound: str | None) -> _Shown:
    result = dossier.result
    return _Shown(
        dossier,
        result,
        None if result is None else wall_clock(result.call.started_at),
        "" if result is None else _DIRECTION[result.call.direction],
        _questions(dossier, taxonomy),
        "" if result is None else _label(taxonomy.outcomes, result.tags.outcome.kind),
        [] if result is None else [_label(taxonomy.signals, one.kind) for one in result.tags.flags],
        [(str(one.tag), _VERDICT.get(one.verdict, str(one.should_be or "")), one.role) for one in dossier.reviews],
        sound,
    )


def _questions(dossier: Dossier, taxonomy: Taxonomy) -> list[tuple[str, str, str, float]]:
    """Topic, specific question, needs and score of each question."""
    found = []
    for one in () if dossier.result is None else dossier.result.tags.questions:
        known = one.topic in taxonomy.topics or one.topic == UNKNOWN_LABEL
        topic = taxonomy.topic_label(one.topic) if known else one.topic
        facet = "niet duidelijk"
        if one.facet is not None:
            facet = taxonomy.facet_label(one.topic, one.facet) if known else one.facet
        needs = ", ".join(_label(taxonomy.needs, need.kind) for need in one.needs)
        found.append((topic, facet, needs, one.score))
    return found


def _label(known: Mapping[str, object], name: str) -> str:
    """The label of an id; the id itself when the list of topics no longer has it."""
    return str(getattr(known.get(name), "label", name))
