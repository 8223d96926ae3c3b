"""Contrastive learning: the one row that all patches share along every trajectory.

Sources: Definitions 2.6 and 2.7; derived here. Where queries ask by position, training is attention
pooling by a single query, so that contrastive learning cannot tell patches apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from refutable import property as properties
from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims.contrastive.gradients import (
    EVERYWHERE,
    READINGS,
    ROUNDING,
    Instance,
    autograd,
    closed_form,
    instances,
    regimes_of,
)
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import correlations, data, gradients, losses, vit
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.steps import GradientDescent

POSITION_READINGS = tuple(reading for reading in READINGS if reading["query"] == "position")


def descend(
    module: vit.ContrastiveViT, batches: Iterable[data.Views], step: float
) -> Iterator[data.Floats]:
    """Minibatch gradient descent on the contrastive loss; yields Q before and after every step."""
    optimiser = GradientDescent((tensor, step) for tensor in module.parameters())
    yield module.Q.detach().numpy().copy()
    for views in batches:
        optimiser.zero_grad()
        losses.contrastive(module, views).backward()
        optimiser.step()
        yield module.Q.detach().numpy().copy()


def small_setting(reading: Any, *, weight_decay: float = 0.0, **changes: Any) -> Setting:
    """A setting that trains in milliseconds: 12 patches in areas of 6, 3 and 3, two clusters."""
    details = Contrastive(negatives=4, weight_decay=weight_decay, **reading)
    setting = Setting.of_sizes(
        12, 6, 3, K=2, latents=Latents.two_point(0.5, 1.5), placement="random", contrastive=details
    )
    return setting.replace(**changes)


def minibatches(setting: Setting, seed: int, steps: int, size: int = 8) -> Iterator[data.Views]:
    """Fresh random batches."""
    rng = np.random.default_rng(seed)
    return (data.views(setting, size, rng) for _ in range(steps))


class UnequalPooling(vit.ContrastiveViT):
    """A planted mistake: the mean over queries weighs the first patches more."""

    def forward(self, X: torch.Tensor, queries: vit.Index | None = None) -> torch.Tensor:
        """F(X) as a weighted mean."""
        share = torch.linspace(1.5, 0.5, self.setting.P, dtype=X.dtype) / self.setting.P
        return torch.einsum("p,bpq,bqd->bd", share, self.attention(X), X)


class UnequalPositions(vit.ContrastiveViT):
    """A planted mistake: position encodings of unequal length."""

    def __init__(self, setting: Setting, basis: data.Floats | None = None) -> None:
        super().__init__(setting, basis)
        self.positions = self.positions * torch.linspace(0.5, 1.5, setting.P)[:, None].double()


def reconstruct_instead(original: Any) -> Any:
    """A planted mistake: the reconstruction loss in place of the contrastive one."""

    def loss(module: vit.ContrastiveViT, views: data.Views) -> torch.Tensor:
        other = vit.MaskedAutoencoder(module.setting, module.basis)
        other.Q = module.Q
        return losses.reconstruction(other, views.first)

    return loss


rank_one = Claim(
    id="cl.rank-one",
    title="Contrastive learning gives all patches one row",
    statement=(
        r"\text{From }Q^{(0)}=0\text{, for every sequence of minibatches, }Q^{(t)} = (\sum_p "
        r"e_p)w^\top\text{: with queries by position, contrastive learning cannot tell patches "
        r"apart}"
    ),
    provenance=Provenance.SHARPENED,
    assumptions=("zero initialisation", "orthonormal positions", "contrastive details"),
    rests_on=("cl.gradient-feature", "cl.gradient-position"),
)


def spread_of_rows(setting: Setting, G: data.Floats) -> tuple[float, float]:
    """Largest difference of a patch's row from the mean row, and largest entry elsewhere."""
    rows = G[: setting.P]
    return float(np.abs(rows - rows.mean(axis=0)).max()), float(np.abs(G[setting.P :]).max())


def one_row(name: str, setting: Setting, G: data.Floats, tolerance: float, why: str) -> list[Gap]:
    """All rows of patches are equal, and rows of features are zero."""
    size = max(float(np.abs(G).max()), 1e-300)
    rows, features = spread_of_rows(setting, G)
    return [
        at_most(f"{name}: rows of patches differ by", rows / size, 0, tolerance, why),
        at_most(f"{name}: rows of features reach", features / size, 0, tolerance, why),
    ]


