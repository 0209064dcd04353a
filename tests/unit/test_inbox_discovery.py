"""Recordings meet their metadata, whatever the recorder writes; what does not fit is named, and nothing is lost."""

import json
import os
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest

from callinsight.core.values import Direction, FailureKind
from callinsight.errors import RecordingError, SettingsError
from callinsight.inbox import Inbox, InboxSettings, Recording, discover, read_bytes
from callinsight.inbox_metadata import RecordingMetadata

STARTED = "2026-09-01T09:12:33+02:00"
STARTED_UTC = datetime(2026, 9, 1, 7, 12, 33, tzinfo=UTC)


def sidecar(**fields: Any) -> str:
    return json.dumps({"recording_id": "R-1", "started_at": STARTED, "queue": "burgerzaken"} | fields)


def problems(inbox: Inbox) -> dict[str, FailureKind]:
    return {problem.name: problem.kind for problem in inbox.problems}


def only(inbox: Inbox) -> Recording:
    assert problems(inbox) == {}
    (recording,) = inbox.recordings
    return recording


def test_an_empty_folder_is_an_empty_inbox(tmp_path: Path) -> None:
    assert discover(tmp_path) == Inbox((), ())


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a folder"):
        discover(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="cannot be opened"):
        discover("nosuchprotocol://x")


def test_a_sidecar_gives_all_fields_and_unknown_ones_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "a.json").write_text(
        sidecar(direction="Inbound", agent_channel=1, registered_topic="passport", duration_ms=61000, vendor={"x": [1]})
    )
    recording = only(discover(tmp_path))
    assert recording.name == "a.wav"
    assert recording.size_bytes == 5
    assert recording.metadata == RecordingMetadata(
        "R-1", STARTED_UTC, "burgerzaken", Direction.INBOUND, 1, "passport", 61000
    )
    assert read_bytes(recording) == b"sound"


@pytest.mark.parametrize("name", ["gesprek met spatie.wav", "opname één — ñ.opus", "a::b #1 %20?.mp3", "x.tar.wav"])
def test_any_name_is_found_and_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"1")
    (tmp_path / f"{name.rpartition('.')[0]}.json").write_text(sidecar())
    recording = only(discover(tmp_path))
    assert recording.name == name
    assert read_bytes(recording) == b"1"


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_an_accent_matches_however_it_is_written(tmp_path: Path, forms: tuple[str, str]) -> None:
    (tmp_path / unicodedata.normalize(forms[0], "café één.wav")).write_bytes(b"1")  # type: ignore[arg-type]
    (tmp_path / unicodedata.normalize(forms[1], "café één.json")).write_text(sidecar())  # type: ignore[arg-type]
    recording = only(discover(tmp_path))
    assert recording.name == unicodedata.normalize("NFC", "café één.wav")
    assert read_bytes(recording) == b"1"


def test_a_name_matches_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "CALL1.WAV").write_bytes(b"1")
    (tmp_path / "call1.json").write_text(sidecar())
    assert only(discover(tmp_path)).name == "CALL1.WAV"


def test_a_sidecar_may_carry_the_full_name(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"1")
    (tmp_path / "a.wav.json").write_text(sidecar())
    only(discover(tmp_path))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{", FailureKind.METADATA_INVALID),
        ("[]", FailureKind.METADATA_INVALID),
        ("[" * 100_000, FailureKind.METADATA_INVALID),
        ("", FailureKind.METADATA_INVALID),
        (sidecar(recording_id=""), FailureKind.METADATA_INVALID),
        (sidecar(started_at="yesterday"), FailureKind.METADATA_INVALID),
        (sidecar(started_at="2026-09-01"), FailureKind.METADATA_INVALID),
        (sidecar(started_at="2026-09-01T09:12:33"), FailureKind.METADATA_INVALID),
        (sidecar(started_at="0001-01-01T00:00:00+02:00"), FailureKind.METADATA_INVALID),
        (sidecar(started_at="2026-10-25T02:30:00"), FailureKind.AMBIGUOUS_TIME),
        (sidecar(agent_channel=2), FailureKind.METADATA_INVALID),
        (sidecar(agent_channel=True), FailureKind.METADATA_INVALID),
        (sidecar(direction="sideways"), FailureKind.METADATA_INVALID),
        (sidecar(duration_ms=-1), FailureKind.METADATA_INVALID),
        (sidecar(queue=["x"]), FailureKind.METADATA_INVALID),
    ],
)
def test_an_unusable_sidecar_is_named(tmp_path: Path, text: str, kind: FailureKind) -> None:
    (tmp_path / "a.wav").write_bytes(b"1")
    (tmp_path / "a.json").write_text(text)
    inbox = discover(tmp_path)
    assert inbox.recordings == ()
    assert problems(inbox) == {"a.wav": kind}


