"""Calls as the spotter of names reads them: turns of words, each word labelled as part of a name or not.

Conversations of the call world (``../calls``) with other people in them, little conversations of this recipe's own
(``frames.yaml``), and sentences of the tagger's recipe, which say many other things. A part is written as a large
recogniser writes: with capitals and punctuation; and words are misheard as the bundled recogniser mishears them.
"""

from __future__ import annotations

import functools
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from people import People, Person, either, plain
from writing import ACRONYMS, NAME, NONE, OPEN, Line, Said, written

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tagger"), str(HERE.parent / "calls")]

import dialogue  # noqa: E402
import grammar  # noqa: E402
import noise  # noqa: E402
import personal  # noqa: E402
import script  # noqa: E402

from callinsight.fast_yaml import load_yaml  # noqa: E402

DICTIONARY = Path("/usr/share/dict/dutch")
_SLOT = re.compile(r"\{([a-z])(\d?)\}")
_KIN = frozenset(
    ("man", "vrouw", "zoon", "dochter", "moeder", "vader", "broer", "zus", "oma", "opa", "tante", "oom", "partner")
)
_OWN = frozenset(("mijn", "onze", "uw", "haar", "zijn", "m'n"))
_SOMEBODY = frozenset(("ze", "hij", "zij", "iemand", "die"))
_FILLERS = ("eh", "uhm", "ja", "nou", "dus", "hoor", "even", "toch", "nog", "ook")
_KIN |= {"buurman", "buurvrouw", "collega", "zoontje", "dochtertje"}
_TITLES = frozenset(["mevrouw", "meneer", "mijnheer"])


@dataclass(frozen=True, slots=True)
class Mixture:
    """Which split, and how often a call is misheard, written with capitals, and of the call world."""

    split: str = "train"
    most_noise: float = 0.2
    written: float = 0.35
    world: float = 0.3


def frames(kind: str, split: str) -> tuple[str, ...]:
    """Little conversations of ``kind`` ("names" or "others") for a split."""
    places = {"train": (0, 1, 2, 3), "held": (4,), "test": (5,)}[split]
    return tuple(frame for number, frame in enumerate(_content()[kind]) if number % 6 in places)


@functools.cache
def _content() -> dict[str, list[str] | str]:
    return dict(load_yaml((HERE / "frames.yaml").read_text(encoding="utf-8")))


@functools.cache
def places() -> tuple[str, ...]:
    """Towns and countries."""
    return tuple(str(_content()["places"]).split())


@functools.cache
def bodies() -> tuple[str, ...]:
    """Organisations, with their article where they have one."""
    return tuple(word.replace("-", " ") for word in str(_content()["bodies"]).split())


@functools.cache
def sayings() -> tuple[str, ...]:
    """Sentences of the tagger's recipe that have no slots."""
    found: list[str] = []

    def take(node: object) -> None:
        if isinstance(node, str):
            if "{" not in node and 2 < len(node.split()) < 40:
                found.append(node.lower())
        elif isinstance(node, dict):
            for one in node.values():
                take(one)
        elif isinstance(node, list):
            for one in node:
                take(one)

    for path in sorted((HERE.parent / "tagger").glob("sayings*.yaml")):
        take(load_yaml(path.read_text(encoding="utf-8")))
    return tuple(dict.fromkeys(found))


@functools.cache
def dictionary() -> tuple[str, ...]:
    """Ordinary words: Debian's ``wdutch``, a package needed only to rebuild, or else the recipe's own sentences."""
    spoken = sorted({word for text in sayings() for word in text.split() if len(word) > 3 and word.isalpha()})
    if not DICTIONARY.is_file():
        return tuple(spoken)
    every = DICTIONARY.read_text(encoding="utf-8").split()
    return tuple(word for word in every if word.isalpha() and word.islower() and 3 < len(word) < 19)


