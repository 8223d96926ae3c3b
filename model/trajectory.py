"""Trajectory: what every engine returns, so that the same question can be put to each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float

Objective = Literal["mae", "cl"]
QueryKind = Literal["local", "global"]
Engine = Literal["reduced", "descent", "closed"]
Series = Float[Array, "T"]


@dataclass(frozen=True)
class Event:
    """A moment of a trajectory: log t and the correlations then. All logarithms are natural."""

    log_t: float
    phi_global: float
    phi_own: float


def first_crossing(
    log_t: Series, height: Series, phi_global: Series, phi_own: Series
) -> Event | None:
    """The first time `height` is at least 0, interpolated in log t; None when it never is."""
    reached = np.flatnonzero(height >= 0)
    if not reached.size:
        return None
    i = int(reached[0])
    share = 1.0 if i == 0 else -height[i - 1] / (height[i] - height[i - 1])

    def at(series: Series) -> float:
        return float(series[i] if i == 0 else (1 - share) * series[i - 1] + share * series[i])

    return Event(at(log_t), at(phi_global), at(phi_own))


def events(
    log_t: Series, series: Mapping[str, Series], *, switches: bool, loss_gap: float | None
) -> tuple[Event | None, Event | None, Event | None]:
    """Switch, half and done of a `Trajectory` whose series, by name, hold every step.

    switches: whether |rate_global| is ahead at the start, so that there is a moment when it falls
    behind. done is that of loss_gap.
    """
    lead = series["rate_own"] - np.abs(series["rate_global"])
    phi = series["phi_global"], series["phi_own"]
    return (
        first_crossing(log_t, lead, *phi) if switches else None,
        first_crossing(log_t, series["own_attention"] - 0.5, *phi),
        None if loss_gap is None else first_crossing(log_t, loss_gap - series["loss_gap"], *phi),
    )


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """Correlations and attention of one query over training (Definition 3.1), t = η·steps.

    All series have shape (T,), one entry per recorded time; log_t never decreases, and stands still
    to double precision while Φ jumps at large P. "own" is the area that holds the query; for a
    global query, and for the contrastive objective, own and global coincide.
    `phi_other` and the Υ series are the entries of largest modulus among their kind.
    `rate_global`, `rate_own` are α_{p→v_1} and α_{p→v_n}; `loss_gap` is L_p - L*_p (MAE), or the
    contrastive loss above its value when every query attends to the global area alone (CL).
    Attentions are means over masks, samples and latents.

    switch: T_1, first time with |α_1| = α_n (local MAE query with α_1 larger at first, else None).
    half: first time with own (MAE) or global (CL) attention of one half; -inf when so at the start.
    done: first time with loss_gap at the asked-for value. None when not reached.
    """

    setting: Setting
    objective: Objective
    query: QueryKind
    engine: Engine
    log_t: Series
    phi_global: Series
    phi_own: Series
    phi_other: Series
    upsilon_own: Series
    upsilon_global: Series
    upsilon_other: Series
    rate_global: Series
    rate_own: Series
    own_attention: Series
    global_attention: Series
    loss_gap: Series
    switch: Event | None
    half: Event | None
    done: Event | None

    def max_abs(self) -> dict[str, float]:
        """Largest modulus over time of the correlations that theory says stay small."""
        names = ("phi_other", "upsilon_own", "upsilon_global", "upsilon_other")
        return {name: float(np.abs(getattr(self, name)).max()) for name in names}
