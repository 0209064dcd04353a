"""Score an exported speech model on voices and sentences it never met, through faster-whisper as the product uses it.

    python models/recipes/speech/evaluate.py models/demo/speech --passages 60 --real FOLDER

Prints, and writes into the folder's card.json: word and character error rate, median error of word starts and ends,
words written per hour of music, tones, ringing and silence, and the word error rate on real clips where a folder of
them is given.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import difflib
import json
import re
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
from faster_whisper import WhisperModel, decode_audio
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from callinsight.engines.faster_whisper import open_model
from calls.line import hold_music, noise, ring_tone, telephone, tones
from calls.voices import VOICES
from speech.data import sentence_source, spoken_passage
from speech.recordings import clips_of

Samples = NDArray[np.float32]
TimedWords = tuple[tuple[str, int, int], ...]

# Test variants that an earlier training heard, from which the bundled weights went on (README.md).
HEARD_BEFORE = frozenset({"m5", "f3", "linda", "Andrea", "Marco", "Jacky"})

# What worked best on held-out passages; `callinsight` uses the same.
SETTINGS = {
    "language": "nl",
    "beam_size": 5,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "without_timestamps": False,
    "word_timestamps": True,
    "no_speech_threshold": 0.1,
    "log_prob_threshold": None,
    "compression_ratio_threshold": None,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Clip:
    """float32 [n] at 16 kHz, shorter than 30 s, and what is said in it."""

    samples: Samples
    words: TimedWords
    variant: str = ""


def plain(text: str) -> str:
    """Lower case, letters and digits only, single blanks."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower().replace("'", "")).split())


def speech_clips(count: int, seed: int, text: str, longest_ms: int) -> Iterator[Clip]:
    """Test voices saying test sentences over a line, each clip up to `longest_ms`."""
    rng = np.random.default_rng(seed)
    sentence = sentence_source(text, "test", seed)
    voices = [voice for voice in VOICES if voice.split == "test"]
    for i in range(count):
        voice = voices[i % len(voices)]
        spoken = spoken_passage(rng, voice, sentence, int(rng.integers(4000, longest_ms + 1)))
        words = tuple(word for utterance in spoken.utterances for word in utterance.words)
        yield Clip(telephone(spoken.samples, rng), words, voice.variant)


def other_clips(minutes: float, seed: int) -> Iterator[Clip]:
    """Lines on which nobody speaks, 28 s each."""
    rng = np.random.default_rng(seed)
    for i in range(round(minutes * 60 / 28)):
        make = (hold_music, noise, ring_tone, tones)[i % 4]
        yield Clip(telephone(make(rng, 28_000), rng), ())


def recognised(model: WhisperModel, clip: Clip, settings: dict[str, object]) -> TimedWords:
    segments, _ = model.transcribe(clip.samples, **settings)
    return tuple(
        (plain(word.word), round(word.start * 1000), round(word.end * 1000))
        for segment in segments
        for word in segment.words or ()
        if plain(word.word)
    )


def time_errors(truth: TimedWords, heard: TimedWords) -> list[tuple[int, int]]:
    """(start, end) errors in ms of the words that both have in common."""
    matcher = difflib.SequenceMatcher(a=[w for w, _, _ in truth], b=[w for w, _, _ in heard], autojunk=False)
    return [
        (abs(truth[block.a + i][1] - heard[block.b + i][1]), abs(truth[block.a + i][2] - heard[block.b + i][2]))
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    ]


def _error_rates(clips: list[Clip], heard: list[TimedWords]) -> tuple[float, float]:
    """Word and character error in percent."""
    said = [plain(" ".join(w for w, _, _ in clip.words)) for clip in clips]
    written = [" ".join(w for w, _, _ in words) for words in heard]
    return round(100 * jiwer.wer(said, written), 1), round(100 * jiwer.cer(said, written), 1)


