"""The format of a result file is a promise: old files must stay readable, and equal results give equal bytes.

After a deliberate change of the format: keep the old file under its version, add a new one, and read both.
"""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callinsight import bundle
from callinsight.core.values import (
    MOST_EARLIER,
    Call,
    CallResult,
    CopyState,
    Direction,
    Flag,
    FlagSource,
    Layout,
    Measures,
    Need,
    Outcome,
    Provenance,
    Question,
    Recognition,
    Redaction,
    Role,
    Severity,
    Span,
    Tags,
    Turn,
    Word,
)

FIRST, SECOND, THIRD, FOURTH, FIFTH = (Path(__file__).parent / f"result-{version}.json" for version in range(1, 6))

BEFORE = CallResult(
    call=Call(
        call_id="c3k7example",
        started_at=datetime(2026, 9, 1, 7, 12, 33, tzinfo=UTC),
        queue="burgerzaken",
        direction=Direction.INBOUND,
        layout=Layout.STEREO,
        agent_channel=0,
        registered_topic="passport",
    ),
    recording_ref="r5x2example",
    turns=(
        Turn(
            Span(400, 1_900),
            Role.AGENT,
            (Word(Span(400, 1_000), "goedemorgen", 0.98), Word(Span(1_100, 1_900), "<NAAM>", 0.5)),
        ),
        Turn(Span(2_000, 3_000), Role.CALLER, (Word(Span(2_000, 3_000), "paspoort", 0.75),)),
    ),
    tags=Tags(
        (Question("passport", "cost", 0.91, (Need("travel", 0.8, (1,)),), (1,)),),
        Outcome("handled", 0.7, (0,)),
        (Flag("repeat-call", Severity.INFO, Span(2_000, 3_000), FlagSource.RULE, 1.0, (1,)),),
    ),
    measures=Measures(4_000, 1_400, 1_000, 1_600, 0, 0, 0),
    recognition=Recognition(3, 0.74, 0, 0, 0, 0, 120),
    redactions=(Redaction("person_name", Span(1_100, 1_900), 0),),
    provenance=Provenance("0.1.0", "abcd", (("demo-speech", "ef01"),), "1"),
    review_copy=CopyState.MADE,
)
"""As the second version of the format holds it: nothing yet of versions of tags. The first had no review copies."""

NOW = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
RESULT = BEFORE.retagged(
    replace(BEFORE.tags, outcome=Outcome("callback-request", 0.6, (0,))),
    replace(BEFORE.provenance, taxonomy_version="2", tag_version="2-ab12cd34"),
    NOW,
)
"""As the third version holds it: nothing yet of words that are past their term."""

AGED = RESULT.without_words()
"""As the fourth version holds it: nothing yet of callers."""

LINKED = replace(AGED, call=replace(AGED.call, caller_ref="bwbvcaaxht6tpnvv5bqnrgwfr7a"))


def test_the_format_is_as_it_was(tmp_path: Path) -> None:
    bundle.write_result(tmp_path, LINKED)
    written = json.loads(gzip.decompress(bundle.result_path(tmp_path, LINKED.call.call_id).read_bytes()))
    assert written == json.loads(FIFTH.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (FIRST, replace(BEFORE, review_copy=CopyState.OFF)),
        (SECOND, BEFORE),
        (THIRD, RESULT),
        (FOURTH, AGED),
        (FIFTH, LINKED),
    ],
)
def test_files_of_every_version_stay_readable(tmp_path: Path, file: Path, expected: CallResult) -> None:
    path = tmp_path / "c3k7example.json.gz"
    path.write_bytes(gzip.compress(file.read_bytes()))
    assert bundle.read_result(path) == expected


def test_a_call_without_words_keeps_what_they_were_evidence_of() -> None:
    assert AGED.without_words() is AGED
    assert (AGED.tags, AGED.measures, AGED.redactions) == (RESULT.tags, RESULT.measures, RESULT.redactions)
    assert [turn.word_count for turn in AGED.turns] == [len(turn.words) for turn in RESULT.turns]
    assert [turn.text for turn in AGED.turns] == ["", ""]
    with pytest.raises(ValueError, match="all turns have words, or none has"):
        replace(AGED, turns=(AGED.turns[0], RESULT.turns[1]))


def test_a_call_loses_its_link_and_nothing_else() -> None:
    assert LINKED.without_link() == AGED
    assert AGED.without_link() is AGED
    with pytest.raises(ValueError, match="never a number"):
        replace(AGED.call, caller_ref="+31612345678")


def test_earlier_tags_are_kept_in_short() -> None:
    (earlier,) = RESULT.earlier
    assert (earlier.tag_version, earlier.taxonomy_version, earlier.until) == ("", "1", NOW)
    assert (earlier.questions, earlier.needs) == (("passport/cost",), ("travel",))
    assert (earlier.outcome, earlier.signals) == ("handled", ("repeat-call",))
    assert RESULT.provenance.model_digests == BEFORE.provenance.model_digests


def test_equal_tags_of_another_version_leave_no_history() -> None:
    newer = replace(RESULT.provenance, tag_version="3-ab12cd34", retagged_at=None)
    again = RESULT.retagged(RESULT.tags, newer, datetime(2027, 1, 1, tzinfo=UTC))
    assert again.earlier == RESULT.earlier
    assert (again.provenance.tag_version, again.provenance.retagged_at) == ("3-ab12cd34", NOW)
    assert again.retagged(RESULT.tags, newer, datetime(2027, 1, 2, tzinfo=UTC)) is again


def test_only_some_versions_are_kept() -> None:
    result = RESULT
    for number in range(20):
        kind = "handled" if number % 2 else "callback-request"
        made = replace(RESULT.provenance, tag_version=f"v{number}", retagged_at=None)
        result = result.retagged(replace(RESULT.tags, outcome=Outcome(kind, 0.5, (0,))), made, NOW)
    assert len(result.earlier) == MOST_EARLIER
    assert result.earlier[-1].tag_version == "v18"
