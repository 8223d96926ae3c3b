"""A vision transformer with pre-norm blocks, whose attention can be read off.

Parameters carry the names that timm gives them, so that a published checkpoint of that naming is a
state dict of this class. What is measured is the attention of patches among patches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from refutable.model.shapes import Floating, Int

Positions = Literal["sincos", "learned"]
Pooling = Literal["mean", "cls"]
Pictures = Floating[Tensor, "B channels side side"]
Tokens = Floating[Tensor, "B T width"]
Loss = Floating[Tensor, ""]


@dataclass(frozen=True)
class Architecture:
    """The sizes of an encoder.

    image, patch: sides in pixels; the patch divides the image. ratio: width of the hidden layer of
    a block over its own. pooling: by the mean of the patches, or by a class token, which is there
    only then. epsilon: what layer norms add to a variance. Raises ValueError for sizes that do not
    fit each other.
    """

    image: int = 28
    channels: int = 1
    patch: int = 7
    width: int = 48
    depth: int = 3
    heads: int = 3
    ratio: float = 4.0
    positions: Positions = "sincos"
    pooling: Pooling = "mean"
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        """Refuse what cannot be laid out."""
        if self.patch < 1 or self.image % self.patch:
            raise ValueError(f"a patch of {self.patch} pixels does not divide {self.image} pixels")
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        if self.positions == "sincos" and self.width % 4:
            raise ValueError(f"sin-cos positions need a width divisible by 4, not {self.width}")

    @property
    def side(self) -> int:
        """Patches along a side."""
        return self.image // self.patch

    @property
    def P(self) -> int:
        """Number of patches."""
        return self.side**2

    @property
    def leading(self) -> int:
        """Number of tokens before the patches."""
        return int(self.pooling == "cls")


def sincos_positions(side: int, width: int) -> Floating[Tensor, "{side}*{side} {width}"]:
    """(side², width) fixed positions: sines and cosines of the column, then of the row."""
    frequencies = 10_000.0 ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    angles = torch.arange(side, dtype=torch.float64)[:, None] * frequencies
    axis = torch.cat([angles.sin(), angles.cos()], dim=1)
    column, row = axis.repeat(side, 1), axis.repeat_interleave(side, dim=0)
    return torch.cat([column, row], dim=1).float()


def attention_weights(
    queries: Floating[Tensor, "*b T d"], keys: Floating[Tensor, "*b T d"]
) -> Floating[Tensor, "*b T T"]:
    """Softmax over keys of ⟨q, k⟩/√d, (..., T, T), from queries and keys (..., T, d)."""
    return torch.softmax(queries @ keys.transpose(-2, -1) / math.sqrt(keys.shape[-1]), dim=-1)


class Attention(nn.Module):
    """Self-attention with several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def _split(
        self, x: Tokens
    ) -> tuple[
        Floating[Tensor, "B heads T d"],
        Floating[Tensor, "B heads T d"],
        Floating[Tensor, "B heads T d"],
    ]:
        """Queries, keys and values, each (B, heads, T, d), of tokens (B, T, width)."""
        B, T, width = x.shape
        q, k, v = (
            part.view(B, T, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=2)  # whose gradient is laid out as x is
        )
        return q, k, v

    def weights(self, x: Tokens) -> Floating[Tensor, "B heads T T"]:
        """(B, heads, T, T) attention of tokens (B, T, width); rows sum to 1."""
        q, k, _ = self._split(x)
        return attention_weights(q, k)

    def forward(self, x: Tokens) -> Tokens:
        """(B, T, width) what every token gathers."""
        q, k, v = self._split(x)
        gathered = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(gathered.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """The hidden layer of a block."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tokens) -> Tokens:
        """Each token by itself."""
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and hidden layer, each added to what comes in, which is normed before."""

    def __init__(self, width: int, heads: int, ratio: float, epsilon: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=epsilon)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=epsilon)
        self.mlp = Mlp(width, int(ratio * width))

    def forward(self, x: Tokens) -> Tokens:
        """Tokens (B, T, width) to tokens of the same shape."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbedding(nn.Module):
    """A linear map of the pixels of every patch."""

    def __init__(self, channels: int, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, kernel_size=patch, stride=patch)

    def forward(self, images: Pictures) -> Floating[Tensor, "B P width"]:
        """(B, P, width) patches, row by row, of images (B, channels, image, image)."""
        [patch, _] = self.proj.kernel_size  # patches do not overlap: no convolution is needed
        cut = images.unflatten(3, (-1, patch)).unflatten(2, (-1, patch))
        pixels = cut.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)
        return nn.functional.linear(pixels, self.proj.weight.flatten(1), self.proj.bias)


class ViT(nn.Module):
    """The encoder. `generator` draws the weights, of scale `start`; else they are torch's own.

    Positions that are fixed are no part of the state.
    """

    pos_embed: Floating[Tensor, "1 T width"]
    cls_token: nn.Parameter

    def __init__(
        self,
        architecture: Architecture,
        generator: torch.Generator | None = None,
        start: float = 0.02,
    ) -> None:
        super().__init__()
        a = self.architecture = architecture
        self.patch_embed = PatchEmbedding(a.channels, a.patch, a.width)
        self.blocks = nn.ModuleList(
            Block(a.width, a.heads, a.ratio, a.epsilon) for _ in range(a.depth)
        )
        self.norm = nn.LayerNorm(a.width, eps=a.epsilon)
        if a.pooling == "cls":
            self.cls_token = nn.Parameter(torch.zeros(1, 1, a.width))
        if a.positions == "sincos":
            patches = sincos_positions(a.side, a.width)
            nowhere = torch.zeros(a.leading, a.width)  # where the class token stands
            table = torch.cat([nowhere, patches])[None]
            self.register_buffer("pos_embed", table, persistent=False)
        else:
            self.pos_embed = nn.Parameter(torch.zeros(1, a.leading + a.P, a.width))
        if generator is not None:
            initialise(self, generator, start)

    def embed(self, images: Pictures, kept: Int[Tensor, "B m"] | None = None) -> Tokens:
        """(B, T, width) tokens before the first block; kept: (B, m) indices of the patches seen."""
        lead = self.architecture.leading
        patches = self.patch_embed(images) + self.pos_embed[:, lead:]
        if kept is not None:
            patches = patches.gather(1, kept[:, :, None].expand(-1, -1, patches.shape[2]))
        if not lead:
            return patches
        first = self.cls_token + self.pos_embed[:, :lead]
        return torch.cat([first.expand(len(patches), -1, -1), patches], dim=1)

    def forward(self, images: Pictures, kept: Int[Tensor, "B m"] | None = None) -> Tokens:
        """(B, T, width) normed tokens of images (B, channels, image, image) or of kept patches."""
        x = self.embed(images, kept)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def pool(self, tokens: Tokens) -> Floating[Tensor, "B width"]:
        """(B, width) what stands for an image: its class token, or the mean of its patches."""
        return tokens[:, 0] if self.architecture.pooling == "cls" else tokens.mean(dim=1)

    def layers(self, images: Pictures) -> Iterator[tuple[Floating[Tensor, "B heads T T"], Tokens]]:
        """Of each block in turn: attention (B, heads, T, T), and the tokens (B, T, width) after."""
        x = self.embed(images)
        for block in cast("Sequence[Block]", self.blocks):
            weights = block.attn.weights(block.norm1(x))
            x = block(x)
            yield weights, x


def initialise(module: nn.Module, generator: torch.Generator, scale: float = 0.02) -> None:
    """Everything but norms normal of a scale, biases zero, as vision transformers begin."""
    for name, parameter in module.named_parameters():
        if parameter.ndim >= 2:
            nn.init.normal_(parameter, std=scale, generator=generator)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


def among_patches(
    weights: Floating[Tensor, "*maps T T"], leading: int
) -> Floating[Tensor, "*maps T-{leading} T-{leading}"]:
    """(..., P, P) attention of patches on patches, rows scaled to sum 1, from (..., T, T)."""
    patches = weights[..., leading:, leading:]
    return patches / patches.sum(dim=-1, keepdim=True)
