"""Scores of one call against its ground truth, and their summary.

Word error comes from jiwer and diarization error from pyannote.metrics; what this file adds is what neither has: words
with the wrong speaker, invented words, personal data that got through.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from callinsight.core.measures import total_ms, union
from callinsight.core.values import CallResult, Role, Span, SpeakerTurn, Turn, Word
from callinsight.transcript_normaliser import normalise

NONSPEECH_MARGIN_MS = 500
"""A word this close to true speech may be late rather than invented."""


@dataclass(frozen=True, slots=True)
class TrueTurn:
    """A turn of the ground truth."""

    span: Span
    role: Role
    speaker: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth of one call."""

    layout: str
    speaker_group: str | None
    duration_ms: int
    turns: tuple[TrueTurn, ...]
    topics: frozenset[str]
    facets: frozenset[tuple[str, str]]
    needs: frozenset[str]
    outcome: str
    signals: frozenset[str]
    personal: tuple[Span, ...]
    words_timed: bool = True
    """False where only turns have times: the error of word times is then not measured."""

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Truth":
        """Read one ``truth/NAME.json``. Raises ``KeyError`` or ``ValueError`` when it lacks something."""
        turns = tuple(_true_turn(turn) for turn in document["turns"] if turn["words"])
        questions = document.get("questions", [])
        return cls(
            layout=document["layout"],
            speaker_group=document.get("speaker_group"),
            duration_ms=document["duration_ms"],
            turns=turns,
            topics=frozenset(q["topic"] for q in questions),
            facets=frozenset((q["topic"], q["facet"]) for q in questions if q.get("facet")),
            needs=frozenset(need for q in questions for need in q.get("needs", [])),
            outcome=document.get("outcome", "unknown"),
            signals=frozenset(s["kind"] for s in document.get("signals", [])),
            personal=tuple(Span(p["start_ms"], p["end_ms"]) for p in document.get("personal", [])),
            words_timed=document.get("words_timed", True),
        )


def _true_turn(turn: dict[str, Any]) -> TrueTurn:
    words = tuple(Word(Span(w["start_ms"], max(w["end_ms"], w["start_ms"] + 1)), w["text"], 1.0) for w in turn["words"])
    return TrueTurn(Span(turn["start_ms"], turn["end_ms"]), Role(turn["role"]), turn["speaker"], words)


@dataclass(frozen=True, slots=True)
class Scored:
    """Counts of one call, to be summed over calls."""

    layout: str
    speaker_group: str | None
    word_errors: int
    true_words: int
    time_errors_ms: tuple[int, ...]
    diarization_error_s: float
    diarization_total_s: float
    parties: int
    parties_with_right_role: int
    matched_words: int
    wrong_speaker_words: int
    invented_words: int
    nonspeech_ms: int
    true_topics: frozenset[str]
    found_topics: frozenset[str]
    true_facets: frozenset[tuple[str, str]]
    found_facets: frozenset[tuple[str, str]]
    true_needs: frozenset[str]
    found_needs: frozenset[str]
    outcome_right: bool
    true_signals: frozenset[str]
    found_signals: frozenset[str]
    personal: int
    personal_masked: int
    masks: int
    masks_right: int


@dataclass(frozen=True, slots=True)
class Match:
    """A word that was recognised as it was said."""

    said: Word
    said_by: Role
    found: Word
    found_as: Role


@dataclass(frozen=True, slots=True)
class Comparison:
    """Recognised words against true ones."""

    errors: int
    true_words: int
    matches: tuple[Match, ...]

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(self.errors + other.errors, self.true_words + other.true_words, self.matches + other.matches)


Spoken = tuple[Word, Role]


def compare(truth: Truth, turns: Sequence[Turn]) -> Comparison:
    """Align recognised with true words.

    Stereo: each party against its own, since the channels are read apart; when the roles were taken the wrong way
    round, the better of the two pairings, because word error is not about roles. Mono: all words in order of time.
    """
    said = [(word, turn.role) for turn in truth.turns for word in turn.words]
    found = [(word, turn.role) for turn in turns for word in turn.words]
    if truth.layout != "stereo":
        return _align(said, found)
    agent, caller = ([s for s in said if (s[1] is Role.CALLER) is is_caller] for is_caller in (False, True))
    left, right = ([f for f in found if (f[1] is Role.CALLER) is is_caller] for is_caller in (False, True))
    straight, crossed = _align(agent, left) + _align(caller, right), _align(agent, right) + _align(caller, left)
    return min(straight, crossed, key=lambda comparison: comparison.errors)


