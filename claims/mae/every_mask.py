"""MAE: the laws of one query on the exact population's flow for every P, masks and all.

Sources: none; derived here (`population_for_every_size`). What `for_every_size` proves of counts at
their mean is proved of the flow of the expected gradient itself: masks are uniform among those of
their size, and nothing is averaged but by its law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import laws
from refutable.claims.mae.for_every_size import half_time_off, until_half
from refutable.claims.mae.global_population import global_population
from refutable.claims.mae.ladders import LOSS_GAP, WITH_GAP
from refutable.claims.mae.population_for_every_size import (
    CLUSTERS,
    OverMasks,
    PopulationQuery,
    population_query,
)
from refutable.claims.runs import for_every_size
from refutable.claims.runs.for_every_size import Bounds, Proof, event, left_out
from refutable.claims.runs.plants import ALPHA_GLOBAL, ALPHA_OWN, RATES, shifted, spoiled
from refutable.claims.runs.region import Region
from refutable.gap import Gap
from refutable.model import reduced
from refutable.model.setting import Setting
from refutable.model.trajectory import Trajectory
from refutable.prove.majorant import Majorant

every_mask = Claim(
    id="local.every-mask",
    title="Both phases keep their laws on the exact population, for every P from 1e12 on",
    statement=rf"""Expected gradients over all masks of $\lfloor\gamma P\rfloor$ patches, constant
        latents, $K\le{CLUSTERS}$ clusters that share a partition, other local areas of at most
        $2C_s$ patches, up to $A_n=\frac12$ in the mean: $T_1,\ \Phi_1(T_1),\ \Phi_n(T_1)$
        ($\Delta\ge0.15$), $T_{{1/2}},\ \Phi_1(T_{{1/2}}),\ \Phi_n(T_{{1/2}})$, and
        $|\alpha_1|<\alpha_n,\ \Phi_1\to0$ ($\Delta\le-0.1$) are as with counts at their mean, up
        to explicit bounds that fall with $P$; what masks add is of order $1/C_s$.""",
    measured="bounds on regions of exponents; runs of the reduced dynamics with fluctuating counts "
    "lie within",
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("grad.own", "grad.other", "grad.position", "mask.moments", "tier.reduced"),
)

FLOW = f"the flow of the exact population, K ≤ {CLUSTERS} with one partition"


def bound_of(name: str) -> Callable[[Region], Majorant]:
    """The bound of that name of `PopulationQuery`, as a function of the region."""
    return lambda region: getattr(population_query(region), name)


def to_the_loss_gap(setting: Setting) -> Trajectory:
    """The reduced run of a local query with fluctuating counts."""
    return reduced.mae(setting, "local", loss_gap=LOSS_GAP)


def switch_off(setting: Setting, run: Trajectory) -> float:
    """By how much T_1 misses its law, relative."""
    return abs(math.expm1(event(run.switch).log_t - laws.log_switch_time(setting)))


def depth_off(setting: Setting, run: Trajectory) -> float:
    """By how much Φ_1(T_1) misses its law."""
    return abs(event(run.switch).phi_global - laws.global_at_switch(setting))


def own_at_switch_off(_: Setting, run: Trajectory) -> float:
    """By how much Φ_n(T_1) misses ln(3/2)."""
    return abs(event(run.switch).phi_own - math.log(1.5))


def own_weight_off(setting: Setting, run: Trajectory) -> float:
    """By how much Φ_n + Υ_n misses log(R_0/ρ) at T_½; R_0 = 1-a-ρ."""
    shown = 1 - setting.gamma
    rho, rest = shown * setting.C_s / setting.P, 1 - shown * (setting.C_1 + setting.C_s) / setting.P
    late = min(range(len(run.log_t)), key=lambda i: abs(run.own_attention[i] - 0.5))
    at_half = event(run.half)
    # dΥ_n = KdΦ_n/(C_s - 1) from the nearest record on; the two lie a part of a step apart.
    moved = setting.K * float(at_half.phi_own - run.phi_own[late]) / (setting.C_s - 1)
    return abs(at_half.phi_own + float(run.upsilon_own[late]) + moved + math.log(rho / rest))


def crossover_off(setting: Setting, run: Trajectory) -> float:
    """By how much -2Φ_1(T_½) misses log(1 + 2a²/ρ)."""
    return abs(2 * (event(run.half).phi_global + laws.depth_at_half(setting)))


def largest_lead(_: Setting, run: Trajectory) -> float:
    """The largest |α_1|/α_n up to T_½."""
    return until_half(run, run.rate_global / run.rate_own)


def largest_move(_: Setting, run: Trajectory) -> float:
    """The largest |Φ_1| up to T_½."""
    return until_half(run, run.phi_global)


def bounds() -> tuple[Bounds, Bounds]:
    """At a positive gap, and at a negative one."""

    def proof(of: str, off: Any, name: str, allowed: float, where: dict[str, Any]) -> Proof:
        is_size = off in (largest_lead, largest_move)
        return Proof(of, off, bound_of(name), allowed, **where, is_size=is_size, flow=FLOW)

    at, below, either = for_every_size.POSITIVE, for_every_size.NEGATIVE, for_every_size.EITHER
    positive = (
        proof("|T_1·3γρ′ - 1|", switch_off, "switch_time_off", 0.2, at),
        proof("|Φ_1(T_1) - its law|", depth_off, "depth_at_switch_off", 0.2, at),
        proof("|Φ_n(T_1) - ln(3/2)|", own_at_switch_off, "own_at_switch", 0.1, at),
        proof("|T_½·γρ′ - 1|", half_time_off, "half_time_given_up", 0.1, at),
        proof("|Φ_n + Υ_n - log(R_0/ρ)|", own_weight_off, "own_weight_at_half", 0.1, at),
        proof("|-2Φ_1(T_½) - log(1 + 2a²/ρ)|", crossover_off, "crossover_off", 0.5, either),
    )
    negative = (
        proof("|T_½·γρ - 1|", half_time_off, "half_time_off", 0.1, below),
        proof("max |α_1|/α_n", largest_lead, "global_over_own", 1, below),
        proof("max |Φ_1|", largest_move, "global_moved", 1, below),
    )
    large = Setting(P=10**20, kappa_c=0.85, kappa_s=0.2)
    shared = large.replace(gamma=0.55, K=CLUSTERS, shared_partition=True)
    return (
        Bounds(positive, to_the_loss_gap, (*for_every_size.AT_POSITIVE, large, shared)),
        Bounds(negative, to_the_loss_gap, for_every_size.AT_NEGATIVE),
    )


@every_mask.leg("scaling", require=("within a bound for every P",))
def runs_lie_within(context: Context) -> Iterator[Gap | Case]:
    """Runs with fluctuating counts, which are rounded, lie within what is proved."""
    for found in bounds():
        yield from found.inside()


@every_mask.leg("enclosed")
def laws_for_every_size(context: Context) -> Iterator[Evidence]:
    """Every law within a bound that falls with P, for every P ≥ 1e12."""
    for found in bounds():
        yield found.evidence()


every_mask.mistake(PopulationQuery.spread_of_own, "the own count stands at its mean", left_out)
every_mask.mistake(OverMasks.beside_laws, "the query a key of its own area", left_out)
every_mask.mistake(laws.log_switch_time, "T_1 off by 1 %", shifted(0.01))
every_mask.mistake(laws.global_at_switch, "Φ_1(T_1) off by 0.01", shifted(0.01))
every_mask.mistake(laws.depth_at_half, "Φ_1(T_½) off by 0.001", shifted(0.001))
every_mask.mistake(RATES, "α_n off by 5 %", spoiled(ALPHA_OWN, 1.05))


def _pushed(original: Any) -> Any:
    """Rates of which α_1 is a tenth too large where the gap is negative."""
    more = spoiled(ALPHA_GLOBAL, 1.1)(original)

    def sums(setting: Setting, *details: Any) -> Any:
        return (more if setting.information_gap < 0 else original)(setting, *details)

    return sums


every_mask.mistake(RATES, "α_1 a tenth too large at a negative gap", _pushed)


of_global = Claim(
    id="global.every-mask",
    title="A global query keeps its laws on the exact population, for every P from 1e12 on",
    statement=rf"""Expected gradients over all masks of $\lfloor\gamma P\rfloor$ patches, constant
        latents, $K\le{CLUSTERS}$ clusters that share a partition, local areas of at most $2C_s$
        patches, $A_1=\frac12$ in the mean, either sign of $\Delta$:
        $T_{{1/2}}\cdot\gamma a z^4/K\to1$ and $z\Phi_1(T_{{1/2}})+\log\frac a{{1-a}}\to0$,
        $a=(1-\gamma)C_1/P$, up to explicit bounds that fall with $P$.""",
    measured="bounds on a region of exponents; runs of the reduced dynamics with fluctuating "
    "counts lie within",
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("grad.own", "grad.other", "grad.position", "mask.moments", "tier.reduced"),
)


def log_odds_at_start(setting: Setting) -> float:
    """Log of a/(1-a), a = (1-γ)C_1/P."""
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    return math.log(a) - math.log1p(-a)


def global_time_off(setting: Setting, run: Trajectory) -> float:
    """By how much T_½ misses K/(γa), relative."""
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    return abs(math.expm1(event(run.half).log_t + math.log(setting.gamma * a / setting.K)))


def global_own_off(setting: Setting, run: Trajectory) -> float:
    """By how much Φ_1 misses the log of (1-a)/a at T_½."""
    return abs(event(run.half).phi_own + log_odds_at_start(setting))


def global_bounds() -> Bounds:
    """T_½ and Φ_1 there, and what bounds them."""

    def proof(of: str, off: Any, name: str, allowed: float) -> Proof:
        def bound(region: Region) -> Majorant:
            return getattr(global_population(region), name)

        return Proof(of, off, bound, allowed, **for_every_size.BOTH, flow=FLOW)

    proofs = (
        proof("|T_½·γa - 1|", global_time_off, "plain_half_time", 1),
        proof("|Φ_1 - log((1-a)/a)|", global_own_off, "own_at_half", 0.01),
    )
    shared = Setting(P=10**10, kappa_c=0.7, kappa_s=0.4, K=CLUSTERS, shared_partition=True)
    at = (*for_every_size.AT_POSITIVE, *for_every_size.AT_NEGATIVE, shared)
    return Bounds(proofs, lambda s: reduced.mae(s, "global", loss_gap=LOSS_GAP), at)


@of_global.leg("scaling", require=("within a bound for every P",))
def global_runs_lie_within(context: Context) -> Iterator[Gap | Case]:
    """Runs with fluctuating counts, which are rounded, lie within what is proved."""
    yield from global_bounds().inside()


@of_global.leg("enclosed")
def global_laws_for_every_size(context: Context) -> Evidence:
    """T_½ and Φ_1 there within bounds that fall with P, for every P ≥ 1e12."""
    return global_bounds().evidence()


of_global.mistake(log_odds_at_start, "off by 0.1 %", shifted(0.001))
of_global.mistake(RATES, "α_1 off by 5 %", spoiled(ALPHA_OWN, 1.05))

CLAIMS = (every_mask, of_global)
