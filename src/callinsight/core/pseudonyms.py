"""Names that tell recordings apart and tell nobody anything else.

A call is named after the keyed hash of its recording's bytes, so that the same recording under two names is one call,
and a recording's own id or file name (often a telephone number or a person's name is in it) never has to be stored.
Keyed BLAKE2b (RFC 7693) with a separate personalisation for each use; without the key no name can be tried out. The
first 125 of 128 bits are written in base32: five bits a letter, safe as a file name on any system.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_LETTERS = 25
_DIGEST_BYTES = 16
_KEY_BYTES = range(16, hashlib.blake2b.MAX_KEY_SIZE + 1)


def call_id_of(data: bytes, key: bytes) -> str:
    """Give the call id of a recording with these bytes: ``c`` and 25 of a-z and 2-7. ``key`` has 16 to 64 bytes."""
    return "c" + _pseudonym(data, key, b"call")


def recording_ref_of(recording_id: str, key: bytes) -> str:
    """Give the pseudonym of a recording's own id (or file name): ``r`` and 25 of a-z and 2-7."""
    return "r" + _pseudonym(recording_id.encode("utf-8", "surrogatepass"), key, b"recording")


def _pseudonym(data: bytes, key: bytes, use: bytes) -> str:
    if len(key) not in _KEY_BYTES:
        raise ValueError("the key of the pseudonyms must have 16 to 64 bytes")
    digest = hashlib.blake2b(data, digest_size=_DIGEST_BYTES, key=key, person=use).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:_LETTERS]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recording that may be a copy of another: its name and start, and the call id of its bytes."""

    name: str
    call_id: str
    started_at: datetime
    recording_id: str = ""


def find_duplicates(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """Give the names of the recordings that repeat another one, sorted.

    Of the recordings with one call id the first is kept, by start, then recording id, then name, so that the answer
    does not depend on the order in which they are listed.
    """
    kept: set[str] = set()
    repeats: list[str] = []
    for candidate in sorted(candidates, key=lambda c: (c.started_at, c.recording_id, c.name)):
        if candidate.call_id in kept:
            repeats.append(candidate.name)
        kept.add(candidate.call_id)
    return tuple(sorted(repeats))
