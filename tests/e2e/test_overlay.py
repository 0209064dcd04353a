"""A municipality's overlay over the bundled model: what it adds is found, and the history follows without reading."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from callinsight import assembly, bundle, care, cli, decisions, meeting, retag, run, settings
from callinsight.core.improvement import ActionKind
from callinsight.core.values import CallResult, Tags
from callinsight.embeddings import write_vectors
from callinsight.engines.transformers import TransformersTagger
from callinsight.errors import SettingsError
from callinsight.settings import Settings
from callinsight.store.query import run_query
from support.calls import ROOT
from support.results import FIRST_MONDAY, spoken_call

NOW = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
SAID = {
    "passport": "ik wil een nieuw paspoort want de mijne is verlopen",
    "bikes": "mag mijn bakfiets ook in de bewaakte stalling bij het station",
    "bikes-unsaid": "ik zoek een veilige plek om mijn fiets te stallen in het centrum",
    "light": "de lantaarnpaal voor mijn deur doet het niet meer en wanneer komt de monteur",
    "waste": "ik heb een oud bankstel kunt u het grofvuil komen ophalen",
}
OVERLAY = """
version: "1"
add:
  topics:
    x-fietsenstalling:
      label: "Fietsenstalling"
      domain: parkeren-verkeer
      cues: [bewaakte stalling, stallingspas, fietsenstalling]
      examples:
        - ik wil mijn fiets in de bewaakte stalling zetten
        - mijn abonnement op de fietsenstalling bij het station loopt af
        - mijn fiets staat in de stalling en ik ben mijn pas kwijt
        - hoe laat gaat de fietsenstalling dicht
        - kan ik een plek huren in een fietskluis
merge: {topics: {passport: id-card}}
hide: {topics: [street-lighting]}
"""


def nothing(_: int) -> None:
    """Progress that nobody watches."""


def chosen_with(tmp_path: Path, overlay: str | None) -> Settings:
    path = tmp_path / "eigen.yaml"
    if overlay is not None:
        path.write_text(overlay, encoding="utf-8")
    return settings.load(
        overrides={
            "work": {"folder": str(tmp_path / "work")},
            "models": {} if overlay is None else {"taxonomy_overlay": str(path)},
            "publish": {"k": 1, "files": []},
        }
    )


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Five calls as a night left them without an overlay, and one about a passport whose words are gone."""
    monkeypatch.chdir(ROOT)
    made = chosen_with(tmp_path, None)
    calls = [
        spoken_call(name, FIRST_MONDAY + timedelta(days=number), "passport", None, said=said)
        for number, (name, said) in enumerate(SAID.items())
    ]
    tagger, provenance = assembly.build_tagger(made), assembly.provenance(made)
    vectors = tagger.read([one.turns for one in calls])
    for one, read, tags in zip(calls, vectors, tagger.decide([c.turns for c in calls], vectors), strict=True):
        tagged = replace(one, tags=tags, provenance=provenance)
        write_vectors(made.work.embeddings, one.call.call_id, one.turns, read)
        bundle.write_result(made.work.results, tagged)
        if one.call.call_id == "passport":
            old = replace(tagged, call=replace(tagged.call, call_id="passport-erased"), recording_ref="r-erased")
            old = old.without_words()
            bundle.write_result(made.work.results, old)
    run.rebuild(made)
    run.publish(made)
    return made


def results(chosen: Settings) -> dict[str, CallResult]:
    folder = chosen.work.results
    return {one: bundle.read_result(bundle.result_path(folder, one)) for one in bundle.result_ids(folder)}


def topics(tags: Tags) -> set[str]:
    return {question.topic for question in tags.questions}


