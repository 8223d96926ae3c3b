"""Constants: whether a number written in SymPy is 0, and which sign it has, decided.

A ball of python-flint that leaves out 0 decides that a number is not 0. That it is 0 is decided
where its terms cancel once it is multiplied out, and of an algebraic number by a separation bound:
a sum, product, quotient or root of integers is 0 or no smaller than a bound that its operations
alone give, so that a ball below the bound is a proof. Numbers that are neither are left undecided.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy as sp

from refutable.errors import needed

MOST_BITS = 500_000
"""Precision at which deciding a number is given up."""
SMALL = 2**40
"""Whole numbers below are factored where roots of them occur."""
FIRST_BITS = (64, 256, 1024)
"""Precisions tried before any separation bound is worked out."""


class UnknownError(Exception):
    """A number that cannot be enclosed: a function without a rule, or a singularity."""


def balls() -> Any:
    """The module flint. Raises MissingPackageError when python-flint is not installed."""
    return needed("flint", "python-flint", "ball arithmetic")


def is_zero(number: sp.Expr) -> bool | None:
    """Whether a number without symbols is 0; None where that is not decided."""
    sign = _decided(number)
    return None if sign is None else sign is False


def sign(number: sp.Expr) -> int | None:
    """The sign of a real number without symbols; None where it is undecided or not real."""
    if number.is_Rational:
        return (int(number.p) > 0) - (int(number.p) < 0)
    value = _decided(number)
    if value is False:
        return 0
    if value is None or not _is_real(number, value):
        return None
    return 1 if value.real > 0 else -1


def enclosure(number: sp.Expr, bits: int) -> Any:
    """A complex ball (flint.acb) that holds the number. Raises UnknownError where there is none."""
    flint = balls()
    before, flint.ctx.prec = flint.ctx.prec, bits
    try:
        ball = _Enclosing(flint)(number)
    finally:
        flint.ctx.prec = before
    if not ball.is_finite():
        raise UnknownError(f"{number} is not finite")
    return ball


def bounds(number: sp.Expr, bits: int) -> tuple[sp.Rational, sp.Rational]:
    """Rational numbers around a real one. Raises UnknownError when it may not be real."""
    ball = enclosure(number, bits)
    if not _is_real(number, ball):
        raise UnknownError(f"{number} is not known to be real")
    middle, radius = _rational(ball.real.mid()), _rational(ball.real.rad())
    return middle - radius, middle + radius


def _rational(exact: Any) -> sp.Rational:
    mantissa, exponent = exact.man_exp()
    return sp.Integer(int(mantissa)) * sp.Integer(2) ** int(exponent)


def _is_real(number: sp.Expr, ball: Any) -> bool:
    return bool(number.is_real) or bool(ball.imag.is_zero())


def _decided(number: sp.Expr) -> Any:
    """False for 0, a ball that leaves out 0 for another number, None where it is undecided."""
    if number.is_Rational and number == 0:
        return False
    try:
        for bits in FIRST_BITS:
            ball = enclosure(number, bits)
            if not ball.contains(0):
                return ball
        if sp.expand(number) == 0:  # multiplied out, the terms cancel
            return False
        limit = separation(number)
        if limit is None or limit > MOST_BITS:
            return None
        bits = limit + 64
        while bits <= 2 * MOST_BITS:
            ball = enclosure(number, bits)
            if not ball.contains(0):
                return ball
            if ball.abs_upper() < _power_of_two(-limit):
                return False
            bits *= 2
    except UnknownError:
        pass
    return None


def _power_of_two(exponent: int) -> Any:
    flint = balls()
    return flint.arb(flint.fmpz(1)) * flint.arb(2) ** exponent


_FUNCTIONS: dict[Any, str] = {
    sp.exp: "exp",
    sp.log: "log",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.cot: "cot",
    sp.sec: "sec",
    sp.csc: "csc",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.coth: "coth",
    sp.atan: "atan",
    sp.asinh: "asinh",
    sp.gamma: "gamma",
    sp.erf: "erf",
    sp.erfc: "erfc",
    sp.zeta: "zeta",
    sp.conjugate: "conjugate",
}
_CONSTANTS: dict[Any, str] = {
    sp.pi: "pi",
    sp.E: "const_e",
    sp.EulerGamma: "const_euler",
    sp.Catalan: "const_catalan",
}


class _Enclosing:
    """Evaluation in balls at flint's current precision; equal parts are evaluated once."""

    def __init__(self, flint: Any) -> None:
        self.flint = flint
        self.known: dict[sp.Basic, Any] = {}

    def __call__(self, part: sp.Basic) -> Any:
        if part not in self.known:
            self.known[part] = self._value(part)
        return self.known[part]

    def _value(self, part: sp.Basic) -> Any:
        acb, arb = self.flint.acb, self.flint.arb
        if isinstance(part, sp.Rational):
            return acb(arb(self.flint.fmpq(int(part.p), int(part.q))))
        if part is sp.I:
            return acb(0, 1)
        if part in _CONSTANTS:
            return acb(getattr(arb, _CONSTANTS[part])())
        if part is sp.GoldenRatio:
            return (acb(5).sqrt() + 1) / 2
        if isinstance(part, sp.Add):
            return sum(map(self, part.args), acb(0))
        if isinstance(part, sp.Mul):
            return math.prod(map(self, part.args), start=acb(1))
        if isinstance(part, sp.Pow):
            return self._power(self(part.base), part.exp)
        if isinstance(part, sp.CRootOf):
            return self._root(part)
        name = _FUNCTIONS.get(part.func)
        if name and len(part.args) == 1:
            return getattr(self(part.args[0]), name)()
        special = _SPECIAL.get(part.func)
        if special:
            return special(self, *part.args)
        raise UnknownError(f"{part.func.__name__} has no enclosure")

    def real(self, part: sp.Basic) -> Any:
        """A real ball. Raises UnknownError when the part may have an imaginary part."""
        value = self(part)
        if not value.imag.is_zero() and not part.is_real:
            raise UnknownError(f"{part} is not known to be real")
        return value.real

    def _power(self, base: Any, exponent: sp.Expr) -> Any:
        """The principal power."""
        acb, arb = self.flint.acb, self.flint.arb
        if isinstance(exponent, sp.Integer):
            return base ** int(exponent)
        if isinstance(exponent, sp.Rational) and exponent > 0 and base.contains(0):
            small = base.abs_upper() ** arb(self.flint.fmpq(int(exponent.p), int(exponent.q)))
            return acb(arb(0, small), arb(0, small))  # as near to 0 as the base allows
        return base.pow(self(exponent))

    def _root(self, root: Any) -> Any:
        """A root of an integer polynomial, which SymPy isolates to any number of digits."""
        acb, arb, fmpq = self.flint.acb, self.flint.arb, self.flint.fmpq
        width = sp.Integer(2) ** -int(self.flint.ctx.prec)
        near = root.eval_rational(dx=width, dy=width)
        off = arb(0, 2) * arb(2) ** -int(self.flint.ctx.prec)
        real, imaginary = (arb(fmpq(int(part.p), int(part.q))) for part in near.as_real_imag())
        return acb(real + off, arb(0) if root.is_real else imaginary + off)


