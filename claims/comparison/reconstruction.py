"""MAE against contrastive learning: reconstruction of local patches.

Sources: abstract; derived here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.comparison.models import (
    ASSUMPTIONS,
    FALSE_ALARM,
    autoencoders,
    contrastive_models,
)
from refutable.claims.runs import contrastive, masked, plants
from refutable.claims.runs.contrastive import TrainedCl
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.claims.theorems import theorem_4_1
from refutable.gap import Gap, at_least, equal, identical
from refutable.model import data, gradients
from refutable.model.setting import Latents, Setting

reconstruction = Claim(
    id="contrast.reconstruction",
    title="Contrastive attention cannot reconstruct local patches",
    statement=(
        r"\tfrac12E\|F_p-X_p\|^2 \to \tfrac12(z_n^2+z_1^2) \ge \tfrac12z^2(1-o(1))\text{ for a "
        r"masked local }p\text{ with CL's attention; with MAE's the loss comes to }L^*_p"
    ),
    provenance=Provenance.DERIVED,
    measured="mean loss of masked local patches on test samples; every patch's loss gap for MAE",
    assumptions=ASSUMPTIONS,
    rests_on=("thm4.1", "thm4.4", "grad.loss"),
)


def wrong_patch_loss(setting: Setting) -> float:
    """Loss of a masked local patch that is filled in with the global feature, claimed."""
    return setting.latents.moment(2)


def loss_of_locals(run: TrainedCl, attention: data.Floats) -> data.Floats:
    """Reconstruction loss given that p is masked, by local patch and cluster, (n,)."""
    setting, test = run.setting, run.test
    own = setting.area_of[test.cluster]
    loss = gradients.loss_integrand(attention, test.latents[:, None, :], own)
    chosen = ~test.visible & (own > 0)
    found = []
    for k in range(setting.K):
        rows = test.cluster == k
        total, number = (loss * chosen)[rows].sum(axis=0), chosen[rows].sum(axis=0)
        found.append(total[number > 0] / number[number > 0])
    return np.concatenate(found)


def miss(run: TrainedCl) -> float:
    """Mean of 1-A_1 on the test samples, weighted by z_1² as the loss is."""
    weight = np.square(run.test.latents[:, 0])
    return float(weight @ (1 - run.attention()[:, :, 0].mean(axis=1)) / weight.sum())


@reconstruction.leg("trained", require=BOTH_SIGNS)
def losses_with_either_attention(context: Context) -> Iterator[Gap | Case]:
    """Loss of masked local patches with the attention of CL, and the loss gap with that of MAE."""
    for name, cl in contrastive_models(context):
        yield Case((sign_of(cl.setting),))
        A, claimed, missed = cl.attention(), wrong_patch_loss(cl.setting), miss(cl)
        found, all_global = loss_of_locals(cl, A), np.zeros_like(A)
        all_global[:, :, 0] = 1
        yield equal(
            f"{name}: CL's attention, mean loss of masked local patches",
            float(found.mean()),
            claimed * (1 - 1.5 * missed),
            claimed * (0.5 * missed + missed**2),
            f"½z²((1-A_n)² + A_1²) with A_1 = 1-m, m = {missed:.2g}, is from 1-2m to 1-m: A_n is "
            "between 0 and m; and m² for how far samples differ",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{name}: CL's attention, least loss of a masked local patch, over that with A_1 = 1",
            float((found / loss_of_locals(cl, all_global)).min()),
            1 - 2 * contrastive.FACTOR * missed,
            0,
            f"1-2m or more, m up to {contrastive.FACTOR:g} times its mean on the samples that mask "
            "one patch",
            false_alarm=FALSE_ALARM,
        )
    for name, mae in autoencoders(context):
        yield Case((sign_of(mae.setting),))
        gaps, errors = mae.loss_gap()
        yield theorem_4_1.within_epsilon(
            f"{name}: MAE's attention, largest L_p - L*_p of a patch", gaps, errors
        )
        yield theorem_4_1.above_infimum(
            f"{name}: MAE's attention, least L_p - L*_p of a patch", gaps
        )


@reconstruction.leg("exact")
def loss_in_the_limit(context: Context) -> Iterator[Gap]:
    """A masked local patch whose attention is all on the global area, in fractions."""
    half, one, most = Fraction(1, 2), Fraction(1), Fraction(3, 2)
    for law in ((one,), (half, most), (most,)):
        A = np.array([[one, Fraction(0), Fraction(0)]], dtype=object)
        losses = [
            gradients.loss_integrand(A, np.array([[z_1, z_n, one]], dtype=object), np.array([1]))[0]
            for z_1, z_n in itertools.product(law, repeat=2)
        ]
        latents = Latents(tuple(map(float, law)), (1 / len(law),) * len(law))
        yield identical(
            f"mean loss with A_1 = 1, z in {', '.join(map(str, law))}",
            sum(losses, Fraction(0)) / len(losses),
            Fraction(wrong_patch_loss(Setting.of_sizes(12, 6, 3, latents=latents))),
            "½(z_n² + z_1²), every pair of latents; numbers that are exact in binary",
        )


reconstruction.mistake(
    wrong_patch_loss,
    "the loss of a blank patch",
    lambda original: lambda setting: 0.5 * original(setting),
)
reconstruction.mistake(
    gradients.loss_integrand,
    "the own area's part of the loss is dropped",
    lambda original: lambda A, z, own: (z**2 * A**2).sum(axis=-1) / 2,
)
reconstruction.mistake(
    masked.unavoidable,
    "the infimum ten times too large",
    plants.scaled(10),
)
reconstruction.mistake(loss_of_locals, "4 % more than it is", plants.scaled(1.04))
reconstruction.mistake(
    loss_of_locals,
    "one patch is filled in a fifth better",
    lambda original: (
        lambda run, A: (
            plants.with_last(lambda loss: 0.8 * loss)(original)(run, A)
            if (A[:, :, 0] < 1).any()
            else original(run, A)
        )
    ),
)
reconstruction.tolerates(
    loss_of_locals,
    "moved by one place: mean and least loss do not depend on the order",
)
reconstruction.tolerates(
    miss, "what is allowed beside the limit: A_n takes between none of it and all"
)

CLAIMS = (reconstruction,)
