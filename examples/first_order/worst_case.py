"""Worst cases by PEPit: the largest f(x_N) - f_⋆ over a class, by a semidefinite program.

Needs the extra `pep`; without it the legs that ask are not run, and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ACCURACY = "the interior-point solver stops at a gap of 1e-8, and PEPit's examples grant 1e-3"
SOLVER = "CLARABEL"


def smooth(method: Callable[[Any, Any], Any], mu: float = 0, L: float = 1) -> float:
    """The worst f(x_N) - f_⋆ for ‖x_0 - x_⋆‖ ≤ 1 and curvature in [μ, L].

    method: from a function (with `gradient`) and x_0 to x_N, in additions and multiples alone.
    Raises ModuleNotFoundError without PEPit.
    """
    from PEPit import PEP
    from PEPit.functions import SmoothStronglyConvexFunction

    problem = PEP()
    f = problem.declare_function(SmoothStronglyConvexFunction, mu=mu, L=L)
    best = f.stationary_point()
    start = problem.set_initial_point()
    problem.set_initial_condition((start - best) ** 2 <= 1)
    problem.set_performance_metric(f(method(f, start)) - f(best))
    return float(problem.solve(wrapper="cvxpy", solver=SOLVER, verbose=0))
