"""The pieces every conversation has: greeting, question and needs, volunteered signals, personal data, answers."""

from __future__ import annotations

from draft import Draft, hesitant
from grammar import part, table
from personal import spoken_by_caller
from script import Question

FACET_SIGNALS = {
    "status": "status-chase", "no-response": "status-chase", "report-status": "status-chase",
    "callback-pending": "broken-promise-callback", "letter-explain": "letter-unclear",
    "website-problem": "website-not-found", "complaint": "complaint", "eviction": "housing-loss",
    "eviction-threat": "housing-loss",
}  # fmt: skip
NEED_SIGNALS = {"make-ends-meet": "cannot-make-ends-meet", "digital-help": "low-digital-skills"}
TOPIC_SIGNALS = {"domestic-violence": "violence", "child-safety-concern": "child-safety"}
DISTRESS = ("violence", "suicidal-talk", "child-safety", "housing-loss")
PERSONAL_FOR_DOMAIN = {
    "burgerzaken": ("bsn", "date_of_birth", "postcode", "travel_document", "email", "phone"),
    "burgerlijke-stand": ("date_of_birth", "bsn", "email", "phone"),
    "afval": ("postcode", "street", "phone", "email"),
    "openbare-ruimte": ("street", "phone", "email", "case_number"),
    "parkeren-verkeer": ("licence_plate", "postcode", "licence_plate", "email", "case_number"),
    "belastingen": ("case_number", "bsn", "iban", "postcode"),
    "ondernemen": ("kvk_vestiging", "phone", "email"),
    "onderwijs": ("bsn", "date_of_birth", "phone"),
}
PERSONAL_ELSE = ("bsn", "date_of_birth", "phone", "iban", "postcode")
PERSONAL_FOR_TOPIC = {
    "driving-licence": ("driving_licence_number", "bsn", "date_of_birth"), "digid": ("digid_secret", "bsn"),
    "website-portal": ("digid_secret", "email"), "naturalisation": ("v_number", "date_of_birth"),
}  # fmt: skip


def opening_sounds(draft: Draft) -> None:
    rng = draft.rng
    if rng.random() < 0.3:
        draft.sound("ring", rng.choice((1500, 2500, 4000)))
    wanted = draft.wishes.menu
    if wanted or (wanted is None and rng.random() < 0.15):
        draft.add("system", rng.choice(table("common")["menu"]))
        if rng.random() < 0.4:
            draft.sound("tone", 1200)
        if rng.random() < 0.5:
            draft.sound("music", rng.choice((4000, 6000, 9000)))


def greeting(draft: Draft) -> None:
    draft.add("agent", draft.words("agent", "greeting", dagdeel=part_of_day(draft)))


def part_of_day(draft: Draft) -> str:
    return "goedemorgen" if draft.wishes.opening_hour < 12 else "goedemiddag"


def hello(draft: Draft) -> str:
    """How a caller starts: hello, perhaps a name, perhaps a run-up."""
    rng = draft.rng
    hello = draft.words("caller", "hello")
    if draft.wishes.opening_hour >= 12:
        hello = hello.replace("goedemorgen", "goedemiddag")
    else:
        hello = hello.replace("goedemiddag", "goedemorgen")
    pieces = [hello]
    if rng.random() < 0.55:
        pieces.append(draft.words("caller", "name"))
    if rng.random() < 0.7:
        pieces.append(draft.words("caller", "lead"))
    return " ".join(pieces)


def drawn_needs(draft: Draft, topic: str, count: int) -> list[str]:
    known = table("topics")[topic]["needs"]
    weights = [3, 2, 1, 1, 1][: len(known)]
    found: list[str] = []
    while len(found) < min(count, len(known)):
        need = draft.rng.choices(known, weights)[0]
        if need not in found:
            found.append(need)
    return found


def say_need(draft: Draft, need: str) -> int:
    options = part(table("needs")[need], draft.split, disjoint=True)
    at = draft.add("caller", hesitant(draft.rng, draft.fill(draft.rng.choice(options))))
    if need in NEED_SIGNALS:
        draft.signal(NEED_SIGNALS[need], at)
    return at


def ask(draft: Draft, topic: str, facet: str, lead: str, need_count: int) -> Question:
    """The caller asks, the agent probes or sympathises, the needs come out."""
    rng = draft.rng
    asked = draft.add("caller", f"{lead} {hesitant(rng, draft.question(topic, facet))}".strip())
    evidence = [asked]
    if facet in FACET_SIGNALS:
        draft.signal(FACET_SIGNALS[facet], asked)
    if topic in TOPIC_SIGNALS:
        draft.signal(TOPIC_SIGNALS[topic], asked)
    if topic == "complaint":
        draft.signal("complaint", asked)
    draft.backchannel("agent", 0.35)
    needs = drawn_needs(draft, topic, need_count)
    for need in needs:
        if rng.random() < 0.5:
            draft.add("agent", draft.words("agent", "probe"))
        evidence.append(say_need(draft, need))
        draft.backchannel("agent", 0.3)
    found = Question(topic, facet, tuple(needs), tuple(evidence))
    draft.questions.append(found)
    return found


