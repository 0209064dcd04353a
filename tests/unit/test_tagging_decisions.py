"""How scores per turn become questions, needs, outcome and flags; and when the tagger abstains."""

from pathlib import Path

import numpy as np
import pytest

from callinsight.core.cues import CueIndex, label_words
from callinsight.core.packing import PackOptions, chunks, pack_turns
from callinsight.core.prototypes import (
    Likeness,
    Prototype,
    PrototypeSet,
    facet_prototypes,
    need_prototypes,
    topic_prototypes,
    turn_windows,
)
from callinsight.core.tagging import Decider, Labels, LabelSet, TurnScores
from callinsight.core.values import FlagSource, Role, Severity, Span, Tags, Turn, Word
from callinsight.taxonomy_files import load_rules, load_taxonomy

FOLDER = Path(__file__).parents[2] / "models" / "taxonomy"
TOPICS = ("passport", "id-card", "debt-help", "youth-help")
FACETS = ("cost", "status", "passport/photo-rules")
NEEDS = ("travel", "child-wellbeing", "peace-from-debt")
OUTCOMES = ("handled", "callback-request", "unknown")
SIGNALS = ("compliment", "transfer")
QUIET = "hier staan zomaar wat woorden"


@pytest.fixture(scope="module")
def decider() -> Decider:
    taxonomy = load_taxonomy(FOLDER)
    levels = [LabelSet(names) for names in (TOPICS, FACETS, NEEDS, OUTCOMES, SIGNALS)]
    return Decider(Labels(*levels), taxonomy, load_rules(FOLDER, taxonomy))


def turns(*roles: Role, text: str = QUIET) -> tuple[Turn, ...]:
    made = []
    for number, role in enumerate(roles):
        at = number * 10_000
        words = tuple(Word(Span(at + 300 * i, at + 300 * i + 300), w, 1.0) for i, w in enumerate(text.split()))
        made.append(Turn(Span(at, at + 300 * len(words)), role, words))
    return tuple(made)


class Heard:
    """Scores of a call, all zero at first."""

    def __init__(self, count: int) -> None:
        self.levels = {
            "topics": (TOPICS, np.zeros((count, len(TOPICS)), np.float32)),
            "facets": (FACETS, np.zeros((count, len(FACETS)), np.float32)),
            "needs": (NEEDS, np.zeros((count, len(NEEDS)), np.float32)),
            "signals": (SIGNALS, np.zeros((count, len(SIGNALS)), np.float32)),
        }
        self.outcome = np.zeros(len(OUTCOMES), np.float32)
        self.outcome_turns = np.zeros((count, len(OUTCOMES)), np.float32)

    def hear(self, turn: int, level: str, name: str, score: float) -> "Heard":
        names, array = self.levels[level]
        array[turn, names.index(name)] = score
        return self

    def end(self, name: str, score: float, turn: int) -> "Heard":
        self.outcome[OUTCOMES.index(name)] = score
        self.outcome_turns[turn, OUTCOMES.index(name)] = 1.0
        return self

    def scores(self) -> TurnScores:
        topics, facets, needs, signals = (array for _, array in self.levels.values())
        return TurnScores(topics, facets, needs, signals, self.outcome, self.outcome_turns)


AGENT, CALLER, UNKNOWN = Role.AGENT, Role.CALLER, Role.UNKNOWN


def asked(tags: Tags) -> list[tuple[str, str | None, tuple[int, ...]]]:
    return [(q.topic, q.facet, q.evidence) for q in tags.questions]


def test_one_question_with_facet_need_and_outcome(decider: Decider) -> None:
    call = turns(AGENT, CALLER, AGENT, CALLER, AGENT)
    heard = Heard(5).hear(1, "topics", "passport", 0.9).hear(1, "facets", "cost", 0.8)
    tags = decider.tags(call, heard.hear(3, "needs", "travel", 0.7).end("callback-request", 0.6, 4).scores())
    (question,) = tags.questions
    assert (question.topic, question.facet, question.score) == ("passport", "cost", 0.9)
    assert [(n.kind, n.evidence) for n in question.needs] == [("travel", (3,))]
    assert question.evidence == (1, 3)
    assert (tags.outcome.kind, tags.outcome.score, tags.outcome.evidence) == ("callback-request", 0.6, (4,))


def test_what_the_agent_says_asks_nothing(decider: Decider) -> None:
    tags = decider.tags(turns(AGENT, CALLER), Heard(2).hear(0, "topics", "passport", 0.9).scores())
    assert [q.topic for q in tags.questions] == ["unknown"]


