"""Tally: what the comparisons made under one gap's name were like, taken together.

A statement that holds may have compared nothing: nought with nought every time, a number that never
moved, numbers that the tolerance swallows. One comparison cannot tell; all of them together can.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

ENOUGH = 3
"""Comparisons after which a measured fraction that never moved is no coincidence."""
ENOUGH_WHOLE = 8
"""The same for whole numbers, which often agree by chance."""


@dataclass(frozen=True)
class Tally:
    """All comparisons under one name.

    nothing: both sides were 0, or empty, each time. wide: the tolerance exceeded both sides each
    time. aimed_at_zero: 0 was predicted each time. measured, predicted: the value that it was each
    time, None when it moved. quantity: what is measured, when the name says in which case, too.
    cases: how many configurations it was measured in, by regime and in all.
    """

    instances: int = 1
    nothing: bool = False
    wide: bool = False
    aimed_at_zero: bool = False
    measured: Fraction | None = None
    predicted: Fraction | None = None
    quantity: str = ""
    cases: int = 0
    regimes: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        """The comparisons of both."""
        regimes = dict(self.regimes)
        for name, count in other.regimes.items():
            regimes[name] = regimes.get(name, 0) + count
        return Tally(
            instances=self.instances + other.instances,
            nothing=self.nothing and other.nothing,
            wide=self.wide and other.wide,
            aimed_at_zero=self.aimed_at_zero and other.aimed_at_zero,
            measured=self.measured if self.measured == other.measured else None,
            predicted=self.predicted if self.predicted == other.predicted else None,
            quantity=self.quantity or other.quantity,
            cases=self.cases + other.cases,
            regimes=regimes,
        )

    def within(self, regimes: Iterable[str], quantity: str = "") -> Tally:
        """The same, measured in one configuration of these regimes."""
        return replace(self, quantity=quantity, cases=1, regimes=dict.fromkeys(regimes, 1))

    @property
    def still(self) -> bool:
        """Whether the measured value never moved although it was measured often enough."""
        if self.measured is None or self.nothing:
            return False
        moved = self.predicted is None
        enough = ENOUGH_WHOLE if self.measured.denominator == 1 and not moved else ENOUGH
        return self.instances >= enough

    @property
    def swallowed(self) -> bool:
        """Whether the tolerance exceeded both sides each time, of which one was not just 0."""
        return self.wide and not self.aimed_at_zero
