"""Evidence for every P ≥ P0: a region covered by proved tiles, and runs that must lie inside."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from refutable.certificate import Certificate
from refutable.claim import Case, Evidence
from refutable.claims.runs.next_order import INTEGRATION
from refutable.claims.runs.regimes import sign_of
from refutable.claims.runs.region import FALLS, Cover, HalfPlane, Region, cover, rounded_up
from refutable.gap import Gap, at_most, identical
from refutable.model.setting import Setting
from refutable.model.trajectory import Event, Trajectory
from refutable.prove.balls import BALLS, precise
from refutable.prove.majorant import Majorant
from refutable.prove.recording import decimal, recorded

BITS_A_TEN = 8
"""Of steps that are written down, so that 1 + P0^-2 keeps the digits of P0^-2."""


@dataclass(frozen=True)
class Proof:
    """That a deviation falls with P: what it is of, where, and how far it may reach at P0.

    off: the deviation of a run of the reduced dynamics. bound: of a tile; raises NotBoundedError
    where it says nothing. allowed: at P0; what lies above is cut, and at last called open. It is a
    choice: a larger one makes fewer tiles and a weaker statement, and the largest bound that is
    proved stands in the evidence beside it. asked: which tiles are meant, in words by `among`.
    is_size: it is the size of a correlation and no deviation from a law, so that floats know it to
    many digits however small it is. flow: what the bound is about.
    """

    of: str
    off: Callable[[Setting, Trajectory], float]
    bound: Callable[[Region], Majorant]
    allowed: float
    region: Region
    asked: tuple[HalfPlane, ...] = ()
    among: str = ""
    is_size: bool = False
    flow: str = "the reduced flow with mean counts"

    @property
    def scope(self) -> str:
        """What is covered, in words."""
        where = f"{self.region}{', ' if self.among else ''}{self.among}"
        return f"{where}; {self.flow}, other z and K by scaling"

    def cover(self) -> Cover:
        """The region, cut into tiles that are proved, each by itself."""
        return cover(
            self.region,
            self.bound,
            below=self.allowed,
            asked=lambda tile: all(plane.meets(tile) for plane in self.asked),
        )

    def certificate(self, found: Cover) -> Certificate:
        """The region, the steps of the bound, and what they give on every tile."""
        region, kappas = self.region, ("kappa_c", "kappa_s")
        bits = 64 + math.ceil(BITS_A_TEN * region.ten)
        with recorded() as steps, precise(bits):
            bound = self.bound(found.proved[0][0])
        lines = [
            "(set-info :kind bounds)",
            f"(grows {region.ten:g})",
            *(
                f"(range {name} {' '.join(map(repr, getattr(region, name)))})"
                for name in (*kappas, "gamma")
            ),
            f"(sizes ({region.c_1!r} kappa_c) ({region.c_s!r} kappa_s))",
            "(share gamma)",
            *(f"(asked {_signed(p.c)} {_signed(p.s)} {_signed(p.least)})" for p in self.asked),
            steps.program(bound.name),
            *(
                f"(tile {path or 'whole'} {_digits(law.value)} {_digits(law.power)})"
                for path, (_, law) in zip(found.paths, found.proved, strict=True)
            ),
        ]
        return Certificate(
            by=BALLS,
            negated=f"somewhere there {self.of} exceeds its bound, or does not fall with P",
            variables={"κ_c, κ_s, γ, P": self.scope},
            resource={
                "bits": bits,
                "tiles": len(found.proved),
                "cuts at most": max(map(len, found.paths)),
                "steps of a bound": len(steps.lines),
            },
            for_all=True,
            scripts=("\n".join(lines),),
        )


def _signed(number: float) -> str:
    """A decimal as scripts write it."""
    return f"(- {-number!r})" if number < 0 else repr(number)


def _digits(end: arb) -> str:
    """A bound in twelve digits, rounded up."""
    return decimal(end, 12)


def event(found: Event | None) -> Event:
    """An event that must have come. ValueError when it has not."""
    if found is None:
        raise ValueError("an event that is proved to come has not come in the reduced dynamics")
    return found


def left_out(_: Callable[..., Majorant]) -> Callable[..., Majorant]:
    """Plant bounds in which something is not counted."""
    return lambda *given: Majorant.of(0)


POSITIVE: dict[str, Any] = {
    "region": Region(12, (0.75, 0.95), (0.25, 0.45), (0.45, 0.55)),
    "asked": (HalfPlane(2, -1, 1.15),),
    "among": "Δ ≥ 0.15",
}
NEGATIVE: dict[str, Any] = {
    "region": Region(12, (0.55, 0.7), (0.3, 0.5), (0.25, 0.75)),
    "asked": (HalfPlane(-2, 1, -0.9), HalfPlane(1, -1, 0.1)),
    "among": "Δ ≤ -0.1, κ_c - κ_s ≥ 0.1",
}
EITHER: dict[str, Any] = {
    "region": Region(12, (0.55, 0.95), (0.25, 0.5), (0.45, 0.55)),
    "asked": (HalfPlane(1, -1, 0.1),),
    "among": "any Δ, 0 included, κ_c - κ_s ≥ 0.1",
}
BOTH: dict[str, Any] = {
    "region": Region(12, (0.55, 0.85), (0.1, 0.5), (0.25, 0.75)),
    "asked": (HalfPlane(1, -1, 0.1),),
    "among": "either sign of Δ, κ_c - κ_s ≥ 0.1",
}
"""Where proofs are made: theorems ask for Δ, κ_c - κ_s and κ_s bounded away from 0."""

AT_POSITIVE = tuple(
    Setting(P=10**ten, kappa_c=kappa_c, kappa_s=kappa_s, gamma=gamma)
    for ten, kappa_c, kappa_s, gamma in (
        (9, 0.9, 0.3, 0.5),
        (12, 0.8, 0.3, 0.45),
        (14, 0.9, 0.4, 0.55),
    )
)
AT_NEGATIVE = tuple(
    Setting(P=10**ten, kappa_c=kappa_c, kappa_s=kappa_s, gamma=gamma)
    for ten, kappa_c, kappa_s, gamma in (
        (8, 0.6, 0.4, 0.5),
        (10, 0.65, 0.45, 0.3),
        (12, 0.55, 0.35, 0.7),
    )
)
"""Where floats are compared: bounds are 1e-1 to 1e-4 there, far above the floats' errors."""


