"""Contrastive learning with normalised similarity: what the inner product collapses on is no drive.

Sources: none; the definitions leave the similarity open, and the theorem is shown for the inner
product. Derived here at mean mask counts (`mean_counts`), where Sim is the cosine of two outputs.
With constant latents all outputs of a cluster point the same way, whatever is attended to: cosines
are 1 within it and 0 across, the loss is a constant, and nothing drives Q but the fluctuation of
masks, of the order of one over the size of an area. With random latents collapse is what the loss
avoids: an output of the global area alone has cosine 1 with every sample of its cluster, one that
is spread over many local areas only μ²/E z² < 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import sympy as sp
import torch
from torch import Tensor

from refutable import property as properties
from refutable.claim import Case, Claim, Context, Evidence, Provenance, Undecided
from refutable.claims import assumptions
from refutable.claims.contrastive.mean_counts import Point, every_kind, points
from refutable.claims.runs.plants import scaled
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import data
from refutable.model.bent import training
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Contrastive, Setting
from refutable.prove.inequality import consistent, proved
from refutable.reuse import shared

cosine = Claim(
    id="cl.cosine",
    title="With cosine similarity contrastive learning is not driven to collapse",
    statement=(
        r"\mathrm{Sim}=\cos(F,F'),\ \text{mean mask counts: } z\text{ constant}\implies "
        r"\nabla L=0\text{ for every }\Phi_1,\Phi_m;\quad z\text{ random}\implies "
        r"L(\Phi_1\to\infty)>L(\Phi_1\to-\infty,\Phi_m=0),"
        r"\text{ since cosines within a cluster are }1\text{ and }\mu^2/E z^2"
    ),
    measured=(
        "losses and gradients of the shared row at mean mask counts, any K, N_c, τ, γ; models "
        "trained at P = 36 (longer profiles), where fluctuating masks alone raise the global "
        "attention a little. When, if ever, these would make it collapse is not claimed"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "zero initialisation", "contrastive details"),
    rests_on=("tier.contrastive", "thm4.4"),
)


def outputs(setting: Setting, samples: data.Samples, row: Tensor) -> Tensor:
    """F(X) of samples at mean counts in the features of all clusters, (B, K, N); row (N,) of Φ."""
    seen = (1 - setting.gamma) * torch.from_numpy(setting.area_sizes / setting.P)
    z = torch.from_numpy(samples.latents)
    scores = z * row
    top = scores.detach().amax(dim=1, keepdim=True).clamp(min=0)  # exp(60·U/L) is no number
    weight = seen * torch.exp(scores - top)
    F = z * weight / (weight.sum(dim=1, keepdim=True) + setting.gamma * torch.exp(-top))
    return (
        torch.nn.functional.one_hot(torch.from_numpy(samples.cluster), setting.K)[:, :, None]
        * F[:, None]
    )


def similarity(F: Tensor, other: Tensor) -> Tensor:
    """Cosine of outputs, over the last axis."""
    return torch.nn.functional.cosine_similarity(F, other, dim=-1)


def inner_product(F: Tensor, other: Tensor) -> Tensor:
    """The similarity of the theorem, over the last axis."""
    return (F * other).sum(dim=-1)


def loss(setting: Setting, phi: tuple[float, float], similar: Any) -> tuple[float, Tensor]:
    """L at Φ_1, Φ_m over every kind of sample and negatives, and its slope in both."""
    at = torch.tensor(phi, dtype=torch.float64, requires_grad=True)
    batch = every_kind(setting).views
    row = torch.cat([at[:1], at[1:].expand(setting.areas - 1)])
    first = outputs(setting, batch.first, row).flatten(1)
    with torch.no_grad():
        second = outputs(setting, batch.second, row).flatten(1)
        against = outputs(setting, batch.negatives, row).flatten(1).unflatten(0, (len(first), -1))
    found = torch.cat([similar(first, second)[:, None], similar(first[:, None], against)], dim=1)
    tau = setting.contrastive.tau
    each = -tau * torch.log_softmax(found / tau, dim=1)[:, 0]
    value = torch.from_numpy(batch.first.weights) @ each
    (slope,) = torch.autograd.grad(value, at)
    return float(value.detach()), slope


def spread_cosine(mean: Any, square: Any) -> Any:
    """Cosine of two samples of a cluster that attend to many local areas alike: μ²/E z²."""
    return mean**2 / square


def predicted_excess(setting: Setting) -> float:
    """The collapsed loss less that of spread attention, claimed; mean over the negatives' kinds."""
    N, tau, share = int(setting.contrastive.negatives), setting.contrastive.tau, 1 / setting.K
    c = spread_cosine(setting.latents.moment(1), setting.latents.moment(2))
    excess = 0.0
    for same in range(N + 1):
        chance = math.comb(N, same) * share**same * (1 - share) ** (N - same)
        others = (N - same) * math.exp(-1 / tau)
        spread = 1 + same * math.exp((c - 1) / tau) + others
        excess += chance * tau * math.log((1 + same + others) / spread)
    return excess


