"""MAE against contrastive learning: diversity of attention.

Sources: Figures 1 and 3, in the paper's own data model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.comparison.models import (
    ASSUMPTIONS,
    DIGITS,
    FALSE_ALARM,
    LOSS_GAP,
    autoencoders,
    tops,
)
from refutable.claims.contrastive import readings, shared_row
from refutable.claims.runs import masked, plants
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import correlations, data, enumeration, vit
from refutable.model.data import Floats
from refutable.model.setting import Setting, power_of_ten
from refutable.model.trajectory import Trajectory

diversity_mae = Claim(
    id="contrast.diversity-mae",
    title="Masked autoencoders attend to different areas",
    statement=r"D_{\mathrm{MAE}} \to 1-\sum_j\frac{C_j(C_j-1)}{P(P-1)}",
    provenance=Provenance.DERIVED,
    measured=(
        "D of trained models, extrapolated along training to 1-A_own = 0; D of lumped attention at "
        "a loss gap of 1e-8 in the reduced dynamics"
    ),
    assumptions=ASSUMPTIONS[:6],
    rests_on=("thm4.1", "mae.locality"),
)


def limit_diversity(setting: Setting) -> float:
    """D when every masked patch attends to its own area, claimed: 1 - Pr(same area)."""
    kinds = ((setting.C_1, 1), *setting.local_kinds)
    same = sum(number * C * (C - 1) for C, number in kinds)
    return 1 - same / (setting.P * (setting.P - 1))


@diversity_mae.leg("exact")
def limit_over_every_mask(context: Context) -> Iterator[Gap]:
    """Every mask, in floats: D when each patch attends to its own area alone, or in part."""
    for P, C_1, C_s, M in ((8, 4, 2, 3), (9, 3, 2, 4), (10, 4, 3, 5)):
        setting = Setting.of_sizes(P, C_1, C_s, gamma=(2 * M + 1) / (2 * P))
        samples = enumeration.population(setting)
        A = np.eye(setting.areas)[setting.area_of[samples.cluster]]
        yield equal(
            f"P = {P}, C_1 = {C_1}, M = {M}: D over all masks when each patch attends to its area",
            correlations.diversity(samples, A, masked_only=True),
            limit_diversity(setting),
            1e-12,
            "rounding",
        )

        shares = np.linspace(0.2, 1, P)
        yield equal(
            f"P = {P}, C_1 = {C_1}, M = {M}: D over all masks when patch p gives its area s_p",
            correlations.diversity(samples, A * shares[:, None], masked_only=True),
            diversity_of_shares(setting, shares),
            1e-12,
            "rounding; what is left of the attention is on masked keys, and counts as well",
        )


def diversity_of_shares(setting: Setting, shares: Floats) -> float:
    """D when patch p gives its own area the share s_p, and masked keys the rest; K = 1.

    Two patches of one area differ by |s - s'| there and on masked keys; two of different areas by
    s and s' there, and by |s - s'| on masked keys: max(s, s') altogether.
    """
    s, area = shares[:, None], setting.area_of[0]
    distance = np.where(area[:, None] == area, np.abs(s - s.T), np.maximum(s, s.T))
    np.fill_diagonal(distance, 0)
    return float(distance.sum() / (setting.P * (setting.P - 1)))


NEAR = 0.04
"""Room between D extrapolated to complete attention and its limit.

Measured, not derived: a line misses the second order, (1-A_own)^2 = 0.015 to 0.03 on the stretch,
and that patches of one area differ, which D counts until their attention is complete. Quick runs
use a third; the example in the docs, with 1-A_own = 0.14 at its end, all of it.
"""


def at_complete_attention(run: masked.TrainedMae) -> float:
    """D over the second half of training, extrapolated to 1-A_own = 0."""
    found, missed = [], []
    for moment in range(len(run.times))[-3:]:
        A = run.attention(moment)
        own = correlations.own_attention(run.setting, run.test, A)
        found.append(correlations.diversity(run.test, A, masked_only=True))
        missed.append(float(1 - own[~run.test.visible].mean()))
    _, at_end = np.polyfit(missed, found, 1)
    return float(at_end)


@diversity_mae.leg("trained", require=BOTH_SIGNS)
def diversity_of_trained_autoencoders(context: Context) -> Iterator[Gap | Case]:
    """D along training, extrapolated to complete attention on the own area."""
    for name, run in autoencoders(context):
        setting = run.setting
        yield Case((sign_of(setting),))
        limit = limit_diversity(setting)
        yield equal(
            f"{name}: D extrapolated to 1-A_own = 0 over the second half of training",
            at_complete_attention(run),
            limit,
            NEAR,
            "measured: D is linear in 1-A_own but for its square, 0.015 to 0.03 on the stretch, "
            "and for what patches of one area differ by",
            false_alarm=FALSE_ALARM,
        )


def lumped_diversity(setting: Setting, local: Trajectory, global_: Trajectory) -> float:
    """D at the end of two reduced runs; all other areas and masked keys share what is left.

    That Φ and Υ towards them stay small is claimed elsewhere, and moves D by less than they are.
    """
    P, C_1, C_s, seen = setting.P, setting.C_1, setting.C_s, 1 - setting.gamma

    def spread(rest: float, other: int) -> tuple[float, float]:
        """Attention to the other local areas together, and to masked keys."""
        visible = seen * (other / P)
        return rest * visible / (visible + setting.gamma), rest * setting.gamma / (
            visible + setting.gamma
        )

    a, b = float(local.global_attention[-1]), float(local.own_attention[-1])
    g = float(global_.own_attention[-1])
    others_l, masked_l = spread(1 - a - b, P - C_1 - C_s)
    others_g, masked_g = spread(1 - g, P - C_1)
    each_l, each_g = others_l * (C_s / P), others_g * (C_s / P)
    unlike = abs(g - a) + abs(b - each_g) + abs(others_l - others_g) + abs(masked_l - masked_g)
    local_pairs = (P - C_1) * (P - C_1 - C_s) / (P * (P - 1))
    mixed_pairs = 2 * C_1 * (P - C_1) / (P * (P - 1))
    return local_pairs * abs(b - each_l) + mixed_pairs * unlike / 2


@diversity_mae.leg("scaling", require=BOTH_SIGNS)
def diversity_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """D of lumped attention at the end of two reduced runs, less its limit."""
    for top in tops(context):
        yield Case((sign_of(top),))
        found, ladder = [], [top.replace(P=power_of_ten(k)) for k in DIGITS]
        for setting in ladder:
            local, global_ = (
                masked.reduced_mae(setting, query, LOSS_GAP) for query in ("local", "global")
            )
            found.append(lumped_diversity(setting, local, global_))
        for digits, setting, d in zip(DIGITS, ladder, found, strict=True):
            yield equal(
                f"κ_c = {top.kappa_c}, κ_s = {top.kappa_s}: D at P = 1e{digits:.3g}",
                d,
                limit_diversity(setting),
                2 * math.sqrt(2 * LOSS_GAP / top.gamma) / top.latents.L,
                "½γz²(1-A_own)² is at most the loss gap; D moves by at most 2(1-A_own)",
            )


diversity_mae.mistake(
    limit_diversity,
    "no two patches of one area",
    lambda original: lambda s: 1,
)
diversity_mae.mistake(
    correlations.diversity,
    "without the attention on masked keys",
    lambda original: (
        lambda samples, A, masked_only: (
            original(samples, A, masked_only=masked_only)
            - original(samples, A.sum(axis=2, keepdims=True), masked_only=masked_only) / 2
        )
    ),
)
diversity_mae.mistake(
    correlations.diversity,
    "contrastive learning in its place",
    lambda original: (
        lambda samples, A, masked_only: original(
            samples,
            np.repeat(A.mean(axis=1, keepdims=True), A.shape[1], axis=1),
            masked_only=masked_only,
        )
    ),
)
diversity_mae.mistake(at_complete_attention, "a tenth less diverse", plants.scaled(0.9))
diversity_mae.tolerates(
    correlations.own_attention,
    "1 - A_own, along which D is extrapolated to 0: the limit does not depend on its scale",
)

diversity_cl = Claim(
    id="contrast.diversity-cl",
    title="Contrastive learning attends alike from everywhere",
    statement=(
        r"D_{\mathrm{CL}} = 0\text{ throughout training with queries by position, and small after "
        r"training otherwise}"
    ),
    provenance=Provenance.DERIVED,
    assumptions=ASSUMPTIONS,
    rests_on=("cl.rank-one", "cl.readings"),
)


def claimed_diversity() -> float:
    """D of contrastive learning with queries by position, claimed."""
    return 0.0


@diversity_cl.leg(
    "trained",
    expects={"*: largest D along training": "all rows of Q move alike, to the last bit"},
)
def diversity_of_trained_contrastive_models(context: Context) -> Iterator[Gap]:
    """D along training of all of Q by torch; and at its end where queries carry their content."""
    # The whole matrix Q by automatic differentiation, so that nothing presumes equal rows.
    chosen = context.at(quick=shared_row.POSITION_READINGS[::3], full=shared_row.POSITION_READINGS)
    for i, reading in enumerate(chosen):
        setting = shared_row.small_setting(reading)
        module = vit.ContrastiveViT(setting)
        test = data.draw(setting, 16, np.random.default_rng(context.seed))
        steps = context.at(quick=50, full=200)
        batches = shared_row.minibatches(setting, context.seed + 1 + i, steps)
        X = torch.from_numpy(data.masked(setting, test, module.basis))
        largest, start, moved = 0.0, None, 0.0
        for done, _ in enumerate(shared_row.descend(module, batches, step=20.0)):
            if done % 10:
                continue
            A = correlations.areas_of(setting, test, module.attention(X).detach().numpy())
            largest = max(largest, correlations.diversity(test, A, masked_only=False))
            start = A if start is None else start
            moved = max(moved, float(np.abs(A - start).max()))
        name = readings.reading_name(setting)
        yield equal(
            f"{name}: largest D along training",
            largest,
            claimed_diversity(),
            1e-9,
            "rounding of each step, amplified over the run by less than 1e6",
        )
        yield at_least(
            f"{name}: what the attention to some area moved by",
            moved,
            0.01,
            0,
            "attention that never left its start would be alike as well",
            false_alarm=FALSE_ALARM,
        )
    for sign, setting, run in readings.trained_readings(context):
        if setting.contrastive.query == "feature+position":
            name = f"{readings.reading_name(setting)}, {sign}"
            yield at_most(
                f"{name}: D over that of the autoencoder",
                run.diversity / limit_diversity(setting),
                0.25,
                0,
                "small: what is left falls as 1/t",
                false_alarm=FALSE_ALARM,
            )


diversity_cl.mistake(
    vit.ContrastiveViT,
    "patches are pooled with unequal weights",
    lambda original: shared_row.UnequalPooling,
)
diversity_cl.mistake(
    claimed_diversity,
    "the autoencoder's diversity in its place",
    lambda original: lambda: 0.5,
)
diversity_cl.mistake(limit_diversity, "0.4 of the autoencoder's", plants.scaled(0.4))
diversity_cl.tolerates(
    limit_diversity,
    "the autoencoder's diversity, against which contrastive learning's is small: at most a quarter",
)

CLAIMS = (diversity_mae, diversity_cl)
