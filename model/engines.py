"""Engines of gradient descent: each yields what it sees of one query, then takes a step.

An engine is a generator over batches. It starts at Q = 0 and ends only where its batches do; who
asks for the next look decides how long to train.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from refutable.model import correlations, data, enumeration, gradients, losses, lumping, vit
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float, Int, Shaped
from refutable.model.trajectory import QueryKind

Batch = TypeVar("Batch", data.Samples, data.Views)
Module = vit.MaskedAutoencoder | vit.ContrastiveViT

LARGE_CORRELATION = 1e4
"""A Φ at which attention is on one area to double precision; e^Φ itself is never formed."""


@dataclass(frozen=True)
class Look:
    """What a trajectory records of one moment; names and meaning are those of `Trajectory`."""

    phi_global: float
    phi_own: float
    phi_other: float
    upsilon_own: float
    upsilon_global: float
    upsilon_other: float
    rate_global: float
    rate_own: float
    own_attention: float
    global_attention: float
    loss_gap: float


def _largest(values: Float[Array, "_"]) -> float:
    """The entry of largest modulus, with its sign; 0 when there is none."""
    return float(values[np.abs(values).argmax()]) if values.size else 0.0


def look_of(
    setting: Setting,
    own: Int[Array, "K"],
    query: int,
    phi: Float[Array, "KN"],
    upsilon: Float[Array, "P"],
    alpha: Float[Array, "KN"],
    attention: Float[Array, "N"],
    loss_gap: float,
) -> Look:
    """Sort the correlations of one query by kind, as seen from cluster 0.

    own: (K,) index of the own area in each cluster (the global one for CL). phi, alpha: (K·N,).
    upsilon: (P,). attention: (N,) mean area attention on samples of cluster 0.
    """
    clusters = np.arange(setting.K)
    other = np.ones((setting.K, setting.areas), dtype=bool)
    other[clusters, 0] = other[clusters, own] = False
    # A key counts as own (then as global) if it is in any cluster; Υ_{p→p} is with the others.
    in_own = (setting.area_of == own[:, None]).any(axis=0)
    in_global = (setting.area_of == 0).any(axis=0)
    in_own[query] = in_global[query] = False
    return Look(
        phi_global=phi[0],
        phi_own=phi[own[0]],
        phi_other=_largest(phi[other.ravel()]),
        upsilon_own=_largest(upsilon[in_own]),
        upsilon_global=_largest(upsilon[in_global]),
        upsilon_other=_largest(upsilon[~(in_own | in_global)]),
        rate_global=alpha[0],
        rate_own=alpha[own[0]],
        own_attention=attention[own[0]],
        global_attention=attention[0],
        loss_gap=loss_gap,
    )


@dataclass(frozen=True, eq=False)
class _Watched:
    """What is watched on a batch: the infimum of the loss, and the samples that show attention."""

    infimum: float
    part: data.Samples

    def mean(self, A: Float[Array, "B N"]) -> Float[Array, "N"]:
        """Weighted mean (N,) of area attention A (B, N) over the samples watched."""
        return self.part.weights @ A / self.part.weights.sum()


def prepared(batches: Iterator[Any], prepare: Callable[[Any], Any]) -> Iterator[tuple[Any, Any]]:
    """Each batch with what `prepare` makes of it, made once for a batch that repeats."""
    previous = extra = None
    for batch in batches:
        if batch is not previous:
            previous, extra = batch, prepare(batch)
        yield batch, extra


def _watch_mae(setting: Setting, query: int) -> Callable[[data.Samples], _Watched]:
    """Watch samples of cluster 0 that mask the query; L*_p counts masks that hide all its area."""

    def prepare(samples: data.Samples) -> _Watched:
        area = setting.area_of[samples.cluster]
        own = area[:, query]
        hidden = ~samples.visible[:, query]
        lost = hidden & ~((area == own[:, None]) & samples.visible).any(axis=1)
        z = np.take_along_axis(samples.latents, own[:, None], axis=1)[:, 0]
        infimum = float((0.5 * samples.weights * z**2) @ lost)
        return _Watched(infimum, samples.take((samples.cluster == 0) & hidden))

    return prepare


def _watch_cl(setting: Setting) -> Callable[[data.Views], _Watched]:
    """Watch first views of cluster 0, against the loss when all attend to the global area."""
    bare = setting.replace(contrastive=dataclasses.replace(setting.contrastive, weight_decay=0.0))
    collapsed = np.zeros((1, setting.features))
    collapsed[0, :: setting.areas] = LARGE_CORRELATION

    def prepare(views: data.Views) -> _Watched:
        infimum = gradients.contrastive(bare, views, collapsed)[2]
        return _Watched(infimum, views.first.take(views.first.cluster == 0))

    return prepare


def losses_of(
    module: Module, batches: Iterator[Any], queries: list[int] | None = None
) -> Iterator[tuple[Any, Float[torch.Tensor, ""]]]:
    """Each batch with its loss at the Q of the moment it is asked for."""
    setting = module.setting

    def lay_out(batch: Any) -> list[Shaped[torch.Tensor, "B ..."]]:
        if isinstance(batch, data.Samples):
            X = [data.patches(setting, batch, module.basis), batch.visible, batch.weights]
        else:
            three = (batch.first, batch.second, batch.negatives)
            X = [data.masked(setting, s, module.basis) for s in three] + [batch.first.weights]
        return [torch.from_numpy(x) for x in X]

    for batch, tensors in prepared(batches, lay_out):
        if isinstance(module, vit.MaskedAutoencoder):
            X, visible, weights = tensors
            yield batch, losses.patch_losses(module, X, visible, weights, queries).sum()
        else:
            first, second, negatives, weights = tensors
            yield batch, losses.contrastive_of(module, first, second, negatives, weights)


def closed_mae(
    setting: Setting, query: int, batches: Iterator[data.Samples], eta: float
) -> Iterator[Look]:
    """The query's row of Q alone, by the closed forms."""
    phi, upsilon = np.zeros((1, setting.features)), np.zeros((1, setting.P))
    queries, own = np.array([query]), setting.area_of[:, query]
    for batch, watched in prepared(batches, _watch_mae(setting, query)):
        alpha, beta, loss = gradients.reconstruction(setting, batch, queries, phi, upsilon)
        A = watched.mean(correlations.area_attention(setting, watched.part, phi, upsilon)[:, 0])
        loss_gap = float(loss[0]) - watched.infimum
        yield look_of(setting, own, query, phi[0], upsilon[0], alpha[0], A, loss_gap)
        phi += eta * alpha
        upsilon += eta * beta


