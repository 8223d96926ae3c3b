"""Five theorems that are wrong, each refuted by a witness."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp
from hypothesis import strategies as st

from first_order.functions import descend, fractions, functions, square
from first_order.heavy_ball import move
from first_order.noise import moments
from refutable import Claim, Provenance, at_most, inequality, property

EXACT = "fractions: nothing is rounded"


def wrong(id, title, statement):
    """A claim that nobody should believe."""
    return Claim(id=id, title=title, statement=statement, provenance=Provenance.DERIVED)


constant = wrong(
    "wrong.constant",
    "Gradient descent leaves at most LR²/(4N+4)",
    r"f(x_N)-f_\star\le\frac{L\,\|x_0-x_\star\|^2}{4N+4}",
)


@constant.leg("property")
def functions_are_searched(context):
    """From x_0 = 1."""

    def gaps(drawn):
        f, N = drawn
        left = f.value(descend(f, Fraction(1), 1 / f.L, N))
        shown = {"f": f, "x_0": 1, "N": N}
        yield at_most("f(x_N)", left, f.L / (4 * N + 4), 0, EXACT, witness=shown)

    return property.search(context, st.tuples(functions(), st.integers(1, 3)), gaps, examples=300)


linear = wrong(
    "wrong.linear",
    "Gradient descent leaves at most (3/4)^N of every smooth convex function",
    r"f(x_N)-f_\star\le(\tfrac34)^N(f(x_0)-f_\star)",
)


@linear.leg("property")
def flat_functions_are_found(context):
    """From x_0 = 1."""

    def gaps(drawn):
        f, N = drawn
        left, start = f.value(descend(f, Fraction(1), 1 / f.L, N)), f.value(Fraction(1))
        shown = {"f": f, "x_0": 1, "N": N}
        yield at_most("f(x_N)", left, Fraction(3, 4) ** N * start, 0, EXACT, witness=shown)

    return property.search(context, st.tuples(functions(), st.integers(1, 3)), gaps, examples=300)


long_step = wrong(
    "wrong.long-step",
    "A step of 5/(2L) never increases a smooth function",
    r"f(x-\eta\nabla f(x))\le f(x),\quad\eta\le\tfrac5{2L}",
)


@long_step.leg("smt")
def from_the_quadratic_above(context):
    """On ½Lx² itself the bound from above is attained."""
    x, eta, L = sp.symbols("x eta L", positive=True)
    yield from inequality.proved(
        "f(x - ηg) ≤ f(x)", [2 * eta * L <= 5], (x - eta * L * x) ** 2 <= x**2, "one dimension"
    )


momentum = wrong(
    "wrong.momentum",
    "Momentum of 1/2 never increases f at a step of 1/L",
    r"f(x_{t+1})\le f(x_t)",
)


@momentum.leg("property")
def squares_are_searched(context):
    """On ½hx² with h ≤ 1 = L, from x_0 = 1 at rest."""

    def gaps(drawn):
        h, steps = drawn
        f, before, x = square(h), Fraction(1), Fraction(1)
        for _ in range(steps):
            before, x = x, move(f, x, before, 1, Fraction(1, 2))
        shown = {"f": f"½·{h}·x²", "x_t": str(before), "x_{t+1}": str(x)}
        yield at_most("f(x_{t+1})", f.value(x), f.value(before), 0, EXACT, witness=shown)

    return property.search(
        context, st.tuples(fractions(0, 1), st.integers(1, 6)), gaps, examples=300
    )


falling = wrong(
    "wrong.falling",
    "Steps that fall like 1/t² forget the start",
    r"\eta_t=\tfrac1{(t+1)^2}\ \Rightarrow\ \mathbb E\,x_t^2\to 0",
)


@falling.leg("exact", scope="½x² without noise")
def the_start_is_remembered(context):
    """The product of all 1 - 1/(t+1)² is 1/2."""
    found = moments([Fraction(1, (t + 1) ** 2) for t in range(1, 1001)], 1, 0, Fraction(1))
    shown = {"f": "½x²", "noise": 0, "x_0": 1, "steps": 1000, "x_t": float(found[-1]) ** 0.5}
    yield at_most("E x_t², t = 1000", found[-1], Fraction(1, 100), 0, EXACT, witness=shown)


CLAIMS = (constant, linear, long_step, momentum, falling)
