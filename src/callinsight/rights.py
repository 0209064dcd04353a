"""Everything that exists about a call, or about the calls of a case, for whoever asks what is kept about them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callinsight import bundle, callers, candidate_files, copies, decisions, erasure, inventory, meeting, traces
from callinsight.core.improvement import Review
from callinsight.core.values import CallResult, require_call_id
from callinsight.embeddings import vectors_path
from callinsight.errors import SettingsError, StoreError
from callinsight.inventory import Kept
from callinsight.ledger import open_ledger
from callinsight.settings import Settings
from callinsight.store.database import open_reader
from callinsight.store.traces import rows_of_call
from callinsight.traces import Scan

SOUND = "luisterkopie{number}.ogg"
"""The name of a review copy in what somebody is given; of several calls each has its number."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What every store holds of a call.

    ``rows`` are those of each table with a column ``call_id``; ``recordings`` counts those of the ledger; ``sound`` is
    the review copy. ``linked`` counts other calls that carry the same reference of a caller.
    """

    call_id: str
    result: CallResult | None
    rows: Mapping[str, list[Mapping[str, object]]]
    reviews: tuple[Review, ...]
    candidates: tuple[str, ...]
    packs: tuple[str, ...]
    vectors: bool
    sound: bytes | None
    recordings: int
    linked: int

    @property
    def is_empty(self) -> bool:
        """Whether no store knows the call."""
        return self.result is None and not (self.rows or self.reviews or self.candidates or self.packs or self.sound)


@dataclass(frozen=True, slots=True)
class Case:
    """What every store holds of the calls of a case, in order of time.

    ``scan`` is what a search through all files found of them, so that nothing is left out that nobody thought of.
    ``by_caller`` tells that the calls were found by their caller.
    """

    dossiers: tuple[Dossier, ...]
    scan: Scan
    by_caller: bool = False

    @property
    def places(self) -> tuple[tuple[Kept | None, int], ...]:
        """Kinds of files that name a call, with how many of each do; ``None`` for files not on the list."""
        found: dict[str, tuple[Kept | None, set[str]]] = {}
        for trace in self.scan.traces:
            kept = inventory.kept_as(trace.place)
            found.setdefault(kept.pattern if kept else "", (kept, set()))[1].add(trace.place)
        return tuple((kept, len(places)) for kept, places in found.values())

    @property
    def published(self) -> bool:
        """Whether a call is named in the published copy; it is not, unless quotes are published."""
        return any(trace.place.startswith("published/") for trace in self.scan.traces)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which calls everything is asked: at least one. ``caller_refs`` are those that they were found by, if any."""

    call_ids: tuple[str, ...]
    caller_refs: frozenset[str] = field(default=frozenset(), repr=False)


def gather(settings: Settings, asked: Asked, on_file: Callable[[int], object] = lambda _: None) -> Case:
    """Look in every store for calls; ``on_file`` is told of each file that was searched.

    Raises ``SettingsError``, with ids that are near, when there is nothing about one of them, and ``StoreError`` when
    the database is in use or a result is damaged.
    """
    call_ids = tuple(dict.fromkeys(asked.call_ids))
    try:
        for call_id in call_ids:
            require_call_id(call_id)
    except ValueError as error:
        raise SettingsError("that is no call id: they look like c3k7... in `callinsight review list`") from error
    links: dict[str, frozenset[str]] = {}
    found = [_look(settings, call_id, links) for call_id in call_ids]
    with open_ledger(settings.work.ledger, look=True) as ledger:
        refs = {call_id: erasure.recording_refs(settings.work, ledger, [call_id]) for call_id in call_ids}
    for call_id in (one.call_id for one in found if one.is_empty):
        if len(call_ids) > 1 and not traces.scan(settings, {call_id, *refs[call_id]}).traces:
            raise _nothing(settings, call_id)
    scan = traces.scan(
        settings, {*call_ids, *asked.caller_refs, *(ref for some in refs.values() for ref in some)}, on_file
    )
    if all(one.is_empty for one in found) and not scan.traces:
        raise _nothing(settings, call_ids[0])
    found.sort(
        key=lambda one: (one.result is None, "" if one.result is None else one.result.call.started_at.isoformat())
    )
    return Case(tuple(found), scan, bool(asked.caller_refs))


