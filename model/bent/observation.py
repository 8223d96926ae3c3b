"""Observation: what was seen of a model in training, as a record that can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from refutable.model.trajectory import Objective

KINDS = ("local", "global")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What queries of one kind do, at every moment: lists of numbers, one per moment.

    Queries are pairs (sample, patch) whose patch lies in a local or in the global area of the
    sample's cluster; for MAE only masked ones whose own area has a visible patch.
    own_attention, global_attention: means over queries. least_own, least_global: the smallest mean
    over samples that a pair (cluster, patch) has. own_largest, global_largest: share of queries
    whose largest area attention is that area's. phi_own, phi_global: means over pairs (cluster,
    patch). phi_other, upsilon_own, upsilon_global, upsilon_other: largest moduli, positions by the
    area that holds them. loss_gap: of L_p - L*_p, the part due to this kind, for the worst patch.
    """

    own_attention: tuple[float, ...]
    least_own: tuple[float, ...]
    global_attention: tuple[float, ...]
    least_global: tuple[float, ...]
    own_largest: tuple[float, ...]
    global_largest: tuple[float, ...]
    phi_own: tuple[float, ...]
    phi_global: tuple[float, ...]
    phi_other: tuple[float, ...]
    upsilon_own: tuple[float, ...]
    upsilon_global: tuple[float, ...]
    upsilon_other: tuple[float, ...]
    loss_gap: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A trained model, seen on samples that training has not seen. All fields are JSON-ready.

    times: η·steps of every moment, the start first. loss: the objective at each moment, on the same
    samples, without weight decay; for MAE Σ_p L_p. local, global_: see Seen. learned: at the end,
    mean attention to area j over samples, queries and clusters. none_visible: share of samples
    (both of views) with no visible patch of the global area. row_spread: largest distance between
    two rows e_pᵀQ over the length of the longest, at the end. shift: largest |Σ_q Υ_{p→q}| over the
    largest |Υ|. least_own_step: smallest change of any Φ_{p→v_n} from a moment to the next.
    diversity: attention diversity D of the trained model. reconstruction: mean of ½‖F_p - X_p‖² on
    masked local patches with a visible own area, F_p the attention-weighted sum of patches; blank:
    the same for F_p = 0.
    diverged: whether training met a number that is not finite; then the rest is of the last moment
    before.
    """

    objective: Objective
    diverged: bool
    step: float
    steps: int
    times: tuple[float, ...]
    loss: tuple[float, ...]
    local: Seen
    global_: Seen
    learned: tuple[float, ...]
    none_visible: float
    row_spread: float
    shift: float
    least_own_step: float
    diversity: float
    reconstruction: float
    blank: float

    @property
    def kinds(self) -> dict[str, Seen]:
        """What is seen, by kind of query."""
        return {"local": self.local, "global": self.global_}

    def half(self, kind: str) -> float | None:
        """T_½: when mean own (MAE) or global (CL) attention reaches ½; None when never."""
        seen = self.kinds[kind]
        height = seen.own_attention if self.objective == "mae" else seen.global_attention
        return _crossing(self.times, [a - 0.5 for a in height])

    def switch(self, kind: str = "local") -> float | None:
        """T_1: when Φ_n begins to grow faster than Φ_1 falls; None when it always does."""
        seen = self.kinds[kind]
        ahead = np.diff(seen.phi_own) + np.diff(seen.phi_global)
        if not len(ahead) or ahead[0] > 0:
            return None
        middle = (np.array(self.times[1:]) + np.array(self.times[:-1])) / 2
        return _crossing(middle.tolist(), ahead.tolist())


def _crossing(times: Sequence[float], height: Sequence[float]) -> float | None:
    """When `height` first is at least 0, interpolated."""
    above = [i for i, h in enumerate(height) if h >= 0]
    if not above:
        return None
    i = above[0]
    if i == 0:
        return float(times[0])
    share = -height[i - 1] / (height[i] - height[i - 1])
    return float(times[i - 1] + share * (times[i] - times[i - 1]))
