"""Ball arithmetic: numbers of any size with a radius that holds the exact value (python-flint)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import flint

BALLS = f"ball arithmetic, python-flint {flint.__version__}"


@contextmanager
def precise(bits: int = 200) -> Iterator[None]:
    """Balls of so many bits while inside: 200 are enough for numbers that cancel to 1e-40."""
    before, flint.ctx.prec = flint.ctx.prec, bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def ball(number: Fraction | float | int) -> flint.arb:
    """The number, floats read as the decimals that were written."""
    exact = Fraction(repr(number)) if isinstance(number, float) else Fraction(number)
    return flint.arb(flint.fmpq(exact.numerator, exact.denominator))