@rank_one.leg("property", require=("keys = feature", "keys = feature+position"))
def a_step_keeps_rows_equal(context: Context) -> Evidence:
    """The automatic gradient at equal rows has equal rows."""

    # One step keeps the form; by induction so does every sequence of steps.
    def gaps(instance: Instance) -> Iterator[Gap]:
        setting = instance.setting
        details = dataclasses.replace(setting.contrastive, query="position")
        setting = setting.replace(contrastive=details)
        row = np.random.default_rng(instance.seed).standard_normal(setting.dimension)
        G = np.zeros((setting.dimension, setting.dimension))
        G[: setting.P] = instance.scale * row
        found = autograd(setting, instance.views(), G, instance.seed)
        unit = setting.latents.U**2 / setting.P + details.weight_decay * max(instance.scale, 1)
        rows, features = spread_of_rows(setting, found)
        why = "rounding only, relative to U²/P + λ|Q|, the order of one row's gradient"
        yield at_most("rows of the gradient differ by", rows / unit, 0, ROUNDING, why)
        yield at_most("rows of features reach", features / unit, 0, ROUNDING, why)

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=40, full=200),
        regimes_of=regimes_of,
        require=("keys = feature", "keys = feature+position"),
    )


@rank_one.leg("trained")
def rows_of_trained_models(context: Context) -> Iterator[Gap]:
    """All of Q along training by torch, under every reading with queries by position."""
    chosen = context.at(quick=POSITION_READINGS[::3], full=POSITION_READINGS)
    for i, reading in enumerate(chosen):
        setting = small_setting(reading)
        basis = data.basis(setting, data.random_rotation(setting, context.rng()))
        batches = minibatches(setting, context.seed + i, context.at(quick=80, full=300))
        *_, Q = descend(vit.ContrastiveViT(setting, basis), batches, step=20.0)
        G = correlations.coordinates(Q, basis)
        name = f"keys {reading['keys']}, {reading['views']} views"
        yield at_least(
            f"{name}: largest correlation",
            float(np.abs(G).max()),
            0.5,
            0,
            "something was learned: five times as much, with a few hundredths from batch to batch",
            false_alarm=1e-12,
        )
        why = "rounding of each step, amplified over the run by less than 1e6"
        yield from one_row(name, setting, G, 1e-9, why)


rank_one.mistake(
    vit.ContrastiveViT,
    "patches are pooled with unequal weights",
    lambda original: UnequalPooling,
)
rank_one.mistake(
    descend,
    "rows that drift apart by a millionth",
    lambda original: (
        lambda *given, **named: (
            Q * (1 + 1e-6 * np.linspace(0, 1, len(Q))[:, None]) for Q in original(*given, **named)
        )
    ),
)
rank_one.mistake(
    losses.contrastive,
    "the reconstruction loss in place of the contrastive one",
    reconstruct_instead,
)


# ------------------------------------------------------------------------------- pooling and shift


class Pooling(vit.ContrastiveViT):
    """Attention pooling by a single query w: F(X) = Σ_q softmax_q(wᵀk_q) X_q."""

    def __init__(self, setting: Setting, decay: float) -> None:
        details = dataclasses.replace(setting.contrastive, weight_decay=decay)
        super().__init__(setting.replace(contrastive=details))
        self.Q = torch.nn.Parameter(torch.zeros(setting.dimension, dtype=torch.float64))

    def forward(self, X: torch.Tensor, queries: vit.Index | None = None) -> torch.Tensor:
        """(B, d) from masked patches (B, P, d)."""
        keys = X
        if self.setting.contrastive.keys == "feature+position":
            keys = X + self.positions
        return torch.einsum("bq,bqd->bd", torch.softmax(keys @ self.Q, dim=1), X)


def pooling_step(setting: Setting) -> float:
    """Step of the equivalent pooling for a unit step of training, claimed."""
    return 1 / setting.P


def pooling_decay(setting: Setting) -> float:
    """Weight decay λ′ of the equivalent pooling, claimed."""
    return setting.P * setting.contrastive.weight_decay


