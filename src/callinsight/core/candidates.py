"""Candidates for new topics: questions that fit nowhere, grouped by what they have in common.

A question is described twice: by the encoder's vectors of the caller's turns, and by its telling words as tf-idf in a
few dimensions (latent semantic analysis, S. Deerwester and others, JASIS 41, 1990). On both together HDBSCAN finds the
groups (R. Campello, D. Moulavi and J. Sander, PAKDD 2013): it needs no number of groups and leaves what is alone alone.
Key terms are those with the highest class-based tf-idf (M. Grootendorst, "BERTopic", 2022), and stand only when several
calls use them, so that no term comes from one caller.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np
import numpy.typing as npt

from callinsight.core.dutch_words import telling_words

Vectors = npt.NDArray[np.float32]

MOST_ITEMS = 10_000
"""Grouping compares questions pairwise, so of a longer history only the newest are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A question of a call that fits nowhere: its day, the turn that shows it best, the caller's words, and a vector.

    ``vector`` is float32 ``[dimension]``; ``facet`` is the specific question that was heard, if any.
    """

    call_id: str
    day: date
    turn: int
    said: tuple[str, ...]
    vector: Vectors
    facet: str | None = None


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """What makes a group. A term counts when ``term_calls`` calls of it use it.

    A group of which ``known_share`` have the same specific question is nothing new.
    """

    least_calls: int = 5
    neighbours: int = 2
    word_dimensions: int = 10
    terms: int = 5
    term_calls: int = 3
    examples: int = 3
    known_share: float = 0.6


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that ask alike: ``(call_id, turn)`` in order, key terms, and the members nearest to the middle."""

    members: tuple[tuple[str, int], ...]
    terms: tuple[str, ...]
    examples: tuple[tuple[str, int], ...]


def find_groups(items: Sequence[Item], options: GroupOptions | None = None) -> tuple[Group, ...]:
    """The groups in ``items``, largest first; none when there are too few. The same items give the same groups.

    At most one item of each call is used: the first.
    """
    chosen = options or GroupOptions()
    newest = sorted(items, key=lambda item: item.day)[-MOST_ITEMS:]
    own = list({item.call_id: item for item in reversed(newest)}.values())
    own.sort(key=lambda item: item.call_id)
    words = [telling_words(item.said) for item in own]
    told = [number for number, some in enumerate(words) if some]
    if len(told) < 2 * chosen.least_calls:
        return ()
    kept, kept_words = [own[n] for n in told], [words[n] for n in told]
    places = _places(kept, kept_words, chosen)
    labels = _labels(places, chosen)
    found = []
    for label in sorted(set(labels.tolist()) - {-1}):
        rows = np.flatnonzero(labels == label)
        terms = _terms(rows, kept_words, chosen)
        heard = Counter(kept[row].facet for row in rows if kept[row].facet is not None)
        known = max(heard.values(), default=0) >= chosen.known_share * len(rows)
        if len(rows) >= chosen.least_calls and terms and not known:
            found.append(_group(rows, kept, places, terms, chosen))
    return tuple(sorted(found, key=lambda group: (-len(group.members), group.members)))


def _unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Vectors = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return result


def _places(items: Sequence[Item], words: Sequence[Sequence[str]], options: GroupOptions) -> Vectors:
    """Where each question lies: its words in few dimensions beside its vector, either at length 1."""
    vectors = np.stack([item.vector for item in items])
    parts = [_unit(vectors - vectors.mean(axis=0))]
    by_words = _word_places(words, options)
    if by_words is not None:
        parts.append(by_words)
    return np.hstack(parts)


def _word_places(words: Sequence[Sequence[str]], options: GroupOptions) -> Vectors | None:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    shared = Counter(word for some in words for word in set(some))
    if sum(count >= 2 for count in shared.values()) <= options.word_dimensions:
        return None
    table = TfidfVectorizer(analyzer=list, min_df=2, sublinear_tf=True).fit_transform(words)
    return _unit(TruncatedSVD(options.word_dimensions, random_state=0).fit_transform(table))


def _labels(places: Vectors, options: GroupOptions) -> npt.NDArray[np.int64]:
    """The group of each row, -1 for none."""
    from sklearn.cluster import HDBSCAN

    grouping = HDBSCAN(min_cluster_size=options.least_calls, min_samples=options.neighbours, copy=True)
    found: npt.NDArray[np.int64] = grouping.fit_predict(places.astype(np.float64))
    return found


def _terms(rows: npt.NDArray[np.int64], words: Sequence[Sequence[str]], options: GroupOptions) -> tuple[str, ...]:
    """Key terms: how much of the group's calls use a word, times how rare it is among all calls."""
    inside = Counter(word for row in rows for word in set(words[row]))
    everywhere = Counter(word for some in words for word in set(some))
    weight = {
        word: count / len(rows) * log(1 + len(words) / everywhere[word])
        for word, count in inside.items()
        if count >= options.term_calls
    }
    return tuple(sorted(weight, key=lambda word: (-weight[word], word))[: options.terms])


def _group(
    rows: npt.NDArray[np.int64],
    items: Sequence[Item],
    places: Vectors,
    terms: tuple[str, ...],
    options: GroupOptions,
) -> Group:
    middle = places[rows].mean(axis=0)
    distance = np.linalg.norm(places[rows] - middle, axis=1)
    order = [int(rows[n]) for n in np.lexsort((rows, distance))]
    pairs = [(items[row].call_id, items[row].turn) for row in order]
    return Group(tuple(sorted(pairs)), terms, tuple(pairs[: options.examples]))
