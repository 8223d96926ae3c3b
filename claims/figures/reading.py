"""Reading attention: what torch's own attention computes in the last block of an encoder."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from refutable.model.transformers import vit


@torch.no_grad()
def last_attention(net: vit.ViT, pictures: Tensor) -> Tensor:
    """(B, heads, P, P) attention among patches in the last block, without a class token.

    The tokens that enter it are caught on the way through the whole encoder, and the rest is
    torch's multi-head attention.
    """
    caught: list[Tensor] = []
    block = cast("vit.Block", net.blocks[-1])
    hook = block.norm1.register_forward_hook(lambda _, __, normed: caught.append(normed))
    try:
        net(pictures)
    finally:
        hook.remove()
    x, attention = caught[0].transpose(0, 1), block.attn
    weight, bias = attention.qkv.weight, attention.qkv.bias
    _, weights = torch.nn.functional.multi_head_attention_forward(
        x, x, x, x.shape[2], attention.heads, weight, bias, None, None, False, 0.0,
        attention.proj.weight, attention.proj.bias, training=False, average_attn_weights=False,
    )  # fmt: skip
    return cast("Tensor", weights)
