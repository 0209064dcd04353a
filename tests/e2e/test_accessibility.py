"""Pages that people look at meet WCAG 2.1 AA: axe-core in Chromium, and by hand what it cannot see.

`make accessibility` installs axe-core under build/ and runs this.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from callinsight import bundle, copies, meeting, review_copy, rights, run, score_page, settings, taxonomy_files
from callinsight.core.improvement import ActionKind
from callinsight.core.values import CopyState, Severity
from callinsight.evaluate import Evaluation
from callinsight.review import access_page, pack
from callinsight.scoring import LabelScore, summarise
from support.browser import CHROMIUM, Page, open_page
from support.calls import ROOT
from support.results import FIRST_MONDAY, spoken_call, story
from support.sound import material

AXE = ROOT / "build" / "accessibility" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
VIEWS: dict[str, dict[str, Any]] = {
    "wide": {"width": 1280},
    "narrow": {"width": 320},
    "dark": {"width": 1280, "scheme": "dark"},
    "narrow and dark": {"width": 320, "scheme": "dark"},
    "printed": {"width": 720, "media": "print"},
    "printed from a dark screen": {"width": 720, "scheme": "dark", "media": "print"},
}
REACHED = 'a[href], [tabindex="0"], audio[controls]'
PAGES = ("meeting", "quiet meeting", "scores", "access")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: apt-get install npm, then make accessibility"),
]


def _meeting(folder: Path) -> Path:
    """The pack of a week with everything in it."""
    chosen = settings.load(overrides={"work": {"folder": str(folder)}, "publish": {"k": 5, "files": []}})
    last = FIRST_MONDAY + timedelta(weeks=12)
    flagged = [
        ("flag-urgent", "child-safety", Severity.SAME_DAY, "ik maak mij zorgen om een kind <NAAM>"),
        ("flag-review", "multi-problem", Severity.REVIEW, "schulden en stress " * 12),
        ("flag-promise", "promise-made", Severity.INFO, "u zou mij nog bellen"),
    ]
    extra = [
        spoken_call(one, last, "passport", "cost", said=said, flags=((kind, severity),))
        for one, kind, severity, said in flagged
    ]
    states = {"flag-urgent": CopyState.MADE, "flag-review": CopyState.REFUSED}
    for result in [*story(), *extra]:
        state = states.get(result.call.call_id, CopyState.OFF)
        bundle.write_result(chosen.work.results, replace(result, review_copy=state))
        if state is CopyState.MADE:
            copies.write_copy(chosen.work.review_copies, result.call.call_id, review_copy.make(material(result)).data)
    meeting.add_action(
        chosen,
        meeting.Plan(
            *("Pagina over parkeren hersteld", ActionKind.PAGE, "webteam", FIRST_MONDAY + timedelta(weeks=8)),
            ("parking-permit/website-problem",),
        ),
    )
    run.rebuild(chosen)
    run.publish(chosen)
    done = pack.make(chosen)
    assert done.path is not None
    return done.path


def _quiet_meeting(folder: Path) -> Path:
    """The pack of a week in which next to nothing happened."""
    chosen = settings.load(overrides={"work": {"folder": str(folder)}, "publish": {"files": []}})
    bundle.write_result(
        chosen.work.results, spoken_call("call-1", FIRST_MONDAY + timedelta(days=4), "passport", "cost")
    )
    run.rebuild(chosen)
    run.publish(chosen)
    done = pack.make(chosen)
    assert done.path is not None
    return done.path


def _scores(folder: Path) -> Path:
    """The evaluation page, with a group that is served worse and labels of every level."""
    groups = {"all": 0.1, "stereo": 0.08, "mono": 0.12, "elderly": 0.2, "non-native": 0.22}
    labels = [
        LabelScore("topic", "passport", 4, 2, 1),
        LabelScore("facet", "passport/cost", 1, 0, 0),
        LabelScore("need", "travel", 3, 2, 2),
        LabelScore("signal", "repeat-call", 3, 2, 2),
    ]
    scores = {group: {**summarise([]), "wer": error} for group, error in groups.items()}
    path = folder / "evaluatie.html"
    score_page.write(
        path,
        Evaluation(scores, dict.fromkeys(groups, 12), 2, labels),
        taxonomy_files.load_taxonomy(ROOT / "models" / "taxonomy"),
        profile="demo",
        folder="gesprekken",
        made_at=datetime(2026, 9, 1, 8, 5, tzinfo=UTC),
    )
    return path


def _access(folder: Path) -> Path:
    """The page for somebody who asked what is kept about two calls, one of them with its sound, beside the pack's."""
    chosen = settings.load(overrides={"work": {"folder": str(folder)}, "publish": {"k": 5, "files": []}})
    case = rights.gather(chosen, rights.Asked(("flag-urgent", "flag-review")))
    page = access_page.render(case, taxonomy_files.load_taxonomy(ROOT / "models" / "taxonomy"))
    return rights.write(folder / "inzage", case, page)[0]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return {
            "meeting": _meeting(folder / "meeting"),
            "access": _access(folder / "meeting"),
            "quiet meeting": _quiet_meeting(folder / "quiet"),
            "scores": _scores(folder / "scores"),
        }


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with open_page(tmp_path_factory.mktemp("browser") / "profile") as page:
        yield page


