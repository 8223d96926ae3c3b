"""Decision: whether two numbers, or intervals, stand in a relation, decided without rounding."""

from __future__ import annotations

import math
from enum import StrEnum
from fractions import Fraction

from refutable.number import Number, Real


class Relation(StrEnum):
    """How the measured value must stand to the predicted one."""

    EQUAL = "equal"  # |measured - predicted| ≤ tolerance: the statement is tight
    AT_MOST = "at_most"  # measured ≤ predicted + tolerance: an upper bound
    AT_LEAST = "at_least"  # measured ≥ predicted - tolerance: a lower bound
    TIGHT = "tight"  # predicted - tolerance ≤ measured ≤ predicted + rounding: a bound, attained
    IDENTICAL = "identical"  # the same exact object, no tolerance

    @property
    def words(self) -> str:
        """As it is read: `at most`."""
        return self.value.replace("_", " ")


def decided(
    measured: Number,
    predicted: Number,
    relation: Relation,
    tolerance: Real,
    rounding: Real = 0,
) -> tuple[bool, str | None]:
    """Whether a relation between two numbers surely holds, and why that is unknown when it is."""
    if relation is Relation.TIGHT:
        sides = (
            decided(measured, predicted, Relation.AT_MOST, rounding),
            decided(measured, predicted, Relation.AT_LEAST, tolerance),
        )
        surely_broken = any(not holds and doubt is None for holds, doubt in sides)
        doubts = [doubt for _, doubt in sides if doubt is not None and not surely_broken]
        return all(holds for holds, _ in sides), doubts[0] if doubts else None
    if not (measured.finite and predicted.finite):
        return False, _beyond_range(measured.low, predicted.low, relation)
    answer = _by_ends(measured, predicted, relation, tolerance)
    if answer is None and (measured.constant is not None or predicted.constant is not None):
        answer = _by_digits(measured, predicted, relation, tolerance)
    if answer is None:
        return False, f"{measured} and {predicted} are too wide to compare"
    return answer, None


def _beyond_range(measured: Real, predicted: Real, relation: Relation) -> str | None:
    """Why nothing is known where a number left the range; None where the relation is broken anyway.

    inf is no evidence for inf ≤ inf, nor an infinite bound for anything; inf ≤ 1 and NaN are wrong.
    """
    true_of_infinities = {
        Relation.EQUAL: measured == predicted,
        Relation.AT_MOST: measured <= predicted,
        Relation.AT_LEAST: measured >= predicted,
    }[relation]
    if not true_of_infinities:
        return None
    return f"{measured} against {predicted}: beyond the range of numbers, nothing is compared"


def _by_ends(m: Number, p: Number, relation: Relation, tolerance: Real) -> bool | None:
    """Decide by the ends of both intervals; None when they overlap."""
    checks = []
    if relation is not Relation.AT_LEAST:
        checks.append((_at_most(m.high, p.low, tolerance), not _at_most(m.low, p.high, tolerance)))
    if relation is not Relation.AT_MOST:
        checks.append((_at_most(p.high, m.low, tolerance), not _at_most(p.low, m.high, tolerance)))
    if any(broken for _, broken in checks):
        return False
    return True if all(holds for holds, _ in checks) else None


def _at_most(low: Real, high: Real, tolerance: Real) -> bool:
    """Whether low ≤ high + tolerance, without rounding."""
    if not tolerance:
        return low <= high  # Python compares ints, floats and fractions exactly
    if isinstance(low, float) and isinstance(high, float) and isinstance(tolerance, float):
        excess = (low - high) - tolerance
        blur = 1e-15 * (abs(low) + abs(high) + tolerance)
        if math.isfinite(excess) and abs(excess) > blur > 1e-300:
            return excess < 0
    return Fraction(low) - Fraction(high) <= Fraction(tolerance)


def _by_digits(m: Number, p: Number, relation: Relation, tolerance: Real) -> bool | None:
    """Decide between constants by more digits, and on the edge by algebra; None when both fail."""
    import sympy

    for digits in (200, 1000):
        answer = _by_ends(m.narrowed(digits), p.narrowed(digits), relation, tolerance)
        if answer is not None:
            return answer
    left, right = (
        side.constant if side.constant is not None else sympy.Rational(Fraction(side.low))
        for side in (m, p)
    )
    if not all(side.exact or side.constant is not None for side in (m, p)):
        return None
    allowed = sympy.Rational(Fraction(tolerance))
    edges = [left - right - allowed] if relation is not Relation.AT_LEAST else []
    edges += [right - left - allowed] if relation is not Relation.AT_MOST else []
    return True if any(edge.equals(0) is True for edge in edges) else None
