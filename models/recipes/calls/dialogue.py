"""Whole conversations between an agent and a caller, as lines with their ground truth.

`make_call` draws what the call is about (topics, facets, needs, outcome, signals), then writes it out line by line:
greeting, opening, needs between the lines, personal data, answers, ending. Every label remembers the lines that carry
it. Timing is not decided here (timing.py), sound neither (render.py).
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable

from draft import Draft
from endings import distress, ending, wrong_number
from grammar import facets_of, table, topics
from scenes import TOPIC_SIGNALS, answer, ask, greeting, hello, identify, opening_sounds, say_need, volunteered
from script import Line, Question, Script, Signal, Wishes

__all__ = ["Line", "Question", "Script", "Signal", "Wishes", "make_call"]

OTHER_ORGANISATION = ("tax-authority", "uwv-svb", "housing-association", "police-emergency", "water-board-utility")
# Needs that are a trouble of their own, and the fields of life they belong to (as in the taxonomy).
NEED_AREAS = {
    "keep-home": ("housing",), "make-ends-meet": ("income", "debt"), "peace-from-debt": ("debt",),
    "relieve-carer": ("care",), "child-wellbeing": ("child",),
}  # fmt: skip
OUTCOMES = (
    ("handled", 58), ("callback-request", 14), ("transferred-department", 9), ("handled-after-consult", 8),
    ("transferred-colleague", 4), ("caller-will-call-again", 4), ("transfer-failed", 3),
)  # fmt: skip


def make_call(rng: random.Random, *, split: str, topic: str | None = None, wishes: Wishes | None = None) -> Script:
    """One conversation. The same state of `rng` gives the same call.

    Raises:
        ValueError: for an unknown split, topic or kind.
    """
    wishes = wishes or Wishes()
    if topic is not None and topic not in topics():
        raise ValueError(f"unknown topic {topic!r}")
    draft = Draft(rng, split, wishes)
    drawn = rng.choices(("normal", "wrong-number", "distress"), (95, 1.5, 3.5))[0]
    kind = wishes.kind or ("normal" if topic else drawn)
    if kind not in ("normal", "wrong-number", "distress", "compliment"):
        raise ValueError(f"unknown kind {kind!r}")
    opening_sounds(draft)
    greeting(draft)
    outcome = wrong_number(draft) if kind == "wrong-number" else conversation(draft, kind, topic)
    draft.signal("multi-problem", *troubles(draft.questions))
    signals = tuple(Signal(k, tuple(sorted(v))) for k, v in sorted(draft.signals.items()) if v)
    return Script(tuple(draft.lines), tuple(draft.questions), outcome, signals, split)


def conversation(draft: Draft, kind: str, topic: str | None) -> str:
    rng, wishes = draft.rng, draft.wishes
    if kind == "distress":
        return distress(draft)
    topic = topic or rng.choice([t for t in sorted(topics()) if t not in TOPIC_SIGNALS])
    facet = wishes.facet or rng.choice(facets_of(topic))
    outcome = draw_outcome(draft, topic)
    rounds = {"short": 1, "medium": 2, "long": 8}[wishes.size]
    first = ask(draft, topic, facet, hello(draft), rng.choice((0, 1, 1, 2) if wishes.size == "short" else (1, 2, 2)))
    volunteered(draft)
    draft.backchannel("agent", 0.2)
    identify(draft, topic, rng.choice((0, 1, 1, 2)) if wishes.size == "short" else rng.choice((2, 3)))
    asked = [first]
    second_trouble(draft, topic, first)
    answer(draft, asked[0], consult=outcome == "handled-after-consult" or bool(wishes.hold))
    extra = rounds - 1 + (1 if rng.random() < 0.25 else 0)
    for _ in range(extra):
        other = next_topic(draft, topic)
        again = ask(draft, other, rng.choice(facets_of(other)), draft.words("caller", "also"), rng.choice((0, 1)))
        if wishes.size != "short":
            identify(draft, other, rng.choice((0, 1)))
        answer(draft, again)
        if wishes.size == "long":
            draft.add("caller", draft.words("caller", "smalltalk"))
    ending(draft, outcome, topic)
    return outcome


def next_topic(draft: Draft, topic: str) -> str:
    """Mostly another question on the same topic, else a related or a wholly different one."""
    rng = draft.rng
    related = [t for t in table("topics")[topic]["related"] if t in topics()]
    if related and rng.random() < 0.4:
        return rng.choice(related)
    return topic if rng.random() < 0.5 else rng.choice([t for t in sorted(topics()) if t not in TOPIC_SIGNALS])


def second_trouble(draft: Draft, topic: str, first: Question) -> None:
    """Another field of life that the caller lets slip: its need joins the question, whatever the agent does with it."""
    rng = draft.rng
    area = table("topics")[topic]["area"]
    if not area or not ("multi-problem" in draft.wishes.signals or rng.random() < 0.15):
        return
    touched = {area, *(a for need in first.needs for a in NEED_AREAS.get(need, ()))}
    free = [need for need, areas in NEED_AREAS.items() if not touched & set(areas)]
    if not free:
        return
    need = rng.choice(free)
    at = say_need(draft, need)
    draft.questions[-1] = dataclasses.replace(first, needs=(*first.needs, need), evidence=(*first.evidence, at))
    if rng.random() < 0.5:
        draft.signal("missing-probe", at)
    else:
        draft.add("agent", draft.words("agent", "sympathy"))


def troubles(questions: Iterable[Question]) -> tuple[int, ...]:
    """The lines that together show two or more fields of life of the social domain, else none.

    Questions must hold their needs' lines right after the asking line, as `ask` and `second_trouble` leave them.
    """
    found: dict[str, int] = {}
    kept = list(questions)
    for question in kept:
        area = table("topics")[question.topic]["area"]
        if area:
            found.setdefault(area, question.evidence[0])
    for question in kept:
        for need, line in zip(question.needs, question.evidence[1:], strict=False):
            areas = NEED_AREAS.get(need, ())
            if areas and not set(areas) & set(found):
                found[areas[0]] = line
    return tuple(sorted(set(found.values()))) if len(found) > 1 else ()


def draw_outcome(draft: Draft, topic: str) -> str:
    if draft.wishes.outcome:
        return draft.wishes.outcome
    if draft.wishes.transfer:
        return draft.rng.choice(("transferred-department", "transferred-colleague"))
    if topic in OTHER_ORGANISATION:
        return "referred-other-organisation" if draft.rng.random() < 0.85 else "handled"
    return draft.rng.choices([o for o, _ in OUTCOMES], [w for _, w in OUTCOMES])[0]