def test_what_has_no_partner_is_named_both_ways(tmp_path: Path) -> None:
    (tmp_path / "lonely.wav").write_bytes(b"1")
    (tmp_path / "gone.json").write_text(sidecar())
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "other.json").write_text('{"turns": []}')  # some other program's file
    (tmp_path / "leesmij.txt").write_text("hallo")
    inbox = discover(tmp_path)
    assert problems(inbox) == {
        "lonely.wav": FailureKind.METADATA_MISSING,
        "gone.json": FailureKind.RECORDING_MISSING,
        "broken.json": FailureKind.METADATA_INVALID,
    }
    assert inbox.ignored == 2


HEADER = "recording,recording_id,started_at,queue,direction,agent_channel,registered_topic"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_delivery_reads_as_any_program_writes_it(tmp_path: Path, delimiter: str, encoding: str, newline: str) -> None:
    lines = [
        HEADER,
        "één.wav,R-1,2026-09-01T09:12:33+02:00,burgerzaken,inbound,0,passport",
        "b.wav,R-2,2026-09-01 09:12:33,,,,",
        "",
        "c.wav,R-3,1-9-2026 9:12,afval",
    ]
    (tmp_path / "levering.csv").write_bytes(newline.join(lines).replace(",", delimiter).encode(encoding))
    for name in ("één.wav", "b.wav", "c.wav"):
        (tmp_path / name).write_bytes(b"1")
    inbox = discover(tmp_path)
    assert problems(inbox) == {}
    found = {recording.name: recording.metadata for recording in inbox.recordings}
    assert found == {
        "één.wav": RecordingMetadata("R-1", STARTED_UTC, "burgerzaken", Direction.INBOUND, 0, "passport"),
        "b.wav": RecordingMetadata("R-2", STARTED_UTC),
        "c.wav": RecordingMetadata("R-3", datetime(2026, 9, 1, 7, 12, tzinfo=UTC), "afval"),
    }


def test_a_delivery_names_its_own_troubles(tmp_path: Path) -> None:
    rows = [
        HEADER,
        f"gone.wav,R-1,{STARTED},,,,",
        "bad.wav,R-2,not a time at all,,,,",
        f",R-3,{STARTED},,,,",
        "autumn.wav,R-4,2026-10-25 02:30:00,,,,",
        "spring.wav,R-5,2026-03-29 02:30:00,,,,",
        "offset.wav,R-6,2026-10-25T02:30:00+01:00,,,,",
        f"twice.wav,R-7,{STARTED},,,,",
        f"twice.wav,R-8,{STARTED},,,,",
        f"same.wav,R-9,{STARTED},,,,",
        f"same.wav,R-9,{STARTED},,,,",
    ]
    (tmp_path / "levering.csv").write_text("\n".join(rows))
    (tmp_path / "other.csv").write_text("naam;bedrag\nx;1\n")
    for name in ("bad", "autumn", "spring", "offset", "twice", "same", "unlisted"):
        (tmp_path / f"{name}.wav").write_bytes(b"1")
    inbox = discover(tmp_path)
    assert [recording.name for recording in inbox.recordings] == ["offset.wav", "same.wav"]
    assert inbox.recordings[0].metadata.started_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert problems(inbox) == {
        "gone.wav": FailureKind.RECORDING_MISSING,
        "bad.wav": FailureKind.METADATA_INVALID,
        "levering.csv, line 4": FailureKind.METADATA_INVALID,
        "autumn.wav": FailureKind.AMBIGUOUS_TIME,
        "spring.wav": FailureKind.METADATA_INVALID,
        "twice.wav": FailureKind.METADATA_INVALID,
        "other.csv": FailureKind.METADATA_INVALID,
        "unlisted.wav": FailureKind.METADATA_MISSING,
    }


