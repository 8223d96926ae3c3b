"""MAE at given P: the reduced flow is enclosed, step by step, from P = 1e3 on.

Sources: none; derived here for constant latents and counts at their mean. `model.ball_flow`
encloses the flow, `model.ball_events` decides its events. What bounds for every P say from 1e12 on
is decided here at rungs below, and floats of the reduced dynamics are held to what is decided.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from refutable.certificate import Certificate
from refutable.claim import Case, Claim, Context, Evidence, Provenance, Undecided
from refutable.claims.mae import counts_script, flow_script, ladders
from refutable.claims.mae.ladders import DYNAMICS, LOSS_GAP, NEGATIVE, POSITIVE, top_of
from refutable.claims.runs.latex import scientific
from refutable.claims.runs.next_order import INTEGRATION
from refutable.claims.runs.plants import late
from refutable.claims.runs.regimes import sign_of
from refutable.gap import Gap, at_most, identical
from refutable.model import ball_events, ball_flow, reduced
from refutable.model.ball_events import EVENTS, Enclosure, Ends, Moment, ends
from refutable.model.ball_flow import NotEnclosedError
from refutable.model.ball_fluctuating import MeanFlow
from refutable.model.setting import Latents, Setting, power_of_ten
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.prove.balls import ball, precise
from refutable.reuse import shared

GLOBAL = (top_of(0.75, 0.3), top_of(0.6, 0.4, 1.5, gamma=0.75, K=3, c_1=2.0, c_s=0.5))
TOPS: dict[tuple[QueryKind, int], tuple[Setting, ...]] = {
    ("local", 1): POSITIVE[:2],
    ("local", -1): NEGATIVE[1::-1],
    ("global", 0): GLOBAL,
}
"""Settings of the ladders, by query and by the sign of the gap that is meant (0: either)."""
Found = Gap | Case | Evidence | Undecided
"""What legs on enclosed flows yield."""
SHARE = Fraction(1, 8)
"""Of log(P)·P^order, by which a law may be off at a rung: measured, and no bound. At most 0.107 is
met, at P = 1e3, by Υ of another area at a positive gap. What is proved for every P has bounds."""


def tens(context: Context) -> tuple[int, ...]:
    """The powers of ten of the rungs."""
    return context.at(quick=(3,), full=(3, 4, 6, 8, 12, 25), deep=(3, 4, 6, 8, 12, 25, 50, 100))


@shared.run_once
def enclosed(rung: Setting, query: QueryKind) -> Enclosure:
    """The flow of a setting from Q = 0 to the loss gap, decided."""
    try:
        return ball_events.enclose(rung, query, Fraction(repr(LOSS_GAP)))
    except NotEnclosedError as problem:
        raise NotEnclosedError(f"{name_of(rung, query)}: {problem}") from problem


def rungs(
    context: Context, query: QueryKind, sign: int
) -> Iterator[tuple[Setting, Setting, Enclosure]]:
    """Top of the ladder, setting and enclosure at every rung."""
    for top in TOPS[query, sign][: context.at(quick=1, full=2)]:
        for ten in tens(context):
            rung = top.replace(P=power_of_ten(ten))
            yield top, rung, enclosed(rung, query)


def where_decided(leg: Callable[..., Iterator[Found]]) -> Callable[..., Iterator[Found]]:
    """A leg that says so, and is not broken, where balls decide nothing."""

    @functools.wraps(leg)
    def asked(*given: Any, **named: Any) -> Iterator[Found]:
        try:
            yield from leg(*given, **named)
        except NotEnclosedError as problem:
            yield Undecided("the flow, enclosed", str(problem))

    return asked


def certificate(rung: Setting, query: QueryKind, found: Enclosure) -> Certificate:
    """How the flow was enclosed, with a file that holds its path."""
    return flow_script.certificate(rung, query, Fraction(repr(LOSS_GAP)), found)


def scope(context: Context) -> Evidence:
    """What is covered, in words."""
    reached = ", ".join(f"1e{ten}" for ten in tens(context))
    return Evidence(gaps=(), cases=0, scope=f"the reduced flow with mean counts at P = {reached}")


def case_of(rung: Setting) -> Case:
    """The regimes that a rung counts for."""
    return Case((sign_of(rung), *(("K > 1",) if rung.K > 1 else ())))


def name_of(rung: Setting, query: QueryKind) -> str:
    """What tells a rung from others."""
    z, kappas = rung.latents.L, f"({rung.kappa_c:g}, {rung.kappa_s:g})"
    return f"{query} query, P = {rung.P:.0e}, κ = {kappas}, γ = {rung.gamma:g}, z = {z:g}"


# ------------------------------------------------------------------------------- laws, at rungs


@dataclass(frozen=True)
class Shares:
    """A setting, and its a and ρ, exact."""

    rung: Setting
    a: arb
    rho: arb

    @classmethod
    def of(cls, rung: Setting) -> Shares:
        """(1-γ)C_1/P and (1-γ)C_s/P."""
        visible = 1 - ball(rung.gamma)
        a, rho = (visible * ball(Fraction(size, rung.P)) for size in (rung.C_1, rung.C_s))
        return cls(rung, a, rho)

    @property
    def z2(self) -> arb:
        """z², by which Υ is slower than zΦ."""
        return ball(self.rung.latents.L) ** 2


def between(found: Ends) -> arb:
    """The ball of two ends."""
    low, high = map(ball, found)
    return low.union(high)


def moment(found: Moment | None) -> Moment:
    """An event that must have come. ValueError when it has not."""
    if found is None:
        raise ValueError("an event of the flow has not come")
    return found


def switch_time(at: Shares, found: Enclosure) -> arb:
    """T_1·3γρ′z⁴/K - 1."""
    return 3 * between(moment(found.switch).time) / (1 - at.a) - 1


def half_time_given_up(at: Shares, found: Enclosure) -> arb:
    """T_½·γρ′z⁴/K - 1."""
    return between(found.half.time) / (1 - at.a) - 1


def half_time(_: Shares, found: Enclosure) -> arb:
    """T_½·γρz⁴/K - 1, ρ the share of the query's own area."""
    return between(found.half.time) - 1


