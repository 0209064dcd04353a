"""Verdicts teach the real tagger: one wording that is systematically mistagged comes out right on calls nobody judged.

And what must not happen: verdicts given at random, or too few of them, change nothing.
"""

import random
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from callinsight import (
    assembly,
    bundle,
    decisions,
    labelled_calls,
    registry,
    retag,
    run,
    sealed,
    settings,
    taught_heads,
    teach,
)
from callinsight.core.corrections import Change, Corrections
from callinsight.core.teaching import is_test_call
from callinsight.core.values import CallResult
from callinsight.embeddings import read_vectors
from callinsight.engines.transformers import TransformersTagger
from callinsight.errors import SettingsError, StoreError
from callinsight.settings import Settings
from callinsight.store.query import run_query
from support.calls import ROOT, callinsight
from support.taught import OTHERS, RIGHT_TOPIC, garden_calls, judge, ordinary, review, store_calls, topics_of

NOW = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
JUDGED = 44
GARDEN = [f"tuin-{n:03d}" for n in range(72)]
KNOWN = [f"gewoon-{n:03d}" for n in range(30)]


def nothing(_: object) -> None:
    """Progress that nobody watches."""


def settings_of(folder: Path) -> Settings:
    return settings.load(overrides={"work": {"folder": str(folder)}, "publish": {"k": 1, "files": []}})


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Results and vectors of calls as a night leaves them, and what each is truly about."""
    folder = tmp_path_factory.mktemp("stored") / "work"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("CALLINSIGHT_ENCRYPTION__ENABLED", "false")
        said = dict(zip(GARDEN, garden_calls(settings_of(folder), len(GARDEN)), strict=True))
        truth = dict.fromkeys(GARDEN, RIGHT_TOPIC)
        for call_id, (topic, text) in zip(KNOWN, ordinary(len(KNOWN)), strict=True):
            said[call_id], truth[call_id] = text, topic
        store_calls(settings_of(folder), said)
    return folder, truth


@pytest.fixture(scope="module")
def read_once() -> Callable[..., object]:
    """The model's labelled calls, through the encoder once for all tests."""
    kept: list[object] = []
    real = labelled_calls.read_labelled_calls

    def read(chosen: Settings, tagger: TransformersTagger) -> object:
        if not kept:
            kept.append(real(chosen, tagger))
        return kept[0]

    return read


