"""Normal form: an expression as a quotient of polynomials in numbers that stand for its parts.

Roots, exponentials, logarithms and factorials are split until what is left has no rule: sin and cos
into exponentials, exp of a sum into a product, log of a positive product into a sum, factorials of
neighbours into one. Each part that is left becomes a generator, equal parts the same one. A
numerator that vanishes as a polynomial in the generators is 0 wherever the expression is defined;
that it does not vanish means that the expression is not 0 only where the generators are known to be
independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.functions.elementary.hyperbolic import HyperbolicFunction
from sympy.functions.elementary.trigonometric import TrigonometricFunction

from refutable.prove import constants
from refutable.prove.relations import meets_its_assumptions

Key = tuple[Any, ...]
MOST_ROUNDS = 6
"""Readings until the indices of roots and the smallest of neighbouring factorials are known."""
WIDEST = 100
"""The largest step between factorials that are neighbours."""
LARGEST = 2**128
"""Logarithms of larger numbers are not split into those of primes."""


class NowhereDefinedError(ValueError):
    """A denominator that is 0 everywhere."""


@dataclass(frozen=True)
class Normal:
    """The numerator as coefficients (numbers) by monomial of generators.

    free: whether the generators are independent, so that a coefficient that is not 0 is a proof.
    parts: what the generators stand for. denominator: what was divided by.
    """

    numerator: dict[sp.Expr, sp.Expr]
    denominator: sp.Expr
    free: bool
    parts: tuple[str, ...]

    @property
    def vanishes(self) -> bool | None:
        """Whether the expression is 0 wherever it is defined; None where that is not decided."""
        answers = [constants.is_zero(c) for c in self.numerator.values()]
        if all(answer is True for answer in answers):
            return True
        return False if self.free and False in answers else None

    def __str__(self) -> str:
        return str(sp.Add(*(c * m for m, c in self.numerator.items())))


def normal(expression: sp.Expr) -> Normal:
    """The normal form of an expression. Raises NowhereDefinedError as its name says."""
    known = _Known()
    for _ in range(MOST_ROUNDS):
        reader = _Reader(known)
        read = reader.read(expression)
        if reader.seen == known:
            break
        known = reader.seen
    numerator, denominator = sp.fraction(sp.together(read))
    bottom = reader.collected(denominator)
    if all(constants.is_zero(c) is True for c in bottom.values()):
        raise NowhereDefinedError(f"a denominator of {expression} is 0 everywhere")
    return Normal(
        numerator=reader.collected(numerator),
        denominator=denominator,
        free=not reader.bound,
        parts=tuple(f"{g} = {what}" for g, what in reader.meanings.items()),
    )


@dataclass
class _Known:
    """What has to be known of all of an expression before a part of it can be read."""

    indices: dict[Key, int] = field(default_factory=dict)
    lowest: dict[Key, sp.Rational] = field(default_factory=dict)


class _Reader:
    """Replaces parts of an expression by generators."""

    def __init__(self, known: _Known) -> None:
        self.known = known
        self.seen = _Known(dict(known.indices), dict(known.lowest))
        self.generators: dict[Key, sp.Symbol] = {}
        self.meanings: dict[sp.Symbol, sp.Expr] = {}
        self.relations: list[tuple[sp.Symbol, int, sp.Expr]] = []
        self.bound = False
        self.done: dict[sp.Expr, sp.Expr] = {}

    def read(self, part: sp.Expr) -> sp.Expr:
        """The part as a rational function of generators, its coefficients algebraic numbers."""
        if part not in self.done:
            self.done[part] = self._read(part)
        return self.done[part]

    def collected(self, polynomial: sp.Expr) -> dict[sp.Expr, sp.Expr]:
        """Coefficients by monomial, powers of roots reduced; none of them is 0 at a glance."""
        expanded = sp.expand(polynomial)
        for generator, index, power in reversed(self.relations):
            while True:
                reduced = sp.Add(
                    *(_lowered(term, generator, index, power) for term in _terms(expanded))
                )
                if reduced == expanded:
                    break
                expanded = sp.expand(reduced)
        symbols = sorted(expanded.free_symbols, key=str)
        found: dict[sp.Expr, sp.Expr] = {}
        for term in _terms(expanded):
            coefficient, monomial = term.as_independent(*symbols, as_Add=False)
            found[monomial] = found.get(monomial, sp.S.Zero) + coefficient
        return {monomial: c for monomial, c in found.items() if c != 0}

    def _read(self, part: sp.Expr) -> sp.Expr:
        if isinstance(part, sp.Rational) or part is sp.I or isinstance(part, sp.CRootOf):
            return part
        if isinstance(part, sp.Symbol):
            index = self.known.indices.get(("root", part), 1)
            return part if index == 1 else self._generator(("root", part), part, index) ** index
        if isinstance(part, sp.Add | sp.Mul):
            return part.func(*map(self.read, part.args))
        if isinstance(part, sp.Pow):
            return self._power(part.base, part.exp)
        if part is sp.E:
            return self._exponential(sp.S.One)
        if part is sp.GoldenRatio:
            return (1 + sp.sqrt(5)) / 2
        if isinstance(part, sp.exp):
            return self._exponential(part.args[0])
        if isinstance(part, sp.log) and len(part.args) == 1:
            return self._logarithm(part.args[0])
        if isinstance(part, TrigonometricFunction | HyperbolicFunction):
            return self.read(part.rewrite(sp.exp))
        if isinstance(part, sp.factorial):
            return self._factorial(part.args[0])
        if isinstance(part, sp.gamma):
            return self._factorial(part.args[0] - 1)
        if isinstance(part, sp.binomial):
            return self._binomial(part)
        if isinstance(part, sp.Abs) and part.args[0].is_real:
            return self._absolute(part)
        if isinstance(part, sp.Max | sp.Min) and len(part.args) == 2:
            first, second = part.args
            apart = sp.Abs(first - second) * (1 if isinstance(part, sp.Max) else -1)
            return self.read((first + second + apart) / 2)
        return self._opaque(part)

    def _absolute(self, part: sp.Expr) -> sp.Expr:
        """The absolute value of a real number: its square is that of the number."""
        inner = sp.expand(part.args[0])
        plain = sp.Abs(inner)
        if not isinstance(plain, sp.Abs):
            return self.read(plain)
        fresh = ("part", plain) not in self.generators
        generator = self._generator(("part", plain), plain)
        if fresh:
            self.relations.append((generator, 2, self.read(inner) ** 2))
        return generator

    def _opaque(self, part: sp.Expr) -> sp.Expr:
        """A part without a rule: equal parts have equal values, and no more is known."""
        if part.args and not isinstance(part, sp.Expr | sp.Piecewise):
            return self._generator(("part", part), part)
        simple = all(isinstance(argument, sp.Expr) for argument in part.args)
        plain = part.func(*map(sp.expand, part.args)) if part.args and simple else part
        if plain != part and not isinstance(plain, type(part)):
            return self.read(plain)
        return self._generator(("part", plain), plain)

    def _generator(self, key: Key, meaning: sp.Expr, index: int = 1) -> sp.Symbol:
        """The generator of a key; of a root, whose powers below the index are independent."""
        if key not in self.generators:
            generator = sp.Dummy(f"g{len(self.generators)}")
            self.generators[key] = generator
            self.meanings[generator] = meaning if index == 1 else meaning ** sp.Rational(1, index)
            if not (key[0] == "root" and isinstance(meaning, sp.Symbol)):
                self.bound = True
                if key[0] == "root":
                    self.relations.append((generator, index, self.read(meaning)))
        return self.generators[key]

    def _index(self, key: Key, denominator: int) -> int:
        """The index of the root of which all powers under this key are whole powers."""
        self.seen.indices[key] = math.lcm(self.seen.indices.get(key, 1), denominator)
        return math.lcm(self.known.indices.get(key, 1), denominator)

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_Integer:
            return self.read(base) ** exponent
        if isinstance(exponent, sp.Rational):
            return self._root(base, exponent)
        if base.is_positive:
            return self._exponential(sp.expand(exponent * self._split_logarithm(base)))
        if base == -1 and exponent.is_integer:
            return sp.Mul(*map(self._parity, _terms(sp.expand(exponent))))
        factors = []
        for term in _terms(sp.expand(exponent)):
            share, rest = term.as_coeff_Mul()
            if rest == 1:
                factors.append(self._power(base, share))
                continue
            key = ("power", base, rest)
            index = self._index(key, int(share.q))
            generator = self._generator(key, base ** (rest / index))
            factors.append(generator ** int(share * index))
        return sp.Mul(*factors)

    def _parity(self, term: sp.Expr) -> sp.Expr:
        """(-1)**term of a whole term: its square is 1."""
        share, rest = term.as_coeff_Mul()
        if rest == 1 or not rest.is_integer or not share.is_Integer:
            return (
                self._generator(("part", (-1) ** term), (-1) ** term)
                if rest != 1
                else (-1) ** share
            )
        key = ("sign", rest)
        fresh = key not in self.generators
        generator = self._generator(key, (-1) ** rest)
        if fresh:
            self.relations.append((generator, 2, sp.S.One))
        return generator ** (int(share) % 2)

    def _root(self, base: sp.Expr, exponent: sp.Rational) -> sp.Expr:
        """A principal root; factors that are not negative are taken out of it."""
        if not base.free_symbols and constants.separation(base) is not None:
            return base**exponent
        taken, rest = sp.S.One, sp.S.One
        plain = sp.factor(self.read(base))
        while plain.free_symbols & self.meanings.keys():
            plain = plain.xreplace(self.meanings)
        for factor in sp.Mul.make_args(plain):
            inner, power = factor.as_base_exp()
            if inner.is_nonnegative and isinstance(power, sp.Rational):
                taken *= self._simple_root(inner, power * exponent)
            elif factor.is_nonnegative:
                taken *= self._simple_root(factor, exponent)
            else:
                rest *= factor
        return taken * (self._simple_root(rest, exponent) if rest != 1 else 1)

    def _simple_root(self, base: sp.Expr, exponent: sp.Rational) -> sp.Expr:
        if exponent.is_Integer:
            return self.read(base) ** exponent
        if not base.free_symbols and constants.separation(base) is not None:
            return base**exponent
        key = ("root", base)
        index = self._index(key, int(exponent.q))
        return self._generator(key, base, index) ** int(exponent * index)

    def _exponential(self, exponent: sp.Expr) -> sp.Expr:
        factors = []
        for term in _terms(sp.expand(exponent)):
            share, rest = term.as_coeff_Mul()
            if rest == sp.I * sp.pi:
                factors.append(sp.exp(term))  # a root of unity
                continue
            if not isinstance(share, sp.Rational):
                share, rest = sp.S.One, term
            if isinstance(rest, sp.log) and len(rest.args) == 1:
                factors.append(self._power(rest.args[0], share))
                continue
            key = ("exp", rest)
            index = self._index(key, int(share.q))
            generator = self._generator(key, sp.exp(rest / index))
            factors.append(generator ** int(share * index))
        return sp.Mul(*factors)

    def _logarithm(self, argument: sp.Expr) -> sp.Expr:
        split = self._split_logarithm(argument)
        if split == sp.log(argument):
            return (
                self._generator(("part", split), split) if split.has(sp.log) else self.read(split)
            )
        return self.read(split)

    def _split_logarithm(self, argument: sp.Expr) -> sp.Expr:
        """The logarithm as a sum over primes, and parts that have no positive factor."""
        if argument.is_Rational and argument.is_positive:
            if max(int(argument.p), int(argument.q)) > LARGEST:
                return sp.log(argument)
            primes = sp.factorrat(argument, limit=10**5)
            return sp.Add(*(k * sp.log(p) for p, k in primes.items()))
        found, rest = sp.S.Zero, sp.S.One
        for factor in sp.Mul.make_args(sp.factor(argument)):
            base, power = factor.as_base_exp()
            if base.is_positive and power.is_real and (base, power) != (argument, 1):
                found += power * self._split_logarithm(base)
            else:
                rest *= factor
        return found + (sp.log(rest) if rest != 1 else 0)

    def _factorial(self, argument: sp.Expr) -> sp.Expr:
        """The factorial of the lowest of its neighbours, times what lies between."""
        argument = sp.expand(argument)
        shift, base = argument.as_coeff_Add()
        if base == 0 or not isinstance(shift, sp.Rational):
            return self._generator(("factorial", argument), sp.factorial(argument))
        key = ("factorial", base, shift - sp.floor(shift))
        self.seen.lowest[key] = min(self.seen.lowest.get(key, shift), shift)
        lowest = min(self.known.lowest.get(key, shift), shift)
        if shift - lowest > WIDEST:
            lowest = shift
        generator = self._generator((*key, lowest), sp.factorial(base + lowest))
        between = [self.read(base) + lowest + i for i in range(1, int(shift - lowest) + 1)]
        return generator * sp.Mul(*between)

    def _binomial(self, part: sp.Expr) -> sp.Expr:
        n, k = part.args
        if k.is_Integer and 0 <= k <= WIDEST:
            top = self.read(n)
            return sp.Mul(*(top - i for i in range(int(k)))) / math.factorial(int(k))
        if n.is_integer and n.is_nonnegative and k.is_integer:
            return self._factorial(n) / (self._factorial(k) * self._factorial(n - k))
        return self._generator(("part", part), part)


def _terms(expression: sp.Expr) -> tuple[sp.Expr, ...]:
    return tuple(sp.Add.make_args(expression))


def _lowered(term: sp.Expr, generator: sp.Symbol, index: int, power: sp.Expr) -> sp.Expr:
    """A term in which the generator's index-th power is replaced once by what it is."""
    coefficient, monomial = term.as_independent(generator, as_Add=False)
    degree = int(monomial.as_base_exp()[1]) if monomial != 1 else 0
    times, left = divmod(degree, index)
    return coefficient * generator**left * power**times if times else term


def sample_points(symbols: list[sp.Symbol]) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    """Points at which two expressions of these symbols can be told apart, a few dozen at most."""
    reals = [sp.Rational(*pair) for pair in _PAIRS]
    choices = []
    for symbol in symbols:
        values = [value for value in reals if meets_its_assumptions(symbol, value)]
        if symbol.is_extended_real is None:
            values += [sp.I, -1 - sp.I / 2, 4 * sp.I, 1 - 5 * sp.I]
        if not values:
            return
        choices.append(values)
    for turn in range(MOST_POINTS):
        yield {
            symbol: values[(turn * (2 * i + 1) + i * i) % len(values)]
            for i, (symbol, values) in enumerate(zip(symbols, choices, strict=True))
        }


MOST_POINTS = 24
_PAIRS = (
    (1, 2), (-1, 1), (2, 1), (-3, 2), (3, 1), (1, 3), (-2, 1), (0, 1), (5, 1), (1, 1), (-5, 1),
    (7, 3), (4, 1), (-1, 3), (6, 1), (9, 1), (11, 1), (-7, 4), (-6, 1), (13, 1),
)  # fmt: skip
