"""claims-recheck beyond polynomials: leading terms, exponentials, enumerations, spoilt ones too."""

from __future__ import annotations

import ast
import random
import re
import sys
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest
import sympy as sp

from refutable import (
    Gap,
    recheck,
    recheck_arithmetic,
    recheck_balls,
    recheck_bounds,
    recheck_flow,
    recheck_kinds,
    recheck_runs,
)
from refutable.prove import limits, smtlib, symbolic
from refutable.recheck_arithmetic import REJECTED
from refutable.recheck_kinds import between, verdict

x, y, z, P, C, g = sp.symbols("x y z P C g", positive=True)
k = sp.Symbol("k", positive=True)
GROWTH = limits.Growth(
    (k,), {P: sp.S.One, C: k}, ((sp.Rational(1, 10),), (sp.Rational(9, 10),)), (g < 1,)
)
IDENTITIES = {
    "product of exponentials": (sp.exp(x + y), sp.exp(x) * sp.exp(y)),
    "logarithm of a product": (
        sp.log(3 * x**2 / (2 * y)), sp.log(3) - sp.log(2) + 2 * sp.log(x) - sp.log(y)
    ),
    "power": (x ** (y + 2), x**2 * sp.exp(y * sp.log(x))),
    "root": (sp.sqrt(x) * sp.sqrt(x * y**2), x * y),
    "softmax": (1 / (1 + sp.exp(-x)), sp.exp(x) / (1 + sp.exp(x))),
    "quotient in an exponent": (sp.exp(x / y) * sp.exp(-x / y), sp.S.One + 0 * x),
    "logarithm of an exponential": (sp.log(sp.exp(x * y) * 5), x * y + sp.log(5)),
}  # fmt: skip


def scripts() -> dict[str, str]:
    """One script of every kind, as legs write them."""
    found = {}
    for name, (left, right) in IDENTITIES.items():
        script = smtlib.elementary(left, right, "test")
        assert script is not None
        found[name] = script
    steps = limits.limit(
        "ratio", (P - g * P + C) / (P * C + 3), (1 - g) / C, lambda at: -at[0], GROWTH, "why"
    )
    for name, step in zip(("leading term", "power of P"), steps, strict=True):
        assert isinstance(step, Gap)
        assert step.holds
        assert step.certificate
        (found[name],) = step.certificate.scripts
    a, b, c = sp.symbols("a b c")
    law = [(sp.Rational(1, 2), sp.Rational(1, 4)), (sp.Rational(3, 2), sp.Rational(3, 4))]
    # Two of three are 1: E ab = 1/3; E u = 5/4.
    found["mean"] = smtlib.mean(a * b * z, sp.Rational(5, 12), (2, (a, b, c)), {z: law}, "test")
    return found


SCRIPTS = scripts()


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_what_was_decided_is_accepted(script: str) -> None:
    assert verdict(script)[0] == "accepted"


def spoiled(script: str) -> list[str]:
    """The script with one number of what it claims, or of its means, one larger."""
    start = re.search(r"\((same|mean|power|leads) ", script)
    assert start is not None
    first = start.end()
    if start[1] == "leads":  # what does not lead may be changed; the claimed term may not
        first = script.rindex("(*")
    if start[1] == "power":  # as may a factor of the term
        first = script.rindex("))")
    numbers = [m for m in re.finditer(r"(?<=[ (])\d+\.0(?=[ )])", script) if m.start() >= first]
    return [script[: m.start()] + f"{float(m[0]) + 1}" + script[m.end() :] for m in numbers]


