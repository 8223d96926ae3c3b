"""MAE, a query in a local area: two phases when the information gap is positive, one when negative.

Sources: the phases of Theorem 4.2 (theory 3.5, 3.6); constants and logarithms are derived here.
Everything is measured on the reduced dynamics, on ladders of P up to 1e100. a = (1-γ)C_1/P and
ρ = (1-γ)C_s/P are the attentions of the global and of a local area at Q = 0, ρ′ = ρ/(1-a) is ρ once
the global area has been given up, and s = tγρ′/K is the time in which own attention grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import integrate, optimize, special

from claims.checking import scaling, shared
from claims.checking.claim import Case, Claim, Context, Provenance
from claims.checking.gap import Gap, at_least, at_most, equal, identical
from model import reduced
from model.setting import Latents, Setting
from model.trajectory import QueryKind, Series, Trajectory

DYNAMICS = (
    "orthonormal features",
    "orthonormal positions",
    "exact features",
    "constant-in-area latent",
    "latents bounded away from 0",
    "zero initialisation",
    "fixed identity value matrix",
    "uniform masking",
    "size separation κ_c > κ_s",
    "population gradient",
    "plain gradient descent",
    "small step",
    "one head, one layer",
)
"""What the reduced dynamics assume (theory section 4)."""
Plant = Callable[[Any], Any]
WITH_GAP = (*DYNAMICS, "gap bounded away from 0")

LOSS_GAP = 1e-3
"""The loss gap ε at which training stops; far below the initial loss in every setting used."""
LATE = 20
"""Late ladders stop when the tail K/(4z²ε) is this many times T_½: both then show in T*."""
INTEGRATION = 1e-6
"""Error allowed to the reduced dynamics: steps are accurate to 1e-9 and there are some 100."""


def top_of(
    kappa_c: float, kappa_s: float, latents: Latents | float = 1.0, **others: object
) -> Setting:
    """A setting at P = 1e100, the top of a ladder; latents: their law, or the constant."""
    law = latents if isinstance(latents, Latents) else Latents.constant(latents)
    details = {"P": 10**100, "latents": law, **others}
    return Setting(kappa_c=kappa_c, kappa_s=kappa_s, **details)  # type: ignore[arg-type]


POSITIVE = (
    top_of(0.9, 0.3),
    top_of(0.75, 0.2, 1.5, gamma=0.75, K=3, c_1=2.0, c_s=0.5),
    top_of(0.85, 0.5, 0.7, gamma=0.25, K=10),
)
"""Positive gaps 0.5, 0.3, 0.2; the top of each ladder."""
GLOBAL_SHARE = top_of(1.0, 0.2, gamma=0.6, K=2, c_1=0.5)
"""κ_c = 1: the global area holds half of all patches, whatever P is."""
RANDOM = top_of(0.9, 0.2, Latents.two_point(1.0, 1.5), K=2)
"""Random latents."""
NEGATIVE = (
    top_of(0.6, 0.4),
    top_of(0.65, 0.45, 1.5, gamma=0.75, K=3, c_1=2.0, c_s=0.5),
    top_of(0.55, 0.3, 0.7, gamma=0.25, K=10),
)
"""Negative gaps -0.2, -0.15, -0.2."""


# --------------------------------------------------------------------------------------- ladders


@shared.run_once
def trajectories(
    top: Setting, query: QueryKind, tens: tuple[int, ...], late: bool
) -> tuple[Trajectory, ...]:
    """One trajectory for each P = 10**ten, down to LOSS_GAP, or to `late_loss_gap` when late."""
    runs = []
    for ten in tens:
        setting = top.replace(P=10**ten)
        loss_gap = late_loss_gap(setting, query) if late else LOSS_GAP
        runs.append(reduced.mae(setting, query, loss_gap=loss_gap))
    return tuple(runs)


def late_loss_gap(setting: Setting, query: QueryKind) -> float:
    """The ε at which the tail K/(4z²ε) of the time is LATE times the leading order of T_½."""
    C_n, z = (setting.C_s if query == "local" else setting.C_1), setting.latents.L
    return setting.gamma * (1 - setting.gamma) * (C_n / setting.P) * z**2 / (4 * LATE)


@dataclass(frozen=True)
class Ladder:
    """Trajectories of one setting at increasing P; measurements are taken at every rung."""

    top: Setting
    runs: tuple[Trajectory, ...]

    @property
    def name(self) -> str:
        """What tells this ladder from the others."""
        top = self.top
        z = ",".join(f"{value:g}" for value in top.latents.values)
        return f"κ=({top.kappa_c:g}, {top.kappa_s:g}) z={z} K={top.K} γ={top.gamma:g}"

    @property
    def case(self) -> Case:
        """The regimes that this ladder counts for."""
        regimes = {
            "positive gap": self.top.gap > 0,
            "negative gap": self.top.gap < 0,
            "random latents": not self.top.latents.is_constant,
            "K > 1": self.top.K > 1,
        }
        return Case(tuple(name for name, counts in regimes.items() if counts))

    @property
    def rungs(self) -> tuple[Setting, ...]:
        """The setting at every rung."""
        return tuple(run.setting for run in self.runs)

    @property
    def log_P(self) -> list[float]:
        """Logarithm of P at every rung."""
        return [rung.log_P for rung in self.rungs]

    @property
    def z(self) -> float:
        """The smallest latent, which is the latent when it is constant."""
        return self.top.latents.L

    def event(
        self,
        event: Literal["switch", "half", "done"],
        what: Literal["log_t", "phi_global", "phi_own"],
    ) -> Series:
        """Log t or a correlation at an event on every rung; NaN where the event never came."""
        found = [getattr(run, event) for run in self.runs]
        return np.array([math.nan if moment is None else getattr(moment, what) for moment in found])

    def largest(self, series: str) -> Series:
        """Largest modulus over time of a correlation, on every rung."""
        return np.array([np.abs(getattr(run, series)).max() for run in self.runs])

    def final(self, series: str) -> Series:
        """The last value of a series, on every rung."""
        return np.array([getattr(run, series)[-1] for run in self.runs])

    def predicted(self, formula: Callable[[Setting], float]) -> Series:
        """A prediction at every rung."""
        return np.array([formula(rung) for rung in self.rungs])

    def power(
        self, name: str, log_y: Series, exponent: float, *, log_power: float = 0
    ) -> Iterator[Gap]:
        """The measured y is P^exponent (log P)^log_power; an event that never came fails it."""
        name = f"{name}, {self.name}"
        if not np.isfinite(log_y).all():
            yield equal(name, math.nan, exponent, 0, "reached at every rung of the ladder")
            return
        yield from scaling.power_law(
            name, self.log_P, log_y.tolist(), exponent, log_power=log_power
        )

    def limit(self, name: str, values: Series, predicted: float) -> Iterator[Gap]:
        """The values tend to the predicted one, with an error of the next order in P."""
        order = next_order(self.top, self.runs[0].query)
        at_top = 10 * self.top.log_P * math.exp(order * self.top.log_P)
        yield from scaling.limit(
            f"{name}, {self.name}",
            self.log_P,
            values.tolist(),
            predicted,
            tolerance=at_top + INTEGRATION,
            why=f"10·log(P)·P^{order:.2g} = {at_top:.0e}: the next order of the expansion, "
            f"with room for its constant; and {INTEGRATION:g} for the integrator",
        )


def next_order(setting: Setting, query: QueryKind = "local") -> float:
    """The power of P in the leading corrections to the laws below; logarithms go with it.

    Local: P^-κ_s from Υ on the own area, P^-|Δ| from the smaller of two rates, P^-(1-κ_s)/2 and
    P^-(κ_c-κ_s) from products A_1A_n beside A_1² or A_n, P^-(1-κ_c) from A_1 beside 1. Global:
    P^-κ_c from Υ, P^-(κ_c-κ_s) from one local area, P^-(1-κ_c)/2 from √ε beside 1 when ε is of the
    order of a. For κ_c = 1 nothing is expanded in P^(κ_c-1).
    """
    orders = [setting.kappa_c - setting.kappa_s]
    if query == "local":
        orders += [setting.kappa_s, abs(setting.gap), (1 - setting.kappa_s) / 2]
        orders += [1 - setting.kappa_c]
    else:
        orders += [setting.kappa_c, (1 - setting.kappa_c) / 2]
    return -min(order for order in orders if order > 0)


def shifted(by: float) -> Plant:
    """Plant a prediction that is too large by this much."""
    return lambda original: lambda *given: original(*given) + by


def scaled(by: float) -> Plant:
    """Plant a prediction that is wrong by this factor."""
    return lambda original: lambda *given: original(*given) * by


def spoiled(rate: int, by: float) -> Plant:
    """Plant reduced dynamics whose rate of this index (α_1, α_n, α_m, β_1, β_n, β_m) is off."""

    def plant(original: Any) -> Any:
        def sums(setting: Setting, query: QueryKind) -> Any:
            right = original(setting, query)
            return lambda state: [x * (by if i == rate else 1) for i, x in enumerate(right(state))]

        return sums

    return plant


RATES = "model.reduced_mae._sums"
ALPHA_GLOBAL, ALPHA_OWN, ALPHA_OTHER, BETA_GLOBAL, BETA_OWN, BETA_OTHER = range(6)


def tens(context: Context) -> tuple[int, ...]:
    """The powers of ten on a ladder: from 1e20, where P^-0.1 is a hundredth, to 1e100."""
    rungs = context.at(quick=8, full=17, deep=41)
    return tuple(int(ten) for ten in np.linspace(20, 100, rungs).round())


def ladders(
    context: Context, tops: Sequence[Setting], query: QueryKind = "local", *, late: bool = False
) -> Iterator[Ladder]:
    """The ladder of every setting."""
    for top in tops:
        yield Ladder(top, trajectories(top, query, tens(context), late))


# ------------------------------------------------------------------ predictions: both signs of Δ


def log_global_share(setting: Setting) -> float:
    """Logarithm of a: the attention of the global area at Q = 0."""
    return math.log1p(-setting.gamma) + math.log(setting.C_1 / setting.P)


def decouples(setting: Setting) -> bool:
    """Whether |α_1| > α_n at Q = 0, to leading order a² > ρ: for large P the sign of Δ."""
    return 2 * log_global_share(setting) > setting.log_rho


def log_own_share(setting: Setting) -> float:
    """Logarithm of ρ′: the attention of the own area from which it grows.

    ρ/(1-a) when the global area is given up first, ρ otherwise.
    """
    given_up = math.exp(log_global_share(setting)) if decouples(setting) else 0.0
    return setting.log_rho - math.log1p(-given_up)


def growth_time(latents: Latents, phi: float = math.inf) -> float:
    """The s at which Φ_n = phi: ∫_0^phi dφ / E[z³e^{zφ}]; constant latents: (1 - e^{-zφ})/z⁴."""
    if latents.is_constant:
        return -math.expm1(-latents.L * phi) / latents.L**4

    def pause(x: float) -> float:
        law = zip(latents.values, latents.probabilities, strict=True)
        return 1 / sum(q * z**3 * math.exp(z * x) for z, q in law)

    # Beyond 60/L the remainder is below e^-60.
    return float(integrate.quad(pause, 0, min(phi, 60 / latents.L), epsabs=0, epsrel=1e-10)[0])


def log_half_time(setting: Setting) -> float:
    """Logarithm of T_½ = K/(γρ′)·∫_0^∞ dφ/E[z³e^{zφ}]; K/(γρ′z⁴) for constant latents."""
    unit = math.log(setting.K / setting.gamma) - log_own_share(setting)
    return unit + math.log(growth_time(setting.latents))


def half_time_exponent(setting: Setting) -> float:
    """T_½ = Θ(P^this)."""
    return 1 - setting.kappa_s


def own_exponent(setting: Setting) -> float:
    """Φ_n at a fixed loss gap has this slope in log P: the smallest latent is the slowest."""
    return (1 - setting.kappa_s) / setting.latents.L


def own_at(setting: Setting, loss_gap: float) -> float:
    """Φ_n at which ½γE[z²(1-A_n)²] = loss_gap, where A_n = ρ′e^{zΦ}/(1 + ρ′e^{zΦ})."""
    return own_where(
        setting,
        log_own_share(setting),
        lambda z, miss: 0.5 * setting.gamma * (z * miss) ** 2,
        loss_gap,
    )


def own_at_loss_gap(setting: Setting) -> float:
    """Φ_n where training stops, at LOSS_GAP."""
    return own_at(setting, LOSS_GAP)


def own_at_half(setting: Setting) -> float:
    """Φ_n at which E A_n = ½."""
    return own_where(setting, log_own_share(setting), lambda _, miss: miss, 0.5)


def own_where(
    setting: Setting, log_share: float, falls: Callable[[float, float], float], level: float
) -> float:
    """Φ_n ≥ 0 at which the mean over z of falls(z, 1 - A_n) is at the level.

    For A_n = e^x/(1 + e^x) with x = zΦ_n + log_share.
    """
    law = tuple(zip(setting.latents.values, setting.latents.probabilities, strict=True))

    def excess(phi: float) -> float:
        return sum(q * falls(z, special.expit(-z * phi - log_share)) for z, q in law) / level - 1

    far = (600 - log_share) / setting.latents.L  # 1 - A_n = e^-600
    return float(optimize.brentq(excess, 0, far, xtol=1e-12))


def log_tail_time(setting: Setting, loss_gap: float) -> float:
    """Logarithm of the time from T_½ to the loss gap ε, K/(4L²ε)(1+o(1)) as ε → 0."""
    return math.log(setting.K) - math.log(4 * setting.latents.L**2) - math.log(loss_gap)


def other_exponent(setting: Setting) -> float:
    """max_t |Φ_m| = Θ(P^this log P) for another local area."""
    return -(1 - setting.kappa_s)


def other_at(setting: Setting, phi_global: float, phi_own: float) -> float:
    """Φ_m = -ρ(Φ_1 + Φ_n + γ/z), constant latents and κ_c < 1.

    α_m = zA_m(h - z²A_m) has -α_1 and -α_n in h; of the rest, (1-γ)ρ by the other local areas and
    -ρ by area m itself, nothing is left after T_½.
    """
    lasting = setting.gamma / setting.latents.L
    return -math.exp(setting.log_rho) * (phi_global + phi_own + lasting)


def own_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| = Θ(P^this log P) for q in the own area."""
    return -setting.kappa_s


