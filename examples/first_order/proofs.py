"""The bound LR²/(4N+2) proved: by a certificate for every N up to 12, in every dimension."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import sympy as sp

from first_order import certificates, worst_case
from first_order.functions import EXACT, descend, huber
from first_order.gradient_descent import bound
from refutable import Claim, Provenance, at_least, equal, identical, inequality

MOST = 12
"""Numbers of steps for which the certificate is checked."""

proved = Claim(
    id="gd.proved",
    title="Up to 12 steps the bound is proved for every function in every dimension, and attained",
    statement=r"f(x_N)-f_\star\le\frac{L\,\|x_0-x_\star\|^2}{4N+2},\quad N\le 12",
    provenance=Provenance.STATED,
    paper="Drori & Teboulle (2014), Theorem 3.1",
    assumptions=("f convex", "f L-smooth", "step 1/L"),
)


def multipliers(N):
    """Of Drori and Teboulle: of each step, and of each point against the optimum."""
    shares = [Fraction(i, 2 * N + 1 - i) for i in range(N + 1)] + [Fraction(1)]
    steps = {(i - 1, i): shares[i] for i in range(1, N + 1)}
    return steps | {(certificates.OPTIMUM, i): shares[i + 1] - shares[i] for i in range(N + 1)}


@proved.leg("exact", scope=f"1 ≤ N ≤ {MOST}, every dimension; L = R = 1 by scaling")
def inequalities_are_added(context):
    """With the known multipliers, in fractions; and the Huber function that leaves no less."""
    one = Fraction(1)
    for N in range(1, MOST + 1):
        weights = multipliers(N)
        run = certificates.Trajectory.of(lambda f, x, N=N: descend(f, x, one, N))
        left = certificates.form_left(run, weights, bound(one, one, N), one)
        yield at_least(f"smallest multiplier, N = {N}", min(weights.values()), 0, 0, EXACT)
        yield identical(
            f"values of f left, N = {N}",
            certificates.values_left(weights), {N: one, certificates.OPTIMUM: -one}, EXACT,
        )  # fmt: skip
        worst = min(certificates.pivots(left))
        yield identical(f"no negative pivot, N = {N}", worst >= 0, True, f"the smallest is {worst}")
        f = huber(Fraction(1, 2 * N + 1))
        yield equal(
            f"attained, N = {N}", f.value(descend(f, one, one, N)), bound(one, one, N), 0, EXACT
        )


@proved.leg("smt")
def one_step_in_one_dimension(context):
    """From the inequalities between x_0, x_1 and x_⋆ = 0 alone; L = 1."""
    x, f0, f1, g0, g1 = sp.symbols("x f0 f1 g0 g1", real=True)
    points = {0: (x, f0, g0), 1: (x - g0, f1, g1), "*": (0, 0, 0)}
    known = [
        fi >= fj + gj * (xi - xj) + (gi - gj) ** 2 / 2
        for (xi, fi, gi), (xj, fj, gj) in permutations(points.values(), 2)
    ]
    conclusion = f1 <= sp.Rational(bound(Fraction(1), 1, 1)) * x**2
    yield from inequality.proved("f(x_1)", known, conclusion, "N = 1, one dimension")


@proved.leg("enclosed", profile="full")
def semidefinite_programs_agree(context):
    """The worst case by PEPit, over all functions in all dimensions; from the extra `pep`."""
    for N in range(1, context.at(quick=4, full=8) + 1):
        found = worst_case.smooth(lambda f, x, N=N: descend(f, x, 1, N))
        yield equal(f"worst case, N = {N}", found, float(bound(Fraction(1), 1, N)), worst_case.ROOM,
                    worst_case.ACCURACY)  # fmt: skip
    example = worst_case.published("gradient_descent", L=3, gamma=1 / 3, n=4)
    yield equal(
        "PEPit's example, L = 3, N = 4",
        example,
        bound(3, 1, 4),
        worst_case.ROOM,
        worst_case.ACCURACY,
    )


proved.mistake(bound, "a step is gained", lambda f: lambda L, R, N: f(L, R, N + 1))
proved.mistake(
    bound, "a constant of 1/4 in every step", lambda f: lambda L, R, N: L * R**2 / (4 * N)
)
proved.mistake(
    multipliers,
    "the weight of the last step is doubled",
    lambda f: lambda N: {pair: (2 if pair == (N - 1, N) else 1) * w for pair, w in f(N).items()},
)
proved.mistake(descend, "steps of 9/10", lambda f: lambda g, x, step, N: f(g, x, step * 9 / 10, N))