def lumped_mae(setting: Setting, query: int, kind: QueryKind, eta: float) -> Iterator[Look]:
    """The query's correlations by kind of area, on the exact population."""
    phi, upsilon = np.zeros(3), np.zeros(4)
    infimum = enumeration.infimum(setting, query)
    in_global = 0 if kind == "global" else 1
    while True:
        now = lumping.rates(setting, kind, phi, upsilon)
        yield Look(
            phi_global=phi[in_global],
            phi_own=phi[0],
            phi_other=phi[2],
            upsilon_own=upsilon[1],
            upsilon_global=upsilon[1 + in_global],
            upsilon_other=_largest(upsilon[[0, 3]]),
            rate_global=now.alpha[in_global],
            rate_own=now.alpha[0],
            own_attention=now.attention[0],
            global_attention=now.attention[1],
            loss_gap=now.loss - infimum,
        )
        phi = phi + eta * now.alpha
        upsilon = upsilon + eta * now.beta


def pooled_cl(
    setting: Setting, query: int, batches: Iterator[data.Views], eta: float
) -> Iterator[Look]:
    """One row that all queries share, as they do when they ask by position (cl.rank-one)."""
    phi, upsilon = np.zeros((1, setting.features)), np.zeros((1, setting.P))
    own = np.zeros(setting.K, dtype=np.int64)
    for batch, watched in prepared(batches, _watch_cl(setting)):
        alpha, beta, loss = gradients.contrastive(setting, batch, phi, upsilon)
        A = watched.mean(correlations.area_attention(setting, watched.part, phi, upsilon)[:, 0])
        loss_gap = loss - watched.infimum
        yield look_of(setting, own, query, phi[0], upsilon[0], alpha[0], A, loss_gap)
        phi += eta * alpha
        upsilon += eta * beta


def matrix_cl(
    setting: Setting, query: int, batches: Iterator[data.Views], eta: float
) -> Iterator[Look]:
    """All of Q, by the closed forms of any reading."""
    P, G = setting.P, np.zeros((setting.dimension, setting.dimension))
    own, inside = np.zeros(setting.K, dtype=np.int64), np.eye(setting.areas)[setting.area_of[0]]
    for batch, watched in prepared(batches, _watch_cl(setting)):
        ascent, loss = gradients.contrastive_matrix(setting, batch, G)
        keys = gradients.contrastive_attention(setting, watched.part, 0, G)[:, query]
        A = watched.mean((keys * watched.part.visible) @ inside)
        row, rates, loss_gap = G[query], ascent[query], loss - watched.infimum
        yield look_of(setting, own, query, row[P:], row[:P], rates[P:], A, loss_gap)
        G += eta * ascent


def automatic(module: Module, query: int, batches: Iterator[Any], eta: float) -> Iterator[Look]:
    """All of the module's Q by automatic differentiation; nothing about its form is assumed.

    A masked autoencoder is trained on the query's own loss L_p, which moves its row alone.
    """
    setting, columns, P = module.setting, module.basis, module.setting.P
    queries: list[int] | None = None
    watch: Callable[[Any], _Watched] = _watch_cl(setting)
    own = np.zeros(setting.K, dtype=np.int64)
    if isinstance(module, vit.MaskedAutoencoder):
        own, queries, watch = setting.area_of[:, query], [query], _watch_mae(setting, query)

    def prepare(batch: Any) -> tuple[_Watched, Float[torch.Tensor, "B P d"]]:
        watched = watch(batch)
        return watched, torch.from_numpy(data.masked(setting, watched.part, columns))

    watching, training = itertools.tee(batches)
    for (_, (watched, X)), (_, loss) in zip(
        prepared(watching, prepare), losses_of(module, training, queries), strict=True
    ):
        (slope,) = torch.autograd.grad(loss, module.Q)
        with torch.no_grad():
            keys = module.attention(X, [query]).numpy()
            phi, alpha = (columns[:, query] @ Q.numpy() @ columns for Q in (module.Q, -slope))
        A = watched.mean(correlations.areas_of(setting, watched.part, keys)[:, 0])
        loss_gap = loss.item() - watched.infimum
        yield look_of(setting, own, query, phi[P:], phi[:P], alpha[P:], A, loss_gap)
        with torch.no_grad():
            module.Q.sub_(eta * slope)
