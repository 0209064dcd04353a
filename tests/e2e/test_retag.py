"""The history is tagged again from stored vectors: the same models give the same tags, other ones leave a trace."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from callinsight import assembly, bundle, care, retag, run, settings
from callinsight.core.values import CallResult, Role, Span, Turn, Word
from callinsight.embeddings import read_vectors, remove_vectors, vectors_path, write_vectors
from callinsight.engines.transformers import TransformersTagger
from callinsight.fast_yaml import load_yaml
from callinsight.settings import Settings
from callinsight.store.query import run_query
from support.calls import ROOT, callinsight
from support.results import FIRST_MONDAY, spoken_call

NOW = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
SAID = (
    "ik wil een nieuw paspoort want de mijne is verlopen",
    "ik wil een parkeervergunning aanvragen voor mijn auto",
    "ik heb een oud bankstel kunt u het grofvuil komen ophalen",
    "wij gaan verhuizen en ik wil mijn nieuwe adres doorgeven",
    "ik heb al drie keer gebeld over mijn bijstandsuitkering en ik kom niet meer rond",
    "de lantaarnpaal voor mijn deur doet het niet meer en wanneer komt de monteur",
)


def nothing(_: int) -> None:
    """Progress that nobody watches."""


def call(number: int, said: str) -> CallResult:
    """An invented call with several turns that go on after the question, as calls do."""
    base = spoken_call(f"call-{number:03d}", FIRST_MONDAY + timedelta(days=number % 5), "passport", None, said=said)
    words = tuple(Word(Span(95_000 + n, 95_001 + n), word, 0.9) for n, word in enumerate(said.split()[::-1]))
    return replace(base, turns=(*base.turns, Turn(Span(95_000, 95_000 + len(words)), Role.CALLER, words)))


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Six calls, tagged together as a night's worker does, loaded and published."""
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "models" / "taxonomy", tmp_path / "taxonomy")
    made = settings.load(
        overrides={
            "work": {"folder": str(tmp_path / "work")},
            "models": {"taxonomy": str(tmp_path / "taxonomy")},
            "publish": {"k": 1, "files": []},
        }
    )
    calls = [call(number, said) for number, said in enumerate(SAID)]
    tagger, provenance = assembly.build_tagger(made), assembly.provenance(made)
    vectors = tagger.read([one.turns for one in calls])
    for one, read, tags in zip(calls, vectors, tagger.decide([c.turns for c in calls], vectors), strict=True):
        write_vectors(made.work.embeddings, one.call.call_id, one.turns, read)
        bundle.write_result(made.work.results, replace(one, tags=tags, provenance=provenance))
    run.rebuild(made)
    run.publish(made)
    return made


def results(chosen: Settings) -> dict[str, CallResult]:
    folder = chosen.work.results
    return {one: bundle.read_result(bundle.result_path(folder, one)) for one in bundle.result_ids(folder)}


