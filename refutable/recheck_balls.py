"""claims-recheck's own balls: a middle and a radius, whole numbers in units of 2^-bits.

Every operation widens the radius by what it rounds. It shares no code with what wrote the files.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from refutable.recheck_arithmetic import ACCEPTED, OPEN, REJECTED

FEWEST = 192
"""Bits with which balls begin."""


class WideError(Exception):
    """A ball that holds 0 where it must not, or a number out of range: nothing is decided."""


class BrokenError(Exception):
    """A line that does not hold."""


def decided(
    check: Callable[[int], object], most: int, what: str, fewest: int = FEWEST
) -> tuple[str, str]:
    """A verdict at the lowest precision, between two numbers of bits, at which a check decides.

    check: of a number of bits; raises BrokenError, or WideError where balls decide nothing.
    """
    bits, why = fewest, ""
    while bits <= most:
        try:
            check(bits)
        except WideError as problem:
            bits, why = 2 * bits, str(problem)
        except BrokenError as problem:
            return REJECTED, str(problem)
        else:
            return ACCEPTED, f"{what} again, with balls of {bits} bits"
    return OPEN, f"balls of {bits // 2} bits do not decide: {why}"


@dataclass(frozen=True, slots=True)
class Ball:
    """Every number within `radius` of `middle`, both in units of 2^-bits."""

    bits: int
    middle: int
    radius: int = 0

    @classmethod
    def of(cls, number: Fraction | int, bits: int) -> Ball:
        """A ball that holds a rational number."""
        scaled = Fraction(number) * 2**bits
        middle = math.floor(scaled)
        return cls(bits, middle, int(scaled != middle))

    @property
    def low(self) -> int:
        """The lower end, in units."""
        return self.middle - self.radius

    @property
    def high(self) -> int:
        """The upper end, in units."""
        return self.middle + self.radius

    @property
    def top(self) -> Ball:
        """The upper end as a number."""
        return Ball(self.bits, self.high)

    @property
    def bottom(self) -> Ball:
        """The lower end as a number."""
        return Ball(self.bits, self.low)

    def away(self, number: Fraction) -> Fraction:
        """The largest distance of the ball's numbers from a number."""
        return max(abs(Fraction(end, 2**self.bits) - number) for end in (self.low, self.high))

    def _with(self, number: Ball | int) -> Ball:
        return number if isinstance(number, Ball) else Ball(self.bits, number << self.bits)

    def __add__(self, other: Ball | int) -> Ball:
        other = self._with(other)
        return Ball(self.bits, self.middle + other.middle, self.radius + other.radius)

    def __neg__(self) -> Ball:
        return Ball(self.bits, -self.middle, self.radius)

    def __sub__(self, other: Ball | int) -> Ball:
        return self + -self._with(other)

    def __mul__(self, other: Ball | int) -> Ball:
        if not isinstance(other, Ball):
            return Ball(self.bits, self.middle * other, self.radius * abs(other))
        wide = (
            abs(self.middle) * other.radius
            + abs(other.middle) * self.radius
            + self.radius * other.radius
        )
        return Ball(self.bits, (self.middle * other.middle) >> self.bits, (wide >> self.bits) + 2)

    def inverse(self) -> Ball:
        """1/x: |1/x - 1/m| ≤ r/(|m|(|m| - r)). Raises WideError for a ball that holds 0."""
        m, r = abs(self.middle), self.radius
        if m <= r:
            raise WideError("a division by a ball that holds 0")
        inverse = (1 << 2 * self.bits) // m
        wide = (r << 2 * self.bits) // (m * (m - r)) + 2
        return Ball(self.bits, inverse if self.middle > 0 else -inverse, wide)

    def __truediv__(self, other: Ball | int) -> Ball:
        return self * self._with(other).inverse()

    def __pow__(self, exponent: int) -> Ball:
        power = self._with(1)
        for _ in range(abs(exponent)):
            power = power * self
        return power if exponent >= 0 else power.inverse()

    def exp(self) -> Ball:
        """Halved until it is below 2^-8, by its series, and squared again."""
        if self.radius > 1 << self.bits or abs(self.middle) > 1 << (self.bits + 12):
            raise WideError("the exponential of a wide or a large ball")
        halvings = max(abs(self.middle).bit_length() - self.bits + 8, 0)
        guard = 2 * halvings + 16 + max(3 * self.middle >> self.bits, 0)  # e^x < 2^1.5x
        unit = self.bits + guard
        x = self.middle << guard >> halvings
        total = term = 1 << unit
        k = 0
        while term > 1 or term < -1:
            k += 1
            term = (term * x >> unit) // k
            total += term
        found = Ball(unit, total, 3 * k + 4)
        for _ in range(halvings):
            found = found * found
        r = self.radius
        square = r * r >> self.bits
        e_r = r + (square >> 1) + (square * r >> self.bits + 2) + 4  # ≤ r + r²/2 + r³/4, for r ≤ 1
        wide = (found.high * e_r >> unit) + (found.radius >> guard) + 3  # for three that are cut
        return Ball(self.bits, found.middle >> guard, wide)

    def log(self) -> Ball:
        """Of 2^k·y by k·log 2 + 2·artanh((y-1)/(y+1)). Raises WideError unless it is positive."""
        m, r = self.middle, self.radius
        if m <= r:
            raise WideError("the logarithm of a ball that is not positive")
        k = m.bit_length() - self.bits
        unit = self.bits + 16 + abs(k).bit_length()
        y = m << (unit - self.bits)
        y = y >> k if k >= 0 else y << -k
        found = _twice_artanh(y - (1 << unit), y + (1 << unit), unit)
        found = found + _twice_artanh(1, 3, unit) * k
        down = unit - self.bits
        wide = (r << self.bits) // (m - r) + (found.radius >> down) + 3
        return Ball(self.bits, found.middle >> down, wide)

    def sqrt(self) -> Ball:
        """|√x - √m| ≤ r/√m. Raises WideError for a ball that is not positive."""
        if self.low <= 0:
            raise WideError("the root of a ball that is not positive")
        root = math.isqrt(self.middle << self.bits)
        return Ball(self.bits, root, (self.radius << self.bits) // root + 2)


def _twice_artanh(top: int, bottom: int, unit: int) -> Ball:
    """2·artanh(top/bottom), |top/bottom| ≤ 1/2, in units of 2^-unit."""
    y = (top << unit) // bottom
    square = y * y >> unit
    total, power, k = 0, y, 1
    while power > 1 or power < -1:
        total += power // k
        power = power * square >> unit
        k += 2
    return Ball(unit, 2 * total, 4 * k + 8)
