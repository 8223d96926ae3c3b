"""MAE against contrastive learning: diversity of attention, locality, reconstruction.

Sources: abstract, Figures 1 and 3 (Definition 3.1's attention diversity in the paper's own data
model). The same trained models serve all claims; the masked autoencoders are those of Theorem 4.1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.contrastive import collapse, ladders, leftovers, readings, shared_row
from refutable.claims.mae import laws as mae_laws
from refutable.claims.runs import trained
from refutable.claims.theorems import main_theorems
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import correlations, data, enumeration, gradients, reduced, vit
from refutable.model.setting import Setting
from refutable.model.trajectory import Trajectory
from refutable.reuse import shared

FALSE_ALARM = 1e-10
"""Per gap on trained models: every tolerance is more than ten times the spread over seeds."""
BOTH_SIGNS = ("Δ > 0", "Δ < 0")
ASSUMPTIONS = (
    "orthonormal features",
    "zero initialisation",
    "uniform masking",
    "size separation κ_c > κ_s",
    "gap bounded away from 0",
    "small step",
    "many clusters",
    "contrastive details",
)


def sign_of(setting: Setting) -> str:
    """The regime of a setting."""
    return "Δ > 0" if setting.information_gap > 0 else "Δ < 0"


def autoencoders(context: Context) -> Iterator[tuple[str, trained.TrainedMae]]:
    """Trained masked autoencoders of both regimes, each with its name."""
    for i, (_, run) in enumerate(main_theorems.trained(context)):
        yield f"{run.name}, run {i}", run


@shared.run_once
def contrastive_model(setting: Setting, seed: int) -> trained.TrainedCl:
    """The contrastive model trained on the data of that setting."""
    step = main_theorems.CL_STEP * setting.P
    return trained.trained_cl(setting, seed, main_theorems.cl_time(setting), step)


def contrastive_models(context: Context) -> Iterator[tuple[str, trained.TrainedCl]]:
    """Trained contrastive models of both regimes; longer profiles take the autoencoders' data."""
    for setting in context.at(quick=(), full=(main_theorems.POSITIVE, main_theorems.NEGATIVE)):
        for seed in range(3):
            name = f"{trained.name_of(setting)}, seed {seed}"
            yield name, contrastive_model(setting, context.root_seed + seed)
    others = context.at(quick=main_theorems.trained_collapses, full=main_theorems.torch_collapses)
    for i, run in enumerate(others(context)):
        yield f"{run.name}, run {i}", run


def own_attention(setting: Setting, samples: data.Samples, A: data.Floats) -> data.Floats:
    """Attention of every patch on its own area, (B, P), from area attention A (B, P, N)."""
    own = setting.area_of[samples.cluster]
    return np.take_along_axis(A, own[:, :, None], axis=2)[:, :, 0]


# ------------------------------------------------------------------------------ attention diversity


def limit_diversity(setting: Setting) -> float:
    """D when every masked patch attends to its own area, claimed: 1 - Pr(same area)."""
    L, C_1, C_s, P = setting.P - setting.C_1, setting.C_1, setting.C_s, setting.P
    last = L - (setting.locals - 1) * C_s
    same = C_1 * (C_1 - 1) + (setting.locals - 1) * C_s * (C_s - 1) + last * (last - 1)
    return 1 - same / (P * (P - 1))


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


@diversity_mae.leg("exact")
def _diversity_mae_exact(context: Context) -> Iterator[Gap]:
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


@diversity_mae.leg("trained", require=BOTH_SIGNS)
def _diversity_mae_trained(context: Context) -> Iterator[Gap | Case]:
    for name, run in autoencoders(context):
        setting, test = run.setting, run.test
        yield Case((sign_of(setting),))
        found, missed = [], []
        for moment in range(len(run.times))[-3:]:
            A = run.attention(moment)
            found.append(correlations.diversity(test, A, masked_only=True))
            missed.append(float(1 - own_attention(setting, test, A)[~test.visible].mean()))
        _, at_end = np.polyfit(missed, found, 1)
        limit = limit_diversity(setting)
        yield equal(
            f"{name}: D extrapolated to 1-A_own = 0 over the second half of training",
            float(at_end),
            limit,
            0.04,
            "D is linear in 1-A_own to first order; the second order is (1-A_own)² = 0.015 at the "
            "end, and about twice that on the stretch",
            false_alarm=FALSE_ALARM,
        )


