"""Trend: where the upper half of a ladder leads, and how well that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from refutable.rungs import Floats, Ladder, scatters

CONFIDENCE = 0.99
FARTHEST = 10
"""How many times the upper half of a ladder a trend is followed beyond its top, at most."""


@dataclass(frozen=True)
class Trend:
    """Where the upper half of a ladder leads.

    away: largest return from where it was nearest. left: distance from the limit where its steps
    lead. allowed: how much may be left. noise: standard deviation of one value about a smooth line,
    0 where the values lie on one; spread: half-width of the 99 % interval of a difference of two.
    """

    away: float
    left: float
    allowed: float
    noise: float
    spread: float
    advice: str

    @classmethod
    def of(cls, ladder: Ladder, value: float, tolerance: float) -> Trend:
        """Read from the rungs."""
        x, y = ladder.x[ladder.half :], ladder.y[ladder.half :]
        errors = np.abs(y - value)
        at_top, arrived = float(errors[-1]), tolerance / 4
        away = float((errors - np.minimum.accumulate(errors)).max())
        near = ladder.y[np.abs(ladder.y - value) <= tolerance] - value
        if errors.max() <= tolerance and _sides(near) > 1:
            lead, allowed = float(y.mean()), tolerance
            advice = f"it is within the tolerance, about {lead:.6g}"
        elif (np.diff(errors) <= arrived).all():
            least = arrived if at_top <= arrived else at_top / 50
            lead = float(y[-1]) + _still_to_come(x, y, least)
            allowed = max(0.9 * at_top, arrived)
            advice = f"from {y[0]:.6g} to {y[-1]:.6g} on the upper half, it leads to {lead:.6g}"
        else:
            lead, allowed = float(y.mean()), tolerance / 2
            advice = f"it swings about {lead:.6g} on the upper half"
        noise, width = 0.0, 0.0
        if errors.max() > tolerance:
            course = ladder.y[ladder.half - 2 :]
            course = np.where(np.abs(course - value) <= tolerance, value, course)  # last digits
            noise, width = _noise(ladder.x[ladder.half - 2 :], course, value)
        if noise > tolerance:  # steps of noise are no course that could be followed
            lead, allowed = float(y.mean()), tolerance
            advice = f"it scatters about {lead:.6g} on the upper half"
        if np.ptp(y) <= arrived and at_top > tolerance:
            advice = f"it stays at {y[-1]:.6g} on the upper half, another limit than claimed"
        return cls(
            away=away,
            left=abs(lead - value),
            allowed=allowed,
            noise=noise,
            spread=width,
            advice=f"{advice}; start higher, climb higher, or give more rungs",
        )

    def doubt(self, found: float, allowed: float, tolerance: float) -> str | None:
        """Why a finding decides nothing, where it is within the noise."""
        if self.noise > tolerance and found <= allowed + self.spread:
            return (
                f"one value scatters by ±{self.noise:.2g} about a smooth line, and the tolerance "
                f"is {tolerance:.2g}: more rungs, or less noise"
            )
        if allowed < found <= allowed + self.spread:
            return (
                f"{found:.3g} exceeds {allowed:.3g} by less than the ±{self.spread:.2g} to which "
                "one value is known: more rungs, or less noise"
            )
        return None


def _still_to_come(x: Floats, y: Floats, least: float) -> float:
    """By how much values go on to move when their slope falls off as it did, exponentially in x.

    0 when they moved by less than `least` on the whole, or to and fro.
    """
    moved = abs(float(y[-1] - y[0]))
    if moved <= least or moved < np.abs(np.diff(y)).sum() / 2:
        return 0.0
    middle = len(x) // 2
    below, above = float(x[middle] - x[0]), float(x[-1] - x[middle])
    first, second = float(y[middle] - y[0]), float(y[-1] - y[middle])
    if first * second <= 0:
        return 0.0
    most = FARTHEST * second / above * (below + above)
    ratio = first / second
    if ratio <= below / above * (1 + 1e-9):  # it does not slow down
        return most

    def excess(rate: float) -> float:
        return math.expm1(rate * below) + ratio * math.expm1(-rate * above)

    steep = (math.log1p(ratio) + 1) / below
    rate = float(optimize.brentq(excess, 1e-12 / below, steep, xtol=1e-14))
    to_come = second / math.expm1(rate * above)
    return to_come if abs(to_come) < abs(most) else most


def _sides(values: Floats) -> int:
    """How often values change from one side of 0 to the other, and 1 for the side they begin on."""
    signs = np.sign(values[values != 0])
    return 1 + int((np.diff(signs) != 0).sum())


def _noise(x: Floats, y: Floats, about: float) -> tuple[float, float]:
    """Standard deviation of values that scatter about a smooth line; 0 for those that lie on one.

    And the half-width of the 99 % interval of a difference of two of them, by Student's t with as
    many degrees of freedom as the bends are worth (Satterthwaite): at equal steps neighbouring
    bends have a correlation of -2/3, the next ones of 1/6.

    Each is compared with the line through its neighbours. Scatter changes from one side of that
    line to the other every few rungs, or of the limit, or turns, more than once; what bends to one
    side, or swings slowly, is no noise.
    """
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    off = y[1:-1] - (y[:-2] + share * (y[2:] - y[:-2]))
    if not scatters(off) and max(_sides(y - about), _sides(np.diff(y))) <= 2:
        return 0.0, 0.0
    spread = off / np.sqrt(1 + share**2 + (1 - share) ** 2)
    noise, bends = float(np.sqrt(np.mean(spread**2))), len(off)
    freedom = bends**2 / (bends + (bends - 1) * 8 / 9 + (bends - 2) / 18)
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom))
    return noise, math.sqrt(2) * noise * quantile
