"""Lacking: what a claim does not say or show, seen without running it."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from refutable.claim import Claim, Grade, Kind, LegFunction

RELATIONS = ("equal", "at_most", "at_least", "tight")
WHY = 4
"""Which argument of a relation is the reason of its tolerance."""
SHORTEST = 3
"""Characters of a reason; fewer say nothing, either."""
EMPTY = re.compile(
    r"\W*(todo|fixme|tbd|xxx|because|why|reason|ok|room|tolerance)?\W*", re.IGNORECASE
)
"""Reasons that say nothing."""


@dataclass(frozen=True)
class Lack:
    """What a claim lacks, and what to write."""

    claim: str
    what: str
    write: str


def of(claim: Claim) -> Iterator[Lack]:
    """What one claim lacks, the gravest first.

    One that refutes the first form of another needs no more than a counterexample: no second leg,
    no regimes and no scope.
    """
    refutes = claim.original_of is not None
    if not claim.mistakes:
        yield Lack(
            claim.id,
            "no planted mistake: nothing shows that it can fail",
            f'{claim.id.rpartition(".")[2]}.mistake(function, "what is wrong", '
            "lambda original: lambda x: -original(x))",
        )
    if len(claim.legs) == 1 and not refutes:
        (kind,) = claim.legs
        yield Lack(claim.id, f"one leg only ({kind.value})", _another(kind))
    for leg in claim.legs.values():
        source = _source(leg.run)
        searched_everywhere = leg.required or _names_regimes(source) or refutes
        if leg.kind is Kind.PROPERTY and not searched_everywhere:
            yield Lack(
                claim.id,
                "no regime: nothing tells whether the interesting cases are drawn",
                'regimes={"far": lambda x: x > 1} in for_all, or require= in property.search',
            )
        bounded = leg.scope is not None or "scope" in source or refutes
        if leg.kind is Kind.EXACT and not bounded:
            yield Lack(
                claim.id,
                "an exact leg without a scope, which counts as searched",
                'scope="n ≤ 50", in leg(...) or Claim.leg(...)',
            )
        for name, why in _empty_reasons(source):
            yield Lack(
                claim.id,
                f"a tolerance of {name} without a reason ({why!r})",
                "where it comes from: how many roundings of which size, which term is left out",
            )
    if re.search(r"\b(TODO|FIXME|TBD)\b", f"{claim.statement} {claim.title}"):
        yield Lack(claim.id, "a statement that is still to be written", "it in LaTeX")


def _another(kind: Kind) -> str:
    if kind.grade is Grade.PROVED:
        return "a property leg: what is proved of formulas, searched for in what is computed"
    return "an exact, smt or symbolic leg where something can be decided; otherwise a property leg"


def _source(run: LegFunction) -> str:
    """The source of a leg, decorators included; empty where there is none."""
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(run)))
    except (OSError, TypeError):  # typed in, or made from a text
        return ""


def _names_regimes(source: str) -> bool:
    return bool(re.search(r"\b(regimes|require|regimes_of|Case)\b", source))


def _empty_reasons(source: str) -> Iterator[tuple[str, str]]:
    """The gaps of a leg whose reason is a text that says nothing: their relation and the text."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a lambda that stands in the middle of something
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in RELATIONS:
            named = [keyword.value for keyword in node.keywords if keyword.arg == "why"]
            for why in [*node.args[WHY : WHY + 1], *named]:
                said = why.value if isinstance(why, ast.Constant) else None
                if isinstance(said, str) and (EMPTY.fullmatch(said) or len(said) < SHORTEST):
                    yield ast.unparse(node.args[0]) if node.args else "a gap", said
