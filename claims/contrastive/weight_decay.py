"""Contrastive learning: too much weight decay stops the collapse.

Sources: none; derived here from Definitions 2.6 and 2.7.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from scipy import optimize

from refutable.claim import Claim, Context, Provenance
from refutable.claims.contrastive.collapse import transition_time
from refutable.claims.contrastive.ladders import (
    ALL_SHAPES,
    CONSTANT,
    MANY,
    OTHER,
    label,
    limit,
    on_ladder,
    rung,
    shapes_of,
)
from refutable.claims.contrastive.start import initial_global
from refutable.claims.runs import contrastive as runs
from refutable.claims.runs.plants import scaled
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import reduced
from refutable.model.setting import Setting

CLOSE = 0.02
"""How near to the threshold runs are made, relative; a bottleneck so wide is passed in some
1/√CLOSE transition times."""

decay_threshold = Claim(
    id="cl.decay-threshold",
    title="Weight decay above a threshold stops the collapse",
    statement=(
        r"\text{Constant }z\text{: collapse iff }\lambda<\lambda_c = "
        r"2e\,z\,\alpha_1(0)\,(1+o(1))"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "least α_1(Φ_1)/Φ_1 before the transition without decay; runs with λ "
        f"{CLOSE:.0%} below and above"
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
def threshold_on_the_ladder(context: Context) -> Iterator[Gap]:
    """The largest decay that growth overcomes, and runs a little below and above it."""
    for base in (CONSTANT, OTHER):
        for shape in shapes_of(context):
            ladder = on_ladder(base, shape)
            name = label(ladder[0])
            yield from limit(
                context,
                f"{name}: λ_c/(2e z α_1(0))",
                ladder,
                lambda s: least_slope(s) / decay_of(s),
                1,
            )
    for share, collapses in ((1 - CLOSE, True), (1 + CLOSE, False)):
        setting = rung(60, ALL_SHAPES[0], contrastive=MANY)
        decayed = with_decay(setting, share * decay_of(setting))
        late_ = transition_time(setting) + math.log(100)
        run = reduced.cl(decayed, loss_gap=1e-9, log_t_max=late_)
        yield identical(
            f"λ = {share} λ_c, P = 1e60: collapses within 100 transition times",
            run.half is not None,
            collapses,
            f"a bottleneck {CLOSE:.0%} wide is passed in some 1/√{CLOSE} transition times",
        )


@decay_threshold.leg("trained", profile="full")
def models_on_both_sides(context: Context) -> Iterator[Gap]:
    """Models trained with half and twice the decay."""
    base = runs.NEGATIVE
    time_ = 2 * runs.training_time(base)
    for share, collapses in ((0.5, True), (2.0, False)):
        setting = with_decay(base, share * decay_of(base))
        run = runs.trained_cl(setting, context.root_seed, time_, runs.STEP * base.P)
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
    decay_of,
    "2z α_1(0), as if e were 1",
    lambda original: lambda s: original(s) / math.e,
)
decay_threshold.mistake(decay_of, "off by a part in ten thousand", scaled(1.0001))
decay_threshold.mistake(
    with_decay,
    "3 % more decay than asked",
    lambda original: lambda setting, decay: original(setting, 1.03 * decay),
)
decay_threshold.mistake(
    with_decay,
    "3 % less decay than asked",
    lambda original: lambda setting, decay: original(setting, 0.97 * decay),
)
decay_threshold.mistake(
    reduced.cl_rates,
    "twice the decay in the dynamics",
    lambda original: lambda s, phi_global: original(s, phi_global=2 * phi_global),
)

CLAIMS = (decay_threshold,)
