"""Contrast of two views (InfoNCE), alone or against a slowly moving copy (MoCo-v3).

Chen, Xie and He, An Empirical Study of Training Self-Supervised Vision Transformers (2021). The
other images of a batch are the negatives.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from refutable.model.shapes import Floating
from refutable.model.transformers.views import Viewer, pooled
from refutable.model.transformers.vit import Loss, Pictures, ViT, initialise


def head(entering: int, hidden: int, leaving: int) -> nn.Sequential:
    """Two linear maps with a norm over the batch and a kink between."""
    return nn.Sequential(
        nn.Linear(entering, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, leaving, bias=False),
    )


def info_nce(
    queries: Floating[Tensor, "B d"], keys: Floating[Tensor, "B d"], temperature: float
) -> Loss:
    """The loss of telling each query's key (B, d) from those of the other images, by cosine."""
    q, k = (nn.functional.normalize(x, dim=1) for x in (queries, keys))
    return nn.functional.cross_entropy(q @ k.T / temperature, torch.arange(len(q)))


@torch.no_grad()
def follow(slow: nn.Module, fast: nn.Module, momentum: float) -> None:
    """Move the parameters of a copy towards the network's: slow = m · slow + (1 - m) · fast."""
    for old, new in zip(slow.parameters(), fast.parameters(), strict=True):
        old.lerp_(new, 1 - momentum)


class Contrast(nn.Module):
    """Encoder, projection and, with a momentum copy, a predictor on the side that learns.

    momentum: of the copy that makes the keys; None makes both sides learn (SimCLR's form).
    """

    def __init__(
        self,
        encoder: ViT,
        generator: torch.Generator,
        view: Viewer,
        momentum: float | None = None,
        temperature: float = 0.2,
        hidden: int = 128,
        leaving: int = 64,
    ) -> None:
        super().__init__()
        self.encoder, self.view, self.generator = encoder, view, generator
        self.momentum, self.temperature = momentum, temperature
        self.project = head(encoder.architecture.width, hidden, leaving)
        self.predict = head(leaving, hidden, leaving) if momentum is not None else nn.Identity()
        for part in (self.project, self.predict):
            initialise(part, generator)
        if momentum is not None:
            self.slow_encoder = copy.deepcopy(encoder).requires_grad_(False)
            self.slow_project = copy.deepcopy(self.project).requires_grad_(False)

    def forward(self, images: Pictures) -> Loss:
        """The loss, both views in turn being the query."""
        views = [self.view(images, self.generator) for _ in range(2)]
        queries = [self.predict(self.project(x)) for x in pooled(self.encoder, views)]
        if self.momentum is None:
            keys = queries
        else:
            with torch.no_grad():
                follow(self.slow_encoder, self.encoder, self.momentum)
                follow(self.slow_project, self.project, self.momentum)
                keys = [self.slow_project(x) for x in pooled(self.slow_encoder, views)]
        losses = [info_nce(queries[i], keys[1 - i], self.temperature) for i in range(2)]
        return (losses[0] + losses[1]) / 2
