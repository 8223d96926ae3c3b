"""Gradient descent with step 1/L leaves at most LR²/(4N+2) of a smooth convex function."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from first_order.functions import descend, fractions, functions, huber
from refutable import Claim, Provenance, at_most, property, scaling


def bound(L, R, N):
    """What N steps leave from a distance R, claimed."""
    return L * R**2 / (4 * N + 2)


rate = Claim(id="gd.rate", title="Gradient descent leaves at most LR²/(4N+2), and no less",
             provenance=Provenance.STATED, paper="Drori & Teboulle (2014), Theorem 3.1",
             statement=r"f(x_N)-f_\star\le L\,\|x_0-x_\star\|^2/(4N+2)")  # fmt: skip


@rate.leg("property")
def functions_are_searched(context):
    """Convex functions of one variable."""

    def gaps(drawn):
        f, x, N = drawn
        left = f.value(descend(f, x, 1 / f.L, N))
        yield at_most("f(x_N)", left, bound(f.L, x, N), 0, "fractions: nothing is rounded")

    drawn = st.tuples(functions(), fractions(-2, 2), st.integers(1, 5))
    return property.search(context, drawn, gaps, examples=context.at(quick=150, full=1000))


@rate.leg("scaling")
def huber_attains_it(context):
    """With its corner at R/(2N+1), R = 1."""
    ladder = [(N, huber(Fraction(1, 2 * N + 1))) for N in (6, 11, 20, 37, 70, 135, 264)]
    values = [float(N * f.value(descend(f, Fraction(1), 1, N))) for N, f in ladder]
    yield from scaling.limit("N f(x_N)/LR²", np.log([N for N, _ in ladder]), values, 1 / 4,
                             tolerance=1e-3, why="N/(4N + 2) = 1/4 - 1/8N")  # fmt: skip


rate.mistake(bound, "a step is gained", lambda f: lambda L, R, N: f(L, R, N + 1))