def _absolute(enclosing: _Enclosing, inner: sp.Expr) -> Any:
    return enclosing.flint.acb(abs(enclosing(inner)))


def _real_part(enclosing: _Enclosing, inner: sp.Expr) -> Any:
    return enclosing.flint.acb(enclosing(inner).real)


def _imaginary_part(enclosing: _Enclosing, inner: sp.Expr) -> Any:
    return enclosing.flint.acb(enclosing(inner).imag)


def _whole(method: str) -> Callable[[_Enclosing, sp.Expr], Any]:
    def value(enclosing: _Enclosing, inner: sp.Expr) -> Any:
        return enclosing.flint.acb(getattr(enclosing.real(inner), method)())

    return value


def _extreme(method: str) -> Callable[..., Any]:
    def value(enclosing: _Enclosing, *parts: sp.Expr) -> Any:
        first, *others = map(enclosing.real, parts)
        for other in others:
            first = getattr(first, method)(other)
        return enclosing.flint.acb(first)

    return value


def _sign(enclosing: _Enclosing, inner: sp.Expr) -> Any:
    value = enclosing.real(inner)
    if value.contains(0):
        raise UnknownError(f"the sign of {inner} is not decided")
    return enclosing.flint.acb(1 if value > 0 else -1)


def _factorial(enclosing: _Enclosing, inner: sp.Expr) -> Any:
    return (enclosing(inner) + 1).gamma()


def _binomial(enclosing: _Enclosing, n: sp.Expr, k: sp.Expr) -> Any:
    if not (k.is_Integer and k >= 0):
        raise UnknownError("a binomial coefficient is enclosed for whole k only")
    falling = math.prod((enclosing(n) - i for i in range(int(k))), start=enclosing.flint.acb(1))
    return falling / math.factorial(int(k))


def _arc(method: str) -> Callable[[_Enclosing, sp.Expr], Any]:
    """Inverse sine or cosine, away from branch cuts."""

    def value(enclosing: _Enclosing, inner: sp.Expr) -> Any:
        x = enclosing.real(inner)
        if not abs(x) < 1:
            raise UnknownError(f"{method} is enclosed between -1 and 1 only")
        return enclosing.flint.acb(getattr(x, method)())

    return value


def _piecewise(enclosing: _Enclosing, *pieces: Any) -> Any:
    for expression, condition in (piece.args for piece in pieces):
        if condition is sp.true:
            return enclosing(expression)
        if not isinstance(condition, sp.Gt | sp.Ge | sp.Lt | sp.Le):
            raise UnknownError(f"{condition} is not decided in balls")
        difference = enclosing.real(condition.gts - condition.lts)
        if difference.contains(0) and not difference.is_zero():
            raise UnknownError(f"{condition} is not decided")
        strict = isinstance(condition, sp.Gt | sp.Lt)
        if difference > 0 or (difference.is_zero() and not strict):
            return enclosing(expression)
    raise UnknownError("no piece applies")


