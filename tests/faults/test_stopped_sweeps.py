"""A sweep that is stopped anywhere is done again by the next one, and comes to the same."""

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from callinsight import aggregates, bundle, erasure, retention, run, taxonomy_files
from callinsight.ledger import open_ledger
from callinsight.taxonomy_files import load_taxonomy
from support.aged import NOW, call_of, chosen_for, counts, digest, ids, keep
from support.calls import ROOT
from support.opened import holding


@pytest.fixture(scope="module", autouse=True)
def _in_root() -> Iterator[None]:
    """In the repository's folder, with the taxonomy read once, and without publishing, which takes time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(taxonomy_files, "load_taxonomy", cache(load_taxonomy))
        patch.setattr(run, "publish", lambda *_, **__: None)
        yield


class _KilledError(BaseException):
    """Stands for a kill: nobody catches it."""


PLACES = [
    (aggregates, "sync", True),
    (erasure, "delete_calls", False),
    (erasure, "delete_calls", True),
    (erasure, "_remove", True),
    (bundle, "write_result", True),
    (retention, "load_batch", False),
    (run, "publish", False),
    (retention, "compact", False),
]
"""Where a sweep is stopped: before or after a step."""


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "encrypted"])
def several(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Path, bool]:
    """A folder with calls of which words, and all, are past their term; and whether it is encrypted."""
    folder = tmp_path_factory.mktemp("several")
    keep(
        chosen_for(folder, encrypted=request.param),
        [call_of(age, number) for age in (2, 31, 32, 800) for number in range(2)],
    )
    return folder, request.param


@pytest.mark.parametrize(
    ("module", "name", "after"), PLACES, ids=[f"{name}-{'after' if after else 'before'}" for _, name, after in PLACES]
)
def test_stopped_at_any_moment_it_is_done_again(
    tmp_path: Path, several: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch, module: object, name: str, after: bool
) -> None:
    folder, encrypted = several
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    chosen = chosen_for(tmp_path, encrypted=encrypted)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, _killed(getattr(module, name), after))
        with pytest.raises(_KilledError):
            retention.sweep(chosen, NOW)
    retention.sweep(chosen, NOW)
    assert [bundle.read_result(bundle.result_path(chosen.work.results, one)).is_wordless for one in ids(chosen)] == (
        [False] * 2 + [True] * 4
    )
    assert not erasure.is_unclean(chosen.work.database)
    assert holding(chosen.work.folder, "call-0800") == []
    ended = digest(chosen)
    (week,) = (row for row in counts(chosen)["week_calls"] if str(row[0]).startswith("2024"))
    assert week[-1] == 2
    with open_ledger(chosen.work.ledger) as ledger:
        assert sorted(one.state for one in ledger.seen().values()) == ["done"] * 6 + ["expired"] * 2
        assert (ledger.closed_off(), ledger.not_loaded()) == ({}, ())
    run.rebuild(chosen)
    assert digest(chosen) == ended


def _killed(function: Callable[..., object], after: bool) -> Callable[..., object]:
    def instead(*args: object, **kwargs: object) -> object:
        if after:
            function(*args, **kwargs)
        raise _KilledError

    return instead
