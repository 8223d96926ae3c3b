"""Contrastive learning: with too few clusters the collapse stops half-way.

Sources: none; derived here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from refutable.claim import Claim, Context, Provenance
from refutable.claims.contrastive import threshold_law as laws
from refutable.claims.contrastive.both_sides import sides
from refutable.claims.contrastive.cluster_threshold import threshold
from refutable.claims.contrastive.ladders import DIGITS, approach
from refutable.claims.contrastive.resting_place import crowded, resting_place
from refutable.claims.contrastive.threshold_law import Law
from refutable.claims.runs.noise import FALSE_ALARM
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import reduced

STATED_IN = ("refutable.claims.contrastive.threshold_law",)

below_threshold = Claim(
    id="cl.below-threshold",
    title="Too few clusters: the collapse stops half-way",
    statement=(
        r"K<K_c\text{, latents with a density: }\Phi_1/((1-\kappa_c)\log P) \to 1/z_*\text{ with "
        r"}z_*\text{ the largest root of }h\text{; the fraction }\Pr(z<z_*)\text{ of samples does "
        r"not collapse, and local correlations grow from then on}"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "the zero of α_1 in the reduced rates, extrapolated in 1/log P; trained models at P ≤ 128 "
        "with K = 2, where Φ_m has come to 0.4"
    ),
    assumptions=threshold.assumptions,
    rests_on=("cl.cluster-threshold",),
)


def uncollapsed(law: Law, K: int, tau: float) -> float:
    """Limit of 1 - A_1, claimed: Pr(z < z*)."""
    z = laws.resting_latent(law, K, tau)
    return 0.0 if z is None else (z - law[0]) / (law[1] - law[0])


@below_threshold.leg("scaling")
def rest_on_the_ladder(context: Context) -> Iterator[Gap]:
    """Where the reduced Φ_1 rests, the samples that do not collapse, and the local rate there."""
    for K, tau_ in context.at(quick=((3, 1.0),), full=((3, 1.0), (2, 1.0), (2, 1e9), (5, 0.5))):
        z = laws.resting_latent(laws.LATENT_LAW, K, tau_)
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
        yield from approach(f"{name}: 1 - A_1", left, uncollapsed(laws.LATENT_LAW, K, tau_))
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


@below_threshold.leg("trained", profile="full")
def models_with_too_few_clusters(context: Context) -> Iterator[Gap]:
    """Models with too few clusters: where Φ_1 stops, which samples collapse, and local features."""
    for side in sides(context):
        if side.collapses:
            continue
        setting, phi = side.run.setting, side.phi()
        z, A = side.test
        start = (1 - setting.gamma) * setting.C_1 / setting.P
        low = z < np.median(setting.latents.values)
        yield at_most(
            f"{side.name}: E A_1 of samples with small latents",
            float(A[low].mean()),
            0.5,
            0,
            f"less than half, from {start:.3f} at first: they do not collapse",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{side.name}: E A_1 of samples with large latents over that of the others",
            float(A[~low].mean() / A[low].mean()),
            1.5,
            0,
            "at first the two were the same",
            false_alarm=FALSE_ALARM,
        )
        learned, predicted = phi[:, 1:], side.at_end(side.expected.phi_other)
        spread = 8 * float(learned.std()) / math.sqrt(learned.size)
        yield equal(
            f"{side.name}: mean Φ_m of local areas",
            float(learned.mean()),
            predicted,
            0.25 * predicted + spread,
            "local areas of 4 or 8 patches show half of them ± 1 to √2: a first-order correction "
            "of γ/((1-γ)C_s) = 1/4 to a rate; and 8 standard deviations of the mean over areas",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{side.name}: smallest Φ_m of a local area",
            float(learned.min()),
            0,
            0,
            "all local features are learned; with many clusters they are pushed down",
            false_alarm=FALSE_ALARM,
        )


below_threshold.mistake(
    laws.net_pull,
    "K_c as if negatives of one cluster did not count twice",
    lambda original: lambda z, law, K, tau, *N_c: original(z, law, K + 1, tau, *N_c),
)
below_threshold.mistake(
    uncollapsed,
    "the fraction that does collapse",
    lambda original: lambda law, K, tau: 1 - original(law, K, tau),
)
below_threshold.mistake(
    reduced.cl_rates,
    "one cluster more in the dynamics",
    lambda original: lambda s, **phi: original(s.replace(K=s.K + 1), **phi),
)
below_threshold.mistake(
    reduced.cl_rates,
    "local correlations fall",
    lambda original: (
        lambda s, **phi: dataclasses.replace(
            found := original(s, **phi), alpha_other=-abs(found.alpha_other)
        )
    ),
)
below_threshold.tolerates(laws.net_pull, "only the root of h counts, not its scale")
below_threshold.tolerates(laws.pull, "only the root of h counts, not its scale")

CLAIMS = (below_threshold,)
