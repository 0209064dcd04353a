"""Work folders with calls of several ages, as a night leaves them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from callinsight import bundle, retention, run, settings
from callinsight.core.values import CallResult, Severity
from callinsight.embeddings import vectors_path
from callinsight.ledger import Seen, State, open_ledger
from callinsight.settings import Settings
from callinsight.store.database import open_reader
from callinsight.store.rebuild import content_digest
from callinsight.store.summaries import summaries
from support.results import spoken_call

NOW = datetime(2026, 11, 25, 5, 45, tzinfo=UTC)
TODAY = date(2026, 11, 25)
RARE = "rabarbervergunningsaanvraag"


def chosen_for(folder: Path, *, encrypted: bool = True, **terms: int) -> Settings:
    return settings.load(
        overrides={
            "work": {"folder": str(folder / "work")},
            "encryption": {"enabled": encrypted},
            "inbox": {"address": str(folder)},
            "publish": {"k": 1, "files": [], "include_quotes": True},
            "retention": terms,
        }
    )


def call_of(days_ago: int, number: int = 0, said: str = "ik heb een vraag over mijn paspoort") -> CallResult:
    flags = (("repeat-call", Severity.REVIEW),)
    day = TODAY - timedelta(days=days_ago)
    return spoken_call(f"call-{days_ago:04d}-{number}", day, "passport", "cost", said=said, flags=flags)


def keep(chosen: Settings, calls: Sequence[CallResult]) -> Settings:
    """Write calls as a night does: result, vectors, ledger; load and publish."""
    with open_ledger(chosen.work.ledger) as ledger:
        for number, one in enumerate(calls, start=len(ledger.seen())):
            call_id = one.call.call_id
            bundle.write_result(chosen.work.results, one)
            bundle.write_sealed(vectors_path(chosen.work.embeddings, call_id), b"vectors")
            ledger.record([Seen(f"n{number:04d}", "f", call_id, State.DONE, one.recording_ref)])
    run.catch_up(chosen)
    return chosen


def digest(chosen: Settings) -> str:
    with open_reader(chosen.work.database) as connection:
        return content_digest(connection)


def counts(chosen: Settings) -> dict[str, list[tuple[object, ...]]]:
    """All counts per week and month."""
    with open_reader(chosen.work.database) as connection:
        return {
            one.table: connection.execute(f"FROM {one.table} ORDER BY ALL").fetchall()
            for one in summaries()
            if one.unit != "day"
        }


def ids(chosen: Settings) -> list[str]:
    return list(bundle.result_ids(chosen.work.results))


def removed(swept: Sequence[retention.Swept]) -> dict[str, int]:
    return {one.label: one.removed for one in swept if one.removed}
