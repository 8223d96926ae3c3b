"""World: where perturbed data live, and the samples laid out there.

With nothing perturbed these are the samples of `data`, in coordinates with a few idle directions.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from refutable.model.bent.drawing import Drawn, Samples
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Bool, Float, Int


@dataclass(frozen=True, eq=False)
class World:
    """Where the data live: positional encodings E (P, d), features V (K, N, d), areas (K, P).

    device: that of the batches which are drawn; what they are is drawn on the processor.
    """

    E: Float[Array, "P d"]
    V: Float[Array, "K N d"]
    area_of: Int[Array, "K P"]
    device: str = "cpu"

    @property
    def sizes(self) -> Int[Array, "K N"]:
        """(K, N) sizes of the areas."""
        K, N, _ = self.V.shape
        return np.stack([np.bincount(self.area_of[k], minlength=N) for k in range(K)])

    @functools.cached_property
    def frames(self) -> tuple[Float[Tensor, "K N d"], Float[Array, "K N N"]]:
        """Orthonormal rows that span each cluster's features, and the features in them."""
        columns, features = np.linalg.qr(self.V.transpose(0, 2, 1))
        frame = np.ascontiguousarray(columns.transpose(0, 2, 1))
        return torch.from_numpy(frame).to(self.device), np.ascontiguousarray(
            features.transpose(0, 2, 1)
        )


def world(setting: Setting, perturbation: Perturbation, device: str = "cpu") -> World:
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
        np.sqrt(max(1 - mu - shared, 0.0)) * own[:, 0]  # rounding may have it below 0
        + np.sqrt(mu) * in_cluster[:, 0]
        + np.sqrt(shared) * among_global
    )
    area_of = areas(setting, perturbation.largest_local)
    c, overlap = perturbation.position_coherence, perturbation.position_feature_overlap
    E = np.sqrt(1 - c) * axes[:P] + np.sqrt(c) * among_positions
    if overlap:
        E = np.sqrt(1 - overlap**2) * E + overlap * V[0, area_of[0]]
    return World(E, V, area_of, device)


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
    """B samples laid out: X (B, P, m) before masking, visible (B, P), z (B, P), cluster (B,).

    frame: (K, m, d) orthonormal rows per cluster in whose coordinates the patches of a sample are
    written, exactly, with m = N of d coordinates; None where they leave the span of its features.
    """

    X: Float[Tensor, "B P m"]
    visible: Bool[Tensor, "B P"]
    z: Float[Array, "B P"]
    cluster: Int[Array, "B"]
    frame: Float[Tensor, "K m d"] | None = None

    @functools.cached_property
    def masked(self) -> Float[Tensor, "B P m"]:
        """M(X)."""
        return self.X * self.visible[:, :, None]

    @functools.cached_property
    def drawn_from(self) -> Int[Tensor, "B"]:
        """(B,) clusters, to choose tensors by."""
        return torch.from_numpy(self.cluster).to(self.X.device)

    def whole(self, coordinates: Float[Tensor, "B m"]) -> Float[Tensor, "B d"]:
        """A vector per sample, (B, d), from coordinates in the frame of the sample's cluster."""
        if self.frame is None:
            return coordinates
        return (coordinates[:, None] @ self.frame[self.drawn_from])[:, 0]

    def under(self, visible: Bool[Array, "B P"]) -> Batch:
        """The same samples under other masks."""
        return dataclasses.replace(self, visible=torch.from_numpy(visible).to(self.X.device))


def vectors(
    drawn: Drawn, where: World, features: Float[Array, "K N m"]
) -> tuple[Float[Array, "B P m"], Float[Array, "B P"]]:
    """Patches before masking (B, P, m) in the coordinates of the features, and their latents."""
    area = where.area_of[drawn.cluster]
    z = np.take_along_axis(drawn.z, area, axis=1)
    if drawn.jitter is not None:
        z = z * drawn.jitter
    X = z[:, :, None] * features[drawn.cluster[:, None], area]
    if drawn.noise is not None:
        X += drawn.noise
    return X, z


def lay_out(setting: Setting, perturbation: Perturbation, where: World, drawn: Drawn) -> Batch:
    """Samples as vectors, in as few coordinates as the perturbation allows."""
    frame, features = (None, where.V) if leaves_span(setting, perturbation) else where.frames
    X, z = vectors(drawn, where, features)
    here = where.device
    visible = torch.from_numpy(drawn.visible).to(here)
    return Batch(torch.from_numpy(X).to(here), visible, z, drawn.cluster, frame)


def lay_out_all(
    setting: Setting, perturbation: Perturbation, where: World, samples: Samples
) -> tuple[Batch, ...]:
    """All that a step is taken on; second views share the vectors of the first."""
    first = lay_out(setting, perturbation, where, samples[0])
    if len(samples) == 1:
        return (first,)
    _, second, negatives = samples
    return (
        first, first.under(second.visible), lay_out(setting, perturbation, where, negatives)
    )  # fmt: skip


def leaves_span(setting: Setting, perturbation: Perturbation) -> bool:
    """Whether a sample, or what a network makes of it, leaves the span of its cluster's features.

    Else N coordinates say all of a patch, and a step costs some fifth of one in d coordinates.
    """
    return bool(
        perturbation.noise
        or perturbation.value_perturbation
        or perturbation.value_training
        or setting.contrastive.query == "feature+position"
    )