@pytest.mark.parametrize(
    "script",
    [s for s in SCRIPTS.values() if spoiled(s)],
    ids=[n for n in SCRIPTS if spoiled(SCRIPTS[n])],
)
def test_what_was_spoiled_is_rejected(script: str) -> None:
    """Every single number of the claim, one after the other."""
    for wrong in spoiled(script):
        assert verdict(wrong)[0] == REJECTED, wrong


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("mean", "(subset 2.0", "(subset 1.0"),
        ("mean", "(* |a| |b| |z|)", "(* |a| |a| |z|)"),
        ("leading term", "(grows |C| (/ 1.0 10.0) (/ 9.0 10.0))", "(grows |C| 2.0 2.0)"),
        ("leading term", "(leads", "(lead"),
        ("product of exponentials", "(exp |y|)", "(exp |x|)"),
        ("mean", ":kind mean", ":kind median"),
        ("power", "declare-const |x| Positive", "declare-const |x| Whole"),
    ],
)
def test_other_changes_are_not_accepted(name: str, before: str, after: str) -> None:
    assert before in SCRIPTS[name]
    try:
        found = verdict(SCRIPTS[name].replace(before, after))[0]
    except (ValueError, KeyError):
        found = REJECTED
    assert found == REJECTED


@pytest.mark.parametrize("claimed", ["|P|", "|C|"])
def test_what_leads_at_one_corner_alone_does_not_lead(claimed: str) -> None:
    grows = "(grows |P| 1.0 1.0) (grows |C| (/ 1.0 2.0) 2.0)"
    script = f"(set-info :kind leading) {grows} (leads (+ |P| |C|) {claimed})"
    assert verdict(script) == (REJECTED, "no term leads at every corner")


def test_a_leading_term_that_may_vanish_is_left_open() -> None:
    script = SCRIPTS["leading term"]
    assert "(below-one |g|)" in script
    assert verdict(script.replace("(below-one |g|)\n", ""))[0] == "not checkable"


def test_only_what_is_assumed_below_1_is_written_to_be() -> None:
    assert limits.below_one((g < 1, x < 2, y <= 1, P > 1, x * z < 1)) == (g,)


def test_the_logarithm_of_what_may_be_negative_is_not_split() -> None:
    """Log(x·log y) is no sum where log y < 0."""
    script = smtlib.elementary(sp.log(x * sp.log(y)), sp.log(x) + sp.log(sp.log(y)), "test")
    assert script is not None
    assert verdict(script)[0] != "accepted"


def test_the_logarithm_of_a_product_of_negative_numbers_is_no_sum() -> None:
    r, t = sp.symbols("r t", real=True)
    script = smtlib.elementary(sp.log(r * t), sp.log(r) + sp.log(t), "test")
    assert script is not None
    assert verdict(script)[0] != "accepted"
    assert verdict(script.replace("Real", "Positive"))[0] == "accepted"


SYMBOLS = " ".join(f"|x{i}|" for i in range(60))
MEANINGLESS = {
    "leads to 0/0": ("leading", "(grows |P| 1.0) (leads |P| (/ 0.0 0.0))", "a division by 0"),
    "equals 0/0": ("elementary", "(same (/ 0.0 0.0) 1.0)", "a division by 0"),
    "a number as a symbol": (
        "elementary", "(declare-const 2 Positive) (same (exp (log 2)) 2.0)", "no name: 2",
    ),
    "a number that grows": ("leading", "(grows 2.0 1.0) (power 2.0 1.0)", "no name: 2.0"),
    "a number that is drawn": ("mean", "(law 2.0 (1.0 1.0)) (mean 2.0 1.0)", "no name: 2.0"),
    "a number of any length": ("mean", "(mean 1e999999999999 1.0)", "no number: 1e9"),
    "no leader": ("leading", "(grows |P| 1.0)", "nothing is asked"),
    "no identity": ("elementary", "", "nothing is asked"),
    "no mean": ("mean", "(subset 1.0 |a| |b|)", "nothing is asked"),
}  # fmt: skip
LARGE = {
    "a long prime": ("elementary", f"(same (log {10**30 + 57}.0) 1.0)"),
    "a high power": ("elementary", "(same (exp (* 1000000000000.0 (log 2.0))) 1.0)"),
    "many subsets": ("mean", f"(subset 30.0 {SYMBOLS}) (mean |x1| (/ 1.0 2.0))"),
    "many things to draw from": ("recursion", "(draw 5 (u 20000) (v 1))"),
}


