"""Inequalities as textbooks have them, and false ones close by, put to all deciders at once.

Each is decided in a moment, on unbounded sets too; what symbols are said to be counts; and what the
deciders cannot be asked is refused by name.
"""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from sympy import Abs, Eq, Max, Min, Ne, sqrt

from refutable import check
from refutable.claim import Undecided, Vacuous, Verdict, evidence_of
from refutable.gap import Gap
from refutable.prove import deciding, inequality, smt
from refutable.prove.answer import Answer
from refutable.prove.relations import met
from refutable.prove.statement import read

R = sp.Rational
x, y, z, t = sp.symbols("x y z t", real=True)
a, b, c, d = sp.symbols("a b c d", positive=True)
n = sp.Symbol("n", integer=True)
k = sp.Symbol("k", integer=True, positive=True)
m = sp.Symbol("m", negative=True)
even = sp.Symbol("even", even=True)
odd = sp.Symbol("odd", odd=True)
prime = sp.Symbol("prime", prime=True)
nonzero = sp.Symbol("nonzero", nonzero=True)
free = sp.Symbol("free")
DISC = [x**2 + y**2 <= 1]
OPEN = [x > 0, y > 0, x < 1, y < 1]
BOX = [x >= -2, x <= 2, y >= -2, y <= 2]


def schur(power: int) -> sp.Expr:
    return (
        a**power * (a - b) * (a - c) + b**power * (b - a) * (b - c) + c**power * (c - a) * (c - b)
    )


sextic: Any = x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 + 1
robinson: Any = (
    x**6 + y**6 + z**6 + 3 * x**2 * y**2 * z**2
    - x**4 * (y**2 + z**2) - y**4 * (x**2 + z**2) - z**4 * (x**2 + y**2)
)  # fmt: skip
choi_lam: Any = x**2 * y**2 + y**2 * z**2 + z**2 * x**2 + 1 - 4 * x * y * z
nesbitt: Any = a / (b + c) + b / (c + a) + c / (a + b)

