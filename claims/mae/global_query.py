"""MAE, a query in the global area: one phase, whatever the sign of the information gap.

Sources: Theorem 4.2's case of a global patch (theory 3.7). Measured on the reduced dynamics;
symbols as in refutable.claims.mae.global_laws.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from refutable import scaling
from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import enclosed_flow, global_laws, ladders, laws, limit_systems
from refutable.claims.mae.enclosed_flow import Found, missed
from refutable.claims.mae.for_every_size import GlobalQuery
from refutable.claims.mae.ladders import (
    DYNAMICS,
    LATE,
    LOSS_GAP,
    PATH,
    REDUCED,
    late_loss_gap,
    top_of,
)
from refutable.claims.mae.spread_for_every_size import GLOBAL_ENDS, GLOBAL_TIMES
from refutable.claims.runs import for_every_size, limiting
from refutable.claims.runs.for_every_size import Bounds, Proof, event
from refutable.claims.runs.limiting import Step
from refutable.claims.runs.plants import (
    ALPHA_OTHER,
    ALPHA_OWN,
    BETA_OTHER,
    BETA_OWN,
    RATES,
    half_at,
    scaled,
    shifted,
    spoiled,
)
from refutable.claims.runs.region import Region
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import ball_flow, reduced
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.prove.majorant import Majorant
from refutable.reuse import shared

STATED_IN = ("refutable.claims.mae.global_laws",)
"""Where else parts of the statements are."""
CONSTANT = (
    top_of(0.75, 0.3),
    top_of(0.6, 0.4, 1.5, gamma=0.75, K=3, c_1=2.0, c_s=0.5),
    top_of(0.55, 0.3, 0.7, gamma=0.25, K=10),
)
"""Gaps 0.2, -0.2, -0.2; constant latents."""
SHARE = top_of(1.0, 0.2, 0.8, gamma=0.6, K=2, c_1=0.5)
"""κ_c = 1: the global area holds half of all patches, whatever P is; gap 0.8."""
RANDOM = top_of(0.8, 0.3, Latents.two_point(1.0, 1.5), K=2)
"""Random latents; gap 0.3."""
BOTH_SIGNS = ("Δ > 0", "Δ < 0", "K > 1")


length = Claim(
    id="global.length",
    title="A global query attends to its own area after one short phase",
    statement=r"""$T_{1/2}=\Theta(P^{1-\kappa_c})$; random latents, $\kappa_c<1$:
        $T_{1/2}\cdot\gamma a/K$ tends to $\int_0^\infty d\phi/E[z^3e^{z\phi}]$; constant latents:
        $T_{1/2}\gamma z^4/K=F(\frac12)-F(a)+o(1/a)$ with $F'=A^{-2}(1-A)^{-3}$, hence for
        $\kappa_c<1$ $T_{1/2}\cdot\gamma(1-\gamma)(C_1/P)z^4/K\to1$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=DYNAMICS,
    rests_on=("init.own-rate", "lemma5.1.own", *REDUCED),
)


def half_time_bounds() -> Bounds:
    """T_½ off its law, and what bounds it."""

    def off(setting: Setting, run: Trajectory) -> float:
        log_share = math.log1p(-setting.gamma) + math.log(setting.C_1 / setting.P)
        log_law = math.log(setting.K / setting.gamma) - log_share
        return abs(math.expm1(event(run.half).log_t - log_law))

    def bound(region: Region) -> Majorant:
        return GlobalQuery(region).plain_half_time

    def run(setting: Setting) -> Trajectory:
        return reduced.mae(setting, "global", loss_gap=ladders.LOSS_GAP)

    proof = Proof("|T_½·γ(1-γ)(C_1/P)/K - 1|", off, bound, 1, **for_every_size.BOTH)
    at = (*for_every_size.AT_POSITIVE, *for_every_size.AT_NEGATIVE)
    return Bounds([proof], run, at)


@length.leg("symbolic")
def half_time_of_the_limit(context: Context) -> Iterator[Step]:
    """From the exact rate to w = 1-s, and to A′ = A²(1-A)³ at any share; A_1 = ½ at s = 1."""
    yield limiting.limiting()
    yield from limit_systems.global_query()
    yield from limit_systems.moved_by_own()
    yield limit_systems.half_time_law("T_½·γaz⁴/K")


