"""Five theorems that are wrong, each refuted by a witness."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp
from hypothesis import strategies as st

from deep_linear.edge import descent, sharpness, step_of_both
from deep_linear.flow import loss
from deep_linear.networks import half_time
from refutable import Theta, at_most, claim, for_all, inequality, ladder, leg


@claim("wrong.monotone", r"L(a',b')\le L(a,b)\text{ for }\eta\le 1")
@for_all(a=st.integers(-3, 3), b=st.integers(-3, 3), step=st.fractions(0, 1, max_denominator=4))
def monotone(a, b, step):
    """Steps of gradient descent up to 1 never increase the loss ½(ab - 1)²."""
    after = step_of_both(a, b, 1, step)
    shown = {"a', b'": [str(x) for x in after]}
    return at_most("L", Fraction(loss(after, 1)), Fraction(loss([a, b], 1)), witness=shown)


@claim("wrong.wait", r"t_{1/2}=\Theta(\log 1/a(0))\text{ at every depth}")
@leg("scaling")
def wait(context):
    """The wait at the saddle is logarithmic in the start at every depth."""
    sizes = [10.0**k * (1 + k % 2) for k in range(1, 8)]
    yield from ladder(
        lambda k: half_time(3, 1.0, 1 / k), sizes, name="wait of 3 layers", size="k"
    ).follows(Theta("log(k)"))


@claim("wrong.edge", r"a_t\to a,\ b_t\to b\ \Rightarrow\ a^2+b^2\le 1/\eta")
@for_all(a=st.integers(1, 20), b=st.integers(1, 20), step=st.integers(1, 4))
def edge(a, b, step):
    """Descent comes to rest only where the sharpness is at most 1/η."""
    end = descent(a / 8, b / 8, 1.0, step / 4)
    if end is not None:
        shown = {"eta": step / 4, "end": [round(x, 6) for x in end]}
        found = step / 4 * sharpness(*end)
        yield at_most("η(a² + b²)", found, 1, 1e-15, "five roundings of 1e-16", witness=shown)


@claim("wrong.minimum", r"\nabla L=0\ \Rightarrow\ ab=s")
@leg("smt")
def minimum(context):
    """Every point without slope is a minimum."""
    a, b, s = sp.symbols("a b s", real=True)
    flat = [sp.Eq(sp.expand(sp.diff(loss([a, b], s), u)), 0) for u in (a, b)]
    yield from inequality.proved("ab = s", flat, sp.Eq(a * b, s), "one unit per layer")


@claim("wrong.sharpness", r"a^2+b^2=2s\text{ wherever }ab=s")
@leg("smt")
def equally_sharp(context):
    """All minima are equally sharp."""
    a, b, s = sp.symbols("a b s", positive=True)
    yield from inequality.proved(
        "sharpness", [sp.Eq(a * b, s)], sharpness(a, b) <= 2 * s, "one unit per layer"
    )


CLAIMS = (monotone, wait, edge, minimum, equally_sharp)
