"""The papers for a privacy officer: they hold for the schema, and name only tests that exist."""

import re
from pathlib import Path

import duckdb
import pytest

from callinsight import inventory
from callinsight.store import dictionary
from callinsight.store.migrate import prepare

ROOT = Path(__file__).parents[2]
PAPERS = sorted((ROOT / "docs" / "privacy").glob("*.md"))


def test_the_list_of_what_is_stored_is_not_stale() -> None:
    page = (ROOT / "docs" / "privacy" / "wat-staat-waar.md").read_text(encoding="utf-8")
    assert page == inventory.render(), "make it anew: python -m callinsight.inventory > docs/privacy/wat-staat-waar.md"


def test_every_table_says_what_it_holds() -> None:
    assert "turns" in dict(dictionary.tables())
    assert all(comment for _, comment in dictionary.tables())


def test_masked_text_is_only_where_the_list_says() -> None:
    with duckdb.connect(":memory:") as connection:
        prepare(connection)
        found = connection.execute(
            "SELECT table_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name) "
            "WHERE regexp_matches(column_name, 'text|quote|terms|words') AND data_type LIKE 'VARCHAR%' ORDER BY 1"
        ).fetchall()
    page = inventory.render()
    (sentence,) = re.findall(r"Gemaskeerde tekst staat alleen in ([^.]+)\.", page)
    assert sorted(re.findall(r"`(\w+)`", sentence)) == [table for (table,) in found]


@pytest.mark.parametrize(
    ("place", "known"),
    [
        ("results/3g/c3gabc.json.gz", True),
        ("published/tabellen/topics.csv", True),
        ("ledger.sqlite-wal", True),
        ("results/3g/c3gabc.wav", False),
        ("transcript.txt", False),
    ],
)
def test_files_are_found_in_the_list(place: str, known: bool) -> None:
    assert (inventory.kept_as(place) is not None) is known


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_the_papers_point_at_what_exists(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    for test in re.findall(r"`(tests/[^`]+)`", text):
        assert (ROOT / test.partition("::")[0]).is_file(), test
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (paper.parent / link).is_file(), link