@length.leg("scaling", require=(*BOTH_SIGNS, "random latents", "κ_c = 1"))
def half_time_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ against its power and its constant; that A_1 is ½ there, by Φ_1."""
    for ladder in ladders.ladders(context, (*CONSTANT, SHARE, RANDOM), "global"):
        yield ladder.case
        log_T = ladder.event("half", "log_t")
        yield from ladder.power("T_½", log_T, global_laws.half_time_exponent(ladder.top))
        ratio = np.exp(log_T - ladder.predicted(global_laws.log_half_time))
        yield from ladder.limit("T_½·γz⁴/(K(F(½) - F(a)))", ratio, 1)
        law = ladder.predicted(global_laws.own_at_half)
        excess = ladder.z * (ladder.event("half", "phi_own") - law)
        yield from ladder.limit("zΦ_1(T_½) less its law", excess, 0)
    yield from half_time_bounds().inside()
    yield from GLOBAL_TIMES.times().inside()


def beside_share(setting: Setting, _: QueryKind) -> float:
    """The power of P in what F(½) - F(a) leaves of T_½: one local area, and Υ, of order P^-κ_c."""
    return setting.kappa_s - setting.kappa_c


@length.leg("enclosed")
def half_time_for_every_size(context: Context) -> Iterator[Found]:
    """T_½·γa/K within a bound of 1 that falls with P, for every P ≥ 1e12; and at rungs."""
    yield half_time_bounds().evidence()
    yield GLOBAL_TIMES.times().evidence()
    law = enclosed_flow.half_time_at_any_share
    of = "|T_½·γz⁴/(K(F(½) - F(a))) - 1|"
    yield from enclosed_flow.at_rungs(context, of, law, "global", 0, beside_share)


length.mistake(
    limit_systems.travel,
    "own attention grows as if the loss were linear",
    limit_systems.linear_travel,
)
length.mistake(enclosed_flow.half_time_at_any_share, "5 % off, enclosed", missed(0.05))
length.mistake(global_laws.half_time_exponent, "exponent off by 0.02", shifted(0.02))
length.mistake(
    global_laws.log_half_time,
    "constant off by a part in 1e5",
    shifted(1e-5),
)
length.mistake(
    global_laws.half_time_exponent,
    "κ_s in place of κ_c",
    lambda _: laws.half_time_exponent,
)
length.mistake(RATES, "α_n off by 5 %", spoiled(ALPHA_OWN, 1.05))
length.mistake(reduced.mae, "the event taken at A_1 ≥ 0.6", half_at(0.6))


own_final = Claim(
    id="global.own-final",
    title="A global query: the own correlation at the end",
    statement=r"""At a fixed loss gap $\epsilon$ $\Phi_{p\to v_1}$ has a slope in $\log P$:
        $(1-\kappa_c)/L$ for a law with an atom at $L$ (small $\epsilon$), $(1-\kappa_c)/z_\epsilon$
        for a density, $\frac\gamma2E[z^2;z<z_\epsilon]=\epsilon$; as $\epsilon\to0$ $A_1\to1$.
        An atom of probability $q$ at $L$: $L\Phi_{p\to v_1}+\log a\to\log(1/u-1)$,
        $u=\sqrt{2\epsilon/(\gamma qL^2)}$ ($\kappa_c<1$).
        Constant latents: $z\Phi_{p\to v_1}+\log\frac{a}{1-a}
        \to\log(1/u-1)$, $1-A_1\to u=\sqrt{2\epsilon/(\gamma z^2)}$.""",
    measured=f"where the loss gap is {LOSS_GAP:g}, and late, where it is of the order of a; with "
    "an atom at L also within bounds for every P, as long as no other latent is below 3L/2",
    provenance=Provenance.SHARPENED,
    assumptions=DYNAMICS,
    rests_on=("global.length", "loss.sandwich", *REDUCED),
)


DENSITY = (1.0, 2.0)
"""Latents uniform on [L, U]."""
DENSE = ladders.top_of(0.7, 0.4, Latents.uniform(*DENSITY, 64))
COARSE_LOSS_GAP = 0.05
"""A tenth of the loss at Q = 0, so that z_ε = 1.17 is well inside [1, 2]."""


@shared.run_once
def dense_runs(tens: tuple[float, ...]) -> tuple[Trajectory, ...]:
    """A global query's runs down to COARSE_LOSS_GAP, latents with a density."""
    rungs = (DENSE.replace(P=round(10**ten)) for ten in tens)
    return tuple(reduced.mae(rung, "global", loss_gap=COARSE_LOSS_GAP) for rung in rungs)


def dense_slope(context: Context) -> tuple[list[float], list[float]]:
    """Log P, and Φ_1 where the loss gap is COARSE_LOSS_GAP."""
    runs = dense_runs(ladders.tens(context))
    return [run.setting.log_P for run in runs], [event(run.done).phi_own for run in runs]


