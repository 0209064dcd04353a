"""Calls as the tagger reads them: turns of redacted words with the labels that each of them carries.

Conversations come from the call world (``../calls/dialogue.py``). To keep the model from learning its sentences by
heart, questions, needs and some of the agent's lines are exchanged for the taxonomy's example sentences now and then,
and ``noise.py`` does to the words what a recogniser does.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "calls"))

import dialogue
import grammar

from callinsight.core.taxonomy import Taxonomy
from callinsight.core.text import normal_text
from callinsight.fast_yaml import load_yaml

HERE = Path(__file__).parent
Sayings = dict[str, dict[str, tuple[str, ...]]]

MARKS = {
    "bsn": "<bsn>", "phone": "<telefoon>", "iban": "<iban>", "postcode": "<postcode>", "street": "<straat>",
    "house_number": "<huisnummer>", "email": "<email>", "person_name": "<naam>", "date_of_birth": "<geboortedatum>",
    "licence_plate": "<kenteken>", "travel_document": "<document>", "residence_document": "<document>",
    "v_number": "<document>", "driving_licence_number": "<document>", "case_number": "<zaaknummer>",
    "kvk_vestiging": "<kvk>", "digid_secret": "<code>", "card_cvc": "<pas>",
}  # fmt: skip
OTHER_MARK = "<nummer>"
DISTRESS = ("violence", "suicidal-talk", "child-safety", "housing-loss")
HELLO = (
    "hallo",
    "goedemorgen",
    "goedemiddag",
    "dag",
    "hoi",
    "ja goedendag",
    "hallo met <naam>",
    "u spreekt met <naam>",
)
LEADS = ("", "", "ik heb een vraag", "ik bel even", "ik had een vraagje", "eh", "weet u", "luister", "nou kijk")
ABOUT = (
    "het gaat over {a} {s}", "ik bel over {a} {s}", "{s} het gaat om {a}", "{s} dat is voor {t}", "over {a} {s}",
    "ik heb een vraag over {a} {s}", "{s} met {t}", "{s} wat {a} betreft", "voor {t} {s}", "{s} ik bedoel {t}",
)  # fmt: skip
OUTCOME_SIGNAL = {
    "callback-request": "promise-made", "transferred-department": "transfer", "transferred-colleague": "transfer",
    "handled-after-consult": "knowledge-gap",
}  # fmt: skip


@dataclass(slots=True)
class LabelledTurn:
    """One turn: normal words and what it carries. ``judged`` is false where topic and facet are open, ``needs_judged``
    where it may show more needs than it is labelled with; ``lines`` are the lines of the script that are said in it."""

    role: str
    text: str
    topics: set[str] = field(default_factory=set)
    facets: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    signals: set[str] = field(default_factory=set)
    judged: bool = True
    needs_judged: bool = True
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledCall:
    """A call with its turns, its outcome, and the script's own questions and signals."""

    turns: tuple[LabelledTurn, ...]
    outcome: str
    questions: tuple[dialogue.Question, ...]
    signals: tuple[dialogue.Signal, ...]


@dataclass(frozen=True, slots=True)
class Variation:
    """How often a sentence is exchanged for one of the recipe's sayings, and which fifth of them is used.

    ``cues`` is how often such a sentence names the topic by one of the taxonomy's cues, ``things`` how often by one of
    the recipe's own words for it (else by the call world's), ``situations`` how often a question without a slot comes
    with a sentence that tells what it is about, ``asks`` how often it is a whole sentence for this topic and this
    sub-question. ``unworded`` is how often a question is turned into one on a topic for which the call world has no
    words of its own; a third of the topics are such.

    Every fifth saying is kept from training, so that thresholds are chosen on wording the model never saw.
    """

    questions: float = 0.7
    needs: float = 0.7
    agent: float = 0.3
    cues: float = 0.2
    things: float = 0.45
    situations: float = 0.4
    asks: float = 0.6
    unworded: float = 0.25
    replies: float = 0.3
    held_out: bool = False
    unredacted: float = 0.1

    def pick(self, rng: random.Random, examples: tuple[str, ...]) -> str | None:
        chosen = [e for i, e in enumerate(examples) if (i % 5 == 4) == self.held_out]
        return rng.choice(chosen) if chosen else None


