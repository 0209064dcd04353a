"""A Praat TextGrid made by hand is ground truth; a slip of the pen is named."""

import itertools
from pathlib import Path

import pytest
from praatio import textgrid

from callinsight import annotations
from callinsight.errors import SettingsError
from callinsight.scoring import Truth

Tiers = dict[str, list[tuple[float, float, str]]]

TIERS: Tiers = {
    "Medewerker": [(0.0, 2.0, "goedemorgen met de gemeente"), (6.0, 7.0, "dag")],
    "beller": [(1.8, 5.0, "mijn naam is  jansen")],
    "vraag": [(2.0, 5.0, "passport/cost")],
    "behoefte": [(2.0, 5.0, "travel")],
    "signaal": [(2.0, 5.0, "repeat-call")],
    "afloop": [(6.0, 7.0, "handled")],
    "gegeven": [(4.0, 5.0, "person_name")],
    "groep": [(0.0, 1.0, "elderly")],
}


def grid(path: Path, tiers: Tiers, form: str = "long_textgrid") -> Path:
    made = textgrid.Textgrid()
    for name, entries in tiers.items():
        made.addTier(textgrid.IntervalTier(name, entries, 0.0, 8.0))
    made.save(str(path), form, includeBlankSpaces=True)
    return path


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_every_tier_arrives(tmp_path: Path, form: str) -> None:
    document = annotations.read_textgrid(grid(tmp_path / "call.TextGrid", TIERS, form))
    truth = Truth.from_document({"layout": "mono"} | document)
    assert [(turn.role.value, turn.span.start_ms, turn.span.end_ms) for turn in truth.turns] == [
        ("agent", 0, 2000),
        ("caller", 1800, 5000),
        ("agent", 6000, 7000),
    ]
    assert [word.text for word in truth.turns[1].words] == ["mijn", "naam", "is", "jansen"]
    assert truth.topics == {"passport"}
    assert truth.facets == {("passport", "cost")}
    assert truth.needs == {"travel"}
    assert truth.signals == {"repeat-call"}
    assert truth.outcome == "handled"
    assert [(span.start_ms, span.end_ms) for span in truth.personal] == [(4000, 5000)]
    assert truth.speaker_group == "elderly"
    assert not truth.words_timed


def test_words_without_times_share_their_turn_and_lie_in_it(tmp_path: Path) -> None:
    document = annotations.read_textgrid(grid(tmp_path / "call.TextGrid", TIERS))
    words = document["turns"][0]["words"]
    assert words[0]["start_ms"] == 0
    assert words[-1]["end_ms"] == 2000
    assert all(a["end_ms"] == b["start_ms"] for a, b in itertools.pairwise(words))


def test_words_with_times_keep_them(tmp_path: Path) -> None:
    tiers: Tiers = {"beller": [(1.0, 3.0, "ja hoor")], "beller woorden": [(1.1, 1.4, "ja"), (2.0, 2.9, "hoor")]}
    document = annotations.read_textgrid(grid(tmp_path / "call.TextGrid", tiers))
    assert document["words_timed"]
    assert [(w["start_ms"], w["end_ms"]) for w in document["turns"][0]["words"]] == [(1100, 1400), (2000, 2900)]


@pytest.mark.parametrize(
    ("tiers", "told"),
    [
        ({"agent": [(0.0, 1.0, "hallo")]}, "no tier is called agent; the names are medewerker"),
        ({"vraag": [(0.0, 1.0, "passport")]}, "nobody says anything"),
        ({"beller": [(0.0, 1.0, "hallo")], "behoefte": [(0.0, 1.0, "travel")]}, "tier behoefte needs a tier vraag"),
    ],
)
def test_a_slip_of_the_pen_is_named(tmp_path: Path, tiers: Tiers, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        annotations.read_textgrid(grid(tmp_path / "call.TextGrid", tiers))
    assert "call.TextGrid" in str(caught.value)
    assert "hallo" not in str(caught.value)


def test_another_file_is_no_textgrid(tmp_path: Path) -> None:
    path = tmp_path / "call.TextGrid"
    path.write_text("mijn geheim", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read as a Praat TextGrid") as caught:
        annotations.read_textgrid(path)
    assert "geheim" not in str(caught.value)
