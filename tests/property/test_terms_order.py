"""Loading, ageing, forgetting and rebuilding come to the same in any order."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from callinsight import care, retention, run, taxonomy_files
from callinsight.taxonomy_files import load_taxonomy
from support.aged import NOW, TODAY, call_of, chosen_for, digest, ids, keep, removed
from support.calls import ROOT


@pytest.fixture(scope="module", autouse=True)
def _in_root() -> Iterator[None]:
    """In the repository's folder, with the taxonomy read once, and without publishing, which takes time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(taxonomy_files, "load_taxonomy", cache(load_taxonomy))
        patch.setattr(run, "publish", lambda *_, **__: None)
        yield


_ages = st.lists(st.sampled_from((1, 29, 31, 100, 731, 761, 763, 800)), min_size=1, max_size=4)
_steps = st.lists(st.one_of(_ages, st.just("age"), st.just("rebuild"), st.integers(0, 3)), min_size=1, max_size=5)


@hypothesis_settings(max_examples=6, deadline=None)
@given(steps=_steps)
def test_any_order_of_loading_ageing_and_forgetting_comes_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[int] | str | int]
) -> None:
    chosen = chosen_for(tmp_path_factory.mktemp("work"))
    number, forgotten, young = 0, set[str](), set[str]()
    for step in steps:
        if isinstance(step, list):
            made = [call_of(age, (number := number + 1)) for age in step]
            young |= {one.call.call_id for one in made if one.call.started_at.date() > TODAY - timedelta(days=700)}
            keep(chosen, made)
        elif isinstance(step, int):
            some = ids(chosen)[step : step + 1]
            forgotten.update(some)
            if some:
                care.forget(chosen, some, NOW)
        elif step == "age":
            retention.sweep(chosen, NOW)
        elif chosen.work.database.exists():
            run.rebuild(chosen)
    if not chosen.work.database.exists():
        return
    retention.sweep(chosen, NOW)
    ended = digest(chosen)
    assert removed(retention.sweep(chosen, NOW)) == {}
    assert digest(chosen) == ended
    assert set(ids(chosen)) >= young - forgotten
    assert not set(ids(chosen)) & forgotten
    run.rebuild(chosen)
    assert digest(chosen) == ended