TRUE: dict[str, tuple[list[Any], Any]] = {
    "parabola": ([], x**2 - x + 1 >= 0),
    "two squares": ([], x**2 + y**2 >= 2 * x * y),
    "three squares": ([], x**2 + y**2 + z**2 >= x * y + y * z + z * x),
    "of unlike signs of symbols": ([], free**2 + 1 > 0),
    "sextic": ([], sextic >= 0),
    "sextic in a square": (BOX, sextic >= 0),
    "Robinson": ([], robinson >= 0),
    "Choi and Lam": ([], choi_lam >= 0),
    "means of two": ([], (a + b) / 2 >= sqrt(a * b)),
    "means of three": ([], a**3 + b**3 + c**3 >= 3 * a * b * c),
    "means of four": ([], a**4 + b**4 + c**4 + d**4 >= 4 * a * b * c * d),
    "harmonic mean": ([], 2 / (1 / a + 1 / b) <= (a + b) / 2),
    "quadratic mean": ([], sqrt((a**2 + b**2) / 2) >= (a + b) / 2),
    "Cauchy and Schwarz": ([], (a * x + b * y) ** 2 <= (a**2 + b**2) * (x**2 + y**2)),
    "Cauchy and Schwarz in roots": ([], a * x + b * y <= sqrt((a**2 + b**2) * (x**2 + y**2))),
    "Titu": ([], x**2 / a + y**2 / b >= (x + y) ** 2 / (a + b)),
    "Schur 1": ([], schur(1) >= 0),
    "Schur 2": ([], schur(2) >= 0),
    "Schur 0": ([], schur(0) >= 0),
    "Nesbitt": ([], nesbitt >= R(3, 2)),
    "Bernoulli": ([x >= -1], (1 + x) ** 5 >= 1 + 5 * x),
    "Chebyshev": ([a >= b, x >= y], 2 * (a * x + b * y) >= (a + b) * (x + y)),
    "triangle": ([], Abs(x + y) <= Abs(x) + Abs(y)),
    "reverse triangle": ([], Abs(Abs(x) - Abs(y)) <= Abs(x - y)),
    "maximum": ([], Eq(Max(x, y), (x + y + Abs(x - y)) / 2)),
    "extremes": ([], Min(x, y, z) <= (x + y + z) / 3),
    "open square": (OPEN, x * y > 0),
    "open square, above": (OPEN, x * y < Min(x, y)),
    "half plane": ([x + y > 2, x < 1], y > 1),
    "disc": (DISC, x + y <= sqrt(2)),
    "disc, narrowly": (DISC, 2000 * (x + y) <= 2829),
    "touching on a face": ([x >= 0, x <= 1, y >= 0], x * y * (1 - x) >= 0),
    "strict inside": ([x > 0, x < 1], x * (1 - x) > 0),
    "equation": ([Eq(x + y, 1)], x * y <= R(1, 4)),
    "unequal": ([Ne(x, y)], (x - y) ** 2 > 0),
    "equal at the end": ([Eq(x**2, 4), x > 0], Eq(x, 2)),
    "two conclusions": ([x >= 1], sp.And(x**2 >= 1, x**3 >= x)),
    "alternatives": ([x**2 >= 4], sp.Or(x >= 2, x <= -2)),
    "implication": ([], sp.Implies(x > 1, x**2 > x)),
    "square root": ([x >= 1], sqrt(x) <= x),
    "quotient": ([x > 0], x + 1 / x >= 2),
    "quotient of unknown sign": ([Ne(x, 0)], x**2 + 1 / x**2 >= 2),
    "quotient of a negative number": ([x < 0], x + 1 / x <= -2),
    "quotient of a difference": ([x < y], (x + y) / (x - y) - 2 * y / (x - y) < 2),
    "parameter": ([t >= 0, t <= 1], (t * x + (1 - t) * y) ** 2 <= t * x**2 + (1 - t) * y**2),
    "large coefficients": ([], 10**40 * x**2 - 2 * 10**20 * x * y + y**2 >= 0),
    "tenths": ([x >= R(1, 10), y >= R(2, 10)], x + y >= R(3, 10)),
    "golden ratio": ([x >= sp.GoldenRatio], x**2 >= x + 1),
    "pi": ([x <= sp.pi, x >= 0], x**2 < 10),
    "log 2": ([], sp.log(2) * a < a),
    "nested root": ([], a * sqrt(7 + 2 * sqrt(10)) <= a * (sqrt(2) + sqrt(5))),
    "whole": ([n >= -20, n <= 20], n**2 >= n),
    "whole, unbounded": ([], n**2 >= n),
    "counting": ([k <= 50], (k - 1) * (k - 2) >= 0),
    "counting, unbounded": ([], k >= 1),
    "even": ([even > 0], even >= 2),
    "odd": ([odd > 1], odd >= 3),
    "prime": ([], prime**2 >= 4),
    "negative": ([m >= -4], (m - 2) ** 3 <= -8),
    "nonzero": ([], nonzero**2 > 0),
}
FALSE: dict[str, tuple[list[Any], Any]] = {
    "two squares": ([], x**2 + y**2 >= R(20001, 10000) * x * y),
    "sextic in a square": (BOX, sextic >= R(1, 1000)),
    "Robinson": ([], robinson > 0),
    "means of three": ([], a**3 + b**3 + c**3 > 3 * a * b * c),
    "means of four": ([], a**4 + b**4 + c**4 + d**4 >= R(401, 100) * a * b * c * d),
    "means, turned round": ([], (a + b) / 2 <= sqrt(a * b)),
    "Nesbitt": ([], nesbitt > R(3, 2)),
    "Nesbitt, below": ([], nesbitt <= 100),
    "Schur of any sign": ([], x * (x - y) * (x - z) + y * (y - x) * (y - z) >= 0),
    "Bernoulli": ([x >= -5], (1 + x) ** 5 >= 1 + 5 * x),
    "triangle": ([], Abs(x + y) >= Abs(x) + Abs(y)),
    "diagonal": ([x >= 0, x <= 1, y >= 0, y <= 1], (x - y) ** 2 > 0),
    "irrational point": ([x >= 1, x <= 2], (x**2 - 3) ** 2 > 0),
    "narrowly": ([x >= 1, x <= 2], (x**2 - 3) ** 2 >= R(1, 10**24)),
    "disc": (DISC, x + y < sqrt(2)),
    "disc, narrowly": (DISC, 1000000 * (x + y) <= 1414213),
    "closed square": ([x >= 0, y >= 0, x <= 1, y <= 1], x * y > 0),
    "open square": (OPEN, x * y >= R(1, 10**9)),
    "two conclusions": ([x >= 1], sp.And(x**2 >= 1, x**3 > x)),
    "alternatives": ([x**2 >= 4], sp.Or(x >= 2, x < -2)),
    "implication": ([], sp.Implies(x > 1, x**2 > 2 * x)),
    "equation": ([Eq(x + y, 1)], Eq(x * y, R(1, 4))),
    "unequal": ([x >= y], Ne(x, y)),
    "square root": ([x >= 0], sqrt(x) <= x),
    "quotient": ([x > 0], x + 1 / x > 2),
    "quotient of either sign": ([Ne(x, 0)], 1 / x > 0),
    "parameter": ([t >= -1, t <= 1], (t * x + (1 - t) * y) ** 2 <= t * x**2 + (1 - t) * y**2),
    "large coefficients": ([], 10**40 * x**2 - 3 * 10**20 * x * y + y**2 >= 0),
    "golden ratio": ([x >= R(1618, 1000)], x**2 >= x + 1),
    "pi": ([x <= sp.pi, x >= 0], x <= R(314159, 100000)),
    "nested root": ([], a * sqrt(7 + 2 * sqrt(10)) <= R(365, 100) * a),
    "whole": ([n >= -20, n <= 20], n**2 >= 2 * n),
    "counting": ([k <= 50], (k - 1) * (k - 3) >= 0),
    "even": ([even > 0], even >= 3),
    "prime": ([prime > 2], prime > 3),
    "negative": ([m >= -4], (m - 2) ** 3 <= -9),
    "negative, taken for positive": ([], m >= -1),
    "nonzero": ([], nonzero > 0),
}
VACUOUS: dict[str, tuple[list[Any], Any]] = {
    "interval": ([x >= 2, x <= 1], x**2 <= -3),
    "disc": ([*DISC, x + y >= 2], x * y >= 5),
    "by strictness only": ([x > 0, x**2 <= 0], x >= 5),
    "by strictness of two": ([x < y, y < x], x >= 5),
    "against a symbol's sign": ([a <= 0], a >= 5),
    "between whole numbers": ([n > 0, n < 1], n >= 5),
    "squares that are no numbers": ([Eq(x**2, -1)], x >= 5),
    "what SymPy sees to be false": ([sp.false], x >= 5),
    "fractions": ([Eq(1 / x, 0)], x >= 5),
}


