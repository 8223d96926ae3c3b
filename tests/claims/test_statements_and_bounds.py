"""The law in a statement's LaTeX is the law whose deviation is bounded for every P.

Each limit is read from the statement itself and solved for what it is about; a run that meets it
exactly is no deviation for the proof, and one that misses it by a per mille is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sympy as sp
from sympy.parsing.sympy_parser import (
    convert_xor,
    implicit_multiplication,
    parse_expr,
    standard_transformations,
)

from refutable.claim import Claim
from refutable.claims.contrastive import collapse
from refutable.claims.mae import (
    global_query,
    limit_systems,
    local_crossover,
    local_negative,
    local_positive,
)
from refutable.claims.runs.for_every_size import Bounds
from refutable.claims.runs.limiting import C_1, C_S, VISIBLE
from refutable.model.setting import Setting

FAR = Setting(P=10**80, kappa_c=0.75, kappa_s=0.3, gamma=0.3, K=3, c_1=1.5, c_s=2.0)
NEGATIVE = FAR.replace(kappa_c=0.6, kappa_s=0.4)
"""Where 1 - a is 1 to all digits of a float."""
WORDS = {
    r"\\Phi_\{p\\to v_1\}\(T_\{1/2\}\)": " Phi1half ",
    r"\\Phi_\{p\\to v_1\}\(T_1\)": " Phi1 ",
    r"\\Phi_\{p\\to v_n\}\(T_1\)": " Phin ",
    r"T_\{1/2\}": " Thalf ",
    r"T_1\b": " T1 ",
    r"\\frac\\Delta2": " (Delta/2) ",
    r"\\frac(\d)(\d)": r" (\1/\2) ",
    r"\\frac\{([^{}]*)\}\{([^{}]*)\}": r" ((\1)/(\2)) ",
    r"\\log P\b": " log(P) ",
    r"\\log\s*\(\(": " log((",
    r"\\(?:log|ln)": " log",
    r"\\rho'": " rhoprime ",
    r"\\(gamma|rho|Delta)": r" \1 ",
    r"\\cdot": "*",
    r"\\big": "",
    r"c_1": " c1 ",
    r"c_s": " cs ",
    r"C_1": " C1 ",
}
"""The notation of the statements, as SymPy reads it."""
TIMES_AND_SIZES = (
    "Thalf",
    "T1",
    "Delta",
    "P",
    "z",
    "K",
    "gamma",
    "rho",
    "rhoprime",
    "c1",
    "cs",
    "C1",
)
CORRELATIONS = ("Phi1half", "Phi1", "Phin")
SYMBOLS = {name: sp.Symbol(name, positive=True) for name in TIMES_AND_SIZES}
SYMBOLS |= {name: sp.Symbol(name, real=True) for name in CORRELATIONS}


def term(latex: str) -> sp.Expr:
    """A side of a limit."""
    text = latex
    for pattern, plain in WORDS.items():
        text = re.sub(pattern, plain, text)
    assert "\\" not in text, text
    names = {**SYMBOLS, "log": sp.log}
    rules = (*standard_transformations, convert_xor, implicit_multiplication)
    return parse_expr(re.sub(r"\s+", " ", text).strip(), local_dict=names, transformations=rules)


def limits_of(claim: Claim) -> list[tuple[sp.Expr, sp.Expr]]:
    """Every limit that a statement names, as (what tends, where to)."""
    found = []
    for formula in re.findall(r"\$([^$]*)\$", " ".join(claim.statement.split())):
        sides = re.split(r"(?<!p)\\to", formula)
        if len(sides) == 2 and "Theta" not in formula and "Omega" not in formula:
            found.append((term(sides[0]), term(sides[1])))
    return found


def values(setting: Setting) -> dict[sp.Symbol, Any]:
    """What the letters of the statements stand for."""
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    rho = math.exp(setting.log_rho)
    numbers = {
        "Delta": setting.information_gap, "P": setting.P, "z": setting.latents.L, "K": setting.K,
        "gamma": setting.gamma, "rho": rho, "rhoprime": rho / (1 - a), "c1": setting.c_1,
        "cs": setting.c_s, "C1": setting.C_1,
    }  # fmt: skip
    return {SYMBOLS[name]: number for name, number in numbers.items()}


def meets(claim: Claim, unknown: str, setting: Setting, miss: float = 1.0) -> Any:
    """A run whose event is where the statement's limit says; times are `miss` of it."""
    x = SYMBOLS[unknown]
    others = SYMBOLS["T1"] if unknown == "Thalf" else sp.Dummy()  # T_½/T_1 is another limit
    (limit,) = [pair for pair in limits_of(claim) if pair[0].has(x) and not pair[0].has(others)]
    (found,) = sp.solve(limit[0] - limit[1], x)
    number = float(found.subs(values(setting)))
    moved = number + math.log(miss)
    times = math.log(number * miss) if unknown in ("T1", "Thalf") else 0.0
    event = SimpleNamespace(log_t=times, phi_global=moved, phi_own=moved)
    return SimpleNamespace(switch=event, half=event)


