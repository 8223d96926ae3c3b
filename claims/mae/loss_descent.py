"""Descent: below a bound on the curvature every step lowers the loss."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims import assumptions
from refutable.gap import Gap, at_least, at_most, equal, identical
from refutable.model import descent, enumeration, losses, vit
from refutable.model.setting import Latents, Setting
from refutable.model.steps import GradientDescent

MODEL = assumptions.MODEL


loss_descent = Claim(
    id="loss.descent",
    title="Below the smoothness bound gradient descent lowers the loss at every step",
    statement=r"\eta<\tfrac2B,\ B=\tfrac{1+2\sqrt2}2\tfrac MP U^2(1+U^2)\implies "
    r"L(Q-\eta\nabla L)\le L(Q)-\eta\big(1-\tfrac{\eta B}2\big)\|\nabla L\|^2",
    measured="enough, and not necessary: a curvature of 0.13·B is attained, and from Q = 0 steps "
    "of hundreds of times 2/B lower the loss as well (loss.any-step)",
    provenance=Provenance.DERIVED,
    assumptions=(*MODEL, "population gradient", "plain gradient descent", "small step"),
    rests_on=("grad.query-decoupling",),
)


def smoothness(setting: Setting) -> float:
    """B, a bound on the second derivative of L in any unit direction.

    Rows decouple, so one row x = Q_p suffices. Scores are s_q = <x, u_q> with u_q = z_jv_j + e_q
    or e_q, so |u_q - u_r|² ≤ 2 + 2U². Along a unit direction write d_q for the change of s_q:
    Var(d) ≤ (2+2U²)/4 under any attention (Popoviciu). With V_q the values, |V_q| ≤ U:
    F′ = Cov(d, V), |F′|² ≤ Var(d)·U²; F″ = Σ attn_q((d_q - d̄)² - Var(d))V_q, |F″| ≤ 2Var(d)·U.
    The residual has |F - X_p|² ≤ 2U² (loss.sandwich). So the second derivative of ½|F - X_p|²,
    |F′|² + <F - X_p, F″>, is within ± (1 + 2√2)·U²·(1+U²)/2; p is masked with probability M/P.
    """
    square = setting.latents.U**2
    return (1 + 2 * math.sqrt(2)) / 2 * setting.M / setting.P * square * (1 + square)


def descended(step: float, bound: float) -> float:
    """The share of η‖∇L‖² that a step is sure to lower the loss by."""
    return 1 - step * bound / 2


DESCENTS = (
    Setting.of_sizes(6, 3, 1, gamma=0.5, latents=Latents.constant(6.0)),
    Setting.of_sizes(5, 2, 3, gamma=0.4, K=2, latents=Latents.two_point(0.5, 1.5)),
)


@loss_descent.leg("trained", require=("η below 1/B", "η near 2/B"))
def loss_falls_at_every_step(context: Context) -> Iterator[Gap | Case]:
    """Autograd on the population of every mask; from Q = 0, and from random Q beyond quick."""
    steps = context.at(quick=12, full=60, deep=300)
    for s in DESCENTS:
        population, bound = enumeration.population(s), smoothness(s)
        for scale in context.at(quick=(0.0,), full=(0.0, 0.5, 2.0)):
            for share in (0.5, 1.9):
                module = vit.MaskedAutoencoder(s)
                start = context.rng().normal(size=(s.dimension, s.dimension))
                module.Q.data = torch.from_numpy(scale * start)
                falls, moves = [], []
                before, value = module.Q.detach().clone(), math.nan
                for _ in range(steps + 1):
                    now = float(
                        descent.train_module(module, population, steps=1, step=share / bound)[0]
                    )
                    falls.append(value - now)
                    after = module.Q.detach().clone()
                    moves.append(float((after - before).square().sum()))
                    before, value = after, now
                # A step moves Q by η‖∇L‖; the loss is read before each step.
                ratios = [
                    fall * share / bound / move
                    for fall, move in zip(falls[1:], moves[:-1], strict=True)
                ]
                yield Case(("η near 2/B",) if share > 1.8 else ("η below 1/B",))
                at = f"U = {s.latents.U}, η = {share}/B, start of scale {scale}"
                why = "it falls each time, from any start"
                yield at_least(f"smallest fall, {at}", min(falls[1:]), 0, 0, why, false_alarm=0)
                yield at_least(
                    f"fall/(η‖∇L‖²), {at}",
                    min(ratios),
                    descended(share / bound, bound),
                    1e-9,
                    "rounding of the loss, 1e-16·L, over falls above 1e-6·L",
                )


BETWEEN = Setting.of_sizes(3, 1, 1, gamma=0.4, latents=Latents.constant(6.0))
"""One of three patches is masked; its query attends to the two others, half to either."""


def curvature() -> float:
    """Second derivative of L at BETWEEN, where a step moves attention from one key to the other.

    There F′ = ¼|u_q - u_r|(V_q - V_r) and <F - X_p, F″> = 0, so that it is ¼U²(1+U²)M/P.
    """
    s, far = BETWEEN, 60.0
    module, population = vit.MaskedAutoencoder(s), enumeration.population(s, masked=2)
    Q = torch.zeros_like(module.Q)
    Q[2, s.P : s.P + 2] = far
    direction = torch.zeros_like(Q)
    for q, sign in ((0, 1.0), (1, -1.0)):
        direction[2, q], direction[2, s.P + q] = sign, sign * s.latents.U
    direction /= direction.norm()
    module.Q.data = Q
    value = losses.reconstruction(module, population, [2])
    (slope,) = torch.autograd.grad(value, module.Q, create_graph=True)
    (bend,) = torch.autograd.grad((slope * direction).sum(), module.Q)
    return float((bend * direction).sum())


@loss_descent.leg("exact")
def curvature_stays_below_the_bound(context: Context) -> Iterator[Gap]:
    """Every mask, in floats: a point and a direction with an eighth of B and more."""
    share = curvature() / smoothness(BETWEEN)
    yield at_most("second derivative over B", share, 1, 0, "B bounds it in any direction")
    why = "1 - ηB/2, the second order of a step whose second derivative is B throughout"
    yield identical("share of η‖∇L‖² left at η = 1/B", descended(1.0, 1.0), 0.5, why)
    yield equal(
        "second derivative over B, at a point between two keys",
        share,
        1 / (2 + 4 * math.sqrt(2)),
        1e-9,
        "¼U²(1+U²)M/P, in floats: so B is at most 7.7 times the least bound",
    )


loss_descent.mistake(
    smoothness,
    "smoothness of order U² instead of U⁴",
    lambda original: lambda s: original(s) / s.latents.U**2,
)
loss_descent.mistake(
    descended,
    "first-order decrease without the curvature term",
    lambda original: lambda step, bound: 1.0,
)
loss_descent.mistake(
    descent.train_module,
    "ascent",
    lambda original: (
        lambda module, batches, *, steps, step: original(
            module,
            batches,
            steps=steps,
            step=step,
            optimizer=GradientDescent((tensor, -step) for tensor in module.parameters()),
        )
    ),
)
loss_descent.tolerates(
    descended, "a bound for every setting and direction: the steps taken curve less and fall more"
)


CLAIMS = (loss_descent,)
