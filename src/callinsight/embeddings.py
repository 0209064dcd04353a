"""Vectors of calls as files beside the results, one per call, sealed and written atomically; of redacted words only.

They lie at ``embeddings/<second and third character of call_id>/<call_id>.safetensors``, readable by their owner
alone. A file tells by which encoder and of which words it was made, and is not used for any other. They may be deleted:
tagging the history again then runs the encoder once more.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from callinsight.bundle import read_sealed, write_sealed
from callinsight.core.values import Turn, require_call_id
from callinsight.core.vectors import TurnVectors, words_digest
from callinsight.errors import SealError

PATTERN = "??/[!.]*.safetensors"

_VALUES, _TURNS = "values", "turns"
_ENCODER, _WORDS = "encoder", "words"
_SIZE_BYTES = 8
"""A safetensors file begins with the size of its header, little-endian."""


def vectors_path(folder: Path, call_id: str) -> Path:
    """Where the vectors of a call lie. Raises ``ValueError`` for an id that is not safe as a file name."""
    return folder / require_call_id(call_id)[1:3] / f"{call_id}.safetensors"


def write_vectors(folder: Path, call_id: str, turns: Sequence[Turn], vectors: TurnVectors) -> None:
    """Keep the vectors of a call, in the place of earlier ones. ``turns`` are the redacted ones they were made of."""
    from safetensors.numpy import save

    about = {_ENCODER: vectors.encoder, _WORDS: words_digest(turns)}
    data = save({_VALUES: vectors.values, _TURNS: vectors.turns}, metadata=about)
    write_sealed(vectors_path(folder, call_id), data)


def read_vectors(folder: Path, call_id: str, turns: Sequence[Turn], encoder: str | None) -> TurnVectors | None:
    """The vectors that ``encoder`` (``None``: any) made of ``turns``; ``None`` without them or for a damaged file.

    Raises ``KeyFitError`` for vectors that are sealed with a key that is not at hand.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = read_sealed(vectors_path(folder, call_id))
        about = _about(data)
        made_by = about.get(_ENCODER, "")
        if encoder not in (None, made_by) or about.get(_WORDS) != words_digest(turns):
            return None
        found = load(data)
        return TurnVectors(made_by, found[_TURNS], found[_VALUES])
    except (OSError, SafetensorError, ValueError, KeyError, SealError):
        return None


def _about(data: bytes) -> dict[str, str]:
    """What the header of a safetensors file says beside its tensors. Raises ``ValueError``."""
    size = int.from_bytes(data[:_SIZE_BYTES], "little")
    header = json.loads(data[_SIZE_BYTES : _SIZE_BYTES + size])
    return dict(header.get("__metadata__", {})) if isinstance(header, dict) else {}


def remove_vectors(folder: Path, call_id: str) -> bool:
    """Remove the vectors of a call; whether there were any."""
    path = vectors_path(folder, call_id)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed
