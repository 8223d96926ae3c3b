"""Deciding: one decider asked about a whole statement, its answers confirmed and put into a gap.

A decider is trusted when it says that a query has no point, since that cannot be checked here;
so a second one is asked (`inequality`). Whatever point it offers is confirmed in exact arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import sympy as sp

from refutable.certificate import Certificate
from refutable.claim import Undecided, Vacuous
from refutable.errors import MissingPackageError
from refutable.gap import Gap, identical
from refutable.prove import smtlib
from refutable.prove import statement as statements
from refutable.prove.answer import Answer
from refutable.prove.relations import domain_of
from refutable.prove.statement import Query, Statement

Decided = Gap | Undecided
Found = Literal["proved", "refuted", "unknown", "missing"]


class DisagreementError(Exception):
    """One decider proves what another one refutes: one of them, or this program, is wrong."""


class Decider(Protocol):
    """A module that answers queries, or a part of one."""

    @property
    def LABEL(self) -> str:
        """For the names of gaps."""

    @property
    def EMPTY(self) -> str:
        """Its own word for: no point."""

    @property
    def POINT(self) -> str:
        """Its own word for: a point."""

    def by(self) -> str:
        """The program and its version. MissingPackageError when it is not installed."""

    def solve(self, query: Query, /) -> Answer:
        """Whether some point meets all atoms of the query. MissingPackageError as for `by`."""


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What one decider says of a statement, as far as it could be confirmed."""

    decider: Decider
    found: Found
    reason: str = ""
    witness: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()


def consult(decider: Decider, statement: Statement, queries: Sequence[Query]) -> Opinion:
    """Ask whether all queries are without a point; a point counts once it refutes the statement."""
    answers = []
    for query in queries:
        try:
            answer = _asked(decider, statement, query)
        except MissingPackageError as problem:
            return Opinion(decider=decider, found="missing", reason=str(problem))
        answers.append(answer)
        if answer.found == "point" and statement.refuted_by(answer.point):
            return Opinion(
                decider=decider,
                found="refuted",
                witness=_own(statement, answer.point),
                answers=(answer,),
            )
        if answer.found != "empty":
            reason = answer.reason or "offered a point that arithmetic does not confirm"
            return Opinion(decider=decider, found="unknown", reason=reason, answers=(answer,))
    return Opinion(decider=decider, found="proved", answers=tuple(answers))


def _asked(decider: Decider, statement: Statement, query: Query) -> Answer:
    """The answer over the reals where it settles the matter, else over the whole numbers."""
    if not query.whole:
        return decider.solve(query)
    answer = decider.solve(replace(query, whole=frozenset()))
    if answer.found == "empty" or statement.refuted_by(answer.point):
        return answer
    return decider.solve(query)


