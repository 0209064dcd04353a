"""The data dictionary: every table, view and column with its Dutch comment, as a Markdown page."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb

from callinsight.store.migrate import prepare
from callinsight.store.publish import DEFAULT_K, PublishSettings, fill_published

_INTRODUCTION = f"""# Gegevenswoordenboek

Deze pagina is gemaakt uit de database zelf: `python -m callinsight.store.dictionary > docs/data-dictionary.md`.
Een test bewaakt dat zij klopt.

Er zijn twee databases. De **gepubliceerde kopie** is voor iedereen die cijfers zoekt: `callinsight sql` vraagt daaraan.
Aantallen onder een grens (standaard {DEFAULT_K}) zijn er weggelaten, en de gesprekken zelf staan er niet in; alleen
`flagged_calls` bevat citaten, en die tabel is er alleen als de instellingen erom vragen. De **werkdatabase** is van het
datateam: daarin schrijft de nachtelijke verwerking. In geen van beide is plaats voor de naam van een medewerker of een
beller. De tekst van gesprekken is gemaskeerd, maar gemaskeerd is niet anoniem.
"""

_ORDER = """
SELECT table_name, comment FROM duckdb_tables() WHERE database_name = ? AND NOT internal AND NOT temporary
UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE database_name = ? AND NOT internal AND NOT temporary
ORDER BY 1
"""

_COLUMNS = """
SELECT column_name, data_type, comment FROM duckdb_columns()
WHERE database_name = ? AND table_name = ? ORDER BY column_index
"""


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def _sections(connection: duckdb.DuckDBPyConnection, database: str) -> Iterator[str]:
    for name, comment in connection.execute(_ORDER, [database, database]).fetchall():
        yield f"\n### {name}\n\n{comment or ''}\n\n| kolom | soort | betekenis |\n| --- | --- | --- |"
        for column, kind, meaning in connection.execute(_COLUMNS, [database, name]).fetchall():
            yield f"| `{column}` | {kind} | {_cell(meaning)} |"


def tables() -> tuple[tuple[str, str], ...]:
    """The tables of the writer's database, views left out, by name: each with its comment."""
    connection = duckdb.connect(":memory:")
    try:
        prepare(connection)
        found = connection.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY 1"
        ).fetchall()
    finally:
        connection.close()
    return tuple((str(name), str(comment or "")) for name, comment in found)


def render() -> str:
    """The page in Markdown. Made from an empty database in memory, so it is the same everywhere."""
    connection = duckdb.connect(":memory:")
    try:
        prepare(connection)
        connection.execute("ATTACH ':memory:' AS published")
        fill_published(connection, PublishSettings(include_quotes=True), datetime(2026, 1, 1, tzinfo=UTC))
        lines = [_INTRODUCTION, "## De gepubliceerde kopie", *_sections(connection, "published")]
        lines += ["", "## De werkdatabase", *_sections(connection, "memory")]
    finally:
        connection.close()
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
