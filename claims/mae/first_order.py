"""MAE, areas of finite size: what fluctuating mask counts add to times and correlations, as 1/C_s.

Our own laws. A mask shows u_n patches of the own area beside the query, with mean (1-γ)(C_s - 1)
and variance γ/((1-γ)C_s) of its square. Until A_n is of order 1 rates are linear in u_n, so that
the mean alone counts: one key in C_s is missing. Where A_n = x/(1+x), x ∝ u_n, is averaged, its
curvature in x counts too. All is measured beside a run with every count at its mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae.enclosed_counts import FOUR, NEGATIVE, THREE, FirstOrder
from refutable.claims.mae.enclosed_flow import Found
from refutable.claims.mae.ladders import DYNAMICS
from refutable.claims.runs import plants
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap
from refutable.model import reduced
from refutable.model.reduced import counts
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import Trajectory
from refutable.reuse import shared

LOSS_GAP = 1e-3
RTOL = 1e-11
"""Of the integrator. What ten times as much changes at the top is allowed beside the law: 4e-8 of
C_s times a difference, which is of order 1."""
SIZES = (32, 80, 300, 800, 2700, 8100)
"""C_s on a ladder."""


Moment = Literal["switch", "half", "done"]
What = Literal["log_t", "phi_global", "phi_own"]


class Pair(NamedTuple):
    """Runs of a local query with fluctuating counts and with counts at their mean."""

    fluctuating: Trajectory
    mean: Trajectory

    def moved(self, event: Moment, what: What) -> float:
        """C_s times what the fluctuations add at an event, in z times a correlation or in log t."""
        ours, theirs = (getattr(run, event) for run in self)
        setting = self.mean.setting
        if ours is None or theirs is None:
            return math.nan
        unit = 1.0 if what == "log_t" else setting.latents.L
        return setting.C_s * unit * float(getattr(ours, what) - getattr(theirs, what))


def tops(context: Context) -> tuple[Setting, ...]:
    """Settings of either sign of Δ; every C_s of the ladder is put in.

    P is so large that what falls with it, like exp(zΦ_1(T_1)), is below the next order in 1/C_s; at
    P = 1e12 and γ = 0.8 it is six times as much.
    """
    settings = (
        Setting(P=10**25, kappa_c=0.9, kappa_s=0.3),
        Setting(P=10**25, kappa_c=0.5005, kappa_s=0.3, gamma=0.75),
        Setting(P=10**16, kappa_c=0.9, kappa_s=0.3, gamma=0.25, latents=Latents.constant(1.5)),
        Setting(P=10**20, kappa_c=0.93, kappa_s=0.3, gamma=0.8, K=3),
    )
    return context.at(quick=settings[:2], full=settings)


@shared.run_once
def pair(top: Setting, C_s: int, rtol: float = RTOL) -> Pair:
    """Both runs, in areas of this size."""
    rung = top.replace(c_s=C_s / top.P**top.kappa_s)
    assert rung.C_s == C_s
    return Pair(
        reduced.mae(rung, "local", loss_gap=LOSS_GAP, rtol=rtol),
        reduced.mae(rung, "local", loss_gap=LOSS_GAP, rtol=rtol, counts="mean"),
    )


def on_ladder(
    top: Setting, name: str, event: Moment, what: What, predicted: float, next_order: float
) -> Iterator[Gap]:
    """C_s times what is moved at an event tends to its law, up to next_order/C_s."""
    values = [pair(top, C_s).moved(event, what) for C_s in SIZES]
    rounded = abs(pair(top, SIZES[-1], 10 * RTOL).moved(event, what) - values[-1])
    allowed = 2 * next_order / SIZES[-1] + rounded
    yield from scaling.limit(
        f"C_s·{name}, P = {top.P:.0e}, γ = {top.gamma:g}, z = {top.latents.L:g}, {sign_of(top)}",
        [math.log(C_s) for C_s in SIZES],
        values,
        predicted,
        tolerance=allowed,
        why=f"twice the next order, {next_order:.2g}/C_s at {SIZES[-1]}, and what ten times the "
        "tolerance of the integrator changes",
        x_label="log C_s",
    )


def first_order(id: str, title: str, statement: str) -> Claim:
    """A law of first order in 1/C_s."""
    return Claim(
        id=id,
        title=title,
        statement=statement,
        measured="reduced dynamics with fluctuating counts less those with counts at their mean, "
        f"C_s = {SIZES[0]} to {SIZES[-1]} at P = 1e16 to 1e25",
        provenance=Provenance.SHARPENED,
        assumptions=DYNAMICS,
        rests_on=("tier.reduced", "mask.moments"),
    )


def visible_variance(setting: Setting) -> float:
    """γ/(1-γ): C_s times the variance of u_n relative to its mean squared."""
    return setting.gamma / (1 - setting.gamma)


times = first_order(
    "finite-size.times",
    "Both times grow by 1/C_s: the query itself is no visible key",
    r"C_s\,\bigl(T/T^{\mathrm{mean}}-1\bigr)\to1\quad\text{for }T_1\ (\Delta>0)\text{ and }T_{1/2}",
)


NEXT_ORDER_OF_TIMES = 0.5
"""Largest modulus, z ≥ 1, of what stands over C_s next: by local.small-areas, at C_s beside its
limit, ½ - 1/z² for T_½, ½ - 1/(3z²) for T_1; for Φ_1 at T_½ half of the former."""


def time_shift() -> float:
    """C_s(T/T_mean - 1), of T_1 and of T_½."""
    return 1.0


@times.leg("scaling", require={"Δ > 0": ("*T_1*", "*T_½*"), "Δ < 0": "*T_½*"})
def times_on_a_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_1 and T_½ against C_s."""
    for top in tops(context):
        yield Case((sign_of(top),))
        events: dict[str, Moment] = {"log(T_½/T_½ mean)": "half"}
        if top.information_gap > 0:
            events = {"log(T_1/T_1 mean)": "switch", **events}
        for name, event in events.items():
            yield from on_ladder(top, name, event, "log_t", time_shift(), NEXT_ORDER_OF_TIMES)


