"""Setting: one instance of the data model (Definition 2.1), its masks and objectives.

A setting is small whatever P is: P is a Python integer and the sizes are exact integers, so
that P = 10**100 costs what P = 100 does. Only `area_sizes` and `area_of` grow with P.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Literal

import numpy as np

from refutable.model.shapes import Array, Int

KAPPA_C_RANGE = (0.5005, 1.0)
"""Exponents allowed to the global area, C_1 = Θ(P^{κ_c}) (Definition 2.1)."""
KAPPA_S_RANGE = (0.001, 0.5)
"""Exponents allowed to local areas, C_s = Θ(P^{κ_s}) (Definition 2.1)."""
LARGEST_LATENT = 1e6
"""Largest latent: powers of larger ones leave double precision."""
LARGEST_EXPLICIT_P = 100_000
"""Largest P for which anything of length P is laid out in memory."""

Keys = Literal["feature", "feature+position"]
Views = Literal["independent", "complementary"]
Query = Literal["position", "feature+position"]
Placement = Literal["contiguous", "random"]


class SettingError(ValueError):
    """A setting that the definitions exclude; the message says what is allowed."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise SettingError(message)


@dataclass(frozen=True)
class Latents:
    """The law of an area's latent z_j: finitely many values, independent over areas.

    values: increasing, 0 ≤ values; probabilities: positive, summing to 1 (Definition 2.1).
    Raises SettingError for a law outside the definition.
    """

    values: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what Definition 2.1 excludes."""
        _require(
            len(self.values) == len(self.probabilities) > 0,
            "latents: need as many probabilities as values, at least one",
        )
        _require(
            all(0 <= z <= LARGEST_LATENT for z in self.values) and self.values[-1] > 0,
            f"latents: values must lie in [0, {LARGEST_LATENT:g}] and not all be 0, "
            f"not {self.values}",
        )
        _require(
            all(a < b for a, b in zip(self.values, self.values[1:], strict=False)),
            f"latents: values must be increasing, not {self.values}",
        )
        _require(
            all(q > 0 for q in self.probabilities)
            and math.isclose(sum(self.probabilities), 1.0, rel_tol=1e-12),
            f"latents: probabilities must be positive and sum to 1, not {self.probabilities}",
        )

    @classmethod
    def constant(cls, z: float) -> Latents:
        """Every latent equals z."""
        return cls((float(z),), (1.0,))

    @classmethod
    def two_point(cls, L: float, U: float) -> Latents:
        """L and U with probability one half each."""
        return cls((float(L), float(U)), (0.5, 0.5))

    @classmethod
    def uniform(cls, L: float, U: float, nodes: int = 16) -> Latents:
        """The uniform law on [L, U] by Gauss-Legendre nodes (moments exact to order 2·nodes-1)."""
        x, w = np.polynomial.legendre.leggauss(nodes)
        values = 0.5 * (U - L) * x + 0.5 * (U + L)
        return cls(tuple(map(float, values)), tuple(map(float, w / w.sum())))

    @classmethod
    def parse(cls, text: str) -> Latents:
        """Read 'Z' (constant) or 'L,U' (two-point)."""
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        _require(
            1 <= len(numbers) <= 2 and all(math.isfinite(z) for z in numbers),
            f"latents: expected Z or L,U with numbers, not {text!r}",
        )
        return cls.constant(numbers[0]) if len(numbers) == 1 else cls.two_point(*numbers)

    @property
    def is_constant(self) -> bool:
        """Whether there is a single value."""
        return len(self.values) == 1

    @property
    def L(self) -> float:
        """The smallest latent."""
        return self.values[0]

    @property
    def U(self) -> float:
        """The largest latent."""
        return self.values[-1]

    def moment(self, r: int) -> float:
        """E z^r."""
        return math.fsum(q * z**r for z, q in zip(self.values, self.probabilities, strict=True))


@dataclass(frozen=True, kw_only=True)
class Contrastive:
    """Details of the contrastive objective (Definitions 2.6, 2.7) and the readings of it.

    negatives may be math.inf: the limit of many negatives, which only reduced dynamics can take.
    The first reading of each option is the canonical one.
    """

    tau: float = 1.0
    negatives: float = 16
    weight_decay: float = 0.0
    keys: Keys = "feature"
    views: Views = "independent"
    query: Query = "position"

    def __post_init__(self) -> None:
        """Refuse what Definitions 2.6 and 2.7 exclude."""
        _require(self.tau > 0, f"tau must be positive, not {self.tau}")
        _require(
            self.negatives >= 0 and (self.negatives == math.inf or self.negatives % 1 == 0),
            f"negatives must be a whole number of at least 0, or inf, not {self.negatives}",
        )
        _require(
            0 <= self.weight_decay < math.inf,
            f"weight_decay must be at least 0 and finite, not {self.weight_decay}",
        )
        for name, allowed in (("keys", Keys), ("views", Views), ("query", Query)):
            value = getattr(self, name)
            choices = allowed.__args__  # type: ignore[attr-defined]
            _require(value in choices, f"{name} must be one of {', '.join(choices)}, not {value!r}")

    @property
    def c_N(self) -> float:
        """N_c/(N_c+1): the weight of all negatives when similarities are equal."""
        return 1.0 if self.negatives == math.inf else self.negatives / (self.negatives + 1)


def power_of_ten(exponent: float) -> int:
    """A number of patches 10^exponent, exact for whole exponents and rounded for those between."""
    whole = math.floor(exponent)
    return 10**whole * round(10.0 ** (exponent - whole) * 10**15) // 10**15


def rounded_power(P: int, constant: float, exponent: float) -> int:
    """round(constant · P^exponent), exactly rounded for P up to 1e100 and beyond."""
    with localcontext() as context:
        context.prec = 30 + len(str(P))
        value = Decimal(repr(float(constant))) * Decimal(P) ** Decimal(repr(float(exponent)))
        return int(value.to_integral_value(rounding=ROUND_HALF_EVEN))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One instance of the data model: partitions, latents, mask ratio (Definitions 2.1-2.7).

    Area index 0 is the global area 𝒫_{k,1}; 1..n are the local areas, n = `locals`. Every cluster
    has the same sizes; unless `shared_partition`, clusters place their areas differently.

    P: number of patches. kappa_c, kappa_s: exponents of the global and local sizes,
    C_1 = round(c_1·P^κ_c), C_s = round(c_s·P^κ_s); the last local area takes the remainder.
    local_sizes: sizes of the local areas where they differ otherwise, with C_s between the least
    and the largest; Definition 2.1 asks for Θ(P^κ_s) only.
    gamma: masking ratio γ; M = ⌊γP⌋ patches are masked.
    Raises SettingError when the definitions exclude the combination.
    """

    P: int
    kappa_c: float
    kappa_s: float
    gamma: float = 0.5
    K: int = 1
    latents: Latents = field(default_factory=lambda: Latents.constant(1.0))
    c_1: float = 1.0
    c_s: float = 1.0
    placement: Placement = "contiguous"
    placement_seed: int = 0
    shared_partition: bool = False
    local_sizes: tuple[int, ...] = ()
    contrastive: Contrastive = field(default_factory=Contrastive)

    def __post_init__(self) -> None:
        """Refuse what the definitions exclude."""
        _require(
            isinstance(self.P, int) and self.P >= 3,
            f"P must be a whole number of at least 3, not {self.P!r}",
        )
        for name, (low, high) in (("kappa_c", KAPPA_C_RANGE), ("kappa_s", KAPPA_S_RANGE)):
            value = getattr(self, name)
            _require(low <= value <= high, f"{name} must lie in [{low}, {high}], not {value}")
        _require(0 < self.gamma < 1, f"gamma must lie strictly between 0 and 1, not {self.gamma}")
        _require(
            isinstance(self.K, int) and self.K >= 1,
            f"K must be a whole number of at least 1, not {self.K!r}",
        )
        for name in ("c_1", "c_s"):
            value = getattr(self, name)
            _require(0 < value < math.inf, f"{name} must be positive and finite, not {value}")
        _require(
            self.placement in ("contiguous", "random"),
            f"placement must be contiguous or random, not {self.placement!r}",
        )
        _require(
            self.C_1 >= 1 and self.C_s >= 1,
            f"P = {self.P} is too small: C_1 = {self.C_1} and C_s = {self.C_s} must be at least 1",
        )
        _require(
            self.C_1 + self.C_s <= self.P,
            f"P = {self.P} is too small for C_1 = {self.C_1} and a local area of C_s = {self.C_s} "
            "(for kappa_c = 1 take c_1 < 1)",
        )
        if self.local_sizes:
            left = self.P - self.C_1
            _require(
                min(self.local_sizes) >= 1 and sum(self.local_sizes) == left,
                f"local_sizes must be positive and sum to P - C_1 = {left}, not {self.local_sizes}",
            )
            _require(
                min(self.local_sizes) <= self.C_s <= max(self.local_sizes),
                f"C_s = {self.C_s} must lie between the least and the largest of local_sizes",
            )
        _require(
            1 <= self.M < self.P,
            f"gamma = {self.gamma} masks {self.M} of {self.P} patches; at least one patch must be "
            "masked and one visible",
        )

    @classmethod
    def of_sizes(cls, P: int, C_1: int, C_s: int, **others: object) -> Setting:
        """The setting with these sizes, at κ_c = 3/4 and κ_s = 1/4 unless given otherwise."""
        kappa_c = float(others.pop("kappa_c", 0.75))  # type: ignore[arg-type]
        kappa_s = float(others.pop("kappa_s", 0.25))  # type: ignore[arg-type]
        return cls(
            P=P,
            kappa_c=kappa_c,
            kappa_s=kappa_s,
            c_1=C_1 / P**kappa_c,
            c_s=C_s / P**kappa_s,
            **others,  # type: ignore[arg-type]
        )

    def replace(self, **changes: object) -> Setting:
        """The setting with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    @functools.cached_property
    def C_1(self) -> int:
        """Size of the global area."""
        return rounded_power(self.P, self.c_1, self.kappa_c)

    @functools.cached_property
    def C_s(self) -> int:
        """Size of a local area; the last one has up to 2·C_s - 1."""
        return rounded_power(self.P, self.c_s, self.kappa_s)

    @property
    def locals(self) -> int:
        """Number of local areas, N_k - 1."""
        return len(self.local_sizes) or (self.P - self.C_1) // self.C_s

    @property
    def local_kinds(self) -> tuple[tuple[int, int], ...]:
        """Sizes of the local areas, in order, each with how many in a row have it; at any P."""
        if self.local_sizes:
            return tuple((size, 1) for size in self.local_sizes)
        alike = self.locals - 1
        remainder = self.P - self.C_1 - alike * self.C_s
        return ((self.C_s, alike), (remainder, 1)) if alike else ((remainder, 1),)

    @property
    def areas(self) -> int:
        """Number of areas of a cluster, N_k."""
        return self.locals + 1

    @functools.cached_property
    def M(self) -> int:
        """Number of masked patches ⌊γP⌋, γ read as the decimal that was written."""
        return math.floor(Fraction(repr(float(self.gamma))) * self.P)

    @property
    def information_gap(self) -> float:
        """Δ = (1-κ_s) - 2(1-κ_c)."""
        return (1 - self.kappa_s) - 2 * (1 - self.kappa_c)

    @property
    def log_P(self) -> float:
        """Natural logarithm of P."""
        return math.log(self.P)

    @property
    def log_rho(self) -> float:
        """Logarithm of ρ = (1-γ)·C_s/P: a local area's attention at t = 0."""
        return math.log1p(-self.gamma) + math.log(self.C_s) - self.log_P

    @property
    def features(self) -> int:
        """Number of features over all clusters; feature (k, j) has index k·N + j."""
        return self.K * self.areas

    @property
    def dimension(self) -> int:
        """Embedding dimension d: P positions and all features."""
        return self.P + self.features

    @functools.cached_property
    def area_sizes(self) -> Int[Array, "N"]:
        """(N,) sizes C_{k,1}, C_{k,2}, ... of the areas. SettingError when P is too large."""
        self._require_explicit()
        sizes, numbers = zip((self.C_1, 1), *self.local_kinds, strict=True)
        return np.repeat(np.array(sizes, dtype=np.int64), numbers)

    @functools.cached_property
    def area_of(self) -> Int[Array, "K P"]:
        """(K, P) index of the area that holds patch p in cluster k, a_{k,p} counted from 0."""
        self._require_explicit()
        line = np.repeat(np.arange(self.areas), self.area_sizes)
        rows = []
        for k in range(self.K):
            place = 0 if self.shared_partition else k
            if self.placement == "contiguous":
                rows.append(np.roll(line, place * self.P // self.K))
            else:
                seed = np.random.SeedSequence([self.placement_seed, place])
                rows.append(np.random.default_rng(seed).permutation(line))
        return np.stack(rows)

    def require_alike(self, what: str) -> None:
        """Raise SettingError when local areas have sizes of their own, which `what` cannot take."""
        _require(
            not self.local_sizes,
            f"{what} take local areas of C_s patches and a remainder, not {self.local_sizes}",
        )

    def _require_explicit(self) -> None:
        _require(
            self.P <= LARGEST_EXPLICIT_P,
            f"P = {self.P} is too large to lay out its patches (at most {LARGEST_EXPLICIT_P}); "
            "use the reduced dynamics",
        )
