"""Ground truth is checked before any engine works, and a fault in it is named without what was said."""

import json
from pathlib import Path
from typing import Any

import pytest

from callinsight import evaluate
from callinsight.errors import SettingsError
from callinsight.settings import Settings
from support.calls import ROOT

SAID = [{"text": "geheim", "start_ms": 0, "end_ms": 500}]
TURN = {"start_ms": 0, "end_ms": 500, "role": "caller", "speaker": "caller-1", "words": SAID}
GOOD: dict[str, Any] = {"layout": "stereo", "duration_ms": 1000, "turns": [TURN]}


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "call.json").write_text(text, encoding="utf-8")
    (tmp_path / "call.wav").write_bytes(b"RIFF")
    sidecar = {"recording_id": "1", "started_at": "2026-09-01T09:12:33+02:00"}
    (tmp_path / "call.json").write_text(json.dumps(sidecar), encoding="utf-8")
    return tmp_path


def told(folder: Path) -> str:
    settings = Settings.model_validate({"models": {"taxonomy": ROOT / "models" / "taxonomy"}})
    with pytest.raises(SettingsError) as caught:
        evaluate.evaluate(settings, folder, lambda _: None)
    assert "geheim" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"questions": [{"topic": "pasport"}]}, "pasport"),
        ({"questions": [{"topic": "passport", "needs": ["flying"]}]}, "flying"),
        ({"questions": [{"topic": "passport", "facet": "flying"}]}, "passport/flying"),
        ({"signals": [{"kind": "angry"}]}, "angry"),
        ({"outcome": "fine"}, "fine"),
    ],
)
def test_a_label_that_is_not_in_the_taxonomy_is_named(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    message = told(folder_with(tmp_path, json.dumps(GOOD | change)))
    assert f"call.json: not in the taxonomy: {named}" in message


@pytest.mark.parametrize("text", ["geheim", '["geheim"]', '{"turns": [{"text": "geheim"}]}', json.dumps({"layout": 1})])
def test_truth_in_another_form_is_refused(tmp_path: Path, text: str) -> None:
    assert "call.json is not in the form of docs/annotations.md" in told(folder_with(tmp_path, text))


def test_truth_without_its_recording_is_said(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, json.dumps(GOOD))
    (folder / "truth" / "call.json").rename(folder / "truth" / "other.json")
    assert "no recording beside the truth folder" in told(folder)


def test_a_folder_without_truth_is_said(tmp_path: Path) -> None:
    assert "there is no ground truth" in told(tmp_path)
