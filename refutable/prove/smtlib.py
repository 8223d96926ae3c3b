"""SMT-LIB: what was decided, as scripts that any solver reads and `claims-recheck` decides again.

A script says what came of it (`:status`), who found that (`:source`), and for what can be met a
point at which it is (`:point`). A sum of squares has its terms beside it (`:squares`): a weight,
the numbers of the assertions that it multiplies, and what is squared. Denominators are asserted not
to be 0, so that a division means the same to every solver. What is no question for a solver is
written in the same notation, and says of which `:kind` it is: leading terms, elementary functions,
means over finitely many cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sympy as sp

from refutable.prove.answer import Term
from refutable.prove.statement import Query

_OPERATORS = {">=": ">=", ">": ">", "==": "=", "!=": "distinct"}


def unmet(query: Query, by: str, squares: Iterable[Term] = ()) -> str:
    """The script of a query that no point meets. by: who says so. squares: an identity for it."""
    terms = " ".join(
        f"({_term(sp.Rational(term.weight), query.whole)} ({' '.join(map(str, term.atoms))}) "
        f"{_term(term.root, query.whole)})"
        for term in squares
    )
    shown = f"(set-info :squares ({terms}))" if terms else None
    return _script(query.symbols, query.whole, _atoms(query), "unsat", by, shown)


def met(query: Query, point: Mapping[sp.Symbol, sp.Expr], by: str) -> str | None:
    """The script of a query that a point meets; None when a coordinate is no fraction."""
    values = {symbol: point.get(symbol, sp.S.Zero) for symbol in query.symbols}
    if not all(isinstance(value, sp.Rational) for value in values.values()):
        return None
    pairs = " ".join(f"({_name(s)} {_term(v, query.whole)})" for s, v in values.items())
    return _script(
        query.symbols, query.whole, _atoms(query), "sat", by, f"(set-info :point ({pairs}))"
    )


def identity(left: sp.Expr, right: sp.Expr, by: str) -> str:
    """The script of an identity between rational functions: nowhere do the two sides differ."""
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    divided = sorted(
        {
            power.base
            for power in left.atoms(sp.Pow) | right.atoms(sp.Pow)
            if power.exp.is_negative and power.base.free_symbols
        },
        key=str,
    )
    nothing: frozenset[sp.Symbol] = frozenset()
    asserted = [f"(distinct {_term(base, nothing)} 0.0)" for base in divided]
    asserted.append(f"(distinct {_term(left, nothing)} {_term(right, nothing)})")
    return _script(symbols, nothing, asserted, "unsat", by)


def leading(
    expression: sp.Expr,
    claimed: sp.Expr,
    powers: Mapping[sp.Symbol, Sequence[sp.Rational]],
    below_one: Iterable[sp.Symbol],
    by: str,
) -> str | None:
    """That the expression tends to the claimed term; None where it is more than this can say.

    powers: of what grows, at every corner.
    """
    symbols = sorted(expression.free_symbols | claimed.free_symbols | powers.keys(), key=str)
    if not all(s.is_positive for s in symbols) or not _is_elementary(expression + claimed, ()):
        return None
    lines = [f"(below-one {_name(symbol)})" for symbol in below_one if symbol in symbols]
    return _other(
        "leading",
        by,
        [*_growing(symbols, powers), *lines, f"(leads {_plain(expression)} {_plain(claimed)})"],
    )


def power(
    term: sp.Expr,
    powers: Mapping[sp.Symbol, Sequence[sp.Rational]],
    claimed: Sequence[sp.Rational],
    by: str,
) -> str | None:
    """That a term grows as it is claimed at every corner."""
    symbols = sorted(term.free_symbols | powers.keys(), key=str)
    if not all(s.is_positive for s in symbols) or not _is_elementary(term, ()):
        return None
    ends = " ".join(map(_plain, claimed))
    return _other("leading", by, [*_growing(symbols, powers), f"(power {_plain(term)} {ends})"])


def elementary(left: sp.Expr, right: sp.Expr, by: str) -> str | None:
    """An identity of exponentials and logarithms; None where a symbol may be other than real.

    Powers with symbols in their exponents are exponentials of logarithms.
    """
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    if not all(s.is_real for s in symbols):
        return None
    if not all(_is_elementary(side, (sp.exp, sp.log)) for side in (left, right)):
        return None
    lines = [
        f"(declare-const {_name(s)} {'Positive' if s.is_positive else 'Real'})" for s in symbols
    ]
    return _other("elementary", by, [*lines, f"(same {_plain(left)} {_plain(right)})"])


def mean(
    term: sp.Expr,
    claimed: sp.Rational,
    subset: tuple[int, Sequence[sp.Symbol]],
    laws: Mapping[sp.Symbol, Sequence[tuple[sp.Rational, sp.Rational]]],
    by: str,
) -> str:
    """That a polynomial has this mean, over subsets and over laws of finitely many values.

    subset: how many of which symbols are 1, the others 0. laws: values of symbols, with chances.
    """
    count, symbols = subset
    lines = [f"(subset {count}.0 {' '.join(map(_name, symbols))})"]
    for symbol, law in laws.items():
        pairs = " ".join(f"({_plain(v)} {_plain(chance)})" for v, chance in law)
        lines.append(f"(law {_name(symbol)} {pairs})")
    return _other("mean", by, [*lines, f"(mean {_plain(term)} {_plain(claimed)})"])


def _growing(
    symbols: Iterable[sp.Symbol], powers: Mapping[sp.Symbol, Sequence[sp.Rational]]
) -> Iterator[str]:
    for symbol in symbols:
        if symbol in powers:
            yield f"(grows {_name(symbol)} {' '.join(map(_plain, powers[symbol]))})"
        else:
            yield f"(declare-const {_name(symbol)} Positive)"


def _other(kind: str, by: str, lines: Iterable[str]) -> str:
    head = [f"(set-info :source |{by}|)", f"(set-info :kind {kind})"]
    return "\n".join([*head, *lines]) + "\n"


def _is_elementary(part: Any, functions: tuple[type, ...]) -> bool:
    if isinstance(part, sp.Symbol | sp.Rational):
        return True
    if isinstance(part, sp.Pow):
        known = part.exp.is_Integer or (
            bool(functions) and part.base.is_positive and _is_elementary(part.exp, functions)
        )
        return bool(known) and _is_elementary(part.base, functions)
    if any(isinstance(part, kind) for kind in (sp.Add, sp.Mul, *functions)):
        return all(_is_elementary(one, functions) for one in part.args)
    return False


def _plain(part: sp.Expr) -> str:
    return _term(part, frozenset())


def _script(
    symbols: Iterable[sp.Symbol],
    whole: frozenset[sp.Symbol],
    asserted: Iterable[str],
    status: str,
    by: str,
    shown: str | None = None,
) -> str:
    def lines() -> Iterator[str]:
        yield "(set-info :smt-lib-version 2.6)"
        yield f"(set-info :source |{by}|)"
        yield f"(set-info :status {status})"
        if shown is not None:
            yield shown
        yield f"(set-logic {'QF_NIRA' if whole else 'QF_NRA'})"
        for symbol in symbols:
            yield f"(declare-const {_name(symbol)} {'Int' if symbol in whole else 'Real'})"
        yield from (f"(assert {assertion})" for assertion in asserted)
        yield "(check-sat)"

    return "\n".join(lines()) + "\n"


def _atoms(query: Query) -> Iterator[str]:
    for atom in query.atoms:
        yield f"({_OPERATORS[atom.operator]} {_term(atom.polynomial, query.whole)} 0.0)"


def _name(symbol: sp.Symbol) -> str:
    """Any text without a bar or a backslash is a name between bars."""
    return f"|{symbol.name.replace('|', '¦').replace(chr(92), '⧵')}|"


def _term(part: sp.Expr, whole: frozenset[sp.Symbol]) -> str:
    if isinstance(part, sp.Symbol):
        return f"(to_real {_name(part)})" if part in whole else _name(part)
    if isinstance(part, sp.Rational):
        size = f"{abs(part.p)}.0" if part.q == 1 else f"(/ {abs(part.p)}.0 {part.q}.0)"
        return f"(- {size})" if part < 0 else size
    if isinstance(part, sp.exp | sp.log):
        return f"({'exp' if isinstance(part, sp.exp) else 'log'} {_term(part.args[0], whole)})"
    if isinstance(part, sp.Pow) and not part.exp.is_Integer:
        return f"(exp (* {_term(part.exp, whole)} (log {_term(part.base, whole)})))"
    if isinstance(part, sp.Pow):
        base, times = _term(part.base, whole), abs(int(part.exp))
        power = base if times == 1 else f"(* {' '.join([base] * times)})"
        return power if part.exp > 0 else f"(/ 1.0 {power})"
    head = "+" if isinstance(part, sp.Add) else "*"
    return f"({head} {' '.join(_term(one, whole) for one in part.args)})"
