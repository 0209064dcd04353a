"""Cells of the published copy, as :mod:`support.attacker` adds them up."""

from collections.abc import Iterable

Cell = tuple[str, ...]
"""Table, column and the row's own key, such as ("topics_per_week", "calls", "2027-02-01", "passport")."""


class Cells:
    """Finds the cells of the copy that a sum is about."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self.cells = tuple(cells)

    def of(self, table: str, *key: str, column: str = "calls") -> list[Cell]:
        """The cells of a column whose row's key begins with ``key``."""
        start = (table, column, *key)
        return [cell for cell in self.cells if cell[: len(start)] == start]


def less(total: Iterable[Cell], parts: Iterable[Cell]) -> dict[Cell, int]:
    return dict.fromkeys(total, 1) | dict.fromkeys(parts, -1)
