"""Expected: what the queries of a small trained model do by the reduced dynamics of its setting.

A model is seen in the mean over its queries, whose own areas may differ in size and of which those
count that have a visible patch in theirs; so are the reduced trajectories of all sizes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refutable.claims.runs import finite_size, masked
from refutable.model import enumeration
from refutable.model.data import Floats
from refutable.model.reduced import coupling
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Trajectory

SMALLEST = 1e-9
"""Of what is divided by: a room without bound is as good as one of 1e9."""


@dataclass(frozen=True)
class Expected:
    """Queries of one kind, to a loss gap."""

    setting: Setting
    query: QueryKind
    loss_gap: float

    @functools.cached_property
    def patches(self) -> dict[int, int]:
        """How many patches of the kind lie in areas of which size."""
        if self.query == "global":
            return {self.setting.C_1: self.setting.C_1}
        sizes = self.setting.area_sizes[1:].tolist()
        return {size: size * sizes.count(size) for size in sorted(set(sizes))}

    @property
    def usual(self) -> Trajectory:
        """Of a query in an area of C_s patches, or in the global one."""
        return self._path(self.setting.C_s if self.query == "local" else self.setting.C_1)

    @functools.cached_property
    def log_t(self) -> Floats:
        """The moments of all trajectories together."""
        return np.unique(np.concatenate([self._path(size).log_t for size in self.patches]))

    def _path(self, size: int) -> Trajectory:
        return _path(self.setting, self.query, self.loss_gap, size)

    def _series(self, size: int, name: str) -> Floats:
        path = self._path(size)
        return np.interp(self.log_t, path.log_t, getattr(path, name))

    def mean(self, name: str) -> Floats:
        """A series over all patches."""
        sizes, numbers = zip(*self.patches.items(), strict=True)
        return np.average([self._series(size, name) for size in sizes], axis=0, weights=numbers)

    def at(self, name: str, log_t: float) -> float:
        """A series over all patches at a moment."""
        return float(np.interp(log_t, self.log_t, self.mean(name)))

    @functools.cached_property
    def own_attention(self) -> Floats:
        """Mean over queries with a visible patch in their own area."""
        asked = sum(
            n * (1 - float(enumeration.empty_own(self.setting, size)))
            for size, n in self.patches.items()
        )
        return self.mean("own_attention") * sum(self.patches.values()) / asked

    @functools.cached_property
    def half(self) -> float | None:
        """Log T_½, when own attention reaches ½: -inf when so at the start, None when never."""
        A = np.clip(self.own_attention, None, 1 - 1e-12)
        after = int(np.argmax(A >= 0.5))
        if A[after] < 0.5:
            return None
        if after == 0:
            return -math.inf
        # Log-odds are nearly straight in log t.
        odds = np.log(A / (1 - A))[after - 1 : after + 1]
        return float(np.interp(0.0, odds, self.log_t[after - 1 : after + 1]))

    def moved(self, name: str, log_t: float) -> float:
        """What the mean of a correlation may be off by at a moment, for where clusters' areas lie.

        Own keys weigh more in other clusters for some patches than for others, of which the reduced
        dynamics know the mean: of second order, δ(1/z + dΦ/d log t) by `runs.finite_size`.
        """
        return self._of_sizes(log_t, lambda size: 1 / self._z + self._slope(size, name, log_t))

    def late(self, log_t: float) -> float:
        """What log T_½ may be off by for that: δ(1 + 1/(z·dΦ_n/d log t))."""
        return self._of_sizes(
            log_t, lambda size: 1 + 1 / (self._z * self._slope(size, "phi_own", log_t))
        )

    @property
    def _z(self) -> float:
        return max(self.setting.latents.L, SMALLEST)

    def _slope(self, size: int, name: str, log_t: float) -> float:
        path = self._path(size)
        slopes = np.abs(np.gradient(getattr(path, name), path.log_t))
        return max(float(np.interp(log_t, path.log_t, slopes)), SMALLEST)

    def _of_sizes(self, log_t: float, of_size: Callable[[int], float]) -> float:
        """Mean over patches of a factor of δ = log E e^Y - E Y, Y what own keys weigh elsewhere."""
        met = self._met(log_t)
        found = 0.0
        for size, n in self.patches.items():
            Y = np.array(finite_size.in_other_clusters(self.setting, self.query, size, met))
            found += n * float(np.log(np.exp(Y).mean()) - Y.mean()) * of_size(size)
        return found / sum(self.patches.values())

    def _met(self, log_t: float) -> finite_size.Elsewhere:
        """Υ of the queries as which these are met in other clusters, on own and on global keys."""

        def upsilon(query: QueryKind, size: int) -> tuple[float, float]:
            path = _path(self.setting, query, self.loss_gap, size)
            own, on_global = (
                float(np.interp(log_t, path.log_t, series))
                for series in (path.upsilon_own, path.upsilon_global)
            )
            return own, on_global

        return tuple(upsilon(*met) for met in coupling.met_as(self.setting))


def _path(setting: Setting, query: QueryKind, loss_gap: float, size: int) -> Trajectory:
    """The reduced trajectory, asked for in one way, so that it is followed once."""
    usual = query == "global" or size == setting.C_s
    return masked.reduced_mae(setting, query, loss_gap, *([] if usual else [size]))