@pytest.fixture
def chosen(
    stored: tuple[Path, dict[str, str]],
    read_once: Callable[..., object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(teach, "read_labelled_calls", read_once)
    shutil.copytree(stored[0], tmp_path / "work")
    return settings_of(tmp_path / "work")


@pytest.fixture
def truth(stored: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return stored[1]


def results(chosen: Settings) -> dict[str, CallResult]:
    folder = chosen.work.results
    return {one: bundle.read_result(bundle.result_path(folder, one)) for one in bundle.result_ids(folder)}


def judge_well(chosen: Settings, truth: Mapping[str, str]) -> None:
    there = results(chosen)
    for call_id in (*GARDEN[:JUDGED], *KNOWN[:14]):
        judge(chosen, there[call_id], truth[call_id])


def test_enough_verdicts_mend_a_wording_on_calls_that_nobody_judged(chosen: Settings, truth: dict[str, str]) -> None:
    before = results(chosen)
    run.rebuild(chosen)
    unseen = GARDEN[JUDGED:]
    assert not any(RIGHT_TOPIC in topics_of(before[one]) for one in unseen)
    old = assembly.Stamp.of(chosen)
    model = registry.file_digests(ROOT / "models" / "demo" / "tagger")
    judge_well(chosen, truth)

    tried = teach.train(chosen, teach.Wish(dry_run=True), NOW, nothing)
    assert (tried.refusal, tried.name) == (None, None)
    assert not chosen.work.tagger.exists()
    assert assembly.Stamp.of(chosen) == old

    done = teach.train(chosen, teach.Wish(), NOW, nothing)
    assert done.refusal is None
    compared = done.compared
    assert compared is not None
    assert compared.after.topics > compared.before.topics + 0.2
    assert compared.turned.better >= 5
    assert compared.validation is not None
    assert not compared.validation[1].is_worse_than(compared.validation[0], teach.MARGIN)
    sides = [is_test_call(one) for one in {r.call_id for r in decisions.read_reviews(chosen.work.reviews)}]
    assert (done.lesson.taught, done.lesson.tested) == (sides.count(False), sides.count(True))

    new = assembly.Stamp.of(chosen)
    assert new.tag_version != old.tag_version
    ids = tuple(before)
    again = retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    assert again.read == 0  # the encoder stayed as it is, so the stored vectors hold
    after = results(chosen)
    mended = [one for one in unseen if topics_of(after[one]) == {RIGHT_TOPIC}]
    assert len(mended) >= 0.9 * len(unseen)
    kept = [one for one in KNOWN if truth[one] in topics_of(before[one])]
    assert all(truth[one] in topics_of(after[one]) for one in kept)
    assert {one.provenance.tag_version for one in after.values()} == {new.tag_version}
    told = run_query(chosen.work.database, f"SELECT gained FROM retagged_topics WHERE topic = '{RIGHT_TOPIC}'").rows
    assert sum(int(row[0]) for row in told) >= len(mended)  # type: ignore[call-overload]
    assert registry.file_digests(ROOT / "models" / "demo" / "tagger") == model

    second = teach.train(chosen, teach.Wish(), NOW, nothing)
    assert second.refusal is teach.Refusal.NOT_BETTER
    taught_heads.back(chosen.work.tagger, assembly.tagger_base(chosen))
    assert assembly.Stamp.of(chosen) == old
    retag.retag(chosen, ids, retag.Wish(), NOW, nothing)
    assert {one: r.tags for one, r in results(chosen).items()} == {one: r.tags for one, r in before.items()}


def test_a_verdict_on_a_test_call_is_never_trained_on(chosen: Settings, truth: dict[str, str]) -> None:
    judge_well(chosen, truth)
    first = teach.train(chosen, teach.Wish(), NOW, nothing)
    assert first.name is not None
    one = taught_heads.read(chosen.work.tagger, first.name)
    flipped = next(call for call in GARDEN[:JUDGED] if is_test_call(call))
    result = results(chosen)[flipped]
    decisions.remove_reviews(chosen.work.reviews, [flipped])
    review(chosen, flipped, result.tags.questions[0].topic, "passport")
    taught_heads.use(chosen.work.tagger, one.base, taught_heads.ORIGINAL)
    second = teach.train(chosen, teach.Wish(), NOW, nothing)
    assert second.name == first.name  # a digest of all that was learned


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_verdicts_at_random_change_nothing(chosen: Settings, seed: int) -> None:
    draw = random.Random(seed)
    topics = sorted({*OTHERS, RIGHT_TOPIC, "neighbourhood-facilities"})
    old = assembly.Stamp.of(chosen)
    for call_id, result in results(chosen).items():
        topic = result.tags.questions[0].topic
        other = draw.choice([*topics, None, None])
        review(chosen, call_id, topic, None if other == topic else other)
    done = teach.train(chosen, teach.Wish(), NOW, nothing)
    assert done.compared is not None
    assert done.refusal is not None
    assert not chosen.work.tagger.exists()
    assert assembly.Stamp.of(chosen) == old


def test_too_few_verdicts_are_told(chosen: Settings, truth: dict[str, str]) -> None:
    there = results(chosen)
    assert teach.train(chosen, teach.Wish(), NOW, nothing).refusal is teach.Refusal.FEW_TAUGHT
    learning = [one for one in GARDEN if not is_test_call(one)]
    for call_id in learning[:20]:
        judge(chosen, there[call_id], truth[call_id])
    done = teach.train(chosen, teach.Wish(), NOW, nothing)
    assert (done.refusal, done.lesson.tested) == (teach.Refusal.FEW_TESTED, 0)


def test_what_is_worse_on_the_models_own_calls_is_refused(
    chosen: Settings, truth: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_well(chosen, truth)
    monkeypatch.setattr(teach, "MARGIN", -1.0)  # so that whatever is learned counts as worse
    done = teach.train(chosen, teach.Wish(), NOW, nothing)
    assert done.refusal is teach.Refusal.WORSE_ON_VALIDATION
    assert not chosen.work.tagger.exists()


def test_heads_are_sealed_carried_and_refused_for_another_model(
    chosen: Settings, truth: dict[str, str], tmp_path: Path
) -> None:
    judge_well(chosen, truth)
    done = teach.train(chosen, teach.Wish(out=tmp_path / "out"), NOW, nothing)
    assert done.name == str(tmp_path / "out")
    assert not chosen.work.tagger.exists()
    carried = taught_heads.read_from(tmp_path / "out")
    folder, base = chosen.work.tagger, assembly.tagger_base(chosen)
    name = taught_heads.keep(folder, carried)
    assert sealed.sealed_with(sealed.head_of(taught_heads.heads_path(folder, name))) is not None
    taught_heads.use(folder, base, name)
    assert taught_heads.in_use(folder, base) == name
    assert taught_heads.in_use(folder, "another:model") == taught_heads.ORIGINAL
    with pytest.raises(StoreError, match="another tagger"):
        taught_heads.use(folder, "another:model", name)
    with pytest.raises(SettingsError, match="holds no heads"):
        taught_heads.read_from(tmp_path)


OVERLAY = """
version: "1"
add:
  topics:
    x-geveltuin: {label: "Geveltuin", domain: openbare-ruimte, cues: [geveltuin]}
"""


def test_what_an_overlay_adds_is_not_taught_and_moves_nothing_else(chosen: Settings, tmp_path: Path) -> None:
    overlay = tmp_path / "eigen.yaml"
    overlay.write_text(OVERLAY, encoding="utf-8")
    laid = chosen.model_copy(update={"models": chosen.models.model_copy(update={"taxonomy_overlay": overlay})})
    tagger = assembly.build_tagger(laid, taught=False)
    (call, *_) = results(chosen).values()
    vectors = read_vectors(chosen.work.embeddings, call.call.call_id, call.turns, tagger.encoder)
    assert vectors is not None
    change = Change(
        ("x-geveltuin", RIGHT_TOPIC), np.zeros((2, vectors.values.shape[1]), np.float32), np.ones(2, np.float32)
    )
    before = tagger.score(call.turns, vectors)
    after = tagger.taught(Corrections({"topics": change})).score(call.turns, vectors)
    topics = tagger.decider.labels.topics.names
    moved = {topics[column] for column in np.flatnonzero((before.topics != after.topics).any(axis=0))}
    assert moved == {RIGHT_TOPIC}
    for level in ("facets", "needs", "outcome", "signals"):
        assert np.array_equal(getattr(before, level), getattr(after, level)), level

    there = results(chosen)
    for call_id in GARDEN[:JUDGED]:
        review(chosen, call_id, there[call_id].tags.questions[0].topic, "x-geveltuin")
    done = teach.train(laid, teach.Wish(dry_run=True), NOW, nothing)
    assert done.lesson.unused["label"] == JUDGED


@pytest.mark.slow
def test_the_command_tells_the_score_and_goes_back(chosen: Settings, truth: dict[str, str]) -> None:
    told = {"CALLINSIGHT_WORK__FOLDER": str(chosen.work.folder)}
    refused = callinsight("tagger", "train", cwd=ROOT, **told)
    assert refused.returncode == 1, refused.stderr
    assert "Te weinig oordelen" in refused.stdout
    judge_well(chosen, truth)
    done = callinsight("tagger", "train", cwd=ROOT, **told)
    assert done.returncode == 0, done.stderr
    assert "In gebruik: h" in done.stdout
    assert "macro-F1" in done.stdout
    listed = callinsight("tagger", "list", cwd=ROOT, **told)
    assert "in gebruik" in listed.stdout
    back = callinsight("tagger", "use", "--back", cwd=ROOT, **told)
    assert back.returncode == 0, back.stderr
    assert "het model zelf" in back.stdout
    nowhere = callinsight("tagger", "use", "--back", cwd=ROOT, **told)
    assert nowhere.returncode == 2
    assert "nothing to go back to" in nowhere.stderr