NO_VARIATION = Variation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_sentences() -> frozenset[str]:
    """All fixed sentences that only the test split may use; examples equal to one are not trained on."""
    found: set[str] = set()
    for options in (*grammar.table("needs").values(), *grammar.table("signals")["caller"].values()):
        found |= set(grammar.part(options, "test", disjoint=True))
    for options in (*grammar.table("facets").values(), *grammar.table("signals")["agent"].values()):
        found |= set(grammar.part(options, "test", disjoint=True))
    return frozenset(found)


def _sayings(examples: Mapping[str, Mapping[str, Sequence[str]]], barred: frozenset[str]) -> Sayings:
    """The taxonomy's examples and the recipe's own sayings by kind and label, but for those of the test split."""
    found: dict[str, dict[str, list[str]]] = {}
    sources = [examples, *(load_yaml(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("sayings*")))]
    for source in sources:
        for kind, entries in source.items():
            if kind == "asks":  # by topic and sub-question
                entries = {f"{topic}/{facet}": said for topic, own in entries.items() for facet, said in own.items()}
            for label, said in (entries if isinstance(entries, Mapping) else {"": entries}).items():
                parts = said if isinstance(said, Mapping) else {kind: said}  # topics have two lists
                for part, texts in parts.items():
                    kept = (str(text) for text in texts if str(text) not in barred)
                    found.setdefault("facets" if part == "specific" else part, {}).setdefault(label, []).extend(kept)
    return {kind: {label: tuple(said) for label, said in entries.items()} for kind, entries in found.items()}


def facet_label(taxonomy: Taxonomy, topic: str, facet: str) -> str:
    """``topic/id`` for the topic's own question, the bare id for a generic one."""
    own = {one.id for one in taxonomy.topics[topic].specific}
    return f"{topic}/{facet}" if facet in own else facet


