"""The published copy as Parquet, CSV and Excel: the same figures, nothing more, each whole or not there."""

import csv
import os
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook

from callinsight.core.taxonomy import Taxonomy
from callinsight.core.values import CallResult
from callinsight.errors import StoreError
from callinsight.store import export as export_module
from callinsight.store import workbook as workbook_module
from callinsight.store.dimensions import sync_dimensions
from callinsight.store.export import answer_workbook, export, headings, is_behind, put
from callinsight.store.load import load_batch
from callinsight.store.publish import PublishSettings, fill_published, publish_from
from callinsight.store.query import Table, run_query
from callinsight.store.workbook import Front, Heading, Sheet, workbook

MakeResult = Callable[..., CallResult]
NOW = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
ALL = ("parquet", "csv", "xlsx")


@pytest.fixture
def published(
    writer: duckdb.DuckDBPyConnection, small_taxonomy: Taxonomy, make_result: MakeResult, tmp_path: Path
) -> Path:
    """Twelve calls about passports and few about others, with small counts hidden below five."""
    sync_dimensions(writer, small_taxonomy)
    waste = [make_result(f"waste-{n}", topics=(("bulky-waste", None),), said="geheime woorden") for n in range(3)]
    other = [make_result(f"{name}-{n}", topics=((name, None),)) for name in ("digid", "parking") for n in range(3)]
    load_batch(writer, [*(make_result(f"call-{n}") for n in range(12)), *waste, *other], [])
    target = tmp_path / "public" / "trends.duckdb"
    publish_from(writer, target, PublishSettings(k=5), NOW)
    return target


def _tables(published: Path) -> list[str]:
    return [str(name) for (name,) in run_query(published, "SELECT table_name FROM duckdb_tables() ORDER BY 1").rows]


def test_parquet_and_csv_hold_every_table_as_it_was_published(published: Path) -> None:
    export(published, ALL)
    folder = published.parent / "tabellen"
    for shape in ("parquet", "csv"):
        assert sorted(path.stem for path in (folder / shape).iterdir()) == _tables(published)
    with duckdb.connect() as connection:
        for table in _tables(published):
            rows = connection.execute(f"FROM '{folder}/parquet/{table}.parquet'").fetchall()
            assert rows == list(run_query(published, f'FROM "{table}"').rows), table
    with (folder / "csv" / "topics_per_week.csv").open(encoding="utf-8", newline="") as file:
        shown = {row["topic"]: row["calls"] for row in csv.DictReader(file)}
    assert shown == {"passport": "12", "bulky-waste": "", "digid": "", "parking": ""}


def test_the_workbook_opens_ready_to_read(published: Path) -> None:
    export(published, ALL)
    book = load_workbook(published.with_suffix(".xlsx"))
    assert book.sheetnames[:2] == ["Lees mij", "Vragen per week"]
    front = [str(cell.value) for row in book["Lees mij"].iter_rows() for cell in row if cell.value]
    assert front[0] == "Waarover bellen inwoners?"
    assert any("Aantallen onder 5 zijn weggelaten" in line for line in front)
    assert set(book.sheetnames[1:]) <= set(front)  # each is named and explained
    page = book["Onderwerpen per week"]
    names = [cell.value for cell in page[4]]
    assert names[:5] == ["Week", "Maandag", "Vakgebied", "Onderwerp (code)", "Onderwerp"]
    assert page["A2"].value.startswith("Hoeveel gesprekken per week over elk onderwerp gingen.")
    assert page[3][4].value == "Naam van het onderwerp."
    assert page.freeze_panes == "A5"
    assert page.auto_filter.ref == f"A4:{page.cell(4, len(names)).column_letter}{page.max_row}"
    assert all(9 <= page.column_dimensions[letter].width <= 61 for letter in "ABCDE")
    rows = {row[4]: dict(zip(names, row, strict=True)) for row in page.iter_rows(min_row=5, values_only=True)}
    assert (rows["Paspoort"]["Gesprekken"], rows["Paspoort"]["Weggelaten"]) == (12, "nee")
    assert (rows["Grofvuil"]["Gesprekken"], rows["Grofvuil"]["Weggelaten"]) == (None, "ja")
    assert rows["Paspoort"]["Maandag"] == datetime.fromisoformat("2026-08-31")


LAST_MONDAY = date(2026, 9, 7)
FIRST_MONDAY = date(2024, 9, 16)  # 103 weeks before


def _over_years(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult, target: Path, days: list[date], k: int = 1
) -> Path:
    moments = [datetime(day.year, day.month, day.day, 9, tzinfo=UTC) for day in days]
    load_batch(writer, [make_result(f"call-{n}", started_at=moment) for n, moment in enumerate(moments)], [])
    publish_from(writer, target, PublishSettings(k=k), NOW)
    export(target, ALL)
    return target


