"""Finite size: the reduced dynamics beside a trained model, and what they leave out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from refutable.claims.runs import masked
from refutable.claims.runs.regimes import area_size
from refutable.model.data import Floats
from refutable.model.trajectory import QueryKind, Trajectory


@dataclass(frozen=True)
class Reduced:
    """The reduced trajectory of a kind of query in a trained setting, read at time t.

    finite: what it leaves out at finite size, relative to a rate: the spread of the number of
    visible patches of the own area, γ/((1-γ)C_n), and the weight that the other clusters' position
    correlations put on that many keys, K(C_n/P)(e^Υ-1); twice, for its effect on T_½ and after it.
    """

    trajectory: Trajectory
    t: float

    def at(self, series: Floats) -> float:
        """A series of the trajectory at time t."""
        return float(np.interp(math.log(self.t), self.trajectory.log_t, series))

    @property
    def finite(self) -> float:
        """First-order corrections to a rate."""
        setting, query = self.trajectory.setting, self.trajectory.query
        C_n = area_size(setting, query)
        spread = setting.gamma / ((1 - setting.gamma) * C_n)
        coupling = setting.K * C_n / setting.P * math.expm1(self.at(self.trajectory.upsilon_own))
        return 2 * (spread + coupling)


def reduced_of(run: masked.TrainedMae, query: QueryKind, moment: int = -1) -> Reduced:
    """What the reduced dynamics say of a run at a moment."""
    trajectory = masked.reduced_mae(run.setting, query, masked.EPSILON / 20)
    return Reduced(trajectory, float(run.times[moment]))


FINITE = (
    "what the reduced dynamics leave out at this size, 2(γ/((1-γ)C_n) + K(C_n/P)(e^Υ-1)) relative "
    "to a rate, and 8 standard deviations of the noise between patches"
)
