"""Shapes of numbers: which kind of personal data a row of digits and letters can be.

The arithmetic (eleven-test, mod 97, Luhn) is python-stdnum's. Shapes follow the descriptions in
``models/privacy/personal_data.yaml``.
"""

import re
from collections.abc import Callable

from stdnum import iban, luhn
from stdnum.nl import bsn

_SIDE_CODES = (
    *("XX9999", "9999XX", "99XX99", "XX99XX", "XXXX99", "99XXXX", "99XXX9"),
    *("9XXX99", "XX999X", "X999XX", "XXX99X", "X99XXX", "9XX999", "999XX9"),
)
"""The shapes of Dutch number plates since 1951, without dashes."""

_PLATE = re.compile("|".join(shape.replace("X", "[a-z]").replace("9", r"\d") for shape in _SIDE_CODES))
_PHONE = re.compile(r"0[1-9]\d{8}|06\d{6,9}|(?:0031|31)0?[1-9]\d{8}")
_POSTCODE = re.compile(r"[1-9]\d{3}[a-z]{2}")
_DOCUMENT = re.compile(r"[a-z]{2}[a-z\d]{6}\d")
_RESIDENCE = re.compile(r"v[a-z\d]{8}")
_IBAN = re.compile(r"[a-z]{2}\d{2}[a-z]{4}\d{7,12}|nl\d{2}[a-z]{2,4}\d{4,12}")
_LEAST_LONG_RUN = 6


def is_bsn(text: str) -> bool:
    """8 or 9 digits that pass the eleven-test."""
    return len(text) in (8, 9) and text.isdigit() and bool(bsn.is_valid(text.zfill(9)))


def is_iban(text: str) -> bool:
    """A valid international account number, or a Dutch one with a misheard character."""
    return bool(iban.is_valid(text)) or _IBAN.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Ten digits from 0, or an international Dutch number; a mobile one may miss two digits or have one too many."""
    return _PHONE.fullmatch(text) is not None


def is_card(text: str) -> bool:
    """16 digits that pass Luhn's test."""
    return len(text) == 16 and text.isdigit() and bool(luhn.is_valid(text))


def is_date(text: str) -> bool:
    """Day, month and year in digits, in any way to cut them."""
    for day, month in ((2, 2), (1, 1), (2, 1), (1, 2)):
        year = text[day + month :]
        if not text.isdigit() or len(year) not in (2, 4) or (len(year) == 4 and not 1890 <= int(year) <= 2049):
            continue
        if 1 <= int(text[:day]) <= 31 and 1 <= int(text[day : day + month]) <= 12:
            return True
    return False


_SURE: dict[str, Callable[[str], bool]] = {
    "iban": is_iban,
    "bsn": lambda text: len(text) == 9 and is_bsn(text),
    "phone": is_phone,
    "card_cvc": is_card,
    "licence_plate": lambda text: _PLATE.fullmatch(text) is not None,
    "residence_document": lambda text: _RESIDENCE.fullmatch(text) is not None and sum(map(str.isdigit, text)) >= 2,
    "travel_document": lambda text: _DOCUMENT.fullmatch(text) is not None and sum(map(str.isdigit, text)) >= 2,
}

_TOLD: dict[str, Callable[[str], bool]] = _SURE | {
    "bsn": lambda text: text.isdigit() and 7 <= len(text) <= 10,
    "phone": lambda text: text.isdigit() and (is_phone(text) or (text.startswith("0") and 8 <= len(text) <= 11)),
    "card_cvc": lambda text: text.isdigit() and len(text) in (3, 4, 16, 19),
    "v_number": lambda text: text.isdigit() and 9 <= len(text) <= 11,
    "driving_licence_number": lambda text: text.isdigit() and 9 <= len(text) <= 11,
    "kvk_vestiging": lambda text: text.isdigit() and len(text) in (7, 8, 9, 12),
    "date_of_birth": is_date,
    "postcode": lambda text: _POSTCODE.fullmatch(text) is not None or (text.isdigit() and len(text) == 4),
    "digid_secret": lambda text: text.isdigit() and 4 <= len(text) <= 6,
}

_DIGITS_ONLY = frozenset(
    ("bsn", "phone", "v_number", "driving_licence_number", "kvk_vestiging", "card_cvc", "date_of_birth")
)


def sure_kind(text: str) -> str | None:
    """The kind that ``text`` is by its shape alone, without any cue."""
    return next((kind for kind, test in _SURE.items() if test(text)), None)


def fits(kind: str, text: str) -> bool:
    """Whether ``text`` looks as ``kind`` should, once a cue has announced it."""
    test = _TOLD.get(kind)
    return test is not None and test(text)


def may_be(kind: str, text: str) -> bool:
    """Whether ``text`` can be a misheard or partial ``kind`` after its cue."""
    return text.isdigit() or kind not in _DIGITS_ONLY


def is_long(text: str) -> bool:
    """Six or more digits in a row: personal until shown otherwise."""
    return sum(c.isdigit() for c in text) >= _LEAST_LONG_RUN
