"""The page for somebody who asks what is kept about their call: plain Dutch, to be printed or sent."""

from callinsight.core.improvement import Verdict
from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import UNKNOWN_LABEL, Direction
from callinsight.review.templates import environment
from callinsight.rights import SOUND, Dossier
from callinsight.store.rows import wall_clock

_DIRECTION = {
    Direction.INBOUND: "U belde de gemeente",
    Direction.OUTBOUND: "De gemeente belde u",
    Direction.UNKNOWN: "Niet bekend",
}
_VERDICT = {Verdict.RIGHT: "klopt", Verdict.WRONG: "klopt niet"}


def render(dossier: Dossier, taxonomy: Taxonomy) -> str:
    """The page. What comes from a call or a person is escaped."""
    result = dossier.result
    return (
        environment()
        .get_template("access.html.j2")
        .render(
            dossier=dossier,
            result=result,
            started=None if result is None else wall_clock(result.call.started_at),
            direction=None if result is None else _DIRECTION[result.call.direction],
            questions=_questions(dossier, taxonomy),
            outcome=None if result is None else _label(taxonomy.outcomes, result.tags.outcome.kind),
            signals=[] if result is None else [_label(taxonomy.signals, one.kind) for one in result.tags.flags],
            verdicts=[
                (str(one.tag), _VERDICT.get(one.verdict, str(one.should_be or "")), one.role) for one in dossier.reviews
            ],
            sound=SOUND if dossier.sound is not None else None,
        )
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


def _label(known: object, name: str) -> str:
    """The label of an id; the id itself when the list of topics no longer has it."""
    entry = known.get(name) if isinstance(known, dict) else None
    return getattr(entry, "label", name)
