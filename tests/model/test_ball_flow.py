"""The enclosed flow is that of the reduced dynamics; what is decided of it agrees with floats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, arb_poly, arb_series, ctx

from refutable.model import ball_events, ball_flow, reduced
from refutable.model.ball_events import EVENTS, Enclosure, enclose
from refutable.model.ball_flow import PHI_M, UPS_1, UPS_M, UPS_N, Flow, NotEnclosedError, Step
from refutable.model.setting import Latents, Setting, SettingError
from refutable.prove.balls import precise

BASE = Setting(P=10**4, kappa_c=0.9, kappa_s=0.3)
SETTINGS = [
    BASE,
    Setting(P=10**3, kappa_c=0.6, kappa_s=0.4, gamma=0.7, latents=Latents.constant(1.5), K=3),
    Setting(P=10**6, kappa_c=1.0, kappa_s=0.3, c_1=0.3, gamma=0.25, latents=Latents.constant(0.7)),
]
GAP = Fraction(1, 1000)


@pytest.mark.parametrize("query", ["local", "global"])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_rates_are_those_of_the_reduced_dynamics(setting: Setting, query: Any) -> None:
    z = setting.latents.L
    at = {
        "phi_global": -0.4, "phi_own": 1.3, "phi_other": 0.2,
        "upsilon_global": 0.1, "upsilon_own": -0.3, "upsilon_other": 0.05,
    }  # fmt: skip
    floats = reduced.mae_rates(setting, query, **at, counts="mean")
    flow = Flow(setting, query)
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m = (arb(v) for v in at.values())
    state = [phi_n * z, phi_m * z, ups_1, ups_n, ups_m, arb(0)]
    for own_waits in (True, False) if query == "local" else (False,):
        fall, rise, to_m, to_1, to_n, to_other, time = map(
            float, flow.speeds(phi_1 * z, phi_n * z, state, own_waits)
        )
        own = setting.C_s if query == "local" else setting.C_1
        # time is t·γρz⁴/K: its speed turns the others into rates.
        per_t = setting.gamma / setting.K * (1 - setting.gamma) * own / setting.P * z**4 / time
        assert rise * per_t / z == pytest.approx(floats.alpha_own, rel=1e-12)
        assert to_m * per_t / z == pytest.approx(floats.alpha_other, rel=1e-11)
        assert to_n * per_t == pytest.approx(floats.beta_own, rel=1e-12)
        assert to_other * per_t == pytest.approx(floats.beta_other, rel=1e-11)
        if query == "local":
            assert -fall * per_t / z == pytest.approx(floats.alpha_global, rel=1e-12)
            assert to_1 * per_t == pytest.approx(floats.beta_global, rel=1e-11)
        else:
            assert fall == to_1 == 0


@pytest.mark.parametrize("query", ["local", "global"])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_events_lie_where_a_sharper_integrator_finds_them(setting: Setting, query: Any) -> None:
    found = enclose(setting, query, GAP)
    run = reduced.mae(setting, query, loss_gap=float(GAP), rtol=1e-12, counts="mean")
    z, own = setting.latents.L, setting.C_s if query == "local" else setting.C_1
    unit = math.log(setting.gamma * (1 - setting.gamma) * own / setting.P * z**4 / setting.K)
    for event in EVENTS:
        exact, seen = getattr(found, event), getattr(run, event)
        assert (exact is None) == (seen is None)
        if exact is not None:
            assert exact.widest < 1e-8
            assert math.log(exact.time[0]) - unit == pytest.approx(seen.log_t, abs=1e-8)
            assert float(exact.phi_own[0]) == pytest.approx(z * seen.phi_own, abs=1e-8)
            assert float(exact.phi_global[0]) == pytest.approx(z * seen.phi_global, abs=1e-8)
    assert found.pushed
    assert found.own_first == (found.switch is None)


@pytest.mark.parametrize(
    ("order", "left_out"), [(ball_flow.ORDER, ball_flow.LEFT_OUT), (3, Fraction(1, 1000))]
)
def test_a_step_holds_the_end_of_finer_steps(
    order: int, left_out: Fraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same σ by steps of another length and order: balls meet.

    At a low order the balls hold it by what the polynomial leaves out alone.
    """

    def at_one() -> list[arb]:
        for step in ball_flow.steps(BASE, "local", 2.0):
            if step.sigma + step.length > 1:
                return step.state(1 - step.sigma)
        raise AssertionError

    with monkeypatch.context() as coarser:
        coarser.setattr(ball_flow, "ORDER", order)
        coarser.setattr(ball_flow, "LEFT_OUT", left_out)
        coarse = at_one()
    monkeypatch.setattr(ball_flow, "LONGEST", Fraction(1, 64))
    monkeypatch.setattr(ball_flow, "ORDER", 24)
    fine = at_one()
    for a, b in zip(coarse, fine, strict=True):
        assert a.overlaps(b)
        assert float(b.rad()) < 1e-12 * float(abs(b).mid())
    assert order > 3 or not any(a.mid().overlaps(b) for a, b in zip(coarse, fine, strict=True)), (
        "the middles alone would do"
    )


