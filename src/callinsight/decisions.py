"""Verdicts and improvements as files, one each, written atomically and sealed: the truth for the database.

A verdict lies at ``reviews/<call_id>.<review_id>.json``, an improvement at ``actions/<action_id>.json``. A file for
each needs no lock when two people write at once, and erasing a call takes away whole files.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from callinsight.bundle import read_sealed, write_sealed
from callinsight.core.improvement import Action, Review
from callinsight.core.values import require_call_id
from callinsight.errors import SealError, StoreError

_REVIEW, _ACTION = TypeAdapter(Review), TypeAdapter(Action)

_SOUND = re.compile(rb"data:[^\"']*")
"""Sound and pictures in a page, which are most of its bytes and name no call."""

_T = TypeVar("_T", Review, Action)


def write_review(folder: Path, review: Review) -> Path:
    """Write one verdict; the same one twice is one file."""
    path = folder / f"{review.call_id}.{review.review_id}.json"
    write_sealed(path, _REVIEW.dump_json(review))
    return path


def write_action(folder: Path, action: Action) -> Path:
    """Write one improvement; the same one twice is one file."""
    path = folder / f"{action.action_id}.json"
    write_sealed(path, _ACTION.dump_json(action))
    return path


def read_reviews(folder: Path) -> tuple[Review, ...]:
    """All verdicts, by call and moment. Raises ``StoreError`` for a damaged file; the text names the file only."""
    found = [_read(path, _REVIEW) for path in folder.glob("[!.]*.json")]
    return tuple(sorted(found, key=lambda one: (one.call_id, one.decided_at, one.review_id)))


def read_actions(folder: Path) -> tuple[Action, ...]:
    """All improvements, by the day they took effect. Raises ``StoreError`` for a damaged file."""
    found = [_read(path, _ACTION) for path in folder.glob("[!.]*.json")]
    return tuple(sorted(found, key=lambda one: (one.effective_on, one.action_id)))


def _read(path: Path, form: TypeAdapter[_T]) -> _T:
    try:
        return form.validate_json(read_sealed(path))
    except (OSError, ValidationError, SealError):
        raise StoreError(f"{path.parent.name}/{path.name} is damaged: restore it from a backup, or delete it") from None


def remove_reviews(folder: Path, call_ids: Collection[str]) -> int:
    """Erase all verdicts on calls; how many there were."""
    paths = [path for path in folder.glob("[!.]*.json") if path.name.partition(".")[0] in call_ids]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def packs_naming(folder: Path, call_ids: Collection[str]) -> tuple[Path, ...]:
    """The meeting's packs that hold something of any of these calls, by name."""
    wanted = [require_call_id(one).encode() for one in call_ids]
    if not wanted:
        return ()
    pages = ((path, _SOUND.sub(b"", path.read_bytes())) for path in sorted(folder.glob("*.html")))
    return tuple(path for path, page in pages if any(one in page for one in wanted))


def remove_packs(folder: Path, call_ids: Collection[str]) -> int:
    """Erase the meeting's packs that hold something of these calls, and their PDFs; how many packs there were.

    The weekly flow makes new ones. A PDF holds what the page beside it holds.
    """
    paths = packs_naming(folder, call_ids)
    for path in paths:
        path.with_suffix(".pdf").unlink(missing_ok=True)  # first, since without its page nobody knows what it holds
        path.unlink(missing_ok=True)
    return len(paths)


def remove_action(folder: Path, action_id: str) -> bool:
    """Take an improvement back; whether there was one."""
    path = folder / f"{require_call_id(action_id)}.json"
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed
