r"""MAE, random latents: the reduced flow of one query for every P ≥ P0, up to its end.

Sources: none; derived here for the mean-count flow of `model.reduced` and K = 1 (it enters by
t → t/K), for every law of z on [L, U] with P(z = L) ≥ q. One derivation serves a local query at
either sign of Δ and, with a for ρ and no W_1, a global one. Notation of `for_every_size`;
W_z = ρe^{zΦ_n+Υ_n}, d = W_1 + R, A = W_z/(W_z + d), m(φ) = E[z³e^{zφ}], and τ = γt/K:
    dΦ_n/dτ = E[zA(z²(1-A)² + Σ_m z_m²A_m²)].
Claimed: ρτ → I = ∫_0^∞ dφ/m for every event at which A_U ≥ ½ and A_L/(1-A_L) ≤ reach, T_½ and
T*(ε) among them, and LΦ_n + log ρ → log(1/u - 1) at T*(ε), u² = 2ε/(γP(z=L)L²).

**Time.** Let d be within [d_0, d_1], |Υ_n| ≤ log e, k ≥ x² + SE/R² with x ≥ W_1/R, ϱ = ρe/d_0 and
Y_z = ϱe^{zφ} ≥ W_z/d. From A ≤ W_z/d_0 and m ≥ qL³e^{Lφ}, as W_U ≥ d_0 at the end:
    ρτ ≥ d_0(I - ϱ^{L/U}/(qL⁴))/(e(1 + (U/L)²k)).
From A(1-A)² ≥ (W_z/d_1)(1+Y_z)^{-3}: ρτ ≤ d_1e(I + J), where
    1/E[z³e^{zφ}(1+Y_z)^{-3}] - 1/m ≤ min(1, 3Y_U)(1+Y_L)³/(qL³e^{Lφ}),
integrated over φ: J = [(3ϱ)^{L/U}(1/(U-L) + 1/L) + ϱ(3φ + 3r/L + r²/(2L))]/(qL³), r ≥ Y_L.
Later than 3Y_U = 1 the first term is (3ϱ)^{L/U}/L alone: ρτ spent there is `late`. I is between
U^{-4} and L^{-4}.
**What stays small.** With h between -z²A(1-A) and U²k,
    ρ∫E[z²A(1-A)]dτ ≤ ρ·4Φ_n/(3L) + U²late/4,
as A ≤ ¼ before 3Y_U = 1, and A(1-A) ≤ ¼ always. Everything else is a bounded rate times ρτ. Φ_1
may fall as it likes, W_1 ≥ 0; it rises by E[z_1A_1]U²SE/S² at most. No sign of a rate is needed.
**The end.** At T*(ε) P(z=L)L²E(1-A_L)² is 2ε/γ less U²k and the part of the other latents, from
`second` on, whose 1-A_z ≤ d_1/W_z is below (d_1/d_0)ϱ^{z/L-1}, as u < ½ asks for W_L ≥ d_0: the
share δ of it, at most. So W_L = d(1/v - 1), d a value between those of d and (1-δ)u² ≤ v² ≤ u², and
|log(1/v - 1) - log(1/u - 1)| ≤ 2·½|log(1-δ)|, as the slope in log v is -1/(1-v).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from refutable.claims.mae import laws
from refutable.claims.mae.ladders import LOSS_GAP
from refutable.claims.runs.for_every_size import Bounds, Proof, event
from refutable.claims.runs.region import (
    ONE,
    PER_PATCH,
    VISIBLE_SHARE,
    Region,
    Size,
    global_size,
    local_size,
)
from refutable.model import reduced
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind, Trajectory
from refutable.prove.balls import ball
from refutable.prove.majorant import Majorant, NotBoundedError, closed
from refutable.prove.recording import made_once
from refutable.reuse import shared

REACH = 100
"""A_L/(1-A_L) up to which the flow is followed: u is above 1/100 for the loss gaps considered."""
ROOTS = 4
"""Roots taken one of another: powers of ϱ < 1 are rounded down to multiples of 2^-4. A choice: more
of them bring a power nearer to its own, by a 32nd on average."""


@dataclass(frozen=True)
class Quiet:
    """Laws that bound what stays small, from Q = 0 to the end; of Φ_1 what it rises."""

    upsilon_own: Majorant
    upsilon_global: Majorant
    upsilon_other: Majorant
    phi_other: Majorant
    phi_global: Majorant

    @property
    def laws(self) -> tuple[Majorant, ...]:
        """All of them."""
        return (
            self.upsilon_own, self.upsilon_global, self.upsilon_other, self.phi_other,
            self.phi_global,
        )  # fmt: skip


@dataclass(frozen=True)
class Spread:
    """Laws of latents on [smallest, largest]: P(z = smallest) ≥ atom, others from `second` on.

    Constant latents and latents of 0 are not among them. Raises ValueError where no law is.
    """

    smallest: Fraction
    largest: Fraction
    atom: Fraction
    second: Fraction

    def __post_init__(self) -> None:
        """Refuse what no law is like."""
        if not (0 < self.smallest < self.largest and 0 < self.atom < 1):
            raise ValueError("need 0 < smallest < largest and 0 < atom < 1")
        if not self.smallest <= self.second <= self.largest:
            raise ValueError("need smallest ≤ second ≤ largest")

    def __str__(self) -> str:
        """In words, as the scope of a proof."""
        L, U, q, next_ = (
            f"{float(x):g}" for x in (self.smallest, self.largest, self.atom, self.second)
        )
        apart = f" and none between {L} and {next_}" if next_ != L else ""
        return f"every law of z on [{L}, {U}] with P(z = {L}) ≥ {q}{apart}"


class SpreadQuery:
    """Bounds for all laws of a kind. Raises NotBoundedError where they say nothing."""

    def __init__(self, region: Region, spread: Spread, query: QueryKind) -> None:
        self.region, self.query = region, query
        L, U, self.q = (ball(x) for x in (spread.smallest, spread.largest, spread.atom))
        self.L, self.U, self.ratio = L, U, spread.smallest / spread.largest
        self.after = spread.second / spread.smallest - 1
        self.least = 1 / U**4  # of I
        self._measure()
        self.small = Quiet(*closed(5, lambda *laws: self._assume(Quiet(*laws)).laws))

    def _measure(self) -> None:
        """Sizes, and attentions at Q = 0."""
        region, local = self.region, self.query == "local"
        C_1, C_s = global_size(region), local_size(region)
        size = C_s if local else C_1
        self._share: Size = size * VISIBLE_SHARE
        self.own, self.rho = self._share.above(region), (C_s * VISIBLE_SHARE).above(region)
        self.first = [(C_1 * VISIBLE_SHARE).above(region)] if local else []
        self.each_per_own = Majorant.of(1) if local else (C_s / C_1).above(region)
        self.per_C_own, self.per_P = (ONE / size).above(region), PER_PATCH.above(region)
        self.per_P_own = (PER_PATCH / self._share).above(region)
        self.R_0 = sum(self.first, self.own).rest

    def _assume(self, small: Quiet) -> Quiet:
        """What follows for what stays small while it is below these laws."""
        L, U, dark = self.L, self.U, self.region.dark
        e_n, e_1 = small.upsilon_own.exp(), (small.upsilon_global + U * small.phi_global).exp()
        others = small.upsilon_other + U * small.phi_other
        e_o = others.exp()
        dark_keys = [share * small.upsilon_global.expm1() for share in self.first]
        moved = others.expm1() + dark * sum(dark_keys, self.own * small.upsilon_own.expm1())
        d_0 = (self.R_0 - moved.largest).lower()
        if not d_0 > 0:
            raise NotBoundedError("the weight of the other keys is not bounded from below")
        i, W_1 = 1 / d_0, [share * e_1 for share in self.first]
        self.i, self.d_1 = i, 1 + sum(W_1, moved).largest
        self._apart = sum([*W_1, self.own, *self.first], moved)
        each = self.rho * e_o * i
        self.k = sum([(W * i) ** 2 for W in W_1], each * e_o * i)
        self.share = self.own * e_n * i  # ϱ
        r = REACH * self.d_1 * e_n.largest**2 * i
        clock = (1 / L) * Majorant.logarithmic(
            (REACH * self.d_1 / self._share.least(self.region)).log() + small.upsilon_own.largest,
            -self._share.least_power(self.region),
        )
        before = self._power(3 * self.share, self.ratio)
        after = self.share * (3 * clock + 3 * r / L + r**2 / (2 * L))
        weakest = 1 / (self.q * L**3)
        self.longer = weakest * (before * (1 / (U - L) + 1 / L) + after)  # J
        slow = self.d_1 * e_n.largest
        late = slow * weakest * (before * (1 / L) + after)
        total = slow * (1 / L**4 + self.longer.largest)  # ρτ, at most
        spilled = (  # ρ∫|h|dτ
            self.k * (U**2 * total) + self.own * clock * (4 / (3 * L)) + late * (U**2 / 4)
        )
        keys = spilled + each * (U**2 * total)
        upsilon_global = phi_global = self.per_P  # of a global query there is no further such area
        for W in W_1:
            x = W * i
            upsilon_global = e_1 * i * self.per_P_own * (spilled + x * (U**2 * total))
            phi_global = x * (e_o * i) ** 2 * (U**3 * total)
        return Quiet(
            upsilon_own=self.per_C_own * (clock * (1 / L) + dark * e_n * i * spilled),
            upsilon_global=upsilon_global,
            upsilon_other=e_o * i * self.per_P_own * keys,
            phi_other=self.each_per_own * e_o * (U * i) * keys,
            phi_global=phi_global,
        )

    @staticmethod
    def _power(law: Majorant, exponent: Fraction) -> Majorant:
        """law^exponent or more, for a law below 1."""
        law.require_below_one()
        for _ in range(ROOTS):
            law = law.sqrt()
        return law ** math.floor(exponent * 2**ROOTS)

    @property
    def time(self) -> Majorant:
        """|ρτ/I - 1| at every event at which A_U ≥ ½ and A_L/(1-A_L) ≤ REACH."""
        n, slow = self.small.upsilon_own.expm1(), self.d_1 * self.small.upsilon_own.exp().largest
        gone = self._power(self.share, self.ratio) * (1 / (self.q * self.L**4 * self.least))
        faster = (self.U / self.L) ** 2 * self.k + gone
        return self.apart() + n * self.d_1 + self.longer * (slow / self.least) + faster

    def apart(self) -> Majorant:
        """|d - 1|."""
        return self._apart

    def _met(self, loss_gap: float) -> arb:
        """2ε, where T*(ε) is one of the events of `time`; NotBoundedError where it is not."""
        left, low, high = ball(2 * loss_gap), ball(self.region.gamma[0]), self.region.darkest
        u2 = left / (low * self.q * self.L**2)
        if not 4 * u2 < 1:  # u < ½, and the loss at A_U = ½ is larger
            raise NotBoundedError("the loss gap is not small")
        seen = left / high - self.U**2 * (self.k.largest + arb(1) / (1 + REACH) ** 2)
        if not seen > 0:
            raise NotBoundedError("the loss gap is not reached")
        return left

    def time_to(self, loss_gap: float) -> Majorant:
        """|ρτ/I - 1| at T_½ and at T*(ε)."""
        self._met(loss_gap)
        return self.time

    def own_at(self, loss_gap: float) -> Majorant:
        """|LΦ_n + log ρ - log(1/u - 1)| at T*(ε)."""
        left, high = self._met(loss_gap), self.region.darkest
        rest = (self.d_1 * self.i) ** 2 * self._power(self.share, 2 * self.after)
        delta = (self.k + rest) * (self.U**2 * high / left)
        return self.small.upsilon_own + self.apart().over_rest() + delta.over_rest()


@made_once
def spread_query(region: Region, spread: Spread, query: QueryKind) -> SpreadQuery:
    """The bounds of a region."""
    return SpreadQuery(region, spread, query)


# --------------------------------------------------------------------- regions, and runs within


def log_share(setting: Setting, query: QueryKind) -> float:
    """Logarithm of the own area's attention at Q = 0, ρ or a."""
    return setting.log_rho if query == "local" else laws.log_global_share(setting)


