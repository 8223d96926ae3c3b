"""Regions: sets of exponents and masking ratios, with bounds on sizes for every P ≥ P0 there.

Sizes are C_1 = round(c_1·P^κ_c) and C_s = round(c_s·P^κ_s) (Definition 2.1). A product of powers of
them keeps its exponents as numbers of κ_c, κ_s, 1 and of factors 1-γ, so that a²/ρ is bounded as
what it is, P^Δ, and not as a quotient of bounds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flint import arb

from refutable.model.setting import Setting
from refutable.prove import recording
from refutable.prove.majorant import Majorant, NotBoundedError

Interval = tuple[float, float]


@dataclass(frozen=True)
class Region:
    """κ_c, κ_s and γ in intervals, and every P ≥ 10**ten; c_1 and c_s as in `Setting`."""

    ten: float
    kappa_c: Interval
    kappa_s: Interval
    gamma: Interval = (0.5, 0.5)
    c_1: float = 1.0
    c_s: float = 1.0

    @classmethod
    def of(cls, setting: Setting) -> Region:
        """A setting's exponents, for every P from its own on."""
        c, s, gamma = setting.kappa_c, setting.kappa_s, setting.gamma
        ten = float((arb(setting.P).log() / arb(10).log()).lower())
        return cls(ten, (c, c), (s, s), (gamma, gamma), setting.c_1, setting.c_s)

    @property
    def smallest(self) -> arb:
        """P0."""
        return arb(10) ** arb(self.ten)

    @property
    def darkest(self) -> Any:
        """The largest γ."""
        return recording.number(arb(self.gamma[1]), "high", "gamma")

    @property
    def dark(self) -> Any:
        """The largest γ/(1-γ)."""
        return self.darkest / (1 - self.darkest)

    def __str__(self) -> str:
        """In words, as the scope of a proof."""
        ends = (("κ_c", self.kappa_c), ("κ_s", self.kappa_s), ("γ", self.gamma))
        said = [f"{n} = {a:g}" if a == b else f"{n} in [{a:g}, {b:g}]" for n, (a, b) in ends]
        return f"every P ≥ 1e{self.ten:g}, {', '.join(said)}"

    def halves(self) -> Iterator[Region]:
        """The region cut in two along every interval that has a width."""
        cut = [_halves(i) for i in (self.kappa_c, self.kappa_s, self.gamma)]
        for kappa_c, kappa_s, gamma in itertools.product(*cut):
            yield Region(self.ten, kappa_c, kappa_s, gamma, self.c_1, self.c_s)


def _halves(interval: Interval) -> tuple[Interval, ...]:
    low, high = interval
    middle = (low + high) / 2
    return (interval,) if low == high else ((low, middle), (middle, high))


@dataclass(frozen=True)
class HalfPlane:
    """Exponents at which c·κ_c + s·κ_s ≥ least."""

    c: int
    s: int
    least: float

    def meets(self, tile: Region) -> bool:
        """Whether a point of the tile lies in it, or nearly."""
        parts = ((self.c, tile.kappa_c), (self.s, tile.kappa_s))
        return sum(n * ends[n > 0] for n, ends in parts) >= self.least - NEARLY


NEARLY = 1e-9
"""A tile that touches a half-plane at a corner is meant, however the corner is rounded."""


@dataclass(frozen=True)
class Size:
    """factor·P^(i·κ_c + j·κ_s + k)·(1-γ)^m, the factor between two ends; exponents (i, j, k, m)."""

    low: arb
    high: arb
    exponents: tuple[int, int, int, int]

    def __mul__(self, other: Size) -> Size:
        return Size(
            self.low * other.low,
            self.high * other.high,
            _added(self.exponents, other.exponents, 1),
        )

    def __truediv__(self, other: Size) -> Size:
        return Size(
            self.low / other.high,
            self.high / other.low,
            _added(self.exponents, other.exponents, -1),
        )

    def least_power(self, region: Region) -> Any:
        """The smallest power of P in the region."""
        words = map(str, self.exponents[:3])
        return recording.number(self._power(region, largest=False), "least-power", *words)

    def _power(self, region: Region, *, largest: bool) -> arb:
        i, j, k, _ = self.exponents
        ends = ((i, region.kappa_c), (j, region.kappa_s))
        return sum((n * arb(e[(n > 0) == largest]) for n, e in ends if n), start=arb(k))

    def above(self, region: Region) -> Majorant:
        """A majorant that holds in the whole region."""
        power = self._power(region, largest=True)
        value = self.high * self._visible(region, largest=True) * region.smallest**power
        return Majorant.made(value, power, "above", *map(str, self.exponents))

    def least(self, region: Region) -> Any:
        """A lower bound at P0."""
        power = self._power(region, largest=False)
        found = self.low * self._visible(region, largest=False) * region.smallest**power
        return recording.number(arb(found.lower()), "least", *map(str, self.exponents))

    def _visible(self, region: Region, *, largest: bool) -> arb:
        m = self.exponents[3]
        low, high = 1 - arb(region.gamma[1]), 1 - arb(region.gamma[0])
        return arb(1) if not m else (high if (m > 0) == largest else low) ** m


