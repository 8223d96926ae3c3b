"""Identities: what is true is shown, what is false refuted, the rest undecided or refused."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import I, exp, log, sqrt

from refutable.gap import Gap
from refutable.prove import constants, symbolic

R = sp.Rational
x, y = sp.symbols("x y", real=True)
p, q = sp.symbols("p q", positive=True)
z, w = sp.symbols("z w")
n, k = sp.symbols("n k", integer=True, nonnegative=True)
m = sp.Symbol("m", integer=True)
g = sp.Symbol("g", negative=True)
zero = sp.Symbol("zero", zero=True)
root = sp.CRootOf(sp.Symbol("t") ** 5 - sp.Symbol("t") - 1, 0)

TRUE = {
    "rational function": (p / (p + q), 1 - q / (p + q)),
    "beside nought": (zero * x + y, y),
    "complex numbers": ((1 + I) ** 4, sp.Integer(-4)),
    "conjugates": (sp.conjugate(z) * z, z * sp.conjugate(z)),
    # algebraic numbers
    "nested roots": (sqrt(7 + 2 * sqrt(10)), sqrt(2) + sqrt(5)),
    "beside a symbol": (sqrt(7 + 2 * sqrt(10)) * p, (sqrt(2) + sqrt(5)) * p),
    "cube root": (sp.cbrt(2 + sqrt(5)), (1 + sqrt(5)) / 2),
    "Ramanujan": (
        sp.cbrt(sp.cbrt(2) - 1),
        sp.cbrt(R(1, 9)) - sp.cbrt(R(2, 9)) + sp.cbrt(R(4, 9)),
    ),
    "rationalised": (1 / (sqrt(2) - 1), sqrt(2) + 1),
    "golden ratio": (sp.GoldenRatio**2, sp.GoldenRatio + 1),
    "heptagon": (sp.cos(sp.pi / 7) - sp.cos(2 * sp.pi / 7) + sp.cos(3 * sp.pi / 7), R(1, 2)),
    "root of a quintic": (root**5, root + 1),
    "i to the half": (sqrt(I), (1 + I) / sqrt(2)),
    # transcendental constants
    "circle at 2": (sp.cos(2) ** 2 + sp.sin(2) ** 2, sp.Integer(1)),
    "log 15": (log(15), log(3) + log(5)),
    "log 8 over log 2": (log(8) / log(2), sp.Integer(3)),
    "pi cancels": (sp.pi * p / sp.pi, p),
    # roots of symbols
    "conjugate root": (1 / (sqrt(p) + sqrt(q)), (sqrt(p) - sqrt(q)) / (p - q)),
    "difference of squares": ((p - 1) / (sqrt(p) - 1), sqrt(p) + 1),
    "mixed roots": (p ** R(1, 3) * p ** R(1, 6), sqrt(p)),
    "square of a root": (sqrt(x**2 + 2 * x + 2) ** 2, x**2 + 2 * x + 2),
    "hidden square": (sqrt(p + 2 * sqrt(p) + 1), sqrt(p) + 1),
    "root of a square": (sqrt(x**2), abs(x)),
    "root of a negative's square": (sqrt(g**2), -g),
    "absolute value squared": (abs(x - y) ** 2, (x - y) ** 2),
    "maximum and minimum": (sp.Max(x, y) + sp.Min(x, y), x + y),
    "product of extremes": (sp.Max(x, y) * sp.Min(x, y), x * y),
    # exponentials and logarithms
    "exp of a sum": (exp(x + y), exp(x) * exp(y)),
    "softmax": (1 / (1 + exp(-x)), exp(x) / (1 + exp(x))),
    "log of a product": (log(p * q), log(p) + log(q)),
    "log of a fraction's product": (log(R(3, 2) * p), log(3) - log(2) + log(p)),
    "log of a root": (log(sqrt(p)), log(p) / 2),
    "exp of a log": (exp(2 * log(p)), p**2),
    "symbolic power": (p**q * p, p ** (q + 1)),
    "powers of 2": (4**n, 2 ** (2 * n)),
    "powers of 6": (6**n, 2**n * 3**n),
    "signs": ((-1) ** (m + 2), (-1) ** m),
    "even powers of -1": ((-1) ** (2 * m), sp.Integer(1)),
    # trigonometry
    "circle": (sp.cos(x) ** 2 + sp.sin(x) ** 2, sp.Integer(1)),
    "Euler": (exp(I * x), sp.cos(x) + I * sp.sin(x)),
    "triple angle": (sp.sin(3 * x), 3 * sp.sin(x) - 4 * sp.sin(x) ** 3),
    "hyperbola": (sp.cosh(x) ** 2 - sp.sinh(x) ** 2, sp.Integer(1)),
    "tangent": (sp.tan(x), sp.sin(x) / sp.cos(x)),
    # counting
    "factorial": (sp.factorial(n + 1), (n + 1) * sp.factorial(n)),
    "gamma": (sp.gamma(p + 1), p * sp.gamma(p)),
    "Pascal": (sp.binomial(n + 1, k) - sp.binomial(n, k), sp.binomial(n, k - 1)),
    "pairs": (sp.binomial(n, 2), n * (n - 1) / 2),
}
FALSE = {
    "rational function": (p / (p + q), 1 - p / (p + q)),
    "power": (x**3, x**2),
    "nested roots": (sqrt(7 + 2 * sqrt(10)), R(3653, 1000)),
    "principal cube roots": (sp.cbrt(2 + sqrt(5)) + sp.cbrt(2 - sqrt(5)), sp.Integer(1)),
    "16 digits of a root": (sqrt(2) * p, R(1414213562373095, 10**15) * p),
    "22/7": (sp.pi, R(22, 7)),
    "almost whole": (exp(sp.pi * sqrt(163)), sp.Integer(262537412640768744)),
    "cosine": (sp.cos(sp.pi / 7), R(9, 10)),
    "root of a square": (sqrt(x**2), x),
    "root of a complex square": (sqrt(z**2), z),
    "root of a product": (sqrt(z * w), sqrt(z) * sqrt(w)),
    "root of a sum": (sqrt(p + q), sqrt(p) + sqrt(q)),
    "cube of a root": ((x**2) ** R(3, 2), x**3),
    "root of a negative's square": (sqrt(g**2), g),
    "maximum": (sp.Max(x, y), x),
    "floor": (sp.floor(x), x),
    "ceiling": (sp.ceiling(x), sp.floor(x) + 1),
    "sign": (sp.sign(x), sp.Integer(1)),
    "pieces": (sp.Piecewise((x, x > 0), (-x, True)), x),
    "triangle": (abs(x + y), abs(x) + abs(y)),
    "exp of a product": (exp(x * y), exp(x) * exp(y)),
    "log of a complex product": (log(z * w), log(z) + log(w)),
    "log of exp": (log(exp(z)), z),
    "log of a square": (log(x**2), 2 * log(x)),
    "small angle": (sp.sin(x), x),
    "arc tangent": (sp.atan(sp.tan(x)), x),
    "arc sine": (sp.asin(sp.sin(x)), x),
    "conjugate": (sp.conjugate(z), z),
    "i": (I * x, x),
    "sign of m": ((-1) ** m, sp.Integer(1)),
    "factorial": (sp.factorial(n + 2), (n + 1) * sp.factorial(n)),
    "binomial": (sp.binomial(n, k), sp.binomial(n, k + 1)),
    "gamma": (sp.gamma(p + 1), p * sp.gamma(p) + 1),
    "power against square": (2**n, n**2 + 1),
}


def outcome(found: Gap) -> str:
    return "shown" if found.holds else "undecided" if found.undecided else "refuted"


def identity(left: Any, right: Any) -> Gap:
    return symbolic.identity("it", left, right, "by algebra")


@pytest.mark.parametrize(("left", "right"), TRUE.values(), ids=TRUE)
def test_what_is_true_is_shown(left: sp.Expr, right: sp.Expr) -> None:
    found = identity(left, right)
    assert outcome(found) == "shown"
    assert not found.comparisons.nothing
    # Off by a little it is false: what was shown was no accident of how it is written.
    assert outcome(identity(left, right + R(1, 10**9))) == "refuted"


@pytest.mark.parametrize(("left", "right"), FALSE.values(), ids=FALSE)
def test_what_is_false_is_refuted(left: sp.Expr, right: sp.Expr) -> None:
    found = identity(left, right)
    assert outcome(found) == "refuted"
    if found.witness:
        names = {str(symbol): symbol for symbol in (left - right).free_symbols}
        at = {
            names[name]: sp.sympify(value) for name, value in found.witness.items() if name in names
        }
        assert abs(sp.N((left - right).subs(at))) > 1e-15


def test_what_has_no_rule_is_undecided() -> None:
    """Neither for lack of a proof false, nor for lack of a counterexample true."""
    assert outcome(identity(sp.erf(x) + sp.erf(-x) + sp.LambertW(p), sp.LambertW(p) * 1)) == "shown"
    assert outcome(identity(sp.LambertW(p) * exp(sp.LambertW(p)), p)) == "undecided"
    total = sp.Sum(k, (k, 1, n))
    assert outcome(identity(total, n * (n + 1) / 2)) == "undecided"
    assert outcome(identity(2 * total, total + total)) == "shown"
    # 40 digits agree, but an agreement of digits is no proof.
    near = sp.Integer(10) ** -400
    assert outcome(identity(sp.EulerGamma + near - near * sp.pi / sp.pi, sp.EulerGamma)) == "shown"


@pytest.mark.parametrize(
    ("left", "right", "complaint"),
    [
        (0.1 * x + 0.2 * x, 0.3 * x, r"binary floating-point.*sp\.Rational\(1, 10\)"),
        (1e16 * x + x, 1e16 * x, "binary floating-point"),
        (x, 0.5, "binary floating-point"),
        (p, sp.Symbol("p", real=True), r"2 different symbols are called p \(positive and real\)"),
        (x, sp.Dummy("x", real=True), "2 different symbols are called"),
        (x / ((x + 1) ** 2 - x**2 - 2 * x - 1), x, "is 0 everywhere"),
        (x / (sp.cos(x) ** 2 + sp.sin(x) ** 2 - 1), x, "is 0 everywhere"),
        (x, sp.oo, "oo, which is no number"),
        (sp.nan, 1, "nan, which is no number"),
        ("x", x, "'x' is no expression"),
        (None, 0, "None is no expression"),
        (sp.Matrix([1]), 1, "is no expression"),
        (sp.Eq(x, y), 1, "is no expression"),
        (sp.Symbol("A", commutative=False), 1, "do not commute"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_by_name(left: Any, right: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^it: .*{complaint}"):
        identity(left, right)


def test_a_certificate_counts_the_terms() -> None:
    found = identity((p + q) ** 2, p**2 + 2 * p * q + q**2).certificate
    assert found is not None
    assert found.by == f"SymPy {sp.__version__}"
    assert found.resource == {"terms expanded": 6}
    assert found.variables == {"p": "real, > 0", "q": "real, > 0"}


def test_an_identity_between_noughts_compares_nothing() -> None:
    assert identity(sp.Integer(0), 0).comparisons.nothing
    assert identity(x - x, 0).comparisons.nothing
    assert not identity((x + 1) ** 2 - x**2 - 2 * x - 1, 0).comparisons.nothing


numbers = st.recursive(
    st.fractions(-9, 9, max_denominator=6).map(lambda f: R(f.numerator, f.denominator)),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        inner.map(lambda number: sqrt(abs(number) + 1)),
        inner.map(lambda number: sp.cbrt(number**2 + 2)),
    ),
    max_leaves=6,
)


@given(numbers, numbers)
@settings(max_examples=80, derandomize=True, database=None)
def test_algebraic_numbers_are_told_apart_and_recognised(a: sp.Expr, b: sp.Expr) -> None:
    """Squares of sums, written in two ways, and the same a little off."""
    off = R(1, 10**30)
    assert constants.is_zero((a + b) ** 2 - a**2 - 2 * a * b - b**2) is True
    assert constants.is_zero((a + b) ** 2 - a**2 - 2 * a * b - b**2 - off) is False
    assert constants.sign(sqrt((a - b) ** 2 + off) - sqrt((a - b) ** 2)) == 1


def test_what_cancels_when_multiplied_out_needs_no_separation_bound() -> None:
    """Here the bound asks for more than half a million bits."""
    a, b = sqrt(1 + sqrt(2)), sp.cbrt(2 + R(17, 900) * sp.cbrt(6444375300))
    number = (a + b) ** 2 - a**2 - 2 * a * b - b**2
    limit = constants.separation(number)
    assert limit is None or limit > constants.MOST_BITS
    assert constants.is_zero(number) is True
    assert constants.is_zero(number + R(1, 10**400)) is not True


def test_an_enclosure_never_lies() -> None:
    """A sample of functions at rough precision against SymPy's own digits."""
    samples: list[sp.Expr] = [
        sqrt(sp.pi), log(7), exp(R(-7, 3)), sp.sin(5), sp.tan(2), sp.acos(R(1, 3)), sp.cbrt(-8),
        sp.asin(R(-2, 7)), sp.atan(9), sp.gamma(R(7, 3)), sp.factorial(R(1, 2)), sp.erf(2),
        sp.zeta(3), (-2) ** R(2, 3), sp.binomial(R(1, 2), 3), sp.floor(sp.pi), sp.Max(sp.pi, 3),
        sp.sinh(1), root, root.func(root.poly, 1), sp.Catalan, sp.conjugate(1 + I * sp.pi),
    ]  # fmt: skip
    for number in samples:
        ball = constants.enclosure(number, 30)
        near = sp.N(number, 40)
        assert abs(complex(near) - complex(ball.mid())) <= 1e-7
        for part, digits in zip((ball.real, ball.imag), near.as_real_imag(), strict=True):
            assert abs(float(part.mid()) - float(digits)) <= float(part.rad()) + 1e-15


def test_a_number_below_its_separation_bound_is_nought_and_above_it_is_not() -> None:
    """The bound must not be too large: numbers as small as algebra allows are not taken for 0."""
    for power in (1, 5, 20, 60):
        tiny = (sqrt(2) - 1) ** power
        assert constants.is_zero(tiny) is False
        written = sp.expand(tiny)  # a + b sqrt 2 with large a, b
        assert constants.is_zero(written) is False
        bits = constants.separation(written)
        assert bits is not None
        assert sp.N(written, 50) > sp.Float(2, 50) ** -bits