@dataclass(frozen=True)
class Kind:
    """Laws of latents, the query, the region where they are meant, and runs in it."""

    spread: Spread
    query: QueryKind
    region: Region
    at: tuple[Setting, ...]

    def times(self) -> Bounds:
        """T_½ and T*(ε) off their law, and what bounds them."""

        def off(setting: Setting, run: Trajectory) -> float:
            unit = math.log(setting.gamma / setting.K) + log_share(setting, self.query)
            log_law = math.log(laws.growth_time(setting.latents)) - unit
            moments = (event(run.half), event(run.done))
            return max(abs(math.expm1(moment.log_t - log_law)) for moment in moments)

        of = f"|T·γ{self._share}/K over ∫dφ/E[z³e^(zφ)] - 1|, T_½ and T*"
        return self._bounds(of, off, lambda query: query.time_to(LOSS_GAP), 0.1)

    def own(self) -> Bounds:
        """LΦ_n at T*(ε) off its law, and what bounds it."""

        def off(setting: Setting, run: Trajectory) -> float:
            law = laws.log_odds_of_smallest(setting) - log_share(setting, self.query)
            return abs(setting.latents.L * float(event(run.done).phi_own) - law)

        n = "n" if self.query == "local" else "1"
        of = f"|LΦ_{n}(T*) + log {self._share} - log(1/u - 1)|"
        return self._bounds(of, off, lambda query: query.own_at(LOSS_GAP), 0.2)

    @property
    def _share(self) -> str:
        """The own area's attention at Q = 0, as statements call it."""
        return "ρ" if self.query == "local" else "a"

    def _bounds(
        self,
        of: str,
        off: Callable[[Setting, Trajectory], float],
        bound: Callable[[SpreadQuery], Majorant],
        allowed: float,
    ) -> Bounds:
        def of_tile(tile: Region) -> Majorant:
            return bound(spread_query(tile, self.spread, self.query))

        flow = f"the reduced flow with mean counts, {self.spread}"
        proof = Proof(f"{of}, U/L ≤ {float(self.spread.largest):g}", off, of_tile, allowed,
                      self.region, among="any Δ", flow=flow)  # fmt: skip
        return Bounds([proof], lambda setting: ended(setting, self.query), self.at)


