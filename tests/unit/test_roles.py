"""Agent and caller are told apart by metadata first, then by what they say."""

import pytest

from callinsight.core.roles import assign_roles
from callinsight.core.turns import SpokenWord
from callinsight.core.values import Role, Span, Word

AGENT = "goedemorgen gemeente zonnedaal u spreekt met sanne waarmee kan ik u helpen"
CALLER = "ja goedemorgen ik bel over mijn paspoort dat is verlopen en ik wil graag een nieuwe"
SECOND_AGENT = "met de afdeling burgerzaken ik zie hier dat uw aanvraag klaar ligt u kunt hem ophalen"
MENU = "welkom bij de gemeente voor afval toets een voor paspoorten toets twee"
QUEUE = "welkom u bent verbonden met de gemeente zonnedaal heeft u een moment geduld uw gesprek wordt opgenomen"


def say(**lines: str) -> list[SpokenWord]:
    words, at = [], 0
    for speaker, line in lines.items():
        for text in line.split():
            words.append(SpokenWord(speaker, Word(Span(at, at + 200), text, 0.9)))
            at += 250
    return words


@pytest.mark.parametrize("swapped", [False, True])
def test_the_greeting_makes_the_agent(swapped: bool) -> None:
    words = say(x=CALLER, y=AGENT) if swapped else say(y=AGENT, x=CALLER)
    assert assign_roles(words) == {"x": Role.CALLER, "y": Role.AGENT}


def test_capitals_and_punctuation_do_not_matter() -> None:
    words = say(y="Goedemorgen, gemeente Zonnedaal, u spreekt met Sanne. Waarmee kan ik u helpen?", x="Ja, hoi.")
    assert assign_roles(words)["y"] is Role.AGENT


def test_metadata_is_never_overruled() -> None:
    known = {"x": Role.AGENT, "y": Role.CALLER}
    assert assign_roles(say(y=AGENT, x=CALLER), known) == known


def test_one_known_party_settles_the_other() -> None:
    assert assign_roles(say(y="hallo", x="dag"), {"y": Role.AGENT})["x"] is Role.CALLER


def test_a_third_voice_after_a_transfer_is_an_agent() -> None:
    roles = assign_roles(say(y=AGENT, x=CALLER, z=SECOND_AGENT))
    assert roles == {"x": Role.CALLER, "y": Role.AGENT, "z": Role.AGENT}


@pytest.mark.parametrize("menu", [MENU, QUEUE])
def test_a_voice_menu_is_nobody(menu: str) -> None:
    roles = assign_roles(say(m=menu, y=AGENT, x=CALLER), answers=Role.AGENT)
    assert roles == {"m": Role.SYSTEM, "x": Role.CALLER, "y": Role.AGENT}


def test_an_agent_who_asks_for_patience_is_no_menu() -> None:
    second = "met de afdeling belastingen een ogenblik geduld alstublieft"
    assert assign_roles(say(y=AGENT, x=CALLER, z=second), answers=Role.AGENT)["z"] is Role.AGENT


def test_without_evidence_nobody_is_guessed() -> None:
    assert assign_roles(say(a="hallo", b="dag")) == {"a": Role.UNKNOWN, "b": Role.UNKNOWN}
    assert assign_roles([]) == {}


def test_a_crumb_of_a_voice_takes_no_role_from_a_party() -> None:
    roles = assign_roles(say(y=AGENT + " " + SECOND_AGENT, x=CALLER, z="ja"))
    assert roles["x"] is Role.CALLER
    assert roles["y"] is Role.AGENT


FAINT = "in eh sanne kan ik doen"
FAINT_TOO = "eh hallo de kliko staat nog vol"


@pytest.mark.parametrize(("answers", "expected"), [(Role.AGENT, Role.AGENT), (Role.CALLER, Role.CALLER)])
def test_who_answers_the_telephone_settles_what_words_leave_open(answers: Role, expected: Role) -> None:
    other = Role.CALLER if expected is Role.AGENT else Role.AGENT
    assert assign_roles(say(y=FAINT, x=FAINT_TOO), answers=answers) == {"y": expected, "x": other}


def test_words_outweigh_who_speaks_first() -> None:
    roles = assign_roles(say(x=CALLER, y=AGENT), answers=Role.AGENT)
    assert roles == {"x": Role.CALLER, "y": Role.AGENT}, "a recording may begin late"


def test_a_voice_menu_or_a_crumb_answers_for_nobody() -> None:
    roles = assign_roles(say(m=MENU, z="ja", y=FAINT, x=FAINT_TOO), answers=Role.AGENT)
    assert (roles["m"], roles["y"], roles["x"]) == (Role.SYSTEM, Role.AGENT, Role.CALLER)
