"""Whole conversations between an agent and a caller, as lines with their ground truth.

`make_call` draws what the call is about (topics, facets, needs, outcome, signals), then writes it out line by line:
greeting, opening, needs between the lines, personal data, answers, ending. Every label remembers the lines that carry
it. Timing is not decided here (timing.py), sound neither (render.py).
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass, field

from grammar import Span, facets_of, fill, parse, part, question, table, topic_slots, topics
from personal import spoken_by_caller

STATUS_FACETS = ("status", "no-response", "report-status", "callback-pending")
FACET_SIGNALS = {
    "status": "status-chase", "no-response": "status-chase", "report-status": "status-chase",
    "callback-pending": "broken-promise-callback", "letter-explain": "letter-unclear",
    "website-problem": "website-not-found", "complaint": "complaint", "eviction": "housing-loss",
    "eviction-threat": "housing-loss",
}  # fmt: skip
NEED_SIGNALS = {"make-ends-meet": "cannot-make-ends-meet", "digital-help": "low-digital-skills"}
TOPIC_SIGNALS = {"domestic-violence": "violence", "child-safety-concern": "child-safety"}
HELP_TOPICS = ("domestic-violence", "homelessness")
OTHER_ORGANISATION = ("tax-authority", "uwv-svb", "housing-association", "police-emergency", "water-board-utility")
ORGANISATION = {
    "tax-authority": "de belastingdienst", "uwv-svb": "het uwv", "housing-association": "uw verhuurder",
    "police-emergency": "de politie", "water-board-utility": "de netbeheerder",
}  # fmt: skip
OUTCOMES = (
    ("handled", 58), ("callback-request", 14), ("transferred-department", 9), ("handled-after-consult", 8),
    ("transferred-colleague", 4), ("caller-will-call-again", 4), ("transfer-failed", 3),
)  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class Line:
    """What one speaker says, or a sound of the exchange.

    `sound` is "" for speech, else "ring", "music", "tone" or "silence" lasting `duration_ms`. `manner` is "turn",
    "backchannel" (said over the running turn of the other) or "interrupt" (starts before the other has finished).
    `pause_after` are word numbers after which the speaker stops to think.
    """

    role: str
    speaker: str
    text: str
    spans: tuple[Span, ...] = ()
    sound: str = ""
    duration_ms: int = 0
    manner: str = "turn"
    pause_after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the need behind it; evidence are line numbers."""

    topic: str
    facet: str | None
    needs: tuple[str, ...]
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal and the lines that carry it."""

    kind: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation in order of speaking, with its ground truth."""

    lines: tuple[Line, ...]
    questions: tuple[Question, ...]
    outcome: str
    signals: tuple[Signal, ...]
    split: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a story wants of a call; anything left None is drawn.

    `kind`: "normal", "wrong-number", "distress" or "compliment". `size`: "short", "medium" or "long".
    """

    facet: str | None = None
    kind: str | None = None
    size: str = "short"
    outcome: str | None = None
    signals: tuple[str, ...] = ()
    transfer: bool = False
    hold: bool | None = None
    menu: bool | None = None
    opening_hour: int = 10


@dataclass(slots=True)
class _Draft:
    """The call being written."""

    rng: random.Random
    split: str
    wishes: Wishes
    lines: list[Line] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    signals: dict[str, list[int]] = field(default_factory=dict)
    agent: str = "agent-1"

    def words(self, group: str, name: str, **bound: str) -> str:
        options = table("common")[group][name]
        return fill(self.rng, self.rng.choice(part(options, self.split)), self.split, bound)

    def add(self, role: str, marked: str, *, manner: str = "turn") -> int:
        phrase = parse(marked)
        speaker = {"agent": self.agent, "caller": "caller-1", "system": "system-1"}[role]
        pauses = _pauses(self.rng, phrase.text) if role == "caller" and manner == "turn" else ()
        self.lines.append(Line(role, speaker, phrase.text, phrase.spans, manner=manner, pause_after=pauses))
        return len(self.lines) - 1

    def sound(self, kind: str, duration_ms: int) -> None:
        self.lines.append(Line("system", "system-1", "", sound=kind, duration_ms=duration_ms))

    def signal(self, kind: str, *evidence: int) -> None:
        self.signals.setdefault(kind, []).extend(e for e in evidence if e not in self.signals.get(kind, ()))

    def caller_signal(self, kind: str) -> str:
        options = part(table("signals")["caller"][kind], self.split, disjoint=True)
        return fill(self.rng, self.rng.choice(options), self.split)

    def agent_signal(self, kind: str, **bound: str) -> str:
        options = part(table("signals")["agent"][kind], self.split, disjoint=True)
        return fill(self.rng, self.rng.choice(options), self.split, bound)

    def backchannel(self, role: str, chance: float) -> None:
        if self.rng.random() < chance:
            self.add(role, self.rng.choice(table("common")["backchannels"]), manner="backchannel")


def make_call(rng: random.Random, *, split: str, topic: str | None = None, wishes: Wishes | None = None) -> Script:
    """One conversation. The same state of `rng` gives the same call.

    Raises:
        ValueError: for an unknown split, topic or kind.
    """
    wishes = wishes or Wishes()
    if topic is not None and topic not in topics():
        raise ValueError(f"unknown topic {topic!r}")
    draft = _Draft(rng, split, wishes)
    kind = wishes.kind or rng.choices(("normal", "wrong-number", "distress"), (95, 1.5, 3.5))[0]
    if kind not in ("normal", "wrong-number", "distress", "compliment"):
        raise ValueError(f"unknown kind {kind!r}")
    _opening_sounds(draft)
    _greeting(draft)
    outcome = _wrong_number(draft) if kind == "wrong-number" else _conversation(draft, kind, topic)
    signals = tuple(Signal(k, tuple(sorted(v))) for k, v in sorted(draft.signals.items()))
    return Script(tuple(draft.lines), tuple(draft.questions), outcome, signals, split)


def _opening_sounds(draft: _Draft) -> None:
    rng = draft.rng
    if rng.random() < 0.3:
        draft.sound("ring", rng.choice((1500, 2500, 4000)))
    if draft.wishes.menu if draft.wishes.menu is not None else rng.random() < 0.15:
        draft.add("system", rng.choice(table("common")["menu"]))
        if rng.random() < 0.5:
            draft.sound("music", rng.choice((4000, 6000, 9000)))


def _greeting(draft: _Draft) -> None:
    part_of_day = "goedemorgen" if draft.wishes.opening_hour < 12 else "goedemiddag"
    draft.add("agent", draft.words("agent", "greeting", dagdeel=part_of_day))


def _hello(draft: _Draft) -> str:
    """How a caller starts: hello, perhaps a name, perhaps a run-up."""
    rng = draft.rng
    pieces = [draft.words("caller", "hello")]
    if rng.random() < 0.55:
        pieces.append(draft.words("caller", "name"))
    if rng.random() < 0.7:
        pieces.append(draft.words("caller", "lead"))
    return " ".join(pieces)


def _spoken(rng: random.Random, marked: str) -> str:
    """Adds the hesitation of speech: a filler, a false start, a correction. Personal data stays untouched."""
    words = marked.split(" ")
    fillers = table("common")["fillers"]
    if rng.random() < 0.4:
        words.insert(0, rng.choice(fillers))
    plain = [i for i in range(1, len(words)) if not any("[" in w or "]" in w for w in words)]
    if len(plain) > 4 and rng.random() < 0.3:
        words.insert(rng.choice(plain), rng.choice(("eh", "uhm", "uh")))
    if len(plain) > 5 and rng.random() < 0.12:
        at = rng.randrange(1, 4)
        words[at:at] = words[max(0, at - 2) : at] if rng.random() < 0.5 else ["nee", "wacht"]
    return " ".join(words)


def _pauses(rng: random.Random, text: str) -> tuple[int, ...]:
    """Word numbers after which the speaker stops: after fillers, and now and then in a long line."""
    words = text.split()
    found = [i for i, w in enumerate(words[:-1]) if w in ("eh", "uh", "uhm") and rng.random() < 0.5]
    if len(words) > 14 and rng.random() < 0.5:
        found.append(rng.randrange(5, len(words) - 4))
    return tuple(sorted(set(found)))


def _needs(draft: _Draft, topic: str, count: int) -> list[str]:
    known = table("topics")[topic]["needs"]
    weights = [3, 2, 1, 1, 1][: len(known)]
    found: list[str] = []
    while len(found) < min(count, len(known)):
        need = draft.rng.choices(known, weights)[0]
        if need not in found:
            found.append(need)
    return found


def _say_need(draft: _Draft, need: str) -> int:
    options = part(table("needs")[need], draft.split, disjoint=True)
    at = draft.add("caller", _spoken(draft.rng, fill(draft.rng, draft.rng.choice(options), draft.split)))
    if need in NEED_SIGNALS:
        draft.signal(NEED_SIGNALS[need], at)
    return at


def _ask(draft: _Draft, topic: str, facet: str, lead: str, need_count: int) -> Question:
    """The caller asks, the agent probes or sympathises, the needs come out."""
    rng = draft.rng
    asked = draft.add("caller", f"{lead} {_spoken(rng, question(rng, topic, facet, draft.split))}".strip())
    evidence = [asked]
    if facet in FACET_SIGNALS:
        draft.signal(FACET_SIGNALS[facet], asked)
    if topic in TOPIC_SIGNALS:
        draft.signal(TOPIC_SIGNALS[topic], asked)
    if topic == "complaint":
        draft.signal("complaint", asked)
    draft.backchannel("agent", 0.35)
    needs = _needs(draft, topic, need_count)
    for need in needs:
        if rng.random() < 0.5:
            draft.add("agent", draft.words("agent", "probe"))
        evidence.append(_say_need(draft, need))
        draft.backchannel("agent", 0.3)
    found = Question(topic, facet, tuple(needs), tuple(evidence))
    draft.questions.append(found)
    return found


def _volunteered(draft: _Draft) -> None:
    """Signals that a caller gives without being asked, and their denials."""
    rng = draft.rng
    wanted = [s for s in draft.wishes.signals if s in table("signals")["caller"]]
    if not draft.wishes.signals:
        weights = {
            "repeat-call": 14, "caller-on-behalf": 7, "channel-failed-before": 6, "complaint": 5, "broken-promise-callback": 5,
            "website-not-found": 6, "letter-unclear": 4, "contradictory-information": 4, "passed-around": 3,
            "waiting-time-complaint": 4, "low-digital-skills": 4, "language-barrier": 3,
        }  # fmt: skip
        wanted = [s for s, chance in weights.items() if rng.random() * 100 < chance][:3]
    for kind in wanted:
        if kind in ("compliment", "aggression", *DISTRESS):
            continue
        draft.signal(kind, draft.add("caller", _spoken(rng, draft.caller_signal(kind))))
        if rng.random() < 0.5:
            draft.add("agent", draft.words("agent", "sympathy"))
    if rng.random() < 0.18:
        options = part(table("signals")["negated"], draft.split, disjoint=True)
        draft.add("caller", _spoken(rng, rng.choice(options)))
    if rng.random() < 0.2:
        draft.add("caller", draft.words("caller", "smalltalk"))


def _identify(draft: _Draft, topic: str, count: int) -> None:
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
            _in_pieces(draft, kind, chunks)
        else:
            draft.add("caller", marked)
        if kind not in ("digid_secret", "email") and rng.random() < 0.35:
            _read_back(draft, kind, chunks)
        else:
            draft.add("agent", draft.words("agent", "wait"))


def _in_pieces(draft: _Draft, kind: str, chunks: tuple[str, ...]) -> None:
    for at, chunk in enumerate(chunks):
        draft.add("caller", f"[{kind}:{chunk}]")
        if at < len(chunks) - 1:
            draft.add("agent", draft.rng.choice(("ja", "oké", "hm hm")))


def _read_back(draft: _Draft, kind: str, chunks: tuple[str, ...]) -> None:
    rng = draft.rng
    half = max(1, len(chunks) // 2) if rng.random() < 0.6 else len(chunks)
    for at in range(0, len(chunks), half):
        lead = rng.choice(("", "dus ", "even herhalen ")) if at == 0 else "en dan "
        draft.add("agent", f"{lead}[{kind}:{' '.join(chunks[at : at + half])}]")
        draft.add("caller", draft.words("caller", "agree"))


def _answer(draft: _Draft, asked: Question, *, consult: bool = False) -> None:
    """What the agent says in reply, with a hold and a knowledge gap when it must be asked elsewhere."""
    rng = draft.rng
    if rng.random() < 0.3:
        about = fill(rng, topic_slots(rng, asked.topic)["a"], draft.split)
        if about:
            draft.signal("understanding-check", draft.add("agent", draft.agent_signal("understanding-check", a=about)))
            draft.add("caller", draft.words("caller", "agree"))
    if consult:
        draft.signal("knowledge-gap", draft.add("agent", draft.agent_signal("knowledge-gap")))
        draft.add("caller", draft.words("caller", "wait"))
        _hold(draft)
    elif rng.random() < 0.55:
        draft.add("agent", draft.words("agent", "ack"))
        if rng.random() < 0.4:
            draft.sound("silence", rng.choice((1500, 2500, 4000)))
    if asked.facet in ("how-to-apply", "opening-hours", "online-possible") and rng.random() < 0.3:
        draft.signal("self-service-possible", draft.add("agent", draft.agent_signal("self-service-possible")))
    replies = table("answers").get(asked.facet or "default", table("answers")["default"])
    draft.add("agent", fill(rng, rng.choice(part(replies, draft.split)), draft.split))
    draft.backchannel("caller", 0.4)
    draft.add("caller", draft.words("caller", "ok"))


def _hold(draft: _Draft) -> None:
    rng = draft.rng
    draft.add("agent", draft.words("agent", "hold"))
    long = draft.wishes.hold and draft.wishes.size != "short"
    draft.sound("music", rng.choice((30000, 45000)) if long else rng.choice((5000, 8000, 12000)))
    draft.add("agent", draft.words("agent", "back"))


def _conversation(draft: _Draft, kind: str, topic: str | None) -> str:
    rng, wishes = draft.rng, draft.wishes
    if kind == "distress":
        return _distress(draft)
    topic = topic or rng.choice(sorted(topics()))
    facet = wishes.facet or rng.choice(facets_of(topic))
    outcome = _draw_outcome(draft, topic)
    rounds = {"short": 1, "medium": 2, "long": 5}[wishes.size]
    first = _ask(draft, topic, facet, _hello(draft), rng.choice((0, 1, 1, 2) if wishes.size == "short" else (1, 2, 2)))
    _volunteered(draft)
    draft.backchannel("agent", 0.2)
    _identify(draft, topic, rng.choice((0, 1, 1, 2)) if wishes.size == "short" else rng.choice((2, 3)))
    asked = [first]
    _maybe_multi_problem(draft, topic, first)
    _answer(draft, asked[0], consult=outcome == "handled-after-consult" or bool(wishes.hold))
    extra = rounds - 1 + (1 if rng.random() < 0.25 else 0)
    for _ in range(extra):
        other = _next_topic(draft, topic)
        again = _ask(draft, other, rng.choice(facets_of(other)), draft.words("caller", "also"), rng.choice((0, 1)))
        if wishes.size != "short":
            _identify(draft, other, rng.choice((0, 1)))
        _answer(draft, again)
        if wishes.size == "long":
            draft.add("caller", draft.words("caller", "smalltalk"))
    _ending(draft, outcome, topic)
    return outcome


def _next_topic(draft: _Draft, topic: str) -> str:
    """Mostly another question on the same topic, else a related or a wholly different one."""
    rng = draft.rng
    related = [t for t in table("topics")[topic]["related"] if t in topics()]
    if related and rng.random() < 0.4:
        return rng.choice(related)
    return topic if rng.random() < 0.5 else rng.choice(sorted(topics()))


def _maybe_multi_problem(draft: _Draft, topic: str, first: Question) -> None:
    """A second trouble that the caller lets slip: its needs join the question, the two lines are the signal."""
    rng = draft.rng
    related = [t for t in table("topics")[topic]["related"] if t in topics()]
    wanted = "multi-problem" in draft.wishes.signals
    if not related or not (wanted or rng.random() < 0.12):
        return
    other = rng.choice(related)
    need = table("topics")[other]["needs"][0]
    if need in first.needs:
        return
    at = _say_need(draft, need)
    draft.questions[-1] = dataclasses.replace(first, needs=(*first.needs, need), evidence=(*first.evidence, at))
    draft.signal("multi-problem", first.evidence[0], at)
    if rng.random() < 0.5:
        draft.signal("missing-probe", at)
    else:
        draft.add("agent", draft.words("agent", "sympathy"))


def _draw_outcome(draft: _Draft, topic: str) -> str:
    if draft.wishes.outcome:
        return draft.wishes.outcome
    if draft.wishes.transfer:
        return draft.rng.choice(("transferred-department", "transferred-colleague"))
    if topic in OTHER_ORGANISATION:
        return "referred-other-organisation" if draft.rng.random() < 0.85 else "handled"
    return draft.rng.choices([o for o, _ in OUTCOMES], [w for _, w in OUTCOMES])[0]


def _promise(draft: _Draft) -> None:
    open_ended = draft.rng.random() < 0.4
    at = draft.add("agent", draft.agent_signal("promise-open" if open_ended else "promise-term"))
    draft.signal("promise-made", at)
    if open_ended:
        draft.signal("promise-without-date", at)
    draft.add("caller", draft.words("caller", "ok"))


def _transfer(draft: _Draft, topic: str, *, third_voice: bool) -> None:
    rng = draft.rng
    draft.signal("transfer", draft.add("agent", draft.agent_signal("transfer")))
    draft.add("caller", draft.words("caller", "wait"))
    if not third_voice:
        return
    draft.sound("music", rng.choice((4000, 7000)))
    draft.agent = "agent-2"
    draft.add("agent", draft.words("agent", "second"))
    draft.add("caller", question(rng, topic, draft.questions[0].facet or facets_of(topic)[0], draft.split))
    draft.questions[0] = dataclasses.replace(
        draft.questions[0], evidence=(*draft.questions[0].evidence, len(draft.lines) - 1)
    )
    if draft.questions[0].facet in FACET_SIGNALS:
        draft.signal(FACET_SIGNALS[draft.questions[0].facet], len(draft.lines) - 1)
    replies = table("answers").get(draft.questions[0].facet or "default", table("answers")["default"])
    draft.add("agent", fill(rng, rng.choice(part(replies, draft.split)), draft.split))
    draft.add("caller", draft.words("caller", "ok"))


def _ending(draft: _Draft, outcome: str, topic: str) -> None:
    """Promise, transfer or referral, then the goodbyes."""
    rng = draft.rng
    if outcome == "callback-request":
        _promise(draft)
    elif outcome == "referred-other-organisation":
        draft.add("agent", draft.words("agent", "other", org=ORGANISATION.get(topic, "de belastingdienst")))
        draft.add("caller", draft.words("caller", "ok"))
    elif outcome == "caller-will-call-again":
        draft.add("agent", draft.words("agent", "again"))
        draft.add("caller", draft.words("caller", "ok"))
    elif outcome in ("transferred-department", "transferred-colleague"):
        third = draft.wishes.transfer or rng.random() < 0.3
        _transfer(draft, topic, third_voice=third)
        if not third:
            return
    elif outcome == "transfer-failed":
        _transfer(draft, topic, third_voice=False)
        draft.sound("ring", 4000)
        draft.add("agent", draft.agent_signal("transfer-failed"))
        _promise(draft)
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


def _distress(draft: _Draft) -> str:
    """Few and plain: the caller says it, the agent stays with them and gets help."""
    rng = draft.rng
    kind = next((s for s in draft.wishes.signals if s in DISTRESS), None) or rng.choice(DISTRESS)
    topic, facet, need = {
        "violence": ("domestic-violence", "help-request", "feel-safe"),
        "suicidal-talk": ("debt-help", "help-request", "peace-from-debt"),
        "child-safety": ("child-safety-concern", "report", "child-wellbeing"),
        "housing-loss": ("homelessness", "eviction", "keep-home"),
    }[kind]
    asked = _ask(draft, topic, facet, _hello(draft), 0)
    at = draft.add("caller", draft.caller_signal(kind))
    draft.signal(kind, at)
    draft.questions[0] = dataclasses.replace(asked, needs=(need,), evidence=(*asked.evidence, at))
    draft.add("agent", draft.words("agent", "sympathy"))
    draft.add("agent", draft.words("agent", "suicide" if kind == "suicidal-talk" else "emergency"))
    draft.add("caller", draft.words("caller", "hm"))
    need_at = _say_need(draft, need)
    draft.questions[0] = dataclasses.replace(draft.questions[0], evidence=(*draft.questions[0].evidence, need_at))
    _identify(draft, topic, 1)
    draft.signal("transfer", draft.add("agent", draft.agent_signal("transfer")))
    draft.add("caller", draft.words("caller", "wait"))
    draft.add("agent", draft.words("agent", "bad"))
    return "transferred-colleague"


def _wrong_number(draft: _Draft) -> str:
    rng = draft.rng
    shop = fill(rng, "$shop", draft.split)
    draft.add("caller", f"{draft.words('caller', 'hello')} {draft.words('caller', 'wrongnumber', shop=shop)}")
    draft.add("agent", draft.words("agent", "wrong", shop=shop))
    draft.add("caller", draft.words("caller", "sorry"))
    draft.add("agent", rng.choice(("geeft niet hoor dag", "geen probleem fijne dag", "kan gebeuren tot ziens")))
    return "handled"
