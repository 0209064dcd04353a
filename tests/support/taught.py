"""A small store in which one wording is systematically given the wrong topic, and verdicts on it."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from callinsight import assembly, bundle, decisions
from callinsight.core.improvement import About, Review, Tag, Verdict
from callinsight.core.values import CallResult
from callinsight.embeddings import write_vectors
from callinsight.settings import Settings
from support.results import FIRST_MONDAY, spoken_call

RIGHT_TOPIC = "trees-green"
"""Where a garden along the front of a house belongs; the bundled tagger mostly takes it for other things, or for
nothing."""

_LEADS = (
    "ik wil graag",
    "ik zou graag",
    "hallo wij willen",
    "mijn vrouw en ik willen",
    "goedemorgen ik wil met de buren",
    "ik wou dit voorjaar",
    "wij denken erover om",
    "kan ik zomaar",
)
_WISHES = (
    "een geveltuintje aanleggen",
    "een geveltuin aanleggen voor het huis",
    "een geveltuintje maken langs de muur",
    "een paar tegels lichten voor een geveltuintje",
    "een smal geveltuintje aanleggen aan de straatkant",
    "een geveltuin met klimplanten aanleggen",
)
_ENDS = ("", "mag dat", "hoe werkt dat", "moet ik dat melden", "wat zijn de regels", "kunt u mij helpen")
OTHERS = {
    "passport": ("ik wil een nieuw paspoort want de mijne is verlopen", "mijn paspoort is bijna verlopen wat nu"),
    "parking-permit": ("ik wil een parkeervergunning aanvragen voor mijn auto", "mijn parkeervergunning loopt af"),
    "bulky-waste": ("ik heb een oud bankstel kunt u het grofvuil komen ophalen", "wanneer wordt grofvuil opgehaald"),
    "moving-house": (
        "wij gaan verhuizen en ik wil mijn nieuwe adres doorgeven",
        "ik ben verhuisd en wil dat doorgeven",
    ),
    "street-lighting": ("de lantaarnpaal voor mijn deur doet het niet meer", "de straatverlichting is uit bij ons"),
}


def garden_calls(settings: Settings, count: int, seed: int = 1) -> list[str]:
    """What callers say who want a garden along the front of their house, and the tagger gets wrong; no two the same."""
    every = [f"{lead} {wish} {end}".strip() for lead in _LEADS for wish in _WISHES for end in _ENDS]
    random.Random(seed).shuffle(every)
    turns = [spoken_call("call-1", FIRST_MONDAY, "passport", None, said=text).turns for text in every]
    tags = assembly.build_tagger(settings).tag(turns)
    wrong = [text for text, one in zip(every, tags, strict=True) if RIGHT_TOPIC not in {q.topic for q in one.questions}]
    return wrong[:count]


def store_calls(settings: Settings, said: Mapping[str, str]) -> dict[str, CallResult]:
    """Tag calls as a night does, by id, and keep results and vectors."""
    tagger, provenance = assembly.build_tagger(settings), assembly.provenance(settings)
    calls = [
        spoken_call(call_id, FIRST_MONDAY + timedelta(days=n % 5), "passport", None, said=text)
        for n, (call_id, text) in enumerate(said.items())
    ]
    vectors = tagger.read([one.turns for one in calls])
    made = {}
    for call, read, tags in zip(calls, vectors, tagger.decide([one.turns for one in calls], vectors), strict=True):
        result = replace(call, tags=tags, provenance=provenance)
        write_vectors(settings.work.embeddings, call.call.call_id, call.turns, read)
        bundle.write_result(settings.work.results, result)
        made[call.call.call_id] = result
    return made


def topics_of(result: CallResult) -> set[str]:
    """The topics of a call."""
    return {question.topic for question in result.tags.questions}


def judge(settings: Settings, result: CallResult, truth: str) -> None:
    """The verdict of who reads the call: the first topic is right, or should be ``truth``."""
    topic = result.tags.questions[0].topic
    right = topic == truth
    review(settings, result.call.call_id, topic, None if right else truth)


def review(settings: Settings, call_id: str, topic: str, should_be: str | None) -> None:
    """Keep a verdict on a topic: right, or another."""
    verdict = Verdict.RIGHT if should_be is None else Verdict.OTHER
    other = None if should_be is None else Tag(About.QUESTION, should_be)
    moment = datetime(2026, 9, 7, 10, 0, tzinfo=UTC)
    kept = Review(call_id, Tag(About.QUESTION, topic), verdict, "kwaliteitsmedewerker", moment, other)
    decisions.write_review(settings.work.reviews, kept)


def ordinary(count: int) -> Iterable[tuple[str, str]]:
    """Topics and what callers say who ask what the tagger knows well."""
    every = [(topic, text) for topic, texts in OTHERS.items() for text in texts]
    return (every[n % len(every)] for n in range(count))