def _align(said: Iterable[Spoken], found: Iterable[Spoken]) -> Comparison:
    true, heard = _plain(said), _plain(found)
    if not true or not heard:
        return Comparison(max(len(true), len(heard)), len(true), ())
    import jiwer

    aligned = jiwer.process_words(" ".join(text for text, _ in true), " ".join(text for text, _ in heard))
    matches = [
        Match(true[i][1][0], true[i][1][1], heard[j][1][0], heard[j][1][1])
        for chunk in aligned.alignments[0]
        if chunk.type == "equal"
        for i, j in zip(
            range(chunk.ref_start_idx, chunk.ref_end_idx), range(chunk.hyp_start_idx, chunk.hyp_end_idx), strict=True
        )
    ]
    errors = aligned.substitutions + aligned.deletions + aligned.insertions
    return Comparison(errors, len(true), tuple(matches))


def _plain(spoken: Iterable[Spoken]) -> list[tuple[str, Spoken]]:
    ordered = sorted(spoken, key=lambda one: one[0].span)
    return [(text, one) for one in ordered for text in normalise(one[0].text.replace("-", " ").split())]


def diarization(truth: Truth, speakers: Sequence[SpeakerTurn]) -> tuple[float, float]:
    """Seconds of diarization error and of true speech: collar 0, overlap counted (pyannote.metrics)."""
    if not speakers:
        return 0.0, 0.0
    from pyannote.core import Annotation
    from pyannote.core import Segment as Stretch
    from pyannote.metrics.diarization import DiarizationErrorRate

    true, found = Annotation(), Annotation()
    for number, turn in enumerate(truth.turns):
        true[Stretch(turn.span.start_ms / 1000, turn.span.end_ms / 1000), number] = turn.speaker
    for number, heard in enumerate(speakers):
        found[Stretch(heard.span.start_ms / 1000, heard.span.end_ms / 1000), number] = heard.speaker
    whole = Annotation()
    whole[Stretch(0, truth.duration_ms / 1000)] = "call"
    detail = DiarizationErrorRate(collar=0.0, skip_overlap=False)(true, found, uem=whole.get_timeline(), detailed=True)
    error = detail["false alarm"] + detail["missed detection"] + detail["confusion"]
    return float(error), float(detail["total"])


def right_roles(matches: Iterable[Match], truth: Truth) -> tuple[int, int]:
    """How many parties (agent, caller) of a call mostly carry their own role, and how many parties there are."""
    votes: dict[Role, Counter[Role]] = {}
    for match in matches:
        votes.setdefault(match.said_by, Counter())[match.found_as] += 1
    parties = {turn.role for turn in truth.turns} & {Role.AGENT, Role.CALLER}
    right = sum(1 for role in parties if role in votes and votes[role].most_common(1)[0][0] is role)
    return right, len(parties)


def score_call(truth: Truth, result: CallResult, turns: Sequence[Turn], speakers: Sequence[SpeakerTurn]) -> Scored:
    """Score one call: ``turns`` are the raw ones, ``speakers`` what the diarizer said (empty for stereo)."""
    compared = compare(truth, turns)
    right, parties = right_roles(compared.matches, truth)
    error_s, total_s = diarization(truth, speakers)
    margin = NONSPEECH_MARGIN_MS
    speech = union(Span(max(0, t.span.start_ms - margin), t.span.end_ms + margin) for t in truth.turns)
    found = [word for turn in turns for word in turn.words]
    masks = [redaction.span for redaction in result.redactions]
    tags = result.tags
    return Scored(
        layout=truth.layout,
        speaker_group=truth.speaker_group,
        word_errors=compared.errors,
        true_words=compared.true_words,
        time_errors_ms=tuple(
            abs(m.said.span.start_ms - m.found.span.start_ms) for m in compared.matches if truth.words_timed
        ),
        diarization_error_s=error_s,
        diarization_total_s=total_s,
        parties=parties,
        parties_with_right_role=right,
        matched_words=len(compared.matches),
        wrong_speaker_words=sum(1 for match in compared.matches if match.said_by is not match.found_as),
        invented_words=sum(1 for word in found if not any(word.span.overlap_ms(span) for span in speech)),
        nonspeech_ms=max(0, truth.duration_ms - total_ms(speech)),
        true_topics=truth.topics,
        found_topics=frozenset(q.topic for q in tags.questions),
        true_facets=truth.facets,
        found_facets=frozenset((q.topic, q.facet) for q in tags.questions if q.facet),
        true_needs=truth.needs,
        found_needs=frozenset(need.kind for q in tags.questions for need in q.needs),
        outcome_right=tags.outcome.kind == truth.outcome,
        true_signals=truth.signals,
        found_signals=frozenset(flag.kind for flag in tags.flags),
        personal=len(truth.personal),
        personal_masked=sum(1 for span in truth.personal if _covered_share(span, masks) >= 0.5),
        masks=len(masks),
        masks_right=sum(1 for mask in masks if any(mask.overlap_ms(true) for true in truth.personal)),
    )


