"""What the recogniser writes for what is said: counted on training speech, for models that must read its words.

    python models/recipes/speech/confusions.py models/demo/speech models/recipes/tagger/misheard.json --minutes 240

Windows of up to 8 s out of the pools of data.py are recognised, and each stretch in which the words differ is counted:
`{"said": {"heard": count}}`, with the share of words that came out wrong. Only generated sentences are in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import ctranslate2
import jiwer
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech.data import BUILD, Passage, Pool
from speech.evaluate import plain

WINDOW_FRAMES = 800
LONGEST_WORDS = 3  # a stretch of more wrong words says nothing about any of them
BATCH = 16
_PROMPT = ("<|startoftranscript|>", "<|nl|>", "<|transcribe|>", "<|notimestamps|>")


def windows(pool: Pool, passage: Passage) -> Iterator[tuple[NDArray[np.float32], str]]:
    """Runs of whole utterances that fit in a window, as Whisper's features [80, WINDOW_FRAMES], and what is said."""
    mel = pool.mel[passage.first : passage.first + passage.count].astype(np.float32)
    run: list[tuple[int, int, str]] = []
    for utterance in (*passage.utterances, None):
        ends = utterance is None or (run and utterance.end_ms - run[0][0] > WINDOW_FRAMES * 10 - 400)
        if ends and run and run[-1][1] - run[0][0] <= WINDOW_FRAMES * 10 - 400:
            first = max(0, run[0][0] // 10 - 20)
            sound = mel[first : min(len(mel), run[-1][1] // 10 + 20)][:WINDOW_FRAMES]
            scaled = (np.maximum(sound, sound.max() - 8.0) + 4.0) / 4.0
            yield np.pad(scaled, ((0, WINDOW_FRAMES - len(scaled)), (0, 0))).T, plain(" ".join(t for _, _, t in run))
        if utterance is not None:
            said = (utterance.start_ms, utterance.end_ms, " ".join(text for text, _, _ in utterance.words))
            run = [said] if ends else [*run, said]


def recognised(model: ctranslate2.models.Whisper, pieces: Tokenizer, batch: Iterable[NDArray[np.float32]]) -> list[str]:
    """The text of each window, by the best guess at every step."""
    features = np.ascontiguousarray(np.stack(list(batch)), np.float32)
    found = model.generate(
        ctranslate2.StorageView.from_array(features), [list(_PROMPT)] * len(features), beam_size=1, max_length=120
    )
    return [plain(pieces.decode(one.sequences_ids[0])) for one in found]


def count(said: str, heard: str, table: dict[str, Counter[str]]) -> tuple[int, int]:
    """Adds every differing stretch of a window to the table; gives the words said, and those of them that differ."""
    aligned = jiwer.process_words(said, heard)
    words, written, wrong = said.split(), heard.split(), 0
    stretch: list[list[int]] = []
    for chunk in aligned.alignments[0]:
        span = [chunk.ref_start_idx, chunk.ref_end_idx, chunk.hyp_start_idx, chunk.hyp_end_idx]
        if chunk.type == "equal":
            stretch = []
            continue
        wrong += span[1] - span[0]
        if stretch:  # a substitution beside a deletion or an insertion is one misunderstanding
            table[" ".join(words[slice(*stretch[-1][:2])])][" ".join(written[slice(*stretch[-1][2:])])] -= 1
            span = [stretch[-1][0], span[1], stretch[-1][2], span[3]]
        stretch.append(span)
        table.setdefault(" ".join(words[span[0] : span[1]]), Counter())[" ".join(written[span[2] : span[3]])] += 1
    return len(words), wrong


def kept(table: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    """Short stretches of words, each with what was written for it, most frequent first."""
    found = {}
    for said, heard in sorted(table.items()):
        short = {h: n for h, n in heard.most_common() if n > 0 and len(h.split()) <= LONGEST_WORDS + 1}
        if said and short and len(said.split()) <= LONGEST_WORDS:
            found[said] = short
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the speech model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=240.0)
    parser.add_argument("--pools", default="train-*", help="which pools of the build folder to read")
    parser.add_argument("--build", type=Path, default=BUILD)
    options = parser.parse_args()
    model = ctranslate2.models.Whisper(str(options.folder), device="cpu", compute_type="int8", intra_threads=1)
    pieces = Tokenizer.from_file(str(options.folder / "tokenizer.json"))
    pools = [Pool.load(path.with_suffix("")) for path in sorted(options.build.glob(f"{options.pools}.json"))]
    said = [one for pool in pools for passage in pool.passages for one in windows(pool, passage)]
    chosen = said[:: max(1, round(len(said) / (options.minutes * 60_000 / (WINDOW_FRAMES * 10))))]
    table: dict[str, Counter[str]] = {}
    words = wrong = 0
    for at in range(0, len(chosen), BATCH):
        batch = chosen[at : at + BATCH]
        for (_, text), heard in zip(batch, recognised(model, pieces, [mel for mel, _ in batch]), strict=True):
            if text:
                more, missed = count(text, heard, table)
                words, wrong = words + more, wrong + missed
    share = round(wrong / max(1, words), 3)
    content = {"words": words, "wrong_share": share, "misheard": kept(table)}
    options.out.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{words} words, {share:.1%} of them wrong, {len(content['misheard'])} stretches")


if __name__ == "__main__":
    main()
