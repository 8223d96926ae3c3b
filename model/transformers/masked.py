"""Masked reconstruction (MAE): hide patches, and paint them from those that are left.

He, Chen, Xie, Li, Dollár and Girshick, Masked Autoencoders Are Scalable Vision Learners (2022).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refutable.model.shapes import Floating, Int
from refutable.model.transformers.vit import (
    Block,
    Loss,
    Pictures,
    ViT,
    initialise,
    sincos_positions,
)


def random_subsets(
    count: int, P: int, kept: int, generator: torch.Generator
) -> tuple[Int[Tensor, "{count} {kept}"], Int[Tensor, "{count} {P}-{kept}"]]:
    """Uniform subsets of `kept` of P patches and what is left: (count, kept), (count, P - kept)."""
    order = torch.rand(count, P, generator=generator).argsort(dim=1)
    return order[:, :kept], order[:, kept:]


def pixels(images: Pictures, patch: int) -> Floating[Tensor, "B P channels*{patch}**2"]:
    """(B, P, channels · patch²) pixels of the patches of images, row by row."""
    return nn.functional.unfold(images, patch, stride=patch).transpose(1, 2)


class MaskedReconstruction(nn.Module):
    """An encoder that sees a share of the patches, and a small decoder that paints the others.

    masked: the share that is hidden. The target is a patch's pixels, normed by its own mean and
    deviation.
    """

    positions: Floating[Tensor, "P width"]

    def __init__(
        self,
        encoder: ViT,
        generator: torch.Generator,
        masked: float = 0.75,
        width: int = 32,
        depth: int = 1,
        heads: int = 4,
    ) -> None:
        super().__init__()
        a = encoder.architecture
        self.encoder, self.generator, self.masked = encoder, generator, masked
        self.enter = nn.Linear(a.width, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.register_buffer("positions", sincos_positions(a.side, width))
        self.decoder = nn.ModuleList(Block(width, heads, a.ratio, a.epsilon) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=a.epsilon)
        self.paint = nn.Linear(width, a.channels * a.patch**2)
        for part in (self.enter, self.decoder, self.paint):
            initialise(part, generator)
        nn.init.normal_(self.mask_token, std=0.02, generator=generator)

    def forward(self, images: Pictures) -> Loss:
        """The loss: mean squared error over the pixels of the hidden patches."""
        a = self.encoder.architecture
        kept, hidden = random_subsets(
            len(images), a.P, a.P - round(self.masked * a.P), self.generator
        )
        seen = self.enter(self.encoder(images, kept))
        lead, patches = seen[:, : a.leading], seen[:, a.leading :]
        tokens = self.mask_token.expand(len(images), a.P, -1)
        where = kept[:, :, None].expand(-1, -1, patches.shape[2])
        x = torch.cat([lead, tokens.scatter(1, where, patches) + self.positions], dim=1)
        for block in self.decoder:
            x = block(x)
        painted = self.paint(self.norm(x[:, a.leading :]))
        target = pixels(images, a.patch)
        mean, variance = target.mean(2, keepdim=True), target.var(2, keepdim=True)
        error = (painted - (target - mean) / (variance + 1e-6).sqrt()).square().mean(dim=2)
        return error.gather(1, hidden).mean()
