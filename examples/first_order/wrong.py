"""Five theorems that are wrong, each refuted by a witness."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp
from hypothesis import strategies as st

from first_order.functions import descend, fractions, functions, square
from first_order.heavy_ball import move
from first_order.noise import moments
from refutable import at_most, claim, for_all, inequality, leg

ONE = Fraction(1)


@claim("wrong.constant", r"f(x_N)-f_\star\le\frac{L\,\|x_0-x_\star\|^2}{4N+4}")
@for_all(f=functions(), N=st.integers(1, 3), examples=300)
def constant(f, N):
    """Gradient descent leaves at most LR²/(4N+4)."""
    return at_most("f(x_N), x_0 = 1", f.value(descend(f, ONE, 1 / f.L, N)), f.L / (4 * N + 4))


@claim("wrong.linear", r"f(x_N)-f_\star\le(\tfrac34)^N(f(x_0)-f_\star)")
@for_all(f=functions(), N=st.integers(1, 3), examples=300)
def linear(f, N):
    """Gradient descent leaves at most (3/4)^N of every smooth convex function."""
    left = f.value(descend(f, ONE, 1 / f.L, N))
    return at_most("f(x_N), x_0 = 1", left, (3 * ONE / 4) ** N * f.value(ONE))


@claim("wrong.long-step", r"f(x-\eta\nabla f(x))\le f(x),\quad\eta\le\tfrac5{2L}")
@leg("smt")
def long_step(context):
    """A step of 5/(2L) never increases a smooth function."""
    x, eta, L = sp.symbols("x eta L", positive=True)
    yield from inequality.proved(
        "f(x - ηg) ≤ f(x)", [2 * eta * L <= 5], (x - eta * L * x) ** 2 <= x**2, "on ½Lx²"
    )


@claim("wrong.momentum", r"f(x_{t+1})\le f(x_t)")
@for_all(h=fractions(0, 1), t=st.integers(0, 5), examples=300)
def momentum(h, t):
    """Momentum of 1/2 never increases f at a step of 1/L, on ½hx² with h ≤ L = 1."""
    f, before, x = square(h), ONE, ONE
    for _ in range(t + 1):
        before, x = x, move(f, x, before, 1, ONE / 2)
    shown = {"x_t": str(before), "x_{t+1}": str(x)}
    return at_most("f(x_{t+1})", f.value(x), f.value(before), witness=shown)


@claim("wrong.falling", r"\eta_t=\tfrac1{(t+1)^2}\ \Rightarrow\ \mathbb E\,x_t^2\to 0")
@leg("exact", scope="½x² without noise")
def falling(context):
    """Steps that fall like 1/t² forget the start."""
    found = moments([ONE / (t + 1) ** 2 for t in range(1, 1001)], 1, 0, ONE)
    shown = {"f": "½x²", "noise": 0, "x_0": 1, "steps": 1000, "x_t": float(found[-1]) ** 0.5}
    yield at_most("E x_t², t = 1000", found[-1], ONE / 100, witness=shown)


CLAIMS = (constant, linear, long_step, momentum, falling)
