"""World: where perturbed data live, and the samples drawn there.

With nothing perturbed these are the samples of `data`, in coordinates with a few idle directions.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from refutable.model import data
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Bool, Float, Int


@dataclass(frozen=True, eq=False)
class World:
    """Where the data live: positional encodings E (P, d), features V (K, N, d), areas (K, P)."""

    E: Float[Array, "P d"]
    V: Float[Array, "K N d"]
    area_of: Int[Array, "K P"]

    @property
    def sizes(self) -> Int[Array, "K N"]:
        """(K, N) sizes of the areas."""
        K, N, _ = self.V.shape
        return np.stack([np.bincount(self.area_of[k], minlength=N) for k in range(K)])


def world(setting: Setting, perturbation: Perturbation) -> World:
    """Positions and features with the perturbed inner products, in orthonormal coordinates.

    d = P + K·N + K + 2: one more direction for what positions share, one per cluster for what its
    features share, one for what global features share. SettingError when the coherences exceed what
    vectors of length 1 can have.
    """
    P, K, N = setting.P, setting.K, setting.areas
    d = P + K * N + K + 2
    axes = np.eye(d)
    own = axes[P : P + K * N].reshape(K, N, d)
    in_cluster = axes[P + K * N : P + K * N + K][:, None, :]
    among_global, among_positions = axes[-2], axes[-1]

    mu, shared = perturbation.feature_coherence, perturbation.shared_global
    if mu + shared > 1:
        raise SettingError(
            f"feature_coherence {mu} and shared_global {shared} exceed 1 together: no unit vectors"
        )
    V = np.sqrt(1 - mu) * own + np.sqrt(mu) * in_cluster
    V[:, 0] = (
        np.sqrt(1 - mu - shared) * own[:, 0]
        + np.sqrt(mu) * in_cluster[:, 0]
        + np.sqrt(shared) * among_global
    )
    area_of = areas(setting, perturbation.largest_local)
    c, overlap = perturbation.position_coherence, perturbation.position_feature_overlap
    E = np.sqrt(1 - c) * axes[:P] + np.sqrt(c) * among_positions
    if overlap:
        E = np.sqrt(1 - overlap**2) * E + overlap * V[0, area_of[0]]
    return World(E, V, area_of)


def areas(setting: Setting, largest_local: float) -> Int[Array, "K P"]:
    """(K, P) area of every patch; the first local area has largest_local·C_s patches.

    What it gains is taken from the other local areas in turn, none below one patch.
    SettingError when they have not that much to give.
    """
    area_of = setting.area_of.copy()
    gain = round((largest_local - 1) * setting.C_s)
    if gain > setting.P - setting.C_1 - setting.C_s - (setting.locals - 1):
        raise SettingError(
            f"a local area of {setting.C_s + gain} patches leaves none to the other local areas"
        )
    for k in range(setting.K):
        for i in range(gain):
            rest = np.bincount(area_of[k], minlength=setting.areas)
            rest[:2] = 0
            donor = int(rest.argmax())
            area_of[k, np.flatnonzero(area_of[k] == donor)[i % rest[donor]]] = 1
    return area_of


@dataclass(frozen=True, eq=False)
class Batch:
    """B samples laid out: X (B, P, d) before masking, visible (B, P), z (B, P), cluster (B,)."""

    X: Float[Tensor, "B P d"]
    visible: Bool[Tensor, "B P"]
    z: Float[Array, "B P"]
    cluster: Int[Array, "B"]

    @functools.cached_property
    def masked(self) -> Float[Tensor, "B P d"]:
        """M(X)."""
        return self.X * self.visible[:, :, None]

    def under(self, visible: Bool[Array, "B P"]) -> Batch:
        """The same samples under other masks."""
        return dataclasses.replace(self, visible=torch.from_numpy(visible))


def draw(
    setting: Setting,
    perturbation: Perturbation,
    where: World,
    size: int,
    rng: np.random.Generator,
) -> Batch:
    """Draw samples as the perturbed data model has them, clusters in equal shares."""
    samples = data.draw(setting, size, rng, stratified=True)
    z = samples.latents.copy()
    if perturbation.latent_correlation:
        common = rng.random(size) < perturbation.latent_correlation
        z[common] = z[common, :1]
    if perturbation.sign_flips:
        z *= np.where(rng.random(z.shape) < perturbation.sign_flips, -1.0, 1.0)
    area = where.area_of[samples.cluster]
    per_patch = np.take_along_axis(z, area, axis=1)
    if perturbation.latent_jitter:
        per_patch = per_patch * (
            1 + perturbation.latent_jitter * rng.uniform(-1, 1, size=per_patch.shape)
        )
    X = per_patch[:, :, None] * where.V[samples.cluster[:, None], area]
    if perturbation.noise:
        d = X.shape[-1]
        X = X + perturbation.noise / math.sqrt(d) * rng.standard_normal(X.shape)
    visible = masks(setting, perturbation, size, rng)
    return Batch(torch.from_numpy(X), torch.from_numpy(visible), per_patch, samples.cluster)


def masks(
    setting: Setting, perturbation: Perturbation, size: int, rng: np.random.Generator
) -> Bool[Array, "{size} P"]:
    """(size, P) visible patches under the perturbed mask law."""
    if perturbation.bernoulli_masks:
        return rng.random((size, setting.P)) >= setting.gamma
    visible = data.draw_masks(setting, size, rng)
    if perturbation.block_masks:
        blocks = rng.random(size) < perturbation.block_masks
        start = rng.integers(setting.P, size=size)
        since = (np.arange(setting.P) - start[:, None]) % setting.P
        visible = np.where(blocks[:, None], since >= setting.M, visible)
    return visible


def counterparts(
    setting: Setting,
    perturbation: Perturbation,
    where: World,
    first: Batch,
    rng: np.random.Generator,
) -> tuple[Batch, Batch]:
    """What the first views are contrasted with: the second views, and N_c negatives for all."""
    details = setting.contrastive
    if details.views == "complementary":
        other = ~first.visible.numpy()
    else:
        other = masks(setting, perturbation, len(first.z), rng)
    negatives = draw(setting, perturbation, where, int(details.negatives), rng)
    return first.under(other), negatives