@times.leg("enclosed", profile="full", require={"Δ > 0": ("*T_1*", "*T_½*"), "Δ < 0": "*T_½*"})
def times_enclosed(context: Context) -> Iterator[Found]:
    """T_1 and T_½ with C_s of 3 and 4, in balls."""
    law = FirstOrder(
        "log(T/T mean)",
        ("switch", "half"),
        lambda shift: shift.log_time,
        lambda _: time_shift(),
        lambda _: NEXT_ORDER_OF_TIMES,
        "the next order, from C_s = 3 on; both ends of a ball",
    )
    yield from law.at_rungs((FOUR, THREE, NEGATIVE))


times.mistake(time_shift, "a thousandth more", plants.scaled(1.001))
times.mistake(
    counts.visible_counts,
    "the query counted among the keys of its area",
    lambda original: lambda setting, areas: original(setting, areas._replace(own=areas.own + 1)),
)

depth = first_order(
    "finite-size.depth",
    "The global feature is given up for longer: Φ_1 at T_½ lies lower by 1/(2C_s)",
    r"\Delta>0:\ C_s\,z\,\bigl(\Phi_1(T_{1/2})-\Phi_1^{\mathrm{mean}}(T_{1/2})\bigr)\to-\tfrac12",
)


def depth_shift() -> float:
    """C_s·zΔΦ_1(T_½): e^{-2zΦ_1} grows like t, which is longer by 1/C_s."""
    return -0.5


@depth.leg("scaling", require=("Δ > 0",))
def depth_on_a_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_1 at T_½ against C_s."""
    for top in tops(context):
        if top.information_gap > 0:
            yield Case((sign_of(top),))
            yield from on_ladder(
                top, "zΔΦ_1(T_½)", "half", "phi_global", depth_shift(), NEXT_ORDER_OF_TIMES
            )


@depth.leg("enclosed", profile="full", require=("Δ > 0",))
def depth_enclosed(context: Context) -> Iterator[Found]:
    """Φ_1 at T_½ with C_s of 3 and 4, in balls."""
    law = FirstOrder(
        "zΔΦ_1",
        ("half",),
        lambda shift: shift.phi_global,
        lambda _: depth_shift(),
        lambda _: NEXT_ORDER_OF_TIMES / 2,
        "half of the next order of T_½, as e^{-2zΦ_1} grows like t; both ends of a ball",
    )
    yield from law.at_rungs((FOUR, THREE))


depth.mistake(depth_shift, "a thousandth more than half of it", plants.scaled(1.001))
depth.mistake(depth_shift, "a wrong sign", plants.scaled(-1))

own_at_half = first_order(
    "finite-size.own-at-half",
    "Φ_n at T_½ makes up for the missing key and for the spread of the visible ones",
    r"C_s\,z\,\bigl(\Phi_n(T_{1/2})-\Phi_n^{\mathrm{mean}}(T_{1/2})\bigr)"
    r"\to1+\frac{\gamma}{2(1-\gamma)}",
)


def own_shift_at_half(setting: Setting) -> float:
    """C_s·zΔΦ_n(T_½): E x/(1+x) = ½ moves log x by half of the variance of x."""
    return 1 + visible_variance(setting) / 2


def next_order_of_own(setting: Setting) -> float:
    """What Υ_n = Φ_n/(z(C_s - 1)) in place of Φ_n/(z·C_s) takes off zΦ_n: zΦ_n/z² over C_s².

    zΦ_n is log P/((1-γ)C_s) at T_½, here in the largest area. The square of the visible variance
    comes in beside it, at γ = 0.8 by up to as much.
    """
    largest = (1 - setting.gamma) * SIZES[-1]
    return (setting.log_P - math.log(largest)) / setting.latents.L**2


@own_at_half.leg("scaling", require=BOTH_SIGNS)
def own_at_half_on_a_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_n at T_½ against C_s."""
    for top in tops(context):
        yield Case((sign_of(top),))
        yield from on_ladder(
            top,
            "zΔΦ_n(T_½)",
            "half",
            "phi_own",
            own_shift_at_half(top),
            next_order_of_own(top),
        )