def speech_scores(model: WhisperModel, clips: list[Clip], settings: dict[str, object]) -> dict[str, float]:
    """Error rates in percent, times in ms; `real_time_factor` is seconds of work for a second of sound."""
    started = time.monotonic()
    heard = [recognised(model, clip, settings) for clip in clips]
    spent = time.monotonic() - started
    word_error, character_error = _error_rates(clips, heard)
    new = [i for i, clip in enumerate(clips) if clip.variant not in HEARD_BEFORE]
    errors = [e for clip, words in zip(clips, heard, strict=True) for e in time_errors(clip.words, words)]
    return {
        "word_error_percent": word_error,
        "character_error_percent": character_error,
        "word_error_percent_never_heard_variants": _error_rates([clips[i] for i in new], [heard[i] for i in new])[0],
        "word_start_error_ms_p50": statistics.median(e for e, _ in errors) if errors else float("nan"),
        "word_end_error_ms_p50": statistics.median(e for _, e in errors) if errors else float("nan"),
        "words": sum(len(clip.words) for clip in clips),
        "real_time_factor": round(spent / sum(len(clip.samples) / 16_000 for clip in clips), 3),
    }


def words_per_hour(model: WhisperModel, clips: list[Clip], settings: dict[str, object]) -> float:
    """Words written where nobody speaks."""
    words = sum(len(recognised(model, clip, settings)) for clip in clips)
    return round(words / (sum(len(clip.samples) for clip in clips) / 16_000 / 3600), 1)


def real_clips(folder: Path, count: int) -> list[Clip]:
    """Recordings of real people reading: a folder per voice with FLAC files and transcripts.csv. Without word times."""
    rows = []
    for table in sorted(folder.glob("*/transcripts.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            rows += [(table.parent / row["file"], row["text"]) for row in csv.DictReader(lines)]
    chosen = rows[:: max(1, len(rows) // count)][:count]
    return [Clip(decode_audio(str(path)), tuple((w, 0, 0) for w in plain(text).split())) for path, text in chosen]


def recorded_clips(folder: Path, count: int, longest_ms: int) -> list[Clip]:
    """Turns of stereo recordings with ground truth, on their own channel, cut where the truth says."""
    clips: list[Clip] = []
    for truth in sorted((folder / "truth").glob("*.json")):
        if json.loads(truth.read_text(encoding="utf-8"))["layout"] == "stereo":
            for samples, said in clips_of(truth, longest_ms):
                clips.append(Clip(samples, tuple(word for utterance in said for word in utterance.words)))
    return clips[:: max(1, len(clips) // count)][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=64)
    parser.add_argument("--longest-ms", type=int, default=12_000, help="of a window that is recognised at once")
    parser.add_argument("--minutes", type=float, default=30.0, help="of lines without speech")
    parser.add_argument("--text", choices=("words", "calls"), default="calls")
    parser.add_argument("--real", type=Path, help="a folder with real clips")
    parser.add_argument("--recordings", type=Path, help="a folder of recordings with ground truth")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--card", action="store_true", help="write the figures into the folder's card.json")
    options = parser.parse_args()
    model = open_model(options.folder, cpu_threads=1)
    clips = list(speech_clips(options.passages, options.seed, options.text, options.longest_ms))
    scores: dict[str, object] = dict(speech_scores(model, clips, SETTINGS))
    if options.minutes:
        silence = list(other_clips(options.minutes, options.seed))
        scores["words_per_hour_without_speech"] = words_per_hour(model, silence, SETTINGS)
    if options.recordings:
        calls = speech_scores(model, recorded_clips(options.recordings, options.passages, options.longest_ms), SETTINGS)
        scores["bundled_calls_word_error_percent"] = calls["word_error_percent"]
        scores["bundled_calls_word_start_error_ms_p50"] = calls["word_start_error_ms_p50"]
    if options.real:
        real = speech_scores(model, real_clips(options.real, 60), SETTINGS)
        scores["real_voices_word_error_percent"] = real["word_error_percent"]
        scores["real_voices_character_error_percent"] = real["character_error_percent"]
    print(json.dumps(scores, indent=2))
    if options.card:
        path = options.folder / "card.json"
        card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        card |= {"window_ms": options.longest_ms, "scores": scores}
        path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
