"""Closed forms of the gradients, for any Q (theory: claims grad.*, cl.gradient-*).

Both objectives have one shape: on a sample, a visible key of area j pulls with c_j, a masked one
with 0, and with S = Σ_j A_j c_j the rates are z_j A_j (c_j - S) for Φ and attn_q (c_q - S) for Υ.
MAE: c_n = z_n²(1-A_n) for the query's area n and c_m = -z_m²A_m elsewhere. CL: c_j = z_j g_j.
The integrands are generic in their number type, so exact fractions pass through them too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from refutable.model import correlations, data
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float, Int, Shaped

PerArea = Shaped[Array, "*s N"]
"""Of every area on every sample, one of any axes; numbers of any type, exact ones included."""
ForPerArea = Shaped[Array, "*#s N"]
Own = Shaped[Array, "*#s"]


def _pick(values: Any, own: Any) -> Any:
    """Entry `own` of the last axis; values (..., N), own (...) or its last axes."""
    own = np.broadcast_to(own, values.shape[values.ndim - 1 - np.ndim(own) : -1])
    return values[(..., *np.indices(own.shape, sparse=True), own)]


def _is_own(A: Any, own: Any) -> Any:
    """(..., N) whether an area is the query's own."""
    # Left unbroadcast, for the tests of equality then cost one sample's work and not the batch's.
    return np.arange(A.shape[-1]) == np.expand_dims(own, -1)


def _split(A: Any, z: Any, own: Any) -> tuple[Any, Any, Any]:
    """A_n, z_n, Σ_{m≠n} z_m²A_m², all (...)."""
    pulled = z * A
    others = np.where(_is_own(A, own), np.zeros((), pulled.dtype), pulled)
    squares = np.einsum("...j,...j->...", others, others)
    return _pick(A, own), _pick(np.broadcast_to(z, A.shape), own), squares


def loss_integrand(A: PerArea, z: ForPerArea, own: Own) -> Any:
    """½(z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²), (...), on a sample with p masked (claim grad.loss).

    A: (..., N) area attention. z: (..., N) latents. own: (...) index n of the query's area.
    """
    A_n, z_n, others = _split(A, z, own)
    return (z_n**2 * (1 - A_n) ** 2 + others) / 2


def own_integrand(A: PerArea, z: ForPerArea, own: Own) -> Any:
    """z_n A_n (z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²), (...): α_{p→v_n} on a sample (grad.own)."""
    A_n, z_n, others = _split(A, z, own)
    return z_n * A_n * (z_n**2 * (1 - A_n) ** 2 + others)


def residual(A: PerArea, z: ForPerArea, own: Own) -> Any:
    """The scalar h = Σ_{m≠n} z_m²A_m² - z_n²A_n(1-A_n) = -Σ_j A_j c_j of a sample, (...)."""
    A_n, z_n, others = _split(A, z, own)
    return others - z_n**2 * A_n * (1 - A_n)


def other_integrand(A: PerArea, z: ForPerArea, own: Own) -> PerArea:
    """z_m A_m (h - z_m²A_m), (..., N): α_{p→v_m} on a sample for every m ≠ n (grad.other).

    The entry m = n means nothing; `own_integrand` has that one.
    """
    return z * A * (np.expand_dims(residual(A, z, own), -1) - z**2 * A)


def feature_integrand(A: PerArea, z: ForPerArea, own: Own) -> PerArea:
    """α_{p→v_j} on a sample, (..., N), for every area j, the query's own included."""
    return np.where(
        _is_own(A, own), np.expand_dims(own_integrand(A, z, own), -1), other_integrand(A, z, own)
    )


def position_integrand(A: PerArea, z: ForPerArea, own: Own) -> PerArea:
    """The pull h - g_q of a visible key q of each area, (..., N); a masked key's is h.

    β_{p→q} on a sample is attn_{p→q} times this (grad.position).
    """
    g = np.where(_is_own(A, own), -(z**2) * (1 - A), z**2 * A)
    return np.expand_dims(residual(A, z, own), -1) - g


def key_rates(
    setting: Setting,
    k: int,
    part: data.Samples,
    per_area: Float[Array, "B n N"],
    per_mask: Float[Array, "B n"],
    on_key: Float[Array, "n P"],
) -> Float[Array, "n P"]:
    """What Υ of n queries gains on every key from one cluster's samples: (n, P).

    Σ_b attention·pull, in factors. on_key: (n, P), of a key and no sample. per_area: (B, n, N), the
    rest for a visible key of an area; per_mask: (B, n), for a masked key, which has no area.
    """
    rates = (part.hidden @ per_mask).T
    for j, patches in enumerate(data.members(setting, k)):
        rates[:, patches] += (part.shown[patches] @ per_area[:, :, j]).T
    return rates * on_key


