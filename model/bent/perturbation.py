"""Perturbation: by how much, and where, a model departs from what the theorems assume.

The rest of what can be bent is part of the Setting itself: latents, masking ratio, sizes, clusters,
temperature, negatives and readings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

Optimiser = Literal["descent", "adam"]


class PerturbationError(ValueError):
    """A perturbation that makes no sense; the message says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """Departures from the assumptions; every default is the value as assumed.

    Data (Definition 2.1)
        feature_coherence: inner product of any two features of a cluster, in [0, 1).
        shared_global: inner product of the global features of two clusters, in [0, 1].
        position_coherence: inner product of any two positional encodings, in [0, 1).
        position_feature_overlap: inner product of e_p with the feature of p's area in cluster 0.
        noise: root mean square length of the noise added to every patch, isotropic in the d
            coordinates: X_p = z v + σξ, E‖ξ‖² = 1, fresh for every patch of every sample.
        latent_jitter: half-width of the uniform relative jitter of z from patch to patch.
        latent_correlation: chance that a sample gives all its areas one common latent.
        sign_flips: chance that an area's latent has the other sign.
        largest_local: size of the first local area over C_s; what it gains the others lose evenly.
    Masks (Definition 2.5)
        block_masks: chance that a sample's mask is one contiguous block (cyclic) of M patches.
        bernoulli_masks: every patch is masked independently with probability γ.
    Training
        init_scale: standard deviation σ_0 of the entries of Q at the start, divided by √d, so that
            every correlation e_pᵀQv starts with standard deviation σ_0/√d.
        step_factor: the step η over the one that the theorems are tested with.
        batch: samples per step; 0 stands for the largest, which plays the population.
        momentum: of heavy-ball gradient descent. weight_decay: λ of (λ/2)‖Q‖² added to either loss.
        optimiser: plain gradient descent, or Adam at learning rate step_factor · 0.05.
    Architecture (Definitions 2.4 and 2.6)
        value_perturbation: W^V = I + ε·G with G of independent entries of variance 1/d.
        value_training: learning rate of W^V over that of Q; 0 keeps it fixed.
        heads: 1 or 2 heads, averaged; the second starts from Q of scale 0.1/√d, as equal heads
            would stay equal. layers: 1 or 2; the second attends to the outputs of the first.
    Contrastive loss (Definition 2.7)
        stop_gradient: whether the second argument of Sim carries none.
        normalised: whether Sim is the cosine of the two outputs.
    Raises PerturbationError when a value is out of range.
    """

    feature_coherence: float = 0.0
    shared_global: float = 0.0
    position_coherence: float = 0.0
    position_feature_overlap: float = 0.0
    noise: float = 0.0
    latent_jitter: float = 0.0
    latent_correlation: float = 0.0
    sign_flips: float = 0.0
    largest_local: float = 1.0
    block_masks: float = 0.0
    bernoulli_masks: bool = False
    init_scale: float = 0.0
    step_factor: float = 1.0
    batch: int = 0
    momentum: float = 0.0
    weight_decay: float = 0.0
    optimiser: Optimiser = "descent"
    value_perturbation: float = 0.0
    value_training: float = 0.0
    heads: int = 1
    layers: int = 1
    stop_gradient: bool = True
    normalised: bool = False

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        for name in ("feature_coherence", "position_coherence", "momentum"):
            self._require(name, 0 <= getattr(self, name) < 1, "in [0, 1)")
        for name in (
            "shared_global", "latent_correlation", "sign_flips", "block_masks",
            "position_feature_overlap",
        ):  # fmt: skip
            self._require(name, 0 <= getattr(self, name) <= 1, "in [0, 1]")
        for name in (
            "noise", "latent_jitter", "init_scale", "weight_decay", "value_perturbation",
            "value_training",
        ):  # fmt: skip
            self._require(name, 0 <= getattr(self, name) < float("inf"), "at least 0 and finite")
        self._require("step_factor", 0 < self.step_factor < float("inf"), "positive and finite")
        self._require("largest_local", self.largest_local >= 1, "at least 1")
        self._require("batch", self.batch >= 0, "at least 0")
        for name in ("heads", "layers"):
            self._require(name, getattr(self, name) in (1, 2), "1 or 2")
        if self.bernoulli_masks and self.block_masks:
            raise PerturbationError("masks are either blocks or independent, not both")
        if self.optimiser == "adam" and self.momentum:
            raise PerturbationError("momentum is of gradient descent, and Adam has its own")

    def _require(self, name: str, condition: bool, allowed: str) -> None:
        if not condition:
            raise PerturbationError(f"{name} must be {allowed}, not {getattr(self, name)}")

    @property
    def turned(self) -> dict[str, object]:
        """The fields that are not as assumed."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != f.default}