def outcome(found: list[Gap | Undecided]) -> str:
    verdict = check.judge(evidence_of(found))[0]
    return {
        Verdict.HOLDS: "proved",
        Verdict.FAILS: "refuted",
        Verdict.VACUOUS: "vacuous",
        Verdict.UNDECIDED: "undecided",
    }[verdict]


def ask(assumptions: Any, conclusion: Any) -> list[Gap | Undecided]:
    return list(inequality.proved("it", assumptions, conclusion, "no sums"))


@pytest.mark.parametrize(("assumptions", "conclusion"), TRUE.values(), ids=TRUE)
def test_what_is_true_is_proved_by_two_deciders(assumptions: list[Any], conclusion: Any) -> None:
    found = ask(assumptions, conclusion)
    assert outcome(found) == "proved"
    certificates = [gap.certificate for gap in found if isinstance(gap, Gap)]
    assert len(certificates) >= 2
    assert not any(certificate.alone for certificate in certificates if certificate)


@pytest.mark.parametrize(("assumptions", "conclusion"), FALSE.values(), ids=FALSE)
def test_what_is_false_is_refuted_with_a_point(assumptions: list[Any], conclusion: Any) -> None:
    found = ask(assumptions, conclusion)
    assert outcome(found) == "refuted"
    statement = read(assumptions, conclusion)
    for gap in found:
        assert isinstance(gap, Gap)
        assert gap.witness is not None
        point = {symbol: sp.sympify(gap.witness[str(symbol)]) for symbol in statement.symbols}
        assert statement.refuted_by(point)


@pytest.mark.parametrize(("assumptions", "conclusion"), VACUOUS.values(), ids=VACUOUS)
def test_from_impossible_assumptions_nothing_is_proved(
    assumptions: list[Any], conclusion: Any
) -> None:
    (found,) = ask(assumptions, conclusion)
    assert isinstance(found, Vacuous)
    assert isinstance(smt.decided("it", assumptions, conclusion, "no sums"), Vacuous)


