"""Five theorems that are wrong, each refuted by a witness."""

from __future__ import annotations

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from in_context.attention import ONE, Population, Task, best, blocks, diagonal, layer, loss, prompt
from in_context.errors import isotropic, left
from in_context.learning import trained
from refutable import at_least, at_most, claim, equal, for_all, inequality, leg


@claim("wrong.inverse", r"\Gamma^\star=\Lambda^{-1}")
@for_all(n=st.integers(1, 20), eigenvalue=st.fractions(1, 4))
def inverse(n, eigenvalue):
    """No preconditioner is better than the inverse of the covariance."""
    task = Task((eigenvalue,), n)
    found = {str(g): loss([[g]], task) for g in (1 / eigenvalue, *best(task))}
    here, rival = found.values()
    return at_most("loss", here, rival, witness={"loss by Γ": found})


@claim("wrong.error", r"L(\Gamma^\star)\le d/n")
@for_all(d=st.integers(1, 5), n=st.integers(1, 40))
def error(d, n):
    """Without noise the best layer leaves at most d/n."""
    return at_most("error", left(isotropic(d, n)), ONE * d / n)


@claim("wrong.offset", r"\hat y_q(x,y+c)=\hat y_q(x,y)+c")
@for_all(
    x=st.lists(st.integers(-2, 2), min_size=2, max_size=2),
    query=st.integers(-2, 2),
    c=st.integers(1, 3),
)
def offset(x, query, c):
    """Labels that are all larger by c make an answer that is larger by c."""
    V, K = blocks(diagonal([ONE]))
    inputs = np.array(x, dtype=object).reshape(2, 1) * ONE
    plain, raised = (
        layer(prompt(inputs, inputs[:, 0] + up, [query]), V, K, 2)[-1, -1] for up in (0, c)
    )
    return equal("answer", raised, plain + c)


@claim("wrong.start", r"v\Gamma\to\Gamma^\star\text{ from }v=\Gamma=0")
@leg("trained")
def start(context):
    """Descent finds the minimiser from zero matrices, too."""
    population = Population((1,), 2)
    V, K = trained(population.batch(), 2, 0.0, 500, 0.05)
    found, wanted = float(V[1, 1] * K[0, 0]), float(best(population.task)[0])
    shown = {"v": float(V[1, 1]), "Γ": float(K[0, 0]), "Γ*": wanted, "steps": 500}
    yield at_least("vΓ", found, wanted / 2, witness=shown)


@claim("wrong.landscape", r"\nabla L=0\ \Rightarrow\ v\Gamma=\Gamma^\star")
@leg("smt")
def landscape(context):
    """Every point without slope is the minimum."""
    v, g = sp.symbols("v g", real=True)
    s, n = sp.symbols("s n", positive=True)
    task = Task((s,), n)
    total = loss([[v * g]], task)
    flat = [sp.Eq(sp.numer(sp.together(sp.diff(total, u))), 0) for u in (v, g)]
    over, under = sp.fraction(sp.together(best(task)[0]))
    yield from inequality.proved("vΓ = Γ*", flat, sp.Eq(v * g * under, over), "d = 1")


CLAIMS = (inverse, error, offset, start, landscape)
