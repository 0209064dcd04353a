"""Words become turns: none is lost, none is doubled, and every turn is one party's."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from callinsight.core.measures import measure, total_ms
from callinsight.core.turns import SpokenWord, build_turns, words_by_speaker
from callinsight.core.values import Role, Span, SpeakerTurn, Utterance, Word

ROLES = {"0": Role.AGENT, "1": Role.CALLER}


def word(start_ms: int, end_ms: int, text: str) -> Word:
    return Word(Span(start_ms, end_ms), text, 0.9)


@st.composite
def spoken(draw: st.DrawFn) -> list[SpokenWord]:
    found: list[SpokenWord] = []
    for speaker in ("0", "1"):
        at = draw(st.integers(0, 3_000))
        for gap, length in draw(st.lists(st.tuples(st.integers(0, 6_000), st.integers(20, 900)), max_size=25)):
            found.append(SpokenWord(speaker, word(at + gap, at + gap + length, f"w{speaker}{len(found)}")))
            at += gap + length
    return found


@given(spoken())
def test_every_word_lands_in_one_turn_of_its_own_role(words: list[SpokenWord]) -> None:
    turns = build_turns(words, ROLES)
    assert Counter((turn.role, w.text) for turn in turns for w in turn.words) == Counter(
        (ROLES[s.speaker], s.word.text) for s in words
    )
    assert [turn.span for turn in turns] == sorted(turn.span for turn in turns)


@given(spoken())
def test_measures_fit_in_the_call(words: list[SpokenWord]) -> None:
    turns = build_turns(words, ROLES)
    duration = max((turn.span.end_ms for turn in turns), default=0) + 500
    found = measure(turns, duration)
    talk = total_ms(w.word.span for w in words)
    assert found.silence_ms == duration - talk
    assert found.agent_talk_ms + found.caller_talk_ms - found.overlap_ms == talk
    assert found.overlap_ms <= min(found.agent_talk_ms, found.caller_talk_ms)


def test_a_back_channel_does_not_cut_a_turn() -> None:
    words = [SpokenWord("1", word(i * 300, i * 300 + 250, f"a{i}")) for i in range(8)]
    turns = build_turns([*words, SpokenWord("0", word(1_000, 1_200, "ja"))], ROLES)
    assert [(turn.role, len(turn.words)) for turn in turns] == [(Role.CALLER, 8), (Role.AGENT, 1)]


def test_an_answer_ends_a_turn() -> None:
    asked = [SpokenWord("0", word(i * 300, i * 300 + 250, f"a{i}")) for i in range(4)]
    answer = [SpokenWord("1", word(1_300 + i * 300, 1_550 + i * 300, f"b{i}")) for i in range(4)]
    more = [SpokenWord("0", word(2_600 + i * 300, 2_850 + i * 300, f"c{i}")) for i in range(2)]
    turns = build_turns([*asked, *answer, *more], ROLES)
    assert [turn.role for turn in turns] == [Role.AGENT, Role.CALLER, Role.AGENT]


def test_words_go_to_the_speaker_they_overlap_most() -> None:
    turns = [SpeakerTurn(Span(0, 1_000), "A"), SpeakerTurn(Span(1_000, 2_000), "B")]
    heard = Utterance(Span(100, 1_900), (word(100, 500, "een"), word(900, 1_400, "twee"), word(1_500, 1_900, "drie")))
    assert [s.speaker for s in words_by_speaker([heard], turns)] == ["A", "B", "B"]


def test_a_word_outside_all_turns_goes_to_the_nearest() -> None:
    turns = [SpeakerTurn(Span(0, 1_000), "A"), SpeakerTurn(Span(5_000, 6_000), "B")]
    heard = Utterance(Span(1_200, 4_900), (word(1_200, 1_400, "een"), word(4_700, 4_900, "twee")))
    assert [s.speaker for s in words_by_speaker([heard], turns)] == ["A", "B"]


def test_a_lone_word_at_an_edge_is_smoothed() -> None:
    turns = [SpeakerTurn(Span(0, 480), "A"), SpeakerTurn(Span(480, 650), "B"), SpeakerTurn(Span(650, 3_000), "A")]
    words = (word(0, 400, "ik"), word(420, 720, "wil"), word(730, 1_000, "dat"))
    assert {s.speaker for s in words_by_speaker([Utterance(Span(0, 1_000), words)], turns)} == {"A"}


def test_a_real_short_answer_is_kept() -> None:
    turns = [SpeakerTurn(Span(0, 400), "A"), SpeakerTurn(Span(420, 720), "B"), SpeakerTurn(Span(730, 3_000), "A")]
    words = (word(0, 400, "ik"), word(420, 720, "ja"), word(730, 1_000, "dat"))
    assert [s.speaker for s in words_by_speaker([Utterance(Span(0, 1_000), words)], turns)] == ["A", "B", "A"]


def test_without_speakers_nobody_is_guessed() -> None:
    heard = Utterance(Span(0, 400), (word(0, 400, "hallo"),))
    assert [s.speaker for s in words_by_speaker([heard], [])] == ["?"]
    assert build_turns(words_by_speaker([heard], []), {})[0].role is Role.UNKNOWN
