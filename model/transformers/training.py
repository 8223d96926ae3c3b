"""Training by any of the objectives, and what a trained encoder is worth to a linear reader."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from refutable.model.shapes import Bool, Floating, Int, Shaped
from refutable.model.transformers.vit import Pictures, ViT


def fit(
    objective: nn.Module,
    batches: Iterable[tuple[Shaped[Tensor, "B ..."], ...]],
    *,
    steps: int,
    rate: float,
    decay: float = 0.05,
    warm_up: int = 50,
) -> list[float]:
    """Train in place by AdamW, the rate rising linearly and falling as a cosine; every loss."""
    learning = [p for p in objective.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        learning, lr=rate, weight_decay=decay, betas=(0.9, 0.95), fused=True
    )
    losses = []
    for step, batch in zip(range(steps), batches, strict=False):
        share = min(1.0, (step + 1) / warm_up) * (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.param_groups[0]["lr"] = rate * share
        loss = objective(*batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


@torch.no_grad()
def features(net: ViT, images: Pictures, at_once: int = 250) -> Floating[Tensor, "B width"]:
    """(B, width) pooled tokens of images, in double precision."""
    parts = [net.pool(net(part)) for part in images.split(at_once)]
    return torch.cat(parts).double()


def linear_reader(
    train: Floating[Tensor, "B width"],
    labels: Int[Tensor, "B"],
    test: Floating[Tensor, "b width"],
    test_labels: Int[Tensor, "b"],
    penalty: float = 10.0,
) -> Bool[Tensor, "b"]:
    """(b,) whether ridge regression on features (B, width) finds the label of a test image."""
    mean, deviation = train.mean(dim=0), train.std(dim=0) + 1e-9
    F, G = (
        torch.cat([(x - mean) / deviation, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
        for x in (train, test)
    )
    targets = nn.functional.one_hot(labels).to(F.dtype)
    W = torch.linalg.solve(F.T @ F + penalty * torch.eye(F.shape[1], dtype=F.dtype), F.T @ targets)
    return (G @ W).argmax(dim=1) == test_labels
