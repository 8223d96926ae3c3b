"""MAE, a query in a local area at a negative information gap: one phase.

Sources: Theorem 4.2 (theory 3.6). Everything is measured on the reduced dynamics; symbols as in
refutable.claims.mae.laws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import enclosed_flow, laws, limit_systems
from refutable.claims.mae.enclosed_flow import Found, missed
from refutable.claims.mae.for_every_size import (
    LocalQuery,
    bound_of,
    half_time_off,
    to_the_loss_gap,
    until_half,
)
from refutable.claims.mae.ladders import LATE, LOSS_GAP, NEGATIVE, PATH, REDUCED, WITH_GAP, ladders
from refutable.claims.mae.local_measured import (
    others_stay_small,
    own_at_half,
    own_at_the_end,
    positions_stay_small,
    time_to_loss,
)
from refutable.claims.runs import for_every_size, limiting
from refutable.claims.runs.for_every_size import Bounds, Proof, event, left_out
from refutable.claims.runs.limiting import Step
from refutable.claims.runs.plants import (
    ALPHA_GLOBAL,
    ALPHA_OTHER,
    ALPHA_OWN,
    BETA_OTHER,
    RATES,
    half_at,
    scaled,
    shifted,
    spoiled,
)
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import ball_flow, reduced
from refutable.model.setting import Setting
from refutable.model.trajectory import Trajectory

no_decoupling = Claim(
    id="local-.no-decoupling",
    title="A negative gap: the global correlation does not move",
    statement=r"""$\Delta\le-\Omega(1)$, constant latents:
        $\max_t|\Phi_{p\to v_1}|=\Theta(P^\Delta)$ and
        $z\Phi_{p\to v_1}(T^*)\,P^{-\Delta}\to-(1-\gamma)c_1^2/c_s$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("sign.global", "init.gap-decides", "local-.length", *REDUCED),
)


def global_bounds() -> Bounds:
    """The largest |Φ_1| up to T_½, and what bounds it."""

    def off(_: Setting, run: Trajectory) -> float:
        return until_half(run, run.phi_global)

    proof = Proof("max |Φ_1|", off, bound_of("global_moved"), 1, **for_every_size.NEGATIVE)
    return Bounds([proof], to_the_loss_gap, for_every_size.AT_NEGATIVE)


@no_decoupling.leg("scaling", require=("Δ < 0", "K > 1"))
def still_global_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The largest |Φ_1| against P^Δ and its constant."""
    for ladder in ladders(context, NEGATIVE):
        yield ladder.case
        largest = ladder.largest("phi_global")
        yield from ladder.power("max |Φ_1|", np.log(largest), laws.gap_exponent(ladder.top))
        ratio = ladder.final("phi_global") / -ladder.predicted(laws.global_per_start)
        yield from ladder.limit("Φ_1(T*) by its law", ratio, 1)
        yield from ladder.limit("max |Φ_1|", largest, 0)
    yield from global_bounds().inside()


@no_decoupling.leg("enclosed")
def global_stays_for_every_size(context: Context) -> Evidence:
    """Max |Φ_1| up to T_½ below a bound that falls with P, for every P ≥ 1e12 on a region."""
    return global_bounds().evidence()


no_decoupling.mistake(laws.gap_exponent, "exponent off by 0.02", shifted(0.02))
no_decoupling.mistake(laws.global_per_start, "constant off by a part in 1e5", scaled(1 + 1e-5))
no_decoupling.mistake(RATES, "α_1 with the wrong sign", spoiled(ALPHA_GLOBAL, -1))


own_first = Claim(
    id="local-.own-first",
    title="A negative gap: the own feature leads throughout",
    statement=r"""$\Delta\le-\Omega(1)$: $\alpha_n>|\alpha_1|$ for all $t$, and
        $\max_t|\alpha_1|/\alpha_n=\Theta(P^\Delta)$.""",
    measured="at every recorded time, on every rung",
    provenance=Provenance.DERIVED,
    assumptions=WITH_GAP,
    rests_on=("init.gap-decides", "sign.own", *REDUCED),
)


def lead_bounds() -> Bounds:
    """The largest |α_1|/α_n up to T_½, and what bounds it."""

    def off(_: Setting, run: Trajectory) -> float:
        return until_half(run, run.rate_global / run.rate_own)

    proof = Proof("max |α_1|/α_n", off, bound_of("global_over_own"), 1, **for_every_size.NEGATIVE)
    return Bounds([proof], to_the_loss_gap, for_every_size.AT_NEGATIVE)


@own_first.leg("scaling", require=("Δ < 0", "K > 1"))
def lead_of_own_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The largest |α_1|/α_n over time, and that Φ_n only grows."""
    for ladder in ladders(context, NEGATIVE):
        yield ladder.case
        ratio = np.array([np.abs(run.rate_global / run.rate_own).max() for run in ladder.runs])
        largest = float(ratio[ladder.low :].max())
        yield at_most(f"|α_1|/α_n, {ladder.name}", largest, 1, 0, "no T_1 exists")
        yield from ladder.power("max |α_1|/α_n", np.log(ratio), laws.gap_exponent(ladder.top))
        slowest = min(float(run.rate_own.min()) for run in ladder.judged.runs)
        yield at_least(f"α_n, {ladder.name}", slowest, 0, 0, "a positive rate, at every time")
    yield from lead_bounds().inside()


