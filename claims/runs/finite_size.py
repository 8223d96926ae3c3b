"""Finite size: a trained model's patches beside the reduced dynamics of its setting, step by step.

The reduced dynamics take the steps that the model took, in the mean field by which clusters meet
(K > 1). What is left is how patches of one kind differ, by the noise of minibatches and by where
their areas lie in other clusters. The patches of one area see the same counts, so that an area is
one draw of the noise, not each patch.

To second order the mean of Φ is moved by two things. Noise of variance σ² moves it by zσ²/2 where
Φ grows like e^{zΦ}, and by zσ² where it grows like e^{-2zΦ}. And the keys of a query's own area
weigh e^Y more for where they lie in other clusters, Y another one for each query, while the mean
field has log E e^Y for all of them: E Y is less by δ, which the placement and the Υ of the reduced
dynamics determine. That takes δ off the logarithm of the weights and the share δ off the pace, so
that Φ is moved by at most δ/z and δ·dΦ/d log t.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refutable.claims.runs import masked
from refutable.claims.runs.masked import Rows, TrainedMae
from refutable.claims.runs.noise import FALSE_ALARM, SIGMAS, noise
from refutable.gap import Gap, at_most, equal
from refutable.model import reduced
from refutable.model.data import Floats
from refutable.model.reduced import coupling
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.reuse import shared

MEAN_SIGMAS = 6.5
"""Width allowed to the noise of a mean: a normal one goes beyond with chance 1e-10."""


Elsewhere = tuple[tuple[float, float], ...]
"""Υ on the own and on the global area, in the order of `coupling.met_as`."""


@shared.run_once
def reduced_steps(
    setting: Setting, query: QueryKind, step: float, steps: int, size: int | None = None
) -> Trajectory:
    """Gradient descent in the reduced dynamics; entry i is the state after i + 1 steps."""
    return reduced.descend(setting, query, step=step, steps=steps, size=size)


@dataclass(frozen=True)
class Kind:
    """Patches of a trained model that are alike: by kind, and by the size of their own area."""

    run: TrainedMae
    query: QueryKind
    size: int
    areas: int
    """How many areas of the kind there are over all clusters."""

    @property
    def name(self) -> str:
        """What tells them from others."""
        return f"{self.run.name}, {self.query} patch in an area of {self.size}"

    @property
    def reduced(self) -> Trajectory:
        """The reduced dynamics by the same steps as the model's."""
        steps = round(float(self.run.times[-1]) / self.run.step)
        size = self.size if self.query == "local" else None
        return reduced_steps(self.run.setting, self.query, self.run.step, steps, size)

    def predicted(self, series: str, moment: int = -1) -> float:
        """A series of the reduced dynamics at a moment of the model."""
        return float(getattr(self.reduced, series)[self.taken(moment) - 1])

    def rows(self, moment: int = -1) -> Rows:
        """The correlations of all these patches."""
        return masked.rows_of(self.run, self.query, moment, self.size)

    @property
    def transition(self) -> int:
        """The first moment kept at which the reduced own attention is one half or more."""
        reached = [
            i for i in range(len(self.run.times)) if self.predicted("own_attention", i) >= 0.5
        ]
        return reached[0] if reached else len(self.run.times) - 1

    def pace(self, series: str, moment: int) -> float:
        """|dΦ/d log t| at a moment; of Φ_1, which rests in the end, the largest so far."""
        path = getattr(self.reduced, series)
        taken = self.taken(moment)
        found = np.abs(np.gradient(path)[:taken]) * np.arange(1, taken + 1)
        return float(found[-1] if series == "phi_own" else found.max())

    def taken(self, moment: int) -> int:
        """Steps of the model up to a moment."""
        return round(float(self.run.times[moment]) / self.run.step)

    def moved(self, series: str, sigma: float, moment: int = -1) -> float:
        """What the mean of a correlation may be off by, to second order."""
        z, by_placement = self.run.setting.latents.L, self.by_placement(series, moment)
        return z * sigma**2 - float(by_placement.mean())

    def apart(self, series: str, moment: int = -1) -> float | Floats:
        """What a patch may be off by for where its own keys lie, of each, (n,), or of all.

        Under contiguous placement single patches are not alike: the own areas of some lie inside
        own areas of the other clusters, those of others across.
        """
        if self.run.setting.placement != "contiguous":
            return 0.0
        return np.abs(self.by_placement(series, moment))

    def by_placement(self, series: str, moment: int) -> Floats:
        """(Y - log E e^Y)(1/z + dΦ/d log t) of each of these patches, (n,): -δ(…) in the mean."""
        setting, elsewhere = self.run.setting, self.elsewhere(moment)
        Y = np.array(in_other_clusters(setting, self.query, self.size, elsewhere))
        off = Y - np.log(np.exp(Y).mean())
        return off * (1 / setting.latents.L + self.pace(series, moment))

    def elsewhere(self, moment: int) -> Elsewhere:
        """Υ at a moment of the model, of queries as which this one is met in other clusters."""
        setting, steps, at = self.run.setting, len(self.reduced.log_t), self.taken(moment) - 1

        def upsilon(query: QueryKind, size: int) -> tuple[float, float]:
            run = reduced_steps(setting, query, self.run.step, steps, size)
            return float(run.upsilon_own[at]), float(run.upsilon_global[at])

        return tuple(upsilon(*met) for met in coupling.met_as(setting))

    def draws(self, series: str) -> int:
        """How many counts drive a correlation of all these patches."""
        return self.areas if series == "phi_own" else self.run.setting.K

    def in_common(self, series: str, moment: int = -1) -> float:
        """Standard deviation of what the patches whose rates one count drives have in common.

        A sample shows a count u of an area to all of them, whose variance relative to the square of
        its mean is γ/((1-γ)C). Φ_n has a rate of u_n, and its area for itself; Φ_1 one of u_1²,
        which is that of a cluster. Samples up to the transition count: errors heal afterwards.
        """
        setting, run = self.run.setting, self.run
        steps = min(self.taken(moment), self.taken(self.transition))
        C, power = (self.size, 1) if series == "phi_own" else (setting.C_1, 2)
        variance = setting.gamma / ((1 - setting.gamma) * C) / (steps * run.per_cluster)
        return power * self.pace(series, moment) * math.sqrt(variance)

    def mean_agrees(self, what: str, values: Floats, series: str, moment: int = -1) -> Gap:
        """The mean of a correlation over all these patches is the predicted one."""
        sigma = noise(values)
        moved = self.moved(series, sigma, moment)
        common = self.in_common(series, moment) / math.sqrt(self.draws(series))
        error = MEAN_SIGMAS * math.hypot(sigma / math.sqrt(self.areas), common)
        return equal(
            what,
            float(values.mean()),
            self.predicted(series, moment),
            moved + error,
            f"{moved:.2g} by which noise, and where keys lie in other clusters, move the mean; "
            f"and {MEAN_SIGMAS:g} standard errors: noise between areas, and in common",
            false_alarm=FALSE_ALARM,
        )

    def agrees(self, what: str, values: Floats, series: str, moment: int = -1) -> Iterator[Gap]:
        """The mean, and every value within the noise, is the predicted one."""
        name = f"{self.name}: {what}"
        yield self.mean_agrees(f"{name}, mean", values, series, moment)
        sigma, predicted = noise(values), self.predicted(series, moment)
        moved = self.moved(series, sigma, moment) + self.apart(series, moment)
        yield from every_one(name, values, predicted, moved, self.in_common(series, moment))


