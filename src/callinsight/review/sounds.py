"""Players for a page: passages of review copies as sound that lies in the page itself."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from callinsight import bundle, copies
from callinsight.audio_opus import MEDIA_TYPE, decode_opus, encode_opus
from callinsight.core.passages import passages
from callinsight.core.regions import Regions
from callinsight.core.values import CopyState, Waveform
from callinsight.errors import KeyFitError, SealError, StoreError
from callinsight.settings import Settings
from callinsight.store.pack import FlaggedCall

MOST_BYTES = 6 << 20
"""Sound in one page, as it stands there; some half an hour, and still small enough for a mail."""

_OFF = "Van dit gesprek is geen luisterkopie bewaard."
_REFUSED = "Van dit gesprek is geen luisterkopie: het was niet zeker dat alle persoonsgegevens daarin onhoorbaar zijn."
_OVER = "De luisterkopie van dit gesprek is er niet meer. Kopieën blijven {days} dagen bewaard."
_BROKEN = "De luisterkopie van dit gesprek is beschadigd."
_FULL = "Dit fragment past niet meer in dit bestand. Het datateam kan het apart geven."


@dataclass(frozen=True, slots=True)
class Player:
    """A passage: what it is called, and its sound as an address that holds it."""

    name: str
    src: str


@dataclass(frozen=True, slots=True)
class Sounds:
    """What there is to hear of a call, and in plain words why there is nothing, or no more."""

    players: tuple[Player, ...] = ()
    note: str = ""


def clock(time_ms: int) -> str:
    """Minutes and seconds."""
    return f"{time_ms // 60_000}:{time_ms // 1000 % 60:02d}"


def why_silent(settings: Settings, call_id: str) -> str:
    """Why there is no review copy of a call, for a reader."""
    try:
        state = bundle.read_result(bundle.result_path(settings.work.results, call_id)).review_copy
    except KeyFitError:
        raise
    except StoreError:
        return _OFF
    return {
        CopyState.OFF: _OFF,
        CopyState.REFUSED: _REFUSED,
        CopyState.MADE: _OVER.format(days=settings.retention.review_copies_days),
    }[state]


def cut(copy: Waveform, spans: Regions) -> Waveform | None:
    """The passages of a copy after one another, or ``None`` when they lie behind its end."""
    pieces = [piece for piece in (copy.cut(span) for span in spans) if piece.samples.size]
    if not pieces:
        return None
    import numpy as np

    return Waveform(np.concatenate([piece.samples for piece in pieces], axis=1), copy.sample_rate_hz)


def sounds_of(settings: Settings, calls: Iterable[FlaggedCall], most_bytes: int = MOST_BYTES) -> dict[str, Sounds]:
    """The players of each call, by its id; ``most_bytes`` for all together, the first calls first."""
    found: dict[str, Sounds] = {}
    left = most_bytes
    for call in calls:
        if call.call_id not in found:
            found[call.call_id] = _sounds(settings, call, left)
            left -= sum(len(player.src) for player in found[call.call_id].players)
    return found


def _sounds(settings: Settings, call: FlaggedCall, left: int) -> Sounds:
    try:
        data = copies.read_copy(settings.work.review_copies, call.call_id)
        if data is None:
            return Sounds(note=why_silent(settings, call.call_id))
        copy = decode_opus(data)
    except (ValueError, SealError):
        return Sounds(note=_BROKEN)
    players: list[Player] = []
    for span in passages(line.span for line in call.lines if line.evidence):
        piece = cut(copy, (span,))
        if piece is None:
            continue
        src = f"data:{MEDIA_TYPE};base64,{base64.b64encode(encode_opus(piece)).decode()}"
        if len(src) > left:
            return Sounds(tuple(players), _FULL)
        left -= len(src)
        players.append(Player(f"Luister naar dit fragment, {clock(span.start_ms)} tot {clock(span.end_ms)}", src))
    return Sounds(tuple(players))


def write_sound(settings: Settings, call_id: str, spans: Regions, path: Path) -> bool:
    """Write the passages ``spans`` of the copy of a call to ``path``, or the whole copy when there are none.

    The file is for its owner alone. Returns whether there was a copy. Raises ``StoreError`` when it is damaged.
    """
    try:
        data = copies.read_copy(settings.work.review_copies, call_id)
        if data is None:
            return False
        piece = cut(decode_opus(data), spans) if spans else None
    except (ValueError, SealError):
        raise StoreError(f"the review copy of call {call_id} is damaged: process the call again") from None
    bundle.write_atomically(path, data if piece is None else encode_opus(piece))
    return True
