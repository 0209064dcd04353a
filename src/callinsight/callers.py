"""Finds the calls of one caller, for whoever asks what is kept about them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from callinsight import bundle, linking
from callinsight.ledger import State, open_ledger
from callinsight.settings import Settings
from callinsight.store.database import open_reader
from callinsight.store.linked import calls_with, known_calls


@dataclass(frozen=True, slots=True)
class Found:
    """Calls of one caller, in order of time; ``refs`` are all references that the caller may have.

    ``half_erased`` are calls, of whomever, whose erasure on request was begun and has not ended.
    """

    call_ids: tuple[str, ...]
    refs: frozenset[str] = field(repr=False)
    half_erased: tuple[str, ...] = ()


def find(settings: Settings, caller: str) -> Found:
    """Look for the calls of a caller, by telephone number or other reference, under every key that there is.

    Raises ``SettingsError`` when calls are not linked or the text names nobody, ``StoreError`` when the database is in
    use or a result is damaged.
    """
    refs = linking.refs_of(settings, caller)
    with open_ledger(settings.work.ledger, look=True) as ledger:
        half_erased = ledger.closed_off().get(State.FORGOTTEN, ())
    return Found(linked_to(settings, refs), refs, half_erased)


def linked_to(settings: Settings, refs: Collection[str]) -> tuple[str, ...]:
    """Calls that carry one of these references, in order of time, those not loaded yet at the end."""
    work = settings.work
    found: tuple[str, ...] = ()
    loaded: frozenset[str] = frozenset()
    if work.database.exists():
        with open_reader(work.database) as connection:
            found, loaded = calls_with(connection, refs), known_calls(connection)
    waiting = [one for one in bundle.result_ids(work.results) if one not in loaded]
    results = (bundle.read_result(bundle.result_path(work.results, one)) for one in waiting)
    fresh = [one for one in results if one.call.caller_ref in refs]
    fresh.sort(key=lambda one: (one.call.started_at, one.call.call_id))
    return (*found, *(one.call.call_id for one in fresh))
