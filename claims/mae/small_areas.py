"""MAE, a query in a local area of few patches: the constants of both phases at every size.

Sources: none; derived here. The laws of `laws` take C_s for large; it is 6 at κ_s = 0.02, P = 1e40.
Beside the query its area shows (1-γ)(C_s - 1) patches in the mean, and until T_½ rates are linear
in their number: dΦ_n/dt = (γ/K)z³A_n with A_n = ρ(1 - 1/C_s)e^{zΦ_n+Υ}. Each of the C_s - 1 keys
takes its part of the rate for its own position, dΥ = dΦ_n/(z(C_s - 1)). So with δ = 1/(z²(C_s - 1))
Φ_n grows as if z were z(1+δ) in the exponent: 1 - t/T = e^{-z(1+δ)Φ_n}, while A_1² = K/(2γz⁴t) as
ever. The global area is so large that its keys' positions do nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import sympy as sp
from flint import arb

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae import enclosed_counts, laws
from refutable.claims.mae.enclosed_flow import Found, Shares, between, moment, where_decided
from refutable.claims.mae.ladders import DYNAMICS, LOSS_GAP, REDUCED, top_of
from refutable.claims.runs import next_order
from refutable.claims.runs.plants import ALPHA_OWN, BETA_OWN, RATES, scaled, spoiled
from refutable.gap import Gap, at_most
from refutable.model import reduced
from refutable.model.ball_events import ends
from refutable.model.setting import Setting, power_of_ten
from refutable.model.trajectory import Trajectory
from refutable.prove import symbolic
from refutable.prove.balls import ball, precise
from refutable.reuse import shared

DELAY = 10
"""Allowed to the laws over √ρ. W_1 ~ √(ρ/2s) in S delays T* by √(2ρ), T_1 by 3√(2ρ/3) = 2.4√ρ, the
terms next to A_1² at T_1 cancel: chosen four times as large, and 1e-5 at P = 1e12 where the laws
for large areas are 20 % off."""

small_areas = Claim(
    id="local.small-areas",
    title="Few patches in a local area: both phases at every size",
    statement=r"""Constant latents, $\Delta>0$, $C_s\ge2$ fixed, $\delta=1/(z^2(C_s-1))$,
        $P\to\infty$: $T^*(\epsilon)\cdot\gamma\rho' z^4/K\to\frac{C_s}{C_s-1+1/z^2}$,
        $T^*(\epsilon)/T_1\to\frac{3+\delta}{1+\delta}$ and
        $z(1+\delta)\Phi_{p\to v_n}(T_1)\to\ln\frac{3+\delta}2$: the laws for large $C_s$ carry a
        relative correction of order $1/C_s=P^{-\kappa_s}$.""",
    measured="C_s = 2 to 100 on ladders of P up to 1e100, ε = 1e-3; in balls at P = 1e12, within "
    f"{DELAY}√ρ. T_½ is T* there up to a relative 1/(Pε), where it comes: with two patches half of "
    "the masks hide the other one",
    provenance=Provenance.SHARPENED,
    assumptions=(*DYNAMICS, "gap bounded away from 0"),
    rests_on=("local+.phase1-length", "local+.phase2-length", "local+.own-at-switch", *REDUCED),
)


def stiffening(z: sp.Expr, C_s: sp.Expr) -> sp.Expr:
    """δ: what the positions of the own keys add to the exponent, relative."""
    return 1 / (z**2 * (C_s - 1))


def half_time(z: sp.Expr, C_s: sp.Expr) -> sp.Expr:
    """T_½·γρ′z⁴/K."""
    return C_s / (C_s - 1 + 1 / z**2)


def phases(delta: sp.Expr) -> sp.Expr:
    """T_½/T_1."""
    return (3 + delta) / (1 + delta)


def odds_at_switch(delta: sp.Expr) -> sp.Expr:
    """e^{z(1+δ)Φ_n} at T_1."""
    return (3 + delta) / 2


@small_areas.leg("symbolic")
def leading_order_is_solved(context: Context) -> Iterator[Gap]:
    """The equations of the growth, in time s = tγρ′/K, for every C_s and z."""
    z, s, C = sp.symbols("z s C", positive=True)
    x = sp.Symbol("x", positive=True)  # C_s - 1
    delta, S = stiffening(z, x + 1), half_time(z, x + 1) / z**4
    phi = -sp.log(1 - s / S) / (z * (1 + delta))
    own = x / (x + 1) * sp.exp(phi * z * (1 + delta))  # A_n/ρ′; Υ = Φ_n/(z x)
    why = "A_n = ρ′(1 - 1/C_s)e^{zΦ_n+Υ}, Υ = Φ_n/(z(C_s - 1))"
    yield symbolic.identity("exponent", z + 1 / (z * x), z * (1 + delta), why)
    yield symbolic.identity("dΦ_n/ds", phi.diff(s), z**3 * own, why)
    crossing = S / phases(delta)
    given_up = 1 / (2 * z**4 * crossing)  # A_1²/ρ′
    yield symbolic.identity(
        "A_1² = A_n where T_½/T_1 has its value", given_up, own.subs(s, crossing), "|α_1| = α_n"
    )
    at_switch = sp.exp(z * (1 + delta) * phi.subs(s, crossing))
    yield symbolic.identity("e^{z(1+δ)Φ_n} there", at_switch, odds_at_switch(delta), "put in")
    for name, law, limit in (
        ("T_½·γρ′z⁴/K", half_time(z, C), 1),
        ("T_½/T_1", phases(stiffening(z, C)), 3),
        ("e^{zΦ_n(T_1)}", odds_at_switch(stiffening(z, C)), sp.Rational(3, 2)),
    ):
        found = sp.limit(law, C, sp.oo)
        yield symbolic.identity(f"{name} for large C_s", found, sp.sympify(limit), "local+.*")


KAPPA_S = 0.001
"""The smallest exponent of a local area; C_s is set by its constant."""
TOPS = (
    (top_of(0.85, KAPPA_S), (2, 6, 30)),
    (top_of(0.75, KAPPA_S, 1.5, gamma=0.7, K=2), (3, 12)),
    (top_of(0.8, KAPPA_S, 0.7, gamma=0.25), (2, 8, 100)),
)


@shared.run_once
def run_at(top: Setting, C_s: int, ten: float) -> Trajectory:
    """The reduced run at P = 10^ten with areas of so many patches."""
    P = power_of_ten(ten)
    return reduced.mae(
        top.replace(P=P, c_s=C_s / math.exp(KAPPA_S * math.log(P))), "local", loss_gap=LOSS_GAP
    )


@small_areas.leg(
    "scaling",
    require=dict.fromkeys(("z ≠ 1", "γ ≠ ½", "z = 1"), ("T[*]·*", "T[*]/T_1*", "z(1+δ)Φ_n*")),
)
def phases_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Both times and Φ_n at the switch, C_s held fixed while P grows."""
    tens = scaling.rungs(30, 100, context.at(quick=6, full=12))
    for top, sizes in context.at(quick=TOPS[:2], full=TOPS):
        z = top.latents.L
        yield Case(("z = 1",) if z == 1 else ("z ≠ 1", "γ ≠ ½"))
        order = -min(top.information_gap, 1 - top.kappa_c)
        for C_s in sizes[: context.at(quick=2, full=None)]:
            runs = [run_at(top, C_s, ten) for ten in tens]
            delta = stiffening(z, C_s)
            log_P = [run.setting.log_P for run in runs]
            ends, switches = ([getattr(run, event) for run in runs] for event in ("done", "switch"))
            for name, values, law in (
                (
                    "T*·γρ′z⁴/K",
                    [
                        math.exp(end.log_t - laws.log_half_time(run.setting))
                        for run, end in zip(runs, ends, strict=True)
                    ],
                    half_time(z, C_s),
                ),
                (
                    "T*/T_1",
                    [
                        math.exp(end.log_t - switch.log_t)
                        for end, switch in zip(ends, switches, strict=True)
                    ],
                    phases(delta),
                ),
                (
                    "z(1+δ)Φ_n(T_1)",
                    [z * (1 + delta) * switch.phi_own for switch in switches],
                    math.log(odds_at_switch(delta)),
                ),
            ):
                left, why = next_order.nothing(order, log_P[-1])
                yield from scaling.limit(
                    f"{name}, C_s = {C_s}, z = {z:g}, γ = {top.gamma:g}",
                    log_P,
                    values,
                    float(law),
                    tolerance=left,
                    why=why,
                    x_label="log P",
                )


