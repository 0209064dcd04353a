"""Deletes what is past its term: review copies and meeting packs, by the moment at which they were made.

A file is taken away as a whole, so its space is really free. To put another kind of file under a term, add it to
:func:`kinds`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from callinsight import copies
from callinsight.settings import Settings

_UNFINISHED = timedelta(days=1)
"""A file that was being written longer ago than this belongs to a process that was killed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Files that may stay ``days`` after they were made; ``label`` is for readers."""

    label: str
    folder: Path
    pattern: str
    days: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What was done about one kind: counts and bytes only, fit for logs and for Prefect."""

    label: str
    days: int
    removed: int
    removed_bytes: int
    kept: int


def kinds(settings: Settings) -> tuple[Kind, ...]:
    """All that has a term."""
    work, review = settings.work, settings.review
    return (
        Kind("Luisterkopieën", work.review_copies, copies.PATTERN, review.copies_days),
        Kind("Stukken voor het verbeteroverleg", work.packs, "[!.]*", review.packs_days),
    )


def sweep(settings: Settings, now: datetime, *, dry_run: bool = False) -> tuple[Swept, ...]:
    """Delete what is past its term at ``now`` (aware); with ``dry_run`` only count. A second time finds nothing.

    Can be stopped and done again. Raises ``ValueError`` when ``now`` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone")
    return tuple(_sweep(kind, now, dry_run=dry_run) for kind in kinds(settings))


def _sweep(kind: Kind, now: datetime, *, dry_run: bool) -> Swept:
    finished = list(kind.folder.glob(kind.pattern))
    folder = kind.pattern.rpartition("/")[0] or "."
    unfinished = list(kind.folder.glob(f"{folder}/.*.part"))
    old = [*_older(finished, now - timedelta(days=kind.days)), *_older(unfinished, now - _UNFINISHED)]
    for path, _ in old:
        if not dry_run:
            path.unlink(missing_ok=True)
    kept = len(finished) + len(unfinished) - len(old)
    return Swept(kind.label, kind.days, len(old), sum(size for _, size in old), kept)


def _older(paths: Iterable[Path], moment: datetime) -> Iterator[tuple[Path, int]]:
    """The files last written at ``moment`` or before, with their sizes in bytes."""
    for path in paths:
        found = path.stat()
        if found.st_mtime <= moment.timestamp():
            yield path, found.st_size
