"""Looking after what is stored: erase a call, check the set-up."""

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from callinsight import (
    assembly,
    deletions,
    discovery,
    erasure,
    inbox,
    linking,
    old_recordings,
    registry,
    retention,
    rotation,
    run,
    traces,
)
from callinsight.core.values import require_call_id
from callinsight.deletions import Deletion
from callinsight.erasure import Erased, Tools
from callinsight.errors import CallinsightError, SettingsError
from callinsight.ledger import State, open_ledger
from callinsight.privacy_files import rules_of
from callinsight.settings import Settings
from callinsight.store.database import open_reader, open_writer
from callinsight.taxonomy_files import check as check_taxonomy
from callinsight.traces import Scan

_LITTLE_SPACE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, and what a search through all files found of it afterwards."""

    erased: Erased
    scan: Scan


def forget(
    settings: Settings,
    call_ids: Collection[str],
    now: datetime,
    on_file: Callable[[int], object] = lambda _: None,
    caller_refs: Collection[str] = (),
) -> Forgotten:
    """Erase calls from every store and from the published copy, and free their bytes in the database's file.

    Their recordings lie with who made them, and are not processed again. Counts of weeks and months whose calls are
    erased after their term stay: nothing in them is of a call. Then every file is searched for what may be left, and
    ``on_file`` is told of each. ``now`` (aware) is noted in the log of what was deleted. ``caller_refs`` are references
    of a caller whose calls these all are, which nothing may hold afterwards either; then there may be no calls.

    Raises ``SettingsError`` for an id that cannot be one, and ``StoreError`` when the database is in use; done again it
    goes on.
    """
    if not call_ids and not caller_refs:
        raise ValueError("there must be a call to forget")
    for call_id in call_ids:
        try:
            require_call_id(call_id)
        except ValueError as error:
            raise SettingsError("that is no call id: they look like c3k7... in the table calls") from error
    work = settings.work
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(work.ledger))
        connection = stack.enter_context(open_writer(work.database)) if work.database.exists() else None
        needles = {*call_ids, *caller_refs, *erasure.recording_refs(work, ledger, call_ids)}
        if connection is not None:
            erasure.note_unclean(work.database)
        erased = erasure.erase(Tools(settings, ledger, connection), call_ids, State.FORGOTTEN)
        if connection is not None:
            run.sync_files(settings, connection)
    retention.clean(settings)
    if erased.anything:
        entry = Deletion(now, deletions.ON_REQUEST, None, len(call_ids), erased.files_bytes)
        deletions.note(work.deletions, [entry])
    return Forgotten(erased, traces.scan(settings, needles, on_file))


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's findings."""

    subject: str
    well: bool
    finding: str


def examine(settings: Settings) -> Iterator[Check]:
    """Check what a night needs, one thing after another; nothing is made or changed."""
    yield from _examined("models", lambda: _models(settings))
    yield from _examined(
        "taxonomy", lambda: "; ".join(check_taxonomy(settings.models.taxonomy, settings.models.taxonomy_overlay))
    )
    yield from _examined("redaction", lambda: _redaction(settings))
    yield from _examined("inbox", lambda: _inbox(settings))
    yield from _examined("recordings", lambda: _old_recordings(settings))
    yield from _examined("encryption", lambda: _encryption(settings))
    yield from _examined("database", lambda: _database(settings))
    folder = settings.work.folder
    free = shutil.disk_usage(folder if folder.exists() else ".").free
    yield Check("disk", free >= _LITTLE_SPACE_BYTES, f"{free / (1 << 30):.0f} GB free")
    key = settings.work.key_file
    private = not key.exists() or not key.stat().st_mode & 0o077
    yield Check("key", private, "private" if private else f"others can read {key.name}: chmod 600 it")
    yield from _examined("linking", lambda: _linking(settings))


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
    entries = assembly.parts_of(settings, models).values()
    return "; ".join(problem for entry in entries for problem in registry.verify(models, entry))


def _redaction(settings: Settings) -> str:
    rules, own = rules_of(settings), settings.privacy
    count = len(own.case_numbers) + len(own.case_number_words) + len(own.public_numbers) + len(own.public_words)
    return f"ok: rules {rules.version}, {count} of your own in [privacy]"


def _inbox(settings: Settings) -> str:
    listing = inbox.discover(settings.inbox.address, discovery.inbox_settings(settings))
    return f"ok: {len(listing.recordings)} recordings, {len(listing.problems)} with a problem"


def _old_recordings(settings: Settings) -> str:
    with open_ledger(settings.work.ledger, look=True) as ledger:
        found = old_recordings.find_old(settings, ledger, datetime.now(UTC))
    days, on = settings.retention.recordings_days, settings.retention.delete_recordings
    what = "`callinsight retention` deletes them" if on else "retention.delete_recordings = true deletes them"
    told = f"ok: {len(found.due)} are done and older than {days} days"
    told += f" ({what})" if found.due else ""
    return told + (
        f"; {found.waiting} are older and stay, since they were not processed or have changed" if found.waiting else ""
    )


def _encryption(settings: Settings) -> str:
    vault = rotation.vault_for(settings)
    source, keys = vault.source, vault.known_keys()
    if not source.enabled:
        return "ok: switched off with encryption.enabled = false, so the work folder can be read by whoever gets it"
    if source.from_file and source.file.exists() and source.file.stat().st_mode & 0o077:
        return f"others can read {source.file.name}: chmod 600 it"
    if not keys:
        return "ok: no key yet, the first run makes it" if source.made else f"{source.words} is not there"
    if source.from_file and source.old_file.exists():
        return "changing the key was not ended: run `callinsight key rotate`"
    if rotation.some_plain(settings):
        return "some files are from before they were encrypted, or from when that was off: run `callinsight key seal`"
    told = f"ok: encrypted with key {keys[0].key_id} from {source.words}"
    if source.from_file and source.made:
        told += (
            ", on the disk of the data: whoever gets the disk gets the key. Better on another one "
            "(encryption.key_file) or in a secret store (encryption.key_command)"
        )
    return told


def _linking(settings: Settings) -> str:
    path, on = settings.work.linking_keys, settings.linking.enabled
    if path.exists() and path.stat().st_mode & 0o077:
        return f"others can read {path.name}: chmod 600 it"
    periods = linking.read_keys(path).periods
    told = f"ok: {'on' if on else 'off'}, calls of one caller are {'' if on else 'not '}linked"
    if not periods:
        return told
    last = max(one.erased_on(settings.retention.transcripts_days) for one in periods)
    keys = "1 key" if len(periods) == 1 else f"{len(periods)} keys"
    kept = f"{keys}{'' if on else ' of earlier calls'}, the last is kept until {last:%d-%m-%Y}"
    return f"{told}; {kept}"


def _database(settings: Settings) -> str:
    if not settings.work.database.exists():
        return "ok: none yet, the first run makes it"
    with open_reader(settings.work.database) as connection:
        row = connection.execute("SELECT count(*) FROM calls").fetchone()
    return f"ok: {row[0] if row else 0} calls"
