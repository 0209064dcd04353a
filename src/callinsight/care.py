"""Looking after what is stored: erase a call, check the set-up."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from callinsight import assembly, bundle, candidate_files, copies, decisions, discovery, inbox, registry, run
from callinsight.core.values import require_call_id
from callinsight.embeddings import remove_vectors
from callinsight.errors import CallinsightError, SettingsError
from callinsight.ledger import open_ledger
from callinsight.privacy_files import rules_of
from callinsight.settings import Settings
from callinsight.store import search_index
from callinsight.store.database import open_reader, open_writer
from callinsight.store.load import delete_calls
from callinsight.taxonomy_files import check as check_taxonomy

_LITTLE_SPACE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Erased:
    """What was found of a call and is gone now."""

    result_file: bool
    rows: bool


def forget(settings: Settings, call_id: str) -> Erased:
    """Erase a call from result files, review copies, verdicts, database, ledger and published copy.

    The recording itself lies with who made it. Raises ``SettingsError`` for an id that cannot be one.
    """
    try:
        require_call_id(call_id)
    except ValueError as error:
        raise SettingsError("that is no call id: they look like c3k7... in the table calls") from error
    removed = bundle.remove_result(settings.work.results, call_id)
    removed = remove_vectors(settings.work.embeddings, call_id) or removed
    candidate_files.remove_call(settings.work.candidates, call_id)
    removed = copies.remove_copy(settings.work.review_copies, call_id) or removed
    removed = decisions.remove_reviews(settings.work.reviews, call_id) > 0 or removed
    decisions.remove_packs(settings.work.packs, call_id)
    rows = False
    if settings.work.database.exists():
        with open_writer(settings.work.database) as connection:
            rows = delete_calls(connection, [call_id]) > 0  # and the search index of its month
        run.publish(settings)
    if not rows:
        search_index.remove(settings.work.database)  # it might be of a database that knew the call
    with open_ledger(settings.work.ledger) as ledger:
        ledger.tombstone(call_id)
    return Erased(removed, rows)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's findings."""

    subject: str
    well: bool
    finding: str


def examine(settings: Settings) -> Iterator[Check]:
    """Check what a night needs, one thing after another; nothing is made or changed."""
    yield from _examined("models", lambda: _models(settings))
    yield from _examined("taxonomy", lambda: "; ".join(check_taxonomy(settings.models.taxonomy)))
    yield from _examined("redaction", lambda: _redaction(settings))
    yield from _examined("inbox", lambda: _inbox(settings))
    yield from _examined("database", lambda: _database(settings))
    folder = settings.work.folder
    free = shutil.disk_usage(folder if folder.exists() else ".").free
    yield Check("disk", free >= _LITTLE_SPACE_BYTES, f"{free / (1 << 30):.0f} GB free")
    key = settings.work.key_file
    private = not key.exists() or not key.stat().st_mode & 0o077
    yield Check("key", private, "private" if private else f"others can read {key.name}: chmod 600 it")


def _examined(subject: str, finding: Callable[[], str]) -> Iterator[Check]:
    """A check whose finding is empty or starts with "ok" when all is well."""
    try:
        found = finding()
    except CallinsightError as error:
        yield Check(subject, False, str(error))
    else:
        yield Check(subject, not found or found.startswith("ok"), found or "ok")


def _models(settings: Settings) -> str:
    models = assembly.open_registry(settings)
    entries = models.profile(settings.models.profile).values()
    return "; ".join(problem for entry in entries for problem in registry.verify(models, entry))


def _redaction(settings: Settings) -> str:
    rules, own = rules_of(settings), settings.privacy
    count = len(own.case_numbers) + len(own.case_number_words) + len(own.public_numbers) + len(own.public_words)
    return f"ok: rules {rules.version}, {count} of your own in [privacy]"


def _inbox(settings: Settings) -> str:
    listing = inbox.discover(settings.inbox.address, discovery.inbox_settings(settings))
    return f"ok: {len(listing.recordings)} recordings, {len(listing.problems)} with a problem"


def _database(settings: Settings) -> str:
    if not settings.work.database.exists():
        return "ok: none yet, the first run makes it"
    with open_reader(settings.work.database) as connection:
        row = connection.execute("SELECT count(*) FROM calls").fetchone()
    return f"ok: {row[0] if row else 0} calls"