@own_final.leg(
    "scaling",
    require={
        **dict.fromkeys(BOTH_SIGNS, ("zΦ_1(T[*]) less its law, *", "A_1(T[*]), *")),
        **dict.fromkeys(("random latents", "κ_c = 1"), "zΦ_1(T[*]) less its law, *"),
        "Δ < 0": ("e^{Φ_1(T[*])}, *", "zΦ_1(T[*]) less its law, *", "A_1(T[*]), *"),
    },
    expects={"A_1(T*), κ=(1, *": "at κ_c = 1 the global area has its share of any P"},
)
def own_final_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_1 at the loss gap against its slope and intercept, and the attention that it brings."""
    for ladder in ladders.ladders(context, (*CONSTANT, SHARE, RANDOM), "global"):
        yield ladder.case
        phi = ladder.event("done", "phi_own")
        if global_laws.grows(ladder.top):  # for κ_c = 1 the law below says it all
            yield from ladder.power("e^{Φ_1(T*)}", phi, global_laws.own_exponent(ladder.top))
        excess = ladder.z * (phi - ladder.predicted(global_laws.own_at_loss_gap))
        yield from ladder.limit("zΦ_1(T*) less its law", excess, 0)
        if ladder.top.latents.is_constant:
            missing = math.sqrt(2 * LOSS_GAP / ladder.top.gamma) / ladder.z
            yield from ladder.limit("A_1(T*)", ladder.final("own_attention"), 1 - missing)
    for ladder in ladders.ladders(context, CONSTANT[1:], "global", late=True):
        yield from ladder.limit("late A_1", ladder.final("own_attention"), 1)
    slope = (1 - DENSE.kappa_c) / laws.last_left(*DENSITY, DENSE.gamma, COARSE_LOSS_GAP)
    yield Case(("density",))
    yield from scaling.power_law(
        f"e^{{Φ_1(T*)}}, z uniform on {list(DENSITY)}, ε = {COARSE_LOSS_GAP}",
        *dense_slope(context),
        slope,
        x_label="log P",
    )
    yield from GLOBAL_ENDS.own().inside()


@own_final.leg("enclosed")
def own_final_for_every_size(context: Context) -> Evidence:
    """Random latents: LΦ_1 at the loss gap within a bound of its law that falls with P."""
    return GLOBAL_ENDS.own().evidence()


own_final.mistake(
    laws.last_left, "the slowest sample decides", lambda _: lambda L, U, gamma, gap: L
)
own_final.mistake(global_laws.own_exponent, "slope off by 0.02", shifted(0.02))
own_final.mistake(
    global_laws.own_exponent,
    "slope of a local query",
    lambda _: laws.own_exponent,
)
own_final.mistake(global_laws.own_at_loss_gap, "intercept off by 1e-5", shifted(1e-5))
own_final.mistake(laws.log_odds_of_smallest, "intercept of an atom off by 1e-3", shifted(1e-3))


# -------------------------------------------------------------------------- its refuted first form

first_own_final = Claim(
    id="global.own-final.original",
    original_of="global.own-final",
    title="Refuted: the smallest latent sets the own slope, whatever the law",
    statement=r"""false: $\Phi_{p\to v_1}$ at a fixed loss gap has slope $(1-\kappa_c)/L$ in
        $\log P$ for every law of the latents.""",
    measured=f"z uniform on {list(DENSITY)}, κ_c = 0.7, ε = {COARSE_LOSS_GAP}: the fitted slope",
    provenance=Provenance.DERIVED,
    assumptions=DYNAMICS,
)


@first_own_final.leg("scaling")
def slope_with_a_density(context: Context) -> Iterator[Gap]:
    """The fitted slope lies below (1-κ_c)/L by more than what an exponent may be off."""
    fit = scaling.fit_power(*dense_slope(context))
    yield at_most(
        "slope of Φ_1 in log P",
        fit.exponent + fit.half_width,
        global_laws.own_exponent(DENSE) - 0.02,
        0,
        "0.02 below the claim, beyond the 99 % interval of the fit",
    )


first_own_final.mistake(
    global_laws.own_exponent, "the slope that is true", lambda _: lambda setting: 0.2565
)
first_own_final.mistake(
    dense_slope,
    "latents that are constant",
    lambda original: (
        lambda context: (
            original(context)[0],
            [0.3 * log_P for log_P in original(context)[0]],
        )
    ),
)


others_small = Claim(
    id="global.others-small",
    title="A global query does not learn local areas",
    statement=r"""Constant latents: $\max_t|\Phi_{p\to v_m}|=\Theta(P^{-(1-\kappa_s)}\log P)$ for
        $m\ne1$ when $\kappa_c<1$; at a fixed loss gap when $\kappa_c=1$ without the logarithm;
        at the end $\Phi_{p\to v_m}/\Phi_{p\to v_1}=-\frac{\rho}{1-a}(1+o(1))$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=DYNAMICS,
    rests_on=("global.own-final", "lemma5.1.other", *REDUCED),
)