def _mondays(published: Path, sheet: str) -> list[date]:
    page = load_workbook(published.with_suffix(".xlsx"))[sheet]
    names = [cell.value for cell in page[4]]
    column = names.index("Maandag" if "Maandag" in names else "Maand")
    return [row[column].date() for row in page.iter_rows(min_row=5, values_only=True)]


def _front_page(published: Path) -> str:
    page = load_workbook(published.with_suffix(".xlsx"))["Lees mij"]
    return " ".join(str(cell.value) for row in page.iter_rows() for cell in row if cell.value)


def test_the_workbook_holds_the_newest_two_years_and_says_where_the_rest_is(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult, tmp_path: Path
) -> None:
    days = [date(2019, 5, 6), date(2024, 9, 2), FIRST_MONDAY - timedelta(days=1), FIRST_MONDAY, LAST_MONDAY]
    published = _over_years(writer, make_result, tmp_path / "trends.duckdb", days)
    assert _mondays(published, "Onderwerpen per week") == [FIRST_MONDAY, LAST_MONDAY]
    assert _mondays(published, "Gesprekken per uur") == [FIRST_MONDAY, LAST_MONDAY]
    months = _mondays(published, "Behoeften per onderwerp")  # the month of the first Monday as a whole
    assert months == [date(2024, 9, 1), date(2026, 9, 1)]
    assert "vanaf 16-09-2024. Wat ouder is, staat in trends.duckdb en de map tabellen." in _front_page(published)
    for shape in ("csv", "parquet"):
        path = published.parent / "tabellen" / shape / f"topics_per_week.{shape}"
        assert duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall() == [(5,)]
    export(published, ("xlsx",))
    assert "Wat ouder is, staat in trends.duckdb." in _front_page(published)


def test_a_workbook_of_two_years_leaves_nothing_out(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult, tmp_path: Path
) -> None:
    published = _over_years(writer, make_result, tmp_path / "trends.duckdb", [FIRST_MONDAY, LAST_MONDAY])
    assert _mondays(published, "Onderwerpen per week") == [FIRST_MONDAY, LAST_MONDAY]
    assert "Wat ouder is" not in _front_page(published)


def test_a_recorder_with_a_wrong_clock_does_not_empty_the_workbook(
    writer: duckdb.DuckDBPyConnection, make_result: MakeResult, tmp_path: Path
) -> None:
    published = _over_years(writer, make_result, tmp_path / "trends.duckdb", [LAST_MONDAY, date(2037, 12, 28)])
    assert LAST_MONDAY in _mondays(published, "Onderwerpen per week")


def test_what_was_said_is_in_no_shape(published: Path) -> None:
    export(published, ALL)
    files = [path for path in published.parent.rglob("*") if path.is_file()]
    assert len(files) > 30
    for path in files:
        assert b"geheime" not in path.read_bytes(), path.name
    for page in load_workbook(published.with_suffix(".xlsx")):
        assert not any("geheime" in str(cell.value) or "waste-1" in str(cell.value) for row in page for cell in row)


def test_only_the_shapes_that_were_asked_for(published: Path) -> None:
    assert export(published, ()) == ()
    assert export(published, ("xlsx",)) == (published.with_suffix(".xlsx"),)
    assert sorted(path.name for path in published.parent.iterdir()) == ["trends.duckdb", "trends.xlsx"]


