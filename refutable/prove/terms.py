"""Terms: formulas as Python writes them, in the notation of what `claims-recheck` reads."""

from __future__ import annotations

import ast
from fractions import Fraction

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def prefix(formula: str) -> str:
    """`a*(b + 1)` as `(* a (+ b 1))`.

    Raises ValueError for more than the four operations, whole powers, functions of one argument.
    """
    return _written(ast.parse(formula, mode="eval").body)


def fraction(number: Fraction | float | int) -> str:
    """A number exactly, a float read as the decimal that it is written as."""
    exact = Fraction(repr(number)) if isinstance(number, float) else Fraction(number)
    text = str(abs(exact.numerator))
    if exact.denominator != 1:
        text = f"(/ {text} {exact.denominator})"
    return f"(- {text})" if exact < 0 else text


def decimal(number: Fraction, behind: int) -> str:
    """A number with so many digits behind the point, cut."""
    whole = abs(number.numerator) * 10**behind // number.denominator
    text = f"{whole // 10**behind}.{whole % 10**behind:0{behind}}" if behind else str(whole)
    return f"(- {text})" if number < 0 else text


def _written(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=int() | float() as number):
            return repr(number)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return f"(- {_written(inner)})"
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int(power))):
            return f"(^ {_written(base)} {power})"
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return f"({_OPERATORS[type(operator)]} {_written(left)} {_written(right)})"
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]):
            return f"({name} {_written(inner)})"
    raise ValueError(f"no term: {ast.unparse(node)}")