def _own(statement: Statement, point: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    return {symbol: point.get(symbol, sp.S.Zero) for symbol in statement.symbols}


SIMPLE = (1, sp.Rational(1, 2), 0, 2, -1, sp.Rational(-1, 2), sp.Rational(1, 4), 3, -2, 10)
"""Numbers of which points are made to meet assumptions before any solver is asked."""
MOST_SIMPLE = 300


def simple_point(statement: Statement) -> dict[sp.Symbol, sp.Expr] | None:
    """A point of small numbers that meets the assumptions, if one of the first few does."""
    number = len(statement.symbols)
    levels = (
        point
        for level in range(len(SIMPLE))
        for point in itertools.product(range(level + 1), repeat=number)
        if number == 0 or max(point) == level
    )
    for places in itertools.islice(levels, MOST_SIMPLE):
        values = [sp.sympify(SIMPLE[place]) for place in places]
        point = dict(zip(statement.symbols, values, strict=True))
        if statement.meets_premises(point):
            return point
    return None


def premises(name: str, statement: Statement, deciders: Iterable[Decider]) -> Undecided | None:
    """None when a point is known that meets the assumptions; what to say otherwise."""
    if simple_point(statement) is not None:
        return None
    reasons = []
    for decider in deciders:
        answer = inhabited_by(decider, statement)
        if answer.found == "point":
            return None
        if answer.found == "empty":
            return Vacuous(name, f"nothing meets the assumptions ({decider.by()})")
        reasons.append(f"{decider.LABEL}: {answer.reason}")
    return Undecided(name, f"can the assumptions be met? {'; '.join(reasons)}")


def inhabited_by(decider: Decider, statement: Statement) -> Answer:
    """Whether a decider finds a point of the assumptions; one that is not confirmed is unknown."""
    try:
        answer = decider.solve(replace(statement.premises, whole=frozenset()))
        if answer.found == "point" and not statement.meets_premises(answer.point):
            answer = decider.solve(statement.premises)
    except MissingPackageError as problem:
        return Answer(found="unknown", reason=str(problem))
    if answer.found == "point" and not statement.meets_premises(answer.point):
        return Answer(found="unknown", reason="offered a point that arithmetic does not confirm")
    return answer


def inhabited(decider: Decider, name: str, assumptions: Iterable[Any], sums: str) -> Decided:
    """The assumptions can be met, as one decider finds out."""
    statement = statements.read(assumptions, sp.true)
    answer = inhabited_by(decider, statement)
    if answer.found == "unknown":
        return Undecided(name, f"{decider.by()}: {answer.reason}")
    point = _own(statement, answer.point) if answer.found == "point" else {}
    at = ", ".join(f"{symbol} = {value}" for symbol, value in point.items())
    script = smtlib.met(statement.premises, answer.point, decider.by()) if point else None
    certificate = Certificate(
        for_all=True,
        by=decider.by(),
        negated="nothing meets the assumptions",
        assumptions=tuple(map(str, statement.assumptions)),
        sums=sums,
        variables={str(s): domain_of(s) for s in statement.symbols},
        reductions=(f"met at {at}",) if at else (),
        resource=answer.work,
        scripts=(script,) if script else (),
    )
    found = decider.EMPTY if answer.found == "empty" else decider.POINT
    return identical(name, found, decider.POINT, sums, certificate=certificate)


ALONE = "decided by one decider alone"
"""The remark; why no other one agrees stands in the certificate."""


def gap_of(opinion: Opinion, name: str, statement: Statement, sums: str, alone: str = "") -> Gap:
    """A proof or refutation as a gap with its certificate. alone: why no other decider agrees."""
    decider = opinion.decider
    found = decider.EMPTY if opinion.found == "proved" else decider.POINT
    witness = {
        str(symbol): str(value) for symbol, value in sorted(opinion.witness.items(), key=str)
    }
    return identical(
        name,
        found,
        decider.EMPTY,
        sums,
        certificate=certificate(opinion, statement, sums, alone),
        witness=witness or None,
        remarks=(ALONE,) if alone else (),
    )


def certificate(opinion: Opinion, statement: Statement, sums: str, alone: str = "") -> Certificate:
    """What a decision rests on."""
    work: dict[str, int] = {}
    reductions: list[str] = list(statement.steps)
    variables: dict[str, str] = {str(s): domain_of(s) for s in statement.symbols}
    scripts: tuple[str, ...] = ()
    if opinion.found == "proved":
        scripts = tuple(
            smtlib.unmet(query, opinion.decider.by(), answer.squares)
            for query, answer in zip(statement.counterexamples, opinion.answers, strict=True)
        )
    for answer in opinion.answers:
        for unit, amount in answer.work.items():
            work[unit] = work.get(unit, 0) + amount
        reductions += [step for step in answer.reductions if step not in reductions]
        variables |= answer.variables
    return Certificate(
        for_all=True,
        by=opinion.decider.by(),
        negated=str(sp.Not(statement.conclusion)),
        assumptions=tuple(map(str, statement.assumptions)),
        sums=sums,
        variables=variables,
        reductions=tuple(reductions),
        resource=work,
        alone=alone,
        scripts=scripts,
    )


def decided_by(
    decider: Decider,
    name: str,
    assumptions: Iterable[Any],
    conclusion: Any,
    sums: str,
) -> Decided:
    """What one decider alone makes of a statement.

    Raises ValueError for a statement that cannot be asked, or whose conclusion has no meaning
    somewhere, and MissingPackageError where the decider's package is missing.
    """
    statement = statements.read(assumptions, conclusion)
    decider.by()
    empty = premises(name, statement, [decider])
    if empty is not None:
        return empty
    doubt = meaning(name, statement, [decider])
    if doubt is not None:
        return doubt
    opinion = consult(decider, statement, statement.counterexamples)
    if opinion.found == "unknown":
        return Undecided(name, f"{decider.by()}: {opinion.reason}")
    return gap_of(opinion, name, statement, sums, alone=f"{decider.LABEL} alone was asked")


def meaning(name: str, statement: Statement, deciders: Iterable[Decider]) -> Undecided | None:
    """None when roots and fractions of the conclusion exist wherever the assumptions hold.

    Raises ValueError where a point shows that one does not.
    """
    deciders = list(deciders)
    for need, query in statement.gaps_in_meaning:
        reasons = []
        for decider in deciders:
            try:
                answer = decider.solve(query)
            except MissingPackageError as problem:
                reasons.append(str(problem))
                continue
            if answer.found == "empty":
                break
            if answer.found == "point" and statement.meets_premises(answer.point):
                where = ", ".join(f"{s} = {v}" for s, v in _own(statement, answer.point).items())
                raise ValueError(f"the conclusion has no meaning at {where}: it needs {need}")
            reasons.append(answer.reason or "offered a point that arithmetic does not confirm")
        else:
            return Undecided(name, f"does {need} follow from the assumptions? {'; '.join(reasons)}")
    return None
