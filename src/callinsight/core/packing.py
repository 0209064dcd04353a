"""Packs the turns of a call into the token sequences that an encoder reads, and tells where each turn lies in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens ``[start, end)`` of a sequence that belong to ``turn``; the marker of its role stands at ``start - 1``.

    A piece that was in the sequence before is ``repeated``: it gives context and is not read again.
    """

    turn: int
    start: int
    end: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Packed:
    """One sequence of token ids, begun by the start token, with its pieces in order."""

    tokens: tuple[int, ...]
    pieces: tuple[Piece, ...]


def chunks(lengths: Sequence[int], limit: int, context: int = 1) -> list[tuple[int, int, int]]:
    """Pack items of ``lengths`` tokens into chunks of at most ``limit`` tokens.

    Gives ``(first, fresh, end)`` per chunk: items ``[first, end)`` are read, of which ``[fresh, end)`` are new and
    those before give context (at most ``context`` of them, only where they fit). Raises ``ValueError`` when one item
    is longer than ``limit``.
    """
    if any(length > limit for length in lengths):
        raise ValueError("an item is longer than a chunk may be")
    found: list[tuple[int, int, int]] = []
    fresh = 0
    while fresh < len(lengths):
        first = fresh
        used = lengths[fresh]
        while first > 0 and fresh - first < context and used + lengths[first - 1] <= limit:
            first -= 1
            used += lengths[first]
        end = fresh + 1
        while end < len(lengths) and used + lengths[end] <= limit:
            used += lengths[end]
            end += 1
        found.append((first, fresh, end))
        fresh = end
    return found


@dataclass(frozen=True, slots=True)
class PackOptions:
    """Longest sequence and longest piece in tokens, and how many pieces are repeated for context."""

    sequence_tokens: int = 320
    piece_tokens: int = 96
    context_pieces: int = 2


def pack_turns(
    turns: Sequence[tuple[str, Sequence[int]]], markers: Mapping[str, int], start_token: int, options: PackOptions
) -> tuple[Packed, ...]:
    """Pack ``(role, token ids)`` of every turn; a turn longer than a piece is cut, one without tokens left out.

    ``markers`` holds the token per role, with "unknown" for any other. Every token is new in exactly one sequence.
    """
    items: list[tuple[int, tuple[int, ...]]] = []
    for number, (role, tokens) in enumerate(turns):
        marker = markers.get(role, markers["unknown"])
        starts = range(0, len(tokens), options.piece_tokens)
        items += [(number, (marker, *tokens[at : at + options.piece_tokens])) for at in starts]
    found = []
    for first, fresh, end in chunks(
        [len(tokens) for _, tokens in items], options.sequence_tokens - 1, options.context_pieces
    ):
        ids, pieces = [start_token], []
        for index in range(first, end):
            number, tokens = items[index]
            pieces.append(Piece(number, len(ids) + 1, len(ids) + len(tokens), index < fresh))
            ids += tokens
        found.append(Packed(tuple(ids), tuple(pieces)))
    return tuple(found)
