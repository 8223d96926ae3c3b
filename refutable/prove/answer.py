"""Answer: what a decider says of a query, before anybody believes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import sympy as sp

Found = Literal["empty", "point", "unknown"]


@dataclass(frozen=True)
class Term:
    """weight, above 0, times the atoms of a query with these numbers, times the root squared."""

    weight: Fraction
    atoms: tuple[int, ...]
    root: sp.Expr


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Whether a query has a point.

    found: `empty` when the decider shows that no point meets all atoms. point: the values that it
    offers, exact, still to be confirmed. reason: why it does not know. work: in its own units.
    reductions: steps taken before deciding. squares: terms that sum to nothing although one
    of them is positive wherever all atoms hold.
    """

    found: Found
    point: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    reason: str = ""
    work: Mapping[str, int] = field(default_factory=dict)
    reductions: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    squares: tuple[Term, ...] = ()
