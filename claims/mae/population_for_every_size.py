r"""MAE, the flow of the exact population for every P ≥ P0 at once: masks fluctuate, and laws hold.

Sources: none; derived here for constant latents z = 1 (z enters by Φ → zΦ, t → z⁴t) and K ≤ 4
clusters that share one partition (K enters by t → t/K, and moves the positions K-fold), for a query
in a local area of C_s patches, all others having at most 2C_s (the remainder's bound in Definition
2.1). Nothing is lumped but what permutations of patches leave alike, and no count
stands at its mean: `for_every_size` has the same for counts that do, and its notation holds here.

Given that the query p is masked, V = P - ⌊γP⌋ of the P - 1 other patches are visible. u_n of the
own area's C_s - 1 and u_1 of the global area's C_1 are: X_n = u_n/Eu_n and X_1 = u_1/Eu_1 have mean
1, lie in [0, B] with B = 1/(1-γ), and have variances v_n ≤ γ/((1-γ)(C_s-1)) and v_1 likewise (up to
P/(P-2)). With ρ = Eu_n/P and a = Eu_1/P, W_n = W̄_nX_n and W_1 = W̄_1X_1,
    α_n = E[W_nM/S³],    α_1 = -E[W_1(W_1(R + W_n) + W_nd - SE)/S³].
**A tilted law.** X_n ≥ 0 has mean 1, so E_Q[f] = E[X_nf] is an expectation, and
α_n = W̄_nE_Q[M/S³]. So ρG = ∫ dw/(e^{Υ_n}E_Q[M/S³]), G the time times Pr(p masked). By Jensen
1/E_Q[M/S³] ≤ E_Q[S³/M] ≤ E_Q[d + 3W_n + 3W_n²/d + W_n³/d²]; from below M/S³ ≤ (1 + SE/R²)/R.
X_1 and X_n are negatively correlated, so that E_Q[X_1] ≤ 1.
**Numbers of keys.** R counts P - u_n - u_1 keys, so that R - R_0 is what Φ and Υ move and what
counts do, -ρ(X_n-1) - a(X_1-1): R ≥ 1 - B(ρ+a) - .. throughout, E|R - R_0| ≤ ρ√v_n + a√v_1 + ...
**dV/dy**, f = R²/S³: in the mean-count flow S³ cancels, here
    E[X_1²R/S³]/E_Q[M/S³] = (1/R_0)(1 ± ..),  |E[(1-X_n)f]| ≤ E|1-X_n||f-f̄|,  |f-f̄| by Lipschitz,
relative to E_Q[f] ≥ 1/E_Q[S³/R²] ≥ 1/J. Its largest term is 3v_nW̄_nJ: of order 1/C_s where W_n ~ R,
and ρv_nλ once integrated over y. What is left is of order √v_1 = O(C_1^{-1/2}) and √v_n·λρ.
**T_½**, E A_n = ½: W̄_n ≤ E_Q[d]/(1-v_n), by Jensen for 1/S, and W̄_n ≥ R_0(1 - E|R-R_0|/R), as
W/(R+W) is concave in W. So fluctuations add (C_s - 1 for C_s) 1/C_s to times, and v_n to Φ_n(T_½).
"""

from __future__ import annotations

from typing import Any

from flint import arb

from refutable.claims.mae.for_every_size import LocalQuery, Small
from refutable.claims.runs.region import Region
from refutable.prove.majorant import Majorant, NotBoundedError, smaller
from refutable.prove.recording import made_once

CLUSTERS = 4
"""At most so many share the partition: each moves the positions as one alone does."""
LEAST_MASKED = 0.1
"""No smaller γ: 1/γ stands in corrections of order 1/P."""


