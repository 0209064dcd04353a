"""What each view counts, and what not."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import duckdb
import pytest

from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult, Failure, FailureKind, Severity, Stage
from callinsight.store.dimensions import FAILURE_LABELS, sync_dimensions
from callinsight.store.load import RunRecord, finish_load, load_batch
from callinsight.store.summaries import mark_stale

MakeResult = Callable[..., CallResult]
MakeWeeks = Callable[..., list[CallResult]]
Connection = duckdb.DuckDBPyConnection


@pytest.fixture
def labelled(writer: Connection, small_taxonomy: Taxonomy) -> Connection:
    sync_dimensions(writer, small_taxonomy)
    return writer


def _rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def test_questions_count_a_call_once_per_question_and_have_labels(
    labelled: Connection, make_result: MakeResult
) -> None:
    twice = make_result("call-0001", topics=(("passport", "cost"), ("passport", "cost"), ("passport", "photo-rules")))
    load_batch(labelled, [twice, make_result("call-0002"), make_result("call-0003", topics=(("passport", None),))], [])
    assert _rows(
        labelled, "SELECT iso_week, topic_label, facet_label, calls FROM questions_per_week ORDER BY calls DESC, facet"
    ) == [
        ("2026-W36", "Paspoort", "Wat kost het?", 2),
        ("2026-W36", "Paspoort", "Welke pasfoto is goed?", 1),
        ("2026-W36", "Paspoort", "Niet duidelijk", 1),
    ]
    assert _rows(labelled, "SELECT topic_label, domain_label, calls FROM topics_per_week") == [
        ("Paspoort", "Burgerzaken", 3)
    ]


def test_an_id_without_a_label_is_counted_under_its_id(labelled: Connection, make_result: MakeResult) -> None:
    strange = make_result(topics=(("not-in-the-list", "nor-this"),), needs=("nor-that",), outcome="never-heard-of")
    load_batch(labelled, [strange], [])
    assert _rows(labelled, "SELECT domain_label, topic_label, facet_label, calls FROM questions_per_week") == [
        ("Onbekend", "not-in-the-list", "nor-this", 1)
    ]
    assert _rows(labelled, "SELECT need_label FROM needs_per_week") == [("nor-that",)]
    assert _rows(labelled, "SELECT outcome_label, first_contact FROM outcomes_per_week") == [
        ("never-heard-of", "excluded")
    ]


def test_needs_count_a_call_once(labelled: Connection, make_result: MakeResult) -> None:
    both = make_result(
        "call-0001", topics=(("passport", "cost"), ("bulky-waste", "cost")), needs=("travel", "certainty")
    )
    load_batch(labelled, [both, make_result("call-0002", needs=("travel",))], [])
    assert _rows(labelled, "SELECT need_label, calls FROM needs_per_week ORDER BY need") == [
        ("Wil zekerheid", 1),
        ("Wil op reis kunnen", 2),
    ]
    assert _rows(labelled, "SELECT need_a, need_b, calls, month_start FROM needs_together") == [
        ("certainty", "travel", 1, date(2026, 9, 1))
    ]
    assert _rows(labelled, "SELECT topic, need, calls FROM needs_per_topic ORDER BY ALL") == [
        ("bulky-waste", "certainty", 1),
        ("bulky-waste", "travel", 1),
        ("passport", "certainty", 1),
        ("passport", "travel", 2),
    ]


def test_a_flagged_call_shows_the_words_and_the_moment(labelled: Connection, make_result: MakeResult) -> None:
    flags = (("repeat-call", Severity.REVIEW), ("violence", Severity.IMMEDIATE))
    load_batch(labelled, [make_result(flags=flags, said="ik bel weer"), make_result("call-0002")], [])
    assert _rows(
        labelled, "SELECT kind_label, severity_label, at_time, quote, topics FROM flagged_calls ORDER BY kind"
    ) == [
        ("Herhaalcontact", "Bekijken", "0:02", "ik bel weer", "Paspoort"),
        ("Geweld of bedreiging thuis", "Direct", "0:02", "ik bel weer", "Paspoort"),
    ]
    assert _rows(labelled, "SELECT kind FROM urgent_calls") == [("violence",)]
    assert _rows(labelled, "SELECT kind, calls FROM signals_per_week ORDER BY kind") == [
        ("repeat-call", 1),
        ("violence", 1),
    ]


@pytest.mark.parametrize(
    ("evidence", "start_ms", "quote", "at_time"),
    [
        ("[1, 2]", 70_000, "ik bel weer [...] dat zoek ik op", "1:10"),
        ("[]", 70_100, "dat zoek ik op", "1:10"),
        ("[]", 50_000, "", "0:50"),  # nobody speaks there
    ],
)
def test_a_quote_follows_the_evidence_or_else_the_passage(
    labelled: Connection, make_result: MakeResult, evidence: str, start_ms: int, quote: str, at_time: str
) -> None:
    load_batch(labelled, [make_result(flags=(("repeat-call", Severity.REVIEW),), said="ik bel weer")], [])
    labelled.execute(f"UPDATE signals SET evidence = {evidence}, start_ms = {start_ms}, end_ms = {start_ms + 100}")
    mark_stale(labelled, "FROM calls")
    finish_load(labelled)
    assert _rows(labelled, "SELECT quote, at_time FROM flagged_calls") == [(quote, at_time)]


def test_urgent_calls_come_most_urgent_first(labelled: Connection, make_result: MakeResult) -> None:
    later = datetime(2026, 9, 2, 7, tzinfo=UTC)
    load_batch(
        labelled,
        [
            make_result("call-day", flags=(("child-safety", Severity.SAME_DAY),), started_at=later),
            make_result("call-now", flags=(("violence", Severity.IMMEDIATE),)),
            make_result("call-info", flags=(("compliment", Severity.INFO),)),
        ],
        [],
    )
    assert _rows(labelled, "SELECT call_id FROM urgent_calls") == [("call-now",), ("call-day",)]


def test_registered_beside_heard(labelled: Connection, make_result: MakeResult) -> None:
    both = (("passport", None), ("bulky-waste", None))
    load_batch(
        labelled,
        [
            make_result("call-1", registered_topic="passport"),
            make_result("call-2", registered_topic="bulky-waste", topics=both),  # heard as a later question
            make_result("call-3", registered_topic="bulky-waste"),
            make_result("call-4", registered_topic=None),
            make_result("call-5", registered_topic="passport", topics=(("unknown", None),)),
        ],
        [],
    )
    rows = _rows(
        labelled, "SELECT registered_label, heard_label, agrees, calls FROM registered_vs_heard ORDER BY 1, 2, 3"
    )
    assert rows == [
        ("Grofvuil", "Paspoort", False, 1),
        ("Grofvuil", "Paspoort", True, 1),
        ("Paspoort", "Paspoort", True, 1),
    ]


def test_preventable_calls_name_what_to_mend(labelled: Connection, make_result: MakeResult) -> None:
    topics = (("passport", "photo-rules"), ("passport", "lost-stolen"), ("bulky-waste", None))
    load_batch(labelled, [make_result(topics=topics)], [])
    assert _rows(labelled, "SELECT facet_label, section, calls FROM preventable_calls") == [
        ("Welke pasfoto is goed?", "bewijs", 1)
    ]


def test_first_contact_leaves_out_what_cannot_count(labelled: Connection, make_result: MakeResult) -> None:
    endings = ("handled", "handled", "callback-request", "disconnected", "unknown")
    load_batch(labelled, [make_result(f"call-{n}", outcome=ending) for n, ending in enumerate(endings)], [])
    assert _rows(labelled, "FROM first_contact_per_month") == [(date(2026, 9, 1), 2, 1, 2, 0.667)]
    assert _rows(labelled, "SELECT outcome_label, calls FROM outcomes_per_week WHERE outcome = 'unknown'") == [
        ("Onbekend", 1)
    ]


def test_first_contact_without_anything_to_count_is_no_share(labelled: Connection, make_result: MakeResult) -> None:
    load_batch(labelled, [make_result(outcome="unknown")], [])
    assert _rows(labelled, "SELECT solved_share FROM first_contact_per_month") == [(None,)]


def test_calls_per_hour_are_on_the_clock_of_the_netherlands(labelled: Connection, make_result: MakeResult) -> None:
    load_batch(labelled, [make_result("call-1"), make_result("call-2"), make_result("call-3", queue="afval")], [])
    assert _rows(labelled, "SELECT weekday, local_hour, queue, calls, minutes FROM calls_per_hour ORDER BY queue") == [
        (2, 9, "afval", 1, 1.2),
        (2, 9, "burgerzaken", 2, 2.4),
    ]


def test_recognition_is_weighted_by_words(labelled: Connection, make_result: MakeResult) -> None:
    load_batch(labelled, [make_result("call-1"), make_result("call-2")], [])
    labelled.execute("UPDATE measures SET words = 36, mean_word_probability = 0.5 WHERE call_id = 'call-2'")
    mark_stale(labelled, "FROM calls")
    finish_load(labelled)
    assert _rows(labelled, "SELECT calls, words, mean_word_probability FROM recognition_per_week") == [(2, 48, 0.6)]


def test_failures_and_nights(labelled: Connection, make_result: MakeResult) -> None:
    failures = [
        Failure("ref-a", Stage.DECODE, FailureKind.TRUNCATED),
        Failure("ref-b", Stage.DECODE, FailureKind.TRUNCATED),
        Failure("ref-c", Stage.TRANSCRIBE, FailureKind.TIMED_OUT, retryable=True),
    ]
    run = RunRecord("night-1", datetime(2026, 9, 1, 22, tzinfo=UTC), None, 9, 2, 600_000, 60_000, 4)
    load_batch(labelled, [make_result()], failures, run)
    assert _rows(labelled, "FROM failures_by_kind ORDER BY recordings DESC") == [
        ("truncated", "Bestand breekt af", "decode", False, 2),
        ("timed-out", "Duurde te lang", "transcribe", True, 1),
    ]
    assert _rows(labelled, "SELECT * EXCLUDE (started_local) FROM nights") == [
        ("night-1", None, 9, 2, 1, 3, 10.0, 0.1, 4)
    ]


def test_every_kind_of_failure_has_a_label() -> None:
    assert set(FAILURE_LABELS) == set(FailureKind)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((20, 22, 18, 21, 19, 20), "geen verandering"),
        ((20, 22, 18, 21, 19, 60), "stijgt"),
        ((20, 22, 18, 21, 19, 2), "daalt"),
        ((20, 22, 60), "te weinig weken"),
        ((20, 22, 18, 60), "stijgt"),
        ((0, 0, 0, 4), "stijgt"),
        ((0, 1, 0, 4), "geen verandering"),
        ((3, 20, 40, 60), "geen verandering"),  # so restless that three weeks tell nothing
        ((1, 0, 1, 0, 1, 2), "geen verandering"),  # one call more is no trend, though it is twice as many
        ((40, 2, 60, 5, 30, 60), "geen verandering"),  # it has always been restless
    ],
)
def test_a_topic_rises_only_beyond_chance(
    labelled: Connection, make_weeks: MakeWeeks, counts: tuple[int, ...], verdict: str
) -> None:
    background = make_weeks((5,) * len(counts), topic="bulky-waste", prefix="other")
    load_batch(labelled, [*make_weeks(counts), *background], [])
    rows = _rows(labelled, "SELECT calls, verdict, weeks_before FROM rising_topics WHERE topic = 'passport'")
    assert rows == [(counts[-1], verdict, len(counts) - 1)]


def test_the_expectation_knows_working_days(labelled: Connection, make_weeks: MakeWeeks) -> None:
    """Christmas 2026 falls on a Friday, so its week has four working days: 16 calls are what 20 a week lead to."""
    weeks = 17  # from 31 August to the week of 21 December
    load_batch(labelled, make_weeks((20,) * (weeks - 1) + (16,)), [])
    rows = _rows(labelled, "SELECT iso_week, calls, expected, verdict, weeks_before FROM rising_topics")
    assert rows == [("2026-W52", 16, 16.0, "geen verandering", 8)]


def test_a_week_that_is_not_over_is_not_judged(labelled: Connection, make_weeks: MakeWeeks) -> None:
    calls = make_weeks((20, 20, 20, 20, 20, 20, 20))
    # make_weeks gives the first call of a week to Friday; keep two calls of the last week, on Wednesday and Tuesday
    cut = [call for call in calls if not call.call.call_id.startswith("call-6-")]
    started = [call for call in calls if call.call.call_id in ("call-6-2", "call-6-3")]
    load_batch(labelled, cut + started, [])
    assert _rows(labelled, "SELECT iso_week, calls, verdict FROM rising_topics") == [
        ("2026-W41", 20, "geen verandering")
    ]


def test_a_topic_that_fell_silent_is_still_judged(labelled: Connection, make_weeks: MakeWeeks) -> None:
    background = make_weeks((5,) * 6, topic="bulky-waste", prefix="other")
    load_batch(labelled, [*make_weeks((20, 20, 20, 20, 20)), *background], [])
    rows = _rows(
        labelled, "SELECT calls, expected, expected_low > 0, verdict FROM rising_topics WHERE topic = 'passport'"
    )
    assert rows == [(0, 20.0, True, "daalt")]


def test_chance_alone_seldom_counts_as_a_trend(labelled: Connection, make_weeks: MakeWeeks) -> None:
    """Of 300 topics whose counts are Poisson with one mean throughout, about 1 % may stand out; 4 % would be wrong."""
    import numpy as np

    draws = np.random.default_rng(1).poisson(6.0, size=(300, 9))
    calls = [c for n, row in enumerate(draws) for c in make_weeks(tuple(map(int, row)), f"topic-{n}", f"t{n}")]
    load_batch(labelled, calls, [])
    ((found, all_topics),) = _rows(
        labelled, "SELECT count(*) FILTER (verdict IN ('stijgt', 'daalt')), count(*) FROM rising_topics"
    )
    assert all_topics == 300
    assert isinstance(found, int)
    assert found <= 12


def test_restless_topics_seldom_count_as_a_trend(labelled: Connection, make_weeks: MakeWeeks) -> None:
    """Of 300 topics that vary four times as much as Poisson counts, about 1 % may stand out; 4 % would be wrong."""
    import numpy as np

    draws = np.random.default_rng(2).negative_binomial(2.0, 0.25, size=(300, 9))
    calls = [c for n, row in enumerate(draws) for c in make_weeks(tuple(map(int, row)), f"topic-{n}", f"t{n}")]
    load_batch(labelled, calls, [])
    ((found, judged),) = _rows(
        labelled, "SELECT count(*) FILTER (verdict IN ('stijgt', 'daalt')), count(*) FROM rising_topics"
    )
    assert judged == 300
    assert isinstance(found, int)
    assert found <= 10


def test_a_first_week_in_part_lowers_no_expectation(labelled: Connection, make_weeks: MakeWeeks) -> None:
    """The data begin on a Friday: its four calls are no week of four."""
    calls = make_weeks((20,) * 7)
    friday = [call for call in calls if call.call.call_id.startswith("call-0-") and call.call.started_at.day == 4]
    load_batch(labelled, friday + [call for call in calls if not call.call.call_id.startswith("call-0-")], [])
    assert _rows(labelled, "SELECT calls, expected, weeks_before, verdict FROM rising_topics") == [
        (20, 20.0, 5, "geen verandering")
    ]


def test_topics_that_come_together_count_once_a_call(labelled: Connection, make_result: MakeResult) -> None:
    both = (("passport", "cost"), ("bulky-waste", None), ("passport", "photo-rules"), ("unknown", None))
    load_batch(labelled, [make_result("call-1", topics=both), make_result("call-2", topics=both[:1])], [])
    rows = _rows(labelled, "SELECT topic_a_label, topic_b_label, across_domains, calls FROM topics_together")
    assert rows == [("Grofvuil", "Paspoort", True, 1)]


def test_life_events_bundle_topics(labelled: Connection, make_result: MakeResult) -> None:
    labelled.execute("INSERT INTO life_events VALUES ('moving', 'Verhuizen', false), ('old', 'Oud', true)")
    labelled.execute(
        "INSERT INTO life_event_topics VALUES ('moving', 'passport', false), ('moving', 'bulky-waste', false),"
        " ('moving', 'digid', true), ('old', 'passport', false), ('old', 'bulky-waste', false)"
    )
    load_batch(
        labelled,
        [
            make_result("call-1", topics=(("passport", "cost"), ("bulky-waste", None))),
            make_result("call-2", topics=(("passport", "cost"), ("passport", None))),  # one topic twice is no bundle
            make_result("call-3", topics=(("passport", "cost"), ("digid", None))),  # which does not belong any more
        ],
        [],
    )
    rows = _rows(labelled, "SELECT event, event_label, calls, topics_per_call FROM life_events_per_month")
    assert rows == [("moving", "Verhuizen", 1, 2.0)]


def test_promises_stand_beside_callbacks(labelled: Connection, make_result: MakeResult) -> None:
    made, termless, broken = (
        (kind, Severity.INFO) for kind in ("promise-made", "promise-without-date", "broken-promise-callback")
    )
    load_batch(
        labelled,
        [
            make_result("call-1", flags=(made,), outcome="callback-request"),
            make_result("call-2", flags=(made, termless), outcome="callback-request"),
            make_result("call-3", flags=(termless, termless), outcome="handled"),
            make_result("call-4", outcome="callback-request"),
            make_result("call-5", flags=(broken,)),
            make_result("call-6"),
        ],
        [],
    )
    columns = "promises, with_term, without_term, without_request, callbacks, broken"
    assert _rows(labelled, f"SELECT {columns} FROM promises_per_week") == [(3, 1, 2, 1, 3, 1)]


def test_several_problems_are_counted_by_call(labelled: Connection, make_result: MakeResult) -> None:
    load_batch(
        labelled,
        [
            make_result("call-1", topics=(("passport", "cost"), ("bulky-waste", None), ("digid", None))),
            make_result("call-2", topics=(("passport", "cost"), ("passport", None), ("unknown", None))),
            make_result("call-3", topics=(), flags=(("multi-problem", Severity.REVIEW),)),
        ],
        [],
    )
    columns = "calls, two_topics, three_topics, two_domains, flagged"
    assert _rows(labelled, f"SELECT {columns} FROM several_problems_per_month") == [(3, 1, 1, 1, 1)]


def test_tagging_tells_what_stayed_unclear(labelled: Connection, make_result: MakeResult) -> None:
    load_batch(
        labelled,
        [
            make_result("call-1", topics=(("passport", "cost"), ("passport", None))),
            make_result("call-2", topics=(("unknown", None),)),
            make_result("call-3", topics=()),
            make_result("call-4", topics=(("passport", "cost"), ("unknown", None))),
        ],
        [],
    )
    columns = "calls, unknown_calls, unknown_share, questions, unclear_questions, mean_score"
    assert _rows(labelled, f"SELECT {columns} FROM tagging_per_week") == [(4, 2, 0.5, 3, 1, 0.8)]


def test_every_view_is_empty_for_an_empty_database(writer: Connection) -> None:
    for (view,) in _rows(writer, "SELECT name FROM schema_views"):
        assert _rows(writer, f"FROM {view}") == [], view