_SPECIAL: dict[Any, Callable[..., Any]] = {
    sp.Abs: _absolute,
    sp.re: _real_part,
    sp.im: _imaginary_part,
    sp.floor: _whole("floor"),
    sp.ceiling: _whole("ceil"),
    sp.Max: _extreme("max"),
    sp.Min: _extreme("min"),
    sp.sign: _sign,
    sp.factorial: _factorial,
    sp.binomial: _binomial,
    sp.asin: _arc("asin"),
    sp.acos: _arc("acos"),
    sp.Piecewise: _piecewise,
}


def separation(number: sp.Expr) -> int | None:
    """Bits b such that an algebraic number is 0 or at least 2**-b in size; None for others.

    Burnikel, Funke, Mehlhorn, Schirra and Schmitt, "A separation bound for real algebraic
    expressions" (ESA 2001): the number is a quotient of algebraic integers whose conjugates are at
    most u and l, in a field of degree D at most, so that its size is 0 or at least 1/(u^(D-1) l).
    """
    try:
        measure = _Measuring()
        log_u, log_l = measure(number)
    except UnknownError:
        return None
    degree = measure.degree * measure.order
    if degree > MOST_BITS:
        return None
    return math.ceil(((degree - 1) * log_u + log_l) * 1.001) + 1


class _Measuring:
    """The logarithms to base 2 of u and l of each part.

    The field has at most the degree times that of the roots of unity of this order.
    """

    def __init__(self) -> None:
        self.degree = self.order = 1
        self.known: dict[sp.Basic, tuple[float, float]] = {}

    def __call__(self, part: sp.Basic) -> tuple[float, float]:
        if part not in self.known:
            self.known[part] = self._measure(part)
        return self.known[part]

    def _measure(self, part: sp.Basic) -> tuple[float, float]:
        if isinstance(part, sp.Rational):
            return _log2(abs(int(part.p))), _log2(int(part.q))
        if part is sp.I:
            return self._root_of_unity(4)
        if part is sp.GoldenRatio:
            return self((1 + sp.sqrt(5)) / 2)
        if isinstance(part, sp.Add):
            return _sum([self(term) for term in part.args])
        if isinstance(part, sp.Mul):
            logs = [self(factor) for factor in part.args]
            return sum(u for u, _ in logs), sum(v for _, v in logs)
        if isinstance(part, sp.Pow) and isinstance(part.exp, sp.Rational):
            if part.base == -1:
                return self._root_of_unity(2 * int(part.exp.q))
            power, index = abs(int(part.exp.p)), int(part.exp.q)
            u, v = self._root(part.base, index) if index > 1 else self(part.base)
            return (power * u, power * v) if part.exp > 0 else (power * v, power * u)
        if isinstance(part, sp.exp):
            turns = part.args[0] / (sp.I * sp.pi)
            if isinstance(turns, sp.Rational):  # a root of unity
                return self._root_of_unity(2 * int(turns.q))
        if isinstance(part, sp.CRootOf):
            coefficients = [int(c) for c in part.poly.all_coeffs()]
            self.degree *= len(coefficients) - 1
            lead = abs(coefficients[0])
            return _log2(lead + max(map(abs, coefficients))), _log2(lead)
        raise UnknownError(f"{part} is not known to be algebraic")

    def _root_of_unity(self, order: int) -> tuple[float, float]:
        self.order = math.lcm(self.order, order)
        return 0.0, 0.0

    def _root(self, base: sp.Expr, index: int) -> tuple[float, float]:
        """Of a principal root; those of a positive whole number are products of those of primes."""
        if base.is_Integer and 1 < int(base) < SMALL and not sp.isprime(base):
            primes = sp.factorint(base)
            logs = [(int(k), *self._root(sp.Integer(p), index)) for p, k in primes.items()]
            return sum(k * u for k, u, _ in logs), sum(k * v for k, _, v in logs)
        key = _Root(base, index)
        if key not in self.known:
            u, v = self(base)
            self.degree *= index
            self.known[key] = (
                ((u + (index - 1) * v) / index, v) if u >= v else (u, ((index - 1) * u + v) / index)
            )
        return self.known[key]


class _Root(sp.Basic):  # type: ignore[misc]  # SymPy has no types
    """The key under which a root is measured once, whatever powers of it stand in a number."""

    def __new__(cls, base: sp.Expr, index: int) -> _Root:
        made: _Root = super().__new__(cls, base, sp.Integer(index))
        return made


def _sum(logs: list[tuple[float, float]]) -> tuple[float, float]:
    """Of u/l + u'/l' + ... over the product of all l."""
    below = sum(v for _, v in logs)
    tops = [u + below - v for u, v in logs]
    highest = max(tops)
    return highest + math.log2(len(tops)), below


def _log2(number: int) -> float:
    return math.log2(number) if number else 0.0
