"""Stored vectors: of these words by this encoder or not at all, for their owner alone, gone with their call."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callinsight.core.values import Role, Span, Turn, Word
from callinsight.core.vectors import TurnVectors, words_digest
from callinsight.embeddings import read_vectors, remove_vectors, vectors_path, write_vectors

CALL = "c3k7example"


def turn(at: int, role: Role, text: str) -> Turn:
    words = tuple(Word(Span(at + n, at + n + 1), word, 0.9) for n, word in enumerate(text.split()))
    return Turn(Span(at, at + len(words)), role, words)


TURNS = (turn(0, Role.AGENT, "goedemorgen gemeente"), turn(10, Role.CALLER, "mijn paspoort is <DOCUMENT>"))


def vectors(encoder: str = "e1") -> TurnVectors:
    return TurnVectors.of(encoder, [0, 1, 1], np.array([[1, 2], [3, 4], [5, 8]], np.float32))


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    write_vectors(tmp_path, CALL, TURNS, vectors())
    found = read_vectors(tmp_path, CALL, TURNS, "e1")
    assert found is not None
    assert found.values.dtype == np.float16
    assert found.values.tolist() == [[1, 2], [3, 4], [5, 8]]
    assert found.turns.tolist() == [0, 1, 1]
    assert vectors_path(tmp_path, CALL).stat().st_mode & 0o777 == 0o600
    assert b"paspoort" not in vectors_path(tmp_path, CALL).read_bytes()


def test_a_call_without_turns_has_vectors_too(tmp_path: Path) -> None:
    write_vectors(tmp_path, CALL, (), TurnVectors.of("e1", [], np.zeros((0, 4), np.float32)))
    found = read_vectors(tmp_path, CALL, (), "e1")
    assert found is not None
    assert found.values.shape == (0, 4)


@pytest.mark.parametrize(
    "turns",
    [
        TURNS[:1],
        (TURNS[0], turn(10, Role.CALLER, "mijn paspoort is <BSN>")),
        (TURNS[0], turn(10, Role.AGENT, "mijn paspoort is <DOCUMENT>")),
    ],
)
def test_vectors_of_other_words_are_not_used(tmp_path: Path, turns: tuple[Turn, ...]) -> None:
    write_vectors(tmp_path, CALL, TURNS, vectors())
    assert read_vectors(tmp_path, CALL, turns, "e1") is None


def test_vectors_of_another_encoder_are_not_used(tmp_path: Path) -> None:
    write_vectors(tmp_path, CALL, TURNS, vectors("e1"))
    assert read_vectors(tmp_path, CALL, TURNS, "e2") is None
    write_vectors(tmp_path, CALL, TURNS, vectors("e2"))
    assert read_vectors(tmp_path, CALL, TURNS, "e1") is None
    assert read_vectors(tmp_path, CALL, TURNS, "e2") is not None


@pytest.mark.parametrize("keep", [0, 7, 60])
def test_a_damaged_file_counts_as_none(tmp_path: Path, keep: int) -> None:
    write_vectors(tmp_path, CALL, TURNS, vectors())
    path = vectors_path(tmp_path, CALL)
    path.write_bytes(path.read_bytes()[:keep])
    assert read_vectors(tmp_path, CALL, TURNS, "e1") is None


def test_vectors_go_away_once(tmp_path: Path) -> None:
    write_vectors(tmp_path, CALL, TURNS, vectors())
    assert remove_vectors(tmp_path, CALL)
    assert not remove_vectors(tmp_path, CALL)
    assert read_vectors(tmp_path, CALL, TURNS, "e1") is None


def test_a_turn_has_the_mean_of_its_pieces() -> None:
    assert vectors().by_turn(3).tolist() == [[1, 2], [4, 6], [0, 0]]
    with pytest.raises(ValueError, match="not there"):
        vectors().by_turn(1)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="number of its turn"):
        TurnVectors.of("e", [0], np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="counted from 0"):
        TurnVectors.of("e", [-1], np.zeros((1, 2), np.float32))


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_half_precision_never_overflows(numbers: list[float]) -> None:
    assert np.isfinite(TurnVectors.of("e", [0], np.array([numbers], np.float32)).values).all()


def test_the_digest_knows_where_a_turn_ends() -> None:
    one = (turn(0, Role.CALLER, "a b"), turn(5, Role.CALLER, "c"))
    other = (turn(0, Role.CALLER, "a"), turn(5, Role.CALLER, "b c"))
    assert words_digest(one) != words_digest(other)
