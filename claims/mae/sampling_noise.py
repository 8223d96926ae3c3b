"""MAE by stochastic gradient descent: how far a trained correlation lies from the population's.

Sources: none; derived here. A step η on the mean of B samples moves Φ_n by η(α + ξ), E ξ = 0 and
Var ξ = V/B with V the variance of one sample's rate. To first order in the noise its variance C·η/B
at time t follows dC/dt = 2(∂α/∂Φ_n)C + V along the path of the population: errors grow while Φ_n
grows faster the larger it is, and heal once it saturates. So the spread is √(Cη/B): of the power ½
in η/B, and the same for all η and B of one η/B. Left out is what the noise of Φ_1, Φ_m and Υ does
to Φ_n: with all of a row's covariance C is lower by a quarter at P = 64.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims import assumptions
from refutable.claims.runs.plants import scaled
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, equal, identical
from refutable.model import correlations, data, descent, enumeration, gradients
from refutable.model.setting import Latents, Setting
from refutable.reuse import shared

spread = Claim(
    id="sgd.spread",
    title="Sampled gradients spread the own correlation like √(η/B)",
    statement=r"""Batches of $B$ fresh samples: at a fixed time the spread of $\Phi_{p\to v_n}$
        is $\sqrt{C\eta/B}\,(1+o(1))$ as $\eta/B\to0$; up to the noise of the other correlations
        $C'=2(\partial_{\Phi_n}\alpha_n)C+V$, $C(0)=0$, $V$ the variance of one sample's rate.""",
    measured="local patches over several seeds, P = 36 and 64, at the time of ε = 0.01; V and α "
    "from samples along a path of large batches; on the noise of Φ_n alone: within 30 %",
    provenance=Provenance.SHARPENED,
    assumptions=(
        *assumptions.MODEL,
        "zero initialisation",
        "uniform masking",
        "plain gradient descent",
        "small step",
    ),
    rests_on=("grad.own", "tier.enumeration", "thm4.1"),
)

SETTINGS = (
    Setting.of_sizes(36, 18, 6, kappa_c=0.8, kappa_s=1 / 2),
    Setting.of_sizes(36, 12, 6, kappa_c=0.7, kappa_s=1 / 2),
    Setting.of_sizes(
        64, 32, 8, kappa_c=5 / 6, kappa_s=1 / 2, gamma=0.75, latents=Latents.constant(1.25)
    ),
)
"""Both signs of the gap; and where neither z nor γ is the usual."""
TIME = 96.0
"""About T*(0.01) at z = 1."""
STEPS = ((1.0, 1), (4.0, 4), (2.0, 8), (1.0, 4), (0.5, 4))
"""(η, B) with η/B = 1 twice, 1/4 twice, and 1/8."""
COARSE = 4.0
"""η of the population's path, along which C is added up."""
SEEN = 400
"""Samples by which V and α are known to a twentieth, and which a step of the path takes."""


@shared.run_once
def trained_spread(setting: Setting, seed: int, eta: float, batch: int, models: int) -> float:
    """Standard deviation of Φ_n at TIME over local patches and models."""
    local = np.flatnonzero(setting.area_of[0])
    found = []
    for number in range(models):
        rng = np.random.default_rng([seed, number, 17])
        batches = (data.draw(setting, batch, rng) for _ in itertools.count())
        G = descent.train_closed(setting, batches, steps=round(TIME / eta), step=eta)
        found.append(correlations.feature(setting, G)[local, setting.area_of[0][local]])
    return float(np.std(found, ddof=1))


def sampled_own_rate(
    setting: Setting, samples: data.Samples, p: int, phi: data.Floats, upsilon: data.Floats
) -> data.Floats:
    """α_{p→v_n} on each sample, 0 where p is visible: (B,)."""
    own = np.full(len(samples), setting.area_of[0, p])
    A = correlations.area_attention(setting, samples, phi, upsilon)[:, 0]
    return gradients.own_integrand(A, samples.latents, own) * ~samples.visible[:, p]


def grown(C: float, slope: float, variance: float, time: float) -> float:
    """C after `time` of dC/dt = 2·slope·C + variance, both constant meanwhile."""
    rate = 2 * slope * time
    return C * math.exp(rate) + variance * time * (math.expm1(rate) / rate if rate else 1.0)


