"""Recording: the steps by which a bound was found, as a program that other code runs again.

While a recording is open, laws and the numbers that are read from them carry names, and each step
that makes one writes a line. Outside nothing is written, and numbers are plain balls.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ParamSpec, TypeVar

from flint import arb, fmpq

from refutable.prove import terms

A = ParamSpec("A")
R = TypeVar("R")
OUTCOME = 12
"""Digits of what a step came to."""
SHORT = 10**15
"""Numbers from here on have no short decimal in a float."""


@dataclass
class Recording:
    """Lines in the order of their making: what each name stands for, and came to.

    required: of the numbers that were found positive. assumed: laws that a bootstrap starts from,
    each with the name of the law that follows from it.
    """

    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    outcomes: dict[str, tuple[arb, ...]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    assumed: dict[str, str] = field(default_factory=dict)
    _known: dict[tuple[str, ...], str] = field(default_factory=dict)

    def line(self, outcome: tuple[arb, ...], operation: str, *parts: object) -> str:
        """Write one step and what it came to; the name of what it makes."""
        words = (operation, *map(self.name_of, parts))
        name = self._known.setdefault(words, f"x{len(self.lines)}")
        self.lines[name], self.outcomes[name] = words, outcome
        return name

    def name_of(self, part: Any) -> str:
        """How a part is written: by its name, or as a decimal."""
        if isinstance(part, str):
            return part
        if isinstance(part, Known):
            return part.name
        if hasattr(part, "declare"):
            return str(part.name or part.declare(self))
        return str(part) if isinstance(part, int) else decimal(arb(part))

    def program(self, wanted: str) -> str:
        """The lines on which a name, the requirements and the bootstrap rest."""
        used: set[str] = set()
        waiting = [wanted, *self.required, *self.assumed.values()]
        while waiting:
            name = waiting.pop()
            if name in self.lines and name not in used:
                used.add(name)
                waiting += self.lines[name][1:]
        texts = [f"(assume {name})" for name in self.assumed]
        for name, words in self.lines.items():
            if name in used:
                came_to = " ".join(decimal(x, OUTCOME) for x in self.outcomes[name])
                texts.append(f"(let {name} ({' '.join(words)}) {came_to})")
        texts += [f"(positive {name})" for name in dict.fromkeys(self.required)]
        texts += [f"(follows {law} {found})" for law, found in self.assumed.items()]
        return "\n".join([*texts, f"(bound {wanted})"])


_open: ContextVar[Recording | None] = ContextVar("recording", default=None)


def current() -> Recording | None:
    """The recording that is open."""
    return _open.get()


@contextmanager
def recorded() -> Iterator[Recording]:
    """Open a recording."""
    found = Recording()
    token = _open.set(found)
    try:
        yield found
    finally:
        _open.reset(token)


@contextmanager
def paused() -> Iterator[None]:
    """Write nothing while inside: what is only tried is no part of a proof."""
    token = _open.set(None)
    try:
        yield
    finally:
        _open.reset(token)


def made_once(make: Callable[A, R]) -> Callable[A, R]:
    """Bounds, kept for the arguments they were made of; made anew where steps are recorded."""
    kept: Callable[..., R] = functools.lru_cache(maxsize=4096)(make)

    @functools.wraps(make)
    def made(*given: A.args, **named: A.kwargs) -> R:
        return make(*given, **named) if current() is not None else kept(*given, **named)

    return made


def number(value: arb, operation: str, *parts: object) -> Any:
    """A ball; while a recording is open one that writes what is made of it."""
    recording = current()
    return value if recording is None else Known(value, recording.line((value,), operation, *parts))


@dataclass(frozen=True, eq=False)
class Known:
    """A ball with a name: it is computed with as a ball is, and what comes of it is written."""

    value: arb
    name: str

    def __add__(self, other: Any) -> Any:
        return self._with("+", self, other, lambda a, b: a + b)

    def __radd__(self, other: Any) -> Any:
        return self._with("+", other, self, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Any:
        return self._with("-", self, other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other, self, lambda a, b: a - b)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", self, other, lambda a, b: a * b)

    def __rmul__(self, other: Any) -> Any:
        return self._with("*", other, self, lambda a, b: a * b)

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", self, other, lambda a, b: a / b)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, self, lambda a, b: a / b)

    def __pow__(self, exponent: int) -> Any:
        return number(self.value**exponent, "^", self, exponent)

    def __neg__(self) -> Any:
        return number(-self.value, "-", self)

    def __gt__(self, other: Any) -> bool:
        return self._above(self, other)

    def __lt__(self, other: Any) -> bool:
        return self._above(other, self)

    def log(self) -> Any:
        """The logarithm."""
        return number(self.value.log(), "log", self)

    def exp(self) -> Any:
        """The exponential."""
        return number(self.value.exp(), "exp", self)

    def sqrt(self) -> Any:
        """The root."""
        return number(self.value.sqrt(), "sqrt", self)

    def lower(self) -> Any:
        """The lower end."""
        return number(arb(self.value.lower()), "lower", self)

    def upper(self) -> arb:
        """The upper end, of which nothing more is written."""
        return arb(self.value.upper())

    @staticmethod
    def _with(operation: str, left: Any, right: Any, found: Any) -> Any:
        if hasattr(left, "declare") or hasattr(right, "declare"):
            return NotImplemented  # a law takes a number in by itself
        return number(found(ball(left), ball(right)), operation, left, right)

    @staticmethod
    def _above(left: Any, right: Any) -> bool:
        found = bool(ball(left) > ball(right))
        recording = current()
        if found and recording is not None:
            apart = ball(left) - ball(right)
            recording.required.append(recording.line((apart,), "-", left, right))
        return found


def ball(number: Any) -> arb:
    """The ball of a number that may carry a name."""
    return number.value if isinstance(number, Known) else arb(number)


def decimal(number: arb, digits: int = 30) -> str:
    """A short decimal in the ball, or so many digits of its upper end, rounded up."""
    for behind in range(8 if abs(number) < SHORT else 0):
        near = Fraction(round(float(number) * 10**behind), 10**behind)
        if number.contains(arb(fmpq(near.numerator, near.denominator))):
            return terms.decimal(near, behind)
    mantissa, exponent = number.upper().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    size = len(str(abs(exact.numerator))) - len(str(exact.denominator))
    behind = max(digits - size, 0)
    return terms.decimal(Fraction(math.ceil(exact * 10**behind), 10**behind), behind)