def _covered_share(span: Span, masks: Iterable[Span]) -> float:
    pieces = (Span(max(m.start_ms, span.start_ms), min(m.end_ms, span.end_ms)) for m in masks if m.overlap_ms(span))
    return total_ms(pieces) / span.duration_ms


def summarise(calls: Sequence[Scored]) -> dict[str, float | None]:
    """Scores over calls; ``None`` where there was nothing to measure. Shares lie in [0, 1], times are in ms."""

    def share(part: str, whole: str) -> float | None:
        total = sum(getattr(call, whole) for call in calls)
        return sum(getattr(call, part) for call in calls) / total if total else None

    times = sorted(t for call in calls for t in call.time_errors_ms)
    nonspeech_h = sum(call.nonspeech_ms for call in calls) / 3_600_000
    return {
        "wer": share("word_errors", "true_words"),
        "word_time_error_ms_p50": float(median(times)) if times else None,
        "der": share("diarization_error_s", "diarization_total_s"),
        "role_accuracy": share("parties_with_right_role", "parties"),
        "wrong_speaker_words": share("wrong_speaker_words", "matched_words"),
        "hallucinated_words_per_hour": sum(c.invented_words for c in calls) / nonspeech_h if nonspeech_h else None,
        "topic_f1_macro": f1_macro([(c.true_topics, c.found_topics) for c in calls]),
        "facet_f1_macro": f1_macro([(c.true_facets, c.found_facets) for c in calls]),
        "need_f1_micro": f1_micro([(c.true_needs, c.found_needs) for c in calls]),
        "signal_f1_micro": f1_micro([(c.true_signals, c.found_signals) for c in calls]),
        "outcome_accuracy": sum(c.outcome_right for c in calls) / len(calls) if calls else None,
        "pii_recall": share("personal_masked", "personal"),
        "pii_precision": share("masks_right", "masks"),
    }


Pair = tuple[frozenset[Any], frozenset[Any]]


def _counts(pairs: Iterable[Pair]) -> dict[Any, tuple[int, int, int]]:
    """True positives, false positives and false negatives of each label."""
    right, extra, missed = Counter[Any](), Counter[Any](), Counter[Any]()
    for true, found in pairs:
        right.update(true & found)
        extra.update(found - true)
        missed.update(true - found)
    labels = {*right, *extra, *missed}
    return {label: (right[label], extra[label], missed[label]) for label in labels}


def _f1(right: int, extra: int, missed: int) -> float:
    return 2 * right / (2 * right + extra + missed) if right + extra + missed else 0.0


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fared: calls that have it, calls tagged with it, and calls of both kinds."""

    level: str
    label: str
    true: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Share of the tags that are right; ``None`` when the label was never given."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the calls with this label that were tagged; ``None`` when no call has it."""
        return self.right / self.true if self.true else None

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return 2 * self.right / (self.true + self.found) if self.true + self.found else 0.0


def per_label(calls: Sequence[Scored]) -> list[LabelScore]:
    """Every label that occurs in the truth or was given, by level, the most frequent first; facets as "topic/facet"."""
    levels: dict[str, list[Pair]] = {
        "topic": [(c.true_topics, c.found_topics) for c in calls],
        "facet": [(_joined(c.true_facets), _joined(c.found_facets)) for c in calls],
        "need": [(c.true_needs, c.found_needs) for c in calls],
        "signal": [(c.true_signals, c.found_signals) for c in calls],
    }
    scores = [
        LabelScore(level, label, right + missed, right + extra, right)
        for level, pairs in levels.items()
        for label, (right, extra, missed) in _counts(pairs).items()
    ]
    order = list(levels)
    return sorted(scores, key=lambda one: (order.index(one.level), -one.true, one.label))


def _joined(facets: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset("/".join(facet) for facet in facets)


def f1_macro(pairs: Sequence[Pair]) -> float | None:
    """Mean of the F1 of every label that occurs in the truth; ``None`` when none does."""
    true_labels = {label for true, _ in pairs for label in true}
    counts = _counts(pairs)
    return sum(_f1(*counts[label]) for label in true_labels) / len(true_labels) if true_labels else None


def f1_micro(pairs: Sequence[Pair]) -> float | None:
    """F1 over all labels together; ``None`` when there is nothing true and nothing found."""
    sums = [sum(column) for column in zip(*_counts(pairs).values(), strict=True)]
    return _f1(*sums) if sums else None
