"""Self-distillation (DINO): a network foretells what its own slow copy says of another view.

Caron, Touvron, Misra, Jégou, Mairal, Bojanowski and Joulin, Emerging Properties in Self-Supervised
Vision Transformers (2021). Two views of the whole image; no small local crops.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from refutable.model.shapes import Floating
from refutable.model.transformers.contrastive import follow
from refutable.model.transformers.views import Viewer, pooled
from refutable.model.transformers.vit import Loss, Pictures, ViT, initialise


class Prototypes(nn.Module):
    """A hidden layer, then the cosines to unit prototypes, (B, prototypes)."""

    def __init__(self, entering: int, hidden: int, leaving: int, prototypes: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Linear(entering, hidden), nn.GELU(), nn.Linear(hidden, leaving)
        )
        self.prototypes = nn.Linear(leaving, prototypes, bias=False)

    def forward(self, x: Floating[Tensor, "B entering"]) -> Floating[Tensor, "B prototypes"]:
        """Cosines of what stands for images (B, entering)."""
        directions = nn.functional.normalize(self.prototypes.weight, dim=1)
        return nn.functional.normalize(self.hidden(x), dim=1) @ directions.T


class Distillation(nn.Module):
    """Student, teacher, and the centre that keeps the teacher from saying the same of everything.

    momentum: of the teacher. sharp, soft: temperatures of the teacher and of the student. drift:
    how much of the centre stays at each step.
    """

    centre: Floating[Tensor, "prototypes"]

    def __init__(
        self,
        encoder: ViT,
        generator: torch.Generator,
        view: Viewer,
        momentum: float = 0.99,
        sharp: float = 0.04,
        soft: float = 0.1,
        drift: float = 0.9,
        hidden: int = 128,
        leaving: int = 64,
        prototypes: int = 128,
    ) -> None:
        super().__init__()
        self.encoder, self.view, self.generator = encoder, view, generator
        self.momentum, self.sharp, self.soft, self.drift = momentum, sharp, soft, drift
        self.project = Prototypes(encoder.architecture.width, hidden, leaving, prototypes)
        initialise(self.project, generator)
        self.slow_encoder = copy.deepcopy(encoder).requires_grad_(False)
        self.slow_project = copy.deepcopy(self.project).requires_grad_(False)
        self.register_buffer("centre", torch.zeros(prototypes))

    def forward(self, images: Pictures) -> Loss:
        """The loss: cross entropy of the student against the teacher's word on the other view."""
        views = [self.view(images, self.generator) for _ in range(2)]
        said = [self.project(x) / self.soft for x in pooled(self.encoder, views)]
        with torch.no_grad():
            follow(self.slow_encoder, self.encoder, self.momentum)
            follow(self.slow_project, self.project, self.momentum)
            taught = [self.slow_project(x) for x in pooled(self.slow_encoder, views)]
            targets = [((t - self.centre) / self.sharp).softmax(dim=1) for t in taught]
            self.centre.lerp_(torch.cat(taught).mean(dim=0), 1 - self.drift)
        losses = [-(targets[1 - i] * said[i].log_softmax(dim=1)).sum(1).mean() for i in range(2)]
        return (losses[0] + losses[1]) / 2