def _violations(browser: Page, rules: tuple[str, ...]) -> list[str]:
    browser.ask(AXE.read_text(encoding="utf-8") + "; 0")
    options = json.dumps({"runOnly": {"type": "tag", "values": rules}, "resultTypes": ["violations"]})
    found = browser.ask(f"axe.run(document, {options})")
    assert len(found["passes"]) > 3, "the rules did not run"
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault(
    browser: Page, pages: dict[str, Path], name: str, view: str, capsys: pytest.CaptureFixture[str]
) -> None:
    browser.look(**VIEWS[view])
    browser.open(pages[name])
    assert _violations(browser, RULES) == []
    for advice in _violations(browser, ("best-practice",)):
        with capsys.disabled():  # no rule of WCAG, so it is told and no more
            sys.stdout.write(f"\n{name}, {view}: best practice: {advice}\n")


def test_axe_would_find_a_fault(browser: Page, tmp_path: Path) -> None:
    """A page with three faults, so that an axe-core that does nothing is noticed."""
    page = tmp_path / "bad.html"
    text = "<p>tekst</p>" * 10
    page.write_text(
        f"<!doctype html><html><head><title>t</title></head><body>{text}<img src='data:,'>"
        "<p style='color:#aaa;background:#fff'>bleek</p></body></html>"
    )
    browser.look()
    browser.open(page)
    found = {one.split(":")[0] for one in _violations(browser, RULES)}
    assert {"html-has-lang", "image-alt", "color-contrast"} <= found