def _added(
    a: tuple[int, int, int, int], b: tuple[int, int, int, int], sign: int
) -> tuple[int, int, int, int]:
    return (a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2], a[3] + sign * b[3])


ONE = Size(arb(1), arb(1), (0, 0, 0, 0))
PER_PATCH = Size(arb(1), arb(1), (0, 0, -1, 0))
"""1/P."""
VISIBLE_SHARE = Size(arb(1), arb(1), (0, 0, -1, 1))
"""(1-γ)/P: a size times this is its attention at Q = 0."""


def global_size(region: Region) -> Size:
    """C_1, rounded to a whole number."""
    return _rounded(region.c_1, region.kappa_c[0], region, (1, 0, 0, 0))


def local_size(region: Region) -> Size:
    """C_s, rounded to a whole number."""
    return _rounded(region.c_s, region.kappa_s[0], region, (0, 1, 0, 0))


def _rounded(
    constant: float, least_power: float, region: Region, exponents: tuple[int, int, int, int]
) -> Size:
    """constant·P^κ ± 1/2, relative to the power where it is smallest."""
    off = arb("0.5") / (arb(constant) * region.smallest ** arb(least_power))
    return Size(arb(constant) * (1 - off), arb(constant) * (1 + off), exponents)


FALLS = 0.01
"""A bound counts as falling when its power of P is below minus this."""


@dataclass(frozen=True)
class Cover:
    """A region cut into tiles: those for which a bound was proved, and those left open.

    paths: of the proved tiles, which part was taken at each cut, counted from 0 as `halves` yields.
    """

    proved: tuple[tuple[Region, Majorant], ...]
    open: tuple[Region, ...]
    paths: tuple[str, ...] = ()

    @property
    def worst(self) -> float:
        """The largest bound of a tile, for every P ≥ P0; rounded up. ValueError without tiles."""
        return max(rounded_up(bound.largest) for _, bound in self.proved)

    @property
    def slowest(self) -> float:
        """The power of P of the bound that falls slowest; rounded up. ValueError without tiles."""
        return max(rounded_up(bound.power) for _, bound in self.proved)


def cover(
    region: Region,
    bound: Callable[[Region], Majorant],
    *,
    below: float,
    asked: Callable[[Region], bool] = lambda _: True,
    depth: int = 6,
    path: str = "",
) -> Cover:
    """Cut a region into halves until every tile's bound falls and lies under `below` at P0.

    bound: raises NotBoundedError where it says nothing. asked: whether some point of a tile is
    meant; the other tiles are left out. What is still not proved after `depth` cuts is open. path:
    of this region within the whole.
    """
    if not asked(region):
        return Cover((), ())
    try:
        found = bound(region)
        if found.power < -FALLS and found.value < below:
            return Cover(((region, found),), (), (path,))
    except NotBoundedError:
        pass
    if not depth:
        return Cover((), (region,))
    parts = [
        cover(half, bound, below=below, asked=asked, depth=depth - 1, path=f"{path}{number}")
        for number, half in enumerate(region.halves())
    ]
    return Cover(
        tuple(tile for part in parts for tile in part.proved),
        tuple(tile for part in parts for tile in part.open),
        tuple(tile for part in parts for tile in part.paths),
    )


def rounded_up(x: arb) -> float:
    """The next float above an exact number."""
    return math.nextafter(float(x), math.inf)
