"""Topics by their cues alone: words and phrases of the taxonomy, looked up in what a turn says."""

from collections import Counter
from collections.abc import Iterable, Mapping

from callinsight.core.text import normal_words

_INFLECTED_FROM_LETTERS = 5
_FIRST_HIT = 0.6
_LABEL_STOP_WORDS = frozenset(
    {"of", "en", "de", "het", "een", "in", "op", "aan", "van", "voor", "over", "uit", "overige"}
)


class CueIndex:
    """All cues of a taxonomy by their first word. A cue of several words fits where they stand in order."""

    def __init__(self, cues: Mapping[str, Iterable[str]]) -> None:
        """``cues`` holds phrases per topic."""
        shared: Counter[tuple[str, ...]] = Counter()
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for topic, phrases in cues.items():
            for phrase in dict.fromkeys(normal_words(one) for one in phrases):
                if phrase:
                    shared[phrase] += 1
                    self._by_first.setdefault(phrase[0], []).append((phrase, topic))
        self._shared = shared

    def scores(self, text: str) -> dict[str, float]:
        """A score in (0, 1) per topic of which a cue is heard in ``text``.

        Several cues of one topic add up as independent evidence; a cue that topics share counts for a part of each.
        """
        words = normal_words(text)
        missed: dict[str, float] = {}
        for at, word in enumerate(words):
            for first in dict.fromkeys((word, word.removesuffix("en"), word.removesuffix("s"))):
                for phrase, topic in self._by_first.get(first, ()):
                    if _fits(phrase, words[at : at + len(phrase)]):
                        sure = _FIRST_HIT / self._shared[phrase] * (1.2 if len(phrase) > 1 else 1.0)
                        missed[topic] = missed.get(topic, 1.0) * (1.0 - sure)
        return {topic: 1.0 - miss for topic, miss in missed.items()}


def _fits(phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    if len(words) < len(phrase):
        return False
    return all(_same(cue, word) for cue, word in zip(phrase, words, strict=True))


def _same(cue: str, word: str) -> bool:
    if cue == word:
        return True
    return len(cue) >= _INFLECTED_FROM_LETTERS and word in (cue + "en", cue + "s", cue + "e")


def label_words(label: str) -> tuple[str, ...]:
    """The telling words of a label, as cues of their own."""
    return tuple(word for word in normal_words(label) if word not in _LABEL_STOP_WORDS and len(word) > 3)
