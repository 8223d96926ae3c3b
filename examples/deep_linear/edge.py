"""The edge of stability: which minima gradient descent with a step of η can stay at."""

from __future__ import annotations

from fractions import Fraction
from math import pi

import numpy as np
import sympy as sp
import torch
from flint import arb, ctx
from hypothesis import strategies as st

from refutable import (
    at_least,
    at_most,
    claim,
    equal,
    for_all,
    inequality,
    leg,
    symbolic,
)


def move(x, step, h):
    """A step of gradient descent on ½hx²."""
    return x - step * h * x


def critical(h):
    """The step from which on descent on ½hx² does not converge, claimed."""
    return 2 / h


@claim(
    "eos.quadratic",
    r"|x_{t+1}|<|x_t|\iff\eta<2/h,\quad f=\tfrac12hx^2",
    source="textbooks",
    assumptions=("f quadratic",),
)
class Quadratic:
    """On a quadratic, descent converges below a step of 2/h and diverges above it."""

    def smt(self, context):
        """For every curvature, step and point."""
        x, step, h = sp.symbols("x eta h", positive=True)
        after = move(x, step, h)
        yield from inequality.proved(
            "below", [step < critical(h)], after**2 < x**2, "an eigenvector of any quadratic"
        )
        yield from inequality.proved(
            "above", [step > critical(h)], after**2 > x**2, "an eigenvector of any quadratic"
        )

    @for_all(
        h=st.fractions(Fraction(1, 10), 10), share=st.fractions(0, 2),
        regimes={"below": lambda share: share < 1, "above": lambda share: share > 1},
        require={"below": "*, below", "above": "*, above"},
    )  # fmt: skip
    def property(self, h, share):
        """Thirty steps, in fractions."""
        x = Fraction(1)
        for _ in range(30):
            x = move(x, share * critical(h), h)
        relation = at_most if share <= 1 else at_least
        return relation(f"|x_30|, {'below' if share <= 1 else 'above'}", abs(x), 1)


Quadratic.mistake(critical, "1/h", lambda f: lambda h: f(h) / 2)
Quadratic.mistake(critical, "2.1/h", lambda f: lambda h: f(h) * 21 / 20)


def step_of_both(a, b, s, step):
    """A step on ½(ab - s)²."""
    error = a * b - s
    return a - step * error * b, b - step * error * a


def shrinks(error, step):
    """The factor of a² - b² in a step, claimed."""
    return 1 - step**2 * error**2


@claim(
    "eos.imbalance",
    r"a'^2-b'^2=(1-\eta^2(ab-s)^2)\,(a^2-b^2)",
    rests_on=("dl.drift",),
)
class Imbalance:
    """Every step shrinks the imbalance of two layers by 1 - η²(ab - s)²."""

    def symbolic(self, context):
        """For all layers and steps."""
        a, b, s, step = sp.symbols("a b s eta", real=True)
        new_a, new_b = step_of_both(a, b, s, step)
        after = shrinks(a * b - s, step) * (a**2 - b**2)
        yield symbolic.identity("a² - b²", new_a**2 - new_b**2, after, "layers of one unit")

    @for_all(
        a=st.fractions(-2, 2), b=st.fractions(-2, 2), s=st.fractions(0, 2), step=st.fractions(0, 2),
        regimes={"not balanced": lambda a, b: abs(a) != abs(b), "off": lambda a, b, s: a * b != s},
    )  # fmt: skip
    def property(self, a, b, s, step):
        """In fractions."""
        new_a, new_b = step_of_both(a, b, s, step)
        return equal("a² - b²", new_a**2 - new_b**2, shrinks(a * b - s, step) * (a**2 - b**2))


Imbalance.mistake(shrinks, "by η", lambda f: lambda error, step: 1 - step * error**2)


def sharpness(a, b):
    """The largest eigenvalue of the Hessian of ½(ab - s)² at a minimum, claimed."""
    return a**2 + b**2


def descent(a, b, s, step, most=5000):
    """Where descent comes to rest, or None."""
    for _ in range(most):
        if abs(a * b - s) < 1e-12:
            return a, b
        a, b = step_of_both(a, b, s, step)
        if not abs(a) + abs(b) < 1e6:
            return None
    return None


