"""Verdicts of the improvement meeting teach the tagger: gather, fit, compare, and switch only to what is better.

No sound and no encoder is needed for the verdicts: the vectors of their calls are stored. What is taught is added to
the model's own heads, whatever was taught before, so that the same verdicts give the same heads again and a call that
was erased is unlearned. The model's folder stays as it is. Nothing is written before the end: a training that was
stopped changed nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from callinsight import assembly, bundle, decisions, taught_heads
from callinsight.core.corrections import Change, Corrections
from callinsight.core.improvement import About
from callinsight.core.tagging import LabelSet, shares
from callinsight.core.teaching import (
    Claim,
    Examples,
    Questions,
    Restraint,
    Score,
    Turned,
    best_threshold,
    claims,
    counted,
    is_test_call,
    score,
    truth_of,
    turned,
    unasked,
)
from callinsight.core.values import CallResult, Role, Tags
from callinsight.core.vectors import TurnVectors
from callinsight.embeddings import read_vectors
from callinsight.engines.transformers import Heard, TransformersTagger
from callinsight.labelled_calls import LabelledCalls, read_labelled_calls
from callinsight.settings import Settings

LEAST_TAUGHT = 10
LEAST_TESTED = 10
"""Fewer calls with a verdict than this teach nothing, or tell nothing."""

HISTORY_CALLS = 1000
FOLDS = 4
STRENGTHS = (100.0, 30.0, 10.0, 3.0)
"""How much the history holds the fit back, tried from much to little."""

MARGIN = 0.005
"""So much lower on the model's labelled calls is not called worse: one or two of some hundreds."""

_LEAST_FOR_THRESHOLD = 5
_CALLER_ROLES = (Role.CALLER, Role.UNKNOWN)


class Refusal(StrEnum):
    """Why nothing is switched."""

    FEW_TAUGHT = "few-taught"
    FEW_TESTED = "few-tested"
    WORSE_ON_VERDICTS = "worse-on-verdicts"
    WORSE_ON_VALIDATION = "worse-on-validation"
    NOT_BETTER = "not-better"
    NOT_CLEAR = "not-clear"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What there was to learn from: calls and claims on either side of the split, and verdicts that teach nothing."""

    verdicts: int
    taught: int
    tested: int
    claims: int
    unused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Compared:
    """The heads in use and the trained ones on test verdicts, and the model's own and the trained ones on its labelled
    calls, if it has them: against its own, so that many trainings cannot add up to a loss.

    ``history`` and ``history_changed`` count stored calls without a verdict, and those that would get other questions.
    """

    before: Score
    after: Score
    turned: Turned
    validation: tuple[Score, Score] | None
    strength: float
    history: int
    history_changed: int


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to. ``name`` is that of the heads that were switched to, if any were."""

    lesson: Lesson
    compared: Compared | None
    refusal: Refusal | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """``dry_run`` writes nothing; with ``out`` the heads go to a folder and nothing is switched."""

    dry_run: bool = False
    out: Path | None = None


class _Call(NamedTuple):
    """A stored call as it is learned from."""

    result: CallResult
    vectors: TurnVectors
    heard: Heard

    @property
    def caller_rows(self) -> list[int]:
        """Rows of what the caller says."""
        turns = self.result.turns
        return [row for row, turn in enumerate(self.heard.turns.tolist()) if turns[turn].role in _CALLER_ROLES]


