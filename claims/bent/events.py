"""Times and depths of a small trained model against the reduced dynamics of its setting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from refutable.claims.bent.plans import EPSILON
from refutable.claims.bent.statement import Ask, Gaps
from refutable.claims.runs import masked
from refutable.claims.runs.regimes import area_size
from refutable.gap import at_most
from refutable.model.bent.observation import Observed
from refutable.model.data import Floats
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind, Trajectory

COARSEST = 0.5
"""Where finite size may change a prediction by more than this share, this share is allowed: with
more, nothing could break. As assumed the models are off by up to 0.29. A choice between the two: it
hides a break that moves an event by less than half of what was predicted."""


ROOM = (
    "room for a small model on drawn samples, 2(γ/((1-γ)C_n) + K(C_n/P)(e^Υ-1)) of a rate: "
    "twice the relative variance of a mask's own count, and what clusters add to one another's keys"
)


@dataclass(frozen=True)
class Reduced:
    """The reduced trajectory of a kind of query, read at time t."""

    trajectory: Trajectory
    t: float

    def at(self, series: Floats) -> float:
        """A series of the trajectory at time t."""
        return float(np.interp(math.log(self.t), self.trajectory.log_t, series))

    @property
    def finite(self) -> float:
        """ROOM."""
        setting, query = self.trajectory.setting, self.trajectory.query
        C_n = area_size(setting, query)
        spread = setting.gamma / ((1 - setting.gamma) * C_n)
        coupling = setting.K * C_n / setting.P * math.expm1(self.at(self.trajectory.upsilon_own))
        return 2 * (spread + coupling)


def reduced_path(setting: Setting, query: QueryKind, epsilon: float) -> Trajectory:
    """The reduced dynamics to ε/20, some 20 times the time at which a model is to reach ε."""
    return masked.reduced_mae(setting, query, epsilon / 20)


def half_time(kind: QueryKind) -> Ask:
    """T_½ is that of the reduced dynamics."""

    def ask(setting: Setting, run: Observed) -> Gaps:
        reduced = reduced_half(setting, kind)
        found, predicted = run.half(kind), reduced.t
        yield at_most(
            f"|log of T_½ over the reduced one, {predicted:.4g}|, {kind} queries",
            math.inf if found is None else abs(math.log(max(found, 1e-9) / predicted)),
            math.log1p(min(reduced.finite, COARSEST)), 0,
            f"{ROOM}, by then; at most {COARSEST:g}",
        )  # fmt: skip

    return ask


def reduced_half(setting: Setting, kind: QueryKind) -> Reduced:
    """The reduced dynamics at their T_½. SettingError where they have none after the start."""
    path = reduced_path(setting, kind, EPSILON)
    if path.half is None or path.half.log_t == -math.inf:
        raise SettingError("the reduced dynamics have no event 'half' here after the start")
    return Reduced(path, math.exp(path.half.log_t))


def switch_time(_: Setting, run: Observed) -> Gaps:
    """T_1 is a third of T_½; at this size the reduced dynamics have it off by a factor of two."""
    first, half = run.switch(), run.half("local")
    yield at_most(
        "|log of 3T_1/T_½|",
        math.inf if first is None or half is None else abs(math.log(3 * first / half)),
        math.log(2), 0, "a factor of two tells the limit 1/3 from no first phase and from no second"
    )  # fmt: skip


def end_of(kind: QueryKind, series: str, what: str) -> Ask:
    """A correlation at the end is that of the reduced dynamics, within finite-size corrections."""

    def ask(setting: Setting, run: Observed) -> Gaps:
        reduced = Reduced(reduced_path(setting, kind, EPSILON), run.times[-1])
        predicted = reduced.at(getattr(reduced.trajectory, series))
        found = getattr(run.kinds[kind], series)[-1]
        finite = math.log1p(reduced.finite)
        yield at_most(
            f"{what} against the reduced {predicted:.4g}, {kind} queries",
            abs(found - predicted), min(finite, COARSEST / 2 * abs(predicted)), 0,
            f"log(1 + x), x = {ROOM}, at the end; at most {COARSEST / 2:g} of the prediction",
        )  # fmt: skip

    return ask