def test_an_unknown_speaker_may_ask(decider: Decider) -> None:
    tags = decider.tags(turns(UNKNOWN), Heard(1).hear(0, "topics", "passport", 0.9).scores())
    assert [q.topic for q in tags.questions] == ["passport"]


def test_below_the_threshold_the_topic_is_unknown(decider: Decider) -> None:
    tags = decider.tags(turns(AGENT, CALLER, CALLER), Heard(3).hear(2, "topics", "passport", 0.4).scores())
    assert asked(tags) == [("unknown", None, (2,))]
    assert tags.questions[0].score == 0.6


def test_an_empty_call_has_no_questions_and_no_known_outcome(decider: Decider) -> None:
    tags = decider.tags((), Heard(0).scores())
    assert tags.questions == ()
    assert (tags.outcome.kind, tags.outcome.score, tags.outcome.evidence) == ("unknown", 0.0, ())
    assert tags.flags == ()


def test_a_call_without_caller_has_no_questions(decider: Decider) -> None:
    assert decider.tags(turns(AGENT, Role.SYSTEM), Heard(2).scores()).questions == ()


def test_two_questions_keep_their_own_turns_and_needs(decider: Decider) -> None:
    heard = Heard(4).hear(0, "topics", "debt-help", 0.9).hear(2, "topics", "youth-help", 0.8)
    heard.hear(1, "needs", "peace-from-debt", 0.9).hear(3, "needs", "child-wellbeing", 0.9)
    tags = decider.tags(turns(CALLER, CALLER, CALLER, CALLER), heard.scores())
    assert asked(tags) == [("debt-help", None, (0, 1)), ("youth-help", None, (2, 3))]
    assert [need.kind for q in tags.questions for need in q.needs] == ["peace-from-debt", "child-wellbeing"]
    assert "multi-problem" in {flag.kind for flag in tags.flags}


def test_two_sub_questions_on_one_topic_are_two_questions(decider: Decider) -> None:
    heard = Heard(3).hear(0, "topics", "passport", 0.9).hear(2, "topics", "passport", 0.8)
    heard.hear(0, "facets", "cost", 0.9).hear(2, "facets", "passport/photo-rules", 0.9)
    tags = decider.tags(turns(CALLER, AGENT, CALLER), heard.scores())
    assert asked(tags) == [("passport", "cost", (0,)), ("passport", "photo-rules", (2,))]


def test_the_same_sub_question_asked_twice_is_one_question(decider: Decider) -> None:
    heard = Heard(3)
    for turn in (0, 2):
        heard.hear(turn, "topics", "passport", 0.9).hear(turn, "facets", "cost", 0.9)
    assert asked(decider.tags(turns(CALLER, AGENT, CALLER), heard.scores())) == [("passport", "cost", (0, 2))]


def test_a_specific_question_of_another_topic_does_not_count(decider: Decider) -> None:
    heard = Heard(1).hear(0, "topics", "debt-help", 0.9).hear(0, "facets", "passport/photo-rules", 0.9)
    assert asked(decider.tags(turns(CALLER), heard.scores())) == [("debt-help", None, (0,))]


def test_a_facet_that_the_topic_does_not_list_must_be_surer(decider: Decider) -> None:
    weak = Heard(1).hear(0, "topics", "youth-help", 0.9).hear(0, "facets", "cost", 0.6)
    sure = Heard(1).hear(0, "topics", "youth-help", 0.9).hear(0, "facets", "cost", 0.9)
    assert asked(decider.tags(turns(CALLER), weak.scores()))[0][1] is None
    assert asked(decider.tags(turns(CALLER), sure.scores()))[0][1] == "cost"


def test_a_much_weaker_topic_in_the_same_turn_is_a_shadow(decider: Decider) -> None:
    heard = Heard(1).hear(0, "topics", "passport", 0.95).hear(0, "topics", "id-card", 0.52)
    assert [q.topic for q in decider.tags(turns(CALLER), heard.scores()).questions] == ["passport"]
    heard.hear(0, "topics", "id-card", 0.9)
    both = {q.topic for q in decider.tags(turns(CALLER), heard.scores()).questions}
    assert both == {"passport", "id-card"}


def test_an_outcome_below_its_threshold_is_unknown(decider: Decider) -> None:
    tags = decider.tags(turns(CALLER, AGENT), Heard(2).end("handled", 0.45, 1).scores())
    assert (tags.outcome.kind, tags.outcome.evidence) == ("unknown", ())


def test_a_model_flags_what_its_party_says(decider: Decider) -> None:
    heard = Heard(2).hear(0, "signals", "compliment", 0.9).hear(1, "signals", "compliment", 0.8)
    tags = decider.tags(turns(AGENT, CALLER), heard.scores())
    (flag,) = tags.flags
    assert (flag.kind, flag.source, flag.evidence) == ("compliment", FlagSource.MODEL, (1,))
    assert flag.severity is Severity.INFO


