"""Effort: what an audit spends on a pair of claim and dial."""

from __future__ import annotations

from dataclasses import dataclass

from refutable.claim import Profile


@dataclass(frozen=True)
class Effort:
    """What a profile spends: seeds per value, bisections per break, bases to simplify a witness."""

    seeds: int
    bisections: int
    simplifications: int
    coarse: bool


EFFORT: dict[Profile, Effort] = {
    "quick": Effort(seeds=1, bisections=2, simplifications=0, coarse=True),
    "full": Effort(seeds=3, bisections=3, simplifications=8, coarse=False),
    "deep": Effort(seeds=8, bisections=7, simplifications=60, coarse=False),
}
