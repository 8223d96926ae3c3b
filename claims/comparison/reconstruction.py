"""MAE against contrastive learning: reconstruction of local patches.

Sources: abstract; derived here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.comparison.models import (
    ASSUMPTIONS,
    FALSE_ALARM,
    autoencoders,
    contrastive_models,
)
from refutable.claims.runs import masked, plants
from refutable.claims.runs.contrastive import TrainedCl
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.claims.theorems import theorem_4_1
from refutable.gap import Gap, at_least, equal
from refutable.model import data, gradients
from refutable.model.setting import Setting

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


def loss_of_locals(run: TrainedCl) -> data.Floats:
    """Reconstruction loss given that p is masked, by local patch and cluster, (n,)."""
    setting, test = run.setting, run.test
    own = setting.area_of[test.cluster]
    loss = gradients.loss_integrand(run.attention(), test.latents[:, None, :], own)
    chosen = ~test.visible & (own > 0)
    found = []
    for k in range(setting.K):
        rows = test.cluster == k
        total, number = (loss * chosen)[rows].sum(axis=0), chosen[rows].sum(axis=0)
        found.append(total[number > 0] / number[number > 0])
    return np.concatenate(found)


@reconstruction.leg("trained", require=BOTH_SIGNS)
def losses_with_either_attention(context: Context) -> Iterator[Gap | Case]:
    """Loss of masked local patches with the attention of CL, and the loss gap with that of MAE."""
    for name, cl in contrastive_models(context):
        yield Case((sign_of(cl.setting),))
        found, claimed = loss_of_locals(cl), wrong_patch_loss(cl.setting)
        yield equal(
            f"{name}: CL's attention, mean loss of masked local patches",
            float(found.mean()),
            claimed,
            0.1 * claimed,
            "½z²((1-A_n)² + A_1²) with A_1 ≥ 0.9 on average (Theorem 4.4) and A_n below 1e-2",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{name}: CL's attention, least loss of a masked local patch, over ½z²",
            float(found.min()) / (0.5 * cl.setting.latents.moment(2)),
            1,
            0.05,
            "(1-A_n)² with A_n below 1e-2",
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
reconstruction.tolerates(
    wrong_patch_loss,
    "compared within 10 %: attention reaches 0.9 in the time trained, not 1",
)
reconstruction.tolerates(
    loss_of_locals,
    "mean and least loss are compared within 10 % and 5 %, and do not depend on the order",
)

CLAIMS = (reconstruction,)
