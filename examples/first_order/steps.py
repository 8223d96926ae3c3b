"""Other steps than 1/L: the worst case is a Huber function, or the square."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp
from hypothesis import strategies as st

from first_order import certificates, worst_case
from first_order.functions import EXACT, descend, fractions, functions, huber, square
from refutable import Claim, Provenance, at_least, at_most, equal, identical, inequality, property

descent = Claim(
    id="gd.descent",
    title="A step η decreases a smooth function by η(1 - Lη/2)‖∇f‖² or more",
    statement=r"f(x-\eta\nabla f(x))\le f(x)-\eta\big(1-\tfrac{L\eta}{2}\big)\|\nabla f(x)\|^2",
    provenance=Provenance.STATED,
    paper="Nesterov (2004), Section 1.2",
    assumptions=("f L-smooth",),
)


def decrease(eta, L, square_of_gradient):
    """By how much a step decreases the function, claimed."""
    return eta * (1 - L * eta / 2) * square_of_gradient


@descent.leg("smt")
def from_the_quadratic_above(context):
    """From f(y) ≤ f(x) + g(y - x) + ½L(y - x)² along the line of the step."""
    f, after, g = sp.symbols("f after g", real=True)
    eta, L = sp.symbols("eta L", positive=True)
    known = [after <= f - g * (eta * g) + L * (eta * g) ** 2 / 2]
    line = "the line through x along ∇f(x)"
    yield from inequality.proved("decrease", known, after <= f - decrease(eta, L, g**2), line)
    yield from inequality.proved(
        "below 2/L nothing increases", [*known, eta * L < 2], after <= f, line
    )


@descent.leg("property")
def steps_are_searched(context):
    """Functions that need not decrease for long steps, in fractions."""

    def gaps(drawn):
        f, x, step = drawn
        slope = f.gradient(x)
        after = f.value(x - step * slope)
        yield at_most("f(x - ηg)", after, f.value(x) - decrease(step, f.L, slope**2), 0, EXACT)

    return property.search(
        context,
        st.tuples(functions(), fractions(-2, 2), fractions(0, 3)),
        gaps,
        examples=context.at(quick=150, full=1000),
        regimes_of=lambda drawn: ["beyond 2/L" if drawn[2] > 2 else "below 2/L"],
        require=("beyond 2/L", "below 2/L"),
    )


descent.mistake(decrease, "1/3 in place of 1/2",
                lambda f: lambda eta, L, g2: f(eta, 2 * L / 3, g2))  # fmt: skip
descent.mistake(decrease, "a full η‖∇f‖²", lambda f: lambda eta, L, g2: eta * g2)

step = Claim(
    id="gd.step",
    title="With step h/L, h < 2, the worst case is the larger of two functions'",
    statement=r"f(x_N)-f_\star\le\frac{LR^2}{2}\max\Big\{\frac{1}{2Nh+1},\,(1-h)^{2N}\Big\}",
    provenance=Provenance.STATED,
    paper="Drori & Teboulle (2014), Conjecture 3.1; Taylor, Hendrickx & Glineur (2017)",
    assumptions=("f convex", "f L-smooth"),
    rests_on=("gd.rate",),
)


def worst(h, N):
    """The worst f(x_N) - f_⋆ for L = R = 1, claimed."""
    return max(1 / (4 * N * h + 2), (1 - h) ** (2 * N) / 2)


@step.leg("exact", scope="N ≤ 5, h = 1/6, 1/3, ..., 11/6: it is attained")
def two_functions_attain_it(context):
    """The Huber function with its corner at 1/(2Nh+1), and the square."""
    one = Fraction(1)
    for N in range(1, 6):
        for h in (Fraction(k, 6) for k in range(1, 12)):
            left = [f.value(descend(f, one, h, N)) for f in (huber(1 / (2 * N * h + 1)), square())]
            yield equal(f"the worse of both, N = {N}, h = {h}", max(left), worst(h, N), 0, EXACT)


@step.leg("property")
def none_is_worse(context):
    """Convex functions of one variable."""

    def gaps(drawn):
        f, h, N = drawn
        left = f.value(descend(f, Fraction(1), h / f.L, N))
        yield at_most("f(x_N)/L", left / f.L, worst(h, N), 0, EXACT)

    return property.search(
        context,
        st.tuples(functions(), fractions(0, 2), st.integers(1, 4)),
        gaps,
        examples=context.at(quick=150, full=1000),
        regimes_of=lambda drawn: ["long" if drawn[1] > Fraction(3, 2) else "short"],
        require=("long", "short"),
    )


@step.leg("enclosed", profile="full", scope="N ≤ 4, h = 1/2, 1, 3/2, 9/5; every dimension")
def certificates_of_semidefinite_programs(context):
    """PEPit's multipliers, rounded, mended and checked in fractions; from the extra `pep`."""
    one = Fraction(1)
    for N in (1, 2, 3, 4):
        for h in (one / 2, one, 3 * one / 2, 9 * one / 5):

            def method(f, x, step=h, N=N):
                return descend(f, x, step, N)

            attained = max(
                (huber(1 / (2 * N * h + 1)), square()),
                key=lambda f, method=method: f.value(method(f, one)),
            )
            rounded = worst_case.multipliers(lambda f, x, h=h: method(f, x, float(h)))
            run = certificates.Trajectory.of(method)
            weights = worst_case.mended(rounded, run, worst(h, N), attained)
            left = certificates.form_left(run, weights, worst(h, N), one)
            smallest, name = min(certificates.pivots(left)), f"N = {N}, h = {h}"
            yield at_least(f"smallest multiplier, {name}", min(weights.values()), 0)
            yield identical(
                f"values of f left, {name}",
                certificates.values_left(weights), {N: one, certificates.OPTIMUM: -one}, EXACT,
            )  # fmt: skip
            yield identical(f"no negative pivot, {name}", smallest >= 0, True, f"{smallest}")


step.mistake(worst, "the square is forgotten", lambda f: lambda h, N: 1 / (4 * N * h + 2))
step.mistake(
    worst, "the Huber function is forgotten", lambda f: lambda h, N: (1 - h) ** (2 * N) / 2
)
step.mistake(worst, "the square's step is counted once",
             lambda f: lambda h, N: max(1 / (4 * N * h + 2), (1 - h) ** N / 2))  # fmt: skip

any_step = Claim(
    id="gd.step.original",
    original_of="gd.step",
    title="Refuted: every step below 2/L leaves at most R²/(4Nη)",
    statement=r"\text{false: }f(x_N)-f_\star\le\frac{R^2}{4N\eta}\text{ for every }\eta<2/L",
    measured="the square ½x², L = R = 1, at η = 19/10: 1, 2 and 3 steps",
    provenance=Provenance.DERIVED,
)


def folklore(eta, N):
    """What is said to be left, R = 1."""
    return 1 / (4 * N * eta)


@any_step.leg("exact", scope="three counterexamples")
def the_square_leaves_more(context):
    """A long step throws the point to the other side at 9/10 of the distance."""
    f, eta = square(), Fraction(19, 10)
    for N in (1, 2, 3):
        x = descend(f, Fraction(1), eta, N)
        shown = {"f": "½x²", "eta": "19/10", "x_0": 1, "x_N": str(x)}
        yield at_least(f"f(x_N), N = {N}", f.value(x), folklore(eta, N), 0, EXACT, witness=shown)


any_step.mistake(folklore, "a bound four times as large", lambda f: lambda eta, N: 4 * f(eta, N))

CLAIMS = (descent, step, any_step)
