"""Enclosed flows are followed again by claims-recheck, from equations written once more."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, arb_series, ctx

from refutable import recheck_flow
from refutable.claims.mae import counts_script, coupled_script, flow_script
from refutable.claims.mae.enclosed_counts import Rung
from refutable.claims.mae.enclosed_flow import spoiled
from refutable.claims.mae.flow_script import Root
from refutable.model import ball_events, ball_flow
from refutable.model.ball_coupled import CoupledFlow
from refutable.model.ball_fluctuating import FluctuatingFlow, MeanFlow
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind
from refutable.prove.terms import fraction, prefix
from refutable.recheck_arithmetic import read
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


COUNTED = Rung(Setting.of_sizes(9, 3, 2, kappa_c=0.5005, kappa_s=0.3), "global", 0.1)
TWO = Setting.of_sizes(9, 3, 2, kappa_c=0.5005, kappa_s=0.3, latents=Latents.two_point(1.0, 1.5))


def of_counts(rung: Rung, mean: bool = False) -> str:
    kind, gap = (MeanFlow if mean else FluctuatingFlow), Fraction(repr(rung.loss_gap))
    found = ball_events.enclose(rung.setting, rung.query, gap, kind)
    of = counts_script.certificate(rung.setting, rung.query, gap, found, mean=mean)
    return of.scripts[0]


def test_fluctuating_counts_are_followed_again() -> None:
    text = of_counts(COUNTED)
    assert verdict(text) == "accepted"
    early = next(other for line, other in forgeries(text) if line.startswith("(through"))
    for other in (early, text.replace("(constant c_1 (/ ", "(constant c_1 (/ 1", 1)):
        assert other != text
        assert verdict(other) == "rejected"


def test_random_latents_are_followed_again() -> None:
    assert verdict(of_counts(Rung(TWO, "global", 0.15), mean=True)) == "accepted"


MEETING = Setting.of_sizes(10, 4, 3, kappa_c=0.5005, kappa_s=0.3, K=2)


def test_rows_that_meet_are_followed_again() -> None:
    """And no share of keys can be changed, nor a rate of the query that is carried along."""
    gap = Fraction(1, 20)
    found = ball_events.enclose(MEETING, "local", gap, CoupledFlow)
    (text,) = coupled_script.certificate(MEETING, gap, found).scripts
    assert verdict(text) == "accepted"
    for before, after in (
        ("(constant g_s_local_own_own (/ 1 ", "(constant g_s_local_own_own (/ 2 "),
        ("(constant s_local_self_self (/ 1 ", "(constant s_local_self_self (/ 2 "),
        ("(constant g_per_m (/ 1 ", "(constant g_per_m (/ 2 "),
        ("(let there_global_self (exp g_ups_p))", "(let there_global_self (exp g_ups_n))"),
    ):
        assert before in text, before
        assert verdict(text.replace(before, after, 1)) == "rejected", before


@pytest.mark.parametrize("query", ["local", "global"])
@pytest.mark.parametrize("mean", [True, False])
def test_equations_of_counts_are_those_of_the_reduced_dynamics(
    query: QueryKind, mean: bool
) -> None:
    """Slopes at a point where nothing is 0, square roots and random latents included."""
    setting = Setting.of_sizes(
        40, 10, 5, gamma=0.6, K=2, shared_partition=True, latents=Latents.two_point(0.5, 1.5)
    )
    of = counts_script.equations(setting, query, Fraction(1, 100), mean=mean)
    constants = {
        name: recheck_flow.constant(
            read(f"{value if isinstance(value, Root) else fraction(value)}")[0]
        )
        for name, value in of.constants.items()
    }
    form = Form(["sigma", *of.state, "phi_1", "phi_n"], constants)
    for name, formula in {**of.weights, **flow_script.RATES[False]}.items():
        form.place[name] = form.made(read(prefix(formula))[0])
    names = [*of.slopes, "fall", "rise"]
    places = [form.made(read(prefix(of.slopes.get(name, name)))[0]) for name in names]
    row = (0.0, 0.1, 0.05, -0.2, 0.03, 0.0, 0.02, -0.7, 1.1)
    start = [Ball.of(Fraction(repr(x)), 200) for x in (0.0, *row)]
    values = form.series(start, 0, 200)
    found = [float(Fraction(values[place].middles[0], 2**200)) for place in places]
    flow = (MeanFlow if mean else FluctuatingFlow)(setting, query)
    fall, rise, *rest = flow.speeds(arb(row[7]), arb(row[8]), list(map(arb, row[:7])), False)
    slopes = dict(zip(of.state[1:], rest, strict=True))
    for name, number in zip(names, found, strict=True):
        exact = {"fall": fall, "rise": rise, **slopes}[name]
        assert number == pytest.approx(float(exact), rel=1e-13, abs=1e-16), name


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
