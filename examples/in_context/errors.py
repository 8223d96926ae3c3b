"""The error that the best layer leaves: by length of the context, dimension, and noise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp
import torch
from flint import arb
from hypothesis import strategies as st
from scipy import integrate, stats

from in_context.attention import (
    EXACT,
    ONE,
    Population,
    Task,
    best,
    blocks,
    diagonal,
    layer,
    loss,
    one_step,
    prompt,
)
from refutable import (
    Theta,
    at_least,
    at_most,
    claim,
    equal,
    for_all,
    ladder,
    leg,
    scaling,
    symbolic,
)

HALF = Fraction(1, 2)
DIMENSIONS = (4, 7, 12, 20, 35, 60)


def isotropic(d, n, noise=0):
    """Inputs with covariance I."""
    return Task((ONE,) * d, n, Fraction(noise))


def error(d, n, noise=0):
    """What the best layer leaves for Λ = I, claimed."""
    return d * (d + 1 + noise) / (n + d + 1 + noise)


def left(task, n=None):
    """The loss of the layer that is best for a task, on prompts of n examples."""
    return loss(diagonal(best(task)), task, n)


@claim(
    "ic.error",
    r"L(\Gamma^\star)=\frac{d\,(d+1+\sigma^2)}{n+d+1+\sigma^2}\ \text{for }\Lambda=I",
    source="Zhang, Frei & Bartlett (2024)",
    rests_on=("ic.optimum",),
)
class ErrorOfTheBest:
    """With d inputs and n examples the best layer leaves d(d + 1 + σ²)/(n + d + 1 + σ²)."""

    @for_all(
        d=st.integers(1, 6), n=st.integers(1, 50), noise=st.fractions(0, 3),
        regimes={"fewer examples": lambda d, n: n < d, "more": lambda d, n: n >= d},
    )  # fmt: skip
    def property(self, d, n, noise):
        """In fractions."""
        whole = Fraction(error(d, n, noise))
        return equal("error", left(isotropic(d, n, noise)), whole, 0, EXACT)

    def scaling(self, context):
        """As 1/n in the length, as d² in the dimension while n is larger, as d when n = 2d."""
        lengths = scaling.sizes(1e3, 1e6, 8)
        yield from ladder(
            lambda n: left(isotropic(4, n, 1)), lengths, name="error", size="n"
        ).follows(Theta("1/n"))
        yield from ladder(
            lambda d: left(isotropic(d, 10**9)), DIMENSIONS, name="error", size="d"
        ).follows(Theta("d*(d + 1)"))
        yield from ladder(
            lambda d: left(isotropic(d, 2 * d)) / d,
            DIMENSIONS,
            name="error over d",
        ).tends_to(1 / 3, tolerance=0.01, why="(d + 1)/(3d + 1) = 1/3 + 2/9d, d = 60")

    @leg(limit=60)
    def trained(self, context):
        """Gaussian prompts, through the layer: the mean square is within 7 errors of it."""
        prompts, generator = context.at(quick=20_000, full=200_000), torch.Generator()
        generator.manual_seed(context.seed % 2**63)
        for d, n, noise in ((2, 5, 0.0), (3, 10, 1.0)):
            x, w, e = (
                torch.randn(prompts, *shape, generator=generator, dtype=torch.float64)
                for shape in ((n + 1, d), (d,), (n + 1,))
            )
            y = torch.einsum("bnd,bd->bn", x, w)
            labels = y[:, -1].clone()
            y = y + e * noise**0.5
            y[:, -1] = 0
            E = torch.cat([x.transpose(1, 2), y[:, None]], dim=1)
            gamma = float(best(isotropic(d, n, Fraction(noise)))[0]) * np.eye(d)
            V, K = (part.astype(float) for part in blocks(gamma))
            squares = (layer(E.numpy(), V, K, n)[:, -1, -1] - labels.numpy()) ** 2
            # the mean of so many squares is normal; a kurtosis of some 40 is in its own spread
            spread = float(np.std(squares)) / prompts**0.5
            yield equal(
                f"error, d = {d}, n = {n}, σ² = {noise:g}", float(squares.mean()),
                error(d, n, noise), 7 * spread, "7 standard errors", false_alarm=1e-9,
            )  # fmt: skip


ErrorOfTheBest.mistake(error, "d/n", lambda f: lambda d, n, noise=0: d / (n + 1))
ErrorOfTheBest.mistake(best, "the inverse of Λ", lambda f: lambda t: [1 / s for s in t.spectrum])


@claim(
    "ic.error.original",
    r"\text{false: }L(\Gamma^\star)=0\text{ for }\sigma=0\text{ and }n\ge d",
    original_of="ic.error",
    title="Refuted: without noise the layer solves least squares once n ≥ d",
)
@leg("exact", scope="three counterexamples")
def no_least_squares(context):
    """Two examples determine w in two dimensions, and the best layer leaves more than a half."""
    for d, n in ((1, 1), (2, 2), (2, 4)):
        task = isotropic(d, n)
        shown = {"d": d, "n": n, "least squares leaves": 0, "the layer leaves": str(left(task))}
        yield at_least(f"error, d = {d}, n = {n}", left(task), ONE / 2, 0, EXACT, witness=shown)


no_least_squares.mistake(loss, "a tenth of it", lambda f: lambda *of: f(*of) / 10)


@claim(
    "ic.ridge",
    r"\frac{L(\Gamma^\star)}{L(\text{Bayes})}\to\frac{d+1+\sigma^2}{\sigma^2},\quad n\to\infty",
    rests_on=("ic.error",),
    measured="d = 1 and σ² = 1/2, where the error of Bayes is an integral",
)
@leg("scaling")
def ridge(context):
    """With noise the layer pays (d + 1 + σ²)/σ² for taking one step where Bayes inverts."""

    def price(n):
        return float(left(isotropic(1, n, HALF))) / bayes(n)

    yield from ladder(price, (50, 90, 170, 300, 600, 1000, 2000), size="n").tends_to(
        limit_of_price(1, 0.5), tolerance=0.02, why="5(1 - 4/n) to first order: 0.01 at n = 2000"
    )


@ridge.leg("enclosed", scope="n ≤ 400")
def below_the_limit_by_twenty_over_n(context):
    """What the ladder integrates is z e^z E_{n/2}(z) with z = σ²/2, an exponential integral."""
    z, limit = ball(HALF) / 2, ball(limit_of_price(1, HALF))
    for n in range(1, 401):
        least = z * z.exp() * z.expint(arb(n) / 2)
        missing = n * (limit - ball(left(isotropic(1, n, HALF))) / least)
        yield at_least(f"n(5 - price), n = {n}", missing, 0)
        yield at_most(f"n(5 - price), n = {n}", missing, 4 * limit)


def ball(fraction):
    """A fraction in ball arithmetic."""
    return arb(fraction.numerator) / fraction.denominator


def bayes(n, noise=0.5):
    """E 1/(1 + χ²_n/σ²): the variance that is left of w, by quadrature."""
    low, high = stats.chi2.ppf((1e-13, 1 - 1e-13), n)
    return integrate.quad(
        lambda c: stats.chi2.pdf(c, n) / (1 + c / noise), low, high, epsabs=0, epsrel=1e-9,
        points=(n,),
    )[0]  # fmt: skip


def limit_of_price(d, noise):
    """What the layer leaves over what Bayes leaves, for long contexts, claimed."""
    return (d + 1 + noise) / noise


ridge.mistake(limit_of_price, "the trace is forgotten", lambda f: lambda d, noise: f(d - 1, noise))

# ------------------------------------------------------------------ other prompts than in training


def floor(task):
    """The error on endless prompts of a layer that was trained on n examples, claimed."""
    extra = task.trace + task.noise
    return sum(s * ((s + extra) / (task.n * s + s + extra)) ** 2 for s in task.spectrum)


@claim(
    "ic.lengths",
    r"\lim_{m\to\infty}L_m(\Gamma^\star_n)=\sum_i\lambda_i\Big(\frac{\lambda_i+\mathrm{tr}\Lambda"
    r"+\sigma^2}{(n+1)\lambda_i+\mathrm{tr}\Lambda+\sigma^2}\Big)^2=\Theta(n^{-2})",
    source="Zhang, Frei & Bartlett (2024), Theorem 4.2",
    rests_on=("ic.loss", "ic.optimum"),
)
class Lengths:
    """On endless prompts, a layer trained on n examples keeps an error of order 1/n²."""

    def symbolic(self, context):
        """In two dimensions: the loss on m examples is the floor and a term in 1/m."""
        l1, l2, n, m, noise = sp.symbols("lambda1 lambda2 n m sigma2", positive=True)
        task = Task((l1, l2), n, noise)
        moved = sum(
            s * g**2 * s * (s + l1 + l2 + noise) for s, g in zip((l1, l2), best(task), strict=True)
        )
        yield symbolic.identity(
            "loss on m examples", left(task, m), floor(task) + moved / m, "d = 2"
        )

    def scaling(self, context):
        """Of the loss itself at m = 10³⁰."""
        spectrum = (ONE, Fraction(1, 2), Fraction(1, 10))
        yield from ladder(
            lambda n: left(Task(spectrum, n), 10**30), (4000, 7000, 12000, 20000, 40000, 70000),
            name="error on endless prompts", size="n",
        ).follows(Theta("n**-2"))  # fmt: skip


Lengths.mistake(floor, "order 1/n", lambda f: lambda task: sum(
    s * (s + task.trace + task.noise) / (task.n * s + s + task.trace + task.noise)
    for s in task.spectrum))  # fmt: skip
Lengths.mistake(best, "the inverse of Λ", lambda f: lambda t: [1 / s for s in t.spectrum])


@claim(
    "ic.lengths.original",
    r"\text{false: }L_m(\Gamma^\star_n)\to 0\text{ as }m\to\infty\text{, without noise}",
    original_of="ic.lengths",
    title="Refuted: longer prompts than in training drive the error to 0",
)
@leg("exact", scope="one counterexample")
def endless(context):
    """Trained on two examples in one dimension, the layer shrinks every answer by a half."""
    for m in (2, 100, 10**6, 10**12):
        task = isotropic(1, 2)
        shown = {"trained on": 2, "tested on": m, "error": float(left(task, m))}
        yield at_least(f"error, m = {m}", left(task, m), Fraction(1, 4), 0, EXACT, witness=shown)


endless.mistake(best, "the inverse of Λ", lambda f: lambda t: [1 / s for s in t.spectrum])


@claim(
    "ic.covariates",
    r"m\to\infty:\ \hat y_q\to x_q^\top\Gamma^\star\Lambda'w\ne x_q^\top w",
    source="Zhang, Frei & Bartlett (2024)",
    rests_on=("ic.optimum",),
    measured="inputs c times as large as in training, n → ∞: answers are c² times as large",
)
@for_all(
    c=st.fractions(Fraction(1, 4), 4),
    entries=st.lists(st.fractions(-3, 3, max_denominator=4), min_size=2, max_size=2),
    regimes={"smaller": lambda c: c < 1, "larger": lambda c: c > 1},
)
def covariates(c, entries):
    """Inputs that are c times as large as in training make answers c² times as large."""
    w, query = np.array(entries, dtype=object), np.array([ONE, 2 * ONE])
    x = c * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=object)  # Σ xxᵀ/4 = c²I/2
    gamma = diagonal([2 * ONE, 2 * ONE])  # the inverse of I/2, for endless prompts
    answer = one_step(gamma, x, x @ w, query)
    return equal("answer", answer, stretched(c) * (query @ w), 0, EXACT)


def stretched(c):
    """By what answers are multiplied, claimed."""
    return c**2


covariates.mistake(stretched, "by nothing", lambda f: lambda c: ONE)


@claim(
    "ic.tasks",
    r"L(\Gamma)\text{ depends on }w\text{ through }\mathbb E\,ww^\top\text{ alone}",
    source="Zhang, Frei & Bartlett (2024)",
    rests_on=("ic.loss",),
    measured="sparse w, each entry 0 with chance 3/4 and ±2 else, prompt by prompt",
)
@leg("exact", scope="n = 1, d ≤ 2: every prompt of a three-point rule")
def tasks(context):
    """A layer trained on Gaussian tasks loses nothing on sparse ones."""
    sparse = ((-2, ONE / 8), (0, 3 * ONE / 4), (2, ONE / 8))
    for roots in ((1,), (2, 1), (1, 3)):
        prompts = Population(roots, 1, sparse)
        V, K = blocks(diagonal(best(prompts.task)))
        found = prompts.mean_square(
            lambda x, y, q, V=V, K=K: layer(prompt(x, y, q), V, K, 1)[-1, -1]
        )
        yield equal(f"loss, √(3λ) = {roots}", found, left(prompts.task), 0, EXACT)


tasks.mistake(layer, "the layer looks at its query", lambda f: lambda E, V, K, n: f(E, V, K, n + 1))

CLAIMS = (
    ErrorOfTheBest,
    no_least_squares,
    ridge,
    Lengths,
    endless,
    covariates,
    tasks,
)
