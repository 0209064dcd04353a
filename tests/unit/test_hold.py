"""What a caller says while on hold is dropped before recognition; what is said to the agent is not."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

from callinsight.core.regions import total_ms, without
from callinsight.core.values import Span
from callinsight.engines.speech_regions import SileroRegions
from support.calls import truth_of
from support.holds import UNHINDERED, on_hold, over_music, said, stereo_calls


@pytest.fixture(scope="module")
def finder() -> SileroRegions:
    return SileroRegions()


@pytest.fixture(scope="module")
def two_calls() -> tuple[Path, Path]:
    """Two short ones in which both sides say more than a few words."""
    first, second, *_ = sorted(stereo_calls(), key=lambda path: truth_of(path)["duration_ms"])[20:]
    return first, second


def overlap_ms(span: Span, spans: tuple[Span, ...]) -> int:
    return sum(span.overlap_ms(other) for other in spans)


@pytest.mark.parametrize("with_music", [True, False])
def test_what_a_caller_says_on_hold_is_dropped_and_the_call_is_not(
    finder: SileroRegions, two_calls: tuple[Path, Path], with_music: bool
) -> None:
    held = on_hold(*two_calls, seed=3, with_music=with_music, seconds=24)
    found = finder.find_speech(held.waveform, bleed=True, agent_channel=held.agent_channel)
    assert overlap_ms(held.talk, found.per_channel[1 - held.agent_channel]) == 0
    assert overlap_ms(held.talk, found.hold) == held.talk.duration_ms
    everything = SileroRegions(waits=UNHINDERED).find_speech(held.waveform, bleed=True)
    assert overlap_ms(held.talk, everything.per_channel[1 - held.agent_channel]) > 0.8 * held.talk.duration_ms
    for now, then in zip(found.per_channel, everything.per_channel, strict=True):
        lost = without(without(then, (held.hold,)), now)
        assert total_ms(lost) <= 200, "more than the margin that is kept around a word"


def test_music_tells_also_when_nobody_knows_whose_line_it_is(
    finder: SileroRegions, two_calls: tuple[Path, Path]
) -> None:
    held = on_hold(*two_calls, seed=4, seconds=24)
    found = finder.find_speech(held.waveform, bleed=True)
    assert overlap_ms(held.talk, found.per_channel[1 - held.agent_channel]) == 0


@pytest.mark.parametrize("below_db", [0, 6])
def test_a_voice_on_hold_music_in_mono_is_dropped(
    finder: SileroRegions, two_calls: tuple[Path, Path], below_db: int
) -> None:
    waveform, talk = over_music(said(two_calls[1], "caller"), seed=1, below_db=below_db, goes_on=True)
    assert overlap_ms(talk, finder.find(waveform)) < 0.02 * talk.duration_ms


def test_an_agent_who_comes_back_between_two_holds_in_mono_is_heard(
    finder: SileroRegions, two_calls: tuple[Path, Path]
) -> None:
    waveform, talk = over_music(said(two_calls[1], "agent"), seed=1, below_db=12, goes_on=False)
    assert overlap_ms(talk, finder.find(waveform)) > 0.9 * talk.duration_ms
