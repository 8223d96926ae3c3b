"""MAE at given P with fluctuating mask counts: the flow that trained models follow, enclosed.

Sources: none; derived here. `model.ball_fluctuating` encloses the reduced flow in which every count
of the own area has its exact probability; `enclosed_flow` has the one with counts at their mean.
What fluctuations add to an event is the difference of two balls. Clusters whose partitions differ
meet through the positions: `model.ball_coupled` encloses a local and a global query's row together.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from flint import arb

from refutable.certificate import Certificate
from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import counts_script, coupled_script, enclosed_flow
from refutable.claims.mae.enclosed_flow import (
    Found,
    between,
    floats_off,
    spoiled,
    spoiled_other,
    where_decided,
)
from refutable.claims.mae.ladders import DYNAMICS, LOSS_GAP
from refutable.claims.runs import plants
from refutable.claims.runs.latex import scientific
from refutable.claims.runs.regimes import sign_of
from refutable.gap import at_most
from refutable.model import ball_coupled, ball_events, ball_fluctuating, reduced
from refutable.model.ball_coupled import CoupledFlow, Row
from refutable.model.ball_events import EVENTS, Enclosure, Moment, ends
from refutable.model.ball_flow import NotEnclosedError
from refutable.model.ball_fluctuating import FluctuatingFlow
from refutable.model.reduced import counts, coupling
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind
from refutable.prove.balls import ball, precise
from refutable.reuse import shared


class Rung(NamedTuple):
    """A setting, the query that is followed, and the loss gap to which it is."""

    setting: Setting
    query: QueryKind = "local"
    loss_gap: float = LOSS_GAP

    def __str__(self) -> str:
        """What tells it from others."""
        at = self.setting
        clusters = f"K = {at.K}, {at.placement} areas, " if self.meet else ""
        areas = f"C_1 = {at.C_1:.3g}, C_s = {at.C_s}"
        return f"{clusters}{areas}, {enclosed_flow.name_of(at, self.query)}"

    @property
    def meet(self) -> bool:
        """Whether clusters meet through the positions."""
        return coupling.is_coupled(self.setting)

    @property
    def regimes(self) -> tuple[str, ...]:
        """What a case of it counts for."""
        at = self.setting
        clusters = (f"K = {at.K}, clusters that meet", f"{at.placement} areas")
        return (sign_of(at), f"{self.query} query", *(clusters if self.meet else ()))


AT_1E12 = Setting(P=10**12, kappa_c=0.9, kappa_s=0.001, c_1=2.0)
FOUR = Rung(AT_1E12.replace(c_s=4 / AT_1E12.P**0.001))
THREE = Rung(
    AT_1E12.replace(c_s=3 / AT_1E12.P**0.001, gamma=0.25, latents=Latents.constant(1.5), K=3)
)
"""Few patches in a local area, P so large that nothing else is small: √ρ is 1e-6."""
NEGATIVE = Rung(Setting(P=10**8, kappa_c=0.55, kappa_s=0.3, c_1=0.05, c_s=4 / 10**2.4))
"""C_1²/(PC_s) = 1/250."""
GLOBAL = Rung(Setting.of_sizes(24, 3, 3, kappa_c=0.5005, kappa_s=0.3), "global", 0.02)
PAIR = Rung(Setting.of_sizes(16, 4, 3, kappa_c=0.5005, kappa_s=0.3, K=2), "local", 0.02)
TRIPLE = Rung(
    Setting.of_sizes(24, 6, 3, kappa_c=0.5005, kappa_s=0.3, K=3, placement="random"), "local", 0.02
)
PUSHED = Rung(
    Setting.of_sizes(40, 19, 3, kappa_c=0.9, kappa_s=0.3, K=2, placement="random"), "local", 0.02
)
LARGER = Rung(Setting.of_sizes(64, 16, 4, kappa_c=0.5005, kappa_s=0.3, K=3), "local", 0.02)
THOUSAND = Rung(Setting.of_sizes(1000, 40, 3, kappa_c=0.5005, kappa_s=0.3, K=3), "local", 0.01)
"""Clusters that meet; in PUSHED the global feature leads at first."""
MOST_CHECKED = 30
"""Patches in the global area, up to which clusters that meet have a file: `claims-recheck` takes
20 seconds for 20 of them, and more than its two minutes for 40."""


@shared.run_once
def enclosed(rung: Rung) -> Enclosure:
    """The fluctuating flow from Q = 0 to the loss gap, decided."""
    gap, kind = Fraction(repr(rung.loss_gap)), CoupledFlow if rung.meet else FluctuatingFlow
    try:
        return ball_events.enclose(rung.setting, rung.query, gap, kind)
    except NotEnclosedError as problem:
        raise NotEnclosedError(f"{rung}: {problem}") from problem


def log_time(rung: Rung, found: Moment) -> arb:
    """Log t of an event; queries are masked with probability M/P."""
    at = rung.setting
    # With counts at their mean it is in units of the smallest latent, here of the largest.
    masked = ball(at.gamma) * at.P / at.M * (ball(at.latents.L) / ball(at.latents.U)) ** 4
    return enclosed_flow.log_time(at, rung.query, found) + masked.log()


def scope(rungs: Sequence[Rung]) -> Evidence:
    """What is covered, in words."""
    where = "; ".join(map(str, rungs))
    return Evidence(gaps=(), cases=0, scope=f"the reduced flow with fluctuating counts: {where}")


# ---------------------------------------------------------------- what fluctuations add, in balls


@dataclass(frozen=True)
class Shift:
    """The same event with fluctuating counts and with counts at their mean."""

    rung: Rung
    fluctuating: Moment
    mean: Moment

    @property
    def log_time(self) -> arb:
        """What is added to log t."""
        theirs = enclosed_flow.log_time(self.rung.setting, "local", self.mean)
        return log_time(self.rung, self.fluctuating) - theirs

    @property
    def phi_global(self) -> arb:
        """What is added to zΦ_1."""
        return between(self.fluctuating.phi_global) - between(self.mean.phi_global)

    @property
    def log_own_weight(self) -> arb:
        """What is added to zΦ_n + Υ_n: log of the weight of a visible key of the own area."""
        ours, theirs = (
            between(at.phi_own) + between(at.upsilon_own) for at in (self.fluctuating, self.mean)
        )
        return ours - theirs


def certificate(rung: Rung) -> Certificate:
    """How the flow of a rung was enclosed, with a file that holds its path."""
    gap, found = Fraction(repr(rung.loss_gap)), enclosed(rung)
    if rung.meet:
        proof = coupled_script.certificate(rung.setting, gap, found)
        return proof if rung.setting.C_1 <= MOST_CHECKED else dataclasses.replace(proof, scripts=())
    return counts_script.certificate(rung.setting, rung.query, gap, found)


def shifts(rung: Rung) -> dict[str, Shift]:
    """Of every event that comes in both flows of a local query, by name."""
    ours, theirs = enclosed(rung), enclosed_flow.enclosed(rung.setting, "local")
    pairs = {name: (getattr(ours, name), getattr(theirs, name)) for name in EVENTS}
    return {
        name: Shift(rung, our, their)
        for name, (our, their) in pairs.items()
        if our is not None and their is not None
    }


@dataclass(frozen=True)
class FirstOrder:
    """A law in 1/C_s of what fluctuations add at events, and what stands over C_s next at most."""

    of: str
    events: tuple[str, ...]
    added: Callable[[Shift], arb]
    law: Callable[[Setting], float]
    next_order: Callable[[Setting], float]
    why: str

    @where_decided
    def at_rungs(self, rungs: Sequence[Rung]) -> Iterator[Found]:
        """C_s times what is added is within next_order/C_s of the law, decided."""
        yield scope(rungs)
        for rung in rungs:
            at, found = rung.setting, shifts(rung)
            yield Case((sign_of(at),))
            for event in (name for name in self.events if name in found):
                with precise():
                    off = ends(abs(at.C_s * self.added(found[event]) - ball(self.law(at))))[1]
                yield at_most(
                    f"C_s·{self.of} at {EVENTS[event]} off its law, {rung}",
                    off,
                    Fraction(self.next_order(at)) / at.C_s,
                    0,
                    self.why,
                    certificate=certificate(rung),
                )


# ------------------------------------------------------------- floats, held to what is decided

counted = Claim(
    id="tier.enclosed-counts",
    title="Fluctuating counts: the reduced dynamics are integrated as exactly as taken for granted",
    statement=rf"""Mask counts by their law: $\log T_1,\ \log T_{{1/2}},\ \log T^*$,
        $z\Phi_{{p\to v_n}}$ and $z\Phi_{{p\to v_1}}$ there
        are known to ${scientific(enclosed_flow.INTEGRATED)}$ by the reduced dynamics, for local
        areas of few patches and for a global query, and where clusters meet through the positions
        that they share.""",
    measured="floats against balls in which the exact flow was enclosed: all counts of the own "
    "area, the global count at two values with its mean and variance; for K > 1 up to P = 1e4 a "
    "local and a global query's row at once, with the exact mean overlap of areas",
    provenance=Provenance.DERIVED,
    assumptions=DYNAMICS,
    rests_on=("tier.reduced", "tier.enclosure"),
)


@counted.leg("enclosed")
@where_decided
def floats_against_balls(context: Context) -> Iterator[Found]:
    """Every event of every rung: when it comes, and Φ_n and Φ_1 there."""
    full = (GLOBAL, PAIR, TRIPLE, FOUR, THREE, NEGATIVE)
    rungs = context.at(quick=(GLOBAL, PAIR), full=full, deep=(*full, PUSHED, LARGER, THOUSAND))
    yield scope(rungs)
    for rung in rungs:
        yield Case(rung.regimes)
        exact = enclosed(rung)
        run = reduced.mae(rung.setting, rung.query, loss_gap=rung.loss_gap)
        yield from floats_off(
            str(rung),
            ball(rung.setting.latents.U),
            exact,
            run,
            functools.partial(log_time, rung),
            certificate(rung),
        )


counted.mistake(FluctuatingFlow.weights, "α_n off by 1e-6", spoiled("own", 1 + 1e-6))
counted.mistake(FluctuatingFlow.weights, "A_n off by 1e-6", spoiled("W_n", 1 + 1e-6))
counted.mistake(FluctuatingFlow.weights, "the loss off by 1e-6", spoiled("missing", 1 + 1e-6))
counted.mistake(FluctuatingFlow.weights, "masked own keys off by 1e-4", spoiled_other(2, 1 + 1e-4))
counted.mistake(
    ball_fluctuating.areas_around,
    "the query counted among the keys of its area",
    lambda right: lambda *given: (at := right(*given))._replace(own=at.own + 1),
)
counted.mistake(reduced.mae, "T_½ 4e-8 late", plants.late("half", 4e-8))
counted.mistake(counts.own_counts, "floats with the own area at its mean", plants.at_its_mean)

counted.mistake(
    ball_coupled.meetings,
    "a cluster meets itself as well",
    lambda _: lambda at: itertools.product(at.area_of, repeat=2),
)
counted.mistake(
    Row.more,
    "every key weighs e^Υ more K times, not K - 1",
    lambda right: (
        lambda self, there: [x * self.setting.K / (self.setting.K - 1) for x in right(self, there)]
    ),
)
counted.mistake(
    Row.more,
    "Υ_p of the other cluster left out",
    lambda right: lambda self, there: [*right(self, there)[:-1], 0],
)
counted.mistake(
    CoupledFlow.small,
    "the global query's Υ of another area off by a part in 1e3",
    lambda right: (
        lambda *given: [x * arb("1.001") if i == 9 else x for i, x in enumerate(right(*given))]
    ),
)
counted.mistake(
    coupling.overlap,
    "floats whose query is as often global there as local",
    lambda right: lambda *given: (at := right(*given))._replace(query=at.query[::-1]),
)

CLAIMS = (counted,)
