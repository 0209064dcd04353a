"""The call being written: adds lines, draws words of the split, keeps the labels with the lines that carry them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from grammar import fill, parse, part, question, table, topic_slots
from script import Line, Question, Wishes


@dataclass(slots=True)
class Draft:
    """The call being written."""

    rng: random.Random
    split: str
    wishes: Wishes
    lines: list[Line] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    signals: dict[str, list[int]] = field(default_factory=dict)
    agent: str = "agent-1"
    same: dict[str, str] = field(default_factory=dict)  # who and where stay the same within a call

    subjects: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.same = {slot: fill(self.rng, f"${slot}", self.split) for slot in ("country", "child", "family")}

    def fill(self, template: str, **bound: str) -> str:
        return fill(self.rng, template, self.split, {**self.same, **bound})

    def about(self, topic: str) -> dict[str, str]:
        """The topic's words; the same ones whenever this call comes back to it."""
        if topic not in self.subjects:
            self.subjects[topic] = topic_slots(self.rng, topic)
        return self.subjects[topic]

    def question(self, topic: str, facet: str) -> str:
        """A sentence that asks it, in the words of this call."""
        return question(self.rng, topic, facet, self.split, {**self.same, **self.about(topic)})

    def words(self, group: str, name: str, **bound: str) -> str:
        options = table("common")[group][name]
        return self.fill(self.rng.choice(part(options, self.split)), **bound)

    def add(self, role: str, marked: str, *, manner: str = "turn") -> int:
        phrase = parse(marked)
        speaker = {"agent": self.agent, "caller": "caller-1", "system": "system-1"}[role]
        stops = pauses(self.rng, phrase.text) if role == "caller" and manner == "turn" else ()
        last = self.lines[-1] if self.lines else None
        if manner == "turn" and last and last.role not in (role, "system") and len(last.text.split()) > 6:
            manner = "interrupt" if self.rng.random() < 0.05 else manner
        self.lines.append(Line(role, speaker, phrase.text, phrase.spans, manner=manner, pause_after=stops))
        return len(self.lines) - 1

    def sound(self, kind: str, duration_ms: int) -> None:
        self.lines.append(Line("system", "system-1", "", sound=kind, duration_ms=duration_ms))

    def signal(self, kind: str, *evidence: int) -> None:
        self.signals.setdefault(kind, []).extend(e for e in evidence if e not in self.signals.get(kind, ()))

    def caller_signal(self, kind: str) -> str:
        options = part(table("signals")["caller"][kind], self.split, disjoint=True)
        return self.fill(self.rng.choice(options))

    def agent_signal(self, kind: str, **bound: str) -> str:
        options = part(table("signals")["agent"][kind], self.split, disjoint=True)
        return self.fill(self.rng.choice(options), **bound)

    def backchannel(self, role: str, chance: float) -> None:
        if self.rng.random() < chance:
            self.add(role, self.rng.choice(table("common")["backchannels"]), manner="backchannel")


def hesitant(rng: random.Random, marked: str) -> str:
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


def pauses(rng: random.Random, text: str) -> tuple[int, ...]:
    """Word numbers after which the speaker stops: after fillers, and now and then in a long line."""
    words = text.split()
    found = [i for i, w in enumerate(words[:-1]) if w in ("eh", "uh", "uhm") and rng.random() < 0.5]
    if len(words) > 14 and rng.random() < 0.5:
        found.append(rng.randrange(5, len(words) - 4))
    return tuple(sorted(set(found)))
