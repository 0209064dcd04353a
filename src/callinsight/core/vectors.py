"""What an encoder made of the turns of a call, kept so that tags can be decided again without running it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callinsight.core.values import Turn

Halves = npt.NDArray[np.float16]
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, slots=True, eq=False)
class TurnVectors:
    """Vectors of the pieces that the turns of one call were read in: float16 ``[piece, dimension]``.

    ``turns[piece]`` is the number of the turn; a long turn has more than one piece, a turn that gave nothing has none.
    ``encoder`` names by a digest what made them: vectors of different encoders mean different things.
    """

    encoder: str
    turns: npt.NDArray[np.int32]
    values: Halves

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.dtype != np.float16 or self.turns.dtype != np.int32:
            raise ValueError("vectors must be float16 [piece, dimension] with int32 turn numbers")
        if self.turns.shape != (len(self.values),):
            raise ValueError("every piece needs the number of its turn")
        if len(self.turns) and int(self.turns.min()) < 0:
            raise ValueError("turns are counted from 0")

    @staticmethod
    def of(encoder: str, turns: Sequence[int], values: npt.NDArray[np.float32]) -> "TurnVectors":
        """Round what an encoder gave to half precision. Raises ``ValueError`` as the constructor does."""
        halves = np.clip(values, -_LARGEST, _LARGEST).astype(np.float16)
        return TurnVectors(encoder, np.array(turns, dtype=np.int32), halves)

    def by_turn(self, count: int) -> npt.NDArray[np.float32]:
        """The mean vector of each of ``count`` turns, float32 ``[turn, dimension]``; zero for a turn without pieces.

        Raises ``ValueError`` when a piece belongs to a later turn.
        """
        if len(self.turns) and int(self.turns.max()) >= count:
            raise ValueError("a piece belongs to a turn that is not there")
        sums = np.zeros((count, self.values.shape[1]), dtype=np.float32)
        np.add.at(sums, self.turns, self.values.astype(np.float32))
        pieces = np.bincount(self.turns, minlength=count).astype(np.float32)
        result: npt.NDArray[np.float32] = (sums / np.maximum(pieces, 1.0)[:, None]).astype(np.float32)
        return result


def words_digest(turns: Sequence[Turn]) -> str:
    """A digest of who says which words, so that vectors are never used for words other than those they came from."""
    digest = hashlib.blake2b(digest_size=16)
    for turn in turns:
        digest.update(f"{turn.role.value}\x1f{turn.text}\x1e".encode())
    return digest.hexdigest()
