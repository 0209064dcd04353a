"""The bundled model finds names of no list in plain sentences that nobody generated, and leaves other words alone."""

import os
import re
from pathlib import Path

import pytest

from bench.privacy_texts import cases
from callinsight.core.redaction import redact
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.engines import names
from callinsight.engines.names import TransformersNames
from callinsight.privacy_files import load_rules

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "models" / "demo" / "names"
RULES = load_rules(ROOT / "models" / "privacy" / "personal_data.yaml")
_ROLES = {"a:": Role.AGENT, "c:": Role.CALLER}

os.environ.setdefault("OMP_NUM_THREADS", "1")

STRANGERS = """
c: goedemiddag [ruardus kolfschoten] hier ik heb gisteren ook al gebeld
c: mijn schoonzoon [tarquino] heeft het formulier ingevuld
a: en wie is dan de aanvrager | c: dat is [ghebrelul weldamlak]
c: het stond op de envelop van [vlastimila horáčková] en niet op die van mij
a: met wie had u die afspraak | c: met [quirina] van het loket
c: ik wil graag [ozgurcan yalinkilic] inschrijven op mijn adres
a: spreek ik met de heer [wapstrabosch] | c: ja dat klopt
c: die meneer [kuzmytskoj] zou mij nog terugbellen
c: de kleine heet [fenouska] en is vorige week geboren
c: nee dat was een andere mevrouw [stroobrugge] geloof ik
a: dag mevrouw [teklenburgh] wat kan ik voor u doen
c: ik ben getrouwd met [abdelghafor] en hij wil ook nederlander worden
a: op welke achternaam moet ik zoeken | c: [zwerverink]
c: onze hulp [mirunette] komt niet meer
c: ik geef u even mijn man [hjalmar wolthekker]
c: [joukebertus] woont al een jaar niet meer op dit adres
c: u sprak net met mijn dochter [soraiade]
Goedemorgen, met Ruardus Kolfschoten. | a: Dag meneer [Kolfschoten].
Mijn begeleidster [Xandrijntje] zei dat ik u moest bellen.
Ik kreeg een brief van [Kwabenadu Ofosuhene] over mijn uitkering.
"""

PLAIN = """
c: ik heb een kliko nodig want de oude is gebarsten
c: de iepen langs het kanaal zijn ziek
a: dat staat in de algemene plaatselijke verordening
c: met zulke drempels komt mijn scootmobiel er niet langs
c: mijn dochter wil een tatoeage maar dat is niet uw zaak
c: ik bel voor een bijzondere bijstand voor een wasmachine
a: u kunt het beste een verklaring omtrent het gedrag aanvragen
c: het riool borrelt als het stortregent
c: is er ook een rolstoeltoilet in het gebouw
c: ze hebben de haag veel te kort gesnoeid
c: ik ben ondernemer en ik wil een terras voor mijn lunchroom
a: en dan krijgt u een ontvangstbevestiging
c: met kerst was er vuurwerk in de brievenbus
c: mijn man is rolstoelafhankelijk
c: de bladkorf zit propvol
c: hallo met de overbuurvrouw van nummer tien
Ik wil bezwaar maken tegen de Omgevingsvergunning van het Hotel.
De Regionale Belasting Groep stuurt mij steeds aanmaningen.
a: Dat regelt u met DigiD op MijnOverheid. | c: O, Oké.
Wij gaan in Mei naar Denemarken op vakantie.
"""


def turns_of(line: str) -> tuple[Turn, ...]:
    turns = []
    at_ms = 0
    for part in re.sub(r"[\[\]]", "", line).split(" | "):
        said = part.removeprefix("a:").removeprefix("c:").split()
        words = tuple(Word(Span(at_ms + 300 * n, at_ms + 300 * n + 300), word, 0.9) for n, word in enumerate(said))
        at_ms += 300 * len(words)
        turns.append(Turn(Span(words[0].span.start_ms, at_ms), _ROLES.get(part[:2], Role.UNKNOWN), words))
    return tuple(turns)


@pytest.fixture(scope="module")
def spotter() -> TransformersNames:
    return names.load(FOLDER)


def masked(spotter: TransformersNames, lines: list[str]) -> list[str]:
    calls = [turns_of(line) for line in lines]
    found = [redact(turns, RULES, spots) for turns, spots in zip(calls, spotter.spot(calls), strict=True)]
    return [" ".join(turn.text for turn in one.turns).lower() for one in found]


def test_most_strangers_are_masked(spotter: TransformersNames) -> None:
    lines = STRANGERS.strip().splitlines()
    secrets = [re.findall(r"\[(.*?)\]", line)[0].lower().split() for line in lines]
    texts = masked(spotter, lines)
    missed = [line for line, words, text in zip(lines, secrets, texts, strict=True) if any(w in text for w in words)]
    assert len(missed) <= 2, missed
    rules_alone = [" ".join(turn.text for turn in redact(turns_of(line), RULES).turns).lower() for line in lines]
    assert sum(any(w in text for w in words) for words, text in zip(secrets, rules_alone, strict=True)) >= 8


def test_plain_sentences_stay(spotter: TransformersNames) -> None:
    lines = PLAIN.strip().splitlines()
    changed = [text for text in masked(spotter, lines) if "<naam>" in text]
    assert len(changed) <= 1, changed


def test_what_is_not_personal_in_the_hand_written_cases_stays(spotter: TransformersNames) -> None:
    lines = [case.line for name in ("cases", "tricky") for case in cases(name) if not case.positive]
    changed = [text for text in masked(spotter, lines) if "<naam>" in text]
    assert len(lines) >= 300
    assert len(changed) <= len(lines) // 50, changed


def test_names_are_the_same_again_and_in_any_company(spotter: TransformersNames) -> None:
    calls = [turns_of(line) for line in STRANGERS.strip().splitlines()]
    found = spotter.spot(calls)
    assert found == spotter.spot(calls)
    assert found[:5] == tuple(spotter.spot([call])[0] for call in calls[:5])
