"""The law of the cluster threshold: the pull on a sample, and how many clusters keep it positive.

Similarities are not normalised, so that a negative of the sample's own cluster with a larger latent
scores above the positive; derived here from Definitions 2.6 and 2.7.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
from scipy import integrate, optimize

from refutable.model import data, reduced
from refutable.model.setting import Setting

Floats = data.Floats
Law = tuple[float, float]
"""The uniform law on [L, U]."""
LATENT_LAW: Law = (0.5, 1.5)
NODES = np.polynomial.legendre.leggauss(32)
"""Nodes and weights on [-1, 1]: six digits for exponents up to U²/τ = 28, rounding below 12."""
FEW_NODES = np.polynomial.legendre.leggauss(16)
"""For finite N_c, where every pair of nodes costs an integral: three digits up to U²/τ = 28."""
INFINITE = math.inf


def nodes_for(negatives: float) -> tuple[Floats, Floats]:
    """Quadrature nodes and weights."""
    return NODES if negatives == INFINITE else FEW_NODES


def pull(
    A: Floats, z: float, law: Law, K: float, tau: float, negatives: float = INFINITE
) -> Floats:
    """G at attentions A (n,) of a sample with global latent z, those above z alone collapsed.

    zA for each unit of weight on negatives, less z'A' = z' for what is on those of the sample's own
    cluster above z. N_c → ∞: the weights are ratios of means; else as in `reduced.softmax_weights`.
    """
    L, U = law
    x, w = nodes_for(negatives)
    share = (U - z) / (U - L)
    above, on_above = (z + U + (U - z) * x) / 2, w / 2 * share
    log_ratio = np.outer(A, above) * z / tau  # of a negative above z over one that scores 0
    if negatives == INFINITE:
        weight = np.exp(log_ratio)
        return z * A - (weight * above) @ on_above / (K - share + weight @ on_above)
    kinds = np.concatenate([[1 - share / K], on_above / K])
    to_positive = np.column_stack([np.zeros_like(A), log_ratio]) - (z * A)[:, None] ** 2 / tau
    other, same = reduced.softmax_weights(to_positive, kinds, negatives)
    return z * A * (other + same.sum(axis=1)) - same @ above


def net_pull(z: float, law: Law, K: float, tau: float, negatives: float = INFINITE) -> float:
    """h(z), claimed: what is pulled on samples of global latent z while they collapse, in all."""
    x, w = nodes_for(negatives)
    return float(w / 2 @ pull((x + 1) / 2, z, law, K, tau, negatives))


def resting_latent(law: Law, K: float, tau: float) -> float | None:
    """z*, the largest root of h in [L, U], claimed to be where the collapse stops; None if none."""
    zs = np.linspace(law[1], law[0], 41).tolist()
    for high, low in itertools.pairwise(zs):
        if net_pull(low, law, K, tau) <= 0:
            return optimize.brentq(net_pull, low, high, args=(law, K, tau))
    return None


def cluster_threshold(law: Law, tau: float, negatives: float = INFINITE) -> float:
    """K_c, claimed: the least K from which h > 0 on [L, U]."""
    zs = np.linspace(*law, 9)

    def least_pull(log_K: float) -> float:
        def at(z: float) -> float:
            return net_pull(z, law, math.exp(log_K), tau, negatives)

        values = [at(z) for z in zs.tolist()]
        i = int(np.argmin(values))
        if not 0 < i < len(zs) - 1:
            return values[i]
        around = (zs[i - 1], zs[i + 1])
        found = optimize.minimize_scalar(
            at, bounds=around, method="bounded", options={"xatol": 1e-3}
        )
        return float(found.fun)

    # From there on what negatives above z pull is below L/2 in all.
    highest = math.log1p(2 * law[1] / law[0]) + law[1] ** 2 / tau
    return math.exp(
        optimize.brentq(least_pull, 1e-9, highest, xtol=1e-7 if negatives == INFINITE else 1e-5)
    )


def last_threshold(law: Law, tau: float, negatives: float = INFINITE) -> float:
    """K_L, claimed: the least K from which g > 0 at z = L, A = 1; 1 if it always is.

    The last samples then collapse at every P. N_c → ∞: 1 + E[(z'/L - 1)e^{Lz'/τ}].
    """

    def last_pull(log_K: float) -> float:
        return float(pull(np.ones(1), law[0], law, math.exp(log_K), tau, negatives)[0])

    if last_pull(0.0) >= 0:
        return 1.0
    highest = math.log1p(2 * law[1] / law[0]) + law[1] ** 2 / tau
    return math.exp(optimize.brentq(last_pull, 0.0, highest, xtol=1e-10))


def gap_rest(law: Law) -> float:
    """Limit of Φ_1/((1-κ_c) log P) for latents L or U and fixed K, claimed."""
    return 2 / sum(law)


def gap_exponent(setting: Setting) -> float:
    """The power of P in K_c for latents L or U, claimed.

    Samples of U have 1-A = e^{-UΦ}/a_1 left to gain; those of L lose A/K while A < 1/K, A = a_1
    e^{LΦ}. Neither wins at K = a_1^{-(U-L)/(U+2L)}.
    """
    L, U = setting.latents.L, setting.latents.U
    return (1 - setting.kappa_c) * (U - L) / (U + 2 * L)


def narrow_threshold(tau: float) -> float:
    """K_c for a law that narrows around 1, claimed: 1 + e^{1/(2τ)}; N_c → ∞."""
    return 1 + math.exp(1 / (2 * tau))


def weighted(power: int, b: float, low: float, high: float) -> float:
    """∫ z^{power-1} e^{bz} dz from low to high in closed form, power 1 or 2."""
    if b == 0:
        return (high**power - low**power) / power

    def antiderivative(z: float) -> float:
        return math.exp(b * z) * (1 if power == 1 else z - 1 / b) / b

    return antiderivative(high) - antiderivative(low)


def net_pull_by_quadrature(z: float, law: Law, K: float, tau: float) -> float:
    """h(z) by a second route, N_c → ∞: the mean over negatives in closed form, A by quadrature."""
    L, U = law

    def pulled(A: float) -> float:
        b = z * A / tau if z * A / tau > 1e-3 else 0.0  # the closed form cancels below it
        first, zeroth = (weighted(power, b, z, U) / (U - L) for power in (2, 1))
        return z * A - first / (K - (U - z) / (U - L) + zeroth)

    return integrate.quad(pulled, 0, 1, epsrel=1e-9)[0]


TAUS = (math.inf, 1.0, 0.5, 0.3, 0.1)
RATIOS = (1.5, 2.0, 3.0, 5.0)


def law_of(ratio: float) -> Law:
    """The uniform law of mean 1 with U/L = ratio."""
    return 2 / (1 + ratio), 2 * ratio / (1 + ratio)


def table(
    taus: Iterable[float] = TAUS,
    ratios: Iterable[float] = RATIOS,
    negatives: Iterable[float] = (INFINITE,),
) -> list[dict[str, float]]:
    """K_c and K_L for z ∼ U[L, U] of mean 1 at every τ, U/L > 1 and N_c: rows for a data frame."""
    return [
        {
            "tau": tau,
            "U/L": ratio,
            "negatives": N_c,
            "K_c": cluster_threshold(law_of(ratio), tau, N_c),
            "K_L": last_threshold(law_of(ratio), tau, N_c),
        }
        for tau, ratio, N_c in itertools.product(taus, ratios, negatives)
    ]
