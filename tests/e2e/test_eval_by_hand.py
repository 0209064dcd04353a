"""`callinsight eval` on ground truth made by hand: the same call scores the same from a TextGrid as from JSON."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from praatio import textgrid

from support.calls import CALLS, ROOT, callinsight

TIER_OF = {"agent": "medewerker", "caller": "beller", "system": "systeem"}
KEYS = ("wer", "word_time_error_ms_p50", "role_accuracy", "wrong_speaker_words", "topic_f1_macro", "need_f1_micro")


def short_stereo_call() -> Path:
    """The ground truth of the shortest bundled stereo call in which something is asked."""
    found = []
    for path in sorted((CALLS / "truth").glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["layout"] == "stereo" and document["questions"]:
            found.append((document["duration_ms"], path))
    return min(found)[1]


def as_textgrid(document: dict[str, Any], path: Path) -> None:
    """The truth as somebody would write it down in Praat."""
    end = document["duration_ms"] / 1000
    tiers: dict[str, list[tuple[float, float, str]]] = {}
    for turn in document["turns"]:
        name = TIER_OF[turn["role"]]
        tiers.setdefault(name, []).append((turn["start_ms"] / 1000, turn["end_ms"] / 1000, turn["text"]))
        words = tiers.setdefault(f"{name} woorden", [])
        words += [(w["start_ms"] / 1000, w["end_ms"] / 1000, w["text"]) for w in turn["words"]]
    asked = document["questions"]
    step = end / (len(asked) + 1)
    tiers["vraag"] = [
        (i * step, (i + 1) * step, f"{q['topic']}/{q['facet']}" if q["facet"] else q["topic"])
        for i, q in enumerate(asked)
    ]
    needs = sorted({need for q in asked for need in q["needs"]})
    if needs:
        tiers["behoefte"] = [(i * end / len(needs), (i + 1) * end / len(needs), need) for i, need in enumerate(needs)]
    made = textgrid.Textgrid()
    for name, entries in tiers.items():
        made.addTier(textgrid.IntervalTier(name, entries, 0.0, end))
    made.save(str(path), "long_textgrid", includeBlankSpaces=True)


@pytest.mark.slow
def test_a_textgrid_gives_the_figures_of_the_json_it_stands_for(tmp_path: Path) -> None:
    truth = short_stereo_call()
    document = json.loads(truth.read_text(encoding="utf-8"))
    scores = {}
    for form in ("json", "TextGrid"):
        folder = tmp_path / form
        (folder / "truth").mkdir(parents=True)
        shutil.copy(CALLS / document["recording"], folder)
        shutil.copy(CALLS / f"{truth.stem}.json", folder)
        if form == "json":
            shutil.copy(truth, folder / "truth")
        else:
            as_textgrid(document, folder / "truth" / f"{truth.stem}.TextGrid")
        page, figures = folder / "page.html", folder / "scores.json"
        done = callinsight("eval", str(folder), "--json", str(figures), "--page", str(page), cwd=ROOT)
        assert done.returncode == 0, done.stderr[-2000:]
        scores[form] = json.loads(figures.read_text(encoding="utf-8"))
        assert document["turns"][0]["words"][0]["text"] not in done.stdout, "a word of the call is printed"
    assert scores["json"]["wer"] is not None
    assert {key: scores["TextGrid"][key] for key in KEYS} == {key: scores["json"][key] for key in KEYS}
