"""Models are found by name, and changed or missing files are noticed."""

import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from callinsight import registry
from callinsight.errors import ModelError
from callinsight.registry import Registry

ROOT = Path(__file__).parents[2]
TOML = """
[profiles.mine]
speech = "a"
speakers = "a"
tagger = "b"
[models.a]
engine = "faster_whisper"
path = "models/demo/a"
licence = "EUPL-1.2"
languages = ["nl"]
[models.b]
engine = "transformers"
hub = "somebody/b"
"""


@pytest.fixture
def models(tmp_path: Path) -> Registry:
    folder = tmp_path / "models" / "demo" / "a"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    (tmp_path / "models" / "registry.toml").write_text(TOML)
    return registry.load(tmp_path / "models" / "registry.toml", tmp_path / "models" / "pulled")


def test_a_profile_names_its_models(models: Registry) -> None:
    assert models.profile("mine")["tagger"].hub == "somebody/b"
    with pytest.raises(ModelError, match="known are mine"):
        models.profile("yours")


def test_a_model_that_is_not_there_says_how_to_get_it(models: Registry) -> None:
    with pytest.raises(ModelError, match="callinsight models pull b"):
        models.require(models.entry("b"))


def test_a_profile_may_leave_out_the_model_for_names(models: Registry, tmp_path: Path) -> None:
    assert "names" not in models.profile("mine")
    (tmp_path / "with.toml").write_text(TOML.replace('tagger = "b"', 'tagger = "b"\nnames = "b"'))
    assert registry.load(tmp_path / "with.toml", tmp_path).profile("mine")["names"].hub == "somebody/b"


def test_verify_sees_every_change(models: Registry) -> None:
    entry = models.entry("a")
    folder = models.folder_of(entry)
    assert registry.verify(models, entry) == ["a: not in lock.json"]
    registry.write_lock(models, entry, None)
    assert registry.verify(models, entry) == []
    before = registry.digest_of(models, entry)
    (folder / "model.bin").write_bytes(b"other")
    (folder / "extra.bin").write_bytes(b"")
    (folder / "config.json").unlink()
    assert registry.verify(models, entry) == [
        "a: config.json is missing",
        "a: extra.bin is not in the lock",
        "a: model.bin differs",
    ]
    registry.write_lock(models, entry, None)
    assert registry.digest_of(models, entry) != before


class Hub:
    """Stands in for the hub's client: it cannot be reached from where the tests run."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def model_info(self, name: str, revision: str | None = None) -> SimpleNamespace:
        if self.error:
            raise self.error
        return SimpleNamespace(sha=f"{name}-main")

    def snapshot(self, name: str, *, revision: str, local_dir: Path) -> None:
        local_dir.mkdir(parents=True)
        (local_dir / "model.safetensors").write_text(f"{name} {revision}")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    import huggingface_hub

    made = Hub()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: made)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", made.snapshot)
    return made


def test_pull_fetches_pins_and_verifies(models: Registry, hub: Hub) -> None:
    said: list[str] = []
    registry.pull(models, models.models.values(), said.append)
    assert said == ["a: bundled, nothing to fetch", "b: revision somebody/b-main"]
    assert registry.verify(models, models.entry("b")) == []
    assert registry.read_lock(models.lock_file(models.entry("b")))["b"]["revision"] == "somebody/b-main"


def test_a_hub_that_cannot_be_reached_says_what_to_do(models: Registry, hub: Hub) -> None:
    hub.error = ConnectionError("no route")
    with pytest.raises(ModelError, match="models export"):
        registry.pull(models, [models.entry("b")], print)
    assert not models.folder_of(models.entry("b")).exists()


def test_export_packs_what_was_verified(models: Registry, tmp_path: Path) -> None:
    entry = models.entry("a")
    with pytest.raises(ModelError, match=r"lock\.json"):
        registry.export(models, [entry], tmp_path / "models.tar")
    registry.write_lock(models, entry, None)
    assert registry.export(models, [entry], tmp_path / "models.tar") == ["a"]
    with tarfile.open(tmp_path / "models.tar") as archive:
        assert {"models/demo/a/model.bin", "models/demo/lock.json"} <= set(archive.getnames())


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[models.a]\nengine = 'x'\n", "either a path or a hub name"),
        ("[profiles.p]\nspeech = 'a'\n", "must name exactly"),
        ("[profiles.p]\nspeech='a'\nspeakers='a'\ntagger='a'\nname='a'\n", "must name exactly"),
        ("[profiles.p]\nspeech='a'\nspeakers='a'\ntagger='a'\n", "no model 'a'"),
        ("[models", "not valid TOML"),
    ],
)
def test_a_registry_that_makes_no_sense_is_refused(tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "registry.toml").write_text(toml)
    with pytest.raises(ModelError, match=said):
        registry.load(tmp_path / "registry.toml", tmp_path)


def test_a_damaged_lock_is_named(models: Registry) -> None:
    models.lock_file(models.entry("a")).write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        registry.verify(models, models.entry("a"))


@pytest.mark.parametrize("part", registry.PARTS)
def test_the_bundled_models_are_as_pinned(part: registry.Part) -> None:
    ours = registry.load(ROOT / "models/registry.toml", ROOT / "models/pulled")
    assert registry.verify(ours, ours.profile("demo")[part]) == []


def test_the_profiles_for_real_calls_are_there() -> None:
    ours = registry.load(ROOT / "models/registry.toml", ROOT / "models/pulled")
    assert ours.profile("cpu")["speech"].hub == "Systran/faster-whisper-small"
    assert ours.profile("gpu")["speech"].hub == "Systran/faster-whisper-large-v2"
    assert ours.profile("gpu")["speakers"].hub == "pyannote/speaker-diarization-community-1"


def test_the_bundled_models_stay_small() -> None:
    total = sum(path.stat().st_size for path in (ROOT / "models/demo").rglob("*") if path.is_file())
    assert total < 60_000_000
