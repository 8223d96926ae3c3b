"""SMT-LIB: what was decided, as a script that any solver reads and `claims-recheck` decides again.

A script says what came of it (`:status`), who found that (`:source`), and for what can be met a
point at which it is (`:point`). Denominators are asserted not to be 0, so that a division means the
same to every solver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sympy as sp

from refutable.prove.statement import Query

_OPERATORS = {">=": ">=", ">": ">", "==": "=", "!=": "distinct"}


def unmet(query: Query, by: str) -> str:
    """The script of a query that no point meets. by: who says so."""
    return _script(query.symbols, query.whole, _atoms(query), "unsat", by)


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


def _script(
    symbols: Iterable[sp.Symbol],
    whole: frozenset[sp.Symbol],
    asserted: Iterable[str],
    status: str,
    by: str,
    point: str | None = None,
) -> str:
    def lines() -> Iterator[str]:
        yield "(set-info :smt-lib-version 2.6)"
        yield f"(set-info :source |{by}|)"
        yield f"(set-info :status {status})"
        if point is not None:
            yield point
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
    if isinstance(part, sp.Pow):
        base, times = _term(part.base, whole), abs(int(part.exp))
        power = base if times == 1 else f"(* {' '.join([base] * times)})"
        return power if part.exp > 0 else f"(/ 1.0 {power})"
    head = "+" if isinstance(part, sp.Add) else "*"
    return f"({head} {' '.join(_term(one, whole) for one in part.args)})"
