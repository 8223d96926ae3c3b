"""Metrics of attention maps: how much queries differ, how far they look, and at what.

All take attention (..., P, P), rows (queries) summing to 1, and reduce the last two axes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from refutable.model.shapes import Bool, Floating, Int

Maps = Floating[Tensor, "*maps P P"]
OfMaps = Floating[Tensor, "*maps"]


def diversity(A: Maps) -> OfMaps:
    """Mean total variation between the attention of two queries, over all pairs: in [0, 1].

    0 when every query attends alike, 1 when no two share a key. Sorted key by key, the sum of
    |A_pk - A_qk| over pairs is a weighted sum of the order statistics: P² log P instead of P³.
    """
    P = A.shape[-1]
    ordered = A.sort(dim=-2).values
    weights = 2 * torch.arange(P, dtype=A.dtype) - (P - 1)
    pairs = P * (P - 1) / 2
    return (ordered * weights[:, None]).sum(dim=(-2, -1)) / (2 * pairs)


def angular_diversity(A: Maps) -> OfMaps:
    """Mean of 1 - cosine between the attention of two queries, over all pairs: in [0, 1]."""
    P = A.shape[-1]
    directions = A / A.norm(dim=-1, keepdim=True)
    together = directions.sum(dim=-2).square().sum(dim=-1)  # ‖Σ u_p‖² = P + Σ_{p≠q} ⟨u_p, u_q⟩
    return 1 - (together - P) / (P * (P - 1))


def two_cells(side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Row and column of two patches, a third of the side in from opposite corners."""
    first = (side - 1) // 3
    return (first, first), (side - 1 - first, side - 1 - first)


def two_queries(A: Maps) -> OfMaps:
    """Total variation between the attention of the two queries of `two_cells`."""
    side = math.isqrt(A.shape[-1])
    p, q = (row * side + column for row, column in two_cells(side))
    return (A[..., p, :] - A[..., q, :]).abs().sum(dim=-1) / 2


def mutual_information(A: Maps) -> OfMaps:
    """I(q, k)/√(H(q) H(k)) of a uniform query and its key (Park et al. 2023): 0 when all agree."""
    P = A.shape[-1]
    keys = A.mean(dim=-2)
    information = (torch.special.xlogy(A, A).sum(-1).mean(-1)) - torch.special.xlogy(
        keys, keys
    ).sum(-1)
    entropies = torch.log(torch.tensor(P, dtype=A.dtype)) * -torch.special.xlogy(keys, keys).sum(-1)
    return torch.where(entropies > 0, information / entropies.clamp(min=1e-30).sqrt(), 0.0)


def cells(side: int) -> Int[Tensor, "{side}**2 2"]:
    """(side², 2) row and column of every patch."""
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([row.flatten(), column.flatten()], dim=1)


def distance(A: Maps) -> OfMaps:
    """Mean distance in patches between a query and what it attends to."""
    at = cells(math.isqrt(A.shape[-1])).to(A.dtype)
    return (A * torch.cdist(at, at)).sum(dim=(-2, -1)) / A.shape[-1]


def neighbours(side: int, reach: int = 1) -> Bool[Tensor, "{side}**2 {side}**2"]:
    """(side², side²) whether a patch is among the (1 + 2·reach)² around another: 3 × 3 for 1."""
    at = cells(side)
    return (at[:, None] - at[None]).abs().amax(dim=-1) <= reach


def neighbourhood(A: Maps) -> OfMaps:
    """Attention on the 3 × 3 patches around the query, over what uniform attention would give."""
    near = neighbours(math.isqrt(A.shape[-1])).to(A.dtype)
    return (A * near).sum(dim=(-2, -1)) / near.mean(dim=-1).sum()


def own_cluster(A: Maps, labels: Int[Tensor, "... P"]) -> OfMaps:
    """Attention on the patches of the query's own cluster, over what uniform attention would give.

    labels: (..., P) the cluster of every patch, of the same leading shape as A or fewer axes.
    """
    same = (labels[..., :, None] == labels[..., None, :]).to(A.dtype)
    return (A * same).sum(dim=(-2, -1)) / same.mean(dim=-1).sum(dim=-1)