def global_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| is of this power of P for q in the global area; times log P at a positive gap."""
    return (0.0 if setting.gap > 0 else setting.gap) - setting.kappa_c


def other_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| = Θ(P^this log P) for q in another local area."""
    return -1.0


def log_time_to(setting: Setting, loss_gap: float) -> float:
    """Logarithm of T*(ε) = T_½ + K/(4L²ε)."""
    return float(np.logaddexp(log_half_time(setting), log_tail_time(setting, loss_gap)))


# ------------------------------------------------------------------- predictions: positive gap


def own_at_switch(latents: Latents) -> float:
    """Φ_n(T_1): the root of 2L·E[z³e^{zφ}]·∫_0^φ dφ′/E[z³e^{zφ′}] = 1; ln(3/2)/z when constant."""
    if latents.is_constant:
        return math.log(1.5) / latents.L
    law = tuple(zip(latents.values, latents.probabilities, strict=True))

    def lead(phi: float) -> float:
        push = sum(q * z**3 * math.exp(z * phi) for z, q in law)
        return 2 * latents.L * push * growth_time(latents, phi) - 1

    return float(optimize.brentq(lead, 0, 5 / latents.L, xtol=1e-13))


def log_switch_time(setting: Setting) -> float:
    """Logarithm of T_1; constant latents: T_½/3, as |α_1| = 1/(2zt) meets α_n = 1/(z(T_½-t))."""
    early = growth_time(setting.latents, own_at_switch(setting.latents))
    return log_half_time(setting) + math.log(early / growth_time(setting.latents))


