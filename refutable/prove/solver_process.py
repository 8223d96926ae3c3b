"""The process in which z3 and cvc5 run: a question in as a line of JSON, an answer out as one.

Both are C++ and cannot be stopped from inside: their counters of work do not tick in the middle of
an algebraic computation. Here the kernel stops them, by CPU time and memory, and a crash costs one
question instead of a run. The module imports nothing of this package: it is started as a script.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from itertools import zip_longest
from operator import add, mul
from typing import Any

MEMORY = 4 * 2**30
"""Bytes of address space that a question may take."""

Number = list[Any]
"""["q", numerator, denominator], ["root", coefficients, number] or ["between", coefficients, ends]:
coefficients from the lowest power, the number of a root counted from 0, integers as text."""


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """found, work and version, and a point or a reason; or `missing` when the solver is absent."""
    try:
        return {"z3": _ask_z3, "cvc5": _ask_cvc5}[question["solver"]](question)
    except ModuleNotFoundError as problem:
        if problem.name == question["solver"]:
            return {"missing": True}
        raise


def _ask_z3(question: Mapping[str, Any]) -> dict[str, Any]:
    z3 = importlib.import_module("z3")
    context = z3.Context()
    whole = question["whole"]
    solver = z3.Solver(ctx=context) if any(whole) else z3.SolverFor("QF_NRA", ctx=context)
    solver.set("rlimit", question["limit"])
    variables = [
        (z3.Int if is_whole else z3.Real)(f"v{i}", context) for i, is_whole in enumerate(whole)
    ]
    zero = z3.RealVal(0, context)

    def term(part: list[Any]) -> Any:
        head, *rest = part
        if head == "v":
            return z3.ToReal(variables[rest[0]]) if whole[rest[0]] else variables[rest[0]]
        if head == "q":
            return z3.Q(rest[0], rest[1], context)
        if head == "^":
            return reduce(mul, [term(rest[0])] * rest[1])
        return reduce(add if head == "+" else mul, map(term, rest))

    def value(number: Any) -> Number:
        if z3.is_int_value(number):
            return ["q", str(number.as_long()), "1"]
        if z3.is_rational_value(number):
            return ["q", str(number.numerator_as_long()), str(number.denominator_as_long())]
        return ["root", [value(c) for c in number.poly()], number.index() - 1]

    relations = {
        ">=": lambda left: left >= zero,
        ">": lambda left: left > zero,
        "==": lambda left: left == zero,
        "!=": lambda left: left != zero,
    }
    for operator, polynomial in question["atoms"]:
        solver.add(relations[operator](term(polynomial)))
    found = solver.check()
    result = {
        "version": z3.get_version_string(),
        "work": int(solver.statistics().get_key_value("rlimit count")),
    }
    if found == z3.unsat:
        return result | {"found": "empty"}
    if found == z3.unknown:
        return result | {"found": "unknown", "reason": solver.reason_unknown()}
    model = solver.model()
    point = [value(model.eval(variable, model_completion=True)) for variable in variables]
    return result | {"found": "point", "point": point}


def _ask_cvc5(question: Mapping[str, Any]) -> dict[str, Any]:
    cvc5 = importlib.import_module("cvc5")
    kinds, terms = cvc5.Kind, cvc5.TermManager()
    solver = cvc5.Solver(terms)
    whole = question["whole"]
    solver.setLogic("QF_NIRA" if any(whole) else "QF_NRA")
    solver.setOption("produce-models", "true")
    solver.setOption("rlimit", str(question["limit"]))
    if not any(whole):
        solver.setOption("nl-cov", "true")  # cylindrical algebraic coverings: complete
    sorts = {True: terms.getIntegerSort(), False: terms.getRealSort()}
    variables = [terms.mkConst(sorts[is_whole], f"v{i}") for i, is_whole in enumerate(whole)]
    zero = terms.mkReal(0)

    def many(kind: Any, parts: list[Any]) -> Any:
        return reduce(lambda a, b: terms.mkTerm(kind, a, b), parts)

    def term(part: list[Any]) -> Any:
        head, *rest = part
        if head == "v":
            variable = variables[rest[0]]
            return terms.mkTerm(kinds.TO_REAL, variable) if whole[rest[0]] else variable
        if head == "q":
            return terms.mkReal(f"{rest[0]}/{rest[1]}")
        if head == "^":
            return many(kinds.MULT, [term(rest[0])] * rest[1])
        return many(kinds.ADD if head == "+" else kinds.MULT, list(map(term, rest)))

    unknown = terms.mkVar(terms.getRealSort(), "x")

    def rational(value: Any) -> Number:
        if value.isIntegerValue():
            return ["q", str(value.getIntegerValue()), "1"]
        exact = value.getRealValue()
        return ["q", str(exact.numerator), str(exact.denominator)]

    def value_of(value: Any) -> Number:
        if not value.isRealAlgebraicNumber():
            return rational(value)
        polynomial = _coefficients(value.getRealAlgebraicNumberDefiningPolynomial(unknown), kinds)
        ends = [value.getRealAlgebraicNumberLowerBound(), value.getRealAlgebraicNumberUpperBound()]
        return ["between", polynomial, list(map(rational, ends))]

    relations = {">=": kinds.GEQ, ">": kinds.GT, "==": kinds.EQUAL, "!=": kinds.DISTINCT}
    for operator, polynomial in question["atoms"]:
        solver.assertFormula(terms.mkTerm(relations[operator], term(polynomial), zero))
    found = solver.checkSat()
    counted = dict(solver.getStatistics().get(True, True))
    result = {
        "version": cvc5.__version__,
        "work": int(counted["resource::resourceUnitsUsed"]["value"]),
    }
    if found.isUnsat():
        return result | {"found": "empty"}
    if not found.isSat():
        reason = str(found.getUnknownExplanation()).rpartition(".")[2]
        return result | {"found": "unknown", "reason": reason.lower().replace("_", " ")}
    point = [value_of(solver.getValue(variable)) for variable in variables]
    return result | {"found": "point", "point": point}


def _coefficients(polynomial: Any, kinds: Any) -> list[Number]:
    """The coefficients of cvc5's term in one unknown, lowest power first."""
    return [["q", str(c.numerator), str(c.denominator)] for c in _polynomial(polynomial, kinds)]


