"""Dial: one way in which an assumption can be less than true, by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from refutable import text as texts
from refutable.errors import UsageError, nearest


@dataclass(frozen=True, kw_only=True)
class Dial:
    """One way of bending an assumption; `grid` moves away from the value as assumed, `grid[0]`.

    name: unique, words joined by hyphens, of the letters that ids of claims have. assumption: as
    claims name it. title: what turning it does. source: the definition it comes from. enters: which
    part of what is studied it changes, in words of your own (`data`, `optimiser`). coarse: the
    values that a quick audit scans, from grid[0] on (all when empty). whole: whole numbers only.
    labels: names of the positions of a switch, which has no values in between.
    Raises ValueError when a text is missing, the grid does not move one way or a record contradicts
    itself.
    """

    name: str
    assumption: str
    title: str
    source: str
    enters: str
    grid: tuple[float, ...]
    coarse: tuple[float, ...] = ()
    whole: bool = False
    labels: Mapping[float, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a dial that says too little, and a grid that cannot be scanned."""
        texts.require_name(self.name, "the name of a dial")
        texts.require_line(self.assumption, f"dial {self.name!r}: an assumption")
        for what in ("title", "source", "enters"):
            said = getattr(self, what)
            if not isinstance(said, str) or not said.strip():
                raise ValueError(f"dial {self.name!r}: {what} must say something")
        steps = [b - a for a, b in zip(self.grid, self.grid[1:], strict=False)]
        if not steps or not (all(s > 0 for s in steps) or all(s < 0 for s in steps)):
            raise ValueError(f"dial {self.name!r}: the grid must move one way, not {self.grid}")
        if not all(map(math.isfinite, self.grid)):
            raise ValueError(f"dial {self.name!r}: the grid is of finite numbers, not {self.grid}")
        if self.labels and set(self.labels) != set(self.grid):
            raise ValueError(f"dial {self.name!r}: a switch labels every value of its grid")
        if self.whole and any(value != int(value) for value in self.grid):
            raise ValueError(f"dial {self.name!r}: whole numbers only")
        if self.coarse and (
            self.coarse[0] != self.grid[0] or not set(self.coarse) <= set(self.grid)
        ):
            raise ValueError(f"dial {self.name!r}: coarse is a part of the grid from its start on")

    @property
    def assumed(self) -> float:
        """The value as assumed."""
        return self.grid[0]

    @property
    def allowed(self) -> str:
        """In words, which values may be set."""
        if self.labels:
            return ", ".join(f"{value:g} ({label})" for value, label in self.labels.items())
        low, high = sorted((self.grid[0], self.grid[-1]))
        return f"{'whole numbers in ' if self.whole else ''}[{low:g}, {high:g}]"

    def require(self, value: float) -> float:
        """The value itself. UsageError when it is out of range."""
        low, high = sorted((self.grid[0], self.grid[-1]))
        inside = value in self.labels if self.labels else low <= value <= high
        if not inside or (self.whole and value != int(value)):
            raise UsageError(f"dial {self.name!r} takes {self.allowed}, not {value:g}")
        return value

    def scanned(self, *, coarse: bool) -> tuple[float, ...]:
        """The values to scan, as assumed first."""
        return self.coarse if coarse and self.coarse else self.grid


def find(dials: Mapping[str, Dial], name: str) -> Dial:
    """The dial of this name. UsageError, with the nearest name, when there is none."""
    try:
        return dials[name]
    except KeyError:
        hint = nearest(name, dials)
        raise UsageError(f"there is no dial {name!r}.{hint}") from None
