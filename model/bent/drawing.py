"""Drawing: samples as the perturbed data model has them, of one step or of many at once.

The generator is asked for the same numbers in the same order either way, so that what a training
sees does not depend on how far ahead its samples are drawn.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refutable.model import data
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Bool, Float, Int, Shaped
from refutable.model.trajectory import Objective

AHEAD = 16
"""Steps whose samples are drawn at once: enough that the time goes into numbers and not into calls,
few enough that they stay in a core's cache."""
Numbers = dict[str, Shaped[Array, "..."]]
"""What the generator gives for a batch, by what it decides."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """B samples before they are laid out; those of many steps have one more axis in front.

    cluster: (B,), the same at every step. z: (B, N) latents of the areas. visible: (B, P).
    jitter: (B, P) factors of the patches' latents; noise: (B, P, d) what is added to the patches;
    None where there is none.
    """

    cluster: Int[Array, "B"]
    z: Float[Array, "*T B N"]
    visible: Bool[Array, "*T B P"]
    jitter: Float[Array, "*T B P"] | None = None
    noise: Float[Array, "*T B P d"] | None = None

    def at(self, step: int) -> Drawn:
        """Those of one step."""
        jitter, noise = (None if part is None else part[step] for part in (self.jitter, self.noise))
        return Drawn(self.cluster, self.z[step], self.visible[step], jitter, noise)

    def under(self, visible: Bool[Array, "*T B P"]) -> Drawn:
        """The same samples under other masks."""
        return dataclasses.replace(self, visible=visible)


Samples = tuple[Drawn, ...]
"""What a step is taken on: one set for MAE; for CL the first views, the second ones, and N_c
negatives for all."""


def ahead(
    setting: Setting,
    perturbation: Perturbation,
    objective: Objective,
    d: int,
    size: int,
    rng: np.random.Generator,
    steps: int,
) -> Iterator[Samples]:
    """The samples of so many steps, as those of AHEAD of them at a time or of fewer."""
    at_once = 1 if perturbation.noise else AHEAD  # noise fills the cache alone
    for done in range(0, steps, at_once):
        count = min(at_once, steps - done)
        yield draw_many(setting, perturbation, objective, d, size, rng, count)


def draw(
    setting: Setting,
    perturbation: Perturbation,
    objective: Objective,
    d: int,
    size: int,
    rng: np.random.Generator,
) -> Samples:
    """The samples of one step."""
    many = draw_many(setting, perturbation, objective, d, size, rng, 1)
    return tuple(drawn.at(0) for drawn in many)


def draw_many(
    setting: Setting,
    perturbation: Perturbation,
    objective: Objective,
    d: int,
    size: int,
    rng: np.random.Generator,
    steps: int,
) -> Samples:
    """Samples of `size` for each of so many steps, clusters in equal shares; (steps, ...)."""
    cluster, *others = clusters(setting, objective, size)
    own_masks = bool(others) and setting.contrastive.views != "complementary"
    of_first, of_second, of_negatives = [], [], []
    for _ in range(steps):
        of_first.append(_numbers(setting, perturbation, d, size, rng))
        if own_masks:
            of_second.append(_of_masks(setting, perturbation, size, rng))
        if others:
            of_negatives.append(_numbers(setting, perturbation, d, len(others[-1]), rng))
    first = _drawn(setting, perturbation, cluster, _together(of_first))
    if not others:
        return (first,)
    other = _visible(setting, perturbation, _together(of_second)) if own_masks else ~first.visible
    negatives = _drawn(setting, perturbation, others[-1], _together(of_negatives))
    return first, first.under(other), negatives


def clusters(setting: Setting, objective: Objective, size: int) -> tuple[Int[Array, "_"], ...]:
    """(B,) clusters of each set of samples that a step is taken on, in equal shares."""
    one = np.arange(size) % setting.K
    if objective == "mae":
        return (one,)
    return one, one, np.arange(int(setting.contrastive.negatives)) % setting.K


def _together(many: list[Numbers]) -> Numbers:
    return {name: np.stack([numbers[name] for numbers in many]) for name in many[0]}


def _numbers(
    setting: Setting, perturbation: Perturbation, d: int, size: int, rng: np.random.Generator
) -> Numbers:
    """What decides `size` samples, in the order in which it is asked for."""
    P, N = setting.P, setting.areas
    found: Numbers = {"latent": rng.random((size, N))}
    rng.random((size, P))  # masks as assumed: those below come in their place
    if perturbation.latent_correlation:
        found["common"] = rng.random((size, 1))
    if perturbation.sign_flips:
        found["flip"] = rng.random((size, N))
    if perturbation.latent_jitter:
        found["jitter"] = rng.uniform(-1, 1, size=(size, P))
    if perturbation.noise:
        found["noise"] = rng.standard_normal((size, P, d))
    return found | _of_masks(setting, perturbation, size, rng)


def _of_masks(
    setting: Setting, perturbation: Perturbation, size: int, rng: np.random.Generator
) -> Numbers:
    found: Numbers = {"mask": rng.random((size, setting.P))}
    if perturbation.block_masks and not perturbation.bernoulli_masks:
        found["block"] = rng.random((size, 1))
        found["start"] = rng.integers(setting.P, size=(size, 1))
    return found


def _drawn(
    setting: Setting, perturbation: Perturbation, cluster: Int[Array, "B"], numbers: Numbers
) -> Drawn:
    """The samples of these clusters that numbers decide."""
    law = setting.latents
    values = np.asarray(law.values, dtype=float)
    if len(values) == 1:
        z = np.full_like(numbers["latent"], law.values[0])
    else:
        upto = np.cumsum(np.asarray(law.probabilities) / np.sum(law.probabilities))
        z = values[np.searchsorted(upto / upto[-1], numbers["latent"], side="right")]
    if "common" in numbers:
        z = np.where(numbers["common"] < perturbation.latent_correlation, z[..., :1], z)
    if "flip" in numbers:
        z = np.where(numbers["flip"] < perturbation.sign_flips, -z, z)
    return Drawn(
        cluster,
        z,
        _visible(setting, perturbation, numbers),
        1 + perturbation.latent_jitter * numbers["jitter"] if "jitter" in numbers else None,
        perturbation.noise / math.sqrt(numbers["noise"].shape[-1]) * numbers["noise"]
        if "noise" in numbers
        else None,
    )


def _visible(
    setting: Setting, perturbation: Perturbation, numbers: Numbers
) -> Bool[Array, "*T B P"]:
    if perturbation.bernoulli_masks:
        return numbers["mask"] >= setting.gamma
    visible = data.shown(setting, numbers["mask"])
    if "block" in numbers:
        since = (np.arange(setting.P) - numbers["start"]) % setting.P
        visible = np.where(numbers["block"] < perturbation.block_masks, since >= setting.M, visible)
    return visible
