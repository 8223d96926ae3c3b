"""Where the reduced collapse comes to rest: with few clusters, or laws of latents with a gap."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import optimize

from refutable.claims.contrastive import threshold_law as laws
from refutable.claims.contrastive.ladders import rung
from refutable.model import reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.reuse import shared


def crowded(
    digits: float,
    K: int,
    tau: float,
    latents: Latents | None = None,
    negatives: float = math.inf,
) -> Setting:
    """A rung with K clusters, and the uniform law resolved finer than a front is wide."""
    width = (laws.LATENT_LAW[1] - laws.LATENT_LAW[0]) * digits
    law = latents or Latents.uniform(*laws.LATENT_LAW, nodes=32 + int(width))
    details = Contrastive(negatives=negatives, tau=tau)
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


def rests_at(setting: Setting) -> bool:
    """Whether α_1 vanishes on the way to 1-A_1 = 1e-3 at this P, before local features move."""
    far = (math.log(setting.P / setting.C_1) + 8) / setting.latents.L
    phis = np.linspace(0, far, 200)[1:]
    return any(reduced.cl_rates(setting, phi_global=phi).alpha_global <= 0 for phi in phis)


def log_threshold_at(setting: Setting) -> float:
    """Log K_c at this P: the K from which α_1 > 0 up to Φ_1 = (1-κ_c)log P/L, N_c → ∞, τ = 1."""
    unit, law = (1 - setting.kappa_c) * setting.log_P, setting.latents
    phis = np.linspace(1 / law.U, 1 / law.L, int(4 * unit)) * unit
    details = Contrastive(negatives=math.inf)

    def stops(log_K: float) -> bool:
        at = setting.replace(K=round(math.exp(log_K)), contrastive=details)
        return any(reduced.cl_rates(at, phi_global=phi).alpha_global <= 0 for phi in phis)

    low, high = math.log(2), unit
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if stops(middle) else (low, middle)
    return (low + high) / 2