@own_first.leg("enclosed")
@enclosed_flow.where_decided
def own_first_for_every_size(context: Context) -> Iterator[Found]:
    """|α_1|/α_n below 1 up to T_½, falling with P, for every P ≥ 1e12; to T* at rungs below."""
    yield lead_bounds().evidence()
    yield enclosed_flow.scope(context)
    for _, rung, found in enclosed_flow.rungs(context, "local", -1):
        yield enclosed_flow.case_of(rung)
        name, why = enclosed_flow.name_of(rung, "local"), "the sign on every whole step up to T*"
        proof = enclosed_flow.certificate(rung, "local", found)
        yield identical(f"α_n > |α_1|, {name}", found.own_first, True, why, certificate=proof)
        yield identical(f"no T_1, {name}", found.switch is None, True, why)


own_first.mistake(
    ball_flow.Flow.weights, "α_1 ten times as large", enclosed_flow.spoiled("pushed", 10)
)


own_first.mistake(laws.gap_exponent, "exponent off by 0.02", shifted(-0.02))
own_first.mistake(RATES, "α_n a millionth of its size", spoiled(ALPHA_OWN, 1e-6))


length = Claim(
    id="local-.length",
    title="A negative gap: own attention reaches one half in one phase",
    statement=r"""$\Delta\le-\Omega(1)$, constant latents: $T_{1/2}=\Theta(P^{1-\kappa_s})$,
        $T_{1/2}\cdot\gamma\rho z^4/K\to1$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local-.own-first", "lemma5.1.own", *REDUCED),
)


def half_time_bounds() -> Bounds:
    """T_½ off its law, and what bounds it."""

    def closer(setting: Setting, run: Trajectory) -> float:
        """With R_0 = 1-a-ρ, the share of all other keys at Q = 0, in the law."""
        rest = 1 - (1 - setting.gamma) * (setting.C_1 + setting.C_s) / setting.P
        log_law = laws.log_half_time(setting) + math.log(rest)
        return abs(math.expm1(event(run.half).log_t - log_law))

    where = for_every_size.NEGATIVE
    proofs = (
        Proof("|T_½·γρ/K - 1|", half_time_off, bound_of("half_time_off"), 0.1, **where),
        Proof("|T_½·γρ/(KR_0) - 1|", closer, bound_of("half_time"), 0.1, **where),
    )
    return Bounds(proofs, to_the_loss_gap, for_every_size.AT_NEGATIVE)


@length.leg("symbolic")
def half_time_of_the_limit(context: Context) -> Iterator[Step]:
    """From the exact rates to w = 1-s with Φ_1 at rest, and A′ = A²(1-A)³; A_n = ½ at s = 1."""
    yield limiting.limiting()
    yield from limit_systems.one_phase()
    yield from limit_systems.moved_by_own()
    yield limit_systems.half_time_law("T_½·γρz⁴/K")


@length.leg("scaling", require=("Δ < 0", "K > 1"))
def single_phase_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ against its power and its constant; that A_n is ½ there, by Φ_n."""
    for ladder in ladders(context, NEGATIVE):
        yield ladder.case
        log_T = ladder.event("half", "log_t")
        yield from ladder.power("T_½", log_T, laws.half_time_exponent(ladder.top))
        ratio = np.exp(log_T - ladder.predicted(laws.log_half_time))
        yield from ladder.limit("T_½·γρz⁴/K", ratio, 1)
        yield from own_at_half(ladder)
    yield from half_time_bounds().inside()


@length.leg("enclosed")
def half_time_for_every_size(context: Context) -> Iterator[Found]:
    """T_½·γρ/K within a bound of 1 that falls with P, for every P ≥ 1e12; and at rungs."""
    yield half_time_bounds().evidence()
    law = enclosed_flow.half_time
    yield from enclosed_flow.at_rungs(context, "|T_½·γρz⁴/K - 1|", law, "local", -1)


length.mistake(enclosed_flow.half_time, "0.35 off, enclosed", missed(0.35))
length.mistake(LocalQuery.late, "Υ_n and R left out of the bounds", left_out)
length.mistake(limit_systems.own_drive, "α_n twice as large", scaled(2))
length.mistake(laws.half_time_exponent, "exponent off by 0.02", shifted(0.02))
length.mistake(laws.log_half_time, "constant off by a part in 1e5", shifted(1e-5))
length.mistake(RATES, "α_n off by 5 %", spoiled(ALPHA_OWN, 0.95))
length.mistake(reduced.mae, "the event taken at A_n ≥ 0.6", half_at(0.6))


single_own_final = Claim(
    id="local-.own-final",
    title="A negative gap: the own correlation at the end",
    statement=r"""$\Delta\le-\Omega(1)$, constant latents: at a fixed loss gap $\epsilon$
        $z\Phi_{p\to v_n}+\log\rho\to\log(1/u-1)$, $1-A_n\to u=\sqrt{2\epsilon/(\gamma z^2)}$; hence
        slope $(1-\kappa_s)/z$ in $\log P$, and $A_n\to1$ as $\epsilon\to0$.""",
    measured=f"where the loss gap is {LOSS_GAP:g}, and late, where it is of the order of ρ",
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local-.length", "loss.sandwich", *REDUCED),
)


@single_own_final.leg("scaling", require=("Δ < 0", "K > 1"))
def single_own_final_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """As at a positive gap, with ρ in place of ρ′."""
    yield from own_at_the_end(context, NEGATIVE)


single_own_final.mistake(laws.own_exponent, "slope off by 0.02", shifted(-0.02))
single_own_final.mistake(laws.own_at_loss_gap, "intercept off by 1e-5", shifted(-1e-5))


single_others_small = Claim(
    id="local-.others-small",
    title="A negative gap: other local areas are not learned",
    statement=r"""$\Delta\le-\Omega(1)$, constant latents: $\max_t|\Phi_{p\to v_m}|
        =\Theta(P^{-(1-\kappa_s)}\log P)$ for $m\notin\{1,n\}$, and at the end
        $\Phi_{p\to v_m}=-\rho(\Phi_{p\to v_1}+\Phi_{p\to v_n}+\gamma/z)(1+o(1))$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local-.no-decoupling", "local-.own-final", "lemma5.1.other", *REDUCED),
)


@single_others_small.leg("enclosed")
def single_others_enclosed(context: Context) -> Iterator[Found]:
    """Φ_m by its law at T*, decided at every rung."""
    law = enclosed_flow.other_at_end
    of = "|Φ_m over its law - 1|"
    yield from enclosed_flow.at_rungs(context, of, law, "local", -1, place=ball_flow.PHI_M)


@single_others_small.leg("scaling", require=("Δ < 0", "K > 1"))
def single_others_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """As at a positive gap; Φ_1 then counts for nothing."""
    yield from others_stay_small(context, NEGATIVE)


single_others_small.mistake(enclosed_flow.other_at_end, "0.35 off, enclosed", missed(0.35))
single_others_small.mistake(
    ball_flow.Flow.weights, "α_m tenfold", enclosed_flow.spoiled_other(0, 10)
)
single_others_small.mistake(laws.other_exponent, "exponent off by 0.02", shifted(-0.02))
single_others_small.mistake(
    laws.other_at,
    "sign of the own feature",
    lambda law: lambda s, x, y: law(s, x, -y),
)
single_others_small.mistake(RATES, "α_m off by 5 %", spoiled(ALPHA_OTHER, 0.95))


single_positions_small = Claim(
    id="local-.positions-small",
    title="A negative gap: position correlations stay small",
    statement=r"""$\Delta\le-\Omega(1)$, constant latents: $\max_t|\Upsilon_{p\to q}|$ is
        $\Theta(P^{-\kappa_s}\log P)$ for $q$ in the own area, $\Theta(P^{\Delta-\kappa_c})$ in the
        global one, $\Theta(P^{-1}\log P)$ in others; constants as in local+.positions-small.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("grad.position", "local-.no-decoupling", "local-.own-final", *REDUCED),
)


@single_positions_small.leg("enclosed")
def single_positions_enclosed(context: Context) -> Iterator[Found]:
    """Υ of the own and of another area by their laws at T*, decided at every rung."""
    for of, law, place in (
        ("|Υ own over its law - 1|", enclosed_flow.own_position_at_end, ball_flow.UPS_N),
        ("|Υ other over its law - 1|", enclosed_flow.other_position_at_end, ball_flow.UPS_M),
    ):
        yield from enclosed_flow.at_rungs(context, of, law, "local", -1, place=place)


@single_positions_small.leg("scaling", require=("Δ < 0", "K > 1"))
def single_positions_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """As at a positive gap; on the global area without the logarithm."""
    yield from positions_stay_small(context, NEGATIVE)


single_positions_small.mistake(
    enclosed_flow.own_position_at_end, "0.35 off, enclosed", missed(0.35)
)
single_positions_small.mistake(
    enclosed_flow.other_position_at_end, "0.35 off, enclosed", missed(0.35)
)
single_positions_small.mistake(
    laws.own_position_exponent, "own exponent off by 0.02", shifted(-0.02)
)
single_positions_small.mistake(
    laws.global_position_exponent,
    "Δ left out on the global area",
    shifted(0.2),
)
single_positions_small.mistake(
    ball_flow.Flow.weights,
    "β of another area ten times as large, enclosed",
    enclosed_flow.spoiled_other(3, 10),
)
single_positions_small.mistake(RATES, "β of other areas off by 5 %", spoiled(BETA_OTHER, 1.05))


single_rate = Claim(
    id="local-.rate",
    title="A negative gap: the loss falls like K/(4z²t)",
    statement=r"""$\Delta\le-\Omega(1)$, constant latents: $t\,(L_p-L_p^*)\to K/(4z^2)$, hence
        $T^*(\epsilon)=T_{1/2}+\frac{K}{4z^2\epsilon}(1+o(1))$ as $\epsilon\to0$.""",
    measured=f"at the ε, of the order of ρ, where the second term is {LATE} times the first",
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local-.length", "grad.loss", *REDUCED),
)


@single_rate.leg("symbolic")
def rate_of_the_limit(context: Context) -> Iterator[Step]:
    """The last phase by A′ = A²(1-A)³."""
    yield from limit_systems.rate_law()


@single_rate.leg("scaling", require=("Δ < 0", "K > 1"))
def single_time_to_loss_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The same constant as at a positive gap."""
    yield from time_to_loss(context, NEGATIVE[:2])


single_rate.mistake(limit_systems.growing_drive, "α_n twice as large", scaled(2))
single_rate.mistake(laws.half_time_exponent, "exponent off by 0.02", shifted(-0.02))
single_rate.mistake(laws.log_tail_time, "constant off by a part in 1e5", shifted(-1e-5))


CLAIMS = (
    no_decoupling,
    own_first,
    length,
    single_own_final,
    single_others_small,
    single_positions_small,
    single_rate,
)
