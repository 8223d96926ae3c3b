"""Smooth convex functions of one variable in exact fractions: their gradients are piecewise linear.

In one dimension such functions come as close as one likes to every convex function with curvature
between two numbers, and nothing about them is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

from hypothesis import strategies as st

EXACT = "fractions: nothing is rounded"
"""Why nothing is tolerated."""


@dataclass(frozen=True)
class Convex:
    """The convex function with minimum 0 at 0 whose curvature is slopes[i] from knot i-1 to knot i.

    knots: increasing; slopes: one more than knots, none of them negative.
    """

    knots: tuple[Fraction, ...]
    slopes: tuple[Fraction, ...]

    @property
    def L(self) -> Fraction:
        """The largest curvature, or 1 where there is none."""
        return max(self.slopes) or Fraction(1)

    def gradient(self, x):
        """f'(x)."""
        return sum(s * (c - c0) for s, c, c0, _, _ in self._pieces(x))

    def value(self, x):
        """f(x) - f(0), as clip(t, a, b) has the primitive clip(x)·(x - clip(x)/2)."""
        return sum(s * (p - p0 - c0 * x) for s, _, c0, p, p0 in self._pieces(x))

    def _pieces(self, x):
        """Slope, x and 0 clipped to the piece, and primitives of the clipped at x and 0."""
        ends = (-inf, *self.knots, inf)
        for a, b, slope in zip(ends[:-1], ends[1:], self.slopes, strict=True):
            c, c0 = (min(max(at, a), b) for at in (x, Fraction(0)))
            yield slope, c, c0, c * (x - c / 2), -c0 * c0 / 2


def descend(f, x, step, steps):
    """The point to which so many steps of gradient descent lead from x."""
    for _ in range(steps):
        x = x - step * f.gradient(x)
    return x


def huber(delta, L=Fraction(1)) -> Convex:
    """½Lx² for |x| ≤ δ, continued by tangents."""
    return Convex((-delta, delta), (Fraction(0), L, Fraction(0)))


def square(L=Fraction(1)) -> Convex:
    """½Lx²."""
    return Convex((), (L,))


def fractions(low: int, high: int, most: int = 9):
    """Fractions in [low, high] with denominators up to `most`."""
    return st.fractions(low, high, max_denominator=most)


def functions(most_knots: int = 3):
    """Convex functions with largest curvature 1; some are Huber functions, the worst."""

    def built(knots, slopes, at):
        slopes = slopes[: len(knots) + 1]
        slopes[at % len(slopes)] = Fraction(1)
        return Convex(tuple(sorted(knots)), tuple(slopes))

    bent = st.builds(
        built,
        st.sets(fractions(-1, 1), max_size=most_knots),
        st.lists(fractions(0, 1, 4), min_size=most_knots + 1, max_size=most_knots + 1),
        st.integers(0, most_knots),
    )
    return st.one_of(bent, st.integers(2, 9).map(lambda k: huber(Fraction(1, k))))
