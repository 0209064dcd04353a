"""Everything that exists about a call, gathered for whoever asks what is kept about them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callinsight import bundle, candidate_files, copies, decisions, erasure, inventory, meeting, traces
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

SOUND = "luisterkopie.ogg"
"""The name of the review copy in what somebody is given."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What every store holds of a call.

    ``rows`` are those of each table with a column ``call_id``; ``ledger`` counts recordings; ``sound`` is the review
    copy. ``scan`` is what a search through all files found, so that nothing is left out that nobody thought of.
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
    scan: Scan

    @property
    def places(self) -> tuple[tuple[Kept | None, int], ...]:
        """Kinds of files that name the call, with how many of each do; ``None`` for files not on the list."""
        found: dict[str, tuple[Kept | None, set[str]]] = {}
        for trace in self.scan.traces:
            kept = inventory.kept_as(trace.place)
            found.setdefault(kept.pattern if kept else "", (kept, set()))[1].add(trace.place)
        return tuple((kept, len(places)) for kept, places in found.values())

    @property
    def published(self) -> bool:
        """Whether the call is named in the published copy; it is not, unless quotes are published."""
        return any(trace.place.startswith("published/") for trace in self.scan.traces)


def gather(settings: Settings, call_id: str, on_file: Callable[[int], object] = lambda _: None) -> Dossier:
    """Look in every store for a call; ``on_file`` is told of each file that was searched.

    Raises ``SettingsError``, with ids that are near, when there is nothing, and ``StoreError`` when the database is in
    use or the result is damaged.
    """
    try:
        require_call_id(call_id)
    except ValueError as error:
        raise SettingsError("that is no call id: they look like c3k7... in `callinsight review list`") from error
    work = settings.work
    path = bundle.result_path(work.results, call_id)
    result = bundle.read_result(path) if path.exists() else None
    with open_ledger(work.ledger, look=True) as ledger:
        recordings = len(ledger.names_of([call_id]))
        needles = {call_id, *erasure.recording_refs(work, ledger, [call_id])}
    rows: Mapping[str, list[Mapping[str, object]]] = {}
    if work.database.exists():
        with open_reader(work.database) as connection:
            rows = rows_of_call(connection, call_id)
    found = Dossier(
        call_id,
        result,
        rows,
        tuple(one for one in decisions.read_reviews(work.reviews) if one.call_id == call_id),
        tuple(one.candidate_id for one in candidate_files.read_candidates(work.candidates) if one.names(call_id)),
        tuple(page.name for page in decisions.packs_naming(work.packs, [call_id])),
        vectors_path(work.embeddings, call_id).exists(),
        copies.read_copy(work.review_copies, call_id),
        recordings,
        traces.scan(settings, needles, on_file),
    )
    if result is None and not found.scan.traces:
        raise SettingsError(
            f"there is nothing about call {call_id}{meeting.near(call_id, bundle.result_ids(work.results))}"
        )
    return found


def as_json(dossier: Dossier) -> str:
    """The whole dossier as a JSON document with Dutch keys for what is not a field of the program."""
    told: dict[str, Any] = {
        "gesprek": dossier.call_id,
        "resultaat": None if dossier.result is None else json.loads(bundle.as_json(dossier.result)),
        "database": dossier.rows,
        "kandidaten_voor_nieuwe_onderwerpen": dossier.candidates,
        "stukken_voor_het_overleg": dossier.packs,
        "vectoren": dossier.vectors,
        "luisterkopie": dossier.sound is not None,
        "opnamen_in_de_administratie": dossier.recordings,
        "in_de_gepubliceerde_kopie": dossier.published,
        "vindplaatsen": [{"bestand": one.place, "waar": one.where} for one in dossier.scan.traces],
        "niet_doorzocht": dossier.scan.unread,
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=str)


def write(folder: Path, dossier: Dossier, page: str) -> tuple[Path, ...]:
    """Write the page, the same as data, and the review copy into a new folder, for its owner alone.

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
    bundle.write_atomically(written[1], as_json(dossier).encode())
    if dossier.sound is not None:
        written.append(folder / SOUND)
        bundle.write_atomically(written[-1], dossier.sound)
    return tuple(written)
