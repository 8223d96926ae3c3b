"""The two losses as functions of a torch module and a batch, differentiable in its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from refutable.model import data, vit
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Bool, Float


@runtime_checkable
class Model(Protocol):
    """What a loss asks of a model, be it of one head or of several."""

    setting: Setting
    basis: Float[Array, "d d"]

    def __call__(self, *inputs: Any) -> Any:
        """Outputs for patches, and for chosen queries where the objective has them."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """The query-key matrices."""


def patch_losses(
    module: Model,
    X: Float[Tensor, "B P d"],
    visible: Bool[Tensor, "B P"],
    weights: Float[Tensor, "B"],
    queries: vit.Index | None = None,
) -> Float[Tensor, "n"]:
    """L_p = ½ E 1{p∈ℳ} ‖F_p - X_p‖² for each query p, shape (queries,) (Definition 2.5).

    X: (B, P, d) patches before masking. visible: (B, P) bool. weights: (B,) of the expectation.
    queries: patches p, all unless given.
    """
    chosen = slice(None) if queries is None else torch.as_tensor(queries)
    error = module(X * visible[:, :, None], queries) - X[:, chosen]
    return 0.5 * torch.einsum("b,bp,bpd->p", weights, (~visible[:, chosen]).to(X.dtype), error**2)


def reconstruction(
    module: Model, samples: data.Samples, queries: vit.Index | None = None
) -> Float[Tensor, ""]:
    """L(Q) = Σ_p L_p over the queries (all patches unless given), a scalar (Definition 2.5)."""
    X = data.patches(module.setting, samples, module.basis)
    visible, weights = torch.from_numpy(samples.visible), torch.from_numpy(samples.weights)
    return patch_losses(module, torch.from_numpy(X), visible, weights, queries).sum()


def similarities(
    module: Model,
    X: Float[Tensor, "B P d"],
    other: Float[Tensor, "B P d"],
    negatives: Float[Tensor, "BN_c P d"],
) -> Float[Tensor, "B BN_c//B+1"]:
    """Sim(X⁺, ·), shape (B, 1 + N_c): the positive first; the second arguments carry no gradient.

    X, other: (B, P, d) the two masked views. negatives: (B·N_c, P, d), sample-major.
    """
    first = module(X)
    with torch.no_grad():
        against = torch.cat(
            [module(other)[:, None], module(negatives).reshape(len(X), -1, X.shape[-1])], dim=1
        )
    return torch.einsum("bd,bsd->bs", first, against)


def contrastive_of(
    module: Model,
    X: Float[Tensor, "B P d"],
    other: Float[Tensor, "B P d"],
    negatives: Float[Tensor, "BN_c P d"],
    weights: Float[Tensor, "B"],
) -> Float[Tensor, ""]:
    """L_cl, a scalar (Definition 2.7), from masked patches laid out as in `similarities`.

    -τ E log softmax(Sim/τ)_0 + (λ/2)‖Q‖²_F, with E = Σ_b weights_b.
    """
    details = module.setting.contrastive
    tau = details.tau
    logits = similarities(module, X, other, negatives) / tau
    loss = -tau * (weights * torch.log_softmax(logits, dim=1)[:, 0]).sum()
    size = sum(Q.square().sum() for Q in module.parameters())
    return loss + 0.5 * details.weight_decay * size


def contrastive(module: Model, views: data.Views) -> Float[Tensor, ""]:
    """L_cl of a contrastive batch, a scalar (Definition 2.7)."""
    X, other, negatives = (
        torch.from_numpy(data.masked(module.setting, s, module.basis))
        for s in (views.first, views.second, views.negatives)
    )
    return contrastive_of(module, X, other, negatives, torch.from_numpy(views.first.weights))
