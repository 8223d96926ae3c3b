"""Theorem 4.1: training of the masked autoencoder converges, at every patch.

Source: the theorem's opening, which breaks off at "Then": the range of Δ and the condition
polylog(P) ≫ log(1/ε) are its words, what is concluded and the time T* are ours. Below: the
statement and what it rests on, the time that it predicts, and three checks: reduced dynamics on
ladders of P, bounds for every P from some size on, and models trained by gradient descent.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator

import numpy as np
from flint import arb

from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import ladders
from refutable.claims.mae.for_every_size import bound_of, learned
from refutable.claims.mae.ladders import Ladder
from refutable.claims.runs import exact_descent, for_every_size, masked, plants, training
from refutable.claims.runs.for_every_size import Bounds, Proof
from refutable.claims.runs.masked import EPSILON, TrainedMae
from refutable.claims.runs.noise import FALSE_ALARM, SIGMAS
from refutable.claims.runs.regimes import (
    BOTH_SIGNS,
    QUERIES,
    area_exponent,
    area_size,
    sign_of,
)
from refutable.claims.theorems.ladders import tops_of
from refutable.gap import Gap, at_least, at_most
from refutable.model import ball_descent, reduced
from refutable.model.data import Floats
from refutable.model.setting import Setting, power_of_ten
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.reuse import shared

convergence = Claim(
    id="thm4.1",
    title="MAE training converges",
    statement=(
        r"\Delta\in[-0.5,-\Omega(1)]\cup[\Omega(1),1],\ 0<\epsilon<1,\ "
        r"\operatorname{polylog}(P)\gg\log\tfrac1\epsilon,\ z\text{ constant}:\ "
        r"\text{for every patch } p:\ L_p(Q^{(T^*)}) - L_p^* \le \epsilon,\quad "
        r"T^* = O\big(P^{1-\kappa} + \epsilon^{-1}\big),\ \kappa = \kappa_c \text{ or } \kappa_s"
    ),
    measured=(
        "exponent of T* along ε = P^-power; T*/(K/(γρz⁴) + K/(4z²ε)) → 1 and t·(L_p - L*_p) → "
        "K/(4z²). At a fixed ε the condition on the polylogarithm is met; ε = P^-1.2 has log(1/ε) "
        "= 1.2 log P and lies outside of it for one of first degree: that ladder shows the law of "
        "T* to go on there, which the theorem does not say. In trained models (at P = 64 by torch "
        "on all of Q) every patch within ε at twice that time"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.1",
    assumptions=ladders.WITH_GAP,
    rests_on=(
        "local+.phase2-length",
        "local+.rate",
        "local-.length",
        "local-.rate",
        "global.length",
        "global.rate",
        "loss.lower-bound",
    ),
)


# ------------------------------------------------------------------------------------- prediction


def predicted_time_exponent(setting: Setting, query: QueryKind, power: float) -> float:
    """The power of P in T*(ε) at ε = P^-power: that of P^{1-κ} + 1/ε."""
    return max(1 - area_exponent(setting, query), power)


def predicted_time(setting: Setting, query: QueryKind, epsilon: float) -> float:
    """T*(ε) = K/(γρz⁴) + K/(4z²ε), ρ = (1-γ)C_n/P; constant latents."""
    z, gamma = setting.latents.L, setting.gamma
    share = (1 - gamma) * (area_size(setting, query) / setting.P)
    return setting.K / (gamma * share * z**4) + setting.K / (4 * z**2 * epsilon)


def predicted_rate(setting: Setting) -> float:
    """The limit of t·(L_p - L*_p)."""
    return setting.K / (4 * setting.latents.L**2)


# ------------------------------------------------------------------------- check: ladders of P

POWERS = (0.0, 1.2)
"""ε = P^-power, up to a factor: fixed, where P^{1-κ} decides, and small, where 1/ε does."""


@shared.run_once
def to_small_gap(
    top: Setting, query: QueryKind, tens: tuple[float, ...], power: float
) -> tuple[Trajectory, ...]:
    """A ladder of trajectories, each down to the loss gap P^-power/1000."""
    rungs = (top.replace(P=power_of_ten(ten)) for ten in tens)
    gaps = (ladders.LOSS_GAP * 10.0 ** (-power * ten) for ten in tens)
    return tuple(reduced.mae(s, query, loss_gap=gap) for s, gap in zip(rungs, gaps, strict=True))


def to_small_gap_at(top: Setting, query: QueryKind, power: float, ten: float) -> Trajectory:
    """One of these trajectories."""
    return to_small_gap(top, query, (ten,), power)[0]


REACH = 30
"""A_n/(1 - A_n) up to which T* is followed, where L_p - L*_p = γ/(2·REACH²)."""


def time_bounds() -> Iterator[Bounds]:
    """T* off its law at either sign of the gap, and what bounds it."""

    def off(setting: Setting, run: Trajectory) -> float:
        given_up = (
            (1 - setting.gamma) * setting.C_1 / setting.P if setting.information_gap > 0 else 0.0
        )
        unit = setting.gamma * (1 - setting.gamma) * setting.C_s / setting.P / (1 - given_up)
        return abs(math.expm1(float(run.log_t[-1]) + math.log(unit / setting.K)))

    for sign, name, where, at in (
        (1, "half_time_given_up", for_every_size.POSITIVE, for_every_size.AT_POSITIVE),
        (-1, "half_time_off", for_every_size.NEGATIVE, for_every_size.AT_NEGATIVE),
    ):
        law = "γρ′/K" if sign > 0 else "γρ/K"
        bound = bound_of(name, REACH)
        proof = Proof(f"|T*·{law} - 1| at ε = γ/{2 * REACH**2}", off, bound, 0.1, **where)
        yield Bounds([proof], lambda s: learned(s, "local", REACH), at)


@convergence.leg(
    "scaling",
    require={
        **dict.fromkeys((*BOTH_SIGNS, "ε fixed"), "* query, T[*] at *"),
        "ε = P^-power": ("* query, T[*] at *", "* query, t·gap*"),
    },
)
def times_and_losses_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Time to a loss gap, its power of P and 1/ε, on ladders of reduced trajectories."""
    tens = ladders.tens(context)
    for query in QUERIES:
        for top in tops_of(context, query):
            for power in POWERS:
                if power:
                    low = ladders.where_possible(
                        functools.partial(to_small_gap_at, top, query, power),
                        ladders.low_tens(context),
                    )
                    judged = to_small_gap(top, query, tens, power)
                    ladder = Ladder(top, (*low, *judged), len(low))
                else:
                    ladder = next(ladders.ladders(context, [top], query))
                regimes = ("ε = P^-power",) if power else ("ε fixed",)
                yield Case((*ladder.case.regimes, *regimes), ladder.case.label)
                log_T = ladder.event("done", "log_t")
                name = f"{query} query, T* at ε = P^-{power:g}"
                exponent = predicted_time_exponent(top, query, power)
                yield from ladder.power(name, log_T, exponent)
                epsilon = ladder.final("loss_gap")
                expected = [
                    math.log(predicted_time(rung, query, gap))
                    for rung, gap in zip(ladder.rungs, epsilon, strict=True)
                ]
                yield from ladder.limit(f"{name} over its constant", np.exp(log_T - expected), 1.0)
                if power:
                    limit = predicted_rate(top)
                    yield from ladder.limit(
                        f"{query} query, t·gap", np.exp(log_T) * epsilon / limit, 1.0
                    )
    for bounds in time_bounds():
        yield from bounds.inside()


