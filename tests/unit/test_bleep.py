"""What a review copy keeps and masks, and the check that refuses one in which something can be heard."""

from dataclasses import replace

import numpy as np
import pytest

from callinsight import review_copy
from callinsight.audio_opus import decode_opus, encode_opus
from callinsight.core.audibility import audible
from callinsight.core.bleep import BleepPlan, BleepRules, away_from_talk, bleep, mixed, plan_bleep
from callinsight.core.regions import Regions
from callinsight.core.values import Redaction, Role, Span, Turn, Waveform, Word
from callinsight.review_copy import CopyRules, Material

RATE = 16_000
EXACT = BleepRules(before_ms=0, after_ms=0, lead_ms=0, trail_ms=0)


def word(start_ms: int, end_ms: int, probability: float = 0.9) -> Word:
    return Word(Span(start_ms, end_ms), "woord", probability)


def voice(seconds: float, channels: int = 1, level: float = 0.1, seed: int = 0) -> Waveform:
    """Noise that swells and dies as syllables do, in the band of a voice."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((channels, int(seconds * RATE)))
    samples = np.apply_along_axis(lambda row: np.convolve(row, np.hanning(9), "same"), 1, samples)
    samples *= 1.2 + np.sin(np.arange(samples.shape[1]) * 2 * np.pi * 4 / RATE)
    return Waveform((samples / np.sqrt(np.mean(samples**2)) * level).astype(np.float32), RATE)


def test_sound_is_kept_around_sure_words_only() -> None:
    words = [[word(1_000, 1_400), word(1_500, 1_900), word(4_000, 4_400, 0.1)], [word(6_000, 6_300)]]
    plan = plan_bleep(words, (), (), 10_000, BleepRules())
    assert plan.kept == ((Span(900, 2_150),), (Span(5_900, 6_550),))
    assert plan.masked == ()


def test_personal_data_is_masked_in_all_channels_with_a_margin() -> None:
    words = [[word(0, 1_000), word(1_000, 2_000), word(2_000, 3_000)], [word(900, 2_100)]]
    plan = plan_bleep(words, [Span(1_000, 2_000)], (), 10_000, BleepRules())
    assert plan.masked == (Span(880, 2_450),)
    assert plan.kept == ((Span(0, 880), Span(2_450, 3_250)), (Span(800, 880),))


def test_the_wordless_stretch_beside_personal_data_is_not_kept() -> None:
    """A part of a name that was not recognised would lie between the name and the next word."""
    rules = replace(BleepRules(), lead_ms=400, trail_ms=400)
    words = [[word(0, 1_000), word(3_000, 3_500), word(6_000, 6_500), word(6_600, 6_900, 0.2), word(9_000, 9_500)]]
    plan = plan_bleep(words, [Span(3_000, 3_500), Span(6_000, 6_500)], (), 12_000, rules)
    assert plan.kept == ((Span(0, 1_000), Span(9_000, 9_900)),)
    assert plan_bleep([[word(0, 500)]], [Span(0, 500)], (), 2_000, rules).kept == ((),)


def test_nothing_is_kept_while_the_caller_waits() -> None:
    hold = (Span(5_000, 15_000), Span(20_000, 30_000), Span(50_000, 60_000))
    caller = Turn(Span(16_000, 18_000), Role.CALLER, (word(16_000, 18_000),))
    agent = Turn(Span(35_000, 36_000), Role.AGENT, (word(35_000, 36_000),))
    away = away_from_talk(hold, (caller, agent), BleepRules())
    assert away == (Span(5_000, 30_000), Span(50_000, 60_000))
    plan = plan_bleep([[*caller.words, *agent.words]], (), away, 60_000, EXACT)
    assert plan.kept == ((agent.span,),)


def test_a_plan_for_other_channels_and_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="channels"):
        bleep(voice(1.0, 2), BleepPlan(((),), ()), EXACT)
    for wrong in ({"before_ms": -1}, {"tone_peak": 0.5}, {"tone_hz": 0.0}, {"sure": 1.5}):
        with pytest.raises(ValueError, match="must not be negative"):
            BleepRules(**wrong)


def test_an_encoded_copy_keeps_its_time_and_its_bytes() -> None:
    original = voice(3.3)
    data = encode_opus(original)
    again = decode_opus(data)
    assert data == encode_opus(original)
    assert abs(again.duration_ms - original.duration_ms) <= 1
    length = min(again.samples.shape[1], original.samples.shape[1])
    assert np.corrcoef(again.samples[0, :length], original.samples[0, :length])[0, 1] > 0.8
    with pytest.raises(ValueError, match="only mono"):
        encode_opus(voice(1.0, 2))
    for wrong in (b"", b"RIFF" + bytes(100), data[:40]):
        with pytest.raises(ValueError, match="no "):
            decode_opus(wrong)


WORDS = [[word(n * 500, n * 500 + 480) for n in range(20)], [word(2_000, 2_400)]]
SECRETS = (Span(1_000, 2_480), Span(5_500, 5_980))


def material(seed: int = 0, level: float = 0.1, source_rate_hz: int = RATE) -> Material:
    redactions = [Redaction("bsn", span, 0) for span in SECRETS]
    turn = Turn(Span(0, 10_000), Role.CALLER, tuple(WORDS[0]))
    return Material(voice(10.0, 2, level, seed), source_rate_hz, WORDS, [turn], redactions)


@pytest.mark.parametrize("level", [0.004, 0.1, 0.6])
def test_a_sound_copy_is_safe(level: float) -> None:
    made = review_copy.make(material(level=level))
    assert made.safe, made.audible
    copy = decode_opus(made.data)
    heard = copy.cut(Span(7_000, 9_000)).samples
    assert np.sqrt(np.mean(heard**2)) > level / 2


def _unmasked(waveform: Waveform, plan: BleepPlan, rules: BleepRules) -> Waveform:
    del plan, rules
    return waveform


def _late(waveform: Waveform, plan: BleepPlan, rules: BleepRules) -> Waveform:
    return bleep(waveform, _moved(plan, 400), rules)


def _one_channel(waveform: Waveform, plan: BleepPlan, rules: BleepRules) -> Waveform:
    copy = bleep(waveform, plan, rules)
    return Waveform(np.stack([copy.samples[0], waveform.samples[1]]), RATE)


def _softer(waveform: Waveform, plan: BleepPlan, rules: BleepRules) -> Waveform:
    copy = bleep(waveform, plan, rules)
    return Waveform(copy.samples + 0.2 * waveform.samples, RATE)


def _first_mask_only(waveform: Waveform, plan: BleepPlan, rules: BleepRules) -> Waveform:
    kept = tuple((*spans, *plan.masked[1:]) for spans in plan.kept)
    return bleep(waveform, BleepPlan(kept, plan.masked[:1]), rules)


def _fills_silence(waveform: Waveform, plan: BleepPlan, rules: BleepRules) -> Waveform:
    return bleep(waveform, BleepPlan((plan.kept[0], (Span(0, 900), Span(6_500, 9_900))), plan.masked), rules)


def _moved(plan: BleepPlan, by_ms: int) -> BleepPlan:
    masked: Regions = tuple(span.shift(by_ms) for span in plan.masked)
    return BleepPlan(tuple(tuple(s.shift(by_ms) for s in spans) for spans in plan.kept), masked)


@pytest.mark.parametrize(
    ("broken", "level"),
    [
        *((broken, level) for broken in (_unmasked, _late, _one_channel, _first_mask_only) for level in (0.01, 0.1)),
        (_softer, 0.1),  # of a whisper the encoder leaves nothing when a fifth of it lies under a tone
    ],
)
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_a_broken_bleeper_is_refused(broken: review_copy.Bleeper, level: float, rate_hz: int) -> None:
    made = review_copy.make(material(level=level, source_rate_hz=rate_hz), CopyRules(bleeper=broken))
    assert not made.safe


def test_sound_where_there_must_be_silence_is_refused() -> None:
    """No word was recognised in the second channel there, so nobody could check what is said."""
    quiet = replace(material(), words=[WORDS[0][:12], WORDS[1]])
    assert review_copy.make(quiet).safe
    assert not review_copy.make(quiet, CopyRules(bleeper=_fills_silence)).safe


def test_a_refused_copy_is_not_kept_and_the_log_says_no_more_than_the_call(caplog: pytest.LogCaptureFixture) -> None:
    kept: dict[str, bytes] = {}
    copier = review_copy.Copier(kept.__setitem__, CopyRules(bleeper=_unmasked))
    assert copier.copy("c123", material()) == "refused"
    assert kept == {}
    assert "no review copy of call c123" in caplog.text
    assert replace(copier, rules=CopyRules()).copy("c123", material()) == "made"
    assert list(kept) == ["c123"]


def test_the_check_wants_two_waveforms_that_can_be_compared() -> None:
    with pytest.raises(ValueError, match="mono"):
        audible(voice(1.0), voice(1.0, 2), (Span(0, 500),))
    with pytest.raises(ValueError, match="sample rate"):
        audible(voice(1.0), Waveform(voice(1.0).samples, 8_000), (Span(0, 500),))


def test_a_copy_that_ends_early_is_silent_there() -> None:
    original = voice(2.0)
    short = Waveform(np.zeros((1, RATE // 2), np.float32), RATE)
    assert audible(original, short, (Span(0, 5_000),), (Span(500, 2_000),)) == ()


def test_channels_are_mixed_without_clipping_over() -> None:
    loud = Waveform(np.full((2, 4), 0.8, np.float32), RATE)
    assert mixed(loud).samples.tolist() == [[1.0] * 4]
    assert mixed(mixed(loud)).channels == 1