def slope_of_constant() -> float:
    """The slope of the loss for constant latents, claimed."""
    return 0.0


FAR = 60.0
"""Φ_1 at which attention is on the global area, or off it, to 1e-12 for z ≥ ½."""


@cosine.leg("property", require={"constant latents": "slope*", "random latents": "excess*"})
def losses_at_mean_counts(context: Context) -> Evidence:
    """Constant latents: no slope anywhere. Random ones: what the collapse costs."""

    def gaps(point: Point) -> Iterator[Gap]:
        setting = point.setting
        unit = setting.latents.U
        if setting.latents.is_constant:
            _, slope = loss(setting, (point.phi_global, point.phi_other), similarity)
            why = "rounding of cosines that are 1 or 0"
            largest = float(slope.abs().max()) / unit
            yield equal("slope of the cosine's loss", largest, slope_of_constant(), 1e-10, why)
            return
        L = setting.latents.L
        low, _ = loss(setting, (-FAR / L, 0.0), similarity)
        high, _ = loss(setting, (FAR / L, 0.0), similarity)
        why = "rounding, and e^-60 of attention elsewhere"
        yield equal(
            "excess of the collapsed loss", high - low, predicted_excess(setting), 1e-9, why
        )

    return properties.search(
        context,
        points(),
        gaps,
        examples=context.at(quick=30, full=300),
        regimes_of=lambda point: assumptions.regimes_of(point.setting),
    )


@cosine.leg("smt")
def spread_samples_are_told_apart(context: Context) -> Iterator[Gap | Undecided]:
    """μ²/E z² < 1 for every law that is not constant: of n values, by their variance."""
    mean, variance = sp.symbols("mu sigma2", positive=True)
    why = "E z² = μ² + variance, whatever the law"
    told = [variance > 0]
    yield from consistent("there are random latents", told, why)
    yield from proved("cosine < 1", told, spread_cosine(mean, mean**2 + variance) < 1, why)


# ----------------------------------------------------------------------------- trained models

TRAINED = (
    Setting.of_sizes(36, 18, 3, kappa_c=0.85, kappa_s=0.3, K=4, placement="random",
                     contrastive=Contrastive(negatives=8)),
    Setting.of_sizes(36, 12, 6, kappa_c=0.69, kappa_s=0.5, K=4, placement="random",
                     contrastive=Contrastive(negatives=8)),
)  # fmt: skip
"""C_1²/(P·C_s) = 3 and 0.67."""
LONG = {TRAINED[0]: 160.0, TRAINED[1]: 320.0}
"""Times over P in which the inner product collapses."""


@shared.run_once
def trained(setting: Setting, normalised: bool, seed: int) -> tuple[float, float]:
    """Mean attention of local patches on the global area, at the start and at the end."""
    run = training.train(
        setting,
        "cl",
        Perturbation(normalised=normalised),
        time=LONG[setting] * setting.P,
        step=8.0 * setting.P,
        seed=seed,
    )
    return run.local.global_attention[0], run.local.global_attention[-1]


@cosine.leg("trained", profile="full", require=BOTH_SIGNS)
def same_time_other_similarity(context: Context) -> Iterator[Gap | Case]:
    """Both similarities from Q = 0 for the same time."""
    for setting in TRAINED:
        yield Case((sign_of(setting),))
        at = f"C_1 = {setting.C_1}, C_s = {setting.C_s}"
        start, collapsed = trained(setting, False, context.root_seed)
        _, left = trained(setting, True, context.root_seed)
        why = (
            f"the event T_½ of cl.time, from {start:.2f} at the start: it has come for the one and "
            "not for the other; seeds differ by 0.01, and either is 0.1 or more from it"
        )
        yield at_least(
            f"inner product, {at}: global attention", collapsed, 0.5, 0, why, false_alarm=1e-10
        )
        yield at_most(f"cosine, {at}: global attention", left, 0.5, 0, why, false_alarm=1e-10)


cosine.mistake(similarity, "the inner product", lambda _: inner_product)
cosine.mistake(
    spread_cosine, "the latents' mean left out", lambda _: lambda mean, square: 1 / square
)
cosine.mistake(
    spread_cosine, "samples that look alike", lambda _: lambda mean, square: 1 + 0 * mean
)
cosine.mistake(predicted_excess, "a part in 1e5 off", scaled(1 + 1e-5))

CLAIMS = (cosine,)
