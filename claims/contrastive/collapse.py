"""Contrastive learning: when all attention collapses onto the global area, and how far.

Sources: Theorem 4.4; times and constants are derived here. Measured on the reduced dynamics, on
ladders of P up to 1e100. a_j = (1-γ)C_j/P.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import sympy as sp
from scipy import integrate, optimize

from refutable import scaling
from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.contrastive import limit_systems
from refutable.claims.contrastive.for_every_size import Collapse, LateCollapse
from refutable.claims.contrastive.ladders import (
    ALL_SHAPES,
    CONSTANT,
    DIGITS,
    RANDOM,
    SHAPES,
    collapse,
    happened,
    label,
    ladders,
    limit,
    many_negatives,
    on_ladder,
    power_law,
    transition,
)
from refutable.claims.runs import for_every_size, limiting
from refutable.claims.runs.for_every_size import Bounds, Proof, event, left_out
from refutable.claims.runs.limiting import Step
from refutable.claims.runs.plants import half_at, scaled
from refutable.claims.runs.region import Region
from refutable.gap import Gap, equal
from refutable.model import reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.trajectory import Trajectory
from refutable.prove import symbolic
from refutable.prove.majorant import Majorant


def c_T(setting: Setting) -> float:
    """T·P^{2κ_c-3}/K, claimed, for the transition time T and c_1 = 1."""
    z, q = np.array(setting.latents.values), np.array(setting.latents.probabilities)
    U = setting.latents.U

    def slowness(phi: float) -> float:
        e = q * np.exp((z - U) * phi)  # the common factor e^{2UΦ} is put in front
        speed = z**3 @ (e * np.exp((z - U) * phi)) - (z**2 @ e) * (z @ e) / setting.K
        return math.exp(-2 * U * phi) / (setting.contrastive.c_N * speed)

    return integrate.quad(slowness, 0, math.inf)[0] / (1 - setting.gamma) ** 2


def transition_time(setting: Setting) -> float:
    """Claimed log T, with the constant c_1 of the global area: C_1 = c_1·P^{κ_c}."""
    power = (3 - 2 * setting.kappa_c) * setting.log_P
    return math.log(c_T(setting) * setting.K / setting.c_1**2) + power


def time_exponent(setting: Setting) -> float:
    """Exponent of T, claimed."""
    return 3 - 2 * setting.kappa_c


time = Claim(
    id="cl.time",
    title="When the global feature takes over",
    statement=(
        r"\text{Transition time }T = c_T K P^{3-2\kappa_c}\text{, independent of }\kappa_s\text{ "
        r"and of the sign of }\Delta\text{, with }c_T = (1-\gamma)^{-2}\int_0^\infty "
        r"d\Phi\,/\,(c_N[E z^3e^{2z\Phi} - \tfrac1K E(z^2e^{z\Phi})E(ze^{z\Phi})])\text{; "
        r"}z=1\text{, }N_c\to\infty\text{: }c_T = 1/(2(1-\gamma)^2(1-1/K))"
    ),
    provenance=Provenance.SHARPENED,
    measured="first time with average global attention 1/2 in the reduced dynamics",
    assumptions=(
        "zero initialisation",
        "size separation κ_c > κ_s",
        "small step",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.rank-one", "cl.init-global"),
)


def share_at(setting: Setting, phi: float) -> float:
    """A_1 at Φ_1 = phi, constant latents, while Φ_m stays at 0."""
    a = (1 - setting.gamma) * (setting.C_1 / setting.P)
    return 1 / (1 + (1 - a) / a * math.exp(-setting.latents.L * phi))


def time_bounds() -> Bounds:
    """T_½ off its law, and what bounds it."""

    def off(setting: Setting, run: Trajectory) -> float:
        share = setting.C_1 / setting.P**setting.kappa_c / setting.c_1  # C_1 is a whole number
        return abs(
            math.expm1(event(run.half).log_t - transition_time(setting) + 2 * math.log(share))
        )

    def bound(region: Region) -> Majorant:
        return Collapse(region).plain_half_time

    proof = Proof("|T/(c_T K P^(3-2κ_c)) - 1|", off, bound, 1, **for_every_size.BOTH)
    few = Contrastive(negatives=1)
    at = [s.replace(K=3) for s in (*for_every_size.AT_POSITIVE, *for_every_size.AT_NEGATIVE)]
    at.append(at[-1].replace(K=8, contrastive=few))
    return Bounds([proof], lambda s: reduced.cl(s, loss_gap=1e-3), at)


@time.leg("symbolic")
def time_of_the_limit(context: Context) -> Iterator[Step]:
    """From the exact rate to w² = 1 - 2a²z⁴θ, constant latents; w = 0 at T."""
    yield limiting.limiting()
    yield from limit_systems.collapse()
    yield from limit_systems.solved()
    K, N, z = limit_systems.K, limit_systems.N, limit_systems.z
    claimed = 1 / (2 * limiting.VISIBLE**2 * (1 - 1 / K) * N / (N + 1) * z**4) / limiting.C_1**2
    yield symbolic.identity(
        "T/(KP^{3-2κ_c})", limit_systems.transition(), claimed, limiting.AS_CLAIMED
    )


@time.leg("scaling", require=tuple(SHAPES))
def transition_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ against its power of P and its constant, for constant and random latents."""
    # Latents at 16 values: where κ_c is small their front creeps from one to the next.
    random = context.at(quick=(), full=(on_ladder(RANDOM, ALL_SHAPES[0]),))
    for ladder in (*ladders(context), *random):
        yield Case(("Δ > 0" if ladder[0].information_gap > 0 else "Δ < 0",))
        name = f"{label(ladder[0])}: T"
        yield from power_law(
            context, name, ladder, lambda s: transition(s).log_t, time_exponent(ladder[0])
        )
        yield from limit(
            context,
            f"{name}/(c_T K P^(3-2κ_c)/c_1²)",
            ladder,
            lambda s: math.exp(transition(s).log_t - transition_time(s)),
            1,
        )
        if ladder[0].latents.is_constant:
            share = [share_at(s, transition(s).phi_global) for s in ladder]
            yield equal(
                f"{name}: A_1 there, the worst on the ladder",
                max(share, key=lambda A: abs(A - 0.5)),
                0.5,
                1e-9,
                "the event is where A_1 = ½, found to 1e-12; Φ_m is at most P^-0.5 = 1e-20",
            )
    yield from time_bounds().inside()


