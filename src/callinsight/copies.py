"""Review copies on disk: one Ogg Opus file for each call, sealed, readable by its owner alone.

A copy lies at ``review/<second and third character of call_id>/<call_id>.ogg``, as results do. What reaches this module
has passed the check of :mod:`callinsight.review_copy`.
"""

from pathlib import Path

from callinsight.bundle import read_sealed, write_sealed
from callinsight.core.values import require_call_id

PATTERN = "??/[!.]*.ogg"


def copy_path(folder: Path, call_id: str) -> Path:
    """Where the copy of ``call_id`` lies. Raises ``ValueError`` for an id that is not safe as a file name."""
    return folder / require_call_id(call_id)[1:3] / f"{call_id}.ogg"


def write_copy(folder: Path, call_id: str, data: bytes) -> None:
    """Keep the copy of a call; an earlier one is replaced."""
    write_sealed(copy_path(folder, call_id), data)


def read_copy(folder: Path, call_id: str) -> bytes | None:
    """The copy of a call, or ``None`` when there is none: never made, refused, or past its term.

    Raises ``SealError`` when it was changed, ``KeyFitError`` when it is sealed with a key that is not at hand.
    """
    try:
        return read_sealed(copy_path(folder, call_id))
    except FileNotFoundError:
        return None


def remove_copy(folder: Path, call_id: str) -> bool:
    """Remove the copy of a call; whether there was one."""
    path = copy_path(folder, call_id)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed
