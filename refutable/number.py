"""Number: one real number exactly as it was given, or the interval that is known to hold it.

A gap compares numbers as what they are. An int, a Fraction, a Decimal, a float of any width, an
mpf or an element of Q stand for one real number each, and Python compares those without rounding.
A ball or an interval stands for a number somewhere within it; so does a SymPy constant such as
sqrt(2), as narrow as need be. Nothing else is a number here: a truth value, a text, an array,
nothing at all and a complex number off the real line are refused by name.
"""

from __future__ import annotations

import decimal
import math
import numbers
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from refutable.bare import bare

Real = int | float | Fraction
"""One finite real number; Python compares any two of these exactly."""

MAX_EXPONENT = 2**18
"""Larger binary exponents (1e-78913 to 1e78913) are not expanded: that would take hours."""
DIGITS = 50
"""To how many digits a constant is enclosed at first."""


@dataclass(frozen=True, slots=True)
class Number:
    """A real number between `low` and `high`, which are equal when it is known exactly.

    An infinity is both ends of itself, and so is NaN. constant: the SymPy expression that it is,
    from which narrower intervals can be had.
    """

    low: Real
    high: Real
    constant: Any = None

    @property
    def finite(self) -> bool:
        """Whether this is a real number at all."""
        return _is_finite(self.low) and _is_finite(self.high)

    @property
    def exact(self) -> bool:
        """Whether it is known exactly."""
        return self.low == self.high

    @property
    def middle(self) -> Real:
        """The number, or the middle of its interval."""
        if self.low == self.high or not self.finite:
            return self.low
        return (Fraction(self.low) + Fraction(self.high)) / 2

    @property
    def is_zero(self) -> bool:
        """Whether it is exactly 0."""
        return self.low == 0 == self.high

    def __str__(self) -> str:
        """The number in as few digits as a double needs, or its interval."""
        if self.constant is not None:
            return str(self.constant)
        if self.exact or not self.finite:
            return shown(self.low)
        return f"{shown(self.middle)} ± {shown((Fraction(self.high) - Fraction(self.low)) / 2)}"

    def narrowed(self, digits: int) -> Number:
        """The same constant in a narrower interval; itself when nothing more is known of it."""
        return self if self.constant is None else _enclosed(self.constant, digits)


def shown(value: Real) -> str:
    """A number in as few digits as a double needs; beyond doubles, its first 17 digits."""
    if isinstance(value, int) and value.bit_length() <= 1000:
        return str(value)
    try:
        return repr(float(value))
    except OverflowError:
        return decimals(Fraction(value), 17)


def decimals(value: Fraction, digits: int) -> str:
    """A fraction rounded to so many digits, however large or small it is."""
    with decimal.localcontext() as context:
        context.prec, context.Emax, context.Emin = digits, decimal.MAX_EMAX, decimal.MIN_EMIN
        return str(decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator))


def apart(a: Number, b: Number) -> tuple[str, str]:
    """Two numbers as texts with digits enough to tell them apart, when they can be told apart."""
    left, right = str(a), str(b)
    if left != right or not (a.finite and b.finite) or a.middle == b.middle:
        return left, right
    for digits in (17, 20, 25, 30, 40, 60, 100, 200, 400):
        left, right = (decimals(Fraction(side.middle), digits) for side in (a, b))
        if left != right:
            return left, right
    difference = decimals(Fraction(a.middle) - Fraction(b.middle), 6)
    return f"{left} (greater by {difference})", right


def number(value: object, what: str = "a value") -> Number:
    """What a value is as a real number.

    TypeError, which names `what` and the value's type, for everything that is not one real number;
    OverflowError for an exponent beyond MAX_EXPONENT.
    """
    try:
        found = _number(value, depth=0)
    except OverflowError as problem:
        raise OverflowError(f"{what}: {problem}") from None
    except _NotReal as problem:
        raise TypeError(f"{what} must be one real number, not {problem}") from None
    if found is None:
        raise TypeError(f"{what} must be one real number, not {_described(value)}")
    return found


class _NotReal(Exception):  # noqa: N818 - says what the value is instead
    pass