@shared.run_once
def predicted_spread(setting: Setting, seed: int) -> float:
    """√C at TIME, along a path of large batches."""
    rng = np.random.default_rng([seed, 18])
    P, p = setting.P, int(np.flatnonzero(setting.area_of[0])[0])
    n, test = int(setting.area_of[0, p]), data.draw(setting, 3 * SEEN, rng)
    G, C, by = np.zeros((setting.dimension, setting.dimension)), 0.0, 1e-4

    def step() -> None:
        batch = data.draw(setting, SEEN, rng)
        G[:] = descent.train_closed(setting, batch, steps=1, step=COARSE / 2, start=G)

    for _ in range(round(TIME / COARSE)):
        step()  # rates are taken half-way
        phi, upsilon = G[[p], P:], G[[p], :P]
        rates = sampled_own_rate(setting, test, p, phi, upsilon)
        moved = phi + by * (np.arange(setting.features) == n)
        slope = (sampled_own_rate(setting, test, p, moved, upsilon).mean() - rates.mean()) / by
        C = grown(C, float(slope), float(rates.var()), COARSE)
        step()
    return math.sqrt(C)


def predicted_power() -> float:
    """The power of η/B."""
    return 0.5


@spread.leg("trained", require=BOTH_SIGNS)
def spread_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """Spread over patches and models for several steps and batches, over √(Cη/B)."""
    models, root = context.at(quick=6, full=12), context.root_seed
    for setting in context.at(quick=SETTINGS[:2], full=SETTINGS):
        yield Case((sign_of(setting),))
        name = f"C_1 = {setting.C_1}, γ = {setting.gamma:g}, z = {setting.latents.L:g}"
        unit = predicted_spread(setting, root)
        steps = context.at(quick=STEPS[:3], full=STEPS)
        spreads = [trained_spread(setting, root, *step, models) for step in steps]
        power, _ = np.polyfit([math.log(eta / B) for eta, B in steps], np.log(spreads), 1)
        yield equal(
            f"{name}: power of η/B in the spread of Φ_n",
            float(power),
            predicted_power(),
            0.2,
            "spreads known to 7 %, η/B over a factor of 4 at least: 0.05; and the next order",
            false_alarm=1e-8,
        )
        for (eta, batch), found in zip(steps, spreads, strict=True):
            yield equal(
                f"{name}, η = {eta:g}, B = {batch}: spread of Φ_n over √(Cη/B)",
                found / unit * (batch / eta) ** predicted_power(),
                1.0,
                0.3,
                "a spread over some 100 patches, which share batches, is known to 8 %; noise of "
                "other correlations takes off 13 %",
                false_alarm=1e-8,
            )


# --------------------------------------------------------------------- one step, every batch

SMALL = Setting.of_sizes(5, 2, 1, gamma=0.6)


def rates_of_masks(setting: Setting) -> list[Fraction]:
    """α_{p→v_n} at Q = 0 of a patch in the global area on every mask, z = 1."""
    of_area, found = np.eye(setting.areas, dtype=int)[setting.area_of[0]], []
    for visible in enumeration.masks(setting):
        A = [Fraction(int(n), setting.P) for n in visible @ of_area]
        others = sum(a * a for j, a in enumerate(A) if j)
        found.append(A[0] * ((1 - A[0]) ** 2 + others) * (not visible[0]))
    return found


def variance_of_batches(variance: Fraction, batch: int) -> Fraction:
    """Variance of a batch's mean rate, claimed: V/B."""
    return variance / batch


@spread.leg("exact", scope="P = 5, every batch of up to three masks, at Q = 0")
def variance_of_one_step(context: Context) -> Iterator[Gap]:
    """Every batch, in fractions: the mean rate is the population's, its variance V/B."""
    rates = rates_of_masks(SMALL)
    mean = sum(rates, Fraction(0)) / len(rates)
    variance = sum(((r - mean) ** 2 for r in rates), Fraction(0)) / len(rates)
    for batch in (1, 2, 3):
        means = [
            sum(drawn, Fraction(0)) / batch for drawn in itertools.product(rates, repeat=batch)
        ]
        found = sum(((m - mean) ** 2 for m in means), Fraction(0)) / len(means)
        why = "samples are independent; every batch counted, in fractions"
        yield identical(f"B = {batch}: mean rate", sum(means, Fraction(0)) / len(means), mean, why)
        yield identical(
            f"B = {batch}: variance of the rate", found, variance_of_batches(variance, batch), why
        )


spread.mistake(predicted_power, "the power 1 of η/B", scaled(2))
spread.mistake(
    grown,
    "errors do not grow",
    lambda original: lambda C, slope, variance, time: original(C, 0.0, variance, time),
)
spread.mistake(
    variance_of_batches, "as if a batch were one sample", lambda original: lambda V, B: V
)
spread.mistake(
    sampled_own_rate,
    "the variance without the masks that show the query",
    lambda original: (
        lambda setting, samples, p, phi, upsilon: original(
            setting, samples.take(~samples.visible[:, p]), p, phi, upsilon
        )
    ),
)

CLAIMS = (spread,)
