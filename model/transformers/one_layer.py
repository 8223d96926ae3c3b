"""The paper's one-layer model on the patches of real images (Definitions 2.4 to 2.7).

A token is X_p + e_p: pixels beside a position, orthogonal to each other. The rows e_pᵀQ of the
query-key matrix then split into B_p on the positions and W_p on the pixels, and
attn_{p→q} = softmax_q(B_pq + ⟨W_p, X_q⟩). The masked autoencoder has both terms, the canonical
contrastive model W alone. Values are the pixels themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from refutable.model.shapes import Floating
from refutable.model.steps import Adam
from refutable.model.transformers import vit
from refutable.model.transformers.masked import pixels, random_subsets

Keys = Literal["position", "content", "both"]
BATCH = 128
"""Images of a step; guessing among as many costs the contrastive loss log 128."""
Patches = Floating[Tensor, "B P d"]


def patches(images: vit.Pictures, patch: int) -> Patches:
    """(B, P, d) pixels of the patches, with mean square 1 over all images' patches."""
    found = pixels(images, patch)
    return found / found.square().sum(dim=2).mean().sqrt()


class OneLayer(nn.Module):
    """One attention layer. scale: of the normal entries of Q at the start; 0 is the paper's."""

    def __init__(
        self,
        P: int,
        d: int,
        keys: Keys,
        scale: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.keys = keys
        self.B = nn.Parameter(scale * torch.randn(P, P, generator=generator))
        self.W = nn.Parameter(scale * torch.randn(P, d, generator=generator))

    def attention(self, X: Patches) -> Floating[Tensor, "B P P"]:
        """attn_{p→q}, (B, P, P), over the masked patches X (B, P, d)."""
        content = torch.einsum("pd,bqd->bpq", self.W, X)
        if self.keys == "position":
            content = torch.zeros_like(content)
        return torch.softmax(content if self.keys == "content" else content + self.B, dim=-1)

    def forward(self, X: Patches) -> Patches:
        """F_p = Σ_q attn_{p→q} X_q, (B, P, d)."""
        return self.attention(X) @ X


def shown(
    count: int, P: int, masked: float, generator: torch.Generator
) -> Floating[Tensor, "{count} {P} 1"]:
    """(count, P, 1) with 1 at the visible patches of random masks and 0 elsewhere."""
    kept, _ = random_subsets(count, P, P - round(masked * P), generator)
    return torch.zeros(count, P).scatter(1, kept, 1.0)[:, :, None]


def reconstruction_loss(
    model: OneLayer, X: Patches, masked: float, generator: torch.Generator
) -> vit.Loss:
    """½ E Σ_p 1{p ∈ ℳ} ‖F_p - X_p‖² / P (Definition 2.5)."""
    visible = shown(len(X), X.shape[1], masked, generator)
    error = (model(X * visible) - X).square() * (1 - visible)
    return 0.5 * error.sum(dim=(1, 2)).mean() / X.shape[1]


def contrastive_loss(
    model: OneLayer,
    X: Patches,
    masked: float,
    generator: torch.Generator,
    temperature: float = 0.05,
) -> vit.Loss:
    """Cross entropy of telling the other view of an image among those of a batch (Definition 2.7).

    Views are masks; similarities are inner products of the mean over p of F_p, without a
    normalisation and with gradients through both. The temperature makes up for pooled pixels,
    whose products are small.
    """
    first, second = (
        model(X * shown(len(X), X.shape[1], masked, generator)).mean(dim=1) for _ in range(2)
    )
    return nn.functional.cross_entropy(first @ second.T / temperature, torch.arange(len(X)))


Loss = Callable[[OneLayer, Patches, float, torch.Generator], vit.Loss]


def train(
    model: OneLayer,
    loss: Loss,
    X: Patches,
    generator: torch.Generator,
    *,
    steps: int,
    masked: float = 0.75,
    batch: int = BATCH,
    rate: float = 0.1,
) -> float:
    """Train in place by Adam on patches X (N, P, d), every step with a fresh batch and fresh masks.

    Returns the mean loss of the last tenth of the steps.
    """
    optimiser = Adam((parameter, rate) for parameter in model.parameters())
    losses = []
    for _ in range(steps):
        chosen = X[torch.randint(len(X), (batch,), generator=generator)]
        found = loss(model, chosen, masked, generator)
        optimiser.zero_grad()
        found.backward()
        optimiser.step()
        losses.append(float(found.detach()))
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)
