"""What can be heard in review copies: ``python tests/bench/review_copies.py``, as part of ``make bench-privacy``.

First with the true words of the bundled calls: masks as redaction makes them, and masks over runs of words drawn at
random, 1,000 in all. How many of them can be heard in the decoded copy (aim: none)?

Then with the words that the bundled model recognises: how much of the personal data that was really said can be heard
after all? That is limited by recognition: a name that is taken for another word is not masked. ``--calls 20`` takes
fewer calls, ``--masks-only`` leaves this part out. Nothing is kept.
"""

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from callinsight import assembly, audio, inbox, offline, review_copy, settings
from callinsight.audio_opus import decode_opus
from callinsight.core.audibility import audible
from callinsight.core.redaction import redact
from callinsight.core.regions import Regions, joined, total_ms
from callinsight.core.values import CallResult, Redaction, Role, Span, Turn, Waveform, Word
from callinsight.engines import NameSpotter, names
from callinsight.inbox import Recording
from callinsight.privacy_files import load_rules
from callinsight.worker import Job

ROOT = Path(__file__).resolve().parents[2]
CALLS = ROOT / "tests" / "data" / "calls"
MASKS = 1_000
SEED = 20_260_901


@dataclass(frozen=True, slots=True)
class Spoken:
    """A bundled call: its recording, its ground truth, and the true words by channel."""

    recording: Recording
    decoded: audio.Decoded
    truth: dict[str, Any]
    words: tuple[tuple[Word, ...], ...]

    def channel_of(self, turn: int) -> int:
        """The channel in which a turn of the ground truth is heard."""
        return int(self.truth["turns"][turn]["channel"] or 0) if self.decoded.waveform.channels == 2 else 0


def spoken(recording: Recording) -> Spoken:
    """Read a bundled call."""
    decoded = audio.decode(inbox.read_bytes(recording))
    truth = json.loads((CALLS / "truth" / f"{Path(recording.name).stem}.json").read_text(encoding="utf-8"))
    channels: list[list[Word]] = [[] for _ in range(decoded.waveform.channels)]
    for turn in truth["turns"]:
        channel = (turn["channel"] or 0) if len(channels) == 2 else 0
        channels[channel] += words_of(turn)
    return Spoken(recording, decoded, truth, tuple(tuple(sorted(words, key=lambda w: w.span)) for words in channels))


def words_of(turn: dict[str, Any]) -> list[Word]:
    """The words of a turn of the ground truth."""
    return [
        Word(Span(word["start_ms"], max(word["start_ms"] + 1, word["end_ms"])), word["text"], 1.0)
        for word in turn["words"]
    ]


def redactions_of(call: Spoken, rules: Any, spotter: NameSpotter) -> tuple[Redaction, ...]:
    """What redaction finds in the true words."""
    turns = [
        Turn(Span.cover(w.span for w in words_of(t)), Role(t["role"]), tuple(words_of(t))) for t in call.truth["turns"]
    ]
    return redact(turns, rules, spotter.spot([turns])[0]).redactions


def drawn(call: Spoken, rng: random.Random, count: int) -> Iterator[Redaction]:
    """Masks over ``count`` runs of one to twelve words of some channel."""
    for _ in range(count):
        words = rng.choice([channel for channel in call.words if channel])
        first = rng.randrange(len(words))
        run = words[first : first + rng.randint(1, 12)]
        yield Redaction("drawn", Span.cover(word.span for word in run), 0)


def masks(calls: list[Spoken]) -> None:
    """Count the masks that can be heard; print how loud the loudest trace is."""
    rules = load_rules(ROOT / "models/privacy/personal_data.yaml")
    rng = random.Random(SEED)
    counts: Counter[str] = Counter()
    traces: list[float] = []
    spotter = names.load(ROOT / "models/demo/names")
    found = [(call, redactions_of(call, rules, spotter)) for call in calls]
    wanted = MASKS - sum(len(redactions) for _, redactions in found)
    for number, (call, redactions) in enumerate(found):
        share = wanted // len(found) + (number < wanted % len(found))
        for some in (redactions, tuple(drawn(call, rng, max(0, share)))):
            waveform = call.decoded.waveform
            material = review_copy.Material(waveform, call.decoded.source_sample_rate_hz, call.words, (), some)
            made = review_copy.make(material)
            counts["copies"] += 1
            counts["refused"] += not made.safe
            copy = decode_opus(made.data)
            for one in some:
                counts[f"masks, {'drawn' if one.kind == 'drawn' else 'redacted'}"] += 1
                counts["masks audible"] += bool(audible(waveform, copy, (one.span,)))
                traces.append(likeness(waveform, copy, one.span))
    for name in ("masks, redacted", "masks, drawn", "masks audible", "copies", "refused"):
        print(f"{name:22}{counts[name]:7}")
    print(f"likeness to the original (1 is the same): median {np.median(traces):.3f}, highest {max(traces):.3f}\n")


