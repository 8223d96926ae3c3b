"""Feature and position correlations, area attention and attention diversity (Definition 3.1).

Coordinates: G = BᵀQB with `data.basis` B. Φ_{p→v_{k,j}} = G[p, P + k·N + j], Υ_{p→q} = G[p, q].
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import distance

from refutable.model import data
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float


def coordinates(Q: Float[Array, "d d"], basis: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """G = BᵀQB, (d, d): every bilinear form of Q in the basis B (d, d)."""
    return basis.T @ Q @ basis


def feature(setting: Setting, G: Float[Array, "d d"]) -> Float[Array, "P KN"]:
    """FP correlations Φ_{p→v_{k,j}} = e_pᵀQv_{k,j}, (P, K·N), from coordinates G (d, d)."""
    return G[: setting.P, setting.P :]


def position(setting: Setting, G: Float[Array, "d d"]) -> Float[Array, "P P"]:
    """PP correlations Υ_{p→q} = e_pᵀQe_q, (P, P), from coordinates G (d, d)."""
    return G[: setting.P, : setting.P]


def of_cluster(setting: Setting, k: int, phi: Float[Array, "n KN"]) -> Float[Array, "n N"]:
    """Columns of Φ (n, K·N) that belong to cluster k: (n, N)."""
    return phi[:, k * setting.areas : (k + 1) * setting.areas]


def attention_in_factors(
    setting: Setting,
    k: int,
    samples: data.Samples,
    phi: Float[Array, "n KN"],
    upsilon: Float[Array, "n P"],
) -> tuple[Float[Array, "B n N"], Float[Array, "B n N"], Float[Array, "B n"], Float[Array, "n P"]]:
    """Area attention A (B, n, N) on samples of cluster k alone, and each key's in factors.

    attn_{p→q} = per_area[b, p, j(q)] · on_key[p, q] for q ∈ 𝒰, per_mask[b, p] · on_key[p, q] for
    q ∈ ℳ: so B·n·P keys cost multiplications, and only B·n·N of them exponentials.
    phi: (n, K·N). upsilon: (n, P). Returns A, per_area (B, n, N), per_mask (B, n), on_key (n, P).
    """
    on_key = np.exp(upsilon - upsilon.max(axis=1, keepdims=True))
    mass = np.empty((len(samples), len(phi), setting.areas))
    for j, patches in enumerate(data.members(setting, k)):
        mass[:, :, j] = (on_key[:, patches] @ samples.shown[patches]).T
    hidden = (on_key @ samples.hidden).T
    exponent = samples.latents[:, None, :] * of_cluster(setting, k, phi)
    # Only areas with a visible key may set the scale: the others' exponents can be anything.
    exponent = np.where(mass > 0, exponent, -np.inf)
    largest = np.maximum(exponent.max(axis=2), 0.0)
    on_area, on_mask = np.exp(exponent - largest[:, :, None]), np.exp(-largest)
    weight = on_area * mass
    total = np.einsum("bnj->bn", weight) + on_mask * hidden
    return weight / total[:, :, None], on_area / total[:, :, None], on_mask / total, on_key


def area_attention(
    setting: Setting,
    samples: data.Samples,
    phi: Float[Array, "n KN"],
    upsilon: Float[Array, "n P"],
) -> Float[Array, "B n N"]:
    """A_{p→𝒫_{k,j}} over unmasked keys, (B, n, N), of n queries by position (Definition 3.1).

    phi: (n, K·N). upsilon: (n, P), zero where keys carry no position.
    """
    A = np.empty((len(samples), len(phi), setting.areas))
    for k, part in samples.parts:
        A[samples.cluster == k] = attention_in_factors(setting, k, part, phi, upsilon)[0]
    return A


def areas_of(
    setting: Setting, samples: data.Samples, attention: Float[Array, "B n P"]
) -> Float[Array, "B n N"]:
    """Sum attention (B, n, P) over the unmasked keys of each area: (B, n, N)."""
    A = np.empty((*attention.shape[:2], setting.areas))
    for k in np.unique(samples.cluster).tolist():
        chosen = samples.cluster == k
        seen = attention[chosen] * samples.visible[chosen][:, None, :]
        A[chosen] = seen @ np.eye(setting.areas)[setting.area_of[k]]
    return A


def own_attention(
    setting: Setting, samples: data.Samples, A: Float[Array, "B P N"]
) -> Float[Array, "B P"]:
    """A_{p→𝒫_{k,n}} of every patch, n its own area: (B, P), from area attention A (B, P, N)."""
    own = setting.area_of[samples.cluster]
    return np.take_along_axis(A, own[:, :, None], axis=2)[:, :, 0]


def diversity(samples: data.Samples, A: Float[Array, "B P N"], *, masked_only: bool) -> float:
    """Attention diversity D in [0, 1]: mean distance between the attention of two queries.

    Total variation distance between (A_1, ..., A_N, remainder on masked keys) of p and p′ ≠ p,
    averaged over pairs and, by their weights, over samples. A: (B, P, N), all patches as queries.
    masked_only: pairs with both patches masked, as for the masked autoencoder; samples without such
    a pair do not count, and NaN says that there are no others.
    """
    total = counted = 0.0
    for b, weight in enumerate(samples.weights):
        rows = A[b][~samples.visible[b]] if masked_only else A[b]
        if len(rows) > 1:
            with_rest = np.column_stack([rows, 1.0 - rows.sum(axis=1)])
            total += weight * 0.5 * distance.pdist(with_rest, "cityblock").mean()
            counted += weight
    return float(total / counted) if counted else math.nan