def half_time_at_any_share(at: Shares, found: Enclosure) -> arb:
    """T_½γz⁴/K over F(½) - F(a), less 1, of a global query; F′ = A^-2(1-A)^-3."""

    def travel(A: arb) -> arb:
        return -1 / A + 3 * (A / (1 - A)).log() + 2 / (1 - A) + 1 / (2 * (1 - A) ** 2)

    return between(found.half.time) / (at.a * (travel(arb("0.5")) - travel(at.a))) - 1


def own_at_switch(_: Shares, found: Enclosure) -> arb:
    """The difference of zΦ_n(T_1) and ln(3/2)."""
    return between(moment(found.switch).phi_own) - arb("1.5").log()


def depth_at_switch(at: Shares, found: Enclosure) -> arb:
    """The difference of zΦ_1(T_1) and -½log(2a²/(3ρ(1-a)))."""
    law = (2 * at.a**2 / (3 * at.rho * (1 - at.a))).log() / 2
    return between(moment(found.switch).phi_global) + law


def depth_at_half(at: Shares, found: Enclosure) -> arb:
    """The difference of -2zΦ_1(T_½) and log(1 + 2a²/ρ)."""
    return -2 * between(found.half.phi_global) - (1 + 2 * at.a**2 / at.rho).log()


def other_at_end(at: Shares, found: Enclosure) -> arb:
    """Φ_m/(-ρ(Φ_1 + Φ_n + γ/z)) - 1 of a local query at T*."""
    end = found.done
    moved = between(end.phi_global) + between(end.phi_own) + ball(at.rung.gamma)
    return between(end.phi_other) / (-at.rho * moved) - 1


def own_position_at_end(at: Shares, found: Enclosure) -> arb:
    """Υ of the own area over Φ_n/(zC_n), less 1, of a local query at T*."""
    end = found.done
    return between(end.upsilon_own) * at.z2 * at.rung.C_s / between(end.phi_own) - 1


def other_position_at_end(at: Shares, found: Enclosure) -> arb:
    """Υ of another area over -(Φ_1 + Φ_n)/(zP), less 1, of a local query at T*."""
    end = found.done
    moved = between(end.phi_global) + between(end.phi_own)
    return between(end.upsilon_other) * at.z2 * at.rung.P / -moved - 1


def other_of_global(at: Shares, found: Enclosure) -> arb:
    """Φ_m/(-ρΦ_1/(1-a)) - 1 of a global query at T*."""
    end = found.done
    return between(end.phi_other) * (1 - at.a) / (-at.rho * between(end.phi_own)) - 1


