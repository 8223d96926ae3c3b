"""A grade is earned: rounding, tolerance, chance or a range left open, and it is no proof."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
import sympy as sp
import torch

from refutable import check, gap
from refutable.claim import Claim, Context, Grade, Kind, LegFunction, Provenance, Verdict
from refutable.gap import Gap
from refutable.prove import boxes, inequality, smt, symbolic
from refutable.records.results import LegRecord
from refutable.reports import words
from refutable.rounding import is_rounded

x = sp.Symbol("x", real=True)
flint = pytest.importorskip("flint")


def record(kind: str, leg: LegFunction, profile: Any = "quick", **rest: Any) -> LegRecord:
    claim = Claim(id="c", title="c", statement="c", provenance=Provenance.DERIVED)
    claim.leg(kind, **rest)(leg)
    return check.check_leg(claim, Kind(kind), profile, 0)


def yielding(*make: Callable[[], Any]) -> LegFunction:
    def leg(context: Context) -> Any:
        for one in make:
            yield one()

    return leg


def whole() -> Gap:
    return gap.equal("sum", 2 + 2, 4, 0, "counted")


def fraction() -> Gap:
    return gap.at_most("share", Fraction(1, 3), Fraction(1, 2), 0, "fractions")


def shown() -> Gap:
    return symbolic.identity("square", (x + 1) ** 2, x**2 + 2 * x + 1, "expanded")


ROUNDED = {
    "float": lambda: gap.equal("x", 0.5, Fraction(1, 2), 0, "r"),
    "float bound": lambda: gap.at_most("x", Fraction(1, 3), 0.5, 0, "r"),
    "tolerance": lambda: gap.equal("x", Fraction(1, 3), Fraction(1, 2), 1, "r"),
    "small tolerance": lambda: gap.equal("x", 1, 1, Fraction(1, 10**30), "r"),
    "numpy float": lambda: gap.equal("x", np.float64(1), 1, 0, "r"),
    "torch float": lambda: gap.equal("x", torch.ones(()), 1, 0, "r"),
    "decimal": lambda: gap.equal("x", decimal.Decimal(1), 1, 0, "r"),
    "mpf": lambda: gap.equal("x", mpmath.mpf(1), 1, 0, "r"),
    "SymPy decimal": lambda: gap.equal("x", sp.Float(1), 1, 0, "r"),
    "almost whole": lambda: gap.equal(
        "x", sp.exp(sp.pi * sp.sqrt(163)).evalf(50) - 262537412640768744, 0, 1e-9, "r"
    ),
    "identical floats": lambda: gap.identical("x", [1, 0.5], [1, 0.5], "r"),
    "identical arrays": lambda: gap.identical("x", np.ones(3), np.ones(3), "r"),
    "decimal text": lambda: gap.identical("x", f"{1 / 3:.6f}", "0.333333", "r"),
    "rounding": lambda: gap.tight("x", 1, 1, 0, "r", rounding=Fraction(1, 8)),
    "chance": lambda: gap.equal("x", 1, 1, 0, "r", false_alarm=1e-9),
}  # fmt: skip
EXACT = {
    "whole": whole,
    "fraction": fraction,
    "SymPy number": lambda: gap.at_most("x", sp.sqrt(2), Fraction(3, 2), 0, "r"),
    "flint": lambda: gap.equal("x", flint.fmpq(1, 2), Fraction(1, 2), 0, "r"),
    "ball": lambda: gap.at_most("x", flint.arb(1).exp(), 3, 0, "r"),
    "numpy whole": lambda: gap.equal("x", np.int64(3), 3, 0, "r"),
    "identical": lambda: gap.identical("x", {1: [Fraction(1, 2)]}, {1: [Fraction(1, 2)]}, "r"),
    "identical arrays": lambda: gap.identical("x", np.arange(3), np.arange(3), "r"),
    "no chance": lambda: gap.equal("x", 1, 1, 0, "r", false_alarm=0),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["exact", "symbolic", "smt", "enclosed"])
@pytest.mark.parametrize("make", ROUNDED.values(), ids=ROUNDED)
def test_what_was_rounded_tolerated_or_drawn_is_searched(kind: str, make: Any) -> None:
    """Whatever the leg is called, whatever else it shows, and whatever range it says."""
    found = record(kind, yielding(shown, whole, make), scope="everything")
    assert found.verdict is Verdict.HOLDS
    assert found.grade is Grade.SEARCHED
    assert found.grade_reason
    assert words.grade(found) == "searched"


@pytest.mark.parametrize("kind", ["exact", "symbolic", "smt", "enclosed"])
@pytest.mark.parametrize("make", EXACT.values(), ids=EXACT)
def test_what_was_compared_exactly_is_proved_for_the_range_that_the_leg_names(
    kind: str, make: Any
) -> None:
    found = record(kind, yielding(shown, make), scope="P ≤ 24")
    assert (found.verdict, found.grade, found.scope) == (Verdict.HOLDS, Grade.PROVED, "P ≤ 24")
    assert words.grade(found) == "proved for P ≤ 24"
    unnamed = record(kind, yielding(shown, make))
    assert unnamed.grade is Grade.SEARCHED
    assert unnamed.grade_reason
    assert "scope" in unnamed.grade_reason


def test_what_deciders_show_needs_no_range() -> None:
    for kind in ("symbolic", "smt", "exact"):
        found = record(kind, yielding(shown))
        assert (found.grade, found.scope, found.grade_reason) == (Grade.PROVED, None, None)


@pytest.mark.parametrize("kind", ["property", "trained", "scaling"])
def test_no_range_makes_a_search_or_a_training_a_proof(kind: str) -> None:
    found = record(kind, yielding(shown, whole), scope="everything")
    assert found.grade is Kind(kind).grade is not Grade.PROVED


@pytest.mark.parametrize(
    "draw",
    [
        lambda context: context.rng().random(),
        lambda context: np.random.rand(),
        lambda context: torch.rand(1),
        lambda context: context.seed,
    ],
    ids=["context.rng", "numpy", "torch", "seed"],
)
def test_configurations_that_chance_picked_are_searched(draw: Any) -> None:
    def leg(context: Context) -> Any:
        draw(context)
        yield gap.equal("x", 1, 1, 0, "counted", false_alarm=0)

    found = record("exact", leg, scope="everything")
    assert found.grade is Grade.SEARCHED
    assert found.grade_reason
    assert "at random" in found.grade_reason


def test_a_range_may_grow_with_the_profile() -> None:
    scope = {"quick": "P ≤ 12", "deep": "P ≤ 40"}
    for profile, said in (("quick", "P ≤ 12"), ("full", "P ≤ 12"), ("deep", "P ≤ 40")):
        assert record("exact", yielding(whole), profile, scope=scope).scope == said
    late = record("exact", yielding(whole), scope={"deep": "P ≤ 40"})
    assert (late.scope, late.grade) == (None, Grade.SEARCHED)


def test_where_one_decider_decides_the_grade_says_so() -> None:
    def alone(context: Context) -> Any:
        yield smt.decided("square", [], x**2 >= 0, "one number")

    found = record("smt", alone)
    assert found.grade is Grade.PROVED
    assert words.grade(found) == "proved (one decider)"
    assert found.remarks == ("decided by one decider alone: square",)

    def together(context: Context) -> Any:
        yield from inequality.consistent("an interval", [x >= 0, x <= 1], "one number")
        yield from inequality.proved("square", [x >= 0, x <= 1], x**2 <= x, "one number")

    found = record("smt", together)
    assert words.grade(found) == "proved"
    assert not found.remarks
    assert isinstance(boxes.decided("square", [x >= 0, x <= 1], x**2 <= x, "one number"), Gap)


def test_what_does_not_hold_has_neither_grade_nor_closeness() -> None:
    wrong = record(
        "exact", yielding(whole, lambda: gap.at_most("x", 3, 2, 0, "counted")), scope="all"
    )
    assert wrong.verdict is Verdict.FAILS
    assert words.grade(wrong) == ""
    assert wrong.closeness is None
    claim = Claim(id="c", title="c", statement="c", provenance=Provenance.DERIVED)
    claim.leg("exact", scope="all")(yielding(whole))
    claim.leg("property")(yielding(lambda: gap.at_most("x", 3, 2, 0, "counted")))
    legs = [check.check_leg(claim, kind, "quick", 0) for kind in claim.legs]
    judged = check.claim_record(claim, legs, ())
    assert (judged.verdict, judged.grades, judged.closeness) == (Verdict.FAILS, (), None)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1, False), (True, False), (Fraction(1, 3), False), (None, False), ("A", False),
        ("1/3", False), ("12", False), ("1.5", True), ("-3e5", True), ("nan", True), (1.0, True),
        (1j, True), ([[1, [2.0]]], True), ({"a": 1}, False), ({"a": 1.0}, True), ({1.0}, True),
        (np.int8(1), False), (np.float16(1), True), (np.array([1, 2.0], dtype=object), True),
        (np.array(["a"]), False), (torch.ones(2), True), (torch.ones(2, dtype=torch.int64), False),
        (x + sp.Rational(1, 2), False), (x + 0.5, True), (sp.pi, False), (mpmath.mpf(1), True),
        (mpmath.iv.mpf([1, 2]), False), (flint.arb(1), False), (flint.fmpz(1), False),
        (decimal.Decimal(1), True), (pd.Series([1, 2]), False),
        (pd.DataFrame({"a": [1], "b": [0.5]}), True),
    ],
    ids=repr,
)  # fmt: skip
def test_types_that_round(value: Any, rounded: bool) -> None:
    assert is_rounded(value) is rounded
