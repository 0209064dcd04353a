"""How many stored tags an entry of the taxonomy has: what a change of it touches."""

from collections.abc import Mapping
from pathlib import Path

from callinsight.store.query import run_query

_COUNTS = {
    "domains": "SELECT t.domain, count(*) FROM questions q JOIN topics t USING (topic) GROUP BY 1",
    "topics": "SELECT topic, count(*) FROM questions GROUP BY 1",
    "questions": "SELECT topic || '/' || facet, count(*) FROM questions WHERE facet IS NOT NULL GROUP BY 1 "
    "UNION ALL SELECT facet, count(*) FROM questions WHERE facet IS NOT NULL GROUP BY 1",
    "needs": "SELECT need, count(*) FROM needs GROUP BY 1",
    "outcomes": "SELECT outcome, count(*) FROM calls GROUP BY 1",
    "signals": "SELECT kind, count(*) FROM signals GROUP BY 1",
}


def tag_counts(database: Path) -> Mapping[str, Mapping[str, int]]:
    """Tags by kind and id; a question on one topic by ``topic/id`` and on all by ``id``. Kinds without tags are absent.

    Empty when there is no database. Raises ``StoreError`` when it is in use.
    """
    if not database.is_file():
        return {}
    return {
        kind: {str(name): int(str(number)) for name, number in run_query(database, sql).rows}
        for kind, sql in _COUNTS.items()
    }
