"""MAE against contrastive learning: the contrast of the abstract and of Figures 1 and 3.

Attention diversity D of a trained model is the mean total variation distance between the area
attention of two queries, over pairs of patches, clusters and samples. Low D is one global pattern.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from claims import mae_local, runs, theorems
from claims.checking import scaling, shared
from claims.checking.claim import Case, Claim, Context, Provenance
from claims.checking.gap import Gap, at_least, at_most, equal
from model import correlations, data, descent, gradients, vit
from model.setting import Contrastive, Setting
from model.trajectory import QueryKind

Floats = data.Floats
BOTH_SIGNS = ("positive gap", "negative gap")
ROUNDING = 1e-12
"""Sums of at most P = 128 softmax weights in float64, over some hundred steps of descent."""


def contrastive_runs(context: Context) -> Iterator[tuple[Case, runs.TrainedCl]]:
    """The contrastive models of Theorem 4.4, either sign of Δ."""
    for setting in (theorems.CL_POSITIVE, theorems.CL_NEGATIVE):
        run = runs.trained_cl(
            setting,
            context.root_seed,
            theorems.cl_time(setting),
            theorems.CL_STEP * setting.P,
        )
        yield Case((BOTH_SIGNS[0] if setting.gap > 0 else BOTH_SIGNS[1],)), run


# ------------------------------------------------------------------------------ attention diversity

diversity_mae = Claim(
    id="contrast.diversity-mae",
    title="A trained autoencoder's attention is as diverse as its areas",
    statement=r"$D\to1-\sum_j\frac{C_j(C_j-1)}{P(P-1)}$ for masked queries of a trained MAE.",
    measured=(
        "trained models: the distance of D from its limit is at most twice the mean attention off "
        "the own area (triangle inequality), at every moment of training; reduced dynamics at "
        "P = 1e100: that bound falls with the square root of the loss gap"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Figure 3",
    assumptions=mae_local.WITH_GAP,
    rests_on=("mae.locality", "thm4.1"),
)


def limiting_diversity(setting: Setting) -> float:
    """1 - Σ_j C_j(C_j-1)/(P(P-1)): two masked patches share an area with that probability."""
    sizes = [int(size) for size in setting.area_sizes]
    same = sum(Fraction(C * (C - 1), setting.P * (setting.P - 1)) for C in sizes)
    return float(1 - same)


def power_of_loss() -> float:
    """The power of the loss gap in 1-A_n: L_p = ½γz²(1-A_n)²."""
    return 0.5


def mean_miss(run: runs.TrainedMae, moment: int) -> float:
    """Mean attention off the own area over masked queries, hidden own areas included."""
    own = run.setting.area_of[run.test.cluster]
    A_n = np.take_along_axis(run.attention(moment), own[:, :, None], axis=2)[:, :, 0]
    return float((1 - A_n)[~run.test.visible].mean())


def pairs_apart(run: runs.TrainedMae) -> Floats:
    """Share of masked pairs in different areas, by test sample: (B,)."""
    setting = run.setting
    masked = ~run.test.visible
    counts = np.stack(
        [
            ((setting.area_of[run.test.cluster] == j) & masked).sum(axis=1)
            for j in range(setting.areas)
        ]
    )
    return 1 - (counts * (counts - 1)).sum(axis=0) / (setting.M * (setting.M - 1))


@diversity_mae.leg("trained", require=BOTH_SIGNS)
def diversity_of_trained_autoencoders(context: Context) -> Iterator[Gap | Case]:
    """D of trained models against its limit, at every moment kept."""
    for case, run in theorems.trained(context):
        yield case
        name, limit = theorems.name_of(run.setting), limiting_diversity(run.setting)
        apart = pairs_apart(run)
        error = float(apart.std(ddof=1)) / math.sqrt(len(apart))
        misses = []
        for moment, time in enumerate(run.times):
            D = correlations.diversity(run.test, run.attention(moment), masked_only=True)
            misses.append(mean_miss(run, moment))
            yield equal(
                f"D, {name}, t = {time:.0f}",
                D,
                limit,
                2 * misses[-1] + theorems.SIGMAS * error,
                "triangle inequality: a query is 1-A_n away from attending to its area alone; and "
                "8 standard errors of the pairs that the test masks hold",
                false_alarm=theorems.FALSE_ALARM,
            )
        paths = [theorems.reduced_of(run, query) for query in theorems.QUERIES]
        expected = max(1 - path.at(path.trajectory.own_attention) for path in paths)
        yield at_most(
            f"mean attention off the own area, {name}",
            misses[-1],
            2 * expected + hidden_share(run.setting),
            0,
            "twice the reduced dynamics' (few visible own patches weigh more in the mean), plus "
            "the masks that hide the whole own area",
            false_alarm=theorems.FALSE_ALARM,
        )


def hidden_share(setting: Setting) -> float:
    """At most γ^{C_s-1} of masked queries have no visible patch in their own area."""
    return setting.gamma ** (setting.C_s - 1)


@diversity_mae.leg("scaling", require=BOTH_SIGNS)
def miss_at_small_loss(context: Context) -> Iterator[Gap | Case]:
    """1-A_n of local and global queries at P = 1e100 against the power of the loss gap."""
    for kappa_c, kappa_s in ((0.85, 0.3), (0.6, 0.4)):
        setting = Setting(P=10**100, kappa_c=kappa_c, kappa_s=kappa_s)
        yield Case((BOTH_SIGNS[0] if setting.gap > 0 else BOTH_SIGNS[1],))
        queries: tuple[QueryKind, ...] = ("local", "global")
        for query in queries:
            gaps = [10.0**-e for e in range(3, 9)]
            miss = [1 - runs.reduced_mae(setting, query, g).own_attention[-1] for g in gaps]
            name = f"1-A_n of a {query} query, Δ = {setting.gap:+.2f}"
            yield from scaling.power_law(
                name, [math.log(g) for g in gaps], [math.log(m) for m in miss], power_of_loss()
            )


diversity_mae.mistake(
    "areas drawn with replacement only for the local ones",
    "claims.comparison.limiting_diversity",
    lambda original: lambda setting: 1 - (1 - original(setting)) / 4,
)
diversity_mae.mistake(
    "loss linear in the miss", "claims.comparison.power_of_loss", lambda _: lambda: 1.0
)
diversity_mae.mistake(
    "own features pushed away", "model.gradients.own_integrand", mae_local.scaled(-1.0)
)


diversity_cl = Claim(
    id="contrast.diversity-cl",
    title="A contrastive model has one attention pattern for all patches",
    statement=r"$D=0$ along training (queries by position); all rows of $Q$ stay equal.",
    measured=(
        "all of Q trained by automatic differentiation, D at several moments, zero up to rounding; "
        "the trained model of Theorem 4.4 beside it has left its start"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Figure 3",
    assumptions=("zero initialisation", "plain gradient descent", "contrastive details"),
    rests_on=("cl.rank-one", "thm4.4"),
)


def diversity_limit() -> float:
    """D of a contrastive model."""
    return 0.0


@shared.run_once
def fully_trained(
    setting: Setting, seed: int, steps: int
) -> tuple[data.Samples, list[Floats], float]:
    """Test samples, area attention (B, P, N) at three moments, and the change of Q's norm.

    All of Q is a torch parameter here; nothing is assumed of its rows.
    """
    rng = np.random.default_rng([seed, 5])
    module = vit.ContrastiveViT(setting)
    test = data.draw(setting, 16, rng, stratified=True)
    X = torch.from_numpy(data.masked(setting, test, module.basis))
    found = []
    for _ in range(3):
        batches = (data.views(setting, 8, rng) for _ in range(steps))
        descent.train_module(module, batches, steps=steps, step=theorems.CL_STEP * setting.P)
        with torch.no_grad():
            attention = module.attention(X).numpy()
        found.append(correlations.areas_of(setting, test, attention))
    return test, found, float(module.Q.detach().norm())


@diversity_cl.leg("trained", require=BOTH_SIGNS)
def diversity_of_trained_contrastive_models(context: Context) -> Iterator[Gap | Case]:
    """D of the whole trained Q, under both readings of the keys."""
    shapes = (
        Setting.of_sizes(64, 32, 4, kappa_c=0.85, kappa_s=0.375, K=4, placement="random"),
        Setting.of_sizes(64, 12, 6, kappa_c=0.575, kappa_s=0.375, K=4, placement="random"),
    )
    for shape in shapes:
        for details in (
            Contrastive(negatives=4),
            Contrastive(negatives=4, keys="feature+position"),
        ):
            setting = shape.replace(contrastive=details)
            yield Case((BOTH_SIGNS[0] if setting.gap > 0 else BOTH_SIGNS[1],))
            steps = context.at(quick=10, full=60)
            test, moments, norm = fully_trained(setting, context.root_seed, steps)
            name = f"Δ = {setting.gap:+.2f}, keys {details.keys}"
            for number, A in enumerate(moments, start=1):
                yield equal(
                    f"D, {name}, after {number * steps} steps",
                    correlations.diversity(test, A, masked_only=False),
                    diversity_limit(),
                    ROUNDING,
                    "rows of Q receive the same gradient; what differs is the rounding of sums of "
                    "some hundred float64 terms",
                )
            yield at_least(
                f"|Q|, {name}",
                norm,
                1.0,
                0,
                "the model has left Q = 0, where any two attentions agree",
            )
    for case, run in contrastive_runs(context):
        yield case
        yield at_least(
            f"Φ_1, {theorems.name_of(run.setting)}",
            float(run.phi[-1].reshape(run.setting.K, -1)[:, 0].min()),
            1.0,
            0,
            "collapsed, not untrained: softmax weights of the global area have grown by e at least",
            false_alarm=theorems.FALSE_ALARM,
        )


diversity_cl.mistake(
    "as diverse as an autoencoder", "claims.comparison.diversity_limit", lambda _: lambda: 0.5
)


def _own_temperatures(original: Any) -> Any:
    def attention(self: vit.ContrastiveViT, X: torch.Tensor, queries: Any = None) -> torch.Tensor:
        A = original(self, X, queries)
        powers = 1 + torch.arange(A.shape[1], dtype=A.dtype) / A.shape[1]
        A = A ** powers[None, :, None]
        return A / A.sum(dim=-1, keepdim=True)

    return attention


diversity_cl.mistake(
    "every query with a temperature of its own",
    "model.vit.ContrastiveViT.attention",
    _own_temperatures,
)


# ------------------------------------------------------------------- where attention goes, and loss

locality = Claim(
    id="contrast.locality",
    title="Autoencoders attend to every area, contrastive models to no local one",
    statement=r"""MAE: $A_n\to1$ for every area; CL: $A_n\to0$ for every query of a local area.""",
    measured="trained models: mean own-area attention by cluster and patch",
    provenance=Provenance.STATED,
    paper="Figure 1",
    assumptions=(*mae_local.WITH_GAP, "many clusters"),
    rests_on=("mae.locality", "thm4.4"),
)


def off_own_bound(run: runs.TrainedCl) -> float:
    """Largest 1-A_1 over clusters: what is left for all local areas together."""
    return float((1 - theorems.global_attention(run)).max())


def own_attention_of_local(run: runs.TrainedCl) -> float:
    """Largest mean own-area attention of a local patch, over clusters."""
    setting, found = run.setting, []
    A = run.attention()
    for k in range(setting.K):
        area = setting.area_of[k]
        mean = A[run.test.cluster == k].mean(axis=0)  # (P, N)
        own = np.take_along_axis(mean, area[:, None], axis=1)[:, 0]
        found.append(own[area != 0].max())
    return float(max(found))


def local_share() -> float:
    """What a contrastive model leaves to a local patch's own area, as a share of 1-A_1."""
    return 0.5


