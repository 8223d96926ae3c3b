"""Certificate: what a decision rests on, so that a reader can judge it or repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """How one inequality or identity was decided.

    by: the program and its version. negated: what was shown to have no solution, or was solved.
    assumptions: what was told of the symbols. sums: how sums over any number of things entered as
    finitely many symbols. variables: each symbol with the values it ranged over. reductions: steps
    taken before deciding, each of which loses no case. resource: the work done, in the program's
    own deterministic units. alone: why no second decider agrees, where one would have been asked.
    for_all: whether a decider of this tool showed it for all values of the variables; what else
    carries a certificate, such as a counterexample, is evidence for the values that it names.
    radii: how wide the balls were that decided it. scripts: what was decided, in SMT-LIB 2, each
    with what came of it; `claims-recheck` decides them again with code of its own.
    """

    by: str
    negated: str
    assumptions: tuple[str, ...] = ()
    sums: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    reductions: tuple[str, ...] = ()
    resource: Mapping[str, int] = field(default_factory=dict)
    alone: str = ""
    for_all: bool = False
    radii: str = ""
    scripts: tuple[str, ...] = ()