@claim(
    "eos.end",
    r"a_t\to a,\ b_t\to b\ \Rightarrow\ \lambda_{\max}=a^2+b^2\le 2/\eta;\qquad a^2+b^2\ge 2s",
    rests_on=("eos.quadratic", "eos.imbalance"),
    assumptions=("generic start",),
    measured="an end where descent comes to rest within 5000 steps",
)
class End:
    """Descent comes to rest only where the sharpness is at most 2/η, so nowhere for η > 1/s."""

    def symbolic(self, context):
        """The Hessian at a minimum has the eigenvalues a² + b² and 0."""
        a, b, u, v = sp.symbols("a b u v", real=True)
        hessian = sp.hessian((u * v - a * b) ** 2 / 2, (u, v)).subs({u: a, v: b})
        yield symbolic.identity("trace", hessian.trace(), sharpness(a, b), "at ab = s")
        image = hessian * sp.Matrix([b, a])
        yield symbolic.identity("along (b, a)", image[0], sharpness(a, b) * b, "at ab = s")

    def smt(self, context):
        """No minimum is flatter than 2s."""
        a, b, s = sp.symbols("a b s", real=True)
        yield from inequality.proved(
            "flattest", [sp.Eq(a * b, s)], sharpness(a, b) >= 2 * s, "one unit per layer"
        )

    @for_all(
        a=st.integers(-20, 20), b=st.integers(-20, 20), step=st.integers(1, 12),
        examples={"quick": 300, "full": 3000},
        regimes={
            "beyond the edge": lambda a, b, step: sharpness(a / 8, b / 8) > 24 / step,
            "within": lambda a, b, step: sharpness(a / 8, b / 8) <= 24 / step,
        },
    )  # fmt: skip
    def property(self, a, b, step):
        """Starts off the grid, s = 1 and η = 1/12, ..., 1: some start beyond the edge."""
        eta = step / 12
        start = a / 8 + 0.01 / pi, b / 8 - 0.01 / pi
        found = descent(*start, 1.0, eta)
        if found is not None:
            yield at_most(
                "η(a² + b²)/2 at the end", eta * sharpness(*found) / 2, 1, 1e-15,
                "six roundings by 1.1e-16 of a number below 1",
                witness={"eta": eta, "a": found[0], "b": found[1]},
            )  # fmt: skip

    def trained(self, context):
        """Two layers of two units in torch, started beyond the edge: the Hessian at the end."""
        target = torch.diag(torch.tensor([1.0, 0.5], dtype=torch.float64))

        def total(flat):
            first, second = flat.view(2, 2, 2)
            return 0.5 * ((second @ first - target) ** 2).sum()

        for step in (0.5, 0.6):
            weights = torch.tensor([2.0, 0.1, -0.1, 1.5, 0.4, 0.1, 0.0, 0.3], dtype=torch.float64)
            before = top(total, weights)
            weights.requires_grad_()
            optimiser = torch.optim.SGD([weights], lr=step)
            for _ in range(context.at(quick=2000, full=10_000)):
                optimiser.zero_grad()
                total(weights).backward()
                optimiser.step()
            yield at_least(f"η λ/2 at the start, η = {step}", step * before / 2, 1)
            left, after = float(total(weights.detach())), top(total, weights.detach())
            yield at_most(f"η λ/2 at the end, η = {step}", step * after / 2, 1, 1e-14,
                          "eigenvalues of 8 rows of numbers up to 4")  # fmt: skip
            yield at_most(f"loss, η = {step}", left, 1e-30, 0,
                          "it has arrived: the error is of rounding, 1e-16")  # fmt: skip


def top(total, at):
    """The largest eigenvalue of a Hessian."""
    return float(np.linalg.eigvalsh(torch.autograd.functional.hessian(total, at).numpy())[-1])


End.mistake(sharpness, "(a + b)²", lambda f: lambda a, b: (a + b) ** 2)
End.mistake(sharpness, "½(a² + b²)", lambda f: lambda a, b: f(a, b) / 2)
End.mistake(step_of_both, "half the step", lambda f: lambda a, b, s, step: f(a, b, s, step / 2))


@claim(
    "eos.catapult.original",
    r"\text{false: }\eta>2/\lambda_{\max}(\nabla^2L(x_0))\ \Rightarrow\ x_t\text{ diverges}",
    original_of="eos.quadratic",
    title="Refuted: beyond a step of two over the sharpness, descent diverges",
)
@leg("enclosed", scope="two counterexamples")
def catapult(context):
    """On ½(ab - 1)² it is thrown over the edge and comes to rest at a flatter minimum.

    In ball arithmetic: within 100 steps it is so near to a minimum with η(a² + b²) < 2 that only
    shorter and shorter steps can follow.
    """
    for start in ((Fraction(3), Fraction(2, 5)), (Fraction(16, 5), Fraction(3, 10))):
        yield at_least(f"η λ/2 at the start {start[0]}, {start[1]}", sharpness(*start) / 8, 1)
        with ctx.workprec(200):
            a, b = (arb(x.numerator) / x.denominator for x in start)
            for _ in range(100):
                a, b = step_of_both(a, b, 1, arb(1) / 4)
            off, bent = abs(a * b - 1), sharpness(a, b) / 8
        shown = {"start": list(map(str, start)), "eta": "1/4", "end": [float(a), float(b)]}
        name, near = f"from {start[0]}, {start[1]}", Fraction(1, 10**12)
        yield at_most(f"|ab - 1| at the end, {name}", off, near, witness=shown)
        yield at_most(f"η λ/2 at the end, {name}", bent, Fraction(9, 10), witness=shown)


catapult.mistake(step_of_both, "the quadratic model", lambda f: lambda a, b, s, step: (
    a - 9 * step * (a - 1), 1.0))  # fmt: skip

CLAIMS = (Quadratic, Imbalance, End, catapult)