TOPS = (
    Setting(P=10**100, kappa_c=1.0, kappa_s=0.3, c_1=0.5, K=2),
    Setting(P=10**100, kappa_c=0.8, kappa_s=0.2, c_1=0.7, K=2),
    Setting(P=10**100, kappa_c=0.6, kappa_s=0.3, c_1=0.7, c_s=2.0, K=2),
)
"""Δ = 0.7, 0.4 and -0.1."""
DIGITS = (20, 36, 52, 68, 84, 100)
LOSS_GAP = 1e-8


def tops(context: Context) -> tuple[Setting, ...]:
    """Ladders of both signs of Δ."""
    return context.at(quick=TOPS[::2], full=TOPS)


def log_P() -> list[float]:
    """Natural logarithms of the rungs."""
    return [k * math.log(10) for k in DIGITS]


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
def _diversity_mae_scaling(context: Context) -> Iterator[Gap | Case]:
    for top in tops(context):
        yield Case((sign_of(top),))
        found, ladder = [], [top.replace(P=10**k) for k in DIGITS]
        for setting in ladder:
            local, global_ = (
                trained.reduced_mae(setting, query, LOSS_GAP) for query in ("local", "global")
            )
            found.append(lumped_diversity(setting, local, global_))
        yield from scaling.limit(
            f"κ_c = {top.kappa_c}, κ_s = {top.kappa_s}: D less its limit",
            log_P(),
            [d - limit_diversity(s) for d, s in zip(found, ladder, strict=True)],
            0,
            tolerance=2 * math.sqrt(2 * LOSS_GAP / top.gamma) / top.latents.L,
            why="½γz²(1-A_own)² is at most the loss gap; D moves by at most 2(1-A_own)",
        )


