"""The page of scores says what was measured, who is served worse, and nothing that was said."""

import re
from datetime import UTC, datetime
from pathlib import Path

from callinsight import score_page, taxonomy_files
from callinsight.evaluate import Evaluation
from callinsight.scoring import LabelScore, summarise

ROOT = Path(__file__).parents[2]
TAXONOMY = taxonomy_files.load_taxonomy(ROOT / "models" / "taxonomy")


def evaluation(**errors: float | None) -> Evaluation:
    scores = {group: {**summarise([]), "wer": error} for group, error in errors.items()}
    labels = [
        LabelScore("topic", "passport", 4, 2, 1),
        LabelScore("facet", "passport/cost", 1, 0, 0),
        LabelScore("topic", "<b>", 0, 1, 0),
    ]
    return Evaluation(scores, dict.fromkeys(scores, 12) | {"few": 3}, 2, labels)


def page(tmp_path: Path, found: Evaluation) -> str:
    path = tmp_path / "new" / "page.html"
    made_at = datetime(2026, 9, 1, 8, 5, tzinfo=UTC)
    score_page.write(path, found, TAXONOMY, profile="demo", folder="gesprekken", made_at=made_at)
    return path.read_text(encoding="utf-8")


def test_the_page_tells_what_was_measured(tmp_path: Path) -> None:
    text = page(tmp_path, evaluation(all=0.123, stereo=0.1))
    assert "01-09-2026 om 08:05" in text
    assert "12,3 %" in text
    assert TAXONOMY.topic_label("passport") in text
    assert "50,0 %" in text  # precision of passport
    assert "25,0 %" in text  # its recall
    assert "2 gesprekken met spraak konden niet worden verwerkt" in text


def test_the_page_needs_nothing_from_outside_and_escapes(tmp_path: Path) -> None:
    text = page(tmp_path, evaluation(all=0.1))
    assert not re.search(r"https?:|src=|<script|url\(", text)
    assert "<b>" not in text
    assert '<html lang="nl">' in text


def test_a_group_that_is_served_worse_is_named(tmp_path: Path) -> None:
    found = evaluation(all=0.10, elderly=0.16, stereo=0.14, few=0.30)
    told = score_page.served_worse(found)
    assert len(told) == 2
    assert "ouderen" in told[0]
    assert "16,0 %" in told[0]
    assert "weinig" not in told[0]
    assert "weinig gesprekken" in told[1]
    assert "Niet iedereen wordt even goed verstaan" in page(tmp_path, found)
    assert "Niet iedereen" not in page(tmp_path, evaluation(all=0.10, elderly=0.14))


def test_what_was_not_measured_is_a_dash() -> None:
    assert score_page.shown("der", None) == "-"
    assert score_page.shown("word_time_error_ms_p50", 51.4) == "51 ms"
