"""Candidates for new topics as files, one each, for their owner alone. They name turns of calls and hold no text.

They are the truth from which the tables are filled, since ids and verdicts must outlast a search.
"""

from collections.abc import Collection
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from callinsight import sealed
from callinsight.bundle import read_sealed, write_sealed
from callinsight.core.candidate import Candidate
from callinsight.errors import SealError, StoreError

_CANDIDATE = TypeAdapter(Candidate)


def read_candidates(folder: Path) -> tuple[Candidate, ...]:
    """All candidates by id. Raises ``StoreError`` for a damaged file; the text names the file only."""
    found = []
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            found.append(_CANDIDATE.validate_json(read_sealed(path)))
        except (OSError, ValidationError, SealError):
            raise StoreError(
                f"{folder.name}/{path.name} is damaged: delete it, and search for new topics again"
            ) from None
    return tuple(found)


def write_candidates(folder: Path, candidates: Collection[Candidate]) -> None:
    """Keep exactly these candidates: write what changed, and remove others."""
    for one in candidates:
        path, data = folder / f"{one.candidate_id}.json", _CANDIDATE.dump_json(one)
        if not path.exists() or path.read_bytes() != sealed.seal(path, data):
            write_sealed(path, data)
    kept = {f"{one.candidate_id}.json" for one in candidates}
    for path in folder.glob("[!.]*.json"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def remove_calls(folder: Path, call_ids: Collection[str]) -> bool:
    """Take calls out of all candidates; whether one was in any. A candidate without calls and verdict goes too."""
    before = read_candidates(folder)
    after = [one.without(call_ids) for one in before]
    if list(before) == after:
        return False
    write_candidates(folder, [one for one in after if one.members or one.verdict is not None])
    return True


def remove_wordless(folder: Path, with_words: Collection[str]) -> int:
    """Remove candidates of which no call has its words any more, since their own words come from them; how many.

    Those that the meeting decided on stay.
    """
    before = read_candidates(folder)
    kept = [one for one in before if one.verdict is not None or any(call in with_words for call, _ in one.members)]
    if len(kept) < len(before):
        write_candidates(folder, kept)
    return len(before) - len(kept)
