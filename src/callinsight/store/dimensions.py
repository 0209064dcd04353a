"""Gives the ids in the facts their Dutch labels, from the taxonomy. No id ever leaves: old calls keep theirs."""

from collections.abc import Iterator, Sequence

import duckdb

from callinsight.core.taxonomy import Facet, Taxonomy
from callinsight.core.values import UNKNOWN_LABEL, FailureKind
from callinsight.store.columns import Column, Kind, insert_rows
from callinsight.store.load import transaction
from callinsight.store.summaries import FROM_LIFE_EVENTS, FROM_TOPICS, refresh_whole

ANY_TOPIC = "*"
"""Stands in ``facets.topic`` for a generic question, which fits every topic."""

UNKNOWN_NAME = "Onbekend"

FAILURE_LABELS: dict[FailureKind, str] = {
    FailureKind.EMPTY_FILE: "Leeg bestand",
    FailureKind.NOT_AUDIO: "Geen geluidsbestand",
    FailureKind.NO_AUDIO_STREAM: "Bestand zonder geluidsspoor",
    FailureKind.TRUNCATED: "Bestand breekt af",
    FailureKind.UNREADABLE: "Bestand niet te lezen",
    FailureKind.TOO_LONG: "Opname te lang",
    FailureKind.TOO_SHORT: "Opname te kort",
    FailureKind.TOO_MANY_CHANNELS: "Te veel geluidssporen",
    FailureKind.WRONG_SAMPLE_RATE: "Bemonstering klopt niet",
    FailureKind.NO_SPEECH: "Geen spraak gehoord",
    FailureKind.METADATA_MISSING: "Gegevens bij de opname ontbreken",
    FailureKind.METADATA_INVALID: "Gegevens bij de opname kloppen niet",
    FailureKind.AMBIGUOUS_TIME: "Tijdstip niet eenduidig (klok verzet)",
    FailureKind.RECORDING_MISSING: "Opname ontbreekt bij de gegevens",
    FailureKind.DUPLICATE: "Dubbele opname",
    FailureKind.OUT_OF_MEMORY: "Te weinig geheugen",
    FailureKind.TIMED_OUT: "Duurde te lang",
    FailureKind.ENGINE_FAILED: "Herkenning mislukt",
    FailureKind.INTERNAL: "Fout in het programma",
}

Rows = Iterator[tuple[object, ...]]


def _topics(taxonomy: Taxonomy) -> Rows:
    for topic in taxonomy.topics.values():
        domain = taxonomy.domains[topic.domain]
        sensitive = topic.sensitive or domain.sensitive
        yield (topic.id, topic.label, domain.id, domain.label, sensitive, topic.deprecated)
    if UNKNOWN_LABEL not in taxonomy.topics:
        yield (UNKNOWN_LABEL, UNKNOWN_NAME, UNKNOWN_LABEL, UNKNOWN_NAME, False, False)


def _facets(taxonomy: Taxonomy) -> Rows:
    def row(topic: str, facet: Facet) -> tuple[object, ...]:
        return (topic, facet.id, facet.label, facet.section, facet.preventable.value, facet.deprecated)

    yield from (row(ANY_TOPIC, facet) for facet in taxonomy.facets.values())
    yield from (row(topic.id, facet) for topic in taxonomy.topics.values() for facet in topic.specific)


def _needs(taxonomy: Taxonomy) -> Rows:
    yield from ((need.id, need.label, need.deprecated) for need in taxonomy.needs.values())


def _outcomes(taxonomy: Taxonomy) -> Rows:
    yield from ((one.id, one.label, one.fcr.value, one.deprecated) for one in taxonomy.outcomes.values())
    if UNKNOWN_LABEL not in taxonomy.outcomes:
        yield (UNKNOWN_LABEL, UNKNOWN_NAME, "excluded", False)


def _signals(taxonomy: Taxonomy) -> Rows:
    yield from (
        (one.id, one.label, one.party.value, one.severity.value, one.deprecated) for one in taxonomy.signals.values()
    )


