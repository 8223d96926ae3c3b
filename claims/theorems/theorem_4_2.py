"""Theorem 4.2: which features and positions the masked autoencoder learns, in three cases.

Sources: the theorem's title and the paper's list of results; formulas are ours. The cases are a
global patch, and a local patch at either sign of the information gap. Below: what is predicted and
how it is compared, then each case with its statement, what it rests on and its checks.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import ladders, laws
from refutable.claims.mae.for_every_size import (
    LEARNED,
    GlobalQuery,
    bound_of,
    local_query,
    own_off,
)
from refutable.claims.mae.for_every_size import learned as learned_by
from refutable.claims.mae.ladders import Ladder
from refutable.claims.runs import exact_descent, for_every_size, plants
from refutable.claims.runs.finite_size import follows, kinds
from refutable.claims.runs.for_every_size import Bounds, Proof
from refutable.claims.runs.masked import EPSILON, Rows, TrainedMae, rows_of
from refutable.claims.runs.noise import FALSE_ALARM, SIGMAS, noise
from refutable.claims.runs.regimes import BOTH_SIGNS, area_exponent
from refutable.claims.runs.region import Region
from refutable.claims.theorems.ladders import ladders_of
from refutable.claims.theorems.theorem_4_1 import autoencoders, exact_steps
from refutable.gap import Gap, at_least, at_most
from refutable.model import ball_descent, gradients
from refutable.model.data import Floats
from refutable.model.reduced import coupling
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.prove.majorant import Majorant


def case_of_theorem(id: str, title: str, statement: str, rests_on: tuple[str, ...]) -> Claim:
    """One of the three cases of feature-position learning."""
    return Claim(
        id=id,
        title=title,
        statement=statement,
        measured=(
            "slopes in log P at a fixed loss gap up to P = 1e100; trained models (at P = 64 by "
            "torch on all of Q) against the reduced dynamics of the same setting and time, every "
            "patch and cluster; whether and when T_1 comes by exact gradient descent at P = 64"
        ),
        provenance=Provenance.RECONSTRUCTED,
        paper="Theorem 4.2",
        assumptions=ladders.WITH_GAP,
        rests_on=rests_on,
    )


# ------------------------------------------------------------------------------------ predictions


def predicted_own_slope(setting: Setting, query: QueryKind) -> float:
    """Φ_{p→v_n} at a fixed loss gap, per log P."""
    return (1 - area_exponent(setting, query)) / setting.latents.L


def predicted_global_slope(setting: Setting) -> float:
    """Φ_{p→v_1} of a local query at a fixed loss gap, per log P: given up only if Δ > 0."""
    return -max(setting.information_gap, 0.0) / (2 * setting.latents.L)


def predicted_other_exponent(setting: Setting) -> float:
    """max_t |Φ_{p→v_m}| = Θ(P^this log P) for m ∉ {1, n}."""
    return -(1 - setting.kappa_s)


def predicted_own_position_exponent(setting: Setting, query: QueryKind) -> float:
    """max_t |Υ_{p→q}| = Θ(P^this log P) for q in the own area, where it is largest."""
    return -area_exponent(setting, query)


# --------------------------------------------------------- what is compared in each of the cases


def slopes(ladder: Ladder, query: QueryKind) -> Iterator[Gap]:
    """Final Φ_n and, for a local query, Φ_1 per log P; the powers of all that must stay small."""
    top = ladder.top
    yield from ladder.power("Φ_n", ladder.final("phi_own"), predicted_own_slope(top, query))
    if query == "local":
        yield from ladder.power("Φ_1", ladder.final("phi_global"), predicted_global_slope(top))
    other = np.log(ladder.largest("phi_other"))
    yield from ladder.power("Φ_m", other, predicted_other_exponent(top), log_power=1)
    position = np.log(ladder.largest("upsilon_own"))
    exponent = predicted_own_position_exponent(top, query)
    yield from ladder.power("Υ", position, exponent, log_power=1)


def learned(run: TrainedMae, query: QueryKind) -> Iterator[Gap]:
    """Every patch of a kind has learned what the reduced dynamics say, and nothing else."""
    yield from follows(run, query)
    for kind in kinds(run, query):
        predicted = kind.predicted("phi_other")
        yield stays_small(f"{kind.name}: |Φ_m|", kind.rows().other, predicted)


def stays_small(name: str, values: Floats, predicted: float) -> Gap:
    """No value exceeds twice what is predicted for the largest."""
    return at_most(
        f"{name}, every patch",
        float(values.max()),
        2 * abs(predicted) + SIGMAS * noise(values),
        0,
        "twice the reduced dynamics' value, as the largest of all others is measured, not their "
        "mean; and 8 standard deviations of the noise between patches",
        false_alarm=FALSE_ALARM,
    )


# -------------------------------------------------------------------------------- a global patch

global_case = case_of_theorem(
    "thm4.2.global",
    "A global patch learns the global feature",
    r"z\text{ constant},\ p\in\mathcal P_{k,1}:\ "
    r"\Phi_{p\to v_1}\to \tfrac{1-\kappa_c}{z}\log P;\quad "
    r"|\Phi_{p\to v_m}| = O(P^{-(1-\kappa_s)}\log P),\ "
    r"|\Upsilon_{p\to q}| = O(P^{-\kappa_c}\log P)",
    (
        "global.length",
        "global.own-final",
        "global.others-small",
        "global.positions-small",
        "global.every-mask",
    ),
)


def global_bounds() -> Bounds:
    """Correlations until A_n = 1000/1001, and what bounds them."""

    def bound_of(name: str) -> Callable[[Region], Majorant]:
        def bound(region: Region) -> Majorant:
            query = GlobalQuery(region, LEARNED)
            return getattr(query.small, name, None) or getattr(query, name)

        return bound

    def own(setting: Setting, run: Trajectory) -> float:
        rest = 1 - (1 - setting.gamma) * setting.C_1 / setting.P
        return own_off(setting, run, setting.C_1, rest)

    where = for_every_size.BOTH
    proofs = (
        Proof("|Φ_1 - log(rR_0/a)|", own, bound_of("own_at_half"), 0.1, **where),
        Proof(
            "max |Φ_m|",
            at_most_over("phi_other"),
            bound_of("phi_other"),
            0.1,
            is_size=True,
            **where,
        ),
        Proof(
            "max |Υ|",
            at_most_over("upsilon_own"),
            bound_of("upsilon_own"),
            0.1,
            is_size=True,
            **where,
        ),
    )
    at = (*for_every_size.AT_POSITIVE, *for_every_size.AT_NEGATIVE)
    return Bounds(proofs, lambda s: learned_by(s, "global"), at)


@global_case.leg("scaling", require=BOTH_SIGNS)
def global_slopes_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Slopes of a global query's correlations."""
    for ladder in ladders_of(context, "global"):
        yield ladder.case
        yield from slopes(ladder, "global")
    yield from global_bounds().inside()


