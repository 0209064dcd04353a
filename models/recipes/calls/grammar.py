"""Phrases of the call world: reads phrases/*.yaml, divides them between train and test, fills slots.

A template holds slots (``$child``) and personal data in brackets (``[street:dorpsstraat]``). Question, need and signal
templates are wholly disjoint between the splits (every third one is for the test); slot fillers and small talk are
partly shared. Everything is drawn from the caller's ``random.Random``: the same seed gives the same words.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PHRASES = Path(__file__).parent / "phrases"
DOMAIN_FILES = ("burgerzaken", "afval-ruimte", "belasting-wonen", "sociaal", "bestuur-keten")
SPLITS = ("train", "test")
_SLOT = re.compile(r"\$([a-z]+)")
_PERSONAL = re.compile(r"\[([a-z_]+):([^\]]+)\]")
TOPIC_FIELDS = ("t", "d", "a", "r", "m", "p", "h", "for")


@dataclass(frozen=True, slots=True)
class Span:
    """Personal data in a line: inclusive word numbers."""

    kind: str
    first_word: int
    last_word: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Spoken words with the personal data in them."""

    text: str
    spans: tuple[Span, ...] = ()


@functools.cache
def table(name: str) -> dict[str, Any]:
    """One phrase file as it stands."""
    loaded: dict[str, Any] = yaml.safe_load((PHRASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


@functools.cache
def topics() -> dict[str, dict[str, Any]]:
    """Topic id -> its fields, each a tuple of alternatives; `s` maps a facet to its phrasings."""
    found: dict[str, dict[str, Any]] = {}
    for name in DOMAIN_FILES:
        for topic, fields in table(name).items():
            entry: dict[str, Any] = {k: alternatives(v) for k, v in fields.items() if k != "s"}
            entry["s"] = {facet: alternatives(v) for facet, v in fields.get("s", {}).items()}
            entry["domain_file"] = name
            found[topic] = entry
    return found


def alternatives(text: str) -> tuple[str, ...]:
    """Splits "a | b | c"."""
    return tuple(piece.strip() for piece in text.split("|"))


def part(options: Sequence[str], split: str, *, disjoint: bool = False) -> tuple[str, ...]:
    """The options a split may use. Lists shorter than three are shared.

    Disjoint: every third option is the test's, the rest train's. Otherwise the first of every three is shared, the
    second is train's and the third the test's.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    if len(options) < 3:
        return tuple(options)
    if disjoint:
        return tuple(o for i, o in enumerate(options) if (i % 3 == 2) == (split == "test"))
    other = 1 if split == "test" else 2
    return tuple(o for i, o in enumerate(options) if i % 3 != other)


@functools.cache
def names(kind: str, split: str) -> tuple[str, ...]:
    """Names, streets and mail providers; one in eight is heard in the test only."""
    every = tuple(table("names")[kind])
    if split == "test":
        return every
    return tuple(n for i, n in enumerate(every) if i % 8 != 7)


@functools.cache
def _fillers(slot: str, split: str) -> tuple[str, ...]:
    common = table("common")
    if slot in ("firstname", "lastname", "street", "provider"):
        return names(slot, split)
    if slot in common["shared"]:
        return tuple(common["shared"][slot])
    if slot in common["split"]:
        return part(common["split"][slot], split)
    return tuple(common["extra"][slot])


def fill(rng: random.Random, template: str, split: str, bound: Mapping[str, str] | None = None) -> str:
    """Fills every slot, innermost ones too; `bound` names the slots that are already known (and are kept)."""
    known = dict(bound or {})
    text = template
    while match := _SLOT.search(text):
        slot = match.group(1)
        value = known[slot] if slot in known else rng.choice(_fillers(slot, split))
        text = text[: match.start()] + value + text[match.end() :]
    return text


def parse(marked: str) -> Phrase:
    """Marked text -> words and spans."""
    words: list[str] = []
    spans: list[Span] = []
    at = 0
    for match in _PERSONAL.finditer(marked):
        words += marked[at : match.start()].split()
        inside = match.group(2).split()
        spans.append(Span(match.group(1), len(words), len(words) + len(inside) - 1))
        words += inside
        at = match.end()
    words += marked[at:].split()
    return Phrase(" ".join(words), tuple(spans))


def topic_slots(rng: random.Random, topic: str) -> dict[str, str]:
    """What the facet templates may fill in for a topic: t, d, a, r, m, p, h, for (still with inner slots)."""
    entry = topics()[topic]
    found = {k: rng.choice(entry[k]) for k in TOPIC_FIELDS if k in entry}
    about = found.get("a") or found.get("t") or ""
    found.setdefault("a", about)
    found.setdefault("t", about)
    found.setdefault("r", f"mijn aanvraag voor {found['t']}")
    found.setdefault("m", found["t"])
    found.setdefault("p", f"over {found['a']}")
    found.setdefault("h", f"bij {found['a']}")
    found.setdefault("for", f"voor {found['a']}" if found["a"] else "bij jullie")
    return found


def question(rng: random.Random, topic: str, facet: str, split: str, bound: Mapping[str, str] | None = None) -> str:
    """One sentence that asks this facet of this topic (marked text); `bound` as for `fill`, topic slots included."""
    entry = topics()[topic]
    templates = entry["s"].get(facet) or table("facets")[facet]
    template = rng.choice(part(templates, split, disjoint=True))
    return fill(rng, template, split, {**topic_slots(rng, topic), **(bound or {})})


@functools.cache
def facets_of(topic: str) -> tuple[str, ...]:
    """The facets that the world can ask about a topic: the taxonomy's own ones that have words here."""
    entry, generic, known = topics()[topic], table("facets"), table("topics")[topic]
    needed = {"d": "d", "t": "t"}
    found: list[str] = []
    for facet in (*known["facets"], *known["specific"], *entry["s"]):
        if facet in found:
            continue
        if facet in entry["s"] or (
            facet in generic and all(f"${n}" not in _words(generic[facet]) or n in entry for n in needed)
        ):
            found.append(facet)
    return tuple(found)


def _words(templates: Sequence[str]) -> set[str]:
    return {word for template in templates for word in template.split()}
