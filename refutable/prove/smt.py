"""z3: a polynomial inequality is proved by showing that its negation has no real point.

Statements are written in SymPy, read once for all deciders (`statement`) and translated here. Every
point that z3 offers is checked again in exact arithmetic before it counts as a counterexample.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from refutable.prove import deciding, solvers
from refutable.prove.answer import Answer
from refutable.prove.deciding import Decided
from refutable.prove.statement import Query

LABEL, EMPTY, POINT = "z3", "unsat", "sat"
RESOURCE_LIMIT = 20_000_000
"""z3's own deterministic work counter; a clock would make verdicts depend on the machine."""


def decided(
    name: str,
    assumptions: Iterable[Any],
    conclusion: Any,
    sums: str,
    *,
    resource_limit: int = RESOURCE_LIMIT,
) -> Decided:
    """The conclusion follows from the assumptions for all real values of the symbols.

    What symbols are said to be counts (`positive`, `integer`, ...). sums: how the statement stands
    for the general one, for instance how sums were bounded.
    Undecided when z3 gives up, or offers a point that arithmetic does not confirm; Vacuous when
    nothing meets the assumptions. Raises ValueError for what is no statement about real numbers.
    """
    limited = _Limited(resource_limit)
    return deciding.decided_by(limited, name, assumptions, conclusion, sums)


def inhabited(name: str, assumptions: Iterable[Any], sums: str) -> Decided:
    """The assumptions can be met at all: an implication from impossible ones would be empty."""
    return deciding.inhabited(_Limited(RESOURCE_LIMIT), name, assumptions, sums)


@dataclass(frozen=True)
class _Limited:
    """The decider with a limit of its own."""

    resource_limit: int
    LABEL: str = LABEL
    EMPTY: str = EMPTY
    POINT: str = POINT

    def by(self) -> str:
        return by()

    def solve(self, query: Query, /) -> Answer:
        return solve(query, self.resource_limit)


def by() -> str:
    """The program and its version. Raises MissingPackageError when z3 is not installed."""
    return f"z3 {solvers.version('z3')}"


def solve(query: Query, /, resource_limit: int = RESOURCE_LIMIT) -> Answer:
    """Whether some point meets all atoms. Raises MissingPackageError when z3 is missing."""
    return solvers.ask("z3", query, resource_limit)
