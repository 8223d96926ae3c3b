"""claims-recheck's own reader of SMT-LIB and its polynomials, with fractions as coefficients.

It shares no code with what wrote the files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

MOST_TERMS = 20_000
"""Terms of a polynomial that is expanded; larger ones are left to the solvers."""
TOKEN = re.compile(r'\(|\)|\|[^|]*\||"[^"]*"|;[^\n]*|[^\s()|";]+')

ACCEPTED, REJECTED, OPEN = "accepted", "rejected", "not checkable"
"""What a file may come to."""
AGREE = Fraction(1, 10**8)
"""How far a number of a file may be from what is found here, relative to it. Twelve digits are
written, of which rounding may spoil some: a choice. It hides mistakes below 1e-8 of a number that
is said; steps go on with what is found here, so that these do not add up, and signs are decided."""

Tree = Any
"""A word, or a list of trees."""
Polynomial = dict[tuple[tuple[str, int], ...], Fraction]
"""Coefficients by monomial: variables in order, each with its power."""
Quotient = tuple[Polynomial, Polynomial]
"""Numerator and denominator."""


class TooLargeError(Exception):
    """A polynomial has more terms than are expanded here."""


def read(text: str) -> list[Tree]:
    """The commands of a script. Raises ValueError for parentheses that do not match."""
    stack: list[list[Tree]] = [[]]
    for token in TOKEN.findall(text):
        if token == "(":
            stack.append([])
        elif token == ")":
            if len(stack) == 1:
                raise ValueError("a parenthesis closes what was never opened")
            done = stack.pop()
            stack[-1].append(done)
        elif not token.startswith(";"):
            stack[-1].append(token)
    if len(stack) > 1:
        raise ValueError("a parenthesis is never closed")
    return stack[0]


def declared(tree: Tree) -> str:
    """The name that a command declares. Raises ValueError for a number, which stands for itself."""
    if not isinstance(tree, str) or not (tree[0] in "|_" or tree[0].isalpha()):
        raise ValueError(f"no name: {str(tree)[:80]}")
    return tree


def number(word: str) -> Fraction:
    """A numeral or a decimal. Raises ValueError for exponents, which could be of any length."""
    if not word.isascii() or not word.replace(".", "", 1).isdigit():
        raise ValueError(f"no number: {word[:80]}")
    return Fraction(word)


def fraction(tree: Tree) -> Fraction:
    """The value of a tree of numbers."""
    return value(tree, {})


def value(tree: Tree, point: Mapping[str, Fraction]) -> Fraction:
    """The value of a term at a point. Raises ValueError for what is no term."""
    if isinstance(tree, str):
        return point[tree] if tree in point else number(tree)
    head, *rest = tree
    sides = [value(side, point) for side in rest]
    if head == "to_real" and len(sides) == 1:
        return sides[0]
    if head == "-" and len(sides) == 1:
        return -sides[0]
    if head == "/" and len(sides) == 2:
        return sides[0] / sides[1]
    if head == "+":
        return sum(sides, Fraction(0))
    if head == "*":
        product = Fraction(1)
        for side in sides:
            product *= side
        return product
    raise ValueError(f"an operation that is not known: {head}")


def plus(p: Polynomial, q: Polynomial) -> Polynomial:
    """The sum, without terms that cancel."""
    total = dict(p)
    for monomial, coefficient in q.items():
        total[monomial] = total.get(monomial, Fraction(0)) + coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product. Raises TooLargeError."""
    if len(p) * len(q) > 50 * MOST_TERMS:
        raise TooLargeError
    total: Polynomial = {}
    for one, a in p.items():
        for other, b in q.items():
            powers = dict(one)
            for name, power in other:
                powers[name] = powers.get(name, 0) + power
            monomial = tuple(sorted(powers.items()))
            total[monomial] = total.get(monomial, Fraction(0)) + a * b
    if len(total) > MOST_TERMS:
        raise TooLargeError
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


ONE: Polynomial = {(): Fraction(1)}


def quotient(
    tree: Tree,
    names: set[str],
    functions: Mapping[str, Callable[[Polynomial, Polynomial], Quotient]] = MappingProxyType({}),
) -> Quotient:
    """A term as numerator and denominator. Raises ValueError for a division by what is always 0.

    functions: what is known beside the four operations, of the quotient inside.
    """
    if isinstance(tree, str):
        if tree in names:
            return {((tree, 1),): Fraction(1)}, ONE
        constant = number(tree)
        return ({(): constant} if constant else {}), ONE
    head, *rest = tree
    sides = [quotient(side, names, functions) for side in rest]
    if head == "to_real" and len(sides) == 1:
        return sides[0]
    if head in functions and len(sides) == 1:
        return functions[head](*sides[0])
    if head == "-" and len(sides) == 1:
        return times({(): Fraction(-1)}, sides[0][0]), sides[0][1]
    if head == "/" and len(sides) == 2:
        (a, b), (c, d) = sides
        if not c:
            raise ValueError("a division by 0")
        return times(a, d), times(b, c)
    if head not in ("+", "*"):
        raise ValueError(f"an operation that is not known: {head}")
    top, bottom = sides[0]
    for above, below in sides[1:]:
        if head == "*":
            top, bottom = times(top, above), times(bottom, below)
        elif below == bottom:
            top = plus(top, above)
        else:
            top, bottom = plus(times(top, below), times(above, bottom)), times(bottom, below)
    return top, bottom
