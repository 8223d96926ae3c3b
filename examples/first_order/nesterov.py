"""Nesterov's acceleration, with momentum (t-1)/(t+2): an order faster, and not monotone."""

from __future__ import annotations

from fractions import Fraction
from math import log

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from first_order import worst_case
from first_order.functions import EXACT, fractions, functions, huber, square
from refutable import (
    Claim,
    Provenance,
    at_least,
    at_most,
    equal,
    property,
    scaling,
    symbolic,
)


def weight(t):
    """λ_t of the potential; the momentum is (λ_t - 1)/λ_{t+1}."""
    return (t + 1) / 2 if isinstance(t, sp.Expr) else Fraction(t + 1, 2)


def path(f, x, step, steps, number=Fraction):
    """x_0, ..., x_N of x_t = y_t - ηf'(y_t), y_{t+1} = x_t + (λ_t - 1)/λ_{t+1} (x_t - x_{t-1}).

    number: what the momentum is turned into, for points that fractions do not multiply.
    """
    points, y = [x], x
    for t in range(1, steps + 1):
        points.append(y - step * f.gradient(y))
        momentum = number((weight(t) - 1) / weight(t + 1))
        y = points[t] + momentum * (points[t] - points[t - 1])
    return points


def bound(L, R, N):
    """What N steps leave from a distance R, claimed."""
    return L * R**2 / (2 * weight(N) ** 2)


def potential(weight, f, u, L):
    """λ²(f(x_t) - f_⋆) + ½L‖u_t - x_⋆‖² with u_t = λx_t - (λ-1)x_{t-1}, which never increases."""
    return weight**2 * f + L * u**2 / 2


rate = Claim(
    id="nesterov.rate",
    title="Nesterov's method leaves at most 2LR²/(N+1)²",
    statement=r"f(x_N)-f_\star\le\frac{2L\,\|x_0-x_\star\|^2}{(N+1)^2}",
    provenance=Provenance.STATED,
    paper="Nesterov (1983); Beck & Teboulle (2009), Theorem 4.4",
    assumptions=("f convex", "f L-smooth", "step 1/L"),
)


@rate.leg("symbolic")
def potential_never_increases(context):
    """Its change is a sum of convexity and smoothness inequalities, none of them positive.

    Identities of quadratic forms: one dimension stands for all of them, as each product of two
    symbols stands for one inner product. x_⋆ = f_⋆ = 0.
    """
    t, L, new = sp.symbols("t L lambda'", positive=True)
    old, x, u, g, f, f_y, after = sp.symbols("lambda x u g f f_y after", real=True)
    y = ((new - 1) * x + u) / new
    u_after = new * (y - g / L) - (new - 1) * x
    change = potential(new, after, u_after, L) - potential(old, f, u, L)
    sums = (
        new**2 * (after - f_y + g**2 / (2 * L))  # ≤ 0: the decrease of a step
        + (new**2 - new) * (f_y - f - g * (y - x))  # ≤ 0: convexity between y and x
        + new * (f_y - g * y)  # ≤ 0: convexity between y and the optimum
        - (old**2 - new**2 + new) * f  # ≤ 0 where λ'² - λ' ≤ λ²
    )
    forms = "quadratic forms"
    yield symbolic.identity("change of the potential", change, sums, forms)
    momentum = (old - 1) / new * (x - (old * x - u) / (old - 1))
    yield symbolic.identity("y from u and x", y, x + momentum, "the definition of u, solved for y")
    short = weight(t) ** 2 - weight(t + 1) ** 2 + weight(t + 1)
    yield symbolic.identity("λ² - (λ'² - λ')", short, sp.Rational(1, 4), "for every t ≥ 1")
    first = weight(sp.Integer(1))
    yield symbolic.identity("λ_1² = λ_1, from λ_0 = 0", first**2, first, "one number")
    last = potential(0, 0, x, L) / weight(t) ** 2
    yield symbolic.identity("f(x_N) ≤ potential / λ_N²", last, bound(L, x, t), forms)


