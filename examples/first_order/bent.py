"""How far assumptions can be bent: longer steps, dents, noise, curvature that varies."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from first_order import gradient_descent, heavy_ball, nesterov
from first_order.functions import Convex, descend, square
from refutable import Audit, Dial, Statement, at_most

STEP = Dial(
    name="step",
    assumption="step 1/L",
    title="step η over 1/L",
    source="Drori & Teboulle (2014)",
    enters="optimiser",
    grid=(1, 1.2, 1.4, 1.6, 1.8, 2, 2.2),
)
DENT = Dial(
    name="dent",
    assumption="f convex",
    title="curvature -d between 1/2 and 3/4",
    source="Drori & Teboulle (2014)",
    enters="function",
    grid=(0, 0.25, 0.5, 1, 1.5, 2, 3),
)
NOISE = Dial(
    name="noise",
    assumption="exact gradients",
    title="standard deviation of Gaussian noise in each gradient, over LR",
    source="Drori & Teboulle (2014)",
    enters="gradient",
    grid=(0, 0.01, 0.03, 0.1, 0.3, 1),
)
STIFFNESS = Dial(
    name="varying-curvature",
    assumption="f quadratic",
    title="curvature between 1 and 2, of 25 elsewhere",
    source="Lessard, Recht & Packard (2016)",
    enters="function",
    grid=(25, 20, 15, 10, 5, 2, 1),
)


class Noisy:
    """A function with noise in its gradient."""

    def __init__(self, f, sigma, seed):
        self.f, self.sigma, self.draw = f, sigma, np.random.default_rng(seed)

    def gradient(self, x):
        """f'(x), and noise."""
        return float(self.f.gradient(x)) + self.sigma * self.draw.standard_normal()


def bent(base, dials, seed):
    """The function, its gradient with noise, and the step, with dials turned; L = R = 1.

    The function is the square, or one that goes on at a constant slope from 1/2 on unless it is
    dented there.
    """
    tail = Convex((0.5, 0.75), (1.0, -dials.get("dent", 0), 0.0))
    f = square(1.0) if base["function"] == "square" else tail
    return f, Noisy(f, dials.get("noise", 0), seed), dials.get("step", 1.0)


def gradient_descent_keeps_its_bound(base, dials, seed, profile):
    """gd.rate at one function."""
    f, noisy, step = bent(base, dials, seed)
    left = f.value(descend(noisy, 1.0, step, base["N"]))
    share = left / gradient_descent.bound(1, 1, base["N"])
    yield at_most("f(x_N) over its bound", share, 1, 1e-12, "float64")


def nesterov_keeps_its_bound(base, dials, seed, profile):
    """nesterov.rate at one function."""
    f, noisy, step = bent(base, dials, seed)
    left = f.value(nesterov.path(noisy, 1.0, step, base["N"])[-1])
    share = left / float(nesterov.bound(1, 1, base["N"]))
    yield at_most("f(x_N) over its bound", share, 1, 1e-12, "float64")


def the_ball_arrives(base, dials, seed, profile):
    """heavy.quadratics on a function that is less and less a quadratic."""
    f = Convex((1.0, 2.0), (25.0, dials.get("varying-curvature", 25.0), 25.0))
    left = abs(heavy_ball.roll(f, base["start"], 300, *heavy_ball.tuned(1.0, 5.0)))
    yield at_most("|x_t|", left, 1e-3, 0, "(2/3)^300 = 1e-53 on a quadratic")


BASES = ({"function": "square", "N": 4}, {"function": "tail from 1/2", "N": 4})
OURS = {"step", "dent", "noise"}


def simpler(base):
    """Fewer steps."""
    return st.sampled_from([{**base, "N": N} for N in range(1, base["N"])])


AUDIT = Audit(
    (STEP, DENT, NOISE, STIFFNESS),
    (
        Statement(
            claim="gd.rate",
            measured="f(x_4) ≤ LR²/18 on the square, and on one that goes on as a tangent",
            bases=BASES,
            check=gradient_descent_keeps_its_bound,
            untestable=lambda dial: None if dial in OURS else "needs no quadratic",
            simpler=simpler,
            main=True,
        ),
        Statement(
            claim="nesterov.rate",
            measured="f(x_4) ≤ 2LR²/25 on the square, and on one that goes on as a tangent",
            bases=BASES,
            check=nesterov_keeps_its_bound,
            untestable=lambda dial: None if dial in OURS else "needs no quadratic",
            simpler=simpler,
            main=True,
        ),
        Statement(
            claim="heavy.quadratics",
            measured="|x_300| ≤ 1e-3 from 3.3, μ = 1 and L = 25",
            bases=({"start": 3.3},),
            check=the_ball_arrives,
            untestable=lambda dial: (
                "for its own step and exact gradients" if dial in OURS else None
            ),
            random=False,
            main=True,
        ),
    ),
)