@pytest.mark.parametrize(("kind", "lines", "why"), MEANINGLESS.values(), ids=MEANINGLESS)
def test_what_has_no_meaning_is_refused(kind: str, lines: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        verdict(f"(set-info :kind {kind}) {lines}")


@pytest.mark.parametrize(("kind", "lines"), LARGE.values(), ids=LARGE)
def test_what_is_too_large_is_left_open(kind: str, lines: str, tmp_path: Path) -> None:
    file = tmp_path / "large.cert"
    file.write_text(f"(set-info :kind {kind}) {lines}", encoding="utf-8")
    found, why = recheck.verdict(file)
    assert found == "not checkable"
    assert why.startswith("too large")


TINY = "0." + 27 * "0" + "1"
"""1e-28; of its square balls of 192 bits know little: it lies from 60 to 64 units of 2^-192."""


@pytest.mark.parametrize(("said", "units"), [("(least y {})", 60), ("(greatest y {} 1)", 64)])
def test_the_end_of_a_wide_ball_is_neither_least_nor_greatest(said: str, units: int) -> None:
    script = (
        f"(set-info :kind recursion) (state x 0) (next x x) (steps 0) (constant c {TINY}) "
        f"(let y (* c c)) {said}"
    )
    assert verdict(script.format(f"(/ {units} {2**192})"))[0] == REJECTED
    assert verdict(script.format("0." + 55 * "0" + "1"))[0] == "accepted"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (f"recursion) (state x 0) (next x x) (steps 0) (last x {10**400}", REJECTED),
    ],
)
def test_no_file_breaks_the_checker(lines: str, found: str, tmp_path: Path) -> None:
    """A number beyond floats, and a reason that is no text."""
    file = tmp_path / "odd.cert"
    file.write_text(f"(set-info :kind {lines})", encoding="utf-8")
    assert recheck.verdict(file)[0] == found


def test_only_real_symbols_are_written() -> None:
    either = sp.Symbol("r")
    assert smtlib.elementary(sp.exp(either), sp.exp(either), "test") is None
    gap = symbolic.identity("i", sp.exp(either + 1), sp.exp(either) * sp.E, "w")
    assert gap.certificate
    assert gap.certificate.scripts == ()


def test_ends_hold_what_mpmath_finds() -> None:
    """Exponentials and logarithms of fractions, at 60 digits."""
    mpmath.mp.dps = 60
    draw = random.Random(0)
    for _ in range(200):
        number = Fraction(draw.randint(-400, 400), draw.randint(1, 60))
        point = {"|x|": number, "|y|": abs(number) + Fraction(1, 97)}
        for tree, exact in (
            (["exp", "|x|"], mpmath.exp(mpmath.mpf(number.numerator) / number.denominator)),
            (
                ["log", "|y|"],
                mpmath.log(mpmath.mpf(point["|y|"].numerator) / point["|y|"].denominator),
            ),
        ):
            low, high = between(tree, point)
            ends = [mpmath.mpf(end.numerator) / end.denominator for end in (low, high)]
            slack = abs(exact) * mpmath.mpf(10) ** -55
            assert ends[0] - slack <= exact <= ends[1] + slack
            assert high - low < Fraction(1, 10**25) * max(1, abs(high))


def test_it_shares_no_code_with_what_it_checks() -> None:
    imported: set[str] = set()
    for module in (
        recheck_kinds,
        recheck_arithmetic,
        recheck_balls,
        recheck_bounds,
        recheck_flow,
        recheck_runs,
    ):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
    assert {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names} == {
        "refutable.recheck_arithmetic",
        "refutable.recheck_balls",
        "refutable.recheck_bounds",
        "refutable.recheck_flow",
        "refutable.recheck_runs",
    }