@others_small.leg("enclosed")
def others_enclosed(context: Context) -> Iterator[Found]:
    """Φ_m by its law at T*, decided at every rung."""
    law = enclosed_flow.other_of_global
    of = "|Φ_m over its law - 1|"
    yield from enclosed_flow.at_rungs(context, of, law, "global", 0, place=ball_flow.PHI_M)


@others_small.leg("scaling", require=BOTH_SIGNS)
def others_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_m, largest and last, for one of the many local areas."""
    for ladder in ladders.ladders(context, (*CONSTANT, SHARE), "global"):
        yield ladder.case
        largest, top = np.log(ladder.largest("phi_other")), ladder.top
        yield from ladder.power(
            "max |Φ_m| / (log P)^[κ_c<1]",
            largest,
            global_laws.other_exponent(top),
            log_power=global_laws.grows(top),
        )
        ratio = ladder.final("phi_other") / ladder.final("phi_own")
        yield from ladder.limit(
            "Φ_m(T*) by its law", ratio / ladder.predicted(global_laws.other_per_own), 1
        )


others_small.mistake(enclosed_flow.other_of_global, "0.4 off, enclosed", missed(0.4))
others_small.mistake(ball_flow.Flow.weights, "α_m tenfold", enclosed_flow.spoiled_other(0, 10))
others_small.mistake(global_laws.other_exponent, "exponent off by 0.02", shifted(0.02))
others_small.mistake(global_laws.other_per_own, "constant off by a part in 1e5", scaled(1 + 1e-5))
others_small.mistake(RATES, "α_m with the wrong sign", spoiled(ALPHA_OTHER, -1))


positions_small = Claim(
    id="global.positions-small",
    title="A global query: position correlations stay small",
    statement=r"""Constant latents, $\kappa_c<1$: $\max_t|\Upsilon_{p\to q}|$ is
        $\Theta(P^{-\kappa_c}\log P)$ for $q$ in the own area, $\Theta(P^{-1}\log P)$ in others;
        without the logarithms at a fixed loss gap when $\kappa_c=1$. At the end $\Upsilon$ is
        $\Phi_{p\to v_1}(1-\frac{\gamma C_1/P}{1-a})/(zC_1)$ and $-\Phi_{p\to v_1}/((1-a)zP)$,
        each times $1+o(1)$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=DYNAMICS,
    rests_on=("grad.position", "global.own-final", *REDUCED),
)


@positions_small.leg("enclosed")
def positions_enclosed(context: Context) -> Iterator[Found]:
    """Υ of the own and of another area by their laws at T*, decided at every rung."""
    for of, law, place in (
        ("|Υ own over its law - 1|", enclosed_flow.own_position_of_global, ball_flow.UPS_N),
        ("|Υ other over its law - 1|", enclosed_flow.other_position_of_global, ball_flow.UPS_M),
    ):
        yield from enclosed_flow.at_rungs(context, of, law, "global", 0, place=place)


