"""The taxonomy tells every fault with its place, and the bundled one has none."""

import copy
from pathlib import Path
from typing import Any

import pytest

from callinsight.core.taxonomy import Preventable, Resolution, Taxonomy, TaxonomyError
from callinsight.core.values import Severity
from callinsight.errors import SettingsError
from callinsight.taxonomy_files import check, describe, load_taxonomy

BUNDLED = Path(__file__).parents[2] / "models" / "taxonomy"

GOOD: dict[str, Any] = {
    "taxonomy.yaml": {
        "version": "7",
        "language": "nl",
        "domains": {"desk": {"label": "Balie"}, "money": {"label": "Geld", "sensitive": True, "area": "income"}},
        "facets": {"cost": {"label": "Wat kost het?", "section": "kosten", "preventable": "likely"}},
        "needs": {"travel": {"label": "Wil op reis"}, "ends": {"label": "Kan niet rondkomen", "areas": ["income"]}},
        "outcomes": {"unknown": {"label": "Onbekend", "kiss": None, "fcr": "excluded"}},
        "signals": {"violence": {"label": "Geweld", "party": "caller", "severity": "immediate"}},
    },
    "topics/desk.yaml": {
        "domain": "desk",
        "topics": {
            "passport": {
                "label": "Paspoort",
                "tier": 1,
                "facets": ["cost"],
                "specific": {"photo-rules": "Welke pasfoto?"},
                "needs": ["travel"],
                "cues": ["paspoort"],
                "related": ["benefit"],
            }
        },
    },
    "topics/money.yaml": {"domain": "money", "topics": {"benefit": {"label": "Uitkering"}}},
}


def faults(**changes: Any) -> tuple[str, ...]:
    """The problems of the good documents after replacing ``topics/desk.yaml``'s passport fields."""
    docs = copy.deepcopy(GOOD)
    docs["topics/desk.yaml"]["topics"]["passport"].update(changes)
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_documents(docs)
    return caught.value.problems


def test_good_documents_become_values() -> None:
    taxonomy = Taxonomy.from_documents(GOOD)
    assert taxonomy.version == "7"
    assert taxonomy.topics["passport"].facet_ids == ("photo-rules", "cost")
    assert taxonomy.facet_label("passport", "photo-rules") == "Welke pasfoto?"
    assert taxonomy.facet_label("passport", "cost") == "Wat kost het?"
    assert taxonomy.facet_label("benefit", None) == ""
    assert taxonomy.facet("passport", "photo-rules").preventable is Preventable.DEPENDS
    assert taxonomy.outcomes["unknown"].fcr is Resolution.EXCLUDED
    assert taxonomy.signals["violence"].severity is Severity.IMMEDIATE
    assert taxonomy.area("benefit") == "income"
    assert taxonomy.area("passport") is None
    assert taxonomy.topic_label("unknown") == "Onbekend"


def test_related_topics_are_found_from_both_sides() -> None:
    taxonomy = Taxonomy.from_documents(GOOD)
    assert taxonomy.related("passport") == ("benefit",)
    assert taxonomy.related("benefit") == ("passport",)
    assert taxonomy.related("unknown") == ()


def test_a_specific_question_belongs_to_its_topic_alone() -> None:
    with pytest.raises(KeyError):
        Taxonomy.from_documents(GOOD).facet("benefit", "photo-rules")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"facets": ["costs"]}, "topics/desk.yaml, topics, passport: facets names facet 'costs', which does not exist"),
        ({"facets": ["costs"]}, "did you mean 'cost'?"),
        ({"needs": ["travle"]}, "did you mean 'travel'?"),
        ({"related": ["benefits"]}, "did you mean 'benefit'?"),
        ({"labl": "x"}, "unknown key 'labl' (did you mean 'label'?)"),
        ({"label": ""}, "label must be a text"),
        ({"cues": "paspoort"}, "cues must be a list of texts"),
        ({"cues": ["a", "a"]}, "cues names something twice"),
        ({"tier": 3}, "tier must be 1 or 2"),
        ({"sensitive": "ja"}, "sensitive must be true or false"),
        ({"specific": {"Photo rules": "x"}}, "kebab-case"),
        ({"specific": {"cost": "x"}}, "a generic facet has this id already"),
        ({"specific": ["x"]}, "specific must be a mapping"),
        ({"replaced_by": "benefit"}, "replaced_by is for deprecated topics only"),
        ({"deprecated": True, "replaced_by": "benefits"}, "did you mean 'benefit'?"),
    ],
)
def test_a_fault_names_its_place(changes: dict[str, Any], said: str) -> None:
    problems = faults(**changes)
    assert len(problems) == 1
    assert "topics/desk.yaml, topics, passport" in problems[0]
    assert said in problems[0]


def test_all_faults_are_told_at_once() -> None:
    assert len(faults(tier=3, needs=["x"], facets=["y"])) == 3


@pytest.mark.parametrize("bad", ["Passport", "pass_port", "-passport", "pass--port", "unknown"])
def test_topic_ids_are_kebab_case_and_not_unknown(bad: str) -> None:
    docs = copy.deepcopy(GOOD)
    docs["topics/desk.yaml"]["topics"][bad] = {"label": "x"}
    with pytest.raises(TaxonomyError, match=r"topics/desk\.yaml"):
        Taxonomy.from_documents(docs)


def test_an_id_stands_in_one_file_only() -> None:
    docs = copy.deepcopy(GOOD)
    docs["topics/more.yaml"] = docs["topics/desk.yaml"]
    with pytest.raises(
        TaxonomyError, match=r"topics/more\.yaml, topics, passport: stands in topics/desk\.yaml already"
    ):
        Taxonomy.from_documents(docs)


def test_empty_documents_are_refused() -> None:
    with pytest.raises(TaxonomyError, match="no file holds a version"):
        Taxonomy.from_documents({})


def test_a_need_names_an_area_that_exists() -> None:
    docs = copy.deepcopy(GOOD)
    docs["taxonomy.yaml"]["needs"]["ends"]["areas"] = ["incone"]
    with pytest.raises(TaxonomyError, match="did you mean 'income'"):
        Taxonomy.from_documents(docs)


def test_the_bundled_taxonomy_has_no_fault() -> None:
    assert check(BUNDLED) == []
    taxonomy = load_taxonomy(BUNDLED)
    assert len(taxonomy.topics) >= 131
    assert len(taxonomy.facets) >= 38
    assert len(taxonomy.needs) >= 37
    assert taxonomy.signals["suicidal-talk"].severity is Severity.IMMEDIATE
    assert taxonomy.signals["housing-loss"].severity is Severity.SAME_DAY
    assert taxonomy.signals["repeat-call"].severity is Severity.INFO
    assert all(len(event.topics) >= 2 for event in taxonomy.life_events.values())


def test_every_entry_is_described_once() -> None:
    rows = describe(load_taxonomy(BUNDLED))
    assert len({(kind, entry) for kind, entry, _, _ in rows}) == len(rows)
    assert ("question", "passport/photo-rules", "Welke pasfoto is goed?", "passport") in rows


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="taxonomy folder"):
        load_taxonomy(tmp_path / "nowhere")
    assert len(check(tmp_path)) == 1


def test_broken_yaml_is_told_with_file_and_line_but_not_content(tmp_path: Path) -> None:
    (tmp_path / "taxonomy.yaml").write_text("version: '1'\nsecret: [never closed\n", encoding="utf-8")
    (fault,) = check(tmp_path)
    assert "taxonomy.yaml, line" in fault
    assert "never closed" not in fault
