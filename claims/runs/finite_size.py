"""Finite size: the reduced dynamics beside a trained model, and what they leave out of it.

To first order, relative to a rate, they leave out
- γ/((1-γ)C_n): the number of visible patches of the own area varies by that much of its square;
- K(C_n/P)(e^Υ-1): position correlations are shared by all clusters, so that the C_n patches of
  every other cluster's own area, which lie in other areas of this one, weigh e^Υ instead of 1.
  Clusters meet through Υ alone: at Υ = 0 nothing is left out, and K·C_n/P would be too much.
  Measured at P = 128 for K = 2 to 8, C_n = 4 and 8: Φ_n changes by 0.1 to 0.5 of it; at Υ = 1.3 by
  more than K·C_n/P, at Υ = 0.1 by less than a twentieth of that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from refutable.claims.runs import masked
from refutable.claims.runs.regimes import area_size
from refutable.model.data import Floats
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Trajectory

LEFT_OUT = (
    "what the reduced dynamics leave out at this size, 2(γ/((1-γ)C_n) + K(C_n/P)(e^Υ-1)) relative "
    "to a rate"
)


@dataclass(frozen=True)
class Reduced:
    """The reduced trajectory of a kind of query in a trained setting, read at time t."""

    trajectory: Trajectory
    t: float

    def at(self, series: Floats) -> float:
        """A series of the trajectory at time t."""
        return float(np.interp(math.log(self.t), self.trajectory.log_t, series))

    @property
    def finite(self) -> float:
        """LEFT_OUT: first-order corrections to a rate, twice for their effect on T_½ and after."""
        setting, query = self.trajectory.setting, self.trajectory.query
        C_n = area_size(setting, query)
        spread = setting.gamma / ((1 - setting.gamma) * C_n)
        coupling = setting.K * C_n / setting.P * math.expm1(self.at(self.trajectory.upsilon_own))
        return 2 * (spread + coupling)


def reduced_path(setting: Setting, query: QueryKind, epsilon: float) -> Trajectory:
    """The reduced dynamics to ε/20, some 20 times the time at which a model is to reach ε."""
    return masked.reduced_mae(setting, query, epsilon / 20)


def reduced_of(run: masked.TrainedMae, query: QueryKind, moment: int = -1) -> Reduced:
    """What the reduced dynamics say of a run at a moment."""
    path = reduced_path(run.setting, query, masked.EPSILON)
    return Reduced(path, float(run.times[moment]))
