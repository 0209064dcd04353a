"""The improvement meeting's pack: what the week holds, in one accessible file that loads nothing."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from callinsight import bundle, care, cli, copies, meeting, review_copy, run, settings
from callinsight.audio_opus import decode_opus
from callinsight.core.audibility import audible
from callinsight.core.improvement import ActionKind
from callinsight.core.passages import passages
from callinsight.core.values import CopyState, Severity, Span
from callinsight.errors import StoreError
from callinsight.review import charts, pack, sounds
from callinsight.settings import Settings
from callinsight.store.pack import gather
from support.calls import ROOT
from support.results import FIRST_MONDAY, spoken_call, story
from support.sound import material

LAST = FIRST_MONDAY + timedelta(weeks=12)
PAGE = meeting.Plan(
    "Pagina <b>parkeren</b> hersteld",
    ActionKind.PAGE,
    "webteam",
    FIRST_MONDAY + timedelta(weeks=8),
    ("parking-permit/website-problem",),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, str]]:
    """The pack of the story's last week, with four calls that carry signals."""
    folder = tmp_path_factory.mktemp("pack")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        chosen = settings.load(
            overrides={
                "work": {"folder": str(folder / "work")},
                "publish": {"k": 4, "files": ["csv"], "running_periods": True},
            }
        )
        flagged = [
            ("flag-urgent", (("child-safety", Severity.SAME_DAY),), "ik maak mij zorgen om een kind <NAAM>"),
            (
                "flag-review",
                (("multi-problem", Severity.REVIEW),),
                "schulden <script>alert(1)</script> en stress",
            ),
            ("flag-info", (("compliment", Severity.INFO),), "wat fijn geholpen"),
            ("flag-promise", (("promise-made", Severity.INFO),), "u zou mij nog bellen"),
        ]
        extra = [spoken_call(one, LAST, "passport", "cost", said=said, flags=flags) for one, flags, said in flagged]
        states = {"flag-urgent": CopyState.MADE, "flag-review": CopyState.REFUSED, "flag-promise": CopyState.MADE}
        for result in [*story(), *extra]:
            state = states.get(result.call.call_id, CopyState.OFF)
            bundle.write_result(chosen.work.results, replace(result, review_copy=state))
            if result.call.call_id == "flag-urgent":
                copy = review_copy.make(material(result))
                assert copy.safe
                copies.write_copy(chosen.work.review_copies, "flag-urgent", copy.data)
        meeting.add_action(chosen, PAGE)
        run.rebuild(chosen)
        run.publish(chosen)
        done = pack.make(chosen)
        assert done.path is not None
        assert (done.iso_week, done.flagged) == ("2026-W48", 2)
        yield chosen, done.path.read_text(encoding="utf-8")


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def _section(page: str, name: str) -> str:
    return page[page.index(f'<section aria-labelledby="{name}">') :].split("</section>")[0]


def test_the_week_is_told(made: tuple[Settings, str]) -> None:
    _, page = made
    text = _text(page)
    assert "De week van maandag 23-11-2026: 64 gesprekken." in text
    assert "Aantallen onder 4 zijn weggelaten." in text
    assert re.search(r"Paspoort\s+Wat kost het\?\s+34", _text(_section(page, "vragen")))
    rising = _text(_section(page, "verandering"))
    assert "stijgt" in rising
    assert "25 gesprekken. Gewoon was geweest:" in rising
    assert re.search(r"Ik begrijp de brief niet\s+tekst\s+25", _text(_section(page, "voorkomen")))


def test_improvements_come_with_their_effect(made: tuple[Settings, str]) -> None:
    _, page = made
    told = _section(page, "verbeteringen")
    assert "Pagina &lt;b&gt;parkeren&lt;/b&gt; hersteld: minder" in told
    assert re.search(r"In 5 weken 25 gesprekken; zonder verbetering waren er 1\d\d te verwachten", told)
    assert "2026-W48: 5." in told
    assert "Verbeteroverleg, week 48 van 2026" in page


def test_what_would_give_hidden_weeks_away_is_not_told(made: tuple[Settings, str]) -> None:
    """Four calls a week about containers hide below five, and those about parking with them."""
    chosen, _ = made
    strict = chosen.model_copy(update={"publish": chosen.publish.model_copy(update={"k": 5})})
    try:
        run.publish(strict)
        path = pack.make(strict).path
        assert path is not None
        page = path.read_text(encoding="utf-8")
    finally:
        run.publish(chosen)
        pack.make(chosen)
    rising = _text(_section(page, "verandering"))
    assert "Container of afvalpas stijgt 25 gesprekken. Wat gewoon was geweest is niet te tonen" in rising
    told = _section(page, "verbeteringen")
    assert "Pagina &lt;b&gt;parkeren&lt;/b&gt; hersteld: niet te tonen" in told
    assert "Niet te tonen: er zijn kleine aantallen bij" in told
    assert "2026-W47: weggelaten, 2026-W48: 5." in told