def test_the_box_holds_the_polynomial_and_what_it_leaves_out() -> None:
    """Of every step, strictly: the next coefficient was taken over all states that are passed."""

    class Spy(Flow):
        box: Sequence[arb] = ()

        def slope(self, state: Any, sigma: Any, follows_own: bool) -> list[Any]:
            if isinstance(state[0], arb_series):
                self.box = [x[0] for x in state]
            return super().slope(state, sigma, follows_own)

    for setting in SETTINGS:
        for step in itertools.islice(ball_flow.steps(setting, "local", 40, Spy), 60):
            box = step.flow.box  # type: ignore[attr-defined]
            assert not all(x.is_exact() for x in box)
            for p, tail, held in zip(step.polynomials, step.tails, box, strict=True):
                (low, high), (least, most) = map(ball_events.ends, (p(step.whole), held))
                left_out = ball_events.ends(tail)[1]
                assert least < low - left_out <= high + left_out < most


def test_what_is_left_out_is_the_next_coefficient_over_the_box(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One order more at the start is within it, and no box that is too wide is taken."""
    step = next(iter(ball_flow.steps(BASE, "local", 1)))
    monkeypatch.setattr(ball_flow, "ORDER", ball_flow.ORDER + 1)
    more = next(iter(ball_flow.steps(BASE, "local", 1)))
    power = step.length**ball_flow.ORDER
    for p, tail in zip(more.polynomials, step.tails, strict=True):
        assert abs(p[ball_flow.ORDER]) * power <= tail


@pytest.mark.parametrize(("order", "left_out"), [(18, Fraction(1, 10**13)), (2, Fraction(1, 100))])
def test_a_solution_that_is_known_is_held_up_to_its_pole(
    order: int, left_out: Fraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of x' = x², x(0) = 1, it is 1/(1 - σ); of y' = σ, which reads the clock, σ²/2."""

    class Pole(Flow):
        def __init__(self) -> None:
            pass

        def slope(self, state: Any, sigma: Any, follows_own: bool) -> list[Any]:
            return [state[0] * state[0], sigma + 0 * state[1]]

    def follow() -> Iterator[Step]:
        state, sigma, longest = [arb(1), arb(0)], arb(0), ball_flow.LONGEST
        while True:
            step, longest = ball_flow._step(Pole(), state, sigma, True, longest)
            yield step
            state, sigma = step.state(step.length), sigma + step.length

    monkeypatch.setattr(ball_flow, "ORDER", order)
    monkeypatch.setattr(ball_flow, "LEFT_OUT", left_out)
    end = arb(0)
    with precise(), suppress(NotEnclosedError):  # no step is short enough beside the pole
        for step in follow():
            for quarter in range(5):
                after = step.length * quarter / 4
                end = step.sigma + after
                x, y = step.state(after)
                assert x.contains((1 / (1 - end)).mid())
                assert y.contains((end * end / 2).mid())
    assert 0.9 < end < 1


def test_precision_is_put_back() -> None:
    before = ctx.prec, ctx.cap
    enclose(BASE.replace(kappa_c=0.6), "local", Fraction(1, 10))
    assert (ctx.prec, ctx.cap) == before


SPOILED: dict[str, Callable[[Any], Any]] = {
    "W_1² twice in M": lambda w: replace(w, own=w.own + w.W_n * (w.S - w.d) ** 2),
    "α_1 by 1e-6": lambda w: replace(w, pushed=w.pushed * arb("1.000001")),
    "time by 1e-6": lambda w: replace(w, S=w.S * arb("1.000001")),
}


@pytest.fixture(scope="module")
def right() -> Enclosure:
    return enclose(BASE, "local", GAP)


@pytest.mark.parametrize("plant", SPOILED.values(), ids=SPOILED)
def test_a_wrong_term_leaves_the_floats_outside(
    plant: Callable[[Any], Any], right: Enclosure, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = Flow.weights
    monkeypatch.setattr(Flow, "weights", lambda *given: plant(weights(*given)))
    wrong = enclose(BASE, "local", GAP)
    low, high = right.half.time
    assert wrong.half.time[1] < low or wrong.half.time[0] > high


def falls_and_rises(w: ball_flow.Weights) -> Any:
    """Below 0 for a part of one step only, around A_n = ½."""
    off = w.d / w.W_n - 1
    return off * off - 1e-6


def test_what_cannot_be_decided_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="constant latents"):
        enclose(BASE.replace(latents=Latents.two_point(0.5, 1.5)), "local", GAP)
    with pytest.raises(NotEnclosedError, match="learned at Q = 0"):
        enclose(BASE, "local", Fraction(1, 2))
    with monkeypatch.context() as turning:
        turning.setattr(ball_events, "short_of_half", falls_and_rises)
        with pytest.raises(NotEnclosedError, match="not seen to fall"):
            enclose(BASE, "local", GAP)
    monkeypatch.setattr(ball_events, "_longest", lambda *_: 1.0)
    with pytest.raises(NotEnclosedError, match="has not come"):
        enclose(BASE, "local", GAP)


def test_the_largest_moduli_are_those_of_the_reduced_dynamics() -> None:
    """And they are not above those at the end, which comes last."""
    setting = Setting(P=1000, kappa_c=0.9, kappa_s=0.3)
    found = enclose(setting, "local", Fraction(1, 20))
    run = reduced.mae(setting, "local", loss_gap=0.05, counts="mean")
    for place, path in (
        (PHI_M, run.phi_other),
        (UPS_1, run.upsilon_global),
        (UPS_N, run.upsilon_own),
        (UPS_M, run.upsilon_other),
    ):
        low, high = found.largest[place]
        assert low <= high
        assert float(high) == pytest.approx(float(abs(path).max()), rel=1e-6)
        assert high <= max(map(abs, found.states["done"][place])) * (1 + Fraction(1, 10**8))


def test_a_largest_modulus_inside_a_step_is_seen() -> None:
    """Of x = σ(1-σ) on one step from 0 to 1: ¼ in the middle, though 0 at both ends."""

    class Bump(Flow):
        def slope(self, state: Any, sigma: Any, follows_own: bool) -> list[Any]:
            return [1 - 2 * sigma + 0 * x for x in state]

    polynomials = tuple(arb_poly([0, 1, -1]) for _ in range(6))
    step = Step(Bump(BASE, "local"), arb(0), arb(1), True, polynomials, (arb(0),) * 6)
    found = ball_events.larger_moduli(step, step.length, {PHI_M: arb(0)})
    assert found[PHI_M].upper() >= arb("0.25")
