"""Links between the tiers: what one engine computes is what the next one takes for granted.

Enumerated masks → sampled masks → gradient descent → gradient flow → reduced dynamics. A verdict at
P = 1e100 is worth what these links are worth.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.gap import Gap, at_most, equal
from refutable.model import data, descent, enumeration, gradients, reduced
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.reuse import shared

LOSS_GAP = 0.05
"""Where trajectories stop: past the transition, so that both phases are compared."""


enumerated = Claim(
    id="tier.enumeration",
    title="Sampled gradients agree with the enumeration of all masks",
    statement=r"""$\mathbb E_{\text{drawn}}[\alpha],\ \mathbb E_{\text{drawn}}[\beta]$ are the exact
        expectations over all masks, clusters and latents.""",
    measured="means of batches against the enumeration, in units of their standard error",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "population gradient"),
    rests_on=("mask.moments", "grad.own", "grad.other", "grad.position"),
)

FALSE_ALARM = 1e-9
"""Of one comparison of means, two-sided."""


def sampled(setting: Setting, query: int, size: int, rng: np.random.Generator) -> data.Samples:
    """Samples that mask the query, drawn as training draws them."""
    return data.draw(setting, size, rng, masked=query)


@enumerated.leg("exact")
def sampling_is_unbiased(context: Context) -> Iterator[Gap | Case]:
    """Student's t of 100 batches, for every α and β of one query at a random point."""
    batches, size = 100, context.at(quick=50, full=500)
    rng = context.rng()
    for K, P, C_1, C_s in ((1, 7, 3, 2), (2, 6, 2, 2)):
        setting = Setting.of_sizes(
            P, C_1, C_s, K=K, latents=Latents.two_point(0.5, 1.5), placement="random"
        )
        query = P - 1
        phi, upsilon = rng.normal(size=(1, setting.features)), rng.normal(size=(1, P))

        def slopes(
            samples: data.Samples,
            setting: Setting = setting,
            query: int = query,
            at: tuple[data.Floats, data.Floats] = (phi, upsilon),
        ) -> data.Floats:
            alpha, beta, _ = gradients.reconstruction(setting, samples, np.array([query]), *at)
            return np.concatenate([alpha[0], beta[0]])

        yield Case((f"K = {K}",))
        exact = slopes(enumeration.population(setting, masked=query))
        means = np.array([slopes(sampled(setting, query, size, rng)) for _ in range(batches)])
        error = means.std(axis=0, ddof=1) / math.sqrt(batches)
        t = np.abs(means.mean(axis=0) - exact) / error
        allowed = stats.t.isf(FALSE_ALARM / len(t) / 2, batches - 1)
        yield at_most(
            f"largest t of {len(t)} entries, K = {K}",
            t.max(),
            allowed,
            0,
            f"Student's t with {batches - 1} degrees of freedom, Bonferroni over the entries",
            false_alarm=FALSE_ALARM,
        )


enumerated.mistake(
    sampled,
    "the probability that the query is masked is forgotten",
    lambda original: lambda *a: _certain(original(*a)),
)
enumerated.mistake(
    data.draw_masks,
    "an area counted with its masked patches",
    lambda original: (
        lambda setting, size, rng, masked=None: (
            original(setting, size, rng, masked) | (rng.random((size, setting.P)) < 0.2)
        )
    ),
)


def _certain(samples: data.Samples) -> data.Samples:
    return dataclasses.replace(samples, weights=samples.weights / samples.weights.sum())


flow = Claim(
    id="tier.flow",
    title="Gradient descent approaches the gradient flow as the step shrinks",
    statement=r"$\Phi^{(t/\eta)}_\eta-\Phi(t)=O(\eta)$ at fixed $t$.",
    measured="differences of Φ between steps η and η/2 at a fixed time: their ratio tends to 2",
    provenance=Provenance.DERIVED,
    assumptions=("plain gradient descent", "small step", "population gradient"),
    rests_on=("grad.own", "grad.other", "grad.position"),
)


def order_of_step() -> float:
    """The power of η in the error of gradient descent."""
    return 1.0


@shared.run_once
def correlations_at(setting: Setting, query: QueryKind, time: float, step: float) -> data.Floats:
    """(Φ_1, Φ_n) after gradient descent on the exact population until the given time."""
    steps = round(time / step)
    run = descent.descend_mae(setting, query, engine="closed", step=step, steps=steps)
    return np.array([run.phi_global[-1], run.phi_own[-1]])


