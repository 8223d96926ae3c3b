"""MAE, a query in a local area at a positive information gap: where the second phase ends.

Sources: Theorem 4.2 (theory 3.5). Everything is measured on the reduced dynamics; symbols as in
refutable.claims.mae.laws.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp
from flint import arb

from refutable import scaling
from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import enclosed_flow, laws, limit_systems
from refutable.claims.mae.enclosed_flow import Found, missed
from refutable.claims.mae.ladders import (
    GLOBAL_SHARE,
    LATE,
    LOSS_GAP,
    PATH,
    POSITIVE,
    RANDOM,
    REDUCED,
    WITH_GAP,
    ladders,
    tens,
    top_of,
)
from refutable.claims.mae.local_measured import (
    others_stay_small,
    own_at_the_end,
    positions_stay_small,
    time_to_loss,
)
from refutable.claims.mae.spread_for_every_size import LOCAL_ENDS, SpreadQuery
from refutable.claims.runs import limiting
from refutable.claims.runs.for_every_size import left_out
from refutable.claims.runs.limiting import Step
from refutable.claims.runs.next_order import INTEGRATION
from refutable.claims.runs.plants import (
    ALPHA_GLOBAL,
    ALPHA_OTHER,
    BETA_OWN,
    RATES,
    scaled,
    shifted,
    spoiled,
)
from refutable.gap import Gap, equal
from refutable.model import ball_events, ball_flow
from refutable.model.setting import Latents
from refutable.prove import symbolic

own_final = Claim(
    id="local+.own-final",
    title="The own correlation at the end",
    statement=r"""$\Delta\ge\Omega(1)$: at a fixed loss gap $\epsilon$ $\Phi_{p\to v_n}$ has a slope
        in $\log P$: $(1-\kappa_s)/L$ for a law with an atom at $L$ (small $\epsilon$),
        $(1-\kappa_s)/z_\epsilon$ for a density, $\frac\gamma2E[z^2;z<z_\epsilon]=\epsilon$ (see
        global.own-final, where it is measured); an atom of probability $q$ at $L$:
        $L\Phi_{p\to v_n}+\log\rho\to\log(1/u-1)$, $u=\sqrt{2\epsilon/(\gamma qL^2)}$
        ($\kappa_c<1$); as $\epsilon\to0$ $A_n\to1$. Constant latents:
        $z\Phi_{p\to v_n}+\log\rho'\to\log(1/u-1)$, $1-A_n\to u=\sqrt{2\epsilon/(\gamma z^2)}$.""",
    measured=f"where the loss gap is {LOSS_GAP:g}, and late, where it is of the order of ρ; with "
    "an atom at L also within bounds for every P, as long as no other latent is below 3L/2",
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase2-length", "loss.sandwich", *REDUCED),
)


LAWS = ("e^{Φ_n(T[*])}, *", "zΦ_n(T[*]) less its law, *")


@own_final.leg("scaling", require={"random latents": LAWS, "K > 1": (*LAWS, "A_n(T[*]), *")})
def own_final_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_n at the loss gap against its slope and intercept, and the attention that it brings."""
    yield from own_at_the_end(context, (*POSITIVE, GLOBAL_SHARE, RANDOM))
    yield from slope_of_the_law(context)
    for kind in LOCAL_ENDS:
        yield from kind.own().inside()


@own_final.leg("enclosed")
def own_final_for_every_size(context: Context) -> Iterator[Evidence]:
    """Random latents: LΦ_n at the loss gap within a bound of its law that falls with P, any Δ."""
    for kind in LOCAL_ENDS:
        yield kind.own().evidence()


DENSITY = (1.0, 2.0)
"""Latents uniform on [L, U]."""
COARSE_LOSS_GAP = 0.05
"""A tenth of the loss at Q = 0, so that z_ε = 1.17 is well inside [1, 2]."""


def slope_of_the_law(context: Context) -> Iterator[Gap]:
    """With a density: Φ_n by its law, ½γE[z²(1-A_n)²] = ε, has the slope (1-κ_s)/z_ε."""
    dense = top_of(0.9, 0.3, Latents.uniform(*DENSITY, 64))
    rungs = [dense.replace(P=round(10**ten)) for ten in tens(context)]
    z = laws.last_left(*DENSITY, dense.gamma, COARSE_LOSS_GAP)
    yield from scaling.power_law(
        f"law of e^{{Φ_n(T*)}}, z uniform on {list(DENSITY)}, ε = {COARSE_LOSS_GAP}",
        [rung.log_P for rung in rungs],
        [laws.own_at(rung, COARSE_LOSS_GAP) for rung in rungs],
        (1 - dense.kappa_s) / z,
        x_label="log P",
    )


own_final.mistake(laws.last_left, "the slowest sample decides", lambda _: lambda L, *rest: L)
own_final.mistake(laws.own_exponent, "slope off by 0.02", shifted(0.02))
own_final.mistake(laws.own_exponent, "slope by the largest latent", scaled(2 / 3))
own_final.mistake(laws.own_at_loss_gap, "intercept off by 1e-5", shifted(1e-5))
own_final.mistake(laws.log_odds_of_smallest, "intercept of an atom off by 1e-3", shifted(1e-3))
own_final.mistake(SpreadQuery.apart, "other keys weigh what they do at Q = 0", left_out)


global_stays = Claim(
    id="local+.global-stays",
    title="Phase II leaves the global correlation where it is, up to a constant",
    statement=r"""$\Delta\ge\Omega(1)$: after $T_1$ $\Phi_{p\to v_1}$ moves by $O(1)$ and keeps its
        slope $-\Delta/(2L)$; for constant latents
        $z(\Phi_{p\to v_1}(T^*)-\Phi_{p\to v_1}(T_1))\to-\frac12\ln3$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.decoupling-depth", "local+.phase2-length", *REDUCED),
)


