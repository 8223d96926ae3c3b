"""Samples, masks and views (Definitions 2.1, 2.5 and 2.7).

A batch is kept in the coordinates of the theory (cluster, latents, visible patches) and laid out
as vectors only for the models. Weights let one code serve Monte Carlo and exact enumeration.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Bool, Float, Int

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Samples:
    """B weighted samples under their masks; an expectation is Σ_b weights_b · f(sample b).

    cluster: (B,) k of 𝒟_k. latents: (B, N) z_j of every area. visible: (B, P), true on 𝒰.
    weights: (B,) non-negative; they sum to the probability of what the samples are conditioned on.
    """

    cluster: Int[Array, "B"]
    latents: Float[Array, "B N"]
    visible: Bool[Array, "B P"]
    weights: Float[Array, "B"]

    def __len__(self) -> int:
        return len(self.cluster)

    def take(self, index: Int[Array, "b"] | Bool[Array, "B"] | slice) -> Samples:
        """The samples chosen by a numpy index on the first axis, with their weights."""
        return Samples(
            self.cluster[index], self.latents[index], self.visible[index], self.weights[index]
        )

    @functools.cached_property
    def parts(self) -> tuple[tuple[int, Samples], ...]:
        """The samples of each cluster that occurs, as (k, samples); kept for descents."""
        return tuple(
            (int(k), self.take(self.cluster == k)) for k in np.unique(self.cluster).tolist()
        )

    @functools.cached_property
    def shown(self) -> Float[Array, "P B"]:
        """(P, B) 1 on 𝒰 and 0 on ℳ; patches first, so that an area's rows lie together."""
        return np.ascontiguousarray(self.visible.T, dtype=np.float64)

    @functools.cached_property
    def hidden(self) -> Float[Array, "P B"]:
        """(P, B) 1 on ℳ and 0 on 𝒰."""
        return 1.0 - self.shown


@dataclass(frozen=True, eq=False)
class Views:
    """A contrastive batch (Definition 2.7): two views of B samples, and N_c negatives for each.

    first, second: samples with the same clusters, latents and weights, under two masks.
    negatives: B·N_c masked samples; those of sample b are the rows b·N_c, ..., (b+1)·N_c - 1.
    The weights of `first` are the batch's; those of `negatives` are not used.
    """

    first: Samples
    second: Samples
    negatives: Samples

    @property
    def count(self) -> int:
        """N_c, the number of negatives of each sample."""
        return len(self.negatives) // len(self.first)


def basis(setting: Setting, rotation: Float[Array, "_ _"] | None = None) -> Float[Array, "d d"]:
    """(d, d) orthonormal columns: e_0..e_{P-1}, then v_{k,j} at P + k·N + j (Definition 2.1).

    Canonical unless a (d, d) orthogonal `rotation` is given, whose columns are then taken.
    Raises SettingError when the rotation has another shape or is not orthogonal to 1e-9.
    """
    d = setting.dimension
    if rotation is None:
        return np.eye(d)
    if rotation.shape != (d, d) or not np.allclose(rotation.T @ rotation, np.eye(d), atol=1e-9):
        raise SettingError(f"rotation: need an orthogonal matrix of shape ({d}, {d})")
    return rotation


def random_rotation(setting: Setting, rng: np.random.Generator) -> Float[Array, "d d"]:
    """(d, d) orthogonal matrix, uniform (Haar): the signs of R make the QR factor unique."""
    q, r = np.linalg.qr(rng.standard_normal((setting.dimension, setting.dimension)))
    return q * np.sign(np.diag(r))


def members(setting: Setting, k: int) -> list[Int[Array, "_"]]:
    """The areas 𝒫_{k,j} of cluster k, j = 0..N-1, as increasing patch indices."""
    order = np.argsort(setting.area_of[k], kind="stable")
    return np.split(order, np.cumsum(setting.area_sizes)[:-1])


def draw_masks(
    setting: Setting, size: int, rng: np.random.Generator, masked: int | None = None
) -> Bool[Array, "{size} P"]:
    """(size, P) visible patches: ℳ uniform among subsets of size ⌊γP⌋ (Definition 2.5).

    masked: a patch on whose being in ℳ the masks are conditioned.
    """
    keys = rng.random((size, setting.P))
    if masked is not None:
        keys[:, masked] = -1.0
    return shown(setting, keys)


def shown(setting: Setting, keys: Float[Array, "*T B P"]) -> Bool[Array, "*T B P"]:
    """(..., B, P) patches that stay visible where those of the M smallest keys are masked."""
    last = setting.M - 1
    return keys > np.partition(keys, last, axis=-1)[..., last, None]


def draw(
    setting: Setting,
    size: int,
    rng: np.random.Generator,
    *,
    masked: int | None = None,
    stratified: bool = False,
) -> Samples:
    """Draw `size` independent masked samples: k uniform, z independent over areas, ℳ uniform.

    masked: condition on this patch being in ℳ. The weights then sum to Pr(p ∈ ℳ) = M/P instead
    of 1, so that sums over samples stay expectations of 1{p∈ℳ}·f, with no sample wasted.
    stratified: give the clusters equal shares instead of random ones (less variance, same mean
    when K divides size).
    """
    cluster = np.arange(size) % setting.K if stratified else rng.integers(setting.K, size=size)
    law = setting.latents
    p = np.asarray(law.probabilities)
    latents = rng.choice(law.values, size=(size, setting.areas), p=p / p.sum())
    visible = draw_masks(setting, size, rng, masked)
    total = 1.0 if masked is None else setting.M / setting.P
    return Samples(cluster.astype(np.int64), latents, visible, np.full(size, total / size))


def patches(
    setting: Setting, samples: Samples, basis: Float[Array, "d d"]
) -> Float[Array, "B P d"]:
    """X, shape (B, P, d): X_p = z_j v_{k,j} for p ∈ 𝒫_{k,j} (Definition 2.1), before masking."""
    area = setting.area_of[samples.cluster]
    z = np.take_along_axis(samples.latents, area, axis=1)
    feature = setting.P + samples.cluster[:, None] * setting.areas + area
    return z[:, :, None] * basis.T[feature]


def masked(setting: Setting, samples: Samples, basis: Float[Array, "d d"]) -> Float[Array, "B P d"]:
    """M(X), shape (B, P, d): masked patches are the zero vector (Definition 2.5)."""
    return patches(setting, samples, basis) * samples.visible[:, :, None]


def views(setting: Setting, size: int, rng: np.random.Generator) -> Views:
    """Draw a contrastive batch of `size` samples with `setting.contrastive.negatives` each.

    Independent views are two masks of size M. Complementary views show 𝒰 to the first and ℳ to
    the second, so the second sees M patches instead of P - M (the same number only at γ = 1/2).
    Raises SettingError for no negatives and for infinitely many.
    """
    details = setting.contrastive
    if details.negatives == 0:
        raise SettingError("negatives must be at least 1: without any the loss is constant")
    if details.negatives == math.inf:
        raise SettingError("infinitely many negatives cannot be drawn; use the reduced dynamics")
    first = draw(setting, size, rng)
    complementary = details.views == "complementary"
    other = ~first.visible if complementary else draw_masks(setting, size, rng)
    second = Samples(first.cluster, first.latents, other, first.weights)
    return Views(first, second, draw(setting, size * int(details.negatives), rng))