def volunteered(draft: Draft) -> None:
    """Signals that a caller gives without being asked, and their denials."""
    rng = draft.rng
    wanted = [s for s in draft.wishes.signals if s in table("signals")["caller"]]
    if not draft.wishes.signals:
        weights = {
            "repeat-call": 14, "caller-on-behalf": 7, "channel-failed-before": 6, "complaint": 5,
            "website-not-found": 6, "letter-unclear": 4, "contradictory-information": 4, "passed-around": 3,
            "waiting-time-complaint": 4, "low-digital-skills": 4, "language-barrier": 3, "broken-promise-callback": 5,
        }  # fmt: skip
        wanted = [s for s, chance in weights.items() if rng.random() * 100 < chance][:3]
    for kind in wanted:
        if kind in ("compliment", "aggression", *DISTRESS):
            continue
        draft.signal(kind, draft.add("caller", hesitant(rng, draft.caller_signal(kind))))
        if rng.random() < 0.5:
            draft.add("agent", draft.words("agent", "sympathy"))
    if rng.random() < 0.18:
        options = part(table("signals")["negated"], draft.split, disjoint=True)
        draft.add("caller", hesitant(rng, rng.choice(options)))
    if rng.random() < 0.2:
        draft.add("caller", draft.words("caller", "smalltalk"))


def identify(draft: Draft, topic: str, count: int) -> None:
    """The agent asks for personal data, the caller gives it, the agent reads it back in pieces now and then."""
    rng = draft.rng
    domain = table("topics")[topic]["domain"]
    known = PERSONAL_FOR_TOPIC.get(topic) or PERSONAL_FOR_DOMAIN.get(domain) or PERSONAL_ELSE
    kinds = rng.sample(sorted(set(known)), min(count, len(set(known))))
    if count and rng.random() < 0.25:
        kinds.insert(0, "person_name")
    for kind in kinds:
        draft.add("agent", rng.choice(part(table("personal")["ask"][kind], draft.split)))
        marked, chunks = spoken_by_caller(rng, kind, draft.split)
        if len(chunks) > 2 and rng.random() < 0.25:
            in_pieces(draft, kind, chunks)
        else:
            draft.add("caller", marked)
        if kind not in ("digid_secret", "email") and rng.random() < 0.35:
            read_back(draft, kind, chunks)
        else:
            draft.add("agent", draft.words("agent", "wait"))


def in_pieces(draft: Draft, kind: str, chunks: tuple[str, ...]) -> None:
    for at, chunk in enumerate(chunks):
        draft.add("caller", f"[{kind}:{chunk}]")
        if at < len(chunks) - 1:
            draft.add("agent", draft.rng.choice(("ja", "oké", "hm hm")))


def read_back(draft: Draft, kind: str, chunks: tuple[str, ...]) -> None:
    rng = draft.rng
    half = max(1, len(chunks) // 2) if rng.random() < 0.6 else len(chunks)
    for at in range(0, len(chunks), half):
        lead = rng.choice(("", "dus ", "even herhalen ")) if at == 0 else "en dan "
        draft.add("agent", f"{lead}[{kind}:{' '.join(chunks[at : at + half])}]")
        draft.add("caller", draft.words("caller", "agree"))


def answer(draft: Draft, asked: Question, *, consult: bool = False) -> None:
    """What the agent says in reply, with a hold and a knowledge gap when it must be asked elsewhere."""
    rng = draft.rng
    if rng.random() < 0.3:
        about = draft.fill(draft.about(asked.topic)["a"])
        if about:
            draft.signal("understanding-check", draft.add("agent", draft.agent_signal("understanding-check", a=about)))
            draft.add("caller", draft.words("caller", "agree"))
    if consult:
        draft.signal("knowledge-gap", draft.add("agent", draft.agent_signal("knowledge-gap")))
        draft.add("caller", draft.words("caller", "wait"))
        hold(draft)
    elif rng.random() < 0.55:
        draft.add("agent", draft.words("agent", "ack"))
        if rng.random() < 0.4:
            draft.sound("silence", rng.choice((1500, 2500, 4000)))
    if asked.facet in ("how-to-apply", "opening-hours", "online-possible") and rng.random() < 0.3:
        draft.signal("self-service-possible", draft.add("agent", draft.agent_signal("self-service-possible")))
    replies = table("answers").get(asked.facet or "default", table("answers")["default"])
    draft.add("agent", draft.fill(rng.choice(part(replies, draft.split))))
    draft.backchannel("caller", 0.4)
    draft.add("caller", draft.words("caller", "ok"))


def hold(draft: Draft) -> None:
    rng = draft.rng
    draft.add("agent", draft.words("agent", "hold"))
    long = draft.wishes.hold and draft.wishes.size != "short"
    draft.sound("music", rng.choice((30000, 45000)) if long else rng.choice((5000, 8000, 12000)))
    draft.add("agent", draft.words("agent", "back"))