pooling = Claim(
    id="cl.pooling",
    title="Contrastive training is attention pooling",
    statement=(
        r"\text{With queries by position, training }Q\text{ with step }\eta\text{ is training one "
        r"query }w\text{ of }F(X)=\sum_q\mathrm{softmax}_q(w^\top k_q)X_q\text{ with step "
        r"}\eta/P\text{ and }\lambda'=P\lambda"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "plain gradient descent", "contrastive details"),
    rests_on=("cl.rank-one",),
)


@pooling.leg("trained")
def pooling_beside_training(context: Context) -> Iterator[Gap]:
    """A row of Q against the one query of attention pooling, on the same batches."""
    steps, step = context.at(quick=30, full=200), 20.0
    for i, reading in enumerate(POSITION_READINGS):
        setting = small_setting(reading, weight_decay=2e-4, P=(12, 16)[i % 2])
        batches = list(minibatches(setting, context.seed + i, steps))
        *_, Q = descend(vit.ContrastiveViT(setting), batches, step)
        single = Pooling(setting, pooling_decay(setting))
        *_, w = descend(single, batches, step * pooling_step(setting))
        yield equal(
            f"keys {reading['keys']}, {reading['views']} views: a row of Q against w",
            float(np.abs(Q[0] - w).max() / np.abs(w).max()),
            0,
            1e-9,
            "rounding of each step, amplified over the run by less than 1e6; on any batches",
            false_alarm=0,
        )


pooling.mistake(
    pooling_step,
    "the step is not divided by P",
    lambda original: lambda s: 1,
)
pooling.mistake(
    pooling_decay,
    "weight decay is not multiplied by P",
    lambda original: lambda s: s.contrastive.weight_decay,
)

shift = Claim(
    id="cl.shift",
    title="Position correlations of a query sum to zero",
    statement=(
        r"\text{With positions in the keys }\sum_q\beta_{p\to q}=-\lambda\sum_q\Upsilon_{p\to "
        r"q}\text{, hence }\sum_q\Upsilon^{(t)}_{p\to q}=0\text{ from }Q^{(0)}=0"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "orthonormal positions"),
    rests_on=("cl.gradient-position",),
)


@shift.leg("property", require=EVERYWHERE)
def position_rates_sum_to_zero(context: Context) -> Evidence:
    """Row sums of the gradient, automatic and in closed form, at any Q."""

    def gaps(instance: Instance) -> Iterator[Gap]:
        setting = instance.setting
        G, views = instance.coordinates(), instance.views()
        decay = setting.contrastive.weight_decay
        unit = setting.latents.U**2 + decay * setting.P * max(instance.scale, 1)
        rows = slice(0, setting.P)
        expected = -decay * G[rows, rows].sum(axis=1)
        for name, found in (
            ("automatic differentiation", autograd(setting, views, G, instance.seed)),
            ("closed form", closed_form(instance)),
        ):
            error = np.abs(found[rows, rows].sum(axis=1) - expected).max()
            yield at_most(f"Σβ + λΣΥ by {name}", error / unit, 0, ROUNDING, "rounding only")

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=40, full=200),
        regimes_of=regimes_of,
        require=EVERYWHERE,
    )


@shift.leg("trained")
def position_correlations_sum_to_zero(context: Context) -> Iterator[Gap]:
    """Row sums of Υ after training by torch."""
    for i, views in enumerate(("independent", "complementary")):
        reading = {"keys": "feature+position", "views": views, "query": "position"}
        setting = small_setting(reading)
        batches = minibatches(setting, context.seed + i, context.at(quick=100, full=400))
        *_, Q = descend(vit.ContrastiveViT(setting), batches, step=20.0)
        upsilon = correlations.position(setting, Q)
        yield at_most(
            f"{views} views: |ΣΥ| over Σ|Υ|",
            float(np.abs(upsilon.sum(axis=1)).max() / np.abs(upsilon).sum(axis=1).min()),
            0,
            1e-9,
            "rounding of each step, amplified over the run by less than 1e6; on any batches",
            false_alarm=0,
        )


shift.mistake(
    vit.ContrastiveViT,
    "position encodings differ in length",
    lambda original: UnequalPositions,
)
shift.mistake(
    gradients.key_rates,
    "masked keys get no gradient",
    lambda original: (
        lambda s, k, part, per_area, per_mask, on_key: original(
            s, k, part, per_area, 0 * per_mask, on_key
        )
    ),
)


CLAIMS = (rank_one, pooling, shift)
