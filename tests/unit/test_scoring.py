"""Scores are right on calls small enough to count by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from callinsight import scoring
from callinsight.core.values import (
    Call,
    CallResult,
    Layout,
    Measures,
    Need,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Redaction,
    Role,
    Span,
    SpeakerTurn,
    Tags,
    Turn,
    Word,
)
from callinsight.scoring import Truth


def words(text: str, start_ms: int, step_ms: int = 500) -> list[dict[str, Any]]:
    return [
        {"text": w, "start_ms": start_ms + i * step_ms, "end_ms": start_ms + (i + 1) * step_ms}
        for i, w in enumerate(text.split())
    ]


def truth(layout: str = "stereo") -> Truth:
    agent, caller = words("goedemorgen met de gemeente", 0), words("eh mijn naam is jansen", 2_000)
    return Truth.from_document(
        {
            "layout": layout,
            "duration_ms": 3_600_000,
            "turns": [
                {"start_ms": 0, "end_ms": 2_000, "role": "agent", "speaker": "agent-1", "words": agent},
                {"start_ms": 2_000, "end_ms": 4_500, "role": "caller", "speaker": "caller-1", "words": caller},
            ],
            "questions": [{"topic": "passport", "facet": "cost", "needs": ["travel"]}],
            "outcome": "handled",
            "personal": [{"kind": "person_name", "start_ms": 4_000, "end_ms": 4_500}],
        }
    )


def turn(text: str, role: Role, start_ms: int, step_ms: int = 500) -> Turn:
    spoken = tuple(Word(Span(w["start_ms"], w["end_ms"]), w["text"], 0.9) for w in words(text, start_ms, step_ms))
    return Turn(Span(start_ms, spoken[-1].span.end_ms), role, spoken)


def result(turns: list[Turn], *, topic: str = "passport", masks: tuple[Span, ...] = ()) -> CallResult:
    return CallResult(
        call=Call("cabc234", datetime(2026, 9, 1, tzinfo=UTC), layout=Layout.STEREO),
        recording_ref="rabc234",
        turns=tuple(turns),
        tags=Tags((Question(topic, "cost", 0.9, (Need("travel", 0.9),)),), Outcome("handled", 0.9)),
        measures=Measures(3_600_000),
        recognition=Recognition(),
        redactions=tuple(Redaction("person_name", span, 0) for span in masks),
        provenance=Provenance("0", "0", (), "0"),
    )


def score(turns: list[Turn], layout: str = "stereo", speakers: tuple[SpeakerTurn, ...] = (), **more: Any) -> Any:
    one = scoring.score_call(truth(layout), result(turns, **more), turns, speakers)
    return scoring.summarise([one])


GOOD = [turn("Goedemorgen, met de gemeente.", Role.AGENT, 0), turn("mijn naam is Jansen", Role.CALLER, 2_500)]


def test_a_perfect_call() -> None:
    found = score(GOOD, masks=(Span(4_000, 4_500),))
    assert found["wer"] == 0.0
    assert found["word_time_error_ms_p50"] == 0
    assert found["role_accuracy"] == 1.0
    assert found["wrong_speaker_words"] == 0.0
    assert found["hallucinated_words_per_hour"] == 0.0
    assert found["topic_f1_macro"] == found["facet_f1_macro"] == found["need_f1_micro"] == 1.0
    assert found["pii_recall"] == found["pii_precision"] == 1.0
    assert found["der"] is None


def test_word_errors_are_counted_over_true_words() -> None:
    found = score(
        [turn("goedemorgen met gemeente", Role.AGENT, 0), turn("mijn naam was jansen extra", Role.CALLER, 2_500)]
    )
    assert found["wer"] == pytest.approx(3 / 8)  # one deleted, one substituted, one inserted


def test_swapped_roles_are_a_role_error_and_no_word_error() -> None:
    swapped = [turn("goedemorgen met de gemeente", Role.CALLER, 0), turn("mijn naam is jansen", Role.AGENT, 2_500)]
    found = score(swapped)
    assert found["wer"] == 0.0
    assert found["role_accuracy"] == 0.0
    assert found["wrong_speaker_words"] == 1.0


def test_words_where_nobody_speaks_are_invented() -> None:
    found = score([*GOOD, turn("dank u wel", Role.AGENT, 600_000)])
    assert found["hallucinated_words_per_hour"] == pytest.approx(3, rel=0.01)


def test_diarization_error_counts_time_with_the_wrong_speaker() -> None:
    speakers = (
        SpeakerTurn(Span(0, 2_000), "A"),
        SpeakerTurn(Span(2_000, 3_500), "B"),
        SpeakerTurn(Span(3_500, 4_500), "A"),
    )
    found = score(GOOD, "mono", speakers)
    assert found["der"] == pytest.approx(1.0 / 4.5)


def test_missed_and_needless_masks() -> None:
    found = score(GOOD, masks=(Span(0, 500), Span(4_100, 4_500)))
    assert found["pii_recall"] == 1.0
    assert found["pii_precision"] == 0.5
    assert score(GOOD)["pii_recall"] == 0.0


def test_f1_by_hand() -> None:
    pairs = [(frozenset("ab"), frozenset("a")), (frozenset("a"), frozenset("ac"))]
    assert scoring.f1_macro(pairs) == pytest.approx((1.0 + 0.0) / 2)
    assert scoring.f1_micro(pairs) == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert scoring.f1_macro([]) is None
    assert scoring.f1_micro([]) is None


def test_labels_are_scored_one_by_one() -> None:
    turns = GOOD
    right = scoring.score_call(truth(), result(turns), turns, ())
    wrong = scoring.score_call(truth(), result(turns, topic="id-card"), turns, ())
    found = {(one.level, one.label): one for one in scoring.per_label([right, wrong])}
    passport, id_card = found["topic", "passport"], found["topic", "id-card"]
    assert (passport.true, passport.found, passport.right) == (2, 1, 1)
    assert (passport.precision, passport.recall) == (1.0, 0.5)
    assert passport.f1 == pytest.approx(2 / 3)
    assert (id_card.precision, id_card.recall, id_card.f1) == (0.0, None, 0.0)
    assert found["facet", "passport/cost"].right == 1


def test_nothing_to_score() -> None:
    assert scoring.summarise([])["wer"] is None
