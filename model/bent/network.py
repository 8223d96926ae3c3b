"""Network: the two models under perturbed assumptions, and their losses on a batch.

Everything is torch on whole matrices: no closed form survives all perturbations. With none turned
these are the modules of `vit` and the losses of `losses`.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import Batch, World
from refutable.model.setting import Setting
from refutable.model.shapes import Float
from refutable.model.trajectory import Objective

SECOND_HEAD = 0.1
"""Scale of the second head's start: equal heads would stay equal."""


class Network(torch.nn.Module):
    """One or two layers of one or two heads with query-key matrices Q and a value matrix.

    Without residual connections the composition of layers is linear in the values, so that the
    attention of the whole network to an input patch is well defined: the product of the layers'.
    """

    def __init__(
        self,
        setting: Setting,
        objective: Objective,
        perturbation: Perturbation,
        where: World,
        rng: np.random.Generator,
    ) -> None:
        super().__init__()
        d = where.E.shape[1]
        self.objective, self.details = objective, setting.contrastive
        self.positions = torch.from_numpy(where.E)
        self.layers = perturbation.layers
        self.heads = perturbation.heads
        starts = np.zeros((self.layers, self.heads, d, d))
        if perturbation.init_scale:
            starts += perturbation.init_scale / math.sqrt(d) * rng.standard_normal(starts.shape)
        if self.heads == 2:
            starts[:, 1] += SECOND_HEAD / math.sqrt(d) * rng.standard_normal(starts[:, 1].shape)
        self.Q = torch.nn.Parameter(torch.from_numpy(starts))
        W = np.eye(d)
        if perturbation.value_perturbation:
            scale = perturbation.value_perturbation / math.sqrt(d)
            W = W + scale * rng.standard_normal((d, d))
        self.plain_values = not (perturbation.value_perturbation or perturbation.value_training)
        self.W = torch.nn.Parameter(
            torch.from_numpy(W), requires_grad=perturbation.value_training > 0
        )

    def _layer(self, tokens: Float[Tensor, "B P d"], layer: int) -> Float[Tensor, "B P P"]:
        """Attention of a layer, heads averaged: (B, P, P)."""
        keys, asking = tokens, self.positions
        if self.objective == "mae" or self.details.keys == "feature+position":
            keys = tokens + self.positions
        if self.objective == "cl" and self.details.query == "feature+position":
            asking = tokens + self.positions
        # Keys by queries: queries that all samples share make it one product of matrices.
        found = [torch.softmax(keys @ (asking @ Q).transpose(-2, -1), dim=1) for Q in self.Q[layer]]
        attention = found[0] if len(found) == 1 else torch.stack(found).mean(dim=0)
        return attention.transpose(1, 2)

    def attention(self, masked: Float[Tensor, "B P d"]) -> Float[Tensor, "B P P"]:
        """Attention of every query to every input patch, (B, P, P): the layers' product."""
        attention = self._layer(masked, 0)
        if self.layers == 2:
            attention = self._layer(attention @ masked, 1) @ attention
        return attention

    def forward(
        self, masked: Float[Tensor, "B P d"]
    ) -> Float[Tensor, "B P d"] | Float[Tensor, "B d"]:
        """F_p for MAE, (B, P, d); their mean over p for CL, (B, d)."""
        return self.output(self.attention(masked), masked)

    def output(
        self, attention: Float[Tensor, "B P P"], masked: Float[Tensor, "B P d"]
    ) -> Float[Tensor, "B P d"] | Float[Tensor, "B d"]:
        """The same, from the attention that the network pays to these patches."""
        if self.objective == "cl":
            attention = attention.mean(dim=1, keepdim=True)
        out = attention @ masked
        if not self.plain_values:
            out = out @ self.W
        return out if self.objective == "mae" else out.squeeze(1)


def reconstruction(F: Float[Tensor, "B P d"], batch: Batch) -> Float[Tensor, ""]:
    """Σ_p L_p on a batch from the outputs F (B, P, d), a scalar."""
    error = (F - batch.X) * ~batch.visible[:, :, None]
    return 0.5 * error.square().sum() / len(batch.X)


def contrast(
    anchor: Float[Tensor, "B d"],
    network: Network,
    setting: Setting,
    perturbation: Perturbation,
    against: tuple[Batch, Batch],
) -> Float[Tensor, ""]:
    """L_cl on a batch whose positives share their negatives, without weight decay, a scalar.

    anchor: outputs (B, d) of the first views; against: the second views, and the negatives.
    Sharing leaves the expectation of the gradient as it is: each positive still meets N_c
    independent samples, and the expectation of a mean over positives needs no independence.
    """
    second, negatives = against
    with torch.set_grad_enabled(not perturbation.stop_gradient and torch.is_grad_enabled()):
        positive, others = network(second.masked), network(negatives.masked)
    if perturbation.normalised:
        anchor, positive, others = (
            torch.nn.functional.normalize(F, dim=-1) for F in (anchor, positive, others)
        )
    similar = torch.cat([(anchor * positive).sum(dim=1, keepdim=True), anchor @ others.T], dim=1)
    tau = setting.contrastive.tau
    return -tau * torch.log_softmax(similar / tau, dim=1)[:, 0].mean()