@global_case.leg("trained", require=BOTH_SIGNS)
def global_patches_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """Every global patch of trained models against the reduced dynamics."""
    for case, run in autoencoders(context):
        yield case
        yield from learned(run, "global")


@global_case.leg("enclosed")
def global_patch_for_every_size(context: Context) -> Evidence:
    """Until A_n = 1000/1001: Φ_n at its law, all else small, for every P ≥ 1e12 on a region."""
    return global_bounds().evidence()


def at_most_over(name: str) -> Callable[[Setting, Trajectory], float]:
    """The largest modulus of a correlation during a run."""
    return lambda _, run: float(np.abs(getattr(run, name)).max())


def local_bounds(depth: Proof, where: dict[str, Any], at: tuple[Setting, ...]) -> Bounds:
    """Until A_n = 1000/1001: Φ_n at its law, Φ_1 as `depth` says, all else small."""

    def own(setting: Setting, run: Trajectory) -> float:
        visible = (1 - setting.gamma) * (setting.C_1 + setting.C_s)
        return own_off(setting, run, setting.C_s, 1 - visible / setting.P)

    def small(name: str) -> Callable[[Region], Majorant]:
        return lambda region: getattr(local_query(region, LEARNED).small, name)

    proofs = [
        Proof("|Φ_n - log(rR_0/ρ)|", own, bound_of("own_at_half", LEARNED), 0.5, **where),
        depth,
    ] + [
        Proof(f"max |{symbol}|", at_most_over(name), small(name), 0.1, is_size=True, **where)
        for symbol, name in (("Φ_m", "phi_other"), ("Υ", "upsilon_own"))
    ]
    return Bounds(proofs, lambda s: learned_by(s, "local"), at)


global_case.mistake(predicted_own_slope, "the own slope too large by 0.02", plants.shifted(0.02))
global_case.mistake(
    gradients.own_integrand,
    "own features learned half as fast in training",
    plants.scaled(0.5),
)

# ------------------------------------------------------------------- a local patch, positive gap

