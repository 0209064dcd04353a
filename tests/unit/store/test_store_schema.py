"""Promises about the schema as a whole: names explained in Dutch, nobody named, SQL files that say what they do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from callinsight.store.dictionary import render
from callinsight.store.migrate import prepare
from callinsight.store.publish import PublishSettings, fill_published
from callinsight.store.rows import FACTS
from callinsight.store.scripts import CHECKS, MIGRATIONS, PUBLISH, VIEWS, Script, read_scripts

ROOT = Path(__file__).parents[3]

FORBIDDEN = ("agent_name", "agent_id", "agent_score", "score_agent", "agent_rating", "employee", "emotion", "sentiment")
FORBIDDEN_PARTS = ("emot", "sentiment", "stress", "mood", "voiceprint", "bsn", "phone", "email", "address", "speaker")
DUTCH = {"de", "het", "een", "van", "of", "in", "is", "per", "en", "bij", "hoe", "wanneer", "aantal", "naam", "dag"}
ENGLISH = {"the", "of the", "which", "when", "number of", "with", "call was"}


@pytest.fixture(scope="module")
def everything() -> Iterator[duckdb.DuckDBPyConnection]:
    """Both databases, empty, in memory: the work database and ``published``, with quotes."""
    connection = duckdb.connect(":memory:")
    prepare(connection)
    connection.execute("ATTACH ':memory:' AS published")
    fill_published(connection, PublishSettings(include_quotes=True), datetime(2026, 1, 1, tzinfo=UTC))
    yield connection
    connection.close()


def _all_columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    return connection.execute(
        "SELECT database_name, table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    tables = connection.execute(
        "SELECT database_name || '.' || table_name, comment FROM duckdb_tables() WHERE NOT internal AND NOT temporary "
        "UNION ALL SELECT database_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    columns = {f"{base}.{table}.{name}": comment for base, table, name, comment in _all_columns(connection)}
    return {**dict(tables), **columns}


def test_every_table_view_and_column_has_a_comment(everything: duckdb.DuckDBPyConnection) -> None:
    comments = _comments(everything)
    assert len(comments) > 300
    assert sorted(name for name, comment in comments.items() if not comment) == []


def test_comments_are_dutch_sentences(everything: duckdb.DuckDBPyConnection) -> None:
    comments = {name: comment or "" for name, comment in _comments(everything).items()}
    unfinished = sorted(name for name, comment in comments.items() if not comment.endswith((".", "112.", "113.")))
    assert unfinished == []
    english = [n for n, c in comments.items() if any(f" {word} " in f" {c.lower()} " for word in ENGLISH)]
    assert english == []
    tables = {name: comment for name, comment in comments.items() if name.count(".") == 1}
    strange = [name for name, comment in tables.items() if not DUTCH & set(comment.lower().replace(",", "").split())]
    assert strange == []


def test_no_column_is_about_a_person(everything: duckdb.DuckDBPyConnection) -> None:
    names = {column for _, _, column, _ in _all_columns(everything)}
    assert names & set(FORBIDDEN) == set()
    assert [name for name in names if any(part in name for part in FORBIDDEN_PARTS)] == []
    # the only measure with the word agent in it is a time of a role in one call
    assert [name for name in names if "agent" in name] == ["agent_talk_ms"]


def test_nothing_published_holds_turns_or_single_calls(everything: duckdb.DuckDBPyConnection) -> None:
    published = [(table, column) for base, table, column, _ in _all_columns(everything) if base == "published"]
    assert {"turns", "calls", "signals", "questions", "measures"} & {table for table, _ in published} == set()
    single = {table for table, column in published if column in {"call_id", "recording_ref", "quote", "text"}}
    assert single == {"flagged_calls", "candidate_quotes"}  # both made only when the settings ask for quotes
    assert [table for table, column in published if "agent" in column] == []


_SCRIPTS = [
    script
    for folder in (MIGRATIONS, VIEWS, CHECKS, PUBLISH, PUBLISH / "with_quotes")
    for script in read_scripts(folder)
]


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: script.name)
def test_every_sql_file_begins_with_what_it_is_for(script: Script) -> None:
    assert script.text.startswith("-- ")
    assert len(script.explanation.split()) >= 5


@pytest.mark.parametrize("script", read_scripts(VIEWS), ids=lambda script: script.subject)
def test_every_view_file_makes_the_view_of_its_name(script: Script) -> None:
    assert f"CREATE VIEW {script.subject} AS" in script.text
    assert script.text.count("CREATE ") == 1


def test_the_columns_that_are_loaded_are_those_of_the_tables(everything: duckdb.DuckDBPyConnection) -> None:
    for fact in FACTS:
        columns = [c for base, table, c, _ in _all_columns(everything) if (base, table) == ("memory", fact.table)]
        assert [column.name for column in fact.columns] == columns


def test_the_data_dictionary_is_not_stale() -> None:
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert page == render(), "make it anew: python -m callinsight.store.dictionary > docs/data-dictionary.md"
    assert "HUGEINT" not in page  # many tools outside cannot read that type
