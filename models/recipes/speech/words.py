"""Text to train on that no language model can guess: dictionary words, numbers, names and answers in any order.

A decoder that has only read real sentences completes them without listening. So a part of the training text is random.
The dictionary is Debian's `wdutch`, a package needed only to rebuild.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import numpy as np

DICTIONARY = Path("/usr/share/dict/dutch")
TAXONOMY = Path(__file__).resolve().parents[2] / "taxonomy"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_COMMON = _listed("""
de het een en van ik te dat die in is niet op aan met als voor er maar om hem dan zou of wat mijn u dit zo door over
ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze want nog zal me zij nu ge geen omdat iets
worden toch al waren veel meer doen toen moet ben zonder kan hun dus alles onder ja eens hier wie werd altijd doch
wordt wezen kunnen ons zelf tegen na reeds wil kon niets uw iemand geweest andere was we wel gaan komen weer weten
waar even goed klopt dank graag vraag brief gebeld bellen afspraak gemeente website huis straat nummer naam adres
postcode dag week maand jaar morgen gisteren vandaag straks laatst keer alleen samen moeder vader zoon dochter man
vrouw kind kinderen buurman oké nee eh uhm hè hoor nou zeg precies inderdaad natuurlijk misschien helaas sorry pardon
begrijp snap dankuwel alstublieft goedemorgen goedemiddag goedendag dag tot ziens welkom spreekt waarmee helpen
collega doorverbinden momentje ogenblik
""")
_UNITS = _listed("""
nul een twee drie vier vijf zes zeven acht negen
""")
_TEENS = _listed("""
tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien
""")
_TENS = _listed("""
twintig dertig veertig vijftig zestig zeventig tachtig negentig
""")
_MONTHS = _listed("""
januari februari maart april mei juni juli augustus september oktober november december
""")
_DAYS = _listed("""
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
""")
_FIRST_NAMES = _listed("""
anouk bram carla daan eva femke gerard hanneke ingrid jan karin lars maaike niels olga peter quinten rosa sander thea
vincent wilma yasmin mohammed fatima ahmed sven tim sanne joke henk kees lotte noor sem ruben saskia marloes willem
johan elif mehmet youssef samira agnieszka pieter corrie ans truus gijs jeroen esther monique dennis wendy
""")
_LAST_NAMES = _listed("""
jansen bakker visser smit meijer mulder bos vos peters hendriks dekker brouwer dijkstra kok jacobs vermeulen scholten
yilmaz kaya bouzid kowalski hoekstra kuipers postma willems maas verhoeven koster prins blom huisman peeters kuiper
veenstra schouten hofman zijlstra driessen wouters sanders timmermans gerritsen hermans martens evers bosch
""")
_PREFIXES = ("", "", "", "de", "van", "van den", "van der", "van de", "ter", "el", "in het")
_STREETS = _listed("""
dorps kerk molen station school beuken eiken nieuw juliana wilhelmina raadhuis park rozen tulp berken
""")
_STREET_ENDS = _listed("""
straat weg laan plein plantsoen hof pad singel dijk steeg
""")
_SHORT = (
    "ja",
    "nee",
    "oké",
    "ja hoor",
    "dat klopt",
    "ja precies",
    "goed",
    "hm",
    "prima",
    "dank u wel",
    "tot ziens",
    "ja dat is goed",
    "eh ja",
    "nou ja",
    "oké dan",
)
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


@functools.cache
def dictionary(split: str = "train") -> tuple[str, ...]:
    """Lower-case words of 2 to 14 letters; every twentieth is kept for testing. Raises OSError without the package."""
    words = re.findall(r"^[a-zéëïöüèê]{2,14}$", DICTIONARY.read_text(encoding="utf-8"), re.MULTILINE)
    held_out = tuple(words[::20])
    return held_out if split == "test" else tuple(sorted(set(words) - set(held_out)))


@functools.cache
def taxonomy_words() -> tuple[str, ...]:
    """The words of the taxonomy's Dutch labels and cues, with the repetitions that make frequent ones frequent."""
    text = " ".join(path.read_text(encoding="utf-8") for path in sorted(TAXONOMY.rglob("*.yaml")))
    dutch = re.findall(r'"([^"]+)"|cues: \[([^\]]+)\]', text)
    return tuple(re.findall(r"[a-zéëïöüèê]{2,}", " ".join(a or b for a, b in dutch).lower())) or _COMMON