@rate.leg("property")
def functions_are_searched(context):
    """Convex functions of one variable, in fractions."""

    def gaps(drawn):
        f, x, N = drawn
        left = f.value(path(f, x, 1 / f.L, N)[-1])
        yield at_most("f(x_N)", left, bound(f.L, x, N), 0, EXACT)

    return property.search(
        context,
        st.tuples(functions(), fractions(-2, 2), st.integers(1, 6)),
        gaps,
        examples=context.at(quick=150, full=1000),
        regimes_of=lambda drawn: ["bent" if drawn[0].knots else "quadratic"],
        require=("bent", "quadratic"),
    )


rate.mistake(bound, "a cube in place of the square",
             lambda f: lambda L, R, N: f(L, R, N) / weight(N))  # fmt: skip
rate.mistake(weight, "momentum (t-1)/(t+1)", lambda f: lambda t: t / sp.Integer(1)
             if isinstance(t, sp.Expr) else Fraction(t))  # fmt: skip
rate.mistake(potential, "½ is forgotten", lambda f: lambda w, v, u, L: f(w, v, u, 2 * L))

# --------------------------------------------------------------------------- how much of it is real

tight = Claim(
    id="nesterov.worst",
    title="The worst that Nesterov's method leaves is 2LR²/(N²+5N+6), on a Huber function",
    statement=r"\max_f f(x_N)-f_\star=\frac{2L\,\|x_0-x_\star\|^2}{N^2+5N+6}",
    measured="attained: up to N = 12, and as a ladder; nothing worse: by PEPit, up to N = 6",
    provenance=Provenance.STATED,
    paper="Taylor, Hendrickx & Glineur (2017), Table 1, from numbers",
    rests_on=("nesterov.rate",),
)


def worst(N):
    """The worst f(x_N) - f_⋆ for L = R = 1, claimed."""
    return Fraction(2, N**2 + 5 * N + 6)


def left_on_huber(N):
    """What is left of the Huber function whose corner is at twice the worst value, from 1."""
    one = Fraction(1)
    f = huber(2 * worst(N))
    return f.value(path(f, one, one, N)[-1])


@tight.leg("exact", scope="N ≤ 12: it is attained")
def huber_attains_it(context):
    """The point walks down the slope and never leaves it."""
    for N in range(1, 13):
        yield equal(f"f(x_N), N = {N}", left_on_huber(N), worst(N), 0, EXACT)


@tight.leg("scaling")
def an_order_faster_than_gradient_descent(context):
    """N² f(x_N) tends to 2 on the Huber functions."""
    sizes = [2**k + k for k in range(3, 10)]
    yield from scaling.limit("N² f(x_N)", [log(N) for N in sizes],
                             [float(N**2 * left_on_huber(N)) for N in sizes], 2, tolerance=0.02,
                             why="2/(1 + 5/N + 6/N²) = 2 - 10/N, N = 521")  # fmt: skip


@tight.leg("enclosed", profile="full")
def semidefinite_programs_agree(context):
    """The worst case by PEPit, over all functions in all dimensions; from the extra `pep`."""
    for N in (1, 2, 4, 6):
        found = worst_case.smooth(lambda f, x, N=N: path(f, x, 1, N, float)[-1])
        yield equal(
            f"worst case, N = {N}", found, float(worst(N)), worst_case.ROOM, worst_case.ACCURACY
        )
    example = worst_case.published("accelerated_gradient_convex_simplified", mu=0, L=1, n=1)
    yield equal(
        "PEPit's example, N = 1", example, float(worst(1)), worst_case.ROOM, worst_case.ACCURACY
    )


tight.mistake(worst, "6 is forgotten", lambda f: lambda N: Fraction(2, N**2 + 5 * N))
tight.mistake(weight, "the weights grow by 2/5", lambda f: lambda t: 1 + Fraction(2, 5) * (t - 1))

optimal = Claim(
    id="nesterov.optimal",
    title="No method that combines gradients leaves less than 3LR²/(32(N+1)²)",
    statement=r"\min_{x\in x_0+\mathrm{span}\{g_0,\dots,g_{N-1}\}}f(x)-f_\star"
    r"\ge\frac{3L\,\|x_0-x_\star\|^2}{32(N+1)^2}\text{ for some }f",
    measured="a chain of 2N + 1 springs: the best point that N gradients span, up to N = 20; "
    "Nesterov's method on a chain as a ladder up to N = 384",
    provenance=Provenance.STATED,
    paper="Nesterov (2004), Theorem 2.1.7",
    rests_on=("nesterov.rate",),
)


