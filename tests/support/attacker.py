"""Somebody who wants to know a hidden count, with everything that the published copy tells and how it was made.

What is not shown is an unknown whole number. The attacker knows which hidden counts are small (1 to k - 1) and which
are not (k or more), which is more than the copy tells, and every sum that happens to hold between the tables. Of a row
that hides as a whole nothing is known of its counts, not even that they are not zero; the same goes for a row that is
left out, even if the attacker guesses which it was. Integer programming then gives the lowest and the highest that each
hidden count can be.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from support.attacker_cells import Cell, Cells, less
from support.attacker_needs import Facts, needs_in_month, needs_in_week, registered_in_week

COUNTS = {
    "topics_per_week": (("week_start", "topic"), ("calls",)),
    "questions_per_week": (("week_start", "topic", "facet"), ("calls",)),
    "outcomes_per_week": (("week_start", "outcome"), ("calls",)),
    "signals_per_week": (("week_start", "kind"), ("calls",)),
    "calls_per_hour": (("local_date", "local_hour", "queue"), ("calls",)),
    "topics_together": (("month_start", "topic_a", "topic_b"), ("calls",)),
    "recognition_per_week": (("week_start",), ("calls",)),
    "tagging_per_week": (("week_start",), ("calls", "unknown_calls")),
    "promises_per_week": (
        ("week_start",),
        ("promises", "with_term", "without_term", "without_request", "callbacks", "broken"),
    ),
    "several_problems_per_month": (
        ("month_start",),
        ("calls", "two_topics", "three_topics", "two_domains", "flagged"),
    ),
    "first_contact_per_month": (("month_start",), ("solved", "not_solved", "excluded")),
    "action_effect": (("title",), ("calls_before", "calls_after")),
    "needs_per_week": (("week_start", "need"), ("calls",)),
    "needs_per_topic": (("month_start", "topic", "need"), ("calls",)),
    "needs_together": (("month_start", "need_a", "need_b"), ("calls",)),
    "life_events_per_month": (("month_start", "event"), ("calls",)),
    "registered_vs_heard": (("week_start", "registered_topic", "heard_topic", "agrees"), ("calls",)),
}
"""The tables of counts: their keys and their columns."""


MANY = 10_000
"""More calls than any test has: what has no upper end can be so many."""


@dataclass(frozen=True, slots=True)
class Found:
    """What somebody can find out of a small hidden count: it lies from ``low`` to ``high``."""

    cell: Cell
    low: int
    high: int


@dataclass(slots=True)
class Attacker:
    """Knows the copy (``shown``, ``None`` where it is hidden or left out); ``true`` only decides which sums hold."""

    k: int
    true: dict[Cell, int]
    shown: dict[Cell, int | None]
    left_out: frozenset[Cell] = frozenset()
    sums: list[tuple[dict[Cell, int], int]] = field(default_factory=list)

    def knows(self, parts: dict[Cell, int], total: int) -> None:
        """Add the knowledge that the weighted ``parts`` add up to ``total``, if they really do."""
        held = {cell: weight for cell, weight in parts.items() if cell in self.true}
        if held and sum(self.true[cell] * weight for cell, weight in held.items()) == total:
            self.sums.append((held, total))

    def find(self) -> Iterator[Found]:
        """What can be found out of each small hidden count."""
        hidden = [cell for cell, value in self.shown.items() if value is None]
        place = {cell: number for number, cell in enumerate(hidden)}
        rows, totals = [], []
        for parts, total in self.sums:
            row = np.zeros(len(hidden))
            for cell, weight in parts.items():
                value = self.shown[cell]
                if value is None:
                    row[place[cell]] += weight
                else:
                    total -= weight * value
            if row.any():
                rows.append(row)
                totals.append(total)
        for cell in hidden:
            if 0 < self.true[cell] < self.k:
                low, high = (self._end(place[cell], sign, hidden, rows, totals) for sign in (1, -1))
                yield Found(cell, low, high)

    def _end(self, wanted: int, sign: int, hidden: list[Cell], rows: list[np.ndarray], totals: list[int]) -> int:
        small = np.array([0 < self.true[cell] < self.k for cell in hidden])
        unknown = np.array([len(COUNTS[cell[0]][1]) > 1 or cell in self.left_out for cell in hidden])
        low = np.where(unknown, 0, np.where(small, 1, self.k))
        high = np.where(small & ~unknown, self.k - 1, MANY)
        goal = np.zeros(len(hidden))
        goal[wanted] = sign
        known = [LinearConstraint(np.array(rows), totals, totals)] if rows else []
        found = milp(goal, integrality=np.ones(len(hidden)), bounds=Bounds(low, high), constraints=known)
        assert found.x is not None, "the truth itself fits, so something does"
        best: float = found.x[wanted]
        return round(best)


def counts(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[Cell, int | None]:
    """All counts in the views or tables of ``schema``, by cell."""
    cells: dict[Cell, int | None] = {}
    for table, (keys, columns) in COUNTS.items():
        names = ", ".join(f"CAST({key} AS VARCHAR)" for key in keys)
        for row in connection.execute(f"SELECT {names}, {', '.join(columns)} FROM {schema}.{table}").fetchall():
            key = tuple(str(part) for part in row[: len(keys)])
            for column, value in zip(columns, row[len(keys) :], strict=True):
                cells[table, column, *key] = value
    return cells


def attacker(connection: duckdb.DuckDBPyConnection, k: int) -> Attacker:
    """An attacker on the copy attached as ``published``, with all sums between the tables that hold in truth."""
    true = {cell: value for cell, value in counts(connection, "main").items() if value is not None}
    shown = counts(connection, "published")
    left_out = frozenset(true) - frozenset(shown)
    made = Attacker(k, true, shown | dict.fromkeys(left_out), left_out)
    for parts in _relations(connection, made):
        made.knows(parts, 0)
    for parts, total in _expected(connection, made):
        made.knows(parts, total)
    return made


def _relations(connection: duckdb.DuckDBPyConnection, known: Attacker) -> Iterator[dict[Cell, int]]:
    """Weights of cells that may add up to nothing: a total less its parts."""
    cells = Cells(known.shown)
    facts = Facts.of(connection)
    weeks = sorted({cell[2] for cell in cells.of("recognition_per_week")})
    for week in weeks:
        yield from _of_week(cells, week, facts)
    yield from _of_actions(connection, cells, weeks)
    classes = dict(connection.execute("SELECT outcome, first_contact FROM outcome_kinds").fetchall())
    for _, _, month in cells.of("several_problems_per_month"):
        yield from _of_month(cells, month, [week for week in weeks if week[:7] == month[:7]], classes, facts)


def _of_week(cells: Cells, week: str, facts: Facts) -> Iterator[dict[Cell, int]]:
    calls = cells.of("recognition_per_week", week)
    monday = date.fromisoformat(week)
    days = [str(monday + timedelta(days=number)) for number in range(7)]
    yield less(calls, [cell for day in days for cell in cells.of("calls_per_hour", day)])
    for table in ("topics_per_week", "outcomes_per_week", "tagging_per_week"):
        yield less(calls, cells.of(table, week))
    for cell in cells.of("topics_per_week", week):
        yield less([cell], cells.of("questions_per_week", *cell[2:]))
    yield less(cells.of("tagging_per_week", week, column="unknown_calls"), cells.of("topics_per_week", week, "unknown"))
    promised = {name: cells.of("promises_per_week", week, column=name) for name in COUNTS["promises_per_week"][1]}
    yield less(promised["callbacks"], cells.of("outcomes_per_week", week, "callback-request"))
    yield less(promised["broken"], cells.of("signals_per_week", week, "broken-promise-callback"))
    yield less(promised["without_term"], cells.of("signals_per_week", week, "promise-without-date"))
    yield less(promised["with_term"], cells.of("signals_per_week", week, "promise-made"))
    yield less(promised["promises"], [*promised["with_term"], *promised["without_term"]])
    if facts.all_registered:
        yield from registered_in_week(cells, week, calls)
    yield from needs_in_week(cells, week, calls, facts)


def _of_actions(
    connection: duckdb.DuckDBPyConnection, cells: Cells, weeks: Collection[str]
) -> Iterator[dict[Cell, int]]:
    """Improvements that begin on a Monday: the weeks before and after it, of the topics or questions they are about."""
    told = connection.execute(
        "SELECT e.title, CAST(e.effective_on AS VARCHAR), e.weeks_before + e.weeks_after, list((t.topic, t.facet)) "
        "FROM action_effect e JOIN action_targets t USING (action_id) GROUP BY ALL"
    ).fetchall()
    for title, monday, weeks_used, targets in told:
        both: dict[Cell, int] = {}
        for column, side in (
            ("calls_before", [week for week in weeks if week < monday]),
            ("calls_after", [week for week in weeks if week >= monday]),
        ):
            parts = [
                cell
                for topic, facet in targets
                for week in side
                for cell in (
                    cells.of("questions_per_week", week, topic, facet)
                    if facet
                    else cells.of("topics_per_week", week, topic)
                )
            ]
            known = less(cells.of("action_effect", title, column=column), parts)
            yield known
            both |= known
        if len(targets) > 1 and weeks_used == len(weeks):  # a call about two of them counts once
            yield both | dict.fromkeys(cells.of("topics_together"), 1)


def _expected(connection: duckdb.DuckDBPyConnection, known: Attacker) -> Iterator[tuple[dict[Cell, int], int]]:
    """Topics that rose or fell: what was expected is the mean of the weeks before, if all had as many working days."""
    cells = Cells(known.shown)
    rows = connection.execute(
        "SELECT CAST(week_start AS VARCHAR), topic, calls, expected, weeks_before FROM published.rising_topics"
    ).fetchall()
    for week, topic, calls, expected, weeks_before in rows:
        if calls is not None:
            yield dict.fromkeys(cells.of("topics_per_week", week, topic), 1), calls
        if expected is not None:
            of_topic = [cell for cell in cells.of("topics_per_week") if cell[3] == topic and cell[2] < week]
            yield dict.fromkeys(of_topic, 1), round(expected * weeks_before)


def _of_month(
    cells: Cells, month: str, weeks: Iterable[str], classes: dict[str, str], facts: Facts
) -> Iterator[dict[Cell, int]]:
    def inside(table: str, *key: str) -> list[Cell]:
        return [cell for week in weeks for cell in cells.of(table, week, *key)]

    calls = cells.of("several_problems_per_month", month)
    yield less(calls, inside("recognition_per_week"))
    flagged = cells.of("several_problems_per_month", month, column="flagged")
    yield less(flagged, inside("signals_per_week", "multi-problem"))
    pairs = cells.of("several_problems_per_month", month, column="two_topics")
    yield less(pairs, cells.of("topics_together", month))
    spoken = [*inside("recognition_per_week"), *cells.of("topics_together", month)]
    yield less(inside("topics_per_week"), spoken)
    ended = {
        name: cells.of("first_contact_per_month", month, column=name) for name in ("solved", "not_solved", "excluded")
    }
    for name, of_class in ended.items():
        endings = inside("outcomes_per_week")
        yield less(of_class, [cell for cell in endings if classes[cell[3]] == name.replace("_", "-")])
    yield less(calls, [cell for of_class in ended.values() for cell in of_class])
    yield from needs_in_month(cells, month, inside, facts)
    for event in cells.of("life_events_per_month", month):
        yield less([event], cells.of("topics_together", month))
        for pair in cells.of("topics_together", month):
            yield less([event], [pair])
