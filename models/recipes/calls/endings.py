"""How conversations end, and the two kinds that go another way: distress and a wrong number."""

from __future__ import annotations

import dataclasses

from draft import Draft
from grammar import facets_of, part, table
from scenes import DISTRESS, FACET_SIGNALS, ask, hello, identify, part_of_day, say_need

ORGANISATION = {
    "tax-authority": "de belastingdienst", "uwv-svb": "het uwv", "housing-association": "uw verhuurder",
    "police-emergency": "de politie", "water-board-utility": "de netbeheerder",
}  # fmt: skip

DEPARTMENTS = {
    "burgerzaken": "burgerzaken", "burgerlijke-stand": "burgerzaken", "verkiezingen": "burgerzaken", "afval": "afval",
    "openbare-ruimte": "beheer", "parkeren-verkeer": "parkeren", "belastingen": "belastingen",
    "sociaal-domein-wmo": "zorg", "sociaal-domein-jeugd": "jeugd", "sociaal-domein-participatie": "werk en inkomen",
    "sociaal-domein-schulden": "schulden", "veiligheid-leefbaarheid": "handhaving", "onderwijs": "leerplicht",
}  # fmt: skip


def _department(topic: str) -> str:
    """What the department behind a topic is called."""
    domain = table("topics")[topic]["domain"]
    return DEPARTMENTS.get(domain, "vergunningen")


def promise(draft: Draft) -> None:
    open_ended = draft.rng.random() < 0.4
    at = draft.add("agent", draft.agent_signal("promise-open" if open_ended else "promise-term"))
    draft.signal("promise-made", at)
    if open_ended:
        draft.signal("promise-without-date", at)
    draft.add("caller", draft.words("caller", "ok"))


def transfer(draft: Draft, topic: str, *, third_voice: bool) -> None:
    rng = draft.rng
    draft.signal("transfer", draft.add("agent", draft.agent_signal("transfer")))
    draft.add("caller", draft.words("caller", "wait"))
    if not third_voice:
        return
    draft.sound("music", rng.choice((4000, 7000)))
    draft.agent = "agent-2"
    draft.add("agent", draft.words("agent", "second", dagdeel=part_of_day(draft), afdeling=_department(topic)))
    draft.add("caller", draft.question(topic, draft.questions[0].facet or facets_of(topic)[0]))
    draft.questions[0] = dataclasses.replace(
        draft.questions[0], evidence=(*draft.questions[0].evidence, len(draft.lines) - 1)
    )
    if draft.questions[0].facet in FACET_SIGNALS:
        draft.signal(FACET_SIGNALS[draft.questions[0].facet], len(draft.lines) - 1)
    replies = table("answers").get(draft.questions[0].facet or "default", table("answers")["default"])
    draft.add("agent", draft.fill(rng.choice(part(replies, draft.split))))
    draft.add("caller", draft.words("caller", "ok"))


def ending(draft: Draft, outcome: str, topic: str) -> None:
    """Promise, transfer or referral, then the goodbyes."""
    rng = draft.rng
    if outcome == "callback-request":
        promise(draft)
    elif outcome == "referred-other-organisation":
        draft.add("agent", draft.words("agent", "other", org=ORGANISATION.get(topic, "de belastingdienst")))
        draft.add("caller", draft.words("caller", "ok"))
    elif outcome == "caller-will-call-again":
        draft.add("agent", draft.words("agent", "again"))
        draft.add("caller", draft.words("caller", "ok"))
    elif outcome in ("transferred-department", "transferred-colleague"):
        third = draft.wishes.transfer or rng.random() < 0.3
        transfer(draft, topic, third_voice=third)
        if not third:
            return
    elif outcome == "transfer-failed":
        transfer(draft, topic, third_voice=False)
        draft.sound("ring", 4000)
        draft.add("agent", draft.agent_signal("transfer-failed"))
        promise(draft)
    if "aggression" in draft.wishes.signals:
        draft.signal("aggression", draft.add("caller", draft.caller_signal("aggression")))
        draft.add("agent", draft.words("agent", "aggression"))
        return
    if rng.random() < 0.6:
        draft.add("agent", draft.words("agent", "anything"))
        draft.add("caller", draft.words("caller", "deny"))
    if "compliment" in draft.wishes.signals or draft.wishes.kind == "compliment" or rng.random() < 0.06:
        draft.signal("compliment", draft.add("caller", draft.caller_signal("compliment")))
    elif rng.random() < 0.7:
        draft.add("caller", draft.words("caller", "thanks"))
    draft.add("agent", draft.words("agent", "bye"))
    if rng.random() < 0.7:
        draft.add("caller", draft.words("caller", "bye"))


def distress(draft: Draft) -> str:
    """Few and plain: the caller says it, the agent stays with them and gets help."""
    rng = draft.rng
    kind = next((s for s in draft.wishes.signals if s in DISTRESS), None) or rng.choice(DISTRESS)
    topic, facet, need = {
        "violence": ("domestic-violence", "help-request", "feel-safe"),
        "suicidal-talk": ("debt-help", "help-request", "peace-from-debt"),
        "child-safety": ("child-safety-concern", "report", "child-wellbeing"),
        "housing-loss": ("homelessness", "eviction", "keep-home"),
    }[kind]
    asked = ask(draft, topic, facet, hello(draft), 0)
    at = draft.add("caller", draft.caller_signal(kind))
    draft.signal(kind, at)
    draft.questions[0] = dataclasses.replace(asked, needs=(need,), evidence=(*asked.evidence, at))
    draft.add("agent", draft.words("agent", "sympathy"))
    draft.add("agent", draft.words("agent", "suicide" if kind == "suicidal-talk" else "emergency"))
    draft.add("caller", draft.words("caller", "hm"))
    need_at = say_need(draft, need)
    draft.questions[0] = dataclasses.replace(draft.questions[0], evidence=(*draft.questions[0].evidence, need_at))
    identify(draft, topic, 1)
    draft.signal("transfer", draft.add("agent", draft.agent_signal("transfer")))
    draft.add("caller", draft.words("caller", "wait"))
    draft.add("agent", draft.words("agent", "bad"))
    return "transferred-colleague"


def wrong_number(draft: Draft) -> str:
    rng = draft.rng
    shop = draft.fill("$shop")
    draft.add("caller", f"{draft.words('caller', 'hello')} {draft.words('caller', 'wrongnumber', shop=shop)}")
    draft.add("agent", draft.words("agent", "wrong", shop=shop))
    draft.add("caller", draft.words("caller", "sorry"))
    draft.add("agent", rng.choice(("geeft niet hoor dag", "geen probleem fijne dag", "kan gebeuren tot ziens")))
    return "handled"
