"""MAE, a query in a local area, random latents: how long it takes, whatever their spread.

Sources: none; derived here. ρ′ as in `laws`, log in units of log(1/ρ′), and x = Φ_n/log(1/ρ′).

Samples of a latent z drive Φ_n by z³A(1-A)² with A = ρ′e^{zΦ}/(1 + ρ′e^{zΦ}): as ρ′^{1-zx}
while A is small, x < 1/z, and as ρ′^{2(zx-1)} after that. From x = 1/U on the largest latents are
done and drive less and less, until the smallest take over, which drive as ρ′^{1-Lx}: where both are
equal, x = 3/(L+2U), either is ρ′^r with r = 2(U-L)/(L+2U), and r < 1 whatever U/L is. So nothing is
slower than the start, where all drive as ρ′: time is spent there, T_½ and T*(ε) alike, and adds up
to (K/(γρ′))∫dφ/E[z³e^{zφ}]. An argument that follows only the largest latents takes 2(U/L-1) for r,
what they drive by at x = 1/L, where the smallest are done.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import sympy as sp

from refutable import scaling
from refutable.claim import Case, Claim, Context, Evidence, Provenance, Undecided
from refutable.claims.mae import laws
from refutable.claims.mae.ladders import (
    DYNAMICS,
    LOSS_GAP,
    REDUCED,
    Ladder,
    ladders_at,
    spread_order,
    top_of,
)
from refutable.claims.mae.spread_for_every_size import LOCAL_TIMES, SpreadQuery
from refutable.claims.runs.for_every_size import left_out
from refutable.claims.runs.plants import ALPHA_OWN, RATES, scaled, spoiled
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_most
from refutable.model import reduced
from refutable.model.setting import Latents, Setting, power_of_ten
from refutable.prove.inequality import consistent, proved

spread = Claim(
    id="local.spread-latents",
    title="Random latents: the time is of the order P^(1-κ_s), whatever U/L",
    statement=r"""Every law of latents on $[L,U]$, $L>0$, both signs of $\Delta$, fixed $\epsilon$:
        $T_{1/2}\cdot\gamma\rho'/K$ and $T^*(\epsilon)\cdot\gamma\rho'/K$ tend to
        $\int_0^\infty d\phi/E[z^3e^{z\phi}]$, hence $T^*(\epsilon)=\Theta(P^{1-\kappa_s})$; what
        comes later adds the share $O(\rho'^{3L/(L+2U)})$, slow to vanish where $U/L$ is large.""",
    measured="U/L from 1.2 to 6 with two values or eight, ε = 1e-3, P up to 1e100; in exponents of "
    "ρ′, that no later drive is as small as the first one, for any L < U and any point of the way; "
    "for laws with an atom at L, bounds for every P, with ρ for ρ′, which tends to it for κ_c < 1",
    provenance=Provenance.SHARPENED,
    assumptions=(*DYNAMICS, "gap bounded away from 0"),
    rests_on=("local+.phase2-length", "local-.length", *REDUCED),
)


def largest_exponent(L: sp.Expr, U: sp.Expr) -> sp.Expr:
    """r: the weakest drive between x = 1/U and x = 1/L is ρ′^r."""
    return 2 * (U - L) / (L + 2 * U)


@spread.leg("smt")
def no_later_drive_is_as_weak_as_the_first(context: Context) -> Iterator[Gap | Undecided]:
    """The stronger of both drives is at least ρ′^r, r < 1, everywhere; and no better r will do."""
    L, U, x = sp.symbols("L U x", positive=True)
    told, why = [L < U], "exponents of ρ′; a sum is of the order of its largest term"
    r = largest_exponent(L, U)
    of_largest, of_smallest = 2 * (U * x - 1), 1 - L * x
    yield from consistent("there are spread latents", told, why)
    yield from proved("r < 1", told, r < 1, why)
    yield from proved(
        "one drive is ρ′^r or more", told, sp.Or(of_largest <= r, of_smallest <= r), why
    )
    crossing = sp.Eq(of_largest, of_smallest)
    yield from proved(
        "both are ρ′^r where they are equal", [*told, crossing], sp.Eq(of_smallest, r), why
    )


POSITIVE, NEGATIVE = (0.9, 0.3), (0.6, 0.4)
WIDE, WIDEST = Latents.two_point(0.5, 1.5), Latents.two_point(0.5, 3.0)
TOPS = (
    top_of(*POSITIVE, WIDE, K=2, gamma=0.6),
    top_of(*NEGATIVE, WIDEST),
    top_of(*POSITIVE, WIDEST),
    top_of(*NEGATIVE, Latents.two_point(1.0, 1.2)),
    top_of(*POSITIVE, Latents.uniform(0.5, 1.5, 8)),
)
"""U/L = 3, 6, 6 and 1.2, of two values; and eight values between 1/2 and 3/2."""


def tens(context: Context) -> tuple[float, ...]:
    """Powers of ten: from 1e40, where the widest spread leaves a share of 2e-3."""
    return scaling.rungs(40, 100, context.at(quick=6, full=9))


