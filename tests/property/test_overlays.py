"""Whatever a sound overlay says: ours stays whole, what was tagged stays readable, and twice is as once."""

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callinsight import overlaid
from callinsight.core.signals import SignalRules
from callinsight.core.succession import Succession, carried, last, settled
from callinsight.core.tagging import Decider, Labels, LabelSet, TurnScores
from callinsight.core.taxonomy import Taxonomy, TaxonomyError
from callinsight.core.taxonomy_diff import differences, entries
from callinsight.core.values import (
    UNKNOWN_LABEL,
    Flag,
    FlagSource,
    Need,
    Outcome,
    Question,
    Role,
    Severity,
    Span,
    Tags,
    Turn,
    Word,
)
from callinsight.overlay import KINDS, Overlay, parse_overlay

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Nothing here promises speed, and a busy machine is no fault."""

TOPICS = ("passport", "id-card", "benefit", "debt", "waste")
NEEDS = ("travel", "ends", "rest")
FACETS = ("cost", "status", "proxy")
OWN = ("passport/photo", "passport/child", "benefit/letter")
OUTCOMES = ("handled", "callback")
SIGNALS = ("repeat", "compliment", "violence")
EVENTS = ("moving", "birth")
DOCUMENTS: dict[str, Any] = {
    "ours.yaml": {
        "version": "3",
        "domain": "desk",
        "domains": {"desk": {"label": "Balie", "area": "income"}},
        "facets": {name: {"label": name, "section": "s", "preventable": "likely"} for name in FACETS},
        "needs": {name: {"label": name} for name in NEEDS},
        "topics": {
            name: {
                "label": name,
                "facets": list(FACETS[: number % 4]),
                "needs": list(NEEDS[: number % 3]),
                "related": [TOPICS[number - 1]],
                "specific": {own.rpartition("/")[2]: own for own in OWN if own.startswith(f"{name}/")},
            }
            for number, name in enumerate(TOPICS)
        },
        "outcomes": {name: {"label": name, "fcr": "solved"} for name in (*OUTCOMES, UNKNOWN_LABEL)},
        "signals": {
            name: {"label": name, "party": "caller", "severity": "immediate" if name == "violence" else "info"}
            for name in SIGNALS
        },
        "life_events": {name: {"label": name, "topics": list(TOPICS[:3])} for name in EVENTS},
    }
}
OURS = Taxonomy.from_documents(DOCUMENTS)
IDS = {
    "topics": TOPICS,
    "questions": (*FACETS, *OWN),
    "needs": NEEDS,
    "outcomes": OUTCOMES,
    "signals": ("repeat", "compliment"),
    "life_events": EVENTS,
}


@st.composite
def overlays(draw: st.DrawFn) -> Overlay:
    """Overlays without faults: what is merged goes into something that stays, or on to it over several steps."""
    sections: dict[str, dict[str, Any]] = {"add": {}, "merge": {}, "hide": {}, "relabel": {}}
    if draw(st.booleans()):
        sections["add"]["topics"] = {"x-bikes": {"label": "Fietsen", "domain": "desk", "cues": ["fiets"]}}
        sections["add"]["questions"] = {"x-bikes/x-gone": {"label": "Weg"}, "passport/x-sticker": {"label": "Sticker"}}
    for kind in draw(st.sets(st.sampled_from(KINDS), max_size=3)):
        ids = [*IDS[kind], *sections["add"].get(kind, ())]
        if draw(st.booleans()):
            ids.reverse()
        hidden = draw(st.sets(st.sampled_from(ids), max_size=2))
        merged = {}
        for name, into in draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=4)):
            fits = kind != "questions" or "/" not in into or into.split("/")[0] == name.split("/")[0]
            # Never back in the order of ids, so that there is no circle.
            if ids.index(name) < ids.index(into) and fits and not {name, into} & hidden:
                merged[name] = into
        sections["merge"][kind] = merged
        sections["hide"][kind] = sorted(hidden)
        sections["relabel"][kind] = draw(st.dictionaries(st.sampled_from(ids), st.just("Anders"), max_size=2))
    return parse_overlay("eigen.yaml", {"version": "1", **sections})


def given_now(taxonomy: Taxonomy, kind: str) -> set[str]:
    return {name for name, entry in entries(taxonomy, kind).items() if not entry.deprecated}


@st.composite
def tags(draw: st.DrawFn) -> Tags:
    """Tags of a call as any tagger of ours gives them."""
    questions = []
    for topic in draw(st.lists(st.sampled_from((*TOPICS, "x-bikes")), max_size=4, unique=True)):
        own = [name.split("/")[1] for name in OWN if name.startswith(f"{topic}/")]
        facet = draw(st.none() | st.sampled_from([*FACETS, *own]))
        needs = draw(st.lists(st.sampled_from(NEEDS), max_size=2, unique=True))
        where = (draw(st.integers(0, 5)),)
        questions.append(Question(topic, facet, 0.5, tuple(Need(need, 0.5, where) for need in needs), where))
    flags = [
        Flag(kind, Severity.INFO, Span(0, 100), FlagSource.RULE, 1.0, (0,))
        for kind in draw(st.lists(st.sampled_from(SIGNALS), max_size=3, unique=True))
    ]
    outcome = Outcome(draw(st.sampled_from((*OUTCOMES, UNKNOWN_LABEL))), 0.5)
    unknown = (Question(UNKNOWN_LABEL, None, 0.5, (), (0,)),)
    return Tags(tuple(questions) or unknown, outcome, tuple(sorted(flags, key=lambda flag: (flag.span, flag.kind))))


@unhurried
@given(overlays())
def test_ours_stays_whole_and_readable(overlay: Overlay) -> None:
    before = copy.deepcopy(DOCUMENTS)
    taxonomy = overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml")
    assert before == DOCUMENTS
    for kind in KINDS:
        assert entries(OURS, kind).keys() <= entries(taxonomy, kind).keys()
        for name, entry in entries(OURS, kind).items():
            label = getattr(overlay.relabel, kind).get(name, entry.label)
            assert entries(taxonomy, kind)[name].label == label
    merged = {name for kind in KINDS for name in getattr(overlay.merge, kind)}
    gone = {name for kind in KINDS for name in entries(taxonomy, kind) if name not in given_now(taxonomy, kind)}
    assert gone == merged | {name for kind in KINDS for name in getattr(overlay.hide, kind)}


@unhurried
@given(overlays())
def test_nothing_that_is_given_refers_to_what_is_not(overlay: Overlay) -> None:
    taxonomy = overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml")
    topics, needs, facets = (given_now(taxonomy, kind) for kind in ("topics", "needs", "questions"))
    for name in topics:
        topic = taxonomy.topics[name]
        assert set(topic.needs) <= needs
        assert set(topic.facets) <= facets
        assert set(topic.related) <= topics
    for name in given_now(taxonomy, "life_events"):
        assert set(taxonomy.life_events[name].topics) <= topics


@unhurried
@given(overlays(), tags())
def test_tags_are_led_on_to_what_is_given_and_twice_is_as_once(overlay: Overlay, before: Tags) -> None:
    taxonomy = overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml")
    succession = Succession.of(taxonomy)
    after = carried(before, taxonomy, succession)
    assert carried(after, taxonomy, succession) == after
    known = [one for one in after.questions if one.topic in taxonomy.topics]
    assert {one.topic for one in known} <= given_now(taxonomy, "topics")
    for one in known:
        if one.facet is not None:
            assert not taxonomy.facet(one.topic, one.facet).deprecated
    assert {need.kind for one in after.questions for need in one.needs} <= given_now(taxonomy, "needs")
    assert {flag.kind for flag in after.flags} <= given_now(taxonomy, "signals")
    assert after.outcome.kind in given_now(taxonomy, "outcomes")
    assert after.questions
    heard = {last(succession.topics, one.topic) for one in before.questions} - {None}
    assert heard - {UNKNOWN_LABEL} == {one.topic for one in after.questions} - {UNKNOWN_LABEL}
    wanted = {last(succession.needs, need.kind) for one in before.questions for need in one.needs} - {None}
    assert wanted == {need.kind for one in after.questions for need in one.needs}
    assert "violence" not in {flag.kind for flag in before.flags} or "violence" in {flag.kind for flag in after.flags}


@unhurried
@given(overlays())
def test_settling_and_reading_twice_are_as_once(overlay: Overlay) -> None:
    taxonomy = overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml")
    assert settled(taxonomy) == taxonomy
    assert overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml") == taxonomy
    assert overlay.digest() == Overlay.model_validate(overlay.model_dump(mode="json")).digest()


@unhurried
@given(overlays())
def test_the_differences_are_what_the_overlay_says(overlay: Overlay) -> None:
    taxonomy = overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml")
    told = {(change.kind, change.what.value, change.entry) for change in differences(OURS, taxonomy)}
    wanted = set()
    for kind in KINDS:
        wanted |= {(kind, "added", name) for name in getattr(overlay.add, kind)}
        wanted |= {(kind, "merged", name) for name in getattr(overlay.merge, kind)}
        wanted |= {(kind, "hidden", name) for name in getattr(overlay.hide, kind)}
        new = getattr(overlay.add, kind)
        wanted |= {(kind, "relabelled", name) for name in getattr(overlay.relabel, kind) if name not in new}
    assert told == wanted
    assert differences(taxonomy, taxonomy) == ()
    assert overlay.changes_nothing == (taxonomy == OURS)


@pytest.mark.parametrize("kind", ["topics", "needs", "signals", "life_events", "outcomes"])
def test_a_circle_is_told_whatever_its_length(kind: str) -> None:
    for length in (2, len(IDS[kind])):
        ring = IDS[kind][:length]
        merge = {kind: dict(zip(ring, (*ring[1:], ring[0]), strict=True))}
        overlay = parse_overlay("eigen.yaml", {"version": "1", "merge": merge})
        with pytest.raises(TaxonomyError, match=r"eigen\.yaml, merge, .*circle") as caught:
            overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml")
        assert len(caught.value.problems) == 1


CALL = tuple(
    Turn(Span(1000 * n, 1000 * n + 10), role, (Word(Span(1000 * n, 1000 * n + 10), "vraag", 1.0),))
    for n, role in enumerate((Role.CALLER, Role.AGENT, Role.CALLER))
)


@unhurried
@given(overlays(), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3]))
def test_a_tagger_of_ours_gives_nothing_that_is_merged_or_hidden(overlay: Overlay, seed: int, doubt: float) -> None:
    taxonomy = overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml")
    names = (TOPICS, (*FACETS, *OWN), NEEDS)
    topics, facets, needs = (LabelSet(one, 0.3, doubt) for one in names)
    labels = Labels(topics, facets, needs, LabelSet((*OUTCOMES, UNKNOWN_LABEL), 0.3), LabelSet(SIGNALS))
    rules = SignalRules.from_document({}, taxonomy)
    rng = np.random.default_rng(seed)
    levels = [(rng.random((3, len(one))) ** 2).astype(np.float32) for one in (*names, SIGNALS)]
    outcome, turned = rng.dirichlet(np.ones(3)).astype(np.float32), rng.random((3, 3)).astype(np.float32)
    scores = TurnScores(levels[0], levels[1], levels[2], levels[3], outcome, turned)
    tags = Decider(labels, taxonomy, rules).tags(CALL, scores)
    for question in tags.questions:
        assert question.topic in given_now(taxonomy, "topics") | {UNKNOWN_LABEL}
        assert question.facet is None or not taxonomy.facet(question.topic, question.facet).deprecated
        assert {need.kind for need in question.needs} <= given_now(taxonomy, "needs")
    assert {flag.kind for flag in tags.flags} <= given_now(taxonomy, "signals")
    assert tags.outcome.kind in given_now(taxonomy, "outcomes")
    # What ours hears as violence stays violence, whatever is merged around it.
    heard = Decider(labels, OURS, SignalRules.from_document({}, OURS)).tags(CALL, scores)
    assert [one.kind for one in heard.flags].count("violence") == [one.kind for one in tags.flags].count("violence")
    if overlay.changes_nothing:
        assert heard == tags