class Sentences:
    """Draws labelled calls. The same random state gives the same calls."""

    def __init__(self, mixture: Mixture, people: People) -> None:
        self.mixture = mixture
        self.people = people
        self.named = frames("names", mixture.split)
        self.others = frames("others", mixture.split)
        self.streets = grammar.names("street", "test" if mixture.split == "test" else "train")
        self.misheard = noise.Misheard.read()

    def draw(self, rng: random.Random) -> tuple[Line, ...]:
        """One call."""
        lines = self.world(rng) if rng.random() < self.mixture.world else self.little(rng)
        share = rng.random() * self.mixture.most_noise if rng.random() < 0.6 else 0.0
        if share:
            lines = tuple(replace(line, words=self.heard(rng, line.words, share)) for line in lines)
        lines = tuple(line for line in lines if line.words)
        return tuple(written(rng, line) for line in lines) if rng.random() < self.mixture.written else lines

    def world(self, rng: random.Random) -> tuple[Line, ...]:
        """A conversation of the call world, mostly with other people in it."""
        split = "test" if self.mixture.split == "test" else "train"
        size = rng.choice(("short", "short", "medium"))
        call = dialogue.make_call(rng, split=split, wishes=dialogue.Wishes(size=size))
        spoken: Sequence[script.Line] = [line for line in call.lines if not line.sound and line.text.split()]
        if rng.random() < 0.85:
            spoken = Renamer(rng, self.people).scripted(spoken)
        lines = [_labelled(line) for line in spoken]
        return tuple(replace(line, words=self._with_names(rng, line.words)) for line in lines)

    def little(self, rng: random.Random) -> tuple[Line, ...]:
        """A few little conversations after each other, with other sentences between them."""
        lines: list[Line] = []
        for _ in range(rng.choice((1, 2, 3, 4))):
            kind = rng.random()
            if kind < 0.38:
                lines += self.filled(rng, rng.choice(self.named))
            elif kind < 0.68:
                lines += self.filled(rng, rng.choice(self.others))
            else:
                words = tuple(Said(word, proper=word in places()) for word in rng.choice(sayings()).split())
                lines.append(Line("caller", self._with_names(rng, self._called(rng, words))))
        return tuple(replace(line, words=self._varied(rng, line.words)) for line in _joined(rng, lines))

    def _called(self, rng: random.Random, words: Sequence[Said]) -> tuple[Said, ...]:
        """The sentence with a first name or a surname in the place of "mijn man" or "ze" now and then."""
        done: list[Said] = []
        for word in words:
            before = done[-1].text if done else ""
            if word.text in _KIN and before in _OWN and rng.random() < 0.5:
                done.pop()
            elif word.text not in _SOMEBODY or rng.random() > 0.15:
                done.append(word)
                continue
            person = self.people.draw(rng)
            done += name_words(person.first if rng.random() < 0.8 else _shown(rng, person, "n"))
        return tuple(done)

    def _varied(self, rng: random.Random, words: Sequence[Said]) -> tuple[Said, ...]:
        """Now and then another word, one more or one less where no name is, so that no sentence is learned by heart."""
        done: list[Said] = []
        for word in words:
            chance = rng.random()
            if word.label == NONE and not word.proper and word.text not in _TITLES and chance < 0.09:
                if chance < 0.05:
                    done.append(Said(rng.choice(dictionary() if rng.random() < 0.4 else _spoken())))
                continue
            if chance > 0.97 and (word.label == NONE or not done or done[-1].label == NONE):
                done.append(Said(rng.choice(_FILLERS)))
            done.append(word)
        return tuple(done) or tuple(words)

    def _with_names(self, rng: random.Random, words: Sequence[Said]) -> tuple[Said, ...]:
        """Now and then a name after "mijn man" or "mevrouw" where none was."""
        done: list[Said] = []
        for place, word in enumerate(words):
            done.append(word)
            named = place + 1 < len(words) and words[place + 1].label != NONE
            if named or word.label != NONE or rng.random() > 0.15:
                continue
            if word.text in _KIN and done[:-1] and done[-2].text in ("mijn", "de", "onze", "uw", "een"):
                done += name_words(self.people.draw(rng).first)
            elif word.text in _TITLES:
                done += name_words(self.people.draw(rng).last)
        return tuple(done)

    def filled(self, rng: random.Random, frame: str) -> list[Line]:
        """A little conversation with its slots filled."""
        same: dict[str, Person] = {}
        lines = []
        for turn in frame.split(" | "):
            role, said = {"a": "agent", "c": "caller"}[turn[0]], turn[2:].strip()
            words: list[Said] = []
            at = 0
            for match in _SLOT.finditer(said):
                words += _plain_words(said[at : match.start()])
                words += self._slot(rng, match.group(1), match.group(2), same)
                at = match.end()
                if said[at : at + 1] == "-" and words:  # a double surname: one word
                    words[-1] = replace(words[-1], text=words[-1].text + "-")
            words += _plain_words(said[at:].lstrip("-"))
            lines.append(Line(role, tuple(_glued(words))))
        return lines

    def _slot(self, rng: random.Random, kind: str, again: str, same: dict[str, Person]) -> list[Said]:
        if kind in "nfsil":
            person = same["last"] if again and "last" in same else self._person(rng, kind, same)
            same["last"] = person
            return name_words(_shown(rng, person, kind))
        if kind == "w":
            words = dictionary() if rng.random() < 0.45 else _spoken()
            return [Said(rng.choice(words))]
        if kind == "v":
            return [Said(rng.choice(either()))]
        if kind == "t":
            return [Said(word, proper=True) for word in rng.choice(self.streets).split()]
        if kind == "c":
            return [Said(rng.choice(places()), proper=True)]
        if kind == "o":
            return [Said(word, proper=word not in ("de", "het")) for word in rng.choice(bodies()).split()]
        shared = grammar.table("common")["shared"]
        listed = {"m": shared["month"], "d": shared["day"], "q": shared["num"]}[kind]
        return [Said(word) for word in rng.choice(listed).split()]

    def _person(self, rng: random.Random, kind: str, same: dict[str, Person]) -> Person:
        """Somebody new; but a name that is spelled is mostly the one just said."""
        return same["last"] if kind == "l" and "last" in same and rng.random() < 0.8 else self.people.draw(rng)

    def heard(self, rng: random.Random, words: Sequence[Said], share: float) -> tuple[Said, ...]:
        """The words with about ``share`` of them misheard; the label of a stretch is that of the name in it."""
        done: list[Said] = []
        at = 0
        while at < len(words):
            word = words[at]
            if rng.random() >= share:
                done.append(word)
                at += 1
                continue
            known = self.misheard.stretch(rng, [w.text for w in words[at:]]) if rng.random() < 0.5 else None
            taken, texts = (known[0], known[1].split()) if known else (1, self._garbled(rng, word.text))
            labels = {w.label for w in words[at : at + taken]}
            label = NAME if NAME in labels else word.label
            done += [Said(text, label, word.proper and label == NAME) for text in texts]
            at += taken
            if not texts and at < len(words) and rng.random() < 0.5:  # two words became one
                done.append(replace(words[at], text=word.text + words[at].text, label=max(word.label, words[at].label)))
                at += 1
        return tuple(done)

    def _garbled(self, rng: random.Random, word: str) -> list[str]:
        way = rng.random()
        if way < 0.5:
            return self.misheard.garbled(rng, word).split()
        if way < 0.8 and len(word) > 1:
            at = rng.randrange(len(word))
            return [word[:at] + rng.choice("aeinrtdoslk") + word[at + rng.choice((0, 1, 1)) :]]
        if way < 0.9 and len(word) > 5:
            cut = rng.randrange(2, len(word) - 2)
            return [word[:cut], word[cut:]]
        return []