def switch_time_exponent(setting: Setting) -> float:
    """T_1 = Θ(P^this)."""
    return 1 - setting.kappa_s


def depth_exponent(setting: Setting) -> float:
    """Φ_1(T_1) has this slope in log P; the smallest latent decouples last."""
    return -setting.gap / (2 * setting.latents.L)


def global_at(setting: Setting, s: float) -> float:
    """Φ_1 at time s: samples with z_1 = L, of probability q, have A_1² = ρ′/(2L⁴qs).

    For dΦ_1/dt = -(γ/K)·qL³A_1² when those with larger z_1 attend to it no more.
    """
    L, q = setting.latents.L, setting.latents.probabilities[0]
    log_a = log_global_share(setting)
    log_free = math.log1p(-math.exp(log_a))
    log_A = 0.5 * (log_own_share(setting) - math.log(2 * L**4 * q * s))
    return (log_A + log_free - log_a) / L


def global_at_switch(setting: Setting) -> float:
    """Φ_1(T_1); κ_c < 1, constant: zΦ_1 = -(Δ/2)log P + ½log(3c_s/(2(1-γ)c_1²))."""
    return global_at(setting, growth_time(setting.latents, own_at_switch(setting.latents)))


def global_at_end(setting: Setting) -> float:
    """Φ_1 from T_½ on: A_1² is then three times smaller than at T_1 (constant latents)."""
    return global_at(setting, growth_time(setting.latents))


