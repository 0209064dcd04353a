"""The format of a result file is a promise: old files must stay readable, and equal results give equal bytes.

After a deliberate change of the format: keep the old file under its version, add a new one, and read both.
"""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from callinsight import bundle
from callinsight.core.values import (
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

FIRST, GOLDEN = (Path(__file__).parent / f"result-{version}.json" for version in (1, 2))

RESULT = CallResult(
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


def test_the_format_is_as_it_was(tmp_path: Path) -> None:
    bundle.write_result(tmp_path, RESULT)
    written = json.loads(gzip.decompress(bundle.result_path(tmp_path, RESULT.call.call_id).read_bytes()))
    assert written == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_a_file_of_this_version_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "c3k7example.json.gz"
    path.write_bytes(gzip.compress(GOLDEN.read_bytes()))
    assert bundle.read_result(path) == RESULT


def test_a_file_from_before_review_copies_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "c3k7example.json.gz"
    path.write_bytes(gzip.compress(FIRST.read_bytes()))
    assert bundle.read_result(path) == replace(RESULT, review_copy=CopyState.OFF)
