"""Advice: what to try when a gap or a leg does not hold, from what can be seen of it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from refutable.gap import Gap, Relation
from refutable.number import number

ROUNDING = 1e-9
"""A relative excess below this is what float64 loses in some thousand operations, or less."""
LIKE = 1e-6
"""A ratio this near to a simple one is taken for it."""
LARGEST = 12
"""Numerator and denominator of a simple ratio."""


def of_gaps(gaps: Iterable[Gap]) -> str | None:
    """What to try, from the first failing gap that gives reason to say something.

    What the gap's own witness advises comes first.
    """
    for gap in gaps:
        if not gap.fails:
            continue
        own = (gap.witness or {}).get("advice")
        found = own if isinstance(own, str) else _of(gap)
        if found:
            return found
    return None


def of_error(type: str, message: str) -> str | None:
    """What to try when a leg raised."""
    if type == "AssertionError":
        return (
            "assert says nothing of what was measured: yield a gap in its place, such as "
            'at_most("name", measured, bound), and the values are shown'
        )
    if type == "RecursionError":
        return "go through it by a loop, or draw smaller configurations"
    return None


def _of(gap: Gap) -> str | None:
    """What to try about a number that is not as claimed."""
    if gap.relation is Relation.IDENTICAL:
        return None
    sides = number(gap.measured), number(gap.predicted)
    if not all(side.finite for side in sides):
        return "what was measured is no finite number: look at the smallest configuration first"
    measured, predicted = (Fraction(side.middle) for side in sides)
    if gap.is_short:
        return "it is kept and not reached: measure where it is attained, or claim less than tight"
    excess = abs(measured - predicted)
    if predicted and excess <= ROUNDING * abs(predicted) and gap.is_rounded:
        share = float(excess / abs(predicted))
        return (
            f"it is missed by {share:.1g} of its size, as rounding may do: state a tolerance, "
            "with the number of operations as its reason"
        )
    if gap.relation is Relation.EQUAL and measured and predicted:
        return _ratio(measured / predicted)
    return None


def _ratio(ratio: Fraction) -> str | None:
    """A simple ratio of both sides, in words."""
    if abs(ratio + 1) <= LIKE:
        return "both sides differ by their sign"
    simple = ratio.limit_denominator(LARGEST)
    if 0 < abs(simple.numerator) <= LARGEST and abs(ratio / simple - 1) <= LIKE:
        return f"what was measured is {simple} of what was predicted: is a factor missing?"
    return None
