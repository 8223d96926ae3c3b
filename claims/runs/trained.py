"""Trained models and reduced trajectories that several claims are measured on, each made once.

Every step of a training draws fresh samples and masks, so that nothing is learned by heart: the
population gradient up to noise that falls with the batch. Arguments are plain values, so that a run
is found again by what it was made from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from refutable.model import correlations, data, descent, gradients, reduced, vit
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import Objective, QueryKind, Trajectory
from refutable.reuse import shared

Floats = data.Floats

MOMENTS = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0)
"""Shares of the training time at which a run keeps its correlations."""
TEST_SAMPLES = 256
LOSS_SAMPLES = 1024
"""On which the loss of a single patch is measured: its standard error is then some 6 %."""
Gradients = Literal["closed", "torch"]


def name_of(setting: Setting) -> str:
    """What tells a trained setting from the others."""
    return f"P={setting.P} K={setting.K} Δ={setting.information_gap:+.3f}"


@dataclass(frozen=True, eq=False)
class TrainedMae:
    """A masked autoencoder trained from Q = 0, all patches as queries.

    times: (T,) η · steps of the moments kept. phi: (T, P, K·N). upsilon: (T, P, P). test: samples
    that training has not seen, an equal number of every cluster; many: more of them. gradients: by
    the closed forms, or by torch on the whole of Q.
    """

    setting: Setting
    times: Floats
    phi: Floats
    upsilon: Floats
    test: data.Samples
    many: data.Samples
    gradients: Gradients = "closed"

    @property
    def name(self) -> str:
        """What tells a trained model from the others."""
        return name_of(self.setting) + (", torch" if self.gradients == "torch" else "")

    def own(self, k: int, moment: int = -1) -> Floats:
        """Φ_{p→v_n} of every patch p, n its area in cluster k: (P,)."""
        block = correlations.of_cluster(self.setting, k, self.phi[moment])
        return np.take_along_axis(block, self.setting.area_of[k][:, None], axis=1)[:, 0]

    def attention(self, moment: int = -1) -> Floats:
        """Area attention of every patch on the test samples: (B, P, N)."""
        return correlations.area_attention(
            self.setting, self.test, self.phi[moment], self.upsilon[moment]
        )

    def answerable(self) -> data.Bools:
        """(B, P) whether a patch is masked and its own area has a visible patch."""
        return _answerable(self.setting, self.test)

    def loss_gap(self, moment: int = -1) -> tuple[Floats, Floats]:
        """L_p - L*_p of every patch, measured on `many`, and its standard error: (P,) each.

        Where the whole own area is hidden no Q does better than ½z_n²; what exceeds that counts.
        """
        z, own = self.many.latents, self.setting.area_of[self.many.cluster]
        A = correlations.area_attention(
            self.setting, self.many, self.phi[moment], self.upsilon[moment]
        )
        loss = gradients.loss_integrand(A, z[:, None, :], own)
        z_n = np.take_along_axis(z, own, axis=1)
        lost = np.where(_answerable(self.setting, self.many), 0.0, z_n**2 / 2)
        excess = (loss - lost) * ~self.many.visible
        weights = self.many.weights
        mean = weights @ excess
        return mean, np.sqrt(weights**2 @ (excess - mean) ** 2)


def _answerable(setting: Setting, samples: data.Samples) -> data.Bools:
    area = setting.area_of[samples.cluster]
    seen = np.zeros((len(samples), setting.areas), dtype=bool)
    for j in range(setting.areas):
        seen[:, j] = ((area == j) & samples.visible).any(axis=1)
    return ~samples.visible & np.take_along_axis(seen, area, axis=1)


@dataclass(frozen=True, eq=False)
class TrainedCl:
    """A contrastive model trained from Q = 0.

    phi: (T, 1, K·N) and upsilon: (T, 1, P), the one row that all queries share, or (T, P, ...) with
    a row for each where the whole Q was trained. test: masked samples that training has not seen.
    The rest as in `TrainedMae`.
    """

    setting: Setting
    times: Floats
    phi: Floats
    upsilon: Floats
    test: data.Samples
    gradients: Gradients = "closed"

    @property
    def name(self) -> str:
        """What tells a trained model from the others."""
        return name_of(self.setting) + (", torch" if self.gradients == "torch" else "")

    def attention(self, moment: int = -1) -> Floats:
        """Area attention of every patch on the test samples: (B, P, N)."""
        A = correlations.area_attention(
            self.setting, self.test, self.phi[moment], self.upsilon[moment]
        )
        return np.repeat(A, self.setting.P // A.shape[1], axis=1)


def _moments(time: float, step: float, also: tuple[float, ...] = ()) -> list[int]:
    """Numbers of steps at which a training of this length is looked at; `also` at these times."""
    total = math.ceil(time / step)
    shares = {max(1, round(share * total)) for share in MOMENTS}
    return sorted(shares | {min(total, math.ceil(t / step)) for t in also})


def _test(setting: Setting, rng: np.random.Generator, samples: int = TEST_SAMPLES) -> data.Samples:
    size = setting.K * math.ceil(samples / setting.K)
    return data.draw(setting, size, rng, stratified=True)


@shared.run_once
def trained_mae(
    setting: Setting,
    seed: int,
    time: float,
    also: tuple[float, ...] = (),
    step: float = 4.0,
    per_cluster: int = 12,
) -> TrainedMae:
    """Train all patches for `time` = η·steps by the closed forms of the gradient (grad.*).

    also: further times at which correlations are kept.

    step: η. At z = 1 the curvature of a row is at most about γ/K, so that 4 is well inside the
    stable range for K ≥ 2. per_cluster: fresh samples of each cluster per step.
    """
    rng = np.random.default_rng([seed, 1])
    size = setting.K * per_cluster
    batches = (data.draw(setting, size, rng, stratified=True) for _ in itertools.count())
    steps = _moments(time, step, also)
    states, G, done = [], None, 0
    for moment in steps:
        G = descent.train_closed(setting, batches, steps=moment - done, step=step, start=G)
        states.append((correlations.feature(setting, G), correlations.position(setting, G)))
        done = moment
    return TrainedMae(
        setting=setting,
        times=step * np.array(steps, dtype=float),
        phi=np.stack([phi for phi, _ in states]),
        upsilon=np.stack([upsilon for _, upsilon in states]),
        test=_test(setting, np.random.default_rng([seed, 2])),
        many=_test(setting, np.random.default_rng([seed, 9]), LOSS_SAMPLES),
    )


@shared.run_once
def trained_cl(setting: Setting, seed: int, time: float, step: float, batch: int = 16) -> TrainedCl:
    """Train the shared row for `time` = η·steps, fresh views and negatives at each.

    From Q = 0 all rows stay equal where queries ask by position (cl.rank-one), so one is enough.
    Raises SettingError for queries that ask with their content, and for infinitely many negatives.
    """
    if setting.contrastive.query != "position":
        raise SettingError("one row stands for all only where queries ask by position")
    rng = np.random.default_rng([seed, 3])
    phi, upsilon = np.zeros((1, setting.features)), np.zeros((1, setting.P))
    steps = _moments(time, step)
    states = []
    for done in range(1, steps[-1] + 1):
        alpha, beta, _ = gradients.contrastive(
            setting, data.views(setting, batch, rng), phi, upsilon
        )
        phi, upsilon = phi + step * alpha, upsilon + step * beta
        if done in steps:
            states.append((phi, upsilon))
    return TrainedCl(
        setting=setting,
        times=step * np.array(steps, dtype=float),
        phi=np.stack([phi for phi, _ in states]),
        upsilon=np.stack([upsilon for _, upsilon in states]),
        test=_test(setting, np.random.default_rng([seed, 4])),
    )


@shared.run_once
def torch_mae(
    setting: Setting,
    seed: int,
    time: float,
    also: tuple[float, ...] = (),
    step: float = 4.0,
    per_cluster: int = 12,
) -> TrainedMae:
    """As `trained_mae`, but torch differentiates the loss and descends on the whole of Q.

    In a random orthonormal basis, so that nothing is presumed of Q's form.
    """
    rng = np.random.default_rng([seed, 7])
    module = vit.MaskedAutoencoder(setting, _random_basis(setting, rng))
    size = setting.K * per_cluster
    batches = (data.draw(setting, size, rng, stratified=True) for _ in itertools.count())
    times, phi, upsilon = _train_torch(module, batches, time, step, also)
    test, many = _test(setting, rng), _test(setting, rng, LOSS_SAMPLES)
    return TrainedMae(setting, times, phi, upsilon, test, many, "torch")


@shared.run_once
def torch_cl(setting: Setting, seed: int, time: float, step: float, batch: int = 16) -> TrainedCl:
    """As `trained_cl`, but torch differentiates the loss and descends on the whole of Q.

    In a random orthonormal basis; the rows of all queries are kept.
    """
    rng = np.random.default_rng([seed, 8])
    module = vit.ContrastiveViT(setting, _random_basis(setting, rng))
    batches = (data.views(setting, batch, rng) for _ in itertools.count())
    times, phi, upsilon = _train_torch(module, batches, time, step)
    return TrainedCl(setting, times, phi, upsilon, _test(setting, rng), "torch")


def _random_basis(setting: Setting, rng: np.random.Generator) -> Floats:
    return data.basis(setting, data.random_rotation(setting, rng))


def _train_torch(
    module: vit.MaskedAutoencoder | vit.ContrastiveViT,
    batches: Iterator[Any],
    time: float,
    step: float,
    also: tuple[float, ...] = (),
) -> tuple[Floats, Floats, Floats]:
    """Times (T,) of the moments kept, and Φ (T, P, K·N) and Υ (T, P, P) there."""
    steps, states, done = _moments(time, step, also), [], 0
    for moment in steps:
        descent.train_module(module, batches, steps=moment - done, step=step)
        G = correlations.coordinates(module.Q.detach().numpy(), module.basis)
        states.append(
            (correlations.feature(module.setting, G), correlations.position(module.setting, G))
        )
        done = moment
    phi, upsilon = (np.stack(series) for series in zip(*states, strict=True))
    return step * np.array(steps, dtype=float), phi, upsilon


@shared.run_once
def torch_difference(setting: Setting, seed: int, objective: Objective, steps: int) -> float:
    """Largest relative difference of all of Q between torch autograd and the closed forms.

    Both descend from Q = 0 on the same fresh samples for `steps` steps; the module's whole Q is a
    torch parameter, nothing is assumed of its form.
    """
    rng = np.random.default_rng([seed, 6])
    module: vit.MaskedAutoencoder | vit.ContrastiveViT
    batches: list[data.Samples] | list[data.Views]
    if objective == "mae":
        module, step = vit.MaskedAutoencoder(setting), 4.0
        batches = [data.draw(setting, 8 * setting.K, rng, stratified=True) for _ in range(steps)]
    else:
        module, step = vit.ContrastiveViT(setting), 8.0 * setting.P
        batches = [data.views(setting, 8, rng) for _ in range(steps)]
    descent.train_module(module, batches, steps=steps, step=step)
    automatic = correlations.coordinates(module.Q.detach().numpy(), module.basis)
    closed = descent.train_closed(setting, batches, steps=steps, step=step)
    return float(np.abs(automatic - closed).max() / np.abs(closed).max())


@shared.run_once
def reduced_mae(setting: Setting, query: QueryKind, loss_gap: float) -> Trajectory:
    """The reduced trajectory of one query until L_p - L*_p = loss_gap."""
    return reduced.mae(setting, query, loss_gap=loss_gap)


@shared.run_once
def reduced_cl(setting: Setting, loss_gap: float) -> Trajectory:
    """The reduced trajectory of the shared row until the loss gap."""
    return reduced.cl(setting, loss_gap=loss_gap)
