"""Descent with large steps: what stays true of the masked autoencoder for every step η.

`loss_descent` bounds the curvature everywhere, and so the step; from Q = 0 no step was found that
is too large. α_{p→v_n} ≥ 0 on every sample and at every Q (sign.own), so that Q ← Q - η∇L moves
Φ_n up by ηα_{p→v_n} whatever η is: own attention is never overshot, since more of it is always
better, and what is pushed too far elsewhere is on keys that own ones then outweigh.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import sympy as sp
from flint import arb

from refutable.claim import Case, Claim, Context, Evidence, Provenance, Undecided
from refutable.claims import assumptions
from refutable.claims.mae import signs
from refutable.claims.mae.automatic import REGIMES, Measured, search
from refutable.claims.mae.loss_descent import smoothness
from refutable.claims.mae.one_sample import ANY_AREAS, A_n, S, z_n
from refutable.claims.runs import descent_script, exact_descent
from refutable.claims.runs.plants import scaled
from refutable.claims.runs.regimes import QUERIES
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import ball_descent, correlations, enumeration, gradients
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind
from refutable.prove.counterexample import counterexample
from refutable.prove.inequality import proved

STEPS = (4, 32, 128, 512)
"""η; the first one, some four times 2/B, is the yardstick."""

any_step = Claim(
    id="loss.any-step",
    title="No step is too large for the masked autoencoder from Q = 0",
    statement=(
        r"\text{every }\eta>0,\ Q:\ \Phi_{p\to v_n}(Q-\eta\nabla L)\ge\Phi_{p\to v_n}(Q);\quad "
        rf"z\text{{ constant, from }}Q=0,\ \eta\le {STEPS[-1]}:\ "
        r"L_p\text{ falls at every step, and }"
        rf"T^*(\epsilon;\eta)\le T^*(\epsilon;{STEPS[0]})+2\eta"
    ),
    measured=(
        "the first part for any attention vector; the second by exact gradient descent at sizes "
        "that are named, down to a loss gap of 1e-12, ε = 0.01, where 2/B is about 1: a finding, "
        "and no theorem for every P. From other Q a large step can raise the loss: a witness"
    ),
    provenance=Provenance.DERIVED,
    assumptions=(
        *assumptions.MODEL,
        "zero initialisation",
        "uniform masking",
        "population gradient",
        "plain gradient descent",
    ),
    rests_on=("sign.own", "loss.descent", "grad.lumping"),
)


def own_move(eta: sp.Symbol) -> sp.Expr:
    """By how much a step moves Φ_n up on a sample."""
    return eta * signs.own_integrand(A_n, z_n, S)


@any_step.leg("smt")
def own_correlation_never_falls(context: Context) -> Iterator[Gap | Undecided]:
    """Any step at any attention vector, any latents, any number of areas."""
    eta = sp.Symbol("eta", positive=True)
    yield from proved("η·α_n ≥ 0", signs.OWN_CASE, own_move(eta) >= 0, ANY_AREAS)


@any_step.leg("property", require=REGIMES)
def own_correlation_of_the_module(context: Context) -> Evidence:
    """One step of random size by automatic differentiation, from any Q."""

    def gaps(at: Measured) -> Iterator[Gap]:
        eta = 10.0 ** at.rng.uniform(-1, 4)
        moved = eta * np.where(at.is_own(), correlations.feature(at.setting, at.automatic), 0.0)
        unit = eta * at.setting.latents.U**3
        yield at_least(
            "least move of an own correlation, over ηU³", float(moved.min()) / unit, 0, 1e-13,
            "rounding of the sums that make up α_n; where nothing is moved it is 0",
        )  # fmt: skip

    return search(context, gaps, examples=25, full=200)


# ------------------------------------------------------------ gradient descent on the population

EPSILON = Fraction(1, 100)
SETTLED = arb(1e-12)
"""Below this loss gap a training is over: balls of its precision tell no smaller ones apart."""


@dataclass(frozen=True)
class Steps:
    """One training: steps to the loss gap ε, steps taken, those that surely lowered the loss.

    ends: lines of a script on the last state. radius: its largest one.
    """

    needed: int
    taken: int
    fell: int
    ends: tuple[str, ...]
    radius: float


def taken(setting: Setting, query: QueryKind, eta: int) -> Steps:
    """Exact descent with steps η until the loss gap is settled or ε is reached and some more."""
    most = 400 // eta + 4
    needed, fell, before = None, 0, None
    for seen in ball_descent.descend(setting, query, Fraction(eta), most):
        fell += before is not None and bool(seen.loss_gap < before)
        before = seen.loss_gap
        if needed is None and before < arb(EPSILON.numerator) / EPSILON.denominator:
            needed = seen.steps
        if before < SETTLED or (needed is not None and seen.steps >= needed + 3):
            break
    if needed is None:
        raise ArithmeticError(f"the loss gap is above ε after {most} steps of {eta}")
    ends, radius = descent_script.ends(seen), descent_script.widest(seen)
    return Steps(needed, seen.steps, fell, ends, radius)


def said(found: Steps) -> Iterator[str]:
    """What was decided of a training, as lines of a script."""
    yield f"(first reached {found.needed})"
    if found.fell == found.taken:
        yield "(falls loss_gap)"
    yield from found.ends


def most_steps(yardstick: int, eta: int) -> int:
    """Steps η to ε, claimed to be enough, where steps of STEPS[0] need so many."""
    return math.floor((yardstick * STEPS[0] + 2 * eta) / eta)


def chosen(context: Context) -> Sequence[Setting]:
    """Sizes with both signs of the gap, γ = ½, ¾, ¼."""
    return exact_descent.SIZES[: context.at(quick=2, full=4)]


@any_step.leg("enclosed", require=("global query", "local query", "Δ > 0", "Δ < 0"))
def loss_falls_with_any_step(context: Context) -> Iterator[Gap | Case | Evidence]:
    """Steps up to hundreds of times 2/B, in balls: the loss falls, and how soon it is ε."""
    sizes = chosen(context)
    at = ", ".join(dict.fromkeys(f"P = {s.P}, γ = {s.gamma:g}" for s in sizes))
    eta = ", ".join(map(str, STEPS))
    yield Evidence(gaps=(), cases=0, scope=f"gradient descent at {at}, η = {eta}")
    for setting in sizes:
        for query in QUERIES:
            yield Case((f"{query} query", exact_descent.sign_of(setting)))
            name = exact_descent.name_of(setting, query)
            yardstick = taken(setting, query, STEPS[0])
            for step in STEPS:
                found = taken(setting, query, step)
                over = step * smoothness(setting) / 2
                yield identical(
                    f"{name}, η = {step}: steps that lower the loss",
                    found.fell,
                    found.taken,
                    f"η is {over:.3g} times 2/B; balls of the loss before and after are disjoint",
                )
                yield at_most(
                    f"{name}, η = {step}: steps to ε",
                    found.needed,
                    most_steps(yardstick.needed, step),
                    0,
                    f"as long as steps of {STEPS[0]} take, and two more: growth lags behind by "
                    "one, and time is counted in whole steps",
                    certificate=descent_script.certificate(
                        setting,
                        query,
                        Fraction(step),
                        found.taken,
                        EPSILON,
                        said(found),
                        found.radius,
                    ),
                )


# --------------------------------------------------------------------------------- not from all Q

HIDDEN = Setting.of_sizes(6, 2, 2, gamma=0.5)
"""Three areas of two patches, half of them masked."""
ROW = (-2.0, 2.0, 3.0)
"""Φ of a query in the first area that attends elsewhere."""


def raised_by(eta: float) -> float:
    """What a step adds to the loss of one query at ROW, population of all masks."""
    population = enumeration.population(HIDDEN, masked=0)
    phi, upsilon, query = np.array([ROW]), np.zeros((1, HIDDEN.P)), np.array([0])
    alpha, beta, before = gradients.reconstruction(HIDDEN, population, query, phi, upsilon)
    stepped = (phi + eta * alpha, upsilon + eta * beta)
    return float((gradients.reconstruction(HIDDEN, population, query, *stepped)[2] - before)[0])


@any_step.leg("exact")
def another_start_can_be_overshot(context: Context) -> Iterator[Gap]:
    """Every mask, in floats: a step that raises the loss, and a small one that does not."""
    yield at_least(
        "what η = 4096 adds to the loss from Φ = (-2, 2, 3)", raised_by(4096), 0.05, 0,
        "far beyond rounding: the same step from Q = 0 lowers it",
        certificate=counterexample(
            "enumeration of all masks in float64", "no step raises the loss, from any Q",
            P=6, areas="2, 2, 2", M=3, phi=str(ROW), eta=4096,
        ),
    )  # fmt: skip
    yield at_most("what η = 1/8 adds there", raised_by(0.125), 0, 0, "below 2/B it falls")


any_step.mistake(
    signs.own_integrand,
    "the missing share enters with the wrong sign",
    lambda original: lambda A_n, z_n, S: z_n * A_n * (S - z_n**2 * (1 - A_n) ** 2),
)
any_step.mistake(
    gradients.reconstruction,
    "descent for ascent",
    lambda original: (
        lambda *given: (
            -original(*given)[0],
            -original(*given)[1],
            original(*given)[2],
        )
    ),
)
any_step.mistake(most_steps, "as many steps as time tells", scaled(0.4))
any_step.mistake(
    taken,
    "three steps more than it took",
    lambda original: (
        lambda setting, query, eta: _longer(original(setting, query, eta), 3 * (eta > STEPS[0]))
    ),
)
any_step.mistake(
    ball_descent.descend,
    "every other step backwards",
    lambda original: (
        lambda setting, query, eta, steps: _zigzag(original(setting, query, eta, steps))
    ),
)


def _longer(found: Steps, by: int) -> Steps:
    return replace(found, needed=found.needed + by)


def _zigzag(path: Iterator[ball_descent.Seen]) -> Iterator[ball_descent.Seen]:
    kept = None
    for seen in path:
        if kept is not None and seen.steps % 2:
            yield seen
            yield kept
        kept = seen


CLAIMS = (any_step,)
