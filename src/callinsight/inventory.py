"""What is stored where, who may see it and how long it stays: a Markdown page in Dutch, for a privacy officer.

The files are listed in ``inventory.toml``, and a test compares the list with all that a night leaves behind; the
tables come from the schema itself.
"""

import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.resources import files

from callinsight.settings import Retention
from callinsight.store import dictionary

SEALED = "verzegeld"


@dataclass(frozen=True, slots=True)
class Kept:
    """Files in the work folder: ``pattern`` is relative to it, as in :mod:`fnmatch`, ``kept`` is how they lie there.

    ``reader`` names how :mod:`callinsight.traces` looks inside.
    """

    pattern: str
    holds: str
    readers: str
    term: str
    reader: str
    kept: str = "leesbaar"

    @property
    def is_sealed(self) -> bool:
        """Whether these files are sealed one by one, unless the settings say otherwise."""
        return self.kept == SEALED


def _days(name: str, days: int) -> str:
    if days == 0:
        return f"geen einde (`retention.{name}`)"
    span = f"{days // 365} jaar" if days >= 365 and days % 365 == 0 else f"{days} dagen"
    return f"{span} (`retention.{name}`)"


def _read() -> tuple[Kept, ...]:
    text = files("callinsight").joinpath("inventory.toml").read_text(encoding="utf-8")
    terms = {name: _days(name, days) for name, days in Retention().model_dump().items() if name.endswith("_days")}
    entries = tomllib.loads(text)["file"]
    return tuple(Kept(**(entry | {"term": entry["term"].format(**terms)})) for entry in entries)


FILES = _read()

_INTRODUCTION = """# Wat staat waar, en hoe lang

Deze pagina is gemaakt met `python -m callinsight.inventory > docs/privacy/wat-staat-waar.md`. Een test bewaakt dat zij
klopt met de database, en een andere dat een nacht geen bestand achterlaat dat hier niet staat.

**Nooit geschreven:** geluid en tekst van voor het maskeren, stemkenmerken, de naam of het nummer van een medewerker,
het nummer van de beller. Die bestaan alleen in het geheugen van het proces dat het gesprek verwerkt. Met
[koppelen](../linking.md), dat standaard uit staat, wordt het nummer een schuilnaam. De opnamen zelf staan in de inbox;
Callinsight verandert ze niet, en wist ze alleen als `retention.delete_recordings` aan staat: {recordings} na het
gesprek, met hun gegevens, en alleen als ze zijn verwerkt.

De termijnen hieronder zijn de standaard; de gemeente stelt ze in. `callinsight retention` voert ze elke ochtend uit, en
`callinsight retention --log` laat zien wat er is gewist. `callinsight access` toont alles wat er van gesprekken is,
`callinsight forget` wist het en zoekt daarna in alle bestanden of er niets is blijven staan.

Alleen de gebruiker waaronder de verwerking draait, kan bij de bestanden in de werkmap, behalve bij de gepubliceerde
kopie. Wat **verzegeld** of **versleuteld** is, is zonder de sleutel niet te lezen; hoe dat werkt, staat in
[docs/encryption.md](../encryption.md). Het datateam kan dat uitzetten met `encryption.enabled = false`. Zet ook wat
leesbaar is op een versleutelde schijf.

## Bestanden in de werkmap

| bestand | wat erin staat | hoe het er ligt | voor wie | hoe lang |
| --- | --- | --- | --- | --- |
"""

_TABLES = """
## Tabellen in de werkdatabase

Alle kolommen staan in het [gegevenswoordenboek](../data-dictionary.md). Gemaskeerde tekst staat alleen in `turns`, als
citaat in `day_flags` en als losse woorden in `topic_candidates`. Wat over een gesprek gaat, verdwijnt na zijn termijn
of met `callinsight forget`.

| tabel | wat erin staat |
| --- | --- |
"""


def kept_as(place: str) -> Kept | None:
    """The line of the list that a file belongs to, by its place in the work folder; ``None`` when none fits."""
    return next((kept for kept in FILES if fnmatch(place, kept.pattern)), None)


def render() -> str:
    """The page in Markdown."""
    listed = "".join(
        f"| `{kept.pattern}` | {kept.holds} | {kept.kept} | {kept.readers} | {kept.term} |\n" for kept in FILES
    )
    rows = "".join(f"| `{name}` | {comment} |\n" for name, comment in dictionary.tables())
    recordings = _days("recordings_days", Retention().recordings_days)
    return _INTRODUCTION.format(recordings=recordings) + listed + _TABLES + rows


if __name__ == "__main__":
    sys.stdout.write(render())
