"""LaTeX: numbers as statements show them, so that a bound in code is the one that is read."""

from __future__ import annotations


def scientific(number: float) -> str:
    r"""A positive number as a\cdot10^{b}, without a where it is 1; a has the digits of its repr."""
    mantissa, exponent = f"{number:.12e}".split("e")
    power = rf"10^{{{int(exponent)}}}"
    factor = f"{float(mantissa):g}"
    return power if factor == "1" else rf"{factor}\cdot{power}"
