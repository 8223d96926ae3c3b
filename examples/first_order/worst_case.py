"""Worst cases by PEPit: the largest f(x_N) - f_⋆ over a class, by a semidefinite program.

Needs the extra `pep`; without it the legs that ask are not run, and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy as sp

from first_order.certificates import OPTIMUM, Pair, Trajectory, form_left, values_left
from first_order.functions import Convex

ROOM, ACCURACY = 1e-7, "the interior-point solver stops at a gap of 1e-8; ten times that"
SOLVER = "CLARABEL"
USED = 1e-3
"""Multipliers below this are taken for 0: an inequality that the proof does not need."""


def smooth(method: Callable[[Any, Any], Any], mu: float = 0, L: float = 1) -> float:
    """The worst f(x_N) - f_⋆ for ‖x_0 - x_⋆‖ ≤ 1 and curvature in [μ, L].

    method: from a function (with `gradient`) and x_0 to x_N, in additions and multiples alone.
    Raises ModuleNotFoundError without PEPit.
    """
    return _solved(method, mu, L)[0]


def multipliers(method: Callable[[Any, Any], Any]) -> dict[Pair, Fraction]:
    """The multipliers of the inequalities in PEPit's proof for L = 1, rounded to a millionth."""
    _, f = _solved(method, 0, 1)
    table = f.get_class_constraints_duals()["smoothness_strong_convexity"].to_numpy()
    names = [OPTIMUM, *range(len(table) - 1)]
    return {
        (i, j): Fraction(round(table[a, b] * 10**6), 10**6)
        for a, i in enumerate(names)
        for b, j in enumerate(names)
        if table[a, b] > USED
    }


def published(example: str, **given: Any) -> float:
    """The worst case that an example of PEPit itself finds."""
    from PEPit.examples import unconstrained_convex_minimization as examples

    method = getattr(examples, f"wc_{example}")
    return float(method(**given, wrapper="cvxpy", solver=SOLVER, verbose=-1)[0])


def _solved(method: Callable[[Any, Any], Any], mu: float, L: float) -> tuple[float, Any]:
    from PEPit import PEP
    from PEPit.functions import SmoothStronglyConvexFunction

    problem = PEP()
    f = problem.declare_function(SmoothStronglyConvexFunction, mu=mu, L=L, name="f")
    best = f.stationary_point()
    start = problem.set_initial_point()
    problem.set_initial_condition((start - best) ** 2 <= 1)
    problem.set_performance_metric(f(method(f, start)) - f(best))
    return float(problem.solve(wrapper="cvxpy", solver=SOLVER, verbose=0)), f


def mended(
    rounded: dict[Pair, Fraction], run: Trajectory, tau: Fraction, worst: Convex
) -> dict[Pair, Fraction]:
    """The nearest multipliers whose values of f cancel, and whose form is 0 on a worst function.

    The form of a tight proof is 0 there, so that rounding alone would make it negative nearby.
    worst: a function of one variable on which tau is attained, from x_0 = 1. The result proves
    nothing by itself: its signs and its form are still to be checked.
    """
    pairs, last = list(rounded), len(run.points) - 2
    at = {0: Fraction(1)}
    for number in range(last + 1):
        place = sum(part * at[k] for k, part in run.points[number].parts.items())
        at[number + 1] = worst.gradient(place)

    def residues(weights: dict[Pair, Fraction], known: Fraction) -> list[Fraction]:
        values, form = values_left(weights), form_left(run, weights, known * tau, 1)
        goal = {last: known, OPTIMUM: -known}
        return [
            *(values.get(i, 0) - goal.get(i, 0) for i in run.points),
            *(sum(form.get((i, j), 0) * at[j] for j in at) for i in at),
        ]

    zero, one = Fraction(0), Fraction(1)
    columns = [residues({pair: one}, zero) for pair in pairs]
    system = sp.Matrix([[sp.Rational(x) for x in column] for column in columns]).T
    off = sp.Matrix([sp.Rational(x) for x in residues(rounded, one)])
    solution, free = (system * system.T).gauss_jordan_solve(off)
    change = system.T * solution.subs(dict.fromkeys(free, 0))
    return {p: w - Fraction(c.p, c.q) for (p, w), c in zip(rounded.items(), change, strict=True)}
