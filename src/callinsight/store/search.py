"""Finds words in the redacted turns, whatever their form: DuckDB's full-text search with the Dutch stemmer.

The index lies in a file of its own beside the database. It follows from the database and is made anew when the turns
have changed; it holds redacted turns too, so whoever erases a call removes it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.database import connect, quoted

_PRIVATE = 0o600
_FORMAT = 1
"""Raise it when the way of indexing changes, so that indexes made before are made anew."""

_WORD = re.compile(r"[^\W_]+")

_FORMS = """
CREATE TEMP MACRO single(stem) AS
    CASE WHEN regexp_matches(stem, '(bb|dd|ff|gg|kk|ll|mm|nn|pp|rr|ss|tt)$') THEN left(stem, -1) ELSE stem END;
CREATE TEMP MACRO form(word) AS
    single(regexp_replace(regexp_replace(stem(lower(strip_accents(word)), 'dutch'), 'v$', 'f'), 'z$', 's'));
CREATE TEMP MACRO forms(text) AS array_to_string(
    list_transform(regexp_extract_all(lower(strip_accents(text)), '[a-z0-9]+'), lambda word: form(word)), ' ');
"""
# The Dutch stemmer makes "briev" of "brieven", "huiz" of "huizen" and "bell" of "bellen". With f, s and single letters,
# which Dutch writes at the end of a word, they meet "brief", "huis" and "bel". The index holds these forms, and so it
# needs no stemmer of its own.

_STATE = f"""
SELECT {_FORMAT} || '.' || count(*) || '.' || coalesce(bit_xor(hash(call_id, turn_no, text)), 0) FROM source.turns
"""  # noqa: S608

_DOCUMENTS = """
CREATE TABLE documents AS
SELECT
    call_id || ':' || turn_no AS document, call_id, turn_no,
    forms(regexp_replace(text, '<[A-Z]+>', ' ', 'g')) AS body  -- a mask is no word that somebody said
FROM source.turns ORDER BY call_id, turn_no
"""

_FIND = """
WITH scored AS (
    SELECT call_id, turn_no, fts_main_documents.match_bm25(document, forms($words), conjunctive := $all) AS score
    FROM documents
)
SELECT s.call_id, c.started_local, t.start_ms, t.role, t.text
FROM scored s
JOIN source.turns t USING (call_id, turn_no)
JOIN source.calls c USING (call_id)
WHERE s.score IS NOT NULL
    AND ($since IS NULL OR c.local_date >= $since)
    AND ($topic IS NULL OR EXISTS (FROM source.questions q WHERE q.call_id = s.call_id AND q.topic = $topic))
ORDER BY s.score DESC, c.started_local DESC, s.call_id, s.turn_no
LIMIT $limit
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: turns with all ``words`` (or any of them), in calls on ``topic`` and from ``since`` on."""

    words: str
    limit: int = 20
    topic: str | None = None
    since: date | None = None
    any_word: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that was found. ``start_ms`` counts from the start of the recording; ``marks`` are slices of ``text``."""

    call_id: str
    started_local: datetime
    start_ms: int
    role: str
    text: str
    marks: tuple[tuple[int, int], ...]


def find(database: Path, index: Path, question: Question) -> tuple[Hit, ...]:
    """The best turns first. Makes the index when it is missing or older than the turns.

    Raises ``StoreError`` when the database is missing or in use, or the question holds no word.
    """
    if not _WORD.search(question.words):
        raise StoreError("give at least one word to search for")
    with _opened(database, index) as connection:
        wanted = {
            "words": question.words,
            "all": 0 if question.any_word else 1,
            "since": question.since,
            "topic": question.topic,
            "limit": question.limit,
        }
        try:
            rows = connection.execute(_FIND, wanted).fetchall()
            stems = _stems(connection, _WORD.findall(question.words))
            wanted_stems = set(stems.values())
            found = _stems(connection, [word for *_, text in rows for word in _WORD.findall(text)])
        except duckdb.Error as error:
            raise StoreError(f"searching failed ({type(error).__name__}): remove {index.name} and try again") from None
    return tuple(
        Hit(call_id, started, start_ms, role, text, _marks(text, found, wanted_stems))
        for call_id, started, start_ms, role, text in rows
    )


def _marks(text: str, found: dict[str, str], wanted: set[str]) -> tuple[tuple[int, int], ...]:
    return tuple(match.span() for match in _WORD.finditer(text) if found[match.group()] in wanted)


def _stems(connection: duckdb.DuckDBPyConnection, words: list[str]) -> dict[str, str]:
    """The stem of each word, as the index makes it."""
    distinct = sorted(set(words))
    asked = "SELECT w, form(w) FROM (SELECT unnest($words::VARCHAR[]) AS w)"
    return {str(word): str(stem) for word, stem in connection.execute(asked, {"words": distinct}).fetchall()}


@contextmanager
def _opened(database: Path, index: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The index, opened for reading and up to date, with the database attached as ``source``."""
    with _source_of(connect(Path(":memory:"), read_only=False), database) as connection:
        row = connection.execute(_STATE).fetchone()
    state = str(row[0]) if row else ""
    if _state_of(index) != state:
        _build(database, index, state)
    with _source_of(connect(index, read_only=True), database) as connection:
        _load_fts(connection)
        yield connection


@contextmanager
def _source_of(connection: duckdb.DuckDBPyConnection, database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connect(database, read_only=True).close()  # which explains what is wrong, when something is
        connection.execute(f"ATTACH {quoted(str(database))} AS source (READ_ONLY)")
        yield connection
    finally:
        connection.close()


def _state_of(index: Path) -> str:
    """The state that the index was made from; empty when there is none that can be read."""
    if not index.is_file():
        return ""
    try:
        with connect(index, read_only=True) as connection:
            row = connection.execute("SELECT state FROM made_from").fetchone()
    except (duckdb.Error, StoreError):
        return ""
    return str(row[0]) if row else ""


def _build(database: Path, index: Path, state: str) -> None:
    fresh = index.with_name(f".{index.name}.{os.getpid()}.part")
    remove(fresh)
    try:
        with _source_of(connect(fresh, read_only=False), database) as connection:
            fresh.chmod(_PRIVATE)
            _load_fts(connection)
            connection.execute(_DOCUMENTS)
            connection.execute(
                "PRAGMA create_fts_index('documents', 'document', 'body', stemmer = 'none', stopwords = 'none', "
                "ignore = '[^a-z0-9]+')"
            )
            connection.execute("CREATE TABLE made_from AS SELECT $state AS state", {"state": state})
        fresh.replace(index)
    except duckdb.Error as error:
        raise StoreError(f"no search index can be made ({type(error).__name__}): is there room on the disk?") from None
    finally:
        remove(fresh)


def remove(index: Path) -> None:
    """Remove the index; the next search makes it anew."""
    for leftover in (index, index.with_name(index.name + ".wal")):
        leftover.unlink(missing_ok=True)


def _load_fts(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that lies in the installed package (nothing is fetched), and how words are looked up."""
    place = files("duckdb_extension_fts") / "extensions" / f"v{duckdb.__version__}" / "fts.duckdb_extension"
    try:
        connection.execute(f"LOAD {quoted(str(place))}")
        connection.execute(_FORMS)
    except duckdb.Error as error:
        raise StoreError(
            f"full-text search cannot be loaded ({type(error).__name__}): install what requirements.lock names"
        ) from None