def train(settings: Settings, wish: Wish, now: datetime, on_step: Callable[[str], None]) -> Trained:
    """Train on the verdicts, compare, and switch when nothing is worse and something is clearly better.

    ``now`` (aware) is noted in the heads; ``on_step`` is told in Dutch what is done. Raises ``ModelError``,
    ``SettingsError`` or ``StoreError``.
    """
    tagger = assembly.build_tagger(settings, taught=False)
    on_step("Oordelen en gesprekken lezen")
    reviews = decisions.read_reviews(settings.work.reviews)
    unused: Counter[str] = Counter(
        one.tag.about.value for one in reviews if one.tag.about not in (About.QUESTION, About.NEED)
    )
    claimed = claims(reviews)
    calls = {one: _stored(settings, tagger, one) for one in sorted({claim.call_id for claim in claimed})}
    unused["vectors"] = sum(found is None for found in calls.values())
    there = {one: found for one, found in calls.items() if found is not None}
    known = [claim for claim in claimed if claim.call_id in there and _label(tagger, claim) is not None]
    unused["label"] = sum(claim.call_id in there for claim in claimed) - len(known)
    taught = sorted({claim.call_id for claim in known if not is_test_call(claim.call_id)})
    tested = sorted({claim.call_id for claim in known if is_test_call(claim.call_id)})
    lesson = Lesson(len(reviews), len(taught), len(tested), len(known), +unused)
    if len(taught) < LEAST_TAUGHT:
        return Trained(lesson, None, Refusal.FEW_TAUGHT)
    if len(tested) < LEAST_TESTED:
        return Trained(lesson, None, Refusal.FEW_TESTED)
    school = _School(tagger, there, known)
    on_step("Gesprekken zonder oordeel lezen")
    history = _history(settings, tagger, set(calls))
    on_step("Voorbeelden van het model lezen")
    validation = read_labelled_calls(settings, tagger)
    present = _Present(assembly.build_tagger(settings), history, validation)
    with threadpool_limits(1):  # thousands of small systems of equations: threads only wait for one another
        corrections, compared = _learn(school, present, on_step)
    refusal = _refusal(compared)
    if refusal is not None or wish.dry_run:
        return Trained(lesson, compared, refusal)
    return Trained(lesson, compared, None, _kept(settings, wish, corrections, lesson, now))


def _stored(settings: Settings, tagger: TransformersTagger, call_id: str) -> _Call | None:
    """A stored call; ``None`` when it is gone, or its words or vectors are."""
    path = bundle.result_path(settings.work.results, call_id)
    if not path.exists():
        return None
    result = bundle.read_result(path)
    vectors = read_vectors(settings.work.embeddings, call_id, result.turns, tagger.encoder)
    if result.is_wordless or vectors is None:
        return None
    return _Call(result, vectors, tagger.heard(result.turns, vectors))


def _history(settings: Settings, tagger: TransformersTagger, judged: set[str]) -> list[_Call]:
    """Calls without a verdict, the same ones every time; none of the test side."""

    def order(call_id: str) -> str:
        return hashlib.blake2b(call_id.encode(), digest_size=8).hexdigest()

    ids = [one for one in bundle.result_ids(settings.work.results) if one not in judged and not is_test_call(one)]
    found = (_stored(settings, tagger, one) for one in sorted(ids, key=order)[:HISTORY_CALLS])
    return [one for one in found if one is not None]


def _label(tagger: TransformersTagger, claim: Claim) -> str | None:
    """The label of the tagger that a claim is about; ``None`` when it has none that can be taught."""
    names = getattr(tagger.teachable, claim.level).names
    choices = (claim.label, claim.facet) if claim.level == "facets" else (claim.topic,)
    return next((one for one in choices if one in names), None)


@dataclass(frozen=True, slots=True)
class _School:
    """What is learned from: the tagger in use, calls with a verdict, and the claims on them."""

    tagger: TransformersTagger
    calls: Mapping[str, _Call]
    claims: Sequence[Claim]

    def said(self, tagger: TransformersTagger, call_ids: Iterable[str]) -> dict[str, Questions]:
        """What ``tagger`` says of calls."""
        ids = list(call_ids)
        turns, vectors = ([self.calls[one].result.turns for one in ids], [self.calls[one].vectors for one in ids])
        return dict(zip(ids, tagger.questions(turns, vectors), strict=True))

    def on(self, call_ids: Iterable[str]) -> list[Claim]:
        """The claims on these calls."""
        wanted = set(call_ids)
        return [claim for claim in self.claims if claim.call_id in wanted]

    def fit(self, call_ids: Iterable[str], restraint: Restraint, strength: float) -> Corrections:
        """Corrections learned from the claims on these calls."""
        gathered: dict[tuple[str, str], list[tuple[Claim, list[int]]]] = {}
        for claim in self.on(call_ids):
            label = _label(self.tagger, claim)
            rows = self._rows(claim)
            if label is not None and rows:
                gathered.setdefault((claim.level, label), []).append((claim, rows))
        levels: dict[str, dict[str, np.ndarray]] = {}
        for (level, label), taught in sorted(gathered.items()):
            change = restraint.fit(self._examples(level, label, taught), strength)
            levels.setdefault(level, {})[label] = change.astype(np.float32)
        return Corrections(
            {
                level: Change(
                    tuple(of), np.stack([w[:-1] for w in of.values()]), np.array([w[-1] for w in of.values()])
                )
                for level, of in levels.items()
            }
        )

    def _examples(self, level: str, label: str, taught: Sequence[tuple[Claim, list[int]]]) -> Examples:
        column = getattr(self.tagger.teachable, level).names.index(label)
        vectors, logits, truth = [], [], []
        for claim, rows in taught:
            heard = self.calls[claim.call_id].heard
            vectors.append(heard.vectors[rows])
            logits.append(heard.logits[level][rows, column])
            truth.append(np.full(len(rows), float(claim.holds)))
        every = np.concatenate(truth)
        return Examples(
            np.concatenate(vectors).astype(np.float64),
            np.concatenate(logits).astype(np.float64),
            every,
            np.ones_like(every),
        )

    def _rows(self, claim: Claim) -> list[int]:
        """Where a claim is learned: what holds where it was said, what does not hold in all that the caller says.

        A sub-question that does not hold may well hold of another topic in the same call, so it is learned where its
        own topic was heard.
        """
        call = self.calls[claim.call_id]
        caller = call.caller_rows
        if not caller or (not claim.holds and claim.level != "facets"):
            return caller
        said = _said_as(claim)
        evidence = _evidence(call.result.tags, said)
        rows = [row for row in caller if int(call.heard.turns[row]) in evidence] or caller
        told = next(one for one in (said, claim) if _label(self.tagger, one) is not None)
        label = _label(self.tagger, told)
        column = getattr(self.tagger.teachable, told.level).names.index(label)
        return [max(rows, key=lambda row: float(call.heard.logits[told.level][row, column]))]


