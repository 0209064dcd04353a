"""Text of any recogniser brought to one form: small letters, no punctuation, no accents, redaction marks kept."""

import re
import unicodedata

_TOKEN = re.compile(r"<[a-z_-]+>|[a-z0-9]+")
_SILENT = str.maketrans("", "", "'’`´‘")


def normal_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` in their normal form; a redaction mark such as ``<BSN>`` becomes the word ``<bsn>``.

    Hyphens part words ("id-kaart" gives two), apostrophes vanish ("z'n" gives "zn"), accents go ("één" gives "een"),
    so that a recogniser that writes none of them and one that writes all of them give the same words.
    """
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_SILENT))
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return tuple(_TOKEN.findall(plain))


def normal_text(text: str) -> str:
    """The normal words joined by single blanks; empty when nothing is left."""
    return " ".join(normal_words(text))
