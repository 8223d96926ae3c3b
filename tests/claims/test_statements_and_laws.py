"""Powers, constants and laws in a statement's LaTeX are those that ladders and enclosures compare.

As in test_statements_and_bounds, what a statement says is read from it, not written down again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
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
from refutable.claims.contrastive import collapse, leftovers
from refutable.claims.mae import (
    enclosed_counts,
    enclosed_flow,
    first_order,
    global_laws,
    global_query,
    laws,
    local_negative,
    local_positive,
    local_positive_end,
)
from refutable.claims.mae.enclosed_flow import Shares
from refutable.claims.runs.for_every_size import Bounds
from refutable.claims.runs.region import Region
from refutable.claims.theorems import theorem_4_2, theorem_4_4
from refutable.model.ball_events import Moment
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.prove.balls import precise
from tests.claims.test_statements_and_bounds import FAR, limits_of

NEAR = Setting(
    P=1000, kappa_c=0.85, kappa_s=0.3, gamma=0.3, K=3, c_1=1.5, c_s=2.0,
    latents=Latents.constant(1.3),
)  # fmt: skip
"""Where a = (1-γ)C_1/P is 0.37: ρ and ρ' are told apart."""
FAR = FAR.replace(latents=Latents.constant(1.3))
SIDES = {
    1: Setting(P=10**60, kappa_c=0.85, kappa_s=0.3, latents=Latents.constant(1.3)),
    -1: Setting(P=10**60, kappa_c=0.6, kappa_s=0.45, latents=Latents.constant(1.3)),
}
WORDS = {
    r"\\[td]?frac\{([^{}]*)\}\{([^{}]*)\}": r"((\1)/(\2))",
    r"\\[td]?frac(\d)(\d)": r"(\1/\2)",
    r"\\Phi_\{p\\to v_n\}": " Phin ",
    r"\\Phi_\{p\\to v_1\}": " Phi1 ",
    r"\\Phi_1": " Phi1 ",
    r"\\kappa_c": "kc",
    r"\\kappa_s": "ks",
    r"\\Delta": "Delta",
    r"\\gamma": "gamma",
    r"\\rho": "rho",
    r"\\tau": "tau",
    r"C_([1ns])": r" C\1 ",
    r"zP": "z P",
    r"e\^\{([^{}]*)\}": r"exp(\1)",
    r"\{|\}": "",
}


def value(latex: str, setting: Setting, **more: Any) -> Any:
    """A formula of a statement at a setting; P as a number, which may be far beyond floats."""
    text = latex
    for pattern, plain in WORDS.items():
        text = re.sub(pattern, plain, text)
    assert "\\" not in text, text
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    known = {
        "kc": setting.kappa_c, "ks": setting.kappa_s, "Delta": setting.information_gap, "a": a,
        "gamma": setting.gamma, "rho": math.exp(setting.log_rho), "z": setting.latents.L,
        "C1": setting.C_1, "Cs": setting.C_s, "Cn": setting.C_s, "P": setting.P, "K": setting.K,
        **more,
    }  # fmt: skip
    names = {name: sp.Symbol(name) for name in known}
    rules = (*standard_transformations, convert_xor, implicit_multiplication)
    parsed = parse_expr(text, local_dict={**names, "exp": sp.exp}, transformations=rules)
    return float(parsed.subs({symbol: known[name] for name, symbol in names.items()}))


def orders(claim: Claim) -> list[str]:
    """The power of P in every Θ or O of a statement, in order."""
    statement = " ".join(claim.statement.split())
    found = re.findall(r"(?:\\Theta|[^a-zA-Z]O)\(P\^(\{[^{}]*\}|\\Delta)", statement)
    return [power.strip("{}") for power in found]