def _number(value: Any, depth: int) -> Number | None:
    """None: not known as a number. _NotReal: known, and none that can be compared."""
    if isinstance(value, Number):
        return value
    if isinstance(value, bool):
        return None
    plain = _plain(value)
    if plain is not None:
        return Number(plain, plain)
    if isinstance(value, decimal.Decimal):
        return _of_decimal(decimal.Decimal(value))  # without whatever a subclass adds
    if isinstance(value, complex):
        return _of_parts(value.real, value.imag, value, depth)
    library = type(value).__module__.partition(".")[0]
    if library in ("numpy", "torch") or _is_scalar_array(value):
        return _of_array(bare(value), depth)
    if library == "sympy":
        return _of_sympy(value)
    if library == "mpmath":
        return _of_mpmath(value, depth)
    if library == "flint":
        return _of_flint(value, depth)
    if isinstance(value, numbers.Rational):
        fraction = Fraction(int(value.numerator), int(value.denominator))
        return Number(fraction, fraction)
    ratio = getattr(value, "as_integer_ratio", None)
    if isinstance(value, numbers.Real) and ratio is not None:
        if not math.isfinite(float(value)):
            return _nonfinite(float(value))
        fraction = Fraction(*map(int, ratio()))
        return Number(fraction, fraction)
    return None


def _plain(value: Any) -> Real | None:
    """An int, a float or a Fraction without whatever a subclass adds; None for anything else."""
    if isinstance(value, float):
        return float.__add__(value, 0.0) if type(value) is not float else value
    if isinstance(value, int):
        return int.__index__(value)
    if isinstance(value, Fraction):
        return Fraction(value.numerator, value.denominator)
    return None


def _nonfinite(value: float) -> Number:
    return Number(value, value)


def _is_finite(value: Real) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _described(value: object) -> str:
    """What something is, for a person: its type, and how many when it is several."""
    if value is None:
        return "None"
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    shape = getattr(value, "shape", None)
    if shape is not None and not callable(shape):
        return f"{name} of shape {tuple(shape)}" if isinstance(shape, tuple) else name
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, bool):
        return f"the truth value {value}"
    return f"an object of type {name}"


def _of_parts(real: Any, imaginary: Any, whole: object, depth: int) -> Number | None:
    """A complex number that lies on the real line."""
    if imaginary != 0:  # a NaN is not 0 either
        raise _NotReal(f"the complex number {whole}, which has an imaginary part")
    return _number(real, depth + 1)


