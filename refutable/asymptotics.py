"""Asymptotics: statements such as Θ(N² log N) as objects, which a ladder is compared with."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy

FUNCTIONS = ("exp", "factorial", "log", "sqrt")
"""What a text may call."""
DIGITS = 30
"""Digits in which a law is evaluated, so that what is subtracted from a measurement is exact."""


@dataclass(frozen=True)
class Order:
    """How a quantity grows with one size: a positive expression of it, constants left out.

    law: an expression of SymPy in one symbol, or its text: `Theta("N**2 * log(N)")`.
    ValueError for an expression of no symbol, or of several.
    """

    law: Any
    mark = "?"

    def __post_init__(self) -> None:
        """Read a text, and refuse what has not one symbol."""
        object.__setattr__(self, "law", _read(self.law))
        symbols = sorted(map(str, self.law.free_symbols))
        if len(symbols) != 1:
            raise ValueError(
                f"{self}: a law of growth has one symbol, the size, and this has "
                f"{', '.join(symbols) or 'none'}"
            )

    def __str__(self) -> str:
        """As it is written: Θ(N**2*log(N))."""
        return f"{self.mark}({self.law})"

    @property
    def size(self) -> str:
        """The name of what grows."""
        return str(self._symbol)

    @property
    def _symbol(self) -> sympy.Symbol:
        (symbol,) = self.law.free_symbols
        return symbol

    @functools.cached_property
    def _log(self) -> sympy.Expr:
        import sympy

        return sympy.expand(sympy.expand_log(sympy.log(self.law), force=True))

    @functools.cached_property
    def powers(self) -> tuple[float, float] | None:
        """The powers of the size and of its logarithm; None where the law has other factors."""
        import sympy

        log = sympy.Symbol("log")
        expanded = self._log.subs(sympy.log(self._symbol), log)
        power, log_power = expanded.coeff(log, 1), expanded.coeff(sympy.log(log), 1)
        rest = expanded - power * log - log_power * sympy.log(log)
        if (power * log_power + rest).free_symbols:
            return None
        return float(power), float(log_power)

    def log_at(self, size: float | int | Fraction) -> float:
        """The logarithm of the law at a size. ValueError where the law is not positive there."""
        import sympy

        exact = sympy.Float(size, DIGITS) if isinstance(size, float) else sympy.Rational(size)
        value = self._log.subs(self._symbol, exact).evalf(DIGITS)
        if not value.is_real:
            raise ValueError(f"{self} is not positive at {self.size} = {size}")
        return float(value)


class Theta(Order):
    """As large as the law, up to a constant: the ratio of both settles."""

    mark = "Θ"


class O(Order):  # noqa: E742 - the name that mathematicians gave it
    """At most as large as the law, up to a constant: the ratio of both does not grow."""

    mark = "O"


class o(Order):  # noqa: N801 - the same
    """Smaller than the law, whatever the constant: the ratio of both tends to 0."""

    mark = "o"


def _read(law: Any) -> sympy.Expr:
    """An expression, or the one that a text spells; what is no known function is a positive size.

    SymPy would read N, S or E as names of its own.
    """
    import sympy

    if not isinstance(law, str):
        return sympy.sympify(law)
    names = set(re.findall(r"[^\W\d]\w*", law))
    known = {name: getattr(sympy, name) for name in FUNCTIONS}
    sizes = {name: sympy.Symbol(name, positive=True) for name in names - known.keys()}
    return sympy.sympify(law, locals=known | sizes)
