"""Inequalities: every one is decided twice, by z3 and by ball arithmetic, which share no code.

Both start from the same SymPy relations. Each yields a gap of its own, so that where they disagree,
or where only one of them comes to an end, the leg fails or stays undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sympy.core.relational import Relational

from refutable.claim import Undecided
from refutable.gap import Gap
from refutable.prove import boxes, smt


def proved(
    name: str, assumptions: Sequence[Relational], conclusion: Relational, sums: str
) -> Iterator[Gap | Undecided]:
    """The conclusion follows from the assumptions for all real values of the symbols.

    sums: how the statement stands for the general one, for instance how sums were bounded.
    """
    yield smt.decided(f"{name} [z3]", assumptions, conclusion, sums)
    yield boxes.decided(f"{name} [balls]", assumptions, conclusion, sums)


def consistent(
    name: str, assumptions: Sequence[Relational], sums: str
) -> Iterator[Gap | Undecided]:
    """The assumptions can be met at all: an implication from impossible ones would be empty."""
    yield smt.inhabited(f"{name} [z3]", assumptions, sums)
    yield boxes.inhabited(f"{name} [balls]", assumptions, sums)
