"""The two one-layer vision transformers, in float64, with the query-key matrix Q as parameter."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refutable.model import data
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float, Int

Index = list[int] | Int[Tensor, "n"]


class _ViT(nn.Module):
    """One attention layer with full query-key matrix Q, Q = 0 at first, and identity values.

    basis: (d, d) orthonormal columns, positions first (`data.basis`); canonical unless given.
    """

    Q: nn.Parameter
    positions: Float[Tensor, "P d"]
    setting: Setting
    basis: Float[Array, "d d"]

    def __init__(self, setting: Setting, basis: Float[Array, "d d"] | None = None) -> None:
        super().__init__()
        columns = data.basis(setting) if basis is None else basis
        self.setting = setting
        self.basis = columns
        self.register_buffer("positions", torch.tensor(columns[:, : setting.P].T.copy()))
        d = setting.dimension
        self.Q = nn.Parameter(torch.zeros((d, d), dtype=torch.float64))

    def _chosen(self, queries: Index | None) -> Int[Tensor, "n"] | slice:
        return slice(None) if queries is None else torch.as_tensor(queries)


class MaskedAutoencoder(_ViT):
    """The masked autoencoder (Definition 2.4)."""

    def attention(
        self, X: Float[Tensor, "B P d"], queries: Index | None = None
    ) -> Float[Tensor, "B n P"]:
        """attn_{p→q} = softmax_q(e_pᵀQ(M(X)_q + e_q)), (B, queries, P), over all keys q.

        X: (B, P, d) masked patches. queries: patches p, all unless given; one query costs B·P·d.
        """
        rows = self.positions[self._chosen(queries)] @ self.Q
        # Two products, so that no second tensor of the size of X is laid out.
        return torch.softmax(rows @ X.transpose(1, 2) + rows @ self.positions.T, dim=-1)

    def forward(
        self, X: Float[Tensor, "B P d"], queries: Index | None = None
    ) -> Float[Tensor, "B n d"]:
        """F_p = Σ_q attn_{p→q} M(X)_q, (B, queries, d), from masked patches X (B, P, d)."""
        return self.attention(X, queries) @ X


class ContrastiveViT(_ViT):
    """The contrastive model (Definition 2.6), under the readings of `setting.contrastive`."""

    def attention(
        self, X: Float[Tensor, "B P d"], queries: Index | None = None
    ) -> Float[Tensor, "B n P"]:
        """attn_{p→q}, (B, queries, P): softmax_q(e_pᵀQX_q) in the canonical reading.

        With keys "feature+position" the key is X_q + e_q; with query "feature+position" the
        query is X_p + e_p, X masked. X: (B, P, d) masked patches.
        """
        chosen = self._chosen(queries)
        details = self.setting.contrastive
        tokens = X + self.positions
        asking = (
            tokens[:, chosen] if details.query == "feature+position" else self.positions[chosen]
        )
        keys = tokens if details.keys == "feature+position" else X
        return torch.softmax((asking @ self.Q) @ keys.transpose(1, 2), dim=-1)

    def forward(
        self, X: Float[Tensor, "B P d"], queries: Index | None = None
    ) -> Float[Tensor, "B d"]:
        """F(X) = mean over the queries p (all P unless given) of Σ_q attn_{p→q} X_q: (B, d)."""
        return (self.attention(X, queries).mean(dim=1, keepdim=True) @ X).squeeze(1)
