"""Times and depths of a small trained model against the reduced dynamics of its setting."""

from __future__ import annotations

import math

import numpy as np

from refutable.claims.bent.plans import EPSILON
from refutable.claims.bent.statement import Ask, Gaps
from refutable.claims.runs import masked
from refutable.gap import at_most
from refutable.model.bent.observation import Observed
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind

COARSEST = 0.5
"""Where finite size may change a prediction by more than this share, this share is allowed: with
more, nothing could break. As assumed the models are off by up to 0.29."""
FINITE = (
    "twice what the reduced dynamics leave out, relative to a rate: γ/((1-γ)C_n) for the number of "
    f"visible patches, and K·C_n/P for the clusters' common positions; at most {COARSEST:g}"
)


def half_time(kind: QueryKind) -> Ask:
    """T_½ is that of the reduced dynamics."""

    def ask(setting: Setting, run: Observed) -> Gaps:
        predicted = reduced_event(setting, kind, "half")
        found = run.half(kind)
        yield at_most(
            f"|log of T_½ over the reduced one, {predicted:.4g}|, {kind} queries",
            math.inf if found is None else abs(math.log(max(found, 1e-9) / predicted)),
            math.log1p(min(finite_size(setting, kind), COARSEST)), 0, FINITE,
        )  # fmt: skip

    return ask


def finite_size(setting: Setting, kind: QueryKind) -> float:
    """Twice the first-order corrections to a rate at this size."""
    C_n = setting.C_1 if kind == "global" else setting.C_s
    gamma = setting.gamma
    return 2 * (gamma / ((1 - gamma) * C_n) + setting.K * C_n / setting.P)


def reduced_event(setting: Setting, kind: QueryKind, name: str) -> float:
    """The time of an event of the reduced dynamics. SettingError where they have none."""
    event = getattr(masked.reduced_mae(setting, kind, EPSILON / 4), name)
    if event is None or event.log_t == -math.inf:
        raise SettingError(f"the reduced dynamics have no event {name!r} here after the start")
    return math.exp(event.log_t)


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
        trajectory = masked.reduced_mae(setting, kind, EPSILON / 4)
        log_t = min(math.log(run.times[-1]), float(trajectory.log_t[-1]))
        predicted = float(np.interp(log_t, trajectory.log_t, getattr(trajectory, series)))
        found = getattr(run.kinds[kind], series)[-1]
        finite = math.log1p(finite_size(setting, kind))
        yield at_most(
            f"{what} against the reduced {predicted:.4g}, {kind} queries",
            abs(found - predicted), min(finite, COARSEST / 2 * abs(predicted)), 0,
            "the logarithm of what the reduced dynamics leave out in a rate, as half_time has it; "
            f"at most {COARSEST / 2:g} of the prediction",
        )  # fmt: skip

    return ask
