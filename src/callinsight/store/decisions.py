"""Fills the tables of verdicts and improvements from their files, which are few and are the truth."""

from collections.abc import Collection, Iterator

import duckdb

from callinsight.core.improvement import Action, Review
from callinsight.core.succession import Succession
from callinsight.store.columns import Column, Kind, insert_rows
from callinsight.store.load import transaction
from callinsight.store.rows import Row, wall_clock
from callinsight.store.summaries import FROM_ACTIONS, refresh_whole

DECISION_TABLES = ("reviews", "actions", "action_targets")

_REVIEWS = (
    Column("review_id", Kind.TEXT),
    Column("call_id", Kind.TEXT),
    Column("about", Kind.TEXT),
    Column("tag", Kind.TEXT),
    Column("facet", Kind.OPTIONAL_TEXT),
    Column("verdict", Kind.TEXT),
    Column("should_be", Kind.OPTIONAL_TEXT),
    Column("should_be_facet", Kind.OPTIONAL_TEXT),
    Column("role", Kind.TEXT),
    Column("decided_at", Kind.INSTANT),
    Column("decided_local", Kind.LOCAL),
)
_ACTIONS = (
    Column("action_id", Kind.TEXT),
    Column("title", Kind.TEXT),
    Column("kind", Kind.TEXT),
    Column("owner", Kind.TEXT),
    Column("effective_on", Kind.DATE),
)
_ALL_TARGETS = "SELECT DISTINCT action_id, topic, facet FROM action_targets ORDER BY ALL"
_TARGETS = (Column("action_id", Kind.TEXT), Column("topic", Kind.TEXT), Column("facet", Kind.OPTIONAL_TEXT))


def _review(review: Review) -> Row:
    other = review.should_be
    return (
        review.review_id,
        review.call_id,
        review.tag.about.value,
        review.tag.name,
        review.tag.facet,
        review.verdict.value,
        None if other is None else other.name,
        None if other is None else other.facet,
        review.role,
        review.decided_at.replace(tzinfo=None),
        wall_clock(review.decided_at),
    )


def _action(action: Action) -> Row:
    return (action.action_id, action.title, action.kind.value, action.owner, action.effective_on)


def _targets(action: Action, succession: Succession | None) -> Iterator[Row]:
    for target in action.targets:
        topic, facet = (target.topic, target.facet)
        if succession is not None and (now := succession.question(topic, facet))[0] is not None:
            topic, facet = now[0], now[1]
        yield (action.action_id, topic, facet)


def sync_decisions(
    connection: duckdb.DuckDBPyConnection,
    reviews: Collection[Review],
    actions: Collection[Action],
    succession: Succession | None = None,
) -> None:
    """Make the tables hold exactly ``reviews`` and ``actions``; twice is as once.

    A verdict on a call that the database does not hold (any more) is left out. Questions that improvements should
    reduce are those that they count as by ``succession``: else an improvement would seem to help as soon as its topic
    is merged. Raises ``StoreError``; nothing has changed then.
    """
    targets = dict.fromkeys(row for action in actions for row in _targets(action, succession))
    with transaction(connection, "loading verdicts and improvements"):
        targets_before = connection.execute(_ALL_TARGETS).fetchall()
        for table in DECISION_TABLES:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
        insert_rows(connection, "reviews", _REVIEWS, map(_review, reviews))
        connection.execute(
            "DELETE FROM reviews WHERE call_id NOT IN "
            "(SELECT call_id FROM calls WHERE call_id IN (SELECT call_id FROM reviews))"
        )
        insert_rows(connection, "actions", _ACTIONS, map(_action, actions))
        insert_rows(connection, "action_targets", _TARGETS, targets)
        if connection.execute(_ALL_TARGETS).fetchall() != targets_before:
            refresh_whole(connection, FROM_ACTIONS)
