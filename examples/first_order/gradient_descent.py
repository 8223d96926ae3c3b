"""Gradient descent with step 1/L leaves at most LR²/(4N+2) of a smooth convex function."""

from fractions import Fraction

from hypothesis import strategies as st

from first_order.functions import descend, fractions, functions, huber
from refutable import at_most, claim, for_all, ladder


def bound(L, R, N):
    """What N steps leave from a distance R, claimed."""
    return L * R**2 / (4 * N + 2)


@claim("gd.rate", r"f(x_N)-f_\star\le L\,\|x_0-x_\star\|^2/(4N+2)",
       source="Drori & Teboulle (2014), Theorem 3.1")  # fmt: skip
@for_all(f=functions(), x=fractions(1, 2), N=st.integers(1, 5),
         regimes={"bent": lambda f: f.knots, "quadratic": lambda f: not f.knots})  # fmt: skip
def rate(f, x, N):
    """Gradient descent leaves at most LR²/(4N+2), and no less."""
    return at_most("f(x_N)", f.value(descend(f, x, 1 / f.L, N)), bound(f.L, x, N))


@rate.leg("scaling")
def huber_attains_it(context):
    """With its corner at R/(2N+1), R = 1."""
    corners = {N: huber(Fraction(1, 2 * N + 1)) for N in (6, 11, 20, 37, 70, 135, 264)}
    left = ladder(lambda N: corners[N].value(descend(corners[N], Fraction(1), 1, N)), [*corners])
    yield from left.over("1/N").tends_to(1 / 4, tolerance=1e-3, why="N/(4N + 2) = 1/4 - 1/8N")


rate.mistake(bound, "a step is gained", lambda f: lambda L, R, N: f(L, R, N + 1))