REFUSED = {
    "decimal assumption": (
        [x >= 0.1],
        x > 0,
        r"0\.1 is a binary floating-point.*Rational\(1, 10\)",
    ),
    "decimal conclusion": ([x >= 1], x > 0.5, "binary floating-point"),
    "compared in Python": ([], x**2 == x, "a relation is False in Python"),
    "sine": ([], sp.sin(x) <= 1, r"sin\(x\) is no polynomial"),
    "exponential": ([], sp.exp(x) >= 1 + x, r"exp\(x\) is no polynomial"),
    "floor": ([], sp.floor(x) + y >= 0, r"floor\(x\) is no polynomial"),
    "symbolic power": ([], 2**k >= k, r"2\*\*k is no polynomial"),
    "pieces": ([], sp.Piecewise((x, x > 0), (-x, True)) >= 0, "is no polynomial"),
    "infinity": ([free < sp.oo], free > 0, "contains oo"),
    "maybe infinite": ([sp.Symbol("e", extended_positive=True) < 3], x > 0, "e may be infinite"),
    "complex": ([], Ne(sp.Symbol("w", complex=True), 0), "w is a complex number"),
    "namesakes": ([sp.Symbol("x", positive=True) <= 3], x >= 0, "2 different symbols are called x"),
    "text": (["x > 0"], x > 0, "is no relation"),
    "expression": ([x], x > 0, "is no relation"),
    "alternatives": ([sp.Or(x > 0, x < -1)], x > 0, "offers alternatives"),
    "no meaning": ([], sqrt(x) >= 0, r"no meaning at x = -?\d+.*: it needs x >= 0"),
    "division by nought": ([], x / (x - y) <= x / (x - y) + 1 / (x - y) ** 2, "no meaning at"),
    "imaginary root": ([], x * sqrt(sp.Integer(2) - sqrt(5)) >= 0, "not known to be real"),
}


@pytest.mark.parametrize(("assumptions", "conclusion", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_asked_is_refused_by_name(
    assumptions: list[Any], conclusion: Any, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        ask(assumptions, conclusion)


def test_assumptions_may_come_from_a_generator() -> None:
    def bounds() -> Any:
        yield x >= -2
        yield x <= 2

    assert outcome(ask(bounds(), x**2 <= 4)) == "proved"
    assert outcome(ask(bounds(), x**2 <= 3)) == "refuted"


def test_a_point_with_irrational_coordinates_is_judged_exactly() -> None:
    """To 60 digits the square at the root of 3 is positive, as if the statement held there."""
    root, near = sqrt(3), sp.N(sqrt(3), 60)
    assert met((x**2 - 3) ** 2 > 0, {x: root}) is False
    assert met(Eq(x**2, 3), {x: root}) is True
    assert met((x**2 - 3) ** 2 >= R(1, 10**100), {x: root}) is False
    assert met(x**2 - 3 > 0, {x: sp.Rational(str(near))}) is not None
    statement = read([x >= 1], (x**2 - 3) ** 2 > 0)
    assert statement.refuted_by({x: root})
    assert not statement.refuted_by({x: -root})
    assert not statement.refuted_by({x: sp.Rational(str(near))})


def test_a_point_must_be_what_its_symbols_are_said_to_be() -> None:
    assert not read([], n**2 >= n).refuted_by({n: R(1, 3)})
    assert not read([], even <= 2).refuted_by({even: sp.Integer(3)})
    assert read([], n**2 > n).refuted_by({n: sp.Integer(1)})
    assert not read([], a >= 1).refuted_by({a: sp.S.Zero})
    assert not read([], prime > 4).refuted_by({prime: sp.Integer(1)})


class Offers:
    """A decider that offers a point, whatever it is asked."""

    LABEL, EMPTY, POINT = "it", "none", "one"

    def __init__(self, value: Any) -> None:
        self.value = value

    def by(self) -> str:
        return "it 1.0"

    def solve(self, query: Any) -> Answer:
        return Answer(found="point", point={x: sp.sympify(self.value)})


@pytest.mark.parametrize(("offered", "confirmed"), [(sqrt(2), True), (R(3, 2), False)])
def test_assumptions_are_met_only_at_a_point_that_arithmetic_confirms(
    offered: Any, confirmed: bool
) -> None:
    """Else a proof from impossible assumptions would pass on a solver's word."""
    statement = read([Eq(x**2, 2), x > 0], x >= 0)
    doubt = deciding.premises("name", statement, [Offers(offered)])
    assert (doubt is None) is confirmed
    if doubt is not None:
        assert "a point that arithmetic does not confirm" in doubt.reason