@global_stays.leg("symbolic", expects="v starts at 0")
def later_move_of_the_limit(context: Context) -> Iterator[Step]:
    """The solution v = 2s between s = 1/3 and 1, after which w is 0 and Φ_n alone moves."""
    yield limiting.limiting()
    yield from limit_systems.solved()
    _, pushed = limit_systems.solution()
    later = pushed.subs(limit_systems.s, limit_systems.half_time())
    before = pushed.subs(limit_systems.s, limit_systems.switch())
    move, claimed = -sp.log(later / before) / 2, -sp.log(3) / 2
    yield symbolic.identity("z(Φ_1(T*) - Φ_1(T_1))", move, claimed, limiting.AS_CLAIMED)


@global_stays.leg("scaling", require=("random latents", "K > 1"))
def later_global_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_1 at T* against its slope, and what it moved since T_1."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        end, before = ladder.event("done", "phi_global"), ladder.event("switch", "phi_global")
        yield from ladder.power("e^{Φ_1(T*)}", end, laws.depth_exponent(ladder.top))
        predicted = laws.later_global_move(ladder.top.latents)
        yield from ladder.limit("Φ_1(T*) - Φ_1(T_1)", end - before, predicted)
        judged = ladder.judged
        events = (judged.event("switch", "log_t"), judged.event("switch", "phi_global"))
        farthest = [
            float(np.abs(run.phi_global[run.log_t >= log_T] - start).max(initial=0))
            for run, log_T, start in zip(judged.runs, *events, strict=True)
        ]
        at_end = np.abs(end - before)[ladder.low :]
        worst = int(np.argmax(farthest - at_end))
        why = "Φ_1 falls throughout (sign.global), so that it is farthest off at T*"
        name = f"|Φ_1(t) - Φ_1(T_1)| beside that at T*, {ladder.name}"
        yield equal(name, farthest[worst], float(at_end[worst]), INTEGRATION, why)


global_stays.mistake(
    limit_systems.switch, "|α_1| = α_n at half the time", scaled(sp.Rational(1, 2))
)
global_stays.mistake(laws.depth_exponent, "slope off by 0.02", shifted(-0.02))
global_stays.mistake(laws.later_global_move, "move off by a part in 1e5", scaled(1 + 1e-5))
global_stays.mistake(RATES, "α_1 with the wrong sign", spoiled(ALPHA_GLOBAL, -1))