class Corpus:
    """Draws labelled calls. The same random state gives the same calls."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        barred = test_sentences()
        self.unworded = sorted(set(taxonomy.topics) - set(grammar.topics()))
        self.sayings = _sayings(taxonomy.examples, barred)
        self.nothing = self.sayings.pop("nothing")[""]

    def draw(self, rng: random.Random, split: str, variation: Variation = NO_VARIATION) -> LabelledCall:
        """One call of a split."""
        signals = self._wish(rng)
        size = rng.choices(("short", "medium", "long"), (80, 17, 3))[0]
        script = dialogue.make_call(rng, split=split, wishes=dialogue.Wishes(size=size, signals=signals))
        texts = [_redacted(rng, line, variation.unredacted) for line in script.lines]
        lines = {
            number: LabelledTurn(line.role, texts[number], lines=(number,))
            for number, line in enumerate(script.lines)
            if not line.sound
        }
        questions = tuple(self._turned(rng, question, variation) for question in script.questions)
        for question in questions:
            self._question(rng, lines, question, script, variation)
        for signal in script.signals:
            for at in signal.evidence:
                lines[at].signals.add(signal.kind)
        self._agent(rng, lines, script, variation)
        for turn in lines.values():
            empty = turn.role == "caller" and not (turn.topics or turn.needs or turn.signals) and turn.judged
            if empty and rng.random() < variation.replies:
                turn.text = rng.choice(self.nothing)
        for turn in lines.values():
            turn.text = normal_text(turn.text)
        return LabelledCall(tuple(lines.values()), script.outcome, questions, script.signals)

    def _turned(self, rng: random.Random, question: dialogue.Question, variation: Variation) -> dialogue.Question:
        """Now and then the question is asked about a topic that the call world does not know."""
        if rng.random() >= variation.unworded:
            return question
        topic = self.taxonomy.topics[rng.choice(self.unworded)]
        return replace(question, topic=topic.id, facet=rng.choice(topic.facet_ids))

    def _wish(self, rng: random.Random) -> tuple[str, ...]:
        """A rare signal now and then, so that there is enough of each to learn from and to count."""
        if rng.random() > 0.12:
            return ()
        return (rng.choice(("aggression", "compliment", "multi-problem", "multi-problem")),)

    def _question(
        self,
        rng: random.Random,
        lines: dict[int, LabelledTurn],
        question: dialogue.Question,
        script: dialogue.Script,
        variation: Variation,
    ) -> None:
        asked = [question.evidence[0]]
        repeated = question.evidence[-1]
        if repeated != asked[0] and script.lines[repeated - 1].speaker == "agent-2":
            asked.append(repeated)
        facet = facet_label(self.taxonomy, question.topic, question.facet) if question.facet else None
        for at in asked:
            lines[at].topics.add(question.topic)
            if facet:
                lines[at].facets.add(facet)
            if facet and (question.topic in self.unworded or rng.random() < variation.questions):
                whole = self._whole(rng, question.topic, facet, variation)
                lines[at].needs_judged = whole is None  # such sentences tell a story, and were labelled with none
                lines[at].text = whole or self._asks(rng, question.topic, facet, variation) or lines[at].text
        self._needs(rng, lines, question, [e for e in question.evidence[1:] if e not in asked], script, variation)

    def _needs(
        self,
        rng: random.Random,
        lines: dict[int, LabelledTurn],
        question: dialogue.Question,
        where: list[int],
        script: dialogue.Script,
        variation: Variation,
    ) -> None:
        distress = {e for s in script.signals if s.kind in DISTRESS for e in s.evidence}
        needs = list(question.needs)
        for at in where:
            lines[at].judged = False
            if at in distress and len(where) > len(needs):
                continue  # a cry for help is a signal, no need behind a question
            if not needs:
                continue
            need = needs.pop(0) if len(needs) > 1 else needs[0]
            lines[at].needs.add(need)
            if rng.random() < variation.needs:
                lines[at].text = variation.pick(rng, self.sayings["needs"].get(need, ())) or lines[at].text

    def _whole(self, rng: random.Random, topic: str, facet: str, variation: Variation) -> str | None:
        """Now and then a sentence that was written for this topic and this sub-question."""
        if rng.random() >= variation.asks:
            return None
        said = variation.pick(rng, self.sayings.get("asks", {}).get(f"{topic}/{facet.rpartition('/')[2]}", ()))
        return said and (said if rng.random() < 0.7 else f"{rng.choice(HELLO)} {said}")

    def _asks(self, rng: random.Random, topic: str, facet: str, variation: Variation) -> str | None:
        """Another sentence that asks the same, or nothing when there is none."""
        if "/" in facet and facet not in self.sayings["facets"]:
            said: str | None = self.taxonomy.facet_label(topic, facet.split("/")[1])
        else:
            said = variation.pick(rng, self.sayings["facets"].get(facet, ()))
        if not said:
            return None
        about = self._about(rng, topic, variation)
        whole = "{" in said or "/" in facet
        situation = variation.pick(rng, self.sayings.get("situations", {}).get(topic, ()))
        if not whole and situation and rng.random() < variation.situations:
            sentence = f"{situation} {said}" if rng.random() < 0.7 else f"{said} {situation}"
        else:
            sentence = (said if whole else rng.choice(ABOUT).replace("{s}", said)).format(**about)
        hello = f"{rng.choice(HELLO)} {rng.choice(LEADS)}" if rng.random() < 0.5 else rng.choice(LEADS)
        return str(grammar.parse(f"{hello} {sentence}").text)

    def _about(self, rng: random.Random, topic: str, variation: Variation) -> dict[str, str]:
        """What the topic is called: {t} the thing, {a} what it is about."""
        known, draw = self.taxonomy.topics[topic], rng.random()
        thing = variation.pick(rng, self.sayings.get("things", {}).get(topic, ()))
        if thing and draw < variation.things:
            return {"a": thing, "t": thing}
        if topic in self.unworded or draw < variation.things + variation.cues:
            cue = rng.choice((*known.cues, *known.cues, normal_text(known.label)))
            return {"a": cue, "t": cue}
        slots = grammar.topic_slots(rng, topic)
        return {key: grammar.fill(rng, slots[key], "train") or normal_text(known.label) for key in ("a", "t")}

    def _agent(
        self, rng: random.Random, lines: dict[int, LabelledTurn], script: dialogue.Script, variation: Variation
    ) -> None:
        carrier = OUTCOME_SIGNAL.get(script.outcome)
        examples = self.sayings["outcomes"].get(script.outcome, ())
        for signal in script.signals:
            if signal.kind == carrier and rng.random() < variation.agent:
                lines[signal.evidence[-1]].text = variation.pick(rng, examples) or lines[signal.evidence[-1]].text


def _redacted(rng: random.Random, line: dialogue.Line, unredacted: float) -> str:
    words = line.text.split()
    for span in sorted(line.spans, key=lambda s: -s.first_word):
        if rng.random() >= unredacted:
            words[span.first_word : span.last_word + 1] = [MARKS.get(span.kind, OTHER_MARK)]
    return " ".join(words)
