r"""Contrastive learning, the reduced flow for every P ≥ P0 at once: bounds that are proved.

Sources: none; derived here for constant latents z = 1 (z enters by Φ → zΦ, t → z⁴t, τ → τ/z²),
every number of negatives N_c ≥ 1, every K ≥ 2 and every temperature from a lowest one on.

With constant latents samples of one cluster score alike, so that what is left of the softmax is
`other`, the weight on negatives of other clusters: other = E[B/(B + e^x(N_c + 1 - B))], B of them
among N_c, x = (A² + spread)/τ ≥ 0. It starts at other_0 = (1 - 1/K)N_c/(N_c + 1), and 1/other
lies between 1 and e^x times 1/other_0. In the clock dθ = other·dt/(KP), with w = e^{-Φ_1}, W = a/w
the weight of the global area, a = (1-γ)C_1/P, b = (1-γ)C_s/P, R the weight of all other keys,
S = W + R, SE = Σ of squares of the weights of local areas,
    dΦ_1/dθ = W(WR - SE)/S³,    dΦ_m/dθ = W_m(W_mS - W² - SE)/S³.
Φ_1 only grows and is the clock: 2a²θ = ∫ 2w(R + a/w)³/(R - εw) dw, ε = SE/a. Leading
term: 2a²θ = R²(1 - w²), so that attention of one half (W = R) comes at 2a²·other_0·t/(KP) → R_0²,
R_0 = 1-a. Φ_m is assumed below a law, and the law that follows lies below it (as in
`mae.for_every_size`).
"""

from __future__ import annotations

from flint import arb

from refutable.claims.runs.region import (
    ONE,
    VISIBLE_SHARE,
    Region,
    Size,
    global_size,
    local_size,
)
from refutable.prove.majorant import Majorant, NotBoundedError, closed


class Collapse:
    """Bounds from Q = 0 to the time at which A_1/(1 - A_1) = reach.

    lowest_tau: of the temperatures. Raises NotBoundedError where the bounds say nothing.
    """

    def __init__(self, region: Region, reach: float = 1, lowest_tau: float = 1) -> None:
        self.region, self.reach, self.tau = region, arb(reach), arb(lowest_tau)
        share_1 = global_size(region) * VISIBLE_SHARE
        share_s = local_size(region) * VISIBLE_SHARE
        self._share_1 = share_1
        self.a, self.b = share_1.above(region), share_s.above(region)
        self.b_per_a = (share_s / share_1).above(region)
        self.R_0 = self.a.rest
        (self.phi_other,) = closed(1, lambda law: [self._assume(law)])

    def _assume(self, phi_other: Majorant) -> Majorant:
        """What follows for |Φ_m| while it is below this law."""
        e_m = phi_other.exp()
        moved = phi_other.expm1()
        R = (self.R_0 - moved.largest).lower()
        if not R > 0:
            raise NotBoundedError("the weight of the other keys is not bounded from below")
        self.per_R = 1 / R
        self.moved = moved * self.per_R
        self.R_high = 1 + moved.largest
        self.spread = self.b * e_m**2 * self.per_R**2  # SE/R²
        self.held = self.b_per_a * e_m**2 * self.per_R  # ε/R
        self.clock = self._longest()
        each = self.b * e_m
        return (1 / self.held.rest) * (
            self.b_per_a**2 * e_m**2 * (self.region.darkest * self.per_R / 2)
            + self.b_per_a * each * e_m * self.per_R
            + each * self.per_R * self.clock
        )

    def _longest(self) -> Majorant:
        """Φ_1 at the end, λ."""
        return Majorant.logarithmic(
            (self.reach * self.R_high / self._share_1.least(self.region)).log(),
            -self._share_1.least_power(self.region),
        )

    def cubed(self) -> Majorant:
        """What W, W² and W³ in S³ add to ∫ 2wS³/R dw."""
        a = self.a
        return 6 * a * self.R_high + 6 * a**2 * self.clock + 2 * a**2 * (self.reach * self.per_R)

    @property
    def half_time(self) -> Majorant:
        """|2a²·other_0·T/(KP·R_0²) - 1| at A_1 = ½ (reach 1)."""
        i, a = self.per_R, self.a
        w = a * i * (1 / self.reach)  # at the end
        slower = self.held.over_rest()
        steps = (2 * self.moved + self.moved**2) + w**2 + self.cubed() * (1 / self.R_0**2)
        in_theta = steps * (1 + slower.largest) + slower * (1 + steps.largest)
        # 1/other ≤ e^x/other_0: e^x - 1 ≤ x·e^{x at the end}, and A ≤ W/R, S ≤ (1 + reach)R.
        A = self.reach / (1 + self.reach)
        x_end = (A**2 + self.spread.largest) / self.tau
        seen = 2 * a**2 * i**2 * self.clock + self.spread
        slow = seen * (x_end.exp() / self.tau * (1 + self.reach) ** 3)
        return in_theta + slow * ((1 + slower.largest) * (self.R_high / self.R_0) ** 2)

    @property
    def plain_half_time(self) -> Majorant:
        """|2a²·other_0·T/(KP) - 1|: R_0² = 1 up to 2a."""
        return self.half_time + 2 * self.a

    @property
    def growth(self) -> Majorant:
        """|Φ_1 - log(rR_0/a)| where A_1/(1 - A_1) = r: W = rR, and R is near R_0."""
        return self.moved.over_rest()

    @property
    def dominance(self) -> Majorant:
        """Max |Φ_m| over Φ_1 at the end, whose least value is λ at P0: it grows with P."""
        end = (self.reach / (self.per_R * self.a.at_first)).log().lower()
        if not end > 0:
            raise NotBoundedError("Φ_1 is not bounded from below")
        return self.phi_other * (1 / end)


