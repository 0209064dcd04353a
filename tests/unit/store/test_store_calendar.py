"""The Dutch calendar: holidays on the right day, weeks as ISO counts them."""

from datetime import date, time

import duckdb
import pytest

from callinsight.store.calendar import OpeningHours, easter, holidays, iso_week, sync_calendar, week_start


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (2019, date(2019, 4, 21)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),  # as late as it gets
        (2285, date(2285, 3, 22)),  # as early as it gets
    ],
)
def test_easter_falls_where_almanacs_say(year: int, day: date) -> None:
    assert easter(year) == day


def test_holidays_of_2026() -> None:
    days = {holiday.name: holiday.day for holiday in holidays(2026)}
    assert days["Goede Vrijdag"] == date(2026, 4, 3)
    assert days["Tweede paasdag"] == date(2026, 4, 6)
    assert days["Koningsdag"] == date(2026, 4, 27)
    assert days["Hemelvaartsdag"] == date(2026, 5, 14)
    assert days["Tweede pinksterdag"] == date(2026, 5, 25)
    assert len(days) == 11


def test_kings_day_moves_off_a_sunday() -> None:
    assert [one.day for one in holidays(2025) if one.name == "Koningsdag"] == [date(2025, 4, 26)]


@pytest.mark.parametrize(("year", "closed"), [(2025, True), (2026, False)])
def test_liberation_day_is_a_day_off_once_in_five_years(year: int, closed: bool) -> None:
    assert [one.closed for one in holidays(year) if one.name == "Bevrijdingsdag"] == [closed]


@pytest.mark.parametrize(
    ("day", "week", "monday"),
    [
        (date(2026, 1, 1), "2026-W01", date(2025, 12, 29)),
        (date(2027, 1, 1), "2026-W53", date(2026, 12, 28)),
        (date(2026, 9, 6), "2026-W36", date(2026, 8, 31)),
    ],
)
def test_weeks_are_iso_weeks(day: date, week: str, monday: date) -> None:
    assert (iso_week(day), week_start(day)) == (week, monday)


def test_the_table_has_every_day_once_and_agrees_with_duckdb(writer: duckdb.DuckDBPyConnection) -> None:
    days, distinct = writer.execute("SELECT count(*), count(DISTINCT local_date) FROM calendar").fetchall()[0]
    assert days == distinct == (date(2046, 1, 1) - date(2015, 1, 1)).days
    wrong = writer.execute(
        "SELECT * FROM calendar WHERE isodow(local_date) <> weekday OR strftime(local_date, '%G-W%V') <> iso_week "
        "OR date_trunc('week', local_date) <> week_start"
    ).fetchall()
    assert wrong == []


def test_working_days_leave_out_weekends_and_days_that_offices_are_closed(writer: duckdb.DuckDBPyConnection) -> None:
    rows = writer.execute(
        "SELECT day(local_date), working_day FROM calendar "
        "WHERE local_date BETWEEN DATE '2026-04-03' AND DATE '2026-04-07' ORDER BY 1"
    ).fetchall()
    assert rows == [(3, True), (4, False), (5, False), (6, False), (7, True)]


def hours_of(writer: duckdb.DuckDBPyConnection, *days: date) -> list[tuple[time | None, time | None]]:
    asked = "SELECT opens, closes FROM calendar WHERE list_contains(?, local_date) ORDER BY local_date"
    return writer.execute(asked, [list(days)]).fetchall()


def test_the_telephone_keeps_the_hours_that_it_is_given(writer: duckdb.DuckDBPyConnection) -> None:
    thursday, friday, saturday, kings_day = (date(2026, 4, day) for day in (23, 24, 25, 27))
    assert hours_of(writer, thursday, saturday) == [(time(8, 30), time(17, 0)), (None, None)]
    evening = (time(9, 0), time(20, 0))
    hours = OpeningHours({1: evening, 4: evening, 5: evening, 6: (time(9, 0), time(12, 0))}, frozenset({friday}))
    assert sync_calendar(writer, hours)
    assert hours_of(writer, thursday, friday, saturday, kings_day) == [
        evening,
        (None, None),
        (time(9, 0), time(12, 0)),
        (None, None),
    ]
    working = "SELECT count(*) FILTER (WHERE working_day), count(*) FROM calendar"
    shut = writer.execute(f"{working} WHERE local_date BETWEEN DATE '2026-04-20' AND DATE '2026-04-26'").fetchall()
    assert shut == [(4, 7)]  # a day that is shut is no working day; an open Saturday does not become one
    assert not sync_calendar(writer, hours)
    assert writer.execute(working).fetchall()[0][1] == (date(2046, 1, 1) - date(2015, 1, 1)).days


def test_hours_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="closes after it opens"):
        OpeningHours({1: (time(17, 0), time(9, 0))})
    with pytest.raises(ValueError, match="numbered from 1"):
        OpeningHours({0: (time(9, 0), time(17, 0))})
