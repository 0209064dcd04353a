"""An Excel workbook that opens ready to read: a sheet per table with headings and a filter, and one that explains."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1_000_000
"""Excel holds 1,048,576 rows; what is beyond this is left out, and the sheet says so."""

_WIDEST, _NARROWEST = 60, 9
_LOOKED_AT = 200
_TITLE, _EXPLANATION, _MEANINGS, _HEADINGS = range(4)
_FIRST = _HEADINGS + 1


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its name, and what it means in a sentence (may be empty)."""

    name: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to be shown. ``name`` has at most 31 characters, as Excel demands."""

    name: str
    explanation: str
    headings: tuple[Heading, ...]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Front:
    """The first sheet: a title and lines of text. Links to the other sheets follow by themselves."""

    title: str
    lines: tuple[str, ...]


def workbook(sheets: Sequence[Sheet], front: Front | None, made_on: datetime) -> bytes:
    """The workbook as bytes; the same for the same input. Text is never taken for a formula or a link."""
    import xlsxwriter  # here, because most commands do without

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, {**options, "nan_inf_to_errors": True})
    book.set_properties({"created": made_on.replace(tzinfo=None), "author": "Callinsight"})
    formats = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "meaning": book.add_format({"italic": True, "text_wrap": True, "valign": "top", "font_color": "#444444"}),
        "heading": book.add_format({"bold": True, "bg_color": "#154273", "font_color": "#FFFFFF", "border": 1}),
        "date": book.add_format({"num_format": "dd-mm-yyyy", "align": "left"}),
        "moment": book.add_format({"num_format": "dd-mm-yyyy hh:mm", "align": "left"}),
        "number": book.add_format({"num_format": "0.0##"}),
        "link": book.get_default_url_format(),
    }
    if front is not None:
        _write_front(book.add_worksheet("Lees mij"), front, sheets, formats)
    for sheet in sheets:
        _write_sheet(book.add_worksheet(sheet.name), sheet, formats)
    book.close()
    return target.getvalue()


def _write_front(page: "Worksheet", front: Front, sheets: Sequence[Sheet], formats: dict[str, Any]) -> None:
    page.set_column(0, 0, 34)
    page.set_column(1, 1, 110)
    page.write_string(0, 0, front.title, formats["title"])
    row = 2
    for line in front.lines:
        page.merge_range(row, 0, row, 1, "", formats["text"])
        page.write_string(row, 0, line, formats["text"])
        page.set_row(row, 15 * (1 + len(line) // 140))
        row += 1
    page.write_string(row + 1, 0, "Tabblad", formats["heading"])
    page.write_string(row + 1, 1, "Wat erin staat", formats["heading"])
    for number, sheet in enumerate(sheets, start=row + 2):
        page.write_url(number, 0, f"internal:'{sheet.name}'!A1", formats["link"], sheet.name)
        page.write_string(number, 1, sheet.explanation, formats["text"])
        page.set_row(number, 15 * (1 + len(sheet.explanation) // 120))
    page.set_landscape()
    page.fit_to_pages(1, 0)


def _write_sheet(page: "Worksheet", sheet: Sheet, formats: dict[str, Any]) -> None:
    rows = sheet.rows[:MAX_ROWS]
    left_out = len(sheet.rows) - len(rows)
    note = f" Er zijn {left_out} rijen weggelaten, omdat ze hier niet passen." if left_out else ""
    page.write_string(_TITLE, 0, sheet.name, formats["title"])
    page.write_string(_EXPLANATION, 0, sheet.explanation + note)
    for column, heading in enumerate(sheet.headings):
        page.write_string(_MEANINGS, column, heading.meaning, formats["meaning"])
        page.write_string(_HEADINGS, column, heading.name, formats["heading"])
        page.set_column(column, column, _width(heading, [row[column] for row in rows[:_LOOKED_AT]]))
    for number, row in enumerate(rows, start=_FIRST):
        for column, value in enumerate(row):
            _write_cell(page, number, column, value, formats)
    page.set_row(_MEANINGS, _height(sheet, rows))
    page.freeze_panes(_FIRST, 0)
    if sheet.headings:
        page.autofilter(_HEADINGS, 0, _HEADINGS + max(1, len(rows)), len(sheet.headings) - 1)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(_HEADINGS)


def _write_cell(page: "Worksheet", row: int, column: int, value: object, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        page.write_string(row, column, "ja" if value else "nee")
    elif isinstance(value, datetime):
        page.write_datetime(row, column, value.replace(tzinfo=None), formats["moment"])
    elif isinstance(value, date):
        page.write_datetime(row, column, value, formats["date"])
    elif isinstance(value, int):
        page.write_number(row, column, value)
    elif isinstance(value, float):
        page.write_number(row, column, value, formats["number"])
    else:
        page.write_string(row, column, _text(value))


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _shown(values: Sequence[object]) -> Iterator[int]:
    for value in values:
        yield 16 if isinstance(value, datetime) else 10 if isinstance(value, date) else len(_text(value))


def _width(heading: Heading, values: Sequence[object]) -> int:
    """Wide enough for the longest of the first values and for the heading with its filter button."""
    longest = max([len(heading.name) + 4, *_shown([value for value in values if value is not None])])
    return min(max(longest + 1, _NARROWEST), _WIDEST)


def _height(sheet: Sheet, rows: Sequence[Sequence[object]]) -> int:
    """High enough for the longest meaning, in points."""
    lines = [
        1 + len(heading.meaning) // _width(heading, [row[column] for row in rows[:_LOOKED_AT]])
        for column, heading in enumerate(sheet.headings)
    ]
    return min(15 * (max(lines, default=1) + 1), 300)