def own_position_of_global(at: Shares, found: Enclosure) -> arb:
    """Υ of the own area over Φ_1(1 - (γC_1/P)/(1-a))/(zC_1), less 1, of a global query at T*."""
    end, hidden = found.done, ball(at.rung.gamma) * ball(Fraction(at.rung.C_1, at.rung.P))
    law = between(end.phi_own) * (1 - hidden / (1 - at.a)) / (at.z2 * at.rung.C_1)
    return between(end.upsilon_own) / law - 1


def other_position_of_global(at: Shares, found: Enclosure) -> arb:
    """Υ of another area over -Φ_1/((1-a)zP), less 1, of a global query at T*."""
    end = found.done
    law = -between(end.phi_own) / (at.z2 * at.rung.P * (1 - at.a))
    return between(end.upsilon_other) / law - 1


Law = Callable[[Shares, Enclosure], arb]
WIDTH = Fraction(1, 10**8)
"""Allowed to balls at T*, relative: they are to hold nine digits or more there."""


@where_decided
def at_rungs(
    context: Context,
    of: str,
    law: Law,
    query: QueryKind,
    sign: int,
    next_order: Callable[[Setting, QueryKind], float] = ladders.next_order,
    place: int | None = None,
) -> Iterator[Found]:
    """How far a law is off at every rung, decided. next_order: the power of P of what it leaves.

    place: in a state, of what stays small, of which also that its modulus is largest at T*, so that
    the law there is that of max_t.
    """
    yield scope(context)
    for top, rung, found in rungs(context, query, sign):
        yield case_of(rung)
        with precise():
            off = ends(abs(law(Shares.of(rung), found)))[1]
            order, log_P = next_order(top, query), arb(rung.P).log()
            allowed = ends(ball(SHARE) * log_P * (ball(order) * log_P).exp())[0]
        yield at_most(
            f"{of}, {name_of(rung, query)}",
            off,
            allowed,
            0,
            f"upper end of a ball, against {SHARE}·log(P)·P^{order:.2g}",
            certificate=certificate(rung, query, found),
        )
        if place is not None:
            with precise():
                ever, end = between(found.largest[place]), between(found.states["done"][place])
                over = ends(ever / abs(end) - 1)[1]
            name = f"largest modulus over that at T*, less 1: {of}, {name_of(rung, query)}"
            yield at_most(name, over, WIDTH, 0, "upper end of a ball, by slopes of one sign")


def missed(by: float) -> Callable[[Law], Law]:
    """Plant a law that flows miss by so much more, one way or the other."""

    def plant(original: Law) -> Law:
        def law(at: Shares, found: Enclosure) -> arb:
            off = original(at, found)
            return off + by if off > 0 else off - by

        return law

    return plant