def floor(L, R2, N):
    """What every method leaves on its worst function, claimed; R2 = ‖x_0 - x_⋆‖²."""
    return 3 * L * R2 / (32 * (N + 1) ** 2)


def chain(n):
    """f(x) = (L/4)(½xᵀAx - x_1) with A = tridiagonal(-1, 2, -1): x_⋆ and f_⋆, L = 1, x_0 = 0."""
    best = [1 - Fraction(i, n + 1) for i in range(1, n + 1)]
    return best, -Fraction(1, 8) * (1 - Fraction(1, n + 1))


@optimal.leg("exact", scope="N ≤ 20, chains of 2N + 1")
def gradients_reach_one_spring_further_each(context):
    """N gradients span the first N coordinates, where the best point is that of a chain of N."""
    for N in range(1, 21):
        best, lowest = chain(2 * N + 1)
        _, reached = chain(N)
        yield at_least(
            f"f left, N = {N}",
            reached - lowest, floor(Fraction(1), sum(x**2 for x in best), N), 0, EXACT,
        )  # fmt: skip


class Chain:
    """A chain in float64."""

    def __init__(self, n):
        self.start = np.zeros(n)

    def gradient(self, x):
        """The forces of both neighbours."""
        padded = np.concatenate([[1.0], x, [0.0]])
        return (2 * x - padded[:-2] - padded[2:]) / 4

    def value(self, x):
        """Its energy."""
        padded = np.concatenate([[0.0], x, [0.0]])
        return (np.sum(np.diff(padded) ** 2) / 2 - x[0]) / 4


def left_by_nesterov(N):
    """(f(x_N) - f_⋆)/R² on the chain of 2N + 1."""
    best, lowest = chain(2 * N + 1)
    f = Chain(2 * N + 1)
    reached = f.value(path(f, f.start, 1.0, N, float)[-1])
    return (reached - float(lowest)) / float(sum(float(x) ** 2 for x in best))


@optimal.leg("scaling")
def nesterov_meets_the_order(context):
    """Between the floor and the bound: order N⁻² on the chain, in float64."""
    sizes = [round(24 * 2 ** (k / 2) * (1 + 0.1 * (k % 2))) for k in range(9)]
    yield from scaling.power_law(
        "f(x_N)",
        [log(N + 1.5) for N in sizes],  # in which the correction of order 1/N is small
        [log(left_by_nesterov(N)) for N in sizes],
        exponent=-2,
        x_label="log (N + 3/2)",
    )


optimal.mistake(floor, "a floor four times as high", lambda f: lambda L, R2, N: 4 * f(L, R2, N))
optimal.mistake(weight, "momentum of 1/2 at every step",
                lambda f: lambda t: Fraction(2))  # fmt: skip

# --------------------------------------------------------------------------------- what it is not

monotone = Claim(
    id="nesterov.monotone.original",
    original_of="nesterov.rate",
    title="Refuted: Nesterov's method decreases f at every step",
    statement=r"\text{false: }f(x_{t+1})\le f(x_t)\text{ for every smooth convex }f",
    measured="the square of curvature 1/4, L = 1, from x_0 = 1",
    provenance=Provenance.DERIVED,
)


@monotone.leg("exact", scope="one counterexample")
def momentum_overshoots(context):
    """The point passes the optimum and climbs on the other side."""
    f = square(Fraction(1, 4))
    points = path(f, Fraction(1), Fraction(1), 8)
    values = [f.value(x) for x in points]
    t = max(range(1, 9), key=lambda t: values[t] - values[t - 1])
    shown = {"f": "x²/8", "L": 1, "x_0": 1, "t": t, "x_t": float(points[t])}
    yield at_least(
        "f(x_t)/f(x_{t-1}) at its largest", values[t] / values[t - 1], 2, 0, EXACT, witness=shown
    )


monotone.mistake(weight, "without momentum", lambda f: lambda t: Fraction(1))

CLAIMS = (rate, tight, optimal, monotone)
