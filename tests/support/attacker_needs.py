"""What somebody adds up who knows how contact centres work: needs that come with topics, topics that are registered."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import duckdb

from support.attacker_cells import Cell, Cells, less


@dataclass(frozen=True, slots=True)
class Facts:
    """What somebody may know of all calls without having seen one: how they are registered, which needs go together."""

    all_registered: bool
    one_need: bool
    needs_of: dict[str, frozenset[str]]
    """Topics whose questions always have exactly these needs."""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> "Facts":
        """Those that hold for every call."""
        (registered,) = connection.execute(
            "SELECT bool_and(c.registered_topic IS NOT NULL AND q.topics = 1) FROM calls c JOIN ("
            "SELECT call_id, count(*) AS topics FROM questions WHERE topic <> 'unknown' GROUP BY 1) q USING (call_id)"
        ).fetchall()[0]
        (one_need,) = connection.execute(
            "SELECT bool_and(needs = 1) FROM (SELECT c.call_id, count(DISTINCT n.need) AS needs "
            "FROM calls c LEFT JOIN needs n USING (call_id) GROUP BY 1)"
        ).fetchall()[0]
        sets: dict[str, set[frozenset[str]]] = {}
        for topic, needs in connection.execute(
            "SELECT q.topic, list(n.need) FILTER (n.need IS NOT NULL) FROM questions q "
            "LEFT JOIN needs n USING (call_id, question_no) GROUP BY q.call_id, q.question_no, q.topic"
        ).fetchall():
            sets.setdefault(topic, set()).add(frozenset(needs or ()))
        always = {topic: next(iter(found)) for topic, found in sets.items() if len(found) == 1}
        return cls(bool(registered), bool(one_need), always)


def registered_in_week(cells: Cells, week: str, calls: Iterable[Cell]) -> Iterator[dict[Cell, int]]:
    """All calls were registered, each with one topic: per topic that was heard, and together."""
    registered = cells.of("registered_vs_heard", week)
    for cell in cells.of("topics_per_week", week):
        yield less([cell], [one for one in registered if one[4] == cell[3]])
    yield less(calls, [*registered, *cells.of("tagging_per_week", week, column="unknown_calls")])


def needs_in_week(cells: Cells, week: str, calls: Iterable[Cell], facts: Facts) -> Iterator[dict[Cell, int]]:
    """Every call has one need, or a need comes with certain topics and always does."""
    needs = cells.of("needs_per_week", week)
    if facts.one_need:
        yield less(calls, needs)
    for need in needs:
        topics = [cell for cell in cells.of("topics_per_week", week) if need[3] in facts.needs_of.get(cell[3], ())]
        yield less([need], topics)


def needs_in_month(
    cells: Cells, month: str, inside: Callable[..., list[Cell]], facts: Facts
) -> Iterator[dict[Cell, int]]:
    """The needs of a month are those of its weeks, and the topics' when each topic has one need, or always the same."""
    by_topic = cells.of("needs_per_topic", month)
    for topic in sorted({cell[3] for cell in by_topic}):
        asked = [cell for cell in inside("topics_per_week") if cell[3] == topic]
        of_topic = [cell for cell in by_topic if cell[3] == topic]
        if facts.one_need:
            yield less(asked, of_topic)
        for cell in of_topic:
            if cell[4] in facts.needs_of.get(topic, ()):
                yield less(asked, [cell])
    for need in sorted({cell[4] for cell in by_topic}):
        heard = [cell for cell in inside("needs_per_week") if cell[3] == need]
        yield less(heard, [cell for cell in by_topic if cell[4] == need])
    for pair in cells.of("needs_together", month):
        for two in cells.of("topics_together", month):
            if {*pair[3:]} == facts.needs_of.get(two[3], frozenset()) ^ facts.needs_of.get(two[4], frozenset()):
                yield less([pair], [two])