@time.leg("exact")
def constant_of_the_time(context: Context) -> Iterator[Gap]:
    """c_T by quadrature against its closed form for constant latents."""
    finite = Contrastive(negatives=3)
    for K, z, details in ((2, 1.0, CONSTANT.contrastive), (8, 1.3, finite), (100, 0.7, finite)):
        latents = Latents.constant(z)
        setting = CONSTANT.replace(K=K, latents=latents, contrastive=details)
        N = details.negatives
        share = N / (N + 1) if math.isfinite(N) else 1.0  # 1 - w_0 at equal similarities
        yield equal(
            f"c_T at z = {z}, N_c = {N}, K = {K}, against 1/(2(1-γ)²(1-1/K)c_N z⁴)",
            c_T(setting) * 2 * (1 - setting.gamma) ** 2 * (1 - 1 / K) * share * z**4,
            1,
            1e-9,
            "accuracy of the quadrature",
        )


@time.leg("enclosed")
def time_for_every_size(context: Context) -> Evidence:
    """T within a bound of its law that falls with P, for every P ≥ 1e12, K ≥ 2, N_c ≥ 1, τ ≥ 1."""
    return time_bounds().evidence()


time.mistake(limit_systems.drive, "Φ_1 is pushed twice as fast", scaled(2))
time.mistake(reduced.cl, "the event taken at A_1 ≥ 0.6", half_at(0.6))
time.mistake(Collapse.cubed, "powers of the global weight left out of the bound", left_out)
time.mistake(
    c_T,
    "constant off by a part in 1e5",
    scaled(1 + 1e-5),
)
time.mistake(
    time_exponent,
    "exponent off by 0.02",
    lambda original: lambda s: original(s) + 0.02,
)
time.mistake(
    reduced.cl,
    "visible and masked patches exchanged",
    lambda original: lambda s, **rest: original(s.replace(gamma=1 - s.gamma), **rest),
)


