"""Climb: a function of the size, measured on a ladder and compared with how it should grow."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import stats

from refutable import ledger, scaling
from refutable.asymptotics import O, Order, Theta
from refutable.gap import Gap, at_most
from refutable.rungs import Floats, Ladder, scatters, too_little
from refutable.text import many
from refutable.trend import CONFIDENCE

Size = float | int | Fraction
FALLS = 0.5
"""The power of log N by which a ratio must fall at least to be seen to tend to 0: 1 + c/log N tends
to 1 and falls by the power c/(c + log N), which is a half where c/log N is as large as the limit.
"""
STAYS = 1 / (3 * math.log(math.log(sys.float_info.max)))
"""A ratio that falls by less than this power of log N does not tend to 0 as far as can be seen:
1/log log N, which does, falls by the power 1/log log N, at the largest double three times this."""


def ladder(
    measure: Callable[[Any], Any],
    sizes: Sequence[Size],
    *,
    name: str | None = None,
    size: str | None = None,
) -> Climb:
    """Measure a function of the size on a ladder, to be compared with a law.

    sizes: positive, distinct, at least six over at least a factor of four (`scaling.sizes` gives
    some). measure: from one of them to a real number. name: that of the function unless given.
    size: what the sizes are called; as in the law, or N, unless given. Then
    `.follows(Theta("N**2"))`, or `.tends_to(...)`; what is compared with nothing is an error.
    ValueError for sizes that are not positive.
    """
    if not all(0 < value < math.inf for value in sizes):
        raise ValueError(f"the sizes of a ladder are positive, not {list(sizes)}")
    ordered = tuple(sorted(sizes))
    own = getattr(measure, "__name__", "f").replace("_", " ").replace("<lambda>", "f")
    said = own if name is None else name
    return Climb(said, size, ordered, tuple(measure(value) for value in ordered))


@dataclass(frozen=True)
class Climb:
    """What was measured at increasing sizes. size: what they are called."""

    name: str
    size: str | None
    sizes: tuple[Size, ...]
    values: tuple[Any, ...]
    _entry: ledger.Entry = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Enter it where it must be taken."""
        entry = ledger.entered(
            f"the ladder of {self.name!r} was climbed and compared with nothing: "
            "yield from ladder(...).follows(Theta(...))"
        )
        object.__setattr__(self, "_entry", entry)

    def follows(
        self,
        law: Order,
        *,
        tolerance: float = scaling.EXPONENT_TOLERANCE,
        why: str = scaling.EXPONENT_WHY,
        start: Size | None = None,
    ) -> Iterator[Gap]:
        """The gaps of a statement such as Theta("N**2 * log(N)"), O(...) or o(...).

        tolerance: of the exponent, with its reason. start: the size from which on the law is
        judged. Unless given, it is the smallest from which on all holds, among the lower half of
        the ladder, and told in the gap; smaller sizes are shown and not judged. Theta is compared
        as a constant times the law: a ratio that swings for ever between two bounds is refused.

        To be exhausted: `yield from ladder(...).follows(...)`. Raises ValueError for values that
        are not positive, and for a law of another size.
        """
        self._entry.take()
        if self.size not in (None, law.size):
            raise ValueError(
                f"{self.name}: the ladder climbs {self.size}, and {law} is about {law.size}; "
                f"say ladder(..., size={law.size!r})"
            )
        return scaling.Law(self.name, _Compared(self, law, tolerance, why).gaps(start))

    def tends_to(self, limit: float, *, tolerance: float, why: str) -> Iterator[Gap]:
        """The gaps of a limit, as of `scaling.limit`. To be exhausted: `yield from`."""
        self._entry.take()
        x = [_log(value) for value in self.sizes]
        values = [float(value) for value in self.values]
        label = f"log {self.size or 'N'}"
        return scaling.limit(
            self.name, x, values, limit, tolerance=tolerance, why=why, x_label=label
        )

    def over(self, law: Order | str) -> Climb:
        """The ratio of what was measured to a law, of which a limit is the constant of the law."""
        self._entry.take()
        order = law if isinstance(law, Order) else Theta(law)
        ratios = [math.exp(log) for log in _logs_over(self, order)]
        return Climb(
            f"{self.name} over {order.law}", self.size or order.size, self.sizes, tuple(ratios)
        )