def later_global_move(latents: Latents) -> float:
    """Φ_1(T*) - Φ_1(T_1), which does not depend on P; -½ln(3)/z for constant latents."""
    early, whole = growth_time(latents, own_at_switch(latents)), growth_time(latents)
    return math.log(early / whole) / (2 * latents.L)


# ------------------------------------------------------------------- predictions: negative gap


def gap_exponent(setting: Setting) -> float:
    """The power of P that |Φ_1| and |α_1|/α_n have at a negative gap."""
    return setting.gap


def global_per_start(setting: Setting) -> float:
    """-Φ_1 at the end, to leading order a²/(ρz) = P^Δ(1-γ)c_1²/(c_s z)."""
    return math.exp(2 * log_global_share(setting) - setting.log_rho) / setting.latents.L


def predicted_events(setting: Setting, loss_gap: float) -> dict[str, dict[str, float] | None]:
    """The log t, Φ_1 and Φ_n predicted at `switch`, `half`, `done` (T* = T_½ + K/(4L²ε)); large P.

    switch is None when the own feature leads from the start.
    """
    half_own, done_own = own_at_half(setting), own_at(setting, loss_gap)

    def held(own: float) -> float:
        """Φ_1 after growth: a two-term expansion at a negative gap."""
        if decouples(setting):
            return global_at_end(setting)
        return -global_per_start(setting) - math.exp(log_global_share(setting)) * own

    switch = {
        "log_t": log_switch_time(setting),
        "phi_global": global_at_switch(setting),
        "phi_own": own_at_switch(setting.latents),
    }
    half = {"log_t": log_half_time(setting), "phi_global": held(half_own), "phi_own": half_own}
    return {
        "switch": switch if decouples(setting) else None,
        "half": half,
        "done": {
            "log_t": log_time_to(setting, loss_gap),
            "phi_global": held(done_own),
            "phi_own": done_own,
        },
    }


# ---------------------------------------------------------------------------------- positive gap

PATH = "at the event on every rung; an asymptotic constant by its value at P = 1e100"
PHASES = 3.0
"""T_½/T_1 for constant latents."""
REDUCED = ("grad.lumping", "tier.reduced")


phase1_monotone = Claim(
    id="local+.phase1-monotone",
    title="Phase I: the global correlation falls while the own one waits",
    statement=r"""$\Delta\ge\Omega(1)$, $t<T_1$: $\Phi_{p\to v_1}$ strictly decreases,
        $|\alpha_1|>\alpha_n$ and $\Phi_{p\to v_n}\le\ln(3/2)/z+o(1)$ (constant latents).""",
    measured="at every recorded time before T_1, on every rung",
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.2",
    assumptions=WITH_GAP,
    rests_on=("sign.own", "sign.global", "init.gap-decides", *REDUCED),
)


