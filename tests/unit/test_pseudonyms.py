"""Pseudonyms: stable, keyed, fit for a file name, and separate for each use."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callinsight.core.pseudonyms import Candidate, call_id_of, find_duplicates, recording_ref_of
from callinsight.core.values import require_call_id

KEY = b"0123456789abcdef"
START = datetime(2026, 9, 1, tzinfo=UTC)


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=64))
@settings(deadline=None)
def test_a_call_id_is_stable_and_safe(data: bytes, key: bytes) -> None:
    call_id = call_id_of(data, key)
    assert call_id == call_id_of(data, key)
    assert require_call_id(call_id) == call_id
    assert len(call_id) == 26
    assert call_id[0] == "c"


@given(st.text(max_size=80))
@settings(deadline=None)
def test_a_recording_ref_is_stable_and_separate(recording_id: str) -> None:
    ref = recording_ref_of(recording_id, KEY)
    assert ref == recording_ref_of(recording_id, KEY)
    assert require_call_id(ref) == ref
    assert ref[0] == "r"
    assert ref[1:] != call_id_of(recording_id.encode(), KEY)[1:]


def test_key_and_content_both_count() -> None:
    assert call_id_of(b"a", KEY) != call_id_of(b"b", KEY)
    assert call_id_of(b"a", KEY) != call_id_of(b"a", KEY[::-1])


def test_the_spelling_never_changes() -> None:
    """Results are found again by these names: another algorithm would orphan everything stored."""
    assert call_id_of(b"recording", KEY) == "cz663rdiltblohbphljcpvdom6"
    assert recording_ref_of("2026-0001", KEY) == "ryhdzgsui6p2jmuopyvnlemoo6"


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 65])
def test_a_weak_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        call_id_of(b"a", key)


def test_the_first_of_equal_recordings_is_kept_in_any_order() -> None:
    candidates = [
        Candidate("copy.wav", "c111", START + timedelta(minutes=1), "R2"),
        Candidate("first.wav", "c111", START, "R1"),
        Candidate("second name.wav", "c111", START, "R1"),
        Candidate("other.wav", "c222", START, "R1"),
    ]
    for order in permutations(candidates):
        assert find_duplicates(order) == ("copy.wav", "second name.wav")
    assert find_duplicates([]) == ()
