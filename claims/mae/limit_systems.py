"""MAE: the limiting equations of one query's flow as P → ∞, and the constants that they give.

Sources: none; derived here for constant latents z. The exact rates are derivatives of the loss of
one sample (`model.symbolic`), at mean counts and with time in units of γt/K. In variables of order
1 their leading terms, at every allowed pair of exponents at once, are the limiting equations; these
are solved, and events of the solution are the constants of the laws. That the flow itself tends to
the solution is what bounds for every P show (`mae.for_every_size`); Φ_m and Υ, which stay small
there, are 0 here.

h² = ρ′ is the own attention from which a local query grows, a the global area's at Q = 0, k = 1-a;
w = e^{-zΦ_n}; s = z⁴ρ′γt/K. At a positive gap v = x² = e^{-2zΦ_1}kρ/a², at a negative one
V = y² = e^{-2zΦ_1}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from refutable.claims.runs import limiting
from refutable.claims.runs.limiting import (
    AS_CLAIMED,
    C_1,
    C_S,
    KAPPA_C,
    KAPPA_S,
    SIGNS,
    SOLVED,
    VISIBLE,
    Step,
    growth,
)
from refutable.gap import Gap
from refutable.model.symbolic import GeneralMae
from refutable.prove import limits, symbolic

z, k, e, w, x, y, h, a, s = sp.symbols("z k e w x y h a s", positive=True)
"""e: Σ of squares of the other local areas' weights over ρ′, which is of order 1."""
A, u = sp.symbols("A u", positive=True)
"""A_n and 1 - A_n."""

POWERS = {h: (KAPPA_S - 1) / 2, a: KAPPA_C - 1}
"""Of P, by which they grow."""
WHERE = "weights that leave 1-a-ρ to all other keys; exponents at every corner of what is allowed"


def rates(own: sp.Expr, global_: sp.Expr, rest: sp.Expr, squares: sp.Expr) -> Any:
    """α_n and -α_1 of a sample, by differentiation, at these weights.

    rest: of all other keys, masked ones too: only their sum counts. squares: Σ of the squares of
    the visible weights of other local areas.
    """
    sample = GeneralMae()
    at = {
        sample.z_n: z, sample.z_j: z, sample.s_n: own, sample.s_j: global_,
        sample.W: rest, sample.R: sp.S.Zero, sample.S2: z**2 * squares,
    }  # fmt: skip
    return sample.own_rate().subs(at), -sample.other_rate().subs(at)


# ------------------------------------------------------------------------- limiting equations


def own_drive() -> sp.Expr:
    """α_n while own attention is small, claimed: z³A_n."""
    return z**3 * h**2 / w


def global_drive() -> sp.Expr:
    """-α_1 at a positive gap, claimed: z³A_1²."""
    return z**3 * h**2 / x**2


def positive_gap() -> Iterator[Step]:
    """From the exact rates of a local query to w′ = -1, v′ = 2, w(0) = 1, v(0) = 0."""
    own, global_ = rates(k * h**2 / w, k * h / x, k * (1 - h**2), e * (k * h) ** 2)
    large = growth(1, POWERS)
    for name, rate, drive in (("α_n", own, own_drive()), ("-α_1", global_, global_drive())):
        yield from limits.limit(name, rate, drive, lambda at: at[1] - 1, large, WHERE)
    per_s = z**4 * h**2
    yield symbolic.identity("dw/ds", -z * w * own_drive() / per_s, sp.S(-1), "w = e^{-zΦ_n}")
    fall = 2 * z * x**2 * global_drive() / per_s
    yield symbolic.identity("dv/ds", fall, sp.S(2), "v = e^{-2zΦ_1}·kρ/a²")
    start = (k * h / a) ** 2
    yield from limits.limit("v(0)", start, start, lambda at: 1 + at[1] - 2 * at[0], large, "-Δ < 0")


def solution() -> tuple[sp.Expr, sp.Expr]:
    """W and v as functions of s at a positive gap, claimed."""
    return 1 - s, 2 * s


def solved() -> Iterator[Step]:
    """The solution meets the limiting equations and where they start."""
    own, pushed = solution()
    for name, path, slope, start in (("w", own, -1, 1), ("v", pushed, 2, 0)):
        yield symbolic.identity(f"d{name}/ds of the solution", path.diff(s), sp.S(slope), SOLVED)
        yield symbolic.identity(f"{name}(0)", path.subs(s, 0), sp.S(start), SOLVED)


def switch() -> sp.Expr:
    """The s at which |α_1| = α_n; ValueError unless there is just one."""
    own, pushed = solution()
    lead = global_drive().subs(x, sp.sqrt(pushed)) - own_drive().subs(w, own)
    found = sp.solve(sp.numer(sp.together(lead)), s)
    if len(found) != 1:
        raise ValueError(f"the rates are equal at {found}")
    return found[0]