positive_case = case_of_theorem(
    "thm4.2.local+",
    "A local patch, positive gap: the global feature is given up, then the own one learned",
    r"z\text{ constant},\ \Delta>0,\ p\in\mathcal P_{k,n},\ n\ne1:\ "
    r"\Phi_{p\to v_1}\to -\tfrac{\Delta}{2z}\log P,\ "
    r"\Phi_{p\to v_n}\to\tfrac{1-\kappa_s}{z}\log P;\quad "
    r"|\Phi_{p\to v_m}| = O(P^{-(1-\kappa_s)}\log P),\ "
    r"|\Upsilon_{p\to q}| = O(P^{-\kappa_s}\log P)",
    (
        "local+.phase1-monotone",
        "local+.decoupling-depth",
        "local+.global-stays",
        "local+.own-final",
        "local+.others-small",
        "local+.positions-small",
        "local.every-mask",
    ),
)


def decoupling_bounds() -> Bounds:
    """Correlations at a positive gap, and what bounds them."""
    where = for_every_size.POSITIVE
    bound = bound_of("crossover_off", LEARNED)
    depth = Proof("|-2Φ_1 - log(1 + 2a²/ρ)|", depth_off, bound, 0.5, **where)
    return local_bounds(depth, where, for_every_size.AT_POSITIVE)


@positive_case.leg("scaling", require=("Δ > 0",))
def decoupled_slopes_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Slopes of a local query's correlations, positive gap."""
    for ladder in ladders_of(context, "local", sign=1):
        yield ladder.case
        yield from slopes(ladder, "local")
    yield from decoupling_bounds().inside()


@positive_case.leg("trained", require=("Δ > 0",))
def local_patches_decouple_first(context: Context) -> Iterator[Gap | Case]:
    """Every local patch of models trained with a positive gap: two phases."""
    for case, run in autoencoders(context):
        if run.setting.information_gap > 0:
            yield case
            yield from learned(run, "local")
            yield from decouples_first(run)


@positive_case.leg("enclosed")
def decoupling_for_every_size(context: Context) -> Iterator[Gap | Evidence]:
    """Φ_1 at -½log(1 + 2a²/ρ), Φ_n at its law, all else small, for every P ≥ 1e12; order at 64."""
    yield decoupling_bounds().evidence()
    yield from order_of_events(1)


def order_of_events(sign: int) -> Iterator[Gap | Evidence]:
    """By exact gradient descent at the first size of that sign of the gap."""
    setting = exact_descent.SIZES[0 if sign > 0 else 1]
    yield Evidence(gaps=(), cases=1, scope=f"gradient descent at P = {setting.P}")
    steps = exact_steps(setting, "local")
    yield from exact_descent.order_of_events(setting, EPSILON, steps)


def ahead(by: float) -> Callable[..., Any]:
    """Plant rows of which one patch's Φ_n is larger by this."""

    def plant(original: Callable[..., Any]) -> Callable[..., Any]:
        def rows(*given: Any) -> Rows:
            found = original(*given)
            return dataclasses.replace(found, own=np.append(found.own[:-1], found.own[-1] + by))

        return rows

    return plant


def ahead_together(by: float) -> Callable[..., Any]:
    """Plant rows of which Φ_n of every patch is larger by this, under contiguous placement."""

    def plant(original: Callable[..., Any]) -> Callable[..., Any]:
        def rows(run: TrainedMae, *given: Any) -> Rows:
            found = original(run, *given)
            off = by if run.setting.placement == "contiguous" else 0.0
            return dataclasses.replace(found, own=found.own + off)

        return rows

    return plant


def spoiled_rate(number: int, by: float) -> Callable[..., Any]:
    """Plant exact descents that are read with a rate of this index (α_n, α_1, α_m) off."""

    def plant(original: Callable[..., Any]) -> Callable[..., Any]:
        def path(*given: Any) -> Iterator[Any]:
            for seen in original(*given):
                alpha = tuple(x * (by if i == number else 1) for i, x in enumerate(seen.alpha))
                yield dataclasses.replace(seen, alpha=alpha)

        return path

    return plant


def depth_off(setting: Setting, run: Trajectory) -> float:
    """By how much -2Φ_1 misses log(1 + 2a²/ρ) at the end of a run."""
    return abs(2 * (float(run.phi_global[-1]) + laws.depth_at_half(setting)))


def decouples_first(run: TrainedMae) -> Iterator[Gap]:
    """Early, Φ_1 has fallen farther than Φ_n has risen; at the end the global area is given up."""
    name = f"{run.name}, local patch"
    early, late = rows_of(run, "local", 0), rows_of(run, "local")
    yield at_most(
        f"{name}: Φ_1 + Φ_n at t = {run.times[0]:.0f}, mean",
        float((early.global_ + early.own).mean()),
        0,
        0,
        "until T_1 the global correlation is the faster one",
        false_alarm=FALSE_ALARM,
    )
    yield at_most(
        f"{name}: largest Φ_1 at the end",
        float(late.global_.max()),
        -math.log(2) / run.setting.latents.L,
        0,
        "every patch weighs a global key less than half as much as at first",
        false_alarm=FALSE_ALARM,
    )


