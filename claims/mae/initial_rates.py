"""Rates at Q = 0 as sums over patches that must be visible together, and their leading terms.

Sizes are those of a setting, or symbols: `Growing` stands for all settings whose sizes are powers
of P, so that the same formulas are evaluated in fractions and have their limits taken in SymPy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import sympy as sp

from refutable.claims.data.masks import quotient
from refutable.claims.runs import limiting
from refutable.model import enumeration
from refutable.model.setting import Setting
from refutable.prove.limits import Growth

Rate = Literal["own", "global_", "other", "beta_own"]
NOT_STATED = {"_exact": "reads a decimal"}
Factors = list[tuple[Any, int]]
"""A product of powers."""

_P, _K, _GAMMA, _C_1, _C_S, *_M = sp.symbols("P K gamma C_1 C_s m_1 m_2 m_3", positive=True)
_MOMENTS = tuple(_M)


@dataclass(frozen=True)
class Growing:
    """Sizes C_1 = c_1·P^κ_c and C_s = c_s·P^κ_s as symbols, for either sign of the gap.

    Without rounding, which moves a size by less than 1 and hence a rate by a factor of
    1 + O(P^-κ_s). sign: that of the gap, +1 or -1.
    """

    sign: int
    P: sp.Symbol = _P
    K: sp.Symbol = _K
    gamma: sp.Symbol = _GAMMA
    C_1: sp.Symbol = _C_1
    C_s: sp.Symbol = _C_S
    moments: tuple[sp.Symbol, ...] = _MOMENTS
    kappa_c: Any = limiting.KAPPA_C
    kappa_s: Any = limiting.KAPPA_S

    @property
    def information_gap(self) -> Any:
        """Δ."""
        return (1 - self.kappa_s) - 2 * (1 - self.kappa_c)

    @property
    def M(self) -> sp.Expr:
        """Number of masked patches."""
        return self.gamma * self.P

    @property
    def locals(self) -> sp.Expr:
        """Number of local areas."""
        return (self.P - self.C_1) / self.C_s

    @property
    def growth(self) -> Growth:
        """Powers of P, over all exponents that the definitions allow and this sign of the gap."""
        powers = {self.P: sp.S.One, self.C_1: limiting.KAPPA_C, self.C_s: limiting.KAPPA_S}
        return limiting.growth(self.sign, powers, (self.gamma < 1,))


Sizes = Setting | Growing


# ------------------------------------------------------- predictions: sums over visible patches


def together(sizes: Sizes, r: int) -> Any:
    """Pr(r given patches other than p are all visible | p ∈ ℳ)."""
    visible = sizes.P - sizes.M
    return quotient(
        math.prod(visible - i for i in range(r)), math.prod(sizes.P - 1 - i for i in range(r))
    )


@dataclass(frozen=True)
class Areas:
    """Patches of the query's own area other than p, and (size, number) of the others by kind."""

    own: int
    others: dict[str, tuple[int, int]]

    @classmethod
    def around(cls, sizes: Sizes, query: int) -> Areas:
        """As seen by a query in area `query`: 0 global, otherwise local."""
        last = sizes.P - sizes.C_1 - (sizes.locals - 1) * sizes.C_s
        kinds = {
            "global": (sizes.C_1, 1),
            "local": (sizes.C_s, sizes.locals - 1),
            "last": (last, 1),
        }
        at = "global" if query == 0 else "last" if query == sizes.locals else "local"
        size, number = kinds[at]
        kinds[at] = (size, number - 1)
        return cls(size - 1, {kind: found for kind, found in kinds.items() if found[1] != 0})

    def besides(self, kind: str) -> list[tuple[int, int]]:
        """(size, number) of the other areas but one of this kind."""
        less = {k: (size, number - int(k == kind)) for k, (size, number) in self.others.items()}
        return list(less.values())


def square(sizes: Sizes, size: int) -> Any:
    """E A² at Q = 0: pairs of patches of one area, equal or not, both visible."""
    pairs = size * together(sizes, 1) + size * (size - 1) * together(sizes, 2)
    return pairs / sizes.P**2


