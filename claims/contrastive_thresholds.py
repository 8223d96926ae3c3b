"""Contrastive learning: where the collapse stops, with too few clusters or too much weight decay.

Sources: none; derived here from Definitions 2.6 and 2.7. Similarities are not normalised, so that a
negative of the sample's own cluster with a larger latent scores above the positive.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np
from scipy import optimize

from claims import runs, theorems
from claims.checking import scaling, shared
from claims.checking.claim import Case, Claim, Context, Provenance
from claims.checking.gap import Gap, at_least, at_most, equal, identical
from claims.contrastive_collapse import transition_time
from claims.contrastive_ladders import (
    ALL_SHAPES,
    CONSTANT,
    DIGITS,
    MANY,
    OTHER,
    label,
    log_P,
    on_ladder,
    rung,
    shapes_of,
)
from claims.contrastive_start import initial_global
from model import reduced
from model.setting import Contrastive, Latents, Setting

Law = tuple[float, float]
"""The uniform law on [L, U]."""
LATENT_LAW: Law = (0.5, 1.5)


NODES = np.polynomial.legendre.leggauss(24)
"""Nodes and weights on [-1, 1]: exact to rounding for exponents up to U²/τ = 7.5."""


def net_pull(z: float, law: Law, K: float, tau: float) -> float:
    """h(z), claimed: mean pull on samples of global latent z while they, and only they, collapse.

    Those above z have collapsed, those below have not; N_c → ∞.
    """
    L, U = law
    x, w = NODES
    A, on_A = (x + 1) / 2, w / 2
    above, on_above = (z + U + (U - z) * x) / 2, w / 2 * (U - z) / (U - L)
    weight = np.exp(np.outer(A, above) * z / tau)
    against = (weight * above) @ on_above / (K - (U - z) / (U - L) + weight @ on_above)
    return float(on_A @ (z * A - against))


def resting_latent(law: Law, K: float, tau: float) -> float | None:
    """z*, the largest root of h in [L, U], claimed to be where the collapse stops; None if none."""
    zs = np.linspace(law[1], law[0], 41).tolist()
    for high, low in itertools.pairwise(zs):
        if net_pull(low, law, K, tau) <= 0:
            return optimize.brentq(net_pull, low, high, args=(law, K, tau))
    return None


def cluster_threshold(law: Law, tau: float) -> float:
    """K_c, claimed: the least K from which h > 0 on [L, U], for N_c → ∞."""
    zs = np.linspace(*law, 21).tolist()

    def least_pull(K: float) -> float:
        return min(net_pull(z, law, K, tau) for z in zs)

    return optimize.brentq(least_pull, 1 + 1e-9, 100, xtol=1e-9)


def crowded(digits: int, K: int, tau: float, latents: Latents | None = None) -> Setting:
    """A rung with K clusters, N_c → ∞ and the uniform law resolved finer than a front is wide."""
    width = (LATENT_LAW[1] - LATENT_LAW[0]) * digits
    law = latents or Latents.uniform(*LATENT_LAW, nodes=32 + int(width))
    details = Contrastive(negatives=math.inf, tau=tau)
    return rung(digits, (0.6, 0.2), K=K, c_1=1.0, latents=law, contrastive=details)


@shared.run_once
def resting_place(setting: Setting) -> float | None:
    """Φ_1/((1-κ_c) log P) at the first zero of α_1 beyond the transition; None if there is none.

    Looked for up to 1.1/L, where samples of every latent have collapsed.
    """
    unit = (1 - setting.kappa_c) * setting.log_P

    def rate(x: float) -> float:
        return reduced.cl_rates(setting, phi_global=x * unit).alpha_global

    # α_1 falls to any value within a front's width 1/Φ, so some 80 points cannot miss it.
    xs = np.linspace(1 / setting.latents.U, 1.1 / setting.latents.L, 80).tolist()
    for low, high in itertools.pairwise(xs):
        if rate(high) <= 0:
            return optimize.brentq(rate, low, high, xtol=1e-10)
    return None


THRESHOLDS = ((1e9, 4.0), (1.0, 5.0), (0.5, 6.45), (0.3, 9.54))
"""(τ, K_c) for z ∼ U[1/2, 3/2]."""

threshold = Claim(
    id="cl.cluster-threshold",
    title="The collapse needs enough clusters",
    statement=(
        r"\text{Random latents with a density on all of }[L,U]\text{, }N_c\to\infty\text{: the "
        r"collapse is complete iff }h(z) = \int_0^1\Big(zA - "
        r"\frac{E[z'e^{zAz'/\tau};z'>z]}{K-P(z'>z)+E[e^{zAz'/\tau};z'>z]}\Big)dA > 0\text{ on "
        r"}[L,U]\text{, that is for }K>K_c\text{; }\tau\to\infty\text{: }K_c = 2\mu/L\text{. A "
        r"same-cluster negative with }z'>z\text{ scores above the positive. With a gap in the law "
        r"no }K\text{ is enough: for }\{L,U\}\text{, }\Phi_1/((1-\kappa_c)\log P)\to 2/(L+U)"
    ),
    provenance=Provenance.SHARPENED,
    measured="whether α_1 stays positive until all samples have collapsed, for K on either side of "
    "K_c, at P = 1e100",
    assumptions=("latents bounded away from 0", "many clusters", "contrastive details"),
    rests_on=("cl.gradient-feature",),
)


@threshold.leg("exact")
def _threshold_exact(context: Context) -> Iterator[Gap]:
    for tau_, value in THRESHOLDS:
        yield equal(
            f"K_c for z ∼ U[1/2, 3/2], τ = {tau_:g}",
            cluster_threshold(LATENT_LAW, tau_),
            value,
            0.006,
            "the value is given to two decimals",
        )
    for law in ((0.5, 1.5), (1.0, 1.5), (0.2, 2.0)):
        yield equal(
            f"K_c for z ∼ U{list(law)}, τ → ∞, against 2μ/L",
            cluster_threshold(law, 1e12),
            (law[0] + law[1]) / law[0],
            1e-6,
            "accuracy of the root",
        )


@threshold.leg("scaling", require=("K < K_c", "K > K_c", "two-point law"))
def _threshold_scaling(context: Context) -> Iterator[Gap | Case]:
    chosen = context.at(quick=THRESHOLDS[1:2], full=THRESHOLDS)
    for tau_, _ in chosen:
        K_c = cluster_threshold(LATENT_LAW, tau_)
        # A front of width 1/log P cannot tell K from a K_c that is closer than that.
        below, above = math.ceil(K_c - 0.1) - 1, math.floor(K_c + 0.1) + 1
        for K, collapses in ((below, False), (above, True)):
            yield Case(("K > K_c" if collapses else "K < K_c",))
            yield identical(
                f"τ = {tau_:g}, K = {K}: the collapse is complete",
                resting_place(crowded(100, K, tau_)) is None,
                collapses,
                f"K_c = {K_c:.3f}",
            )
    for K in context.at(quick=(16,), full=(4, 16, 64)):
        yield Case(("two-point law",))
        law = Latents.two_point(*LATENT_LAW)
        found = [resting_place(crowded(k, K, 1.0, law)) or math.inf for k in DIGITS]
        yield from approach(
            f"latents {LATENT_LAW}, K = {K}: Φ_1/((1-κ_c) log P)", found, gap_rest()
        )


def gap_rest() -> float:
    """Limit of Φ_1/((1-κ_c) log P) for latents L or U, claimed."""
    return 2 / sum(LATENT_LAW)


def approach(name: str, values: list[float], predicted: float) -> Iterator[Gap]:
    """The limit along the ladder of values whose error is a series in 1/log P."""
    x = 1 / np.array(log_P(DIGITS))
    fit = np.polynomial.Polynomial.fit(x, values, 2, domain=[0, float(x.max())])
    yield equal(
        f"{name}, extrapolated to log P → ∞",
        float(fit(0)) if math.isfinite(sum(values)) else math.inf,
        predicted,
        0.004,
        "quadratic in 1/log P: the cubic term is about (front width)³ < 0.004 here",
    )
    yield at_most(
        f"{name}: error shrinks",
        abs(values[-1] - predicted),
        abs(values[0] - predicted),
        0,
        "the error at P = 1e100 is less than at P = 1e40",
    )


threshold.mistake(
    "half the pull of the negatives",
    "claims.contrastive_thresholds.net_pull",
    lambda original: lambda z, law, K, tau: original(z, law, 2 * K, tau),
)
threshold.mistake(
    "latents taken to be constant",
    "claims.contrastive_thresholds.LATENT_LAW",
    lambda original: (0.999, 1.001),
)
threshold.mistake(
    "the two-point law rests where L alone would",
    "claims.contrastive_thresholds.gap_rest",
    lambda original: lambda: 1 / LATENT_LAW[0],
)

below_threshold = Claim(
    id="cl.below-threshold",
    title="Too few clusters: the collapse stops half-way",
    statement=(
        r"K<K_c\text{, latents with a density: }\Phi_1/((1-\kappa_c)\log P) \to 1/z_*\text{ with "
        r"}z_*\text{ the largest root of }h\text{; the fraction }\Pr(z<z_*)\text{ of samples does "
        r"not collapse, and local correlations grow from then on}"
    ),
    provenance=Provenance.DERIVED,
    measured="the zero of α_1 in the reduced rates, extrapolated in 1/log P",
    assumptions=threshold.assumptions,
    rests_on=("cl.cluster-threshold",),
)


def uncollapsed(law: Law, K: int, tau: float) -> float:
    """Limit of 1 - A_1, claimed: Pr(z < z*)."""
    z = resting_latent(law, K, tau)
    return 0.0 if z is None else (z - law[0]) / (law[1] - law[0])


@below_threshold.leg("scaling")
def _below_threshold_scaling(context: Context) -> Iterator[Gap]:
    for K, tau_ in context.at(quick=((3, 1.0),), full=((3, 1.0), (2, 1.0), (2, 1e9), (5, 0.5))):
        z = resting_latent(LATENT_LAW, K, tau_)
        ladder = [crowded(k, K, tau_) for k in DIGITS]
        name = f"K = {K}, τ = {tau_:g}"
        found = [resting_place(s) or math.inf for s in ladder]
        predicted = math.inf if z is None else 1 / z
        yield from approach(f"{name}: Φ_1/((1-κ_c) log P)", found, predicted)
        rates = [
            reduced.cl_rates(s, phi_global=x * (1 - s.kappa_c) * s.log_P)
            for s, x in zip(ladder, found, strict=True)
        ]
        left = [1 - rate.attention for rate in rates]
        yield from approach(f"{name}: 1 - A_1", left, uncollapsed(LATENT_LAW, K, tau_))
        yield at_least(
            f"{name}: α_m at rest over its order a_m/(KP Φ²), smallest on the ladder",
            min(
                rate.alpha_other * s.K * s.P * (s.P / s.C_s) * s.log_P**2
                for rate, s in zip(rates, ladder, strict=True)
            ),
            1e-3,
            0,
            "positive by much more than rounding: local correlations grow",
        )


below_threshold.mistake(
    "K_c as if negatives of one cluster did not count twice",
    "claims.contrastive_thresholds.net_pull",
    lambda original: lambda z, law, K, tau: original(z, law, K + 1, tau),
)
below_threshold.mistake(
    "the fraction that does collapse",
    "claims.contrastive_thresholds.uncollapsed",
    lambda original: lambda law, K, tau: 1 - original(law, K, tau),
)
below_threshold.mistake(
    "one cluster more in the dynamics",
    "model.reduced.cl_rates",
    lambda original: lambda s, **phi: original(s.replace(K=s.K + 1), **phi),
)


decay_threshold = Claim(
    id="cl.decay-threshold",
    title="Weight decay above a threshold stops the collapse",
    statement=(
        r"\text{Constant }z\text{: collapse iff }\lambda<\lambda_c = "
        r"2e\,z\,\alpha_1(0)\,(1+o(1))"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "least α_1(Φ_1)/Φ_1 before the transition without decay; runs with λ 2 % below and above"
    ),
    assumptions=(
        "zero initialisation",
        "plain gradient descent",
        "constant-in-area latent",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.init-global", "cl.time"),
)


def decay_of(setting: Setting) -> float:
    """λ_c, claimed: Φe^{-2zΦ} is at most 1/(2ez)."""
    return 2 * math.e * setting.latents.U * initial_global(setting)


def least_slope(setting: Setting) -> float:
    """Least α_1(Φ_1)/Φ_1 for Φ_1 ≤ 2/z: with more decay than that the growth comes to rest."""

    def slope(phi: float) -> float:
        return reduced.cl_rates(setting, phi_global=phi).alpha_global / phi

    z = setting.latents.U
    return float(optimize.minimize_scalar(slope, bounds=(0.05 / z, 2 / z), method="bounded").fun)


def with_decay(setting: Setting, decay: float) -> Setting:
    """The setting with weight decay λ."""
    return setting.replace(contrastive=dataclasses.replace(setting.contrastive, weight_decay=decay))


@decay_threshold.leg("scaling")
def _decay_threshold_scaling(context: Context) -> Iterator[Gap]:
    for base in (CONSTANT, OTHER):
        for shape in shapes_of(context):
            ladder = on_ladder(base, shape)
            name = label(ladder[0])
            yield from scaling.limit(
                f"{name}: λ_c/(2e z α_1(0))",
                log_P(DIGITS),
                [least_slope(s) / decay_of(s) for s in ladder],
                1,
                tolerance=5e-4,
                why="three digits; the correction C_1/P is below 1e-9",
            )
    for share, collapses in ((0.98, True), (1.02, False)):
        setting = rung(60, ALL_SHAPES[0], contrastive=MANY)
        decayed = with_decay(setting, share * decay_of(setting))
        late_ = transition_time(setting) + math.log(100)
        run = reduced.cl(decayed, loss_gap=1e-9, log_t_max=late_)
        yield identical(
            f"λ = {share} λ_c, P = 1e60: collapses within 100 transition times",
            run.half is not None,
            collapses,
            "a bottleneck 2 % wide is passed in some 1/√0.02 transition times",
        )


@decay_threshold.leg("trained", profile="full")
def _decay_threshold_trained(context: Context) -> Iterator[Gap]:
    base = theorems.CL_NEGATIVE
    time_ = 2 * theorems.cl_time(base)
    for share, collapses in ((0.5, True), (2.0, False)):
        setting = with_decay(base, share * decay_of(base))
        run = runs.trained_cl(setting, context.root_seed, time_, theorems.CL_STEP * base.P)
        bound = at_least if collapses else at_most
        yield bound(
            f"λ = {share} λ_c: attention on the global area",
            float(run.attention()[:, 0, 0].mean()),
            0.7 if collapses else 0.3,
            0,
            "one of two rest points: near 1, or near the initial 1/16",
            false_alarm=1e-10,
        )


decay_threshold.mistake(
    "2z α_1(0), as if e were 1",
    "claims.contrastive_thresholds.decay_of",
    lambda original: lambda s: original(s) / math.e,
)
decay_threshold.mistake(
    "twice the decay in the dynamics",
    "model.reduced.cl_rates",
    lambda original: lambda s, phi_global: original(s, phi_global=2 * phi_global),
)


CLAIMS = (threshold, below_threshold, decay_threshold)