# ---------------------------------------------------- check: for every P, and exactly at a size


def exact_steps(setting: Setting, query: QueryKind) -> int:
    """Steps of exact gradient descent in the time of this theorem."""
    return math.ceil(CONSTANT * predicted_time(setting, query, EPSILON))


@convergence.leg("enclosed", require=dict.fromkeys(BOTH_SIGNS, "* query, P = *: L_p - L[*]_p *"))
def time_for_every_size(context: Context) -> Iterator[Gap | Case | Evidence]:
    """T* at a fixed ε for every P ≥ 1e12 on a region; L_p - L*_p ≤ ε by exact gradient descent."""
    for bounds in time_bounds():
        yield bounds.evidence()
    sizes = exact_descent.SIZES[: context.at(quick=2, full=4)]
    at = " and ".join(dict.fromkeys(str(setting.P) for setting in sizes))
    yield Evidence(gaps=(), cases=0, scope=f"gradient descent at P = {at}")
    for setting in sizes:
        yield Case((exact_descent.sign_of(setting),))
        for query in QUERIES:
            steps = exact_steps(setting, query)
            name, found = (
                exact_descent.name_of(setting, query),
                exact_descent.proved(setting, query, steps),
            )
            yield from exact_descent.decided(name, found)
            yield exact_descent.within(setting, query, found, EPSILON, steps)


# ----------------------------------------------------------------------- check: trained models

