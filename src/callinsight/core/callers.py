"""Who called, as a reference that tells nobody who it is: the same caller has the same one, under one key.

HMAC-SHA256 (RFC 2104) of the caller's number in one way of writing, cut to 128 bits and written in base32. Without the
key no number can be tried out, of which there are few enough to try them all. Telephone numbers are read by Google's
libphonenumber.
"""

import base64
import hashlib
import hmac
import re
import unicodedata

_REGION = "NL"
_DIGEST_BYTES = 16
_KEY_BYTES = 32
_URI = re.compile(r"(?:^|<)(?:sips?|tel):(?P<user>[^@;>?]*)")
_LIKE_A_NUMBER = re.compile(r"\+?[\d\s()./\-\u2010-\u2015]+")
_WITH_COUNTRY = range(11, 16)
"""Figures of a number that begins with its country code and nothing before it, as some telephone systems write. With
fewer figures it may as well be a customer's number."""

_WITHHELD = frozenset(
    (
        *("anoniem", "anonymous", "unknown", "onbekend", "private", "prive", "privé", "privenummer", "privénummer"),
        *("withheld", "restricted", "unavailable", "blocked", "geblokkeerd", "afgeschermd", "verborgen", "hidden"),
        *("geheim", "geheim nummer", "no number", "geen nummer", "none", "null", "nil", "n/a", "nvt", "n.v.t."),
    )
)
"""What stands in the place of a number when it is not shown: these callers are many, and none of them one."""


def normalised(caller: str) -> str | None:
    """One way of writing for all usual ways of writing a telephone number or another reference of a caller.

    A valid number becomes E.164, such as ``+31612345678``; without a country it is Dutch. Anything else keeps its
    characters but for blanks around it and capitals. ``None`` when it names nobody: withheld, empty, zeros.
    """
    text = unicodedata.normalize("NFKC", caller).strip().casefold()
    uri = _URI.search(text)
    text = text if uri is None else uri["user"].strip()
    told = text.strip("<>\"' ")
    if told.partition("@")[0] in _WITHHELD or not any(letter.isalnum() and letter != "0" for letter in told):
        return None
    return _number(text) or text


def _number(text: str) -> str | None:
    if _LIKE_A_NUMBER.fullmatch(text) is None:
        return None
    bare = text[0] not in "0+("
    if bare and sum(letter.isdigit() for letter in text) not in _WITH_COUNTRY:
        return None  # nine figures may be a telephone number without its nought, or anybody's customer number
    import phonenumbers

    for written in (f"+{text}",) if bare else (text,):
        try:
            number = phonenumbers.parse(written, _REGION)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None


def caller_ref_of(known: str, key: bytes) -> str:
    """Give the reference of a caller, as :func:`normalised` gives it: ``b`` and 26 of a-z and 2-7.

    ``key`` has 32 bytes; ``ValueError`` otherwise.
    """
    if len(key) != _KEY_BYTES:
        raise ValueError("the key of callers must have 32 bytes")
    digest = hmac.new(key, known.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:_DIGEST_BYTES]
    return "b" + base64.b32encode(digest).decode("ascii").lower().rstrip("=")
