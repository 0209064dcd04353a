"""Ground truth that people make by hand: a Praat TextGrid, which ELAN exports too, as a document of ground truth.

docs/annotations.md is the manual. A tier a party, an interval a turn; the other tiers say what the call was about.
"""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from callinsight.errors import SettingsError

PARTIES = {"medewerker": "agent", "beller": "caller", "systeem": "system"}
WORDS = " woorden"
"""A tier of this ending gives the words of a party with their own times; without it they share the turn's time."""

QUESTION, NEED, SIGNAL, OUTCOME, PERSONAL, GROUP = "vraag", "behoefte", "signaal", "afloop", "gegeven", "groep"
TIERS = (
    *PARTIES,
    *(f"{party}{WORDS}" for party in PARTIES),
    *(QUESTION, NEED, SIGNAL, OUTCOME, PERSONAL, GROUP),
)

Entry = tuple[int, int, str]
"""start_ms, end_ms, text."""


def read_textgrid(path: Path) -> dict[str, Any]:
    """The ground truth of one call, in the form of ``truth/NAME.json`` but without ``layout``, which the sound tells.

    Raises ``SettingsError``, naming the file and what to mend, when it is no TextGrid, a tier has another name than
    those of :data:`TIERS`, or nobody says anything.
    """
    tiers = _tiers(path)
    unknown = sorted(set(tiers) - set(TIERS))
    if unknown:
        raise SettingsError(f"{path.name}: no tier is called {', '.join(unknown)}; the names are {', '.join(TIERS)}")
    turns = sorted(
        (turn for party, role in PARTIES.items() for turn in _turns(party, role, tiers)),
        key=lambda turn: (turn["start_ms"], turn["end_ms"]),
    )
    if not turns:
        raise SettingsError(
            f"{path.name}: nobody says anything; give tiers {' and '.join(list(PARTIES)[:2])} their turns"
        )
    questions = [_question(text) for _, _, text in tiers.get(QUESTION, ())]
    needs = [text for _, _, text in tiers.get(NEED, ())]
    if needs and not questions:
        raise SettingsError(f"{path.name}: tier {NEED} needs a tier {QUESTION}: a need stands behind a question")
    if needs:
        questions[0]["needs"] = needs  # needs are scored for the call as a whole
    return {
        "recording": path.stem,
        "duration_ms": max(end for entries in tiers.values() for _, end, _ in entries),
        "speaker_group": next((text for _, _, text in tiers.get(GROUP, ())), None),
        "turns": turns,
        "words_timed": all(f"{party}{WORDS}" in tiers for party in PARTIES if tiers.get(party)),
        "questions": questions,
        "outcome": next((text for _, _, text in tiers.get(OUTCOME, ())), "unknown"),
        "signals": [{"kind": text} for _, _, text in tiers.get(SIGNAL, ())],
        "personal": [{"kind": text, "start_ms": a, "end_ms": b} for a, b, text in tiers.get(PERSONAL, ())],
    }


def _tiers(path: Path) -> dict[str, list[Entry]]:
    from praatio import textgrid
    from praatio.data_classes.interval_tier import IntervalTier
    from praatio.utilities.errors import PraatioException

    try:
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="silence")
    except (PraatioException, ValueError, IndexError, KeyError, UnicodeError):  # its text may quote words
        raise SettingsError(f"{path.name} cannot be read as a Praat TextGrid") from None
    found: dict[str, list[Entry]] = {}
    for tier in grid.tiers:
        if not isinstance(tier, IntervalTier):
            raise SettingsError(f"{path.name}: tier {tier.name} has points; draw intervals instead")
        entries = [(round(e.start * 1000), round(e.end * 1000), " ".join(e.label.split())) for e in tier.entries]
        found[tier.name.strip().lower()] = [entry for entry in entries if entry[2]]
    return found


def _turns(party: str, role: str, tiers: dict[str, list[Entry]]) -> Iterator[dict[str, Any]]:
    timed = tiers.get(f"{party}{WORDS}")
    for start_ms, end_ms, text in tiers.get(party, ()):
        words = _shared(start_ms, end_ms, text.split())
        if timed is not None:
            words = [entry for entry in timed if start_ms <= (entry[0] + entry[1]) // 2 < end_ms]
        yield {
            "start_ms": start_ms,
            "end_ms": end_ms,
            "role": role,
            "speaker": party,
            "words": [{"text": word, "start_ms": a, "end_ms": b} for a, b, word in words],
        }


def _shared(start_ms: int, end_ms: int, words: list[str]) -> list[Entry]:
    """The words share the turn's time by their letters."""
    edges = [0, *accumulate(len(word) + 1 for word in words)]
    times = [start_ms + (end_ms - start_ms) * edge // edges[-1] for edge in edges]
    return [(times[i], times[i + 1], word) for i, word in enumerate(words)]


def _question(text: str) -> dict[str, Any]:
    """ "passport/cost" asks the price of a passport; "passport" alone leaves open what was asked."""
    topic, _, facet = (part.strip() for part in text.partition("/"))
    return {"topic": topic, "facet": facet or None, "needs": []}