@phase1_monotone.leg("scaling", require=("random latents", "K > 1"))
def first_phase_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Rises of Φ_1, the lead of |α_1| and the largest Φ_n before T_1."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        rises, leads = 0, []
        for run, log_T in zip(ladder.runs, ladder.event("switch", "log_t"), strict=True):
            early = ~(run.log_t >= log_T)  # all of it when T_1 never came
            rises += int((np.diff(run.phi_global[early]) >= 0).sum())
            rises += int((run.rate_global[early] >= 0).sum())
            ratio = np.abs(run.rate_global[early]) / run.rate_own[early]
            leads.append(float(np.log(ratio).min()))
        yield identical(f"times at which Φ_1 does not fall, {ladder.name}", rises, 0, "strictly")
        why = f"|α_1| = α_n at T_1, which is located to {INTEGRATION:g}"
        yield at_least(f"log |α_1|/α_n, {ladder.name}", min(leads), 0, INTEGRATION, why)
        foot = ladder.rungs[0]
        delay = 10 * math.exp(foot.log_rho / 2) + INTEGRATION
        why = "10√ρ at the foot: only the product A_1A_n beside A_1² delays T_1"
        largest = float(ladder.event("switch", "phi_own").max())
        bound = own_at_switch(ladder.top.latents)
        yield at_most(f"Φ_n(T_1), {ladder.name}", largest, bound, delay, why)


phase1_monotone.mistake("bound less 5 %", "claims.mae_local.own_at_switch", scaled(0.95))
phase1_monotone.mistake("α_1 with the wrong sign", RATES, spoiled(ALPHA_GLOBAL, -1))


phase1_length = Claim(
    id="local+.phase1-length",
    title="Phase I lasts a third of the time to one half",
    statement=r"""$\Delta\ge\Omega(1)$: $|\alpha_1|=\alpha_n$ first at $T_1=\Theta(P^{1-\kappa_s})$;
        for constant latents $T_1\cdot3\gamma\rho' z^4/K\to1$, $\rho'=\rho/(1-(1-\gamma)C_1/P)$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-monotone", "lemma5.1.own", "lemma5.1.global", *REDUCED),
)


@phase1_length.leg("scaling", require=("random latents", "K > 1"))
def switch_time_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_1 against its power and its constant."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        log_T = ladder.event("switch", "log_t")
        yield from ladder.power("T_1", log_T, switch_time_exponent(ladder.top))
        ratio = np.exp(log_T - ladder.predicted(log_switch_time))
        yield from ladder.limit("T_1·3γρ′z⁴/K", ratio, 1)


phase1_length.mistake(
    "exponent off by 0.02", "claims.mae_local.switch_time_exponent", shifted(0.02)
)
phase1_length.mistake(
    "constant off by 5 %", "claims.mae_local.log_switch_time", shifted(math.log(1.05))
)
phase1_length.mistake("α_n off by 5 %", RATES, spoiled(ALPHA_OWN, 1.05))


decoupling_depth = Claim(
    id="local+.decoupling-depth",
    title="How far the global correlation is pushed down",
    statement=r"""$\Delta\ge\Omega(1)$: $\Phi_{p\to v_1}(T_1)$ has slope $-\Delta/(2L)$ in $\log P$;
        for constant latents and $\kappa_c<1$
        $z\Phi_{p\to v_1}(T_1)+\frac\Delta2\log P\to\frac12\log\frac{3c_s}{2(1-\gamma)c_1^2}$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-length", "data.gap-meaning", *REDUCED),
)


@decoupling_depth.leg("scaling", require=("random latents", "K > 1"))
def depth_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_1(T_1) against its slope and its intercept."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        phi = ladder.event("switch", "phi_global")
        yield from ladder.power("e^{Φ_1(T_1)}", phi, depth_exponent(ladder.top))
        excess = ladder.z * (phi - ladder.predicted(global_at_switch))
        yield from ladder.limit("zΦ_1(T_1) less its law", excess, 0)


decoupling_depth.mistake("slope off by 0.02", "claims.mae_local.depth_exponent", shifted(0.02))
decoupling_depth.mistake("slope -Δ/L", "claims.mae_local.depth_exponent", scaled(2))
decoupling_depth.mistake(
    "3 in the logarithm forgotten", "claims.mae_local.global_at_switch", shifted(-math.log(3) / 2)
)