@dataclass(frozen=True)
class Bounds:
    """What is proved of deviations on regions, and runs of the reduced dynamics to lie within.

    at: settings within the regions, at which runs are compared.
    """

    proofs: Sequence[Proof]
    run: Callable[[Setting], Trajectory]
    at: Sequence[Setting]

    def evidence(self) -> Evidence:
        """What the proofs found: for every P, without a float that was rounded to nearest."""
        gaps: list[Gap] = []
        tiles = 0
        for proof in self.proofs:
            found = proof.cover()
            count = len(found.proved) + len(found.open)
            tiles += count
            left = "; ".join(map(str, found.open[:3]))
            gaps.append(
                identical(
                    f"{proof.of}: tiles proved",
                    len(found.proved),
                    count,
                    "every tile of the region, each for every P ≥ P0",
                    witness={"open": left} if left else None,
                    certificate=proof.certificate(found) if found.proved and not left else None,
                )
            )
            if found.proved:
                gaps += [
                    at_most(
                        f"{proof.of}: largest for every P ≥ 1e{proof.region.ten:g}",
                        Fraction(found.worst),
                        Fraction(proof.allowed),
                        0,
                        "proved upper bound, rounded up; it is largest at P0",
                    ),
                    at_most(
                        f"{proof.of}: power of P of the bound",
                        Fraction(found.slowest),
                        Fraction(-FALLS),
                        0,
                        "negative on every tile: the deviation tends to 0",
                    ),
                ]
        return Evidence(
            gaps=tuple(gaps),
            cases=tiles,
            regimes=Counter(sign_of(setting) for setting in self.at),
            scope="; ".join(dict.fromkeys(proof.scope for proof in self.proofs)),
        )

    def inside(self) -> Iterator[Gap | Case]:
        """Runs of the reduced dynamics, which are rounded, lie within what is proved."""
        for setting in self.at:
            yield Case(("within a bound for every P",))
            path = self.run(setting)
            for proof in self.proofs:
                bound = rounded_up(proof.bound(Region.of(setting)).value)
                room = INTEGRATION * (bound if proof.is_size else 1)
                if room > bound / 10:
                    continue  # floats cannot tell
                yield at_most(
                    f"{proof.of} in the reduced dynamics, P = {setting.P:.0e}, "
                    f"κ = ({setting.kappa_c:g}, {setting.kappa_s:g}), γ = {setting.gamma:g}",
                    proof.off(setting, path),
                    bound,
                    room,
                    "floats must lie within what is proved; room for their integration",
                )