others_small = Claim(
    id="local+.others-small",
    title="Other local areas are not learned",
    statement=r"""$\Delta\ge\Omega(1)$, constant latents: $\max_t|\Phi_{p\to v_m}|
        =\Theta(P^{-(1-\kappa_s)}\log P)$ for $m\notin\{1,n\}$; for $\kappa_c<1$ at the end
        $\Phi_{p\to v_m}=-\rho(\Phi_{p\to v_1}+\Phi_{p\to v_n}+\gamma/z)(1+o(1))$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.global-stays", "local+.own-final", "lemma5.1.other", *REDUCED),
)


@others_small.leg("enclosed")
def others_enclosed(context: Context) -> Iterator[Found]:
    """Φ_m by its law at T*, decided at every rung."""
    law = enclosed_flow.other_at_end
    of = "|Φ_m over its law - 1|"
    yield from enclosed_flow.at_rungs(context, of, law, "local", 1, place=ball_flow.PHI_M)


@others_small.leg("scaling", require=("Δ > 0", "K > 1"))
def others_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_m, largest and last, for one of the many other areas."""
    yield from others_stay_small(context, POSITIVE)


others_small.mistake(enclosed_flow.other_at_end, "0.5 off, enclosed", missed(0.5))
others_small.mistake(ball_flow.Flow.weights, "α_m tenfold", enclosed_flow.spoiled_other(0, 10))
others_small.mistake(
    ball_events.larger_moduli,
    "Φ_m once 1 % larger than at the end",
    lambda right: lambda *given: {place: x * arb("1.01") for place, x in right(*given).items()},
)
others_small.mistake(laws.other_exponent, "exponent off by 0.02", shifted(0.02))
others_small.mistake(
    laws.other_at,
    "own feature left out",
    lambda law: lambda s, x, y: law(s, x, 0 * y),
)
others_small.mistake(RATES, "α_m off by 5 %", spoiled(ALPHA_OTHER, 1.05))


positions_small = Claim(
    id="local+.positions-small",
    title="Position correlations stay small",
    statement=r"""$\Delta\ge\Omega(1)$, constant latents, $\kappa_c<1$: $\max_t|\Upsilon_{p\to q}|$
        is $\Theta(P^{-\kappa_s}\log P)$ for $q$ in the own area, $\Theta(P^{-\kappa_c}\log P)$ in
        the global one, $\Theta(P^{-1}\log P)$ in others; at the end
        $\Upsilon=\Phi_{p\to v_n}/(zC_n)$, $\Phi_{p\to v_1}/(zC_1)$,
        $-(\Phi_{p\to v_1}+\Phi_{p\to v_n})/(zP)$, each times $1+o(1)$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("grad.position", "local+.global-stays", "local+.own-final", *REDUCED),
)


@positions_small.leg("enclosed")
def positions_enclosed(context: Context) -> Iterator[Found]:
    """Υ of the own and of another area by their laws at T*, decided at every rung."""
    for of, law, place in (
        ("|Υ own over its law - 1|", enclosed_flow.own_position_at_end, ball_flow.UPS_N),
        ("|Υ other over its law - 1|", enclosed_flow.other_position_at_end, ball_flow.UPS_M),
    ):
        yield from enclosed_flow.at_rungs(context, of, law, "local", 1, place=place)


@positions_small.leg("scaling", require=("Δ > 0", "K > 1"))
def positions_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Each Υ against its power of P, and against the Φ that it follows."""
    yield from positions_stay_small(context, POSITIVE)


positions_small.mistake(enclosed_flow.own_position_at_end, "0.5 off, enclosed", missed(0.5))
positions_small.mistake(enclosed_flow.other_position_at_end, "0.5 off, enclosed", missed(0.5))
positions_small.mistake(
    ball_flow.Flow.weights,
    "β of another area ten times as large, enclosed",
    enclosed_flow.spoiled_other(3, 10),
)
positions_small.mistake(laws.own_position_exponent, "own exponent off by 0.02", shifted(0.02))
positions_small.mistake(
    laws.global_position_exponent,
    "global exponent off by 0.02",
    shifted(0.02),
)
positions_small.mistake(
    laws.other_position_exponent,
    "other exponent off by 0.02",
    shifted(-0.02),
)
positions_small.mistake(RATES, "β of the own area off by 5 %", spoiled(BETA_OWN, 1.05))


rate = Claim(
    id="local+.rate",
    title="The loss falls like K/(4z²t)",
    statement=r"""$\Delta\ge\Omega(1)$, constant latents: $t\,(L_p-L_p^*)\to K/(4z^2)$, hence
        $T^*(\epsilon)=T_{1/2}+\frac{K}{4z^2\epsilon}(1+o(1))$ as $\epsilon\to0$.""",
    measured=f"at the ε, of the order of ρ, where the second term is {LATE} times the first",
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase2-length", "grad.loss", *REDUCED),
)


@rate.leg("symbolic")
def rate_of_the_limit(context: Context) -> Iterator[Step]:
    """The last phase by A′ = A²(1-A)³."""
    yield from limit_systems.rate_law()


@rate.leg("scaling", require=("Δ > 0", "K > 1"))
def time_to_loss_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T*(ε) against its power and the sum of its two terms."""
    yield from time_to_loss(context, (*POSITIVE[:2], GLOBAL_SHARE))


rate.mistake(limit_systems.growing_drive, "α_n twice as large", scaled(2))
rate.mistake(laws.half_time_exponent, "exponent off by 0.02", shifted(0.02))
rate.mistake(laws.log_tail_time, "constant off by a part in 1e5", shifted(1e-5))
rate.mistake(laws.log_half_time, "T_½ off by a part in 1e5", shifted(1e-5))


CLAIMS = (own_final, global_stays, others_small, positions_small, rate)
