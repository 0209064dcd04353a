"""Finds words in the redacted turns, whatever their form, in the index of each month (``search_index``).

Turns are ordered by BM25 (Robertson and Zaragoza, *The Probabilistic Relevance Framework*, 2009, with k1 = 1.2 and
b = 0.75). How rare a word is, and how long a turn is on average, is counted over all months that are searched together,
so that their scores compare: the answer is that of one index of all of them.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from callinsight.errors import StoreError
from callinsight.store.database import quoted
from callinsight.store.search_index import Month, Watch, opened

_WORD = re.compile(r"[^\W_]+")

_HELD = "SELECT word, count(*) FROM {month}.words WHERE word IN ({words}) GROUP BY word"
_SIZE = "SELECT count(*), coalesce(sum(length), 0) FROM {month}.turns"

_BEST = """
INSERT INTO best
SELECT t.call_id, t.turn_no, t.local_date, t.started_local, s.score
FROM (
    SELECT
        w.turn,
        sum(r.rareness * w.times * 2.2 / (w.times + 1.2 * (0.25 + 0.75 * t.length / $average))) AS score
    FROM {month}.words w
    JOIN rareness r USING (word)
    JOIN {month}.turns t USING (turn)
    WHERE w.word IN ({words})
    GROUP BY w.turn
    HAVING count(*) >= $at_least
) s
JOIN {month}.turns t USING (turn)
WHERE ($since IS NULL OR t.local_date >= $since)
    AND ($topic IS NULL OR t.call_id IN (
        SELECT call_id FROM source.questions
        WHERE topic = $topic AND local_date BETWEEN $first_day AND last_day($first_day::DATE)
    ))
ORDER BY s.score DESC, t.started_local DESC, t.call_id, t.turn_no
LIMIT $limit
"""

_ANSWER = """
SELECT b.call_id, b.started_local, t.start_ms, t.role, t.text
FROM (FROM best ORDER BY score DESC, started_local DESC, call_id, turn_no LIMIT $limit) b
JOIN source.turns t ON t.local_date = b.local_date AND t.call_id = b.call_id AND t.turn_no = b.turn_no
ORDER BY b.score DESC, b.started_local DESC, b.call_id, b.turn_no
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


def find(database: Path, question: Question, watch: Watch | None = None) -> tuple[Hit, ...]:
    """The best turns first. Makes the index of months that have none; ``watch`` is told how far that is.

    Raises ``StoreError`` when the database is missing or in use, or the question holds no word.
    """
    if not _WORD.search(question.words):
        raise StoreError("give at least one word to search for")
    with opened(database, question.since, watch) as (connection, months):
        try:
            wanted = _wanted(connection, question.words)
            _score(connection, months, question, wanted)
            rows = connection.execute(_ANSWER, {"limit": question.limit}).fetchall()
            found = _stems(connection, [word for *_, text in rows for word in _WORD.findall(text)])
        except duckdb.Error as error:
            raise StoreError(
                f"searching failed ({type(error).__name__}): remove the folder search of the work folder and try again"
            ) from None
    return tuple(
        Hit(call_id, started, start_ms, role, text, _marks(text, found, wanted))
        for call_id, started, start_ms, role, text in rows
    )


def _wanted(connection: duckdb.DuckDBPyConnection, words: str) -> frozenset[str]:
    """The distinct forms to look for, cut into words as the turns are."""
    rows = connection.execute("SELECT DISTINCT form(unnest(words_of($words)))", {"words": words}).fetchall()
    return frozenset(str(form) for (form,) in rows)


def _score(
    connection: duckdb.DuckDBPyConnection, months: tuple[Month, ...], question: Question, wanted: frozenset[str]
) -> None:
    """Fill the temporary table ``best`` with the best turns of each month."""
    connection.execute(
        "CREATE TEMP TABLE best "
        "(call_id VARCHAR, turn_no INTEGER, local_date DATE, started_local TIMESTAMP, score DOUBLE)"
    )
    if not wanted:
        return
    listed = ", ".join(map(quoted, sorted(wanted)))
    average = _weigh(connection, months, listed)
    for month in months:
        told = {
            "average": average,
            "at_least": 1 if question.any_word else len(wanted),
            "since": question.since,
            "topic": question.topic,
            "first_day": month.first_day,
            "limit": question.limit,
        }
        connection.execute(_BEST.format(month=month.schema, words=listed), told)


def _weigh(connection: duckdb.DuckDBPyConnection, months: tuple[Month, ...], listed: str) -> float:
    """Fill the temporary table ``rareness`` for the listed words; return the average length of a turn in words."""
    turns, length, held = 0, 0, dict[str, int]()
    for month in months:
        ((here, words_here),) = connection.execute(_SIZE.format(month=month.schema)).fetchall()
        turns, length = turns + here, length + words_here
        for word, number in connection.execute(_HELD.format(month=month.schema, words=listed)).fetchall():
            held[word] = held.get(word, 0) + number
    connection.execute("CREATE TEMP TABLE rareness (word VARCHAR, rareness DOUBLE)")
    for word, number in held.items():
        connection.execute(
            "INSERT INTO rareness SELECT $word, ln(($turns - $held + 0.5) / ($held + 0.5) + 1)",
            {"word": word, "turns": turns, "held": number},
        )
    return max(1, length) / max(1, turns)


def _marks(text: str, found: dict[str, str], wanted: frozenset[str]) -> tuple[tuple[int, int], ...]:
    return tuple(match.span() for match in _WORD.finditer(text) if found[match.group()] in wanted)


def _stems(connection: duckdb.DuckDBPyConnection, words: list[str]) -> dict[str, str]:
    """The stem of each word, as the index makes it."""
    distinct = sorted(set(words))
    asked = "SELECT w, form(w) FROM (SELECT unnest($words::VARCHAR[]) AS w)"
    return {str(word): str(stem) for word, stem in connection.execute(asked, {"words": distinct}).fetchall()}
