"""The Dutch calendar: weeks, public holidays, working days, and when the telephone is answered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

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
    Column("opens", Kind.OPTIONAL_TIME),
    Column("closes", Kind.OPTIONAL_TIME),
)

OFFICE_HOURS = (time(8, 30), time(17, 0))
"""What most municipal contact centres keep from Monday to Friday; a municipality sets its own."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When the telephone is answered, on Dutch clocks: (opens, closes) by weekday, 1 for Monday to 7 for Sunday.

    A weekday that is left out is closed, and so are holidays on which offices close, and ``closed_days``.
    """

    by_weekday: Mapping[int, tuple[time, time]] = field(
        default_factory=lambda: dict.fromkeys(range(1, 6), OFFICE_HOURS)
    )
    closed_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not set(self.by_weekday) <= set(range(1, 8)):
            raise ValueError("weekdays are numbered from 1 (Monday) to 7 (Sunday)")
        if any(opens >= closes for opens, closes in self.by_weekday.values()):
            raise ValueError("the telephone closes after it opens, on the same day")


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


def _rows(hours: OpeningHours) -> Iterator[tuple[object, ...]]:
    day = date(FIRST_YEAR, 1, 1)
    named: dict[date, Holiday] = {}
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for holiday in holidays(year):
            named.setdefault(holiday.day, holiday)
    while day.year <= LAST_YEAR:
        special = named.get(day)
        shut = day in hours.closed_days or (special is not None and special.closed)
        opens, closes = (None, None) if shut else hours.by_weekday.get(day.isoweekday(), (None, None))
        yield (
            day,
            week_start(day),
            iso_week(day),
            day.isoweekday(),
            WEEKDAYS[day.weekday()],
            None if special is None else special.name,
            day.isoweekday() <= 5 and not shut,
            opens,
            closes,
        )
        day += timedelta(days=1)


def sync_calendar(connection: duckdb.DuckDBPyConnection, hours: OpeningHours) -> bool:
    """Make the table ``calendar`` hold ``FIRST_YEAR`` up to and including ``LAST_YEAR`` with these hours.

    True when anything had to change. Needs no open transaction; all or nothing.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE newer AS FROM calendar LIMIT 0")
    try:
        insert_rows(connection, "newer", _COLUMNS, _rows(hours))
        differing = connection.execute("(FROM newer EXCEPT FROM calendar) UNION ALL (FROM calendar EXCEPT FROM newer)")
        if differing.fetchone() is None:
            return False
        connection.execute("BEGIN; DELETE FROM calendar; INSERT INTO calendar FROM newer; COMMIT")
    finally:
        connection.execute("DROP TABLE newer")
    return True


def fill_calendar(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the empty table ``calendar`` with the usual hours; else do nothing."""
    if connection.execute("SELECT 1 FROM calendar LIMIT 1").fetchone() is None:
        insert_rows(connection, "calendar", _COLUMNS, _rows(OpeningHours()))
