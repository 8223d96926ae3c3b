"""Table: numbers that a claim offers beside its verdict, to be read and not judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Cell = float | str


@dataclass(frozen=True)
class Table:
    """Rows of numbers or words under column titles. note: what they are and how computed.

    Raises ValueError when a row has another length than the columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Every row fills every column."""
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.title!r}: every row needs {len(self.columns)} cells")


TableFunction = Callable[[], Table]
"""Computes a table; cheap, because every report that holds the claim computes it."""
