"""Majorants: power laws that a quantity stays below from some size on, so that bounds hold for all.

A quantity f(N) ≥ 0 of a growing size N is represented by a value and a power with
f(N) ≤ value·(N/N_0)^power for every N ≥ N_0. Sums, products and the functions below keep that
inequality, so what is read at N_0 is true for every larger N as soon as the power is not positive,
and tends to 0 when it is negative. Nothing is argued by hand: a bound whose power is positive is
refused. Values and powers are upper ends of balls of python-flint, rounded upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from flint import arb

from refutable.prove import recording
from refutable.prove.recording import Recording, ball

Number: TypeAlias = "int | float | arb | recording.Known"
ROUNDS = 12
"""Attempts to close a bootstrap, each with laws a quarter above those that the last one gave. Both
are choices: what they do not close is refused, and what closes is proved however it was found."""


class NotBoundedError(Exception):
    """A bound that grows with the size, or that leaves the range in which it says anything."""


def upper(x: Number) -> arb:
    """The upper end of a ball, as an exact number. NotBoundedError when it is not finite."""
    end = ball(x).upper()
    if not end.is_finite():
        raise NotBoundedError(f"a bound is {end}")
    return end


@dataclass(frozen=True)
class Majorant:
    """f(N) ≤ value·(N/N_0)^power for every N ≥ N_0; value ≥ 0, both exact upper ends.

    name: in a recording.
    """

    value: arb
    power: arb
    name: str = field(default="", compare=False, repr=False)

    @classmethod
    def of(cls, value: Number, power: Number = 0) -> Majorant:
        """The law value·(N/N_0)^power. NotBoundedError for a value that may be negative."""
        return _law(upper(value), upper(power), "law", value, power)

    @classmethod
    def made(cls, value: Number, power: Number, operation: str, *parts: object) -> Majorant:
        """The same law, recorded as the outcome of another step."""
        return _law(upper(value), upper(power), operation, *parts)

    @classmethod
    def logarithmic(cls, value: Number, rate: Number) -> Majorant:
        """The sum value + rate·log(N/N_0) is at most value·(N/N_0)^(rate/value), as 1 + x ≤ e^x."""
        if not ball(value) > 0:
            raise NotBoundedError("a logarithm must be positive where its bound begins")
        fastest = upper(rate)
        power = upper(fastest / ball(value)) if fastest > 0 else arb(0)
        return _law(upper(value), power, "logarithmic", value, rate)

    def __add__(self, other: Majorant | Number) -> Majorant:
        other = other if isinstance(other, Majorant) else Majorant.of(other)
        powers = [law.power for law in (self, other) if law.value > 0] or [arb(0)]
        largest = powers[0] if powers[0] >= powers[-1] else powers[-1]
        return _law(upper(self.value + other.value), largest, "plus", self, other)

    __radd__ = __add__

    def __mul__(self, other: Majorant | Number) -> Majorant:
        other = other if isinstance(other, Majorant) else Majorant.of(other)
        power = upper(self.power + other.power)
        return _law(upper(self.value * other.value), power, "times", self, other)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Majorant:
        power = upper(self.power * exponent)
        return _law(upper(self.value**exponent), power, "power", self, exponent)

    def sqrt(self) -> Majorant:
        """A majorant of the square root."""
        return _law(upper(self.value.sqrt()), upper(self.power / 2), "root", self)

    def expm1(self) -> Majorant:
        """A majorant of e^f - 1: convex in f and 0 at 0, hence below f·(e^v - 1)/v for f ≤ v."""
        return _law(upper(self._largest.expm1()), self.power, "exp-1", self)

    def exp(self) -> Majorant:
        """A majorant of e^f: a constant, as f is largest at N_0."""
        return _law(upper(self._largest.exp()), arb(0), "exp-of", self)

    def over_rest(self) -> Majorant:
        """A majorant of f/(1 - f). NotBoundedError unless f < 1 throughout."""
        return _law(upper(self.value / self._rest), self.power, "over-rest", self)

    @property
    def at_first(self) -> Any:
        """The value at N_0, as a number to compute with; so are the next three."""
        return recording.number(self.value, "value", self)

    @property
    def growth(self) -> Any:
        """The power."""
        return recording.number(self.power, "power-of", self)

    @property
    def largest(self) -> Any:
        """The largest value for N ≥ N_0. NotBoundedError when the law grows."""
        return recording.number(self._largest, "largest", self)

    @property
    def rest(self) -> Any:
        """The smallest value of 1 - f for N ≥ N_0. NotBoundedError unless it is positive."""
        return recording.number(self._rest, "rest", self)

    @property
    def _largest(self) -> arb:
        if not self.power <= 0:
            raise NotBoundedError(
                f"a bound grows like the power {float(self.power):.3g} of the size"
            )
        return self.value

    @property
    def _rest(self) -> arb:
        rest = arb((1 - self._largest).lower())
        if not rest > 0:
            raise NotBoundedError(f"what must stay below 1 may be {float(self.value):.3g}")
        return rest

    def require_below_one(self) -> None:
        """NotBoundedError unless f < 1 for every N ≥ N_0."""
        if not self.rest > 0:  # a recording writes this comparison down
            raise NotBoundedError("what must stay below 1 may be above")

    def below(self, other: Majorant) -> bool:
        """Whether this law lies strictly below another for every N ≥ N_0."""
        return bool(self.value < other.value and self.power <= other.power)

    def declare(self, into: Recording) -> str:
        """Write a law that was made before the recording was opened."""
        return into.line((self.value, self.power), "law", self.value, self.power)

    def assumed(self) -> Majorant:
        """The law, as one that a recorded bootstrap assumes."""
        into = recording.current()
        if into is None:
            return self
        name = f"assumed{len(into.assumed)}"
        into.assumed[name] = ""
        return replace(self, name=name)

    def follows_from(self, assumed: Majorant) -> None:
        """Record this law as the one that follows from an assumed one."""
        into = recording.current()
        if into is not None:
            into.assumed[assumed.name] = into.name_of(self)


def _law(value: arb, power: arb, operation: str, *parts: object) -> Majorant:
    """A law, and the step that made it. NotBoundedError for a value that may be negative."""
    if value < 0:
        raise NotBoundedError(f"a majorant of a quantity ≥ 0 cannot be {value}")
    into = recording.current()
    name = into.line((value, power), operation, *parts) if into is not None else ""
    return Majorant(value, power, name)


def smaller(*laws: Majorant) -> Majorant:
    """The best of several majorants of one quantity: of those that do not grow the smallest."""
    settled = [law for law in laws if law.power <= 0] or list(laws)
    best = settled[0]
    for law in settled[1:]:
        best = law if law.value < best.value else best
    return (
        best
        if recording.current() is None
        else Majorant.made(best.value, best.power, "smaller", *laws)
    )


def closed(number: int, follows: Callable[..., Sequence[Majorant]]) -> list[Majorant]:
    """So many laws, from which strictly smaller ones follow. NotBoundedError when none are found.

    What starts at 0, is continuous, and is below the smaller laws while it is below these, never
    reaches them.
    """
    with recording.paused():
        laws = [Majorant.of(0)] * number
        for _ in range(ROUNDS):
            found = follows(*laws)
            if all(new.below(law) for new, law in zip(found, laws, strict=True)):
                break
            laws = [Majorant.of(law.value * 5 / 4, law.power) for law in found]
        else:
            raise NotBoundedError("the bounds on what stays small do not follow from themselves")
    assumed = [law.assumed() for law in laws]
    for law, given in zip(follows(*assumed), assumed, strict=True):
        law.follows_from(given)
    return assumed