OWN, OTHER = laws.own_position_exponent, laws.other_position_exponent
POWERS: dict[str, tuple[Claim, list[Callable[[Setting], float]], tuple[int, ...]]] = {
    "T_1": (local_positive.phase1_length, [laws.switch_time_exponent], (1,)),
    "T_½, Δ > 0": (local_positive.phase2_length, [laws.half_time_exponent], (1,)),
    "Φ_m, Δ > 0": (local_positive_end.others_small, [laws.other_exponent], (1,)),
    "Υ, Δ > 0": (
        local_positive_end.positions_small, [OWN, laws.global_position_exponent, OTHER], (1,)
    ),
    "Φ_1, Δ < 0": (local_negative.no_decoupling, [laws.gap_exponent], (-1,)),
    "α_1/α_n": (local_negative.own_first, [laws.gap_exponent], (-1,)),
    "T_½, Δ < 0": (local_negative.length, [laws.half_time_exponent], (-1,)),
    "Φ_m, Δ < 0": (local_negative.single_others_small, [laws.other_exponent], (-1,)),
    "Υ, Δ < 0": (
        local_negative.single_positions_small, [OWN, laws.global_position_exponent, OTHER], (-1,)
    ),
    "T_½, global": (global_query.length, [global_laws.half_time_exponent], (1, -1)),
    "Φ_m, global": (global_query.others_small, [global_laws.other_exponent], (1, -1)),
    "Υ, global": (
        global_query.positions_small,
        [global_laws.own_position_exponent, global_laws.other_position_exponent],
        (1, -1),
    ),
    "thm4.2.global": (
        theorem_4_2.global_case,
        [
            theorem_4_2.predicted_other_exponent,
            lambda s: theorem_4_2.predicted_own_position_exponent(s, "global"),
        ],
        (1, -1),
    ),
    "thm4.2.local+": (
        theorem_4_2.positive_case,
        [
            theorem_4_2.predicted_other_exponent,
            lambda s: theorem_4_2.predicted_own_position_exponent(s, "local"),
        ],
        (1,),
    ),
    "thm4.2.local-": (
        theorem_4_2.negative_case,
        [
            theorem_4_2.predicted_other_exponent,
            lambda s: theorem_4_2.predicted_own_position_exponent(s, "local"),
        ],
        (-1,),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", POWERS)
def test_the_powers_of_a_statement_are_those_of_its_ladders(name: str) -> None:
    claim, compared, signs = POWERS[name]
    stated = orders(claim)
    assert len(stated) == len(compared), stated
    for sign in signs:
        for power, law in zip(stated, compared, strict=True):
            assert value(power, SIDES[sign]) == pytest.approx(law(SIDES[sign]), abs=1e-12), power


# ----------------------------------------------------------------- slopes of Theorems 4.2 and 4.4

SLOPE = r"\\Phi_\{p\\to v_(\S+?)\}\s*(?:\\to|\\sim)\s*(-?\\tfrac\{[^{}]*\}\{[^{}]*\})\\log P"
SLOPES: dict[str, tuple[Claim, Callable[[], Bounds], int, int]] = {
    # number of the bound, sign of the gap
    "thm4.2.global, 1": (theorem_4_2.global_case, theorem_4_2.global_bounds, 0, 1),
    "thm4.2.local+, n": (theorem_4_2.positive_case, theorem_4_2.decoupling_bounds, 0, 1),
    "thm4.2.local+, 1": (theorem_4_2.positive_case, theorem_4_2.decoupling_bounds, 1, 1),
    "thm4.2.local-, n": (theorem_4_2.negative_case, theorem_4_2.one_phase_bounds, 0, -1),
    "thm4.4, {k,1}": (theorem_4_4.collapse, theorem_4_4.collapse_bounds, 1, 1),
}
"""By the feature of a correlation, as the statement writes it."""


@pytest.mark.parametrize("name", SLOPES)
def test_a_bounded_law_has_the_slope_of_its_theorem(name: str) -> None:
    """From one P to a much larger one a run moves by the slope times log P, and by no constant."""
    claim, bounds, number, sign = SLOPES[name]
    slope = dict(re.findall(SLOPE, claim.statement))[name.split(", ")[1]]
    proof = bounds().proofs[number]
    at = [SIDES[sign].replace(P=10**ten, latents=Latents.constant(1)) for ten in (60, 200)]

    def off(setting: Setting, phi: float) -> float:
        run = SimpleNamespace(
            phi_own=[phi], phi_global=[phi], own_attention=[0.999], global_attention=[0.999]
        )
        return proof.off(setting, run)  # type: ignore[arg-type]

    slopes = [value(slope, setting) for setting in at]
    # |Φ - law|, or a multiple of it: linear far above, and so 0 where the run meets its law.
    once = off(at[0], 1001) - off(at[0], 1000)
    met = 1000 - off(at[0], 1000) / once
    moved = met + slopes[1] * (at[1].log_P - at[0].log_P)
    assert off(at[1], moved) < 1e-6
    assert off(at[1], moved * 1.001) > 0.5e-3 * abs(moved)


# ------------------------------------------------------------------------------- laws, at rungs


def ends(number: Any) -> tuple[Fraction, Fraction]:
    return Fraction(float(number)), Fraction(float(number))


def off(law: enclosed_flow.Law, setting: Setting, **known: Any) -> float:
    """The modulus of a law at an event of which some numbers are known."""
    names = Moment.__dataclass_fields__
    moment = Moment(**{name: ends(known.get(name, 1.0)) for name in names})
    found = SimpleNamespace(switch=moment, half=moment, done=moment)
    with precise():
        return abs(float(law(Shares.of(setting), found)))  # type: ignore[arg-type]


TIMES: dict[str, tuple[Claim, enclosed_flow.Law, str]] = {
    "T_1": (local_positive.phase1_length, enclosed_flow.switch_time, "T1"),
    "T_½, Δ > 0": (local_positive.phase2_length, enclosed_flow.half_time_given_up, "Thalf"),
    "T_½, Δ < 0": (local_negative.length, enclosed_flow.half_time, "Thalf"),
    "T_½, global": (global_query.length, enclosed_flow.half_time, "Thalf"),
}


def stated_time(claim: Claim, unknown: str, setting: Setting) -> float:
    """The time that a statement's limit names."""
    (limit,) = [
        pair for pair in limits_of(claim)
        if str(unknown) in map(str, pair[0].free_symbols) and len(pair[0].free_symbols) > 2
    ]  # fmt: skip
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    rho = (1 - setting.gamma) * setting.C_s / setting.P
    known = {
        "rho": rho, "rhoprime": rho / (1 - a), "gamma": setting.gamma, "z": setting.latents.L,
        "K": setting.K, "P": setting.P, "C1": setting.C_1,
    }  # fmt: skip
    symbols = {str(s): s for s in limit[0].free_symbols}
    (found,) = sp.solve(limit[0] - limit[1], symbols[unknown])
    return float(found.subs({s: known[name] for name, s in symbols.items() if name in known}))


@pytest.mark.parametrize("name", TIMES)
def test_a_time_at_a_rung_is_compared_with_the_one_that_is_stated(name: str) -> None:
    claim, law, unknown = TIMES[name]
    t = stated_time(claim, unknown, NEAR)
    own = NEAR.C_1 if name.endswith("global") else NEAR.C_s
    unit = NEAR.gamma * (1 - NEAR.gamma) * own / NEAR.P * NEAR.latents.L**4 / NEAR.K
    assert off(law, NEAR, time=t * unit) < 1e-12
    assert off(law, NEAR, time=t * unit * 1.001) == pytest.approx(1e-3, rel=1e-6)


@pytest.mark.parametrize(
    ("claim", "law", "path"),
    [
        (local_positive.own_at_the_switch, enclosed_flow.own_at_switch, "phi_own"),
        (local_positive.decoupling_depth, enclosed_flow.depth_at_switch, "phi_global"),
    ],
)
def test_a_correlation_at_a_rung_is_compared_with_the_one_that_is_stated(
    claim: Claim, law: enclosed_flow.Law, path: str
) -> None:
    ((left, right),) = limits_of(claim)
    (phi,) = [s for s in left.free_symbols if str(s).startswith("Phi")]
    known = {
        "P": FAR.P, "z": FAR.latents.L, "gamma": FAR.gamma, "c1": FAR.c_1, "cs": FAR.c_s,
        "Delta": FAR.information_gap,
    }  # fmt: skip
    (found,) = sp.solve(left - right, phi)
    number = float(found.subs({s: known[str(s)] for s in found.free_symbols}))
    assert off(law, FAR, **{path: number * FAR.latents.L}) < 1e-12
    assert off(law, FAR, **{path: number * FAR.latents.L + 1e-3}) == pytest.approx(1e-3, rel=1e-6)


PHI_1, PHI_N = -0.8, 5.3
"""Some correlations at T*: what follows is stated as a function of them."""
PLACES = local_positive_end.positions_small


def end_of(claim: Claim) -> list[str]:
    """The formulas that a statement gives for the end."""
    end = re.split(r"[Aa]t the end ", " ".join(claim.statement.split()))[-1]
    return [re.sub(r"^[^=]*=|\(1\+o\(1\)\)", "", f) for f in re.findall(r"\$([^$]*)\$", end)]


def stated_at_the_end(claim: Claim, number: int) -> float:
    return float(value(end_of(claim)[number], NEAR, Phi1=PHI_1, Phin=PHI_N))


@pytest.mark.parametrize(
    ("claim", "number", "law", "path"),
    [
        (local_positive_end.others_small, 0, enclosed_flow.other_at_end, "phi_other"),
        (local_negative.single_others_small, 0, enclosed_flow.other_at_end, "phi_other"),
        (PLACES, 0, enclosed_flow.own_position_at_end, "upsilon_own"),
        (PLACES, 2, enclosed_flow.other_position_at_end, "upsilon_other"),
        (global_query.others_small, 0, enclosed_flow.other_of_global, "phi_other"),
        (global_query.positions_small, 1, enclosed_flow.own_position_of_global, "upsilon_own"),
        (global_query.positions_small, 2, enclosed_flow.other_position_of_global, "upsilon_other"),
    ],
)
def test_what_stays_small_is_compared_with_what_is_stated(
    claim: Claim, number: int, law: enclosed_flow.Law, path: str
) -> None:
    z = NEAR.latents.L
    stated = stated_at_the_end(claim, number)
    if claim is global_query.others_small:
        stated *= PHI_1  # Φ_m over Φ_1
    own = PHI_1 if claim.id.startswith("global") else PHI_N
    scale = z if path == "phi_other" else 1
    known = {"phi_global": z * PHI_1, "phi_own": z * own}
    assert off(law, NEAR, **known, **{path: scale * stated}) < 1e-12
    assert off(law, NEAR, **known, **{path: scale * stated * 1.001}) > 0.9e-3


def test_local_correlations_of_the_collapse_are_those_that_are_stated() -> None:
    statement = leftovers.locals_stay.statement
    (formula,) = re.findall(r"\\Phi_m \\approx (.*?)\\text", statement)
    for setting in (NEAR, SIDES[1], SIDES[-1]):
        for phi in (0.4, 7.0):
            assert leftovers.local_correlation(setting, phi) == pytest.approx(
                value(formula, setting, Phi1=phi), rel=1e-12
            )
    below, above = re.findall(
        r"(?:exponent \}|\\text\{, \})([^\\]*(?:\\kappa_[cs][^\\]*)+)\\text", statement
    )
    assert leftovers.locals_exponent(SIDES[-1])[0] == pytest.approx(value(below, SIDES[-1]))
    assert leftovers.locals_exponent(SIDES[1])[0] == pytest.approx(value(above, SIDES[1]))


@pytest.mark.parametrize("sign", SIDES)
def test_theorem_4_4_has_the_powers_of_the_locals_over_a_logarithm(sign: int) -> None:
    """|Φ_m|/Φ_1 on its ladder and in its bound: what cl.locals-stay states, over Φ_1 ~ log P."""
    at = SIDES[sign]
    power, logs = leftovers.locals_exponent(at)
    assert theorem_4_4.predicted_dominance(at) == (power, logs - 1)
    bounded = theorem_4_4.collapse_bounds().proofs[0].bound(Region.of(at))
    assert float(bounded.power) <= power + 1.5 / at.log_P


def test_what_is_left_of_the_collapse_is_bounded_around_what_is_stated() -> None:
    (formula,) = re.findall(r"\(1-A_1\)\\,t/\(KP\) \\to (.*?)\\text", collapse.late.statement)
    at = NEAR.replace(contrastive=Contrastive(negatives=math.inf, tau=0.4))
    stated = value(formula, at, tau=0.4)
    assert collapse.late_constant(at) == pytest.approx(stated, rel=1e-12)
    for miss, low, high in ((1, 0, 1e-12), (1.001, 0.9e-3, 1.1e-3)):
        log_t = math.log(miss * stated * at.K * at.P / collapse.missing(at, 15.0))
        run = SimpleNamespace(done=SimpleNamespace(phi_global=15.0, log_t=log_t))
        off = collapse.late_bounds().proofs[0].off(at, run)  # type: ignore[arg-type]
        assert low <= off < high


SHIFTS: dict[str, tuple[Claim, Callable[[Setting], float]]] = {
    "times": (first_order.times, lambda _: first_order.time_shift()),
    "Φ_1 at T_½": (first_order.depth, lambda _: first_order.depth_shift()),
    "Φ_n at T_½": (first_order.own_at_half, first_order.own_shift_at_half),
    "Φ_n at T*": (first_order.own_at_end, first_order.own_shift_at_end),
}


@pytest.mark.parametrize("name", SHIFTS)
def test_what_fluctuations_add_is_compared_with_what_is_stated(name: str) -> None:
    claim, law = SHIFTS[name]
    (formula,) = re.findall(r"\\to(.*?)(?:\\quad|,|$)", claim.statement)
    for at in (NEAR, SIDES[1].replace(gamma=0.8)):
        stated = value(formula, at, A=first_order.attention_at_end(at))
        assert law(at) == pytest.approx(stated, rel=1e-12)


ORDERS: dict[str, tuple[Claim, Callable[[], Bounds], int, int, int]] = {
    # number of the bound, of the stated order, sign of the gap
    "thm4.2.global, Φ_m": (theorem_4_2.global_case, theorem_4_2.global_bounds, 1, 0, 1),
    "thm4.2.global, Υ": (theorem_4_2.global_case, theorem_4_2.global_bounds, 2, 1, 1),
    "thm4.2.local+, Φ_m": (theorem_4_2.positive_case, theorem_4_2.decoupling_bounds, 2, 0, 1),
    "thm4.2.local+, Υ": (theorem_4_2.positive_case, theorem_4_2.decoupling_bounds, 3, 1, 1),
    "thm4.2.local-, Φ_m": (theorem_4_2.negative_case, theorem_4_2.one_phase_bounds, 2, 0, -1),
    "thm4.2.local-, Υ": (theorem_4_2.negative_case, theorem_4_2.one_phase_bounds, 3, 1, -1),
}


@pytest.mark.parametrize("name", ORDERS)
def test_what_is_proved_to_stay_small_falls_as_its_theorem_says(name: str) -> None:
    """O(P^e log P): a bound's power exceeds e by what the logarithm takes, some 1/log P0."""
    claim, bounds, number, order, sign = ORDERS[name]
    at = SIDES[sign]
    power = float(bounds().proofs[number].bound(Region.of(at)).power)
    assert power <= value(orders(claim)[order], at) + 1.5 / at.log_P


@pytest.mark.parametrize("claim", [enclosed_flow.enclosure, enclosed_counts.counted])
def test_floats_are_held_to_what_the_statement_says(claim: Claim) -> None:
    (number,) = re.findall(r"known to \$([\d.]+)\\cdot10\^\{(-\d+)\}\$", claim.statement)
    assert pytest.approx(float(f"{number[0]}e{number[1]}"), rel=1e-12) == enclosed_flow.INTEGRATED
