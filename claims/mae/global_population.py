r"""MAE, a global query: the flow of the exact population for every P ≥ P0, up to T_½.

Sources: none; derived here as `population_for_every_size` is, whose notation holds: constant
latents z = 1, K ≤ 4 clusters that share one partition, local areas of at most 2C_s patches. The own
area is the global one, X = u_1/Eu_1 of its C_1 - 1 other patches, R = R_0 - a(X-1) + .., and
M = R² + SE, with
    aG = ∫ H e^{-Υ_n} dw,   H = 1/E_Q[M/S³],   E_Q[f] = E[Xf],
to be compared with H_0 = (R_0 + a/w)³/R_0². Let D be |R-R_0| over the least R, and ϱ = W̄/R_0.
From above, by Jensen: H ≤ E_Q[R + 3W + 3W²/R + W³/R²]. With E|X-1|³ ≤ Bv the moments up to E X⁴ are
1 up to (6+4B+B²)v, and (R_0/R)² ≤ 1 + (1 + R_0/R)D.
From below: R²/S³ ≤ (1+D)⁴/(R_0(1+ϱX)³), and by Taylor's formula E_Q(1+ϱX)^{-3} is (1+ϱ)^{-3} up to
6ϱ²Bv, as E_QX ≥ 1 and the slope is negative.
"""

from __future__ import annotations

from refutable.claims.mae.for_every_size import GlobalQuery, Small
from refutable.claims.mae.population_for_every_size import CLUSTERS, OverMasks
from refutable.claims.runs.region import Region
from refutable.prove.majorant import Majorant
from refutable.prove.recording import made_once


class GlobalPopulation(OverMasks, GlobalQuery):
    """Bounds up to T_½, at which E A_1 = ½. Raises NotBoundedError as GlobalQuery does."""

    def _measure(self) -> None:
        """Sizes, and attentions at Q = 0: means of the counts, over P."""
        super()._measure()
        more, wide = self._shown()
        self._all_of_C_1 = self.per_C_1.rest
        self.per_own = self.per_C_1.over_rest()  # 1/(C_1 - 1)
        fewer = 1 + self.per_own.largest
        self.per_C_1 = self.per_own * CLUSTERS  # for Υ
        self.a, self.per_P_a = self.a * more, self.per_P_a * fewer
        self.rho_per_a = self.rho_per_a * fewer
        self.R_0 = self.a.rest
        self.v = self.per_own * wide
        self.reach = 1 + self.v.over_rest().largest
        self.noise = self.a * self.v.sqrt() * (1 + self.v.largest)  # E_Q|R - R_0|, of the count

    def _assume(self, small: Small) -> Small:
        B, a, rho, seen = self.bright, self.a, self.rho, 2 * self.bright
        e_n = small.upsilon_own.exp()
        others = small.upsilon_other + small.phi_other
        e_o = others.exp()
        moved = others.expm1() + B * a * small.upsilon_own.expm1()
        R = (B * a + moved).rest.lower()
        self.per_R, self.R_high = 1 / R, 1 + moved.largest
        self.by_keys = moved * self.per_R
        self.moved = (moved + self.noise) * self.per_R
        of_visible = 2 * (1 + B * self.per_P.largest)  # 2C_s·V/P² over ρ, at most
        self.spread = of_visible * rho * e_o * e_o * self.per_R**2
        least = self._share_1.least(self.region) * self._all_of_C_1
        self.clock = Majorant.logarithmic(
            (self.reach / least).log() + small.upsilon_own.largest + (1 + moved.largest).log(),
            -self._share_1.least_power(self.region),
        )
        d, W, more = self.R_high, self.reach * self.R_high, 1 + self.v.largest
        J = self.per_R**2 * more * (d**3 + 3 * d**2 * W + 3 * d * B * W**2 + B**2 * W**3)
        wavering = 1 + J * self.per_R * self.v.sqrt().largest  # E[R²/S³] over E_Q[R²/S³]
        as_own = (small.phi_other + small.upsilon_other + small.upsilon_own).exp()
        own = a * e_n * self.per_R
        leak = self.spread * wavering
        late = own * self.clock + d * self.per_R * wavering
        each = rho * e_o * self.per_R
        self.own_extra = B * (leak + own * self.clock)
        return Small(
            upsilon_own=self.per_C_1 * (self.clock + self.own_extra),
            upsilon_global=self.per_P,  # there is no further global area
            upsilon_other=CLUSTERS
            * e_o
            * (
                self.per_P_a * e_n * leak
                + self.per_P * self.per_R * self.clock
                + seen * self.rho_per_a * self.per_P * as_own * self.per_R * late
            ),
            phi_other=seen
            * (
                as_own * self.rho_per_a * leak
                + each * self.clock
                + seen * as_own * self.rho_per_a * each * late
            ),
        )

    def counted(self) -> Majorant:
        """|H/H_0 - 1| but for Υ_n and SE: what masks and other keys change."""
        B, v, i = self.bright, self.v, self.per_R
        powers = v * (6 + 4 * B + B**2)
        ratio = 1 + i  # 1 + R_0/R
        high = powers * (1 + ratio * self.by_keys.largest) + ratio * (
            self.by_keys + self.noise * (B**3 * i)
        )
        farthest = self.by_keys.largest + i * (B * self.a).largest  # of D
        steep = 4 * (1 + farthest) ** 3
        odds = self.reach * self.R_high / self.R_0  # ϱ, at most
        low = (6 * B * odds**2 * v + steep * self.moved) * (1 + odds) ** 3
        return high + low * (1 + steep * self.moved.largest)

    def off_end(self) -> Majorant:
        """How far log W̄ is from log R_0 where E A_1 = ½."""
        return self.moved.over_rest() + self.v.over_rest()

    @property
    def half_time(self) -> Majorant:
        """|T_½·γa/(KF) - 1|, with a of C_1 - 1 patches."""
        turn, counted = (2 * self.small.upsilon_own).expm1(), self.counted()
        off = counted + 2 * turn * (1 + counted.largest)
        end = self.small.upsilon_own + self.off_end()
        at_end = self.a * (end.expm1() * (1 + end.exp().largest) ** 3)
        return off + self.spread * (1 + off.largest) + at_end * (1 / self.R_0)

    @property
    def plain_half_time(self) -> Majorant:
        """|T_½·γa/K - 1|, a of C_1 patches."""
        off = super().plain_half_time
        return off + self.beside_laws() * (1 + off.largest)

    @property
    def own_at_half(self) -> Majorant:
        """|Φ_1 + log(a/(1-a))| at T_½, a of C_1 patches."""
        law = self.beside_laws() * (1 + self.a.over_rest().largest)
        return self.small.upsilon_own + self.off_end() + law


@made_once
def global_population(region: Region) -> GlobalPopulation:
    """The bounds of a region."""
    return GlobalPopulation(region)
