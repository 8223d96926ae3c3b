"""Supervised learning (DeiT without its teacher): tell the label from one view."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refutable.model.shapes import Int
from refutable.model.transformers.views import Viewer
from refutable.model.transformers.vit import Loss, Pictures, ViT, initialise


class Supervision(nn.Module):
    """An encoder and a linear map to the classes; images come with their labels."""

    def __init__(
        self, encoder: ViT, generator: torch.Generator, view: Viewer, classes: int
    ) -> None:
        super().__init__()
        self.encoder, self.view, self.generator = encoder, view, generator
        self.classify = nn.Linear(encoder.architecture.width, classes)
        initialise(self.classify, generator)

    def forward(self, images: Pictures, labels: Int[Tensor, "B"]) -> Loss:
        """The loss: cross entropy of the labels."""
        said = self.classify(self.encoder.pool(self.encoder(*self.view(images, self.generator))))
        return nn.functional.cross_entropy(said, labels, label_smoothing=0.1)