def cube(sizes: Sizes, size: int) -> Any:
    """E A³ at Q = 0: triples of patches of one area."""
    triples = size * together(sizes, 1) + 3 * size * (size - 1) * together(sizes, 2)
    triples += size * (size - 1) * (size - 2) * together(sizes, 3)
    return triples / sizes.P**3


def mixed(sizes: Sizes, size: int, squared: int) -> Any:
    """E A A′² at Q = 0 for two areas, the second of size `squared`."""
    triples = squared * together(sizes, 2) + squared * (squared - 1) * together(sizes, 3)
    return size * triples / sizes.P**3


def _moments(sizes: Sizes) -> tuple[Any, ...]:
    if isinstance(sizes, Growing):
        return sizes.moments
    return tuple(enumeration.exact_moment(sizes, r) for r in (1, 2, 3))


def chance(sizes: Sizes) -> Any:
    """Pr(p ∈ ℳ, X ∼ 𝒟_k)."""
    return quotient(sizes.M, sizes.P * sizes.K)


def mean_attention(sizes: Sizes, size: int, *, own: bool) -> Any:
    """E[A_j(0) | p ∈ ℳ]; p itself cannot be seen."""
    return (size - int(own)) * together(sizes, 1) / sizes.P


def own_rate(sizes: Sizes, query: int) -> Any:
    """α_n(0) = Pr(p ∈ ℳ, k)·E[z_nA_n(z_n²(1-A_n)² + Σ z_m²A_m²)]."""
    m1, m2, m3 = _moments(sizes)
    areas = Areas.around(sizes, query)
    n = areas.own
    alone = mean_attention(sizes, n, own=False) - 2 * square(sizes, n) + cube(sizes, n)
    crossed = sum(
        (number * mixed(sizes, n, size) for size, number in areas.others.values()), Fraction(0)
    )
    return chance(sizes) * (m3 * alone + m1 * m2 * crossed)


def other_rate(sizes: Sizes, query: int, kind: str) -> Any:
    """α_m(0) = Pr(p ∈ ℳ, k)·E[z_mA_m(h - z_m²A_m)] for an area m ≠ n of this kind."""
    m1, m2, m3 = _moments(sizes)
    areas = Areas.around(sizes, query)
    size = areas.others[kind][0]
    itself = cube(sizes, size) - square(sizes, size)
    rest = sum(
        (number * mixed(sizes, size, other) for other, number in areas.besides(kind)), Fraction(0)
    )
    with_own = size * areas.own * together(sizes, 2) / sizes.P**2
    pulled = with_own - mixed(sizes, size, areas.own)
    return chance(sizes) * (m3 * itself + m1 * m2 * (rest - pulled))


def global_rate(sizes: Sizes, query: int) -> Any:
    """α_1(0) of a local query."""
    return other_rate(sizes, query, "global")


def local_rate(sizes: Sizes, query: int) -> Any:
    """α_m(0) for another local area of the commonest size."""
    kind = "local" if "local" in Areas.around(sizes, query).others else "last"
    return other_rate(sizes, query, kind)


def position_rate(sizes: Sizes, query: int) -> Any:
    """β_{p→q}(0), q ≠ p in the own area: Pr(p ∈ ℳ, k)·E[h + z_n²(1-A_n)·1{q ∈ 𝒰}]/P."""
    _, m2, _ = _moments(sizes)
    areas = Areas.around(sizes, query)
    n = areas.own
    squares = sum(
        (number * square(sizes, size) for size, number in areas.others.values()), Fraction(0)
    )
    h = squares - mean_attention(sizes, n, own=False) + square(sizes, n)
    seen = together(sizes, 1) - (together(sizes, 1) + (n - 1) * together(sizes, 2)) / sizes.P
    return chance(sizes) * m2 * (h + seen) / sizes.P


FORMULAS: dict[Rate, str] = {
    "own": "own_rate",
    "global_": "global_rate",
    "other": "local_rate",
    "beta_own": "position_rate",
}
"""Where the prediction of each rate is, by name so that a planted mistake is found."""


# -------------------------------------------------------------------------- predictions: laws


def own_exponent(sizes: Sizes, query: int) -> Any:
    """α_n(0) = Θ(P^this)."""
    return -(1 - (sizes.kappa_c if query == 0 else sizes.kappa_s))


def global_exponent(sizes: Sizes) -> Any:
    """|α_1(0)| = Θ(P^this)."""
    return -2 * (1 - sizes.kappa_c)


def other_exponent(sizes: Sizes) -> Any:
    """|α_m(0)| = Θ(P^this)."""
    return -(1 - sizes.kappa_s) - min(2 * (1 - sizes.kappa_c), 1 - sizes.kappa_s)


def gap_exponent(sizes: Sizes) -> Any:
    """|α_1(0)|/α_n(0) = Θ(P^this)."""
    return sizes.information_gap


def position_exponent(sizes: Sizes, query: int) -> Any:
    """β_{p→q}(0)/α_n(0) = Θ(P^this)."""
    return -(sizes.kappa_c if query == 0 else sizes.kappa_s)


def gap_is_positive(sizes: Sizes) -> bool:
    """Whether Δ > 0."""
    return sizes.sign > 0 if isinstance(sizes, Growing) else sizes.information_gap > 0


def other_sign(sizes: Sizes) -> int:
    """The sign of α_m(0) for large P."""
    return 1 if gap_is_positive(sizes) else -1


def gap_factors(sizes: Sizes) -> Factors:
    """|α_1(0)|/α_n(0) tends to this product, whatever the law of the latents."""
    return [(1 - sizes.gamma, 1), (sizes.C_1, 2), (sizes.C_s, -1), (sizes.P, -1)]


def leading(sizes: Sizes, rate: Rate, query: int) -> Factors:
    """The leading order of a rate's modulus, as a product.

    With A = (1-γ)C/P: α_n ~ m_3A_n, α_1 ~ -m_3A_1²; α_m ~ m_1m_2A_mA_1² at a positive gap and
    -(m_3 + γm_1m_2)A_m² at a negative one, where h ~ -γA_m; β ~ α_n·m_2/(m_3C_n).
    """
    m1, m2, m3 = _moments(sizes)
    gamma, P = sizes.gamma, sizes.P

    def attention(size: Any, power: int) -> Factors:
        return [(1 - gamma, power), (size, power), (P, -power)]

    C_n = sizes.C_1 if query == 0 else sizes.C_s
    found: Factors = {
        "own": [(m3, 1), *attention(C_n, 1)],
        "global_": [(m3, 1), *attention(sizes.C_1, 2)],
        "other": [(m1, 1), (m2, 1), *attention(sizes.C_1, 2), *attention(sizes.C_s, 1)]
        if gap_is_positive(sizes)
        else [(m3 + _exact(gamma) * m1 * m2, 1), *attention(sizes.C_s, 2)],
        "beta_own": [(m2, 1), *attention(C_n, 1), (C_n, -1)],
    }[rate]
    return [(gamma, 1), (sizes.K, -1), *found]


def _exact(gamma: Any) -> Any:
    """The masking ratio as the decimal that was written."""
    return Fraction(repr(gamma)) if isinstance(gamma, float) else gamma


def product(factors: Factors) -> sp.Expr:
    """The product, of symbols."""
    return sp.Mul(*(base**power for base, power in factors))


def log_product(factors: Factors) -> float:
    """Logarithm of the product of positive numbers of any size."""
    return math.fsum(power * log_of(Fraction(base)) for base, power in factors)


def log_leading(sizes: Setting, rate: Rate, query: int) -> float:
    """Logarithm of the leading order of a rate's modulus."""
    return log_product(leading(sizes, rate, query))


def log_of(number: Fraction | None) -> float:
    """Logarithm of a positive fraction of any size; NaN otherwise."""
    if number is None or number <= 0:
        return math.nan
    return math.log(number.numerator) - math.log(number.denominator)
