"""Vectors of calls as files beside the results: one per call, written atomically, made of redacted words only.

They lie at ``embeddings/<second and third character of call_id>/<call_id>.safetensors``, readable by their owner
alone. A file tells by which encoder and of which words it was made, and is not used for any other. They may be deleted:
tagging the history again then runs the encoder once more.
"""

from collections.abc import Sequence
from pathlib import Path

from callinsight.bundle import write_atomically
from callinsight.core.values import Turn, require_call_id
from callinsight.core.vectors import TurnVectors, words_digest

PATTERN = "??/[!.]*.safetensors"

_VALUES, _TURNS = "values", "turns"
_ENCODER, _WORDS = "encoder", "words"


def vectors_path(folder: Path, call_id: str) -> Path:
    """Where the vectors of a call lie. Raises ``ValueError`` for an id that is not safe as a file name."""
    return folder / require_call_id(call_id)[1:3] / f"{call_id}.safetensors"


def write_vectors(folder: Path, call_id: str, turns: Sequence[Turn], vectors: TurnVectors) -> None:
    """Keep the vectors of a call, in the place of earlier ones. ``turns`` are the redacted ones they were made of."""
    from safetensors.numpy import save

    about = {_ENCODER: vectors.encoder, _WORDS: words_digest(turns)}
    data = save({_VALUES: vectors.values, _TURNS: vectors.turns}, metadata=about)
    write_atomically(vectors_path(folder, call_id), data)


def read_vectors(folder: Path, call_id: str, turns: Sequence[Turn], encoder: str | None) -> TurnVectors | None:
    """The vectors that ``encoder`` (``None``: any) made of ``turns``; ``None`` without them or for a damaged file."""
    from safetensors import SafetensorError, safe_open

    path = vectors_path(folder, call_id)
    try:
        with safe_open(path, framework="np") as file:
            about = file.metadata() or {}
            made_by = about.get(_ENCODER, "")
            if encoder not in (None, made_by) or about.get(_WORDS) != words_digest(turns):
                return None
            return TurnVectors(made_by, file.get_tensor(_TURNS), file.get_tensor(_VALUES))
    except (OSError, SafetensorError, ValueError):
        return None


def remove_vectors(folder: Path, call_id: str) -> bool:
    """Remove the vectors of a call; whether there were any."""
    path = vectors_path(folder, call_id)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed
