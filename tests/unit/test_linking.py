"""Linking calls of one caller: off unless asked for, keyed, and gone with its key. The people here are invented."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import pytest

from callinsight import assembly, bundle, care, discovery, linking, retention, run, settings, traces
from callinsight.core.callers import caller_ref_of, normalised
from callinsight.core.values import Call, CallResult, Measures, Outcome, Provenance, Recognition, Tags
from callinsight.errors import SettingsError
from callinsight.ledger import open_ledger
from callinsight.linking import Keyring, Period
from callinsight.settings import Settings
from callinsight.store.database import open_reader
from callinsight.store.rebuild import content_digest
from callinsight.store.rows import wall_clock
from callinsight.worker import EngineClock, Job
from support.calls import ROOT
from support.opened import holding, opened

NUMBER, SAME, ANOTHER = "0612345678", "+31 (0)6 - 1234 5678", "06 87 65 43 21"
TODAY = date(2026, 11, 25)
NOW = datetime.combine(TODAY, time(5), tzinfo=UTC)


def chosen_for(folder: Path, *, on: bool = True, rotation_days: int = 30, **terms: int) -> Settings:
    return settings.load(
        overrides={
            "work": {"folder": str(folder / "work")},
            "inbox": {"address": str(folder / "inbox")},
            "publish": {"k": 1, "files": ["parquet", "csv", "xlsx"], "include_quotes": True},
            "linking": {"enabled": on, "rotation_days": rotation_days},
            "retention": terms,
        }
    )


def linker(folder: Path, today: date = TODAY, rotation_days: int = 30, transcripts_days: int = 30) -> linking.Linker:
    chosen = chosen_for(folder, rotation_days=rotation_days, transcripts_days=transcripts_days)
    return linking.Linker(chosen, today)


def moment(day: date) -> datetime:
    return datetime.combine(day, time(9), tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["06-12345678", "06 12 34 56 78", "(06) 12345678", "+31 6 12345678", "0031612345678", "+31(0)612345678",
     "31612345678", "06.1234.5678", "06/12345678", "tel:+31612345678", "sip:+31612345678@pbx.invalid;user=phone",
     '"Balie" <sip:0612345678@pbx.invalid>', " 06\u201112345678\n", "０６１２３４５６７８"],
)  # fmt: skip
def test_a_number_is_the_same_however_it_is_written(written: str) -> None:
    assert normalised(written) == normalised(NUMBER) == "+31612345678"


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("0318-123456", "+31318123456"),
        ("0049 170 1234567", "+491701234567"),
        ("+32 470 12 34 56", "+32470123456"),
        ("4917012345678", "+4917012345678"),
        (" Klant-77A ", "klant-77a"),
        ("klant-77a", "klant-77a"),
        ("612345678", "612345678"),  # nine figures: anybody's customer number
        ("12345", "12345"),
    ],
)
def test_other_numbers_and_references_are_themselves(written: str, known: str) -> None:
    assert normalised(written) == known


@pytest.mark.parametrize(
    "withheld",
    ["", "  ", "0", "000", "-", "+", "?", "anoniem", "Anonymous", "UNKNOWN", "private", "onbekend", "Privé",
     "afgeschermd", "sip:anonymous@anonymous.invalid", "anonymous@anonymous.invalid", "tel:"],
)  # fmt: skip
def test_a_withheld_number_names_nobody(withheld: str, tmp_path: Path) -> None:
    assert normalised(withheld) is None
    assert linker(tmp_path).ref_of(withheld, NOW) is None
    assert not (tmp_path / "work" / "linking_keys.json").exists()


def test_the_reference_is_that_of_its_key() -> None:
    one, other = b"k" * 32, b"l" * 32
    assert caller_ref_of("+31612345678", one) == "bwbvcaaxht6tpnvv5bqnrgwfr7a"
    assert caller_ref_of("+31612345678", other) != caller_ref_of("+31612345678", one)
    assert caller_ref_of("+31687654321", one) != caller_ref_of("+31612345678", one)
    with pytest.raises(ValueError, match="32 bytes"):
        caller_ref_of("+31612345678", b"short")


def test_a_reference_lasts_as_long_as_its_period(tmp_path: Path) -> None:
    made = linker(tmp_path)
    first = made.ref_of(NUMBER, moment(TODAY))
    (period,) = linking.read_keys(tmp_path / "work" / "linking_keys.json").periods
    assert (period.end_day - period.first_day).days == 30
    assert period.first_day <= TODAY < period.end_day
    days = [period.first_day + timedelta(days=n) for n in range(30)]
    assert {made.ref_of(SAME, moment(day)) for day in days} == {first}
    after, before = moment(period.end_day), moment(period.first_day - timedelta(days=1))
    assert len({first, made.ref_of(NUMBER, after), made.ref_of(NUMBER, before)} - {None}) == 3
    assert made.ref_of(ANOTHER, moment(TODAY)) not in (None, first)
    assert linker(tmp_path).ref_of(SAME, moment(TODAY)) == first  # another night
    assert linker(tmp_path / "elsewhere").ref_of(NUMBER, moment(TODAY)) not in (None, first)


def test_the_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = linker(tmp_path)
    made.ref_of(NUMBER, NOW)
    path = tmp_path / "work" / "linking_keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    (period,) = linking.read_keys(path).periods
    assert len(bytes.fromhex(period.key)) == 32
    assert period.key not in repr(linking.read_keys(path))
    assert b"612345678" not in bundle.read_sealed(path)


def test_a_day_is_that_of_the_clock_in_the_netherlands(tmp_path: Path) -> None:
    made = linker(tmp_path, rotation_days=1)
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # half past midnight on the 25th
    assert wall_clock(late).date() == TODAY
    assert made.ref_of(NUMBER, late) == made.ref_of(NUMBER, moment(TODAY))


def test_the_municipality_itself_is_no_caller(tmp_path: Path) -> None:
    own = chosen_for(tmp_path).model_copy(update={"privacy": settings.Privacy(public_numbers=("0318 123456",))})
    assert linking.Linker(own, TODAY).ref_of("+31318123456", NOW) is None


def test_keys_go_after_their_term_and_never_come_back(tmp_path: Path) -> None:
    old, path = TODAY - timedelta(days=70), tmp_path / "work" / "linking_keys.json"
    ref = linker(tmp_path, today=old).ref_of(NUMBER, moment(old))
    assert ref is not None
    (period,) = linking.read_keys(path).periods
    last = period.erased_on(30)
    assert last == period.end_day + timedelta(days=30)
    assert linking.erase_keys(path, last - timedelta(days=1), 30) == 0
    assert linker(tmp_path, today=last).ref_of(NUMBER, moment(old)) == ref
    assert linking.erase_keys(path, last, 30) == 1
    assert bytes.fromhex(period.key) not in bundle.read_sealed(path)
    assert period.key.encode() not in bundle.read_sealed(path)
    for term in (30, 400):  # a longer term later does not bring the period back
        assert linker(tmp_path, today=last, transcripts_days=term).ref_of(NUMBER, moment(old)) is None
    assert linker(tmp_path, today=last).ref_of(NUMBER, moment(last)) is not None
    assert linking.erase_keys(path, last, 30) == 0


def test_a_call_that_is_delivered_too_late_gets_no_key(tmp_path: Path) -> None:
    assert linker(tmp_path).ref_of(NUMBER, moment(TODAY - timedelta(days=400))) is None
    assert not (tmp_path / "work" / "linking_keys.json").exists()


@pytest.mark.parametrize("later", [1, 7, 45, 366])
def test_another_rotation_breaks_no_period(tmp_path: Path, later: int) -> None:
    days = [TODAY - timedelta(days=number) for number in range(40)]
    before = {day: linker(tmp_path).ref_of(NUMBER, moment(day)) for day in days}
    again = linker(tmp_path, rotation_days=later)
    assert {day: again.ref_of(NUMBER, moment(day)) for day in days} == before
    coming = [TODAY + timedelta(days=number) for number in range(1, 800)]
    assert None not in {again.ref_of(NUMBER, moment(day)) for day in coming}
    periods = linking.read_keys(tmp_path / "work" / "linking_keys.json").periods
    assert all(one.end_day <= other.first_day for one, other in pairwise(periods))
    lengths = [(one.end_day - one.first_day).days for one in periods if one.first_day > TODAY]
    assert max(lengths) == later  # from tomorrow on no key lasts longer than it may
    assert all((one.end_day - TODAY).days <= max(later, 1) for one in periods if one.first_day <= TODAY)


def test_a_damaged_file_says_what_to_do_and_tells_nothing(tmp_path: Path) -> None:
    made = linker(tmp_path)
    made.ref_of(NUMBER, NOW)
    path = tmp_path / "work" / "linking_keys.json"
    (period,) = linking.read_keys(path).periods
    for text in (
        bundle.read_sealed(path).decode()[:-9],
        bundle.read_sealed(path).decode().replace(period.key, period.key[:-2]),
    ):
        path.write_text(text)
        with pytest.raises(SettingsError, match="is damaged: delete it") as told:
            linker(tmp_path)
        assert period.key[:20] not in str(told.value)


def test_periods_do_not_overlap() -> None:
    key = "ab" * 32
    one, other = Period(date(2026, 1, 1), date(2026, 1, 31), key), Period(date(2026, 1, 30), date(2026, 2, 3), key)
    with pytest.raises(ValueError, match="without overlap"):
        Keyring((one, other))
    with pytest.raises(ValueError, match="after what is erased"):
        Keyring((one,), date(2026, 1, 2))
    with pytest.raises(ValueError, match="at least one day"):
        Period(date(2026, 1, 1), date(2026, 1, 1), key)


def test_processes_make_one_key_between_them(tmp_path: Path) -> None:
    """All of them looked before there was a key."""
    linkers = [linker(tmp_path) for _ in range(24)]
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        refs = {done.result() for done in [pool.submit(one.ref_of, NUMBER, NOW) for one in linkers]}
    assert len(refs) == 1
    assert None not in refs
    assert len(linking.read_keys(tmp_path / "work" / "linking_keys.json").periods) == 1


def test_one_that_comes_second_takes_the_key_of_the_first(tmp_path: Path) -> None:
    """Both looked before either had made a key."""
    first, second = linker(tmp_path), linker(tmp_path)
    assert first.ref_of(NUMBER, NOW) == second.ref_of(NUMBER, NOW) is not None


# A night without listening, from the inbox to the published copy.


class Mute:
    """Gives every call an empty result, with what its job says of the caller."""

    def __init__(self) -> None:
        self.clock = EngineClock()
        self.jobs: list[Job] = []

    def process(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, CallResult]]:
        self.jobs += jobs
        for job in jobs:
            call = Call(job.call_id, job.started_at, caller_ref=job.caller_ref)
            tags, made = Tags((), Outcome("unknown", 1.0)), Provenance("0", "0", (), "0")
            yield job, CallResult(call, job.recording_ref, (), tags, Measures(1_000), Recognition(), (), made)


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> Mute:
    monkeypatch.chdir(ROOT)
    worker = Mute()
    monkeypatch.setattr(assembly, "shared_worker", lambda _: worker)
    return worker


def deliver(folder: Path, name: str, caller: object, days_ago: int = 0) -> None:
    path = folder / "inbox" / f"{name}.wav"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(name.encode())
    started = (datetime.now(UTC) - timedelta(days=days_ago, minutes=5)).isoformat()
    told = {"recording_id": name, "started_at": started, "caller": caller}
    path.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")


def night(chosen: Settings) -> dict[str, str | None]:
    """A night without Prefect; the reference of the caller of every call, by the name of its recording."""
    plan = run.discover(chosen)
    planned = bundle.read_sealed(discovery.plan_path(chosen, plan.run_id))
    assert not any(spelling in planned for spelling in spellings())
    assert discovery.read_plan(chosen, plan.run_id) == plan
    assert not any(spelling.decode() in repr(plan) for spelling in spellings())
    run.process(chosen, plan.run_id, [call.call_id for call in plan.calls])
    run.catch_up(chosen)
    run.publish(chosen)
    run.close(chosen, plan.run_id)
    results = {call.recording.name: result(chosen, call.call_id).call.caller_ref for call in plan.calls}
    return {name.removesuffix(".wav"): ref for name, ref in results.items()}


def result(chosen: Settings, call_id: str) -> CallResult:
    return bundle.read_result(bundle.result_path(chosen.work.results, call_id))


def spellings() -> tuple[bytes, ...]:
    return b"612345678", b"1234 5678", b"87 65 43 21", b"687654321", b"klant-77"


def test_a_night_links_callers_and_writes_no_number(tmp_path: Path, mute: Mute) -> None:
    chosen = chosen_for(tmp_path)
    for name, caller in (("a", NUMBER), ("b", SAME), ("c", ANOTHER), ("d", "anoniem"), ("e", ""), ("f", "Klant-77")):
        deliver(tmp_path, name, caller)
    refs = night(chosen)
    assert refs["a"] == refs["b"] is not None
    assert len({refs["a"], refs["c"], refs["f"], None}) == 4
    assert (refs["d"], refs["e"]) == (None, None)
    assert {job.caller_ref for job in mute.jobs} == set(refs.values())
    with open_reader(chosen.work.database) as connection:
        held = connection.execute("SELECT caller_ref FROM calls").fetchall()
        linked = connection.execute("SELECT count(*) FROM repeat_calls").fetchall()
        assert sorted(str(one) for (one,) in held) == sorted(map(str, refs.values()))
        assert linked == [(1,)]
        before = content_digest(connection)
    run.rebuild(chosen)
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == before
    for place, data in opened(tmp_path / "work"):
        assert not any(spelling in data for spelling in spellings()), place
    assert traces.scan(chosen, [one.decode() for one in spellings()]).clean
    found = traces.scan(chosen, [ref for ref in refs.values() if ref])
    assert found.unread == ()
    # not in what is published, in no page, in no list, and not in the ledger
    assert {one.place.partition("/")[0] for one in found.traces} == {"results", "callinsight.duckdb"}


def test_a_night_without_linking_reads_no_caller_at_all(tmp_path: Path, mute: Mute) -> None:
    off = chosen_for(tmp_path, on=False)
    assert settings.load().linking.enabled is False
    for name, caller in (("a", NUMBER), ("b", NUMBER), ("c", {"not": ["even", "text"]}), ("d", True)):
        deliver(tmp_path, name, caller)
    assert set(night(off).values()) == {None}
    for place, data in opened(tmp_path / "work"):
        assert not any(spelling in data for spelling in spellings()), place
        assert not place.startswith("linking_keys")
    with pytest.raises(SettingsError, match=r"linking\.enabled is false"):
        linking.refs_of(off, NUMBER)


def test_switching_it_on_touches_no_call_that_is_done(tmp_path: Path, mute: Mute) -> None:
    """The number has no part in the fingerprint, which stands in the ledger: without a key it could be tried out."""
    deliver(tmp_path, "a", NUMBER)
    night(chosen_for(tmp_path, on=False))
    with open_ledger(chosen_for(tmp_path).work.ledger) as ledger:
        before = ledger.seen()
    deliver(tmp_path, "b", NUMBER)
    assert list(night(chosen_for(tmp_path))) == ["b"]
    sidecar = tmp_path / "inbox" / "b.json"
    sidecar.write_text(sidecar.read_text().replace(NUMBER, ANOTHER))
    assert night(chosen_for(tmp_path)) == {}
    with open_ledger(chosen_for(tmp_path).work.ledger) as ledger:
        assert {name: seen.fingerprint for name, seen in ledger.seen().items() if name in before} == {
            name: seen.fingerprint for name, seen in before.items()
        }


def test_a_caller_that_is_no_text_sets_the_recording_aside(tmp_path: Path, mute: Mute) -> None:
    deliver(tmp_path, "a", ["06", "12345678"])
    plan = run.discover(chosen_for(tmp_path))
    assert (plan.calls, len(plan.failures)) == ((), 1)


@pytest.mark.parametrize("encrypted", ["true", "false"])
def test_links_and_keys_go_after_their_term(
    tmp_path: Path, mute: Mute, monkeypatch: pytest.MonkeyPatch, encrypted: str
) -> None:
    """A key that ended longer ago than transcripts are kept goes, and so do the references in results and database.

    Freed blocks of the database can only be searched when it is plain.
    """
    monkeypatch.setenv("CALLINSIGHT_ENCRYPTION__ENABLED", encrypted)
    chosen = chosen_for(tmp_path, rotation_days=10)
    for name, days_ago in (("old", 25), ("old-too", 25), ("new", 0)):
        deliver(tmp_path, name, NUMBER, days_ago)
    refs = night(chosen)
    assert refs["old"] == refs["old-too"] is not None
    assert refs["new"] not in (None, refs["old"])
    now = datetime.now(UTC)
    path = chosen.work.linking_keys
    first = min(linking.read_keys(path).periods, key=lambda one: one.first_day)
    before_end = moment(first.erased_on(30) - timedelta(days=1))
    assert "Koppelingen met de beller" not in {one.label for one in retention.sweep(chosen, before_end) if one.removed}
    after = moment(first.erased_on(30))
    told = retention.sweep(chosen, after, dry_run=True)
    assert first.key.encode() in bundle.read_sealed(path)
    swept = retention.sweep(chosen_for(tmp_path, on=False, rotation_days=10), after)  # also when it was switched off
    assert swept == told
    gone = {one.label: one.removed for one in swept if one.removed}
    assert (gone["Koppelingen met de beller"], gone["Sleutels van koppelingen"]) == (2, 1)
    assert first.key.encode() not in bundle.read_sealed(path)
    ids = list(bundle.result_ids(chosen.work.results))
    assert sorted(str(result(chosen, one).call.caller_ref) for one in ids) == sorted(["None", "None", str(refs["new"])])
    assert traces.scan(chosen, [str(refs["old"])]).clean
    assert holding(chosen.work.folder, str(refs["old"])) == []
    assert not [one for one in retention.sweep(chosen, after) if one.removed]
    with open_reader(chosen.work.database) as connection:
        ended = content_digest(connection)
    run.rebuild(chosen)
    with open_reader(chosen.work.database) as connection:
        assert content_digest(connection) == ended
    assert now < after  # nothing here waited


def test_stopped_between_key_and_links_the_next_sweep_goes_on(
    tmp_path: Path, mute: Mute, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = chosen_for(tmp_path)
    deliver(tmp_path, "a", NUMBER)
    ref = str(night(chosen)["a"])
    after = datetime.now(UTC) + timedelta(days=70)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bundle, "write_result", killed)
        with pytest.raises(KeyboardInterrupt):
            retention.sweep(chosen, after)
    assert linking.read_keys(chosen.work.linking_keys).periods == ()
    assert not traces.scan(chosen, [ref]).clean
    retention.sweep(chosen, after)
    assert traces.scan(chosen, [ref]).clean


def test_links_whose_keys_are_lost_go_at_the_next_sweep(tmp_path: Path, mute: Mute) -> None:
    chosen = chosen_for(tmp_path)
    deliver(tmp_path, "a", NUMBER)
    ref = str(night(chosen)["a"])
    chosen.work.linking_keys.unlink()
    retention.sweep(chosen, datetime.now(UTC))
    assert traces.scan(chosen, [ref]).clean


def test_doctor_says_whether_calls_are_linked(tmp_path: Path, mute: Mute) -> None:
    def found(chosen: Settings) -> care.Check:
        return next(one for one in care.examine(chosen) if one.subject == "linking")

    on, off = chosen_for(tmp_path), chosen_for(tmp_path, on=False)
    assert found(off) == care.Check("linking", True, "ok: off, calls of one caller are not linked")
    assert found(on).finding == "ok: on, calls of one caller are linked"
    deliver(tmp_path, "a", NUMBER)
    night(on)
    (period,) = linking.read_keys(on.work.linking_keys).periods
    until = f"the last is kept until {period.end_day + timedelta(days=30):%d-%m-%Y}"
    assert found(on).finding.endswith(until)
    assert found(off).finding == f"ok: off, calls of one caller are not linked; 1 key of earlier calls, {until}"
    assert period.key not in found(on).finding
    on.work.linking_keys.chmod(0o644)
    assert (found(on).well, found(on).finding) == (False, "others can read linking_keys.json: chmod 600 it")
    on.work.linking_keys.chmod(0o600)
    on.work.linking_keys.write_text("{")
    assert found(on).well is False


def test_a_caller_is_read_from_a_delivery_and_from_a_name(tmp_path: Path, mute: Mute) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    started = datetime.now(UTC)
    name = f"c_{started:%Y%m%dT%H%M%S}_0612345678.wav".replace("T", "-")
    for one in ("a.wav", "b.wav", name):
        (inbox / one).write_bytes(one.encode())
    told = started.isoformat()
    (inbox / "delivery.csv").write_text(
        f"recording;recording_id;started_at;caller\na.wav;1;{told};{SAME}\nb.wav;2;{told};anoniem\n"
    )
    chosen = chosen_for(tmp_path)
    pattern = r"c_(?P<started_at>\d{8}-\d{6})_(?P<caller>\d+)"
    named = chosen.inbox.model_copy(update={"file_name_pattern": pattern, "time_zone": "UTC"})
    plan = run.discover(chosen.model_copy(update={"inbox": named}))
    refs = {call.recording.name: call.caller_ref for call in plan.calls}
    assert refs["a.wav"] == refs[name] is not None
    assert refs["b.wav"] is None