@dataclass(frozen=True)
class _Compared:
    """A climb beside a law of growth."""

    climb: Climb
    law: Order
    tolerance: float
    why: str

    def gaps(self, start: Size | None) -> Iterator[Gap]:
        """The gaps from a start on, or from where all of them hold."""
        sizes = self.climb.sizes
        values = self.climb.values
        wrong = [(n, v) for n, v in zip(sizes, values, strict=True) if not 0 < v < math.inf]
        if wrong:
            n, value = wrong[0]
            raise ValueError(
                f"{self.climb.name}: growth is read from positive values, and at "
                f"{self.law.size} = {n} it is {value}"
            )
        x = np.array([_log(size) for size in sizes])
        y = np.array([_log(value) for value in values])
        first = self._start(x, y, start)
        yield from self._judged(x, y, first, self._set_in(first, chosen=start is None))

    def _start(self, x: Any, y: Any, start: Size | None) -> int:
        """The number of the first rung that is judged."""
        if start is not None:
            return sum(size < start for size in self.climb.sizes)
        starts = range(len(x) // 2 + 1)
        with ledger.closed():
            enough = [i for i in starts if too_little(self.climb.name, x[i:], y[i:]) is None]
            last = max(enough, default=0)
            for first in range(last + 1):
                found = list(self._judged(x, y, first, self.why))
                if all(gap.holds for gap in found):
                    return first
        return last

    def _set_in(self, first: int, *, chosen: bool) -> str:
        """The reason of the tolerance, and from where on the law is judged."""
        place = f"{self.law.size} = {said(self.climb.sizes[first])}"
        if not first:
            return f"{self.why}; judged from {place}, the lowest rung"
        rungs = many(first, "smaller rung is", "smaller rungs are")
        begins = "the law sets in at" if chosen else "judged from"
        return f"{self.why}; {begins} {place}, and {rungs} not judged"

    def _judged(self, x: Any, y: Any, first: int, why: str) -> Iterator[Gap]:
        """The gaps of the rungs from one on."""
        name, powers = self.climb.name, None
        if isinstance(self.law, Theta):
            powers = self.law.powers
        if powers is None:  # what is read is the ratio to the law, which has the power 0
            name, powers = f"{name} over {self.law.law}", (0.0, 0.0)
            y = np.array(_logs_over(self.climb, self.law))
        if isinstance(self.law, Theta):
            exponent, log_power = powers
            yield from scaling.power_law(
                name, x[first:], y[first:], exponent, log_power=log_power,
                tolerance=self.tolerance, why=why, x_label=f"log {self.law.size}",
                below=(x[:first].tolist(), y[:first].tolist()),
            )  # fmt: skip
            return
        rungs = Ladder.of(name, x[first:], y[first:])
        if rungs.doubt is not None:
            yield rungs.doubt
        elif isinstance(self.law, O):
            yield from self._bounded(name, rungs, why)
        else:
            yield from self._vanishes(name, rungs, why)

    def _bounded(self, name: str, rungs: Ladder, why: str) -> Iterator[Gap]:
        """The ratio does not grow: neither on the whole nor on the upper half."""
        for where, slope, width in _slopes(rungs, rungs.x):
            unknown = slope - width <= self.tolerance < slope + width
            yield at_most(
                f"{name}: power of {self.law.size} on {where}",
                slope,
                0,
                self.tolerance,
                why,
                witness=rungs.shown(f"log {self.law.size}", "the bound grows too slowly"),
                undecided=(
                    f"the power {slope:.3g} is known to ±{width:.2g} only ({CONFIDENCE:.0%}): "
                    "more rungs, or less noise"
                )
                if unknown
                else None,
            )

    def _vanishes(self, name: str, rungs: Ladder, why: str) -> Iterator[Gap]:
        """The ratio falls by a power of the logarithm at least, up to the top."""
        if rungs.x[0] <= 0:
            raise ValueError(f"{name}: a power of log {self.law.size} needs sizes above 1")
        for where, slope, width in _slopes(rungs, np.log(rungs.x)):
            unknown = slope - width < -STAYS and slope + width > -FALLS
            yield at_most(
                f"{name}: power of log {self.law.size} on {where}",
                slope,
                -FALLS,
                0,
                f"{why}; what falls more slowly than by this power looks constant on a ladder",
                witness=rungs.shown(f"log {self.law.size}", "the ratio has to fall up to the top"),
                undecided=(
                    f"the ratio falls like (log {self.law.size})^{slope:.3g}: a power below "
                    f"{-FALLS:g} tends to 0, one above {-STAYS:.2g} stays"
                )
                if unknown
                else None,
            )


def _slopes(rungs: Ladder, x: Floats) -> Iterator[tuple[str, float, float]]:
    """Slopes over x on the whole ladder and on its upper half, with the half-width of an interval.

    What does not scatter is known exactly: that it bends is no uncertainty.
    """
    noisy = scatters(np.diff(rungs.slopes))
    for start, where in ((0, "the ladder"), (rungs.half, "its upper half")):
        found = stats.linregress(x[start:], rungs.y[start:])
        quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(x) - start - 2))
        yield where, float(found.slope), quantile * float(found.stderr) if noisy else 0.0


def _logs_over(climb: Climb, law: Order) -> list[float]:
    """Logarithms of the ratio of what was measured to a law."""
    pairs = zip(climb.values, climb.sizes, strict=True)
    return [_log(value) - law.log_at(size) for value, size in pairs]


def _log(value: Any) -> float:
    """The logarithm of a positive number, of whole numbers and fractions beyond doubles, too."""
    if isinstance(value, Fraction):
        return math.log(value.numerator) - math.log(value.denominator)
    return math.log(value)


def said(size: Size) -> str:
    """A size as it is read: 512, 1e+100."""
    return str(size) if isinstance(size, int) and size < 10**7 else f"{float(size):.6g}"