def test_a_new_publication_takes_the_place_of_the_old_in_one_step(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(published, ALL)
    link = published.parent / "tabellen"
    first, reader = link.resolve(), (link / "csv" / "topics.csv").open()
    swaps: list[tuple[str, bool]] = []
    rename = Path.replace

    def watched(source: Path, to: Path) -> Path:
        complete = not source.is_symlink() or (source / "csv" / "topics_per_week.csv").exists()
        swaps.append((to.name, to.exists() and complete))
        return rename(source, to)

    monkeypatch.setattr(Path, "replace", watched)
    export(published, ALL)
    assert swaps == [("tabellen", True), ("trends.xlsx", True)]
    assert link.resolve() != first
    assert reader.read().startswith("topic,")  # a reader keeps what it has open
    reader.close()
    export(published, ALL)
    assert not first.exists()
    assert len(list(published.parent.glob(".tabellen-*"))) == 2  # the present one and the one before
    modes = {stat.S_IMODE(path.stat().st_mode) for path in link.rglob("*.csv")}
    assert modes == {0o444}


def test_a_failed_export_keeps_what_was_there(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(published, ALL)
    before = (published.parent / "tabellen").resolve(), published.with_suffix(".xlsx").read_bytes()
    monkeypatch.setitem(export_module._COPY, "csv", "(FORMAT nonsense)")
    with pytest.raises(StoreError, match="not in every shape"):
        export(published, ALL)
    assert ((published.parent / "tabellen").resolve(), published.with_suffix(".xlsx").read_bytes()) == before
    assert len(list(published.parent.glob(".tabellen*"))) == 1


def test_what_a_killed_publication_left_is_noticed_and_cleared(published: Path) -> None:
    assert is_behind(published, ("xlsx",))
    assert not is_behind(published, ())
    export(published, ALL)
    assert not is_behind(published, ALL)
    os.utime(published, ns=(2**62, 2**62))  # a newer database was swapped in, and then the process died
    assert is_behind(published, ("csv",))
    assert is_behind(published, ("xlsx",))
    for name in (".trends.xlsx.1.part", ".tabellen.1.link"):
        (published.parent / name).write_text("half")
    export(published, ALL)
    names = [path.name for path in published.parent.iterdir() if not path.name.startswith(".tabellen-")]
    assert sorted(names) == ["tabellen", "trends.duckdb", "trends.xlsx"]


def test_every_published_table_and_column_has_a_dutch_name(writer: duckdb.DuckDBPyConnection) -> None:
    writer.execute("ATTACH ':memory:' AS published")
    fill_published(writer, PublishSettings(include_quotes=True), NOW)
    columns = writer.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'published'"
    ).fetchall()
    names = headings()
    tables = {table for table, _ in columns}
    assert tables == {*names["sheets"], *names["left_out"]}
    assert {column for _, column in columns} == set(names["columns"])
    assert [name for name in names["sheets"].values() if len(name) > 31 or set("[]:*?/\\") & set(name)] == []
    assert len(set(names["sheets"].values())) == len(names["sheets"])
    for table in tables:  # two columns of one sheet must not look the same
        shown = [names["columns"][column] for name, column in columns if name == table]
        assert len(set(shown)) == len(shown), table


def _read(data: bytes, sheet: str = "Blad") -> list[tuple[object, ...]]:
    return [tuple(row) for row in load_workbook(BytesIO(data))[sheet].iter_rows(min_row=5, values_only=True)]


def test_text_is_never_a_formula(tmp_path: Path) -> None:
    rows = [("=1+1",), ("+31",), ("@SUM(A1)",), ("https://example.org",), ("12",)]
    data = workbook([Sheet("Blad", "", (Heading("Tekst"),), rows)], None, NOW)
    assert _read(data) == rows
    cells = load_workbook(BytesIO(data))["Blad"]
    assert {cells.cell(n, 1).data_type for n in range(5, 10)} == {"s"}


def test_every_kind_of_value_has_a_cell() -> None:
    rows = [(True, 3, 0.5, date(2026, 9, 1), datetime.fromisoformat("2026-09-01T09:12"), None, ["a", "b"])]
    data = workbook([Sheet("Blad", "", tuple(Heading(c) for c in "abcdefg"), rows)], Front("Titel", ("een",)), NOW)
    day, moment = (datetime.fromisoformat(text) for text in ("2026-09-01", "2026-09-01T09:12"))
    assert _read(data) == [("ja", 3, 0.5, day, moment, None, "a, b")]
    assert data == workbook([Sheet("Blad", "", tuple(map(Heading, "abcdefg")), rows)], Front("Titel", ("een",)), NOW)


def test_an_empty_table_has_its_headings() -> None:
    data = workbook([Sheet("Blad", "Uitleg.", (Heading("a", "Wat a is."),), [])], None, NOW)
    page = load_workbook(BytesIO(data))["Blad"]
    assert [page["A2"].value, page["A3"].value, page["A4"].value] == ["Uitleg.", "Wat a is.", "a"]


def test_more_rows_than_fit_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_module, "MAX_ROWS", 2)
    data = workbook([Sheet("Blad", "Uitleg.", (Heading("a"),), [(n,) for n in range(5)])], None, NOW)
    assert _read(data) == [(0,), (1,)]
    assert "Er zijn 3 rijen weggelaten" in str(load_workbook(BytesIO(data))["Blad"]["A2"].value)


def test_an_answer_is_a_workbook(tmp_path: Path) -> None:
    put(tmp_path / "a.xlsx", answer_workbook(Table(("topic_label", "n"), (("Paspoort", 3),)), NOW))
    page = load_workbook(tmp_path / "a.xlsx")["Antwoord"]
    assert [cell.value for cell in page[4]] == ["Onderwerp", "n"]
    assert [cell.value for cell in page[5]] == ["Paspoort", 3]
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