@small_areas.leg("enclosed", profile="full", require=dict.fromkeys(("z ≠ 1", "z = 1"), "*"))
@where_decided
def phases_in_balls(context: Context) -> Iterator[Found]:
    """Both times and Φ_n at the switch at P = 1e12, all counts of the own area with their chances.

    √ρ is 1e-6, and what A_1 adds beside the leading order is a multiple of it.
    """
    rungs = (enclosed_counts.FOUR, enclosed_counts.THREE)
    yield enclosed_counts.scope(rungs)
    for rung in rungs:
        found, at = enclosed_counts.enclosed(rung), rung.setting
        z, C_s = at.latents.L, at.C_s
        yield Case(("z = 1",) if z == 1 else ("z ≠ 1", "γ ≠ ½"))
        delta = stiffening(sp.Rational(repr(z)), sp.Integer(C_s))
        switch = moment(found.switch)
        with precise():
            shares = Shares.of(at)
            times = [enclosed_counts.log_time(rung, event) for event in (found.done, switch)]
            given_up = shares.rho / (1 - shares.a)
            unit = at.K / (ball(at.gamma) * given_up * ball(z) ** 4)
            law = in_balls(half_time(sp.Rational(repr(z)), sp.Integer(C_s)))
            for name, value, predicted in (
                ("T*·γρ′z⁴/K", times[0].exp() / unit, law),
                ("T*/T_1", (times[0] - times[1]).exp(), in_balls(phases(delta))),
                (
                    "e^{z(1+δ)Φ_n(T_1)}",
                    ((1 + in_balls(delta)) * between(switch.phi_own)).exp(),
                    in_balls(odds_at_switch(delta)),
                ),
            ):
                yield at_most(
                    f"|{name}/its law - 1|, {rung}",
                    ends(abs(value / predicted - 1))[1],
                    ends(DELAY * shares.rho.sqrt())[0],
                    0,
                    f"{DELAY}√ρ, upper end of a ball",
                    certificate=enclosed_counts.certificate(rung),
                )


def in_balls(number: sp.Rational) -> arb:
    """A fraction of SymPy as a ball."""
    return ball(Fraction(int(number.p), int(number.q)))


small_areas.mistake(
    half_time, "the query's own key counted", lambda _: lambda z, C_s: C_s / (C_s + 1 / z**2)
)
small_areas.mistake(phases, "three, as for large areas", lambda _: lambda delta: 3 + 0 * delta)
small_areas.mistake(
    stiffening, "without the latent", lambda _: lambda z, C_s: 1 / (C_s - 1) + 0 * z
)
small_areas.mistake(RATES, "α_n off by 5 %", spoiled(ALPHA_OWN, 1.05))
small_areas.mistake(RATES, "β_n off by 5 %", spoiled(BETA_OWN, 1.05))
small_areas.mistake(half_time, "off by a part in a million", scaled(1 + 1e-6))
small_areas.mistake(phases, "off by a part in a million", scaled(1 + 1e-6))
small_areas.mistake(odds_at_switch, "off by a part in a million", scaled(1 + 1e-6))

CLAIMS = (small_areas,)