def next_order_of_weight(setting: Setting) -> float:
    """What C_s times the shift of log x leaves over C_s, x = e^{zΦ_n+Υ_n} times the share.

    E x/(1+x) = ½ at log Ex = v/2 + v²/2 - μ_3/4, v and μ_3 the relative variance and third moment:
    V/(C_s-1) and V(2γ-1)/(1-γ)/C_s², V = γ/(1-γ). The missing key adds -log(1 - 1/C_s).
    """
    V = visible_variance(setting)
    skew = V * (2 * setting.gamma - 1) / (1 - setting.gamma)
    return 0.5 + V / 2 + V**2 / 2 - skew / 4


@own_at_half.leg("enclosed", profile="full", require=BOTH_SIGNS)
def own_at_half_enclosed(context: Context) -> Iterator[Found]:
    """Weight of an own key, zΦ_n + Υ_n, at T_½ with C_s of 3 and 4, in balls.

    Υ_n moves by the second order, which log P makes large where Φ_n is read alone.
    """
    law = FirstOrder(
        "Δ(zΦ_n + Υ_n)",
        ("half",),
        lambda shift: shift.log_own_weight,
        own_shift_at_half,
        lambda setting: 2 * next_order_of_weight(setting),
        "twice the next order, as C_s is 3 or 4; both ends of a ball",
    )
    yield from law.at_rungs((FOUR, THREE, NEGATIVE))


own_at_half.mistake(visible_variance, "no spread of the visible ones", plants.scaled(0))
own_at_half.mistake(visible_variance, "masked and visible share swapped", lambda _: _swapped)
own_at_half.mistake(
    counts.own_counts,
    "the own area always shows its mean",
    plants.at_its_mean,
)


def _swapped(setting: Setting) -> float:
    return (1 - setting.gamma) / setting.gamma + 1


own_at_end = first_order(
    "finite-size.own-at-loss-gap",
    "Φ_n at a loss gap makes up for the spread by 3/2 of the own attention",
    r"C_s\,z\,\bigl(\Phi_n(T^*)-\Phi_n^{\mathrm{mean}}(T^*)\bigr)"
    r"\to1+\frac{3A}{2}\frac{\gamma}{1-\gamma},\quad A=A_n(T^*)",
)


def own_shift_at_end(setting: Setting) -> float:
    """C_s·zΔΦ_n(T*): E(1+x)^-2 keeps its value when log x moves by 3A/2 times the variance."""
    return 1 + 1.5 * attention_at_end(setting) * visible_variance(setting)


def attention_at_end(setting: Setting) -> float:
    """A_n at the loss gap ε = ½γz²(1-A_n)²."""
    return 1 - math.sqrt(2 * LOSS_GAP / setting.gamma) / setting.latents.L


@own_at_end.leg("scaling", require=BOTH_SIGNS)
def own_at_end_on_a_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_n at the loss gap against C_s."""
    for top in tops(context):
        yield Case((sign_of(top),))
        yield from on_ladder(
            top,
            "zΔΦ_n(T*)",
            "done",
            "phi_own",
            own_shift_at_end(top),
            next_order_of_own(top),
        )


own_at_end.mistake(attention_at_end, "an attention of one half", lambda _: lambda setting: 0.5)
own_at_end.mistake(visible_variance, "no spread of the visible ones", plants.scaled(0))

CLAIMS = (times, depth, own_at_half, own_at_end)