def ladders(context: Context, tops: Sequence[Setting]) -> Iterator[Ladder]:
    """A ladder for every law, low rungs beside it in the longer profiles."""
    low = context.at(quick=(), full=(4, 8, 15, 25))
    return ladders_at(tops, "local", tens(context), low)


def time_exponent(setting: Setting) -> float:
    """T*(ε) = Θ(P^this), claimed."""
    return 1 - setting.kappa_s


ON_LADDERS = ("T_½*", "T[*](ε)*")


@spread.leg(
    "scaling",
    require={
        **dict.fromkeys((*BOTH_SIGNS, "random latents", "U/L = 6"), ON_LADDERS),
        "within a bound for every P": "|T·*",
        "slow to vanish": "what comes later *",
    },
)
def times_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ and T*(1e-3) against their power and their constant."""
    for ladder in ladders(context, context.at(quick=TOPS[:2], full=TOPS)):
        ratio = ladder.top.latents.U / ladder.top.latents.L
        yield Case((*ladder.case.regimes, f"U/L = {ratio:g}"), ladder.case.label)
        predicted = ladder.predicted(laws.log_half_time)
        moments = {"T_½": ladder.event("half", "log_t"), "T*(ε)": ladder.event("done", "log_t")}
        for name, log_T in moments.items():
            yield from ladder.power(name, log_T, time_exponent(ladder.top))
            yield from ladder.limit(f"{name} over its constant", np.exp(log_T - predicted), 1)
    for kind in LOCAL_TIMES:
        yield from kind.times().inside()
    yield from what_comes_later(context)


SLOW = top_of(*NEGATIVE, Latents.two_point(0.5, 4.0))
"""U/L = 8: what comes later falls like ρ′^0.18, more slowly than all else that is left out."""


def what_comes_later(context: Context) -> Iterator[Gap | Case]:
    """The share that T*(ε) exceeds its constant by, against its power of P."""
    yield Case(("slow to vanish",))
    rungs = [SLOW.replace(P=power_of_ten(ten)) for ten in scaling.rungs(25, 60, 6)]
    runs = [reduced.mae(rung, "local", loss_gap=LOSS_GAP) for rung in rungs]
    shares = [
        math.expm1(run.done.log_t - laws.log_half_time(rung)) if run.done else math.nan
        for run, rung in zip(runs, rungs, strict=True)
    ]
    yield from scaling.power_law(
        "what comes later of T*(ε), U/L = 8",
        [rung.log_P for rung in rungs],
        np.log(shares).tolist(),
        -spread_order(SLOW, "local"),
        x_label="log P",
    )


@spread.leg("enclosed")
def times_for_every_size(context: Context) -> Iterator[Evidence]:
    """T_½ and T*(1e-3) within a bound of their law that falls with P, for all laws of a kind."""
    for kind in LOCAL_TIMES:
        yield kind.times().evidence()


spread.mistake(
    largest_exponent,
    "what the largest latents alone drive by",
    lambda _: lambda L, U: 2 * (U / L - 1),
)
spread.mistake(laws.growth_time, "constant off by a part in 1e5", scaled(1 + 1e-5))
spread.mistake(SpreadQuery.apart, "other keys weigh what they do at Q = 0", left_out)
spread.mistake(time_exponent, "the larger latents set the pace", lambda _: lambda s: followed(s))
spread.mistake(RATES, "α_n off by 5 %", spoiled(ALPHA_OWN, 1.05))
spread.mistake(spread_order, "what comes later vanishes twice as fast", scaled(2))


# ------------------------------------------------------------------------- its refuted first form

first_spread = Claim(
    id="local.spread-latents.original",
    original_of="local.spread-latents",
    title="Refuted: the largest latents' gradient sets the time",
    statement=r"""false: $T^*(\epsilon)$ has exponent $\max\{2(U/L-1),1\}(1-\kappa_s)$ (the
        upper bound that follows the largest latents' gradient alone is tight).""",
    measured="latents 1/2 or 3/2 and 1/2 or 3: the fitted exponent of T*(1e-3)",
    provenance=Provenance.DERIVED,
    assumptions=DYNAMICS,
)


def followed(setting: Setting) -> float:
    """The exponent that follows from the largest latents alone."""
    ratio = setting.latents.U / setting.latents.L
    return max(2 * (ratio - 1), 1.0) * (1 - setting.kappa_s)


@first_spread.leg("scaling", require=BOTH_SIGNS)
def times_are_shorter(context: Context) -> Iterator[Gap | Case]:
    """The fitted exponent lies far below."""
    for ladder in ladders(context, TOPS[:2]):
        yield Case((sign_of(ladder.top),))
        fit = scaling.fit_power(
            ladder.log_P[ladder.low :], ladder.event("done", "log_t")[ladder.low :].tolist()
        )
        yield at_most(
            f"exponent of T*(ε), {ladder.name}",
            fit.exponent + fit.half_width,
            followed(ladder.top) - 0.02,
            0,
            "0.02 below the claim, beyond the 99 % interval of the fit",
        )


first_spread.mistake(followed, "the exponent that is true", lambda _: time_exponent)
first_spread.mistake(
    followed,
    "latents that hardly differ",
    lambda original: lambda s: original(s.replace(latents=Latents.two_point(1.0, 1.2))),
)

CLAIMS = (spread, first_spread)
