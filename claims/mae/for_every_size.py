r"""MAE, the reduced flow of one query for every P ≥ P0 at once: bounds that are proved, not fitted.

Sources: none; derived here for constant latents z = 1 (z enters by Φ → zΦ, t → z⁴t) and K = 1 (it
enters by t → t/K), for the mean-count flow of `model.reduced`. One derivation serves both signs of
the information gap, and Δ = 0.

A local query. Weights W_n, W_1 of the own and the global area, R of all other keys (the masked ones
of every area among them), d = W_1 + R, S = d + W_n, SE = Σ of squares of the weights of the other
areas, M = d² + W_1² + SE. Per unit of γt/K
    α_n = W_n·M/S³,    α_1 = -W_1·(W_1(R + W_n) + W_n·d - SE)/S³.
Φ_n only grows: it is the clock, in the form w = e^{-Φ_n}, y = 1 - w, W_n = ρe^{Υ_n}/w. With
a = (1-γ)C_1/P, ρ = (1-γ)C_s/P, R_0 = 1-a-ρ (R at Q = 0), V = e^{-2Φ_1}, W_1² = a²e^{2Υ_1}/V:
    dV/dy = 2(a²/ρ)e^{2Υ_1-Υ_n}R/M + 2ae^{Υ_1}√V·((d + W_1)/(Mw) - SE/(ρe^{Υ_n}M)),
    ρ·γt/K = ∫ S³/(e^{Υ_n}M) dw.
Leading terms: V = 1 + 2cy with c = a²/(ρR_0), and ρ·γt/K = R_0·y. Hence at T_½ (w ≈ ρ/R_0)
V → 1 + 2c, at T_1 (|α_1| = α_n, c·w = V) w → (2 + 1/c)/3, both for any Δ.

What is left out is bounded: x = W_1/R ≤ x_0/√V, x_0 = ae^{|Υ_1|}/R; the second term of dV/dy
moves √V by at most 2η, η = x_0(λ + ..), λ = log(1/w): if √V = u then u' = G/(2u) + H/2, so that u
stays within 2η of the solution for H = 0. Φ_m, Υ_1, Υ_n, Υ_m are assumed below some law, and the
laws that follow from the assumption are found to lie below it: as all start at 0 and are
continuous, none is ever reached (a bootstrap, closed with <).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flint import arb

from refutable.claims.mae import laws
from refutable.claims.mae.ladders import LOSS_GAP
from refutable.claims.runs.for_every_size import event
from refutable.claims.runs.region import (
    ONE,
    PER_PATCH,
    VISIBLE_SHARE,
    Region,
    global_size,
    local_size,
)
from refutable.model import reduced
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Series, Trajectory
from refutable.prove.majorant import Majorant, NotBoundedError, closed, smaller
from refutable.prove.recording import made_once

EARLY = arb("0.2")
"""T_1 is shown to lie behind this y (it lies near 1/3), where what the start loses is small."""


@dataclass(frozen=True)
class Small:
    """Laws that bound the correlations which stay small, from Q = 0 to the end considered."""

    upsilon_own: Majorant
    upsilon_global: Majorant
    upsilon_other: Majorant
    phi_other: Majorant

    @property
    def laws(self) -> tuple[Majorant, ...]:
        """All of them."""
        return (self.upsilon_own, self.upsilon_global, self.upsilon_other, self.phi_other)


def bound_of(name: str, reach: float = 1) -> Callable[[Region], Majorant]:
    """The bound of that name of `LocalQuery`, as a function of the region."""
    return lambda region: getattr(local_query(region, reach), name)


def to_the_loss_gap(setting: Setting) -> Trajectory:
    """The reduced run of a local query, counts at their mean: the flow that is bounded here."""
    return reduced.mae(setting, "local", loss_gap=LOSS_GAP, counts="mean")


def half_time_off(setting: Setting, run: Trajectory) -> float:
    """By how much T_½ misses its law, relative."""
    return abs(math.expm1(event(run.half).log_t - laws.log_half_time(setting)))


def until_half(run: Trajectory, path: Series) -> float:
    """The largest modulus up to T_½."""
    return float(np.abs(path[run.log_t <= event(run.half).log_t]).max())


@made_once
def local_query(region: Region, reach: float) -> LocalQuery:
    """The bounds of a region."""
    return LocalQuery(region, reach)


class LocalQuery:
    """Bounds for a query in a local area, up to the time at which W_n = reach·d (T_½ for reach 1).

    Raises NotBoundedError where the bounds say nothing: κ_c - κ_s, κ_s or 1 - κ_c too small for P0.
    """

    def __init__(self, region: Region, reach: float = 1) -> None:
        self.region, self.reach = region, arb(reach)
        self._measure()
        self.small = Small(*closed(4, lambda *laws: self._assume(Small(*laws)).laws))

    def _measure(self) -> None:
        """Sizes, and attentions at Q = 0."""
        region = self.region
        C_1, C_s = global_size(region), local_size(region)
        share_1, share_s = C_1 * VISIBLE_SHARE, C_s * VISIBLE_SHARE
        self._share_s = share_s
        self.a, self.rho = share_1.above(region), share_s.above(region)
        self.drop = (share_1 * share_1 / share_s).above(region)  # a²/ρ
        self.per_drop = (share_s / (share_1 * share_1)).above(region)
        self.a_per_rho = (share_1 / share_s).above(region)
        self.rho_per_a = (share_s / share_1).above(region)
        self.per_C_1, self.per_C_s = (ONE / C_1).above(region), (ONE / C_s).above(region)
        self.per_P, self.per_P_rho = PER_PATCH.above(region), (PER_PATCH / share_s).above(region)
        self.R_0 = (self.a + self.rho).rest
        self.c = self.drop * (1 / self.R_0)  # and 1/c is below per_drop, as R_0 < 1

    def _assume(self, small: Small) -> Small:
        """What follows for the small correlations while they are below these laws."""
        dark, a, rho = self.region.dark, self.a, self.rho
        e_n, e_1 = small.upsilon_own.exp(), small.upsilon_global.exp()
        others = small.upsilon_other + small.phi_other
        e_o = others.exp()
        # R - R_0: visible and masked keys of the other areas, masked keys of the two.
        moved = others.expm1() + dark * (
            a * small.upsilon_global.expm1() + rho * small.upsilon_own.expm1()
        )
        R = (self.R_0 - moved.largest).lower()
        if not R > 0:
            raise NotBoundedError("the weight of the other keys is not bounded from below")
        self.per_R = 1 / R
        self.moved = moved * self.per_R
        self.R_high = 1 + moved.largest
        self.spread = rho * e_o * e_o * self.per_R**2  # SE/R²
        self.d_high = self.R_high + (a * e_1).largest
        start = (self.reach / self._share_s.least(self.region)).log()
        self.clock = Majorant.logarithmic(  # Φ_n at the end, λ
            start + small.upsilon_own.largest + self.d_high.log(),
            -self._share_s.least_power(self.region),
        )
        self.x_0 = a * e_1 * self.per_R
        self.x_0_per_root = rho.sqrt() * e_1 * self.per_R  # x_0/√c
        self.longer = self.clock + e_o * e_o * e_n * self.per_R  # λ + h
        self.eta = self.x_0 * self.longer
        self.eta_per_root = self.x_0_per_root * self.longer
        self.crowd = 2 * self.x_0 + 2 * self.x_0**2 + self.spread  # R²/M ≥ 1/(1 + crowd)
        turn = 2 * small.upsilon_global + small.upsilon_own
        # dV/dy = 2c(1 ± uneven), less the part that W_1 takes.
        self.uneven = turn.expm1() * (1 + self.moved.largest) + self.moved + self.spread
        self.least = (1 - self.moved.largest) / (turn.exp().largest * (1 + self.crowd.largest))
        squared, log_V = self._fall()
        leak = squared + self.spread  # ∫(W_1² + SE)/M dy
        # α_1 < 0 throughout, hence V ≥ 1, if SE/(W_1·R) is below 1.
        held = (
            self.R_high
            * (e_o * e_o * e_1)
            * self.per_R**2
            * (
                self.rho_per_a
                + (2 * rho * (1 / self.R_0) * (1 + self.uneven.largest)).sqrt()
                + 2 * rho * e_1 * self.per_R * self.longer
            )
        )
        held.require_below_one()
        as_own = (small.phi_other + small.upsilon_other + small.upsilon_own).exp()
        own = rho * e_n * self.per_R
        # Υ_n never falls, hence is ≥ 0: masked own keys take dark·W_nd of the d² of visible ones.
        (dark * own).require_below_one()
        self.own_extra = dark * (leak + own * self.clock)
        return Small(
            upsilon_own=self.per_C_s * (self.clock + self.own_extra),
            upsilon_global=self.per_C_1
            * (
                log_V * arb("0.5")
                + dark * e_1 * (e_n * self.a_per_rho * leak + a * self.clock * self.per_R)
            ),
            upsilon_other=e_o
            * (
                self.per_P_rho * e_n * leak
                + self.per_P * self.per_R * self.clock
                + self.per_P * as_own * self.per_R * (1 + own * self.clock)
            ),
            phi_other=as_own
            * (
                leak
                + rho * e_o * self.per_R
                + own * (1 + (rho * e_o * self.per_R).largest) * self.clock
            ),
        )

    def _fall(self) -> tuple[Majorant, Majorant]:
        """∫x² dy, and log V at the end, where dV/dy is between 2c·least and 2c(1 + uneven)."""
        if not self.least > 0:
            raise NotBoundedError("the fall of the global correlation is not bounded from below")
        # ∫x dy, by √V ≥ 1, or by √V ≥ √(2c·least·y)/2 behind the y where that is 2η
        self.crowding = smaller(
            self.x_0,
            8 * self.x_0 * self.eta**2 * self.per_drop * (1 / self.least)
            + 4 * self.x_0_per_root * (1 / (2 * self.least).sqrt()),
        )
        # ∫x² dy: from y = 8η²/(c·least) + 1/c on it is below 2x_0²/(c·least)·log c
        log_c = Majorant.logarithmic((1 + 2 * self.c.at_first).log(), self.c.growth)
        squared = smaller(
            self.x_0 * self.crowding,
            8 * (self.x_0 * self.eta) ** 2 * self.per_drop * (1 / self.least)
            + self.x_0_per_root**2 * (1 + log_c * (2 / self.least)),
        )
        largest_c = self.c.at_first * (1 + self.uneven.largest)
        growth = Majorant.logarithmic((1 + 2 * largest_c).log(), self.c.growth)
        log_V = smaller(2 * self.c * (1 + self.uneven.largest), growth) + 4 * smaller(
            self.eta, self.eta_per_root * (1 / (2 * self.least).sqrt())
        )
        return squared, log_V

    def _root_V(self, y: arb) -> Majorant:
        """|√V/√(1 + 2cy) - 1|."""
        taken = 2 * self.crowding * (1 + self.x_0.largest)
        return (
            self.turning(1)
            + smaller(2 * self.c * taken, taken * (1 / y))
            + 2 * smaller(self.eta, self.eta_per_root * (1 / (2 * y).sqrt()))
        )

    def turning(self, own_log: Majorant | int) -> Majorant:
        """|dV/dy/(2c) - 1| without W_1's part, where Υ_n ≤ (own_log + ..)/C_s; 1: its mean."""
        own = self.per_C_s * (self.own_extra + own_log)
        turn = (2 * self.small.upsilon_global + own).expm1()
        return turn * (1 + self.moved.largest) + self.moved + self.spread

    def late(self) -> Majorant:
        """What Υ_n, R, W_1 and SE change of ∫S³/(e^{Υ_n}M)dw/R_0; ∫log(1/w)dw ≤ 1."""
        own = (self.per_C_s * (self.own_extra + 1)).expm1()
        return (
            own * (1 + self.moved.largest + self.crowding.largest)
            + self.moved
            + self.crowding * (self.R_high / self.R_0)
            + self.spread
        )

    @property
    def end(self) -> Majorant:
        """W at the end."""
        return self.rho * self.small.upsilon_own.exp() * self.per_R * (1 / self.reach)

    @property
    def half_time(self) -> Majorant:
        """|T_½·γρ/(KR_0) - 1| (for reach 1: W_n, W_n² and W_n³ in S³ add at most `tail`)."""
        e_n, r = self.small.upsilon_own.exp(), self.reach * self.d_high * self.per_R
        tail = 3 * e_n * self.clock + 3 * e_n**3 * r + e_n**5 * (r**2 / 2)
        return self.late() + self.end + self.rho * e_n * tail * (1 / self.R_0)

    @property
    def own_at_half(self) -> Majorant:
        """|Φ_n + log(ρ/R_0)| at T_½."""
        off = self._root_V(arb(1)) + 2 * self.end
        left = smaller(self.x_0, self.x_0_per_root * (1 / arb(2).sqrt())) * (1 / off.rest)
        return self.small.upsilon_own + self.moved.over_rest() + left

    @property
    def depth_at_half(self) -> Majorant:
        """|-2Φ_1 - log(1 + 2c)| at T_½, whatever the sign of Δ."""
        return 2 * (self._root_V(arb(1)) + 2 * self.end).over_rest()

    @property
    def half_time_off(self) -> Majorant:
        """|T_½·γρ/K - 1|: R_0 = 1-a-ρ itself tends to 1."""
        return self.half_time + (self.a + self.rho) * (1 + self.half_time.largest)

    @property
    def half_time_given_up(self) -> Majorant:
        """|T_½·γρ′/K - 1|, ρ′ = ρ/(1-a)."""
        return self.half_time + self.rho * ((1 + self.half_time.largest) / self.a.rest)

    @property
    def crossover_off(self) -> Majorant:
        """|-2Φ_1(T_½) - log(1 + 2a²/ρ)|."""
        return self.depth_at_half + (self.a + self.rho).over_rest()

    @property
    def switch_time_off(self) -> Majorant:
        """|3·T_1·γρ′/K - 1|, ρ′ = ρ/(1-a)."""
        return self.switch_time + self.rho * ((1 + self.switch_time.largest) / self.a.rest)

    @property
    def depth_at_switch_off(self) -> Majorant:
        """|Φ_1(T_1) + ½log(2a²/(3ρ(1-a)))|."""
        return (self.depth_at_switch + (self.rho * (1 / self.a.rest)).over_rest()) * arb("0.5")

    @property
    def global_over_own(self) -> Majorant:
        """|α_1|/α_n at any time; below 1 the own feature leads throughout."""
        return self.c * (1 + self.uneven.largest) + self.x_0 * (1 + self._h)

    @property
    def global_moved(self) -> Majorant:
        """Max |Φ_1|; of use at a negative gap."""
        return self.c * (1 + self.uneven.largest) + 2 * self.eta

    @functools.cached_property
    def _switch(self) -> tuple[Majorant, Majorant, Majorant]:
        """|w/((2 + 1/c)/3) - 1|, |√V/√(1 + 2cy) - 1| at T_1, and the relative error of q = 1.

        q = |α_1|/α_n = (w/2V)·dV/dy. It is above 1 up to y = EARLY, then within a factor 1 ± error
        of cw/V; w(1 + 2(1 ± error)) = (2 + 1/c)(1 ± error).
        """
        push = (1 - EARLY) * (1 - self.uneven.largest) / (1 + self.crowd.largest)
        h = 1 + self._h
        root = (self.per_drop.largest + 2 * EARLY).sqrt() + 2 * self.eta_per_root.largest
        held = (1 + self.uneven.largest) * root**2 + self.x_0_per_root.largest * h * root
        if not held < push:
            raise NotBoundedError("|α_1| is not shown to exceed α_n up to y = 0.2")
        off = self._root_V(EARLY)
        x = smaller(self.x_0, self.x_0_per_root * (1 / (2 * EARLY).sqrt())) * (1 / off.rest)
        taken = self.turning(Majorant.of(arb(2).log())) + 2 * x + 2 * x**2
        pushed = 2 * off + off**2 + x * (h * (1 + off.largest) ** 2)
        error = (pushed + taken) * (1 / taken.rest)
        error.require_below_one()
        return error * (1 / (3 - 2 * error.largest)), off, error

    @property
    def _h(self) -> arb:
        e_o = (self.small.upsilon_other + self.small.phi_other).exp()
        return (e_o * e_o * self.small.upsilon_own.exp() * self.per_R).largest

    @property
    def switch_time(self) -> Majorant:
        """|3·T_1·γρ/(KR_0) - 1|; positive gap."""
        w, _, _ = self._switch
        e_n = self.small.upsilon_own.exp()
        tail = self.rho * e_n**2 * (3 + 9 * (self.rho * e_n * self.per_R).largest) * (1 / self.R_0)
        return self.per_drop + (2 + self.per_drop.largest) * w + 3 * (self.late() + tail)

    @property
    def own_at_switch(self) -> Majorant:
        """|Φ_n(T_1) - log(3/2)|; positive gap."""
        w, _, _ = self._switch
        return self.per_drop * arb("0.5") + w.over_rest()

    @property
    def depth_at_switch(self) -> Majorant:
        """|-2Φ_1(T_1) - log(2c/3)|; positive gap: V = cw/q."""
        w, _, error = self._switch
        return self.per_drop * arb("0.5") + w.over_rest() + error.over_rest()