LAWS: dict[str, tuple[Claim, Callable[[], Bounds], int, str, Setting]] = {
    "T_1": (local_positive.phase1_length, local_positive.switch_time_bounds, 0, "T1", FAR),
    "Φ_1(T_1)": (local_positive.decoupling_depth, local_positive.depth_bounds, 0, "Phi1", FAR),
    "Φ_n(T_1)": (local_positive.own_at_the_switch, local_positive.own_bounds, 0, "Phin", FAR),
    "T_½, Δ > 0": (local_positive.phase2_length, local_positive.half_time_bounds, 0, "Thalf", FAR),
    "T_½, Δ < 0": (local_negative.length, local_negative.half_time_bounds, 0, "Thalf", NEGATIVE),
    "T_½, global": (global_query.length, global_query.half_time_bounds, 0, "Thalf", FAR),
    "crossover": (
        local_crossover.crossover, local_crossover.crossover_bounds, 0, "Phi1half", NEGATIVE
    ),
    "T_½, any gap": (
        local_crossover.crossover, local_crossover.crossover_bounds, 1, "Thalf", NEGATIVE
    ),
}  # fmt: skip


@pytest.mark.parametrize("law", LAWS)
def test_what_the_statement_says_is_what_is_bounded(law: str) -> None:
    claim, bounds, number, unknown, setting = LAWS[law]
    proof = bounds().proofs[number]
    assert proof.off(setting, meets(claim, unknown, setting)) < 1e-9
    assert proof.off(setting, meets(claim, unknown, setting, 1.001)) > 0.9e-3


def test_the_limiting_equations_have_the_constants_of_the_statements() -> None:
    """The other end of the chain: events of the solutions against what was read."""
    written = {SYMBOLS["c1"]: C_1, SYMBOLS["cs"]: C_S, SYMBOLS["gamma"]: 1 - VISIBLE}
    at = limit_systems.switch()
    own, pushed = (path.subs(limit_systems.s, at) for path in limit_systems.solution())
    ((_, said),) = limits_of(local_positive.own_at_the_switch)
    assert sp.simplify(said + sp.log(own)) == 0
    ((_, depth),) = limits_of(local_positive.decoupling_depth)
    P = sp.Symbol("P", positive=True)
    derived = limit_systems.depth(pushed, P).subs(P, 1)
    assert sp.simplify(sp.expand_log(depth.subs(written) - derived, force=True)) == 0


def test_the_time_of_the_collapse_is_the_one_that_is_bounded() -> None:
    """c_T for z = 1 and N_c → ∞ as the statement has it, against what is bounded."""
    constant = re.search(r"c_T = (1/\(2\(1-\\gamma\)\^2\(1-1/K\)\))", collapse.time.statement)
    power = re.search(r"T = c_T K P\^\{(3-2\\kappa_c)\}", collapse.time.statement)
    assert constant
    assert power
    setting = FAR.replace(c_1=1.0, contrastive=FAR.contrastive.__class__(negatives=math.inf))
    c_T = float(term(constant[1]).subs(values(setting)))
    exponent = float(sp.sympify(power[1].replace("\\kappa_c", "*k")).subs("k", setting.kappa_c))
    log_T = math.log(c_T * setting.K) + exponent * setting.log_P
    run = SimpleNamespace(half=SimpleNamespace(log_t=log_T))
    assert collapse.time_bounds().proofs[0].off(setting, run) < 1e-9  # type: ignore[arg-type]