def _life_events(taxonomy: Taxonomy) -> Rows:
    yield from ((event.id, event.label, event.deprecated) for event in taxonomy.life_events.values())


def _life_event_topics(taxonomy: Taxonomy) -> Rows:
    yield from ((event.id, topic, False) for event in taxonomy.life_events.values() for topic in event.topics)


def _columns(*names: str) -> tuple[Column, ...]:
    booleans = {"sensitive", "deprecated"}
    return tuple(Column(name, Kind.BOOLEAN if name in booleans else Kind.TEXT) for name in names)


def _renew(
    connection: duckdb.DuckDBPyConnection, table: str, keys: Sequence[str], columns: Sequence[Column], rows: Rows
) -> None:
    """Replace the rows that are in ``rows``; what is not there any more stays, marked as deprecated."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE newer AS FROM {table} LIMIT 0")
    insert_rows(connection, "newer", columns, rows)
    same = " AND ".join(f"newer.{key} = {table}.{key}" for key in keys)
    connection.execute(f"DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM newer WHERE {same})")  # noqa: S608
    if any(column.name == "deprecated" for column in columns):
        connection.execute(f"UPDATE {table} SET deprecated = true")  # noqa: S608
    connection.execute(f"INSERT INTO {table} FROM newer")
    connection.execute("DROP TABLE newer")


def sync_dimensions(connection: duckdb.DuckDBPyConnection, taxonomy: Taxonomy) -> None:
    """Write the labels of ``taxonomy``; ids that it no longer holds stay, as deprecated. Twice is as once.

    The counts that follow from domains or life events are made anew when those have changed; labels alone change no
    count. Raises ``StoreError`` when DuckDB refuses; nothing has changed then.
    """
    with transaction(connection, "writing the labels"):
        before = {sql: connection.execute(sql).fetchall() for sql in _COUNTED_BY}
        _write_labels(connection, taxonomy)
        changed = [sql for sql in _COUNTED_BY if connection.execute(sql).fetchall() != before[sql]]
        refresh_whole(connection, [table for sql in changed for table in _COUNTED_BY[sql]])


_COUNTED_BY = {
    "SELECT topic, domain FROM topics ORDER BY ALL": FROM_TOPICS,
    "SELECT event, topic FROM life_event_topics t JOIN life_events e USING (event) "
    "WHERE NOT t.deprecated AND NOT e.deprecated ORDER BY ALL": FROM_LIFE_EVENTS,
}
"""What of the labels the counts depend on, and which tables of counts that are."""


def _write_labels(connection: duckdb.DuckDBPyConnection, taxonomy: Taxonomy) -> None:
    _renew(
        connection,
        "topics",
        ("topic",),
        _columns("topic", "label", "domain", "domain_label", "sensitive", "deprecated"),
        _topics(taxonomy),
    )
    _renew(
        connection,
        "facets",
        ("topic", "facet"),
        _columns("topic", "facet", "label", "section", "preventable", "deprecated"),
        _facets(taxonomy),
    )
    _renew(connection, "need_kinds", ("need",), _columns("need", "label", "deprecated"), _needs(taxonomy))
    _renew(
        connection,
        "outcome_kinds",
        ("outcome",),
        _columns("outcome", "label", "first_contact", "deprecated"),
        _outcomes(taxonomy),
    )
    _renew(
        connection,
        "signal_kinds",
        ("kind",),
        _columns("kind", "label", "party", "severity", "deprecated"),
        _signals(taxonomy),
    )
    _renew(connection, "life_events", ("event",), _columns("event", "label", "deprecated"), _life_events(taxonomy))
    _renew(
        connection,
        "life_event_topics",
        ("event", "topic"),
        _columns("event", "topic", "deprecated"),
        _life_event_topics(taxonomy),
    )
    labels = ((kind.value, label) for kind, label in FAILURE_LABELS.items())
    _renew(connection, "failure_kinds", ("kind",), _columns("kind", "label"), labels)
