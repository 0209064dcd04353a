"""Finds the calls of one caller, for whoever asks what is kept about them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from callinsight import bundle, linking
from callinsight.errors import KeyFitError, StoreError
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
    use. A damaged result is left out: the search through all files tells of it.
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
    fresh = []
    for one in waiting:
        try:
            result = bundle.read_result(bundle.result_path(work.results, one))
        except KeyFitError:
            raise  # it may well be of this caller
        except StoreError:
            continue
        fresh += [result] if result.call.caller_ref in refs else []
    fresh.sort(key=lambda one: (one.call.started_at, one.call.call_id))
    return (*found, *(one.call.call_id for one in fresh))
