"""MAE, a query in a local area at a positive information gap: two phases.

Sources: the phases of Theorem 4.2 (theory 3.5). Everything is measured on the reduced dynamics;
symbols as in refutable.claims.mae.laws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import sympy as sp
from flint import arb

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae import enclosed_flow, laws, limit_systems
from refutable.claims.mae.enclosed_flow import Found, missed
from refutable.claims.mae.for_every_size import (
    LocalQuery,
    bound_of,
    half_time_off,
    to_the_loss_gap,
)
from refutable.claims.mae.ladders import (
    GLOBAL_SHARE,
    PATH,
    POSITIVE,
    RANDOM,
    REDUCED,
    WITH_GAP,
    ladders,
)
from refutable.claims.mae.local_measured import own_at_half
from refutable.claims.runs import for_every_size, limiting
from refutable.claims.runs.for_every_size import Bounds, Proof, event, left_out
from refutable.claims.runs.limiting import Step
from refutable.claims.runs.next_order import INTEGRATION
from refutable.claims.runs.plants import (
    ALPHA_GLOBAL,
    ALPHA_OWN,
    RATES,
    half_at,
    scaled,
    shifted,
    spoiled,
)
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import ball_events, ball_flow, reduced
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import Trajectory
from refutable.prove import symbolic

PHASES = 3
"""T_½/T_1 for constant latents."""


phase1_monotone = Claim(
    id="local+.phase1-monotone",
    title="Phase I: the global correlation falls while the own one waits",
    statement=r"""$\Delta\ge\Omega(1)$, $t<T_1$: $\Phi_{p\to v_1}$ strictly decreases,
        $|\alpha_1|>\alpha_n$ and $\Phi_{p\to v_n}\le\ln(3/2)/z+o(1)$ (constant latents).""",
    measured="at every recorded time before T_1, on every rung",
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.2",
    assumptions=WITH_GAP,
    rests_on=("sign.own", "sign.global", "init.gap-decides", *REDUCED),
)


@phase1_monotone.leg("scaling", require=("random latents", "K > 1"))
def first_phase_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Falls of Φ_1, the lead of |α_1| and the largest Φ_n before T_1."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        falls, times, leads, judged = 0, 0, [], ladder.judged
        for run, log_T in zip(judged.runs, judged.event("switch", "log_t"), strict=True):
            early = ~(run.log_t >= log_T)  # all of it when T_1 never came
            for moves in (np.diff(run.phi_global[early]), run.rate_global[early]):
                falls, times = falls + int((moves < 0).sum()), times + len(moves)
            ratio = np.abs(run.rate_global[early]) / run.rate_own[early]
            leads.append(float(np.log(ratio).min()))
        yield identical(f"times at which Φ_1 falls, {ladder.name}", falls, times, "every time")
        why = f"|α_1| = α_n at T_1, which is located to {INTEGRATION:g}"
        yield at_least(f"log |α_1|/α_n, {ladder.name}", min(leads), 0, INTEGRATION, why)
        # Φ_n never falls (sign.own), so that it is largest at T_1.
        found, bound = judged.event("switch", "phi_own"), laws.own_at_switch(ladder.top.latents)
        delay, why = ladder.left_at_the_top(found - bound)
        yield at_most(f"Φ_n(T_1), {ladder.name}", float(found[-1]), bound, delay, why)


@phase1_monotone.leg("enclosed")
@enclosed_flow.where_decided
def first_phase_enclosed(context: Context) -> Iterator[Found]:
    """On every step before T_1 Φ_1 falls and |α_1| > α_n; T_1 is one; Φ_n there."""
    yield enclosed_flow.scope(context)
    for _, rung, found in enclosed_flow.rungs(context, "local", 1):
        yield enclosed_flow.case_of(rung)
        name = enclosed_flow.name_of(rung, "local")
        why = "the sign on every whole step; |α_1| - α_n is positive until it falls through 0"
        proof = enclosed_flow.certificate(rung, "local", found)
        pushed = f"α_1 < 0 until T_1, {name}"
        yield identical(pushed, found.pushed, True, why, certificate=proof)
        yield identical(f"T_1 comes, {name}", found.switch is not None, True, why)
        if found.switch is not None:
            late = 10 * enclosed_flow.Shares.of(rung).rho.sqrt()
            bound = ball_events.ends(arb("1.5").log() + late)[0]
            why = "ln(3/2) + 10√ρ: only the product A_1A_n beside A_1² delays T_1"
            yield at_most(f"zΦ_n(T_1), {name}", found.switch.phi_own[1], bound, 0, why)


phase1_monotone.mistake(
    ball_flow.Flow.weights, "α_1 a twentieth of its size", enclosed_flow.spoiled("pushed", 0.05)
)
phase1_monotone.mistake(laws.own_at_switch, "bound less a part in 1e5", scaled(1 - 1e-5))
phase1_monotone.mistake(RATES, "α_1 with the wrong sign", spoiled(ALPHA_GLOBAL, -1))


phase1_length = Claim(
    id="local+.phase1-length",
    title="Phase I lasts a third of the time to one half",
    statement=r"""$\Delta\ge\Omega(1)$: $|\alpha_1|=\alpha_n$ first at $T_1=\Theta(P^{1-\kappa_s})$;
        for constant latents $T_1\cdot3\gamma\rho' z^4/K\to1$, $\rho'=\rho/(1-(1-\gamma)C_1/P)$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-monotone", "lemma5.1.own", "lemma5.1.global", *REDUCED),
)


