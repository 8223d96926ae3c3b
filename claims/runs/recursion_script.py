"""A training as a recursion that `claims-recheck` runs again: the frame of every such file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from flint import arb

from refutable.certificate import Certificate
from refutable.model.setting import Setting
from refutable.prove.balls import BALLS
from refutable.prove.recording import decimal
from refutable.prove.terms import fraction, prefix

Formulas = Mapping[str, str]


def script(
    states: Sequence[str],
    constants: Mapping[str, Fraction | float | int],
    rows: str,
    groups: Iterable[tuple[str, Formulas]],
    steps: int,
    said: Iterable[str],
) -> str:
    """The run from Q = 0, and what is said of it.

    rows: the command that says what is averaged over. groups: formulas as Python writes them, each
    group under the word that it is declared by. said: lines as `claims-recheck` reads them.
    """
    lines = ["(set-info :kind recursion)"]
    lines += [f"(state {name} 0)" for name in states]
    lines += [f"(constant {name} {fraction(value)})" for name, value in constants.items()]
    lines.append(rows)
    for head, formulas in groups:
        lines += [f"({head} {name} {prefix(formula)})" for name, formula in formulas.items()]
    return "\n".join([*lines, f"(steps {steps})", *said, "(holds-0 shift)"])


def ends(named: Mapping[str, arb]) -> tuple[str, ...]:
    """Lines on what a training came to at its last step; nothing of what may be 0."""
    return tuple(
        f"(last {name} {decimal(x, 12)})" for name, x in named.items() if not x.contains(0)
    )


def widest(balls: Iterable[arb]) -> float:
    """The largest radius."""
    return float(max(x.rad() for x in balls))


def sizes(setting: Setting) -> str:
    """The numbers of patches, as a file names them."""
    return f"P = {setting.P}, C_1 = {setting.C_1}, C_s = {setting.C_s}, M = {setting.M}"


def certificate(
    variables: Mapping[str, str], resource: Mapping[str, int], radius: float, text: str
) -> Certificate:
    """A file of one training. radius: the largest of the last state."""
    return Certificate(
        by=BALLS,
        negated="the path of this training does something else",
        variables=dict(variables),
        resource=dict(resource),
        for_all=True,
        radii=f"at most {radius:.0e} at the last step",
        scripts=(text,),
    )