diversity_mae.mistake(
    limit_diversity,
    "no two patches of one area",
    lambda original: lambda s: 1,
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


@diversity_cl.leg("trained")
def _diversity_cl_trained(context: Context) -> Iterator[Gap]:
    # The whole matrix Q by automatic differentiation, so that nothing presumes equal rows.
    chosen = context.at(quick=shared_row.POSITION_READINGS[::3], full=shared_row.POSITION_READINGS)
    for i, reading in enumerate(chosen):
        setting = shared_row.small_setting(reading)
        module = vit.ContrastiveViT(setting)
        test = data.draw(setting, 16, np.random.default_rng(context.seed))
        steps = context.at(quick=50, full=200)
        batches = shared_row.minibatches(setting, context.seed + 1 + i, steps)
        X = torch.from_numpy(data.masked(setting, test, module.basis))
        largest = 0.0
        for done, _ in enumerate(shared_row.descend(module, batches, step=20.0)):
            if done % 10:
                continue
            A = correlations.areas_of(setting, test, module.attention(X).detach().numpy())
            largest = max(largest, correlations.diversity(test, A, masked_only=False))
        name = readings.reading_name(setting)
        yield equal(
            f"{name}: largest D along training",
            largest,
            claimed_diversity(),
            1e-9,
            "rounding of each step, amplified over the run by less than 1e6",
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

# ------------------------------------------------------------------------ locality, reconstruction

locality = Claim(
    id="contrast.locality",
    title="Own areas: all of the attention, or none",
    statement=(
        r"\text{MAE: }\mathrm{Attn}_{p\to\mathcal P_{k,a_{k,p}}}\to1\text{ for every area; CL: }"
        r"\to0\text{ for local areas}"
    ),
    provenance=Provenance.STATED,
    measured="the worst area's mean attention on itself, against its value at the start for CL",
    assumptions=ASSUMPTIONS,
    rests_on=("mae.locality", "thm4.4"),
)


def by_area(
    setting: Setting, samples: data.Samples, own: data.Floats, chosen: data.Bools
) -> data.Floats:
    """Mean attention of an area's chosen patches on the area itself, (K, N)."""
    means = np.empty((setting.K, setting.areas))
    for k in range(setting.K):
        rows = samples.cluster == k
        for j in range(setting.areas):
            inside = chosen[rows] & (setting.area_of[k] == j)
            means[k, j] = own[rows][inside].mean()
    return means


def learned_areas(setting: Setting) -> slice:
    """Areas on which the autoencoder's patches come to attend to themselves, claimed: all."""
    return slice(0, setting.areas)


def forgotten_areas(setting: Setting) -> slice:
    """Areas that the contrastive model stops attending to, claimed: all local ones."""
    return slice(1, setting.areas)


def least_own() -> float:
    """Least mean attention of an autoencoder's patch on its own area at the loss gap ε, claimed."""
    return 1 - math.sqrt(2 * main_theorems.EPSILON / 0.5)


def autoencoder_is_local(name: str, run: trained.TrainedMae) -> Gap:
    """Every area's masked patches attend to their own area."""
    own = own_attention(run.setting, run.test, run.attention())
    means = by_area(run.setting, run.test, own, run.answerable())
    return at_least(
        f"{name}: MAE, own attention of the worst area",
        float(means[:, learned_areas(run.setting)].min()),
        least_own(),
        0,
        "½γz²E(1-A_own)² is at most the loss gap ε, and the mean of a square is at least the "
        "square of the mean",
        false_alarm=FALSE_ALARM,
    )


def contrastive_is_not(name: str, run: trained.TrainedCl) -> Gap:
    """No local area keeps the attention that it had."""
    setting = run.setting
    own = own_attention(setting, run.test, run.attention())
    means = by_area(setting, run.test, own, np.ones_like(run.test.visible))
    start = (1 - setting.gamma) * setting.C_s / setting.P
    return at_most(
        f"{name}: CL, own attention of the best local area, over its value at the start",
        float(means[:, forgotten_areas(setting)].max() / start),
        0.25,
        0,
        "all but the global area share what is off it, at most 0.1 (Theorem 4.4) of 3/4 or more "
        "at the start",
        false_alarm=FALSE_ALARM,
    )


@locality.leg("trained", require=BOTH_SIGNS)
def _locality_trained(context: Context) -> Iterator[Gap | Case]:
    for name, mae in autoencoders(context):
        yield Case((sign_of(mae.setting),))
        yield autoencoder_is_local(name, mae)
    for name, cl in contrastive_models(context):
        yield Case((sign_of(cl.setting),))
        yield contrastive_is_not(name, cl)


locality.mistake(
    forgotten_areas,
    "contrastive learning forgets the global area",
    lambda original: lambda setting: slice(0, setting.areas),
)
locality.mistake(
    own_attention,
    "own areas mixed up",
    lambda original: lambda setting, samples, A: original(setting, samples, A[:, ::-1]),
)

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


def loss_of_locals(run: trained.TrainedCl) -> data.Floats:
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
def _reconstruction_trained(context: Context) -> Iterator[Gap | Case]:
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
        yield main_theorems.within_epsilon(
            f"{name}: MAE's attention, largest L_p - L*_p of a patch", *mae.loss_gap()
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

both_signs = Claim(
    id="contrast.both-signs",
    title="Imbalance decides the path of MAE, not its end, and never rescues CL",
    statement=(
        r"\text{Both signs of }\Delta\text{: MAE }A_n\to1\text{ with }z\Phi_1/\log P\to"
        r"-\max(\Delta,0)/2\text{; CL }A_n=\Theta(P^{-(1-\kappa_s)})"
    ),
    provenance=Provenance.RECONSTRUCTED,
    measured=(
        "MAE at a loss gap of 1e-8 and CL at A_1 = 1/2 in the reduced dynamics; trained models of "
        "either sign"
    ),
    assumptions=ASSUMPTIONS,
    rests_on=("contrast.diversity-mae", "contrast.diversity-cl", "contrast.locality"),
)


def path_of_mae(setting: Setting) -> float:
    """Slope of zΦ_1 in log P at the end of a local query's training, claimed."""
    return -max(setting.information_gap, 0.0) / 2


def end_of_cl(setting: Setting) -> float:
    """Exponent of a contrastive model's attention on one local area at A_1 = 1/2, claimed."""
    return setting.kappa_s - 1


def local_attention(setting: Setting) -> float:
    """Log of a contrastive query's attention on one local area when A_1 = 1/2 on average."""
    phi = ladders.transition(setting).phi_global
    phi_m = leftovers.local_at(setting, phi)
    visible = (1 - setting.gamma) * (setting.C_s / setting.P)
    rest = 1 - (1 - setting.gamma) * (setting.C_1 / setting.P)  # weight off the global area
    left = collapse.missing(setting, phi)
    return math.log(visible) + setting.latents.L * phi_m + math.log(left / rest)


@both_signs.leg("scaling", require=BOTH_SIGNS)
def _both_signs_scaling(context: Context) -> Iterator[Gap | Case]:
    for top in tops(context):
        yield Case((sign_of(top),))
        name = f"κ_c = {top.kappa_c}, κ_s = {top.kappa_s}"
        ladder = [top.replace(P=10**k) for k in DIGITS]
        ends = [trained.reduced_mae(setting, "local", LOSS_GAP) for setting in ladder]
        yield equal(
            f"{name}: MAE, largest 1-A_n of a local query on the ladder",
            max(float(1 - run.own_attention[-1]) for run in ends),
            math.sqrt(2 * LOSS_GAP / top.gamma) / top.latents.L,
            1e-7,
            "½γz²(1-A_n)² is the loss gap, which the run stops at to 1e-3 of it",
        )
        yield from scaling.power_law(
            f"{name}: MAE, e^(zΦ_1) of a local query",
            log_P(),
            [top.latents.L * float(run.phi_global[-1]) for run in ends],
            path_of_mae(top),
        )
    for shape in ladders.shapes_of(context):
        ladder = ladders.on_ladder(ladders.CONSTANT, shape)
        yield Case((sign_of(ladder[0]),))
        yield from scaling.power_law(
            f"{ladders.label(ladder[0])}: CL, attention on one local area",
            ladders.log_P(ladders.DIGITS),
            [local_attention(setting) for setting in ladder],
            end_of_cl(ladder[0]),
        )


@both_signs.leg("trained", require=BOTH_SIGNS)
def _both_signs_trained(context: Context) -> Iterator[Gap | Case]:
    depths: list[float] = []
    laws: list[float] = []
    models = {sign_of(cl.setting): (name, cl) for name, cl in contrastive_models(context)}
    for name, mae in itertools.islice(autoencoders(context), 2):
        setting = mae.setting
        yield Case((sign_of(setting),))
        yield autoencoder_is_local(name, mae)
        yield contrastive_is_not(*models[sign_of(setting)])
        phi = mae.phi[-1].reshape(setting.P, setting.K, setting.areas)[:, :, 0]
        depths.append(float(phi[(setting.area_of > 0).T].mean()))
        laws.append(mae_laws.depth_at_half(setting))
    yield at_least(
        "MAE: Φ_1 of local queries at the end, Δ < 0 less Δ > 0",
        depths[1] - depths[0],
        laws[0] - laws[1],
        0,
        "by local.crossover; at this size areas are pushed down further on both sides",
        false_alarm=FALSE_ALARM,
    )


both_signs.mistake(
    path_of_mae,
    "the path of the other sign",
    lambda original: lambda setting: -max(-setting.information_gap, 0.0) / 2,
)
both_signs.mistake(
    end_of_cl,
    "local areas keep a share of the attention",
    lambda original: lambda setting: 0.0,
)
both_signs.mistake(
    reduced.mae,
    "gaps of the opposite sign in the dynamics",
    lambda original: (
        lambda setting, query, **rest: original(
            setting.replace(kappa_c=0.75 if setting.information_gap < 0 else 0.55, c_1=1.0),
            query,
            **rest,
        )
    ),
)

diversity_mae.tolerates(
    own_attention,
    "1 - A_own, along which D is extrapolated to 0: the limit does not depend on its scale",
)
diversity_cl.tolerates(
    limit_diversity,
    "the autoencoder's diversity, against which contrastive learning's is small: at most a quarter",
)
for _claim in (locality, both_signs):
    _claim.tolerates(
        least_own,
        "a bound from below, which training passes by far: the loss gap bounds a mean square",
    )
    for _measured in (own_attention, by_area):
        _claim.tolerates(
            _measured,
            "measured attention 5 % higher is still above one bound, and below the other",
        )
reconstruction.tolerates(
    wrong_patch_loss,
    "compared within 10 %: attention reaches 0.9 in the time trained, not 1",
)
reconstruction.tolerates(
    loss_of_locals,
    "mean and least loss are compared within 10 % and 5 %, and do not depend on the order",
)

CLAIMS = (diversity_mae, diversity_cl, locality, reconstruction, both_signs)