@locality.leg("trained", require=BOTH_SIGNS)
def own_attention_of_both(context: Context) -> Iterator[Gap | Case]:
    """Own attention of autoencoders and of contrastive models."""
    for case, run in theorems.trained(context):
        yield case
        miss = mean_miss(run, len(run.times) - 1)
        yield at_most(
            f"MAE, mean of 1-A_n, {theorems.name_of(run.setting)}",
            miss,
            0.2,
            0,
            "trained to a loss gap at which the reduced dynamics leave a tenth; twice that",
            false_alarm=theorems.FALSE_ALARM,
        )
    for case, contrastive in contrastive_runs(context):
        yield case
        name = theorems.name_of(contrastive.setting)
        yield at_most(f"CL, 1-A_1, {name}", off_own_bound(contrastive), 0.1, 0, TWENTIETH,
                      false_alarm=theorems.FALSE_ALARM)  # fmt: skip
        yield at_most(
            f"CL, A_n of local patches, {name}",
            own_attention_of_local(contrastive),
            local_share() * off_own_bound(contrastive),
            0,
            "at most half of what is off the global area: there are more than two local areas of "
            "about equal size, and the masked keys",
            false_alarm=theorems.FALSE_ALARM,
        )


TWENTIETH = "twice the 1/20 that the reduced dynamics pass at two thirds of the time"

