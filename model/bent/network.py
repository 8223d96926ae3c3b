"""Network: the two models under perturbed assumptions, and their losses on a batch.

Everything is torch on whole matrices: no closed form survives all perturbations. With none turned
these are the modules of `vit` and the losses of `losses`.
"""

from __future__ import annotations

import math
from typing import Any

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


class _Attend(torch.autograd.Function):
    """softmax(scores)·tokens, and its gradient, without a matrix that neither of them needs.

    Dividing what is read in place of the weights, and one product backwards in place of a chain of
    its parts, takes less than half of the time: matrices (B, P, P) are what a step costs.
    """

    @staticmethod
    def forward(
        ctx: Any, scores: Float[Tensor, "B P n"], tokens: Float[Tensor, "B n m"]
    ) -> Float[Tensor, "B P m"]:
        weights = (scores - scores.amax(dim=2, keepdim=True)).exp_()
        total = weights.sum(dim=2, keepdim=True)
        read = (weights @ tokens).div_(total)
        ctx.save_for_backward(weights, total, tokens, read)
        return read

    @staticmethod
    def backward(
        ctx: Any, *gradients: Float[Tensor, "B P m"]
    ) -> tuple[Float[Tensor, "B P n"], Float[Tensor, "B n m"] | None]:
        weights, total, tokens, read = ctx.saved_tensors
        share = gradients[0] / total
        centre = (share * read).sum(dim=2, keepdim=True)
        of_scores = torch.baddbmm(centre, share, tokens.transpose(1, 2), beta=-1).mul_(weights)
        of_tokens = weights.transpose(1, 2) @ share if ctx.needs_input_grad[1] else None
        return of_scores, of_tokens


def _softmax(scores: Float[Tensor, "B P n"]) -> Float[Tensor, "B P n"]:
    """torch.softmax over the last axis, which takes three times as long where it is short."""
    weights = (scores - scores.amax(dim=2, keepdim=True)).exp_()
    return weights.div_(weights.sum(dim=2, keepdim=True))


