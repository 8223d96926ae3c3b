"""Noisy gradients: a constant step has a floor, a falling step has none."""

from __future__ import annotations

from fractions import Fraction
from math import log

import sympy as sp
import torch

from first_order.functions import EXACT
from refutable import Claim, Provenance, at_least, equal, scaling, symbolic


def next_moment(moment, step, h, variance):
    """E x² after a step x - η(hx + noise) on ½hx²."""
    return (1 - step * h) ** 2 * moment + step**2 * variance


def moments(steps, h, variance, start):
    """E x_t² for a sequence of steps, from E x_0²."""
    found = [start]
    for step in steps:
        found.append(next_moment(found[-1], step, h, variance))
    return found


floor_claim = Claim(
    id="sgd.floor",
    title="With a constant step the error stays at ησ²/(h(2-ηh))",
    statement=r"\mathbb E\,x_t^2\to\frac{\eta\sigma^2}{h(2-\eta h)},\quad f(x)=\tfrac12hx^2",
    provenance=Provenance.DERIVED,
    assumptions=("f quadratic", "independent noise of variance σ²", "0 < ηh < 2"),
)


def floor(step, h, variance):
    """The limit of E x_t², claimed."""
    return step * variance / (h * (2 - step * h))


@floor_claim.leg("symbolic")
def the_floor_is_a_fixed_point(context):
    """And what is above it shrinks by (1 - ηh)² per step."""
    step, h, variance, above = sp.symbols("eta h sigma2 d", positive=True)
    low = floor(step, h, variance)
    after = next_moment(low + above, step, h, variance) - low
    yield symbolic.identity("above the floor", after, (1 - step * h) ** 2 * above, "expanded")


@floor_claim.leg("trained")
def torch_stays_there(context):
    """`torch.optim.SGD` with Gaussian noise on many coordinates at once."""
    n, variance = context.at(quick=20_000, full=200_000), 2.0
    generator = torch.Generator().manual_seed(context.seed % 2**63)
    for step in (0.1, 0.5, 1.5):
        x = torch.zeros(n, dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.SGD([x], lr=step)
        for _ in range(60):
            noise = torch.randn(n, generator=generator, dtype=torch.float64) * variance**0.5
            x.grad = x.detach() + noise
            optimiser.step()
        measured = float((x.detach() ** 2).mean())
        expected = floor(step, 1.0, variance)
        # x is Gaussian, so that the mean of n squares has a standard error of √(2/n); 7 of them,
        # and what is left of the start, 0.81^60 = 3e-6
        room = expected * (7 * (2 / n) ** 0.5 + 4e-6)
        yield equal(f"mean of x², η = {step}", measured, expected, room, "7 standard errors",
                    false_alarm=1e-10)  # fmt: skip


@floor_claim.leg("scaling")
def it_falls_with_the_step(context):
    """E x² after 20/η steps is a constant times η."""
    steps = [2.0**-k * (1 - 0.2 * (k % 2)) for k in range(6, 14)]
    left = [moments([s] * round(20 / s), 1.0, 1.0, 1.0)[-1] for s in steps]
    logs = [-log(s) for s in steps]
    yield from scaling.power_law(
        "E x²", logs, [log(y) for y in left], exponent=-1, x_label="log 1/η"
    )
    yield from scaling.limit(
        "E x²/η", logs, [y / s for y, s in zip(left, steps, strict=True)], 0.5,
        tolerance=1e-3, why="1/(2 - η), η = 1e-4", x_label="log 1/η",
    )  # fmt: skip


floor_claim.mistake(floor, "ησ²/2h, as for small steps", lambda f: lambda s, h, v: s * v / (2 * h))
floor_claim.mistake(next_moment, "the noise enters once, not squared",
                    lambda f: lambda m, s, h, v: (1 - s * h) ** 2 * m + s * v)  # fmt: skip

falling = Claim(
    id="sgd.falling",
    title="With steps 1/(ht) the error falls like σ²/(h²t), whatever the start",
    statement=r"\mathbb E\,x_t^2=\frac{\sigma^2}{h^2t},\quad\eta_t=\frac1{ht}",
    provenance=Provenance.DERIVED,
    assumptions=("f quadratic", "independent noise of variance σ²"),
    rests_on=("sgd.floor",),
)


def left_after(t, h, variance):
    """E x_t², claimed."""
    return variance / (h**2 * t)


@falling.leg("symbolic")
def by_induction(context):
    """The first step forgets the start; each step takes σ²/(h²(t-1)) to σ²/(h²t)."""
    t, h, variance, start = sp.symbols("t h sigma2 m", positive=True)
    first = next_moment(start, 1 / h, h, variance)
    yield symbolic.identity("t = 1", first, left_after(1, h, variance), "expanded")
    after = next_moment(left_after(t - 1, h, variance), 1 / (h * t), h, variance)
    yield symbolic.identity("t - 1 to t", after, left_after(t, h, variance), "expanded")


@falling.leg("exact", scope="t ≤ 60, h = 3/2, σ² = 2")
def step_by_step(context):
    """The moments in fractions, from two starts."""
    h, variance = Fraction(3, 2), Fraction(2)
    for start in (Fraction(0), Fraction(100)):
        found = moments([1 / (h * t) for t in range(1, 61)], h, variance, start)
        for t in (1, 2, 10, 60):
            yield equal(
                f"E x_t², t = {t} from {start}", found[t], left_after(t, h, variance), 0, EXACT
            )


falling.mistake(left_after, "σ²/(h²t²)", lambda f: lambda t, h, v: f(t, h, v) / t)
falling.mistake(next_moment, "no noise", lambda f: lambda m, s, h, v: f(m, s, h, 0))

no_floor = Claim(
    id="sgd.floor.original",
    original_of="sgd.floor",
    title="Refuted: with a small enough constant step, SGD converges to the optimum",
    statement=r"\text{false: }\mathbb E\,x_t^2\to 0\text{ for }\eta\text{ small}",
    measured="½x², σ² = 1, η = 1/100: after 1, 10 and 100 steps from the optimum itself",
    provenance=Provenance.DERIVED,
)


@no_floor.leg("exact", scope="one counterexample")
def it_leaves_the_optimum(context):
    """E x² is η² after a step from 0, and only grows."""
    step, one = Fraction(1, 100), Fraction(1)
    found = moments([step] * 100, one, one, Fraction(0))
    for t in (1, 10, 100):
        shown = {"f": "½x²", "eta": "1/100", "x_0": 0, "E x_t²": float(found[t])}
        yield at_least(f"E x_t², t = {t}", found[t], step**2, 0, EXACT, witness=shown)


no_floor.mistake(next_moment, "no noise", lambda f: lambda m, s, h, v: f(m, s, h, 0))

CLAIMS = (floor_claim, falling, no_floor)