@phase1_length.leg("symbolic", expects="v starts at 0")
def switch_time_of_the_limit(context: Context) -> Iterator[Step]:
    """From the exact rates to w = 1-s, v = 2s, in which |α_1| = α_n at s = 1/3."""
    yield limiting.limiting()
    yield from limit_systems.positive_gap()
    yield from limit_systems.solved()
    at = limiting.AS_CLAIMED
    yield symbolic.identity("T_1·3γρ′z⁴/K", 3 * limit_systems.switch(), sp.S.One, at)


def switch_time_bounds() -> Bounds:
    """T_1 off its law, and what bounds it."""

    def off(setting: Setting, run: Trajectory) -> float:
        return abs(math.expm1(event(run.switch).log_t - laws.log_switch_time(setting)))

    bound = bound_of("switch_time_off")
    proof = Proof("|T_1·3γρ′/K - 1|", off, bound, 0.2, **for_every_size.POSITIVE)
    return Bounds([proof], to_the_loss_gap, for_every_size.AT_POSITIVE)


@phase1_length.leg("scaling", require=("random latents", "K > 1"))
def switch_time_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_1 against its power and its constant."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        log_T = ladder.event("switch", "log_t")
        yield from ladder.power("T_1", log_T, laws.switch_time_exponent(ladder.top))
        ratio = np.exp(log_T - ladder.predicted(laws.log_switch_time))
        yield from ladder.limit("T_1·3γρ′z⁴/K", ratio, 1)
    yield from switch_time_bounds().inside()


@phase1_length.leg("enclosed")
def switch_time_for_every_size(context: Context) -> Iterator[Found]:
    """T_1·3γρ′/K within a bound of 1 that falls with P, for every P ≥ 1e12; and at rungs."""
    yield switch_time_bounds().evidence()
    law = enclosed_flow.switch_time
    yield from enclosed_flow.at_rungs(context, "|T_1·3γρ′z⁴/K - 1|", law, "local", 1)


phase1_length.mistake(enclosed_flow.switch_time, "0.5 off, enclosed", missed(0.5))
phase1_length.mistake(limit_systems.own_drive, "α_n a tenth too large", scaled(sp.Rational(11, 10)))
phase1_length.mistake(
    limit_systems.solution, "v = s", lambda _: lambda: (1 - limit_systems.s, limit_systems.s)
)
phase1_length.mistake(laws.switch_time_exponent, "exponent off by 0.02", shifted(0.02))
phase1_length.mistake(laws.log_switch_time, "constant off by a part in 1e5", shifted(1e-5))
phase1_length.mistake(RATES, "α_n off by 5 %", spoiled(ALPHA_OWN, 1.05))