locality.mistake("nothing is left", "claims.comparison.local_share", lambda _: lambda: 0.0)
locality.mistake(
    "own features pushed away", "model.gradients.own_integrand", mae_local.scaled(-1.0)
)


reconstruction = Claim(
    id="contrast.reconstruction",
    title="Contrastive attention cannot reconstruct a local patch",
    statement=r"""With CL-trained attention a local masked patch keeps the loss
        $\ge\tfrac12z^2(1-o(1))$; MAE-trained attention brings it to $L^*_p$.""",
    measured="trained models, mean over masked local patches, samples and clusters",
    provenance=Provenance.DERIVED,
    assumptions=(*mae_local.WITH_GAP, "many clusters"),
    rests_on=("contrast.locality", "loss.sandwich"),
)


def loss_floor(z: float, own: float) -> float:
    """½z²(1-A_n)² at the largest A_n: what a query that looks elsewhere keeps."""
    return 0.5 * z**2 * (1 - own) ** 2


def local_losses(setting: Setting, test: data.Samples, A: Floats) -> Floats:
    """Reconstruction losses of all masked local patches, flat."""
    area = setting.area_of[test.cluster]
    loss = gradients.loss_integrand(A, test.latents[:, None, :], area)
    return np.asarray(loss[(area != 0) & ~test.visible])


