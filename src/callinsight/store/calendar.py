"""The Dutch calendar: weeks, public holidays and working days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from callinsight.store.columns import Column, Kind, insert_rows

FIRST_YEAR, LAST_YEAR = 2015, 2045
WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")

_COLUMNS = (
    Column("local_date", Kind.DATE),
    Column("week_start", Kind.DATE),
    Column("iso_week", Kind.TEXT),
    Column("weekday", Kind.INTEGER),
    Column("weekday_label", Kind.TEXT),
    Column("holiday", Kind.OPTIONAL_TEXT),
    Column("working_day", Kind.BOOLEAN),
)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday. ``closed`` says whether municipal offices are usually closed on it."""

    day: date
    name: str
    closed: bool = True


def easter(year: int) -> date:
    """Easter Sunday of a Gregorian year: Butcher's rule, as in Meeus, *Astronomical Algorithms* (1991), chapter 8."""
    century, year_of_century = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year_of_century // 4) - moon - year_of_century % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def holidays(year: int) -> tuple[Holiday, ...]:
    """The holidays of a year by date.

    The days are those of the Algemene termijnenwet, article 3. Two follow the habit of municipal offices: open on Good
    Friday, and closed on Liberation Day once in five years. King's Day moves to 26 April when the 27th is a Sunday.
    """
    sunday = easter(year)
    kings_day = date(year, 4, 27)
    if kings_day.isoweekday() == 7:
        kings_day = date(year, 4, 26)
    return tuple(
        sorted(
            (
                Holiday(date(year, 1, 1), "Nieuwjaarsdag"),
                Holiday(sunday - timedelta(days=2), "Goede Vrijdag", closed=False),
                Holiday(sunday, "Eerste paasdag"),
                Holiday(sunday + timedelta(days=1), "Tweede paasdag"),
                Holiday(kings_day, "Koningsdag"),
                Holiday(date(year, 5, 5), "Bevrijdingsdag", closed=year % 5 == 0),
                Holiday(sunday + timedelta(days=39), "Hemelvaartsdag"),
                Holiday(sunday + timedelta(days=49), "Eerste pinksterdag"),
                Holiday(sunday + timedelta(days=50), "Tweede pinksterdag"),
                Holiday(date(year, 12, 25), "Eerste kerstdag"),
                Holiday(date(year, 12, 26), "Tweede kerstdag"),
            ),
            key=lambda holiday: (holiday.day, holiday.name),
        )
    )


def week_start(day: date) -> date:
    """The Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


def iso_week(day: date) -> str:
    """The ISO 8601 week of ``day``, such as ``2026-W36``; it sorts as text."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _rows(first_year: int, last_year: int) -> Iterator[tuple[object, ...]]:
    day = date(first_year, 1, 1)
    named: dict[date, Holiday] = {}
    for year in range(first_year, last_year + 1):
        for holiday in holidays(year):
            named.setdefault(holiday.day, holiday)
    while day.year <= last_year:
        special = named.get(day)
        working = day.isoweekday() <= 5 and not (special is not None and special.closed)
        label = WEEKDAYS[day.weekday()]
        name = None if special is None else special.name
        yield (day, week_start(day), iso_week(day), day.isoweekday(), label, name, working)
        day += timedelta(days=1)


def fill_calendar(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the empty table ``calendar`` with ``FIRST_YEAR`` up to and including ``LAST_YEAR``; else do nothing."""
    if connection.execute("SELECT 1 FROM calendar LIMIT 1").fetchone() is None:
        insert_rows(connection, "calendar", _COLUMNS, _rows(FIRST_YEAR, LAST_YEAR))