@positions_small.leg("scaling", require=BOTH_SIGNS)
def positions_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Each Υ against its power of P, and against the Φ that it follows."""
    for ladder in ladders.ladders(context, (*CONSTANT, SHARE), "global"):
        yield ladder.case
        phi = ladder.final("phi_own")
        for kind, exponent, per_own in (
            ("own", global_laws.own_position_exponent, global_laws.own_position_per_own),
            ("other", global_laws.other_position_exponent, global_laws.other_position_per_own),
        ):
            largest, logs = np.log(ladder.largest(f"upsilon_{kind}")), global_laws.grows(ladder.top)
            yield from ladder.power(
                f"Υ {kind} / (log P)^[κ_c<1]", largest, exponent(ladder.top), log_power=logs
            )
            ratio = ladder.final(f"upsilon_{kind}") / phi / ladder.predicted(per_own)
            yield from ladder.limit(f"Υ {kind} by its law", ratio, 1)


positions_small.mistake(enclosed_flow.own_position_of_global, "0.4 off, enclosed", missed(0.4))
positions_small.mistake(enclosed_flow.other_position_of_global, "0.4 off, enclosed", missed(0.4))
positions_small.mistake(
    ball_flow.Flow.weights,
    "β of another area ten times as large, enclosed",
    enclosed_flow.spoiled_other(3, 10),
)
positions_small.mistake(
    global_laws.own_position_exponent,
    "own exponent off by 0.02",
    shifted(0.02),
)
positions_small.mistake(
    global_laws.other_position_exponent,
    "other exponent off by 0.02",
    shifted(-0.02),
)
positions_small.mistake(RATES, "β of the own area off by 5 %", spoiled(BETA_OWN, 1.05))
positions_small.mistake(RATES, "β of other areas off by 5 %", spoiled(BETA_OTHER, 0.95))


one_phase = Claim(
    id="global.one-phase",
    title="A global query has no decoupling phase",
    statement=r"""For both signs of $\Delta$: $\alpha_{p\to v_1}>0$ for all $t$, so that
        $\Phi_{p\to v_1}$ increases from the start, and no other rate of a feature is as large.""",
    measured="at every recorded time, on every rung",
    provenance=Provenance.DERIVED,
    assumptions=DYNAMICS,
    rests_on=("sign.own", *REDUCED),
)


@one_phase.leg("scaling", require=(*BOTH_SIGNS, "random latents"))
def growth_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Rises of Φ_1, its slowest rate, and what another feature moves per move of the own one."""
    for ladder in ladders.ladders(context, (*CONSTANT, SHARE, RANDOM), "global"):
        yield ladder.case
        moves = np.concatenate([np.diff(run.phi_global) for run in ladder.judged.runs])
        rises = int((moves > 0).sum())
        yield identical(f"times at which Φ_1 rises, {ladder.name}", rises, len(moves), "each time")
        slowest = min(float(run.rate_global.min()) for run in ladder.judged.runs)
        yield at_least(f"α_1, {ladder.name}", slowest, 0, 0, "a positive rate, at every time")
        single = sum(run.switch is None for run in ladder.judged.runs)
        runs = len(ladder.judged.runs)
        yield identical(f"runs without a switch, {ladder.name}", single, runs, "one phase")
        ratios = [
            np.abs(np.diff(run.phi_other) / np.diff(run.phi_own)).max() for run in ladder.runs
        ]
        yield from ladder.limit("|ΔΦ_m/ΔΦ_1| over a step", np.array(ratios), 0)


def _turned(original: Any) -> Any:
    def mae(*given: Any, **options: Any) -> Trajectory:
        run = original(*given, **options)
        return dataclasses.replace(run, phi_global=-run.phi_global)

    return mae


def _as_local(original: Any) -> Any:
    return lambda setting, query, **options: original(setting, "local", **options)


one_phase.mistake(reduced.mae, "Φ_1 with the wrong sign", _turned)
one_phase.mistake(reduced.mae, "a local query in its place", _as_local)


rate = Claim(
    id="global.rate",
    title="A global query: the loss falls like K/(4z²t)",
    statement=r"""Constant latents: $t\,(L_p-L_p^*)\to K/(4z^2)$, hence
        $T^*(\epsilon)=T_{1/2}+\frac{K}{4z^2\epsilon}(1+o(1))$ as $\epsilon\to0$, $\kappa_c<1$.""",
    measured=f"at the ε, of the order of a, where the second term is {LATE} times the first",
    provenance=Provenance.SHARPENED,
    assumptions=DYNAMICS,
    rests_on=("global.length", "grad.loss", *REDUCED),
)


@rate.leg("symbolic")
def rate_of_the_limit(context: Context) -> Iterator[Step]:
    """The last phase by A′ = A²(1-A)³."""
    yield from limit_systems.rate_law()


@rate.leg("scaling", require=BOTH_SIGNS)
def time_to_loss_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T*(ε) against its power and the sum of its two terms."""
    for ladder in ladders.ladders(context, CONSTANT, "global", late=True):
        yield ladder.case
        log_T = ladder.event("done", "log_t")
        yield from ladder.power("T*(ε)", log_T, global_laws.half_time_exponent(ladder.top))
        predicted = ladder.predicted(
            lambda rung: global_laws.log_time_to(rung, late_loss_gap(rung, "global"))
        )
        yield from ladder.limit("T*(ε)/(T_½ + K/(4z²ε))", np.exp(log_T - predicted), 1)


rate.mistake(limit_systems.growing_drive, "α_n twice as large", scaled(2))
rate.mistake(global_laws.half_time_exponent, "exponent off by 0.02", shifted(0.02))
rate.mistake(laws.log_tail_time, "constant off by a part in 1e5", shifted(1e-5))
rate.mistake(global_laws.log_half_time, "T_½ off by a part in 1e5", shifted(1e-5))


CLAIMS = (
    length,
    own_final,
    first_own_final,
    others_small,
    positions_small,
    one_phase,
    rate,
)