def one_phase() -> Iterator[Step]:
    """From the exact rates of a local query at a negative gap to w′ = -1, and V′ → 0."""
    own, global_ = rates(h**2 / w, a / y, 1 - a - h**2, e * h**2)
    large, per_s = growth(-1, POWERS), z**4 * h**2
    yield from limits.limit("α_n", own, own_drive(), lambda at: at[1] - 1, large, WHERE)
    yield symbolic.identity("dw/ds", -z * w * own_drive() / per_s, sp.S(-1), "w = e^{-zΦ_n}")
    fall = 2 * z * y**2 * global_ / per_s
    yield from limits.limit(
        "dV/ds", fall, 2 * (a / h) ** 2, lambda at: 2 * at[0] - at[1] - 1, large, "Δ < 0: it → 0"
    )


def global_query() -> Iterator[Step]:
    """From the exact rate of a global query, κ_c < 1, to w′ = -1 in s = z⁴aγt/K."""
    own, _ = rates(a / w, sp.S.Zero, 1 - a, e * h**2)
    for sign, side in SIGNS.items():
        name, large = f"α_1, {side}", growth(sign, POWERS)
        yield from limits.limit(name, own, z**3 * a / w, lambda at: at[0] - 1, large, WHERE)
    yield symbolic.identity("dw/ds", -z * w * (z**3 * a / w) / (z**4 * a), sp.S(-1), "w = e^{-zΦ}")


# ------------------------------------------------------------------- when own attention is seen


def growing_drive() -> sp.Expr:
    """α_n once the other areas' attention is gone, claimed: z³A(1-A)²."""
    return z**3 * A * (1 - A) ** 2


def travel(attention: sp.Expr) -> sp.Expr:
    """An antiderivative of dA/(A²(1-A)³), claimed: the time γz⁴t/K."""
    odds = sp.log(attention / (1 - attention))
    return -1 / attention + 3 * odds + 2 / (1 - attention) + 1 / (2 * (1 - attention) ** 2)


def linear_travel(_: Any) -> Any:
    """Plant the time that A′ = A²(1-A)² takes."""
    return lambda A: -1 / A + 2 * sp.log(A / (1 - A)) + 1 / (1 - A)


def late() -> Iterator[Step]:
    """A_n of order 1: the exact rates tend to one equation, A′ = A²(1-A)³, and travel solves it."""
    own_weight = k * A / (1 - A)
    own, global_ = rates(own_weight, k * h / x, k * (1 - h**2), e * (k * h) ** 2)
    large = growth(1, POWERS, (A < 1,))
    yield from limits.limit(
        "α_n at A_n of order 1", own, growing_drive(), lambda _: 0, large, WHERE
    )
    per = z**3 * h * A * (1 - A) ** 2 / x
    yield from limits.limit(
        "-α_1 at A_n of order 1", global_, per, lambda at: (at[1] - 1) / 2, large, "it → 0"
    )
    yield from moved_by_own()


def moved_by_own() -> Iterator[Step]:
    """dA/d(γz⁴t/K) = A²(1-A)³, solved by `travel`."""
    slope = A * (1 - A) * z * growing_drive() / z**4
    yield symbolic.identity("dA", slope, A**2 * (1 - A) ** 3, "dA = zA(1-A)dΦ_n, others at rest")
    yield symbolic.identity("1 = dF/dA·dA", travel(A).diff(A) * slope, sp.S.One, SOLVED)


def half_time() -> sp.Expr:
    """The s at which own attention is one half, from a start at a share that tends to 0."""
    start = h**2
    return sp.limit(start * (travel(sp.Rational(1, 2)) - travel(start)), h, 0, "+")


def rate_law() -> Iterator[Step]:
    """The last phase by its equation, and t·(L_p - L*_p) in it."""
    yield limiting.limiting()
    yield from moved_by_own()
    yield symbolic.identity(
        "limit of t·(L_p - L*_p)·z²/K", gap_times_time(), sp.Rational(1, 4), AS_CLAIMED
    )


def half_time_law(name: str) -> Gap:
    """T_½ in units of K/(z⁴γ) over the share at the start."""
    return symbolic.identity(name, half_time(), sp.S.One, AS_CLAIMED)


def gap_times_time() -> sp.Expr:
    """The limit of t·(L_p - L*_p)·z²/K: t = KF/(γz⁴), L_p - L*_p = ½γz²(1-A)²."""
    return sp.limit(travel(1 - u) * u**2 / 2, u, 0, "+")


def depth(pushed: sp.Expr, P: sp.Symbol) -> sp.Expr:
    """zΦ_1 where v has the given value, κ_c < 1 (k = 1), C_1 = c_1·P^κ_c, C_s = c_s·P^κ_s."""
    sizes = ((C_1, KAPPA_C), (C_S, KAPPA_S))
    global_, own = (VISIBLE * c * P ** (kappa - 1) for c, kappa in sizes)
    return -sp.log(pushed * global_**2 / own) / 2