def attend(
    scores: Float[Tensor, "B P n"], tokens: Float[Tensor, "B n m"]
) -> Float[Tensor, "B P m"]:
    """What every query reads of the tokens, softmax(scores)·tokens: (B, P, m)."""
    read: Tensor = _Attend.apply(scores, tokens)  # type: ignore[no-untyped-call]  # torch's
    return read


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
        self.placed = objective == "mae" or self.details.keys == "feature+position"
        self.positions = torch.from_numpy(where.E).to(where.device)
        self.layers = perturbation.layers
        self.heads = perturbation.heads
        starts = np.zeros((self.layers, self.heads, d, d))
        if perturbation.init_scale:
            starts += perturbation.init_scale / math.sqrt(d) * rng.standard_normal(starts.shape)
        if self.heads == 2:
            starts[:, 1] += SECOND_HEAD / math.sqrt(d) * rng.standard_normal(starts[:, 1].shape)
        self.Q = torch.nn.Parameter(torch.from_numpy(starts).to(where.device))
        W = np.eye(d)
        if perturbation.value_perturbation:
            scale = perturbation.value_perturbation / math.sqrt(d)
            W = W + scale * rng.standard_normal((d, d))
        self.plain_values = not (perturbation.value_perturbation or perturbation.value_training)
        self.W = torch.nn.Parameter(
            torch.from_numpy(W).to(where.device), requires_grad=perturbation.value_training > 0
        )

    def _scores(
        self,
        tokens: Float[Tensor, "B n m"],
        Q: Float[Tensor, "d d"],
        batch: Batch,
        positions: Float[Tensor, "p d"],
    ) -> Float[Tensor, "B p n"]:
        """What a head's softmax is taken of, (B, p, n): queries by keys."""
        E = self.positions
        if batch.frame is None:
            keys = tokens + E if self.placed else tokens
            seen = self.objective == "cl" and self.details.query == "feature+position"
            asking = tokens + E if seen else positions
            # Keys by queries: queries that all samples share make it one product of matrices.
            return (keys @ (asking @ Q).transpose(-2, -1)).transpose(1, 2)
        asked = positions @ Q
        of_features = (asked @ batch.frame.transpose(1, 2)).index_select(0, batch.drawn_from)
        if self.placed:
            return torch.baddbmm(asked @ E.T, of_features, tokens.transpose(1, 2))
        return of_features @ tokens.transpose(1, 2)

    def _layer(
        self,
        tokens: Float[Tensor, "B P m"],
        layer: int,
        batch: Batch,
        positions: Float[Tensor, "p d"],
    ) -> Float[Tensor, "B p m"]:
        """What a layer reads, heads averaged."""
        heads = [attend(self._scores(tokens, Q, batch, positions), tokens) for Q in self.Q[layer]]
        return heads[0] if len(heads) == 1 else torch.stack(heads).mean(dim=0)

    def attention(
        self, batch: Batch, asking: Float[Tensor, "p d"] | None = None
    ) -> Float[Tensor, "B p P"]:
        """Attention of every query to every input patch, (B, p, P): the layers' product.

        asking: the positions that ask, all of them unless others are given.
        """
        positions = self.positions if asking is None else asking
        tokens, attention = batch.masked, None
        for layer in range(self.layers):
            heads = [_softmax(self._scores(tokens, Q, batch, positions)) for Q in self.Q[layer]]
            here = heads[0] if len(heads) == 1 else torch.stack(heads).mean(dim=0)
            attention = here if attention is None else here @ attention
            tokens = here @ tokens
        assert attention is not None  # there is a layer
        return attention

    def forward(
        self, batch: Batch, asking: Float[Tensor, "p d"] | None = None
    ) -> Float[Tensor, "B p m"] | Float[Tensor, "B d"]:
        """F_p for MAE, (B, p, m) in the batch's coordinates; their mean over p for CL, (B, d).

        asking: the positions that ask, all of them unless others are given.
        """
        positions = self.positions if asking is None else asking
        out = batch.masked
        for layer in range(self.layers):
            out = self._layer(out, layer, batch, positions)
        return self.output(out, batch)

    def output(
        self, read: Float[Tensor, "B p m"], batch: Batch
    ) -> Float[Tensor, "B p m"] | Float[Tensor, "B d"]:
        """The same, from what attention reads of this batch."""
        out = read.mean(dim=1) if self.objective == "cl" else read
        if not self.plain_values:
            out = out @ self.W
        return out if self.objective == "mae" else batch.whole(out)


def reconstruction(F: Float[Tensor, "B P m"], batch: Batch) -> Float[Tensor, ""]:
    """Σ_p L_p on a batch from the outputs F (B, P, m), a scalar."""
    error = (F - batch.X) * ~batch.visible[:, :, None]
    return 0.5 * error.square().sum() / len(batch.X)


def contrast(
    anchor: Float[Tensor, "B d"],
    network: Network,
    setting: Setting,
    perturbation: Perturbation,
    against: tuple[Batch, Batch],
    asking: Float[Tensor, "p d"] | None = None,
) -> Float[Tensor, ""]:
    """L_cl on a batch whose positives share their negatives, without weight decay, a scalar.

    anchor: outputs (B, d) of the first views; against: the second views, and the negatives;
    asking: the positions that ask, all of them unless others are given.
    Sharing leaves the expectation of the gradient as it is: each positive still meets N_c
    independent samples, and the expectation of a mean over positives needs no independence.
    """
    second, negatives = against
    with torch.set_grad_enabled(not perturbation.stop_gradient and torch.is_grad_enabled()):
        positive, others = network(second, asking), network(negatives, asking)
    if perturbation.normalised:
        anchor, positive, others = (
            torch.nn.functional.normalize(F, dim=-1) for F in (anchor, positive, others)
        )
    similar = torch.cat([(anchor * positive).sum(dim=1, keepdim=True), anchor @ others.T], dim=1)
    tau = setting.contrastive.tau
    return -tau * torch.log_softmax(similar / tau, dim=1)[:, 0].mean()
