"""The eight weeks of the bundled calls: who phones when about what, filed how, recorded how.

The story that trends must show (weeks from Monday 31 August to Friday 23 October 2026):
- a letter about waste goes out before week 4: waste calls jump in weeks 4 and 5, the letter is not understood;
- from week 3 callers ask about passports: still valid long enough for abroad, and which photo;
- the parking-permit page on the website fails until it is mended in week 5: those calls stop;
- the moving-house letter is rewritten in week 5 as well: those calls go on.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dialogue import Wishes
from grammar import facets_of, table, topics

FIRST_MONDAY = dt.date(2026, 8, 31)
WEEKS = 8
PLACE = ZoneInfo("Europe/Amsterdam")
SEED = 20260831

# Calls per week. Letter and page calls are counted apart from the rest of their topic.
WASTE_LETTER = (0, 0, 0, 7, 6, 1, 0, 0)
WASTE_OTHER = (1, 1, 1, 2, 2, 1, 1, 1)
PASSPORT_RULE = (0, 0, 2, 2, 2, 2, 2, 2)
PASSPORT_OTHER = (1, 1, 0, 0, 0, 0, 0, 0)
PARKING_PAGE = (3, 3, 3, 3, 1, 0, 0, 0)
PARKING_OTHER = (0, 0, 0, 0, 0, 0, 1, 0)
MOVING_LETTER = (2, 2, 2, 2, 2, 2, 2, 2)
OTHER = (7, 7, 6, 3, 4, 8, 8, 9)
TOTAL = sum(map(sum, (WASTE_LETTER, WASTE_OTHER, PASSPORT_RULE, PASSPORT_OTHER, PARKING_PAGE, PARKING_OTHER,
                      MOVING_LETTER, OTHER)))  # fmt: skip

QUEUES = {
    "burgerzaken": "burgerzaken", "burgerlijke-stand": "burgerzaken", "verkiezingen": "burgerzaken", "afval": "afval",
    "openbare-ruimte": "openbare-ruimte", "parkeren-verkeer": "parkeren", "belastingen": "belastingen",
    "wonen-bouwen": "wonen", "sociaal-domein-wmo": "zorg", "sociaal-domein-jeugd": "zorg",
    "sociaal-domein-participatie": "werk-en-inkomen", "sociaal-domein-schulden": "werk-en-inkomen",
}  # fmt: skip
WRONGLY_FILED = {
    "waste-calendar": ("letter-received", "waste-container"), "waste-container": ("waste-calendar", "letter-received"),
    "passport": ("id-card", "appointment"), "parking-permit": ("website-portal", "parking-fine"),
    "moving-house": ("letter-received", "digid"),
}  # fmt: skip
FORMAT_SHARES = (
    ("opus", 75), ("opus-wide", 18), ("alaw", 4), ("mulaw", 2), ("gsm", 5), ("adpcm", 4),
    ("mp3", 6), ("flac", 2), ("m4a", 4),
)  # fmt: skip
MONO_KINDS = ("gsm", "flac", "mulaw")
HEAVY_KINDS = ("alaw", "adpcm")
AWKWARD_NAMES = {
    7: "gesprek café de linde", 31: "opname één (2)", 58: "Zoë & José - parkeren", 83: "terugbellen  dubbele spatie",
    101: "20261014.0930.wachtrij", 112: "GESPREK_HOOFDLETTERS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """One call of the bundle before it is written or spoken."""

    number: int
    seed: int
    started_at: dt.datetime
    topic: str | None
    wishes: Wishes
    audio_format: str
    stereo: bool
    agent_channel: int
    tells_agent_channel: bool
    filed: str  # "right", "wrong" or "not"
    name: str
    speaker_group: str | None = None


# What the remaining calls are, in order of time; the rest of OTHER is drawn.
_SPECIAL: dict[int, tuple[str | None, Wishes]] = {
    0: ("social-assistance", Wishes(facet="payout-date", size="medium", signals=("multi-problem", "repeat-call"))),
    1: (None, Wishes(kind="wrong-number")),
    3: ("housing-association", Wishes(facet="right-organisation")),
    4: ("youth-help", Wishes(facet="waiting-list", signals=("multi-problem", "passed-around"), size="medium")),
    6: ("household-help", Wishes(facet="helper-not-come", signals=("caller-on-behalf", "repeat-call"))),
    8: (None, Wishes(kind="distress", signals=("violence",))),
    9: (
        "building-permit",
        Wishes(facet="status", signals=("broken-promise-callback", "repeat-call"), outcome="callback-request"),
    ),
    11: ("vog", Wishes(facet="how-to-apply", signals=("language-barrier",))),
    13: ("tax-assessment", Wishes(facet="amount-explain", transfer=True)),
    15: ("debt-help", Wishes(facet="eviction-threat", signals=("cannot-make-ends-meet",), size="medium")),
    16: ("marriage", Wishes(facet="free-wedding", kind="compliment")),
    18: (
        "building-permit",
        Wishes(
            facet="rules",
            size="long",
            outcome="handled-after-consult",
            hold=True,
            signals=("channel-failed-before", "website-not-found"),
        ),
    ),
    20: ("mobility-aid", Wishes(facet="repair", signals=("caller-on-behalf",))),
    21: ("woz", Wishes(facet="objection", signals=("complaint", "waiting-time-complaint"))),
    23: (None, Wishes(kind="distress", signals=("housing-loss",))),
    24: ("tax-authority", Wishes(facet="right-organisation", outcome="referred-other-organisation")),
    26: (
        "reach-colleague",
        Wishes(facet="callback-pending", signals=("broken-promise-callback",), outcome="callback-request"),
    ),
    28: (
        "school-transport",
        Wishes(facet="bus-not-come", signals=("repeat-call", "complaint"), outcome="callback-request"),
    ),
    30: ("social-assistance", Wishes(facet="payout-date", signals=("multi-problem",))),
    31: (
        "wmo-request",
        Wishes(facet="no-response", size="medium", hold=True, signals=("low-digital-skills", "repeat-call")),
    ),
    33: ("police-emergency", Wishes(facet="right-organisation", outcome="referred-other-organisation")),
    34: (None, Wishes(kind="wrong-number")),
    36: (None, Wishes(kind="distress", signals=("child-safety",))),
    37: ("death", Wishes(facet="after-death", kind="compliment", size="medium")),
    39: ("woz", Wishes(facet="bureau-offer", transfer=True)),
    41: ("complaint", Wishes(facet="complaint", signals=("aggression", "complaint"), outcome="handled")),
    43: ("registration-from-abroad", Wishes(facet="bsn-needed", signals=("language-barrier",))),
    44: ("uwv-svb", Wishes(facet="right-organisation", outcome="referred-other-organisation")),
    46: (None, Wishes(kind="distress", signals=("suicidal-talk",))),
    47: ("carer-support", Wishes(facet="respite", signals=("multi-problem",), size="medium")),
    49: ("event-permit", Wishes(facet="how-to-apply", transfer=True)),
    50: ("homelessness", Wishes(facet="help-request", signals=("cannot-make-ends-meet",))),
}
_GROUPS = {6: "elderly", 20: "elderly", 31: "elderly", 37: "elderly", 11: "non-native", 43: "non-native"}


def plans(seed: int = SEED) -> tuple[Plan, ...]:
    """The 120 calls in order of time."""
    rng = random.Random(seed)
    wanted: list[tuple[dt.datetime, str | None, Wishes, str | None]] = []
    for week in range(WEEKS):
        wanted += [(_moment(rng, week, day), *rest) for day, *rest in _week(rng, week)]
    formats = _formats(rng)
    found = []
    order = sorted(wanted, key=lambda w: w[0])
    for number, (when, topic, wishes, group) in enumerate(order, start=1):
        wishes = dataclasses.replace(wishes, opening_hour=when.hour)
        kind = formats[number - 1] if wishes.size == "short" else "opus"
        stereo = kind not in MONO_KINDS and rng.random() < (0.4 if kind in HEAVY_KINDS else 0.84)
        filed = rng.choices(("right", "wrong", "not"), (70, 9, 21))[0]
        plain = f"{when:%Y%m%d-%H%M%S}_{queue(topic)}_{number:04d}"
        found.append(
            Plan(
                number=number, seed=seed + number, started_at=when, topic=topic, wishes=wishes, audio_format=kind,
                stereo=stereo, agent_channel=1 if number % 9 == 4 else 0, tells_agent_channel=number % 17 != 6,
                filed=filed, name=AWKWARD_NAMES.get(number, plain), speaker_group=group,
            )
        )  # fmt: skip
    return tuple(found)


def _week(rng: random.Random, week: int) -> Iterator[tuple[int, str | None, Wishes, str | None]]:
    """(weekday or -1 for any, topic, wishes, speaker group) of every call in a week."""
    for i in range(WASTE_LETTER[week]):
        topic = "waste-calendar" if i % 3 else "waste-container"
        yield -1, topic, Wishes(facet="letter-explain", signals=("letter-unclear",) if i % 2 else ("none",)), None
    for _ in range(WASTE_OTHER[week]):
        topic = rng.choice(("waste-calendar", "waste-container", "bulky-waste"))
        yield -1, topic, Wishes(facet=rng.choice([f for f in facets_of(topic) if f != "letter-explain"])), None
    for i in range(PASSPORT_RULE[week]):
        yield -1, "passport", Wishes(facet="photo-rules" if (i + week) % 3 == 0 else "expiry-abroad"), None
    for _ in range(PASSPORT_OTHER[week]):
        yield -1, "passport", Wishes(facet=rng.choice(("cost", "appointment-make"))), None
    for i in range(PARKING_PAGE[week]):
        last = week == 4  # the page was mended on the Tuesday
        signals = ("website-not-found",) if i % 2 else ("channel-failed-before",)
        yield 0 if last else -1, "parking-permit", Wishes(facet="website-problem", signals=signals), None
    for _ in range(PARKING_OTHER[week]):
        yield -1, "parking-permit", Wishes(facet="plate-change"), None
    for i in range(MOVING_LETTER[week]):
        yield -1, "moving-house", Wishes(facet="letter-explain", signals=("repeat-call",) if i else ("none",)), None
    before = sum(OTHER[:week])
    for i in range(before, before + OTHER[week]):
        topic, wishes = _SPECIAL.get(i, (None, Wishes(kind="normal")))
        if topic is None and wishes.kind == "normal":
            topic = _drawn_topic(i)
        yield -1, topic, wishes, _GROUPS.get(i)


def _drawn_topic(i: int) -> str:
    """Topics of the drawn calls: spread over the world, none of the story's."""
    story = {"passport", "moving-house", "parking-permit", "waste-calendar", "waste-container", "child-safety-concern"}
    calm = [t for t in topics() if t not in story and t != "domestic-violence"]
    return calm[(i * 37 + 5) % len(calm)]


def _moment(rng: random.Random, week: int, weekday: int) -> dt.datetime:
    """A moment in office hours, busier in the morning and on Mondays."""
    day = weekday if weekday >= 0 else rng.choices(range(5), (28, 20, 18, 18, 16))[0]
    hour = rng.choices(range(9, 17), (20, 22, 18, 10, 12, 14, 12, 8))[0]
    date = FIRST_MONDAY + dt.timedelta(days=7 * week + day)
    return dt.datetime(date.year, date.month, date.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=PLACE)


def queue(topic: str | None) -> str:
    """The queue on which a call about this topic comes in."""
    return QUEUES.get(table("topics")[topic]["domain"], "algemeen") if topic else "algemeen"


def _formats(rng: random.Random) -> list[str]:
    found = [name for name, count in FORMAT_SHARES for _ in range(count)]
    rng.shuffle(found)
    return found


def filed_topic(plan: Plan, topic: str | None, rng: random.Random) -> str | None:
    """What the agent registered: mostly right, now and then something near, or nothing."""
    if topic is None or plan.filed == "not":
        return None
    if plan.filed == "right":
        return topic
    return rng.choice(WRONGLY_FILED.get(topic, ("letter-received", "opening-hours", "reach-colleague")))
