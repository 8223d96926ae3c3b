"""What the layer computes, the minimiser of its loss, and that gradient descent arrives there."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp
import torch
from hypothesis import strategies as st

from in_context.attention import (
    EXACT,
    Population,
    Task,
    best,
    blocks,
    diagonal,
    layer,
    linear,
    loss,
    one_step,
    prompt,
    second_moment,
)
from refutable import at_least, at_most, claim, equal, for_all, inequality, leg, symbolic

NUMBER = st.fractions(-2, 2, max_denominator=5)


def matrices(rows, columns):
    """Matrices of fractions."""
    return st.lists(
        st.lists(NUMBER, min_size=columns, max_size=columns), min_size=rows, max_size=rows
    ).map(lambda entries: np.array(entries, dtype=object))


@st.composite
def prompts(draw):
    """A preconditioner (d, d), examples (n, d), labels (n,) and a query (d,)."""
    n, d = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    x, y = draw(matrices(n, d)), draw(matrices(1, n))[0]
    return draw(matrices(d, d)), x, y, draw(matrices(1, d))[0]


@claim(
    "ic.step",
    r"\hat y_q=x_q^\top\Gamma\,\tfrac1n\sum_i y_ix_i",
    source="von Oswald et al. (2023), Proposition 1",
)
@for_all(
    drawn=prompts(),
    regimes={
        "one input": lambda drawn: len(drawn[3]) == 1,
        "several": lambda drawn: len(drawn[3]) > 1,
    },
)
def step(drawn):
    """A layer of linear attention predicts as one preconditioned step of gradient descent."""
    gamma, x, y, query = drawn
    V, K = blocks(gamma.T)
    added = layer(prompt(x, y, query), V, K, len(y))[-1, -1]
    return equal("prediction", added, one_step(gamma, x, y, query), 0, EXACT)


@step.leg("symbolic")
def for_symbols(context):
    """Two examples in two dimensions."""
    x, y, query, gamma = (
        np.array(sp.symbols(names, real=True), dtype=object).reshape(shape)
        for names, shape in (
            ("x11 x12 x21 x22", (2, 2)), ("y1 y2", 2), ("q1 q2", 2), ("g11 g12 g21 g22", (2, 2))
        )
    )  # fmt: skip
    V, K = blocks(gamma.T)
    added = layer(prompt(x, y, query), V, K, 2)[-1, -1]
    yield symbolic.identity("prediction", added, one_step(gamma, x, y, query), "n = d = 2")


step.mistake(one_step, "a mean over n + 1", lambda f: lambda g, x, y, q: (
    f(g, x, y, q) * len(y) / (len(y) + 1)))  # fmt: skip
step.mistake(blocks, "Γ at the labels", lambda f: lambda gamma, v=1: f(gamma, v)[::-1])


@claim(
    "ic.loss",
    r"L(\Gamma)=\mathrm{tr}\big(\Lambda\Gamma(\Lambda^2+\tfrac{\Lambda^2+\mathrm{tr}\Lambda\,\Lambda}"
    r"n)\Gamma^\top\big)-2\,\mathrm{tr}(\Lambda\Gamma\Lambda)+\mathrm{tr}\,\Lambda",
    source="Zhang, Frei & Bartlett (2024)",
    assumptions=("Gaussian inputs", "linear labels"),
)
@leg("exact", scope="n ≤ 2 and d ≤ 2: every prompt of a three-point rule, and twelve Γ")
def population(context):
    """The loss is a quadratic that the spectrum and n decide."""
    draw = np.random.default_rng(0).integers
    for roots, n in (((1,), 1), ((2,), 2), ((1, 2), 1), ((3, 1), 2)):
        prompts_of = Population(roots, n)
        for number in range(context.at(quick=1, full=3)):
            d = len(roots)
            gamma = np.array([[Fraction(int(draw(-4, 5)), 4) for _ in range(d)] for _ in range(d)])
            V, K = blocks(gamma.T)
            found = prompts_of.mean_square(
                lambda x, y, q, V=V, K=K, n=n: layer(prompt(x, y, q), V, K, n)[-1, -1]
            )
            name = f"loss, n = {n}, √(3λ) = {roots}, Γ {number + 1}"
            yield equal(name, found, loss(gamma, prompts_of.task), 0, EXACT)


population.mistake(
    loss,
    "a cross term once",
    lambda f: lambda g, t, n=None: f(g, t, n) + t.spectrum[0] ** 2 * g[0][0],
)
population.mistake("in_context.attention.second_moment", "the trace is forgotten",
                   lambda f: lambda t, n: [s**2 + s**2 / n for s in t.spectrum])  # fmt: skip

TASKS = st.builds(
    Task,
    st.lists(st.fractions(Fraction(1, 4), 4, max_denominator=4), min_size=1, max_size=3).map(tuple),
    st.integers(1, 6),
    st.fractions(0, 2, max_denominator=3),
)


@st.composite
def rivals(draw):
    """A task, and a preconditioner that differs from the best one."""
    task = draw(TASKS)
    return task, diagonal(best(task)) + draw(matrices(task.d, task.d)) / draw(st.integers(1, 20))


@claim(
    "ic.optimum",
    r"\Gamma^\star=\big(\Lambda+\tfrac1n(\Lambda+(\mathrm{tr}\Lambda+\sigma^2)I)\big)^{-1}",
    source="Zhang, Frei & Bartlett (2024), Theorem 4.1; Ahn et al. (2023), Theorem 1",
    rests_on=("ic.loss",),
    assumptions=("Gaussian inputs", "linear labels"),
)
@for_all(
    drawn=rivals(),
    regimes={
        "without noise": lambda drawn: drawn[0].noise == 0,
        "with noise": lambda drawn: drawn[0].noise > 0,
    },
)
def optimum(drawn):
    """No preconditioner is better than (Λ + (Λ + (tr Λ + σ²)I)/n)⁻¹."""
    task, rival = drawn
    return at_least("loss", loss(rival, task), loss(diagonal(best(task)), task), 0, EXACT)


@optimum.leg("symbolic")
def squares_are_completed(context):
    """In two dimensions: what a change adds to the loss is a sum of squares."""
    l1, l2, n, noise = sp.symbols("lambda1 lambda2 n sigma2", positive=True)
    a, b, c, d = sp.symbols("a b c d", real=True)
    task = Task((l1, l2), n, noise)
    change = np.array([[a, b], [c, d]], dtype=object)
    first, second = (
        s**2 + (s**2 + (l1 + l2 + noise) * s) / n for s in (l1, l2)
    )  # the eigenvalues of E[b bᵀ]
    squares = l1 * (a**2 * first + b**2 * second) + l2 * (c**2 * first + d**2 * second)
    here = diagonal(best(task))
    yield symbolic.identity(
        "loss above", loss(here + change, task) - loss(here, task), squares, "d = 2"
    )


@optimum.leg("smt")
def one_direction(context):
    """One dimension of any number: s is its eigenvalue, t the trace of all, σ² = e."""
    s, t, n, e, g = sp.symbols("s t n e g", positive=True)
    task = Task((s, t - s), n, e)
    least, moment = best(task)[0], second_moment(task, n)[0]

    def part(gamma):
        return s * gamma**2 * moment - 2 * s**2 * gamma

    yield from inequality.proved(
        "loss along an eigenvector", [s <= t], part(g) >= part(least), "off-diagonal terms add"
    )


optimum.mistake(best, "the inverse of Λ", lambda f: lambda task: [1 / s for s in task.spectrum])
optimum.mistake(best, "the trace is forgotten", lambda f: lambda task: (
    [1 / (s + (s + task.noise) / task.n) for s in task.spectrum]))  # fmt: skip


def trained(batch, n, size, steps, rate, *, optimiser=torch.optim.SGD, weigh=linear):
    """V and K after descent on the mean square of a batch of prompts (Population.batch).

    size: of v, and of Γ as a multiple of the identity, at the start.
    """
    weights, prompts, labels = map(torch.from_numpy, batch)
    start = blocks(np.eye(prompts.shape[1] - 1))
    V, K = (torch.tensor(size * part.astype(float), requires_grad=True) for part in start)
    descent = optimiser([V, K], lr=rate)
    for _ in range(steps):
        descent.zero_grad()
        answers = layer(prompts, V, K, n, weigh)[:, -1, -1]
        (weights * (answers - labels) ** 2).sum().backward()
        descent.step()
    return V.detach().numpy(), K.detach().numpy()


@claim(
    "ic.flow",
    r"v\,\Gamma\to\Gamma^\star,\qquad\text{all other entries of }V,K\text{ stay }0",
    source="Zhang, Frei & Bartlett (2024), Theorem 4.1",
    rests_on=("ic.optimum",),
    assumptions=("Gaussian inputs", "linear labels", "small start", "gradient flow"),
    measured="descent on the whole population: d = 1, n = 1 and 2; λ = (1/3, 4/3), n = 1",
)
@leg("trained", expects={"largest other entry*": "no entry but v and Γ ever has a slope"})
def flow(context):
    """From a small start, descent on both matrices arrives at the minimiser."""
    why = "the distance shrinks tenfold per 100 steps: 1000 leave 2e-9, and room for other machines"
    for roots, n in (((1,), 1), ((2,), 2), ((1, 2), 1)):
        population = Population(roots, n)
        V, K = trained(population.batch(), n, 0.3, context.at(quick=1000, full=3000), 0.05)
        d = len(roots)
        found = V[d, d] * K[:d, :d]
        name = f"n = {n}, √(3λ) = {roots}"
        wanted = np.diag([float(g) for g in best(population.task)])
        yield at_most(f"distance to Γ*, {name}", float(abs(found - wanted).max()), 0, 1e-7, why)
        rest = [V[:d].ravel(), V[d, :d], K[d], K[:d, d]]
        largest = float(max(abs(part).max() for part in rest))
        yield at_most(f"largest other entry, {name}", largest, 0, 1e-9, "rounding of sums to 0")


flow.mistake(best, "the trace is forgotten", lambda f: lambda task: (
    [1 / (s + s / task.n) for s in task.spectrum]))  # fmt: skip


def joined(v, gamma):
    """The preconditioner that both matrices make."""
    return v * gamma


@claim(
    "ic.balance",
    r"\tfrac{d}{dt}\big(v^2-\|\Gamma\|_F^2\big)=0",
    source="Zhang, Frei & Bartlett (2024)",
    rests_on=("ic.loss",),
    assumptions=("gradient flow",),
)
@leg("symbolic")
def balance(context):
    """Gradient flow keeps v² - ‖Γ‖², so that v and Γ grow together."""
    v, l1, l2, n = sp.symbols("v lambda1 lambda2 n", positive=True)
    entries = sp.symbols("a b c d", real=True)
    task = Task((l1, l2), n)
    total = loss(joined(v, np.array(entries, dtype=object).reshape(2, 2)), task)
    of_gamma = sum(s * sp.diff(total, s) for s in entries)
    yield symbolic.identity("v ∂L/∂v = ⟨Γ, ∂L/∂Γ⟩", v * sp.diff(total, v), of_gamma, "d = 2")


balance.mistake(joined, "v enters squared", lambda f: lambda v, gamma: f(v**2, gamma))


@claim(
    "ic.landscape",
    r"\nabla L=0\ \Rightarrow\ v\Gamma=\Gamma^\star\ \text{or}\ v=\Gamma=0",
    rests_on=("ic.optimum",),
    measured="in one dimension",
)
@leg("smt")
def landscape(context):
    """Every point without slope is the minimum, or the saddle at 0."""
    v, g = sp.symbols("v g", real=True)
    s, n = sp.symbols("s n", positive=True)
    task = Task((s,), n)
    total = loss([[v * g]], task)
    flat = [sp.Eq(sp.numer(sp.together(sp.diff(total, u))), 0) for u in (v, g)]
    [least] = best(task)
    over = sp.denom(sp.together(least))
    conclusion = sp.Or(sp.Eq(v * g * over, sp.numer(sp.together(least))), sp.Eq(v**2 + g**2, 0))
    yield from inequality.proved("points without slope", flat, conclusion, "d = 1")


landscape.mistake(best, "half of it", lambda f: lambda task: [g / 2 for g in f(task)])

CLAIMS = (step, population, optimum, flow, balance, landscape)