def missing(setting: Setting, phi: float) -> float:
    """1 - A_1 at Φ_1 = phi and Φ_m = 0 for constant latents, from the definition of attention."""
    a_1 = (1 - setting.gamma) * (setting.C_1 / setting.P)
    return 1 / (1 + a_1 * math.exp(setting.latents.U * phi) / (1 - a_1))


def late_constant(setting: Setting) -> float:
    """Limit of (1-A_1)·t/(KP), claimed for constant z and N_c → ∞."""
    z2 = setting.latents.U**2
    return (setting.K - 1 + math.exp(z2 / setting.contrastive.tau)) / ((setting.K - 1) * z2**2)


def late_loss(setting: Setting) -> float:
    """Limit of the loss gap times t/(KP), claimed: free of τ and K."""
    return 2 / setting.latents.U**2


def late_power() -> float:
    """Power of t with which attention to anything else vanishes, claimed."""
    return -1.0


late = Claim(
    id="cl.late",
    title="How slowly the collapse completes",
    statement=(
        r"\text{Constant }z\text{, }N_c\to\infty\text{: }(1-A_1)\,t/(KP) \to "
        r"(K-1+e^{z^2/\tau})/((K-1)z^4)\text{: power }-1\text{, slowed down by "
        r"}e^{z^2/\tau}\text{ for small }\tau\text{; and the loss above its limit, times "
        r"}t/(KP)\text{, tends to }2/z^2"
    ),
    provenance=Provenance.SHARPENED,
    measured="at a loss gap of (C_1/P)²/10¹², some 10¹² times the transition time",
    assumptions=(
        "zero initialisation",
        "constant-in-area latent",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.time",),
)


@late.leg("symbolic")
def left_over_of_the_limit(context: Context) -> Iterator[Step]:
    """From the exact rate to A′ = z⁴A³(1-A)²·other, its tail, and the loss by what is missing."""
    yield limiting.limiting()
    yield from limit_systems.late()
    K, tau, z = limit_systems.K, limit_systems.tau, limit_systems.z
    claimed = (K - 1 + sp.exp(z**2 / tau)) / ((K - 1) * z**4)
    at = limiting.AS_CLAIMED
    yield symbolic.identity("(1-A_1)t/(KP)", limit_systems.left_over(), claimed, at)
    yield symbolic.identity("loss gap·t/(KP)", limit_systems.loss_left_over(), 2 / z**2, at)


def late_bounds() -> Bounds:
    """(1-A_1)t/(KP) off its law long after T_½, and what bounds it."""

    def off(setting: Setting, run: Trajectory) -> float:
        done = event(run.done)
        depth = missing(setting, done.phi_global) / (setting.K * setting.P)
        return abs(depth * math.exp(done.log_t) / late_constant(setting) - 1)

    def bound(region: Region) -> Majorant:
        return LateCollapse(region, lowest_tau=0.25).left_over

    of = "|(1-A_1)t/(KP) over its limit - 1|, 1/(1-A_1) from P² to P⁴, N_c → ∞, τ ≥ 1/4"
    at = [
        setting.replace(K=3, contrastive=Contrastive(negatives=math.inf, tau=tau))
        for setting, tau in zip(for_every_size.AT_NEGATIVE, (0.25, 1, 0.5), strict=True)
    ]
    return Bounds([Proof(of, off, bound, 0.5, **for_every_size.BOTH)], collapse_to_the_cube, at)


def collapse_to_the_cube(setting: Setting) -> Trajectory:
    """The run until the loss is about what 1/(1-A_1) = P³ leaves."""
    return reduced.cl(setting, loss_gap=late_loss(setting) * setting.P**-3.0)


@late.leg("enclosed")
def left_over_for_every_size(context: Context) -> Evidence:
    """(1-A_1)t/(KP) within a bound of its limit that falls with P, for every P ≥ 1e12."""
    return late_bounds().evidence()


@late.leg("scaling")
def loss_and_miss_long_after(context: Context) -> Iterator[Gap | Case]:
    """1-A_1 and the loss times t, long after the transition."""
    sharp = CONSTANT.replace(contrastive=Contrastive(negatives=math.inf, tau=0.25))
    for ladder in (*many_negatives(context), on_ladder(sharp, ALL_SHAPES[0])):
        yield from _late(context, ladder)
    yield from late_bounds().inside()


def _late(context: Context, ladder: list[Setting]) -> Iterator[Gap]:
    name = f"{label(ladder[0])}, τ = {ladder[0].contrastive.tau}"

    def late_time(setting: Setting) -> float:
        return happened(collapse(setting).done).log_t - setting.log_P - math.log(setting.K)

    def depth_by_time(setting: Setting) -> float:
        depth = missing(setting, happened(collapse(setting).done).phi_global)
        return depth * math.exp(late_time(setting)) / late_constant(setting)

    def loss_by_time(setting: Setting) -> float:
        log_gap = math.log(float(collapse(setting).loss_gap[-1]))
        return math.exp(log_gap + late_time(setting)) / late_loss(setting)

    for what, measure in (("(1-A_1)t/(KP)", depth_by_time), ("loss gap·t/(KP)", loss_by_time)):
        yield from limit(context, f"{name}: {what} over its limit", ladder, measure, 1)
    run, top = collapse(ladder[-1]), ladder[-1]
    after = run.log_t > transition(top).log_t + math.log(1e3)
    log_depth = [math.log(missing(top, phi)) for phi in run.phi_global[after].tolist()]
    yield from scaling.power_law(
        f"{name}: 1-A_1 against t at P = 1e{DIGITS[-1]}",
        run.log_t[after].tolist(),
        log_depth,
        late_power(),
        why="a quarter of 0.02; measured from 1000 transition times on",
        x_label="log t",
    )


late.mistake(limit_systems.seen_drive, "A_1 grows twice as fast", scaled(2))
late.mistake(
    late_constant,
    "no slowdown by e^{z²/τ}",
    lambda original: lambda s: s.K / ((s.K - 1) * s.latents.U**4),
)
late.mistake(late_loss, "off by a part in ten thousand", scaled(1.0001))
late.mistake(
    late_power,
    "power -1/2 instead of -1",
    lambda original: lambda: -0.5,
)
late.mistake(
    reduced.cl,
    "twice as many clusters in the dynamics",
    lambda original: lambda s, **rest: original(s.replace(K=2 * s.K), **rest),
)


def depth_of(setting: Setting, loss_gap: float) -> float:
    """1 - A_1 from the loss above its limit, for small gaps, constant latents and N_c → ∞."""
    K, z2 = setting.K, setting.latents.U**2
    return loss_gap * (K - 1 + math.exp(z2 / setting.contrastive.tau)) / (2 * z2 * (K - 1))


def growth(setting: Setting, log_inverse_depth: float) -> float:
    """What grows of zΦ_1 at a small 1 - A_1 = e^{-log_inverse_depth}, claimed."""
    return (1 - setting.kappa_c) * setting.log_P + log_inverse_depth


def growth_constant(setting: Setting) -> float:
    """What zΦ_1 is beside that, up to o(1), constant latents, claimed."""
    return -math.log((1 - setting.gamma) * setting.c_1)


def growth_log_power(setting: Setting) -> float:
    """Power of log P in e^{LΦ_1} at a fixed depth, claimed: -1 for a law with a density at L."""
    return 0.0 if setting.latents.is_constant else -1.0


feature_growth = Claim(
    id="cl.feature-growth",
    title="How far the global correlation grows",
    statement=(
        r"z\Phi_1 = (1-\kappa_c)\log P + \log\tfrac1{1-A_1} + O(1)\text{, the constant being "
        r"}-\log((1-\gamma)c_1)\text{ for constant latents; with random latents }z\text{ is the "
        r"smallest, and }O(\log\log P)\text{ is subtracted when their law has a density there}"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.4",
    measured="at A_1 = 1/2 and at a small loss gap, from which A_1 is known without Φ_1",
    assumptions=(
        "zero initialisation",
        "latents bounded away from 0",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.time", "cl.late"),
)


def at_depth(setting: Setting, depth: float) -> float:
    """Φ_1 at which 1 - E A_1 = depth, from the rates' attention."""

    def excess(phi: float) -> float:
        return 1 - reduced.cl_rates(setting, phi_global=phi).attention - depth

    highest = 2 * (setting.log_P - math.log(depth)) / setting.latents.L
    return optimize.brentq(excess, 0, highest, rtol=1e-12)


def ahead_of_growth(setting: Setting) -> float:
    """zΦ_1 less what is claimed to grow of it, at the end of the run."""
    run = collapse(setting)
    depth = depth_of(setting, float(run.loss_gap[-1]))
    grown = setting.latents.U * happened(run.done).phi_global
    return grown - growth(setting, -math.log(depth))


@feature_growth.leg("scaling", expects="from P = 1e40 on it is at its law to the last digit")
def growth_of_the_global_feature(context: Context) -> Iterator[Gap]:
    """zΦ_1 against its power of P at A_1 = ½, and against its law at a small loss gap."""
    for ladder in many_negatives(context):
        name = f"{label(ladder[0])}: zΦ_1"
        yield from power_law(
            context,
            f"{name} at A_1 = 1/2",
            ladder,
            lambda s: s.latents.U * transition(s).phi_global,
            1 - ladder[0].kappa_c,
        )
        yield from limit(
            context,
            f"{name} less the claimed growth, at a small loss gap",
            ladder,
            ahead_of_growth,
            growth_constant(ladder[0]),
        )
    random = RANDOM.replace(latents=Latents.uniform(0.5, 1.5, 96))
    ladder = on_ladder(random, ALL_SHAPES[2])
    yield from power_law(
        context,
        f"{label(random)}: LΦ_1 at E A_1 = 0.999",
        ladder,
        lambda s: s.latents.L * at_depth(s, 1e-3),
        1 - ALL_SHAPES[2][0],
        log_power=growth_log_power(random),
    )


feature_growth.mistake(
    growth,
    "κ_s in place of κ_c",
    lambda original: lambda s, depth: original(s, depth) + (s.kappa_c - s.kappa_s) * s.log_P,
)
feature_growth.mistake(
    depth_of,
    "the temperature taken for 1",
    lambda original: lambda s, gap: original(_at_temperature_1(s), gap),
)
feature_growth.mistake(
    growth_log_power,
    "no log log P for a law with a density",
    lambda original: lambda s: 0.0,
)
feature_growth.mistake(
    reduced.cl,
    "visible and masked patches exchanged",
    lambda original: lambda s, **rest: original(s.replace(gamma=1 - s.gamma), **rest),
)


def correlation_at(setting: Setting, miss: float) -> float:
    """Φ_1 at which 1-A_1 = miss, Φ_m = 0, constant latents: the inverse of `missing`."""
    a_1 = (1 - setting.gamma) * (setting.C_1 / setting.P)
    return math.log((1 / miss - 1) * (1 - a_1) / a_1) / setting.latents.U


def predicted_events(setting: Setting, loss_gap: float) -> dict[str, dict[str, float] | None]:
    """The log t and Φ_1 predicted at `half` and `done`; large P.

    Only the time is predicted for random latents, and only the transition for finitely many
    negatives (cl.time, cl.late). There is no switch.
    """
    log_half = transition_time(setting)
    half = {"log_t": log_half}
    if not setting.latents.is_constant:
        return {"switch": None, "half": half, "done": None}
    phi = correlation_at(setting, 0.5)
    half |= {"phi_global": phi, "phi_own": phi}
    if setting.contrastive.negatives != math.inf:
        return {"switch": None, "half": half, "done": None}
    log_rest = setting.log_P + math.log(setting.K * late_loss(setting) / loss_gap)
    phi = correlation_at(setting, late_constant(setting) * loss_gap / late_loss(setting))
    done = {"log_t": float(np.logaddexp(log_half, log_rest)), "phi_global": phi, "phi_own": phi}
    return {"switch": None, "half": half, "done": done}


def _at_temperature_1(setting: Setting) -> Setting:
    return setting.replace(contrastive=Contrastive(negatives=math.inf))


feature_growth.tolerates(
    growth_log_power,
    "0.02 of a power of log P is 2e-4 of a power of P at the top; that it is -1 and not 0 is told",
)

CLAIMS = (time, late, feature_growth)