def _said_as(claim: Claim) -> Claim:
    """The claim whose tag shows where this one's question was said: the wrong tag, or the topic as a whole."""
    return claim._replace(topic=claim.instead_of or claim.topic, facet=None)


def _evidence(tags: Tags, claim: Claim) -> set[int]:
    if claim.about is About.NEED:
        return {t for q in tags.questions for need in q.needs if need.kind == claim.topic for t in need.evidence}
    return {turn for question in tags.questions if question.topic == claim.topic for turn in question.evidence}


class _Present(NamedTuple):
    """What trained heads are compared with: the tagger in use, stored calls without a verdict, labelled calls."""

    tagger: TransformersTagger
    history: Sequence[_Call]
    validation: LabelledCalls | None


def _learn(school: _School, present: _Present, on_step: Callable[[str], None]) -> tuple[Corrections, Compared]:
    """The corrections that do best on calls left out of the fit, and how they do on what was never trained on."""
    taught = sorted({claim.call_id for claim in school.claims if not is_test_call(claim.call_id)})
    tested = sorted({claim.call_id for claim in school.claims if is_test_call(claim.call_id)})
    on_step("Leren")
    _, history, validation = present
    restraint = Restraint.of(_turns_of_history(school, taught, history, validation))
    folds = [taught[n::FOLDS] for n in range(FOLDS)]
    trials = {strength: _trial(school, folds, restraint, strength) for strength in STRENGTHS}
    ranking = sorted(STRENGTHS, key=lambda one: (-trials[one].right, -one))
    old_validation = validation.score(school.tagger) if validation else None
    chosen: tuple[Corrections, float, Score | None] | None = None
    for strength in ranking:
        fitted = school.fit(taught, restraint, strength)
        corrections = _with_thresholds(school, fitted, trials[strength].heard)
        new_validation = validation.score(school.tagger.taught(corrections)) if validation else None
        worse = (
            old_validation is not None
            and new_validation is not None
            and new_validation.is_worse_than(old_validation, MARGIN)
        )
        if not worse or chosen is None:
            chosen = (corrections, strength, new_validation)
        if not worse:
            break
    if chosen is None:
        raise ValueError("no strength to try")
    corrections, strength, new_validation = chosen
    on_step("Vergelijken")
    new = school.tagger.taught(corrections)
    claimed = school.on(tested)
    before, after = school.said(present.tagger, tested), school.said(new, tested)
    beside = unasked(claimed, before, after)
    return corrections, Compared(
        score(claimed, before, beside),
        score(claimed, after, beside),
        turned((*claimed, *beside), before, after),
        None if old_validation is None or new_validation is None else (old_validation, new_validation),
        strength,
        len(history),
        _changed(present.tagger, new, history),
    )


