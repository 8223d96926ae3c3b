"""Finite size: a trained model's patches beside the reduced dynamics of its setting, step by step.

The reduced dynamics take the steps that the model took. What is left between the two is the mean
field by which clusters meet (K > 1), below 1 % at the sizes trained, and the noise of minibatches:
the patches of one area see the same counts, so that an area is one draw of it, not each patch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from refutable.claims.runs import masked
from refutable.claims.runs.masked import Rows, TrainedMae
from refutable.claims.runs.noise import FALSE_ALARM, SIGMAS, noise, worst
from refutable.gap import Gap, at_most, equal
from refutable.model import reduced
from refutable.model.data import Floats
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.reuse import shared

OWN_SHARE = 0.01
"""Systematic part of Φ_n allowed at the end, relative: what the mean field leaves out, measured as
up to 0.6 % at C_s = 8 for K = 2 and 3, in either placement."""
GLOBAL_SHARE, GLOBAL_LEAST = 0.025, 0.01
"""Likewise of Φ_1, relative or absolute, whichever is larger: measured up to 2 %."""
TRANSITION_SHARE = 0.025
"""Likewise of Φ_n while A_n crosses one half, where a lag shows as (dΦ/dt)·lag."""
MEAN_SIGMAS = 6.5
"""Width allowed to the noise of a mean: a normal one goes beyond with chance 1e-10."""


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
        taken = round(float(self.run.times[moment]) / self.run.step)
        return float(getattr(self.reduced, series)[taken - 1])

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

    def agrees(
        self, what: str, values: Floats, predicted: float, systematic: float
    ) -> Iterator[Gap]:
        """The mean, and every value within the noise, is the predicted one.

        Under contiguous placement single patches are not alike: the own areas of some lie inside
        own areas of the other clusters, those of others across. Then only their mean is predicted.
        """
        sigma, lasting = noise(values), f"{systematic:.2g} for what the mean field leaves out"
        yield equal(
            f"{self.name}: {what}, mean",
            float(values.mean()),
            predicted,
            systematic + MEAN_SIGMAS * sigma / math.sqrt(self.areas),
            f"{lasting}, and {MEAN_SIGMAS:g} standard errors, one draw of noise for each area",
            false_alarm=FALSE_ALARM,
        )
        if self.run.setting.placement == "contiguous":
            return
        yield equal(
            f"{self.name}: {what}, every patch",
            worst(values, predicted),
            predicted,
            systematic + SIGMAS * sigma,
            f"{lasting}, and {SIGMAS:g} standard deviations of the noise between patches",
            false_alarm=FALSE_ALARM,
        )
        yield at_most(
            f"{self.name}: {what}, noise between patches",
            sigma,
            0.25,
            0,
            "a wider noise could not reject a wrong prediction",
            false_alarm=FALSE_ALARM,
        )


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
        rows, phi_n = kind.rows(), kind.predicted("phi_own")
        yield from kind.agrees("Φ_n", rows.own, phi_n, OWN_SHARE * abs(phi_n))
        early = kind.transition
        phi_n = kind.predicted("phi_own", early)
        yield from kind.agrees(
            f"Φ_n at t = {run.times[early]:.0f}",
            kind.rows(early).own,
            phi_n,
            TRANSITION_SHARE * abs(phi_n),
        )
        if query == "local":
            phi_1 = kind.predicted("phi_global")
            allowed = max(GLOBAL_SHARE * abs(phi_1), GLOBAL_LEAST)
            yield from kind.agrees("Φ_1", rows.global_, phi_1, allowed)
