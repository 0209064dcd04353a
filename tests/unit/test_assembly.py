"""By what tags are made: any change shows, and what tells of the recognition stays."""

import shutil
from pathlib import Path

import pytest

from callinsight import assembly, settings
from callinsight.core.values import Provenance
from callinsight.settings import Settings
from support.calls import ROOT

OLD = Provenance("0.0.9", "aa", (("demo-speech", "11"), ("demo-tagger", "22"), ("personal-data", "33")), "0", "0-old")


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "models" / "taxonomy", tmp_path / "taxonomy")
    return settings.load(overrides={"models": {"taxonomy": str(tmp_path / "taxonomy")}})


def test_a_stamp_changes_what_tells_of_tags_alone(chosen: Settings) -> None:
    stamp = assembly.Stamp.of(chosen)
    new = stamp.on(OLD)
    assert (new.code_version, new.settings_digest) == ("0.0.9", "aa")
    assert [name for name, _ in new.model_digests] == ["demo-speech", "demo-tagger", "personal-data"]
    assert dict(new.model_digests) == {"demo-speech": "11", "personal-data": "33", "demo-tagger": stamp.tagger[1]}
    assert new.tag_version == stamp.tag_version
    assert new.tag_version.startswith(f"{new.taxonomy_version}-")
    assert stamp.on(new) == new


def test_the_model_for_names_is_in_the_provenance_when_it_is_used(chosen: Settings) -> None:
    assert "demo-names" in dict(assembly.provenance(chosen).model_digests)
    without = settings.load(overrides={"privacy": {"name_model": False}})
    assert "demo-names" not in dict(assembly.provenance(without).model_digests)
    assert assembly.build_names(without) is None


@pytest.mark.parametrize("file", ["signal_rules.yaml", "taxonomy.yaml", "topics/afval.yaml"])
def test_any_change_of_taxonomy_or_rules_is_another_version(chosen: Settings, file: str) -> None:
    before = assembly.Stamp.of(chosen).tag_version
    assert assembly.Stamp.of(chosen).tag_version == before
    path = chosen.models.taxonomy / file
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert assembly.Stamp.of(chosen).tag_version != before


def test_a_new_result_and_a_stamped_one_agree(chosen: Settings) -> None:
    made = assembly.provenance(chosen)
    assert assembly.Stamp.of(chosen).on(made) == made