@reconstruction.leg("trained", require=BOTH_SIGNS)
def reconstruction_by_both(context: Context) -> Iterator[Gap | Case]:
    """Mean loss of local masked patches under either attention."""
    for case, run in theorems.trained(context):
        yield case
        losses = local_losses(run.setting, run.test, run.attention())
        z2 = run.setting.latents.moment(2)
        yield at_most(
            f"MAE, {theorems.name_of(run.setting)}",
            float(losses.mean()),
            0.05 * z2 + 0.5 * z2 * hidden_share(run.setting),
            0,
            "a tenth of the initial ½z², plus the infimum: masks that hide the whole own area",
            false_alarm=theorems.FALSE_ALARM,
        )
    for case, contrastive in contrastive_runs(context):
        yield case
        setting = contrastive.setting
        losses = local_losses(setting, contrastive.test, contrastive.attention())
        yield at_least(
            f"CL, {theorems.name_of(setting)}",
            float(losses.mean()),
            loss_floor(setting.latents.L, own_attention_of_local(contrastive)),
            ROUNDING,
            "Jensen: the mean of (1-A_n)² is at least the square of the mean; rounding",
        )
        yield at_least(
            f"CL over ½z², {theorems.name_of(setting)}",
            float(losses.mean()) / (0.5 * setting.latents.L**2),
            0.9,
            0,
            "own attention is below 1/20 where 1-A_1 is below 1/10, and 0.95² > 0.9",
            false_alarm=theorems.FALSE_ALARM,
        )


reconstruction.mistake(
    "twice the floor",
    "claims.comparison.loss_floor",
    lambda original: lambda *given: 2.5 * original(*given),
)
reconstruction.mistake(
    "own features pushed away", "model.gradients.own_integrand", mae_local.scaled(-1.0)
)