decoupling_depth = Claim(
    id="local+.decoupling-depth",
    title="How far the global correlation is pushed down",
    statement=r"""$\Delta\ge\Omega(1)$: $\Phi_{p\to v_1}(T_1)$ has slope $-\Delta/(2L)$ in $\log P$;
        for constant latents and $\kappa_c<1$
        $z\Phi_{p\to v_1}(T_1)+\frac\Delta2\log P\to\frac12\log\frac{3c_s}{2(1-\gamma)c_1^2}$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-length", "data.gap-meaning", *REDUCED),
)


@decoupling_depth.leg("symbolic", expects="v starts at 0")
def depth_of_the_limit(context: Context) -> Iterator[Step]:
    """The solution v = 2s at s = 1/3, in powers of P."""
    yield limiting.limiting()
    yield from limit_systems.solved()
    _, pushed = limit_systems.solution()
    P = sp.Symbol("P", positive=True)
    phi = limit_systems.depth(pushed.subs(limit_systems.s, limit_systems.switch()), P)
    yield symbolic.identity(
        "zΦ_1(T_1) + (Δ/2)log P",
        phi + limiting.GAP / 2 * sp.log(P),
        sp.log(3 * limiting.C_S / (2 * limiting.VISIBLE * limiting.C_1**2)) / 2,
        limiting.AS_CLAIMED,
    )


def depth_bounds() -> Bounds:
    """Φ_1(T_1) off its law, and what bounds it."""

    def off(setting: Setting, run: Trajectory) -> float:
        return abs(event(run.switch).phi_global - laws.global_at_switch(setting))

    bound = bound_of("depth_at_switch_off")
    proof = Proof("|Φ_1(T_1) - its law|", off, bound, 0.2, **for_every_size.POSITIVE)
    return Bounds([proof], to_the_loss_gap, for_every_size.AT_POSITIVE)


@decoupling_depth.leg("scaling", require=("random latents", "K > 1"))
def depth_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_1(T_1) against its slope and its intercept."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        phi = ladder.event("switch", "phi_global")
        yield from ladder.power("e^{Φ_1(T_1)}", phi, laws.depth_exponent(ladder.top))
        excess = ladder.z * (phi - ladder.predicted(laws.global_at_switch))
        yield from ladder.limit("zΦ_1(T_1) less its law", excess, 0)
    yield from depth_bounds().inside()


@decoupling_depth.leg("enclosed")
def depth_for_every_size(context: Context) -> Iterator[Found]:
    """Φ_1(T_1) within a bound of its law that falls with P, for every P ≥ 1e12; and at rungs."""
    yield depth_bounds().evidence()
    law = enclosed_flow.depth_at_switch
    yield from enclosed_flow.at_rungs(context, "|zΦ_1(T_1) - its law|", law, "local", 1)


decoupling_depth.mistake(enclosed_flow.depth_at_switch, "0.5 off, enclosed", missed(0.5))
decoupling_depth.mistake(
    limit_systems.switch, "|α_1| = α_n at half the time", scaled(sp.Rational(1, 2))
)
decoupling_depth.mistake(laws.depth_exponent, "slope off by 0.02", shifted(0.02))
decoupling_depth.mistake(laws.depth_exponent, "slope -Δ/L", scaled(2))
decoupling_depth.mistake(
    laws.global_at_switch,
    "3 in the logarithm forgotten",
    shifted(-math.log(3) / 2),
)


own_at_the_switch = Claim(
    id="local+.own-at-switch",
    title="The own correlation at the end of Phase I",
    statement=r"""$\Delta\ge\Omega(1)$, constant latents: $z\Phi_{p\to v_n}(T_1)\to\ln(3/2)$;
        in general to the root of $2L\,E[z^3e^{z\phi}]\int_0^\phi d\phi'/E[z^3e^{z\phi'}]=1$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-length", *REDUCED),
)


@own_at_the_switch.leg("symbolic", expects="v starts at 0")
def own_of_the_limit(context: Context) -> Iterator[Step]:
    """The solution w = 1-s at s = 1/3."""
    yield limiting.limiting()
    yield from limit_systems.solved()
    own, _ = limit_systems.solution()
    phi = -sp.log(own.subs(limit_systems.s, limit_systems.switch()))
    three_halves = sp.log(sp.Rational(3, 2))
    yield symbolic.identity("zΦ_n(T_1)", phi, three_halves, limiting.AS_CLAIMED)


def own_bounds() -> Bounds:
    """Φ_n(T_1) off its limit, and what bounds it."""

    def off(setting: Setting, run: Trajectory) -> float:
        return abs(event(run.switch).phi_own - laws.own_at_switch(setting.latents))

    bound = bound_of("own_at_switch")
    proof = Proof("|Φ_n(T_1) - ln(3/2)|", off, bound, 0.1, **for_every_size.POSITIVE)
    return Bounds([proof], to_the_loss_gap, for_every_size.AT_POSITIVE)


@own_at_the_switch.leg("scaling", require=("random latents", "K > 1"))
def own_at_switch_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_n(T_1), a number that depends on the latents alone."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        phi = ladder.event("switch", "phi_own")
        yield from ladder.limit("Φ_n(T_1)", phi, laws.own_at_switch(ladder.top.latents))
    yield from own_bounds().inside()


@own_at_the_switch.leg("enclosed")
def own_for_every_size(context: Context) -> Iterator[Found]:
    """Φ_n(T_1) within a bound of ln(3/2) that falls with P, for every P ≥ 1e12; and at rungs."""
    yield own_bounds().evidence()
    law = enclosed_flow.own_at_switch
    yield from enclosed_flow.at_rungs(context, "|zΦ_n(T_1) - ln(3/2)|", law, "local", 1)


