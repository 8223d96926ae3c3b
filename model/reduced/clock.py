"""The clock in which the reduced dynamics are integrated, at any P up to 1e300."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Float

LARGEST_P = 10**300
"""Beyond it rates of order 1/P leave the range of double precision."""
RTOL = 1e-9
"""Default error per step, relative to a correlation or, when larger, to its expected size."""
LONGEST_LOG = 1000
"""log t is less than this, so that an error of it is of the order of RTOL itself and no share."""
SOLVERS_LEAST = 1e-13
"""The solver takes no relative error below 100 roundings."""
LONGEST_STEP = 3.0
"""In the clock's unit, in which weights change by a factor of e at most: keeps trial steps of the
solver inside the range of exp, and records dense enough to draw."""
SMALLEST_LOSS_GAP = 1e-250
"""Smaller ones leave the range of double precision."""

State = Sequence[float]
Watch = Callable[[State], float]


class Run(NamedTuple):
    """Path (T, n) of states at log t (T,); for every watch its first (log t, state), or None."""

    log_t: Float[Array, "T"]
    path: Float[Array, "T n"]
    crossings: list[tuple[float, Float[Array, "n"]] | None]


def integrate(
    flow: Callable[[State], tuple[Sequence[float], float]],
    size: int,
    log_unit: float,
    watches: Sequence[Watch],
    log_t_max: float,
    rtol: float,
    stops: Sequence[Watch] = (),
) -> Run:
    """Follow dx/dt = flow(x) from x = 0 until the last watch or a stop falls through 0.

    It ends at log_t_max as well. Watches and stops are functions of (x, log(1 + t)).

    flow returns dx/dt and a pace, the fastest relative rate of change, per time unit e^{log_unit};
    the components of x must be of order 1 to log P.

    Near a transition correlations jump while log t stands still to double precision. So time is a
    variable, late = log(1 + t), and the clock is σ with dσ = (pace + 1/(1+t)) dt: nothing moves
    faster than 1 in σ. Because late, unlike log t, is finite at t = 0, the start is exact.
    """
    late_max = float(np.logaddexp(0.0, log_t_max - log_unit))

    def motion(_: float, y: Float[Array, "n+1"]) -> list[float]:
        *x, late = y.tolist()  # Python floats: several times faster than NumPy's, one by one
        dx, pace = flow(x)
        slow = math.exp(-late)
        clock = pace + slow
        return [v / clock for v in dx] + [slow / clock]

    def event(watch: Watch, terminal: bool) -> Callable[[float, Float[Array, "n+1"]], float]:
        def fall(_: float, y: Float[Array, "n+1"]) -> float:
            return watch(y.tolist())

        fall.direction = -1  # type: ignore[attr-defined]
        fall.terminal = terminal  # type: ignore[attr-defined]
        return fall

    def remaining(y: State) -> float:
        return late_max - y[-1]

    events = [event(w, w is watches[-1]) for w in watches]
    events += [event(w, True) for w in (*stops, remaining)]
    solution = solve_ivp(
        motion,
        (0.0, math.inf),
        np.zeros(size + 1),
        method="DOP853",
        rtol=[*[rtol] * size, max(rtol / LONGEST_LOG, SOLVERS_LEAST)],
        atol=rtol,
        events=events,
        max_step=LONGEST_STEP,
    )
    if not solution.success:
        raise ArithmeticError(f"reduced dynamics: {solution.message}")

    def log_time(late: Float[Array, "T"]) -> Float[Array, "T"]:
        return log_unit + late + np.log(-np.expm1(-late))  # log(e^late - 1)

    y = solution.y.T[1:]
    # Where t stands still its computed increments are rounding of either sign.
    log_t = np.maximum.accumulate(log_time(y[:, -1]))
    crossings = [
        (float(log_time(found[:1, -1])[0]), found[0, :-1]) if len(found) else None
        for found in solution.y_events[: len(watches)]
    ]
    return Run(log_t, y[:, :-1], crossings)


def require_tractable(setting: Setting, loss_gap: float) -> None:
    """Raise SettingError for a P or a loss gap outside double precision."""
    if setting.P > LARGEST_P:
        raise SettingError(f"the reduced dynamics take P up to 1e300, not {setting.P:.3e}")
    if not loss_gap >= SMALLEST_LOSS_GAP:
        raise SettingError(f"loss_gap must be at least {SMALLEST_LOSS_GAP}, not {loss_gap}")
