"""Dutch number words: what one spoken word (or a few glued together) is as a number.

Words are expected in the spelling of :func:`callinsight.core.redaction.tokens.key_of`: lower case, without accents, so
that "drieëntwintig" and "drieentwintig" are one word.
"""

_UNITS = ("nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen")
_TEENS = (
    "tien",
    "elf",
    "twaalf",
    "dertien",
    "veertien",
    "vijftien",
    "zestien",
    "zeventien",
    "achttien",
    "negentien",
)
_TENS = {20: "twintig", 30: "dertig", 40: "veertig", 50: "vijftig", 60: "zestig", 70: "zeventig", 80: "tachtig"}
_TENS[90] = "negentig"
_SPOKEN_SO_TOO = {"zeuven": 7, "zeuventig": 70, "zeuventien": 17, "achtien": 18, "nulle": 0, "twe": 2, "zeve": 7}


def _small_numbers() -> dict[str, int]:
    words = {word: value for value, word in enumerate((*_UNITS, *_TEENS))}
    words |= {word: value for value, word in _TENS.items()}
    for tens, word in _TENS.items():
        for unit in range(1, 10):
            words[f"{_UNITS[unit]}en{word}"] = tens + unit
            if _UNITS[unit].endswith("e"):
                # A recogniser that heard "tweeëntwintig" often writes a single e.
                words[f"{_UNITS[unit]}n{word}"] = tens + unit
    return words | _SPOKEN_SO_TOO


SMALL: dict[str, int] = _small_numbers()
"""0 to 99 by their words."""

_HEADS = frozenset(word[:3] for word in SMALL)

TENS: dict[str, int] = {word: value for value, word in _TENS.items()}
"""20, 30 ... 90 by their words."""


def _ordinals() -> dict[str, int]:
    irregular = {1: "eerste", 3: "derde", 8: "achtste"}
    words = {}
    for word, value in SMALL.items():
        if value in irregular or value == 0:
            continue
        words[word + ("ste" if value >= 20 else "de")] = value
        if value > 20 and value % 10 == 1:
            words[word + "ste"] = value
    return words | {word: value for value, word in irregular.items()}


ORDINALS: dict[str, int] = _ordinals()
"""1st to 99th by their words."""


def parse_number(word: str) -> int | None:
    """The value of one number word below a million, or None: "twaalfhonderd" 1200, "tweeduizendvijf" 2005."""
    if word in SMALL:
        return SMALL[word]
    if "duizend" in word:
        return _around(word, "duizend", 1000)
    if "honderd" in word:
        return _around(word, "honderd", 100)
    return None


def _around(word: str, pivot: str, factor: int) -> int | None:
    before, _, after = word.partition(pivot)
    times = 1 if not before else parse_number(before)
    rest = _rest(after)
    if times is None or rest is None or times == 0 or times >= 1000 or rest >= factor:
        return None
    return times * factor + rest


def _rest(word: str) -> int | None:
    if not word:
        return 0
    value = parse_number(word)
    if value is None and word.startswith("en"):
        value = parse_number(word[2:])
    return value


def _shortened(word: str) -> set[str]:
    """``word`` and all it becomes by leaving out one letter."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _blurred() -> dict[str, int]:
    """Every number word below a hundred with one letter left out; ambiguous ones keep the smallest value."""
    blurred: dict[str, int] = {}
    for word, value in sorted(SMALL.items(), key=lambda item: -item[1]):
        if len(word) >= 3:
            blurred |= dict.fromkeys(_shortened(word), value)
    return blurred


_BLURRED = _blurred()


def guess_number(word: str) -> int | None:
    """The number that a misheard ``word`` may have been ("tweeëndwintig"), one letter away, or None."""
    if not 3 <= len(word) <= 40 or not word.isalpha():
        return None
    found = next((_BLURRED[short] for short in sorted(_shortened(word), reverse=True) if short in _BLURRED), None)
    if found is None and len(word) > 9 and ("honderd" in word or word.endswith(tuple(TENS))):
        # Too long to find the letter that is wrong; three digits stand in for what was said.
        return 100
    return found


def split_numbers(word: str) -> tuple[int, ...]:
    """The numbers glued together in ``word`` ("nulzes" is 0 and 6), or an empty tuple when it is no such word."""
    if not 6 <= len(word) <= 60 or word[:3] not in _HEADS:
        return ()
    best: dict[int, tuple[int, ...]] = {0: ()}
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 16), end):
            value = SMALL.get(word[start:end])
            if value is None or start not in best:
                continue
            parts = (*best[start], value)
            # Fewer parts is the longer, and so the likelier, reading of the same letters.
            if end not in best or len(parts) < len(best[end]):
                best[end] = parts
    return best.get(len(word), ())
