"""Taught heads are kept under a digest of their content; switching is atomic and can be undone."""

import json
from pathlib import Path

import numpy as np
import pytest

from callinsight import taught_heads
from callinsight.core.corrections import Change, Corrections
from callinsight.errors import SettingsError, StoreError
from callinsight.taught_heads import ORIGINAL, TaughtHeads

BASE = "demo-tagger:aa"


def heads(bias: float, base: str = BASE) -> TaughtHeads:
    change = Change(("dog", "pests"), np.ones((2, 3), np.float32), np.array([bias, 0], np.float32), {"dog": 0.4})
    return TaughtHeads(Corrections({"topics": change}), base, {"calls": 12, "taught_at": "2026-12-01T06:00:00+00:00"})


def test_what_was_kept_is_read_again_under_one_name(tmp_path: Path) -> None:
    name = taught_heads.keep(tmp_path, heads(1.0))
    assert taught_heads.keep(tmp_path, heads(1.0)) == name
    found = taught_heads.read(tmp_path, name)
    assert found.corrections.changes["topics"].bias.tolist() == [1.0, 0.0]
    assert found.corrections.changes["topics"].thresholds == {"dog": 0.4}
    assert (found.base, found.about["calls"]) == (BASE, 12)
    assert found.taught_at is not None
    assert taught_heads.known(tmp_path) == [name]
    assert taught_heads.in_use(tmp_path, BASE) == ORIGINAL
    assert taught_heads.heads_path(tmp_path, name).stat().st_mode & 0o777 == 0o600


def test_switching_there_and_back(tmp_path: Path) -> None:
    one, two = taught_heads.keep(tmp_path, heads(1.0)), taught_heads.keep(tmp_path, heads(2.0))
    taught_heads.use(tmp_path, BASE, one)
    two = taught_heads.keep(tmp_path, heads(2.0))
    taught_heads.use(tmp_path, BASE, two)
    assert taught_heads.in_use(tmp_path, BASE) == two
    assert taught_heads.in_use(tmp_path, "demo-tagger:bb") == ORIGINAL
    assert taught_heads.back(tmp_path, BASE) == one
    assert taught_heads.back(tmp_path, BASE) == ORIGINAL
    with pytest.raises(SettingsError, match="nothing to go back"):
        taught_heads.back(tmp_path, BASE)


def test_old_heads_go_away(tmp_path: Path) -> None:
    names = []
    for number in range(taught_heads.MOST_KEPT + 3):
        names.append(taught_heads.keep(tmp_path, heads(float(number))))
        taught_heads.use(tmp_path, BASE, names[-1])
    assert taught_heads.known(tmp_path) == sorted(names[-taught_heads.MOST_KEPT :])


def test_what_is_damaged_or_foreign_is_refused(tmp_path: Path) -> None:
    name = taught_heads.keep(tmp_path, heads(1.0))
    with pytest.raises(StoreError, match="another tagger"):
        taught_heads.use(tmp_path, "demo-tagger:bb", name)
    path = taught_heads.heads_path(tmp_path, name)
    for data in (b"", b"nonsense", path.read_bytes()[:60]):
        path.write_bytes(data)
        with pytest.raises(StoreError, match="missing or damaged"):
            taught_heads.read(tmp_path, name)
    (tmp_path / "in_use.json").write_text(json.dumps(["no", "history"]), encoding="utf-8")
    with pytest.raises(StoreError, match="damaged"):
        taught_heads.in_use(tmp_path, BASE)
