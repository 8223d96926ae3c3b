"""MAE on ladders of P up to 1e100: the settings, their reduced runs, and what is read from them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from refutable import scaling
from refutable.claim import Case, Context
from refutable.claims.runs import next_order as orders
from refutable.claims.runs.next_order import INTEGRATION
from refutable.gap import Gap, equal
from refutable.model import reduced
from refutable.model.setting import Latents, Setting, SettingError, power_of_ten
from refutable.model.trajectory import QueryKind, Series, Trajectory
from refutable.reuse import shared

DYNAMICS = (
    "orthonormal features",
    "orthonormal positions",
    "exact features",
    "constant-in-area latent",
    "latents bounded away from 0",
    "zero initialisation",
    "fixed identity value matrix",
    "uniform masking",
    "size separation κ_c > κ_s",
    "population gradient",
    "plain gradient descent",
    "small step",
    "one head, one layer",
)
"""What the reduced dynamics assume (theory section 4)."""
WITH_GAP = (*DYNAMICS, "gap bounded away from 0")

LOSS_GAP = 1e-3
"""The loss gap ε at which training stops; far below the initial loss in every setting used."""
LATE = 20
"""Late ladders stop when the tail K/(4z²ε) is this many times T_½: both then show in T*."""


def top_of(
    kappa_c: float, kappa_s: float, latents: Latents | float = 1.0, **others: object
) -> Setting:
    """A setting at P = 1e100, the top of a ladder; latents: their law, or the constant."""
    law = latents if isinstance(latents, Latents) else Latents.constant(latents)
    details = {"P": 10**100, "latents": law, **others}
    return Setting(kappa_c=kappa_c, kappa_s=kappa_s, **details)  # type: ignore[arg-type]


POSITIVE = (
    top_of(0.9, 0.3),
    top_of(0.75, 0.2, 1.5, gamma=0.75, K=3, c_1=2.0, c_s=0.5),
    top_of(0.85, 0.5, 0.7, gamma=0.25, K=10),
)
"""Positive gaps 0.5, 0.3, 0.2; the top of each ladder."""
GLOBAL_SHARE = top_of(1.0, 0.2, gamma=0.6, K=2, c_1=0.5)
"""κ_c = 1: the global area holds half of all patches, whatever P is."""
RANDOM = top_of(0.9, 0.2, Latents.two_point(1.0, 1.5), K=2)
"""Random latents."""
NEGATIVE = (
    top_of(0.6, 0.4),
    top_of(0.65, 0.45, 1.5, gamma=0.75, K=3, c_1=2.0, c_s=0.5),
    top_of(0.55, 0.3, 0.7, gamma=0.25, K=10),
)
"""Negative gaps -0.2, -0.15, -0.2."""


# --------------------------------------------------------------------------------------- ladders


@shared.run_once
def trajectories(
    top: Setting, query: QueryKind, tens: tuple[float, ...], late: bool
) -> tuple[Trajectory, ...]:
    """One trajectory for each P = 10^ten, down to LOSS_GAP, or to `late_loss_gap` when late."""
    runs = []
    for ten in tens:
        setting = top.replace(P=power_of_ten(ten))
        loss_gap = late_loss_gap(setting, query) if late else LOSS_GAP
        runs.append(reduced.mae(setting, query, loss_gap=loss_gap))
    return tuple(runs)


def where_possible(
    run: Callable[[float], Trajectory], tens: Iterable[float]
) -> tuple[Trajectory, ...]:
    """The runs at P = 10^ten, without the P that are too small for the setting or the loss gap."""
    found = []
    for ten in tens:
        with contextlib.suppress(SettingError):
            found.append(run(ten))
    return tuple(found)


def late_loss_gap(setting: Setting, query: QueryKind) -> float:
    """The ε at which the tail K/(4z²ε) of the time is LATE times the leading order of T_½."""
    C_n, z = (setting.C_s if query == "local" else setting.C_1), setting.latents.L
    return setting.gamma * (1 - setting.gamma) * (C_n / setting.P) * z**2 / (4 * LATE)


@dataclass(frozen=True)
class Ladder:
    """Trajectories of one setting at increasing P; measurements are taken at every rung.

    low: how many of the first runs are at a P so small that the laws need not have set in: they
    show from where on the laws are met, and are not judged.
    """

    top: Setting
    runs: tuple[Trajectory, ...]
    low: int = 0

    @property
    def judged(self) -> Ladder:
        """The ladder without its low rungs."""
        return Ladder(self.top, self.runs[self.low :])

    @property
    def name(self) -> str:
        """What tells this ladder from the others."""
        top = self.top
        z = ",".join(f"{value:g}" for value in top.latents.values)
        return f"κ=({top.kappa_c:g}, {top.kappa_s:g}) z={z} K={top.K} γ={top.gamma:g}"

    @property
    def case(self) -> Case:
        """The regimes that this ladder counts for."""
        regimes = {
            "Δ > 0": self.top.information_gap > 0,
            "Δ < 0": self.top.information_gap < 0,
            "random latents": not self.top.latents.is_constant,
            "K > 1": self.top.K > 1,
            "z ≠ 1": self.top.latents.values != (1.0,),
            "γ ≠ ½": self.top.gamma != 0.5,
            "τ ≠ 1": self.top.contrastive.tau != 1,
            "κ_c = 1": self.top.kappa_c == 1,
        }
        return Case(tuple(name for name, counts in regimes.items() if counts), self.name)

    @property
    def rungs(self) -> tuple[Setting, ...]:
        """The setting at every rung."""
        return tuple(run.setting for run in self.runs)

    @property
    def log_P(self) -> list[float]:
        """Logarithm of P at every rung."""
        return [rung.log_P for rung in self.rungs]

    @property
    def z(self) -> float:
        """The smallest latent, which is the latent when it is constant."""
        return self.top.latents.L

    def event(
        self,
        event: Literal["switch", "half", "done"],
        what: Literal["log_t", "phi_global", "phi_own"],
    ) -> Series:
        """Log t or a correlation at an event on every rung; NaN where the event never came."""
        found = [getattr(run, event) for run in self.runs]
        return np.array([math.nan if moment is None else getattr(moment, what) for moment in found])

    def largest(self, series: str) -> Series:
        """Largest modulus over time of a correlation, on every rung."""
        return np.array([np.abs(getattr(run, series)).max() for run in self.runs])

    def final(self, series: str) -> Series:
        """The last value of a series, on every rung."""
        return np.array([getattr(run, series)[-1] for run in self.runs])

    def predicted(self, formula: Callable[[Setting], float]) -> Series:
        """A prediction at every rung; NaN on a low rung where it has none."""

        def at(rung: Setting) -> float:
            try:
                return formula(rung)
            except (ValueError, OverflowError):
                return math.nan

        low, judged = self.rungs[: self.low], self.rungs[self.low :]
        return np.array([*map(at, low), *map(formula, judged)])

    def power(
        self, name: str, log_y: Series, exponent: float, *, log_power: float = 0
    ) -> Iterator[Gap]:
        """The measured y is P^exponent (log P)^log_power; an event that never came fails it."""
        name = f"{name}, {self.name}"
        log_P, judged, below = self._split(log_y)
        if not np.isfinite(judged).all():
            yield equal(name, math.nan, exponent, 0, "reached at every rung of the ladder")
            return
        yield from scaling.power_law(
            name, log_P, judged, exponent, log_power=log_power, below=below, x_label="log P"
        )

    def limit(self, name: str, values: Series, predicted: float) -> Iterator[Gap]:
        """The values tend to the predicted one, with an error of the next order in P."""
        log_P, judged, below = self._split(values)
        tolerance, why = self.left_at_the_top(np.array(judged) - predicted)
        yield from scaling.limit(
            f"{name}, {self.name}",
            log_P,
            judged,
            predicted,
            tolerance=tolerance,
            why=why,
            below=below,
            x_label="log P",
        )

    def left_at_the_top(self, errors: Series) -> tuple[float, str]:
        """What errors of the judged rungs leave a law to be off by at the top, and why."""
        order = next_order(self.top, self.runs[0].query)
        return orders.at_the_top(self.log_P[self.low :], errors.tolist(), order, INTEGRATION)

    def _split(self, values: Series) -> tuple[list[float], list[float], scaling.Rungs]:
        """Log P and values of the judged rungs, and those of the low ones."""
        log_P, found = self.log_P, values.tolist()
        return log_P[self.low :], found[self.low :], (log_P[: self.low], found[: self.low])


def next_order(setting: Setting, query: QueryKind = "local", *, late: bool = True) -> float:
    """The power of P in the leading corrections to the laws below; logarithms go with it.

    Local: P^-κ_s from Υ on the own area, P^-|Δ| from the smaller of two rates, P^-(1-κ_s)/2 and
    P^-(κ_c-κ_s) from products A_1A_n beside A_1² or A_n, P^-(1-κ_c) from A_1 beside 1. Global:
    P^-κ_c from Υ, P^-(κ_c-κ_s) from one local area, P^-(1-κ_c) from a beside 1; its root
    where late, from √ε beside 1, ε of the order of a. For κ_c = 1 nothing is expanded in P^(κ_c-1).
    """
    powers = [setting.kappa_c - setting.kappa_s]
    if query == "local":
        powers += [setting.kappa_s, abs(setting.information_gap), (1 - setting.kappa_s) / 2]
        powers += [1 - setting.kappa_c]
    else:
        powers += [setting.kappa_c, (1 - setting.kappa_c) / (2 if late else 1)]
    if not setting.latents.is_constant:
        powers += [spread_order(setting, query)]
    return -min(power for power in powers if power > 0)


def at_the_top(top: Setting, query: QueryKind = "local", runs: int = 1) -> tuple[float, str]:
    """What a law may be off by at P = 1e100 alone, at a fixed loss gap, and why.

    runs: how many it is read from. ValueError for a setting whose next order is not negligible.
    """
    return orders.nothing(next_order(top, query, late=False), top.log_P, runs)


def spread_order(setting: Setting, query: QueryKind) -> float:
    """The power of 1/P in what random latents add to the time of the first growth.

    Later on the weakest drive is ρ^{2(U-L)/(L+2U)}, beside ρ at first (local.spread-latents).
    """
    L, U = setting.latents.L, setting.latents.U
    kappa = setting.kappa_s if query == "local" else setting.kappa_c
    return (1 - kappa) * 3 * L / (L + 2 * U)


def tens(context: Context) -> tuple[float, ...]:
    """The powers of ten on a ladder: from 1e20, where P^-0.1 is a hundredth, to 1e100."""
    return scaling.rungs(20, 100, context.at(quick=6, full=13, deep=41))


def low_tens(context: Context) -> tuple[int, ...]:
    """Powers of ten below the ladder, where its laws set in."""
    return context.at(quick=(), full=(2, 3, 4, 5, 6, 8, 11, 15))


def ladders(
    context: Context, tops: Sequence[Setting], query: QueryKind = "local", *, late: bool = False
) -> Iterator[Ladder]:
    """The ladder of every setting."""
    return ladders_at(tops, query, tens(context), low_tens(context), late=late)


def ladders_at(
    tops: Sequence[Setting],
    query: QueryKind,
    judged: tuple[float, ...],
    low: tuple[float, ...],
    *,
    late: bool = False,
) -> Iterator[Ladder]:
    """The ladder of every setting at these powers of ten: those that are judged, and low ones."""
    for top in tops:

        def run(ten: float, top: Setting = top) -> Trajectory:
            return trajectories(top, query, (ten,), late)[0]

        below = where_possible(run, low)
        yield Ladder(top, (*below, *trajectories(top, query, judged, late)), len(below))


PATH = "at the event on every rung; an asymptotic constant by its value at P = 1e100"
REDUCED = ("grad.lumping", "tier.reduced")