def every_one(
    name: str, values: Floats, predicted: float, moved: float | Floats, common: float
) -> Iterator[Gap]:
    """Every value is within the noise of the predicted one.

    moved: what else it may be off by, for all or for each. common: standard deviation of what
    patches of one area have in common, of which the values of few areas show too little.
    """
    sigma, rest = noise(values), np.broadcast_to(moved, values.shape)
    p = int((np.abs(values - predicted) - rest).argmax())
    yield equal(
        f"{name}, every patch",
        float(values[p]),
        predicted,
        float(rest[p]) + SIGMAS * math.hypot(sigma, common),
        f"{rest[p]:.2g} by which it may be off for other reasons, and {SIGMAS:g} standard "
        "deviations of the noise between patches and in common",
        false_alarm=FALSE_ALARM,
    )
    yield at_most(
        f"{name}, noise between patches",
        sigma,
        0.25,
        0,
        "a wider noise could not reject a wrong prediction",
        false_alarm=FALSE_ALARM,
    )


@functools.lru_cache(maxsize=256)
def in_other_clusters(
    setting: Setting, query: QueryKind, size: int, elsewhere: Elsewhere
) -> tuple[float, ...]:
    """Y of every query of a kind, cluster by cluster: what its own keys weigh in other clusters.

    e^Y is the product over other clusters of the mean of e^Υ over the query's own keys.
    """
    if not coupling.is_coupled(setting):
        return (0.0,)
    own, crowd = np.array(elsewhere).T[:, coupling.met_in(setting)]  # (N,), by area there
    crowd[0] = 0.0  # a global query has no further global area
    Y = []
    for k, here in enumerate(setting.area_of):
        total = np.zeros(setting.P)
        keys = (here[:, None] == here) & ~np.eye(setting.P, dtype=bool)
        for there in np.delete(setting.area_of, k, axis=0):
            same = there[:, None] == there
            upsilon = np.where(same, own[there][:, None], crowd[there][:, None] * (there == 0))
            total += np.log((np.exp(upsilon) * keys).sum(axis=1) / keys.sum(axis=1))
        Y.append(total[masked.of_kind(setting, k, query, size)])
    return tuple(np.concatenate(Y).tolist())


def kinds(run: TrainedMae, query: QueryKind) -> Iterator[Kind]:
    """All patches of a kind, by the size of their own area."""
    setting = run.setting
    if query == "global":
        yield Kind(run, query, setting.C_1, setting.K)
        return
    sizes = setting.area_sizes[1:].tolist()
    for size in sorted(set(sizes)):
        yield Kind(run, query, size, setting.K * sizes.count(size))


def follows(run: TrainedMae, query: QueryKind) -> Iterator[Gap]:
    """Patches of a kind have the reduced dynamics' correlations, at the transition and the end."""
    for kind in kinds(run, query):
        rows, early = kind.rows(), kind.transition
        yield from kind.agrees("Φ_n", rows.own, "phi_own")
        half = kind.rows(early).own
        yield from kind.agrees(f"Φ_n at t = {run.times[early]:.0f}", half, "phi_own", early)
        if query == "local":
            yield from kind.agrees("Φ_1", rows.global_, "phi_global")