def test_a_delivery_in_a_folder_speaks_of_its_folder(tmp_path: Path) -> None:
    for day in ("1", "2"):
        (tmp_path / day / "sub").mkdir(parents=True)
        (tmp_path / day / "a.wav").write_bytes(b"1")
        (tmp_path / day / "sub" / "b.wav").write_bytes(b"1")
        rows = [HEADER, f"D:\\opnames\\a.wav,A{day},{STARTED},,,,", f"sub\\b.wav,B{day},{STARTED},,,,"]
        (tmp_path / day / "levering.csv").write_text("\n".join(rows))
    inbox = discover(tmp_path)
    assert problems(inbox) == {}
    assert {r.name: r.metadata.recording_id for r in inbox.recordings} == {
        "1/a.wav": "A1",
        "1/sub/b.wav": "B1",
        "2/a.wav": "A2",
        "2/sub/b.wav": "B2",
    }


def test_a_sidecar_goes_before_a_delivery(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"1")
    (tmp_path / "a.json").write_text(sidecar(recording_id="S"))
    (tmp_path / "levering.csv").write_text(f"{HEADER}\na.wav,C,{STARTED},,,,\n")
    assert only(discover(tmp_path)).metadata.recording_id == "S"
    assert only(discover(tmp_path, InboxSettings(metadata="csv"))).metadata.recording_id == "C"


PATTERN = r"(?P<queue>\w+?)_(?P<started_at>\d{8}T\d{6})_(?P<recording_id>.+)"


def test_a_name_pattern_reads_names(tmp_path: Path) -> None:
    for name in ("afval_20260901T091233_77.wav", "afval_20261025T023000_78.wav", "iets anders.wav"):
        (tmp_path / name).write_bytes(b"1")
    inbox = discover(tmp_path, InboxSettings(name_pattern=PATTERN))
    assert [r.metadata for r in inbox.recordings] == [RecordingMetadata("77", STARTED_UTC, "afval")]
    assert problems(inbox) == {
        "afval_20261025T023000_78.wav": FailureKind.AMBIGUOUS_TIME,
        "iets anders.wav": FailureKind.METADATA_MISSING,
    }


@pytest.mark.parametrize("text", ["20260901091233", "20260901_091233", "2026-09-01_09-12-33", "20260901T071233Z"])
def test_a_name_pattern_knows_the_usual_spellings(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{text}.wav").write_bytes(b"1")
    settings = InboxSettings(metadata="name", name_pattern="(?P<started_at>.+)")
    recording = only(discover(tmp_path, settings))
    assert recording.metadata == RecordingMetadata(text, STARTED_UTC)


def test_a_time_with_a_digit_missing_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "2026090191233.wav").write_bytes(b"1")
    settings = InboxSettings(metadata="name", name_pattern="(?P<started_at>.+)")
    assert problems(discover(tmp_path, settings)) == {"2026090191233.wav": FailureKind.METADATA_INVALID}


def test_hidden_files_and_lock_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    for name in (".a.wav", "._b.wav", ".cache/c.wav", "~$levering.csv"):
        (tmp_path / name).write_bytes(b"1")
    assert discover(tmp_path) == Inbox((), ())