def _nothing(settings: Settings, call_id: str) -> SettingsError:
    near = meeting.near(call_id, bundle.result_ids(settings.work.results))
    return SettingsError(f"there is nothing about call {call_id}{near}")


def _look(settings: Settings, call_id: str, links: dict[str, frozenset[str]]) -> Dossier:
    """What the stores hold of a call. ``links`` remembers the calls of each reference of a caller."""
    work = settings.work
    path = bundle.result_path(work.results, call_id)
    result = bundle.read_result(path) if path.exists() else None
    with open_ledger(work.ledger, look=True) as ledger:
        recordings = len(ledger.names_of([call_id]))
    rows: Mapping[str, list[Mapping[str, object]]] = {}
    if work.database.exists():
        with open_reader(work.database) as connection:
            rows = rows_of_call(connection, call_id)
    ref = None if result is None else result.call.caller_ref
    if ref is not None and ref not in links:
        links[ref] = frozenset(callers.linked_to(settings, [ref]))
    return Dossier(
        call_id,
        result,
        rows,
        tuple(one for one in decisions.read_reviews(work.reviews) if one.call_id == call_id),
        tuple(one.candidate_id for one in candidate_files.read_candidates(work.candidates) if one.names(call_id)),
        tuple(page.name for page in decisions.packs_naming(work.packs, [call_id])),
        vectors_path(work.embeddings, call_id).exists(),
        copies.read_copy(work.review_copies, call_id),
        recordings,
        0 if ref is None else len(links[ref] - {call_id}),
    )


def as_json(case: Case) -> str:
    """Everything as a JSON document with Dutch keys for what is not a field of the program."""
    told: dict[str, Any] = {
        "gesprekken": [_told(one) for one in case.dossiers],
        "gevonden_met_nummer_van_de_beller": case.by_caller,
        "in_de_gepubliceerde_kopie": case.published,
        "vindplaatsen": [{"bestand": one.place, "waar": one.where} for one in case.scan.traces],
        "niet_doorzocht": case.scan.unread,
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=str)


def _told(dossier: Dossier) -> dict[str, Any]:
    return {
        "gesprek": dossier.call_id,
        "resultaat": None if dossier.result is None else json.loads(bundle.as_json(dossier.result)),
        "database": dossier.rows,
        "kandidaten_voor_nieuwe_onderwerpen": dossier.candidates,
        "stukken_voor_het_overleg": dossier.packs,
        "vectoren": dossier.vectors,
        "luisterkopie": dossier.sound is not None,
        "opnamen_in_de_administratie": dossier.recordings,
        "andere_gesprekken_van_deze_beller": dossier.linked,
    }


def sound_names(case: Case) -> dict[str, str]:
    """The file name of each review copy in what somebody is given, by call id."""
    several = len(case.dossiers) > 1
    return {
        one.call_id: SOUND.format(number=f"-{number}" if several else "")
        for number, one in enumerate(case.dossiers, start=1)
        if one.sound is not None
    }


def write(folder: Path, case: Case, page: str) -> tuple[Path, ...]:
    """Write the page, the same as data, and the review copies into a new folder, for its owner alone.

    Raises ``SettingsError`` when the folder is there already: what somebody was given is not changed afterwards.
    """
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise SettingsError(f"{folder} is there already: give another folder with --to") from None
    except OSError as error:
        raise StoreError(f"{folder} cannot be made ({type(error).__name__})") from None
    written = [folder / "inzage.html", folder / "gegevens.json"]
    bundle.write_atomically(written[0], page.encode())
    bundle.write_atomically(written[1], as_json(case).encode())
    names = sound_names(case)
    for one in case.dossiers:
        if one.sound is not None:
            written.append(folder / names[one.call_id])
            bundle.write_atomically(written[-1], one.sound)
    return tuple(written)
