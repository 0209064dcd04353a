"""Calls of one caller, when calls are linked."""

from collections.abc import Collection

import duckdb

from callinsight.errors import StoreError


def calls_with(connection: duckdb.DuckDBPyConnection, caller_refs: Collection[str]) -> tuple[str, ...]:
    """Ids of the calls that carry one of these references, in order of time.

    Raises ``StoreError`` when the schema of the database is older than this code.
    """
    query = "SELECT call_id FROM calls WHERE caller_ref IN (SELECT unnest(?::VARCHAR[])) ORDER BY started_at, call_id"
    try:
        found = connection.execute(query, [sorted(caller_refs)]).fetchall()
    except duckdb.Error as error:
        raise StoreError(
            f"the database cannot be read ({type(error).__name__}): bring it up to date with `callinsight load`"
        ) from None
    return tuple(str(call_id) for (call_id,) in found)


def known_calls(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Ids of all calls."""
    return frozenset(str(call_id) for (call_id,) in connection.execute("SELECT call_id FROM calls").fetchall())
