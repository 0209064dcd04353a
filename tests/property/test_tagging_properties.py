"""Whatever an engine scores: tags point into the call, scores stay in [0, 1], and nothing raises."""

from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core.packing import PackOptions, chunks, pack_turns
from callinsight.core.patterns import within_one_edit
from callinsight.core.signals import find_signals
from callinsight.core.tagging import Decider, Labels, LabelSet, TurnScores
from callinsight.core.text import normal_text, normal_words
from callinsight.core.values import Role, Span, Turn, Word
from callinsight.taxonomy_files import load_rules, load_taxonomy

FOLDER = Path(__file__).parents[2] / "models" / "taxonomy"
SAID = (
    "ik bel al voor de derde keer niet over mijn paspoort en kom niet meer rond mijn man slaat mij Zoon, u wordt "
    "teruggebeld <BSN> eh huis uit gezet brief snap"
)
WORDS = st.sampled_from(SAID.split())


@cache
def decider() -> Decider:
    taxonomy = load_taxonomy(FOLDER)
    sets = (
        tuple(taxonomy.topics)[:12],
        (*tuple(taxonomy.facets)[:6], "passport/photo-rules"),
        tuple(taxonomy.needs),
        tuple(taxonomy.outcomes),
        tuple(taxonomy.signals)[:5],
    )
    return Decider(Labels(*(LabelSet(names) for names in sets)), taxonomy, load_rules(FOLDER, taxonomy))


@st.composite
def calls(draw: st.DrawFn) -> tuple[Turn, ...]:
    turns, at = [], 0
    for said in draw(st.lists(st.lists(WORDS, min_size=1, max_size=12), max_size=6)):
        words = tuple(Word(Span(at + i, at + i + 1), text, 1.0) for i, text in enumerate(said))
        turns.append(Turn(Span(at, at + len(said)), draw(st.sampled_from(list(Role))), words))
        at += len(said)
    return tuple(turns)


@settings(max_examples=60, deadline=None)
@given(calls(), st.integers(0, 2**32 - 1))
def test_tags_point_into_the_call(turns: tuple[Turn, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = decider().labels
    levels = (labels.topics, labels.facets, labels.needs, labels.signals)
    topics, facets, needs, signals = (rng.random((len(turns), len(level.names))).astype(np.float32) for level in levels)
    count = len(labels.outcomes.names)
    outcome = rng.dirichlet(np.ones(count) * 0.3).astype(np.float32)
    towards = rng.normal(size=(len(turns), count)).astype(np.float32)
    scores = TurnScores(topics, facets, needs, signals, outcome, towards)
    tags = decider().tags(turns, scores)
    assert tags == decider().tags(turns, scores)
    pointers = [e for q in tags.questions for e in (*q.evidence, *(t for n in q.needs for t in n.evidence))]
    pointers += [e for flag in tags.flags for e in flag.evidence] + list(tags.outcome.evidence)
    assert all(0 <= e < len(turns) for e in pointers)
    assert all(question.evidence for question in tags.questions)
    assert all(turns[e].role in (Role.CALLER, Role.UNKNOWN) for q in tags.questions for e in q.evidence)
    assert len({flag.kind for flag in tags.flags}) == len(tags.flags)
    assert len({(q.topic, q.facet) for q in tags.questions}) == len(tags.questions)
    if not any(turn.role in (Role.CALLER, Role.UNKNOWN) for turn in turns):
        assert tags.questions == ()


@settings(max_examples=60, deadline=None)
@given(calls())
def test_signals_lie_within_the_turns_they_name(turns: tuple[Turn, ...]) -> None:
    for flag in find_signals(turns, decider().rules):
        assert flag.evidence
        assert any(turns[e].span.overlap_ms(flag.span) for e in flag.evidence)


@given(st.lists(st.integers(1, 20), max_size=30), st.integers(0, 3))
def test_chunks_take_every_piece_once_and_fit(lengths: list[int], context: int) -> None:
    found = chunks(lengths, 20, context)
    assert [i for _, fresh, end in found for i in range(fresh, end)] == list(range(len(lengths)))
    assert all(sum(lengths[first:end]) <= 20 and fresh - first <= context for first, fresh, end in found)


@given(st.lists(st.lists(st.integers(10, 99), max_size=40), max_size=8))
def test_packing_keeps_every_token_of_every_turn(said: list[list[int]]) -> None:
    markers = {"agent": 1, "caller": 2, "system": 3, "unknown": 4}
    packed = pack_turns([("caller", tokens) for tokens in said], markers, 0, PackOptions(30, 12, 2))
    again: dict[int, list[int]] = {}
    for one in packed:
        assert len(one.tokens) <= 30
        for piece in one.pieces:
            if not piece.repeated:
                again.setdefault(piece.turn, []).extend(one.tokens[piece.start : piece.end])
    assert again == {number: tokens for number, tokens in enumerate(said) if tokens}


@given(st.text(max_size=60))
def test_normal_text_is_stable(text: str) -> None:
    once = normal_text(text)
    assert normal_text(once) == once
    assert once.split() == list(normal_words(text))


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_one_edit_is_symmetric_and_true_for_a_deletion(one: str, other: str) -> None:
    assert within_one_edit(one, other) == within_one_edit(other, one)
    assert all(within_one_edit(one, one[:i] + one[i + 1 :]) for i in range(len(one)))