def number(value: int) -> str:
    """A whole number below a million in spoken Dutch, in one word as espeak-ng and the call world say it."""
    if value < 20:
        return (*_UNITS, *_TEENS)[value]
    if value < 100:
        ten, unit = _TENS[value // 10 - 2], value % 10
        return ten if not unit else _UNITS[unit] + ("ën" if unit in (2, 3) else "en") + ten
    if value < 1000:
        head = "honderd" if value < 200 else _UNITS[value // 100] + "honderd"
        return head + (number(value % 100) if value % 100 else "")
    head = "duizend" if value < 2000 else number(value // 1000) + "duizend"
    return head + (" " + number(value % 1000) if value % 1000 else "")


def _random_words(rng: np.random.Generator, split: str) -> str:
    sources = (dictionary(split), _COMMON, taxonomy_words())
    weights = rng.dirichlet((1.0, 1.6, 1.6))
    count = int(rng.integers(1, 10))
    return " ".join(_pick(rng, sources[int(rng.choice(3, p=weights))]) for _ in range(count))


def _digits(rng: np.random.Generator) -> str:
    """Digits one by one, in pairs, or with letters: telephone numbers, postcodes, registration plates."""
    parts = []
    for _ in range(int(rng.integers(2, 8))):
        kind = rng.random()
        if kind < 0.62:
            parts.append(_pick(rng, _UNITS))
        elif kind < 0.8:
            parts.append(number(int(rng.integers(10, 100))))
        elif kind < 0.9:
            parts.append(_pick(rng, _LETTERS))
        else:
            parts.append(_pick(rng, ("dubbel", "nul nul", "nul zes", "streepje", "en", "eh")))
    return " ".join(parts)


def _amount(rng: np.random.Generator) -> str:
    value = int(10 ** rng.uniform(0, 3.6))
    kinds = (
        f"{number(value)} euro" + (f" {number(int(rng.integers(1, 100)))}" if rng.random() < 0.4 else ""),
        f"{number(int(rng.integers(1, 32)))} {_pick(rng, _MONTHS)} {_pick(rng, ('', 'negentienhonderd', 'negentien'))} "
        f"{number(int(rng.integers(1, 100)))}",
        f"{_pick(rng, _DAYS)} om {number(int(rng.integers(1, 24)))} uur {_pick(rng, ('', 'dertig', 'vijftien'))}",
        f"{_pick(rng, ('half', 'kwart over', 'kwart voor', 'tien voor half'))} {number(int(rng.integers(1, 13)))}",
        f"nummer {number(int(rng.integers(1, 400)))} {_pick(rng, _LETTERS)}",
        f"{number(value)} {_pick(rng, ('dagen', 'weken', 'keer', 'jaar', 'minuten', 'kinderen', 'meter', 'procent'))}",
    )
    return " ".join(_pick(rng, kinds).split())


def _name(rng: np.random.Generator) -> str:
    street = _pick(rng, _STREETS) + _pick(rng, _STREET_ENDS)
    full = f"{_pick(rng, _FIRST_NAMES)} {_pick(rng, _PREFIXES)} {_pick(rng, _LAST_NAMES)}"
    kinds = (
        full,
        f"{_pick(rng, ('mijn naam is', 'u spreekt met', 'met', 'ik ben', 'mevrouw', 'meneer'))} {full}",
        f"{_pick(rng, ('op de', 'in de', 'aan de', ''))} {street} {number(int(rng.integers(1, 300)))}",
        " ".join(_pick(rng, _LETTERS) for _ in range(int(rng.integers(3, 9)))),
    )
    return " ".join(_pick(rng, kinds).split())


def random_sentence(rng: np.random.Generator, split: str = "train") -> str:
    """One utterance of 1 to 10 lower-case words without meaning, number, date, name, address or short answer."""
    kind = rng.random()
    if kind < 0.58:
        return _random_words(rng, split)
    if kind < 0.72:
        return _digits(rng)
    if kind < 0.82:
        return _amount(rng)
    if kind < 0.91:
        return _name(rng)
    return _pick(rng, _SHORT)