def test_flagged_calls_come_with_the_turns_around_their_evidence(made: tuple[Settings, str]) -> None:
    _, page = made
    told = _section(page, "signalen")
    assert told.index("flag-urgent") < told.index("flag-review")
    assert "flag-info" not in told
    assert "0:02 Beller" in told
    assert "&lt;NAAM&gt;" in told
    assert "goedemorgen gemeente" in told
    assert "dat zoek ik op" in told
    assert "tot ziens" not in told  # further away than the turns beside the evidence
    assert "flag-review" in _section(page, "casus")  # the urgent one is for somebody at once
    assert "flag-promise" in _section(page, "toezeggingen")


def test_what_callers_say_cannot_become_part_of_the_page(made: tuple[Settings, str]) -> None:
    _, page = made
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


class _Outline(HTMLParser):
    """What a screen reader, or a browser that looks for things to load, would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def test_nothing_is_loaded_from_outside(made: tuple[Settings, str]) -> None:
    outline = _Outline(made[1])
    assert not outline.all("script", "link", "iframe", "object", "video", "source")
    players = outline.all("audio")
    assert players
    assert all((one.get("src") or "").startswith("data:audio/ogg;base64,") for one in players)
    assert all(one.get("preload") == "none" and "autoplay" not in one for one in players)
    sources = [one.get("src") or "" for one in outline.all("img")]
    assert sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert all((one.get("href") or "").startswith("#") for one in outline.all("a"))
    assert "url(" not in made[1]
    assert "default-src 'none'; img-src data:; media-src data:;" in made[1]


def test_the_passage_behind_a_flag_can_be_heard_and_nothing_masked_in_it(made: tuple[Settings, str]) -> None:
    chosen, page = made
    (player,) = _Outline(_section(page, "signalen")).all("audio")
    assert player["aria-label"] == "Luister naar dit fragment, 0:01 tot 0:03, gesprek van 23-11 om 08:00"
    assert "<figcaption>Luister naar dit fragment, 0:01 tot 0:03</figcaption>" in page
    heard = decode_opus(base64.b64decode(str(player["src"]).split(",")[1]))
    call = bundle.read_result(bundle.result_path(chosen.work.results, "flag-urgent"))
    (passage,) = passages([call.turns[1].span])
    assert abs(heard.duration_ms - passage.duration_ms) <= 1
    original = material(call).waveform.cut(passage)
    name = call.turns[1].words[-1].span.shift(-passage.start_ms)
    assert audible(original, heard, (name,)) == ()
    assert audible(original, heard, (Span(name.start_ms - 600, name.start_ms - 300),))


def test_a_call_without_a_copy_says_why(made: tuple[Settings, str]) -> None:
    _, page = made
    assert "niet zeker dat alle persoonsgegevens daarin onhoorbaar zijn" in _text(_section(page, "signalen"))
    assert "er niet meer. Kopieën blijven 30 dagen bewaard" in _text(_section(page, "toezeggingen"))
    assert 'href="#g-flag-review"' in _section(page, "casus")
    assert "klinkt daarin een toon" in _text(page)


def test_sound_that_does_not_fit_is_left_out_and_that_is_told(made: tuple[Settings, str]) -> None:
    chosen, _ = made
    week = gather(chosen.work.database, chosen.work.published_database)
    assert week is not None
    for most, players in ((1 << 20, 1), (1_000, 0)):
        found = sounds.sounds_of(chosen, week.flagged, most)["flag-urgent"]
        assert len(found.players) == players
        assert ("past niet meer" in found.note) is (players == 0)


def test_a_damaged_copy_is_told_and_spoils_nothing(made: tuple[Settings, str], tmp_path: Path) -> None:
    chosen, _ = made
    path = copies.copy_path(chosen.work.review_copies, "flag-urgent")
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:50])
        week = gather(chosen.work.database, chosen.work.published_database)
        assert week is not None
        assert "beschadigd" in sounds.sounds_of(chosen, week.flagged)["flag-urgent"].note
        with pytest.raises(StoreError, match="flag-urgent is damaged"):
            sounds.write_sound(chosen, "flag-urgent", (Span(0, 1_000),), tmp_path / "x.ogg")
    finally:
        path.write_bytes(whole)
    assert not (tmp_path / "x.ogg").exists()


def test_a_passage_can_be_written_to_a_file(
    made: tuple[Settings, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen, _ = made
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(chosen.work.folder))
    file = tmp_path / "fragment.ogg"
    with pytest.raises(SystemExit) as ended:
        cli.main(["review", "show", "flag-urgent", "--sound", str(file)])
    assert not ended.value.code
    told = capsys.readouterr().out
    assert "Fragment geschreven" in told
    assert decode_opus(file.read_bytes()).duration_ms < 5_000
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(SystemExit) as ended:
        cli.main(["review", "show", "flag-review", "--sound", str(tmp_path / "niets.ogg")])
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert "onhoorbaar" in captured.out
    assert "flag-review has no review copy" in captured.err
    assert not (tmp_path / "niets.ogg").exists()


def test_passages_are_whole_turns_with_a_second_around() -> None:
    assert passages(()) == ()
    assert passages([Span(500, 2_000)]) == (Span(0, 3_000),)
    assert passages([Span(60_000, 70_000), Span(2_000, 3_000), Span(6_000, 9_000)]) == (
        Span(1_000, 10_000),
        Span(59_000, 71_000),
    )
    assert passages([Span(10_000, 200_000)]) == (Span(9_000, 69_000),)


def test_the_markup_is_accessible(made: tuple[Settings, str]) -> None:
    outline = _Outline(made[1])
    assert outline.all("html")[0].get("lang") == "nl"
    assert outline.all("title")
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all((one.get("alt") or "").startswith("Gesprekken per week.") for one in outline.all("img"))
    assert all(one.get("scope") in ("col", "row") for one in outline.all("th"))
    assert len(outline.all("caption")) == len(outline.all("table"))
    ids = [one["id"] for _, one in outline.tags if one.get("id")]
    assert len(ids) == len(set(ids))
    named = [one["aria-labelledby"] for _, one in outline.tags if one.get("aria-labelledby")]
    links = [(one.get("href") or "")[1:] for one in outline.all("a")]
    assert set(named) | set(links) <= set(ids)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("waarom-steeg-afval", ("2026-W48", "Container of afvalpas", "Ik begrijp de brief niet", " 25 ")),
        ("hielp-de-brief", ("Pagina <b>parkeren</b> hersteld: minder. In 5 weken 25 gesprekken", "2026-W48")),
    ],
)
def test_the_notebooks_tell_the_same_story(
    made: tuple[Settings, str],
    name: str,
    told: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALLINSIGHT_TRENDS", str(made[0].work.published_database))
    names: dict[str, object] = {}
    for cell in json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    shown = capsys.readouterr().out
    assert [text for text in told if text not in shown] == []


def test_it_prints_on_paper(made: tuple[Settings, str]) -> None:
    assert "@media print" in made[1]
    assert "size: A4" in made[1]


def test_the_file_is_for_its_owner_and_the_same_each_time(made: tuple[Settings, str]) -> None:
    chosen, page = made
    again = pack.make(chosen)
    assert again.path is not None
    assert again.path.read_text(encoding="utf-8") == page
    assert again.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in chosen.work.packs.iterdir()] == ["verbeteroverleg-2026-W48.html"]


def test_an_erased_call_takes_its_pack_along(made: tuple[Settings, str], monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, page = made
    monkeypatch.chdir(ROOT)
    assert "passport-02-03" not in page
    care.forget(chosen, ["passport-02-03"], datetime.now(UTC))
    assert list(chosen.work.packs.iterdir())
    care.forget(chosen, ["flag-review"], datetime.now(UTC))
    assert list(chosen.work.packs.iterdir()) == []
    assert copies.read_copy(chosen.work.review_copies, "flag-urgent")
    care.forget(chosen, ["flag-urgent"], datetime.now(UTC))
    assert not [path for path in chosen.work.review_copies.rglob("*") if path.is_file()]
    again = pack.make(chosen)
    assert again.path is not None
    assert "flag-review" not in again.path.read_text(encoding="utf-8")


def test_without_a_whole_week_there_is_no_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    chosen = settings.load(overrides={"work": {"folder": str(tmp_path)}, "publish": {"files": []}})
    bundle.write_result(chosen.work.results, spoken_call("call-1", FIRST_MONDAY, "passport", "cost"))
    run.rebuild(chosen)
    run.publish(chosen)
    assert pack.make(chosen) == pack.Made(None)
    assert not chosen.work.packs.exists()


def test_a_quiet_week_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    chosen = settings.load(overrides={"work": {"folder": str(tmp_path)}, "publish": {"files": []}})
    friday = FIRST_MONDAY + timedelta(days=4)
    bundle.write_result(chosen.work.results, spoken_call("call-1", friday, "passport", "cost"))
    run.rebuild(chosen)
    run.publish(chosen)
    done = pack.make(chosen)
    assert done.path is not None
    text = _text(done.path.read_text(encoding="utf-8"))
    for said in ("geen vraag die vaak genoeg", "Geen onderwerp stijgt", "nog geen verbeteringen", "geen toezeggingen"):
        assert said in text


def test_a_chart_says_in_words_what_it_shows() -> None:
    series = charts.Series(("2026-W01", "2026-W02"), (3, None), since=1)
    assert charts.in_words(series) == "Gesprekken per week. 2026-W01: 3, 2026-W02: weggelaten."
    assert charts.data_uri(series) == charts.data_uri(series)
    with pytest.raises(ValueError, match="every week"):
        charts.Series(("2026-W01",), ())