def drop_topic(chosen: Settings, topic: str) -> None:
    """Take a topic out of the taxonomy, wherever it is named."""

    def without(node: object) -> object:
        if isinstance(node, dict):
            return {key: without(value) for key, value in node.items() if key != topic}
        if isinstance(node, list):
            entries = [one for one in node if not (isinstance(one, dict) and one.get("id") == topic) and one != topic]
            return [without(one) for one in entries]
        return node

    for path in chosen.models.taxonomy.rglob("*.yaml"):
        if path.name != "signal_rules.yaml":
            document = without(load_yaml(path.read_text(encoding="utf-8")))
            path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_the_same_models_give_the_same_tags_without_the_encoder(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = results(chosen)
    monkeypatch.setattr(TransformersTagger, "read", lambda *_: pytest.fail("the encoder is not needed"))
    done = retag.retag(chosen, tuple(before), retag.Wish(every=True), NOW, nothing)
    assert (done.calls, done.kept, done.read, done.changed) == (6, 0, 0, 0)
    assert results(chosen) == before


def test_lost_vectors_are_made_again_and_give_the_same_topics(chosen: Settings) -> None:
    before = results(chosen)
    remove_vectors(chosen.work.embeddings, "call-001")
    path = vectors_path(chosen.work.embeddings, "call-002")
    path.write_bytes(path.read_bytes()[:50])
    done = retag.retag(chosen, tuple(before), retag.Wish(every=True), NOW, nothing)
    assert done.read == 2
    tagger = assembly.build_tagger(chosen)
    for call_id, one in before.items():
        assert read_vectors(chosen.work.embeddings, call_id, one.turns, tagger.encoder) is not None
        now = results(chosen)[call_id].tags
        assert [(q.topic, q.facet) for q in now.questions] == [(q.topic, q.facet) for q in one.tags.questions]


def test_another_taxonomy_gives_other_tags_and_keeps_the_old_in_short(chosen: Settings) -> None:
    before = results(chosen)
    assert {q.topic for q in before["call-000"].tags.questions} == {"passport"}
    drop_topic(chosen, "passport")
    ids = tuple(before)
    tried = retag.retag(chosen, ids, retag.Wish(dry_run=True), NOW, nothing)
    assert tried.lost["passport"] == 1
    assert results(chosen) == before
    done = retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    assert (done.calls, done.kept, done.read, done.lost["passport"]) == (6, 0, 0, 1)
    assert done.changed == tried.changed
    after = results(chosen)
    assert "passport" not in {q.topic for q in after["call-000"].tags.questions}
    (earlier,) = after["call-000"].earlier
    assert earlier.questions[0].split("/")[0] == "passport"
    versions = {one.provenance.tag_version for one in after.values()}
    assert len(versions) == 1
    assert versions != {earlier.tag_version}
    rows = run_query(
        chosen.work.database, "SELECT version_before, lost FROM retagged_topics WHERE topic = 'passport'"
    ).rows
    assert rows == ((earlier.tag_version, 1),)
    told = run_query(chosen.work.published_database, "SELECT tag_versions, mixed_versions FROM tagging_per_week").rows
    assert told == ((versions.pop(), False),)
    assert retag.retag(chosen, ids, retag.Wish(), NOW, nothing).kept == 6


def test_a_part_that_was_tagged_anew_shows_as_a_mix_until_the_rest_follows(chosen: Settings) -> None:
    ids = tuple(results(chosen))
    drop_topic(chosen, "passport")
    retag.retag(chosen, ids[:2], retag.Wish(), NOW, nothing)
    mixed = "SELECT mixed_versions FROM tagging_per_week"
    assert run_query(chosen.work.published_database, mixed).rows == ((True,),)
    done = retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    assert (done.calls, done.kept) == (6, 2)
    assert run_query(chosen.work.published_database, mixed).rows == ((False,),)


def test_what_was_stopped_before_loading_is_loaded_by_the_next(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = tuple(results(chosen))
    drop_topic(chosen, "passport")
    with monkeypatch.context() as stopped:
        stopped.setattr(run, "catch_up", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    passports = "SELECT count(*) FROM questions WHERE topic = 'passport'"
    assert run_query(chosen.work.database, passports).rows == ((0,),)


def test_vectors_go_with_their_call(chosen: Settings) -> None:
    path = vectors_path(chosen.work.embeddings, "call-003")
    assert path.exists()
    care.forget(chosen, ["call-003"], datetime.now(UTC))
    assert not path.exists()


@pytest.mark.slow
def test_processes_side_by_side_do_the_same(chosen: Settings) -> None:
    """More calls than one process does: copies of the six, tagged by two processes as they were by one."""
    for number in range(6, retag.FEW + 20):
        call_id, source = f"call-{number:03d}", results_of(chosen, f"call-{number % 6:03d}")
        bundle.write_result(chosen.work.results, replace(source, call=replace(source.call, call_id=call_id)))
        vectors = bundle.read_sealed(vectors_path(chosen.work.embeddings, source.call.call_id))
        bundle.write_sealed(vectors_path(chosen.work.embeddings, call_id), vectors)
    before = results(chosen)
    done = retag.retag(chosen, tuple(before), retag.Wish(every=True, workers=2), NOW, nothing)
    assert (done.calls, done.read, done.changed) == (len(before), 0, 0)
    assert results(chosen) == before


def results_of(chosen: Settings, call_id: str) -> CallResult:
    return bundle.read_result(bundle.result_path(chosen.work.results, call_id))


@pytest.mark.slow
def test_the_command_says_what_changed(chosen: Settings, tmp_path: Path) -> None:
    drop_topic(chosen, "passport")
    told = {
        "CALLINSIGHT_WORK__FOLDER": str(chosen.work.folder),
        "CALLINSIGHT_MODELS__TAXONOMY": str(chosen.models.taxonomy),
    }
    tried = callinsight("retag", "--dry-run", cwd=ROOT, **told)
    assert tried.returncode == 0, tried.stderr
    assert "zouden andere labels krijgen" in tried.stdout
    one = callinsight("retag", "call-000", cwd=ROOT, **told)
    assert one.returncode == 0, one.stderr
    assert "1 gesprekken opnieuw bekeken" in one.stdout
    assert "passport" in one.stdout
    missing = callinsight("retag", "call-999", cwd=ROOT, **told)
    assert missing.returncode == 2
    assert "there is no call call-999" in missing.stderr
