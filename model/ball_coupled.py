"""Two rows of Q at once, enclosed: queries of clusters that meet through the positions.

The flow is that of `reduced.reconstruction.Rows` for a local query, constant latents and local
areas of one size, written a second time. For every other cluster a key weighs e^Υ more, Υ that of
the query there for a key of the kind there; keys of one kind are given their mean. Clusters are
alike, so that two rows say it all: that of a local query, whose clock and events are those of
`ball_flow`, and that of a global one, which is carried along.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from refutable.model.ball_flow import Values, Weights, ball
from refutable.model.ball_fluctuating import FluctuatingFlow
from refutable.model.reduced.coupling import is_coupled
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Int
from refutable.model.trajectory import QueryKind

KINDS = ("global", "own", "other", "self")
"""Of keys, as a query sees them: by their area, and the query itself."""
There = tuple[QueryKind, str]
"""What a query is in another cluster, and what a key is to it."""
Overlap = Mapping[str, Mapping[There, Fraction]]
"""Of the keys of every kind in one cluster, how many are what in another one."""

OfPatches = Int[Array, "P"]


def meetings(setting: Setting) -> Iterable[tuple[OfPatches, OfPatches]]:
    """The areas of all patches in one cluster and in another, for every two of them."""
    return itertools.permutations(setting.area_of, 2)


def overlap(setting: Setting, query: QueryKind) -> Overlap:
    """Means over queries and clusters, exact: counted patch by patch.

    Areas of a kind have one size, so that means of shares are shares of sums.
    """
    numbers = np.zeros((2, len(KINDS), len(KINDS)), dtype=int)
    for here, there in meetings(setting):
        for p in np.flatnonzero((here == 0) == (query == "global")).tolist():
            pairs = np.bincount(len(KINDS) * _kinds(here, p) + _kinds(there, p), minlength=16)
            numbers[int(there[p] == 0)] += pairs.reshape(numbers[0].shape)
    places: tuple[QueryKind, QueryKind] = ("local", "global")
    found: dict[str, dict[There, Fraction]] = {}
    for i, kind in enumerate(KINDS):
        of_kind = numbers[:, i]
        found[kind] = {
            (places[place], KINDS[j]): Fraction(int(number), int(of_kind.sum()))
            for (place, j), number in np.ndenumerate(of_kind)
            if number
        }
    return found


def _kinds(areas: OfPatches, query: int) -> OfPatches:
    """Of every key. To a query of the global area that is its own, and none further is global."""
    kinds = np.where(areas == areas[query], 1, np.where(areas == 0, 0, 2))
    kinds[query] = 3
    return kinds


class Row(FluctuatingFlow):
    """The row of a query as it is met, at the position correlations that it is given."""

    def __init__(self, setting: Setting, query: QueryKind) -> None:
        super().__init__(setting, query)
        self.shares = {
            kind: {at: ball(share) for at, share in shares.items()}
            for kind, shares in overlap(setting, query).items()
        }

    def _refuse(self) -> None:
        """Nothing more: `CoupledFlow` does."""

    def more(self, there: Mapping[There, Any]) -> list[Any]:
        """What the other clusters add to Υ of all kinds of keys, from their e^Υ."""
        others = self.setting.K - 1
        means = (
            sum(share * there[at] for at, share in shares.items())
            for shares in self.shares.values()
        )
        # A global query has no keys of a further global area.
        return [others * mean.log() if not isinstance(mean, int) else 0 for mean in means]


class CoupledFlow(Row):
    """A local query's row, in whose clock σ the row of a global query follows.

    A state has Φ_n, Φ_m, Υ_n, Υ_m and Υ_p of the global query beyond that of `FluctuatingFlow`.
    Raises SettingError for global queries, clusters that do not meet, random latents, local areas
    of several sizes, and what `FluctuatingFlow` refuses.
    """

    states = 12

    def __init__(self, setting: Setting, query: QueryKind) -> None:
        if query != "local":
            raise SettingError("of clusters that meet, the flow of a local query is enclosed")
        super().__init__(setting, query)
        self.met = Row(setting, "global")

    def _refuse(self) -> None:
        setting = self.setting
        if not is_coupled(setting):
            raise SettingError("clusters that do not meet are enclosed one by one")
        if not setting.latents.is_constant:
            raise SettingError("the flow of clusters that meet is enclosed for constant latents")
        if any(size != setting.C_s for size, _ in setting.local_kinds):
            raise SettingError("the flow of clusters that meet asks for local areas of one size")

    def weights(self, phi_1: Any, phi_n: Any, state: Values) -> Weights:
        """Of the local query; `others` ends with U·α_n and the other rates of the global one."""
        _, phi_m, ups_1, ups_n, ups_m, time, ups_p, g_n, g_m, g_own, g_other, g_self = state
        there: dict[There, Any] = {
            ("local", "global"): ups_1.exp(), ("local", "own"): ups_n.exp(),
            ("local", "other"): ups_m.exp(), ("local", "self"): ups_p.exp(),
            ("global", "own"): g_own.exp(), ("global", "other"): g_other.exp(),
            ("global", "self"): g_self.exp(),
        }  # fmt: skip
        of_1, of_n, of_m, of_p = self.more(there)
        w = super().weights(
            phi_1, phi_n,
            [phi_n, phi_m, ups_1 + of_1, ups_n + of_n, ups_m + of_m, time, ups_p + of_p],
        )  # fmt: skip
        _, of_n, of_m, of_p = self.met.more(there)
        none = 0 * g_n
        g = self.met.weights(
            none, g_n, [g_n, g_m, none, g_own + of_n, g_other + of_m, time, g_self + of_p]
        )
        return dataclasses.replace(w, others=(*w.others, g.own, *g.others))

    def small(self, w: Weights, per: Any, fall: Any, rise: Any) -> list[Any]:
        """Speeds of the rest of the local query's state, and of the global query's Φ and Υ."""
        of_local, (g_own, *g_others) = w.others[:7], w.others[7:]
        g_rise = g_own * per
        to_m, _, to_n, to_other, _, to_self = self.met.small(
            dataclasses.replace(w, others=tuple(g_others)), per, arb(0), g_rise
        )
        return [
            *super().small(dataclasses.replace(w, others=of_local), per, fall, rise),
            g_rise, to_m, to_n, to_other, to_self,
        ]  # fmt: skip