def reconstruction(
    setting: Setting,
    samples: data.Samples,
    queries: Int[Array, "n"],
    phi: Float[Array, "n KN"],
    upsilon: Float[Array, "n P"],
) -> tuple[Float[Array, "n KN"], Float[Array, "n P"], Float[Array, "n"]]:
    """Rates α (n, K·N), β (n, P) and losses L_p (n,) of n MAE queries, exact on the samples.

    α_{p→v} = -e_pᵀ∇L v and β_{p→q} = -e_pᵀ∇L e_q (theory section 2; grad.own, grad.other,
    grad.position). queries: (n,) patches. phi: (n, K·N). upsilon: (n, P).
    """
    alpha, beta, losses = np.zeros_like(phi), np.zeros_like(upsilon), np.zeros(len(phi))
    for k, part in samples.parts:
        A, per_area, per_mask, on_key = correlations.attention_in_factors(
            setting, k, part, phi, upsilon
        )
        z, own = part.latents[:, None, :], setting.area_of[k][queries]
        weight = part.weights[:, None] * part.hidden[queries].T
        losses += (weight * loss_integrand(A, z, own)).sum(axis=0)
        block = correlations.of_cluster(setting, k, alpha)
        block += np.einsum("bn,bnj->nj", weight, feature_integrand(A, z, own))
        visible = weight[:, :, None] * per_area * position_integrand(A, z, own)
        hidden = weight * per_mask * residual(A, z, own)
        beta += key_rates(setting, k, part, visible, hidden, on_key)
    return alpha, beta, losses


def pulls(
    setting: Setting,
    views: data.Views,
    first: Float[Array, "B N"],
    second: Float[Array, "B N"],
    negatives: Float[Array, "B*{views.count} N"],
) -> tuple[Float[Array, "B N"], Float[Array, "B"]]:
    """The vectors g of the contrastive loss, (B, N), and the loss of each sample, (B,).

    g_j = (1-w_0) z_j A_j^{++} - Σ_{s: same cluster} w_s z_j^{(s)} A_j^{-,s}, w the softmax of the
    similarities over τ (claim cl.gradient-feature). first, second (B, N), negatives (B·N_c, N):
    area attention averaged over the queries.
    """
    size, count, tau = len(first), views.count, setting.contrastive.tau
    clusters = views.negatives.cluster.reshape(size, count)
    same = (clusters == views.first.cluster[:, None])[:, :, None]
    positive = views.second.latents * second
    others = same * (views.negatives.latents * negatives).reshape(size, count, -1)
    against = np.concatenate([positive[:, None], others], axis=1)
    logits = np.einsum("bj,bsj->bs", views.first.latents * first, against) / tau
    logits -= logits.max(axis=1, keepdims=True)
    w = np.exp(logits)
    total = w.sum(axis=1, keepdims=True)
    losses = tau * (np.log(total[:, 0]) - logits[:, 0])
    w /= total
    # 1 - w_0 as a sum over negatives keeps its digits when the positive has won.
    g = w[:, 1:].sum(axis=1)[:, None] * positive - np.einsum("bs,bsj->bj", w[:, 1:], others)
    return g, losses


def contrastive(
    setting: Setting,
    views: data.Views,
    phi: Float[Array, "n KN"],
    upsilon: Float[Array, "n P"] | None = None,
) -> tuple[Float[Array, "n KN"], Float[Array, "n P"], float]:
    """Rates α (n, K·N), β (n, P) per patch and the loss, for queries by position, exact.

    phi: (n, K·N), upsilon: (n, P) or None, with n = P rows, or one row that all patches share.
    α_{p→v_{k,j}} = (1/P) E 1{k} z_jA_{p,j}(z_jg_j - S_p) - λΦ; β_{p→q} = (1/P) E attn_{p→q}(1{q∈𝒰}
    z_jg_j - S_p) - λΥ, and β = -λΥ when keys carry no position (cl.gradient-feature, -position).
    """
    details = setting.contrastive
    positions = details.keys == "feature+position"
    upsilon = np.zeros((len(phi), setting.P)) if upsilon is None else upsilon
    scores = upsilon if positions else np.zeros_like(upsilon)
    mean = [
        correlations.area_attention(setting, s, phi, scores).mean(axis=1)
        for s in (views.first, views.second, views.negatives)
    ]
    g, losses = pulls(setting, views, *mean)
    alpha, beta = -details.weight_decay * phi, -details.weight_decay * upsilon
    for k, part in views.first.parts:
        A, per_area, per_mask, on_key = correlations.attention_in_factors(
            setting, k, part, phi, scores
        )
        c = (part.latents * g[views.first.cluster == k])[:, None, :]
        centred = c - (A * c).sum(axis=2, keepdims=True)
        weight = part.weights[:, None] / setting.P
        block = correlations.of_cluster(setting, k, alpha)
        block += np.einsum("bn,bnj->nj", weight, part.latents[:, None, :] * A * centred)
        if positions:
            hidden = weight * per_mask * (centred - c)[:, :, 0]
            visible = weight[:, :, None] * per_area * centred
            beta += key_rates(setting, k, part, visible, hidden, on_key)
    # The penalty is that of the whole Q: one shared row stands for P equal ones.
    squares = (phi**2).sum() + (upsilon**2).sum()
    decay = 0.5 * details.weight_decay * squares * setting.P / len(phi)
    return alpha, beta, float(views.first.weights @ losses) + decay


