"""Contrastive learning: the limiting equations of the shared row as P → ∞, and their constants.

Sources: none; derived here for constant latents z, at mean counts. Same-cluster samples score
alike, so that what is left of the softmax is `other`, its weight on other clusters' negatives; the
clock is θ with dθ = other·dt/(KP). w = e^{-zΦ_1}, a = (1-γ)C_1/P, b = (1-γ)C_s/P. As in
`mae.limit_systems` the exact rates are derivatives, their leading terms at every allowed pair of
exponents are the limiting equations, and events of the solution are the constants.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from refutable.claims.runs.limiting import (
    C_1,
    KAPPA_C,
    KAPPA_S,
    SIGNS,
    SOLVED,
    VISIBLE,
    Step,
    growth,
)
from refutable.model.symbolic import GeneralCl
from refutable.prove import limits, symbolic

z, a, b, w, theta, tau, K, N = sp.symbols("z a b w theta tau K N_c", positive=True)
A, u = sp.symbols("A u", positive=True)
"""A_1 and 1 - A_1."""
phi = sp.Symbol("phi", positive=True)
POWERS = {a: KAPPA_C - 1, b: KAPPA_S - 1}
"""Of P, by which they grow."""
WHERE = "weights that leave 1-a to all other keys; exponents at every corner of what is allowed"


def rate(weight: sp.Expr, rest: sp.Expr, squares: sp.Expr) -> sp.Expr:
    """dΦ_j/dθ of an area of this weight, by differentiation of what the positive pulls.

    rest: weight of all other keys. squares: Σ of the squares of all other areas' weights. What
    pulls area j is g_j = z·A_j·other: the same-cluster negatives pull it back by z·A_j each.
    """
    sample = GeneralCl()
    total = weight + rest
    at = {
        sample.z_j: z, sample.s_j: weight, sample.W: rest, sample.R: sp.S.Zero,
        sample.g_j: z * weight / total, sample.H: z**2 * squares / total,
    }  # fmt: skip
    return sample.feature_rate().subs(at)


def squares_of_locals() -> sp.Expr:
    """Σ of the squares of the local areas' weights, (P - C_1)/C_s areas of weight b."""
    return b * (VISIBLE - a)


def drive() -> sp.Expr:
    """dΦ_1/dθ until A_1 is seen, claimed: z³A_1²."""
    return z**3 * (a / w) ** 2


def collapse() -> Iterator[Step]:
    """From the exact rate to (w²)′ = -2a²z⁴, w(0) = 1."""
    exact = rate(a / w, 1 - a, squares_of_locals())
    for sign, name in SIGNS.items():
        large = growth(sign, POWERS, (VISIBLE < 1,))
        yield from limits.limit(
            f"dΦ_1/dθ, {name}", exact, drive(), lambda at: 2 * at[0] - 2, large, WHERE
        )
    slope = 2 * w * (-z * w * drive())
    yield symbolic.identity("d(w²)/dθ", slope, -2 * a**2 * z**4, "w = e^{-zΦ_1}")


def squared(time: sp.Expr) -> sp.Expr:
    """w² at time θ, claimed."""
    return 1 - 2 * a**2 * z**4 * time


def solved() -> Iterator[Step]:
    """The solution meets the limiting equation and where it starts."""
    yield symbolic.identity("w²(0)", squared(sp.S.Zero), sp.S.One, SOLVED)
    yield symbolic.identity(
        "d(w²)/dθ of the solution", squared(theta).diff(theta), -2 * a**2 * z**4, SOLVED
    )


def transition() -> sp.Expr:
    """T over KP·P^{2-2κ_c}: where w² = 0, with c_1 for C_1/P^κ_c.

    other is (1-1/K)N_c/(N_c+1) until then, the chance that a term of the softmax that is picked
    evenly is a negative of another cluster.
    """
    (end,) = sp.solve(squared(theta), theta)
    other = (1 - 1 / K) * N / (N + 1)
    return end.subs(a, VISIBLE * C_1) / other


def left_over() -> sp.Expr:
    """The limit of (1-A_1)·t/(KP), N_c → ∞: -u²/(du/dt) as u = 1-A_1 → 0, as 1/u grows like t."""
    other = (K - 1) / (K - 1 + sp.exp(z**2 * (1 - u) ** 2 / tau))
    return sp.limit(u**2 / (seen_drive().subs(A, 1 - u) * other), u, 0, "+")


def loss_left_over() -> sp.Expr:
    """The limit of (L - L at A_1 = 1)·t/(KP): L = τ log(1 + (K-1)e^{-z²A²/τ}) + const, N_c → ∞."""
    loss = tau * sp.log(1 + (K - 1) * sp.exp(-(z**2) * A**2 / tau))
    return -loss.diff(A).subs(A, 1) * left_over()


def seen_drive() -> sp.Expr:
    """dA_1/dθ when A_1 is of order 1, claimed."""
    return z**4 * A**3 * (1 - A) ** 2


def late() -> Iterator[Step]:
    """From the exact rate at A_1 of order 1 to A_1′ = z⁴A_1³(1-A_1)²."""
    exact = rate((1 - a) * A / (1 - A), 1 - a, squares_of_locals())
    for sign, name in SIGNS.items():
        large = growth(sign, POWERS, (A < 1, VISIBLE < 1))
        yield from limits.limit(
            f"dA_1/dθ, {name}", z * A * (1 - A) * exact, seen_drive(), lambda _: 0, large, WHERE
        )


def first_part() -> sp.Expr:
    """What the chance that a masked patch counts as no area's gives Φ_m per dΦ_1, claimed."""
    return (1 - VISIBLE) * (b * w / a) ** 2


def second_part() -> sp.Expr:
    """What the global area takes from Φ_m per dΦ_1, claimed."""
    return b


def locals_stay() -> Iterator[Step]:
    """dΦ_m/dΦ_1 until A_1 is seen: its two parts, each leading at one sign of Δ; their integral."""
    every = squares_of_locals()
    own = rate(a / w, 1 - a, every)
    local = rate(b, 1 - b + a / w - a, every - b**2 + (a / w) ** 2)
    for sign, part, exponent in (
        (-1, first_part(), lambda at: 2 * (at[1] - at[0])),
        (1, -second_part(), lambda at: at[1] - 1),
    ):
        large = growth(sign, POWERS, (VISIBLE < 1,))
        yield from limits.limit(
            f"dΦ_m/dΦ_1, {SIGNS[sign]}", local / own, part, exponent, large, WHERE
        )
    slope = (first_part() - second_part()).subs(w, sp.exp(-z * phi))
    law = (1 - VISIBLE) * (b / a) ** 2 * (1 - sp.exp(-2 * z * phi)) / (2 * z) - b * phi
    yield symbolic.identity("d/dΦ_1 of the law", law.diff(phi), slope, SOLVED)
    yield symbolic.identity("the law at Φ_1 = 0", law.subs(phi, 0), sp.S.Zero, SOLVED)