def test_a_rule_and_the_model_make_one_flag(decider: Decider) -> None:
    call = (*turns(CALLER, text="wat een goede service"), *turns(CALLER, CALLER)[1:])
    tags = decider.tags(call, Heard(2).hear(1, "signals", "compliment", 0.9).scores())
    (flag,) = tags.flags
    assert (flag.source, flag.evidence) == (FlagSource.RULE, (0, 1))


def test_scores_of_another_call_are_refused(decider: Decider) -> None:
    with pytest.raises(ValueError, match="one row per turn"):
        decider.tags(turns(CALLER), Heard(2).scores())


@pytest.mark.parametrize(
    ("lengths", "found"),
    [
        ([], []),
        ([5], [(0, 0, 1)]),
        ([5, 5], [(0, 0, 2)]),
        ([5, 5, 5], [(0, 0, 2), (1, 2, 3)]),
        ([10, 10], [(0, 0, 1), (1, 1, 2)]),
    ],
)
def test_chunks_repeat_a_piece_for_context_where_it_fits(lengths: list[int], found: list[tuple[int, int, int]]) -> None:
    assert chunks(lengths, 10) == found


def test_a_piece_longer_than_a_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        chunks([11], 10)


def test_a_long_turn_is_cut_and_an_empty_one_left_out() -> None:
    markers = {"agent": 1, "caller": 2, "system": 3, "unknown": 4}
    said = [("caller", [11, 12, 13, 14, 15]), ("agent", []), ("agent", [16])]
    (packed,) = pack_turns(said, markers, 0, PackOptions(sequence_tokens=20, piece_tokens=3, context_pieces=0))
    assert packed.tokens == (0, 2, 11, 12, 13, 2, 14, 15, 1, 16)
    assert [(p.turn, packed.tokens[p.start : p.end]) for p in packed.pieces] == [
        (0, (11, 12, 13)),
        (0, (14, 15)),
        (2, (16,)),
    ]
    assert [packed.tokens[p.start - 1] for p in packed.pieces] == [2, 2, 1]


def test_cues_find_topics_also_inflected_and_in_phrases() -> None:
    index = CueIndex({"tree": ["boom kappen"], "lamp": ["lantaarnpaal"], "other": ["kappen"]})
    assert set(index.scores("Mag ik mijn boom kappen?")) == {"tree", "other"}
    assert set(index.scores("alle lantaarnpalen en een lantaarnpaals")) == {"lamp"}
    assert index.scores("") == {}


def test_a_shared_cue_counts_less() -> None:
    index = CueIndex({"a": ["bezwaar"], "b": ["bezwaar", "aanslag"], "c": ["hoorzitting"]})
    scores = index.scores("bezwaar en hoorzitting")
    assert scores["a"] < scores["c"]
    assert label_words("Aanslag van de gemeente") == ("aanslag", "gemeente")


def test_likeness_favours_the_label_with_the_likest_sentence() -> None:
    prototypes = [Prototype("a", "x"), Prototype("a", "y"), Prototype("b", "z"), Prototype("c", "w")]
    vectors = np.eye(4, dtype=np.float32)
    found = PrototypeSet.build(prototypes, vectors).scores(vectors[[1, 2]], Likeness())
    assert found.argmax(axis=1).tolist() == [0, 1]
    assert found.max() > 0.9
    assert (found[0, 1:] < 0.1).all()


def test_every_prototype_needs_a_vector() -> None:
    with pytest.raises(ValueError, match="vector"):
        PrototypeSet.build([Prototype("a", "x")], np.zeros((2, 3), np.float32))


def test_every_label_has_a_prototype() -> None:
    taxonomy = load_taxonomy(FOLDER)
    assert {p.label for p in topic_prototypes(taxonomy)} == set(taxonomy.topics)
    assert {p.label for p in need_prototypes(taxonomy)} == set(taxonomy.needs)
    assert {p.label for p in facet_prototypes(taxonomy)} >= set(taxonomy.facets)


def test_a_short_turn_is_read_with_what_its_party_said_before() -> None:
    call = (
        *turns(CALLER, text="ik bel over mijn paspoort en dat is nog niet klaar"),
        *turns(AGENT, AGENT, text="ja")[1:],
        *turns(CALLER, CALLER, CALLER, text="wat kost dat")[2:],
    )
    windows = turn_windows(call)
    assert windows[1] == ""
    assert windows[2] == "ik bel over mijn paspoort en dat is nog niet klaar wat kost dat"