@pytest.mark.parametrize("name", PAGES)
def test_nothing_but_the_page_itself_is_asked_for(browser: Page, pages: dict[str, Path], name: str) -> None:
    browser.look()
    browser.open(pages[name])
    outside = [one for one in browser.requested if not one.startswith("data:")]
    assert outside == [pages[name].resolve().as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_reaches_all_and_the_focus_shows(
    browser: Page, pages: dict[str, Path], name: str, scheme: str
) -> None:
    """Every link and every part that scrolls gets the focus in order of the page, with an outline of 2 px or more."""
    browser.look(scheme=scheme)
    browser.open(pages[name])
    wanted = browser.ask(f"document.querySelectorAll('{REACHED}').length")
    seen: list[int] = []
    for _ in range(10 * wanted):  # a player has some buttons of its own
        if len(seen) == wanted:
            break
        browser.press_tab()
        told = browser.ask(
            """(() => { const e = document.activeElement, s = getComputedStyle(e);
            const all = [...document.querySelectorAll('REACHED')];
            const box = e.getBoundingClientRect(), shown = box.right > 0 && box.width > 0;
            return [all.indexOf(e), s.outlineStyle, parseFloat(s.outlineWidth), shown, e.tagName]; })()""".replace(
                "REACHED", REACHED
            )
        )
        if seen[-1:] == [told[0]]:
            continue
        seen.append(told[0])
        if told[4] != "AUDIO":  # its buttons show the browser's own focus
            assert told[1] != "none"
            assert told[2] >= 2
        assert told[3], "what has the focus must be on the screen"
    assert seen == list(range(wanted))


@pytest.mark.parametrize("name", PAGES)
def test_headings_tables_and_language_are_told(browser: Page, pages: dict[str, Path], name: str) -> None:
    browser.look()
    browser.open(pages[name])
    told = browser.ask(
        """({
        lang: document.documentElement.lang,
        title: document.title,
        mains: document.querySelectorAll('main').length,
        levels: [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1]),
        nameless: [...document.querySelectorAll('table')].filter(t => !t.caption?.textContent.trim()).length,
        headless: [...document.querySelectorAll('th')].filter(h => !h.scope).length,
        bare: [...document.querySelectorAll('section, [role=region], nav')].filter(
            e => !e.ariaLabel && !e.getAttribute('aria-labelledby')).length,
        })"""
    )
    levels = told.pop("levels")
    assert told == {"lang": "nl", "title": told["title"], "mains": 1, "nameless": 0, "headless": 0, "bare": 0}
    assert told["title"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_player_says_what_it_plays_and_waits(browser: Page, pages: dict[str, Path]) -> None:
    browser.look()
    browser.open(pages["meeting"])
    told = browser.ask("[...document.querySelectorAll('audio')].map(a => [a.ariaLabel, a.controls, a.autoplay])")
    assert told
    assert all(label.startswith("Luister naar") and controls and not by_itself for label, controls, by_itself in told)


def test_a_chart_says_in_words_what_it_shows(browser: Page, pages: dict[str, Path]) -> None:
    browser.look()
    browser.open(pages["meeting"])
    told = browser.ask("[...document.images].map(i => [i.alt, i.naturalWidth > 0])")
    assert told
    assert all(re.fullmatch(r"Gesprekken per week\..*\.", alt) and drawn for alt, drawn in told)


@pytest.mark.parametrize("name", ["meeting", "scores"])
def test_nothing_is_told_by_colour_alone(browser: Page, pages: dict[str, Path], name: str) -> None:
    """Where a class gives something a colour of its own, words say the same."""
    browser.look()
    browser.open(pages[name])
    text = browser.ask(
        "[...document.querySelectorAll('.evidence, .urgent, .worse, .note')].map(e => e.textContent.trim().length > 20)"
    )
    assert text
    assert all(text)
    evidence = browser.ask("[...document.querySelectorAll('.evidence')].map(e => e.textContent)")
    assert all("hier zit het signaal" in one for one in evidence)


@pytest.mark.parametrize("name", PAGES)
def test_on_a_narrow_screen_only_tables_scroll_sideways(browser: Page, pages: dict[str, Path], name: str) -> None:
    """WCAG 1.4.10: at 320 CSS pixels there is no scrolling in two directions, tables excepted."""
    browser.look(width=320)
    browser.open(pages[name])
    assert browser.ask("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", PAGES)
def test_text_may_be_spaced_out(browser: Page, pages: dict[str, Path], name: str) -> None:
    """WCAG 1.4.12: with more space between lines, words and letters nothing is cut off."""
    browser.look(width=320)
    browser.open(pages[name])
    browser.ask(
        "document.head.insertAdjacentHTML('beforeend', '<style>* { line-height: 1.5 !important; "
        "letter-spacing: .12em !important; word-spacing: .16em !important }</style>')"
    )
    cut = browser.ask(
        """[...document.querySelectorAll('body *')].filter(e => getComputedStyle(e).overflowX === 'hidden'
        && e.scrollWidth > e.clientWidth).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert cut == []
    assert browser.ask("document.documentElement.scrollWidth") <= 320
