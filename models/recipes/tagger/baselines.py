"""What the tagger must beat: the taxonomy's cues alone, and tf-idf with linear support vector machines."""

from __future__ import annotations

from collections.abc import Sequence

from as_turns import turns_of
from corpus import LabelledCall
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC

from callinsight.core.cues import CueIndex, label_words
from callinsight.core.taxonomy import Taxonomy

Sets = list[set[str]]
LEVELS = ("topics", "facets", "needs", "outcome", "signals")
CUT = -0.5
"""Distance from which a machine is believed; its own 0 abstains far too often on wording it has not met."""


def _said(call: LabelledCall, *roles: str) -> str:
    return " ".join(turn.text for turn in call.turns if not roles or turn.role in roles)


class CueBaseline:
    """Topics whose cues or label words a caller says; sub-questions and needs by words of their labels."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.index = {
            "topics": CueIndex({t.id: (*t.cues, *label_words(t.label)) for t in taxonomy.topics.values()}),
            "facets": CueIndex({f.id: label_words(f.label) for f in taxonomy.facets.values()}),
            "needs": CueIndex({n.id: label_words(n.label) for n in taxonomy.needs.values()}),
        }

    def find(self, calls: Sequence[LabelledCall]) -> dict[str, Sets]:
        found: dict[str, Sets] = {level: [set() for _ in calls] for level in LEVELS}
        for level, index in self.index.items():
            for number, call in enumerate(calls):
                turns = [index.scores(turn.text) for turn in turns_of(call)[1] if turn.role == "caller"]
                found[level][number] = {name for one in turns for name, score in one.items() if score >= 0.5}
        return found


class SvmBaseline:
    """One linear machine per label over words and word pairs of the whole call."""

    def __init__(self, calls: Sequence[LabelledCall], truth: dict[str, Sets]) -> None:
        self.words, self.machines, self.labels = {}, {}, {}
        for level in LEVELS:
            texts = [self._text(level, call) for call in calls]
            self.words[level] = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
            self.labels[level] = MultiLabelBinarizer()
            targets = self.labels[level].fit_transform(truth[level])
            features = self.words[level].fit_transform(texts)
            self.machines[level] = OneVsRestClassifier(LinearSVC(C=1.0)).fit(features, targets)

    def _text(self, level: str, call: LabelledCall) -> str:
        return _said(call) if level in ("outcome", "signals") else _said(call, "caller", "unknown")

    def scores(self, level: str, calls: Sequence[LabelledCall]) -> list[dict[str, float]]:
        """The signed distance of every label of one level, call by call."""
        features = self.words[level].transform([self._text(level, call) for call in calls])
        names = [str(name) for name in self.labels[level].classes_]
        rows = self.machines[level].decision_function(features).tolist()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def find(self, calls: Sequence[LabelledCall]) -> dict[str, Sets]:
        found: dict[str, Sets] = {}
        for level in LEVELS:
            features = self.words[level].transform([self._text(level, call) for call in calls])
            if level == "outcome":
                best = self.machines[level].decision_function(features).argmax(axis=1)
                found[level] = [{str(self.labels[level].classes_[i])} for i in best]
            else:
                scores = self.machines[level].decision_function(features)
                names = self.labels[level].classes_
                found[level] = [{str(n) for n, v in zip(names, row, strict=True) if v >= CUT} for row in scores]
        return found
