"""The data team's readable list of recordings that were set aside, each with its reason and what to do.

The list holds file names as they are in the inbox, so it is readable by its owner alone and goes nowhere else.
"""

import csv
import fcntl
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from callinsight.bundle import write_atomically
from callinsight.core.values import Failure, FailureKind
from callinsight.keys import private

_COLUMNS = ("bestand", "kenmerk", "stap", "reden", "wat te doen")

ADVICE: Mapping[FailureKind, tuple[str, str]] = {
    FailureKind.EMPTY_FILE: ("Het bestand is leeg.", "Lever de opname opnieuw aan."),
    FailureKind.NOT_AUDIO: ("Dit is geen geluidsopname.", "Kijk of het goede bestand is aangeleverd."),
    FailureKind.NO_AUDIO_STREAM: ("Er zit geen geluid in dit bestand.", "Kijk of het goede bestand is aangeleverd."),
    FailureKind.TRUNCATED: ("De opname is afgekapt.", "Lever de hele opname opnieuw aan."),
    FailureKind.UNREADABLE: ("De opname is niet te lezen.", "Lever de opname opnieuw aan."),
    FailureKind.TOO_LONG: ("De opname is te lang.", "Knip de opname, of verhoog limits.max_minutes."),
    FailureKind.TOO_SHORT: ("De opname is te kort.", "Niets: er is geen gesprek geweest."),
    FailureKind.TOO_MANY_CHANNELS: ("De opname heeft meer dan twee kanalen.", "Lever mono of stereo aan."),
    FailureKind.WRONG_SAMPLE_RATE: (
        "De snelheid in het bestand klopt niet met het geluid.",
        "Herstel de instelling van de recorder en lever opnieuw aan.",
    ),
    FailureKind.NO_SPEECH: ("Er is geen spraak gehoord.", "Niets, of luister of de opname is gelukt."),
    FailureKind.METADATA_MISSING: ("Er zijn geen gegevens bij de opname.", "Lever de JSON of CSV erbij aan."),
    FailureKind.METADATA_INVALID: ("De gegevens bij de opname kloppen niet.", "Verbeter de JSON of CSV."),
    FailureKind.AMBIGUOUS_TIME: (
        "Het tijdstip valt in het uur dat door de wintertijd twee keer voorkomt.",
        "Zet de tijdzone bij het tijdstip, zoals 02:30:00+01:00.",
    ),
    FailureKind.RECORDING_MISSING: ("Bij deze gegevens is er geen opname.", "Lever de opname alsnog aan."),
    FailureKind.DUPLICATE: ("Dezelfde opname is er al onder een andere naam.", "Niets: het gesprek telt één keer."),
    FailureKind.OUT_OF_MEMORY: ("Er was te weinig geheugen.", "Wordt de volgende nacht opnieuw geprobeerd."),
    FailureKind.TIMED_OUT: ("De verwerking duurde te lang.", "Wordt de volgende nacht opnieuw geprobeerd."),
    FailureKind.ENGINE_FAILED: (
        "Een model kon de opname niet verwerken.",
        "Probeer: callinsight process --retry-failed",
    ),
    FailureKind.INTERNAL: ("Er ging iets mis in het programma.", "Probeer: callinsight process --retry-failed"),
}
"""For every kind: what is the matter, and what to do, in plain Dutch."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list."""

    name: str
    failure: Failure


def read(path: Path) -> dict[str, dict[str, str]]:
    """The list's rows by the recording's reference; empty when there is no list."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["kenmerk"]: row for row in csv.DictReader(stream, delimiter=";")}


def update(path: Path, added: Iterable[Entry], resolved: Iterable[str]) -> None:
    """Add what was set aside and take away what succeeded after all; opens as it is in a Dutch Excel.

    Processes that update at the same time wait for each other.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a", opener=private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _rewrite(path, added, resolved)


def _rewrite(path: Path, added: Iterable[Entry], resolved: Iterable[str]) -> None:
    rows = read(path)
    for reference in resolved:
        rows.pop(reference, None)
    for entry in added:
        reason, advice = ADVICE[entry.failure.kind]
        values = (_plain(entry.name), entry.failure.recording_ref, entry.failure.stage.value, reason, advice)
        rows[entry.failure.recording_ref] = dict(zip(_COLUMNS, values, strict=True))
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(sorted(rows.values(), key=lambda row: (row["bestand"], row["kenmerk"])))
    write_atomically(path, text.getvalue().encode("utf-8-sig"))


def _plain(name: str) -> str:
    """A name that a spreadsheet does not run as a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t")) else name
