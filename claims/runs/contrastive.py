"""Contrastive models: the settings trained, the models, and the times that they are given.

Models are trained from Q = 0; each is made once.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from refutable.claim import Context
from refutable.claims.runs import masked, training
from refutable.claims.runs.training import Gradients, model_name
from refutable.model import correlations, data, gradients, reduced, vit
from refutable.model.setting import Contrastive, Latents, Setting, SettingError
from refutable.model.trajectory import Trajectory
from refutable.reuse import shared

Floats = data.Floats

POSITIVE = masked.POSITIVE.replace(K=4)
NEGATIVE = masked.NEGATIVE.replace(K=4)
FEW = Contrastive(negatives=8)
SMALL = (
    Setting.of_sizes(
        64, 48, 4, kappa_c=0.93, kappa_s=0.33, K=4, placement="random", contrastive=FEW
    ),
    Setting.of_sizes(
        64, 16, 8, kappa_c=0.66, kappa_s=0.5, K=4, placement="random", contrastive=FEW
    ),
)
"""Δ = 0.53 and -0.18; C_1²/(P·C_s) = 9 and 1/2."""
LOSS_GAP = 1e-3
FACTOR = 2.0
"""By which 1-A_1 may be off at a time. Seeds and clusters lie 0.1 apart in zΦ_1 (one standard
deviation), whose exponential it is: a factor of 2 is seven of them."""
STEP = 8.0
"""η/P. Curvature of the shared row is of order 1/(KP), which leaves room for K/2 times this."""


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
    number: int = 0

    @property
    def name(self) -> str:
        """What tells a trained model from the others."""
        return model_name(self.setting, self.gradients, self.number)

    def attention(self, moment: int = -1) -> Floats:
        """Area attention of every patch on the test samples: (B, P, N)."""
        A = correlations.area_attention(
            self.setting, self.test, self.phi[moment], self.upsilon[moment]
        )
        return np.repeat(A, self.setting.P // A.shape[1], axis=1)


@dataclass(frozen=True)
class Expected:
    """What the reduced dynamics predict of a trained model: Φ_1, Φ_m and the mean of 1-A_1."""

    phi_global: float
    phi_other: float
    miss: float


def expected(run: TrainedCl) -> Expected:
    """The reduced dynamics at the end of a run; 1-A_1 in the mean over masks."""
    path, log_t = reduced_cl(run.setting, LOSS_GAP), math.log(run.times[-1])
    phi_global, phi_other = (
        float(np.interp(log_t, path.log_t, series)) for series in (path.phi_global, path.phi_other)
    )
    return Expected(phi_global, phi_other, mean_miss(run.setting, phi_global, phi_other))


def mean_miss(
    setting: Setting, phi_global: float, phi_other: float, *, shown: bool = False
) -> float:
    """E(1-A_1) over masks and latents at these correlations, Υ = 0.

    shown: of masks that show a global patch alone. The number of these is hypergeometric.
    """
    law, seen = setting.latents, setting.P - setting.M
    visible = np.arange(int(shown), setting.C_1 + 1)
    chance = stats.hypergeom(setting.P, setting.C_1, seen).pmf(visible)
    z = np.array(law.values)[:, None]
    local = np.array(law.probabilities) @ np.exp(z * phi_other)
    rest = setting.M + np.maximum(seen - visible, 0) * local
    miss = np.array(law.probabilities) @ (rest / (rest + visible * np.exp(z * phi_global)))
    return float(chance @ miss / chance.sum())


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
    steps = training.moments(time, step)
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
        test=training.unseen(setting, np.random.default_rng([seed, 4])),
    )


@shared.run_once
def torch_cl(setting: Setting, seed: int, time: float, step: float, batch: int = 16) -> TrainedCl:
    """As `trained_cl`, but torch differentiates the loss and descends on the whole of Q.

    In a random orthonormal basis; the rows of all queries are kept.
    """
    rng = np.random.default_rng([seed, 8])
    module = vit.ContrastiveViT(setting, training.random_basis(setting, rng))
    batches = (data.views(setting, batch, rng) for _ in itertools.count())
    times, phi, upsilon = training.train_torch(module, batches, time, step)
    return TrainedCl(setting, times, phi, upsilon, training.unseen(setting, rng), "torch")


@shared.run_once
def reduced_cl(setting: Setting, loss_gap: float) -> Trajectory:
    """The reduced trajectory of the shared row until the loss gap."""
    return reduced.cl(setting, loss_gap=loss_gap)


def training_time(setting: Setting) -> float:
    """Half as much again as the reduced dynamics need to 1-A_1 = 1/20."""
    path = reduced_cl(setting, LOSS_GAP)
    return 1.5 * math.exp(np.interp(0.95, path.global_attention, path.log_t))


def torch_collapses(context: Context) -> Iterator[TrainedCl]:
    """Contrastive models of either sign of Δ trained by torch, in the longer profiles."""
    for setting in context.at(quick=(), full=SMALL):
        for seed in (0, 1):
            step = STEP * setting.P
            run = torch_cl(setting, context.root_seed + seed, training_time(setting), step)
            yield dataclasses.replace(run, number=seed)


def trained_collapses(context: Context) -> Iterator[TrainedCl]:
    """Contrastive models of either sign of Δ; several seeds and laws in longer profiles.

    There torch trains the smaller ones: automatic differentiation of the loss, on all of Q.
    """
    plan = [(setting, 0) for setting in SMALL]
    if context.profile != "quick":
        plan = [(s, seed) for s in (POSITIVE, NEGATIVE) for seed in range(3)]
        wide = Latents.uniform(0.75, 1.25, 16)
        plan += [(s.replace(K=8, latents=wide), 0) for s in (POSITIVE, NEGATIVE)]
    for setting, seed in plan:
        step = STEP * setting.P
        run = trained_cl(setting, context.root_seed + seed, training_time(setting), step)
        yield dataclasses.replace(run, number=seed)
    yield from torch_collapses(context)