@shared.run_once
def ended(setting: Setting, query: QueryKind) -> Trajectory:
    """The reduced run down to the loss gap, counts at their mean."""
    return reduced.mae(setting, query, loss_gap=LOSS_GAP, counts="mean")


def _at(ten: int, kappa_c: float, kappa_s: float, gamma: float, *law: float) -> Setting:
    """Latents of these values; the first has probability one half."""
    rest = 0.5 / (len(law) - 1)
    latents = Latents(law, (0.5, *[rest] * (len(law) - 1)))
    return Setting(P=10**ten, kappa_c=kappa_c, kappa_s=kappa_s, gamma=gamma, latents=latents)


SMALLEST, APART = Fraction(1), Fraction(3, 2)
NEAR = Spread(SMALLEST, Fraction(3, 2), atom=Fraction(1, 2), second=SMALLEST)
FAR = Spread(SMALLEST, Fraction(3), atom=Fraction(1, 4), second=SMALLEST)
NEAR_APART, FAR_APART = (dataclasses.replace(s, second=APART) for s in (NEAR, FAR))
AT_NEAR = (_at(12, 0.6, 0.4, 0.45, 1, 1.5), _at(20, 0.85, 0.3, 0.55, 1, 1.5))
AT_FAR = (_at(25, 0.6, 0.4, 0.4, 1, 1.5, 3), _at(40, 0.9, 0.25, 0.5, 1, 3))
FROM_1E12 = Region(12, (0.55, 0.85), (0.25, 0.45), (0.45, 0.55))
FROM_1E25 = Region(25, (0.55, 0.9), (0.2, 0.45), (0.25, 0.75))
OF_GLOBAL = Region(25, (0.55, 0.7), (0.2, 0.5), (0.45, 0.55))
"""κ_c is smaller there: what comes later than the start has the share a^(L/U) log P."""
AT_GLOBAL = (_at(25, 0.6, 0.4, 0.5, 1, 1.5), _at(25, 0.7, 0.5, 0.45, 1, 1.5))
LOCAL_TIMES = (Kind(NEAR, "local", FROM_1E12, AT_NEAR), Kind(FAR, "local", FROM_1E25, AT_FAR))
LOCAL_ENDS = tuple(
    dataclasses.replace(kind, spread=spread)
    for kind, spread in zip(LOCAL_TIMES, (NEAR_APART, FAR_APART), strict=True)
)
GLOBAL_TIMES, GLOBAL_ENDS = (
    Kind(spread, "global", OF_GLOBAL, AT_GLOBAL) for spread in (NEAR, NEAR_APART)
)
