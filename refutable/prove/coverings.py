"""cvc5: cylindrical algebraic coverings decide whether polynomial relations have a real point.

The second decider beside z3, with which it shares no code.
"""

from __future__ import annotations

from refutable.prove import solvers
from refutable.prove.answer import Answer
from refutable.prove.statement import Query

LABEL, EMPTY, POINT = "cvc5", "unsat", "sat"
RESOURCE_LIMIT = 300_000
"""cvc5's own deterministic work counter."""


def by() -> str:
    """The program and its version. Raises MissingPackageError when cvc5 is not installed."""
    return f"cvc5 {solvers.version('cvc5')}"


def solve(query: Query, /) -> Answer:
    """Whether some point meets all atoms. Raises MissingPackageError when cvc5 is missing."""
    return solvers.ask("cvc5", query, RESOURCE_LIMIT)