positive_case.mistake(predicted_own_slope, "the own slope too large by 0.02", plants.shifted(0.02))
positive_case.mistake(
    gradients.own_integrand,
    "own features learned half as fast in training",
    plants.scaled(0.5),
)
positive_case.mistake(
    ball_descent.descend, "α_n read five times as large, in balls", spoiled_rate(0, 5.0)
)
positive_case.mistake(predicted_global_slope, "no decoupling at a positive gap", plants.scaled(0.0))

# ------------------------------------------------------------------- a local patch, negative gap

negative_case = case_of_theorem(
    "thm4.2.local-",
    "A local patch, negative gap: the own feature is learned at once",
    r"z\text{ constant},\ \Delta<0,\ p\in\mathcal P_{k,n},\ n\ne1:\ "
    r"\Phi_{p\to v_n}\to\tfrac{1-\kappa_s}{z}\log P,\ "
    r"|\Phi_{p\to v_1}| = o(1);\quad "
    r"|\Phi_{p\to v_m}| = O(P^{-(1-\kappa_s)}\log P),\ "
    r"|\Upsilon_{p\to q}| = O(P^{-\kappa_s}\log P)",
    (
        "local-.no-decoupling",
        "local-.own-first",
        "local-.own-final",
        "local-.others-small",
        "local-.positions-small",
        "local.every-mask",
    ),
)


def one_phase_bounds() -> Bounds:
    """Correlations at a negative gap, and what bounds them."""
    where = for_every_size.NEGATIVE
    bound = bound_of("global_moved", LEARNED)
    depth = Proof("max |Φ_1|", at_most_over("phi_global"), bound, 1, is_size=True, **where)
    return local_bounds(depth, where, for_every_size.AT_NEGATIVE)


@negative_case.leg("scaling", require=("Δ < 0",))
def single_phase_slopes_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Slopes of a local query's correlations, negative gap."""
    for ladder in ladders_of(context, "local", sign=-1):
        yield ladder.case
        yield from slopes(ladder, "local")
        yield from ladder.limit("max |Φ_1|", ladder.largest("phi_global"), 0)
    yield from one_phase_bounds().inside()


@negative_case.leg("trained", require=("Δ < 0",))
def local_patches_learn_at_once(context: Context) -> Iterator[Gap | Case]:
    """Every local patch of models trained with a negative gap: one phase."""
    for case, run in autoencoders(context):
        if run.setting.information_gap < 0:
            yield case
            yield from learned(run, "local")
            yield from own_first(run)


def own_first(run: TrainedMae) -> Iterator[Gap]:
    """At all moments Φ_n has moved farther than Φ_1, and Φ_1 never by much."""
    name = f"{run.name}, local patch"
    for moment, t in enumerate(run.times):
        rows = rows_of(run, "local", moment)
        yield at_least(
            f"{name}: smallest Φ_n - |Φ_1| at t = {t:.0f}",
            float((rows.own - np.abs(rows.global_)).min()),
            0,
            0,
            "the own correlation is the faster one throughout",
            false_alarm=FALSE_ALARM,
        )
    yield at_least(
        f"{name}: smallest Φ_1 at the end",
        float(rows_of(run, "local").global_.min()),
        -math.log(2) / run.setting.latents.L,
        0,
        "every patch weighs a global key more than half as much as at first",
        false_alarm=FALSE_ALARM,
    )


@negative_case.leg("enclosed")
def one_phase_for_every_size(context: Context) -> Iterator[Gap | Evidence]:
    """|Φ_1| small, Φ_n at its law, all else small, for every P ≥ 1e12; the order at P = 64."""
    yield one_phase_bounds().evidence()
    yield from order_of_events(-1)


negative_case.mistake(predicted_own_slope, "the own slope too large by 0.02", plants.shifted(0.02))
negative_case.mistake(
    gradients.own_integrand,
    "own features learned half as fast in training",
    plants.scaled(0.5),
)
negative_case.mistake(
    ball_descent.descend, "α_1 read five times as large, in balls", spoiled_rate(1, 5.0)
)
negative_case.mistake(rows_of, "one patch has learned 0.8 more than others", ahead(0.8))
negative_case.mistake(rows_of, "all patches whose areas overlap 0.3 ahead", ahead_together(0.3))
negative_case.mistake(predicted_global_slope, "decoupling at a negative gap", plants.shifted(-0.02))
negative_case.mistake(
    coupling.is_coupled, "clusters that do not feel each other", lambda _: lambda setting: False
)

CLAIMS = (global_case, positive_case, negative_case)
