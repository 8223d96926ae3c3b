"""Dual certificates: a worst case over all smooth convex functions, proved by adding inequalities.

Whatever the dimension, a function with curvature in [0, L] satisfies, between any two points,

    f_i ≥ f_j + ⟨g_j, x_i - x_j⟩ + ‖g_i - g_j‖²/(2L),

and these inequalities say all that there is to say (Taylor, Hendrickx and Glineur, 2017). A method
that only adds multiples of gradients runs here on vectors whose entries are the coefficients of
x_0 - x_⋆ and of the gradients that it asked for, so that the inequalities become quadratic forms.
Added with multipliers λ ≥ 0 they give f_N - f_⋆ ≤ τ‖x_0 - x_⋆‖² as soon as the values cancel and
what is left over is a positive semidefinite form, both of which fractions decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

OPTIMUM = "*"
Pair = tuple[int | str, int | str]
"""The points i and j of an inequality; the last is asked for by its number, x_⋆ by OPTIMUM."""
Form = dict[tuple[int, int], Fraction]
"""A quadratic form of x_0 - x_⋆ (number 0) and the gradients (1, 2, ...), by pairs of both."""


@dataclass(frozen=True)
class Vector:
    """A combination of x_0 - x_⋆ (number 0) and gradients, by number."""

    parts: Mapping[int, Fraction]

    def __add__(self, other: Vector) -> Vector:
        keys = self.parts.keys() | other.parts.keys()
        return Vector({k: self.parts.get(k, 0) + other.parts.get(k, 0) for k in keys})

    def __rmul__(self, factor) -> Vector:
        return Vector({k: factor * part for k, part in self.parts.items()})

    def __sub__(self, other: Vector) -> Vector:
        return self + -1 * other

    def times(self, other: Vector) -> Form:
        """The inner product of both."""
        return {(i, j): a * b for i, a in self.parts.items() for j, b in other.parts.items()}


class Unknown:
    """A function that is known by the gradients that were asked for."""

    def __init__(self) -> None:
        self.points: list[Vector] = []

    def gradient(self, x: Vector) -> Vector:
        """A new vector: nothing is known of it but the inequalities."""
        self.points.append(x)
        return Vector({len(self.points): Fraction(1)})


@dataclass(frozen=True)
class Trajectory:
    """Points x_0, ..., x_N of a method, and the gradients there."""

    points: dict[int | str, Vector]
    gradients: dict[int | str, Vector]

    @classmethod
    def of(cls, method: Callable[[Unknown, Vector], Vector]) -> Trajectory:
        """Run a method, and ask for the gradient at its last point."""
        f = Unknown()
        f.gradient(method(f, Vector({0: Fraction(1)})))
        nought = Vector({})
        gradients = {i: Vector({i + 1: Fraction(1)}) for i in range(len(f.points))}
        return cls({**dict(enumerate(f.points)), OPTIMUM: nought}, {**gradients, OPTIMUM: nought})

    @property
    def pairs(self) -> list[Pair]:
        """All inequalities that there are."""
        return [(i, j) for i in self.points for j in self.points if i != j]

    def inequality(self, pair: Pair, L) -> Form:
        """What is added to f_j - f_i in the inequality of a pair."""
        i, j = pair
        apart = self.gradients[i] - self.gradients[j]
        slope = self.gradients[j].times(self.points[i] - self.points[j])
        return total([(1, slope), (1 / (2 * Fraction(L)), apart.times(apart))])


def total(terms) -> Form:
    """A combination of forms, made symmetric."""
    found: Form = {}
    for factor, form in terms:
        for (i, j), value in form.items():
            for pair in ((i, j), (j, i)):
                found[pair] = found.get(pair, Fraction(0)) + factor * value / 2
    return found


def values_left(multipliers: Mapping[Pair, Fraction]) -> dict[int | str, Fraction]:
    """The coefficients of the f_i in Σ λ_ij (f_j - f_i), those that are 0 left out."""
    found: dict[int | str, Fraction] = {}
    for (i, j), weight in multipliers.items():
        found[i] = found.get(i, Fraction(0)) - weight
        found[j] = found.get(j, Fraction(0)) + weight
    return {i: value for i, value in found.items() if value}


def form_left(trajectory: Trajectory, multipliers: Mapping[Pair, Fraction], tau, L) -> Form:
    """Σ λ_ij (...) + τ‖x_0 - x_⋆‖²: the bound holds if it is positive semidefinite."""
    parts = [(weight, trajectory.inequality(pair, L)) for pair, weight in multipliers.items()]
    return total([*parts, (tau, {(0, 0): Fraction(1)})])


def pivots(form: Form) -> list[Fraction]:
    """Of Gaussian elimination: a symmetric form is positive semidefinite if none is negative.

    A pivot of 0 whose row is not 0 is a negative determinant, which stands in its place.
    """
    size = 1 + max((i for i, _ in form), default=0)
    rows = [[form.get((i, j), Fraction(0)) for j in range(size)] for i in range(size)]
    found = []
    for k, row in enumerate(rows):
        pivot = row[k]
        if not pivot:
            found.append(-max(entry**2 for entry in row[k:]))
            continue
        found.append(pivot)
        for other in rows[k + 1 :]:
            factor = other[k] / pivot
            for j in range(k, size):
                other[j] -= factor * row[j]
    return found
