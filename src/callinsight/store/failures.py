"""Failures that stand: what is still set aside, as the failure files say."""

from collections.abc import Collection

import duckdb

from callinsight.store.load import count, transaction


def keep_failures(connection: duckdb.DuckDBPyConnection, standing: Collection[str]) -> int:
    """Remove the failures of recordings that are no longer set aside; return how many there were.

    ``standing`` holds the references of all recordings that still are. A recording that failed for lack of metadata and
    succeeded later has another reference as a call than it had as a failure, so loading its result does not tell.
    """
    with transaction(connection, "removing failures that were resolved"):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE standing AS SELECT unnest(?::VARCHAR[]) AS ref", [list(standing)]
        )
        gone = "recording_ref NOT IN (SELECT ref FROM standing)"
        removed = count(connection, f"SELECT count(*) FROM failures WHERE {gone}")  # noqa: S608
        connection.execute(f"DELETE FROM failures WHERE {gone}")  # noqa: S608
        connection.execute("DROP TABLE standing")
    return removed