own_at_the_switch = Claim(
    id="local+.own-at-switch",
    title="The own correlation at the end of Phase I",
    statement=r"""$\Delta\ge\Omega(1)$, constant latents: $z\Phi_{p\to v_n}(T_1)\to\ln(3/2)$;
        in general to the root of $2L\,E[z^3e^{z\phi}]\int_0^\phi d\phi'/E[z^3e^{z\phi'}]=1$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-length", *REDUCED),
)


@own_at_the_switch.leg("scaling", require=("random latents", "K > 1"))
def own_at_switch_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_n(T_1), a number that depends on the latents alone."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        phi = ladder.event("switch", "phi_own")
        yield from ladder.limit("Φ_n(T_1)", phi, own_at_switch(ladder.top.latents))


own_at_the_switch.mistake("constant off by 5 %", "claims.mae_local.own_at_switch", scaled(1.05))
own_at_the_switch.mistake(
    "random latents as their mean",
    "claims.mae_local.own_at_switch",
    lambda law: lambda z: law(Latents.constant(z.moment(1))),
)


phase2_length = Claim(
    id="local+.phase2-length",
    title="Own attention reaches one half at three times T_1",
    statement=r"""$\Delta\ge\Omega(1)$: $T_{1/2}=\Theta(P^{1-\kappa_s})$; constant latents:
        $T_{1/2}\cdot\gamma\rho' z^4/K\to1$ and $T_{1/2}/T_1\to3$.""",
    measured=PATH,
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase1-length", "lemma5.1.own", *REDUCED),
)


@phase2_length.leg("scaling", require=("random latents", "K > 1"))
def half_time_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ against its power, its constant, and T_1."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        log_T, log_T_1 = ladder.event("half", "log_t"), ladder.event("switch", "log_t")
        yield from ladder.power("T_½", log_T, half_time_exponent(ladder.top))
        ratio = np.exp(log_T - ladder.predicted(log_half_time))
        yield from ladder.limit("T_½·γρ′z⁴/K", ratio, 1)
        if ladder.top.latents.is_constant:
            yield from ladder.limit("T_½/T_1", np.exp(log_T - log_T_1), PHASES)


phase2_length.mistake("exponent off by 0.02", "claims.mae_local.half_time_exponent", shifted(-0.02))
phase2_length.mistake(
    "constant off by 5 %", "claims.mae_local.log_half_time", shifted(math.log(0.95))
)
phase2_length.mistake("T_½ twice T_1", "claims.mae_local.PHASES", lambda three: three - 1)


own_final = Claim(
    id="local+.own-final",
    title="The own correlation at the end",
    statement=r"""$\Delta\ge\Omega(1)$: at a fixed loss gap $\epsilon$ $\Phi_{p\to v_n}$ has slope
        $(1-\kappa_s)/L$ in $\log P$; as $\epsilon\to0$ $A_n\to1$. Constant latents:
        $z\Phi_{p\to v_n}+\log\rho'\to\log(1/u-1)$, $1-A_n\to u=\sqrt{2\epsilon/(\gamma z^2)}$.""",
    measured=f"where the loss gap is {LOSS_GAP:g}, and late, where it is of the order of ρ",
    provenance=Provenance.SHARPENED,
    assumptions=WITH_GAP,
    rests_on=("local+.phase2-length", "loss.sandwich", *REDUCED),
)


@own_final.leg("scaling", require=("random latents", "K > 1"))
def own_final_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_n at the loss gap against its slope and intercept, and the attention that it brings."""
    yield from _own_final(context, (*POSITIVE, GLOBAL_SHARE, RANDOM))


own_final.mistake("slope off by 0.02", "claims.mae_local.own_exponent", shifted(0.02))
own_final.mistake("slope by the largest latent", "claims.mae_local.own_exponent", scaled(2 / 3))
own_final.mistake("intercept off by 0.05", "claims.mae_local.own_at_loss_gap", shifted(0.05))


def _own_final(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    for ladder in ladders(context, tops):
        yield ladder.case
        phi = ladder.event("done", "phi_own")
        yield from ladder.power("e^{Φ_n(T*)}", phi, own_exponent(ladder.top))
        excess = ladder.z * (phi - ladder.predicted(own_at_loss_gap))
        yield from ladder.limit("zΦ_n(T*) less its law", excess, 0)
        if ladder.top.latents.is_constant:
            missing = math.sqrt(2 * LOSS_GAP / ladder.top.gamma) / ladder.z
            yield from ladder.limit("A_n(T*)", ladder.final("own_attention"), 1 - missing)
    for ladder in ladders(context, tops[:1], late=True):
        yield from ladder.limit("late A_n", ladder.final("own_attention"), 1)


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


@global_stays.leg("scaling", require=("random latents", "K > 1"))
def later_global_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_1 at T* against its slope, and what it moved since T_1."""
    for ladder in ladders(context, (*POSITIVE, GLOBAL_SHARE, RANDOM)):
        yield ladder.case
        end, before = ladder.event("done", "phi_global"), ladder.event("switch", "phi_global")
        yield from ladder.power("e^{Φ_1(T*)}", end, depth_exponent(ladder.top))
        predicted = later_global_move(ladder.top.latents)
        yield from ladder.limit("Φ_1(T*) - Φ_1(T_1)", end - before, predicted)
        paths = zip(ladder.runs, ladder.event("switch", "log_t"), before, strict=True)
        farthest = max(
            float(np.abs(run.phi_global[run.log_t >= log_T] - start).max(initial=0))
            for run, log_T, start in paths
        )
        foot = ladder.rungs[0]
        slack = 10 * foot.log_P * math.exp(foot.log_rho / 2) + INTEGRATION
        why = "10·√ρ·log P at the foot: what A_1A_n adds to A_1² in the transition"
        yield at_most(f"|Φ_1(t) - Φ_1(T_1)|, {ladder.name}", farthest, abs(predicted), slack, why)


