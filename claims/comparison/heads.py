"""Several heads: those that start alike stay alike, and are one head that takes smaller steps.

Sources: none; derived here, for the assumption that there is one head. With outputs averaged,
F = (1/H)Σ_h F(Q_h), a loss of F has the slope (1/H)·∂L/∂F·F′(Q_h) in Q_h. Where all Q_h are equal
that is 1/H of what one head has there: so they stay equal on every batch, and each takes the steps
of one head with η/H. Heads add nothing until something tells them apart, such as their start.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from refutable import property as properties
from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.contrastive.gradients import (
    EVERY_READING,
    ROUNDING,
    Instance,
    instances,
    regimes_of,
)
from refutable.gap import Gap, at_least, at_most
from refutable.model import data, losses, vit
from refutable.model.data import Floats
from refutable.model.setting import Contrastive, Setting
from refutable.model.steps import GradientDescent
from refutable.model.trajectory import Objective

equal_heads = Claim(
    id="heads.equal",
    title="Heads that start alike stay alike: one head with smaller steps",
    statement=(
        r"F=\frac1H\sum_h F(Q_h),\ Q_1^{(0)}=\dots=Q_H^{(0)}\implies Q_1^{(t)}=\dots=Q_H^{(t)}"
        r"=Q^{(t)}\text{ of one head with steps }\eta/H\text{, MAE and CL, on every sequence of "
        r"minibatches, }\lambda=0"
    ),
    measured="automatic gradients of every head at equal Q of any scale; three and five heads "
    "trained from Q = 0",
    provenance=Provenance.DERIVED,
    assumptions=("fixed identity value matrix", "plain gradient descent"),
    rests_on=(),
)


class Averaged(nn.Module):
    """Heads with a query-key matrix each, whose outputs are averaged; `one` is what each is like.

    Takes the place of a `vit.MaskedAutoencoder` or `vit.ContrastiveViT` in the losses.
    """

    def __init__(self, one: vit.MaskedAutoencoder | vit.ContrastiveViT, heads: int) -> None:
        super().__init__()
        self.setting, self.basis = one.setting, one.basis
        self.one = (one,)  # no module of its own: its Q is none of the parameters
        self.heads = nn.ParameterList(one.Q.detach().clone() for _ in range(heads))

    @property
    def Q(self) -> Tensor:
        """All of them, (H, d, d)."""
        return torch.stack(list(self.heads))

    def forward(self, X: Tensor, queries: vit.Index | None = None) -> Tensor:
        """The mean output."""
        outputs = [functional_call(self.one[0], {"Q": Q}, (X, queries)) for Q in self.heads]
        return torch.stack(outputs).mean(dim=0)


def one_head(setting: Setting, objective: Objective) -> vit.MaskedAutoencoder | vit.ContrastiveViT:
    """A model of an objective, Q = 0."""
    return vit.MaskedAutoencoder(setting) if objective == "mae" else vit.ContrastiveViT(setting)


def loss_of(module: losses.Model, objective: Objective, seed: int, size: int) -> Tensor:
    """The loss on a batch that the seed draws, of one head or of several."""
    rng = np.random.default_rng(seed)
    if objective == "mae":
        return losses.reconstruction(module, data.draw(module.setting, size, rng))
    return losses.contrastive(module, data.views(module.setting, size, rng))


def share_of_head(heads: int) -> float:
    """The slope of a head over that of one head alone, and its steps over those, claimed."""
    return 1 / heads


OBJECTIVES: tuple[Objective, ...] = ("mae", "cl")


@equal_heads.leg("property", require=(*EVERY_READING, "large Q", "K > 1"))
def slopes_of_equal_heads(context: Context) -> Evidence:
    """Every head's gradient at equal Q against one head's, any scale of Q and any batch."""

    def gaps(instance: Instance) -> Iterator[Gap]:
        setting = undecayed(instance.setting)
        start = torch.from_numpy(instance.coordinates())
        for objective, heads in zip(OBJECTIVES, (3, 5), strict=True):
            one = one_head(setting, objective)
            one.Q.data.copy_(start)
            several = Averaged(one, heads)
            alone, together = (
                loss_of(module, objective, instance.seed, instance.batch)
                for module in (one, several)
            )
            expected = torch.autograd.grad(alone, one.Q)[0] * share_of_head(heads)
            found = torch.autograd.grad(together, tuple(several.heads))
            off = max(float((slope - expected).abs().max()) for slope in found)
            unit = setting.latents.U**2
            why = "rounding only; relative to U², an upper bound of the gradient's order"
            name = f"{objective}: gradient of {heads} heads against a share of one head's"
            yield at_most(name, off / unit, 0, ROUNDING, why)

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=25, full=150),
        regimes_of=regimes_of,
    )


def undecayed(setting: Setting) -> Setting:
    """The setting without weight decay, of which every head would have its own."""
    details = dataclasses.replace(setting.contrastive, weight_decay=0.0)
    return setting.replace(contrastive=details)


TRAINED = Setting.of_sizes(24, 12, 4, K=2, placement="random", contrastive=Contrastive(negatives=3))
STEPS: dict[Objective, float] = {"mae": 4.0, "cl": 8.0 * TRAINED.P}
"""η of one head, by objective."""


def descended(objective: Objective, heads: int, steps: int, seed: int) -> Floats:
    """All Q after training from Q = 0 on fresh batches, (heads, d, d); one head takes η/H steps.

    heads: 1 or more; several take steps of η times so many as there are heads, so that all move.
    """
    model = Averaged(one_head(TRAINED, objective), heads)
    step = STEPS[objective]
    optimiser = GradientDescent((Q, step / share_of_head(heads)) for Q in model.heads)
    for number in range(steps):
        optimiser.zero_grad()
        loss_of(model, objective, 1000 * seed + number, 8).backward()
        optimiser.step()
    return model.Q.detach().numpy()


@equal_heads.leg("trained", require=("mae", "cl"))
def trained_heads_are_one_head(context: Context) -> Iterator[Gap | Case]:
    """Three and five heads after training, against one another and against one head alone."""
    steps, seed = context.at(quick=30, full=200), context.seed % 10**6
    for objective in OBJECTIVES:
        yield Case((objective,))
        alone = descended(objective, 1, steps, seed)[0]
        size = float(np.abs(alone).max())
        yield at_least(
            f"{objective}, {steps} steps: largest correlation",
            size,
            0.1,
            0,
            "far above rounding: what never left Q = 0 would be alike as well",
            false_alarm=1e-12,
        )
        why = "relative float64 error of sums of some thousand terms, added up over the steps"
        for heads in context.at(quick=(3,), full=(3, 5)):
            name = f"{objective}, {heads} heads, {steps} steps"
            off = float(np.abs(descended(objective, heads, steps, seed) - alone).max()) / size
            yield at_most(f"{name}: largest difference from one head", off, 0, 1e-12 * steps, why)


def weighted(original: Any) -> Any:
    """Plant heads of which the first counts more than the others."""

    def forward(self: Averaged, X: Tensor, queries: vit.Index | None = None) -> Tensor:
        first: Tensor = functional_call(self.one[0], {"Q": self.heads[0]}, (X, queries))
        return original(self, X, queries) + 0.1 * (first - first.detach())

    return forward


equal_heads.mistake(share_of_head, "as large a slope as alone", lambda _: lambda heads: 1.0)
equal_heads.mistake(Averaged.forward, "heads that count differently", weighted)

CLAIMS = (equal_heads,)