@flow.leg("trained")
def error_is_linear_in_the_step(context: Context) -> Iterator[Gap | Case]:
    """Successive differences under halving of the step, at a time before the transition."""
    halvings = context.at(quick=4, full=6)
    for name, setting, time in (
        ("Δ > 0", Setting.of_sizes(64, 32, 8, kappa_c=0.9, kappa_s=0.3), 16.0),
        ("Δ < 0", Setting.of_sizes(64, 16, 8, kappa_c=0.6, kappa_s=0.5), 16.0),
    ):
        yield Case((name,))
        steps = [1.0 / 2**i for i in range(halvings + 1)]
        states = [correlations_at(setting, "local", time, step) for step in steps]
        change = np.array([abs(a - b) for a, b in itertools.pairwise(states)])
        orders = np.log2(change[:-1] / change[1:])  # (halvings - 1, 2)
        for which, order in zip(("Φ_1", "Φ_n"), orders.T, strict=True):
            spread = abs(order[0] - order_of_step())
            yield equal(
                f"order of the step, {which}, {name}",
                order[-1],
                order_of_step(),
                2 * spread / 2 ** (halvings - 2) + 1e-6,
                "the next term of the error is of order η relative to the first, so it halves with "
                "the step; twice what the coarsest pair shows, and 1e-6 for rounding",
            )
            yield at_most(
                f"coarsest pair, {which}, {name}",
                spread,
                0.25,
                0,
                "η = 1 is a quarter of the stable range 2/(z⁴/2), so higher orders are below that",
            )


flow.mistake(order_of_step, "second order", lambda _: lambda: 2.0)
flow.mistake(
    descent.descend_mae,
    "time counted in steps",
    lambda original: lambda *a, steps, **k: original(*a, steps=16, **k),
)
flow.tolerates(
    correlations_at,
    "it reads all the runs whose differences are compared: ratios do not depend on its scale",
)


lumped = Claim(
    id="tier.reduced",
    title="Full population dynamics approach the reduced ones as C_s grows",
    statement=r"""$T_{1/2}/T_{1/2}^{\mathrm{reduced}}-1=\Theta(1/C_s)$: mask counts fluctuate by
        $C_s^{-1/2}$, and the query itself is no visible key.""",
    measured="gradient descent on the exact population, K = 1, equal local areas, C_s = √P",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "population gradient", "small step"),
    rests_on=("mask.moments", "tier.flow"),
)

STEP = 0.125
"""Its own error, η·α ~ η/T_½, is below a tenth of 1/C_s at every rung."""


def deviation_power() -> float:
    """The power of C_s in the deviation of the reduced dynamics."""
    return -1.0


@shared.run_once
def deviation(P: int, C_1: int, C_s: int) -> tuple[float, float]:
    """T_½ of the full population over the reduced one, less 1; and the difference of Φ_n."""
    setting = Setting.of_sizes(P, C_1, C_s, kappa_s=0.5)
    small = reduced.mae(setting, "local", loss_gap=LOSS_GAP).half
    full = descent.descend_mae(
        setting, "local", engine="closed", step=STEP, loss_gap=LOSS_GAP, steps=10**6
    ).half
    assert small is not None
    assert full is not None
    return math.expm1(full.log_t - small.log_t), full.phi_own - small.phi_own


RUNGS = tuple((C * C, C * C - C * (3 * C // 4), C) for C in (8, 12, 16, 20, 24, 32))
"""(P, C_1, C_s) with C_1 = P/4 and 3C_s/4 equal local areas."""


@lumped.leg("scaling")
def deviation_on_a_ladder(context: Context) -> Iterator[Gap | Case]:
    """The deviation of T_½ against its power of C_s."""
    sizes = [math.log(C_s) for _, _, C_s in RUNGS]
    values = [math.log(deviation(*rung)[0]) for rung in RUNGS]
    yield Case(tuple(f"C_s = {C_s}" for _, _, C_s in RUNGS))
    fit = scaling.fit_power(sizes, values)
    yield equal(
        "power of C_s in T_½/T_½(reduced) - 1",
        fit.exponent,
        deviation_power(),
        1 / RUNGS[0][2],
        "next order: relative 1/C_s, 1/8 at the foot of the ladder",
    )
    yield at_most(
        "drift of the power",
        abs(fit.drift),
        1 / RUNGS[0][2],
        0,
        "upper half of the ladder against the lower: within the next order at its foot",
    )


@lumped.leg("trained")
def deviation_of_trained_correlations(context: Context) -> Iterator[Gap | Case]:
    """Φ_n at T_½ of a trained query, within twice the relative size of the deviation."""
    for P, C_1, C_s in RUNGS[:2]:
        yield Case((f"C_s = {C_s}",))
        _, difference = deviation(P, C_1, C_s)
        yield at_most(
            f"|ΔΦ_n(T_½)|, P = {P}",
            abs(difference),
            2 / C_s,
            0,
            "own attention moves by the relative 1/C_s of the missing key and as much again from "
            "the variance γ/((1-γ)C_s) of its count; Φ_n makes up for both",
        )


lumped.mistake(deviation_power, "power of -1/2", lambda _: lambda: -0.5)
lumped.mistake(
    reduced.mae,
    "reduced dynamics with 5 % less time",
    lambda original: lambda *a, **k: _sooner(original(*a, **k)),
)
lumped.tolerates(
    deviation_power,
    "compared within an eighth, the next order at the foot of the ladder",
)


def _sooner(run: Trajectory) -> Trajectory:
    assert run.half is not None
    return dataclasses.replace(
        run, half=dataclasses.replace(run.half, log_t=run.half.log_t + math.log(0.95))
    )


CLAIMS = (flow, lumped, enumerated)
