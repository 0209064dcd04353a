"""Signals are found in what the right party says, and not where the words are negated."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callinsight.core.patterns import IndexedWords, Pattern, Vocabulary, within_one_edit
from callinsight.core.signals import SignalRules, find_signals, several_problems
from callinsight.core.taxonomy import Taxonomy, TaxonomyError
from callinsight.core.text import normal_text
from callinsight.core.values import FlagSource, Need, Question, Role, Severity, Span, Turn, Word
from callinsight.taxonomy_files import load_rules, load_taxonomy

FOLDER = Path(__file__).parents[2] / "models" / "taxonomy"


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_taxonomy(FOLDER)


@pytest.fixture(scope="module")
def rules(taxonomy: Taxonomy) -> SignalRules:
    return load_rules(FOLDER, taxonomy)


def call(*said: tuple[Role, str]) -> tuple[Turn, ...]:
    """A call of these turns; every word takes 300 ms, turns follow each other."""
    turns, at = [], 0
    for role, text in said:
        words = []
        for word in text.split():
            words.append(Word(Span(at, at + 300), word, 1.0))
            at += 300
        turns.append(Turn(Span(words[0].span.start_ms, at), role, tuple(words)))
    return tuple(turns)


def kinds(rules: SignalRules, role: Role, text: str) -> set[str]:
    return {flag.kind for flag in find_signals(call((role, text)), rules)}


CALLER_SAYS = [
    ("repeat-call", "ik heb hier vorige week ook al over gebeld"),
    ("repeat-call", "ik bel nu al voor de vierde keer"),
    ("repeat-call", "Ik bel weer, want het is nog steeds niet opgelost."),
    ("repeat-call", "ik heb al drie keer met jullie gebeld"),
    ("broken-promise-callback", "ik zou gisteren teruggebeld worden maar ik heb niks gehoord"),
    ("broken-promise-callback", "er zou iemand bellen binnen drie dagen maar dat is niet gebeurd"),
    ("broken-promise-callback", "niemand heeft me terug gebeld"),
    ("status-chase", "hoe staat het met mijn aanvraag"),
    ("status-chase", "ik wacht al zes weken op antwoord"),
    ("letter-unclear", "ik snap helemaal niks van die brief"),
    ("letter-unclear", "De brief die ik kreeg is nogal onduidelijk."),
    ("website-not-found", "ik kon het op de website niet vinden"),
    ("website-not-found", "het formulier op de site loopt steeds vast"),
    ("contradictory-information", "uw collega zei vorige week iets anders"),
    ("passed-around", "ik word van het kastje naar de muur gestuurd"),
    ("passed-around", "ik ben nu al vier keer doorverbonden"),
    ("waiting-time-complaint", "ik zit al een half uur in de wacht"),
    ("cannot-make-ends-meet", "ik kom gewoon niet meer rond"),
    ("cannot-make-ends-meet", "ik kan de huur deze maand niet betalen"),
    ("housing-loss", "we worden volgende week uit ons huis gezet"),
    ("housing-loss", "morgen staan we met de kinderen op straat"),
    ("violence", "mijn man slaat mij"),
    ("violence", "ik word thuis bedreigd"),
    ("violence", "ik ben bang voor mijn ex"),
    ("suicidal-talk", "ik wil zo niet meer leven"),
    ("suicidal-talk", "soms denk ik dat iedereen zonder mij beter af is"),
    ("suicidal-talk", "ik denk erover om er een eind aan te maken"),
    ("child-safety", "het kind is daar niet veilig"),
    ("child-safety", "die kinderen zijn elke avond alleen thuis"),
    ("aggression", "ik weet je te vinden"),
    ("complaint", "ik wil een klacht indienen"),
    ("complaint", "Dit is echt belachelijk!"),
    ("language-barrier", "sorry ik spreek niet zo goed nederlands"),
    ("low-digital-skills", "ik heb geen computer thuis"),
    ("caller-on-behalf", "ik bel voor mijn moeder"),
    ("compliment", "wat fijn dat u me zo goed helpt"),
]

CALLER_DENIES = [
    ("repeat-call", "ik heb nog niet eerder gebeld"),
    ("repeat-call", "nee ik heb hier nog nooit eerder over gebeld"),
    ("violence", "ik word niet bedreigd"),
    ("violence", "hij slaat mij niet"),
    ("violence", "ik ben niet bang voor mijn man"),
    ("broken-promise-callback", "ik hoef niet teruggebeld te worden"),
    ("complaint", "nee ik heb verder geen klachten"),
    ("website-not-found", "ik heb nog niet op de website gekeken"),
    ("letter-unclear", "nee ik heb nog geen brief gehad"),
    ("suicidal-talk", "de vereniging wil niet meer meedoen dit jaar"),
    ("housing-loss", "er staat een container op straat"),
    ("waiting-time-complaint", "hoe lang moet ik wachten op een paspoort"),
]


@pytest.mark.parametrize(("kind", "text"), CALLER_SAYS)
def test_a_caller_raises_a_signal(rules: SignalRules, kind: str, text: str) -> None:
    assert kind in kinds(rules, Role.CALLER, text)


@pytest.mark.parametrize(("kind", "text"), CALLER_DENIES)
def test_a_denial_raises_none(rules: SignalRules, kind: str, text: str) -> None:
    assert kind not in kinds(rules, Role.CALLER, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("promise-made", "u wordt binnen twee werkdagen teruggebeld"),
        ("promise-without-date", "mijn collega neemt zo snel mogelijk contact met u op"),
        ("transfer", "ik verbind u even door met mijn collega"),
        ("knowledge-gap", "dat weet ik eerlijk gezegd niet"),
        ("understanding-check", "als ik het goed begrijp gaat het om een parkeervergunning"),
    ],
)
def test_an_agent_raises_a_signal_and_a_caller_does_not(rules: SignalRules, kind: str, text: str) -> None:
    assert kind in kinds(rules, Role.AGENT, text)
    assert kind not in kinds(rules, Role.CALLER, text)


def test_a_promise_with_a_term_is_not_without_date(rules: SignalRules) -> None:
    assert "promise-without-date" not in kinds(rules, Role.AGENT, "u wordt binnen twee werkdagen teruggebeld")
    assert "promise-without-date" not in kinds(rules, Role.AGENT, "mijn collega belt u uiterlijk donderdag")


def test_what_the_agent_says_is_no_signal_of_the_caller(rules: SignalRules) -> None:
    assert "violence" not in kinds(rules, Role.AGENT, "mijn man slaat mij")
    assert kinds(rules, Role.SYSTEM, "mijn man slaat mij") == set()


def test_an_unknown_role_counts_for_both(rules: SignalRules) -> None:
    assert "violence" in kinds(rules, Role.UNKNOWN, "mijn man slaat mij")
    assert "transfer" in kinds(rules, Role.UNKNOWN, "ik verbind u door met mijn collega")


@pytest.mark.parametrize("heard", ["ik heb een huisuitzeting gekregen", "ik heb een huis uitzetting gekregen"])
def test_small_recognition_errors_are_bridged(rules: SignalRules, heard: str) -> None:
    assert "housing-loss" in kinds(rules, Role.CALLER, heard)


def test_capitals_punctuation_and_accents_make_no_difference(rules: SignalRules) -> None:
    plain = kinds(rules, Role.CALLER, "ik heb al een keer eerder gebeld en ik kom niet meer rond")
    assert plain == kinds(rules, Role.CALLER, "Ik heb al één keer eerder gebeld, en: ik kom níet meer rond!")
    assert {"repeat-call", "cannot-make-ends-meet"} <= plain


def test_evidence_span_and_severity_point_at_the_words(rules: SignalRules) -> None:
    turns = call(
        (Role.AGENT, "goedemorgen waarmee kan ik u helpen"),
        (Role.CALLER, "nou ja mijn man slaat mij al jaren"),
        (Role.AGENT, "wat naar om te horen bent u nu veilig"),
        (Role.CALLER, "nee ik ben bang voor hem"),
    )
    (flag,) = [one for one in find_signals(turns, rules) if one.kind == "violence"]
    assert flag.severity is Severity.IMMEDIATE
    assert flag.source is FlagSource.RULE
    assert flag.evidence == (1, 3)
    assert turns[1].span.overlap_ms(flag.span) == flag.span.duration_ms
    said = [word.text for word in turns[1].words if word.span.overlap_ms(flag.span)]
    assert {"man", "slaat"} <= set(said)


def test_a_sentence_goes_on_after_a_back_channel(rules: SignalRules) -> None:
    turns = call((Role.CALLER, "ik heb vorige week ook"), (Role.AGENT, "ja"), (Role.CALLER, "al gebeld"))
    (flag,) = [one for one in find_signals(turns, rules) if one.kind == "repeat-call"]
    assert flag.evidence == (0, 2)


def test_no_turns_give_no_signals(rules: SignalRules, taxonomy: Taxonomy) -> None:
    assert find_signals((), rules) == ()
    assert several_problems((), (), rules, taxonomy) == ()


def question(topic: str, turn: int, *needs: str) -> Question:
    return Question(topic, None, 0.9, tuple(Need(need, 0.9, (turn,)) for need in needs), (turn,))


QUIET = call((Role.CALLER, "goedemorgen hier spreekt u mee"), (Role.CALLER, "en dan nog iets anders"))


@pytest.mark.parametrize(
    ("questions", "several"),
    [
        ((question("debt-help", 0), question("youth-help", 1)), True),
        ((question("social-assistance", 0, "child-wellbeing"),), True),
        ((question("debt-help", 0, "make-ends-meet"),), False),
        ((question("passport", 0), question("youth-help", 1)), False),
        ((question("passport", 0), question("parking-permit", 1)), False),
        ((question("unknown", 0), question("youth-help", 1)), False),
        ((question("housing-urgency", 0, "peace-from-debt"),), True),
        ((question("divorce", 0, "find-home"),), False),
        ((question("tax-payment", 0, "peace-from-debt"),), True),
        ((), False),
    ],
)
def test_several_problems_need_two_fields_of_life(
    rules: SignalRules, taxonomy: Taxonomy, questions: tuple[Question, ...], several: bool
) -> None:
    flags = several_problems(QUIET, questions, rules, taxonomy)
    assert [flag.kind for flag in flags] == (["multi-problem"] if several else [])


def test_several_problems_show_the_turns_of_each(rules: SignalRules, taxonomy: Taxonomy) -> None:
    turns = call((Role.CALLER, "mijn uitkering is niet gestort"), (Role.CALLER, "en mijn zoon zit de hele dag thuis"))
    (flag,) = several_problems(turns, (question("social-assistance", 0),), rules, taxonomy)
    assert flag.evidence == (0, 1)
    assert flag.severity is Severity.REVIEW
    assert flag.span == Span(turns[0].span.start_ms, turns[1].span.end_ms)


def found(source: str, text: str) -> list[tuple[int, int]]:
    pattern = Pattern.parse(source, {"many": ["twee", "drie"]})
    words = IndexedWords(text.split(), Vocabulary(pattern.vocabulary()))
    return [(match.first, match.last) for match in pattern.find(words)]


@pytest.mark.parametrize(
    ("source", "text", "where"),
    [
        ("al gebeld", "ik heb al gebeld", [(2, 3)]),
        ("al gebeld", "al vaak gebeld", []),
        ("al ... gebeld", "al vaak gebeld", [(0, 2)]),
        ("al ..1 gebeld", "al heel vaak gebeld", []),
        ("al|ook vaak? gebeld", "ook gebeld en al vaak gebeld", [(0, 1), (3, 5)]),
        ("{many} keer", "drie keer", [(0, 1)]),
        ("terugbel*", "een terugbelverzoek", [(1, 1)]),
        ("teruggebeld", "terug gebeld", [(0, 1)]),
        ("teruggebeld", "teruggebelt", [(0, 0)]),
        ("bel", "del", []),
    ],
)
def test_the_pattern_language(source: str, text: str, where: list[tuple[int, int]]) -> None:
    assert found(source, text) == where


@pytest.mark.parametrize("bad", ["", "...", "al ...", "... al", "al? gebeld", "{nobody} al", "al,nu"])
def test_a_wrong_pattern_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Pattern.parse(bad, {})


def test_wrong_rules_name_the_rule_and_the_nearest_id(taxonomy: Taxonomy) -> None:
    document = {"rules": {"repeat-cal": {"any": ["al ..."]}, "complaint": {"anny": []}}, "ruls": {}}
    with pytest.raises(TaxonomyError) as caught:
        SignalRules.from_document(document, taxonomy)
    told = " / ".join(caught.value.problems)
    assert "did you mean 'repeat-call'" in told
    assert "did you mean 'any'" in told
    assert "complaint: needs patterns" in told
    assert "did you mean 'rules'" in told


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [("gebeld", "gebeld", True), ("gebeld", "gebelt", True), ("gebeld", "gbeld", True), ("gebeld", "bgeeld", False)],
)
def test_edit_distance_of_one(one: str, other: str, near: bool) -> None:
    assert within_one_edit(one, other) is near
    assert within_one_edit(other, one) is near


def test_normal_text() -> None:
    assert normal_text("Eén ID-kaart, z'n <BSN>!") == "een id kaart zn <bsn>"
    assert normal_text("...") == ""


@given(st.data())
def test_words_are_looked_up_as_one_by_one(rules: SignalRules, data: st.DataObject) -> None:
    """The quick ways of looking up give what the plain ones do."""
    known = sorted(word for pattern in rules.rules[0].patterns for word in pattern.vocabulary())
    parts = [part for word in known for cut in [len(word) // 2] for part in (word, word[:cut], word[cut:], word + "s")]
    words = data.draw(st.lists(st.sampled_from([*parts, "niet", "de", "x"]).filter(bool), max_size=12))
    vocabulary = rules.vocabulary
    assert vocabulary.all_meanings(words) == [vocabulary.meanings(word) for word in words]
    pairs = vocabulary.pairs(words)
    assert pairs == [vocabulary.joined(one, other) for one, other in pairwise(words)]
    every = frozenset().union(*(p.vocabulary() for rule in (*rules.rules, *rules.areas) for p in rule.patterns))
    for together, (one, other) in zip(pairs, pairwise(words), strict=True):
        if (one + other) in every:
            assert together == ({one + other} if len(one + other) >= 7 else set())
    text = IndexedWords(words, vocabulary)
    assert text.heard == frozenset().union(*vocabulary.all_meanings(words), *pairs)
