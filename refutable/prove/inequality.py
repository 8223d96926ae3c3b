"""Inequalities: each is decided by several programs that share no code, and they must agree.

z3 and cvc5 decide over all real numbers; ball arithmetic where the assumptions bound the symbols; a
sum of squares proves by an identity that anybody can multiply out.
All start from the same statement (`statement.read`); each that comes to an end yields a gap of its
own. Where only one does, its certificate says so, and the grade with it. A third opinion is asked
for where it is cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from refutable.claim import Undecided
from refutable.errors import MissingPackageError, needed
from refutable.prove import coverings, deciding, enumeration, smt, squares
from refutable.prove import statement as statements
from refutable.prove.answer import Answer
from refutable.prove.deciding import Decided, Decider, DisagreementError, Opinion
from refutable.prove.statement import Query, Statement

FEW_BOXES = 500
"""How many boxes ball arithmetic is given before it is known to be needed."""
FEW_SYMBOLS = 6
"""Up to here cvc5 is asked even where z3 and balls agree: the work of coverings explodes with the
number of symbols."""


class _Balls:
    """Ball arithmetic, loaded when first asked."""

    LABEL, EMPTY, POINT = "balls", "no counterexample", "a counterexample"

    def __init__(self, most_boxes: int | None = None) -> None:
        self.limits = () if most_boxes is None else (most_boxes,)

    def by(self) -> str:
        return str(self._boxes().by())

    def solve(self, query: Query, /) -> Answer:
        found: Answer = self._boxes().solve(query, *self.limits)
        return found

    @staticmethod
    def _boxes() -> Any:
        needed("flint", "python-flint", "ball arithmetic")
        return needed("refutable.prove.boxes", "refutable", "ball arithmetic")


SOLVERS: tuple[Decider, ...] = (smt, coverings)
DECIDERS: tuple[Decider, ...] = (*SOLVERS, _Balls(), enumeration)
"""What each decides on its own is in its module."""


def proved(name: str, assumptions: Iterable[Any], conclusion: Any, sums: str) -> Iterator[Decided]:
    """The conclusion follows from the assumptions for all real values of the symbols.

    Assumptions are SymPy relations, and what symbols are said to be (`positive`, `integer`, ...);
    the conclusion is one, or several joined by And, Or, Implies. Polynomials, fractions, roots,
    absolute values, maxima and constants are understood. sums: how the statement stands for the
    general one, for instance how sums were bounded.
    Yields Vacuous when nothing meets the assumptions, Undecided when no decider comes to an end.
    Raises ValueError, naming the culprit, for what is no statement about real numbers,
    DisagreementError when deciders contradict each other, and MissingPackageError when none is
    installed that can decide it.
    """
    statement = statements.read(assumptions, conclusion)
    doubt = deciding.premises(name, statement, DECIDERS) or deciding.meaning(
        name, statement, DECIDERS
    )
    if doubt is not None:
        yield doubt
        return
    opinions = _opinions(statement)
    settled = [one for one in opinions if _settled(one)]
    if len({one.found for one in settled}) > 1:
        said = ", ".join(f"{one.decider.LABEL}: {one.found} {_at(one)}" for one in settled)
        raise DisagreementError(f"{name}: deciders contradict each other: {said}")
    if not settled:
        yield _unsettled(name, opinions)
        return
    alone = _others(opinions) if len(settled) == 1 and settled[0].found == "proved" else ""
    for one in settled:
        yield deciding.gap_of(one, f"{name} [{one.decider.LABEL}]", statement, sums, alone)


def consistent(name: str, assumptions: Iterable[Any], sums: str) -> Iterator[Decided]:
    """The assumptions can be met at all: an implication from impossible ones would be empty."""
    told = list(assumptions)
    found = [
        deciding.inhabited(decider, f"{name} [{decider.LABEL}]", told, sums)
        for decider in installed()
    ]
    known = [one for one in found if not isinstance(one, Undecided)]
    yield from known or found


def installed() -> list[Decider]:
    """The deciders whose packages are there. Raises MissingPackageError when there are none."""
    found, missing = [], []
    for decider in DECIDERS:
        try:
            decider.by()
            found.append(decider)
        except MissingPackageError as problem:
            missing.append(problem)
    if all(decider is enumeration for decider in found):
        raise missing[0]
    return found


def _opinions(statement: Statement) -> list[Opinion]:
    """What the deciders say, until two of them have settled the matter or none is left."""

    def ask(decider: Decider) -> Opinion:
        return deciding.consult(decider, statement, statement.counterexamples)

    by_z3, by_balls, one_by_one = ask(smt), ask(_Balls(FEW_BOXES)), ask(enumeration)
    first = [by_z3, by_balls, one_by_one]
    if sum(map(_settled, first)) > 1 and len(statement.symbols) > FEW_SYMBOLS:
        return first
    by_cvc5 = ask(coverings)
    if sum(map(_settled, [*first, by_cvc5])) > 1:
        return [by_z3, by_cvc5, by_balls, one_by_one]
    by_squares = ask(squares)
    if not _settled(by_squares) and by_balls.found == "unknown":
        by_balls = ask(_Balls())
    return [by_z3, by_cvc5, by_balls, one_by_one, by_squares]


def _settled(opinion: Opinion) -> bool:
    return opinion.found in ("proved", "refuted")


def _unsettled(name: str, opinions: list[Opinion]) -> Undecided:
    reasons = "; ".join(f"{one.decider.LABEL}: {one.reason}" for one in opinions if one.reason)
    solvers = [one for one in opinions if one.decider in SOLVERS]
    if all(one.found == "missing" for one in solvers):
        raise MissingPackageError("z3-solver or cvc5", "deciding an inequality")
    return Undecided(name, reasons)


def _others(opinions: list[Opinion]) -> str:
    return "; ".join(
        f"{one.decider.LABEL}: {one.reason}"
        for one in opinions
        if one.found in ("unknown", "missing") and one.reason
    )


def _at(opinion: Opinion) -> str:
    witness = {str(symbol): str(value) for symbol, value in opinion.witness.items()}
    return f"at {witness}" if witness else ""
