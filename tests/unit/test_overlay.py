"""A municipality's overlay: every fault is told with its place and what to do, and ours is never touched."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from callinsight import overlaid
from callinsight.care import examine
from callinsight.core.improvement import About, Tag
from callinsight.core.taxonomy import Taxonomy, TaxonomyError
from callinsight.errors import SettingsError
from callinsight.meeting import require_given
from callinsight.overlay import PREFIX, Overlay, parse_overlay, read_overlay
from callinsight.settings import Models
from callinsight.settings import load as load_settings
from callinsight.taxonomy_files import check, describe, doubts, load_rules, load_taxonomy, mark, read_documents

ROOT = Path(__file__).parents[2]
OURS = ROOT / "models" / "taxonomy"
DOCUMENTS = read_documents(OURS)
PAGE = (ROOT / "docs" / "taxonomy-overlay.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
BIKES: dict[str, Any] = {"label": "Fietsenstalling", "domain": "parkeren-verkeer", "cues": ["fietsenstalling"]}


def made(**sections: Any) -> Taxonomy:
    return overlaid.overlaid(DOCUMENTS, parse_overlay("eigen.yaml", {"version": "1", **sections}), "eigen.yaml")


def faults(**sections: Any) -> str:
    """The one fault of an overlay."""
    try:
        made(**sections)
    except TaxonomyError as error:
        (problem,) = error.problems
        return problem
    except SettingsError as error:
        return str(error)
    pytest.fail("no fault was found")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "eigen-onderwerpen.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


def test_the_example_of_the_page_is_sound_and_meant(example: Path) -> None:
    assert check(OURS, example) == []
    assert doubts(OURS, example) == []
    taxonomy = load_taxonomy(OURS, example)
    assert taxonomy.topics["x-fietsenstalling"].domain == "parkeren-verkeer"
    assert taxonomy.facet_label("passport", "x-sticker") == "Sticker in het paspoort"
    assert taxonomy.hint("facets", "passport/x-sticker").cues == ("sticker",)
    assert taxonomy.topics["parking-nuisance"].replaced_by == "traffic-situation"
    assert taxonomy.topics["older-unemployed"].deprecated
    assert taxonomy.topics["bulky-waste"].label == "Grofvuil aan huis"
    assert taxonomy.hint("topics", "charging-point").cues == ("laadplein",)
    assert f"`{taxonomy.version}`" in PAGE
    rules = load_rules(OURS, taxonomy, example)
    assert "x-storing-app" in {rule.kind for rule in rules.rules}


def test_the_page_names_every_section() -> None:
    assert set(Overlay.model_fields) == {"version", *re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)}


def test_none_of_our_ids_will_clash_with_a_municipality_s() -> None:
    assert not [name for _, name, _, _ in describe(load_taxonomy(OURS)) if name.rpartition("/")[2].startswith(PREFIX)]


def test_ours_is_not_edited(example: Path) -> None:
    before = copy.deepcopy(DOCUMENTS)
    ours = Taxonomy.from_documents(DOCUMENTS)
    load_taxonomy(OURS, example)
    made(relabel={"topics": {"passport": "Reisdocument"}})
    assert before == DOCUMENTS
    assert Taxonomy.from_documents(DOCUMENTS) == ours


@pytest.mark.parametrize("content", [{"version": "9"}, {"version": "9", "add": {}, "merge": {"topics": {}}}])
def test_an_overlay_that_says_nothing_is_ours_version_and_all(content: dict[str, Any]) -> None:
    empty = overlaid.overlaid(DOCUMENTS, parse_overlay("eigen.yaml", content), "eigen.yaml")
    assert empty == load_taxonomy(OURS)
    assert empty.version == "1.0"


def test_the_version_shows_the_overlay_s_own_and_follows_what_it_says(tmp_path: Path) -> None:
    one, other = made(hide={"topics": ["passport"]}), made(hide={"topics": ["id-card"]})
    assert re.fullmatch(r"1\.0\+1\.[0-9a-f]{8}", one.version)
    assert one.version != other.version
    path = tmp_path / "eigen.yaml"
    path.write_text("# uitleg\nhide:\n  topics:\n    - passport\nversion: '1'\n", encoding="utf-8")
    assert load_taxonomy(OURS, path).version == one.version  # comments and layout do not count


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"ad": {}}, "eigen.yaml, ad: is no key here; leave it out (did you mean 'add'?)"),
        ({"add": {"topic": {}}}, "eigen.yaml, add, topic: is no key here; leave it out (did you mean 'topics'?)"),
        (
            {"add": {"topics": {"x-a": BIKES | {"cue": []}}}},
            "eigen.yaml, add, topics, x-a, cue: is no key here; leave it out (did you mean 'cues'?)",
        ),
        ({"add": {"topics": {"x-a": {"domain": "afval"}}}}, "eigen.yaml, add, topics, x-a, label: is missing; add it"),
        ({"add": {"topics": {"x-a": BIKES | {"cues": ["a", "a"]}}}}, "x-a, cues: names something twice"),
        ({"add": {"topics": {"bikes": BIKES}}}, "begin with 'x-'; call it 'x-bikes'"),
        ({"add": {"questions": {"passport/sticker": {"label": "x"}}}}, "call it 'x-sticker'"),
        ({"add": {"topics": {"x-Fiets": BIKES}}}, "add, topics, x-Fiets: must be kebab-case"),
        ({"add": {"topics": {"x-a": BIKES | {"domain": "parkeren"}}}}, "did you mean 'parkeren-verkeer'?"),
        ({"add": {"topics": {"x-a": BIKES | {"needs": ["travle"]}}}}, "needs names need 'travle'"),
        ({"add": {"questions": {"pasport/x-a": {"label": "x"}}}}, "no topic 'pasport' (did you mean 'passport'?)"),
        (
            {"add": {"questions": {"passport/x-a": {"label": "x"}, "x-a": {"label": "y"}}}},
            "a question for all topics has this id already",
        ),
        ({"add": {"needs": {"x-a": {"label": "x", "areas": ["incone"]}}}}, "did you mean 'income'?"),
        ({"add": {"life_events": {"x-a": {"label": "x", "topics": ["passpor"]}}}}, "did you mean 'passport'?"),
        ({"merge": {"topics": {"pasport": "id-card"}}}, "merge, topics, pasport: does not exist (did you mean"),
        ({"merge": {"topics": {"passport": "id-cart"}}}, "'id-cart' does not exist (did you mean 'id-card'?)"),
        ({"merge": {"topics": {"passport": "passport"}}}, "cannot be merged into itself"),
        ({"merge": {"topics": {"passport": "id-card", "id-card": "passport"}}}, "passport -> id-card -> passport is a"),
        ({"merge": {"topics": {"passport": "id-card"}}, "hide": {"topics": ["id-card"]}}, "'id-card' is hidden"),
        ({"merge": {"topics": {"passport": "id-card"}}, "hide": {"topics": ["passport"]}}, "is hidden as well"),
        ({"merge": {"questions": {"passport/photo-rules": "id-card/photo-rules"}}}, "does not exist"),
        ({"merge": {"questions": {"cost": "passport/photo-rules"}}}, "belongs to another topic"),
        ({"hide": {"needs": ["travle"]}}, "hide, needs, travle: does not exist (did you mean 'travel'?)"),
        ({"hide": {"topics": ["passport"]}, "extend": {"topics": {"passport": {"cues": ["a"]}}}}, "is hidden; leave"),
        ({"relabel": {"domains": {"afvall": "x"}}}, "did you mean 'afval'?"),
        ({"hide": {"outcomes": ["unknown"]}}, "is what remains when nothing is clear"),
        ({"hide": {"signals": ["violence"]}}, "signals, violence: somebody may be in danger"),
        ({"merge": {"signals": {"child-safety": "complaint"}}}, "cannot be hidden or made less urgent"),
        ({"version": "niet zo!"}, "version: must be letters, digits, dots and dashes"),
    ],
)
def test_a_fault_names_file_entry_and_what_to_do(sections: dict[str, Any], said: str) -> None:
    told = faults(**sections)
    assert told.startswith("eigen.yaml, ")
    assert said in told


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(TaxonomyError) as caught:
        made(hide={"topics": ["nope"], "needs": ["neither"]}, relabel={"signals": {"nor-this": "x"}})
    assert len(caught.value.problems) == 3


def test_a_signal_that_is_more_urgent_may_take_another_in() -> None:
    taxonomy = made(merge={"signals": {"housing-loss": "violence", "complaint": "compliment"}})
    assert taxonomy.signals["housing-loss"].replaced_by == "violence"


def test_broken_files_are_told_without_their_content(tmp_path: Path) -> None:
    path = tmp_path / "eigen.yaml"
    path.write_text("version: '1'\nhide: [nooit gesloten\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"eigen\.yaml, line \d+: not valid YAML") as caught:
        read_overlay(path)
    assert "nooit" not in str(caught.value)
    path.write_text("version: '1'\nadd:\n  needs:\n    x-a: {label: a}\n    x-a: {label: b}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"eigen\.yaml, line 5: 'x-a' stands there twice; keep one of them"):
        read_overlay(path)
    path.write_text("- a\n", encoding="utf-8")
    assert check(OURS, path) == [
        "eigen.yaml: must hold keys such as version, add, merge, hide; see docs/taxonomy-overlay.md"
    ]
    (fault,) = check(OURS, tmp_path / "weg.yaml")
    assert "models.taxonomy_overlay" in fault


def test_a_pattern_that_cannot_be_meant_is_told_as_standing_in_the_overlay(tmp_path: Path) -> None:
    path = tmp_path / "eigen.yaml"
    signal = "{label: a, party: caller, severity: info, any: ['{bestaat_niet} app']}"
    path.write_text(f"version: '1'\nadd:\n  signals:\n    x-a: {signal}\n", encoding="utf-8")
    (fault,) = check(OURS, path)
    assert fault.startswith("eigen.yaml, add, signals, x-a: pattern")


def test_an_overlay_among_our_own_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"beside callinsight\.toml"):
        load_taxonomy(OURS, OURS / "eigen.yaml")


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"add": {"topics": {"x-a": BIKES | {"cues": ["Paspoort"]}}}}, "cue 'Paspoort' is one of passport too"),
        ({"extend": {"topics": {"id-card": {"cues": ["paspoort"]}}}}, "cue 'paspoort' is one of passport too"),
        ({"add": {"needs": {"x-a": {"label": "x"}}}}, "has neither cues nor examples"),
        ({"add": {"topics": {"x-a": BIKES | {"label": "paspoort"}}}}, "passport and x-a have one label"),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(sections: dict[str, Any], said: str) -> None:
    overlay = parse_overlay("eigen.yaml", {"version": "1", **sections})
    (doubt,) = overlaid.doubts(overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml"), overlay, "eigen.yaml")
    assert said in doubt


def test_a_cue_of_a_topic_that_is_merged_into_this_one_is_no_doubt() -> None:
    sections = {
        "add": {"topics": {"x-a": BIKES | {"cues": ["paspoort"]}}},
        "merge": {"topics": {"x-a": "passport"}},
    }
    overlay = parse_overlay("eigen.yaml", {"version": "1", **sections})
    assert overlaid.doubts(overlaid.overlaid(DOCUMENTS, overlay, "eigen.yaml"), overlay, "eigen.yaml") == []


def test_marks_tell_what_the_overlay_did(example: Path) -> None:
    taxonomy, ours = load_taxonomy(OURS, example), load_taxonomy(OURS)
    labels = {row[:2]: row[2] for row in describe(ours)}
    marks = {row[1]: mark(taxonomy, labels, row[0], row[1]) for row in describe(taxonomy)}
    assert marks["x-fietsenstalling"] == "eigen"
    assert marks["passport/x-sticker"] == "eigen"
    assert marks["parking-nuisance"] == "samengevoegd met traffic-situation"
    assert marks["older-unemployed"] == "verborgen"
    assert marks["bulky-waste"] == "heet bij ons Grofvuil"
    assert marks["charging-point"] == "eigen woorden"
    assert sum(map(bool, marks.values())) == 14
    assert not any(mark(ours, labels, row[0], row[1]) for row in describe(ours))


def test_no_overlay_is_the_default() -> None:
    assert Models().taxonomy_overlay is None
    assert Models.model_validate({"taxonomy_overlay": ""}).taxonomy_overlay is None


def test_what_left_the_taxonomy_shows_as_its_id() -> None:
    taxonomy = made(hide={"topics": ["passport"]})
    assert taxonomy.shown("topics", "passport") == "Paspoort"
    assert taxonomy.shown("topics", "unknown") == "Onbekend"
    assert taxonomy.shown("topics", "x-gone") == "x-gone"
    assert taxonomy.shown("needs", "x-gone") == "x-gone"
    assert taxonomy.shown_question("passport", "photo-rules") == "Welke pasfoto is goed?"
    assert taxonomy.shown_question("x-gone", "x-asked") == "x-asked"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        (Tag(About.QUESTION, "passport"), "passport is merged or hidden: give id-card"),
        (Tag(About.QUESTION, "passport", "photo-rules"), "give id-card/photo-rules"),
        (Tag(About.QUESTION, "grave"), "no call gets it any more"),
        (Tag(About.NEED, "travel"), "give identify"),
        (Tag(About.OUTCOME, "handled"), "no call gets it any more"),
        (Tag(About.SIGNAL, "complaint"), "no call gets it any more"),
    ],
)
def test_nobody_can_ask_for_what_is_merged_or_hidden(tag: Tag, said: str) -> None:
    taxonomy = made(
        merge={"topics": {"passport": "id-card"}, "needs": {"travel": "identify"}},
        hide={"topics": ["grave"], "outcomes": ["handled"], "signals": ["complaint"]},
    )
    with pytest.raises(SettingsError, match=said):
        require_given(taxonomy, tag)
    for about, name in ((About.QUESTION, "id-card"), (About.QUESTION, "unknown"), (About.NEED, "identify")):
        require_given(taxonomy, Tag(about, name))
    require_given(taxonomy, Tag(About.SIGNAL, "violence"))


def test_the_doctor_names_a_fault_of_the_overlay(tmp_path: Path) -> None:
    path = tmp_path / "eigen.yaml"
    path.write_text("version: '1'\nhide: {topics: [nergens]}\n", encoding="utf-8")
    chosen = load_settings(
        overrides={"models": {"taxonomy": str(OURS), "taxonomy_overlay": str(path)}, "work": {"folder": str(tmp_path)}}
    )
    (found,) = [one for one in examine(chosen) if one.subject == "taxonomy"]
    assert not found.well
    assert "eigen.yaml, hide, topics, nergens" in found.finding