class OverMasks:
    """What is alike for both kinds of queries: V of the P - 1 other patches are visible."""

    region: Region
    per_P: Majorant
    per_own: Majorant

    def _shown(self) -> tuple[Any, Any]:
        """V/(P-1) over 1-γ, and (γP - 1)/((1-γ)(P-2)), the variance's factor, both at most.

        Sets B. V/(P-1) is above 1-γ by less than (1 + 1/(1-γ))/(P-1), as V < (1-γ)P + 1. Raises
        NotBoundedError for γ below LEAST_MASKED.
        """
        if self.region.gamma[0] < LEAST_MASKED:
            raise NotBoundedError(f"γ is below {LEAST_MASKED}")
        dark = self.region.dark
        self.bright = 1 + dark
        more = 1 + (self.per_P.over_rest() * (1 + self.bright)).largest
        return more, dark * (1 + 4 * self.per_P.largest)

    def beside_laws(self) -> Majorant:
        """What γ and the shares of the laws are off by: C for C - 1 own patches, and rounding.

        M/P is γ up to 1/(γP), and V/(P-1) is 1-γ up to (1 + 1/(1-γ))/(P-1), (1 + 1/γ)-fold in 1-a;
        twice that holds for products.
        """
        rounding = self.per_P.over_rest() * (2 + self.bright)
        return self.per_own + rounding * (2 * (1 + 1 / arb(repr(LEAST_MASKED))))


