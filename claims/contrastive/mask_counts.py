"""Contrastive learning: how much fluctuating mask counts change, which reduced dynamics leave out.

Sources: none; derived here. For the MAE own attention is linear in the own area's count, whose
variance is of order 1/C_s. A contrastive row attends to the global area, and the two views that
meet in a similarity are masked independently: what counts is the variance of global counts, over
their mean squared γ/((1-γ)C_1). So dynamics with fluctuating counts would differ by P^-κ_c, less
than what every law leaves out at finite P, P^(κ_c-1) and P^(κ_s-κ_c), unless κ_c is near 1/2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from refutable.claim import Case, Claim, Context, Provenance
from refutable.gap import Gap, at_most, equal
from refutable.model import data, gradients, reduced
from refutable.model.setting import Contrastive, Setting

SHARE, PART = 4, 2
"""P over C_1, and C_1 over C_s."""

mask_counts = Claim(
    id="cl.mask-counts",
    title="Fluctuating mask counts change the rate of the global feature by less than 1/C_1",
    statement=rf"""Constant latents, $P={SHARE}C_1$, $C_s=C_1/{PART}$:
        $\bigl|\alpha_{{p\to v_1}}/\bar\alpha_{{p\to v_1}}-1\bigr|\le1/C_1$, with $\bar\alpha$ at
        mean mask counts, at $Q=0$ and in the transition.""",
    measured="closed forms of the gradient on sampled views beside the reduced rates, C_1 = 8 to "
    "64; 0.1 at Q = 0 and 0.5 in the transition are found, in units of 1/C_1",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "constant-in-area latent", "contrastive details"),
    rests_on=("cl.gradient-feature", "tier.contrastive"),
)

TRANSITION = 1.5
"""Φ_1 where A_1 is about one half, 0.39."""
FALSE_ALARM = 1e-9
"""Of one comparison, one-sided."""
BATCH = 500
"""Views in a batch; batches tell the standard error."""


def setting_of(C_1: int) -> Setting:
    """A quarter of all patches is global, two local areas have as many, and two more."""
    details = Contrastive(negatives=3, tau=1.0)
    return Setting.of_sizes(SHARE * C_1, C_1, C_1 // PART, K=4, contrastive=details)


def limit_of(C_1: int) -> float:
    """What the relative change stays below."""
    return 1 / C_1


def sampled_rates(
    setting: Setting, phi: float, batches: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Mean and standard error of α_1 at Φ_1 = phi, over masks, clusters and negatives."""
    row = np.zeros((1, setting.features))
    row[:, :: setting.areas] = phi
    found = []
    for _ in range(batches):
        alpha, _, _ = gradients.contrastive(setting, data.views(setting, BATCH, rng), row)
        found.append(alpha[0, :: setting.areas].mean())
    return float(np.mean(found)), float(np.std(found, ddof=1) / math.sqrt(batches))


@mask_counts.leg(
    "scaling",
    require={"Q = 0": "|α_1/its value *", "transition": ("|α_1/its value *", "A_1 in the *")},
)
def change_by_masks(context: Context) -> Iterator[Gap | Case]:
    """The rate over sampled masks beside the one at mean counts, at every size."""
    rng, batches = np.random.default_rng(context.seed), context.at(quick=32, full=100)
    t = float(stats.t.isf(FALSE_ALARM, batches - 1))
    for C_1 in context.at(quick=(8,), full=(8, 16, 32, 64)):
        setting = setting_of(C_1)
        for name, phi in (("Q = 0", 0.0), ("transition", TRANSITION)):
            yield Case((name,))
            rate, error = sampled_rates(setting, phi, batches, rng)
            at_mean = reduced.cl_rates(setting, phi_global=phi)
            mean = at_mean.alpha_global
            if name == "transition":
                yield equal(
                    f"A_1 in the transition, C_1 = {C_1}",
                    at_mean.attention,
                    0.5,
                    0.2,
                    "by then A_1 has grown from 1/8, and is not yet near 1",
                )
            yield at_most(
                f"|α_1/its value at mean counts - 1|, {name}, C_1 = {C_1}",
                abs(rate / mean - 1),
                limit_of(C_1),
                t * error / mean,
                f"Student's t of {batches} batches, {t:.3g} standard errors of the sampled rate",
                false_alarm=FALSE_ALARM,
            )


mask_counts.mistake(limit_of, "a quarter of 1/C_1", lambda right: lambda C_1: right(C_1) / 4)
mask_counts.mistake(
    reduced.cl_rates,
    "a rate that counts every patch as visible",
    lambda right: lambda setting, **at: right(setting.replace(gamma=setting.gamma / 2), **at),
)

mask_counts.mistake(
    "refutable.claims.contrastive.mask_counts.TRANSITION", "long after it", lambda right: 4 * right
)
mask_counts.tolerates(limit_of, "an upper bound, of which half is found in the transition")

CLAIMS = (mask_counts,)
