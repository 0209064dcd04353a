"""What is recognised of a caller who is on hold: ``python tests/bench/hold.py``, as part of ``make bench-privacy``.

First all bundled calls: no word that was said to somebody may be lost, and how much of the hold music is found. Then
holds that are put into bundled calls, in which the caller talks to somebody else: how much of that would still be
recognised (aim: nothing), and whether words of the call itself are lost (aim: none). ``--calls 20`` takes fewer.
"""

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from callinsight.core.regions import total_ms, without
from callinsight.core.values import Span
from callinsight.engines.speech_regions import SileroRegions, SpeechRegions
from support.calls import recordings, truth_of
from support.holds import UNHINDERED, Held, on_hold, over_music, said, sound_of, stereo_calls

BELOW_DB = (0, 6, 12, 18)


def overlap_ms(span: Span, spans: tuple[Span, ...]) -> int:
    return sum(span.overlap_ms(other) for other in spans)


def words_of(truth: dict[str, Any], found: SpeechRegions) -> Iterator[int]:
    """Milliseconds of each word of the ground truth that the recogniser would get."""
    for turn in truth["turns"]:
        channel = (turn["channel"] or 0) if len(found.per_channel) == 2 else 0
        for word in turn["words"]:
            span = Span(word["start_ms"], max(word["start_ms"] + 1, word["end_ms"]))
            yield overlap_ms(span, found.per_channel[channel])


def bundled(finder: SileroRegions, unhindered: SileroRegions, chosen: list[Path]) -> None:
    """The calls as they are."""
    count: Counter[str] = Counter()
    for recording in chosen:
        truth, waveform = truth_of(recording), sound_of(recording)
        stereo = waveform.channels == 2
        everything = list(words_of(truth, unhindered.find_speech(waveform, bleed=stereo)))
        for known in (True, False) if stereo else (True,):
            agent = truth["agent_channel"] if stereo and known else None
            found = finder.find_speech(waveform, bleed=stereo, agent_channel=agent)
            less = sum(now < then for now, then in zip(words_of(truth, found), everything, strict=True))
            count["words, side known" if known else "words, side unknown"] += len(everything)
            count["words cut, side known" if known else "words cut, side unknown"] += less
        for sound in truth["nonspeech"]:
            if sound["kind"] == "music" and sound["end_ms"] - sound["start_ms"] > 5_000:
                span = Span(sound["start_ms"], sound["end_ms"])
                count["music ms"] += span.duration_ms
                count["music ms found"] += overlap_ms(span, found.hold)
    for name in ("words, side known", "words cut, side known", "words, side unknown", "words cut, side unknown"):
        print(f"{name:32}{count[name]:8}")
    print(f"{'music of over 5 s found as hold':32}{100 * count['music ms found'] / max(1, count['music ms']):7.0f}%\n")


def leaked(found: SpeechRegions, held: Held) -> float:
    """Share of what the caller says on hold that would be recognised."""
    return overlap_ms(held.talk, found.per_channel[1 - held.agent_channel]) / held.talk.duration_ms


def stereo(finder: SileroRegions, unhindered: SileroRegions, chosen: list[Path]) -> None:
    """Holds put into calls with a channel for each side."""
    for name, with_music, known in (("music", True, True), ("music, side unknown", True, False), ("dead", False, True)):
        shares, before, lost_ms = [], [], 0
        for seed, (call, other) in enumerate(zip(chosen, chosen[1:] + chosen[:1], strict=True)):
            held = on_hold(call, other, seed=seed, with_music=with_music)
            agent = held.agent_channel if known else None
            found = finder.find_speech(held.waveform, bleed=True, agent_channel=agent)
            all_of_it = unhindered.find_speech(held.waveform, bleed=True)
            shares.append(leaked(found, held))
            before.append(leaked(all_of_it, held))
            lost_ms += _beside_ms(all_of_it, held) - _beside_ms(found, held)
        share, heard = (100 * sum(values) / len(values) for values in (shares, before))
        print(
            f"stereo, {name:19}{sum(one > 0.02 for one in shares):3} of {len(shares)} holds with speech recognised, "
            f"{share:5.1f}% of it (of which {heard:3.0f}% is heard at all); {lost_ms} ms of the call itself lost"
        )


def _beside_ms(found: SpeechRegions, held: Held) -> int:
    return sum(total_ms(without(spans, (held.hold,))) for spans in found.per_channel)


def mono(finder: SileroRegions, unhindered: SileroRegions, chosen: list[Path]) -> None:
    """A voice between two pieces of music on one line."""
    for below_db in BELOW_DB:
        shares = []
        for seed, call in enumerate(chosen):
            waveform, talk = over_music(said(call, "caller"), seed=seed, below_db=below_db, goes_on=True)
            shares.append(overlap_ms(talk, finder.find(waveform)) / talk.duration_ms)
        print(
            f"mono, music {below_db:2} dB below voice {sum(share > 0.02 for share in shares):6} of {len(shares)} "
            f"holds with speech recognised, {100 * sum(shares) / len(shares):5.1f}% of it"
        )
    lost = 0
    for seed, call in enumerate(chosen):
        waveform, talk = over_music(said(call, "agent"), seed=seed, below_db=12, goes_on=False)
        lost += overlap_ms(talk, finder.find(waveform)) < overlap_ms(talk, unhindered.find(waveform))
    print(f"mono, the agent comes back {lost:9} of {len(chosen)} times speech is lost")


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000, help="take at most so many calls")
    limit = parser.parse_args().calls
    finder, unhindered = SileroRegions(), SileroRegions(waits=UNHINDERED)
    bundled(finder, unhindered, recordings()[:limit])
    chosen = stereo_calls()[: min(limit, 40)]
    stereo(finder, unhindered, chosen)
    mono(finder, unhindered, chosen)


if __name__ == "__main__":
    main()