class PopulationQuery(OverMasks, LocalQuery):
    """Bounds up to T_½, at which E A_n = ½, for the exact population.

    Raises NotBoundedError where the bounds say nothing, as for `LocalQuery`.
    """

    def _measure(self) -> None:
        """Sizes, and attentions at Q = 0: means of the counts, over P."""
        super()._measure()
        more, wide = self._shown()
        self._all_of_C_s = self.per_C_s.rest  # (C_s - 1)/C_s, at least
        self.per_C_s = self.per_C_s.over_rest()  # 1/(C_s - 1), which own keys there are
        fewer = 1 + self.per_C_s.largest  # C_s/(C_s - 1)
        self.a, self.rho = self.a * more, self.rho * more
        self.drop, self.per_drop = self.drop * (more**2 * fewer), self.per_drop * more
        self.a_per_rho = self.a_per_rho * (more * fewer)
        self.rho_per_a, self.per_P_rho = self.rho_per_a * more, self.per_P_rho * fewer
        self.R_0 = (self.a + self.rho).rest
        self.c = self.drop * (1 / self.R_0)
        self.v_n, self.v_1 = self.per_C_s * wide, self.per_C_1 * wide
        self.reach = 1 + self.v_n.over_rest().largest
        self.per_own = self.per_C_s
        self.per_C_s, self.per_C_1 = self.per_C_s * CLUSTERS, self.per_C_1 * CLUSTERS  # for Υ
        self.most = 2 * fewer  # 2C_s/(C_s - 1): an area over the own keys
        self.noise = (self.rho * self.v_n.sqrt() + self.a * self.v_1.sqrt()) * (
            1 + self.v_n.largest
        )

    def spread_of_own(self) -> Majorant:
        """How much farther than R_0 W̄_n may be where E A_n = ½: 1/(1-v_n) - 1."""
        return self.v_n.over_rest()

    def _assume(self, small: Small) -> Small:
        """As for counts at their mean; what a count exceeds its mean by stands in B and J."""
        B, a, rho, most = self.bright, self.a, self.rho, self.most
        e_n, e_1 = small.upsilon_own.exp(), small.upsilon_global.exp()
        others = small.upsilon_other + small.phi_other
        e_o = others.exp()
        moved = others.expm1() + B * (
            a * small.upsilon_global.expm1() + rho * small.upsilon_own.expm1()
        )
        R = ((a + rho) * B + moved).rest.lower()
        self.per_R = 1 / R
        self.moved = (moved + self.noise) * self.per_R
        self.R_high = 1 + moved.largest
        self.spread = most * rho * e_o * e_o * self.per_R**2
        self.d_high = self.R_high + (B * a * e_1).largest
        least = self._share_s.least(self.region) * self._all_of_C_s
        self.clock = Majorant.logarithmic(
            (self.reach / least).log() + small.upsilon_own.largest + self.d_high.log(),
            -self._share_s.least_power(self.region),
        )
        self._shake(moved, e_1, e_n)
        wavering = 1 + self.shaken.largest + self.jolt.largest
        steady = 1 - self.shaken.largest - self.jolt.largest
        if not steady > 0:
            raise NotBoundedError("what masks shake is not bounded")
        swayed = 1 + self.swayed.largest
        self.x_0 = a * e_1 * (self.per_R * swayed)
        self.x_0_per_root = rho.sqrt() * e_1 * (self.per_R * swayed)
        held_by = most * e_o * e_o * (self.per_R * wavering)
        self.held = (held_by * e_n).largest
        self.longer = self.clock + self.held
        self.eta = self.x_0 * self.longer
        self.eta_per_root = self.x_0_per_root * self.longer
        self.crowd = 2 * self.x_0 + 2 * self.x_0**2 + self.spread
        turn = 2 * small.upsilon_global + small.upsilon_own
        self.uneven = self.turned(turn)
        self.least = (steady - self.moved.largest) / (turn.exp().largest * (1 + self.crowd.largest))
        squared, log_V = self._fall()
        leak = (squared + self.spread) * wavering
        # α_1 < 0 throughout, hence V ≥ 1: E[W_1SE/S³] is below E[W_1²R/S³].
        held = (
            held_by
            * e_1
            * (self.R_high * self.per_R / steady)
            * (
                self.rho_per_a
                + (2 * rho * (1 / self.R_0) * (1 + self.uneven.largest)).sqrt()
                + 2 * rho * e_1 * self.per_R * swayed * self.longer
            )
        )
        held.require_below_one()
        as_own = (small.phi_other + small.upsilon_other + small.upsilon_own).exp()
        own = rho * e_n * self.per_R
        # Υ_n never falls, hence Υ_n ≥ 0, which ∫W_n^k dw ≤ ρe^{Υ_n}W_n^(k-1)/(k-1) rests on.
        (B * own).require_below_one()
        seen = most * B  # W_m over the own keys' mean weight, if all keys of m are visible
        late = self.d_high * self.per_R * wavering + own * self.clock  # ∫ E[1/S²] over E_Q[M/S³]
        self.own_extra = B * (leak + own * self.clock)
        return Small(
            upsilon_own=self.per_C_s * (self.clock + self.own_extra),
            upsilon_global=self.per_C_1
            * (
                log_V * arb("0.5")
                + B * e_1 * (e_n * self.a_per_rho * leak + a * self.clock * self.per_R)
            ),
            upsilon_other=CLUSTERS
            * e_o
            * (
                self.per_P_rho * e_n * leak
                + self.per_P * self.per_R * self.clock
                + seen * self.per_P * as_own * self.per_R * late
            ),
            phi_other=seen
            * (
                as_own * leak
                + rho * e_o * self.per_R * self.clock
                + seen * as_own * (rho * e_o * self.per_R) * late
            ),
        )

    def _shake(self, moved: Majorant, e_1: Majorant, e_n: Majorant) -> None:
        """What masks change of E[X_1²R/S³]/E_Q[M/S³], relative.

        shaken: beside W_n's part, jolt: W_n's at most, jolts: W_n's over all y, early: at y ≤ ½.
        swayed: what X_1 in X_1M/S³ or X_1²f adds under the tilted law.
        """
        B, i, v_n, v_1 = self.bright, self.per_R, self.v_n, self.v_1
        d, W = self.d_high, self.reach * self.d_high
        more = 1 + v_n.largest
        J = i**2 * more * (d**3 + 3 * d**2 * W + 3 * d * B * W**2 + B**2 * W**3)
        over_y = i**2 * more * (3 * d**2 * W + 3 * d * B * W**2 / 2 + B**2 * W**3 / 3)
        slope = 3 * self.R_high**2 * i**4
        turned = slope + 2 * self.R_high * i**3
        root = (v_n * v_1).sqrt()
        self.swayed = (v_1 * B).sqrt() * (J * i * (1 + B) * (1 + self.spread.largest))
        self.shaken = (
            v_1.sqrt() * (i * (2 + v_1.sqrt().largest))
            + root * self.a * e_1 * slope
            + (v_n.sqrt() * moved + self.rho * v_n + self.a * root) * turned
            + self.noise * (B * (1 + v_1.largest) * i**2)
        ) * J
        self.jolt = v_n * (slope * W * J)
        self.jolts = v_n * self.rho * e_n * slope * (i**2 * more * d**3 * self.clock + over_y)
        self.early = v_n * self.rho * e_n * (2 * slope * J)  # w ≥ ½

    def turned(self, by: Majorant) -> Majorant:
        """|dV/dy/(2c) - 1| without W_1's part, at y ≤ ½ or on average up to y; |2Υ_1 - Υ_n| ≤ by.

        e^{2Υ_1-Υ_n}, R and the masks are factors, so that what they are off by is multiplied. As
        W_n grows, what it adds is convex: on average up to y ≥ ½ it is below early + jolts.
        """
        shaken = self.shaken + self.jolts + self.early
        moved = 1 + self.moved.largest
        whole = moved * (1 + shaken.largest)
        return by.expm1() * whole + self.moved + self.spread + shaken * moved

    def turning(self, own_log: Majorant | int) -> Majorant:
        """As for counts at their mean, and what masks change."""
        own = self.per_C_s * (self.own_extra + own_log)
        return self.turned(2 * self.small.upsilon_global + own)

    @property
    def end(self) -> Majorant:
        """W at T_½: W̄_n ≥ R there, as E[W_n/(R + W_n)] ≤ W̄_n/(R + W̄_n)."""
        return self.rho * self.small.upsilon_own.exp() * self.per_R

    @property
    def half_time(self) -> Majorant:
        """|T_½·γρ/(KR_0) - 1|, ρ of C_s - 1 patches."""
        e_n, r, B = self.small.upsilon_own.exp(), self.reach * self.d_high * self.per_R, self.bright
        tail = 3 * e_n * self.clock + 3 * e_n**3 * (r * B) + e_n**5 * (r**2 * B**2 / 2)
        more = 1 + self.v_n.largest
        return self.late() + self.end + self.rho * e_n * tail * (more / self.R_0)

    @property
    def own_weight_at_half(self) -> Majorant:
        """|Φ_n + Υ_n + log(ρ/(1-a-ρ))| at T_½, ρ and a of C_s and C_1 patches."""
        off = self._root_V(arb(1)) + 2 * self.end
        left = smaller(self.x_0, self.x_0_per_root * (1 / arb(2).sqrt())) * (1 / off.rest)
        off_law = self.beside_laws() * (1 + (self.a + self.rho).over_rest().largest)
        return self.moved.over_rest() + left + self.spread_of_own() + off_law

    @property
    def own_at_half_off(self) -> Majorant:
        """|Φ_n + log(ρ/(1-a-ρ))| at T_½, ρ and a of C_s and C_1 patches."""
        return self.own_weight_at_half + self.small.upsilon_own

    @property
    def half_time_off(self) -> Majorant:
        """|T_½·γρ/K - 1|, ρ of C_s patches."""
        return self._with_extra(super().half_time_off)

    @property
    def half_time_given_up(self) -> Majorant:
        """|T_½·γρ′/K - 1|, ρ of C_s patches."""
        return self._with_extra(super().half_time_given_up)

    @property
    def crossover_off(self) -> Majorant:
        """|-2Φ_1(T_½) - log(1 + 2a²/ρ)|."""
        return super().crossover_off + self.beside_laws()

    @property
    def switch_time(self) -> Majorant:
        """|3·T_1·γρ/(KR_0) - 1|; positive gap."""
        e_n, B, w = self.small.upsilon_own.exp(), self.bright, self._switch[0]
        own = self.rho * e_n
        tail = own * e_n * (3 + 9 * (own * self.per_R).largest) * (B**2 * (1 + self.v_n.largest))
        first = self.per_drop + (2 + self.per_drop.largest) * w
        return first + 3 * (self.late() + tail * (1 / self.R_0))

    @property
    def switch_time_off(self) -> Majorant:
        """|3·T_1·γρ′/K - 1|, ρ′ = ρ/(1-a), ρ of C_s patches."""
        return self._with_extra(super().switch_time_off)

    @property
    def depth_at_switch_off(self) -> Majorant:
        """|Φ_1(T_1) + ½log(2a²/(3ρ(1-a)))|."""
        return super().depth_at_switch_off + self.beside_laws()

    @property
    def global_over_own(self) -> Majorant:
        """|α_1|/α_n at any time; below 1 the own feature leads throughout."""
        return super().global_over_own + self.c * self.jolt

    @property
    def _h(self) -> Any:
        """What SE takes from the fall of Φ_1, over x."""
        return self.held

    def _with_extra(self, off: Majorant) -> Majorant:
        return off + self.beside_laws() * (1 + off.largest)


@made_once
def population_query(region: Region) -> PopulationQuery:
    """The bounds of a region."""
    return PopulationQuery(region)
