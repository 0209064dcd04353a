"""Which calls were processed by what: versions of the code, the settings and the models."""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

_MADE_BY = "SELECT DISTINCT code_version, settings_digest, model_digests FROM calls ORDER BY ALL"
_CALLS = (
    "SELECT call_id, transcript = 'kept' FROM calls "
    "WHERE code_version = ? AND settings_digest = ? AND model_digests = ? ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class MadeBy:
    """By what a call was processed; ``model_digests`` by the name of the model."""

    code_version: str
    settings_digest: str
    model_digests: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picked:
    """Ids of calls, sorted: those that still have their words, and those whose words are past their term."""

    spoken: tuple[str, ...]
    wordless: tuple[str, ...]


def calls_made_by(connection: duckdb.DuckDBPyConnection, chosen: Callable[[MadeBy], bool]) -> Picked:
    """The calls whose making ``chosen`` picks. It is asked once for every combination of versions."""
    found: list[tuple[str, bool]] = []
    for code, settings, models in connection.execute(_MADE_BY).fetchall():
        pairs = (pair.partition("=") for pair in models.split(",") if pair)
        if chosen(MadeBy(code, settings, tuple((name, digest) for name, _, digest in pairs))):
            found += connection.execute(_CALLS, [code, settings, models]).fetchall()
    found.sort()
    return Picked(tuple(one for one, words in found if words), tuple(one for one, words in found if not words))
