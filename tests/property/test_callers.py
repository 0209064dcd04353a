"""A Dutch number is one number in whatever usual way it is written, and two numbers are two."""

import re

from hypothesis import given
from hypothesis import strategies as st

from callinsight.core.callers import caller_ref_of, normalised

_PREFIXES = ("0", "+31", "0031", "+31 ", "0031 ", "+31 (0)", "+31(0)", "(0)", "+31-", "0 ", "tel:+31", "sip:+31")
_BLANKS = ("", " ", "-", ".", "/", "\u00a0", "\u2011", " - ")


@st.composite
def _mobiles(draw: st.DrawFn) -> str:
    """The nine figures of a mobile number, its nought left out."""
    return "6" + str(draw(st.integers(1, 5))) + "".join(str(draw(st.integers(0, 9))) for _ in range(7))


@st.composite
def _written(draw: st.DrawFn, figures: str) -> str:
    text = draw(st.sampled_from(_PREFIXES)) + figures[0]
    for figure in figures[1:]:
        text += draw(st.sampled_from(_BLANKS)) + figure
    return draw(st.sampled_from(("", " ", "\t"))) + text + draw(st.sampled_from(("", " ", "\r\n")))


@given(st.data())
def test_every_spelling_is_the_same_number(data: st.DataObject) -> None:
    figures = data.draw(_mobiles())
    assert normalised(data.draw(_written(figures))) == f"+31{figures}"


@given(_mobiles(), _mobiles())
def test_two_numbers_are_two(one: str, other: str) -> None:
    refs = {caller_ref_of(str(normalised(f"0{figures}")), b"k" * 32) for figures in (one, other)}
    assert len(refs) == len({one, other})
    assert all(re.fullmatch(r"b[a-z2-7]{26}", ref) for ref in refs)


@given(st.text(max_size=60))
def test_anything_is_read(text: str) -> None:
    known = normalised(text)
    assert known == normalised(f" {text}\n")
    assert known is None or re.fullmatch(r"b[a-z2-7]{26}", caller_ref_of(known, b"k" * 32))