PATCHES = Size(arb(1), arb(1), (0, 0, 1, 0))
"""P."""
FIRST, LAST = PATCHES * PATCHES, PATCHES * PATCHES * PATCHES * PATCHES
"""Where r = A_1/(1 - A_1) is long after T_½: from P² to P⁴, beyond P^(2-2κ_c), so that the time
before T_½ is forgotten."""


class LateCollapse(Collapse):
    """Bounds while r = A_1/(1 - A_1) goes from P² to P⁴, N_c → ∞.

    With 1/other = (K-1+e^x)/(K-1), which tends to E = (K-1+e^{1/τ})/(K-1), and S = R + a/w,
        t/(KP) = ∫ wS³/(a²(R-εw)·other) dw,   wS³/(a²R) = R²w/a² + 3R/a + 3/w + a/(Rw²).
    The last term is r up to what R moves, and E stands beside it: from below, as
    E - 1/other ≤ E(1-A_1²)/τ and 1-A_1² ≤ 2Rw/a, from above as x ≤ (1 + SE/S²)/τ.
    """

    def _longest(self) -> Majorant:
        last = LAST.above(self.region)
        return Majorant.logarithmic(
            (last.at_first * self.R_high / self._share_1.least(self.region)).log(),
            last.growth - self._share_1.least_power(self.region),
        )

    @property
    def left_over(self) -> Majorant:
        """|(1-A_1)·t/(KP)/E - 1|, for every such r, K ≥ 2 and τ from the lowest on."""
        region, i, high = self.region, self.per_R, self.R_high
        per_r = (ONE / FIRST).above(region)
        share_1 = global_size(region) * VISIBLE_SHARE
        per_a_r = (ONE / (share_1 * FIRST)).above(region)
        per_a2_r = (ONE / (share_1 * share_1 * FIRST)).above(region)
        before = per_a2_r * (high**2 / 2) + per_a_r * (3 * high) + 3 * per_r * self.clock
        moved = 2 * self.moved + before
        slower = self.held.over_rest()
        warmer = (self.spread * (1 / self.tau)).expm1()
        above = moved + (slower + warmer * (1 + slower.largest)) * (1 + moved.largest)
        below = 2 * self.moved + per_r * (1 + self.a * i + 2 * self.clock * (1 / self.tau))
        return above + below