@functools.cache
def _spoken() -> tuple[str, ...]:
    return tuple(sorted({w for text in sayings() for w in text.split() if len(w) > 3 and w.isalpha()} - set(places())))


def _plain_words(text: str) -> list[Said]:
    return [Said(word) for word in text.split()]


def _joined(rng: random.Random, lines: Sequence[Line]) -> list[Line]:
    """Lines of one side joined to one turn now and then."""
    done: list[Line] = []
    for line in lines:
        if done and done[-1].role == line.role and rng.random() < 0.5:
            done[-1] = replace(line, words=(*done[-1].words, *line.words))
        else:
            done.append(line)
    return done


def _glued(words: Sequence[Said]) -> list[Said]:
    """Words that end with a hyphen joined to the next."""
    done: list[Said] = []
    for word in words:
        if done and done[-1].text.endswith("-") and len(done[-1].text) > 1:
            done[-1] = replace(done[-1], text=done[-1].text + word.text)
        else:
            done.append(word)
    return done


def name_words(name: str) -> list[Said]:
    """The words of a name, all labelled."""
    return [Said(word, NAME, True) for word in name.split()]


def _shown(rng: random.Random, person: Person, kind: str) -> str:
    if kind == "f":
        return person.first
    if kind == "s":
        return person.last
    if kind == "n":
        return f"{person.first} {person.last}"
    if kind == "i":
        return (
            " ".join(rng.choice("abcdefghijklmnoprstvwz") for _ in range(rng.choice((1, 2, 2, 3)))) + " " + person.last
        )
    return spelled(rng, person.last.split()[-1])


