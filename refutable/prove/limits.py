"""Limits: which term of a rational function leads when its symbols grow as powers of one number.

Exponents stay symbols. A monomial of symbols that grow like P^κ is a power of P whose exponent is
linear in the κ, so whether one leads all others throughout a polygon of exponents is seen at the
polygon's corners: a linear function that is ≤ 0 at every corner, and < 0 at one, is < 0 inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from refutable.certificate import Certificate
from refutable.claim import Undecided
from refutable.gap import Gap, identical

Corner = tuple[sp.Rational, ...]
"""Values of the exponents."""


@dataclass(frozen=True)
class Growth:
    """How symbols grow: `powers[s]` is the exponent of s, linear in `exponents`.

    corners: of a convex polygon (or interval) that the exponents range over, its inside meant.
    """

    exponents: tuple[sp.Symbol, ...]
    powers: Mapping[sp.Symbol, sp.Expr]
    corners: tuple[Corner, ...]

    def at_corners(self, power: sp.Expr) -> Corner:
        """A linear exponent at every corner."""
        return tuple(
            sp.sympify(power).subs(dict(zip(self.exponents, corner, strict=True)))
            for corner in self.corners
        )


class NoLeaderError(Exception):
    """No term of a polynomial leads throughout the polygon."""


@dataclass(frozen=True)
class Leading:
    """The leading term of an expression, its exponent, and how many terms were compared."""

    term: sp.Expr
    exponent: sp.Expr
    terms: int


def leading(expression: sp.Expr, growth: Growth) -> Leading:
    """The term that the expression tends to, relative to itself, inside the polygon.

    Raises NoLeaderError when no term of the numerator, or of the denominator, leads everywhere.
    """
    numerator, denominator = (
        _leader(part, growth) for part in sp.fraction(sp.together(expression))
    )
    return Leading(
        numerator.term / denominator.term,
        sp.expand(numerator.exponent - denominator.exponent),
        numerator.terms + denominator.terms,
    )


def _leader(polynomial: sp.Expr, growth: Growth) -> Leading:
    symbols = tuple(growth.powers)
    terms = sp.Poly(polynomial, *symbols).terms()
    by_exponent: dict[Corner, tuple[sp.Expr, sp.Expr]] = {}
    for powers, coefficient in terms:
        pairs = list(zip(symbols, powers, strict=True))
        exponent = sp.expand(sp.Add(*(k * growth.powers[s] for s, k in pairs)))
        monomial = coefficient * sp.Mul(*(s**k for s, k in pairs))
        at = growth.at_corners(exponent)
        before = by_exponent.get(at, (sp.S.Zero, exponent))[0]
        by_exponent[at] = (before + monomial, exponent)
    kept = {at: found for at, found in by_exponent.items() if sp.expand(found[0]) != 0}
    for at, (term, exponent) in kept.items():
        if all(all(a >= b for a, b in zip(at, other, strict=True)) for other in kept):
            return Leading(term, exponent, len(terms))
    raise NoLeaderError(f"no term of {len(terms)} leads at all of {len(growth.corners)} corners")


def limit(
    name: str,
    expression: sp.Expr,
    claimed: sp.Expr,
    exponent: Callable[[Corner], Any],
    growth: Growth,
    why: str,
) -> Iterator[Gap | Undecided]:
    """The ratio of the expression to the claimed term tends to 1 inside the polygon.

    exponent: the claimed power of P where the exponents are those of a corner.
    """
    try:
        found = leading(expression, growth)
    except NoLeaderError as problem:
        yield Undecided(name, str(problem))
        return
    difference = sp.fraction(sp.together(found.term - claimed))[0]
    certificate = Certificate(
        by=f"SymPy {sp.__version__}",
        negated=f"the leading term is not {claimed}",
        sums=why,
        variables={str(s): f"P**({power})" for s, power in growth.powers.items()},
        reductions=(f"corners of {growth.exponents}: {_readable(growth.corners)}",),
        resource={"terms compared": found.terms},
    )
    yield identical(
        f"{name}: leading term less claimed", sp.expand(difference), 0, why, certificate=certificate
    )
    yield identical(
        f"{name}: exponent at the corners",
        _readable([growth.at_corners(found.exponent)]),
        _readable([tuple(exponent(corner) for corner in growth.corners)]),
        "a linear function is known by its values at three corners, or two ends",
    )


def _readable(corners: Sequence[Corner]) -> str:
    return ", ".join(str(corner) for corner in corners)


def clipped(
    corners: Sequence[Corner], side: sp.Expr, exponents: Sequence[sp.Symbol]
) -> list[Corner]:
    """The part of a polygon, corners in order, where a linear function is ≥ 0."""
    values = [side.subs(dict(zip(exponents, corner, strict=True))) for corner in corners]
    kept: list[Corner] = []
    for i, (corner, value) in enumerate(zip(corners, values, strict=True)):
        before, earlier = corners[i - 1], values[i - 1]
        if value * earlier < 0:
            share = earlier / (earlier - value)
            kept.append(tuple(a + (b - a) * share for a, b in zip(before, corner, strict=True)))
        if value >= 0:
            kept.append(corner)
    return kept