def _polynomial(term: Any, kinds: Any) -> list[Fraction]:
    if term.isIntegerValue():
        return [Fraction(term.getIntegerValue())]
    if term.isRealValue():
        return [Fraction(term.getRealValue())]
    kind = term.getKind()
    if kind == kinds.VARIABLE:
        return [Fraction(0), Fraction(1)]
    if kind == kinds.POW:
        base, exponent = term
        return reduce(_times, [_polynomial(base, kinds)] * int(_polynomial(exponent, kinds)[0]))
    parts = [_polynomial(part, kinds) for part in term]
    if kind == kinds.ADD:
        return [sum(column, Fraction(0)) for column in zip_longest(*parts, fillvalue=Fraction(0))]
    if kind == kinds.MULT:
        return reduce(_times, parts)
    if kind == kinds.NEG:
        return [-c for c in parts[0]]
    raise ValueError(f"cannot read {term}")


def _times(left: list[Fraction], right: list[Fraction]) -> list[Fraction]:
    product = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return product


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    """The kernel ends this process when its next question has taken so many seconds of CPU."""
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        most = int(used) + 1 + seconds
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


def _end_with(parent: int) -> None:
    """Do not outlive the process that asks, however it ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def main() -> None:
    """Answer questions until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    _end_with(int(sys.argv[1]))
    _limit_memory()
    for line in sys.stdin:
        question = json.loads(line)
        _limit_time(question["seconds"])
        try:
            found = answer(question)
        except Exception as problem:  # the boundary: the parent reads what went wrong
            found = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    sys.path.pop(0)  # this folder, whose modules must not shadow others
    main()
