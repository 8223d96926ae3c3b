"""Views: random changes of an image that leave what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from refutable.model.shapes import Floating, Int
from refutable.model.transformers.masked import random_subsets
from refutable.model.transformers.vit import Pictures, ViT

View = tuple[Pictures, Int[Tensor, "B m"] | None]
"""Images (B, channels, side, side), and indices (B, m) of the patches that are seen, or all."""
Viewer = Callable[[Pictures, torch.Generator], View]


def pooled(encoder: ViT, views: Sequence[View]) -> tuple[Floating[Tensor, "B width"], ...]:
    """(B, width) what stands for every image of each view, all of them encoded at once."""
    images, kept = zip(*views, strict=True)
    seen = None if kept[0] is None else torch.cat(kept)
    return encoder.pool(encoder(torch.cat(images), seen)).split(len(images[0]))


def _uniform(
    count: int, low: float, high: float, generator: torch.Generator
) -> Floating[Tensor, "{count}"]:
    return low + (high - low) * torch.rand(count, generator=generator)


def _centres(side: int) -> Floating[Tensor, "{side}"]:
    """Of the pixels along a side that reaches from -1 to 1."""
    return (2 * torch.arange(side) + 1) / side - 1


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
        right = (1 - wide) * _uniform(B, -1, 1, generator)
        down = (1 - tall) * _uniform(B, -1, 1, generator)
        columns = torch.outer(wide * mirror, _centres(images.shape[3])) + right[:, None]
        rows = torch.outer(tall, _centres(images.shape[2])) + down[:, None]
        grid = torch.stack(torch.broadcast_tensors(columns[:, None, :], rows[:, :, None]), dim=3)
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