def _of_decimal(value: decimal.Decimal) -> Number:
    if not value.is_finite():
        return _nonfinite(math.nan if value.is_nan() else math.copysign(math.inf, value))
    _, _, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    _bounded(exponent * 10 // 3)
    fraction = Fraction(value)
    return Number(fraction, fraction)


def _bounded(exponent: int) -> None:
    if abs(exponent) > MAX_EXPONENT:
        raise OverflowError(
            f"an exponent of about {exponent} in base 2 is too large to compare exactly; "
            "compare logarithms"
        )


def _is_scalar_array(value: Any) -> bool:
    """Whether a library's array without axes holds one number, as `item()` gives it."""
    return getattr(value, "shape", None) == () and callable(getattr(value, "item", None))


def _of_array(value: Any, depth: int) -> Number | None:
    """A scalar of numpy, or an array or tensor without axes; several numbers are not one."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        if value.dtype.kind not in "iufc":
            raise _NotReal(f"a {value.dtype} of numpy")
        if value.dtype.kind in "iu":
            return Number(int(value), int(value))
        if value.dtype.kind == "c":
            return _of_parts(value.real, value.imag, value, depth)
        if not numpy.isfinite(value):
            return _nonfinite(float(value))
        numerator, denominator = value.as_integer_ratio()  # a longdouble, too
        fraction = Fraction(int(numerator), int(denominator))
        return Number(fraction, fraction)
    if not _is_scalar_array(value) or depth > 1 or hasattr(value, "mask"):
        return None
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _number(value[()], depth + 1) if value.dtype.kind in "iufc" else None
    return _number(value.item(), depth + 1)


def _of_mpmath(value: Any, depth: int) -> Number | None:
    if hasattr(value, "_mpf_"):
        return _of_mpf(value._mpf_)
    if hasattr(value, "_mpc_"):
        real, imaginary = value._mpc_
        if _of_mpf(imaginary) != Number(0, 0):
            raise _NotReal(f"the complex number {value}, which has an imaginary part")
        return _of_mpf(real)
    if hasattr(value, "_mpi_"):
        low, high = map(_of_mpf, value._mpi_)
        if not low.finite or not high.finite:
            return _nonfinite(math.nan)
        return Number(low.low, high.low)
    return None


def _of_mpf(parts: Any) -> Number:
    """Mpmath's (sign, mantissa, exponent, bits): plus or minus mantissa times 2^exponent."""
    sign, mantissa, exponent, bits = parts
    if not mantissa:
        if not exponent:
            return Number(0, 0)
        return _nonfinite({-456: math.inf, -789: -math.inf}.get(exponent, math.nan))
    _bounded(exponent + bits)
    _bounded(exponent)
    scaled = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Number(-scaled, -scaled) if sign else Number(scaled, scaled)


def _of_flint(value: Any, depth: int) -> Number | None:
    kind = type(value).__name__
    if kind == "fmpz":
        return Number(int(value), int(value))
    if kind == "fmpq":
        fraction = Fraction(int(value.p), int(value.q))
        return Number(fraction, fraction)
    if kind == "arf":
        if not value.is_finite():
            return _nonfinite(math.nan if value.is_nan() else math.copysign(math.inf, float(value)))
        return _of_dyadic(value)
    if kind == "arb":
        if not value.is_finite():
            return _nonfinite(math.nan)
        middle, radius = _of_dyadic(value.mid()).low, _of_dyadic(value.rad()).low
        return Number(Fraction(middle) - Fraction(radius), Fraction(middle) + Fraction(radius))
    if kind == "acb":
        if not value.imag.is_zero():  # a ball around 0 may hide an imaginary part
            raise _NotReal(f"the complex number {value}, which has an imaginary part")
        return _number(value.real, depth + 1)
    return None


def _of_dyadic(value: Any) -> Number:
    """A number of flint of the form mantissa times 2^exponent."""
    mantissa, exponent = value.man_exp()
    _bounded(int(exponent))
    fraction = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Number(fraction, fraction)


def _of_sympy(value: Any) -> Number | None:
    import sympy

    if not isinstance(value, sympy.Expr):
        return None
    if value.is_Rational:
        fraction = Fraction(int(value.p), int(value.q))
        return Number(fraction, fraction)
    if value.is_Float:
        return _of_mpf(value._mpf_)
    if value in (sympy.S.Infinity, sympy.S.NegativeInfinity):
        return _nonfinite(math.inf if value is sympy.S.Infinity else -math.inf)
    if value is sympy.S.NaN:
        return _nonfinite(math.nan)
    if value.free_symbols:
        names = ", ".join(sorted(map(str, value.free_symbols)))
        raise _NotReal(f"an expression in {names}")
    if not value.is_number:
        return None
    return _enclosed(value, DIGITS)


def _enclosed(value: Any, digits: int) -> Number:
    """A SymPy constant between two fractions that agree to about `digits` digits.

    SymPy raises the working precision until as many digits are certain, and says when it cannot.
    """
    import sympy
    from sympy.core.evalf import PrecisionExhausted

    try:
        near = sympy.N(value, digits + 5, strict=True)
    except PrecisionExhausted:
        # Of a constant that is 0, or nearly, no digit ever becomes certain.
        width = Fraction(1, 10 ** min(digits, 90))
        size = sympy.N(sympy.Abs(value), 15, maxn=4 * digits + 100)
        if not (size.is_Float and abs(float(size)) < float(width)):
            raise _NotReal(f"the constant {value}, which cannot be evaluated") from None
        return Number(-width, width, value)
    real, imaginary = near.as_real_imag()
    if imaginary != 0 and value.is_extended_real is not True:
        raise _NotReal(f"the complex number {value}, which has an imaginary part")
    if not real.is_Float and not real.is_Rational:
        raise _NotReal(f"the constant {value}, which cannot be evaluated")
    middle = Fraction(_of_sympy(real).low)  # type: ignore[union-attr]  # a Float or a Rational
    width = abs(middle) / 10**digits
    return Number(middle - width, middle + width, value)