global_stays.mistake("slope off by 0.02", "claims.mae_local.depth_exponent", shifted(-0.02))
global_stays.mistake("move off by 5 %", "claims.mae_local.later_global_move", scaled(1.05))
global_stays.mistake("α_1 with the wrong sign", RATES, spoiled(ALPHA_GLOBAL, -1))


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


@others_small.leg("scaling", require=("positive gap", "K > 1"))
def others_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_m, largest and last, for one of the many other areas."""
    yield from _others_small(context, POSITIVE)


others_small.mistake("exponent off by 0.02", "claims.mae_local.other_exponent", shifted(0.02))
others_small.mistake(
    "own feature left out",
    "claims.mae_local.other_at",
    lambda law: lambda s, x, y: law(s, x, 0 * y),
)
others_small.mistake("α_m off by 5 %", RATES, spoiled(ALPHA_OTHER, 1.05))


def _others_small(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    for ladder in ladders(context, tops):
        yield ladder.case
        largest = np.log(ladder.largest("phi_other"))
        exponent = other_exponent(ladder.top)
        yield from ladder.power("max |Φ_m| / log P", largest, exponent, log_power=1)
        path = zip(ladder.rungs, ladder.final("phi_global"), ladder.final("phi_own"), strict=True)
        predicted = np.array([other_at(*state) for state in path])
        yield from ladder.limit("Φ_m(T*) by its law", ladder.final("phi_other") / predicted, 1)


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


@positions_small.leg("scaling", require=("positive gap", "K > 1"))
def positions_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Each Υ against its power of P, and against the Φ that it follows."""
    yield from _positions_small(context, POSITIVE)


positions_small.mistake(
    "own exponent off by 0.02", "claims.mae_local.own_position_exponent", shifted(0.02)
)
positions_small.mistake(
    "global exponent off by 0.02", "claims.mae_local.global_position_exponent", shifted(0.02)
)
positions_small.mistake(
    "other exponent off by 0.02", "claims.mae_local.other_position_exponent", shifted(-0.02)
)
positions_small.mistake("β of the own area off by 5 %", RATES, spoiled(BETA_OWN, 1.05))