both_signs = Claim(
    id="contrast.both-signs",
    title="The imbalance decides the autoencoder's path, not its end, and never rescues CL",
    statement=r"""For $\Delta>0$ and $\Delta<0$: MAE $A_n\to1$ (with $\Phi_1\to-\infty$ only for
        $\Delta>0$), CL $A_1\to1$.""",
    measured="reduced dynamics at P = 1e100; trained models of either sign, both ends compared",
    provenance=Provenance.STATED,
    assumptions=(*mae_local.WITH_GAP, "many clusters"),
    rests_on=("contrast.locality", "contrast.reconstruction", "thm4.2.local+", "thm4.2.local-"),
)


def decoupled(setting: Setting) -> float:
    """|Φ_1| of a local query at the end over log P: Δ/(2z) for Δ > 0, else 0."""
    return max(setting.gap, 0.0) / (2 * setting.latents.L)


@both_signs.leg("scaling", require=BOTH_SIGNS)
def ends_and_paths(context: Context) -> Iterator[Gap | Case]:
    """Ends agree for both signs, paths do not."""
    for kappa_c, kappa_s in ((0.85, 0.3), (0.9, 0.4), (0.6, 0.4), (0.65, 0.45)):
        setting = Setting(
            P=10**100, kappa_c=kappa_c, kappa_s=kappa_s, K=4,
            contrastive=Contrastive(negatives=math.inf),
        )  # fmt: skip
        yield Case((BOTH_SIGNS[0] if setting.gap > 0 else BOTH_SIGNS[1],))
        name = f"Δ = {setting.gap:+.2f}"
        path = runs.reduced_mae(setting, "local", 1e-6)
        miss = math.sqrt(2e-6 / setting.gamma)
        yield equal(f"MAE: A_n, {name}", path.own_attention[-1], 1 - miss, miss * 1e-3,
                    "L_p = ½γz²(1-A_n)²(1 + O(1/N))")  # fmt: skip
        yield equal(
            f"MAE: |Φ_1|/log P, {name}",
            abs(path.phi_global[-1]) / setting.log_P,
            decoupled(setting),
            2 / setting.log_P,
            "Φ_1 = -(Δ/2z) log P + O(1); the constant, ½log(c_s/(2(1-γ)c_1²)), is below 2",
        )
        collapse = runs.reduced_cl(setting, 1e-6)
        yield at_least(
            f"CL: A_1, {name}",
            collapse.global_attention[-1],
            1 - 1e-5,
            0,
            "1-A_1 is the loss gap over 2w_o z² to first order, w_o > 1/2 at K = 4 and z = 1",
        )


@both_signs.leg("trained", require=BOTH_SIGNS)
def trained_ends(context: Context) -> Iterator[Gap | Case]:
    """D of trained models of either sign: MAE far above CL, which is 0."""
    for case, run in theorems.trained(context):
        yield case
        moment = len(run.times) - 1
        D = correlations.diversity(run.test, run.attention(moment), masked_only=True)
        yield at_least(
            f"D of MAE, {theorems.name_of(run.setting)}",
            D,
            diversity_limit() + 0.5,
            0,
            "half of the range of D: limits are above 0.7 at these sizes, D within 0.2 of them",
            false_alarm=theorems.FALSE_ALARM,
        )
    for case, contrastive in contrastive_runs(context):
        yield case
        yield at_most(
            f"1-A_1 of CL, {theorems.name_of(contrastive.setting)}",
            off_own_bound(contrastive),
            0.1,
            0,
            TWENTIETH,
            false_alarm=theorems.FALSE_ALARM,
        )


both_signs.mistake(
    "decoupling for either sign",
    "claims.comparison.decoupled",
    lambda _: lambda setting: abs(setting.gap) / (2 * setting.latents.L),
)
both_signs.mistake(
    "negatives pull instead of pushing",
    "model.gradients.pulls",
    lambda original: lambda *given: (-original(*given)[0], original(*given)[1]),
)

CLAIMS = (diversity_mae, diversity_cl, locality, reconstruction, both_signs)
