"""Enclosed flows are followed again by claims-recheck, from equations written once more."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, arb_series, ctx

from refutable import recheck_kinds
from refutable.claims.mae import flow_script
from refutable.claims.mae.enclosed_flow import spoiled
from refutable.model import ball_events, ball_flow
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind
from refutable.recheck_balls import Ball
from refutable.recheck_flow import Form
from tests.refutable.forging import forgeries, verdict

PUSHED = Setting(P=100, kappa_c=0.9, kappa_s=0.3, gamma=0.25, latents=Latents.constant(1.25))
"""The global correlation moves first: both forms are used."""
OTHER = Setting(P=1000, kappa_c=0.6, kappa_s=0.4, gamma=0.75, K=3)
NONE = re.compile(r"\b(W_1|a_1|ups_1|per_first)\b")
EASY = Fraction(1, 20)
"""A loss gap that is reached after some hundred steps."""


def script(setting: Setting, query: QueryKind) -> str:
    found = ball_events.enclose(setting, query, EASY)
    (text,) = flow_script.certificate(setting, query, EASY, found).scripts
    return text


@pytest.mark.parametrize(
    ("setting", "query"), [(PUSHED, "local"), (OTHER, "local"), (PUSHED, "global")]
)
def test_the_path_is_found_again(setting: Setting, query: QueryKind) -> None:
    text = script(setting, query)
    pushed = setting is PUSHED and query == "local"
    assert ("(phase own)" in text) == ("(event switch" in text) == pushed
    assert verdict(text) == "accepted"


def test_no_number_can_be_changed() -> None:
    """All but what a global query has none of, and the lengths of steps."""
    changed = [
        (line, other)
        for line, other in forgeries(script(PUSHED, "global"))
        if not line.startswith("(take") and not NONE.search(line)
    ]
    assert len(changed) > 50
    for line, other in changed:
        assert verdict(other) == "rejected", line


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(state phi_m 0)", ""),
        ("(slope phi_m", "(slope ups_1"),
        ("(slope phi_m", "(let phi_m"),
        ("(phase first)", ""),
        ("(event half half)", "(event half done)"),
        ("(event half half)", "(event half S)"),
        ("(positive behind done)", "(positive h done)"),
        ("(take first ", "(take first 400000 "),
        ("(take first ", "(take first (- 5) "),
        ("(take first ", "(take last "),
    ],
)
def test_a_flow_that_says_something_else_is_not_accepted(before: str, after: str) -> None:
    text = script(PUSHED, "global")
    assert before in text
    assert verdict(text.replace(before, after, 1)) != "accepted"


def test_a_mistake_of_the_prover_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = spoiled("own", 1 + 1e-6)
    monkeypatch.setattr(ball_flow.Flow, "weights", plant(ball_flow.Flow.weights))
    assert verdict(script(PUSHED, "global")) == "rejected"


def test_what_has_no_equations_is_left_open() -> None:
    found = ball_events.enclose(PUSHED, "global", EASY)
    (alone,) = flow_script.path_alone(found, "they are long").scripts
    assert "(through" in alone
    assert recheck_kinds.verdict(alone) == ("not checkable", "they are long")


@pytest.mark.parametrize(
    ("term", "exact"),
    [
        (["exp", ["*", "x", "x"]], lambda x: (x * x).exp()),
        (["/", "1", ["+", "1", ["exp", ["-", "x"]]]], lambda x: 1 / (1 + (-x).exp())),
        (["^", ["-", "x", "2"], "3"], lambda x: (x - 2) ** 3),
    ],
)
def test_coefficients_are_those_of_another_library(term: Any, exact: Any) -> None:
    """Of x = x_0 + σ + .., x' = 1 + σ: python-flint's series against the checker's."""
    form = Form(["sigma", "x"], {})
    form.slope["x"] = form.made(["+", "1", "sigma"])
    place = form.made(term)
    start = [Ball.of(Fraction(0), 200), Ball.of(Fraction(3, 10), 200)]
    found = form.series(start, 6, 200)[place]
    before, ctx.cap = ctx.cap, 7
    try:
        x = arb_series([arb(3) / 10, 1, arb("0.5")])
        expected = exact(x)
        for k in range(7):
            exactly = Fraction(float(expected[k])).limit_denominator(10**30)
            assert abs(Fraction(found.middles[k], 2**200) - exactly) < Fraction(1, 10**14)
            assert found.radii[k] < 2**40
    finally:
        ctx.cap = before