def spoiled_other(number: int, by: float) -> Callable[[Any], Any]:
    """Plant an enclosed flow in which the rate of Φ_m, Υ_1, Υ_n or Υ_m (0 to 3) is off."""

    def changed(others: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(x * arb(by) if i == number else x for i, x in enumerate(others))

    return _changed("others", changed)


def spoiled(part: str, by: float) -> Callable[[Any], Any]:
    """Plant enclosed rates of which one part is off by a factor."""
    return _changed(part, lambda right: right * arb(by))


def _changed(part: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def plant(original: Any) -> Any:
        def weights(*given: Any) -> Any:
            right = original(*given)
            return dataclasses.replace(right, **{part: change(getattr(right, part))})

        return weights

    return plant


# ------------------------------------------------------------- floats, held to what is decided

INTEGRATED = INTEGRATION / 20
"""Allowed to floats, 1.5e-8, as the statement says: a finding, and no bound. The ladders' laws
allow the errors of 300 steps, each accurate to 1e-9, to add up; when their signs are as good as
independent they come to √300·1e-9 = 1.7e-8. At most 5e-9 is met."""

enclosure = Claim(
    id="tier.enclosure",
    title="The reduced dynamics are integrated as exactly as ladders take for granted",
    statement=rf"""Counts at their mean:
        $\log T_1,\ \log T_{{1/2}},\ \log T^*$, $z\Phi_{{p\to v_n}}$ and $z\Phi_{{p\to v_1}}$ there
        are known to ${scientific(INTEGRATED)}$ by the reduced dynamics, for a local query at either
        sign of $\Delta$ and a global one.""",
    measured="floats against balls in which the exact flow was enclosed, at rungs from P = 1e3 on; "
    "random latents, of two values, at P = 1e3 and 1e4 with the longer profiles, z the larger one",
    provenance=Provenance.DERIVED,
    assumptions=DYNAMICS,
    rests_on=("tier.mean-counts",),
)


@shared.run_once
def in_floats(rung: Setting, query: QueryKind) -> Trajectory:
    """The same run by the reduced dynamics."""
    return reduced.mae(rung, query, loss_gap=LOSS_GAP, counts="mean")


def log_time(rung: Setting, query: QueryKind, found: Moment) -> arb:
    """Log t of an event."""
    own = Shares.of(rung).rho if query == "local" else Shares.of(rung).a
    return (
        between(found.time) * rung.K / (ball(rung.gamma) * own * ball(rung.latents.L) ** 4)
    ).log()


@enclosure.leg("enclosed", require=dict.fromkeys(("Δ > 0", "Δ < 0", "K > 1"), "log T_½ off, *"))
@where_decided
def floats_against_balls(context: Context) -> Iterator[Found]:
    """Every event of every rung: when it comes, and Φ_n and Φ_1 there."""
    yield scope(context)
    for query, sign in TOPS:
        for _, rung, exact in rungs(context, query, sign):
            yield case_of(rung)
            yield from floats_off(
                name_of(rung, query),
                ball(rung.latents.L),
                exact,
                in_floats(rung, query),
                functools.partial(log_time, rung, query),
                certificate(rung, query, exact),
            )
    for query, top in RANDOM.items():
        for ten in context.at(quick=(), full=(3,), deep=(3, 4)):
            yield from of_random(top.replace(P=power_of_ten(ten)), query)


RANDOM: dict[QueryKind, Setting] = {
    "local": top_of(0.6, 0.4, Latents.two_point(1.0, 1.5), K=2),
    "global": top_of(0.8, 0.3, Latents.two_point(1.0, 1.5)),
}
"""At a positive gap balls of a local query are wider than 1.5e-8 when the loss gap is reached."""


def of_random(rung: Setting, query: QueryKind) -> Iterator[Found]:
    """Every event, latents random."""
    yield Case((sign_of(rung), "random latents"))
    gap, U = Fraction(repr(LOSS_GAP)), ball(rung.latents.U)
    exact = ball_events.enclose(rung, query, gap, MeanFlow)
    yield from floats_off(
        f"random latents, {name_of(rung, query)}",
        U,
        exact,
        in_floats(rung, query),
        # In units of the largest latent, not of the smallest.
        lambda found: log_time(rung, query, found) + 4 * (ball(rung.latents.L) / U).log(),
        counts_script.certificate(rung, query, gap, exact, mean=True),
    )


def floats_off(
    name: str,
    z: arb,
    exact: Enclosure,
    run: Trajectory,
    log_t: Callable[[Moment], arb],
    proof: Certificate,
) -> Iterator[Gap]:
    """Of every event: whether floats see it come as balls do, and how far they are off there."""
    for event, called in EVENTS.items():
        decided, seen = getattr(exact, event), getattr(run, event)
        yield identical(
            f"{called} comes, {name}",
            seen is not None,
            decided is not None,
            "decided",
            certificate=proof if event == "half" else None,
        )
        if decided is None or seen is None:
            continue
        with precise():
            for what, value, held in (
                (f"log {called}", arb(seen.log_t), log_t(decided)),
                (f"zΦ_n({called})", z * arb(seen.phi_own), between(decided.phi_own)),
                (f"zΦ_1({called})", z * arb(seen.phi_global), between(decided.phi_global)),
            ):
                yield at_most(
                    f"{what} off, {name}",
                    ends(abs(value - held))[1],
                    Fraction(repr(INTEGRATED)),
                    0,
                    "the farthest end of the ball; both are exact numbers",
                )


enclosure.mistake(ball_flow.Flow.weights, "α_1 off by 1e-6", spoiled("pushed", 1 + 1e-6))
enclosure.mistake(ball_flow.Flow.weights, "S off by 1e-6", spoiled("S", 1 + 1e-6))
enclosure.mistake(
    ball_events.short_of_half, "T_½ at A_n = 0.51", lambda right: lambda w: right(w) + 0.04
)
enclosure.mistake(in_floats, "T_½ 4e-8 late", late("half", 4e-8))
enclosure.mistake(
    in_floats,
    "runs of the fluctuating dynamics",
    lambda _: lambda rung, query: reduced.mae(rung, query, loss_gap=LOSS_GAP),
)

CLAIMS = (enclosure,)