CONSTANT = 2.0
"""The constant in T* = O(...) for trained models: the sharpened constant is 1 as P → ∞; at P = 128
masks leave 4 ± 1.4 of an area's 8 patches visible, which changes rates by tens of per cent."""


def deadline(setting: Setting, query: QueryKind) -> float:
    """The time by which every patch of a kind is expected at the loss gap ε."""
    return CONSTANT * predicted_time(setting, query, EPSILON)


def training_time(setting: Setting) -> float:
    """Until every patch is expected at the loss gap ε: local ones come last."""
    return deadline(setting, "local")


def half_time(setting: Setting) -> float:
    """T_½ of a local query by the reduced dynamics: a moment in the middle of the transition."""
    half = masked.reduced_mae(setting, "local", EPSILON / 20).half
    assert half is not None
    return math.exp(half.log_t)


def autoencoders(context: Context) -> Iterator[tuple[Case, TrainedMae]]:
    """Masked autoencoders of either sign of Δ, trained for the time of this theorem."""
    for train, setting, seed in masked.plan(context):
        time, also = training_time(setting), (deadline(setting, "global"), half_time(setting))
        run = train(setting, context.root_seed + seed, time, also)
        yield Case((sign_of(setting),)), dataclasses.replace(run, number=seed)


WORST = tuple(f"*: loss gap of the {end} {q} patch *" for q in QUERIES for end in ("worst", "best"))


@convergence.leg("trained", require=dict.fromkeys(BOTH_SIGNS, WORST))
def every_patch_reaches_its_infimum(context: Context) -> Iterator[Gap | Case]:
    """Loss gap of every patch of trained models, and the time it took."""
    yield from training.same_in_torch(context, masked.SMALL_POSITIVE, "mae")
    for case, run in autoencoders(context):
        yield case
        setting = run.setting
        for query in QUERIES:
            moment = int(np.argmax(run.times >= deadline(setting, query) - 1e-9))
            everywhere = (setting.area_of == 0) == (query == "global")
            # A patch that is of the other kind in some cluster waits for the longer deadline.
            chosen = everywhere.all(axis=0) if query == "global" else everywhere.any(axis=0)
            if not chosen.any():
                continue
            gap, error = run.loss_gap(moment)
            at = f"{query} patch at t = {run.times[moment]:.0f}"
            yield within_epsilon(
                f"{run.name}: loss gap of the worst {at}",
                gap[chosen],
                error[chosen],
                f"; time {CONSTANT:g}·(K/(γρz⁴) + K/(4z²ε)) was allowed",
            )
            yield above_infimum(f"{run.name}: loss gap of the best {at}", gap[chosen])


def within_epsilon(name: str, gaps: Floats, errors: Floats, allowed: str = "") -> Gap:
    """The largest loss gap of a trained model's patches (n,) is ε, up to its standard error."""
    worst = int(gaps.argmax())
    return at_most(
        name,
        float(gaps[worst]),
        EPSILON,
        SIGMAS * float(errors[worst]),
        f"{SIGMAS:g} standard errors over test masks{allowed}",
        false_alarm=FALSE_ALARM,
    )


def above_infimum(name: str, gaps: Floats) -> Gap:
    """No loss gap (n,) of a trained model's patches is negative: no infimum is set too high."""
    return at_least(
        name,
        float(gaps.min()),
        0,
        1e-12,
        "L_p ≥ L*_p on every mask (loss.lower-bound), so that only rounding can be below",
    )


convergence.mistake(
    masked.unavoidable,
    "the infimum ten times too large",
    plants.scaled(10),
)
convergence.mistake(
    masked.counted,
    "the loss gap taken on visible patches",
    lambda original: lambda samples: samples.visible,
)
convergence.mistake(
    predicted_time,
    "the time to learn the area left out",
    lambda original: (
        lambda setting, query, epsilon: (
            original(setting, query, epsilon) - original(setting, query, math.inf)
        )
    ),
)
convergence.mistake(
    predicted_time_exponent,
    "convergence like 1/√ε",
    lambda original: lambda setting, query, power: original(setting, query, power / 2),
)
convergence.mistake(
    plants.RATES,
    "own features learned half as fast",
    plants.spoiled(plants.ALPHA_OWN, 0.5),
)
convergence.mistake(
    ball_descent.descend,
    "positions that drift",
    lambda original: (
        lambda *given: (
            dataclasses.replace(seen, shift=seen.shift + arb("1e-9")) for seen in original(*given)
        )
    ),
)
convergence.tolerates(training_time, "how long to train")
convergence.tolerates(deadline, "when to look, in whole steps")

CLAIMS = (convergence,)