def _turns_of_history(
    school: _School, taught: Iterable[str], history: Sequence[_Call], validation: LabelledCalls | None
) -> np.ndarray:
    parts = [call.heard.vectors[call.caller_rows] for call in (*history, *(school.calls[one] for one in taught))]
    for turns, vectors in zip(validation.calls, validation.vectors, strict=True) if validation else ():
        rows = [row for row, turn in enumerate(vectors.turns.tolist()) if turns[turn].role in _CALLER_ROLES]
        parts.append(vectors.values[rows].astype(np.float32))
    return np.concatenate(parts).astype(np.float64)


class _Trial(NamedTuple):
    """How a strength did on calls left out: claims that came out right, and per label its scores and the truth."""

    right: int
    heard: Mapping[tuple[str, str], list[tuple[float, bool]]]


def _trial(school: _School, folds: Sequence[Sequence[str]], restraint: Restraint, strength: float) -> _Trial:
    right = 0
    heard: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    for fold in folds:
        others = [one for other in folds if other is not fold for one in other]
        tagger = school.tagger.taught(school.fit(others, restraint, strength))
        claimed = school.on(fold)
        right += counted(claimed, school.said(tagger, fold)).right
        for claim in claimed:
            label = _label(tagger, claim)
            if label is not None and claim.level != "facets":
                found = _call_score(tagger, school.calls[claim.call_id], claim.level, label)
                heard.setdefault((claim.level, label), []).append((found, claim.holds))
    return _Trial(right, heard)


def _call_score(tagger: TransformersTagger, call: _Call, level: str, label: str) -> float:
    """The score by which a label of a call is believed: the best of the caller's turns, weighed against rivals."""
    labels: LabelSet = getattr(tagger.decider.labels, level)
    scores = shares(getattr(tagger.score(call.result.turns, call.vectors), level), labels.doubt)
    rows = [number for number, turn in enumerate(call.result.turns) if turn.role in _CALLER_ROLES]
    return float(scores[rows, labels.names.index(label)].max(initial=0.0))


def _with_thresholds(
    school: _School, fitted: Corrections, heard: Mapping[tuple[str, str], list[tuple[float, bool]]]
) -> Corrections:
    """A threshold of its own for each label with enough verdicts either way, chosen on calls left out of the fit."""
    made = {}
    for level, change in fitted.changes.items():
        labels: LabelSet = getattr(school.tagger.decider.labels, level)
        thresholds = {}
        for name in change.names:
            pairs = heard.get((level, name), [])
            yes = sum(true for _, true in pairs)
            if min(yes, len(pairs) - yes) >= _LEAST_FOR_THRESHOLD:
                chosen = best_threshold([s for s, _ in pairs], [true for _, true in pairs], labels.threshold(name))
                thresholds[name] = chosen
        made[level] = replace(change, thresholds=thresholds)
    return Corrections(made)


def _changed(old: TransformersTagger, new: TransformersTagger, history: Sequence[_Call]) -> int:
    turns, vectors = [call.result.turns for call in history], [call.vectors for call in history]
    pairs = zip(old.questions(turns, vectors), new.questions(turns, vectors), strict=True)
    return sum(truth_of(before) != truth_of(after) for before, after in pairs)


def _refusal(compared: Compared) -> Refusal | None:
    """Why the trained heads must not take the place of those in use; ``None`` when they may."""
    if compared.after.is_worse_than(compared.before):
        return Refusal.WORSE_ON_VERDICTS
    if compared.validation is not None and compared.validation[1].is_worse_than(compared.validation[0], MARGIN):
        return Refusal.WORSE_ON_VALIDATION
    if compared.turned.better <= compared.turned.worse:
        return Refusal.NOT_BETTER
    return None if compared.turned.is_clear else Refusal.NOT_CLEAR


def _kept(settings: Settings, wish: Wish, corrections: Corrections, lesson: Lesson, now: datetime) -> str:
    """Write the heads, and switch to them unless they were asked for elsewhere; their name."""
    folder, base = settings.work.tagger, assembly.tagger_base(settings)
    about = {"taught_at": now.isoformat(timespec="seconds"), "calls": lesson.taught, "verdicts": lesson.verdicts}
    heads = taught_heads.TaughtHeads(corrections, base, about)
    if wish.out is not None:
        bundle.write_atomically(wish.out / taught_heads.FILE_NAME, heads.to_bytes())
        return str(wish.out)
    name = taught_heads.keep(folder, heads)
    taught_heads.use(folder, base, name)
    return name