def contrastive_attention(
    setting: Setting, samples: data.Samples, k: int, G: Float[Array, "d d"]
) -> Float[Array, "B P P"]:
    """CL attention attn_{p→q}, (B, P, P), on samples of cluster k alone, under the reading."""
    P, details = setting.P, setting.contrastive
    area = setting.area_of[k]
    at = P + k * setting.areas + area
    value = samples.latents[:, area] * samples.visible
    with_positions = details.keys == "feature+position"
    scores = G[:P][:, at] * value[:, None, :] + with_positions * G[:P, :P]
    if details.query == "feature+position":
        features = G[at][:, at] * value[:, None, :] + with_positions * G[at][:, :P]
        scores = scores + value[:, :, None] * features
    scores -= scores.max(axis=2, keepdims=True)
    attention = np.exp(scores)
    return attention / attention.sum(axis=2, keepdims=True)


def contrastive_matrix(
    setting: Setting, views: data.Views, G: Float[Array, "d d"]
) -> tuple[Float[Array, "d d"], float]:
    """-BᵀL′(Q)B, (d, d), and the loss, for any reading and any coordinates G = BᵀQB (d, d).

    Σ_b w_b Σ_p u_p Σ_q (1/P) attn_{p→q}(1{q∈𝒰}z_jg_j - S_p) k_qᵀ - λG with query and key tokens u
    and k (cl.gradient-feature, cl.gradient-position). Costs B·P² memory.
    """
    P, details = setting.P, setting.contrastive
    mean = []
    for s in (views.first, views.second, views.negatives):
        A = np.empty((len(s), setting.areas))
        for k, part in s.parts:
            inside = np.eye(setting.areas)[setting.area_of[k]]
            keys = contrastive_attention(setting, part, k, G).mean(axis=1) * part.visible
            A[s.cluster == k] = keys @ inside
        mean.append(A)
    g, losses = pulls(setting, views, *mean)
    ascent = -details.weight_decay * G
    for k, part in views.first.parts:
        area = setting.area_of[k]
        at = P + k * setting.areas + area
        value = part.latents[:, area] * part.visible
        attention = contrastive_attention(setting, part, k, G)
        c = value * g[views.first.cluster == k][:, area]
        rates = attention * (c[:, None, :] - np.einsum("bpq,bq->bp", attention, c)[:, :, None])
        rates *= part.weights[:, None, None] / P
        _scatter(ascent, slice(0, P), at, np.einsum("bpq,bq->pq", rates, value))
        if details.keys == "feature+position":
            ascent[:P, :P] += rates.sum(axis=0)
        if details.query == "feature+position":
            by_value = value[:, :, None] * rates
            _scatter(ascent, at, at, np.einsum("bpq,bq->pq", by_value, value))
            if details.keys == "feature+position":
                _scatter(ascent, at, slice(0, P), by_value.sum(axis=0))
    decay = 0.5 * details.weight_decay * float((G**2).sum())
    return ascent, float(views.first.weights @ losses) + decay


def _scatter(
    G: Float[Array, "d d"],
    rows: Int[Array, "P"] | slice,
    columns: Int[Array, "P"] | slice,
    values: Float[Array, "P P"],
) -> None:
    """Add values (P, P) into G at patches' rows and columns, summing patches of equal feature."""
    d = len(G)
    row = np.arange(d)[rows]
    column = np.arange(d)[columns]
    np.add.at(G, (row[:, None], column[None, :]), values)
