"""The command that asks the published database."""

from datetime import UTC, datetime
from pathlib import Path

import click

from callinsight import console, settings
from callinsight.cli import EXIT_OK
from callinsight.errors import SettingsError
from callinsight.store import export, query

FORMATS = ("table", "csv", "json")


@click.command(
    "sql",
    epilog="Examples:\n\n\b\n"
    '  callinsight sql "SELECT * FROM questions_per_week LIMIT 10"\n'
    '  callinsight sql --csv "FROM needs_per_week" > behoeften.csv\n'
    '  callinsight sql --xlsx stijgers.xlsx "FROM rising_topics"\n'
    "  callinsight sql --tables",
)
@click.argument("question", required=False)
@click.option("--csv", "output", flag_value="csv", help="Comma-separated values instead of a table.")
@click.option("--json", "output", flag_value="json", help="JSON instead of a table.")
@click.option(
    "--xlsx", "book", type=click.Path(path_type=Path, dir_okay=False), help="Write an Excel workbook to this file."
)
@click.option("--tables", is_flag=True, help="Show which tables and views there are, and what they hold.")
@click.option("--database", type=click.Path(path_type=Path, dir_okay=False), help="Default: the published copy.")
@click.pass_obj
def sql_command(
    file: Path | None, question: str | None, output: str | None, book: Path | None, tables: bool, database: Path | None
) -> int:
    """Ask the published database a question in SQL.

    The database is opened read-only and the question cannot reach files or the network. Without a question, or with
    --tables, it shows what there is to ask.
    """
    chosen = settings.load(file)  # from which an encrypted database has its key, wherever it lies
    path = database or chosen.work.published_database
    if tables or not question:
        question = (
            "SELECT table_name AS naam, comment AS inhoud FROM duckdb_tables() UNION ALL "
            "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY 1"
        )
    answer = query.run_query(path, question)
    if book is not None:
        try:
            export.put(book, export.answer_workbook(answer, datetime.now(UTC)))
        except OSError as error:
            raise SettingsError(f"{book.name} cannot be written ({error.strerror}): is its folder there?") from None
        console.out.print(f"{len(answer.rows)} rijen in {book.name}.", highlight=False)
        return EXIT_OK
    if output == "csv":
        click.echo(query.to_csv(answer), nl=False)
    elif output == "json":
        click.echo(query.to_json(answer))
    else:
        console.out.print(console.table("", answer.columns, answer.rows))
    return EXIT_OK
