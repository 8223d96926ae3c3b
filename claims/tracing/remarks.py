"""Remarks: where a configuration lies outside of what the theorems say, and what holds there."""

from __future__ import annotations

import math
from collections.abc import Iterator

from refutable.claims.contrastive.resting_place import rests_at
from refutable.claims.mae import laws
from refutable.model.setting import KAPPA_C_RANGE, KAPPA_S_RANGE, Setting
from refutable.model.trajectory import Objective, QueryKind, Trajectory

CLOSE = 10.0
"""|Δ| log P below which neither side of 0 has taken over: up to here local.crossover is checked."""
MOST_CLUSTERS = 10**6
"""Number of clusters up to which a threshold is looked for."""


def remarks(
    setting: Setting, objective: Objective, query: QueryKind, found: Trajectory
) -> Iterator[str]:
    """What a reader must know beside the events; nothing where the theorems apply."""
    yield from _ends(setting)
    if (objective, query) == ("mae", "local"):
        yield from _crossover(setting)
    if objective == "cl" and found.done is None:
        yield from _clusters(setting)


def _ends(setting: Setting) -> Iterator[str]:
    """Exponents at which a term that predictions leave out does not vanish."""
    if setting.kappa_c == KAPPA_C_RANGE[1]:
        yield (
            "κ_c = 1 is the end of its range: the global area is a fixed share of all patches, and "
            "predictions leave out terms of the order P^-(1-κ_c), which do not vanish here"
        )
    if setting.kappa_s == KAPPA_S_RANGE[0]:
        yield (
            f"κ_s = {KAPPA_S_RANGE[0]:g} is the end of its range: local areas hardly grow, and "
            "predictions leave out terms of the order P^-κ_s"
        )


def _crossover(setting: Setting) -> Iterator[str]:
    """The law that joins both signs of the information gap, where it is close to 0."""
    distance = setting.information_gap * setting.log_P
    if abs(distance) >= CLOSE:
        return
    said = (
        f"Δ log P = {round(distance, 9) + 0.0:.3g} is of order 1: the theorems keep Δ away from 0, "
        "and what is predicted of Φ global holds on one side only"
    )
    if setting.latents.is_constant and setting.kappa_c < KAPPA_C_RANGE[1]:
        depth = -laws.depth_at_half(setting)
        said += f"; in between local.crossover has Φ global = {depth:.4g} at T½"
    yield said


def _clusters(setting: Setting) -> Iterator[str]:
    """The number of clusters from which on the collapse completes at this P."""
    if not rests_at(setting):
        return
    low, high = setting.K, 2 * setting.K
    while high <= MOST_CLUSTERS and rests_at(setting.replace(K=high)):
        low, high = high, 2 * high
    if high > MOST_CLUSTERS:
        yield f"the rate of Φ global vanishes on the way, and for every K up to {MOST_CLUSTERS:.0e}"
        return
    while high - low > 1:
        middle = math.isqrt(low * high)
        middle = middle if low < middle < high else (low + high) // 2
        low, high = (middle, high) if rests_at(setting.replace(K=middle)) else (low, middle)
    yield (
        f"K = {setting.K} is below K_c = {high} at this P (cl.cluster-threshold): the rate of "
        "Φ global vanishes before all samples have collapsed"
    )