def spelled(rng: random.Random, word: str) -> str:
    """A name letter by letter, now and then by words of an alphabet."""
    bare = "".join(c for c in plain(word).lower() if c.isascii() and c.isalpha()) or "n"
    return personal.letters_of_name(rng, bare)


def _labelled(line: script.Line) -> Line:
    """A line of the call world."""
    texts = line.text.split()
    words = [Said(text, proper=text in places() or text in ACRONYMS) for text in texts]
    for span in line.spans:
        for at in range(span.first_word, span.last_word + 1):
            if span.kind == "person_name":
                words[at] = Said(texts[at], NAME, True)
            elif span.kind == "email":
                words[at] = Said(texts[at], OPEN)
            elif span.kind == "street":
                words[at] = Said(texts[at], proper=True)
    return Line(line.role, tuple(words))


class Renamer:
    """Gives the people of one conversation of the call world other names: who was one person stays one."""

    def __init__(self, rng: random.Random, people: People) -> None:
        self.rng = rng
        self.people = people
        self.firsts = frozenset(grammar.names("firstname", "test"))
        self.lasts = frozenset(grammar.names("lastname", "test"))
        self.known: dict[str, str] = {}
        self.latest = ""

    def scripted(self, lines: Sequence[script.Line]) -> list[script.Line]:
        """The same for lines as they stand in a script of the call world, sounds and all."""
        done = []
        for line in lines:
            words = line.text.split()
            texts: list[str] = []
            spans = []
            at = 0
            for span in line.spans:
                texts += words[at : span.first_word]
                inside = words[span.first_word : span.last_word + 1]
                if span.kind == "person_name":
                    inside = self.other(" ".join(inside)).split()
                spans.append(grammar.Span(span.kind, len(texts), len(texts) + len(inside) - 1))
                texts += inside
                at = span.last_word + 1
            done.append(replace(line, text=" ".join([*texts, *words[at:]]), spans=tuple(spans)))
        return done

    def other(self, name: str) -> str:
        """Another name of the same make for ``name``."""
        if name in self.known:
            return self.known[name]
        first, _, rest = name.partition(" ")
        if name in self.lasts:
            self.known[name] = self.people.draw(self.rng).last
        elif name in self.firsts:
            self.known[name] = self.people.draw(self.rng).first
        elif first in self.firsts and rest in self.lasts:
            self.known[name] = f"{self.other(first)} {self.other(rest)}"
        else:  # spelled
            return spelled(self.rng, (self.latest or self.people.draw(self.rng).last).split()[-1])
        self.latest = self.known[name]
        return self.known[name]