def test_a_recording_still_being_written_waits_with_its_metadata(tmp_path: Path) -> None:
    (tmp_path / "a.wav.part").write_bytes(b"1")
    (tmp_path / "a.json").write_text(sidecar())
    (tmp_path / "b.wav").write_bytes(b"1")
    (tmp_path / "b.json.filepart").write_text("{")
    (tmp_path / "c.wav.tmp").write_bytes(b"1")
    (tmp_path / "levering.csv").write_text(f"{HEADER}\nc.wav,C,{STARTED},,,,\n")
    inbox = discover(tmp_path)
    assert inbox.recordings == ()
    assert problems(inbox) == {}
    assert inbox.waiting >= 3


def test_young_files_settle_first(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for name, age_s in (("old.wav", 600), ("young.wav", 10)):
        (tmp_path / name).write_bytes(b"1")
        (tmp_path / name).with_suffix(".json").write_text(sidecar())
        for path in (tmp_path / name, (tmp_path / name).with_suffix(".json")):
            moment = (now - timedelta(seconds=age_s)).timestamp()
            os.utime(path, (moment, moment))
    inbox = discover(tmp_path, InboxSettings(settle_seconds=60), now=now)
    assert only(inbox).name == "old.wav"
    assert inbox.waiting == 2
    assert len(discover(tmp_path, InboxSettings(settle_seconds=60), now=now + timedelta(hours=1)).recordings) == 2


def test_folders_below_count_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "a.wav").write_bytes(b"1")
    (tmp_path / "day" / "a.json").write_text(sidecar())
    assert only(discover(tmp_path)).name == "day/a.wav"
    assert discover(tmp_path, InboxSettings(recursive=False)) == Inbox((), ())


def test_another_store_reads_alike() -> None:
    store = fsspec.filesystem("memory")
    store.pipe("/night/map één/gesprek 1.wav", b"sound")
    store.pipe("/night/map één/gesprek 1.json", sidecar().encode())
    try:
        recording = only(discover("memory://night"))
        assert recording.name == "map één/gesprek 1.wav"
        assert read_bytes(recording) == b"sound"
        assert discover("memory://night", InboxSettings(settle_seconds=3600)).recordings == ()
        store.rm("/night", recursive=True)
        with pytest.raises(RecordingError) as caught:
            read_bytes(recording)
        assert caught.value.kind is FailureKind.RECORDING_MISSING
        assert caught.value.retryable
    finally:
        store.store.clear()


def test_a_file_address_reads_alike(tmp_path: Path) -> None:
    (tmp_path / "a b.wav").write_bytes(b"1")
    (tmp_path / "a b.json").write_text(sidecar())
    assert only(discover(f"file://{tmp_path}")) == only(discover(tmp_path))


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"1")
    (tmp_path / "a.json").write_text(sidecar())
    first, again = only(discover(tmp_path)).fingerprint, only(discover(tmp_path)).fingerprint
    (tmp_path / "a.wav").write_bytes(b"22")
    assert first == again
    assert only(discover(tmp_path)).fingerprint != first


def test_no_name_is_in_a_repr(tmp_path: Path) -> None:
    (tmp_path / "mevrouw Jansen.wav").write_bytes(b"1")
    (tmp_path / "mevrouw Jansen.json").write_text(sidecar(recording_id="Jansen-1"))
    (tmp_path / "Jansen alleen.wav").write_bytes(b"1")
    inbox = discover(tmp_path)
    assert len(inbox.recordings) == len(inbox.problems) == 1
    assert "Jansen" not in repr(inbox)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"metadata": "guess"}, "metadata must be one of"),
        ({"settle_seconds": -1}, "settle_seconds"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"name_pattern": "("}, "regular expression"),
        ({"name_pattern": "(?P<queue>x)"}, "started_at"),
        ({"metadata": "name"}, "needs a name_pattern"),
    ],
)
def test_settings_refuse_nonsense(options: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        InboxSettings(**options)
