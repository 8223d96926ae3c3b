"""Masked autoencoders: the settings trained, the models, and what is read from them.

Models are trained from Q = 0 with all patches as queries; each is made once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from refutable.claim import Context
from refutable.claims.runs import training
from refutable.claims.runs.training import Gradients, model_name
from refutable.model import correlations, data, descent, gradients, reduced, vit
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.reuse import shared

Floats = data.Floats

STEP = 4.0
"""η. At z = 1 the curvature of a row is at most about γ/K: well inside the stable range, K ≥ 2."""
EPSILON = 0.01
"""The loss gap ε asked of trained models; the loss starts near ¼."""
POSITIVE = Setting.of_sizes(
    128, 64, 8, kappa_c=0.85, kappa_s=0.375, gamma=0.5, K=2, placement="random"
)
"""Δ = 0.325; C_1²/(P·C_s) = 4."""
NEGATIVE = Setting.of_sizes(
    128, 16, 8, kappa_c=0.575, kappa_s=0.375, gamma=0.5, K=2, placement="random"
)
"""Δ = -0.225; C_1²/(P·C_s) = 1/4."""
LARGER = (
    POSITIVE.replace(K=3, placement="contiguous"),
    NEGATIVE.replace(K=3, placement="contiguous"),
    Setting.of_sizes(256, 128, 8, kappa_c=0.875, kappa_s=0.375, K=2, placement="random"),
    Setting.of_sizes(256, 16, 8, kappa_c=0.525, kappa_s=0.375, K=2, placement="random"),
)


SMALL_POSITIVE = Setting.of_sizes(
    64, 48, 8, kappa_c=0.93, kappa_s=0.5, gamma=0.5, K=2, placement="random"
)
"""Δ = 0.36; C_1²/(P·C_s) = 4.5."""
SMALL_NEGATIVE = Setting.of_sizes(
    64, 12, 8, kappa_c=0.6, kappa_s=0.5, gamma=0.5, K=2, placement="random"
)
"""Δ = -0.3; C_1²/(P·C_s) = 0.28."""
SMALL_CONTIGUOUS = SMALL_NEGATIVE.replace(K=3, placement="contiguous")
"""Own areas of the clusters overlap most here, so that they meet most: 8 % of Φ_n."""


@dataclass(frozen=True, eq=False)
class TrainedMae:
    """A masked autoencoder trained from Q = 0, all patches as queries.

    times: (T,) η · steps of the moments kept. phi: (T, P, K·N). upsilon: (T, P, P). test: samples
    that training has not seen, an equal number of every cluster; many: more of them. step: η.
    gradients: by the closed forms, or by torch on the whole of Q. number: of its seed, from 0.
    per_cluster: fresh samples of each cluster per step.
    """

    setting: Setting
    times: Floats
    phi: Floats
    upsilon: Floats
    test: data.Samples
    many: data.Samples
    gradients: Gradients = "closed"
    number: int = 0
    step: float = STEP
    per_cluster: int = 48

    @property
    def name(self) -> str:
        """What tells a trained model from the others."""
        return model_name(self.setting, self.gradients, self.number)

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
        excess = (loss - unavoidable(self.setting, self.many)) * counted(self.many)
        weights = self.many.weights
        mean = weights @ excess
        return mean, np.sqrt(weights**2 @ (excess - mean) ** 2)


def counted(samples: data.Samples) -> data.Bools:
    """(B, P) whether a patch adds to its own loss: where it is masked (Definition 2.5)."""
    return ~samples.visible


def unavoidable(setting: Setting, samples: data.Samples) -> Floats:
    """(B, P) the least loss of a masked patch for any Q: ½z_n² where its whole area is hidden."""
    z_n = np.take_along_axis(samples.latents, setting.area_of[samples.cluster], axis=1)
    return np.where(_answerable(setting, samples), 0.0, z_n**2 / 2)


def _answerable(setting: Setting, samples: data.Samples) -> data.Bools:
    area = setting.area_of[samples.cluster]
    seen = np.zeros((len(samples), setting.areas), dtype=bool)
    for j in range(setting.areas):
        seen[:, j] = ((area == j) & samples.visible).any(axis=1)
    return ~samples.visible & np.take_along_axis(seen, area, axis=1)


@shared.run_once
def trained_mae(
    setting: Setting,
    seed: int,
    time: float,
    also: tuple[float, ...] = (),
    step: float = STEP,
    per_cluster: int = 48,
) -> TrainedMae:
    """Train all patches for `time` = η·steps by the closed forms of the gradient (grad.*).

    also: further times at which correlations are kept. step: η. per_cluster: fresh samples of each
    cluster per step.
    """
    rng = np.random.default_rng([seed, 1])
    size = setting.K * per_cluster
    batches = (data.draw(setting, size, rng, stratified=True) for _ in itertools.count())
    steps = training.moments(time, step, also)
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
        test=training.unseen(setting, np.random.default_rng([seed, 2])),
        many=training.unseen(setting, np.random.default_rng([seed, 9]), training.LOSS_SAMPLES),
        step=step,
        per_cluster=per_cluster,
    )


@shared.run_once
def torch_mae(
    setting: Setting,
    seed: int,
    time: float,
    also: tuple[float, ...] = (),
    step: float = STEP,
    per_cluster: int = 12,
) -> TrainedMae:
    """As `trained_mae`, but torch differentiates the loss and descends on the whole of Q.

    In a random orthonormal basis, so that nothing is presumed of Q's form.
    """
    rng = np.random.default_rng([seed, 7])
    module = vit.MaskedAutoencoder(setting, training.random_basis(setting, rng))
    size = setting.K * per_cluster
    batches = (data.draw(setting, size, rng, stratified=True) for _ in itertools.count())
    times, phi, upsilon = training.train_torch(module, batches, time, step, also)
    test, many = (
        training.unseen(setting, rng),
        training.unseen(setting, rng, training.LOSS_SAMPLES),
    )
    return TrainedMae(
        setting, times, phi, upsilon, test, many, "torch", step=step, per_cluster=per_cluster
    )


@shared.run_once
def reduced_mae(
    setting: Setting, query: QueryKind, loss_gap: float, size: int | None = None
) -> Trajectory:
    """The reduced trajectory of one query until L_p - L*_p = loss_gap; size: of its local area."""
    return reduced.mae(setting, query, loss_gap=loss_gap, size=size)


def plan(context: Context) -> Iterator[tuple[Callable[..., TrainedMae], Setting, int]]:
    """How, in which setting and from which seed models of either sign of Δ are trained.

    Several seeds and sizes in longer profiles. There torch trains the smaller ones: automatic
    differentiation of the loss, on all of Q.
    """
    small = (SMALL_POSITIVE, SMALL_NEGATIVE)
    if context.profile == "quick":
        yield from ((trained_mae, setting, 0) for setting in (*small, SMALL_CONTIGUOUS))
        return
    for seed in range(3):
        yield from ((trained_mae, setting, seed) for setting in (POSITIVE, NEGATIVE))
    yield from ((trained_mae, setting, 0) for setting in (*LARGER, SMALL_CONTIGUOUS))
    yield from ((torch_mae, setting, seed) for setting in small for seed in (0, 1))


@dataclass(frozen=True)
class Rows:
    """Correlations of all pairs (patch, cluster) whose query is of one kind, (n,) each.

    other: the largest modulus of all but own and global.
    """

    own: Floats
    global_: Floats
    other: Floats


def rows_of(run: TrainedMae, query: QueryKind, moment: int = -1, size: int | None = None) -> Rows:
    """The correlations of every patch and cluster at a moment; of own areas of a size, if given."""
    setting, found = run.setting, []
    for k in range(setting.K):
        area, kind = setting.area_of[k], of_kind(setting, k, query, size)
        phi = correlations.of_cluster(setting, k, run.phi[moment])
        number = np.arange(setting.areas)
        others = np.where((number == area[:, None]) | (number == 0), 0.0, phi)
        found.append((run.own(k, moment)[kind], phi[kind, 0], np.abs(others).max(axis=1)[kind]))
    own, global_, other = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Rows(own, global_, other)


def own_attention(
    run: TrainedMae, A: Floats, k: int, query: QueryKind, size: int | None = None
) -> Floats:
    """Mean over answerable samples of cluster k of A_n, for the patches of a kind there: (n,).

    size: of their own area, if given.
    """
    chosen = run.test.cluster == k
    A_n = correlations.own_attention(run.setting, run.test.take(chosen), A[chosen])
    counts = run.answerable()[chosen]
    mean = (A_n * counts).sum(axis=0) / counts.sum(axis=0)
    return mean[of_kind(run.setting, k, query, size)]


def of_kind(setting: Setting, k: int, query: QueryKind, size: int | None) -> data.Bools:
    """(P,) whether a patch of cluster k is of a kind; and in an area of this size, if given."""
    area = setting.area_of[k]
    kind = (area == 0) == (query == "global")
    return kind if size is None else kind & (setting.area_sizes[area] == size)