def _positions_small(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    for ladder in ladders(context, tops):
        yield ladder.case
        top = ladder.top
        own, crowd, rest = (
            np.log(ladder.largest(f"upsilon_{kind}")) for kind in ("own", "global", "other")
        )
        yield from ladder.power("Υ own / log P", own, own_position_exponent(top), log_power=1)
        logs = 1 if top.gap > 0 else 0
        exponent = global_position_exponent(top)
        yield from ladder.power("Υ global / (log P)^[Δ>0]", crowd, exponent, log_power=logs)
        yield from ladder.power("Υ other / log P", rest, other_position_exponent(top), log_power=1)
        phi_1, phi_n = ladder.final("phi_global"), ladder.final("phi_own")
        for kind, size, phi in (
            ("own", lambda rung: float(rung.C_s), phi_n),
            ("global", lambda rung: float(rung.C_1), phi_1),
            ("other", lambda rung: float(rung.P), -(phi_1 + phi_n)),
        ):
            scaled = ladder.predicted(size) * ladder.final(f"upsilon_{kind}")
            yield from ladder.limit(f"Υ {kind} times z·size/Φ", ladder.z * scaled / phi, 1)


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


@rate.leg("scaling", require=("positive gap", "K > 1"))
def time_to_loss_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T*(ε) against its power and the sum of its two terms."""
    yield from _rate(context, (*POSITIVE[:2], GLOBAL_SHARE))


rate.mistake("exponent off by 0.02", "claims.mae_local.half_time_exponent", shifted(0.02))
rate.mistake("constant off by 5 %", "claims.mae_local.log_tail_time", shifted(math.log(1.05)))
rate.mistake("T_½ off by 5 %", "claims.mae_local.log_half_time", shifted(math.log(1.05)))


def _rate(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    for ladder in ladders(context, tops, late=True):
        yield ladder.case
        log_T = ladder.event("done", "log_t")
        yield from ladder.power("T*(ε)", log_T, half_time_exponent(ladder.top))
        predicted = ladder.predicted(lambda rung: log_time_to(rung, late_loss_gap(rung, "local")))
        yield from ladder.limit("T*(ε)/(T_½ + K/(4z²ε))", np.exp(log_T - predicted), 1)


# ---------------------------------------------------------------------------------- negative gap


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


@no_decoupling.leg("scaling", require=("negative gap", "K > 1"))
def still_global_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The largest |Φ_1| against P^Δ and its constant."""
    for ladder in ladders(context, NEGATIVE):
        yield ladder.case
        largest = ladder.largest("phi_global")
        yield from ladder.power("max |Φ_1|", np.log(largest), gap_exponent(ladder.top))
        ratio = ladder.final("phi_global") / -ladder.predicted(global_per_start)
        yield from ladder.limit("Φ_1(T*) by its law", ratio, 1)
        yield from ladder.limit("max |Φ_1|", largest, 0)


no_decoupling.mistake("exponent off by 0.02", "claims.mae_local.gap_exponent", shifted(0.02))
no_decoupling.mistake("constant off by 5 %", "claims.mae_local.global_per_start", scaled(1.05))
no_decoupling.mistake("α_1 with the wrong sign", RATES, spoiled(ALPHA_GLOBAL, -1))


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


@own_first.leg("scaling", require=("negative gap", "K > 1"))
def lead_of_own_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The largest |α_1|/α_n over time, and that Φ_n only grows."""
    for ladder in ladders(context, NEGATIVE):
        yield ladder.case
        ratio = np.array([np.abs(run.rate_global / run.rate_own).max() for run in ladder.runs])
        yield at_most(f"|α_1|/α_n, {ladder.name}", float(ratio.max()), 1, 0, "no T_1 exists")
        yield from ladder.power("max |α_1|/α_n", np.log(ratio), gap_exponent(ladder.top))
        slowest = min(float(run.rate_own.min()) for run in ladder.runs)
        yield at_least(f"α_n, {ladder.name}", slowest, 0, 0, "a positive rate, at every time")


own_first.mistake("exponent off by 0.02", "claims.mae_local.gap_exponent", shifted(-0.02))
own_first.mistake("α_n a millionth of its size", RATES, spoiled(ALPHA_OWN, 1e-6))


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


@length.leg("scaling", require=("negative gap", "K > 1"))
def single_phase_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ against its power and its constant."""
    for ladder in ladders(context, NEGATIVE):
        yield ladder.case
        log_T = ladder.event("half", "log_t")
        yield from ladder.power("T_½", log_T, half_time_exponent(ladder.top))
        ratio = np.exp(log_T - ladder.predicted(log_half_time))
        yield from ladder.limit("T_½·γρz⁴/K", ratio, 1)


length.mistake("exponent off by 0.02", "claims.mae_local.half_time_exponent", shifted(0.02))
length.mistake("constant off by 5 %", "claims.mae_local.log_half_time", shifted(math.log(1.05)))
length.mistake("α_n off by 5 %", RATES, spoiled(ALPHA_OWN, 0.95))


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


@single_own_final.leg("scaling", require=("negative gap", "K > 1"))
def single_own_final_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """As at a positive gap, with ρ in place of ρ′."""
    yield from _own_final(context, NEGATIVE)


single_own_final.mistake("slope off by 0.02", "claims.mae_local.own_exponent", shifted(-0.02))
single_own_final.mistake(
    "intercept off by 0.05", "claims.mae_local.own_at_loss_gap", shifted(-0.05)
)


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


@single_others_small.leg("scaling", require=("negative gap", "K > 1"))
def single_others_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """As at a positive gap; Φ_1 then counts for nothing."""
    yield from _others_small(context, NEGATIVE)


single_others_small.mistake(
    "exponent off by 0.02", "claims.mae_local.other_exponent", shifted(-0.02)
)
single_others_small.mistake(
    "sign of the own feature",
    "claims.mae_local.other_at",
    lambda law: lambda s, x, y: law(s, x, -y),
)
single_others_small.mistake("α_m off by 5 %", RATES, spoiled(ALPHA_OTHER, 0.95))


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


@single_positions_small.leg("scaling", require=("negative gap", "K > 1"))
def single_positions_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """As at a positive gap; on the global area without the logarithm."""
    yield from _positions_small(context, NEGATIVE)


single_positions_small.mistake(
    "own exponent off by 0.02", "claims.mae_local.own_position_exponent", shifted(-0.02)
)
single_positions_small.mistake(
    "Δ left out on the global area", "claims.mae_local.global_position_exponent", shifted(0.2)
)
single_positions_small.mistake("β of other areas off by 5 %", RATES, spoiled(BETA_OTHER, 1.05))


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


@single_rate.leg("scaling", require=("negative gap", "K > 1"))
def single_time_to_loss_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The same constant as at a positive gap."""
    yield from _rate(context, NEGATIVE[:2])


single_rate.mistake("exponent off by 0.02", "claims.mae_local.half_time_exponent", shifted(-0.02))
single_rate.mistake(
    "constant off by 5 %", "claims.mae_local.log_tail_time", shifted(-math.log(1.05))
)


CLAIMS = (
    phase1_monotone,
    phase1_length,
    decoupling_depth,
    own_at_the_switch,
    phase2_length,
    own_final,
    global_stays,
    others_small,
    positions_small,
    rate,
    no_decoupling,
    own_first,
    length,
    single_own_final,
    single_others_small,
    single_positions_small,
    single_rate,
)
