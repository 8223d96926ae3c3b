"""Polyak's heavy ball: accelerated on quadratics, caught in a cycle on another convex function."""

from __future__ import annotations

from fractions import Fraction
from math import log, sqrt

import numpy as np
import sympy as sp
import torch

from first_order.functions import EXACT, Convex, square
from refutable import (
    Claim,
    Provenance,
    at_least,
    at_most,
    equal,
    identical,
    inequality,
    scaling,
    symbolic,
)


def tuned(root_mu, root_L):
    """Polyak's step and momentum, from √μ and √L."""
    return 4 / (root_L + root_mu) ** 2, ((root_L - root_mu) / (root_L + root_mu)) ** 2


def move(f, x, before, step, momentum):
    """x_{t+1} = x_t - ηf'(x_t) + β(x_t - x_{t-1})."""
    return x - step * f.gradient(x) + momentum * (x - before)


def roll(f, x, moves, step, momentum):
    """Where so many moves lead from rest at x."""
    before = x
    for _ in range(moves):
        before, x = x, move(f, x, before, step, momentum)
    return x


quadratics = Claim(
    id="heavy.quadratics",
    title="On quadratics the heavy ball contracts by (√κ-1)/(√κ+1) per step",
    statement=r"\limsup_t\|x_t\|^{1/t}\le\frac{\sqrt\kappa-1}{\sqrt\kappa+1},\quad\kappa=L/\mu",
    provenance=Provenance.STATED,
    paper="Polyak (1964)",
    assumptions=("f quadratic", "μ ≤ f'' ≤ L"),
    measured="per eigenvector, which is all that a quadratic consists of",
)


def factor(kappa):
    """The contraction per step, claimed."""
    return (sqrt(kappa) - 1) / (sqrt(kappa) + 1)


@quadratics.leg("symbolic")
def double_roots_at_both_ends(context):
    """z² - (1 + β - ηh)z + β has a double root at h = μ and at h = L, and roots of product β."""
    low, high = sp.symbols("m l", positive=True)
    step, momentum = tuned(low, high)
    root = (high - low) / (high + low)
    yield symbolic.identity("at μ", 1 + momentum - step * low**2, 2 * root, "a sum of both roots")
    yield symbolic.identity("at L", 1 + momentum - step * high**2, -2 * root, "a sum of both roots")
    yield symbolic.identity("√β", momentum, root**2, "their product is its square")


@quadratics.leg("smt")
def complex_roots_in_between(context):
    """The discriminant is not positive from μ to L, so that both roots have modulus √β."""
    low, high, h = sp.symbols("m l h", positive=True)
    step, momentum = tuned(low, high)
    over = (high + low) ** 2
    total, product = (sp.cancel(over * part) for part in (1 + momentum - step * h, momentum))
    yield from inequality.proved(
        "discriminant", [low <= high, low**2 <= h, h <= high**2], total**2 <= 4 * over * product,
        "any spectrum: eigenvectors decouple",
    )  # fmt: skip


def contraction(kappa, h):
    """The spectral radius of a move on ½hx², μ = 1 and L = κ, read from what it does to a basis."""
    step, momentum = tuned(1.0, sqrt(kappa))
    columns = [(move(square(h), x, y, step, momentum), x) for x, y in ((1.0, 0.0), (0.0, 1.0))]
    return float(max(abs(np.linalg.eigvals(np.array(columns).T))))


@quadratics.leg("scaling")
def steps_grow_like_the_root_of_the_condition_number(context):
    """Of the matrix of a move: 1 - ρ = 2/√κ, where gradient descent has 2/κ."""
    kappas = [4.0**k * (1 + 0.5 * (k % 2)) for k in range(7, 15)]
    lost = [1 - contraction(kappa, 0.5 * (1 + kappa)) for kappa in kappas]
    logs = [log(kappa) for kappa in kappas]
    yield from scaling.power_law(
        "1 - ρ", logs, [log(y) for y in lost], exponent=-0.5, x_label="log κ"
    )
    yield from scaling.limit(
        "√κ(1 - ρ)", logs, [y * sqrt(k) for y, k in zip(lost, kappas, strict=True)], 2,
        tolerance=1e-3, why="2/(1 + 1/√κ) at κ = 3e8", x_label="log κ",
    )  # fmt: skip


@quadratics.leg("trained")
def torch_contracts_at_this_rate(context):
    """`torch.optim.SGD` with momentum on a spectrum from 1 to κ."""
    for kappa in (4.0, 25.0, 100.0):
        step, momentum = tuned(1.0, sqrt(kappa))
        x = torch.ones(9, dtype=torch.float64, requires_grad=True)
        spectrum = torch.linspace(1, kappa, 9, dtype=torch.float64)
        optimiser = torch.optim.SGD([x], lr=step, momentum=momentum)
        lengths, steps = [], context.at(quick=300, full=600)
        for _ in range(steps):
            optimiser.zero_grad()
            (0.5 * (spectrum * x**2).sum()).backward()
            optimiser.step()
            lengths.append(float(x.detach().norm()))
        half = steps // 2
        measured = (lengths[-1] / lengths[half - 1]) ** (1 / half)
        room, why = log(4) / half, "double roots: t ρ^t doubles over half of the run; twice that"
        yield at_most(f"contraction, κ = {kappa:g}", measured, factor(kappa), room, why)