own_at_the_switch.mistake(enclosed_flow.own_at_switch, "0.5 off, enclosed", missed(0.5))
own_at_the_switch.mistake(
    limit_systems.switch, "|α_1| = α_n at half the time", scaled(sp.Rational(1, 2))
)
own_at_the_switch.mistake(laws.own_at_switch, "constant off by a part in 1e5", scaled(1 + 1e-5))
own_at_the_switch.mistake(
    laws.own_at_switch,
    "random latents as their mean",
    lambda law: lambda z: law(Latents.constant(z.moment(1))),
)


phase2_length = Claim(
    id="local+.phase2-length",
    title="Own attention reaches one half at three times T_1",
    statement=r"""$\Delta\ge\Omega(1)$: $T_{1/2}=\Theta(P^{1-\kappa_s})$; constant latents:
        $T_{1/2}\cdot\gamma\rho' z^4/K\to1$ and $T_{1/2}/T_1\to3$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-length", "lemma5.1.own", *REDUCED),
)


@phase2_length.leg("symbolic")
def half_time_of_the_limit(context: Context) -> Iterator[Step]:
    """From the exact rates at A_n of order 1 to A′ = A²(1-A)³, in which A_n = ½ at s = 1."""
    yield limiting.limiting()
    yield from limit_systems.late()
    yield limit_systems.half_time_law("T_½·γρ′z⁴/K")
    phases = limit_systems.half_time() / limit_systems.switch()
    yield symbolic.identity("T_½/T_1", phases, sp.Integer(PHASES), limiting.AS_CLAIMED)


def half_time_bounds() -> Bounds:
    """T_½ off its law, and what bounds it."""
    bound = bound_of("half_time_given_up")
    proof = Proof("|T_½·γρ′/K - 1|", half_time_off, bound, 0.1, **for_every_size.POSITIVE)
    return Bounds([proof], to_the_loss_gap, for_every_size.AT_POSITIVE)


@phase2_length.leg(
    "scaling",
    require={
        "random latents": ("T_½, *", "T_½·γρ′z⁴/K, *"),
        "K > 1": ("T_½, *", "T_½·γρ′z⁴/K, *", "T_½/T_1, *", "zΦ_n(T_½) *"),
    },
)
def half_time_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ against its power, its constant, and T_1; that A_n is ½ there, by Φ_n."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        log_T, log_T_1 = ladder.event("half", "log_t"), ladder.event("switch", "log_t")
        yield from ladder.power("T_½", log_T, laws.half_time_exponent(ladder.top))
        ratio = np.exp(log_T - ladder.predicted(laws.log_half_time))
        yield from ladder.limit("T_½·γρ′z⁴/K", ratio, 1)
        if ladder.top.latents.is_constant:  # E A_n = ½ is a plateau where half the latents are done
            yield from own_at_half(ladder)
            yield from ladder.limit("T_½/T_1", np.exp(log_T - log_T_1), PHASES)
    yield from half_time_bounds().inside()


@phase2_length.leg("enclosed")
def half_time_for_every_size(context: Context) -> Iterator[Found]:
    """T_½·γρ′/K within a bound of 1 that falls with P, for every P ≥ 1e12; and at rungs."""
    yield half_time_bounds().evidence()
    law = enclosed_flow.half_time_given_up
    yield from enclosed_flow.at_rungs(context, "|T_½·γρ′z⁴/K - 1|", law, "local", 1)


phase2_length.mistake(enclosed_flow.half_time_given_up, "0.5 off, enclosed", missed(0.5))
phase2_length.mistake(
    limit_systems.travel,
    "own attention grows as if the loss were linear",
    limit_systems.linear_travel,
)
phase2_length.mistake(LocalQuery.late, "W_1 and Υ_n left out of the bounds", left_out)
phase2_length.mistake(laws.half_time_exponent, "exponent off by 0.02", shifted(-0.02))
phase2_length.mistake(reduced.mae, "the event taken at A_n ≥ 0.6", half_at(0.6))
phase2_length.mistake(laws.log_half_time, "constant off by a part in 1e5", shifted(-1e-5))
phase2_length.mistake(
    "refutable.claims.mae.local_positive.PHASES", "T_½ twice T_1", lambda three: three - 1
)


CLAIMS = (phase1_monotone, phase1_length, decoupling_depth, own_at_the_switch, phase2_length)
