"""Tells agent from caller: by what the telephone system says, else by what is said.

An agent greets in the name of the municipality, asks for a postcode and offers to transfer; a caller says "ik bel
omdat" and "mijn". Only words decide; nothing is measured of anybody's voice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from callinsight.core.turns import SpokenWord
from callinsight.core.values import Role

AGENT_PHRASES: tuple[tuple[str, float], ...] = (
    (r"u spreekt met", 3.0),
    (r"(goede?morgen|goede?middag|goede?navond|welkom)\b.{0,20}\bgemeente", 4.0),
    (r"waarmee kan ik u (van dienst zijn|helpen)|waar kan ik u mee helpen|wat kan ik voor u doen", 4.0),
    (r"kan ik u (verder )?(nog )?(ergens )?(anders )?mee helpen|heeft u verder nog vragen|kan ik nog iets voor u", 3.0),
    (r"(een|één) (ogenblik|moment)|ogenblikje|blijft u even aan de lijn|momentje", 1.5),
    (r"ik verbind u (even )?door|ik zet u (even )?in de wacht", 3.0),
    (r"(ik ga|ik zal) (het |dat |dit )?(even )?(voor u )?(opzoeken|nakijken|kijken|navragen)", 2.0),
    (r"(heeft|hebt) u (uw|een|het|al)|mag ik (uw|van u)|wat is uw|kunt u mij|woont u|gaat u|bent u", 1.0),
    (r"(u kunt|u moet|u krijgt|u wordt|u hoeft|u ontvangt|dan moet u|dan kunt u|dan krijgt u)", 1.0),
    (r"\buw\b", 0.5),
    (r"ik zie (hier )?(dat|in)|in het systeem|ik maak een (notitie|terugbelverzoek|melding|afspraak)", 2.0),
    (r"fijne dag( nog)?|prettige dag", 0.5),
)
CALLER_PHRASES: tuple[tuple[str, float], ...] = (
    (r"ik bel (over|omdat|voor|met|namens|u)", 3.0),
    (r"ik (heb|had|wil|wilde|wou|zou) (graag )?(een|mijn|even|al|nog)", 1.0),
    (r"ik heb een (vraag|vraagje|brief|melding|klacht)", 2.0),
    (r"\b(mijn|m'n|onze|ons|wij|we)\b", 0.5),
    (r"\b(kunt|kan) u (mij|me) (helpen|vertellen|zeggen)|weet u|moet ik|kan ik|mag ik dan", 1.0),
    (r"mijn naam is", 1.0),
    (r"(dank u wel|bedankt|dankjewel|dank je wel)", 0.5),
)
SYSTEM_PHRASES: tuple[tuple[str, float], ...] = (
    (r"toets (een|één|twee|drie|vier|vijf|[1-5])", 4.0),
    (r"(kies|kiest u|voor .{3,40} toets)", 2.0),
    (r"al onze medewerkers zijn in gesprek|(dit|uw) gesprek (wordt|kan worden) opgenomen|wacht(tijd|enden)", 3.0),
    (r"u bent verbonden met|u wordt zo (snel|spoedig) mogelijk", 2.0),
)
FIRST_WORDS = 40
"""The opening of a call: who greets in it is the agent, so phrases weigh double there."""
ANSWERS_WEIGHT = 3.0
"""What it counts for to have answered the telephone: as much as a plain "u spreekt met"."""
ANSWER_WORDS = 3
"""So many words in a row at the start are an answer; fewer may be a crumb that separation gave a speaker of its own."""


@dataclass(frozen=True, slots=True)
class RoleScore:
    """Evidence for each role in what one speaker said."""

    agent: float
    caller: float
    system: float

    @property
    def lean(self) -> float:
        """Agent minus caller evidence."""
        return self.agent - self.caller


def _compiled(phrases: Iterable[tuple[str, float]]) -> tuple[tuple[re.Pattern[str], float], ...]:
    return tuple((re.compile(pattern), weight) for pattern, weight in phrases)


_AGENT, _CALLER, _SYSTEM = _compiled(AGENT_PHRASES), _compiled(CALLER_PHRASES), _compiled(SYSTEM_PHRASES)
_NOT_WORD = re.compile(r"[^\w\s']+")


def _evidence(text: str, patterns: Iterable[tuple[re.Pattern[str], float]]) -> float:
    return sum(weight * min(3, len(pattern.findall(text))) for pattern, weight in patterns)


def score_speaker(text: str) -> RoleScore:
    """Weigh the phrases in all that one speaker said, any case and punctuation."""
    plain = " ".join(_NOT_WORD.sub(" ", text.lower()).split())
    opening = " ".join(plain.split()[:FIRST_WORDS])
    return RoleScore(
        agent=_evidence(plain, _AGENT) + _evidence(opening, _AGENT),
        caller=_evidence(plain, _CALLER) + _evidence(opening, _CALLER),
        system=_evidence(plain, _SYSTEM) + _evidence(opening, _SYSTEM),
    )


def assign_roles(
    words: Iterable[SpokenWord], known: Mapping[str, Role] | None = None, answers: Role | None = None
) -> dict[str, Role]:
    """A role for every speaker.

    ``known`` comes from metadata and is never overruled; with two speakers it also settles the other one. ``answers``
    says which party answered the telephone, ``Role.AGENT`` when a resident called: whoever speaks first, voice menus
    aside, leans to it. Of two or more unknown speakers the one that leans most to caller is the caller and one that
    leans to agent an agent; a third voice after a transfer becomes agent or caller by its own words. A single speaker
    without evidence is unknown.
    """
    ordered = sorted(words, key=lambda w: w.word.span)
    said: dict[str, list[str]] = {}
    for spoken in ordered:
        said.setdefault(spoken.speaker, []).append(spoken.word.text)
    scores = {speaker: score_speaker(" ".join(texts)) for speaker, texts in said.items()}
    roles = {speaker: role for speaker, role in (known or {}).items() if speaker in scores}
    for speaker, score in scores.items():
        if speaker not in roles and score.system > max(score.agent, score.caller):
            roles[speaker] = Role.SYSTEM
    first = _first_to_speak([w.speaker for w in ordered if roles.get(w.speaker) is not Role.SYSTEM])
    if answers is not None and first is not None:
        scores[first] = _answering(scores[first], answers)
    open_speakers = sorted((s for s in scores if s not in roles), key=lambda s: (scores[s].lean, s))
    if len(open_speakers) == 1:
        roles[open_speakers[0]] = _settle_last(scores[open_speakers[0]], set(roles.values()))
    elif open_speakers:
        roles.update(_settle_many(open_speakers, scores, said))
    return roles


def _first_to_speak(speakers: Sequence[str]) -> str | None:
    """Whose words, one speaker for each in order of time, make the first run that is long enough for an answer."""
    runs = ((speaker, sum(1 for _ in run)) for speaker, run in groupby(speakers))
    return next((speaker for speaker, words in runs if words >= ANSWER_WORDS), None)


def _answering(score: RoleScore, answers: Role) -> RoleScore:
    if answers is Role.AGENT:
        return replace(score, agent=score.agent + ANSWERS_WEIGHT)
    return replace(score, caller=score.caller + ANSWERS_WEIGHT)


def _settle_last(score: RoleScore, taken: set[Role]) -> Role:
    if Role.AGENT in taken and Role.CALLER not in taken:
        return Role.CALLER
    if Role.CALLER in taken and Role.AGENT not in taken:
        return Role.AGENT
    if score.lean == 0:
        return Role.UNKNOWN
    return Role.AGENT if score.lean > 0 else Role.CALLER


def _settle_many(
    speakers: list[str], scores: Mapping[str, RoleScore], said: Mapping[str, list[str]]
) -> dict[str, Role]:
    """``speakers`` in order of leaning to agent. With no evidence at all nobody is guessed."""
    if all(scores[s].agent == scores[s].caller == 0 for s in speakers):
        return dict.fromkeys(speakers, Role.UNKNOWN)
    # A crumb of a third voice (a cough given a speaker of its own) must not take a role from a real party.
    whole = sum(len(said[s]) for s in speakers)
    parties = [s for s in speakers if len(said[s]) >= 0.05 * whole] or speakers
    roles = {parties[0]: Role.CALLER, parties[-1]: Role.AGENT} if len(parties) > 1 else {}
    for speaker in speakers:
        roles.setdefault(speaker, Role.AGENT if scores[speaker].lean > 0 else Role.CALLER)
    return roles