quadratics.mistake(factor, "the root is taken twice", lambda f: lambda kappa: f(sqrt(kappa)))
quadratics.mistake(tuned, "a step of 1/L", lambda f: lambda low, top: (1 / top**2, f(low, top)[1]))
quadratics.mistake(
    tuned, "√β in place of β", lambda f: lambda *roots: (f(*roots)[0], sqrt(f(*roots)[1]))
)

# ------------------------------------------------------------------------------ outside quadratics

cycle = Claim(
    id="heavy.cycle",
    title="The tuned heavy ball runs in a cycle of three points on a strongly convex function",
    statement=r"x_{t+3}=x_t\ne x_\star,\quad f'(x)=25x,\ x+24,\ 25x-24",
    measured="μ = 1, L = 25, corners at 1 and 2, in fractions; and from 3.3 by training",
    provenance=Provenance.STATED,
    paper="Lessard, Recht & Packard (2016)",
)
BENT = Convex((Fraction(1), Fraction(2)), (Fraction(25), Fraction(1), Fraction(25)))
POINTS = tuple(Fraction(k, 1225) for k in (792, -2208, 2592))
"""The cycle, claimed."""


@cycle.leg("exact", scope="one function")
def three_moves_lead_back(context):
    """Each point is where the two before it lead."""
    step, momentum = tuned(Fraction(1), Fraction(5))
    for k in range(3):
        before, at, after = (POINTS[(k + i) % 3] for i in range(3))
        yield equal(f"after {at}", move(BENT, at, before, step, momentum), after, 0, EXACT)
    yield identical("three points", len(set(POINTS)), 3, EXACT)
    yield at_least("closest to the optimum", min(map(abs, POINTS)), Fraction(1, 2), 0, EXACT)


@cycle.leg("trained")
def training_ends_there(context):
    """`torch.optim.SGD` with momentum, from 3.3."""
    step, momentum = tuned(1.0, 5.0)
    x = torch.tensor(3.3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([x], lr=step, momentum=momentum)
    seen = []
    for _ in range(context.at(quick=300, full=1000)):
        optimiser.zero_grad()
        bent = 24 * ((x - 1).clamp(min=0) ** 2 - (x - 2).clamp(min=0) ** 2) / 2
        (25 * x**2 / 2 - bent).backward()
        optimiser.step()
        seen.append(float(x.detach()))
    why = "the cycle attracts by (4/9)^(1/2) per move: 300 moves leave 1e-50, float64 1e-15"
    for last, point in zip(sorted(seen[-3:]), sorted(POINTS), strict=True):
        yield equal(f"ends at {point}", last, float(point), 1e-12, why)


cycle.mistake("first_order.heavy_ball.POINTS", "the middle point is off by 1/1225",
              lambda p: (p[0] + Fraction(1, 1225), *p[1:]))  # fmt: skip
cycle.mistake(tuned, "half the momentum", lambda f: lambda *roots: (f(*roots)[0], f(*roots)[1] / 2))

everywhere = Claim(
    id="heavy.original",
    original_of="heavy.quadratics",
    title="Refuted: Polyak's tuning converges on every smooth strongly convex function",
    statement=r"\text{false: }x_t\to x_\star\text{ for every }f\text{ with }\mu\le f''\le L",
    measured="the function of heavy.cycle from x_0 = x_1 = 3.3: after 1000 moves",
    provenance=Provenance.DERIVED,
    rests_on=("heavy.cycle",),
)


def far_away(moves):
    """|x_t| of the tuned ball from 3.3, in float64."""
    return abs(roll(BENT, 3.3, moves, *tuned(1.0, 5.0)))


@everywhere.leg("exact")
def the_ball_does_not_arrive(context):
    """It is farther than 1/2 from the optimum after 1000, 1001 and 1002 moves."""
    for moves in (1000, 1001, 1002):
        found = far_away(moves)
        shown = {"f'": "25x, x + 24, 25x - 24 with corners at 1 and 2", "x_0": 3.3, "|x_t|": found}
        yield at_least(f"|x_t|, t = {moves}", found, 0.5, 0, "the cycle's nearest is 0.65",
                       witness=shown)  # fmt: skip


everywhere.mistake(tuned, "gradient descent", lambda f: lambda low, high: (1 / high**2, 0.0))

CLAIMS = (quadratics, cycle, everywhere)
