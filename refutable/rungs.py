"""Rungs: what was measured at increasing sizes, checked once for all laws that are read from it.

A ladder shows what it spans: at least MIN_RUNGS rungs over at least a factor of four, finite and
distinct. Rungs at equal steps see what swings with that period in one phase, and so do decades and
doublings of what has to do with digits: this is remarked upon. `rungs` gives steps of two ratios.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refutable.gap import Gap, at_least, equal
from refutable.tally import Tally
from refutable.text import many

Floats = NDArray[np.float64]
Numbers = Sequence[float] | Floats
"""What a user may give: a list, a tuple or an array."""

MIN_RUNGS = 6
"""Two halves of three: fewer leave nothing over to show that a fit has settled."""
MIN_SPAN = math.log(4)
"""Two doublings of the size: over less, the drift between halves would not show a bent law."""
IN_PHASE = 0.05
"""Steps are multiples of a period when they are within this part of it."""
SHORT = math.log(1e7)
"""Sizes below this one are named by their digits, and larger ones by their power of ten."""
PERIODS = (math.log(10), math.log(2))
"""Of decades and doublings: the digits of a number swing with these."""


def rungs(lowest: float, highest: float, number: int) -> tuple[float, ...]:
    """So many rungs from lowest to highest, at steps of 5 and 7 by turns: they share no period."""
    weights = [5 + 2 * (i % 2) for i in range(number - 1)]
    scale = (highest - lowest) / sum(weights)
    return (*(lowest + scale * sum(weights[:i]) for i in range(number - 1)), highest)


def sizes(lowest: int, highest: int, number: int = 9) -> tuple[int, ...]:
    """So many whole sizes from lowest to highest, for a `ladder`: the ratios of neighbours differ.

    ValueError where there are not as many, or where they are no ladder.
    """
    if number < MIN_RUNGS or not 0 < lowest * math.exp(MIN_SPAN) <= highest:
        raise ValueError(
            f"a ladder has at least {MIN_RUNGS} rungs over a factor of 4, "
            f"not {number} from {lowest} to {highest}"
        )
    found = {round(math.exp(x)) for x in rungs(math.log(lowest), math.log(highest), number)}
    if len(found) < number:
        raise ValueError(f"there are no {number} whole sizes from {lowest} to {highest}")
    return tuple(sorted(found))


@dataclass(frozen=True)
class Ladder:
    """The judged rungs, in increasing order. doubt: why they can decide nothing."""

    name: str
    x: Floats
    y: Floats
    doubt: Gap | None

    @classmethod
    def of(cls, name: str, x: Numbers, y: Numbers) -> Ladder:
        """The one validator of ladders.

        ValueError for sizes that are not finite and distinct, or not as many as values.
        """
        try:
            xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"{name}: the rungs of a ladder are numbers: {problem}") from None
        if xs.ndim != 1 or xs.shape != ys.shape:
            raise ValueError(
                f"{name}: one value for each rung of a ladder, not {xs.shape} and {ys.shape}"
            )
        if not np.isfinite(xs).all():
            raise ValueError(f"{name}: the rungs of a ladder are finite, not {xs.tolist()}")
        order = np.argsort(xs, kind="stable")
        xs, ys = xs[order], ys[order]
        if len(xs) and (np.diff(xs) <= 0).any():
            raise ValueError(f"{name}: the rungs of a ladder are distinct, not {xs.tolist()}")
        return cls(name, xs, ys, too_little(name, xs, ys))

    @property
    def half(self) -> int:
        """Where the upper half begins."""
        return len(self.x) // 2

    @property
    def slopes(self) -> Floats:
        """From rung to rung."""
        return np.diff(self.y) / np.diff(self.x)

    def shown(self, label: str, advice: str) -> dict[str, Any]:
        """What to look at, and what to do."""
        return {
            "rungs": {label: self.x.tolist()},
            "values": self.y.tolist(),
            "local slopes": self.slopes.tolist(),
            "advice": advice,
        }

    def remarks(self, label: str) -> tuple[str, ...]:
        """That an oscillation could hide, where it could."""
        steps = np.diff(self.x)
        for period in (*PERIODS, float(steps.min()), float(steps.min()) / 2):
            away = np.abs(steps / period - np.round(steps / period))
            if (away < IN_PHASE).all():
                return (
                    f"all steps of the ladder are multiples of {period:.4g} in {label}: what "
                    "swings with that period looks steady; use scaling.rungs, or two ratios",
                )
        return ()

    def tally(self, predicted: float, tolerance: float) -> Tally:
        """What the comparisons of all rungs with one number were like."""
        sizes = np.abs(self.y)
        return Tally(
            instances=len(self.y),
            nothing=bool(predicted == 0 and not self.y.any()),
            wide=bool(tolerance > max(abs(predicted), float(sizes.max()))),
            aimed_at_zero=predicted == 0,
            measured=None if np.ptp(self.y) else Fraction(float(self.y[0])),
        )


def too_little(name: str, x: Floats, y: Floats) -> Gap | None:
    """The gap that says so when a ladder is too short to decide anything."""
    if len(x) < MIN_RUNGS:
        return at_least(
            f"{name}: number of rungs",
            len(x),
            MIN_RUNGS,
            0,
            "a law is fitted to two halves of a ladder, of three rungs each",
            undecided=f"{many(len(x), 'rung is', 'rungs are')} too few: give at least {MIN_RUNGS}",
            witness={"values": y.tolist()},
        )
    span = float(x[-1] - x[0])
    if span < MIN_SPAN * (1 - 1e-9):
        return at_least(
            f"{name}: span of the ladder",
            span,
            MIN_SPAN,
            0,
            "in the logarithm of the size; over less, most smooth laws look alike",
            undecided=(
                f"the ladder spans a factor of {math.exp(span):.4g} in size and needs 4: "
                "start lower, or climb higher"
            ),
            witness={"values": y.tolist()},
        )
    return None


def unmeasured(ladder: Ladder, label: str, predicted: float) -> Gap | None:
    """The gap that fails where nothing finite was measured on a rung."""
    missing = np.flatnonzero(~np.isfinite(ladder.y))
    if not len(missing):
        return None
    first = missing[0]
    return equal(
        f"{ladder.name}: at {place(label, float(ladder.x[first]))}",
        math.nan,
        predicted,
        0,
        "what a law is read from is a finite number on every rung",
        witness=ladder.shown(label, "measure something finite on every rung"),
    )


def place(label: str, x: float) -> str:
    """A rung in words: `P = 1e100`, or `P = 512`, where the ladder climbs log P."""
    if label.startswith("log "):
        whole = math.exp(x) if x < SHORT else 0.0
        if whole and abs(x / math.log(10) - round(x / math.log(10))) > 1e-3:
            return f"{label.removeprefix('log ')} = {whole:.7g}"
        return f"{label.removeprefix('log ')} = 1e{x / math.log(10):.3g}"
    return f"{label} = {x:.4g}"


def scatters(turns: Floats) -> bool:
    """Whether what turns does so to one side and the other, every fourth time at least."""
    return int((turns[1:] * turns[:-1] < 0).sum()) * 4 >= len(turns)
