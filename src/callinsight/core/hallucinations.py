"""Finds what a recogniser made up: loops, and phrases it is known to put out over silence.

Batched decoding in faster-whisper ignores the thresholds that would catch these (its own documentation), so they are
looked for afterwards.
"""

import re
import zlib
from collections.abc import Sequence

COMPRESSION_LIMIT = 2.4
"""Text whose UTF-8 compresses better than this repeats itself; the threshold that Whisper's own decoder uses."""

MIN_TEXT_BYTES = 60
"""Below this, zlib's own header decides the ratio."""

MAX_WORDS_PER_SECOND = 9.0
"""Nobody speaks faster for long; fast Dutch conversation stays near 6 words per second."""

PHANTOM_PHRASES = (
    "ondertitels ingediend door de amara org gemeenschap",
    "ondertitels ingediend door de amara.org gemeenschap",
    "ondertiteld door",
    "ondertiteling tv gelderland",
    "ondertiteling nos",
    "bedankt voor het kijken",
    "dank u voor het kijken",
    "tot de volgende video",
    "vergeet niet te abonneren",
    "abonneer je op dit kanaal",
    "thanks for watching",
    "thank you for watching",
    "subtitles by the amara org community",
    "www multi-moto eu",
)
"""Phrases out of subtitle credits that Whisper models put out where nobody speaks; never said to a contact centre."""

_NOT_WORD = re.compile(r"[^\w\s-]+")


def _plain(text: str) -> str:
    return " ".join(_NOT_WORD.sub(" ", text.lower()).split())


_PHANTOMS = tuple(_plain(phrase) for phrase in PHANTOM_PHRASES)


def is_phantom(text: str) -> bool:
    """Whether ``text`` is, apart from a few words, one of the known phantom phrases."""
    plain = _plain(text)
    return any(phrase in plain and len(plain) <= len(phrase) + 20 for phrase in _PHANTOMS)


def repeated_share(words: Sequence[str], *, longest: int = 8) -> float:
    """The largest share of ``words`` that is an n-gram (n = 1 .. ``longest``) said again right after itself.

    0.0 for text without immediate repetition; 0.9 for one word said ten times.
    """
    best = 0
    for n in range(1, min(longest, len(words) // 2) + 1):
        run = 0
        for index in range(n, len(words)):
            run = run + 1 if words[index] == words[index - n] else 0
            # A run counts from its first full repetition on: one word twice ("ja ja") is speech, not a loop.
            if run >= 2 * n:
                best = max(best, run)
    return best / len(words) if words else 0.0


def is_loop(text: str, duration_ms: int) -> bool:
    """Whether ``text``, recognised in ``duration_ms`` of speech, is a decoder's loop rather than speech.

    True when it compresses too well, repeats itself for most of its length, or is faster than anybody speaks. Digits
    read out ("nul nul nul") stay below the limits, which need at least eight words.
    """
    words = _plain(text).split()
    if len(words) < 8:
        return False
    raw = " ".join(words).encode()
    if len(raw) >= MIN_TEXT_BYTES and len(raw) / len(zlib.compress(raw)) > COMPRESSION_LIMIT:
        return True
    return repeated_share(words) > 0.5 or len(words) > MAX_WORDS_PER_SECOND * max(duration_ms, 1000) / 1000
