"""Erases calls from every store: what ``forget`` does for one call and ``retention`` for those past their term.

The order makes that a kill at any moment is harmless. The ledger first keeps the recordings from being processed again,
and loses the ids of the calls last: until then the next ``forget`` or ``retention`` knows what is left to do.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from callinsight import bundle, candidate_files, copies, decisions, quarantine
from callinsight.embeddings import vectors_path
from callinsight.errors import StoreError
from callinsight.ledger import Ledger, State
from callinsight.settings import Settings, Work
from callinsight.store import search_index
from callinsight.store.database import Connection
from callinsight.store.load import delete_calls

DUE_SUFFIX = ".unclean"
"""A file with this ending beside the database tells that freed bytes are in it, or that nothing was published since."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went of some calls, in files and rows by the store's Dutch name; and the bytes of the files."""

    stores: tuple[tuple[str, int], ...] = ()
    files_bytes: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything."""
        return any(number for _, number in self.stores)


def note_unclean(database: Path) -> None:
    """Say, before rows are deleted, that the file has to be made clean and the published copy made anew."""
    bundle.write_atomically(database.with_name(database.name + DUE_SUFFIX), b"")


def is_unclean(database: Path) -> bool:
    """Whether deleting was begun and making clean and publishing has not ended."""
    return database.with_name(database.name + DUE_SUFFIX).exists()


def note_clean(database: Path) -> None:
    """Say that nothing deleted is left in the database or in the published copy."""
    database.with_name(database.name + DUE_SUFFIX).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Tools:
    """What erasing works with: the settings, the ledger, and the writer's connection if there is a database."""

    settings: Settings
    ledger: Ledger
    connection: Connection | None


def erase(tools: Tools, call_ids: Collection[str], state: State) -> Erased:
    """Erase all that exists about these calls but their recordings; ``state`` is how the ledger knows them from now on.

    A second time finds nothing. Raises ``StoreError`` or ``OSError``; then it can be done again.
    """
    if not call_ids:
        return Erased()
    work, ledger, connection = tools.settings.work, tools.ledger, tools.connection
    ledger.close_off(call_ids, state)
    references = recording_refs(work, ledger, call_ids) | ledger.names_of(call_ids)
    rows = 0
    if connection is not None:
        rows = delete_calls(connection, call_ids, references)  # and the search index of their months
    if not rows:
        search_index.remove(work.database)  # it might be of a database that knew the calls
    failures = sum(bundle.remove_failure(work.failures, one) for one in references)
    if work.quarantine_list.exists():
        quarantine.update(work.quarantine_list, (), references)
    files = erase_files(work, call_ids)
    ledger.tombstones(call_ids)
    stores = (("Gesprekken in de database", rows), *files.stores, ("Opzij gelegd", failures))
    return Erased(stores, files.files_bytes)


def erase_files(work: Work, call_ids: Collection[str]) -> Erased:
    """Erase calls from every store that is a folder of files of calls."""
    results, results_bytes = _remove([bundle.result_path(work.results, one) for one in call_ids])
    vectors, vectors_bytes = _remove([vectors_path(work.embeddings, one) for one in call_ids])
    sounds, sounds_bytes = _remove([copies.copy_path(work.review_copies, one) for one in call_ids])
    candidates = candidate_files.remove_calls(work.candidates, call_ids)
    reviews = decisions.remove_reviews(work.reviews, call_ids)
    packs = decisions.remove_packs(work.packs, call_ids)
    stores = (
        ("Resultaat", results),
        ("Vectoren", vectors),
        ("Luisterkopie", sounds),
        ("Oordelen", reviews),
        ("Stukken voor het overleg", packs),
        ("Kandidaten voor nieuwe onderwerpen", int(candidates)),
    )
    return Erased(stores, results_bytes + vectors_bytes + sounds_bytes)


def recording_refs(work: Work, ledger: Ledger, call_ids: Collection[str]) -> set[str]:
    """References of the recordings of calls: of the ledger, and of the results, since it may have been deleted."""
    found = set(ledger.references_of(call_ids))
    for call_id in call_ids:
        path = bundle.result_path(work.results, call_id)
        with suppress(StoreError):  # a damaged file goes too
            found.update([bundle.read_result(path).recording_ref] if path.exists() else [])
    return found


def _remove(paths: Collection[Path]) -> tuple[int, int]:
    """Remove files, and what a killed process left half-written beside them; how many there were, and their bytes."""
    number = size = 0
    for path in paths:
        for one in (path, *path.parent.glob(f".{path.name}.*.part")):
            if one.exists():
                number, size = number + (one == path), size + one.stat().st_size
                one.unlink(missing_ok=True)
    return number, size
