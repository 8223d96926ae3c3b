"""Majorants: power laws that a quantity stays below from some size on, so that bounds hold for all.

A quantity f(N) ≥ 0 of a growing size N is represented by a value and a power with
f(N) ≤ value·(N/N_0)^power for every N ≥ N_0. Sums, products and the functions below keep that
inequality, so what is read at N_0 is true for every larger N as soon as the power is not positive,
and tends to 0 when it is negative. Nothing is argued by hand: a bound whose power is positive is
refused. Values and powers are upper ends of balls of python-flint, rounded upwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from flint import arb

Number: TypeAlias = "int | float | arb"


class NotBoundedError(Exception):
    """A bound that grows with the size, or that leaves the range in which it says anything."""


def upper(x: Number) -> arb:
    """The upper end of a ball, as an exact number. NotBoundedError when it is not finite."""
    end = arb(x).upper()
    if not end.is_finite():
        raise NotBoundedError(f"a bound is {end}")
    return end


@dataclass(frozen=True)
class Majorant:
    """f(N) ≤ value·(N/N_0)^power for every N ≥ N_0; value ≥ 0, both exact upper ends."""

    value: arb
    power: arb

    @classmethod
    def of(cls, value: Number, power: Number = 0) -> Majorant:
        """The law value·(N/N_0)^power. NotBoundedError for a value that may be negative."""
        value = upper(value)
        if value < 0:
            raise NotBoundedError(f"a majorant of a quantity ≥ 0 cannot be {value}")
        return cls(value, upper(power))

    @classmethod
    def logarithmic(cls, value: Number, rate: Number) -> Majorant:
        """The sum value + rate·log(N/N_0) is at most value·(N/N_0)^(rate/value), as 1 + x ≤ e^x."""
        if not arb(value) > 0:
            raise NotBoundedError("a logarithm must be positive where its bound begins")
        rate = upper(rate)
        return cls.of(value, rate / arb(value) if rate > 0 else 0)

    def __add__(self, other: Majorant | Number) -> Majorant:
        other = other if isinstance(other, Majorant) else Majorant.of(other)
        powers = [law.power for law in (self, other) if law.value > 0] or [arb(0)]
        largest = powers[0] if powers[0] >= powers[-1] else powers[-1]
        return Majorant.of(self.value + other.value, largest)

    __radd__ = __add__

    def __mul__(self, other: Majorant | Number) -> Majorant:
        other = other if isinstance(other, Majorant) else Majorant.of(other)
        return Majorant.of(self.value * other.value, self.power + other.power)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Majorant:
        return Majorant.of(self.value**exponent, self.power * exponent)

    def sqrt(self) -> Majorant:
        """A majorant of the square root."""
        return Majorant.of(self.value.sqrt(), self.power / 2)

    def expm1(self) -> Majorant:
        """A majorant of e^f - 1: convex in f and 0 at 0, hence below f·(e^v - 1)/v for f ≤ v."""
        return Majorant.of(self.largest.expm1(), self.power)

    def exp(self) -> Majorant:
        """A majorant of e^f: a constant, as f is largest at N_0."""
        return Majorant.of(self.largest.exp())

    def over_rest(self) -> Majorant:
        """A majorant of f/(1 - f). NotBoundedError unless f < 1 throughout."""
        return Majorant.of(self.value / self.rest, self.power)

    @property
    def largest(self) -> arb:
        """The largest value for N ≥ N_0. NotBoundedError when the law grows."""
        if not self.power <= 0:
            raise NotBoundedError(
                f"a bound grows like the power {float(self.power):.3g} of the size"
            )
        return self.value

    @property
    def rest(self) -> arb:
        """The smallest value of 1 - f for N ≥ N_0. NotBoundedError unless it is positive."""
        rest = (1 - self.largest).lower()
        if not rest > 0:
            raise NotBoundedError(f"what must stay below 1 may be {float(self.value):.3g}")
        return rest

    def require_below_one(self) -> None:
        """NotBoundedError unless f < 1 for every N ≥ N_0."""
        assert self.rest > 0

    def below(self, other: Majorant) -> bool:
        """Whether this law lies strictly below another for every N ≥ N_0."""
        return bool(self.value < other.value and self.power <= other.power)


def smaller(*laws: Majorant) -> Majorant:
    """The best of several majorants of one quantity: of those that do not grow the smallest."""
    settled = [law for law in laws if law.power <= 0] or list(laws)
    best = settled[0]
    for law in settled[1:]:
        best = law if law.value < best.value else best
    return best
