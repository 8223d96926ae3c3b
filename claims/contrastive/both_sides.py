"""Models trained on both sides of the cluster threshold, beside the reduced dynamics."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refutable.claim import Context
from refutable.claims.contrastive.threshold_law import LATENT_LAW
from refutable.claims.runs import contrastive as runs
from refutable.claims.runs import masked
from refutable.model import correlations, data, reduced
from refutable.model.data import Floats
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.trajectory import Trajectory
from refutable.reuse import shared

DENSE = Setting.of_sizes(
    64,
    16,
    4,
    K=2,
    placement="random",
    latents=Latents.uniform(*LATENT_LAW, nodes=16),
    contrastive=Contrastive(tau=0.3),
)
"""z ∼ U[1/2, 3/2]: at this P a front is 1/Φ_1 > 1/5 wide, which hides the nodes 1/10 apart."""
GAPPED = masked.NEGATIVE.replace(latents=Latents.two_point(*LATENT_LAW))
"""P = 128, two latents, τ = 1."""
TRAINED = ((DENSE, 2, 16, 4.0), (GAPPED, 2, 8, 8.0))
"""A setting, K on either side of the threshold at its P, and η/P, below U²/τ over curvature."""
TEST_SAMPLES = 4096
COLLAPSED, LEARNED = 0.85, 0.4
"""Training lasts until the reduced dynamics have this E A_1 (K above), or this Φ_m (K below)."""


@dataclass(frozen=True)
class Side:
    """A trained model on one side of the threshold, beside the reduced dynamics at its end."""

    name: str
    collapses: bool
    run: runs.TrainedCl
    expected: Trajectory

    def at_end(self, series: Floats, share: float = 1.0) -> float:
        """A series of the reduced dynamics at a share of the training time."""
        log_t = math.log(share * float(self.run.times[-1]))
        return float(np.interp(log_t, self.expected.log_t, series))

    def phi(self, moment: int = -1) -> Floats:
        """Correlations (K, N) at a moment."""
        setting = self.run.setting
        return self.run.phi[moment].reshape(setting.K, setting.areas)

    @functools.cached_property
    def test(self) -> tuple[Floats, Floats]:
        """Global latents and attention on the global area of samples not seen in training: (n,)."""
        setting = self.run.setting
        samples = data.draw(setting, TEST_SAMPLES, np.random.default_rng(0), stratified=True)
        A = correlations.area_attention(setting, samples, self.run.phi[-1], self.run.upsilon[-1])
        return samples.latents[:, 0], A[:, 0, 0]

    @property
    def systematic(self) -> float:
        """What the reduced dynamics leave out of Φ_1 at this size, to first order.

        The number of visible global patches varies by γ/((1-γ)C_1) relative to its square; twice,
        for its effect on the rates and on the attention.
        """
        setting = self.run.setting
        spread = setting.gamma / ((1 - setting.gamma) * setting.C_1)
        return 2 * spread / setting.latents.L


def sides(context: Context) -> Iterator[Side]:
    """Trained models on both sides, three seeds of the law with a density."""
    for base, below, above, step in TRAINED:
        for seed in range(3 if base is DENSE else 1):
            for K in (below, above):
                setting = base.replace(K=K)
                path = threshold_path(setting)
                series, level = path.phi_other, LEARNED
                if above == K:
                    series, level = path.global_attention, COLLAPSED
                if series.max() < level:
                    raise ArithmeticError(f"the reduced run ends before {level}")
                time_ = math.exp(path.log_t[int(np.argmax(series >= level))])
                run = runs.trained_cl(setting, context.root_seed + seed, time_, step * setting.P)
                law = "U[1/2, 3/2]" if base is DENSE else "{1/2, 3/2}"
                name = f"P = {setting.P}, z ∼ {law}, τ = {setting.contrastive.tau:g}, K = {K}"
                yield Side(f"{name}, seed {seed}", above == K, run, path)


@shared.run_once
def threshold_path(setting: Setting) -> Trajectory:
    """The reduced run over the times that models are trained for."""
    log_t = math.log(setting.K * setting.P) + 2 * math.log(setting.P / setting.C_1) + 5
    return reduced.cl(setting, loss_gap=1e-6, log_t_max=log_t)