def likeness(original: Waveform, copy: Waveform, span: Span) -> float:
    """The highest correlation of a whole span of the copy with the original, up to 10 ms apart, without 380 to 500 Hz.

    Worked out otherwise than in the check itself: by Fourier transform, and whatever the level.
    """
    heard = _without_tone_band(copy.cut(span).samples[0])
    size = 2 * max(heard.size, 1)
    best = 0.0
    for channel in original.cut(span).samples:
        said = _without_tone_band(channel[: heard.size])
        product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
        near = np.concatenate([product[:160], product[-160:]])
        best = max(best, float(np.abs(near).max() / (np.linalg.norm(heard) * np.linalg.norm(said) + 1e-3)))
    return best


def _without_tone_band(samples: Any) -> Any:
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(samples.size, 1 / 16_000)
    spectrum[(hz > 380) & (hz < 500)] = 0
    return np.fft.irfft(spectrum, samples.size)


def recognised(calls: list[Spoken]) -> None:
    """Make copies with the bundled models, and listen for what was really said."""
    kept: dict[str, bytes] = {}
    engine = assembly.build_worker(settings.load(), copier=review_copy.Copier(kept.__setitem__))
    heard = Heard()
    states: Counter[str] = Counter()
    for first in range(0, len(calls), 16):
        chunk = {f"c{number:03d}": call for number, call in enumerate(calls[first : first + 16], first)}
        for job, outcome in engine.process([job_of(call_id, call) for call_id, call in chunk.items()]):
            state = outcome.review_copy.value if isinstance(outcome, CallResult) else "no result"
            states[state] += 1
            if job.call_id in kept:
                heard.add(chunk[job.call_id], decode_opus(kept.pop(job.call_id)))
        print(f"\r{min(first + 16, len(calls))} of {len(calls)} calls", end="", file=sys.stderr, flush=True)
    seconds = engine.clock.seconds
    print(f"\rcopies by outcome: {dict(states)}")
    print(heard.table())
    print(
        f"making and checking copies took {seconds['review copy'] / sum(seconds.values()):.1%} of the time in engines"
    )


class Heard:
    """How much of what was said can be heard in copies, over all calls."""

    def __init__(self) -> None:
        self.said: Counter[str] = Counter()
        self.audible: Counter[str] = Counter()
        self.passages: Counter[str] = Counter()

    def add(self, call: Spoken, copy: Waveform) -> None:
        """Count one call."""
        personal: list[Span] = []
        for one in call.truth["personal"]:
            words = words_of(call.truth["turns"][one["turn"]])[one["first_word"] : one["last_word"] + 1]
            spans = [word.span for word in words]
            personal += spans
            loud = self._count(one["kind"], call, copy, call.channel_of(one["turn"]), spans)
            self.passages["all"] += 1
            self.passages["any word audible"] += loud > 0
        secret = joined(personal)
        for channel, words_here in enumerate(call.words):
            others = [w.span for w in words_here if not any(w.span.overlap_ms(span) for span in secret)]
            self._count("other speech", call, copy, channel, others)

    def _count(self, kind: str, call: Spoken, copy: Waveform, channel: int, spans: Iterable[Span]) -> int:
        heard_ms = 0
        for span in spans:
            pieces: Regions = audible(call.decoded.waveform.channel(channel), copy, (span,))
            heard_ms += total_ms(pieces)
            self.said[kind] += span.duration_ms
        self.audible[kind] += heard_ms
        return heard_ms

    def table(self) -> str:
        """Share of the time of all words that can be heard, by kind."""
        kinds = sorted(set(self.said) - {"other speech"})
        said, loud = (sum(counts[kind] for kind in kinds) for counts in (self.said, self.audible))
        lines = [f"{'kind':20}{'seconds':>9}{'audible':>9}"]
        rows = [*((kind, self.said[kind], self.audible[kind]) for kind in kinds), ("all personal data", said, loud)]
        rows.append(("other speech", self.said["other speech"], self.audible["other speech"]))
        lines += [f"{kind:20}{all_ms / 1000:9.1f}{part / max(1, all_ms):>9.1%}" for kind, all_ms, part in rows]
        part, whole = self.passages["any word audible"], self.passages["all"]
        lines.append(f"{part} of {whole} names, numbers and the like can be heard at least in part")
        return "\n".join(lines)


def job_of(call_id: str, call: Spoken) -> Job:
    """The call as a night would give it to a worker."""
    metadata = call.recording.metadata
    return Job(
        call_id=call_id,
        recording_ref=f"r{call_id}",
        started_at=metadata.started_at,
        queue=metadata.queue,
        direction=metadata.direction,
        agent_channel=metadata.agent_channel,
        registered_topic=metadata.registered_topic,
        expected_duration_ms=metadata.duration_ms,
        read=lambda: inbox.read_bytes(call.recording),
    )


def main() -> None:
    """Both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, help="only so many calls, by name")
    parser.add_argument("--masks-only", action="store_true", help="no engines: masks over true words alone")
    arguments = parser.parse_args()
    offline.apply()
    os.chdir(ROOT)
    listing = inbox.discover(str(CALLS), inbox.InboxSettings(recursive=False))
    calls = [spoken(recording) for recording in listing.recordings[: arguments.calls]]
    masks(calls)
    if not arguments.masks_only:
        recognised(calls)


if __name__ == "__main__":
    main()
