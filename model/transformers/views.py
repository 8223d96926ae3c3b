"""Views: random changes of an image that leave what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from refutable.model.shapes import Floating, Int
from refutable.model.transformers.masked import random_subsets
from refutable.model.transformers.vit import Pictures

View = tuple[Pictures, Int[Tensor, "B m"] | None]
"""Images (B, channels, side, side), and indices (B, m) of the patches that are seen, or all."""
Viewer = Callable[[Pictures, torch.Generator], View]


def _uniform(
    count: int, low: float, high: float, generator: torch.Generator
) -> Floating[Tensor, "{count}"]:
    return low + (high - low) * torch.rand(count, generator=generator)


@dataclass(frozen=True)
class Crops:
    """Random crops, mirrored half of the time, with brightness, contrast and noise changed.

    smallest: share of the area that a crop has at least. stretch: largest ratio of its sides.
    jitter: of contrast and brightness, in standard deviations of pixels; noise likewise.
    """

    smallest: float = 0.3
    stretch: float = 4 / 3
    jitter: float = 0.4
    noise: float = 0.1

    def __call__(self, images: Pictures, generator: torch.Generator) -> View:
        """One view of every image."""
        B = len(images)
        area = _uniform(B, self.smallest, 1.0, generator)
        aspect = (_uniform(B, -0.5, 0.5, generator) * math.log(self.stretch)).exp()
        tall, wide = (area.sqrt() * aspect).clamp(max=1), (area.sqrt() / aspect).clamp(max=1)
        mirror = torch.where(torch.rand(B, generator=generator) < 0.5, -1.0, 1.0)
        theta = torch.zeros(B, 2, 3)
        theta[:, 0, 0], theta[:, 1, 1] = wide * mirror, tall
        theta[:, 0, 2] = (1 - wide) * _uniform(B, -1, 1, generator)
        theta[:, 1, 2] = (1 - tall) * _uniform(B, -1, 1, generator)
        grid = nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
        views = nn.functional.grid_sample(
            images, grid, padding_mode="reflection", align_corners=False
        )
        contrast = _uniform(B, 1 - self.jitter, 1 + self.jitter, generator)
        brightness = _uniform(B, -self.jitter, self.jitter, generator)
        noise = self.noise * torch.randn(views.shape, generator=generator)
        return views * contrast.view(-1, 1, 1, 1) + brightness.view(-1, 1, 1, 1) + noise, None


@dataclass(frozen=True)
class Masking:
    """Some patches alone, nothing else changed: the augmentation of Definition 2.7.

    patch: side in pixels. masked: the share that is hidden.
    """

    patch: int
    masked: float = 0.5

    def __call__(self, images: Pictures, generator: torch.Generator) -> View:
        """One view of every image."""
        P = (images.shape[-1] // self.patch) ** 2
        kept, _ = random_subsets(len(images), P, P - round(self.masked * P), generator)
        return images, kept