LEARNED = 1000
"""A_n/(1 - A_n) where a query is said to have learned: L_p - L*_p is then below 2.5e-7."""


def learned(setting: Setting, query: QueryKind, reach: float = LEARNED) -> Trajectory:
    """A mean-count run that ends a little before A_n/(1 - A_n) = reach."""
    end = 0.5 * setting.gamma * (1.1 / reach) ** 2
    return reduced.mae(setting, query, loss_gap=end, counts="mean")


def own_off(setting: Setting, run: Trajectory, size: int, others: float) -> float:
    """|Φ_n - log(r·R_0/a)| at the end: r = A_n/(1 - A_n), a and R_0 as at Q = 0."""
    A = float(run.own_attention[-1])
    log_share = math.log1p(-setting.gamma) + math.log(size / setting.P)
    return abs(float(run.phi_own[-1]) - math.log(A / (1 - A) * others) + log_share)


class GlobalQuery:
    """Bounds for a query in the global area up to W_n = reach·R: the same with own share a, no W_1.

    Raises NotBoundedError as LocalQuery does.
    """

    def __init__(self, region: Region, reach: float = 1) -> None:
        self.region, self.reach = region, arb(reach)
        self._measure()
        self.small = Small(*closed(4, lambda *laws: self._assume(Small(*laws)).laws))

    def _measure(self) -> None:
        """Sizes, and attentions at Q = 0."""
        region = self.region
        C_1, C_s = global_size(region), local_size(region)
        share_1, share_s = C_1 * VISIBLE_SHARE, C_s * VISIBLE_SHARE
        self._share_1 = share_1
        self.a, self.rho = share_1.above(region), share_s.above(region)
        self.rho_per_a = (share_s / share_1).above(region)
        self.per_C_1, self.per_P = (ONE / C_1).above(region), PER_PATCH.above(region)
        self.per_P_a = (PER_PATCH / share_1).above(region)
        self.R_0 = self.a.rest

    def _assume(self, small: Small) -> Small:
        dark, a, rho = self.region.dark, self.a, self.rho
        e_n = small.upsilon_own.exp()
        others = small.upsilon_other + small.phi_other
        e_o = others.exp()
        moved = others.expm1() + dark * a * small.upsilon_own.expm1()
        R = (self.R_0 - moved.largest).lower()
        if not R > 0:
            raise NotBoundedError("the weight of the other keys is not bounded from below")
        self.per_R = 1 / R
        self.moved = moved * self.per_R
        self.spread = rho * e_o * e_o * self.per_R**2
        start = (self.reach / self._share_1.least(self.region)).log()
        self.clock = Majorant.logarithmic(
            start + small.upsilon_own.largest + (1 + moved.largest).log(),
            -self._share_1.least_power(self.region),
        )
        as_own = (small.phi_other + small.upsilon_other + small.upsilon_own).exp()
        own = a * e_n * self.per_R
        each = rho * e_o * self.per_R
        self.own_extra = dark * (self.spread + own * self.clock)
        return Small(
            upsilon_own=self.per_C_1 * (self.clock + self.own_extra),
            upsilon_global=self.per_P,  # there is no further global area
            upsilon_other=e_o
            * (
                self.per_P_a * e_n * self.spread
                + self.per_P * self.per_R * self.clock
                + self.rho_per_a * self.per_P * as_own * self.per_R * (1 + own * self.clock)
            ),
            phi_other=as_own
            * (
                self.rho_per_a * (self.spread + each)
                + rho * e_n * self.per_R * (1 + each.largest) * self.clock
            ),
        )

    @property
    def half_time(self) -> Majorant:
        """|T_½·γa/K/F - 1|, F the time with R = R_0 and nothing else moving (`centre`).

        Every term of S³/(e^{Υ_n}M) is off by at most the third power of what R and e^{Υ_n} are,
        and the end of the integral by their first.
        """
        off = 3 * (self.small.upsilon_own + self.moved) + self.spread
        end = 8 * self.a * (self.small.upsilon_own + self.moved) * self.per_R
        return off.expm1() + self.small.upsilon_own.expm1() + end * (1 / self.R_0)

    @property
    def plain_half_time(self) -> Majorant:
        """|T_½·γa/K - 1|: F itself is 1 up to terms of order a·log(1/a)."""
        return self.half_time + self.a * (
            1 + (3 * self.clock + 4) * (1 + self.half_time.largest) * self.per_R
        )

    @property
    def own_at_half(self) -> Majorant:
        """|Φ_1 + log(a/R_0)| at T_½."""
        return self.small.upsilon_own + self.moved.over_rest()