@pytest.mark.slow
def test_the_history_follows_the_overlay_without_the_encoder(
    before: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = results(before)
    ids = tuple(old)
    assert topics(old["passport"].tags) == topics(old["passport-erased"].tags) == {"passport"}
    assert topics(old["light"].tags) == {"street-lighting"}
    chosen = chosen_with(tmp_path, OVERLAY)
    monkeypatch.setattr(TransformersTagger, "read", lambda *_: pytest.fail("no call is read again"))
    tried = retag.retag(chosen, ids, retag.Wish(dry_run=True), NOW, nothing)
    assert results(chosen) == old
    done = retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    assert (done.calls, done.read, done.wordless, done.carried) == (6, 0, 1, 1)
    assert (done.gained, done.lost) == (tried.gained, tried.lost)
    new = results(chosen)
    assert {name: topics(one.tags) for name, one in new.items()} == {
        "passport": {"id-card"},
        "passport-erased": {"id-card"},
        "bikes": {"x-fietsenstalling"},
        "bikes-unsaid": {"x-fietsenstalling"},
        "light": {"unknown"},
        "waste": topics(old["waste"].tags),
    }
    # Beside another topic the added one hardly weighs: nothing but the last digits of a score may differ.
    (was,), (now,) = old["waste"].tags.questions, new["waste"].tags.questions
    assert now.score == pytest.approx(was.score, abs=0.001)
    assert replace(now, score=was.score) == was
    assert new["waste"].tags.outcome == old["waste"].tags.outcome
    # Old and new versions are both there, and say which is which.
    versions = {one.provenance.taxonomy_version for name, one in new.items() if name != "passport-erased"}
    assert [re.fullmatch(r"1\.0\+1\.[0-9a-f]{8}", one) is not None for one in versions] == [True]
    erased = new["passport-erased"]
    assert erased.provenance.taxonomy_version == "1.0"
    assert erased.provenance.tag_version == old["passport"].provenance.tag_version + retag.LED_ON
    for name in ("passport", "passport-erased", "light"):
        (earlier,) = new[name].earlier
        assert (earlier.taxonomy_version, earlier.tag_version) == ("1.0", old[name].provenance.tag_version)
    assert new["passport"].earlier[0].questions[0].split("/")[0] == "passport"
    # The database has both, with labels for what was and what is.
    shown = run_query(
        chosen.work.database,
        "SELECT topic, label, deprecated FROM topics WHERE topic IN "
        "('passport', 'id-card', 'street-lighting', 'x-fietsenstalling') ORDER BY topic",
    ).rows
    assert shown == (
        ("id-card", "Identiteitskaart", False),
        ("passport", "Paspoort", True),
        ("street-lighting", shown[2][1], True),
        ("x-fietsenstalling", "Fietsenstalling", False),
    )
    told = run_query(
        chosen.work.published_database,
        "SELECT topic_label, sum(calls)::INT FROM topics_per_week "
        "WHERE topic IN ('id-card', 'passport', 'x-fietsenstalling') GROUP BY 1 ORDER BY 1",
    ).rows
    assert told == (("Fietsenstalling", 2), ("Identiteitskaart", 2))
    published = "SELECT DISTINCT taxonomy_versions FROM publication"
    assert str(run_query(chosen.work.published_database, published).rows[0][0]).split(", ")[0] == "1.0"
    # Twice is as once.
    again = retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    assert (again.kept, again.carried, again.changed) == (5, 0, 0)
    assert results(chosen) == new
    run.rebuild(chosen)
    assert run_query(chosen.work.database, "SELECT count(*) FROM questions WHERE topic = 'id-card'").rows == ((2,),)
    # The command tells how many tags a change back would touch.
    monkeypatch.setenv("CALLINSIGHT_WORK__FOLDER", str(chosen.work.folder))
    monkeypatch.setenv("CALLINSIGHT_MODELS__TAXONOMY_OVERLAY", str(tmp_path / "eigen.yaml"))
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main(["taxonomy", "diff", "--json"])
    assert ended.value.code == 0
    document = json.loads(capsys.readouterr().out)
    found = {(one["id"], one["what"]): one["tags"] for one in document["changes"]}
    assert found == {("passport", "merged"): 0, ("street-lighting", "hidden"): 0, ("x-fietsenstalling", "added"): 2}


@pytest.mark.slow
def test_only_labels_that_change_leave_all_tags_as_they_are(before: Settings, tmp_path: Path) -> None:
    old = results(before)
    chosen = chosen_with(tmp_path, 'version: "2"\nrelabel: {topics: {passport: "Reisdocument"}}\n')
    done = retag.retag(chosen, tuple(old), retag.Wish(), NOW, nothing)
    assert (done.changed, done.carried) == (0, 0)
    assert {name: one.tags for name, one in results(chosen).items()} == {name: one.tags for name, one in old.items()}
    rows = run_query(chosen.work.database, "SELECT label FROM topics WHERE topic = 'passport'").rows
    assert rows == (("Reisdocument",),)


@pytest.mark.slow
def test_an_improvement_follows_the_topic_that_it_was_meant_for(before: Settings, tmp_path: Path) -> None:
    plan = meeting.Plan("Paspoortpagina herschreven", ActionKind.PAGE, "webteam", date(2026, 9, 7), ("passport",))
    meeting.add_action(before, plan)
    chosen = chosen_with(tmp_path, OVERLAY)
    retag.retag(chosen, tuple(results(chosen)), retag.Wish(), NOW, nothing)
    targets = "SELECT topic FROM action_targets"
    assert run_query(chosen.work.database, targets).rows == (("id-card",),)
    (kept,) = decisions.read_actions(chosen.work.actions)
    assert kept.targets[0].topic == "passport"  # what was decided stays as it was decided
    with pytest.raises(SettingsError, match="passport is merged or hidden: give id-card"):
        meeting.add_action(chosen, replace(plan, title="Nog eens"))
    run.rebuild(chosen)
    assert run_query(chosen.work.database, targets).rows == (("id-card",),)
    (tmp_path / "eigen.yaml").write_text("version: '1'\nhide: {topics: [nergens]}\n", encoding="utf-8")
    care.forget(chosen, ["waste"], NOW)  # a fault in the overlay keeps nobody's call
    assert "waste" not in results(chosen)
